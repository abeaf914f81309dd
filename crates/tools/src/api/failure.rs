//! Why a caller from outside got no result; each transport says it in its own words.

use std::time::Duration;

use audit::Outcome;
use moltbot_contract::Violation;
use store::StoreError;
use tool_registry::Scope;

use crate::{Refusal, ToolError};

/// Why a call gave no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// No valid token was shown. It is not told what was wrong with it.
    #[error("no valid token was shown")]
    Unauthorized,
    /// Too many calls.
    #[error("too many calls")]
    RateLimited {
        /// When the next one has a chance.
        retry_after: Duration,
    },
    /// There is no tool of this name.
    #[error("there is no tool of this name")]
    UnknownTool,
    /// The token does not have the scope that this tool needs.
    #[error("the token lacks the scope `{0}`")]
    ScopeMissing(Scope),
    /// The arguments are not one JSON object, strictly read: every violation.
    #[error("the arguments are not one well-formed JSON object")]
    Malformed(Vec<Violation>),
    /// The arguments do not match the tool's schema: every violation.
    #[error("the arguments do not match the tool's schema")]
    Invalid(Vec<Violation>),
    /// The idempotency key is not 1 to 255 visible ASCII characters.
    #[error("the idempotency key is not 1 to 255 visible ASCII characters")]
    KeyInvalid,
    /// A gate said no.
    #[error(transparent)]
    Refused(Refusal),
    /// What was asked for, or the stored answer, speaks of somebody who was erased.
    #[error("the person was erased")]
    Erased,
    /// Nothing was done, or the doubt is settled by the same call under the same key: try later.
    #[error("not now; try again later")]
    Unavailable,
    /// A defect of ours; the log says more.
    #[error("a defect of ours")]
    Internal,
}

impl Failure {
    /// The stable code, as it stands in the audit and in the caller's answer.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::RateLimited { .. } => "rate_limited",
            Self::UnknownTool => "unknown_tool",
            Self::ScopeMissing(_) => "scope_missing",
            Self::Malformed(_) => "malformed_json",
            Self::Invalid(_) => "arguments_invalid",
            Self::KeyInvalid => "idempotency_key_invalid",
            Self::Refused(refusal) => refusal.code.code(),
            Self::Erased => "erased",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// What an error of the store or of ours means to a caller. The error itself goes to the log alone.
    pub(super) fn of(error: &ToolError) -> Self {
        let cause = error as &dyn std::error::Error;
        match error {
            ToolError::Refused(refusal) => Self::Refused(refusal.clone()),
            ToolError::Store(StoreError::Erased) => Self::Erased,
            ToolError::Store(inner)
                if inner.is_unavailable() || matches!(inner, StoreError::CommitUnknown(_)) =>
            {
                tracing::warn!(error = cause, "a call was not worked");
                Self::Unavailable
            }
            _ => {
                tracing::error!(error = cause, "a call failed");
                Self::Internal
            }
        }
    }

    /// How the audit says that the call ended.
    pub(super) const fn outcome(&self) -> Outcome {
        match self {
            Self::Malformed(_) | Self::Invalid(_) => Outcome::Rejected,
            Self::Unavailable | Self::Internal => Outcome::Failed,
            _ => Outcome::Refused,
        }
    }

    /// Closed codes that say more than [`Self::code`]: the scope, the broken rules.
    pub(super) fn details(&self) -> Vec<String> {
        match self {
            Self::ScopeMissing(scope) => vec![format!("scope:{scope}")],
            Self::Malformed(violations) | Self::Invalid(violations) => {
                let mut rules: Vec<_> = violations.iter().map(|violation| violation.rule.code()).collect();
                rules.sort_unstable();
                rules.dedup();
                rules.into_iter().map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn violations(&self) -> &[Violation] {
        match self {
            Self::Malformed(violations) | Self::Invalid(violations) => violations,
            _ => &[],
        }
    }
}
