//! What people say when they are asked whether we may call: buttons, words, Meta's card, and the word that nobody asked
//! for. Whatever it means is the policy's; here it is stored, confirmed, recorded, and the workflow looks again.

use std::collections::BTreeSet;

use audit::Outcome;
use calling_policy::{
    Chat, Consent, ConsentEvent, ConsentFollow, ConsentKey, ConsentStatus, Ignored, Noted, PermissionEvent,
    PermissionState, Term, Withdrawal,
};
use conversation::{Sentence, catalogue};
use marketplace::{ContactId, MessageId, PhoneNumberId, RequestId, Timestamp};
use moltbot_contract::OutreachStatus;
use serde_json::json;
use store::{
    Tx,
    calls::{self, AskedBy, ConsentChange, HistoryEvent, StoredConsent},
    contacts::Contact,
    lanes::{self, EntryKind},
    outbox::Purpose,
    requests::{self, RequestGuard},
    sourcing,
    timers::{self, TimerKind},
};

use super::{
    facts::{LOOK_BACK, is_question},
    request_consent, say,
};
use crate::{AuditEntry, Caller, Policy, ToolError, record, record_system};

pub use calling_policy::{PermissionReply, PermissionResponse};

/// What a message says about calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// YES or NO to a prompt of ours, by its button or in words.
    Prompt {
        /// The message that asked.
        prompt: MessageId,
        /// YES.
        yes: bool,
    },
    /// Meta's `call_permission_reply`, whatever its shape.
    Permission {
        /// The message of ours to this very person that it answers, if it answers one.
        prompt: Option<MessageId>,
        /// What it says.
        reply: PermissionReply,
    },
}

/// A word and who said it, when.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The person; the row is taken.
    pub by: &'a Contact,
    /// To which number of ours.
    pub number: &'a PhoneNumberId,
    /// The stored message.
    pub message: MessageId,
    /// When, by Meta's clock.
    pub at: Timestamp,
    /// The word.
    pub word: Word,
}

impl Word {
    /// The prompt that the person answers. What Meta says by itself answers none.
    const fn prompt(&self) -> Option<MessageId> {
        match self {
            Self::Prompt { prompt, .. } => Some(*prompt),
            Self::Permission { prompt, reply } if !reply.automatic => *prompt,
            Self::Permission { .. } => None,
        }
    }

    /// Whether it can grant something.
    fn is_yes(&self) -> bool {
        match self {
            Self::Prompt { yes, .. } => *yes,
            Self::Permission { reply, .. } => reply.response == PermissionResponse::Accept,
        }
    }

    /// Whether it can take something away, in whatever request.
    fn is_no(&self) -> bool {
        match self {
            Self::Prompt { yes, .. } => !*yes,
            Self::Permission { reply, .. } => reply.response == PermissionResponse::Reject,
        }
    }
}

/// The open prompt that a bare YES or NO answers: the one that it quotes, whatever became of that; else, quoting
/// nothing, the one that is our newest message to this person, as long as it waits for an answer and they can mean
/// nothing else. Words answer a card of Meta's only by quoting it: a card has buttons of its own.
///
/// `quoted` is the message of ours that it quotes; `number` is the number of ours that it was written to.
pub fn prompt_of_words(
    tx: &mut Tx<'_>,
    contact: ContactId,
    number: &PhoneNumberId,
    quoted: Option<MessageId>,
    at: Timestamp,
) -> Result<Option<MessageId>, ToolError> {
    if let Some(prompt) = quoted {
        return Ok((!asked_of(tx, contact, prompt)?.is_empty()).then_some(prompt));
    }
    let Some((newest, accepted_at)) = calls::newest_seen(tx, contact, number)? else { return Ok(None) };
    // What was written before the prompt was there answers something else.
    if at.as_seconds() < accepted_at.as_seconds() {
        return Ok(None);
    }
    let now = tx.now;
    let reminds = reminded_of(tx, contact, newest)?;
    let prompt = reminds.unwrap_or(newest);
    let mut waits = asked_of(tx, contact, prompt)?;
    waits.retain(|stored| {
        stored.consent.status(now) == ConsentStatus::Requested && stored.asked_by == AskedBy::Buttons
    });
    let Some(asked) = waits.first() else { return Ok(None) };
    Ok((reminds.is_some() || !answers_something_else(tx, asked)?).then_some(prompt))
}

