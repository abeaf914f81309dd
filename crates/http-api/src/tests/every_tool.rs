//! Every tool over HTTP: good, bad, repeated, conflicting, unauthorised.

use std::collections::{BTreeMap, btree_map::Entry};

use marketplace::ActorKind;
use store::{
    StoreError,
    idempotency::{self, IdempotencyKey},
    requests,
    testing::on_both,
};
use tool_registry::{ToolName, registry};

use super::{
    tool_world::{ToolWorld, request_as},
    *,
};

/// What a tool answers to good arguments, as long as OCR and calling are switched off.
fn refused_now(tool: ToolName) -> Option<(u16, &'static str)> {
    match tool {
        ToolName::CreateOcrJob => Some((409, "ocr_disabled")),
        ToolName::GetOcrResult => Some((404, "ocr_job_not_found")),
        ToolName::RequestCallConsent | ToolName::StartCall => Some((409, "calling_disabled")),
        _ => None,
    }
}

#[test]
fn every_tool_answers_what_its_schema_says() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        world.ask_a_vendor().await;
        for spec in registry() {
            let args = world.good(spec.name).await;
            let key = format!("good-{}", spec.name);
            let answer = world.call(spec.name, &key, &args).await;
            let id = answer.header("x-request-id").unwrap().to_owned();
            let (last, cause) = world.audit_of_request().await.pop().unwrap();
            assert_eq!(cause.as_deref(), Some(id.as_str()), "{}", spec.name);
            if let Some((status, code)) = refused_now(spec.name) {
                answer.assert_problem(status, code);
                let reasons: Vec<String> = serde_json::from_value(answer.json()["reasons"].clone()).unwrap();
                assert_eq!(reasons.first().map(String::as_str), Some(code), "the first reason is the code");
                assert_eq!(last, format!("service:shop {} refused {}", spec.name, reasons.join(",")));
                continue;
            }
            assert_eq!(answer.status.as_u16(), 200, "{}: {answer:?}", spec.name);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(last, format!("service:shop {} ok", spec.name));
            let validator = jsonschema::draft202012::new(spec.result_schema()).unwrap();
            assert!(validator.is_valid(&answer.json()), "{}: {}", spec.name, answer.body);

            let again = world.call(spec.name, &key, &args).await;
            assert_eq!(again.status.as_u16(), 200);
            if spec.effect.needs_key() {
                assert_eq!(again.header("idempotency-replayed"), Some("true"), "{}", spec.name);
                assert_eq!(again.body, answer.body, "the stored answer, byte for byte");
                let (last, _) = world.audit_of_request().await.pop().unwrap();
                assert_eq!(last, format!("service:shop {} replayed", spec.name));
            } else {
                assert_eq!(again.header("idempotency-replayed"), None);
            }
        }
    });
}

