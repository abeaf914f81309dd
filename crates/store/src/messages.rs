//! Every message in and out, as people wrote it.

use diesel::prelude::*;
use marketplace::{ContactId, DataKeyId, MessageId, RequestId, Timestamp};

use crate::{
    StoreError, Tx, contacts, on_conn,
    requests::RequestGuard,
    schema::{messages, outbox},
    tx::{parse, parse_optional},
};

/// In or out, as seen from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Direction {
    /// They wrote to us.
    In,
    /// We wrote to them.
    Out,
}

/// Which side of a request the other person is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Party {
    /// The person who asked.
    Client,
    /// A person who was asked.
    Vendor,
}

/// What a message is made of, as far as the conversation cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum MessageKind {
    /// Text.
    Text,
    /// A button or list row was chosen.
    Button,
    /// A word on whether we may call: YES or NO to our prompt, or Meta's card. It answers nothing else.
    Consent,
    /// An image or a document that OCR could read.
    Document,
    /// Other media we cannot read: voice, video, stickers.
    Media,
    /// A place that somebody shared.
    Location,
    /// Anything else: a contact card, a reaction.
    Other,
}

/// A stored message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The request it belongs to, when it belongs to one.
    pub request: Option<RequestId>,
    /// The other person.
    pub contact: ContactId,
    /// In or out.
    pub direction: Direction,
    /// Which side the person is on.
    pub party: Party,
    /// What it is.
    pub kind: MessageKind,
    /// The text; `None` when the person was erased.
    pub body: Option<String>,
    /// The chosen button's id.
    pub button_id: Option<String>,
    /// Meta's time for inbound ones, ours for outbound ones.
    pub meta_at: Timestamp,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// A message to store.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The request it belongs to, when known.
    pub request: Option<RequestId>,
    /// The other person.
    pub contact: ContactId,
    /// In or out.
    pub direction: Direction,
    /// Which side the person is on.
    pub party: Party,
    /// What it is.
    pub kind: MessageKind,
    /// The text.
    pub body: String,
    /// The people whose data text and button hold beside the contact's own.
    pub also_sealed_by: Vec<DataKeyId>,
    /// The chosen button's id.
    pub button_id: Option<String>,
    /// Meta's id, for inbound ones.
    pub wamid: Option<String>,
    /// The quoted message's Meta id.
    pub quoted_wamid: Option<String>,
    /// Meta's time for inbound ones, ours for outbound ones.
    pub meta_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
struct MessageRow {
    id: String,
    request_id: Option<String>,
    contact_id: String,
    direction: String,
    party: String,
    kind: String,
    body: Vec<u8>,
    button_id: Option<Vec<u8>>,
    meta_at: i64,
    created_at: i64,
}

/// Stores a message. A second one with the same Meta id is refused by a constraint.
pub fn insert(tx: &mut Tx<'_>, new: &NewMessage) -> Result<MessageId, StoreError> {
    let id = MessageId::generate(tx.ids);
    let own_key = contacts::data_key(tx, new.contact)?;
    let mut keys = vec![own_key];
    keys.extend(new.also_sealed_by.iter().copied().filter(|key| *key != own_key));
    let body = tx.seal(&keys, new.body.as_bytes())?;
    let button_id = new.button_id.as_ref().map(|id| tx.seal(&keys, id.as_bytes())).transpose()?;
    let wamid = new.wamid.as_ref().map(|wamid| tx.seal(&[own_key], wamid.as_bytes())).transpose()?;
    let row = (
        messages::id.eq(id.to_string()),
        messages::request_id.eq(new.request.map(|id| id.to_string())),
        messages::contact_id.eq(new.contact.to_string()),
        messages::direction.eq(new.direction.to_string()),
        messages::party.eq(new.party.to_string()),
        messages::kind.eq(new.kind.to_string()),
        messages::body.eq(body),
        messages::button_id.eq(button_id),
        messages::wamid.eq(wamid),
        messages::wamid_hash.eq(new.wamid.as_deref().map(|wamid| wamid_hash(tx, wamid))),
        messages::quoted_hash.eq(new.quoted_wamid.as_deref().map(|wamid| wamid_hash(tx, wamid))),
        messages::meta_at.eq(new.meta_at.as_millis()),
        messages::created_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(messages::table).values(row).execute(c))?;
    Ok(id)
}

/// The keyed hash a Meta message id is looked up by.
pub fn wamid_hash(tx: &Tx<'_>, wamid: &str) -> Vec<u8> {
    tx.vault.lookup_hash("wamid", wamid).to_vec()
}

/// Meta's id of an inbound message, to quote it; `None` when it has none or the person was erased.
pub fn wamid(tx: &mut Tx<'_>, id: MessageId) -> Result<Option<String>, StoreError> {
    let sealed: Option<Option<Vec<u8>>> = on_conn!(&mut *tx.conn, |c| messages::table
        .find(id.to_string())
        .select(messages::wamid)
        .get_result(c)
        .optional())?;
    tx.open_optional(sealed.flatten().as_deref())
}

