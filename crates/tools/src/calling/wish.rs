//! From a wish to call to the one tool call that brings it about: judged in the plan's own transaction, on the rows
//! as they are then. Nothing here sends or dials; what it finds goes through the tools like everything else.
//!
//! The keys are asked for one at a time: the client's before the vendor's, and of vendors one after the other. What
//! a rule forbids beside a missing consent is never asked for: a YES would lead to no call.

use std::time::Duration;

use calling_policy::{
    CallFacts, Callee, Chat, Consent, ConsentStatus, Rule, Stage, Support, Verdict, evaluate,
    limits::SILENCE, support,
};
use conversation::{Sentence, catalogue};
use marketplace::{ActorKind, RequestState, Timestamp, TurnId, VendorId};
use moltbot_contract::{CallParty, CallScope, CallTrigger, CallWish, CallingWish};
use serde_json::json;
use store::{
    Tx, calls, contacts,
    messages::{self, Direction},
    requests::RequestGuard,
    sourcing,
};
use tool_registry::{
    Party, RefusalCode, RequestCallConsentArgs, SendClientMessageArgs, StartCallArgs, ToolCall,
};

use super::{
    consent_handler::open_prompt,
    facts::{Asked, authorisations, call_facts, is_granted},
    request_consent::{card_to_client, may_ask, scope_of},
    say,
    start_call::trigger_of,
};
use crate::{AuditEntry, Caller, Invocation, Policy, Refusal, ToolError, pipeline, record};

/// How far back the conversation is searched for a sentence that need not be said twice.
const LOOK_BACK: i64 = 40;
/// How long Meta's card counts as before the client.
const CARD_WAITS: Duration = Duration::from_hours(24);

/// Who wishes for a call, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Moltbot, with a plan.
    Moltbots(CallingWish),
    /// The client just wrote "call me".
    ClientAsks,
    /// The coded workflow: a call for the first of these reasons that the facts support, if any.
    Supported(Vec<CallTrigger>),
}

/// The calling step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCalling {
    /// The idempotency key is `turn/step`.
    pub step: String,
    /// What is wished for.
    pub wish: Wish,
}

/// What a wish comes to.
struct Found {
    call: ToolCall,
    /// The call it is about.
    trigger: Option<CallTrigger>,
    /// Whether policy lets this very step through; if not, the tool says why.
    possible: bool,
}

/// Honours a wish as far as tools and policy let it. A refusal is recorded and changes nothing else of the plan; a
/// client who asked to be called reads that there is no call.
///
/// # Errors
/// [`ToolError`] other than a refusal.
pub(crate) fn honour(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &mut RequestGuard,
    turn: TurnId,
    calling: &PlanCalling,
) -> Result<(), ToolError> {
    let found = match ToolError::refusal(next_step(tx, policy, guard, &calling.wish))? {
        Ok(None) => return Ok(()),
        Ok(Some(found)) => found,
        Err(refusal) => return not_honoured(tx, guard, turn, &refusal.detail, refusal.codes()),
    };
    let invocation = |step: String, call| Invocation {
        caller: Caller::orchestrator(),
        key: Some(format!("{turn}/{step}")),
        caused_by: Some(turn.to_string()),
        call,
    };
    let outcome = pipeline::run_under(tx, policy, guard, &invocation(calling.step.clone(), found.call))?;
    let Err(refusal) = outcome else { return Ok(()) };
    // A call that Moltbot alone thought of is none that the client waits for.
    let is_theirs = matches!(calling.wish, Wish::ClientAsks | Wish::Supported(_));
    if !is_theirs || found.trigger != Some(CallTrigger::ClientAsked) {
        return Ok(());
    }
    let body = if goes_on(tx, policy, guard, turn, &refusal)? {
        let reminds =
            calling.wish == Wish::ClientAsks && refusal.reasons.contains(&RefusalCode::ConsentPending);
        if reminds { reminder(tx, guard)? } else { None }
    } else {
        no_call(tx, guard)?
    };
    if let Some(body) = body {
        let request_id = guard.request().id;
        let tell = SendClientMessageArgs { request_id, body, buttons: Vec::new(), reply_to: None };
        let invocation = invocation(format!("{}/no_call", calling.step), tell.into());
        // Refused, it is recorded; the plan stands either way.
        let _ = pipeline::run_under(tx, policy, guard, &invocation)?;
    }
    Ok(())
}

