//! The transaction before the wire: every key once more, on the rows as they are now.

use std::time::Duration;

use calling_policy::{
    AttemptEvent, CallFacts, Noted, Party, PermissionEvent, PermissionRead, PermissionState, Phase, Rule,
    Stage, Verdict, evaluate, must_stop,
};
use marketplace::{CallAttemptId, Timestamp};
use meta_client::Recipient;
use serde_json::json;
use store::{
    Tx,
    calls::{self, CallAttempt},
    contacts,
    outbox::breaker::{self, Admission, OpenBreaker, VolumeLimits},
    requests::RequestGuard,
};
use tools::{
    AuditEntry, Caller, Policy, ToolError,
    calling::{
        attempts,
        call_status_webhook::{absorb, take},
        facts::facts_of_attempt,
    },
    record, record_system,
};
use voice_gateway::VoiceSessionId;

use super::backoff::{HOLD, INTENT_LASTS};
use crate::{
    calls::read_kept,
    number::{LEASE, Term},
};

/// Under what an intent is claimed.
pub(super) struct Claiming {
    pub(super) term: Term,
    pub(super) policy: Policy,
    pub(super) limits: VolumeLimits,
    /// What Meta said just before.
    pub(super) read: PermissionRead,
    /// The media prepared for it; `None` where Meta said no and none was asked for.
    pub(super) session: Option<VoiceSessionId>,
    /// For how long the dialler still rests; `None` if it does not.
    pub(super) rests_for: Option<Duration>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// `dialling` is written; once this is committed the call must be placed, once.
    Dial(Recipient),
    /// Not yet.
    Held,
    /// Not yet: it would have been one too many, and opened this breaker.
    Opened(OpenBreaker),
    /// Never, by this rule.
    Refused(Rule),
    /// Not to be dialled any more.
    Passed,
    /// Another process dials from this number now.
    LeaseLost,
}

pub(super) fn claim(tx: &mut Tx<'_>, claiming: &Claiming, id: CallAttemptId) -> Result<Claim, ToolError> {
    let (guard, mut known) = take(tx, id)?;
    if let Some(session) = &claiming.session {
        // Whatever becomes of the call: once it is over the gateway is told.
        calls::set_voice_session(tx, id, Some(session.as_str()))?;
    }
    if known.attempt.phase() != Phase::Intent {
        return Ok(Claim::Passed);
    }
    if !claiming.term.is_held(tx)? {
        return Ok(Claim::LeaseLost);
    }
    let now = guard.now(tx);
    let Some(facts) = facts(tx, claiming, &guard, &known)? else {
        return refuse(tx, &guard, &mut known, Rule::TriggerNotMet);
    };
    let verdict = evaluate(&facts, now);
    let contact = contacts::load(tx, known.contact)?;
    let to = match (contact.phone, contact.bsuid) {
        (Some(phone), _) => Recipient::Phone(phone),
        (None, Some(bsuid)) => Recipient::Bsuid(bsuid),
        (None, None) => return refuse(tx, &guard, &mut known, Rule::PermissionMissing),
    };
    match verdict {
        Verdict::Refused { failures } if failures.may_be_held() => {
            remember(tx, &guard, &known, claiming.read)?;
            wait(tx, &guard, &mut known, AttemptEvent::Refused(failures.first().rule), HOLD)
        }
        Verdict::Refused { failures } => {
            remember(tx, &guard, &known, claiming.read)?;
            refuse(tx, &guard, &mut known, failures.first().rule)
        }
        // No dialler looked at it in its time: whoever still wants the call decides anew.
        Verdict::Allowed if now > known.created_at + INTENT_LASTS + LEASE => {
            refuse(tx, &guard, &mut known, Rule::TriggerNotMet)
        }
        // An allowed call has its media: it is asked for unless Meta said no.
        Verdict::Allowed if claiming.session.is_none() => {
            wait(tx, &guard, &mut known, AttemptEvent::Refused(Rule::PermissionUnread), HOLD)
        }
        Verdict::Allowed => admit(tx, claiming, &guard, known, to),
    }
}

