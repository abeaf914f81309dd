use marketplace::RequestState;
use moltbot_contract::{
    AskClient, CallParty, CallScope, CallTrigger, CallWish, CallingWish, ConsentStatus, ContextPack,
    Decision, Speaker, StopConditions, Urgency, VendorFilters, VendorOutreachPlan,
};

use super::{CALL_ENDED, CONSENT_DENIED, CONSENT_GRANTED, SILENCE, wish};
use crate::{
    DecisionRecord, Entry, Next, Source, Verdict, Wish,
    fixture::{self, PackExt as _, says, vendor_writes, wake_for},
    gate,
    next::Ruling,
    workflow,
};

/// Calling is on, and a batch of three is being asked.
fn pack() -> ContextPack {
    let mut pack = fixture::pack();
    pack.policies.calling.enabled = true;
    pack.say("brake pads for a 2014 Corolla, urgent").answer("I am asking shops.");
    pack.state(RequestState::Sourcing).batch(3);
    pack.request.urgency = Urgency::Urgent;
    pack
}

fn by(source: Source, next: Next) -> Ruling {
    let record = DecisionRecord {
        source,
        verdict: Verdict::Accepted,
        kind: next.kind(),
        why: String::new(),
        violations: Vec::new(),
        reasons: Vec::new(),
    };
    Ruling { next, record }
}

fn question() -> Next {
    Next::Decision(Decision::AskClient(AskClient {
        question_text: "Front or rear?".to_owned(),
        why: "the axle decides".to_owned(),
        state_suggestion: RequestState::Sourcing,
    }))
}

fn outreach(calling: CallingWish) -> Next {
    Next::Decision(Decision::VendorOutreachPlan(VendorOutreachPlan {
        category: "spare_parts".to_owned(),
        normalized_need: "brake pads".to_owned(),
        vendor_filters: VendorFilters::default(),
        batch_size: 3,
        vendor_questions: Vec::new(),
        stop_conditions: StopConditions { offers_wanted: 3, deadline_minutes: 15 },
        calling,
    }))
}

const VENDOR: CallingWish = CallingWish {
    wish: CallWish::StartCall,
    party: Some(CallParty::Vendor),
    trigger: Some(CallTrigger::UrgentNoReply),
};

/// What the fixed rules make of entries in a running batch, and the wish that goes with it.
fn ruled(pack: &ContextPack, entries: &[Entry]) -> (Next, Option<Wish>) {
    let ruling = gate::rule(pack, entries).unwrap();
    let wished = wish(&ruling, pack, entries);
    (ruling.next, wished)
}

#[test]
fn moltbots_wish_goes_with_its_plan() {
    let ruling = by(Source::Moltbot, outreach(VENDOR));
    assert_eq!(wish(&ruling, &pack(), &[fixture::wake()]), Some(Wish::Moltbots(VENDOR)));
    let ruling = by(Source::Moltbot, outreach(CallingWish::default()));
    assert_eq!(wish(&ruling, &pack(), &[fixture::wake()]), None);
    assert_eq!(wish(&ruling, &pack(), &[wake_for(SILENCE)]), None, "Moltbot decided, and wished for none");
    let ruling = by(Source::Moltbot, question());
    assert_eq!(wish(&ruling, &pack(), &[wake_for(SILENCE)]), None);
}

#[test]
fn what_the_client_asked_for_goes_on_whoever_decides() {
    for source in [Source::Moltbot, Source::CodedWorkflow] {
        for next in [Next::Nothing, question(), outreach(VENDOR)] {
            let ruling = by(source, next);
            assert_eq!(wish(&ruling, &pack(), &[says("call me")]), Some(Wish::ClientAsks));
        }
    }
    let ruling = by(Source::Moltbot, question());
    let wished = wish(&ruling, &pack(), &[wake_for(CONSENT_GRANTED)]);
    assert_eq!(wished, Some(Wish::Supported(vec![CallTrigger::ClientAsked])));
}

