//! The same client without a gateway: a model server's chat completions over real HTTP.

use std::time::Duration;

use moltbot_contract::{Decision, validate};
use serde_json::{Value, json};

use super::{
    ask,
    double::{self, Behaviour, Double, Received, soon},
    pack,
};
use crate::{Config, MoltbotClient, MoltbotError, PROMPT, Transport, breaker::BreakerState};

const SHORT: Duration = Duration::from_millis(100);
const ASK: &str =
    r#"{"type":"ask_client","question_text":"Which year?","why":"fit","state_suggestion":"clarifying"}"#;

pub(super) fn config(base_url: &str) -> Config {
    let transport = Transport::ChatCompletions { model: "model-1".into() };
    Config::with_transport(base_url, "model-key-1".into(), transport, Duration::from_secs(10))
}

fn choice(finish_reason: &str, message: &Value) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "model-1",
        "choices": [{ "index": 0, "finish_reason": finish_reason, "message": message }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 }
    })
    .to_string()
}

/// A 200 of a model server around an answer.
pub(super) fn completion(content: &str) -> String {
    choice("stop", &json!({ "role": "assistant", "content": content, "refusal": null }))
}

pub(super) fn refusal(text: &str) -> String {
    choice("stop", &json!({ "role": "assistant", "content": null, "refusal": text }))
}

async fn asked(base: &str) -> Received {
    let double = Double::start(Behaviour::Reply(200, completion("{}")));
    ask(config(&format!("{}{base}", double.url))).await.unwrap();
    let received = double.received();
    assert_eq!(received.len(), 1);
    received[0].clone()
}

#[actix_web::test]
async fn the_question_has_the_documented_form_and_nothing_else() {
    let question = asked("").await;
    assert_eq!(question.path, "/v1/chat/completions");
    assert_eq!(question.header("authorization"), Some("Bearer model-key-1"));
    assert_eq!(question.header("content-type"), Some("application/json"));

    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let body = &question.body;
    assert_eq!(keys(body), ["max_tokens", "messages", "model", "response_format", "temperature"]);
    assert_eq!(
        (&body["model"], &body["temperature"], &body["max_tokens"]),
        (&json!("model-1"), &json!(0), &json!(4_000))
    );
    let [system, user] = body["messages"].as_array().unwrap().as_slice() else { panic!("two messages") };
    assert_eq!((&system["role"], &user["role"]), (&json!("system"), &json!("user")));
    assert!(system["content"].as_str().unwrap().starts_with(PROMPT));
    assert!(!system["content"].as_str().unwrap().contains("PACK-TEXT"), "data are the user's message alone");
    let sent: Value = serde_json::from_str(user["content"].as_str().unwrap()).unwrap();
    assert_eq!(sent, serde_json::to_value(pack()).unwrap());
    assert_eq!(
        body["response_format"],
        json!({ "type": "json_schema", "json_schema": {
            "name": "moltbot_decision", "strict": true, "schema": moltbot_contract::provider_schema()
        } })
    );
}

