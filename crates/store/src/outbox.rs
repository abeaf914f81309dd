//! What must leave the process: one row an intent, one dispatcher a business number.
//!
//! Meta has no idempotency key, so a send whose outcome is in doubt stays [`SendState::Unknown`] and is never
//! repeated; a status webhook that echoes our intent id settles it.

use std::time::Duration;

use diesel::prelude::*;
use marketplace::{
    ActorKind, ContactId, DataKeyId, MessageId, OutboxId, PhoneNumberId, RequestId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    StoreError, Tx, contacts, on_conn,
    requests::RequestGuard,
    schema::{outbox, parked_statuses},
    tx::{locked, parse, parse_optional},
};

/// The next message to a person waits this long behind one whose outcome is unknown.
pub const UNKNOWN_HOLDS_NEXT: Duration = Duration::from_secs(30);

/// Where an intent stands. It only ever moves forward; `failed` and `cancelled` are final.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SendState {
    /// Waiting for the dispatcher.
    Queued,
    /// Committed before the wire was used.
    Sending,
    /// On the wire with an outcome nobody knows.
    Unknown,
    /// Meta took it.
    Accepted,
    /// Meta sent it.
    Sent,
    /// It reached the phone.
    Delivered,
    /// It was read.
    Read,
    /// A voice message was played.
    Played,
    /// It will not arrive; `reason` says why.
    Failed,
    /// It was never sent; `reason` says why.
    Cancelled,
}

impl SendState {
    /// Whether nothing can change any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }

    /// Whether the person has the message for certain, or is as good as sure to get it.
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted | Self::Sent | Self::Delivered | Self::Read | Self::Played)
    }

    /// The state after news of `next`: forward only. A failure counts until the message was delivered.
    #[must_use]
    pub fn advance(self, next: Self) -> Self {
        match (self, next) {
            (Self::Failed | Self::Cancelled, _)
            | (Self::Delivered | Self::Read | Self::Played, Self::Failed | Self::Cancelled) => self,
            _ => self.max(next),
        }
    }
}

/// What an intent is for: the dispatcher checks it against the request's state at the moment of sending.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// A question, a notice or an answer to the client.
    ClientMessage,
    /// The shortlist.
    Shortlist,
    /// The first message to a vendor.
    VendorInquiry,
    /// A further message to a vendor.
    VendorMessage,
    /// One of the two contact messages.
    Handoff,
    /// The bot's last message: queued by the very transaction that escalated or closed the request.
    Farewell,
    /// Confirmation of STOP or START, or a question which request is meant: goes out whatever the request does.
    Notice,
}

/// What goes on the wire: free text inside the 24-hour window, else the template, else nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendPayload {
    /// Free text.
    pub body: String,
    /// Reply buttons as (id, title), at most three.
    #[serde(default)]
    pub buttons: Vec<(String, String)>,
    /// What is sent outside the window.
    #[serde(default)]
    pub template: Option<TemplateUse>,
    /// The message of theirs that this quotes.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
}

/// A template of the catalogue with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateUse {
    /// The purpose in the template catalogue, which maps it to Meta's name and language.
    pub purpose: String,
    /// Body parameters in order.
    pub parameters: Vec<String>,
}

/// An intent to queue.
#[derive(Debug, Clone)]
pub struct NewSend {
    /// To whom.
    pub contact: ContactId,
    /// The stored message that this sends.
    pub message: MessageId,
    /// What for.
    pub purpose: Purpose,
    /// Who wrote it: a person's messages go out under human control too.
    pub author: ActorKind,
    /// What goes on the wire.
    pub payload: SendPayload,
    /// The people whose data the payload holds beside the contact's own.
    pub also_sealed_by: Vec<DataKeyId>,
    /// Worthless after this.
    pub not_after: Option<Timestamp>,
}

