//! The gates, on the rows as they are at the moment of sending.

use std::time::Duration;

use conversation::{ButtonId, Sentence, catalogue};
use marketplace::{ActorKind, Language, RequestState};
use meta_client::{
    OutboundMessage, Recipient,
    outbound::{BUTTON_BODY_MAX, Button, Content},
};
use store::{
    Tx,
    contacts::{self, Contact},
    flags, messages,
    outbox::{
        Purpose, Send, SendPayload, TemplateUse,
        breaker::{self, Scope},
    },
    requests::{Request, RequestGuard},
    template_faults,
};
use tools::ToolError;

use super::claim::Claiming;
use crate::templates::{self, TemplateCatalogue};

/// How soon an intent is looked at again while the switch is off.
const SWITCH_WAIT: Duration = Duration::from_secs(1);
/// How soon what is for one vendor is looked at again while that vendor's breaker is open; closing it makes it due.
const BREAKER_WAIT: Duration = Duration::from_mins(1);
/// How soon an intent is looked at again when its recipient has just written.
const UNROUTED_WAIT: Duration = Duration::from_millis(250);
/// The time in which it was worth anything is over.
pub(super) const STALE: &str = "stale";

/// What the gates say.
pub(super) enum Verdict {
    /// Send this.
    Go(Box<OutboundMessage>),
    /// Not before this time has passed.
    Wait(Duration),
    /// The same, because Meta refuses the template that it needs: the code says how.
    NoTemplate(Duration, i64),
    /// Never, for this reason.
    Never(&'static str),
    /// Another process sends for this number now.
    LeaseLost,
}

pub(super) fn judge(
    tx: &mut Tx<'_>,
    claiming: &Claiming,
    guard: Option<&RequestGuard>,
    contact: &Contact,
    send: &Send,
) -> Result<Verdict, ToolError> {
    // An unreadable switch ends the transaction with an error: nothing is sent.
    let flags = flags::load(tx.conn)?;
    if !flags.outbound {
        return Ok(Verdict::Wait(SWITCH_WAIT));
    }
    if asks_for_consent(send) && !(claiming.policy.calling && flags.calling) {
        return Ok(Verdict::Never("calling_disabled"));
    }
    if let Some(scope) = breaker::held_by(tx, contact.id)? {
        return Ok(Verdict::Wait(pause_of(scope)));
    }
    if !claiming.term.is_held(tx)? {
        return Ok(Verdict::LeaseLost);
    }
    if let Err(wait) = claiming.bucket {
        return Ok(Verdict::Wait(wait));
    }
    if let Some(reason) = never(tx, guard, contact, send) {
        return Ok(Verdict::Never(reason));
    }
    if contacts::has_unrouted_event(tx, contact.id)? {
        return Ok(Verdict::Wait(UNROUTED_WAIT));
    }
    let Some(payload) = &send.payload else { return Ok(Verdict::Never("erased")) };
    let window_is_open = contacts::window_is_open(tx, contact.id, &send.phone_number_id)?;
    let language = guard
        .map(RequestGuard::request)
        .filter(|request| request.client == contact.id)
        .map_or(contact.language, |request| request.language);
    let content = if window_is_open {
        free_form(send.purpose, payload)
    } else {
        match as_template(tx, &claiming.templates, payload, language)? {
            Ok(content) => content,
            Err(verdict) => return Ok(verdict),
        }
    };
    let to = match (&contact.phone, &contact.bsuid) {
        (Some(phone), _) => Recipient::Phone(phone.clone()),
        (None, Some(bsuid)) => Recipient::Bsuid(bsuid.clone()),
        (None, None) => return Ok(Verdict::Never("no_address")),
    };
    let quoted = match payload.reply_to {
        Some(message) => messages::wamid(tx, message)?.map(Into::into),
        None => None,
    };
    Ok(match OutboundMessage::new(to, send.id.to_string(), quoted, content) {
        Ok(message) => Verdict::Go(Box::new(message)),
        Err(fault) => {
            tracing::error!(%fault, "a queued message is not within Meta's limits");
            Verdict::Never("not_sendable")
        }
    })
}

/// Whether it asks if we may call.
const fn asks_for_consent(send: &Send) -> bool {
    matches!(send.purpose, Purpose::ConsentPrompt | Purpose::PermissionCard)
}

/// How long an open breaker, or the kill switch, lets an intent wait.
pub(super) const fn pause_of(scope: Scope) -> Duration {
    match scope {
        Scope::Product => SWITCH_WAIT,
        Scope::Vendor(_) => BREAKER_WAIT,
    }
}

/// Why an intent is never sent, whatever holds it now.
pub(super) fn never(
    tx: &Tx<'_>,
    guard: Option<&RequestGuard>,
    contact: &Contact,
    send: &Send,
) -> Option<&'static str> {
    // Before everything that could wait: what is left of an erased person is not kept in the queue.
    if contact.erased_at.is_some() {
        return Some("erased");
    }
    if contact.opted_out_at.is_some() && send.purpose != Purpose::StopConfirmation {
        return Some("opted_out");
    }
    if let Some(reason) = guard.and_then(|guard| refused_by_request(guard.request(), send)) {
        return Some(reason);
    }
    let now = guard.map_or(tx.now, |guard| guard.now(tx));
    send.not_after.is_some_and(|not_after| now > not_after).then_some(STALE)
}

