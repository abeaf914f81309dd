//! The registry in MCP's words.

use std::sync::{Arc, OnceLock};

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};
use tool_registry::{Effect, Scope, ToolName, ToolSpec, registry};

/// The argument that carries the idempotency key of a tool with an effect.
pub const KEY_ARGUMENT: &str = "idempotency_key";
/// The longest idempotency key, in characters.
pub const KEY_LENGTH_MAX: usize = 255;

/// The ten tools, each with the scope that a caller needs, in the order of the registry.
pub(crate) fn all() -> &'static [(Scope, Tool)] {
    static TOOLS: OnceLock<Vec<(Scope, Tool)>> = OnceLock::new();
    TOOLS.get_or_init(|| registry().iter().map(|spec| (spec.scope, tool(spec))).collect())
}

/// The tool of this name.
pub(crate) fn find(name: &str) -> Option<&'static Tool> {
    all().iter().map(|(_, tool)| tool).find(|tool| tool.name == name)
}

fn tool(spec: &ToolSpec) -> Tool {
    let description = format!("{} {}", spec.summary, spec.description);
    Tool::new(spec.name.as_str(), description, input_schema(spec))
        .with_title(spec.summary.trim_end_matches('.'))
        .with_raw_output_schema(object(spec.result_schema()))
        .with_annotations(annotations(spec))
}

/// The arguments, and the key where one is needed.
fn input_schema(spec: &ToolSpec) -> Arc<JsonObject> {
    let mut schema = spec.args_schema().clone();
    if spec.effect.needs_key() {
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert(KEY_ARGUMENT.to_owned(), key_schema());
        }
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.push(KEY_ARGUMENT.into());
        }
    }
    object(&schema)
}

fn key_schema() -> Value {
    json!({
        "description": "Names this effect. Draw a new one (a UUID, say) for each effect you intend, and give the same \
                        one when you repeat a call whose answer you did not get: it is done once.",
        "type": "string",
        "minLength": 1,
        "maxLength": KEY_LENGTH_MAX,
        "pattern": "^[!-~]+$",
    })
}

/// Hints for the person or program that decides whether to ask before a call.
fn annotations(spec: &ToolSpec) -> ToolAnnotations {
    let read = spec.effect == Effect::Read;
    // What was sent or dialled cannot be taken back; a change of state may hand two people's contacts over.
    let leaves =
        matches!(spec.effect, Effect::Send | Effect::Call) || spec.name == ToolName::UpdateRequestState;
    ToolAnnotations::new()
        .read_only(read)
        .destructive(leaves)
        // The key makes a repetition harmless.
        .idempotent(true)
        .open_world(leaves)
}

/// A schema of the registry is an object, which a test holds.
fn object(schema: &Value) -> Arc<JsonObject> {
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}
