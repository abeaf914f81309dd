//! What a person sent us.

use std::{fmt, time::Duration};

use marketplace::{Bsuid, Timestamp, WaId};
use serde_json::Value;

use crate::{
    error::MetaError,
    identity::{MetaId, WhatsAppUser},
    json,
    open_enum::open_enum,
    webhook::Located,
};

/// One message from a person. `Debug` shows its kind and its people masked, never what it says.
#[derive(Clone, PartialEq)]
pub struct InboundMessage {
    /// Meta's id of it. A voicemail's is the call's id.
    pub wamid: MetaId,
    /// Who wrote.
    pub sender: WhatsAppUser,
    /// The name the person shows on WhatsApp.
    pub profile_name: Option<String>,
    /// When, to the second: two messages of one second cannot be ordered by it.
    pub at: Option<Timestamp>,
    /// The message (or call) that this one quotes or answers.
    pub context: Option<MetaId>,
    /// What was sent.
    pub content: MessageContent,
}

impl fmt::Debug for InboundMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundMessage")
            .field("wamid", &self.wamid)
            .field("sender", &self.sender)
            .field("at", &self.at)
            .field("context", &self.context)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

/// What a message carries.
#[derive(Clone, PartialEq)]
pub enum MessageContent {
    /// Words.
    Text {
        /// The words, as written; may hold U+0000.
        body: String,
    },
    /// One of our reply buttons was pressed.
    ButtonReply {
        /// The id that we gave the button.
        id: String,
        /// Its label.
        title: String,
    },
    /// A quick-reply button of a template was pressed. `context` may be missing.
    TemplateButton {
        /// The payload that we gave the button; Meta puts the label here when we gave none.
        payload: String,
        /// Its label.
        text: String,
    },
    /// A row of one of our lists was chosen.
    ListReply {
        /// The id that we gave the row.
        id: String,
        /// Its title.
        title: String,
    },
    /// Image, sound, video, document or sticker.
    Media(InboundMedia),
    /// A place.
    Location {
        /// Degrees, -90 to 90.
        latitude: f64,
        /// Degrees, -180 to 180.
        longitude: f64,
        /// The place's name.
        name: Option<String>,
        /// The place's address.
        address: Option<String>,
    },
    /// Cards from the person's address book.
    Contacts(Vec<SharedContact>),
    /// An emoji on one of our messages.
    Reaction {
        /// The message.
        to: Option<MetaId>,
        /// The emoji; `None` when a reaction was taken back.
        emoji: Option<String>,
    },
    /// The answer to a call-permission request, or a change of mind about it.
    CallPermissionReply(CallPermissionReply),
    /// News about the person, not from them.
    System(SystemNotice),
    /// Goods from a catalogue.
    Order,
    /// Something that the Cloud API does not pass on.
    Unsupported(Vec<MetaError>),
    /// A type that this version does not know, or one whose parts are missing.
    Unknown {
        /// The type as Meta wrote it, `interactive.<type>` for an unknown interactive answer.
        message_type: String,
    },
}

impl MessageContent {
    /// The kind in one word, for logs and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::ButtonReply { .. } => "button_reply",
            Self::TemplateButton { .. } => "template_button",
            Self::ListReply { .. } => "list_reply",
            Self::Media(_) => "media",
            Self::Location { .. } => "location",
            Self::Contacts(_) => "contacts",
            Self::Reaction { .. } => "reaction",
            Self::CallPermissionReply(_) => "call_permission_reply",
            Self::System(_) => "system",
            Self::Order => "order",
            Self::Unsupported(_) => "unsupported",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl fmt::Debug for MessageContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// A medium to fetch: the id lives 7 days.
#[derive(Clone, PartialEq, Eq)]
pub struct InboundMedia {
    /// Which kind Meta calls it; check the content, not this.
    pub kind: MediaKind,
    /// Media id.
    pub id: String,
    /// Type as Meta says it.
    pub mime_type: Option<String>,
    /// Digest of the content, hexadecimal or base64: Meta's pages show both.
    pub sha256: Option<String>,
    /// Words beside it.
    pub caption: Option<String>,
    /// The file's name, for documents.
    pub filename: Option<String>,
}

impl fmt::Debug for InboundMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundMedia")
            .field("kind", &self.kind)
            .field("mime_type", &self.mime_type)
            .finish_non_exhaustive()
    }
}

open_enum! {
    /// Kinds of media.
    MediaKind {
        /// A picture.
        Image = "image",
        /// Sound, a voice message among them.
        Audio = "audio",
        /// Moving pictures.
        Video = "video",
        /// A file.
        Document = "document",
        /// A sticker.
        Sticker = "sticker",
    }
}

