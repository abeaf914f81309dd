//! Everything goes well.

use super::{Scenario, WHOLE_WAY};
use crate::checks::BrainPart;

/// From the first message to the handoff, each decision made by Moltbot.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "happy-path",
    about: "a client asks, vendors answer, one is picked: every decision made by Moltbot, carried out by us",
    states: Some(WHOLE_WAY),
    brain_part: BrainPart::DecidesAll,
    ..Scenario::ORDINARY
};
