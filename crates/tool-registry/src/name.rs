//! The tools' names, effects and scopes.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ten tools. On the wire and in the audit log: `marketplace.<verb>_<object>`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::IntoStaticStr,
    strum::EnumIter,
    strum::EnumString,
    Serialize,
    Deserialize,
)]
pub enum ToolName {
    /// Finds vendors for a need.
    #[strum(serialize = "marketplace.search_vendors")]
    #[serde(rename = "marketplace.search_vendors")]
    SearchVendors,
    /// Reads the Context Pack.
    #[strum(serialize = "marketplace.get_request_snapshot")]
    #[serde(rename = "marketplace.get_request_snapshot")]
    GetRequestSnapshot,
    /// Sends the client a message.
    #[strum(serialize = "marketplace.send_client_message")]
    #[serde(rename = "marketplace.send_client_message")]
    SendClientMessage,
    /// Sends a vendor a message.
    #[strum(serialize = "marketplace.send_vendor_message")]
    #[serde(rename = "marketplace.send_vendor_message")]
    SendVendorMessage,
    /// Stores what a vendor answered.
    #[strum(serialize = "marketplace.record_vendor_reply")]
    #[serde(rename = "marketplace.record_vendor_reply")]
    RecordVendorReply,
    /// Starts reading a picture or document.
    #[strum(serialize = "marketplace.create_ocr_job")]
    #[serde(rename = "marketplace.create_ocr_job")]
    CreateOcrJob,
    /// Reads the result of an OCR job.
    #[strum(serialize = "marketplace.get_ocr_result")]
    #[serde(rename = "marketplace.get_ocr_result")]
    GetOcrResult,
    /// Asks for consent to a call.
    #[strum(serialize = "marketplace.request_call_consent")]
    #[serde(rename = "marketplace.request_call_consent")]
    RequestCallConsent,
    /// Places a call.
    #[strum(serialize = "marketplace.start_call")]
    #[serde(rename = "marketplace.start_call")]
    StartCall,
    /// Moves a request on, or stores facts and plans about it.
    #[strum(serialize = "marketplace.update_request_state")]
    #[serde(rename = "marketplace.update_request_state")]
    UpdateRequestState,
}

impl ToolName {
    /// The ten, in the order of the registry.
    pub const ALL: [Self; 10] = [
        Self::SearchVendors,
        Self::GetRequestSnapshot,
        Self::SendClientMessage,
        Self::SendVendorMessage,
        Self::RecordVendorReply,
        Self::CreateOcrJob,
        Self::GetOcrResult,
        Self::RequestCallConsent,
        Self::StartCall,
        Self::UpdateRequestState,
    ];

    /// The full name, `marketplace.<verb>_<object>`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads a full name; `None` for anything that is not one of the ten.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::from_str(name).ok()
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a tool does to the world. Everything but [`Effect::Read`] needs an idempotency key.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Effect {
    /// Nothing changes.
    Read,
    /// Rows change.
    Write,
    /// A message leaves.
    Send,
    /// A call is placed.
    Call,
}

impl Effect {
    /// Whether a call of such a tool carries an idempotency key.
    pub const fn needs_key(self) -> bool {
        !matches!(self, Self::Read)
    }
}

/// What a token may do. Scopes do not include each other.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// Tools that read.
    Read,
    /// Tools that write.
    Write,
    /// Tools that send.
    Send,
    /// Tools that call.
    Call,
    /// Transitions only a person may make.
    Operate,
}
