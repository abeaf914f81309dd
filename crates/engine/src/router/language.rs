//! In which language a person is answered: what they ask for counts and lasts, else what a client writes in.

use conversation::language::{asked_for, detect};
use marketplace::Language;
use store::{
    Tx,
    contacts::{self, Contact, LanguageSource},
    messages::{MessageKind, Party},
};
use tools::ToolError;

use super::message::Reading;

/// What a message says of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing.
    Nothing,
    /// It is in this one, unlike what we write; one message alone changes nothing. `None`: in ours again.
    Other(Option<Language>),
    /// The person is written to in this one from now on.
    Change(Language, LanguageSource),
}

/// Reads a message. Only a client's words are heard: a vendor's language stands in the directory, and changes on wish.
pub(super) fn read(contact: &Contact, reading: &Reading, party: Party) -> Heard {
    let has_words = matches!(reading.kind, MessageKind::Text | MessageKind::Document | MessageKind::Media);
    if !has_words {
        return Heard::Nothing;
    }
    if let Some(language) = asked_for(&reading.body) {
        return Heard::Change(language, LanguageSource::Asked);
    }
    let heard = || detect(&reading.body);
    match (party, contact.language_source) {
        (Party::Client, LanguageSource::Default) => {
            heard().map_or(Heard::Nothing, |language| Heard::Change(language, LanguageSource::Detected))
        }
        (Party::Client, LanguageSource::Detected) => match heard() {
            Some(language) if language == contact.language => Heard::Other(None),
            Some(language) if contact.language_heard == Some(language) => {
                Heard::Change(language, LanguageSource::Detected)
            }
            Some(language) => Heard::Other(Some(language)),
            None => Heard::Nothing,
        },
        _ => Heard::Nothing,
    }
}

/// Reads a message and remembers what it says; the contact's row is taken. The new language and how it was set, if there
/// is one.
pub(super) fn hear(
    tx: &mut Tx<'_>,
    contact: &mut Contact,
    reading: &Reading,
    party: Party,
) -> Result<Option<(Language, LanguageSource)>, ToolError> {
    match read(contact, reading, party) {
        Heard::Nothing => Ok(None),
        Heard::Other(language) => {
            if contact.language_heard != language {
                contacts::set_language_heard(tx, contact.id, language)?;
            }
            Ok(None)
        }
        Heard::Change(language, source) => {
            contacts::set_language(tx, contact.id, language, source)?;
            (contact.language, contact.language_source) = (language, source);
            Ok(Some((language, source)))
        }
    }
}
