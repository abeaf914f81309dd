//! What each tool returns. The result of `marketplace.get_request_snapshot` is the
//! [`ContextPack`](moltbot_contract::ContextPack).

use marketplace::{
    CallAttemptId, ConsentId, Currency, MessageId, OcrJobId, OutreachId, ReplyId, RequestState,
};
use moltbot_contract::{Availability, ConsentStatus, VendorFound};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Result of `marketplace.search_vendors`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchVendorsResult {
    /// Vendors that match, best first.
    pub vendors: Vec<VendorFound>,
}

/// Where a message of ours stands.
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
#[schemars(inline)]
pub enum MessageStatus {
    /// Stored, not sent yet.
    Queued,
    /// Meta accepted it.
    Accepted,
    /// Sent.
    Sent,
    /// Delivered.
    Delivered,
    /// Read.
    Read,
    /// Not delivered.
    Failed,
    /// It may have been sent: Meta's answer was lost.
    Unknown,
    /// Taken back before it was sent.
    Cancelled,
}

/// Result of `marketplace.send_client_message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendClientMessageResult {
    /// The stored message.
    pub message_id: MessageId,
    /// Where it stands.
    pub status: MessageStatus,
}

/// Result of `marketplace.send_vendor_message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendVendorMessageResult {
    /// The stored message.
    pub message_id: MessageId,
    /// The outreach it belongs to.
    pub outreach_id: OutreachId,
    /// Where it stands.
    pub status: MessageStatus,
}

/// Result of `marketplace.record_vendor_reply`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordVendorReplyResult {
    /// The stored reply.
    pub reply_id: ReplyId,
    /// What was read from it.
    pub parsed: ParsedReply,
}

/// What was read from a vendor's reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ParsedReply {
    /// Whether the vendor has it.
    pub availability: Availability,
    /// The price in minor units, if the reply names one.
    #[schemars(range(min = 0, max = marketplace::Money::MINOR_MAX))]
    pub price_minor: Option<i64>,
    /// The price's currency.
    pub currency: Option<Currency>,
    /// When it can be had, in the vendor's words.
    pub eta: Option<String>,
    /// How sure the reader is, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
}

/// Where an OCR job stands.
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
#[schemars(inline)]
pub enum OcrStatus {
    /// Waiting or being read.
    Pending,
    /// Read.
    Done,
    /// Could not be read.
    Failed,
}

/// Result of `marketplace.create_ocr_job`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateOcrJobResult {
    /// The job.
    pub job_id: OcrJobId,
    /// Where it stands.
    pub status: OcrStatus,
}

/// Result of `marketplace.get_ocr_result`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GetOcrResultResult {
    /// Where the job stands.
    pub status: OcrStatus,
    /// The text, once done.
    pub text: Option<String>,
    /// 0 to 1, once done.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: Option<f64>,
    /// A closed code, once failed.
    pub error: Option<String>,
}

/// Result of `marketplace.request_call_consent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestCallConsentResult {
    /// The consent record.
    pub consent_id: ConsentId,
    /// Where it stands.
    pub status: ConsentStatus,
}

/// Where a call attempt stands.
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
#[schemars(inline)]
pub enum CallStatus {
    /// Stored, not dialled yet.
    Intent,
    /// Being dialled.
    Dialling,
    /// It may be ringing: Meta's answer was lost.
    Unknown,
    /// Meta took the call.
    Placed,
    /// Ringing.
    Ringing,
    /// Answered.
    Answered,
    /// Over.
    Ended,
}

/// Result of `marketplace.start_call`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StartCallResult {
    /// The attempt.
    pub call_attempt_id: CallAttemptId,
    /// Where it stands.
    pub status: CallStatus,
}

/// Result of `marketplace.update_request_state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UpdateRequestStateResult {
    /// The state before.
    pub from: RequestState,
    /// The state now.
    pub to: RequestState,
    /// The version now.
    pub version: i64,
}
