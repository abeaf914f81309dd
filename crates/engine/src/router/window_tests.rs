//! The 24-hour window as messages and calls open it, and what is owed to somebody who writes again.

use std::time::Duration;

use marketplace::{
    ActorKind, Clock as _, ContactId, Language, OutboxId, PhoneNumberId, RequestId, RequestState,
};
use serde_json::{Value, json};
use store::{
    Tx,
    contacts::{self, Identity},
    lanes,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload, SendState},
    requests,
    testing::{TestStore, on_both},
};
use tools::{Policy, ToolError};

use super::Router;
use crate::intake::Intake;

const NUMBER: &str = "300000000000001";
const CLIENT: &str = "254700000101";

struct Desk<'a> {
    test: &'a TestStore,
    intake: Intake,
    router: Router,
    request: RequestId,
    client: ContactId,
}

fn number() -> PhoneNumberId {
    NUMBER.parse().unwrap()
}

impl<'a> Desk<'a> {
    async fn new(test: &'a TestStore) -> Self {
        let rows = |tx: &mut Tx<'_>| {
            let known_by = [Identity::Phone(format!("+{CLIENT}").parse().unwrap())];
            let client = contacts::find_or_create(tx, &known_by, Some("Asha"), Language::En)?.id;
            let mut guard = requests::create(tx, client, &number(), Language::En)?;
            requests::set_state(tx, &mut guard, RequestState::Shortlisted)?;
            Ok::<_, ToolError>((guard.request().id, client))
        };
        let (request, client) = test.db.write(rows).await.unwrap();
        let db = test.db.clone();
        let router = Router::new(db.clone(), vec![number()], Policy::default(), "test".to_owned());
        Self { test, intake: Intake::new(db), router, request, client }
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, ToolError> + Send + 'static,
    ) -> T {
        self.test.db.write(work).await.unwrap()
    }

    /// A change of Meta's, at `field`.
    async fn webhook(&self, field: &str, mut value: Value) {
        value["messaging_product"] = json!("whatsapp");
        value["metadata"] = json!({ "display_phone_number": "15550100001", "phone_number_id": NUMBER });
        let changes = json!([{ "field": field, "value": value }]);
        let entry = json!([{ "id": "200000000000001", "changes": changes }]);
        let body = json!({ "object": "whatsapp_business_account", "entry": entry }).to_string();
        assert_eq!(self.intake.accept(body.as_bytes()).await.unwrap().dead, 0);
        assert_eq!(self.router.step().await.unwrap().failed, 0);
    }

    /// A message of the client that Meta dates `ago` before now.
    async fn wrote(&self, text: &str, ago: Duration) {
        let at = (self.test.clock.now() - ago).as_seconds().to_string();
        let message = json!({ "id": format!("wamid.{text}.{at}"), "timestamp": at, "from": CLIENT,
            "type": "text", "text": { "body": text } });
        let contact = json!({ "wa_id": CLIENT });
        self.webhook("messages", json!({ "contacts": [contact], "messages": [message] })).await;
    }

    /// The client calls us; nobody picks up.
    async fn called(&self, wacid: &str, from: &str, ago: Duration) {
        let at = (self.test.clock.now() - ago).as_seconds().to_string();
        let session = json!({ "sdp_type": "offer", "sdp": "v=0\r\n" });
        let connect = json!({ "id": wacid, "event": "connect", "timestamp": at, "direction": "USER_INITIATED",
            "from": from, "to": "15550100001", "session": session });
        self.webhook("calls", json!({ "calls": [connect] })).await;
    }

    async fn is_open(&self) -> bool {
        let client = self.client;
        self.write(move |tx| Ok(contacts::window_is_open(tx, client, &number())?)).await
    }

    async fn closed_by_meta(&self) {
        let client = self.client;
        self.write(move |tx| Ok(contacts::close_window(tx, client, &number(), tx.now)?)).await;
    }

    /// A message that went out as "there is news".
    async fn announced(&self, body: &'static str) -> OutboxId {
        let (request, client) = (self.request, self.client);
        self.write(move |tx| {
            let guard = requests::lock(tx, request)?;
            let message = NewMessage {
                request: Some(request),
                contact: client,
                direction: Direction::Out,
                party: Party::Client,
                kind: MessageKind::Text,
                body: body.to_owned(),
                also_sealed_by: Vec::new(),
                button_id: None,
                wamid: None,
                quoted_wamid: None,
                meta_at: tx.now,
            };
            let message = messages::insert(tx, &message)?;
            let new = NewSend {
                contact: client,
                message,
                purpose: Purpose::ClientMessage,
                author: ActorKind::Orchestrator,
                payload: SendPayload {
                    body: body.to_owned(),
                    buttons: Vec::new(),
                    template: None,
                    reply_to: None,
                },
                also_sealed_by: Vec::new(),
                not_after: None,
            };
            let id = outbox::enqueue(tx, &guard, &new)?;
            outbox::mark_sending(tx, id, 1)?;
            outbox::set_owed(tx, id, true)?;
            outbox::advance(tx, id, SendState::Delivered, None, None)?;
            Ok(id)
        })
        .await
    }

    /// The texts that wait in the queue, in their order.
    async fn queued(&self) -> Vec<String> {
        let request = self.request;
        let sends = self.write(move |tx| Ok(outbox::of_request(tx, request)?)).await;
        let waiting = sends.into_iter().filter(|send| send.state == SendState::Queued);
        waiting.map(|send| send.payload.unwrap().body).collect()
    }

    async fn mailbox(&self) -> usize {
        let request = self.request;
        self.write(move |tx| Ok(lanes::pending(tx, request)?.len())).await
    }
}

