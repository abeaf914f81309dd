//! The first transaction of a turn: what waits, whether an earlier attempt left a journal, how often it was tried.

use marketplace::{EventId, TurnId};
use orchestrator::{ClientContent, Entry, Journal, TurnEvent, TurnInput};
use serde_json::json;
use store::{
    StoreError, Tx,
    dead_letters::{self, DeadLetterSource, NewDeadLetter},
    lanes::{self, EntryKind, Lease},
    messages::{self, MessageKind},
    requests::{self, RequestGuard},
    turns::{self, Settlement, TurnStatus},
    vendors,
};
use tools::{AuditEntry, Caller, ToolError, control, record};

/// The attempt that no longer decides but escalates with a safe message.
pub const LAST_ATTEMPT: i32 = 3;
/// One more than that: even the safe message failed; the entries become a dead letter.
pub const BEYOND_HOPE: i32 = 5;
/// How many waiting entries one turn reads.
const ENTRIES_MAX: usize = 100;

/// What a claimed lane turned out to hold.
pub(super) enum Begun {
    /// A turn to work.
    Turn(Box<BegunTurn>),
    /// Nothing; the lane is given back.
    Nothing,
}

/// A turn to work.
pub(super) struct BegunTurn {
    pub(super) input: TurnInput,
    /// How many turns before this one were superseded in a row.
    pub(super) superseded: i32,
    /// When the turn began, for the bound on superseding.
    pub(super) opened_at: marketplace::Timestamp,
}

pub(super) fn begin(tx: &mut Tx<'_>, lease: &Lease) -> Result<Begun, ToolError> {
    let mut guard = requests::lock(tx, lease.request)?;
    lanes::check_fence(tx, &guard, lease.fence)?;
    let is_with_person = guard.request().is_with_person();
    let mut waiting = lanes::pending(tx, lease.request)?;
    if is_with_person {
        // The client's words wait for the request to be given back; what vendors say is recorded all the same.
        waiting.retain(|entry| entry.kind != EntryKind::ClientMessage);
    }
    waiting.truncate(ENTRIES_MAX);
    if waiting.is_empty() {
        lanes::refresh(tx, &guard)?;
        lanes::release(tx, lease, true)?;
        return Ok(Begun::Nothing);
    }
    let turn = turns::open_or_resume(tx, &guard)?;
    if lease.attempts >= BEYOND_HOPE {
        give_up(tx, &mut guard, lease, turn.id, &waiting)?;
        return Ok(Begun::Nothing);
    }
    let journal = turn.plan.as_deref().and_then(|plan| serde_json::from_str::<Journal>(plan).ok());
    if journal.is_some() {
        // The journaled answer speaks of what the turn had read; later entries are for the next turn.
        let read: Vec<_> = waiting.iter().filter(|entry| entry.turn == Some(turn.id)).cloned().collect();
        if !read.is_empty() {
            waiting = read;
        }
    } else {
        lanes::assign(tx, &guard, turn.id, &ids(&waiting))?;
    }
    let last_attempt = lease.attempts >= LAST_ATTEMPT && !is_with_person;
    if last_attempt {
        keep_dead_letter(tx, &guard, "attempts_exhausted")?;
    }
    let entries = waiting.iter().map(|waiting| entry(tx, waiting)).collect::<Result<Vec<_>, ToolError>>()?;
    Ok(Begun::Turn(Box::new(BegunTurn {
        input: TurnInput {
            turn: turn.id,
            request: lease.request,
            entries: entries.into_iter().flatten().collect(),
            journal,
            asks: u32::try_from(turn.asks).unwrap_or(u32::MAX),
            last_attempt,
            is_with_person,
        },
        superseded: turn.superseded,
        opened_at: turn.opened_at,
    })))
}

fn ids(entries: &[lanes::Entry]) -> Vec<EventId> {
    entries.iter().map(|entry| entry.id).collect()
}

