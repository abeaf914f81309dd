use audit::ChainId;
use marketplace::{ActorKind, Control, Language, MessageId};
use store::{
    StoreError, audit_log,
    contacts::{self, Identity},
    lanes,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    notifications::{self, NotificationKind},
    observation,
    outbox::{self, NewSend, Purpose, SendPayload},
    testing::{START, TestStore, on_both},
};

use super::*;

/// A request whose client wrote once.
struct World<'a> {
    test: &'a TestStore,
    detector: Detector,
    request: RequestId,
}

impl<'a> World<'a> {
    async fn new(test: &'a TestStore) -> Self {
        let detector = Detector::new(test.db.clone());
        let made: Result<_, StoreError> = test
            .db
            .write(|tx| {
                let phone = [Identity::Phone("+254700000101".parse().unwrap())];
                let client = contacts::find_or_create(tx, &phone, None, Language::En)?.id;
                let guard = requests::create(tx, client, &"10001".parse().unwrap(), Language::En)?;
                let new = message(guard.request(), Direction::In, tx.now);
                let id = messages::insert(tx, &new)?;
                lanes::append(tx, &guard, EntryKind::ClientMessage, Some(id), None, tx.now)?;
                Ok(guard.request().id)
            })
            .await;
        Self { test, detector, request: made.unwrap() }
    }

    async fn guarded<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>, &mut requests::RequestGuard) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        let request = self.request;
        let done: Result<_, StoreError> = self
            .test
            .db
            .write(move |tx| {
                let mut guard = requests::lock(tx, request)?;
                work(tx, &mut guard)
            })
            .await;
        done.unwrap()
    }

    /// A turn reads everything.
    async fn read(&self) {
        self.guarded(|tx, guard| {
            let waiting = lanes::pending(tx, guard.request().id)?;
            lanes::consume(tx, guard, None, &waiting.iter().map(|entry| entry.id).collect::<Vec<_>>())
        })
        .await;
    }

    async fn says(&self, state: SendState) {
        self.guarded(move |tx, guard| {
            let new = message(guard.request(), Direction::Out, tx.now);
            let message = messages::insert(tx, &new)?;
            let send = NewSend {
                contact: new.contact,
                message,
                purpose: Purpose::ClientMessage,
                author: ActorKind::Orchestrator,
                payload: SendPayload { body: new.body, buttons: Vec::new(), template: None, reply_to: None },
                also_sealed_by: Vec::new(),
                not_after: None,
            };
            let id = outbox::enqueue(tx, guard, &send)?;
            match state {
                SendState::Queued => {}
                SendState::Cancelled => outbox::cancel(tx, id, "stale")?,
                other => drop(outbox::advance(tx, id, other, None, None)?),
            }
            Ok(())
        })
        .await;
    }

    /// Somebody looks for five minutes.
    async fn look(&mut self) -> usize {
        let mut silent = 0;
        for _ in 0..3 {
            self.test.clock.advance(Duration::from_secs(101));
            silent += self.detector.step().await.unwrap().silent;
        }
        silent
    }

    async fn outcome(&self) -> String {
        let request = self.request;
        let found: Result<_, StoreError> =
            self.test.db.read(move |tx| answers::of_request(tx, request)).await;
        found.unwrap()[0].1.clone().unwrap_or_default()
    }

    /// The metric, the dead letters that wait, the notifications.
    async fn told(&self) -> (i64, Vec<String>, usize) {
        let request = self.request;
        let found: Result<_, StoreError> = self
            .test
            .db
            .read(move |tx| {
                let letters = dead_letters::waiting(tx, 10)?;
                let letters =
                    letters.iter().map(|letter| format!("{} {}", letter.source, letter.reason)).collect();
                let told = notifications::of_request(tx, request)?;
                let told = told.iter().filter(|(kind, ..)| *kind == NotificationKind::DeadLetter).count();
                Ok((observation::observe(tx)?.unanswered, letters, told))
            })
            .await;
        found.unwrap()
    }
}

