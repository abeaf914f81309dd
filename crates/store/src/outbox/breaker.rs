//! The breaker for outbound volume: what goes on the wire is counted in the transaction that puts it there, for all
//! processes together. A limit that is reached opens the breaker, and open it stays until a person closes it: what it
//! holds stays queued. An attempt that is proven to have sent nothing is taken back.
//!
//! Time is counted in stretches, and a stretch that reaches into the window counts whole: never more than the limit
//! goes out in any window, at worst one stretch's worth less.

use std::time::Duration;

use diesel::prelude::*;
use marketplace::{ContactId, Timestamp};

use crate::{
    StoreError, Tx, contacts, flags, on_conn,
    schema::{outbound_breakers, outbound_counters, outbox},
    tx::locked,
};

/// Messages of the whole product are counted over this long, in stretches of [`PRODUCT_STRETCH`].
pub const PRODUCT_WINDOW: Duration = Duration::from_hours(1);
/// One counter of the product.
pub const PRODUCT_STRETCH: Duration = Duration::from_mins(5);
/// Messages to one vendor are counted over this long, in stretches of [`VENDOR_STRETCH`].
pub const VENDOR_WINDOW: Duration = Duration::from_hours(24);
/// One counter of a vendor.
pub const VENDOR_STRETCH: Duration = Duration::from_hours(1);

const PRODUCT: &str = "product";
const VENDOR_PREFIX: &str = "vendor:";

/// How much may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeLimits {
    /// Messages of the whole product in [`PRODUCT_WINDOW`].
    pub per_hour: u32,
    /// Messages to one vendor in [`VENDOR_WINDOW`].
    pub per_vendor_per_day: u32,
}

/// What a breaker watches over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everything that is sent.
    Product,
    /// Everything that is sent to this person as a vendor.
    Vendor(ContactId),
}

impl Scope {
    /// The closed code of its limit, for the audit.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Product => "outbound_per_hour",
            Self::Vendor(_) => "outbound_per_vendor_per_day",
        }
    }

    const fn limit(self, limits: VolumeLimits) -> u32 {
        match self {
            Self::Product => limits.per_hour,
            Self::Vendor(_) => limits.per_vendor_per_day,
        }
    }

    const fn window_and_stretch(self) -> (Duration, Duration) {
        match self {
            Self::Product => (PRODUCT_WINDOW, PRODUCT_STRETCH),
            Self::Vendor(_) => (VENDOR_WINDOW, VENDOR_STRETCH),
        }
    }

    /// The start of the stretch that a moment falls into, in milliseconds.
    fn stretch_of(self, at: Timestamp) -> i64 {
        let (_, stretch) = self.window_and_stretch();
        let stretch = i64::try_from(stretch.as_millis()).unwrap_or(i64::MAX);
        at.as_millis() - at.as_millis().rem_euclid(stretch)
    }

    fn key(self) -> String {
        match self {
            Self::Product => PRODUCT.to_owned(),
            Self::Vendor(contact) => format!("{VENDOR_PREFIX}{contact}"),
        }
    }

    fn parse(key: &str) -> Result<Self, StoreError> {
        let contact = || key.strip_prefix(VENDOR_PREFIX)?.parse().ok().map(Self::Vendor);
        let scope = if key == PRODUCT { Some(Self::Product) } else { contact() };
        scope.ok_or(StoreError::Corrupt { what: "outbound_breakers.scope" })
    }
}

/// A breaker that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenBreaker {
    /// What it holds.
    pub scope: Scope,
    /// Since when.
    pub opened_at: Timestamp,
    /// How many messages had gone out in its window.
    pub sent: i64,
    /// The limit that was in force.
    pub limit: i64,
}

/// Whether one more message may go on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may, and is counted.
    Counted,
    /// An open breaker or the kill switch holds it.
    Held,
    /// It would be one too many: this opened the breaker, and holds it.
    Opened(OpenBreaker),
}

/// Counts one message that goes on the wire with this transaction, or says what holds it. `vendor` is the recipient
/// if it gets the message as a vendor.
///
/// The caller has taken the recipient's row, and calls this last: the product's row is taken here, and every sender
/// waits for it until the transaction ends.
///
/// # Errors
/// When the state can't be read: then nothing may be sent.
pub fn admit(
    tx: &mut Tx<'_>,
    vendor: Option<ContactId>,
    limits: VolumeLimits,
) -> Result<Admission, StoreError> {
    let vendor = vendor.map(Scope::Vendor);
    if let Some(vendor) = vendor {
        if open_breaker(tx, vendor)?.is_some() {
            return Ok(Admission::Held);
        }
        if let Some(opened) = open_if_full(tx, vendor, limits)? {
            return Ok(Admission::Opened(opened));
        }
    }
    if lock_product(tx)?.is_some() {
        return Ok(Admission::Held);
    }
    // While this waited for the row somebody may have thrown the switch.
    if !flags::load(tx.conn)?.outbound {
        return Ok(Admission::Held);
    }
    if let Some(opened) = open_if_full(tx, Scope::Product, limits)? {
        return Ok(Admission::Opened(opened));
    }
    for scope in vendor.into_iter().chain([Scope::Product]) {
        count_one(tx, scope)?;
    }
    Ok(Admission::Counted)
}

