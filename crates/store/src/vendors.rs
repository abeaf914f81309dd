//! The vendor directory: import, look-up and search.

use diesel::{dsl::sql, prelude::*, sql_types::Double};
use marketplace::{ContactId, DataKeyId, Language, VendorId};

use crate::{
    StoreError, Tx,
    contacts::{self, Identity, LanguageSource},
    on_conn,
    schema::{contacts as people, vendor_categories, vendors},
    tx::parse,
};

/// One row of the operator's directory.
#[derive(Debug, Clone, PartialEq)]
pub struct VendorRecord {
    /// The operator's id.
    pub id: VendorId,
    /// The name shown to clients.
    pub name: String,
    /// The number we write to.
    pub phone: marketplace::E164,
    /// Categories, lower case.
    pub categories: Vec<String>,
    /// Where the vendor is, degrees north and east.
    pub position: Option<(f64, f64)>,
    /// IANA zone name.
    pub timezone: String,
    /// Languages the vendor reads, the preferred one first.
    pub languages: Vec<Language>,
    /// Whether the vendor agreed to be asked.
    pub accepts_inquiries: bool,
    /// 0 to 5.
    pub rating: Option<f64>,
    /// When the shop is open, as `vendor_search::Hours` writes it; `None`: nobody said.
    pub hours: Option<String>,
}

/// A vendor as search and sending see it.
#[derive(Debug, Clone)]
pub struct Vendor {
    /// The operator's id.
    pub id: VendorId,
    /// The person behind it.
    pub contact: ContactId,
    /// The name shown to clients.
    pub name: String,
    /// Where the vendor is.
    pub position: Option<(f64, f64)>,
    /// IANA zone name.
    pub timezone: String,
    /// Languages, the preferred one first.
    pub languages: Vec<Language>,
    /// The language they are written to in: the preferred one, or the one they asked for.
    pub language: Language,
    /// Whether the vendor agreed to be asked.
    pub accepts_inquiries: bool,
    /// 0 to 5.
    pub rating: Option<f64>,
    /// When the shop is open.
    pub hours: Option<String>,
    /// Whether the vendor said STOP, or is not to be contacted for another reason.
    pub opted_out: bool,
    /// Whether the person behind it was erased: the name is the operator's id then.
    pub erased: bool,
}

/// What an import did with one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// A new vendor.
    Created,
    /// A known vendor, brought up to date.
    Updated,
    /// The person behind this number was erased and is not contacted again.
    Suppressed,
    /// The number belongs to another vendor of the directory.
    PhoneTaken,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = vendors, treat_none_as_null = true)]
struct VendorRow {
    id: String,
    contact_id: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
    timezone: String,
    languages: String,
    accepts_inquiries: bool,
    rating: Option<f64>,
    active: bool,
    created_at: i64,
    updated_at: i64,
    hours: Option<String>,
}

/// Creates or updates one vendor.
pub fn import(tx: &mut Tx<'_>, record: &VendorRecord) -> Result<Imported, StoreError> {
    let identity = Identity::Phone(record.phone.clone());
    if contacts::is_suppressed(tx, &identity)? {
        return Ok(Imported::Suppressed);
    }
    let language = record.languages.first().copied().unwrap_or_default();
    let contact = contacts::find_or_create(tx, &[identity], Some(&record.name), language)?;
    let owner = find_by_contact(tx, contact.id)?;
    if owner.as_ref().is_some_and(|owner| *owner != record.id) {
        return Ok(Imported::PhoneTaken);
    }
    contacts::set_name(tx, contact.id, &record.name)?;
    // What the vendor, or an operator, asked for outranks the directory.
    if !matches!(contact.language_source, LanguageSource::Asked | LanguageSource::Operator) {
        contacts::set_language(tx, contact.id, language, LanguageSource::Directory)?;
    }
    let created_at = on_conn!(&mut *tx.conn, |c| vendors::table
        .find(record.id.as_str())
        .select(vendors::created_at)
        .get_result::<i64>(c)
        .optional())?;
    let row = VendorRow {
        id: record.id.to_string(),
        contact_id: contact.id.to_string(),
        latitude: record.position.map(|(latitude, _)| latitude),
        longitude: record.position.map(|(_, longitude)| longitude),
        timezone: record.timezone.clone(),
        languages: join(&record.languages),
        accepts_inquiries: record.accepts_inquiries,
        rating: record.rating,
        active: true,
        created_at: created_at.unwrap_or(tx.now.as_millis()),
        updated_at: tx.now.as_millis(),
        hours: record.hours.clone(),
    };
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(vendors::table)
        .values(&row)
        .on_conflict(vendors::id)
        .do_update()
        .set(&row)
        .execute(c))?;
    replace_categories(tx, record)?;
    Ok(if created_at.is_some() { Imported::Updated } else { Imported::Created })
}

