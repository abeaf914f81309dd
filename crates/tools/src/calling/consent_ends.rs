//! What ends a consent without anybody's answer: time, the request's end, a prompt that does not arrive.

use audit::Outcome;
use calling_policy::{
    Consent, ConsentEvent, ConsentStatus, Noted, PermissionEvent, PermissionRead, Withdrawal,
};
use marketplace::ContactId;
use serde_json::json;
use store::{
    StoreError, Tx,
    calls::{self, ConsentChange, HistoryEvent, StoredConsent},
    outbox::{Purpose, Send},
    requests::RequestGuard,
    timers::{self, DueTimer, TimerKind},
};

use super::{attempts::RESTRICTION_LASTS, consent_handler::save, wish};
use crate::{AuditEntry, Caller, ToolError, record};

/// The time of a consent is over, by our clock. The caller has taken the request's row.
///
/// Returns false when it is not over after all and the timer was moved: then it must not be settled.
///
/// # Errors
/// [`StoreError::Corrupt`] when the timer is about no consent.
pub fn expire(tx: &mut Tx<'_>, guard: &RequestGuard, timer: &DueTimer) -> Result<bool, ToolError> {
    let id = timer.reference.parse().map_err(|_| StoreError::Corrupt { what: "timers.reference" })?;
    let stored = calls::consent(tx, id)?;
    let (now, consent) = (guard.now(tx), stored.consent);
    match consent.status(now) {
        ConsentStatus::Denied => return Ok(true),
        ConsentStatus::Expired if stored.recorded_status == ConsentStatus::Expired => return Ok(true),
        ConsentStatus::Expired => {}
        ConsentStatus::Requested | ConsentStatus::Granted => {
            timers::set(tx, guard, TimerKind::ConsentExpires, &timer.reference, consent.expires_at())?;
            return Ok(false);
        }
    }
    let change =
        ConsentChange { event: HistoryEvent::Expired, by: None, message: None, at: consent.expires_at() };
    save(tx, guard, &stored, &consent, &change)?;
    let entry = entry("timers", "consent.expired", &stored, &consent, stored.recorded_status);
    record(tx, guard, entry.caused_by(timer.id))?;
    Ok(true)
}

/// The request is handed off or closed: what was allowed for it is over, in the transaction that ends it.
pub(crate) fn request_ended(tx: &mut Tx<'_>, guard: &RequestGuard, by: &Caller) -> Result<(), ToolError> {
    let now = guard.now(tx);
    for stored in calls::consents_of_request(tx, guard.request().id)? {
        let before = stored.consent.status(now);
        let step = stored.consent.apply(ConsentEvent::RequestEnded, now, now);
        if let Noted::Ignored(_) = step.noted {
            continue;
        }
        let change = ConsentChange { event: HistoryEvent::RequestEnded, by: None, message: None, at: now };
        save(tx, guard, &stored, &step.next, &change)?;
        if step.noted == Noted::Moved {
            let mut ended = entry("calling", "consent.ended", &stored, &step.next, before);
            ended.actor = by.actor.clone();
            record(tx, guard, ended.with_outcome(Outcome::Ok, ["request_ended".to_owned()]))?;
        }
    }
    Ok(())
}

/// The person said STOP: whatever they allowed or were asked for in this request is taken back as by a NO. What a client
/// allowed towards vendors ends with the request, which closes.
pub(crate) fn said_stop(tx: &mut Tx<'_>, guard: &RequestGuard, person: ContactId) -> Result<(), ToolError> {
    let event = ConsentEvent::Withdrawn { by: person, how: Withdrawal::ByPerson };
    let change = (HistoryEvent::WithdrawnByPerson, Some(person));
    take_back(tx, guard, person, event, change, "opted_out")
}

/// The person has another number or business-scoped id: what the old one allowed, or was asked for, is void.
pub(crate) fn identity_changed(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    person: ContactId,
) -> Result<(), ToolError> {
    let change = (HistoryEvent::IdentityChanged, None);
    take_back(tx, guard, person, ConsentEvent::RequestEnded, change, "identity_changed")
}

