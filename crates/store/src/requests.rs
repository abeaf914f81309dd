//! Requests: the row every writing transaction takes first.

use diesel::prelude::*;
use marketplace::{
    ContactId, Control, DataKeyId, Language, PhoneNumberId, RequestId, RequestState, Timestamp,
};
use moltbot_contract::Urgency;
use serde::{Deserialize, Serialize};

use crate::{
    StoreError, Tx, contacts, on_conn,
    schema::{lanes, requests},
    tx::{locked, parse, parse_wire, wire_name},
};

/// A client's request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its id, and the id of its lane.
    pub id: RequestId,
    /// Who asked.
    pub client: ContactId,
    /// The client's data key: seals what derives from the client's words.
    pub data_key: DataKeyId,
    /// The business number the conversation runs on.
    pub phone_number_id: PhoneNumberId,
    /// Where it stands.
    pub state: RequestState,
    /// Moves with the request's facts and state, not with arrivals.
    pub version: i64,
    /// Bot or person.
    pub control: Control,
    /// Moves with each change of control.
    pub control_epoch: i64,
    /// What kind of thing is wanted.
    pub category: Option<String>,
    /// The need in one line.
    pub need: Option<String>,
    /// The client's own urgency.
    pub urgency: Urgency,
    /// The language of the conversation.
    pub language: Language,
    /// When the client last asked to be called, by Meta's clock.
    pub call_asked_at: Option<Timestamp>,
    /// Where the client said they are, and when, by Meta's clock; `None` also once they were erased.
    pub position: Option<Position>,
    /// Whether it concerns a medical prescription.
    pub prescription: bool,
    /// The latest domain time this request has seen.
    pub last_at: Timestamp,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Request {
    /// Whether a person has it: it was taken over, or its state is one that only a person leads out of. The bot then
    /// neither sends nor calls, and what the client writes stays unread.
    pub const fn is_with_person(&self) -> bool {
        matches!(self.control, Control::Human) || self.state.needs_person()
    }
}

/// A place that a client shared. Personal data: sealed, and nothing of it goes to a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// When they shared it, by Meta's clock.
    pub at: Timestamp,
}

/// A request whose row is taken for this transaction. Every effect needs one as an argument, so none can
/// happen beside the row's lock. Made by [`lock`] and [`create`] only.
#[derive(Debug)]
pub struct RequestGuard {
    request: Request,
}

impl RequestGuard {
    /// The request as this transaction sees it.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// Domain time for this request: it never runs backwards.
    pub fn now(&self, tx: &Tx<'_>) -> Timestamp {
        tx.now.max(self.request.last_at)
    }
}

/// What an update may change; `None` leaves a fact as it is.
#[derive(Debug, Clone, Default)]
pub struct FactChanges {
    /// New category.
    pub category: Option<String>,
    /// New one-line need.
    pub need: Option<String>,
    /// The people whose data category and need hold beside the client's own.
    pub also_sealed_by: Vec<DataKeyId>,
    /// New urgency.
    pub urgency: Option<Urgency>,
    /// New language.
    pub language: Option<Language>,
    /// Prescription mark; only ever set, never cleared, by the bot.
    pub prescription: Option<bool>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = requests)]
struct RequestRow {
    id: String,
    client_contact_id: String,
    phone_number_id: String,
    data_key_id: String,
    state: String,
    version: i64,
    control: String,
    control_epoch: i64,
    category: Option<Vec<u8>>,
    need: Option<Vec<u8>>,
    urgency: String,
    language: String,
    prescription: bool,
    last_at: i64,
    created_at: i64,
    updated_at: i64,
    closed_at: Option<i64>,
    call_asked_at: Option<i64>,
    position: Option<Vec<u8>>,
}

/// The facts that are sealed; `None` leaves one as it is.
#[derive(AsChangeset)]
#[diesel(table_name = requests)]
struct SealedFacts {
    category: Option<Vec<u8>>,
    need: Option<Vec<u8>>,
}

/// Takes the request's row: the first step of every writing transaction about a request.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such request.
pub fn lock(tx: &mut Tx<'_>, id: RequestId) -> Result<RequestGuard, StoreError> {
    let row = locked!(
        &mut *tx.conn,
        requests::table.find(id.to_string()).select(RequestRow::as_select()),
        |query, c| query.get_result(c)
    )?;
    Ok(RequestGuard { request: request(tx, &row)? })
}

/// Reads a request without taking it.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such request.
pub fn load(tx: &mut Tx<'_>, id: RequestId) -> Result<Request, StoreError> {
    let row = on_conn!(&mut *tx.conn, |c| requests::table
        .find(id.to_string())
        .select(RequestRow::as_select())
        .get_result(c))?;
    request(tx, &row)
}

/// The client's open request, if there is one (a constraint keeps it to one).
pub fn open_of_client(tx: &mut Tx<'_>, client: ContactId) -> Result<Option<RequestId>, StoreError> {
    let over = [RequestState::HandedOff.to_string(), RequestState::Closed.to_string()];
    let id: Option<String> = on_conn!(&mut *tx.conn, |c| requests::table
        .filter(requests::client_contact_id.eq(client.to_string()).and(requests::state.ne_all(&over)))
        .select(requests::id)
        .get_result(c)
        .optional())?;
    id.map(|id| parse(&id, "requests.id")).transpose()
}

