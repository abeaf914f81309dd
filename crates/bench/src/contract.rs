//! Contract validation beside bare JSON parsing of the same bytes.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use moltbot_contract::{ContextPack, validate};
use serde_json::{Value, json};

use crate::{
    effort::Effort,
    report::{Aim, Measured, Outcome, Quantity, Row},
    stats::Samples,
};

/// How many documents one sample takes: a clock is coarse beside one of them.
const BATCH: u32 = 100;
/// What is aimed at, in microseconds.
const AIM: Aim = Aim::AtMost(15.0);
const REPLY_IDS: &str = "rep_0193a5b2c3d4700080000000000000";

/// A document and whether the contract takes it.
struct Case {
    id: &'static str,
    what: &'static str,
    document: Vec<u8>,
    accepted: bool,
}

/// Measures every case.
pub(crate) fn measure(effort: &Effort) -> anyhow::Result<Vec<Row>> {
    let pack = pack()?;
    cases().iter().map(|case| measure_one(case, &pack, effort)).collect()
}

fn measure_one(case: &Case, pack: &ContextPack, effort: &Effort) -> anyhow::Result<Row> {
    let accepted = validate(&case.document, pack).is_ok();
    ensure!(accepted == case.accepted, "{}: accepted is {accepted}", case.id);
    let (mut ours, mut bare) = (Samples::default(), Samples::default());
    for _ in 0..effort.batches {
        ours.push(batch(|| drop(black_box(validate(black_box(&case.document), pack)))));
        bare.push(batch(|| drop(black_box(serde_json::from_slice::<Value>(black_box(&case.document))))));
    }
    // The median: on a shared machine a few batches are interrupted.
    let spread = ours.spread().context("no samples")?;
    let floor = Quantity::micros(bare.spread().context("no samples")?.p50);
    let value = Quantity::micros(spread.p50);
    let measured = Measured::new(value, spread, floor, "serde_json to a Value").with_aim(Some(AIM));
    Ok(Row {
        id: case.id.to_owned(),
        database: "",
        what: format!("{} ({} bytes)", case.what, case.document.len()),
        outcome: Outcome::Measured(measured),
    })
}

fn batch(work: impl Fn()) -> Duration {
    let began = Instant::now();
    for _ in 0..BATCH {
        work();
    }
    began.elapsed() / BATCH
}

fn cases() -> [Case; 4] {
    let mut sixth = plan();
    let mut invented = shortlist();
    replace(&mut sixth, "/batch_size", json!(6));
    replace(&mut invented, "/items/3/vendor_id", json!("v-999"));
    let case = |id, what, document: &Value, accepted| Case {
        id,
        what,
        document: document.to_string().into(),
        accepted,
    };
    [
        case("validate.plan.accepted", "validate a vendor_outreach_plan", &plan(), true),
        case("validate.plan.rejected", "reject a plan for a batch of 6", &sixth, false),
        case("validate.shortlist.accepted", "validate a shortlist", &shortlist(), true),
        case("validate.shortlist.rejected", "reject a shortlist with an invented vendor", &invented, false),
    ]
}

fn replace(document: &mut Value, pointer: &str, by: Value) {
    if let Some(at) = document.pointer_mut(pointer) {
        *at = by;
    }
}

/// 1.2 KB, as a talkative model writes it.
fn plan() -> Value {
    json!({
        "type": "vendor_outreach_plan",
        "category": "auto_parts",
        "normalized_need": "A set of front brake pads for a Toyota Corolla of 2014 with the 1.6 litre petrol engine, \
            ceramic if possible, with the wear indicators and the fitting kit, for collection in town or delivery \
            today before six in the evening; the old pads are worn down and the car is at the workshop already",
        "vendor_filters": { "max_distance_km": 12.5, "languages": ["en", "sw"], "min_rating": 3.5 },
        "batch_size": 5,
        "vendor_questions": [
            "Are the pads original or aftermarket, and of which make and hardness are they, if you can tell from the box?",
            "Do you have the full set for both front wheels in stock today, or would it have to be ordered first?",
            "Can you deliver to the centre of town before six in the evening, and what would the delivery cost?",
            "Is the fitting kit part of the price, or does it have to be bought on top, and what does it cost then?",
            "Do you take back the set if it turns out not to fit the car, and within how many days of the sale?"
        ],
        "stop_conditions": { "offers_wanted": 3, "deadline_minutes": 30 },
        "calling": { "wish": "none", "party": null, "trigger": null }
    })
}

