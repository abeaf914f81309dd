//! STOP against what runs with a person: from intake through router and dispatcher.

use conversation::{Sentence, catalogue};
use marketplace::{ActorKind, Clock as _, ContactId, Language, RequestState};
use moltbot_contract::{BatchStatus, OutreachStatus};
use serde_json::{Value, json};
use store::{
    contacts,
    outbox::{self, Purpose, SendState},
    requests, sourcing,
    testing::{TestStore, on_both},
};
use strum::IntoEnumIterator as _;
use tools::Policy;

use super::world::{CALLING, CLIENT, VENDOR, World, number};
use crate::{intake::Intake, router::Router};

/// A world whose people write to us.
struct Line<'a> {
    world: World<'a>,
    intake: Intake,
    router: Router,
}

impl<'a> Line<'a> {
    async fn new(store: &'a TestStore) -> Self {
        let world = World::new(store).await;
        world.write(|tx| Ok(store::flags::set(tx.conn, store::flags::Flag::Calling, true, tx.now)?)).await;
        let router = Router::new(store.db.clone(), vec![number()], CALLING, "test".to_owned());
        Self { world, intake: Intake::new(store.db.clone()), router }
    }

    /// The message is stored and not yet placed.
    async fn arrives(&self, from: &str, mut message: Value) {
        self.world.advance(1);
        let now = self.world.store.clock.now();
        message["id"] = json!(format!("wamid.in{}", now.as_millis()));
        message["timestamp"] = json!(now.as_seconds().to_string());
        message["from"] = json!(from.trim_start_matches('+'));
        let body = json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "15550100001", "phone_number_id": number().as_str() },
                "contacts": [{ "wa_id": from.trim_start_matches('+') }],
                "messages": [message],
            }}]}],
        });
        assert_eq!(self.intake.accept(body.to_string().as_bytes()).await.unwrap().dead, 0);
    }

    async fn routes(&self) {
        assert_eq!(self.router.step().await.unwrap().failed, 0);
    }

    async fn says(&self, from: &str, message: Value) {
        self.arrives(from, message).await;
        self.routes().await;
    }

    async fn writes(&self, from: &str, text: &str) {
        self.says(from, text_of(text)).await;
    }

    /// Steps until nothing moves, and what went over the wire in them.
    async fn sends(&self) -> Vec<String> {
        let before = self.world.meta.wire().len();
        for _ in 0..24 {
            self.world.step().await;
            self.world.advance(2);
        }
        self.world.meta.wire().split_off(before)
    }

    async fn is_out(&self, contact: ContactId) -> bool {
        self.world.write(move |tx| Ok(contacts::load(tx, contact)?.opted_out_at.is_some())).await
    }

    async fn request_state(&self) -> RequestState {
        let request = self.world.request;
        self.world.write(move |tx| Ok(requests::load(tx, request)?.state)).await
    }
}

fn text_of(text: &str) -> Value {
    json!({ "type": "text", "text": { "body": text } })
}

fn confirmed(language: Language) -> String {
    format!("text {}", catalogue::text(language, &Sentence::StopConfirmed))
}

/// Where an outreach is when somebody says STOP.
#[derive(Debug, Clone, Copy, strum::EnumIter)]
enum Step {
    Queued,
    Accepted,
    Replied,
    Shortlisted,
    Escalated,
    HandedOff,
}

impl Step {
    async fn reach(self, line: &Line<'_>) {
        let (world, request) = (&line.world, line.world.request);
        world.inquiry("do you have it?").await;
        if matches!(self, Self::Queued) {
            return;
        }
        world.step().await;
        if matches!(self, Self::Accepted) {
            return;
        }
        world
            .write(move |tx| {
                let guard = requests::lock(tx, request)?;
                let asked = sourcing::outreaches_of(tx, request)?.remove(0);
                tools::outreach::settle(tx, &guard, &asked, OutreachStatus::Replied)
            })
            .await;
        match self {
            Self::Shortlisted => world.set_state(RequestState::Shortlisted).await,
            Self::Escalated => world.set_state(RequestState::Escalated).await,
            Self::HandedOff => world.set_state(RequestState::HandedOff).await,
            _ => {}
        }
    }
}

/// Queues one message of every purpose, as the bot and as a person.
async fn queue_everything(world: &World<'_>, to: ContactId) {
    for purpose in Purpose::iter().filter(|purpose| *purpose != Purpose::StopConfirmation) {
        for author in [ActorKind::Orchestrator, ActorKind::Human] {
            world.queue_with(to, purpose, "more", |new| new.author = author).await;
        }
    }
}