fn replace_categories(tx: &mut Tx<'_>, record: &VendorRecord) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::delete(
        vendor_categories::table.filter(vendor_categories::vendor_id.eq(record.id.as_str()))
    )
    .execute(c))?;
    let rows: Vec<_> = record
        .categories
        .iter()
        .map(|category| {
            (
                vendor_categories::category.eq(category),
                vendor_categories::vendor_id.eq(record.id.as_str()),
                vendor_categories::rating.eq(record.rating.unwrap_or_default()),
                vendor_categories::latitude.eq(record.position.map(|(latitude, _)| latitude)),
                vendor_categories::longitude.eq(record.position.map(|(_, longitude)| longitude)),
            )
        })
        .collect();
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(vendor_categories::table)
        .values(&rows)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Loads one vendor.
///
/// # Errors
/// [`StoreError::NotFound`] when the directory has none.
pub fn load(tx: &mut Tx<'_>, id: &VendorId) -> Result<Vendor, StoreError> {
    let row = on_conn!(&mut *tx.conn, |c| vendors::table
        .find(id.as_str())
        .select(VendorRow::as_select())
        .get_result(c))?;
    vendor(tx, row)
}

/// The vendor that a contact is, if it is one.
pub fn find_by_contact(tx: &mut Tx<'_>, contact: ContactId) -> Result<Option<VendorId>, StoreError> {
    let id: Option<String> = on_conn!(&mut *tx.conn, |c| vendors::table
        .filter(vendors::contact_id.eq(contact.to_string()))
        .select(vendors::id)
        .first(c)
        .optional())?;
    id.map(|id| parse(&id, "vendors.id")).transpose()
}

/// The active vendors of a category, best rated first, at most `limit`.
pub fn in_category(tx: &mut Tx<'_>, category: &str, limit: i64) -> Result<Vec<Vendor>, StoreError> {
    let rows = on_conn!(&mut *tx.conn, |c| vendor_categories::table
        .inner_join(vendors::table)
        .filter(vendor_categories::category.eq(category).and(vendors::active.eq(true)))
        .order((vendor_categories::rating.desc(), vendor_categories::vendor_id))
        .limit(limit)
        .select(VendorRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| vendor(tx, row)).collect()
}

/// A vendor of a category as a search weighs it: nothing of it is sealed.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The operator's id.
    pub id: VendorId,
    /// The person behind it.
    pub contact: ContactId,
    /// Where the vendor is, degrees north and east.
    pub position: Option<(f64, f64)>,
    /// IANA zone name.
    pub timezone: String,
    /// Languages, the preferred one first.
    pub languages: Vec<Language>,
    /// Whether the vendor agreed to be asked.
    pub accepts_inquiries: bool,
    /// 0 to 5.
    pub rating: Option<f64>,
    /// When the shop is open.
    pub hours: Option<String>,
    /// Whether the person said STOP or was erased. A number that was an erased person's shows with [`load`] alone.
    pub opted_out: bool,
}

/// What a search of a category begins with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Nearest {
    /// The best rated.
    Rating,
    /// The nearest to a place, of those between two degrees of latitude.
    Place {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// The band's south and north.
        between: (f64, f64),
    },
}

type ListedRow = (
    String,
    String,
    Option<f64>,
    Option<f64>,
    String,
    String,
    bool,
    Option<f64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
);

/// The active vendors of a category, at most `limit`, by rating or by place. Roughly the nearest: on a map of the
/// neighbourhood, not on the sphere.
pub fn listed(
    tx: &mut Tx<'_>,
    category: &str,
    first: Nearest,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    macro_rules! rows {
        ($conn:expr, $narrow:expr, $order:expr) => {
            vendor_categories::table
                .inner_join(vendors::table)
                .inner_join(people::table.on(people::id.eq(vendors::contact_id)))
                .filter(vendor_categories::category.eq(category).and(vendors::active.eq(true)).and($narrow))
                .order($order)
                .limit(limit)
                .select((
                    vendors::id,
                    vendors::contact_id,
                    vendors::latitude,
                    vendors::longitude,
                    vendors::timezone,
                    vendors::languages,
                    vendors::accepts_inquiries,
                    vendors::rating,
                    vendors::hours,
                    people::opted_out_at,
                    people::erased_at,
                ))
                .load::<ListedRow>($conn)
        };
    }
    let rows = match first {
        Nearest::Rating => on_conn!(&mut *tx.conn, |c| rows!(
            c,
            vendor_categories::rating.ge(0.0),
            (vendor_categories::rating.desc(), vendor_categories::vendor_id)
        )),
        Nearest::Place { latitude, longitude, between: (south, north) } => {
            let shrink = latitude.to_radians().cos();
            let north_of = || sql::<Double>("((vendor_categories.latitude - ").bind::<Double, _>(latitude);
            let distance = || {
                north_of()
                    .sql(") * (vendor_categories.latitude - ")
                    .bind::<Double, _>(latitude)
                    .sql(") + (vendor_categories.longitude - ")
                    .bind::<Double, _>(longitude)
                    .sql(") * (vendor_categories.longitude - ")
                    .bind::<Double, _>(longitude)
                    .sql(") * ")
                    .bind::<Double, _>(shrink * shrink)
                    .sql(")")
            };
            on_conn!(&mut *tx.conn, |c| rows!(
                c,
                vendor_categories::latitude
                    .is_not_null()
                    .and(vendor_categories::latitude.ge(south))
                    .and(vendor_categories::latitude.le(north)),
                (distance(), vendor_categories::vendor_id)
            ))
        }
    }?;
    rows.into_iter().map(listed_vendor).collect()
}

