//! How tools run: one transaction a call, in one order, for every caller.
//!
//! Take the request's row → idempotency → gates on the rows as they are now → effect rows and outbox → audit →
//! commit → answer. Tools touch only the database; what must leave the process is an outbox row.

pub mod api;
mod caller;
pub mod calling;
mod client_data;
pub mod control;
mod currency;
pub mod documents;
mod ending;
pub mod erasure;
mod error;
mod gates;
mod handlers;
pub mod identity;
pub mod language;
mod mentions;
mod needs_person;
mod numbers;
pub mod opt_out;
pub mod outreach;
mod pipeline;
mod plan;
mod record;
pub mod search;
pub mod staleness;
#[cfg(test)]
mod tests;

pub use caller::{Caller, Policy};
pub use error::{Refusal, ToolError};
pub use gates::tells_of_client;
pub use handlers::{
    handoff::HANDOFF_CLOSES_AFTER,
    snapshot::{CALL_COOLDOWN_MINUTES, context_pack},
};
pub use mentions::{people_in_pack, spoken_of};
pub use pipeline::{Answer, Invocation, Outcome, run};
pub use plan::{PlanCall, PlanCommit, PlanOutcome, commit_plan};
pub use record::{AuditEntry, record, record_system};
