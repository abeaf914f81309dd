//! Calls: what is asked, and what each answer proves.

use marketplace::Timestamp;

use super::*;
use crate::calling::{
    CallErrorClass as C, CallingApi, DialOutcome, OutboundCall, PermissionLookupError, PermissionState,
    SdpOffer, TerminateError,
};

const OFFER: &str =
    "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=ice-pwd:made-up-password-0123456789\r\n";

fn callee() -> Recipient {
    Recipient::Phone("+254700000101".parse().unwrap())
}

fn call() -> OutboundCall {
    OutboundCall::new(callee(), "call-0100", SdpOffer::new(OFFER).unwrap()).unwrap()
}

/// One `connect` to a server that answers so; how many requests it saw.
async fn dial(answer: Answer) -> (DialOutcome, usize) {
    let server = Running::start(answer);
    let outcome = client_for(&server.base, 5_000).connect(&number(), &call()).await;
    let count = server.seen(<[Seen]>::len);
    server.handle.stop(false).await;
    (outcome, count)
}

async fn hang_up(answer: Answer) -> Result<(), TerminateError> {
    let server = Running::start(answer);
    let result = client_for(&server.base, 5_000).terminate(&number(), &"wacid.C1".into()).await;
    server.seen(|seen| {
        let body = json!({"messaging_product": "whatsapp", "action": "terminate", "call_id": "wacid.C1"});
        assert_eq!((seen[0].path.as_str(), &seen[0].body), ("/v25.0/300000000000001/calls", &body));
    });
    server.handle.stop(false).await;
    result
}

async fn look_up(answer: Answer) -> Result<PermissionState, PermissionLookupError> {
    let server = Running::start(answer);
    let result = client_for(&server.base, 5_000).call_permissions(&number(), &callee()).await;
    server.handle.stop(false).await;
    result
}

fn error_that_says(code: i64, details: &str) -> String {
    json!({"error": {"message": "m", "code": code, "error_data": {"details": details}}}).to_string()
}

#[actix_web::test]
async fn a_placed_call_has_its_id() {
    let answer = json!({"messaging_product": "whatsapp", "calls": [{"id": "wacid.C1"}]});
    let server = Running::start(Answer::Text(200, answer.to_string()));
    let outcome = client_for(&server.base, 5_000).connect(&number(), &call()).await;
    assert_eq!(outcome, DialOutcome::Placed { wacid: "wacid.C1".into() });
    server.seen(|seen| {
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].path, "/v25.0/300000000000001/calls");
        assert_eq!(seen[0].authorization, format!("Bearer {TOKEN}"));
        assert_eq!(seen[0].body, call().to_json());
        assert_eq!(seen[0].body["session"]["sdp"], OFFER, "every line end as the media server wrote it");
    });
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn the_code_of_a_refused_call_decides_whatever_the_http_status() {
    let refused: &[(u16, i64, C)] = &[
        (401, 138_006, C::PermissionMissing),
        (401, 138_000, C::CallingDisabled),
        (401, 190, C::Token),
        (400, 138_001, C::NotCallable),
        (429, 138_002, C::Concurrency),
        (400, 138_003, C::Busy),
        (429, 138_005, C::DailyLimit),
        (500, 138_007, C::Media),
        (400, 138_012, C::ConnectedLimit),
        (400, 138_013, C::Country),
        (400, 138_014, C::Restricted),
        (400, 138_015, C::Prerequisite),
        (400, 100, C::BadRequest),
        (400, 999_999, C::Unknown),
    ];
    for (status, code, class) in refused {
        let (outcome, count) = dial(Answer::Text(*status, error_body(*code))).await;
        let detail = format!("HTTP {status}, code {code}: the reason");
        assert_eq!(outcome, DialOutcome::Refused { class: *class, code: *code, retry_at: None, detail });
        assert_eq!(count, 1, "{code}: never dialled twice");
    }
    for (status, code, seconds) in [(429, 613, 1), (400, 4, 60), (400, 130_429, 1)] {
        let (outcome, count) = dial(Answer::Text(status, error_body(code))).await;
        let (after, code) = (Some(Duration::from_secs(seconds)), Some(code));
        assert!(
            matches!(&outcome, DialOutcome::NoEffect { after: a, code: c, .. } if (*a, *c) == (after, code)),
            "{outcome:?}"
        );
        assert_eq!(count, 1);
    }
}

