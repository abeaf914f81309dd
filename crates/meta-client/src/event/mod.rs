//! The typed reading of one event, as the worker uses it.

mod account;
mod call;
mod message;
mod status;

use serde_json::Value;

pub use account::{AccountUpdate, Restriction, RestrictionKind};
pub use call::{
    CallDirection, CallEvent, CallEventKind, CallOutcome, CallRecording, CallSession, CallStatus,
    CallStatusUpdate,
};
pub use message::{
    CallPermissionReply, InboundMedia, InboundMessage, MediaKind, MessageContent, PermissionResponse,
    ResponseSource, SharedContact, SystemNotice, TEMPORARY_PERMISSION,
};
pub use status::{DeliveryStatus, StatusUpdate};

use crate::{
    error::MetaError,
    json,
    webhook::{EventKind, Fault, Located},
};

/// What one event of a webhook says.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A person wrote, pressed a button, sent a photo, or answered a call-permission request.
    Message(InboundMessage),
    /// How far one of our messages has come.
    Status(StatusUpdate),
    /// A call connects, ends, or has something to fetch.
    Call(CallEvent),
    /// How far one of our calls has come: ringing, accepted, rejected.
    CallStatus(CallStatusUpdate),
    /// News about the account or one of its numbers.
    Account(AccountUpdate),
    /// Errors of the account that belong to no message and no call.
    Errors(Vec<MetaError>),
    /// Anything else; the raw event holds all there is.
    Unknown(UnknownEvent),
}

/// An event without a typed reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEvent {
    /// The webhook field it came on.
    pub field: Option<String>,
    /// What is wrong with it; `None` for a well-formed event of a kind this version does not know.
    pub fault: Option<Fault>,
}

/// Reads one event as [`crate::split`] gave it in [`crate::SplitEvent::raw`]. Never fails: what cannot be read as
/// its kind comes back as [`Event::Unknown`] with the reason.
pub fn parse(raw: &Value) -> Event {
    let located = Located::find(raw);
    let read = match located.kind {
        EventKind::Message => message::read(&located).map(Event::Message),
        EventKind::Status => status::read(&located).map(Event::Status),
        EventKind::Call => call::read(&located).map(Event::Call),
        EventKind::CallStatus => call::read_status(&located).map(Event::CallStatus),
        EventKind::Account => Some(Event::Account(account::read(&located))),
        EventKind::Errors => Some(Event::Errors(MetaError::read_all(json::items(located.value, "errors")))),
        EventKind::Unknown => None,
    };
    read.unwrap_or_else(|| {
        Event::Unknown(UnknownEvent { field: located.field.clone(), fault: located.fault() })
    })
}
