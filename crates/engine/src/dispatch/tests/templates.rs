//! What goes out outside the window, and what becomes of a template that Meta refuses.

use marketplace::Language;
use meta_client::{SendErrorClass, event::DeliveryStatus, outbound::Content};
use moltbot_contract::OutreachStatus;
use serde_json::json;
use store::{
    outbox::{self, NewSend, Purpose, SendState},
    requests, template_faults,
    testing::{START, on_both},
};

use super::world::{World, number, refused, wamid_of};
use crate::templates::TemplateCatalogue;

const DAY: u64 = 24 * 60 * 60;

fn bilingual() -> TemplateCatalogue {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("templates.json");
    let entry = |purpose: &str| {
        let languages = json!({"en": "en", "sw": "sw"});
        json!({"name": format!("concierge_{purpose}_v1"), "parameters": 1, "languages": languages})
    };
    let purposes = ["vendor_inquiry", "client_update", "handoff_client", "handoff_vendor"];
    let file: serde_json::Map<_, _> =
        purposes.iter().map(|purpose| ((*purpose).to_owned(), entry(purpose))).collect();
    std::fs::write(&path, serde_json::Value::Object(file).to_string()).unwrap();
    TemplateCatalogue::load(&path).unwrap()
}

async fn speaks_swahili(world: &World<'_>) {
    let request = world.request;
    world
        .write(move |tx| {
            let mut guard = requests::lock(tx, request)?;
            let language = Some(Language::Sw);
            Ok(requests::set_facts(
                tx,
                &mut guard,
                &requests::FactChanges { language, ..Default::default() },
            )?)
        })
        .await;
}

fn languages_of(world: &World<'_>) -> Vec<String> {
    let language = |message: &meta_client::OutboundMessage| match message.content() {
        Content::Template { language, .. } => language.clone(),
        _ => "free text".to_owned(),
    };
    world.meta.sent().iter().map(language).collect()
}

#[test]
fn a_long_message_is_announced_and_owed_in_full() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.advance(DAY + 1);
        let pick = |new: &mut NewSend| {
            new.payload.buttons = vec![("pick:v-1".to_owned(), "1. Duka".to_owned())];
        };
        let one_line = world.to_client("A vendor asks: front or rear?").await;
        let list = world.queue_with(world.client, Purpose::ClientMessage, "1. Duka\n2. Soko", pick).await;
        let lines = world.to_client("first\n\nsecond").await;
        let to_vendor = world.queue(world.vendor, Purpose::VendorMessage, "And\nthis?").await;
        for _ in 0..4 {
            world.step().await;
        }
        let mut wire = world.meta.wire();
        wire.sort();
        assert_eq!(
            wire,
            [
                "concierge_client_update_v1 A vendor asks: front or rear?",
                "concierge_client_update_v1 I have news on your request. Reply OK to read it.",
                "concierge_client_update_v1 I have offers for you. Reply OK to see them.",
                "concierge_vendor_inquiry_v1 And this?",
            ]
        );
        let (client, number) = (world.client, number());
        let owed = store.db.read(move |tx| outbox::owed_to(tx, client, &number)).await.unwrap();
        assert_eq!(owed.iter().map(|send| send.id).collect::<Vec<_>>(), [list, lines]);
        for id in [one_line, to_vendor] {
            assert_eq!(world.load(id).await.owed_at, None);
        }
    });
}

#[test]
fn a_refused_translation_is_replaced_by_english_at_once() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        world.use_templates(bilingual());
        speaks_swahili(&world).await;
        world.advance(DAY + 1);
        let first = world.to_client("one").await;
        world.meta.will(refused(SendErrorClass::Template, 132_001));
        assert_eq!(world.step().await.retried, 1);
        assert_eq!(world.state(first).await, (SendState::Queued, Some("meta_132001".to_owned())));
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.state(first).await, (SendState::Accepted, None));
        world.to_client("two").await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(languages_of(&world), ["sw", "en", "en"], "it is not tried with every message");
        // A quarter of an hour later one message tries it.
        world.advance(15 * 60);
        world.to_client("three").await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(languages_of(&world)[3], "sw");
        assert!(store.db.read(template_faults::all).await.unwrap().is_empty(), "it works again");
        assert_eq!(world.audit().await[..2], ["send.template_refused meta_132001", "send.accepted"]);
        assert_eq!(world.dead_letters().await, ["meta_132001"]);
    });
}

