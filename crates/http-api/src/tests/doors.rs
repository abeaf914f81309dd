//! Who comes in: tokens, methods, sizes, types, how often; and what the audit keeps of those who do not.

use std::{num::NonZeroU32, time::Duration};

use marketplace::ActorKind;
use store::{testing::on_both, tokens};
use tool_registry::{ToolName, registry};
use tools::Policy;

use super::{tool_world::ToolWorld, *};

/// Every route of the tools: its path, its method, whether it takes a body.
fn routes() -> Vec<(String, &'static str, bool)> {
    let tools = registry().iter().map(|spec| (format!("/v1/tools/{}", spec.name), "POST", true));
    tools.chain([("/v1/tools".to_owned(), "GET", false)]).collect()
}

fn request(method: &str, path: &str, token: Option<&str>) -> TestRequest {
    let request = TestRequest::with_uri(path).method(method.parse().unwrap());
    let request = request.insert_header(("Content-Type", "application/json")).set_payload("{}");
    match token {
        Some(token) => request.insert_header(("Authorization", token)),
        None => request,
    }
}

#[test]
fn without_a_valid_token_nothing_answers() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let (revoked, revoked_text) = world.token("old", ActorKind::Service, &["read"]).await;
        test.db.write(move |tx| tokens::revoke(tx, revoked)).await.unwrap();
        let shown = [
            None,
            Some(String::new()),
            Some("Bearer".to_owned()),
            Some("Bearer ".to_owned()),
            Some(world.token.clone()),
            Some(format!("Basic {}", world.token)),
            Some(format!("Bearer {}x", world.token)),
            Some(format!("Bearer {} {}", world.token, world.token)),
            Some(format!("Bearer {revoked_text}")),
            Some(
                "Bearer cct_00000000000000000000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                    .to_owned(),
            ),
        ];
        let mut bodies = std::collections::BTreeSet::new();
        for (index, (path, method, _)) in routes().into_iter().enumerate() {
            for token in &shown {
                // A minute is enough for more; the bucket of strangers is another test's.
                test.clock.advance(Duration::from_secs(1));
                let answer = call(&world.state, request(method, &path, token.as_deref())).await;
                answer.assert_problem(401, "unauthorized");
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                if index == 0 {
                    let mut body = answer.json();
                    body["request_id"] = Value::Null;
                    bodies.insert(body.to_string());
                }
            }
        }
        assert_eq!(bodies.len(), 1, "nobody is told what was wrong with a token");
        assert_eq!(world.audit_of_request().await.len(), 0);
        let first: Vec<_> = world.audit_of_system().await.into_iter().map(|(line, _)| line).take(2).collect();
        assert_eq!(first[0], "system:api api.call refused unauthorized,token_missing");
    });
}

#[test]
fn methods_types_sizes_and_names() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let bearer = format!("Bearer {}", world.token);
        for (path, method, has_body) in routes() {
            for other in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
                if other == method {
                    continue;
                }
                let answer = call(&world.state, request(other, &path, Some(&bearer))).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.header("allow")),
                    (405, Some(method)),
                    "{other} {path}"
                );
            }
            if !has_body {
                continue;
            }
            for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
                let request = TestRequest::post()
                    .uri(&path)
                    .insert_header(("Authorization", bearer.clone()))
                    .insert_header(("Content-Type", kind))
                    .set_payload("{}");
                let answer = call(&world.state, request).await;
                answer.assert_problem(415, "unsupported_media_type");
                let (last, cause) = world.audit_of_system().await.pop().unwrap();
                assert!(last.ends_with("refused unsupported_media_type"), "{last}");
                assert_eq!(cause.as_deref(), answer.header("x-request-id"));
            }
            for (length, status, code) in [
                (65_536, 422, "arguments_invalid"),
                (65_537, 413, "body_too_large"),
                (300_000, 413, "body_too_large"),
            ] {
                let body = format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
                let request = request("POST", &path, Some(&bearer)).set_payload(body);
                call(&world.state, request).await.assert_problem(status, code);
            }
            let (last, _) = world.audit_of_system().await.pop().unwrap();
            assert!(last.ends_with("refused body_too_large") && last.contains("marketplace."), "{last}");
        }
        for name in
            ["marketplace.drop_tables", "search_vendors", "marketplace.Search_Vendors", "%2e%2e", "a%00b"]
        {
            let answer =
                call(&world.state, request("POST", &format!("/v1/tools/{name}"), Some(&bearer))).await;
            answer.assert_problem(404, "unknown_tool");
            let (last, _) = world.audit_of_system().await.pop().unwrap();
            assert_eq!(
                last, "service:shop api.call refused unknown_tool",
                "no word of the caller's in the chain"
            );
        }
        assert_eq!(state(&test.db).bodies.left(), world.state.bodies.left(), "bodies gave their room back");
    });
}

