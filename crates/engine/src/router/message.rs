//! One inbound message: who wrote, did they say STOP, where does it belong.

use std::time::Duration;

use conversation::{ControlWord, Sentence, catalogue, control_words};
use marketplace::{ActorKind, ContactId, DataKeyId, Language, PhoneNumberId};
use meta_client::event::{InboundMessage, MediaKind, MessageContent};
use serde_json::json;
use store::{
    Tx,
    contacts::{self, Contact, Identity},
    documents::{self, MediaSource},
    inbound::InboundEvent,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload},
    requests,
};
use tools::{AuditEntry, Caller, Policy, ToolError, record_system, spoken_of, staleness};

use super::{
    consents::{self, Heard},
    place::{self, Place},
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
    let reading = match read(&message.content) {
        Ok(reading) => reading,
        Err(reason) => return Ok(Placement::Ignored(None, reason)),
    };
    let known_by = contacts::candidates(message.sender.bsuid.as_ref(), message.sender.wa_id.as_ref());
    let contact = find_or_create(tx, &known_by, message.profile_name.as_deref())?;
    let quoted = message.context.as_ref().map(meta_client::MetaId::as_str);
    let may_wait = tx.now.since(stored.received_at) < QUOTE_WAITS;
    // Requests' rows come before the contact's.
    let word = match consents::read(tx, &contact, number, &reading, message, may_wait)? {
        Heard::Word(word) => Some(consents::take(tx, contact.id, word)?),
        Heard::Wait => return Ok(Placement::Wait),
        Heard::Nothing => None,
    };
    contacts::lock(tx, contact.id)?;
    // As it is now that the row is ours: an erasure may have been faster.
    let contact = contacts::load(tx, contact.id)?;
    if contact.erased_at.is_some() {
        return Ok(Placement::Ignored(Some(contact.id), "erased"));
    }
    if !consents::is_automatic(&message.content) {
        contacts::open_window(tx, contact.id, number, at.min(tx.now))?;
    }
    if let Some(taken) = word {
        consents::place(tx, policy, number, &contact, &reading, message, &taken)?;
        return Ok(Placement::Done(contact.id));
    }
    if let Some(placement) = control_word(tx, number, &contact, &known_by, &reading, message)? {
        return Ok(placement);
    }
    if contact.opted_out_at.is_some() {
        return Ok(Placement::Ignored(Some(contact.id), "opted_out"));
    }
    match place::find(tx, &contact, number, &reading, quoted, may_wait)? {
        Place::Wait => Ok(Placement::Wait),
        Place::Ask { needs, clients } => {
            ask_which(tx, number, &contact, &needs, clients)?;
            keep(tx, &contact, &reading, message, None, Party::Vendor)?;
            Ok(Placement::Done(contact.id))
        }
        Place::Store { request, party } => {
            tracing::Span::current().record("request", tracing::field::display(request));
            keep(tx, &contact, &reading, message, Some(request), party)?;
            Ok(Placement::Done(contact.id))
        }
        Place::Mailbox { mut guard, party } => {
            tracing::Span::current().record("request", tracing::field::display(guard.request().id));
            let id = keep(tx, &contact, &reading, message, Some(guard.request().id), party)?;
            place::append(tx, &guard, party, id, at, &contact, &reading)?;
            if party == Party::Client && asks_for_call(&reading) {
                requests::set_call_asked(tx, &mut guard, at.min(tx.now))?;
            }
            Ok(Placement::Done(contact.id))
        }
    }
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
            plain(MessageKind::Other, &text.join(", "))
        }
        MessageContent::Reaction { .. } => return Err("reaction"),
        MessageContent::CallPermissionReply(reply) => plain(MessageKind::Consent, reply.response.as_str()),
        MessageContent::System(_) => return Err("system_notice"),
        _ => plain(MessageKind::Other, ""),
    })
}

/// STOP and START take effect here at once: never coalesced, never behind a turn.
fn control_word(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    contact: &Contact,
    known_by: &[Identity],
    reading: &Reading,
    message: &InboundMessage,
) -> Result<Option<Placement>, ToolError> {
    if reading.kind != MessageKind::Text {
        return Ok(None);
    }
    let (opt_out, sentence, action) = match control_words::recognise(&reading.body) {
        Some(ControlWord::Stop) => (Some(tx.now), Sentence::StopConfirmed, "contact.opted_out"),
        // START means something only to a person who said STOP, or whose number was an erased person's.
        Some(ControlWord::Start) if contact.opted_out_at.is_some() || is_suppressed(tx, known_by)? => {
            contacts::lift_suppression(tx, known_by)?;
            (None, Sentence::StartConfirmed, "contact.opted_in")
        }
        _ => return Ok(None),
    };
    let repeated = opt_out.is_some() && contact.opted_out_at.is_some();
    keep(tx, contact, reading, message, None, Party::Client)?;
    if repeated {
        return Ok(Some(Placement::Ignored(Some(contact.id), "opted_out")));
    }
    contacts::set_opt_out(tx, contact.id, opt_out)?;
    notice(tx, number, contact, catalogue::text(contact.language, &sentence), Vec::new())?;
    let entry = AuditEntry::new(Caller::system("router").actor, action, json!({ "contact_id": contact.id }));
    record_system(tx, entry.sealed_by([contact.data_key]))?;
    Ok(Some(Placement::Done(contact.id)))
}

fn is_suppressed(tx: &mut Tx<'_>, known_by: &[Identity]) -> Result<bool, ToolError> {
    for identity in known_by {
        if contacts::is_suppressed(tx, identity)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `needs` are other people's words: the question dies with any of them.
fn ask_which(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    contact: &Contact,
    needs: &[String],
    clients: Vec<DataKeyId>,
) -> Result<(), ToolError> {
    let body = catalogue::text(contact.language, &Sentence::VendorWhichRequest { needs });
    notice(tx, number, contact, body, clients)
}

/// A message of ours that belongs to no request.
fn notice(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    contact: &Contact,
    body: String,
    also_sealed_by: Vec<DataKeyId>,
) -> Result<(), ToolError> {
    let message = messages::insert(
        tx,
        &NewMessage {
            request: None,
            contact: contact.id,
            direction: Direction::Out,
            party: Party::Client,
            kind: MessageKind::Text,
            body: body.clone(),
            also_sealed_by: also_sealed_by.clone(),
            button_id: None,
            wamid: None,
            quoted_wamid: None,
            meta_at: tx.now,
        },
    )?;
    let send = NewSend {
        contact: contact.id,
        message,
        purpose: Purpose::Notice,
        author: ActorKind::System,
        payload: SendPayload { body, buttons: Vec::new(), template: None, reply_to: None },
        also_sealed_by,
        not_after: Some(tx.now + staleness::NOTICE),
    };
    outbox::enqueue_notice(tx, number, &send)?;
    Ok(())
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
