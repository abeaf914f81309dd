//! The document.

use marketplace::{DeadLetterId, NotificationId, RequestId, RequestState, Timestamp};
use serde::Serialize;

/// The version of the document. Fields are added within a version; anything else is another one.
pub const VERSION: u32 = 1;

/// One notification as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// [`VERSION`].
    pub version: u32,
    /// The same at every attempt.
    pub id: NotificationId,
    /// What happened: `request.escalated`, `request.error` or `dead_letter`.
    pub r#type: String,
    /// When it happened.
    pub at: Timestamp,
    /// The request, when it is about one.
    pub request_id: Option<RequestId>,
    /// The request's state then.
    pub state: Option<RequestState>,
    /// Why: a closed code.
    pub reason: String,
    /// Of a dead letter: its id …
    pub dead_letter_id: Option<DeadLetterId>,
    /// … and where the work stopped.
    pub source: Option<String>,
}
