//! What a sender that died leaves behind.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use store::{
    Backend, Db, leases,
    outbox::{Purpose, SendState},
    testing::on_both,
};

use super::world::{FailingClock, GENEROUS, Meta, World, accepted, number, retry};
use crate::{
    dispatch::{Dispatcher, outcome},
    templates::TemplateCatalogue,
};

/// Lets a step get as far as the wire and no further, as a crash would.
async fn die_on_the_wire(world: &World<'_>) {
    world.meta.will_hang();
    tokio::select! {
        report = world.dispatcher.step() => panic!("the step ended: {report:?}"),
        () = world.meta.arrived.notified() => {}
    }
}

#[test]
fn what_was_on_the_wire_is_unknown_to_the_next_owner_and_never_resent() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let id = world.to_client("hello").await;
        die_on_the_wire(&world).await;
        assert_eq!(world.state(id).await.0, SendState::Sending);
        let dead = world.dispatcher.clone();
        world.restart();
        assert!(!world.step().await.leading);
        assert_eq!(world.state(id).await.0, SendState::Sending);
        match store.backend() {
            Backend::Sqlite => world.advance(61),
            // Leases run by the server's clock there, which no test moves.
            Backend::Postgres => dead.release().await.unwrap(),
        }
        let report = world.step().await;
        assert_eq!((report.leading, report.orphaned), (true, 1));
        assert_eq!(world.state(id).await, (SendState::Unknown, Some("dispatcher_lost".to_owned())));
        for _ in 0..3 {
            world.advance(3_600);
            assert!(!world.step().await.did_work());
        }
        assert_eq!(world.meta.wire(), ["text hello"]);
        assert_eq!(world.audit().await, ["send.unknown dispatcher_lost"]);
    });
}

#[test]
fn a_task_that_died_under_the_same_owner_leaves_an_unknown_too() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        die_on_the_wire(&world).await;
        assert_eq!(world.step().await.orphaned, 1);
        assert_eq!(world.state(id).await.0, SendState::Unknown);
        assert_eq!(world.meta.wire().len(), 1);
    });
}

#[test]
fn a_send_in_living_hands_is_no_orphan() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("one").await;
        world.to_client("two").await;
        world.meta.will_hang();
        let slow = world.dispatcher.clone();
        tokio::select! {
            report = slow.step() => panic!("the step ended: {report:?}"),
            () = async {
                world.meta.arrived.notified().await;
                world.advance(45);
                let report = world.step().await;
                assert_eq!((report.orphaned, report.did_work()), (0, false));
                // Another person does not wait for the slow answer.
                world.queue(world.vendor, Purpose::VendorMessage, "other").await;
                assert_eq!(world.step().await.accepted, 1);
            } => {}
        }
        assert_eq!(world.state(id).await.0, SendState::Sending);
    });
}

#[test]
fn an_answer_that_the_store_did_not_take_is_recorded_later() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let id = world.to_client("hello").await;
        let broken = Arc::new(AtomicBool::new(false));
        let meta = Arc::new(Meta::breaking(&broken));
        let clock = FailingClock { inner: store.db.clock.clone(), broken: Arc::clone(&broken) };
        let db = Db { clock: Arc::new(clock), ..store.db.clone() };
        world.dispatcher = Dispatcher::new(
            db,
            meta.clone(),
            TemplateCatalogue::built_in(),
            super::world::CALLING,
            GENEROUS,
            number(),
            "third".to_owned(),
        );
        assert_eq!(world.dispatcher.step().await.unwrap().errors, 1);
        assert!(world.dispatcher.step().await.is_err());
        assert_eq!(world.state(id).await.0, SendState::Sending);
        broken.store(false, Ordering::SeqCst);
        let report = world.step().await;
        assert_eq!((report.accepted, report.orphaned), (1, 0));
        assert_eq!(world.state(id).await.0, SendState::Accepted);
        assert_eq!(meta.wire(), ["text hello"]);
    });
}

#[test]
fn proof_that_comes_after_the_doubt_fails_the_intent() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        die_on_the_wire(&world).await;
        assert_eq!(world.step().await.orphaned, 1);
        // The old owner's answer: nothing had been sent. It is not sent now either.
        let answer = retry(None, None);
        let settled = world.write(move |tx| outcome::settle(tx, id, &answer, None)).await;
        assert_eq!(settled, outcome::Settled::Failed);
        assert_eq!(world.state(id).await, (SendState::Failed, Some("dispatcher_lost".to_owned())));
        world.advance(3_600);
        assert!(!world.step().await.did_work());
    });
}

#[test]
fn a_late_acceptance_settles_the_doubt() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        die_on_the_wire(&world).await;
        world.step().await;
        let answer = accepted("wamid.zombie");
        world.write(move |tx| outcome::settle(tx, id, &answer, None)).await;
        assert_eq!(world.state(id).await, (SendState::Accepted, None));
    });
}

#[test]
fn one_owner_at_a_time_and_a_release_hands_over_at_once() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        assert!(world.step().await.leading);
        let first = world.dispatcher.clone();
        world.restart();
        assert!(!world.step().await.leading);
        first.release().await.unwrap();
        assert!(world.step().await.leading);
        assert!(!first.step().await.unwrap().leading);
    });
}

#[test]
fn an_owner_that_was_replaced_without_knowing_sends_nothing() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        assert!(world.step().await.leading);
        let first = world.dispatcher.clone();
        // Taken away behind its back, as when it slept through its lease.
        world.write(|tx| Ok(leases::release(tx, "dispatch:10001", "first")?)).await;
        world.restart();
        assert!(world.step().await.leading);
        let id = world.to_client("hello").await;
        assert!(!first.step().await.unwrap().did_work());
        assert_eq!(world.state(id).await.0, SendState::Queued);
        assert!(!first.step().await.unwrap().leading);
        assert_eq!(world.step().await.accepted, 1);
    });
}

#[test]
fn steps_side_by_side_send_each_message_once_and_in_order() {
    on_both(async |store| {
        let world = World::new(store).await;
        for at in 0..10 {
            world.to_client(&format!("c{at}")).await;
            world.queue(world.vendor, Purpose::VendorMessage, &format!("v{at}")).await;
        }
        let one = || async {
            let mut steps = 0;
            while world.meta.wire().len() < 20 && steps < 1_000 {
                world.step().await;
                steps += 1;
            }
        };
        tokio::join!(one(), one(), one(), one());
        let of = |prefix: &str| -> Vec<String> {
            world
                .meta
                .wire()
                .into_iter()
                .filter_map(|line| Some(line.strip_prefix(prefix)?.to_owned()))
                .collect()
        };
        let expected = |side: &str| (0..10).map(|at| format!("{side}{at}")).collect::<Vec<_>>();
        assert_eq!(of("text "), expected("c"));
        assert_eq!(of("concierge_vendor_inquiry_v1 "), expected("v"));
    });
}
