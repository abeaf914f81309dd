use std::collections::BTreeSet;

use marketplace::SystemClock;
use serde_json::{Value, json};
use store::{
    dead_letters::DeadLetter,
    inbound::{self, InboundEvent},
    testing::{TestStore, on_both},
};

use super::*;

fn message(id: &str, sender: &Value) -> Value {
    let mut message = json!({"id": id, "timestamp": "1790000000", "type": "text", "text": {"body": "hi"}});
    message.as_object_mut().unwrap().extend(sender.as_object().unwrap().clone());
    message
}

fn body(messages: &[Value], statuses: &[Value]) -> Vec<u8> {
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "messages": messages, "statuses": statuses,
    });
    let changes = json!([{"field": "messages", "value": value}]);
    let entry = json!([{"id": "102290129340398", "changes": changes}]);
    json!({"object": "whatsapp_business_account", "entry": entry}).to_string().into_bytes()
}

fn from_number() -> Value {
    json!({"from": "254700000101"})
}

async fn waiting(test: &TestStore) -> Vec<InboundEvent> {
    test.db.read(|tx| inbound::waiting(tx, 1_000)).await.unwrap()
}

async fn letters(test: &TestStore) -> Vec<DeadLetter> {
    test.db.read(|tx| dead_letters::waiting(tx, 1_000)).await.unwrap()
}

#[test]
fn a_sender_is_hashed_as_contacts_are_looked_up() {
    on_both(async |test| {
        let intake = Intake::new(test.db.clone());
        let bsuid = json!({"from_user_id": "KE.90000000000000000101"});
        let both = json!({"from": "254700000101", "from_user_id": "KE.90000000000000000101"});
        let messages =
            [message("wamid.1", &from_number()), message("wamid.2", &bsuid), message("wamid.3", &both)];
        let report = intake.accept(&body(&messages, &[])).await.unwrap();
        assert_eq!(report, IntakeReport { stored: 3, duplicates: 0, dead: 0 });
        let expected = test
            .db
            .read(|tx| {
                let number = contacts::candidates(None, Some(&"254700000101".parse().unwrap()));
                let bsuid = contacts::candidates(Some(&"KE.90000000000000000101".parse().unwrap()), None);
                let hash = |identities: &[Identity]| contacts::subject_hash(tx, identities).unwrap().to_vec();
                Ok::<_, StoreError>([hash(&number), hash(&bsuid), hash(&number)])
            })
            .await
            .unwrap();
        let events = waiting(test).await;
        let found: Vec<_> = events.iter().map(|event| event.sender_hash.clone().unwrap()).collect();
        assert_eq!(found, expected);
        assert_eq!(events[0].data_key, events[2].data_key, "one person, one key");
        assert_ne!(events[0].data_key, events[1].data_key);
    });
}

#[test]
fn a_contact_and_their_first_message_share_a_key() {
    on_both(async |test| {
        let key = test
            .db
            .write(|tx| {
                let known_by = [Identity::Phone("+254700000101".parse().unwrap())];
                Ok::<_, StoreError>(
                    contacts::find_or_create(tx, &known_by, None, marketplace::Language::default())?.data_key,
                )
            })
            .await
            .unwrap();
        let intake = Intake::new(test.db.clone());
        intake.accept(&body(&[message("wamid.1", &from_number())], &[])).await.unwrap();
        assert_eq!(waiting(test).await[0].data_key, key);
    });
}

#[test]
fn a_status_is_its_recipients_data_but_not_sent_by_them() {
    on_both(async |test| {
        let intake = Intake::new(test.db.clone());
        let status = json!({"id": "wamid.9", "status": "sent", "timestamp": "1790000000", "recipient_id": "254700000101"});
        intake.accept(&body(&[message("wamid.1", &from_number())], &[status])).await.unwrap();
        let events = waiting(test).await;
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["message", "status"]);
        assert_eq!(events[0].data_key, events[1].data_key);
        assert!(events[0].sender_hash.is_some() && events[1].sender_hash.is_none());
        assert_eq!(events[0].phone_number_id.as_deref(), Some("106540352242922"));
    });
}

