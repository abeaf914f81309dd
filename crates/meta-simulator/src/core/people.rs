//! Scripted people, their phones, and what they received.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{OnCall, OnCard};

/// Whether messages reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachability {
    /// They do.
    Reachable,
    /// Accepted, then a `failed` status with 131026.
    FailsByStatus,
    /// Refused at once with 131026.
    FailsAtOnce,
}

/// A person with WhatsApp. Made by [`crate::Handle::person`], changed by [`crate::Handle::change_person`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Number in digits, no `+`: the `wa_id`.
    pub digits: String,
    /// Profile name.
    pub name: String,
    /// Business-scoped user id.
    pub bsuid: String,
    /// Whether messages arrive.
    pub reachability: Reachability,
    /// Whether `read` statuses follow.
    pub reads: bool,
    /// Has a username and hides the number: webhooks name the person by BSUID alone.
    pub hides_number: bool,
    /// What the person does when called.
    pub on_call: OnCall,
    /// What the person does when asked for permission to call.
    pub on_card: OnCard,
}

impl Person {
    /// The number with `+`.
    pub fn phone(&self) -> String {
        format!("+{}", self.digits)
    }
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Free text.
    Text,
    /// Text with reply buttons.
    Buttons,
    /// Text with a list to pick from.
    List,
    /// An approved template.
    Template,
    /// Asks for permission to call.
    CallPermissionRequest,
    /// A picture.
    Image,
    /// Anything else, given as raw JSON.
    Other,
}

/// Something to tap: a reply button, a row of a list, a quick reply of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Button {
    /// What comes back in the webhook.
    pub id: String,
    /// What the person reads.
    pub title: String,
}

/// A message as it lies in a person's phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Meta's id.
    pub wamid: String,
    /// When it arrived, milliseconds of the simulator's clock.
    pub at_ms: i64,
    /// The business number that sent it.
    pub from_pnid: String,
    /// What it is.
    pub kind: MessageKind,
    /// What the person reads: body, or the template with its parameters put in.
    pub text: String,
    /// What the person can tap.
    pub buttons: Vec<Button>,
    /// The template's name.
    pub template_name: Option<String>,
    /// The sender's own id, from `biz_opaque_callback_data`.
    pub intent_id: Option<String>,
    /// The message it quotes.
    pub context: Option<String>,
}

/// Something a person does in the chat with a business number.
#[derive(Debug, Clone, PartialEq)]
pub struct Saying {
    /// Who, number with or without `+`.
    pub phone: String,
    /// To which business number; `None` is the first one.
    pub to_pnid: Option<String>,
    /// The message quoted by it.
    pub quoting: Option<String>,
    /// What.
    pub said: Said,
}

/// The content of what a person sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Free text.
    Text(String),
    /// A tap on a button, a list row or a quick reply; the quoted message decides which.
    Tap(Button),
    /// A picture. The bytes can be fetched as media.
    Image {
        /// The file.
        bytes: Vec<u8>,
        /// For example `image/jpeg`.
        mime_type: String,
        /// Text under it.
        caption: Option<String>,
    },
    /// The message object itself; `from`, `id`, `timestamp` and the quote are added where missing.
    Raw(Value),
}

/// A person with what the simulator remembers.
#[derive(Debug)]
pub(super) struct Known {
    pub person: Person,
    pub inbox: Vec<Delivered>,
    /// Last message to each business number: what opens the 24-hour window.
    pub last_wrote_ms: BTreeMap<String, i64>,
}
