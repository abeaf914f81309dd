//! Every rule alone, every two together, and what refusals say.

use std::time::Duration;

use marketplace::{ActorKind, Control, MessageId, RequestId, RequestState, SeededIds};

use super::keys::*;
use crate::*;

#[test]
fn with_every_key_in_hand_a_call_is_allowed() {
    for facts in [vendor_call(), client_call(), dialling(vendor_call()), dialling(client_call())] {
        assert_eq!(evaluate(&facts, NOW), Verdict::Allowed, "{facts:#?}");
    }
}

#[test]
fn without_one_key_a_call_is_refused_with_exactly_its_code() {
    for rule in Rule::ALL {
        let mut facts = dialling(vendor_call());
        break_rule(*rule, &mut facts);
        assert_eq!(evaluate(&facts, NOW).rules(), [*rule]);
    }
}

#[test]
fn two_missing_keys_are_both_named_in_order() {
    let mut pairs = 0;
    for (n, first) in Rule::ALL.iter().enumerate() {
        for second in Rule::ALL.iter().skip(n + 1) {
            if EXCLUSIVE.iter().any(|group| group.contains(first) && group.contains(second)) {
                continue;
            }
            // Whatever is broken first.
            for order in [[first, second], [second, first]] {
                let mut facts = dialling(vendor_call());
                for rule in order {
                    break_rule(*rule, &mut facts);
                }
                assert_eq!(evaluate(&facts, NOW).rules(), [*first, *second]);
            }
            pairs += 1;
        }
    }
    let all = Rule::ALL.len() * (Rule::ALL.len() - 1) / 2;
    assert_eq!(pairs, all - (3 + 3 + 1 + 1 + 1));
}

#[test]
fn everything_at_once_is_listed_whole() {
    let mut facts = dialling(vendor_call());
    let one_of_each =
        Rule::ALL.iter().filter(|rule| EXCLUSIVE.iter().all(|group| !group[1..].contains(rule)));
    let broken: Vec<Rule> = one_of_each.copied().collect();
    for rule in &broken {
        break_rule(*rule, &mut facts);
    }
    let verdict = evaluate(&facts, NOW);
    let failures = verdict.failures().unwrap();
    assert_eq!(failures.rules(), broken);
    assert_eq!(failures.first(), Failure { rule: Rule::CallingDisabled, retry_at: None });
    assert_eq!(failures.retry_at(), None);
    assert!(!failures.may_be_held() && !verdict.is_allowed());
}

#[test]
fn the_missions_order_is_flag_state_consent() {
    let mut facts = vendor_call();
    facts.authorisation = None;
    facts.request.state = RequestState::HandedOff;
    facts.switches.calling = false;
    facts.request.prescription = true;
    let order = [Rule::CallingDisabled, Rule::RequestHandedOff, Rule::ConsentRequired, Rule::Prescription];
    assert_eq!(evaluate(&facts, NOW).rules(), order);
    assert!(Rule::ALL.is_sorted() && AskRule::ALL.is_sorted());
}

#[test]
fn the_time_to_try_again_is_the_latest_of_all_that_are_known() {
    let mut facts = vendor_call();
    add_to_stranger(&mut facts, 1, completed(NOW - mins(9)));
    facts.switches.restricted_until = Some(NOW + mins(2));
    let verdict = evaluate(&facts, NOW);
    let failures = verdict.failures().unwrap();
    assert_eq!(failures.rules(), [Rule::CooldownActive, Rule::CallingRestricted]);
    assert_eq!(failures.first().retry_at, Some(NOW + mins(1)));
    assert_eq!(failures.retry_at(), Some(NOW + mins(2)));
    assert_eq!(evaluate(&facts, NOW + mins(2)), Verdict::Allowed);
    facts.request.prescription = true;
    assert_eq!(evaluate(&facts, NOW).failures().unwrap().retry_at(), None);
}

