//! How long a message is worth sending: what is held longer (the kill switch, a breaker, an outage) is cancelled
//! `stale` instead of reaching somebody who no longer knows what it is about.

use std::time::Duration;

use store::outbox::Purpose;

use crate::HANDOFF_CLOSES_AFTER;

/// A question, an answer or a shortlist to the client: the window in which they may still be waiting for it.
pub const CLIENT_MESSAGE: Duration = Duration::from_hours(24);
/// A further message to a vendor.
pub const VENDOR_MESSAGE: Duration = Duration::from_hours(24);
/// The two contact messages: as long as the request is open after the handoff. Later the deal they speak of may be
/// done or dead, and a name and a number would go out for nothing. Both become dead letters: a person hands over.
pub const HANDOFF: Duration = HANDOFF_CLOSES_AFTER;
/// A question whether we may call: as long as an answer to it would count.
pub const CONSENT_PROMPT: Duration = calling_policy::limits::PROMPT_LASTS;
/// The confirmation of STOP or START, "which request do you mean?": the answer to what was just written.
pub const NOTICE: Duration = Duration::from_hours(1);

/// How long a message of this purpose is worth sending; `None`: an inquiry is, until its batch's deadline.
pub const fn of(purpose: Purpose) -> Option<Duration> {
    match purpose {
        // A farewell is a message to the client, marked by the step that escalates or closes.
        Purpose::ClientMessage | Purpose::Shortlist | Purpose::Farewell => Some(CLIENT_MESSAGE),
        Purpose::VendorMessage => Some(VENDOR_MESSAGE),
        Purpose::Handoff => Some(HANDOFF),
        Purpose::ConsentPrompt | Purpose::PermissionCard => Some(CONSENT_PROMPT),
        Purpose::Notice | Purpose::StopConfirmation => Some(NOTICE),
        Purpose::VendorInquiry => None,
    }
}