/// The client's most recent request that was handed off and not yet closed.
pub fn handed_off_of_client(tx: &mut Tx<'_>, client: ContactId) -> Result<Option<RequestId>, StoreError> {
    let id: Option<String> = on_conn!(&mut *tx.conn, |c| requests::table
        .filter(
            requests::client_contact_id
                .eq(client.to_string())
                .and(requests::state.eq(RequestState::HandedOff.to_string()))
        )
        .order((requests::created_at.desc(), requests::id.desc()))
        .select(requests::id)
        .first(c)
        .optional())?;
    id.map(|id| parse(&id, "requests.id")).transpose()
}

/// The client's requests that are not closed, the oldest first: those that an erasure closes.
pub fn unclosed_of_client(tx: &mut Tx<'_>, client: ContactId) -> Result<Vec<RequestId>, StoreError> {
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| requests::table
        .filter(
            requests::client_contact_id
                .eq(client.to_string())
                .and(requests::state.ne(RequestState::Closed.to_string()))
        )
        .order((requests::created_at, requests::id))
        .select(requests::id)
        .load(c))?;
    ids.iter().map(|id| parse(id, "requests.id")).collect()
}

/// The client's newest requests, the newest first.
pub fn of_client(tx: &mut Tx<'_>, client: ContactId, limit: i64) -> Result<Vec<Request>, StoreError> {
    let rows = on_conn!(&mut *tx.conn, |c| requests::table
        .filter(requests::client_contact_id.eq(client.to_string()))
        .order((requests::created_at.desc(), requests::id.desc()))
        .limit(limit)
        .select(RequestRow::as_select())
        .load(c))?;
    rows.iter().map(|row| request(tx, row)).collect()
}

/// Opens a request and its lane.
pub fn create(
    tx: &mut Tx<'_>,
    client: ContactId,
    number: &PhoneNumberId,
    language: Language,
) -> Result<RequestGuard, StoreError> {
    let now = tx.now.as_millis();
    let row = RequestRow {
        id: RequestId::generate(tx.ids).to_string(),
        client_contact_id: client.to_string(),
        phone_number_id: number.as_str().to_owned(),
        data_key_id: contacts::data_key(tx, client)?.to_string(),
        state: RequestState::New.to_string(),
        version: 1,
        control: Control::Bot.to_string(),
        control_epoch: 0,
        category: None,
        need: None,
        urgency: wire_name(&Urgency::Normal)?,
        language: language.to_string(),
        prescription: false,
        last_at: now,
        created_at: now,
        updated_at: now,
        closed_at: None,
        call_asked_at: None,
        position: None,
    };
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(requests::table).values(&row).execute(c))?;
    let lane = (lanes::request_id.eq(&row.id), lanes::fence.eq(0_i64), lanes::attempts.eq(0));
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(lanes::table).values(lane).execute(c))?;
    Ok(RequestGuard { request: request(tx, &row)? })
}

/// Moves the request to `to` and its version on by one. The caller has checked the transition table.
pub fn set_state(tx: &mut Tx<'_>, guard: &mut RequestGuard, to: RequestState) -> Result<(), StoreError> {
    let now = guard.now(tx);
    let closed_at = (to == RequestState::Closed).then(|| now.as_millis());
    on_conn!(&mut *tx.conn, |c| diesel::update(requests::table.find(guard.request.id.to_string()))
        .set((
            requests::state.eq(to.to_string()),
            requests::version.eq(requests::version + 1),
            requests::last_at.eq(now.as_millis()),
            requests::updated_at.eq(now.as_millis()),
            requests::closed_at.eq(closed_at),
        ))
        .execute(c))?;
    guard.request.state = to;
    guard.request.version += 1;
    guard.request.last_at = now;
    Ok(())
}

/// Moves the version on by one: what was decided on the request as it was is refused.
pub fn touch(tx: &mut Tx<'_>, guard: &mut RequestGuard) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(requests::table.find(guard.request.id.to_string()))
        .set((requests::version.eq(requests::version + 1), requests::updated_at.eq(tx.now.as_millis())))
        .execute(c))?;
    guard.request.version += 1;
    Ok(())
}

