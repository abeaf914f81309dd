//! The queue: what waits, what may go on the wire now, what is on it.

use std::time::Duration;

use diesel::{
    dsl::{not, sql},
    prelude::*,
    sql_types::{BigInt, Bool},
};
use marketplace::{
    ActorKind, ContactId, DataKeyId, MessageId, OutboxId, PhoneNumberId, RequestId, Timestamp,
};

use super::{NewSend, Purpose, Send, SendState, is_doubtful, is_queued, may_be_in_flight};
use crate::{
    StoreError, Tx, Vault, contacts, on_conn,
    requests::{Request, RequestGuard},
    schema::outbox,
    tx::{closed, parse, parse_optional},
};

/// The next message to a person waits this long behind one whose outcome is unknown.
pub const UNKNOWN_HOLDS_NEXT: Duration = Duration::from_secs(30);

/// Queues a message of a request.
pub fn enqueue(tx: &mut Tx<'_>, guard: &RequestGuard, new: &NewSend) -> Result<OutboxId, StoreError> {
    let request = guard.request();
    let number = number_for(tx, request, new.contact)?;
    insert(tx, Some(request.id), &number, request.control_epoch, new)
}

/// The number of ours that a person is written to from: the client's conversation may move to another one, a vendor is
/// written to from the one that asked.
fn number_for(tx: &mut Tx<'_>, request: &Request, to: ContactId) -> Result<PhoneNumberId, StoreError> {
    if to == request.client {
        return Ok(request.phone_number_id.clone());
    }
    let before: Option<String> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(outbox::request_id.eq(request.id.to_string()).and(outbox::contact_id.eq(to.to_string())))
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .select(outbox::phone_number_id)
        .first(c)
        .optional())?;
    match before {
        Some(number) => parse(&number, "outbox.phone_number_id"),
        None => Ok(request.phone_number_id.clone()),
    }
}

/// The newest message to a person that belongs to no request, queued since then.
pub fn last_notice(
    tx: &mut Tx<'_>,
    contact: ContactId,
    since: Timestamp,
) -> Result<Option<OutboxId>, StoreError> {
    let id: Option<String> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::contact_id
                .eq(contact.to_string())
                .and(outbox::request_id.is_null())
                .and(outbox::purpose.eq(Purpose::Notice.to_string()))
                .and(outbox::created_at.ge(since.as_millis()))
        )
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .select(outbox::id)
        .first(c)
        .optional())?;
    id.map(|id| parse(&id, "outbox.id")).transpose()
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

/// Lets what a person has written to the client go out although the request is closed by this transaction.
pub fn let_last_words_out(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(
            outbox::request_id
                .eq(guard.request().id.to_string())
                .and(outbox::state.eq(SendState::Queued.to_string()))
                .and(outbox::purpose.eq(Purpose::ClientMessage.to_string()))
                .and(outbox::author.eq(ActorKind::Human.to_string()))
        )
    )
    .set(outbox::purpose.eq(Purpose::Farewell.to_string()))
    .execute(c))?;
    Ok(())
}

/// The messages of a request that never reached anybody: their sends were cancelled or failed.
pub fn never_arrived(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<MessageId>, StoreError> {
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::request_id
                .eq(request.to_string())
                .and(outbox::state.eq_any([SendState::Cancelled.to_string(), SendState::Failed.to_string()]))
        )
        .order((outbox::created_at, outbox::id))
        .select(outbox::message_id)
        .load(c))?;
    ids.iter().map(|id| parse(id, "outbox.message_id")).collect()
}

/// Whether a message to the same person comes first: one on the wire, an older one in the same queue that does not
/// wait for them to open (the first bind is now), or one that is not long enough unknown (the second).
const BLOCKED: [&str; 3] = [
    "EXISTS (SELECT 1 FROM outbox AS other WHERE other.contact_id = outbox.contact_id \
    AND other.state IN ('queued', 'sending', 'unknown') AND (other.state = 'sending' \
    OR (other.state = 'queued' AND other.phone_number_id = outbox.phone_number_id \
    AND (other.created_at < outbox.created_at OR (other.created_at = outbox.created_at AND other.id < outbox.id)) \
    AND (other.held_until IS NULL OR other.held_until <= ",
    ")) OR (other.state = 'unknown' AND other.sending_at > ",
    ")))",
];

