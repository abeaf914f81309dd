//! The client against a real HTTP server on this machine.

mod calling;
mod media;

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, rt, web};

use super::*;
use crate::outbound::{Content, Recipient};

const TOKEN: &str = "made-up-token";

/// What the server does with each request.
#[derive(Clone)]
enum Answer {
    Text(u16, String),
    Redirect(String),
    Never,
}

#[derive(Clone)]
struct Server {
    answer: Answer,
    seen: Arc<Mutex<Vec<Seen>>>,
}

struct Seen {
    path: String,
    query: String,
    authorization: String,
    body: Value,
}

async fn respond(server: web::Data<Server>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let header = |name: &str| {
        request.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    server.seen.lock().unwrap().push(Seen {
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        authorization: header("authorization"),
        body: if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() },
    });
    match &server.answer {
        Answer::Text(status, text) => {
            HttpResponse::build(StatusCode::from_u16(*status).unwrap()).body(text.clone())
        }
        Answer::Redirect(to) => {
            HttpResponse::TemporaryRedirect().insert_header(("location", to.as_str())).finish()
        }
        Answer::Never => std::future::pending().await,
    }
}

struct Running {
    base: String,
    server: Server,
    handle: ServerHandle,
}

impl Running {
    fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = Server { answer, seen: Arc::default() };
        let data = server.clone();
        let http = HttpServer::new(move || {
            App::new().app_data(web::Data::new(data.clone())).default_service(web::to(respond))
        })
        .workers(1)
        .shutdown_timeout(0)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = http.handle();
        rt::spawn(http);
        Self { base, server, handle }
    }

    fn seen<T>(&self, read: impl FnOnce(&[Seen]) -> T) -> T {
        read(&self.server.seen.lock().unwrap())
    }
}

fn client_for(base: &str, timeout_ms: u64) -> MetaClient {
    MetaClient::new(MetaConfig {
        base_url: base.to_owned(),
        version: "v25.0".to_owned(),
        access_token: TOKEN.into(),
        timeout: Duration::from_millis(timeout_ms),
    })
    .unwrap()
}

fn number() -> PhoneNumberId {
    "300000000000001".parse().unwrap()
}

fn message() -> OutboundMessage {
    let to = Recipient::Phone("+254700000101".parse().unwrap());
    OutboundMessage::new(to, "intent-0100", None, Content::Text { body: "Hello".to_owned() }).unwrap()
}

/// One send to a server that answers so; how many requests it saw.
async fn send_to(answer: Answer) -> (SendOutcome, usize) {
    let server = Running::start(answer);
    let outcome = client_for(&server.base, 5_000).send(&number(), &message()).await;
    let count = server.seen(<[Seen]>::len);
    server.handle.stop(false).await;
    (outcome, count)
}

fn error_body(code: i64) -> String {
    json!({"error": {"message": "m", "type": "OAuthException", "code": code, "error_data": {"details": "the reason"}}})
        .to_string()
}

#[actix_web::test]
async fn an_accepted_message_has_its_id() {
    let answer = json!({
        "messaging_product": "whatsapp",
        "contacts": [{"input": "+254700000101", "wa_id": "254700000101"}],
        "messages": [{"id": "wamid.OUT1", "message_status": "held_for_quality_assessment"}],
    });
    let server = Running::start(Answer::Text(200, answer.to_string()));
    let outcome = client_for(&server.base, 5_000).send(&number(), &message()).await;
    assert_eq!(
        outcome,
        SendOutcome::Accepted {
            wamid: "wamid.OUT1".into(),
            wa_id: Some("254700000101".parse().unwrap()),
            message_status: Some("held_for_quality_assessment".to_owned()),
        }
    );
    server.seen(|seen| {
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].path, "/v25.0/300000000000001/messages");
        assert_eq!(seen[0].authorization, format!("Bearer {TOKEN}"));
        assert_eq!(seen[0].body, message().to_json());
    });
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn the_code_decides_whatever_the_http_status() {
    use SendErrorClass as C;
    let refused: &[(u16, i64, C)] = &[
        (401, 190, C::Token),
        (500, 3, C::Token),
        (400, 131_031, C::Policy),
        (400, 100, C::BadRequest),
        (404, 132_001, C::Template),
        (400, 131_026, C::Recipient),
        (400, 131_047, C::Window),
        (400, 131_049, C::Marketing),
        (400, 131_050, C::OptOut),
        (400, 131_053, C::Media),
        (400, 133_010, C::Registration),
        (400, 999_999, C::Unknown),
    ];
    for (status, code, class) in refused {
        let (outcome, _) = send_to(Answer::Text(*status, error_body(*code))).await;
        let detail = format!("HTTP {status}, code {code}: the reason");
        assert_eq!(outcome, SendOutcome::Refused { class: *class, code: *code, detail });
    }
    for (status, code, seconds) in [(400, 4, 60), (400, 80_007, 60), (429, 130_429, 1), (400, 131_056, 6)] {
        let (outcome, count) = send_to(Answer::Text(status, error_body(code))).await;
        let detail = format!("HTTP {status}, code {code}: the reason");
        let after = Some(Duration::from_secs(seconds));
        assert_eq!(outcome, SendOutcome::Retry { after, code: Some(code), detail });
        assert_eq!(count, 1, "the client itself never tries again");
    }
}

