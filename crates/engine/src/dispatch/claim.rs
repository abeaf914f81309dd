//! The transaction before the wire.

use std::{sync::Arc, time::Duration};

use marketplace::{ContactId, OutboxId};
use meta_client::OutboundMessage;
use serde_json::json;
use store::{
    Tx, contacts,
    outbox::{
        self, Purpose, Send, SendState,
        breaker::{self, Admission, OpenBreaker, Scope, VolumeLimits},
    },
    requests::RequestGuard,
    sourcing, vendors,
};
use tools::{AuditEntry, Caller, Policy, ToolError, record_system};

use super::gates::{self, Verdict};
use crate::{consequences, number::Term, templates::TemplateCatalogue};

/// Under what an intent is claimed.
pub(super) struct Claiming {
    pub(super) term: Term,
    /// Whether the rate buckets had room, else how long until they have.
    pub(super) bucket: Result<(), Duration>,
    pub(super) policy: Policy,
    pub(super) limits: VolumeLimits,
    pub(super) templates: Arc<TemplateCatalogue>,
}

/// What became of it.
pub(super) enum Claim {
    /// `sending` is written; once this is committed the message must go on the wire, once.
    Send(Box<OutboundMessage>),
    /// Not yet.
    Held,
    /// Not yet: it would have been one too many, and opened this breaker.
    Opened(OpenBreaker),
    /// Never.
    Cancelled,
    /// Not queued any more.
    Passed,
    /// Another process sends from this number now.
    LeaseLost,
}

pub(super) fn claim(tx: &mut Tx<'_>, claiming: &Claiming, id: OutboxId) -> Result<Claim, ToolError> {
    // STOP takes the contact's row: "after STOP" means after this transaction.
    let (guard, send) = consequences::take(tx, id)?;
    if send.state != SendState::Queued {
        return Ok(Claim::Passed);
    }
    let contact = contacts::load(tx, send.contact)?;
    Ok(match gates::judge(tx, claiming, guard.as_ref(), &contact, &send)? {
        Verdict::Go(message) => admit(tx, claiming, guard.as_ref(), &send, message)?,
        Verdict::Wait(how_long) => {
            outbox::requeue(tx, &send, tx.now + how_long)?;
            Claim::Held
        }
        Verdict::NoTemplate(how_long, code) => {
            outbox::requeue(tx, &send, tx.now + how_long)?;
            outbox::set_reason(tx, id, &consequences::meta_reason(code))?;
            Claim::Held
        }
        Verdict::Never(reason) => {
            consequences::cancel(tx, guard.as_ref(), &send, reason)?;
            Claim::Cancelled
        }
        Verdict::LeaseLost => Claim::LeaseLost,
    })
}

/// The last gate: the volume. What goes on the wire is counted with the row that says so.
fn admit(
    tx: &mut Tx<'_>,
    claiming: &Claiming,
    guard: Option<&RequestGuard>,
    send: &Send,
    message: Box<OutboundMessage>,
) -> Result<Claim, ToolError> {
    let vendor = as_vendor(tx, guard, send)?;
    Ok(match breaker::admit(tx, vendor, claiming.limits)? {
        Admission::Counted => {
            outbox::mark_sending(tx, send.id, claiming.term.fence)?;
            let is_short = message.content().is_template();
            let owed = is_short && send.payload.as_ref().is_some_and(gates::is_announced);
            outbox::set_owed(tx, send.id, owed)?;
            Claim::Send(message)
        }
        Admission::Held => {
            outbox::requeue(tx, send, tx.now + gates::pause_of(Scope::Product))?;
            Claim::Held
        }
        Admission::Opened(open) => {
            outbox::requeue(tx, send, tx.now + gates::pause_of(open.scope))?;
            let payload = json!({ "contact_id": vendor, "sent": open.sent, "limit": open.limit });
            let entry = AuditEntry::new(Caller::system("dispatcher").actor, "breaker.opened", payload)
                .with_outcome(audit::Outcome::Ok, [open.scope.code().to_owned()])
                .caused_by(send.id);
            record_system(tx, entry)?;
            Claim::Opened(open)
        }
    })
}

/// The recipient, if it gets this as a vendor: everybody but the request's own client, and of those whom a notice
/// answers, the vendors of the directory.
pub(super) fn as_vendor(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
) -> Result<Option<ContactId>, ToolError> {
    let is_vendor = match guard {
        Some(guard) => guard.request().client != send.contact,
        None => vendors::find_by_contact(tx, send.contact)?.is_some(),
    };
    Ok(is_vendor.then_some(send.contact))
}

/// Ends an intent whose time is over, whatever holds it; false when it is not queued any more, or when its batch
/// waits for it.
pub(super) fn expire(tx: &mut Tx<'_>, id: OutboxId) -> Result<bool, ToolError> {
    let (guard, send) = consequences::take(tx, id)?;
    if send.state != SendState::Queued {
        return Ok(false);
    }
    let contact = contacts::load(tx, send.contact)?;
    let Some(reason) = gates::never(tx, guard.as_ref(), &contact, &send) else { return Ok(false) };
    if reason == gates::STALE && batch_waits_for(tx, guard.as_ref(), &send)? {
        return Ok(false);
    }
    consequences::cancel(tx, guard.as_ref(), &send, reason)?;
    Ok(true)
}

/// Whether this is an inquiry of an open batch while nothing may be sent, or no template: the batch's deadline moves
/// then, and with it the time of the inquiry, be it after this look or before.
fn batch_waits_for(tx: &mut Tx<'_>, guard: Option<&RequestGuard>, send: &Send) -> Result<bool, ToolError> {
    let Some(guard) = guard else { return Ok(false) };
    let waits = send.reason.is_some() || breaker::all_is_held(tx)?;
    if send.purpose != Purpose::VendorInquiry || !waits {
        return Ok(false);
    }
    Ok(sourcing::awaited_contacts(tx, guard.request().id)?.contains(&send.contact))
}
