//! The account of one good conversation, for tests to spoil.

use meta_simulator::{
    AnswerFate, Button, Call, CallAction, CallAttempt, CallDirection, CallEnd, CallVerdict, LogEntry,
    LogEvent, MessageKind, Outcome, PermissionLog, Reply, SendAttempt,
};
use serde_json::json;
use voice_simulator::{Session, SessionEnd};

use super::wording::{PROMPT, THANKS};

use crate::{
    evidence::{AuditLine, CallLine, ConsentLine, Evidence, MessageLine, RequestAccount},
    gateway::Exchange,
    people::Cast,
};

const START: i64 = 1_790_000_000_000;

/// Amina looks for brake pads and is connected with Acacia.
pub(crate) fn evidence() -> Evidence {
    Evidence {
        cast: Cast::assemble(1, 8, crate::DEFAULT_SEED),
        requests: vec![account()],
        meta: meta(),
        gateway: ["ask_client", "vendor_outreach_plan", "shortlist"].map(exchange).to_vec(),
        gateway_faults: Vec::new(),
        tool_answers: Vec::new(),
        operator: Vec::new(),
        told: Vec::new(),
        calls: Vec::new(),
        connects: std::collections::BTreeMap::new(),
        voice: None,
        outbox_unknown: Vec::new(),
        may_stay_unknown: false,
        kills: 0,
        dead_letters: Vec::new(),
        logs: vec![("concierge-worker-1".into(), "INFO turn{request=req_1}: to +25…00, wamid.…\n".into())],
        webhook_failures: 0,
        webhook_posts: 12,
        foreign_fetches: 0,
        stuck: Vec::new(),
        unfinished: None,
    }
}

fn exchange(decision: &str) -> Exchange {
    Exchange {
        at_ms: START,
        request_id: "req_1".into(),
        state: "new".into(),
        question: format!("what after {decision}?"),
        trick: None,
        decision: Some(decision.into()),
        wish: None,
    }
}

pub(crate) fn account() -> RequestAccount {
    serde_json::from_value(json!({
        "request": { "id": "req_1", "state": "handed_off",
            "client": { "contact_id": "con_1", "name": "Amina Wanjiru", "phone": "+254711000000" } },
        "states": [
            { "at": "2026-09-21T14:13:20.100Z", "from": null, "to": "new", "by": "system", "reason": "opened" },
            { "at": "2026-09-21T14:13:23Z", "from": "new", "to": "clarifying", "by": "moltbot", "reason": "axle and engine decide which pads fit" },
            { "at": "2026-09-21T14:13:53Z", "from": "clarifying", "to": "sourcing", "by": "moltbot", "reason": "the need is clear" },
            { "at": "2026-09-21T14:15:40Z", "from": "sourcing", "to": "shortlisted", "by": "moltbot", "reason": "2 offers" },
            { "at": "2026-09-21T14:16:30Z", "from": "shortlisted", "to": "handed_off", "by": "client", "reason": "the client picked an offer" },
        ],
        "messages": [
            { "id": "msg_1", "at": "2026-09-21T14:13:20Z", "direction": "in", "party": "client",
              "text": "Hi, I need brake pads for a 2014 Corolla", "status": "received" },
            { "id": "msg_2", "at": "2026-09-21T14:13:23Z", "direction": "out", "party": "client",
              "text": "Front or rear brake pads, and which engine does the Corolla have?", "status": "read" },
            { "id": "msg_3", "at": "2026-09-21T14:13:50Z", "direction": "in", "party": "client",
              "text": "Front ones, it is the 1.8 petrol", "status": "received" },
            { "id": "msg_4", "at": "2026-09-21T14:13:53Z", "direction": "out", "party": "vendor", "vendor_id": "spare-parts-01",
              "vendor_name": "Acacia Auto Spares", "status": "read",
              "text": "Do you have this: Front brake pads for a Toyota Corolla 2014, 1.8 petrol?\nDo you have it, and at what price?" },
            { "id": "msg_5", "at": "2026-09-21T14:15:30Z", "direction": "in", "party": "vendor", "vendor_id": "spare-parts-01",
              "vendor_name": "Acacia Auto Spares", "text": "yes 3500/=", "status": "received" },
            { "id": "msg_6", "at": "2026-09-21T14:15:40Z", "direction": "out", "party": "client",
              "text": "One shop has it. Shall I connect you?", "status": "read" },
            { "id": "msg_7", "at": "2026-09-21T14:16:30Z", "direction": "in", "party": "client", "text": "1", "status": "received" },
            { "id": "msg_8", "at": "2026-09-21T14:16:31Z", "direction": "out", "party": "client",
              "text": "Acacia Auto Spares: +254722000000", "status": "read" },
            { "id": "msg_9", "at": "2026-09-21T14:16:31Z", "direction": "out", "party": "vendor", "vendor_id": "spare-parts-01",
              "vendor_name": "Acacia Auto Spares", "text": "Amina wants the brake pads: +254711000000", "status": "delivered" },
        ],
        "batches": [{ "ordinal": 1, "status": "settled", "vendors": [{ "vendor_id": "spare-parts-01", "name": "Acacia Auto Spares", "slot": 1, "status": "replied" }] }],
        "replies": [],
        "shortlists": [{ "at": "2026-09-21T14:15:40Z", "items": [{ "position": 1, "vendor_id": "spare-parts-01", "reply_id": "rpl_1" }] }],
        "turns": [
            { "turn_id": "t1", "at": "2026-09-21T14:13:22Z", "source": "moltbot", "verdict": "accepted", "decision": "ask_client",
              "why": "axle and engine decide which pads fit", "violations": [] },
            { "turn_id": "t2", "at": "2026-09-21T14:13:52Z", "source": "moltbot", "verdict": "accepted", "decision": "vendor_outreach_plan",
              "why": "5 vendors, 3 offers wanted within 60 min", "violations": [] },
            { "turn_id": "t3", "at": "2026-09-21T14:15:39Z", "source": "moltbot", "verdict": "accepted", "decision": "shortlist",
              "why": "1 offer", "violations": [] },
            { "turn_id": "t4", "at": "2026-09-21T14:16:30Z", "source": "client_choice", "verdict": "accepted", "decision": "handoff",
              "why": "the client picked offer 1", "violations": [] },
        ],
        "audit": [
            { "seq": 1, "action": "request.opened", "outcome": "ok" },
            { "seq": 2, "action": "decision.accepted", "outcome": "ok" },
            { "seq": 3, "action": "decision.accepted", "outcome": "ok" },
            { "seq": 4, "action": "decision.accepted", "outcome": "ok" },
            { "seq": 5, "action": "handoff.done", "outcome": "ok" },
        ],
        "audit_verified": true,
    }))
    .unwrap()
}

