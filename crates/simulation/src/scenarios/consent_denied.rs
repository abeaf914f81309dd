//! The client says NO.

use std::time::Duration;

use super::{Calling, Calls, Scenario};
use crate::{
    checks::{denial_was_kept, nobody_was_called},
    gateway::wishes::Wishes,
    outsider::Demand,
    people::{
        Temper,
        calls::{ClientCalls, OnPrompt},
    },
};

/// Whoever asks again is refused: the brain, and a service with a token.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "consent-denied",
    about: "the client says NO to a call: nobody asks again, nobody calls, and the request goes on in chat",
    temper: |_| Temper::OffersAfter(Duration::from_mins(5)),
    calling: Calling::On(Calls {
        wishes: Wishes::AskAlways,
        // Every second client writes the word where the first one presses the button.
        client: |nth| {
            let on_prompt = if nth % 2 == 0 { OnPrompt::No } else { OnPrompt::Writes("no") };
            ClientCalls { on_prompt, ..ClientCalls::WILLING }
        },
        demand: Some(Demand::AskAgain),
        ..Calls::WILLING
    }),
    more_checks: &[nobody_was_called, denial_was_kept],
    ..Scenario::CALLS
};
