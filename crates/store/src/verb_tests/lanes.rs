use std::{collections::BTreeSet, time::Duration};

use diesel::prelude::*;
use marketplace::{EventId, RequestId, SeededIds, Timestamp, TurnId};

use super::{message, request, write};
use crate::{
    Backend, StoreError, Tx,
    lanes::{
        COALESCE_MAX, EntryKind, LEASE, Lease, any_due, append, assign, check_fence, claim, consume,
        has_unread_client_message, heartbeat, pending, postpone, release,
    },
    on_conn, requests,
    schema::lanes,
    testing::{START, TestStore, on_both},
};

fn arrive(tx: &mut Tx<'_>, id: RequestId, kind: EntryKind) -> Result<(), StoreError> {
    let guard = requests::lock(tx, id)?;
    let client = guard.request().client;
    let message = if kind == EntryKind::Wake { None } else { Some(message(tx, id, client)?) };
    append(tx, &guard, kind, message, None, tx.now)
}

async fn lane(test: &TestStore, phone: &'static str) -> RequestId {
    write(test, move |tx| Ok(request(tx, phone)?.0)).await
}

async fn mail(test: &TestStore, id: RequestId, kind: EntryKind) {
    write(test, move |tx| arrive(tx, id, kind)).await;
}

async fn take(test: &TestStore) -> Option<Lease> {
    write(test, |tx| {
        let due = any_due(tx)?;
        let lease = claim(tx, "worker")?;
        assert_eq!(due, lease.is_some());
        Ok(lease)
    })
    .await
}

async fn give_back(test: &TestStore, lease: &Lease, worked: bool) {
    let lease = lease.clone();
    write(test, move |tx| release(tx, &lease, worked)).await;
}

async fn work(test: &TestStore, lease: &Lease) {
    let lease = lease.clone();
    write(test, move |tx| {
        let guard = requests::lock(tx, lease.request)?;
        let entries: Vec<EventId> = pending(tx, lease.request)?.iter().map(|entry| entry.id).collect();
        consume(tx, &guard, None, &entries)?;
        release(tx, &lease, true)
    })
    .await;
}

/// Lets a lease run out: PostgreSQL measures it by its own clock, which no test can move.
async fn run_out(test: &TestStore) {
    test.clock.advance(LEASE);
    if test.backend() == Backend::Postgres {
        write(test, |tx| {
            let past = tx.lease_now()?.as_millis();
            on_conn!(&mut *tx.conn, |c| diesel::update(
                lanes::table.filter(lanes::lease_until.is_not_null())
            )
            .set(lanes::lease_until.eq(past))
            .execute(c))?;
            Ok(())
        })
        .await;
    }
}

#[test]
fn a_burst_is_answered_after_a_short_quiet() {
    on_both(async |test| {
        let id = lane(test, "+254712345678").await;
        assert_eq!(take(test).await, None, "nothing waits");
        mail(test, id, EntryKind::ClientMessage).await;
        test.clock.advance(Duration::from_millis(1_500));
        mail(test, id, EntryKind::ClientMessage).await;
        test.clock.advance(Duration::from_millis(1_999));
        assert_eq!(take(test).await, None, "the newest is not old enough");
        test.clock.advance(Duration::from_millis(1));
        assert_eq!(take(test).await.unwrap().request, id);
    });
}

#[test]
fn a_long_burst_is_not_waited_for() {
    on_both(async |test| {
        let id = lane(test, "+254712345678").await;
        for _ in 0..8 {
            mail(test, id, EntryKind::ClientMessage).await;
            assert_eq!(take(test).await, None);
            test.clock.advance(Duration::from_secs(1));
        }
        mail(test, id, EntryKind::VendorMessage).await;
        assert_eq!(test.clock_since_start(), COALESCE_MAX);
        assert!(take(test).await.is_some());
    });
}

#[test]
fn a_wake_is_due_at_once() {
    on_both(async |test| {
        let id = lane(test, "+254712345678").await;
        mail(test, id, EntryKind::ClientMessage).await;
        assert_eq!(take(test).await, None);
        mail(test, id, EntryKind::Wake).await;
        assert_eq!(take(test).await.unwrap().request, id);
    });
}

#[test]
fn the_lane_that_is_due_longest_comes_first_and_a_held_one_not_at_all() {
    on_both(async |test| {
        let (first, second) = (lane(test, "+254712345678").await, lane(test, "+254712345679").await);
        mail(test, second, EntryKind::Wake).await;
        test.clock.advance(Duration::from_millis(10));
        mail(test, first, EntryKind::Wake).await;
        let lease = take(test).await.unwrap();
        assert_eq!(lease.request, second);
        let other = take(test).await.unwrap();
        assert_eq!(other.request, first);
        assert_eq!(take(test).await, None);
        work(test, &lease).await;
        assert_eq!(take(test).await, None, "nothing waits in it");
        mail(test, second, EntryKind::Wake).await;
        assert_eq!(take(test).await.unwrap().request, second);
    });
}

