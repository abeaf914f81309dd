//! Whether messages and vendors' answers, which lie in ordinary tables, are what the audit recorded of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::messages::Message;

use super::dossier::Reply;

/// How many were held against the chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Compared {
    /// Received messages: their text and button.
    pub(super) messages: usize,
    /// Answers of vendors: availability, price, currency and time.
    pub(super) replies: usize,
}

/// Holds what is stored against the payloads of the chain, given with their actions, and names the first that differs
/// or is gone. Only payloads that can still be read say anything; those of a release that did not record the text say
/// nothing of it. `whole`: `messages` are all there are, so that one that is not among them is gone.
pub(super) fn compare<'a>(
    recorded: impl IntoIterator<Item = (&'a str, &'a Value)>,
    messages: &[Message],
    whole: bool,
    replies: &[Reply],
) -> (Compared, Option<String>) {
    let messages: BTreeMap<String, &Message> =
        messages.iter().map(|message| (message.id.to_string(), message)).collect();
    let replies: BTreeMap<String, &Reply> =
        replies.iter().map(|reply| (reply.reply_id.to_string(), reply)).collect();
    let (mut compared, mut fault) = (Compared::default(), None);
    for (action, payload) in recorded {
        let found = match action {
            "message.received" if payload.get("text").is_some() => {
                let id = payload.get("message_id").and_then(Value::as_str).unwrap_or_default();
                let stored = messages.get(id);
                if stored.is_none() && !whole {
                    continue;
                }
                compared.messages += 1;
                differs("message", id, stored.map(|message| is_message(payload, message)))
            }
            "marketplace.record_vendor_reply" => {
                let Some(result) = payload.get("result") else { continue };
                let id = result.get("reply_id").and_then(Value::as_str).unwrap_or_default();
                let parsed = result.get("parsed").unwrap_or(&Value::Null);
                compared.replies += 1;
                differs("reply", id, replies.get(id).map(|reply| is_reply(parsed, reply)))
            }
            _ => None,
        };
        fault = fault.or(found);
    }
    (compared, fault)
}

fn differs(what: &str, id: &str, same: Option<bool>) -> Option<String> {
    match same {
        Some(true) => None,
        Some(false) => Some(format!("{what} {id} is not what the audit says was received")),
        None => Some(format!("{what} {id} is in the audit and nowhere else")),
    }
}

fn is_message(payload: &Value, message: &Message) -> bool {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    text("text") == message.body.as_deref() && text("button") == message.button_id.as_deref()
}

fn is_reply(parsed: &Value, reply: &Reply) -> bool {
    [
        ("availability", json!(reply.availability)),
        ("price_minor", json!(reply.price_minor)),
        ("currency", json!(reply.currency)),
        ("eta", json!(reply.eta)),
    ]
    .iter()
    .all(|(name, stored)| parsed.get(*name).unwrap_or(&Value::Null) == stored)
}

#[cfg(test)]
mod tests {
    use marketplace::{ContactId, MessageId, ReplyId, SeededIds};
    use moltbot_contract::Availability;
    use store::messages::{Direction, MessageKind, Party};

    use super::*;
    use crate::requests::fixture::at;

    const RECEIVED: &str = "message.received";
    const ANSWERED: &str = "marketplace.record_vendor_reply";

    fn stored() -> (Message, Reply) {
        let ids = SeededIds::new(9);
        let message = Message {
            id: MessageId::generate(&ids),
            request: None,
            contact: ContactId::generate(&ids),
            direction: Direction::In,
            party: Party::Vendor,
            kind: MessageKind::Text,
            body: Some("3500 tomorrow".to_owned()),
            button_id: None,
            meta_at: at(0),
            created_at: at(0),
        };
        let reply = Reply {
            reply_id: ReplyId::generate(&ids),
            vendor_id: "v1".parse().unwrap(),
            message_id: message.id,
            at: at(1),
            availability: Availability::InStock,
            price_minor: Some(350_000),
            currency: Some("KES".parse().unwrap()),
            eta: Some("tomorrow".to_owned()),
            confidence: 0.95,
        };
        (message, reply)
    }

    fn recorded(message: &Message, reply: &Reply) -> [(&'static str, Value); 2] {
        let received = json!({
            "message_id": message.id, "party": "vendor", "text": message.body, "button": message.button_id,
        });
        let parsed = json!({
            "availability": reply.availability, "price_minor": reply.price_minor, "currency": reply.currency,
            "eta": reply.eta, "confidence": reply.confidence,
        });
        let answered = json!({ "arguments": {}, "result": { "reply_id": reply.reply_id, "parsed": parsed } });
        [(RECEIVED, received), (ANSWERED, answered)]
    }

    fn fault(chain: &[(&'static str, Value)], messages: &[Message], replies: &[Reply]) -> Option<String> {
        let (compared, fault) =
            compare(chain.iter().map(|(action, payload)| (*action, payload)), messages, true, replies);
        assert_eq!(compared, Compared { messages: 1, replies: 1 });
        fault
    }

    #[test]
    fn what_was_changed_beside_the_chain_is_named() {
        let (message, reply) = stored();
        let chain = recorded(&message, &reply);
        assert_eq!(fault(&chain, std::slice::from_ref(&message), &[stored().1]), None);

        let not_it = |id: &str| Some(format!("{id} is not what the audit says was received"));
        for change in [
            |message: &mut Message| message.body = Some("4500 tomorrow".to_owned()),
            |message: &mut Message| message.body = None,
            |message: &mut Message| message.button_id = Some("1".to_owned()),
        ] {
            let mut changed = message.clone();
            change(&mut changed);
            assert_eq!(fault(&chain, &[changed], &[stored().1]), not_it(&format!("message {}", message.id)));
        }
        for change in [
            |reply: &mut Reply| reply.price_minor = Some(1),
            |reply: &mut Reply| (reply.price_minor, reply.currency) = (None, None),
            |reply: &mut Reply| reply.currency = Some("USD".parse().unwrap()),
            |reply: &mut Reply| reply.availability = Availability::OutOfStock,
            |reply: &mut Reply| reply.eta = None,
        ] {
            let mut changed = stored().1;
            change(&mut changed);
            assert_eq!(
                fault(&chain, std::slice::from_ref(&message), &[changed]),
                not_it(&format!("reply {}", reply.reply_id))
            );
        }
        let gone = |what: String| Some(format!("{what} is in the audit and nowhere else"));
        assert_eq!(fault(&chain, &[], &[stored().1]), gone(format!("message {}", message.id)));
        assert_eq!(fault(&chain, &[message], &[]), gone(format!("reply {}", reply.reply_id)));
    }

    #[test]
    fn what_says_nothing_is_not_counted() {
        let (message, reply) = stored();
        let silent = [
            (RECEIVED, json!({ "message_id": message.id, "party": "vendor" })),
            (
                ANSWERED,
                json!({ "arguments": {}, "detail": "this vendor was not contacted for this request" }),
            ),
            ("state.changed", json!({ "from": "new", "to": "closed" })),
        ];
        let silent = silent.iter().map(|(action, payload)| (*action, payload));
        assert_eq!(compare(silent, &[], true, &[]), (Compared::default(), None));

        let chain = recorded(&message, &reply);
        let older = chain.iter().map(|(action, payload)| (*action, payload));
        let (compared, fault) = compare(older, &[], false, &[stored().1]);
        assert_eq!(
            (compared, fault),
            (Compared { messages: 0, replies: 1 }, None),
            "behind the newest shown"
        );
    }
}
