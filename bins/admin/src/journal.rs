//! What an operator does, in the audit.

use store::{Tx, requests::RequestGuard};
use tools::{AuditEntry, record, record_system};

use crate::failure::Failure;

/// Appends to the request's chain, or to `system` when there is no request.
pub(crate) fn append(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    entry: AuditEntry,
) -> Result<(), Failure> {
    match guard {
        Some(guard) => record(tx, guard, entry)?,
        None => record_system(tx, entry)?,
    }
    Ok(())
}
