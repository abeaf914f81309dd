//! The simulator over real HTTP, against a small webhook receiver.

mod calling;

use std::{
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    AnswerFate, Config, FaultPlan, Handle, LogEvent, MediaFault, MetaSimulator, Outcome, SendFault, Target,
    WebhookFault, WebhookKind, sign,
};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use tokio::sync::Notify;

const PNID: &str = "300000000000001";
const ASHA: &str = "+254700000101";
const LONG: Duration = Duration::from_secs(10);

/// A webhook that keeps what it got and answers as told.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<Got>>>,
    /// Answers to give first; 200 after that.
    answers: Arc<Mutex<Vec<u16>>>,
    /// Set: the next request lets others pass before it counts as arrived, if any come.
    lets_others_pass: Arc<AtomicBool>,
    arrived: Arc<Notify>,
}

#[derive(Clone)]
struct Got {
    body: Vec<u8>,
    signature: String,
}

impl Got {
    fn value(&self) -> Value {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["entry"][0]["changes"][0]["value"].clone()
    }

    fn status(&self) -> Option<String> {
        Some(self.value().pointer("/statuses/0/status")?.as_str()?.to_owned())
    }
}

impl Receiver {
    /// Starts listening; gives the address of the webhook.
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let state = self.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(state.clone()))
                .route("/hook", web::post().to(receive))
                .route("/hook", web::get().to(challenge))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        actix_web::rt::spawn(server);
        url
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn receive(request: HttpRequest, body: web::Bytes, state: web::Data<Receiver>) -> HttpResponse {
    let signature = request.headers().get("X-Hub-Signature-256").unwrap().to_str().unwrap().to_owned();
    if state.lets_others_pass.swap(false, Ordering::SeqCst) {
        tokio::time::timeout(Duration::from_millis(100), state.arrived.notified()).await.ok();
    }
    state.arrived.notify_one();
    state.got.lock().unwrap().push(Got { body: body.to_vec(), signature });
    let mut answers = state.answers.lock().unwrap();
    let status = if answers.is_empty() { 200 } else { answers.remove(0) };
    HttpResponse::build(status.try_into().unwrap()).finish()
}

async fn challenge(query: web::Query<Vec<(String, String)>>) -> HttpResponse {
    let get = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    if get("hub.verify_token").as_deref() == Some("verify") && get("hub.mode").as_deref() == Some("subscribe")
    {
        HttpResponse::Ok().body(get("hub.challenge").unwrap())
    } else {
        HttpResponse::Forbidden().finish()
    }
}

fn start(faults: FaultPlan) -> (Handle, Receiver) {
    let receiver = Receiver::default();
    let mut config = Config::new("token", "secret", "verify", PNID, "+15550100001");
    config.faults = faults;
    config.retry.first_backoff_ms = 1;
    config.webhook_url = Some(receiver.start());
    let meta = MetaSimulator::start(config).unwrap();
    meta.person(ASHA, "Asha");
    (meta, receiver)
}

fn client(timeout: Duration) -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(timeout).build().unwrap()
}