/// Loads one message.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub fn load(tx: &mut Tx<'_>, id: MessageId) -> Result<Message, StoreError> {
    let row = on_conn!(&mut *tx.conn, |c| messages::table
        .find(id.to_string())
        .select(MessageRow::as_select())
        .get_result(c))?;
    message(tx, &row)
}

/// The newest `limit` messages of a request, oldest first.
pub fn latest(tx: &mut Tx<'_>, request: RequestId, limit: i64) -> Result<Vec<Message>, StoreError> {
    let mut rows: Vec<MessageRow> = on_conn!(&mut *tx.conn, |c| messages::table
        .filter(messages::request_id.eq(request.to_string()))
        .order((messages::meta_at.desc(), messages::created_at.desc(), messages::id.desc()))
        .limit(limit)
        .select(MessageRow::as_select())
        .load(c))?;
    rows.reverse();
    rows.iter().map(|row| message(tx, row)).collect()
}

/// When a vendor last wrote something that could be placed with none of their requests, not earlier than `since`, by
/// Meta's clock.
pub fn vendor_wrote_unplaced(
    tx: &mut Tx<'_>,
    contact: ContactId,
    since: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = on_conn!(&mut *tx.conn, |c| messages::table
        .filter(
            messages::contact_id
                .eq(contact.to_string())
                .and(messages::request_id.is_null())
                .and(messages::direction.eq(Direction::In.to_string()))
                .and(messages::party.eq(Party::Vendor.to_string()))
                .and(messages::kind.ne(MessageKind::Consent.to_string()))
                .and(messages::meta_at.ge(since.as_millis()))
        )
        .select(diesel::dsl::max(messages::meta_at))
        .get_result(c))?;
    Ok(at.map(Timestamp::from_millis))
}

/// What a person wrote as a vendor, not earlier than `since` by our clock, and nobody could place yet; oldest first.
pub fn unplaced(tx: &mut Tx<'_>, contact: ContactId, since: Timestamp) -> Result<Vec<Message>, StoreError> {
    let rows: Vec<MessageRow> = on_conn!(&mut *tx.conn, |c| messages::table
        .filter(
            messages::contact_id
                .eq(contact.to_string())
                .and(messages::request_id.is_null())
                .and(messages::direction.eq(Direction::In.to_string()))
                .and(messages::party.eq(Party::Vendor.to_string()))
                .and(messages::kind.ne(MessageKind::Consent.to_string()))
                .and(messages::created_at.ge(since.as_millis()))
        )
        .order((messages::meta_at, messages::created_at, messages::id))
        .select(MessageRow::as_select())
        .load(c))?;
    rows.iter().map(|row| message(tx, row)).collect()
}

/// Gives a message that was not placed to a request, sealed by whom it speaks of as well.
pub fn assign(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    message: &Message,
    party: Party,
    also_sealed_by: &[DataKeyId],
) -> Result<(), StoreError> {
    let mut keys = vec![contacts::data_key(tx, message.contact)?];
    keys.extend_from_slice(also_sealed_by);
    let body = message.body.as_ref().map(|body| tx.seal(&keys, body.as_bytes())).transpose()?;
    let row =
        (messages::request_id.eq(guard.request().id.to_string()), messages::party.eq(party.to_string()));
    let this = messages::table.find(message.id.to_string());
    match body {
        Some(body) => {
            on_conn!(&mut *tx.conn, |c| diesel::update(this).set((row, messages::body.eq(body))).execute(c))?
        }
        None => on_conn!(&mut *tx.conn, |c| diesel::update(this).set(row).execute(c))?,
    };
    Ok(())
}

/// The message we sent that carries this Meta id, with its request.
pub fn sent_with_wamid(
    tx: &mut Tx<'_>,
    wamid: &str,
) -> Result<Option<(MessageId, Option<RequestId>)>, StoreError> {
    let hash = wamid_hash(tx, wamid);
    let row: Option<(String, Option<String>)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(outbox::wamid_hash.eq(hash))
        .select((outbox::message_id, outbox::request_id))
        .first(c)
        .optional())?;
    row.map(|(message, request)| {
        Ok((parse(&message, "outbox.message_id")?, parse_optional(request.as_deref(), "outbox.request_id")?))
    })
    .transpose()
}

fn message(tx: &mut Tx<'_>, row: &MessageRow) -> Result<Message, StoreError> {
    Ok(Message {
        id: parse(&row.id, "messages.id")?,
        request: parse_optional(row.request_id.as_deref(), "messages.request_id")?,
        contact: parse(&row.contact_id, "messages.contact_id")?,
        direction: parse(&row.direction, "messages.direction")?,
        party: parse(&row.party, "messages.party")?,
        kind: parse(&row.kind, "messages.kind")?,
        body: tx.open_text(&row.body)?,
        button_id: tx.open_optional(row.button_id.as_deref())?,
        meta_at: Timestamp::from_millis(row.meta_at),
        created_at: Timestamp::from_millis(row.created_at),
    })
}
