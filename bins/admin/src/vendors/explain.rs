//! `concierge-admin vendors explain`: who of a category would be asked first, and why.

use std::{collections::BTreeSet, io::Write, str::FromStr};

use marketplace::{Language, Timestamp, VendorId};
use moltbot_contract::VendorFilters;
use serde::Serialize;
use store::{Tx, vendors};
use tools::search::{Search, WEIGHED_MAX, Weighed, weigh};
use vendor_search::{Place, Why};

use crate::{
    database::Database,
    failure::Failure,
    listing::{Listing, or_dash, second},
};

/// What is looked for.
#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "the help shows names as people type them")]
pub(crate) struct Wanted {
    /// The category
    #[arg(long, value_name = "CATEGORY")]
    category: String,
    /// Where the client is: degrees north and east, such as -1.2864,36.8172
    #[arg(long, value_name = "LAT,LONG", allow_hyphen_values = true)]
    near: Option<Near>,
    /// No farther than this, in kilometres; needs --near
    #[arg(long, value_name = "KM", requires = "near")]
    max_distance_km: Option<f64>,
    /// Reads this language: en, es, pt, fr, sw or ar; may be given more than once
    #[arg(long = "language", value_name = "CODE")]
    languages: Vec<Language>,
    /// Rated at least this, of 5
    #[arg(long, value_name = "RATING")]
    min_rating: Option<f64>,
    /// First messages to one vendor in 24 hours, as the workers' VENDOR_INQUIRIES_PER_DAY_MAX
    #[arg(long, value_name = "N", default_value_t = vendor_search::INQUIRIES_PER_DAY_MAX_DEFAULT)]
    inquiries_per_day_max: u32,
}

/// A place on the command line.
#[derive(Debug, Clone, Copy)]
struct Near(Place);

impl FromStr for Near {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (latitude, longitude) = text.split_once(',')?;
            Place::new(latitude.trim().parse().ok()?, longitude.trim().parse().ok()?)
        };
        read().map(Self).ok_or("expected degrees north and east, such as -1.2864,36.8172")
    }
}

/// One vendor in the order.
#[derive(Debug, Serialize)]
struct Line {
    /// From 1; `None`: left out.
    position: Option<usize>,
    vendor_id: VendorId,
    name: String,
    score: f64,
    rating: Option<f64>,
    /// Inquiries of the last 90 days that are over, the newest 50 at most.
    asked: u32,
    answered: u32,
    asked_today: u32,
    distance_km: Option<f64>,
    opens_at: Option<Timestamp>,
    left_out: Option<String>,
    why: Vec<String>,
}

pub(super) fn run(wanted: Wanted, listing: Listing, out: &mut dyn Write) -> Result<(), Failure> {
    let lines = Database::open()?.read(move |tx| explain(tx, &wanted, listing))?;
    let columns = ["#", "VENDOR", "NAME", "SCORE", "RATING", "ANSWERS", "TODAY", "KM", "OPENS", "WHY"];
    listing.print(out, "vendors", lines, &columns, |line| {
        vec![
            line.position.map_or_else(|| "–".to_owned(), |position| position.to_string()),
            line.vendor_id.to_string(),
            line.name.clone(),
            format!("{:.3}", line.score),
            line.rating.map_or_else(|| "–".to_owned(), |rating| format!("{rating:.1}")),
            format!("{} of {}", line.answered, line.asked),
            line.asked_today.to_string(),
            line.distance_km.map_or_else(|| "–".to_owned(), |km| format!("{km:.1}")),
            or_dash(line.opens_at.map(second).as_deref()),
            line.why.join(" "),
        ]
    })
}

fn explain(tx: &mut Tx<'_>, wanted: &Wanted, listing: Listing) -> Result<Vec<Line>, Failure> {
    let category = wanted.category.trim().to_lowercase();
    let filters = VendorFilters {
        max_distance_km: wanted.max_distance_km,
        languages: wanted.languages.clone(),
        min_rating: wanted.min_rating,
    };
    let search = Search {
        category: &category,
        filters: &filters,
        near: wanted.near.map(|Near(place)| place),
        client: None,
        contacted: &BTreeSet::new(),
        inquiries_per_day_max: wanted.inquiries_per_day_max,
        now: tx.now,
    };
    let bound = usize::try_from(listing.fetch().min(2 * WEIGHED_MAX)).unwrap_or(0);
    let mut position = 0;
    let weighed = weigh(tx, &search)?.into_iter().take(bound);
    weighed.map(|weighed| line(tx, weighed, &mut position)).collect()
}

fn line(tx: &mut Tx<'_>, weighed: Weighed, position: &mut usize) -> Result<Line, Failure> {
    let Weighed { vendor, distance_km, record, standing } = weighed;
    let known = vendors::load(tx, &vendor.id)?;
    // A number that an erased person had shows only when the vendor is loaded.
    let suppressed = known.opted_out && !vendor.opted_out;
    let left_out = if suppressed { Some(Why::OptedOut) } else { standing.left_out };
    *position += usize::from(left_out.is_none());
    let also = suppressed.then_some(Why::OptedOut);
    Ok(Line {
        position: left_out.is_none().then_some(*position),
        vendor_id: vendor.id,
        name: known.name,
        score: (standing.score * 1_000.0).round() / 1_000.0,
        rating: vendor.rating,
        asked: record.asked,
        answered: record.answered,
        asked_today: record.asked_lately,
        distance_km: distance_km.map(|km| (km * 10.0).round() / 10.0),
        opens_at: standing.opens_at(),
        left_out: left_out.map(|why| why.to_string()),
        why: standing.why.iter().copied().chain(also).map(|why| why.to_string()).collect(),
    })
}
