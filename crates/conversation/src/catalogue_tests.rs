use super::*;
use proptest::prelude::*;
use std::{collections::HashSet, fmt::Write as _};
use strum::IntoEnumIterator as _;

/// What people say inside the samples.
pub(super) struct Said<'a> {
    pub(super) need: &'a str,
    pub(super) question: &'a str,
    pub(super) eta: &'a str,
    pub(super) list: &'a [String],
}

const fn in_english(list: &[String]) -> Said<'_> {
    Said { need: "brake pads for a 2014 Corolla", question: "what does it cost?", eta: "today", list }
}

pub(super) fn samples<'a>(said: &Said<'a>) -> Vec<Sentence<'a>> {
    let mut all = Vec::new();
    let categories = crate::need::CATEGORIES.iter().map(|category| category.name).chain(["anything_else"]);
    all.extend(categories.map(|category| Sentence::AskDetails { category }));
    let price = Money::new(350_000, "KES".parse().unwrap()).ok();
    let Said { need, question, eta, list } = *said;
    all.extend([
        Sentence::AskNeed,
        Sentence::AskArea,
        Sentence::AskWhen,
        Sentence::AskingVendors,
        Sentence::AskingMoreVendors,
        Sentence::AskingWhenOpen,
        Sentence::OffersWaiting,
        Sentence::NewsWaiting,
        Sentence::StillWaiting,
        Sentence::NoVendorsFound,
        Sentence::VendorInquiry { need, questions: list },
        Sentence::VendorInquiry { need, questions: &[] },
        Sentence::VendorFollowUp { need, question },
        Sentence::VendorWhichRequest { needs: list },
        Sentence::VendorThanks,
        Sentence::ShortlistHeader { count: 1 },
        Sentence::ShortlistHeader { count: 3 },
        Sentence::ShortlistLine {
            position: 1,
            vendor: "Kamau Spares",
            price,
            eta: Some(eta),
            distance_km: Some(2.345),
        },
        Sentence::ShortlistLine {
            position: 2,
            vendor: "AutoParts & Co",
            price: None,
            eta: None,
            distance_km: None,
        },
        Sentence::ShortlistFooter,
        Sentence::PickUnclear { count: 1 },
        Sentence::PickUnclear { count: 3 },
        Sentence::HandoffToClient { vendor: "Kamau Spares", phone: "+254700000201" },
        Sentence::HandoffToVendor { need, client: Some("Amina"), phone: Some("+254700000101") },
        Sentence::HandoffToVendor { need, client: None, phone: None },
        Sentence::MediaPleaseType,
        Sentence::MediaUnreadable,
        Sentence::ProcessingImage,
        Sentence::DocumentConfirm { lines: list },
        Sentence::DocumentUnreadable,
        Sentence::Escalated,
        Sentence::RequestClosed,
        Sentence::StopConfirmed,
        Sentence::StartConfirmed,
        Sentence::LanguageSet,
        Sentence::CallingUnavailable,
        Sentence::ConsentPrompt,
        Sentence::ConsentGranted,
        Sentence::ConsentDenied,
        Sentence::ConsentReminder,
        Sentence::CallFailed,
        Sentence::ButtonYes,
        Sentence::ButtonNo,
        Sentence::ButtonInStock,
        Sentence::ButtonOutOfStock,
        Sentence::ButtonPick { position: 2, vendor: "Mama Njeri Quality Spares" },
    ]);
    all
}

fn questions() -> Vec<String> {
    vec!["Do you have it?".to_owned(), "What does it cost?".to_owned()]
}

#[test]
fn every_sentence_is_there_with_its_variables() {
    let list = questions();
    let seen: HashSet<SentenceKind> = samples(&in_english(&list)).iter().map(SentenceKind::from).collect();
    for kind in SentenceKind::iter() {
        assert!(seen.contains(&kind), "no sample of {kind:?}");
    }
    for sentence in samples(&in_english(&list)) {
        let key = SentenceKind::from(&sentence).into();
        let written = format_message(&ENGLISH, key, &arguments(Language::En, &sentence));
        assert!(written.is_some_and(|written| !written.is_empty()), "{key}");
    }
}

