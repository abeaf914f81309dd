//! Stored webhook events as the router takes them.

use diesel::prelude::*;
use marketplace::{ContactId, DataKeyId, EventId, PhoneNumberId, Timestamp};

use crate::{
    StoreError, Tx, on_conn,
    schema::{heartbeats, inbound_events as events},
    tx::{closed, locked, parse},
};

/// How many waiting events are looked through for news of a call.
pub const CALL_NEWS_LOOK: i64 = 1_000;

/// A stored event that waits to be placed.
#[derive(Debug, Clone)]
pub struct InboundEvent {
    /// Its id.
    pub id: EventId,
    /// The business number it came in on.
    pub phone_number_id: Option<String>,
    /// Groups the events of one sender; `None` for statuses and account events.
    pub sender_hash: Option<Vec<u8>>,
    /// The key its payload is sealed with.
    pub data_key: DataKeyId,
    /// What kind of event.
    pub kind: String,
    /// The event as received, JSON; `None` when the person was erased.
    pub payload: Option<String>,
    /// When it was stored.
    pub received_at: Timestamp,
    /// Whether it waits for a send of ours to become known.
    pub parked: bool,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routed {
    /// Placed, or its consequence taken.
    Done,
    /// Nothing to do for it; the code says why.
    Ignored(&'static str),
    /// Could not be placed; the code says why.
    Dead(&'static str),
}

type Row = (String, Option<String>, Option<Vec<u8>>, String, String, Vec<u8>, i64, String);

macro_rules! event_columns {
    () => {
        (
            events::id,
            events::phone_number_id,
            events::sender_hash,
            events::data_key_id,
            events::kind,
            events::payload,
            events::received_at,
            events::status,
        )
    };
}

/// The events that wait, oldest first.
pub fn waiting(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<InboundEvent>, StoreError> {
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| events::table
        // As in the partial index: a planner matches no bound value with it.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("inbound_events.status IN ('pending', 'parked')"))
        .order((events::received_at, events::id))
        .select(event_columns!())
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(|row| event(tx, row)).collect()
}

/// Takes one event's row; `None` when it was routed meanwhile.
pub fn lock(tx: &mut Tx<'_>, id: EventId) -> Result<Option<InboundEvent>, StoreError> {
    let row: Option<Row> = locked!(
        &mut *tx.conn,
        events::table
            .find(id.to_string())
            .filter(events::status.eq_any(["pending", "parked"]))
            .select(event_columns!()),
        |query, c| query.get_result(c).optional()
    )?;
    row.map(|row| event(tx, row)).transpose()
}

/// Lets an event wait for a send of ours to become known; it blocks nothing meanwhile.
pub fn park(tx: &mut Tx<'_>, id: EventId) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(events::table.find(id.to_string()))
        .set(events::status.eq("parked"))
        .execute(c))?;
    Ok(())
}

/// Records what became of an event.
pub fn finish(
    tx: &mut Tx<'_>,
    id: EventId,
    contact: Option<ContactId>,
    routed: Routed,
) -> Result<(), StoreError> {
    let (status, reason) = match routed {
        Routed::Done => ("routed", None),
        Routed::Ignored(reason) => ("ignored", Some(reason)),
        Routed::Dead(reason) => ("dead", Some(reason)),
    };
    on_conn!(&mut *tx.conn, |c| diesel::update(events::table.find(id.to_string()))
        .set((
            events::status.eq(status),
            events::dead_reason
                .eq(reason.map(|reason| closed(reason, "inbound_events.dead_reason")).transpose()?),
            events::contact_id.eq(contact.map(|id| id.to_string())),
            events::routed_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(())
}

/// Puts a dead event back among those that wait; false when there is no such event or it is not dead.
pub fn revive(tx: &mut Tx<'_>, id: EventId) -> Result<bool, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| diesel::update(
        events::table.filter(events::id.eq(id.to_string()).and(events::status.eq("dead")))
    )
    .set((events::status.eq("pending"), events::dead_reason.eq(None::<String>)))
    .execute(c))?
        == 1)
}

/// How many events wait to be placed and since when the oldest does.
pub fn backlog(tx: &mut Tx<'_>) -> Result<(i64, Option<Timestamp>), StoreError> {
    use diesel::dsl::{count_star, min};
    let (count, oldest): (i64, Option<i64>) = on_conn!(&mut *tx.conn, |c| events::table
        .filter(events::status.eq("pending"))
        .select((count_star(), min(events::received_at)))
        .get_result(c))?;
    Ok((count, oldest.map(Timestamp::from_millis)))
}

/// Whether something that Meta said about a call of this number is stored and not placed yet. Looks at the oldest
/// [`CALL_NEWS_LOOK`] events that wait; behind as many as that there may be such news, and it is taken to be.
pub fn call_news_waits(tx: &mut Tx<'_>, number: &PhoneNumberId) -> Result<bool, StoreError> {
    let oldest: Vec<(String, Option<String>)> = on_conn!(&mut *tx.conn, |c| events::table
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("inbound_events.status IN ('pending', 'parked')"))
        .order((events::received_at, events::id))
        .select((events::kind, events::phone_number_id))
        .limit(CALL_NEWS_LOOK)
        .load(c))?;
    let is_full = i64::try_from(oldest.len()).is_ok_and(|found| found >= CALL_NEWS_LOOK);
    let of_call = |(kind, of): &(String, Option<String>)| {
        matches!(kind.as_str(), "call" | "call_status") && of.as_deref() == Some(number.as_str())
    };
    Ok(is_full || oldest.iter().any(of_call))
}

/// Says that a process is alive and takes webhooks; real time.
pub fn beat(tx: &mut Tx<'_>, process: &str, role: &str) -> Result<(), StoreError> {
    let now = tx.lease_now()?.as_millis();
    let row = (heartbeats::process.eq(process), heartbeats::role.eq(role), heartbeats::beat_at.eq(now));
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(heartbeats::table)
        .values(row)
        .on_conflict(heartbeats::process)
        .do_update()
        .set(heartbeats::beat_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// Ends a process's heartbeat: it stopped as asked, nobody need look for it.
pub fn stop_beating(tx: &mut Tx<'_>, process: &str) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::delete(heartbeats::table.find(process)).execute(c))?;
    Ok(())
}

/// Forgets the processes of a role that were not heard of for `silence`, real time: killed ones leave their row.
pub fn forget_silent(tx: &mut Tx<'_>, role: &str, silence: std::time::Duration) -> Result<(), StoreError> {
    let before = (tx.lease_now()? - silence).as_millis();
    on_conn!(&mut *tx.conn, |c| diesel::delete(
        heartbeats::table.filter(heartbeats::role.eq(role).and(heartbeats::beat_at.lt(before)))
    )
    .execute(c))?;
    Ok(())
}

/// How long ago any process of this role last said that it is alive, in real time; `None` if none ever did.
pub fn since_last_beat(tx: &mut Tx<'_>, role: &str) -> Result<Option<std::time::Duration>, StoreError> {
    let now = tx.lease_now()?;
    let at: Option<i64> = on_conn!(&mut *tx.conn, |c| heartbeats::table
        .filter(heartbeats::role.eq(role))
        .select(diesel::dsl::max(heartbeats::beat_at))
        .get_result(c))?;
    Ok(at.map(|at| now.since(Timestamp::from_millis(at))))
}

fn event(tx: &mut Tx<'_>, row: Row) -> Result<InboundEvent, StoreError> {
    let (id, phone_number_id, sender_hash, data_key, kind, payload, received_at, status) = row;
    Ok(InboundEvent {
        id: parse(&id, "inbound_events.id")?,
        phone_number_id,
        sender_hash,
        data_key: parse(&data_key, "inbound_events.data_key_id")?,
        kind,
        payload: tx.open_text(&payload)?,
        received_at: Timestamp::from_millis(received_at),
        parked: status == "parked",
    })
}
