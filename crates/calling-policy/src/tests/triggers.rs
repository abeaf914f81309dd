//! What justifies a call.

use marketplace::RequestState;

use super::keys::*;
use crate::*;

fn reply(at: marketplace::Timestamp, confidence: f64) -> VendorReply {
    VendorReply { at, confidence: Confidence::new(confidence).unwrap() }
}

fn vendor_claiming(claim: Trigger) -> CallFacts {
    CallFacts { claim, ..vendor_call() }
}

fn client_claiming(claim: Trigger) -> CallFacts {
    CallFacts { claim, ..client_call() }
}

#[track_caller]
fn holds(facts: &CallFacts) {
    assert_eq!(support(facts, facts.claim, NOW), Support::Holds);
    assert_eq!(evaluate(facts, NOW), Verdict::Allowed);
}

#[track_caller]
fn fails(facts: &CallFacts) {
    assert_ne!(support(facts, facts.claim, NOW), Support::Holds);
    assert!(evaluate(facts, NOW).rules().contains(&Rule::TriggerNotMet));
}

#[test]
fn urgency_is_the_clients_words_or_button_never_a_models() {
    for (urgency, good) in [
        (Some(UrgencySource::ClientWords), true),
        (Some(UrgencySource::ClientButton), true),
        (Some(UrgencySource::Concluded), false),
        (None, false),
    ] {
        for mut facts in
            [vendor_claiming(Trigger::UrgentNoReply), client_claiming(Trigger::RapidClarification)]
        {
            facts.request.urgency = urgency;
            if good { holds(&facts) } else { fails(&facts) }
        }
    }
}

#[test]
fn silence_is_this_vendors_since_our_newest_message_was_accepted() {
    let accepted = NOW - mins(5);
    let mut facts = vendor_claiming(Trigger::UrgentNoReply);
    // A reply from before our newest message leaves that message unanswered; one of the same second does not.
    for (wrote, silent) in [
        (accepted - secs(60), true),
        (accepted - secs(1), true),
        (accepted, false),
        (accepted + secs(1), false),
        (NOW, false),
    ] {
        vendor_mut(&mut facts).reply = Some(reply(wrote, 1.0));
        if silent { holds(&facts) } else { fails(&facts) }
    }
    // Meta dates a reply to the second, our acceptance is finer: the same second is an answer.
    vendor_mut(&mut facts).message_accepted_at = Some(accepted + std::time::Duration::from_millis(900));
    vendor_mut(&mut facts).reply = Some(reply(accepted, 1.0));
    fails(&facts);
    // Nothing accepted: perhaps nothing arrived.
    vendor_mut(&mut facts).message_accepted_at = None;
    vendor_mut(&mut facts).reply = None;
    fails(&facts);
    assert_eq!(support(&facts, facts.claim, NOW), Support::No);
}

#[test]
fn a_client_is_waiting_while_vendors_are_asked_and_nothing_is_shortlisted() {
    use strum::IntoEnumIterator as _;
    let mut facts = vendor_claiming(Trigger::AmbiguousReply);
    vendor_mut(&mut facts).reply = Some(reply(NOW - mins(1), 0.4));
    holds(&facts);
    let wrote = NOW - mins(40);
    for (listed, waiting) in
        [(None, true), (Some(wrote - secs(1)), true), (Some(wrote), false), (Some(wrote + secs(1)), false)]
    {
        facts.request.shortlisted_at = listed;
        if waiting { holds(&facts) } else { fails(&facts) }
    }
    facts.request.shortlisted_at = None;
    facts.request.client_wrote_at = None;
    fails(&facts);
    facts.request.client_wrote_at = Some(wrote);
    for state in RequestState::iter().filter(|state| *state != RequestState::Sourcing) {
        facts.request.state = state;
        fails(&facts);
    }
    // No reply at all is not an ambiguous one.
    facts.request.state = RequestState::Sourcing;
    vendor_mut(&mut facts).reply = None;
    fails(&facts);
}

