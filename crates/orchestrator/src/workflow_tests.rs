use marketplace::{OcrJobId, SeededIds};
use moltbot_contract::{Availability, BatchStatus, DecisionKind, OcrText};
use proptest::prelude::*;

use super::*;
use crate::{
    ClientContent,
    fixture::{self, NOW, PackExt as _, client, says, vendor_writes, wake},
};

fn decision(pack: &ContextPack, entries: &[Entry]) -> Decision {
    match decide(pack, entries) {
        Next::Decision(decision) => {
            let bytes = serde_json::to_vec(&decision).unwrap();
            assert_eq!(
                validate(&bytes, pack).map_err(|rejection| rejection.to_string()),
                Ok(decision.clone())
            );
            decision
        }
        other => panic!("a decision, not {other:?}"),
    }
}

fn question(decision: &Decision) -> (&str, RequestState) {
    match decision {
        Decision::AskClient(ask) => (ask.question_text.as_str(), ask.state_suggestion),
        other => panic!("a question, not {other:?}"),
    }
}

fn told(texts: &[&str], state: RequestState) -> ContextPack {
    let mut pack = fixture::pack();
    for text in texts {
        pack.say(text);
    }
    pack.state(state);
    pack
}

#[test]
fn the_first_question_is_a_sensible_one() {
    for (text, asked) in [
        ("Hi", "Hello! I can ask vendors for what you need"),
        ("I need brake pads for a 2014 Corolla", "Which make, model and year"),
        ("I have a prescription for amoxicillin", "Please type the medicine's name"),
        ("Where can I get a wedding cake?", "Please tell me a little more"),
    ] {
        let mut pack = told(&[text], RequestState::New);
        reading::learn(&mut pack, &[]);
        let decided = decision(&pack, &[says(text)]);
        let (question, state) = question(&decided);
        assert!(question.starts_with(asked), "{text}: {question}");
        assert_eq!(state, RequestState::Clarifying);
    }
}

/// A wish for a language says nothing of the need; what was being asked is asked again in it.
#[test]
fn a_wish_for_a_language_goes_on_in_it() {
    let wish = "en español por favor";
    for (before, state, asked) in [
        (vec![], RequestState::New, "¡Hola! Puedo preguntar"),
        (vec!["Hi"], RequestState::Clarifying, "¡Hola! Puedo preguntar"),
        (vec!["I need brake pads for a 2014 Corolla"], RequestState::Clarifying, "¿De qué marca"),
    ] {
        let mut pack = told(&[before.as_slice(), &[wish]].concat(), state);
        pack.request.language = Language::Es;
        let decided = decision(&pack, &[says(wish)]);
        let (question, state) = question(&decided);
        assert!(question.starts_with(asked), "{before:?}: {question}");
        assert_eq!(state, RequestState::Clarifying);
    }
    let mut waiting = told(&["I need brake pads", wish], RequestState::Sourcing);
    waiting.batch(5);
    assert_eq!(decide(&waiting, &[says(wish)]), Next::Nothing, "the wish itself was confirmed");
}

#[test]
fn an_answer_leads_to_vendors() {
    let pack = told(&["I need brake pads for a 2014 Corolla", "Front, 1.8 petrol"], RequestState::Clarifying);
    let Decision::VendorOutreachPlan(plan) = decision(&pack, &[says("Front, 1.8 petrol")]) else {
        panic!("an outreach")
    };
    assert_eq!(plan.category, "spare_parts");
    assert_eq!(plan.normalized_need, "I need brake pads for a 2014 Corolla; Front, 1.8 petrol");
    assert_eq!((plan.batch_size, plan.stop_conditions.offers_wanted), (5, 3));
    assert_eq!(plan.stop_conditions.deadline_minutes, 15);

    let mut urgent = pack;
    urgent.request.urgency = Urgency::Urgent;
    urgent.limits.vendors_remaining = 2;
    let Decision::VendorOutreachPlan(plan) = decision(&urgent, &[says("today")]) else {
        panic!("an outreach")
    };
    assert_eq!((plan.batch_size, plan.stop_conditions.deadline_minutes), (2, 5));
}

