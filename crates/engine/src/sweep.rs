//! Housekeeping: what nobody waits for. Retention in small batches, and the silence detector.

use std::time::Duration;

use store::{Db, documents, lanes, requests, retention};
use tools::ToolError;

/// How many rows of each kind one step deletes.
const BATCH: i64 = 200;
/// An entry that waits longer than this has been forgotten by somebody: a person must look.
pub const OVERDUE: Duration = Duration::from_mins(5);

/// Deletes what is over; true while there is more.
///
/// # Errors
/// [`ToolError`] when the store fails.
pub async fn step(db: &Db) -> Result<bool, ToolError> {
    let gone = db.write(|tx| retention::sweep(tx, BATCH)).await? + expire_documents(db).await?;
    let overdue = db.read(|tx| lanes::overdue(tx, tx.now - OVERDUE, BATCH)).await?;
    if !overdue.is_empty() {
        tracing::error!(lanes = overdue.len(), oldest = %overdue.first().map(ToString::to_string).unwrap_or_default(),
            "messages wait that nobody has worked");
    }
    Ok(gone > 0)
}

/// Destroys what was read from pictures, a request each, under its row; returns how many went.
async fn expire_documents(db: &Db) -> Result<usize, ToolError> {
    let mut gone = 0;
    for request in db.read(|tx| documents::expiring(tx, BATCH)).await? {
        let expired = db
            .write(move |tx| {
                let guard = requests::lock(tx, request)?;
                tools::documents::expire(tx, &guard)
            })
            .await?;
        gone += usize::from(expired);
    }
    Ok(gone)
}