/// Records that nothing came of a wish, before any tool was asked.
pub(crate) fn not_honoured(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    turn: TurnId,
    detail: &str,
    reasons: Vec<String>,
) -> Result<(), ToolError> {
    let payload = json!({ "detail": detail });
    let entry = AuditEntry::new(Caller::orchestrator().actor, "call.not_wished", payload).caused_by(turn);
    record(tx, guard, entry.with_outcome(audit::Outcome::Refused, reasons))
}

/// Whether the client has something before them after a refusal: our question, the answer to their own NO, the call, or
/// Meta's card. Where the card is what is missing, it is queued again, if it may be.
fn goes_on(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    turn: TurnId,
    refusal: &Refusal,
) -> Result<bool, ToolError> {
    let lacks_permission =
        |code: &RefusalCode| matches!(code, RefusalCode::PermissionMissing | RefusalCode::PermissionExpired);
    let waits = |code: &RefusalCode| {
        let asked = [RefusalCode::ConsentPending, RefusalCode::ConsentInForce, RefusalCode::ConsentDenied];
        asked.contains(code) || lacks_permission(code)
    };
    if refusal.reasons.contains(&RefusalCode::CallInProgress) {
        return Ok(true);
    }
    if !refusal.reasons.iter().all(waits) {
        return Ok(false);
    }
    if !refusal.reasons.iter().any(lacks_permission) {
        return Ok(true);
    }
    let request = guard.request();
    let since = guard.now(tx) - CARD_WAITS;
    if !calls::cards_sent(tx, request.client, &request.phone_number_id, since)?.is_empty() {
        return Ok(true);
    }
    let Some(mut asked) = card_to_client(tx, policy, guard)? else { return Ok(true) };
    let queued = asked.outcome == audit::Outcome::Ok;
    asked.caused_by = Some(turn.to_string());
    record(tx, guard, asked)?;
    Ok(queued)
}

