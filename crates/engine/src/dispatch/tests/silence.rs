//! What Meta took and nobody answers: from the dispatcher over the timer to the question whether we may call.

use std::{sync::Arc, time::Duration};

use moltbot_contract::Urgency;
use store::{
    messages::{self, Direction, MessageKind, NewMessage, Party},
    requests,
    testing::on_both,
    timers::{self, TimerKind},
};
use tools::Policy;

use super::world::{World, unknown, wamid_of};
use crate::{brain::NoBrain, turn::TurnRunner};

const ON: Policy = Policy { ai_concierge: false, ocr: false, calling: true, ..Policy::OFF };

/// The client wrote that it is urgent, and the request knows.
async fn urgent(world: &World<'_>) {
    let (request, client) = (world.request, world.client);
    world
        .write(move |tx| {
            let said = NewMessage {
                request: Some(request),
                contact: client,
                direction: Direction::In,
                party: Party::Client,
                kind: MessageKind::Text,
                body: "brake pads for a Corolla, urgent!".to_owned(),
                also_sealed_by: Vec::new(),
                button_id: None,
                wamid: Some("wamid.urgent".to_owned()),
                quoted_wamid: None,
                meta_at: tx.now,
            };
            messages::insert(tx, &said)?;
            let mut guard = requests::lock(tx, request)?;
            let facts = requests::FactChanges { urgency: Some(Urgency::Urgent), ..Default::default() };
            Ok(requests::set_facts(tx, &mut guard, &facts)?)
        })
        .await;
    world.advance(1);
}

async fn waits(world: &World<'_>) -> bool {
    let request = world.request;
    let waits = world.store.db.read(move |tx| timers::waits(tx, request, TimerKind::Silence, "")).await;
    waits.unwrap()
}

async fn fire(world: &World<'_>, policy: Policy) -> usize {
    crate::timers::step(&world.store.db, policy).await.unwrap()
}

#[test]
fn silence_counts_from_the_moment_at_which_meta_took_the_message() {
    on_both(async |store| {
        let world = World::new(store).await;
        urgent(&world).await;
        world.inquiry("do you have it?").await;
        assert!(!waits(&world).await);
        world.step().await;
        assert!(waits(&world).await);
        world.advance(179);
        assert_eq!(fire(&world, ON).await, 0);
        world.advance(1);
        assert_eq!(fire(&world, ON).await, 1);
        assert_eq!(world.wakes().await, ["silence"]);
        assert_eq!(fire(&world, ON).await, 0);
        assert_eq!(world.audit().await, ["send.accepted", "silence.noticed urgent_no_reply"]);
    });
}

#[test]
fn a_message_in_doubt_starts_no_silence_until_a_status_proves_it() {
    on_both(async |store| {
        let world = World::new(store).await;
        urgent(&world).await;
        let id = world.inquiry("do you have it?").await;
        world.meta.will(unknown());
        world.step().await;
        assert!(!waits(&world).await);
        world.advance(60);
        world.status(meta_client::event::DeliveryStatus::Delivered, &wamid_of(id), Some(id), None).await;
        assert!(waits(&world).await);
        world.advance(179);
        assert_eq!(fire(&world, ON).await, 0);
        world.advance(1);
        fire(&world, ON).await;
        assert_eq!(world.wakes().await, ["silence"]);
    });
}

#[test]
fn with_calling_off_or_without_hurry_nobody_is_woken() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.inquiry("do you have it?").await;
        world.step().await;
        assert!(!waits(&world).await, "no hurry");
    });
    on_both(async |store| {
        let world = World::new(store).await;
        urgent(&world).await;
        world.inquiry("do you have it?").await;
        world.step().await;
        world.advance(180);
        assert_eq!(fire(&world, Policy::default()).await, 1, "settled");
        assert!(world.wakes().await.is_empty());
    });
}

/// The whole way with Moltbot off: the turn that silence wakes asks the client, and says nothing else.
#[test]
fn the_client_is_asked_whether_we_may_call_a_silent_vendor() {
    on_both(async |store| {
        let world = World::new(store).await;
        urgent(&world).await;
        world.inquiry("do you have it?").await;
        world.step().await;
        world.advance(180);
        fire(&world, ON).await;
        let brain_timeout = Duration::from_secs(1);
        let turns =
            TurnRunner::new(store.db.clone(), Arc::new(NoBrain), ON, "worker".to_owned(), brain_timeout);
        let audited = world.audit().await.len();
        world.advance(10);
        turns.step().await.unwrap();
        assert!(world.wakes().await.is_empty());
        let lines = world.audit().await.split_off(audited);
        assert_eq!(
            lines,
            [
                "marketplace.get_request_snapshot",
                "decision.coded_workflow batch_open",
                "consent.requested",
                "marketplace.request_call_consent"
            ]
        );
        world.step().await;
        let wire = world.meta.wire();
        assert_eq!(wire.len(), 2, "{wire:?}");
        assert!(wire[1].starts_with("buttons2 "), "{wire:?}");
        assert!(wire[1].contains("Do you allow a call"), "{wire:?}");
    });
}
