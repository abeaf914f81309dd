//! The tools over HTTP on the real `concierge-api`, which dies at any moment: one effect for one key.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use std::time::Duration;

use marketplace::{Language, RequestId};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use simulation::process::wait_until_ready;
use store::{
    StoreError, audit_log, contacts, outbox, requests,
    testing::{TestStore, on_both},
};
use support::{product::Api, turn};

const SEND: &str = "marketplace.send_client_message";
/// How often the process is killed, each time a little later after a call went out.
const KILLS: u64 = 8;

async fn request(database: &TestStore) -> RequestId {
    let made: Result<_, StoreError> = database
        .db
        .write(|tx| {
            let phone = contacts::Identity::Phone("+254712345678".parse().unwrap());
            let client = contacts::find_or_create(tx, &[phone], None, Language::default())?.id;
            Ok(requests::create(tx, client, &"100".parse().unwrap(), Language::default())?.request().id)
        })
        .await;
    made.unwrap()
}

async fn token(api: &Api) -> String {
    let made =
        api.admin(&["tokens", "create", "--name", "crm", "--actor", "service", "--scope", "read,send"]).await;
    made["token_text"].as_str().unwrap().to_owned()
}

fn send(api: &Api, token: &str, key: &str, body: &Value) -> RequestBuilder {
    api.http
        .post(format!("{}/v1/tools/{SEND}", api.url))
        .bearer_auth(token)
        .header("idempotency-key", key)
        .timeout(Duration::from_secs(10))
        .json(body)
}

#[test]
fn a_call_survives_kill_9_once() {
    on_both(async |database| {
        let _turn = turn();
        let request = request(database).await;
        let mut api = Api::start(database).await;
        let token = token(&api).await;
        let mut replayed = 0;
        for kill in 0..KILLS {
            let (key, body) =
                (format!("k{kill}"), json!({ "request_id": request, "body": format!("Message {kill}") }));
            let going = tokio::spawn(send(&api, &token, &key, &body).send());
            // The moment to die at is what this draws out; nothing is waited for.
            tokio::time::sleep(Duration::from_millis(kill * 4)).await;
            api.program.kill_and_restart().await.unwrap();
            let first = going.await.unwrap();
            wait_until_ready(&mut api.program, &api.http, &api.url, Duration::from_mins(1)).await.unwrap();
            let again = send(&api, &token, &key, &body).send().await.unwrap();
            assert_eq!(again.status(), StatusCode::OK, "kill {kill}");
            let was_stored = again.headers().get("idempotency-replayed").is_some();
            let result = again.json::<Value>().await.unwrap();
            if let Ok(first) = first
                && first.status() == StatusCode::OK
            {
                assert!(was_stored, "an answer that was read is the one that is stored");
                assert_eq!(first.json::<Value>().await.unwrap(), result);
            }
            replayed += u64::from(was_stored);
        }
        eprintln!("{replayed} of {KILLS} calls had taken effect before the process died");
        let sends = database.db.read(move |tx| outbox::of_request(tx, request)).await.unwrap();
        assert_eq!(sends.len() as u64, KILLS, "one effect for one key");
        let records: Result<_, StoreError> = database
            .db
            .read(move |tx| {
                let chain = audit::ChainId::Request(request);
                audit_log::verify(tx.conn, chain, None)?.unwrap();
                audit_log::chain_records(tx.conn, chain)
            })
            .await;
        let records = records.unwrap();
        let done =
            records.iter().filter(|record| record.action == SEND && record.outcome == audit::Outcome::Ok);
        assert_eq!(done.count() as u64, KILLS);
        assert!(records.iter().all(|record| record.caused_by.as_ref().unwrap().starts_with("htp_")));
    });
}

#[test]
fn a_token_works_from_its_making_to_its_revocation() {
    on_both(async |database| {
        let _turn = turn();
        let request = request(database).await;
        let api = Api::start(database).await;
        let token = token(&api).await;
        let body = json!({ "request_id": request, "body": "Front or rear?" });
        let answer = send(&api, &token, "k", &body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let listed = api.admin(&["tokens", "list"]).await;
        assert!(listed["tokens"][0]["last_used_at"].is_string(), "{listed}");
        let id = listed["tokens"][0]["id"].as_str().unwrap();
        let revoked =
            support::product::run("concierge-admin", &["tokens", "revoke", id], &api.environment()).await;
        assert!(revoked.status.success());
        let refused = send(&api, &token, "k", &body).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(refused.headers()["www-authenticate"], "Bearer");
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["code"], "unauthorized");
    });
}
