//! Everything stored about one request, in the form that `requests show --json` prints.

use std::collections::BTreeMap;

use audit::{AuditRecord, ChainId, Outcome};
use marketplace::{
    ContactId, Control, Currency, Language, MessageId, ReplyId, RequestId, RequestState, Timestamp, TurnId,
    VendorId,
};
use moltbot_contract::{Availability, BatchStatus, OutreachStatus, Urgency};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    Tx,
    audit_log::{self, Payload},
    contacts,
    messages::{self, Direction, Party},
    outbox,
    requests::Request,
    sourcing, turns,
};

use super::{
    calls::{Call, Consent, calls, consents},
    compare::{Compared, compare},
    existing,
    names::VendorNames,
};
use crate::{
    failure::Failure,
    sends::{Explained, explained},
};

/// What stands for a text whose person was erased.
pub(super) const ERASED: &str = "(erased)";

/// The most messages of one request that are shown, the newest.
const MESSAGES_MAX: i64 = 10_000;

/// Everything stored about one request.
#[derive(Debug, Serialize)]
pub(super) struct Dossier {
    pub(super) request: Facts,
    pub(super) states: Vec<StateChange>,
    pub(super) messages: Vec<Message>,
    pub(super) batches: Vec<Batch>,
    pub(super) replies: Vec<Reply>,
    pub(super) shortlists: Vec<Shortlist>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) handoff: Option<Handoff>,
    /// Who was asked whether we may call, and what became of it.
    pub(super) consents: Vec<Consent>,
    /// Every attempt to call.
    pub(super) calls: Vec<Call>,
    /// Settled turns.
    pub(super) turns: Vec<Turn>,
    /// The turn that is being worked, or waits to be resumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) open_turn: Option<OpenTurn>,
    pub(super) audit: Vec<AuditLine>,
    /// The chain is whole, every payload that is left is the one it commits to, and what was compared agrees.
    pub(super) audit_verified: bool,
    /// What is wrong with the audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) audit_fault: Option<String>,
    /// How much of the ordinary tables was held against the chain.
    #[serde(skip)]
    pub(super) compared: Compared,
    /// When this was read.
    #[serde(skip)]
    pub(super) read_at: Timestamp,
}

#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) id: RequestId,
    pub(super) state: RequestState,
    pub(super) control: Control,
    pub(super) version: i64,
    pub(super) category: Option<String>,
    pub(super) need: Option<String>,
    pub(super) urgency: Urgency,
    pub(super) language: Language,
    pub(super) prescription: bool,
    pub(super) client: Client,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

