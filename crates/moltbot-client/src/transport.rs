//! What differs between the transports; permits, deadline, bounds and breaker do not (`client.rs`).

use std::time::Duration;

use moltbot_contract::ContextPack;
use reqwest::{StatusCode, Url, header::HeaderMap};
use serde_json::value::RawValue;

use crate::{
    chat::{self, Question},
    config::Transport,
    error::{BuildError, MoltbotError},
    prompt::PROMPT,
    wire::{self, Invocation},
};

impl Transport {
    /// Where questions go.
    pub(crate) fn endpoint(&self, base: &str) -> Result<Url, BuildError> {
        match self {
            Self::LlmTask { .. } => wire::endpoint(base),
            Self::ChatCompletions { .. } => chat::endpoint(base),
        }
        .ok_or(BuildError::BaseUrl)
    }

    /// The contract as sent with every question; raw, because its order of keys guides the model.
    pub(crate) fn schema(&self) -> Result<&'static RawValue, BuildError> {
        let text = match self {
            Self::LlmTask { .. } => moltbot_contract::request_schema_text(),
            Self::ChatCompletions { .. } => moltbot_contract::provider_schema_text(),
        };
        serde_json::from_str(text).map_err(BuildError::Schema)
    }

    /// The request's body.
    pub(crate) fn question(
        &self,
        pack: &ContextPack,
        schema: &RawValue,
        deadline: Duration,
    ) -> Result<Vec<u8>, serde_json::Error> {
        match self {
            Self::LlmTask { agent_id } => {
                serde_json::to_vec(&Invocation::new(agent_id, PROMPT, pack, schema, deadline))
            }
            Self::ChatCompletions { model } => serde_json::to_vec(&Question::new(model, pack, schema)?),
        }
    }

    /// What any status but 200 means.
    pub(crate) fn failure(&self, status: StatusCode, headers: &HeaderMap) -> MoltbotError {
        match (status, self) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                MoltbotError::Unauthorized { status: status.as_u16() }
            }
            (StatusCode::NOT_FOUND, Self::LlmTask { .. }) => MoltbotError::ToolUnavailable,
            (StatusCode::NOT_FOUND, Self::ChatCompletions { .. }) => MoltbotError::ModelUnavailable,
            (StatusCode::INTERNAL_SERVER_ERROR, Self::LlmTask { .. }) => MoltbotError::ToolFailed,
            (StatusCode::TOO_MANY_REQUESTS, Self::ChatCompletions { .. }) => {
                MoltbotError::RateLimited { retry_after: chat::retry_after(headers) }
            }
            _ => MoltbotError::Status { status: status.as_u16() },
        }
    }

    /// The decision's bytes in a 200 body, not yet validated.
    pub(crate) fn answer(&self, body: &[u8]) -> Result<Vec<u8>, MoltbotError> {
        match self {
            Self::LlmTask { .. } => wire::answer(body),
            Self::ChatCompletions { .. } => chat::answer(body),
        }
    }
}
