//! `marketplace.request_call_consent`: the question whether we may call, with YES and NO or as Meta's card.

use calling_policy::{AskRule, Consent, ConsentKey, Scope, Verdict, evaluate_ask, keys_of_prompt};
use conversation::{ButtonId, Sentence, catalogue};
use marketplace::{ActorKind, ConsentId, DataKeyId, MessageId};
use moltbot_contract::{CallScope, ConsentStatus};
use serde_json::json;
use store::{
    Tx,
    calls::{self, AskedBy, NewConsent},
    contacts::Contact,
    outbox::Purpose,
    requests::RequestGuard,
    timers::{self, TimerKind},
};
use tool_registry::{Party, RefusalCode, RequestCallConsentArgs, RequestCallConsentResult};

use super::{
    after_the_flag,
    facts::{ask_facts, party_of},
    refusal_of,
    say::{self, Way},
};
use crate::{AuditEntry, Caller, Policy, ToolError, error::refuse, record};

/// The wording that consent is given to, by the message of the catalogue and its version.
pub const PROMPT_WORDING: &str = "consent-prompt.v1";

/// Asks the policy with the rows as they are now, then queues the prompt and opens its consents as `requested`.
///
/// Returns the result, and the key of the vendor who was asked.
pub(crate) fn run(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    caller: &Caller,
    args: &RequestCallConsentArgs,
) -> Result<(RequestCallConsentResult, Option<DataKeyId>), ToolError> {
    let scope = scope_of(args.scope);
    let (asked_by, contact) = may_ask(tx, policy, guard, &args.party, scope, caller.actor.kind)?;
    if contact.phone.is_none() && contact.bsuid.is_none() {
        return refuse(RefusalCode::NoAddress, "no number is known for this person");
    }
    let prompt = queue(tx, guard, &contact, asked_by, caller.actor.kind)?;
    let consents = open(tx, guard, &args.party, &contact, prompt, (asked_by, scope))?;
    let Some(consent_id) = consents.first().copied() else {
        return refuse(RefusalCode::ConsentScope, AskRule::ConsentScope.summary());
    };
    let payload = json!({
        "consents": consents,
        "prompt_message_id": prompt,
        "party": party_of(&args.party),
        "scope": scope,
        "asked_by": asked_by.to_string(),
        "wording": PROMPT_WORDING,
    });
    let entry = AuditEntry::new(caller.actor.clone(), "consent.requested", payload);
    record(tx, guard, entry.caused_by(consent_id))?;
    let vendor = (contact.id != guard.request().client).then_some(contact.data_key);
    Ok((RequestCallConsentResult { consent_id, status: ConsentStatus::Requested }, vendor))
}

/// Whether this person may be asked, and how. The client: by buttons, since a YES of theirs is more than Meta's
/// permission. A vendor: by Meta's card, which brings keys 2 and 3; by buttons where Meta lets us call already or
/// takes no card now.
pub(super) fn may_ask(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    party: &Party,
    scope: Scope,
    author: ActorKind,
) -> Result<(AskedBy, Contact), ToolError> {
    let now = guard.now(tx);
    let facts = ask_facts(tx, policy, guard, party, scope, author, false);
    let (by_buttons, contact) = after_the_flag(tx, policy, facts)?;
    let buttons = evaluate_ask(&by_buttons, now);
    if *party == Party::Client || by_buttons.permission.allows(now) {
        return match buttons {
            Verdict::Allowed => Ok((AskedBy::Buttons, contact)),
            Verdict::Refused { failures } => Err(refusal_of(&failures).into()),
        };
    }
    let (by_card, contact) = ask_facts(tx, policy, guard, party, scope, author, true)?;
    match evaluate_ask(&by_card, now) {
        Verdict::Allowed => Ok((AskedBy::Card, contact)),
        Verdict::Refused { failures } => {
            let limits = [AskRule::PermissionRequestUnknown, AskRule::PermissionRequestLimit];
            let only_limits = failures.iter().all(|failure| limits.contains(&failure.rule));
            // Granted by buttons already: what is missing is Meta's, and the card has to wait.
            if only_limits && buttons.is_allowed() {
                return Ok((AskedBy::Buttons, contact));
            }
            Err(refusal_of(&failures).into())
        }
    }
}

/// Queues Meta's card to the client, whose YES brought keys 1 and 2: it opens no consent, and brings key 3. Not where
/// Meta lets us call already, or a rule is against it. Returns what the audit says of it.
pub(super) fn card_to_client(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
) -> Result<Option<AuditEntry>, ToolError> {
    let now = guard.now(tx);
    let author = ActorKind::System;
    let (facts, client) = ask_facts(tx, policy, guard, &Party::Client, Scope::CallClient, author, true)?;
    if facts.permission.allows(now) {
        return Ok(None);
    }
    let entry = |payload| AuditEntry::new(Caller::system("calling").actor, "permission.requested", payload);
    Ok(Some(match evaluate_ask(&facts, now) {
        Verdict::Allowed => {
            let message = queue(tx, guard, &client, AskedBy::Card, author)?;
            entry(json!({ "message_id": message, "party": "client" })).caused_by(message)
        }
        Verdict::Refused { failures } => {
            let codes = failures.rules().into_iter().map(|rule| rule.code().to_owned());
            entry(json!({ "party": "client" })).with_outcome(audit::Outcome::Refused, codes)
        }
    }))
}

/// Stores the prompt and queues it.
fn queue(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    to: &Contact,
    by: AskedBy,
    author: ActorKind,
) -> Result<MessageId, ToolError> {
    let language = say::language_of(guard.request(), to);
    let button = |prompt, yes: bool, title: &Sentence<'_>| {
        (ButtonId::Consent { prompt, yes }.to_string(), catalogue::text(language, title))
    };
    let (purpose, template) = match by {
        AskedBy::Buttons => (Purpose::ConsentPrompt, "consent_prompt"),
        AskedBy::Card => (Purpose::PermissionCard, "call_permission"),
    };
    let way = Way { purpose, author, template };
    say::queue(tx, guard, to, &Sentence::ConsentPrompt, &way, |prompt| match by {
        AskedBy::Buttons => {
            vec![button(prompt, true, &Sentence::ButtonYes), button(prompt, false, &Sentence::ButtonNo)]
        }
        AskedBy::Card => Vec::new(),
    })
}

/// Opens what a prompt asks for, in the order of [`keys_of_prompt`], each with the timer of its end.
fn open(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    party: &Party,
    contact: &Contact,
    prompt: MessageId,
    (asked_by, scope): (AskedBy, Scope),
) -> Result<Vec<ConsentId>, ToolError> {
    let request = guard.request();
    let keys: &[(ConsentKey, Scope)] = keys_of_prompt(party_of(party), scope).unwrap_or_default();
    let mut opened = Vec::with_capacity(keys.len());
    for key in keys {
        let consent = Consent::requested(request.id, contact.id, prompt, *key, guard.now(tx));
        let new = NewConsent {
            consent,
            party: party_of(party),
            asked_by,
            wording: PROMPT_WORDING.to_owned(),
            language: say::language_of(request, contact),
        };
        let id = calls::insert_consent(tx, guard, &new)?;
        timers::set(tx, guard, TimerKind::ConsentExpires, &id.to_string(), consent.expires_at())?;
        opened.push(id);
    }
    Ok(opened)
}

/// The scope, as policy names it.
pub(super) const fn scope_of(scope: CallScope) -> Scope {
    match scope {
        CallScope::CallVendor => Scope::CallVendor,
        CallScope::CallClient => Scope::CallClient,
        CallScope::Either => Scope::Either,
    }
}
