//! Who a text of a request may speak of: the client, the vendors that were asked, those that could be.

use diesel::prelude::*;
use marketplace::{ContactId, DataKeyId};

use crate::{
    StoreError, Tx,
    messages::Direction,
    on_conn,
    requests::Request,
    schema::{contacts, messages, outreaches, vendor_categories, vendors},
    tx::parse,
};

/// How many vendors of the category are considered, the best rated: those that a Context Pack names.
const FOUND_MAX: i64 = 15;
/// How many messages of the request are considered, the newest.
const MESSAGES_MAX: i64 = 80;

/// A person that a text may speak of.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The person.
    pub contact: ContactId,
    /// The key that seals their data.
    pub data_key: DataKeyId,
    /// Their name, as long as it can be opened: while an erasure is under way, too.
    pub name: Option<String>,
    /// Their number, likewise.
    pub phone: Option<String>,
    /// What they wrote in this request.
    pub texts: Vec<String>,
}

/// Everybody that a text of this request may speak of, in the order of their ids. Three statements, whatever the
/// number of people.
pub fn candidates(tx: &mut Tx<'_>, request: &Request) -> Result<Vec<Candidate>, StoreError> {
    type Row = (String, String, Option<Vec<u8>>, Option<Vec<u8>>);
    let found: Vec<String> = match &request.category {
        Some(category) => on_conn!(&mut *tx.conn, |c| vendors::table
            .inner_join(vendor_categories::table)
            .filter(vendor_categories::category.eq(category).and(vendors::active.eq(true)))
            .order((
                diesel::dsl::sql::<diesel::sql_types::Double>("coalesce(vendors.rating, 0)").desc(),
                vendors::id
            ))
            .limit(FOUND_MAX)
            .select(vendors::contact_id)
            .load(c))?,
        None => Vec::new(),
    };
    let asked = outreaches::table
        .filter(outreaches::request_id.eq(request.id.to_string()))
        .select(outreaches::contact_id);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| contacts::table
        .filter(
            contacts::id
                .eq(request.client.to_string())
                .or(contacts::id.eq_any(found))
                .or(contacts::id.eq_any(asked))
        )
        .order(contacts::id)
        .select((contacts::id, contacts::data_key_id, contacts::name, contacts::phone))
        .load(c))?;
    let written: Vec<(String, Vec<u8>)> = on_conn!(&mut *tx.conn, |c| messages::table
        .filter(
            messages::request_id
                .eq(request.id.to_string())
                .and(messages::direction.eq(Direction::In.to_string()))
        )
        .order((messages::meta_at.desc(), messages::created_at.desc(), messages::id.desc()))
        .limit(MESSAGES_MAX)
        .select((messages::contact_id, messages::body))
        .load(c))?;
    rows.into_iter()
        .map(|(id, data_key, name, phone)| {
            let own = written.iter().filter(|(contact, _)| *contact == id);
            Ok(Candidate {
                contact: parse(&id, "contacts.id")?,
                data_key: parse(&data_key, "contacts.data_key_id")?,
                name: tx.open_optional(name.as_deref())?,
                phone: tx.open_optional(phone.as_deref())?,
                texts: own
                    .filter_map(|(_, body)| tx.open_text(body).transpose())
                    .collect::<Result<_, _>>()?,
            })
        })
        .collect()
}
