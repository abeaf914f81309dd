//! Why there is no answer.

use std::time::Duration;

use crate::client::{ANSWER_BODY_MAX, QUESTION_BODY_MAX};

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
    /// The Context Pack is too large for the gateway; nothing was sent.
    #[error("the question has {bytes} bytes, the gateway takes {QUESTION_BODY_MAX}")]
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
    #[error("the Moltbot gateway cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke or did not speak HTTP.
    #[error("the connection to the Moltbot gateway broke")]
    ConnectionLost(#[source] reqwest::Error),
    /// 401 or 403: the gateway's token is wrong. Waiting does not cure it.
    #[error("the Moltbot gateway refused our token (HTTP {status})")]
    Unauthorized {
        /// 401 or 403.
        status: u16,
    },
    /// 404: the agent does not exist, or `llm-task` is not enabled for it. Waiting does not cure it.
    #[error("the Moltbot gateway offers no llm-task to this agent (HTTP 404)")]
    ToolUnavailable,
    /// 500 or `"ok": false`: the tool failed. The gateway says why in its own log only: the model was
    /// unreachable or late, or its text was not one JSON value that follows the schema.
    #[error("Moltbot's llm-task failed; the gateway's log says why")]
    ToolFailed,
    /// Any other status than 200.
    #[error("the Moltbot gateway answered HTTP {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The body is longer than any answer can be; reading stopped.
    #[error("Moltbot's answer has more than {ANSWER_BODY_MAX} bytes")]
    AnswerTooLarge,
    /// The body is not the gateway's envelope.
    #[error("Moltbot's answer is not the JSON envelope of the gateway")]
    Unreadable,
    /// The envelope holds no `result.details.json`.
    #[error("the gateway's envelope holds no result.details.json")]
    NoDetails,
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
            Self::ToolFailed => "tool_failed",
            Self::Status { .. } => "http_status",
            Self::AnswerTooLarge => "answer_too_large",
            Self::Unreadable => "answer_unreadable",
            Self::NoDetails => "answer_without_details",
        }
    }
}

/// Why a client could not be made: the base URL or the token is unusable, or the machine has no
/// certificates and the base URL is `https`.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The base URL is not one.
    #[error("the Moltbot gateway's address is not a URL")]
    BaseUrl,
    /// The token cannot stand in a header.
    #[error("the Moltbot gateway's token has characters that cannot stand in an HTTP header")]
    Token,
    /// The contract's schema is not JSON, which its own tests exclude.
    #[error("the output contract's schema is not JSON")]
    Schema(#[source] serde_json::Error),
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}
