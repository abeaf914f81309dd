//! Places each stored event: identity, control words, then a request's mailbox. Decides nothing else.
//!
//! One router at a time (a lease); the events of one sender in order, of different senders in parallel.

#[cfg(test)]
mod consent_tests;
mod consents;
mod identity;
#[cfg(test)]
mod identity_tests;
mod language;
#[cfg(test)]
mod language_tests;
mod message;
mod opt_out;
mod owed;
mod place;
mod which;
#[cfg(test)]
mod window_tests;

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt as _, stream};
use marketplace::{EventId, PhoneNumberId};
use meta_client::event::{self, Event};
use store::{
    Db, StoreError, Tx,
    dead_letters::{self, DeadLetterSource, NewDeadLetter},
    inbound::{self, InboundEvent, Routed},
    leases,
};
use tools::{
    Policy, ToolError,
    calling::call_status_webhook::{CallNews, CallOutcome, Received, call_status_webhook},
};
use tracing::Instrument as _;

use crate::{calls, statuses};

pub use message::{QUOTE_WAITS, STALE_AFTER};

/// How many waiting events one step looks at.
const PAGE: i64 = 256;
/// How many senders are worked at once.
const SENDERS_AT_ONCE: usize = 16;
/// How long the router's lease lasts without a step; real time.
pub const LEASE: Duration = Duration::from_secs(30);

/// Places events.
#[derive(Clone)]
pub struct Router {
    db: Db,
    numbers: Vec<PhoneNumberId>,
    owner: String,
    policy: Policy,
}

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RouterReport {
    /// Events placed, ignored or dead-lettered.
    pub finished: usize,
    /// Events that wait for a send of ours to become known.
    pub parked: usize,
    /// Events that failed and stay; they are tried again.
    pub failed: usize,
}

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placed {
    Finished,
    Parked,
    Failed,
}

impl Router {
    /// `numbers` are ours; an event of another number is dead-lettered. With calling off in `policy` a YES is recorded,
    /// and nobody is asked for Meta's permission after it. `owner` names this process in the lease.
    pub const fn new(db: Db, numbers: Vec<PhoneNumberId>, policy: Policy, owner: String) -> Self {
        Self { db, numbers, owner, policy }
    }

    /// Places what waits.
    ///
    /// # Errors
    /// [`ToolError`] when the store fails as a whole; a single event's failure is counted and retried.
    pub async fn step(&self) -> Result<RouterReport, ToolError> {
        let waiting = self.db.read(|tx| inbound::waiting(tx, PAGE)).await?;
        if waiting.is_empty() {
            return Ok(RouterReport::default());
        }
        let owner = self.owner.clone();
        let lease = self.db.write(move |tx| leases::acquire(tx, "router", &owner, LEASE)).await?;
        if lease.is_none() {
            return Ok(RouterReport::default());
        }
        // A parked event is looked at on every step: it costs a read of what it waits for, and at most 60 s.
        let groups = by_sender(&waiting);
        let placed: Vec<Vec<Placed>> = stream::iter(groups)
            .map(|events| self.place_in_order(events))
            .buffer_unordered(SENDERS_AT_ONCE)
            .collect()
            .await;
        let count = |wanted: Placed| placed.iter().flatten().filter(|placed| **placed == wanted).count();
        Ok(RouterReport {
            finished: count(Placed::Finished),
            parked: count(Placed::Parked),
            failed: count(Placed::Failed),
        })
    }

    /// Gives the lease back, so that a successor need not wait for it to run out.
    ///
    /// # Errors
    /// [`ToolError`] when the store fails; then the lease runs out by itself.
    pub async fn release(&self) -> Result<(), ToolError> {
        let owner = self.owner.clone();
        Ok(self.db.write(move |tx| leases::release(tx, "router", &owner)).await?)
    }

    async fn place_in_order(&self, events: Vec<EventId>) -> Vec<Placed> {
        let mut placed = Vec::with_capacity(events.len());
        for id in events {
            let (numbers, policy) = (self.numbers.clone(), self.policy);
            // The request is known once the event has been read.
            let span = tracing::info_span!("route", event = %id, request = tracing::field::Empty);
            let placing = async {
                self.db.write(move |tx| route(tx, policy, &numbers, id)).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "an event could not be placed; it stays");
                    Placed::Failed
                })
            };
            let outcome = placing.instrument(span).await;
            placed.push(outcome);
            // A later message of the same person must not overtake one that could not be placed.
            if outcome == Placed::Failed {
                break;
            }
        }
        placed
    }
}

