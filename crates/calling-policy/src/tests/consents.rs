//! Consent: the table of what may follow what, and its times.

use std::time::Duration;

use marketplace::Timestamp;

use super::keys::*;
use crate::{limits::*, *};

const ASKED: Timestamp = NOW;
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn asked(key: ConsentKey) -> Consent {
    let world = world();
    Consent::requested(world.request, world.vendor, world.prompt, (key, Scope::CallVendor), ASKED)
}

fn yes() -> ConsentEvent {
    answer(world().vendor, world().prompt, true)
}

fn no() -> ConsentEvent {
    answer(world().vendor, world().prompt, false)
}

fn withdrawn(how: Withdrawal) -> ConsentEvent {
    ConsentEvent::Withdrawn { by: world().vendor, how }
}

/// Applies events, each at its time and looked at right then; gives the last transition.
fn play(events: &[(ConsentEvent, Duration)]) -> Transition<Consent, ConsentFollow> {
    let mut last = None;
    let mut consent = asked(ConsentKey::Callee);
    for (event, after) in events {
        let step = consent.apply(*event, ASKED + *after, ASKED + *after);
        consent = step.next;
        last = Some(step);
    }
    last.unwrap()
}

/// A name, events each so long after the prompt, the status right then, and what follows the last of them.
type Case<'a> = (&'a str, &'a [(ConsentEvent, Duration)], ConsentStatus, &'a [ConsentFollow]);

#[test]
fn each_step_of_the_design() {
    use ConsentFollow::{ConfirmNo, ConfirmYes, StopCalls};
    use ConsentStatus::{Denied, Expired, Granted};
    use Withdrawal::{ByMeta, ByPerson};
    let h = |hours: u64| Duration::from_hours(hours);
    let cases: &[Case<'_>] = &[
        ("requested, granted", &[(yes(), h(1))], Granted, &[ConfirmYes]),
        ("requested, denied", &[(no(), h(1))], Denied, &[ConfirmNo]),
        ("requested, withdrawn before an answer", &[(withdrawn(ByPerson), h(1))], Denied, &[]),
        ("granted, denied on the same card", &[(yes(), h(1)), (no(), h(2))], Denied, &[ConfirmNo, StopCalls]),
        (
            "granted, withdrawn in the profile",
            &[(yes(), h(1)), (withdrawn(ByPerson), h(2))],
            Denied,
            &[StopCalls],
        ),
        ("granted, revoked by Meta", &[(yes(), h(1)), (withdrawn(ByMeta), h(2))], Denied, &[StopCalls]),
        ("denied, granted by a newer answer", &[(no(), h(1)), (yes(), h(2))], Granted, &[ConfirmYes]),
        (
            "withdrawn, granted by a newer answer",
            &[(withdrawn(ByPerson), h(1)), (yes(), h(2))],
            Granted,
            &[ConfirmYes],
        ),
        ("an answer after the prompt ran out", &[(yes(), h(24))], Expired, &[]),
        ("a no after the prompt ran out", &[(no(), h(25))], Denied, &[ConfirmNo]),
        ("a no, then a yes, both too late", &[(no(), h(25)), (yes(), h(26))], Denied, &[]),
        ("a change of mind after a day", &[(no(), h(1)), (yes(), h(30))], Granted, &[ConfirmYes]),
        ("the request ends", &[(yes(), h(1)), (ConsentEvent::RequestEnded, h(2))], Expired, &[StopCalls]),
        ("the request ends unanswered", &[(ConsentEvent::RequestEnded, h(2))], Expired, &[]),
        (
            "an answer after the request's end",
            &[(ConsentEvent::RequestEnded, h(1)), (yes(), h(2))],
            Expired,
            &[],
        ),
    ];
    for (name, events, status, follows) in cases {
        let last = play(events);
        let at = ASKED + events.last().unwrap().1;
        assert_eq!(last.next.status(at), *status, "{name}");
        assert_eq!(last.follows, *follows, "{name}");
    }
}

#[test]
fn a_prompt_lasts_24_hours() {
    let consent = asked(ConsentKey::Callee);
    assert_eq!(consent.expires_at(), ASKED + DAY);
    let step = Duration::from_millis(1);
    assert_eq!(consent.status(ASKED + DAY - step), ConsentStatus::Requested);
    assert_eq!(consent.status(ASKED + DAY), ConsentStatus::Expired);
    assert_eq!((consent.answered_at(), consent.requested_at()), (None, ASKED));
    // The last millisecond is in time.
    let at = ASKED + DAY - step;
    assert_eq!(consent.apply(yes(), at, at).next.status(at), ConsentStatus::Granted);
    let at = ASKED + DAY;
    assert_eq!(consent.apply(yes(), at, at).next.status(at), ConsentStatus::Expired);
}

