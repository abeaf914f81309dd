//! What is deleted when its time is over, in small batches so that nothing else waits.

use std::time::Duration;

use diesel::prelude::*;
use marketplace::Timestamp;

use crate::{
    StoreError, Tx, on_conn,
    schema::{
        call_events, idempotency_keys, inbound_events, notifications, outbound_counters, parked_statuses,
        requests, turns,
    },
};

/// Raw events: as long as Meta may send them again, and a margin.
pub const RAW_EVENTS: Duration = Duration::from_hours(9 * 24);
/// Context Packs, Moltbot's answers and journaled plans.
pub const PACKS: Duration = Duration::from_hours(30 * 24);
/// Idempotency records, after their request was closed.
pub const IDEMPOTENCY_KEYS: Duration = Duration::from_hours(30 * 24);
/// Notifications, after they were delivered or given up.
pub const NOTIFICATIONS: Duration = Duration::from_hours(30 * 24);
/// Counters of outbound volume: twice the longest window that is counted over.
pub const OUTBOUND_COUNTERS: Duration = Duration::from_hours(48);

/// Deletes at most `batch` rows of each kind whose time is over; returns how many went.
pub fn sweep(tx: &mut Tx<'_>, batch: i64) -> Result<usize, StoreError> {
    Ok(raw_events(tx, batch)?
        + stale_parked_statuses(tx, batch)?
        + ownerless_call_events(tx, batch)?
        + packs(tx, batch)?
        + idempotency(tx, batch)?
        + counters(tx, batch)?
        + notifications(tx, batch)?)
}

/// Those that are over; one that waits is never deleted.
fn notifications(tx: &mut Tx<'_>, batch: i64) -> Result<usize, StoreError> {
    let before = before(tx, NOTIFICATIONS);
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| notifications::table
        .filter(notifications::settled_at.lt(before))
        .order((notifications::settled_at, notifications::id))
        .select(notifications::id)
        .limit(batch)
        .load(c))?;
    Ok(on_conn!(&mut *tx.conn, |c| diesel::delete(
        notifications::table.filter(notifications::id.eq_any(&ids))
    )
    .execute(c))?)
}

/// Events that are dealt with; one that waits is never deleted.
fn raw_events(tx: &mut Tx<'_>, batch: i64) -> Result<usize, StoreError> {
    let before = before(tx, RAW_EVENTS);
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| inbound_events::table
        .filter(
            inbound_events::received_at
                .lt(before)
                .and(inbound_events::status.eq_any(["routed", "ignored", "dead"]))
        )
        .order((inbound_events::received_at, inbound_events::id))
        .select(inbound_events::id)
        .limit(batch)
        .load(c))?;
    Ok(on_conn!(&mut *tx.conn, |c| diesel::delete(
        inbound_events::table.filter(inbound_events::id.eq_any(&ids))
    )
    .execute(c))?)
}

fn stale_parked_statuses(tx: &mut Tx<'_>, batch: i64) -> Result<usize, StoreError> {
    let before = before(tx, RAW_EVENTS);
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| parked_statuses::table
        .filter(parked_statuses::received_at.lt(before))
        .order((parked_statuses::received_at, parked_statuses::id))
        .select(parked_statuses::id)
        .limit(batch)
        .load(c))?;
    Ok(on_conn!(&mut *tx.conn, |c| diesel::delete(
        parked_statuses::table.filter(parked_statuses::id.eq_any(&ids))
    )
    .execute(c))?)
}

/// Events of calls that no attempt of ours was found to be.
fn ownerless_call_events(tx: &mut Tx<'_>, batch: i64) -> Result<usize, StoreError> {
    let before = before(tx, RAW_EVENTS);
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| call_events::table
        .filter(call_events::received_at.lt(before).and(call_events::attempt_id.is_null()))
        .order((call_events::received_at, call_events::id))
        .select(call_events::id)
        .limit(batch)
        .load(c))?;
    Ok(on_conn!(&mut *tx.conn, |c| diesel::delete(call_events::table.filter(call_events::id.eq_any(&ids)))
        .execute(c))?)
}

/// The turn stays with its verdict; what was asked and answered goes.
fn packs(tx: &mut Tx<'_>, batch: i64) -> Result<usize, StoreError> {
    let before = before(tx, PACKS);
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| turns::table
        .filter(turns::settled_at.lt(before).and(turns::pack.is_not_null()))
        .order((turns::settled_at, turns::id))
        .select(turns::id)
        .limit(batch)
        .load(c))?;
    Ok(on_conn!(&mut *tx.conn, |c| diesel::update(turns::table.filter(turns::id.eq_any(&ids)))
        .set((
            turns::pack.eq(None::<Vec<u8>>),
            turns::answer.eq(None::<Vec<u8>>),
            turns::plan.eq(None::<Vec<u8>>),
        ))
        .execute(c))?)
}

fn idempotency(tx: &mut Tx<'_>, batch: i64) -> Result<usize, StoreError> {
    let before = before(tx, IDEMPOTENCY_KEYS);
    let closed: Vec<String> = on_conn!(&mut *tx.conn, |c| requests::table
        .filter(requests::closed_at.lt(before).and(diesel::dsl::exists(
            idempotency_keys::table.filter(idempotency_keys::request_id.eq(requests::id.nullable()))
        )))
        .order((requests::closed_at, requests::id))
        .select(requests::id)
        .limit(batch.min(16))
        .load(c))?;
    Ok(on_conn!(&mut *tx.conn, |c| diesel::delete(
        idempotency_keys::table
            .filter(idempotency_keys::request_id.eq_any(closed.iter().map(|id| Some(id.as_str()))))
    )
    .execute(c))?)
}

/// The old counters of at most `batch` scopes: of each there are as many as there are stretches in two windows.
fn counters(tx: &mut Tx<'_>, batch: i64) -> Result<usize, StoreError> {
    let before = before(tx, OUTBOUND_COUNTERS);
    let scopes: Vec<String> = on_conn!(&mut *tx.conn, |c| outbound_counters::table
        .filter(outbound_counters::starts_at.lt(before))
        .order((outbound_counters::starts_at, outbound_counters::scope))
        .select(outbound_counters::scope)
        .limit(batch)
        .load(c))?;
    Ok(on_conn!(&mut *tx.conn, |c| diesel::delete(
        outbound_counters::table
            .filter(outbound_counters::scope.eq_any(&scopes).and(outbound_counters::starts_at.lt(before)))
    )
    .execute(c))?)
}

fn before(tx: &Tx<'_>, kept: Duration) -> i64 {
    let before: Timestamp = tx.now - kept;
    before.as_millis()
}
