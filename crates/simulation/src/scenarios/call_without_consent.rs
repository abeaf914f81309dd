//! A brain and a service with a token want to call without having asked anybody.

use std::time::Duration;

use super::{Calling, Calls, Scenario};
use crate::{
    checks::{nobody_was_called, start_call_was_refused},
    gateway::wishes::Wishes,
    outsider::Demand,
    people::{
        Temper,
        calls::{ClientCalls, OnPrompt},
    },
};

/// Urgent, silent vendors, so nothing is missing but consent: the client is asked for it and does not answer.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "call-without-consent",
    about: "the brain and a service call start_call without consent: refused, and nothing reaches Meta",
    // Silent for longer than three minutes; the coded workflow waits five when it is urgent.
    temper: |_| Temper::OffersAfter(Duration::from_mins(3)),
    calling: Calling::On(Calls {
        wishes: Wishes::CallAtOnce,
        client: |_| ClientCalls { on_prompt: OnPrompt::Ignores, ..ClientCalls::WILLING },
        demand: Some(Demand::StartCall),
        ..Calls::WILLING
    }),
    more_checks: &[nobody_was_called, start_call_was_refused],
    ..Scenario::CALLS
};