#[test]
fn a_yes_lasts_until_the_earliest_of_three() {
    let at = ASKED + HOUR;
    let week = at + Duration::from_hours(24 * 7);
    let until = |meta_until| {
        let yes = ConsentEvent::Answer { by: world().vendor, prompt: world().prompt, yes: true, meta_until };
        asked(ConsentKey::Callee).apply(yes, at, at).next
    };
    assert_eq!(until(None).expires_at(), week);
    assert_eq!(until(Some(at + HOUR)).expires_at(), at + HOUR);
    // Meta's own sample expires 16 days later: our week is first.
    assert_eq!(until(Some(at + DAY * 16)).expires_at(), week);
    assert_eq!(until(Some(week - HOUR)).status(week - HOUR), ConsentStatus::Expired);
    let ended = until(None).apply(ConsentEvent::RequestEnded, at + DAY, at + DAY);
    assert_eq!(ended.next.expires_at(), at + DAY);
    assert_eq!(ended.noted, Noted::Moved);
    // An end that is known later than another one does not prolong it.
    let again = ended.next.apply(ConsentEvent::RequestEnded, at + DAY * 2, at + DAY * 2);
    assert_eq!(again.noted, Noted::Ignored(Ignored::Known));
}

#[test]
fn a_newer_yes_lasts_from_its_own_time() {
    let first = ASKED + HOUR;
    let second = ASKED + DAY * 2;
    let consent = play(&[(yes(), HOUR), (yes(), DAY * 2)]);
    assert_eq!(consent.noted, Noted::Learned);
    assert_eq!(consent.next.expires_at(), second + CONSENT_LASTS);
    assert_eq!(consent.next.answered_at(), Some(second));
    assert!(consent.follows.is_empty());
    assert_ne!(first, second);
}

#[test]
fn newest_by_the_second_wins_and_no_wins_a_tie() {
    let ms = Duration::from_millis;
    for (yes_at, no_at, status) in [
        (ms(5_000), ms(6_000), ConsentStatus::Denied),
        (ms(6_000), ms(5_000), ConsentStatus::Granted),
        (ms(5_000), ms(5_000), ConsentStatus::Denied),
        // The same second, whatever the milliseconds.
        (ms(5_900), ms(5_100), ConsentStatus::Denied),
        (ms(6_000), ms(5_999), ConsentStatus::Granted),
    ] {
        for order in [[(yes(), yes_at), (no(), no_at)], [(no(), no_at), (yes(), yes_at)]] {
            assert_eq!(play(&order).next.status(ASKED + HOUR), status, "{yes_at:?} {no_at:?}");
        }
    }
}

#[test]
fn a_late_older_accept_after_a_reject_is_ignored_and_unconfirmed() {
    let step = play(&[(no(), HOUR * 2), (yes(), HOUR)]);
    assert_eq!(step.next.status(ASKED + HOUR * 2), ConsentStatus::Denied);
    assert_eq!((step.noted, step.follows.len()), (Noted::Learned, 0));
}

#[test]
fn only_this_person_and_this_prompt_move_it() {
    let world = world();
    let consent = asked(ConsentKey::Callee);
    let at = ASKED + HOUR;
    for (event, why) in [
        (answer(world.client, world.prompt, true), Ignored::OtherPerson),
        (answer(world.client, world.prompt, false), Ignored::OtherPerson),
        (ConsentEvent::Withdrawn { by: world.client, how: Withdrawal::ByMeta }, Ignored::OtherPerson),
        (ConsentEvent::GivenElsewhere { by: world.client }, Ignored::OtherPerson),
        (answer(world.vendor, world.vendor_prompt, true), Ignored::NotOurPrompt),
        // From the profile, or after a call of theirs: Meta's permission, not our consent.
        (ConsentEvent::GivenElsewhere { by: world.vendor }, Ignored::NotOurPrompt),
    ] {
        let step = consent.apply(event, at, at);
        assert_eq!(
            (step.noted, step.next, step.follows.len()),
            (Noted::Ignored(why), consent, 0),
            "{event:?}"
        );
    }
    // A no counts from anywhere.
    let elsewhere = consent.apply(answer(world.vendor, world.vendor_prompt, false), at, at);
    assert_eq!(elsewhere.next.status(at), ConsentStatus::Denied);
    assert_eq!(elsewhere.follows, []);
}

