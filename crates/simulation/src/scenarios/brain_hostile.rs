//! Moltbot answers wrongly in every way we know.

use super::Scenario;
use crate::{
    checks::{BrainPart, tricks_survived},
    gateway::Manners,
};

/// Garbage, prose, six vendors, invented vendors, changed prices, silence: all refused, all explained.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "brain-hostile",
    about: "every answer of Moltbot is wrong in another way: refused, explained, and the client still served",
    requests: 8,
    // A hanging answer takes real time; deadlines must not run away meanwhile.
    speed: 20,
    manners: Manners::Hostile,
    moltbot_timeout_ms: 1_500,
    patience: std::time::Duration::from_secs(150),
    brain_part: BrainPart::None,
    more_checks: &[tricks_survived],
    ..Scenario::ORDINARY
};