/// Takes back what [`admit`] counted at `sending_at` for the same `vendor`: it is proven that nothing was sent. A
/// breaker that is open stays open, and no counter falls below nothing.
///
/// The caller has taken the recipient's row, and no audit head yet: the product's row is taken here.
pub fn give_back(
    tx: &mut Tx<'_>,
    vendor: Option<ContactId>,
    sending_at: Timestamp,
) -> Result<(), StoreError> {
    if let Some(vendor) = vendor {
        count_one_less(tx, Scope::Vendor(vendor), sending_at)?;
    }
    lock_product(tx)?;
    count_one_less(tx, Scope::Product, sending_at)
}

/// The open breaker that holds what would be sent to this person: the product's before their own.
pub fn held_by(tx: &mut Tx<'_>, contact: ContactId) -> Result<Option<Scope>, StoreError> {
    let scopes = [Scope::Product.key(), Scope::Vendor(contact).key()];
    let rows: Vec<(String, Option<i64>)> = on_conn!(&mut *tx.conn, |c| outbound_breakers::table
        .filter(outbound_breakers::scope.eq_any(&scopes))
        .order(outbound_breakers::scope)
        .select((outbound_breakers::scope, outbound_breakers::opened_at))
        .load(c))?;
    if !rows.iter().any(|(scope, _)| scope == PRODUCT) {
        return Err(NO_ROW);
    }
    let open = rows.iter().find(|(_, opened_at)| opened_at.is_some());
    open.map(|(scope, _)| Scope::parse(scope)).transpose()
}

/// The breaker of a scope, if it is open.
pub fn open_breaker(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<OpenBreaker>, StoreError> {
    let row: Option<BreakerRow> = on_conn!(&mut *tx.conn, |c| outbound_breakers::table
        .find(scope.key())
        .select(BreakerRow::as_select())
        .get_result(c)
        .optional())?;
    match row {
        Some(row) => row.into_open(),
        None if scope == Scope::Product => Err(NO_ROW),
        None => Ok(None),
    }
}

/// Whether nothing may be sent to anybody: the kill switch is off, or the product's breaker is open.
///
/// # Errors
/// When the state can't be read: then nothing may be sent either.
pub fn all_is_held(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    Ok(!flags::load(tx.conn)?.outbound || open_breaker(tx, Scope::Product)?.is_some())
}

/// Every open breaker, the product's first, then by person.
pub fn open_breakers(tx: &mut Tx<'_>) -> Result<Vec<OpenBreaker>, StoreError> {
    let rows: Vec<BreakerRow> = on_conn!(&mut *tx.conn, |c| outbound_breakers::table
        .filter(outbound_breakers::opened_at.is_not_null())
        .order(outbound_breakers::scope)
        .select(BreakerRow::as_select())
        .load(c))?;
    rows.into_iter().filter_map(|row| row.into_open().transpose()).collect()
}

/// How many messages count against the limit now.
pub fn sent(tx: &mut Tx<'_>, scope: Scope) -> Result<i64, StoreError> {
    let (window, stretch) = scope.window_and_stretch();
    // A stretch counts while its end lies in the window.
    let after = (tx.now - window - stretch).as_millis();
    let counts: Vec<i64> = on_conn!(&mut *tx.conn, |c| outbound_counters::table
        .filter(outbound_counters::scope.eq(scope.key()).and(outbound_counters::starts_at.gt(after)))
        .select(outbound_counters::sent)
        .load(c))?;
    Ok(counts.into_iter().fold(0, i64::saturating_add))
}

/// Closes an open breaker; counting starts anew, and what it held is due at once. `None`: it was not open, and
/// nothing changed. The caller closes the product's last.
pub fn resume(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<OpenBreaker>, StoreError> {
    let open = match scope {
        Scope::Product => lock_product(tx)?,
        Scope::Vendor(contact) => {
            contacts::lock(tx, contact)?;
            open_breaker(tx, scope)?
        }
    };
    let Some(open) = open else { return Ok(None) };
    match scope {
        Scope::Product => {
            on_conn!(&mut *tx.conn, |c| diesel::update(outbound_breakers::table.find(PRODUCT))
                .set((
                    outbound_breakers::opened_at.eq(None::<i64>),
                    outbound_breakers::sent.eq(None::<i64>),
                    outbound_breakers::sent_max.eq(None::<i64>),
                ))
                .execute(c))?
        }
        Scope::Vendor(_) => {
            on_conn!(&mut *tx.conn, |c| diesel::delete(outbound_breakers::table.find(scope.key()))
                .execute(c))?
        }
    };
    on_conn!(&mut *tx.conn, |c| diesel::delete(
        outbound_counters::table.filter(outbound_counters::scope.eq(scope.key()))
    )
    .execute(c))?;
    if let Scope::Vendor(contact) = scope {
        make_due(tx, contact)?;
    }
    Ok(Some(open))
}

const NO_ROW: StoreError = StoreError::Corrupt { what: "outbound_breakers: the product's row" };

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbound_breakers)]
struct BreakerRow {
    scope: String,
    opened_at: Option<i64>,
    sent: Option<i64>,
    sent_max: Option<i64>,
}

