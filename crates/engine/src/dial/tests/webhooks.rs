//! Meta's events of calls, through intake and router: in any order, twice, in every odd shape.

use calling_policy::Party;
use marketplace::{CallAttemptId, Clock as _};
use meta_client::DialOutcome;
use serde_json::{Value, json};
use store::{
    calls,
    contacts::Identity,
    inbound,
    testing::{TestStore, on_both},
};

use super::{
    fixture::{self, number},
    world::{World, wacid_of},
};

#[test]
fn call_callback_updates_status() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.connect(id).await;
        assert_eq!(world.state(id).await, "placed", "a connection is no pick-up");
        world.status(id, "RINGING").await;
        assert_eq!(world.state(id).await, "ringing");
        world.status(id, "ACCEPTED").await;
        assert_eq!(world.state(id).await, "answered");
        world.completed(id).await;
        assert_eq!(world.state(id).await, "completed");
        let events = store.db.read(move |tx| calls::events_of(tx, id)).await.unwrap();
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["connect", "status", "status", "terminate"]);
        let raw: Value = serde_json::from_str(events[3].payload.as_deref().unwrap()).unwrap();
        assert!(raw.to_string().contains(&wacid_of(id)), "as it came: {raw}");
        assert_eq!(
            world.audit().await[1..],
            ["call.dialling", "call.placed", "call.ringing", "call.accepted", "call.terminated"]
        );
        assert_eq!(world.fallbacks().await, 0);
    });
}

/// How one `terminate` ends a call that rang.
async fn ends(store: &TestStore, more: Value, errors: Value) -> (String, usize) {
    let world = World::new(store).await;
    let id = world.placed(Party::Client).await;
    world.status(id, "RINGING").await;
    for _ in 0..2 {
        world.terminate(id, more.clone(), errors.clone()).await;
    }
    (world.state(id).await, world.fallbacks().await)
}

#[test]
fn terminate_in_all_its_shapes() {
    let failed = json!([{"code": 138_021, "message": "m"}]);
    let doubt = json!([{"code": 138_021}, {"code": 138_023}]);
    for (more, errors, state, fallbacks) in [
        (json!({}), json!([]), "no_answer", 1),
        (json!({"status": "Completed", "duration": 0}), json!([]), "no_answer", 1),
        (json!({"status": ["Failed", "Completed"]}), json!([]), "failed unstated", 1),
        (json!({"status": "FAILED"}), failed.clone(), "failed meta_138021", 1),
        (json!({"status": "COMPLETED", "duration": "12"}), json!([]), "completed", 0),
        (json!({"status": "FAILED", "start_time": "1790000210"}), failed, "completed", 0),
        (json!({"status": "COMPLETED"}), doubt, "failed meta_138023", 1),
        (json!({"status": null}), json!([]), "no_answer", 1),
    ] {
        on_both(async |store| {
            assert_eq!(
                ends(store, more.clone(), errors.clone()).await,
                (state.to_owned(), fallbacks),
                "{more} {errors}"
            );
        });
    }
}

#[test]
fn every_order_of_the_same_events_ends_the_same() {
    let orders: [[usize; 4]; 6] =
        [[0, 1, 2, 3], [3, 2, 1, 0], [3, 0, 2, 1], [2, 3, 0, 1], [1, 3, 2, 0], [0, 3, 1, 2]];
    for order in orders {
        on_both(async |store| {
            let world = World::new(store).await;
            let id = world.placed(Party::Client).await;
            for event in order {
                match event {
                    0 => world.connect(id).await,
                    1 => world.status(id, "RINGING").await,
                    2 => world.status(id, "ACCEPTED").await,
                    _ => world.completed(id).await,
                }
            }
            world.settle().await;
            assert_eq!(world.state(id).await, "completed", "{order:?}");
            assert_eq!(world.fallbacks().await, 0, "{order:?}");
        });
    }
}

#[test]
fn a_late_acceptance_corrects_the_reason_and_takes_no_sentence_back() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.terminate(id, json!({}), json!([])).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 1));
        world.status(id, "ACCEPTED").await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("completed", 1));
        assert_eq!(world.audit().await.last().unwrap(), "call.accepted");
    });
}

#[test]
fn rejected_is_declined() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.status(id, "REJECTED").await;
        world.terminate(id, json!({}), json!([])).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("declined", 1));
    });
}

/// `connect` without our id comes before the answer to the dial: only its call id tells whose it is.
#[test]
fn what_comes_before_the_answer_waits_for_it() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        let early: CallAttemptId = id;
        world.connect(early).await;
        world.connect(early).await;
        assert_eq!(world.state(id).await, "intent", "nobody knows whose call it is");
        assert_eq!(world.step().await.placed, 1);
        assert_eq!(world.load(id).await.sdp_answer.as_deref(), Some(super::world::ANSWER));
        let events = store.db.read(move |tx| calls::events_of(tx, id)).await.unwrap();
        assert!(!events.is_empty());
        world.settle().await;
        let answers = world.voice.done().iter().filter(|line| line.starts_with("answer")).count();
        assert_eq!(answers, 1);
    });
}

