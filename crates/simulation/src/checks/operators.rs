//! Rules of stories with a person who operates, and of bursts.

use std::collections::BTreeSet;

use super::Check;
use crate::{
    evidence::{Evidence, RequestAccount},
    operator::WORDS,
    people::digits,
};

/// What was on the wire when the takeover was committed may still arrive, simulated milliseconds after it: a second of
/// real time at the speed of these stories.
const ON_THE_WIRE_MS: i64 = 60_000;

/// Between takeover and resume nobody hears anything but the person's words; before and after, the bot goes on.
pub fn bot_was_silent(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut held = 0;
    for request in &evidence.requests {
        let id = &request.request.id;
        let at = |what| {
            let act = evidence.operator.iter().find(|act| act.request_id == *id && act.what == what);
            act.map(|act| act.at_ms)
        };
        let (Some(taken), Some(given)) = (at("takeover"), at("resume")) else {
            faults.push(format!("{id} was not taken over and given back"));
            continue;
        };
        held += 1;
        let phones = phones_of(evidence, request);
        let spoke = evidence.sent().filter(|sent| {
            phones.contains(sent.attempt.digits.as_str())
                && (taken + ON_THE_WIRE_MS..given).contains(&sent.at_ms)
                && !sent.attempt.text.contains(WORDS)
        });
        faults.extend(spoke.map(|sent| format!("{id}: the bot said \"{}\"", sent.attempt.text)));
        let heard = evidence
            .sent()
            .any(|sent| phones.contains(sent.attempt.digits.as_str()) && sent.attempt.text.contains(WORDS));
        if !heard {
            faults.push(format!("{id}: the client has not heard the person"));
        }
        for action in ["request.takeover", "request.resume"] {
            if !was_done(request, action) {
                faults.push(format!("{id} has no record of {action}"));
            }
        }
    }
    Check::of("the bot is silent while a person has the request", &faults, super::counted(held, "takeover"))
}

fn phones_of<'a>(evidence: &'a Evidence, request: &RequestAccount) -> BTreeSet<&'a str> {
    let asked: BTreeSet<&str> =
        request.messages.iter().filter_map(|message| message.vendor_id.as_deref()).collect();
    let clients = evidence.cast.clients.iter().filter(|client| request.belongs_to(&client.phone));
    let vendors = evidence.cast.vendors.iter().filter(|vendor| asked.contains(vendor.id.as_str()));
    clients.map(|client| digits(&client.phone)).chain(vendors.map(|vendor| digits(&vendor.phone))).collect()
}

fn was_done(request: &RequestAccount, action: &str) -> bool {
    let done = |outcome: Option<&str>| outcome == Some("ok");
    request.audit.iter().any(|line| line.action == action && done(line.outcome.as_deref()))
}

/// One signed notification of each escalation, tried until it was taken, the same each time, and nobody's data in it.
pub fn person_was_told(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    for request in &evidence.requests {
        let id = request.request.id.as_str();
        let told: Vec<_> =
            evidence.told.iter().filter(|told| told.text("request_id").as_deref() == Some(id)).collect();
        if told.iter().filter(|told| told.status == 204).count() != 1 {
            faults.push(format!("{id}: {} requests to the webhook, not one of them taken once", told.len()));
        }
        let bodies: BTreeSet<_> = told.iter().map(|told| (&told.body, &told.id)).collect();
        if bodies.len() > 1 {
            faults.push(format!("{id}: the attempts differ"));
        }
        for told in &told {
            let is_right = told.is_signed
                && told.text("type").as_deref() == Some("request.escalated")
                && told.text("state").as_deref() == Some("escalated")
                && told.text("id").as_deref() == Some(told.id.as_str());
            if !is_right {
                faults.push(format!("{id}: {told:?}"));
            }
        }
        if !was_done(request, "request.resume") || !request.states().contains(&"escalated") {
            faults.push(format!("{id} was not escalated and given back"));
        }
    }
    let refused = evidence.told.iter().filter(|told| told.status != 204).count();
    if refused < 2 {
        faults.push(format!("the webhook refused {refused} attempts, not two"));
    }
    let texts: Vec<String> =
        evidence.told.iter().map(|told| String::from_utf8_lossy(&told.body).into_owned()).collect();
    for client in &evidence.cast.clients {
        if texts.iter().any(|text| text.contains(&client.name) || text.contains(digits(&client.phone))) {
            faults.push(format!("a notification names {}", client.name));
        }
    }
    Check::of("a person is told, once, signed", &faults, format!("{} attempts", evidence.told.len()))
}

