//! What a turn starts from, what it decides, and how it ends: values only.

use marketplace::{EventId, MessageId, RequestId, TurnId, VendorId};
use moltbot_contract::{CallTrigger, CallingWish, Decision, Violation};
use serde::{Deserialize, Serialize};
use tool_registry::ToolCall;

use crate::Refusal;

/// One turn of one request: everything that waited in its mailbox, in order.
#[derive(Debug, Clone)]
pub struct TurnInput {
    /// The turn.
    pub turn: TurnId,
    /// The request.
    pub request: RequestId,
    /// What waited, in working order.
    pub entries: Vec<Entry>,
    /// The answer of an earlier attempt at this turn: Moltbot is not asked again.
    pub journal: Option<Journal>,
    /// How often Moltbot was asked in this turn; a crash without an answer allows one more.
    pub asks: u32,
    /// This is the last attempt: escalate with a safe message instead of deciding.
    pub last_attempt: bool,
    /// A person has the request: what vendors wrote is recorded, and nothing is decided.
    pub is_with_person: bool,
}

/// One mailbox entry with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The entry, to be stamped when the plan commits.
    pub id: EventId,
    /// What happened.
    pub event: TurnEvent,
}

/// What can happen to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnEvent {
    /// The client wrote.
    ClientMessage {
        /// The stored message.
        message: MessageId,
        /// What it holds.
        content: ClientContent,
    },
    /// A vendor of this request wrote.
    VendorMessage {
        /// The stored message.
        message: MessageId,
        /// Who.
        vendor: VendorId,
    },
    /// A timer fired: look again.
    Wake {
        /// The timer's kind.
        reason: String,
    },
}

/// What a client's message holds, as far as the turn cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientContent {
    /// Text.
    Text(String),
    /// A button of ours, with the title the client saw.
    Button {
        /// The button's id.
        id: String,
        /// Its title.
        title: String,
    },
    /// An image or a PDF without text: OCR could read it.
    Document,
    /// The same with words beside it.
    CaptionedDocument(String),
    /// A voice message, a video, a sticker.
    UnreadableMedia,
    /// Where they are. It is stored with the request; of itself it asks nothing and answers nothing.
    Location,
    /// A location, a contact card, a reaction, …: nothing to read.
    Other,
}

/// Moltbot's answer and what validation said of it: enough to go on after a crash without asking again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// The answer as received, when there was one and it is text.
    pub answer: Option<String>,
    /// What validation said.
    pub verdict: Verdict,
    /// Why there is no decision: the violations.
    pub violations: Vec<Violation>,
    /// Why there was no answer: a closed code.
    pub unavailable: Option<String>,
    /// The accepted decision.
    pub decision: Option<Decision>,
}

/// What became of asking Moltbot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The answer is a valid decision.
    Accepted,
    /// The answer broke the contract.
    Rejected,
    /// There was no answer.
    Unavailable,
    /// Moltbot was not asked.
    NotAsked,
}

impl Verdict {
    /// The name in journals and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unavailable => "unavailable",
            Self::NotAsked => "not_asked",
        }
    }
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Moltbot, validated.
    Moltbot,
    /// The rules in [`crate::workflow`].
    CodedWorkflow,
    /// The client's recorded choice of a shortlist item.
    ClientChoice,
}

impl Source {
    /// The name in journals and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Moltbot => "moltbot",
            Self::CodedWorkflow => "coded_workflow",
            Self::ClientChoice => "client_choice",
        }
    }
}

/// What a turn wants done, all of it or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The calls in order.
    pub calls: Vec<PlannedCall>,
    /// The wish to call that goes with them, under step [`crate::plan::STEP_CALLING`]. It is judged after them, in
    /// the same transaction; whatever comes of it, they stand.
    pub calling: Option<Wish>,
    /// Who decided what, and why.
    pub decision: DecisionRecord,
    /// The entries that this plan answers.
    pub consumed: Vec<EventId>,
    /// Moltbot's answer, so that the sense rules run again on the rows as they are at commit.
    pub answer: Option<String>,
}

/// Who wishes for a call. Only tools and calling policy make it one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Moltbot, with its plan.
    Moltbots(CallingWish),
    /// The client just wrote "call me"; if there is no call, they are told so.
    ClientAsks,
    /// The coded workflow: for the first of these reasons that the stored facts support, if any.
    Supported(Vec<CallTrigger>),
}

/// One call of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedCall {
    /// Its step: the idempotency key is `turn/step`.
    pub step: String,
    /// The call.
    pub call: ToolCall,
    /// What its refusal means for the plan.
    pub on_refusal: OnRefusal,
}

/// What a refusal means for the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRefusal {
    /// The whole plan is rolled back.
    RollBack,
    /// The call is left out; but if every call marked so is refused, the plan is rolled back.
    LeaveOut,
}

/// Who decided what, and why: goes into the audit and the evidence page.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRecord {
    /// Who.
    pub source: Source,
    /// What became of asking Moltbot.
    pub verdict: Verdict,
    /// The decision's type, `handoff` or `none`.
    pub kind: &'static str,
    /// One sentence for a person.
    pub why: String,
    /// What was wrong with Moltbot's answer.
    pub violations: Vec<Violation>,
    /// Closed codes for the audit: rule ids, `timeout`, refusal codes.
    pub reasons: Vec<String>,
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Committed {
    /// Everything took effect.
    Done,
    /// A required step was refused; nothing took effect but the record of the refusal.
    Refused {
        /// The step.
        step: String,
        /// The refusal.
        refusal: Refusal,
    },
    /// Moltbot's decision no longer makes sense on the rows as they are now; nothing took effect.
    NoLongerValid {
        /// What is wrong with it now.
        violations: Vec<Violation>,
    },
    /// The client wrote meanwhile: another turn reads everything.
    Superseded,
    /// The request was closed or taken over meanwhile: nothing is sent.
    Dropped,
}
