//! People: contacts, the identities they are found by, their 24-hour windows and opt-outs.

use diesel::prelude::*;
use marketplace::{
    Bsuid, ContactId, DataKeyId, E164, IdentityKind, Language, PhoneNumberId, Timestamp, WaId,
};

use crate::{
    Conn, StoreError, Tx, on_conn,
    schema::{contact_windows, contacts, identities, suppressions},
    tx::{parse, parse_optional},
};

/// How long free text may be sent after a person last wrote to us (Meta: 24 hours).
pub const WINDOW: std::time::Duration = std::time::Duration::from_hours(24);

/// One way to find a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A number from a directory or derived from a `wa_id`.
    Phone(E164),
    /// Meta's `wa_id`.
    WaId(WaId),
    /// Business-scoped user id.
    Bsuid(Bsuid),
}

impl Identity {
    /// The kind and the text that is hashed for look-up.
    pub fn parts(&self) -> (IdentityKind, &str) {
        match self {
            Self::Phone(phone) => (IdentityKind::Phone, phone.as_str()),
            Self::WaId(wa_id) => (IdentityKind::WaId, wa_id.as_str()),
            Self::Bsuid(bsuid) => (IdentityKind::Bsuid, bsuid.as_str()),
        }
    }
}

/// How the language of a contact was set. A wish outranks what was heard, and lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum LanguageSource {
    /// Nobody has said anything yet.
    Default,
    /// The directory of vendors names it.
    Directory,
    /// What the person writes is in it.
    Detected,
    /// The person asked for it.
    Asked,
    /// An operator set it.
    Operator,
}

/// A person we exchange messages with.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Our own id.
    pub id: ContactId,
    /// The key that seals this person's data.
    pub data_key: DataKeyId,
    /// The name they gave themselves, or the directory's.
    pub name: Option<String>,
    /// The number messages are sent to.
    pub phone: Option<E164>,
    /// The business-scoped user id, for people without a visible number.
    pub bsuid: Option<Bsuid>,
    /// The language we write to them in.
    pub language: Language,
    /// How it was set.
    pub language_source: LanguageSource,
    /// Another language that their last clear message was in; a second one in it changes the language.
    pub language_heard: Option<Language>,
    /// When they said STOP, by Meta's clock.
    pub opted_out_at: Option<Timestamp>,
    /// The IANA name of the zone they named, where their number's country has several.
    pub timezone: Option<String>,
    /// When their erasure began: from then on there is no name, no number, and nothing is sent to them.
    pub erased_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = contacts)]
struct ContactRow {
    id: String,
    data_key_id: String,
    name: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
    bsuid: Option<Vec<u8>>,
    language: String,
    opted_out_at: Option<i64>,
    timezone: Option<String>,
    erased_at: Option<i64>,
    language_source: String,
    language_heard: Option<String>,
    merged_into: Option<String>,
    created_at: i64,
    updated_at: i64,
}

/// The identities a sender may be known by, the surest first; a `wa_id` also stands for the likely number.
pub fn candidates(bsuid: Option<&Bsuid>, wa_id: Option<&WaId>) -> Vec<Identity> {
    let mut found = Vec::with_capacity(3);
    found.extend(bsuid.cloned().map(Identity::Bsuid));
    found.extend(wa_id.cloned().map(Identity::WaId));
    found.extend(wa_id.and_then(WaId::likely_phone).map(Identity::Phone));
    found
}

/// The hash that stands for a sender before a contact exists: of the number when there is one, else the BSUID.
pub fn subject_hash(tx: &Tx<'_>, identities: &[Identity]) -> Option<[u8; 32]> {
    subject(identities).map(|identity| hash(tx, identity))
}

/// The identity that names a sender's data key: the number when there is one, so that a vendor from the
/// directory and the same person's first message share a key.
pub fn subject(identities: &[Identity]) -> Option<&Identity> {
    let is_phone = |identity: &&Identity| matches!(identity, Identity::Phone(_));
    identities.iter().find(is_phone).or_else(|| identities.first())
}

/// The contact known by the first of `identities` that is known; merged contacts lead to what they became.
///
/// Meta makes a BSUID for a person, a number for a line: a sender with a BSUID of their own is not the person
/// who had another one on the same number.
pub fn find(tx: &mut Tx<'_>, identities: &[Identity]) -> Result<Option<ContactId>, StoreError> {
    let bsuid = identities.iter().find(|identity| matches!(identity, Identity::Bsuid(_)));
    for identity in identities {
        let Some(owner) = owner_of(tx, identity)? else { continue };
        let by_number = !matches!(identity, Identity::Bsuid(_));
        if let Some(bsuid) = bsuid
            && by_number
            && has_another_bsuid(tx, &owner, bsuid)?
        {
            continue;
        }
        return parse(&owner, "contacts.id").map(Some);
    }
    Ok(None)
}

