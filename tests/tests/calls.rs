//! Calls on the real programs: one key is one call, a killed worker never dials again, and the client is not left
//! without a word.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use calling_policy::{
    Consent, ConsentEvent, ConsentKey, Permission, PermissionEvent, PermissionReply, PermissionResponse,
    Scope, local_time, zone_of_phone,
};
use futures_util::future::join_all;
use marketplace::{
    Clock as _, ContactId, E164, Language, MessageId, RandomIds, RequestId, ScaledClock, SystemClock,
};
use meta_simulator::{
    CallAction, Config, FaultPlan, Handle, MetaSimulator, OnCall, PermissionAnswer, SendFault, Target,
    Template, WebhookFault, WebhookKind,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use simulation::{
    http,
    process::{Environment, Program, Programs, ReservedPort, wait_until_ready},
};
use store::{
    Db,
    calls::{self, AskedBy, CallAttempt, ConsentChange, HistoryEvent, NewConsent},
    contacts::{self, Identity},
    messages::{self, Direction, MessageKind, NewMessage, Party},
    requests::{self, RequestGuard},
    testing::{TestStore, on_both},
};
use support::{product, turn};
use tempfile::TempDir;
use tools::ToolError;
use voice_simulator::VoiceSimulator;

const START_CALL: &str = "marketplace.start_call";
const FALLBACK: &str = "Call didn't go through; continuing via chat.";
const TOKEN: &str = "made-up-token";
/// Simulated seconds in a real one: a dial in doubt is waited for two minutes.
const SPEED: u32 = 30;
/// Nothing here takes so long unless it never happens: a dead worker's leases last a minute.
const PATIENCE: Duration = Duration::from_mins(2);

/// The programs, Meta and a media server, and one client who asked to be called and allowed it.
struct Stand {
    meta: Handle,
    voice: voice_simulator::Handle,
    db: Db,
    environment: Environment,
    folder: TempDir,
    api: Program,
    url: String,
    client: String,
    request: RequestId,
}

/// A number of a country with one zone in which it is day now, whenever this runs.
fn daytime_number() -> E164 {
    let now = SystemClock.now();
    let numbers = ["+233241234567", "+81312345678", "+50321234567"].map(|number| number.parse().unwrap());
    let is_day = |number: &E164| {
        // With an hour's margin on both sides: the clock runs fast.
        [now, now + Duration::from_hours(1)].into_iter().all(|at| {
            local_time(zone_of_phone(number), calling_policy::QuietHours::DEFAULT, at)
                == calling_policy::LocalTime::Day
        })
    };
    numbers.into_iter().find(is_day).expect("it is day somewhere")
}

impl Stand {
    async fn build(database: &TestStore, faults: FaultPlan, on_call: OnCall) -> Self {
        let clock = ScaledClock::new(SystemClock.now(), SPEED);
        let mut config = Config::new(
            TOKEN,
            product::APP_SECRET,
            product::VERIFY_TOKEN,
            product::PHONE_NUMBER_ID,
            "+254700900100",
        );
        config.faults = faults;
        // The client never wrote to this Meta: outside the window a template goes out.
        config.templates = vec![Template::new("concierge_client_update_v1", "en", "{{1}}")];
        config.clock = Arc::new(move || clock.now().as_millis());
        let meta = MetaSimulator::start(config).unwrap();
        let voice = VoiceSimulator::start(voice_simulator::Config::with_token(TOKEN)).unwrap();
        let port = ReservedPort::for_program().unwrap();
        let address = port.address;
        let url = format!("http://{address}");
        let environment = Environment::from([
            ("DATABASE_URL", database.options().database_url.clone()),
            ("DATA_KEY", product::data_key()),
            ("BIND_ADDR", address.to_string()),
            ("META_APP_SECRET", product::APP_SECRET.to_owned()),
            ("META_VERIFY_TOKEN", product::VERIFY_TOKEN.to_owned()),
            ("META_ACCESS_TOKEN", TOKEN.to_owned()),
            ("META_PHONE_NUMBER_ID", product::PHONE_NUMBER_ID.to_owned()),
            ("META_API_BASE", meta.base_url().to_owned()),
            ("CALLING_ENABLED", "true".to_owned()),
            ("VOICE_GATEWAY_URL", voice.base_url().to_owned()),
            ("VOICE_GATEWAY_TOKEN", TOKEN.to_owned()),
            ("SIMULATION_CLOCK", clock.to_string()),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let path = Programs::find().unwrap().path("concierge-api").unwrap();
        let mut api = Program::start("concierge-api", &path, environment.clone(), folder.path()).unwrap();
        wait_until_ready(&mut api, &http::client().unwrap(), &url, PATIENCE).await.unwrap();
        meta.set_webhook_url(&format!("{url}/webhooks/whatsapp"));
        let db = Db {
            store: database.store.clone(),
            ids: Arc::new(RandomIds::new(Arc::new(SystemClock))),
            clock: Arc::new(clock),
            lease_clock: Arc::new(SystemClock),
        };
        let client = daytime_number();
        meta.person(client.as_str(), "Asha");
        meta.change_person(client.as_str(), |person| person.on_call = on_call).unwrap();
        meta.answer_permission(client.as_str(), PermissionAnswer::Accept, None).unwrap();
        let phone = client.clone();
        let request = db.write(move |tx| a_client_who_may_be_called(tx, phone.clone())).await.unwrap();
        Self { meta, voice, db, environment, folder, api, url, client: client.as_str().to_owned(), request }
    }

    fn start_worker(&self) -> Program {
        let path = Programs::find().unwrap().path("concierge-worker").unwrap();
        Program::start("concierge-worker", &path, self.environment.clone(), self.folder.path()).unwrap()
    }

    async fn admin(&self, arguments: &[&str]) -> Value {
        let output =
            product::run("concierge-admin", &[arguments, &["--json"]].concat(), &self.environment).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn token(&self) -> String {
        let made = self
            .admin(&["tokens", "create", "--name", "crm", "--actor", "service", "--scope", "read,call"])
            .await;
        made["token_text"].as_str().unwrap().to_owned()
    }

    /// Asks for the call, as an outside caller does.
    async fn ask(&self, token: &str, key: &str) -> (StatusCode, Value) {
        let body = json!({ "request_id": self.request, "party": "client", "trigger": "client_asked" });
        let answer = http::client()
            .unwrap()
            .post(format!("{}/v1/tools/{START_CALL}", self.url))
            .bearer_auth(token)
            .header("idempotency-key", key)
            .timeout(PATIENCE)
            .json(&body)
            .send()
            .await
            .unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn attempts(&self) -> Vec<CallAttempt> {
        let request = self.request;
        self.db.read(move |tx| calls::of_request(tx, request)).await.unwrap()
    }

    async fn the_attempt(&self) -> CallAttempt {
        let mut attempts = self.attempts().await;
        assert_eq!(attempts.len(), 1, "one call, one attempt");
        attempts.remove(0)
    }

    async fn ended(&self) -> CallAttempt {
        until("the call is over", async || self.the_attempt().await.attempt.end_reason().is_some()).await;
        self.the_attempt().await
    }

    fn connects(&self) -> Vec<u64> {
        self.meta.connects_per_intent().into_values().collect()
    }

    fn fallbacks(&self) -> usize {
        self.meta.inbox(&self.client).iter().filter(|delivered| delivered.text == FALLBACK).count()
    }

    async fn stop(self, worker: Program) {
        assert!(worker.stop(PATIENCE).await, "the worker stops by itself");
        assert!(self.api.stop(PATIENCE).await, "the api stops by itself");
        self.meta.shutdown();
        self.voice.shutdown();
    }
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

/// What the conversation before the call leaves in the rows: the client asked to be called, said YES, and Meta permits
/// it.
fn a_client_who_may_be_called(tx: &mut store::Tx<'_>, phone: E164) -> Result<RequestId, ToolError> {
    let client = contacts::find_or_create(tx, &[Identity::Phone(phone)], None, Language::En)?.id;
    let number = product::PHONE_NUMBER_ID.parse().unwrap();
    let mut guard = requests::create(tx, client, &number, Language::En)?;
    requests::set_call_asked(tx, &mut guard, tx.now)?;
    let prompt = message(tx, &guard, client)?;
    let now = tx.now;
    for key in [ConsentKey::Authorisation, ConsentKey::Callee] {
        let asked = Consent::requested(guard.request().id, client, prompt, (key, Scope::CallClient), now);
        let new = NewConsent {
            consent: asked,
            party: calling_policy::Party::Client,
            asked_by: AskedBy::Buttons,
            wording: "consent-prompt.v1".to_owned(),
            language: Language::En,
        };
        let id = calls::insert_consent(tx, &guard, &new)?;
        let yes = ConsentEvent::Answer { by: client, prompt, yes: true, meta_until: None };
        let change = ConsentChange { event: HistoryEvent::Yes, by: Some(client), message: None, at: now };
        calls::save_consent(tx, &guard, id, &asked.apply(yes, now, now).next, &change)?;
    }
    let accept = PermissionReply {
        response: PermissionResponse::Accept,
        is_permanent: None,
        expires_at: None,
        automatic: false,
    };
    let permission = Permission::default().apply(PermissionEvent::Reply(accept), now, now).next;
    calls::save_permission(tx, client, &number, &permission)?;
    Ok(guard.request().id)
}

fn message(tx: &mut store::Tx<'_>, guard: &RequestGuard, to: ContactId) -> Result<MessageId, ToolError> {
    Ok(messages::insert(
        tx,
        &NewMessage {
            request: Some(guard.request().id),
            contact: to,
            direction: Direction::Out,
            party: Party::Client,
            kind: MessageKind::Text,
            body: "Do you allow a call for this request?".to_owned(),
            also_sealed_by: Vec::new(),
            button_id: None,
            wamid: None,
            quoted_wamid: None,
            meta_at: tx.now,
        },
    )?)
}

const ANSWERS: OnCall = OnCall::Answer { after_ms: 5_000, talk_ms: 20_000 };

#[test]
fn fifty_callers_with_one_key_place_one_call() {
    on_both(async |database| {
        let _turn = turn();
        let stand = Stand::build(database, FaultPlan::default(), ANSWERS).await;
        let worker = stand.start_worker();
        let token = stand.token().await;
        let answers = join_all((0..50).map(|_| stand.ask(&token, "the-one-key"))).await;
        let done: BTreeSet<String> = answers
            .iter()
            .filter(|(status, _)| *status == StatusCode::OK)
            .map(|(_, body)| body["call_attempt_id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(done.len(), 1, "{answers:?}");
        for (status, body) in &answers {
            let in_progress = *status == StatusCode::CONFLICT && body["code"] == "in_progress";
            assert!(*status == StatusCode::OK || in_progress, "{status} {body}");
        }
        assert_eq!(
            stand.ended().await.attempt.phase(),
            calling_policy::Phase::Ended(calling_policy::EndReason::Completed)
        );
        assert_eq!(stand.connects(), [1]);
        assert_eq!(stand.fallbacks(), 0);
        // Another key asks for another call, and the policy says no.
        let (status, body) = stand.ask(&token, "another-key").await;
        assert_eq!(status, StatusCode::CONFLICT, "{body}");
        assert_eq!(body["code"], "trigger_not_met", "{body}");
        assert_eq!(stand.connects(), [1]);
        stand.stop(worker).await;
    });
}

#[test]
fn a_worker_killed_while_dialling_never_dials_again_and_the_client_hears_of_it() {
    on_both(async |database| {
        let _turn = turn();
        // Meta takes the call and its answer never comes; nor does anything else of the call.
        let lost = [WebhookKind::CallConnect, WebhookKind::CallStatus, WebhookKind::CallEnd];
        let faults = lost.into_iter().fold(
            FaultPlan::default().call(CallAction::Connect, Target::all(), SendFault::HoldAnswer),
            |plan, kind| plan.webhook(Target::all().kind(kind), WebhookFault::Lose),
        );
        let stand = Stand::build(database, faults, OnCall::LetRing).await;
        let mut worker = stand.start_worker();
        let token = stand.token().await;
        let (status, body) = stand.ask(&token, "k").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        until("Meta has the call", async || stand.connects() == [1]).await;
        worker.kill_and_restart().await.unwrap();
        let attempt = stand.ended().await.attempt;
        assert!(attempt.was_in_doubt(), "{attempt:?}");
        assert_eq!(attempt.end_reason().unwrap().code(), "no_answer");
        until("the client hears of it", async || stand.fallbacks() == 1).await;
        assert_eq!(stand.connects(), [1], "never dialled again");
        stand.stop(worker).await;
    });
}

#[test]
fn what_meta_says_late_settles_a_call_whose_dialler_was_killed() {
    on_both(async |database| {
        let _turn = turn();
        let faults = FaultPlan::default().call(CallAction::Connect, Target::all(), SendFault::HoldAnswer);
        let stand = Stand::build(database, faults, ANSWERS).await;
        let mut worker = stand.start_worker();
        let token = stand.token().await;
        assert_eq!(stand.ask(&token, "k").await.0, StatusCode::OK);
        until("Meta has the call", async || stand.connects() == [1]).await;
        worker.kill_and_restart().await.unwrap();
        let attempt = stand.ended().await.attempt;
        assert_eq!(attempt.end_reason().unwrap().code(), "completed", "{attempt:?}");
        assert_eq!(stand.connects(), [1], "never dialled again");
        assert_eq!(stand.fallbacks(), 0, "people spoke: nothing went wrong");
        stand.stop(worker).await;
    });
}
