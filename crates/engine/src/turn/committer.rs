//! The `PlanCommitter` port over the tools: everything under the lane's fence.

use std::time::Duration;

use async_trait::async_trait;
use audit::Outcome;
use marketplace::{RequestId, Timestamp, TurnId};
use moltbot_contract::ContextPack;
use orchestrator::{
    Committed, DecisionRecord, Journal, OnRefusal, Plan, PlanCommitter, PortError, Refusal, Source, Verdict,
    plan::STEP_CALLING,
};
use serde_json::json;
use store::{
    Db, Tx,
    lanes::{self, Lease},
    requests,
    turns::{self, Settlement, TurnStatus},
};
use tool_registry::{ToolCall, ToolResult};
use tools::{
    AuditEntry, Caller, Invocation, PlanCall, PlanCommit, PlanOutcome, Policy, ToolError,
    calling::{PlanCalling, Wish},
    commit_plan, people_in_pack, record,
};

use super::begin::BegunTurn;

/// A client who keeps writing gets an answer at last: after this many superseded turns …
pub const SUPERSEDED_MAX: i32 = 2;
/// … or this long after the turn began.
pub const SUPERSEDE_WITHIN: Duration = Duration::from_secs(20);

/// The tools, bound to one turn under one lease.
pub(super) struct Committer {
    db: Db,
    policy: Policy,
    lease: Lease,
    request: RequestId,
    turn: TurnId,
    superseded: i32,
    opened_at: Timestamp,
}

impl Committer {
    pub(super) fn new(db: Db, policy: Policy, lease: Lease, begun: &BegunTurn) -> Self {
        Self {
            db,
            policy,
            request: lease.request,
            lease,
            turn: begun.input.turn,
            superseded: begun.superseded,
            opened_at: begun.opened_at,
        }
    }

    /// One transaction under the request's row and the lane's fence.
    async fn under_fence<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>, &requests::RequestGuard) -> Result<T, ToolError> + Send + 'static,
    ) -> Result<T, PortError> {
        let (request, fence) = (self.request, self.lease.fence);
        self.db
            .write(move |tx| {
                let guard = requests::lock(tx, request)?;
                lanes::check_fence(tx, &guard, fence)?;
                work(tx, &guard)
            })
            .await
            .map_err(|error: ToolError| PortError(Box::new(error)))
    }
}

#[async_trait]
impl PlanCommitter for Committer {
    async fn call(&self, step: &str, call: ToolCall) -> Result<Result<ToolResult, Refusal>, PortError> {
        let tool = call.name().as_str();
        let invocation = Invocation {
            caller: Caller::orchestrator(),
            key: Some(format!("{}/{step}", self.turn)),
            caused_by: Some(self.turn.to_string()),
            call,
        };
        let policy = self.policy;
        let outcome = self.under_fence(move |tx, _| tools::run(tx, policy, &invocation)).await?;
        Ok(outcome.map(|answer| answer.result).map_err(|refusal| to_port(tool, refusal)))
    }

    async fn journal_asked(&self, pack: &ContextPack) -> Result<(), PortError> {
        let turn = self.turn;
        let (pack, text) = (pack.clone(), to_json(pack)?);
        self.under_fence(move |tx, guard| {
            let people = people_in_pack(tx, guard.request(), &pack)?;
            turns::journal_asked(tx, guard, turn, &text, &people)?;
            let asked = AuditEntry::new(Caller::orchestrator().actor, "decision.asked", json!({}));
            record(tx, guard, asked.caused_by(turn))
        })
        .await
    }

    async fn journal_answer(&self, journal: &Journal) -> Result<(), PortError> {
        let turn = self.turn;
        let answer = journal.answer.clone();
        let journal = to_json(journal)?;
        self.under_fence(move |tx, guard| {
            // The answer speaks of whom the pack spoke of.
            let people = turns::people(tx, turn)?;
            Ok(turns::journal_answer(tx, guard, turn, answer.as_deref(), &journal, &people)?)
        })
        .await
    }

