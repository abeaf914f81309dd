//! What happens next: one function, [`handle_inbound_message`], and the coded workflow that carries a request
//! from its first message to the handoff with Moltbot switched off, down, slow or wrong.
//!
//! Pure but for its two ports: [`Brain`] answers, [`PlanCommitter`] acts. No clock, no database, no HTTP.

mod ports;
mod turn;

pub use ports::{Brain, BrainUnavailable, PlanCommitter, PortError, Refusal};
pub use turn::{
    ClientContent, Committed, DecisionRecord, Entry, Journal, OnRefusal, Plan, PlannedCall, Source, TurnEvent,
    TurnInput, Verdict,
};
