//! Housekeeping: what nobody waits for. Retention in small batches.

use store::{Db, retention};
use tools::ToolError;

/// How many rows of each kind one step deletes.
const BATCH: i64 = 200;

/// Deletes what is over; true while there is more.
///
/// # Errors
/// [`ToolError`] when the store fails.
pub async fn step(db: &Db) -> Result<bool, ToolError> {
    Ok(db.write(|tx| retention::sweep(tx, BATCH)).await? > 0)
}