/// However many messages the client needed: one turn, one question to the brain, one to the client.
pub fn one_question_for_a_burst(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut fragments = 0;
    for request in &evidence.requests {
        let id = &request.request.id;
        let wrote = request.messages.iter().filter(|message| message.direction == "in").count();
        let asked = request.messages.iter().filter(|message| message.direction == "out").count();
        fragments += wrote;
        let questions = evidence.gateway.iter().filter(|exchange| exchange.request_id == *id).count();
        if wrote < 7 || asked != 1 || questions != 1 {
            faults.push(format!(
                "{id}: {wrote} messages, {questions} questions to the brain, {asked} to the client"
            ));
        }
    }
    Check::of("a burst is answered as one", &faults, super::counted(fragments, "message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::fixture::{accepted, evidence},
        evidence::AuditLine,
        hook::Told,
        operator::OperatorAct,
    };

    const TAKEN: i64 = 1_790_000_200_000;

    fn taken_over() -> Evidence {
        let mut run = evidence();
        let act = |what, at_ms| OperatorAct { request_id: "req_1".into(), what, at_ms };
        run.operator = vec![act("takeover", TAKEN), act("resume", TAKEN + 300_000)];
        run.meta.push(accepted(TAKEN + 90_000, "254711000000", WORDS, Some("int_h")));
        run.requests[0].audit.extend(["request.takeover", "request.resume"].map(done));
        run
    }

    fn done(action: &str) -> AuditLine {
        AuditLine { action: action.into(), outcome: Some("ok".into()), reasons: Vec::new() }
    }

    #[test]
    fn a_bot_that_speaks_meanwhile_is_found() {
        let good = taken_over();
        assert!(bot_was_silent(&good).ok, "{:?}", bot_was_silent(&good));
        assert!(!bot_was_silent(&evidence()).ok, "nobody took over");
        let mut bad = good.clone();
        bad.meta.push(accepted(TAKEN + 100_000, "254722000000", "Do you have it?", Some("int_9")));
        assert!(!bot_was_silent(&bad).ok);
        let mut unrecorded = good;
        unrecorded.requests[0].audit.pop();
        assert!(!bot_was_silent(&unrecorded).ok);
    }

    fn told(status: u16) -> Told {
        let body = r#"{"id":"ntf_1","type":"request.escalated","request_id":"req_1","state":"escalated"}"#;
        Told { body: body.into(), is_signed: true, id: "ntf_1".into(), status }
    }

    fn escalated() -> Evidence {
        let mut run = evidence();
        run.told = vec![told(503), told(503), told(204)];
        run.requests[0].audit.push(done("request.resume"));
        let mut change = run.requests[0].states[1].clone();
        change.to = "escalated".into();
        run.requests[0].states.insert(2, change);
        run
    }

    #[test]
    fn notifications_that_are_missing_unsigned_or_personal_are_found() {
        let good = escalated();
        assert!(person_was_told(&good).ok, "{:?}", person_was_told(&good));
        assert!(!person_was_told(&evidence()).ok);
        let spoilt = |spoil: fn(&mut Vec<Told>)| {
            let mut bad = escalated();
            spoil(&mut bad.told);
            person_was_told(&bad).ok
        };
        assert!(!spoilt(|told| told[2].is_signed = false));
        assert!(!spoilt(|told| drop(told.pop())));
        assert!(!spoilt(|told| told.push(told[2].clone())), "taken twice");
        assert!(!spoilt(|told| told[0].body.push(b' ')));
        assert!(!spoilt(|told| told.iter_mut().for_each(|told| told.body = told.body.replace_name())));
    }

    trait Named {
        fn replace_name(&self) -> Self;
    }

    impl Named for Vec<u8> {
        fn replace_name(&self) -> Self {
            String::from_utf8_lossy(self)
                .replace("req_1\"", "req_1\",\"name\":\"Amina Wanjiru\"")
                .into_bytes()
        }
    }

    #[test]
    fn a_burst_that_is_answered_twice_is_found() {
        let mut good = evidence();
        good.gateway.truncate(1);
        let account = &mut good.requests[0];
        account.messages.truncate(2);
        let fragment = account.messages[0].clone();
        account.messages.extend(std::iter::repeat_n(fragment, 6));
        assert!(one_question_for_a_burst(&good).ok, "{:?}", one_question_for_a_burst(&good));
        let mut bad = good.clone();
        let again = bad.requests[0].messages[1].clone();
        bad.requests[0].messages.push(again);
        assert!(!one_question_for_a_burst(&bad).ok);
        good.requests[0].messages.pop();
        assert!(!one_question_for_a_burst(&good).ok, "six are no seven");
    }
}
