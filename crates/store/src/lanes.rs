//! A request is a lane: its mailbox is worked in order, by one worker at a time.
//!
//! Pending mailbox rows are the queue. A lane's `due_at` is derived from them and kept beside so that workers
//! find due lanes by an index. The lease says who works a lane; its fence makes a late worker's commit fail.

use std::time::Duration;

use diesel::prelude::*;
use marketplace::{EventId, MessageId, RequestId, Timestamp, TurnId};

use crate::{
    Conn, StoreError, Tx,
    answers::LOOK_AFTER,
    on_conn,
    requests::RequestGuard,
    schema::{lanes, mailbox},
    tx::{closed, parse, parse_optional},
};

/// A lane is due this long after its newest event …
pub const COALESCE_QUIET: Duration = Duration::from_secs(2);
/// … or this long after its oldest, whichever comes first.
pub const COALESCE_MAX: Duration = Duration::from_secs(8);
/// How long a claim lasts without a heartbeat, in real time.
pub const LEASE: Duration = Duration::from_mins(1);

/// What waits in a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum EntryKind {
    /// The client wrote.
    ClientMessage,
    /// A vendor of this request wrote.
    VendorMessage,
    /// Look again: a timer fired.
    Wake,
}

/// One waiting entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: EventId,
    /// What it is.
    pub kind: EntryKind,
    /// The message, for messages.
    pub message: Option<MessageId>,
    /// The timer's kind, for wakes.
    pub reason: Option<String>,
    /// Meta's time (a wake's due time).
    pub meta_at: Timestamp,
    /// When it got here.
    pub arrived_at: Timestamp,
    /// The turn that has read it and not settled yet.
    pub turn: Option<TurnId>,
}

/// The right to work a lane until the lease runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The lane.
    pub request: RequestId,
    /// Grows with every claim; a commit under an old fence is refused.
    pub fence: i64,
    /// How many claims found the same oldest entry unworked, this one included.
    pub attempts: i32,
}

/// Appends a message or a wake to the mailbox, and makes the lane due.
pub fn append(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    kind: EntryKind,
    message: Option<MessageId>,
    reason: Option<&str>,
    meta_at: Timestamp,
) -> Result<(), StoreError> {
    let request_id = guard.request().id;
    let row = (
        mailbox::id.eq(EventId::generate(tx.ids).to_string()),
        mailbox::request_id.eq(request_id.to_string()),
        mailbox::kind.eq(kind.to_string()),
        mailbox::message_id.eq(message.map(|id| id.to_string())),
        mailbox::reason.eq(reason.map(|reason| closed(reason, "mailbox.reason")).transpose()?),
        mailbox::meta_at.eq(meta_at.as_millis()),
        mailbox::arrived_at.eq(tx.now.as_millis()),
        mailbox::look_at.eq(message.map(|_| (tx.now + LOOK_AFTER).as_millis())),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(mailbox::table).values(row).execute(c))?;
    refresh(tx, guard)
}

/// The waiting entries in working order: Meta's time, then arrival.
pub fn pending(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<Entry>, StoreError> {
    type Row = (String, String, Option<String>, Option<String>, i64, i64, Option<String>);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| mailbox::table
        .filter(mailbox::request_id.eq(request.to_string()).and(mailbox::consumed_at.is_null()))
        .order((mailbox::meta_at, mailbox::arrived_at, mailbox::id))
        .select((
            mailbox::id,
            mailbox::kind,
            mailbox::message_id,
            mailbox::reason,
            mailbox::meta_at,
            mailbox::arrived_at,
            mailbox::turn_id
        ))
        .load(c))?;
    rows.into_iter()
        .map(|(id, kind, message, reason, meta_at, arrived_at, turn)| {
            Ok(Entry {
                id: parse(&id, "mailbox.id")?,
                kind: parse(&kind, "mailbox.kind")?,
                message: parse_optional(message.as_deref(), "mailbox.message_id")?,
                reason,
                meta_at: Timestamp::from_millis(meta_at),
                arrived_at: Timestamp::from_millis(arrived_at),
                turn: parse_optional(turn.as_deref(), "mailbox.turn_id")?,
            })
        })
        .collect()
}

