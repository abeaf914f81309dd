//! A person takes over in mid-outreach, writes, and gives the request back.

use super::Scenario;
use crate::{checks::bot_was_silent, operator::Operating};

/// Vendors answer while the person has it; the client asks for news, and is served in the end.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "takeover",
    about: "a person takes the request over in mid-outreach, writes and gives it back: the bot is silent in between",
    operating: Some(Operating::TakesOver),
    more_checks: &[bot_was_silent],
    ..Scenario::ORDINARY
};
