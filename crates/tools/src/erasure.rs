//! Erasing a person: the order in which it happens, so that it may stop anywhere and be taken up again.
//!
//! First nothing more is sent to them and no import brings them back ([`store::erasure::begin`]). Then what runs
//! with them is ended, a transaction each: a client's requests are closed, vendors they were are waited for no
//! longer, queued messages are cancelled. Last the keys go. Running it again does what is left.

use std::collections::BTreeSet;

use audit::Outcome;
use marketplace::{ContactId, Control, OutboxId, OutreachId, RequestId, RequestState};
use moltbot_contract::{BatchStatus, OutreachStatus};
use serde::Serialize;
use serde_json::json;
use store::{
    Db, Tx, contacts, erasure,
    erasure::{Destroyed, Person},
    lanes::{self, EntryKind},
    outbox::{self, SendState},
    requests::{self, RequestGuard},
    sourcing, timers,
    turns::{self, Settlement, TurnStatus},
};

use crate::{AuditEntry, Caller, ToolError, calling::consent_ends, outreach, record, record_system};

/// How often the steps are repeated while something of a transaction that had begun earlier turns up.
const ROUNDS_MAX: u32 = 8;

/// What an erasure did, or would do: counts only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Nothing was left to do.
    pub erased_before: bool,
    /// Identities that are not contacted again.
    pub suppressed: usize,
    /// Requests of the client that were closed.
    pub requests_closed: usize,
    /// Requests that go on without the vendor.
    pub outreaches_ended: usize,
    /// Messages that were still in the queue.
    pub sends_cancelled: usize,
    /// Events that had not been routed.
    pub events_ignored: usize,
    /// Webhooks that could be attributed to nobody, and named the person.
    pub unattributed_blanked: usize,
    /// Keys that are gone.
    pub keys_destroyed: usize,
}

/// What an erasure would do now. Changes nothing.
pub fn plan(tx: &mut Tx<'_>, contact: ContactId) -> Result<Report, ToolError> {
    let person = erasure::person(tx, contact)?;
    let mut report = Report { erased_before: person.key_destroyed, ..Report::default() };
    for contact in &person.contacts {
        report.requests_closed += requests::unclosed_of_client(tx, *contact)?.len();
        report.outreaches_ended += sourcing::unsettled_outreaches_to(tx, *contact)?.len();
        report.sends_cancelled += outbox::queued_to(tx, *contact)?.len();
    }
    Ok(report)
}