#[test]
fn fixed_rules_go_on_with_calls_while_a_batch_runs() {
    use CallTrigger::{AmbiguousReply, ClientAsked, RapidClarification, UrgentNoReply};
    let wished = |reason| ruled(&pack(), &[wake_for(reason)]);
    let supported = |triggers: &[CallTrigger]| Some(Wish::Supported(triggers.to_vec()));
    let silence = [UrgentNoReply, AmbiguousReply, RapidClarification];
    assert_eq!(wished(SILENCE), (Next::Nothing, supported(&silence)));
    let granted = [ClientAsked, UrgentNoReply, AmbiguousReply, RapidClarification];
    assert_eq!(wished(CONSENT_GRANTED), (Next::Nothing, supported(&granted)));
    assert_eq!(wished(CONSENT_DENIED), (Next::Nothing, None), "it goes on in chat");
    assert_eq!(wished(CALL_ENDED), (Next::Nothing, None), "it goes on in chat");
    assert_eq!(ruled(&pack(), &[vendor_writes(1)]), (Next::Nothing, None));
}

#[test]
fn nothing_is_wished_for_where_nothing_can_come_of_it() {
    let entries = [says("call me"), wake_for(CONSENT_GRANTED)];
    let off = |change: &dyn Fn(&mut ContextPack)| {
        let mut pack = pack();
        change(&mut pack);
        wish(&by(Source::CodedWorkflow, Next::Nothing), &pack, &entries)
    };
    assert_eq!(off(&|_| {}), Some(Wish::ClientAsks));
    assert_eq!(off(&|pack| pack.policies.calling.enabled = false), None);
    assert_eq!(off(&|pack| pack.request.prescription = true), None);
    for state in [RequestState::HandedOff, RequestState::Closed, RequestState::Escalated, RequestState::Error]
    {
        assert_eq!(off(&|pack| pack.request.state = state), None, "{state}");
    }
    let over = [
        Next::Close,
        Next::HandOff(fixture::vendor(1)),
        Next::Decision(workflow::escalation(&pack(), "the client wants a person")),
    ];
    for next in over {
        assert_eq!(wish(&by(Source::CodedWorkflow, next), &pack(), &entries), None);
    }
}

#[test]
fn call_me_alone_is_answered_by_the_question_whether_we_may() {
    let entries = [says("call me please")];
    for state in [RequestState::Clarifying, RequestState::Sourcing, RequestState::OcrProcessing] {
        let mut pack = pack();
        pack.state(state);
        assert_eq!(ruled(&pack, &entries), (Next::Nothing, Some(Wish::ClientAsks)), "{state}");
        assert_eq!(workflow::decide(&pack, &entries), Next::Nothing, "{state}");
    }
    let mut listed = pack();
    listed.settle().offer(1, 350_000).shortlisted();
    assert_eq!(ruled(&listed, &entries), (Next::Nothing, Some(Wish::ClientAsks)));
    // With calling off it is somebody's decision, as ever.
    let mut off = pack();
    off.policies.calling.enabled = false;
    assert_eq!(gate::rule(&off, &entries), None);
}

/// What the batch brought is told in the same turn in which the client asks for a call.
#[test]
fn call_me_takes_no_result_from_the_client() {
    let mut pack = pack();
    pack.offer(1, 350_000).offer(2, 360_000).offer(3, 370_000).settle();
    for entries in [
        vec![fixture::wake(), says("call me")],
        vec![says("call me"), vendor_writes(1)],
        vec![says("call me")],
    ] {
        assert_eq!(gate::rule(&pack, &entries), None);
        let next = workflow::decide(&pack, &entries);
        assert!(matches!(next, Next::Decision(Decision::Shortlist(_))), "{next:?}");
        let wished = wish(&by(Source::CodedWorkflow, next), &pack, &entries);
        assert_eq!(wished, Some(Wish::ClientAsks));
    }
    // With the list in the client's hands, or with vendors who may still answer, nothing is due.
    let mut listed = self::pack();
    listed.settle().offer(1, 350_000).shortlisted();
    let entries = [fixture::wake(), says("call me")];
    assert_eq!(ruled(&listed, &entries), (Next::Nothing, Some(Wish::ClientAsks)));
    assert_eq!(ruled(&self::pack(), &entries), (Next::Nothing, Some(Wish::ClientAsks)));
}

