//! A message to send. What Meta would refuse for its form is refused here, before it is stored.

use std::fmt;

use marketplace::{Bsuid, E164};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::identity::MetaId;

/// Longest text, in code points; Meta names no unit.
pub const TEXT_MAX: usize = 4096;
/// Longest body above reply buttons or a call-permission card, and longest template parameter.
pub const BUTTON_BODY_MAX: usize = 1024;
/// Most reply buttons.
pub const BUTTONS_MAX: usize = 3;
/// Longest label of a button and of a list's own button.
pub const BUTTON_TITLE_MAX: usize = 20;
/// Longest id of a reply button.
pub const BUTTON_ID_MAX: usize = 256;
/// Most rows of a list, over all its sections.
pub const LIST_ROWS_MAX: usize = 10;
/// Longest title of a row or section.
pub const ROW_TITLE_MAX: usize = 24;
/// Longest description of a row.
pub const ROW_DESCRIPTION_MAX: usize = 72;
/// Longest id of a row.
pub const ROW_ID_MAX: usize = 200;
/// Longest `biz_opaque_callback_data`, and longest payload of a template's quick reply.
pub const INTENT_ID_MAX: usize = 512;

/// Why a message cannot be sent as it is. The fault is ours, not the person's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A part that must be there is empty.
    #[error("{part} is empty")]
    Empty {
        /// The part.
        part: &'static str,
    },
    /// A part is too long.
    #[error("{part} has {count} characters; Meta takes at most {max}")]
    TooLong {
        /// The part.
        part: &'static str,
        /// Its length in code points.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// Too few or too many of a part.
    #[error("{count} {part}; Meta takes 1 to {max}")]
    Count {
        /// The part.
        part: &'static str,
        /// How many there are.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// Two of a part that must differ are equal.
    #[error("two {part} are equal")]
    Duplicate {
        /// The part.
        part: &'static str,
    },
}

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// By number. Always with its `+`: without it Meta puts the business number's country in front.
    Phone(E164),
    /// By business-scoped id, for people whose number we don't have.
    Bsuid(Bsuid),
}

impl Recipient {
    /// The field of a request's body that names them, and its value.
    pub(crate) fn field(&self) -> (&'static str, &str) {
        match self {
            Self::Phone(phone) => ("to", phone.as_str()),
            Self::Bsuid(bsuid) => ("recipient", bsuid.as_str()),
        }
    }
}

/// A reply button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Comes back when it is pressed.
    pub id: String,
    /// Its label.
    pub title: String,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    /// Comes back when it is chosen.
    pub id: String,
    /// Its first line.
    pub title: String,
    /// Its second line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What a message says. `Debug` shows its kind only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Words.
    Text {
        /// The words.
        body: String,
    },
    /// Words and up to three buttons.
    Buttons {
        /// The words.
        body: String,
        /// The buttons; labels and ids differ.
        buttons: Vec<Button>,
    },
    /// Words and a list to choose from.
    List {
        /// The words.
        body: String,
        /// The label of the button that opens the list.
        button: String,
        /// The rows; ids differ.
        rows: Vec<ListRow>,
    },
    /// An approved template: the only kind that may be sent outside the 24-hour window.
    Template {
        /// Its name at Meta.
        name: String,
        /// Its language code at Meta, for example `en` or `pt_BR`.
        language: String,
        /// What its body's places are filled with, in order. Line breaks and runs of blanks become one blank.
        #[serde(default)]
        body_params: Vec<String>,
        /// What comes back from its quick-reply buttons, in the buttons' order.
        #[serde(default)]
        quick_reply_payloads: Vec<String>,
    },
    /// Words and WhatsApp's card that asks for permission to call. Meta takes one in 24 hours and two in 7 days to
    /// one person, with [`Content::CallPermissionTemplate`] counted in; a connected call begins anew.
    CallPermissionRequest {
        /// The words. The card's own words are WhatsApp's.
        body: String,
    },
    /// An approved template with the same card in it. On the wire it is a template like any other: the card was
    /// approved with the template and takes no parameters.
    CallPermissionTemplate {
        /// Its name at Meta.
        name: String,
        /// Its language code at Meta, for example `en` or `pt_BR`.
        language: String,
        /// What its body's places are filled with, in order. Line breaks and runs of blanks become one blank.
        #[serde(default)]
        body_params: Vec<String>,
    },
}

