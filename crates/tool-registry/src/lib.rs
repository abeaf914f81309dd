//! What the tools are: names, arguments, results, effects, scopes and schemas. How they run is `tools`.

mod args;
mod call;
mod docs;
mod name;
mod party;
mod refusal;
mod results;
mod spec;

pub use args::{
    BUTTON_ID_MAX, BUTTON_TITLE_MAX, BUTTONS_MAX, Button, CreateOcrJobArgs, FactSource, Facts,
    GetOcrResultArgs, GetRequestSnapshotArgs, Handoff, Plan, RecordVendorReplyArgs, RequestCallConsentArgs,
    SEARCH_LIMIT_MAX, SearchVendorsArgs, SendClientMessageArgs, SendVendorMessageArgs, ShortlistArgs,
    ShortlistArgsItem, Sourced, StartCallArgs, UpdateRequestStateArgs,
};
/// How generated JSON documents are written: keys in a fixed order.
pub use moltbot_contract::schema::pretty_ordered;

pub use call::{ArgsRejection, ToolCall, ToolResult};
pub use docs::{RegistryDocument, documents, registry_json, registry_markdown, request_states_markdown};
pub use name::{Effect, Scope, ToolName};
pub use party::Party;
pub use refusal::RefusalCode;
pub use results::{
    CallStatus, CreateOcrJobResult, GetOcrResultResult, MessageStatus, OcrStatus, ParsedReply,
    RecordVendorReplyResult, RequestCallConsentResult, SearchVendorsResult, SendClientMessageResult,
    SendVendorMessageResult, StartCallResult, UpdateRequestStateResult,
};
pub use spec::{REGISTRY_VERSION, ToolSpec, registry};
