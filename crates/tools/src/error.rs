//! A refusal is an answer; an error is a broken world.

use audit::AuditError;
use marketplace::Timestamp;
use store::StoreError;
use tool_registry::RefusalCode;

/// A gate said no. Nothing took effect but the audit record of the refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Refusal {
    /// The first gate that failed.
    pub code: RefusalCode,
    /// What to do, for a person; holds no personal data.
    pub detail: String,
    /// Every gate that failed, [`Self::code`] first.
    pub reasons: Vec<RefusalCode>,
    /// From when on the same call may succeed, where that is known.
    pub retry_at: Option<Timestamp>,
}

impl Refusal {
    /// A refusal with an explanation.
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), reasons: vec![code], retry_at: None }
    }

    /// With further gates that failed.
    #[must_use]
    pub fn and(mut self, others: impl IntoIterator<Item = RefusalCode>) -> Self {
        for code in others {
            if !self.reasons.contains(&code) {
                self.reasons.push(code);
            }
        }
        self
    }

    /// With the moment from which on the same call may succeed.
    #[must_use]
    pub const fn until(mut self, retry_at: Timestamp) -> Self {
        self.retry_at = Some(retry_at);
        self
    }

    /// The reasons as they stand in the audit.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.reasons.iter().map(|reason| reason.code().to_owned()).collect()
    }
}

/// Why a tool gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// A gate said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed; nothing took effect.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// An audit record could not be made: a defect of ours.
    #[error("an audit record could not be made")]
    Audit(#[from] AuditError),
    /// A value of ours could not be written as JSON: a defect of ours.
    #[error("a value could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl ToolError {
    /// Splits a refusal, which is an answer, from a failure.
    pub(crate) fn refusal<T>(result: Result<T, Self>) -> Result<Result<T, Refusal>, Self> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(Self::Refused(refusal)) => Ok(Err(refusal)),
            Err(error) => Err(error),
        }
    }
}

/// Refuses with a code and an explanation.
pub(crate) fn refuse<T>(code: RefusalCode, detail: impl Into<String>) -> Result<T, ToolError> {
    Err(Refusal::new(code, detail).into())
}