fn listed_vendor(row: ListedRow) -> Result<Listed, StoreError> {
    let (
        id,
        contact,
        latitude,
        longitude,
        timezone,
        languages,
        accepts_inquiries,
        rating,
        hours,
        stop,
        erased,
    ) = row;
    Ok(Listed {
        id: parse(&id, "vendors.id")?,
        contact: parse(&contact, "vendors.contact_id")?,
        position: latitude.zip(longitude),
        timezone,
        languages: split(&languages),
        accepts_inquiries,
        rating,
        hours,
        opted_out: stop.is_some() || erased.is_some(),
    })
}

/// Every category of the directory with its number of active vendors, by name.
pub fn categories(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| vendor_categories::table
        .inner_join(vendors::table)
        .filter(vendors::active.eq(true))
        .group_by(vendor_categories::category)
        .order(vendor_categories::category)
        .select((vendor_categories::category, diesel::dsl::count_star()))
        .load(c))?)
}

/// The keys of the people behind these vendors.
pub fn data_keys(tx: &mut Tx<'_>, ids: &[&VendorId]) -> Result<Vec<DataKeyId>, StoreError> {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    let keys: Vec<String> = on_conn!(&mut *tx.conn, |c| vendors::table
        .inner_join(people::table.on(people::id.eq(vendors::contact_id)))
        .filter(vendors::id.eq_any(ids))
        .order(people::data_key_id)
        .select(people::data_key_id)
        .load(c))?;
    keys.iter().map(|key| parse(key, "contacts.data_key_id")).collect()
}

/// The categories of one vendor, by name.
pub fn categories_of(tx: &mut Tx<'_>, id: &VendorId) -> Result<Vec<String>, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| vendor_categories::table
        .filter(vendor_categories::vendor_id.eq(id.as_str()))
        .order(vendor_categories::category)
        .select(vendor_categories::category)
        .load(c))?)
}

/// A page of the directory, by id, after `after`.
pub fn list(tx: &mut Tx<'_>, after: Option<&VendorId>, limit: i64) -> Result<Vec<Vendor>, StoreError> {
    let after = after.map_or("", VendorId::as_str);
    let rows = on_conn!(&mut *tx.conn, |c| vendors::table
        .filter(vendors::id.gt(after))
        .order(vendors::id)
        .limit(limit)
        .select(VendorRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| vendor(tx, row)).collect()
}

fn vendor(tx: &mut Tx<'_>, row: VendorRow) -> Result<Vendor, StoreError> {
    let contact = contacts::load(tx, parse(&row.contact_id, "vendors.contact_id")?)?;
    // The number may have been an erased person's under another contact.
    let suppressed = match &contact.phone {
        Some(phone) => contacts::is_suppressed(tx, &Identity::Phone(phone.clone()))?,
        None => false,
    };
    Ok(Vendor {
        id: parse(&row.id, "vendors.id")?,
        contact: contact.id,
        name: contact.name.unwrap_or_else(|| row.id.clone()),
        position: row.latitude.zip(row.longitude),
        timezone: row.timezone,
        languages: split(&row.languages),
        language: contact.language,
        accepts_inquiries: row.accepts_inquiries,
        rating: row.rating,
        hours: row.hours,
        opted_out: contact.opted_out_at.is_some() || contact.erased_at.is_some() || suppressed,
        erased: contact.erased_at.is_some(),
    })
}

fn join(languages: &[Language]) -> String {
    languages.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

fn split(languages: &str) -> Vec<Language> {
    languages.split(';').filter_map(|code| code.parse().ok()).collect()
}