/// Records facts; the version moves with the state change that carries them.
pub fn set_facts(tx: &mut Tx<'_>, guard: &mut RequestGuard, changes: &FactChanges) -> Result<(), StoreError> {
    let request = &mut guard.request;
    let mut keys = vec![request.data_key];
    keys.extend(&changes.also_sealed_by);
    let mut seal = |text: &String| tx.seal(&keys, text.as_bytes());
    let category = changes.category.as_ref().map(&mut seal).transpose()?;
    let need = changes.need.as_ref().map(&mut seal).transpose()?;
    // What is not said anew stays as it was sealed.
    let sealed = SealedFacts { category, need };
    request.category = changes.category.clone().or_else(|| request.category.take());
    request.need = changes.need.clone().or_else(|| request.need.take());
    request.urgency = changes.urgency.unwrap_or(request.urgency);
    request.language = changes.language.unwrap_or(request.language);
    request.prescription = changes.prescription.unwrap_or(request.prescription);
    on_conn!(&mut *tx.conn, |c| diesel::update(requests::table.find(request.id.to_string()))
        .set((
            sealed,
            requests::urgency.eq(wire_name(&request.urgency)?),
            requests::language.eq(request.language.to_string()),
            requests::prescription.eq(request.prescription),
            requests::updated_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(())
}

/// Moves the conversation with the client to another number of ours: they are answered where they wrote.
pub fn set_number(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    number: &PhoneNumberId,
) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(requests::table.find(guard.request.id.to_string()))
        .set((requests::phone_number_id.eq(number.as_str()), requests::updated_at.eq(tx.now.as_millis())))
        .execute(c))?;
    guard.request.phone_number_id = number.clone();
    Ok(())
}

/// Remembers that the client asked to be called; an older word changes nothing.
pub fn set_call_asked(tx: &mut Tx<'_>, guard: &mut RequestGuard, at: Timestamp) -> Result<(), StoreError> {
    if guard.request.call_asked_at.is_some_and(|known| at <= known) {
        return Ok(());
    }
    on_conn!(&mut *tx.conn, |c| diesel::update(requests::table.find(guard.request.id.to_string()))
        .set((requests::call_asked_at.eq(at.as_millis()), requests::updated_at.eq(tx.now.as_millis())))
        .execute(c))?;
    guard.request.call_asked_at = Some(at);
    Ok(())
}

/// Remembers where the client is; an older word changes nothing.
pub fn set_position(tx: &mut Tx<'_>, guard: &mut RequestGuard, position: Position) -> Result<(), StoreError> {
    if guard.request.position.is_some_and(|known| position.at < known.at) {
        return Ok(());
    }
    let text =
        serde_json::to_vec(&position).map_err(|_| StoreError::Corrupt { what: "requests.position" })?;
    let sealed = tx.seal(&[guard.request.data_key], &text)?;
    on_conn!(&mut *tx.conn, |c| diesel::update(requests::table.find(guard.request.id.to_string()))
        .set((requests::position.eq(sealed), requests::updated_at.eq(tx.now.as_millis())))
        .execute(c))?;
    guard.request.position = Some(position);
    Ok(())
}

/// Gives control to the bot or to a person; the epoch moves, which cancels what the other side had queued.
pub fn set_control(tx: &mut Tx<'_>, guard: &mut RequestGuard, control: Control) -> Result<(), StoreError> {
    if guard.request.control == control {
        return Ok(());
    }
    on_conn!(&mut *tx.conn, |c| diesel::update(requests::table.find(guard.request.id.to_string()))
        .set((
            requests::control.eq(control.to_string()),
            requests::control_epoch.eq(requests::control_epoch + 1),
            requests::updated_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    guard.request.control = control;
    guard.request.control_epoch += 1;
    Ok(())
}

/// Requests, the most recently changed first; `state` narrows it.
pub fn list(tx: &mut Tx<'_>, state: Option<RequestState>, limit: i64) -> Result<Vec<Request>, StoreError> {
    let wanted: Vec<String> = match state {
        Some(state) => vec![state.to_string()],
        None => <RequestState as strum::IntoEnumIterator>::iter().map(|state| state.to_string()).collect(),
    };
    let rows = on_conn!(&mut *tx.conn, |c| requests::table
        .filter(requests::state.eq_any(wanted))
        .order((requests::updated_at.desc(), requests::id.desc()))
        .limit(limit)
        .select(RequestRow::as_select())
        .load(c))?;
    rows.iter().map(|row| request(tx, row)).collect()
}

fn request(tx: &mut Tx<'_>, row: &RequestRow) -> Result<Request, StoreError> {
    let position = tx.open_optional(row.position.as_deref())?;
    Ok(Request {
        id: parse(&row.id, "requests.id")?,
        client: parse(&row.client_contact_id, "requests.client_contact_id")?,
        data_key: parse(&row.data_key_id, "requests.data_key_id")?,
        phone_number_id: parse(&row.phone_number_id, "requests.phone_number_id")?,
        state: parse(&row.state, "requests.state")?,
        version: row.version,
        control: parse(&row.control, "requests.control")?,
        control_epoch: row.control_epoch,
        category: tx.open_optional(row.category.as_deref())?,
        need: tx.open_optional(row.need.as_deref())?,
        urgency: parse_wire(&row.urgency, "requests.urgency")?,
        language: parse(&row.language, "requests.language")?,
        call_asked_at: row.call_asked_at.map(Timestamp::from_millis),
        position: position
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|_| StoreError::Corrupt { what: "requests.position" })?,
        prescription: row.prescription,
        last_at: Timestamp::from_millis(row.last_at),
        created_at: Timestamp::from_millis(row.created_at),
        updated_at: Timestamp::from_millis(row.updated_at),
    })
}
