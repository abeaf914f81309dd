//! What a sensible brain answers: a pure function from the Context Pack to one decision.

use serde_json::{Value, json};

use super::wishes::{self, Wish, Wishes};
use crate::people::catalogue::need_in;

/// The numbers a scenario gives the brain.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Vendors in one batch, 1 to 5.
    pub batch_size: u64,
    /// Offers after which a batch is settled.
    pub offers_wanted: u64,
    /// Simulated minutes after which a batch is settled.
    pub deadline_minutes: u64,
}

impl Plan {
    /// Five vendors, three offers, an hour.
    pub const ORDINARY: Self = Self { batch_size: 5, offers_wanted: 3, deadline_minutes: 60 };
}

/// The brain's answer to a Context Pack. What it wishes of calls rides on a plan, the one decision that carries a wish.
pub fn decide(pack: &Value, plan: Plan, wishes: Wishes) -> Value {
    let mut told = client_texts(pack);
    let state = text(pack, "/request/state");
    let (read, need) = (lines_read(pack), text(pack, "/request/need"));
    if !read.is_empty() && need.is_empty() && state == "ocr_processing" {
        return confirm(pack, &read);
    }
    // What the client confirmed of a picture is told, too.
    if !read.is_empty() && !need.is_empty() {
        told.insert(0, need);
    }
    let wish = wishes::wish(pack, wishes);
    let is_open = matches!(state, "new" | "clarifying" | "sourcing") && offers(pack).is_empty();
    if wishes == Wishes::CallAtOnce && is_open {
        return outreach(pack, &told, plan, vendors_left(pack).max(1), wish);
    }
    if told.len() < 2 && matches!(state, "new" | "clarifying") {
        return ask_for_details(pack, &told);
    }
    if pack.pointer("/shortlist").is_some_and(Value::is_object) {
        return ask(
            pack,
            "Which of the offers would you like? Please send me its number.",
            "no offer was picked yet",
        );
    }
    if !offers(pack).is_empty() {
        return shortlist(pack);
    }
    if pack.pointer("/limits/batch_open").and_then(Value::as_bool) == Some(true) {
        if wishes == Wishes::AskAlways {
            return outreach(pack, &told, plan, vendors_left(pack).max(1), wish);
        }
        return ask(
            pack,
            "The shops have not answered yet. Is there anything else they should know?",
            "a batch is open and has no offer",
        );
    }
    match vendors_left(pack) {
        0 => escalate(),
        left => outreach(pack, &told, plan, left, wish),
    }
}

fn ask_for_details(pack: &Value, told: &[&str]) -> Value {
    match told.iter().rev().find_map(|text| need_in(text)) {
        Some(need) => ask(pack, need.question, need.why),
        None => ask(pack, "What are you looking for?", "the need is not known"),
    }
}

fn ask(pack: &Value, question: &str, why: &str) -> Value {
    json!({
        "type": "ask_client",
        "question_text": question,
        "why": why,
        "state_suggestion": reachable(pack, "clarifying"),
    })
}

/// What was read from pictures well enough, line by line.
fn lines_read(pack: &Value) -> Vec<&str> {
    let sure = |read: &&Value| read.get("confidence").and_then(Value::as_f64).unwrap_or_default() >= 0.6;
    let texts = list(pack, "/ocr").iter().filter(sure).map(|read| text(read, "/text"));
    // A shop's name and address say nothing of the need.
    texts.flat_map(str::lines).filter(|line| need_in(line).is_some()).collect()
}

fn confirm(pack: &Value, lines: &[&str]) -> Value {
    // Prices are what the client paid, and directions are nothing to repeat.
    let goods = |line: &&str| line.split([',']).next().unwrap_or_default().to_owned();
    let lines: Vec<String> = lines.iter().map(goods).collect();
    let question =
        format!("Your picture says: {}. Is that what you need? Reply YES, or type it.", lines.join("; "));
    ask(pack, &question, "what was read has to be confirmed")
}

fn outreach(pack: &Value, told: &[&str], plan: Plan, left: u64, wish: Wish) -> Value {
    let need = told.iter().find_map(|text| need_in(text));
    let category = need.map_or_else(|| text(pack, "/request/category"), |need| need.category);
    let normalized = need.map_or_else(|| told.join(", "), |need| need.normalized.to_owned());
    json!({
        "type": "vendor_outreach_plan",
        "category": if category.is_empty() { "general" } else { category },
        "normalized_need": normalized,
        "vendor_filters": { "max_distance_km": null, "languages": [], "min_rating": null },
        "batch_size": plan.batch_size.min(left),
        "vendor_questions": ["Can it be delivered?"],
        "stop_conditions": { "offers_wanted": plan.offers_wanted, "deadline_minutes": plan.deadline_minutes },
        "calling": wish.json(),
    })
}

