//! Who calls, and what the environment allows.

use marketplace::{Actor, ActorKind};

/// Who calls a tool.
#[derive(Debug, Clone)]
pub struct Caller {
    /// For the audit.
    pub actor: Actor,
    /// The scope of idempotency keys: `api:` and a token's name, or `orchestrator`.
    pub name: String,
    /// Whether it may make the steps that only a person may take.
    pub operates: bool,
}

impl Caller {
    /// The orchestrator's turns.
    pub fn orchestrator() -> Self {
        Self { actor: Actor::orchestrator(), name: "orchestrator".to_owned(), operates: false }
    }

    /// A part of the engine: routing, timers.
    pub fn system(name: &str) -> Self {
        Self { actor: Actor::system(name), name: name.to_owned(), operates: false }
    }

    /// A person at the command line.
    pub fn operator() -> Self {
        let actor = Actor::new(ActorKind::Human, "operator");
        Self { actor, name: "operator".to_owned(), operates: true }
    }

    /// Whoever shows a token of this name.
    pub fn token(kind: ActorKind, name: &str, operates: bool) -> Self {
        Self { actor: Actor::new(kind, name), name: format!("api:{name}"), operates }
    }

    /// Whether a person acts: only they send and change state while a person has control.
    pub fn is_human(&self) -> bool {
        self.actor.kind == ActorKind::Human
    }

    /// Whether a person acts who operates: only they lead a request out of `escalated` or `error`, and take a
    /// prescription's mark back.
    pub fn may_operate(&self) -> bool {
        self.is_human() && self.operates
    }
}

/// What the environment allows. The flags in the database can only switch further off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `AI_CONCIERGE_ENABLED`.
    pub ai_concierge: bool,
    /// `OCR_ENABLED`.
    pub ocr: bool,
    /// `CALLING_ENABLED`.
    pub calling: bool,
    /// `VENDOR_INQUIRIES_PER_DAY_MAX`: first messages that one vendor gets in 24 hours, for all requests together.
    pub vendor_inquiries_per_day_max: u32,
}

impl Policy {
    /// Everything off, and the limits as they are unless an operator sets others.
    pub const OFF: Self = Self {
        ai_concierge: false,
        ocr: false,
        calling: false,
        vendor_inquiries_per_day_max: vendor_search::INQUIRIES_PER_DAY_MAX_DEFAULT,
    };
}

impl Default for Policy {
    fn default() -> Self {
        Self::OFF
    }
}