#[test]
fn only_what_passes_by_itself_may_be_held() {
    for rule in Rule::ALL {
        let mut facts = dialling(vendor_call());
        break_rule(*rule, &mut facts);
        break_rule(Rule::OutboundOff, &mut facts);
        let held = matches!(
            rule,
            Rule::PermissionUnread | Rule::OutboundOff | Rule::BreakerOpen | Rule::UnroutedEvent
        );
        assert_eq!(evaluate(&facts, NOW).failures().unwrap().may_be_held(), held, "{rule}");
    }
}

#[test]
fn a_clients_yes_does_not_speak_for_a_vendor() {
    let world = world();
    let mut facts = vendor_call();
    // The client's own consents, whatever their scope, are not the vendor's.
    for (key, scope) in [(ConsentKey::Authorisation, Scope::Either), (ConsentKey::Callee, Scope::CallClient)]
    {
        callee_mut(&mut facts).consent = Some(granted(world.client, world.prompt, key, scope));
        assert_eq!(evaluate(&facts, NOW).rules(), [Rule::CalleeConsentRequired]);
    }
    // A vendor's consent to something else is none to being called.
    callee_mut(&mut facts).consent =
        Some(granted(world.vendor, world.vendor_prompt, ConsentKey::Callee, Scope::CallClient));
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::CalleeConsentRequired]);
    callee_mut(&mut facts).consent =
        Some(granted(world.vendor, world.vendor_prompt, ConsentKey::Authorisation, Scope::CallVendor));
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::CalleeConsentRequired]);
}

#[test]
fn a_consent_for_another_request_is_none() {
    let world = world();
    let other = RequestId::generate(&SeededIds::new(99));
    for key in [ConsentKey::Authorisation, ConsentKey::Callee] {
        let mut facts = client_call();
        let asked =
            Consent::requested(other, world.client, world.prompt, (key, Scope::CallClient), NOW - mins(9));
        let elsewhere = asked.apply(answer(world.client, world.prompt, true), NOW - mins(8), NOW).next;
        assert_eq!(elsewhere.status(NOW), ConsentStatus::Granted);
        let rule = if key == ConsentKey::Authorisation {
            facts.authorisation = Some(elsewhere);
            Rule::ConsentRequired
        } else {
            callee_mut(&mut facts).consent = Some(elsewhere);
            Rule::CalleeConsentRequired
        };
        assert_eq!(evaluate(&facts, NOW).rules(), [rule]);
    }
}

#[test]
fn somebody_elses_authorisation_is_none() {
    let world = world();
    let mut facts = vendor_call();
    facts.authorisation =
        Some(granted(world.stranger, world.prompt, ConsentKey::Authorisation, Scope::Either));
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::ConsentRequired]);
    facts.authorisation = Some(granted(world.client, world.prompt, ConsentKey::Callee, Scope::Either));
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::ConsentRequired]);
}

#[test]
fn what_is_asked_denied_or_ran_out_unanswered_is_no_consent() {
    let world = world();
    let asked = Consent::requested(
        world.request,
        world.client,
        world.prompt,
        (ConsentKey::Authorisation, Scope::Either),
        NOW - mins(60),
    );
    let denied = asked.apply(answer(world.client, world.prompt, false), NOW - mins(1), NOW).next;
    let mut facts = vendor_call();
    for consent in [asked, denied] {
        facts.authorisation = Some(consent);
        assert_eq!(evaluate(&facts, NOW).rules(), [Rule::ConsentRequired]);
    }
    // Much later the prompt is over, and still nobody ever said yes.
    facts.authorisation = Some(Consent::requested(
        world.request,
        world.client,
        world.prompt,
        (ConsentKey::Authorisation, Scope::Either),
        NOW - mins(60 * 25),
    ));
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::ConsentRequired]);
}

#[test]
fn scopes_cover_what_they_say() {
    let world = world();
    for (scope, vendor, client) in
        [(Scope::CallVendor, true, false), (Scope::CallClient, false, true), (Scope::Either, true, true)]
    {
        for (mut facts, allowed) in [(vendor_call(), vendor), (client_call(), client)] {
            facts.authorisation = Some(granted(world.client, world.prompt, ConsentKey::Authorisation, scope));
            let expected: &[Rule] = if allowed { &[] } else { &[Rule::ConsentScope] };
            assert_eq!(evaluate(&facts, NOW).rules(), expected, "{scope}");
        }
    }
}

