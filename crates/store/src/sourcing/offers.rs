//! What vendors answered, what the client was shown, what the client chose.

use diesel::prelude::*;
use marketplace::{Currency, MessageId, Money, ReplyId, RequestId, ShortlistId, Timestamp, VendorId};
use moltbot_contract::Availability;

use super::Outreach;
use crate::{
    StoreError, Tx, on_conn,
    requests::RequestGuard,
    schema::{handoffs, replies, shortlist_items, shortlists},
    tx::{parse, parse_wire, wire_name},
};

/// A vendor's parsed answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its id.
    pub id: ReplyId,
    /// The vendor.
    pub vendor: VendorId,
    /// The message that was parsed.
    pub message: MessageId,
    /// What the vendor said of availability.
    pub availability: Availability,
    /// The price, only ever one the vendor wrote.
    pub price: Option<Money>,
    /// When, in the vendor's words, normalised.
    pub eta: Option<String>,
    /// 0 to 1; below 0.6 is ambiguous.
    pub confidence: f64,
    /// When it was recorded.
    pub created_at: Timestamp,
}

/// A shortlist that was sent.
#[derive(Debug, Clone)]
pub struct Shortlist {
    /// Its id.
    pub id: ShortlistId,
    /// When it was sent.
    pub created_at: Timestamp,
    /// Vendor and reply, in the order shown.
    pub items: Vec<(VendorId, ReplyId)>,
}

/// Who was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handoff {
    /// The vendor.
    pub vendor: VendorId,
    /// The client's message that chose it.
    pub choice: MessageId,
    /// When both were told.
    pub created_at: Timestamp,
}

/// Records a parsed reply; a message is parsed once (a constraint).
pub fn insert_reply(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    outreach: &Outreach,
    reply: &Reply,
) -> Result<(), StoreError> {
    let row = (
        replies::id.eq(reply.id.to_string()),
        replies::request_id.eq(guard.request().id.to_string()),
        replies::outreach_id.eq(outreach.id.to_string()),
        replies::vendor_id.eq(reply.vendor.as_str()),
        replies::message_id.eq(reply.message.to_string()),
        replies::availability.eq(wire_name(&reply.availability)?),
        replies::price_minor.eq(reply.price.map(Money::minor)),
        replies::currency.eq(reply.price.map(|price| price.currency().to_string())),
        replies::eta.eq(&reply.eta),
        replies::confidence.eq(reply.confidence),
        replies::created_at.eq(reply.created_at.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(replies::table).values(row).execute(c))?;
    Ok(())
}

/// The replies of a request, in order.
pub fn replies_of(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<Reply>, StoreError> {
    type Row = (String, String, String, String, Option<i64>, Option<String>, Option<String>, f64, i64);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| replies::table
        .filter(replies::request_id.eq(request.to_string()))
        .order((replies::created_at, replies::id))
        .select((
            replies::id,
            replies::vendor_id,
            replies::message_id,
            replies::availability,
            replies::price_minor,
            replies::currency,
            replies::eta,
            replies::confidence,
            replies::created_at
        ))
        .load(c))?;
    rows.into_iter()
        .map(|(id, vendor, message, availability, minor, currency, eta, confidence, created_at)| {
            Ok(Reply {
                id: parse(&id, "replies.id")?,
                vendor: parse(&vendor, "replies.vendor_id")?,
                message: parse(&message, "replies.message_id")?,
                availability: parse_wire(&availability, "replies.availability")?,
                price: price(minor, currency.as_deref())?,
                eta,
                confidence,
                created_at: Timestamp::from_millis(created_at),
            })
        })
        .collect()
}

fn price(minor: Option<i64>, currency: Option<&str>) -> Result<Option<Money>, StoreError> {
    let Some((minor, currency)) = minor.zip(currency) else { return Ok(None) };
    let currency: Currency = parse(currency, "replies.currency")?;
    Money::new(minor, currency).map(Some).map_err(|_| StoreError::Corrupt { what: "replies.price_minor" })
}

/// Stores the shortlist that is being sent.
pub fn insert_shortlist(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    items: &[(VendorId, ReplyId)],
) -> Result<ShortlistId, StoreError> {
    let id = ShortlistId::generate(tx.ids);
    let row = (
        shortlists::id.eq(id.to_string()),
        shortlists::request_id.eq(guard.request().id.to_string()),
        shortlists::created_at.eq(guard.now(tx).as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(shortlists::table).values(row).execute(c))?;
    let rows: Vec<_> = items
        .iter()
        .zip(1_i32..)
        .map(|((vendor, reply), position)| {
            (
                shortlist_items::shortlist_id.eq(id.to_string()),
                shortlist_items::position.eq(position),
                shortlist_items::vendor_id.eq(vendor.as_str()),
                shortlist_items::reply_id.eq(reply.to_string()),
            )
        })
        .collect();
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(shortlist_items::table).values(&rows).execute(c))?;
    Ok(id)
}

/// Every shortlist of a request, in order; the last one is the one that counts.
pub fn shortlists_of(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<Shortlist>, StoreError> {
    let heads: Vec<(String, i64)> = on_conn!(&mut *tx.conn, |c| shortlists::table
        .filter(shortlists::request_id.eq(request.to_string()))
        .order((shortlists::created_at, shortlists::id))
        .select((shortlists::id, shortlists::created_at))
        .load(c))?;
    heads
        .into_iter()
        .map(|(id, created_at)| {
            let items: Vec<(String, String)> = on_conn!(&mut *tx.conn, |c| shortlist_items::table
                .filter(shortlist_items::shortlist_id.eq(&id))
                .order(shortlist_items::position)
                .select((shortlist_items::vendor_id, shortlist_items::reply_id))
                .load(c))?;
            Ok(Shortlist {
                id: parse(&id, "shortlists.id")?,
                created_at: Timestamp::from_millis(created_at),
                items: items
                    .iter()
                    .map(|(vendor, reply)| {
                        Ok((
                            parse(vendor, "shortlist_items.vendor_id")?,
                            parse(reply, "shortlist_items.reply_id")?,
                        ))
                    })
                    .collect::<Result<_, StoreError>>()?,
            })
        })
        .collect()
}

/// Records who was chosen, and by which message of the client. One per request (a constraint).
pub fn insert_handoff(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    vendor: &VendorId,
    choice: MessageId,
) -> Result<(), StoreError> {
    let row = (
        handoffs::request_id.eq(guard.request().id.to_string()),
        handoffs::vendor_id.eq(vendor.as_str()),
        handoffs::choice_message_id.eq(choice.to_string()),
        handoffs::created_at.eq(guard.now(tx).as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(handoffs::table).values(row).execute(c))?;
    Ok(())
}

/// The handoff of a request, if there was one.
pub fn handoff_of(tx: &mut Tx<'_>, request: RequestId) -> Result<Option<Handoff>, StoreError> {
    let row: Option<(String, String, i64)> = on_conn!(&mut *tx.conn, |c| handoffs::table
        .find(request.to_string())
        .select((handoffs::vendor_id, handoffs::choice_message_id, handoffs::created_at))
        .get_result(c)
        .optional())?;
    let Some((vendor, choice, created_at)) = row else { return Ok(None) };
    Ok(Some(Handoff {
        vendor: parse(&vendor, "handoffs.vendor_id")?,
        choice: parse(&choice, "handoffs.choice_message_id")?,
        created_at: Timestamp::from_millis(created_at),
    }))
}
