//! What the calling policy looks at beside consents, permissions and attempts.

use calling_policy::CardSent;
use diesel::prelude::*;
use marketplace::{ContactId, MessageId, PhoneNumberId, RequestId, Timestamp};

use crate::{
    StoreError, Tx,
    messages::{Direction, Party},
    on_conn,
    outbox::{Purpose, SendState},
    schema::{messages, outbox},
    tx::parse,
};

/// When the client last wrote for this request, by Meta's clock.
pub fn client_wrote_at(tx: &mut Tx<'_>, request: RequestId) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = on_conn!(&mut *tx.conn, |c| messages::table
        .filter(
            messages::request_id
                .eq(request.to_string())
                .and(messages::direction.eq(Direction::In.to_string()))
                .and(messages::party.eq(Party::Client.to_string()))
        )
        .select(diesel::dsl::max(messages::meta_at))
        .get_result(c))?;
    Ok(at.map(Timestamp::from_millis))
}

/// A message of ours to a person that was or may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentTo {
    /// The stored message.
    pub message: MessageId,
    /// What for.
    pub purpose: Purpose,
    /// When Meta took it; `None` while it waits or its fate is not known.
    pub accepted_at: Option<Timestamp>,
}

/// Our messages to a person for a request, the newest first; those that will not arrive are left out.
pub fn sent_to(
    tx: &mut Tx<'_>,
    request: RequestId,
    contact: ContactId,
    limit: i64,
) -> Result<Vec<SentTo>, StoreError> {
    let never = [SendState::Failed.to_string(), SendState::Cancelled.to_string()];
    let rows: Vec<(String, String, Option<i64>)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::request_id
                .eq(request.to_string())
                .and(outbox::contact_id.eq(contact.to_string()))
                .and(outbox::state.ne_all(&never))
        )
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .select((outbox::message_id, outbox::purpose, outbox::accepted_at))
        .limit(limit)
        .load(c))?;
    rows.into_iter()
        .map(|(message, purpose, accepted_at)| {
            Ok(SentTo {
                message: parse(&message, "outbox.message_id")?,
                purpose: parse(&purpose, "outbox.purpose")?,
                accepted_at: accepted_at.map(Timestamp::from_millis),
            })
        })
        .collect()
}

/// Meta's cards that went from a number to a person since `since`, or are about to: whatever request they were for.
pub fn cards_sent(
    tx: &mut Tx<'_>,
    contact: ContactId,
    number: &PhoneNumberId,
    since: Timestamp,
) -> Result<Vec<CardSent>, StoreError> {
    let rows: Vec<(String, Option<i64>, i64)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::contact_id
                .eq(contact.to_string())
                .and(outbox::phone_number_id.eq(number.as_str()))
                // As text: a planner matches no bound value with the partial index `outbox_cards`.
                .and(diesel::dsl::sql::<diesel::sql_types::Bool>("outbox.purpose = 'permission_card'"))
                .and(outbox::created_at.ge(since.as_millis()))
        )
        .order((outbox::created_at, outbox::id))
        .select((outbox::state, outbox::sending_at, outbox::created_at))
        .load(c))?;
    let mut cards = Vec::with_capacity(rows.len());
    for (state, sending_at, created_at) in rows {
        let state: SendState = parse(&state, "outbox.state")?;
        if !state.is_final() {
            let at = Timestamp::from_millis(sending_at.unwrap_or(created_at));
            let unknown = matches!(state, SendState::Sending | SendState::Unknown);
            cards.push(CardSent { at, unknown });
        }
    }
    Ok(cards)
}
