//! What the calling policy looks at beside consents, permissions and attempts.

use calling_policy::CardSent;
use diesel::prelude::*;
use marketplace::{ActorKind, ContactId, MessageId, PhoneNumberId, RequestId, Timestamp};

use crate::{
    StoreError, Tx,
    messages::{Direction, MessageKind, Party},
    on_conn,
    outbox::{Purpose, SendState},
    schema::{messages, outbox},
    tx::parse,
};

/// How an intent ends that Meta refused as one card too many.
const CARD_LIMIT: &str = "meta_138009";

/// When the client last wrote for this request, by Meta's clock. A word on whether we may call is not counted: it
/// answers no question about the need.
pub fn client_wrote_at(tx: &mut Tx<'_>, request: RequestId) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = on_conn!(&mut *tx.conn, |c| messages::table
        .filter(
            messages::request_id
                .eq(request.to_string())
                .and(messages::direction.eq(Direction::In.to_string()))
                .and(messages::party.eq(Party::Client.to_string()))
                .and(messages::kind.ne(MessageKind::Consent.to_string()))
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
    /// Who wrote it.
    pub author: ActorKind,
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
    let rows: Vec<(String, String, String, Option<i64>)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::request_id
                .eq(request.to_string())
                .and(outbox::contact_id.eq(contact.to_string()))
                .and(outbox::state.ne_all(&never))
        )
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .select((outbox::message_id, outbox::purpose, outbox::author, outbox::accepted_at))
        .limit(limit)
        .load(c))?;
    rows.into_iter()
        .map(|(message, purpose, author, accepted_at)| {
            Ok(SentTo {
                message: parse(&message, "outbox.message_id")?,
                purpose: parse(&purpose, "outbox.purpose")?,
                author: parse(&author, "outbox.author")?,
                accepted_at: accepted_at.map(Timestamp::from_millis),
            })
        })
        .collect()
}

/// How many of our newest messages to a person are looked at for the one they see last.
const SEEN_AMONG: i64 = 16;

/// The message that a person sees last of those from this number of ours, with the moment at which Meta took it. `None` when nothing went to them
/// lately, or when something newer may have reached them or not: then nobody knows what they answer.
pub fn newest_seen(
    tx: &mut Tx<'_>,
    contact: ContactId,
    number: &PhoneNumberId,
) -> Result<Option<(MessageId, Timestamp)>, StoreError> {
    let never = [SendState::Failed, SendState::Cancelled, SendState::Queued].map(|state| state.to_string());
    let latest: Vec<String> = on_conn!(&mut *tx.conn, |c| messages::table
        .filter(
            messages::contact_id
                .eq(contact.to_string())
                .and(messages::direction.eq(Direction::Out.to_string()))
        )
        .order((messages::created_at.desc(), messages::id.desc()))
        .select(messages::id)
        .limit(SEEN_AMONG)
        .load(c))?;
    let newest: Option<(String, Option<i64>)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::message_id
                .eq_any(&latest)
                .and(outbox::phone_number_id.eq(number.as_str()))
                .and(outbox::state.ne_all(&never))
        )
        .order((outbox::sending_at.desc(), outbox::created_at.desc(), outbox::id.desc()))
        .select((outbox::message_id, outbox::accepted_at))
        .first(c)
        .optional())?;
    let Some((message, Some(accepted_at))) = newest else { return Ok(None) };
    Ok(Some((parse(&message, "outbox.message_id")?, Timestamp::from_millis(accepted_at))))
}

/// Meta's cards that went from a number to a person since `since`, or are about to: whatever request they were for. One
/// that Meta refused as one too many (138009) stands for the card that we do not know of.
pub fn cards_sent(
    tx: &mut Tx<'_>,
    contact: ContactId,
    number: &PhoneNumberId,
    since: Timestamp,
) -> Result<Vec<CardSent>, StoreError> {
    let rows: Vec<(String, Option<String>, Option<i64>, i64)> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::contact_id
                .eq(contact.to_string())
                .and(outbox::phone_number_id.eq(number.as_str()))
                // As text: a planner matches no bound value with the partial index `outbox_cards`.
                .and(diesel::dsl::sql::<diesel::sql_types::Bool>("outbox.purpose = 'permission_card'"))
                .and(outbox::created_at.ge(since.as_millis()))
        )
        .order((outbox::created_at, outbox::id))
        .select((outbox::state, outbox::reason, outbox::sending_at, outbox::created_at))
        .load(c))?;
    let mut cards = Vec::with_capacity(rows.len());
    for (state, reason, sending_at, created_at) in rows {
        let state: SendState = parse(&state, "outbox.state")?;
        let one_too_many = reason.as_deref() == Some(CARD_LIMIT);
        if !state.is_final() || one_too_many {
            let at = Timestamp::from_millis(sending_at.unwrap_or(created_at));
            let unknown = matches!(state, SendState::Sending | SendState::Unknown);
            cards.push(CardSent { at, unknown });
        }
    }
    Ok(cards)
}
