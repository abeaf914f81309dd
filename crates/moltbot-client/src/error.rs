//! Why there is no answer.

use std::time::Duration;

use crate::{
    breaker::Outcome,
    client::{ANSWER_BODY_MAX, QUESTION_BODY_MAX},
};

/// Why Moltbot gave no answer. In every case the caller goes on without one.
///
/// No variant carries text from a pack or an answer.
#[derive(Debug, thiserror::Error)]
pub enum MoltbotError {
    /// Too many failures in a row; nothing was sent.
    #[error("Moltbot is not being asked after repeated failures; next try in {} s", retry_in.as_secs())]
    BreakerOpen {
        /// Time until the next call may go out; zero while a probe is under way.
        retry_in: Duration,
    },
    /// The Context Pack is too large; nothing was sent.
    #[error("the question has {bytes} bytes, at most {QUESTION_BODY_MAX} are sent")]
    QuestionTooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The Context Pack could not be written as JSON; nothing was sent.
    #[error("the Context Pack could not be written as JSON")]
    Question(#[source] serde_json::Error),
    /// The deadline passed; the connection was dropped.
    #[error("Moltbot did not answer within {} ms", after.as_millis())]
    Deadline {
        /// The deadline.
        after: Duration,
    },
    /// No connection could be made.
    #[error("Moltbot's server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke or did not speak HTTP.
    #[error("the connection to Moltbot's server broke")]
    ConnectionLost(#[source] reqwest::Error),
    /// 401 or 403: the token is wrong. Waiting does not cure it.
    #[error("Moltbot's server refused our token (HTTP {status})")]
    Unauthorized {
        /// 401 or 403.
        status: u16,
    },
    /// 404: the agent does not exist, or `llm-task` is not enabled for it. Waiting does not cure it.
    #[error("the Moltbot gateway offers no llm-task to this agent (HTTP 404)")]
    ToolUnavailable,
    /// 404 of a model server: it does not know the model, or it is none. Waiting does not cure it.
    #[error("the server knows no such model, or no /chat/completions (HTTP 404)")]
    ModelUnavailable,
    /// 429 of a model server.
    #[error("the model server takes no more questions for now (HTTP 429)")]
    RateLimited {
        /// What it said in `Retry-After`, if it gave a number of seconds above zero.
        retry_after: Option<Duration>,
    },
    /// 500 or `"ok": false`: the tool failed. The gateway says why in its own log only: the model was
    /// unreachable or late, or its text was not one JSON value that follows the schema.
    #[error("Moltbot's llm-task failed; the gateway's log says why")]
    ToolFailed,
    /// Any other status than 200.
    #[error("Moltbot's server answered HTTP {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The body is longer than any answer can be; reading stopped.
    #[error("Moltbot's answer has more than {ANSWER_BODY_MAX} bytes")]
    AnswerTooLarge,
    /// The body is not the envelope of the transport.
    #[error("Moltbot's answer is not in the JSON envelope of its transport")]
    Unreadable,
    /// The envelope holds no `result.details.json`.
    #[error("the gateway's envelope holds no result.details.json")]
    NoDetails,
    /// The completion offers no choice, or several.
    #[error("the completion holds {count} choices instead of one")]
    Choices {
        /// How many.
        count: usize,
    },
    /// The completion's message has no text.
    #[error("the completion's message holds no text")]
    NoContent,
    /// The model declined to answer.
    #[error("the model declined to answer")]
    Refused,
    /// The server cut the answer off at the limit of tokens (`finish_reason: length`).
    #[error("the answer was cut off at the limit of tokens")]
    Truncated,
    /// The server's filter withheld the answer (`finish_reason: content_filter`).
    #[error("the answer was withheld by a content filter")]
    Filtered,
    /// The model asked for a tool, though it is offered none.
    #[error("the model asked for a tool instead of answering")]
    ToolCalled,
    /// The `finish_reason` is absent or none we know, so the answer may be half of one.
    #[error("the completion does not say that the answer is finished")]
    Unfinished,
}

impl MoltbotError {
    /// A stable code for the journal and the audit record.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BreakerOpen { .. } => "breaker_open",
            Self::QuestionTooLarge { .. } => "question_too_large",
            Self::Question(_) => "question_unwritable",
            Self::Deadline { .. } => "deadline_exceeded",
            Self::Unreachable(_) => "unreachable",
            Self::ConnectionLost(_) => "connection_lost",
            Self::Unauthorized { .. } => "unauthorized",
            Self::ToolUnavailable => "tool_unavailable",
            Self::ModelUnavailable => "model_unavailable",
            Self::RateLimited { .. } => "rate_limited",
            Self::ToolFailed => "tool_failed",
            Self::Status { .. } => "http_status",
            Self::AnswerTooLarge => "answer_too_large",
            Self::Unreadable => "answer_unreadable",
            Self::NoDetails => "answer_without_details",
            Self::Choices { .. } => "answer_not_one_choice",
            Self::NoContent => "answer_without_content",
            Self::Refused => "answer_refused",
            Self::Truncated => "answer_truncated",
            Self::Filtered => "answer_filtered",
            Self::ToolCalled => "answer_calls_tool",
            Self::Unfinished => "answer_unfinished",
        }
    }

    /// What the circuit breaker makes of it. A server that answers, but not this question, works: what one client
    /// writes must not be able to stop the questions of all. Some filters and limits of length speak as 400.
    pub(crate) const fn outcome(&self) -> Outcome {
        match self {
            Self::RateLimited { retry_after: Some(wait) } => Outcome::Busy { wait: *wait },
            Self::Status { status: 400 | 413 | 422 }
            | Self::Refused
            | Self::Truncated
            | Self::Filtered
            | Self::ToolCalled
            | Self::Unfinished => Outcome::Success,
            _ => Outcome::Failure,
        }
    }
}

/// Why a client could not be made: the base URL or the token is unusable, or the machine has no
/// certificates and the base URL is `https`.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The base URL is not one.
    #[error("Moltbot's address is not a URL")]
    BaseUrl,
    /// The token cannot stand in a header.
    #[error("Moltbot's token has characters that cannot stand in an HTTP header")]
    Token,
    /// The contract's schema is not JSON, which its own tests exclude.
    #[error("the output contract's schema is not JSON")]
    Schema(#[source] serde_json::Error),
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}
