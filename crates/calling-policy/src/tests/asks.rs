//! Who may be asked: every rule alone and in pairs, and Meta's limits on its card.

use std::time::Duration;

use marketplace::{ActorKind, Control, RequestState, Timestamp};

use super::keys::*;
use crate::{limits::*, *};

const DAY: Duration = Duration::from_hours(24);

/// Asking a vendor by Meta's card, with nothing in the way.
fn vendor_card() -> AskFacts {
    let facts = vendor_call();
    AskFacts {
        switches: facts.switches,
        request: facts.request,
        caller: ActorKind::Orchestrator,
        asked: Party::Vendor,
        scope: Scope::CallVendor,
        vendor_opted_out: false,
        consents: Vec::new(),
        permission: Permission::default(),
        by: AskBy::Card { sent: Vec::new(), connected_at: None },
    }
}

/// Asking the client by our own buttons.
fn client_buttons(scope: Scope) -> AskFacts {
    AskFacts { asked: Party::Client, scope, by: AskBy::Buttons, ..vendor_card() }
}

fn sent_mut(facts: &mut AskFacts) -> &mut Vec<CardSent> {
    match &mut facts.by {
        AskBy::Card { sent, .. } => sent,
        AskBy::Buttons => panic!("buttons are not counted"),
    }
}

fn prompt(key: ConsentKey, scope: Scope, at: Timestamp) -> Consent {
    let world = world();
    let who = if key == ConsentKey::Authorisation { world.client } else { world.vendor };
    Consent::requested(world.request, who, world.prompt, (key, scope), at)
}

fn answered(consent: Consent, yes: bool, at: Timestamp) -> Consent {
    consent.apply(answer(consent.contact(), consent.prompt(), yes), at, NOW).next
}

const CALLEE: (ConsentKey, Scope) = (ConsentKey::Callee, Scope::CallVendor);

fn break_rule(rule: AskRule, facts: &mut AskFacts) {
    let asked = prompt(CALLEE.0, CALLEE.1, NOW - mins(60));
    match rule {
        AskRule::CallingDisabled => facts.switches.calling = false,
        AskRule::RequestClosed => facts.request.state = RequestState::Closed,
        AskRule::RequestHandedOff => facts.request.state = RequestState::HandedOff,
        AskRule::RequestInError => facts.request.state = RequestState::Error,
        AskRule::ConsentPending => facts.consents.push(asked),
        AskRule::ConsentDenied => facts.consents.push(answered(asked, false, NOW - mins(50))),
        AskRule::ConsentInForce => {
            facts.consents.push(answered(asked, true, NOW - mins(50)));
            facts.permission = permission_until(NOW + mins(60));
        }
        AskRule::ConsentScope => facts.scope = Scope::Either,
        AskRule::Prescription => facts.request.prescription = true,
        AskRule::HumanControl => facts.request.control = Control::Human,
        AskRule::ClientOptedOut => facts.request.client_opted_out = true,
        AskRule::VendorOptedOut => facts.vendor_opted_out = true,
        // Eight days ago: beyond the limits, but its fate is still not known.
        AskRule::PermissionRequestUnknown => {
            sent_mut(facts).push(CardSent { at: NOW - DAY * 8, unknown: true });
        }
        AskRule::PermissionRequestLimit => {
            sent_mut(facts).push(CardSent { at: NOW - mins(60), unknown: false });
        }
        AskRule::CallingRestricted => facts.switches.restricted_until = Some(NOW + secs(1)),
    }
}

#[test]
fn each_rule_alone_and_every_two_together() {
    assert_eq!(evaluate_ask(&vendor_card(), NOW), Verdict::Allowed);
    for scope in [Scope::CallVendor, Scope::CallClient, Scope::Either] {
        assert_eq!(evaluate_ask(&client_buttons(scope), NOW), Verdict::Allowed);
    }
    for (n, first) in AskRule::ALL.iter().enumerate() {
        let mut facts = vendor_card();
        break_rule(*first, &mut facts);
        assert_eq!(evaluate_ask(&facts, NOW).rules(), [*first]);
        for second in AskRule::ALL.iter().skip(n + 1) {
            let states = [AskRule::RequestClosed, AskRule::RequestHandedOff, AskRule::RequestInError];
            let scoped = [AskRule::ConsentInForce, AskRule::ConsentScope];
            if [&states as &[_], &scoped].iter().any(|group| group.contains(first) && group.contains(second))
            {
                continue;
            }
            let mut facts = vendor_card();
            break_rule(*first, &mut facts);
            break_rule(*second, &mut facts);
            assert_eq!(evaluate_ask(&facts, NOW).rules(), [*first, *second]);
        }
    }
}

