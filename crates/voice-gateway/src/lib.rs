//! The voice leg of a call: where our media description comes from, and where the callee's goes to.
//!
//! Concierge has no media stack. A media server speaks with Meta's relays; this crate asks it for an offer, hands it
//! the answer, and tells it to hang up. That is all of [`VoiceGateway`]. [`HttpVoiceGateway`] does it over the small
//! protocol of `docs/calling/voice-gateway.md`, which `voice-simulator` speaks from the other side.
//!
//! Every request may be repeated: an attempt has one session however often it is offered, and a session is answered
//! and hung up once. So after a crash or a lost answer the same request is sent again, and nothing is left behind.
//!
//! A media description holds addresses and passwords. It is never printed, logged or quoted in an error.

mod error;
mod http;
mod port;
mod session;

pub use error::{Misreading, Outage, Refusal, VoiceError};
pub use http::{ANSWER_BYTES_MAX, BuildError, HttpVoiceGateway, TIMEOUT_MAX, VoiceGatewayConfig};
pub use port::{Offer, SDP_BYTES_MAX, VoiceGateway};
pub use session::{BadVoiceSessionId, VoiceSessionId};

#[cfg(test)]
mod tests;
