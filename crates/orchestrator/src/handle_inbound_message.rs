//! One turn, from what waited in the mailbox to one committed plan.

use marketplace::{MessageId, RequestState, VendorId};
use moltbot_contract::{ContextPack, Decision, limits::ANSWER_BYTES_MAX, validate};
use tool_registry::{
    Facts, GetRequestSnapshotArgs, RecordVendorReplyArgs, RefusalCode, ToolName, ToolResult,
    UpdateRequestStateArgs,
};

use crate::{
    Brain, DecisionRecord, Journal, PlanCommitter, PortError, Refusal, Source, TurnEvent, TurnInput, Verdict,
    gate,
    next::{Next, Ruling, why},
    reading, workflow,
};

/// How often Moltbot is asked in one turn: once, and once more after a crash that left no answer.
pub const ASKS_MAX: u32 = 2;

/// How a turn ended.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnEnd {
    /// A plan took effect and the entries are worked.
    Committed {
        /// What was carried out: a decision's type, `handoff`, `closed`, `ocr` or `none`.
        kind: &'static str,
        /// Who decided it.
        source: Source,
    },
    /// The client wrote meanwhile: another turn reads everything.
    Superseded,
    /// The request was closed or taken over meanwhile.
    Dropped,
    /// Not even taking note of the entries was accepted: they are still pending.
    Refused(Refusal),
}

/// A tool answered with another tool's result: the ports are wired wrongly.
#[derive(Debug, thiserror::Error)]
#[error("{0} answered with something else")]
pub(crate) struct WrongResult(pub(crate) ToolName);

/// Works one turn (mission L1): records what vendors wrote, reads the Context Pack, lets fixed rules, Moltbot or
/// the coded workflow decide, and carries the decision out through tools, as one plan with its record.
///
/// # Errors
/// [`PortError`] when the store failed or the lease was lost. Nothing is half done; the turn is taken up again.
pub async fn handle_inbound_message(
    brain: &dyn Brain,
    tools: &dyn PlanCommitter,
    input: TurnInput,
) -> Result<TurnEnd, PortError> {
    let turn = Turn { brain, tools, input: &input };
    if input.is_with_person {
        turn.record_vendor_replies().await?;
        let reasons = vec![RefusalCode::HumanControl.code().to_owned()];
        return turn.take_note("a person has the request", reasons).await;
    }
    if input.last_attempt {
        return turn.give_up().await;
    }
    turn.record_vendor_replies().await?;
    let mut snapshot = match turn.snapshot("snapshot").await? {
        Ok(snapshot) => snapshot,
        Err(refusal) => return turn.take_note("the request cannot be read", vec![reason_of(&refusal)]).await,
    };
    if let Some(moved) = turn.return_to_sourcing(&snapshot).await? {
        snapshot = moved;
    }
    let ruling = match gate::rule(&snapshot.pack, &input.entries) {
        Some(ruling) => Proposal::by_rule(ruling),
        None => turn.decide(&snapshot).await?,
    };
    turn.carry_out(snapshot, ruling).await
}

/// The request as it was read, and what the client's words add to it.
pub(crate) struct Snapshot {
    pub(crate) pack: ContextPack,
    pub(crate) learned: Facts,
}

/// A ruling, with Moltbot's answer when it is Moltbot's.
pub(crate) struct Proposal {
    pub(crate) ruling: Ruling,
    pub(crate) answer: Option<String>,
}

impl Proposal {
    pub(crate) fn by_rule(ruling: Ruling) -> Self {
        Self { ruling, answer: None }
    }
}

/// One turn under way.
pub(crate) struct Turn<'a> {
    brain: &'a dyn Brain,
    pub(crate) tools: &'a dyn PlanCommitter,
    pub(crate) input: &'a TurnInput,
}

