//! What the database itself allows: the row of one event, inserted and committed by itself, one after another.
//!
//! Nothing of ours is in it: no HTTP, no signature, no parsing, no sealing (that was done before), no look-up of
//! keys, no queue between threads. One prepared statement, which is its own transaction, on a connection with the
//! settings that the store uses. The only SQL outside the store; a floor made of the store's own code would sink
//! with it.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use diesel::{
    Connection as _, Insertable, PgConnection, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _,
};
use marketplace::{Clock as _, EventId, IdSource, SystemClock};
use store::{Store, StoreError};

use crate::{databases::Target, stats::Samples, webhook};

diesel::table! {
    inbound_events (id) {
        id -> Text,
        key_hash -> Binary,
        phone_number_id -> Nullable<Text>,
        sender_hash -> Nullable<Binary>,
        data_key_id -> Text,
        kind -> Text,
        payload -> Binary,
        meta_at -> Nullable<BigInt>,
        received_at -> BigInt,
        status -> Text,
    }
}

/// The columns that intake writes.
#[derive(Insertable)]
#[diesel(table_name = inbound_events)]
struct Row<'a> {
    id: String,
    key_hash: &'a [u8],
    phone_number_id: &'a str,
    sender_hash: &'a [u8],
    data_key_id: &'a str,
    kind: &'a str,
    payload: &'a [u8],
    meta_at: i64,
    received_at: i64,
    status: &'a str,
}

enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// One connection, and an event that is sealed already.
pub(crate) struct Floor {
    connection: Connection,
    ids: std::sync::Arc<dyn IdSource>,
    sender_hash: [u8; 32],
    data_key_id: String,
    sealed: Vec<u8>,
}

impl Floor {
    /// `store` is open on the same database; it seals the event.
    pub(crate) fn open(target: &Target, store: &Store) -> anyhow::Result<Self> {
        let connection = match target.file() {
            Some(file) => Connection::Sqlite(sqlite(file.to_str().context("a path that is not UTF-8")?)?),
            None => Connection::Postgres(PgConnection::establish(target.url())?),
        };
        let sender_hash = store.vault().lookup_hash("wa_id", "floor");
        let vault = store.clone();
        let event = webhook::text_message(0, webhook::now(), "I need brake pads for a 2014 Corolla");
        let (data_key_id, sealed) = store.write_blocking(move |conn| {
            let now = SystemClock.now();
            let key = vault.vault().data_key_for_subject(conn, &sender_hash, now)?;
            let sealed = vault.vault().seal_text(&[&key], &event)?;
            Ok::<_, StoreError>((key.id().to_string(), sealed))
        })?;
        Ok(Self { connection, ids: store.ids().clone(), sender_hash, data_key_id, sealed })
    }

    /// Commits one event after another for this long.
    pub(crate) fn measure(&mut self, lasts: Duration) -> anyhow::Result<(Samples, Duration)> {
        let started = Instant::now();
        let mut samples = Samples::default();
        while started.elapsed() < lasts {
            let began = Instant::now();
            self.commit_one()?;
            samples.push(began.elapsed());
        }
        Ok((samples, started.elapsed()))
    }

    fn commit_one(&mut self) -> anyhow::Result<()> {
        let id = EventId::generate(&*self.ids);
        let mut key_hash = [0; 32];
        self.ids.fill_random(&mut key_hash);
        let now = SystemClock.now().as_millis();
        let row = Row {
            id: id.to_string(),
            key_hash: &key_hash,
            phone_number_id: webhook::PHONE_NUMBER_ID,
            sender_hash: &self.sender_hash,
            data_key_id: &self.data_key_id,
            kind: "message",
            payload: &self.sealed,
            meta_at: now,
            received_at: now,
            status: "pending",
        };
        let insert = diesel::insert_into(inbound_events::table).values(&row);
        match &mut self.connection {
            Connection::Sqlite(c) => insert.execute(c)?,
            Connection::Postgres(c) => insert.execute(c)?,
        };
        Ok(())
    }
}

/// With the settings of the store's writer.
fn sqlite(file: &str) -> anyhow::Result<SqliteConnection> {
    let mut connection = SqliteConnection::establish(file)?;
    connection.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; \
         PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY",
    )?;
    Ok(connection)
}
