//! The bodies of `POST /v1/chat/completions`, in the part that OpenAI-compatible servers share.

use std::{borrow::Cow, sync::OnceLock, time::Duration};

use moltbot_contract::{ContextPack, provider_schema_text, unwrap_provider_answer};
use reqwest::{
    Url,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::{error::MoltbotError, prompt::PROMPT, wire::MAX_TOKENS};

/// The schema's name: letters and `_`, as every provider takes it.
const SCHEMA_NAME: &str = "moltbot_decision";

/// The endpoint, under a base that names the server, its `/v1`, or the endpoint itself.
pub(crate) fn endpoint(base: &str) -> Option<Url> {
    let mut url = Url::parse(base).ok()?;
    let path = match url.path().trim_end_matches('/') {
        whole if whole.ends_with("/chat/completions") => whole.to_owned(),
        version if version.ends_with("/v1") => format!("{version}/chat/completions"),
        root => format!("{root}/v1/chat/completions"),
    };
    url.set_path(&path);
    Some(url)
}

/// One question. Never in it: `tools`, `functions`, `user`, `store`, and whatever only some servers know.
#[derive(Serialize)]
pub(crate) struct Question<'a> {
    model: &'a str,
    messages: [Message; 2],
    temperature: u8,
    /// The older name of `max_completion_tokens`. Nearly every server knows it, and some refuse or pass over the
    /// newer one.
    max_tokens: u32,
    response_format: ResponseFormat<'a>,
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: Cow<'static, str>,
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    r#type: &'static str,
    json_schema: JsonSchema<'a>,
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'static str,
    strict: bool,
    schema: &'a RawValue,
}

impl<'a> Question<'a> {
    pub(crate) fn new(
        model: &'a str,
        pack: &ContextPack,
        schema: &'a RawValue,
    ) -> Result<Self, serde_json::Error> {
        let user = serde_json::to_string(pack)?.into();
        Ok(Self {
            model,
            messages: [
                Message { role: "system", content: instructions().into() },
                Message { role: "user", content: user },
            ],
            temperature: 0,
            max_tokens: MAX_TOKENS,
            response_format: ResponseFormat {
                r#type: "json_schema",
                json_schema: JsonSchema { name: SCHEMA_NAME, strict: true, schema },
            },
        })
    }
}

/// The prompt, and the form of the answer in words: servers that turn a schema into a grammar hold the model to
/// it without showing it. The same for every question, so that a server can keep it in its prefix cache.
pub(crate) fn instructions() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let schema: String = provider_schema_text().lines().map(str::trim_start).collect();
        format!(
            "{PROMPT}\nThe user message is INPUT_JSON, nothing else. Put your answer into the field \"decision\" of \
             one JSON object without any other field, and write nothing around it. This is its JSON Schema:\n{schema}\n"
        )
    })
}

/// The seconds of `Retry-After`, if there are any. A date is passed over: the breaker has a wait of its own.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    finish_reason: Option<String>,
    message: Option<Reply>,
}

#[derive(Deserialize, Default)]
struct Reply {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<IgnoredAny>>,
    function_call: Option<IgnoredAny>,
}

/// The decision in a 200 body: of the one finished choice, without a fence and the field around it.
pub(crate) fn answer(body: &[u8]) -> Result<Vec<u8>, MoltbotError> {
    let completion: Completion = serde_json::from_slice(body).map_err(|_| MoltbotError::Unreadable)?;
    let count = completion.choices.len();
    let [choice] =
        <[Choice; 1]>::try_from(completion.choices).map_err(|_| MoltbotError::Choices { count })?;
    let reply = choice.message.unwrap_or_default();
    // Some servers always send the two, empty.
    if reply.refusal.is_some_and(|text| !text.is_empty()) {
        return Err(MoltbotError::Refused);
    }
    if reply.function_call.is_some() || reply.tool_calls.is_some_and(|calls| !calls.is_empty()) {
        return Err(MoltbotError::ToolCalled);
    }
    match choice.finish_reason.as_deref() {
        Some("stop") => {}
        Some("length") => return Err(MoltbotError::Truncated),
        Some("content_filter") => return Err(MoltbotError::Filtered),
        Some("tool_calls" | "function_call") => return Err(MoltbotError::ToolCalled),
        _ => return Err(MoltbotError::Unfinished),
    }
    let content = reply.content.ok_or(MoltbotError::NoContent)?;
    Ok(unwrap_provider_answer(unfenced(&content)).as_bytes().to_vec())
}

