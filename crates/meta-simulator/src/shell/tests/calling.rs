//! Calls over real HTTP, on a clock that is set by hand.

use std::sync::atomic::AtomicI64;

use super::*;
use crate::{CallAction, CallVerdict, OnCall, OnCard, PermissionAnswer};

const START_MS: i64 = 1_790_000_000_000;

/// A simulator whose clock stands still until told otherwise.
fn start_at(faults: FaultPlan) -> (Handle, Receiver, Arc<AtomicI64>) {
    let receiver = Receiver::default();
    let clock = Arc::new(AtomicI64::new(START_MS));
    let mut config = Config::new("token", "secret", "verify", PNID, "+254711000001");
    config.faults = faults;
    config.retry.first_backoff_ms = 1;
    config.webhook_url = Some(receiver.start());
    let hand = Arc::clone(&clock);
    config.clock = Arc::new(move || hand.load(Ordering::SeqCst));
    let meta = MetaSimulator::start(config).unwrap();
    meta.person(ASHA, "Asha");
    (meta, receiver, clock)
}

async fn post(meta: &Handle, body: &Value) -> reqwest::Result<(u16, Value)> {
    let url = format!("{}/v25.0/{PNID}/calls", meta.base_url());
    let answer = client(LONG).post(url).bearer_auth("token").json(body).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

fn connect(intent: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": ASHA, "action": "connect",
        "session": {"sdp_type": "offer", "sdp": "v=0\r\ns=-\r\n"}, "biz_opaque_callback_data": intent})
}

async fn permissions(meta: &Handle) -> Value {
    let url = format!("{}/v25.0/{PNID}/call_permissions?user_wa_id=254700000101", meta.base_url());
    client(LONG).get(url).bearer_auth("token").send().await.unwrap().json().await.unwrap()
}

/// What came about calls and permissions, a word each.
fn words(receiver: &Receiver) -> Vec<String> {
    let word = |got: Got| {
        let value = got.value();
        let word = [
            "/calls/0/event",
            "/statuses/0/status",
            "/messages/0/interactive/call_permission_reply/response",
        ]
        .into_iter()
        .find_map(|place| value.pointer(place))?;
        word.as_str().map(str::to_owned)
    };
    receiver.got().into_iter().filter_map(word).collect()
}

#[actix_web::test]
async fn a_call_runs_by_the_simulators_clock() {
    let (meta, receiver, clock) = start_at(FaultPlan::default());
    assert_eq!(post(&meta, &connect("call-1")).await.unwrap().0, 401);
    assert_eq!(permissions(&meta).await["permission"]["status"], "no_permission");
    meta.answer_permission(ASHA, PermissionAnswer::Accept, None).unwrap();
    assert_eq!(permissions(&meta).await["permission"]["status"], "temporary");
    let (status, placed) = post(&meta, &connect("call-1")).await.unwrap();
    assert_eq!(status, 200, "{placed}");
    assert!(meta.wait_until_quiet(Duration::from_millis(50)).await.is_err(), "the clock stands still");
    assert_eq!(words(&receiver), ["accept"]);

    clock.fetch_add(10_000, Ordering::SeqCst);
    let call = meta.wait_for_call_that(0, LONG, |call| call.answered_ms.is_some()).await.unwrap();
    assert_eq!(call.answered_ms, Some(START_MS + 5_000), "when it was due, not when it was seen");
    let hang_up = json!({"messaging_product": "whatsapp", "action": "terminate", "call_id": call.wacid});
    assert_eq!(post(&meta, &hang_up).await.unwrap().1["success"], true);
    clock.fetch_add(60_000, Ordering::SeqCst);
    meta.wait_until_quiet(LONG).await.unwrap();
    assert_eq!(words(&receiver), ["accept", "connect", "RINGING", "ACCEPTED", "terminate"]);
    assert_eq!(meta.calls()[0].ended_ms, Some(START_MS + 10_000));

    let attempts: Vec<_> = meta
        .log()
        .into_iter()
        .filter_map(|entry| match entry.event {
            LogEvent::Call(attempt) => Some((attempt.action, attempt.outcome == CallVerdict::Taken)),
            _ => None,
        })
        .collect();
    assert_eq!(
        attempts,
        [
            (CallAction::Connect, false),
            (CallAction::Lookup, true),
            (CallAction::Lookup, true),
            (CallAction::Connect, true),
            (CallAction::Terminate, true),
        ]
    );
    assert_eq!(meta.connects_per_intent()["call-1"], 2);
}

#[actix_web::test]
async fn a_connect_webhook_can_beat_the_answer() {
    let slow =
        FaultPlan::default().call(CallAction::Connect, Target::all(), SendFault::SlowAnswer { ms: 600_000 });
    let (meta, receiver, clock) = start_at(slow);
    meta.answer_permission(ASHA, PermissionAnswer::Accept, None).unwrap();
    let caller = meta.clone();
    let answer = actix_web::rt::spawn(async move { post(&caller, &connect("call-1")).await });
    meta.wait_for_call_that(0, LONG, |_| true).await.unwrap();
    clock.fetch_add(1_000, Ordering::SeqCst);
    meta.wait_for(LONG, |core| (core.counters().webhook_posts >= 2).then_some(())).await.unwrap();
    assert!(!answer.is_finished(), "no answer yet");
    clock.fetch_add(120_000, Ordering::SeqCst);
    meta.wait_until_quiet(LONG).await.unwrap();
    assert_eq!(words(&receiver), ["accept", "connect", "RINGING", "ACCEPTED", "terminate"]);
    answer.abort();
}

