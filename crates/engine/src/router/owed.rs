//! Outside the 24-hour window a long message went out as "there is news". The person writes: now they get it whole.

use audit::Outcome;
use conversation::{ControlWord, control_words};
use marketplace::{OutboxId, PhoneNumberId, RequestId, Timestamp};
use serde_json::json;
use store::{
    Tx,
    contacts::{self, Contact},
    messages::MessageKind,
    outbox::{self, Send},
    requests::{self, RequestGuard},
};
use tools::{AuditEntry, Caller, ToolError, record, staleness};

use super::message::Reading;

/// What is owed to this person by this number, if free text may be sent to them now.
pub(super) fn to(tx: &mut Tx<'_>, contact: &Contact, number: &PhoneNumberId) -> Result<Vec<Send>, ToolError> {
    if !contacts::window_is_open(tx, contact.id, number)? {
        return Ok(Vec::new());
    }
    Ok(outbox::owed_to(tx, contact.id, number)?)
}

/// Whether a message only says "show me": the whole text is its answer, and no turn is needed. A number chooses nothing
/// on a list that nobody has seen.
pub(super) fn is_answered_by(owed: &[Send], request: RequestId, reading: &Reading) -> bool {
    let of_this = owed.iter().any(|send| send.request == Some(request));
    let text = reading.body.trim();
    let is_number = !text.is_empty() && text.chars().all(char::is_numeric);
    of_this
        && reading.kind == MessageKind::Text
        && (is_number || control_words::recognise(text) == Some(ControlWord::Yes))
}

/// Queues the whole texts, where the one who wrote them still has the word.
pub(super) fn send_in_full(
    tx: &mut Tx<'_>,
    contact: &Contact,
    number: &PhoneNumberId,
    owed: &[Send],
) -> Result<(), ToolError> {
    let mut wanted: Vec<(OutboxId, Timestamp)> = Vec::new();
    let mut guards: Vec<RequestGuard> = Vec::new();
    for send in owed {
        let (Some(request), Some(lasts)) = (send.request, staleness::of(send.purpose)) else { continue };
        let guard = requests::lock(tx, request)?;
        if guard.request().control_epoch == send.control_epoch && guard.request().state.is_open() {
            wanted.push((send.id, guard.now(tx) + lasts));
            guards.push(guard);
        }
    }
    outbox::send_in_full(tx, contact.id, number, &wanted)?;
    for ((id, _), guard) in wanted.iter().zip(&guards) {
        let entry = AuditEntry::new(Caller::system("router").actor, "send.in_full", json!({ "first": id }))
            .with_outcome(Outcome::Ok, ["window_open".to_owned()])
            .caused_by(id);
        record(tx, guard, entry)?;
    }
    Ok(())
}
