//! What the people who operate are told: an outbox of its own, delivered at least once under an id that stays the same.
//!
//! A row is written in the transaction of what it tells of, by whichever process that is. It holds ids and codes alone.

use diesel::prelude::*;
use marketplace::{DeadLetterId, NotificationId, RequestId, RequestState, Timestamp};

use crate::{
    StoreError, Tx,
    dead_letters::DeadLetterSource,
    on_conn,
    requests::RequestGuard,
    schema::notifications,
    tx::{closed, parse, parse_optional},
};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::EnumString, strum::EnumIter)]
pub enum NotificationKind {
    /// A request went to a person.
    #[strum(serialize = "request.escalated")]
    RequestEscalated,
    /// A request stopped by a fault.
    #[strum(serialize = "request.error")]
    RequestError,
    /// Something could not be worked, and somebody waits for it.
    #[strum(serialize = "dead_letter")]
    DeadLetter,
}

/// How far a notification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NotificationStatus {
    /// Waits for its next attempt.
    Pending,
    /// The webhook took it.
    Delivered,
    /// There was nowhere to send it.
    Unsent,
    /// Given up.
    Failed,
}

/// A notification to write.
#[derive(Debug, Clone, Copy)]
pub struct NewNotification<'a> {
    /// What is told.
    pub kind: NotificationKind,
    /// Of what: there is one notification of a kind about each.
    pub reference: &'a str,
    /// The request, when it is about one.
    pub request: Option<RequestId>,
    /// Its state.
    pub state: Option<RequestState>,
    /// Of a dead letter: where the work stopped.
    pub source: Option<DeadLetterSource>,
    /// Why: a closed code.
    pub reason: &'a str,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id, the same at every attempt.
    pub id: NotificationId,
    /// What is told.
    pub kind: NotificationKind,
    /// The request, when it is about one.
    pub request: Option<RequestId>,
    /// Its state when it was written.
    pub state: Option<RequestState>,
    /// The dead letter, when it is about one.
    pub dead_letter: Option<DeadLetterId>,
    /// Of a dead letter: where the work stopped.
    pub source: Option<DeadLetterSource>,
    /// Why: a closed code.
    pub reason: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When what it tells of happened.
    pub created_at: Timestamp,
}

type Row = (String, String, String, Option<String>, Option<String>, Option<String>, String, i32, i64);

