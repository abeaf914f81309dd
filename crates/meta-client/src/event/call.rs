//! Calls: connecting, ringing, ending.

use std::{fmt, time::Duration};

use marketplace::Timestamp;

use crate::{
    calling::{CallErrorClass, call_error_class},
    error::MetaError,
    identity::{MetaId, WhatsAppUser},
    json,
    open_enum::open_enum,
    webhook::Located,
};

/// An event of a call. Events of one call come in any order; `terminate` may precede `connect`.
///
/// What a reducer may conclude from one event alone: `connect` proves that Meta placed the call and nothing about the
/// person; [`Self::was_answered`] proves that they spoke; [`Self::is_over`] that it is over, for whatever reason
/// [`Self::error_code`] gives; [`Self::answer_in_doubt`] that nobody knows whether they spoke.
#[derive(Debug, Clone, PartialEq)]
pub struct CallEvent {
    /// The call.
    pub wacid: MetaId,
    /// What happened. `connect` is not pick-up: it says that the media tunnel is ready.
    pub kind: CallEventKind,
    /// Who placed it; missing on recordings.
    pub direction: Option<CallDirection>,
    /// The person at the other end, whichever of `from` and `to` names them.
    pub user: Option<WhatsAppUser>,
    /// When, to the second.
    pub at: Option<Timestamp>,
    /// Our own id of the call; promised on `terminate`, seen on `connect`.
    pub intent_id: Option<String>,
    /// The media offer or answer, on `connect`.
    pub session: Option<CallSession>,
    /// How it ended, on `terminate`. `Completed` does not mean that anybody answered.
    pub outcome: Option<CallOutcome>,
    /// When it was picked up.
    pub started_at: Option<Timestamp>,
    /// When it ended, if it was picked up.
    pub ended_at: Option<Timestamp>,
    /// How long people spoke.
    pub duration: Option<Duration>,
    /// What a deep link or a call button carried.
    pub payload: Option<String>,
    /// The recording, where the event announces one.
    pub recording: Option<CallRecording>,
    /// Errors of the call; Meta writes them beside the calls, not inside.
    pub errors: Vec<MetaError>,
}

impl CallEvent {
    /// Somebody picked up: the only proof in an event is a start time or a duration.
    pub fn was_answered(&self) -> bool {
        self.started_at.is_some() || self.duration.is_some_and(|duration| !duration.is_zero())
    }

    /// The call is over. Final: whatever comes after it is late.
    pub fn is_over(&self) -> bool {
        self.kind == CallEventKind::Terminate
    }

    /// Meta itself does not know whether the call was answered (138023). No answer, and no refusal either.
    pub fn answer_in_doubt(&self) -> bool {
        !self.was_answered() && classes(&self.errors).any(|class| class == CallErrorClass::AnsweredInDoubt)
    }

    /// The code of the first error that has one: see [`call_error_class`] for what to do about it.
    pub fn error_code(&self) -> Option<i64> {
        self.errors.iter().find_map(|error| error.code)
    }
}

fn classes(errors: &[MetaError]) -> impl Iterator<Item = CallErrorClass> {
    errors.iter().filter_map(|error| error.code).map(call_error_class)
}

open_enum! {
    /// What happened to a call.
    CallEventKind {
        /// Media can flow.
        Connect = "connect",
        /// It is over.
        Terminate = "terminate",
        /// A recording can be fetched.
        RecordingAvailable = "call_recording_available",
        /// A transcript can be fetched.
        TranscriptionAvailable = "call_transcription_available",
    }
}

open_enum! {
    /// Who placed a call.
    CallDirection {
        /// We did.
        BusinessInitiated = "BUSINESS_INITIATED",
        /// The person did.
        UserInitiated = "USER_INITIATED",
    }
}

open_enum! {
    /// How Meta says a call ended.
    CallOutcome {
        /// It ended in order, answered or not.
        Completed = "COMPLETED",
        /// It broke.
        Failed = "FAILED",
    }
}

