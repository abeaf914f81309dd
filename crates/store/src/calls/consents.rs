//! Consents, one row a key and prompt, and their append-only history.

use calling_policy::{Consent, ConsentStatus, Party};
use diesel::prelude::*;
use marketplace::{Bsuid, ConsentId, ContactId, E164, Language, MessageId, RequestId, Timestamp};

use super::{knowledge_of, machine};
use crate::{
    StoreError, Tx, contacts, on_conn,
    requests::RequestGuard,
    schema::{consent_history as history, consents, requests},
    tx::{closed, parse, parse_optional},
};

/// How a person was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum AskedBy {
    /// By our message with YES and NO.
    Buttons,
    /// By Meta's permission card.
    Card,
}

/// What happened to a consent, as its history says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum HistoryEvent {
    /// The prompt was queued.
    Requested,
    /// The person said YES.
    Yes,
    /// The person said NO.
    No,
    /// The person took it back: elsewhere, or on another prompt.
    WithdrawnByPerson,
    /// Meta took the permission back.
    WithdrawnByMeta,
    /// The person has another number or business-scoped id.
    IdentityChanged,
    /// The request was closed or handed off.
    RequestEnded,
    /// The prompt will not arrive.
    NotDelivered,
    /// Its time ran out.
    Expired,
}

/// A consent to store.
#[derive(Debug, Clone)]
pub struct NewConsent {
    /// As asked.
    pub consent: Consent,
    /// Whether the client or a vendor was asked.
    pub party: Party,
    /// How.
    pub asked_by: AskedBy,
    /// The wording, by the name and version of the catalogue: `consent-prompt.v1`.
    pub wording: String,
    /// In which language.
    pub language: Language,
}

/// A stored consent.
#[derive(Debug, Clone)]
pub struct StoredConsent {
    /// Its id.
    pub id: ConsentId,
    /// What is known of it.
    pub consent: Consent,
    /// Whether the client or a vendor was asked.
    pub party: Party,
    /// How.
    pub asked_by: AskedBy,
    /// The wording.
    pub wording: String,
    /// In which language.
    pub language: Language,
    /// The number that was asked; `None` where Meta gave none, or the person was erased.
    pub phone: Option<E164>,
    /// The business-scoped id that was asked.
    pub bsuid: Option<Bsuid>,
    /// The status as it was last recorded: time alone may have ended it since.
    pub recorded_status: ConsentStatus,
    /// When it was recorded.
    pub created_at: Timestamp,
}

/// What happened to a consent.
#[derive(Debug, Clone, Copy)]
pub struct ConsentChange {
    /// What.
    pub event: HistoryEvent,
    /// The person whose word it was; `None` for the clock and for Meta.
    pub by: Option<ContactId>,
    /// The message that said so.
    pub message: Option<MessageId>,
    /// When it happened, by Meta's clock where Meta dates it.
    pub at: Timestamp,
}

/// One line of a consent's history.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    /// 1, 2, 3 …
    pub seq: i32,
    /// What happened.
    pub event: HistoryEvent,
    /// The status after it.
    pub status: ConsentStatus,
    /// Until when it counts after it.
    pub expires_at: Timestamp,
    /// The person whose word it was.
    pub by: Option<ContactId>,
    /// The message that said so.
    pub message: Option<MessageId>,
    /// When it happened.
    pub happened_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = consents)]
struct ConsentRow {
    id: String,
    party: String,
    asked_by: String,
    wording: String,
    language: String,
    phone: Option<Vec<u8>>,
    bsuid: Option<Vec<u8>>,
    status: String,
    knowledge: String,
    created_at: i64,
}