#[test]
fn the_directorys_own_category_counts_when_the_client_named_it() {
    let mut pack = told(&["Hi, I need brake pads for a 2014 Corolla"], RequestState::Clarifying);
    pack.vendors_found = fixture::found(1..=2);
    pack.vendors_found[0].category = "brake pads".to_owned();
    pack.vendors_found[1].category = "tyres".to_owned();
    assert_eq!(categories(&pack, &[]), ["brake pads", "spare_parts", "general"]);
    pack.request.category = Some("car parts".to_owned());
    assert_eq!(categories(&pack, &[])[0], "car parts");
}

#[test]
fn a_client_who_says_nothing_is_asked_twice() {
    let mut pack = told(&["hi"], RequestState::Clarifying);
    for asked in 0..=ASK_NEED_MAX {
        let kind = decision(&pack, &[says("hello?")]).kind();
        let expected = if asked < ASK_NEED_MAX { DecisionKind::AskClient } else { DecisionKind::Escalate };
        assert_eq!(kind, expected, "asked {asked} times");
        pack.answer(&text(Language::En, &Sentence::AskNeed)).say("hello?");
    }
}

fn sourcing() -> ContextPack {
    let mut pack = told(&["I need brake pads for a 2014 Corolla", "Front ones"], RequestState::Sourcing);
    pack.request.category = Some("brake pads".to_owned());
    pack.request.need = Some("Front brake pads, Corolla 2014".to_owned());
    pack.batch(5);
    pack
}

#[test]
fn enough_offers_make_a_shortlist_best_price_first() {
    let mut pack = sourcing();
    pack.offer(1, 400_000).offer(2, 350_000).replies_with(3, None, Availability::InStock).offer(4, 380_000);
    pack.offer(1, 300_000);
    let Decision::Shortlist(shortlist) = decision(&pack, &[vendor_writes(1)]) else { panic!("a shortlist") };
    let order: Vec<&str> = shortlist.items.iter().map(|item| item.vendor_id.as_str()).collect();
    assert_eq!(order, ["v-1", "v-2", "v-4", "v-3"], "the latest word of each, unpriced last");
    assert_eq!(shortlist.summary_text, "Here are the 4 offers I have for you:");
}

#[test]
fn too_few_offers_ask_the_next_vendors_and_then_show_what_there_is() {
    let mut pack = sourcing();
    pack.offer(1, 400_000).replies_with(2, None, Availability::OutOfStock).settle();
    let Decision::VendorOutreachPlan(plan) = decision(&pack, &[wake()]) else { panic!("an outreach") };
    assert_eq!(
        (plan.category.as_str(), plan.normalized_need.as_str()),
        ("brake pads", "Front brake pads, Corolla 2014")
    );
    pack.limits.vendors_remaining = 0;
    assert_eq!(decision(&pack, &[wake()]).kind(), DecisionKind::Shortlist);
    pack.replies.clear();
    let Decision::Escalate(escalate) = decision(&pack, &[wake()]) else { panic!("a person") };
    assert!(escalate.safe_client_message.starts_with("I'm sorry, no vendor could help"));
}

#[test]
fn unclear_replies_are_no_offers() {
    let mut pack = sourcing();
    pack.offer(1, 400_000).offer(2, 1).offer(3, 1).settle();
    pack.limits.vendors_remaining = 0;
    pack.replies[1].confidence = 0.59;
    pack.replies[2].currency = None;
    let Decision::Shortlist(shortlist) = decision(&pack, &[wake()]) else { panic!("a shortlist") };
    assert_eq!(shortlist.items.len(), 1);
    assert_eq!(shortlist.summary_text, "Here is the offer I have for you:");
}

