//! Whatever Moltbot answers, or if it does not: the client gets a sensible answer in time, the conversation goes on
//! to the handoff, and the audit says why.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use std::time::Duration;

use simulation::{
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
/// Simulated seconds in a real one.
const SPEED: u32 = 20;

/// A whole conversation in which every answer of Moltbot is wrong in the same way.
fn plays_on(trick: Trick, verdict: &str) {
    // Each trick meets one of the two databases.
    let on = if trick as usize % 2 == 0 { On::Sqlite } else { On::Postgres };
    let scenario = Scenario {
        speed: SPEED,
        manners: Manners::Only(trick),
        moltbot_timeout_ms: u32::try_from(TIMEOUT.as_millis()).unwrap(),
        ..story("brain-hostile")
    };
    // Every rule of the story is checked there, also that nothing of Moltbot was carried out.
    let played = play_through(&scenario, on, 21, 1).or_else(|| play_through(&scenario, On::Sqlite, 21, 1));
    let evidence = played.unwrap();
    let request = &evidence.requests[0];
    assert_eq!(request.request.state, "handed_off");

    let took = first_answer_after(&evidence);
    assert!(took <= TIMEOUT + ANSWERED_WITHIN + MARGIN, "the client waited {took:?} for an answer");

    let refused: Vec<&TurnLine> = request.turns.iter().filter(|turn| turn.verdict == verdict).collect();
    assert!(!refused.is_empty(), "no turn is {verdict}: {:?}", request.turns);
    for turn in &refused {
        assert_eq!(turn.source, "coded_workflow", "{turn:?}");
        let explained = turn.why.as_deref().is_some_and(|why| !why.is_empty());
        assert!(explained || !turn.violations.is_empty(), "{turn:?} does not say why");
    }
    let action = format!("decision.{verdict}");
    let recorded: Vec<&AuditLine> = request.audit.iter().filter(|line| line.action == action).collect();
    assert!(
        recorded.len() >= refused.len(),
        "{} records {action} for {} turns",
        recorded.len(),
        refused.len()
    );
    if verdict == "rejected" {
        assert!(recorded.iter().all(|line| !line.reasons.is_empty()), "{recorded:?}");
    }
    assert!(request.audit.iter().any(|line| line.action == "decision.coded_workflow"));
    assert!(request.audit_verified);
}

/// Real time between the client's first word and our first to the client.
fn first_answer_after(evidence: &Evidence) -> Duration {
    let client = digits(&evidence.cast.clients[0].phone);
    let said = evidence.said_at_ms(client).expect("the client said something");
    let sent = evidence.sent().find(|sent| sent.attempt.digits == client).expect("we answered");
    Duration::from_millis(u64::try_from(sent.at_ms - said).unwrap()) / SPEED
}

#[test]
fn garbage() {
    plays_on(Trick::Garbage, "unavailable");
}

#[test]
fn prose_around_the_json() {
    plays_on(Trick::ProseAround, "rejected");
}

#[test]
fn a_batch_of_six() {
    plays_on(Trick::BatchOfSix, "rejected");
}

#[test]
fn a_sixteenth_vendor() {
    plays_on(Trick::SixteenthVendor, "rejected");
}

#[test]
fn an_invented_vendor() {
    plays_on(Trick::InventedVendor, "rejected");
}

#[test]
fn two_megabytes() {
    plays_on(Trick::TwoMegabytes, "rejected");
}

#[test]
fn nothing() {
    plays_on(Trick::Empty, "unavailable");
}

#[test]
fn silence() {
    plays_on(Trick::Hang, "unavailable");
}
