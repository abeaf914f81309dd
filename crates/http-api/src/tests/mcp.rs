//! The tools over MCP: the same door, the same keys, the same gates, the same audit.

use marketplace::ActorKind;
use store::testing::on_both;
use tool_registry::ToolName;

use super::{tool_world::ToolWorld, *};

fn message(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

fn post(token: Option<&str>, body: String) -> TestRequest {
    let request = TestRequest::post()
        .uri("/mcp")
        .insert_header(("Host", "concierge.example"))
        .insert_header(("Content-Type", "application/json"))
        .insert_header(("Accept", "application/json, text/event-stream"))
        .set_payload(body);
    match token {
        Some(token) => request.insert_header(("Authorization", format!("Bearer {token}"))),
        None => request,
    }
}

/// Calls a tool over MCP, with its key among the arguments if there is one.
async fn tool(
    world: &ToolWorld<'_>,
    token: &str,
    tool: ToolName,
    key: Option<&str>,
    args: &Value,
) -> (Value, String) {
    let mut args = args.clone();
    if let Some(key) = key {
        args["idempotency_key"] = key.into();
    }
    let body = message("tools/call", &json!({ "name": tool.as_str(), "arguments": args }));
    let answer = call(&world.state, post(Some(token), body)).await;
    assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
    let id = answer.header("x-request-id").unwrap().to_owned();
    (answer.json(), id)
}

/// The problem that a refused call holds.
fn problem(answer: &Value) -> Value {
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap()
}

#[test]
fn the_door_is_the_same() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let list = || message("tools/list", &json!({}));
        call(&world.state, post(None, list())).await.assert_problem(401, "unauthorized");
        call(&world.state, post(Some("cct_nothing"), list())).await.assert_problem(401, "unauthorized");
        let get = TestRequest::get().uri("/mcp").insert_header(("Authorization", "Bearer x"));
        let answer = call(&world.state, get).await;
        answer.assert_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("POST"));
        let from_a_page = post(Some(&world.token), list()).insert_header(("Origin", "https://example.com"));
        call(&world.state, from_a_page).await.assert_problem(403, "origin_refused");
        let takes_json_alone = post(Some(&world.token), list()).insert_header(("Accept", "application/json"));
        call(&world.state, takes_json_alone).await.assert_problem(406, "not_acceptable");
        let text = post(Some(&world.token), list()).insert_header(("Content-Type", "text/plain"));
        call(&world.state, text).await.assert_problem(415, "unsupported_media_type");
        let large = post(Some(&world.token), " ".repeat(::mcp::BODY_MAX + 1));
        call(&world.state, large).await.assert_problem(413, "body_too_large");
        let (record, _) = world.audit_of_system().await.pop().unwrap();
        assert_eq!(record, "service:shop api.call refused body_too_large");
        for body in ["", "{", "[]", r#"{"id":1,"id":2}"#, "\u{feff}{}"] {
            let answer = call(&world.state, post(Some(&world.token), body.to_owned())).await;
            answer.assert_problem(400, "malformed_json");
            let (record, cause) = world.audit_of_system().await.pop().unwrap();
            assert_eq!(record, "service:shop api.call refused malformed_json");
            assert_eq!(cause.as_deref(), answer.header("x-request-id"));
        }
    });
}

#[test]
fn a_token_sees_what_it_may_call_and_calls_no_more() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let (_, reader) = world.token("reader", ActorKind::Service, &["read"]).await;
        let listed = call(&world.state, post(Some(&reader), message("tools/list", &json!({})))).await.json();
        let names: Vec<_> =
            listed["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
        assert_eq!(
            names,
            ["marketplace.search_vendors", "marketplace.get_request_snapshot", "marketplace.get_ocr_result"]
        );
        let args = world.good(ToolName::SendClientMessage).await;
        let (answer, id) = tool(&world, &reader, ToolName::SendClientMessage, Some("k"), &args).await;
        let problem = problem(&answer);
        assert_eq!((&problem["code"], &problem["status"]), (&json!("scope_missing"), &json!(403)));
        assert_eq!(problem["request_id"], id);
        let (last, cause) = world.audit_of_request().await.pop().unwrap();
        assert_eq!(last, "service:reader marketplace.send_client_message refused scope_missing,scope:send");
        assert_eq!(cause, Some(id));
    });
}

#[test]
fn one_key_is_one_effect_over_both_doors() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let name = ToolName::SendClientMessage;
        let args = world.good(name).await;
        let (first, id) = tool(&world, &world.token, name, Some("k-1"), &args).await;
        assert_eq!(first["result"]["isError"], false, "{first}");
        let (last, cause) = world.audit_of_request().await.pop().unwrap();
        assert_eq!((last.as_str(), cause), ("service:shop marketplace.send_client_message ok", Some(id)));
        let (again, _) = tool(&world, &world.token, name, Some("k-1"), &args).await;
        assert_eq!(again["result"]["structuredContent"], first["result"]["structuredContent"]);
        let over_http = world.call(name, "k-1", &args).await;
        assert_eq!(over_http.header("idempotency-replayed"), Some("true"));
        assert_eq!(over_http.json(), first["result"]["structuredContent"]);

        let mut other = args.clone();
        other["body"] = "Another one".into();
        let (reused, _) = tool(&world, &world.token, name, Some("k-1"), &other).await;
        assert_eq!(problem(&reused)["code"], "idempotency_key_reused");
        let (keyless, _) = tool(&world, &world.token, name, None, &args).await;
        assert_eq!(problem(&keyless)["code"], "idempotency_key_required");
    });
}

#[test]
fn the_gates_are_the_same() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        for (name, code) in [
            (ToolName::StartCall, "calling_disabled"),
            (ToolName::CreateOcrJob, "ocr_disabled"),
            (ToolName::SendVendorMessage, "plan_missing"),
        ] {
            let args = world.good(name).await;
            let (answer, _) = tool(&world, &world.token, name, Some("k"), &args).await;
            assert_eq!(problem(&answer)["code"], code, "{name}");
        }
        let (invalid, _) =
            tool(&world, &world.token, ToolName::SendClientMessage, Some("k"), &json!({ "body": 5 })).await;
        let invalid = problem(&invalid);
        assert_eq!(invalid["code"], "arguments_invalid");
        assert!(invalid["violations"].as_array().is_some_and(|found| found.len() >= 2), "{invalid}");
        let body = message("tools/call", &json!({ "name": "marketplace.drop_tables", "arguments": {} }));
        let unknown = call(&world.state, post(Some(&world.token), body)).await.json();
        assert_eq!(unknown["error"]["code"], -32_602);
        let (last, _) = world.audit_of_system().await.pop().unwrap();
        assert_eq!(last, "service:shop api.call refused unknown_tool");
    });
}

#[test]
fn results_fit_their_schemas() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        for name in [ToolName::SearchVendors, ToolName::GetRequestSnapshot] {
            let args = world.good(name).await;
            let (answer, _) = tool(&world, &world.token, name, None, &args).await;
            let validator = jsonschema::draft202012::new(name.spec().unwrap().result_schema()).unwrap();
            assert!(validator.is_valid(&answer["result"]["structuredContent"]), "{answer}");
        }
    });
}
