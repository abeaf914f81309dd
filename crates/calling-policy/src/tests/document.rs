//! `.agent/rules/60_calling_policy.md` says what the code does.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use strum::IntoEnumIterator as _;

use super::keys::*;
use crate::{limits::*, *};

const DOCUMENT: &str = ".agent/rules/60_calling_policy.md";

/// The rows of the table under a heading, cells trimmed, without its head.
fn table(heading: &str) -> Vec<Vec<String>> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(DOCUMENT);
    let text = fs::read_to_string(file).unwrap();
    let section = text.split(&format!("## {heading}\n")).nth(1).unwrap_or_else(|| panic!("no {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.skip(1).map(|row| row.split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}

fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        _ if seconds.is_multiple_of(86_400) && seconds > 86_400 => format!("{} days", seconds / 86_400),
        _ if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        _ => format!("{seconds} s"),
    }
}

#[test]
fn every_number_is_the_codes() {
    let hour = |hour: u8| format!("{hour:02}:00");
    let code_says = [
        ("COOLDOWN", time(COOLDOWN)),
        ("SILENCE", time(SILENCE)),
        ("AMBIGUOUS_BELOW", AMBIGUOUS_BELOW.to_string()),
        ("PROMPT_LASTS", time(PROMPT_LASTS)),
        ("CONSENT_LASTS", time(CONSENT_LASTS)),
        ("QUIET_FROM_HOUR", hour(QUIET_FROM_HOUR)),
        ("QUIET_UNTIL_HOUR", hour(QUIET_UNTIL_HOUR)),
        ("PERMISSION_LASTS", time(PERMISSION_LASTS)),
        ("PERMISSION_MARGIN", time(PERMISSION_MARGIN)),
        ("PERMISSION_READ_FRESH", time(PERMISSION_READ_FRESH)),
        ("CLOCK_SKEW", time(CLOCK_SKEW)),
        ("MISSES_THAT_REVOKE", MISSES_THAT_REVOKE.to_string()),
        ("PERMISSION_REQUEST_DAY", time(PERMISSION_REQUEST_DAY)),
        ("PERMISSION_REQUESTS_A_DAY", PERMISSION_REQUESTS_A_DAY.to_string()),
        ("PERMISSION_REQUEST_WEEK", time(PERMISSION_REQUEST_WEEK)),
        ("PERMISSION_REQUESTS_A_WEEK", PERMISSION_REQUESTS_A_WEEK.to_string()),
        ("CONNECTED_CALLS_WINDOW", time(CONNECTED_CALLS_WINDOW)),
        ("CONNECTED_CALLS_MAX", CONNECTED_CALLS_MAX.to_string()),
        ("RING_LIMIT", time(RING_LIMIT)),
        ("UNKNOWN_DIAL_LASTS", time(UNKNOWN_DIAL_LASTS)),
        ("HANG_UP_WAITS", time(HANG_UP_WAITS)),
        ("CALL_LASTS_MAX", time(CALL_LASTS_MAX)),
    ];
    let document: Vec<(String, String)> =
        table("Numbers").into_iter().map(|row| (code(&row[1]).to_owned(), row[2].clone())).collect();
    let expected: Vec<(String, String)> =
        code_says.into_iter().map(|(name, value)| (format!("limits::{name}"), value)).collect();
    assert_eq!(document, expected);
}

#[test]
fn every_constant_is_in_the_list_above() {
    let source = include_str!("../limits.rs");
    let constants = source.lines().filter(|line| line.starts_with("pub const ")).count();
    assert_eq!(table("Numbers").len(), constants);
}

#[test]
fn every_rule_is_there_with_its_code_in_order() {
    let calls: Vec<String> =
        table("When a call is refused").iter().map(|row| code(&row[1]).to_owned()).collect();
    assert_eq!(calls, Rule::ALL.iter().map(|rule| rule.code()).collect::<Vec<_>>());
    // Where the page knows when to try again, so does the refusal.
    for (row, rule) in table("When a call is refused").iter().zip(Rule::ALL) {
        let mut facts = dialling(vendor_call());
        break_rule(*rule, &mut facts);
        if *rule == Rule::TriggerNotMet {
            facts.request.urgency = Some(UrgencySource::ClientWords);
            vendor_mut(&mut facts).message_accepted_at = Some(NOW);
        }
        let failure = evaluate(&facts, NOW).failures().unwrap().first();
        assert_eq!((failure.rule, failure.retry_at.is_some()), (*rule, row[2] != "–"));
    }
    let asks: Vec<String> =
        table("When nobody is asked").iter().map(|row| code(&row[1]).to_owned()).collect();
    assert_eq!(asks, AskRule::ALL.iter().map(|rule| rule.code()).collect::<Vec<_>>());
}

#[test]
fn what_ends_a_call_is_there_in_order() {
    let rows: Vec<String> =
        table("When a call is ended").iter().map(|row| code(&row[1]).to_owned()).collect();
    let rules = Rule::ALL.iter().filter(|rule| rule.ends_a_call());
    assert_eq!(rows, rules.map(|rule| rule.code()).collect::<Vec<_>>());
}

#[test]
fn every_trigger_is_there_with_its_party() {
    let rows: Vec<(String, String)> =
        table("Triggers").into_iter().map(|row| (code(&row[0]).to_owned(), row[1].clone())).collect();
    let expected: Vec<(String, String)> =
        Trigger::iter().map(|trigger| (trigger.to_string(), trigger.party().to_string())).collect();
    assert_eq!(rows, expected);
}

#[test]
fn every_phase_and_reason_is_there() {
    let rows: BTreeSet<String> =
        table("How an attempt ends").iter().map(|row| code(&row[0]).to_owned()).collect();
    let reasons = [
        EndReason::Completed,
        EndReason::Declined,
        EndReason::NoAnswer,
        EndReason::Failed(FailCode::Unstated),
        EndReason::Cancelled,
        EndReason::Refused(Rule::CallingDisabled),
    ];
    assert_eq!(rows, reasons.iter().map(|reason| reason.code().to_owned()).collect());
    for row in table("How an attempt ends") {
        let reason = reasons.iter().find(|reason| reason.code() == code(&row[0])).unwrap();
        assert_eq!(row[2] == "yes", reason.needs_fallback(), "{row:?}");
    }
}

#[test]
fn times_are_written_in_the_largest_unit_that_fits() {
    let written: Vec<String> =
        [60, 600, 86_400, 604_800].into_iter().map(|s| time(Duration::from_secs(s))).collect();
    assert_eq!(written, ["60 s", "600 s", "24 h", "7 days"]);
}
