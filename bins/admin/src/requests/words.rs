//! Codes of the system in words, for readers who know none of it.

use audit::Outcome;
use moltbot_contract::{Availability, BatchStatus, OutreachStatus};
use serde_json::Value;
use tool_registry::RefusalCode;

use super::dossier::{AuditLine, Turn};

/// What a refused call was told, in the words of the gate; it holds no personal data.
pub(super) fn detail(record: &AuditLine) -> Option<&str> {
    let told = || record.payload.get("detail").and_then(Value::as_str);
    (record.outcome == Outcome::Refused).then(told).flatten()
}

/// A refusal's code in words.
pub(super) fn refusal(code: &str) -> Option<&'static str> {
    RefusalCode::from_code(code).map(RefusalCode::summary)
}

/// What was done, by its code; a code without words stands for itself.
pub(super) fn action(code: &str) -> &str {
    match code {
        "marketplace.search_vendors" => "looked vendors up",
        "marketplace.get_request_snapshot" => "read the request",
        "marketplace.send_client_message" => "sent the client a message",
        "marketplace.send_vendor_message" => "sent a vendor a message",
        "marketplace.record_vendor_reply" => "recorded a vendor’s answer",
        "marketplace.create_ocr_job" => "started to read a picture",
        "marketplace.get_ocr_result" => "took what was read in a picture",
        "marketplace.request_call_consent" => "asked for consent to a call",
        "marketplace.start_call" => "started a call",
        "marketplace.update_request_state" => "changed the request",
        "request.opened" => "opened the request",
        "message.received" => "received a message",
        "state.changed" => "changed the state",
        "decision.asked" => "asked Moltbot",
        "decision.accepted" => "accepted Moltbot’s answer",
        "decision.rejected" => "rejected Moltbot’s answer",
        "decision.unavailable" => "got no answer from Moltbot",
        "decision.coded_workflow" => "decided by the coded workflow",
        "decision.client_choice" => "followed the client’s choice",
        "batch.settled" => "closed the round of vendors",
        "handoff.done" => "connected client and vendor",
        "send.accepted" => "WhatsApp took a message",
        "send.failed" => "a message was not delivered",
        "send.cancelled" => "held a message back",
        "send.unknown" => "does not know whether a message was sent",
        "send.window_closed" => "WhatsApp refused free text",
        "turn.failed" => "gave a turn up",
        "contact.opted_out" => "noted that the person wants no messages",
        "contact.opted_in" => "noted that the person wants messages again",
        "dead_letter.retried" => "had a failed step repeated",
        "dead_letter.resolved" => "dealt with a failed step",
        other => other,
    }
}

/// Who did it: the kind of an actor, and its name where that says more.
pub(super) fn actor(actor: &str) -> String {
    match actor.split_once(':') {
        Some(("orchestrator", _)) => "Concierge".to_owned(),
        Some(("system", name)) => format!("Concierge ({name})"),
        Some(("human", name)) => format!("A person ({name})"),
        Some(("service", name)) => format!("A service ({name})"),
        Some(("client", _)) => "The client".to_owned(),
        Some(("vendor", _)) => "A vendor".to_owned(),
        _ => actor.to_owned(),
    }
}

/// How it ended.
pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "done",
        Outcome::Refused => "refused",
        Outcome::Replayed => "done before, not repeated",
        Outcome::Rejected => "rejected",
        Outcome::Failed => "failed",
        Outcome::Unknown => "in doubt",
        Outcome::Ignored => "without effect",
    }
}

/// What was decided.
pub(super) fn decision(turn: &Turn) -> &str {
    match turn.decision.as_str() {
        "ask_client" => "Ask the client",
        "vendor_outreach_plan" => "Ask vendors",
        "shortlist" => "Show the client a shortlist",
        "escalate" => "Hand over to a person",
        "handoff" => "Connect client and vendor",
        "none" => "Nothing to do now",
        other => other,
    }
}

/// Who decided.
pub(super) fn source(turn: &Turn) -> &str {
    match turn.source.as_str() {
        "moltbot" => "Moltbot",
        "coded_workflow" => "Coded workflow",
        "client_choice" => "The client’s choice",
        other => other,
    }
}

/// What became of Moltbot's answer.
pub(super) fn verdict(turn: &Turn) -> &str {
    match turn.verdict.as_str() {
        "accepted" => "Moltbot answered; the answer kept every rule.",
        "rejected" => "Moltbot answered; the answer broke a rule and was not followed.",
        "unavailable" => "Moltbot gave no answer.",
        "not_asked" => "Moltbot was not asked.",
        other => other,
    }
}

/// What became of the turn, unless it took effect.
pub(super) fn settled(turn: &Turn) -> Option<&str> {
    match turn.status.as_str() {
        "committed" => None,
        "superseded" => Some("Not carried out: the client wrote meanwhile, and all was decided anew."),
        "dropped" => Some("Not carried out: the request was closed or with a person by then."),
        "failed" => Some("Given up after too many attempts."),
        other => Some(other),
    }
}

/// Where a message stands.
pub(super) fn message_status(status: &str) -> &str {
    match status {
        "queued" => "waiting to be sent",
        "sending" => "being sent",
        "unknown" => "nobody knows whether it was sent",
        "accepted" => "taken by WhatsApp",
        "failed" => "not delivered",
        "cancelled" => "not sent",
        "not_queued" => "never sent",
        other => other,
    }
}

/// What a vendor said of stock.
pub(super) const fn availability(availability: Availability) -> &'static str {
    match availability {
        Availability::InStock => "has it",
        Availability::OutOfStock => "does not have it",
        Availability::Unclear => "unclear",
    }
}

/// What became of a vendor that was asked.
pub(super) const fn outreach(status: OutreachStatus) -> &'static str {
    match status {
        OutreachStatus::Waiting => "no answer yet",
        OutreachStatus::Replied => "answered",
        OutreachStatus::Declined => "declined",
        OutreachStatus::Silent => "no answer in time",
        OutreachStatus::Failed => "could not be reached",
    }
}

/// Where a round of vendors stands.
pub(super) const fn batch(status: BatchStatus) -> &'static str {
    match status {
        BatchStatus::Open => "open",
        BatchStatus::Settled => "closed",
    }
}

/// A state as a word of prose.
pub(super) fn state(state: &str) -> String {
    state.replace('_', " ")
}
