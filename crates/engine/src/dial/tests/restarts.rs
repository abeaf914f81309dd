//! What a dialler that died leaves behind, and that two of them dial once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use calling_policy::Party;
use meta_client::DialOutcome;
use serde_json::json;
use store::{Backend, Db, leases, testing::on_both};

use super::world::{FailingClock, Meta, World, dialler, wacid_of};
use crate::dial::{Dialler, outcome};

/// Lets a step get as far as Meta and no further, as a crash would.
async fn die_at_meta(world: &World<'_>) {
    world.meta.will_hang();
    tokio::select! {
        report = world.dialler.step() => panic!("the step ended: {report:?}"),
        () = world.meta.arrived.notified() => {}
    }
}

async fn take_over(world: &mut World<'_>) {
    let dead = world.dialler.clone();
    world.restart();
    assert!(!world.step().await.leading);
    match world.store.backend() {
        Backend::Sqlite => world.advance(61),
        // Leases run by the server's clock there, which no test moves.
        Backend::Postgres => dead.release().await.unwrap(),
    }
}

#[test]
fn a_crash_between_the_row_and_the_answer_is_an_unknown_dial_and_never_dialled_again() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        die_at_meta(&world).await;
        assert_eq!(world.state(id).await, "dialling");
        take_over(&mut world).await;
        let report = world.step().await;
        assert_eq!((report.leading, report.orphaned), (true, 1));
        assert_eq!(world.state(id).await, "unknown");
        world.pass(120).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 1));
        for _ in 0..3 {
            world.pass(3_600).await;
        }
        assert_eq!(world.meta.wire(), [format!("connect {id}")]);
        // Meta had it after all: the late webhook says how it went.
        world.completed(id).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("completed", 1));
    });
}

#[test]
fn a_late_webhook_settles_what_a_crash_left() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        die_at_meta(&world).await;
        take_over(&mut world).await;
        world.step().await;
        world.terminate(id, json!({}), json!([])).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 1));
        world.pass(300).await;
        assert_eq!((world.fallbacks().await, world.meta.wire().len()), (1, 1));
    });
}

#[test]
fn a_task_that_died_under_the_same_owner_leaves_an_unknown_too() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        die_at_meta(&world).await;
        assert_eq!(world.step().await.orphaned, 1);
        assert_eq!(world.state(id).await, "unknown");
    });
}

#[test]
fn a_dial_in_living_hands_is_no_orphan() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        world.meta.will_hang();
        let slow = world.dialler.clone();
        tokio::select! {
            report = slow.step() => panic!("the step ended: {report:?}"),
            () = async {
                world.meta.arrived.notified().await;
                for _ in 0..3 {
                    world.advance(10);
                    let report = world.step().await;
                    assert_eq!((report.orphaned, report.did_work()), (0, false));
                }
            } => {}
        }
        assert_eq!(world.state(id).await, "dialling");
    });
}

/// The worker was down while Meta spoke: what is stored counts before the timers that came due meanwhile.
#[test]
fn what_meta_said_while_the_worker_was_down_comes_before_the_timers() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.meta.will(DialOutcome::Unknown { why: "late".to_owned() });
        let id = world.decide(Party::Client).await;
        world.step().await;
        world.store_status(id, "ACCEPTED").await;
        let times = json!({"start_time": "1790000210", "end_time": "1790000230", "duration": 20});
        world.store_terminate(id, times, json!([])).await;
        world.pass(120).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("unknown", 0));
        world.route().await;
        world.pass(2).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("completed", 0));
        world.pass(3_600).await;
        assert_eq!((world.fallbacks().await, world.meta.wire().len()), (0, 1));
    });
}

#[test]
fn who_talks_already_is_not_cut_off_by_the_ring_limit() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.status(id, "RINGING").await;
        world.store_status(id, "ACCEPTED").await;
        world.pass(45).await;
        world.route().await;
        world.pass(2).await;
        assert_eq!((world.state(id).await.as_str(), world.meta.count("terminate")), ("answered", 0));
    });
}

