//! A brain and a service with a token want to call without having asked anybody.

use super::{Calling, Calls, Scenario};
use crate::{
    checks::{nobody_was_called, start_call_was_refused},
    gateway::wishes::Wishes,
    outsider::Demand,
    people::Temper,
};

/// Urgent, silent vendors, so nothing is missing but consent.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "call-without-consent",
    about: "the brain and a service call start_call without consent: refused, and nothing reaches Meta",
    temper: |_| Temper::OffersLate,
    calling: Calling::On(Calls {
        wishes: Wishes::CallAtOnce,
        demand: Some(Demand::StartCall),
        ..Calls::WILLING
    }),
    more_checks: &[nobody_was_called, start_call_was_refused],
    ..Scenario::CALLS
};
