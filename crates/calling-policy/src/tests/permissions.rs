//! Meta's permission: every documented shape of the webhook, reads, and their order.

use std::{fs, path::PathBuf, time::Duration};

use marketplace::Timestamp;
use serde_json::Value;

use super::keys::*;
use crate::*;

/// Meta's time of the fixtures.
const AT: Timestamp = Timestamp::from_seconds(1_790_000_100);

fn fixture(name: &str) -> (PermissionEvent, Timestamp) {
    let file =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/meta-webhooks").join(name);
    let body: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let message = &body["entry"][0]["changes"][0]["value"]["messages"][0];
    let reply = &message["interactive"]["call_permission_reply"];
    // Meta writes moments as text, others as numbers.
    let moment = |value: &Value| {
        let seconds = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        seconds.map(Timestamp::from_seconds)
    };
    let event = PermissionReply {
        response: match reply["response"].as_str().unwrap() {
            "accept" => PermissionResponse::Accept,
            "reject" => PermissionResponse::Reject,
            _ => PermissionResponse::Other,
        },
        is_permanent: reply["is_permanent"].as_bool(),
        expires_at: moment(&reply["expiration_timestamp"]),
        automatic: reply["response_source"] == "automatic",
    };
    (PermissionEvent::Reply(event), moment(&message["timestamp"]).unwrap())
}

#[test]
fn every_documented_shape_of_the_answer() {
    use PermissionState::{Permanent, Refused, Temporary, Unknown};
    let until = Timestamp::from_seconds;
    let week = AT + Duration::from_hours(168);
    for (name, state) in [
        ("perm_01_accept_temporary_string_exp.json", Temporary { until: until(1_790_604_900) }),
        ("perm_02_accept_temporary_integer_exp.json", Temporary { until: until(1_790_604_900) }),
        ("perm_03_accept_permanent.json", Permanent),
        ("perm_04_reject_user.json", Refused { by: RefusedBy::Person, at: AT }),
        ("perm_05_accept_automatic_callback.json", Temporary { until: until(1_790_604_900) }),
        ("perm_06_reject_automatic_revoked.json", Refused { by: RefusedBy::Meta, at: AT }),
        ("perm_07_accept_profile_no_context.json", Permanent),
        ("perm_08_bsuid_only.json", Temporary { until: until(1_790_604_900) }),
        ("perm_09_unknown_response.json", Unknown),
        ("perm_10_accept_no_expiry_no_is_permanent.json", Temporary { until: week }),
        ("perm_11_reject_user_no_context.json", Refused { by: RefusedBy::Person, at: AT }),
        ("perm_13_expiry_not_168h.json", Temporary { until: until(1_791_382_500) }),
    ] {
        let (event, at) = fixture(name);
        let step = Permission::default().apply(event, at, AT);
        assert_eq!(step.next.state(AT), state, "{name}");
        let allowed = matches!(state, Temporary { .. } | Permanent);
        assert_eq!(step.next.allows(AT), allowed, "{name}");
        let follows: &[PermissionFollow] =
            if matches!(state, Refused { .. }) { &[PermissionFollow::WithdrawConsents] } else { &[] };
        assert_eq!(step.follows, follows, "{name}");
    }
}

#[test]
fn an_unknown_word_grants_nothing_and_takes_nothing() {
    let (event, at) = fixture("perm_09_unknown_response.json");
    for known in [Permission::default(), permission_until(AT + mins(60))] {
        let step = known.apply(event, at, AT);
        assert_eq!((step.next, step.noted), (known, Noted::Ignored(Ignored::Unclear)));
    }
}