/// Remembers which entries a turn has read: a resumed turn answers these and no others.
pub fn assign(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    turn: TurnId,
    entries: &[EventId],
) -> Result<(), StoreError> {
    let ids: Vec<String> = entries.iter().map(ToString::to_string).collect();
    let request_id = guard.request().id.to_string();
    on_conn!(&mut *tx.conn, |c| diesel::update(
        mailbox::table.filter(mailbox::id.eq_any(&ids).and(mailbox::request_id.eq(request_id)))
    )
    .set(mailbox::turn_id.eq(turn.to_string()))
    .execute(c))?;
    Ok(())
}

/// Stamps entries as worked by a turn; the lane stays due if others wait.
pub fn consume(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    turn: Option<TurnId>,
    entries: &[EventId],
) -> Result<(), StoreError> {
    let request_id = guard.request().id;
    let ids: Vec<String> = entries.iter().map(ToString::to_string).collect();
    on_conn!(&mut *tx.conn, |c| diesel::update(
        mailbox::table.filter(
            mailbox::id
                .eq_any(&ids)
                .and(mailbox::request_id.eq(request_id.to_string()))
                .and(mailbox::consumed_at.is_null())
        )
    )
    .set((
        mailbox::turn_id.eq(turn.map(|turn| turn.to_string())),
        mailbox::consumed_at.eq(tx.now.as_millis())
    ))
    .execute(c))?;
    refresh(tx, guard)
}

/// Derives `due_at` from the waiting entries. Only wakes: due at once; messages: after a short quiet, so that
/// a burst is answered as one. New work resets nothing; an emptied mailbox resets the attempts.
///
/// While a person has the request, what the client writes makes no lane due: it waits, unread, until the request is
/// given back. Call it when control changes.
pub fn refresh(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<(), StoreError> {
    use diesel::dsl::{max, min};
    let request = guard.request().id.to_string();
    let mut kinds = vec![EntryKind::VendorMessage.to_string(), EntryKind::Wake.to_string()];
    if !guard.request().is_with_person() {
        kinds.push(EntryKind::ClientMessage.to_string());
    }
    let waiting = || {
        let unread = mailbox::request_id.eq(request.clone()).and(mailbox::consumed_at.is_null());
        unread.and(mailbox::kind.eq_any(kinds.clone()))
    };
    let (oldest, newest): (Option<i64>, Option<i64>) = on_conn!(&mut *tx.conn, |c| mailbox::table
        .filter(waiting())
        .select((min(mailbox::arrived_at), max(mailbox::arrived_at)))
        .get_result(c))?;
    let wake: Option<i64> = on_conn!(&mut *tx.conn, |c| mailbox::table
        .filter(waiting().and(mailbox::kind.eq(EntryKind::Wake.to_string())))
        .select(min(mailbox::arrived_at))
        .get_result(c))?;
    let due_at = oldest.zip(newest).map(|(oldest, newest)| {
        let quiet = Timestamp::from_millis(newest) + COALESCE_QUIET;
        let bound = Timestamp::from_millis(oldest) + COALESCE_MAX;
        let messages = quiet.min(bound).as_millis();
        wake.map_or(messages, |wake| messages.min(wake))
    });
    on_conn!(&mut *tx.conn, |c| diesel::update(lanes::table.find(request.clone()))
        .set((lanes::due_at.eq(due_at), lanes::oldest_at.eq(oldest)))
        .execute(c))?;
    if due_at.is_none() {
        on_conn!(&mut *tx.conn, |c| diesel::update(lanes::table.find(request.clone()))
            .set(lanes::attempts.eq(0))
            .execute(c))?;
    }
    Ok(())
}

/// Takes a lane from whoever works it: the fence moves, so that what is under way cannot commit any more.
pub fn revoke(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(lanes::table.find(guard.request().id.to_string()))
        .set((
            lanes::fence.eq(lanes::fence + 1),
            lanes::owner.eq(None::<String>),
            lanes::lease_until.eq(None::<i64>),
            lanes::attempts.eq(0),
        ))
        .execute(c))?;
    Ok(())
}

