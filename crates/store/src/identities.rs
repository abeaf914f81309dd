//! What a person is known by changes hands: what was theirs is kept apart, what is theirs now leads to them, and two
//! contacts that turn out to be one person become one.

use diesel::prelude::*;
use marketplace::{Bsuid, ContactId, E164, MessageId, RequestId, Timestamp};

use crate::{
    StoreError, Tx, contacts,
    contacts::Identity,
    messages::{Direction, Party},
    on_conn,
    requests::RequestGuard,
    schema::{
        call_permissions, contact_windows, contacts as people, data_keys, former_identities as former,
        identities, messages, outbox, outreaches, requests, vendors,
    },
    tx::{parse, parse_optional},
};

/// Whom a notice of a change speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownBy {
    /// Somebody who is known by it now.
    Now(ContactId),
    /// Somebody who was known by it: another notice of the same change came first.
    Before(ContactId),
}

/// The person that a notice names by what they were known by.
pub fn known_by(tx: &mut Tx<'_>, old: &[Identity]) -> Result<Option<KnownBy>, StoreError> {
    if let Some(contact) = contacts::find(tx, old)? {
        return Ok(Some(KnownBy::Now(contact)));
    }
    for identity in old {
        let (kind, _) = identity.parts();
        let hash = contacts::hash(tx, identity).to_vec();
        let row: Option<(String, Option<String>)> = on_conn!(&mut *tx.conn, |c| former::table
            .inner_join(people::table.on(people::id.eq(former::contact_id)))
            .filter(former::kind.eq(kind.to_string()).and(former::value_hash.eq(hash)))
            .order((former::ended_at.desc(), former::contact_id.desc()))
            .select((people::id, people::merged_into))
            .first(c)
            .optional())?;
        if let Some((id, merged_into)) = row {
            return parse(&merged_into.unwrap_or(id), "former_identities.contact_id")
                .map(|contact| Some(KnownBy::Before(contact)));
        }
    }
    Ok(None)
}

/// Ends everything that a person is known by. Whoever has their number next is somebody else, with a key of their own.
/// The windows end with the number that was written from.
pub fn retire(tx: &mut Tx<'_>, contact: ContactId) -> Result<(), StoreError> {
    let id = contact.to_string();
    let rows: Vec<(String, Vec<u8>)> = on_conn!(&mut *tx.conn, |c| identities::table
        .filter(identities::contact_id.eq(&id))
        .order((identities::kind, identities::value_hash))
        .select((identities::kind, identities::value_hash))
        .load(c))?;
    for (kind, value_hash) in rows {
        let row = (
            former::kind.eq(kind),
            former::value_hash.eq(value_hash),
            former::contact_id.eq(&id),
            former::ended_at.eq(tx.now.as_millis()),
        );
        on_conn!(&mut *tx.conn, |c| diesel::insert_into(former::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    on_conn!(&mut *tx.conn, |c| diesel::delete(identities::table.filter(identities::contact_id.eq(&id)))
        .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::delete(
        contact_windows::table.filter(contact_windows::contact_id.eq(&id))
    )
    .execute(c))?;
    // The subject of a key names who is sealed under it next: that is nobody with this number.
    let subject = tx.vault.lookup_hash("contact", &id).to_vec();
    let key = contacts::data_key(tx, contact)?.to_string();
    on_conn!(&mut *tx.conn, |c| diesel::update(data_keys::table.find(key))
        .set(data_keys::subject_hash.eq(subject))
        .execute(c))?;
    set_address(tx, contact, None, None)
}

/// Where messages to a person go.
fn set_address(
    tx: &mut Tx<'_>,
    contact: ContactId,
    phone: Option<&E164>,
    bsuid: Option<&Bsuid>,
) -> Result<(), StoreError> {
    let key = contacts::data_key(tx, contact)?;
    let phone = phone.map(|phone| tx.seal(&[key], phone.as_str().as_bytes())).transpose()?;
    let bsuid = bsuid.map(|bsuid| tx.seal(&[key], bsuid.as_str().as_bytes())).transpose()?;
    on_conn!(&mut *tx.conn, |c| diesel::update(people::table.find(contact.to_string()))
        .set((people::phone.eq(phone), people::bsuid.eq(bsuid), people::updated_at.eq(tx.now.as_millis())))
        .execute(c))?;
    Ok(())
}

/// Lets new identities lead to a person, and messages to them go there; of what is not named, the address stays as it is.
/// The caller has seen that they lead to nobody else.
pub fn adopt(tx: &mut Tx<'_>, contact: ContactId, new: &[Identity]) -> Result<(), StoreError> {
    let known = contacts::load(tx, contact)?;
    let (mut phone, mut bsuid) = (known.phone, known.bsuid);
    for identity in new {
        let (kind, _) = identity.parts();
        let row = (
            identities::kind.eq(kind.to_string()),
            identities::value_hash.eq(contacts::hash(tx, identity).to_vec()),
            identities::contact_id.eq(contact.to_string()),
            identities::created_at.eq(tx.now.as_millis()),
        );
        on_conn!(&mut *tx.conn, |c| diesel::insert_into(identities::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        match identity {
            Identity::Phone(number) => phone = Some(number.clone()),
            Identity::Bsuid(id) => bsuid = Some(id.clone()),
            Identity::WaId(_) => {}
        }
    }
    set_address(tx, contact, phone.as_ref(), bsuid.as_ref())
}

/// Forgets what Meta said about calling a person: it was said of another line. The next dial asks Meta anew.
pub fn forget_permissions(tx: &mut Tx<'_>, contact: ContactId) -> Result<usize, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| diesel::delete(
        call_permissions::table.filter(call_permissions::contact_id.eq(contact.to_string()))
    )
    .execute(c))?)
}

/// Makes `from` a part of `into`: what leads to it leads there, and what goes on is moved: in the given requests, whose
/// rows the caller has taken, their client, the wait for a vendor, what was written and what is queued; the place in the
/// directory; the windows, which are those of the line that the person has now. What is over stays with `from`.
pub fn merge(
    tx: &mut Tx<'_>,
    guards: &[RequestGuard],
    from: ContactId,
    into: ContactId,
) -> Result<(), StoreError> {
    let (from_id, into_id) = (from.to_string(), into.to_string());
    let moved: Vec<String> = guards.iter().map(|guard| guard.request().id.to_string()).collect();
    on_conn!(&mut *tx.conn, |c| diesel::update(
        identities::table.filter(identities::contact_id.eq(&from_id))
    )
    .set(identities::contact_id.eq(&into_id))
    .execute(c))?;
    move_windows(tx, from, into)?;
    on_conn!(&mut *tx.conn, |c| diesel::update(
        requests::table.filter(requests::client_contact_id.eq(&from_id).and(requests::id.eq_any(&moved)))
    )
    .set(requests::client_contact_id.eq(&into_id))
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outreaches::table
            .filter(outreaches::contact_id.eq(&from_id).and(outreaches::request_id.eq_any(&moved)))
    )
    .set(outreaches::contact_id.eq(&into_id))
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(
        messages::table.filter(messages::contact_id.eq(&from_id).and(messages::request_id.eq_any(&moved)))
    )
    .set(messages::contact_id.eq(&into_id))
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(outbox::contact_id.eq(&from_id).and(outbox::request_id.eq_any(&moved)))
    )
    .set(outbox::contact_id.eq(&into_id))
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(vendors::table.filter(vendors::contact_id.eq(&from_id)))
        .set(vendors::contact_id.eq(&into_id))
        .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(
        people::table.filter(people::id.eq(&from_id).or(people::merged_into.eq(&from_id)))
    )
    .set((people::merged_into.eq(&into_id), people::updated_at.eq(tx.now.as_millis())))
    .execute(c))?;
    Ok(())
}

