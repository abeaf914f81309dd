//! What ends a call that is not over: revocations, takeovers, timers. And how it is ended at Meta.

use std::time::Duration;

use calling_policy::{AttemptEvent, Party, PermissionResponse, limits::RING_LIMIT};
use marketplace::{Control, RequestState};
use meta_client::{CallErrorClass, DialOutcome, TerminateError};
use serde_json::json;
use store::{
    contacts,
    requests::{self, FactChanges},
    testing::on_both,
};
use tools::calling::call_status_webhook::take;

use super::{fixture, world::World};
use crate::dial::{TERMINATE_TRIES, claim::step, outcome};

#[derive(Debug, Clone, Copy)]
enum Why {
    Takeover,
    Stop,
    VendorStop,
    Withdrawn,
    CalleeWithdrawn,
    PermissionGone,
    Prescription,
    Closed,
    HandedOff,
}

const WHYS: [(Why, &str); 9] = [
    (Why::Takeover, "human_control"),
    (Why::Stop, "client_opted_out"),
    (Why::VendorStop, "vendor_opted_out"),
    (Why::Withdrawn, "consent_required"),
    (Why::CalleeWithdrawn, "callee_consent_required"),
    (Why::PermissionGone, "permission_missing"),
    (Why::Prescription, "prescription"),
    (Why::Closed, "request_closed"),
    (Why::HandedOff, "request_handed_off"),
];

async fn happens(world: &World<'_>, why: Why) {
    let people = world.people;
    world
        .guarded(move |tx, guard| {
            let now = tx.now;
            match why {
                Why::Takeover => requests::set_control(tx, guard, Control::Human)?,
                Why::Stop => contacts::set_opt_out(tx, people.client, Some(now))?,
                Why::VendorStop => contacts::set_opt_out(tx, people.vendor, Some(now))?,
                Why::Withdrawn => fixture::answer_key(tx, guard, people.authorisation, false, now)?,
                Why::CalleeWithdrawn => fixture::answer_key(tx, guard, people.vendors, false, now)?,
                Why::PermissionGone => fixture::permit(tx, people.vendor, PermissionResponse::Reject, now)?,
                Why::Prescription => {
                    let marked = FactChanges { prescription: Some(true), ..FactChanges::default() };
                    requests::set_facts(tx, guard, &marked)?;
                }
                Why::Closed => requests::set_state(tx, guard, RequestState::Closed)?,
                Why::HandedOff => requests::set_state(tx, guard, RequestState::HandedOff)?,
            }
            Ok(())
        })
        .await;
}

#[test]
fn what_commits_before_the_dial_wins() {
    for (why, rule) in WHYS {
        on_both(async |store| {
            let world = World::new(store).await;
            let id = world.decide(Party::Vendor).await;
            world.advance(5);
            happens(&world, why).await;
            world.settle().await;
            assert_eq!(world.state(id).await, "cancelled", "{why:?}");
            assert_eq!((world.meta.wire().len(), world.fallbacks().await), (0, 0), "{why:?}");
            let audit = world.audit().await;
            assert_eq!(audit, ["call.cancelled cancelled", &format!("call.stopped {rule}")], "{why:?}");
        });
    }
}

#[test]
fn what_commits_while_it_is_on_ends_the_call_at_meta() {
    for (why, rule) in WHYS {
        // The rule does not look at the phase: three of them meet every phase, the others the ringing.
        let phases: &[&str] = match why {
            Why::Takeover | Why::Stop | Why::CalleeWithdrawn => &["placed", "ringing", "answered"],
            _ => &["ringing"],
        };
        for phase in phases.iter().copied() {
            on_both(async |store| {
                let world = World::new(store).await;
                let id = world.placed(Party::Vendor).await;
                if phase != "placed" {
                    world.status(id, "RINGING").await;
                }
                if phase == "answered" {
                    world.status(id, "ACCEPTED").await;
                }
                assert_eq!(world.state(id).await, phase);
                world.advance(5);
                happens(&world, why).await;
                assert_eq!(world.step().await.stopped, 1, "{why:?} {phase}");
                world.settle().await;
                assert_eq!(world.meta.wire()[1..], [format!("terminate wacid.{id}")], "{why:?} {phase}");
                assert!(world.audit().await.contains(&format!("call.stopped {rule}")), "{why:?}");
                world.terminate(id, json!({}), json!([])).await;
                world.settle().await;
                let ended = if phase == "answered" { "completed" } else { "cancelled" };
                assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), (ended, 0), "{why:?}");
                assert_eq!(world.meta.count("terminate"), 1);
            });
        }
    }
}