#[test]
fn every_tool_refuses_what_is_wrong_with_a_call() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        world.ask_a_vendor().await;
        // Tokens with every scope but one.
        let mut without = BTreeMap::new();
        for spec in registry() {
            let args = world.good(spec.name).await;
            let name = format!("no-{}", spec.scope);
            if let Entry::Vacant(vacant) = without.entry(spec.scope) {
                let others: Vec<&str> = ["read", "write", "send", "call", "operate"]
                    .into_iter()
                    .filter(|scope| *scope != <&str>::from(spec.scope))
                    .collect();
                vacant.insert(world.token(&name, ActorKind::Human, &others).await.1);
            }
            let token = &without[&spec.scope];
            let answer = world.call_as(token, spec.name, "k", &args).await;
            answer.assert_problem(403, "scope_missing");
            assert_eq!(answer.json()["scope"], json!(spec.scope));
            let (last, cause) = world.audit_of_request().await.pop().unwrap();
            assert_eq!(
                last,
                format!("human:{name} {} refused scope_missing,scope:{}", spec.name, spec.scope)
            );
            assert_eq!(cause.as_deref(), answer.header("x-request-id"));
        }
        for spec in registry() {
            let args = world.good(spec.name).await;
            let mut two_faults = args.clone();
            two_faults["nonsense"] = 1.into();
            two_faults["more"] = 2.into();
            let answer = world.call(spec.name, "k", &two_faults).await;
            answer.assert_problem(422, "arguments_invalid");
            let pointers: Vec<_> = answer.json()["violations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v["pointer"].clone())
                .collect();
            assert_eq!(pointers, ["/more", "/nonsense"], "{}", spec.name);
            let (last, cause) = world.audit_of_request().await.pop().unwrap();
            let expected = format!("service:shop {} rejected arguments_invalid,unknown_field", spec.name);
            assert_eq!((last, cause.as_deref()), (expected, answer.header("x-request-id")));

            for body in [&b"{\"request_id\":1,\"request_id\":2}"[..], b"", b"[]", b"not json", b"{}{}"] {
                let request = request_as(&world.token, spec.name.as_str(), "k", body);
                let answer = call(&world.state, request).await;
                answer.assert_problem(400, "malformed_json");
                assert!(answer.json()["violations"][0]["rule"].is_string());
                let (last, cause) = world.audit_of_system().await.pop().unwrap();
                assert!(
                    last.starts_with(&format!("service:shop {} rejected malformed_json", spec.name)),
                    "{last}"
                );
                assert_eq!(cause.as_deref(), answer.header("x-request-id"));
            }

            let mut nowhere = args.clone();
            nowhere["request_id"] = "req_00000000000000000000000000000000".into();
            let answer = world.call(spec.name, "k", &nowhere).await;
            answer.assert_problem(404, "request_not_found");
            let (last, cause) = world.audit_of_system().await.pop().unwrap();
            assert_eq!(last, format!("service:shop {} refused request_not_found", spec.name));
            assert_eq!(cause.as_deref(), answer.header("x-request-id"));

            if spec.effect.needs_key() {
                let keyless = TestRequest::post()
                    .uri(&format!("/v1/tools/{}", spec.name))
                    .insert_header(("Authorization", format!("bearer {}", world.token)))
                    .insert_header(("Content-Type", "application/json; charset=utf-8"))
                    .set_payload(args.to_string());
                call(&world.state, keyless).await.assert_problem(400, "idempotency_key_required");
                for key in ["", " ", "two words", "é", &"x".repeat(256)] {
                    let answer = world.call(spec.name, key, &args).await;
                    answer.assert_problem(400, "idempotency_key_invalid");
                    let (last, _) = world.audit_of_request().await.pop().unwrap();
                    let expected = format!("service:shop {} refused idempotency_key_invalid", spec.name);
                    assert_eq!(last, expected, "{key:?}");
                }
            }
        }
    });
}

#[test]
fn a_key_with_another_body_is_422_and_a_key_twice_is_none() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let tool = ToolName::SendClientMessage;
        let args = world.good(tool).await;
        assert_eq!(world.call(tool, &"k".repeat(255), &args).await.status.as_u16(), 200);
        let mut other = args.clone();
        other["body"] = "Which year?".into();
        world.call(tool, &"k".repeat(255), &other).await.assert_problem(422, "idempotency_key_reused");
        // The same effect for another request id is another body too.
        other["request_id"] = "req_00000000000000000000000000000000".into();
        world.call(tool, &"k".repeat(255), &other).await.assert_problem(404, "request_not_found");
        let twice = world.request(tool, "a", &args).append_header(("Idempotency-Key", "b"));
        call(&world.state, twice).await.assert_problem(400, "idempotency_key_invalid");
        assert_eq!(world.sends().await, 1);
    });
}

/// Also spelled differently; and under the second token of the same name.
#[test]
fn a_rotated_token_keeps_its_keys() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let tool = ToolName::SendClientMessage;
        let args = world.good(tool).await;
        let first = world.call(tool, "k", &args).await;
        let (_, second) = world.token("shop", ActorKind::Service, &["send"]).await;
        let spelled = format!(
            "{{ \"buttons\": [], \"body\":\"\\u0046ront or rear?\",\"request_id\":{}}}",
            args["request_id"]
        );
        let request = request_as(&second, tool.as_str(), "k", spelled.as_bytes());
        let again = call(&world.state, request).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        // Another name's keys are others.
        let (_, crm) = world.token("crm", ActorKind::Service, &["send"]).await;
        let other = world.call_as(&crm, tool, "k", &args).await;
        assert_eq!((other.status.as_u16(), other.header("idempotency-replayed")), (200, None));
        assert_eq!(world.sends().await, 2);
    });
}

/// A caller may put anything into a key: what is stored of it is a keyed hash.
#[test]
fn a_key_is_not_stored_as_it_came() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let tool = ToolName::SendClientMessage;
        let args = world.good(tool).await;
        let shown = "+254712345678";
        assert_eq!(world.call(tool, shown, &args).await.status.as_u16(), 200);
        let hashed = hex::encode(test.store.vault().lookup_hash("idempotency_key", shown));
        for (key, stored) in [(shown.to_owned(), false), (hashed, true)] {
            let key = IdempotencyKey { caller: "api:shop".to_owned(), tool: tool.as_str(), key };
            let found = test.db.read(move |tx| idempotency::find(tx, &key)).await.unwrap();
            assert_eq!(found.is_some(), stored);
        }
    });
}

