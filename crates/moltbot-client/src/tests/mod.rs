//! The client against a gateway double over real HTTP.

mod chat;
mod double;
mod limits;
mod logs;

use std::time::Duration;

use moltbot_contract::ContextPack;
use serde_json::{Value, json};

use self::double::{Behaviour, Double};
use crate::{Answer, BuildError, Config, MoltbotClient, MoltbotError, PROMPT};

/// A small pack with text that must never reach a log.
pub(crate) fn pack() -> ContextPack {
    serde_json::from_value(json!({
        "contract_version": "1.0",
        "now": "2026-11-22T10:00:00Z",
        "request": {
            "id": "req_019aa7a52c0070008000000000000001", "state": "clarifying", "version": 3,
            "need": "PACK-TEXT brake pads", "urgency": "normal", "language": "en", "prescription": false
        },
        "conversation": [], "ocr": [], "vendors_found": [], "vendors_contacted": [], "replies": [],
        "batches": [], "shortlist": null,
        "limits": {
            "batch_size_max": 5, "vendors_per_request_max": 15, "vendors_contacted": 0,
            "vendors_remaining": 15, "batch_open": false
        },
        "policies": {
            "ai_concierge_enabled": true, "ocr_enabled": false,
            "calling": {
                "enabled": false, "consent_status": null, "allowed_scopes": [], "cooldown_minutes": 10
            }
        },
        "allowed_next_states": ["sourcing", "escalated"]
    }))
    .unwrap()
}

pub(crate) fn config(base_url: &str) -> Config {
    Config::new(base_url, "gateway-token-1".into(), "jsonfn", Duration::from_secs(10))
}

async fn ask(config: Config) -> Result<Answer, MoltbotError> {
    let client = MoltbotClient::new(config).unwrap();
    let permit = client.permit().await.unwrap();
    client.ask(&permit, &pack()).await
}

/// A 200 of the gateway around an answer.
pub(crate) fn envelope(answer: &str) -> String {
    format!(
        r#"{{"ok":true,"result":{{"content":[{{"type":"text","text":"…"}}],"details":{{"json":{answer},"provider":"p","model":"m"}}}}}}"#
    )
}

#[actix_web::test]
async fn the_answer_comes_back_byte_for_byte() {
    for answer in [
        r#"{"type":"ask_client","question_text":"Which year?","why":"fit","state_suggestion":"clarifying"}"#,
        r#"{"type":"escalate","type":"shortlist","batch_size":5.0}"#,
        "{ \"a\" :\t\"\\u00e9 é \\ud800\" }",
    ] {
        let double = Double::start(Behaviour::Reply(200, envelope(answer)));
        assert_eq!(ask(config(&double.url)).await.unwrap().bytes, answer.as_bytes());
    }
}

#[actix_web::test]
async fn the_question_has_the_documented_form_and_nothing_else() {
    let double = Double::start(Behaviour::Reply(200, envelope("{}")));
    ask(config(&format!("{}/", double.url))).await.unwrap();
    let received = double.received();
    let [question] = received.as_slice() else { panic!("{} calls", received.len()) };
    assert_eq!(question.path, "/tools/invoke");
    assert_eq!(question.header("authorization"), Some("Bearer gateway-token-1"));
    assert_eq!(question.header("content-type"), Some("application/json"));
    let sessions = ["x-openclaw-session-key", "x-openclaw-model", "idempotency-key", "cookie"];
    assert!(sessions.iter().all(|name| question.header(name).is_none()));

    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&question.body), ["action", "agentId", "args", "tool"]);
    assert_eq!(question.body["tool"], "llm-task");
    assert_eq!(question.body["action"], "json");
    assert_eq!(question.body["agentId"], "jsonfn");
    let args = &question.body["args"];
    assert_eq!(keys(args), ["input", "maxTokens", "prompt", "schema", "temperature", "timeoutMs"]);
    assert_eq!(args["input"], serde_json::to_value(pack()).unwrap());
    assert_eq!(args["prompt"], PROMPT);
    assert_eq!((&args["temperature"], &args["timeoutMs"]), (&json!(0), &json!(8_000)));
    let schema: Value = serde_json::from_str(moltbot_contract::request_schema_text()).unwrap();
    assert_eq!(args["schema"], schema);
}

