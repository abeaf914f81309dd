//! Intake: what a webhook brought is stored durably, and each event once.
//!
//! Both databases commit in groups. On SQLite the writer thread groups everything; on PostgreSQL this module's
//! thread merges what concurrent requests hand in, sorts it by event key (two unsorted batches deadlock) and
//! commits it as one transaction.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use diesel::{Insertable, RunQueryDsl};
use marketplace::{DataKeyId, EventId, Timestamp};
use tokio::sync::oneshot;

use crate::{Conn, Store, StoreError, pool::Pool, schema::inbound_events, transaction};

/// The most events in one statement: 12 values each, and PostgreSQL takes 65,535 in a statement.
const ROWS_MAX: usize = 1_024;
/// The most events that are merged into one transaction (one hand-in alone may be larger).
const GROUP_MAX: usize = 2_048;

/// One event of a webhook body, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInboundEvent {
    /// Our id for it.
    pub id: EventId,
    /// The keyed hash of Meta's identity for the event; equal for every repetition of it.
    pub key_hash: [u8; 32],
    /// Which of our numbers it is for.
    pub phone_number_id: Option<String>,
    /// The keyed hash of the sender: its lane until routing knows the contact.
    pub sender_hash: Option<Vec<u8>>,
    /// The key that `payload_sealed` is sealed under.
    pub data_key_id: DataKeyId,
    /// What kind of event it is, as a closed code.
    pub kind: String,
    /// The event's JSON, sealed.
    pub payload_sealed: Vec<u8>,
    /// When it happened by Meta's clock.
    pub meta_at: Option<Timestamp>,
    /// When we received it.
    pub received_at: Timestamp,
    /// Why it can't be worked: it is stored as dead, for a person to see.
    pub dead_reason: Option<String>,
}

/// What became of the events of one hand-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IntakeReport {
    /// Events stored now.
    pub stored: usize,
    /// Events that had been stored before, or stand twice in this hand-in.
    pub duplicates: usize,
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
        if let Some(batcher) = self.batcher() {
            return batcher.submit(events)?.await.unwrap_or(Err(StoreError::Closed));
        }
        let rows = sorted_rows(events.iter().map(Row::of));
        self.write(move |conn| store_events(conn, &rows)).await
    }
}

/// Stores events in the caller's transaction.
pub fn insert_events(conn: &mut Conn, events: &[NewInboundEvent]) -> Result<IntakeReport, StoreError> {
    store_events(conn, &sorted_rows(events.iter().map(Row::of)))
}

#[derive(Debug, Clone, Insertable)]
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
    fn of(event: &NewInboundEvent) -> Self {
        Self {
            id: event.id.to_string(),
            key_hash: event.key_hash.to_vec(),
            phone_number_id: event.phone_number_id.clone(),
            sender_hash: event.sender_hash.clone(),
            data_key_id: event.data_key_id.to_string(),
            kind: event.kind.clone(),
            payload: event.payload_sealed.clone(),
            meta_at: event.meta_at.map(Timestamp::as_millis),
            received_at: event.received_at.as_millis(),
            status: if event.dead_reason.is_some() { "dead" } else { "pending" },
            dead_reason: event.dead_reason.clone(),
        }
    }
}

fn sorted_rows(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_by(|a, b| a.key_hash.cmp(&b.key_hash));
    rows
}

fn store_events(conn: &mut Conn, rows: &[Row]) -> Result<IntakeReport, StoreError> {
    let stored = insert_rows(conn, rows)?.len();
    Ok(IntakeReport { stored, duplicates: rows.len().saturating_sub(stored) })
}

/// Inserts rows whose key is new and returns their ids.
fn insert_rows(conn: &mut Conn, rows: &[Row]) -> Result<Vec<String>, StoreError> {
    let mut stored = Vec::with_capacity(rows.len());
    match conn {
        // In one process there is no round trip to save; the prepared statement is used again.
        Conn::Sqlite(c) => {
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
        }
        Conn::Pg(c) => {
            for rows in rows.chunks(ROWS_MAX) {
                let ids: Vec<String> = diesel::insert_into(inbound_events::table)
                    .values(rows)
                    .on_conflict(inbound_events::key_hash)
                    .do_nothing()
                    .returning(inbound_events::id)
                    .get_results(c)?;
                stored.extend(ids);
            }
        }
    }
    Ok(stored)
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
    pub(crate) fn start(pool: Pool, queue_max: usize) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(queue_max.max(1));
        let thread = thread::Builder::new()
            .name("store-intake".to_owned())
            .spawn(move || work(&pool, &receiver))
            .map_err(|error| StoreError::Unreachable {
                target: "the intake thread".to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    fn submit(
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

fn work(pool: &Pool, queue: &Receiver<HandIn>) {
    while let Ok(first) = queue.recv() {
        let mut events = first.events.len();
        let mut group = vec![first];
        while events < GROUP_MAX
            && let Ok(next) = queue.try_recv()
        {
            events += next.events.len();
            group.push(next);
        }
        commit(pool, group);
    }
}

/// One transaction for the whole group; if that fails, one for each hand-in.
fn commit(pool: &Pool, group: Vec<HandIn>) {
    match commit_together(pool, &group) {
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
                Err(group) => group.into_iter().for_each(|hand_in| commit(pool, vec![hand_in])),
            }
        }
    }
}

fn commit_together(pool: &Pool, group: &[HandIn]) -> Result<Vec<IntakeReport>, StoreError> {
    let rows = Arc::new(sorted_rows(group.iter().flat_map(|hand_in| &hand_in.events).map(Row::of)));
    let mut stored = transaction::write(pool, |conn| insert_rows(conn, &rows))?;
    stored.sort();
    let report = |hand_in: &HandIn| {
        let is_stored = |event: &&NewInboundEvent| stored.binary_search(&event.id.to_string()).is_ok();
        let count = hand_in.events.iter().filter(is_stored).count();
        IntakeReport { stored: count, duplicates: hand_in.events.len() - count }
    };
    Ok(group.iter().map(report).collect())
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