/// As when a webhook was being kept while the answer was being recorded.
#[test]
fn what_was_kept_beside_the_answer_is_found_by_supervision() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.meta.will(DialOutcome::Unknown { why: "late".to_owned() });
        let id = world.decide(Party::Client).await;
        world.step().await;
        world.connect(id).await;
        assert_eq!(world.state(id).await, "unknown");
        world.write(move |tx| Ok(calls::learn_wacid(tx, id, &wacid_of(id))?)).await;
        world.step().await;
        assert_eq!(world.state(id).await, "placed");
    });
}

/// Who takes our call has a window as if they had written; who lets it ring, or whose end is in doubt, has none.
#[test]
fn a_call_that_was_taken_opens_the_window() {
    let talked = json!({"start_time": "1790000300", "duration": 20});
    let doubt = json!([{"code": 138_023}]);
    for (accepts, more, errors, opens) in [
        (true, json!({}), json!([]), true),
        (false, talked.clone(), json!([]), true),
        (false, json!({}), json!([]), false),
        (false, talked.clone(), doubt.clone(), false),
    ] {
        on_both(async |store| {
            let world = World::new(store).await;
            store.execute("DELETE FROM contact_windows").await;
            let id = world.placed(Party::Client).await;
            world.status(id, "RINGING").await;
            if accepts {
                world.status(id, "ACCEPTED").await;
            }
            world.terminate(id, more.clone(), errors.clone()).await;
            let client = world.people.client;
            let open: Result<bool, ::store::StoreError> =
                store.db.read(move |tx| ::store::contacts::window_is_open(tx, client, &number())).await;
            assert_eq!(open.unwrap(), opens, "{accepts} {more} {errors}");
        });
    }
}

#[test]
fn a_call_of_theirs_is_recorded_and_moves_nothing() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        let item = json!({"id": "wacid.theirs", "event": "connect", "timestamp": "1790000300",
            "direction": "USER_INITIATED", "from": "254700000101", "to": "15550783881",
            "biz_opaque_callback_data": id.to_string(),
            "session": {"sdp_type": "offer", "sdp": "v=0\r\n"}});
        world.webhook("calls", item, json!([])).await;
        assert_eq!(world.state(id).await, "placed");
        assert_eq!(world.load(id).await.sdp_answer, None);
        let kept =
            world.write(move |tx| Ok(calls::take_waiting(tx, &number(), "wacid.theirs", id)?.len())).await;
        assert_eq!(kept, 1);
    });
}

#[test]
fn an_id_of_another_number_or_none_of_ours_moves_nothing() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        for (echo, wacid) in [("not an id", "wacid.x"), ("00000000-0000-4000-8000-000000000000", "wacid.y")] {
            let item = json!({"id": wacid, "type": "call", "status": "REJECTED", "timestamp": "1790000300",
                "recipient_id": "254700000101", "biz_opaque_callback_data": echo});
            world.webhook("statuses", item, json!([])).await;
        }
        assert_eq!(world.state(id).await, "placed");
        // Of our call, but with a text of somebody else in the place of our id: Meta's id decides.
        let item = json!({"id": wacid_of(id), "type": "call", "status": "RINGING", "timestamp": "1790000300",
            "biz_opaque_callback_data": "not an id"});
        world.webhook("statuses", item, json!([])).await;
        assert_eq!(world.state(id).await, "ringing");
    });
}

/// Two numbers of ours, one call id: each has a call of its own.
#[test]
fn what_came_in_on_another_number_of_ours_is_not_taken() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        let other: marketplace::PhoneNumberId = "10002".parse().unwrap();
        let item = json!({"id": wacid_of(id), "event": "terminate", "timestamp": "1790000300",
            "direction": "BUSINESS_INITIATED", "to": "254700000101", "status": "COMPLETED"});
        let value = json!({"messaging_product": "whatsapp", "calls": [item],
            "metadata": {"display_phone_number": "15550783882", "phone_number_id": other.as_str()}});
        let entry = json!([{"id": "1", "changes": [{"field": "calls", "value": value}]}]);
        let body = json!({"object": "whatsapp_business_account", "entry": entry}).to_string();
        crate::intake::Intake::new(store.db.clone()).accept(body.as_bytes()).await.unwrap();
        let numbers = vec![number(), other.clone()];
        let router = crate::router::Router::new(
            store.db.clone(),
            numbers,
            tools::Policy::default(),
            "router".to_owned(),
        );
        assert_eq!(router.step().await.unwrap().finished, 1);
        assert_eq!(world.step().await.placed, 1);
        world.settle().await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("placed", 0));
        let kept =
            move |tx: &mut store::Tx<'_>| Ok(calls::take_waiting(tx, &other, &wacid_of(id), id)?.len());
        assert_eq!(world.write(kept).await, 1, "it waits for a call of its own number");
    });
}

