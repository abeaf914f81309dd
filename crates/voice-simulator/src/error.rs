//! What can go wrong when driving the simulator. Answers of the protocol are not these.

use std::time::Duration;

/// Why a call on the simulator did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be bound, or the server thread not started.
    #[error("the simulator could not start: {0}")]
    Start(#[source] std::io::Error),
    /// The awaited thing did not happen in time.
    #[error("nothing came within {0:?}")]
    TimedOut(Duration),
}