#[test]
fn the_file_has_no_errors_and_nothing_unused() {
    let source = source(Language::En);
    let resource = FluentResource::try_new(source.to_owned()).map_err(|(_, errors)| errors).unwrap();
    let mut bundle = Bundle::new_concurrent(vec![]);
    bundle.add_resource(resource).unwrap();
    let mut known: HashSet<&str> = SentenceKind::iter().map(Into::into).collect();
    known.insert("vendor-questions");
    for line in source.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())) {
        let id = line.split(' ').next().unwrap_or_default();
        assert!(known.remove(id), "{id} is not used");
    }
    assert_eq!(known, HashSet::new());
}

/// Consent is given to a wording: these four are the mission's.
#[test]
fn the_missions_wordings_are_exact() {
    for (sentence, wording) in [
        (
            Sentence::ConsentPrompt,
            "To speed this up, I can place a WhatsApp call. Do you allow a call for this request?",
        ),
        (Sentence::ConsentGranted, "Thanks. I may place a call if needed."),
        (Sentence::ConsentDenied, "Understood. We'll continue by chat."),
        (Sentence::CallFailed, "Call didn't go through; continuing via chat."),
        (Sentence::ProcessingImage, "Processing image…"),
        (Sentence::ButtonYes, "YES"),
        (Sentence::ButtonNo, "NO"),
    ] {
        assert_eq!(text(Language::En, &sentence), wording);
    }
}

