//! What Moltbot sees ([`ContextPack`]) and may say ([`Decision`]), and the validator between the two.
//!
//! Pure: no I/O, no clock. Any service that asks Moltbot can hold its answers to the same contract.
//!
//! An answer passes three layers, and a [`Rejection`] lists every violation of the first that fails:
//!
//! 1. **bytes**: one JSON object, read strictly ([`parse_object`]);
//! 2. **shape**: exactly what the published schema says ([`output_contract_schema`]): on a document that passes
//!    the first layer, any JSON Schema validator gives the same verdict, because ours interprets that schema;
//! 3. **sense**: ids, facts, limits, states and texts against the Context Pack.
//!
//! ```
//! use moltbot_contract::{Decision, RuleId, validate_shape};
//!
//! let answer = br#"{"type":"ask_client","question_text":"Front or rear?","why":"axle unknown",
//!                   "state_suggestion":"clarifying"}"#;
//! let Ok(Decision::AskClient(ask)) = validate_shape(answer) else { unreachable!() };
//! assert_eq!(ask.question_text, "Front or rear?");
//!
//! let rejection = validate_shape(br#"{"type":"ask_client","question_text":5}"#).unwrap_err();
//! let first = &rejection.violations[0];
//! assert_eq!((first.pointer.as_str(), first.rule), ("/why", RuleId::MissingField));
//! ```
//!
//! With a pack: [`validate`], and `examples/validate_answer.rs`.

mod bytes;
mod decision;
pub mod limits;
mod pack;
pub mod prescription;
mod provider;
mod publish;
mod rejection;
pub mod schema;
mod sense;
mod shape;

pub use bytes::parse_object;
pub use decision::{
    AskClient, CallParty, CallTrigger, CallWish, CallingWish, Decision, DecisionKind, Escalate, HandoffOffer,
    Shortlist, ShortlistItem, StopConditions, VendorFilters, VendorOutreachPlan,
};
pub use pack::{
    Availability, BatchStatus, BatchView, CallScope, CallingPolicyView, ConsentStatus, ContextPack,
    ConversationEntry, EntryKind, LimitsView, OcrText, OutreachStatus, PoliciesView, ReplyView, RequestView,
    ShortlistView, ShortlistedView, Speaker, Urgency, VendorContacted, VendorFound,
};
pub use provider::{provider_schema, provider_schema_text, unwrap_provider_answer};
pub use publish::{CONTRACT_SCHEMA_ID, output_contract_schema, output_contract_text, request_schema_text};
pub use rejection::{Layer, Rejection, RuleId, Violation};

/// The version of the output contract. An additive change is 1.x, any other a 2 beside the 1.
pub const CONTRACT_VERSION: &str = "1.0";

/// Checks an answer against the contract: bytes, shape, then sense against the pack it answers.
///
/// # Errors
/// [`Rejection`] lists every violation of the first layer that failed.
pub fn validate(bytes: &[u8], pack: &ContextPack) -> Result<Decision, Rejection> {
    let decision = validate_shape(bytes)?;
    Rejection::unless_empty(sense::check(&decision, pack)).map(|()| decision)
}

/// Checks bytes and shape alone, for a document without a pack.
///
/// # Errors
/// As [`validate`].
pub fn validate_shape(bytes: &[u8]) -> Result<Decision, Rejection> {
    shape::check(bytes::parse_object(bytes)?)
}

/// Checks a decision that is already typed, as the coded workflow makes them, against shape and sense.
///
/// # Errors
/// As [`validate`].
pub fn validate_decision(decision: &Decision, pack: &ContextPack) -> Result<(), Rejection> {
    let value = serde_json::to_value(decision).map_err(|error| Rejection {
        violations: vec![Violation::new("", RuleId::NotJson, error.to_string())],
    })?;
    Rejection::unless_empty(publish::compiled().check(&value))?;
    Rejection::unless_empty(sense::check(decision, pack))
}
