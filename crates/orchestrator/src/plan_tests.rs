use std::fmt::Write as _;

use marketplace::ReplyId;
use moltbot_contract::{
    CallingWish, HandoffOffer, ShortlistItem, StopConditions, VendorFilters, limits::BODY_MAX,
};
use proptest::prelude::*;

use super::*;
use crate::{
    fixture::{self, PackExt as _, found, vendor},
    workflow,
};

/// The plan as people read it.
fn rendered(next: &Next, pack: &ContextPack, vendors: &[VendorFound]) -> String {
    let basis = Basis { pack, learned: &Facts::default(), author: FactSource::Moltbot, vendors };
    let mut out = String::new();
    for call in calls(next, &basis) {
        let _ = write!(out, "[{}]", call.step);
        match call.call {
            ToolCall::SendClientMessage(args) => {
                let _ = writeln!(out, " {}", args.body);
                for button in args.buttons {
                    let _ = writeln!(out, "  ({}) {}", button.id, button.title);
                }
            }
            ToolCall::SendVendorMessage(args) => {
                let _ = writeln!(out, " {}", args.body);
                for question in args.questions {
                    let _ = writeln!(out, "  + {question}");
                }
            }
            ToolCall::UpdateRequestState(args) => {
                let _ = writeln!(out, " {}: {}", args.to, args.reason);
            }
            other => {
                let _ = writeln!(out, " {}", other.name());
            }
        }
    }
    out
}

fn outreach(batch_size: u8) -> VendorOutreachPlan {
    VendorOutreachPlan {
        category: "spare_parts".to_owned(),
        normalized_need: "Front brake pads for a Toyota Corolla 2014".to_owned(),
        vendor_filters: VendorFilters::default(),
        batch_size,
        vendor_questions: vec!["Original or copy?".to_owned(), "Can you deliver?".to_owned()],
        stop_conditions: StopConditions { offers_wanted: 3, deadline_minutes: 20 },
        calling: CallingWish::default(),
    }
}

fn offered() -> ContextPack {
    let mut pack = fixture::pack();
    pack.state(RequestState::Sourcing).batch(5).offer(3, 350_000).offer(1, 320_050).offer(2, 400_000);
    pack.replies[0].eta = Some("tomorrow 10am, call 0700 000 101".to_owned());
    pack.replies_with(4, None, moltbot_contract::Availability::InStock).settle();
    pack
}

fn list(pack: &ContextPack, replies: &[usize], note: Option<&str>) -> Shortlist {
    let item = |index: &usize| {
        let reply = &pack.replies[*index];
        ShortlistItem {
            vendor_id: reply.vendor_id.to_string(),
            reply_id: reply.reply_id.to_string(),
            availability: reply.availability,
            // What a model writes here is not what the client reads.
            price_minor: Some(1),
            currency: Some("USD".to_owned()),
            eta: Some("now".to_owned()),
            note: note.map(str::to_owned),
        }
    };
    Shortlist {
        summary_text: "These shops have front brake pads:".to_owned(),
        items: replies.iter().map(item).collect(),
        handoff: HandoffOffer { offer: true },
    }
}

