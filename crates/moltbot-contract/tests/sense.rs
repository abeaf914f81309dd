//! Sense: each rule against one change that breaks it, and nothing else.

// Helpers of tests, which the lints do not take for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{REPLY_A, all, ask_client, escalate, pack, pack_value, plan, shortlist};
use moltbot_contract::{Rejection, validate, validate_decision};
use serde_json::{Value, json};

/// `pointer rule` of every violation.
fn verdict(answer: &Value, pack: &Value) -> Vec<String> {
    let pack = serde_json::from_value(pack.clone()).unwrap();
    match validate(answer.to_string().as_bytes(), &pack) {
        Ok(decision) => {
            assert_eq!(validate_decision(&decision, &pack), Ok(()));
            Vec::new()
        }
        Err(Rejection { violations }) => {
            violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.rule)).collect()
        }
    }
}

fn with(mut value: Value, pointer: &str, to: Value) -> Value {
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = to;
    value
}

#[test]
fn one_good_answer_of_each_kind() {
    for answer in all() {
        assert_eq!(verdict(&answer, &pack_value()), Vec::<String>::new(), "{answer}");
    }
}

#[test]
fn an_answer_breaks_the_rule_it_breaks() {
    let wish = |wish, party: Value, trigger: Value| {
        with(plan(), "/calling", json!({ "wish": wish, "party": party, "trigger": trigger }))
    };
    let vendor = || json!("vendor");
    for (answer, expected) in [
        // Shape reports every violation at once.
        (
            json!({ "type": "ask_client", "question_text": "", "why": 5, "extra": 1 }),
            vec![
                "/state_suggestion missing_field",
                "/extra unknown_field",
                "/question_text text_too_short",
                "/why wrong_type",
            ],
        ),
        (json!({ "type": "call_client" }), vec!["/type unknown_type"]),
        (json!({ "question_text": "?" }), vec!["/type unknown_type"]),
        (with(plan(), "/batch_size", json!(6)), vec!["/batch_size number_too_large"]),
        (with(plan(), "/batch_size", json!(4.5)), vec!["/batch_size wrong_type"]),
        (
            with(plan(), "/vendor_filters/min_rating", json!(5.1)),
            vec!["/vendor_filters/min_rating number_too_large"],
        ),
        (
            with(plan(), "/vendor_filters/languages", json!(["xx"])),
            vec!["/vendor_filters/languages/0 not_in_enum"],
        ),
        (with(shortlist(), "/items", json!([])), vec!["/items too_few_items"]),
        // States.
        (
            with(ask_client(), "/state_suggestion", json!("new")),
            vec!["/state_suggestion state_not_reachable"],
        ),
        (with(ask_client(), "/state_suggestion", json!("sourcing")), vec![]),
        (
            with(ask_client(), "/state_suggestion", json!("shortlisted")),
            vec!["/state_suggestion state_not_by_suggestion"],
        ),
        (
            with(ask_client(), "/state_suggestion", json!("handed_off")),
            vec!["/state_suggestion state_not_by_suggestion"],
        ),
        (with(escalate(), "/state_suggestion", json!("error")), vec![]),
        // Calling.
        (wish("start_call", vendor(), json!("urgent_no_reply")), vec![]),
        (wish("start_call", vendor(), json!("client_asked")), vec!["/calling/trigger calling_fields"]),
        (wish("start_call", vendor(), Value::Null), vec!["/calling/trigger calling_fields"]),
        (
            wish("start_call", json!("client"), json!("client_asked")),
            vec!["/calling/wish calling_not_allowed"],
        ),
        (wish("none", vendor(), Value::Null), vec!["/calling/party calling_fields"]),
        (wish("request_consent", Value::Null, Value::Null), vec!["/calling/party calling_fields"]),
        // Shortlists.
        (
            with(shortlist(), "/items/0/vendor_id", json!("v-999")),
            vec!["/items/0/vendor_id vendor_not_contacted", "/items/0/reply_id reply_of_other_vendor"],
        ),
        (
            with(shortlist(), "/items/0/reply_id", json!("rep_0193a5b2c3d470008000000000000099")),
            vec!["/items/0/reply_id reply_unknown"],
        ),
        (with(shortlist(), "/items/0/reply_id", json!("made up")), vec!["/items/0/reply_id reply_unknown"]),
        (
            with(shortlist(), "/items/1/reply_id", json!(REPLY_A)),
            vec!["/items/1/vendor_id duplicate_item", "/items/1/reply_id reply_of_other_vendor"],
        ),
        (
            with(shortlist(), "/items/1/availability", json!("in_stock")),
            vec!["/items/1/availability availability_differs"],
        ),
        (
            with(shortlist(), "/items/0/price_minor", json!(349_999)),
            vec!["/items/0/price_minor price_differs"],
        ),
        (with(shortlist(), "/items/0/price_minor", json!(350_000.0)), vec![]),
        (with(shortlist(), "/items/0/currency", json!("USD")), vec!["/items/0/currency currency_differs"]),
        (
            with(shortlist(), "/items/0/currency", Value::Null),
            vec!["/items/0/currency price_without_currency", "/items/0/currency currency_differs"],
        ),
        (with(shortlist(), "/items/0/eta", json!("in an hour")), vec!["/items/0/eta eta_differs"]),
        (with(shortlist(), "/items/0/eta", Value::Null), vec![]),
        (with(shortlist(), "/items/1/eta", json!("today")), vec!["/items/1/eta eta_differs"]),
        // Texts.
        (with(ask_client(), "/question_text", json!(" \n ")), vec!["/question_text blank_text"]),
        (with(ask_client(), "/question_text", json!("a\u{0}b")), vec!["/question_text control_character"]),
        (with(ask_client(), "/why", json!("ring 0712 345 678")), vec!["/why phone_number_in_text"]),
        (with(shortlist(), "/items/0/note", json!("see pads.co.ke")), vec!["/items/0/note link_in_text"]),
        (
            with(plan(), "/vendor_questions/1", json!("re wamid.HBgL")),
            vec!["/vendor_questions/1 identifier_in_text"],
        ),
        (with(escalate(), "/safe_client_message", json!("Take 500 mg")), vec![]),
    ] {
        assert_eq!(verdict(&answer, &pack_value()), expected, "{answer}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table with a row for each rule")]
fn the_pack_decides_what_makes_sense() {
    let calls = with(
        plan(),
        "/calling",
        json!({ "wish": "start_call", "party": "vendor", "trigger": "urgent_no_reply" }),
    );
    let asks =
        with(plan(), "/calling", json!({ "wish": "request_consent", "party": "client", "trigger": null }));
    let asks_vendor =
        with(plan(), "/calling", json!({ "wish": "request_consent", "party": "vendor", "trigger": null }));
    let on = |pointer: &str, to: Value| with(pack_value(), pointer, to);
    let needs = |need: &str| with(plan(), "/normalized_need", json!(need));
    let read = |prescription: bool, confidence: f64, need: Value| {
        let mut pack = on("/request/prescription", json!(prescription));
        pack["request"]["need"] = need;
        pack["ocr"] = json!([{
            "job_id": "ocr_0193a5b2c3d470008000000000000001", "text": "Dr Otieno\nAmoxicillin 500 mg", "confidence": confidence
        }]);
        pack
    };
    let calling = |status: Value, scopes: Value| {
        on(
            "/policies/calling",
            json!({ "enabled": true, "consent_status": status, "allowed_scopes": scopes, "cooldown_minutes": 10 }),
        )
    };
    for (answer, pack, expected) in [
        // The limits: 10 + 5 = 15 is the last that fits.
        (plan(), on("/limits/vendors_contacted", json!(10)), vec![]),
        (plan(), on("/limits/vendors_contacted", json!(11)), vec!["/batch_size vendor_limit"]),
        (
            with(plan(), "/batch_size", json!(1)),
            on("/limits/vendors_contacted", json!(15)),
            vec!["/batch_size vendor_limit"],
        ),
        (plan(), on("/limits/vendors_per_request_max", json!(200)), vec![]),
        (
            plan(),
            on(
                "/limits",
                json!({ "batch_size_max": 99, "vendors_per_request_max": 99, "vendors_contacted": 14,
            "vendors_remaining": 85, "batch_open": false }),
            ),
            vec!["/batch_size vendor_limit"],
        ),
        (plan(), on("/limits/batch_size_max", json!(3)), vec!["/batch_size batch_limit"]),
        (plan(), on("/limits/batch_open", json!(true)), vec!["/type batch_open"]),
        // The state now.
        (shortlist(), on("/request/state", json!("clarifying")), vec!["/type state_not_reachable"]),
        (shortlist(), on("/request/state", json!("shortlisted")), vec![]),
        (plan(), on("/request/state", json!("handed_off")), vec!["/type state_not_reachable"]),
        (plan(), on("/request/state", json!("escalated")), vec!["/type state_not_reachable"]),
        (escalate(), on("/request/state", json!("new")), vec![]),
        (escalate(), on("/request/state", json!("error")), vec![]),
        (escalate(), on("/request/state", json!("escalated")), vec![]),
        (
            escalate(),
            on("/request/state", json!("handed_off")),
            vec!["/state_suggestion state_not_reachable"],
        ),
        (escalate(), on("/request/state", json!("closed")), vec!["/state_suggestion state_not_reachable"]),
        (
            with(ask_client(), "/state_suggestion", json!("handed_off")),
            on("/request/state", json!("shortlisted")),
            vec!["/state_suggestion state_not_by_suggestion"],
        ),
        // Calling policy.
        (
            calls.clone(),
            on("/policies/calling/enabled", json!(false)),
            vec!["/calling/wish calling_not_allowed"],
        ),
        (calls.clone(), on("/request/prescription", json!(true)), vec!["/calling/wish calling_not_allowed"]),
        (calls.clone(), calling(Value::Null, json!([])), vec!["/calling/wish calling_not_allowed"]),
        (
            calls.clone(),
            calling(json!("expired"), json!(["either"])),
            vec!["/calling/wish calling_not_allowed"],
        ),
        (
            calls.clone(),
            calling(json!("granted"), json!(["call_client"])),
            vec!["/calling/wish calling_not_allowed"],
        ),
        (calls, calling(json!("granted"), json!(["either"])), vec![]),
        (asks.clone(), calling(Value::Null, json!([])), vec![]),
        (asks.clone(), calling(json!("expired"), json!([])), vec![]),
        // The client allowed it; the vendor's own consent is asked for with the same wish.
        (asks_vendor.clone(), calling(json!("granted"), json!(["call_vendor"])), vec![]),
        (asks_vendor, calling(json!("granted"), json!(["call_client"])), vec![]),
        (asks.clone(), calling(json!("denied"), json!([])), vec!["/calling/wish calling_not_allowed"]),
        (asks, calling(json!("requested"), json!([])), vec!["/calling/wish calling_not_allowed"]),
        // Prescriptions.
        (
            with(ask_client(), "/question_text", json!("Take 500 mg twice a day")),
            on("/request/prescription", json!(true)),
            vec!["/question_text dosage_in_text"],
        ),
        (
            with(ask_client(), "/question_text", json!("You probably have malaria.")),
            on("/request/prescription", json!(true)),
            vec!["/question_text diagnosis_in_text"],
        ),
        (ask_client(), on("/request/prescription", json!(true)), vec![]),
        // What was read from a picture goes to vendors once the client has confirmed it.
        (
            needs("Amoxicillin 500 mg"),
            read(true, 0.9, Value::Null),
            vec!["/normalized_need unconfirmed_reading"],
        ),
        (needs("Amoxicillin 500 mg"), read(true, 0.9, json!("Amoxicillin 500 mg")), vec![]),
        (
            needs("Amoxicillin 250 mg"),
            read(true, 0.9, json!("Amoxicillin 500 mg")),
            vec!["/normalized_need dosage_in_text"],
        ),
        (needs("Amoxicillin"), read(false, 0.5, Value::Null), vec!["/normalized_need unconfirmed_reading"]),
        (needs("Amoxicillin"), read(false, 0.6, Value::Null), vec![]),
        (needs("brake pads"), read(true, 0.1, Value::Null), vec![]),
        (
            with(plan(), "/vendor_questions/1", json!("Is it for Otieno?")),
            read(true, 0.9, Value::Null),
            vec!["/vendor_questions/1 unconfirmed_reading"],
        ),
    ] {
        assert_eq!(verdict(&answer, &pack), expected, "{answer} on {}", pack["request"]);
    }
}

#[test]
fn a_pack_reads_back_as_it_was_written() {
    let written = serde_json::to_value(pack()).unwrap();
    let expected = with(pack_value(), "/now", json!("2026-11-22T10:30:00.000Z"));
    assert_eq!(written["now"], expected["now"]);
    assert_eq!(written["request"], expected["request"]);
    assert_eq!(written["replies"], expected["replies"], "an absent price stays absent");
    assert_eq!(serde_json::from_value::<moltbot_contract::ContextPack>(written).unwrap(), pack());
}

#[test]
fn a_rejection_reads_well_for_people_and_machines() {
    let answer = with(ask_client(), "/why", json!("ring 0712 345 678"));
    let rejection = validate(answer.to_string().as_bytes(), &pack()).unwrap_err();
    insta::assert_snapshot!(rejection, @"rejected: /why: expected no phone number (phone_number_in_text)");
    insta::assert_snapshot!(serde_json::to_string(&rejection).unwrap(), @r#"{"violations":[{"pointer":"/why","rule":"phone_number_in_text","message":"expected no phone number"}]}"#);
}
