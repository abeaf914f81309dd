//! A request's story for a person: in order of time, who said what to whom, what was decided and why.

use std::fmt::Write as _;

use calling_policy::Party;
use marketplace::{Control, Timestamp};
use store::calls::HistoryEvent;

use crate::listing::{harmless, or_dash, second};

use super::{
    calls::{Call, Consent, HistoryLine},
    dossier::{AuditLine, Dossier, Facts, Message, StateChange, Turn},
    words,
};

/// Where the text of an event begins.
const INDENT: &str = "            ";

/// Records that another line of the story tells already.
pub(super) const TOLD_ELSEWHERE: [&str; 9] = [
    "request.opened",
    "state.changed",
    "message.received",
    "send.accepted",
    "decision.asked",
    "decision.accepted",
    "decision.rejected",
    "decision.coded_workflow",
    "decision.client_choice",
];

/// Who carries turns out.
const ORCHESTRATOR: &str = "orchestrator:turn";

/// Tells it.
pub(super) fn tell(dossier: &Dossier) -> String {
    let mut story = header(&dossier.request);
    let mut day = String::new();
    for (at, event) in events(dossier) {
        let moment = second(at);
        let (date, time) = moment.split_once(' ').unwrap_or((&moment, ""));
        if date != day {
            line(&mut story, &format!("\n{date}"));
            date.clone_into(&mut day);
        }
        line(&mut story, &format!("  {}  {event}", time.trim_end_matches('Z')));
    }
    story.push('\n');
    if let Some(turn) = &dossier.open_turn {
        line(&mut story, &format!("A turn is {} since {}: {}", turn.status, second(turn.at), turn.turn_id));
    }
    line(&mut story, &verdict(dossier));
    story
}