#[test]
fn a_batch_that_only_seems_to_have_offers_goes_on() {
    let mut pack = sourcing();
    pack.offer(1, 400_000);
    pack.replies[0].confidence = 0.5;
    // By the tools' count the batch is over, and yet no other one may be opened.
    pack.batches[0].offers_wanted = 1;
    pack.batches[0].offers = 1;
    assert_eq!(decide(&pack, &[vendor_writes(1)]), Next::Nothing);
    pack.now = pack.batches[0].deadline_at;
    assert_eq!(decision(&pack, &[wake()]).kind(), DecisionKind::Escalate);
}

#[test]
fn a_waiting_client_is_told_so() {
    let pack = sourcing();
    let decided = decision(&pack, &[says("any news?")]);
    assert_eq!(
        question(&decided),
        ("I'm still waiting for answers. I'll write as soon as I have some.", RequestState::Sourcing)
    );
    assert_eq!(decide(&pack, &[vendor_writes(1)]), Next::Nothing);
}

#[test]
fn words_that_steer_are_heeded_in_every_state() {
    for state in
        [RequestState::New, RequestState::Clarifying, RequestState::Sourcing, RequestState::Shortlisted]
    {
        let pack = told(&["I need brake pads"], state);
        assert_eq!(decide(&pack, &[says("cancel")]), Next::Close, "{state}");
        assert_eq!(decision(&pack, &[says("agent")]).kind(), DecisionKind::Escalate, "{state}");
        let called = decision(&pack, &[says("call me")]);
        assert!(question(&called).0.starts_with("I can't place calls"), "{state}");
        // The same where calls are placed, but never about a prescription.
        let mut pack = pack;
        pack.policies.calling.enabled = true;
        pack.request.prescription = true;
        let called = decision(&pack, &[says("call me")]);
        assert!(question(&called).0.starts_with("I can't place calls"), "{state}");
    }
}

#[test]
fn a_prescription_goes_out_without_a_dosage() {
    let line = "Amoxicillin, take 2 tablets 3 times a day";
    let mut pack = told(&["I have a prescription", line], RequestState::Clarifying);
    pack.request.prescription = true;
    let Decision::VendorOutreachPlan(plan) = decision(&pack, &[says(line)]) else { panic!("an outreach") };
    assert!(!plan.normalized_need.contains("times a day") || !plan.normalized_need.contains('3'), "{plan:?}");
}

fn read_of(text: &str, confidence: f64) -> OcrText {
    OcrText { job_id: OcrJobId::generate(&SeededIds::new(1)), text: text.to_owned(), confidence }
}

#[test]
fn a_read_picture_is_confirmed_and_an_unread_one_typed() {
    let mut pack = fixture::pack();
    pack.state(RequestState::OcrProcessing);
    let unread = decision(&pack, &[wake()]);
    assert!(question(&unread).0.starts_with("I can't read your picture well enough"));
    for (text, confidence, shown) in [
        ("Brake pads Corolla 2014 3,500.00\nTOTAL 3,500.00", 0.9, Some("Brake pads Corolla 2014")),
        ("Brake pads Corolla 2014", 0.4, Some("Brake pads Corolla 2014")),
        ("Br@ke p~ds", 0.2, None),
        ("12 34", 0.9, None),
        ("TOTAL 3,500.00", 0.9, None),
    ] {
        pack.ocr = vec![read_of(text, confidence)];
        let read = decision(&pack, &[wake()]);
        let (asked, state) = question(&read);
        assert_eq!(state, RequestState::Clarifying);
        match shown {
            Some(line) => {
                assert!(asked.contains(&format!("• {line}\n")) && asked.contains("Reply YES"), "{asked}");
            }
            None => assert!(asked.starts_with("I can't read your picture well enough"), "{asked}"),
        }
    }
    // What the client typed beside it is enough.
    let mut both = told(&["I need brake pads for a 2014 Corolla"], RequestState::OcrProcessing);
    both.ocr.clear();
    assert!(matches!(decision(&both, &[wake()]), Decision::VendorOutreachPlan(_)));
}

