//! The published document: `docs/moltbot/output-contract.v1.json`.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use crate::{
    decision::{AskClient, Decision, DecisionKind, Escalate, Shortlist, VendorOutreachPlan},
    schema::{self, CompiledSchema, Direction},
};

/// The document's `$id`. It names the major version; the minor one stands in the description.
pub const CONTRACT_SCHEMA_ID: &str = "urn:concierge:moltbot:output-contract:v1";

/// The output contract as a JSON Schema 2020-12 document: four closed variants in `$defs`, told apart by a
/// one-value `type`, under a root `anyOf`.
///
/// A [`Value`] sorts its keys; send or store [`output_contract_text`] where order matters to the reader.
pub fn output_contract_schema() -> Value {
    let mut document = contract();
    if let Some(root) = document.as_object_mut() {
        root.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        root.insert("$id".into(), CONTRACT_SCHEMA_ID.into());
        root.insert("title".into(), "Moltbot output contract".into());
        root.insert(
            "description".into(),
            format!(
                "Version {}. The whole answer is one JSON object that matches exactly one of these decisions.",
                crate::CONTRACT_VERSION
            )
            .into(),
        );
    }
    document
}

/// [`output_contract_schema`] as text, `type` first in every variant.
pub fn output_contract_text() -> String {
    schema::pretty(&output_contract_schema())
}

/// The contract as it is sent along with a question: the same rules without `$schema`, `$id` and titles, which
/// some gateways' validators refuse to see twice. `type` first in every variant.
pub fn request_schema_text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| schema::pretty(&contract()))
}

/// The published schema in the form answers are checked against. Were it beyond our interpreter, which a test
/// excludes, nothing would be accepted.
pub(crate) fn compiled() -> &'static CompiledSchema {
    static COMPILED: OnceLock<CompiledSchema> = OnceLock::new();
    COMPILED.get_or_init(|| {
        CompiledSchema::compile(&output_contract_schema()).unwrap_or_else(|_| CompiledSchema::nothing())
    })
}

fn contract() -> Value {
    let any_of: Vec<Value> =
        DecisionKind::ALL.iter().map(|kind| json!({ "$ref": format!("#/$defs/{kind}") })).collect();
    let defs: Map<String, Value> =
        DecisionKind::ALL.iter().map(|kind| (kind.to_string(), variant(*kind))).collect();
    json!({ "anyOf": any_of, "$defs": defs })
}

pub(crate) fn variant(kind: DecisionKind) -> Value {
    let mut schema = schema::closed(match kind {
        DecisionKind::AskClient => schema::schema_of::<AskClient>(Direction::Full),
        DecisionKind::VendorOutreachPlan => schema::schema_of::<VendorOutreachPlan>(Direction::Full),
        DecisionKind::Shortlist => schema::schema_of::<Shortlist>(Direction::Full),
        DecisionKind::Escalate => schema::schema_of::<Escalate>(Direction::Full),
    });
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("type".into(), json!({ "type": "string", "enum": [kind.as_str()] }));
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.insert(0, "type".into());
    }
    schema
}

impl JsonSchema for Decision {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decision".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let variants: Vec<Value> = DecisionKind::ALL.iter().map(|kind| variant(*kind)).collect();
        schemars::json_schema!({ "anyOf": variants })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_within_our_interpreter() {
        CompiledSchema::compile(&output_contract_schema()).unwrap();
    }

    #[test]
    fn four_closed_variants_with_one_type_each_first() {
        let schema = output_contract_schema();
        assert_eq!(schema["anyOf"].as_array().unwrap().len(), 4);
        assert_eq!(schema["$defs"].as_object().unwrap().len(), 4);
        for kind in DecisionKind::ALL {
            let variant = &schema["$defs"][kind.as_str()];
            assert_eq!(variant["properties"]["type"]["enum"], json!([kind.as_str()]));
            assert_eq!(variant["required"][0], "type");
            assert_closed(variant);
        }
    }

    /// Closed, and every property required.
    fn assert_closed(schema: &Value) {
        if let Some(properties) = schema["properties"].as_object() {
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            assert_eq!(schema["required"].as_array().unwrap().len(), properties.len(), "{schema}");
            properties.values().for_each(assert_closed);
        }
        if schema.get("items").is_some() {
            assert_closed(&schema["items"]);
        }
    }

    #[test]
    fn the_text_is_the_schema_with_type_first() {
        let text = output_contract_text();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), output_contract_schema());
        for kind in DecisionKind::ALL {
            let variant = text.split(&format!("\n    \"{kind}\": {{")).nth(1).unwrap();
            let first = variant.split("\"properties\": {").nth(1).unwrap().trim_start();
            assert!(first.starts_with("\"type\": {"), "{first}");
        }
        let sent: Value = serde_json::from_str(request_schema_text()).unwrap();
        assert_eq!(sent["$defs"], output_contract_schema()["$defs"]);
        assert_eq!(sent.get("$id"), None);
    }
}