#[test]
fn the_english_catalogue() {
    let list = questions();
    let mut all = String::new();
    for sentence in samples(&in_english(&list)) {
        let key: &str = SentenceKind::from(&sentence).into();
        let _ = writeln!(all, "{key}: {}", text(Language::En, &sentence));
    }
    insta::assert_snapshot!(all, @r#"
    ask-details: Which make, model and year is the vehicle, and which part exactly?
    ask-details: Please type the medicine's name, strength and quantity as written on the package or prescription.
    ask-details: Which phone or model exactly, and do you want it new or used?
    ask-details: Which device exactly (brand and model), and what should it have?
    ask-details: What exactly do you need, and how much of each?
    ask-details: What needs to be done, and is water running now?
    ask-details: What needs to be done, and is there power now?
    ask-details: What should be made or changed, and in which size?
    ask-details: Please tell me a little more: what exactly, how many, and anything the vendor should know.
    ask-details: Please tell me a little more: what exactly, how many, and anything the vendor should know.
    ask-details: Please tell me a little more: what exactly, how many, and anything the vendor should know.
    ask-need: Hello! I can ask vendors for what you need. What are you looking for?
    ask-area: Which area or town are you in?
    ask-when: When do you need it?
    asking-vendors: Thanks! I'm asking vendors now. You'll hear from me as soon as they answer.
    asking-more-vendors: I don't have enough offers yet, so I'm asking more vendors.
    asking-when-open: The vendors for this are closed right now. I'll ask them as soon as they open and write when they answer.
    offers-waiting: I have offers for you. Reply OK to see them.
    news-waiting: I have news on your request. Reply OK to read it.
    still-waiting: I'm still waiting for answers. I'll write as soon as I have some.
    no-vendors-found: I'm sorry, no vendor could help with this so far. A person will look into it and get back to you.
    vendor-inquiry: Hello! We are a marketplace assistant and a customer is looking for:

    brake pads for a 2014 Corolla

    Do you have it, what does it cost, and when could the customer get it?
    • Do you have it?
    • What does it cost?

    Just answer here.
    vendor-inquiry: Hello! We are a marketplace assistant and a customer is looking for:

    brake pads for a 2014 Corolla

    Do you have it, what does it cost, and when could the customer get it?

    Just answer here.
    vendor-follow-up: Thanks! One more question about "brake pads for a 2014 Corolla": what does it cost?
    vendor-which-request: Thanks! Which of these is your answer about? Please reply to that message, or write its name:

    1. Do you have it?
    2. What does it cost?
    vendor-thanks: Thank you for your answer. The customer is served for now; we'll write again with the next request.
    shortlist-header: Here is the offer I have for you:
    shortlist-header: Here are the 3 offers I have for you:
    shortlist-line: 1. Kamau Spares – KES 3,500, today, 2.3 km away
    shortlist-line: 2. AutoParts & Co – price not given
    shortlist-footer: Reply with the number of the one you want, and I'll put you in touch.
    pick-unclear: Please reply with 1 if you want this offer, or tell me what you would like instead.
    pick-unclear: Please reply with the number of the one you want, 1 to 3.
    handoff-to-client: Great choice! Kamau Spares is expecting you. You can reach them at +254700000201. They have your contact too.
    handoff-to-vendor: Good news: Amina chose your offer for "brake pads for a 2014 Corolla". You can reach them at +254700000101.
    handoff-to-vendor: Good news: a customer chose your offer for "brake pads for a 2014 Corolla". They have your number and will contact you.
    media-please-type: I can't read pictures or documents yet. Please type what you need, for example what is written on it.
    media-unreadable: I can't read this kind of message. Please type what you need.
    processing-image: Processing image…
    document-confirm: I read this in your picture:

    • Do you have it?
    • What does it cost?

    Is that what you need? Reply YES, or type what you need instead.
    document-unreadable: I can't read your picture well enough. Please type what you need, for example what is written on it.
    escalated: Thanks for your patience. A person will get back to you here.
    request-closed: This request is closed. Write to me whenever you need something else.
    stop-confirmed: You won't get any more messages from us. Send START if you change your mind.
    start-confirmed: Welcome back! You'll get our messages again.
    language-set: Sure, I'll write to you in English from now on.
    calling-unavailable: I can't place calls at the moment, but I'm happy to go on here in the chat.
    consent-prompt: To speed this up, I can place a WhatsApp call. Do you allow a call for this request?
    consent-granted: Thanks. I may place a call if needed.
    consent-denied: Understood. We'll continue by chat.
    consent-reminder: Please answer my question above with YES or NO.
    call-failed: Call didn't go through; continuing via chat.
    button-yes: YES
    button-no: NO
    button-in-stock: Yes, we have it
    button-out-of-stock: No
    button-pick: 2. Mama Njeri Quali…
    "#);
}

proptest! {
    #[test]
    fn no_sentence_exceeds_its_limit(words in "\\PC{0,1500}", lines in prop::collection::vec("\\PC{0,400}", 0..9)) {
        for language in Language::iter() {
            let empty = text(language, &Sentence::VendorInquiry { need: "", questions: &[] });
            let closing = empty.lines().last().unwrap_or_default();
            prop_assert!(!closing.is_empty());
            for sentence in [
                Sentence::VendorInquiry { need: &words, questions: &lines },
                Sentence::VendorFollowUp { need: &words, question: &words },
                Sentence::VendorWhichRequest { needs: &lines },
                Sentence::ButtonPick { position: 255, vendor: &words },
                Sentence::HandoffToVendor { need: &words, client: Some(&words), phone: Some(&words) },
            ] {
                let limit = SentenceKind::from(&sentence).length_max();
                let written = text(language, &sentence);
                prop_assert!(written.chars().count() <= limit);
                // The closing line survives whatever others wrote.
                if matches!(sentence, Sentence::VendorInquiry { .. }) {
                    prop_assert!(written.ends_with(closing), "{language}");
                }
            }
        }
    }
}

/// Consent is given to these words: `docs/calling/consent-messages.v1.md` and the catalogue say the same, and the mission's own
/// sentences stand as it gives them.
#[test]
fn the_words_of_consent_are_those_of_the_document() {
    let document = include_str!("../../../docs/calling/consent-messages.v1.md");
    let section = document.split("## Wordings").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let written: Vec<(&str, &str)> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "))
        .map(|(id, rest)| (id, rest.split_once(" | ").unwrap().1))
        .collect();
    let sentences = [
        Sentence::ConsentPrompt,
        Sentence::ButtonYes,
        Sentence::ButtonNo,
        Sentence::ConsentGranted,
        Sentence::ConsentDenied,
        Sentence::ConsentReminder,
        Sentence::CallFailed,
        Sentence::CallingUnavailable,
    ];
    let of_catalogue: Vec<(&str, String)> = sentences
        .iter()
        .map(|sentence| (SentenceKind::from(sentence).into(), text(Language::En, sentence)))
        .collect();
    assert_eq!(written.len(), of_catalogue.len());
    for ((id, wording), (key, sentence)) in written.iter().zip(&of_catalogue) {
        assert_eq!((id, *wording), (key, sentence.as_str()));
    }
    for exact in [
        "To speed this up, I can place a WhatsApp call. Do you allow a call for this request?",
        "Thanks. I may place a call if needed.",
        "Understood. We'll continue by chat.",
        "Call didn't go through; continuing via chat.",
    ] {
        assert!(written.iter().any(|(_, wording)| *wording == exact), "{exact}");
    }
}
