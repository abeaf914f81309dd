//! One effect for one message, whatever comes twice and whatever dies.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use std::time::{Duration, Instant};

use meta_simulator::{
    Config, FaultPlan, Handle, MetaSimulator, SendFault, Target, WebhookFault, WebhookKind,
};
use serde_json::Value;
use simulation::{
    clock::SimulationClock,
    evidence::{Evidence, RequestAccount, RequestList},
    gateway::{Gateway, Manners, decide::Plan, wishes::Wishes},
    people::Cast,
    scenarios::Scenario,
    world::{BUSINESS_PHONE, PHONE_NUMBER_ID, Secrets, Setup, Surroundings, World},
};
use store::testing::TestStore;
use support::{On, play_through, story, turn};

/// Simulated seconds in a real one.
const SPEED: u32 = 20;
/// Nothing here takes so long unless it never happens.
const PATIENCE: Duration = Duration::from_mins(1);

/// The product between a Meta simulator and a scripted gateway; the people are the test's.
struct Stand {
    meta: Handle,
    gateway: Gateway,
    world: World,
    client: String,
    opening: &'static str,
}

impl Stand {
    /// `None` where there is no PostgreSQL.
    async fn build(on: On, server: Option<&TestStore>, faults: impl FnOnce(&str) -> FaultPlan) -> Self {
        assert_eq!(on == On::Postgres, server.is_some());
        let clock = SimulationClock::starting_now(SPEED);
        let cast = Cast::assemble(1, 8, simulation::DEFAULT_SEED);
        let client = &cast.clients[0];
        let secrets = Secrets::from_seed(1);
        let mut config = Config::new(
            &secrets.access_token,
            &secrets.app_secret,
            &secrets.verify_token,
            PHONE_NUMBER_ID,
            BUSINESS_PHONE,
        );
        config.clock = std::sync::Arc::new(move || clock.now_ms());
        config.faults = faults(&client.phone);
        let meta = MetaSimulator::start(config).unwrap();
        meta.person(&client.phone, &client.name);
        let gateway = Gateway::start(Manners::Sensible, Plan::ORDINARY, Wishes::None, 1, clock).unwrap();
        let around = Surroundings {
            meta_url: meta.base_url(),
            moltbot_url: &gateway.url(),
            moltbot_token: gateway.token(),
            moltbot_model: None,
            moltbot_timeout_ms: 10_000,
            two_numbers: false,
            secrets: &secrets,
            voice: None,
            ocr: false,
            operators: None,
            known_vendors: None,
            clock,
            workers: 1,
            log: None,
            setup: Setup::default(),
        };
        let url = server.map(|server| server.options().database_url.as_str());
        let world = World::start(&around, &cast, 1, url).await.unwrap();
        meta.set_webhook_url(&world.webhook_url());
        meta.verify_webhook().await.unwrap();
        let (client, opening) = (client.phone.clone(), client.need.opening);
        Self { meta, gateway, world, client, opening }
    }

    async fn requests(&self) -> Vec<RequestAccount> {
        let list: RequestList = self.world.admin().json(&["requests", "list"]).await.unwrap();
        let mut accounts = Vec::new();
        for line in list.requests {
            accounts.push(self.world.admin().json(&["requests", "show", &line.id]).await.unwrap());
        }
        accounts
    }

    async fn unknown(&self) -> Vec<Value> {
        let listed: Value = self.world.admin().json(&["outbox", "unknown"]).await.unwrap();
        listed["unknown"].as_array().unwrap().clone()
    }

    async fn end(self) {
        let stuck = self.world.stop().await;
        self.gateway.stop().await;
        self.meta.shutdown();
        assert!(stuck.is_empty(), "{stuck:?}");
    }
}

/// Runs a test on SQLite and on PostgreSQL where there is a server to be had.
#[expect(clippy::needless_pass_by_value, reason = "a test is written at the call")]
fn on_both(test: impl AsyncFn(On, Option<&TestStore>)) {
    let _turn = turn();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test(On::Sqlite, None));
    if let Some(server) = TestStore::postgres() {
        runtime.block_on(test(On::Postgres, Some(&server)));
    }
}