/// An intent.
#[derive(Debug, Clone)]
pub struct Send {
    /// Its id, which Meta echoes.
    pub id: OutboxId,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// To whom.
    pub contact: ContactId,
    /// The stored message.
    pub message: MessageId,
    /// From which business number.
    pub phone_number_id: PhoneNumberId,
    /// What for.
    pub purpose: Purpose,
    /// Who wrote it.
    pub author: ActorKind,
    /// The control epoch it was written in.
    pub control_epoch: i64,
    /// What goes on the wire; `None` when the person was erased.
    pub payload: Option<SendPayload>,
    /// Where it stands.
    pub state: SendState,
    /// Why it failed or was cancelled.
    pub reason: Option<String>,
    /// How often it was put on the wire or held back by Meta.
    pub attempts: i32,
    /// Worthless after this.
    pub not_after: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last went on the wire.
    pub sending_at: Option<Timestamp>,
}

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
}

/// Queues a message of a request.
pub fn enqueue(tx: &mut Tx<'_>, guard: &RequestGuard, new: &NewSend) -> Result<OutboxId, StoreError> {
    let request = guard.request();
    insert(tx, Some(request.id), &request.phone_number_id.clone(), request.control_epoch, new)
}

/// Queues a message that belongs to no request: the answer to STOP, or "which request do you mean?".
pub fn enqueue_notice(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    new: &NewSend,
) -> Result<OutboxId, StoreError> {
    insert(tx, None, number, 0, new)
}

fn insert(
    tx: &mut Tx<'_>,
    request: Option<RequestId>,
    number: &PhoneNumberId,
    control_epoch: i64,
    new: &NewSend,
) -> Result<OutboxId, StoreError> {
    let id = OutboxId::generate(tx.ids);
    let own_key = contacts::data_key(tx, new.contact)?;
    let mut keys = vec![own_key];
    keys.extend(new.also_sealed_by.iter().copied().filter(|key| *key != own_key));
    let payload =
        serde_json::to_vec(&new.payload).map_err(|_| StoreError::Corrupt { what: "outbox.payload" })?;
    let row = (
        outbox::id.eq(id.to_string()),
        outbox::request_id.eq(request.map(|id| id.to_string())),
        outbox::contact_id.eq(new.contact.to_string()),
        outbox::message_id.eq(new.message.to_string()),
        outbox::phone_number_id.eq(number.as_str()),
        outbox::purpose.eq(new.purpose.to_string()),
        outbox::author.eq(new.author.to_string()),
        outbox::control_epoch.eq(control_epoch),
        outbox::payload.eq(tx.seal(&keys, &payload)?),
        outbox::state.eq(SendState::Queued.to_string()),
        outbox::attempts.eq(0),
        outbox::not_before.eq(tx.now.as_millis()),
        outbox::not_after.eq(new.not_after.map(Timestamp::as_millis)),
        outbox::created_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(outbox::table).values(row).execute(c))?;
    Ok(id)
}

/// Marks what this transaction queued to the client as the bot's last word: it goes out although the request is
/// escalated or closed by the same commit.
pub fn mark_farewell(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(
            outbox::request_id
                .eq(guard.request().id.to_string())
                .and(outbox::state.eq(SendState::Queued.to_string()))
                .and(outbox::purpose.eq(Purpose::ClientMessage.to_string()))
                .and(outbox::created_at.eq(tx.now.as_millis()))
        )
    )
    .set(outbox::purpose.eq(Purpose::Farewell.to_string()))
    .execute(c))?;
    Ok(())
}

/// The condition of the partial index `outbox_queued`. As text: a planner matches no bound value with it.
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

