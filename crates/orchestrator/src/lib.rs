//! What happens next: one function, [`handle_inbound_message`], and the coded workflow that carries a request
//! from its first message to the handoff with Moltbot switched off, down, slow or wrong.
//!
//! Pure but for its two ports: [`Brain`] answers, [`PlanCommitter`] acts. No clock, no database, no HTTP.

mod calling;
mod carry_out;
#[cfg(test)]
mod fixture;
mod gate;
mod handle_inbound_message;
mod next;
mod offer_text;
pub mod plan;
mod ports;
mod reading;
mod turn;
mod vendor_brief;
pub mod workflow;

pub use handle_inbound_message::{ASKS_MAX, TurnEnd, handle_inbound_message};
pub use next::Next;
pub use ports::{Brain, BrainUnavailable, PlanCommitter, PortError, Refusal};
pub use turn::{
    ClientContent, Committed, DecisionRecord, Entry, Journal, OnRefusal, Plan, PlannedCall, Source,
    TurnEvent, TurnInput, Verdict, Wish,
};
