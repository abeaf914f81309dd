//! How long everything is measured.

use std::time::Duration;

/// How long everything is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Before intake is measured.
    pub(crate) warm_up: Duration,
    /// How often floor and loads take turns.
    pub(crate) rounds: u32,
    /// How long each is measured in one round.
    pub(crate) round: Duration,
    /// Turns that are measured with one lane.
    pub(crate) turns_single: u32,
    /// Turns that are measured with many lanes.
    pub(crate) turns_many: u32,
    /// Bare commits that are measured beside the turns, before and after each.
    pub(crate) commits: u32,
    /// Batches of validations.
    pub(crate) batches: u32,
    /// Records in the audit that is verified and exported.
    pub(crate) audit_records: usize,
}

impl Effort {
    /// Under two minutes on a small machine.
    pub(crate) const FULL: Self = Self {
        warm_up: Duration::from_secs(1),
        rounds: 7,
        round: Duration::from_secs(1),
        turns_single: 80,
        turns_many: 320,
        commits: 200,
        batches: 300,
        audit_records: 50_000,
    };

    /// Under twenty seconds.
    pub(crate) const QUICK: Self = Self {
        warm_up: Duration::from_millis(300),
        rounds: 3,
        round: Duration::from_millis(400),
        turns_single: 20,
        turns_many: 60,
        commits: 40,
        batches: 60,
        audit_records: 5_000,
    };
}
