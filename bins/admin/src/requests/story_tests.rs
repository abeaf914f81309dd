use audit::Outcome;
use marketplace::{Control, Language, RequestId, RequestState, SeededIds, Timestamp};
use moltbot_contract::Urgency;
use serde_json::Value;

use super::super::dossier::{AuditLine, Client, Dossier, Facts, Message, StateChange, Turn, Violation};
use super::tell;

const START: i64 = 1_790_000_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1_000)
}

fn message(
    ids: &SeededIds,
    seconds: i64,
    party: &'static str,
    direction: &'static str,
    text: &str,
) -> Message {
    let vendor = party == "vendor";
    Message {
        id: marketplace::MessageId::generate(ids),
        at: at(seconds),
        written_at: None,
        direction,
        party,
        vendor_id: vendor.then(|| "v1".parse().unwrap()),
        vendor_name: vendor.then(|| "Jua Kali Spares".to_owned()),
        text: text.to_owned(),
        status: if direction == "in" { "received" } else { "delivered" }.to_owned(),
        status_reason: None,
        purpose: None,
    }
}

fn turn(ids: &SeededIds, seconds: i64, verdict: &str, decision: &str, why: &str) -> Turn {
    Turn {
        turn_id: marketplace::TurnId::generate(ids),
        at: at(seconds),
        status: "committed".to_owned(),
        source: if verdict == "accepted" { "moltbot" } else { "coded_workflow" }.to_owned(),
        verdict: verdict.to_owned(),
        decision: decision.to_owned(),
        why: why.to_owned(),
        reasons: Vec::new(),
        violations: Vec::new(),
    }
}

fn record(
    seconds: i64,
    seq: u64,
    actor: &str,
    action: &str,
    outcome: Outcome,
    reasons: &[&str],
) -> AuditLine {
    AuditLine {
        seq,
        at: at(seconds),
        actor: actor.to_owned(),
        action: action.to_owned(),
        outcome,
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        caused_by: None,
        payload: Value::Null,
    }
}

fn state(seconds: i64, from: Option<&str>, to: &str, reason: &str) -> StateChange {
    StateChange {
        at: at(seconds),
        from: from.map(str::to_owned),
        to: to.to_owned(),
        by: "orchestrator:turn".to_owned(),
        reason: reason.to_owned(),
    }
}

fn dossier() -> Dossier {
    let ids = SeededIds::new(7);
    let mut rejected = turn(&ids, 60, "rejected", "vendor_outreach_plan", "the need is clear");
    rejected.violations.push(Violation {
        pointer: "/batch_size".to_owned(),
        rule: "number_too_large".to_owned(),
        message: "expected at most 5".to_owned(),
    });
    let mut unknown = message(&ids, 60, "vendor", "out", "Do you have front pads?");
    unknown.status = "failed".to_owned();
    unknown.status_reason = Some("resolved_not_delivered".to_owned());
    let orchestrator = "orchestrator:turn";
    Dossier {
        request: Facts {
            id: "req_0190a1b2c3d4e5f60718293a4b5c6d7e".parse::<RequestId>().unwrap(),
            state: RequestState::Sourcing,
            control: Control::Bot,
            version: 3,
            category: Some("auto_parts".to_owned()),
            need: Some("Front brake pads, Toyota Fielder 2012".to_owned()),
            urgency: Urgency::Normal,
            language: Language::En,
            prescription: false,
            client: Client {
                contact_id: marketplace::ContactId::generate(&ids),
                name: Some("Amina Wanjiru".to_owned()),
                phone: Some("+254700000101".to_owned()),
            },
            created_at: at(0),
            updated_at: at(36_000),
        },
        states: vec![
            state(0, None, "new", "request.opened"),
            state(3, Some("new"), "clarifying", "axle unknown"),
            state(60, Some("clarifying"), "sourcing", "the need is clear"),
        ],
        messages: vec![
            message(&ids, 0, "client", "in", "I need brake pads\nfor my Fielder \u{1b}[31m"),
            message(&ids, 3, "client", "out", "Front or rear?"),
            message(&ids, 58, "client", "in", "front"),
            unknown,
            message(&ids, 36_000, "vendor", "in", "(erased)"),
        ],
        batches: Vec::new(),
        replies: Vec::new(),
        shortlists: Vec::new(),
        turns: vec![turn(&ids, 3, "accepted", "ask_client", "axle unknown"), rejected],
        open_turn: None,
        audit: vec![
            record(0, 1, "system:router", "request.opened", Outcome::Ok, &[]),
            record(3, 2, orchestrator, "decision.accepted", Outcome::Ok, &[]),
            record(3, 3, orchestrator, "marketplace.send_client_message", Outcome::Ok, &[]),
            record(
                60,
                4,
                orchestrator,
                "marketplace.send_vendor_message",
                Outcome::Refused,
                &["batch_limit"],
            ),
            record(36_000, 5, "human:operator", "send.failed", Outcome::Failed, &["resolved_not_delivered"]),
        ],
        audit_verified: true,
        audit_fault: None,
    }
}

#[test]
fn a_story_reads_from_top_to_bottom() {
    insta::assert_snapshot!(tell(&dossier()), @r#"
    req_0190a1b2c3d4e5f60718293a4b5c6d7e
      sourcing · driven by the bot · version 3
      Client    Amina Wanjiru, +254700000101
      Need      Front brake pads, Toyota Fielder 2012
      Kind      auto_parts · normal · en
      Opened    2026-09-21 14:13:20Z, last change 2026-09-22 00:13:20Z

    2026-09-21
      14:13:20  Amina Wanjiru → us
                I need brake pads
                for my Fielder �[31m
      14:13:20  ● new
      14:13:23  ◆ ask_client (moltbot; answer accepted)
                why: axle unknown
      14:13:23  · send_client_message ok
      14:13:23  ● new → clarifying (by orchestrator:turn)
                axle unknown
      14:13:23  us → Amina Wanjiru  [delivered]
                Front or rear?
      14:14:18  Amina Wanjiru → us
                front
      14:14:20  ◆ vendor_outreach_plan (coded_workflow; Moltbot's answer rejected)
                why: the need is clear
                violates number_too_large at /batch_size: expected at most 5
      14:14:20  · send_vendor_message refused: batch_limit
      14:14:20  ● clarifying → sourcing (by orchestrator:turn)
                the need is clear
      14:14:20  us → Jua Kali Spares  [failed: resolved_not_delivered]
                Do you have front pads?

    2026-09-22
      00:13:20  Jua Kali Spares → us
                (erased)
      00:13:20  · send.failed: resolved_not_delivered, by human:operator

    Audit: 5 records, verified.
    "#);
}

#[test]
fn a_broken_chain_is_said_last_and_loudly() {
    let mut dossier = dossier();
    dossier.audit_verified = false;
    dossier.audit_fault = Some("record 3 was edited".to_owned());
    assert!(tell(&dossier).ends_with("\nAudit: 5 records, NOT VERIFIED: record 3 was edited\n"));
}

#[test]
fn an_erased_client_leaves_a_story() {
    let mut dossier = dossier();
    dossier.request.client.name = None;
    dossier.request.client.phone = None;
    dossier.request.need = None;
    let story = tell(&dossier);
    assert!(story.contains("  Client    (erased)\n  Need      –\n"), "{story}");
    assert!(story.contains("client → us"), "{story}");
}
