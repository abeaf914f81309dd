//! Laws that hold for all facts and all orders of events.

use std::collections::BTreeSet;

use marketplace::{ActorKind, Control, RequestState, Timestamp};
use proptest::{prelude::*, sample::subsequence};

use super::keys::*;
use crate::*;

/// What counts of an attempt once all its events are in. What was said to people on the way is not part of it.
fn class(attempt: &Attempt) -> (Phase, Pickup, bool, bool, Option<Timestamp>, Option<Timestamp>) {
    (
        attempt.phase(),
        attempt.pickup(),
        attempt.is_missed(),
        attempt.may_be_alive(),
        attempt.dialled_at(),
        attempt.connected_at(),
    )
}

fn moment() -> impl Strategy<Value = Timestamp> {
    // A few seconds around the beginning, so that events tie, with milliseconds.
    (-2_000_i64..6_000).prop_map(|ms| Timestamp::from_millis(NOW.as_millis() + ms))
}

fn fail_code() -> impl Strategy<Value = FailCode> {
    prop_oneof![
        (138_018_u32..138_024).prop_map(FailCode::Meta),
        Just(FailCode::NotSent),
        Just(FailCode::VoiceGateway),
    ]
}

fn attempt_event() -> impl Strategy<Value = AttemptEvent> {
    let terminated = (any::<bool>(), any::<bool>(), prop::option::of(138_019_u32..138_024));
    prop_oneof![
        Just(AttemptEvent::Dialling),
        Just(AttemptEvent::DialUnknown),
        fail_code().prop_map(AttemptEvent::DialFailed),
        prop::sample::select(Rule::ALL).prop_map(AttemptEvent::Refused),
        Just(AttemptEvent::Cancelled),
        Just(AttemptEvent::Placed),
        Just(AttemptEvent::RingLimit),
        Just(AttemptEvent::HangUp),
        Just(AttemptEvent::HungUp),
        Just(AttemptEvent::GivenUp),
        Just(AttemptEvent::Connect),
        Just(AttemptEvent::Ringing),
        Just(AttemptEvent::Accepted),
        Just(AttemptEvent::Rejected),
        terminated.prop_map(|(talked, failed, error)| {
            AttemptEvent::Terminated(Terminated { talked, failed, error })
        }),
    ]
}

fn consent_event() -> impl Strategy<Value = ConsentEvent> {
    let world = world();
    let who = prop::sample::select(vec![world.vendor, world.vendor, world.vendor, world.stranger]);
    let prompts = prop::sample::select(vec![world.prompt, world.prompt, world.vendor_prompt]);
    prop_oneof![
        (who.clone(), prompts, any::<bool>(), prop::option::of(moment()))
            .prop_map(|(by, prompt, yes, meta_until)| ConsentEvent::Answer { by, prompt, yes, meta_until }),
        who.clone().prop_map(|by| ConsentEvent::GivenElsewhere { by }),
        who.prop_map(|by| ConsentEvent::Withdrawn { by, how: Withdrawal::ByMeta }),
        Just(ConsentEvent::RequestEnded),
    ]
}

fn permission_event() -> impl Strategy<Value = PermissionEvent> {
    let response = prop::sample::select(vec![
        PermissionResponse::Accept,
        PermissionResponse::Reject,
        PermissionResponse::Other,
    ]);
    let reply = (response, any::<Option<bool>>(), prop::option::of(moment()), any::<bool>());
    let read = (moment(), any::<bool>(), any::<bool>(), prop::option::of(moment()), any::<bool>());
    prop_oneof![
        reply.prop_map(|(response, is_permanent, expires_at, automatic)| {
            PermissionEvent::Reply(PermissionReply { response, is_permanent, expires_at, automatic })
        }),
        read.prop_map(|(at, can_start_call, says_permanent, expires_at, full)| {
            let limit = CallLimit { max_allowed: 1, current_usage: 1, until: None };
            let call_limit = full.then_some(limit);
            PermissionEvent::Read(PermissionRead {
                at,
                can_start_call,
                says_permanent,
                expires_at,
                call_limit,
            })
        }),
        Just(PermissionEvent::NotApproved),
    ]
}

