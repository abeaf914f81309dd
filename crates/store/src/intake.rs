//! Intake: what a webhook brought is stored durably, and each event once.
//!
//! Both databases commit in groups: what concurrent requests hand in is merged, sorted by event key (two unsorted
//! batches deadlock) and stored as one. On SQLite the writer thread does it, with whatever else is to be written;
//! on PostgreSQL a thread of this module, as one transaction.

mod gathering;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use diesel::{Insertable, RunQueryDsl};
use marketplace::{DeadLetterId, EventId, Timestamp};
use tokio::sync::oneshot;

pub(crate) use gathering::Gathering;

use crate::{
    Conn, DataKey, Store, StoreError, Vault,
    dead_letters::DeadLetterSource,
    pool::Pool,
    schema::{dead_letters, inbound_events},
    transaction,
    tx::parse,
};

/// The most events in one statement: 12 values each, and PostgreSQL takes 65,535 in a statement.
const ROWS_MAX: usize = 1_024;
/// The most events that are merged into one transaction (one hand-in alone may be larger).
const GROUP_MAX: usize = 2_048;

/// One event of a webhook body, ready to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct NewInboundEvent {
    /// Our id for it.
    pub id: EventId,
    /// The keyed hash of Meta's identity for the event; equal for every repetition of it.
    pub key_hash: [u8; 32],
    /// Which of our numbers it is for.
    pub phone_number_id: Option<String>,
    /// The keyed hash of the sender: its lane until routing knows the contact.
    pub sender_hash: Option<Vec<u8>>,
    /// The lookup hash of the person whose key seals `payload`; the key is made with the event if need be.
    pub subject_hash: Vec<u8>,
    /// What kind of event it is, as a closed code.
    pub kind: String,
    /// The event's JSON, in the clear: it is sealed in the transaction that stores it.
    pub payload: String,
    /// When it happened by Meta's clock.
    pub meta_at: Option<Timestamp>,
    /// When we received it.
    pub received_at: Timestamp,
    /// Why it can't be worked: it is stored as dead, with a dead letter for a person to see.
    pub dead_reason: Option<String>,
}

/// Shows nothing of what is inside.
impl fmt::Debug for NewInboundEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewInboundEvent")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("dead_reason", &self.dead_reason)
            .finish_non_exhaustive()
    }
}

/// What became of the events of one hand-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IntakeReport {
    /// Events stored now.
    pub stored: usize,
    /// Events that had been stored before, or stand twice in this hand-in.
    pub duplicates: usize,
    /// How many of those stored now are dead, each with a dead letter.
    pub dead: usize,
}

impl Store {
    /// Stores events, each once. When it returns they are durable.
    ///
    /// # Errors
    /// None of `events` is stored then. [`StoreError::Busy`]: shed load (503), Meta sends again.
    /// [`StoreError::CommitUnknown`]: answer 5xx too; the repetition is recognised by its key.
    pub async fn intake(&self, events: Vec<NewInboundEvent>) -> Result<IntakeReport, StoreError> {
        if events.is_empty() {
            return Ok(IntakeReport::default());
        }
        self.hand_in(events).await
    }

    /// Goes the way of an event without one: whether intake can commit now.
    ///
    /// # Errors
    /// Those that [`Self::intake`] would meet.
    pub async fn probe_intake(&self) -> Result<(), StoreError> {
        self.hand_in(Vec::new()).await.map(drop)
    }

    async fn hand_in(&self, events: Vec<NewInboundEvent>) -> Result<IntakeReport, StoreError> {
        self.submit_intake(events)?.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// Stores events in the caller's transaction.
///
/// # Errors
/// None of `events` is stored then.
pub fn insert_events(
    conn: &mut Conn,
    vault: &Vault,
    events: &[NewInboundEvent],
) -> Result<IntakeReport, StoreError> {
    let stored = store_events(conn, vault, &sorted(events.iter()))?;
    Ok(report(events, &stored))
}

/// In the order of their keys: two transactions that store the same events in different orders deadlock.
fn sorted<'a>(events: impl Iterator<Item = &'a NewInboundEvent>) -> Vec<&'a NewInboundEvent> {
    let mut events: Vec<_> = events.collect();
    events.sort_by_key(|event| event.key_hash);
    events
}

