//! What a step of the dialler did, and why one gave up.

use std::time::Duration;

use store::StoreError;
use tools::ToolError;

use super::Hold;

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepReport {
    /// Whether this process has the right to call from the number; if not, nothing else was done.
    pub leading: bool,
    /// Meta has the call.
    pub placed: usize,
    /// A dial that failed; it is not repeated.
    pub failed: usize,
    /// Nobody knows whether Meta has the call.
    pub unknown: usize,
    /// A rule failed at the moment of dialling.
    pub refused: usize,
    /// Something says "not yet".
    pub held: usize,
    /// `dialling` without a living dialler: now unknown.
    pub orphaned: usize,
    /// Must not go on: cancelled, or asked to end.
    pub stopped: usize,
    /// Meta took our `terminate`.
    pub hung_up: usize,
    /// The voice gateway took an answer or a hang-up.
    pub voiced: usize,
    /// The store failed on it; logged.
    pub errors: usize,
    /// Why the whole number dials nothing.
    pub hold: Option<Hold>,
}

impl StepReport {
    /// Whether the step moved anything: then another one is due at once.
    pub const fn did_work(&self) -> bool {
        self.placed
            + self.failed
            + self.unknown
            + self.refused
            + self.orphaned
            + self.stopped
            + self.hung_up
            + self.voiced
            > 0
    }

    /// How long the loop may wait before the next step, in real time.
    pub const fn pause(&self) -> Duration {
        match self.leading {
            false => Duration::from_secs(2),
            true if self.did_work() => Duration::ZERO,
            true => Duration::from_millis(200),
        }
    }
}

/// Why a step gave up. What it had dialled is in the rows.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The store failed.
    #[error("the dialler's store failed")]
    Store(#[from] StoreError),
    /// A record of what happened could not be written.
    #[error("the dialler could not record what happened")]
    Record(#[from] ToolError),
}
