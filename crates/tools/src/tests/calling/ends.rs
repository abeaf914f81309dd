//! What ends a consent by itself.

use std::time::Duration;

use calling_policy::{
    ConsentKey::{Authorisation, Callee},
    ConsentStatus::{Expired, Granted, Requested},
    PermissionState,
};
use marketplace::RequestState;
use moltbot_contract::CallScope;
use store::{
    calls::{
        self,
        HistoryEvent::{Expired as Over, RequestEnded, Requested as Asked, Yes},
    },
    outbox::{self, SendState},
    requests,
    testing::on_both,
    timers::{self, TimerKind},
};
use tool_registry::{Party, RefusalCode};

use super::{Calling, v1};
use crate::calling::consent_ends;

/// Fires what is due, as the engine does.
async fn fire(world: &Calling<'_>) {
    let due = world.read(|tx| timers::due(tx, 50)).await;
    for timer in due.into_iter().filter(|timer| timer.kind == TimerKind::ConsentExpires) {
        world
            .write(move |tx| {
                let guard = requests::lock(tx, timer.request)?;
                if consent_ends::expire(tx, &guard, &timer)? {
                    timers::settle(tx, timer.request, timer.kind, &timer.reference)?;
                }
                Ok(())
            })
            .await;
    }
}

#[test]
fn a_prompt_without_an_answer_expires_on_record() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        world.ask_consent(Party::Client, CallScope::Either).await.unwrap();
        let audited = world.audit().await.len();
        world.advance(Duration::from_hours(24) - Duration::from_millis(1));
        fire(&world).await;
        assert_eq!(world.status_of(world.client, Callee).await, Requested);
        world.advance(Duration::from_millis(1));
        fire(&world).await;
        fire(&world).await;
        assert_eq!(world.consents().await[0].recorded_status, Expired);
        assert_eq!(world.history_of(world.client, Callee).await, [Asked, Over]);
        assert_eq!(world.told(audited).await, ["consent.expired ok", "consent.expired ok"]);
        // Silence is no no: one may ask again.
        world.ask_consent(Party::Client, CallScope::Either).await.unwrap();
    });
}

#[test]
fn a_yes_moves_the_timer_and_expires_after_seven_days() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        world.ask_consent(Party::Client, CallScope::CallVendor).await.unwrap();
        world.deliver().await;
        world.presses(world.client, world.prompt(world.client).await, true).await;
        let granted_at = world.now();
        world.advance(Duration::from_hours(24));
        fire(&world).await;
        assert_eq!(world.status_of(world.client, Authorisation).await, Granted);
        let left = granted_at + Duration::from_hours(7 * 24);
        world.advance(left.since(world.now()));
        fire(&world).await;
        assert_eq!(world.history_of(world.client, Authorisation).await, [Asked, Yes, Over]);
    });
}

#[test]
fn the_end_of_a_request_ends_its_consents_in_the_same_transaction() {
    on_both(async |test| {
        let world = Calling::ready(test, CallScope::Either).await;
        let audited = world.audit().await.len();
        world.call(world.step(RequestState::Closed).await).await.unwrap();
        for line in world.statuses().await {
            assert!(line.ends_with(" expired"), "{line}");
        }
        assert_eq!(world.history_of(world.client, Authorisation).await, [Asked, Yes, RequestEnded]);
        let told = world.told(audited).await;
        assert_eq!(told.iter().filter(|line| *line == "consent.ended ok request_ended").count(), 3);
        assert_eq!(told.last().unwrap(), "state.changed ok");
        // No timer is left to fire, and a late yes brings nothing back.
        world.advance(Duration::from_secs(1));
        world.presses(world.client, world.consents().await[0].consent.prompt(), true).await;
        assert_eq!(world.status_of(world.client, Authorisation).await, Expired);
        world.advance(Duration::from_hours(30 * 24));
        let due = world.read(|tx| timers::due(tx, 50)).await;
        assert!(due.iter().all(|timer| timer.kind != TimerKind::ConsentExpires), "{due:?}");
    });
}

/// Each way in which a prompt does not arrive, and what Meta's refusal of a card teaches.
#[test]
fn a_prompt_that_does_not_arrive_leaves_nothing_open() {
    for reason in ["outside_window", "meta_131026", "meta_138011", "meta_138017", "meta_138014"] {
        on_both(async |test| {
            let world = Calling::new(test).await;
            let vendor = world.vendor_contact().await;
            world.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
            let card = world.sends().await.pop().unwrap();
            let audited = world.audit().await.len();
            world
                .write(move |tx| {
                    let guard = requests::lock(tx, card.request.unwrap())?;
                    outbox::mark_sending(tx, card.id, 1)?;
                    outbox::advance(tx, card.id, SendState::Failed, Some(reason), None)?;
                    crate::outreach::not_delivered(tx, Some(&guard), &card, reason)
                })
                .await;
            assert_eq!(world.status_of(vendor, Callee).await, Expired);
            let told = world.told(audited).await;
            assert_eq!(told.last().unwrap(), &format!("consent.not_delivered failed {reason}"));
            let (number, now) = (super::number(), world.now());
            let permission = world.read(move |tx| calls::permission(tx, vendor, &number)).await;
            let again = world.ask_consent(v1(), CallScope::CallVendor).await;
            match reason {
                "meta_138017" => {
                    assert_eq!(permission.state(now), PermissionState::Permanent);
                    // What lacks is key 2 alone.
                    assert_eq!(world.consents().await[1].asked_by, calls::AskedBy::Buttons);
                }
                "meta_138014" => assert_eq!(again, Err(RefusalCode::CallingRestricted)),
                _ => {
                    assert_eq!(permission.state(now), PermissionState::Unknown);
                    assert_eq!(world.consents().await[1].asked_by, calls::AskedBy::Card);
                }
            }
        });
    }
}

/// A late failure takes no answer back.
#[test]
fn what_was_answered_had_arrived() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        world.ask_consent(Party::Client, CallScope::CallVendor).await.unwrap();
        let send = world.sends().await.pop().unwrap();
        world.deliver().await;
        world.presses(world.client, send.message, true).await;
        world
            .write(move |tx| {
                let guard = requests::lock(tx, send.request.unwrap())?;
                crate::outreach::not_delivered(tx, Some(&guard), &send, "meta_131026")
            })
            .await;
        assert_eq!(world.status_of(world.client, Authorisation).await, Granted);
    });
}