#[test]
fn a_withdrawal_does_not_touch_key_1_nor_a_younger_prompt() {
    let at = ASKED + HOUR;
    let authorisation = asked(ConsentKey::Authorisation).apply(yes(), at, at).next;
    for event in [withdrawn(Withdrawal::ByPerson), answer(world().vendor, world().vendor_prompt, false)] {
        let step = authorisation.apply(event, at + HOUR, at + HOUR);
        assert_eq!(step.noted, Noted::Ignored(Ignored::NotOurPrompt));
        assert_eq!(step.next.status(at + HOUR), ConsentStatus::Granted);
    }
    // Its own prompt does.
    assert_eq!(authorisation.apply(no(), at + HOUR, at + HOUR).next.status(at + HOUR), ConsentStatus::Denied);
    // A revocation that is older than the prompt, to the second.
    let prompt = asked(ConsentKey::Callee);
    let before = prompt.apply(withdrawn(Withdrawal::ByMeta), ASKED - secs(1), at);
    assert_eq!(before.noted, Noted::Ignored(Ignored::BeforeThePrompt));
    let same = prompt.apply(withdrawn(Withdrawal::ByMeta), ASKED, at);
    assert_eq!(same.next.status(at), ConsentStatus::Denied);
}

#[test]
fn a_repetition_changes_and_asks_nothing() {
    for event in [yes(), no(), withdrawn(Withdrawal::ByPerson), ConsentEvent::RequestEnded] {
        let once = play(&[(event, HOUR)]).next;
        let twice = once.apply(event, ASKED + HOUR, ASKED + HOUR * 2);
        assert_eq!(twice, Transition { next: once, noted: Noted::Ignored(Ignored::Known), follows: vec![] });
    }
}

#[test]
fn one_prompt_opens_the_keys_its_answer_gives() {
    use ConsentKey::{Authorisation, Callee};
    use Scope::{CallClient, CallVendor, Either};
    let keys = |party, scope| keys_of_prompt(party, scope).map(<[_]>::to_vec);
    assert_eq!(keys(Party::Client, CallVendor), Ok(vec![(Authorisation, CallVendor)]));
    assert_eq!(keys(Party::Client, CallClient), Ok(vec![(Authorisation, CallClient), (Callee, CallClient)]));
    assert_eq!(keys(Party::Client, Either), Ok(vec![(Authorisation, Either), (Callee, CallClient)]));
    assert_eq!(keys(Party::Vendor, CallVendor), Ok(vec![(Callee, CallVendor)]));
    for scope in [CallClient, Either] {
        assert_eq!(keys(Party::Vendor, scope), Err(NotTheirs(scope)));
    }
    assert_eq!(
        NotTheirs(Either).to_string(),
        "a vendor can only consent to calls to itself: scope call_vendor, not either"
    );
}

#[test]
fn one_answer_to_two_keys_is_confirmed_once() {
    let world = world();
    let asked = |key| Consent::requested(world.request, world.client, world.prompt, key, ASKED);
    let keys = keys_of_prompt(Party::Client, Scope::Either).unwrap();
    let consents: Vec<_> = keys.iter().map(|key| asked(*key)).collect();
    let at = ASKED + HOUR;
    let (steps, follows) = apply_to_all(&consents, answer(world.client, world.prompt, true), at, at);
    assert!(steps.iter().all(|step| step.next.status(at) == ConsentStatus::Granted));
    assert_eq!((steps.len(), follows), (2, vec![ConsentFollow::ConfirmYes]));
    let given: Vec<_> = steps.iter().map(|step| step.next).collect();
    let withdrawn = ConsentEvent::Withdrawn { by: world.client, how: Withdrawal::ByPerson };
    let (steps, follows) = apply_to_all(&given, withdrawn, at + HOUR, at + HOUR);
    // Key 1 stays: vendors may still be called for this client. Key 2 is gone.
    let statuses: Vec<_> = steps.iter().map(|step| step.next.status(at + HOUR)).collect();
    assert_eq!(statuses, [ConsentStatus::Granted, ConsentStatus::Denied]);
    assert_eq!(follows, [ConsentFollow::StopCalls]);
}

#[test]
fn a_consent_reads_back_from_json() {
    let consent = play(&[(yes(), HOUR), (no(), HOUR * 2), (ConsentEvent::RequestEnded, HOUR * 3)]).next;
    let json = serde_json::to_string(&consent).unwrap();
    assert_eq!(serde_json::from_str::<Consent>(&json).unwrap(), consent);
    let world = world();
    assert_eq!(
        (consent.request(), consent.contact(), consent.prompt(), consent.key(), consent.scope()),
        (world.request, world.vendor, world.prompt, ConsentKey::Callee, Scope::CallVendor)
    );
}