#[test]
fn a_payload_opens_to_a_webhook_of_that_one_event() {
    on_both(async |test| {
        let intake = Intake::new(test.db.clone());
        let mut nul = message("wamid.1", &from_number());
        nul["text"]["body"] = json!("before\u{0}after");
        let webhook = body(&[nul, message("wamid.2", &from_number())], &[]);
        intake.accept(&webhook).await.unwrap();
        let events = waiting(test).await;
        let payload = events[0].payload.as_deref().unwrap();
        let again = split(payload.as_bytes()).unwrap();
        assert_eq!(again.len(), 1);
        assert!(payload.contains("before\\u0000after"), "{payload}");
        let report = intake.accept(payload.as_bytes()).await.unwrap();
        assert_eq!(report, IntakeReport { stored: 0, duplicates: 1, dead: 0 });
    });
}

#[test]
fn a_faulty_event_is_a_dead_letter_and_harms_no_other() {
    on_both(async |test| {
        let intake = Intake::new(test.db.clone());
        let webhook = body(&[message("wamid.1", &json!({})), message("wamid.2", &from_number())], &[]);
        let report = intake.accept(&webhook).await.unwrap();
        assert_eq!(report, IntakeReport { stored: 2, duplicates: 0, dead: 1 });
        assert_eq!(waiting(test).await.len(), 1);
        let letters = letters(test).await;
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].reason, "no_sender");
        assert_eq!(letters[0].source, DeadLetterSource::Intake);
        // Its reference is the event, which a person can put back among those that wait.
        let id: EventId = letters[0].reference.parse().unwrap();
        assert!(test.db.write(move |tx| inbound::revive(tx, id)).await.unwrap());
        assert_eq!(waiting(test).await.len(), 2);
    });
}

#[test]
fn an_unreadable_body_is_one_dead_letter_however_often_it_comes() {
    on_both(async |test| {
        let intake = Intake::new(test.db.clone());
        let deep = [b"[".repeat(126), b"]".repeat(126)].concat();
        let long = "x".repeat(DETAIL_MAX + 1).into_bytes();
        let bodies: [(&[u8], &str); 6] = [
            (b"", "not_json"),
            (b"{\"entry\":", "not_json"),
            (b"\xff\xfe\x00", "not_json"),
            (b"[1]", "not_an_object"),
            (&deep, "too_deep"),
            (&long, "not_json"),
        ];
        for (body, reason) in bodies {
            let before: BTreeSet<_> =
                letters(test).await.into_iter().map(|letter| letter.reference).collect();
            for _ in 0..3 {
                let report = intake.accept(body).await.unwrap();
                assert_eq!(report, IntakeReport { stored: 0, duplicates: 0, dead: 1 });
            }
            let after = letters(test).await;
            let new: Vec<_> = after.iter().filter(|letter| !before.contains(&letter.reference)).collect();
            assert_eq!(new.len(), 1, "{reason}");
            assert_eq!(new[0].reason, reason);
            let detail = new[0].detail.as_deref().unwrap();
            assert!(detail.len() <= DETAIL_MAX);
        }
        assert_eq!(waiting(test).await.len(), 0);
    });
}

#[test]
fn what_was_received_is_dated_by_the_domains_clock() {
    on_both(async |test| {
        Intake::new(test.db.clone()).accept(&body(&[message("wamid.1", &from_number())], &[])).await.unwrap();
        assert_eq!(waiting(test).await[0].received_at, store::testing::START);
        let real = Db { clock: std::sync::Arc::new(SystemClock), ..test.db.clone() };
        Intake::new(real).accept(&body(&[message("wamid.2", &from_number())], &[])).await.unwrap();
        assert!(waiting(test).await.iter().any(|event| event.received_at != store::testing::START));
    });
}

#[test]
fn a_closed_store_is_an_error() {
    on_both(async |test| {
        let intake = Intake::new(test.db.clone());
        intake.check().await.unwrap();
        test.store.close().await;
        for body in [body(&[message("wamid.1", &from_number())], &[]), b"not json".to_vec()] {
            let IntakeError::Store(error) = intake.accept(&body).await.unwrap_err();
            assert!(error.is_unavailable(), "{error}");
        }
        intake.check().await.unwrap_err();
    });
}