#[actix_web::test]
async fn the_connected_limit_says_when_a_call_is_possible_again() {
    let retry_at = |outcome: DialOutcome| match outcome {
        DialOutcome::Refused { retry_at, .. } => retry_at,
        other => panic!("{other:?}"),
    };
    let details = "Next call allowed at 1790086500";
    let (limited, _) = dial(Answer::Text(400, error_that_says(138_012, details))).await;
    assert_eq!(retry_at(limited), Some(Timestamp::from_seconds(1_790_086_500)));
    let (missing, _) = dial(Answer::Text(401, error_that_says(138_006, details))).await;
    assert_eq!(retry_at(missing), None, "no other code has a time");
}

#[actix_web::test]
async fn what_proves_nothing_about_a_call_is_unknown_and_dialled_once() {
    let cases = [
        ("connection error at Meta", 500, error_body(138_004), "HTTP 500, code 138004: the reason"),
        ("server trouble as 400", 400, error_body(2), "HTTP 400, code 2: the reason"),
        ("media in doubt", 400, error_body(138_023), "HTTP 400, code 138023: the reason"),
        ("unknown code of a server", 503, error_body(999_999), "HTTP 503, code 999999: the reason"),
        ("no code", 401, json!({"error": {"message": "?"}}).to_string(), "HTTP 401, no code: ?"),
        (
            "HTML of a proxy",
            429,
            "<html>slow down</html>".to_owned(),
            "HTTP 429 without an answer of Meta's form: <html>slow down</html>",
        ),
        ("empty success", 200, String::new(), "HTTP 200 without an answer of Meta's form: empty"),
        (
            "success without id",
            200,
            "{\"calls\":[{}]}".to_owned(),
            "HTTP 200 without an answer of Meta's form: 14 bytes of JSON",
        ),
        (
            "a message's id is no call's",
            200,
            json!({"messages": [{"id": "wamid.1"}]}).to_string(),
            "HTTP 200 without an answer of Meta's form: 31 bytes of JSON",
        ),
        ("huge", 200, "a".repeat(2 * ANSWER_BYTES_MAX), "the answer is longer than 1048576 bytes"),
    ];
    for (name, status, body, expected) in cases {
        let (outcome, count) = dial(Answer::Text(status, body)).await;
        assert_eq!(outcome, DialOutcome::Unknown { why: expected.to_owned() }, "{name}");
        assert_eq!(count, 1, "{name}");
    }
}

#[actix_web::test]
async fn silence_after_the_request_is_unknown_and_no_connection_has_no_effect() {
    let server = Running::start(Answer::Never);
    let outcome = client_for(&server.base, 200).connect(&number(), &call()).await;
    assert_eq!(outcome, DialOutcome::Unknown { why: "no answer in time".to_owned() });
    assert_eq!(server.seen(<[Seen]>::len), 1, "the server had taken the call");
    server.handle.stop(false).await;

    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = refusing.local_addr().unwrap();
    drop(refusing);
    for base in [format!("http://{address}"), "http://graph.invalid".to_owned()] {
        let outcome = client_for(&base, 5_000).connect(&number(), &call()).await;
        assert!(
            matches!(&outcome, DialOutcome::NoEffect { after: None, code: None, detail } if detail.starts_with("no connection")),
            "{base} {outcome:?}"
        );
    }
}

#[actix_web::test]
async fn a_connection_that_breaks_after_the_call_is_unknown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = rt::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 64];
        let read = tokio::io::AsyncReadExt::read(&mut socket, &mut bytes).await.unwrap();
        drop(socket);
        read
    });
    let outcome = client_for(&base, 5_000).connect(&number(), &call()).await;
    assert!(
        matches!(&outcome, DialOutcome::Unknown { why } if why.starts_with("the connection broke")),
        "{outcome:?}"
    );
    assert!(server.await.unwrap() > 0);
}

#[actix_web::test]
async fn neither_token_nor_description_follows_a_redirect() {
    let elsewhere = Running::start(Answer::Text(200, "{}".to_owned()));
    let (outcome, _) = dial(Answer::Redirect(elsewhere.base.clone())).await;
    assert!(matches!(outcome, DialOutcome::Unknown { .. }), "{outcome:?}");
    let looked_up = look_up(Answer::Redirect(elsewhere.base.clone())).await;
    assert!(matches!(looked_up, Err(PermissionLookupError::Unavailable { .. })), "{looked_up:?}");
    assert_eq!(elsewhere.seen(<[Seen]>::len), 0);
    elsewhere.handle.stop(false).await;
}

