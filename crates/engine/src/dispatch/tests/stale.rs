//! What waited too long is cancelled, whatever held it, and what follows from that follows.

use std::time::Duration;

use marketplace::{OutboxId, RequestState};
use moltbot_contract::{BatchStatus, OutreachStatus};
use store::{
    flags::{self, Flag},
    outbox::{
        self, NewSend, Purpose, SendState,
        breaker::{self, Scope, VolumeLimits},
    },
    requests, sourcing,
    testing::{START, on_both},
    timers::{self, TimerKind},
};
use tools::Policy;

use super::world::World;
use crate::dispatch::Hold;

const HOUR: Duration = Duration::from_hours(1);
/// The deadline of the world's batch, in seconds after it was opened.
const DEADLINE: u64 = 600;

fn within_an_hour(new: &mut NewSend) {
    new.not_after = Some(START + HOUR);
}

/// An open batch with one vendor as the tools leave it: its inquiry and its timer go by the deadline.
async fn ask(world: &World<'_>) -> OutboxId {
    let id = world.inquiry("do you have it?").await;
    let (request, vendor) = (world.request, world.vendor);
    world
        .write(move |tx| {
            let guard = requests::lock(tx, request)?;
            let batch = sourcing::batches_of(tx, request)?.remove(0);
            assert_eq!(outbox::postpone_inquiries(tx, &guard, &[vendor], batch.deadline_at)?, 1);
            let reference = batch.id.to_string();
            Ok(timers::set(tx, &guard, TimerKind::BatchDeadline, &reference, batch.deadline_at)?)
        })
        .await;
    id
}

async fn fire_timers(world: &World<'_>) -> usize {
    crate::timers::step(&world.store.db, Policy::default()).await.unwrap()
}

async fn batches(world: &World<'_>) -> Vec<BatchStatus> {
    let request = world.request;
    let all = world.store.db.read(move |tx| sourcing::batches_of(tx, request)).await.unwrap();
    all.into_iter().map(|batch| batch.status).collect()
}

async fn switch(world: &World<'_>, on: bool) {
    world.write(move |tx| Ok(flags::set(tx.conn, Flag::Outbound, on, tx.now)?)).await;
}

#[test]
fn a_word_to_the_client_becomes_a_dead_letter_while_the_switch_is_off() {
    on_both(async |store| {
        let world = World::new(store).await;
        let late = world.queue_with(world.client, Purpose::ClientMessage, "hello", within_an_hour).await;
        let fresh = world.to_client("still good").await;
        switch(&world, false).await;
        world.advance(3_600);
        assert_eq!(world.step().await.cancelled, 0, "to the very moment it is good");
        world.advance(1);
        let report = world.step().await;
        assert_eq!((report.cancelled, report.hold), (1, Some(Hold::OutboundOff)));
        assert_eq!(world.state(late).await, (SendState::Cancelled, Some("stale".to_owned())));
        assert_eq!(world.dead_letters().await, ["stale"]);
        assert_eq!(world.audit().await, ["send.cancelled stale"]);
        assert_eq!(world.meta.wire(), [""; 0]);
        switch(&world, true).await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.state(fresh).await.0, SendState::Accepted);
    });
}

#[test]
fn a_stale_inquiry_ends_the_wait_for_that_vendor() {
    on_both(async |store| {
        let world = World::new(store).await;
        let late = ask(&world).await;
        world.advance(DEADLINE + 1);
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.state(late).await.1.as_deref(), Some("stale"));
        assert_eq!(world.outreach().await, OutreachStatus::Failed);
        assert_eq!(world.wakes().await, ["send_failed"]);
        assert_eq!(world.dead_letters().await, [""; 0]);
    });
}

/// Whichever looks first, the timers or the dispatcher: no vendor is used up without having been asked.
#[test]
fn while_the_switch_is_off_a_batch_waits_for_its_inquiries() {
    on_both(async |store| {
        let world = World::new(store).await;
        let inquiry = ask(&world).await;
        switch(&world, false).await;
        world.advance(DEADLINE - 1);
        assert_eq!(fire_timers(&world).await, 0);
        for round in 0..20 {
            world.advance(61);
            if round % 2 == 0 {
                assert_eq!(world.step().await.cancelled, 0);
                assert_eq!(fire_timers(&world).await, 1);
            } else {
                assert_eq!(fire_timers(&world).await, 1);
                assert_eq!(world.step().await.cancelled, 0);
            }
        }
        assert_eq!(batches(&world).await, [BatchStatus::Open]);
        assert_eq!(world.outreach().await, OutreachStatus::Waiting);
        assert_eq!(world.wakes().await, [""; 0]);
        assert_eq!(world.audit().await, [""; 0]);
        switch(&world, true).await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.state(inquiry).await.0, SendState::Accepted);
        // What has gone out is waited for no longer than to the deadline.
        switch(&world, false).await;
        world.advance(60);
        assert_eq!(fire_timers(&world).await, 1);
        assert_eq!(batches(&world).await, [BatchStatus::Settled]);
        assert_eq!(world.outreach().await, OutreachStatus::Silent);
        assert_eq!(world.wakes().await, ["batch_deadline"]);
    });
}