/// What the policy looks at; `None` when the callee is no vendor of this request any more.
fn facts(
    tx: &mut Tx<'_>,
    claiming: &Claiming,
    guard: &RequestGuard,
    known: &CallAttempt,
) -> Result<Option<CallFacts>, ToolError> {
    let stage = Stage::Dial {
        attempt: known.id,
        epoch: known.control_epoch,
        read: claiming.read,
        unrouted_event: contacts::has_unrouted_event(tx, known.contact)?,
    };
    match facts_of_attempt(tx, claiming.policy, guard, known, stage) {
        Ok(mut facts) => {
            facts.switches.breaker_open_until = claiming.rests_for.map(|rest| guard.now(tx) + rest);
            Ok(Some(facts))
        }
        Err(ToolError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The last gate: the volume, in which a call counts as a message does.
fn admit(
    tx: &mut Tx<'_>,
    claiming: &Claiming,
    guard: &RequestGuard,
    mut known: CallAttempt,
    to: Recipient,
) -> Result<Claim, ToolError> {
    match breaker::admit(tx, as_vendor(&known), claiming.limits)? {
        Admission::Counted => {
            calls::mark_dialling(tx, known.id, claiming.term.fence)?;
            remember(tx, guard, &known, claiming.read)?;
            step(tx, guard, &mut known, AttemptEvent::Dialling)?;
            Ok(Claim::Dial(to))
        }
        Admission::Held => wait(tx, guard, &mut known, AttemptEvent::Refused(Rule::OutboundOff), HOLD),
        Admission::Opened(open) => {
            wait(tx, guard, &mut known, AttemptEvent::Refused(Rule::OutboundOff), HOLD)?;
            let payload = json!({ "contact_id": as_vendor(&known), "sent": open.sent, "limit": open.limit });
            let entry = AuditEntry::new(Caller::system("dialler").actor, "breaker.opened", payload)
                .with_outcome(audit::Outcome::Ok, [open.scope.code().to_owned()])
                .caused_by(known.id);
            record_system(tx, entry)?;
            Ok(Claim::Opened(open))
        }
    }
}

/// The callee, if it is called as a vendor.
pub(super) fn as_vendor(known: &CallAttempt) -> Option<marketplace::ContactId> {
    (known.party == Party::Vendor).then_some(known.contact)
}

/// What Meta said about the permission is kept; the caller has taken the contact's row.
fn remember(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &CallAttempt,
    read: PermissionRead,
) -> Result<(), ToolError> {
    let number = &known.phone_number_id;
    let now = guard.now(tx);
    let stored = calls::permission(tx, known.contact, number)?;
    let learnt = stored.apply(PermissionEvent::Read(read), read.at, now);
    if matches!(learnt.noted, Noted::Ignored(_)) {
        return Ok(());
    }
    calls::save_permission(tx, known.contact, number, &learnt.next)?;
    if learnt.noted != Noted::Moved {
        return Ok(());
    }
    let payload = json!({ "contact_id": known.contact, "state": state_code(learnt.next.state(now)) });
    let entry = AuditEntry::new(Caller::system("dialler").actor, "call.permission_read", payload);
    record(tx, guard, entry.caused_by(known.id))
}

const fn state_code(state: PermissionState) -> &'static str {
    match state {
        PermissionState::Unknown => "unknown",
        PermissionState::Temporary { .. } => "temporary",
        PermissionState::Permanent => "permanent",
        PermissionState::Expired { .. } => "expired",
        PermissionState::Refused { .. } => "refused",
    }
}

/// Lets an intent wait, or ends it by `otherwise` when it has waited long enough. The caller has taken its rows.
fn wait(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &mut CallAttempt,
    otherwise: AttemptEvent,
    pause: Duration,
) -> Result<Claim, ToolError> {
    let until = guard.now(tx) + pause;
    if until <= known.created_at + INTENT_LASTS {
        calls::hold(tx, known.id, tx.now + pause)?;
        return Ok(Claim::Held);
    }
    step(tx, guard, known, otherwise)?;
    Ok(match otherwise {
        AttemptEvent::Refused(rule) => Claim::Refused(rule),
        _ => Claim::Passed,
    })
}

/// Lets an intent wait for something that no look at the rows can tell, see [`wait`].
pub(super) fn hold(
    tx: &mut Tx<'_>,
    id: CallAttemptId,
    otherwise: AttemptEvent,
    pause: Duration,
) -> Result<Claim, ToolError> {
    let (guard, mut known) = take(tx, id)?;
    if known.attempt.phase() != Phase::Intent {
        return Ok(Claim::Passed);
    }
    wait(tx, &guard, &mut known, otherwise, pause)
}

/// Ends an intent that is not dialled.
pub(super) fn give_up(tx: &mut Tx<'_>, id: CallAttemptId, event: AttemptEvent) -> Result<Claim, ToolError> {
    let (guard, mut known) = take(tx, id)?;
    if known.attempt.phase() != Phase::Intent {
        return Ok(Claim::Passed);
    }
    step(tx, &guard, &mut known, event)?;
    Ok(match event {
        AttemptEvent::Refused(rule) => Claim::Refused(rule),
        _ => Claim::Passed,
    })
}

fn refuse(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &mut CallAttempt,
    rule: Rule,
) -> Result<Claim, ToolError> {
    step(tx, guard, known, AttemptEvent::Refused(rule))?;
    Ok(Claim::Refused(rule))
}

/// Applies an event of ours, dated now. The caller has taken the rows.
pub(super) fn step(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &mut CallAttempt,
    event: AttemptEvent,
) -> Result<Noted, ToolError> {
    let now: Timestamp = guard.now(tx);
    attempts::apply(tx, guard, known, event, now, &Caller::system("dialler"))
}

/// Judges a call that is not over on the rows as they are now: what must not go on is cancelled if it was not dialled,
/// else hung up. Returns the rule that ended it, once.
pub(super) fn supervise(
    tx: &mut Tx<'_>,
    policy: Policy,
    id: CallAttemptId,
) -> Result<Option<Rule>, ToolError> {
    let (guard, mut known) = take(tx, id)?;
    if let Some(wacid) = known.wacid.clone() {
        // An event may have been kept as unknown while the answer that names its call was being recorded.
        absorb(tx, &guard, &mut known, &wacid, read_kept)?;
    }
    if !known.attempt.is_live() {
        return Ok(None);
    }
    let stage = Stage::Live { attempt: id, epoch: known.control_epoch };
    let broken = match facts_of_attempt(tx, policy, &guard, &known, stage) {
        Ok(facts) => must_stop(&facts, guard.now(tx)),
        // The callee is no vendor of this request any more.
        Err(ToolError::Refused(_)) => Some(Rule::TriggerNotMet),
        Err(error) => return Err(error),
    };
    let Some(rule) = broken else { return Ok(None) };
    let event = match known.attempt.phase() {
        Phase::Intent => AttemptEvent::Cancelled,
        _ => AttemptEvent::HangUp,
    };
    if matches!(step(tx, &guard, &mut known, event)?, Noted::Ignored(_)) {
        return Ok(None);
    }
    let payload = json!({ "call_attempt_id": id, "party": known.party, "vendor_id": known.vendor });
    let entry = AuditEntry::new(Caller::system("dialler").actor, "call.stopped", payload)
        .with_outcome(audit::Outcome::Ok, [rule.code().to_owned()])
        .caused_by(id);
    record(tx, &guard, entry)?;
    Ok(Some(rule))
}