fn shortlist(pack: &Value) -> Value {
    let offers = offers(pack);
    let items: Vec<Value> = offers.iter().take(3).map(|reply| item(reply)).collect();
    let summary = match items.len() {
        1 => "One shop has it. Shall I connect you?".to_owned(),
        count => format!("{count} shops have it. Which one shall I connect you with?"),
    };
    json!({ "type": "shortlist", "summary_text": summary, "items": items, "handoff": { "offer": true } })
}

fn item(reply: &Value) -> Value {
    let field = |name: &str| reply.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "vendor_id": field("vendor_id"),
        "reply_id": field("reply_id"),
        "availability": field("availability"),
        "price_minor": field("price_minor"),
        "currency": field("currency"),
        "eta": field("eta"),
        "note": null,
    })
}

fn escalate() -> Value {
    json!({
        "type": "escalate",
        "reason": "no vendor with stock is left to ask",
        "safe_client_message":
            "I asked the shops we know and none of them has it right now. A colleague will look for other ways and write to you here.",
        "state_suggestion": "escalated",
    })
}

/// Each vendor's newest reply with stock, cheapest first, unpriced ones last.
fn offers(pack: &Value) -> Vec<&Value> {
    let mut newest: Vec<&Value> = Vec::new();
    for reply in list(pack, "/replies") {
        newest.retain(|known| known.get("vendor_id") != reply.get("vendor_id"));
        newest.push(reply);
    }
    newest.retain(|reply| reply.get("availability").and_then(Value::as_str) == Some("in_stock"));
    newest.sort_by_key(|reply| reply.get("price_minor").and_then(Value::as_i64).unwrap_or(i64::MAX));
    newest
}

/// How many vendors can still be asked. Before the first search nobody is known; then the limit alone counts.
fn vendors_left(pack: &Value) -> u64 {
    let limit = pack.pointer("/limits/vendors_remaining").and_then(Value::as_u64).unwrap_or(0);
    if list(pack, "/batches").is_empty() {
        return limit;
    }
    let contacted: Vec<&Value> =
        list(pack, "/vendors_contacted").iter().filter_map(|vendor| vendor.get("vendor_id")).collect();
    let open = list(pack, "/vendors_found")
        .iter()
        .filter(|vendor| vendor.get("contacted").and_then(Value::as_bool) != Some(true))
        .filter(|vendor| vendor.get("vendor_id").is_some_and(|id| !contacted.contains(&id)))
        .filter(|vendor| vendor.get("accepts_inquiries").and_then(Value::as_bool) != Some(false))
        .count();
    limit.min(u64::try_from(open).unwrap_or(u64::MAX))
}

/// `wanted` if the pack allows it next, else the first state it allows.
fn reachable<'a>(pack: &'a Value, wanted: &'a str) -> &'a str {
    let allowed: Vec<&str> = list(pack, "/allowed_next_states").iter().filter_map(Value::as_str).collect();
    if allowed.contains(&wanted) || text(pack, "/request/state") == wanted {
        return wanted;
    }
    allowed.first().copied().unwrap_or(wanted)
}