#[test]
fn nothing_is_sent_to_whoever_said_stop_whatever_was_running() {
    for step in Step::iter() {
        for vendor_says_it in [true, false] {
            on_both(async |store| stop_at(store, step, vendor_says_it).await);
        }
    }
}

async fn stop_at(store: &TestStore, step: Step, vendor_says_it: bool) {
    let line = Line::new(store).await;
    let world = &line.world;
    let (from, who) = if vendor_says_it { (VENDOR, world.vendor) } else { (CLIENT, world.client) };
    step.reach(&line).await;
    queue_everything(world, who).await;
    // Stored is enough to hold what is queued; placed ends it.
    line.arrives(from, text_of("STOP")).await;
    world.step().await;
    assert!(!world.meta.wire().iter().any(|line| line.contains("more")), "{step:?}");
    line.routes().await;
    let sent = line.sends().await;
    assert_eq!(sent, [confirmed(Language::En)], "{step:?} {vendor_says_it}");
    queue_everything(world, who).await;
    assert_eq!(line.sends().await, [""; 0], "{step:?} {vendor_says_it}");
    let queued = world.write(move |tx| Ok(outbox::queued_to(tx, who)?)).await;
    assert_eq!(queued, [], "{step:?} {vendor_says_it}");
}

#[test]
fn a_clients_stop_closes_the_request_and_its_vendors_are_asked_no_further() {
    on_both(async |store| {
        let line = Line::new(store).await;
        let world = &line.world;
        let inquiry = world.inquiry("do you have it?").await;
        line.writes(CLIENT, "Stop please").await;
        assert_eq!(world.state(inquiry).await, (SendState::Cancelled, Some("opted_out".to_owned())));
        assert_eq!(line.request_state().await, RequestState::Closed);
        assert_eq!(world.outreach().await, OutreachStatus::Silent);
        let audit = world.audit().await;
        assert!(audit.contains(&"state.changed client_opted_out".to_owned()), "{audit:?}");
        assert_eq!(world.system_audit().await, ["contact.opted_out"]);
        assert_eq!(line.sends().await, [confirmed(Language::En)]);
        assert_eq!(world.dead_letters().await, [""; 0]);
    });
}

#[test]
fn a_stop_ends_a_request_that_a_person_has() {
    on_both(async |store| {
        let line = Line::new(store).await;
        let request = line.world.request;
        line.world
            .write(move |tx| {
                let mut guard = requests::lock(tx, request)?;
                requests::set_control(tx, &mut guard, marketplace::Control::Human)?;
                Ok(requests::set_state(tx, &mut guard, RequestState::Escalated)?)
            })
            .await;
        line.writes(CLIENT, "STOP").await;
        assert_eq!(line.request_state().await, RequestState::Closed);
    });
}

#[test]
fn a_vendors_stop_settles_the_batch_and_wakes_the_lane() {
    on_both(async |store| {
        let line = Line::new(store).await;
        let world = &line.world;
        world.inquiry("do you have it?").await;
        world.step().await;
        line.writes(VENDOR, "ACHA").await;
        let request = world.request;
        let batches = world.write(move |tx| Ok(sourcing::batches_of(tx, request)?)).await;
        assert_eq!(batches[0].status, BatchStatus::Settled);
        assert_eq!(world.outreach().await, OutreachStatus::Failed);
        assert_eq!(world.wakes().await, ["vendor_opted_out"]);
        assert_eq!(line.request_state().await, RequestState::Sourcing);
        // The directory says English: that is the language of the answer, whatever the word's.
        assert_eq!(line.sends().await, [confirmed(Language::En)]);
    });
}

