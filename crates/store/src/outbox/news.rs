//! What is learned of an intent after it went on the wire. News moves it forward only.

use diesel::prelude::*;
use marketplace::{OutboxId, Timestamp};

use super::{Send, SendState, lock};
use crate::{
    StoreError, Tx, contacts, on_conn,
    schema::{outbox, parked_statuses},
    tx::{closed, parse},
};

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
    if next.is_accepted() && !current.state.is_accepted() {
        on_conn!(&mut *tx.conn, |c| diesel::update(outbox::table.find(id.to_string()))
            .set(outbox::accepted_at.eq(tx.now.as_millis()))
            .execute(c))?;
    }
    Ok(next)
}

/// Remembers when, by Meta's clock, a message was sent, delivered or read: the earliest that Meta named.
pub fn note_time(tx: &mut Tx<'_>, id: OutboxId, news: SendState, at: Timestamp) -> Result<(), StoreError> {
    let known = lock(tx, id)?;
    let earliest = |known: Option<Timestamp>| Some(known.map_or(at, |known| known.min(at)).as_millis());
    match news {
        SendState::Sent => {
            let set = outbox::sent_at.eq(earliest(known.sent_at));
            on_conn!(&mut *tx.conn, |c| diesel::update(outbox::table.find(id.to_string()))
                .set(set)
                .execute(c))?;
        }
        SendState::Delivered => {
            let set = outbox::delivered_at.eq(earliest(known.delivered_at));
            on_conn!(&mut *tx.conn, |c| diesel::update(outbox::table.find(id.to_string()))
                .set(set)
                .execute(c))?;
        }
        SendState::Read | SendState::Played => {
            let set = outbox::read_at.eq(earliest(known.read_at));
            on_conn!(&mut *tx.conn, |c| diesel::update(outbox::table.find(id.to_string()))
                .set(set)
                .execute(c))?;
        }
        _ => {}
    }
    Ok(())
}

fn settle(tx: &mut Tx<'_>, id: OutboxId, state: SendState, reason: Option<&str>) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(outbox::table.find(id.to_string()))
        .set((
            outbox::state.eq(state.to_string()),
            outbox::reason.eq(reason.map(|reason| closed(reason, "outbox.reason")).transpose()?),
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
