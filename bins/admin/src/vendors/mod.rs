//! `concierge-admin vendors`: the directory.

mod directory;
mod explain;
mod import;

use std::{io::Write, path::PathBuf};

use clap::Subcommand;
use marketplace::{Language, VendorId, mask};
use serde::Serialize;
use store::{
    Tx, contacts,
    vendors::{self, Vendor},
};

use crate::{
    database::Database,
    failure::Failure,
    listing::{Listing, or_dash},
};

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "the help shows names as people type them")]
pub(crate) enum VendorsCommand {
    /// Import the vendor directory from a CSV file
    ///
    /// The first line names the columns, exactly as listed below and in that order; the last may be left out.
    ///
    /// Every row is checked before the first is imported: if one is bad, all faults are listed with line and column and
    /// nothing changes. A vendor that is known by its id is brought up to date; vendors that the file does not name stay as
    /// they are. Importing the same file again is harmless. At most 64 MiB and 200,000 rows.
    #[command(after_help = "\
Columns:
  vendor_id,name,phone,categories,latitude,longitude,timezone,languages,accepts_inquiries,rating,hours

  vendor_id          your own id: 1 to 64 of A-Z a-z 0-9 . _ : -
  name               shown to clients
  phone              with + and country code; blanks, hyphens, dots and brackets are dropped
  categories         one or more, separated by ;
  latitude           degrees north, -90 to 90; empty if longitude is
  longitude          degrees east, -180 to 180; empty if latitude is
  timezone           IANA name, such as Africa/Nairobi
  languages          of en es pt fr sw ar, separated by ; with the preferred one first
  accepts_inquiries  true, false, yes, no, 1 or 0: whether the vendor agreed to be asked
  rating             0 to 5, or empty
  hours              when it is open, in its own time: mo-fr 08:00-12:00,14:00-18:00, or 24/7;
                     empty, or the column left out: not known, and counts as open

Examples:
  concierge-admin vendors import vendors.csv --dry-run
  concierge-admin vendors import vendors.csv
  export-directory | concierge-admin vendors import -")]
    Import {
        /// The CSV file; `-` reads standard input
        file: PathBuf,
        /// Check everything and count what would change, but change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List the directory; phone numbers are masked
    #[command(after_help = "\
Examples:
  concierge-admin vendors list
  concierge-admin vendors list --category auto_parts --json")]
    List {
        /// Only active vendors of this category, the best rated first
        #[arg(long, value_name = "CATEGORY")]
        category: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show who of a category would be asked first, and why
    ///
    /// In the order in which a search names them: open before closed, then by score, which is made of the rating, of how
    /// many inquiries of the last 90 days were answered, and of the distance where --near says where the client is. Who
    /// is left out stands at the end, without a number. At most the 200 best rated and the 200 nearest are weighed.
    ///
    /// Why, in favour: category, near, language, rating, open, reliable, new. Against: seldom_answers, closed, contacted,
    /// not_accepting. Left out: opted_out, tired, other_language, low_rating, too_far, place_unknown.
    #[command(after_help = "\
Examples:
  concierge-admin vendors explain --category auto_parts
  concierge-admin vendors explain --category auto_parts --near -1.2864,36.8172 --max-distance-km 10 --json")]
    Explain {
        #[command(flatten)]
        wanted: Box<explain::Wanted>,
        #[command(flatten)]
        listing: Listing,
    },
}

impl VendorsCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Import { file, dry_run } => import::run(&file, dry_run, out),
            Self::List { category, listing } => list(category, listing, out),
            Self::Explain { wanted, listing } => explain::run(*wanted, listing, out),
        }
    }
}

/// One vendor of the list.
#[derive(Debug, Serialize)]
struct Line {
    vendor_id: VendorId,
    name: String,
    phone: Option<String>,
    categories: Vec<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    timezone: String,
    languages: Vec<Language>,
    accepts_inquiries: bool,
    rating: Option<f64>,
    hours: Option<String>,
    opted_out: bool,
}

fn list(category: Option<String>, listing: Listing, out: &mut dyn Write) -> Result<(), Failure> {
    let category = category.map(|category| category.trim().to_lowercase());
    let lines = Database::open()?.read(move |tx| {
        let found = match &category {
            Some(category) => vendors::in_category(tx, category, listing.fetch())?,
            None => vendors::list(tx, None, listing.fetch())?,
        };
        found.into_iter().map(|vendor| line(tx, vendor)).collect::<Result<Vec<_>, _>>()
    })?;
    let columns = ["VENDOR", "NAME", "PHONE", "CATEGORIES", "LANGUAGES", "RATING", "ASKED"];
    listing.print(out, "vendors", lines, &columns, |line| {
        let languages: Vec<String> = line.languages.iter().map(ToString::to_string).collect();
        let asked = match (line.opted_out, line.accepts_inquiries) {
            (true, _) => "no, said STOP",
            (false, true) => "yes",
            (false, false) => "no",
        };
        vec![
            line.vendor_id.to_string(),
            line.name.clone(),
            or_dash(line.phone.as_deref()),
            line.categories.join(";"),
            languages.join(";"),
            line.rating.map_or_else(|| "–".to_owned(), |rating| format!("{rating:.1}")),
            asked.to_owned(),
        ]
    })
}

fn line(tx: &mut Tx<'_>, vendor: Vendor) -> Result<Line, Failure> {
    let contact = contacts::load(tx, vendor.contact)?;
    Ok(Line {
        categories: vendors::categories_of(tx, &vendor.id)?,
        vendor_id: vendor.id,
        name: vendor.name,
        phone: contact.phone.map(|phone| mask(phone.as_str())),
        latitude: vendor.position.map(|(latitude, _)| latitude),
        longitude: vendor.position.map(|(_, longitude)| longitude),
        timezone: vendor.timezone,
        languages: vendor.languages,
        accepts_inquiries: vendor.accepts_inquiries,
        rating: vendor.rating,
        hours: vendor.hours,
        opted_out: vendor.opted_out,
    })
}
