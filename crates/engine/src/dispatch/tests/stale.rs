//! What waited too long is cancelled, whatever held it, and what follows from that follows.

use std::time::Duration;

use marketplace::RequestState;
use store::{
    flags::{self, Flag},
    outbox::{NewSend, Purpose, SendState, breaker::VolumeLimits},
    requests,
    testing::{START, on_both},
};

use super::world::World;
use crate::dispatch::Hold;

const HOUR: Duration = Duration::from_hours(1);

fn within_an_hour(new: &mut NewSend) {
    new.not_after = Some(START + HOUR);
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
        world.inquiry("do you have it?").await;
        let late = world.queue_with(world.vendor, Purpose::VendorInquiry, "again", within_an_hour).await;
        switch(&world, false).await;
        world.advance(3_601);
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.state(late).await.1.as_deref(), Some("stale"));
        assert_eq!(world.outreach().await, moltbot_contract::OutreachStatus::Failed);
        assert_eq!(world.wakes().await, ["send_failed"]);
        assert_eq!(world.dead_letters().await, [""; 0]);
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