#[test]
fn a_list_that_shows_a_vendor_who_said_stop_is_made_anew() {
    on_both(async |store| {
        let line = Line::new(store).await;
        let (world, vendor) = (&line.world, line.world.vendor);
        Step::Replied.reach(&line).await;
        let request = world.request;
        world
            .write(move |tx| {
                let guard = requests::lock(tx, request)?;
                let asked = sourcing::outreaches_of(tx, request)?.remove(0);
                let message = outbox::of_request(tx, request)?.remove(0).message;
                let reply = sourcing::Reply {
                    id: marketplace::ReplyId::generate(tx.ids),
                    vendor: asked.vendor.clone(),
                    message,
                    availability: moltbot_contract::Availability::InStock,
                    price: None,
                    eta: None,
                    confidence: 0.9,
                    created_at: tx.now,
                };
                sourcing::insert_reply(tx, &guard, &asked, &reply)?;
                sourcing::insert_shortlist(tx, &guard, &[(asked.vendor, reply.id)])?;
                Ok(())
            })
            .await;
        world.set_state(RequestState::Shortlisted).await;
        line.writes(VENDOR, "unsubscribe").await;
        assert_eq!(line.request_state().await, RequestState::Sourcing);
        assert!(line.is_out(vendor).await);
        let pack = world
            .write(move |tx| {
                let guard = requests::lock(tx, request)?;
                tools::context_pack(tx, Policy::default(), &guard)
            })
            .await;
        assert_eq!(pack.replies, [], "nobody is offered whom nobody may write to");
    });
}

/// How a word reaches us beside a text.
fn shapes(word: &str) -> [Value; 4] {
    [
        json!({ "type": "button", "button": { "payload": word, "text": word } }),
        json!({ "type": "button", "button": { "payload": "campaign-7", "text": word } }),
        json!({ "type": "interactive", "interactive": {
            "type": "button_reply", "button_reply": { "id": "campaign:stop", "title": word } } }),
        json!({ "type": "image", "image": { "id": "1", "mime_type": "image/jpeg", "sha256": "00", "caption": word } }),
    ]
}

#[test]
fn a_button_and_a_caption_stop_too() {
    on_both(async |store| {
        let line = Line::new(store).await;
        let client = line.world.client;
        for word in ["Stop promotions", "Detener promociones", "Acha matangazo"] {
            for message in shapes(word) {
                line.says(CLIENT, message.clone()).await;
                assert!(line.is_out(client).await, "{message}");
                line.writes(CLIENT, "START").await;
                assert!(!line.is_out(client).await);
            }
        }
        // Our own button carries a vendor's name, not a word of the client's.
        let prompt = line.world.load(line.world.to_client("?").await).await.message;
        let own = conversation::ButtonId::Consent { prompt, yes: true };
        let reply =
            json!({ "type": "button_reply", "button_reply": { "id": own.to_string(), "title": "Stop" } });
        line.says(CLIENT, json!({ "type": "interactive", "interactive": reply })).await;
        assert!(!line.is_out(client).await);
    });
}

#[test]
fn one_stop_is_confirmed_once_in_the_persons_language_and_start_leads_back() {
    on_both(async |store| {
        let line = Line::new(store).await;
        let client = line.world.client;
        // By the third time they have twice written English.
        for (word, language) in [("توقف", Language::Ar), ("SAIR", Language::Ar), ("stop", Language::En)] {
            line.writes(CLIENT, word).await;
            assert_eq!(line.sends().await, [confirmed(language)], "{word}");
            for said in [word, "hello?", "I need brake pads"] {
                line.writes(CLIENT, said).await;
                assert_eq!(line.sends().await, [""; 0], "{said}");
            }
            assert!(line.is_out(client).await);
            line.writes(CLIENT, "ابدأ").await;
            let back = format!("text {}", catalogue::text(language, &Sentence::StartConfirmed));
            assert_eq!(line.sends().await, [back]);
            // What comes right after START is a message like any other.
            line.writes(CLIENT, "I need brake pads for a Corolla").await;
            let open = line.world.write(move |tx| Ok(requests::open_of_client(tx, client)?)).await;
            assert!(open.is_some());
        }
        let told = line.world.system_audit().await;
        assert_eq!(told.iter().filter(|line| *line == "contact.opted_out").count(), 3, "{told:?}");
        assert_eq!(told.iter().filter(|line| *line == "message.refused opted_out").count(), 9, "{told:?}");
    });
}

#[test]
fn a_start_that_is_older_than_the_stop_changes_nothing() {
    on_both(async |store| {
        let line = Line::new(store).await;
        let client = line.world.client;
        let before = store.clock.now().as_seconds();
        line.world.advance(60);
        line.writes(CLIENT, "STOP").await;
        let body = json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "15550100001", "phone_number_id": number().as_str() },
                "messages": [{ "id": "wamid.old", "timestamp": before.to_string(), "type": "text",
                    "from": CLIENT.trim_start_matches('+'), "text": { "body": "START" } }],
            }}]}],
        });
        line.intake.accept(body.to_string().as_bytes()).await.unwrap();
        line.routes().await;
        assert!(line.is_out(client).await);
    });
}