#[test]
fn under_human_control_only_people_call() {
    use strum::IntoEnumIterator as _;
    for caller in ActorKind::iter() {
        let mut facts = dialling(vendor_call());
        facts.caller = caller;
        facts.request.control = Control::Human;
        facts.request.state = RequestState::Escalated;
        let expected: &[Rule] = if caller == ActorKind::Human { &[] } else { &[Rule::HumanControl] };
        assert_eq!(evaluate(&facts, NOW).rules(), expected, "{caller}");
    }
}

#[test]
fn a_takeover_between_decision_and_dial_stops_the_bot_even_after_a_resume() {
    let mut facts = dialling(vendor_call());
    facts.request.control_epoch += 2;
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::HumanControl]);
    facts.caller = ActorKind::Human;
    assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
}

#[test]
fn a_stop_of_the_client_stops_calls_to_vendors_too() {
    for mut facts in [vendor_call(), client_call()] {
        facts.request.client_opted_out = true;
        assert_eq!(evaluate(&facts, NOW).rules(), [Rule::ClientOptedOut]);
    }
}

#[test]
fn an_attempt_is_no_reason_against_itself_but_is_dialled_once() {
    let mut facts = dialling(vendor_call());
    assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
    let intent = facts.attempts[0].attempt;
    for event in [AttemptEvent::Dialling, AttemptEvent::Cancelled, AttemptEvent::DialUnknown] {
        facts.attempts[0].attempt = applied(intent, &[(event, NOW)]);
        assert_eq!(evaluate(&facts, NOW).rules(), [Rule::CallInProgress], "{event:?}");
    }
    // At the tool it is another call, and a live one.
    facts.attempts[0].attempt = intent;
    facts.stage = Stage::Decide;
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::CallInProgress]);
}

#[test]
fn one_live_call_for_a_request_and_for_a_person() {
    let live = Attempt::intent(NOW - mins(30));
    let ways: [fn(&mut CallFacts, u64, Attempt); 3] = [add, add_elsewhere, add_to_stranger];
    for (n, way) in ways.iter().enumerate() {
        let mut facts = vendor_call();
        way(&mut facts, 1, live);
        assert_eq!(evaluate(&facts, NOW).rules(), [Rule::CallInProgress], "{n}");
        facts.attempts[0].attempt = applied(live, &[(AttemptEvent::Cancelled, NOW - mins(20))]);
        assert_eq!(evaluate(&facts, NOW), Verdict::Allowed, "{n}");
    }
    // Another request with another person is nobody's business.
    let mut facts = vendor_call();
    add_elsewhere(&mut facts, 1, live);
    facts.attempts[0].callee = world().stranger;
    assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
}

#[test]
fn a_dial_in_doubt_blocks_the_next_call_then_counts_for_cooldown_and_misses() {
    let at = NOW - mins(5);
    let unknown = applied(
        Attempt::intent(at),
        &[(AttemptEvent::Dialling, at), (AttemptEvent::DialUnknown, at + secs(30))],
    );
    let mut facts = vendor_call();
    add(&mut facts, 1, unknown);
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::CooldownActive, Rule::CallInProgress]);
    facts.attempts[0].attempt = applied(unknown, &[(AttemptEvent::GivenUp, NOW - mins(1))]);
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::CooldownActive, Rule::RedialCap]);
}

