//! One call of a tool with typed arguments, and its typed result.

use marketplace::RequestId;
use moltbot_contract::{ContextPack, Violation};
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
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum ToolCall {
            $($(#[doc = $doc])+ $tool($args),)*
        }

        /// What a call came to. As JSON: the result alone.
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
    /// Reads a call from a tool's full name and JSON arguments.
    ///
    /// # Errors
    /// [`ArgsRejection`] names the unknown tool or every violation of the tool's schema.
    pub fn parse(name: &str, args: &Value) -> Result<Self, ArgsRejection> {
        let name = ToolName::from_name(name).ok_or(ArgsRejection::UnknownTool)?;
        Self::read(name, args.clone()).map_err(|error| {
            ArgsRejection::Invalid(vec![Violation::new(
                "",
                moltbot_contract::RuleId::WrongType,
                error.to_string(),
            )])
        })
    }
}
