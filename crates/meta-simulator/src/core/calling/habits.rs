//! What people do when they are called, and when they are asked whether they may be.

use serde::{Deserialize, Serialize};

/// What a person does when the business calls. Times are milliseconds of the simulator's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCall {
    /// Picks up, talks, hangs up.
    Answer {
        /// From the call's placing to the pick-up.
        after_ms: i64,
        /// From the pick-up to the end.
        talk_ms: i64,
    },
    /// Declines.
    Decline {
        /// From the call's placing.
        after_ms: i64,
    },
    /// Lets it ring until Meta or the business gives up.
    LetRing,
    /// The phone is off: it never rings, and the call ends like one that nobody answered.
    SwitchedOff,
    /// Cannot be called at all, on an old app perhaps: 138001, and no permission is ever shown.
    CannotBeCalled,
    /// Picks up, and then the media breaks.
    Break {
        /// From the call's placing to the pick-up.
        after_ms: i64,
        /// From the pick-up to the end. With 0 nothing was heard: Meta reports no times (138023).
        talk_ms: i64,
        /// Meta's error code at the end.
        code: u32,
    },
}

impl Default for OnCall {
    /// Picks up after 5 s and talks for 30 s.
    fn default() -> Self {
        Self::Answer { after_ms: 5_000, talk_ms: 30_000 }
    }
}

/// What a person does with a card that asks for permission to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCard {
    /// Nothing. It can be answered by hand, see [`crate::Handle::answer_permission`].
    #[default]
    Ignore,
    /// Allows calls.
    Accept {
        /// From the card's arrival.
        after_ms: i64,
        /// Until taken back, not for a week alone.
        for_good: bool,
    },
    /// Forbids calls.
    Decline {
        /// From the card's arrival.
        after_ms: i64,
    },
}

/// A person's word on whether the business may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionAnswer {
    /// Yes, for 168 hours.
    Accept,
    /// Yes, until taken back.
    AcceptForGood,
    /// No, or no longer.
    Reject,
}