/// Groups by sender, keeping the order inside each; events of nobody stand alone.
fn by_sender(events: &[InboundEvent]) -> Vec<Vec<EventId>> {
    let mut groups: BTreeMap<Vec<u8>, Vec<EventId>> = BTreeMap::new();
    let mut alone = Vec::new();
    for event in events {
        match &event.sender_hash {
            Some(sender) if event.kind == "message" => {
                groups.entry(sender.clone()).or_default().push(event.id);
            }
            _ => alone.push(vec![event.id]),
        }
    }
    groups.into_values().chain(alone).collect()
}

/// One event in one transaction.
fn route(
    tx: &mut Tx<'_>,
    policy: Policy,
    numbers: &[PhoneNumberId],
    id: EventId,
) -> Result<Placed, ToolError> {
    let Some(stored) = inbound::lock(tx, id)? else { return Ok(Placed::Finished) };
    let Some(payload) = &stored.payload else {
        inbound::finish(tx, id, None, Routed::Ignored("erased"))?;
        return Ok(Placed::Finished);
    };
    let number: Option<PhoneNumberId> = stored.phone_number_id.as_deref().and_then(|id| id.parse().ok());
    let foreign = number.as_ref().is_some_and(|number| !numbers.contains(number));
    if foreign {
        return bury(tx, &stored, "foreign_number");
    }
    let Ok(raw) = serde_json::from_str(payload) else {
        return bury(tx, &stored, "unreadable_event");
    };
    let routed = match event::parse(&raw) {
        Event::Message(message) => match number {
            Some(number) => match message::place(tx, policy, &stored, &number, &message)? {
                message::Placement::Done(contact) => {
                    inbound::finish(tx, id, Some(contact), Routed::Done)?;
                    return Ok(Placed::Finished);
                }
                message::Placement::Ignored(contact, reason) => {
                    inbound::finish(tx, id, contact, Routed::Ignored(reason))?;
                    return Ok(Placed::Finished);
                }
                message::Placement::Dead(reason) => return bury(tx, &stored, reason),
                message::Placement::Wait => {
                    inbound::park(tx, id)?;
                    return Ok(Placed::Parked);
                }
            },
            None => return bury(tx, &stored, "no_phone_number_id"),
        },
        Event::Status(status) => {
            statuses::apply_status(tx, &status)?;
            Routed::Done
        }
        Event::Call(call) => {
            return call_news(tx, &stored, number.as_ref(), payload, &calls::of_event(&call));
        }
        Event::CallStatus(status) => {
            return call_news(tx, &stored, number.as_ref(), payload, &calls::of_status(&status));
        }
        Event::Account(news) if calls::restrict(tx, numbers, id, &news)? => Routed::Done,
        Event::Account(_) => Routed::Ignored("account_event"),
        Event::Errors(_) => Routed::Ignored("account_error"),
        Event::Unknown(_) => Routed::Ignored("unknown_event"),
    };
    inbound::finish(tx, id, None, routed)?;
    Ok(Placed::Finished)
}

fn call_news(
    tx: &mut Tx<'_>,
    stored: &InboundEvent,
    number: Option<&PhoneNumberId>,
    payload: &str,
    news: &CallNews,
) -> Result<Placed, ToolError> {
    let Some(number) = number else { return bury(tx, stored, "no_phone_number_id") };
    let received = Received { data_key: stored.data_key, number, payload, at: stored.received_at };
    let (contact, routed) = match call_status_webhook(tx, received, news)? {
        CallOutcome::Applied(_, contact) => (Some(contact), Routed::Done),
        CallOutcome::Parked => (None, Routed::Done),
        CallOutcome::Ignored(reason) => (None, Routed::Ignored(reason)),
    };
    inbound::finish(tx, stored.id, contact, routed)?;
    Ok(Placed::Finished)
}

fn bury(tx: &mut Tx<'_>, stored: &InboundEvent, reason: &'static str) -> Result<Placed, ToolError> {
    keep_dead_letter(tx, stored, reason)?;
    inbound::finish(tx, stored.id, None, Routed::Dead(reason))?;
    Ok(Placed::Finished)
}

fn keep_dead_letter(tx: &mut Tx<'_>, stored: &InboundEvent, reason: &str) -> Result<(), StoreError> {
    dead_letters::insert(
        tx,
        &NewDeadLetter {
            source: DeadLetterSource::Router,
            reference: &stored.id.to_string(),
            request: None,
            reason,
            detail: None,
        },
    )
}
