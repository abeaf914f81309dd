//! What goes wrong, on demand.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// Most faults that wait for one step.
const WAITING_MAX: usize = 10_000;

/// Which request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `PUT /v1/calls/{attempt}`.
    Offer,
    /// `PUT /v1/sessions/{session}/answer`.
    Answer,
    /// `DELETE /v1/sessions/{session}`.
    HangUp,
}

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It has no effect and gets this HTTP status: 503 for no capacity, 429, 422, 401, 410, …
    Status(u16),
    /// It has its effect and is answered after so many real milliseconds.
    Slow {
        /// The pause.
        ms: u64,
    },
    /// It has its effect, and the connection is closed in place of an answer.
    Lost,
    /// It has no effect, and the connection is closed.
    Reset,
    /// It has no effect and is never answered.
    Hang,
    /// It has no effect and is sent elsewhere.
    Redirect,
    /// It has its effect and is answered with 200 and a page of HTML.
    Nonsense,
    /// It has its effect and is answered with 200 and JSON that is not UTF-8.
    NotText,
    /// It has its effect and is answered with 200 and 2 MiB.
    Huge,
}

impl Fault {
    /// Whether the request does what it asks for all the same.
    pub(super) const fn has_effect(self) -> bool {
        matches!(self, Self::Slow { .. } | Self::Lost | Self::Nonsense | Self::NotText | Self::Huge)
    }
}

/// Faults that wait for their requests.
#[derive(Debug, Default)]
pub(super) struct Faults(BTreeMap<Step, VecDeque<Fault>>);

impl Faults {
    pub(super) fn add(&mut self, step: Step, fault: Fault, times: usize) {
        let waiting = self.0.entry(step).or_default();
        let room = WAITING_MAX.saturating_sub(waiting.len());
        waiting.extend(std::iter::repeat_n(fault, times.min(room)));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn next(&mut self, step: Step) -> Option<Fault> {
        self.0.get_mut(&step)?.pop_front()
    }
}