/// Our id of one call and Meta's id of another: nobody knows which is meant.
#[test]
fn an_event_that_names_two_calls_moves_neither() {
    on_both(async |store| {
        let world = World::new(store).await;
        let first = world.placed(Party::Client).await;
        world.terminate(first, json!({}), json!([])).await;
        world.advance(601);
        let people = world.people;
        let second = world
            .guarded(move |tx, guard| {
                let new = calls::NewAttempt {
                    contact: people.client,
                    party: Party::Client,
                    vendor: None,
                    claim: calling_policy::Trigger::ClientAsked,
                    author: marketplace::ActorKind::Orchestrator,
                };
                Ok(calls::insert(tx, guard, &new)?)
            })
            .await;
        let item = json!({"id": wacid_of(first), "type": "call", "status": "ACCEPTED", "timestamp": "1790000300",
            "recipient_id": "254700000101", "biz_opaque_callback_data": second.to_string()});
        world.webhook("statuses", item, json!([])).await;
        assert_eq!(
            (world.state(first).await.as_str(), world.state(second).await.as_str()),
            ("no_answer", "intent")
        );
        let kept = store.db.read(move |tx| calls::events_of(tx, second)).await.unwrap();
        assert_eq!(kept.len(), 1, "kept as it came");
        assert!(kept[0].payload.as_deref().unwrap().contains("ACCEPTED"));
    });
}

/// Its id was not known when it had to end.
#[test]
fn a_call_that_could_not_be_named_is_ended_once_meta_names_it() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        store.execute("UPDATE call_attempts SET wacid = NULL, wacid_hash = NULL").await;
        // Another process: this one remembers the id.
        world.dialler.release().await.unwrap();
        world.restart();
        world.pass(45).await;
        world.settle().await;
        assert_eq!(world.meta.count("terminate"), 0, "there is nothing to name");
        assert_eq!(world.load(id).await.terminate_at, None);
        for _ in 0..2 {
            world.status(id, "RINGING").await;
            world.advance(1);
            world.settle().await;
        }
        assert_eq!(world.meta.wire()[1..], [format!("terminate wacid.{id}")]);
    });
}

#[test]
fn a_client_without_a_number_is_called_and_heard() {
    on_both(async |store| {
        let bsuid: marketplace::Bsuid = "KE.90000000000000000101".parse().unwrap();
        let known_by = [Identity::Bsuid(bsuid)];
        let people = store.db.write(move |tx| fixture::people_known_by(tx, &known_by, 1)).await.unwrap();
        let world = World::with(store, people);
        // Without a number nobody knows the client's zone.
        world.store.execute("UPDATE contacts SET timezone = 'Africa/Nairobi'").await;
        let id = world.placed(Party::Client).await;
        let item = json!({"id": wacid_of(id), "event": "terminate", "timestamp": "1790000300",
            "direction": "BUSINESS_INITIATED", "to_user_id": "KE.90000000000000000101", "status": "COMPLETED"});
        world.webhook("calls", item, json!([])).await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 1));
    });
}

#[test]
fn a_recording_changes_nothing_and_a_pause_of_the_account_stops_calls() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        let item = json!({"id": wacid_of(id), "event": "call_recording_available", "timestamp": "1790000300",
            "call_recording": {"audio": {"id": "media-1"}}});
        world.webhook("calls", item, json!([])).await;
        assert_eq!(world.state(id).await, "placed");
        let until = store.clock.now().as_seconds() + 3_600;
        for (kind, pauses) in [
            ("RESTRICTED_USER_INITIATED_CALLING", false),
            ("RESTRICTED_BUSINESS_INITIATED_CALLING", true),
            ("RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING", true),
        ] {
            let value = json!({"event": "ACCOUNT_RESTRICTION", "kind": kind,
                "restriction_info": [{"restriction_type": kind, "expiration": until}]});
            let entry = json!([{"id": "1", "changes": [{"field": "account_update", "value": value}]}]);
            let body = json!({"object": "whatsapp_business_account", "entry": entry}).to_string();
            crate::intake::Intake::new(store.db.clone()).accept(body.as_bytes()).await.unwrap();
            world.route().await;
            let restricted = store.db.read(|tx| calls::restricted_until(tx, &number())).await.unwrap();
            assert_eq!(restricted.map(marketplace::Timestamp::as_seconds), pauses.then_some(until), "{kind}");
        }
        assert_eq!(world.state(id).await, "placed", "nobody is cut off");
        let left = store.db.read(|tx| inbound::waiting(tx, 10)).await.unwrap();
        assert!(left.is_empty());
    });
}