#[test]
fn while_the_products_breaker_is_open_a_batch_waits_for_its_inquiries() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        world.limit(VolumeLimits { per_hour: 2, per_vendor_per_day: 50 });
        for body in ["one", "two", "three"] {
            world.to_client(body).await;
            let _ = world.step().await;
        }
        let inquiry = ask(&world).await;
        for pause in [DEADLINE + 1, 61, 61] {
            world.advance(pause);
            let report = world.step().await;
            assert_eq!((report.cancelled, report.hold), (0, Some(Hold::BreakerOpen)));
            assert_eq!(fire_timers(&world).await, 1);
        }
        assert_eq!(batches(&world).await, [BatchStatus::Open]);
        world.write(|tx| Ok(breaker::resume(tx, Scope::Product)?)).await.unwrap();
        assert_eq!(world.step().await.accepted, 2);
        assert_eq!(world.state(inquiry).await.0, SendState::Accepted);
    });
}

/// Only a breaker of its own holds it: the others of the batch are asked, and their deadline passes.
#[test]
fn a_batch_does_not_wait_for_a_vendor_that_is_held_alone() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        world.limit(VolumeLimits { per_hour: 10_000, per_vendor_per_day: 1 });
        world.queue(world.vendor, Purpose::VendorMessage, "one").await;
        assert_eq!(world.step().await.accepted, 1);
        ask(&world).await;
        assert_eq!(world.step().await.held, 1);
        world.advance(DEADLINE + 1);
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.outreach().await, OutreachStatus::Failed);
    });
}

#[test]
fn an_inquiry_that_no_open_batch_waits_for_becomes_stale_while_the_switch_is_off() {
    on_both(async |store| {
        let world = World::new(store).await;
        let late = ask(&world).await;
        let request = world.request;
        world
            .write(move |tx| {
                let guard = requests::lock(tx, request)?;
                sourcing::settle_open_batch(tx, &guard)?;
                Ok(())
            })
            .await;
        switch(&world, false).await;
        world.advance(DEADLINE + 1);
        assert_eq!(fire_timers(&world).await, 1, "it finds nothing to move");
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.state(late).await.1.as_deref(), Some("stale"));
    });
}

#[test]
fn a_contact_not_handed_over_becomes_a_dead_letter() {
    on_both(async |store| {
        let world = World::new(store).await;
        for to in [world.client, world.vendor] {
            world.queue_with(to, Purpose::Handoff, "call +254700000202", within_an_hour).await;
        }
        world.set_state(RequestState::HandedOff).await;
        switch(&world, false).await;
        world.advance(3_601);
        assert_eq!(world.step().await.cancelled, 2);
        assert_eq!(world.dead_letters().await, ["stale", "stale"]);
    });
}

#[test]
fn a_vendor_that_is_held_does_not_keep_its_inquiry_for_ever() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        world.limit(VolumeLimits { per_hour: 10_000, per_vendor_per_day: 1 });
        world.queue(world.vendor, Purpose::VendorMessage, "one").await;
        assert_eq!(world.step().await.accepted, 1);
        let held = world.queue_with(world.vendor, Purpose::VendorMessage, "two", within_an_hour).await;
        assert_eq!(world.step().await.held, 1);
        world.advance(3_601);
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.state(held).await.1.as_deref(), Some("stale"));
    });
}

/// A request's time never runs back: what is stale by it is stale although this process's clock is behind.
#[test]
fn staleness_goes_by_the_requests_own_time() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.queue_with(world.client, Purpose::ClientMessage, "hello", within_an_hour).await;
        let request = world.request;
        world
            .write(move |tx| {
                let now = tx.now;
                tx.now = now + 2 * HOUR;
                let mut guard = requests::lock(tx, request)?;
                requests::set_state(tx, &mut guard, RequestState::Clarifying)?;
                tx.now = now;
                Ok(())
            })
            .await;
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.state(id).await.1.as_deref(), Some("stale"));
    });
}