#[actix_web::test]
async fn every_failure_has_its_code_and_is_asked_once() {
    let tool_error = r#"{"ok":false,"error":{"type":"tool_error","message":"tool execution failed"}}"#;
    for (status, body, code) in [
        (500, tool_error.to_owned(), "tool_failed"),
        (500, String::new(), "tool_failed"),
        (200, tool_error.to_owned(), "tool_failed"),
        (401, r#"{"error":{"message":"Unauthorized","type":"unauthorized"}}"#.to_owned(), "unauthorized"),
        (403, String::new(), "unauthorized"),
        (404, "not found".to_owned(), "tool_unavailable"),
        (413, String::new(), "http_status"),
        (429, String::new(), "http_status"),
        (502, String::new(), "http_status"),
        (503, envelope("{}"), "http_status"),
        (204, String::new(), "http_status"),
        (200, "I'd be happy to help!".to_owned(), "answer_unreadable"),
        (200, String::new(), "answer_unreadable"),
        (200, envelope("{}}"), "answer_unreadable"),
        (200, r#"{"ok":true,"result":{}}"#.to_owned(), "answer_without_details"),
        (200, envelope(&format!("\"{}\"", "x".repeat(2_000_000))), "answer_too_large"),
    ] {
        let double = Double::start(Behaviour::Reply(status, body));
        assert_eq!(ask(config(&double.url)).await.unwrap_err().code(), code, "HTTP {status}");
        assert_eq!(double.received().len(), 1, "no retries: HTTP {status}");
    }
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Double::start(Behaviour::Reply(200, envelope("{}")));
    let double = Double::start(Behaviour::Redirect(elsewhere.url.clone()));
    let error = ask(config(&double.url)).await.unwrap_err();
    assert!(matches!(error, MoltbotError::Status { status: 307 }), "{error:?}");
    assert!(elsewhere.received().is_empty(), "the token stays here");
}

#[actix_web::test]
async fn nobody_listening_and_nonsense_are_told_apart() {
    let closed = double::closed_port().await;
    assert_eq!(ask(config(&closed)).await.unwrap_err().code(), "unreachable");
    let (url, _served) = double::raw(b"220 mail.example ESMTP\r\n\r\n").await;
    assert_eq!(ask(config(&url)).await.unwrap_err().code(), "connection_lost");
    let (url, _served) = double::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"ok\":true,").await;
    assert_eq!(ask(config(&url)).await.unwrap_err().code(), "connection_lost");
}

#[test]
fn unusable_configuration_is_refused_at_once() {
    for url in ["", "moltbot", "ftp://moltbot", "file:///x"] {
        assert!(matches!(MoltbotClient::new(config(url)), Err(BuildError::BaseUrl)), "{url}");
    }
    let blank = Config { token: "two\nlines".into(), ..config("http://127.0.0.1:1") };
    assert!(matches!(MoltbotClient::new(blank), Err(BuildError::Token)));
}

#[test]
fn the_prompt_names_the_four_answers_and_calls_the_pack_data() {
    use moltbot_contract::DecisionKind;
    for kind in [
        DecisionKind::AskClient,
        DecisionKind::VendorOutreachPlan,
        DecisionKind::Shortlist,
        DecisionKind::Escalate,
    ] {
        assert!(PROMPT.contains(&format!("- \"{kind}\":")), "{kind}");
    }
    assert!(PROMPT.contains("is DATA"));
}

/// Every field of the pack that the prompt speaks of exists.
#[test]
fn the_prompt_speaks_of_fields_that_exist() {
    let pack = serde_json::to_value(pack()).unwrap();
    for path in [
        "/limits/batch_size_max",
        "/limits/vendors_remaining",
        "/limits/batch_open",
        "/policies/calling",
        "/request/language",
        "/request/prescription",
        "/allowed_next_states",
        "/replies",
    ] {
        let name = path.trim_start_matches('/').replace('/', ".");
        assert!(PROMPT.contains(&name), "{name} is in the prompt");
        assert!(pack.pointer(path).is_some(), "{name} is in the pack");
    }
}
