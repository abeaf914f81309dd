//! Many calls at once: one effect, and no answer that is a defect's.

use std::{collections::BTreeMap, num::NonZeroU32};

use actix_web::http::header::CONTENT_TYPE;
use futures_util::future::join_all;
use marketplace::{ContactId, Language, RequestId};
use store::{Backend, Store, StoreError, contacts, outbox, requests, testing::on_both};
use tool_registry::ToolName;
use tools::Policy;

use super::{tool_world::ToolWorld, *};

const CALLS: usize = 64;

/// A state over stores of its own, as another process would have.
fn another_process(world: &ToolWorld<'_>) -> (Store, AppState) {
    let store = world.test.open_again();
    let db = Db { store: store.clone(), ids: store.ids().clone(), ..world.test.db.clone() };
    (store, state(&db).with_tools(Policy::default(), NonZeroU32::new(100_000).unwrap()))
}

async fn at_once(world: &ToolWorld<'_>, states: &[AppState], bodies: &[Value]) -> Vec<Answer> {
    let tool = ToolName::SendClientMessage;
    let mut services = Vec::new();
    for state in states {
        services.push(test::init_service(app(state.clone())).await);
    }
    let calls = (0..CALLS).map(|number| {
        let service = &services[number % services.len()];
        let body = &bodies[number % bodies.len()];
        let request = TestRequest::post()
            .uri(&format!("/v1/tools/{tool}"))
            .insert_header(("Authorization", format!("Bearer {}", world.token)))
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header(("Idempotency-Key", "the-one"))
            .set_payload(body.to_string())
            .to_request();
        async move { Answer::read(test::call_service(service, request).await).await }
    });
    join_all(calls).await
}

#[test]
fn equal_keys_at_once_have_one_effect() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let (other_store, other) = another_process(&world);
        let args = world.good(ToolName::SendClientMessage).await;
        let answers = at_once(&world, &[world.state.clone(), other], &[args]).await;
        assert_eq!(world.sends().await, 1);
        let mut done = BTreeMap::new();
        for answer in &answers {
            match answer.status.as_u16() {
                200 => *done.entry(answer.body.clone()).or_insert(0) += 1,
                409 => {
                    answer.assert_problem(409, "in_progress");
                    assert_eq!(answer.header("retry-after"), Some("1"));
                }
                _ => panic!("{answer:?}"),
            }
        }
        assert_eq!(done.len(), 1, "every answer is the stored one");
        let first = answers.iter().filter(|answer| {
            answer.status.as_u16() == 200 && answer.header("idempotency-replayed").is_none()
        });
        assert_eq!(first.count(), 1, "one call did it, the others were told");
        other_store.close().await;
    });
}

/// The key's lock, not the request's row, is what these meet at; none may end at the primary key.
#[test]
fn one_key_for_two_requests_at_once_is_no_defect() {
    on_both(async |test| {
        let world = ToolWorld::new(test).await;
        let (other_store, other) = another_process(&world);
        let second = second_request(test).await;
        let args = world.good(ToolName::SendClientMessage).await;
        let mut elsewhere = args.clone();
        elsewhere["request_id"] = second.0.to_string().into();
        let answers = at_once(
            &world,
            &[world.state.clone(), other],
            &[args.clone(), args, elsewhere.clone(), elsewhere],
        )
        .await;
        let codes = answers.iter().map(|answer| match answer.status.as_u16() {
            200 => "ok".to_owned(),
            _ => answer.json()["code"].as_str().unwrap().to_owned(),
        });
        let counts = codes.fold(BTreeMap::new(), |mut counts, code| {
            *counts.entry(code).or_insert(0) += 1;
            counts
        });
        let known = ["ok", "idempotency_key_reused", "in_progress"];
        assert!(counts.keys().all(|code| known.contains(&code.as_str())), "{counts:?}");
        let sends: Result<usize, StoreError> =
            test.db.read(move |tx| Ok(outbox::of_request(tx, second.0)?.len())).await;
        assert_eq!(world.sends().await + sends.unwrap(), 1);
        other_store.close().await;
    });
}

async fn second_request(test: &TestStore) -> (RequestId, ContactId) {
    let made: Result<_, StoreError> = test
        .db
        .write(|tx| {
            let phone = contacts::Identity::Phone("+254712345679".parse().unwrap());
            let client = contacts::find_or_create(tx, &[phone], None, Language::default())?.id;
            let guard = requests::create(tx, client, &"100".parse().unwrap(), Language::default())?;
            Ok((guard.request().id, client))
        })
        .await;
    made.unwrap()
}

/// Whoever holds the request's row for longer than PostgreSQL lets others wait makes them try later.
#[test]
fn a_row_that_is_held_too_long_is_503() {
    on_both(async |test| {
        if test.backend() == Backend::Sqlite {
            // One writer; who waits for it waits in its queue.
            return;
        }
        let world = ToolWorld::new(test).await;
        let mut options = test.options().clone();
        options.lock_timeout = std::time::Duration::from_millis(50);
        let impatient = Store::open(&options).unwrap();
        let db = Db { store: impatient.clone(), ..test.db.clone() };
        let impatient_state = state(&db).with_tools(Policy::default(), NonZeroU32::new(1_000).unwrap());
        let (taken, is_taken) = std::sync::mpsc::channel::<()>();
        let (finish, may_finish) = std::sync::mpsc::channel::<()>();
        let may_finish = std::sync::Mutex::new(may_finish);
        let (holder_db, id) = (test.db.clone(), world.request);
        let holder = tokio::spawn(async move {
            holder_db
                .write(move |tx| {
                    requests::lock(tx, id)?;
                    taken.send(()).unwrap();
                    may_finish.lock().unwrap().recv().unwrap();
                    Ok::<_, StoreError>(())
                })
                .await
        });
        tokio::task::spawn_blocking(move || is_taken.recv().unwrap()).await.unwrap();
        let args = world.good(ToolName::SendClientMessage).await;
        let request = world.request(ToolName::SendClientMessage, "k", &args);
        let answer = call(&impatient_state, request).await;
        answer.assert_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("5"));
        finish.send(()).unwrap();
        holder.await.unwrap().unwrap();
        let request = world.request(ToolName::SendClientMessage, "k", &args);
        assert_eq!(call(&impatient_state, request).await.status.as_u16(), 200);
        assert_eq!(world.sends().await, 1);
        impatient.close().await;
    });
}
