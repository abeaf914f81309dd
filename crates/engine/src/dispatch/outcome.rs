//! The transaction after the wire: what the answer proves.

use std::time::Duration;

use audit::Outcome;
use marketplace::OutboxId;
use meta_client::{SendErrorClass, SendOutcome, error::refuses_template};
use store::{
    Tx, contacts,
    dead_letters::{self, DeadLetterSource, NewDeadLetter},
    outbox::{self, Send, SendState, breaker},
    requests::RequestGuard,
    template_faults,
};
use tools::ToolError;

use super::{backoff, claim};
use crate::{
    consequences::{self, News, meta_reason},
    statuses,
};

/// "This user's country": a policy refusal of one message, not of the number.
const COUNTRY_RESTRICTED: i64 = 130_497;
/// An intent that met a refusal of the whole number is tried again after this; others go first.
const NUMBER_REFUSED_WAIT: Duration = Duration::from_mins(1);

/// What became of an intent on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// Meta took it.
    Accepted,
    /// It had no effect and waits again.
    Retried,
    /// The same, and the whole number must slow down.
    Throttled(Duration),
    /// The same, and the whole number must wait for a person.
    NumberRefused { class: SendErrorClass, code: i64 },
    /// It will not arrive.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// Records an answer, whoever holds the lease by now: it is the truth about this intent. `template` is Meta's code of
/// the language in which it went out as a template.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    id: OutboxId,
    answer: &SendOutcome,
    template: Option<&str>,
) -> Result<Settled, ToolError> {
    let (guard, send) = consequences::take(tx, id)?;
    let guard = guard.as_ref();
    match answer {
        SendOutcome::Accepted { wamid, .. } => {
            if let (Some(language), Some(purpose)) = (template, template_of(&send)) {
                template_faults::works(tx, purpose, language)?;
            }
            let wamid = wamid.as_str();
            let after = consequences::advance(tx, id, SendState::Accepted, None, Some(wamid))?;
            consequences::accepted(tx, guard, &send, after)?;
            consequences::audit_send(tx, guard, &send, "send.accepted", Outcome::Ok, None)?;
            for (state, code, at) in outbox::take_parked(tx, wamid)? {
                statuses::learn(tx, guard, id, News { state, code, at: Some(at) }, None)?;
            }
            Ok(Settled::Accepted)
        }
        SendOutcome::Retry { after, code, .. } => {
            uncount(tx, guard, &send)?;
            let pause = match code {
                Some(_) => backoff::throttled(send.attempts, *after),
                None => after.unwrap_or_default().max(backoff::unconnected(send.attempts)),
            };
            if !try_again(tx, guard, &send, pause)? {
                return Ok(Settled::Failed);
            }
            // The pair's own limit (131056) says nothing about other people.
            let number_is_slow = code.is_some_and(|code| code != 131_056);
            Ok(match after.filter(|_| number_is_slow) {
                Some(after) => Settled::Throttled(after),
                None => Settled::Retried,
            })
        }
        SendOutcome::Refused { class, code, .. } => refused(tx, guard, &send, *class, *code, template),
        SendOutcome::Unknown { why } => {
            // Up to the first colon the words are ours; what Meta or a proxy says may quote the number.
            let why = why.split(':').next().unwrap_or_default();
            tracing::warn!(why, "nobody knows whether a message was sent; it is not sent again");
            doubt(tx, guard, &send, "answer_in_doubt")?;
            Ok(Settled::Unknown)
        }
    }
}

/// The outcome is in doubt: never sent again.
pub(super) fn doubt(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    why: &'static str,
) -> Result<(), ToolError> {
    let state = consequences::advance(tx, send.id, SendState::Unknown, Some(why), None)?;
    if state == SendState::Unknown && send.state != SendState::Unknown {
        consequences::audit_send(tx, guard, send, "send.unknown", Outcome::Unknown, Some(why))?;
    }
    Ok(())
}

