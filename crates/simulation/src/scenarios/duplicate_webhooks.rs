//! Meta sends each webhook fifty times.

use meta_simulator::{FaultPlan, Target, WebhookFault, WebhookKind};

use super::{Scenario, WHOLE_WAY};
use crate::{
    checks::{BrainPart, duplicates_were_sent},
    people::Cast,
};

/// Each message fifty times, half of them at the same moment; each status too.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "duplicate-webhooks",
    about: "each webhook comes fifty times, partly at the same moment: one effect",
    speed: 20,
    faults: fifty_times,
    states: Some(WHOLE_WAY),
    brain_part: BrainPart::DecidesAll,
    more_checks: &[duplicates_were_sent],
    ..Scenario::ORDINARY
};

fn fifty_times(_: &Cast) -> FaultPlan {
    let message = || Target::all().kind(WebhookKind::Message);
    let status = || Target::all().kind(WebhookKind::Status);
    FaultPlan::default()
        .webhook(message(), WebhookFault::Duplicate { copies: 25, concurrent: true })
        .webhook(message(), WebhookFault::Duplicate { copies: 24, concurrent: false })
        .webhook(status(), WebhookFault::Duplicate { copies: 49, concurrent: true })
}