#[test]
fn only_a_yes_to_what_was_shown_makes_it_the_need() {
    let shown =
        "I read this in your picture:\n\n• Brake pads Corolla 2014\n\nIs that what you need? Reply YES.";
    let pack_after = |ours: &str, theirs: &str| {
        let mut pack = fixture::pack();
        pack.state(RequestState::Clarifying).answer(ours).say(theirs);
        pack.ocr = vec![read_of("Brake pads Corolla 2014 3,500.00\nOil filter 900.00", 0.9)];
        pack
    };
    for (ours, theirs, need) in [
        (shown, "Yes", Some("Brake pads Corolla 2014")),
        (shown, "sí", Some("Brake pads Corolla 2014")),
        (shown, "ndio", Some("Brake pads Corolla 2014")),
        (shown, "no", None),
        (shown, "yes but the rear ones", None),
        ("Which axle?", "yes", None),
    ] {
        let pack = pack_after(ours, theirs);
        assert_eq!(reading::confirmed_now(&pack, &[says(theirs)]).as_deref(), need, "{ours} {theirs}");
    }
    // Another question in between, or vendors that were asked: then YES means something else.
    let mut later = pack_after(shown, "ok thanks a lot");
    later.answer("When do you need it?").say("yes");
    assert_eq!(reading::confirmed_now(&later, &[says("yes")]), None);
    let mut asked = pack_after(shown, "yes");
    asked.batch(2);
    assert_eq!(reading::confirmed_now(&asked, &[says("yes")]), None);
    assert!(reading::rejects_reading(&pack_after(shown, "no"), &[says("no")]));
}

#[test]
fn a_confirmed_prescription_is_all_that_vendors_get() {
    let mut pack = fixture::pack();
    pack.state(RequestState::Clarifying).say("my prescription, for Zuhura").say("yes");
    pack.request.prescription = true;
    pack.request.need = Some("Amoxicillin 500mg x21".to_owned());
    pack.ocr = vec![read_of("Patient Zuhura\nAmoxicillin 500mg x21 take twice a day", 0.9)];
    let Decision::VendorOutreachPlan(plan) = decision(&pack, &[says("yes")]) else { panic!("an outreach") };
    assert_eq!(
        (plan.category.as_str(), plan.normalized_need.as_str()),
        ("pharmacy", "Amoxicillin 500mg x21")
    );
}

fn states() -> impl Strategy<Value = RequestState> {
    proptest::sample::select(vec![
        RequestState::New,
        RequestState::Clarifying,
        RequestState::OcrProcessing,
        RequestState::Sourcing,
        RequestState::Shortlisted,
    ])
}

fn said() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("I need brake pads for a 2014 Corolla, call +254 700 000 101 or mail a@b.co".to_owned()),
        Just("take 2 tablets twice a day, you have malaria".to_owned()),
        Just("prescription amoxicillin 500 mg".to_owned()),
        Just("req_00000000000000000000000000000000 wamid.HBgL".to_owned()),
        Just("hi".to_owned()),
        "\\PC{0,300}",
        "[a-z0-9+@./: -]{0,600}",
    ]
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let one = prop_oneof![
        said().prop_map(|text| says(&text)),
        Just(vendor_writes(1)),
        Just(wake()),
        Just(client(ClientContent::Document)),
        Just(client(ClientContent::UnreadableMedia)),
        Just(client(ClientContent::Other)),
    ];
    proptest::collection::vec(one, 1..4)
}

