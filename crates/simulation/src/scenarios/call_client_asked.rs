//! A client writes "call me".

use std::time::Duration;

use super::{Calling, Calls, Scenario};
use crate::{
    checks::clients_were_reached,
    gateway::wishes::Wishes,
    people::{Temper, calls::ClientCalls},
};

/// Asking for a call is a trigger, not a consent: the client is asked, allows it twice, and is called.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "call-client-asked",
    about: "the client writes \"call me\" while vendors are busy: asked for consent, called, and picks up",
    temper: |_| Temper::OffersAfter(Duration::from_mins(8)),
    calling: Calling::On(Calls {
        wishes: Wishes::CallClient,
        client: |_| ClientCalls { asks_after: Some(Duration::from_mins(1)), ..ClientCalls::WILLING },
        ..Calls::WILLING
    }),
    more_checks: &[clients_were_reached],
    ..Scenario::CALLS
};
