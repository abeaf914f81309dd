//! What Meta says about calls: each event finds its attempt and is applied, in whatever order they come and however
//! often. As it came it is kept beside the attempt.
//!
//! Our own id of the attempt, which Meta echoes, is the proof of which call it was; without it Meta's id of the call
//! decides. An event of a call that nobody knows waits for the answer to a dial.

use std::fmt;

use audit::Outcome;
use calling_policy::{ACCEPTED_WITHOUT_MEDIA, AttemptEvent, Noted, Terminated};
use marketplace::{CallAttemptId, ContactId, DataKeyId, PhoneNumberId, Timestamp};
use serde_json::json;
use store::{
    Tx,
    calls::{self, CallAttempt, NewCallEvent},
    contacts::{self, Identity},
    requests::{self, RequestGuard},
};

use super::attempts;
use crate::{AuditEntry, Caller, ToolError, record_system};

/// A connection with Meta's media answer in it. Of several the first counts.
const CONNECT: &str = "connect";

/// What Meta said about one call.
#[derive(Clone)]
pub struct CallNews {
    /// Meta's id of the call. Personal data.
    pub wacid: String,
    /// Our own id of the call as Meta echoed it; whatever stands there.
    pub intent_id: Option<String>,
    /// What happened.
    pub kind: NewsKind,
    /// When, by Meta's clock.
    pub at: Option<Timestamp>,
    /// The person at the other end, by what Meta names them.
    pub user: Vec<Identity>,
    /// Meta's media answer, on a connection. Holds passwords.
    pub sdp_answer: Option<String>,
    /// Whether the person placed the call: then it is none of ours.
    pub is_theirs: bool,
}

/// Says what happened, never to whom.
impl fmt::Debug for CallNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallNews").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What happened to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewsKind {
    /// Media can flow; nobody picked up.
    Connect,
    /// The phone rings.
    Ringing,
    /// Picked up.
    Accepted,
    /// Declined.
    Rejected,
    /// Over.
    Terminated(Terminated),
    /// Nothing that moves a call: a recording, a word that nobody knows.
    Other,
}

impl NewsKind {
    const fn event(self) -> Option<AttemptEvent> {
        Some(match self {
            Self::Connect => AttemptEvent::Connect,
            Self::Ringing => AttemptEvent::Ringing,
            Self::Accepted => AttemptEvent::Accepted,
            Self::Rejected => AttemptEvent::Rejected,
            Self::Terminated(end) => AttemptEvent::Terminated(end),
            Self::Other => return None,
        })
    }

    const fn code(self, has_answer: bool) -> &'static str {
        match self {
            Self::Connect if has_answer => CONNECT,
            Self::Connect => "connect_without_media",
            Self::Ringing | Self::Accepted | Self::Rejected => "status",
            Self::Terminated(_) => "terminate",
            Self::Other => "other",
        }
    }
}

/// The event that brought the news.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The key it was sealed with when it came.
    pub data_key: DataKeyId,
    /// Our number that it came in on.
    pub number: &'a PhoneNumberId,
    /// As it came, JSON.
    pub payload: &'a str,
    /// When it was stored.
    pub at: Timestamp,
}

/// What became of the news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was applied to this attempt to call this person; it may have changed nothing.
    Applied(CallAttemptId, ContactId),
    /// The call is not known yet: kept until the answer to its dial names it.
    Parked,
    /// Kept, without effect; the code says why.
    Ignored(&'static str),
}

/// Applies news of a call in the caller's transaction, which holds no request's row.
///
/// # Errors
/// When the store fails; nothing took effect then.
pub fn call_status_webhook(
    tx: &mut Tx<'_>,
    received: Received<'_>,
    news: &CallNews,
) -> Result<CallOutcome, ToolError> {
    if news.is_theirs {
        keep(tx, received, news, None)?;
        if news.kind == NewsKind::Connect {
            they_called(tx, received, news)?;
        }
        return Ok(CallOutcome::Ignored("call_of_theirs"));
    }
    let Some(id) = find(tx, received.number, news)? else {
        keep(tx, received, news, None)?;
        return Ok(CallOutcome::Parked);
    };
    let (guard, mut known) = take(tx, id)?;
    if calls::find_by_wacid(tx, &news.wacid)?.is_some_and(|owner| owner != id) {
        // Kept as what moves nothing, and not for the other call to take.
        keep(tx, received, &CallNews { kind: NewsKind::Other, ..news.clone() }, Some(&known))?;
        return Ok(CallOutcome::Ignored("wacid_of_another"));
    }
    let is_first = is_first_answer(tx, id, news)?;
    keep(tx, received, news, Some(&known))?;
    learn(tx, &guard, &mut known, news, received.at, is_first)?;
    Ok(CallOutcome::Applied(id, known.contact))
}

