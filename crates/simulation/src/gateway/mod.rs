//! The scripted Moltbot gateway: `POST /tools/invoke` with the tool `llm-task` over real HTTP, and beside it the same
//! brain as an OpenAI-compatible model server.
//!
//! It speaks the gateway's wire format (openclaw 2026.9.6) and knows nothing of the product's types: the
//! Context Pack is read as raw JSON, so a mistake in the shared types cannot hide here.

mod chat;
pub mod decide;
pub mod mischief;
mod obedient;
pub mod wishes;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, Responder,
    dev::ServerHandle,
    error::ErrorBadGateway,
    http::{StatusCode, header},
    web,
};
use anyhow::Context as _;
use futures_util::stream;
use serde_json::{Value, json};

use crate::{clock::SimulationClock, process::ReservedPort, random::Random};
use decide::Plan;
use mischief::{Answer, Trick};
use wishes::Wishes;

/// Longer than any deadline of the product; a caller that still waits is wrong.
const SILENCE: Duration = Duration::from_mins(5);
/// The gateway's own limit on a request (openclaw 2026.9.6: 2 MB).
const BODY_MAX: usize = 2 * 1024 * 1024;

/// How the brain behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Sensible answers.
    Sensible,
    /// One wrong answer after the other, each request starting at another one.
    Hostile,
    /// The same wrong answer every time.
    Only(Trick),
    /// Does what clients and vendors write, in another way each time.
    Obedient,
    /// One request after the other: sensible, hostile, obedient, unreachable.
    Mixed,
    /// Nobody listens on the port.
    Down,
}

/// One question and what became of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// When it was asked, simulated milliseconds since the epoch.
    pub at_ms: i64,
    /// The request it is about.
    pub request_id: String,
    /// The request's state in the pack.
    pub state: String,
    /// The pack without its time: the same text means the same question.
    pub question: String,
    /// How the answer was spoilt, if it was.
    pub trick: Option<Trick>,
    /// The `type` of the decision that was answered; `None` for a spoilt answer.
    pub decision: Option<String>,
    /// What the answer wished of calls, where it is a plan: `none`, `request_consent` or `start_call`.
    pub wish: Option<String>,
}

#[derive(Debug)]
struct Brain {
    token: String,
    plan: Plan,
    wishes: Wishes,
    manners: Manners,
    seed: u64,
    clock: SimulationClock,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    exchanges: Vec<Exchange>,
    faults: Vec<String>,
    asked: BTreeMap<String, usize>,
    /// The requests in the order in which they were first asked about.
    known: Vec<String>,
    whims: BTreeMap<String, usize>,
}

/// How a brain that treats requests differently treats this one.
fn manners_of(log: &mut Log, request_id: &str) -> Manners {
    let at = log.known.iter().position(|known| known == request_id).unwrap_or_else(|| {
        log.known.push(request_id.to_owned());
        log.known.len() - 1
    });
    match at % 4 {
        0 => Manners::Sensible,
        1 => Manners::Hostile,
        2 => Manners::Obedient,
        _ => Manners::Down,
    }
}

fn next_whim(log: &mut Log, request_id: &str) -> usize {
    let next = log.whims.entry(request_id.to_owned()).or_default();
    *next += 1;
    *next - 1
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    brain: Arc<Brain>,
    address: SocketAddr,
    server: Option<ServerHandle>,
    /// With [`Manners::Down`]: its port, which stays closed.
    _closed: Option<ReservedPort>,
}

impl Gateway {
    /// Starts it on a free loopback port; with [`Manners::Down`] the port stays closed.
    pub fn start(
        manners: Manners,
        plan: Plan,
        wishes: Wishes,
        seed: u64,
        clock: SimulationClock,
    ) -> anyhow::Result<Self> {
        let brain = Arc::new(Brain {
            token: format!("brain-{:016x}", Random::new(seed, "moltbot token").next_u64()),
            plan,
            wishes,
            manners,
            seed,
            clock,
            log: Mutex::default(),
        });
        if manners == Manners::Down {
            let port = ReservedPort::closed()?;
            return Ok(Self { brain, address: port.address, server: None, _closed: Some(port) });
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port for the gateway")?;
        let address = listener.local_addr()?;
        let server = serve(&brain, listener)?;
        Ok(Self { brain, address, server: Some(server), _closed: None })
    }

    /// For `MOLTBOT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For `MOLTBOT_MODEL`, where the brain is asked as a model server.
    pub const MODEL: &str = chat::MODEL;

    /// For `MOLTBOT_TOKEN`.
    pub fn token(&self) -> &str {
        &self.brain.token
    }

    /// Every question so far, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.brain.log().exchanges.clone()
    }

