use std::time::Duration;

use audit::{ChainId, Outcome};
use calling_policy::{AttemptEvent, ConsentKey};
use marketplace::{Actor, ActorKind, EventId, RequestState, TurnId};

use super::{request, write};
use crate::{
    audit_log::{self, NewRecord},
    dead_letters::{self, DeadLetterSource, NewDeadLetter},
    flags::{self, Flag},
    inbound::{self, Routed},
    intake::NewInboundEvent,
    lanes::{self, EntryKind},
    observation::{Observation, RoleHealth, SettledTurn, observe},
    outbox::{self, SendState},
    requests,
    testing::{TestStore, on_both},
    turns::{self, Settlement, TurnStatus},
};

async fn look(test: &TestStore) -> Observation {
    test.db.read(observe).await.unwrap()
}

fn event(test: &TestStore, n: u8) -> NewInboundEvent {
    NewInboundEvent {
        id: EventId::generate(&*test.db.ids),
        key_hash: [n; 32],
        phone_number_id: Some("100".to_owned()),
        sender_hash: None,
        subject_hash: vec![n; 32],
        kind: "message".to_owned(),
        payload: "{}".to_owned(),
        meta_at: None,
        received_at: test.db.clock.now(),
        dead_reason: None,
    }
}

#[test]
fn a_quiet_database_has_nothing_to_tell() {
    on_both(async |test| {
        let seen = look(test).await;
        assert_eq!(seen.schema.len(), 14, "{}", seen.schema);
        assert_eq!((seen.webhook_lag, seen.lane_age, seen.unknown_age), (None, None, None));
        assert_eq!((seen.events_pending, seen.events_parked, seen.lanes_due), (0, 0, 0));
        assert!(seen.outbox.is_empty() && seen.ended.is_empty() && seen.turns.is_empty());
        assert!(seen.refusals.is_empty() && seen.dead_letters.is_empty() && seen.requests.is_empty());
        assert!(seen.flags.outbound && seen.roles.is_empty());
        assert_eq!((seen.unknown_sends(), seen.living("worker")), (0, 0));
        assert!(seen.calls.is_empty() && seen.calls_ended.is_empty() && seen.consents.is_empty());
        assert_eq!((seen.call_age, seen.numbers_paused), (None, 0));
    });
}

#[test]
fn calls_and_consents_have_a_number_and_an_age() {
    on_both(async |test| {
        let (client, call) = write(test, |tx| {
            let (id, client) = request(tx, "+254712345678")?;
            super::calls::consent(tx, id, client, ConsentKey::Callee)?;
            let call = super::calls::attempt(tx, id, client)?;
            crate::calls::restrict(tx, &super::number(), tx.now + Duration::from_hours(1), "meta_138014")?;
            Ok((client, call))
        })
        .await;
        test.clock.advance(Duration::from_secs(7));
        write(test, move |tx| {
            super::calls::happens(tx, call, AttemptEvent::Dialling)?;
            let (id, _) = request(tx, "+254700000001")?;
            super::calls::attempt(tx, id, client).map(drop)
        })
        .await;
        test.clock.advance(Duration::from_secs(4));
        let seen = look(test).await;
        let named = |name: &str| (name.to_owned(), 1);
        assert_eq!(seen.calls, [named("dialling"), named("intent")]);
        assert_eq!(
            (seen.call_age, seen.numbers_paused),
            (Some(Duration::from_secs(4)), 1),
            "since it was dialled"
        );
        assert_eq!(seen.consents, [named("requested")]);
        assert!(seen.calls_ended.is_empty());

        write(test, move |tx| super::calls::happens(tx, call, AttemptEvent::Rejected).map(drop)).await;
        let seen = look(test).await;
        assert_eq!(seen.calls, [named("intent")]);
        assert_eq!((seen.call_age, seen.calls_ended), (None, vec![named("declined")]));

        test.clock.advance(Duration::from_hours(24));
        let seen = look(test).await;
        assert!(seen.consents.is_empty(), "nobody answered in time, whatever the row says");
        assert!(seen.calls_ended.is_empty() && seen.numbers_paused == 0, "long ago");
    });
}