fn meta() -> Vec<LogEntry> {
    vec![
        said(0, "254711000000", "Hi, I need brake pads for a 2014 Corolla"),
        accepted(
            START + 3_000,
            "254711000000",
            "Front or rear brake pads, and which engine does the Corolla have?",
            Some("int_1"),
        ),
        said(30_000, "254711000000", "Front ones, it is the 1.8 petrol"),
        accepted(START + 33_000, "254722000000", "Do you have this: Front brake pads?", Some("int_2")),
        said(130_000, "254722000000", "yes 3500/="),
        accepted(START + 140_000, "254711000000", "One shop has it. Shall I connect you?", Some("int_3")),
        said(190_000, "254711000000", "1"),
        accepted(START + 191_000, "254722000000", "Amina wants the brake pads: +254711000000", Some("int_5")),
        accepted(START + 191_000, "254711000000", "Acacia Auto Spares: +254722000000", Some("int_4")),
        accepted(START + 191_500, "254711000000", "Good luck with it!", Some("int_6")),
    ]
}

/// The same conversation with a call to Acacia in it: the client says YES on our buttons, Acacia on Meta's card, is
/// called and picks up.
pub(crate) fn call_evidence() -> Evidence {
    let (client, vendor, intent) = ("254711000000", "254722000000", "cal_1");
    let mut run = evidence();
    let mut calls: CallParts = serde_json::from_value(json!({
        "consents": [
            { "id": "cns_1", "party": "client", "key": "authorisation", "status": "granted", "history": [
                { "recorded_at": "2026-09-21T14:13:54Z", "event": "requested", "status": "requested" }, { "recorded_at": "2026-09-21T14:13:56Z", "event": "yes", "status": "granted" }] },
            { "id": "cns_2", "party": "vendor", "key": "callee", "status": "granted", "history": [
                { "recorded_at": "2026-09-21T14:13:57Z", "event": "requested", "status": "requested" }, { "recorded_at": "2026-09-21T14:13:58Z", "event": "yes", "status": "granted" }] },
        ],
        "calls": [{ "id": intent, "party": "vendor", "vendor_id": "spare-parts-01", "phase": "ended",
            "end_reason": "completed", "trigger": "urgent_no_reply", "dialled_at": "2026-09-21T14:14:00Z",
            "ended_at": "2026-09-21T14:14:30Z" }],
        "messages": [
            { "id": "msg_21", "at": "2026-09-21T14:13:56Z", "direction": "in", "party": "client", "text": "YES" },
            { "id": "msg_22", "at": "2026-09-21T14:13:58Z", "direction": "in", "party": "vendor", "vendor_id": "spare-parts-01", "text": "accept" },
            { "id": "msg_20", "at": "2026-09-21T14:13:54Z", "direction": "out", "party": "client", "text": PROMPT },
        ],
        "audit": [
            { "seq": 6, "action": "consent.granted", "outcome": "ok" }, { "seq": 7, "action": "call.dialling", "outcome": "ok" },
            { "seq": 8, "action": "call.terminated", "outcome": "ok" },
        ],
    }))
    .unwrap();
    let request = &mut run.requests[0];
    request.consents.append(&mut calls.consents);
    request.calls.append(&mut calls.calls);
    request.messages.append(&mut calls.messages);
    request.audit.append(&mut calls.audit);

    let mut prompt = accepted(START + 34_000, client, PROMPT, Some("int_20"));
    let mut card = accepted(START + 37_000, vendor, PROMPT, Some("int_21"));
    let button =
        |answer: &str| Button { id: format!("consent:msg_20:{answer}"), title: answer.to_uppercase() };
    if let LogEvent::Send(attempt) = &mut prompt.event {
        attempt.kind = Some(MessageKind::Buttons);
        attempt.buttons = vec![button("yes"), button("no")];
    }
    if let LogEvent::Send(attempt) = &mut card.event {
        attempt.kind = Some(MessageKind::CallPermissionRequest);
        attempt.outcome = Outcome::Accepted { wamid: "wamid.card".into() };
    }
    let mut yes = said(36_000, client, "YES");
    if let LogEvent::Said(reply) = &mut yes.event {
        reply.button_id = Some("consent:msg_20:yes".into());
    }
    let accept = LogEvent::Permission(PermissionLog {
        pnid: crate::world::PHONE_NUMBER_ID.into(),
        digits: vendor.into(),
        wamid: "wamid.in.accept".into(),
        response: "accept",
        automatic: false,
        until_ms: Some(START + 604_800_000),
        context: Some("wamid.card".into()),
    });
    let dial = LogEvent::Call(CallAttempt {
        pnid: crate::world::PHONE_NUMBER_ID.into(),
        action: CallAction::Connect,
        digits: vendor.into(),
        wrong_number: false,
        wacid: Some("wacid.1".into()),
        intent_id: Some(intent.into()),
        outcome: CallVerdict::Taken,
        answered: AnswerFate::Given,
    });
    let thanks = accepted(START + 36_500, client, THANKS, Some("int_22"));
    let at = |after_ms: i64, event| LogEntry { seq: 0, at_ms: START + after_ms, event };
    // Between the inquiry and the vendor's answer.
    run.meta.splice(4..4, [prompt, yes, thanks, card, at(38_000, accept), at(40_000, dial)]);
    for (seq, entry) in (0..).zip(&mut run.meta) {
        entry.seq = seq;
    }
    run.connects.insert(intent.into(), 1);
    run.calls.push(Call {
        wacid: "wacid.1".into(),
        pnid: crate::world::PHONE_NUMBER_ID.into(),
        digits: vendor.into(),
        direction: CallDirection::BusinessInitiated,
        intent_id: Some(intent.into()),
        placed_ms: START + 40_000,
        rang_ms: Some(START + 42_000),
        answered_ms: Some(START + 45_000),
        ended_ms: Some(START + 70_000),
        end: Some(CallEnd::Completed),
        declined: false,
    });
    run.voice = Some(vec![Session {
        id: "session-1".into(),
        attempt: intent.into(),
        offer: "v=0".into(),
        offers: 1,
        answer: Some("v=0".into()),
        applied: Some("v=0".into()),
        answers: 1,
        hang_ups: 1,
        began_ms: START + 39_000,
        end: Some(SessionEnd::HungUp),
    }]);
    run
}

