//! What Concierge needs of a media server.

use std::fmt;

use async_trait::async_trait;
use marketplace::CallAttemptId;

use crate::{error::VoiceError, session::VoiceSessionId};

/// Longest media description taken in either direction, in bytes: real ones have a few thousand.
pub const SDP_BYTES_MAX: usize = 64 * 1024;

/// A media server, as Concierge sees it. Every request may be repeated freely, see each.
///
/// The order for one attempt is `offer`, `answer`, `hang_up`; the last may come at any time after the first. What
/// happens to the media in between is the gateway's affair, and what happens to the call is told by Meta.
#[async_trait]
pub trait VoiceGateway: Send + Sync {
    /// Prepares media for one call attempt and gives the description to dial with.
    ///
    /// The attempt is the idempotency key: asked again, the gateway gives the same session and the same description,
    /// and once the session is over it refuses ([`Refusal::SessionGone`](crate::Refusal::SessionGone)).
    ///
    /// # Errors
    /// [`VoiceError`]. Nothing has been dialled, so in no case is anybody's phone ringing.
    async fn offer(&self, attempt: CallAttemptId) -> Result<Offer, VoiceError>;

    /// Hands over the description that Meta answered with, 1 to [`SDP_BYTES_MAX`] bytes, as Meta wrote it.
    ///
    /// Has to arrive within 20 s of the call's connection, or Meta ends the call for want of media. The same
    /// description again is a success; another one for the same session is refused.
    ///
    /// # Errors
    /// [`VoiceError`]. [`Refusal::SessionGone`](crate::Refusal::SessionGone) when the session is over or never was.
    async fn answer(&self, session: &VoiceSessionId, sdp: &str) -> Result<(), VoiceError>;

    /// Ends the session and frees what it holds. A session that is over, or never was, is a success.
    ///
    /// The call itself is ended at Meta; this only stops our media.
    ///
    /// # Errors
    /// [`VoiceError`]. A gateway that was not reached gives the session up by itself in the end.
    async fn hang_up(&self, session: &VoiceSessionId) -> Result<(), VoiceError>;
}

/// Media prepared for one call attempt.
#[derive(Clone, PartialEq, Eq)]
pub struct Offer {
    /// Names the media from now on.
    pub session: VoiceSessionId,
    /// Our media description, 1 to [`SDP_BYTES_MAX`] bytes, line ends and all. It holds passwords: never log it.
    pub sdp: String,
}

/// Says how long the description is, never what it says.
impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Offer({}, {} bytes)", self.session, self.sdp.len())
    }
}