prop_compose! {
    /// Packs of every shape that the tools can build, and some that they should not.
    fn packs()(
        state in states(),
        language in proptest::sample::select(Language::iter().collect::<Vec<_>>()),
        said in proptest::collection::vec(said(), 0..5),
        batches in proptest::collection::vec(1_u8..=5, 0..=3),
        settled in any::<bool>(),
        replies in proptest::collection::vec((1_usize..=15, proptest::option::of(0_i64..=i64::MAX / 1024), 0_u8..3, 0.0..=1.0), 0..12),
        (prescription, urgent, listed, open_anyway, wanted) in (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 1_u8..=15),
        (category, need) in (proptest::option::of("[\\PC]{0,90}"), proptest::option::of(self::said())),
        late in -20_i64..20,
    ) -> ContextPack {
        let mut pack = fixture::pack();
        for text in &said {
            pack.say(text);
        }
        for size in batches {
            pack.batch(size);
        }
        for (number, price, availability, confidence) in replies {
            if number > pack.vendors_contacted.len() {
                continue;
            }
            let availability = match availability {
                0 => Availability::InStock,
                1 => Availability::OutOfStock,
                _ => Availability::Unclear,
            };
            pack.replies_with(number, price, availability);
            pack.replies.last_mut().unwrap().confidence = confidence;
        }
        if settled {
            pack.settle();
        }
        if let Some(batch) = pack.batches.last_mut() {
            batch.offers_wanted = wanted;
            batch.deadline_at = marketplace::Timestamp::from_millis(NOW.as_millis() + late * 60_000);
        }
        if listed {
            pack.shortlisted();
        }
        pack.limits.batch_open = pack.limits.batch_open || (open_anyway && !pack.batches.is_empty());
        pack.request.prescription = prescription;
        pack.request.urgency = if urgent { Urgency::Urgent } else { Urgency::Normal };
        pack.request.language = language;
        pack.request.category = category;
        pack.request.need = need;
        pack.state(state);
        pack
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_decision_of_ours_keeps_the_contract(pack in packs(), entries in entries()) {
        let mut pack = pack;
        reading::learn(&mut pack, &entries);
        for next in [decide(&pack, &entries), without_vendors(&pack)] {
            let Next::Decision(decision) = next else { continue };
            let bytes = serde_json::to_vec(&decision).unwrap();
            let verdict = validate(&bytes, &pack).map_err(|rejection| rejection.to_string());
            prop_assert_eq!(verdict, Ok(decision.clone()));
            if let Decision::VendorOutreachPlan(plan) = decision {
                prop_assert!(plan.batch_size <= BATCH_SIZE_MAX);
                prop_assert!(plan.batch_size <= pack.limits.vendors_remaining);
                prop_assert!(!pack.limits.batch_open);
            }
        }
    }

    /// Whatever vendors do, sourcing ends: each step asks new vendors, and there are fifteen at most.
    #[test]
    fn sourcing_comes_to_an_end(
        answers in proptest::collection::vec(proptest::option::of(0_i64..1_000_000), 15),
        language in proptest::sample::select(Language::iter().collect::<Vec<_>>()),
    ) {
        let mut pack = told(&["I need brake pads for a 2014 Corolla", "Front ones"], RequestState::Clarifying);
        pack.request.language = language;
        let mut batches = 0;
        loop {
            match decide(&pack, &[wake()]) {
                Next::Decision(Decision::VendorOutreachPlan(plan)) => {
                    let from = pack.vendors_contacted.len();
                    pack.state(RequestState::Sourcing).batch(plan.batch_size);
                    for number in from + 1..=pack.vendors_contacted.len() {
                        if let Some(price) = answers[number - 1] {
                            pack.offer(number, price);
                        }
                    }
                    pack.settle();
                    prop_assert!(pack.batches.iter().all(|batch| batch.status == BatchStatus::Settled));
                    batches += 1;
                    prop_assert!(batches <= 3);
                }
                Next::Decision(Decision::Shortlist(shortlist)) => {
                    prop_assert!((1..=SHORTLIST_MAX).contains(&shortlist.items.len()));
                    break;
                }
                Next::Decision(Decision::Escalate(_)) => {
                    prop_assert!(pack.replies.is_empty() && pack.vendors_contacted.len() == 15);
                    break;
                }
                other => prop_assert!(false, "sourcing does not stop at {:?}", other),
            }
        }
    }
}
