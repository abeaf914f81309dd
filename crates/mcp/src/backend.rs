//! What an MCP request is answered by.

use async_trait::async_trait;
use serde_json::{Map, Value};
use tool_registry::Scope;

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq)]
pub enum CallFailure {
    /// The name is none of the ten.
    UnknownTool,
    /// It was refused: the problem as the HTTP API writes it (RFC 9457).
    Refused(Value),
    /// Nothing was done, or the answer is not known: the problem, without its cause.
    Failed(Value),
}

/// Runs tools for an authenticated caller.
#[async_trait]
pub trait ToolBackend: Send + Sync + 'static {
    /// Who calls, as whoever checked the credentials has put it.
    type Caller: Clone + Send + Sync + 'static;

    /// Whether this caller's credentials allow tools of this scope. Only these are listed; a call of another
    /// one is refused by [`Self::call`].
    fn allows(&self, caller: &Self::Caller, scope: Scope) -> bool;

    /// Runs one call. `key` is the caller's idempotency key.
    ///
    /// # Errors
    /// [`CallFailure`]; a refusal has its audit record by then.
    async fn call(
        &self,
        caller: &Self::Caller,
        tool: &str,
        arguments: Map<String, Value>,
        key: Option<String>,
    ) -> Result<Value, CallFailure>;
}
