//! The limits of vendors when everybody asks at once, in transactions of their own on one database.

use std::{collections::BTreeMap, time::Duration};

use marketplace::{ActorKind, RequestState};
use store::{sourcing, testing::on_both};
use tool_registry::{RefusalCode, ToolCall, UpdateRequestStateArgs};

use super::world::{World, plan};
use crate::{Caller, Invocation, Policy};

const CROWD: usize = 100;

/// Every call at once, each by a caller of its own; how often each answer came. Anything but an answer or a refusal
/// fails the test.
async fn all_at_once(world: &World<'_>, round: &str, calls: Vec<ToolCall>) -> BTreeMap<String, usize> {
    let asked: Vec<_> = calls
        .into_iter()
        .enumerate()
        .map(|(n, call)| {
            let caller = Caller::token(ActorKind::Service, &format!("caller-{n}"), false);
            let key = Some(format!("{round}-{n}"));
            let invocation = Invocation { caller, key, caused_by: None, call };
            let db = world.test.db.clone();
            tokio::spawn(
                async move { db.write(move |tx| crate::run(tx, Policy::default(), &invocation)).await },
            )
        })
        .collect();
    let mut answers = BTreeMap::new();
    for call in asked {
        let answer = match call.await.unwrap() {
            Ok(Ok(_)) => "done".to_owned(),
            Ok(Err(refusal)) => refusal.code.code().to_owned(),
            Err(error) => panic!("{round}: {error:?}"),
        };
        *answers.entry(answer).or_default() += 1;
    }
    answers
}

fn answers<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.map(|(answer, count)| (answer.to_owned(), count)).into()
}

/// Each caller asks another vendor.
async fn crowd(world: &World<'_>, round: &str) -> BTreeMap<String, usize> {
    let ask = |n: usize| world.to_vendor(&format!("v{n}"), "Brake pads?").into();
    all_at_once(world, round, (1..=CROWD).map(ask).collect()).await
}

async fn contacted(world: &World<'_>) -> Vec<sourcing::Outreach> {
    let request = world.request;
    world.read(move |tx| sourcing::outreaches_of(tx, request)).await
}

/// The open batch's deadline passes.
async fn settle(world: &World<'_>) {
    world.test.clock.advance(Duration::from_mins(30));
    let request = world.request;
    world
        .write(move |tx| {
            let guard = store::requests::lock(tx, request)?;
            Ok(sourcing::settle_open_batch(tx, &guard)?.unwrap())
        })
        .await;
}

/// The mission's limits: 5, then 10, then 15, then no more, whoever asks and however many at once.
#[test]
fn a_hundred_callers_and_a_hundred_vendors_make_five_then_ten_then_fifteen() {
    on_both(async |test| {
        let world = World::new(test, CROWD).await;
        for (round, total) in [("first", 5), ("second", 10), ("third", 15)] {
            world.open_batch(5).await.unwrap();
            // Who was contacted before is written to once more: that is no new contact.
            let known = total - 5;
            let full = if total == 15 { "vendor_limit" } else { "batch_limit" };
            assert_eq!(
                crowd(&world, round).await,
                answers([("done", 5 + known), (full, CROWD - 5 - known)]),
                "{round}"
            );
            let outreaches = contacted(&world).await;
            assert_eq!(outreaches.len(), total);
            let mut slots: Vec<u8> = outreaches[known..].iter().map(|outreach| outreach.slot).collect();
            slots.sort_unstable();
            assert_eq!(slots, [1, 2, 3, 4, 5]);
            settle(&world).await;
        }
        assert_eq!(world.open_batch(5).await, Err(RefusalCode::VendorLimit));
        assert_eq!(crowd(&world, "fourth").await, answers([("done", 15), ("vendor_limit", CROWD - 15)]));
        assert_eq!(contacted(&world).await.len(), 15);
        world.audit().await;
    });
}

#[test]
fn of_many_plans_at_once_one_opens_a_batch() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        for round in ["first", "second"] {
            let step = world.step(RequestState::Sourcing).await;
            let call = |_| UpdateRequestStateArgs { plan: Some(plan(5)), ..step.clone() }.into();
            let said = all_at_once(&world, round, (0..40).map(call).collect()).await;
            assert_eq!(said, answers([("done", 1), ("stale_version", 39)]), "{round}");
            settle(&world).await;
        }
        let request = world.request;
        let batches = world.read(move |tx| sourcing::batches_of(tx, request)).await;
        assert_eq!(batches.iter().map(|batch| batch.ordinal).collect::<Vec<_>>(), [1, 2]);
    });
}

#[test]
fn a_hundred_callers_with_one_vendor_make_one_contact() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 5).await;
        let ask = |_| world.to_vendor("v1", "Brake pads?").into();
        let said = all_at_once(&world, "same", (0..CROWD).map(ask).collect()).await;
        assert_eq!(said, answers([("done", CROWD)]));
        assert_eq!(contacted(&world).await.len(), 1);
    });
}

/// A plan may ask for five when thirteen were contacted: the batch opens, and two places are left in the request.
#[test]
fn a_plan_of_five_after_thirteen_leaves_two_places() {
    on_both(async |test| {
        let world = World::new(test, CROWD).await;
        for (round, size, known) in [("first", 5, 0), ("second", 5, 5), ("third", 3, 10)] {
            world.open_batch(size).await.unwrap();
            let new = usize::from(size);
            assert_eq!(
                crowd(&world, round).await,
                answers([("done", known + new), ("batch_limit", CROWD - known - new)])
            );
            settle(&world).await;
        }
        world.open_batch(5).await.unwrap();
        assert_eq!(crowd(&world, "last").await, answers([("done", 15), ("vendor_limit", CROWD - 15)]));
        assert_eq!(contacted(&world).await.len(), 15);
    });
}
