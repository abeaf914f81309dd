//! What a turn comes to, before it is a plan.

use marketplace::{MessageId, VendorId};
use moltbot_contract::Decision;

use crate::{DecisionRecord, Source, Verdict};

/// What is to be carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// A decision of the contract, Moltbot's or the coded workflow's.
    Decision(Decision),
    /// The client picked this vendor of the shortlist: each gets the other's contact.
    HandOff(VendorId),
    /// The client cancelled: say so and close. The contract has no such decision.
    Close,
    /// These messages hold pictures or documents to be read.
    ReadDocuments(Vec<MessageId>),
    /// Nothing: the entries are only taken note of.
    Nothing,
}

impl Next {
    /// The name in journals: the decision's type, `handoff`, `closed`, `ocr` or `none`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Decision(decision) => decision.kind().as_str(),
            Self::HandOff(_) => "handoff",
            Self::Close => "closed",
            Self::ReadDocuments(_) => "ocr",
            Self::Nothing => "none",
        }
    }
}

/// What is to be carried out, who says so, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ruling {
    pub next: Next,
    pub record: DecisionRecord,
}

impl Ruling {
    /// A ruling of fixed rules that Moltbot was not asked about.
    pub(crate) fn by_rule(next: Next, source: Source, why: impl Into<String>, reason: &str) -> Self {
        let record = DecisionRecord {
            source,
            verdict: Verdict::NotAsked,
            kind: next.kind(),
            why: why.into(),
            violations: Vec::new(),
            reasons: vec![reason.to_owned()],
        };
        Self { next, record }
    }

    /// Only taking note.
    pub(crate) fn nothing(why: impl Into<String>, reason: &str) -> Self {
        Self::by_rule(Next::Nothing, Source::CodedWorkflow, why, reason)
    }

    /// The coded workflow's decision, with Moltbot's part in it carried over from `record`.
    pub(crate) fn coded(next: Next, record: DecisionRecord) -> Self {
        let why = why(&next);
        let record = DecisionRecord { source: Source::CodedWorkflow, kind: next.kind(), why, ..record };
        Self { next, record }
    }
}

/// One sentence for a person. Never quotes what the client or a vendor wrote.
pub(crate) fn why(next: &Next) -> String {
    match next {
        Next::Decision(Decision::AskClient(ask)) => ask.why.clone(),
        Next::Decision(Decision::VendorOutreachPlan(plan)) => {
            format!("asks up to {} vendors of the category {}", plan.batch_size, plan.category)
        }
        Next::Decision(Decision::Shortlist(shortlist)) => match shortlist.items.len() {
            1 => "one vendor has it".to_owned(),
            count => format!("{count} vendors have it"),
        },
        Next::Decision(Decision::Escalate(escalate)) => escalate.reason.clone(),
        Next::HandOff(vendor) => format!("the client picked {vendor}"),
        Next::Close => "the client cancelled".to_owned(),
        Next::ReadDocuments(_) => "the client sent a picture or document that can be read".to_owned(),
        Next::Nothing => "there is nothing to do".to_owned(),
    }
}
