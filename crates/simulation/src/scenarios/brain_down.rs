//! Nobody answers at Moltbot's address.

use super::Scenario;
use crate::{checks::BrainPart, gateway::Manners};

/// The coded workflow carries the request from the first message to the handoff.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "brain-down",
    about: "Moltbot refuses connections: the coded workflow carries the request to the handoff",
    manners: Manners::Down,
    brain_part: BrainPart::None,
    ..Scenario::ORDINARY
};
