//! Sends: at most once, complete, and nothing left behind.

use std::collections::BTreeMap;

use meta_simulator::{AnswerFate, LogEvent};

use super::{Check, counted, wording::is_about_calls};
use crate::{
    evidence::Evidence,
    people::{digits, shows_phone, ways::Way},
};

/// Each intent id was accepted by Meta at most once, and every accepted message carries one.
pub(super) fn each_intent_once(evidence: &Evidence) -> Check {
    let mut accepted: BTreeMap<&str, u32> = BTreeMap::new();
    let mut faults = Vec::new();
    for sent in evidence.sent() {
        match sent.attempt.intent_id.as_deref() {
            Some(intent) => *accepted.entry(intent).or_default() += 1,
            None => faults
                .push(format!("a message without an intent id to {}", name(evidence, &sent.attempt.digits))),
        }
        if sent.attempt.wrong_number {
            faults.push(format!("a number without `+` in `to` of “{}”", sent.attempt.text));
        }
    }
    faults.extend(
        accepted.iter().filter(|(_, n)| **n > 1).map(|(intent, n)| format!("{intent} reached Meta {n}×")),
    );
    Check::of("every send reached Meta at most once", &faults, counted(accepted.len(), "send"))
}

/// Nobody got the same text twice in one conversation. In stories with people who lead nowhere a client who wrote in
/// between may be told the same again.
pub(super) fn no_message_twice(evidence: &Evidence, answers_repeat: bool) -> Check {
    let mut faults = Vec::new();
    for request in &evidence.requests {
        let mut seen: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        // What is said about calls has rules of its own: a client may read the question on buttons and on Meta's card.
        let own_words = |text: &Option<String>| !text.as_deref().is_some_and(is_about_calls);
        for message in request.messages.iter().filter(|message| own_words(&message.text)) {
            if message.direction != "out" {
                if answers_repeat && message.party == "client" {
                    seen.retain(|(to, _), n| *to != "the client" || *n > 1);
                }
                continue;
            }
            let to = message.vendor_id.as_deref().unwrap_or("the client");
            *seen.entry((to, message.text.as_deref().unwrap_or_default())).or_default() += 1;
        }
        let twice = seen.iter().filter(|(_, n)| **n > 1);
        faults.extend(
            twice.map(|((to, text), n)| format!("{} wrote “{text}” to {to} {n}×", request.request.id)),
        );
    }
    Check::of("nobody gets the same message twice", &faults, counted(evidence.requests.len(), "conversation"))
}

/// No send is left queued, or unknown when Meta has it, and no event was given up.
pub(super) fn nothing_left(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    for unknown in &evidence.outbox_unknown {
        let line = unknown.to_string();
        let at_meta =
            evidence.sent().any(|sent| sent.attempt.intent_id.as_deref().is_some_and(|id| line.contains(id)));
        // A send that never left is rightly unknown: a person decides about it.
        if at_meta || !evidence.may_stay_unknown {
            faults.push(format!("unknown send: {line}"));
        }
    }
    faults.extend(evidence.requests.iter().filter_map(|request| {
        let message = request.on_its_way()?;
        let status = message.status.as_deref().unwrap_or_default();
        Some(format!("still {status}: “{}”", message.text.as_deref().unwrap_or_default()))
    }));
    faults.extend(evidence.dead_letters.iter().map(|letter| format!("dead letter: {letter}")));
    Check::of(
        "nothing is left behind",
        &faults,
        format!("{} unknown, 0 dead letters", evidence.outbox_unknown.len()),
    )
}

/// Each webhook was answered with 200; with crashes of the api they may have failed, but were sent again.
pub(super) fn webhooks_answered(evidence: &Evidence, may_fail: bool) -> Check {
    let failures = evidence.webhook_failures;
    let faults = if failures > 0 && !may_fail { vec![format!("{failures} were not")] } else { Vec::new() };
    Check::of(
        "every webhook is answered 200",
        &faults,
        counted(usize::try_from(evidence.webhook_posts).unwrap_or(usize::MAX), "post"),
    )
}

