//! Erasing a person: the order in which it happens, so that it may stop anywhere and be taken up again.
//!
//! First nothing more is sent to them and no import brings them back ([`store::erasure::begin`]). Then what runs
//! with them is ended, a transaction each: a client's requests are closed, vendors they were are waited for no
//! longer, queued messages are cancelled. Last the keys go. Running it again does what is left.

use marketplace::{ContactId, OutboxId, OutreachId, RequestId};
use serde::Serialize;
use serde_json::json;
use store::{
    Db, Tx, erasure,
    erasure::{Destroyed, Person},
    outbox, requests, sourcing,
};

use crate::{
    AuditEntry, Caller, ToolError,
    ending::{self, Ending},
    record_system,
};

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
            let cancelled = db
                .write(move |tx| {
                    let mut guard = requests::lock(tx, id)?;
                    ending::close(tx, &mut guard, Ending::Erased)
                })
                .await?;
            report.requests_closed += usize::from(cancelled.is_some());
            report.sends_cancelled += cancelled.unwrap_or(0);
        }
        for (request, id) in self.outreaches {
            let ended = db
                .write(move |tx| {
                    let mut guard = requests::lock(tx, request)?;
                    ending::end_outreach(tx, &mut guard, id, Ending::Erased)
                })
                .await?;
            report.outreaches_ended += usize::from(ended);
        }
        for (request, id) in self.sends {
            let cancelled = db
                .write(move |tx| {
                    let guard = requests::lock(tx, request)?;
                    ending::cancel(tx, &guard, id, Ending::Erased, true)
                })
                .await?;
            report.sends_cancelled += usize::from(cancelled);
        }
        Ok(())
    }
}