    async fn commit(&self, plan: Plan) -> Result<Committed, PortError> {
        let now = self.db.clock.now();
        let may_be_superseded =
            self.superseded < SUPERSEDED_MAX && now.since(self.opened_at) < SUPERSEDE_WITHIN;
        let commit = PlanCommit {
            lease: self.lease.clone(),
            turn: self.turn,
            decisions: decision_entries(self.turn, &plan.decision),
            settlement: settlement(&plan.decision)?,
            consumed: plan.consumed,
            calls: plan
                .calls
                .into_iter()
                .map(|planned| PlanCall {
                    step: planned.step,
                    call: planned.call,
                    leave_out: planned.on_refusal == OnRefusal::LeaveOut,
                })
                .collect(),
            calling: plan
                .calling
                .map(|wish| PlanCalling { step: STEP_CALLING.to_owned(), wish: to_tools(wish) }),
            answer: plan.answer,
            may_be_superseded,
        };
        let policy = self.policy;
        let outcome = self
            .db
            .write(move |tx| commit_plan(tx, policy, &commit))
            .await
            .map_err(|error: ToolError| PortError(Box::new(error)))?;
        Ok(match outcome {
            PlanOutcome::Done => Committed::Done,
            PlanOutcome::Refused { step, tool, refusal } => {
                Committed::Refused { step, refusal: to_port(tool, refusal) }
            }
            PlanOutcome::NoLongerValid { violations } => Committed::NoLongerValid { violations },
            PlanOutcome::Superseded => Committed::Superseded,
            PlanOutcome::Dropped => Committed::Dropped,
        })
    }
}

fn to_tools(wish: orchestrator::Wish) -> Wish {
    match wish {
        orchestrator::Wish::Moltbots(wish) => Wish::Moltbots(wish),
        orchestrator::Wish::ClientAsks => Wish::ClientAsks,
        orchestrator::Wish::Supported(triggers) => Wish::Supported(triggers),
    }
}

fn to_port(tool: &'static str, refusal: tools::Refusal) -> Refusal {
    Refusal { tool, code: refusal.code, detail: refusal.detail }
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|error| PortError(Box::new(error)))
}

/// The audit of a decision: what became of asking Moltbot, then who decided.
fn decision_entries(turn: TurnId, decision: &DecisionRecord) -> Vec<AuditEntry> {
    let actor = Caller::orchestrator().actor;
    let entry = |action: &str, outcome: Outcome, payload| {
        AuditEntry::new(actor.clone(), action, payload)
            .with_outcome(outcome, decision.reasons.clone())
            .caused_by(turn)
    };
    let mut entries = Vec::with_capacity(2);
    match decision.verdict {
        Verdict::Rejected => entries.push(entry(
            "decision.rejected",
            Outcome::Rejected,
            json!({ "violations": decision.violations }),
        )),
        Verdict::Unavailable => entries.push(entry("decision.unavailable", Outcome::Failed, json!({}))),
        Verdict::Accepted | Verdict::NotAsked => {}
    }
    let action = match decision.source {
        Source::Moltbot => "decision.accepted",
        Source::CodedWorkflow => "decision.coded_workflow",
        Source::ClientChoice => "decision.client_choice",
    };
    entries.push(entry(action, Outcome::Ok, json!({ "decision": decision.kind, "why": decision.why })));
    entries
}

fn settlement(decision: &DecisionRecord) -> Result<Settlement, PortError> {
    Ok(Settlement {
        status: TurnStatus::Committed,
        source: decision.source.as_str().to_owned(),
        verdict: decision.verdict.as_str().to_owned(),
        decision: decision.kind.to_owned(),
        detail: to_json(&json!({
            "why": decision.why,
            "violations": decision.violations,
            "reasons": decision.reasons,
        }))?,
        also_sealed_by: Vec::new(),
    })
}