/// What stands in a Markdown fence around the whole text; the text as it is if there is no such fence.
fn unfenced(text: &str) -> &str {
    let inside = text.trim_ascii().strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    match inside.and_then(|inside| inside.split_once('\n')) {
        Some((language, inner)) if matches!(language.trim_ascii(), "" | "json") && inner.ends_with('\n') => {
            inner
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(choice: &str) -> String {
        format!(r#"{{"id":"chatcmpl-1","object":"chat.completion","choices":[{choice}],"usage":{{}}}}"#)
    }

    fn stopped(content: &str) -> String {
        let content = serde_json::to_string(content).unwrap();
        body(&format!(
            r#"{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":{content}}}}}"#
        ))
    }

    #[test]
    fn a_base_names_the_server_its_version_or_the_endpoint() {
        for (base, endpoint) in [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1/chat/completions"),
            ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1/chat/completions"),
            ("https://api.example/v1", "https://api.example/v1/chat/completions"),
            ("https://api.example/openai/v1/", "https://api.example/openai/v1/chat/completions"),
            ("https://api.example/api", "https://api.example/api/v1/chat/completions"),
            ("https://api.example/notv1", "https://api.example/notv1/v1/chat/completions"),
            ("https://api.example/v1/chat/completions", "https://api.example/v1/chat/completions"),
            (
                "https://api.example/v1beta/openai/chat/completions/",
                "https://api.example/v1beta/openai/chat/completions",
            ),
            ("http://v1", "http://v1/v1/chat/completions"),
            ("http://v1/v1", "http://v1/v1/chat/completions"),
        ] {
            assert_eq!(super::endpoint(base).unwrap().as_str(), endpoint, "{base}");
        }
        assert_eq!(super::endpoint("api.example"), None);
    }

    #[test]
    fn the_decision_is_taken_out_and_otherwise_left_alone() {
        let decision = r#"{"a":1,"a":5.0,"b":"\ud800 é"}"#;
        let wrapped = format!("{{\"decision\":{decision}}}");
        for content in [
            wrapped.clone(),
            format!("\n{wrapped} "),
            format!("```json\n{wrapped}\n```"),
            format!("```\n{wrapped}\n```\n"),
            format!(" ```json \r\n{wrapped}\r\n```"),
            format!("```json\n\n{{ \"decision\" : {decision} }}\n\n```"),
        ] {
            assert_eq!(answer(stopped(&content).as_bytes()).unwrap(), decision.as_bytes(), "{content}");
        }
        assert_eq!(answer(stopped(decision).as_bytes()).unwrap(), decision.as_bytes(), "bare");
    }

    /// Whatever else stands there reaches the validator whole, which refuses it.
    #[test]
    fn nothing_else_is_repaired() {
        for content in [
            "",
            "I'd be happy to help!",
            "Sure!\n```json\n{}\n```",
            "```json\n{}\n```\nHope this helps",
            "```json {}\n```",
            "```json\n{}```",
            "```python\n{}\n```",
            "```json\n{}",
            "```",
            "``````",
            "~~~\n{}\n~~~",
            "<think>hm</think>{}",
        ] {
            assert_eq!(answer(stopped(content).as_bytes()).unwrap(), content.as_bytes());
            assert!(moltbot_contract::validate_shape(content.as_bytes()).is_err(), "{content}");
        }
        for content in ["```json\n```json\n{}\n```\n```", "```\n{}\n```\n```\n{}\n```"] {
            let bytes = answer(stopped(content).as_bytes()).unwrap();
            assert!(String::from_utf8(bytes).unwrap().contains("```"), "one fence at most: {content}");
        }
    }

    #[test]
    fn extras_that_servers_send_do_no_harm() {
        for choice in [
            r#"{"finish_reason":"stop","message":{"content":"{}","refusal":null,"tool_calls":[],"function_call":null}}"#,
            r#"{"finish_reason":"stop","message":{"content":"{}","refusal":"","tool_calls":null},"logprobs":null}"#,
            r#"{"finish_reason":"stop","message":{"content":"{}","reasoning_content":"hm","annotations":[[]]}}"#,
        ] {
            assert_eq!(answer(body(choice).as_bytes()).unwrap(), b"{}", "{choice}");
        }
    }

    #[test]
    fn every_other_choice_is_told_apart() {
        for (choice, code) in [
            ("", "answer_not_one_choice"),
            (
                r#"{"finish_reason":"stop","message":{"content":"{}"}},{"finish_reason":"stop","message":{"content":"{}"}}"#,
                "answer_not_one_choice",
            ),
            (r#"{"finish_reason":"length","message":{"content":"{}"}}"#, "answer_truncated"),
            (r#"{"finish_reason":"content_filter","message":{"content":"{}"}}"#, "answer_filtered"),
            (r#"{"finish_reason":"tool_calls","message":{"content":"{}"}}"#, "answer_calls_tool"),
            (r#"{"finish_reason":"function_call","message":{"content":"{}"}}"#, "answer_calls_tool"),
            (
                r#"{"finish_reason":"stop","message":{"content":"{}","tool_calls":[{"id":"1"}]}}"#,
                "answer_calls_tool",
            ),
            (
                r#"{"finish_reason":"stop","message":{"content":"{}","function_call":{}}}"#,
                "answer_calls_tool",
            ),
            (r#"{"finish_reason":"stop","message":{"content":"{}","refusal":"I can't"}}"#, "answer_refused"),
            (
                r#"{"finish_reason":"content_filter","message":{"content":null,"refusal":"no"}}"#,
                "answer_refused",
            ),
            (r#"{"finish_reason":null,"message":{"content":"{}"}}"#, "answer_unfinished"),
            (r#"{"message":{"content":"{}"}}"#, "answer_unfinished"),
            (r#"{"finish_reason":"STOP","message":{"content":"{}"}}"#, "answer_unfinished"),
            (r#"{"finish_reason":"stop","message":{"content":null}}"#, "answer_without_content"),
            (r#"{"finish_reason":"stop","message":{}}"#, "answer_without_content"),
            (r#"{"finish_reason":"stop","message":null}"#, "answer_without_content"),
            (r#"{"finish_reason":"stop","text":"{}"}"#, "answer_without_content"),
            (
                r#"{"finish_reason":"stop","message":{"content":[{"type":"text","text":"{}"}]}}"#,
                "answer_unreadable",
            ),
            (r#"{"finish_reason":"stop","message":{"content":{"type":"escalate"}}}"#, "answer_unreadable"),
            (r#"{"finish_reason":"stop","message":{"content":"\ud800"}}"#, "answer_unreadable"),
            (
                r#"{"finish_reason":"length","finish_reason":"stop","message":{"content":"{}"}}"#,
                "answer_unreadable",
            ),
            (r#"{"finish_reason":"stop","message":{"content":"{}","content":"[]"}}"#, "answer_unreadable"),
        ] {
            assert_eq!(answer(body(choice).as_bytes()).unwrap_err().code(), code, "{choice}");
        }
        for body in
            ["", "null", "[]", r#"{"error":{"message":"x"}}"#, r#"{"choices":{}}"#, r#"{"choices":[]} x"#]
        {
            assert_eq!(answer(body.as_bytes()).unwrap_err().code(), "answer_unreadable", "{body}");
        }
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_nothing() {
        for (text, seconds) in [
            ("20", Some(20)),
            (" 7 ", Some(7)),
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("99999999999999999999999", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn the_instructions_are_the_prompt_and_the_whole_schema() {
        let frame = instructions().strip_prefix(PROMPT).unwrap();
        let schema: serde_json::Value = serde_json::from_str(frame.lines().last().unwrap()).unwrap();
        assert_eq!(schema, moltbot_contract::provider_schema());
    }
}
