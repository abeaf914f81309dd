//! Clients who write in their own language.

use super::Scenario;
use crate::{
    checks::BrainPart,
    gateway::Manners,
    people::ways::{TONGUES, Way},
};

/// Moltbot is down: every sentence is one of the catalogue.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "languages",
    about: "clients write Spanish, Portuguese, French, Swahili and Arabic, and are answered in their language",
    requests: 5,
    vendors_per_category: 12,
    manners: Manners::Down,
    brain_part: BrainPart::None,
    way: |nth| TONGUES.get(nth).map_or(Way::Ordinary, Way::Speaks),
    more_checks: &[crate::checks::answered_in_their_language],
    ..Scenario::ORDINARY
};
