//! A turn commits its whole plan in one transaction: a savepoint per call, the consumed entries stamped, the
//! turn settled. A refused required step rolls the plan back and leaves the record of the refusal.

use audit::Outcome as AuditOutcome;
use marketplace::{EventId, RequestState, TurnId};
use moltbot_contract::{RuleId, Violation};
use serde_json::json;
use store::{
    Tx, contacts,
    lanes::{self, EntryKind, Lease},
    requests::{self, RequestGuard},
    turns::{self, Settlement, TurnStatus},
};
use tool_registry::{RefusalCode, ToolCall};

use crate::{
    AuditEntry, Caller, Invocation, Policy, Refusal, ToolError,
    calling::{PlanCalling, Wish, wish},
    context_pack, mentions, needs_person, pipeline, record,
};

/// A plan to commit.
#[derive(Debug, Clone)]
pub struct PlanCommit {
    /// The right to work the lane; its fence is checked under the request's row.
    pub lease: Lease,
    /// The turn.
    pub turn: TurnId,
    /// The mailbox entries that the plan answers.
    pub consumed: Vec<EventId>,
    /// The calls in order.
    pub calls: Vec<PlanCall>,
    /// The wish to call that goes with it: after the calls, and never a reason to roll them back.
    pub calling: Option<PlanCalling>,
    /// The decision for the audit, and what came before it, recorded before the calls.
    pub decisions: Vec<AuditEntry>,
    /// How the turn ends when the plan takes effect.
    pub settlement: Settlement,
    /// Moltbot's answer: the sense rules run again on the rows as they are now.
    pub answer: Option<String>,
    /// Whether an unread message of the client sends the plan back for another turn.
    pub may_be_superseded: bool,
}

