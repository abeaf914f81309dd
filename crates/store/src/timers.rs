//! Timers are rows: firing one puts "look again" into the mailbox of its request.

use diesel::prelude::*;
use marketplace::{RequestId, TimerId, Timestamp};

use crate::{
    StoreError, Tx, on_conn,
    requests::RequestGuard,
    schema::timers,
    tx::{locked, parse},
};

/// What a timer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum TimerKind {
    /// A batch's deadline.
    BatchDeadline,
    /// A handed-off request closes.
    CloseAfterHandoff,
    /// A consent runs out; the reference is its id.
    ConsentExpires,
    /// Somebody who was written to may have been silent for long enough to call.
    Silence,
    /// A call rang as long as we let it ring; the reference is the attempt's id, here and below.
    RingLimit,
    /// A dial in doubt, or the end of a call that we ended, is waited for no longer.
    CallGivenUp,
    /// A call lasts as long as we let it last.
    CallTooLong,
    /// A picture has taken as long to read as a client waits; the reference is the job's id.
    OcrDeadline,
}

/// A timer that is due.
#[derive(Debug, Clone)]
pub struct DueTimer {
    /// Its id.
    pub id: TimerId,
    /// The request it belongs to.
    pub request: RequestId,
    /// What it waited for.
    pub kind: TimerKind,
    /// What it is about: a batch's id, or empty.
    pub reference: String,
    /// When it was due.
    pub due_at: Timestamp,
}

/// Sets a timer, or moves the one that is set for the same thing.
pub fn set(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    kind: TimerKind,
    reference: &str,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    let row = (
        timers::id.eq(TimerId::generate(tx.ids).to_string()),
        timers::request_id.eq(guard.request().id.to_string()),
        timers::kind.eq(kind.to_string()),
        timers::reference.eq(reference),
        timers::due_at.eq(due_at.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(timers::table)
        .values(row)
        .on_conflict((timers::request_id, timers::kind, timers::reference))
        .do_update()
        .set((timers::due_at.eq(due_at.as_millis()), timers::settled_at.eq(None::<i64>)))
        .execute(c))?;
    Ok(())
}

/// Whether such a timer is set and has not fired.
pub fn waits(
    tx: &mut Tx<'_>,
    request: RequestId,
    kind: TimerKind,
    reference: &str,
) -> Result<bool, StoreError> {
    let found: Option<String> = on_conn!(&mut *tx.conn, |c| timers::table
        .filter(
            timers::request_id
                .eq(request.to_string())
                .and(timers::kind.eq(kind.to_string()))
                .and(timers::reference.eq(reference))
                .and(timers::settled_at.is_null())
        )
        .select(timers::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Ends a timer: it fired, or what it waited for came.
pub fn settle(
    tx: &mut Tx<'_>,
    request: RequestId,
    kind: TimerKind,
    reference: &str,
) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        timers::table.filter(
            timers::request_id
                .eq(request.to_string())
                .and(timers::kind.eq(kind.to_string()))
                .and(timers::reference.eq(reference))
                .and(timers::settled_at.is_null())
        )
    )
    .set(timers::settled_at.eq(tx.now.as_millis()))
    .execute(c))?;
    Ok(())
}

/// Ends every timer of a request but those of its calls: what may be ringing is ended and waited for also when the
/// request is over.
pub fn settle_all(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<usize, StoreError> {
    let of_calls = [TimerKind::RingLimit, TimerKind::CallGivenUp, TimerKind::CallTooLong];
    Ok(on_conn!(&mut *tx.conn, |c| diesel::update(
        timers::table.filter(
            timers::request_id
                .eq(guard.request().id.to_string())
                .and(timers::settled_at.is_null())
                .and(timers::kind.ne_all(of_calls.map(|kind| kind.to_string())))
        )
    )
    .set(timers::settled_at.eq(tx.now.as_millis()))
    .execute(c))?)
}

/// The timers that are due, oldest first.
pub fn due(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<DueTimer>, StoreError> {
    let rows: Vec<(String, String, String, String, i64)> = on_conn!(&mut *tx.conn, |c| timers::table
        .filter(timers::settled_at.is_null().and(timers::due_at.le(tx.now.as_millis())))
        .order((timers::due_at, timers::id))
        .select((timers::id, timers::request_id, timers::kind, timers::reference, timers::due_at))
        .limit(limit)
        .load(c))?;
    rows.into_iter()
        .map(|(id, request, kind, reference, due_at)| {
            Ok(DueTimer {
                id: parse(&id, "timers.id")?,
                request: parse(&request, "timers.request_id")?,
                kind: parse(&kind, "timers.kind")?,
                reference,
                due_at: Timestamp::from_millis(due_at),
            })
        })
        .collect()
}

/// Whether the timer still waits; takes its row, so that two workers don't both fire it.
pub fn still_due(tx: &mut Tx<'_>, timer: &DueTimer) -> Result<bool, StoreError> {
    let found: Option<String> = locked!(
        &mut *tx.conn,
        timers::table
            .find(timer.id.to_string())
            .filter(timers::settled_at.is_null().and(timers::due_at.le(tx.now.as_millis())))
            .select(timers::id),
        |query, c| query.get_result(c).optional()
    )?;
    Ok(found.is_some())
}
