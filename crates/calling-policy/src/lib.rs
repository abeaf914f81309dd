//! When a call is allowed, and what its consents and attempts go through.
//!
//! Calling is an escalation, never the default. Four keys are needed at the moment of dialling: the client allowed a
//! call for this request, the person to be called allowed it, Meta permits it for that person, and the policy has a
//! reason and no objection. [`evaluate`] asks for all four and says everything that is missing; [`evaluate_ask`] says
//! whether a person may be asked. [`Consent`], [`Permission`] and [`Attempt`] are the state machines behind the
//! facts: each takes events in any order and any number of times, and ends up the same.
//!
//! Pure: no I/O, no clock, no database. Rules and numbers are told to people in `.agent/rules/60_calling_policy.md`.
//!
//! ```
//! use calling_policy::{Attempt, AttemptEvent, AttemptFollow, Chat, EndReason, Phase, Terminated};
//! use marketplace::Timestamp;
//!
//! let at = Timestamp::from_seconds;
//! let dialled = Attempt::intent(at(100)).apply(AttemptEvent::Dialling, at(101), Chat::Open).next;
//! // COMPLETED without a start time or a duration: nobody picked up, and the client is told once.
//! let end = AttemptEvent::Terminated(Terminated { talked: false, failed: false, error: None });
//! let over = dialled.apply(end, at(140), Chat::Open);
//! assert_eq!(over.next.phase(), Phase::Ended(EndReason::NoAnswer));
//! assert_eq!(over.follows, [AttemptFollow::SendFallback]);
//! assert!(over.next.apply(end, at(140), Chat::Open).follows.is_empty());
//! ```

mod ask;
mod attempt;
mod consent;
mod evaluate;
mod facts;
pub mod limits;
mod permission;
mod rule;
mod stop;
mod transition;
mod trigger;
mod verdict;
mod words;
mod zone;

pub use ask::{AskBy, AskFacts, CardSent, evaluate_ask};
pub use attempt::{
    ACCEPTED_WITHOUT_MEDIA, Attempt, AttemptEvent, AttemptFollow, Chat, EndReason, FailCode, Fallback,
    NotAFailCode, Phase, Pickup, Terminated,
};
pub use consent::{
    Consent, ConsentEvent, ConsentFollow, ConsentKey, ConsentStatus, NotTheirs, Withdrawal, apply_to_all,
    keys_of_prompt,
};
pub use evaluate::evaluate;
pub use facts::{
    CallFacts, Callee, CalleeFacts, Confidence, NotAConfidence, PastAttempt, RequestFacts, Stage, Switches,
    VendorFacts, VendorReply,
};
pub use permission::{
    CallLimit, Permission, PermissionEvent, PermissionFollow, PermissionRead, PermissionReply,
    PermissionResponse, PermissionState, RefusedBy, Term,
};
pub use rule::{AskRule, Rule};
pub use stop::must_stop;
pub use transition::{Ignored, Noted, Transition};
pub use trigger::{Support, support, supported};
pub use verdict::{Failure, Failures, Verdict};
pub use words::{Party, Scope, Trigger, UrgencySource};
pub use zone::{LocalTime, NotQuietHours, QuietHours, is_zone, local_time, zone_of_phone};

#[cfg(test)]
mod tests;
