//! Whatever Moltbot answers, or if it does not: the client gets a sensible answer in time, the conversation goes on
//! to the handoff, and the audit says why.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use std::{collections::BTreeSet, time::Duration};

use simulation::{
    checks::BrainPart,
    evidence::{AuditLine, Evidence, TurnLine},
    gateway::{Manners, mischief::Trick},
    people::digits,
    scenarios::Scenario,
};
use support::{On, play_through, story};

/// `MOLTBOT_TIMEOUT_MS`.
const TIMEOUT: Duration = Duration::from_secs(1);
/// After the timeout the client has an answer within this time.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// For a machine that has other tests to run.
const MARGIN: Duration = Duration::from_secs(5);
/// Simulated seconds in a real one; fewer where an answer that never comes takes real time.
const fn speed(trick: Trick) -> u32 {
    if matches!(trick, Trick::Hang) { 20 } else { 60 }
}

/// A whole conversation in which every answer of Moltbot is wrong in the same way, and the code with which the audit
/// explains that. After five failures in a row the breaker saves the next question.
fn plays_on(trick: Trick, verdict: &str, reason: &str) {
    // Each trick meets one of the two databases.
    let on = if (trick as usize).is_multiple_of(2) { On::Sqlite } else { On::Postgres };
    let scenario = Scenario {
        speed: speed(trick),
        manners: Manners::Only(trick),
        moltbot_timeout_ms: u32::try_from(TIMEOUT.as_millis()).unwrap(),
        ..story("brain-hostile")
    };
    // Every rule of the story is checked there, also that nothing of Moltbot was carried out.
    let played = play_through(&scenario, on, 21, 1).or_else(|| play_through(&scenario, On::Sqlite, 21, 1));
    let evidence = played.unwrap();
    let request = &evidence.requests[0];
    assert_eq!(request.request.state, "handed_off");

    let took = first_answer_after(&evidence, trick);
    assert!(took <= TIMEOUT + ANSWERED_WITHIN + MARGIN, "the client waited {took:?} for an answer");

    let refused: Vec<&TurnLine> = request.turns.iter().filter(|turn| turn.verdict == verdict).collect();
    assert!(!refused.is_empty(), "no turn is {verdict}: {:?}", request.turns);
    for turn in &refused {
        assert_eq!(turn.source, "coded_workflow", "{turn:?}");
        assert!(turn.reasons.iter().any(|code| !code.is_empty()), "{turn:?} does not say why");
    }
    let action = format!("decision.{verdict}");
    let recorded: Vec<&AuditLine> = request.audit.iter().filter(|line| line.action == action).collect();
    assert!(
        recorded.len() >= refused.len(),
        "{} records {action} for {} turns",
        recorded.len(),
        refused.len()
    );
    let reasons: BTreeSet<&str> =
        recorded.iter().flat_map(|line| &line.reasons).map(String::as_str).collect();
    assert!(recorded.iter().all(|line| !line.reasons.is_empty()), "{recorded:?}");
    assert!(reasons.contains(reason), "the audit gives {reasons:?}");
    assert!(request.audit.iter().any(|line| line.action == "decision.coded_workflow"));
    assert!(request.audit_verified);
}

/// Real time between the client's first word and our first to the client.
fn first_answer_after(evidence: &Evidence, trick: Trick) -> Duration {
    let client = digits(&evidence.cast.clients[0].phone);
    let said = evidence.said_at_ms(client).expect("the client said something");
    let sent = evidence.sent().find(|sent| sent.attempt.digits == client).expect("we answered");
    Duration::from_millis(u64::try_from(sent.at_ms - said).unwrap()) / speed(trick)
}

#[test]
fn garbage() {
    plays_on(Trick::Garbage, "unavailable", "answer_unreadable");
}

#[test]
fn prose_around_the_json() {
    plays_on(Trick::ProseAround, "rejected", "not_an_object");
}

#[test]
fn a_batch_of_six() {
    plays_on(Trick::BatchOfSix, "rejected", "number_too_large");
}

#[test]
fn a_sixteenth_vendor() {
    plays_on(Trick::SixteenthVendor, "rejected", "number_too_large");
}

/// Fifteen vendors were asked and said nothing. One more would be a lawful batch, but the request has had its share.
#[test]
fn one_more_than_fifteen_vendors() {
    let scenario = Scenario {
        speed: 240,
        manners: Manners::Only(Trick::SixteenthVendor),
        vendors_per_category: 18,
        brain_part: BrainPart::None,
        ..story("vendors-silent")
    };
    let evidence = play_through(&scenario, On::Sqlite, 22, 1).unwrap();
    let request = &evidence.requests[0];
    let contacted: usize = request.batches.iter().map(|batch| batch.vendors.len()).sum();
    assert_eq!((contacted, request.batches.len()), (15, 3));
    let refused = request.audit.iter().filter(|line| line.action == "decision.rejected");
    assert!(
        refused.flat_map(|line| &line.reasons).any(|reason| reason == "vendor_limit"),
        "{:?}",
        request.turns
    );
    assert_eq!(request.request.state, "escalated");
}

#[test]
fn an_invented_vendor() {
    plays_on(Trick::InventedVendor, "rejected", "vendor_not_contacted");
}

#[test]
fn two_megabytes() {
    plays_on(Trick::TwoMegabytes, "unavailable", "answer_too_large");
}

#[test]
fn nothing() {
    plays_on(Trick::Empty, "unavailable", "answer_unreadable");
}

#[test]
fn silence() {
    plays_on(Trick::Hang, "unavailable", "deadline_exceeded");
}
