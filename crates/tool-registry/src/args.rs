//! What each tool takes.

use marketplace::{Language, MediaId, MessageId, OcrJobId, ReplyId, RequestId, RequestState, VendorId};
use moltbot_contract::{
    CallScope, CallTrigger, Urgency, VendorFilters,
    limits::{
        BODY_MAX, CATEGORY_MAX, DEADLINE_MINUTES_MAX, ITEMS_MAX, NEED_MAX, OFFERS_WANTED_MAX, QUESTION_MAX,
        REASON_MAX, VENDOR_QUESTIONS_MAX,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::party::Party;

/// Reply buttons on a message, at most.
pub const BUTTONS_MAX: usize = 3;
/// A button's title, in code points.
pub const BUTTON_TITLE_MAX: usize = 20;
/// A button's id, in code points.
pub const BUTTON_ID_MAX: usize = 256;
/// Vendors in one search result.
pub const SEARCH_LIMIT_MAX: u8 = 15;

/// Arguments of `marketplace.search_vendors`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchVendorsArgs {
    /// The request.
    pub request_id: RequestId,
    /// The category of the directory.
    #[schemars(length(min = 1, max = CATEGORY_MAX))]
    pub category: String,
    /// Which vendors qualify.
    pub filters: VendorFilters,
    /// How many to return, at most 15.
    #[schemars(range(min = 1, max = SEARCH_LIMIT_MAX))]
    pub limit: u8,
}

/// Arguments of `marketplace.get_request_snapshot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRequestSnapshotArgs {
    /// The request.
    pub request_id: RequestId,
}

/// Arguments of `marketplace.send_client_message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendClientMessageArgs {
    /// The request.
    pub request_id: RequestId,
    /// The text; at most 1,024 code points with buttons, 4,096 without.
    #[schemars(length(min = 1, max = BODY_MAX))]
    pub body: String,
    /// Reply buttons, at most 3.
    #[serde(default)]
    #[schemars(length(max = BUTTONS_MAX))]
    pub buttons: Vec<Button>,
    /// The message this one answers.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
}

/// A reply button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Button {
    /// Comes back when it is pressed; unique within the message.
    #[schemars(length(min = 1, max = BUTTON_ID_MAX))]
    pub id: String,
    /// What people see.
    #[schemars(length(min = 1, max = BUTTON_TITLE_MAX))]
    pub title: String,
}

/// Arguments of `marketplace.send_vendor_message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendVendorMessageArgs {
    /// The request.
    pub request_id: RequestId,
    /// The vendor. A first message joins the open batch.
    pub vendor_id: VendorId,
    /// The text, without the questions.
    #[schemars(length(min = 1, max = BODY_MAX))]
    pub body: String,
    /// Questions listed below the text.
    #[serde(default)]
    #[schemars(length(max = VENDOR_QUESTIONS_MAX), inner(length(min = 1, max = QUESTION_MAX)))]
    pub questions: Vec<String>,
}

/// Arguments of `marketplace.record_vendor_reply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordVendorReplyArgs {
    /// The request.
    pub request_id: RequestId,
    /// The vendor who wrote.
    pub vendor_id: VendorId,
    /// The stored inbound message; its text is read, not an argument's.
    pub inbound_message_id: MessageId,
}

/// Arguments of `marketplace.create_ocr_job`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOcrJobArgs {
    /// The request.
    pub request_id: RequestId,
    /// The stored picture or document.
    pub media_id: MediaId,
}

/// Arguments of `marketplace.get_ocr_result`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetOcrResultArgs {
    /// The request.
    pub request_id: RequestId,
    /// The job.
    pub job_id: OcrJobId,
}

/// Arguments of `marketplace.request_call_consent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestCallConsentArgs {
    /// The request.
    pub request_id: RequestId,
    /// Who is asked: `client`, or a vendor's id.
    pub party: Party,
    /// What the consent shall cover.
    pub scope: CallScope,
}

/// Arguments of `marketplace.start_call`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartCallArgs {
    /// The request.
    pub request_id: RequestId,
    /// Who is called: `client`, or a vendor's id.
    pub party: Party,
    /// What justifies the call. A claim: stored facts decide.
    pub trigger: CallTrigger,
}