#[test]
fn a_message_and_a_call_open_the_window() {
    on_both(async |test| {
        let desk = Desk::new(test).await;
        assert!(!desk.is_open().await);
        desk.wrote("hello", Duration::from_secs(5)).await;
        assert!(desk.is_open().await);
        test.clock.advance(contacts::WINDOW);
        assert!(!desk.is_open().await);
        // Nobody picks up: it opens all the same, and says so.
        desk.called("wacid.1", CLIENT, Duration::from_secs(2)).await;
        assert!(desk.is_open().await);
        let records: Result<_, store::StoreError> =
            test.store.read(|conn| store::audit_log::chain_records(conn, audit::ChainId::System)).await;
        let missed = records.unwrap().into_iter().filter(|record| record.action == "call.missed").count();
        assert_eq!(missed, 1);
        // A stranger's call makes nobody known.
        desk.called("wacid.2", "254799999999", Duration::ZERO).await;
        let stranger = [Identity::Phone("+254799999999".parse().unwrap())];
        assert_eq!(desk.write(move |tx| Ok(contacts::find(tx, &stranger)?)).await, None);
    });
}

#[test]
fn what_came_before_metas_refusal_does_not_open_the_window_again() {
    on_both(async |test| {
        let desk = Desk::new(test).await;
        desk.wrote("hello", Duration::from_mins(1)).await;
        desk.closed_by_meta().await;
        desk.wrote("late", Duration::from_secs(30)).await;
        desk.called("wacid.1", CLIENT, Duration::from_secs(10)).await;
        assert!(!desk.is_open().await, "both are older than the refusal");
        desk.wrote("old", contacts::WINDOW + Duration::from_secs(1)).await;
        assert!(!desk.is_open().await);
        test.clock.advance(Duration::from_secs(1));
        desk.wrote("now", Duration::ZERO).await;
        assert!(desk.is_open().await);
    });
}

#[test]
fn who_was_told_of_news_gets_it_whole_once() {
    on_both(async |test| {
        let desk = Desk::new(test).await;
        let first = desk.announced("1. Duka\n2. Soko").await;
        desk.announced("a\nb").await;
        test.clock.advance(Duration::from_secs(1));
        desk.wrote("Ok", Duration::ZERO).await;
        assert_eq!(desk.queued().await, ["1. Duka\n2. Soko", "a\nb"]);
        assert_eq!(desk.mailbox().await, 0, "the list is the answer");
        test.clock.advance(Duration::from_secs(1));
        desk.wrote("ok", Duration::ZERO).await;
        assert_eq!(desk.queued().await.len(), 2, "once");
        assert_eq!(desk.mailbox().await, 1, "an ordinary message again");
        let request = desk.request;
        let sends = desk.write(move |tx| Ok(outbox::of_request(tx, request)?)).await;
        let again = sends.iter().find(|send| send.state == SendState::Queued).unwrap();
        let before = sends.iter().find(|send| send.id == first).unwrap();
        assert_eq!(again.message, before.message, "the same message");
        assert!(again.not_after.is_some());
    });
}

/// Other words are worked as ever, after the text that they have not seen; a number chooses nothing on it.
#[test]
fn other_words_are_worked_too_and_a_number_picks_nothing_unseen() {
    on_both(async |test| {
        for (text, worked) in [("is it new?", 1), ("2", 0), ("cancel", 1)] {
            let desk = Desk::new(test).await;
            desk.announced("1. Duka\n2. Soko").await;
            test.clock.advance(Duration::from_secs(1));
            desk.wrote(text, Duration::ZERO).await;
            assert_eq!(desk.queued().await, ["1. Duka\n2. Soko"], "{text}");
            assert_eq!(desk.mailbox().await, worked, "{text}");
            let request = desk.request;
            desk.write(move |tx| {
                let mut guard = requests::lock(tx, request)?;
                Ok(requests::set_state(tx, &mut guard, RequestState::Closed)?)
            })
            .await;
        }
    });
}

#[test]
fn an_old_message_and_a_takeover_bring_nothing() {
    on_both(async |test| {
        let desk = Desk::new(test).await;
        desk.announced("1. Duka\n2. Soko").await;
        desk.wrote("ok", contacts::WINDOW + Duration::from_secs(1)).await;
        assert_eq!(desk.queued().await, [""; 0], "it would be announced again");
        let request = desk.request;
        desk.write(move |tx| {
            let mut guard = requests::lock(tx, request)?;
            Ok(requests::set_control(tx, &mut guard, marketplace::Control::Human)?)
        })
        .await;
        test.clock.advance(Duration::from_secs(1));
        desk.wrote("ok", Duration::ZERO).await;
        assert_eq!(desk.queued().await, [""; 0], "a person has the word");
    });
}
