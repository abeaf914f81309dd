//! No gateway: the product asks an OpenAI-compatible model server.

use super::{Scenario, WHOLE_WAY};
use crate::checks::BrainPart;

/// The same way as with a gateway, each step decided by the model.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "model-server",
    about: "Moltbot is an OpenAI-compatible model server without a gateway: same contract, same way",
    model_server: true,
    states: Some(WHOLE_WAY),
    brain_part: BrainPart::DecidesAll,
    ..Scenario::ORDINARY
};