#[test]
fn an_unanswered_callee_is_not_called_again_for_this_request() {
    let at = NOW - mins(60);
    let start = Attempt::intent(at);
    let dialled = applied(start, &[(AttemptEvent::Dialling, at)]);
    let ring = (AttemptEvent::Ringing, at);
    let meta = |code| Terminated { talked: false, failed: true, error: Some(code) };
    let cases: &[(&str, Attempt, bool)] = &[
        ("no answer", missed(at), true),
        ("declined", applied(dialled, &[ring, (AttemptEvent::Rejected, at)]), true),
        (
            "138023",
            applied(dialled, &[(AttemptEvent::Accepted, at), (AttemptEvent::Terminated(meta(138_023)), at)]),
            true,
        ),
        (
            "broke while ringing",
            applied(dialled, &[ring, (AttemptEvent::Terminated(meta(138_021)), at)]),
            true,
        ),
        ("broke before it rang", applied(dialled, &[(AttemptEvent::Terminated(meta(138_019)), at)]), false),
        ("not placed", applied(dialled, &[(AttemptEvent::DialFailed(FailCode::NotSent), at)]), false),
        (
            "hung up by us while it rang",
            applied(dialled, &[ring, (AttemptEvent::HangUp, at), (AttemptEvent::Terminated(UNANSWERED), at)]),
            true,
        ),
        (
            "cancelled in doubt",
            applied(dialled, &[(AttemptEvent::DialUnknown, at), (AttemptEvent::Cancelled, at)]),
            true,
        ),
        ("cancelled before dialling", applied(start, &[(AttemptEvent::Cancelled, at)]), false),
        ("refused", applied(start, &[(AttemptEvent::Refused(Rule::QuietHours), at)]), false),
        ("answered", completed(at), false),
        (
            "answered and broken",
            applied(
                dialled,
                &[ring, (AttemptEvent::Accepted, at), (AttemptEvent::Terminated(meta(138_021)), at)],
            ),
            false,
        ),
    ];
    for (name, attempt, is_capped) in cases {
        assert!(!attempt.is_live(), "{name}");
        let mut facts = vendor_call();
        add(&mut facts, 1, *attempt);
        let expected: &[Rule] = if *is_capped { &[Rule::RedialCap] } else { &[] };
        assert_eq!(evaluate(&facts, NOW).rules(), expected, "{name}");
        // Another vendor of this request, and this vendor for another request, may be called.
        for way in [add_to_stranger, add_elsewhere] {
            let mut facts = vendor_call();
            way(&mut facts, 1, *attempt);
            assert_eq!(evaluate(&facts, NOW), Verdict::Allowed, "{name}");
        }
    }
}

#[test]
fn four_misses_in_a_row_are_a_revocation_whose_webhook_is_lost() {
    // The permission was given before all of these; other requests, so the redial cap is silent.
    let misses = |n: u64| {
        let mut facts = vendor_call();
        for at in 0..n {
            add_elsewhere(&mut facts, at, missed(NOW - mins(29) + secs(at * 60)));
        }
        facts
    };
    assert_eq!(evaluate(&misses(3), NOW), Verdict::Allowed);
    assert_eq!(evaluate(&misses(4), NOW).rules(), [Rule::PermissionMissing]);
    // An answered call in between starts the count again; one before all of them does not.
    let mut facts = misses(4);
    add_elsewhere(&mut facts, 10, completed(NOW - mins(29) + secs(61)));
    assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
    let mut facts = misses(4);
    add_elsewhere(&mut facts, 10, completed(NOW - mins(29) - secs(1)));
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::PermissionMissing]);
    // A yes that is newer than the misses counts, and so does what Meta says at the moment of dialling.
    let mut facts = misses(4);
    let again = PermissionReply {
        response: PermissionResponse::Accept,
        is_permanent: Some(true),
        expires_at: None,
        automatic: false,
    };
    let mut given_at = |at| {
        let permission = callee_mut(&mut facts).permission;
        callee_mut(&mut facts).permission = permission.apply(PermissionEvent::Reply(again), at, NOW).next;
        evaluate(&facts, NOW)
    };
    // A call dialled in the very moment of the yes is one before it.
    let first = NOW - mins(29);
    assert_eq!(given_at(first - Duration::from_millis(1)).rules(), [Rule::PermissionMissing]);
    assert_eq!(given_at(first), Verdict::Allowed);
    assert_eq!(given_at(NOW - mins(1)), Verdict::Allowed);
    assert_eq!(evaluate(&dialling(misses(4)), NOW), Verdict::Allowed);
}

