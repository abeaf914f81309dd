//! The vendor takes the permission back while Meta is being asked for it.

use meta_simulator::{CallAction, FaultPlan, SendFault, Target};

use super::{Calling, Calls, Scenario};
use crate::{
    checks::{nobody_was_called, revocation_won},
    people::Cast,
};

/// How long Meta's answer is under way: longer than a webhook takes to be stored, shorter than anybody's patience.
const LOOKUP_TAKES_MS: u64 = 3_000;

/// Meta's answer to the look-up is held back, and says yes; the vendor's no overtakes it.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "revoked-while-dialling",
    about: "the vendor takes the permission back between decision and dial: what commits first wins, no call",
    calling: Calling::On(Calls { revoked_at_lookup: true, ..Calls::WILLING }),
    faults: slow_lookups,
    more_checks: &[nobody_was_called, revocation_won],
    ..Scenario::CALLS
};

fn slow_lookups(_: &Cast) -> FaultPlan {
    let slow = SendFault::SlowAnswer { ms: LOOKUP_TAKES_MS };
    FaultPlan::default().call(CallAction::Lookup, Target::all(), slow)
}