fn report(events: &[NewInboundEvent], stored: &BTreeSet<EventId>) -> IntakeReport {
    let is_stored = |event: &&NewInboundEvent| stored.contains(&event.id);
    let count = events.iter().filter(is_stored).count();
    let dead = events.iter().filter(is_stored).filter(|event| event.dead_reason.is_some()).count();
    IntakeReport { stored: count, duplicates: events.len() - count, dead }
}

/// Stores the events whose key is new and returns their ids. Every transaction that comes here takes data keys
/// first, then events, then dead letters, each in ascending order.
fn store_events(
    conn: &mut Conn,
    vault: &Vault,
    events: &[&NewInboundEvent],
) -> Result<BTreeSet<EventId>, StoreError> {
    let Some(now) = events.iter().map(|event| event.received_at).max() else { return Ok(BTreeSet::new()) };
    let subjects = events.iter().map(|event| event.subject_hash.clone()).collect();
    let keys = vault.data_keys_for_subjects(conn, &subjects, now)?;
    let mut stored = BTreeSet::new();
    for events in events.chunks(ROWS_MAX) {
        let rows = events
            .iter()
            .map(|event| {
                let key = keys.get(&event.subject_hash).ok_or(StoreError::NotFound)?;
                Row::sealed(vault, key, event)
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        stored.extend(insert_rows(conn, &rows)?);
    }
    let new = events.iter().filter(|event| stored.contains(&event.id));
    let letters: Vec<_> = new.filter_map(|event| DeadLetterRow::of(vault, event)).collect();
    for letters in letters.chunks(ROWS_MAX) {
        insert_dead_letters(conn, letters)?;
    }
    Ok(stored)
}

#[derive(Insertable)]
#[diesel(table_name = inbound_events)]
struct Row {
    id: String,
    key_hash: Vec<u8>,
    phone_number_id: Option<String>,
    sender_hash: Option<Vec<u8>>,
    data_key_id: String,
    kind: String,
    payload: Vec<u8>,
    meta_at: Option<i64>,
    received_at: i64,
    status: &'static str,
    dead_reason: Option<String>,
}

impl Row {
    fn sealed(vault: &Vault, key: &DataKey, event: &NewInboundEvent) -> Result<Self, StoreError> {
        Ok(Self {
            id: event.id.to_string(),
            key_hash: event.key_hash.to_vec(),
            phone_number_id: event.phone_number_id.clone(),
            sender_hash: event.sender_hash.clone(),
            data_key_id: key.id().to_string(),
            kind: event.kind.clone(),
            payload: vault.seal_text(&[key], &event.payload)?,
            meta_at: event.meta_at.map(Timestamp::as_millis),
            received_at: event.received_at.as_millis(),
            status: if event.dead_reason.is_some() { "dead" } else { "pending" },
            dead_reason: event.dead_reason.clone(),
        })
    }
}

/// Inserts rows whose key is new and returns their ids.
fn insert_rows(conn: &mut Conn, rows: &[Row]) -> Result<Vec<EventId>, StoreError> {
    let stored: Vec<String> = match conn {
        // In one process there is no round trip to save; the prepared statement is used again.
        Conn::Sqlite(c) => {
            let mut stored = Vec::with_capacity(rows.len());
            for row in rows {
                let inserted = diesel::insert_into(inbound_events::table)
                    .values(row)
                    .on_conflict(inbound_events::key_hash)
                    .do_nothing()
                    .execute(c)?;
                if inserted == 1 {
                    stored.push(row.id.clone());
                }
            }
            stored
        }
        Conn::Pg(c) => diesel::insert_into(inbound_events::table)
            .values(rows)
            .on_conflict(inbound_events::key_hash)
            .do_nothing()
            .returning(inbound_events::id)
            .get_results(c)?,
    };
    stored.iter().map(|id| parse(id, "inbound_events.id")).collect()
}

/// A dead letter that points at a dead event; the event's sealed payload is its detail.
#[derive(Insertable)]
#[diesel(table_name = dead_letters)]
struct DeadLetterRow {
    id: String,
    source: String,
    reference: String,
    reason: String,
    created_at: i64,
}

impl DeadLetterRow {
    fn of(vault: &Vault, event: &NewInboundEvent) -> Option<Self> {
        Some(Self {
            id: DeadLetterId::generate(vault.ids()).to_string(),
            source: DeadLetterSource::Intake.to_string(),
            reference: event.id.to_string(),
            reason: event.dead_reason.clone()?,
            created_at: event.received_at.as_millis(),
        })
    }
}

fn insert_dead_letters(conn: &mut Conn, rows: &[DeadLetterRow]) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(c) => {
            for row in rows {
                diesel::insert_into(dead_letters::table).values(row).execute(c)?;
            }
        }
        Conn::Pg(c) => {
            diesel::insert_into(dead_letters::table).values(rows).execute(c)?;
        }
    }
    Ok(())
}

