//! What each answer of Meta's proves.

use marketplace::RequestState;
use meta_client::{Recipient, SendErrorClass};
use moltbot_contract::OutreachStatus;
use store::{
    contacts, outbox,
    outbox::{NewSend, Purpose, SendState},
    testing::{START, on_both},
};

use super::world::{CLIENT, World, refused, retry, unknown, wamid_of};
use crate::dispatch::Hold;

#[test]
fn accepted_is_recorded_with_metas_id() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.state(id).await, (SendState::Accepted, None));
        let wamid = wamid_of(id);
        let found = store.db.read(move |tx| outbox::find_by_wamid(tx, &wamid)).await.unwrap();
        assert_eq!(found, Some(id));
        let sent = world.meta.sent().remove(0);
        assert_eq!(sent.intent_id(), id.to_string());
        assert_eq!(sent.to(), &Recipient::Phone(CLIENT.parse().unwrap()));
        assert_eq!(world.audit().await, ["send.accepted"]);
        assert!(!world.step().await.did_work());
    });
}

#[test]
fn a_throttled_pair_waits_and_keeps_its_place() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.to_client("one").await;
        world.to_client("two").await;
        for pause in [6, 6, 16] {
            world.meta.will(retry(Some(131_056), Some(6)));
            assert_eq!(world.step().await.retried, 1);
            // Others go on meanwhile.
            world.queue(world.vendor, Purpose::VendorMessage, "other").await;
            assert_eq!(world.step().await.accepted, 1);
            world.advance(pause - 1);
            assert!(!world.step().await.did_work());
            world.advance(1);
        }
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.step().await.accepted, 1);
        let to_client: Vec<_> =
            world.meta.wire().into_iter().filter(|line| line.starts_with("text")).collect();
        assert_eq!(to_client, ["text one", "text one", "text one", "text one", "text two"]);
    });
}

#[test]
fn a_throttled_number_rests_as_a_whole() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.meta.will(retry(Some(80_007), Some(60)));
        world.to_client("one").await;
        assert_eq!(world.step().await.hold, Some(Hold::Throttled));
        world.queue(world.vendor, Purpose::VendorMessage, "other").await;
        world.advance(59);
        assert_eq!(world.step().await.hold, Some(Hold::Throttled));
        assert_eq!(world.meta.wire().len(), 1);
        world.advance(1);
        assert_eq!(world.step().await.accepted + world.step().await.accepted, 2);
    });
}

#[test]
fn without_a_connection_it_is_tried_again_until_its_tries_are_over() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        let mut pauses = Vec::new();
        for attempt in 1..=20 {
            world.meta.will(retry(None, None));
            let report = world.step().await;
            assert_eq!(
                (report.retried, report.failed),
                (usize::from(attempt < 20), usize::from(attempt == 20))
            );
            let mut pause = 0;
            while attempt < 20 && pause < 100 {
                pause += 1;
                world.advance(1);
                let now = marketplace::Clock::now(&*store.clock);
                let due = store
                    .db
                    .read(move |tx| {
                        assert_eq!(tx.now, now);
                        outbox::sendable(tx, &super::world::number(), 1)
                    })
                    .await
                    .unwrap();
                if !due.is_empty() {
                    break;
                }
            }
            pauses.push(pause);
        }
        assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(world.state(id).await, (SendState::Failed, Some("retries_exhausted".to_owned())));
        assert_eq!(world.audit().await, ["send.failed retries_exhausted"]);
        assert_eq!(world.dead_letters().await, ["retries_exhausted"]);
        assert_eq!(world.meta.wire().len(), 20);
    });
}

#[test]
fn a_retry_that_would_come_too_late_is_a_failure() {
    on_both(async |store| {
        let world = World::new(store).await;
        let soon = |new: &mut NewSend| new.not_after = Some(START);
        let id = world.queue_with(world.client, Purpose::ClientMessage, "hello", soon).await;
        world.meta.will(retry(Some(131_056), Some(6)));
        assert_eq!(world.step().await.failed, 1);
        assert_eq!(world.state(id).await.1.as_deref(), Some("retries_exhausted"));
    });
}

#[test]
fn a_doubt_is_never_sent_again_and_holds_the_next_for_a_while() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("one").await;
        world.to_client("two").await;
        world.meta.will(unknown());
        assert_eq!(world.step().await.unknown, 1);
        world.advance(29);
        assert!(!world.step().await.did_work());
        world.advance(1);
        assert_eq!(world.step().await.accepted, 1);
        for _ in 0..5 {
            world.advance(3_600);
            assert!(!world.step().await.did_work());
        }
        assert_eq!(world.state(id).await, (SendState::Unknown, Some("answer_in_doubt".to_owned())));
        assert_eq!(world.meta.wire(), ["text one", "text two"]);
        assert_eq!(world.audit().await, ["send.unknown answer_in_doubt", "send.accepted"]);
    });
}