/// A card from somebody's address book. `Debug` hides it: it is about a third person.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedContact {
    /// The name as shown.
    pub name: Option<String>,
    /// Numbers as written.
    pub phones: Vec<String>,
}

impl fmt::Debug for SharedContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedContact")
    }
}

/// A person's word on whether we may call. It comes on its own too, from the business profile or from WhatsApp.
///
/// [`InboundMessage::context`] holds what it answers: our request's `wamid`, the `wacid` of a call from the person, or
/// nothing. Answers overtake one another: the newest [`InboundMessage::at`] counts, and of one second the no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPermissionReply {
    /// Yes or no. Only `accept` grants anything.
    pub response: PermissionResponse,
    /// For good. Missing in some shapes: then it is not.
    pub is_permanent: Option<bool>,
    /// Until when; trust it, do not compute it. Missing when permanent, and on a no.
    pub expires_at: Option<Timestamp>,
    /// By the person, or by WhatsApp on its own (after a call from them, or after four missed calls from us).
    pub source: Option<ResponseSource>,
}

/// How long a temporary permission lasts from the answer.
pub const TEMPORARY_PERMISSION: Duration = Duration::from_hours(168);

impl CallPermissionReply {
    /// Until when it lets us call; `None` when it does not, or when it does for good. `at` is the answer's time.
    /// Without a word of Meta's on the end, a permission that is not called permanent lasts [`TEMPORARY_PERMISSION`]
    /// and no longer.
    pub fn lets_call_until(&self, at: Timestamp) -> Option<Timestamp> {
        let temporary = self.is_accepted() && !self.is_for_good();
        temporary.then(|| self.expires_at.unwrap_or(at + TEMPORARY_PERMISSION))
    }

    /// It lets us call. Any other word than `accept` grants nothing.
    pub fn is_accepted(&self) -> bool {
        self.response == PermissionResponse::Accept
    }

    /// It lets us call until the person takes it back. Only where Meta says so in this word; an end that is named
    /// beside it counts more.
    pub fn is_for_good(&self) -> bool {
        self.is_accepted() && self.is_permanent == Some(true) && self.expires_at.is_none()
    }
}

open_enum! {
    /// The answer to a call-permission request.
    PermissionResponse {
        /// We may call.
        Accept = "accept",
        /// We may not, or no longer.
        Reject = "reject",
    }
}

open_enum! {
    /// Where a permission's change came from.
    ResponseSource {
        /// The person did it.
        UserAction = "user_action",
        /// WhatsApp did it.
        Automatic = "automatic",
    }
}

/// News about a person's identity. What the old identity allowed does not follow to the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemNotice {
    /// The person has a new number; the message's sender is the old one.
    NumberChanged {
        /// The new number, where Meta says it.
        new_wa_id: Option<WaId>,
    },
    /// The person has a new business-scoped id; the message's sender is the old one.
    UserIdChanged {
        /// The new id, where Meta says it.
        new_bsuid: Option<Bsuid>,
    },
    /// Other news.
    Other {
        /// The type as Meta wrote it.
        notice_type: String,
    },
}

pub(crate) fn read(located: &Located<'_>) -> Option<InboundMessage> {
    let item = located.item?;
    Some(InboundMessage {
        wamid: located.id()?,
        sender: located.user()?,
        profile_name: located
            .contact()
            .and_then(|contact| contact.get("profile"))
            .and_then(|profile| json::text(profile, "name")),
        at: located.at(),
        context: item.get("context").and_then(|context| json::text(context, "id")).map(MetaId::from),
        content: content(item),
    })
}

fn content(item: &Value) -> MessageContent {
    let message_type = message_type(item);
    read_content(item, &message_type).unwrap_or(MessageContent::Unknown { message_type })
}

/// The declared type, else the part that is there: Meta's own sample of a permission reply lacks `type`.
fn message_type(item: &Value) -> String {
    const PARTS: [&str; 12] = [
        "text",
        "interactive",
        "button",
        "image",
        "audio",
        "video",
        "document",
        "sticker",
        "location",
        "contacts",
        "reaction",
        "system",
    ];
    match json::text(item, "type") {
        Some(declared) => declared.to_ascii_lowercase(),
        None => PARTS.into_iter().find(|part| item.get(part).is_some()).unwrap_or_default().to_owned(),
    }
}

