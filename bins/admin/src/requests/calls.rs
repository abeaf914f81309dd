//! Consents to calls, and calls, as they are stored.

use calling_policy::{ConsentKey, ConsentStatus, EndReason, Fallback, Party, Phase, Pickup, Scope, Trigger};
use marketplace::{
    ActorKind, CallAttemptId, ConsentId, ContactId, Language, MessageId, RequestId, Timestamp, VendorId,
};
use serde::Serialize;
use serde_json::Value;
use store::{
    Tx,
    calls::{self, CallAttempt, HistoryEvent, StoredConsent},
};

use super::names::VendorNames;
use crate::failure::Failure;

/// One key of one person, as one prompt asked for it.
#[derive(Debug, Serialize)]
pub(crate) struct Consent {
    pub(crate) id: ConsentId,
    /// Whether the client or a vendor was asked.
    pub(crate) party: Party,
    pub(crate) contact_id: ContactId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vendor_id: Option<VendorId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vendor_name: Option<String>,
    pub(crate) key: ConsentKey,
    pub(crate) scope: Scope,
    /// Where it stands now: time alone may have ended it since the last line of its history.
    pub(crate) status: ConsentStatus,
    /// `buttons` or `card`.
    pub(crate) asked_by: String,
    /// By name and version of the catalogue.
    pub(crate) wording: String,
    pub(crate) language: Language,
    pub(crate) prompt_message_id: MessageId,
    pub(crate) requested_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// When the answer that counts was given.
    pub(crate) answered_at: Option<Timestamp>,
    pub(crate) history: Vec<HistoryLine>,
}

/// What happened to a consent, once.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryLine {
    pub(crate) seq: i32,
    /// `requested`, `yes`, `no`, `withdrawn_by_person`, `withdrawn_by_meta`, `request_ended`, `not_delivered`, `expired`.
    #[serde(serialize_with = "as_code")]
    pub(crate) event: HistoryEvent,
    /// The status after it.
    pub(crate) status: ConsentStatus,
    /// The person whose word it was; `null` for the clock and for Meta.
    pub(crate) by: Option<ContactId>,
    /// The message that said so.
    pub(crate) message_id: Option<MessageId>,
    pub(crate) happened_at: Timestamp,
    pub(crate) recorded_at: Timestamp,
    /// Until when the consent counts after it.
    pub(crate) expires_at: Timestamp,
}

/// One attempt to call.
#[derive(Debug, Serialize)]
pub(crate) struct Call {
    pub(crate) id: CallAttemptId,
    /// Whether the client or a vendor is called.
    pub(crate) party: Party,
    pub(crate) contact_id: ContactId,
    pub(crate) vendor_id: Option<VendorId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vendor_name: Option<String>,
    /// What the caller said justifies it.
    pub(crate) trigger: Trigger,
    /// Who decided it.
    pub(crate) author: ActorKind,
    /// `intent`, `dialling`, `unknown`, `placed`, `ringing`, `answered` or `ended`.
    pub(crate) phase: &'static str,
    /// Whether anybody picked up.
    pub(crate) pickup: Pickup,
    /// `completed`, `declined`, `no_answer`, `failed`, `cancelled` or `refused`.
    pub(crate) end_reason: Option<&'static str>,
    /// The cause of a failure, or the rule that refused.
    pub(crate) end_code: Option<String>,
    /// Whether the client was told that the call did not go through: `not_due`, `sent`, or `suppressed`.
    pub(crate) fallback: &'static str,
    pub(crate) created_at: Timestamp,
    pub(crate) dialled_at: Option<Timestamp>,
    pub(crate) connected_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) events: Vec<CallEvent>,
}