#[test]
fn what_commits_while_meta_is_asked_ends_the_call_as_soon_as_it_is_known() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.meta.will_hang();
        let id = world.decide(Party::Client).await;
        let dialling = world.dialler.clone();
        tokio::select! {
            report = dialling.step() => panic!("the step ended: {report:?}"),
            () = async {
                world.meta.arrived.notified().await;
                happens(&world, Why::Stop).await;
                assert_eq!(world.step().await.stopped, 1);
                assert_eq!(world.state(id).await, "dialling");
            } => {}
        }
        // The answer arrives, if as a webhook.
        world.status(id, "RINGING").await;
        world.settle().await;
        assert_eq!(world.meta.wire()[1..], [format!("terminate wacid.{id}")]);
    });
}

#[test]
fn a_timer_that_fails_stops_no_other() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world
            .guarded(|tx, guard| {
                let kind = store::timers::TimerKind::CallTooLong;
                Ok(store::timers::set(tx, guard, kind, "not an attempt", tx.now)?)
            })
            .await;
        // It is due before the other.
        world.advance(RING_LIMIT.as_secs());
        assert_eq!(crate::timers::step(&store.db, fixture::CALLING).await.unwrap(), 1);
        world.settle().await;
        assert_eq!(world.meta.wire()[1..], [format!("terminate wacid.{id}")]);
        assert_eq!(crate::timers::step(&store.db, fixture::CALLING).await.unwrap(), 0);
        let due = store.db.read(|tx| store::timers::due(tx, 10)).await.unwrap();
        assert!(due.is_empty(), "it is tried again later");
        world.advance(10);
        let due = store.db.read(|tx| store::timers::due(tx, 10)).await.unwrap();
        assert_eq!(due.len(), 1);
    });
}

#[test]
fn nobody_is_let_ring_for_ever() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.status(id, "RINGING").await;
        world.pass(RING_LIMIT.as_secs() - 1).await;
        assert_eq!(world.meta.count("terminate"), 0);
        world.pass(1).await;
        assert_eq!(world.meta.count("terminate"), 1);
        assert_eq!(world.state(id).await, "ringing", "how it went, Meta's webhook says");
        world.terminate(id, json!({}), json!([])).await;
        world.settle().await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 1));
        assert_eq!(world.meta.count("terminate"), 1);
    });
}

/// Meta's 500 came with a call all the same.
#[test]
fn a_call_that_meta_has_although_its_dial_failed_is_ended_there() {
    for ringing_first in [true, false] {
        on_both(async |store| {
            let world = World::new(store).await;
            let id = world.decide(Party::Client).await;
            if ringing_first {
                world.status(id, "RINGING").await;
            }
            world.meta.will(super::world::refused(CallErrorClass::BadRequest, 138_007));
            if ringing_first {
                // The webhook of a dial comes while it is out.
                world
                    .write(move |tx| {
                        let (guard, mut known) = take(tx, id)?;
                        let answer = super::world::refused(CallErrorClass::BadRequest, 138_007);
                        step(tx, &guard, &mut known, AttemptEvent::Dialling)?;
                        outcome::settle(tx, id, &answer)
                    })
                    .await;
            } else {
                assert_eq!(world.step().await.failed, 1);
                world.status(id, "ACCEPTED").await;
            }
            world.settle().await;
            assert_eq!(world.meta.count(&format!("terminate wacid.{id}")), 1, "{ringing_first}");
            assert!(!world.load(id).await.attempt.may_be_alive());
            assert_eq!(world.fallbacks().await, 1);
            world.pass(3_600).await;
            assert_eq!(world.meta.count("terminate"), 1);
        });
    }
}

