//! One webhook body into its events.
//!
//! Each event's [`SplitEvent::raw`] is a webhook body of its own, in Meta's own form, with that one event inside and
//! the context it needs: splitting it again gives the same event with the same key. So a dead letter can be read by
//! anybody who knows Meta's form, and put through intake again.

mod explode;
mod fault;
mod key;
mod located;
mod repair;

use std::fmt;

use marketplace::{PhoneNumberId, Timestamp};
use serde_json::Value;

pub use fault::{BodyError, Fault};
pub use key::EventKey;
pub(crate) use located::Located;

use crate::{identity::WhatsAppUser, json};

/// More events than this in one body are no webhook of Meta's, which promises at most 1000.
pub const EVENTS_MAX: usize = 10_000;

/// Deeper bodies are refused: an event's own body may be three levels deeper than it was, where Meta wrote an object
/// for a list of one, and must stay readable to the parser, whose limit is 127.
const DEPTH_MAX: usize = 124;

/// What kind of event it is, as far as intake needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A message from a person.
    Message,
    /// A status of one of our messages.
    Status,
    /// An event of a call.
    Call,
    /// A status of one of our calls.
    CallStatus,
    /// News about the account.
    Account,
    /// Errors that belong to no message and no call.
    Errors,
    /// Anything else.
    Unknown,
}

impl EventKind {
    /// The kind in one word, as stored and as counted by metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Status => "status",
            Self::Call => "call",
            Self::CallStatus => "call_status",
            Self::Account => "account",
            Self::Errors => "errors",
            Self::Unknown => "unknown",
        }
    }
}

/// One event, ready to be stored. `Debug` does not show what is inside.
#[derive(Clone, PartialEq)]
pub struct SplitEvent {
    /// The same event has the same key, however often and in whatever batch it comes.
    pub key: EventKey,
    /// What kind it is.
    pub kind: EventKind,
    /// The business number it belongs to; account fields name none.
    pub phone_number_id: Option<PhoneNumberId>,
    /// The person it is about: who wrote, who was written to, who is on the call.
    pub user: Option<WhatsAppUser>,
    /// Meta's time of it.
    pub at: Option<Timestamp>,
    /// Why it cannot be worked on: it belongs to the dead letters.
    pub fault: Option<Fault>,
    /// The event alone, see the module's page.
    pub raw: Value,
}

impl fmt::Debug for SplitEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplitEvent")
            .field("key", &self.key)
            .field("kind", &self.kind)
            .field("phone_number_id", &self.phone_number_id)
            .field("user", &self.user)
            .field("at", &self.at)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

impl SplitEvent {
    fn describe(raw: Value) -> Self {
        let located = Located::find(&raw);
        Self {
            key: EventKey::of(&located, &raw),
            kind: located.kind,
            phone_number_id: located.phone_number_id(),
            user: located.user(),
            at: located.at(),
            fault: located.fault(),
            raw,
        }
    }
}

/// Splits a body into its events, at least one, in the order of the body (within one change: messages, statuses,
/// calls, errors). An event that cannot be read comes with a [`Fault`] and leaves the others alone.
///
/// Texts with half a surrogate pair (a text cut inside an emoji) or with bytes that are not UTF-8 are repaired with
/// U+FFFD: they must not cost the rest of the batch. A body that is no JSON object, or holds more than
/// [`EVENTS_MAX`] events, is a [`BodyError`]: keep the bytes as a dead letter and answer 200, else Meta sends it
/// again for a week.
pub fn split(body: &[u8]) -> Result<Vec<SplitEvent>, BodyError> {
    let root: Value = serde_json::from_slice(body)
        .or_else(|error| serde_json::from_str(&repair::text_faults(body)).map_err(|_| error))
        .map_err(|error| BodyError::NotJson(error.to_string()))?;
    if json::depth(&root) > DEPTH_MAX {
        return Err(BodyError::TooDeep);
    }
    let Value::Object(root) = root else { return Err(BodyError::NotAnObject) };
    Ok(explode::explode(root)?.into_iter().map(SplitEvent::describe).collect())
}

#[cfg(test)]
mod tests;
