//! The first vendors have nothing; the second batch does.

use super::Scenario;
use crate::{gateway::decide::Plan, people::Temper};

/// Five vendors are silent or sold out; the next five have offers.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "two-batches",
    about: "the first five vendors are silent or sold out, the second batch has offers",
    vendors_per_category: 10,
    plan: Plan { batch_size: 5, offers_wanted: 2, deadline_minutes: 10 },
    temper: first_five_without,
    more_checks: &[crate::checks::at_least_two_batches],
    ..Scenario::ORDINARY
};

fn first_five_without(nth: usize) -> Temper {
    match nth {
        0 | 2 | 4 => Temper::SoldOut,
        1 | 3 => Temper::Silent,
        _ => Temper::Offers,
    }
}