#[test]
fn one_card_a_day_and_two_a_week() {
    let limit = |sent: &[Timestamp], connected_at, now| {
        let sent = sent.iter().map(|at| CardSent { at: *at, unknown: false }).collect();
        let facts = AskFacts { by: AskBy::Card { sent, connected_at }, ..vendor_card() };
        let verdict = evaluate_ask(&facts, now);
        verdict.failures().map(|failures| {
            assert_eq!(failures.rules(), [AskRule::PermissionRequestLimit]);
            failures.retry_at().unwrap()
        })
    };
    let step = Duration::from_millis(1);
    let first = NOW - DAY * 3;
    // One: over at exactly 24 hours.
    assert_eq!(limit(&[first], None, first), Some(first + DAY));
    assert_eq!(limit(&[first], None, first + DAY - step), Some(first + DAY));
    assert_eq!(limit(&[first], None, first + DAY), None);
    // Two: a week from the first of them, sliding, in any order.
    let second = first + DAY * 2;
    for sent in [[first, second], [second, first]] {
        assert_eq!(limit(&sent, None, second), Some(first + DAY * 7));
        assert_eq!(limit(&sent, None, first + DAY * 7 - step), Some(first + DAY * 7));
        assert_eq!(limit(&sent, None, first + DAY * 7), None);
    }
    // The later of both limits.
    let late = first + DAY * 7 - mins(1);
    assert_eq!(limit(&[first, late], None, late), Some(late + DAY));
    // A call that was picked up after a card resets the count; one before it, or at the same moment, does not cover it.
    assert_eq!(limit(&[first, second], Some(second + step), second + mins(1)), None);
    assert_eq!(limit(&[first, second], Some(second), second + mins(1)), None);
    assert_eq!(limit(&[first, second], Some(second - step), second + mins(1)), Some(second + DAY));
    assert_eq!((PERMISSION_REQUESTS_A_DAY, PERMISSION_REQUESTS_A_WEEK), (1, 2));
}

#[test]
fn our_own_buttons_are_not_counted_and_know_no_card() {
    let mut facts = vendor_card();
    break_rule(AskRule::PermissionRequestLimit, &mut facts);
    break_rule(AskRule::PermissionRequestUnknown, &mut facts);
    facts.by = AskBy::Buttons;
    assert_eq!(evaluate_ask(&facts, NOW), Verdict::Allowed);
}

#[test]
fn a_prompt_is_pending_until_it_is_over() {
    let mut facts = vendor_card();
    let asked_at = NOW - mins(60);
    facts.consents = vec![prompt(CALLEE.0, CALLEE.1, asked_at)];
    let verdict = evaluate_ask(&facts, NOW);
    assert_eq!(verdict.failures().unwrap().first().retry_at, Some(asked_at + DAY));
    assert_eq!(evaluate_ask(&facts, asked_at + DAY), Verdict::Allowed);
    // Another request's prompt is another matter.
    facts.request.id = marketplace::RequestId::generate(&marketplace::SeededIds::new(77));
    assert_eq!(evaluate_ask(&facts, NOW), Verdict::Allowed);
}

#[test]
fn a_denial_is_remembered() {
    // Long after, and although Meta's permission is there.
    let mut facts = vendor_card();
    let denied = answered(prompt(CALLEE.0, CALLEE.1, NOW - DAY * 20), false, NOW - DAY * 20);
    facts.consents = vec![denied];
    facts.permission = permission_until(NOW + mins(60));
    assert_eq!(evaluate_ask(&facts, NOW).rules(), [AskRule::ConsentDenied]);
    // A yes after it, to the same prompt.
    facts.consents = vec![answered(denied, true, NOW - DAY * 19)];
    facts.by = AskBy::Buttons;
    assert_eq!(evaluate_ask(&facts, NOW), Verdict::Allowed);
}