#[test]
fn a_late_older_accept_does_not_undo_a_reject() {
    let (accept, older) = fixture("perm_12_late_older_accept_after_reject.json");
    let (reject, at) = fixture("perm_04_reject_user.json");
    assert!(older < at);
    let refused = Permission::default().apply(reject, at, AT).next;
    let late = refused.apply(accept, older, AT);
    assert_eq!((late.noted, late.follows.len()), (Noted::Learned, 0));
    assert!(!late.next.allows(AT));
    // The other way round the reject takes it back and stops calls.
    let granted = Permission::default().apply(accept, older, AT).next;
    let step = granted.apply(reject, at, AT);
    assert_eq!(step.next, late.next);
    assert_eq!(step.follows, [PermissionFollow::WithdrawConsents, PermissionFollow::StopCalls]);
    // An older reject that comes after a newer accept leaves the permission, and still takes the consents before it.
    let (accept, _) = fixture("perm_03_accept_permanent.json");
    let newer = Permission::default().apply(accept, at, AT).next;
    let step = newer.apply(reject, older, AT);
    assert_eq!((step.noted, step.next.allows(AT)), (Noted::Learned, true));
    assert_eq!(step.follows, [PermissionFollow::WithdrawConsents]);
}

#[test]
fn of_the_same_second_the_no_wins_and_the_stricter_term() {
    let (accept, at) = fixture("perm_03_accept_permanent.json");
    let (reject, _) = fixture("perm_04_reject_user.json");
    for order in [[accept, reject], [reject, accept]] {
        let known = order.iter().fold(Permission::default(), |known, event| known.apply(*event, at, AT).next);
        assert!(!known.allows(AT));
        // One second later it counts.
        assert!(known.apply(accept, at + secs(1), AT).next.allows(AT));
    }
    let (temporary, _) = fixture("perm_01_accept_temporary_string_exp.json");
    let (revoked, _) = fixture("perm_06_reject_automatic_revoked.json");
    for order in [[accept, temporary], [temporary, accept]] {
        let known = order.iter().fold(Permission::default(), |known, event| known.apply(*event, at, AT).next);
        assert!(matches!(known.state(AT), PermissionState::Temporary { .. }));
    }
    for order in [[reject, revoked], [revoked, reject]] {
        let known = order.iter().fold(Permission::default(), |known, event| known.apply(*event, at, AT).next);
        assert_eq!(known.state(AT), PermissionState::Refused { by: RefusedBy::Person, at });
    }
}

#[test]
fn it_runs_out_without_a_webhook_a_minute_early() {
    let until = AT + mins(60);
    let known = permission_until(until);
    let ms = Duration::from_millis(1);
    assert_eq!(known.state(until - secs(60) - ms), PermissionState::Temporary { until });
    assert_eq!(known.state(until - secs(60)), PermissionState::Expired { until });
    assert!(!known.allows(until - secs(60)) && !known.allows(until + mins(60)));
    assert_eq!(known.since(), Some(NOW - mins(30)));
}

#[test]
fn permanent_is_said_and_never_concluded() {
    let reply = |is_permanent, expires_at| PermissionReply {
        response: PermissionResponse::Accept,
        is_permanent,
        expires_at,
        automatic: false,
    };
    let week = Term::Until(AT + Duration::from_hours(168));
    for (is_permanent, expires_at, term) in [
        (Some(true), None, Term::Permanent),
        // An expiry outranks it.
        (Some(true), Some(NOW), Term::Until(NOW)),
        (Some(false), None, week),
        (None, None, week),
        (None, Some(NOW), Term::Until(NOW)),
    ] {
        assert_eq!(reply(is_permanent, expires_at).term(AT), term);
    }
}

#[test]
fn a_read_decides_on_can_perform_action() {
    let read = |can_start_call| PermissionRead { can_start_call, ..read_yes(NOW) };
    let apply = |known: Permission, read| known.apply(PermissionEvent::Read(read), NOW + mins(9), NOW);
    let yes = apply(Permission::default(), read(true));
    assert_eq!((yes.noted, yes.next.since()), (Noted::Moved, Some(NOW - limits::CLOCK_SKEW)));
    assert!(yes.next.allows(NOW));
    let no = apply(yes.next, PermissionRead { at: NOW + secs(1), ..read(false) });
    assert_eq!(no.next.state(NOW), PermissionState::Refused { by: RefusedBy::Unstated, at: NOW + secs(1) });
    // A no that was read is nobody's withdrawal, but calls stop.
    assert_eq!(no.follows, [PermissionFollow::StopCalls]);
    // Without an expiry it is permanent only if Meta says so.
    let endless = PermissionRead { expires_at: None, ..read(true) };
    let week = NOW + Duration::from_hours(168);
    assert_eq!(
        apply(Permission::default(), endless).next.state(NOW),
        PermissionState::Temporary { until: week }
    );
    let permanent = PermissionRead { says_permanent: true, ..endless };
    assert_eq!(apply(Permission::default(), permanent).next.state(NOW), PermissionState::Permanent);
    let until = NOW + mins(90);
    let both = PermissionRead { expires_at: Some(until), ..permanent };
    assert_eq!(apply(Permission::default(), both).next.state(NOW), PermissionState::Temporary { until });
}