/// 1.2 KB too: four offers with a remark each.
fn shortlist() -> Value {
    let items: Vec<Value> = (1..=4)
        .map(|n| {
            json!({
                "vendor_id": format!("v-00{n}"),
                "reply_id": format!("{REPLY_IDS}{n:02}"),
                "availability": "in_stock",
                "price_minor": 350_000 + n,
                "currency": "KES",
                "eta": "today",
                "note": "Close to you and open until seven; says the set is complete with the wear indicators."
            })
        })
        .collect();
    json!({
        "type": "shortlist",
        "summary_text": "Four shops have the front pads for your Corolla in stock today. The first is the closest to \
            you, the second the cheapest with the fitting kit. Pick one and I put you in touch with each other.",
        "items": items,
        "handoff": { "offer": true }
    })
}

/// A request that both documents fit: four vendors have answered, and eleven may still be asked.
fn pack() -> anyhow::Result<ContextPack> {
    let contacted: Vec<Value> = (1..=4)
        .map(|n| {
            json!({ "vendor_id": format!("v-00{n}"), "name": format!("Shop {n}"), "batch": 1, "status": "replied",
                    "contacted_at": "2026-11-22T10:01:00Z" })
        })
        .collect();
    let replies: Vec<Value> = (1..=4)
        .map(|n| {
            json!({ "reply_id": format!("{REPLY_IDS}{n:02}"), "vendor_id": format!("v-00{n}"),
                    "message_id": format!("msg_0193a5b2c3d47000800000000000000{n}"), "availability": "in_stock",
                    "price_minor": 350_000 + n, "currency": "KES", "eta": "today", "confidence": 0.9,
                    "text": "Yes, today" })
        })
        .collect();
    let pack = json!({
        "contract_version": "1.0",
        "now": "2026-11-22T10:30:00Z",
        "request": { "id": "req_0193a5b2c3d470008000000000000001", "state": "sourcing", "version": 7,
            "category": "auto_parts", "need": "front brake pads, Toyota Corolla 2014",
            "urgency": "normal", "language": "en", "prescription": false },
        "conversation": [{ "message_id": "msg_0193a5b2c3d470008000000000000009", "at": "2026-11-22T10:00:00Z",
            "from": "client", "kind": "text", "text": "I need brake pads for a 2014 Corolla" }],
        "ocr": [], "vendors_found": [],
        "vendors_contacted": contacted,
        "replies": replies,
        "batches": [{ "ordinal": 1, "size": 4, "offers_wanted": 3, "deadline_at": "2026-11-22T10:29:00Z",
            "status": "settled", "offers": 4 }],
        "shortlist": null,
        "limits": { "batch_size_max": 5, "vendors_per_request_max": 15, "vendors_contacted": 4,
            "vendors_remaining": 11, "batch_open": false },
        "policies": { "ai_concierge_enabled": true, "ocr_enabled": false, "calling": {
            "enabled": false, "consent_status": null, "allowed_scopes": [], "cooldown_minutes": 10 } },
        "allowed_next_states": ["clarifying", "shortlisted", "escalated", "closed", "error"]
    });
    serde_json::from_value(pack).context("the bench's Context Pack is out of date")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_is_of_the_size_and_has_the_verdict_that_its_line_claims() {
        let pack = pack().unwrap();
        for case in cases() {
            assert!((1_100..=1_300).contains(&case.document.len()), "{}: {}", case.id, case.document.len());
            let verdict = validate(&case.document, &pack);
            assert_eq!(verdict.is_ok(), case.accepted, "{}: {verdict:?}", case.id);
        }
    }

    #[test]
    fn a_rejected_document_differs_from_the_accepted_one_in_one_place() {
        let pack = pack().unwrap();
        for case in cases().iter().filter(|case| !case.accepted) {
            let violations = validate(&case.document, &pack).unwrap_err().violations;
            let at: std::collections::BTreeSet<_> = violations.iter().map(|broken| &broken.pointer).collect();
            assert!(at.len() <= 2, "{}: {violations:?}", case.id);
        }
    }
}
