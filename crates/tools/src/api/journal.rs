//! The audit records of refusals that no tool's transaction makes.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use audit::Outcome;
use marketplace::{Actor, HttpRequestId, RequestId, TokenId};
use moltbot_contract::Violation;
use serde_json::{Value, json};
use store::{Db, StoreError, Tx, requests};

use super::{Failure, limits::RecordLimit};
use crate::{AuditEntry, ToolError, record, record_system};

/// A refusal to be recorded.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    actor: Actor,
    action: &'static str,
    outcome: Outcome,
    reasons: Vec<String>,
    cause: HttpRequestId,
    about: Option<RequestId>,
    violations: Vec<Violation>,
    /// Refusals of this kind before this one that have no record.
    counted: u64,
}

impl Refused {
    pub(super) fn new(actor: Actor, action: &'static str, cause: HttpRequestId, failure: &Failure) -> Self {
        let mut refused = Self::coded(actor, action, cause, failure.code());
        refused.outcome = failure.outcome();
        refused.reasons.extend(failure.details());
        refused.violations = failure.violations().to_vec();
        refused
    }

    pub(super) fn coded(actor: Actor, action: &'static str, cause: HttpRequestId, code: &str) -> Self {
        let (outcome, reasons) = (Outcome::Refused, vec![code.to_owned()]);
        Self { actor, action, outcome, reasons, cause, about: None, violations: Vec::new(), counted: 0 }
    }

    /// With the request that the arguments name.
    pub(super) const fn about(mut self, request: Option<RequestId>) -> Self {
        self.about = request;
        self
    }

    /// With a code that the caller is not told.
    pub(super) fn because(mut self, reason: &str) -> Self {
        self.reasons.push(reason.to_owned());
        self
    }

    fn entry(&self, payload: Value) -> AuditEntry {
        AuditEntry::new(self.actor.clone(), self.action, payload)
            .with_outcome(self.outcome, self.reasons.iter().cloned())
            .caused_by(self.cause)
    }

    /// Into the chain of the request, if there is one whose client was not erased, else into `system`. There nothing
    /// can be erased, so nothing goes there that a caller wrote.
    fn write(&self, tx: &mut Tx<'_>) -> Result<(), ToolError> {
        if let Some(request) = self.about {
            match requests::lock(tx, request) {
                Ok(guard) => {
                    let own = self.entry(json!({ "violations": self.violations }));
                    match tx.savepoint(|tx| record(tx, &guard, own)) {
                        Err(ToolError::Store(StoreError::Erased)) => {}
                        recorded => return recorded,
                    }
                }
                Err(StoreError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let payload = json!({
            "request_id": self.about, "violations": self.violations.len(), "counted": self.counted,
        });
        record_system(tx, self.entry(payload))
    }
}

/// Writes refusals down, and bounds those that anybody can cause.
pub(super) struct Journal {
    db: Db,
    limit: RecordLimit,
    /// Refusals without a record of their own since the last one that has: by token, `None` for strangers.
    counted: Mutex<HashMap<Option<TokenId>, u64>>,
}

impl Journal {
    pub(super) fn new(db: Db) -> Self {
        let limit = RecordLimit::new(&db.lease_clock);
        Self { db, limit, counted: Mutex::default() }
    }

    /// Records a refusal and hands it on; what can't be recorded is not answered as if it were.
    pub(super) async fn refused(&self, refused: Refused, failure: Failure) -> Failure {
        match self.write(refused).await {
            Ok(()) => failure,
            Err(worse) => worse,
        }
    }

    /// The same for refusals that cost their cause nothing: an append-only chain must not grow at a stranger's will.
    /// Some get a record of their own; the others are counted, and the next record says how many.
    pub(super) async fn bounded(
        &self,
        of: Option<TokenId>,
        mut refused: Refused,
        failure: Failure,
    ) -> Failure {
        if !self.limit.admits(of) {
            *self.counts().entry(of).or_default() += 1;
            return failure;
        }
        refused.counted = self.counts().remove(&of).unwrap_or_default();
        let counted = refused.counted;
        let answered = self.refused(refused, failure).await;
        if matches!(answered, Failure::Unavailable | Failure::Internal) {
            *self.counts().entry(of).or_default() += counted + 1;
        }
        answered
    }

    pub(super) async fn write(&self, refused: Refused) -> Result<(), Failure> {
        self.db.write(move |tx| refused.write(tx)).await.map_err(|error| Failure::of(&error))
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<Option<TokenId>, u64>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