/// Whether the request, as it is now, still lets this message out.
///
/// The epoch alone tells a message of the bot from before a takeover: none can be queued under human control.
fn refused_by_request(request: &Request, send: &Send) -> Option<&'static str> {
    match send.purpose {
        Purpose::Notice | Purpose::StopConfirmation => return None,
        Purpose::Farewell if request.state != RequestState::HandedOff => return None,
        _ => {}
    }
    if send.control_epoch != request.control_epoch && send.author != ActorKind::Human {
        return Some("control_changed");
    }
    if asks_for_consent(send) && request.prescription {
        return Some("prescription");
    }
    match request.state {
        RequestState::Closed => Some("request_closed"),
        RequestState::HandedOff if send.purpose != Purpose::Handoff => Some("handed_off"),
        _ => None,
    }
}

/// Meta's card, or text, with its buttons where they fit: above buttons Meta takes a shorter text, and words can be answered in
/// words.
fn free_form(purpose: Purpose, payload: &SendPayload) -> Content {
    let body = payload.body.clone();
    if purpose == Purpose::PermissionCard {
        return Content::CallPermissionRequest { body };
    }
    let buttons: Vec<Button> =
        payload.buttons.iter().map(|(id, title)| Button { id: id.clone(), title: title.clone() }).collect();
    if buttons.is_empty() {
        return Content::Text { body };
    }
    let with_buttons = Content::Buttons { body: body.clone(), buttons };
    if with_buttons.check().is_ok() { with_buttons } else { Content::Text { body } }
}

/// The template in the reader's language, or in English where there is no translation or Meta refuses it.
fn as_template(
    tx: &mut Tx<'_>,
    templates: &TemplateCatalogue,
    payload: &SendPayload,
    language: Language,
) -> Result<Result<Content, Verdict>, ToolError> {
    let wanted = payload.template.as_ref().filter(|wanted| !templates.leaves_out(&wanted.purpose));
    let Some(wanted) = wanted else { return Ok(Err(Verdict::Never("outside_window"))) };
    let refused = template_faults::refused(tx, &wanted.purpose)?;
    let fault_of = |code: &str| refused.iter().find(|fault| fault.language == code);
    let codes = templates.language_codes(&wanted.purpose, language);
    let Some(code) = codes.iter().find(|code| fault_of(code).is_none()) else {
        // The last one to come back, which is English.
        return Ok(Err(match codes.last().and_then(|code| fault_of(code)) {
            Some(fault) if fault.is_given_up(tx.now) => Verdict::Never("template_refused"),
            Some(fault) => Verdict::NoTemplate(fault.until.since(tx.now), fault.code),
            None => no_template(&wanted.purpose, &"the catalogue has no such purpose"),
        }));
    };
    let announced;
    let wanted = if is_announced(payload) {
        announced = announcement(wanted, payload, language);
        &announced
    } else {
        wanted
    };
    let buttons: Vec<String> = payload.buttons.iter().map(|(id, _)| id.clone()).collect();
    Ok(templates.resolve(wanted, code, &buttons).map_err(|error| no_template(&wanted.purpose, &error)))
}

fn no_template(purpose: &str, error: &dyn std::fmt::Display) -> Verdict {
    tracing::error!(purpose, %error, "a queued message has no template");
    Verdict::Never("no_template")
}

/// Whether a message to the client is too much for the one line of a template: several lines, buttons, or a text that
/// would be cut. The template then says that there is news, and the whole goes out once they write.
pub(super) fn is_announced(payload: &SendPayload) -> bool {
    let is_update =
        payload.template.as_ref().is_some_and(|template| template.purpose == templates::CLIENT_UPDATE);
    let lines = payload.body.lines().filter(|line| !line.trim().is_empty()).count();
    is_update && (lines > 1 || !payload.buttons.is_empty() || payload.body.chars().count() > BUTTON_BODY_MAX)
}

/// What the template says in place of a text that it has no room for.
fn announcement(wanted: &TemplateUse, payload: &SendPayload, language: Language) -> TemplateUse {
    let is_pick = |(id, _): &(String, String)| matches!(id.parse(), Ok(ButtonId::Pick(_)));
    let sentence =
        if payload.buttons.iter().any(is_pick) { Sentence::OffersWaiting } else { Sentence::NewsWaiting };
    TemplateUse { purpose: wanted.purpose.clone(), parameters: vec![catalogue::text(language, &sentence)] }
}
