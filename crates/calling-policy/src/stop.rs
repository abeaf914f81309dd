//! What ends a call that is not over yet: a takeover, a STOP, a withdrawn consent, the end of the request.

use marketplace::Timestamp;

use crate::{CallFacts, Rule, evaluate::check};

/// The rules that reach into a call that goes on. The others only say whether one may begin: a consent that runs out
/// while people talk cuts nobody off, and neither do night, cooldown, switches or limits.
const REACH_INTO_A_CALL: [Rule; 9] = [
    Rule::RequestClosed,
    Rule::RequestHandedOff,
    Rule::ConsentRequired,
    Rule::CalleeConsentRequired,
    Rule::PermissionMissing,
    Rule::Prescription,
    Rule::HumanControl,
    Rule::ClientOptedOut,
    Rule::VendorOptedOut,
];

impl Rule {
    /// Whether breaking it ends a call that goes on, not only one that is about to begin.
    pub fn ends_a_call(self) -> bool {
        REACH_INTO_A_CALL.contains(&self)
    }
}

/// Why a call must not go on at `now`; `None` if it may. Judged with [`crate::Stage::Live`]: what is not dialled yet
/// is cancelled, what is dialled is hung up.
pub fn must_stop(facts: &CallFacts, now: Timestamp) -> Option<Rule> {
    REACH_INTO_A_CALL.into_iter().find(|rule| check(*rule, facts, now).is_some())
}