/// The intents that may go on the wire now, at most one a contact and `limit` in all, oldest first: each is the
/// oldest queued one of its contact, with nothing to that contact in flight.
pub fn sendable(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    limit: usize,
) -> Result<Vec<(OutboxId, ContactId)>, StoreError> {
    const SCAN: i64 = 512;
    let holds_since = (tx.now - UNKNOWN_HOLDS_NEXT).as_millis();
    let rows: Vec<(String, String, i64)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(outbox::phone_number_id.eq(number.as_str()).and(is_queued()))
        .order((outbox::created_at, outbox::id))
        .select((outbox::id, outbox::contact_id, outbox::not_before))
        .limit(SCAN)
        .load(c))?;
    let contacts: std::collections::BTreeSet<&String> = rows.iter().map(|(_, contact, _)| contact).collect();
    let busy: std::collections::BTreeSet<String> =
        on_conn!(&mut *tx.conn, |c| outbox::table
            .filter(outbox::contact_id.eq_any(contacts).and(may_be_in_flight()).and(
                outbox::state.eq(SendState::Sending.to_string()).or(
                    outbox::state.eq(SendState::Unknown.to_string()).and(outbox::sending_at.gt(holds_since))
                )
            ))
            .select(outbox::contact_id)
            .load(c))?
        .into_iter()
        .collect();
    let mut seen = busy;
    let mut out = Vec::new();
    for (id, contact, not_before) in rows {
        // The oldest of a contact comes first or not at all: FIFO holds while it waits for its back-off.
        let first_of_contact = seen.insert(contact.clone());
        if first_of_contact && not_before <= tx.now.as_millis() && out.len() < limit {
            out.push((parse(&id, "outbox.id")?, parse(&contact, "outbox.contact_id")?));
        }
    }
    Ok(out)
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

/// Commits to putting an intent on the wire. The caller has taken its row and checked every gate.
pub fn mark_sending(tx: &mut Tx<'_>, id: OutboxId, fence: i64) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(outbox::table.find(id.to_string()))
        .set((
            outbox::state.eq(SendState::Sending.to_string()),
            outbox::fence.eq(fence),
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::sending_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(())
}

/// Puts an intent back: Meta refused it before any effect, or a bucket is empty.
pub fn requeue(tx: &mut Tx<'_>, id: OutboxId, not_before: Timestamp) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(
            outbox::id
                .eq(id.to_string())
                .and(outbox::state.eq_any([SendState::Queued.to_string(), SendState::Sending.to_string()]))
        )
    )
    .set((outbox::state.eq(SendState::Queued.to_string()), outbox::not_before.eq(not_before.as_millis())))
    .execute(c))?;
    Ok(())
}

/// Ends an intent that was never on the wire; one that was is left alone.
pub fn cancel(tx: &mut Tx<'_>, id: OutboxId, reason: &str) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table
            .filter(outbox::id.eq(id.to_string()).and(outbox::state.eq(SendState::Queued.to_string())))
    )
    .set((
        outbox::state.eq(SendState::Cancelled.to_string()),
        outbox::reason.eq(reason),
        outbox::settled_at.eq(tx.now.as_millis()),
    ))
    .execute(c))?;
    Ok(())
}

/// Records what is known of an intent now; it moves forward only. Returns the state it is in.
pub fn advance(
    tx: &mut Tx<'_>,
    id: OutboxId,
    news: SendState,
    reason: Option<&str>,
    wamid: Option<&str>,
) -> Result<SendState, StoreError> {
    let current = lock(tx, id)?;
    let next = current.state.advance(news);
    if let Some(wamid) = wamid {
        learn_wamid(tx, &current, wamid)?;
    }
    if next != current.state {
        settle(tx, id, next, reason)?;
    }
    Ok(next)
}

fn settle(tx: &mut Tx<'_>, id: OutboxId, state: SendState, reason: Option<&str>) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(outbox::table.find(id.to_string()))
        .set((
            outbox::state.eq(state.to_string()),
            outbox::reason.eq(reason),
            outbox::settled_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(())
}

fn learn_wamid(tx: &mut Tx<'_>, known: &Send, wamid: &str) -> Result<(), StoreError> {
    let key = contacts::data_key(tx, known.contact)?;
    let sealed = tx.seal(&[key], wamid.as_bytes())?;
    let hash = crate::messages::wamid_hash(tx, wamid);
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(outbox::id.eq(known.id.to_string()).and(outbox::wamid_hash.is_null()))
    )
    .set((outbox::wamid.eq(sealed), outbox::wamid_hash.eq(hash)))
    .execute(c))?;
    Ok(())
}

/// The intent that Meta knows by this message id.
pub fn find_by_wamid(tx: &mut Tx<'_>, wamid: &str) -> Result<Option<OutboxId>, StoreError> {
    let hash = crate::messages::wamid_hash(tx, wamid);
    let id: Option<String> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(outbox::wamid_hash.eq(hash))
        .select(outbox::id)
        .first(c)
        .optional())?;
    id.map(|id| parse(&id, "outbox.id")).transpose()
}

