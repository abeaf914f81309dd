//! Somebody does not answer: when that is noticed. One timer a request; firing it puts `silence` into the mailbox
//! where the facts support a trigger, and decides nothing.
//!
//! The timer is set whether or not calling is switched on just then: switches are read when it fires.

use std::time::Duration;

use calling_policy::{Stage, Support, Trigger, limits::SILENCE, support};
use marketplace::{ActorKind, Control, RequestState, Timestamp};
use moltbot_contract::Urgency;
use serde_json::json;
use store::{
    Tx, calls,
    lanes::{self, EntryKind},
    messages,
    outbox::{Purpose, Send},
    requests::RequestGuard,
    sourcing,
    timers::{self, DueTimer, TimerKind},
};
use tool_registry::Party;

use super::facts::{Asked, LOOK_BACK, call_facts, is_question};
use crate::{AuditEntry, Caller, Policy, ToolError, gates, record};

/// After a silence was noticed, the next one is at the earliest noticed after this: vendors of one batch fall silent
/// within seconds of each other.
pub const NOTICED_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// Meta took a message of ours at `tx.now`: if it waits for an answer and the request is urgent, silence is looked
/// for once it may have lasted long enough. A timer that waits already stays: it looks at everybody.
///
/// # Errors
/// [`ToolError`] when the store fails.
pub fn accepted(tx: &mut Tx<'_>, guard: &RequestGuard, send: &Send) -> Result<(), ToolError> {
    let request = guard.request();
    let awaits = match send.purpose {
        Purpose::VendorInquiry | Purpose::VendorMessage => true,
        Purpose::ClientMessage => send.payload.as_ref().is_some_and(|payload| is_question(&payload.body)),
        _ => false,
    };
    if !awaits || request.urgency != Urgency::Urgent || !request.state.is_open() {
        return Ok(());
    }
    let at = tx.now + SILENCE;
    set_unless_set(tx, guard, at)
}

/// The request turned out to be urgent: what Meta took before counts too.
pub(crate) fn became_urgent(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<(), ToolError> {
    let request = guard.request();
    let (id, client) = (request.id, request.client);
    let mut accepted: Vec<Timestamp> = Vec::new();
    for outreach in sourcing::outreaches_of(tx, id)? {
        let newest = calls::sent_to(tx, id, outreach.contact, LOOK_BACK)?
            .into_iter()
            .filter(|sent| sent.author != ActorKind::System)
            .find(|sent| matches!(sent.purpose, Purpose::VendorInquiry | Purpose::VendorMessage));
        accepted.extend(newest.and_then(|sent| sent.accepted_at));
    }
    for sent in calls::sent_to(tx, id, client, LOOK_BACK)? {
        let body = messages::load(tx, sent.message)?.body.unwrap_or_default();
        if sent.purpose == Purpose::ClientMessage && is_question(&body) {
            accepted.extend(sent.accepted_at);
            break;
        }
    }
    let now = guard.now(tx);
    match accepted.into_iter().map(|at| (at + SILENCE).max(now)).min() {
        Some(at) => set_unless_set(tx, guard, at),
        None => Ok(()),
    }
}

fn set_unless_set(tx: &mut Tx<'_>, guard: &RequestGuard, at: Timestamp) -> Result<(), ToolError> {
    if timers::waits(tx, guard.request().id, TimerKind::Silence, "")? {
        return Ok(());
    }
    Ok(timers::set(tx, guard, TimerKind::Silence, "", at)?)
}

/// The timer fired: where a trigger holds the lane is woken, and the timer moves to the next moment at which one may
/// hold. True when it moved; else the caller settles it. The caller has taken the request's row.
///
/// # Errors
/// [`ToolError`] when the store fails.
pub fn fire(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    timer: &DueTimer,
) -> Result<bool, ToolError> {
    let request = guard.request();
    let bots = request.control == Control::Bot && request.state.is_open() && !request.state.needs_person();
    if !bots || !gates::effective(tx, policy).calling {
        return Ok(false);
    }
    let now = guard.now(tx);
    let (mut holds, mut next): (Vec<Trigger>, Option<Timestamp>) = (Vec::new(), None);
    for (party, triggers) in parties(tx, guard)? {
        let asked = Asked {
            callee: &party,
            claim: Trigger::UrgentNoReply,
            author: ActorKind::Orchestrator,
            stage: Stage::Decide,
        };
        let facts = call_facts(tx, policy, guard, asked)?;
        for trigger in triggers {
            match support(&facts, *trigger, now) {
                Support::Holds if !holds.contains(trigger) => holds.push(*trigger),
                Support::From(from) => next = Some(next.map_or(from, |known| known.min(from))),
                Support::Holds | Support::No => {}
            }
        }
    }
    if !holds.is_empty() {
        let codes = holds.iter().map(ToString::to_string);
        let entry = AuditEntry::new(Caller::system("timers").actor, "silence.noticed", json!({}))
            .with_outcome(audit::Outcome::Ok, codes)
            .caused_by(timer.id);
        record(tx, guard, entry)?;
        lanes::append(tx, guard, EntryKind::Wake, None, Some("silence"), timer.due_at)?;
        next = next.map(|from| from.max(now + NOTICED_AGAIN_AFTER));
    }
    let Some(next) = next else { return Ok(false) };
    timers::set(tx, guard, TimerKind::Silence, "", next)?;
    Ok(true)
}

/// Everybody who may be called for this request, and the triggers that silence has a part in. Vendors only while they
/// are being asked: what is said of them once a list is in the client's hands is the client's choice.
fn parties(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Vec<(Party, &'static [Trigger])>, ToolError> {
    let asked = match guard.request().state {
        RequestState::Sourcing => sourcing::outreaches_of(tx, guard.request().id)?,
        _ => Vec::new(),
    };
    let vendors = asked.into_iter();
    let vendors = vendors.map(|outreach| {
        (Party::Vendor(outreach.vendor), [Trigger::UrgentNoReply, Trigger::AmbiguousReply].as_slice())
    });
    Ok(vendors.chain([(Party::Client, [Trigger::RapidClarification].as_slice())]).collect())
}
