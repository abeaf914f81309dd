//! The timers of calls.

use std::time::Duration;

use calling_policy::{AttemptEvent, Phase, limits::CALL_LASTS_MAX};
use store::{
    StoreError, Tx,
    calls::{self, CallAttempt},
    inbound,
    requests::RequestGuard,
    timers::{self, DueTimer, TimerKind},
};

use super::attempts;
use crate::{Caller, ToolError};

/// How soon a timer is looked at again that Meta's words, stored and not placed yet, may make void.
pub const NEWS_WAIT: Duration = Duration::from_secs(2);

/// What a timer of an attempt brings about. True when the timer moved; else the caller settles it. The caller has taken
/// the request's row.
///
/// # Errors
/// [`StoreError::Corrupt`] when the timer is about no attempt.
pub fn fire(tx: &mut Tx<'_>, guard: &RequestGuard, timer: &DueTimer) -> Result<bool, ToolError> {
    let id = timer.reference.parse().map_err(|_| StoreError::Corrupt { what: "timers.reference" })?;
    let mut known = calls::lock(tx, id)?;
    let event = match timer.kind {
        TimerKind::RingLimit if known.attempt.phase() != Phase::Answered => AttemptEvent::RingLimit,
        TimerKind::CallTooLong if known.attempt.phase() == Phase::Answered => AttemptEvent::HangUp,
        // Nobody is known to talk: it ends as a call in vain, and the client hears of it.
        TimerKind::CallTooLong => AttemptEvent::RingLimit,
        TimerKind::CallGivenUp => AttemptEvent::GivenUp,
        _ => return Ok(false),
    };
    if !known.attempt.may_be_alive() {
        return Ok(false);
    }
    if event != AttemptEvent::HangUp && news_may_come(tx, guard, &known)? {
        timers::set(tx, guard, timer.kind, &timer.reference, guard.now(tx) + NEWS_WAIT)?;
        return Ok(true);
    }
    attempts::apply(tx, guard, &mut known, event, guard.now(tx), &Caller::system("timers"))?;
    Ok(false)
}

/// Whether the router is behind: Meta's word that somebody talks, or how it ended, may be stored already. An event that
/// cannot be placed holds a call no longer than the longest call lasts.
fn news_may_come(tx: &mut Tx<'_>, guard: &RequestGuard, known: &CallAttempt) -> Result<bool, ToolError> {
    let dialled = known.attempt.dialled_at().unwrap_or(known.created_at);
    let is_late = guard.now(tx) >= dialled + CALL_LASTS_MAX;
    Ok(!is_late && inbound::call_news_waits(tx, &known.phone_number_id)?)
}