/// What the client wrote, oldest first.
fn client_texts(pack: &Value) -> Vec<&str> {
    list(pack, "/conversation")
        .iter()
        .filter(|line| line.get("from").and_then(Value::as_str) == Some("client"))
        .filter_map(|line| line.get("text").and_then(Value::as_str))
        .collect()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A Context Pack as the backend sends it, with the given state, texts of the client and replies.
    pub(crate) fn pack(state: &str, told: &[&str], replies: &Value, batches: &Value) -> Value {
        let conversation: Vec<Value> = told
            .iter()
            .enumerate()
            .map(|(n, text)| json!({ "message_id": format!("msg_{n}"), "from": "client", "kind": "text", "text": text }))
            .collect();
        json!({
            "contract_version": "1.0",
            "now": "2026-11-22T10:00:00Z",
            "request": { "id": "req_1", "state": state, "version": 1, "urgency": "normal", "language": "en" },
            "conversation": conversation,
            "vendors_found": [
                { "vendor_id": "v1", "accepts_inquiries": true, "contacted": true },
                { "vendor_id": "v6", "accepts_inquiries": true, "contacted": false },
                { "vendor_id": "v7", "accepts_inquiries": true, "contacted": false },
                { "vendor_id": "v8", "accepts_inquiries": false, "contacted": false },
            ],
            "vendors_contacted": [{ "vendor_id": "v1", "status": "replied" }],
            "replies": replies,
            "batches": batches,
            "shortlist": null,
            "limits": { "vendors_remaining": 14, "batch_open": false },
            "allowed_next_states": ["clarifying", "sourcing", "escalated"],
        })
    }

    fn kind(decision: &Value) -> &str {
        text(decision, "/type")
    }

    const OPENING: &str = "I need brake pads for a 2014 Corolla";

    #[test]
    fn asks_what_is_missing_then_plans_an_outreach() {
        let first = decide(&pack("new", &[OPENING], &json!([]), &json!([])), Plan::ORDINARY, Wishes::None);
        assert_eq!(kind(&first), "ask_client");
        assert!(text(&first, "/question_text").contains("Front or rear"));

        let second = decide(
            &pack("clarifying", &[OPENING, "front"], &json!([]), &json!([])),
            Plan::ORDINARY,
            Wishes::None,
        );
        assert_eq!(kind(&second), "vendor_outreach_plan");
        assert_eq!(text(&second, "/category"), "spare_parts");
        assert_eq!(second.pointer("/batch_size"), Some(&json!(5)));
    }

    #[test]
    fn a_shortlist_cites_the_newest_reply_of_each_vendor_as_parsed_and_cheapest_first() {
        let replies = json!([
            { "reply_id": "r1", "vendor_id": "a", "availability": "in_stock", "price_minor": 100, "currency": "KES" },
            { "reply_id": "r2", "vendor_id": "b", "availability": "in_stock", "price_minor": 90, "currency": "KES" },
            { "reply_id": "r3", "vendor_id": "c", "availability": "out_of_stock" },
            { "reply_id": "r4", "vendor_id": "a", "availability": "in_stock", "price_minor": 80, "currency": "KES", "eta": "tomorrow" },
        ]);
        let batches = json!([{ "ordinal": 1, "status": "settled" }]);
        let decision =
            decide(&pack("sourcing", &[OPENING, "front"], &replies, &batches), Plan::ORDINARY, Wishes::None);
        assert_eq!(kind(&decision), "shortlist");
        assert_eq!(
            decision.pointer("/items"),
            Some(&json!([
                { "vendor_id": "a", "reply_id": "r4", "availability": "in_stock", "price_minor": 80, "currency": "KES", "eta": "tomorrow", "note": null },
                { "vendor_id": "b", "reply_id": "r2", "availability": "in_stock", "price_minor": 90, "currency": "KES", "eta": null, "note": null },
            ]))
        );
    }

    #[test]
    fn without_offers_the_next_batch_is_as_large_as_vendors_remain_and_then_it_escalates() {
        let batches = json!([{ "ordinal": 1, "status": "settled" }]);
        let none = json!([{ "reply_id": "r", "vendor_id": "v1", "availability": "out_of_stock" }]);
        let mut pack = pack("sourcing", &[OPENING, "front"], &none, &batches);
        let next = decide(&pack, Plan::ORDINARY, Wishes::None);
        assert_eq!(kind(&next), "vendor_outreach_plan");
        assert_eq!(next.pointer("/batch_size"), Some(&json!(2)));

        pack["vendors_found"] = json!([{ "vendor_id": "v1", "accepts_inquiries": true, "contacted": true }]);
        assert_eq!(kind(&decide(&pack, Plan::ORDINARY, Wishes::None)), "escalate");

        pack["limits"]["batch_open"] = json!(true);
        assert_eq!(kind(&decide(&pack, Plan::ORDINARY, Wishes::None)), "ask_client");
    }

    #[test]
    fn a_wish_rides_on_a_plan_until_there_is_an_offer() {
        let wish_of = |decision: &Value| text(decision, "/calling/wish").to_owned();
        let replies =
            json!([{ "reply_id": "r1", "vendor_id": "v1", "availability": "in_stock", "price_minor": 100 }]);
        let batches = json!([{ "ordinal": 1, "status": "open" }]);
        let mut running = pack("sourcing", &[OPENING, "front"], &json!([]), &batches);
        running["limits"]["batch_open"] = json!(true);
        running["policies"] = json!({ "calling": { "enabled": true, "consent_status": null } });
        let first = pack("new", &[OPENING], &json!([]), &json!([]));

        assert_eq!(wish_of(&decide(&running, Plan::ORDINARY, Wishes::AskAlways)), "request_consent");
        assert_eq!(
            kind(&decide(&running, Plan::ORDINARY, Wishes::CallVendor)),
            "ask_client",
            "no plan beside a batch"
        );
        let mut clear = pack("clarifying", &[OPENING, "front"], &json!([]), &json!([]));
        clear["policies"] = running["policies"].clone();
        assert_eq!(wish_of(&decide(&clear, Plan::ORDINARY, Wishes::CallVendor)), "request_consent");
        assert_eq!(wish_of(&decide(&clear, Plan::ORDINARY, Wishes::None)), "none");
        assert_eq!(kind(&decide(&first, Plan::ORDINARY, Wishes::CallVendor)), "ask_client");
        assert_eq!(wish_of(&decide(&first, Plan::ORDINARY, Wishes::CallAtOnce)), "start_call");
        running["replies"] = replies;
        for wishes in [Wishes::CallVendor, Wishes::CallAtOnce, Wishes::AskAlways] {
            assert_eq!(kind(&decide(&running, Plan::ORDINARY, wishes)), "shortlist", "{wishes:?}");
        }
    }

    #[test]
    fn nothing_in_the_pack_is_a_question_too() {
        assert_eq!(
            kind(&decide(&json!({ "request": { "state": "new" } }), Plan::ORDINARY, Wishes::None)),
            "ask_client"
        );
    }
}
