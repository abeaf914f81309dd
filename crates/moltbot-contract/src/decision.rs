//! What Moltbot may say: four decisions, closed and flat.
//!
//! Ids and currencies are plain text here: the shape layer checks their length alone, so that every JSON
//! Schema validator agrees with ours on them (the end anchor of a `pattern` means different things in
//! different regular-expression engines). The sense layer proves them against the Context Pack.

// Field documentation is published in the schema, as plain text.
#![allow(clippy::doc_markdown)]

use marketplace::{
    BATCH_SIZE_MAX, Currency, Language, Money, ReplyId, RequestState, VENDORS_PER_REQUEST_MAX, VendorId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    limits::{
        BODY_MAX, BODY_WITH_BUTTONS_MAX, CATEGORY_MAX, DEADLINE_MINUTES_MAX, DISTANCE_KM_MAX, ETA_MAX,
        FILTER_LANGUAGES_MAX, ITEMS_MAX, NEED_MAX, NOTE_MAX, OFFERS_WANTED_MAX, QUESTION_MAX, RATING_MAX,
        REASON_MAX, VENDOR_QUESTIONS_MAX,
    },
    pack::Availability,
};

/// One validated answer: what to do next, as intent. The backend alone acts on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Decision {
    /// Ask the client one question.
    AskClient(AskClient),
    /// Ask a batch of vendors.
    VendorOutreachPlan(VendorOutreachPlan),
    /// Show the client what vendors offered.
    Shortlist(Shortlist),
    /// Hand the request to a person.
    Escalate(Escalate),
}

/// The four kinds of decision, as they stand in `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DecisionKind {
    /// [`AskClient`].
    AskClient,
    /// [`VendorOutreachPlan`].
    VendorOutreachPlan,
    /// [`Shortlist`].
    Shortlist,
    /// [`Escalate`].
    Escalate,
}

impl DecisionKind {
    /// Every kind, in the order of the published schema.
    pub const ALL: [Self; 4] = [Self::AskClient, Self::VendorOutreachPlan, Self::Shortlist, Self::Escalate];

    /// The text in `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AskClient => "ask_client",
            Self::VendorOutreachPlan => "vendor_outreach_plan",
            Self::Shortlist => "shortlist",
            Self::Escalate => "escalate",
        }
    }
}

impl std::fmt::Display for DecisionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Decision {
    /// Which of the four it is.
    pub const fn kind(&self) -> DecisionKind {
        match self {
            Self::AskClient(_) => DecisionKind::AskClient,
            Self::VendorOutreachPlan(_) => DecisionKind::VendorOutreachPlan,
            Self::Shortlist(_) => DecisionKind::Shortlist,
            Self::Escalate(_) => DecisionKind::Escalate,
        }
    }
}

/// Ask the client one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskClient {
    /// The question, in the client's language, as it is sent. It may be sent with buttons.
    #[schemars(length(min = 1, max = BODY_WITH_BUTTONS_MAX))]
    pub question_text: String,
    /// Why the answer is needed. Recorded, never sent.
    #[schemars(length(min = 1, max = REASON_MAX))]
    pub why: String,
    /// The state the request should be in afterwards: the present one, or one of allowed_next_states.
    pub state_suggestion: RequestState,
}

/// Ask a batch of vendors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VendorOutreachPlan {
    /// The category of the vendor directory to search.
    #[schemars(length(min = 1, max = CATEGORY_MAX))]
    pub category: String,
    /// What the client needs, in one sentence a vendor understands. Sent to vendors.
    #[schemars(length(min = 1, max = NEED_MAX))]
    pub normalized_need: String,
    /// Which vendors qualify.
    pub vendor_filters: VendorFilters,
    /// How many vendors to ask now. Those contacted before and these together are at most 15.
    #[schemars(range(min = 1, max = BATCH_SIZE_MAX))]
    pub batch_size: u8,
    /// Questions to each vendor beside availability and price. Sent to vendors.
    #[schemars(length(max = VENDOR_QUESTIONS_MAX), inner(length(min = 1, max = QUESTION_MAX)))]
    pub vendor_questions: Vec<String>,
    /// When the batch is over.
    pub stop_conditions: StopConditions,
    /// Whether a call is wished for; the calling policy decides.
    pub calling: CallingWish,
}

/// Which vendors qualify.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VendorFilters {
    /// No farther from the client than this, in kilometres; null: any distance.
    #[schemars(range(min = 0.0, max = DISTANCE_KM_MAX))]
    pub max_distance_km: Option<f64>,
    /// Speaks one of these; empty: any language.
    #[schemars(length(max = FILTER_LANGUAGES_MAX))]
    pub languages: Vec<Language>,
    /// Rated at least this, of 5; null: any rating.
    #[schemars(range(min = 0.0, max = RATING_MAX))]
    pub min_rating: Option<f64>,
}

