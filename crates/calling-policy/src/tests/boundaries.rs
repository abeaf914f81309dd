//! Every number one step before, at and one step after its bound.

use std::time::Duration;

use marketplace::Timestamp;

use super::keys::*;
use crate::{limits::*, *};

const STEP: Duration = Duration::from_millis(1);

/// Checks that `rule` fails before `bound` and holds from it on, and that the failure names the bound.
#[track_caller]
fn ends_at(facts: &CallFacts, rule: Rule, bound: Timestamp) {
    let failing = |now| {
        let verdict = evaluate(facts, now);
        verdict.failures().and_then(|all| all.iter().find(|failure| failure.rule == rule))
    };
    assert_eq!(failing(bound - STEP), Some(Failure { rule, retry_at: Some(bound) }));
    assert_eq!(failing(bound), None);
    assert_eq!(failing(bound + STEP), None);
}

/// Checks that `rule` holds before `bound` and fails from it on.
#[track_caller]
fn begins_at(facts: &CallFacts, rule: Rule, bound: Timestamp) {
    let failing = |now| evaluate(facts, now).rules().contains(&rule);
    assert!(!failing(bound - STEP) && failing(bound) && failing(bound + STEP));
}

#[test]
fn the_cooldown_is_over_at_600_seconds() {
    let mut facts = vendor_call();
    let dialled = NOW - secs(120);
    add_to_stranger(&mut facts, 1, completed(dialled));
    ends_at(&facts, Rule::CooldownActive, dialled + secs(600));
    // The last dial counts, whatever its place in the list; a refused or cancelled intent never was a call.
    add_to_stranger(&mut facts, 2, completed(dialled - secs(60)));
    add_to_stranger(&mut facts, 3, applied(Attempt::intent(NOW), &[(AttemptEvent::Cancelled, NOW)]));
    ends_at(&facts, Rule::CooldownActive, dialled + secs(600));
    // A call of another request does not count.
    let mut facts = vendor_call();
    add_elsewhere(&mut facts, 1, completed(dialled));
    assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
}

#[test]
fn silence_begins_at_180_seconds() {
    let accepted = NOW - secs(30);
    let mut vendor = vendor_call();
    vendor_mut(&mut vendor).message_accepted_at = Some(accepted);
    ends_at(&vendor, Rule::TriggerNotMet, accepted + secs(180));
    let mut client = client_call();
    client.claim = Trigger::RapidClarification;
    client.request.question_accepted_at = Some(accepted);
    ends_at(&client, Rule::TriggerNotMet, accepted + secs(180));
}

#[test]
fn a_reply_is_ambiguous_below_six_tenths() {
    for (confidence, rules) in [
        (0.0, &[] as &[Rule]),
        (0.599_999, &[]),
        (0.6, &[Rule::TriggerNotMet]),
        (0.600_001, &[Rule::TriggerNotMet]),
        (1.0, &[Rule::TriggerNotMet]),
    ] {
        let mut facts = vendor_call();
        facts.claim = Trigger::AmbiguousReply;
        vendor_mut(&mut facts).reply =
            Some(VendorReply { at: NOW, confidence: Confidence::new(confidence).unwrap() });
        assert_eq!(evaluate(&facts, NOW).rules(), rules, "{confidence}");
    }
    for bad in [-0.001, 1.001, f64::NAN, f64::INFINITY] {
        assert_eq!(Confidence::new(bad), Err(NotAConfidence));
    }
}

#[test]
fn a_consent_is_over_at_its_expiry() {
    let facts = client_call();
    let bound = facts.authorisation.unwrap().expires_at();
    assert_eq!(bound, NOW - mins(30) + CONSENT_LASTS);
    let both = [Rule::ConsentExpired, Rule::CalleeConsentExpired];
    for rule in both {
        begins_at(&facts, rule, bound);
    }
}

#[test]
fn metas_permission_is_over_a_minute_before_its_expiry() {
    let until = NOW + mins(60);
    begins_at(&vendor_call(), Rule::PermissionExpired, until - secs(60));
    let mut facts = dialling(vendor_call());
    read_mut(&mut facts).expires_at = Some(NOW + secs(90));
    begins_at(&facts, Rule::PermissionExpired, NOW + secs(30));
}

#[test]
fn what_meta_said_counts_for_a_minute() {
    let facts = dialling(vendor_call());
    let read_at = NOW - secs(1);
    let unread = |now| evaluate(&facts, now).rules().contains(&Rule::PermissionUnread);
    assert!(!unread(read_at + secs(60) - STEP) && !unread(read_at + secs(60)));
    assert!(unread(read_at + secs(60) + STEP));
}

#[test]
fn restrictions_and_the_breaker_are_over_at_their_time() {
    let mut facts = vendor_call();
    facts.switches.restricted_until = Some(NOW + mins(1));
    facts.switches.breaker_open_until = Some(NOW + mins(2));
    ends_at(&facts, Rule::CallingRestricted, NOW + mins(1));
    ends_at(&facts, Rule::BreakerOpen, NOW + mins(2));
}

#[test]
fn answered_calls_are_counted_over_24_hours() {
    let day = Duration::from_hours(24);
    let mut facts = vendor_call();
    let first = NOW - Duration::from_hours(10);
    for n in 0..100 {
        add_elsewhere(&mut facts, n, completed(first + secs(n * 60)));
    }
    // Answered five seconds after dialling; calls that nobody answered and calls to others do not count.
    callee_mut(&mut facts).permission = permission_until(NOW + day * 3);
    ends_at(&facts, Rule::ConnectedCallLimit, first + secs(5) + day);
    add_elsewhere(&mut facts, 200, missed(NOW - mins(20)));
    add_to_stranger(&mut facts, 201, completed(NOW - mins(20)));
    ends_at(&facts, Rule::ConnectedCallLimit, first + secs(5) + day);
    // One more: the second oldest has to leave the window too.
    add_elsewhere(&mut facts, 202, completed(NOW - mins(15)));
    ends_at(&facts, Rule::ConnectedCallLimit, first + secs(65) + day);
    facts.attempts.truncate(99);
    assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
}

#[test]
fn metas_own_number_replaces_the_default() {
    let mut facts = dialling(vendor_call());
    add_elsewhere(&mut facts, 1, completed(NOW - mins(60)));
    for (max_allowed, current_usage, rules) in [
        (2, 0, &[] as &[Rule]),
        (1, 0, &[Rule::ConnectedCallLimit]),
        (5, 4, &[]),
        (5, 5, &[Rule::ConnectedCallLimit]),
    ] {
        read_mut(&mut facts).call_limit = Some(CallLimit { max_allowed, current_usage, until: None });
        assert_eq!(evaluate(&facts, NOW).rules(), rules, "{max_allowed} {current_usage}");
    }
    read_mut(&mut facts).call_limit = None;
    assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
    let until = Some(NOW + mins(7));
    read_mut(&mut facts).call_limit = Some(CallLimit { max_allowed: 5, current_usage: 5, until });
    assert_eq!(evaluate(&facts, NOW).failures().unwrap().retry_at(), until);
}

#[test]
fn a_window_that_allows_nothing_is_full_for_its_own_length() {
    let mut facts = dialling(vendor_call());
    read_mut(&mut facts).call_limit = Some(CallLimit { max_allowed: 0, current_usage: 0, until: None });
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::ConnectedCallLimit]);
}
