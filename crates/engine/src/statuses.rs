//! Statuses of messages we sent: forward only, in whatever order, however often, before or after the answer.

use audit::Outcome;
use marketplace::OutboxId;
use meta_client::{
    Reading, SendErrorClass,
    error::reading,
    event::{DeliveryStatus, StatusUpdate},
};
use store::{
    Tx,
    outbox::{self, Send, SendState},
    requests::RequestGuard,
};
use tools::ToolError;

use crate::consequences::{self, News, meta_reason};

/// What became of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusOutcome {
    /// The intent is in this state now, which may be the one it was in.
    Applied(OutboxId, SendState),
    /// The message is not known yet: kept until the answer to its send names it.
    Parked,
    /// Nothing to do for it; the code says why.
    Ignored(&'static str),
}

/// Applies a status in the caller's transaction, which holds no request's row yet or holds the intent's own.
///
/// Our intent id is the proof of which send it was; without it the Meta id decides. A text in its place that is
/// no intent of ours is ignored.
pub fn apply_status(tx: &mut Tx<'_>, update: &StatusUpdate) -> Result<StatusOutcome, ToolError> {
    let Some(state) = state_of(&update.status) else { return Ok(StatusOutcome::Ignored("unknown_status")) };
    let code = update.errors.iter().find_map(|error| error.code);
    let news = News { state, code, at: update.at };
    let wamid = update.wamid.as_str();
    let named = update.intent_id.as_deref().and_then(|text| text.parse::<OutboxId>().ok());
    let known = match named {
        Some(id) if outbox::exists(tx, id)? => Some(id),
        _ => outbox::find_by_wamid(tx, wamid)?,
    };
    let Some(id) = known else { return park(tx, update, news) };
    let (guard, send) = consequences::take(tx, id)?;
    match attempt_of(tx, &send, news, wamid)? {
        Attempt::This => {
            let state = learn(tx, guard.as_ref(), id, news, Some(wamid))?;
            Ok(StatusOutcome::Applied(id, state))
        }
        Attempt::Earlier => Ok(StatusOutcome::Ignored("earlier_attempt")),
        Attempt::Unclear => park(tx, update, news),
    }
}

fn park(tx: &mut Tx<'_>, update: &StatusUpdate, news: News) -> Result<StatusOutcome, ToolError> {
    let at = update.at.unwrap_or(tx.now);
    outbox::park_status(tx, update.wamid.as_str(), news.state, news.code, at)?;
    Ok(StatusOutcome::Parked)
}

/// Which attempt at an intent a status speaks of.
enum Attempt {
    This,
    Earlier,
    /// The answer of the one on the wire will tell.
    Unclear,
}

/// An intent that Meta refused is sent again under the same id, and Meta may report the refusal a second time as
/// a status: that failure must not end the later attempt.
fn attempt_of(tx: &mut Tx<'_>, send: &Send, news: News, wamid: &str) -> Result<Attempt, ToolError> {
    if news.state != SendState::Failed || outbox::find_by_wamid(tx, wamid)? == Some(send.id) {
        return Ok(Attempt::This);
    }
    Ok(match send.state {
        SendState::Queued => Attempt::Earlier,
        state if state.is_accepted() => Attempt::Earlier,
        SendState::Sending if send.attempts > 1 => Attempt::Unclear,
        _ => Attempt::This,
    })
}

/// Moves an intent by news of it and draws the consequences. The caller has taken its rows.
pub(crate) fn learn(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    id: OutboxId,
    news: News,
    wamid: Option<&str>,
) -> Result<SendState, ToolError> {
    let before = outbox::lock(tx, id)?;
    let reason = news.code.map_or_else(|| "meta_failed".to_owned(), meta_reason);
    let failed = news.state == SendState::Failed;
    let after = consequences::advance(tx, id, news.state, failed.then_some(reason.as_str()), wamid)?;
    if let Some(at) = news.at {
        outbox::note_time(tx, id, news.state, at)?;
    }
    if after == before.state {
        return Ok(after);
    }
    consequences::accepted(tx, guard, &before, after)?;
    if after == SendState::Failed {
        consequences::refused_for_good(tx, guard, &before, class_of(news.code))?;
        consequences::failed(tx, guard, &before, &reason)?;
    } else if before.state == SendState::Unknown {
        consequences::audit_send(tx, guard, &before, "send.settled", Outcome::Ok, None)?;
    }
    Ok(after)
}

fn class_of(code: Option<i64>) -> SendErrorClass {
    match code.and_then(reading) {
        Some(Reading::Refused(class)) => class,
        Some(Reading::Throttled(_) | Reading::Doubt) | None => SendErrorClass::Unknown,
    }
}

const fn state_of(status: &DeliveryStatus) -> Option<SendState> {
    Some(match status {
        DeliveryStatus::Sent => SendState::Sent,
        DeliveryStatus::Delivered => SendState::Delivered,
        DeliveryStatus::Read => SendState::Read,
        DeliveryStatus::Played => SendState::Played,
        DeliveryStatus::Failed => SendState::Failed,
        _ => return None,
    })
}
