//! What an operator does, in the audit.

use store::{StoreError, Tx, requests::RequestGuard};
use tools::{AuditEntry, ToolError, record, record_system};

use crate::failure::Failure;

/// Appends to the request's chain, or to `system` when there is no request or its client was erased.
pub(crate) fn append(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    entry: AuditEntry,
) -> Result<(), Failure> {
    let Some(guard) = guard else { return Ok(record_system(tx, entry)?) };
    match record(tx, guard, entry.clone()) {
        Err(ToolError::Store(StoreError::Erased)) => Ok(record_system(tx, entry)?),
        result => Ok(result?),
    }
}
