use marketplace::RequestState;
use store::{
    Backend, StoreError,
    idempotency::{self, IdempotencyKey},
    messages,
    testing::on_both,
};
use tool_registry::{
    GetRequestSnapshotArgs, RefusalCode, SendClientMessageArgs, ToolName, UpdateRequestStateArgs,
};

use super::world::{World, code, service};
use crate::Caller;

#[test]
fn same_tool_call_twice_sends_once() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let args = world.to_client("Which axle?");
        let first = world.call_as(service(), Some("k1"), args.clone()).await.unwrap();
        let second = world.call_as(service(), Some("k1"), args.clone()).await.unwrap();
        assert!(!first.replayed && second.replayed);
        assert_eq!(first.result, second.result);
        let sends = world.sends().await;
        assert_eq!(sends.len(), 1);
        let request = world.request;
        let stored = world.read(move |tx| messages::latest(tx, request, 10)).await;
        assert_eq!(stored.len(), 1, "one message row, one outbox row");

        let other = SendClientMessageArgs { body: "Front or rear?".to_owned(), ..args.clone() };
        let refused = world.call_as(service(), Some("k1"), other.clone()).await;
        assert_eq!(code(refused), RefusalCode::IdempotencyKeyReused);
        assert_eq!(code(world.call_as(service(), None, args).await), RefusalCode::IdempotencyKeyRequired);
        assert_eq!(world.sends().await.len(), 1);
        assert_eq!(
            world.audit_lines(0).await,
            [
                "marketplace.send_client_message ok",
                "marketplace.send_client_message replayed",
                "marketplace.send_client_message refused idempotency_key_reused",
                "marketplace.send_client_message refused idempotency_key_required",
            ]
        );

        // A key belongs to its caller and its tool.
        world.call_as(Caller::system("router"), Some("k1"), other).await.unwrap();
        let step = world.step(RequestState::Clarifying).await;
        assert!(!world.call_as(service(), Some("k1"), step).await.unwrap().replayed);
        assert_eq!(world.sends().await.len(), 2);
    });
}

#[test]
fn a_refusal_leaves_its_key_free() {
    on_both(async |test| {
        let world = World::new(test, 1).await;
        let args = world.to_vendor("v1", "Do you have brake pads?");
        let refused = world.call_as(service(), Some("k"), args.clone()).await;
        assert_eq!(code(refused), RefusalCode::PlanMissing);
        world.open_batch(1).await.unwrap();
        assert!(!world.call_as(service(), Some("k"), args).await.unwrap().replayed);
    });
}

#[test]
fn an_answer_is_replayed_whatever_became_of_the_request() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let step = world.step(RequestState::Clarifying).await;
        let first = world.call_as(service(), Some("k"), step.clone()).await.unwrap();
        let closing = world.step(RequestState::Closed).await;
        world.call(closing).await.unwrap();
        let rows = world.rows().await;
        let again = world.call_as(service(), Some("k"), step).await.unwrap();
        assert_eq!((again.result, again.replayed), (first.result, true));
        assert_eq!(world.rows().await, rows);
    });
}

#[test]
fn two_spellings_of_a_body_are_one() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let id = world.request.to_string();
        for (text, replayed) in [
            (format!(r#"{{"request_id":"{id}","body":"Hi"}}"#), false),
            (format!(r#"{{"body":"\u0048i", "request_id":"{id}", "buttons":[]}}"#), true),
        ] {
            let args = serde_json::from_str(&text).unwrap();
            let call = tool_registry::ToolCall::parse("marketplace.send_client_message", &args).unwrap();
            let answer = world.call_as(service(), Some("k"), call).await.unwrap();
            assert_eq!(answer.replayed, replayed, "{text}");
        }
    });
}

#[test]
fn reads_need_no_key_and_store_none() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let args = GetRequestSnapshotArgs { request_id: world.request };
        for _ in 0..2 {
            let answer = world.call_as(service(), Some("k"), args.clone()).await.unwrap();
            assert!(!answer.replayed);
        }
        let step = UpdateRequestStateArgs { ..world.step(RequestState::Clarifying).await };
        assert!(!world.call_as(service(), Some("k"), step).await.unwrap().replayed);
    });
}

/// Two requests' rows don't wait for each other; one key of one caller does.
#[test]
fn a_key_that_is_being_worked_is_in_progress() {
    on_both(async |test| {
        if test.backend() == Backend::Sqlite {
            // One writer: nobody else can be at work.
            return;
        }
        let world = World::new(test, 0).await;
        let key = IdempotencyKey {
            caller: "api:shop".to_owned(),
            tool: ToolName::SendClientMessage.as_str(),
            key: "k".to_owned(),
        };
        let (taken, is_taken) = std::sync::mpsc::channel::<()>();
        let (finish, may_finish) = std::sync::mpsc::channel::<()>();
        let may_finish = std::sync::Mutex::new(may_finish);
        let db = test.db.clone();
        let holder = tokio::spawn(async move {
            db.write(move |tx| {
                assert!(idempotency::try_lock(tx, &key)?);
                taken.send(()).unwrap();
                may_finish.lock().unwrap().recv().unwrap();
                Ok::<_, StoreError>(())
            })
            .await
        });
        tokio::task::spawn_blocking(move || is_taken.recv().unwrap()).await.unwrap();
        let args = world.to_client("Hi");
        let meanwhile = world.call_as(service(), Some("k"), args.clone()).await;
        assert_eq!(code(meanwhile), RefusalCode::InProgress);
        finish.send(()).unwrap();
        holder.await.unwrap().unwrap();
        world.call_as(service(), Some("k"), args).await.unwrap();
        assert_eq!(world.sends().await.len(), 1);
    });
}
