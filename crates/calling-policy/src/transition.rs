//! What applying an event to a state machine gives.

use crate::words::words;

/// The state after an event, what the event meant, and what has to be done now.
///
/// The caller stores [`Self::next`] unless the event was ignored, records [`Self::noted`], and carries out
/// [`Self::follows`] in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Transition<S, F> {
    /// The state from now on; the old one if the event was ignored.
    pub next: S,
    /// What the event meant.
    pub noted: Noted,
    /// What follows. Empty for a repetition.
    pub follows: Vec<F>,
}

impl<S: Copy + PartialEq, F> Transition<S, F> {
    pub(crate) const fn ignored(state: S, why: Ignored) -> Self {
        Self { next: state, noted: Noted::Ignored(why), follows: Vec::new() }
    }
}

/// What an event meant to a state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Noted {
    /// The state people see is another one now.
    Moved,
    /// It was over already and stays over; a late proof corrects how.
    Corrected,
    /// Something was learned that may decide later; the state people see is the same.
    Learned,
    /// It changes nothing.
    Ignored(Ignored),
}

words! {
    /// Why an event changes nothing.
    Ignored {
        /// It is known already, or something newer is.
        Known,
        /// It comes from somebody else than the person who was asked.
        OtherPerson,
        /// It does not answer our prompt, and only an answer to it counts.
        NotOurPrompt,
        /// It is older than our prompt.
        BeforeThePrompt,
        /// Its meaning is not known; nothing is granted on a guess.
        Unclear,
    }
}