/// A list, and the same list in another order with some entries twice.
fn two_orders<T: Clone + std::fmt::Debug + 'static>(
    event: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = (Vec<T>, Vec<T>)> {
    prop::collection::vec(event, 0..9).prop_flat_map(|events| {
        let n = events.len();
        let repeated = subsequence(events.clone(), 0..=n);
        let other = repeated.prop_map({
            let events = events.clone();
            move |repeated| [events.clone(), repeated].concat()
        });
        (Just(events), other.prop_shuffle())
    })
}

/// Some rules that can fail together.
fn broken_rules() -> impl Strategy<Value = BTreeSet<Rule>> {
    subsequence(Rule::ALL.to_vec(), 0..=Rule::ALL.len()).prop_map(|rules| {
        let mut kept: BTreeSet<Rule> = rules.iter().copied().collect();
        for group in EXCLUSIVE {
            for rule in group.iter().filter(|rule| rules.contains(rule)).skip(1) {
                kept.remove(rule);
            }
        }
        kept
    })
}

/// The keys of a call, told once more in other words than `evaluate`'s.
fn has_all_keys(facts: &CallFacts, now: Timestamp) -> bool {
    let granted = |consent: Option<Consent>| {
        consent.is_some_and(|consent| {
            consent.status(now) == ConsentStatus::Granted && consent.scope().covers(facts.party())
        })
    };
    let callee = match &facts.callee {
        Callee::Client(callee) | Callee::Vendor(callee, _) => callee,
    };
    let permitted = match &facts.stage {
        Stage::Decide | Stage::Live { .. } => callee.permission.allows(now),
        Stage::Dial { read, .. } => read.can_start_call,
    };
    let states = [RequestState::Closed, RequestState::HandedOff, RequestState::Error];
    facts.switches.calling
        && facts.switches.outbound
        && !states.contains(&facts.request.state)
        && granted(facts.authorisation)
        && granted(callee.consent)
        && permitted
        && !facts.request.prescription
        && (facts.request.control == Control::Bot || facts.caller == ActorKind::Human)
        && support(facts, facts.claim, now) == Support::Holds
        && !facts.others().any(|past| past.attempt.is_live() && past.request == facts.request.id)
}