/// Each side of a handoff got the other's number, once the client had picked.
pub(super) fn handoffs_complete(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut count = 0;
    for request in evidence.requests.iter().filter(|request| request.handed_off_ms().is_some()) {
        let Some(client) = evidence.cast.clients.iter().find(|client| request.belongs_to(&client.phone))
        else {
            faults.push(format!("{} belongs to nobody we know", request.request.id));
            continue;
        };
        let offered = request.shortlists.iter().flat_map(|shortlist| &shortlist.items);
        let introduced = offered
            .filter_map(|item| evidence.cast.vendors.iter().find(|v| v.id == item.vendor_id))
            .any(|vendor| {
                let told = |to: &str, about: &str| {
                    evidence.sent().any(|sent| {
                        sent.attempt.digits == digits(to) && shows_phone(&sent.attempt.text, about)
                    })
                };
                // Of a client without a number the vendor learns that they will write.
                let is_known = client.way != Way::HidesNumber;
                told(&client.phone, &vendor.phone) && (!is_known || told(&vendor.phone, &client.phone))
            });
        if introduced {
            count += 1;
        } else {
            faults.push(format!(
                "{} is handed off, but client and vendor do not both have the contact",
                request.request.id
            ));
        }
    }
    Check::of("a handoff tells both sides", &faults, counted(count, "handoff"))
}

/// Every program stopped when asked.
pub(super) fn programs_stopped(evidence: &Evidence) -> Check {
    let faults: Vec<String> =
        evidence.stuck.iter().map(|name| format!("{name} had to be killed or failed")).collect();
    Check::of("programs stop when asked", &faults, "status 0")
}

/// For runs in which Meta keeps an answer back: it did, and the message is known to have arrived.
pub fn unknown_was_settled(evidence: &Evidence) -> Check {
    let held: Vec<&str> = evidence
        .sent()
        .filter(|sent| sent.attempt.answered != AnswerFate::Given)
        .filter_map(|sent| sent.attempt.intent_id.as_deref())
        .collect();
    let mut faults = Vec::new();
    if held.is_empty() {
        faults.push("Meta kept no answer back".to_owned());
    }
    let recorded =
        |action: &str| evidence.requests.iter().flat_map(|r| &r.audit).any(|line| line.action == action);
    if !recorded("send.unknown") {
        faults.push("no audit record send.unknown".to_owned());
    }
    for request in &evidence.requests {
        let open =
            request.messages.iter().filter(|m| matches!(m.status.as_deref(), Some("unknown" | "sending")));
        faults.extend(open.map(|m| {
            format!(
                "still {}: “{}”",
                m.status.as_deref().unwrap_or_default(),
                m.text.as_deref().unwrap_or_default()
            )
        }));
    }
    Check::of(
        "unknown sends are settled by status",
        &faults,
        format!("{} kept back", counted(held.len(), "answer")),
    )
}

/// For runs with repeated webhooks: each thing said arrived many times.
pub fn duplicates_were_sent(evidence: &Evidence) -> Check {
    let events =
        evidence.meta.iter().filter(|e| matches!(e.event, LogEvent::Said(_) | LogEvent::Status(_))).count();
    let events = u64::try_from(events).unwrap_or(u64::MAX);
    let enough = events > 0 && evidence.webhook_posts >= events.saturating_mul(45);
    let faults = if enough {
        Vec::new()
    } else {
        vec![format!("{} posts for {events} events", evidence.webhook_posts)]
    };
    Check::of(
        "webhooks came many times",
        &faults,
        format!("{} posts for {events} events", evidence.webhook_posts),
    )
}