fn move_windows(tx: &mut Tx<'_>, from: ContactId, into: ContactId) -> Result<(), StoreError> {
    let open: Vec<(String, i64)> = on_conn!(&mut *tx.conn, |c| contact_windows::table
        .filter(contact_windows::contact_id.eq(from.to_string()).and(contact_windows::closed_at.is_null()))
        .order(contact_windows::phone_number_id)
        .select((contact_windows::phone_number_id, contact_windows::opened_at))
        .load(c))?;
    for (number, opened_at) in open {
        let number = parse(&number, "contact_windows.phone_number_id")?;
        contacts::open_window(tx, into, &number, Timestamp::from_millis(opened_at))?;
    }
    on_conn!(&mut *tx.conn, |c| diesel::delete(
        contact_windows::table.filter(contact_windows::contact_id.eq(from.to_string()))
    )
    .execute(c))?;
    Ok(())
}

/// Moves what the client wrote in one request into another one of theirs, oldest first. The caller has taken both rows.
pub fn move_client_messages(
    tx: &mut Tx<'_>,
    from: &RequestGuard,
    into: &RequestGuard,
) -> Result<Vec<MessageId>, StoreError> {
    let written = || {
        messages::request_id
            .eq(from.request().id.to_string())
            .and(messages::direction.eq(Direction::In.to_string()))
            .and(messages::party.eq(Party::Client.to_string()))
    };
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| messages::table
        .filter(written())
        .order((messages::meta_at, messages::created_at, messages::id))
        .select(messages::id)
        .load(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(messages::table.filter(written()))
        .set(messages::request_id.eq(into.request().id.to_string()))
        .execute(c))?;
    ids.iter().map(|id| parse(id, "messages.id")).collect()
}

/// The requests that move when a contact becomes a part of another: their own that are not closed, and those that they
/// are asked in as a vendor.
pub fn moving_requests(tx: &mut Tx<'_>, contact: ContactId) -> Result<Vec<RequestId>, StoreError> {
    let mut found = crate::requests::unclosed_of_client(tx, contact)?;
    let live = crate::sourcing::live_outreaches_to(tx, contact)?;
    found.extend(live.iter().map(|outreach| outreach.request));
    Ok(found)
}

/// The contact that this one has become a part of.
pub fn merged_into(tx: &mut Tx<'_>, contact: ContactId) -> Result<Option<ContactId>, StoreError> {
    let merged: Option<String> = on_conn!(&mut *tx.conn, |c| people::table
        .find(contact.to_string())
        .select(people::merged_into)
        .get_result(c))?;
    parse_optional(merged.as_deref(), "contacts.merged_into")
}
