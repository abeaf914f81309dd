//! When it is noticed that somebody does not answer.

use std::time::Duration;

use marketplace::{Control, RequestState};
use store::{
    flags::{self, Flag},
    lanes, requests,
    testing::on_both,
    timers::{self, TimerKind},
};

use super::world::World;
use crate::{Policy, calling::silence};

const ON: Policy = Policy { ai_concierge: false, ocr: false, calling: true, ..Policy::OFF };

async fn waits(world: &World<'_>) -> bool {
    let id = world.request;
    world.read(move |tx| timers::waits(tx, id, TimerKind::Silence, "")).await
}

/// Fires the timer if it is due, as the engine does; `None` when it is not. Else whether it moved.
async fn fire(world: &World<'_>, policy: Policy) -> Option<bool> {
    let id = world.request;
    world
        .write(move |tx| {
            let guard = requests::lock(tx, id)?;
            let due = timers::due(tx, 10)?.into_iter().find(|timer| timer.kind == TimerKind::Silence);
            let Some(timer) = due else { return Ok(None) };
            let moved = silence::fire(tx, policy, &guard, &timer)?;
            if !moved {
                timers::settle(tx, id, timer.kind, &timer.reference)?;
            }
            Ok(Some(moved))
        })
        .await
}

async fn wakes(world: &World<'_>) -> usize {
    let id = world.request;
    let pending = world.read(move |tx| lanes::pending(tx, id)).await;
    pending.iter().filter(|entry| entry.reason.as_deref() == Some("silence")).count()
}

async fn asked(world: &World<'_>, vendors: &[&str]) {
    for vendor in vendors {
        world.ask(vendor).await.unwrap();
        world.meta_takes_all().await;
        world.test.clock.advance(Duration::from_secs(5));
    }
}

#[test]
fn three_minutes_after_meta_took_the_message_the_lane_is_woken() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 2).await;
        world.is_urgent().await;
        assert!(!waits(&world).await, "nothing was sent yet");
        world.ask("v1").await.unwrap();
        assert!(!waits(&world).await, "queued is not accepted");
        world.meta_takes_all().await;
        assert!(waits(&world).await);
        test.clock.advance(Duration::from_secs(179));
        assert_eq!(fire(&world, ON).await, None);
        test.clock.advance(Duration::from_secs(1));
        assert_eq!(fire(&world, ON).await, Some(false));
        assert_eq!(wakes(&world).await, 1);
        let lines = world.audit_lines(0).await;
        assert_eq!(lines.last().unwrap(), "silence.noticed ok urgent_no_reply");
        assert!(!waits(&world).await, "noticed once");
    });
}

#[test]
fn vendors_of_a_batch_are_noticed_together_or_a_minute_apart() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 2).await;
        world.is_urgent().await;
        asked(&world, &["v1", "v2"]).await;
        test.clock.advance(Duration::from_secs(170));
        assert_eq!(fire(&world, ON).await, Some(true), "v2 may fall silent later");
        assert_eq!(wakes(&world).await, 1);
        test.clock.advance(Duration::from_secs(59));
        assert_eq!(fire(&world, ON).await, None);
        test.clock.advance(Duration::from_secs(1));
        assert_eq!(fire(&world, ON).await, Some(false));
        assert_eq!(wakes(&world).await, 2);
    });
}

#[test]
fn an_answer_moves_the_timer_on_or_ends_it() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 2).await;
        world.is_urgent().await;
        asked(&world, &["v1", "v2"]).await;
        let said = world.vendor_says("v1", "yes, 3500/=").await;
        world.recorded("v1", said).await;
        test.clock.advance(Duration::from_secs(170));
        assert_eq!(fire(&world, ON).await, Some(true), "v2's time has not come");
        assert_eq!(wakes(&world).await, 0);
        let said = world.vendor_says("v2", "no").await;
        world.recorded("v2", said).await;
        test.clock.advance(Duration::from_secs(5));
        assert_eq!(fire(&world, ON).await, Some(false));
        assert_eq!(wakes(&world).await, 0);
    });
}

#[test]
fn what_was_sent_before_it_became_urgent_counts() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 1).await;
        asked(&world, &["v1"]).await;
        assert!(!waits(&world).await, "no hurry");
        test.clock.advance(Duration::from_mins(2));
        world.is_urgent().await;
        assert!(waits(&world).await);
        assert_eq!(fire(&world, ON).await, None);
        test.clock.advance(Duration::from_secs(55));
        assert_eq!(fire(&world, ON).await, Some(false));
        assert_eq!(wakes(&world).await, 1);
    });
    on_both(async |test| {
        let world = World::sourcing(test, 1, 1).await;
        asked(&world, &["v1"]).await;
        test.clock.advance(Duration::from_mins(20));
        world.is_urgent().await;
        assert_eq!(fire(&world, ON).await, Some(false), "silent for long already");
        assert_eq!(wakes(&world).await, 1);
    });
}

#[test]
fn nobody_is_woken_where_nobody_may_call() {
    for case in ["environment", "flag", "takeover", "escalated", "shortlisted", "handed_off"] {
        on_both(async |test| {
            let world = World::sourcing(test, 1, 1).await;
            world.is_urgent().await;
            asked(&world, &["v1"]).await;
            test.clock.advance(Duration::from_mins(3));
            let mut policy = ON;
            match case {
                "environment" => policy = Policy::default(),
                "flag" => world.write(|tx| Ok(flags::set(tx.conn, Flag::Calling, false, tx.now)?)).await,
                "takeover" => world.put(RequestState::Sourcing, Control::Human).await,
                "escalated" => world.put(RequestState::Escalated, Control::Bot).await,
                // With a list in the client's hands no shop is rung up unasked.
                "shortlisted" => world.put(RequestState::Shortlisted, Control::Bot).await,
                _ => world.put(RequestState::HandedOff, Control::Bot).await,
            }
            let audited = world.audit().await.len();
            assert_eq!(fire(&world, policy).await, Some(false), "{case}");
            assert_eq!(wakes(&world).await, 0, "{case}");
            assert_eq!(world.audit().await.len(), audited, "{case}");
        });
    }
}

#[test]
fn only_what_waits_for_an_answer_starts_it() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        world.is_urgent().await;
        world.call(world.to_client("I am asking shops.")).await.unwrap();
        world.meta_takes_all().await;
        assert!(!waits(&world).await, "a notice");
        world.call(world.to_client("Front or rear?")).await.unwrap();
        world.meta_takes_all().await;
        assert!(waits(&world).await, "a question");
    });
}
