//! Webhooks as Meta sends them: one text message each, signed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use marketplace::{Clock as _, SystemClock, Timestamp};
use sha2::Sha256;

/// Our business number.
pub(crate) const PHONE_NUMBER_ID: &str = "300000000000001";
/// What the webhooks are signed with.
pub(crate) const APP_SECRET: &str = "bench-app-secret";
/// So many people write; the first message of each also makes a key of theirs.
const SENDERS: u32 = 1_000;

/// The time, for messages of now.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// The body of message `number`; people take turns to write.
pub(crate) fn text_message(number: u32, at: Timestamp, text: &str) -> String {
    text_message_of(number % SENDERS, number, at, text)
}

/// The body of message `number`, written by person `sender`.
pub(crate) fn text_message_of(sender: u32, number: u32, at: Timestamp, text: &str) -> String {
    let wa_id = format!("2547{sender:08}");
    serde_json::json!({
        "object": "whatsapp_business_account",
        "entry": [{
            "id": "200000000000001",
            "changes": [{
                "field": "messages",
                "value": {
                    "messaging_product": "whatsapp",
                    "metadata": {
                        "display_phone_number": "254700900100",
                        "phone_number_id": PHONE_NUMBER_ID,
                    },
                    "contacts": [{ "profile": { "name": format!("Writer {sender}") }, "wa_id": wa_id }],
                    "messages": [{
                        "from": wa_id,
                        "id": format!("wamid.HBgMMjU0NzAwMDAwMTAxFQIAEhgUM0EwQjY5{number:012}"),
                        "timestamp": at.as_seconds().to_string(),
                        "type": "text",
                        "text": { "body": text },
                    }],
                },
            }],
        }],
    })
    .to_string()
}

/// The whole HTTP request that posts a body, signed.
pub(crate) fn post(host: &str, body: &str) -> Vec<u8> {
    let mut request = format!(
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         X-Hub-Signature-256: sha256={}\r\nContent-Length: {}\r\n\r\n",
        signature(body.as_bytes()),
        body.len(),
    )
    .into_bytes();
    request.extend_from_slice(body.as_bytes());
    request
}

/// HMAC takes a key of any length, so there is always a signature.
fn signature(body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()) else { return String::new() };
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use meta_client::WebhookSecrets;

    use super::*;

    #[test]
    fn a_body_is_one_event_that_our_reader_takes_and_our_signature_fits() {
        let body = text_message(1_234, Timestamp::from_seconds(1_790_000_000), "hello");
        let events = meta_client::split(body.as_bytes()).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind.as_str(), events[0].fault), ("message", None));
        let secrets = WebhookSecrets::new(APP_SECRET.into(), None).unwrap();
        let header = format!("sha256={}", signature(body.as_bytes()));
        assert_eq!(secrets.verify(Some(header.as_bytes()), body.as_bytes()), Ok(()));
    }

    #[test]
    fn no_two_messages_are_one_event() {
        let at = Timestamp::from_seconds(1_790_000_000);
        let key =
            |number| meta_client::split(text_message(number, at, "x").as_bytes()).unwrap()[0].key.clone();
        assert_ne!(key(1), key(1 + SENDERS), "the same person, another message");
    }
}
