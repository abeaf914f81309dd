use audit::Outcome;
use marketplace::{Control, RequestState, TurnId};
use serde_json::json;
use store::{
    StoreError,
    lanes::{self, EntryKind, Lease},
    testing::on_both,
    turns::{self, Settlement, TurnStatus},
};
use tool_registry::{RefusalCode, ToolCall, UpdateRequestStateArgs};

use super::world::{World, plan as batch_plan};
use crate::{AuditEntry, Caller, PlanCall, PlanCommit, PlanOutcome, ToolError};

fn required(step: &str, call: impl Into<ToolCall>) -> PlanCall {
    PlanCall { step: step.to_owned(), call: call.into(), leave_out: false }
}

fn optional(step: &str, call: impl Into<ToolCall>) -> PlanCall {
    PlanCall { leave_out: true, ..required(step, call) }
}

fn plan(lease: &Lease, turn: TurnId, entries: &[lanes::Entry], calls: Vec<PlanCall>) -> PlanCommit {
    let decision = AuditEntry::new(Caller::orchestrator().actor, "decision.coded_workflow", json!({}));
    PlanCommit {
        lease: lease.clone(),
        turn,
        consumed: entries.iter().map(|entry| entry.id).collect(),
        calls,
        decisions: vec![decision.caused_by(turn)],
        settlement: Settlement {
            status: TurnStatus::Committed,
            source: "coded_workflow".to_owned(),
            verdict: "not_asked".to_owned(),
            decision: "ask_client".to_owned(),
            detail: "{}".to_owned(),
            also_sealed_by: Vec::new(),
        },
        answer: None,
        calling: None,
        may_be_superseded: true,
    }
}

/// An outreach as the orchestrator plans it: the state, vendors that may be left out, word to the client.
async fn outreach(world: &World<'_>, vendors: &[&str], batch_size: u8) -> Vec<PlanCall> {
    let step = UpdateRequestStateArgs {
        plan: Some(batch_plan(batch_size)),
        ..world.step(RequestState::Sourcing).await
    };
    let mut calls = vec![required("state", step)];
    let to = |vendor: &&str| optional(&format!("vendor/{vendor}"), world.to_vendor(vendor, "Brake pads?"));
    calls.extend(vendors.iter().map(to));
    calls.push(required("client", world.to_client("I am asking shops.")));
    calls
}

async fn question(world: &World<'_>) -> Vec<PlanCall> {
    vec![
        required("client", world.to_client("Which axle?")),
        required("state", world.step(RequestState::Clarifying).await),
    ]
}

async fn turn_status(world: &World<'_>, turn: TurnId) -> TurnStatus {
    world.read(move |tx| turns::status(tx, turn)).await.unwrap()
}

async fn waiting(world: &World<'_>) -> usize {
    let request = world.request;
    world.read(move |tx| lanes::pending(tx, request)).await.len()
}

#[test]
fn a_plan_takes_effect_whole() {
    on_both(async |test| {
        let world = World::new(test, 2).await;
        let (lease, turn, entries) = world.begin_turn().await;
        let calls = outreach(&world, &["v1", "v2"], 2).await;
        assert_eq!(world.commit(&plan(&lease, turn, &entries, calls)).await.unwrap(), PlanOutcome::Done);
        assert_eq!(world.sends().await.len(), 3);
        assert_eq!(waiting(&world).await, 0);
        assert_eq!(turn_status(&world, turn).await, TurnStatus::Committed);
        assert_eq!(
            world.audit_lines(0).await,
            [
                "decision.coded_workflow ok",
                "state.changed ok",
                "marketplace.update_request_state ok",
                "marketplace.send_vendor_message ok",
                "marketplace.send_vendor_message ok",
                "marketplace.send_client_message ok",
            ]
        );
        let tool_calls: Vec<_> = world.audit().await.into_iter().skip(2).collect();
        assert!(tool_calls.iter().all(|(record, _)| record.caused_by == Some(turn.to_string())));
    });
}

#[test]
fn a_refused_required_step_undoes_the_plan_and_is_recorded_alone() {
    on_both(async |test| {
        let world = World::new(test, 2).await;
        let (lease, turn, entries) = world.begin_turn().await;
        let rows = world.rows().await;
        let mut calls = outreach(&world, &["v1"], 2).await;
        calls.push(required("vendor/leak", world.to_vendor("v2", "for Asha Mwangi")));
        let outcome = world.commit(&plan(&lease, turn, &entries, calls)).await.unwrap();
        let PlanOutcome::Refused { step, tool, refusal } = outcome else { panic!("{outcome:?}") };
        assert_eq!((step.as_str(), tool), ("vendor/leak", "marketplace.send_vendor_message"));
        assert_eq!(refusal.code, RefusalCode::ClientDatum);
        assert_eq!(world.rows().await, rows);
        assert_eq!(world.audit_lines(0).await, ["marketplace.send_vendor_message refused client_datum"]);
        // The turn goes on: another plan under other steps commits.
        let calls = question(&world).await;
        assert_eq!(world.commit(&plan(&lease, turn, &entries, calls)).await.unwrap(), PlanOutcome::Done);
    });
}

