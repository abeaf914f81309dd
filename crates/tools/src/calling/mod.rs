//! Calls and the consents they need: every rule is `calling_policy`'s, every fact a row of this transaction.
//!
//! An attempt is to a call what an intent of the outbox is to a message: `start_call` commits it as `intent`, the
//! engine's dialler asks for all keys again and dials it at most once, webhooks settle it. A consent is asked for by
//! `request_call_consent` and answered through [`consent_handler`].

pub mod attempts;
pub mod call_status_webhook;
pub mod consent_ends;
pub mod consent_handler;
pub mod facts;
pub(crate) mod request_consent;
pub(crate) mod say;
pub mod silence;
pub(crate) mod start_call;
pub mod timers;
pub(crate) mod wish;

pub use wish::{PlanCalling, Wish};

use calling_policy::{AskRule, Failures, Rule};
use store::Tx;
use tool_registry::RefusalCode;

use crate::{Policy, Refusal, ToolError, gates};

pub use request_consent::PROMPT_WORDING;

/// A rule that can refuse: its code is one of the tools' refusal codes.
pub(crate) trait Refusing: Copy {
    fn code(self) -> &'static str;
    fn summary(self) -> &'static str;
}

impl Refusing for Rule {
    fn code(self) -> &'static str {
        Self::code(self)
    }
    fn summary(self) -> &'static str {
        Self::summary(self)
    }
}

impl Refusing for AskRule {
    fn code(self) -> &'static str {
        Self::code(self)
    }
    fn summary(self) -> &'static str {
        Self::summary(self)
    }
}

/// Facts that cannot be had refuse after the flag, which comes first.
pub(crate) fn after_the_flag<T>(
    tx: &mut Tx<'_>,
    policy: Policy,
    facts: Result<T, ToolError>,
) -> Result<T, ToolError> {
    match facts {
        Err(ToolError::Refused(refusal)) if !gates::effective(tx, policy).calling => {
            let off = Refusal::new(RefusalCode::CallingDisabled, Rule::CallingDisabled.summary());
            Err(off.and([refusal.code]).into())
        }
        facts => facts,
    }
}

/// A refusal with every rule that failed, in the mission's order, and the moment from which on it may succeed.
pub(crate) fn refusal_of<R: Refusing>(failures: &Failures<R>) -> Refusal {
    let code = |rule: R| RefusalCode::from_code(rule.code()).unwrap_or(RefusalCode::CallingDisabled);
    let rules = failures.rules();
    let says: Vec<&str> = rules.iter().map(|rule| rule.summary()).collect();
    let refusal =
        Refusal::new(code(failures.first().rule), says.join(" ")).and(rules.iter().copied().map(code));
    match failures.retry_at() {
        Some(retry_at) => refusal.until(retry_at),
        None => refusal,
    }
}
