//! The contract as model providers take it for structured output: `docs/moltbot/output-contract.v1.provider.json`.
//!
//! Providers that force a model's output into a schema take a small part of JSON Schema, each another one. This
//! is the part they share: an object at the root, every object closed, every field required, no `$ref`, no
//! bounds. The bounds stand in the descriptions, for the model to read; [`crate::validate`] holds them all.

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use crate::{DecisionKind, publish::variant, schema};

/// The contract's root is a choice of four objects, and providers want one object there: the choice moves into
/// the field `decision`. An answer `{"decision": X}` is X ([`unwrap_provider_answer`]).
///
/// A [`Value`] sorts its keys; send or store [`provider_schema_text`], where `type` comes first in every variant.
pub fn provider_schema() -> Value {
    let variants: Vec<Value> = DecisionKind::ALL.iter().map(|kind| portable(&variant(*kind))).collect();
    json!({
        "type": "object",
        "properties": { "decision": { "anyOf": variants } },
        "required": ["decision"],
        "additionalProperties": false,
    })
}

/// [`provider_schema`] as text, exactly as it is sent.
pub fn provider_schema_text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| schema::pretty(&provider_schema()))
}

/// The decision inside an answer to [`provider_schema`], character for character as it stands there: duplicate
/// keys and odd numbers included, for the validator to see. Blanks around it are left out.
///
/// What is not an object with the one field `decision` comes back whole. That loses nothing: the contract's own
/// form has no such field, and the validator says what is wrong with anything else.
pub fn unwrap_provider_answer(answer: &str) -> &str {
    // serde would also read the fields of a struct from an array.
    if !answer.trim_ascii_start().starts_with('{') {
        return answer;
    }
    serde_json::from_str::<Wrapped<'_>>(answer).map_or(answer, |wrapped| wrapped.decision.get())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped<'a> {
    #[serde(borrow)]
    decision: &'a RawValue,
}

/// The same schema in the keywords that providers share. Whatever else it says is left to the validator.
fn portable(schema: &Value) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (keyword, value) in object {
        let value = match (keyword.as_str(), value) {
            ("properties", Value::Object(fields)) => {
                fields.iter().map(|(name, field)| (name.clone(), portable(field))).collect()
            }
            ("anyOf", Value::Array(variants)) => variants.iter().map(portable).collect(),
            ("items", items) => portable(items),
            ("type" | "enum" | "required" | "additionalProperties" | "description", value) => value.clone(),
            _ => continue,
        };
        out.insert(keyword.clone(), value);
    }
    let description = object.get("description").and_then(Value::as_str);
    let said: Vec<String> = description.map(str::to_owned).into_iter().chain(bounds(object)).collect();
    if !said.is_empty() {
        out.insert("description".into(), said.join(" ").into());
    }
    out.into()
}

/// `1 to 200 characters.`, for the model.
fn bounds(schema: &Map<String, Value>) -> Option<String> {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    [
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minimum", "maximum", ""),
    ]
    .into_iter()
    .find_map(|(min, max, unit)| match (bound(min), bound(max)) {
        (Some(min), Some(max)) if min.to_bits() == max.to_bits() => Some(format!("Exactly {min}{unit}.")),
        (Some(min), Some(max)) => Some(format!("{min} to {max}{unit}.")),
        (Some(min), None) => Some(format!("At least {min}{unit}.")),
        (None, Some(max)) => Some(format!("At most {max}{unit}.")),
        (None, None) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_with_the_one_field_is_opened() {
        for (answer, decision) in [
            (r#"{"decision":{"type":"escalate"}}"#, r#"{"type":"escalate"}"#),
            (" {\n\"decision\" :\t{\"a\":1, \"a\":5.0}\n}\n", "{\"a\":1, \"a\":5.0}"),
            (r#"{"\u0064ecision":{"a":"\ud800"}}"#, r#"{"a":"\ud800"}"#),
            (r#"{"decision":{"decision":{}}}"#, r#"{"decision":{}}"#),
            (r#"{"decision":null}"#, "null"),
            (r#"{"decision":[1]}"#, "[1]"),
        ] {
            assert_eq!(unwrap_provider_answer(answer), decision, "{answer}");
        }
    }

    #[test]
    fn anything_else_stays_whole() {
        for answer in [
            "",
            "null",
            "{}",
            r#"{"type":"escalate"}"#,
            r#"[{"type":"escalate"}]"#,
            r#" [{"type":"escalate"}]"#,
            r#"{"Decision":{}}"#,
            r#"{"decision":{},"more":1}"#,
            r#"{"decision":{},"decision":{}}"#,
            r#"{"decision":{}} and more"#,
            r#"Sure: {"decision":{}}"#,
            r#"{"decision":{"#,
            "{\"decision\":{}\u{a0}}",
        ] {
            assert_eq!(unwrap_provider_answer(answer), answer);
        }
    }

    /// Nothing that the validator accepts as it stands could be taken for a wrapped answer.
    #[test]
    fn the_contract_has_no_field_of_that_name() {
        for kind in DecisionKind::ALL {
            assert!(variant(kind)["properties"].get("decision").is_none(), "{kind}");
        }
    }

    #[test]
    fn bounds_are_told_in_words() {
        for (schema, said) in [
            (json!({ "type": "string", "minLength": 1, "maxLength": 80 }), json!("1 to 80 characters.")),
            (json!({ "type": "string", "minLength": 3, "maxLength": 3 }), json!("Exactly 3 characters.")),
            (json!({ "description": "Why.", "maxItems": 5 }), json!("Why. At most 5 items.")),
            (json!({ "minimum": 0.0 }), json!("At least 0.")),
            (json!({ "maximum": 9_007_199_254_740_991_u64, "minimum": 0 }), json!("0 to 9007199254740991.")),
            (json!({ "type": "boolean" }), Value::Null),
        ] {
            assert_eq!(portable(&schema)["description"], said, "{schema}");
        }
    }

    #[test]
    fn what_providers_refuse_is_left_out() {
        let rich = json!({
            "$schema": "x", "$id": "y", "title": "t", "type": "object", "default": {},
            "properties": { "title": { "type": "string", "pattern": "^a$", "format": "uri", "const": "a" } },
            "required": ["title"], "additionalProperties": false, "minProperties": 1
        });
        let expected = json!({
            "type": "object", "properties": { "title": { "type": "string" } },
            "required": ["title"], "additionalProperties": false
        });
        assert_eq!(portable(&rich), expected, "a field may be called as a keyword is");
    }
}