    /// How many questions there were so far.
    pub fn questions(&self) -> usize {
        self.brain.log().exchanges.len()
    }

    /// Calls that were not made as the gateway's interface demands.
    pub fn faults(&self) -> Vec<String> {
        self.brain.log().faults.clone()
    }

    /// Stops at once, hanging answers included.
    pub async fn stop(&self) {
        if let Some(server) = &self.server {
            server.stop(false).await;
        }
    }
}

impl Brain {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides, notes question and answer, and gives what goes on the wire.
    fn answer(&self, pack: &Value) -> Answer {
        let request_id = string(pack, "/request/id");
        let honest = decide::decide(pack, self.plan, self.wishes);
        let mut log = self.log();
        let trick = match self.manners {
            Manners::Hostile => self.next_trick(&mut log, &request_id),
            Manners::Only(trick) => Some(trick),
            Manners::Sensible | Manners::Down | Manners::Obedient => None,
            Manners::Mixed => match manners_of(&mut log, &request_id) {
                Manners::Hostile => self.next_trick(&mut log, &request_id),
                Manners::Down => Some(Trick::Disconnect),
                _ => None,
            },
        };
        let obeys = match self.manners {
            Manners::Mixed => manners_of(&mut log, &request_id) == Manners::Obedient,
            manners => manners == Manners::Obedient,
        };
        let honest =
            if obeys { obedient::obey(pack, honest, next_whim(&mut log, &request_id)) } else { honest };
        log.exchanges.push(Exchange {
            at_ms: self.clock.now_ms(),
            request_id,
            state: string(pack, "/request/state"),
            question: question(pack),
            trick,
            decision: trick.is_none().then(|| string(&honest, "/type")),
            wish: honest.pointer("/calling/wish").and_then(Value::as_str).map(str::to_owned),
        });
        match trick {
            Some(trick) => mischief::play(trick, &honest, pack),
            None => Answer::Decision(honest),
        }
    }

    /// Each request walks through all tricks; where the walk begins follows the seed and the order of arrival.
    fn next_trick(&self, log: &mut Log, request_id: &str) -> Option<Trick> {
        let requests = log.asked.len();
        let start = Random::new(self.seed, "first trick").next_u64() % 12;
        let start = usize::try_from(start).unwrap_or(0);
        let next = log.asked.entry(request_id.to_owned()).or_insert(start + 3 * requests);
        let trick = mischief::ALL.get(*next % mischief::ALL.len()).copied();
        *next += 1;
        trick
    }
}

fn serve(brain: &Arc<Brain>, listener: TcpListener) -> anyhow::Result<ServerHandle> {
    let state = web::Data::from(Arc::clone(brain));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(BODY_MAX))
            .route("/tools/invoke", web::post().to(invoke))
            .route("/v1/chat/completions", web::post().to(complete))
            .route("/readyz", web::get().to(|| async { "ok" }))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}

async fn invoke(request: HttpRequest, body: web::Bytes, brain: web::Data<Brain>) -> impl Responder {
    answer(&request, &body, &brain, context_pack, success).await
}

async fn complete(request: HttpRequest, body: web::Bytes, brain: web::Data<Brain>) -> impl Responder {
    answer(&request, &body, &brain, chat::context_pack, chat::completion).await
}

/// What the brain says to the pack that `read` finds in the body, wrapped as the transport wants a decision.
async fn answer(
    request: &HttpRequest,
    body: &[u8],
    brain: &Brain,
    read: fn(&[u8]) -> Result<Value, String>,
    wrap: fn(&Value) -> Value,
) -> HttpResponse {
    let expected = format!("Bearer {}", brain.token);
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given != Some(expected.as_str()) {
        brain.log().faults.push("a call without the right bearer token".to_owned());
        return HttpResponse::Unauthorized()
            .json(json!({ "error": { "message": "Unauthorized", "type": "unauthorized" } }));
    }
    let pack = match read(body) {
        Ok(pack) => pack,
        Err(fault) => {
            brain.log().faults.push(fault);
            return raw(500, mischief::tool_error());
        }
    };
    match brain.answer(&pack) {
        Answer::Decision(decision) => HttpResponse::Ok().json(wrap(&decision)),
        Answer::Raw(status, body) => raw(status, body),
        Answer::Silence => {
            tokio::time::sleep(SILENCE).await;
            raw(500, mischief::tool_error())
        }
        Answer::Disconnect => HttpResponse::Ok().content_type("application/json").streaming(stream::iter([
            Ok(web::Bytes::from_static(b"{\"ok\":true,\"result\":{\"det")),
            Err(ErrorBadGateway("the connection closes here")),
        ])),
    }
}

