//! What is left of a person: nothing that can be read.
//!
//! Each verb is one step of an erasure, in a transaction of its own; the order, and what happens to the person's
//! requests between the first step and the last, is `tools::erasure`'s. Every verb may run again.

use std::collections::BTreeSet;

use diesel::prelude::*;
use marketplace::{ContactId, DataKeyId, Timestamp};

use crate::{
    Conn, StoreError, Tx,
    contacts::{self, Identity},
    on_conn,
    schema::{
        contact_windows, contacts as people, data_keys, dead_letters, former_identities, identities,
        inbound_events as events, outbox, suppressions, vendor_categories, vendors,
    },
    tx::{parse, parse_optional},
};

/// Why an identity is suppressed.
const SUPPRESSED: &str = "erased";
/// What a queued send, a waiting event or an open dead letter of the person ends with.
const ERASED: &str = "erased";
/// How many unattributed values are looked through in one transaction.
pub const SEARCH_PAGE: i64 = 200;

/// How often the write-ahead log is tried to be emptied.
const SCRUB_TRIES: u32 = 3;

/// A person under all contacts that were found to be theirs, and how far their erasure is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The contact that the others were merged into, then those.
    pub contacts: Vec<ContactId>,
    /// When the erasure began.
    pub erased_at: Option<Timestamp>,
    /// Whether their key is gone: everything is done but the overwriting of what files still hold.
    pub key_destroyed: bool,
}

/// What the last step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Destroyed {
    /// Identities that no longer lead to anybody.
    pub identities: usize,
    /// Keys that are gone.
    pub keys: usize,
    /// Messages that were still in the queue.
    pub sends: usize,
    /// Events that had not been routed.
    pub events: usize,
}

/// The person that a contact is.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such contact.
pub fn person(tx: &mut Tx<'_>, contact: ContactId) -> Result<Person, StoreError> {
    let merged: Option<String> = on_conn!(&mut *tx.conn, |c| people::table
        .find(contact.to_string())
        .select(people::merged_into)
        .get_result(c))?;
    let root = merged.unwrap_or_else(|| contact.to_string());
    let rows: Vec<(String, String, Option<i64>)> = on_conn!(&mut *tx.conn, |c| people::table
        .filter(people::id.eq(&root).or(people::merged_into.eq(&root)))
        .order((people::merged_into.is_not_null(), people::id))
        .select((people::id, people::data_key_id, people::erased_at))
        .load(c))?;
    let keys: Vec<&String> = rows.iter().map(|(_, key, _)| key).collect();
    let left: i64 = on_conn!(&mut *tx.conn, |c| data_keys::table
        .filter(data_keys::id.eq_any(keys))
        .count()
        .get_result(c))?;
    Ok(Person {
        contacts: rows.iter().map(|(id, ..)| parse(id, "contacts.id")).collect::<Result<_, _>>()?,
        erased_at: rows.iter().filter_map(|(_, _, at)| *at).min().map(Timestamp::from_millis),
        key_destroyed: left == 0,
    })
}

