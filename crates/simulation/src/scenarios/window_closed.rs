//! Meta says that the 24-hour window is closed, whatever our clock says: the shortlist is announced, and follows whole.

use meta_simulator::{FaultPlan, SendFault, Target};

use super::{Scenario, WHOLE_WAY};
use crate::{
    checks::{inquiries_were_in_swahili, shortlist_was_announced_and_followed},
    people::{Cast, Listing},
};

/// More than 24 hours since the person last wrote.
const WINDOW_CLOSED: u32 = 131_047;
/// The client's third message is the shortlist: after the question and "I'm asking vendors now".
const SHORTLIST: u32 = 3;

/// The shortlist is refused as free text, goes as a template that says there are offers, and follows whole when the
/// client writes. Vendors, whose window was never open, are asked by a template in their language.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "window-closed",
    about: "Meta closes the window (131047): a template says there are offers, and they follow when the client writes",
    templates_in: &["sw"],
    listing: |cast, vendor| Listing { languages: "sw;en", ..Listing::ordinary(cast, vendor) },
    faults: closed_at_the_shortlist,
    states: Some(WHOLE_WAY),
    more_checks: &[shortlist_was_announced_and_followed, inquiries_were_in_swahili],
    ..Scenario::ORDINARY
};

fn closed_at_the_shortlist(cast: &Cast) -> FaultPlan {
    let refused = SendFault::Refuse { code: WINDOW_CLOSED };
    let shortlist = |phone: &str| Target::all().phone(phone).nth(SHORTLIST);
    let clients = cast.clients.iter();
    clients.fold(FaultPlan::default(), |plan, client| plan.send(shortlist(&client.phone), refused))
}
