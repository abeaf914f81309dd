//! Whole conversations on the real programs, and the proof that every rule held.
//!
//! A run starts `concierge-api` and `concierge-worker` with a new database, a Meta simulator and a scripted
//! Moltbot gateway, lets scripted people talk, and then compares three accounts: the product's own
//! (`concierge-admin … --json`), Meta's log and the gateway's log.
//!
//! It depends on none of the product's crates. It sees what a user, an operator, Meta and Moltbot see.
//!
//! To add a story, see [`scenarios`]; to add a rule, see [`checks`].

pub mod checks;
pub mod clock;
mod deaths;
pub mod evidence;
pub mod gateway;
pub mod hook;
pub mod http;
pub mod operator;
pub mod outsider;
pub mod people;
pub mod play;
pub mod process;
pub mod progress;
pub mod random;
pub mod report;
pub mod scenarios;
mod stage;
mod templates;
pub mod transcript;
pub mod world;

/// The seed that is used when none is given.
pub const DEFAULT_SEED: u64 = 42;