/// Erases a person, under all contacts that are theirs. What a run before has done is not done again.
///
/// # Errors
/// [`ToolError`]; what is committed by then stands, and running it again does the rest.
pub async fn erase(db: &Db, contact: ContactId) -> Result<Report, ToolError> {
    let (person, mut report) = db.write(move |tx| begin(tx, contact)).await?;
    if report.erased_before {
        return Ok(report);
    }
    for _ in 0..ROUNDS_MAX {
        let people = person.contacts.clone();
        let left = db.read(move |tx| Left::of(tx, &people)).await?;
        if left.is_empty() {
            break;
        }
        left.end(db, &mut report).await?;
    }
    let mut after: Option<String> = None;
    loop {
        let (whom, from) = (person.clone(), after.take());
        let (blanked, next) = db
            .write(move |tx| Ok::<_, ToolError>(erasure::blank_unattributed(tx, &whom, from.as_deref())?))
            .await?;
        report.unattributed_blanked += blanked;
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let so_far = report;
    let destroyed = db.write(move |tx| finish(tx, &person, so_far)).await?;
    report.sends_cancelled += destroyed.sends;
    report.events_ignored = destroyed.events;
    report.keys_destroyed = destroyed.keys;
    Ok(report)
}

fn begin(tx: &mut Tx<'_>, contact: ContactId) -> Result<(Person, Report), ToolError> {
    let person = erasure::person(tx, contact)?;
    if person.key_destroyed {
        return Ok((person, Report { erased_before: true, ..Report::default() }));
    }
    let suppressed = erasure::begin(tx, &person)?;
    if person.erased_at.is_none() {
        let payload = json!({ "contacts": person.contacts, "suppressed": suppressed });
        record_system(tx, entry("contact.erasure_started", payload, contact))?;
    }
    Ok((person, Report { suppressed, ..Report::default() }))
}

fn finish(tx: &mut Tx<'_>, person: &Person, so_far: Report) -> Result<Destroyed, ToolError> {
    let destroyed = erasure::destroy(tx, person)?;
    let report = Report {
        sends_cancelled: so_far.sends_cancelled + destroyed.sends,
        events_ignored: destroyed.events,
        keys_destroyed: destroyed.keys,
        ..so_far
    };
    if let Some(contact) = person.contacts.first() {
        let payload = json!({ "contacts": person.contacts, "counts": report });
        record_system(tx, entry("contact.erased", payload, *contact))?;
    }
    Ok(destroyed)
}

fn entry(action: &str, payload: serde_json::Value, contact: ContactId) -> AuditEntry {
    AuditEntry::new(Caller::operator().actor, action, payload).caused_by(contact)
}

/// What still runs with a person.
#[derive(Debug, Default)]
struct Left {
    requests: Vec<RequestId>,
    outreaches: Vec<(RequestId, OutreachId)>,
    sends: Vec<(RequestId, OutboxId)>,
}

impl Left {
    fn of(tx: &mut Tx<'_>, contacts: &[ContactId]) -> Result<Self, ToolError> {
        let mut left = Self::default();
        for contact in contacts {
            left.requests.extend(requests::unclosed_of_client(tx, *contact)?);
            let outreaches = sourcing::unsettled_outreaches_to(tx, *contact)?;
            left.outreaches.extend(outreaches.into_iter().map(|outreach| (outreach.request, outreach.id)));
            // One without a request ends with the keys.
            let sends = outbox::queued_to(tx, *contact)?;
            left.sends.extend(sends.into_iter().filter_map(|(id, request)| Some((request?, id))));
        }
        Ok(left)
    }

    fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.outreaches.is_empty() && self.sends.is_empty()
    }

    /// Each in a transaction of its own, under the request's row.
    async fn end(self, db: &Db, report: &mut Report) -> Result<(), ToolError> {
        for id in self.requests {
            let cancelled = db.write(move |tx| close_request(tx, id)).await?;
            report.requests_closed += usize::from(cancelled.is_some());
            report.sends_cancelled += cancelled.unwrap_or(0);
        }
        for (request, id) in self.outreaches {
            let ended = db.write(move |tx| end_outreach(tx, request, id)).await?;
            report.outreaches_ended += usize::from(ended);
        }
        for (request, id) in self.sends {
            let cancelled = db
                .write(move |tx| {
                    let guard = requests::lock(tx, request)?;
                    cancel(tx, &guard, id, true)
                })
                .await?;
            report.sends_cancelled += usize::from(cancelled);
        }
        Ok(())
    }
}

/// Closes a request as a person does, whatever it was doing. How many of its messages were still in the queue; `None`
/// when it was closed already.
fn close_request(tx: &mut Tx<'_>, id: RequestId) -> Result<Option<usize>, ToolError> {
    let mut guard = requests::lock(tx, id)?;
    let from = guard.request().state;
    if from == RequestState::Closed {
        return Ok(None);
    }
    if sourcing::batches_of(tx, id)?.iter().any(|batch| batch.status == BatchStatus::Open) {
        sourcing::settle_open_batch(tx, &guard)?;
    }
    timers::settle_all(tx, &guard)?;
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
            detail: json!({ "why": "the client was erased" }).to_string(),
            also_sealed_by: Vec::new(),
        };
        turns::settle(tx, &guard, turn, &end)?;
    }
    let waiting: BTreeSet<_> = lanes::pending(tx, id)?.into_iter().map(|entry| entry.id).collect();
    lanes::consume(tx, &guard, turn, &waiting.into_iter().collect::<Vec<_>>())?;
    consent_ends::request_ended(tx, &guard, &Caller::operator())?;
    requests::set_state(tx, &mut guard, RequestState::Closed)?;
    let payload = json!({ "from": from, "to": RequestState::Closed, "reason": "the client was erased" });
    let closed = AuditEntry::new(Caller::operator().actor, "state.changed", payload)
        .with_outcome(Outcome::Ok, ["client_erased".to_owned()]);
    record(tx, &guard, closed)?;
    for send in &queued {
        cancel(tx, &guard, *send, false)?;
    }
    Ok(Some(queued.len()))
}

