//! The tools on both databases, against rows.

mod calling;
mod crowd;
mod handoff;
mod idempotency;
mod limits;
mod pack;
mod plans;
mod refusals;
mod replies;
mod states;
mod world;
