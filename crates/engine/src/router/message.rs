//! One inbound message: who wrote, did they say STOP, where does it belong.

use std::time::Duration;

use conversation::{ControlWord, Sentence, control_words};
use marketplace::{ContactId, Language, PhoneNumberId, Timestamp};
use meta_client::event::{InboundMessage, MediaKind, MessageContent};
use store::{
    Tx,
    contacts::{self, Contact, Identity, LanguageSource},
    documents::{self, MediaSource},
    inbound::InboundEvent,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, Purpose},
    requests::{self, Position, RequestGuard},
};
use tools::{Caller, Policy, ToolError, opt_out::say, spoken_of};

use super::{
    consents::{self, Heard},
    identity, language, opt_out, owed,
    place::{self, Place},
    which,
};

/// Events older than this are kept and have no effect: the deduplication no longer knows them.
pub const STALE_AFTER: Duration = Duration::from_hours(9 * 24);
/// How long a message that quotes something unknown waits for our send to become known.
pub const QUOTE_WAITS: Duration = Duration::from_mins(1);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// In a mailbox, or answered by control words.
    Done(ContactId),
    /// Kept, without effect; the code says why.
    Ignored(Option<ContactId>, &'static str),
    /// For a person to look at; the code says why.
    Dead(&'static str),
    /// Quotes a message that we may be about to learn of.
    Wait,
}

/// What a message says, as far as placing it matters.
pub(super) struct Reading {
    pub(super) kind: MessageKind,
    pub(super) body: String,
    pub(super) button_id: Option<String>,
}

pub(super) fn place(
    tx: &mut Tx<'_>,
    policy: Policy,
    stored: &InboundEvent,
    number: &PhoneNumberId,
    message: &InboundMessage,
) -> Result<Placement, ToolError> {
    let at = message.at.unwrap_or(stored.received_at);
    if tx.now.since(at) > STALE_AFTER {
        return Ok(Placement::Ignored(None, "stale"));
    }
    if let MessageContent::System(notice) = &message.content {
        return identity::place(tx, message, notice);
    }
    let reading = match read(&message.content) {
        Ok(reading) => reading,
        Err(reason) => return Ok(Placement::Ignored(None, reason)),
    };
    let known_by = contacts::candidates(message.sender.bsuid.as_ref(), message.sender.wa_id.as_ref());
    let contact = find_or_create(tx, &known_by, message.profile_name.as_deref())?;
    let contact = identity::moved_line(tx, contact, &known_by)?;
    let quoted = message.context.as_ref().map(meta_client::MetaId::as_str);
    let may_wait = tx.now.since(stored.received_at) < QUOTE_WAITS;
    // Requests' rows come before the contact's.
    let word = match consents::read(tx, &contact, number, &reading, message, may_wait)? {
        Heard::Word(word) => Some(consents::take(tx, contact.id, word)?),
        Heard::Wait => return Ok(Placement::Wait),
        Heard::Nothing => None,
    };
    let steering = opt_out::take(tx, &contact, &reading)?;
    contacts::lock(tx, contact.id)?;
    // As it is now that the row is ours: an erasure may have been faster.
    let mut contact = contacts::load(tx, contact.id)?;
    if contact.erased_at.is_some() {
        return Ok(Placement::Ignored(Some(contact.id), "erased"));
    }
    if !consents::is_automatic(&message.content) {
        contacts::open_window(tx, contact.id, number, at.min(tx.now))?;
        outbox::release(tx, contact.id, number)?;
    }
    if let Some(taken) = word {
        consents::place(tx, policy, number, &contact, &reading, message, &taken)?;
        return Ok(Placement::Done(contact.id));
    }
    if let Some(placement) = opt_out::place(tx, number, &contact, &known_by, &reading, message, steering)? {
        return Ok(placement);
    }
    let owed = owed::to(tx, &contact, number)?;
    let place = place::find(tx, &contact, number, &reading, quoted, may_wait)?;
    if !owed.is_empty() && !matches!(place, Place::Wait) {
        owed::send_in_full(tx, &contact, number, &owed)?;
    }
    match place {
        Place::Wait => Ok(Placement::Wait),
        Place::Ask(candidates) => {
            language::hear(tx, &mut contact, &reading, Party::Vendor)?;
            which::ask(tx, number, &contact, &candidates)?;
            keep(tx, &contact, &reading, message, None, Party::Vendor)?;
            Ok(Placement::Done(contact.id))
        }
        Place::Answered { guard, party } => {
            tracing::Span::current().record("request", tracing::field::display(guard.request().id));
            keep(tx, &contact, &reading, message, Some(guard.request().id), party)?;
            which::place_held(tx, &guard, &contact, party)?;
            Ok(Placement::Done(contact.id))
        }
        Place::Store { request, party } => {
            tracing::Span::current().record("request", tracing::field::display(request));
            keep(tx, &contact, &reading, message, Some(request), party)?;
            if is_wish(language::hear(tx, &mut contact, &reading, party)?) {
                say(tx, number, &contact, Purpose::Notice, &Sentence::LanguageSet)?;
            }
            Ok(Placement::Done(contact.id))
        }
        Place::Mailbox { guard, party: Party::Client }
            if owed::is_answered_by(&owed, guard.request().id, &reading) =>
        {
            let request = guard.request().id;
            tracing::Span::current().record("request", tracing::field::display(request));
            keep(tx, &contact, &reading, message, Some(request), Party::Client)?;
            Ok(Placement::Done(contact.id))
        }
        Place::Mailbox { mut guard, party } => {
            tracing::Span::current().record("request", tracing::field::display(guard.request().id));
            let id = keep(tx, &contact, &reading, message, Some(guard.request().id), party)?;
            let heard = language::hear(tx, &mut contact, &reading, party)?;
            if party == Party::Vendor && is_wish(heard) {
                // It is no answer to the inquiry.
                say(tx, number, &contact, Purpose::Notice, &Sentence::LanguageSet)?;
                return Ok(Placement::Done(contact.id));
            }
            place::append(tx, &guard, party, id, at, &contact, &reading)?;
            if party == Party::Client && guard.request().phone_number_id != *number {
                place::move_to(tx, &mut guard, number)?;
            }
            if let Some(change) = heard {
                tools::language::follow(tx, &mut guard, change, &Caller::system("router"))?;
                if is_wish(heard) {
                    tools::language::confirm(tx, &guard, &contact)?;
                }
            }
            if party == Party::Client {
                note_beside_words(tx, &mut guard, &reading, message, at)?;
            }
            Ok(Placement::Done(contact.id))
        }
    }
}

/// Where somebody says they are, if that is on a map.
fn position(content: &MessageContent, at: Timestamp) -> Option<Position> {
    let MessageContent::Location { latitude, longitude, .. } = content else { return None };
    let place = vendor_search::Place::new(*latitude, *longitude)?;
    Some(Position { latitude: place.latitude(), longitude: place.longitude(), at })
}

/// What a client tells beside the need: a wish to be called, a place.
fn note_beside_words(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    reading: &Reading,
    message: &InboundMessage,
    at: Timestamp,
) -> Result<(), ToolError> {
    let at = at.min(tx.now);
    if asks_for_call(reading) {
        requests::set_call_asked(tx, guard, at)?;
    }
    if let Some(position) = position(&message.content, at) {
        requests::set_position(tx, guard, position)?;
    }
    Ok(())
}

/// Whether the person asked for a language: they read that they get it.
const fn is_wish(heard: Option<(Language, LanguageSource)>) -> bool {
    matches!(heard, Some((_, LanguageSource::Asked)))
}

/// "Call me". It goes on into the mailbox as any other message.
fn asks_for_call(reading: &Reading) -> bool {
    reading.kind == MessageKind::Text && control_words::recognise(&reading.body) == Some(ControlWord::CallMe)
}

fn find_or_create(tx: &mut Tx<'_>, known_by: &[Identity], name: Option<&str>) -> Result<Contact, ToolError> {
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    Ok(contacts::find_or_create(tx, known_by, name, Language::default())?)
}

/// Reads what a message is made of; `Err` names what has no place in a conversation.
fn read(content: &MessageContent) -> Result<Reading, &'static str> {
    let plain = |kind, body: &str| Reading { kind, body: body.to_owned(), button_id: None };
    Ok(match content {
        MessageContent::Text { body } => plain(MessageKind::Text, body),
        MessageContent::ButtonReply { id, title } | MessageContent::ListReply { id, title, .. } => {
            Reading { kind: MessageKind::Button, body: title.clone(), button_id: Some(id.clone()) }
        }
        // A template's quick reply carries our payload when we set one, else only its text.
        MessageContent::TemplateButton { payload, text } => {
            if payload.parse::<conversation::ButtonId>().is_ok() {
                Reading { kind: MessageKind::Button, body: text.clone(), button_id: Some(payload.clone()) }
            } else {
                plain(MessageKind::Text, text)
            }
        }
        MessageContent::Media(media) => {
            let document = matches!(media.kind, MediaKind::Image | MediaKind::Document);
            let kind = if document { MessageKind::Document } else { MessageKind::Media };
            plain(kind, media.caption.as_deref().unwrap_or_default())
        }
        MessageContent::Location { name, address, .. } => {
            let text: Vec<&str> = [name.as_deref(), address.as_deref()].into_iter().flatten().collect();
            plain(MessageKind::Location, &text.join(", "))
        }
        MessageContent::Reaction { .. } => return Err("reaction"),
        MessageContent::CallPermissionReply(reply) => plain(MessageKind::Consent, reply.response.as_str()),
        MessageContent::System(_) => return Err("system_notice"),
        _ => plain(MessageKind::Other, ""),
    })
}