impl Content {
    /// The kind in one word, for logs and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Buttons { .. } => "buttons",
            Self::List { .. } => "list",
            Self::Template { .. } => "template",
            Self::CallPermissionRequest { .. } => "call_permission_request",
            Self::CallPermissionTemplate { .. } => "call_permission_template",
        }
    }

    /// May be sent outside the 24-hour window.
    pub const fn is_template(&self) -> bool {
        matches!(self, Self::Template { .. } | Self::CallPermissionTemplate { .. })
    }

    /// Asks for permission to call: Meta's limits on asking apply, and in doubt it is never sent a second time.
    pub const fn asks_to_call(&self) -> bool {
        matches!(self, Self::CallPermissionRequest { .. } | Self::CallPermissionTemplate { .. })
    }

    /// Checks Meta's limits, in code points.
    pub fn check(&self) -> Result<(), MessageError> {
        match self {
            Self::Text { body } => length("the text", body, TEXT_MAX),
            Self::Buttons { body, buttons } => {
                length("the text above the buttons", body, BUTTON_BODY_MAX)?;
                count("buttons", buttons.len(), BUTTONS_MAX)?;
                for button in buttons {
                    length("a button's id", &button.id, BUTTON_ID_MAX)?;
                    length("a button's label", &button.title, BUTTON_TITLE_MAX)?;
                }
                distinct("buttons' ids", buttons.iter().map(|button| &button.id))?;
                distinct("buttons' labels", buttons.iter().map(|button| &button.title))
            }
            Self::List { body, button, rows } => {
                length("the text above the list", body, TEXT_MAX)?;
                length("the list's label", button, BUTTON_TITLE_MAX)?;
                count("rows", rows.len(), LIST_ROWS_MAX)?;
                for row in rows {
                    length("a row's id", &row.id, ROW_ID_MAX)?;
                    length("a row's title", &row.title, ROW_TITLE_MAX)?;
                    if let Some(description) = &row.description {
                        length("a row's description", description, ROW_DESCRIPTION_MAX)?;
                    }
                }
                distinct("rows' ids", rows.iter().map(|row| &row.id))
            }
            Self::Template { name, language, body_params, quick_reply_payloads } => {
                check_template(name, language, body_params)?;
                for payload in quick_reply_payloads {
                    length("a quick reply's payload", payload, INTENT_ID_MAX)?;
                }
                Ok(())
            }
            Self::CallPermissionRequest { body } => {
                length("the text above the permission card", body, BUTTON_BODY_MAX)
            }
            Self::CallPermissionTemplate { name, language, body_params } => {
                check_template(name, language, body_params)
            }
        }
    }
}

fn check_template(name: &str, language: &str, body_params: &[String]) -> Result<(), MessageError> {
    length("the template's name", name, TEXT_MAX)?;
    length("the template's language", language, BUTTON_TITLE_MAX)?;
    body_params.iter().try_for_each(|param| length("a template parameter", param, BUTTON_BODY_MAX))
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// A message within Meta's limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundMessage {
    to: Recipient,
    intent_id: String,
    reply_to: Option<MetaId>,
    content: Content,
}

impl OutboundMessage {
    /// Checks the limits. `intent_id` is our own id of this send, 1 to [`INTENT_ID_MAX`] characters: Meta returns it
    /// with every status (`biz_opaque_callback_data`). `reply_to` is the message to quote.
    pub fn new(
        to: Recipient,
        intent_id: impl Into<String>,
        reply_to: Option<MetaId>,
        content: Content,
    ) -> Result<Self, MessageError> {
        let intent_id = intent_id.into();
        length("the intent id", &intent_id, INTENT_ID_MAX)?;
        content.check()?;
        Ok(Self { to, intent_id, reply_to, content })
    }