#[test]
fn a_vendor_who_refuses_is_left_out() {
    on_both(async |test| {
        let world = World::new(test, 3).await;
        let (lease, turn, entries) = world.begin_turn().await;
        world.opt_out(world.vendor("v1").await.contact).await;
        let calls = outreach(&world, &["v1", "v2", "v3"], 3).await;
        assert_eq!(world.commit(&plan(&lease, turn, &entries, calls)).await.unwrap(), PlanOutcome::Done);
        assert_eq!(world.sends().await.len(), 3);
        let lines = world.audit_lines(0).await;
        assert!(lines.contains(&"marketplace.send_vendor_message refused vendor_opted_out".to_owned()));
    });
}

#[test]
fn when_all_vendors_refuse_nothing_takes_effect() {
    on_both(async |test| {
        let world = World::new(test, 2).await;
        let (lease, turn, entries) = world.begin_turn().await;
        for vendor in ["v1", "v2"] {
            world.opt_out(world.vendor(vendor).await.contact).await;
        }
        let rows = world.rows().await;
        let calls = outreach(&world, &["v1", "v2"], 2).await;
        let outcome = world.commit(&plan(&lease, turn, &entries, calls)).await.unwrap();
        let PlanOutcome::Refused { step, refusal, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!((step.as_str(), refusal.code), ("vendor/v2", RefusalCode::VendorOptedOut));
        assert_eq!(world.rows().await, rows);
        assert_eq!(world.audit().await.len(), 1);
    });
}

#[test]
fn an_unread_message_of_the_client_sends_a_plan_back() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let (lease, turn, entries) = world.begin_turn().await;
        let more = world.client_says("and wipers").await;
        world.mail(EntryKind::ClientMessage, Some(more)).await;
        let calls = question(&world).await;
        let commit = plan(&lease, turn, &entries, calls);
        assert_eq!(world.commit(&commit).await.unwrap(), PlanOutcome::Superseded);
        assert!(world.sends().await.is_empty());
        assert_eq!(waiting(&world).await, 2);
        assert_eq!(turn_status(&world, turn).await, TurnStatus::Superseded);
        assert_eq!(world.audit_lines(0).await, ["turn.superseded ignored unread_client_message"]);

        // The next turn reads everything; the one after two such turns commits in any case.
        test.clock.advance(lanes::COALESCE_QUIET);
        let (lease, turn, entries) = world.claim_turn().await;
        assert_eq!(entries.len(), 2);
        let more = world.client_says("hello?").await;
        world.mail(EntryKind::ClientMessage, Some(more)).await;
        let calls = question(&world).await;
        let commit = PlanCommit { may_be_superseded: false, ..plan(&lease, turn, &entries, calls) };
        assert_eq!(world.commit(&commit).await.unwrap(), PlanOutcome::Done);
        assert_eq!(waiting(&world).await, 1, "what it has not read still waits");
    });
}

#[test]
fn what_does_not_supersede() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let (lease, turn, entries) = world.begin_turn().await;
        world.mail(EntryKind::Wake, None).await;
        let calls = question(&world).await;
        assert_eq!(world.commit(&plan(&lease, turn, &entries, calls)).await.unwrap(), PlanOutcome::Done);

        let more = world.client_says("and wipers").await;
        world.mail(EntryKind::ClientMessage, Some(more)).await;
        test.clock.advance(lanes::COALESCE_MAX);
        let (lease, turn, entries) = world.claim_turn().await;
        let more = world.client_says("hello?").await;
        world.mail(EntryKind::ClientMessage, Some(more)).await;
        // Nothing of it is said or sent.
        let calls = vec![required("state", world.step(RequestState::Clarifying).await)];
        assert_eq!(world.commit(&plan(&lease, turn, &entries, calls)).await.unwrap(), PlanOutcome::Done);
    });
}

#[test]
fn a_plan_for_a_request_that_is_over_or_taken_is_dropped() {
    for (state, control, reason) in [
        (RequestState::Closed, Control::Bot, "closed"),
        (RequestState::HandedOff, Control::Bot, "handed_off"),
        (RequestState::Escalated, Control::Human, "human_control"),
        (RequestState::Sourcing, Control::Human, "human_control"),
    ] {
        on_both(async |test| {
            let world = World::new(test, 0).await;
            let (lease, turn, entries) = world.begin_turn().await;
            let calls = question(&world).await;
            world.put(state, control).await;
            let commit = plan(&lease, turn, &entries, calls);
            assert_eq!(world.commit(&commit).await.unwrap(), PlanOutcome::Dropped);
            assert!(world.sends().await.is_empty());
            // What a person has to read stays unread for the bot.
            let unread = usize::from(control == Control::Human);
            assert_eq!(waiting(&world).await, unread);
            assert_eq!(turn_status(&world, turn).await, TurnStatus::Dropped);
            assert_eq!(world.audit_lines(0).await, [format!("turn.dropped ignored {reason}")]);
        });
    }
}

