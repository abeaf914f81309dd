//! One call of each tool, as it could be. A test holds them against the schemas.

use serde_json::{Value, json};
use tool_registry::ToolName;

const REQUEST: &str = "req_0190a1b2c3d4e5f60718293a4b5c6d7e";
const MESSAGE: &str = "msg_0190a1b2c3d4e5f60718293a4b5c6d7f";

/// Arguments and result.
pub(super) fn of(name: ToolName) -> (Value, Value) {
    let (mut args, result) = match name {
        ToolName::SearchVendors => search_vendors(),
        ToolName::GetRequestSnapshot => (json!({}), snapshot()),
        ToolName::SendClientMessage => (
            json!({ "body": "Front or rear brake pads?", "buttons": [
                { "id": "front", "title": "Front" }, { "id": "rear", "title": "Rear" } ] }),
            json!({ "message_id": MESSAGE, "status": "queued" }),
        ),
        ToolName::SendVendorMessage => (
            json!({ "vendor_id": "v-001", "body": "Do you have front brake pads for a 2014 Corolla?",
                "questions": ["What do they cost?"] }),
            json!({ "message_id": MESSAGE, "outreach_id": "out_0190a1b2c3d4e5f60718293a4b5c6d80",
                "status": "queued" }),
        ),
        ToolName::RecordVendorReply => (
            json!({ "vendor_id": "v-001", "inbound_message_id": MESSAGE }),
            json!({ "reply_id": "rep_0190a1b2c3d4e5f60718293a4b5c6d81", "parsed": {
                "availability": "in_stock", "price_minor": 350_000, "currency": "KES", "eta": null,
                "confidence": 0.9 } }),
        ),
        ToolName::CreateOcrJob => (
            json!({ "media_id": "med_0190a1b2c3d4e5f60718293a4b5c6d82" }),
            json!({ "job_id": "ocr_0190a1b2c3d4e5f60718293a4b5c6d83", "status": "pending" }),
        ),
        ToolName::GetOcrResult => (
            json!({ "job_id": "ocr_0190a1b2c3d4e5f60718293a4b5c6d83" }),
            json!({ "status": "done", "text": "Brake pads 04465-02220", "confidence": 0.93, "error": null }),
        ),
        ToolName::RequestCallConsent => (
            json!({ "party": "client", "scope": "call_client" }),
            json!({ "consent_id": "cns_0190a1b2c3d4e5f60718293a4b5c6d84", "status": "requested" }),
        ),
        ToolName::StartCall => (
            json!({ "party": "v-001", "trigger": "urgent_no_reply" }),
            json!({ "call_attempt_id": "cal_0190a1b2c3d4e5f60718293a4b5c6d85", "status": "intent" }),
        ),
        ToolName::UpdateRequestState => update_request_state(),
    };
    if let Some(args) = args.as_object_mut() {
        args.insert("request_id".to_owned(), REQUEST.into());
    }
    (args, result)
}

fn search_vendors() -> (Value, Value) {
    let args = json!({
        "category": "auto_parts", "limit": 5,
        "filters": { "languages": ["en"], "max_distance_km": null, "min_rating": 4 },
    });
    (args, json!({ "vendors": [vendor()] }))
}

fn vendor() -> Value {
    json!({
        "vendor_id": "v-001", "name": "Kamau Spares", "category": "auto_parts", "distance_km": null, "rating": 4.6,
        "language": "en", "accepts_inquiries": true, "contacted": false,
        "why": ["category", "rating", "language"],
    })
}

fn update_request_state() -> (Value, Value) {
    let args = json!({
        "to": "sourcing", "reason": "the need is clear", "expected_version": 2,
        "facts": { "category": { "value": "auto_parts", "source": "client" } },
        "plan": {
            "category": "auto_parts", "normalized_need": "front brake pads for a 2014 Toyota Corolla",
            "filters": { "languages": [], "max_distance_km": null, "min_rating": null },
            "batch_size": 5, "vendor_questions": ["What do they cost?"], "offers_wanted": 2, "deadline_minutes": 30,
        },
    });
    (args, json!({ "from": "clarifying", "to": "sourcing", "version": 3 }))
}

fn snapshot() -> Value {
    json!({
        "contract_version": "1.0",
        "now": "2026-09-21T14:13:20.000Z",
        "request": {
            "id": REQUEST, "state": "clarifying", "version": 2, "category": null, "need": null, "urgency": "normal",
            "language": "en", "prescription": false,
        },
        "conversation": [{
            "message_id": MESSAGE, "at": "2026-09-21T14:13:18.000Z", "from": "client", "kind": "text",
            "text": "I need brake pads for a 2014 Corolla", "vendor_id": null,
        }],
        "ocr": [],
        "vendors_found": [vendor()],
        "vendors_contacted": [],
        "replies": [],
        "batches": [],
        "shortlist": null,
        "limits": {
            "batch_size_max": 5, "vendors_per_request_max": 15, "vendors_contacted": 0, "vendors_remaining": 15,
            "batch_open": false,
        },
        "policies": {
            "ai_concierge_enabled": false, "ocr_enabled": false,
            "calling": { "enabled": false, "consent_status": null, "allowed_scopes": [], "cooldown_minutes": 10 },
        },
        "allowed_next_states": ["ocr_processing", "sourcing", "escalated", "closed", "error"],
    })
}
