//! What came of asking a vendor, and what that means for the batch.

use moltbot_contract::{BatchStatus, OutreachStatus};
use store::{
    Tx,
    requests::RequestGuard,
    sourcing::{self, Outreach},
    timers::{self, TimerKind},
};

use crate::ToolError;

/// Records what came of an outreach; when that was the last vendor its open batch waited for, the batch settles.
///
/// News of an older batch never settles the one that is open now.
pub fn settle(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    outreach: &Outreach,
    status: OutreachStatus,
) -> Result<(), ToolError> {
    let request = guard.request().id;
    sourcing::set_outreach_status(tx, guard, outreach.id, status)?;
    let waiting = sourcing::outreaches_of(tx, request)?
        .iter()
        .any(|other| other.batch == outreach.batch && other.status == OutreachStatus::Waiting);
    let is_open = sourcing::batches_of(tx, request)?
        .iter()
        .any(|batch| batch.id == outreach.batch && batch.status == BatchStatus::Open);
    if is_open
        && !waiting
        && let Some(batch) = sourcing::settle_open_batch(tx, guard)?
    {
        timers::settle(tx, request, TimerKind::BatchDeadline, &batch.to_string())?;
    }
    Ok(())
}
