//! No vendor answers, ever.

use super::Scenario;
use crate::{gateway::decide::Plan, people::Temper};

/// Deadlines pass, batch after batch, until nobody is left; then the client hears the truth.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "vendors-silent",
    about: "no vendor answers: the deadline passes, the next batch goes out, in the end the client hears the truth",
    vendors_per_category: 12,
    plan: Plan { batch_size: 5, offers_wanted: 2, deadline_minutes: 5 },
    temper: |_| Temper::Silent,
    ends: &["escalated"],
    more_checks: &[crate::checks::client_heard_the_end, crate::checks::at_least_two_batches],
    ..Scenario::ORDINARY
};