/// The batch goes on without this vendor, a list that shows them is made anew, and the workflow looks again. Whatever
/// was decided before is refused: it may count on the vendor.
fn end_outreach(tx: &mut Tx<'_>, request: RequestId, id: OutreachId) -> Result<bool, ToolError> {
    let mut guard = requests::lock(tx, request)?;
    let unsettled = [OutreachStatus::Waiting, OutreachStatus::Replied];
    let is_over = matches!(guard.request().state, RequestState::HandedOff | RequestState::Closed);
    let known = sourcing::outreach_by_id(tx, id)?.filter(|outreach| unsettled.contains(&outreach.status));
    let Some(known) = known.filter(|_| !is_over) else { return Ok(false) };
    outreach::settle(tx, &guard, &known, OutreachStatus::Failed)?;
    let key = contacts::data_key(tx, known.contact)?;
    for send in outbox::queued_speaking_of(tx, request, key)? {
        cancel(tx, &guard, send, false)?;
    }
    let list = sourcing::shortlists_of(tx, request)?.pop();
    let is_listed = list.is_some_and(|list| list.items.iter().any(|(vendor, _)| *vendor == known.vendor));
    if is_listed && guard.request().state == RequestState::Shortlisted {
        // The client gets another list, without them.
        requests::set_state(tx, &mut guard, RequestState::Sourcing)?;
        let payload = json!({
            "from": RequestState::Shortlisted, "to": RequestState::Sourcing, "reason": "a vendor of the list was erased"
        });
        let changed = AuditEntry::new(Caller::operator().actor, "state.changed", payload)
            .with_outcome(Outcome::Ok, ["vendor_erased".to_owned()]);
        record(tx, &guard, changed)?;
    } else {
        requests::touch(tx, &mut guard)?;
    }
    if guard.request().control == Control::Bot {
        let now = guard.now(tx);
        lanes::append(tx, &guard, EntryKind::Wake, None, Some("vendor_erased"), now)?;
    }
    let ended = AuditEntry::new(Caller::operator().actor, "outreach.ended", json!({ "outreach_id": id }))
        .with_outcome(Outcome::Ok, ["vendor_erased".to_owned()])
        .caused_by(id);
    record(tx, &guard, ended)?;
    Ok(true)
}

/// Takes a message out of the queue; `with_consequences` where the request goes on.
fn cancel(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    id: OutboxId,
    with_consequences: bool,
) -> Result<bool, ToolError> {
    let send = outbox::lock(tx, id)?;
    if send.state != SendState::Queued {
        return Ok(false);
    }
    outbox::cancel(tx, id, "erased")?;
    let payload = json!({ "message_id": send.message, "purpose": send.purpose, "attempts": send.attempts });
    let cancelled = AuditEntry::new(Caller::operator().actor, "send.cancelled", payload)
        .with_outcome(Outcome::Refused, ["erased".to_owned()])
        .caused_by(id);
    record(tx, guard, cancelled)?;
    if with_consequences && guard.request().client != send.contact {
        outreach::not_delivered(tx, Some(guard), &send, "erased")?;
    }
    Ok(true)
}
