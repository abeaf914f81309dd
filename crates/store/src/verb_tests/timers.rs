use std::time::Duration;

use super::{request, write};
use crate::{
    Backend, leases, on_conn, requests,
    testing::on_both,
    timers::{TimerKind, due, set, settle, still_due},
};

#[test]
fn a_timer_fires_once_when_it_is_due() {
    on_both(async |test| {
        let id = write(test, |tx| Ok(request(tx, "+254712345678")?.0)).await;
        write(test, move |tx| {
            let guard = requests::lock(tx, id)?;
            set(tx, &guard, TimerKind::BatchDeadline, "b", tx.now + Duration::from_mins(1))?;
            set(tx, &guard, TimerKind::CloseAfterHandoff, "", tx.now + Duration::from_secs(30))?;
            // Set again, it moves.
            set(tx, &guard, TimerKind::BatchDeadline, "b", tx.now + Duration::from_secs(20))
        })
        .await;
        assert!(write(test, |tx| due(tx, 10)).await.is_empty());
        test.clock.advance(Duration::from_secs(30));
        let waiting = write(test, |tx| due(tx, 10)).await;
        let kinds: Vec<_> = waiting.iter().map(|timer| timer.kind).collect();
        assert_eq!(kinds, [TimerKind::BatchDeadline, TimerKind::CloseAfterHandoff]);
        assert_eq!(write(test, |tx| due(tx, 1)).await.len(), 1);
        let first = waiting[0].clone();
        let (before, after) = write(test, move |tx| {
            let before = still_due(tx, &first)?;
            settle(tx, first.request, first.kind, &first.reference)?;
            Ok((before, still_due(tx, &first)?))
        })
        .await;
        assert!(before && !after);
        assert_eq!(write(test, |tx| due(tx, 10)).await.len(), 1);
    });
}

#[test]
fn a_lease_has_one_owner_and_its_fence_grows_with_each() {
    on_both(async |test| {
        let lasts = Duration::from_secs(30);
        let take = async |owner: &'static str| {
            write(test, move |tx| leases::acquire(tx, "dispatch:100", owner, lasts)).await
        };
        assert_eq!(take("a").await, Some(1));
        assert_eq!(take("b").await, None);
        assert_eq!(take("a").await, Some(1), "extended");
        test.clock.advance(lasts);
        if test.backend() == Backend::Postgres {
            write(test, |tx| {
                use diesel::prelude::*;
                let past = tx.lease_now()?.as_millis();
                on_conn!(&mut *tx.conn, |c| diesel::update(crate::schema::leases::table)
                    .set(crate::schema::leases::lease_until.eq(past))
                    .execute(c))?;
                Ok(())
            })
            .await;
        }
        assert_eq!(take("b").await, Some(2));
        let held = async |owner: &'static str, fence| {
            write(test, move |tx| leases::is_held(tx, "dispatch:100", owner, fence)).await
        };
        assert!(held("b", 2).await && !held("a", 1).await && !held("b", 1).await);
        write(test, |tx| leases::release(tx, "dispatch:100", "a")).await;
        assert_eq!(take("a").await, None, "only the owner gives it back");
        write(test, |tx| leases::release(tx, "dispatch:100", "b")).await;
        assert_eq!(take("a").await, Some(3));
        assert_eq!(
            write(test, move |tx| leases::acquire(tx, "dispatch:200", "b", lasts)).await,
            Some(1),
            "another name is another lease"
        );
    });
}
