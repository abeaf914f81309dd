//! How another service holds an answer of Moltbot to the contract.
//!
//! `cargo run -p moltbot-contract --example validate_answer`

use moltbot_contract::{ContextPack, Decision, validate};

/// In a service this comes from `marketplace.get_request_snapshot`.
const PACK: &str = r#"{
  "contract_version": "1.0",
  "now": "2026-11-22T10:30:00Z",
  "request": {
    "id": "req_0193a5b2c3d470008000000000000001", "state": "clarifying", "version": 3,
    "category": "auto_parts", "need": "front brake pads, Toyota Corolla 2014",
    "urgency": "normal", "language": "en", "prescription": false
  },
  "conversation": [
    { "message_id": "msg_0193a5b2c3d470008000000000000002", "at": "2026-11-22T10:29:30Z",
      "from": "client", "kind": "text", "text": "I need brake pads for a 2014 Corolla" }
  ],
  "ocr": [], "vendors_found": [], "vendors_contacted": [], "replies": [], "batches": [], "shortlist": null,
  "limits": { "batch_size_max": 5, "vendors_per_request_max": 15, "vendors_contacted": 0,
              "vendors_remaining": 15, "batch_open": false },
  "policies": { "ai_concierge_enabled": true, "ocr_enabled": false,
    "calling": { "enabled": false, "consent_status": null, "allowed_scopes": [], "cooldown_minutes": 10 } },
  "allowed_next_states": ["ocr_processing", "sourcing", "escalated", "closed", "error"]
}"#;

const ANSWERS: [&str; 3] = [
    r#"{ "type": "vendor_outreach_plan", "category": "auto_parts",
         "normalized_need": "front brake pads, Toyota Corolla 2014",
         "vendor_filters": { "max_distance_km": 15, "languages": ["en"], "min_rating": null },
         "batch_size": 4, "vendor_questions": ["Original or aftermarket?"],
         "stop_conditions": { "offers_wanted": 2, "deadline_minutes": 30 },
         "calling": { "wish": "none", "party": null, "trigger": null } }"#,
    r#"{ "type": "ask_client", "question_text": "Front or rear? Or ring +254 700 000 101",
         "why": "the axle is not known", "state_suggestion": "new" }"#,
    r#"Sure! Here is the JSON: {"type": "escalate"}"#,
];

fn main() -> Result<(), serde_json::Error> {
    let pack: ContextPack = serde_json::from_str(PACK)?;
    for answer in ANSWERS {
        match validate(answer.as_bytes(), &pack) {
            Ok(Decision::VendorOutreachPlan(plan)) => println!("accepted: ask {} vendors", plan.batch_size),
            Ok(decision) => println!("accepted: {}", decision.kind()),
            Err(rejection) => {
                println!("rejected in the layer {:?}", rejection.layer());
                for violation in rejection.violations {
                    println!("  {violation}");
                }
            }
        }
    }
    Ok(())
}