impl BreakerRow {
    fn into_open(self) -> Result<Option<OpenBreaker>, StoreError> {
        let Some(opened_at) = self.opened_at else { return Ok(None) };
        Ok(Some(OpenBreaker {
            scope: Scope::parse(&self.scope)?,
            opened_at: Timestamp::from_millis(opened_at),
            sent: self.sent.unwrap_or_default(),
            limit: self.sent_max.unwrap_or_default(),
        }))
    }
}

/// Takes the product's row; its breaker, if it is open.
fn lock_product(tx: &mut Tx<'_>) -> Result<Option<OpenBreaker>, StoreError> {
    let row = locked!(
        &mut *tx.conn,
        outbound_breakers::table.find(PRODUCT).select(BreakerRow::as_select()),
        |query, c| query.get_result(c).optional()
    )?;
    row.ok_or(NO_ROW)?.into_open()
}

fn open_if_full(
    tx: &mut Tx<'_>,
    scope: Scope,
    limits: VolumeLimits,
) -> Result<Option<OpenBreaker>, StoreError> {
    let (sent, limit) = (sent(tx, scope)?, i64::from(scope.limit(limits)));
    if sent < limit {
        return Ok(None);
    }
    let open = OpenBreaker { scope, opened_at: tx.now, sent, limit };
    let values = (
        outbound_breakers::opened_at.eq(open.opened_at.as_millis()),
        outbound_breakers::sent.eq(sent),
        outbound_breakers::sent_max.eq(limit),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(outbound_breakers::table)
        .values((outbound_breakers::scope.eq(scope.key()), values))
        .on_conflict(outbound_breakers::scope)
        .do_update()
        .set(values)
        .execute(c))?;
    Ok(Some(open))
}

fn count_one(tx: &mut Tx<'_>, scope: Scope) -> Result<(), StoreError> {
    let row = (
        outbound_counters::scope.eq(scope.key()),
        outbound_counters::starts_at.eq(scope.stretch_of(tx.now)),
        outbound_counters::sent.eq(1_i64),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(outbound_counters::table)
        .values(row)
        .on_conflict((outbound_counters::scope, outbound_counters::starts_at))
        .do_update()
        .set(outbound_counters::sent.eq(outbound_counters::sent + 1))
        .execute(c))?;
    Ok(())
}

/// A counter that would reach nothing goes; one that is not there any more is left so.
fn count_one_less(tx: &mut Tx<'_>, scope: Scope, sending_at: Timestamp) -> Result<(), StoreError> {
    let (key, stretch) = (scope.key(), scope.stretch_of(sending_at));
    let gone = on_conn!(&mut *tx.conn, |c| diesel::delete(
        outbound_counters::table.filter(
            outbound_counters::scope
                .eq(&key)
                .and(outbound_counters::starts_at.eq(stretch))
                .and(outbound_counters::sent.le(1_i64))
        )
    )
    .execute(c))?;
    if gone == 0 {
        on_conn!(&mut *tx.conn, |c| diesel::update(
            outbound_counters::table
                .filter(outbound_counters::scope.eq(&key).and(outbound_counters::starts_at.eq(stretch)))
        )
        .set(outbound_counters::sent.eq(outbound_counters::sent - 1))
        .execute(c))?;
    }
    Ok(())
}

fn make_due(tx: &mut Tx<'_>, contact: ContactId) -> Result<(), StoreError> {
    let now = tx.now.as_millis();
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(
            outbox::contact_id
                .eq(contact.to_string())
                .and(super::may_be_in_flight())
                .and(super::is_queued())
                .and(outbox::not_before.gt(now))
                // Who is closed is still closed.
                .and(outbox::held_until.is_null().or(outbox::held_until.le(now)))
        )
    )
    .set(outbox::not_before.eq(now))
    .execute(c))?;
    Ok(())
}
