//! The bodies of `POST /tools/invoke`, as `OpenClaw` 2026.9.6 takes and gives them for `llm-task`.

use std::time::Duration;

use moltbot_contract::ContextPack;
use reqwest::Url;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::error::MoltbotError;

/// Tokens the model may write. An answer of a few WhatsApp messages fits; the gateway's own limit is the same.
pub(crate) const MAX_TOKENS: u32 = 4_000;

/// How long before our deadline the gateway gives up by itself, so that its refusal still reaches us.
const HEAD_START: Duration = Duration::from_secs(2);

/// The least the gateway is given.
const TIMEOUT_MIN: Duration = Duration::from_secs(1);

/// The endpoint under the gateway's address.
pub(crate) fn endpoint(base: &str) -> Option<Url> {
    Url::parse(&format!("{}/tools/invoke", base.trim_end_matches('/'))).ok()
}

#[derive(Serialize)]
pub(crate) struct Invocation<'a> {
    tool: &'static str,
    action: &'static str,
    #[serde(rename = "agentId")]
    agent_id: &'a str,
    args: Args<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Args<'a> {
    prompt: &'a str,
    input: &'a ContextPack,
    schema: &'a RawValue,
    temperature: u8,
    max_tokens: u32,
    timeout_ms: u64,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(
        agent_id: &'a str,
        prompt: &'a str,
        input: &'a ContextPack,
        schema: &'a RawValue,
        deadline: Duration,
    ) -> Self {
        let timeout = deadline.saturating_sub(HEAD_START).max(TIMEOUT_MIN);
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let args = Args { prompt, input, schema, temperature: 0, max_tokens: MAX_TOKENS, timeout_ms };
        Self { tool: "llm-task", action: "json", agent_id, args }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    ok: bool,
    #[serde(borrow)]
    result: Option<ToolResult<'a>>,
}

#[derive(Deserialize)]
struct ToolResult<'a> {
    #[serde(borrow)]
    details: Option<Details<'a>>,
}

#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow, default, deserialize_with = "even_null")]
    json: Option<&'a RawValue>,
}

/// `"json": null` is an answer, and the validator's to refuse; no `json` at all is not.
fn even_null<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The bytes of `result.details.json` in a 200 body, untouched.
pub(crate) fn answer(body: &[u8]) -> Result<Vec<u8>, MoltbotError> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| MoltbotError::Unreadable)?;
    if !envelope.ok {
        return Err(MoltbotError::ToolFailed);
    }
    let json = envelope.result.and_then(|result| result.details).and_then(|details| details.json);
    json.map(|json| json.get().as_bytes().to_vec()).ok_or(MoltbotError::NoDetails)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_what_stands_between_the_braces() {
        for (body, expected) in [
            (r#"{"ok":true,"result":{"details":{"json":{"a":1,"a":2}}}}"#, r#"{"a":1,"a":2}"#),
            (r#"{"ok":true,"result":{"details":{"json": {"n" : 5.0} }}}"#, r#"{"n" : 5.0}"#),
            (r#"{"ok":true,"result":{"details":{"json":"\ud800"}}}"#, r#""\ud800""#),
            (r#"{"ok":true,"result":{"details":{"json":null}}}"#, "null"),
            (r#"{"ok":true,"result":{"details":{"json":[1]},"content":[{"text":"{}"}]},"new":1}"#, "[1]"),
        ] {
            assert_eq!(answer(body.as_bytes()).unwrap(), expected.as_bytes(), "{body}");
        }
    }

    #[test]
    fn deep_answers_reach_the_validator_whole() {
        let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
        let body = format!(r#"{{"ok":true,"result":{{"details":{{"json":{deep}}}}}}}"#);
        assert_eq!(answer(body.as_bytes()).unwrap(), deep.as_bytes());
    }

    #[test]
    fn anything_else_is_told_apart() {
        for (body, code) in [
            (
                r#"{"ok":false,"error":{"type":"tool_error","message":"tool execution failed"}}"#,
                "tool_failed",
            ),
            (r#"{"ok":false,"result":{"details":{"json":{}}}}"#, "tool_failed"),
            (r#"{"ok":true}"#, "answer_without_details"),
            (r#"{"ok":true,"result":null}"#, "answer_without_details"),
            (r#"{"ok":true,"result":{"content":[]}}"#, "answer_without_details"),
            (r#"{"ok":true,"result":{"details":{"provider":"x"}}}"#, "answer_without_details"),
            (r#"{"result":{"details":{"json":{}}}}"#, "answer_unreadable"),
            (r#"{"ok":true,"ok":false,"result":{"details":{"json":{}}}}"#, "answer_unreadable"),
            (r#"{"ok":true,"result":{"details":{"json":{}}}} trailing"#, "answer_unreadable"),
            (r#"{"ok":true,"result":{"details":{"json":{}"#, "answer_unreadable"),
            ("No response from Moltbot.", "answer_unreadable"),
            ("", "answer_unreadable"),
        ] {
            assert_eq!(answer(body.as_bytes()).unwrap_err().code(), code, "{body}");
        }
    }

    #[test]
    fn the_gateway_gives_up_before_we_do() {
        for (deadline, timeout) in [(30_000, 28_000), (3_500, 1_500), (2_500, 1_000), (1_000, 1_000)] {
            let (schema, pack) = (RawValue::NULL, crate::tests::pack());
            let body = Invocation::new("jsonfn", "", &pack, schema, Duration::from_millis(deadline));
            assert_eq!(serde_json::to_value(body).unwrap()["args"]["timeoutMs"], timeout);
        }
    }
}
