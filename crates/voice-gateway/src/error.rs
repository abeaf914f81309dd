//! Why the gateway did not do it.

use crate::{http::ANSWER_BYTES_MAX, port::SDP_BYTES_MAX};

/// Why the gateway did not do it, or is not known to have.
///
/// Carries no word of the other side: a media description, an address of the media or a secret is never in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VoiceError {
    /// It is away or overloaded. Trying again may help and is always allowed.
    #[error("the voice gateway is unavailable: {0}")]
    Unavailable(Outage),
    /// It said no. Trying again changes nothing.
    #[error("the voice gateway refuses: {0}")]
    Refused(Refusal),
    /// What answered does not speak the protocol. Trying again changes nothing until an operator looks.
    #[error("the voice gateway's answer is not of its protocol: {0}")]
    Unreadable(Misreading),
}

/// What makes the gateway unavailable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// Nothing was sent: refused, name not found, TLS not agreed, or not connected in time.
    #[error("no connection: {why}")]
    NoConnection {
        /// What our own side says of it, for an operator.
        why: String,
    },
    /// The time limit passed before the answer's last byte.
    #[error("no answer in time")]
    Late,
    /// The connection broke, or HTTP was not spoken on it.
    #[error("the connection broke: {why}")]
    Broken {
        /// What our own side says of it, for an operator.
        why: String,
    },
    /// 408, 429 or 5xx: no capacity, or trouble of its own.
    #[error("HTTP {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
}

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 401 or 403: our token is missing or wrong.
    #[error("our token is not accepted (HTTP {status})")]
    Token {
        /// The HTTP status.
        status: u16,
    },
    /// 404 or 410 for a session, 410 for an attempt: it is over, or the gateway has forgotten it.
    #[error("the session is gone (HTTP {status})")]
    SessionGone {
        /// The HTTP status.
        status: u16,
    },
    /// Any other 4xx.
    #[error("HTTP {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The answer to hand over is blank or longer than [`SDP_BYTES_MAX`]; nothing was sent.
    #[error("the media description does not have 1 to {SDP_BYTES_MAX} bytes")]
    Description,
}

/// What could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misreading {
    /// A status that the protocol does not know: a redirect, or another success than the one promised.
    #[error("HTTP {status} is not expected")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The body is longer than any offer can be; reading stopped.
    #[error("it has more than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// The body is no JSON object with `session`, `sdp_type` and `sdp` in it.
    #[error("it is not the JSON of an offer")]
    Form,
    /// The session id has characters or a length that no id has.
    #[error("the session id is none")]
    Session,
    /// `sdp_type` is not `offer`.
    #[error("the media description is not an offer")]
    NotAnOffer,
    /// The description does not begin with `v=0`, or is longer than [`SDP_BYTES_MAX`].
    #[error("the media description is none, or has more than {SDP_BYTES_MAX} bytes")]
    Description,
}

impl VoiceError {
    /// A stable code for the journal, the audit record and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(Outage::NoConnection { .. }) => "no_connection",
            Self::Unavailable(Outage::Late) => "deadline_exceeded",
            Self::Unavailable(Outage::Broken { .. }) => "connection_lost",
            Self::Unavailable(Outage::Status { .. }) => "unavailable",
            Self::Refused(Refusal::Token { .. }) => "unauthorized",
            Self::Refused(Refusal::SessionGone { .. }) => "session_gone",
            Self::Refused(Refusal::Status { .. }) => "refused",
            Self::Refused(Refusal::Description) => "description_unusable",
            Self::Unreadable(_) => "answer_unreadable",
        }
    }

    /// Whether the same request may do better a moment later.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