#[actix_web::test]
async fn what_proves_nothing_is_unknown_and_sent_once() {
    let cases = [
        ("server trouble", 500, error_body(131_000), "HTTP 500, code 131000: the reason"),
        ("server trouble as 400", 400, error_body(2), "HTTP 400, code 2: the reason"),
        ("unknown code of a server", 503, error_body(999_999), "HTTP 503, code 999999: the reason"),
        ("no code", 400, json!({"error": {"message": "?"}}).to_string(), "HTTP 400, no code: ?"),
        (
            "HTML of a proxy",
            502,
            "<html>Bad\n Gateway</html>".to_owned(),
            "HTTP 502 without an answer of Meta's form: <html>Bad Gateway</html>",
        ),
        ("empty refusal", 404, String::new(), "HTTP 404 without an answer of Meta's form: empty"),
        ("empty success", 200, String::new(), "HTTP 200 without an answer of Meta's form: empty"),
        (
            "success without id",
            200,
            "{\"messages\":[]}".to_owned(),
            "HTTP 200 without an answer of Meta's form: 15 bytes of JSON",
        ),
        ("huge", 200, "a".repeat(2 * ANSWER_BYTES_MAX), "the answer is longer than 1048576 bytes"),
    ];
    for (name, status, body, expected) in cases {
        let (outcome, count) = send_to(Answer::Text(status, body)).await;
        assert_eq!(outcome, SendOutcome::Unknown { why: expected.to_owned() }, "{name}");
        assert_eq!(count, 1, "{name}");
    }
}

#[actix_web::test]
async fn redirects_are_not_followed() {
    let elsewhere = Running::start(Answer::Text(200, "{}".to_owned()));
    let (outcome, _) = send_to(Answer::Redirect(elsewhere.base.clone())).await;
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(elsewhere.seen(<[Seen]>::len), 0, "neither message nor token went elsewhere");
    elsewhere.handle.stop(false).await;
}

#[actix_web::test]
async fn no_answer_in_time_is_unknown() {
    let server = Running::start(Answer::Never);
    let outcome = client_for(&server.base, 200).send(&number(), &message()).await;
    assert_eq!(outcome, SendOutcome::Unknown { why: "no answer in time".to_owned() });
    assert_eq!(server.seen(<[Seen]>::len), 1, "the server had taken the message");
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn a_connection_that_breaks_after_the_request_is_unknown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = rt::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 64];
        let read = tokio::io::AsyncReadExt::read(&mut socket, &mut bytes).await.unwrap();
        // Closing with bytes unread resets the connection.
        drop(socket);
        read
    });
    let outcome = client_for(&base, 5_000).send(&number(), &message()).await;
    assert!(
        matches!(&outcome, SendOutcome::Unknown { why } if why.starts_with("the connection broke")),
        "{outcome:?}"
    );
    assert!(server.await.unwrap() > 0);
}

#[actix_web::test]
async fn an_answer_that_breaks_off_is_unknown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = rt::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 4096];
        tokio::io::AsyncReadExt::read(&mut socket, &mut bytes).await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"messages\":[{\"id\":\"wamid.";
        tokio::io::AsyncWriteExt::write_all(&mut socket, head).await.unwrap();
    });
    let outcome = client_for(&base, 5_000).send(&number(), &message()).await;
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
    server.await.unwrap();
}

#[actix_web::test]
async fn a_connection_never_made_may_be_tried_again() {
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = refusing.local_addr().unwrap();
    drop(refusing);
    // `.invalid` is never a name (RFC 6761, section 6.4).
    for base in [format!("http://{address}"), "http://graph.invalid".to_owned()] {
        let outcome = client_for(&base, 5_000).send(&number(), &message()).await;
        assert!(
            matches!(&outcome, SendOutcome::Retry { after: None, code: None, detail } if detail.starts_with("no connection")),
            "{base} {outcome:?}"
        );
    }
}

#[actix_web::test]
async fn read_marks_are_confirmed_or_not() {
    for (answer, confirmed) in [
        (Answer::Text(200, "{\"success\":true}".to_owned()), true),
        (Answer::Text(200, "{\"success\":false}".to_owned()), false),
        (Answer::Text(400, error_body(100)), false),
    ] {
        let server = Running::start(answer);
        let result = client_for(&server.base, 5_000).mark_read(&number(), &"wamid.IN1".into()).await;
        assert_eq!(result.is_ok(), confirmed, "{result:?}");
        server.seen(|seen| {
            let expected =
                json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN1"});
            assert_eq!(seen[0].body, expected);
        });
        server.handle.stop(false).await;
    }
}

#[test]
fn configuration_is_checked_and_secrets_are_not_printed() {
    let make = |base: &str, version: &str, token: &str| {
        MetaClient::new(MetaConfig {
            base_url: base.to_owned(),
            version: version.to_owned(),
            access_token: token.into(),
            timeout: TIMEOUT_DEFAULT,
        })
    };
    let good = "https://graph.facebook.com/";
    let client = make(good, "v25.0", TOKEN).unwrap();
    assert_eq!(client.root, "https://graph.facebook.com/v25.0");
    assert!(!format!("{client:?}").contains(TOKEN));
    let bad_bases =
        ["", "graph.facebook.com", "ftp://x", "https://u:hunter2@x", "https://x/?a=1", "https://x/#a"];
    for base in bad_bases {
        let error = make(base, "v25.0", TOKEN).unwrap_err();
        assert!(matches!(error, ClientError::BadBase(_)), "{base}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    for version in ["", "25.0", "v25", "v25.", "v25.0/../v1.0"] {
        assert!(matches!(make(good, version, TOKEN), Err(ClientError::BadVersion(_))), "{version}");
    }
    for token in ["", "  ", "line\nbreak", "é"] {
        assert!(matches!(make(good, "v25.0", token), Err(ClientError::BadToken)), "{token:?}");
    }
}
