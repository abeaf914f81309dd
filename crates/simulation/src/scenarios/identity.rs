//! Clients without a number, with a new one, and with two of ours.

use super::Scenario;
use crate::people::ways::Way;

/// One hides the number, one changes it in the middle, one goes on at another number of the business.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "identity",
    about: "a client known by id alone, one who changes the number, one who goes on at our second number: all are served",
    requests: 3,
    numbers: 2,
    way: |nth| match nth {
        0 => Way::HidesNumber,
        1 => Way::Moves,
        _ => Way::WritesToSecond,
    },
    more_checks: &[crate::checks::everybody_was_reached],
    ..Scenario::ORDINARY
};