/// The intents that may go on the wire now, at most one a contact and `limit` in all, the longest due first: each is
/// the oldest queued one of its contact, with nothing to that contact in flight.
///
/// What waits for its time is not read: [`requeue`] lets all that a person is to get wait together, so nobody's
/// backlog stands before the others.
pub fn sendable(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    limit: usize,
) -> Result<Vec<(OutboxId, ContactId)>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let holds_since = (tx.now - UNKNOWN_HOLDS_NEXT).as_millis();
    let [older, unknown, end] = BLOCKED;
    let now = tx.now.as_millis();
    let blocked =
        || sql::<Bool>(older).bind::<BigInt, _>(now).sql(unknown).bind::<BigInt, _>(holds_since).sql(end);
    let rows: Vec<(String, String)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::phone_number_id
                .eq(number.as_str())
                .and(is_queued())
                .and(outbox::not_before.le(tx.now.as_millis()))
                .and(not(blocked()))
        )
        .order((outbox::not_before, outbox::created_at, outbox::id))
        .select((outbox::id, outbox::contact_id))
        .limit(limit)
        .load(c))?;
    rows.iter()
        .map(|(id, contact)| Ok((parse(id, "outbox.id")?, parse(contact, "outbox.contact_id")?)))
        .collect()
}

/// The queued intents of a number that are worthless by now, the longest first, whatever holds them.
pub fn expired(tx: &mut Tx<'_>, number: &PhoneNumberId, limit: i64) -> Result<Vec<OutboxId>, StoreError> {
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::phone_number_id
                .eq(number.as_str())
                .and(is_queued())
                .and(outbox::not_after.lt(tx.now.as_millis()))
        )
        .order((outbox::not_after, outbox::id))
        .select(outbox::id)
        .limit(limit)
        .load(c))?;
    ids.iter().map(|id| parse(id, "outbox.id")).collect()
}

/// Commits to putting an intent on the wire. The caller has taken its row and checked every gate.
pub fn mark_sending(tx: &mut Tx<'_>, id: OutboxId, fence: i64) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(outbox::table.find(id.to_string()))
        .set((
            outbox::state.eq(SendState::Sending.to_string()),
            outbox::fence.eq(fence),
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::sending_at.eq(tx.now.as_millis()),
            outbox::reason.eq(None::<String>),
        ))
        .execute(c))?;
    Ok(())
}

/// Puts an intent back: Meta refused it before any effect, or a gate holds it. What else the same number has for this
/// person waits at least as long, so that a queue that waits is not read again and again for nothing. The caller has
/// taken the contact's row.
pub fn requeue(tx: &mut Tx<'_>, send: &Send, not_before: Timestamp) -> Result<(), StoreError> {
    let at = not_before.as_millis();
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(
            outbox::id
                .eq(send.id.to_string())
                .and(outbox::state.eq_any([SendState::Queued.to_string(), SendState::Sending.to_string()]))
        )
    )
    .set((outbox::state.eq(SendState::Queued.to_string()), outbox::not_before.eq(at)))
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(
            outbox::contact_id
                .eq(send.contact.to_string())
                .and(outbox::phone_number_id.eq(send.phone_number_id.as_str()))
                .and(may_be_in_flight())
                .and(is_queued())
                .and(outbox::not_before.lt(at))
        )
    )
    .set(outbox::not_before.eq(at))
    .execute(c))?;
    Ok(())
}

/// Lets the inquiries of a request that wait in the queue for these people be good until `not_after`; how many these
/// are.
pub fn postpone_inquiries(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    to: &[ContactId],
    not_after: Timestamp,
) -> Result<usize, StoreError> {
    let to: Vec<String> = to.iter().map(ToString::to_string).collect();
    Ok(on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(
            outbox::request_id
                .eq(guard.request().id.to_string())
                .and(outbox::state.eq(SendState::Queued.to_string()))
                .and(outbox::purpose.eq(Purpose::VendorInquiry.to_string()))
                .and(outbox::contact_id.eq_any(&to))
        )
    )
    .set(outbox::not_after.eq(not_after.as_millis()))
    .execute(c))?)
}

