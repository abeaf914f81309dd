//! The kill switch, thrown by an operator while two workers are sending.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use marketplace::{ActorKind, ContactId, Language, OutboxId, PhoneNumberId, RandomIds, SystemClock};
use meta_simulator::{BusinessNumber, Config, Handle, MetaSimulator, Template};
use simulation::process::{Environment, Program, Programs};
use store::{
    Db, Tx,
    contacts::{self, Identity},
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, Send, SendPayload, SendState, TemplateUse},
    requests::{self, RequestGuard},
    testing::TestStore,
};
use support::{product, turn};
use tempfile::TempDir;
use tools::ToolError;

/// One for each worker: a number is sent from by one process at a time.
const NUMBERS: [&str; 2] = ["300000000000001", "300000000000002"];
const TOKEN: &str = "made-up-token";
/// Each number's queue takes five seconds at the rate Meta allows.
const QUEUED_EACH: usize = 400;
/// Enough to know that both workers send.
const UNDER_WAY: usize = 60;
const STALE_EACH: usize = 10;
/// Nothing here takes so long unless it never happens.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is sent for a request; between them there is one that belongs to none.
const PURPOSES: [Purpose; 6] = [
    Purpose::ClientMessage,
    Purpose::Shortlist,
    Purpose::VendorInquiry,
    Purpose::VendorMessage,
    Purpose::Handoff,
    Purpose::Farewell,
];

struct Stand {
    meta: Handle,
    db: Db,
    environment: Environment,
    folder: TempDir,
}

impl Stand {
    fn build(database: &TestStore) -> Self {
        let mut config =
            Config::new(TOKEN, product::APP_SECRET, product::VERIFY_TOKEN, NUMBERS[0], "+254700900100");
        config.numbers.push(BusinessNumber {
            phone_number_id: NUMBERS[1].to_owned(),
            display_number: "+254700900101".to_owned(),
        });
        config.templates = vec![Template::new("concierge_client_update_v1", "en", "{{1}}")];
        let meta = MetaSimulator::start(config).unwrap();
        let environment = Environment::from([
            ("DATABASE_URL", database.options().database_url.clone()),
            ("DATA_KEY", product::data_key()),
            ("META_ACCESS_TOKEN", TOKEN.to_owned()),
            ("META_API_BASE", meta.base_url().to_owned()),
        ]);
        // The time of the workers, which are real.
        let clock = Arc::new(SystemClock);
        let ids = Arc::new(RandomIds::new(clock.clone()));
        let db = Db { store: database.store.clone(), ids, clock: clock.clone(), lease_clock: clock };
        Self { meta, db, environment, folder: tempfile::tempdir().unwrap() }
    }

    fn start_worker(&self, number: &str) -> Program {
        let path = Programs::find().unwrap().path("concierge-worker").unwrap();
        let mut environment = self.environment.clone();
        environment.insert("META_PHONE_NUMBER_ID", number.to_owned());
        Program::start(&format!("concierge-worker-{number}"), &path, environment, self.folder.path()).unwrap()
    }