impl Turn<'_> {
    /// The last attempt decides nothing: whatever broke the others would break it too.
    async fn give_up(&self) -> Result<TurnEnd, PortError> {
        let reasons = vec!["attempts_exhausted".to_owned()];
        let snapshot = match self.snapshot("snapshot").await? {
            Ok(snapshot) => snapshot,
            Err(refusal) => {
                let reasons = reasons.into_iter().chain([reason_of(&refusal)]).collect();
                return self.take_note("the request cannot be read", reasons).await;
            }
        };
        self.hand_to_person(&snapshot, "the turn failed too often", not_asked(reasons)).await
    }

    /// What cannot be recorded is refused and audited by the tool; the turn goes on without it.
    async fn record_vendor_replies(&self) -> Result<(), PortError> {
        for (message, vendor) in self.vendor_messages() {
            let call = RecordVendorReplyArgs {
                request_id: self.input.request,
                vendor_id: vendor.clone(),
                inbound_message_id: message,
            };
            if let Err(refusal) = self.tools.call(&format!("reply/{message}"), call.into()).await? {
                tracing::info!(request = %self.input.request, code = %refusal.code, "a vendor's reply was not recorded");
            }
        }
        Ok(())
    }

    fn vendor_messages(&self) -> impl Iterator<Item = (MessageId, &VendorId)> {
        self.input.entries.iter().filter_map(|entry| match &entry.event {
            TurnEvent::VendorMessage { message, vendor } => Some((*message, vendor)),
            TurnEvent::ClientMessage { .. } | TurnEvent::Wake { .. } => None,
        })
    }

    pub(crate) async fn snapshot(&self, step: &str) -> Result<Result<Snapshot, Refusal>, PortError> {
        let call = GetRequestSnapshotArgs { request_id: self.input.request };
        match self.tools.call(step, call.into()).await? {
            Ok(ToolResult::GetRequestSnapshot(mut pack)) => {
                let learned = reading::learn(&mut pack, &self.input.entries);
                Ok(Ok(Snapshot { pack, learned }))
            }
            Ok(_) => Err(PortError(Box::new(WrongResult(ToolName::GetRequestSnapshot)))),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// A question to the client can interrupt sourcing, and no shortlist leads out of `clarifying`. Once the
    /// vendors' answers are in, the request therefore goes back to `sourcing` first.
    async fn return_to_sourcing(&self, snapshot: &Snapshot) -> Result<Option<Snapshot>, PortError> {
        let pack = &snapshot.pack;
        let news = reading::is_woken(&self.input.entries)
            || !reading::offers(pack).is_empty()
            || reading::last_batch(pack).is_some_and(|batch| pack.now < batch.deadline_at);
        if pack.request.state != RequestState::Clarifying || !reading::has_untold_result(pack) || !news {
            return Ok(None);
        }
        let call = UpdateRequestStateArgs {
            request_id: self.input.request,
            to: RequestState::Sourcing,
            reason: "the vendors' answers are in".to_owned(),
            expected_version: pack.request.version,
            facts: None,
            plan: None,
            shortlist: None,
            handoff: None,
        };
        if self.tools.call("return_to_sourcing", call.into()).await?.is_err() {
            return Ok(None);
        }
        Ok(self.snapshot("snapshot/sourcing").await?.ok())
    }

    /// Moltbot's valid decision, or the coded workflow's.
    async fn decide(&self, snapshot: &Snapshot) -> Result<Proposal, PortError> {
        let journal = self.consult(&snapshot.pack).await?;
        let record = DecisionRecord {
            source: Source::Moltbot,
            verdict: journal.verdict,
            kind: "none",
            why: String::new(),
            reasons: reasons_of(&journal),
            violations: journal.violations,
        };
        if let (Verdict::Accepted, Some(decision)) = (journal.verdict, journal.decision) {
            if self.repeats(&snapshot.pack, &decision) {
                let mut reasons = record.reasons;
                reasons.push("said_already".to_owned());
                let why = "the client has this very question before them".to_owned();
                let record = DecisionRecord { why, reasons, ..record };
                return Ok(Proposal::by_rule(Ruling { next: Next::Nothing, record }));
            }
            let next = Next::Decision(decision);
            let record = DecisionRecord { kind: next.kind(), why: why(&next), ..record };
            return Ok(Proposal { ruling: Ruling { next, record }, answer: journal.answer });
        }
        let next = workflow::decide(&snapshot.pack, &self.input.entries);
        Ok(Proposal::by_rule(Ruling::coded(next, record)))
    }

    /// Whether the decision would say to a silent client what was just said: a turn that others started asks nothing
    /// twice.
    fn repeats(&self, pack: &ContextPack, decision: &Decision) -> bool {
        match decision {
            Decision::AskClient(ask) => {
                !reading::client_waits(pack, &self.input.entries)
                    && reading::was_just_said(pack, &ask.question_text)
            }
            _ => false,
        }
    }

    /// What Moltbot answered, in this attempt or an earlier one; or why it was not asked.
    async fn consult(&self, pack: &ContextPack) -> Result<Journal, PortError> {
        if let Some(journal) = &self.input.journal {
            return Ok(journal.clone());
        }
        if !pack.policies.ai_concierge_enabled {
            return Ok(Journal { verdict: Verdict::NotAsked, ..unavailable("ai_concierge_disabled") });
        }
        if self.input.asks >= ASKS_MAX {
            return Ok(unavailable("asked_twice"));
        }
        self.tools.journal_asked(pack).await?;
        let journal = match self.brain.ask(pack).await {
            Ok(bytes) => judge(bytes, pack),
            Err(failure) => unavailable(failure.code),
        };
        self.tools.journal_answer(&journal).await?;
        if journal.verdict != Verdict::Accepted {
            let reasons = reasons_of(&journal);
            tracing::warn!(request = %self.input.request, verdict = journal.verdict.as_str(), ?reasons,
                "the coded workflow takes the turn");
        }
        Ok(journal)
    }
}

/// Moltbot's answer, judged on the bytes received.
fn judge(bytes: Vec<u8>, pack: &ContextPack) -> Journal {
    let judged = validate(&bytes, pack);
    let small = bytes.len() <= ANSWER_BYTES_MAX;
    let answer = if small { String::from_utf8(bytes).ok() } else { None };
    let (verdict, violations, decision) = match judged {
        Ok(decision) => (Verdict::Accepted, Vec::new(), Some(decision)),
        Err(rejection) => (Verdict::Rejected, rejection.violations, None),
    };
    Journal { answer, verdict, violations, unavailable: None, decision }
}

fn unavailable(code: &str) -> Journal {
    Journal {
        answer: None,
        verdict: Verdict::Unavailable,
        violations: Vec::new(),
        unavailable: Some(code.to_owned()),
        decision: None,
    }
}

/// The record's codes: the broken rules, each once, or why there was no answer.
fn reasons_of(journal: &Journal) -> Vec<String> {
    let mut reasons = Vec::new();
    for violation in &journal.violations {
        push_new(&mut reasons, violation.rule.code().to_owned());
    }
    reasons.extend(journal.unavailable.clone());
    reasons
}

pub(crate) fn reason_of(refusal: &Refusal) -> String {
    refusal.code.code().to_owned()
}

pub(crate) fn not_asked(reasons: Vec<String>) -> DecisionRecord {
    DecisionRecord {
        source: Source::CodedWorkflow,
        verdict: Verdict::NotAsked,
        kind: "none",
        why: String::new(),
        violations: Vec::new(),
        reasons,
    }
}

pub(crate) fn push_new(reasons: &mut Vec<String>, reason: String) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

#[cfg(test)]
#[path = "handle_inbound_message_tests.rs"]
mod tests;
