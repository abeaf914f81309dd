//! The worker dies without notice, several times.

use std::time::Duration;

use super::Scenario;

/// `kill -9` at moments drawn from the seed, each followed by a new start; the second strikes a start. Leases run
/// in real time, so a conversation may rest for a minute after a kill: most of this story's time.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "worker-killed",
    about: "kill -9 of the worker at several moments: the conversation finishes, nothing happens twice",
    // A lease of 60 s must not eat up the vendors' deadline.
    speed: 20,
    plan: crate::gateway::decide::Plan { batch_size: 5, offers_wanted: 3, deadline_minutes: 120 },
    kills: 3,
    nudge_after: Some(Duration::from_hours(1)),
    patience: Duration::from_mins(6),
    // A crash between Moltbot's answer and its journal allows one more ask.
    asks_per_question: 2,
    more_checks: &[crate::checks::worker_died],
    ..Scenario::ORDINARY
};