#[test]
fn a_no_on_metas_card_counts_for_calls_to_that_person() {
    let reject = |automatic| {
        let reply = PermissionReply {
            response: PermissionResponse::Reject,
            is_permanent: None,
            expires_at: None,
            automatic,
        };
        Permission::default().apply(PermissionEvent::Reply(reply), NOW - mins(5), NOW).next
    };
    let mut facts = vendor_card();
    facts.permission = reject(false);
    assert_eq!(evaluate_ask(&facts, NOW).rules(), [AskRule::ConsentDenied]);
    // Meta's own revocation after missed calls is nobody's no.
    facts.permission = reject(true);
    assert_eq!(evaluate_ask(&facts, NOW), Verdict::Allowed);
    // A client who does not want to be called may still let us call vendors.
    for (scope, allowed) in [(Scope::CallVendor, true), (Scope::CallClient, false), (Scope::Either, false)] {
        let mut facts = client_buttons(scope);
        facts.request.client_asked_call_at = None;
        facts.permission = reject(false);
        assert_eq!(evaluate_ask(&facts, NOW).is_allowed(), allowed, "{scope}");
    }
}

#[test]
fn only_the_client_undoes_its_own_no_by_asking_for_a_call() {
    let no_at = NOW - mins(20);
    let denied = answered(prompt(ConsentKey::Authorisation, Scope::CallClient, NOW - mins(60)), false, no_at);
    let mut facts = client_buttons(Scope::CallClient);
    facts.consents = vec![denied];
    for (asked_at, allowed) in
        [(None, false), (Some(no_at - secs(1)), false), (Some(no_at), false), (Some(no_at + secs(1)), true)]
    {
        facts.request.client_asked_call_at = asked_at;
        assert_eq!(evaluate_ask(&facts, NOW).is_allowed(), allowed, "{asked_at:?}");
    }
    // The client's wish is not a vendor's.
    let mut facts = vendor_card();
    facts.consents = vec![answered(prompt(CALLEE.0, CALLEE.1, NOW - mins(60)), false, no_at)];
    facts.request.client_asked_call_at = Some(NOW);
    assert_eq!(evaluate_ask(&facts, NOW).rules(), [AskRule::ConsentDenied]);
}

#[test]
fn nobody_is_asked_for_what_they_gave() {
    let given = |key, scope| answered(prompt(key, scope, NOW - mins(60)), true, NOW - mins(50));
    let either = given(ConsentKey::Authorisation, Scope::Either);
    let vendors = given(ConsentKey::Authorisation, Scope::CallVendor);
    let own = given(ConsentKey::Callee, Scope::CallClient);
    for (scope, consents, in_force) in [
        (Scope::CallVendor, vec![vendors], true),
        (Scope::CallVendor, vec![either], true),
        (Scope::CallClient, vec![vendors], false),
        (Scope::CallClient, vec![either], false),
        (Scope::CallClient, vec![either, own], true),
        (Scope::Either, vec![vendors, own], false),
        (Scope::Either, vec![either, own], true),
    ] {
        let mut facts = client_buttons(scope);
        facts.consents = consents;
        let expected: &[AskRule] = if in_force { &[AskRule::ConsentInForce] } else { &[] };
        assert_eq!(evaluate_ask(&facts, NOW).rules(), expected, "{scope} {:?}", facts.consents);
        // The card still has Meta's permission to bring.
        facts.by = AskBy::Card { sent: Vec::new(), connected_at: None };
        assert_eq!(evaluate_ask(&facts, NOW), Verdict::Allowed);
        facts.permission = permission_until(NOW + mins(60));
        assert_eq!(evaluate_ask(&facts, NOW).rules(), expected, "{scope}");
    }
}

#[test]
fn a_pause_of_metas_is_over_at_its_time() {
    let mut facts = vendor_card();
    let until = NOW + mins(5);
    facts.switches.restricted_until = Some(until);
    let retry_at = |now| evaluate_ask(&facts, now).failures().and_then(Failures::retry_at);
    assert_eq!(retry_at(until - Duration::from_millis(1)), Some(until));
    assert_eq!(retry_at(until), None);
}

#[test]
fn under_human_control_only_people_ask() {
    let mut facts = vendor_card();
    facts.request.control = Control::Human;
    facts.caller = ActorKind::Human;
    assert_eq!(evaluate_ask(&facts, NOW), Verdict::Allowed);
}