/// Applies one event to everything that a person was asked for or allowed in a request, and records what it moved.
fn take_back(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    person: ContactId,
    event: ConsentEvent,
    (kind, by): (HistoryEvent, Option<ContactId>),
    reason: &'static str,
) -> Result<(), ToolError> {
    let now = guard.now(tx);
    for stored in calls::consents_of_request(tx, guard.request().id)? {
        if stored.consent.contact() != person {
            continue;
        }
        let before = stored.consent.status(now);
        let step = stored.consent.apply(event, now, now);
        if let Noted::Ignored(_) = step.noted {
            continue;
        }
        let change = ConsentChange { event: kind, by, message: None, at: now };
        save(tx, guard, &stored, &step.next, &change)?;
        if step.noted == Noted::Moved {
            let ended = entry("router", "consent.withdrawn", &stored, &step.next, before);
            record(tx, guard, ended.with_outcome(Outcome::Ok, [reason.to_owned()]))?;
        }
    }
    Ok(())
}

/// A prompt or a card will not arrive: what it asked for and nobody answered is over, so that one may ask again. A
/// client who waits for the card of a call that they asked for is told that none comes. What Meta's refusal of a card says about the permission, or about the number, is remembered.
pub(crate) fn not_delivered(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    send: &Send,
    reason: &str,
) -> Result<(), ToolError> {
    if send.purpose == Purpose::PermissionCard {
        learn_from_refusal(tx, guard, send, reason)?;
    }
    let now = guard.now(tx);
    for stored in calls::consents_of_prompt(tx, send.message)? {
        let before = stored.consent.status(now);
        let is_of_request = stored.consent.request() == guard.request().id;
        if before != ConsentStatus::Requested || !is_of_request {
            continue;
        }
        let step = stored.consent.apply(ConsentEvent::RequestEnded, now, now);
        let change = ConsentChange {
            event: HistoryEvent::NotDelivered,
            by: None,
            message: Some(send.message),
            at: now,
        };
        save(tx, guard, &stored, &step.next, &change)?;
        let ended = entry("calling", "consent.not_delivered", &stored, &step.next, before)
            .with_outcome(Outcome::Failed, [reason.to_owned()])
            .caused_by(send.id);
        record(tx, guard, ended)?;
    }
    // 138017: Meta lets us call already, the card was not needed.
    let is_clients = send.purpose == Purpose::PermissionCard && send.contact == guard.request().client;
    if is_clients && reason != "meta_138017" { wish::tell_no_call(tx, guard) } else { Ok(()) }
}

fn learn_from_refusal(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    send: &Send,
    reason: &str,
) -> Result<(), ToolError> {
    let now = guard.now(tx);
    match reason {
        // The person allowed calls for good: no card is needed. The next dial reads it from Meta all the same.
        "meta_138017" => {
            let read = PermissionRead {
                at: now,
                can_start_call: true,
                says_permanent: true,
                expires_at: None,
                call_limit: None,
            };
            let known = calls::permission(tx, send.contact, &send.phone_number_id)?;
            let step = known.apply(PermissionEvent::Read(read), now, now);
            if let Noted::Ignored(_) = step.noted {
                return Ok(());
            }
            calls::save_permission(tx, send.contact, &send.phone_number_id, &step.next)?;
            let payload = json!({ "contact_id": send.contact, "state": "permanent" });
            let changed = AuditEntry::new(Caller::system("calling").actor, "permission.changed", payload)
                .with_outcome(Outcome::Ok, [reason.to_owned()])
                .caused_by(send.id);
            record(tx, guard, changed)
        }
        // Meta paused calls and cards from this number.
        "meta_138014" => {
            Ok(calls::restrict(tx, &send.phone_number_id, tx.now + RESTRICTION_LASTS, "meta_138014")?)
        }
        _ => Ok(()),
    }
}

fn entry(
    by: &'static str,
    action: &str,
    stored: &StoredConsent,
    next: &Consent,
    before: ConsentStatus,
) -> AuditEntry {
    let payload = json!({
        "consent_id": stored.id,
        "key": next.key(),
        "scope": next.scope(),
        "party": stored.party,
        "before": before,
        "expires_at": next.expires_at(),
    });
    AuditEntry::new(Caller::system(by).actor, action, payload).caused_by(stored.id)
}
