use std::time::Duration;

use marketplace::{Currency, RequestState};
use moltbot_contract::{Availability, BatchStatus, OutreachStatus};
use store::{sourcing, testing::on_both, timers};
use tool_registry::ToolResult;

use super::world::World;

async fn batch(world: &World<'_>) -> BatchStatus {
    let request = world.request;
    world.read(move |tx| sourcing::batches_of(tx, request)).await.pop().unwrap().status
}

#[test]
fn answers_settle_vendors_and_the_last_one_the_batch() {
    on_both(async |test| {
        let world = World::sourcing(test, 3, 3).await;
        for vendor in ["v1", "v2", "v3"] {
            world.ask(vendor).await.unwrap();
        }
        let unclear = world.vendor_says("v1", "let me check").await;
        world.record("v1", unclear).await.unwrap();
        assert_eq!(world.outreach("v1").await.status, OutreachStatus::Waiting);
        for (vendor, text, status) in
            [("v2", "yes 3500/=", OutreachStatus::Replied), ("v3", "sorry no", OutreachStatus::Declined)]
        {
            let message = world.vendor_says(vendor, text).await;
            world.record(vendor, message).await.unwrap();
            assert_eq!(world.outreach(vendor).await.status, status);
            assert_eq!(batch(&world).await, BatchStatus::Open);
        }
        let message = world.vendor_says("v1", "yes we have it").await;
        world.record("v1", message).await.unwrap();
        assert_eq!(batch(&world).await, BatchStatus::Settled);
        test.clock.advance(Duration::from_mins(30));
        assert!(world.read(|tx| timers::due(tx, 10)).await.is_empty(), "its deadline is settled too");
        world.open_batch(3).await.unwrap();
    });
}

#[test]
fn what_is_read_from_an_answer() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 1).await;
        world.ask("v1").await.unwrap();
        let kes = Some(Currency::try_from("KES".to_owned()).unwrap());
        for (text, availability, price, currency) in [
            ("yes 45k", Availability::InStock, Some(4_500_000), kes),
            ("tuko nayo 3500/=", Availability::InStock, Some(350_000), kes),
            ("out of stock", Availability::OutOfStock, None, None),
            ("👍", Availability::InStock, None, None),
            ("hmm", Availability::Unclear, None, None),
        ] {
            let message = world.vendor_says("v1", text).await;
            let Ok(ToolResult::RecordVendorReply(result)) = world.record("v1", message).await else {
                panic!("{text}");
            };
            let parsed = result.parsed;
            assert_eq!(
                (parsed.availability, parsed.price_minor, parsed.currency),
                (availability, price, currency),
                "{text}"
            );
            let request = world.request;
            let stored = world.read(move |tx| sourcing::replies_of(tx, request)).await;
            let stored = stored.iter().find(|reply| reply.id == result.reply_id).unwrap();
            assert_eq!(stored.price.map(marketplace::Money::minor), price, "{text}");
        }
    });
}

#[test]
fn a_button_is_an_answer_for_certain() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 2).await;
        world.ask("v1").await.unwrap();
        world.ask("v2").await.unwrap();
        for (vendor, yes, status) in
            [("v1", true, OutreachStatus::Replied), ("v2", false, OutreachStatus::Declined)]
        {
            let message = world.button(vendor, yes).await;
            world.record(vendor, message).await.unwrap();
            assert_eq!(world.outreach(vendor).await.status, status);
        }
        let request = world.request;
        let replies = world.read(move |tx| sourcing::replies_of(tx, request)).await;
        assert!(replies.iter().all(|reply| reply.confidence >= 1.0), "{replies:?}");
    });
}

#[test]
fn a_late_answer_of_the_last_batch_leaves_the_open_one_open() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 1).await;
        world.ask("v1").await.unwrap();
        test.clock.advance(Duration::from_mins(30));
        world.open_batch(1).await.unwrap();
        assert_eq!(world.outreach("v1").await.status, OutreachStatus::Silent);
        world.ask("v2").await.unwrap();
        let message = world.vendor_says("v1", "yes 3500/=").await;
        world.record("v1", message).await.unwrap();
        assert_eq!(world.outreach("v1").await.status, OutreachStatus::Replied);
        assert_eq!(world.outreach("v2").await.status, OutreachStatus::Waiting);
        assert_eq!(batch(&world).await, BatchStatus::Open);
    });
}

#[test]
fn facts_are_recorded_whoever_is_in_control() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 1).await;
        world.ask("v1").await.unwrap();
        world.put(RequestState::Escalated, marketplace::Control::Human).await;
        let message = world.vendor_says("v1", "yes").await;
        world.record("v1", message).await.unwrap();
    });
}
