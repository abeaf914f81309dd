//! The breaker for outbound volume: exact under concurrency, latched, a vendor's own.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use marketplace::{ContactId, Timestamp};
use proptest::{prelude::*, test_runner::TestRunner};

use super::{imported, person, request, write};
use crate::{
    StoreError, Tx,
    flags::{self, Flag},
    outbox::breaker::{
        Admission, PRODUCT_STRETCH, PRODUCT_WINDOW, Scope, VENDOR_STRETCH, VENDOR_WINDOW, VolumeLimits,
        admit, give_back, held_by, open_breaker, open_breakers, resume, sent,
    },
    retention,
    testing::{START, TestStore, on_both},
};

const LIMITS: VolumeLimits = VolumeLimits { per_hour: 6, per_vendor_per_day: 3 };

async fn ask(test: &TestStore, vendor: Option<ContactId>) -> Admission {
    write(test, move |tx| admit(tx, vendor, LIMITS)).await
}

async fn vendors(test: &TestStore) -> [ContactId; 2] {
    write(test, |tx| Ok([imported(tx, 1)?, imported(tx, 2)?])).await
}

#[test]
fn the_product_stops_at_its_limit_and_stays_stopped() {
    on_both(async |test| {
        let [vendor, _] = vendors(test).await;
        for _ in 0..6 {
            assert_eq!(ask(test, None).await, Admission::Counted);
            test.clock.advance(Duration::from_mins(9));
        }
        let Admission::Opened(open) = ask(test, None).await else { panic!("it did not open") };
        assert_eq!((open.scope, open.sent, open.limit), (Scope::Product, 6, 6));
        assert_eq!(open.opened_at, START + Duration::from_mins(54));
        // No time closes it, and it holds everybody.
        for hours in [0, 1, 1_000] {
            test.clock.advance(Duration::from_hours(hours));
            assert_eq!(ask(test, None).await, Admission::Held);
            assert_eq!(ask(test, Some(vendor)).await, Admission::Held);
            assert_eq!(write(test, move |tx| held_by(tx, vendor)).await, Some(Scope::Product));
        }
        assert_eq!(write(test, open_breakers).await, [open]);
        assert_eq!(write(test, |tx| resume(tx, Scope::Product)).await, Some(open));
        assert_eq!(write(test, |tx| resume(tx, Scope::Product)).await, None, "once");
        assert_eq!(ask(test, Some(vendor)).await, Admission::Counted);
    });
}

#[test]
fn one_vendor_is_held_and_nobody_else() {
    on_both(async |test| {
        let [one, other] = vendors(test).await;
        for _ in 0..3 {
            assert_eq!(ask(test, Some(one)).await, Admission::Counted);
            test.clock.advance(Duration::from_hours(7));
        }
        let Admission::Opened(open) = ask(test, Some(one)).await else { panic!("it did not open") };
        assert_eq!((open.scope, open.sent, open.limit), (Scope::Vendor(one), 3, 3));
        test.clock.advance(Duration::from_hours(48));
        assert_eq!(ask(test, Some(one)).await, Admission::Held);
        assert_eq!(write(test, move |tx| held_by(tx, one)).await, Some(Scope::Vendor(one)));
        assert_eq!(write(test, move |tx| held_by(tx, other)).await, None);
        for recipient in [None, Some(other)] {
            assert_eq!(ask(test, recipient).await, Admission::Counted);
        }
        assert_eq!(write(test, move |tx| resume(tx, Scope::Vendor(other))).await, None);
        assert_eq!(write(test, move |tx| resume(tx, Scope::Vendor(one))).await, Some(open));
        assert_eq!(ask(test, Some(one)).await, Admission::Counted);
    });
}

#[test]
fn counting_starts_anew_when_a_person_resumes() {
    on_both(async |test| {
        for _ in 0..6 {
            assert_eq!(ask(test, None).await, Admission::Counted);
        }
        // What is not open is not reset.
        assert_eq!(write(test, |tx| resume(tx, Scope::Product)).await, None);
        assert_eq!(write(test, |tx| sent(tx, Scope::Product)).await, 6);
        assert!(matches!(ask(test, None).await, Admission::Opened(_)));
        write(test, |tx| resume(tx, Scope::Product)).await;
        assert_eq!(write(test, |tx| sent(tx, Scope::Product)).await, 0);
        for _ in 0..6 {
            assert_eq!(ask(test, None).await, Admission::Counted);
        }
        assert!(matches!(ask(test, None).await, Admission::Opened(_)));
    });
}