/// When a batch is over: enough offers, or the deadline, whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopConditions {
    /// Offers that suffice.
    #[schemars(range(min = 1, max = OFFERS_WANTED_MAX))]
    pub offers_wanted: u8,
    /// Minutes from the batch's first message.
    #[schemars(range(min = 1, max = DEADLINE_MINUTES_MAX))]
    pub deadline_minutes: u16,
}

/// Whether a call is wished for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallingWish {
    /// What is wished for. Calling is an escalation, never the default.
    pub wish: CallWish,
    /// Who would be called; null exactly when wish is none.
    pub party: Option<CallParty>,
    /// What justifies the call; null unless wish is start_call. A claim: stored facts decide.
    pub trigger: Option<CallTrigger>,
}

/// The wish itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum CallWish {
    /// No call.
    #[default]
    None,
    /// Ask for consent to call.
    RequestConsent,
    /// Call.
    StartCall,
}

/// Who would be called, by role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum CallParty {
    /// The client.
    Client,
    /// A vendor.
    Vendor,
}

/// What justifies a call (the calling policy's C2 and C3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum CallTrigger {
    /// Vendor: the request is urgent and three minutes passed without a reply.
    UrgentNoReply,
    /// Vendor: the reply is ambiguous (confidence below 0.6) and the client is waiting.
    AmbiguousReply,
    /// Client: asked to be called.
    ClientAsked,
    /// Client: opted in, and the request needs rapid clarification.
    RapidClarification,
}

impl CallTrigger {
    /// The party this trigger can justify a call to.
    pub const fn party(self) -> CallParty {
        match self {
            Self::UrgentNoReply | Self::AmbiguousReply => CallParty::Vendor,
            Self::ClientAsked | Self::RapidClarification => CallParty::Client,
        }
    }
}

/// Show the client what vendors offered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shortlist {
    /// The sentence above the items, in the client's language. Sent with buttons or a list.
    #[schemars(length(min = 1, max = BODY_WITH_BUTTONS_MAX))]
    pub summary_text: String,
    /// The offers, best first. Each cites a stored reply.
    #[schemars(length(min = 1, max = ITEMS_MAX))]
    pub items: Vec<ShortlistItem>,
    /// Whether the client is offered the handoff now.
    pub handoff: HandoffOffer,
}

/// One offer. Its facts are those of the reply it cites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortlistItem {
    /// A vendor contacted for this request.
    #[schemars(length(min = 1, max = VendorId::LENGTH_MAX))]
    pub vendor_id: String,
    /// A stored reply of this vendor.
    #[schemars(length(min = 1, max = 64))]
    pub reply_id: String,
    /// As parsed from the reply.
    pub availability: Availability,
    /// The price in minor units as parsed from the reply; null if it names none.
    #[schemars(range(min = 0, max = Money::MINOR_MAX))]
    pub price_minor: Option<i64>,
    /// The price's ISO 4217 currency; null exactly when price_minor is null.
    #[schemars(length(min = 3, max = 3))]
    pub currency: Option<String>,
    /// When it can be had, as in the reply; null to leave it out.
    #[schemars(length(min = 1, max = ETA_MAX))]
    pub eta: Option<String>,
    /// A remark for the client; null for none.
    #[schemars(length(min = 1, max = NOTE_MAX))]
    pub note: Option<String>,
}

impl ShortlistItem {
    /// The vendor's id; `None` only in a decision that [`crate::validate`] did not accept.
    pub fn vendor(&self) -> Option<VendorId> {
        self.vendor_id.parse().ok()
    }

    /// The cited reply; `None` only in a decision that [`crate::validate`] did not accept.
    pub fn reply(&self) -> Option<ReplyId> {
        self.reply_id.parse().ok()
    }

    /// The price, if the item names one in a well-formed currency.
    pub fn price(&self) -> Option<Money> {
        let currency: Currency = self.currency.as_deref()?.parse().ok()?;
        Money::new(self.price_minor?, currency).ok()
    }
}

/// Whether the client is offered the handoff now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoffOffer {
    /// True: the client may pick an item. The pick itself is the client's stored message alone.
    pub offer: bool,
}

/// Hand the request to a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// Why a person is needed. Recorded, never sent.
    #[schemars(length(min = 1, max = REASON_MAX))]
    pub reason: String,
    /// What the client is told meanwhile, in the client's language.
    #[schemars(length(min = 1, max = BODY_MAX))]
    pub safe_client_message: String,
    /// Normally `escalated`.
    pub state_suggestion: RequestState,
}

const _: () = assert!(OFFERS_WANTED_MAX == VENDORS_PER_REQUEST_MAX);
