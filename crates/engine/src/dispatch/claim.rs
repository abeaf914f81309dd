//! The transaction before the wire.

use std::{sync::Arc, time::Duration};

use marketplace::OutboxId;
use meta_client::OutboundMessage;
use store::{
    Tx, contacts,
    outbox::{self, SendState},
};
use tools::ToolError;

use super::gates::{self, Verdict};
use crate::{consequences, templates::TemplateCatalogue};

/// Under what an intent is claimed.
pub(super) struct Claiming {
    pub(super) lease: String,
    pub(super) owner: String,
    pub(super) fence: i64,
    /// Whether the rate buckets had room, else how long until they have.
    pub(super) bucket: Result<(), Duration>,
    pub(super) templates: Arc<TemplateCatalogue>,
}

/// What became of it.
pub(super) enum Claim {
    /// `sending` is written; once this is committed the message must go on the wire, once.
    Send(Box<OutboundMessage>),
    /// Not yet.
    Held,
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
        Verdict::Go(message) => {
            outbox::mark_sending(tx, id, claiming.fence)?;
            Claim::Send(message)
        }
        Verdict::Wait(how_long) => {
            outbox::requeue(tx, id, tx.now + how_long)?;
            Claim::Held
        }
        Verdict::Never(reason) => {
            consequences::cancel(tx, guard.as_ref(), &send, reason)?;
            Claim::Cancelled
        }
        Verdict::LeaseLost => Claim::LeaseLost,
    })
}
