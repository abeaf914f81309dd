//! Moltbot's HTTP API: one question, one JSON answer, under limits that are ours.
//!
//! [`MoltbotClient::ask`] posts a Context Pack over one [`Transport`], the gateway's `llm-task` tool or the chat
//! completions of any OpenAI-compatible server, and gives back the bytes of the answer as they came. Judging
//! them is `moltbot-contract`'s part, acting on them the tools'.
//!
//! Four limits hold over either transport, whatever the other side does: a [`Permit`] per question in flight,
//! one deadline for the whole call (the connection is dropped at it, which makes a gateway abort its model
//! call), a bounded body, and a circuit breaker. There are no retries: the caller has a workflow that needs no
//! answer.
//!
//! No field that would make the other side remember a conversation is ever sent (`user`, session headers), no
//! tool is ever offered to a model, and neither packs nor answers are logged.

pub mod breaker;
mod chat;
mod client;
mod config;
mod error;
mod prompt;
mod transport;
mod wire;

pub use client::{Answer, MoltbotClient, Permit};
pub use config::{Config, Transport};
pub use error::{BuildError, MoltbotError};
pub use prompt::PROMPT;

#[cfg(test)]
mod tests;
