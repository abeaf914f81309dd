use std::{collections::BTreeSet, time::Duration};

use marketplace::{Clock as _, RequestState};
use serde_json::json;
use store::{outbox::Purpose, sourcing, testing::on_both};
use tool_registry::{RefusalCode, ToolCall, UpdateRequestStateArgs};

use super::world::{World, plan};
use crate::{Caller, Invocation, Policy, ToolError, staleness};

#[test]
fn vendor_batches_never_exceed_limits() {
    on_both(async |test| {
        let world = World::new(test, 17).await;
        let mut next = 1..=17;
        for batch in 1..=3 {
            world.open_batch(5).await.unwrap();
            for vendor in next.by_ref().take(5) {
                world.ask(&format!("v{vendor}")).await.unwrap();
            }
            let rows = world.rows().await;
            let (sixth, refused) = match batch {
                3 => ("v16", RefusalCode::VendorLimit),
                _ => ("v17", RefusalCode::BatchLimit),
            };
            assert_eq!(world.ask(sixth).await, Err(refused));
            assert_eq!(world.open_batch(5).await, Err(RefusalCode::BatchLimit), "a batch is open");
            assert_eq!(world.rows().await, rows);
            // A further message inside an open outreach is no second contact.
            world.ask("v1").await.unwrap();
            test.clock.advance(Duration::from_mins(30));
        }
        assert_eq!(world.open_batch(5).await, Err(RefusalCode::VendorLimit));
        assert_eq!(world.ask("v16").await, Err(RefusalCode::VendorLimit));
        let request = world.request;
        let outreaches = world.read(move |tx| sourcing::outreaches_of(tx, request)).await;
        assert_eq!(outreaches.len(), 15);
        let places: Vec<u8> = outreaches.iter().map(|outreach| outreach.slot).collect();
        assert_eq!(places, [1, 2, 3, 4, 5].repeat(3));
        world.audit().await;
    });
}

#[test]
fn a_batch_holds_what_its_plan_says() {
    on_both(async |test| {
        let world = World::sourcing(test, 3, 2).await;
        world.ask("v1").await.unwrap();
        world.ask("v2").await.unwrap();
        assert_eq!(world.ask("v3").await, Err(RefusalCode::BatchLimit));
    });
}

#[test]
fn without_a_plan_nobody_is_asked() {
    on_both(async |test| {
        let world = World::new(test, 2).await;
        assert_eq!(world.ask("v1").await, Err(RefusalCode::PlanMissing));
        world.call(world.step(RequestState::Sourcing).await).await.unwrap();
        assert_eq!(world.ask("v1").await, Err(RefusalCode::PlanMissing));
    });
}

#[test]
fn a_batch_of_six_is_refused_and_not_trimmed() {
    on_both(async |test| {
        let world = World::new(test, 6).await;
        let mut args = serde_json::to_value(world.step(RequestState::Sourcing).await).unwrap();
        args["plan"] = serde_json::to_value(plan(6)).unwrap();
        ToolCall::parse("marketplace.update_request_state", &args).unwrap_err();
        args["plan"]["batch_size"] = json!(5);
        ToolCall::parse("marketplace.update_request_state", &args).unwrap();

        // Past the schema, the table itself says no.
        let rows = world.rows().await;
        let call = UpdateRequestStateArgs { plan: Some(plan(6)), ..world.step(RequestState::Sourcing).await };
        let invocation = Invocation {
            caller: Caller::orchestrator(),
            key: Some("k".to_owned()),
            caused_by: None,
            call: call.into(),
        };
        let error =
            test.db.write(move |tx| crate::run(tx, Policy::default(), &invocation)).await.unwrap_err();
        assert!(matches!(&error, ToolError::Store(error) if error.is_check_violation()), "{error:?}");
        assert_eq!(world.rows().await, rows);
    });
}

#[test]
fn a_hundred_callers_at_once_find_five_places() {
    on_both(async |test| {
        let world = World::sourcing(test, 100, 5).await;
        let calls: Vec<_> = (1..=100)
            .map(|number| {
                let invocation = Invocation {
                    caller: Caller::orchestrator(),
                    key: Some(format!("k{number}")),
                    caused_by: None,
                    call: world.to_vendor(&format!("v{number}"), "Brake pads?").into(),
                };
                let db = test.db.clone();
                tokio::spawn(async move {
                    db.write(move |tx| crate::run(tx, Policy::default(), &invocation)).await
                })
            })
            .collect();
        let mut accepted = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(Ok(_)) => accepted += 1,
                Ok(Err(refusal)) => assert_eq!(refusal.code, RefusalCode::BatchLimit),
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(accepted, 5);
        assert_eq!(world.sends().await.len(), 5);
        assert_eq!(world.audit().await.len(), 2 + 100, "the plan's two records and one a caller");
    });
}

#[test]
fn a_vendor_whose_number_changed_is_no_second_vendor() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 5).await;
        world.ask("v1").await.unwrap();
        let asked = world.outreach("v1").await.contact;
        world
            .write(|tx| {
                let mut row = super::world::directory_row(1);
                row.phone = "+254700099999".parse().unwrap();
                Ok(store::vendors::import(tx, &row)?)
            })
            .await;
        assert_ne!(world.vendor("v1").await.contact, asked);
        world.ask("v1").await.unwrap();
        assert!(world.sends().await.iter().all(|send| send.contact == asked));
    });
}

/// Every send has a deadline, by the request's own time; an inquiry's is its batch's.
#[test]
fn every_message_has_its_deadline() {
    on_both(async |test| {
        let world = World::shortlisted(test).await;
        let now = test.clock.now();
        world.call(world.to_client("one moment")).await.unwrap();
        world.ask("v1").await.unwrap();
        world.client_says("1").await;
        world.hand_off("v1").await.unwrap();
        let request = world.request;
        let batches = world.read(move |tx| sourcing::batches_of(tx, request)).await;
        let mut seen = BTreeSet::new();
        for send in world.sends().await {
            seen.insert(send.purpose.to_string());
            let deadline = match send.purpose {
                Purpose::VendorInquiry => batches[0].deadline_at,
                purpose => now + staleness::of(purpose).unwrap(),
            };
            assert_eq!(send.not_after, Some(deadline), "{send:?}");
        }
        assert_eq!(
            seen.iter().map(String::as_str).collect::<Vec<_>>(),
            ["client_message", "handoff", "vendor_inquiry", "vendor_message"]
        );
    });
}
