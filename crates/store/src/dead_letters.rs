//! What could not be worked: kept, visible, retried by a person.

use diesel::prelude::*;
use marketplace::{DataKeyId, DeadLetterId, RequestId, Timestamp};

use crate::{
    StoreError, Tx,
    notifications::{self, NewNotification, NotificationKind},
    on_conn, requests,
    schema::dead_letters,
    tx::{closed, parse, parse_optional},
};

/// Where the work stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum DeadLetterSource {
    /// A webhook event that could not be attributed or read.
    Intake,
    /// An event that could not be placed.
    Router,
    /// A lane that could not be worked.
    Turn,
    /// A message that could not be sent.
    Dispatch,
    /// A message of somebody's that nothing became of.
    Silence,
    /// A notification that did not reach the people who operate.
    Notify,
}

/// One dead letter.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// Where the work stopped.
    pub source: DeadLetterSource,
    /// The event, request or intent.
    pub reference: String,
    /// The request, when known.
    pub request: Option<RequestId>,
    /// A closed code.
    pub reason: String,
    /// More, for a person; `None` when there is none or it was erased.
    pub detail: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// A dead letter to keep.
#[derive(Debug, Clone)]
pub struct NewDeadLetter<'a> {
    /// Where the work stopped.
    pub source: DeadLetterSource,
    /// The event, request or intent.
    pub reference: &'a str,
    /// The request, when known.
    pub request: Option<RequestId>,
    /// A closed code.
    pub reason: &'a str,
    /// More, sealed by the person's key.
    pub detail: Option<(DataKeyId, &'a str)>,
}

impl DeadLetterSource {
    /// Whether somebody waits for a person: the people who operate are told of each. Of the others a metric tells, for
    /// one fault of a sender's can make thousands.
    pub const fn is_told(self) -> bool {
        matches!(self, Self::Turn | Self::Dispatch | Self::Silence)
    }
}

/// Keeps a dead letter, and the notification of it; a second one for the same thing changes nothing.
pub fn insert(tx: &mut Tx<'_>, new: &NewDeadLetter<'_>) -> Result<(), StoreError> {
    let detail = new.detail.map(|(key, text)| tx.seal(&[key], text.as_bytes())).transpose()?;
    let id = DeadLetterId::generate(tx.ids);
    let row = (
        dead_letters::id.eq(id.to_string()),
        dead_letters::source.eq(new.source.to_string()),
        dead_letters::reference.eq(new.reference),
        dead_letters::request_id.eq(new.request.map(|id| id.to_string())),
        dead_letters::reason.eq(closed(new.reason, "dead_letters.reason")?),
        dead_letters::detail.eq(detail),
        dead_letters::created_at.eq(tx.now.as_millis()),
    );
    let kept = on_conn!(&mut *tx.conn, |c| diesel::insert_into(dead_letters::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if kept == 0 || !new.source.is_told() {
        return Ok(());
    }
    let state = match new.request {
        Some(request) => Some(requests::load(tx, request)?.state),
        None => None,
    };
    let told = NewNotification {
        kind: NotificationKind::DeadLetter,
        reference: &id.to_string(),
        request: new.request,
        state,
        source: Some(new.source),
        reason: new.reason,
    };
    notifications::insert(tx, &told)
}

/// Whether a person was told already that something of this request stopped.
pub fn is_open_for(tx: &mut Tx<'_>, request: RequestId) -> Result<bool, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(
        dead_letters::table
            // As in the partial index: a planner matches no bound value with it.
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(
                "dead_letters.resolved_at IS NULL AND dead_letters.request_id IS NOT NULL"
            ))
            .filter(dead_letters::request_id.eq(request.to_string()))
            .filter(
                dead_letters::source
                    .eq_any([DeadLetterSource::Turn.to_string(), DeadLetterSource::Dispatch.to_string(),])
            )
    ))
    .get_result(c))?)
}

/// Marks the dead letter of a source about this as dealt with, if one is open.
pub fn resolve_about(
    tx: &mut Tx<'_>,
    source: DeadLetterSource,
    reference: &str,
    resolution: &str,
) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        dead_letters::table.filter(
            dead_letters::source
                .eq(source.to_string())
                .and(dead_letters::reference.eq(reference))
                .and(dead_letters::resolved_at.is_null())
        )
    )
    .set((
        dead_letters::resolved_at.eq(tx.now.as_millis()),
        dead_letters::resolution.eq(closed(resolution, "dead_letters.resolution")?)
    ))
    .execute(c))?;
    Ok(())
}

/// The dead letters nobody has dealt with, oldest first.
pub fn waiting(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<DeadLetter>, StoreError> {
    type Row = (String, String, String, Option<String>, String, Option<Vec<u8>>, i64);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| dead_letters::table
        .filter(dead_letters::resolved_at.is_null())
        .order((dead_letters::created_at, dead_letters::id))
        .select((
            dead_letters::id,
            dead_letters::source,
            dead_letters::reference,
            dead_letters::request_id,
            dead_letters::reason,
            dead_letters::detail,
            dead_letters::created_at
        ))
        .limit(limit)
        .load(c))?;
    rows.into_iter()
        .map(|(id, source, reference, request, reason, detail, created_at)| {
            Ok(DeadLetter {
                id: parse(&id, "dead_letters.id")?,
                source: parse(&source, "dead_letters.source")?,
                reference,
                request: parse_optional(request.as_deref(), "dead_letters.request_id")?,
                reason,
                detail: tx.open_optional(detail.as_deref())?,
                created_at: Timestamp::from_millis(created_at),
            })
        })
        .collect()
}

/// Marks a dead letter as dealt with; false when it already was, or never existed.
pub fn resolve(tx: &mut Tx<'_>, id: DeadLetterId, resolution: &str) -> Result<bool, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| diesel::update(
        dead_letters::table
            .filter(dead_letters::id.eq(id.to_string()).and(dead_letters::resolved_at.is_null()))
    )
    .set((
        dead_letters::resolved_at.eq(tx.now.as_millis()),
        dead_letters::resolution.eq(closed(resolution, "dead_letters.resolution")?)
    ))
    .execute(c))?
        == 1)
}
