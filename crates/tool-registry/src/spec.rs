//! The registry: what is known about each tool, and its schemas.

use std::sync::OnceLock;

use moltbot_contract::{
    ContextPack,
    schema::{CompiledSchema, Direction, schema_of},
};
use serde_json::Value;
use strum::IntoEnumIterator as _;

use crate::{
    args::{
        CreateOcrJobArgs, GetOcrResultArgs, GetRequestSnapshotArgs, RecordVendorReplyArgs,
        RequestCallConsentArgs, SearchVendorsArgs, SendClientMessageArgs, SendVendorMessageArgs,
        StartCallArgs, UpdateRequestStateArgs,
    },
    name::{Effect, Scope, ToolName},
    results::{
        CreateOcrJobResult, GetOcrResultResult, RecordVendorReplyResult, RequestCallConsentResult,
        SearchVendorsResult, SendClientMessageResult, SendVendorMessageResult, StartCallResult,
        UpdateRequestStateResult,
    },
};

/// The version of the registry. An additive change is 1.x, any other a 2 beside the 1.
pub const REGISTRY_VERSION: &str = "1.0";

/// What is known about one tool.
#[derive(Debug)]
pub struct ToolSpec {
    /// Its name.
    pub name: ToolName,
    /// The registry's version it is described by.
    pub version: &'static str,
    /// What it does to the world.
    pub effect: Effect,
    /// What a token must be allowed to call it. A transition only a person may make needs
    /// [`Scope::Operate`] as well.
    pub scope: Scope,
    /// One sentence.
    pub summary: &'static str,
    /// What callers must know.
    pub description: &'static str,
    args: Value,
    result: Value,
    compiled_args: CompiledSchema,
}

impl ToolSpec {
    /// The JSON Schema (2020-12) of the arguments.
    pub const fn args_schema(&self) -> &Value {
        &self.args
    }

    /// The JSON Schema (2020-12) of the result.
    pub const fn result_schema(&self) -> &Value {
        &self.result
    }

    /// The arguments' schema in the form they are checked against.
    pub(crate) const fn compiled_args(&self) -> &CompiledSchema {
        &self.compiled_args
    }
}

/// The ten tools, in the order of [`ToolName`].
pub fn registry() -> &'static [ToolSpec] {
    static REGISTRY: OnceLock<Vec<ToolSpec>> = OnceLock::new();
    REGISTRY.get_or_init(|| ToolName::iter().map(spec_of).collect())
}

impl ToolName {
    /// What is known about the tool.
    pub fn spec(self) -> Option<&'static ToolSpec> {
        registry().iter().find(|spec| spec.name == self)
    }
}

fn spec_of(name: ToolName) -> ToolSpec {
    let (effect, summary, description) = words(name);
    let (args, result) = schemas(name);
    // A schema beyond the interpreter, which a test excludes, would let nothing through.
    let compiled_args = CompiledSchema::compile(&args).unwrap_or_else(|_| CompiledSchema::nothing());
    let scope = match effect {
        Effect::Read => Scope::Read,
        Effect::Write => Scope::Write,
        Effect::Send => Scope::Send,
        Effect::Call => Scope::Call,
    };
    ToolSpec {
        name,
        version: REGISTRY_VERSION,
        effect,
        scope,
        summary,
        description,
        args,
        result,
        compiled_args,
    }
}

const fn words(name: ToolName) -> (Effect, &'static str, &'static str) {
    match name {
        ToolName::SearchVendors => (
            Effect::Read,
            "Finds vendors for a need, best first.",
            "Lists vendors of the category that pass the filters, those contacted for this request included and \
             marked. `why` holds short codes. Nobody is contacted.",
        ),
        ToolName::GetRequestSnapshot => (
            Effect::Read,
            "Reads the Context Pack of a request.",
            "What Moltbot receives: the request, its latest messages, vendors, replies, limits, policies and allowed \
             next states. Holds no phone number and no id of the provider.",
        ),
        ToolName::SendClientMessage => (
            Effect::Send,
            "Sends the client a message.",
            "At most 4,096 code points, 1,024 with buttons. The message is stored and queued in one transaction; \
             `status` starts as `queued`. Refused after handoff, in a closed request, after an opt-out, and to any \
             but human actors while a person has taken over.",
        ),
        ToolName::SendVendorMessage => (
            Effect::Send,
            "Sends a vendor a message.",
            "A first message to a vendor joins the batch that a plan has opened: at most 5 vendors in a batch, \
             at most 15 for a request, and no new batch before the last one has settled. A further message inside an \
             open outreach is not a second contact.",
        ),
        ToolName::RecordVendorReply => (
            Effect::Write,
            "Reads and stores what a vendor answered.",
            "Availability, price, delivery time and confidence are parsed from the stored message of that vendor; \
             the caller cannot supply them.",
        ),
        ToolName::CreateOcrJob => (
            Effect::Write,
            "Starts reading a picture or document.",
            "Refused as `ocr_disabled` while OCR is off.",
        ),
        ToolName::GetOcrResult => (
            Effect::Read,
            "Reads the result of an OCR job.",
            "`text` and `confidence` are there once the status is `done`, `error` once it is `failed`.",
        ),
        ToolName::RequestCallConsent => (
            Effect::Send,
            "Asks for consent to a call.",
            "Stores the consent as `requested` and sends the prompt with YES and NO. Refused as `calling_disabled` \
             while calling is off, and after handoff, in closed requests and in the error state.",
        ),
        ToolName::StartCall => (
            Effect::Call,
            "Places a WhatsApp call.",
            "Needs calling switched on, an open request, a granted and unexpired consent whose scope covers the party, \
             a trigger that stored facts support, and no call in the last 10 minutes. Never after handoff, never for a \
             prescription. Stores the attempt; the worker dials.",
        ),
        ToolName::UpdateRequestState => (
            Effect::Write,
            "Moves a request on, or stores facts and plans about it.",
            "`to` may be the present state. `expected_version` is the version the decision was made on: a stale one is \
             refused, never overwritten. `handed_off` needs a stored message of the client that picks an item of the \
             last shortlist, and queues both contact messages in the same transaction. Steps out of `escalated` and \
             `error` are for a person: they need the scope `operate`.",
        ),
    }
}

