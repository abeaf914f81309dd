//! From a wish to call to the one tool call that brings it about: judged in the plan's own transaction, on the rows
//! as they are then. Nothing here sends or dials; what it finds goes through the tools like everything else.
//!
//! The keys are asked for one at a time: the client's before the vendor's, and of vendors one after the other. What
//! a rule forbids beside a missing consent is never asked for: a YES would lead to no call.

use calling_policy::{
    CallFacts, Callee, ConsentStatus, Rule, Stage, Support, Verdict, evaluate, limits::SILENCE, support,
};
use conversation::{Sentence, catalogue};
use marketplace::{ActorKind, RequestState, Timestamp, TurnId, VendorId};
use moltbot_contract::{CallParty, CallScope, CallTrigger, CallWish, CallingWish};
use serde_json::json;
use store::{
    Tx,
    messages::{self, Direction},
    requests::RequestGuard,
    sourcing,
};
use tool_registry::{
    Party, RefusalCode, RequestCallConsentArgs, SendClientMessageArgs, StartCallArgs, ToolCall,
};

use super::{
    facts::{Asked, call_facts, is_granted},
    request_consent::{may_ask, scope_of},
    start_call::trigger_of,
};
use crate::{AuditEntry, Caller, Invocation, Policy, Refusal, ToolError, pipeline, record};

/// How far back the conversation is searched for a sentence that need not be said twice.
const LOOK_BACK: i64 = 40;

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
    if found.trigger != Some(CallTrigger::ClientAsked) || goes_on(&refusal) {
        return Ok(());
    }
    if let Some(body) = no_call(tx, guard)? {
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

/// Refusals after which the client has something before them already: our question, Meta's card, or the call.
fn goes_on(refusal: &Refusal) -> bool {
    let waits = |code: &RefusalCode| {
        matches!(
            code,
            RefusalCode::ConsentPending
                | RefusalCode::ConsentInForce
                | RefusalCode::PermissionMissing
                | RefusalCode::PermissionExpired
        )
    };
    refusal.reasons.iter().all(waits) || refusal.reasons.contains(&RefusalCode::CallInProgress)
}

/// That no call comes, unless the client has read it since they asked.
fn no_call(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Option<String>, ToolError> {
    let request = guard.request();
    let body = catalogue::text(request.language, &Sentence::CallingUnavailable);
    let since = request.call_asked_at;
    let told = messages::latest(tx, request.id, LOOK_BACK)?.into_iter().any(|message| {
        message.direction == Direction::Out
            && message.contact == request.client
            && since.is_none_or(|asked| message.meta_at >= asked)
            && message.body.as_deref() == Some(&body)
    });
    Ok((!told).then_some(body))
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
/// asked a moment ago, else the first for whom a step is possible, else the first.
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
        if fit.is_none() && step_to(tx, policy, guard, &party, trigger, &facts)?.possible {
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
