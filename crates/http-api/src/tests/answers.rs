//! Paths, methods, health, verification.

use store::testing::{TestStore, on_both};

use super::*;

#[test]
fn the_challenge_is_echoed_for_the_right_token_alone() {
    on_both(async |test| {
        let state = state(&test.db);
        let ask = |query: String| {
            let state = state.clone();
            async move { get(&state, &format!("{PATH}?{query}")).await }
        };
        let answer =
            ask(format!("hub.mode=subscribe&hub.verify_token={TOKEN}&hub.challenge=1158%3C201%26444")).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "1158<201&444"));
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        for query in [
            String::new(),
            "hub.mode=subscribe&hub.challenge=1".to_owned(),
            "hub.mode=subscribe&hub.verify_token=&hub.challenge=1".to_owned(),
            "hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1".to_owned(),
            format!("hub.mode=subscribe&hub.verify_token={TOKEN}x&hub.challenge=1"),
            format!("hub.mode=subscribe&hub.verify_token={}&hub.challenge=1", TOKEN.to_uppercase()),
            format!("hub.mode=unsubscribe&hub.verify_token={TOKEN}&hub.challenge=1"),
            format!("hub.verify_token={TOKEN}&hub.challenge=1"),
            // The first of two counts: a second one can't be smuggled in behind it.
            format!("hub.mode=subscribe&hub.verify_token=no&hub.verify_token={TOKEN}&hub.challenge=1"),
            format!("hub.mode=subscribe&hub.verify_token=%FF%00{TOKEN}&hub.challenge=1"),
        ] {
            ask(query).await.assert_problem(403, "wrong_verify_token");
        }
    });
}

#[actix_web::test]
async fn what_is_not_there_is_a_problem() {
    let test = TestStore::sqlite();
    let state = state(&test.db);
    for path in [
        "/",
        "/webhooks",
        "/webhooks/whatsapp/",
        "/v1",
        "/v1/tools/",
        "/v1/tools/a/b",
        "/nope?token=secret",
        "/%00",
    ] {
        get(&state, path).await.assert_problem(404, "not_found");
    }
    for (path, allowed) in [(PATH, "GET, POST"), ("/healthz", "GET"), ("/readyz", "GET")] {
        let answer = call(&state, TestRequest::delete().uri(path)).await;
        answer.assert_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allowed));
    }
}

#[actix_web::test]
async fn every_request_has_an_id_of_ours() {
    let test = TestStore::sqlite();
    let state = state(&test.db);
    let asked = TestRequest::get().uri("/healthz").insert_header(("x-request-id", "theirs"));
    let first = call(&state, asked).await;
    let second = get(&state, "/healthz").await;
    let id = first.header("x-request-id").unwrap();
    assert!(audit::is_cause(id) && id.starts_with("htp_"), "{id}");
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

#[test]
fn ready_is_told_from_alive() {
    on_both(async |test| {
        let state = state(&test.db);
        assert_eq!(get(&state, "/healthz").await.body, r#"{"status":"ok"}"#);
        let answer = get(&state, "/readyz").await;
        assert_eq!(answer.status.as_u16(), 200);
        let ready = json!([
            {"name": "database", "ready": true},
            {"name": "schema", "ready": true},
            {"name": "intake", "ready": true},
        ]);
        let no_worker = json!({"name": "worker", "problem": "none_alive", "hint": "start_a_worker"});
        assert_eq!(answer.json(), json!({"status": "ready", "checks": ready, "notes": [no_worker]}));

        test.store.close().await;
        assert_eq!(get(&state, "/healthz").await.status.as_u16(), 200);
        let answer = get(&state, "/readyz").await;
        assert_eq!(answer.status.as_u16(), 503);
        let closed = json!({"problem": "closed", "hint": "the_process_is_stopping"});
        let intake =
            json!({"name": "intake", "ready": false, "problem": closed["problem"], "hint": closed["hint"]});
        assert_eq!(answer.json()["checks"][2], intake);
        assert_eq!(answer.json()["notes"], json!([]), "what cannot be asked is not told");
    });
}

#[test]
fn what_wants_to_be_known_makes_nobody_unready() {
    on_both(async |test| {
        test.db.write(|tx| store::inbound::beat(tx, "a:worker:1", "worker")).await.unwrap();
        assert_eq!(get(&state(&test.db), "/readyz").await.json()["notes"], json!([]));
        let request = metrics::request_with_an_unknown_send(test).await;
        let paused: Result<(), store::StoreError> = test
            .db
            .write(|tx| {
                store::flags::set(tx.conn, store::flags::Flag::Outbound, false, tx.now)?;
                let until = tx.now + std::time::Duration::from_hours(1);
                store::calls::restrict(tx, &"300000000000001".parse().unwrap(), until, "meta_138014")
            })
            .await;
        paused.unwrap();
        // A new process: this one would repeat what it saw within the second.
        let answer = get(&state(&test.db), "/readyz").await;
        assert_eq!(answer.status.as_u16(), 200);
        let notes = json!([
            {"name": "outbound", "problem": "switched_off", "hint": "see_the_kill_switch"},
            {"name": "calling", "problem": "paused_by_meta", "hint": "see_when_meta_pauses_calls", "count": 1},
            {"name": "unknown_sends", "problem": "waiting", "hint": "resolve_unknown_sends", "count": 1},
        ]);
        assert_eq!(answer.json()["notes"], notes);
        assert!(!answer.body.contains(&request.to_string()) && !answer.body.contains("254700000101"));
        test.clock.advance(std::time::Duration::from_hours(1));
        let later = get(&state(&test.db), "/readyz").await;
        assert!(!later.body.contains("paused_by_meta"), "it is over: {}", later.body);
    });
}

#[test]
fn what_was_not_stored_is_503() {
    on_both(async |test| {
        let state = state(&test.db);
        test.store.close().await;
        for body in [webhook("wamid.1", "254700000101", "hi"), b"not json".to_vec()] {
            let answer = post_signed(&state, &body).await;
            answer.assert_problem(503, "unavailable");
            assert_eq!(answer.header("retry-after"), Some("5"));
        }
    });
}