/// What a prompt asked of this person.
fn asked_of(tx: &mut Tx<'_>, contact: ContactId, prompt: MessageId) -> Result<Vec<StoredConsent>, ToolError> {
    let of_prompt = calls::consents_of_prompt(tx, prompt)?;
    Ok(of_prompt.into_iter().filter(|stored| stored.consent.contact() == contact).collect())
}

/// The prompt that waits where our newest message to this person is the reminder of it.
fn reminded_of(
    tx: &mut Tx<'_>,
    contact: ContactId,
    newest: MessageId,
) -> Result<Option<MessageId>, ToolError> {
    let message = store::messages::load(tx, newest)?;
    let (Some(request), Some(body)) = (message.request, message.body) else { return Ok(None) };
    let language = requests::load(tx, request)?.language;
    if body != catalogue::text(language, &Sentence::ConsentReminder) {
        return Ok(None);
    }
    Ok(open_prompt(tx, request, contact)?.map(|stored| stored.consent.prompt()))
}

/// The newest question with YES and NO to this person that waits for an answer.
pub(super) fn open_prompt(
    tx: &mut Tx<'_>,
    request: RequestId,
    contact: ContactId,
) -> Result<Option<StoredConsent>, ToolError> {
    let now = tx.now;
    let of_request = calls::consents_of_request(tx, request)?;
    Ok(of_request.into_iter().rfind(|stored| {
        stored.consent.contact() == contact
            && stored.asked_by == AskedBy::Buttons
            && stored.consent.status(now) == ConsentStatus::Requested
    }))
}

/// Whether a bare word may as well answer what was asked before the prompt: a vendor the inquiry, the client our
/// question about the need.
fn answers_something_else(tx: &mut Tx<'_>, asked: &StoredConsent) -> Result<bool, ToolError> {
    let (request, contact) = (asked.consent.request(), asked.consent.contact());
    if asked.party == calling_policy::Party::Vendor {
        let outreaches = sourcing::outreaches_of(tx, request)?;
        return Ok(outreaches
            .iter()
            .any(|outreach| outreach.contact == contact && outreach.status == OutreachStatus::Waiting));
    }
    let sent = calls::sent_to(tx, request, contact, LOOK_BACK)?;
    let mut before = sent.iter().skip_while(|sent| sent.message != asked.consent.prompt()).skip(1);
    let Some(before) = before.next() else { return Ok(false) };
    if before.purpose != Purpose::ClientMessage {
        return Ok(false);
    }
    let body = store::messages::load(tx, before.message)?.body.unwrap_or_default();
    let (asked_at, wrote_at) = (before.accepted_at, calls::client_wrote_at(tx, request)?);
    Ok(is_question(&body) && asked_at.is_none_or(|asked_at| wrote_at.is_none_or(|wrote| wrote < asked_at)))
}

/// The requests that a word of this person may change, ascending: their rows are taken first, in this order.
/// `of_prompt` is the request of the message that it answers.
pub fn concerned(
    tx: &mut Tx<'_>,
    contact: ContactId,
    word: &Word,
    of_prompt: Option<RequestId>,
) -> Result<Vec<RequestId>, ToolError> {
    let mut found: BTreeSet<RequestId> = of_prompt.into_iter().collect();
    if let Some(prompt) = word.prompt() {
        found.extend(calls::consents_of_prompt(tx, prompt)?.iter().map(|stored| stored.consent.request()));
    }
    if word.is_no() {
        found.extend(calls::consents_of_contact(tx, contact)?.iter().map(|stored| stored.consent.request()));
    }
    Ok(found.into_iter().collect())
}

/// What is recorded once every row is written: an entry and the chain it belongs to, by the guard's place; `None` is
/// the `system` chain.
type Entries = Vec<(Option<usize>, AuditEntry)>;

/// Carries out a word. `guards` are the requests of [`concerned`], in that order.
pub fn heard(
    tx: &mut Tx<'_>,
    policy: Policy,
    guards: &[RequestGuard],
    said: &Said<'_>,
) -> Result<(), ToolError> {
    let mut entries = Entries::new();
    if said.by.opted_out_at.is_some() && said.word.is_yes() {
        // Who said STOP is not called: START comes first.
        let place = guard_of_prompt(tx, guards, said)?;
        entries.push((place, ignored(said, &["opted_out"])));
        return write(tx, guards, entries);
    }
    let event = match said.word {
        Word::Prompt { prompt, yes } => {
            Some(ConsentEvent::Answer { by: said.by.id, prompt, yes, meta_until: None })
        }
        Word::Permission { prompt, reply } => permission(tx, guards, said, (prompt, reply), &mut entries)?,
    };
    if let Some(event) = event {
        answer(tx, policy, guards, said, event, &mut entries)?;
    }
    write(tx, guards, entries)
}