#[test]
fn too_many_answered_calls_are_no_missing_permission() {
    let known = permission_until(NOW + mins(60));
    for (current_usage, used_up) in [(99, false), (100, true), (101, true)] {
        let limit = CallLimit { max_allowed: 100, current_usage, until: None };
        let read = PermissionRead { can_start_call: false, call_limit: Some(limit), ..read_yes(NOW) };
        assert_eq!(read.is_used_up(), used_up);
        assert_eq!(known.apply(PermissionEvent::Read(read), NOW, NOW).next.allows(NOW), used_up);
    }
    let none = PermissionRead { can_start_call: false, call_limit: None, ..read_yes(NOW) };
    assert!(!none.is_used_up() && !known.apply(PermissionEvent::Read(none), NOW, NOW).next.allows(NOW));
}

#[test]
fn a_no_that_was_said_is_not_covered_by_one_that_was_found() {
    let (reject, at) = fixture("perm_04_reject_user.json");
    let person = PermissionState::Refused { by: RefusedBy::Person, at };
    let found = |at| PermissionRead { can_start_call: false, ..read_yes(at) };
    for later in [AT - at.since(at), at + secs(2)] {
        let look = PermissionEvent::Read(found(later));
        // We looked first, and the webhook came after.
        let step = Permission::default().apply(look, later, AT).next.apply(reject, at, AT);
        assert_eq!(step.next.state(AT), person);
        assert_eq!(step.follows, [PermissionFollow::WithdrawConsents]);
        // The webhook came first.
        let known = Permission::default().apply(reject, at, AT).next.apply(look, later, AT).next;
        assert_eq!(known, step.next);
    }
    // What was found counts on where the person has said yes since.
    let (accept, _) = fixture("perm_03_accept_permanent.json");
    let known = Permission::default().apply(reject, at, AT).next.apply(accept, at + secs(1), AT).next;
    let none = known.apply(PermissionEvent::Read(found(at + secs(2))), at, AT).next;
    assert_eq!(none.state(AT), PermissionState::Refused { by: RefusedBy::Unstated, at: at + secs(2) });
}

#[test]
fn metas_138006_is_the_last_word() {
    let known = permission_until(NOW + mins(60));
    let step = known.apply(PermissionEvent::NotApproved, NOW, NOW);
    assert_eq!(step.next.state(NOW), PermissionState::Refused { by: RefusedBy::Unstated, at: NOW });
    assert_eq!(step.follows, [PermissionFollow::StopCalls]);
    let again = step.next.apply(PermissionEvent::NotApproved, NOW, NOW);
    assert_eq!(again, Transition { next: step.next, noted: Noted::Ignored(Ignored::Known), follows: vec![] });
    // Never given: nothing to stop.
    assert_eq!(Permission::default().apply(PermissionEvent::NotApproved, NOW, NOW).follows, []);
}

#[test]
fn a_permission_reads_back_from_json() {
    let known = permission_until(NOW + mins(60)).apply(PermissionEvent::NotApproved, NOW, NOW).next;
    for permission in [Permission::default(), known] {
        let json = serde_json::to_string(&permission).unwrap();
        assert_eq!(serde_json::from_str::<Permission>(&json).unwrap(), permission);
    }
    assert_eq!(Permission::default().since(), None);
    assert_eq!(Permission::default().state(NOW), PermissionState::Unknown);
}
