//! Nobody answers the question for consent; a YES comes a day later.

use std::time::Duration;

use super::{Calling, Calls, Scenario};
use crate::{
    checks::{late_yes_was_too_late, nobody_was_called},
    people::{
        Temper,
        calls::{ClientCalls, OnPrompt},
    },
};

/// The prompt lasts 24 hours. The client comes back an hour after that, presses YES, and picks an offer.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "consent-expired",
    about: "the client answers the question for a call a day too late: it is over, YES grants nothing",
    // A day in a minute and a half.
    speed: 1_000,
    temper: |_| Temper::Offers,
    calling: Calling::On(Calls {
        client: |_| ClientCalls {
            on_prompt: OnPrompt::YesAfter(Duration::from_hours(25)),
            ..ClientCalls::WILLING
        },
        ..Calls::WILLING
    }),
    patience: Duration::from_mins(4),
    more_checks: &[nobody_was_called, late_yes_was_too_late],
    ..Scenario::CALLS
};
