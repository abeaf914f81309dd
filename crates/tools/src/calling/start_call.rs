//! `marketplace.start_call`: the decision to call, committed as an attempt in phase `intent`. Nothing is dialled here.

use calling_policy::{Stage, Trigger, Verdict, evaluate};
use moltbot_contract::CallTrigger;
use store::{
    Tx,
    calls::{self, NewAttempt},
    requests::RequestGuard,
};
use tool_registry::{CallStatus, Party, StartCallArgs, StartCallResult};

use super::{
    after_the_flag,
    facts::{Asked, call_facts, party_of},
    refusal_of,
};
use crate::{Caller, Policy, ToolError};

/// Asks the policy with the rows as they are now, in the mission's order: the flag, the state, the consents, then
/// everything else.
pub(crate) fn run(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    caller: &Caller,
    args: &StartCallArgs,
) -> Result<StartCallResult, ToolError> {
    let claim = trigger_of(args.trigger);
    let asked = Asked { callee: &args.party, claim, author: caller.actor.kind, stage: Stage::Decide };
    let facts = call_facts(tx, policy, guard, asked);
    let facts = after_the_flag(tx, policy, facts)?;
    if let Verdict::Refused { failures } = evaluate(&facts, guard.now(tx)) {
        return Err(refusal_of(&failures).into());
    }
    let vendor = match &args.party {
        Party::Client => None,
        Party::Vendor(vendor) => Some(vendor.clone()),
    };
    let attempt = NewAttempt {
        contact: facts.callee_contact(),
        party: party_of(&args.party),
        vendor,
        claim,
        author: caller.actor.kind,
    };
    let call_attempt_id = calls::insert(tx, guard, &attempt)?;
    Ok(StartCallResult { call_attempt_id, status: CallStatus::Intent })
}

/// The claim, as policy names it.
pub(crate) const fn trigger_of(claim: CallTrigger) -> Trigger {
    match claim {
        CallTrigger::UrgentNoReply => Trigger::UrgentNoReply,
        CallTrigger::AmbiguousReply => Trigger::AmbiguousReply,
        CallTrigger::ClientAsked => Trigger::ClientAsked,
        CallTrigger::RapidClarification => Trigger::RapidClarification,
    }
}