/// The mission's test, on the real programs: fifty posts of one webhook, half of them at the same moment.
#[test]
fn same_inbound_message_twice_sends_once() {
    on_both(async |on, server| {
        let repeated = |_: &str| {
            let message = || Target::all().kind(WebhookKind::Message);
            FaultPlan::default()
                .webhook(message(), WebhookFault::Duplicate { copies: 25, concurrent: true })
                .webhook(message(), WebhookFault::Duplicate { copies: 24, concurrent: false })
        };
        let stand = Stand::build(on, server, repeated).await;
        let posts = stand.meta.counters().webhook_posts;
        stand.meta.send_text(&stand.client, stand.opening).unwrap();
        stand.meta.wait_for_message(&stand.client, 0, PATIENCE).await.unwrap();
        stand.meta.wait_until_quiet(PATIENCE).await.unwrap();
        assert!(stand.meta.counters().webhook_posts >= posts + 50, "it did come fifty times");
        // Ten times the longest wait for further messages, in simulated time.
        tokio::time::sleep(Duration::from_secs(80) / SPEED).await;

        let requests = stand.requests().await;
        assert_eq!(requests.len(), 1, "{on:?}");
        let received = requests[0].messages.iter().filter(|message| message.direction == "in").count();
        assert_eq!((received, requests[0].turns.len()), (1, 1), "{on:?}");
        assert_eq!(stand.gateway.questions(), 1, "{on:?}: Moltbot was asked once");
        let inbox = stand.meta.inbox(&stand.client);
        assert_eq!(inbox.len(), 1, "{on:?}: one question was sent: {inbox:?}");
        assert!(stand.meta.sends_per_intent().values().all(|sends| *sends == 1));
        stand.end().await;
    });
}

/// Meta takes a message and the connection breaks before its answer; its status comes seconds later.
#[test]
fn an_unknown_send_is_shown_and_settled_by_its_status() {
    on_both(async |on, server| {
        let lost = |client: &str| {
            FaultPlan::default()
                .send(Target::all().phone(client).nth(1), SendFault::CloseConnection)
                .webhook(Target::all().kind(WebhookKind::Status), WebhookFault::Delay { ms: 4_000 })
        };
        let stand = Stand::build(on, server, lost).await;
        stand.meta.send_text(&stand.client, stand.opening).unwrap();
        let unknown = until(async || stand.unknown().await.first().cloned()).await;
        assert_eq!(unknown["purpose"].as_str().map(str::is_empty), Some(false), "{unknown}");
        let intent = unknown["id"].as_str().unwrap().to_owned();
        assert_eq!(stand.meta.sends_per_intent().get(&intent), Some(&1), "{on:?}: Meta has it");

        until(async || stand.unknown().await.is_empty().then_some(())).await;
        let requests = stand.requests().await;
        let ours = requests[0].messages.iter().find(|message| message.direction == "out").unwrap();
        assert!(
            matches!(ours.status.as_deref(), Some("sent" | "delivered" | "read")),
            "{on:?}: {:?}",
            ours.status
        );
        assert!(requests[0].audit.iter().any(|line| line.action == "send.unknown"), "{on:?}");
        assert_eq!(stand.meta.sends_per_intent().get(&intent), Some(&1), "{on:?}: never sent again");
        stand.end().await;
    });
}

/// # Panics
/// When it does not come to be.
async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it never happens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One death, at another moment for each seed. The simulation's own story has more of them.
fn killed(on: On, seed: u64) -> Option<Evidence> {
    let once = Scenario { kills: 1, more_checks: &[], ..story("worker-killed") };
    play_through(&once, on, seed, 1)
}

#[test]
fn kill_9_of_the_worker_on_sqlite() {
    let evidence = killed(On::Sqlite, 11).unwrap();
    assert_eq!(evidence.kills, 1);
}

#[test]
fn kill_9_of_the_worker_on_postgresql() {
    let Some(evidence) = killed(On::Postgres, 12) else { return };
    assert_eq!(evidence.kills, 1);
}
