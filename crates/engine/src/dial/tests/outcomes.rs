//! What Meta's answer to a dial proves, and that a dial is never repeated.

use calling_policy::{Party, PermissionState};
use marketplace::{Control, RequestState};
use meta_client::{CallErrorClass, DialOutcome, PermissionLookupError};
use store::{
    calls, lanes,
    outbox::breaker::{self, Scope},
    requests,
    testing::on_both,
};

use super::{
    fixture::number,
    world::{World, away, gone, refused},
};
use crate::{dial::Hold, number::OPERATOR_HOLD};

fn unknown() -> DialOutcome {
    DialOutcome::Unknown { why: "no answer in time: +254700000101".to_owned() }
}

fn no_effect(code: Option<i64>, after: Option<u64>) -> DialOutcome {
    let after = after.map(std::time::Duration::from_secs);
    DialOutcome::NoEffect { after, code, detail: String::new() }
}

async fn counted(world: &World<'_>) -> i64 {
    world.write(|tx| Ok(breaker::sent(tx, Scope::Product)?)).await
}

#[test]
fn failed_call_sends_chat_fallback() {
    use CallErrorClass as C;
    let cases = [
        (refused(C::Busy, 138_003), "failed meta_138003", 1),
        (refused(C::PermissionMissing, 138_006), "failed meta_138006", 1),
        (refused(C::ConnectedLimit, 138_012), "failed meta_138012", 1),
        (refused(C::NotCallable, 138_001), "failed meta_138001", 1),
        (refused(C::CallingDisabled, 138_000), "failed meta_138000", 0),
        (refused(C::Restricted, 138_014), "failed meta_138014", 0),
        (no_effect(None, None), "failed not_sent", 0),
        (no_effect(Some(613), Some(1)), "failed meta_613", 0),
    ];
    for (answer, state, volume) in cases {
        on_both(async |store| {
            let world = World::new(store).await;
            world.meta.will(answer.clone());
            let id = world.decide(Party::Client).await;
            assert_eq!(world.step().await.failed, 1);
            world.settle().await;
            assert_eq!(world.state(id).await, state);
            assert_eq!(world.fallbacks().await, 1, "{state}");
            let audit = world.audit().await;
            assert!(audit.contains(&"call.fallback".to_owned()), "{audit:?}");
            assert_eq!(counted(&world).await, volume, "{state}: what provably sent nothing does not count");
            let request = world.people.request;
            let wakes = store.db.read(move |tx| lanes::pending(tx, request)).await.unwrap();
            assert!(wakes.iter().any(|entry| entry.reason.as_deref() == Some("call_ended")));
            // Never again, not even for what was proven to have had no effect.
            for _ in 0..3 {
                world.advance(3_600);
                world.settle().await;
            }
            assert_eq!(world.meta.wire(), [format!("connect {id}")]);
            assert_eq!(world.fallbacks().await, 1);
            assert_eq!(world.voice.done().len(), 2, "an offer, and a hang-up of its session");
        });
    }
}

#[test]
fn a_lost_permission_is_forgotten_and_a_pause_is_kept() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.meta.will(refused(CallErrorClass::PermissionMissing, 138_006));
        world.decide(Party::Client).await;
        world.step().await;
        let client = world.people.client;
        let permission = store.db.read(move |tx| calls::permission(tx, client, &number())).await.unwrap();
        assert!(matches!(
            permission.state(marketplace::Clock::now(&*store.clock)),
            PermissionState::Refused { .. }
        ));
        // 401 with this code says nothing about the token: the next call goes out.
        world.advance(601);
        world.decide(Party::Vendor).await;
        assert_eq!(world.step().await.placed, 1);
    });
}

#[test]
fn a_refusal_of_the_number_lets_the_dialler_rest() {
    for (class, code) in [(CallErrorClass::CallingDisabled, 138_000), (CallErrorClass::Token, 190)] {
        on_both(async |store| {
            let world = World::new(store).await;
            world.meta.will(refused(class, code));
            world.decide(Party::Client).await;
            world.step().await;
            assert_eq!(world.dialler.rest.hold(&store.db).await, Some(Hold::Operator { class, code }));
            store.clock.advance(OPERATOR_HOLD);
            assert_eq!(world.dialler.rest.hold(&store.db).await, None);
        });
    }
}

