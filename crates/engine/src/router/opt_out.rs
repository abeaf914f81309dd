//! STOP and START: whole messages, captions, and titles of buttons that are not ours. They take effect here at once, never
//! coalesced, never behind a turn; [`tools::opt_out`] carries them out.

use conversation::{ButtonId, ControlWord, Sentence, control_words};
use marketplace::{PhoneNumberId, Timestamp};
use meta_client::event::InboundMessage;
use store::{
    Tx,
    contacts::{self, Contact, Identity, LanguageSource},
    messages::{MessageKind, Party},
    outbox::Purpose,
    requests::{self, RequestGuard},
};
use tools::{ToolError, opt_out};

use super::message::{Placement, Reading, keep};

/// A word with the rows that it changes, taken.
pub(super) struct Taken {
    word: ControlWord,
    guards: Vec<RequestGuard>,
}

/// Reads STOP or START and takes the rows of the requests that a STOP ends, ascending: before the contact's.
pub(super) fn take(
    tx: &mut Tx<'_>,
    contact: &Contact,
    reading: &Reading,
) -> Result<Option<Taken>, ToolError> {
    let Some(word) = word_of(reading) else { return Ok(None) };
    let mut guards = Vec::new();
    if word == ControlWord::Stop {
        for request in opt_out::concerned(tx, contact.id)? {
            guards.push(requests::lock(tx, request)?);
        }
    }
    Ok(Some(Taken { word, guards }))
}

/// STOP or START, where the message is one as a whole. A title of our own is no word of the person's: a vendor's name
/// may stand in it.
fn word_of(reading: &Reading) -> Option<ControlWord> {
    let has_words = matches!(
        reading.kind,
        MessageKind::Text | MessageKind::Button | MessageKind::Document | MessageKind::Media
    );
    let is_ours = reading.button_id.as_deref().is_some_and(|id| id.parse::<ButtonId>().is_ok());
    let word = control_words::recognise(&reading.body).filter(|_| has_words && !is_ours)?;
    matches!(word, ControlWord::Stop | ControlWord::Start).then_some(word)
}

/// Carries a word out; `None` where it changes nothing and is a message like any other. The contact's row is taken.
pub(super) fn place(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    contact: &Contact,
    known_by: &[Identity],
    reading: &Reading,
    message: &InboundMessage,
    taken: Option<Taken>,
) -> Result<Option<Placement>, ToolError> {
    let at = message.at.unwrap_or(tx.now).min(tx.now);
    match taken {
        Some(taken) if taken.word == ControlWord::Stop && contact.opted_out_at.is_none() => {
            stop(tx, number, contact, reading, message, taken.guards, at)?;
            Ok(Some(Placement::Done(contact.id)))
        }
        // START means something only to a person who said STOP, or whose number was an erased person's.
        Some(taken) if taken.word == ControlWord::Start && may_start(tx, contact, known_by, at)? => {
            start(tx, number, contact, known_by, reading, message)?;
            Ok(Some(Placement::Done(contact.id)))
        }
        // Whoever said STOP is not answered, a second STOP included; what they write is kept.
        _ if contact.opted_out_at.is_some() => {
            let id = keep(tx, contact, reading, message, None, Party::Client)?;
            opt_out::refused(tx, contact, id)?;
            Ok(Some(Placement::Ignored(Some(contact.id), "opted_out")))
        }
        _ => Ok(None),
    }
}

fn stop(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    contact: &Contact,
    reading: &Reading,
    message: &InboundMessage,
    mut guards: Vec<RequestGuard>,
    at: Timestamp,
) -> Result<(), ToolError> {
    keep(tx, contact, reading, message, None, Party::Client)?;
    let contact = in_their_language(tx, contact, reading)?;
    // Before the confirmation is queued: it is the one message that is left.
    opt_out::opt_out(tx, &mut guards, &contact, at)?;
    opt_out::say(tx, number, &contact, Purpose::StopConfirmation, &Sentence::StopConfirmed)
}

fn start(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    contact: &Contact,
    known_by: &[Identity],
    reading: &Reading,
    message: &InboundMessage,
) -> Result<(), ToolError> {
    contacts::lift_suppression(tx, known_by)?;
    keep(tx, contact, reading, message, None, Party::Client)?;
    let contact = in_their_language(tx, contact, reading)?;
    opt_out::say(tx, number, &contact, Purpose::Notice, &Sentence::StartConfirmed)?;
    opt_out::opt_in(tx, &contact)
}

/// The word itself tells the language of somebody who has written nothing else.
fn in_their_language(tx: &mut Tx<'_>, contact: &Contact, reading: &Reading) -> Result<Contact, ToolError> {
    let language = control_words::language_of(&reading.body);
    if let Some(language) = language.filter(|_| contact.language_source == LanguageSource::Default) {
        contacts::set_language(tx, contact.id, language, LanguageSource::Detected)?;
    }
    Ok(contacts::load(tx, contact.id)?)
}

/// A START that Meta dates before the STOP was said before it.
fn may_start(
    tx: &mut Tx<'_>,
    contact: &Contact,
    known_by: &[Identity],
    at: Timestamp,
) -> Result<bool, ToolError> {
    if let Some(stopped_at) = contact.opted_out_at {
        return Ok(at.as_seconds() >= stopped_at.as_seconds());
    }
    for identity in known_by {
        if contacts::is_suppressed(tx, identity)? {
            return Ok(true);
        }
    }
    Ok(false)
}
