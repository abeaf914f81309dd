//! The states of a request and the one table of transitions between them.
//!
//! Code, documents, the contract's `state_suggestion` rule and the model checker all read [`allowed_next`].

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;

/// Where a request stands.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schemars(inline)]
pub enum RequestState {
    /// Opened by a first message, nothing said yet.
    New,
    /// We asked the client something.
    Clarifying,
    /// A picture or document is being read.
    OcrProcessing,
    /// Vendors are being asked.
    Sourcing,
    /// The client has a shortlist to pick from.
    Shortlisted,
    /// Client and vendor have each other's contact; the bot is silent.
    HandedOff,
    /// A person owns it.
    Escalated,
    /// Over.
    Closed,
    /// Stopped by a fault; a person decides.
    Error,
}

impl RequestState {
    /// Whether the client's next message belongs to this request (one such request per client).
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::HandedOff | Self::Closed)
    }

    /// Whether only a person may move the request on.
    pub const fn needs_person(self) -> bool {
        matches!(self, Self::Escalated | Self::Error)
    }
}

/// Who drives a request: the bot or a person. Takeover changes it beside the state.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Control {
    /// Turns run, the bot sends.
    #[default]
    Bot,
    /// Only human actors send or call; facts are still recorded.
    Human,
}

/// What kind of actor did something.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ActorKind {
    /// The client of the request.
    Client,
    /// A vendor of the request.
    Vendor,
    /// A turn: Moltbot's validated decision or the coded workflow.
    Orchestrator,
    /// Timers, routing, sweeps.
    System,
    /// Another service, through the tool API.
    Service,
    /// A person: an operator at the command line or through the tool API.
    Human,
}

/// Who did something: a kind and a name that holds no personal data (a token's name, a process role).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// The kind.
    pub kind: ActorKind,
    /// A short name within the kind, for example `operator` or `turn`.
    pub name: String,
}

impl Actor {
    /// An actor with a name.
    pub fn new(kind: ActorKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// The orchestrator's turns.
    pub fn orchestrator() -> Self {
        Self::new(ActorKind::Orchestrator, "turn")
    }

    /// Timers, routing and sweeps.
    pub fn system(name: &str) -> Self {
        Self::new(ActorKind::System, name)
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

/// Why a transition was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The table has no such arrow.
    #[error("a request cannot go from {from} to {to}")]
    NotAllowed {
        /// The state now.
        from: RequestState,
        /// The state asked for.
        to: RequestState,
    },
    /// The arrow exists, but only a person may take it.
    #[error("only a person can move a request on from {from}")]
    PersonOnly {
        /// The state now.
        from: RequestState,
    },
}

/// The states that may follow `from`, in the order of the table.
pub const fn allowed_next(from: RequestState) -> &'static [RequestState] {
    use RequestState::{
        Clarifying, Closed, Error, Escalated, HandedOff, New, OcrProcessing, Shortlisted, Sourcing,
    };
    match from {
        New => &[Clarifying, OcrProcessing, Sourcing, Escalated, Closed, Error],
        Clarifying => &[OcrProcessing, Sourcing, Escalated, Closed, Error],
        OcrProcessing => &[Clarifying, Sourcing, Shortlisted, Escalated, Closed, Error],
        Sourcing => &[Clarifying, OcrProcessing, Shortlisted, Escalated, Closed, Error],
        Shortlisted => &[Clarifying, OcrProcessing, Sourcing, HandedOff, Escalated, Closed, Error],
        Escalated => &[Clarifying, Sourcing, HandedOff, Closed, Error],
        HandedOff => &[Closed],
        Error => &[Clarifying, Escalated, Closed],
        Closed => &[],
    }
}

/// Checks one step. Staying in the same state is always allowed, except that `closed` takes nothing.
///
/// # Errors
/// [`TransitionError`] names the arrow that is missing or needs a person.
pub fn transition(from: RequestState, to: RequestState, by: ActorKind) -> Result<(), TransitionError> {
    let staying = from == to && from != RequestState::Closed;
    if !staying && !allowed_next(from).contains(&to) {
        return Err(TransitionError::NotAllowed { from, to });
    }
    if from.needs_person() && by != ActorKind::Human {
        return Err(TransitionError::PersonOnly { from });
    }
    Ok(())
}

/// The table as a Mermaid state diagram, for the documents.
pub fn mermaid_diagram() -> String {
    let mut out = String::from("stateDiagram-v2\n    [*] --> new\n");
    for from in RequestState::iter() {
        for to in allowed_next(from) {
            let note = if from.needs_person() { " : by a person" } else { "" };
            let _ = writeln!(out, "    {from} --> {to}{note}");
        }
    }
    out.push_str("    closed --> [*]\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_design_row_by_row() {
        let rows: Vec<String> = RequestState::iter()
            .map(|from| {
                let next: Vec<_> = allowed_next(from).iter().map(ToString::to_string).collect();
                format!("{from}: {}", next.join(", "))
            })
            .collect();
        assert_eq!(
            rows,
            [
                "new: clarifying, ocr_processing, sourcing, escalated, closed, error",
                "clarifying: ocr_processing, sourcing, escalated, closed, error",
                "ocr_processing: clarifying, sourcing, shortlisted, escalated, closed, error",
                "sourcing: clarifying, ocr_processing, shortlisted, escalated, closed, error",
                "shortlisted: clarifying, ocr_processing, sourcing, handed_off, escalated, closed, error",
                "handed_off: closed",
                "escalated: clarifying, sourcing, handed_off, closed, error",
                "closed: ",
                "error: clarifying, escalated, closed",
            ]
        );
    }

    #[test]
    fn escalated_and_error_move_by_a_person_only() {
        use RequestState::{Clarifying, Closed, Error, Escalated, New, Sourcing};
        for from in [Escalated, Error] {
            assert_eq!(
                transition(from, Clarifying, ActorKind::Orchestrator),
                Err(TransitionError::PersonOnly { from })
            );
            assert_eq!(transition(from, Clarifying, ActorKind::Human), Ok(()));
        }
        assert_eq!(transition(New, Sourcing, ActorKind::Orchestrator), Ok(()));
        assert_eq!(
            transition(Closed, Closed, ActorKind::Human),
            Err(TransitionError::NotAllowed { from: Closed, to: Closed })
        );
    }

    #[test]
    fn only_a_shortlist_or_a_person_leads_to_handoff() {
        let before: Vec<_> = RequestState::iter()
            .filter(|from| allowed_next(*from).contains(&RequestState::HandedOff))
            .collect();
        assert_eq!(before, [RequestState::Shortlisted, RequestState::Escalated]);
    }
}