/// Meta's word moves key 3, and says what it means for the consents.
fn permission(
    tx: &mut Tx<'_>,
    guards: &[RequestGuard],
    said: &Said<'_>,
    (prompt, reply): (Option<MessageId>, PermissionReply),
    entries: &mut Entries,
) -> Result<Option<ConsentEvent>, ToolError> {
    let (by, now) = (said.by.id, guards.iter().map(|guard| guard.now(tx)).max().unwrap_or(tx.now));
    let known = calls::permission(tx, by, said.number)?;
    let step = known.apply(PermissionEvent::Reply(reply), said.at, now);
    let place = guard_of_prompt(tx, guards, said)?.or_else(|| (!guards.is_empty()).then_some(0));
    if let Noted::Ignored(why) = step.noted {
        entries.push((place, ignored(said, &[code(why)])));
    } else {
        calls::save_permission(tx, by, said.number, &step.next)?;
        entries.push((place, permission_changed(said, &reply, step.next.state(now))));
    }
    let own_prompt = prompt.filter(|_| !reply.automatic);
    if step.noted == Noted::Moved {
        let reason = if step.next.allows(now) { "consent_granted" } else { "consent_denied" };
        // A card may have opened no consent: then nothing below looks again.
        for guard in guards.iter().filter(|_| own_prompt.is_some() || said.word.is_no()) {
            look_again(tx, guard, reason)?;
        }
    }
    Ok(match (reply.response, own_prompt) {
        (PermissionResponse::Accept, Some(prompt)) => {
            let meta_until = match reply.term(said.at) {
                Term::Until(until) => Some(until),
                Term::Permanent => None,
            };
            Some(ConsentEvent::Answer { by, prompt, yes: true, meta_until })
        }
        (PermissionResponse::Reject, Some(prompt)) => {
            Some(ConsentEvent::Answer { by, prompt, yes: false, meta_until: None })
        }
        (PermissionResponse::Reject, None) => {
            let how = if reply.automatic { Withdrawal::ByMeta } else { Withdrawal::ByPerson };
            Some(ConsentEvent::Withdrawn { by, how })
        }
        // Given in the profile or after a call of theirs: key 3 alone.
        (PermissionResponse::Accept, None) | (PermissionResponse::Other, _) => None,
    })
}

/// Applies one event to every consent it may move, and draws what follows once.
fn answer(
    tx: &mut Tx<'_>,
    policy: Policy,
    guards: &[RequestGuard],
    said: &Said<'_>,
    event: ConsentEvent,
    entries: &mut Entries,
) -> Result<(), ToolError> {
    let prompt = said.word.prompt();
    let mut found = false;
    for (place, guard) in guards.iter().enumerate() {
        let now = guard.now(tx);
        let mut follows = BTreeSet::new();
        let mut moved = None;
        for stored in calls::consents_of_request(tx, guard.request().id)? {
            let is_asked = Some(stored.consent.prompt()) == prompt;
            let is_theirs = stored.consent.contact() == said.by.id;
            if !is_asked && (!is_theirs || !said.word.is_no()) {
                continue;
            }
            found |= is_asked;
            let before = stored.consent.status(now);
            let step = stored.consent.apply(event, said.at, now);
            if let Noted::Ignored(why) = step.noted {
                // Of other prompts' consents only those that it moves are spoken of.
                if is_asked {
                    let entry = ignored(said, &[code(why)]).caused_by(stored.id);
                    entries.push((Some(place), entry));
                }
                continue;
            }
            save(tx, guard, &stored, &step.next, &change_of(said, event, is_asked))?;
            let now_is = step.next.status(now);
            if step.noted == Noted::Moved {
                moved = Some(now_is);
            }
            follows.extend(step.follows);
            entries.push((Some(place), answered(said, &stored, &step.next, (before, now_is), event)));
        }
        carry_out(tx, policy, guard, said, &follows, entries, place)?;
        match moved {
            Some(ConsentStatus::Granted) => look_again(tx, guard, "consent_granted")?,
            Some(ConsentStatus::Denied) => look_again(tx, guard, "consent_denied")?,
            Some(ConsentStatus::Requested | ConsentStatus::Expired) | None => {}
        }
    }
    if matches!(said.word, Word::Prompt { .. }) && !found {
        entries.push((None, ignored(said, &["no_such_prompt"])));
    }
    Ok(())
}