fn name(evidence: &Evidence, number: &str) -> String {
    let client = evidence.cast.client(number).map(|client| client.name.clone());
    client
        .or_else(|| evidence.cast.vendor(number).map(|vendor| vendor.name.clone()))
        .unwrap_or_else(|| "a stranger".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixture::{accepted, evidence};
    use serde_json::json;

    #[test]
    fn a_good_run_passes() {
        let good = evidence();
        for check in [
            each_intent_once(&good),
            no_message_twice(&good, false),
            nothing_left(&good),
            webhooks_answered(&good, false),
            handoffs_complete(&good),
            programs_stopped(&good),
        ] {
            assert!(check.ok, "{check:?}");
        }
    }

    #[test]
    fn a_second_send_of_an_intent_is_found() {
        let mut bad = evidence();
        let again = bad.meta[1].clone();
        bad.meta.push(again);
        assert!(each_intent_once(&bad).detail.contains("2×"));

        let mut bad = evidence();
        bad.meta.push(accepted(9_000, "254711000000", "hello", None));
        assert!(each_intent_once(&bad).detail.contains("without an intent id"));
    }

    #[test]
    fn a_repeated_text_is_found() {
        let mut bad = evidence();
        let again = bad.requests[0].messages.iter().find(|m| m.direction == "out").unwrap().clone();
        bad.requests[0].messages.push(again);
        assert!(!no_message_twice(&bad, false).ok);
        assert!(no_message_twice(&bad, true).ok, "the client wrote in between");
        let again = bad.requests[0].messages.last().unwrap().clone();
        bad.requests[0].messages.push(again);
        assert!(!no_message_twice(&bad, true).ok);
    }

    #[test]
    fn leftovers_are_found() {
        let mut bad = evidence();
        bad.dead_letters.push(json!({ "id": "dl_1" }));
        assert!(!nothing_left(&bad).ok);

        let mut queued = evidence();
        queued.requests[0].messages[1].status = Some("queued".into());
        assert!(nothing_left(&queued).detail.contains("still queued"));

        let mut unknown = evidence();
        unknown.outbox_unknown.push(json!({ "intent": "never-left" }));
        assert!(!nothing_left(&unknown).ok);
        unknown.may_stay_unknown = true;
        assert!(nothing_left(&unknown).ok);
        unknown.outbox_unknown.push(json!({ "intent": "int_1" }));
        assert!(!nothing_left(&unknown).ok, "Meta has this one");
    }

    #[test]
    fn failed_webhooks_and_stuck_programs_are_found() {
        let mut bad = evidence();
        bad.webhook_failures = 1;
        assert!(!webhooks_answered(&bad, false).ok);
        assert!(webhooks_answered(&bad, true).ok);
        bad.stuck.push("concierge-worker-1".into());
        assert!(!programs_stopped(&bad).ok);
    }

    #[test]
    fn half_a_handoff_is_found() {
        let mut bad = evidence();
        bad.meta.retain(|entry| !matches!(&entry.event, LogEvent::Send(a) if a.text.contains("Amina wants")));
        assert!(!handoffs_complete(&bad).ok);
    }

    #[test]
    fn an_unknown_send_must_have_happened_and_be_settled() {
        assert!(!unknown_was_settled(&evidence()).ok);
        let mut settled = evidence();
        if let LogEvent::Send(attempt) = &mut settled.meta[1].event {
            attempt.answered = AnswerFate::Held;
        }
        settled.requests[0].audit.push(crate::evidence::AuditLine {
            action: "send.unknown".into(),
            outcome: None,
            reasons: Vec::new(),
        });
        assert!(unknown_was_settled(&settled).ok, "{:?}", unknown_was_settled(&settled));
        settled.requests[0].messages[1].status = Some("unknown".into());
        assert!(!unknown_was_settled(&settled).ok);
    }

    #[test]
    fn duplicates_must_have_been_sent() {
        let mut run = evidence();
        run.webhook_posts = 3;
        assert!(!duplicates_were_sent(&run).ok);
        run.webhook_posts = 500;
        assert!(duplicates_were_sent(&run).ok);
    }
}
