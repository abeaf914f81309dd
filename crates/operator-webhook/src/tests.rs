//! The document, its signature, and a real server at the other end.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use marketplace::{RequestState, Timestamp};
use secrecy::SecretString;

use super::*;

fn notice() -> Notice {
    Notice {
        version: VERSION,
        id: "ntf_0190a1b2c3d4e5f60718293a4b5c6d7e".parse().unwrap(),
        r#type: "request.escalated".to_owned(),
        at: Timestamp::from_millis(1_790_000_000_000),
        request_id: Some("req_0190a1b2c3d4e5f60718293a4b5c6d7f".parse().unwrap()),
        state: Some(RequestState::Escalated),
        reason: "client_wants_person".to_owned(),
        dead_letter_id: None,
        source: None,
    }
}

const BODY: &str = r#"{"version":1,"id":"ntf_0190a1b2c3d4e5f60718293a4b5c6d7e","type":"request.escalated","at":"2026-09-21T14:13:20.000Z","request_id":"req_0190a1b2c3d4e5f60718293a4b5c6d7f","state":"escalated","reason":"client_wants_person","dead_letter_id":null,"source":null}"#;

#[test]
fn the_document_is_as_the_page_shows_it() {
    assert_eq!(serde_json::to_string(&notice()).unwrap(), BODY);
}

/// The vectors of `docs/operations/notifications.md`, made with `openssl dgst -sha256 -hmac`.
#[test]
fn signatures_are_those_of_the_page() {
    let page = include_str!("../../../docs/operations/notifications.md");
    for (secret, at, body) in [("whsec-test", 1_790_000_000, BODY), ("whsec-test", 1_790_000_000, "{}")] {
        let signature = sign(secret.as_bytes(), at, body.as_bytes());
        assert!(page.contains(&signature), "{signature}");
    }
    assert!(page.contains(BODY));
    let one = sign(b"a", 1, b"{}");
    for other in [sign(b"b", 1, b"{}"), sign(b"a", 2, b"{}"), sign(b"a", 1, b"{ }")] {
        assert_ne!(one, other);
    }
    // Where the time ends and the body begins is part of it.
    assert_ne!(
        sign(b"a", 1, b"2.x").split_once(',').unwrap().1,
        sign(b"a", 12, b"x").split_once(',').unwrap().1
    );
}

type Seen = Arc<Mutex<Vec<(String, String, Vec<u8>)>>>;

/// A server that answers each request with the next of these statuses; 0: not in time.
fn server(statuses: Vec<u16>) -> (String, Seen) {
    let seen = Seen::default();
    let (log, left) = (Arc::clone(&seen), Arc::new(Mutex::new(statuses)));
    let server = HttpServer::new(move || {
        let (log, left) = (Arc::clone(&log), Arc::clone(&left));
        App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
            let (log, left) = (Arc::clone(&log), Arc::clone(&left));
            async move {
                let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
                log.lock().unwrap().push((header(SIGNATURE_HEADER), header(ID_HEADER), body.to_vec()));
                let status = left.lock().unwrap().remove(0);
                if status == 0 {
                    std::future::pending::<()>().await;
                }
                HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap())
                    .insert_header(("Location", "/elsewhere"))
                    .finish()
            }
        }))
    })
    .workers(1)
    .bind(("127.0.0.1", 0))
    .unwrap();
    let url = format!("http://{}/hook?tenant=1", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    (url, seen)
}

#[actix_web::test]
async fn only_2xx_is_delivered_and_nothing_is_repeated() {
    let (url, seen) = server(vec![200, 204, 302, 410, 500, 0]);
    let mut config = WebhookConfig::new(url, SecretString::from("whsec-test"));
    config.timeout = Duration::from_millis(500);
    let webhook = HttpWebhook::new(&config).unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        outcomes.push(webhook.deliver(&notice(), 1_790_000_000).await.map_err(Undelivered::code));
    }
    let codes = ["http_302", "http_410", "http_500", "timeout"].map(|code| Err(code.to_owned()));
    assert_eq!(outcomes, [vec![Ok(()), Ok(())], codes.to_vec()].concat());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 6, "no redirect is followed");
    let expected = sign(b"whsec-test", 1_790_000_000, BODY.as_bytes());
    assert!(seen.iter().all(|(signature, id, body)| {
        *signature == expected && *id == notice().id.to_string() && body == BODY.as_bytes()
    }));
}

#[actix_web::test]
async fn a_server_that_is_away_is_no_connection() {
    let config = WebhookConfig::new("http://127.0.0.1:1/", SecretString::from("x"));
    let webhook = HttpWebhook::new(&config).unwrap();
    assert_eq!(webhook.deliver(&notice(), 1).await, Err(Undelivered::NoConnection));
}

#[test]
fn addresses_that_carry_more_than_an_address_are_refused() {
    for url in ["ftp://x/", "x", "https://user@host/", "https://host/#part"] {
        assert!(HttpWebhook::new(&WebhookConfig::new(url, SecretString::from("x"))).is_err(), "{url}");
    }
    let config = WebhookConfig::new("https://host/secret-path", SecretString::from("s3cret"));
    let shown = format!("{:?} {config:?}", HttpWebhook::new(&config).unwrap());
    assert!(!shown.split(" WebhookConfig").next().unwrap().contains("secret-path"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}
