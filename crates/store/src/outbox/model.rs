//! What an intent is: its state, its purpose, its content.

use marketplace::{
    ActorKind, ContactId, DataKeyId, MessageId, OutboxId, PhoneNumberId, RequestId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Where an intent stands. It only ever moves forward; `failed` and `cancelled` are final.
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
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SendState {
    /// Waiting for the dispatcher.
    Queued,
    /// Committed before the wire was used.
    Sending,
    /// On the wire with an outcome nobody knows.
    Unknown,
    /// Meta took it.
    Accepted,
    /// Meta sent it.
    Sent,
    /// It reached the phone.
    Delivered,
    /// It was read.
    Read,
    /// A voice message was played.
    Played,
    /// It will not arrive; `reason` says why.
    Failed,
    /// It was never sent; `reason` says why.
    Cancelled,
}

impl SendState {
    /// Whether nothing can change any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }

    /// Whether the person has the message for certain, or is as good as sure to get it.
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted | Self::Sent | Self::Delivered | Self::Read | Self::Played)
    }

    /// The state after news of `next`: forward only. A failure counts until the message was delivered.
    #[must_use]
    pub fn advance(self, next: Self) -> Self {
        match (self, next) {
            (Self::Failed | Self::Cancelled, _)
            | (Self::Delivered | Self::Read | Self::Played, Self::Failed | Self::Cancelled) => self,
            _ => self.max(next),
        }
    }
}

/// What an intent is for: the dispatcher checks it against the request's state at the moment of sending.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// A question, a notice or an answer to the client.
    ClientMessage,
    /// The shortlist.
    Shortlist,
    /// The first message to a vendor.
    VendorInquiry,
    /// A further message to a vendor.
    VendorMessage,
    /// One of the two contact messages.
    Handoff,
    /// The bot's last message: queued by the very transaction that escalated or closed the request.
    Farewell,
    /// Our question whether we may call, with YES and NO.
    ConsentPrompt,
    /// Meta's permission card, which Meta counts.
    PermissionCard,
    /// Confirmation of START, or a question which request is meant: goes out whatever the request does.
    Notice,
    /// The one confirmation of STOP: nothing else goes out after it.
    StopConfirmation,
}

/// What goes on the wire: free text inside the 24-hour window, else the template, else nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendPayload {
    /// Free text.
    pub body: String,
    /// Reply buttons as (id, title), at most three.
    #[serde(default)]
    pub buttons: Vec<(String, String)>,
    /// What is sent outside the window.
    #[serde(default)]
    pub template: Option<TemplateUse>,
    /// The message of theirs that this quotes.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
}

/// A template of the catalogue with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateUse {
    /// The purpose in the template catalogue, which maps it to Meta's name and language.
    pub purpose: String,
    /// Body parameters in order.
    pub parameters: Vec<String>,
}

/// An intent to queue.
#[derive(Debug, Clone)]
pub struct NewSend {
    /// To whom.
    pub contact: ContactId,
    /// The stored message that this sends.
    pub message: MessageId,
    /// What for.
    pub purpose: Purpose,
    /// Who wrote it: a person's messages go out under human control too.
    pub author: ActorKind,
    /// What goes on the wire.
    pub payload: SendPayload,
    /// The people whose data the payload holds beside the contact's own.
    pub also_sealed_by: Vec<DataKeyId>,
    /// Worthless after this.
    pub not_after: Option<Timestamp>,
}

/// An intent.
#[derive(Debug, Clone)]
pub struct Send {
    /// Its id, which Meta echoes.
    pub id: OutboxId,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// To whom.
    pub contact: ContactId,
    /// The stored message.
    pub message: MessageId,
    /// From which business number.
    pub phone_number_id: PhoneNumberId,
    /// What for.
    pub purpose: Purpose,
    /// Who wrote it.
    pub author: ActorKind,
    /// The control epoch it was written in.
    pub control_epoch: i64,
    /// What goes on the wire; `None` when the person was erased.
    pub payload: Option<SendPayload>,
    /// Where it stands.
    pub state: SendState,
    /// Why it failed or was cancelled.
    pub reason: Option<String>,
    /// How often it was put on the wire or held back by Meta.
    pub attempts: i32,
    /// Worthless after this.
    pub not_after: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last went on the wire.
    pub sending_at: Option<Timestamp>,
    /// It waits until then because its recipient is closed; nothing else to this person waits behind it.
    pub held_until: Option<Timestamp>,
    /// Since when the whole text is owed: the person got a template that only says that there is news.
    pub owed_at: Option<Timestamp>,
    /// When Meta sent it, by Meta's clock.
    pub sent_at: Option<Timestamp>,
    /// When it reached the phone, by Meta's clock.
    pub delivered_at: Option<Timestamp>,
    /// When it was read, by Meta's clock; nothing for people who hide it.
    pub read_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::SendState;

    #[test]
    fn a_state_never_moves_back() {
        for from in SendState::iter() {
            for news in SendState::iter() {
                let next = from.advance(news);
                assert!(next >= from, "{from} then {news} gave {next}");
                if from.is_final() {
                    assert_eq!(next, from);
                }
            }
        }
    }

    #[test]
    fn late_news_of_delivery_and_failure() {
        assert_eq!(SendState::Read.advance(SendState::Delivered), SendState::Read);
        assert_eq!(SendState::Sent.advance(SendState::Failed), SendState::Failed);
        assert_eq!(SendState::Delivered.advance(SendState::Failed), SendState::Delivered);
        assert_eq!(SendState::Unknown.advance(SendState::Sent), SendState::Sent);
    }
}