    async fn admin(&self, arguments: &[&str]) {
        let output = product::run("concierge-admin", arguments, &self.environment).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Queues messages of every kind, each to somebody else, from both numbers.
    async fn queue(&self, each: usize, first: usize, good_for: Duration) -> Vec<OutboxId> {
        let queued = self.db.write(move |tx| {
            let mut ids = Vec::new();
            for (n, number) in NUMBERS.iter().enumerate() {
                ids.extend(queue(tx, &number.parse().unwrap(), n * 10_000 + first, each, good_for)?);
            }
            Ok::<_, ToolError>(ids)
        });
        queued.await.unwrap()
    }

    /// How many messages have come over the wire.
    fn arrived(&self) -> usize {
        usize::try_from(self.meta.sends_per_intent().values().sum::<u64>()).unwrap()
    }

    async fn load(&self, id: OutboxId) -> Send {
        self.db.read(move |tx| outbox::load(tx, id)).await.unwrap()
    }
}

fn queue(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    first: usize,
    count: usize,
    good_for: Duration,
) -> Result<Vec<OutboxId>, ToolError> {
    let client = somebody(tx, first)?;
    let guard = match requests::open_of_client(tx, client)? {
        Some(request) => requests::lock(tx, request)?,
        None => requests::create(tx, client, number, Language::En)?,
    };
    let mut ids = Vec::new();
    for n in 0..count {
        let to = somebody(tx, first + 1 + n)?;
        let of_request = PURPOSES.get(n % (PURPOSES.len() + 1)).map(|purpose| (&guard, *purpose));
        ids.push(queue_one(tx, number, of_request, to, good_for)?);
    }
    Ok(ids)
}

fn somebody(tx: &mut Tx<'_>, n: usize) -> Result<ContactId, ToolError> {
    let known_by = [Identity::Phone(format!("+25471{n:07}").parse().unwrap())];
    Ok(contacts::find_or_create(tx, &known_by, None, Language::En)?.id)
}

fn queue_one(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    of_request: Option<(&RequestGuard, Purpose)>,
    to: ContactId,
    good_for: Duration,
) -> Result<OutboxId, ToolError> {
    let message = messages::insert(
        tx,
        &NewMessage {
            request: of_request.map(|(guard, _)| guard.request().id),
            contact: to,
            direction: Direction::Out,
            party: Party::Client,
            kind: MessageKind::Text,
            body: "hello".to_owned(),
            also_sealed_by: Vec::new(),
            button_id: None,
            wamid: None,
            quoted_wamid: None,
            meta_at: tx.now,
        },
    )?;
    let send = NewSend {
        contact: to,
        message,
        purpose: of_request.map_or(Purpose::Notice, |(_, purpose)| purpose),
        author: ActorKind::Orchestrator,
        payload: SendPayload {
            body: "hello".to_owned(),
            buttons: Vec::new(),
            // Nobody has written: outside the window a template goes out.
            template: Some(TemplateUse {
                purpose: "client_update".to_owned(),
                parameters: vec!["hello".to_owned()],
            }),
            reply_to: None,
        },
        also_sealed_by: Vec::new(),
        not_after: Some(tx.now + good_for),
    };
    Ok(match of_request {
        Some((guard, _)) => outbox::enqueue(tx, guard, &send)?,
        None => outbox::enqueue_notice(tx, number, &send)?,
    })
}

/// # Panics
/// When it does not come to be.
async fn until(what: &str, look: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !look().await {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn throw_the_switch(database: &TestStore) {
    let stand = Stand::build(database);
    let good = stand.queue(QUEUED_EACH, 0, Duration::from_hours(1)).await;
    let mut workers = NUMBERS.map(|number| stand.start_worker(number));
    until("both workers send", async || stand.arrived() >= UNDER_WAY).await;

    stand.admin(&["flags", "off", "outbound"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let a_second_later = stand.arrived();
    assert!(a_second_later < good.len(), "the switch came too late to show anything");
    let stale = stand.queue(STALE_EACH, 5_000, Duration::from_secs(1)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stand.arrived(), a_second_later, "something left more than a second after the switch");
    for id in &good {
        let now = stand.load(*id).await.state;
        assert!(now == SendState::Queued || now.is_accepted(), "held or sent, not lost: {now}");
    }

    stand.admin(&["flags", "on", "outbound"]).await;
    until("everything held goes out", async || stand.arrived() >= good.len()).await;
    until("the stale ones are cancelled", async || {
        let mut all = true;
        for id in &stale {
            let send = stand.load(*id).await;
            all &= send.state == SendState::Cancelled && send.reason.as_deref() == Some("stale");
        }
        all
    })
    .await;
    let per_intent = stand.meta.sends_per_intent();
    assert_eq!(per_intent.len(), good.len());
    assert!(good.iter().all(|id| per_intent.get(&id.to_string()) == Some(&1)), "each went out once");
    for worker in &mut workers {
        worker.check_alive().unwrap();
    }
    for worker in workers {
        assert!(worker.stop(PATIENCE).await, "it stops by itself");
    }
    stand.meta.shutdown();
}

fn on(database: &TestStore) {
    let _turn = turn();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(throw_the_switch(database));
}

#[test]
fn the_kill_switch_stops_two_workers_within_a_second_on_sqlite() {
    on(&TestStore::sqlite());
}

#[test]
fn the_kill_switch_stops_two_workers_within_a_second_on_postgresql() {
    let Some(database) = TestStore::postgres() else { return };
    on(&database);
}
