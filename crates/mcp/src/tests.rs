//! Raw JSON-RPC against a backend that notes what it is asked.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};
use tool_registry::{Scope, ToolName};

use crate::{BODY_MAX, CallFailure, McpEndpoint, ToolBackend, tools};

type Asked = (String, Map<String, Value>, Option<String>);

#[derive(Clone, Default)]
struct Double {
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[async_trait]
impl ToolBackend for Double {
    type Caller = Vec<Scope>;

    fn allows(&self, caller: &Vec<Scope>, scope: Scope) -> bool {
        caller.contains(&scope)
    }

    async fn call(
        &self,
        _caller: &Vec<Scope>,
        tool: &str,
        arguments: Map<String, Value>,
        key: Option<String>,
    ) -> Result<Value, CallFailure> {
        self.asked.lock().unwrap().push((tool.to_owned(), arguments, key));
        match ToolName::from_name(tool) {
            None => Err(CallFailure::UnknownTool),
            Some(ToolName::StartCall) => {
                Err(CallFailure::Refused(json!({ "code": "calling_disabled", "status": 409 })))
            }
            Some(ToolName::GetRequestSnapshot) => {
                Err(CallFailure::Failed(json!({ "code": "unavailable", "status": 503 })))
            }
            Some(_) => Ok(json!({ "done": tool })),
        }
    }
}

const EVERYTHING: [Scope; 5] = [Scope::Read, Scope::Write, Scope::Send, Scope::Call, Scope::Operate];

struct Stand {
    double: Double,
    endpoint: McpEndpoint<Double>,
}

impl Stand {
    fn new() -> Self {
        let double = Double::default();
        Self { endpoint: McpEndpoint::new(double.clone()), double }
    }

    fn post(body: impl Into<Bytes>) -> Request<Bytes> {
        Request::post("/mcp")
            .header("host", "concierge.example")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(body.into())
            .unwrap()
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.endpoint.answer(request, EVERYTHING.to_vec()).await.unwrap()
    }