/// Stores a consent that a prompt asks for, with the first line of its history.
pub fn insert_consent(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    new: &NewConsent,
) -> Result<ConsentId, StoreError> {
    let id = ConsentId::generate(tx.ids);
    let consent = &new.consent;
    let contact = contacts::load(tx, consent.contact())?;
    let mut seal =
        |text: Option<String>| text.map(|text| tx.seal(&[contact.data_key], text.as_bytes())).transpose();
    let phone = seal(contact.phone.map(|phone| phone.as_str().to_owned()))?;
    let bsuid = seal(contact.bsuid.map(|bsuid| bsuid.as_str().to_owned()))?;
    let now = guard.now(tx);
    let row = (
        consents::id.eq(id.to_string()),
        consents::request_id.eq(guard.request().id.to_string()),
        consents::contact_id.eq(consent.contact().to_string()),
        consents::prompt_message_id.eq(consent.prompt().to_string()),
        consents::party.eq(new.party.to_string()),
        consents::key.eq(consent.key().to_string()),
        consents::scope.eq(consent.scope().to_string()),
        consents::asked_by.eq(new.asked_by.to_string()),
        consents::wording.eq(&new.wording),
        consents::language.eq(new.language.to_string()),
        consents::phone.eq(phone),
        consents::bsuid.eq(bsuid),
        consents::status.eq(consent.status(now).to_string()),
        consents::expires_at.eq(consent.expires_at().as_millis()),
        consents::knowledge.eq(knowledge_of(consent)?),
        consents::created_at.eq(now.as_millis()),
        consents::updated_at.eq(now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(consents::table).values(row).execute(c))?;
    let asked = ConsentChange {
        event: HistoryEvent::Requested,
        by: None,
        message: Some(consent.prompt()),
        at: consent.requested_at(),
    };
    append(tx, id, consent, &asked, now)?;
    Ok(id)
}

/// Saves what is known of a consent after `change`, and the change as a line of its history. The caller has taken
/// its request's row.
pub fn save_consent(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    id: ConsentId,
    consent: &Consent,
    change: &ConsentChange,
) -> Result<(), StoreError> {
    let now = guard.now(tx);
    on_conn!(&mut *tx.conn, |c| diesel::update(consents::table.find(id.to_string()))
        .set((
            consents::status.eq(consent.status(now).to_string()),
            consents::expires_at.eq(consent.expires_at().as_millis()),
            consents::knowledge.eq(knowledge_of(consent)?),
            consents::updated_at.eq(now.as_millis()),
        ))
        .execute(c))?;
    append(tx, id, consent, change, now)
}

fn append(
    tx: &mut Tx<'_>,
    id: ConsentId,
    consent: &Consent,
    change: &ConsentChange,
    now: Timestamp,
) -> Result<(), StoreError> {
    let last: Option<i32> = on_conn!(&mut *tx.conn, |c| history::table
        .filter(history::consent_id.eq(id.to_string()))
        .select(diesel::dsl::max(history::seq))
        .get_result(c))?;
    let event = change.event.to_string();
    let row = (
        history::consent_id.eq(id.to_string()),
        history::seq.eq(last.unwrap_or(0).saturating_add(1)),
        history::event.eq(closed(&event, "consent_history.event")?),
        history::status.eq(consent.status(now).to_string()),
        history::expires_at.eq(consent.expires_at().as_millis()),
        history::by_contact_id.eq(change.by.map(|by| by.to_string())),
        history::message_id.eq(change.message.map(|message| message.to_string())),
        history::happened_at.eq(change.at.as_millis()),
        history::recorded_at.eq(now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(history::table).values(row).execute(c))?;
    Ok(())
}

/// Loads one consent.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub fn consent(tx: &mut Tx<'_>, id: ConsentId) -> Result<StoredConsent, StoreError> {
    let row = on_conn!(&mut *tx.conn, |c| consents::table
        .find(id.to_string())
        .select(ConsentRow::as_select())
        .get_result(c))?;
    stored(tx, &row)
}

/// Every consent of a request, oldest first.
pub fn consents_of_request(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<StoredConsent>, StoreError> {
    let rows: Vec<ConsentRow> = on_conn!(&mut *tx.conn, |c| consents::table
        .filter(consents::request_id.eq(request.to_string()))
        .order((consents::created_at, consents::id))
        .select(ConsentRow::as_select())
        .load(c))?;
    rows.iter().map(|row| stored(tx, row)).collect()
}

/// The consents that one prompt asked for.
pub fn consents_of_prompt(tx: &mut Tx<'_>, prompt: MessageId) -> Result<Vec<StoredConsent>, StoreError> {
    let rows: Vec<ConsentRow> = on_conn!(&mut *tx.conn, |c| consents::table
        .filter(consents::prompt_message_id.eq(prompt.to_string()))
        .order((consents::created_at, consents::id))
        .select(ConsentRow::as_select())
        .load(c))?;
    rows.iter().map(|row| stored(tx, row)).collect()
}

/// The consents of a person for requests that are not over, the oldest request first.
pub fn consents_of_contact(tx: &mut Tx<'_>, contact: ContactId) -> Result<Vec<StoredConsent>, StoreError> {
    let rows: Vec<ConsentRow> = on_conn!(&mut *tx.conn, |c| consents::table
        .inner_join(requests::table.on(requests::id.eq(consents::request_id)))
        .filter(
            consents::contact_id
                .eq(contact.to_string())
                .and(requests::state.ne_all(["handed_off", "closed"]))
        )
        .order((consents::request_id, consents::created_at, consents::id))
        .select(ConsentRow::as_select())
        .load(c))?;
    rows.iter().map(|row| stored(tx, row)).collect()
}

/// The history of a consent, oldest first.
pub fn history_of(tx: &mut Tx<'_>, id: ConsentId) -> Result<Vec<HistoryEntry>, StoreError> {
    type Row = (i32, String, String, i64, Option<String>, Option<String>, i64, i64);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| history::table
        .filter(history::consent_id.eq(id.to_string()))
        .order(history::seq)
        .select((
            history::seq,
            history::event,
            history::status,
            history::expires_at,
            history::by_contact_id,
            history::message_id,
            history::happened_at,
            history::recorded_at,
        ))
        .load(c))?;
    rows.into_iter()
        .map(|(seq, event, status, expires_at, by, message, happened_at, recorded_at)| {
            Ok(HistoryEntry {
                seq,
                event: parse(&event, "consent_history.event")?,
                status: parse(&status, "consent_history.status")?,
                expires_at: Timestamp::from_millis(expires_at),
                by: parse_optional(by.as_deref(), "consent_history.by_contact_id")?,
                message: parse_optional(message.as_deref(), "consent_history.message_id")?,
                happened_at: Timestamp::from_millis(happened_at),
                recorded_at: Timestamp::from_millis(recorded_at),
            })
        })
        .collect()
}

fn stored(tx: &mut Tx<'_>, row: &ConsentRow) -> Result<StoredConsent, StoreError> {
    let phone = tx.open_optional(row.phone.as_deref())?;
    let bsuid = tx.open_optional(row.bsuid.as_deref())?;
    Ok(StoredConsent {
        id: parse(&row.id, "consents.id")?,
        consent: machine(&row.knowledge, "consents.knowledge")?,
        party: parse(&row.party, "consents.party")?,
        asked_by: parse(&row.asked_by, "consents.asked_by")?,
        wording: row.wording.clone(),
        language: parse(&row.language, "consents.language")?,
        phone: parse_optional(phone.as_deref(), "consents.phone")?,
        bsuid: parse_optional(bsuid.as_deref(), "consents.bsuid")?,
        recorded_status: parse(&row.status, "consents.status")?,
        created_at: Timestamp::from_millis(row.created_at),
    })
}