/// Whether a lane is due that nobody holds: what a worker looks at before it claims.
pub fn any_due(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let lease_now = tx.lease_now()?.as_millis();
    let free = lanes::lease_until.is_null().or(lanes::lease_until.le(lease_now));
    let found: Option<String> = on_conn!(&mut *tx.conn, |c| lanes::table
        .filter(lanes::due_at.le(tx.now.as_millis()).and(free))
        .select(lanes::request_id)
        .limit(1)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Claims the lane that has been due the longest and that nobody holds.
pub fn claim(tx: &mut Tx<'_>, owner: &str) -> Result<Option<Lease>, StoreError> {
    let lease_now = tx.lease_now()?;
    let free = lanes::lease_until.is_null().or(lanes::lease_until.le(lease_now.as_millis()));
    let query = lanes::table
        .filter(lanes::due_at.le(tx.now.as_millis()).and(free))
        .order((lanes::due_at, lanes::request_id))
        .select(lanes::request_id)
        .limit(1);
    let found: Option<String> = match &mut *tx.conn {
        Conn::Sqlite(c) => query.first(c).optional()?,
        Conn::Pg(c) => query.for_update().skip_locked().first(c).optional()?,
    };
    let Some(id) = found else { return Ok(None) };
    let (fence, attempts) = on_conn!(&mut *tx.conn, |c| diesel::update(lanes::table.find(&id))
        .set((
            lanes::owner.eq(owner),
            lanes::fence.eq(lanes::fence + 1),
            lanes::lease_until.eq((lease_now + LEASE).as_millis()),
            lanes::attempts.eq(lanes::attempts + 1),
        ))
        .returning((lanes::fence, lanes::attempts))
        .get_result(c))?;
    Ok(Some(Lease { request: parse(&id, "lanes.request_id")?, fence, attempts }))
}

/// Extends a lease; false when it was given back or lost to another worker.
pub fn heartbeat(tx: &mut Tx<'_>, lease: &Lease) -> Result<bool, StoreError> {
    let until = tx.lease_now()? + LEASE;
    let held = lanes::request_id
        .eq(lease.request.to_string())
        .and(lanes::fence.eq(lease.fence))
        // A beat that comes after the release must not hold the lane for nobody.
        .and(lanes::lease_until.is_not_null());
    let extended = on_conn!(&mut *tx.conn, |c| diesel::update(lanes::table.filter(held))
        .set(lanes::lease_until.eq(until.as_millis()))
        .execute(c))?;
    Ok(extended == 1)
}

/// Gives a lane back. `worked` resets the count of attempts.
pub fn release(tx: &mut Tx<'_>, lease: &Lease, worked: bool) -> Result<(), StoreError> {
    let held = lanes::request_id.eq(lease.request.to_string()).and(lanes::fence.eq(lease.fence));
    on_conn!(&mut *tx.conn, |c| diesel::update(lanes::table.filter(held.clone()))
        .set((lanes::owner.eq(None::<String>), lanes::lease_until.eq(None::<i64>)))
        .execute(c))?;
    if worked {
        on_conn!(&mut *tx.conn, |c| diesel::update(lanes::table.filter(held))
            .set(lanes::attempts.eq(0))
            .execute(c))?;
    }
    Ok(())
}

/// Puts off a lane that could not be worked now.
pub fn postpone(tx: &mut Tx<'_>, lease: &Lease, until: Timestamp) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        lanes::table
            .filter(lanes::request_id.eq(lease.request.to_string()).and(lanes::fence.eq(lease.fence)))
    )
    .set(lanes::due_at.eq(until.as_millis()))
    .execute(c))?;
    Ok(())
}

/// Refuses a worker whose lease went to another: call it under the request's row, before any effect.
///
/// # Errors
/// [`StoreError::LeaseLost`].
pub fn check_fence(tx: &mut Tx<'_>, guard: &RequestGuard, fence: i64) -> Result<(), StoreError> {
    let id = guard.request().id.to_string();
    let current: i64 = on_conn!(&mut *tx.conn, |c| lanes::table.find(id).select(lanes::fence).get_result(c))?;
    if current == fence { Ok(()) } else { Err(StoreError::LeaseLost) }
}

/// Whether the mailbox holds a client's message that is not among `known`.
pub fn has_unread_client_message(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &[EventId],
) -> Result<bool, StoreError> {
    let waiting = pending(tx, guard.request().id)?;
    Ok(waiting.iter().any(|entry| entry.kind == EntryKind::ClientMessage && !known.contains(&entry.id)))
}