/// How many inquiries to these people wait in the queue because Meta refuses their template.
pub fn inquiries_without_template(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    to: &[ContactId],
) -> Result<i64, StoreError> {
    let to: Vec<String> = to.iter().map(ToString::to_string).collect();
    Ok(on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::request_id
                .eq(guard.request().id.to_string())
                .and(outbox::state.eq(SendState::Queued.to_string()))
                .and(outbox::purpose.eq(Purpose::VendorInquiry.to_string()))
                .and(outbox::contact_id.eq_any(&to))
                .and(outbox::reason.is_not_null())
        )
        .count()
        .get_result(c))?)
}

/// Says why an intent that waits in the queue waits.
pub fn set_reason(tx: &mut Tx<'_>, id: OutboxId, reason: &str) -> Result<(), StoreError> {
    let reason = closed(reason, "outbox.reason")?;
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table
            .filter(outbox::id.eq(id.to_string()).and(outbox::state.eq(SendState::Queued.to_string())))
    )
    .set(outbox::reason.eq(reason))
    .execute(c))?;
    Ok(())
}

/// Lets an intent that was just queued wait until its recipient opens. What else there is for this person passes by.
pub fn hold_until(tx: &mut Tx<'_>, id: OutboxId, opens_at: Timestamp) -> Result<(), StoreError> {
    let at = opens_at.as_millis();
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table
            .filter(outbox::id.eq(id.to_string()).and(outbox::state.eq(SendState::Queued.to_string())))
    )
    .set((outbox::not_before.eq(at), outbox::held_until.eq(at)))
    .execute(c))?;
    Ok(())
}

/// A person writes: what waited for them to open, or for a template, need not wait any more.
pub fn release(tx: &mut Tx<'_>, contact: ContactId, number: &PhoneNumberId) -> Result<(), StoreError> {
    let now = tx.now.as_millis();
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(
            outbox::contact_id
                .eq(contact.to_string())
                .and(may_be_in_flight())
                .and(is_queued())
                .and(outbox::phone_number_id.eq(number.as_str()))
                .and(outbox::held_until.is_not_null().or(outbox::reason.is_not_null()))
        )
    )
    .set((outbox::not_before.eq(now), outbox::held_until.eq(None::<i64>)))
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
        outbox::reason.eq(closed(reason, "outbox.reason")?),
        outbox::settled_at.eq(tx.now.as_millis()),
    ))
    .execute(c))?;
    Ok(())
}

/// The intents to a person that wait in the queue, with their requests, the oldest first.
pub fn queued_to(
    tx: &mut Tx<'_>,
    contact: ContactId,
) -> Result<Vec<(OutboxId, Option<RequestId>)>, StoreError> {
    let rows: Vec<(String, Option<String>)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::contact_id
                .eq(contact.to_string())
                .and(may_be_in_flight())
                .and(outbox::state.eq(SendState::Queued.to_string()))
        )
        .order((outbox::created_at, outbox::id))
        .select((outbox::id, outbox::request_id))
        .load(c))?;
    rows.iter()
        .map(|(id, request)| {
            Ok((parse(id, "outbox.id")?, parse_optional(request.as_deref(), "outbox.request_id")?))
        })
        .collect()
}

/// The intents of a request that wait in the queue and are sealed under this key among others: what would be sent
/// speaks of its person.
pub fn queued_speaking_of(
    tx: &mut Tx<'_>,
    request: RequestId,
    key: DataKeyId,
) -> Result<Vec<OutboxId>, StoreError> {
    let rows: Vec<(String, Vec<u8>)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::request_id.eq(request.to_string()).and(outbox::state.eq(SendState::Queued.to_string()))
        )
        .order((outbox::created_at, outbox::id))
        .select((outbox::id, outbox::payload))
        .load(c))?;
    let mut found = Vec::new();
    for (id, payload) in rows {
        if Vault::key_ids(&payload)?.contains(&key) {
            found.push(parse(&id, "outbox.id")?);
        }
    }
    Ok(found)
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