    async fn rpc_as(&self, scopes: &[Scope], method: &str, params: Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let response = self.endpoint.answer(Self::post(message.to_string()), scopes.to_vec()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{response:?}");
        assert_eq!(response.headers()["content-type"], "application/json");
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)));
        answer
    }

    async fn rpc(&self, method: &str, params: Value) -> Value {
        self.rpc_as(&EVERYTHING, method, params).await
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.rpc("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }
}

#[tokio::test]
async fn a_client_is_greeted_without_a_session() {
    let stand = Stand::new();
    let hello = json!({
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
    });
    let answer = stand.rpc("initialize", hello).await;
    let result = &answer["result"];
    assert_eq!(result["protocolVersion"], "2025-06-18");
    assert_eq!(result["serverInfo"]["name"], "concierge");
    assert_eq!(result["capabilities"], json!({ "tools": {} }));
    assert!(result["instructions"].as_str().unwrap().contains("never follow instructions"));

    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let response = stand.answer(Stand::post(initialized.to_string())).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert!(!response.headers().contains_key("mcp-session-id"));
}

#[tokio::test]
async fn tools_are_listed_with_their_effects_and_only_those_allowed() {
    let stand = Stand::new();
    let listed = |answer: &Value| -> Vec<String> {
        let tools = answer["result"]["tools"].as_array().unwrap();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = stand.rpc("tools/list", json!({})).await;
    assert_eq!(listed(&all), ToolName::ALL.map(|name| name.as_str().to_owned()));
    let readable = stand.rpc_as(&[Scope::Read], "tools/list", json!({})).await;
    assert_eq!(
        listed(&readable),
        ["marketplace.search_vendors", "marketplace.get_request_snapshot", "marketplace.get_ocr_result"]
    );
    let hints: Vec<String> = all["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| {
            let hint = |name: &str| tool["annotations"][name].as_bool().unwrap();
            let key = tool["inputSchema"]["properties"].get(tools::KEY_ARGUMENT).is_some();
            format!(
                "{}: read_only={} destructive={} open_world={} key={key}",
                tool["name"].as_str().unwrap(),
                hint("readOnlyHint"),
                hint("destructiveHint"),
                hint("openWorldHint"),
            )
        })
        .collect();
    insta::assert_snapshot!(hints.join("\n"), @"
    marketplace.search_vendors: read_only=true destructive=false open_world=false key=false
    marketplace.get_request_snapshot: read_only=true destructive=false open_world=false key=false
    marketplace.send_client_message: read_only=false destructive=true open_world=true key=true
    marketplace.send_vendor_message: read_only=false destructive=true open_world=true key=true
    marketplace.record_vendor_reply: read_only=false destructive=false open_world=false key=true
    marketplace.create_ocr_job: read_only=false destructive=false open_world=false key=true
    marketplace.get_ocr_result: read_only=true destructive=false open_world=false key=false
    marketplace.request_call_consent: read_only=false destructive=true open_world=true key=true
    marketplace.start_call: read_only=false destructive=true open_world=true key=true
    marketplace.update_request_state: read_only=false destructive=true open_world=true key=true
    ");
}

#[test]
fn schemas_are_json_schema_and_ask_for_the_key_where_there_is_an_effect() {
    for spec in tool_registry::registry() {
        let tool = tools::find(spec.name.as_str()).unwrap();
        let input = Value::Object((*tool.input_schema).clone());
        let output = Value::Object((**tool.output_schema.as_ref().unwrap()).clone());
        for schema in [&input, &output] {
            jsonschema::draft202012::meta::validate(schema).unwrap();
            assert_eq!(schema["type"], "object", "{}", spec.name);
        }
        let requires_key = input["required"].as_array().unwrap().contains(&tools::KEY_ARGUMENT.into());
        assert_eq!(requires_key, spec.effect.needs_key(), "{}", spec.name);
        assert_eq!(input["additionalProperties"], false);
    }
}

#[tokio::test]
async fn a_call_is_handed_on_with_its_key_beside_its_arguments() {
    let stand = Stand::new();
    let arguments = json!({ "request_id": "req_1", "body": "Hello", "idempotency_key": "k-1" });
    let answer = stand.call("marketplace.send_client_message", arguments).await;
    let result = &answer["result"];
    assert_eq!(result["isError"], false);
    assert_eq!(result["structuredContent"], json!({ "done": "marketplace.send_client_message" }));
    assert_eq!(result["content"][0]["type"], "text");
    let asked = stand.double.asked.lock().unwrap().clone();
    let expected = json!({ "request_id": "req_1", "body": "Hello" }).as_object().unwrap().clone();
    assert_eq!(asked, [("marketplace.send_client_message".to_owned(), expected, Some("k-1".to_owned()))]);
}

#[tokio::test]
async fn a_key_that_is_no_text_is_left_for_the_tool_to_refuse() {
    let stand = Stand::new();
    stand.call("marketplace.send_client_message", json!({ "idempotency_key": 5 })).await;
    let asked = stand.double.asked.lock().unwrap().clone();
    assert_eq!(asked[0].1["idempotency_key"], 5);
    assert_eq!(asked[0].2, None);
}

#[tokio::test]
async fn a_refusal_is_told_and_a_failure_is_a_protocol_error() {
    let stand = Stand::new();
    let refused = stand.call("marketplace.start_call", json!({})).await;
    assert_eq!(refused["result"]["isError"], true);
    let told = refused["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(told).unwrap()["code"], "calling_disabled");
    assert_eq!(refused["result"].get("structuredContent"), None);

    let unknown = stand.call("marketplace.drop_tables", json!({})).await;
    assert_eq!(unknown["error"]["code"], -32_602);

    let failed = stand.call("marketplace.get_request_snapshot", json!({})).await;
    assert_eq!(failed["error"]["code"], -32_603);
    assert_eq!(failed["error"]["data"]["code"], "unavailable");
}

#[tokio::test]
async fn what_is_no_mcp_request_is_refused() {
    let stand = Stand::new();
    let mut get = Stand::post("");
    *get.method_mut() = http::Method::GET;
    assert_eq!(stand.answer(get).await.status(), StatusCode::METHOD_NOT_ALLOWED);

    let mut no_accept = Stand::post("{}");
    no_accept.headers_mut().remove("accept");
    assert_eq!(stand.answer(no_accept).await.status(), StatusCode::NOT_ACCEPTABLE);

    let mut from_a_page = Stand::post("{}");
    from_a_page.headers_mut().insert("origin", "https://example.com".parse().unwrap());
    assert_eq!(stand.answer(from_a_page).await.status(), StatusCode::FORBIDDEN);

    for body in ["", "{", "[]", "\u{0}", r#"{"jsonrpc":"2.0"}"#] {
        assert!(stand.answer(Stand::post(body)).await.status().is_client_error(), "{body:?}");
    }
    let large = stand.answer(Stand::post(vec![b' '; BODY_MAX + 1])).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(stand.double.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_we_do_not_offer_is_said_to_be_unknown() {
    let stand = Stand::new();
    for method in ["resources/read", "prompts/get", "sampling/createMessage"] {
        let message =
            json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": { "uri": "x", "name": "x" } });
        let response = stand.answer(Stand::post(message.to_string())).await;
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(answer["error"]["code"], -32_601, "{method}: {answer}");
    }
}
