//! What can be wrong with a body and with one event.

/// Why a body has no events to store. Answered 200 all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON, but no object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// Lists and objects inside one another beyond reason.
    #[error("the body is nested too deep")]
    TooDeep,
    /// More than [`super::EVENTS_MAX`].
    #[error("the body holds more than {max} events", max = super::EVENTS_MAX)]
    TooManyEvents,
}

/// Why one event cannot be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// `object` names another product than WhatsApp.
    #[error("the webhook is not about WhatsApp")]
    ForeignObject,
    /// `entry`, `changes`, `value` or the event itself is not of the form Meta documents.
    #[error("the event is not of the form Meta documents")]
    Shape,
    /// The right form with nothing inside.
    #[error("the webhook holds no event")]
    Empty,
    /// No `metadata.phone_number_id`: it cannot be told which of our numbers it belongs to.
    #[error("the event names no business number")]
    NoPhoneNumberId,
    /// The message or call has no id.
    #[error("the event has no id")]
    NoId,
    /// A message from nobody: no number and no business-scoped id.
    #[error("the message names no sender")]
    NoSender,
}

impl Fault {
    /// The fault as a code, as stored and as counted by metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForeignObject => "foreign_object",
            Self::Shape => "shape",
            Self::Empty => "empty",
            Self::NoPhoneNumberId => "no_phone_number_id",
            Self::NoId => "no_id",
            Self::NoSender => "no_sender",
        }
    }
}
