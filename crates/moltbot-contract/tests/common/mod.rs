//! A pack and one good answer of each kind, for all tests of this crate.
#![allow(dead_code)]

use moltbot_contract::ContextPack;
use serde_json::{Value, json};

pub(crate) const REPLY_A: &str = "rep_0193a5b2c3d47000800000000000000a";
pub(crate) const REPLY_B: &str = "rep_0193a5b2c3d47000800000000000000b";

/// Two vendors asked and answered, the batch settled; calling on, with consent to call vendors.
pub(crate) fn pack_value() -> Value {
    json!({
        "contract_version": "1.0",
        "now": "2026-11-22T10:30:00Z",
        "request": {
            "id": "req_0193a5b2c3d470008000000000000001", "state": "sourcing", "version": 7,
            "category": "auto_parts", "need": "front brake pads, Toyota Corolla 2014",
            "urgency": "normal", "language": "en", "prescription": false
        },
        "conversation": [{
            "message_id": "msg_0193a5b2c3d470008000000000000002", "at": "2026-11-22T10:00:00Z",
            "from": "client", "kind": "text", "text": "I need brake pads for a 2014 Corolla"
        }],
        "ocr": [],
        "vendors_found": [],
        "vendors_contacted": [
            { "vendor_id": "v-001", "name": "Kamau Spares", "batch": 1, "status": "replied",
              "contacted_at": "2026-11-22T10:01:00Z" },
            { "vendor_id": "v-002", "name": "Njoroge Auto", "batch": 1, "status": "replied",
              "contacted_at": "2026-11-22T10:01:00Z" }
        ],
        "replies": [
            { "reply_id": REPLY_A, "vendor_id": "v-001", "message_id": "msg_0193a5b2c3d470008000000000000003",
              "availability": "in_stock", "price_minor": 350_000, "currency": "KES", "eta": "today",
              "confidence": 0.9, "text": "Yes, 3500, today" },
            { "reply_id": REPLY_B, "vendor_id": "v-002", "message_id": "msg_0193a5b2c3d470008000000000000004",
              "availability": "unclear", "confidence": 0.4, "text": "maybe" }
        ],
        "batches": [{ "ordinal": 1, "size": 2, "offers_wanted": 2, "deadline_at": "2026-11-22T10:31:00Z",
            "status": "settled", "offers": 1 }],
        "shortlist": null,
        "limits": { "batch_size_max": 5, "vendors_per_request_max": 15, "vendors_contacted": 2,
            "vendors_remaining": 13, "batch_open": false },
        "policies": { "ai_concierge_enabled": true, "ocr_enabled": false, "calling": {
            "enabled": true, "consent_status": "granted", "allowed_scopes": ["call_vendor"],
            "cooldown_minutes": 10 } },
        "allowed_next_states": ["clarifying", "ocr_processing", "shortlisted", "escalated", "closed", "error"]
    })
}

pub(crate) fn pack() -> ContextPack {
    serde_json::from_value(pack_value()).unwrap()
}

pub(crate) fn ask_client() -> Value {
    json!({ "type": "ask_client", "question_text": "Front or rear axle?", "why": "the axle is not known",
        "state_suggestion": "clarifying" })
}

pub(crate) fn plan() -> Value {
    json!({ "type": "vendor_outreach_plan", "category": "auto_parts",
        "normalized_need": "front brake pads, Toyota Corolla 2014",
        "vendor_filters": { "max_distance_km": 12.5, "languages": ["en", "sw"], "min_rating": 3 },
        "batch_size": 5, "vendor_questions": ["Original or aftermarket?", "Can you deliver today?"],
        "stop_conditions": { "offers_wanted": 2, "deadline_minutes": 30 },
        "calling": { "wish": "none", "party": null, "trigger": null } })
}

pub(crate) fn shortlist() -> Value {
    json!({ "type": "shortlist", "summary_text": "Two shops answered.", "items": [
        { "vendor_id": "v-001", "reply_id": REPLY_A, "availability": "in_stock", "price_minor": 350_000,
          "currency": "KES", "eta": "today", "note": "Closest to you" },
        { "vendor_id": "v-002", "reply_id": REPLY_B, "availability": "unclear", "price_minor": null,
          "currency": null, "eta": null, "note": null }
    ], "handoff": { "offer": true } })
}

pub(crate) fn escalate() -> Value {
    json!({ "type": "escalate", "reason": "the client is upset",
        "safe_client_message": "A colleague will write to you shortly.", "state_suggestion": "escalated" })
}

pub(crate) fn all() -> [Value; 4] {
    [ask_client(), plan(), shortlist(), escalate()]
}