/// One call of a plan.
#[derive(Debug, Clone)]
pub struct PlanCall {
    /// The idempotency key is `turn/step`.
    pub step: String,
    /// The call.
    pub call: ToolCall,
    /// A refusal leaves the call out instead of rolling the plan back; if all such calls are refused, it
    /// rolls back after all.
    pub leave_out: bool,
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanOutcome {
    /// Everything took effect.
    Done,
    /// A required step was refused; nothing took effect but the record of the refusal.
    Refused {
        /// The step.
        step: String,
        /// The tool.
        tool: &'static str,
        /// The refusal.
        refusal: Refusal,
    },
    /// Moltbot's decision no longer makes sense on the rows as they are now.
    NoLongerValid {
        /// What is wrong with it now.
        violations: Vec<Violation>,
    },
    /// The client wrote meanwhile.
    Superseded,
    /// The request was closed, handed off or taken over meanwhile.
    Dropped,
}

/// Commits a plan, or says why not. The caller's transaction commits in every case but an error.
///
/// # Errors
/// [`ToolError`] other than a refusal, a lost lease among them: the transaction must be rolled back.
pub fn commit_plan(tx: &mut Tx<'_>, policy: Policy, plan: &PlanCommit) -> Result<PlanOutcome, ToolError> {
    let mut guard = requests::lock(tx, plan.lease.request)?;
    lanes::check_fence(tx, &guard, plan.lease.fence)?;
    if let Some(outcome) = settled_before(tx, plan.turn)? {
        return Ok(outcome);
    }
    let has_effect = !plan.calls.is_empty() || plan.calling.is_some();
    // A person reads what the client writes: a turn of the bot does not take it away, even to say nothing.
    let is_persons = guard.request().is_with_person() && reads_client(tx, &guard, plan)?;
    if is_persons || (has_effect && !takes_plans(&guard)) {
        return end_without_effect(tx, &guard, plan, TurnStatus::Dropped, None);
    }
    let sends = plan.calling.is_some() || plan.calls.iter().any(|call| acts(&call.call));
    if sends && plan.may_be_superseded && lanes::has_unread_client_message(tx, &guard, &plan.consumed)? {
        return end_without_effect(tx, &guard, plan, TurnStatus::Superseded, None);
    }
    if has_effect && speaks_of_the_erased(tx, plan)? {
        return end_without_effect(tx, &guard, plan, TurnStatus::Superseded, Some("vendor_erased"));
    }
    let violations = no_longer_valid(tx, policy, &guard, plan)?.unwrap_or_default();
    // A wish that is past granting is left out; it is never a reason against the rest of the plan.
    let wish_is_over = !violations.is_empty()
        && violations.iter().all(|violation| violation.rule == RuleId::CallingNotAllowed);
    if !violations.is_empty() && !wish_is_over {
        let reasons = violations.iter().map(|violation| violation.rule.code().to_owned());
        let entry = turn_entry(plan, "decision.rejected", json!({ "violations": &violations }))
            .with_outcome(AuditOutcome::Rejected, reasons);
        record(tx, &guard, entry)?;
        return Ok(PlanOutcome::NoLongerValid { violations });
    }
    let mut failed_at: Option<(String, &'static str)> = None;
    let attempt = tx.savepoint(|tx| take_effect(tx, policy, &mut guard, plan, wish_is_over, &mut failed_at));
    match ToolError::refusal(attempt)? {
        Ok(()) => Ok(PlanOutcome::Done),
        Err(refusal) => {
            let (step, tool) = failed_at.unwrap_or_default();
            let guard = requests::lock(tx, plan.lease.request)?;
            let payload = json!({ "step": step, "detail": refusal.detail });
            let entry = turn_entry(plan, if tool.is_empty() { "plan.refused" } else { tool }, payload)
                .with_outcome(AuditOutcome::Refused, refusal.codes());
            record(tx, &guard, entry)?;
            Ok(PlanOutcome::Refused { step, tool, refusal })
        }
    }
}

/// Whether somebody was erased after the turn had read the request: what it decided may name them, and can no longer
/// be sealed under their key. Another turn reads the request as it is now.
fn speaks_of_the_erased(tx: &mut Tx<'_>, plan: &PlanCommit) -> Result<bool, ToolError> {
    let people = turns::people(tx, plan.turn)?;
    if !tx.all_exist(&people)? {
        return Ok(true);
    }
    let Some(began) = turns::opened_at(tx, plan.turn)? else { return Ok(false) };
    Ok(contacts::vendor_erased_after(tx, began)?)
}

/// How the turn ended, if it did: its commit went through and the answer was lost on the way.
fn settled_before(tx: &mut Tx<'_>, turn: TurnId) -> Result<Option<PlanOutcome>, ToolError> {
    Ok(match turns::status(tx, turn)? {
        Some(TurnStatus::Committed) => Some(PlanOutcome::Done),
        Some(TurnStatus::Superseded) => Some(PlanOutcome::Superseded),
        Some(TurnStatus::Dropped | TurnStatus::Failed) => Some(PlanOutcome::Dropped),
        Some(TurnStatus::Open | TurnStatus::Asked | TurnStatus::Answered) | None => None,
    })
}

/// Whether the bot may still act on this request.
fn takes_plans(guard: &RequestGuard) -> bool {
    let request = guard.request();
    !request.is_with_person() && request.state.is_open()
}

/// Whether the plan answers a message of the client.
fn reads_client(tx: &mut Tx<'_>, guard: &RequestGuard, plan: &PlanCommit) -> Result<bool, ToolError> {
    let waiting = lanes::pending(tx, guard.request().id)?;
    Ok(waiting
        .iter()
        .any(|entry| entry.kind == EntryKind::ClientMessage && plan.consumed.contains(&entry.id)))
}

/// Whether a call sends or hands off: what an unread message of the client must be read before.
fn acts(call: &ToolCall) -> bool {
    match call {
        ToolCall::SendClientMessage(_)
        | ToolCall::SendVendorMessage(_)
        | ToolCall::RequestCallConsent(_)
        | ToolCall::StartCall(_) => true,
        ToolCall::UpdateRequestState(args) => args.handoff.is_some(),
        ToolCall::SearchVendors(_)
        | ToolCall::GetRequestSnapshot(_)
        | ToolCall::RecordVendorReply(_)
        | ToolCall::CreateOcrJob(_)
        | ToolCall::GetOcrResult(_) => false,
    }
}

fn no_longer_valid(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    plan: &PlanCommit,
) -> Result<Option<Vec<Violation>>, ToolError> {
    let Some(answer) = &plan.answer else { return Ok(None) };
    let pack = context_pack(tx, policy, guard)?;
    Ok(moltbot_contract::validate(answer.as_bytes(), &pack).err().map(|rejection| rejection.violations))
}

fn take_effect(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &mut RequestGuard,
    plan: &PlanCommit,
    wish_is_over: bool,
    failed_at: &mut Option<(String, &'static str)>,
) -> Result<(), ToolError> {
    for decision in &plan.decisions {
        record(tx, guard, decision.clone())?;
    }
    let from = guard.request().state;
    let (mut optional, mut left_out) = (0_usize, None);
    let mut left_out_count = 0_usize;
    for planned in &plan.calls {
        let invocation = Invocation {
            caller: Caller::orchestrator(),
            key: Some(format!("{}/{}", plan.turn, planned.step)),
            caused_by: Some(plan.turn.to_string()),
            call: planned.call.clone(),
        };
        optional += usize::from(planned.leave_out);
        if let Err(refusal) = pipeline::run_under(tx, policy, guard, &invocation)? {
            let place = (planned.step.clone(), planned.call.name().as_str());
            if !planned.leave_out {
                *failed_at = Some(place);
                return Err(refusal.into());
            }
            left_out_count += 1;
            left_out = Some((place, refusal));
        }
    }
    if optional > 0
        && left_out_count == optional
        && let Some((place, refusal)) = left_out
    {
        *failed_at = Some(place);
        return Err(refusal.into());
    }
    if from != RequestState::Escalated && guard.request().state == RequestState::Escalated {
        needs_person::explain(tx, guard, &plan.decisions)?;
    }
    match &plan.calling {
        Some(PlanCalling { wish: Wish::Moltbots(_), .. }) if wish_is_over => {
            let reasons = vec![RuleId::CallingNotAllowed.code().to_owned()];
            wish::not_honoured(tx, guard, plan.turn, "calls stopped being possible meanwhile", reasons)?;
        }
        Some(calling) => wish::honour(tx, policy, guard, plan.turn, calling)?,
        None => {}
    }
    lanes::consume(tx, guard, Some(plan.turn), &plan.consumed)?;
    settle(tx, guard, plan.turn, plan.settlement.clone())?;
    lanes::release(tx, &plan.lease, true)?;
    Ok(())
}

fn end_without_effect(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    plan: &PlanCommit,
    status: TurnStatus,
    why: Option<&str>,
) -> Result<PlanOutcome, ToolError> {
    let (action, outcome) = if status == TurnStatus::Superseded {
        ("turn.superseded", PlanOutcome::Superseded)
    } else {
        let over = read_for_good(tx, guard, plan)?;
        lanes::consume(tx, guard, Some(plan.turn), &over)?;
        ("turn.dropped", PlanOutcome::Dropped)
    };
    let mut settlement = Settlement { status, ..plan.settlement.clone() };
    if let Some(why) = why {
        settlement.detail = json!({ "why": why }).to_string();
    }
    settle(tx, guard, plan.turn, settlement)?;
    lanes::release(tx, &plan.lease, true)?;
    let reason = if let Some(why) = why {
        why.to_owned()
    } else if status == TurnStatus::Superseded {
        "unread_client_message".to_owned()
    } else if guard.request().is_with_person() {
        RefusalCode::HumanControl.code().to_owned()
    } else {
        guard.request().state.to_string()
    };
    let entry = turn_entry(plan, action, json!({})).with_outcome(AuditOutcome::Ignored, [reason]);
    record(tx, guard, entry)?;
    Ok(outcome)
}

/// The entries that a dropped turn takes with it. Where a person has the request, what the client wrote stays unread:
/// the person reads it in the conversation, and the bot does when it is given back.
fn read_for_good(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    plan: &PlanCommit,
) -> Result<Vec<EventId>, ToolError> {
    if !guard.request().is_with_person() {
        return Ok(plan.consumed.clone());
    }
    let mut noted = lanes::pending(tx, guard.request().id)?;
    noted.retain(|entry| entry.kind != EntryKind::ClientMessage && plan.consumed.contains(&entry.id));
    Ok(noted.into_iter().map(|entry| entry.id).collect())
}

/// Settles a turn; why it ended is sealed under everybody it speaks of.
fn settle(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    turn: TurnId,
    mut settlement: Settlement,
) -> Result<(), ToolError> {
    settlement.also_sealed_by.extend(mentions::spoken_of(tx, guard.request(), &[&settlement.detail])?);
    Ok(turns::settle(tx, guard, turn, &settlement)?)
}

fn turn_entry(plan: &PlanCommit, action: &str, payload: serde_json::Value) -> AuditEntry {
    AuditEntry::new(Caller::orchestrator().actor, action, payload).caused_by(plan.turn)
}