fn message(request: &Request, direction: Direction, at: Timestamp) -> NewMessage {
    NewMessage {
        request: Some(request.id),
        contact: request.client,
        direction,
        party: Party::Client,
        kind: MessageKind::Text,
        body: "brake pads".to_owned(),
        also_sealed_by: Vec::new(),
        button_id: None,
        wamid: None,
        quoted_wamid: None,
        meta_at: at,
    }
}

#[test]
fn a_message_that_nobody_reads_is_told_once_and_resolves_itself() {
    on_both(async |test| {
        let mut world = World::new(test).await;
        for _ in 0..2 {
            test.clock.advance(Duration::from_secs(149));
            assert_eq!(world.detector.step().await.unwrap(), Found::default(), "its time is not over");
        }
        assert_eq!(world.look().await, 1);
        assert_eq!(world.told().await, (1, vec!["silence not_read".to_owned()], 1));
        for _ in 0..3 {
            assert_eq!(world.look().await, 0, "told once");
        }
        assert_eq!(world.told().await, (1, vec!["silence not_read".to_owned()], 1));
        let request = world.request;
        let chain: Result<Vec<audit::AuditRecord>, StoreError> =
            test.store.read(move |conn| audit_log::chain_records(conn, ChainId::Request(request))).await;
        let actions: Vec<_> = chain.unwrap().into_iter().map(|record| record.action).collect();
        assert_eq!(actions, ["message.unanswered"]);

        world.read().await;
        world.says(SendState::Delivered).await;
        assert_eq!(world.look().await, 0);
        assert_eq!((world.outcome().await.as_str(), world.told().await), ("answered", (0, vec![], 1)));
        test.clock.advance(Duration::from_hours(1));
        assert_eq!(world.detector.step().await.unwrap(), Found::default(), "it is over");
    });
}

#[test]
fn what_became_of_a_message_that_was_read() {
    for (state, outcome, silent) in [
        (Some(SendState::Accepted), "answered", 0),
        (Some(SendState::Queued), "queued", 0),
        (Some(SendState::Unknown), "queued", 0),
        (Some(SendState::Failed), "unanswered", 1),
        (Some(SendState::Cancelled), "unanswered", 1),
        (None, "unanswered", 1),
    ] {
        on_both(async |test| {
            let mut world = World::new(test).await;
            world.read().await;
            if let Some(state) = state {
                world.says(state).await;
            }
            assert_eq!(world.look().await, silent, "{state:?}");
            assert_eq!(world.outcome().await, outcome, "{state:?}");
        });
    }
}