/// The first step: from its commit on nothing is sent to the person, no import brings them back, nobody reads their
/// name. Returns how many identities are suppressed.
pub fn begin(tx: &mut Tx<'_>, person: &Person) -> Result<usize, StoreError> {
    take(tx, person)?;
    let hashes = suppressible(tx, person)?;
    for hash in &hashes {
        let row = (
            suppressions::value_hash.eq(hash),
            suppressions::reason.eq(SUPPRESSED),
            suppressions::created_at.eq(tx.now.as_millis()),
        );
        on_conn!(&mut *tx.conn, |c| diesel::insert_into(suppressions::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    let ids = texts(&person.contacts);
    let now = tx.now.as_millis();
    on_conn!(&mut *tx.conn, |c| diesel::update(
        people::table.filter(people::id.eq_any(&ids).and(people::erased_at.is_null()))
    )
    .set((people::erased_at.eq(now), people::updated_at.eq(now)))
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(
        people::table.filter(people::id.eq_any(&ids).and(people::opted_out_at.is_null()))
    )
    .set(people::opted_out_at.eq(now))
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(vendors::table.filter(vendors::contact_id.eq_any(&ids)))
        .set((vendors::active.eq(false), vendors::accepts_inquiries.eq(false), vendors::updated_at.eq(now)))
        .execute(c))?;
    Ok(hashes.len())
}

/// Blanks what could be attributed to nobody when it came and names this person: webhooks that could not be read,
/// events without a sender. `after` is where the last call stopped; `None` comes back when all was looked through.
/// Their time of keeping is nine days anyway.
pub fn blank_unattributed(
    tx: &mut Tx<'_>,
    person: &Person,
    after: Option<&str>,
) -> Result<(usize, Option<String>), StoreError> {
    let needles = needles(tx, person)?;
    let nobody = tx.vault.lookup_hash("system", "system");
    let key: Option<String> = on_conn!(&mut *tx.conn, |c| data_keys::table
        .filter(data_keys::subject_hash.eq(nobody.as_slice()))
        .select(data_keys::id)
        .get_result(c)
        .optional())?;
    let Some(key) = key.filter(|_| !needles.is_empty()) else { return Ok((0, None)) };
    let after = after.unwrap_or_default();
    let rows: Vec<(String, Vec<u8>)> = on_conn!(&mut *tx.conn, |c| events::table
        .filter(events::data_key_id.eq(&key).and(events::id.gt(after)))
        .order(events::id)
        .select((events::id, events::payload))
        .limit(SEARCH_PAGE)
        .load(c))?;
    let mut blanked = 0;
    let empty = tx.seal(&[parse(&key, "data_keys.id")?], b"{}")?;
    for (id, payload) in &rows {
        if names(tx, payload, &needles)? {
            on_conn!(&mut *tx.conn, |c| diesel::update(events::table.find(id))
                .set(events::payload.eq(&empty))
                .execute(c))?;
            blanked += 1;
        }
    }
    if let (Some((last, _)), true) = (rows.last(), rows.len() >= usize::try_from(SEARCH_PAGE).unwrap_or(0)) {
        return Ok((blanked, Some(last.clone())));
    }
    Ok((blanked + blank_dead_letters(tx, &needles)?, None))
}

fn blank_dead_letters(tx: &mut Tx<'_>, needles: &[Vec<u8>]) -> Result<usize, StoreError> {
    let rows: Vec<(String, Option<Vec<u8>>)> = on_conn!(&mut *tx.conn, |c| dead_letters::table
        .filter(dead_letters::detail.is_not_null())
        .order(dead_letters::id)
        .select((dead_letters::id, dead_letters::detail))
        .load(c))?;
    let mut blanked = 0;
    for (id, detail) in rows {
        if names(tx, &detail.unwrap_or_default(), needles)? {
            on_conn!(&mut *tx.conn, |c| diesel::update(dead_letters::table.find(id))
                .set(dead_letters::detail.eq(None::<Vec<u8>>))
                .execute(c))?;
            blanked += 1;
        }
    }
    Ok(blanked)
}

fn names(tx: &mut Tx<'_>, sealed: &[u8], needles: &[Vec<u8>]) -> Result<bool, StoreError> {
    let Some(text) = tx.open_text(sealed)? else { return Ok(false) };
    Ok(needles.iter().any(|needle| text.as_bytes().windows(needle.len()).any(|part| part == needle)))
}

/// What tells that a text is about this person: the digits of the number, the business-scoped id, the name.
fn needles(tx: &mut Tx<'_>, person: &Person) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut needles = Vec::new();
    for row in sealed_identities(tx, person)? {
        needles.extend(row.phone.map(|phone| phone.trim_start_matches('+').as_bytes().to_vec()));
        needles.extend([row.bsuid, row.name].into_iter().flatten().map(String::into_bytes));
    }
    needles.retain(|needle| needle.len() >= 4);
    Ok(needles)
}

/// The last step: what leads to the person is removed and the keys of their data destroyed.
pub fn destroy(tx: &mut Tx<'_>, person: &Person) -> Result<Destroyed, StoreError> {
    // Whoever seals for this person has committed once their keys are taken, see `Vault::data_key`.
    let keys = take_keys(tx, person)?;
    take(tx, person)?;
    let ids = texts(&person.contacts);
    let now = tx.now.as_millis();
    let sends = on_conn!(&mut *tx.conn, |c| diesel::update(
        outbox::table.filter(outbox::contact_id.eq_any(&ids).and(outbox::state.eq("queued")))
    )
    .set((outbox::state.eq("cancelled"), outbox::reason.eq(ERASED), outbox::settled_at.eq(now)))
    .execute(c))?;
    let gone = end_events(tx, &keys)?;
    let identities = on_conn!(&mut *tx.conn, |c| diesel::delete(
        identities::table.filter(identities::contact_id.eq_any(&ids))
    )
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::delete(
        former_identities::table.filter(former_identities::contact_id.eq_any(&ids))
    )
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::delete(
        contact_windows::table.filter(contact_windows::contact_id.eq_any(&ids))
    )
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(people::table.filter(people::id.eq_any(&ids)))
        .set((
            people::name.eq(None::<Vec<u8>>),
            people::phone.eq(None::<Vec<u8>>),
            people::bsuid.eq(None::<Vec<u8>>),
            people::timezone.eq(None::<String>),
            people::language.eq(marketplace::Language::default().to_string()),
            people::language_source.eq(contacts::LanguageSource::Default.to_string()),
            people::language_heard.eq(None::<String>),
            people::updated_at.eq(now),
        ))
        .execute(c))?;
    empty_vendor_rows(tx, &ids)?;
    let destroyed =
        on_conn!(&mut *tx.conn, |c| diesel::delete(data_keys::table.filter(data_keys::id.eq_any(&keys)))
            .execute(c))?;
    for key in &keys {
        tx.vault.forget(parse::<DataKeyId>(key, "data_keys.id")?);
    }
    Ok(Destroyed { identities, keys: destroyed, sends, events: gone })
}

/// The operator's id stays, for other rows refer to it; nothing beside it does.
fn empty_vendor_rows(tx: &mut Tx<'_>, contacts: &[String]) -> Result<(), StoreError> {
    let of_person = vendors::table.filter(vendors::contact_id.eq_any(contacts)).select(vendors::id);
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| of_person.load(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::delete(
        vendor_categories::table.filter(vendor_categories::vendor_id.eq_any(&ids))
    )
    .execute(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(vendors::table.filter(vendors::id.eq_any(&ids)))
        .set((
            vendors::latitude.eq(None::<f64>),
            vendors::longitude.eq(None::<f64>),
            vendors::rating.eq(None::<f64>),
            vendors::timezone.eq("UTC"),
            vendors::languages.eq(""),
        ))
        .execute(c))?;
    Ok(())
}

/// Events that wait are ignored, and nobody need look at those that could not be worked.
fn end_events(tx: &mut Tx<'_>, keys: &[String]) -> Result<usize, StoreError> {
    let now = tx.now.as_millis();
    let dead: Vec<String> = on_conn!(&mut *tx.conn, |c| events::table
        .filter(events::data_key_id.eq_any(keys).and(events::status.eq("dead")))
        .select(events::id)
        .load(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(
        dead_letters::table
            .filter(dead_letters::reference.eq_any(&dead).and(dead_letters::resolved_at.is_null()))
    )
    .set((dead_letters::resolved_at.eq(now), dead_letters::resolution.eq(ERASED)))
    .execute(c))?;
    Ok(on_conn!(&mut *tx.conn, |c| diesel::update(events::table.filter(
        events::data_key_id.eq_any(keys).and(events::status.eq_any(["pending", "parked", "dead"]))
    ))
    .set((events::status.eq("ignored"), events::dead_reason.eq(ERASED), events::routed_at.eq(now)))
    .execute(c))?)
}

/// Takes the person's rows, ascending: after a transaction that holds one, before any that wants one. Foreign keys
/// of other rows still find them.
fn take(tx: &mut Tx<'_>, person: &Person) -> Result<(), StoreError> {
    let ids = texts(&person.contacts);
    if let Conn::Pg(c) = &mut *tx.conn {
        people::table
            .filter(people::id.eq_any(&ids))
            .order(people::id)
            .select(people::id)
            .for_no_key_update()
            .load::<String>(c)?;
    }
    Ok(())
}

/// The keys of the person's data: their contacts' own, and those that events were sealed under by an identity of
/// theirs before it was known whose it is. Never one that another person's data is sealed under.
fn take_keys(tx: &mut Tx<'_>, person: &Person) -> Result<Vec<String>, StoreError> {
    let ids = texts(&person.contacts);
    let own: Vec<String> = on_conn!(&mut *tx.conn, |c| people::table
        .filter(people::id.eq_any(&ids))
        .select(people::data_key_id)
        .load(c))?;
    let mut hashes: Vec<Option<Vec<u8>>> = identity_hashes(tx, &ids)?.into_iter().map(Some).collect();
    let before: Vec<Vec<u8>> = on_conn!(&mut *tx.conn, |c| former_identities::table
        .filter(former_identities::contact_id.eq_any(&ids))
        .select(former_identities::value_hash)
        .load(c))?;
    hashes.extend(before.into_iter().map(Some));
    let anothers = diesel::dsl::exists(
        people::table.filter(people::data_key_id.eq(data_keys::id).and(people::id.ne_all(&ids))),
    );
    let query = data_keys::table
        .filter(
            data_keys::id
                .eq_any(&own)
                .or(data_keys::subject_hash.eq_any(&hashes).and(diesel::dsl::not(anothers))),
        )
        .order(data_keys::id)
        .select(data_keys::id);
    Ok(match &mut *tx.conn {
        Conn::Sqlite(c) => query.load(c)?,
        Conn::Pg(c) => query.for_update().load(c)?,
    })
}

fn identity_hashes(tx: &mut Tx<'_>, contacts: &[String]) -> Result<Vec<Vec<u8>>, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| identities::table
        .filter(identities::contact_id.eq_any(contacts))
        .order((identities::kind, identities::value_hash))
        .select(identities::value_hash)
        .load(c))?)
}

/// The keyed hash of everything that the person can be reached by: the identities they are known by, and number and
/// business-scoped id as they are stored, which can be known under an earlier owner.
fn suppressible(tx: &mut Tx<'_>, person: &Person) -> Result<BTreeSet<Vec<u8>>, StoreError> {
    let mut hashes: BTreeSet<Vec<u8>> = identity_hashes(tx, &texts(&person.contacts))?.into_iter().collect();
    for row in sealed_identities(tx, person)? {
        let phone: Option<marketplace::E164> = parse_optional(row.phone.as_deref(), "contacts.phone")?;
        let bsuid: Option<marketplace::Bsuid> = parse_optional(row.bsuid.as_deref(), "contacts.bsuid")?;
        let wa_id = phone.as_ref().and_then(|phone| phone.as_str().trim_start_matches('+').parse().ok());
        let known = [phone.map(Identity::Phone), bsuid.map(Identity::Bsuid), wa_id.map(Identity::WaId)];
        hashes.extend(known.into_iter().flatten().map(|identity| contacts::hash(tx, &identity).to_vec()));
    }
    Ok(hashes)
}

struct SealedIdentity {
    name: Option<String>,
    phone: Option<String>,
    bsuid: Option<String>,
}

/// As they are stored, whatever `contacts::load` shows.
fn sealed_identities(tx: &mut Tx<'_>, person: &Person) -> Result<Vec<SealedIdentity>, StoreError> {
    type Row = (Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| people::table
        .filter(people::id.eq_any(texts(&person.contacts)))
        .order(people::id)
        .select((people::name, people::phone, people::bsuid))
        .load(c))?;
    rows.into_iter()
        .map(|(name, phone, bsuid)| {
            Ok(SealedIdentity {
                name: tx.open_optional(name.as_deref())?,
                phone: tx.open_optional(phone.as_deref())?,
                bsuid: tx.open_optional(bsuid.as_deref())?,
            })
        })
        .collect()
}

/// What became of the bytes that deleted rows leave in a database's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scrubbed {
    /// Overwritten (SQLite), or free to be overwritten (PostgreSQL).
    Done,
    /// Somebody has been reading for seconds: the write-ahead log could not be emptied. Try again.
    Busy,
}

#[derive(QueryableByName)]
struct Checkpointed {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

/// On a connection without a transaction.
pub(crate) fn scrub(conn: &mut Conn) -> Result<Scrubbed, StoreError> {
    match conn {
        Conn::Sqlite(c) => {
            for _ in 0..SCRUB_TRIES {
                // Waits for readers and the writer as long as `busy_timeout`.
                let row: Checkpointed = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(c)?;
                if row.busy == 0 {
                    return Ok(Scrubbed::Done);
                }
            }
            Ok(Scrubbed::Busy)
        }
        Conn::Pg(c) => {
            // As long as it takes on a large table: this connection is used for nothing else and closed after it.
            diesel::sql_query("SET statement_timeout = 0").execute(c)?;
            diesel::sql_query("VACUUM data_keys, contacts, identities, former_identities").execute(c)?;
            Ok(Scrubbed::Done)
        }
    }
}

fn texts(ids: &[ContactId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
