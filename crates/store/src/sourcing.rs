//! Batches, outreaches, replies, shortlists, handoffs. The limits of the mission are constraints of the
//! tables; these verbs count first so that a refusal has a name.

use diesel::prelude::*;
use marketplace::{
    BatchId, ContactId, Currency, MessageId, Money, OutreachId, ReplyId, RequestId, ShortlistId, Timestamp,
    VENDORS_PER_REQUEST_MAX, VendorId,
};
use moltbot_contract::{Availability, BatchStatus, OutreachStatus};

use crate::{
    StoreError, Tx, on_conn,
    requests::RequestGuard,
    schema::{batches, handoffs, outreaches, replies, shortlist_items, shortlists},
    tx::{parse, parse_wire, wire_name},
};

/// Vendors asked together.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// 1, 2, 3 …
    pub ordinal: u8,
    /// How many vendors it may hold, 1 to 5.
    pub size: u8,
    /// It settles when this many vendors have it in stock.
    pub offers_wanted: u8,
    /// Open or settled.
    pub status: BatchStatus,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// It settles at this time in any case.
    pub deadline_at: Timestamp,
}

/// One vendor contacted for one request.
#[derive(Debug, Clone)]
pub struct Outreach {
    /// Its id.
    pub id: OutreachId,
    /// The request.
    pub request: RequestId,
    /// The batch it belongs to.
    pub batch: BatchId,
    /// The vendor.
    pub vendor: VendorId,
    /// The person behind the vendor.
    pub contact: ContactId,
    /// Which place of the batch, 1 to 5.
    pub slot: u8,
    /// What came of it.
    pub status: OutreachStatus,
    /// When the first message was queued.
    pub contacted_at: Timestamp,
}

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

/// Why a vendor could not join a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitReached {
    /// The open batch is full, or the last one is still waiting for answers and none is open.
    Batch,
    /// Fifteen vendors were contacted.
    Vendors,
}

/// What the open batch promised.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// How many vendors it may hold, 1 to 5.
    pub size: u8,
    /// It settles when this many vendors have it in stock.
    pub offers_wanted: u8,
    /// It settles at this time in any case.
    pub deadline_at: Timestamp,
    /// The plan it came from, as JSON.
    pub plan: String,
}

