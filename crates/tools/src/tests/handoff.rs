use std::time::Duration;

use marketplace::RequestState;
use store::{messages::Party, outbox::Purpose, testing::on_both, timers};
use tool_registry::RefusalCode;

use super::world::{CLIENT_PHONE, World};
use crate::Caller;

#[test]
fn a_stored_pick_hands_both_over_to_each_other() {
    on_both(async |test| {
        let world = World::shortlisted(test).await;
        let before = world.sends().await.len();
        world.client_says("2").await;
        let rows = world.rows().await;
        assert_eq!(world.hand_off("v1").await, Err(RefusalCode::PickMissing), "they picked the other");
        assert_eq!(world.rows().await, rows);
        world.hand_off("v2").await.unwrap();

        let sends = world.sends().await;
        let vendor = world.vendor("v2").await.contact;
        let contacts: Vec<_> = sends[before..].iter().map(|send| (send.contact, send.purpose)).collect();
        assert_eq!(contacts.len(), 2, "exactly two messages");
        assert!(contacts.contains(&(world.client, Purpose::Handoff)));
        assert!(contacts.contains(&(vendor, Purpose::Handoff)));
        for send in &sends[before..] {
            let body = &send.payload.as_ref().unwrap().body;
            let number = if send.contact == vendor { CLIENT_PHONE } else { "+254700000002" };
            assert!(body.contains(number), "{body}");
        }
        let lines = world.audit_lines(0).await;
        assert_eq!(
            lines[lines.len() - 3..],
            ["handoff.done ok", "state.changed ok", "marketplace.update_request_state ok"]
        );

        let rows = world.rows().await;
        for caller in [Caller::orchestrator(), Caller::operator()] {
            for refused in [
                world.call_as(caller.clone(), Some("c"), world.to_client("Hi")).await,
                world.call_as(caller.clone(), Some("v"), world.to_vendor("v2", "Hi")).await,
            ] {
                assert_eq!(refused.unwrap_err().code, RefusalCode::RequestHandedOff);
            }
        }
        for vendor in ["v2", "v1"] {
            assert_eq!(world.hand_off(vendor).await, Err(RefusalCode::RequestHandedOff));
        }
        assert_eq!(world.rows().await, rows);
        test.clock.advance(Duration::from_hours(24));
        let due = world.read(|tx| timers::due(tx, 10)).await;
        assert_eq!(due.last().unwrap().kind, timers::TimerKind::CloseAfterHandoff);
        world.call(world.step(RequestState::Closed).await).await.unwrap();
    });
}

#[test]
fn words_that_pick_nothing() {
    on_both(async |test| {
        let world = World::shortlisted(test).await;
        assert_eq!(world.hand_off("v1").await, Err(RefusalCode::PickMissing), "nobody said anything");
        world.vendor_says("v1", "1").await;
        assert_eq!(world.hand_off("v1").await, Err(RefusalCode::PickMissing), "a vendor's word");
        for text in ["3", "1 or 2", "which is better?", "hello"] {
            world.client_says(text).await;
            assert_eq!(world.hand_off("v1").await, Err(RefusalCode::PickMissing), "{text}");
        }
        // v3 was asked and is not on the list.
        world.ask("v3").await.unwrap_err();
        let button = conversation::ButtonId::Pick("v3".parse().unwrap()).to_string();
        world.says(world.client, Party::Client, "", Some(button)).await;
        assert_eq!(world.hand_off("v3").await, Err(RefusalCode::PickMissing));
        let button = conversation::ButtonId::Pick("v1".parse().unwrap()).to_string();
        world.says(world.client, Party::Client, "", Some(button)).await;
        world.hand_off("v1").await.unwrap();
    });
}

#[test]
fn the_newest_pick_counts() {
    on_both(async |test| {
        let world = World::shortlisted(test).await;
        world.client_says("1").await;
        test.clock.advance(Duration::from_secs(5));
        world.client_says("no, the second one").await;
        test.clock.advance(Duration::from_secs(5));
        world.client_says("2").await;
        assert_eq!(world.hand_off("v1").await, Err(RefusalCode::PickMissing));
        world.hand_off("v2").await.unwrap();
    });
}

#[test]
fn a_pick_from_before_the_last_list_does_not_count() {
    on_both(async |test| {
        let world = World::shortlisted(test).await;
        world.client_says("1").await;
        test.clock.advance(Duration::from_mins(1));
        let message = world.vendor_says("v2", "yes 3000/=").await;
        let cheaper = world.recorded("v2", message).await;
        world.show(&[("v2", cheaper)]).await.unwrap();
        for vendor in ["v1", "v2"] {
            assert_eq!(world.hand_off(vendor).await, Err(RefusalCode::PickMissing), "{vendor}");
        }
        // Written before the list and stored after it.
        let earlier = marketplace::Clock::now(&*test.clock) - Duration::from_secs(10);
        test.clock.set(earlier);
        let early = world.client_says("1").await;
        test.clock.advance(Duration::from_secs(20));
        assert_eq!(world.hand_off("v2").await, Err(RefusalCode::PickMissing), "{early}");
        world.client_says("1").await;
        world.hand_off("v2").await.unwrap();
    });
}

#[test]
fn nobody_is_handed_to_a_person_who_said_stop() {
    on_both(async |test| {
        let world = World::shortlisted(test).await;
        world.client_says("1").await;
        world.opt_out(world.vendor("v1").await.contact).await;
        let rows = world.rows().await;
        assert_eq!(world.hand_off("v1").await, Err(RefusalCode::VendorOptedOut));
        assert_eq!(world.rows().await, rows, "the handoff's own row is undone too");
        world.opt_out(world.client).await;
        assert_eq!(world.hand_off("v1").await, Err(RefusalCode::ClientOptedOut));
    });
}