#[test]
fn a_worker_that_lost_its_lease_writes_nothing() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let (lease, turn, entries) = world.begin_turn().await;
        let calls = question(&world).await;
        world
            .write({
                let lease = lease.clone();
                move |tx| {
                    lanes::release(tx, &lease, false)?;
                    lanes::claim(tx, "another")?.unwrap();
                    Ok(())
                }
            })
            .await;
        let rows = world.rows().await;
        let error = world.commit(&plan(&lease, turn, &entries, calls)).await.unwrap_err();
        assert!(matches!(error, ToolError::Store(StoreError::LeaseLost)), "{error:?}");
        assert_eq!(world.rows().await, rows);
        assert!(world.audit().await.is_empty());
    });
}

#[test]
fn a_decision_is_held_against_the_rows_as_they_are_now() {
    on_both(async |test| {
        let world = World::new(test, 3).await;
        let (lease, turn, entries) = world.begin_turn().await;
        let answer = json!({
            "type": "vendor_outreach_plan",
            "category": super::world::CATEGORY,
            "normalized_need": "front brake pads",
            "vendor_filters": { "max_distance_km": null, "languages": [], "min_rating": null },
            "batch_size": 2,
            "vendor_questions": [],
            "stop_conditions": { "offers_wanted": 2, "deadline_minutes": 30 },
            "calling": { "wish": "none", "party": null, "trigger": null },
        });
        let calls = outreach(&world, &["v1"], 2).await;
        let commit = PlanCommit { answer: Some(answer.to_string()), ..plan(&lease, turn, &entries, calls) };
        // Meanwhile somebody else opens a batch.
        world.open_batch(2).await.unwrap();
        let (rows, audited) = (world.rows().await, world.audit().await.len());
        let outcome = world.commit(&commit).await.unwrap();
        let PlanOutcome::NoLongerValid { violations } = outcome else { panic!("{outcome:?}") };
        assert!(!violations.is_empty());
        assert_eq!(world.rows().await, rows);
        let audit = world.audit().await;
        assert_eq!(audit.len(), audited + 1);
        let last = &audit.last().unwrap().0;
        assert_eq!((last.action.as_str(), last.outcome), ("decision.rejected", Outcome::Rejected));
        assert_eq!(last.reasons.len(), violations.len());
    });
}

#[test]
fn a_valid_answer_commits() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let (lease, turn, entries) = world.begin_turn().await;
        let answer = json!({
            "type": "ask_client", "question_text": "Which axle?", "why": "it decides",
            "state_suggestion": "clarifying",
        });
        let calls = question(&world).await;
        let commit = PlanCommit { answer: Some(answer.to_string()), ..plan(&lease, turn, &entries, calls) };
        assert_eq!(world.commit(&commit).await.unwrap(), PlanOutcome::Done);
        // The commit went through and its answer was lost: the same commit again does nothing, although by now
        // the client has written again and the answer would no longer be valid.
        let more = world.client_says("front").await;
        world.mail(EntryKind::ClientMessage, Some(more)).await;
        let (rows, audited) = (world.rows().await, world.audit().await.len());
        assert_eq!(world.commit(&commit).await.unwrap(), PlanOutcome::Done);
        assert_eq!(world.rows().await, rows);
        assert_eq!(world.audit().await.len(), audited);
    });
}

#[test]
fn a_second_commit_of_a_settled_turn_does_nothing() {
    on_both(async |test| {
        let world = World::new(test, 2).await;
        let (lease, turn, entries) = world.begin_turn().await;
        let mut calls = outreach(&world, &["v1", "v2"], 2).await;
        let escalate = UpdateRequestStateArgs {
            expected_version: world.version().await + 1,
            ..world.step(RequestState::Escalated).await
        };
        calls.push(required("escalate", escalate));
        let commit = plan(&lease, turn, &entries, calls);
        assert_eq!(world.commit(&commit).await.unwrap(), PlanOutcome::Done);
        let (rows, audited) = (world.rows().await, world.audit().await.len());
        assert_eq!(world.commit(&commit).await.unwrap(), PlanOutcome::Done);
        assert_eq!(world.rows().await, rows, "the escalation drops nothing that was committed");
        assert_eq!(world.audit().await.len(), audited);
    });
}
