use std::sync::Mutex;

use async_trait::async_trait;
use marketplace::{Control, Language, NotificationId, RequestState};
use mockall::mock;
use store::{
    StoreError,
    contacts::{self, Identity},
    dead_letters, observation, requests,
    testing::{TestStore, on_both},
};
use tool_registry::UpdateRequestStateArgs;
use tools::{Caller, Invocation, Policy};

use super::*;

mock! {
    Webhook {}

    #[async_trait]
    impl OperatorWebhook for Webhook {
        async fn deliver(&self, notice: &Notice, at: i64) -> Result<(), Undelivered>;
    }
}

/// A request that somebody escalates.
async fn escalate(test: &TestStore) {
    let done: Result<_, ToolError> = test
        .db
        .write(|tx| {
            let phone = [Identity::Phone("+254700000101".parse().unwrap())];
            let client = contacts::find_or_create(tx, &phone, None, Language::En)?.id;
            let guard = requests::create(tx, client, &"10001".parse().unwrap(), Language::En)?;
            let request = guard.request().id;
            let step = Invocation {
                caller: Caller::orchestrator(),
                key: Some("k".to_owned()),
                caused_by: None,
                call: UpdateRequestStateArgs {
                    request_id: request,
                    to: RequestState::Escalated,
                    reason: "the client wants a person".to_owned(),
                    expected_version: guard.request().version,
                    facts: None,
                    plan: None,
                    shortlist: None,
                    handoff: None,
                }
                .into(),
            };
            let done = tools::run(tx, Policy::default(), &step)?;
            assert!(done.is_ok());
            assert_eq!(requests::load(tx, request)?.control, Control::Human);
            Ok(())
        })
        .await;
    done.unwrap();
}

async fn seen(test: &TestStore) -> (i64, i64, Vec<String>) {
    let seen: Result<_, StoreError> = test
        .db
        .read(|tx| {
            let seen = observation::observe(tx)?;
            let letters = dead_letters::waiting(tx, 10)?;
            let sources = letters.into_iter().map(|letter| letter.source.to_string()).collect();
            Ok((seen.notifications_pending, seen.notifications_failed, sources))
        })
        .await;
    seen.unwrap()
}

fn notifier(test: &TestStore, webhook: MockWebhook) -> Notifier {
    Notifier::new(test.db.clone(), Some(Arc::new(webhook)))
}

#[test]
fn an_escalation_is_told_until_it_is_taken_and_always_as_the_same() {
    on_both(async |test| {
        escalate(test).await;
        let ids = Arc::new(Mutex::new(Vec::<NotificationId>::new()));
        let mut webhook = MockWebhook::new();
        let told = Arc::clone(&ids);
        webhook.expect_deliver().times(3).returning(move |notice, at| {
            assert_eq!(
                (notice.r#type.as_str(), notice.state),
                ("request.escalated", Some(RequestState::Escalated))
            );
            assert_eq!((notice.version, notice.dead_letter_id), (1, None));
            assert!(at >= notice.at.as_seconds());
            let mut told = told.lock().unwrap();
            told.push(notice.id);
            if told.len() < 3 { Err(Undelivered::Status(503)) } else { Ok(()) }
        });
        let notifier = notifier(test, webhook);
        for before in 0..2 {
            assert_eq!(notifier.step().await.unwrap().put_off, 1);
            let (least, most) = bounds(before);
            test.clock.advance(least.saturating_sub(Duration::from_millis(1)));
            assert!(!notifier.step().await.unwrap().did_work(), "not before half of the pause");
            test.clock.advance(most.saturating_sub(least) + Duration::from_millis(1));
        }
        assert_eq!(notifier.step().await.unwrap().delivered, 1);
        test.clock.advance(Duration::from_hours(25));
        assert!(!notifier.step().await.unwrap().did_work(), "once it is taken, never again");
        let ids = ids.lock().unwrap().clone();
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(seen(test).await, (0, 0, vec![]));
    });
}

#[test]
fn what_nobody_takes_for_a_day_is_a_dead_letter_that_is_not_told() {
    on_both(async |test| {
        escalate(test).await;
        let mut webhook = MockWebhook::new();
        webhook.expect_deliver().returning(|_, _| Err(Undelivered::NoConnection));
        let notifier = notifier(test, webhook);
        let mut attempts = 0;
        for _ in 0..400 {
            let report = notifier.step().await.unwrap();
            attempts += report.put_off + report.failed;
            if report.failed > 0 {
                break;
            }
            test.clock.advance(PAUSE_MAX);
        }
        // 15 minutes a try, half of them at the most: at least 96 in a day.
        assert!((90..=100).contains(&attempts), "{attempts}");
        assert_eq!(seen(test).await, (0, 1, vec!["notify".to_owned()]));
        test.clock.advance(Duration::from_hours(25));
        assert!(!notifier.step().await.unwrap().did_work());
    });
}

#[test]
fn a_worker_that_dies_on_the_wire_lets_another_try_after_a_minute() {
    on_both(async |test| {
        escalate(test).await;
        let taken: Result<_, StoreError> = test
            .db
            .write(|tx| {
                let due = notifications::due(tx, 10)?;
                notifications::claim(tx, due[0].id, tx.now + ATTEMPT)
            })
            .await;
        assert!(taken.unwrap());
        let mut webhook = MockWebhook::new();
        webhook.expect_deliver().times(1).returning(|_, _| Ok(()));
        let notifier = notifier(test, webhook);
        assert!(!notifier.step().await.unwrap().did_work());
        test.clock.advance(ATTEMPT);
        assert_eq!(notifier.step().await.unwrap().delivered, 1);
    });
}

#[test]
fn without_an_address_nothing_waits() {
    on_both(async |test| {
        escalate(test).await;
        let notifier = Notifier::new(test.db.clone(), None);
        assert_eq!(notifier.step().await.unwrap().unsent, 1);
        assert_eq!(seen(test).await, (0, 0, vec![]));
    });
}