/// Arguments of `marketplace.update_request_state`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateRequestStateArgs {
    /// The request.
    pub request_id: RequestId,
    /// The state to be in afterwards; may be the present one.
    pub to: RequestState,
    /// Why, for people who read the journal.
    #[schemars(length(min = 1, max = REASON_MAX))]
    pub reason: String,
    /// The version the decision was made on.
    #[schemars(range(min = 0, max = marketplace::Money::MINOR_MAX))]
    pub expected_version: i64,
    /// Facts learned; those left out stay as they are.
    #[serde(default)]
    pub facts: Option<Facts>,
    /// The plan the next batch follows.
    #[serde(default)]
    pub plan: Option<Plan>,
    /// The shortlist that goes out with this step.
    #[serde(default)]
    pub shortlist: Option<ShortlistArgs>,
    /// The handoff; needs the client's stored pick.
    #[serde(default)]
    pub handoff: Option<Handoff>,
}

/// A fact and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Sourced<T> {
    /// The fact.
    pub value: T,
    /// Where it comes from.
    pub source: FactSource,
}

impl<T> Sourced<T> {
    /// A fact from a source.
    pub const fn new(value: T, source: FactSource) -> Self {
        Self { value, source }
    }
}

/// Where a fact comes from.
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
pub enum FactSource {
    /// The client's own words or button.
    Client,
    /// Text read from a picture or document.
    Ocr,
    /// Moltbot's decision.
    Moltbot,
    /// The coded workflow's reading.
    CodedWorkflow,
    /// A person at the command line or through the tool API.
    Operator,
}

/// The schema of a need inside [`Sourced`], which has no bounds of its own.
#[derive(JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
struct NeedText(
    #[schemars(length(min = 1, max = NEED_MAX))]
    #[allow(dead_code)]
    String,
);

/// The schema of a category inside [`Sourced`].
#[derive(JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
struct CategoryText(
    #[schemars(length(min = 1, max = CATEGORY_MAX))]
    #[allow(dead_code)]
    String,
);

/// Facts about a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Facts {
    /// The category of the directory.
    #[serde(default)]
    #[schemars(with = "Option<Sourced<CategoryText>>")]
    pub category: Option<Sourced<String>>,
    /// The need in one sentence.
    #[serde(default)]
    #[schemars(with = "Option<Sourced<NeedText>>")]
    pub normalized_need: Option<Sourced<String>>,
    /// How soon it is needed. Only the client's words make it urgent.
    #[serde(default)]
    pub urgency: Option<Sourced<Urgency>>,
    /// The client's language.
    #[serde(default)]
    pub language: Option<Sourced<Language>>,
    /// Whether a medical prescription is involved.
    #[serde(default)]
    pub prescription: Option<Sourced<bool>>,
}

/// The plan the next batch follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Plan {
    /// The category of the directory.
    #[schemars(length(min = 1, max = CATEGORY_MAX))]
    pub category: String,
    /// The need in one sentence.
    #[schemars(length(min = 1, max = NEED_MAX))]
    pub normalized_need: String,
    /// Which vendors qualify.
    pub filters: VendorFilters,
    /// Vendors to ask, at most 5.
    #[schemars(range(min = 1, max = marketplace::BATCH_SIZE_MAX))]
    pub batch_size: u8,
    /// Questions to each vendor.
    #[serde(default)]
    #[schemars(length(max = VENDOR_QUESTIONS_MAX), inner(length(min = 1, max = QUESTION_MAX)))]
    pub vendor_questions: Vec<String>,
    /// Offers that end the batch early.
    #[schemars(range(min = 1, max = OFFERS_WANTED_MAX))]
    pub offers_wanted: u8,
    /// Minutes until the batch ends at the latest.
    #[schemars(range(min = 1, max = DEADLINE_MINUTES_MAX))]
    pub deadline_minutes: u16,
}

/// The shortlist that goes out with a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ShortlistArgs {
    /// Its items in the order the client sees them.
    #[schemars(length(min = 1, max = ITEMS_MAX))]
    pub items: Vec<ShortlistArgsItem>,
}

/// One item of a shortlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ShortlistArgsItem {
    /// The vendor.
    pub vendor_id: VendorId,
    /// The stored reply it cites.
    pub reply_id: ReplyId,
}

/// The handoff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Handoff {
    /// The vendor the client picked.
    pub vendor_id: VendorId,
}
