//! Batches, outreaches, replies, shortlists, handoffs. The limits of the mission are constraints of the
//! tables; these verbs count first so that a refusal has a name.

mod history;
mod offers;

use diesel::prelude::*;
use marketplace::{
    BatchId, ContactId, DataKeyId, OutreachId, RequestId, Timestamp, VENDORS_PER_REQUEST_MAX, VendorId,
};
use moltbot_contract::{BatchStatus, OutreachStatus};

pub use history::{HISTORY_LASTS, HISTORY_MAX, Record, asked_since, records};
pub use offers::{
    Handoff, Reply, Shortlist, handoff_of, insert_handoff, insert_reply, insert_shortlist, replies_of,
    shortlists_of,
};

use crate::{
    StoreError, Tx, on_conn,
    requests::RequestGuard,
    schema::{batches, outreaches},
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
    /// The people whose data the plan holds beside the client's own.
    pub also_sealed_by: Vec<DataKeyId>,
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
    let keys: Vec<DataKeyId> =
        std::iter::once(request.data_key).chain(new.also_sealed_by.iter().copied()).collect();
    let ordinal = existing.iter().map(|batch| i32::from(batch.ordinal)).max().unwrap_or(0) + 1;
    let row = (
        batches::id.eq(id.to_string()),
        batches::request_id.eq(request.id.to_string()),
        batches::ordinal.eq(ordinal),
        batches::size.eq(i32::from(new.size)),
        batches::offers_wanted.eq(i32::from(new.offers_wanted)),
        batches::plan.eq(tx.seal(&keys, new.plan.as_bytes())?),
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

/// Moves the deadline of the open batch, if there is one.
pub fn postpone_open_batch(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    deadline_at: Timestamp,
) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        batches::table.filter(
            batches::request_id
                .eq(guard.request().id.to_string())
                .and(batches::status.eq(wire_name(&BatchStatus::Open)?))
        )
    )
    .set(batches::deadline_at.eq(deadline_at.as_millis()))
    .execute(c))?;
    Ok(())
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

/// When the last batch of a request came to its end.
pub fn last_settled_at(tx: &mut Tx<'_>, request: RequestId) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = on_conn!(&mut *tx.conn, |c| batches::table
        .filter(batches::request_id.eq(request.to_string()))
        .select(diesel::dsl::max(batches::settled_at))
        .get_result(c))?;
    Ok(at.map(Timestamp::from_millis))
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

/// The people whose answers the open batch waits for, in order; nobody when none is open.
pub fn awaited_contacts(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<ContactId>, StoreError> {
    let open = batches_of(tx, request)?.into_iter().find(|batch| batch.status == BatchStatus::Open);
    let Some(open) = open else { return Ok(Vec::new()) };
    let awaited = outreaches_of(tx, request)?
        .into_iter()
        .filter(|outreach| outreach.batch == open.id && outreach.status == OutreachStatus::Waiting);
    Ok(awaited.map(|outreach| outreach.contact).collect())
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

/// The outreaches to a person that something may still come of: in a request that is not over, not declined, silent
/// or failed yet. The oldest first.
pub fn unsettled_outreaches_to(tx: &mut Tx<'_>, contact: ContactId) -> Result<Vec<Outreach>, StoreError> {
    use crate::schema::requests;
    let over = ["handed_off", "closed"];
    let unsettled = [wire_name(&OutreachStatus::Waiting)?, wire_name(&OutreachStatus::Replied)?];
    let rows: Vec<OutreachRow> = on_conn!(&mut *tx.conn, |c| outreaches::table
        .inner_join(requests::table.on(requests::id.eq(outreaches::request_id)))
        .filter(
            outreaches::contact_id
                .eq(contact.to_string())
                .and(outreaches::status.eq_any(&unsettled))
                .and(requests::state.ne_all(over))
        )
        .order((outreaches::contacted_at, outreaches::id))
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

fn small(value: i32, what: &'static str) -> Result<u8, StoreError> {
    u8::try_from(value).map_err(|_| StoreError::Corrupt { what })
}
