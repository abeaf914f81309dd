//! The language of a conversation: it follows its client.

use audit::Outcome;
use calling_policy::Chat;
use conversation::Sentence;
use marketplace::{ContactId, Language};
use serde_json::json;
use store::{
    Tx,
    contacts::{self, Contact, LanguageSource},
    requests::{self, FactChanges, RequestGuard},
};

use crate::{AuditEntry, Caller, ToolError, calling::say, record, record_system};

/// Moves a request to the language that its client has now. The contact's row says it already.
pub fn follow(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    (language, source): (Language, LanguageSource),
    by: &Caller,
) -> Result<(), ToolError> {
    if guard.request().language == language {
        return Ok(());
    }
    let from = guard.request().language;
    requests::set_facts(tx, guard, &FactChanges { language: Some(language), ..FactChanges::default() })?;
    let payload = json!({ "from": from, "to": language });
    let changed = AuditEntry::new(by.actor.clone(), "language.changed", payload)
        .with_outcome(Outcome::Ok, [source.to_string()]);
    record(tx, guard, changed)
}

/// Confirms to the client, in the language they asked for, that they get it, while the bot may speak.
pub fn confirm(tx: &mut Tx<'_>, guard: &RequestGuard, client: &Contact) -> Result<(), ToolError> {
    let request = guard.request();
    if Chat::of(request.state, request.control) == Chat::Open {
        say::sentence(tx, guard, client, &Sentence::LanguageSet)?;
    }
    Ok(())
}

/// Sets a person's language for an operator; their open request follows. Only a wish of theirs changes it again.
///
/// # Errors
/// [`store::StoreError::NotFound`] when there is no such contact.
pub fn set(tx: &mut Tx<'_>, contact: ContactId, language: Language) -> Result<(), ToolError> {
    let by = Caller::operator();
    let open = requests::open_of_client(tx, contact)?;
    let mut guard = open.map(|request| requests::lock(tx, request)).transpose()?;
    contacts::lock(tx, contact)?;
    let known = contacts::load(tx, contact)?;
    contacts::set_language(tx, contact, language, LanguageSource::Operator)?;
    if let Some(guard) = &mut guard {
        follow(tx, guard, (language, LanguageSource::Operator), &by)?;
    }
    let payload = json!({ "contact_id": contact, "from": known.language, "to": language });
    let entry = AuditEntry::new(by.actor, "contact.language_set", payload).caused_by(contact);
    record_system(tx, entry.sealed_by([known.data_key]))
}