/// What Meta said of a call.
#[derive(Debug, Serialize)]
pub(crate) struct CallEvent {
    /// `connect`, `status` or `terminate`.
    pub(crate) kind: String,
    /// By Meta's clock.
    pub(crate) at: Timestamp,
    pub(crate) received_at: Timestamp,
    /// As it came; `null` when the person was erased.
    pub(crate) payload: Value,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn as_code<S: serde::Serializer>(event: &HistoryEvent, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(event)
}

/// Every consent of a request, oldest first.
pub(crate) fn consents(
    tx: &mut Tx<'_>,
    id: RequestId,
    names: &mut VendorNames,
) -> Result<Vec<Consent>, Failure> {
    let stored = calls::consents_of_request(tx, id)?;
    stored.iter().map(|stored| consent(tx, stored, names)).collect()
}

pub(crate) fn consent(
    tx: &mut Tx<'_>,
    stored: &StoredConsent,
    names: &mut VendorNames,
) -> Result<Consent, Failure> {
    let known = &stored.consent;
    let vendor = match stored.party {
        Party::Vendor => names.of_contact(tx, known.contact())?,
        Party::Client => None,
    };
    let (vendor_id, vendor_name) = vendor.unzip();
    let history = calls::history_of(tx, stored.id)?;
    Ok(Consent {
        id: stored.id,
        party: stored.party,
        contact_id: known.contact(),
        vendor_id,
        vendor_name,
        key: known.key(),
        scope: known.scope(),
        status: known.status(tx.now),
        asked_by: stored.asked_by.to_string(),
        wording: stored.wording.clone(),
        language: stored.language,
        prompt_message_id: known.prompt(),
        requested_at: known.requested_at(),
        expires_at: known.expires_at(),
        answered_at: known.answered_at(),
        history: history
            .into_iter()
            .map(|line| HistoryLine {
                seq: line.seq,
                event: line.event,
                status: line.status,
                by: line.by,
                message_id: line.message,
                happened_at: line.happened_at,
                recorded_at: line.recorded_at,
                expires_at: line.expires_at,
            })
            .collect(),
    })
}

/// Every attempt to call for a request, oldest first.
pub(super) fn calls(tx: &mut Tx<'_>, id: RequestId, names: &mut VendorNames) -> Result<Vec<Call>, Failure> {
    let attempts = calls::of_request(tx, id)?;
    attempts.into_iter().map(|attempt| call(tx, attempt, names)).collect()
}

fn call(tx: &mut Tx<'_>, known: CallAttempt, names: &mut VendorNames) -> Result<Call, Failure> {
    let attempt = known.attempt;
    let reason = attempt.end_reason();
    let vendor_name = known.vendor.as_ref().map(|vendor| names.of(tx, vendor)).transpose()?;
    Ok(Call {
        id: known.id,
        party: known.party,
        contact_id: known.contact,
        vendor_id: known.vendor,
        vendor_name,
        trigger: known.claim,
        author: known.author,
        phase: Phase::code(attempt.phase()),
        pickup: attempt.pickup(),
        end_reason: reason.map(EndReason::code),
        end_code: match reason {
            Some(EndReason::Failed(code)) => Some(code.to_string()),
            Some(EndReason::Refused(rule)) => Some(rule.code().to_owned()),
            _ => None,
        },
        fallback: match attempt.fallback() {
            Fallback::NotDue => "not_due",
            Fallback::Sent => "sent",
            Fallback::Suppressed(_) => "suppressed",
        },
        created_at: known.created_at,
        dialled_at: attempt.dialled_at(),
        connected_at: attempt.connected_at(),
        ended_at: known.ended_at,
        events: events(tx, known.id)?,
    })
}

fn events(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<Vec<CallEvent>, Failure> {
    let events = calls::events_of(tx, id)?;
    Ok(events
        .into_iter()
        .map(|event| CallEvent {
            kind: event.kind,
            at: event.at,
            received_at: event.received_at,
            payload: event
                .payload
                .map_or(Value::Null, |text| serde_json::from_str(&text).unwrap_or(text.into())),
        })
        .collect())
}
