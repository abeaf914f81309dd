//! What must leave the process: one row an intent, one dispatcher a business number.
//!
//! Meta has no idempotency key, so a send whose outcome is in doubt stays [`SendState::Unknown`] and is never
//! repeated; a status webhook that echoes our intent id settles it.

pub mod breaker;
mod model;
mod news;
mod owed;
mod queue;

use diesel::prelude::*;
use marketplace::{OutboxId, RequestId, Timestamp};

pub use model::{NewSend, Purpose, Send, SendPayload, SendState, TemplateUse};
pub use news::{advance, find_by_wamid, note_time, park_status, take_parked};
pub use owed::{OWED_MAX, owed_to, send_in_full, set_owed};
pub use queue::{
    UNKNOWN_HOLDS_NEXT, cancel, enqueue, enqueue_notice, expired, has_in_flight, hold_until,
    inquiries_without_template, last_notice, let_last_words_out, mark_farewell, mark_sending, never_arrived,
    orphaned_sending, postpone_inquiries, queued_speaking_of, queued_to, release, requeue, sendable,
    set_reason,
};

use crate::{
    StoreError, Tx, on_conn,
    schema::outbox,
    tx::{locked, parse, parse_optional},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct SendRow {
    id: String,
    request_id: Option<String>,
    contact_id: String,
    message_id: String,
    phone_number_id: String,
    purpose: String,
    author: String,
    control_epoch: i64,
    payload: Vec<u8>,
    state: String,
    reason: Option<String>,
    attempts: i32,
    not_after: Option<i64>,
    created_at: i64,
    sending_at: Option<i64>,
    held_until: Option<i64>,
    owed_at: Option<i64>,
    sent_at: Option<i64>,
    delivered_at: Option<i64>,
    read_at: Option<i64>,
}

/// Loads one intent.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub fn load(tx: &mut Tx<'_>, id: OutboxId) -> Result<Send, StoreError> {
    let row = on_conn!(&mut *tx.conn, |c| outbox::table
        .find(id.to_string())
        .select(SendRow::as_select())
        .get_result(c))?;
    send(tx, row)
}

/// Loads one intent and takes its row.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub fn lock(tx: &mut Tx<'_>, id: OutboxId) -> Result<Send, StoreError> {
    let row = locked!(
        &mut *tx.conn,
        outbox::table.find(id.to_string()).select(SendRow::as_select()),
        |query, c| query.get_result(c)
    )?;
    send(tx, row)
}

/// Whether there is an intent with this id.
pub fn exists(tx: &mut Tx<'_>, id: OutboxId) -> Result<bool, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(outbox::table.find(id.to_string())))
        .get_result(c))?)
}

/// The intents whose outcome nobody knows, oldest first.
pub fn unknown(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Send>, StoreError> {
    let rows = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(is_doubtful().and(outbox::state.eq(SendState::Unknown.to_string())))
        .order((outbox::sending_at, outbox::id))
        .limit(limit)
        .select(SendRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| send(tx, row)).collect()
}

/// The newest intents of a request, or of all, the newest first; `state` narrows them.
pub fn latest(
    tx: &mut Tx<'_>,
    request: Option<RequestId>,
    state: Option<SendState>,
    limit: i64,
) -> Result<Vec<Send>, StoreError> {
    let states: Vec<String> = match state {
        Some(state) => vec![state.to_string()],
        None => <SendState as strum::IntoEnumIterator>::iter().map(|state| state.to_string()).collect(),
    };
    let order = (outbox::created_at.desc(), outbox::id.desc());
    let rows: Vec<SendRow> = on_conn!(&mut *tx.conn, |c| match request {
        Some(request) => outbox::table
            .filter(outbox::request_id.eq(request.to_string()).and(outbox::state.eq_any(&states)))
            .order(order)
            .limit(limit)
            .select(SendRow::as_select())
            .load(c)?,
        None => outbox::table
            .filter(outbox::state.eq_any(&states))
            .order(order)
            .limit(limit)
            .select(SendRow::as_select())
            .load(c)?,
    });
    rows.into_iter().map(|row| send(tx, row)).collect()
}

/// Every intent of a request, in order.
pub fn of_request(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<Send>, StoreError> {
    let rows = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(outbox::request_id.eq(request.to_string()))
        .order((outbox::created_at, outbox::id))
        .select(SendRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| send(tx, row)).collect()
}

fn send(tx: &mut Tx<'_>, row: SendRow) -> Result<Send, StoreError> {
    let payload = tx
        .open_text(&row.payload)?
        .map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|_| StoreError::Corrupt { what: "outbox.payload" })?;
    Ok(Send {
        id: parse(&row.id, "outbox.id")?,
        request: parse_optional(row.request_id.as_deref(), "outbox.request_id")?,
        contact: parse(&row.contact_id, "outbox.contact_id")?,
        message: parse(&row.message_id, "outbox.message_id")?,
        phone_number_id: parse(&row.phone_number_id, "outbox.phone_number_id")?,
        purpose: parse(&row.purpose, "outbox.purpose")?,
        author: parse(&row.author, "outbox.author")?,
        control_epoch: row.control_epoch,
        payload,
        state: parse(&row.state, "outbox.state")?,
        reason: row.reason,
        attempts: row.attempts,
        not_after: row.not_after.map(Timestamp::from_millis),
        created_at: Timestamp::from_millis(row.created_at),
        sending_at: row.sending_at.map(Timestamp::from_millis),
        held_until: row.held_until.map(Timestamp::from_millis),
        owed_at: row.owed_at.map(Timestamp::from_millis),
        sent_at: row.sent_at.map(Timestamp::from_millis),
        delivered_at: row.delivered_at.map(Timestamp::from_millis),
        read_at: row.read_at.map(Timestamp::from_millis),
    })
}

/// The condition of the partial indexes `outbox_due` and `outbox_expiring`. As text: a planner matches no bound value with it.
fn is_queued() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("outbox.state = 'queued'")
}

/// The condition of the partial index `outbox_in_flight`, see [`is_queued`].
fn may_be_in_flight() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("outbox.state IN ('queued', 'sending', 'unknown')")
}

/// The condition of the partial index `outbox_doubtful`, see [`is_queued`].
fn is_doubtful() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("outbox.state IN ('sending', 'unknown')")
}