#[test]
fn an_unread_permission_holds_and_a_refused_question_refuses() {
    on_both(async |store| {
        let world = World::new(store).await;
        let detail = String::new();
        let away = PermissionLookupError::Unavailable { after: None, detail: detail.clone() };
        world.meta.permits(Err(away));
        let id = world.decide(Party::Client).await;
        assert_eq!(world.step().await.held, 1);
        world.meta.permits(Err(PermissionLookupError::Refused {
            class: CallErrorClass::BadRequest,
            code: 100,
            detail,
        }));
        world.advance(1);
        assert_eq!(world.step().await.refused, 1);
        assert_eq!(world.state(id).await, "refused permission_unread");
        assert_eq!((world.meta.count("connect"), world.voice.done().len()), (0, 0));
    });
}

#[test]
fn without_media_nobody_is_called_and_the_client_is_told() {
    on_both(async |store| {
        let world = World::new(store).await;
        for _ in 0..2 {
            world.voice.fails_with(away());
        }
        let id = world.decide(Party::Client).await;
        for _ in 0..2 {
            assert_eq!(world.step().await.held, 1);
            world.advance(1);
        }
        assert_eq!(world.step().await.placed, 1, "the third try had media");
        assert_eq!(world.state(id).await, "placed");
    });
    for (faults, tries) in [(vec![away(), away(), away()], 3), (vec![gone()], 1)] {
        on_both(async |store| {
            let world = World::new(store).await;
            faults.iter().cloned().for_each(|fault| world.voice.fails_with(fault));
            let id = world.decide(Party::Client).await;
            for _ in 0..tries {
                world.step().await;
                world.advance(1);
            }
            assert_eq!(world.state(id).await, "failed voice_gateway");
            assert_eq!((world.meta.count("connect"), world.fallbacks().await), (0, 1));
        });
    }
}

#[test]
fn an_answer_in_doubt_is_never_dialled_again_and_a_late_webhook_settles_it() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.meta.will(unknown());
        let id = world.decide(Party::Client).await;
        assert_eq!(world.step().await.unknown, 1);
        assert_eq!(world.state(id).await, "unknown");
        world.pass(10).await;
        world.status(id, "RINGING").await;
        assert_eq!(world.state(id).await, "ringing");
        world.status(id, "ACCEPTED").await;
        // The timer of the doubt must not cut off people who talk.
        world.pass(300).await;
        assert_eq!((world.state(id).await.as_str(), world.meta.count("terminate")), ("answered", 0));
        world.completed(id).await;
        world.settle().await;
        assert_eq!(world.state(id).await, "completed");
        assert_eq!((world.meta.count("connect"), world.fallbacks().await), (1, 0));
    });
}

#[test]
fn a_doubt_that_nothing_settles_is_given_up_with_one_fallback() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.meta.will(unknown());
        let id = world.decide(Party::Client).await;
        world.step().await;
        world.pass(119).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("unknown", 0));
        world.pass(1).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 1));
        // It rings after all: it can be named now, and is ended.
        world.status(id, "RINGING").await;
        world.settle().await;
        assert_eq!(world.meta.wire()[1..], [format!("terminate wacid.{id}")]);
        assert_eq!(world.fallbacks().await, 1);
    });
}

#[test]
fn the_fallback_is_not_said_when_the_bot_is_silent() {
    for (state, control) in [
        (RequestState::HandedOff, Control::Bot),
        (RequestState::Closed, Control::Bot),
        (RequestState::Sourcing, Control::Human),
    ] {
        on_both(async |store| {
            let world = World::new(store).await;
            let id = world.placed(Party::Client).await;
            world
                .guarded(move |tx, guard| {
                    requests::set_state(tx, guard, state)?;
                    Ok(requests::set_control(tx, guard, control)?)
                })
                .await;
            world.terminate(id, serde_json::json!({}), serde_json::json!([])).await;
            assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 0));
            if control == Control::Human {
                // A resume does not bring it back.
                world.guarded(|tx, guard| Ok(requests::set_control(tx, guard, Control::Bot)?)).await;
                world.terminate(id, serde_json::json!({"duration": 0}), serde_json::json!([])).await;
            }
            assert_eq!(world.fallbacks().await, 0);
        });
    }
}