#[actix_web::test]
async fn the_base_may_end_in_the_version_or_be_the_endpoint() {
    for (base, path) in [
        ("/", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions"),
        ("/openai/v1/", "/openai/v1/chat/completions"),
        ("/v1beta/openai/chat/completions", "/v1beta/openai/chat/completions"),
    ] {
        assert_eq!(asked(base).await.path, path, "{base}");
    }
}

#[actix_web::test]
async fn an_answer_passes_the_three_layers_like_any_other() {
    for content in
        [format!(r#"{{"decision":{ASK}}}"#), format!("```json\n{{\"decision\": {ASK}}}\n```"), ASK.to_owned()]
    {
        let double = Double::start(Behaviour::Reply(200, completion(&content)));
        let answer = ask(config(&double.url)).await.unwrap();
        assert_eq!(answer.bytes, ASK.as_bytes());
        let mut pack = pack();
        pack.request.state = "clarifying".parse().unwrap();
        assert!(matches!(validate(&answer.bytes, &pack), Ok(Decision::AskClient(_))), "{content}");
    }
    for (content, rule) in [
        (r#"{"decision":{"type":"escalate","type":"shortlist"}}"#, "duplicate_key"),
        (r#"{"decision":null}"#, "not_an_object"),
        (r#"{"decision":{"type":"buy"}}"#, "unknown_type"),
        ("Sure! {\"decision\":{}}", "not_json"),
    ] {
        let double = Double::start(Behaviour::Reply(200, completion(content)));
        let answer = ask(config(&double.url)).await.unwrap();
        let rejection = validate(&answer.bytes, &pack()).unwrap_err();
        assert!(rejection.violations.iter().any(|violation| violation.rule.code() == rule), "{rejection}");
    }
}

#[actix_web::test]
async fn every_failure_has_its_code_and_is_asked_once() {
    let error = r#"{"error":{"message":"model-key-1 is wrong","type":"invalid_request_error"}}"#.to_owned();
    let two = completion("{}").replace("\"choices\":[", r#""choices":[{"finish_reason":"stop"},"#);
    assert!(serde_json::from_str::<Value>(&two).unwrap()["choices"][1].is_object());
    for (behaviour, code) in [
        (Behaviour::Reply(401, error.clone()), "unauthorized"),
        (Behaviour::Reply(403, error.clone()), "unauthorized"),
        (Behaviour::Reply(404, error.clone()), "model_unavailable"),
        (Behaviour::Reply(429, error.clone()), "rate_limited"),
        (Behaviour::Limited("20"), "rate_limited"),
        (Behaviour::Reply(400, error.clone()), "http_status"),
        (Behaviour::Reply(422, error.clone()), "http_status"),
        (Behaviour::Reply(500, error.clone()), "http_status"),
        (Behaviour::Reply(503, completion("{}")), "http_status"),
        (Behaviour::Reply(204, String::new()), "http_status"),
        (Behaviour::Reply(200, error), "answer_unreadable"),
        (Behaviour::Reply(200, "<html>".to_owned()), "answer_unreadable"),
        (Behaviour::Reply(200, format!("data: {}\n\n", completion("{}"))), "answer_unreadable"),
        (
            Behaviour::Bytes(
                b"{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":\"\xff\"}}]}",
            ),
            "answer_unreadable",
        ),
        (
            Behaviour::Reply(200, choice("stop", &json!({ "content": [{ "type": "text", "text": "{}" }] }))),
            "answer_unreadable",
        ),
        (Behaviour::Reply(200, r#"{"choices":[]}"#.to_owned()), "answer_not_one_choice"),
        (Behaviour::Reply(200, two), "answer_not_one_choice"),
        (Behaviour::Reply(200, choice("stop", &json!({ "content": null }))), "answer_without_content"),
        (Behaviour::Reply(200, choice("length", &json!({ "content": "{}" }))), "answer_truncated"),
        (Behaviour::Reply(200, choice("content_filter", &json!({ "content": "{}" }))), "answer_filtered"),
        (Behaviour::Reply(200, choice("tool_calls", &json!({ "content": "{}" }))), "answer_calls_tool"),
        (Behaviour::Reply(200, choice("later", &json!({ "content": "{}" }))), "answer_unfinished"),
        (Behaviour::Reply(200, refusal("I cannot help")), "answer_refused"),
        (Behaviour::Reply(200, completion(&"x".repeat(2_000_000))), "answer_too_large"),
        (Behaviour::Endless, "answer_too_large"),
    ] {
        let double = Double::start(behaviour);
        assert_eq!(soon(ask(config(&double.url))).await.unwrap_err().code(), code);
        assert_eq!(double.received().len(), 1, "no retries: {code}");
    }
}

#[actix_web::test]
async fn the_deadline_holds_whatever_the_server_does() {
    for behaviour in [Behaviour::Hang, Behaviour::HangInBody, Behaviour::Drip] {
        let double = Double::start(behaviour);
        let error = soon(ask(Config { timeout: SHORT, ..config(&double.url) })).await.unwrap_err();
        assert!(matches!(error, MoltbotError::Deadline { after } if after == SHORT), "{error:?}");
    }
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Double::start(Behaviour::Reply(200, completion("{}")));
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
}

async fn code(client: &MoltbotClient) -> &'static str {
    let permit = client.permit().await.unwrap();
    client.ask(&permit, &pack()).await.map_or_else(|error| error.code(), |_| "answered")
}

#[actix_web::test]
async fn the_same_breaker_opens() {
    let double = Double::start(Behaviour::Reply(503, String::new()));
    let client = MoltbotClient::new(config(&double.url)).unwrap();
    for _ in 0..5 {
        assert_eq!(code(&client).await, "http_status");
    }
    assert_eq!(code(&client).await, "breaker_open");
    assert_eq!(double.received().len(), 5);
}

/// Or one client could write what no model answers, and end the questions of all.
#[actix_web::test]
async fn what_a_model_will_not_answer_does_not_open_the_breaker() {
    let client_of = |double: &Double| MoltbotClient::new(config(&double.url)).unwrap();
    for (status, body) in [
        (400, r#"{"error":{"code":"content_filter"}}"#.to_owned()),
        (413, String::new()),
        (422, String::new()),
        (200, refusal("no")),
        (200, choice("content_filter", &json!({ "content": "" }))),
        (200, choice("length", &json!({ "content": "{" }))),
        (200, choice("tool_calls", &json!({ "content": null, "tool_calls": [{}] }))),
        (200, choice("other", &json!({ "content": "" }))),
    ] {
        let double = Double::start(Behaviour::Reply(status, body));
        let client = client_of(&double);
        for _ in 0..6 {
            assert_ne!(code(&client).await, "breaker_open");
        }
        assert_eq!(client.breaker_state(), BreakerState::Closed);
    }
}

#[actix_web::test]
async fn retry_after_is_kept_to_at_once() {
    let double = Double::start(Behaviour::Limited("20"));
    let client = MoltbotClient::new(config(&double.url)).unwrap();
    let permit = client.permit().await.unwrap();
    let error = client.ask(&permit, &pack()).await.unwrap_err();
    assert!(matches!(error, MoltbotError::RateLimited { retry_after: Some(wait) } if wait.as_secs() == 20));
    let error = client.ask(&permit, &pack()).await.unwrap_err();
    assert!(
        matches!(error, MoltbotError::BreakerOpen { retry_in } if (15..=20).contains(&retry_in.as_secs())),
        "{error:?}"
    );
    assert_eq!(double.received().len(), 1);

    let double = Double::start(Behaviour::Limited("soon"));
    let client = MoltbotClient::new(config(&double.url)).unwrap();
    assert_eq!([code(&client).await, code(&client).await], ["rate_limited"; 2], "an ordinary failure");
}

#[actix_web::test]
async fn a_question_too_large_is_not_sent() {
    let double = Double::start(Behaviour::Reply(200, completion("{}")));
    let client = MoltbotClient::new(config(&double.url)).unwrap();
    let permit = client.permit().await.unwrap();
    let mut large = pack();
    large.request.need = Some("\"".repeat(600_000));
    assert_eq!(client.ask(&permit, &large).await.unwrap_err().code(), "question_too_large", "escaped twice");
    assert!(double.received().is_empty());
}