/// Whether there is an intent with this id.
pub fn exists(tx: &mut Tx<'_>, id: OutboxId) -> Result<bool, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(outbox::table.find(id.to_string())))
        .get_result(c))?)
}

/// Whether a message to this person is on the wire, or was with nobody knowing what became of it.
pub fn has_in_flight(tx: &mut Tx<'_>, contact: ContactId) -> Result<bool, StoreError> {
    let doubtful = [SendState::Sending.to_string(), SendState::Unknown.to_string()];
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(
        outbox::table.filter(
            outbox::contact_id
                .eq(contact.to_string())
                .and(may_be_in_flight())
                .and(outbox::state.eq_any(&doubtful))
        )
    ))
    .get_result(c))?)
}

/// Keeps a status that came before its message id was known.
pub fn park_status(
    tx: &mut Tx<'_>,
    wamid: &str,
    status: SendState,
    code: Option<i64>,
    status_at: Timestamp,
) -> Result<(), StoreError> {
    let row = (
        parked_statuses::id.eq(marketplace::EventId::generate(tx.ids).to_string()),
        parked_statuses::wamid_hash.eq(crate::messages::wamid_hash(tx, wamid)),
        parked_statuses::status.eq(status.to_string()),
        parked_statuses::code.eq(code),
        parked_statuses::status_at.eq(status_at.as_millis()),
        parked_statuses::received_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(parked_statuses::table).values(row).execute(c))?;
    Ok(())
}

/// Takes the parked statuses of a message id, oldest first.
pub fn take_parked(
    tx: &mut Tx<'_>,
    wamid: &str,
) -> Result<Vec<(SendState, Option<i64>, Timestamp)>, StoreError> {
    let hash = crate::messages::wamid_hash(tx, wamid);
    let rows: Vec<(String, Option<i64>, i64)> = on_conn!(&mut *tx.conn, |c| parked_statuses::table
        .filter(parked_statuses::wamid_hash.eq(&hash))
        .order((parked_statuses::status_at, parked_statuses::id))
        .select((parked_statuses::status, parked_statuses::code, parked_statuses::status_at))
        .load(c))?;
    if !rows.is_empty() {
        on_conn!(&mut *tx.conn, |c| diesel::delete(
            parked_statuses::table.filter(parked_statuses::wamid_hash.eq(&hash))
        )
        .execute(c))?;
    }
    rows.iter()
        .map(|(status, code, at)| {
            Ok((parse(status, "parked_statuses.status")?, *code, Timestamp::from_millis(*at)))
        })
        .collect()
}

/// Intents that were on the wire under an older dispatcher: their outcome is unknown.
pub fn orphaned_sending(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    fence: i64,
) -> Result<Vec<OutboxId>, StoreError> {
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::phone_number_id
                .eq(number.as_str())
                .and(is_doubtful())
                .and(outbox::state.eq(SendState::Sending.to_string()))
                .and(outbox::fence.lt(fence))
        )
        .order((outbox::sending_at, outbox::id))
        .select(outbox::id)
        .load(c))?;
    ids.iter().map(|id| parse(id, "outbox.id")).collect()
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
    })
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::SendState;

    #[test]
    fn a_state_never_moves_back() {
        for from in SendState::iter() {
            for news in SendState::iter() {
                let next = from.advance(news);
                assert!(next >= from, "{from} then {news} gave {next}");
                if from.is_final() {
                    assert_eq!(next, from);
                }
            }
        }
    }

    #[test]
    fn late_news_of_delivery_and_failure() {
        assert_eq!(SendState::Read.advance(SendState::Delivered), SendState::Read);
        assert_eq!(SendState::Sent.advance(SendState::Failed), SendState::Failed);
        assert_eq!(SendState::Delivered.advance(SendState::Failed), SendState::Delivered);
        assert_eq!(SendState::Unknown.advance(SendState::Sent), SendState::Sent);
    }
}