fn owner_of(tx: &mut Tx<'_>, identity: &Identity) -> Result<Option<String>, StoreError> {
    let (kind, _) = identity.parts();
    let value_hash = hash(tx, identity).to_vec();
    let row: Option<(String, Option<String>)> = on_conn!(&mut *tx.conn, |c| identities::table
        .inner_join(contacts::table)
        .filter(identities::kind.eq(kind.to_string()).and(identities::value_hash.eq(value_hash)))
        .select((contacts::id, contacts::merged_into))
        .get_result(c)
        .optional())?;
    Ok(row.map(|(id, merged_into)| merged_into.unwrap_or(id)))
}

fn has_another_bsuid(tx: &mut Tx<'_>, owner: &str, bsuid: &Identity) -> Result<bool, StoreError> {
    let value_hash = hash(tx, bsuid).to_vec();
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(
        identities::table.filter(
            identities::contact_id
                .eq(owner)
                .and(identities::kind.eq(IdentityKind::Bsuid.to_string()))
                .and(identities::value_hash.ne(value_hash))
        )
    ))
    .get_result(c))?)
}

/// Finds the person or creates them, and remembers every identity not yet known.
///
/// A known identity never moves to another contact here: a number or BSUID that changes hands inherits nothing.
pub fn find_or_create(
    tx: &mut Tx<'_>,
    known_by: &[Identity],
    name: Option<&str>,
    language: Language,
) -> Result<Contact, StoreError> {
    let contact = match find(tx, known_by)? {
        Some(id) => load(tx, id)?,
        None => create(tx, known_by, name, language)?,
    };
    if contact.erased_at.is_some() {
        return Ok(contact);
    }
    for identity in known_by {
        let (kind, _) = identity.parts();
        let row = (
            identities::kind.eq(kind.to_string()),
            identities::value_hash.eq(hash(tx, identity).to_vec()),
            identities::contact_id.eq(contact.id.to_string()),
            identities::created_at.eq(tx.now.as_millis()),
        );
        on_conn!(&mut *tx.conn, |c| diesel::insert_into(identities::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    if contact.name.is_none()
        && let Some(name) = name
    {
        set_name(tx, contact.id, name)?;
        return load(tx, contact.id);
    }
    Ok(contact)
}

fn create(
    tx: &mut Tx<'_>,
    known_by: &[Identity],
    name: Option<&str>,
    language: Language,
) -> Result<Contact, StoreError> {
    // A number that another person goes by names that person's key.
    let mut own = Vec::with_capacity(known_by.len());
    for identity in known_by {
        if owner_of(tx, identity)?.is_none() {
            own.push(identity.clone());
        }
    }
    let subject = subject_hash(tx, &own).ok_or(StoreError::Corrupt { what: "contact without identity" })?;
    let data_key = tx.vault.data_key_for_subject(tx.conn, &subject, tx.now)?.id();
    let seal_first = |tx: &mut Tx<'_>, kind: IdentityKind| {
        let value = known_by.iter().map(Identity::parts).find(|(found, _)| *found == kind);
        value.map(|(_, text)| tx.seal(&[data_key], text.as_bytes())).transpose()
    };
    let row = ContactRow {
        id: ContactId::generate(tx.ids).to_string(),
        data_key_id: data_key.to_string(),
        name: name.map(|name| tx.seal(&[data_key], name.as_bytes())).transpose()?,
        phone: seal_first(tx, IdentityKind::Phone)?,
        bsuid: seal_first(tx, IdentityKind::Bsuid)?,
        language: language.to_string(),
        opted_out_at: None,
        timezone: None,
        erased_at: None,
        language_source: LanguageSource::Default.to_string(),
        language_heard: None,
        merged_into: None,
        created_at: tx.now.as_millis(),
        updated_at: tx.now.as_millis(),
    };
    let id: ContactId = parse(&row.id, "contacts.id")?;
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(contacts::table).values(&row).execute(c))?;
    load(tx, id)
}

/// Loads a contact.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub fn load(tx: &mut Tx<'_>, id: ContactId) -> Result<Contact, StoreError> {
    let row: ContactRow = on_conn!(&mut *tx.conn, |c| contacts::table
        .find(id.to_string())
        .select(ContactRow::as_select())
        .get_result(c))?;
    // Between the first step of an erasure and the last there is still something to open.
    let shown = |sealed: Option<Vec<u8>>| sealed.filter(|_| row.erased_at.is_none());
    let phone = tx.open_optional(shown(row.phone).as_deref())?;
    let bsuid = tx.open_optional(shown(row.bsuid).as_deref())?;
    let name = tx.open_optional(shown(row.name).as_deref())?;
    Ok(Contact {
        id,
        data_key: parse(&row.data_key_id, "contacts.data_key_id")?,
        name,
        phone: parse_optional(phone.as_deref(), "contacts.phone")?,
        bsuid: parse_optional(bsuid.as_deref(), "contacts.bsuid")?,
        language: parse(&row.language, "contacts.language")?,
        language_source: parse(&row.language_source, "contacts.language_source")?,
        language_heard: parse_optional(row.language_heard.as_deref(), "contacts.language_heard")?,
        opted_out_at: row.opted_out_at.map(Timestamp::from_millis),
        timezone: row.timezone,
        erased_at: row.erased_at.map(Timestamp::from_millis),
    })
}

