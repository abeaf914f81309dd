//! The breaker for outbound volume and the kill switch, seen from the dispatcher.

use std::time::Duration;

use meta_client::SendErrorClass;
use store::{
    flags::{self, Flag},
    outbox::{
        Purpose, SendState,
        breaker::{self, Scope, VolumeLimits},
    },
    requests,
    testing::on_both,
};

use super::world::{World, refused, retry};
use crate::dispatch::Hold;

const DAY: u64 = 24 * 60 * 60;

#[test]
fn over_the_hours_limit_everything_waits_for_a_person() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        world.limit(VolumeLimits { per_hour: 2, per_vendor_per_day: 50 });
        for body in ["one", "two", "three"] {
            world.to_client(body).await;
        }
        for _ in 0..2 {
            assert_eq!(world.step().await.accepted, 1);
        }
        let vendors = world.queue(world.vendor, Purpose::VendorMessage, "other").await;
        let report = world.step().await;
        assert_eq!((report.accepted, report.held), (0, 2), "one opens it, the other finds it open");
        for _ in 0..2 {
            assert_eq!(world.step().await.hold, Some(Hold::BreakerOpen));
            world.advance(DAY / 4);
        }
        assert_eq!(world.state(vendors).await.0, SendState::Queued, "held, not lost");
        assert_eq!(world.meta.wire(), ["text one", "text two"]);
        assert_eq!(world.system_audit().await, ["breaker.opened outbound_per_hour"], "once");
        world.write(|tx| Ok(breaker::resume(tx, Scope::Product)?)).await.unwrap();
        assert_eq!(world.step().await.accepted, 2);
        assert!(!world.step().await.did_work());
    });
}

#[test]
fn over_a_vendors_limit_that_vendor_waits_alone() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        world.limit(VolumeLimits { per_hour: 10_000, per_vendor_per_day: 2 });
        for body in ["one", "two", "three", "four"] {
            world.queue(world.vendor, Purpose::VendorMessage, body).await;
        }
        for _ in 0..2 {
            assert_eq!(world.step().await.accepted, 1);
        }
        assert_eq!(world.step().await.held, 1);
        assert_eq!(world.system_audit().await, ["breaker.opened outbound_per_vendor_per_day"]);
        // Days pass: it stays closed to them, and open to others.
        world.advance(2 * DAY);
        world.queue(world.client, Purpose::Notice, "hello").await;
        let report = world.step().await;
        assert_eq!((report.held, report.hold), (1, None));
        let client = world.queue_with(world.client, Purpose::ClientMessage, "hello", |_| {}).await;
        let _ = world.step().await;
        assert_eq!(world.state(client).await.0, SendState::Accepted);
        let vendor = world.vendor;
        world.write(move |tx| Ok(breaker::resume(tx, Scope::Vendor(vendor))?)).await.unwrap();
        for _ in 0..2 {
            assert_eq!(world.step().await.accepted, 1, "what was held is due at once");
        }
        assert_eq!(world.system_audit().await.len(), 1);
    });
}

#[test]
fn the_client_of_a_request_has_no_vendors_limit() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        world.limit(VolumeLimits { per_hour: 10_000, per_vendor_per_day: 1 });
        for body in ["one", "two", "three"] {
            world.to_client(body).await;
        }
        for _ in 0..3 {
            assert_eq!(world.step().await.accepted, 1);
        }
    });
}

/// How much of the product's and of the vendor's limit is used up.
async fn counted(world: &World<'_>) -> (i64, i64) {
    let vendor = world.vendor;
    world
        .write(move |tx| Ok((breaker::sent(tx, Scope::Product)?, breaker::sent(tx, Scope::Vendor(vendor))?)))
        .await
}

#[test]
fn without_a_connection_no_limit_is_reached() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        world.limit(VolumeLimits { per_hour: 10, per_vendor_per_day: 5 });
        for body in ["one", "two"] {
            world.queue(world.vendor, Purpose::VendorMessage, body).await;
        }
        for attempt in 1..=30 {
            world.meta.will(retry(None, None));
            let report = world.step().await;
            assert_eq!((report.retried + report.failed, report.held), (1, 0), "attempt {attempt}");
            assert_eq!(counted(&world).await, (0, 0), "attempt {attempt}");
            world.advance(60);
        }
        assert_eq!(world.system_audit().await, [""; 0]);
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(counted(&world).await, (1, 1));
    });
}

/// A refusal that is final is counted: the message went to Meta, and no further one follows from it.
#[test]
fn what_is_proven_not_sent_is_not_counted() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.to_client("hello").await;
        let pauses = [
            (retry(Some(131_056), Some(6)), 6),
            (refused(SendErrorClass::Window, 131_047), 0),
            (refused(SendErrorClass::Token, 190), 300),
        ];
        for (answer, pause) in pauses {
            world.meta.will(answer);
            assert_eq!(world.step().await.retried, 1);
            assert_eq!(counted(&world).await, (0, 0));
            world.advance(pause);
        }
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(counted(&world).await, (1, 0));
        world.queue(world.vendor, Purpose::VendorMessage, "other").await;
        world.meta.will(refused(SendErrorClass::Recipient, 131_026));
        assert_eq!(world.step().await.failed, 1);
        assert_eq!(counted(&world).await, (2, 1));
    });
}

#[test]
fn a_breaker_that_cannot_be_read_holds_everything() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        store.execute("DELETE FROM outbound_breakers").await;
        assert_eq!(world.step().await.hold, Some(Hold::OutboundOff));
        assert_eq!(world.state(id).await.0, SendState::Queued);
    });
}

/// The switch is thrown by a transaction that the whole step waits for: the step has looked at the switch, has its
/// intents in hand, and sends none of them.
#[test]
fn a_step_under_way_stops_where_the_switch_is_thrown() {
    on_both(async |store| {
        let world = World::new(store).await;
        assert!(world.step().await.leading, "so that the step itself writes nothing");
        for body in ["one", "two"] {
            world.to_client(body).await;
            world.queue(world.vendor, Purpose::VendorMessage, body).await;
        }
        let (other, request) = (store.open_again(), world.request);
        let (taken, is_taken) = std::sync::mpsc::channel();
        let (go, may_go) = std::sync::mpsc::channel::<()>();
        let may_go = std::sync::Mutex::new(may_go);
        let db = store::Db { store: other.clone(), ..store.db.clone() };
        let throwing = tokio::spawn(async move {
            db.write(move |tx| {
                let _guard = requests::lock(tx, request)?;
                flags::set(tx.conn, Flag::Outbound, false, tx.now)?;
                let _ = taken.send(());
                let _ = may_go.lock().unwrap().recv_timeout(Duration::from_secs(10));
                Ok::<_, store::StoreError>(())
            })
            .await
        });
        while is_taken.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        let stepping = async {
            let report = world.step().await;
            assert_eq!((report.accepted, report.held, report.hold), (0, 2, None));
        };
        let releasing = async {
            while world.dispatcher.in_flight.count() < 2 {
                tokio::task::yield_now().await;
            }
            go.send(()).unwrap();
        };
        tokio::join!(stepping, releasing);
        throwing.await.unwrap().unwrap();
        assert_eq!(world.meta.wire(), [""; 0]);
        other.close().await;
    });
}
