//! Nobody has it, a person is told, and helps.

use meta_simulator::{FaultPlan, SendFault, Target};

use super::Scenario;
use crate::{checks::person_was_told, operator::Operating, people::Cast};

/// Vendors of each category that cannot be reached: all that are known at first.
const UNREACHABLE: usize = 3;

/// Every inquiry is refused by Meta, so the request is escalated. The operators' webhook fails twice before it takes the
/// notification; then a person imports more vendors and gives the request back.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "escalation",
    about: "no vendor can be reached: a person is told by a signed webhook that fails twice first, finds more, resumes",
    vendors_per_category: 8,
    known_vendors: Some(UNREACHABLE),
    faults: unreachable,
    operating: Some(Operating::IsTold),
    more_checks: &[person_was_told],
    ..Scenario::ORDINARY
};

fn unreachable(cast: &Cast) -> FaultPlan {
    let first = cast.vendors.iter().filter(|vendor| cast.place_of(vendor) < UNREACHABLE);
    first.fold(FaultPlan::default(), |plan, vendor| {
        plan.send(Target::all().phone(&vendor.phone), SendFault::Refuse { code: 131_026 })
    })
}
