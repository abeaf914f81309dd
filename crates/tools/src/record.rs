//! Audit records in the transaction of what they record.

use audit::{ChainId, Outcome};
use marketplace::{Actor, DataKeyId, Timestamp};
use serde_json::Value;
use store::{Tx, audit_log, requests::RequestGuard};

use crate::{ToolError, mentions};

/// What happened.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// Who.
    pub actor: Actor,
    /// What: a closed code.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why: closed codes.
    pub reasons: Vec<String>,
    /// The turn, event or intent behind it.
    pub caused_by: Option<String>,
    /// What may be personal.
    pub payload: Value,
    /// The people in the payload beside the client.
    pub also_sealed_by: Vec<DataKeyId>,
}

impl AuditEntry {
    /// An entry with an outcome of `ok` and nothing else.
    pub fn new(actor: Actor, action: impl Into<String>, payload: Value) -> Self {
        Self {
            actor,
            action: action.into(),
            outcome: Outcome::Ok,
            reasons: Vec::new(),
            caused_by: None,
            payload,
            also_sealed_by: Vec::new(),
        }
    }

    /// With another outcome and its reasons.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome, reasons: impl IntoIterator<Item = String>) -> Self {
        self.outcome = outcome;
        self.reasons = reasons.into_iter().collect();
        self
    }

    /// With the turn, event or intent behind it.
    #[must_use]
    pub fn caused_by(mut self, id: impl std::fmt::Display) -> Self {
        self.caused_by = Some(id.to_string());
        self
    }

    /// With the people in the payload beside the client.
    #[must_use]
    pub fn sealed_by(mut self, keys: impl IntoIterator<Item = DataKeyId>) -> Self {
        self.also_sealed_by.extend(keys);
        self
    }

    fn into_record(self, at: Timestamp, own_key: Option<DataKeyId>) -> audit_log::NewRecord {
        let mut sealed_by: Vec<DataKeyId> = own_key.into_iter().chain(self.also_sealed_by).collect();
        sealed_by.sort_unstable();
        sealed_by.dedup();
        audit_log::NewRecord {
            at,
            actor: self.actor,
            action: self.action,
            outcome: self.outcome,
            reasons: self.reasons,
            caused_by: self.caused_by,
            payload: self.payload,
            sealed_by,
        }
    }
}

/// Appends to the request's chain. The payload is sealed under the keys of everybody it speaks of; where one of them
/// was erased meanwhile there is none: what happened stays on record, what was said does not.
pub fn record(tx: &mut Tx<'_>, guard: &RequestGuard, mut entry: AuditEntry) -> Result<(), ToolError> {
    let request = guard.request();
    let (chain, at) = (ChainId::Request(request.id), guard.now(tx));
    let spoken_of = mentions::spoken_of(tx, request, &mentions::texts(&entry.payload))?;
    entry.also_sealed_by.extend(spoken_of);
    let mut record = entry.into_record(at, Some(request.data_key));
    if !tx.all_exist(&record.sealed_by)? {
        record.payload = Value::Null;
        record.sealed_by.clear();
    }
    audit_log::append(tx.conn, tx.vault, chain, &[record])?;
    Ok(())
}

/// Appends to the `system` chain: what belongs to no request.
pub fn record_system(tx: &mut Tx<'_>, entry: AuditEntry) -> Result<(), ToolError> {
    let mut record = entry.into_record(tx.now, None);
    if !tx.all_exist(&record.sealed_by)? {
        record.payload = Value::Null;
        record.sealed_by.clear();
    }
    audit_log::append(tx.conn, tx.vault, ChainId::System, &[record])?;
    Ok(())
}