#[test]
fn with_a_person_over_or_opted_out_is_no_silence() {
    type Change = fn(&mut Tx<'_>, &mut requests::RequestGuard) -> Result<(), StoreError>;
    let changes: [(Change, &str); 5] = [
        (|tx, guard| requests::set_control(tx, guard, Control::Human), "with_person"),
        (|tx, guard| requests::set_state(tx, guard, RequestState::Error), "with_person"),
        (|tx, guard| requests::set_state(tx, guard, RequestState::Closed), "request_closed"),
        (|tx, guard| requests::set_state(tx, guard, RequestState::HandedOff), "request_handed_off"),
        (|tx, guard| contacts::set_opt_out(tx, guard.request().client, Some(tx.now)), "opted_out"),
    ];
    for (change, outcome) in changes {
        on_both(async |test| {
            let mut world = World::new(test).await;
            world.read().await;
            world.guarded(change).await;
            assert_eq!(world.look().await, 0, "{outcome}");
            assert_eq!(world.outcome().await, outcome);
        });
    }
}

#[test]
fn a_request_that_was_given_back_has_its_time_again() {
    on_both(async |test| {
        let mut world = World::new(test).await;
        world.guarded(|tx, guard| requests::set_control(tx, guard, Control::Human)).await;
        for _ in 0..3 {
            assert_eq!(world.look().await, 0);
        }
        world.guarded(|tx, guard| requests::set_control(tx, guard, Control::Bot)).await;
        for _ in 0..2 {
            test.clock.advance(Duration::from_mins(2));
            assert_eq!(world.detector.step().await.unwrap().silent, 0);
        }
        assert_eq!(world.look().await + world.look().await, 1);
    });
}

#[test]
fn an_outage_of_the_workers_does_not_count() {
    on_both(async |test| {
        let mut world = World::new(test).await;
        test.clock.advance(Duration::from_hours(3));
        assert_eq!(world.detector.step().await.unwrap().silent, 0, "nobody looked for three hours");
        for minute in 0..6 {
            test.clock.advance(Duration::from_mins(1));
            assert_eq!(world.detector.step().await.unwrap().silent, usize::from(minute == 4), "{minute}");
        }
    });
}

#[test]
fn what_is_not_placed_is_told_once_until_it_is() {
    on_both(async |test| {
        let mut world = World::new(test).await;
        world.read().await;
        world.says(SendState::Delivered).await;
        let intake = crate::intake::Intake::new(test.db.clone());
        let body = serde_json::json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": "2", "changes": [{ "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "254700900100", "phone_number_id": "10001" },
                "messages": [{ "from": "254700000101", "id": "wamid.1", "timestamp": START.as_seconds().to_string(),
                    "type": "text", "text": { "body": "hello?" } }],
            }}]}],
        });
        intake.accept(body.to_string().as_bytes()).await.unwrap();
        let mut silent = Vec::new();
        for _ in 0..8 {
            test.clock.advance(Duration::from_mins(1));
            silent.push(world.detector.step().await.unwrap().silent);
        }
        assert_eq!(silent.iter().sum::<usize>(), 1, "{silent:?}");
        assert_eq!(world.told().await.1, ["silence not_placed"]);
        let router = crate::router::Router::new(
            test.db.clone(),
            vec!["10001".parse().unwrap()],
            tools::Policy::default(),
            "r".to_owned(),
        );
        assert_eq!(router.step().await.unwrap().finished, 1);
        test.clock.advance(Duration::from_mins(1));
        world.detector.step().await.unwrap();
        assert!(!world.told().await.1.contains(&"silence not_placed".to_owned()));
    });
}

/// A burst of messages, no two of them more than two seconds apart, is one turn, and none waits longer than eight.
#[test]
fn a_burst_is_answered_as_one_and_within_eight_seconds() {
    use proptest::prelude::*;
    proptest!(ProptestConfig::with_cases(24), |(gaps in prop::collection::vec(0_u64..2_000, 1..9))| {
        let test = TestStore::sqlite();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new(&test).await;
            let began = START;
            let due = async || {
                let due: Result<bool, StoreError> = test.db.read(lanes::any_due).await;
                due.unwrap()
            };
            let mut newest = START;
            for gap in &gaps {
                test.clock.advance(Duration::from_millis(*gap));
                let now = began + Duration::from_millis(gaps.iter().take_while(|other| !std::ptr::eq(*other, gap)).sum::<u64>() + gap);
                if now.since(began) >= lanes::COALESCE_MAX {
                    prop_assert!(due().await, "eight seconds are over");
                    return Ok(());
                }
                prop_assert!(!due().await, "the client is still writing");
                world.guarded(|tx, guard| {
                    let new = message(guard.request(), Direction::In, tx.now);
                    let id: MessageId = messages::insert(tx, &new)?;
                    lanes::append(tx, guard, EntryKind::ClientMessage, Some(id), None, tx.now)
                }).await;
                newest = now;
            }
            let quiet = (newest + lanes::COALESCE_QUIET).min(began + lanes::COALESCE_MAX);
            test.clock.set(quiet - Duration::from_millis(1));
            prop_assert!(!due().await);
            test.clock.set(quiet);
            prop_assert!(due().await);
            let request = world.request;
            let waiting: Result<Vec<lanes::Entry>, StoreError> = test.db.read(move |tx| lanes::pending(tx, request)).await;
            prop_assert_eq!(waiting.unwrap().len(), gaps.len() + 1, "one turn reads all of it");
            Ok(())
        })?;
    });
}
