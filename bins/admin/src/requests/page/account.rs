//! What happened, in order of time: what people saw, what was decided and why, what was done.

use calling_policy::Party;
use marketplace::Timestamp;
use maud::{Markup, html};
use store::calls::HistoryEvent;

use super::{
    super::{
        calls::{Call, Consent, HistoryLine},
        dossier::{AuditLine, Dossier, Facts, Message, StateChange, Turn},
        story, words,
    },
    block, date_and_time, line, told,
};

/// One thing that happened.
enum Event<'a> {
    /// Somebody wrote to us.
    Received(&'a Message),
    /// We wrote; the same words to several people are one.
    Sent(Vec<&'a Message>),
    /// Something was decided, and these calls carried it out.
    Decided(&'a Turn, Vec<&'a AuditLine>),
    /// Anything else that is on record.
    Recorded(&'a AuditLine),
    /// Something happened to a consent to calls.
    Consent(&'a Consent, &'a HistoryLine),
    /// A call was decided; its steps are on record.
    Call(&'a Call),
    /// The request is in another state.
    State(&'a StateChange),
}

pub(super) fn section(dossier: &Dossier) -> Markup {
    let events = events(dossier);
    let mut days: Vec<Option<String>> = Vec::with_capacity(events.len());
    for (at, _) in &events {
        let (date, _) = date_and_time(*at);
        let is_new = days.iter().flatten().next_back() != Some(&date);
        days.push(is_new.then_some(date));
    }
    html! {
        section aria-labelledby="account" {
            h2 #account { "What happened" }
            p.note {
                "Left: what people wrote. Right: what the concierge wrote. Between them: what was decided, by whom, why, \
                 and what was then done. Decisions come from Moltbot, a reasoning service, or from fixed rules (the \
                 coded workflow); only the concierge acts."
            }
            ol.account {
                @for ((at, event), day) in events.iter().zip(&days) {
                    @let (_, time) = date_and_time(*at);
                    @if let Some(day) = day { li.day { (day) } }
                    li { time datetime=(at) { (time) } (told_event(event, &dossier.request)) }
                }
                @if let Some(turn) = &dossier.open_turn {
                    li { time datetime=(turn.at) { (date_and_time(turn.at).1) }
                        div.note { "A decision is being made (" (turn.status) ")." } }
                }
            }
        }
    }
}

/// In the order of the story at the command line; calls stand with the decision that made them.
fn events(dossier: &Dossier) -> Vec<(Timestamp, Event<'_>)> {
    let mut events: Vec<(Timestamp, u8, usize, Event<'_>)> = Vec::new();
    let mut rest: Vec<&AuditLine> =
        dossier.audit.iter().filter(|record| !story::told_elsewhere(record)).collect();
    for (index, turn) in dossier.turns.iter().enumerate() {
        let id = turn.turn_id.to_string();
        let own =
            |record: &&AuditLine| record.caused_by.as_deref().is_some_and(|cause| cause.starts_with(&id));
        let (calls, others) = rest.into_iter().partition(own);
        rest = others;
        events.push((turn.at, 1, index, Event::Decided(turn, calls)));
    }
    for (index, record) in rest.into_iter().enumerate() {
        events.push((record.at, 2, index, Event::Recorded(record)));
    }
    let lines =
        dossier.consents.iter().flat_map(|consent| consent.history.iter().map(move |line| (consent, line)));
    for (index, (consent, line)) in lines.enumerate() {
        events.push((line.recorded_at, 3, index, Event::Consent(consent, line)));
    }
    for (index, call) in dossier.calls.iter().enumerate() {
        events.push((call.created_at, 3, index, Event::Call(call)));
    }
    for (index, change) in dossier.states.iter().enumerate() {
        events.push((change.at, 4, index, Event::State(change)));
    }
    for (index, message) in dossier.messages.iter().enumerate() {
        let (rank, event) = if message.direction == "in" {
            (0, Event::Received(message))
        } else {
            (5, Event::Sent(vec![message]))
        };
        events.push((message.at, rank, index, event));
    }
    events.sort_by_key(|(at, rank, index, _)| (*at, *rank, *index));
    merged(events.into_iter().map(|(at, _, _, event)| (at, event)))
}

/// The same words to several vendors at the same moment are told once.
fn merged<'a>(events: impl Iterator<Item = (Timestamp, Event<'a>)>) -> Vec<(Timestamp, Event<'a>)> {
    let mut merged: Vec<(Timestamp, Event<'a>)> = Vec::new();
    for (at, event) in events {
        if let (Event::Sent(new), Some((last_at, Event::Sent(sent)))) = (&event, merged.last_mut())
            && *last_at == at
            && same_words(sent, new)
        {
            sent.extend(new);
        } else {
            merged.push((at, event));
        }
    }
    merged
}

fn same_words(sent: &[&Message], new: &[&Message]) -> bool {
    let (Some(one), Some(other)) = (sent.first(), new.first()) else { return false };
    one.party == other.party && one.text == other.text
}

fn told_event(event: &Event<'_>, request: &Facts) -> Markup {
    match event {
        Event::Received(message) => html! {
            div class={ "said " (message.party) } {
                p.who { (person(message, request)) }
                (block(&message.text))
            }
        },
        Event::Sent(messages) => sent(messages, request),
        Event::Decided(turn, calls) => decided(turn, calls),
        Event::Recorded(record) => html! { div.did { ul { (call(record, 1)) } } },
        Event::Consent(consent, line) => consent_event(consent, line, request),
        Event::Call(call) => html! {
            div.did { ul { li {
                "decided to call " (party(call.party, call.vendor_name.as_deref(), request)) ": "
                (words::trigger(call.trigger)) " " span.code { (call.trigger) }
            } } }
        },
        Event::State(change) => state(change),
    }
}

fn person(message: &Message, request: &Facts) -> Markup {
    let (role, name) = if message.party == "client" {
        ("Client", request.client.name.as_deref())
    } else {
        (
            "Vendor",
            message.vendor_name.as_deref().or(message.vendor_id.as_ref().map(marketplace::VendorId::as_str)),
        )
    };
    html! { span.role { (role) } @if let Some(name) = name { " " (line(name)) } }
}

fn consent_event(consent: &Consent, event: &HistoryLine, request: &Facts) -> Markup {
    html! {
        div.did { ul { li {
            (party(consent.party, consent.vendor_name.as_deref(), request)) " "
            (words::consent_event(event.event)) " (" (words::allows(consent)) ")"
            @if event.event == HistoryEvent::Requested {
                " " (line(words::asked_by(&consent.asked_by))) ", " span.code { (line(&consent.wording)) } " in " (consent.language)
            }
        } } }
    }
}

/// Who was asked or called, by name.
pub(super) fn party(party: Party, vendor: Option<&str>, request: &Facts) -> Markup {
    match party {
        Party::Client => html! { "Client" @if let Some(name) = &request.client.name { " " (line(name)) } },
        Party::Vendor => html! { "Vendor" @if let Some(name) = vendor { " " (line(name)) } },
    }
}

fn sent(messages: &[&Message], request: &Facts) -> Markup {
    let party = messages.first().map_or("client", |message| message.party);
    html! {
        div class={ "said us to-" (party) } {
            p.who { span.role { "Concierge" } " to "
                @if messages.len() > 1 { (messages.len()) " vendors" }
                @else if let Some(message) = messages.first() { (person(message, request)) }
            }
            @if let Some(message) = messages.first() { (block(&message.text)) }
            @if let [message] = messages {
                p.fate { (fate(message)) }
            } @else {
                ul.fates { @for message in messages { li { (person(message, request)) ": " (fate(message)) } } }
            }
        }
    }
}

fn fate(message: &Message) -> Markup {
    let bad = matches!(message.status.as_str(), "failed" | "cancelled" | "unknown" | "not_queued");
    html! {
        span class=[bad.then_some("bad")] {
            (words::message_status(&message.status))
            @if let Some(reason) = &message.status_reason { " (" (line(reason)) ")" }
            @if let Some(told) = &message.explained { ": " (told.meaning) ". " (told.what_to_do) }
            (story::times(message))
        }
    }
}

fn decided(turn: &Turn, calls: &[&AuditLine]) -> Markup {
    html! {
        div.decision {
            p.who { span.role { "Decision" } " " (words::source(turn)) }
            p.what { (words::decision(turn)) }
            @if !turn.why.is_empty() { p.why { q dir="auto" { (told(&turn.why)) } } }
            @if turn.source != "client_choice" { p.verdict-line { (words::verdict(turn)) } }
            @if let Some(settled) = words::settled(turn) { p.bad { (settled) } }
            @if !turn.violations.is_empty() {
                table.rules {
                    thead { tr { th { "Where" } th { "Rule" } th { "What was wrong" } } }
                    tbody { @for violation in &turn.violations {
                        tr {
                            td.code { (line(if violation.pointer.is_empty() { "/" } else { &violation.pointer })) }
                            td.code { (line(&violation.rule)) }
                            td { (line(&violation.message)) }
                        }
                    } }
                }
            } @else if !turn.reasons.is_empty() {
                p.reasons { "Codes: " @for (n, reason) in turn.reasons.iter().enumerate() {
                    @if n > 0 { ", " } span.code { (line(reason)) }
                } }
            }
            (done(calls))
        }
    }
}

/// What was done; equal calls in a row are counted, reads that went well are left to the records.
fn done(calls: &[&AuditLine]) -> Markup {
    let mut groups: Vec<(&AuditLine, usize)> = Vec::new();
    for record in calls.iter().filter(|record| !is_quiet(record)) {
        match groups.last_mut() {
            Some((last, times)) if is_same(last, record) => *times += 1,
            _ => groups.push((record, 1)),
        }
    }
    html! { @if !groups.is_empty() { ul.did { @for (record, times) in groups { (call(record, times)) } } } }
}

fn is_quiet(record: &AuditLine) -> bool {
    let is_read = record.outcome == audit::Outcome::Ok && record.action == "marketplace.get_request_snapshot";
    // What became of Moltbot's answer is told above.
    is_read || record.action.starts_with("decision.")
}

fn is_same(one: &AuditLine, other: &AuditLine) -> bool {
    let key = |record: &AuditLine| (record.action.clone(), record.outcome, record.reasons.clone());
    key(one) == key(other) && words::detail(one) == words::detail(other) && one.actor == other.actor
}

fn call(record: &AuditLine, times: usize) -> Markup {
    let done = record.outcome == audit::Outcome::Ok;
    let failed = matches!(record.outcome, audit::Outcome::Refused | audit::Outcome::Failed);
    html! {
        li class=[failed.then_some("bad")] {
            @if record.actor != "orchestrator:turn" { (words::actor(&record.actor)) ": " }
            (words::action(&record.action))
            @if times > 1 { ", " (times) " times" }
            @if !done {
                " – " (words::outcome(record.outcome))
                @for code in &record.reasons {
                    " " span.code { (line(code)) }
                    @if let Some(summary) = words::refusal(code) { " " (summary) }
                }
                @if let Some(detail) = words::detail(record) { div.detail { (line(detail)) } }
            } @else if !record.reasons.is_empty() {
                @for code in &record.reasons { " " span.code { (line(code)) } }
            }
        }
    }
}

fn state(change: &StateChange) -> Markup {
    html! {
        div.state {
            @if let Some(from) = &change.from { span { (line(&words::state(from))) } " → " }
            b { (line(&words::state(&change.to))) }
        }
    }
}