/// That our question waits for their answer, to a client who had it when they asked again; once for each question.
fn reminder(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Option<String>, ToolError> {
    let request = guard.request();
    let Some(open) = open_prompt(tx, request.id, request.client)? else { return Ok(None) };
    let prompt = open.consent.prompt();
    let sent = calls::sent_to(tx, request.id, request.client, LOOK_BACK)?;
    let accepted_at = sent.iter().find(|sent| sent.message == prompt).and_then(|sent| sent.accepted_at);
    let (Some(accepted_at), Some(asked_at)) = (accepted_at, request.call_asked_at) else { return Ok(None) };
    if asked_at <= accepted_at {
        return Ok(None);
    }
    unsaid(tx, guard, &Sentence::ConsentReminder, Some(accepted_at))
}

/// That no call comes, unless the client has read it since they asked.
fn no_call(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Option<String>, ToolError> {
    unsaid(tx, guard, &Sentence::CallingUnavailable, guard.request().call_asked_at)
}

/// A sentence to the client, unless it was said since.
fn unsaid(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    sentence: &Sentence<'_>,
    since: Option<Timestamp>,
) -> Result<Option<String>, ToolError> {
    let request = guard.request();
    let body = catalogue::text(request.language, sentence);
    let told = messages::latest(tx, request.id, LOOK_BACK)?.into_iter().any(|message| {
        message.direction == Direction::Out
            && message.contact == request.client
            && since.is_none_or(|since| message.meta_at >= since)
            && message.body.as_deref() == Some(&body)
    });
    Ok((!told).then_some(body))
}

/// Tells a client who asked to be called that no call comes, once since they asked, where the bot may speak. Not one
/// who said NO or STOP: they know.
pub(super) fn tell_no_call(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<(), ToolError> {
    let request = guard.request();
    let is_open = Chat::of(request.state, request.control) == Chat::Open && request.state.is_open();
    if request.call_asked_at.is_none() || !is_open {
        return Ok(());
    }
    let client = contacts::load(tx, request.client)?;
    let given = authorisations(tx, guard)?;
    let now = guard.now(tx);
    let denied = |consent: &Consent| consent.status(now) == ConsentStatus::Denied;
    let said_no = given.client.iter().chain(&given.callee).any(denied);
    if said_no || client.opted_out_at.is_some() || client.erased_at.is_some() {
        return Ok(());
    }
    if no_call(tx, guard)?.is_none() {
        return Ok(());
    }
    let message = say::sentence(tx, guard, &client, &Sentence::CallingUnavailable)?;
    let payload = json!({ "message_id": message });
    let entry = AuditEntry::new(Caller::system("calling").actor, "call.unavailable", payload);
    record(tx, guard, entry.caused_by(message))
}

fn next_step(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    wish: &Wish,
) -> Result<Option<Found>, ToolError> {
    match wish {
        Wish::ClientAsks => {
            let facts = facts(tx, policy, guard, &Party::Client, CallTrigger::ClientAsked)?;
            Ok(Some(step_to(tx, policy, guard, &Party::Client, CallTrigger::ClientAsked, &facts)?))
        }
        Wish::Moltbots(CallingWish { wish, party: Some(party), trigger }) => match (wish, party, trigger) {
            (CallWish::RequestConsent, CallParty::Client, _) => {
                ask(tx, policy, guard, Party::Client, CallScope::CallClient, None).map(Some)
            }
            (CallWish::RequestConsent, CallParty::Vendor, _) => ask_for_vendor(tx, policy, guard).map(Some),
            (CallWish::StartCall, CallParty::Client, Some(trigger)) => {
                let facts = facts(tx, policy, guard, &Party::Client, *trigger)?;
                Ok(Some(step_to(tx, policy, guard, &Party::Client, *trigger, &facts)?))
            }
            (CallWish::StartCall, CallParty::Vendor, Some(trigger)) => {
                vendor_step(tx, policy, guard, *trigger)?.ok_or_else(|| no_vendor().into()).map(Some)
            }
            (CallWish::None, _, _) | (CallWish::StartCall, _, None) => Ok(None),
        },
        Wish::Moltbots(CallingWish { party: None, .. }) => Ok(None),
        Wish::Supported(triggers) => {
            let mut first = None;
            for trigger in triggers {
                let found = match trigger.party() {
                    CallParty::Client => client_step(tx, policy, guard, *trigger)?,
                    // Calling is an escalation: with a list in the client's hands no shop is rung up unasked.
                    CallParty::Vendor if guard.request().state != RequestState::Sourcing => None,
                    CallParty::Vendor => vendor_step(tx, policy, guard, *trigger)?,
                };
                match found {
                    Some(found) if found.possible => return Ok(Some(found)),
                    Some(found) => first = first.or(Some(found)),
                    None => {}
                }
            }
            Ok(first)
        }
    }
}

fn no_vendor() -> Refusal {
    let detail = "the facts support a call to none of the vendors contacted for this request";
    Refusal::new(RefusalCode::TriggerNotMet, detail)
}

/// The client's word comes first. Then the vendor is asked whom the facts give a reason to call.
fn ask_for_vendor(tx: &mut Tx<'_>, policy: Policy, guard: &RequestGuard) -> Result<Found, ToolError> {
    if !is_granted(tx, guard, calling_policy::Party::Vendor)? {
        return ask(tx, policy, guard, Party::Client, CallScope::CallVendor, None);
    }
    for trigger in [CallTrigger::UrgentNoReply, CallTrigger::AmbiguousReply] {
        if let Some((vendor, _)) = candidate(tx, policy, guard, trigger)? {
            return ask(tx, policy, guard, Party::Vendor(vendor), CallScope::CallVendor, Some(trigger));
        }
    }
    Err(no_vendor().into())
}

fn client_step(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    trigger: CallTrigger,
) -> Result<Option<Found>, ToolError> {
    let facts = facts(tx, policy, guard, &Party::Client, trigger)?;
    if support(&facts, trigger_of(trigger), guard.now(tx)) != Support::Holds {
        return Ok(None);
    }
    step_to(tx, policy, guard, &Party::Client, trigger, &facts).map(Some)
}

fn vendor_step(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    trigger: CallTrigger,
) -> Result<Option<Found>, ToolError> {
    let Some((vendor, facts)) = candidate(tx, policy, guard, trigger)? else { return Ok(None) };
    step_to(tx, policy, guard, &Party::Vendor(vendor), trigger, &facts).map(Some)
}

/// Of the vendors for whom the facts support the trigger, in the order in which they were contacted: one who was
/// asked a moment ago, else the first for whom a step is possible and who has not left our question unanswered for its
/// whole time, else the first.
fn candidate(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    trigger: CallTrigger,
) -> Result<Option<(VendorId, CallFacts)>, ToolError> {
    let now = guard.now(tx);
    let mut fit: Option<(VendorId, CallFacts)> = None;
    let mut first: Option<(VendorId, CallFacts)> = None;
    for outreach in sourcing::outreaches_of(tx, guard.request().id)? {
        let party = Party::Vendor(outreach.vendor.clone());
        let facts = facts(tx, policy, guard, &party, trigger)?;
        if support(&facts, trigger_of(trigger), now) != Support::Holds {
            continue;
        }
        if was_just_asked(&facts, now) {
            return Ok(Some((outreach.vendor, facts)));
        }
        if fit.is_none()
            && !left_unanswered(&facts, now)
            && step_to(tx, policy, guard, &party, trigger, &facts)?.possible
        {
            fit = Some((outreach.vendor.clone(), facts.clone()));
        }
        first = first.or(Some((outreach.vendor, facts)));
    }
    Ok(fit.or(first))
}

/// A vendor is given as long to answer our question as any other message before the next one is asked.
fn was_just_asked(facts: &CallFacts, now: Timestamp) -> bool {
    let Callee::Vendor(callee, _) = &facts.callee else { return false };
    callee.consent.is_some_and(|consent| {
        consent.status(now) == ConsentStatus::Requested && now < consent.requested_at() + SILENCE
    })
}

/// Whoever never answered is not asked before others were.
fn left_unanswered(facts: &CallFacts, now: Timestamp) -> bool {
    let Callee::Vendor(callee, _) = &facts.callee else { return false };
    callee.consent.is_some_and(|consent| {
        consent.status(now) == ConsentStatus::Expired && consent.answered_at().is_none()
    })
}

fn facts(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    callee: &Party,
    trigger: CallTrigger,
) -> Result<CallFacts, ToolError> {
    let asked =
        Asked { callee, claim: trigger_of(trigger), author: ActorKind::Orchestrator, stage: Stage::Decide };
    call_facts(tx, policy, guard, asked)
}

/// The call; or, where nothing but a consent is missing for it, the question for that consent.
fn step_to(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    callee: &Party,
    trigger: CallTrigger,
    facts: &CallFacts,
) -> Result<Found, ToolError> {
    let request_id = guard.request().id;
    let start = StartCallArgs { request_id, party: callee.clone(), trigger };
    let start = |possible| Found { call: start.into(), trigger: Some(trigger), possible };
    let Verdict::Refused { failures } = evaluate(facts, guard.now(tx)) else { return Ok(start(true)) };
    let rules = failures.rules();
    let scope = match callee {
        Party::Client => CallScope::CallClient,
        Party::Vendor(_) => CallScope::CallVendor,
    };
    if !rules.iter().all(|rule| lacks_authorisation(*rule) || lacks_callee(*rule)) {
        return Ok(start(false));
    }
    if rules.iter().copied().any(lacks_authorisation) {
        return ask(tx, policy, guard, Party::Client, scope, Some(trigger));
    }
    let asks_callee = match callee {
        Party::Vendor(_) => true,
        // Meta's card goes to the client with their YES: there is nothing to ask for then.
        Party::Client => rules.iter().copied().any(lacks_callees_consent),
    };
    if asks_callee {
        return ask(tx, policy, guard, callee.clone(), scope, Some(trigger));
    }
    Ok(start(false))
}

const fn lacks_authorisation(rule: Rule) -> bool {
    matches!(rule, Rule::ConsentRequired | Rule::ConsentExpired | Rule::ConsentScope)
}

const fn lacks_callees_consent(rule: Rule) -> bool {
    matches!(rule, Rule::CalleeConsentRequired | Rule::CalleeConsentExpired)
}

const fn lacks_callee(rule: Rule) -> bool {
    lacks_callees_consent(rule) || matches!(rule, Rule::PermissionMissing | Rule::PermissionExpired)
}

fn ask(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    party: Party,
    scope: CallScope,
    trigger: Option<CallTrigger>,
) -> Result<Found, ToolError> {
    let may = may_ask(tx, policy, guard, &party, scope_of(scope), ActorKind::Orchestrator);
    let possible = ToolError::refusal(may)?.is_ok();
    let request_id = guard.request().id;
    Ok(Found { call: RequestCallConsentArgs { request_id, party, scope }.into(), trigger, possible })
}