#[test]
fn call_me_justifies_one_call() {
    let asked = NOW - mins(20);
    let mut facts = client_claiming(Trigger::ClientAsked);
    holds(&facts);
    facts.request.client_asked_call_at = None;
    fails(&facts);
    facts.request.client_asked_call_at = Some(asked);
    let dial = |events: &[(AttemptEvent, marketplace::Timestamp)]| {
        applied(Attempt::intent(asked), &[&[(AttemptEvent::Dialling, asked)], events].concat())
    };
    let failed = dial(&[(AttemptEvent::DialFailed(FailCode::NotSent), asked)]);
    for (name, attempt, used) in [
        ("answered", completed(asked), true),
        ("unanswered", missed(asked), true),
        ("live", dial(&[]), true),
        ("never reached anybody", failed, false),
        ("before the wish", completed(asked - secs(1)), false),
    ] {
        let mut facts = facts.clone();
        add(&mut facts, 1, attempt);
        let expected = if used { Support::No } else { Support::Holds };
        assert_eq!(support(&facts, Trigger::ClientAsked, NOW), expected, "{name}");
    }
    // Calls to others, or about other requests, are not the call that was asked for.
    for way in [add_to_stranger, add_elsewhere] {
        let mut facts = facts.clone();
        way(&mut facts, 1, completed(asked));
        assert_eq!(support(&facts, Trigger::ClientAsked, NOW), Support::Holds);
    }
}

#[test]
fn rapid_clarification_needs_an_opt_in_urgency_and_an_open_question() {
    let world = world();
    let mut facts = client_claiming(Trigger::RapidClarification);
    holds(&facts);
    for (scope, good) in [(Scope::CallClient, true), (Scope::Either, true), (Scope::CallVendor, false)] {
        facts.authorisation = Some(granted(world.client, world.prompt, ConsentKey::Authorisation, scope));
        if good { holds(&facts) } else { fails(&facts) }
    }
    let given = facts.authorisation;
    facts.authorisation = None;
    fails(&facts);
    facts.authorisation = given;
    // Asked but not answered is no opt-in.
    let key = (ConsentKey::Authorisation, Scope::Either);
    facts.authorisation =
        Some(Consent::requested(world.request, world.client, world.prompt, key, NOW - mins(5)));
    fails(&facts);
    let mut facts = client_claiming(Trigger::RapidClarification);
    facts.request.question_accepted_at = None;
    fails(&facts);
    facts.request.question_accepted_at = Some(NOW - mins(10));
    for (wrote, open) in [(NOW - mins(11), true), (NOW - mins(10), false), (NOW - mins(1), false)] {
        facts.request.client_wrote_at = Some(wrote);
        if open { holds(&facts) } else { fails(&facts) }
    }
    facts.request.client_wrote_at = None;
    holds(&facts);
}

#[test]
fn a_claim_has_to_be_true_itself() {
    // Another trigger would hold; the claim does not, and the refusal can say which would.
    let mut facts = vendor_claiming(Trigger::AmbiguousReply);
    fails(&facts);
    assert_eq!(supported(&facts, NOW), [Trigger::UrgentNoReply]);
    vendor_mut(&mut facts).message_accepted_at = Some(NOW - mins(5));
    vendor_mut(&mut facts).reply = Some(reply(NOW - mins(6), 0.1));
    assert_eq!(supported(&facts, NOW), [Trigger::UrgentNoReply, Trigger::AmbiguousReply]);
    facts.request.urgency = None;
    vendor_mut(&mut facts).reply = None;
    assert_eq!(supported(&facts, NOW), []);
    assert_eq!(supported(&client_call(), NOW), [Trigger::ClientAsked, Trigger::RapidClarification]);
}

#[test]
fn a_trigger_for_the_other_party_never_holds() {
    use strum::IntoEnumIterator as _;
    for trigger in Trigger::iter() {
        let (mut facts, other) = match trigger.party() {
            Party::Vendor => (client_call(), Party::Client),
            Party::Client => (vendor_call(), Party::Vendor),
        };
        assert_eq!(facts.party(), other);
        facts.claim = trigger;
        assert_eq!(support(&facts, trigger, NOW), Support::No);
        assert_eq!(evaluate(&facts, NOW).rules(), [Rule::TriggerNotMet]);
    }
}
