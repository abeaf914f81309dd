//! What news of a send changes beside its row: the outreach, the mailbox, the window, the opt-out, the audit.

use audit::Outcome;
use marketplace::{OutboxId, Timestamp};
use meta_client::SendErrorClass;
use serde_json::json;
use store::{
    StoreError, Tx, contacts,
    outbox::{self, Send, SendState},
    requests::{self, RequestGuard},
};
use tools::{AuditEntry, Caller, ToolError, outreach, record, record_system};

/// News of a send from a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    /// How far it is.
    pub(crate) state: SendState,
    /// Meta's code, on a failure.
    pub(crate) code: Option<i64>,
    /// When, by Meta's clock.
    pub(crate) at: Option<Timestamp>,
}

/// Takes the rows of an intent in the one order: request, contact, intent.
pub(crate) fn take(tx: &mut Tx<'_>, id: OutboxId) -> Result<(Option<RequestGuard>, Send), ToolError> {
    let known = outbox::load(tx, id)?;
    if let Some(request) = known.request {
        tracing::Span::current().record("request", tracing::field::display(request));
    }
    let guard = known.request.map(|request| requests::lock(tx, request)).transpose()?;
    contacts::lock(tx, known.contact)?;
    Ok((guard, outbox::lock(tx, id)?))
}

/// The code that stands for an error of Meta's. A code is at most six digits: longer ones are none of `/messages`.
pub(crate) fn meta_reason(code: i64) -> String {
    if (0..=999_999).contains(&code) { format!("meta_{code}") } else { "meta_other".to_owned() }
}

/// Moves an intent forward. The Meta id of a message to an erased person is not kept.
pub(crate) fn advance(
    tx: &mut Tx<'_>,
    id: OutboxId,
    news: SendState,
    reason: Option<&str>,
    wamid: Option<&str>,
) -> Result<SendState, ToolError> {
    // One Meta id names one intent: a second claim to it is not believed.
    let wamid = match wamid {
        Some(wamid) => outbox::find_by_wamid(tx, wamid)?.is_none_or(|owner| owner == id).then_some(wamid),
        None => None,
    };
    match outbox::advance(tx, id, news, reason, wamid) {
        Err(StoreError::Erased) => Ok(outbox::advance(tx, id, news, reason, None)?),
        result => Ok(result?),
    }
}

/// What follows once Meta has an intent for sure: `before` is how it was until now. Silence counts from here.
pub(crate) fn accepted(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    before: &Send,
    after: SendState,
) -> Result<(), ToolError> {
    match guard {
        Some(guard) if after.is_accepted() && !before.state.is_accepted() => {
            tools::calling::silence::accepted(tx, guard, before)
        }
        _ => Ok(()),
    }
}

/// Ends an intent that was never on the wire.
pub(crate) fn cancel(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    reason: &str,
) -> Result<(), ToolError> {
    outbox::cancel(tx, send.id, reason)?;
    audit_send(tx, guard, send, "send.cancelled", Outcome::Refused, Some(reason))?;
    outreach::not_delivered(tx, guard, send, reason)
}

/// Ends an intent that will not arrive, unless something better is known of it already.
pub(crate) fn fail(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    reason: &str,
) -> Result<(), ToolError> {
    let state = advance(tx, send.id, SendState::Failed, Some(reason), None)?;
    if state != SendState::Failed || send.state.is_final() {
        return Ok(());
    }
    failed(tx, guard, send, reason)
}

/// Records that an intent failed, and what follows from it. The row says so already.
pub(crate) fn failed(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    reason: &str,
) -> Result<(), ToolError> {
    audit_send(tx, guard, send, "send.failed", Outcome::Failed, Some(reason))?;
    outreach::not_delivered(tx, guard, send, reason)
}

/// What a refusal of Meta's teaches about the person: no window, or no wish to hear from us.
pub(crate) fn refused_for_good(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    class: SendErrorClass,
) -> Result<(), ToolError> {
    match class {
        SendErrorClass::Window => {
            let as_of = send.sending_at.unwrap_or(tx.now);
            contacts::close_window(tx, send.contact, &send.phone_number_id, as_of)?;
        }
        SendErrorClass::OptOut => {
            let known = contacts::load(tx, send.contact)?.opted_out_at.is_some();
            if !known {
                contacts::set_opt_out(tx, send.contact, Some(tx.now))?;
                audit_send(tx, guard, send, "contact.opted_out", Outcome::Ok, Some("meta_131050"))?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Appends to the request's chain, or to `system` when there is no request.
pub(crate) fn audit_send(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    action: &str,
    outcome: Outcome,
    reason: Option<&str>,
) -> Result<(), ToolError> {
    let payload = json!({ "message_id": send.message, "purpose": send.purpose, "attempts": send.attempts });
    let entry = AuditEntry::new(Caller::system("dispatcher").actor, action, payload)
        .with_outcome(outcome, reason.map(str::to_owned))
        .caused_by(send.id);
    match guard {
        Some(guard) => record(tx, guard, entry),
        None => record_system(tx, entry),
    }
}