struct HandIn {
    events: Vec<NewInboundEvent>,
    reply: oneshot::Sender<Result<IntakeReport, StoreError>>,
}

/// PostgreSQL's intake thread.
pub(crate) struct Batcher {
    queue: Mutex<Option<SyncSender<HandIn>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Batcher {
    /// Starts the thread; `pool` holds one connection, for it alone.
    pub(crate) fn start(pool: Pool, vault: Arc<Vault>, queue_max: usize) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(queue_max.max(1));
        let thread = thread::Builder::new()
            .name("store-intake".to_owned())
            .spawn(move || work(&pool, &vault, &receiver))
            .map_err(|error| StoreError::Unreachable {
                target: "the intake thread".to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    pub(crate) fn submit(
        &self,
        events: Vec<NewInboundEvent>,
    ) -> Result<oneshot::Receiver<Result<IntakeReport, StoreError>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref().map(|queue| queue.try_send(HandIn { events, reply })) {
            Some(Ok(())) => Ok(answer),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(StoreError::Closed),
        }
    }

    /// Refuses new events, stores what is queued and waits for the thread.
    pub(crate) fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the store's intake thread had panicked");
        }
    }
}

fn work(pool: &Pool, vault: &Vault, queue: &Receiver<HandIn>) {
    while let Ok(first) = queue.recv() {
        let mut events = first.events.len();
        let mut group = vec![first];
        while events < GROUP_MAX
            && let Ok(next) = queue.try_recv()
        {
            events += next.events.len();
            group.push(next);
        }
        commit(pool, vault, group);
    }
}

/// One transaction for the whole group; if that fails, one for each hand-in.
fn commit(pool: &Pool, vault: &Vault, group: Vec<HandIn>) {
    match commit_together(pool, vault, &group) {
        Ok(reports) => {
            for (hand_in, report) in group.into_iter().zip(reports) {
                let _ = hand_in.reply.send(Ok(report));
            }
        }
        Err(error) => {
            if group.len() > 1 {
                tracing::warn!(%error, hand_ins = group.len(), "an intake batch failed; retrying one by one");
            }
            match <[HandIn; 1]>::try_from(group) {
                Ok([only]) => drop(only.reply.send(Err(error))),
                Err(group) => group.into_iter().for_each(|hand_in| commit(pool, vault, vec![hand_in])),
            }
        }
    }
}

fn commit_together(pool: &Pool, vault: &Vault, group: &[HandIn]) -> Result<Vec<IntakeReport>, StoreError> {
    let events = sorted(group.iter().flat_map(|hand_in| &hand_in.events));
    let stored = transaction::write(pool, |conn| store_events(conn, vault, &events))?;
    Ok(group.iter().map(|hand_in| report(&hand_in.events, &stored)).collect())
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
