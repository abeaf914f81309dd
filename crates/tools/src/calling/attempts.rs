//! What happens to an attempt: the event is applied, recorded, and carried out, all in one transaction.

use std::time::Duration;

use audit::Outcome;
use calling_policy::{
    Attempt, AttemptEvent, AttemptFollow, Chat, EndReason, Noted, Party, PermissionEvent, Phase, Terminated,
    Trigger,
    limits::{CALL_LASTS_MAX, HANG_UP_WAITS, RING_LIMIT, UNKNOWN_DIAL_LASTS},
};
use conversation::Sentence;
use marketplace::Timestamp;
use serde_json::json;
use store::{
    Tx,
    calls::{self, CallAttempt},
    contacts,
    lanes::{self, EntryKind},
    requests::RequestGuard,
    timers::{self, TimerKind},
};

use super::{say, wish};
use crate::{AuditEntry, Caller, ToolError, record};

/// How long Meta's pause of a number lasts where Meta does not say (138014).
pub const RESTRICTION_LASTS: Duration = Duration::from_hours(7 * 24);

/// Applies one event to an attempt and carries out what follows. `known` is as this transaction sees it, its
/// request's row is taken; `by` names the part of us that learned of it.
///
/// Returns what the event meant; an event that changes nothing leaves no trace but Meta's own words in `call_events`.
pub fn apply(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &mut CallAttempt,
    event: AttemptEvent,
    at: Timestamp,
    by: &Caller,
) -> Result<Noted, ToolError> {
    let request = guard.request();
    let before = known.attempt;
    let step = before.apply(event, at, Chat::of(request.state, request.control));
    if let Noted::Ignored(_) = step.noted {
        return Ok(step.noted);
    }
    known.attempt = step.next;
    calls::save(tx, guard, known.id, &step.next)?;
    record_step(tx, guard, known, event, step.noted, by)?;
    if before.phase() == Phase::Unknown && step.next.phase() != Phase::Unknown {
        // The doubt is over, and its timer must not cut off people who talk.
        timers::settle(tx, request.id, TimerKind::CallGivenUp, &known.id.to_string())?;
    }
    for follow in &step.follows {
        carry_out(tx, guard, known, *follow)?;
    }
    set_timers(tx, guard, known, event, before.phase())?;
    if before.is_live() && !step.next.is_live() {
        over(tx, guard, known)?;
    }
    Ok(step.noted)
}

fn record_step(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &CallAttempt,
    event: AttemptEvent,
    noted: Noted,
    by: &Caller,
) -> Result<(), ToolError> {
    let (outcome, reasons) = outcome_of(&known.attempt);
    let payload = json!({
        "call_attempt_id": known.id,
        "party": known.party,
        "vendor_id": known.vendor,
        "phase": known.attempt.phase().code(),
        "pickup": known.attempt.pickup(),
        "corrected": noted == Noted::Corrected,
    });
    let mut entry = AuditEntry::new(by.actor.clone(), action_of(event), payload).caused_by(known.id);
    if matches!(known.attempt.phase(), Phase::Ended(_)) {
        entry = entry.with_outcome(outcome, reasons);
    }
    record(tx, guard, entry)
}

fn outcome_of(attempt: &Attempt) -> (Outcome, Vec<String>) {
    match attempt.end_reason() {
        None | Some(EndReason::Completed) => (Outcome::Ok, Vec::new()),
        Some(EndReason::Refused(rule)) => (Outcome::Refused, vec![rule.code().to_owned()]),
        Some(reason @ EndReason::Failed(code)) => {
            (Outcome::Failed, vec![reason.code().to_owned(), code.to_string()])
        }
        Some(reason) => (Outcome::Failed, vec![reason.code().to_owned()]),
    }
}

/// What happened, as the audit says.
const fn action_of(event: AttemptEvent) -> &'static str {
    match event {
        AttemptEvent::Dialling => "call.dialling",
        AttemptEvent::Refused(_) => "call.refused",
        AttemptEvent::Cancelled => "call.cancelled",
        AttemptEvent::DialFailed(_) => "call.dial_failed",
        AttemptEvent::DialUnknown => "call.dial_unknown",
        AttemptEvent::Placed => "call.placed",
        AttemptEvent::RingLimit => "call.ring_limit",
        AttemptEvent::HangUp => "call.hang_up",
        AttemptEvent::HungUp => "call.hung_up",
        AttemptEvent::GivenUp => "call.given_up",
        AttemptEvent::Connect => "call.connect",
        AttemptEvent::Ringing => "call.ringing",
        AttemptEvent::Accepted => "call.accepted",
        AttemptEvent::Rejected => "call.rejected",
        AttemptEvent::Terminated(Terminated { .. }) => "call.terminated",
    }
}

