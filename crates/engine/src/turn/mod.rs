//! One turn of one lane: claim, read the mailbox, let the orchestrator decide, commit, give the lane back.

mod begin;
mod committer;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use orchestrator::{Brain, PortError, TurnEnd, handle_inbound_message};
use store::{
    Db, StoreError,
    lanes::{self, Lease},
};
use tools::{Policy, ToolError};
use tracing::Instrument as _;

use begin::Begun;
use committer::Committer;

pub use begin::{BEYOND_HOPE, LAST_ATTEMPT};
pub use committer::{SUPERSEDE_WITHIN, SUPERSEDED_MAX};

/// How often a lease is extended while a turn runs; real time.
pub const HEARTBEAT: Duration = Duration::from_secs(20);
/// A turn that takes longer than this beyond Moltbot's own deadline is given up and taken again; real time.
pub const TURN_BUDGET_BEYOND_BRAIN: Duration = Duration::from_secs(15);

/// What one step did.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnStep {
    /// No lane is due.
    Idle,
    /// A lane was worked.
    Worked(TurnEnd),
    /// A lane was claimed and had nothing to do.
    Empty,
    /// The turn could not go on; the lane is taken up again.
    Failed,
}

/// Works lanes.
#[derive(Clone)]
pub struct TurnRunner {
    db: Db,
    brain: Arc<dyn Brain>,
    policy: Policy,
    owner: String,
    budget: Duration,
}

impl TurnRunner {
    /// `owner` names this process in leases; `brain_timeout` is Moltbot's deadline.
    pub fn new(
        db: Db,
        brain: Arc<dyn Brain>,
        policy: Policy,
        owner: String,
        brain_timeout: Duration,
    ) -> Self {
        Self { db, brain, policy, owner, budget: brain_timeout + TURN_BUDGET_BEYOND_BRAIN }
    }

    /// Claims the lane that has been due the longest and works it.
    ///
    /// # Errors
    /// [`ToolError`] when the store fails.
    pub async fn step(&self) -> Result<TurnStep, ToolError> {
        // Looking costs a read; claiming costs a commit.
        if !self.db.read(lanes::any_due).await? {
            return Ok(TurnStep::Idle);
        }
        let owner = self.owner.clone();
        let Some(lease) = self.db.write(move |tx| lanes::claim(tx, &owner)).await? else {
            return Ok(TurnStep::Idle);
        };
        let span = tracing::info_span!("turn", request = %lease.request, fence = lease.fence);
        match self.work(&lease).instrument(span).await {
            Ok(step) => Ok(step),
            Err(ToolError::Store(StoreError::LeaseLost)) => {
                // Somebody took the lane between claim and turn: a person, or a worker who thought us dead.
                tracing::info!("the lane was taken before its turn began");
                Ok(TurnStep::Failed)
            }
            Err(error) => {
                self.give_back(lease).await?;
                Err(error)
            }
        }
    }

    async fn work(&self, lease: &Lease) -> Result<TurnStep, ToolError> {
        let begun = {
            let lease = lease.clone();
            self.db.write(move |tx| begin::begin(tx, &lease)).await?
        };
        let Begun::Turn(turn) = begun else { return Ok(TurnStep::Empty) };
        let committer = Committer::new(self.db.clone(), self.policy, lease.clone(), &turn);
        let decided = handle_inbound_message(&*self.brain, &committer, turn.input);
        match self.within_lease(lease, decided).await {
            Some(Ok(end @ TurnEnd::Refused(_))) => {
                // Nothing took the entries: they wait for the next attempt, which counts.
                self.give_back(lease.clone()).await?;
                tracing::warn!(?end, "a turn ended with its entries unworked");
                Ok(TurnStep::Failed)
            }
            Some(Ok(end)) => Ok(TurnStep::Worked(end)),
            Some(Err(error)) => {
                tracing::warn!(error = %chain(&error), "a turn could not go on");
                self.give_back(lease.clone()).await?;
                Ok(TurnStep::Failed)
            }
            None => {
                tracing::warn!("a turn ran out of time or lost its lease");
                self.give_back(lease.clone()).await?;
                Ok(TurnStep::Failed)
            }
        }
    }

    /// Runs `work` while the lease is extended; `None` when it is lost or the budget is used up.
    async fn within_lease<T>(&self, lease: &Lease, work: impl Future<Output = T>) -> Option<T> {
        let mut work = std::pin::pin!(work);
        let deadline = tokio::time::sleep(self.budget);
        let mut deadline = std::pin::pin!(deadline);
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.tick().await;
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                () = &mut deadline => return None,
                _ = beat.tick() => {
                    let held = lease.clone();
                    if !matches!(self.db.write(move |tx| lanes::heartbeat(tx, &held)).await, Ok(true)) {
                        return None;
                    }
                }
            }
        }
    }

    async fn give_back(&self, lease: Lease) -> Result<(), StoreError> {
        self.db.write(move |tx| lanes::release(tx, &lease, false)).await
    }
}

/// An error with its causes, on one line.
fn chain(error: &PortError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
