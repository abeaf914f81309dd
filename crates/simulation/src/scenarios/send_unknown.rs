//! Meta takes a message, but its answer is lost.

use std::time::Duration;

use meta_simulator::{FaultPlan, SendFault, Target};

use super::Scenario;
use crate::{checks::unknown_was_settled, people::Cast};

/// The first message to the client is accepted and never answered for; the status webhook settles it.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "send-unknown",
    about: "Meta accepts a message but its answer is lost: unknown, settled by the status, never sent again",
    // The wait for Meta's answer is real time.
    speed: 20,
    faults: answers_lost,
    patience: Duration::from_mins(3),
    more_checks: &[unknown_was_settled],
    ..Scenario::ORDINARY
};

fn answers_lost(cast: &Cast) -> FaultPlan {
    cast.clients.iter().fold(FaultPlan::default(), |plan, client| {
        plan.send(Target::all().phone(&client.phone).nth(1), SendFault::HoldAnswer)
            .send(Target::all().phone(&client.phone).nth(2), SendFault::CloseConnection)
    })
}