#[derive(Debug, Serialize)]
pub(super) struct Client {
    pub(super) contact_id: ContactId,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct StateChange {
    pub(super) at: Timestamp,
    pub(super) from: Option<String>,
    pub(super) to: String,
    pub(super) by: String,
    pub(super) reason: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Message {
    pub(super) id: MessageId,
    /// When it was stored: what followed from it has a later time.
    pub(super) at: Timestamp,
    /// When they wrote it, by Meta's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) written_at: Option<Timestamp>,
    pub(super) direction: &'static str,
    pub(super) party: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vendor_id: Option<VendorId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vendor_name: Option<String>,
    pub(super) text: String,
    /// `received`, or where the intent to send stands.
    pub(super) status: String,
    /// Why it was cancelled or failed, or how it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_reason: Option<String>,
    /// The reason in plain words, with Meta's code if it is Meta's, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explained: Option<Explained>,
    /// When Meta sent it, by Meta's clock; the same for the two that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delivered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purpose: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Batch {
    pub(super) ordinal: u8,
    pub(super) opened_at: Timestamp,
    pub(super) deadline_at: Timestamp,
    pub(super) status: BatchStatus,
    pub(super) vendors: Vec<BatchVendor>,
}

#[derive(Debug, Serialize)]
pub(super) struct BatchVendor {
    pub(super) vendor_id: VendorId,
    pub(super) name: String,
    pub(super) slot: u8,
    pub(super) status: OutreachStatus,
    pub(super) contacted_at: Timestamp,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the JSON")]
pub(super) struct Reply {
    pub(super) reply_id: ReplyId,
    pub(super) vendor_id: VendorId,
    /// The message that was read.
    pub(super) message_id: MessageId,
    pub(super) at: Timestamp,
    pub(super) availability: Availability,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) price_minor: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) eta: Option<String>,
    pub(super) confidence: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Shortlist {
    pub(super) at: Timestamp,
    pub(super) items: Vec<ShortlistItem>,
}

#[derive(Debug, Serialize)]
pub(super) struct ShortlistItem {
    pub(super) position: usize,
    pub(super) vendor_id: VendorId,
    pub(super) reply_id: ReplyId,
}

#[derive(Debug, Serialize)]
pub(super) struct Handoff {
    pub(super) at: Timestamp,
    pub(super) vendor_id: VendorId,
    pub(super) vendor_name: String,
    /// The client's message that chose this vendor.
    pub(super) choice_message_id: MessageId,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the JSON")]
pub(super) struct Turn {
    pub(super) turn_id: TurnId,
    pub(super) at: Timestamp,
    /// `committed`, `superseded`, `dropped` or `failed`.
    pub(super) status: String,
    pub(super) source: String,
    pub(super) verdict: String,
    pub(super) decision: String,
    pub(super) why: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) reasons: Vec<String>,
    pub(super) violations: Vec<Violation>,
}

#[derive(Debug, Serialize)]
pub(super) struct OpenTurn {
    pub(super) turn_id: TurnId,
    pub(super) at: Timestamp,
    /// `open`, `asked` or `answered`.
    pub(super) status: String,
}

/// One fault of a rejected answer. Rules of another version of the contract are shown as they were stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Violation {
    #[serde(default)]
    pub(super) pointer: String,
    #[serde(default)]
    pub(super) rule: String,
    #[serde(default)]
    pub(super) message: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AuditLine {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) outcome: Outcome,
    pub(super) reasons: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caused_by: Option<String>,
    /// `null` when there is none or it was erased.
    pub(super) payload: Value,
    /// Hexadecimal, like the two that follow: what the chain promises of the payload.
    pub(super) commitment: String,
    pub(super) prev_hash: String,
    pub(super) hash: String,
    /// What `hash` is the hash of.
    #[serde(skip)]
    pub(super) canonical: String,
}

/// Gathers everything in one consistent read.
pub(super) fn gather(tx: &mut Tx<'_>, id: RequestId) -> Result<Dossier, Failure> {
    let request = existing(tx, id)?;
    let chain = audit_log::chain_with_payloads(tx.conn, tx.vault, ChainId::Request(id))?;
    let altered = chain.iter().find(|(_, payload)| *payload == Payload::Altered).map(|(record, _)| {
        format!("the payload of record {} is not the one that the chain commits to", record.seq)
    });
    let whole = audit_log::verify(tx.conn, ChainId::Request(id), None)?;
    let (stored, replies) = (messages::latest(tx, id, MESSAGES_MAX)?, replies(tx, id)?);
    let all = i64::try_from(stored.len()).is_ok_and(|stored| stored < MESSAGES_MAX);
    let (compared, differs) = compare(chain.iter().filter_map(readable), &stored, all, &replies);
    let audit_fault = whole.err().map(|fault| fault.to_string()).or(altered).or(differs);
    let mut names = VendorNames::default();
    let (turns, open_turn) = turns(tx, id)?;
    Ok(Dossier {
        states: states(&request, &chain),
        messages: messages(tx, id, stored, &mut names)?,
        batches: batches(tx, id, &mut names)?,
        replies,
        shortlists: shortlists(tx, id)?,
        handoff: handoff(tx, id, &mut names)?,
        consents: consents(tx, id, &mut names)?,
        calls: calls(tx, id, &mut names)?,
        turns,
        open_turn,
        audit: chain.into_iter().map(audit_line).collect(),
        audit_verified: audit_fault.is_none(),
        audit_fault,
        compared,
        read_at: tx.now,
        request: facts(tx, request)?,
    })
}

/// A record that still says what it was about.
fn readable((record, payload): &(AuditRecord, Payload)) -> Option<(&str, &Value)> {
    match payload {
        Payload::Open(value) => Some((record.action.as_str(), value)),
        Payload::Erased | Payload::Altered => None,
    }
}

fn facts(tx: &mut Tx<'_>, request: Request) -> Result<Facts, Failure> {
    let client = contacts::load(tx, request.client)?;
    Ok(Facts {
        id: request.id,
        state: request.state,
        control: request.control,
        version: request.version,
        category: request.category,
        need: request.need,
        urgency: request.urgency,
        language: request.language,
        prescription: request.prescription,
        client: Client {
            contact_id: client.id,
            name: client.name,
            phone: client.phone.map(|phone| phone.as_str().to_owned()),
        },
        created_at: request.created_at,
        updated_at: request.updated_at,
    })
}

/// The history of states as the chain tells it; the reason dies with the client, the change does not.
fn states(request: &Request, chain: &[(AuditRecord, Payload)]) -> Vec<StateChange> {
    let mut states = Vec::new();
    if !chain.iter().any(|(record, _)| record.action == "request.opened") {
        states.push(first_state(request.created_at, "system:router".to_owned()));
    }
    for (record, payload) in chain {
        match record.action.as_str() {
            "request.opened" => states.push(first_state(record.at, record.actor.to_string())),
            "state.changed" => states.push(state_change(record, payload)),
            _ => {}
        }
    }
    states
}

fn first_state(at: Timestamp, by: String) -> StateChange {
    StateChange { at, from: None, to: RequestState::New.to_string(), by, reason: "request.opened".to_owned() }
}

fn state_change(record: &AuditRecord, payload: &Payload) -> StateChange {
    let field = |name: &str| match payload {
        Payload::Open(value) => value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned(),
        Payload::Erased => ERASED.to_owned(),
        Payload::Altered => "(altered)".to_owned(),
    };
    StateChange {
        at: record.at,
        from: Some(field("from")),
        to: field("to"),
        by: record.actor.to_string(),
        reason: field("reason"),
    }
}

fn messages(
    tx: &mut Tx<'_>,
    id: RequestId,
    stored: Vec<messages::Message>,
    names: &mut VendorNames,
) -> Result<Vec<Message>, Failure> {
    let sends: BTreeMap<MessageId, outbox::Send> =
        outbox::of_request(tx, id)?.into_iter().map(|send| (send.message, send)).collect();
    let mut shown = Vec::new();
    for message in stored {
        let vendor = match message.party {
            Party::Vendor => names.of_contact(tx, message.contact)?,
            Party::Client => None,
        };
        let (vendor_id, vendor_name) = vendor.unzip();
        let send = sends.get(&message.id);
        let inbound = message.direction == Direction::In;
        shown.push(Message {
            id: message.id,
            at: message.created_at,
            written_at: inbound.then_some(message.meta_at),
            direction: if inbound { "in" } else { "out" },
            party: if message.party == Party::Client { "client" } else { "vendor" },
            vendor_id,
            vendor_name,
            text: message.body.unwrap_or_else(|| ERASED.to_owned()),
            status: match send {
                Some(send) => send.state.to_string(),
                None if inbound => "received".to_owned(),
                None => "not_queued".to_owned(),
            },
            status_reason: send.and_then(|send| send.reason.clone()),
            explained: send.and_then(|send| send.reason.as_deref()).and_then(explained),
            sent_at: send.and_then(|send| send.sent_at),
            delivered_at: send.and_then(|send| send.delivered_at),
            read_at: send.and_then(|send| send.read_at),
            purpose: send.map(|send| send.purpose.to_string()),
        });
    }
    shown.sort_by_key(|message| (message.at, message.id));
    Ok(shown)
}

fn batches(tx: &mut Tx<'_>, id: RequestId, names: &mut VendorNames) -> Result<Vec<Batch>, Failure> {
    let outreaches = sourcing::outreaches_of(tx, id)?;
    let mut shown = Vec::new();
    for batch in sourcing::batches_of(tx, id)? {
        let mut vendors = Vec::new();
        for outreach in outreaches.iter().filter(|outreach| outreach.batch == batch.id) {
            vendors.push(BatchVendor {
                vendor_id: outreach.vendor.clone(),
                name: names.of(tx, &outreach.vendor)?,
                slot: outreach.slot,
                status: outreach.status,
                contacted_at: outreach.contacted_at,
            });
        }
        shown.push(Batch {
            ordinal: batch.ordinal,
            opened_at: batch.opened_at,
            deadline_at: batch.deadline_at,
            status: batch.status,
            vendors,
        });
    }
    Ok(shown)
}

fn replies(tx: &mut Tx<'_>, id: RequestId) -> Result<Vec<Reply>, Failure> {
    let replies = sourcing::replies_of(tx, id)?;
    Ok(replies
        .into_iter()
        .map(|reply| Reply {
            reply_id: reply.id,
            vendor_id: reply.vendor,
            message_id: reply.message,
            at: reply.created_at,
            availability: reply.availability,
            price_minor: reply.price.map(marketplace::Money::minor),
            currency: reply.price.map(marketplace::Money::currency),
            eta: reply.eta,
            confidence: reply.confidence,
        })
        .collect())
}

fn shortlists(tx: &mut Tx<'_>, id: RequestId) -> Result<Vec<Shortlist>, Failure> {
    let shortlists = sourcing::shortlists_of(tx, id)?;
    Ok(shortlists
        .into_iter()
        .map(|shortlist| Shortlist {
            at: shortlist.created_at,
            items: (1..)
                .zip(shortlist.items)
                .map(|(position, (vendor_id, reply_id))| ShortlistItem { position, vendor_id, reply_id })
                .collect(),
        })
        .collect())
}

fn handoff(tx: &mut Tx<'_>, id: RequestId, names: &mut VendorNames) -> Result<Option<Handoff>, Failure> {
    let Some(handoff) = sourcing::handoff_of(tx, id)? else { return Ok(None) };
    Ok(Some(Handoff {
        at: handoff.created_at,
        vendor_name: names.of(tx, &handoff.vendor)?,
        vendor_id: handoff.vendor,
        choice_message_id: handoff.choice,
    }))
}

/// What the engine writes beside a settled turn.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TurnDetail {
    why: String,
    reasons: Vec<String>,
    violations: Vec<Violation>,
}

