//! Placing calls: what is asked of Meta, and what its answers prove.
//!
//! There is no idempotency key: a second `connect` rings the person again. So [`CallingApi::connect`] asks once, and
//! whatever is not proven is [`DialOutcome::Unknown`].

mod codes;
mod permissions;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use marketplace::{PhoneNumberId, Timestamp};
use serde_json::{Value, json};

pub use codes::{CallErrorClass, call_error_class, time_in};
pub use permissions::{PermissionLimit, PermissionState};

use crate::{
    identity::MetaId,
    outbound::{INTENT_ID_MAX, MessageError, Recipient},
};

/// Longest media description taken, in bytes: real ones have a few thousand.
pub const SDP_BYTES_MAX: usize = 64 * 1024;
/// A line of a media description this short says nothing that must be kept secret.
const TELLING_LINE_BYTES_MIN: usize = 6;

/// Calling through Meta.
#[async_trait]
pub trait CallingApi: Send + Sync {
    /// Places one call, once. Never fails: whatever happens is one of four outcomes.
    async fn connect(&self, from: &PhoneNumberId, call: &OutboundCall) -> DialOutcome;

    /// Ends a call. May be repeated freely; a call that is over already is a success.
    async fn terminate(&self, from: &PhoneNumberId, wacid: &MetaId) -> Result<(), TerminateError>;

    /// Whether Meta lets us call this person, or ask them, at this moment. May be repeated; at most 5 a second keeps
    /// clear of every limit that Meta has named.
    async fn call_permissions(
        &self,
        from: &PhoneNumberId,
        contact: &Recipient,
    ) -> Result<PermissionState, PermissionLookupError>;
}

/// What is known after a `connect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialOutcome {
    /// Meta took it; the phone will ring.
    Placed {
        /// Meta's id of the call.
        wacid: MetaId,
    },
    /// Refused: no phone rings, and the same call must not be tried again as it is.
    Refused {
        /// What to do about it.
        class: CallErrorClass,
        /// Meta's code.
        code: i64,
        /// The next possible time, where Meta's words hold one (138012).
        retry_at: Option<Timestamp>,
        /// Meta's own words, for an operator. They may quote a number: never log them.
        detail: String,
    },
    /// Proven to have had no effect, and no fault of this call: no connection was made, or Meta throttles.
    NoEffect {
        /// Not before this time has passed, where Meta's code says so.
        after: Option<Duration>,
        /// Meta's code; `None` when no connection was made.
        code: Option<i64>,
        /// Why, for an operator.
        detail: String,
    },
    /// Nothing is proven: a phone may be ringing. Never dial again for it.
    Unknown {
        /// Where the doubt comes from.
        why: String,
    },
}

impl DialOutcome {
    /// The outcome in one word, for logs and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Placed { .. } => "placed",
            Self::Refused { .. } => "refused",
            Self::NoEffect { .. } => "no_effect",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// A call was not ended, or it is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerminateError {
    /// No answer, or one that proves nothing: send it again.
    #[error("the end of the call was not confirmed: {0}")]
    Unconfirmed(String),
    /// Meta refuses it; sending it again changes nothing.
    #[error("Meta refuses to end the call: code {code}: {detail}")]
    Refused {
        /// What to do about it.
        class: CallErrorClass,
        /// Meta's code.
        code: i64,
        /// Meta's own words, for an operator.
        detail: String,
    },
}

/// The state of a permission could not be read: then nobody is called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermissionLookupError {
    /// Meta refuses the question; asking again changes nothing.
    #[error("Meta refuses to tell the call permission: code {code}: {detail}")]
    Refused {
        /// What to do about it.
        class: CallErrorClass,
        /// Meta's code.
        code: i64,
        /// Meta's own words, for an operator.
        detail: String,
    },
    /// No answer, or none that can be read: ask again.
    #[error("the call permission could not be read: {detail}")]
    Unavailable {
        /// Not before this time has passed.
        after: Option<Duration>,
        /// Why, for an operator.
        detail: String,
    },
}

/// Our media description. It holds passwords: it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SdpOffer(String);

impl SdpOffer {
    /// Takes a description as a media server wrote it, line ends and all: 1 to [`SDP_BYTES_MAX`] bytes.
    pub fn new(sdp: impl Into<String>) -> Result<Self, MessageError> {
        let sdp = sdp.into();
        if sdp.trim().is_empty() {
            return Err(MessageError::Empty { part: "the media description" });
        }
        if sdp.len() > SDP_BYTES_MAX {
            let (part, count) = ("the media description", sdp.len());
            return Err(MessageError::TooLong { part, count, max: SDP_BYTES_MAX });
        }
        Ok(Self(sdp))
    }

    /// The description. Never log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text of somebody else repeats a line of the description.
    pub(crate) fn is_quoted_in(&self, text: &str) -> bool {
        let mut lines = self.0.lines().map(str::trim);
        lines.any(|line| line.len() >= TELLING_LINE_BYTES_MIN && text.contains(line))
    }
}

impl fmt::Debug for SdpOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SdpOffer({} bytes)", self.0.len())
    }
}

/// A call to place, within Meta's limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundCall {
    to: Recipient,
    intent_id: String,
    offer: SdpOffer,
}

impl OutboundCall {
    /// `intent_id` is our own id of this attempt, 1 to [`INTENT_ID_MAX`] characters: Meta returns it with the call's
    /// statuses and its end (`biz_opaque_callback_data`). It alone tells which attempt a call belongs to whose answer
    /// was lost.
    pub fn new(to: Recipient, intent_id: impl Into<String>, offer: SdpOffer) -> Result<Self, MessageError> {
        let intent_id = intent_id.into();
        crate::outbound::length("the intent id", &intent_id, INTENT_ID_MAX)?;
        Ok(Self { to, intent_id, offer })
    }

    /// Who is called.
    pub const fn to(&self) -> &Recipient {
        &self.to
    }

    /// Our own id of this attempt.
    pub fn intent_id(&self) -> &str {
        &self.intent_id
    }

    /// Our media description.
    pub const fn offer(&self) -> &SdpOffer {
        &self.offer
    }

    /// The body of `POST /{phone-number-id}/calls`. It holds the media description: never log it.
    pub fn to_json(&self) -> Value {
        let (to_key, to) = self.to.field();
        let mut body = json!({
            "messaging_product": "whatsapp",
            "action": "connect",
            "session": {"sdp_type": "offer", "sdp": self.offer.as_str()},
            "biz_opaque_callback_data": self.intent_id,
        });
        if let Some(fields) = body.as_object_mut() {
            fields.insert(to_key.to_owned(), json!(to));
        }
        body
    }
}

#[cfg(test)]
mod tests;
