//! The transactions after the wire: what an answer proves.

use calling_policy::{AttemptEvent, FailCode, Phase};
use marketplace::CallAttemptId;
use meta_client::{CallErrorClass, DialOutcome, TerminateError};
use store::{
    Tx,
    calls::{self, CallAttempt},
    outbox::breaker,
};
use tools::{
    ToolError,
    calling::call_status_webhook::{absorb, learn_name, take},
};

use super::{
    backoff,
    claim::{as_vendor, step},
};
use crate::calls::read_kept;

/// What became of a dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// Meta has it.
    Placed,
    /// It had no effect, or Meta refused it. It is not dialled again.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// Records an answer, whoever holds the lease by now: it is the truth about this attempt.
///
/// What provably had no effect is not dialled again either. The attempt's state machine knows one dial an attempt,
/// which is what makes "never twice" hold in every order of events; the client reads the fallback at once, and whoever
/// still wants the call decides anew, on the facts of then.
pub(super) fn settle(tx: &mut Tx<'_>, id: CallAttemptId, answer: &DialOutcome) -> Result<Settled, ToolError> {
    let (guard, mut known) = take(tx, id)?;
    match answer {
        DialOutcome::Placed { wacid } => {
            let wacid = wacid.as_str();
            if !learn_name(tx, &mut known, wacid)? {
                tracing::warn!("Meta named this call twice, each time by another id; the first one counts");
            }
            step(tx, &guard, &mut known, AttemptEvent::Placed)?;
            absorb(tx, &guard, &mut known, wacid, read_kept)?;
            Ok(Settled::Placed)
        }
        DialOutcome::Refused { class, code, retry_at, .. } => {
            // Meta's words are left out: they may quote the number.
            tracing::warn!(class = class.as_str(), code, retry_at = ?retry_at, "Meta refused a call");
            if is_of_the_number(*class) {
                uncount(tx, &known)?;
            }
            step(tx, &guard, &mut known, AttemptEvent::DialFailed(code_of(Some(*code))))?;
            Ok(Settled::Failed)
        }
        DialOutcome::NoEffect { code, .. } => {
            tracing::warn!(code, "a call was not placed: nothing happened at Meta");
            uncount(tx, &known)?;
            step(tx, &guard, &mut known, AttemptEvent::DialFailed(code_of(*code)))?;
            Ok(Settled::Failed)
        }
        DialOutcome::Unknown { why } => {
            // Up to the first colon the words are ours; what Meta or a proxy says may quote the number.
            let why = why.split(':').next().unwrap_or_default();
            tracing::warn!(why, "nobody knows whether a call was placed; it is not placed again");
            step(tx, &guard, &mut known, AttemptEvent::DialUnknown)?;
            Ok(Settled::Unknown)
        }
    }
}

/// The refusal is about the number or the account: no call to anybody goes through, and the dialler rests. A missing
/// permission comes as HTTP 401 too and is none of these.
pub(super) const fn is_of_the_number(class: CallErrorClass) -> bool {
    class.needs_operator()
}

fn code_of(code: Option<i64>) -> FailCode {
    match code {
        None => FailCode::NotSent,
        Some(code) => u32::try_from(code).map_or(FailCode::Unstated, FailCode::Meta),
    }
}

/// The breaker counts what was sent: this dial is proven to have had no effect. Before the audit, whose heads are
/// taken last.
fn uncount(tx: &mut Tx<'_>, known: &CallAttempt) -> Result<(), ToolError> {
    // News of a call that was placed after all outranks the answer.
    if !matches!(known.attempt.phase(), Phase::Dialling | Phase::Unknown) {
        return Ok(());
    }
    let Some(dialled_at) = known.attempt.dialled_at() else { return Ok(()) };
    Ok(breaker::give_back(tx, as_vendor(known), dialled_at)?)
}

/// Whoever dialled it is gone: nobody knows what came of it.
pub(super) fn orphan(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<bool, ToolError> {
    let (guard, mut known) = take(tx, id)?;
    if known.attempt.phase() != Phase::Dialling {
        return Ok(false);
    }
    step(tx, &guard, &mut known, AttemptEvent::DialUnknown)?;
    Ok(true)
}

/// What became of a `terminate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The call is over at Meta, or was.
    Over,
    /// It is sent again.
    NotYet,
    /// It is not sent again.
    GaveUp,
}

/// Records what came of a `terminate`.
pub(super) fn terminated(
    tx: &mut Tx<'_>,
    id: CallAttemptId,
    answer: &Result<(), TerminateError>,
) -> Result<Ended, ToolError> {
    let (guard, mut known) = take(tx, id)?;
    let tries = known.terminate_tries.saturating_add(1);
    let refused = match answer {
        Ok(()) => {
            calls::set_terminate(tx, id, None, tries)?;
            step(tx, &guard, &mut known, AttemptEvent::HungUp)?;
            return Ok(Ended::Over);
        }
        Err(TerminateError::Unconfirmed(_)) => false,
        Err(TerminateError::Refused { class, code, .. }) => {
            tracing::warn!(class = class.as_str(), code, "Meta refuses to end a call");
            true
        }
    };
    let next = if !known.attempt.may_be_alive() {
        None
    } else if tries >= backoff::TERMINATE_TRIES {
        tracing::error!(
            tries,
            "a call could not be ended at Meta: it may go on, and nobody calls this person"
        );
        None
    } else {
        Some(tx.now + backoff::terminate(tries, refused))
    };
    calls::set_terminate(tx, id, next, tries)?;
    Ok(if next.is_some() { Ended::NotYet } else { Ended::GaveUp })
}

/// Nothing is left to end, or nothing that could be named.
pub(super) fn nothing_to_end(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<(), ToolError> {
    let (_guard, known) = take(tx, id)?;
    Ok(calls::set_terminate(tx, id, None, known.terminate_tries)?)
}

/// The voice gateway has Meta's media answer.
pub(super) fn answer_is_handed_over(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<(), ToolError> {
    take(tx, id)?;
    Ok(calls::set_sdp_answer(tx, id, None)?)
}

/// The voice gateway will not take Meta's media answer: nobody could hear anything, so the call ends as failed and
/// the client reads the fallback.
pub(super) fn no_media(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<(), ToolError> {
    let (guard, mut known) = take(tx, id)?;
    calls::set_sdp_answer(tx, id, None)?;
    step(tx, &guard, &mut known, AttemptEvent::DialFailed(FailCode::VoiceGateway))?;
    Ok(())
}

/// The voice gateway's session is over, or left to it.
pub(super) fn forget_session(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<(), ToolError> {
    take(tx, id)?;
    calls::set_sdp_answer(tx, id, None)?;
    Ok(calls::set_voice_session(tx, id, None)?)
}