/// A restored backup knows of the intent alone.
#[test]
fn a_call_that_was_dialled_unknown_to_us_is_not_let_ring_for_ever() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        world.status(id, "RINGING").await;
        assert_eq!(world.state(id).await, "ringing");
        world.pass(RING_LIMIT.as_secs() - 1).await;
        assert_eq!(world.meta.count("terminate"), 0);
        world.pass(1).await;
        assert_eq!(world.meta.wire(), [format!("terminate wacid.{id}")]);
        world.pass(120).await;
        assert_eq!(world.state(id).await, "no_answer");
    });
}

/// … and people who talk are cut off after the longest call.
#[test]
fn a_talk_that_began_unknown_to_us_ends_after_the_longest_call() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        world.status(id, "ACCEPTED").await;
        world.pass(1_799).await;
        assert_eq!(world.meta.count("terminate"), 0);
        world.pass(1).await;
        assert_eq!(world.meta.wire(), [format!("terminate wacid.{id}")]);
    });
}

#[test]
fn a_call_that_was_ended_without_a_word_is_given_up() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.pass(45).await;
        world.pass(119).await;
        assert_eq!(world.state(id).await, "placed");
        world.pass(1).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 1));
        assert!(!world.load(id).await.attempt.may_be_alive(), "Meta took our terminate");
    });
}

#[test]
fn who_talks_is_not_cut_off_by_the_ring_limit_but_by_the_longest_call() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.status(id, "ACCEPTED").await;
        world.pass(60).await;
        assert_eq!(world.meta.count("terminate"), 0);
        world.pass(1_739).await;
        assert_eq!(world.meta.count("terminate"), 0);
        world.pass(1).await;
        assert_eq!((world.meta.count("terminate"), world.state(id).await.as_str()), (1, "answered"));
    });
}

#[test]
fn terminate_is_repeated_until_it_is_taken() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        for _ in 0..3 {
            world.meta.ends_with(Err(TerminateError::Unconfirmed("no answer".to_owned())));
        }
        world.pass(45).await;
        assert_eq!(world.meta.count("terminate"), 1);
        for (pause, tries) in [(1, 2), (1, 2), (1, 3), (4, 4)] {
            world.pass(pause).await;
            assert_eq!(world.meta.count("terminate"), tries);
        }
        assert!(world.audit().await.contains(&"call.hung_up".to_owned()));
        world.pass(600).await;
        assert_eq!(world.meta.count("terminate"), 4);
        assert_eq!(world.state(id).await, "no_answer");
    });
}

#[test]
fn terminate_that_is_refused_is_tried_slowly_and_not_for_ever() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        for _ in 0..100 {
            let (class, detail) = (CallErrorClass::BadRequest, String::new());
            world.meta.ends_with(Err(TerminateError::Refused { class, code: 100, detail }));
        }
        world.pass(45).await;
        world.pass(59).await;
        assert_eq!(world.meta.count("terminate"), 1);
        for _ in 0..100 {
            world.pass(61).await;
        }
        assert_eq!(world.meta.count("terminate"), usize::try_from(TERMINATE_TRIES).unwrap());
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 1));
        assert!(world.load(id).await.attempt.may_be_alive(), "nobody calls this person: it may be ringing");
    });
}

#[test]
fn a_call_that_ended_by_itself_needs_no_terminate() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.meta.ends_with(Err(TerminateError::Unconfirmed("no answer".to_owned())));
        world.pass(45).await;
        world.completed(id).await;
        world.pass(30).await;
        assert_eq!(world.meta.count("terminate"), 1);
    });
}

#[test]
fn an_unknown_dial_of_a_closed_request_ends_all_the_same() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.meta.will(DialOutcome::Unknown { why: "late".to_owned() });
        let id = world.decide(Party::Client).await;
        world.step().await;
        let request = world.people.request;
        world
            .write(move |tx| {
                let mut guard = requests::lock(tx, request)?;
                store::timers::settle_all(tx, &guard)?;
                Ok(requests::set_state(tx, &mut guard, RequestState::Closed)?)
            })
            .await;
        assert_eq!(world.step().await.stopped, 1);
        assert_eq!(world.state(id).await, "unknown", "it cannot be named at Meta yet");
        world.pass(120).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("cancelled", 0));
        store.clock.advance(Duration::from_hours(1));
        world.settle().await;
        assert_eq!(world.meta.wire().len(), 1);
    });
}
