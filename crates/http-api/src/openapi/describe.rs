//! The document: every path, with every status that it can answer.

use serde_json::{Map, Value, json};
use tool_registry::{REGISTRY_VERSION, Scope, ToolName, ToolSpec, registry};

use super::{
    examples, operator,
    parts::{self, Answers, answers},
};

pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for spec in registry() {
        paths.insert(format!("/v1/tools/{}", spec.name), json!({ "post": tool(spec) }));
    }
    for (step, operation) in operator::operations() {
        paths.insert(format!("/v1/requests/{{id}}/{step}"), json!({ "post": operation }));
    }
    paths.insert("/v1/tools".to_owned(), json!({ "get": list() }));
    paths.insert("/openapi.json".to_owned(), json!({ "get": openapi() }));
    paths.insert("/healthz".to_owned(), json!({ "get": healthz() }));
    paths.insert("/readyz".to_owned(), json!({ "get": readyz() }));
    paths.insert("/metrics".to_owned(), json!({ "get": metrics() }));
    paths.insert("/webhooks/whatsapp".to_owned(), json!({ "get": verification(), "post": webhook() }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Concierge",
            "version": REGISTRY_VERSION,
            "summary": "The ten marketplace tools, and what WhatsApp and a load balancer ask.",
            "description":
                "Generated from the tool registry. Every call is audited under the `X-Request-Id` of its answer. Every \
                 problem and what to do about it: docs/errors.md.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "tools", "description": "One call of one tool is one transaction." },
            { "name": "operators", "description": "What a person does with a request." },
            { "name": "operation", "description": "Whether the process runs and can work." },
            { "name": "whatsapp", "description": "What Meta calls." },
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description":
                        "`concierge-admin tokens create` makes one. It carries scopes, of which none includes another: \
                         read, write, send, call, and operate for the steps that only a person may take.",
                },
            },
            "parameters": { "IdempotencyKey": parts::idempotency_key() },
            "headers": parts::headers(),
            "schemas": schemas(),
            "responses": parts::responses(),
        },
    })
}

fn schemas() -> Value {
    let mut schemas = Map::new();
    for spec in registry() {
        let (arguments, result) = schema_names(spec.name);
        schemas.insert(arguments, spec.args_schema().clone());
        schemas.insert(result, spec.result_schema().clone());
    }
    schemas.insert("Registry".to_owned(), registry_schema());
    schemas.insert("Steered".to_owned(), operator::schema());
    schemas.insert("Problem".to_owned(), parts::problem_schema());
    schemas.insert("Violation".to_owned(), parts::violation_schema());
    Value::Object(schemas)
}

/// `SearchVendorsArguments`, `SearchVendorsResult`.
fn schema_names(name: ToolName) -> (String, String) {
    (format!("{name:?}Arguments"), format!("{name:?}Result"))
}

fn tool(spec: &ToolSpec) -> Value {
    let (arguments, result) = schema_names(spec.name);
    let (args_example, result_example) = examples::of(spec.name);
    let has_effect = spec.effect.needs_key();
    let set = if has_effect { Answers::Effect } else { Answers::Read };
    let mut headers = Map::from_iter([("X-Request-Id".to_owned(), parts::header("RequestId"))]);
    let mut parameters = Vec::new();
    if has_effect {
        headers.insert("Idempotency-Replayed".to_owned(), parts::header("IdempotencyReplayed"));
        parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    let scope: &str = spec.scope.into();
    json!({
        "operationId": spec.name.as_str().trim_start_matches("marketplace."),
        "summary": spec.summary,
        "description": format!("{} Effect: {}. Scope: `{scope}`.{}", spec.description, spec.effect, person(spec)),
        "tags": ["tools"],
        "security": [{ "token": [scope] }],
        "parameters": parameters,
        "requestBody": {
            "required": true,
            "description": "The arguments: one JSON object of at most 65,536 bytes and 16 levels, no key twice.",
            "content": { "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{arguments}") },
                "example": args_example,
            } },
        },
        "responses": answers(set, json!({
            "description": "The tool's result.",
            "headers": headers,
            "content": { "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{result}") },
                "example": result_example,
            } },
        })),
    })
}

fn person(spec: &ToolSpec) -> String {
    if spec.name == ToolName::UpdateRequestState {
        return format!(" Steps that only a person may take need the scope `{}` too.", Scope::Operate);
    }
    String::new()
}

fn list() -> Value {
    json!({
        "operationId": "list_tools",
        "summary": "Lists the tools with their schemas.",
        "description": "The registry as docs/tools/tool-registry.v1.json has it. Any valid token may read it.",
        "tags": ["tools"],
        "security": [{ "token": [] }],
        "responses": answers(Answers::List, json!({
            "description": "The registry.",
            "headers": { "X-Request-Id": parts::header("RequestId") },
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Registry" } } },
        })),
    })
}

