//! A person's token takes a request over, writes, and gives it back.

use marketplace::{ActorKind, Control};
use store::testing::on_both;
use tool_registry::ToolName;

use super::{tool_world::ToolWorld, *};

fn step(token: &str, id: &str, step: &str, key: Option<&str>, body: &str) -> TestRequest {
    let request = TestRequest::post()
        .uri(&format!("/v1/requests/{id}/{step}"))
        .insert_header(("Authorization", format!("Bearer {token}")))
        .insert_header(("Content-Type", "application/json"))
        .set_payload(body.to_owned());
    match key {
        Some(key) => request.insert_header(("Idempotency-Key", key.to_owned())),
        None => request,
    }
}

#[test]
fn a_person_takes_over_writes_and_gives_back() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let (_, ann) = world.token("ann", ActorKind::Human, &["send", "operate"]).await;
        let id = world.request.to_string();
        let taken =
            call(&world.state, step(&ann, &id, "takeover", Some("k1"), r#"{"reason":"upset"}"#)).await;
        assert_eq!(taken.status.as_u16(), 200, "{taken:?}");
        let json = taken.json();
        assert_eq!((json["control"].as_str(), json["changed"].as_bool()), (Some("human"), Some(true)));

        let words = world.good(ToolName::SendClientMessage).await;
        world.call(ToolName::SendClientMessage, "bot", &words).await.assert_problem(409, "human_control");
        assert_eq!(world.call_as(&ann, ToolName::SendClientMessage, "h", &words).await.status.as_u16(), 200);

        let again =
            call(&world.state, step(&ann, &id, "takeover", Some("k1"), r#"{"reason":"upset"}"#)).await;
        assert_eq!((again.header("idempotency-replayed"), again.json()), (Some("true"), json));
        let resumed = call(&world.state, step(&ann, &id, "resume", Some("k1"), "")).await;
        assert_eq!(resumed.json()["control"], serde_json::to_value(Control::Bot).unwrap());
        let closed = call(&world.state, step(&ann, &id, "close", Some("k1"), "")).await;
        assert_eq!(closed.json()["state"], "closed");
        call(&world.state, step(&ann, &id, "takeover", Some("k2"), ""))
            .await
            .assert_problem(409, "request_closed");
        let audit: Vec<_> = world.audit_of_request().await.into_iter().map(|(line, _)| line).collect();
        for wanted in [
            "human:ann request.takeover ok",
            "human:ann request.takeover replayed",
            "human:ann request.resume ok",
            "human:ann request.close ok",
            "human:ann request.takeover refused request_closed",
        ] {
            assert!(audit.iter().any(|line| line == wanted), "{wanted}: {audit:#?}");
        }
    });
}

#[test]
fn whoever_may_not_or_asks_wrongly_changes_nothing() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let (_, ann) = world.token("ann", ActorKind::Human, &["operate"]).await;
        let (_, reader) = world.token("bob", ActorKind::Human, &["read", "write", "send", "call"]).await;
        let id = world.request.to_string();
        let version = world.version().await;
        let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(501));
        for (token, id, key, body, status, code) in [
            (&world.token, id.as_str(), Some("k"), "", 403, "scope_missing"),
            (&reader, &id, Some("k"), "", 403, "scope_missing"),
            (&ann, &id, None, "", 400, "idempotency_key_required"),
            (&ann, &id, Some(""), "", 400, "idempotency_key_invalid"),
            (&ann, &id, Some("k"), "{", 400, "malformed_json"),
            (&ann, &id, Some("k"), r#"{"why":"x"}"#, 422, "arguments_invalid"),
            (&ann, &id, Some("k"), &long, 422, "arguments_invalid"),
            (&ann, "req_0190a1b2c3d4e5f60718293a4b5c6d7e", Some("k"), "", 404, "request_not_found"),
            (&ann, "nonsense", Some("k"), "", 404, "request_not_found"),
        ] {
            let answer = call(&world.state, step(token, id, "takeover", key, body)).await;
            answer.assert_problem(status, code);
        }
        call(&world.state, step("x", &id, "takeover", Some("k"), ""))
            .await
            .assert_problem(401, "unauthorized");
        call(&world.state, step(&ann, &id, "explode", Some("k"), "")).await.assert_problem(404, "not_found");
        let get = step(&ann, &id, "takeover", Some("k"), "").method("GET".parse().unwrap());
        call(&world.state, get).await.assert_problem(405, "method_not_allowed");
        let plain =
            step(&ann, &id, "takeover", Some("k"), "{}").insert_header(("Content-Type", "text/plain"));
        call(&world.state, plain).await.assert_problem(415, "unsupported_media_type");
        assert_eq!(world.version().await, version);
    });
}