#[actix_web::test]
async fn an_answer_that_quotes_the_description_is_withheld() {
    let details = "SDP fault at a=ice-pwd:made-up-password-0123456789";
    let (outcome, _) = dial(Answer::Text(400, error_that_says(100, details))).await;
    assert!(!format!("{outcome:?}").contains("made-up-password"), "{outcome:?}");
    assert!(matches!(&outcome, DialOutcome::Refused { class: C::BadRequest, code: 100, .. }), "{outcome:?}");
    let (foreign, _) = dial(Answer::Text(502, format!("<html>{OFFER}"))).await;
    assert_eq!(
        foreign,
        DialOutcome::Unknown {
            why: "HTTP 502, no code: the words quote the media description and are withheld".to_owned()
        }
    );
}

#[actix_web::test]
async fn a_call_is_ended_at_least_once() {
    let success = || "{\"success\":true}".to_owned();
    let ended = [
        Answer::Text(200, success()),
        Answer::Text(200, json!({"messaging_product": "whatsapp", "success": true}).to_string()),
        Answer::Text(400, error_that_says(100, "The user has already terminated the call.")),
        Answer::Text(400, error_that_says(138_099, "Call has ALREADY ended")),
    ];
    for answer in ended {
        assert_eq!(hang_up(answer).await, Ok(()));
    }
    let unconfirmed = [
        Answer::Text(200, "{\"success\":false}".to_owned()),
        Answer::Text(500, error_body(138_004)),
        Answer::Text(429, error_body(613)),
        Answer::Text(502, "<html>".to_owned()),
        Answer::Text(200, String::new()),
    ];
    for answer in unconfirmed {
        let result = hang_up(answer).await;
        assert!(matches!(result, Err(TerminateError::Unconfirmed(_))), "{result:?}");
    }
    for (status, code, class) in [(401, 190, C::Token), (400, 100, C::BadRequest), (400, 999_999, C::Unknown)]
    {
        let detail = format!("HTTP {status}, code {code}: the reason");
        let result = hang_up(Answer::Text(status, error_body(code))).await;
        assert_eq!(result, Err(TerminateError::Refused { class, code, detail }));
    }
}

#[actix_web::test]
async fn permissions_are_asked_for_by_number_or_business_scoped_id() {
    let answer = json!({"permission": {"status": "temporary", "expiration_time": 1_790_604_900},
        "actions": [{"action_name": "start_call", "can_perform_action": true}]});
    let server = Running::start(Answer::Text(200, answer.to_string()));
    let client = client_for(&server.base, 5_000);
    let bsuid = Recipient::Bsuid("KE.90000000000000000101".parse().unwrap());
    for contact in [callee(), bsuid] {
        let state = client.call_permissions(&number(), &contact).await.unwrap();
        assert!(state.can_call && !state.can_request);
        assert_eq!(state.expires_at, Some(Timestamp::from_seconds(1_790_604_900)));
    }
    server.seen(|seen| {
        assert!(seen.iter().all(|request| request.path == "/v25.0/300000000000001/call_permissions"));
        assert!(seen.iter().all(|request| request.authorization == format!("Bearer {TOKEN}")));
        let queries: Vec<_> = seen.iter().map(|request| request.query.as_str()).collect();
        assert_eq!(queries, ["user_wa_id=254700000101", "recipient=KE.90000000000000000101"]);
    });
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn a_permission_that_cannot_be_read_is_no_permission() {
    let refused = look_up(Answer::Text(401, error_body(138_000))).await;
    let detail = "HTTP 401, code 138000: the reason".to_owned();
    let class = C::CallingDisabled;
    assert_eq!(refused, Err(PermissionLookupError::Refused { class, code: 138_000, detail }));
    let throttled = look_up(Answer::Text(429, error_body(613))).await;
    assert!(
        matches!(&throttled, Err(PermissionLookupError::Unavailable { after: Some(after), .. }) if after.as_secs() == 1),
        "{throttled:?}"
    );
    for (status, body) in [(200, "{}"), (200, ""), (200, "[]"), (500, "<html>"), (404, "")] {
        let result = look_up(Answer::Text(status, body.to_owned())).await;
        assert!(
            matches!(result, Err(PermissionLookupError::Unavailable { after: None, .. })),
            "{status} {body} {result:?}"
        );
    }
    let nobody = client_for("http://graph.invalid", 5_000).call_permissions(&number(), &callee()).await;
    let Err(PermissionLookupError::Unavailable { detail, .. }) = nobody else { panic!("{nobody:?}") };
    assert!(!detail.contains("254700000101"), "{detail}");
}