#[test]
fn call_me_counts_until_it_is_taken_back() {
    let asked = |texts: &[&str]| {
        let entries: Vec<Entry> = texts.iter().map(|text| says(text)).collect();
        wish(&by(Source::Moltbot, question()), &pack(), &entries) == Some(Wish::ClientAsks)
    };
    assert!(asked(&["call me", "it's urgent pls"]));
    assert!(asked(&["no", "call me"]));
    for taken_back in ["no", "cancel"] {
        assert!(!asked(&["call me", "it's urgent pls", taken_back]), "{taken_back}");
    }
}

#[test]
fn the_need_is_asked_for_beside_a_call() {
    let mut new = fixture::pack();
    new.policies.calling.enabled = true;
    let asked = |entries: &[Entry]| match workflow::decide(&new, entries) {
        Next::Decision(Decision::AskClient(ask)) => ask.question_text,
        other => panic!("{other:?}"),
    };
    assert_eq!(gate::rule(&new, &[says("call me")]), None, "the first message opens the conversation");
    let need = asked(&[says("hello")]);
    assert_eq!(asked(&[says("call me")]), need, "a wish to be called says nothing of the need");
    assert_ne!(asked(&[says("brake pads for a 2014 Corolla"), says("call me")]), need);

    // What was said beside it is not lost.
    let mut pack = fixture::pack();
    pack.policies.calling.enabled = true;
    pack.say("hello").answer(&need).state(RequestState::Clarifying);
    let entries = [says("brake pads for a 2014 Corolla"), says("call me")];
    assert_eq!(gate::rule(&pack, &entries), None);
    let next = workflow::decide(&pack, &entries);
    assert!(matches!(next, Next::Decision(Decision::VendorOutreachPlan(_))), "{next:?}");
    assert_eq!(wish(&by(Source::CodedWorkflow, next), &pack, &entries), Some(Wish::ClientAsks));
}

#[test]
fn news_of_calls_start_no_chatter() {
    for reason in [SILENCE, CONSENT_GRANTED, CONSENT_DENIED, CALL_ENDED] {
        let entries = [wake_for(reason)];
        // We wait for the client's answer; a YES to a prompt in between is no answer to our question.
        let mut pack = fixture::pack();
        pack.policies.calling.enabled = true;
        pack.say("brake pads").answer("Front or rear?").say("yes").state(RequestState::Clarifying);
        assert_eq!(ruled(&pack, &entries).0, Next::Nothing, "{reason}");
        // A batch that ended while we ask the client is not taken up by news of calls.
        pack.batch(2).settle();
        assert_eq!(ruled(&pack, &entries).0, Next::Nothing, "{reason}");
        pack.state(RequestState::OcrProcessing);
        assert_eq!(ruled(&pack, &entries).0, Next::Nothing, "{reason}");
        let mut listed = self::pack();
        listed.settle().offer(1, 350_000).shortlisted();
        assert_eq!(ruled(&listed, &entries).0, Next::Nothing, "{reason}");
    }
}

#[test]
fn a_question_of_calls_is_no_answer_to_ours() {
    let mut pack = pack();
    pack.answer("Front or rear?").answer("Do you allow a call for this request?").say("yes");
    pack.answer("Thanks. I may place a call if needed.");
    assert!(crate::reading::was_just_said(&pack, "Front or rear?"));
    assert!(!crate::reading::was_just_said(&pack, "For which year?"));
    pack.say("front");
    assert!(!crate::reading::was_just_said(&pack, "Front or rear?"), "the client has answered");
    pack.entry(Speaker::Vendor, "Front or rear?");
    assert!(!crate::reading::was_just_said(&pack, "Front or rear?"), "nobody reads the vendors' words");
}

#[test]
fn a_granted_consent_changes_no_rule_of_chat() {
    let mut pack = pack();
    pack.policies.calling.consent_status = Some(ConsentStatus::Granted);
    pack.policies.calling.allowed_scopes = vec![CallScope::Either];
    assert_eq!(ruled(&pack, &[vendor_writes(1)]), (Next::Nothing, None), "a reply is no reason to call");
}
