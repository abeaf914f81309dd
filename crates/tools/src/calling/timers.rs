//! The timers of calls.

use calling_policy::{AttemptEvent, Phase};
use store::{
    StoreError, Tx, calls,
    requests::RequestGuard,
    timers::{DueTimer, TimerKind},
};

use super::attempts;
use crate::{Caller, ToolError};

/// What a timer of an attempt brings about. The caller has taken the request's row and settles the timer.
///
/// # Errors
/// [`StoreError::Corrupt`] when the timer is about no attempt.
pub fn fire(tx: &mut Tx<'_>, guard: &RequestGuard, timer: &DueTimer) -> Result<(), ToolError> {
    let id = timer.reference.parse().map_err(|_| StoreError::Corrupt { what: "timers.reference" })?;
    let mut known = calls::lock(tx, id)?;
    let event = match timer.kind {
        TimerKind::RingLimit if known.attempt.phase() != Phase::Answered => AttemptEvent::RingLimit,
        TimerKind::CallTooLong => AttemptEvent::HangUp,
        TimerKind::CallGivenUp => AttemptEvent::GivenUp,
        _ => return Ok(()),
    };
    if !known.attempt.may_be_alive() {
        return Ok(());
    }
    attempts::apply(tx, guard, &mut known, event, guard.now(tx), &Caller::system("timers"))?;
    Ok(())
}