async fn send(meta: &Handle, timeout: Duration, intent: &str) -> reqwest::Result<(u16, Value)> {
    let body = json!({"messaging_product": "whatsapp", "to": ASHA, "type": "text", "text": {"body": "hi"},
        "biz_opaque_callback_data": intent});
    let answer = client(timeout)
        .post(format!("{}/v25.0/{PNID}/messages", meta.base_url()))
        .bearer_auth("token")
        .json(&body)
        .send()
        .await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

#[actix_web::test]
async fn a_conversation() {
    let (meta, receiver) = start(FaultPlan::default());
    meta.verify_webhook().await.unwrap();
    let asked = meta.send_text(ASHA, "¿Qué tal?").unwrap();
    let (status, body) = send(&meta, LONG, "i1").await.unwrap();
    assert_eq!((status, &body["contacts"][0]["wa_id"]), (200, &json!("254700000101")));
    let message = meta.wait_for_message(ASHA, 0, LONG).await.unwrap();
    assert_eq!((message.text.as_str(), message.intent_id.as_deref()), ("hi", Some("i1")));
    meta.reply_to(ASHA, &message.wamid, "thanks").unwrap();
    meta.wait_until_quiet(LONG).await.unwrap();

    let got = receiver.got();
    for one in &got {
        assert_eq!(one.signature, sign("secret", &one.body), "over the raw bytes");
        assert!(one.body.is_ascii());
    }
    let messages: Vec<_> = got.iter().filter_map(|one| one.value().pointer("/messages/0").cloned()).collect();
    assert_eq!(messages[0]["id"], json!(asked));
    assert_eq!(messages[0]["text"]["body"], "¿Qué tal?");
    assert_eq!(messages[1]["context"]["id"], json!(message.wamid));
    let statuses: Vec<_> = got.iter().filter_map(Got::status).collect();
    assert_eq!(statuses, ["sent", "delivered", "read"]);
    assert_eq!(meta.counters().webhook_failures, 0);
    meta.shutdown();
    assert!(send(&meta, LONG, "i2").await.unwrap_err().is_connect(), "shut down");
}

#[actix_web::test]
async fn one_persons_webhooks_come_in_order() {
    let (meta, receiver) = start(FaultPlan::default());
    receiver.lets_others_pass.store(true, Ordering::SeqCst);
    let ids: Vec<_> = (0..20).map(|n| meta.send_text(ASHA, &n.to_string()).unwrap()).collect();
    meta.wait_until_quiet(LONG).await.unwrap();
    let got: Vec<_> = receiver.got().iter().map(|one| one.value()["messages"][0]["id"].clone()).collect();
    assert_eq!(json!(got), json!(ids));
}

#[actix_web::test]
async fn anything_but_200_is_sent_again() {
    let (meta, receiver) = start(FaultPlan::default());
    *receiver.answers.lock().unwrap() = vec![500, 204, 302, 401];
    meta.send_text(ASHA, "hello").unwrap();
    meta.wait_until_quiet(LONG).await.unwrap();
    let got = receiver.got();
    assert_eq!(got.len(), 5);
    assert!(got.iter().all(|one| one.body == got[0].body), "byte for byte");
    let counters = meta.counters();
    assert_eq!((counters.webhook_posts, counters.webhook_failures, counters.webhooks_given_up), (5, 4, 0));
}

#[actix_web::test]
async fn webhooks_wait_for_an_address() {
    let receiver = Receiver::default();
    let mut config = Config::new("token", "secret", "verify", PNID, "+15550100001");
    config.retry.first_backoff_ms = 1;
    let meta = MetaSimulator::start(config).unwrap();
    meta.person(ASHA, "Asha");
    assert!(meta.verify_webhook().await.is_err());
    meta.send_text(ASHA, "hello").unwrap();
    meta.wait_for(LONG, |core| (core.counters().webhook_failures > 0).then_some(())).await.unwrap();
    meta.set_webhook_url(&receiver.start());
    meta.wait_until_quiet(LONG).await.unwrap();
    assert_eq!(receiver.got().len(), 1);
}

#[actix_web::test]
async fn webhooks_are_given_up_in_the_end() {
    let mut config = Config::new("token", "secret", "verify", PNID, "+15550100001");
    config.retry.attempts = 3;
    config.retry.first_backoff_ms = 1;
    let meta = MetaSimulator::start(config).unwrap();
    meta.person(ASHA, "Asha");
    meta.send_text(ASHA, "hello").unwrap();
    meta.wait_until_quiet(LONG).await.unwrap();
    let counters = meta.counters();
    assert_eq!((counters.webhook_failures, counters.webhooks_given_up), (3, 1));
}

#[actix_web::test]
async fn duplicates_and_drops() {
    for concurrent in [false, true] {
        let faults = FaultPlan::default()
            .webhook(Target::all(), WebhookFault::Duplicate { copies: 2, concurrent })
            .webhook(Target::all().kind(WebhookKind::Message), WebhookFault::DropFirstAttempt);
        let (meta, receiver) = start(faults);
        meta.send_text(ASHA, "hello").unwrap();
        meta.wait_until_quiet(LONG).await.unwrap();
        assert_eq!(receiver.got().len(), 3, "concurrent: {concurrent}");
        let counters = meta.counters();
        assert_eq!((counters.webhook_drops, counters.webhook_failures), (1, 0), "concurrent: {concurrent}");
    }
}

#[actix_web::test]
async fn accepted_without_an_answer() {
    let cases = [
        (SendFault::HoldAnswer, AnswerFate::Held),
        (SendFault::CloseConnection, AnswerFate::Closed),
        (SendFault::ServerErrorAfterAccepting, AnswerFate::ServerError),
    ];
    for (fault, fate) in cases {
        let (meta, receiver) = start(FaultPlan::default().send(Target::all().first(1), fault));
        meta.send_text(ASHA, "hello").unwrap();
        let patience = if fate == AnswerFate::Held { Duration::from_millis(200) } else { LONG };
        let heard = send(&meta, patience, "i1").await;
        match fate {
            AnswerFate::Held => assert!(heard.unwrap_err().is_timeout()),
            AnswerFate::ServerError => assert_eq!(heard.unwrap().0, 500),
            _ => {
                let error = heard.unwrap_err();
                assert!(!error.is_timeout() && !error.is_connect() && error.status().is_none(), "{error:?}");
            }
        }
        let message = meta.wait_for_message(ASHA, 0, LONG).await.unwrap();
        assert_eq!(message.intent_id.as_deref(), Some("i1"), "{fault:?}: it arrives all the same");
        meta.wait_until_quiet(LONG).await.unwrap();
        assert_eq!(receiver.got().iter().filter_map(Got::status).count(), 3, "{fault:?}");
        assert_eq!(meta.inbox(ASHA).len(), 1, "{fault:?}: once");
        let logged = meta.log().into_iter().find_map(|entry| match entry.event {
            LogEvent::Send(send) => Some(send),
            _ => None,
        });
        let logged = logged.unwrap();
        assert_eq!(logged.answered, fate);
        assert!(matches!(logged.outcome, Outcome::Accepted { .. }));
        assert_eq!(send(&meta, LONG, "i2").await.unwrap().0, 200, "the next one is answered");
    }
}

#[actix_web::test]
async fn pictures_are_fetched_as_media() {
    let (meta, receiver) = start(FaultPlan::default());
    meta.send_image(ASHA, b"not really a jpeg", "image/jpeg", Some("my list")).unwrap();
    meta.wait_until_quiet(LONG).await.unwrap();
    let image = receiver.got()[0].value()["messages"][0]["image"].clone();
    assert_eq!((&image["mime_type"], &image["caption"]), (&json!("image/jpeg"), &json!("my list")));
    let http = client(LONG);
    let get = |url: String| http.get(url).bearer_auth("token").send();
    let url = format!("{}/v25.0/{}", meta.base_url(), image["id"].as_str().unwrap());
    let media: Value = get(format!("{url}?phone_number_id={PNID}")).await.unwrap().json().await.unwrap();
    assert_eq!(media["sha256"], image["sha256"]);
    assert_eq!(get(format!("{url}?phone_number_id=9")).await.unwrap().status(), 400, "another number's");
    let link = media["url"].as_str().unwrap().to_owned();
    assert_eq!(http.get(&link).send().await.unwrap().status(), 401, "without token");
    assert_eq!(get(link).await.unwrap().bytes().await.unwrap().as_ref(), b"not really a jpeg");
}

/// Status, and how much came within a moment.
async fn fetched(fault: MediaFault) -> (Handle, u16, usize) {
    let (meta, receiver) = start(FaultPlan::default().medium(Target::all(), fault));
    meta.send_image(ASHA, b"abc", "image/png", None).unwrap();
    meta.wait_until_quiet(LONG).await.unwrap();
    let image = receiver.got()[0].value()["messages"][0]["image"].clone();
    let http = client(LONG);
    let url = format!("{}/v25.0/{}", meta.base_url(), image["id"].as_str().unwrap());
    let media: Value = http.get(url).bearer_auth("token").send().await.unwrap().json().await.unwrap();
    let mut answer = http.get(media["url"].as_str().unwrap()).bearer_auth("token").send().await.unwrap();
    let status = answer.status().as_u16();
    let mut bytes = 0;
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout(Duration::from_millis(500), answer.chunk()).await {
        bytes += chunk.len();
        if fault == MediaFault::Drip && bytes > 2 {
            break;
        }
    }
    (meta, status, bytes)
}

#[actix_web::test]
async fn pictures_can_be_odd() {
    assert_eq!(fetched(MediaFault::ExpiredAddress).await.1, 404);
    assert_eq!(fetched(MediaFault::Bytes(10_000_000)).await.2, 10_000_000);
    assert_eq!(fetched(MediaFault::Drip).await.2, 3);
    let (meta, ..) = fetched(MediaFault::ForeignHost).await;
    assert_eq!(meta.counters().foreign_fetches, 1, "who goes there is seen");
    let (_, status, bytes) = fetched(MediaFault::WrongDigest).await;
    assert_eq!((status, bytes), (200, 3));
}

#[actix_web::test]
async fn unknown_paths_answer_like_graph() {
    let (meta, _receiver) = start(FaultPlan::default());
    let http = client(LONG);
    for (path, status) in [("/v25.0/1/phone_numbers", 404), ("/", 404), ("/v25.0/999", 400)] {
        let answer =
            http.get(format!("{}{path}", meta.base_url())).bearer_auth("token").send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert!(body["error"]["fbtrace_id"].is_string(), "{path}");
    }
}

#[actix_web::test]
async fn the_control_surface() {
    let (meta, _receiver) = start(FaultPlan::default());
    let at = |path: &str| format!("{}/simulator{path}", meta.base_url());
    let http = client(LONG);
    let stranger = "/people/254700000202";
    let say = |body: &'static str| http.post(at(&format!("{stranger}/messages"))).body(body).send();
    let answer: Value = say(r#"{"text":"hello"}"#).await.unwrap().json().await.unwrap();
    assert!(answer["wamid"].as_str().unwrap().starts_with("wamid."));
    for (body, status) in [("{}", 400), ("no json", 400), (r#"{"text":"x","quote":"wamid.X"}"#, 404)] {
        assert_eq!(say(body).await.unwrap().status(), status, "{body}");
    }
    let inbox: Value = http.get(at(&format!("{stranger}/inbox"))).send().await.unwrap().json().await.unwrap();
    assert_eq!(inbox, json!([]));
    let log: Value = http.get(at("/log")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&log[0]["event"], &log[0]["text"]), (&json!("said"), &json!("hello")));
    let verified = http.post(at("/verify")).send().await.unwrap();
    assert_eq!(verified.status(), 200);
    let people: Value = http.get(at("/people")).send().await.unwrap().json().await.unwrap();
    assert_eq!(people.as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn waiting_ends() {
    let (meta, _receiver) = start(FaultPlan::default());
    let waited = meta.wait_for_message(ASHA, 0, Duration::from_millis(20)).await;
    assert!(matches!(waited, Err(crate::Error::TimedOut(_))));
}