/// Queues the same intent again: it is proven to have had no effect. False when its tries or its time are over, or
/// when it counts as unknown already: then it has failed, for nothing unknown is ever sent again.
fn try_again(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    pause: Duration,
) -> Result<bool, ToolError> {
    if send.state == SendState::Unknown {
        consequences::fail(tx, guard, send, "dispatcher_lost")?;
        return Ok(false);
    }
    let at = guard.map_or(tx.now, |guard| guard.now(tx)) + pause;
    if send.attempts >= backoff::ATTEMPTS_MAX || send.not_after.is_some_and(|not_after| at > not_after) {
        consequences::fail(tx, guard, send, "retries_exhausted")?;
        return Ok(false);
    }
    outbox::requeue(tx, send, tx.now + pause)?;
    Ok(true)
}

/// The breaker counts what was sent: this attempt is proven to have had no effect. Before the audit, whose heads are
/// taken last.
fn uncount(tx: &mut Tx<'_>, guard: Option<&RequestGuard>, send: &Send) -> Result<(), ToolError> {
    // News of a message that got through after all outranks the answer.
    if !matches!(send.state, SendState::Sending | SendState::Unknown) {
        return Ok(());
    }
    let Some(sending_at) = send.sending_at else { return Ok(()) };
    let vendor = claim::as_vendor(tx, guard, send)?;
    Ok(breaker::give_back(tx, vendor, sending_at)?)
}

fn refused(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    class: SendErrorClass,
    code: i64,
    template: Option<&str>,
) -> Result<Settled, ToolError> {
    use SendErrorClass as Class;
    let has_template = template_of(send).is_some();
    match (class, template) {
        // It is refused whoever gets it: the same intent goes in English, or waits until a person has repaired it.
        (Class::Template, Some(language)) if refuses_template(code) && send.state == SendState::Sending => {
            uncount(tx, guard, send)?;
            template_refused(tx, guard, send, language, code)?;
            return Ok(Settled::Retried);
        }
        _ => {}
    }
    match class {
        // Refused at once, so nothing was sent: with the window closed the same intent goes as a template.
        Class::Window if has_template && template.is_none() => {
            uncount(tx, guard, send)?;
            let as_of = send.sending_at.unwrap_or(tx.now);
            contacts::close_window(tx, send.contact, &send.phone_number_id, as_of)?;
            consequences::audit_send(
                tx,
                guard,
                send,
                "send.window_closed",
                Outcome::Refused,
                Some(&meta_reason(code)),
            )?;
            let again = try_again(tx, guard, send, Duration::ZERO)?;
            return Ok(if again { Settled::Retried } else { Settled::Failed });
        }
        Class::Token | Class::Policy | Class::Registration if code != COUNTRY_RESTRICTED => {
            uncount(tx, guard, send)?;
            // Tries don't count here: a revoked token must not use up the queue.
            outbox::requeue(tx, send, tx.now + NUMBER_REFUSED_WAIT)?;
            return Ok(Settled::NumberRefused { class, code });
        }
        _ => {}
    }
    // Meta's words are left out: they may quote the number.
    tracing::warn!(class = class.as_str(), code, "Meta refused a message");
    consequences::refused_for_good(tx, guard, send, class)?;
    consequences::fail(tx, guard, send, &meta_reason(code))?;
    Ok(Settled::Failed)
}

/// The purpose of the template that a message is sent as outside the window.
fn template_of(send: &Send) -> Option<&str> {
    send.payload.as_ref()?.template.as_ref().map(|template| template.purpose.as_str())
}

/// Nothing was sent, and nothing is to be until the template works again: the gates hold what needs it. A person
/// hears of it once. Tries don't count here: a paused template must not use up the queue.
fn template_refused(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    language: &str,
    code: i64,
) -> Result<(), ToolError> {
    let Some(purpose) = template_of(send) else { return Ok(()) };
    let reason = meta_reason(code);
    tracing::error!(purpose, language, code, "Meta refuses a template: what needs it waits");
    let is_news = template_faults::refuse(tx, purpose, language, code)?;
    outbox::requeue(tx, send, tx.now)?;
    outbox::set_reason(tx, send.id, &reason)?;
    if is_news {
        dead_letters::insert(
            tx,
            &NewDeadLetter {
                source: DeadLetterSource::Dispatch,
                reference: &format!("{purpose}/{language}/{}", tx.now.as_millis()),
                request: None,
                reason: &reason,
                detail: None,
            },
        )?;
    }
    consequences::audit_send(tx, guard, send, "send.template_refused", Outcome::Refused, Some(&reason))
}