/// The pack, or what is wrong with the call.
fn context_pack(body: &[u8]) -> Result<Value, String> {
    let mut call: Value =
        serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    if call.pointer("/tool").and_then(Value::as_str) != Some("llm-task") {
        return Err("`tool` is not llm-task".to_owned());
    }
    if string(&call, "/args/prompt").trim().is_empty() {
        return Err("`args.prompt` is missing".to_owned());
    }
    if !call.pointer("/args/schema").is_some_and(Value::is_object) {
        return Err("`args.schema` is missing".to_owned());
    }
    match call.pointer_mut("/args/input").map(Value::take) {
        Some(pack @ Value::Object(_)) => Ok(pack),
        _ => Err("`args.input` is no object".to_owned()),
    }
}

fn success(decision: &Value) -> Value {
    json!({
        "ok": true,
        "result": {
            "content": [{ "type": "text", "text": format!("{decision:#}") }],
            "details": { "json": decision, "provider": "scripted", "model": "scripted-1" },
        },
    })
}

fn raw(status: u16, body: String) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type("application/json").body(body)
}

fn question(pack: &Value) -> String {
    let mut pack = pack.clone();
    if let Some(fields) = pack.as_object_mut() {
        fields.remove("now");
    }
    pack.to_string()
}

fn string(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(gateway: &Gateway, token: &str, body: &Value) -> impl Future<Output = (u16, String)> + use<> {
        let request = reqwest_client()
            .post(format!("{}/tools/invoke", gateway.url()))
            .bearer_auth(token)
            .body(body.to_string());
        async move {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap_or_default())
        }
    }

    fn reqwest_client() -> reqwest::Client {
        crate::http::client().unwrap()
    }

    fn ask(state: &str) -> Value {
        let pack = decide::tests::pack(state, &["I need brake pads"], &json!([]), &json!([]));
        json!({ "tool": "llm-task", "action": "json", "agentId": "jsonfn",
            "args": { "prompt": "decide", "input": pack, "schema": {}, "temperature": 0 } })
    }

    #[actix_web::test]
    async fn it_answers_as_the_gateway_does_and_remembers() {
        let clock = SimulationClock::starting_now(1);
        let gateway = Gateway::start(Manners::Sensible, Plan::ORDINARY, Wishes::None, 1, clock).unwrap();
        let token = gateway.token().to_owned();

        let (status, body) = call(&gateway, &token, &ask("new")).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 200);
        assert_eq!(body.pointer("/result/details/json/type"), Some(&json!("ask_client")));

        assert_eq!(call(&gateway, "wrong", &ask("new")).await.0, 401);
        assert_eq!(call(&gateway, &token, &json!({ "tool": "exec" })).await.0, 500);
        assert_eq!(gateway.exchanges().len(), 1);
        assert_eq!(gateway.faults().len(), 2);
        gateway.stop().await;
    }

    #[actix_web::test]
    async fn a_hostile_one_walks_through_the_tricks_and_a_down_one_refuses() {
        let clock = SimulationClock::starting_now(1);
        let gateway = Gateway::start(Manners::Hostile, Plan::ORDINARY, Wishes::None, 1, clock).unwrap();
        for _ in 0..12 {
            gateway.brain.answer(&json!({ "request": { "id": "r" } }));
        }
        let tricks: std::collections::BTreeSet<_> =
            gateway.exchanges().iter().filter_map(|e| e.trick).collect();
        assert_eq!(tricks.len(), 12);
        gateway.stop().await;

        let down = Gateway::start(Manners::Down, Plan::ORDINARY, Wishes::None, 1, clock).unwrap();
        assert!(reqwest_client().get(down.url()).send().await.is_err());
    }
}
