//! Deadline, permits and circuit breaker.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use super::{
    ask, config,
    double::{self, Behaviour, Double, soon},
    envelope, pack,
};
use crate::{Config, MoltbotClient, MoltbotError, breaker::BreakerState};

const SHORT: Duration = Duration::from_millis(100);

thread_local! {
    static SKIPPED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Real time, and what the test skipped.
fn clock() -> Instant {
    Instant::now() + SKIPPED.get()
}

fn skip(by: Duration) {
    SKIPPED.set(SKIPPED.get() + by);
}

fn client(url: &str) -> MoltbotClient {
    MoltbotClient::with_clock(config(url), clock).unwrap()
}

async fn code(client: &MoltbotClient) -> &'static str {
    let permit = client.permit().await.unwrap();
    client.ask(&permit, &pack()).await.map_or_else(|error| error.code(), |_| "answered")
}

#[actix_web::test]
async fn the_deadline_covers_headers_and_body() {
    for behaviour in [Behaviour::Hang, Behaviour::HangInBody] {
        let double = Double::start(behaviour);
        let error = soon(ask(Config { timeout: SHORT, ..config(&double.url) })).await.unwrap_err();
        assert!(matches!(error, MoltbotError::Deadline { after } if after == SHORT), "{error:?}");
    }
}

#[actix_web::test]
async fn the_connection_is_dropped_at_the_deadline() {
    let (url, closed) = double::raw(b"").await;
    let client = MoltbotClient::new(Config { timeout: SHORT, ..config(&url) }).unwrap();
    assert_eq!(code(&client).await, "deadline_exceeded");
    soon(closed).await.unwrap();
    drop(client);
}

#[actix_web::test]
async fn permits_bound_what_is_in_flight() {
    let limited = Config { permits: 2, permit_wait: Duration::ZERO, ..config("http://127.0.0.1:1") };
    let client = MoltbotClient::new(limited).unwrap();
    let first = client.permit().await.unwrap();
    let _second = client.clone().permit().await.unwrap();
    assert!(client.permit().await.is_none(), "clones share the permits");
    drop(first);
    assert!(client.permit().await.is_some());
}

#[actix_web::test]
async fn a_permit_is_waited_for() {
    let client = MoltbotClient::new(Config { permits: 1, ..config("http://127.0.0.1:1") }).unwrap();
    let held = client.permit().await.unwrap();
    let (waited, ()) = soon(futures_util::future::join(client.permit(), async { drop(held) })).await;
    assert!(waited.is_some());
}

#[actix_web::test]
async fn no_permits_means_no_questions() {
    let none = Config { permits: 0, permit_wait: Duration::ZERO, ..config("http://127.0.0.1:1") };
    assert!(MoltbotClient::new(none).unwrap().permit().await.is_none());
}

#[actix_web::test]
async fn five_failures_open_the_breaker_and_a_probe_closes_it() {
    let double = Double::start(Behaviour::Reply(500, String::new()));
    let client = client(&double.url);
    for _ in 0..5 {
        assert_eq!(code(&client).await, "tool_failed");
    }
    assert_eq!(client.breaker_state(), BreakerState::Open);
    assert_eq!(code(&client).await, "breaker_open");
    assert_eq!(double.received().len(), 5, "nothing is sent while it is open");

    skip(Duration::from_secs(30));
    assert_eq!(code(&client).await, "tool_failed", "the probe");
    assert_eq!(code(&client).await, "breaker_open");

    skip(Duration::from_secs(30));
    double.now_does(Behaviour::Reply(200, envelope("{}")));
    assert_eq!(code(&client).await, "answered");
    assert_eq!(client.breaker_state(), BreakerState::Closed);
    assert_eq!(double.received().len(), 7);
}

#[actix_web::test]
async fn answers_our_contract_rejects_do_not_count() {
    let double = Double::start(Behaviour::Reply(200, envelope("null")));
    let client = client(&double.url);
    for _ in 0..6 {
        assert_eq!(code(&client).await, "answered");
    }
    assert_eq!(client.breaker_state(), BreakerState::Closed);
}

#[actix_web::test]
async fn a_probe_given_up_leaves_room_for_another() {
    let double = Double::start(Behaviour::Reply(500, String::new()));
    let client = client(&double.url);
    for _ in 0..5 {
        code(&client).await;
    }
    skip(Duration::from_secs(30));
    double.now_does(Behaviour::Hang);
    assert!(tokio::time::timeout(SHORT, code(&client)).await.is_err(), "dropped half-way");
    double.now_does(Behaviour::Reply(200, envelope("{}")));
    assert_eq!(code(&client).await, "answered");
}

#[actix_web::test]
async fn a_question_the_gateway_would_refuse_is_not_sent() {
    let double = Double::start(Behaviour::Reply(200, envelope("{}")));
    let client = client(&double.url);
    let permit = client.permit().await.unwrap();
    let mut large = pack();
    large.request.need = Some("x".repeat(2_000_000));
    let error = client.ask(&permit, &large).await.unwrap_err();
    assert_eq!(error.code(), "question_too_large");
    assert!(double.received().is_empty());
}
