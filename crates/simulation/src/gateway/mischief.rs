//! The wrong answers a reasoning service can give, each a small change of a right one.

use serde::Serialize;
use serde_json::{Value, json};

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trick {
    /// Bytes that are no JSON.
    Garbage,
    /// The right decision inside a friendly sentence.
    ProseAround,
    /// Never answers; the caller must give up.
    Hang,
    /// Six vendors in a batch.
    BatchOfSix,
    /// More vendors than a request may contact.
    SixteenthVendor,
    /// Status 500 as the gateway sends it when its model failed.
    ServerError,
    /// A shortlist with a vendor that nobody contacted.
    InventedVendor,
    /// A shortlist with a price that the vendor did not give.
    PriceChanged,
    /// An empty answer.
    Empty,
    /// A phone number in the text for the client.
    PhoneNumber,
    /// Two megabytes of text.
    TwoMegabytes,
    /// The connection closes in the middle of the answer.
    Disconnect,
}

/// Failures of transport and of content take turns, so that a breaker alone does not end the rotation.
pub const ALL: [Trick; 12] = [
    Trick::Garbage,
    Trick::BatchOfSix,
    Trick::InventedVendor,
    Trick::Hang,
    Trick::ProseAround,
    Trick::PriceChanged,
    Trick::ServerError,
    Trick::SixteenthVendor,
    Trick::PhoneNumber,
    Trick::Empty,
    Trick::TwoMegabytes,
    Trick::Disconnect,
];

/// What goes on the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Status 200 with this value as `result.details.json`.
    Decision(Value),
    /// A status and a body as they are.
    Raw(u16, String),
    /// No answer for a long time.
    Silence,
    /// Half an answer, then the connection closes.
    Disconnect,
}

/// The wrong answer that `trick` makes of the `honest` decision.
pub fn play(trick: Trick, honest: &Value, pack: &Value) -> Answer {
    match trick {
        Trick::Garbage => Answer::Raw(200, "<<< {\"ok\":tru \u{0} no json at all ]".to_owned()),
        Trick::ProseAround => Answer::Decision(Value::String(format!(
            "Sure! Here is my plan:\n```json\n{honest}\n```\nHave a nice day."
        ))),
        Trick::Hang => Answer::Silence,
        Trick::BatchOfSix => Answer::Decision(outreach(6)),
        Trick::SixteenthVendor => Answer::Decision(outreach(over_the_limit(pack))),
        Trick::ServerError => Answer::Raw(500, tool_error()),
        Trick::InventedVendor => Answer::Decision(invented_vendor(honest)),
        Trick::PriceChanged => Answer::Decision(price_changed(honest)),
        Trick::Empty => Answer::Raw(200, String::new()),
        Trick::PhoneNumber => Answer::Decision(phone_number(pack)),
        Trick::TwoMegabytes => Answer::Decision(two_megabytes()),
        Trick::Disconnect => Answer::Disconnect,
    }
}

/// The gateway's own words when a model failed.
pub fn tool_error() -> String {
    json!({ "ok": false, "error": { "type": "tool_error", "message": "tool execution failed" } }).to_string()
}

fn outreach(batch_size: u64) -> Value {
    json!({
        "type": "vendor_outreach_plan",
        "category": "spare_parts",
        "normalized_need": "whatever there is",
        "vendor_filters": { "max_distance_km": null, "languages": [], "min_rating": null },
        "batch_size": batch_size,
        "vendor_questions": ["Do you have it?"],
        "stop_conditions": { "offers_wanted": 1, "deadline_minutes": 30 },
        "calling": { "wish": "none", "party": null, "trigger": null },
    })
}

/// The smallest allowed batch that passes the request's limit, or 16 when none does.
fn over_the_limit(pack: &Value) -> u64 {
    let remaining = pack.pointer("/limits/vendors_remaining").and_then(Value::as_u64).unwrap_or(15);
    if remaining < 5 { remaining + 1 } else { 16 }
}

fn invented_vendor(honest: &Value) -> Value {
    let mut decision = shortlist_or_made_up(honest);
    if let Some(item) = decision.pointer_mut("/items/0/vendor_id") {
        *item = json!("vendor-nobody-asked");
    }
    decision
}

fn price_changed(honest: &Value) -> Value {
    let mut decision = shortlist_or_made_up(honest);
    if let Some(price) = decision.pointer_mut("/items/0/price_minor") {
        *price = json!(price.as_i64().unwrap_or(0) + 100);
    }
    decision
}

/// The honest shortlist, or one out of thin air when there is nothing to change.
fn shortlist_or_made_up(honest: &Value) -> Value {
    if honest.get("type").and_then(Value::as_str) == Some("shortlist") {
        return honest.clone();
    }
    json!({
        "type": "shortlist",
        "summary_text": "A very good offer.",
        "items": [{
            "vendor_id": "vendor-1", "reply_id": "rpl_00000000-0000-7000-8000-000000000000",
            "availability": "in_stock", "price_minor": 100_000, "currency": "KES", "eta": null, "note": null,
        }],
        "handoff": { "offer": true },
    })
}

fn phone_number(pack: &Value) -> Value {
    let state = pack.pointer("/allowed_next_states/0").cloned().unwrap_or_else(|| json!("clarifying"));
    json!({
        "type": "ask_client",
        "question_text": "Please call my friend at +254 733 000 999, he has it.",
        "why": "to be quick",
        "state_suggestion": state,
    })
}

fn two_megabytes() -> Value {
    json!({
        "type": "ask_client",
        "question_text": "a".repeat(2 * 1024 * 1024),
        "why": "talkative",
        "state_suggestion": "clarifying",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn honest() -> Value {
        json!({ "type": "shortlist", "summary_text": "s", "handoff": { "offer": true },
            "items": [{ "vendor_id": "v1", "reply_id": "r1", "price_minor": 350_000 }] })
    }

    #[test]
    fn every_trick_differs_from_the_honest_answer() {
        let pack = json!({ "limits": { "vendors_remaining": 3 } });
        for trick in ALL {
            assert_ne!(play(trick, &honest(), &pack), Answer::Decision(honest()), "{trick:?}");
        }
    }

    #[test]
    fn the_sixteenth_vendor_is_a_lawful_batch_when_it_can_be() {
        let size = |remaining: u64| over_the_limit(&json!({ "limits": { "vendors_remaining": remaining } }));
        assert_eq!((size(3), size(0), size(15)), (4, 1, 16));
    }

    #[test]
    fn prices_and_vendors_are_changed_in_place() {
        assert_eq!(price_changed(&honest()).pointer("/items/0/price_minor"), Some(&json!(350_100)));
        assert_eq!(invented_vendor(&honest()).pointer("/items/0/reply_id"), Some(&json!("r1")));
    }
}