fn turns(tx: &mut Tx<'_>, id: RequestId) -> Result<(Vec<Turn>, Option<OpenTurn>), Failure> {
    let mut open = None;
    let mut settled = Vec::new();
    for turn in turns::of_request(tx, id)? {
        let status = turn.status.to_string();
        let (Some(source), Some(verdict)) = (turn.source, turn.verdict) else {
            open = Some(OpenTurn { turn_id: turn.id, at: turn.opened_at, status });
            continue;
        };
        // A settled turn always has a detail: if there is none to read, its people were erased.
        let detail = match turn.detail.as_deref().map(serde_json::from_str) {
            Some(Ok(detail)) => detail,
            Some(Err(_)) => TurnDetail { why: "(not readable)".to_owned(), ..TurnDetail::default() },
            None => TurnDetail { why: ERASED.to_owned(), ..TurnDetail::default() },
        };
        settled.push(Turn {
            turn_id: turn.id,
            at: turn.opened_at,
            status,
            source,
            verdict,
            decision: turn.decision.unwrap_or_else(|| "none".to_owned()),
            why: detail.why,
            reasons: detail.reasons,
            violations: detail.violations,
        });
    }
    Ok((settled, open))
}

fn audit_line((record, payload): (AuditRecord, Payload)) -> AuditLine {
    AuditLine {
        // Closed codes and random ids: always text.
        canonical: String::from_utf8_lossy(&record.canonical()).into_owned(),
        commitment: record.commitment.to_string(),
        prev_hash: record.prev_hash.to_string(),
        hash: record.hash.to_string(),
        seq: record.seq,
        at: record.at,
        actor: record.actor.to_string(),
        action: record.action,
        outcome: record.outcome,
        reasons: record.reasons,
        caused_by: record.caused_by,
        payload: match payload {
            Payload::Open(value) => value,
            Payload::Erased | Payload::Altered => Value::Null,
        },
    }
}
