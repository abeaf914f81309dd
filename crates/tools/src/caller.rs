//! Who calls, and what the environment allows.

use marketplace::{Actor, ActorKind};

/// Who calls a tool.
#[derive(Debug, Clone)]
pub struct Caller {
    /// For the audit.
    pub actor: Actor,
    /// The scope of idempotency keys: a token's name, or `orchestrator`.
    pub name: String,
}

impl Caller {
    /// The orchestrator's turns.
    pub fn orchestrator() -> Self {
        Self { actor: Actor::orchestrator(), name: "orchestrator".to_owned() }
    }

    /// A part of the engine: routing, timers.
    pub fn system(name: &str) -> Self {
        Self { actor: Actor::system(name), name: name.to_owned() }
    }

    /// A person at the command line.
    pub fn operator() -> Self {
        Self { actor: Actor::new(ActorKind::Human, "operator"), name: "operator".to_owned() }
    }

    /// Whether a person acts: only they move a request on from `escalated`, and send under human control.
    pub fn is_human(&self) -> bool {
        self.actor.kind == ActorKind::Human
    }
}

/// What the environment allows. The flags in the database can only switch further off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// `AI_CONCIERGE_ENABLED`.
    pub ai_concierge: bool,
    /// `OCR_ENABLED`.
    pub ocr: bool,
    /// `CALLING_ENABLED`.
    pub calling: bool,
}