#[test]
fn a_call_that_failed_before_it_was_dialled_begins_the_cooldown_too() {
    let failed = |at| {
        applied(Attempt::intent(at), &[(AttemptEvent::DialFailed(FailCode::VoiceGateway), at + secs(3))])
    };
    let mut facts = vendor_call();
    add_to_stranger(&mut facts, 1, failed(NOW - mins(9)));
    let failure = evaluate(&facts, NOW).failures().unwrap().first();
    assert_eq!((failure.rule, failure.retry_at), (Rule::CooldownActive, Some(NOW + mins(1))));
    let mut facts = vendor_call();
    add_to_stranger(&mut facts, 1, failed(NOW - mins(10)));
    assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
    // One that was refused or given up cost nobody a word.
    for event in [AttemptEvent::Cancelled, AttemptEvent::Refused(Rule::QuietHours)] {
        let mut facts = vendor_call();
        add_to_stranger(&mut facts, 1, applied(Attempt::intent(NOW - mins(9)), &[(event, NOW - mins(9))]));
        assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
    }
}

#[test]
fn a_revocation_that_commits_before_the_dial_wins() {
    // Meta was read a second ago and said yes; the reject was stored meanwhile.
    for (reject_at, expected) in [
        // What was read counts as given five seconds earlier, for our clock may be ahead.
        (NOW - secs(7), &[] as &[Rule]),
        (NOW - secs(6), &[Rule::PermissionMissing]),
        (NOW - secs(1), &[Rule::PermissionMissing]),
        (NOW, &[Rule::PermissionMissing]),
    ] {
        let mut facts = dialling(vendor_call());
        let reject = PermissionReply {
            response: PermissionResponse::Reject,
            is_permanent: None,
            expires_at: None,
            automatic: true,
        };
        let permission = callee_mut(&mut facts).permission;
        callee_mut(&mut facts).permission =
            permission.apply(PermissionEvent::Reply(reject), reject_at, NOW).next;
        assert_eq!(evaluate(&facts, NOW).rules(), expected);
    }
    // And so does a withdrawn consent.
    let mut facts = dialling(vendor_call());
    let consent = callee_mut(&mut facts).consent.unwrap();
    let withdrawn = ConsentEvent::Withdrawn { by: world().vendor, how: Withdrawal::ByPerson };
    callee_mut(&mut facts).consent = Some(consent.apply(withdrawn, NOW, NOW).next);
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::CalleeConsentRequired]);
}

#[test]
fn what_meta_says_at_the_dial_outranks_what_is_stored() {
    // Nothing stored, Meta says yes: a webhook was lost.
    let mut facts = dialling(vendor_call());
    callee_mut(&mut facts).permission = Permission::default();
    assert_eq!(evaluate(&facts, NOW), Verdict::Allowed);
    facts.stage = Stage::Decide;
    facts.attempts.clear();
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::PermissionMissing]);
    // Stored yes that is newer than a no of Meta's: still no.
    let mut facts = dialling(vendor_call());
    *read_mut(&mut facts) = PermissionRead { can_start_call: false, at: NOW - secs(50), ..read_yes(NOW) };
    let newer = PermissionReply {
        response: PermissionResponse::Accept,
        is_permanent: Some(true),
        expires_at: None,
        automatic: false,
    };
    let permission = callee_mut(&mut facts).permission;
    callee_mut(&mut facts).permission = permission.apply(PermissionEvent::Reply(newer), NOW, NOW).next;
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::PermissionMissing]);
    // A no because of too many answered calls says nothing about the permission.
    let mut facts = dialling(vendor_call());
    *read_mut(&mut facts) = PermissionRead {
        can_start_call: false,
        call_limit: Some(CallLimit { max_allowed: 5, current_usage: 6, until: None }),
        ..read_yes(NOW)
    };
    assert_eq!(evaluate(&facts, NOW).rules(), [Rule::ConnectedCallLimit]);
}

#[test]
fn debug_output_and_failures_name_no_person() {
    // Facts hold ids, moments and closed words only, so a refusal can be logged as it is.
    let mut facts = dialling(vendor_call());
    break_rule(Rule::CooldownActive, &mut facts);
    let text = format!("{:?}", evaluate(&facts, NOW));
    assert!(text.contains("CooldownActive") && !text.contains('+'), "{text}");
    let _ = MessageId::generate(&SeededIds::new(1));
}