#[test]
fn what_waits_has_a_number_and_an_age() {
    on_both(async |test| {
        let [parked, routed] = [1, 2].map(|n| event(test, n));
        let (parked_id, routed_id) = (parked.id, routed.id);
        // The parked one is older and does not count for the lag: it waits for a send of ours.
        test.store.intake(vec![parked, routed]).await.unwrap();
        test.clock.advance(Duration::from_secs(2));
        test.store.intake(vec![event(test, 3)]).await.unwrap();
        let (id, client) = write(test, move |tx| {
            inbound::park(tx, parked_id)?;
            inbound::finish(tx, routed_id, None, Routed::Done)?;
            let (id, client) = request(tx, "+254712345678")?;
            let guard = requests::lock(tx, id)?;
            lanes::append(tx, &guard, EntryKind::Wake, None, Some("test"), tx.now)?;
            Ok((id, client))
        })
        .await;
        write(test, move |tx| {
            for state in [SendState::Queued, SendState::Sending, SendState::Unknown, SendState::Failed] {
                let send = super::outbox::queue(tx, id, client)?;
                if state != SendState::Queued {
                    outbox::mark_sending(tx, send, 1)?;
                }
                outbox::advance(tx, send, state, None, None)?;
            }
            let new = |source, reference| NewDeadLetter {
                source,
                reference,
                request: None,
                reason: "x",
                detail: None,
            };
            dead_letters::insert(tx, &new(DeadLetterSource::Turn, "a"))?;
            dead_letters::insert(tx, &new(DeadLetterSource::Turn, "b"))?;
            flags::set(tx.conn, Flag::Outbound, false, tx.now)
        })
        .await;
        test.clock.advance(Duration::from_secs(3));
        let seen = look(test).await;
        assert_eq!((seen.events_pending, seen.events_parked), (1, 1));
        assert_eq!(seen.webhook_lag, Some(Duration::from_secs(3)));
        assert_eq!((seen.lanes_due, seen.lane_age), (1, Some(Duration::from_secs(3))));
        let outbox = [(SendState::Queued, 1), (SendState::Sending, 1), (SendState::Unknown, 1)];
        assert_eq!(seen.outbox, outbox);
        assert_eq!((seen.unknown_sends(), seen.unknown_age), (1, Some(Duration::from_secs(3))));
        assert_eq!(seen.ended, [(SendState::Failed, 1)]);
        assert_eq!(seen.dead_letters, [(DeadLetterSource::Turn, 2)]);
        assert_eq!(seen.requests, [(RequestState::New, 1)]);
        assert!(!seen.flags.outbound && seen.flags.calling);

        test.clock.advance(Duration::from_hours(1));
        assert!(look(test).await.ended.is_empty(), "an hour later nobody asks for it");
    });
}

#[test]
fn turns_and_refusals_are_of_the_last_minutes() {
    on_both(async |test| {
        let id = write(test, |tx| Ok(request(tx, "+254712345678")?.0)).await;
        let turn: TurnId = write(test, move |tx| {
            let guard = requests::lock(tx, id)?;
            let turn = turns::open_or_resume(tx, &guard)?.id;
            turns::journal_asked(tx, &guard, turn, "{}", &[])?;
            Ok(turn)
        })
        .await;
        test.clock.advance(Duration::from_secs(4));
        write(test, move |tx| {
            let guard = requests::lock(tx, id)?;
            turns::journal_answer(tx, &guard, turn, None, "{}", &[])?;
            let refused = |action: &str, reasons: &[&str]| NewRecord {
                at: tx.now,
                actor: Actor::new(ActorKind::Orchestrator, "turn"),
                action: action.to_owned(),
                outcome: Outcome::Refused,
                reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
                caused_by: None,
                payload: serde_json::Value::Null,
                sealed_by: Vec::new(),
            };
            let records = [
                refused("marketplace.send_vendor_message", &["batch_limit", "more"]),
                refused("marketplace.send_vendor_message", &["batch_limit", "more"]),
                refused("send.window_closed", &[]),
            ];
            audit_log::append(tx.conn, tx.vault, ChainId::Request(id), &records).map(drop)
        })
        .await;
        test.clock.advance(Duration::from_secs(2));
        write(test, move |tx| {
            let end = Settlement {
                status: TurnStatus::Committed,
                source: "coded_workflow".to_owned(),
                verdict: "unavailable".to_owned(),
                decision: "ask_client".to_owned(),
                detail: "{}".to_owned(),
                also_sealed_by: Vec::new(),
            };
            let guard = requests::lock(tx, id)?;
            turns::settle(tx, &guard, turn, &end)
        })
        .await;
        let seen = look(test).await;
        let settled = SettledTurn {
            status: TurnStatus::Committed,
            source: Some("coded_workflow".to_owned()),
            verdict: Some("unavailable".to_owned()),
            whole: Duration::from_secs(6),
            moltbot: Some(Duration::from_secs(4)),
        };
        assert_eq!(seen.turns, [settled]);
        // What Meta or a gate before the wire said no to is no tool's refusal.
        let expected = ("marketplace.send_vendor_message".to_owned(), "batch_limit".to_owned(), 2);
        assert_eq!(seen.refusals, [expected]);

        test.clock.advance(Duration::from_mins(5) + Duration::from_millis(1));
        let seen = look(test).await;
        assert!(seen.turns.is_empty() && seen.refusals.is_empty());
    });
}

#[test]
fn processes_live_until_they_stop_or_fall_silent() {
    on_both(async |test| {
        let beat = |process: &'static str, role: &'static str| {
            write(test, move |tx| inbound::beat(tx, process, role))
        };
        beat("a:8080", "api").await;
        beat("a:worker:1", "worker").await;
        beat("a:worker:2", "worker").await;
        let living = |seen: &Observation| (seen.living("api"), seen.living("worker"));
        assert_eq!(living(&look(test).await), (1, 2));
        write(test, |tx| inbound::stop_beating(tx, "a:worker:1")).await;
        assert_eq!(living(&look(test).await), (1, 1));
        if test.backend() == crate::Backend::Postgres {
            // Its own clock says when; it does not wait for a test.
            return;
        }
        test.clock.advance(Duration::from_mins(1));
        let seen = look(test).await;
        assert_eq!(living(&seen), (0, 0));
        let silent =
            |role: &str| RoleHealth { role: role.to_owned(), age: Duration::from_mins(1), living: 0 };
        assert_eq!(seen.roles, [silent("api"), silent("worker")]);
        write(test, |tx| inbound::forget_silent(tx, "worker", Duration::from_secs(59))).await;
        assert_eq!(look(test).await.roles, [silent("api")], "deadlines count what intake's rows say");
    });
}