#[actix_web::test]
async fn placed_without_an_answer() {
    for (fault, fate) in [
        (SendFault::CloseConnection, AnswerFate::Closed),
        (SendFault::ServerErrorAfterAccepting, AnswerFate::ServerError),
    ] {
        let (meta, receiver, clock) =
            start_at(FaultPlan::default().call(CallAction::Connect, Target::all().first(1), fault));
        meta.answer_permission(ASHA, PermissionAnswer::Accept, None).unwrap();
        match post(&meta, &connect("call-1")).await {
            Ok((status, _)) => assert_eq!((status, fate), (500, AnswerFate::ServerError)),
            Err(error) => assert!(!error.is_connect() && !error.is_timeout(), "{error:?}"),
        }
        clock.fetch_add(120_000, Ordering::SeqCst);
        meta.wait_until_quiet(LONG).await.unwrap();
        assert_eq!(words(&receiver).last().unwrap(), "terminate", "{fault:?}: it rang all the same");
        assert_eq!(meta.counters().connects_accepted, 1, "{fault:?}: once");
    }
}

#[actix_web::test]
async fn people_are_directed_by_hand() {
    let (meta, receiver, clock) = start_at(FaultPlan::default());
    let http = client(LONG);
    let at = |path: &str| format!("{}/simulator{path}", meta.base_url());
    let asha = "/people/254700000101";
    let put = |path: String, body: &'static str| http.put(at(&path)).body(body).send();
    let call = |path: String, body: &'static str| http.post(at(&path)).body(body).send();

    let habits =
        r#"{"on_call":{"decline":{"after_ms":4000}},"on_card":{"accept":{"after_ms":2000,"for_good":true}}}"#;
    let shown: Value = put(format!("{asha}/habits"), habits).await.unwrap().json().await.unwrap();
    assert_eq!(shown["on_call"]["decline"]["after_ms"], 4_000);
    assert_eq!(put(format!("{asha}/habits"), r#"{"on_call":"let_ring"}"#).await.unwrap().status(), 200);
    let person = &meta.people()[0];
    assert_eq!(person.on_call, OnCall::LetRing);
    assert_eq!(person.on_card, OnCard::Accept { after_ms: 2_000, for_good: true }, "what is not named stays");
    for (path, body, status) in [
        (format!("{asha}/habits"), r#"{"on_call":"sing"}"#, 400),
        ("/people/1/habits".to_owned(), "{}", 404),
        ("/calling".to_owned(), "{}", 400),
    ] {
        assert_eq!(put(path, body).await.unwrap().status(), status, "{body}");
    }

    let said: Value = call(format!("{asha}/permission"), r#"{"answer":"accept_for_good"}"#)
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(said["wamid"].as_str().unwrap().starts_with("wamid."));
    for (body, status) in [(r#"{"answer":"accept","card":"wamid.X"}"#, 404), (r#"{"answer":"maybe"}"#, 400)] {
        assert_eq!(call(format!("{asha}/permission"), body).await.unwrap().status(), status, "{body}");
    }
    assert_eq!(put("/calling".to_owned(), r#"{"enabled":false}"#).await.unwrap().status(), 204);
    assert_eq!(post(&meta, &connect("call-1")).await.unwrap().1["error"]["code"], 138_000);
    assert_eq!(put("/calling".to_owned(), r#"{"enabled":true}"#).await.unwrap().status(), 204);

    let theirs: Value = call(format!("{asha}/calls"), "").await.unwrap().json().await.unwrap();
    let wacid = theirs["wacid"].as_str().unwrap().to_owned();
    assert_eq!(call(format!("{asha}/calls"), "").await.unwrap().status(), 409, "on a call already");
    let path = |what: &str| format!("/calls/{}/{what}", percent(&wacid));
    assert_eq!(call(path("hang-up"), "").await.unwrap().status(), 204);
    assert_eq!(call(path("hang-up"), "").await.unwrap().status(), 404);
    assert_eq!(call(path("events"), r#"{"event":"call_recording_available"}"#).await.unwrap().status(), 204);
    clock.fetch_add(120_000, Ordering::SeqCst);
    meta.wait_until_quiet(LONG).await.unwrap();
    assert_eq!(words(&receiver), ["accept", "connect", "terminate", "call_recording_available"]);
    let calls: Value = http.get(at("/calls")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&calls[0]["direction"], &calls[0]["end"]), (&json!("user_initiated"), &json!("completed")));
}

/// An id in a path: base64 may hold `/`, `+` and `=`.
fn percent(id: &str) -> String {
    id.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D")
}
