//! The generated documents. Never edited by hand; a test fails when one drifts.

use std::fmt::Write as _;

use marketplace::{RequestState, allowed_next, mermaid_diagram};
use moltbot_contract::{output_contract_text, provider_schema_text, schema};
use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

use crate::{
    name::Scope,
    refusal::RefusalCode,
    spec::{REGISTRY_VERSION, ToolSpec, registry},
};

/// One generated document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryDocument {
    /// Where it lies, from the root of the repository.
    pub path: &'static str,
    /// Its whole text.
    pub text: String,
}

/// Every document generated from the contract, the registry and the table of states.
pub fn documents() -> Vec<RegistryDocument> {
    vec![
        RegistryDocument { path: "docs/tools/tool-registry.v1.md", text: registry_markdown() },
        RegistryDocument { path: "docs/tools/tool-registry.v1.json", text: registry_json() },
        RegistryDocument { path: "docs/moltbot/output-contract.v1.json", text: output_contract_text() },
        RegistryDocument {
            path: "docs/moltbot/output-contract.v1.provider.json",
            text: provider_schema_text().to_owned(),
        },
        RegistryDocument { path: "docs/request-states.md", text: request_states_markdown() },
    ]
}

/// The registry as JSON: names, effects, scopes, the JSON Schema (2020-12) of each tool's arguments and result,
/// and every refusal.
pub fn registry_json() -> String {
    let tools: Vec<Value> = registry()
        .iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "version": tool.version,
                "effect": tool.effect,
                "scope": tool.scope,
                "idempotency_key": if tool.effect.needs_key() { "required" } else { "ignored" },
                "summary": tool.summary,
                "description": tool.description,
                "args": tool.args_schema(),
                "result": tool.result_schema(),
            })
        })
        .collect();
    let refusals: Vec<Value> = RefusalCode::ALL
        .iter()
        .map(|code| json!({ "code": code.code(), "meaning": code.summary() }))
        .collect();
    let document = json!({
        "name": "marketplace",
        "version": REGISTRY_VERSION,
        "schema_dialect": "https://json-schema.org/draft/2020-12/schema",
        "tools": tools,
        "refusals": refusals,
    });
    schema::pretty_ordered(&document, &FIRST)
}

const FIRST: [&str; 14] = [
    "name",
    "version",
    "schema_dialect",
    "effect",
    "scope",
    "idempotency_key",
    "summary",
    "code",
    "meaning",
    "description",
    "args",
    "result",
    "tools",
    "refusals",
];

/// The registry for people.
pub fn registry_markdown() -> String {
    let mut out = format!(
        "# Tool registry v{REGISTRY_VERSION}\n\n\
         Generated from the types in `crates/tool-registry`; the full schemas are in `tool-registry.v1.json`.\n\
         Do not edit: run `cargo xtask docs`.\n\n\
         Each tool is `POST /v1/tools/{{name}}` with JSON arguments and `Authorization: Bearer <token>`. A tool with \
         an effect\nneeds an `Idempotency-Key`: the same key with the same arguments answers what was stored, with \
         other arguments 422.\nEvery call is audited, refused ones too.\n\n\
         | tool | effect | scope | what it does |\n|---|---|---|---|\n"
    );
    for tool in registry() {
        let anchor: String = tool.name.as_str().replace('.', "");
        let _ = writeln!(
            out,
            "| [`{}`](#{anchor}) | {} | `{}` | {} |",
            tool.name, tool.effect, tool.scope, tool.summary
        );
    }
    out.push_str("\nTokens carry scopes; none includes another: ");
    let scopes: Vec<_> = Scope::iter().map(|scope| format!("`{scope}`")).collect();
    let _ = writeln!(out, "{}.\n`operate` allows the steps that only a person may take.", scopes.join(", "));
    for tool in registry() {
        section(&mut out, tool);
    }
    out.push_str("\n## Refusals\n\nA refusal changes nothing but the audit log and leaves the idempotency key free.\n\n");
    out.push_str("| code | meaning |\n|---|---|\n");
    for code in RefusalCode::ALL {
        let _ = writeln!(out, "| `{code}` | {} |", code.summary());
    }
    out
}

fn section(out: &mut String, tool: &ToolSpec) {
    let _ = write!(out, "\n## {}\n\n{} {}\n", tool.name, tool.summary, tool.description);
    for (title, schema) in [("Arguments", tool.args_schema()), ("Result", tool.result_schema())] {
        let _ = write!(out, "\n### {title}\n\n| field | type | required | meaning |\n|---|---|---|---|\n");
        rows(out, "", schema);
    }
}

/// One row for each field, inner ones by their path.
fn rows(out: &mut String, prefix: &str, schema: &Value) {
    let is_required = |name: &str| {
        schema
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|one| one == name))
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let mut names: Vec<&String> = properties.keys().collect();
    let order: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    names.sort_by_key(|name| (order.iter().position(|one| one == name).unwrap_or(usize::MAX), name.as_str()));
    for name in names {
        let Some(field) = properties.get(name) else { continue };
        let path = format!("{prefix}{name}");
        let meaning = field.get("description").and_then(Value::as_str).unwrap_or_default();
        let required = if is_required(name) { "yes" } else { "no" };
        let _ =
            writeln!(out, "| `{path}` | {} | {required} | {} |", type_of(field), meaning.replace('|', "\\|"));
        rows(out, &format!("{path}."), field);
        if let Some(items) = field.get("items") {
            rows(out, &format!("{path}[]."), items);
        }
    }
}

/// The type and its bounds in a few words.
fn type_of(schema: &Value) -> String {
    let mut words: Vec<String> = Vec::new();
    match schema.get("type") {
        Some(Value::String(name)) => words.push(name.clone()),
        Some(Value::Array(names)) => {
            words.push(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "));
        }
        _ => words.push("any".into()),
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<_> =
            values.iter().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect();
        words.push(values.join(" "));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        words.push(format!("`{}`", pattern.replace('|', "\\|")));
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        words.push(format.to_owned());
    }
    for (min, max, unit) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ] {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        match (bound(min), bound(max)) {
            (Some(min), Some(max)) => words.push(format!("{min} to {max}{unit}")),
            (None, Some(max)) => words.push(format!("at most {max}{unit}")),
            (Some(min), None) => words.push(format!("at least {min}{unit}")),
            (None, None) => {}
        }
    }
    if let Some(items) = schema.get("items") {
        words.push(format!("of {}", type_of(items)));
    }
    words.join(", ")
}

/// The states of a request: the table and the diagram.
pub fn request_states_markdown() -> String {
    let mut out = String::from(
        "# Request states\n\nGenerated from the table in `crates/marketplace/src/request.rs`. Do not edit: run \
         `cargo xtask docs`.\n\n| from | may go to |\n|---|---|\n",
    );
    for from in RequestState::iter() {
        let next: Vec<_> = allowed_next(from).iter().map(|to| format!("`{to}`")).collect();
        let next = if next.is_empty() { "—".to_owned() } else { next.join(", ") };
        let note = if from.needs_person() { " (by a person only)" } else { "" };
        let _ = writeln!(out, "| `{from}` | {next}{note} |");
    }
    let _ = write!(
        out,
        "\nA request may also stay where it is, unless it is closed. `handed_off` needs the client's own stored pick.\n\n\
         ```mermaid\n{}```\n",
        mermaid_diagram()
    );
    out
}