/// Opens the next batch.
///
/// # Errors
/// The inner error names the limit: a batch is still open, or fifteen vendors were contacted. A size or a
/// number of offers beyond its bounds is refused by the table, never trimmed.
pub fn open_batch(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    new: &NewBatch,
) -> Result<Result<BatchId, LimitReached>, StoreError> {
    let request = guard.request();
    let existing = batches_of(tx, request.id)?;
    if existing.iter().any(|batch| batch.status == BatchStatus::Open) {
        return Ok(Err(LimitReached::Batch));
    }
    if outreaches_of(tx, request.id)?.len() >= usize::from(VENDORS_PER_REQUEST_MAX) {
        return Ok(Err(LimitReached::Vendors));
    }
    let id = BatchId::generate(tx.ids);
    let ordinal = existing.iter().map(|batch| i32::from(batch.ordinal)).max().unwrap_or(0) + 1;
    let row = (
        batches::id.eq(id.to_string()),
        batches::request_id.eq(request.id.to_string()),
        batches::ordinal.eq(ordinal),
        batches::size.eq(i32::from(new.size)),
        batches::offers_wanted.eq(i32::from(new.offers_wanted)),
        batches::plan.eq(tx.seal(&[request.data_key], new.plan.as_bytes())?),
        batches::status.eq(wire_name(&BatchStatus::Open)?),
        batches::opened_at.eq(guard.now(tx).as_millis()),
        batches::deadline_at.eq(new.deadline_at.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(batches::table).values(row).execute(c))?;
    Ok(Ok(id))
}

/// Settles the open batch, if there is one; vendors that said nothing become `silent`.
pub fn settle_open_batch(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Option<BatchId>, StoreError> {
    let id: Option<String> = on_conn!(&mut *tx.conn, |c| batches::table
        .filter(
            batches::request_id
                .eq(guard.request().id.to_string())
                .and(batches::status.eq(wire_name(&BatchStatus::Open)?))
        )
        .select(batches::id)
        .first(c)
        .optional())?;
    let Some(id) = id else { return Ok(None) };
    let now = guard.now(tx).as_millis();
    on_conn!(&mut *tx.conn, |c| diesel::update(batches::table.find(&id))
        .set((batches::status.eq(wire_name(&BatchStatus::Settled)?), batches::settled_at.eq(now)))
        .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(outreaches::table.filter(
        outreaches::batch_id.eq(&id).and(outreaches::status.eq(wire_name(&OutreachStatus::Waiting)?))
    ))
    .set((outreaches::status.eq(wire_name(&OutreachStatus::Silent)?), outreaches::settled_at.eq(now)))
    .execute(c))?;
    parse(&id, "batches.id").map(Some)
}

/// Adds a vendor to the open batch.
///
/// # Errors
/// The inner error names the limit. [`StoreError`] unique violation: this person was contacted already.
pub fn add_outreach(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    vendor: &VendorId,
    contact: ContactId,
) -> Result<Result<OutreachId, LimitReached>, StoreError> {
    let request = guard.request().id;
    let contacted = outreaches_of(tx, request)?;
    let open = batches_of(tx, request)?.into_iter().find(|batch| batch.status == BatchStatus::Open);
    if contacted.len() >= usize::from(VENDORS_PER_REQUEST_MAX) {
        return Ok(Err(LimitReached::Vendors));
    }
    let Some(batch) = open else { return Ok(Err(LimitReached::Batch)) };
    let taken = contacted.iter().filter(|outreach| outreach.batch == batch.id).count();
    if taken >= usize::from(batch.size) {
        return Ok(Err(LimitReached::Batch));
    }
    let id = OutreachId::generate(tx.ids);
    let next = |count: usize| i32::try_from(count + 1).unwrap_or(i32::MAX);
    let row = (
        outreaches::id.eq(id.to_string()),
        outreaches::request_id.eq(request.to_string()),
        outreaches::batch_id.eq(batch.id.to_string()),
        outreaches::vendor_id.eq(vendor.as_str()),
        outreaches::contact_id.eq(contact.to_string()),
        outreaches::ordinal.eq(next(contacted.len())),
        outreaches::slot.eq(next(taken)),
        outreaches::status.eq(wire_name(&OutreachStatus::Waiting)?),
        outreaches::contacted_at.eq(guard.now(tx).as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(outreaches::table).values(row).execute(c))?;
    Ok(Ok(id))
}

/// Sets what came of an outreach.
pub fn set_outreach_status(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    outreach: OutreachId,
    status: OutreachStatus,
) -> Result<(), StoreError> {
    let now = guard.now(tx).as_millis();
    on_conn!(&mut *tx.conn, |c| diesel::update(outreaches::table.find(outreach.to_string()))
        .set((outreaches::status.eq(wire_name(&status)?), outreaches::settled_at.eq(now)))
        .execute(c))?;
    Ok(())
}

/// The batches of a request, in order.
pub fn batches_of(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<Batch>, StoreError> {
    type Row = (String, i32, i32, i32, String, i64, i64);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| batches::table
        .filter(batches::request_id.eq(request.to_string()))
        .order(batches::ordinal)
        .select((
            batches::id,
            batches::ordinal,
            batches::size,
            batches::offers_wanted,
            batches::status,
            batches::opened_at,
            batches::deadline_at
        ))
        .load(c))?;
    rows.into_iter()
        .map(|(id, ordinal, size, offers_wanted, status, opened_at, deadline_at)| {
            Ok(Batch {
                id: parse(&id, "batches.id")?,
                ordinal: small(ordinal, "batches.ordinal")?,
                size: small(size, "batches.size")?,
                offers_wanted: small(offers_wanted, "batches.offers_wanted")?,
                status: parse_wire(&status, "batches.status")?,
                opened_at: Timestamp::from_millis(opened_at),
                deadline_at: Timestamp::from_millis(deadline_at),
            })
        })
        .collect()
}

type OutreachRow = (String, String, String, String, String, i32, String, i64);

macro_rules! outreach_columns {
    () => {
        (
            outreaches::id,
            outreaches::request_id,
            outreaches::batch_id,
            outreaches::vendor_id,
            outreaches::contact_id,
            outreaches::slot,
            outreaches::status,
            outreaches::contacted_at,
        )
    };
}

/// The vendors contacted for a request, in order.
pub fn outreaches_of(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<Outreach>, StoreError> {
    let rows: Vec<OutreachRow> = on_conn!(&mut *tx.conn, |c| outreaches::table
        .filter(outreaches::request_id.eq(request.to_string()))
        .order(outreaches::ordinal)
        .select(outreach_columns!())
        .load(c))?;
    rows.into_iter().map(outreach).collect()
}

/// One outreach by its id.
pub fn outreach_by_id(tx: &mut Tx<'_>, id: OutreachId) -> Result<Option<Outreach>, StoreError> {
    let row: Option<OutreachRow> = on_conn!(&mut *tx.conn, |c| outreaches::table
        .find(id.to_string())
        .select(outreach_columns!())
        .get_result(c)
        .optional())?;
    row.map(outreach).transpose()
}

/// The outreaches to a person whose request still sources or is shortlisted, the newest first: the requests
/// that a message of this vendor may belong to.
pub fn live_outreaches_to(tx: &mut Tx<'_>, contact: ContactId) -> Result<Vec<Outreach>, StoreError> {
    use crate::schema::requests;
    let live = ["sourcing", "shortlisted", "clarifying", "ocr_processing", "escalated", "error"];
    let rows: Vec<OutreachRow> = on_conn!(&mut *tx.conn, |c| outreaches::table
        .inner_join(requests::table.on(requests::id.eq(outreaches::request_id)))
        .filter(outreaches::contact_id.eq(contact.to_string()).and(requests::state.eq_any(live)))
        .order((outreaches::contacted_at.desc(), outreaches::id.desc()))
        .limit(16)
        .select(outreach_columns!())
        .load(c))?;
    rows.into_iter().map(outreach).collect()
}

/// The newest outreach to a person, whatever became of its request.
pub fn latest_outreach_to(tx: &mut Tx<'_>, contact: ContactId) -> Result<Option<Outreach>, StoreError> {
    let row: Option<OutreachRow> = on_conn!(&mut *tx.conn, |c| outreaches::table
        .filter(outreaches::contact_id.eq(contact.to_string()))
        .order((outreaches::contacted_at.desc(), outreaches::id.desc()))
        .select(outreach_columns!())
        .first(c)
        .optional())?;
    row.map(outreach).transpose()
}

fn outreach(row: OutreachRow) -> Result<Outreach, StoreError> {
    let (id, request, batch, vendor, contact, slot, status, contacted_at) = row;
    Ok(Outreach {
        id: parse(&id, "outreaches.id")?,
        request: parse(&request, "outreaches.request_id")?,
        batch: parse(&batch, "outreaches.batch_id")?,
        vendor: parse(&vendor, "outreaches.vendor_id")?,
        contact: parse(&contact, "outreaches.contact_id")?,
        slot: small(slot, "outreaches.slot")?,
        status: parse_wire(&status, "outreaches.status")?,
        contacted_at: Timestamp::from_millis(contacted_at),
    })
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

fn small(value: i32, what: &'static str) -> Result<u8, StoreError> {
    u8::try_from(value).map_err(|_| StoreError::Corrupt { what })
}