#[test]
fn what_was_not_sent_is_taken_back_where_it_was_counted() {
    on_both(async |test| {
        let [vendor, other] = vendors(test).await;
        let counts = async || {
            write(test, move |tx| {
                Ok([
                    sent(tx, Scope::Product)?,
                    sent(tx, Scope::Vendor(vendor))?,
                    sent(tx, Scope::Vendor(other))?,
                ])
            })
            .await
        };
        for to in [None, Some(vendor), Some(vendor), Some(other)] {
            assert_eq!(ask(test, to).await, Admission::Counted);
        }
        test.clock.advance(PRODUCT_STRETCH);
        assert_eq!(ask(test, Some(vendor)).await, Admission::Counted);
        assert_eq!(counts().await, [5, 3, 1]);
        // One of the first stretch, from the second.
        write(test, move |tx| give_back(tx, Some(vendor), START)).await;
        assert_eq!(counts().await, [4, 2, 1]);
        write(test, move |tx| give_back(tx, None, START)).await;
        assert_eq!(counts().await, [3, 2, 1]);
        // The last of a stretch, and what is not there: nothing falls below nothing, and no other stretch pays.
        for _ in 0..3 {
            write(test, move |tx| give_back(tx, Some(other), START)).await;
        }
        assert_eq!(counts().await, [1, 2, 0]);
        write(test, move |tx| give_back(tx, Some(other), START + 2 * PRODUCT_WINDOW)).await;
        assert_eq!(counts().await, [1, 2, 0]);
    });
}

#[test]
fn what_is_taken_back_closes_no_breaker() {
    on_both(async |test| {
        for _ in 0..6 {
            assert_eq!(ask(test, None).await, Admission::Counted);
        }
        assert!(matches!(ask(test, None).await, Admission::Opened(_)));
        for _ in 0..6 {
            write(test, |tx| give_back(tx, None, START)).await;
        }
        assert_eq!(write(test, |tx| sent(tx, Scope::Product)).await, 0);
        assert_eq!(ask(test, None).await, Admission::Held);
    });
}

#[test]
fn the_kill_switch_is_looked_at_last() {
    on_both(async |test| {
        write(test, |tx| flags::set(tx.conn, Flag::Outbound, false, tx.now)).await;
        assert_eq!(ask(test, None).await, Admission::Held);
        assert_eq!(write(test, |tx| sent(tx, Scope::Product)).await, 0, "what is held is not counted");
    });
}

#[test]
fn a_state_that_cannot_be_read_sends_nothing() {
    on_both(async |test| {
        let contact = write(test, |tx| Ok(request(tx, "+254712345678")?.1)).await;
        for statement in ["DELETE FROM outbound_breakers", "DROP TABLE outbound_breakers"] {
            test.execute(statement).await;
            test.db.write(|tx| admit(tx, None, LIMITS)).await.unwrap_err();
            test.db.write(move |tx| held_by(tx, contact)).await.unwrap_err();
            test.db.write(|tx| open_breaker(tx, Scope::Product)).await.unwrap_err();
        }
    });
}

#[test]
fn old_counters_go_and_those_that_count_stay() {
    on_both(async |test| {
        let [vendor, _] = vendors(test).await;
        ask(test, Some(vendor)).await;
        test.clock.advance(VENDOR_WINDOW);
        ask(test, None).await;
        write(test, |tx| retention::sweep(tx, 10)).await;
        assert_eq!(write(test, move |tx| sent(tx, Scope::Vendor(vendor))).await, 1);
        test.clock.advance(retention::OUTBOUND_COUNTERS);
        assert_eq!(write(test, |tx| retention::sweep(tx, 10)).await, 3);
        assert_eq!(write(test, |tx| retention::sweep(tx, 10)).await, 0);
    });
}

/// Every process at once: the limit is exact, and one of them is told that it opened.
#[test]
fn many_at_once_get_what_there_is_and_no_more() {
    on_both(async |test| {
        let people = write(test, |tx| {
            (0..60).map(|n| Ok(person(tx, &format!("+2547111{n:05}"))?.id)).collect::<Result<Vec<_>, _>>()
        })
        .await;
        let limits = VolumeLimits { per_hour: 20, per_vendor_per_day: 2 };
        let asked: Vec<_> = people
            .into_iter()
            .map(|to| {
                let db = test.db.clone();
                tokio::spawn(async move {
                    db.write(move |tx| {
                        crate::contacts::lock(tx, to)?;
                        admit(tx, Some(to), limits)
                    })
                    .await
                })
            })
            .collect();
        let (mut counted, mut opened, mut held) = (0, 0, 0);
        for answer in asked {
            match answer.await.unwrap().unwrap() {
                Admission::Counted => counted += 1,
                Admission::Opened(open) => {
                    assert_eq!((open.scope, open.sent), (Scope::Product, 20));
                    opened += 1;
                }
                Admission::Held => held += 1,
            }
        }
        assert_eq!((counted, opened, held), (20, 1, 39));
        assert_eq!(write(test, |tx| sent(tx, Scope::Product)).await, 20);
    });
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// To nobody's vendor, or to one of two.
    Send(Option<usize>),
    ResumeProduct,
    ResumeVendor(usize),
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let step = prop_oneof![
        12 => prop_oneof![Just(None), Just(Some(0)), Just(Some(1))].prop_map(Step::Send),
        1 => Just(Step::ResumeProduct),
        1 => (0_usize..2).prop_map(Step::ResumeVendor),
    ];
    // Seconds between the steps: a burst, a stretch, a window.
    let pause = prop_oneof![6 => 0_u64..30, 3 => 0_u64..1_200, 1 => 0_u64..30_000];
    prop::collection::vec((pause, step), 1..70)
}

