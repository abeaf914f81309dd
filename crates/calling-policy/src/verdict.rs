//! What an evaluation says: allowed, or every rule that failed.

use marketplace::Timestamp;

use crate::Rule;

/// One rule that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Failure<R = Rule> {
    /// The rule.
    pub rule: R,
    /// When this rule would no longer fail if nothing else happened; `None` where only an event can help.
    pub retry_at: Option<Timestamp>,
}

impl<R> Failure<R> {
    /// Only an event can help.
    pub(crate) const fn of(rule: R) -> Self {
        Self { rule, retry_at: None }
    }

    /// Time alone helps.
    pub(crate) const fn until(rule: R, retry_at: Timestamp) -> Self {
        Self { rule, retry_at: Some(retry_at) }
    }
}

/// One failure or more, in the order of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failures<R = Rule> {
    first: Failure<R>,
    rest: Vec<Failure<R>>,
}

impl<R: Copy> Failures<R> {
    /// The failure that names the problem: its code is the problem's `code`.
    pub const fn first(&self) -> Failure<R> {
        self.first
    }

    /// All of them, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = Failure<R>> + '_ {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }

    /// The rules alone, in order: the problem's `reasons`.
    pub fn rules(&self) -> Vec<R> {
        self.iter().map(|failure| failure.rule).collect()
    }

    /// When trying again could succeed if nothing else happened: the latest of all `retry_at`, and `None` as soon
    /// as one failure has none.
    pub fn retry_at(&self) -> Option<Timestamp> {
        self.iter().map(|failure| failure.retry_at).reduce(|a, b| Some(a?.max(b?))).flatten()
    }
}

impl Failures<Rule> {
    /// Whether a dial may be held instead of refused: everything that failed passes by itself in a moment.
    pub fn may_be_held(&self) -> bool {
        self.iter().all(|failure| failure.rule.holds())
    }
}

/// What an evaluation says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use]
pub enum Verdict<R = Rule> {
    /// Every rule holds.
    Allowed,
    /// These rules fail.
    Refused {
        /// All of them, in the order of the rules.
        failures: Failures<R>,
    },
}

impl<R: Copy> Verdict<R> {
    pub(crate) fn from_failures(mut failures: impl Iterator<Item = Failure<R>>) -> Self {
        match failures.next() {
            None => Self::Allowed,
            Some(first) => Self::Refused { failures: Failures { first, rest: failures.collect() } },
        }
    }

    /// Whether every rule holds.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed)
    }

    /// The failures; `None` if every rule holds.
    pub const fn failures(&self) -> Option<&Failures<R>> {
        match self {
            Self::Allowed => None,
            Self::Refused { failures } => Some(failures),
        }
    }

    /// The rules that fail, in order; empty if every rule holds.
    pub fn rules(&self) -> Vec<R> {
        self.failures().map(Failures::rules).unwrap_or_default()
    }
}