/// What cannot be placed keeps no phone ringing for longer than the longest call.
#[test]
fn timers_do_not_wait_for_the_router_for_ever() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.store_status(id, "RINGING").await;
        world.pass(45).await;
        assert_eq!(world.meta.count("terminate"), 0);
        world.pass(1_800).await;
        assert_eq!(world.meta.count("terminate"), 1);
    });
}

#[test]
fn a_router_that_stops_hands_its_lease_over_at_once() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        let router = |owner: &str| {
            crate::router::Router::new(
                store.db.clone(),
                vec![super::fixture::number()],
                tools::Policy::default(),
                owner.to_owned(),
            )
        };
        world.store_status(id, "RINGING").await;
        let first = router("first");
        assert_eq!(first.step().await.unwrap().finished, 1);
        world.store_status(id, "ACCEPTED").await;
        assert_eq!(router("second").step().await.unwrap().finished, 0);
        first.release().await.unwrap();
        assert_eq!(router("second").step().await.unwrap().finished, 1);
    });
}

#[test]
fn the_old_owners_answer_settles_the_doubt() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        die_at_meta(&world).await;
        take_over(&mut world).await;
        world.step().await;
        let answer = DialOutcome::Placed { wacid: wacid_of(id).into() };
        world.write(move |tx| outcome::settle(tx, id, &answer)).await;
        assert_eq!(world.state(id).await, "placed");
        world.pass(45).await;
        assert_eq!(world.meta.count("terminate"), 1, "the ring limit goes on from the dial");
    });
}

#[test]
fn two_diallers_place_one_call() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        let other = dialler(store, &world.meta, &world.voice, "second");
        let (one, two) = tokio::join!(world.dialler.step(), other.step());
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!((one.placed + two.placed, one.leading && two.leading), (1, false));
        assert_eq!(world.meta.wire(), [format!("connect {id}")]);
    });
}

#[test]
fn steps_side_by_side_place_one_call() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        let step = || world.dialler.step();
        let _ = tokio::join!(step(), step(), step(), step());
        assert_eq!(world.meta.wire(), [format!("connect {id}")]);
    });
}

#[test]
fn an_owner_that_was_replaced_without_knowing_dials_nothing() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        assert!(world.step().await.leading);
        let first = world.dialler.clone();
        // Taken away behind its back, as when it slept through its lease.
        world.write(|tx| Ok(leases::release(tx, "dial:10001", "first")?)).await;
        world.restart();
        assert!(world.step().await.leading);
        let id = world.decide(Party::Client).await;
        let report = first.dial().await.unwrap();
        assert_eq!((report.placed, world.meta.count("connect")), (0, 0));
        assert_eq!(world.state(id).await, "intent");
        assert!(!first.step().await.unwrap().leading);
        assert_eq!(world.step().await.placed, 1);
    });
}

#[test]
fn an_answer_that_the_store_did_not_take_is_recorded_later() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        let broken = Arc::new(AtomicBool::new(false));
        let meta = Arc::new(Meta { store_breaks: Some(Arc::clone(&broken)), ..Meta::default() });
        let clock = FailingClock { inner: store.db.clock.clone(), broken: Arc::clone(&broken) };
        let db = Db { clock: Arc::new(clock), ..store.db.clone() };
        let (voice, limits) = (world.voice.clone(), super::world::GENEROUS);
        let calling = super::fixture::CALLING;
        let number = super::fixture::number();
        world.dialler = Dialler::new(db, meta.clone(), Some(voice), calling, limits, number, "x".to_owned());
        assert_eq!(world.dialler.step().await.unwrap().errors, 1);
        assert!(world.dialler.step().await.is_err());
        assert_eq!(world.state(id).await, "dialling");
        broken.store(false, Ordering::SeqCst);
        let report = world.step().await;
        assert_eq!((report.placed, report.orphaned), (1, 0));
        assert_eq!(world.state(id).await, "placed");
        assert_eq!(meta.wire(), [format!("connect {id}")]);
    });
}

#[test]
fn one_owner_at_a_time_and_a_release_hands_over_at_once() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        assert!(world.step().await.leading);
        let first = world.dialler.clone();
        world.restart();
        assert!(!world.step().await.leading);
        first.release().await.unwrap();
        assert!(world.step().await.leading);
        assert!(!first.step().await.unwrap().leading);
    });
}
