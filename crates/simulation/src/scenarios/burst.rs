//! The client writes in fragments.

use super::Scenario;
use crate::{
    checks::{BrainPart, one_question_for_a_burst},
    gateway::{Manners, mischief::Trick},
};

/// Seven messages, 0.6 s between two of them, in real time: one question comes back. The story ends there.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "burst",
    about: "the client writes in seven fragments: they are read as one, and one question comes back",
    speed: 1,
    // The scripted brain counts messages; the coded workflow reads them. It is asked all the same: once.
    manners: Manners::Only(Trick::Garbage),
    brain_part: BrainPart::None,
    fragments: 7,
    ends: &["clarifying"],
    states: Some(&["new", "clarifying"]),
    more_checks: &[one_question_for_a_burst],
    ..Scenario::ORDINARY
};
