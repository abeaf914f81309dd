//! Meta's events of calls, as the tools understand them, and Meta's pauses of our numbers.

use audit::Outcome;
use calling_policy::{ACCEPTED_WITHOUT_MEDIA, Terminated};
use marketplace::{EventId, PhoneNumberId};
use meta_client::{
    WhatsAppUser,
    event::{
        self, AccountUpdate, CallDirection, CallEvent, CallEventKind, CallStatus, CallStatusUpdate, Event,
        RestrictionKind,
    },
};
use serde_json::json;
use store::{
    Tx, calls,
    contacts::{self, Identity},
};
use tools::{
    AuditEntry, Caller, ToolError,
    calling::{
        attempts::RESTRICTION_LASTS,
        call_status_webhook::{CallNews, NewsKind},
    },
    record_system,
};

/// Reads an event of a call as it was kept; `None` for what is none.
pub(crate) fn read_kept(payload: &str) -> Option<CallNews> {
    match event::parse(&serde_json::from_str(payload).ok()?) {
        Event::Call(call) => Some(of_event(&call)),
        Event::CallStatus(status) => Some(of_status(&status)),
        _ => None,
    }
}

/// A call connects, ends, or has something to fetch.
pub(crate) fn of_event(call: &CallEvent) -> CallNews {
    let kind = match call.kind {
        CallEventKind::Connect => NewsKind::Connect,
        CallEventKind::Terminate => NewsKind::Terminated(ended(call)),
        _ => NewsKind::Other,
    };
    // What is an offer of theirs is no answer to ours.
    let answer = call.session.as_ref().filter(|session| !session.sdp_type.eq_ignore_ascii_case("offer"));
    CallNews {
        wacid: call.wacid.as_str().to_owned(),
        intent_id: call.intent_id.clone(),
        kind,
        at: call.at,
        user: identities(call.user.as_ref()),
        sdp_answer: answer.filter(|_| kind == NewsKind::Connect).map(event::CallSession::sdp),
        is_theirs: call.direction == Some(CallDirection::UserInitiated),
    }
}

/// It rings, was picked up, or declined.
pub(crate) fn of_status(status: &CallStatusUpdate) -> CallNews {
    let kind = match status.status {
        CallStatus::Ringing => NewsKind::Ringing,
        CallStatus::Accepted => NewsKind::Accepted,
        CallStatus::Rejected => NewsKind::Rejected,
        _ => NewsKind::Other,
    };
    CallNews {
        wacid: status.wacid.as_str().to_owned(),
        intent_id: status.intent_id.clone(),
        kind,
        at: status.at,
        user: identities(status.recipient.as_ref()),
        sdp_answer: None,
        is_theirs: false,
    }
}

/// Of several codes the one that is the doubt itself counts, else the first.
fn ended(call: &CallEvent) -> Terminated {
    let codes = || call.errors.iter().filter_map(|error| u32::try_from(error.code?).ok());
    Terminated {
        talked: call.was_answered(),
        failed: call.outcome == Some(event::CallOutcome::Failed),
        error: codes().find(|code| *code == ACCEPTED_WITHOUT_MEDIA).or_else(|| codes().next()),
    }
}

fn identities(user: Option<&WhatsAppUser>) -> Vec<Identity> {
    user.map(|user| contacts::candidates(user.bsuid.as_ref(), user.wa_id.as_ref())).unwrap_or_default()
}

/// Meta pauses the calls that we place: no number of ours calls until the pause ends. Meta restricts accounts and
/// names no number by its id, so all numbers pause. False when the news restricts no such thing.
pub(crate) fn restrict(
    tx: &mut Tx<'_>,
    numbers: &[PhoneNumberId],
    event: EventId,
    news: &AccountUpdate,
) -> Result<bool, ToolError> {
    if !news.forbids_outbound_calls() {
        return Ok(false);
    }
    let of_our_calls = news.restrictions.iter().filter(|restriction| {
        matches!(restriction.kind, RestrictionKind::BusinessInitiatedCalling | RestrictionKind::AllCalling)
    });
    // Of several the longest; one without an end lasts as long as Meta's pauses do.
    let ends = of_our_calls.map(|restriction| restriction.expires_at.unwrap_or(tx.now + RESTRICTION_LASTS));
    let until = ends.max().unwrap_or(tx.now + RESTRICTION_LASTS);
    for number in numbers {
        calls::restrict(tx, number, until, "account_restriction")?;
    }
    tracing::error!(until = %until, "Meta paused calls from this account: nobody is called or asked until then");
    let entry =
        AuditEntry::new(Caller::system("router").actor, "calls.restricted", json!({ "until": until }))
            .with_outcome(Outcome::Ok, ["account_restriction".to_owned()])
            .caused_by(event);
    record_system(tx, entry)?;
    Ok(true)
}
