//! What people send to the business.

use serde_json::{Map, Value, json};

use super::{
    Business, Button, Core, LogEvent, Media, MediaFault, Message, MessageKind, Reply, Said, Saying, Subject,
    WebhookKind, WebhookPlan,
};
use crate::{
    Error, phone,
    wire::{self, Direction},
};

/// A message object's `type` and content, and what the log keeps of it.
struct Content {
    fields: Map<String, Value>,
    kind: MessageKind,
    text: String,
    button_id: Option<String>,
}

impl Core {
    /// Somebody sends something: opens the 24-hour window, and gives the message's id and the webhook to post.
    pub fn say(&mut self, saying: &Saying, now_ms: i64) -> Result<(String, WebhookPlan), Error> {
        let digits = phone::digits(&saying.phone);
        self.advance_before(now_ms);
        let number = self.number(saying.to_pnid.as_deref())?;
        let known = self.people.get_mut(&digits).ok_or_else(|| Error::UnknownPerson(saying.phone.clone()))?;
        let quoted = match &saying.quoting {
            None => None,
            Some(id) => Some(self.messages.get(id).ok_or_else(|| Error::UnknownMessage(id.clone()))?.kind),
        };
        known.last_wrote_ms.insert(number.phone_number_id.clone(), now_ms);
        let person = known.person.clone();

        let ordinal = self.ordinal(&digits, "inbound");
        let own_id = match &saying.said {
            Said::Raw(raw) => raw.get("id").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        let wamid = own_id.unwrap_or_else(|| wire::wamid(Direction::Inbound, &digits, self.seed, ordinal));
        let to = (digits.as_str(), number.phone_number_id.as_str());
        let content = self.content(&saying.said, quoted, &wamid, to);
        let business = Business { waba_id: &self.waba_id, number: &number };
        let body = business.message(now_ms, &person, &wamid, saying.quoting.as_deref(), content.fields);

        let reply = Reply {
            pnid: number.phone_number_id.clone(),
            digits: digits.clone(),
            name: person.name,
            wamid: wamid.clone(),
            kind: content.kind,
            text: content.text.clone(),
            button_id: content.button_id,
            quoting: saying.quoting.clone(),
        };
        self.counters.said += 1;
        self.record(now_ms, LogEvent::Said(reply));
        let message = Message {
            pnid: number.phone_number_id,
            digits: digits.clone(),
            outbound: false,
            kind: content.kind,
            text: content.text,
            buttons: Vec::new(),
            template_name: None,
            intent_id: None,
            context: saying.quoting.clone(),
        };
        self.messages.insert(wamid.clone(), message);
        let plan = self.plan(WebhookKind::Message, &digits, &wamid, "message", &body);
        Ok((wamid, plan))
    }

    /// `between` is the person and the business number.
    fn content(
        &mut self,
        said: &Said,
        quoted: Option<MessageKind>,
        wamid: &str,
        between: (&str, &str),
    ) -> Content {
        match said {
            Said::Text(text) => Content {
                fields: fields(json!({"type": "text", "text": {"body": text}})),
                kind: MessageKind::Text,
                text: text.clone(),
                button_id: None,
            },
            Said::Tap(button) => tap(button, quoted),
            Said::Image { bytes, mime_type, caption } => {
                let (digits, pnid) = between;
                let fault = self.faults.of_medium(&Subject { digits, kind: None, key: wamid });
                let is_another = fault == Some(MediaFault::WrongDigest);
                let sha256 = hex::encode(wire::sha256(if is_another { b"another file" } else { bytes }));
                let id = wire::draw(&[b"media", wamid.as_bytes()]).to_string();
                let mut image = json!({"id": id, "mime_type": mime_type, "sha256": sha256});
                if let (Some(image), Some(caption)) = (image.as_object_mut(), caption) {
                    image.insert("caption".to_owned(), json!(caption));
                }
                let media = Media {
                    bytes: bytes.clone(),
                    mime_type: mime_type.clone(),
                    sha256,
                    pnid: pnid.to_owned(),
                    fault,
                    fetches: 0,
                };
                self.media.insert(id, media);
                Content {
                    fields: fields(json!({"type": "image", "image": image})),
                    kind: MessageKind::Image,
                    text: caption.clone().unwrap_or_default(),
                    button_id: None,
                }
            }
            Said::Raw(raw) => Content {
                fields: fields(raw.clone()),
                kind: MessageKind::Other,
                // What people read of it: a text, or the name of a place.
                text: ["/text/body", "/location/name"]
                    .iter()
                    .find_map(|pointer| raw.pointer(pointer)?.as_str())
                    .unwrap_or_default()
                    .to_owned(),
                button_id: None,
            },
        }
    }
}

/// A tap comes back in another shape for each kind of message that carried the button.
fn tap(button: &Button, quoted: Option<MessageKind>) -> Content {
    let Button { id, title } = button;
    let message = match quoted {
        Some(MessageKind::Template) => json!({"type": "button", "button": {"payload": id, "text": title}}),
        Some(MessageKind::List) => json!({
            "type": "interactive",
            "interactive": {"type": "list_reply", "list_reply": {"id": id, "title": title}},
        }),
        _ => json!({
            "type": "interactive",
            "interactive": {"type": "button_reply", "button_reply": {"id": id, "title": title}},
        }),
    };
    Content {
        fields: fields(message),
        kind: MessageKind::Buttons,
        text: title.clone(),
        button_id: Some(id.clone()),
    }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