/// Takes the rows of an attempt in the one order: request, people, attempt. The client's row too: a STOP of theirs
/// that commits first is seen, whoever is called.
///
/// # Errors
/// [`store::StoreError::NotFound`] when there is no such attempt.
pub fn take(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<(RequestGuard, CallAttempt), ToolError> {
    let known = calls::load(tx, id)?;
    tracing::Span::current().record("request", tracing::field::display(known.request));
    let guard = requests::lock(tx, known.request)?;
    let mut people = [guard.request().client, known.contact];
    people.sort_unstable();
    for person in people {
        contacts::lock(tx, person)?;
    }
    Ok((guard, calls::lock(tx, id)?))
}

/// Learns Meta's id of a call and applies the events that waited for it. `read` reads an event as it was kept.
///
/// The caller has taken the rows with [`take`]. May be called again at any time: an event that was being kept while
/// the answer to the dial was recorded is found then.
///
/// # Errors
/// When the store fails.
pub fn absorb(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &mut CallAttempt,
    wacid: &str,
    read: impl Fn(&str) -> Option<CallNews>,
) -> Result<(), ToolError> {
    let events = calls::events_of(tx, known.id)?;
    let mut answered = events.iter().any(|event| event.kind == CONNECT);
    for event in calls::take_waiting(tx, &known.phone_number_id, wacid, known.id)? {
        let Some(news) = event.payload.as_deref().and_then(&read).filter(|news| !news.is_theirs) else {
            continue;
        };
        let is_first = news.sdp_answer.is_some() && !answered;
        answered |= is_first;
        learn(tx, guard, known, &news, event.received_at, is_first)?;
    }
    Ok(())
}

/// Learns Meta's id of a call; false when it has another one, or the id is another call's. A call that had to end
/// before it could be named is ended now. The caller has taken the rows.
///
/// # Errors
/// When the store fails.
pub fn learn_name(tx: &mut Tx<'_>, known: &mut CallAttempt, wacid: &str) -> Result<bool, ToolError> {
    if !calls::learn_wacid(tx, known.id, wacid)? {
        return Ok(false);
    }
    let is_first = known.wacid.replace(wacid.to_owned()).is_none();
    let is_owed = known.attempt.terminate_is_asked() && known.attempt.may_be_alive();
    if is_first && is_owed && known.terminate_at.is_none() {
        calls::set_terminate(tx, known.id, Some(tx.now), 0)?;
    }
    Ok(true)
}

fn find(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    news: &CallNews,
) -> Result<Option<CallAttemptId>, ToolError> {
    let named = news.intent_id.as_deref().and_then(|text| text.parse::<CallAttemptId>().ok());
    let named = match named {
        Some(id) if calls::exists(tx, id)? => Some(id),
        _ => calls::find_by_wacid(tx, &news.wacid)?,
    };
    // A call of another number of ours is another call, whatever it carries.
    Ok(match named {
        Some(id) if calls::load(tx, id)?.phone_number_id == *number => Some(id),
        _ => None,
    })
}

/// Whether Meta's media answer comes for the first time: one that came twice is handed over once.
fn is_first_answer(tx: &mut Tx<'_>, id: CallAttemptId, news: &CallNews) -> Result<bool, ToolError> {
    if news.sdp_answer.is_none() {
        return Ok(false);
    }
    Ok(!calls::events_of(tx, id)?.iter().any(|event| event.kind == CONNECT))
}

fn keep(
    tx: &mut Tx<'_>,
    received: Received<'_>,
    news: &CallNews,
    known: Option<&CallAttempt>,
) -> Result<(), ToolError> {
    let contact = match known {
        Some(known) => Some(known.contact),
        None => contacts::find(tx, &news.user)?,
    };
    let event = NewCallEvent {
        attempt: known.map(|known| known.id),
        number: received.number,
        contact,
        data_key: received.data_key,
        wacid: &news.wacid,
        kind: news.kind.code(news.sdp_answer.is_some()),
        payload: received.payload,
        at: news.at.unwrap_or(received.at),
    };
    Ok(calls::keep_event(tx, &event)?)
}

fn learn(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    known: &mut CallAttempt,
    news: &CallNews,
    received_at: Timestamp,
    is_first_answer: bool,
) -> Result<Noted, ToolError> {
    learn_name(tx, known, &news.wacid)?;
    if is_first_answer && known.attempt.is_live() {
        calls::set_sdp_answer(tx, known.id, news.sdp_answer.as_deref())?;
    }
    let Some(event) = news.kind.event() else {
        return Ok(Noted::Ignored(calling_policy::Ignored::Unclear));
    };
    // A clock of Meta's that runs ahead of ours dates nothing into the future.
    let at = news.at.unwrap_or(received_at).min(guard.now(tx));
    if let Some(picked_up) = picked_up_at(known, news.kind, at) {
        contacts::open_window(tx, known.contact, &known.phone_number_id, picked_up.min(tx.now))?;
    }
    attempts::apply(tx, guard, known, event, at, &Caller::system("router"))
}

/// When the person took our call, which opens their 24-hour window as a message of theirs would. The end of a call
/// that people talked on proves only that it was taken after the dial.
fn picked_up_at(known: &CallAttempt, kind: NewsKind, at: Timestamp) -> Option<Timestamp> {
    match kind {
        NewsKind::Accepted => Some(at),
        NewsKind::Terminated(end) if end.talked && end.error != Some(ACCEPTED_WITHOUT_MEDIA) => {
            known.attempt.dialled_at()
        }
        _ => None,
    }
}

/// Somebody calls us: nobody picks up, but their 24-hour window opens as if they had written (Meta's rule). A caller
/// whom we don't know, or who was erased, stays unknown.
fn they_called(tx: &mut Tx<'_>, received: Received<'_>, news: &CallNews) -> Result<(), ToolError> {
    let Some(caller) = contacts::find(tx, &news.user)? else { return Ok(()) };
    contacts::lock(tx, caller)?;
    let caller = contacts::load(tx, caller)?;
    if caller.erased_at.is_some() {
        return Ok(());
    }
    let at = news.at.unwrap_or(received.at).min(tx.now);
    contacts::open_window(tx, caller.id, received.number, at)?;
    let payload = json!({ "contact_id": caller.id, "called_at": at });
    let entry = AuditEntry::new(Caller::system("router").actor, "call.missed", payload)
        .with_outcome(Outcome::Ok, ["call_of_theirs".to_owned()])
        .sealed_by([caller.data_key]);
    record_system(tx, entry)
}
