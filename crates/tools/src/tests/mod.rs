//! The tools on both databases, against rows.

mod calling;
mod control;
mod crowd;
mod handoff;
mod idempotency;
mod limits;
mod ocr;
mod pack;
mod plans;
mod refusals;
mod replies;
mod silence;
mod states;
mod vendors;
mod wishes;
mod world;