/// The effect committed under its key and nobody read the answer: a crash between effect and answer.
#[test]
fn a_lost_answer_is_given_again() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let tool = ToolName::SendClientMessage;
        let args = world.good(tool).await;
        let service = test::init_service(app(world.state.clone())).await;
        // The response is dropped unread, with the service that made it.
        drop(test::call_service(&service, world.request(tool, "k", &args).to_request()).await);
        drop(service);
        assert_eq!(world.sends().await, 1);
        let restarted = state(&test.db);
        let again = call(&restarted, world.request(tool, "k", &args)).await;
        assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (200, Some("true")));
        assert_eq!(world.sends().await, 1);
    });
}

#[test]
fn of_an_erased_client_nothing_is_told_and_nothing_done() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let tool = ToolName::SendClientMessage;
        let args = world.good(tool).await;
        assert_eq!(world.call(tool, "k", &args).await.status.as_u16(), 200);
        let id = world.request;
        let erased: Result<bool, StoreError> = test
            .db
            .write(move |tx| {
                let key = requests::load(tx, id)?.data_key;
                tx.vault.destroy_data_key(tx.conn, key)
            })
            .await;
        assert!(erased.unwrap());
        for (key, tool, status, code) in [("k", tool, 409, "duplicate"), ("new", tool, 409, "request_closed")]
        {
            let args = world.good(tool).await;
            let answer = world.call(tool, key, &args).await;
            answer.assert_problem(status, code);
            let (last, cause) = world.audit_of_request().await.pop().unwrap();
            assert_eq!(last, format!("service:shop {tool} refused {code}"));
            assert_eq!(cause.as_deref(), answer.header("x-request-id"));
        }
        assert_eq!(world.sends().await, 1);
        let args = world.good(ToolName::GetRequestSnapshot).await;
        let snapshot = world.call(ToolName::GetRequestSnapshot, "x", &args).await;
        assert_eq!(snapshot.status.as_u16(), 200);
        assert_eq!(snapshot.json()["conversation"], json!([]), "what is left speaks of nobody");
    });
}

#[test]
fn only_a_person_who_operates_leads_out_of_escalated() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let tool = ToolName::UpdateRequestState;
        let mut escalate = world.good(tool).await;
        escalate["to"] = "escalated".into();
        assert_eq!(world.call(tool, "up", &escalate).await.status.as_u16(), 200);
        let back = world.good(tool).await;
        let (_, person) = world.token("ops", ActorKind::Human, &["write", "send"]).await;
        let (_, operator) = world.token("lead", ActorKind::Human, &["write", "operate"]).await;
        world.call(tool, "k", &back).await.assert_problem(403, "person_only");
        world.call_as(&person, tool, "k", &back).await.assert_problem(403, "person_only");
        // Sending while a person has control takes a person with the scope `send`, no more.
        let message = world.good(ToolName::SendClientMessage).await;
        world.call(ToolName::SendClientMessage, "m", &message).await.assert_problem(409, "human_control");
        let sent = world.call_as(&person, ToolName::SendClientMessage, "m", &message).await;
        assert_eq!(sent.status.as_u16(), 200, "{sent:?}");
        world
            .call_as(&operator, ToolName::SendClientMessage, "m", &message)
            .await
            .assert_problem(403, "scope_missing");
        assert_eq!(world.call_as(&operator, tool, "k", &back).await.status.as_u16(), 200);
        let lines: Vec<_> = world.audit_of_request().await.into_iter().map(|(line, _)| line).collect();
        assert!(lines.contains(&format!("human:ops {tool} refused person_only")));
        assert!(lines.contains(&format!("human:lead {tool} ok")));
    });
}

#[test]
fn the_list_is_the_registry() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let (_, caller) = world.token("caller", ActorKind::Service, &["call"]).await;
        let request =
            TestRequest::get().uri("/v1/tools").insert_header(("Authorization", format!("Bearer {caller}")));
        let answer = call(&world.state, request).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
        assert_eq!(answer.json()["tools"].as_array().unwrap().len(), 10);
        get(&world.state, "/v1/tools").await.assert_problem(401, "unauthorized");
        let document = get(&world.state, "/openapi.json").await;
        assert_eq!(document.status.as_u16(), 200);
        assert_eq!(document.json()["openapi"], "3.1.0");
    });
}
