//! What ends with a person: their open request, the wait for them as a vendor, what is queued. An erasure, a STOP and
//! a merge end the same things for different reasons.

use std::collections::BTreeSet;

use audit::Outcome;
use marketplace::{Control, OutboxId, OutreachId, RequestState};
use moltbot_contract::{BatchStatus, OutreachStatus};
use serde_json::json;
use store::{
    Tx, contacts,
    lanes::{self, EntryKind},
    outbox::{self, SendState},
    requests::{self, RequestGuard},
    sourcing, timers,
    turns::{self, Settlement, TurnStatus},
};

use crate::{AuditEntry, Caller, ToolError, calling::consent_ends, outreach, record};

/// Why it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The person is being erased.
    Erased,
    /// The person said STOP.
    OptedOut,
    /// The person turned out to be somebody with a request of their own, which goes on.
    Merged,
}

impl Ending {
    pub(crate) fn caller(self) -> Caller {
        match self {
            Self::Erased => Caller::operator(),
            Self::OptedOut | Self::Merged => Caller::system("router"),
        }
    }

    /// The reason of a client's request that is closed.
    pub(crate) const fn of_client(self) -> &'static str {
        match self {
            Self::Erased => "client_erased",
            Self::OptedOut => "client_opted_out",
            Self::Merged => "client_merged",
        }
    }

    /// The reason of an outreach that ends, and of the look that follows.
    pub(crate) const fn of_vendor(self) -> &'static str {
        match self {
            Self::Erased => "vendor_erased",
            Self::OptedOut => "vendor_opted_out",
            Self::Merged => "vendor_merged",
        }
    }

    /// The reason of a message that is not sent: the dispatcher's own for such a person.
    pub(crate) const fn of_send(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::OptedOut => "opted_out",
            Self::Merged => "merged",
        }
    }

    const fn client_in_words(self) -> &'static str {
        match self {
            Self::Erased => "the client was erased",
            Self::OptedOut => "the client said STOP",
            Self::Merged => "the client's other request goes on",
        }
    }

    const fn vendor_in_words(self) -> &'static str {
        match self {
            Self::Erased => "a vendor of the list was erased",
            Self::OptedOut => "a vendor of the list said STOP",
            Self::Merged => "a vendor of the list is the client",
        }
    }
}

/// Closes a request as a person does, whatever it was doing and whoever has it. How many of its messages were still in
/// the queue; `None` when it was closed already.
pub(crate) fn close(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    ending: Ending,
) -> Result<Option<usize>, ToolError> {
    let (id, from) = (guard.request().id, guard.request().state);
    if from == RequestState::Closed {
        return Ok(None);
    }
    if sourcing::batches_of(tx, id)?.iter().any(|batch| batch.status == BatchStatus::Open) {
        sourcing::settle_open_batch(tx, guard)?;
    }
    timers::settle_all(tx, guard)?;
    let queued: Vec<OutboxId> = outbox::of_request(tx, id)?
        .into_iter()
        .filter(|send| send.state == SendState::Queued)
        .map(|send| send.id)
        .collect();
    let turn = turns::unsettled_id(tx, id)?;
    if let Some(turn) = turn {
        let end = Settlement {
            status: TurnStatus::Dropped,
            source: "coded_workflow".to_owned(),
            verdict: "not_asked".to_owned(),
            decision: "none".to_owned(),
            detail: json!({ "why": ending.client_in_words() }).to_string(),
            also_sealed_by: Vec::new(),
        };
        turns::settle(tx, guard, turn, &end)?;
    }
    let waiting: BTreeSet<_> = lanes::pending(tx, id)?.into_iter().map(|entry| entry.id).collect();
    lanes::consume(tx, guard, turn, &waiting.into_iter().collect::<Vec<_>>())?;
    consent_ends::request_ended(tx, guard, &ending.caller())?;
    requests::set_state(tx, guard, RequestState::Closed)?;
    let payload = json!({ "from": from, "to": RequestState::Closed, "reason": ending.client_in_words() });
    let closed = AuditEntry::new(ending.caller().actor, "state.changed", payload)
        .with_outcome(Outcome::Ok, [ending.of_client().to_owned()]);
    record(tx, guard, closed)?;
    for send in &queued {
        cancel(tx, guard, *send, ending, false)?;
    }
    Ok(Some(queued.len()))
}

/// The batch goes on without this vendor, a list that shows them is made anew, and the workflow looks again. Whatever
/// was decided before is refused: it may count on the vendor.
pub(crate) fn end_outreach(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    id: OutreachId,
    ending: Ending,
) -> Result<bool, ToolError> {
    let request = guard.request().id;
    let unsettled = [OutreachStatus::Waiting, OutreachStatus::Replied];
    let is_over = matches!(guard.request().state, RequestState::HandedOff | RequestState::Closed);
    let known = sourcing::outreach_by_id(tx, id)?.filter(|outreach| unsettled.contains(&outreach.status));
    let Some(known) = known.filter(|_| !is_over) else { return Ok(false) };
    outreach::settle(tx, guard, &known, OutreachStatus::Failed)?;
    let key = contacts::data_key(tx, known.contact)?;
    for send in outbox::queued_speaking_of(tx, request, key)? {
        cancel(tx, guard, send, ending, false)?;
    }
    let list = sourcing::shortlists_of(tx, request)?.pop();
    let is_listed = list.is_some_and(|list| list.items.iter().any(|(vendor, _)| *vendor == known.vendor));
    if is_listed && guard.request().state == RequestState::Shortlisted {
        // The client gets another list, without them.
        requests::set_state(tx, guard, RequestState::Sourcing)?;
        let payload = json!({
            "from": RequestState::Shortlisted, "to": RequestState::Sourcing, "reason": ending.vendor_in_words()
        });
        let changed = AuditEntry::new(ending.caller().actor, "state.changed", payload)
            .with_outcome(Outcome::Ok, [ending.of_vendor().to_owned()]);
        record(tx, guard, changed)?;
    } else {
        requests::touch(tx, guard)?;
    }
    if guard.request().control == Control::Bot {
        let now = guard.now(tx);
        lanes::append(tx, guard, EntryKind::Wake, None, Some(ending.of_vendor()), now)?;
    }
    let ended = AuditEntry::new(ending.caller().actor, "outreach.ended", json!({ "outreach_id": id }))
        .with_outcome(Outcome::Ok, [ending.of_vendor().to_owned()])
        .caused_by(id);
    record(tx, guard, ended)?;
    Ok(true)
}

/// Takes a message out of the queue; `with_consequences` where the request goes on.
pub(crate) fn cancel(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    id: OutboxId,
    ending: Ending,
    with_consequences: bool,
) -> Result<bool, ToolError> {
    let send = outbox::lock(tx, id)?;
    if send.state != SendState::Queued {
        return Ok(false);
    }
    outbox::cancel(tx, id, ending.of_send())?;
    let payload = json!({ "message_id": send.message, "purpose": send.purpose, "attempts": send.attempts });
    let cancelled = AuditEntry::new(ending.caller().actor, "send.cancelled", payload)
        .with_outcome(Outcome::Refused, [ending.of_send().to_owned()])
        .caused_by(id);
    record(tx, guard, cancelled)?;
    if with_consequences && guard.request().client != send.contact {
        outreach::not_delivered(tx, Some(guard), &send, ending.of_send())?;
    }
    Ok(true)
}