    /// To whom.
    pub const fn to(&self) -> &Recipient {
        &self.to
    }

    /// Our own id of this send.
    pub fn intent_id(&self) -> &str {
        &self.intent_id
    }

    /// The message it quotes.
    pub const fn reply_to(&self) -> Option<&MetaId> {
        self.reply_to.as_ref()
    }

    /// What it says.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// The body of `POST /{phone-number-id}/messages`.
    pub fn to_json(&self) -> Value {
        let mut body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "biz_opaque_callback_data": self.intent_id,
        });
        let (to_key, to) = self.to.field();
        let (message_type, content) = content_json(&self.content);
        if let Some(fields) = body.as_object_mut() {
            fields.insert(to_key.to_owned(), json!(to));
            fields.insert("type".to_owned(), json!(message_type));
            fields.insert(message_type.to_owned(), content);
            if let Some(wamid) = &self.reply_to {
                fields.insert("context".to_owned(), json!({"message_id": wamid}));
            }
        }
        body
    }
}

fn content_json(content: &Content) -> (&'static str, Value) {
    match content {
        Content::Text { body } => ("text", json!({"body": body, "preview_url": false})),
        Content::Buttons { body, buttons } => {
            let buttons: Vec<Value> =
                buttons.iter().map(|button| json!({"type": "reply", "reply": button})).collect();
            let action = json!({"buttons": buttons});
            ("interactive", json!({"type": "button", "body": {"text": body}, "action": action}))
        }
        Content::List { body, button, rows } => {
            let action = json!({"button": button, "sections": [{"rows": rows}]});
            ("interactive", json!({"type": "list", "body": {"text": body}, "action": action}))
        }
        Content::Template { name, language, body_params, quick_reply_payloads } => {
            ("template", template_json(name, language, body_params, quick_reply_payloads))
        }
        Content::CallPermissionRequest { body } => {
            let name = "call_permission_request";
            ("interactive", json!({"type": name, "action": {"name": name}, "body": {"text": body}}))
        }
        Content::CallPermissionTemplate { name, language, body_params } => {
            ("template", template_json(name, language, body_params, &[]))
        }
    }
}

fn template_json(name: &str, language: &str, body_params: &[String], payloads: &[String]) -> Value {
    let components = template_components(body_params, payloads);
    let mut template = json!({"name": name, "language": {"code": language}});
    if let (Some(fields), false) = (template.as_object_mut(), components.is_empty()) {
        fields.insert("components".to_owned(), Value::Array(components));
    }
    template
}

fn template_components(body_params: &[String], quick_reply_payloads: &[String]) -> Vec<Value> {
    let parameters: Vec<Value> =
        body_params.iter().map(|param| json!({"type": "text", "text": one_line(param)})).collect();
    let body = (!parameters.is_empty()).then(|| json!({"type": "body", "parameters": parameters}));
    let buttons = quick_reply_payloads.iter().enumerate().map(|(index, payload)| {
        json!({
            "type": "button", "sub_type": "quick_reply", "index": index.to_string(),
            "parameters": [{"type": "payload", "payload": payload}],
        })
    });
    body.into_iter().chain(buttons).collect()
}

/// Meta refuses a parameter with line breaks, tabs or more than four blanks in a row.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn length(part: &'static str, text: &str, max: usize) -> Result<(), MessageError> {
    if text.trim().is_empty() {
        return Err(MessageError::Empty { part });
    }
    let count = text.chars().count();
    if count > max { Err(MessageError::TooLong { part, count, max }) } else { Ok(()) }
}

fn count(part: &'static str, count: usize, max: usize) -> Result<(), MessageError> {
    if (1..=max).contains(&count) { Ok(()) } else { Err(MessageError::Count { part, count, max }) }
}

fn distinct<'a>(part: &'static str, texts: impl Iterator<Item = &'a String>) -> Result<(), MessageError> {
    let mut seen = Vec::new();
    for text in texts {
        if seen.contains(&text) {
            return Err(MessageError::Duplicate { part });
        }
        seen.push(text);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
