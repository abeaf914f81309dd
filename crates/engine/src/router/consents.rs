//! Words on whether we may call: the buttons of our prompt, YES and NO in words, Meta's card. They are no messages about
//! the need and go into no mailbox; [`tools::calling::consent_handler`] carries them out, and the workflow looks again.

use conversation::{ButtonId, ControlWord, control_words};
use marketplace::{ContactId, MessageId, PhoneNumberId, RequestId};
use meta_client::event::{
    CallPermissionReply, InboundMessage, MessageContent, PermissionResponse as Response, ResponseSource,
};
use store::{
    Tx,
    contacts::Contact,
    messages::{self, MessageKind, Party},
    outbox,
    requests::{self, RequestGuard},
    vendors,
};
use tools::{
    Policy, ToolError,
    calling::consent_handler::{
        self, PermissionReply, PermissionResponse, Said, Word, concerned, prompt_of_words,
    },
};

use super::message::{Reading, keep};

/// What a message says about calls.
pub(super) enum Heard {
    /// This.
    Word(Word),
    /// It quotes a message that we may be about to learn of.
    Wait,
    /// Nothing.
    Nothing,
}

/// A word with the rows that it may change, taken.
pub(super) struct Taken {
    word: Word,
    /// The request of the message that it answers.
    of_prompt: Option<RequestId>,
    guards: Vec<RequestGuard>,
}

/// Reads a message that is about calls as a whole: a button of ours, a bare YES or NO to a prompt, Meta's card.
pub(super) fn read(
    tx: &mut Tx<'_>,
    contact: &Contact,
    number: &PhoneNumberId,
    reading: &Reading,
    message: &InboundMessage,
    may_wait: bool,
) -> Result<Heard, ToolError> {
    if let Some(ButtonId::Consent { prompt, yes }) =
        reading.button_id.as_deref().and_then(|id| id.parse::<ButtonId>().ok())
    {
        return Ok(Heard::Word(Word::Prompt { prompt, yes }));
    }
    let quoted = message.context.as_ref().map(meta_client::MetaId::as_str);
    if let MessageContent::CallPermissionReply(reply) = &message.content {
        let reply = reply_of(reply);
        let prompt = match quoted {
            // What Meta says by itself quotes a call of theirs, or nothing.
            Some(quoted) if !reply.automatic => match sent_to(tx, contact.id, quoted)? {
                None if may_wait && outbox::has_in_flight(tx, contact.id)? => return Ok(Heard::Wait),
                sent => sent,
            },
            _ => None,
        };
        return Ok(Heard::Word(Word::Permission { prompt, reply }));
    }
    if reading.kind != MessageKind::Text {
        return Ok(Heard::Nothing);
    }
    let yes = match control_words::recognise(&reading.body) {
        Some(ControlWord::Yes) => true,
        Some(ControlWord::No) => false,
        _ => return Ok(Heard::Nothing),
    };
    let quoted = match quoted {
        // Of a quote that is not known, ordinary placing waits.
        Some(quoted) => match sent_to(tx, contact.id, quoted)? {
            Some(sent) => Some(sent),
            None => return Ok(Heard::Nothing),
        },
        None => None,
    };
    let at = message.at.unwrap_or(tx.now);
    let prompt = prompt_of_words(tx, contact.id, number, quoted, at)?;
    Ok(prompt.map_or(Heard::Nothing, |prompt| Heard::Word(Word::Prompt { prompt, yes })))
}

/// The message of ours to this very person that carries this Meta id.
fn sent_to(tx: &mut Tx<'_>, contact: ContactId, wamid: &str) -> Result<Option<MessageId>, ToolError> {
    let Some((message, _)) = messages::sent_with_wamid(tx, wamid)? else { return Ok(None) };
    let is_theirs = messages::load(tx, message)?.contact == contact;
    Ok(is_theirs.then_some(message))
}

/// Whether Meta says it by itself: the person wrote nothing.
pub(super) fn is_automatic(content: &MessageContent) -> bool {
    matches!(content, MessageContent::CallPermissionReply(reply) if reply_of(reply).automatic)
}

fn reply_of(reply: &CallPermissionReply) -> PermissionReply {
    PermissionReply {
        response: match reply.response {
            Response::Accept => PermissionResponse::Accept,
            Response::Reject => PermissionResponse::Reject,
            _ => PermissionResponse::Other,
        },
        is_permanent: reply.is_permanent,
        expires_at: reply.expires_at,
        automatic: reply.source == Some(ResponseSource::Automatic),
    }
}

/// Takes the rows of the requests that a word may change, in the one order.
pub(super) fn take(tx: &mut Tx<'_>, contact: ContactId, word: Word) -> Result<Taken, ToolError> {
    let of_prompt = match word {
        Word::Prompt { prompt, .. } | Word::Permission { prompt: Some(prompt), .. } => {
            request_of(tx, contact, prompt)?
        }
        Word::Permission { prompt: None, .. } => None,
    };
    let mut guards = Vec::new();
    for request in concerned(tx, contact, &word, of_prompt)? {
        guards.push(requests::lock(tx, request)?);
    }
    Ok(Taken { word, of_prompt, guards })
}

/// The request of a message of ours to this very person. A button's id may name another's, or nothing.
fn request_of(
    tx: &mut Tx<'_>,
    contact: ContactId,
    prompt: MessageId,
) -> Result<Option<RequestId>, ToolError> {
    match messages::load(tx, prompt) {
        Ok(message) => Ok(message.request.filter(|_| message.contact == contact)),
        Err(store::StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Stores the message with its request and carries out what it says.
pub(super) fn place(
    tx: &mut Tx<'_>,
    policy: Policy,
    number: &PhoneNumberId,
    contact: &Contact,
    reading: &Reading,
    message: &InboundMessage,
    taken: &Taken,
) -> Result<(), ToolError> {
    let guard = taken.guards.iter().find(|guard| Some(guard.request().id) == taken.of_prompt);
    let is_client = match guard {
        Some(guard) => guard.request().client == contact.id,
        None => vendors::find_by_contact(tx, contact.id)?.is_none(),
    };
    let request = guard.map(|guard| guard.request().id);
    if let Some(request) = request {
        tracing::Span::current().record("request", tracing::field::display(request));
    }
    let party = if is_client { Party::Client } else { Party::Vendor };
    let kept = Reading {
        kind: MessageKind::Consent,
        body: reading.body.clone(),
        button_id: reading.button_id.clone(),
    };
    let id = keep(tx, contact, &kept, message, request, party)?;
    let at = message.at.unwrap_or(tx.now);
    let said = Said { by: contact, number, message: id, at, word: taken.word };
    consent_handler::heard(tx, policy, &taken.guards, &said)
}