/// Stores the message.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    contact: &Contact,
    reading: &Reading,
    message: &InboundMessage,
    request: Option<marketplace::RequestId>,
    party: Party,
) -> Result<marketplace::MessageId, ToolError> {
    // A vendor may name the client, the client a vendor.
    let also_sealed_by = match request {
        Some(request) => {
            let request = requests::load(tx, request)?;
            let mut people = spoken_of(tx, &request, &[&reading.body])?;
            people.retain(|key| *key != contact.data_key);
            people
        }
        None => Vec::new(),
    };
    let also_sealed_by = if tx.all_exist(&also_sealed_by)? { also_sealed_by } else { Vec::new() };
    let new = NewMessage {
        request,
        contact: contact.id,
        direction: Direction::In,
        party,
        kind: reading.kind,
        body: reading.body.clone(),
        also_sealed_by,
        button_id: reading.button_id.clone(),
        wamid: Some(message.wamid.as_str().to_owned()),
        quoted_wamid: message.context.as_ref().map(|quoted| quoted.as_str().to_owned()),
        meta_at: message.at.unwrap_or(tx.now),
    };
    let id = messages::insert(tx, &new)?;
    keep_source(tx, request, party, id, message)?;
    Ok(id)
}

/// Where a client's picture or document can be fetched. A vendor's is nobody's to read.
fn keep_source(
    tx: &mut Tx<'_>,
    request: Option<marketplace::RequestId>,
    party: Party,
    id: marketplace::MessageId,
    message: &InboundMessage,
) -> Result<(), ToolError> {
    let (Some(request), Party::Client, MessageContent::Media(media)) = (request, party, &message.content)
    else {
        return Ok(());
    };
    if !matches!(media.kind, MediaKind::Image | MediaKind::Document) {
        return Ok(());
    }
    let request = requests::load(tx, request)?;
    let source = MediaSource {
        id: media.id.clone(),
        mime_type: media.mime_type.clone(),
        sha256: media.sha256.clone(),
    };
    documents::keep(tx, &request, id, &source, message.at.unwrap_or(tx.now))?;
    Ok(())
}