/// Paused in English too: what needs it waits with its batch, one message tries it now and then, and all goes when Meta
/// takes it.
#[test]
fn what_needs_a_paused_template_waits_for_it() {
    on_both(async |store| {
        let world = World::new(store).await;
        let soon = |new: &mut NewSend| new.not_after = Some(START + std::time::Duration::from_mins(10));
        let inquiry = world.inquiry("do you have it?").await;
        world.meta.will(refused(SendErrorClass::Template, 132_015));
        assert_eq!(world.step().await.retried, 1);
        let another = world.queue_with(world.vendor, Purpose::VendorMessage, "more", soon).await;
        for _ in 0..14 {
            world.advance(60);
            assert_eq!(world.step().await.accepted, 0);
        }
        assert_eq!(world.meta.wire().len(), 1, "not retried all the time");
        assert_eq!(world.state(inquiry).await, (SendState::Queued, Some("meta_132015".to_owned())));
        assert_eq!(world.state(another).await.0, SendState::Cancelled, "its own time was over");
        assert_eq!(world.outreach().await, OutreachStatus::Waiting, "nobody was asked and nobody failed");
        world.advance(60);
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.dead_letters().await, ["meta_132015"]);
    });
}

#[test]
fn a_template_that_stays_refused_is_given_up() {
    on_both(async |store| {
        let world = World::new(store).await;
        let inquiry = world.inquiry("do you have it?").await;
        let mut tried = 0;
        for _ in 0..(3 * 60) {
            world.meta.will(refused(SendErrorClass::Template, 132_016));
            let report = world.step().await;
            tried += report.retried;
            if report.cancelled > 0 {
                break;
            }
            world.advance(60);
        }
        assert!((8..=9).contains(&tried), "every quarter of an hour for two hours: {tried}");
        assert_eq!(world.state(inquiry).await, (SendState::Cancelled, Some("template_refused".to_owned())));
        assert_eq!(world.outreach().await, OutreachStatus::Failed);
        assert_eq!(world.wakes().await, ["send_failed"]);
    });
}

/// One text that does not fit says nothing of the next.
#[test]
fn a_text_that_does_not_fit_fails_alone() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.advance(DAY + 1);
        let first = world.to_client("one").await;
        world.meta.will(refused(SendErrorClass::Template, 132_005));
        assert_eq!(world.step().await.failed, 1);
        assert_eq!(world.state(first).await, (SendState::Failed, Some("meta_132005".to_owned())));
        world.to_client("two").await;
        assert_eq!(world.step().await.accepted, 1);
    });
}

#[test]
fn the_times_that_meta_names_are_kept() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        // The first comes before the answer that names the message.
        world.status(DeliveryStatus::Sent, &wamid_of(id), None, None).await;
        world.advance(1);
        world.step().await;
        world.status(DeliveryStatus::Delivered, &wamid_of(id), None, None).await;
        world.advance(1);
        world.status(DeliveryStatus::Read, &wamid_of(id), None, None).await;
        world.advance(1);
        world.status(DeliveryStatus::Delivered, &wamid_of(id), None, None).await;
        let send = world.load(id).await;
        let seconds = |at: Option<marketplace::Timestamp>| at.map(|at| at.since(START).as_secs());
        assert_eq!(
            (seconds(send.sent_at), seconds(send.delivered_at), seconds(send.read_at)),
            (Some(0), Some(1), Some(2))
        );
        assert_eq!(send.state, SendState::Read);
    });
}
