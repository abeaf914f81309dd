//! The vendor is called in vain.

use super::{Calling, Calls, Scenario, calling::kind_of};
use crate::{checks::calls_came_to_nothing, people::calls::Phone};

/// Every second category's vendors decline, the others let it ring until we give up.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "call-fails-fallback",
    about: "one vendor declines the call, another lets it ring: each client hears it once, and chat goes on",
    requests: 2,
    calling: Calling::On(Calls {
        vendor: |cast, vendor| match kind_of(cast, vendor, 2) {
            0 => Phone::DECLINES,
            _ => Phone::LETS_RING,
        },
        ..Calls::WILLING
    }),
    more_checks: &[calls_came_to_nothing],
    ..Scenario::CALLS
};
