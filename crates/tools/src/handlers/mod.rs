//! What each tool does, one file a subject. A handler sees the request's row taken and writes rows only.

mod calling;
mod client_message;
pub(crate) mod handoff;
mod ocr;
pub(crate) mod request_state;
mod search_vendors;
pub(crate) mod snapshot;
mod vendor_message;
mod vendor_reply;

use marketplace::DataKeyId;
use serde_json::{Value, json};
use store::{Tx, requests::RequestGuard};
use tool_registry::{ToolCall, ToolResult};

use crate::{Invocation, Policy, ToolError};

/// What a handler did.
pub(crate) struct Effect {
    /// The answer.
    pub(crate) result: ToolResult,
    /// The people, beside the client, whose data the audit payload holds.
    pub(crate) also_sealed_by: Vec<DataKeyId>,
}

impl Effect {
    fn new(result: impl Into<ToolResult>) -> Self {
        Self { result: result.into(), also_sealed_by: Vec::new() }
    }

    fn sealed_by(mut self, key: DataKeyId) -> Self {
        self.also_sealed_by.push(key);
        self
    }

    /// What the audit keeps of the result: a Context Pack repeats what the chain already tells, and is left out, as is what
    /// was read from a picture.
    pub(crate) fn recorded(&self, result: Value) -> Value {
        match &self.result {
            ToolResult::GetRequestSnapshot(pack) => {
                json!({ "state": pack.request.state, "version": pack.request.version })
            }
            ToolResult::GetOcrResult(read) => {
                json!({ "status": read.status, "confidence": read.confidence, "error": read.error })
            }
            _ => result,
        }
    }
}

pub(crate) fn run(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &mut RequestGuard,
    invocation: &Invocation,
) -> Result<Effect, ToolError> {
    let caller = &invocation.caller;
    match &invocation.call {
        ToolCall::SearchVendors(args) => search_vendors::run(tx, policy, guard, args),
        ToolCall::GetRequestSnapshot(_) => snapshot::run(tx, policy, guard),
        ToolCall::SendClientMessage(args) => client_message::run(tx, guard, caller, args),
        ToolCall::SendVendorMessage(args) => vendor_message::run(tx, policy, guard, caller, args),
        ToolCall::RecordVendorReply(args) => vendor_reply::run(tx, guard, args),
        ToolCall::CreateOcrJob(args) => ocr::create(tx, policy, guard, caller, args),
        ToolCall::GetOcrResult(args) => ocr::result(tx, guard, args),
        ToolCall::RequestCallConsent(args) => calling::request_consent(tx, policy, guard, caller, args),
        ToolCall::StartCall(args) => calling::start(tx, policy, guard, caller, args),
        ToolCall::UpdateRequestState(args) => request_state::run(tx, guard, caller, args),
    }
}
