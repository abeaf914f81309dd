//! The client shares where they are: who is near and open is asked, and who is not stays in peace.

use super::{Scenario, WHOLE_WAY};
use crate::{
    checks::{nearest_were_asked, nobody_learned_the_place},
    gateway::decide::Plan,
    people::{Cast, Listing, Temper, Vendor},
};

/// Where the clients are: in the west of Nairobi.
const CLIENT: (f64, f64) = (-1.29, 36.78);
/// The shop that both clients' needs are sold in, and that hears of one of them.
pub const OF_BOTH: usize = 2;

/// Two clients with different needs. Of each eight shops the first did not agree to be asked, the second is closed, the
/// third sells to both and gets one inquiry a day; three more are near, and the last two, with whole hours of road
/// between, are as good as the others but far.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "vendors-near",
    about: "a location is shared: the near and open vendors are asked, not the closed, the tired, or who never agreed",
    requests: 2,
    vendors_per_category: 8,
    temper: |_| Temper::Offers,
    plan: Plan { batch_size: 3, offers_wanted: 2, deadline_minutes: 60 },
    // At ten in the morning: whoever opens at six in the evening is closed.
    begins_at: Some(10),
    inquiries_per_day_max: Some(1),
    client_shares: Some(CLIENT),
    listing: along_the_road,
    states: Some(WHOLE_WAY),
    more_checks: &[nearest_were_asked, nobody_learned_the_place],
    ..Scenario::ORDINARY
};

fn along_the_road(cast: &Cast, vendor: &Vendor) -> Listing {
    let nth = cast.place_of(vendor);
    let kilometres = u32::try_from(nth).unwrap_or(0);
    let (latitude, longitude) = CLIENT;
    let away = if nth >= 6 { 1.0 } else { f64::from(kilometres) * 0.009 };
    let of_first = cast.vendors.first().is_some_and(|first| first.category == vendor.category);
    let other = cast.vendors.iter().map(|other| other.category).find(|other| *other != vendor.category);
    Listing {
        place: (latitude - away, longitude),
        accepts_inquiries: nth != 0,
        hours: if nth == 1 { "mo-su 18:00-20:00" } else { "mo-su 06:00-18:00" },
        also_sells: other.filter(|_| nth == OF_BOTH && of_first),
        ..Listing::ordinary(cast, vendor)
    }
}
