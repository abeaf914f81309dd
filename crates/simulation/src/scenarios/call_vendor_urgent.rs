//! An urgent request, silent vendors: one of them is called, and picks up.

use super::Scenario;
use crate::checks::vendors_were_reached;

/// The client's YES, the vendor's, Meta's permission and three minutes of silence come before the call.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "call-vendor-urgent",
    about: "urgent, and no vendor answers: client and vendor allow a call, the vendor picks up and has it",
    more_checks: &[vendors_were_reached],
    ..Scenario::CALLS
};