fn schemas(name: ToolName) -> (Value, Value) {
    use Direction::{Full, Read};
    match name {
        ToolName::SearchVendors => {
            (schema_of::<SearchVendorsArgs>(Read), schema_of::<SearchVendorsResult>(Full))
        }
        ToolName::GetRequestSnapshot => {
            (schema_of::<GetRequestSnapshotArgs>(Read), schema_of::<ContextPack>(Full))
        }
        ToolName::SendClientMessage => {
            (schema_of::<SendClientMessageArgs>(Read), schema_of::<SendClientMessageResult>(Full))
        }
        ToolName::SendVendorMessage => {
            (schema_of::<SendVendorMessageArgs>(Read), schema_of::<SendVendorMessageResult>(Full))
        }
        ToolName::RecordVendorReply => {
            (schema_of::<RecordVendorReplyArgs>(Read), schema_of::<RecordVendorReplyResult>(Full))
        }
        ToolName::CreateOcrJob => {
            (schema_of::<CreateOcrJobArgs>(Read), schema_of::<CreateOcrJobResult>(Full))
        }
        ToolName::GetOcrResult => {
            (schema_of::<GetOcrResultArgs>(Read), schema_of::<GetOcrResultResult>(Full))
        }
        ToolName::RequestCallConsent => {
            (schema_of::<RequestCallConsentArgs>(Read), schema_of::<RequestCallConsentResult>(Full))
        }
        ToolName::StartCall => (schema_of::<StartCallArgs>(Read), schema_of::<StartCallResult>(Full)),
        ToolName::UpdateRequestState => {
            (schema_of::<UpdateRequestStateArgs>(Read), schema_of::<UpdateRequestStateResult>(Full))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_ten_by_name_and_effect() {
        let table: Vec<_> = registry().iter().map(|spec| format!("{} {}", spec.name, spec.effect)).collect();
        assert_eq!(
            table,
            [
                "marketplace.search_vendors read",
                "marketplace.get_request_snapshot read",
                "marketplace.send_client_message send",
                "marketplace.send_vendor_message send",
                "marketplace.record_vendor_reply write",
                "marketplace.create_ocr_job write",
                "marketplace.get_ocr_result read",
                "marketplace.request_call_consent send",
                "marketplace.start_call call",
                "marketplace.update_request_state write",
            ]
        );
        assert!(ToolName::iter().eq(ToolName::ALL));
    }

    #[test]
    fn names_are_marketplace_verb_object() {
        const VERBS: [&str; 8] = ["search", "get", "send", "record", "create", "request", "start", "update"];
        for spec in registry() {
            let action = spec.name.as_str().strip_prefix("marketplace.").unwrap();
            let (verb, object) = action.split_once('_').unwrap();
            assert!(VERBS.contains(&verb), "{action}");
            assert!(
                !object.is_empty() && object.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{action}"
            );
            assert_eq!(ToolName::from_name(spec.name.as_str()), Some(spec.name));
            assert_eq!(serde_json::to_value(spec.name).unwrap(), spec.name.as_str());
        }
        assert_eq!(ToolName::from_name("search_vendors"), None);
        assert_eq!(ToolName::from_name("marketplace.Search_Vendors"), None);
    }

    #[test]
    fn schemas_are_valid_closed_and_within_our_interpreter() {
        for spec in registry() {
            for schema in [spec.args_schema(), spec.result_schema()] {
                CompiledSchema::compile(schema).unwrap_or_else(|error| panic!("{}: {error}", spec.name));
                jsonschema::draft202012::meta::validate(schema).unwrap();
            }
            assert_closed(spec.args_schema());
            assert_eq!(spec.args_schema()["properties"]["request_id"]["pattern"], "^req_[0-9a-f]{32}$");
        }
    }

    fn assert_closed(schema: &Value) {
        if let Some(properties) = schema["properties"].as_object() {
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            properties.values().for_each(assert_closed);
        }
        if schema.get("items").is_some() {
            assert_closed(&schema["items"]);
        }
    }
}
