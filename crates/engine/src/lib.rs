//! How work moves durably, one file a step: intake, router, turn, media, dispatch, dial, timers, notify.
//!
//! Step functions over the store, the ports and the clock. They neither spawn nor sleep: the binaries loop.

pub mod brain;
pub mod buckets;
mod calls;
mod consequences;
pub mod dial;
pub mod dispatch;
#[cfg(test)]
mod erasure_tests;
#[cfg(test)]
mod injection_tests;
pub mod intake;
pub mod media;
pub mod notify;
pub mod number;
pub mod router;
pub mod statuses;
pub mod sweep;
pub mod templates;
pub mod timers;
pub mod turn;
pub mod unanswered;