/// Confirms in chat, once, while the bot may speak; after the client's YES to calls to themselves asks for Meta's
/// permission. That calls must stop is seen by the dialler, which asks every key on every step.
fn carry_out(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    said: &Said<'_>,
    follows: &BTreeSet<ConsentFollow>,
    entries: &mut Entries,
    place: usize,
) -> Result<(), ToolError> {
    let request = guard.request();
    if Chat::of(request.state, request.control) != Chat::Open || said.by.opted_out_at.is_some() {
        return Ok(());
    }
    let sentence = if follows.contains(&ConsentFollow::ConfirmYes) {
        Sentence::ConsentGranted
    } else if follows.contains(&ConsentFollow::ConfirmNo) {
        Sentence::ConsentDenied
    } else {
        return Ok(());
    };
    let message = say::sentence(tx, guard, said.by, &sentence)?;
    let payload = json!({ "message_id": message, "yes": sentence == Sentence::ConsentGranted });
    entries.push((Some(place), entry("consent.confirmed", payload).caused_by(said.message)));
    if sentence == Sentence::ConsentGranted
        && said.by.id == request.client
        && covers_client(tx, guard, said)?
        && let Some(asked) = request_consent::card_to_client(tx, policy, guard)?
    {
        entries.push((Some(place), asked));
    }
    Ok(())
}

/// Whether the prompt that was answered asked for calls to the client.
fn covers_client(tx: &mut Tx<'_>, guard: &RequestGuard, said: &Said<'_>) -> Result<bool, ToolError> {
    let Some(prompt) = said.word.prompt() else { return Ok(false) };
    let now = guard.now(tx);
    let of_prompt = calls::consents_of_prompt(tx, prompt)?;
    Ok(of_prompt.iter().any(|stored| {
        stored.consent.key() == ConsentKey::Callee && stored.consent.status(now) == ConsentStatus::Granted
    }))
}

/// Saves a consent with a line of its history, and moves the timer of its end.
pub(super) fn save(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    stored: &StoredConsent,
    next: &Consent,
    change: &ConsentChange,
) -> Result<(), ToolError> {
    calls::save_consent(tx, guard, stored.id, next, change)?;
    let id = stored.id.to_string();
    match next.status(guard.now(tx)) {
        ConsentStatus::Requested | ConsentStatus::Granted => {
            timers::set(tx, guard, TimerKind::ConsentExpires, &id, next.expires_at())?;
        }
        ConsentStatus::Denied | ConsentStatus::Expired => {
            timers::settle(tx, guard.request().id, TimerKind::ConsentExpires, &id)?;
        }
    }
    Ok(())
}

/// The workflow looks again, instead of reading a YES as a message about the need.
fn look_again(tx: &mut Tx<'_>, guard: &RequestGuard, reason: &'static str) -> Result<(), ToolError> {
    let request = guard.request();
    if Chat::of(request.state, request.control) != Chat::Open || !request.state.is_open() {
        return Ok(());
    }
    let waits = lanes::pending(tx, request.id)?;
    // One look is enough for several keys.
    if waits.iter().any(|entry| entry.turn.is_none() && entry.reason.as_deref() == Some(reason)) {
        return Ok(());
    }
    Ok(lanes::append(tx, guard, EntryKind::Wake, None, Some(reason), guard.now(tx))?)
}

fn change_of(said: &Said<'_>, event: ConsentEvent, is_asked: bool) -> ConsentChange {
    let by_meta = matches!(event, ConsentEvent::Withdrawn { how: Withdrawal::ByMeta, .. });
    let event = match (by_meta, is_asked, said.word.is_yes()) {
        (true, ..) => HistoryEvent::WithdrawnByMeta,
        (false, true, true) => HistoryEvent::Yes,
        (false, true, false) => HistoryEvent::No,
        (false, false, _) => HistoryEvent::WithdrawnByPerson,
    };
    let by = (!by_meta).then_some(said.by.id);
    ConsentChange { event, by, message: Some(said.message), at: said.at }
}

