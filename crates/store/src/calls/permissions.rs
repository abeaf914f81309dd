//! What Meta permits: one row a person and business number, and the pauses of a number.

use calling_policy::Permission;
use diesel::prelude::*;
use marketplace::{ContactId, PhoneNumberId, Timestamp};

use super::{knowledge_of, machine};
use crate::{
    StoreError, Tx, on_conn,
    schema::{call_permissions as permissions, call_restrictions as restrictions},
    tx::closed,
};

/// What is known of Meta's permission of a person for a number of ours.
pub fn permission(
    tx: &mut Tx<'_>,
    contact: ContactId,
    number: &PhoneNumberId,
) -> Result<Permission, StoreError> {
    let knowledge: Option<String> = on_conn!(&mut *tx.conn, |c| permissions::table
        .find((contact.to_string(), number.as_str()))
        .select(permissions::knowledge)
        .get_result(c)
        .optional())?;
    knowledge.map_or_else(
        || Ok(Permission::default()),
        |knowledge| machine(&knowledge, "call_permissions.knowledge"),
    )
}

/// Saves it. The caller has taken the contact's row.
pub fn save_permission(
    tx: &mut Tx<'_>,
    contact: ContactId,
    number: &PhoneNumberId,
    permission: &Permission,
) -> Result<(), StoreError> {
    let knowledge = knowledge_of(permission)?;
    let row = (
        permissions::contact_id.eq(contact.to_string()),
        permissions::phone_number_id.eq(number.as_str()),
        permissions::knowledge.eq(&knowledge),
        permissions::updated_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(permissions::table)
        .values(row)
        .on_conflict((permissions::contact_id, permissions::phone_number_id))
        .do_update()
        .set((permissions::knowledge.eq(&knowledge), permissions::updated_at.eq(tx.now.as_millis())))
        .execute(c))?;
    Ok(())
}

/// Until when Meta pauses calls from a number; `None` if it does not, or not any more.
pub fn restricted_until(tx: &mut Tx<'_>, number: &PhoneNumberId) -> Result<Option<Timestamp>, StoreError> {
    let until: Option<i64> = on_conn!(&mut *tx.conn, |c| restrictions::table
        .find(number.as_str())
        .select(restrictions::until_at)
        .get_result(c)
        .optional())?;
    Ok(until.map(Timestamp::from_millis).filter(|until| tx.now < *until))
}

/// Pauses calls from a number until `until`, or leaves a longer pause as it is.
pub fn restrict(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    until: Timestamp,
    reason: &str,
) -> Result<(), StoreError> {
    let until = restricted_until(tx, number)?.map_or(until, |known| known.max(until));
    let row = (
        restrictions::phone_number_id.eq(number.as_str()),
        restrictions::until_at.eq(until.as_millis()),
        restrictions::reason.eq(closed(reason, "call_restrictions.reason")?),
        restrictions::updated_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(restrictions::table)
        .values(row)
        .on_conflict(restrictions::phone_number_id)
        .do_update()
        .set((
            restrictions::until_at.eq(until.as_millis()),
            restrictions::reason.eq(reason),
            restrictions::updated_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(())
}