/// Takes the contact's row for this transaction (PostgreSQL; SQLite's writer is alone already).
pub fn lock(tx: &mut Tx<'_>, id: ContactId) -> Result<(), StoreError> {
    if let Conn::Pg(c) = &mut *tx.conn {
        contacts::table.find(id.to_string()).select(contacts::id).for_update().first::<String>(c)?;
    }
    Ok(())
}

/// Sets or replaces the name.
pub fn set_name(tx: &mut Tx<'_>, id: ContactId, name: &str) -> Result<(), StoreError> {
    let key = data_key(tx, id)?;
    let sealed = tx.seal(&[key], name.as_bytes())?;
    on_conn!(&mut *tx.conn, |c| diesel::update(contacts::table.find(id.to_string()))
        .set((contacts::name.eq(sealed), contacts::updated_at.eq(tx.now.as_millis())))
        .execute(c))?;
    Ok(())
}

/// Sets the language we write to them in, and forgets what else was heard.
pub fn set_language(
    tx: &mut Tx<'_>,
    id: ContactId,
    language: Language,
    source: LanguageSource,
) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(contacts::table.find(id.to_string()))
        .set((
            contacts::language.eq(language.to_string()),
            contacts::language_source.eq(source.to_string()),
            contacts::language_heard.eq(None::<String>),
            contacts::updated_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(())
}

/// Remembers that they were heard in another language than the one we write to them in, or in that one again (`None`).
pub fn set_language_heard(
    tx: &mut Tx<'_>,
    id: ContactId,
    language: Option<Language>,
) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(contacts::table.find(id.to_string()))
        .set(contacts::language_heard.eq(language.map(|language| language.to_string())))
        .execute(c))?;
    Ok(())
}

/// Records STOP (`Some`) or START (`None`).
pub fn set_opt_out(tx: &mut Tx<'_>, id: ContactId, at: Option<Timestamp>) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(contacts::table.find(id.to_string()))
        .set((
            contacts::opted_out_at.eq(at.map(Timestamp::as_millis)),
            contacts::updated_at.eq(tx.now.as_millis())
        ))
        .execute(c))?;
    Ok(())
}

/// The key that seals a contact's data.
pub fn data_key(tx: &mut Tx<'_>, id: ContactId) -> Result<DataKeyId, StoreError> {
    let text: String = on_conn!(&mut *tx.conn, |c| contacts::table
        .find(id.to_string())
        .select(contacts::data_key_id)
        .get_result(c))?;
    parse(&text, "contacts.data_key_id")
}

/// Opens or refreshes the 24-hour window: the person wrote or called at `at` (Meta's time).
///
/// An older event than the one that is known changes nothing, and after Meta closed the window only what they did
/// later opens it. Meta's times are whole seconds: what happened in the second of the closing did not open it.
pub fn open_window(
    tx: &mut Tx<'_>,
    id: ContactId,
    number: &PhoneNumberId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = (
        contact_windows::contact_id.eq(id.to_string()),
        contact_windows::phone_number_id.eq(number.as_str()),
        contact_windows::opened_at.eq(at.as_millis()),
    );
    let known = window_row(tx, id, number)?;
    match known {
        None => {
            on_conn!(&mut *tx.conn, |c| diesel::insert_into(contact_windows::table).values(row).execute(c))?
        }
        Some((opened_at, _)) if opened_at >= at => 0,
        Some((_, Some(closed_at))) if closed_at.as_seconds() >= at.as_seconds() => 0,
        Some(_) => on_conn!(&mut *tx.conn, |c| diesel::update(
            contact_windows::table.find((id.to_string(), number.as_str()))
        )
        .set((contact_windows::opened_at.eq(at.as_millis()), contact_windows::closed_at.eq(None::<i64>)))
        .execute(c))?,
    };
    Ok(())
}