#[test]
fn a_refusal_is_final() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.inquiry("do you have it?").await;
        world.meta.will(refused(SendErrorClass::Recipient, 131_026));
        assert_eq!(world.step().await.failed, 1);
        assert_eq!(world.state(id).await, (SendState::Failed, Some("meta_131026".to_owned())));
        assert_eq!(world.outreach().await, OutreachStatus::Failed);
        assert_eq!(world.wakes().await, ["send_failed"]);
        assert_eq!(world.audit().await, ["send.failed meta_131026"]);
        world.advance(3_600);
        assert!(!world.step().await.did_work());
    });
}

#[test]
fn a_refused_inquiry_of_a_closed_request_wakes_nobody() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.inquiry("do you have it?").await;
        world.set_state(RequestState::Closed).await;
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.outreach().await, OutreachStatus::Failed);
        assert_eq!(world.wakes().await, [""; 0]);
    });
}

#[test]
fn metas_closed_window_outranks_ours_and_the_template_goes_instead() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        world.meta.will(refused(SendErrorClass::Window, 131_047));
        assert_eq!(world.step().await.retried, 1);
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.meta.wire(), ["text hello", "concierge_client_update_v1 hello"]);
        assert_eq!(world.state(id).await.0, SendState::Accepted);
        assert_eq!(world.audit().await, ["send.window_closed meta_131047", "send.accepted"]);
    });
}

#[test]
fn a_closed_window_without_a_template_or_with_one_refused_is_a_failure() {
    on_both(async |store| {
        let world = World::new(store).await;
        let bare = |new: &mut NewSend| new.payload.template = None;
        let first = world.queue_with(world.client, Purpose::ClientMessage, "one", bare).await;
        world.meta.will(refused(SendErrorClass::Window, 131_047));
        assert_eq!(world.step().await.failed, 1);
        let second = world.to_client("two").await;
        world.meta.will(refused(SendErrorClass::Window, 131_047));
        assert_eq!(world.step().await.failed, 1);
        for id in [first, second] {
            assert_eq!(world.state(id).await, (SendState::Failed, Some("meta_131047".to_owned())));
        }
        assert_eq!(world.meta.wire(), ["text one", "concierge_client_update_v1 two"]);
    });
}

#[test]
fn an_opt_out_known_to_meta_becomes_ours() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.to_client("one").await;
        world.to_client("two").await;
        world.meta.will(refused(SendErrorClass::OptOut, 131_050));
        assert_eq!(world.step().await.failed, 1);
        assert_eq!(world.step().await.cancelled, 1);
        let client = world.client;
        let contact = store.db.read(move |tx| contacts::load(tx, client)).await.unwrap();
        assert!(contact.opted_out_at.is_some());
        assert_eq!(
            world.audit().await,
            ["contact.opted_out meta_131050", "send.failed meta_131050", "send.cancelled opted_out"]
        );
    });
}

#[test]
fn a_refused_token_stops_the_number_and_spares_the_queue() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("one").await;
        let other = world.queue(world.vendor, Purpose::VendorMessage, "two").await;
        for _ in 0..2 {
            world.meta.will(refused(SendErrorClass::Token, 190));
        }
        let hold = Some(Hold::Operator { class: SendErrorClass::Token, code: 190 });
        assert_eq!(world.step().await.hold, hold);
        for _ in 0..4 {
            world.advance(60);
            assert_eq!(world.step().await.hold, hold);
        }
        assert_eq!(world.meta.wire().len(), 2);
        world.advance(60);
        // Still refused: one tries for all.
        world.meta.will(refused(SendErrorClass::Token, 190));
        assert_eq!(world.step().await.hold, hold);
        assert_eq!(world.meta.wire().len(), 3);
        world.advance(300);
        assert_eq!((world.step().await.accepted, world.step().await.accepted), (1, 1));
        for id in [id, other] {
            assert_eq!(world.state(id).await.0, SendState::Accepted);
        }
    });
}

#[test]
fn one_restricted_country_does_not_stop_the_number() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.to_client("one").await;
        world.meta.will(refused(SendErrorClass::Policy, 130_497));
        let report = world.step().await;
        assert_eq!((report.failed, report.hold), (1, None));
    });
}