#[test]
fn a_tokens_use_is_written_down() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let (id, text) = world.token("crm", ActorKind::Service, &["read"]).await;
        let args = world.good(ToolName::GetRequestSnapshot).await;
        let used = async || {
            world.call_as(&text, ToolName::GetRequestSnapshot, "", &args).await;
            test.db.read(move |tx| tokens::load(tx, id)).await.unwrap().unwrap().last_used_at
        };
        let start = test.db.clock.now();
        assert_eq!(used().await, Some(start));
        test.clock.advance(Duration::from_secs(59));
        assert_eq!(used().await, Some(start));
        test.clock.advance(Duration::from_secs(1));
        assert_eq!(used().await, Some(start + Duration::from_mins(1)));
    });
}

#[test]
fn a_token_has_a_bucket_of_its_own() {
    on_both(async |test| {
        let mut world = ToolWorld::new(test).await;
        world.state = world.state.with_tools(Policy::default(), NonZeroU32::new(60).unwrap());
        let (_, other) = world.token("crm", ActorKind::Service, &["read"]).await;
        let args = world.good(ToolName::GetRequestSnapshot).await;
        let ask = async |token: &str| world.call_as(token, ToolName::GetRequestSnapshot, "", &args).await;
        let shop = world.token.clone();
        for _ in 0..10 {
            assert_eq!(ask(&shop).await.status.as_u16(), 200);
        }
        let limited = ask(&shop).await;
        limited.assert_problem(429, "rate_limited");
        assert_eq!(limited.header("retry-after"), Some("1"));
        assert_eq!(ask(&other).await.status.as_u16(), 200, "another token has its own");
        let (last, cause) = world.audit_of_system().await.pop().unwrap();
        assert_eq!(last, "service:shop api.call refused rate_limited");
        assert_eq!(cause.as_deref(), limited.header("x-request-id"));
        test.clock.advance(Duration::from_secs(1));
        assert_eq!(ask(&shop).await.status.as_u16(), 200);
        ask(&shop).await.assert_problem(429, "rate_limited");
    });
}

/// Anybody can cause these: the append-only chain must not grow at their will, and still know how many they were.
#[test]
fn a_flood_of_strangers_is_counted_and_does_not_fill_the_chain() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let knock = async || get(&world.state, "/v1/tools").await;
        let mut statuses = std::collections::BTreeMap::new();
        for _ in 0..200 {
            *statuses.entry(knock().await.status.as_u16()).or_insert(0) += 1;
        }
        assert_eq!(statuses, [(401, 30), (429, 170)].into());
        assert_eq!(world.audit_of_system().await.len(), 10);
        test.clock.advance(Duration::from_secs(10));
        knock().await.assert_problem(401, "unauthorized");
        let recorded: Result<_, store::StoreError> = test
            .db
            .read(|tx| store::audit_log::chain_with_payloads(tx.conn, tx.vault, audit::ChainId::System))
            .await;
        let recorded = recorded.unwrap();
        assert_eq!(recorded.len(), 11);
        let store::audit_log::Payload::Open(payload) = &recorded[10].1 else { panic!("{recorded:?}") };
        assert_eq!(payload["counted"], 190);
        // Whoever has a token is not locked out by them.
        let args = world.good(ToolName::GetRequestSnapshot).await;
        assert_eq!(world.call(ToolName::GetRequestSnapshot, "", &args).await.status.as_u16(), 200);
    });
}

#[test]
fn a_database_that_is_away_is_503_and_says_nothing() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let args = world.good(ToolName::SendClientMessage).await;
        test.store.close().await;
        let answer = world.call(ToolName::SendClientMessage, "k", &args).await;
        answer.assert_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert_eq!(answer.json().get("detail"), None);
    });
}
