//! One call of a tool with typed arguments, and its typed result.

use marketplace::RequestId;
use moltbot_contract::{ContextPack, RuleId, Violation, limits::BODY_WITH_BUTTONS_MAX, schema::integral};
use serde::Serialize;
use serde_json::Value;

use crate::{
    args::{
        CreateOcrJobArgs, GetOcrResultArgs, GetRequestSnapshotArgs, RecordVendorReplyArgs,
        RequestCallConsentArgs, SearchVendorsArgs, SendClientMessageArgs, SendVendorMessageArgs,
        StartCallArgs, UpdateRequestStateArgs,
    },
    name::ToolName,
    results::{
        CreateOcrJobResult, GetOcrResultResult, RecordVendorReplyResult, RequestCallConsentResult,
        SearchVendorsResult, SendClientMessageResult, SendVendorMessageResult, StartCallResult,
        UpdateRequestStateResult,
    },
};

/// Why a name and arguments are not a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgsRejection {
    /// The name is none of the ten.
    #[error("there is no tool of this name")]
    UnknownTool,
    /// The arguments do not match the tool's schema: every violation, at least one.
    #[error("the arguments do not match the tool's schema: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Violation>),
}

macro_rules! calls {
    ($($(#[doc = $doc:literal])+ $tool:ident($args:ident) -> $result:ident;)*) => {
        /// A call of one of the ten tools. As JSON: its arguments alone.
        // A few live at a time: an indirection would save nothing.
        #[allow(clippy::large_enum_variant)]
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum ToolCall {
            $($(#[doc = $doc])+ $tool($args),)*
        }

        /// What a call came to. As JSON: the result alone.
        // As above.
        #[allow(clippy::large_enum_variant)]
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum ToolResult {
            $($(#[doc = $doc])+ $tool($result),)*
        }

        impl ToolCall {
            /// Which tool.
            pub const fn name(&self) -> ToolName {
                match self { $(Self::$tool(_) => ToolName::$tool,)* }
            }

            /// The request it is about.
            pub const fn request_id(&self) -> RequestId {
                match self { $(Self::$tool(args) => args.request_id,)* }
            }

            fn read(name: ToolName, args: Value) -> Result<Self, serde_json::Error> {
                match name { $(ToolName::$tool => serde_json::from_value(args).map(Self::$tool),)* }
            }
        }

        impl ToolResult {
            /// Which tool.
            pub const fn name(&self) -> ToolName {
                match self { $(Self::$tool(_) => ToolName::$tool,)* }
            }

            /// Reads a stored result of a tool.
            ///
            /// # Errors
            /// The value is not a result of this tool.
            pub fn from_json(name: ToolName, result: Value) -> Result<Self, serde_json::Error> {
                match name { $(ToolName::$tool => serde_json::from_value(result).map(Self::$tool),)* }
            }
        }

        $(impl From<$args> for ToolCall {
            fn from(args: $args) -> Self {
                Self::$tool(args)
            }
        }

        impl From<$result> for ToolResult {
            fn from(result: $result) -> Self {
                Self::$tool(result)
            }
        })*
    };
}

calls! {
    /// `marketplace.search_vendors`.
    SearchVendors(SearchVendorsArgs) -> SearchVendorsResult;
    /// `marketplace.get_request_snapshot`.
    GetRequestSnapshot(GetRequestSnapshotArgs) -> ContextPack;
    /// `marketplace.send_client_message`.
    SendClientMessage(SendClientMessageArgs) -> SendClientMessageResult;
    /// `marketplace.send_vendor_message`.
    SendVendorMessage(SendVendorMessageArgs) -> SendVendorMessageResult;
    /// `marketplace.record_vendor_reply`.
    RecordVendorReply(RecordVendorReplyArgs) -> RecordVendorReplyResult;
    /// `marketplace.create_ocr_job`.
    CreateOcrJob(CreateOcrJobArgs) -> CreateOcrJobResult;
    /// `marketplace.get_ocr_result`.
    GetOcrResult(GetOcrResultArgs) -> GetOcrResultResult;
    /// `marketplace.request_call_consent`.
    RequestCallConsent(RequestCallConsentArgs) -> RequestCallConsentResult;
    /// `marketplace.start_call`.
    StartCall(StartCallArgs) -> StartCallResult;
    /// `marketplace.update_request_state`.
    UpdateRequestState(UpdateRequestStateArgs) -> UpdateRequestStateResult;
}

impl ToolCall {
    /// Reads a call from a tool's full name and JSON arguments, held against the tool's schema.
    ///
    /// # Errors
    /// [`ArgsRejection`] names the unknown tool or every violation of the tool's schema.
    pub fn parse(name: &str, args: &Value) -> Result<Self, ArgsRejection> {
        let spec = ToolName::from_name(name).and_then(ToolName::spec).ok_or(ArgsRejection::UnknownTool)?;
        let mut violations = spec.compiled_args().check(args);
        if let (ToolName::SendClientMessage, true) = (spec.name, violations.is_empty()) {
            violations.extend(client_message_rules(args));
        }
        zeros(args, String::new(), &mut violations);
        if !violations.is_empty() {
            return Err(ArgsRejection::Invalid(violations));
        }
        Self::read(spec.name, with_integers(args)).map_err(|error| {
            let message = format!("expected arguments of {}: {error}", spec.name);
            ArgsRejection::Invalid(vec![Violation::new("", RuleId::WrongType, message)])
        })
    }
}

/// U+0000 is no text that anybody means, and PostgreSQL's columns of text hold none.
fn zeros(value: &Value, pointer: String, found: &mut Vec<Violation>) {
    match value {
        Value::String(text) if text.contains('\0') => {
            found.push(Violation::new(pointer, RuleId::ControlCharacter, "expected no U+0000"));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                zeros(item, format!("{pointer}/{index}"), found);
            }
        }
        // Names of members are those of the schema.
        Value::Object(members) => {
            for (name, member) in members {
                zeros(member, format!("{pointer}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// What JSON Schema cannot say about a message: its body is shorter with buttons, and their ids differ.
fn client_message_rules(args: &Value) -> Vec<Violation> {
    let buttons = args.get("buttons").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    let body = args.get("body").and_then(Value::as_str).unwrap_or_default();
    if !buttons.is_empty() && body.chars().count() > BODY_WITH_BUTTONS_MAX {
        let message = format!("expected at most {BODY_WITH_BUTTONS_MAX} characters with buttons");
        found.push(Violation::new("/body", RuleId::TextTooLong, message));
    }
    for (index, button) in buttons.iter().enumerate() {
        if buttons.iter().take(index).any(|other| other.get("id") == button.get("id")) {
            let message = "expected an id that no other button has";
            found.push(Violation::new(format!("/buttons/{index}/id"), RuleId::DuplicateItem, message));
        }
    }
    found
}

/// A copy in which 5.0 is 5, as the schema has it and serde has not.
fn with_integers(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            number.as_f64().filter(|_| number.is_f64()).map_or_else(|| value.clone(), integral)
        }
        Value::Array(items) => items.iter().map(with_integers).collect(),
        Value::Object(object) => {
            object.iter().map(|(key, value)| (key.clone(), with_integers(value))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const REQUEST: &str = "req_0193a5b2c3d470008000000000000001";

    fn broken(name: &str, args: &Value) -> Vec<String> {
        match ToolCall::parse(name, args) {
            Ok(_) => Vec::new(),
            Err(ArgsRejection::UnknownTool) => vec!["unknown tool".into()],
            Err(ArgsRejection::Invalid(violations)) => violations
                .iter()
                .map(|violation| format!("{} {}", violation.pointer, violation.rule))
                .collect(),
        }
    }

    #[test]
    fn good_arguments_of_every_tool() {
        let id = |prefix: &str| format!("{prefix}_0193a5b2c3d470008000000000000002");
        for (name, args) in [
            (
                "search_vendors",
                json!({ "category": "auto_parts", "limit": 15.0,
                "filters": { "max_distance_km": null, "languages": [], "min_rating": 4 } }),
            ),
            ("get_request_snapshot", json!({})),
            ("send_client_message", json!({ "body": "Hello" })),
            (
                "send_client_message",
                json!({ "body": "Hello", "reply_to": id("msg"),
                "buttons": [{ "id": "pick:v-1", "title": "Kamau Spares" }] }),
            ),
            (
                "send_vendor_message",
                json!({ "vendor_id": "v-1", "body": "Do you have it?", "questions": ["Price?"] }),
            ),
            ("record_vendor_reply", json!({ "vendor_id": "v-1", "inbound_message_id": id("msg") })),
            ("create_ocr_job", json!({ "media_id": id("med") })),
            ("get_ocr_result", json!({ "job_id": id("ocr") })),
            ("request_call_consent", json!({ "party": "client", "scope": "either" })),
            ("start_call", json!({ "party": "v-1", "trigger": "urgent_no_reply" })),
            ("update_request_state", json!({ "to": "sourcing", "reason": "plan", "expected_version": 3 })),
            (
                "update_request_state",
                json!({ "to": "handed_off", "reason": "picked", "expected_version": 3.0,
                "facts": { "category": { "value": "auto_parts", "source": "moltbot" },
                           "prescription": { "value": false, "source": "coded_workflow" }, "urgency": null },
                "plan": { "category": "auto_parts", "normalized_need": "pads", "batch_size": 5, "offers_wanted": 2,
                          "deadline_minutes": 30,
                          "filters": { "max_distance_km": 10.5, "languages": ["en"], "min_rating": null } },
                "shortlist": { "items": [{ "vendor_id": "v-1", "reply_id": id("rep") }] },
                "handoff": { "vendor_id": "v-1" } }),
            ),
        ] {
            let name = format!("marketplace.{name}");
            let mut args = args;
            args["request_id"] = REQUEST.into();
            let call = ToolCall::parse(&name, &args).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(call.name().as_str(), name);
            assert_eq!(call.request_id().to_string(), REQUEST);
            let again = ToolCall::parse(&name, &serde_json::to_value(&call).unwrap()).unwrap();
            assert_eq!(again, call, "a call survives being written");
        }
    }

    #[test]
    fn every_violation_is_named_where_it_is() {
        let message = "marketplace.send_client_message";
        let state = "marketplace.update_request_state";
        for (name, args, expected) in [
            ("marketplace.drop_tables", json!({}), vec!["unknown tool"]),
            (message, json!(null), vec![" wrong_type"]),
            (message, json!({}), vec!["/request_id missing_field", "/body missing_field"]),
            (
                message,
                json!({ "request_id": "msg_0193a5b2c3d470008000000000000001", "body": "", "to": "+254700000101" }),
                vec!["/body text_too_short", "/request_id pattern_mismatch", "/to unknown_field"],
            ),
            (
                message,
                json!({ "request_id": REQUEST, "body": "x".repeat(1_025), "buttons": [
                    { "id": "a", "title": "Yes" }, { "id": "a", "title": "No" }] }),
                vec!["/body text_too_long", "/buttons/1/id duplicate_item"],
            ),
            (
                message,
                json!({ "request_id": REQUEST, "body": "x", "buttons": [{ "id": "a", "title": "é".repeat(21) }] }),
                vec!["/buttons/0/title text_too_long"],
            ),
            (
                state,
                json!({ "request_id": REQUEST, "to": "done", "reason": "x", "expected_version": -1,
                    "facts": { "category": { "value": "", "source": "guess" } } }),
                vec![
                    "/expected_version number_too_small",
                    "/facts/category/source not_in_enum",
                    "/facts/category/value text_too_short",
                    "/to not_in_enum",
                ],
            ),
            (
                message,
                json!({ "request_id": REQUEST, "body": "a\0b", "buttons": [{ "id": "\0", "title": "x" }] }),
                vec!["/body control_character", "/buttons/0/id control_character"],
            ),
            (
                "marketplace.start_call",
                json!({ "request_id": REQUEST, "party": "a b", "trigger": "urgent_no_reply" }),
                vec!["/party pattern_mismatch"],
            ),
        ] {
            assert_eq!(broken(name, &args), expected, "{name} {args}");
        }
    }

    #[test]
    fn a_result_reads_back() {
        let result = json!({ "reply_id": "rep_0193a5b2c3d470008000000000000001", "parsed": {
            "availability": "in_stock", "price_minor": null, "currency": null, "eta": null, "confidence": 0.5 } });
        let read = ToolResult::from_json(ToolName::RecordVendorReply, result.clone()).unwrap();
        assert_eq!(read.name(), ToolName::RecordVendorReply);
        assert_eq!(serde_json::to_value(&read).unwrap(), result);
    }
}
