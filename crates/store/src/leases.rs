//! Named leases with fences: one dispatcher a business number, one router.

use std::time::Duration;

use diesel::prelude::*;

use crate::{StoreError, Tx, on_conn, schema::leases, tx::locked};

/// Takes or extends a lease for `owner`; `None` while another owner holds it. The fence grows with each change
/// of owner, so that what the old one left behind can be told apart. Real time.
pub fn acquire(tx: &mut Tx<'_>, name: &str, owner: &str, lasts: Duration) -> Result<Option<i64>, StoreError> {
    let now = tx.lease_now()?;
    let new = (leases::name.eq(name), leases::fence.eq(0_i64));
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(leases::table)
        .values(new)
        .on_conflict_do_nothing()
        .execute(c))?;
    let (holder, fence, until): (Option<String>, i64, Option<i64>) = locked!(
        &mut *tx.conn,
        leases::table.find(name).select((leases::owner, leases::fence, leases::lease_until)),
        |query, c| query.get_result(c)
    )?;
    let ours = holder.as_deref() == Some(owner);
    if !ours && until.is_some_and(|until| until > now.as_millis()) {
        return Ok(None);
    }
    let fence = if ours { fence } else { fence + 1 };
    on_conn!(&mut *tx.conn, |c| diesel::update(leases::table.find(name))
        .set((
            leases::owner.eq(owner),
            leases::fence.eq(fence),
            leases::lease_until.eq((now + lasts).as_millis()),
        ))
        .execute(c))?;
    Ok(Some(fence))
}

/// Whether `owner` still holds the lease under `fence`.
pub fn is_held(tx: &mut Tx<'_>, name: &str, owner: &str, fence: i64) -> Result<bool, StoreError> {
    let held: Option<(Option<String>, i64)> = on_conn!(&mut *tx.conn, |c| leases::table
        .find(name)
        .select((leases::owner, leases::fence))
        .get_result(c)
        .optional())?;
    Ok(held.is_some_and(|(holder, current)| holder.as_deref() == Some(owner) && current == fence))
}

/// Gives a lease back at once, so that a successor need not wait for it to run out.
pub fn release(tx: &mut Tx<'_>, name: &str, owner: &str) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        leases::table.filter(leases::name.eq(name).and(leases::owner.eq(owner)))
    )
    .set((leases::owner.eq(None::<String>), leases::lease_until.eq(None::<i64>)))
    .execute(c))?;
    Ok(())
}
