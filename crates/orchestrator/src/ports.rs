//! What the orchestrator needs from outside: something to ask, and something that acts.

use async_trait::async_trait;
use moltbot_contract::ContextPack;
use tool_registry::{RefusalCode, ToolCall, ToolResult};

use crate::{Committed, Journal, Plan};

/// Moltbot, behind whatever transport. It answers one question with bytes; nothing it says is trusted yet.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Brain: Send + Sync {
    /// Asks for a decision. The implementation owns the deadline and never retries.
    ///
    /// # Errors
    /// [`BrainUnavailable`] when there is no answer to judge.
    async fn ask(&self, pack: &ContextPack) -> Result<Vec<u8>, BrainUnavailable>;
}

/// Why there is no answer, as a closed code (`timeout`, `breaker_open`, `no_permit`, `refused`, …).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("moltbot is unavailable: {code}")]
pub struct BrainUnavailable {
    /// The code that the audit records.
    pub code: &'static str,
}

/// The one way to an effect: tools, bound to one turn of one request under one lease.
///
/// The keys of its calls derive from the turn and the step, never from the clock or a model's wording, so a
/// turn that is resumed after a crash repeats nothing.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait PlanCommitter: Send + Sync {
    /// Runs one tool call at once, in its own transaction: reading the snapshot, searching, recording a reply.
    ///
    /// # Errors
    /// [`PortError`] when the store failed or the lease was lost: the turn stops and is taken up again later.
    async fn call(&self, step: &str, call: ToolCall) -> Result<Result<ToolResult, Refusal>, PortError>;

    /// Durable point one: Moltbot is about to be asked with this pack.
    async fn journal_asked(&self, pack: &ContextPack) -> Result<(), PortError>;

    /// Durable point two: what was answered and judged.
    async fn journal_answer(&self, journal: &Journal) -> Result<(), PortError>;

    /// Durable point three: the whole plan in one transaction, or nothing of it.
    async fn commit(&self, plan: Plan) -> Result<Committed, PortError>;
}

/// A tool said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tool} refused: {code}")]
pub struct Refusal {
    /// The tool.
    pub tool: &'static str,
    /// The first failed gate.
    pub code: RefusalCode,
    /// What to do, for a person.
    pub detail: String,
}

/// The store failed under the turn, or the lane went to another worker. Nothing was half done.
#[derive(Debug, thiserror::Error)]
#[error("the turn could not go on")]
pub struct PortError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