/// The place of the request whose prompt is answered.
fn guard_of_prompt(
    tx: &mut Tx<'_>,
    guards: &[RequestGuard],
    said: &Said<'_>,
) -> Result<Option<usize>, ToolError> {
    let prompt = match said.word {
        Word::Prompt { prompt, .. } => Some(prompt),
        Word::Permission { prompt, .. } => prompt,
    };
    let Some(prompt) = prompt else { return Ok(None) };
    let known = match store::messages::load(tx, prompt) {
        Ok(message) => message.request,
        Err(store::StoreError::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(guards.iter().position(|guard| Some(guard.request().id) == known))
}

fn entry(action: &str, payload: serde_json::Value) -> AuditEntry {
    AuditEntry::new(Caller::system("router").actor, action, payload)
}

/// An answer that was recorded: what the consent is now, and where a YES grants nothing, why.
fn answered(
    said: &Said<'_>,
    stored: &StoredConsent,
    next: &Consent,
    (before, now_is): (ConsentStatus, ConsentStatus),
    event: ConsentEvent,
) -> AuditEntry {
    let withdrawn = before == ConsentStatus::Granted || Some(next.prompt()) != said.word.prompt();
    let (action, reasons) = match (said.word.is_yes(), now_is) {
        (true, ConsentStatus::Granted) if before == ConsentStatus::Granted => ("consent.renewed", Vec::new()),
        (true, ConsentStatus::Granted) => ("consent.granted", Vec::new()),
        (false, ConsentStatus::Denied) if withdrawn => {
            let by_meta = matches!(event, ConsentEvent::Withdrawn { how: Withdrawal::ByMeta, .. });
            ("consent.withdrawn", vec![if by_meta { "by_meta" } else { "by_person" }.to_owned()])
        }
        (false, ConsentStatus::Denied) => ("consent.denied", Vec::new()),
        // A yes too late or older than the no, a no older than the yes.
        (_, other) => ("consent.ignored", vec![other.to_string()]),
    };
    let outcome = if action == "consent.ignored" { Outcome::Refused } else { Outcome::Ok };
    let payload = json!({
        "consent_id": stored.id,
        "key": next.key(),
        "scope": next.scope(),
        "party": stored.party,
        "status": now_is,
        "expires_at": next.expires_at(),
        "message_id": said.message,
    });
    entry(action, payload).with_outcome(outcome, reasons).caused_by(said.message)
}

fn ignored(said: &Said<'_>, reasons: &[&'static str]) -> AuditEntry {
    let action = match said.word {
        Word::Prompt { .. } => "consent.ignored",
        Word::Permission { .. } => "permission.ignored",
    };
    let payload = json!({ "message_id": said.message, "contact_id": said.by.id, "yes": said.word.is_yes() });
    entry(action, payload)
        .with_outcome(Outcome::Refused, reasons.iter().map(|reason| (*reason).to_owned()))
        .caused_by(said.message)
}

fn permission_changed(said: &Said<'_>, reply: &PermissionReply, state: PermissionState) -> AuditEntry {
    let (state, until) = match state {
        PermissionState::Unknown => ("unknown", None),
        PermissionState::Temporary { until } => ("temporary", Some(until)),
        PermissionState::Permanent => ("permanent", None),
        PermissionState::Expired { until } => ("expired", Some(until)),
        PermissionState::Refused { .. } => ("refused", None),
    };
    let payload = json!({
        "contact_id": said.by.id,
        "phone_number_id": said.number.as_str(),
        "message_id": said.message,
        "response": reply.response,
        "automatic": reply.automatic,
        "asked": said.word.prompt().is_some(),
        "state": state,
        "until": until,
    });
    entry("permission.changed", payload).with_outcome(Outcome::Ok, [state.to_owned()]).caused_by(said.message)
}

const fn code(why: Ignored) -> &'static str {
    match why {
        Ignored::Known => "known",
        Ignored::OtherPerson => "other_person",
        Ignored::NotOurPrompt => "not_our_prompt",
        Ignored::BeforeThePrompt => "before_the_prompt",
        Ignored::Unclear => "unclear",
    }
}

/// Records what happened: the requests' chains in the order of their rows, the `system` chain last.
fn write(tx: &mut Tx<'_>, guards: &[RequestGuard], entries: Entries) -> Result<(), ToolError> {
    let mut of_system = Vec::new();
    let mut of_requests = Vec::new();
    for (place, entry) in entries {
        match place.and_then(|place| Some((place, guards.get(place)?))) {
            Some((place, guard)) => of_requests.push((place, guard, entry)),
            None => of_system.push(entry),
        }
    }
    of_requests.sort_by_key(|(place, ..)| *place);
    for (_, guard, entry) in of_requests {
        record(tx, guard, entry)?;
    }
    for entry in of_system {
        record_system(tx, entry)?;
    }
    Ok(())
}
