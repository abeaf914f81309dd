//! How vendors answered lately, and how often they were asked: by an index, a bounded number of rows a vendor.

use std::{collections::BTreeMap, time::Duration};

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};
use marketplace::{ContactId, Timestamp, VendorId};

use crate::{
    StoreError, Tx, on_conn,
    schema::{outreaches, vendors},
    tx::parse,
};

/// How far back a vendor's answers count.
pub const HISTORY_LASTS: Duration = Duration::from_hours(90 * 24);
/// How many inquiries of a vendor's count, the newest.
pub const HISTORY_MAX: i64 = 50;

/// What a vendor's rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record {
    /// Inquiries that were answered or whose time is over, of the newest [`HISTORY_MAX`] within [`HISTORY_LASTS`].
    pub asked: u32,
    /// Those of them that were answered, with yes or no.
    pub answered: u32,
    /// First messages within the time that was asked for. One that did not arrive is none.
    pub asked_lately: u32,
}

/// The newest inquiries of a vendor; what did not arrive, or may still be answered, says nothing.
const NEWEST: &str = "(SELECT count(*) FROM (SELECT told.status FROM outreaches AS told \
    WHERE told.vendor_id = vendors.id AND told.contacted_at > ";

/// What the rows say of these vendors; `lately` is when the time begins in which first messages are counted.
pub fn records(
    tx: &mut Tx<'_>,
    of: &[VendorId],
    lately: Timestamp,
) -> Result<BTreeMap<VendorId, Record>, StoreError> {
    let since = (tx.now - HISTORY_LASTS).as_millis();
    let ids: Vec<&str> = of.iter().map(VendorId::as_str).collect();
    let newest = |statuses: &str| {
        sql::<BigInt>(NEWEST)
            .bind::<BigInt, _>(since)
            .sql(" ORDER BY told.contacted_at DESC LIMIT ")
            .bind::<BigInt, _>(HISTORY_MAX)
            .sql(&format!(") AS newest WHERE newest.status IN ({statuses}))"))
    };
    let asked_lately = || {
        sql::<BigInt>(
            "(SELECT count(*) FROM outreaches AS told WHERE told.contact_id = vendors.contact_id \
             AND told.contacted_at > ",
        )
        .bind::<BigInt, _>(lately.as_millis())
        .sql(" AND told.status <> 'failed')")
    };
    let rows: Vec<(String, i64, i64, i64)> = on_conn!(&mut *tx.conn, |c| vendors::table
        .filter(vendors::id.eq_any(&ids))
        .select((
            vendors::id,
            newest("'replied', 'declined', 'silent'"),
            newest("'replied', 'declined'"),
            asked_lately()
        ))
        .load(c))?;
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    rows.into_iter()
        .map(|(id, asked, answered, lately)| {
            let record =
                Record { asked: count(asked), answered: count(answered), asked_lately: count(lately) };
            Ok((parse(&id, "vendors.id")?, record))
        })
        .collect()
}

/// How many first messages a person got after `since`, as a vendor. The caller has taken the person's row: nobody else
/// asks them meanwhile.
pub fn asked_since(tx: &mut Tx<'_>, contact: ContactId, since: Timestamp) -> Result<u32, StoreError> {
    let count: i64 = on_conn!(&mut *tx.conn, |c| outreaches::table
        .filter(
            outreaches::contact_id
                .eq(contact.to_string())
                .and(outreaches::contacted_at.gt(since.as_millis()))
                .and(outreaches::status.ne("failed"))
        )
        .count()
        .get_result(c))?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}
