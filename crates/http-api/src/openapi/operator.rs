//! The steps of operators: taking a request over, giving it back, closing it.

use marketplace::{Control, RequestState};
use serde_json::{Value, json};
use strum::IntoEnumIterator as _;
use tool_registry::Scope;
use tools::control::{REASON_MAX, Step};

use super::parts::{self, Answers, answers};

/// By the last part of their paths.
pub(super) fn operations() -> impl Iterator<Item = (Step, Value)> {
    Step::iter().map(|step| (step, operation(step)))
}

const fn words(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::Takeover => (
            "Takes a request over: the bot falls silent.",
            "From this commit on the bot neither sends nor calls. A turn under way has no effect, what the bot has queued \
             is cancelled, its call is ended. What the client writes stays unread until the request is given back; what \
             vendors write is recorded. Write with `send_client_message` and `send_vendor_message`.",
        ),
        Step::Resume => (
            "Gives a request back to the bot.",
            "One turn reads everything that nobody has read, on the conversation as it is now, and looks again in any \
             case. The state becomes `sourcing` if vendors were asked and `clarifying` if not; a shortlist that the \
             client has before them stands.",
        ),
        Step::Close => (
            "Closes a request.",
            "Nothing that the bot has queued goes out any more; what a person has queued to the client does.",
        ),
    }
}

fn operation(step: Step) -> Value {
    let (summary, description) = words(step);
    let scope: &str = Scope::Operate.into();
    json!({
        "operationId": format!("{step}_request"),
        "summary": summary,
        "description": format!(
            "{description} Done already, it changes nothing and says so. For people's tokens with the scope `{scope}`."
        ),
        "tags": ["operators"],
        "security": [{ "token": [scope] }],
        "parameters": [
            {
                "name": "id", "in": "path", "required": true, "description": "The request.",
                "schema": { "type": "string", "pattern": "^req_[0-9a-f]{32}$" },
            },
            { "$ref": "#/components/parameters/IdempotencyKey" },
        ],
        "requestBody": {
            "required": false,
            "description": "Why; kept in the audit, sealed under the client's key.",
            "content": { "application/json": {
                "schema": {
                    "type": "object",
                    "properties": { "reason": { "type": ["string", "null"], "maxLength": REASON_MAX } },
                    "additionalProperties": false,
                },
                "example": { "reason": "the client asked for a discount" },
            } },
        },
        "responses": answers(Answers::Operator, json!({
            "description": "How the request stands now.",
            "headers": {
                "X-Request-Id": parts::header("RequestId"),
                "Idempotency-Replayed": parts::header("IdempotencyReplayed"),
            },
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Steered" },
                "example": {
                    "request_id": "req_0190a1b2c3d4e5f60718293a4b5c6d7e", "step": step, "changed": true,
                    "from": "sourcing", "state": "sourcing", "control": "human", "version": 7,
                    "cancelled_sends": 2, "dropped_turn": true, "calls_under_way": 0, "unread": 1,
                },
            } },
        })),
    })
}

pub(super) fn schema() -> Value {
    let states: Vec<_> = RequestState::iter().collect();
    let count = |what: &str| json!({ "description": what, "type": "integer", "minimum": 0 });
    json!({
        "description": "What a step of an operator's came to.",
        "type": "object",
        "properties": {
            "request_id": { "type": "string", "pattern": "^req_[0-9a-f]{32}$" },
            "step": { "enum": Step::iter().collect::<Vec<_>>() },
            "changed": { "description": "False: it was so already.", "type": "boolean" },
            "from": { "description": "The state before.", "enum": states },
            "state": { "description": "The state now.", "enum": states },
            "control": { "description": "Who has it now.", "enum": [Control::Bot, Control::Human] },
            "version": { "type": "integer" },
            "cancelled_sends": count("Messages of the bot that were taken out of the queue."),
            "dropped_turn": {
                "description": "Whether a turn was under way; it has no effect any more.", "type": "boolean",
            },
            "calls_under_way": count("Calls of this request that are not over; those of the bot are ended."),
            "unread": count("Messages that no turn has read."),
        },
        "required": ["request_id", "step", "changed", "from", "state", "control", "version", "cancelled_sends",
            "dropped_turn", "calls_under_way", "unread"],
        "additionalProperties": false,
    })
}
