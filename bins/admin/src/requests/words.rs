//! Codes of the system in words, for readers who know none of it.

use audit::Outcome;
use calling_policy::{ConsentKey, ConsentStatus, Pickup, Scope, Trigger};
use moltbot_contract::{Availability, BatchStatus, OutreachStatus};
use serde_json::Value;
use store::calls::HistoryEvent;
use tool_registry::RefusalCode;

use super::{
    calls::{Call, Consent},
    dossier::{AuditLine, Turn},
};

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
        "language.changed" => "writes in the client's language from here on",
        "request.number_changed" => "answers from the number the client wrote to",
        "request.merged" => "took over what the client wrote in another request",
        "outreach.ended" => "waits for a vendor no longer",
        "contact.opted_in" => "noted that the person wants messages again",
        "call.dialling" => "dialled",
        "call.refused" => "did not dial",
        "call.cancelled" => "gave the call up before dialling",
        "call.dial_failed" => "could not call",
        "call.dial_unknown" => "does not know whether WhatsApp took the call",
        "call.placed" => "WhatsApp took the call",
        "call.ring_limit" => "let it ring no longer",
        "call.hang_up" => "ended the call",
        "call.hung_up" => "WhatsApp ended the call",
        "call.given_up" => "waited no longer for news of the call",
        "call.connect" => "the line was set up",
        "call.ringing" => "the phone rang",
        "call.accepted" => "the call was answered",
        "call.rejected" => "the call was declined",
        "call.terminated" => "the call was over",
        "call.fallback" => "told the client that the call did not go through",
        "call.unavailable" => "told the client that no call comes",
        "request.takeover" => "took the request over",
        "request.resume" => "gave the request back",
        "request.close" => "closed the request",
        "turn.dropped" => "dropped a turn",
        "message.unanswered" => "found a message that nothing became of",
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

/// What happened to a consent; follows the name of who was asked.
pub(super) const fn consent_event(event: HistoryEvent) -> &'static str {
    match event {
        HistoryEvent::Requested => "was asked for a consent to calls",
        HistoryEvent::Yes => "said yes to calls",
        HistoryEvent::No => "said no to calls",
        HistoryEvent::WithdrawnByPerson => "took the consent to calls back",
        HistoryEvent::WithdrawnByMeta => "may not be called any more: WhatsApp took its permission back",
        HistoryEvent::IdentityChanged => {
            "is not called any more: the person has another number or WhatsApp id"
        }
        HistoryEvent::RequestEnded => "is not called any more: the request is over",
        HistoryEvent::NotDelivered => "did not get the question about calls",
        HistoryEvent::Expired => "is not called any more: the time of the consent is over",
    }
}

/// What a consent allows.
pub(super) const fn allows(consent: &Consent) -> &'static str {
    match (consent.key, consent.scope) {
        (ConsentKey::Callee, _) => "calls to themselves",
        (ConsentKey::Authorisation, Scope::CallVendor) => "calls for this request, to vendors",
        (ConsentKey::Authorisation, Scope::CallClient) => "calls for this request, to the client",
        (ConsentKey::Authorisation, Scope::Either) => "calls for this request, to vendors and the client",
    }
}

/// Where a consent stands.
pub(super) const fn consent(status: ConsentStatus) -> &'static str {
    match status {
        ConsentStatus::Requested => "asked, no answer yet",
        ConsentStatus::Granted => "given",
        ConsentStatus::Denied => "refused",
        ConsentStatus::Expired => "over",
    }
}

/// How somebody was asked.
pub(super) fn asked_by(asked_by: &str) -> &str {
    match asked_by {
        "buttons" => "by two buttons",
        "card" => "by WhatsApp’s card",
        other => other,
    }
}

/// Why there is a call.
pub(super) const fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::UrgentNoReply => "it is urgent, and the vendor did not answer for three minutes",
        Trigger::AmbiguousReply => "the vendor’s answer is unclear, and the client waits",
        Trigger::ClientAsked => "the client asked to be called",
        Trigger::RapidClarification => "it is urgent, and the client did not answer for three minutes",
    }
}

/// Where a call stands.
pub(super) fn call(call: &Call) -> &str {
    match (call.phase, call.end_reason) {
        ("intent", _) => "not dialled yet",
        ("dialling", _) => "being dialled",
        ("unknown", _) => "nobody knows whether it rings",
        ("placed" | "ringing", _) => "ringing",
        ("answered", _) => "in talks",
        (_, Some("completed")) => "answered",
        (_, Some("declined")) => "declined",
        (_, Some("no_answer")) => "not answered",
        (_, Some("failed")) => "failed",
        (_, Some("cancelled")) => "given up",
        (_, Some("refused")) => "not dialled",
        (other, _) => other,
    }
}

/// Whether somebody picked up, unless that says the outcome.
pub(super) fn pickup(call: &Call) -> Option<&'static str> {
    let said = call.end_reason == Some("completed") || call.phase == "answered";
    match call.pickup {
        Pickup::Unknown => Some("nobody knows whether it was picked up"),
        Pickup::Yes if !said => Some("it was picked up"),
        Pickup::Yes | Pickup::No => None,
    }
}

/// Whether the client was told that a call did not go through.
pub(super) fn fallback(call: &Call) -> Option<&'static str> {
    match call.fallback {
        "sent" => Some("The client was told."),
        "suppressed" => Some("The client was not told: the concierge no longer spoke for this request."),
        _ => None,
    }
}

/// A state as a word of prose.
pub(super) fn state(state: &str) -> String {
    state.replace('_', " ")
}