#[derive(serde::Deserialize)]
struct CallParts {
    consents: Vec<ConsentLine>,
    calls: Vec<CallLine>,
    messages: Vec<MessageLine>,
    audit: Vec<AuditLine>,
}

pub(crate) fn said(after_ms: i64, digits: &str, text: &str) -> LogEntry {
    let reply = Reply {
        pnid: crate::world::PHONE_NUMBER_ID.into(),
        digits: digits.into(),
        name: String::new(),
        wamid: format!("wamid.in.{after_ms}"),
        kind: MessageKind::Text,
        text: text.into(),
        button_id: None,
        quoting: None,
    };
    LogEntry { seq: 0, at_ms: START + after_ms, event: LogEvent::Said(reply) }
}

/// A message that Meta accepted.
pub(crate) fn accepted(at_ms: i64, digits: &str, text: &str, intent: Option<&str>) -> LogEntry {
    let attempt = SendAttempt {
        pnid: crate::world::PHONE_NUMBER_ID.into(),
        to: format!("+{digits}"),
        digits: digits.into(),
        wrong_number: false,
        kind: Some(MessageKind::Text),
        text: text.into(),
        buttons: Vec::new(),
        template_name: None,
        context: None,
        intent_id: intent.map(str::to_owned),
        outcome: Outcome::Accepted { wamid: format!("wamid.out.{at_ms}") },
        answered: AnswerFate::Given,
    };
    LogEntry { seq: 0, at_ms, event: LogEvent::Send(attempt) }
}
