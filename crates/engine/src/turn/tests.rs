//! What a claimed lane comes to while a person has the request, and when nothing helps any more.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use marketplace::{Control, Language, RequestId, RequestState};
use moltbot_contract::{ContextPack, OutreachStatus};
use orchestrator::BrainUnavailable;
use store::{
    Tx,
    contacts::{self, Identity},
    lanes::EntryKind,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    notifications, requests,
    sourcing::{self, NewBatch},
    testing::{self, TestStore, on_both},
    vendors,
};
use tools::{
    Caller,
    control::{Command, Step, steer},
};

use super::*;

/// Counts how often it is asked.
#[derive(Default)]
struct Counting(AtomicU32);

#[async_trait]
impl Brain for Counting {
    async fn ask(&self, _: &ContextPack) -> Result<Vec<u8>, BrainUnavailable> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(BrainUnavailable { code: "test" })
    }
}

const POLICY: Policy = Policy { ai_concierge: true, ..Policy::OFF };

struct World<'a> {
    test: &'a TestStore,
    runner: TurnRunner,
    brain: Arc<Counting>,
    request: RequestId,
}

impl<'a> World<'a> {
    /// A request in sourcing that waits for one vendor; the client and the vendor have written.
    async fn new(test: &'a TestStore) -> Self {
        let request: Result<RequestId, ToolError> = test.db.write(made).await;
        let brain = Arc::new(Counting::default());
        let runner =
            TurnRunner::new(test.db.clone(), brain.clone(), POLICY, "w".to_owned(), Duration::from_secs(5));
        test.clock.advance(lanes::COALESCE_MAX);
        Self { test, runner, brain, request: request.unwrap() }
    }

    async fn steer(&self, step: Step) {
        let command = Command {
            caller: Caller::operator(),
            request: self.request,
            step,
            reason: None,
            by: None,
            key: None,
            caused_by: None,
        };
        let done: Result<_, ToolError> = self.test.db.write(move |tx| steer(tx, &command)).await;
        done.unwrap().unwrap();
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.test.db.read(work).await.unwrap()
    }

    async fn unread(&self) -> Vec<EntryKind> {
        let request = self.request;
        self.read(move |tx| lanes::pending(tx, request)).await.iter().map(|entry| entry.kind).collect()
    }
}

fn made(tx: &mut Tx<'_>) -> Result<RequestId, ToolError> {
    let phone = [Identity::Phone("+254700000101".parse().unwrap())];
    let client = contacts::find_or_create(tx, &phone, None, Language::En)?.id;
    let record =
        testing::vendor_record("v-1".parse().unwrap(), "+254700000202".parse().unwrap(), "spare_parts");
    vendors::import(tx, &record)?;
    let vendor = vendors::load(tx, &record.id)?.contact;
    let mut guard = requests::create(tx, client, &"10001".parse().unwrap(), Language::En)?;
    requests::set_state(tx, &mut guard, RequestState::Sourcing)?;
    let batch = NewBatch {
        size: 1,
        offers_wanted: 1,
        deadline_at: tx.now + Duration::from_mins(10),
        plan: "{}".to_owned(),
        also_sealed_by: Vec::new(),
    };
    sourcing::open_batch(tx, &guard, &batch)?.unwrap();
    sourcing::add_outreach(tx, &guard, &record.id, vendor)?.unwrap();
    let request = guard.request().id;
    for (contact, party, kind, body) in [
        (client, Party::Client, EntryKind::ClientMessage, "any news?"),
        (vendor, Party::Vendor, EntryKind::VendorMessage, "yes, 3500/="),
    ] {
        let new = NewMessage {
            request: Some(request),
            contact,
            direction: Direction::In,
            party,
            kind: MessageKind::Text,
            body: body.to_owned(),
            also_sealed_by: Vec::new(),
            button_id: None,
            wamid: Some(format!("wamid.{body}")),
            quoted_wamid: None,
            meta_at: tx.now,
        };
        let message = messages::insert(tx, &new)?;
        lanes::append(tx, &guard, kind, Some(message), None, tx.now)?;
    }
    Ok(request)
}

#[test]
fn under_a_person_vendors_are_heard_and_nobody_decides() {
    on_both(async |test| {
        let world = World::new(test).await;
        world.steer(Step::Takeover).await;
        assert!(matches!(world.runner.step().await.unwrap(), TurnStep::Worked(_)));
        let request = world.request;
        let outreach = world.read(move |tx| sourcing::outreaches_of(tx, request)).await.remove(0);
        assert_eq!(outreach.status, OutreachStatus::Replied);
        assert_eq!(world.unread().await, [EntryKind::ClientMessage], "the client's words wait");
        assert_eq!(world.brain.0.load(Ordering::SeqCst), 0);
        assert_eq!(world.runner.step().await.unwrap(), TurnStep::Idle);

        world.steer(Step::Resume).await;
        assert!(matches!(world.runner.step().await.unwrap(), TurnStep::Worked(_)));
        assert_eq!(world.brain.0.load(Ordering::SeqCst), 1, "one turn reads everything");
        assert!(world.unread().await.is_empty());
    });
}

/// Before, the entries were consumed and the request stayed with the bot: its client heard nothing, ever.
#[test]
fn when_nothing_helps_a_person_gets_the_request_and_the_clients_words_are_not_lost() {
    on_both(async |test| {
        let world = World::new(test).await;
        for _ in 1..BEYOND_HOPE {
            let claimed: Result<(), StoreError> = test
                .db
                .write(|tx| {
                    let lease = lanes::claim(tx, "dies")?.unwrap();
                    lanes::release(tx, &lease, false)
                })
                .await;
            claimed.unwrap();
        }
        assert_eq!(world.runner.step().await.unwrap(), TurnStep::Empty);
        let id = world.request;
        let request = world.read(move |tx| requests::load(tx, id)).await;
        assert_eq!((request.state, request.control), (RequestState::Error, Control::Human));
        assert_eq!(world.unread().await, [EntryKind::ClientMessage]);
        let mut told: Vec<_> = world
            .read(move |tx| notifications::of_request(tx, id))
            .await
            .into_iter()
            .map(|(kind, reason, _)| format!("{kind} {reason}"))
            .collect();
        told.sort();
        assert_eq!(told, ["dead_letter turn_failed", "request.error turn_failed"]);
        assert_eq!(world.runner.step().await.unwrap(), TurnStep::Idle);
        world.steer(Step::Resume).await;
        assert!(matches!(world.runner.step().await.unwrap(), TurnStep::Worked(_)));
    });
}
