//! The language of a conversation: it follows its client.

use audit::Outcome;
use calling_policy::Chat;
use conversation::Sentence;
use marketplace::Language;
use serde_json::json;
use store::{
    Tx,
    contacts::{Contact, LanguageSource},
    requests::{self, FactChanges, RequestGuard},
};

use crate::{AuditEntry, Caller, ToolError, calling::say, record};

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