/// Closes the window: Meta answered 131047 to what was sent at `as_of`, which outranks our own clock. What the person
/// did after that moment has opened it again already, and it stays open.
pub fn close_window(
    tx: &mut Tx<'_>,
    id: ContactId,
    number: &PhoneNumberId,
    as_of: Timestamp,
) -> Result<(), StoreError> {
    let closed = contact_windows::closed_at.eq(as_of.as_millis());
    match window_row(tx, id, number)? {
        Some((opened_at, _)) if opened_at.as_seconds() > as_of.as_seconds() => {}
        Some((_, Some(closed_at))) if closed_at >= as_of => {}
        Some(_) => {
            on_conn!(&mut *tx.conn, |c| diesel::update(
                contact_windows::table.find((id.to_string(), number.as_str()))
            )
            .set(closed)
            .execute(c))?;
        }
        None => {
            let row = (
                contact_windows::contact_id.eq(id.to_string()),
                contact_windows::phone_number_id.eq(number.as_str()),
                contact_windows::opened_at.eq(0_i64),
                closed,
            );
            on_conn!(&mut *tx.conn, |c| diesel::insert_into(contact_windows::table).values(row).execute(c))?;
        }
    }
    Ok(())
}

/// Whether free text may be sent now.
pub fn window_is_open(tx: &mut Tx<'_>, id: ContactId, number: &PhoneNumberId) -> Result<bool, StoreError> {
    let now = tx.now;
    Ok(window_row(tx, id, number)?
        .is_some_and(|(opened_at, closed_at)| closed_at.is_none() && now.since(opened_at) < WINDOW))
}

/// When the window was opened last and, if Meta closed it since, as of when.
fn window_row(
    tx: &mut Tx<'_>,
    id: ContactId,
    number: &PhoneNumberId,
) -> Result<Option<(Timestamp, Option<Timestamp>)>, StoreError> {
    let row: Option<(i64, Option<i64>)> = on_conn!(&mut *tx.conn, |c| contact_windows::table
        .find((id.to_string(), number.as_str()))
        .select((contact_windows::opened_at, contact_windows::closed_at))
        .get_result(c)
        .optional())?;
    Ok(row.map(|(opened, closed)| (Timestamp::from_millis(opened), closed.map(Timestamp::from_millis))))
}

/// Whether an inbound event of this person waits to be routed: nothing is sent to them before it is.
pub fn has_unrouted_event(tx: &mut Tx<'_>, id: ContactId) -> Result<bool, StoreError> {
    use crate::schema::inbound_events as events;
    let mut hashes = on_conn!(&mut *tx.conn, |c| identities::table
        .filter(identities::contact_id.eq(id.to_string()))
        .select(identities::value_hash)
        .load::<Vec<u8>>(c))?;
    // The number of somebody who took it over is an identity of the person before.
    hashes.extend(load(tx, id)?.phone.map(|phone| hash(tx, &Identity::Phone(phone)).to_vec()));
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(
        events::table.filter(
            // As in the partial index: a planner matches no bound value with it.
            diesel::dsl::sql::<diesel::sql_types::Bool>("inbound_events.status = 'pending'")
                .and(events::kind.eq("message"))
                .and(events::sender_hash.eq_any(hashes.into_iter().map(Some)))
        )
    ))
    .get_result(c))?)
}

/// Whether an erased person asked not to be contacted again by this identity.
pub fn is_suppressed(tx: &mut Tx<'_>, identity: &Identity) -> Result<bool, StoreError> {
    let value_hash = hash(tx, identity).to_vec();
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(
        suppressions::table.filter(suppressions::value_hash.eq(value_hash))
    ))
    .get_result(c))?)
}

/// Whether a vendor's erasure began after this moment: what was decided on an older reading may speak of them.
pub fn vendor_erased_after(tx: &mut Tx<'_>, then: Timestamp) -> Result<bool, StoreError> {
    use crate::schema::vendors;
    let erased = contacts::erased_at.is_not_null().and(contacts::erased_at.gt(then.as_millis()));
    let is_vendor = diesel::dsl::exists(vendors::table.filter(vendors::contact_id.eq(contacts::id)));
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(
        contacts::table.filter(erased.and(is_vendor))
    ))
    .get_result(c))?)
}

/// Forgets that these identities must not be contacted: the person behind them asked for it. Returns how many of
/// them were suppressed.
pub fn lift_suppression(tx: &mut Tx<'_>, known_by: &[Identity]) -> Result<usize, StoreError> {
    let hashes: Vec<Vec<u8>> = known_by.iter().map(|identity| hash(tx, identity).to_vec()).collect();
    Ok(on_conn!(&mut *tx.conn, |c| diesel::delete(
        suppressions::table.filter(suppressions::value_hash.eq_any(&hashes))
    )
    .execute(c))?)
}

/// The keyed hash of an identity.
pub fn hash(tx: &Tx<'_>, identity: &Identity) -> [u8; 32] {
    let (kind, value) = identity.parts();
    tx.vault.lookup_hash(kind.into(), value)
}