#[test]
fn attempts_count_until_something_is_worked() {
    on_both(async |test| {
        let id = lane(test, "+254712345678").await;
        mail(test, id, EntryKind::Wake).await;
        for attempt in 1..=3 {
            let lease = take(test).await.unwrap();
            assert_eq!((lease.attempts, lease.fence), (attempt, i64::from(attempt)));
            give_back(test, &lease, false).await;
        }
        let lease = take(test).await.unwrap();
        work(test, &lease).await;
        mail(test, id, EntryKind::Wake).await;
        let lease = take(test).await.unwrap();
        assert_eq!(lease.attempts, 1);
        give_back(test, &lease, true).await;
        assert_eq!(take(test).await.unwrap().attempts, 1);
    });
}

#[test]
fn a_lease_that_ran_out_goes_to_another_and_the_old_fence_is_refused() {
    on_both(async |test| {
        let id = lane(test, "+254712345678").await;
        mail(test, id, EntryKind::Wake).await;
        let old = take(test).await.unwrap();
        assert!(beat(test, &old).await);
        run_out(test).await;
        assert!(beat(test, &old).await, "nobody took it: a late beat keeps it");
        assert_eq!(take(test).await, None);
        run_out(test).await;
        let new = take(test).await.unwrap();
        assert_eq!(new.attempts, 2);
        assert!(!beat(test, &old).await);
        give_back(test, &old, true).await;
        assert_eq!(take(test).await, None, "the old worker gives nothing back that is not its own");
        for (lease, holds) in [(old, false), (new, true)] {
            let checked = test
                .db
                .write(move |tx| {
                    let guard = requests::lock(tx, lease.request)?;
                    check_fence(tx, &guard, lease.fence)
                })
                .await;
            assert_eq!(checked.is_ok(), holds);
            assert!(holds || matches!(checked, Err(StoreError::LeaseLost)));
        }
    });
}

async fn beat(test: &TestStore, lease: &Lease) -> bool {
    let lease = lease.clone();
    write(test, move |tx| heartbeat(tx, &lease)).await
}

#[test]
fn a_beat_after_the_release_holds_nothing() {
    on_both(async |test| {
        let id = lane(test, "+254712345678").await;
        mail(test, id, EntryKind::Wake).await;
        let lease = take(test).await.unwrap();
        give_back(test, &lease, false).await;
        assert!(!beat(test, &lease).await);
        assert!(take(test).await.is_some());
    });
}

#[test]
fn a_postponed_lane_waits() {
    on_both(async |test| {
        let id = lane(test, "+254712345678").await;
        mail(test, id, EntryKind::Wake).await;
        let lease = take(test).await.unwrap();
        write(test, {
            let lease = lease.clone();
            move |tx| {
                postpone(tx, &lease, tx.now + Duration::from_secs(5))?;
                release(tx, &lease, false)
            }
        })
        .await;
        assert_eq!(take(test).await, None);
        test.clock.advance(Duration::from_secs(5));
        assert!(take(test).await.is_some());
    });
}

#[test]
fn two_claimers_never_get_the_same_lane() {
    on_both(async |test| {
        let ids = write(test, |tx| {
            let mut ids = BTreeSet::new();
            for lane in 0..20 {
                let (id, _) = request(tx, &format!("+2547123456{lane:02}"))?;
                arrive(tx, id, EntryKind::Wake)?;
                ids.insert(id);
            }
            Ok(ids)
        })
        .await;
        let claims: Vec<_> = (0..40)
            .map(|worker| {
                let db = test.db.clone();
                tokio::spawn(async move { db.write(move |tx| claim(tx, &format!("w{worker}"))).await })
            })
            .collect();
        let mut claimed = Vec::new();
        for claim in claims {
            claimed.extend(claim.await.unwrap().unwrap().map(|lease| lease.request));
        }
        assert_eq!(claimed.len(), 20);
        assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), ids);
    });
}

#[test]
fn the_mailbox_is_read_in_the_order_of_metas_time() {
    on_both(async |test| {
        let id = lane(test, "+254712345678").await;
        let turn = TurnId::generate(&SeededIds::new(7));
        write(test, move |tx| {
            let guard = requests::lock(tx, id)?;
            for (kind, seconds) in [
                (EntryKind::ClientMessage, 30),
                (EntryKind::VendorMessage, 10),
                (EntryKind::ClientMessage, 20),
            ] {
                let message = message(tx, id, guard.request().client)?;
                append(tx, &guard, kind, Some(message), None, Timestamp::from_seconds(seconds))?;
            }
            let entries = pending(tx, id)?;
            let times: Vec<i64> = entries.iter().map(|entry| entry.meta_at.as_seconds()).collect();
            assert_eq!(times, [10, 20, 30]);
            let (first, known): (Vec<_>, Vec<_>) =
                (vec![entries[0].id, entries[1].id], entries.iter().map(|entry| entry.id).collect());
            assert!(has_unread_client_message(tx, &guard, &first)?);
            assert!(!has_unread_client_message(tx, &guard, &known)?);
            assign(tx, &guard, turn, &first)?;
            assert_eq!(pending(tx, id)?.iter().filter(|entry| entry.turn == Some(turn)).count(), 2);
            consume(tx, &guard, Some(turn), &first)?;
            assert_eq!(pending(tx, id)?.len(), 1);
            Ok(())
        })
        .await;
    });
}

impl TestStore {
    fn clock_since_start(&self) -> Duration {
        marketplace::Clock::now(&*self.clock).since(START)
    }
}
