//! What Meta said about calls, as it came.

use diesel::prelude::*;
use marketplace::{CallAttemptId, ContactId, DataKeyId, EventId, PhoneNumberId, Timestamp};

use crate::{
    StoreError, Tx, contacts, on_conn,
    schema::{call_attempts as attempts, call_events as events},
    tx::{closed, parse},
};

/// An event to keep.
#[derive(Debug, Clone)]
pub struct NewCallEvent<'a> {
    /// The attempt it is about; `None` while nobody knows: it waits for the answer to a dial.
    pub attempt: Option<CallAttemptId>,
    /// Our number that it came in on.
    pub number: &'a PhoneNumberId,
    /// The person at the other end, where known.
    pub contact: Option<ContactId>,
    /// The key the event was sealed with when it came.
    pub data_key: DataKeyId,
    /// Meta's id of the call.
    pub wacid: &'a str,
    /// `connect`, `status`, `terminate`: a closed code.
    pub kind: &'a str,
    /// As it came, JSON.
    pub payload: &'a str,
    /// When it happened, by Meta's clock.
    pub at: Timestamp,
}

/// An event that was kept.
#[derive(Debug, Clone)]
pub struct CallEvent {
    /// Its id.
    pub id: EventId,
    /// What kind of event.
    pub kind: String,
    /// As it came, JSON; `None` when the person was erased.
    pub payload: Option<String>,
    /// When it happened, by Meta's clock.
    pub at: Timestamp,
    /// When it was kept.
    pub received_at: Timestamp,
}

pub(super) fn wacid_hash(tx: &Tx<'_>, wacid: &str) -> Vec<u8> {
    tx.vault.lookup_hash("wacid", wacid).to_vec()
}

/// The attempt that Meta knows by this call id.
pub fn find_by_wacid(tx: &mut Tx<'_>, wacid: &str) -> Result<Option<CallAttemptId>, StoreError> {
    let hash = wacid_hash(tx, wacid);
    let id: Option<String> = on_conn!(&mut *tx.conn, |c| attempts::table
        .filter(attempts::wacid_hash.eq(hash))
        .select(attempts::id)
        .get_result(c)
        .optional())?;
    id.map(|id| parse(&id, "call_attempts.id")).transpose()
}

/// Keeps an event, sealed under the key it came with and the person's own. One of an erased person is not kept.
pub fn keep_event(tx: &mut Tx<'_>, new: &NewCallEvent<'_>) -> Result<(), StoreError> {
    let mut keys = vec![new.data_key];
    if let Some(contact) = new.contact {
        keys.push(contacts::data_key(tx, contact)?);
    }
    keys.sort_unstable();
    keys.dedup();
    let Some(payload) = tx.seal_or_drop(&keys, new.payload.as_bytes())? else { return Ok(()) };
    let row = (
        events::id.eq(EventId::generate(tx.ids).to_string()),
        events::attempt_id.eq(new.attempt.map(|id| id.to_string())),
        events::phone_number_id.eq(new.number.as_str()),
        events::wacid_hash.eq(wacid_hash(tx, new.wacid)),
        events::kind.eq(closed(new.kind, "call_events.kind")?),
        events::payload.eq(payload),
        events::meta_at.eq(new.at.as_millis()),
        events::received_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(events::table).values(row).execute(c))?;
    Ok(())
}

/// The events of an attempt, in the order in which they came.
pub fn events_of(tx: &mut Tx<'_>, attempt: CallAttemptId) -> Result<Vec<CallEvent>, StoreError> {
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| events::table
        .filter(events::attempt_id.eq(attempt.to_string()))
        .order((events::received_at, events::id))
        .select((events::id, events::kind, events::payload, events::meta_at, events::received_at))
        .load(c))?;
    rows.into_iter().map(|row| event(tx, row)).collect()
}

type Row = (String, String, Vec<u8>, i64, i64);

/// Gives the events that waited for this call of our number to their attempt, in the order in which they came.
pub fn take_waiting(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    wacid: &str,
    attempt: CallAttemptId,
) -> Result<Vec<CallEvent>, StoreError> {
    let hash = wacid_hash(tx, wacid);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| events::table
        .filter(
            events::wacid_hash
                .eq(&hash)
                .and(events::attempt_id.is_null())
                .and(events::phone_number_id.eq(number.as_str()))
        )
        .order((events::received_at, events::id))
        .select((events::id, events::kind, events::payload, events::meta_at, events::received_at))
        .load(c))?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&String> = rows.iter().map(|row| &row.0).collect();
    on_conn!(&mut *tx.conn, |c| diesel::update(events::table.filter(events::id.eq_any(ids)))
        .set(events::attempt_id.eq(attempt.to_string()))
        .execute(c))?;
    rows.into_iter().map(|row| event(tx, row)).collect()
}

fn event(tx: &mut Tx<'_>, (id, kind, payload, at, received_at): Row) -> Result<CallEvent, StoreError> {
    Ok(CallEvent {
        id: parse(&id, "call_events.id")?,
        kind,
        payload: tx.open_text(&payload)?,
        at: Timestamp::from_millis(at),
        received_at: Timestamp::from_millis(received_at),
    })
}
