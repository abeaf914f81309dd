//! A small request with something of everything, for the tests of what people read.

use audit::Outcome;
use calling_policy::{ConsentKey, ConsentStatus, Party, Pickup, Scope, Trigger};
use marketplace::{Control, Language, RequestId, RequestState, SeededIds, Timestamp};
use moltbot_contract::Urgency;
use serde_json::{Value, json};
use store::calls::HistoryEvent;

use super::{
    calls::{Call, CallEvent, Consent, HistoryLine},
    dossier::{AuditLine, Client, Dossier, Facts, Message, StateChange, Turn, Violation},
};

const START: i64 = 1_790_000_000_000;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1_000)
}

pub(super) fn message(
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
        explained: None,
        sent_at: None,
        delivered_at: None,
        read_at: None,
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
        commitment: "0".repeat(64),
        prev_hash: format!("{:064x}", seq - 1),
        hash: format!("{seq:064x}"),
        canonical: format!("{{\"seq\":{seq}}}"),
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

fn consent(ids: &SeededIds, party: Party, key: ConsentKey, history: &[(i64, HistoryEvent)]) -> Consent {
    let contact_id = marketplace::ContactId::generate(ids);
    let prompt_message_id = marketplace::MessageId::generate(ids);
    let status = |event: HistoryEvent| match event {
        HistoryEvent::Requested => ConsentStatus::Requested,
        HistoryEvent::Yes => ConsentStatus::Granted,
        HistoryEvent::No => ConsentStatus::Denied,
        _ => ConsentStatus::Expired,
    };
    let vendor = party == Party::Vendor;
    Consent {
        id: marketplace::ConsentId::generate(ids),
        party,
        contact_id,
        vendor_id: vendor.then(|| "v1".parse().unwrap()),
        vendor_name: vendor.then(|| "Jua Kali Spares".to_owned()),
        key,
        scope: if vendor { Scope::CallVendor } else { Scope::Either },
        status: status(history.last().unwrap().1),
        asked_by: if vendor { "card" } else { "buttons" }.to_owned(),
        wording: "consent-prompt.v1".to_owned(),
        language: Language::En,
        prompt_message_id,
        requested_at: at(history[0].0),
        expires_at: at(90_000),
        answered_at: history
            .last()
            .filter(|(_, event)| matches!(event, HistoryEvent::Yes | HistoryEvent::No))
            .map(|(when, _)| at(*when)),
        history: (1..)
            .zip(history)
            .map(|(seq, (when, event))| HistoryLine {
                seq,
                event: *event,
                status: status(*event),
                by: (*event != HistoryEvent::Requested).then_some(contact_id),
                message_id: Some(prompt_message_id),
                happened_at: at(*when),
                recorded_at: at(*when),
                expires_at: at(90_000),
            })
            .collect(),
    }
}

fn call(ids: &SeededIds, seconds: i64) -> Call {
    Call {
        id: marketplace::CallAttemptId::generate(ids),
        party: Party::Vendor,
        contact_id: marketplace::ContactId::generate(ids),
        vendor_id: Some("v1".parse().unwrap()),
        vendor_name: Some("Jua Kali Spares".to_owned()),
        trigger: Trigger::UrgentNoReply,
        author: marketplace::ActorKind::Orchestrator,
        phase: "ended",
        pickup: Pickup::No,
        end_reason: Some("no_answer"),
        end_code: None,
        fallback: "sent",
        created_at: at(seconds),
        dialled_at: Some(at(seconds + 1)),
        connected_at: None,
        ended_at: Some(at(seconds + 46)),
        events: vec![CallEvent {
            kind: "terminate".to_owned(),
            at: at(seconds + 45),
            received_at: at(seconds + 46),
            payload: json!({ "id": "wacid.A", "event": "terminate" }),
        }],
    }
}

/// The same with consents and calls: one went unanswered, one was refused at the moment of dialling.
pub(super) fn with_calls(mut dossier: Dossier) -> Dossier {
    use HistoryEvent::{No, NotDelivered, Requested, Yes};
    let ids = SeededIds::new(9);
    dossier.consents = vec![
        consent(&ids, Party::Client, ConsentKey::Authorisation, &[(62, Requested), (70, Yes)]),
        consent(&ids, Party::Vendor, ConsentKey::Callee, &[(71, Requested), (75, Yes), (400, No)]),
        consent(&ids, Party::Client, ConsentKey::Callee, &[(62, Requested), (64, NotDelivered)]),
    ];
    let mut refused = call(&ids, 900);
    refused.dialled_at = None;
    refused.end_reason = Some("refused");
    refused.end_code = Some("calling_disabled".to_owned());
    refused.fallback = "not_due";
    dossier.calls = vec![call(&ids, 240), refused];
    let system = "system:dialler";
    dossier.audit.extend([
        record(241, 6, system, "call.dialling", Outcome::Ok, &[]),
        record(286, 7, system, "call.terminated", Outcome::Failed, &["no_answer"]),
    ]);
    dossier
}

pub(super) fn dossier() -> Dossier {
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
    let mut refused =
        record(60, 4, orchestrator, "marketplace.send_vendor_message", Outcome::Refused, &["batch_limit"]);
    refused.caused_by = Some(rejected.turn_id.to_string());
    refused.payload = json!({ "detail": "the open batch holds five vendors" });
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
        handoff: None,
        consents: Vec::new(),
        calls: Vec::new(),
        turns: vec![turn(&ids, 3, "accepted", "ask_client", "axle unknown"), rejected],
        open_turn: None,
        audit: vec![
            record(0, 1, "system:router", "request.opened", Outcome::Ok, &[]),
            record(3, 2, orchestrator, "decision.accepted", Outcome::Ok, &[]),
            record(3, 3, orchestrator, "marketplace.send_client_message", Outcome::Ok, &[]),
            refused,
            record(36_000, 5, "human:operator", "send.failed", Outcome::Failed, &["resolved_not_delivered"]),
        ],
        audit_verified: true,
        audit_fault: None,
        compared: super::compare::Compared { messages: 2, replies: 1 },
        read_at: at(40_000),
    }
}
