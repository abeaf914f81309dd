//! Free texts: what must not stand in them.
//!
//! The readers are small and strict: a false alarm costs one turn of the coded workflow, a miss gives a
//! stranger somebody's number.

mod contact;

use std::borrow::Cow;

use marketplace::look;

use crate::{
    decision::{Decision, VendorOutreachPlan},
    pack::{ContextPack, OcrText, Speaker},
    prescription,
    rejection::{RuleId, Violation},
};

pub(super) fn check(decision: &Decision, pack: &ContextPack, found: &mut Vec<Violation>) {
    let said = said_by_others(pack);
    let mut one = |pointer: Cow<'static, str>, text: &str| {
        // Whatever the spelling, what a reader would see is judged.
        let seen = look::seen(text);
        let medical = if pack.request.prescription { prescription::fault(text, &said) } else { None };
        let rules: [(bool, RuleId, &'static str); 10] = [
            (text.trim().is_empty(), RuleId::BlankText, "expected a text that says something"),
            (has_control(text), RuleId::ControlCharacter, "expected no control characters"),
            (
                look::hides_something(text) && !has_control(text),
                RuleId::HiddenCharacter,
                "expected no invisible or direction-turning characters",
            ),
            (
                look::disguises_letters(text),
                RuleId::DisguisedText,
                "expected letters that are what they look like",
            ),
            (look::is_encoded(text), RuleId::EncodedText, "expected nothing encoded"),
            (contact::has_phone_number(&seen), RuleId::PhoneNumberInText, "expected no phone number"),
            (contact::has_link(&seen), RuleId::LinkInText, "expected no link, domain or mail address"),
            (contact::has_identifier(&seen), RuleId::IdentifierInText, "expected no identifier"),
            (medical == Some(RuleId::DiagnosisInText), RuleId::DiagnosisInText, "expected no diagnosis"),
            (medical == Some(RuleId::DosageInText), RuleId::DosageInText, "expected no dosage"),
        ];
        for (broken, rule, message) in rules {
            if broken {
                found.push(Violation::new(pointer.clone(), rule, message));
            }
        }
    };
    match decision {
        Decision::AskClient(ask) => {
            one("/question_text".into(), &ask.question_text);
            one("/why".into(), &ask.why);
        }
        Decision::VendorOutreachPlan(plan) => {
            one("/category".into(), &plan.category);
            one("/normalized_need".into(), &plan.normalized_need);
            for (index, question) in plan.vendor_questions.iter().enumerate() {
                one(format!("/vendor_questions/{index}").into(), question);
            }
        }
        Decision::Shortlist(shortlist) => {
            one("/summary_text".into(), &shortlist.summary_text);
            for (index, item) in shortlist.items.iter().enumerate() {
                if let Some(eta) = &item.eta {
                    one(format!("/items/{index}/eta").into(), eta);
                }
                if let Some(note) = &item.note {
                    one(format!("/items/{index}/note").into(), note);
                }
            }
        }
        Decision::Escalate(escalate) => {
            one("/reason".into(), &escalate.reason);
            one("/safe_client_message".into(), &escalate.safe_client_message);
        }
    }
}

/// What the client and vendors wrote, and what was read from the client's pictures.
fn said_by_others(pack: &ContextPack) -> Vec<&str> {
    let written = pack.conversation.iter().filter(|entry| entry.from != Speaker::Us);
    let replies = pack.replies.iter().map(|reply| reply.text.as_str());
    written
        .map(|entry| entry.text.as_str())
        .chain(replies)
        .chain(pack.ocr.iter().map(|read| read.text.as_str()))
        .chain(pack.request.need.as_deref())
        .collect()
}

/// What vendors are asked must not rest on a picture that the client has not confirmed: never of a prescription, and of
/// nothing that was read badly.
pub(super) fn check_reading(plan: &VendorOutreachPlan, pack: &ContextPack, found: &mut Vec<Violation>) {
    let doubtful = |read: &&OcrText| pack.request.prescription || read.confidence < READING_TRUSTED;
    let read: Vec<&str> = pack.ocr.iter().filter(doubtful).map(|read| read.text.as_str()).collect();
    let written = pack.conversation.iter().filter(|entry| entry.from == Speaker::Client);
    let told: Vec<&str> =
        written.map(|entry| entry.text.as_str()).chain(pack.request.need.as_deref()).collect();
    let mut one = |pointer: String, text: &str| {
        if prescription::repeats_unconfirmed(text, &read, &told) {
            let expected = "expected nothing of a picture that the client has not confirmed";
            found.push(Violation::new(pointer, RuleId::UnconfirmedReading, expected));
        }
    };
    one("/normalized_need".to_owned(), &plan.normalized_need);
    for (index, question) in plan.vendor_questions.iter().enumerate() {
        one(format!("/vendor_questions/{index}"), question);
    }
}

/// Below this a reading is asked about, not assumed.
const READING_TRUSTED: f64 = 0.6;

fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}
