//! Over actix's test service where the question is what is answered, over a real socket where it is how.

mod answers;
mod at_once;
mod doors;
mod every_tool;
mod mcp;
mod metrics;
mod once;
mod operators;
mod shapes;
mod signatures;
mod sizes;
mod socket;
mod tool_world;

use actix_web::{
    dev::ServiceResponse,
    http::StatusCode,
    test::{self, TestRequest},
};
use hmac::{Hmac, KeyInit, Mac};
use meta_client::WebhookSecrets;
use serde_json::{Value, json};
use sha2::Sha256;
use store::{
    Db, dead_letters,
    inbound::{self, InboundEvent},
    testing::TestStore,
};

use crate::{AppState, app};

const SECRET: &str = "made-up-app-secret";
const PREVIOUS: &str = "made-up-former-secret";
const TOKEN: &str = "made-up-verify-token";
const PATH: &str = "/webhooks/whatsapp";

fn state(db: &Db) -> AppState {
    let secrets = WebhookSecrets::new(SECRET.into(), Some(PREVIOUS.into())).unwrap();
    AppState::new(db.clone(), secrets, TOKEN.into())
}

fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A webhook of one text message.
fn webhook(id: &str, from: &str, text: &str) -> Vec<u8> {
    let message = json!({
        "id": id, "from": from, "timestamp": "1790000000", "type": "text", "text": {"body": text},
    });
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "messages": [message],
    });
    let entry = json!([{"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}]);
    json!({"object": "whatsapp_business_account", "entry": entry}).to_string().into_bytes()
}

/// An answer without its transport.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    async fn read(response: ServiceResponse) -> Self {
        let status = response.status();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = String::from_utf8(test::read_body(response).await.to_vec()).unwrap();
        Self { status, headers, body }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks that this is a problem of that code, complete and named like the request.
    fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["title"].as_str(), self.status.canonical_reason());
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        assert!(problem["request_id"].as_str().is_some_and(|id| id.starts_with("htp_") && id.len() == 36));
    }
}

async fn call(state: &AppState, request: TestRequest) -> Answer {
    let service = test::init_service(app(state.clone())).await;
    let response = test::call_service(&service, request.to_request()).await;
    Answer::read(response).await
}

async fn get(state: &AppState, uri: &str) -> Answer {
    call(state, TestRequest::get().uri(uri)).await
}

async fn post(state: &AppState, signature: Option<&str>, body: &[u8]) -> Answer {
    let request = TestRequest::post().uri(PATH).set_payload(body.to_vec());
    let request = match signature {
        Some(signature) => request.insert_header(("X-Hub-Signature-256", signature)),
        None => request,
    };
    call(state, request).await
}

async fn post_signed(state: &AppState, body: &[u8]) -> Answer {
    post(state, Some(&sign(SECRET, body)), body).await
}

async fn waiting(test: &TestStore) -> Vec<InboundEvent> {
    test.db.read(|tx| inbound::waiting(tx, 100_000)).await.unwrap()
}

async fn letters(test: &TestStore) -> Vec<dead_letters::DeadLetter> {
    test.db.read(|tx| dead_letters::waiting(tx, 100_000)).await.unwrap()
}
