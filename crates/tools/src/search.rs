//! Which vendors of a category could have it, the one to be asked first in front, and why each stands where it stands.

use std::{collections::BTreeSet, time::Duration};

use marketplace::{ContactId, Timestamp, VendorId};
use moltbot_contract::VendorFilters;
use store::{
    Tx,
    sourcing::{self, Record},
    vendors::{self, Listed, Nearest},
};
use vendor_search::{Candidate, History, Hours, Openness, Place, Standing, Wanted, judge, openness};

use crate::ToolError;

/// How many vendors of a category are weighed: the best rated, and as many of the nearest where a place is known.
pub const WEIGHED_MAX: i64 = 200;
/// How far the nearest are looked for when no limit is given, in kilometres.
const NEAREST_WITHIN_KM: f64 = 100.0;
/// The stretch of time in which first messages to one vendor are counted.
pub const INQUIRIES_COUNTED: Duration = Duration::from_hours(24);

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The category, in lower case.
    pub category: &'a str,
    /// What narrows it.
    pub filters: &'a VendorFilters,
    /// Where the client is.
    pub near: Option<Place>,
    /// Who is not asked as a vendor of their own request.
    pub client: Option<ContactId>,
    /// Who was asked for this request already.
    pub contacted: &'a BTreeSet<VendorId>,
    /// First messages to one vendor in 24 hours.
    pub inquiries_per_day_max: u32,
    /// The moment at which shops are open or closed.
    pub now: Timestamp,
}

/// A vendor with its standing.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// The vendor.
    pub vendor: Listed,
    /// Kilometres from the client, where both places are known.
    pub distance_km: Option<f64>,
    /// How it answered lately.
    pub record: Record,
    /// Where it stands and why.
    pub standing: Standing,
}

/// Weighs the vendors of a category: who is to be asked first in front, who is left out at the end.
///
/// # Errors
/// When the store fails.
pub fn weigh(tx: &mut Tx<'_>, search: &Search<'_>) -> Result<Vec<Weighed>, ToolError> {
    let vendors = candidates(tx, search)?;
    let ids: Vec<VendorId> = vendors.iter().map(|vendor| vendor.id.clone()).collect();
    let records = sourcing::records(tx, &ids, search.now - INQUIRIES_COUNTED)?;
    let filters = search.filters;
    let wanted = Wanted {
        languages: &filters.languages,
        min_rating: filters.min_rating,
        max_distance_km: filters.max_distance_km,
        inquiries_per_day_max: search.inquiries_per_day_max,
    };
    let mut weighed: Vec<Weighed> = vendors
        .into_iter()
        .filter(|vendor| Some(vendor.contact) != search.client)
        .map(|vendor| {
            let record = records.get(&vendor.id).copied().unwrap_or_default();
            let distance_km = place_of(&vendor).zip(search.near).map(|(there, here)| here.distance_km(there));
            let candidate = Candidate {
                accepts_inquiries: vendor.accepts_inquiries,
                opted_out: vendor.opted_out,
                contacted: search.contacted.contains(&vendor.id),
                languages: vendor.languages.clone(),
                rating: vendor.rating,
                history: History { asked: record.asked, answered: record.answered },
                asked_today: record.asked_lately,
                distance_km,
                openness: opening(vendor.hours.as_deref(), &vendor.timezone, search.now),
            };
            Weighed { standing: judge(&candidate, &wanted), vendor, distance_km, record }
        })
        .collect();
    weighed.sort_by(|a, b| a.standing.order(&b.standing).then_with(|| a.vendor.id.cmp(&b.vendor.id)));
    Ok(weighed)
}

/// The best rated, and the nearest. With a limit of distance only the nearest can fit.
fn candidates(tx: &mut Tx<'_>, search: &Search<'_>) -> Result<Vec<Listed>, ToolError> {
    let limit = search.filters.max_distance_km;
    let mut found = Vec::new();
    if let Some(here) = search.near {
        let between = here.latitudes_within(limit.unwrap_or(NEAREST_WITHIN_KM));
        let nearest = Nearest::Place { latitude: here.latitude(), longitude: here.longitude(), between };
        found = vendors::listed(tx, search.category, nearest, WEIGHED_MAX)?;
        if limit.is_some() {
            return Ok(found);
        }
    }
    let near: BTreeSet<VendorId> = found.iter().map(|vendor| vendor.id.clone()).collect();
    let rated = vendors::listed(tx, search.category, Nearest::Rating, WEIGHED_MAX)?;
    found.extend(rated.into_iter().filter(|vendor| !near.contains(&vendor.id)));
    Ok(found)
}

/// Whether a shop with these stored hours is open at `now`.
pub(crate) fn opening(hours: Option<&str>, zone: &str, now: Timestamp) -> Openness {
    let hours: Option<Hours> = hours.and_then(|text| text.parse().ok());
    openness(hours.as_ref(), zone, now)
}

fn place_of(vendor: &Listed) -> Option<Place> {
    vendor.position.and_then(|(latitude, longitude)| Place::new(latitude, longitude))
}
