//! What the tools are: names, arguments, results, effects, scopes and schemas. How they run is `tools`.

mod args;
mod call;
mod name;
mod party;
mod refusal;
mod results;

pub use args::{
    BUTTON_ID_MAX, BUTTON_TITLE_MAX, BUTTONS_MAX, Button, CreateOcrJobArgs, FactSource, Facts,
    GetOcrResultArgs, GetRequestSnapshotArgs, Handoff, Plan, RecordVendorReplyArgs, RequestCallConsentArgs,
    SEARCH_LIMIT_MAX, SearchVendorsArgs, SendClientMessageArgs, SendVendorMessageArgs, ShortlistArgs,
    ShortlistArgsItem, Sourced, StartCallArgs, UpdateRequestStateArgs,
};
pub use call::{ArgsRejection, ToolCall, ToolResult};
pub use name::{Effect, Scope, ToolName};
pub use party::Party;
pub use refusal::RefusalCode;
pub use results::{
    CallStatus, CreateOcrJobResult, GetOcrResultResult, MessageStatus, OcrStatus, ParsedReply,
    RecordVendorReplyResult, RequestCallConsentResult, SearchVendorsResult, SendClientMessageResult,
    SendVendorMessageResult, StartCallResult, UpdateRequestStateResult,
};
