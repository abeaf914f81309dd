//! Free texts: what must not stand in them.
//!
//! The readers are small and strict: a false alarm costs one turn of the coded workflow, a miss gives a
//! stranger somebody's number.

mod contact;
mod medical;

use std::borrow::Cow;

use marketplace::look;

use crate::{
    decision::Decision,
    rejection::{RuleId, Violation},
};

pub(super) fn check(decision: &Decision, prescription: bool, found: &mut Vec<Violation>) {
    let mut one = |pointer: Cow<'static, str>, text: &str| {
        let lower = text.to_lowercase();
        // Whatever the spelling, what a reader would see is judged.
        let seen = look::seen(text);
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
            (
                prescription && medical::has_diagnosis(&lower),
                RuleId::DiagnosisInText,
                "expected no diagnosis",
            ),
            (prescription && medical::has_dosage(&lower), RuleId::DosageInText, "expected no dosage"),
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

fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}