fn header(request: &Facts) -> String {
    let driver = match request.control {
        Control::Bot => "driven by the bot",
        Control::Human => "driven by a person",
    };
    let who = match (&request.client.name, &request.client.phone) {
        (Some(name), Some(phone)) => format!("{name}, {phone}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => super::dossier::ERASED.to_owned(),
    };
    let prescription = if request.prescription { " · prescription" } else { "" };
    let mut story = format!("{}\n", request.id);
    line(&mut story, &format!("  {} · {driver} · version {}", request.state, request.version));
    line(&mut story, &format!("  Client    {}", harmless(&who)));
    line(&mut story, &format!("  Need      {}", harmless(&or_dash(request.need.as_deref()))));
    line(
        &mut story,
        &format!(
            "  Kind      {} · {} · {}{prescription}",
            harmless(&or_dash(request.category.as_deref())),
            word(&request.urgency),
            request.language
        ),
    );
    line(
        &mut story,
        &format!("  Opened    {}, last change {}", second(request.created_at), second(request.updated_at)),
    );
    story
}

/// Every event with its time, in order. What one transaction wrote has one time: then what came in precedes
/// the decision, the decision its tool calls, these consents and calls, then the change of state, and that what goes
/// out.
fn events(dossier: &Dossier) -> Vec<(Timestamp, String)> {
    let mut events: Vec<(Timestamp, u8, usize, String)> = Vec::new();
    for (index, message) in dossier.messages.iter().enumerate() {
        let rank = if message.direction == "in" { 0 } else { 5 };
        events.push((message.at, rank, index, told_message(message, &dossier.request)));
    }
    for (index, turn) in dossier.turns.iter().enumerate() {
        events.push((turn.at, 1, index, told_turn(turn)));
    }
    for (index, record) in dossier.audit.iter().filter(|record| !told_elsewhere(record)).enumerate() {
        events.push((record.at, 2, index, told_record(record)));
    }
    let lines =
        dossier.consents.iter().flat_map(|consent| consent.history.iter().map(move |line| (consent, line)));
    for (index, (consent, line)) in lines.enumerate() {
        events.push((line.recorded_at, 3, index, told_consent(consent, line, &dossier.request)));
    }
    for (index, call) in dossier.calls.iter().enumerate() {
        events.push((call.created_at, 3, index, told_call(call, &dossier.request)));
    }
    for (index, change) in dossier.states.iter().enumerate() {
        events.push((change.at, 4, index, told_state(change)));
    }
    events.sort_by_key(|(at, rank, index, _)| (*at, *rank, *index));
    events.into_iter().map(|(at, _, _, event)| (at, event)).collect()
}

/// What a person said of a send is told in any case: the message alone does not show who said it.
pub(super) fn told_elsewhere(record: &AuditLine) -> bool {
    let word_of_a_person = by_a_person(record) && record.action.starts_with("send.");
    TOLD_ELSEWHERE.contains(&record.action.as_str()) && !word_of_a_person
}

fn by_a_person(record: &AuditLine) -> bool {
    record.actor.starts_with("human:")
}

/// When Meta sent and delivered a message, and when it was read; of a failure nothing.
pub(super) fn times(message: &Message) -> String {
    let moments = [("sent", message.sent_at), ("delivered", message.delivered_at), ("read", message.read_at)];
    let told = moments.into_iter().filter_map(|(name, at)| at.map(|at| format!("; {name} {}", second(at))));
    told.collect()
}

fn told_message(message: &Message, request: &Facts) -> String {
    let person = if message.party == "client" {
        request.client.name.as_deref().unwrap_or("client")
    } else {
        message
            .vendor_name
            .as_deref()
            .or(message.vendor_id.as_ref().map(marketplace::VendorId::as_str))
            .unwrap_or("vendor")
    };
    let person = harmless(person);
    let (head, fate) = if message.direction == "in" {
        (format!("{person} → us"), String::new())
    } else {
        let reason = message.status_reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let told = message.explained.as_ref().map(|told| format!(" – {}. {}", told.meaning, told.what_to_do));
        let fate = format!("  [{}{reason}{}{}]", message.status, told.unwrap_or_default(), times(message));
        (format!("us → {person}"), fate)
    };
    format!("{head}{fate}\n{}", indented(&message.text))
}

fn told_turn(turn: &Turn) -> String {
    let settled = if turn.status == "committed" { String::new() } else { format!(", {}", turn.status) };
    let verdict = match turn.verdict.as_str() {
        "accepted" => "answer accepted",
        "rejected" => "Moltbot's answer rejected",
        "unavailable" => "no answer from Moltbot",
        "not_asked" => "Moltbot not asked",
        other => other,
    };
    let mut told = format!("◆ {} ({}; {verdict}{settled})", turn.decision, turn.source);
    if !turn.why.is_empty() {
        let _ = write!(told, "\n{}", indented(&format!("why: {}", turn.why)));
    }
    if !turn.reasons.is_empty() {
        let _ = write!(told, "\n{}", indented(&format!("reasons: {}", turn.reasons.join(", "))));
    }
    for violation in &turn.violations {
        let place = if violation.pointer.is_empty() { "/" } else { &violation.pointer };
        let _ = write!(
            told,
            "\n{}",
            indented(&format!("violates {} at {place}: {}", violation.rule, violation.message))
        );
    }
    told
}

fn told_record(record: &AuditLine) -> String {
    let action = record.action.strip_prefix("marketplace.").unwrap_or(&record.action);
    let reasons =
        if record.reasons.is_empty() { String::new() } else { format!(": {}", record.reasons.join(", ")) };
    // Most is the orchestrator's; what is not must not look as if it were.
    let by = if record.actor == ORCHESTRATOR || record.actor.starts_with("system:") {
        String::new()
    } else {
        format!(", by {}", record.actor)
    };
    let outcome = record.outcome.to_string();
    // `send.failed` says how it ended.
    let outcome = if action.ends_with(&outcome) { String::new() } else { format!(" {outcome}") };
    let detail = words::detail(record).map(|detail| format!("\n{}", indented(detail))).unwrap_or_default();
    format!("· {action}{outcome}{reasons}{by}{detail}")
}

fn told_consent(consent: &Consent, line: &HistoryLine, request: &Facts) -> String {
    let person = party(consent.party, consent.vendor_name.as_deref(), request);
    let what = match line.event {
        HistoryEvent::Requested => {
            format!("asked by {}, {} in {}", consent.asked_by, consent.wording, consent.language)
        }
        event => format!("{event} → {}", line.status),
    };
    format!("☎ consent of {person} ({}, {}): {what}", consent.key, consent.scope)
}

/// Its steps and its end have records of their own.
fn told_call(call: &Call, request: &Facts) -> String {
    let person = party(call.party, call.vendor_name.as_deref(), request);
    format!("☎ call to {person}: {}, decided by {}", call.trigger, call.author)
}

fn party(party: Party, vendor: Option<&str>, request: &Facts) -> String {
    harmless(match party {
        Party::Client => request.client.name.as_deref().unwrap_or("client"),
        Party::Vendor => vendor.unwrap_or("vendor"),
    })
}

fn told_state(change: &StateChange) -> String {
    match &change.from {
        None => format!("● {}", change.to),
        Some(from) => {
            format!("● {from} → {} (by {})\n{}", change.to, change.by, indented(&change.reason))
        }
    }
}

fn verdict(dossier: &Dossier) -> String {
    let records = dossier.audit.len();
    match &dossier.audit_fault {
        None => format!("Audit: {records} records, verified."),
        Some(fault) => format!("Audit: {records} records, NOT VERIFIED: {fault}"),
    }
}

/// The wire name of an enum.
fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn indented(text: &str) -> String {
    harmless(text).lines().map(|line| format!("{INDENT}{line}")).collect::<Vec<_>>().join("\n")
}

fn line(story: &mut String, text: &str) {
    story.push_str(text);
    story.push('\n');
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;