proptest! {
    #[test]
    fn taking_a_key_away_never_allows_a_call(broken in broken_rules(), one_more in prop::sample::select(Rule::ALL)) {
        let excludes = |group: &&[Rule]| {
            group.contains(&one_more) && broken.iter().any(|rule| group.contains(rule) && *rule != one_more)
        };
        prop_assume!(!EXCLUSIVE.iter().any(excludes));
        let mut facts = dialling(vendor_call());
        for rule in &broken {
            break_rule(*rule, &mut facts);
        }
        let before = evaluate(&facts, NOW).rules();
        prop_assert_eq!(&before, &broken.iter().copied().collect::<Vec<_>>());
        break_rule(one_more, &mut facts);
        let after = evaluate(&facts, NOW).rules();
        prop_assert!(after.contains(&one_more) && after.is_sorted());
        prop_assert!(before.iter().all(|rule| after.contains(rule)));
    }

    #[test]
    fn what_is_allowed_has_all_keys(broken in broken_rules(), seconds in -100_000_i64..1_000_000) {
        let mut facts = dialling(vendor_call());
        // A few at most, or nothing is ever allowed.
        broken.iter().take(1).for_each(|rule| break_rule(*rule, &mut facts));
        let now = Timestamp::from_seconds(NOW.as_seconds() + seconds);
        read_mut(&mut facts).at = now;
        if evaluate(&facts, now).is_allowed() {
            prop_assert!(has_all_keys(&facts, now));
        }
    }

    #[test]
    fn the_order_of_an_attempts_events_does_not_matter((one, other) in two_orders((attempt_event(), moment()))) {
        let start = Attempt::intent(NOW);
        prop_assert_eq!(class(&applied(start, &one)), class(&applied(start, &other)));
    }

    #[test]
    fn ended_is_final(events in prop::collection::vec((attempt_event(), moment()), 0..12)) {
        let mut attempt = Attempt::intent(NOW);
        let (mut fallbacks, mut terminates) = (0, 0);
        for (event, at) in events {
            let step = attempt.apply(event, at, Chat::Open);
            if !attempt.is_live() {
                prop_assert!(matches!(step.next.phase(), Phase::Ended(_)));
            }
            prop_assert_eq!(matches!(step.noted, Noted::Ignored(_)), step.next == attempt);
            fallbacks += step.follows.iter().filter(|follow| **follow == AttemptFollow::SendFallback).count();
            terminates += step.follows.iter().filter(|follow| **follow == AttemptFollow::Terminate).count();
            // The same again is nothing.
            let again = step.next.apply(event, at, Chat::Open);
            prop_assert_eq!((again.next, again.noted), (step.next, Noted::Ignored(Ignored::Known)));
            prop_assert!(again.follows.is_empty());
            attempt = step.next;
        }
        prop_assert!(fallbacks <= 1 && terminates <= 1);
        // Whoever is owed the sentence has got it.
        if attempt.end_reason().is_some_and(EndReason::needs_fallback) {
            prop_assert_eq!((attempt.fallback(), fallbacks), (Fallback::Sent, 1));
        }
        prop_assert!(attempt.is_live() || attempt.pickup() == Pickup::Yes || attempt.fallback() == Fallback::Sent
            || matches!(attempt.end_reason(), Some(EndReason::Cancelled | EndReason::Refused(_))));
    }

    #[test]
    fn the_order_of_a_consents_events_does_not_matter(
        (one, other) in two_orders((consent_event(), moment())),
        key in prop::sample::select(vec![ConsentKey::Authorisation, ConsentKey::Callee]),
        seconds in 0_i64..1_000_000,
    ) {
        let world = world();
        let start = Consent::requested(world.request, world.vendor, world.prompt, (key, Scope::CallVendor), NOW);
        let fold = |events: &[(ConsentEvent, Timestamp)]| {
            events.iter().fold(start, |consent, (event, at)| consent.apply(*event, *at, NOW).next)
        };
        let (one, other) = (fold(&one), fold(&other));
        prop_assert_eq!(one, other);
        // Time alone never makes it granted, and a grant is never longer than a week.
        let now = Timestamp::from_seconds(NOW.as_seconds() + seconds);
        if one.status(now) == ConsentStatus::Granted {
            prop_assert!(now < one.expires_at());
            let answered = one.answered_at().unwrap();
            prop_assert!(one.expires_at() <= answered + limits::CONSENT_LASTS);
        }
    }

    #[test]
    fn a_repeated_answer_changes_nothing(events in prop::collection::vec((consent_event(), moment()), 1..6)) {
        let world = world();
        let key = (ConsentKey::Callee, Scope::CallVendor);
        let mut consent = Consent::requested(world.request, world.vendor, world.prompt, key, NOW);
        for (event, at) in events {
            let before = consent;
            let step = before.apply(event, at, NOW + mins(1));
            let again = step.next.apply(event, at, NOW + mins(1));
            prop_assert_eq!(again.next, step.next);
            prop_assert!(matches!(again.noted, Noted::Ignored(_)) && again.follows.is_empty());
            let moved = before.status(NOW + mins(1)) != step.next.status(NOW + mins(1));
            prop_assert_eq!(moved, step.noted == Noted::Moved);
            consent = step.next;
        }
    }

    #[test]
    fn the_order_of_news_about_a_permission_does_not_matter(
        (one, other) in two_orders((permission_event(), moment())),
    ) {
        let fold = |events: &[(PermissionEvent, Timestamp)]| {
            events.iter().fold(Permission::default(), |known, (event, at)| known.apply(*event, *at, NOW).next)
        };
        prop_assert_eq!(fold(&one), fold(&other));
    }

    #[test]
    fn no_facts_panic(ms in any::<i64>(), other in any::<i64>(), zone in ".{0,12}") {
        let now = Timestamp::from_millis(ms);
        for mut facts in [dialling(vendor_call()), dialling(client_call())] {
            callee_mut(&mut facts).zone = Some(zone.clone());
            facts.request.client_wrote_at = Some(Timestamp::from_millis(other));
            read_mut(&mut facts).at = Timestamp::from_millis(other);
            add(&mut facts, 1, missed(Timestamp::from_millis(other)));
            prop_assert!(!evaluate(&facts, now).is_allowed());
        }
    }
}
