//! Calls and the consents they need: every rule is `calling_policy`'s, every fact a row of this transaction.
//!
//! An attempt is to a call what an intent of the outbox is to a message: `start_call` commits it as `intent`, the
//! engine's dialler asks for all keys again and dials it at most once, webhooks settle it.

pub mod attempts;
pub mod call_status_webhook;
pub mod facts;
mod say;
pub(crate) mod start_call;
pub mod timers;

use calling_policy::{Failures, Rule};
use tool_registry::RefusalCode;

use crate::Refusal;

/// A refusal with every rule that failed, in the mission's order, and the moment from which on it may succeed.
pub(crate) fn refusal_of(failures: &Failures<Rule>) -> Refusal {
    let code = |rule: Rule| RefusalCode::from_code(rule.code()).unwrap_or(RefusalCode::CallingDisabled);
    let rules = failures.rules();
    let says: Vec<&str> = rules.iter().map(|rule| rule.summary()).collect();
    let refusal =
        Refusal::new(code(failures.first().rule), says.join(" ")).and(rules.iter().copied().map(code));
    match failures.retry_at() {
        Some(retry_at) => refusal.until(retry_at),
        None => refusal,
    }
}
