//! What a person got only as "there is news": once they write, the whole text goes to them.

use diesel::prelude::*;
use marketplace::{ContactId, OutboxId, PhoneNumberId, Timestamp};

use super::{Send, SendRow, SendState, send};
use crate::{StoreError, Tx, on_conn, schema::outbox};

/// The most texts that are owed to one person at once, the newest; older ones are no news any more.
pub const OWED_MAX: i64 = 3;

/// Whether the intent that is about to go on the wire leaves its whole text owed.
pub fn set_owed(tx: &mut Tx<'_>, id: OutboxId, owed: bool) -> Result<(), StoreError> {
    let at = owed.then(|| tx.now.as_millis());
    on_conn!(&mut *tx.conn, |c| diesel::update(outbox::table.find(id.to_string()))
        .set(outbox::owed_at.eq(at))
        .execute(c))?;
    Ok(())
}

/// What is owed to a person by one of our numbers, the oldest first; at most [`OWED_MAX`].
pub fn owed_to(tx: &mut Tx<'_>, contact: ContactId, number: &PhoneNumberId) -> Result<Vec<Send>, StoreError> {
    let arrives: Vec<String> = <SendState as strum::IntoEnumIterator>::iter()
        .filter(|state| state.is_accepted() || *state == SendState::Unknown)
        .map(|state| state.to_string())
        .collect();
    let rows: Vec<SendRow> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::contact_id
                .eq(contact.to_string())
                .and(outbox::owed_at.is_not_null())
                .and(outbox::phone_number_id.eq(number.as_str()))
                .and(outbox::state.eq_any(&arrives))
        )
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .limit(OWED_MAX)
        .select(SendRow::as_select())
        .load(c))?;
    rows.into_iter().rev().map(|row| send(tx, row)).collect()
}

/// Settles all that is owed to a person by one of our numbers, whether it is sent now or not.
fn settle_owed(tx: &mut Tx<'_>, contact: ContactId, number: &PhoneNumberId) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(
            outbox::contact_id
                .eq(contact.to_string())
                .and(outbox::owed_at.is_not_null())
                .and(outbox::phone_number_id.eq(number.as_str()))
        )
    )
    .set(outbox::owed_at.eq(None::<i64>))
    .execute(c))?;
    Ok(())
}

/// Queues the whole text of what is owed, as new intents of the same messages, and owes nothing any more. Each is good
/// for the time given with it; its author, its purpose and its control epoch are those of the first intent.
pub fn send_in_full(
    tx: &mut Tx<'_>,
    contact: ContactId,
    number: &PhoneNumberId,
    owed: &[(OutboxId, Timestamp)],
) -> Result<Vec<OutboxId>, StoreError> {
    settle_owed(tx, contact, number)?;
    let mut queued = Vec::with_capacity(owed.len());
    for (first, not_after) in owed {
        let sealed: Vec<u8> = on_conn!(&mut *tx.conn, |c| outbox::table
            .find(first.to_string())
            .select(outbox::payload)
            .get_result(c))?;
        let known = super::load(tx, *first)?;
        let id = OutboxId::generate(tx.ids);
        let row = (
            outbox::id.eq(id.to_string()),
            outbox::request_id.eq(known.request.map(|id| id.to_string())),
            outbox::contact_id.eq(known.contact.to_string()),
            outbox::message_id.eq(known.message.to_string()),
            outbox::phone_number_id.eq(known.phone_number_id.as_str()),
            outbox::purpose.eq(known.purpose.to_string()),
            outbox::author.eq(known.author.to_string()),
            outbox::control_epoch.eq(known.control_epoch),
            // Sealed under the same keys: who could destroy the first can destroy this.
            outbox::payload.eq(sealed),
            outbox::state.eq(SendState::Queued.to_string()),
            outbox::attempts.eq(0),
            outbox::not_before.eq(tx.now.as_millis()),
            outbox::not_after.eq(not_after.as_millis()),
            outbox::created_at.eq(tx.now.as_millis()),
        );
        on_conn!(&mut *tx.conn, |c| diesel::insert_into(outbox::table).values(row).execute(c))?;
        queued.push(id);
    }
    Ok(queued)
}