fn read_content(item: &Value, message_type: &str) -> Option<MessageContent> {
    match message_type {
        "text" => Some(MessageContent::Text { body: json::text(item.get("text")?, "body")? }),
        "button" => {
            let button = item.get("button")?;
            let text = json::text(button, "text").unwrap_or_default();
            let payload = json::text(button, "payload").unwrap_or_else(|| text.clone());
            (!payload.is_empty()).then_some(MessageContent::TemplateButton { payload, text })
        }
        "interactive" => interactive(item.get("interactive")?),
        "image" | "audio" | "voice" | "video" | "document" | "sticker" => media(item, message_type),
        "location" => location(item.get("location")?),
        "contacts" => {
            Some(MessageContent::Contacts(json::items(item, "contacts").iter().map(shared_contact).collect()))
        }
        "reaction" => {
            let reaction = item.get("reaction")?;
            Some(MessageContent::Reaction {
                to: json::text(reaction, "message_id").map(MetaId::from),
                emoji: json::text(reaction, "emoji"),
            })
        }
        "system" => Some(MessageContent::System(system(item.get("system")?))),
        "order" => Some(MessageContent::Order),
        "unsupported" => Some(MessageContent::Unsupported(MetaError::read_all(json::items(item, "errors")))),
        _ => None,
    }
}

fn interactive(interactive: &Value) -> Option<MessageContent> {
    let kind = json::text(interactive, "type").map(|text| text.to_ascii_lowercase());
    let is =
        |name: &str| kind.as_deref().map_or_else(|| interactive.get(name).is_some(), |kind| kind == name);
    let chosen =
        |part: &Value| Some((json::text(part, "id")?, json::text(part, "title").unwrap_or_default()));
    let read = if is("button_reply") {
        interactive
            .get("button_reply")
            .and_then(chosen)
            .map(|(id, title)| MessageContent::ButtonReply { id, title })
    } else if is("list_reply") {
        interactive
            .get("list_reply")
            .and_then(chosen)
            .map(|(id, title)| MessageContent::ListReply { id, title })
    } else if is("call_permission_reply") {
        interactive.get("call_permission_reply").and_then(permission).map(MessageContent::CallPermissionReply)
    } else {
        None
    };
    read.or_else(|| {
        Some(MessageContent::Unknown { message_type: format!("interactive.{}", kind.unwrap_or_default()) })
    })
}

fn permission(reply: &Value) -> Option<CallPermissionReply> {
    Some(CallPermissionReply {
        response: PermissionResponse::from_wire(&json::text(reply, "response")?),
        is_permanent: json::boolean(reply, "is_permanent"),
        expires_at: json::moment(reply, "expiration_timestamp"),
        source: json::text(reply, "response_source").as_deref().map(ResponseSource::from_wire),
    })
}

fn media(item: &Value, message_type: &str) -> Option<MessageContent> {
    let medium = item.get(message_type)?;
    let kind = if message_type == "voice" { MediaKind::Audio } else { MediaKind::from_wire(message_type) };
    Some(MessageContent::Media(InboundMedia {
        kind,
        id: json::text(medium, "id")?,
        mime_type: json::text(medium, "mime_type"),
        sha256: json::text(medium, "sha256"),
        caption: json::text(medium, "caption"),
        filename: json::text(medium, "filename"),
    }))
}

fn location(place: &Value) -> Option<MessageContent> {
    let latitude = json::decimal(place, "latitude").filter(|degrees| degrees.abs() <= 90.0)?;
    let longitude = json::decimal(place, "longitude").filter(|degrees| degrees.abs() <= 180.0)?;
    Some(MessageContent::Location {
        latitude,
        longitude,
        name: json::text(place, "name"),
        address: json::text(place, "address"),
    })
}

fn shared_contact(card: &Value) -> SharedContact {
    SharedContact {
        name: card.get("name").and_then(|name| json::text(name, "formatted_name")),
        phones: json::items(card, "phones").iter().filter_map(|phone| json::text(phone, "phone")).collect(),
    }
}

fn system(system: &Value) -> SystemNotice {
    let notice_type = json::text(system, "type").unwrap_or_default();
    match notice_type.to_ascii_lowercase().as_str() {
        "user_changed_number" => SystemNotice::NumberChanged {
            new_wa_id: ["wa_id", "new_wa_id"]
                .into_iter()
                .find_map(|key| json::text(system, key))
                .and_then(|text| text.trim_start_matches('+').parse().ok()),
        },
        "user_changed_user_id" => SystemNotice::UserIdChanged {
            new_bsuid: json::text(system, "user_id").and_then(|text| text.parse().ok()),
        },
        _ => SystemNotice::Other { notice_type },
    }
}