fn carry_out(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &CallAttempt,
    follow: AttemptFollow,
) -> Result<(), ToolError> {
    match follow {
        AttemptFollow::SendFallback => {
            let client = contacts::load(tx, guard.request().client)?;
            let message = say::sentence(tx, guard, &client, &Sentence::CallFailed)?;
            let payload = json!({ "call_attempt_id": known.id, "message_id": message });
            let entry = AuditEntry::new(Caller::system("calling").actor, "call.fallback", payload);
            record(tx, guard, entry.caused_by(known.id))
        }
        AttemptFollow::Terminate => {
            calls::set_terminate(tx, known.id, Some(tx.now), 0)?;
            let until = guard.now(tx) + HANG_UP_WAITS;
            Ok(timers::set(tx, guard, TimerKind::CallGivenUp, &known.id.to_string(), until)?)
        }
        AttemptFollow::ClearPermission => {
            contacts::lock(tx, known.contact)?;
            let number = &guard.request().phone_number_id;
            let now = guard.now(tx);
            let permission = calls::permission(tx, known.contact, number)?;
            let cleared = permission.apply(PermissionEvent::NotApproved, now, now);
            Ok(calls::save_permission(tx, known.contact, number, &cleared.next)?)
        }
        AttemptFollow::PauseCalling => {
            let until = tx.now + RESTRICTION_LASTS;
            calls::restrict(tx, &guard.request().phone_number_id, until, "meta_138014")?;
            tracing::error!(
                phone_number_id = guard.request().phone_number_id.as_str(),
                code = 138_014,
                "Meta paused calls from this number for their quality: no calls and no permission cards for a while"
            );
            Ok(())
        }
        AttemptFollow::TellOperator(code) => {
            tracing::error!(
                phone_number_id = guard.request().phone_number_id.as_str(),
                code,
                "Meta refuses calls from this number: check calling, payment and limits of the business account"
            );
            Ok(())
        }
    }
}

fn set_timers(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &CallAttempt,
    event: AttemptEvent,
    before: Phase,
) -> Result<(), ToolError> {
    let id = known.id.to_string();
    let dialled = known.attempt.dialled_at().unwrap_or_else(|| guard.now(tx));
    // A backup that was restored may know of the intent alone, while Meta has the call.
    let appeared = before == Phase::Intent && known.attempt.phase() != Phase::Intent;
    match event {
        _ if appeared && known.attempt.is_live() => {
            timers::set(tx, guard, TimerKind::RingLimit, &id, dialled + RING_LIMIT)?;
            timers::set(tx, guard, TimerKind::CallTooLong, &id, dialled + CALL_LASTS_MAX)?;
        }
        // A webhook may have been faster than the doubt: then the call has its other timers.
        AttemptEvent::DialUnknown if known.attempt.phase() == Phase::Unknown => {
            timers::set(tx, guard, TimerKind::CallGivenUp, &id, dialled + UNKNOWN_DIAL_LASTS)?;
        }
        _ => {}
    }
    Ok(())
}

/// It is over: nothing is waited for any more, and the loop goes on in chat. A `terminate` that is on its way keeps
/// its timer: until Meta says that the call is over it may be ringing.
fn over(tx: &mut Tx<'_>, guard: &RequestGuard, known: &CallAttempt) -> Result<(), ToolError> {
    let (id, request) = (known.id.to_string(), guard.request());
    for kind in [TimerKind::RingLimit, TimerKind::CallTooLong] {
        timers::settle(tx, request.id, kind, &id)?;
    }
    if !known.attempt.may_be_alive() {
        timers::settle(tx, request.id, TimerKind::CallGivenUp, &id)?;
    }
    // A client who asked for the call that a rule forbids at the dial waits for it; what rang has its own sentence.
    let at_the_dial = match known.attempt.end_reason() {
        Some(EndReason::Refused(_)) => true,
        Some(EndReason::Cancelled) => known.attempt.dialled_at().is_none(),
        _ => false,
    };
    if at_the_dial && known.party == Party::Client && known.claim == Trigger::ClientAsked {
        wish::tell_no_call(tx, guard)?;
    }
    if Chat::of(request.state, request.control) == Chat::Open && request.state.is_open() {
        lanes::append(tx, guard, EntryKind::Wake, None, Some("call_ended"), guard.now(tx))?;
    }
    Ok(())
}