/// Writes a notification; a second one about the same thing changes nothing.
pub fn insert(tx: &mut Tx<'_>, new: &NewNotification<'_>) -> Result<(), StoreError> {
    let now = tx.now.as_millis();
    let row = (
        notifications::id.eq(NotificationId::generate(tx.ids).to_string()),
        notifications::kind.eq(new.kind.to_string()),
        notifications::reference.eq(new.reference),
        notifications::request_id.eq(new.request.map(|id| id.to_string())),
        notifications::state.eq(new.state.map(|state| state.to_string())),
        notifications::source.eq(new.source.map(|source| source.to_string())),
        notifications::reason.eq(closed(new.reason, "notifications.reason")?),
        notifications::status.eq(NotificationStatus::Pending.to_string()),
        notifications::attempts.eq(0),
        notifications::due_at.eq(now),
        notifications::created_at.eq(now),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(notifications::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Says better why, in the transaction that wrote it.
pub fn explain(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    kind: NotificationKind,
    reason: &str,
) -> Result<(), StoreError> {
    let written = notifications::request_id
        .eq(guard.request().id.to_string())
        .and(notifications::kind.eq(kind.to_string()))
        .and(notifications::created_at.eq(tx.now.as_millis()));
    on_conn!(&mut *tx.conn, |c| diesel::update(notifications::table.filter(is_pending().and(written)))
        .set(notifications::reason.eq(closed(reason, "notifications.reason")?))
        .execute(c))?;
    Ok(())
}

/// The condition of the partial indexes. As text: a planner matches no bound value with it.
fn is_pending() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("notifications.status = 'pending'")
}

/// What is to be delivered now, the longest due first.
pub fn due(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Notification>, StoreError> {
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| notifications::table
        .filter(is_pending().and(notifications::due_at.le(tx.now.as_millis())))
        .order((notifications::due_at, notifications::id))
        .select((
            notifications::id,
            notifications::kind,
            notifications::reference,
            notifications::request_id,
            notifications::state,
            notifications::source,
            notifications::reason,
            notifications::attempts,
            notifications::created_at
        ))
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(notification).collect()
}

fn notification(row: Row) -> Result<Notification, StoreError> {
    let (id, kind, reference, request, state, source, reason, attempts, created_at) = row;
    let kind = parse(&kind, "notifications.kind")?;
    let dead_letter = (kind == NotificationKind::DeadLetter)
        .then(|| parse(&reference, "notifications.reference"))
        .transpose()?;
    Ok(Notification {
        id: parse(&id, "notifications.id")?,
        kind,
        request: parse_optional(request.as_deref(), "notifications.request_id")?,
        state: parse_optional(state.as_deref(), "notifications.state")?,
        dead_letter,
        source: parse_optional(source.as_deref(), "notifications.source")?,
        reason,
        attempts,
        created_at: Timestamp::from_millis(created_at),
    })
}

/// Takes one for an attempt: until `until` nobody else tries. False when somebody was faster.
pub fn claim(tx: &mut Tx<'_>, id: NotificationId, until: Timestamp) -> Result<bool, StoreError> {
    let free = notifications::id.eq(id.to_string()).and(notifications::due_at.le(tx.now.as_millis()));
    Ok(on_conn!(&mut *tx.conn, |c| diesel::update(notifications::table.filter(free.and(is_pending())))
        .set((
            notifications::due_at.eq(until.as_millis()),
            notifications::attempts.eq(notifications::attempts + 1)
        ))
        .execute(c))?
        == 1)
}

/// Puts one off after an attempt that failed; `error` is a closed code.
pub fn put_off(tx: &mut Tx<'_>, id: NotificationId, until: Timestamp, error: &str) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(notifications::table.find(id.to_string()))
        .set((
            notifications::due_at.eq(until.as_millis()),
            notifications::error.eq(closed(error, "notifications.error")?)
        ))
        .execute(c))?;
    Ok(())
}

/// Ends one; `error` is a closed code. What has ended is left as it is.
pub fn settle(
    tx: &mut Tx<'_>,
    id: NotificationId,
    status: NotificationStatus,
    error: Option<&str>,
) -> Result<(), StoreError> {
    let error = error.map(|error| closed(error, "notifications.error")).transpose()?;
    let open = notifications::id.eq(id.to_string()).and(is_pending());
    on_conn!(&mut *tx.conn, |c| diesel::update(notifications::table.filter(open))
        .set((
            notifications::status.eq(status.to_string()),
            notifications::error.eq(error),
            notifications::settled_at.eq(tx.now.as_millis())
        ))
        .execute(c))?;
    Ok(())
}

/// Tries one again that was given up; false when there is none, or it was not given up.
pub fn revive(tx: &mut Tx<'_>, id: NotificationId) -> Result<bool, StoreError> {
    let failed = notifications::id
        .eq(id.to_string())
        .and(notifications::status.eq(NotificationStatus::Failed.to_string()));
    let now = tx.now.as_millis();
    Ok(on_conn!(&mut *tx.conn, |c| diesel::update(notifications::table.filter(failed))
        .set((
            notifications::status.eq(NotificationStatus::Pending.to_string()),
            notifications::attempts.eq(0),
            notifications::due_at.eq(now),
            notifications::settled_at.eq(None::<i64>),
        ))
        .execute(c))?
        == 1)
}

/// Every notification about a request with how far it is, the oldest first; for tests and evidence.
pub fn of_request(
    tx: &mut Tx<'_>,
    request: RequestId,
) -> Result<Vec<(NotificationKind, String, NotificationStatus)>, StoreError> {
    let rows: Vec<(String, String, String)> = on_conn!(&mut *tx.conn, |c| notifications::table
        .filter(notifications::request_id.eq(request.to_string()))
        .order((notifications::created_at, notifications::id))
        .select((notifications::kind, notifications::reason, notifications::status))
        .load(c))?;
    rows.into_iter()
        .map(|(kind, reason, status)| {
            Ok((parse(&kind, "notifications.kind")?, reason, parse(&status, "notifications.status")?))
        })
        .collect()
}
