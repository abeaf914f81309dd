//! The brain as an OpenAI-compatible model server: `POST /v1/chat/completions`. It takes nothing that only some servers
//! know and answers as models do, in a Markdown fence now and then.

use serde_json::{Value, json};

use super::string;

/// The model's name.
pub(super) const MODEL: &str = "scripted-1";
/// What may stand in a question. Anything else is refused, as strict servers do.
const FIELDS: [&str; 5] = ["model", "messages", "temperature", "max_tokens", "response_format"];

/// The pack, or what is wrong with the question.
pub(super) fn context_pack(body: &[u8]) -> Result<Value, String> {
    let question: Value =
        serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    let fields = question.as_object().ok_or("the body is no object")?;
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(format!("`{unknown}` is known to some servers only"));
    }
    if string(&question, "/model") != MODEL {
        return Err("`model` is another model".to_owned());
    }
    let format = "/response_format/json_schema";
    let strict = question.pointer(&format!("{format}/strict")) == Some(&json!(true));
    let schema = question.pointer(&format!("{format}/schema"));
    // What providers demand of a strict schema: an object at the top, closed, every field required.
    let closed = schema.is_some_and(|schema| {
        schema.pointer("/type") == Some(&json!("object"))
            && schema.pointer("/additionalProperties") == Some(&json!(false))
            && schema.pointer("/required") == Some(&json!(["decision"]))
    });
    if string(&question, "/response_format/type") != "json_schema" || !strict || !closed {
        return Err("`response_format` is no strict JSON schema of one decision".to_owned());
    }
    if string(&question, "/messages/0/role") != "system" || string(&question, "/messages/1/role") != "user" {
        return Err("`messages` are not instructions and a question".to_owned());
    }
    match serde_json::from_str(&string(&question, "/messages/1/content")) {
        Ok(pack @ Value::Object(_)) => Ok(pack),
        _ => Err("the question is no object".to_owned()),
    }
}

/// A finished choice. A decision that is spoilt as text stays text.
pub(super) fn completion(decision: &Value) -> Value {
    let content = match decision {
        Value::String(text) => text.clone(),
        decision => content(decision),
    };
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{
            "index": 0,
            "finish_reason": "stop",
            "message": { "role": "assistant", "content": content, "refusal": null },
        }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    })
}

/// Plans come in a fence, the rest bare.
fn content(decision: &Value) -> String {
    let text = json!({ "decision": decision }).to_string();
    if string(decision, "/type") == "vendor_outreach_plan" { format!("```json\n{text}\n```") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Value {
        let schema = json!({ "type": "object", "additionalProperties": false, "required": ["decision"] });
        json!({
            "model": MODEL,
            "messages": [
                { "role": "system", "content": "decide" },
                { "role": "user", "content": "{\"request\":{\"id\":\"r\"}}" },
            ],
            "temperature": 0,
            "max_tokens": 100,
            "response_format": { "type": "json_schema", "json_schema": { "name": "d", "strict": true, "schema": schema } },
        })
    }

    fn read(question: &Value) -> Result<Value, String> {
        context_pack(question.to_string().as_bytes())
    }

    #[test]
    fn the_pack_is_the_second_message() {
        assert_eq!(read(&question()).unwrap(), json!({ "request": { "id": "r" } }));
    }

    #[test]
    fn what_strict_servers_refuse_is_refused() {
        for (pointer, value) in [
            ("/model", json!("another")),
            ("/response_format/type", json!("text")),
            ("/response_format/json_schema/strict", json!(false)),
            ("/response_format/json_schema/schema/additionalProperties", json!(true)),
            ("/messages/0/role", json!("user")),
            ("/messages/1/content", json!("please")),
        ] {
            let mut question = question();
            *question.pointer_mut(pointer).unwrap() = value;
            assert!(read(&question).is_err(), "{pointer}");
        }
        let mut question = question();
        question["user"] = json!("+254711000001");
        assert!(read(&question).unwrap_err().contains("user"));
    }
}