/// What a scope has let out since it was last resumed, and whether it is open.
#[derive(Default)]
struct Model {
    sent_at: Vec<Timestamp>,
    is_open: bool,
}

impl Model {
    /// How many of them lie in the window, and how many in the stretches that reach into it.
    fn counts(&self, now: Timestamp, window: Duration, stretch: Duration) -> (usize, usize) {
        let millis = i64::try_from(stretch.as_millis()).unwrap();
        let start = |at: Timestamp| at.as_millis() - at.as_millis().rem_euclid(millis);
        let strictly = self.sent_at.iter().filter(|at| **at > now - window).count();
        let coarsely =
            self.sent_at.iter().filter(|at| start(**at) > (now - window - stretch).as_millis()).count();
        (strictly, coarsely)
    }
}

fn play(tx: &mut Tx<'_>, steps: &[(u64, Step)]) -> Result<(), TestCaseError> {
    let broken = |error: StoreError| TestCaseError::fail(format!("{error:?}"));
    let shops = [imported(tx, 1).map_err(broken)?, imported(tx, 2).map_err(broken)?];
    let (mut product, mut vendors) = (Model::default(), [Model::default(), Model::default()]);
    for (pause, step) in steps {
        tx.now = tx.now + Duration::from_secs(*pause);
        let now = tx.now;
        match *step {
            Step::ResumeProduct => {
                let resumed = resume(tx, Scope::Product).map_err(broken)?.is_some();
                prop_assert_eq!(resumed, product.is_open);
                if resumed {
                    product = Model::default();
                }
            }
            Step::ResumeVendor(n) => {
                let resumed = resume(tx, Scope::Vendor(shops[n])).map_err(broken)?.is_some();
                prop_assert_eq!(resumed, vendors[n].is_open);
                if resumed {
                    vendors[n] = Model::default();
                }
            }
            Step::Send(to) => {
                let said = admit(tx, to.map(|n| shops[n]), LIMITS).map_err(broken)?;
                let (in_hour, near_hour) = product.counts(now, PRODUCT_WINDOW, PRODUCT_STRETCH);
                let (in_day, near_day) =
                    to.map_or((0, 0), |n| vendors[n].counts(now, VENDOR_WINDOW, VENDOR_STRETCH));
                match said {
                    Admission::Held => {
                        prop_assert!(
                            product.is_open || to.is_some_and(|n| vendors[n].is_open),
                            "held by nothing"
                        );
                    }
                    Admission::Opened(open) if open.scope == Scope::Product => {
                        prop_assert!(!product.is_open && near_hour >= 6);
                        product.is_open = true;
                    }
                    Admission::Opened(_) => {
                        let n = to.unwrap();
                        prop_assert!(!vendors[n].is_open && near_day >= 3);
                        vendors[n].is_open = true;
                    }
                    Admission::Counted => {
                        prop_assert!(!product.is_open && in_hour < 6, "{} in the hour before", in_hour);
                        product.sent_at.push(now);
                        if let Some(n) = to {
                            prop_assert!(!vendors[n].is_open && in_day < 3, "{} in the day before", in_day);
                            vendors[n].sent_at.push(now);
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Between two resumes no window holds more than its limit, an open breaker lets nothing out, and none opens early
/// or for somebody else.
#[test]
fn no_window_exceeds_its_limit() {
    let test = TestStore::sqlite();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(ProptestConfig { cases: 96, ..ProptestConfig::default() });
    let run = runner.run(&steps(), |steps| {
        let verdict = Arc::new(Mutex::new(None));
        let told = Arc::clone(&verdict);
        let rolled_back: Result<(), StoreError> = runtime.block_on(test.db.write(move |tx| {
            *told.lock().unwrap() = Some(play(tx, &steps));
            Err(StoreError::NotFound)
        }));
        rolled_back.unwrap_err();
        let verdict = verdict.lock().unwrap().take();
        verdict.unwrap()
    });
    run.unwrap();
}
