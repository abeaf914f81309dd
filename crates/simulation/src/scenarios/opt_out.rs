//! People who want no more messages, in the middle of it.

use super::Scenario;
use crate::people::{
    Temper,
    ways::{STOPS, Way},
};

/// The first client is served although two vendors say STOP; the second one says it while vendors are asked.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "opt-out",
    about: "a client and vendors say STOP in several languages: each gets one confirmation and nothing after it",
    requests: 2,
    speed: 40,
    temper: some_stop,
    way: |nth| if nth == 1 { Way::Stops(STOPS[0]) } else { Way::Ordinary },
    ends: &["handed_off", "closed"],
    more_checks: &[crate::checks::nothing_after_stop, crate::checks::stops_end_requests],
    ..Scenario::ORDINARY
};

fn some_stop(nth: usize) -> Temper {
    match nth {
        0 => Temper::Stops(STOPS[2]),
        2 => Temper::Stops(STOPS[3]),
        _ => Temper::Offers,
    }
}
