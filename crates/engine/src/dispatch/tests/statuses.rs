//! Statuses: by our id, before the answer, twice, out of order.

use meta_client::{SendErrorClass, event::DeliveryStatus};
use moltbot_contract::OutreachStatus;
use store::{StoreError, contacts, outbox::SendState, testing::on_both};

use super::world::{World, number, refused, unknown, wamid_of};
use crate::statuses::StatusOutcome;

#[test]
fn a_status_with_our_id_settles_an_unknown() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        world.meta.will(unknown());
        world.step().await;
        let outcome = world.status(DeliveryStatus::Sent, "wamid.late", Some(id), None).await;
        assert_eq!(outcome, StatusOutcome::Applied(id, SendState::Sent));
        // The Meta id is known from now on.
        let outcome = world.status(DeliveryStatus::Delivered, "wamid.late", None, None).await;
        assert_eq!(outcome, StatusOutcome::Applied(id, SendState::Delivered));
        assert_eq!(world.audit().await, ["send.unknown answer_in_doubt", "send.settled"]);
    });
}

#[test]
fn statuses_only_move_forward() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        world.step().await;
        let wamid = wamid_of(id);
        for (status, state) in [
            (DeliveryStatus::Read, SendState::Read),
            (DeliveryStatus::Delivered, SendState::Read),
            (DeliveryStatus::Read, SendState::Read),
            (DeliveryStatus::Sent, SendState::Read),
            (DeliveryStatus::Failed, SendState::Read),
            (DeliveryStatus::Played, SendState::Played),
        ] {
            let outcome = world.status(status.clone(), &wamid, None, None).await;
            assert_eq!(outcome, StatusOutcome::Applied(id, state), "{status:?}");
        }
        let unheard_of = DeliveryStatus::from_wire("teleported");
        let outcome = world.status(unheard_of, &wamid, None, None).await;
        assert_eq!(outcome, StatusOutcome::Ignored("unknown_status"));
        assert_eq!(world.audit().await, ["send.accepted"]);
    });
}

#[test]
fn a_status_before_the_answer_waits_for_it() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        for status in [DeliveryStatus::Delivered, DeliveryStatus::Sent, DeliveryStatus::Delivered] {
            assert_eq!(world.status(status, &wamid_of(id), None, None).await, StatusOutcome::Parked);
        }
        world.step().await;
        assert_eq!(world.state(id).await.0, SendState::Delivered);
    });
}

#[test]
fn a_status_with_our_id_may_come_before_the_answer() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        world.meta.will_hang();
        tokio::select! {
            report = world.dispatcher.step() => panic!("the step ended: {report:?}"),
            () = world.meta.arrived.notified() => {}
        }
        let outcome = world.status(DeliveryStatus::Sent, &wamid_of(id), Some(id), None).await;
        assert_eq!(outcome, StatusOutcome::Applied(id, SendState::Sent));
        assert_eq!(world.step().await.orphaned, 0);
        assert_eq!(world.state(id).await.0, SendState::Sent);
    });
}

#[test]
fn an_id_that_is_not_ours_is_no_id() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        world.step().await;
        let foreign = marketplace::OutboxId::generate(&marketplace::SeededIds::new(99));
        let outcome = world.status(DeliveryStatus::Sent, &wamid_of(id), Some(foreign), None).await;
        assert_eq!(outcome, StatusOutcome::Applied(id, SendState::Sent));
        let outcome = world.status(DeliveryStatus::Sent, "wamid.other", Some(foreign), None).await;
        assert_eq!(outcome, StatusOutcome::Parked);
    });
}

#[test]
fn a_late_failure_ends_the_wait_for_a_vendor() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.inquiry("do you have it?").await;
        world.step().await;
        for _ in 0..2 {
            let outcome = world.status(DeliveryStatus::Failed, &wamid_of(id), None, Some(131_026)).await;
            assert_eq!(outcome, StatusOutcome::Applied(id, SendState::Failed));
        }
        assert_eq!(world.state(id).await.1.as_deref(), Some("meta_131026"));
        assert_eq!(world.outreach().await, OutreachStatus::Failed);
        assert_eq!(world.wakes().await, ["send_failed"]);
        assert_eq!(world.audit().await, ["send.accepted", "send.failed meta_131026"]);
    });
}

#[test]
fn a_late_failure_teaches_window_and_opt_out() {
    // Code, then whether the window is open and the person opted out, then the reason that is kept.
    for (code, window, opted_out, reason) in [
        (131_047, false, false, "meta_131047"),
        (131_050, true, true, "meta_131050"),
        (131_026, true, false, "meta_131026"),
        (9_999_999, true, false, "meta_other"),
    ] {
        on_both(async |store| {
            let world = World::new(store).await;
            let id = world.to_client("hello").await;
            world.step().await;
            world.status(DeliveryStatus::Failed, &wamid_of(id), Some(id), Some(code)).await;
            let client = world.client;
            let known: Result<_, StoreError> = store
                .db
                .read(move |tx| {
                    let window = contacts::window_is_open(tx, client, &number())?;
                    Ok((window, contacts::load(tx, client)?.opted_out_at.is_some()))
                })
                .await;
            assert_eq!(known.unwrap(), (window, opted_out), "{code}");
            assert_eq!(world.state(id).await.1.as_deref(), Some(reason));
            assert_eq!(world.dead_letters().await, [reason]);
        });
    }
}

#[test]
fn a_refusal_reported_twice_does_not_end_the_second_attempt() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        world.meta.will(refused(SendErrorClass::Window, 131_047));
        world.step().await;
        let report = || world.status(DeliveryStatus::Failed, "wamid.first", Some(id), Some(131_047));
        assert_eq!(report().await, StatusOutcome::Ignored("earlier_attempt"));
        world.step().await;
        assert_eq!(report().await, StatusOutcome::Ignored("earlier_attempt"));
        assert_eq!(world.state(id).await.0, SendState::Accepted);
        let outcome = world.status(DeliveryStatus::Failed, &wamid_of(id), Some(id), Some(131_026)).await;
        assert_eq!(outcome, StatusOutcome::Applied(id, SendState::Failed));
    });
}