#[test]
fn an_outreach_opens_the_batch_before_it_writes() {
    let next = Next::Decision(Decision::VendorOutreachPlan(outreach(2)));
    insta::assert_snapshot!(rendered(&next, &fixture::pack(), &found(1..=2)), @r"
    [state] sourcing: asks up to 2 vendors of the category spare_parts
    [vendor/v-1] Hello! We are a marketplace assistant and a customer is looking for:

    Front brake pads for a Toyota Corolla 2014

    Do you have it, what does it cost, and when could the customer get it?
    • Original or copy?
    • Can you deliver?

    Just answer here.
    [vendor/v-2] Hello! We are a marketplace assistant and a customer is looking for:

    Front brake pads for a Toyota Corolla 2014

    Do you have it, what does it cost, and when could the customer get it?
    • Original or copy?
    • Can you deliver?

    Just answer here.
    [client] Thanks! I'm asking vendors now. You'll hear from me as soon as they answer.
    ");
    let mut second = offered();
    second.state(RequestState::Sourcing);
    let later = rendered(&next, &second, &found(6..=6));
    assert!(
        later.ends_with("[client] I don't have enough offers yet, so I'm asking more vendors.\n"),
        "{later}"
    );
}

/// The client's language is the client's alone.
#[test]
fn each_vendor_is_asked_in_their_own_language() {
    use marketplace::Language::{Ar, En, Sw};
    let mut pack = fixture::pack();
    pack.request.language = Ar;
    let mut vendors = found(1..=2);
    vendors[1].language = Sw;
    let next = Next::Decision(Decision::VendorOutreachPlan(outreach(2)));
    let plan = rendered(&next, &pack, &vendors);
    let inquiry = |language| {
        let questions = outreach(2).vendor_questions;
        let need = &outreach(2).normalized_need;
        conversation::text(language, &Sentence::VendorInquiry { need, questions: &questions })
    };
    assert!(plan.contains(&format!("[vendor/v-1] {}", inquiry(En))), "{plan}");
    assert!(plan.contains(&format!("[vendor/v-2] {}", inquiry(Sw))), "{plan}");
    assert!(
        plan.contains(&format!("[client] {}", conversation::text(Ar, &Sentence::AskingVendors))),
        "{plan}"
    );
}

#[test]
fn the_batch_carries_the_plan_and_where_it_comes_from() {
    let (pack, plan) = (fixture::pack(), outreach(2));
    let basis = Basis {
        pack: &pack,
        learned: &Facts::default(),
        author: FactSource::Moltbot,
        vendors: &found(1..=2),
    };
    let calls = calls(&Next::Decision(Decision::VendorOutreachPlan(plan)), &basis);
    let ToolCall::UpdateRequestState(update) = &calls[0].call else { panic!("the state comes first") };
    assert_eq!((update.to, update.expected_version), (RequestState::Sourcing, 7));
    let facts = update.facts.as_ref().unwrap();
    assert_eq!(facts.category, Some(Sourced::new("spare_parts".to_owned(), FactSource::Moltbot)));
    assert_eq!(facts.normalized_need.as_ref().map(|need| need.source), Some(FactSource::Moltbot));
    let batch = update.plan.as_ref().unwrap();
    assert_eq!((batch.batch_size, batch.offers_wanted, batch.deadline_minutes), (2, 3, 20));
}

#[test]
fn a_short_shortlist_has_buttons() {
    let pack = offered();
    let next = Next::Decision(Decision::Shortlist(list(&pack, &[1, 0, 2], None)));
    insta::assert_snapshot!(rendered(&next, &pack, &[]), @r"
    [client] These shops have front brake pads:

    1. Vendor 1 – KES 3,200.50
    2. Vendor 3 – KES 3,500, tomorrow 10am, call
    3. Vendor 2 – KES 4,000

    Reply with the number of the one you want, and I'll put you in touch.
      (pick:v-1) 1. Vendor 1
      (pick:v-3) 2. Vendor 3
      (pick:v-2) 3. Vendor 2
    [state] shortlisted: 3 vendors have it
    ");
}

#[test]
fn a_longer_one_has_numbers_alone() {
    let pack = offered();
    let next = Next::Decision(Decision::Shortlist(list(&pack, &[1, 0, 2, 3], Some("original part"))));
    insta::assert_snapshot!(rendered(&next, &pack, &[]), @r"
    [client] These shops have front brake pads:

    1. Vendor 1 – KES 3,200.50
       original part
    2. Vendor 3 – KES 3,500, tomorrow 10am, call
       original part
    3. Vendor 2 – KES 4,000
       original part
    4. Vendor 4 – price not given
       original part

    Reply with the number of the one you want, and I'll put you in touch.
    [state] shortlisted: 4 vendors have it
    ");
}

#[test]
fn a_remark_with_a_number_is_not_shown() {
    let pack = offered();
    let shortlist = list(&pack, &[0], Some("only 10 shillings"));
    let shown = rendered(&Next::Decision(Decision::Shortlist(shortlist)), &pack, &[]);
    assert!(!shown.contains("shillings"), "{shown}");
}

#[test]
fn an_offer_without_handoff_has_nothing_to_press() {
    let pack = offered();
    let shortlist = Shortlist { handoff: HandoffOffer { offer: false }, ..list(&pack, &[0], None) };
    let shown = rendered(&Next::Decision(Decision::Shortlist(shortlist)), &pack, &[]);
    assert!(!shown.contains("pick:") && !shown.contains("Reply with"), "{shown}");
}

#[test]
fn the_other_plans_read_well() {
    let pack = fixture::pack();
    let person = Next::Decision(workflow::escalation(&pack, "the client wants a person"));
    insta::assert_snapshot!(rendered(&person, &pack, &[]), @r"
    [client] Thanks for your patience. A person will get back to you here.
    [state] escalated: the client wants a person
    ");
    insta::assert_snapshot!(rendered(&Next::Close, &pack, &[]), @r"
    [client] This request is closed. Write to me whenever you need something else.
    [state] closed: the client cancelled
    ");
    insta::assert_snapshot!(rendered(&Next::HandOff(vendor(2)), &pack, &[]), @"[state] handed_off: the client picked v-2");
    assert_eq!(rendered(&Next::Nothing, &pack, &[]), "");
}

#[test]
fn only_vendors_that_can_be_asked_are_asked() {
    let mut pack = fixture::pack();
    pack.batch(2).settle();
    let mut vendors = found(1..=9);
    vendors[2].accepts_inquiries = false;
    vendors[3].contacted = true;
    vendors.push(vendors[4].clone());
    let usable = |size: u8, pack: &ContextPack, tried: &[usize]| {
        let tried = tried.iter().map(|number| vendor(*number)).collect();
        let vendors = usable(&vendors, &outreach(size), pack, &tried);
        vendors.iter().map(|vendor| vendor.vendor_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(usable(3, &pack, &[]), ["v-5", "v-6", "v-7"]);
    assert_eq!(usable(3, &pack, &[6]), ["v-5", "v-7", "v-8"]);
    assert_eq!(usable(200, &pack, &[]), ["v-5", "v-6", "v-7", "v-8", "v-9"], "five, whatever was asked for");
    pack.limits.vendors_remaining = 1;
    assert_eq!(usable(5, &pack, &[]), ["v-5"]);
}

/// Whoever is closed is asked only where nobody is open, and the client is told so.
#[test]
fn the_closed_are_asked_when_nobody_is_open() {
    let pack = fixture::pack();
    let mut vendors = found(1..=4);
    vendors[0].opens_at = Some(pack.now);
    vendors[1].opens_at = Some(pack.now);
    let tried = std::collections::BTreeSet::new();
    let asked = |vendors: &[VendorFound]| usable(vendors, &outreach(5), &pack, &tried);
    let names = |vendors: &[VendorFound]| {
        asked(vendors).iter().map(|vendor| vendor.vendor_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&vendors), ["v-3", "v-4"]);
    assert_eq!(names(&vendors[..2]), ["v-1", "v-2"]);
    let next = Next::Decision(Decision::VendorOutreachPlan(outreach(5)));
    let told = |vendors: &[VendorFound]| rendered(&next, &pack, &asked(vendors));
    assert!(
        told(&vendors[..2]).contains("The vendors for this are closed right now."),
        "{}",
        told(&vendors[..2])
    );
    assert!(!told(&vendors).contains("closed right now"), "{}", told(&vendors));
}

proptest! {
    #[test]
    fn every_shortlist_fits_and_names_every_offer(
        count in 1_usize..=10,
        name in "\\PC{0,400}",
        eta in "\\PC{0,400}",
        summary in "[a-z ]{1,1024}",
        note in "[a-z ]{1,200}",
    ) {
        let mut pack = fixture::pack();
        pack.state(RequestState::Sourcing).batch(10);
        for number in 1..=count {
            pack.offer(number, 100_000);
            pack.vendors_contacted[number - 1].name.clone_from(&name);
            pack.replies[number - 1].eta = Some(eta.clone());
        }
        let all: Vec<usize> = (0..count).collect();
        let shortlist = Shortlist { summary_text: summary, ..list(&pack, &all, Some(&note)) };
        let (body, buttons) = offer_text::compose(&shortlist, &pack);
        let limit = if buttons.is_empty() { BODY_MAX } else { BODY_WITH_BUTTONS_MAX };
        prop_assert!(body.chars().count() <= limit);
        prop_assert!(buttons.is_empty() || buttons.len() == count);
        for position in 1..=count {
            prop_assert!(body.contains(&format!("\n{position}. ")), "line {} of {}", position, body);
        }
    }

    #[test]
    fn nobody_is_written_to_twice(picks in proptest::collection::vec(1_usize..12, 0..40), size in 0_u8..=255) {
        let vendors: Vec<VendorFound> = picks.iter().flat_map(|number| found(*number..=*number)).collect();
        let pack = fixture::pack();
        let usable = usable(&vendors, &outreach(size), &pack, &BTreeSet::new());
        prop_assert!(usable.len() <= usize::from(BATCH_SIZE_MAX));
        let next = Next::Decision(Decision::VendorOutreachPlan(outreach(size)));
        let basis = Basis { pack: &pack, learned: &Facts::default(), author: FactSource::Moltbot, vendors: &usable };
        let calls = calls(&next, &basis);
        let steps: BTreeSet<&str> = calls.iter().map(|call| call.step.as_str()).collect();
        prop_assert_eq!(steps.len(), calls.len());
    }

    #[test]
    fn replies_that_are_gone_do_not_break_a_shortlist(seed in 0_u64..50) {
        let pack = offered();
        let mut shortlist = list(&pack, &[0, 1], None);
        shortlist.items[0].reply_id = ReplyId::generate(&fixture::ids(10_000 + seed)).to_string();
        let (body, _) = offer_text::compose(&shortlist, &pack);
        prop_assert!(body.contains("2. Vendor 1"));
    }
}

#[test]
fn questions_that_do_not_fit_are_left_out_from_the_end() {
    let questions = vec!["a".repeat(200), "b".repeat(200), "c".repeat(200), "d".repeat(200), "e".repeat(200)];
    let kept = fitting(&questions, &"x".repeat(450));
    assert_eq!(kept, questions[..2]);
    assert_eq!(fitting(&questions[..1], "short"), questions[..1]);
}