fn entry(tx: &mut Tx<'_>, waiting: &lanes::Entry) -> Result<Option<Entry>, ToolError> {
    let event = match (waiting.kind, waiting.message) {
        (EntryKind::ClientMessage, Some(message)) => {
            Some(TurnEvent::ClientMessage { message, content: content(tx, message)? })
        }
        (EntryKind::VendorMessage, Some(message)) => vendor_message(tx, message)?,
        (EntryKind::Wake, _) | (_, None) => {
            Some(TurnEvent::Wake { reason: waiting.reason.clone().unwrap_or_default() })
        }
    };
    // An entry that says nothing is still consumed with the turn.
    let event = event.unwrap_or(TurnEvent::Wake { reason: "unreadable".to_owned() });
    Ok(Some(Entry { id: waiting.id, event }))
}

fn vendor_message(tx: &mut Tx<'_>, message: marketplace::MessageId) -> Result<Option<TurnEvent>, ToolError> {
    let contact = messages::load(tx, message)?.contact;
    let vendor = vendors::find_by_contact(tx, contact)?;
    Ok(vendor.map(|vendor| TurnEvent::VendorMessage { message, vendor }))
}

fn content(tx: &mut Tx<'_>, id: marketplace::MessageId) -> Result<ClientContent, ToolError> {
    let message = messages::load(tx, id)?;
    let text = message.body.unwrap_or_default();
    Ok(match (message.kind, message.button_id) {
        (MessageKind::Button, Some(id)) => ClientContent::Button { id, title: text },
        (MessageKind::Location, _) => ClientContent::Location,
        (MessageKind::Document, _) if text.trim().is_empty() => ClientContent::Document,
        (MessageKind::Document, _) => ClientContent::CaptionedDocument(text),
        (_, _) if !text.trim().is_empty() && message.kind != MessageKind::Other => ClientContent::Text(text),
        (MessageKind::Media, _) => ClientContent::UnreadableMedia,
        (MessageKind::Text | MessageKind::Button | MessageKind::Consent | MessageKind::Other, _) => {
            ClientContent::Other
        }
    })
}

fn keep_dead_letter(tx: &mut Tx<'_>, guard: &RequestGuard, reason: &str) -> Result<(), StoreError> {
    let request = guard.request().id;
    dead_letters::insert(
        tx,
        &NewDeadLetter {
            source: DeadLetterSource::Turn,
            reference: &request.to_string(),
            request: Some(request),
            reason,
            detail: None,
        },
    )
}

/// Even escalating failed: a person gets the request as it stands, in `error`. What the client wrote stays unread.
fn give_up(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    lease: &Lease,
    turn: TurnId,
    waiting: &[lanes::Entry],
) -> Result<(), ToolError> {
    keep_dead_letter(tx, guard, "turn_failed")?;
    let settlement = Settlement {
        status: TurnStatus::Failed,
        source: "coded_workflow".to_owned(),
        verdict: "not_asked".to_owned(),
        decision: "none".to_owned(),
        detail: json!({ "why": "every attempt at this turn failed; a person must look" }).to_string(),
        also_sealed_by: Vec::new(),
    };
    turns::settle(tx, guard, turn, &settlement)?;
    let over: Vec<EventId> = waiting
        .iter()
        .filter(|entry| !guard.request().state.is_open() || entry.kind != EntryKind::ClientMessage)
        .map(|entry| entry.id)
        .collect();
    lanes::consume(tx, guard, Some(turn), &over)?;
    lanes::release(tx, lease, true)?;
    let caller = Caller::system("turns");
    let entry = AuditEntry::new(caller.actor.clone(), "turn.failed", json!({}))
        .with_outcome(audit::Outcome::Failed, ["turn_failed".to_owned()])
        .caused_by(turn);
    record(tx, guard, entry)?;
    control::stop_by_fault(tx, guard, &caller)
}
