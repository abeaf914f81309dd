//! The ten tools over the Model Context Protocol (Streamable HTTP), so that any MCP client can be an operator's
//! assistant.
//!
//! This crate translates and decides nothing. Who calls is settled before a request comes here (a bearer token,
//! as for the HTTP API); what a call may do is the [`ToolBackend`]'s to say: the same scopes, idempotency and gates
//! as on every other path. Moltbot is no client of it.
//!
//! - [`McpEndpoint::answer`]: one HTTP request in, one HTTP answer out. No session is kept, so that any process
//!   answers any request; a client that opens an event stream is told that there is none.
//! - A tool with an effect takes `idempotency_key` beside its arguments and is marked as such ([`tools`]).
//! - A refusal is a tool result with `isError`, holding the same problem as the HTTP API; only an unknown tool and a
//!   failure of ours are protocol errors.

mod backend;
mod endpoint;
mod server;
pub mod tools;

#[cfg(test)]
mod tests;

pub use backend::{CallFailure, ToolBackend};
pub use endpoint::{ANSWER_TIME_MAX, BODY_MAX, McpEndpoint, McpError};
