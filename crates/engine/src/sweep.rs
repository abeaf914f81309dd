//! Housekeeping: what nobody waits for. Retention in small batches.

use store::{Db, documents, requests, retention};
use tools::ToolError;

/// How many rows of each kind one step deletes.
const BATCH: i64 = 200;

/// Deletes what is over; true while there is more.
///
/// # Errors
/// [`ToolError`] when the store fails.
pub async fn step(db: &Db) -> Result<bool, ToolError> {
    let gone = db.write(|tx| retention::sweep(tx, BATCH)).await? + expire_documents(db).await?;
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