/// A media description. It holds passwords: it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct CallSession {
    /// `offer` or `answer`.
    pub sdp_type: String,
    sdp: String,
}

impl CallSession {
    /// The description for a media stack. An answer that says `actpass`, which Meta sends and the standard forbids
    /// (RFC 5763, section 5), says `active` here.
    pub fn sdp(&self) -> String {
        if self.sdp_type.eq_ignore_ascii_case("answer") {
            self.sdp.replace("a=setup:actpass", "a=setup:active")
        } else {
            self.sdp.clone()
        }
    }
}

impl fmt::Debug for CallSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallSession").field("sdp_type", &self.sdp_type).finish_non_exhaustive()
    }
}

/// A recording or transcript to fetch as media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecording {
    /// Media id, good for 7 days.
    pub media_id: String,
    /// Type as Meta says it.
    pub mime_type: Option<String>,
    /// Digest of the content, hexadecimal or base64: Meta's pages show both.
    pub sha256: Option<String>,
}

/// How far one of our calls has come. `Accepted` is pick-up, and comes late or never: the call's end has the proof.
#[derive(Debug, Clone, PartialEq)]
pub struct CallStatusUpdate {
    /// The call.
    pub wacid: MetaId,
    /// How far it is.
    pub status: CallStatus,
    /// When, to the second.
    pub at: Option<Timestamp>,
    /// Who is called.
    pub recipient: Option<WhatsAppUser>,
    /// Our own id of the call.
    pub intent_id: Option<String>,
    /// What went wrong, where Meta says so.
    pub errors: Vec<MetaError>,
}

open_enum! {
    /// The steps of a call that we placed.
    CallStatus {
        /// The phone rings.
        Ringing = "RINGING",
        /// Picked up.
        Accepted = "ACCEPTED",
        /// Declined; a `terminate` follows.
        Rejected = "REJECTED",
    }
}

pub(crate) fn read(located: &Located<'_>) -> Option<CallEvent> {
    let item = located.item?;
    let session = item.get("session").and_then(|session| {
        Some(CallSession {
            sdp_type: json::text(session, "sdp_type").unwrap_or_default(),
            sdp: json::text(session, "sdp")?,
        })
    });
    let recording = ["call_recording", "call_transcription"].into_iter().find_map(|key| {
        let holder = item.get(key)?;
        let media = ["audio", "document"].into_iter().find_map(|kind| holder.get(kind))?;
        Some(CallRecording {
            media_id: json::text(media, "id")?,
            mime_type: json::text(media, "mime_type"),
            sha256: json::text(media, "sha256"),
        })
    });
    let errors_of_call = json::items(item, "errors");
    let errors =
        if errors_of_call.is_empty() { json::items(located.value, "errors") } else { errors_of_call };
    Some(CallEvent {
        wacid: located.id()?,
        kind: CallEventKind::from_wire(&json::text(item, "event").unwrap_or_default()),
        direction: json::text(item, "direction").as_deref().map(CallDirection::from_wire),
        user: located.user(),
        at: located.at(),
        intent_id: json::text(item, "biz_opaque_callback_data"),
        session,
        outcome: json::text_or_first(item, "status").as_deref().map(CallOutcome::from_wire),
        started_at: json::moment(item, "start_time"),
        ended_at: json::moment(item, "end_time"),
        duration: json::integer(item, "duration")
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs),
        payload: json::text(item, "deeplink_payload").or_else(|| json::text(item, "cta_payload")),
        recording,
        errors: MetaError::read_all(errors),
    })
}

pub(crate) fn read_status(located: &Located<'_>) -> Option<CallStatusUpdate> {
    let item = located.item?;
    Some(CallStatusUpdate {
        wacid: located.id()?,
        status: CallStatus::from_wire(&json::text_or_first(item, "status").unwrap_or_default()),
        at: located.at(),
        recipient: located.user(),
        intent_id: json::text(item, "biz_opaque_callback_data"),
        errors: MetaError::read_all(json::items(item, "errors")),
    })
}
