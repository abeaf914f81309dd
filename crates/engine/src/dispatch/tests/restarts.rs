//! What a sender that died leaves behind.

use store::{Backend, outbox::SendState, testing::on_both};

use super::world::World;

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
                world.queue(world.vendor, store::outbox::Purpose::VendorMessage, "other").await;
                assert_eq!(world.step().await.accepted, 1);
            } => {}
        }
        assert_eq!(world.state(id).await.0, SendState::Sending);
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