fn registry_schema() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "description": "The ten tools.",
        "type": "object",
        "properties": {
            "name": { "const": "marketplace" },
            "version": text(),
            "schema_dialect": text(),
            "tools": { "type": "array", "items": {
                "type": "object",
                "properties": {
                    "name": { "enum": registry().iter().map(|spec| spec.name).collect::<Vec<_>>() },
                    "version": text(),
                    "effect": { "enum": ["read", "write", "send", "call"] },
                    "scope": { "enum": ["read", "write", "send", "call"] },
                    "idempotency_key": { "enum": ["required", "ignored"] },
                    "summary": text(),
                    "description": text(),
                    "args": { "description": "JSON Schema 2020-12.", "type": "object" },
                    "result": { "description": "JSON Schema 2020-12.", "type": "object" },
                },
                "required": ["name", "version", "effect", "scope", "idempotency_key", "args", "result"],
            } },
            "refusals": { "type": "array", "items": {
                "type": "object",
                "properties": { "code": text(), "meaning": text() },
                "required": ["code", "meaning"],
            } },
        },
        "required": ["name", "version", "tools", "refusals"],
    })
}

fn openapi() -> Value {
    json!({
        "operationId": "openapi",
        "summary": "This document.",
        "tags": ["operation"],
        "security": [],
        "responses": answers(Answers::Public, ok_json("An OpenAPI 3.1 document.", &json!({ "type": "object" }))),
    })
}

fn healthz() -> Value {
    let schema = json!({
        "type": "object", "properties": { "status": { "const": "ok" } }, "required": ["status"],
    });
    json!({
        "operationId": "healthz",
        "summary": "Whether the process runs.",
        "tags": ["operation"],
        "security": [],
        "responses": answers(Answers::Public, ok_json("It runs.", &schema)),
    })
}

fn readyz() -> Value {
    let schema = |status: &str| {
        json!({
            "type": "object",
            "properties": {
                "status": { "const": status },
                "checks": { "type": "array", "items": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string" },
                        "ready": { "type": "boolean" },
                        "problem": { "description": "What is wrong, as a code.", "type": "string" },
                        "hint": { "description": "What helps, as a code.", "type": "string" },
                    },
                    "required": ["name", "ready"],
                } },
                "notes": {
                    "description": "What does not keep it from taking webhooks, and wants to be known all the same.",
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": { "type": "string" },
                            "problem": { "description": "What is wrong, as a code.", "type": "string" },
                            "hint": { "description": "What helps, as a code.", "type": "string" },
                            "count": { "description": "How many, where that can be counted.", "type": "integer" },
                        },
                        "required": ["name", "problem", "hint"],
                    },
                },
            },
            "required": ["status", "checks", "notes"],
        })
    };
    let mut responses = answers(Answers::Public, ok_json("It can work.", &schema("ready")));
    let not_ready = ok_json("It can't work; `checks` says what is missing.", &schema("not_ready"));
    if let Some(responses) = responses.as_object_mut() {
        responses.insert("503".to_owned(), not_ready);
    }
    json!({
        "operationId": "readyz",
        "summary": "Whether the process can do its work.",
        "tags": ["operation"],
        "security": [],
        "responses": responses,
    })
}

fn metrics() -> Value {
    json!({
        "operationId": "metrics",
        "summary": "The numbers that an operator acts on, in Prometheus' text format.",
        "tags": ["operation"],
        "security": [],
        "responses": answers(Answers::Public, json!({
            "description": "Every metric; what is read from the database is missing while it does not answer.",
            "headers": { "X-Request-Id": parts::header("RequestId") },
            "content": { "text/plain": { "schema": { "type": "string" } } },
        })),
    })
}

fn ok_json(description: &str, schema: &Value) -> Value {
    json!({
        "description": description,
        "headers": { "X-Request-Id": parts::header("RequestId") },
        "content": { "application/json": { "schema": schema } },
    })
}

fn verification() -> Value {
    let parameter = |name: &str, description: &str| {
        json!({
            "name": name, "in": "query", "required": true, "description": description,
            "schema": { "type": "string" },
        })
    };
    json!({
        "operationId": "verify_webhook",
        "summary": "Meta asks once whether the webhook is ours.",
        "tags": ["whatsapp"],
        "security": [],
        "parameters": [
            parameter("hub.mode", "`subscribe`."),
            parameter("hub.verify_token", "The token entered in Meta's dashboard."),
            parameter("hub.challenge", "Is sent back."),
        ],
        "responses": answers(Answers::Verification, json!({
            "description": "The challenge.",
            "headers": { "X-Request-Id": parts::header("RequestId") },
            "content": { "text/plain": { "schema": { "type": "string" } } },
        })),
    })
}

fn webhook() -> Value {
    json!({
        "operationId": "receive_webhook",
        "summary": "Meta tells what happened.",
        "description":
            "200 once every event in the body is durable. Another status makes Meta send it again, which is harmless. \
             At most 4 MiB.",
        "tags": ["whatsapp"],
        "security": [],
        "parameters": [{
            "name": "X-Hub-Signature-256", "in": "header", "required": true,
            "description": "`sha256=` and the HMAC-SHA-256 of the body under the app secret, in hex.",
            "schema": { "type": "string", "pattern": "^sha256=[0-9a-fA-F]{64}$" },
        }],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": { "type": "object" } } },
        },
        "responses": answers(Answers::Webhook, json!({
            "description": "Everything in it is stored.",
            "headers": { "X-Request-Id": parts::header("RequestId") },
        })),
    })
}
