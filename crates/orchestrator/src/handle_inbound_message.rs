//! One turn, from what waited in the mailbox to one committed plan.

use std::collections::BTreeSet;

use marketplace::{MessageId, RequestState, VendorId};
use moltbot_contract::{
    ContextPack, Decision, VendorFound, VendorOutreachPlan, limits::ANSWER_BYTES_MAX, validate,
};
use tool_registry::{
    FactSource, Facts, GetRequestSnapshotArgs, RecordVendorReplyArgs, RefusalCode, ToolCall, ToolName,
    ToolResult, UpdateRequestStateArgs,
};

use crate::{
    Brain, Committed, DecisionRecord, Journal, Plan, PlanCommitter, PlannedCall, PortError, Refusal, Source,
    TurnEvent, TurnInput, Verdict, gate,
    next::{Next, Ruling, why},
    plan::{self, Basis},
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
struct WrongResult(ToolName);

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
struct Snapshot {
    pack: ContextPack,
    learned: Facts,
}

/// A ruling, with Moltbot's answer when it is Moltbot's.
struct Proposal {
    ruling: Ruling,
    answer: Option<String>,
}

impl Proposal {
    fn by_rule(ruling: Ruling) -> Self {
        Self { ruling, answer: None }
    }
}

/// Why a proposal did not become a plan that took effect.
struct Setback {
    /// Codes for the record.
    reasons: Vec<String>,
    /// What is wrong with Moltbot's decision on the rows as they are now.
    violations: Vec<moltbot_contract::Violation>,
    /// The step that was refused.
    step: Option<String>,
    /// The vendors that could not be written to.
    tried: BTreeSet<VendorId>,
    /// There is nobody to ask.
    no_vendors: bool,
}

/// A plan, or why there cannot be one.
type Drawn = Result<Vec<PlannedCall>, Setback>;

struct Turn<'a> {
    brain: &'a dyn Brain,
    tools: &'a dyn PlanCommitter,
    input: &'a TurnInput,
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

    async fn snapshot(&self, step: &str) -> Result<Result<Snapshot, Refusal>, PortError> {
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
        if pack.request.state != RequestState::Clarifying || !reading::has_untold_result(pack) {
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
            let next = Next::Decision(decision);
            let record = DecisionRecord { kind: next.kind(), why: why(&next), ..record };
            return Ok(Proposal { ruling: Ruling { next, record }, answer: journal.answer });
        }
        let next = workflow::decide(&snapshot.pack, &self.input.entries);
        Ok(Proposal::by_rule(Ruling::coded(next, record)))
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

    /// Draws up the plan and commits it; on a setback the coded workflow gets one try on a fresh reading, and
    /// after that a person gets the request.
    async fn carry_out(&self, snapshot: Snapshot, proposal: Proposal) -> Result<TurnEnd, PortError> {
        let record = proposal.ruling.record.clone();
        let first = match self.attempt(&snapshot, proposal, &BTreeSet::new()).await? {
            Ok(end) => return Ok(end),
            Err(setback) => setback,
        };
        let mut record = after(record, &first);
        let Ok(fresh) = self.snapshot("snapshot/again").await? else {
            return self.take_note("the request cannot be read any more", record.reasons).await;
        };
        let ruling = self.coded_ruling(&fresh, &first, record.clone());
        record = ruling.record.clone();
        let second = match self.attempt(&fresh, Proposal::by_rule(ruling), &first.tried).await? {
            Ok(end) => return Ok(end),
            Err(setback) => setback,
        };
        let record = after(record, &second);
        if second.no_vendors && !first.no_vendors {
            let ruling = Ruling::coded(workflow::without_vendors(&fresh.pack), record.clone());
            match self.attempt(&fresh, Proposal::by_rule(ruling), &first.tried).await? {
                Ok(end) => return Ok(end),
                Err(third) => {
                    let record = after(record, &third);
                    return self.hand_to_person(&fresh, "every plan was refused", record).await;
                }
            }
        }
        self.hand_to_person(&fresh, "every plan was refused", record).await
    }

    /// What the coded workflow makes of a setback.
    fn coded_ruling(&self, fresh: &Snapshot, setback: &Setback, record: DecisionRecord) -> Ruling {
        let (pack, entries) = (&fresh.pack, &self.input.entries);
        if let Some(silent) = gate::silent(pack) {
            return Ruling { record: DecisionRecord { reasons: record.reasons, ..silent.record }, ..silent };
        }
        let reading_failed = setback.step.as_deref().is_some_and(|step| step.starts_with(plan::STEP_OCR));
        let next = match workflow::answer_to_media(pack, entries) {
            Some(answer) if reading_failed => Next::Decision(answer),
            _ => workflow::decide(pack, entries),
        };
        Ruling::coded(next, record)
    }

    /// One plan, drawn up and committed.
    async fn attempt(
        &self,
        snapshot: &Snapshot,
        proposal: Proposal,
        tried: &BTreeSet<VendorId>,
    ) -> Result<Result<TurnEnd, Setback>, PortError> {
        let Proposal { ruling, answer } = proposal;
        let calls = match self.draw_up(snapshot, &ruling, tried).await? {
            Ok(calls) => calls,
            Err(setback) => return Ok(Err(setback)),
        };
        let vendors = vendors_of(&calls);
        let source = ruling.record.source;
        let kind = ruling.record.kind;
        Ok(match self.commit(calls, ruling.record, answer).await? {
            Committed::Done => Ok(TurnEnd::Committed { kind, source }),
            Committed::Superseded => Ok(TurnEnd::Superseded),
            Committed::Dropped => Ok(TurnEnd::Dropped),
            Committed::Refused { step, refusal } => Err(Setback {
                reasons: vec!["plan_refused".to_owned(), reason_of(&refusal)],
                violations: Vec::new(),
                // Other vendors may take it; after any other refusal the same ones may.
                tried: if step.starts_with(plan::STEP_VENDOR) { vendors } else { BTreeSet::new() },
                step: Some(step),
                no_vendors: false,
            }),
            Committed::NoLongerValid { violations } => Err(Setback {
                reasons: std::iter::once("no_longer_valid".to_owned())
                    .chain(violations.iter().map(|violation| violation.rule.code().to_owned()))
                    .collect(),
                violations,
                step: None,
                tried: BTreeSet::new(),
                no_vendors: false,
            }),
        })
    }

    /// The calls; for an outreach after the search it needs. A search writes nothing, so it comes before.
    async fn draw_up(
        &self,
        snapshot: &Snapshot,
        ruling: &Ruling,
        tried: &BTreeSet<VendorId>,
    ) -> Result<Drawn, PortError> {
        let Snapshot { pack, learned } = snapshot;
        let author = match ruling.record.source {
            Source::Moltbot => FactSource::Moltbot,
            Source::CodedWorkflow => FactSource::CodedWorkflow,
            Source::ClientChoice => FactSource::Client,
        };
        let Next::Decision(Decision::VendorOutreachPlan(outreach)) = &ruling.next else {
            return Ok(Ok(plan::calls(&ruling.next, &Basis { pack, learned, author, vendors: &[] })));
        };
        let mut outreach = outreach.clone();
        let mut categories = vec![outreach.category.clone()];
        if ruling.record.source == Source::CodedWorkflow {
            // Its category is a guess: where the directory has nobody, the next guess counts.
            categories.extend(workflow::categories(pack, &self.input.entries));
            categories.dedup();
        }
        let mut reasons = vec!["no_vendors_found".to_owned()];
        for (index, category) in categories.into_iter().enumerate() {
            outreach.category = category;
            let step =
                if index == 0 { search_step(ruling) } else { format!("{}/{index}", search_step(ruling)) };
            match self.search(&step, &outreach, pack).await? {
                Ok(found) => {
                    let vendors = plan::usable(&found, &outreach, pack, tried);
                    if !vendors.is_empty() {
                        let next = Next::Decision(Decision::VendorOutreachPlan(outreach));
                        let basis = Basis { pack, learned, author, vendors: &vendors };
                        return Ok(Ok(plan::calls(&next, &basis)));
                    }
                }
                Err(refusal) => reasons.push(reason_of(&refusal)),
            }
        }
        let tried = tried.clone();
        Ok(Err(Setback { reasons, violations: Vec::new(), step: None, tried, no_vendors: true }))
    }

    async fn search(
        &self,
        step: &str,
        outreach: &VendorOutreachPlan,
        pack: &ContextPack,
    ) -> Result<Result<Vec<VendorFound>, Refusal>, PortError> {
        match self.tools.call(step, plan::search(outreach, pack).into()).await? {
            Ok(ToolResult::SearchVendors(result)) => Ok(Ok(result.vendors)),
            Ok(_) => Err(PortError(Box::new(WrongResult(ToolName::SearchVendors)))),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// A person gets the request: with a word to the client, else without one; else the entries are noted, so
    /// that the lane goes on.
    async fn hand_to_person(
        &self,
        snapshot: &Snapshot,
        reason: &str,
        record: DecisionRecord,
    ) -> Result<TurnEnd, PortError> {
        let pack = &snapshot.pack;
        if !pack.allowed_next_states.contains(&RequestState::Escalated) || gate::silent(pack).is_some() {
            return self.take_note(reason, record.reasons).await;
        }
        let next = Next::Decision(workflow::escalation(pack, reason));
        let basis =
            Basis { pack, learned: &Facts::default(), author: FactSource::CodedWorkflow, vendors: &[] };
        let mut ruling = Ruling::coded(next, record);
        let aloud = plan::calls(&ruling.next, &basis);
        for calls in [aloud, plan::silent_escalation(reason, &basis)] {
            let (kind, source) = (ruling.record.kind, ruling.record.source);
            match self.commit(calls, ruling.record.clone(), None).await? {
                Committed::Done => return Ok(TurnEnd::Committed { kind, source }),
                Committed::Superseded => return Ok(TurnEnd::Superseded),
                Committed::Dropped => return Ok(TurnEnd::Dropped),
                Committed::Refused { refusal, .. } => {
                    push_new(&mut ruling.record.reasons, reason_of(&refusal))
                }
                Committed::NoLongerValid { .. } => {}
            }
        }
        self.take_note(reason, ruling.record.reasons).await
    }

    /// Only takes note of the entries.
    async fn take_note(&self, why: &str, reasons: Vec<String>) -> Result<TurnEnd, PortError> {
        let record = DecisionRecord { why: why.to_owned(), ..not_asked(reasons) };
        let (kind, source) = (record.kind, record.source);
        Ok(match self.commit(Vec::new(), record, None).await? {
            Committed::Done => TurnEnd::Committed { kind, source },
            Committed::Superseded => TurnEnd::Superseded,
            Committed::Dropped => TurnEnd::Dropped,
            Committed::Refused { refusal, .. } => TurnEnd::Refused(refusal),
            Committed::NoLongerValid { .. } => TurnEnd::Refused(Refusal {
                tool: ToolName::UpdateRequestState.as_str(),
                code: RefusalCode::StaleVersion,
                detail: "a plan without an answer of Moltbot was held to it".to_owned(),
            }),
        })
    }

    async fn commit(
        &self,
        calls: Vec<PlannedCall>,
        decision: DecisionRecord,
        answer: Option<String>,
    ) -> Result<Committed, PortError> {
        let consumed = self.input.entries.iter().map(|entry| entry.id).collect();
        self.tools.commit(Plan { calls, decision, consumed, answer }).await
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

fn reason_of(refusal: &Refusal) -> String {
    refusal.code.code().to_owned()
}

fn not_asked(reasons: Vec<String>) -> DecisionRecord {
    DecisionRecord {
        source: Source::CodedWorkflow,
        verdict: Verdict::NotAsked,
        kind: "none",
        why: String::new(),
        violations: Vec::new(),
        reasons,
    }
}

/// The record of what comes after a setback: it names it.
fn after(mut record: DecisionRecord, setback: &Setback) -> DecisionRecord {
    for reason in &setback.reasons {
        push_new(&mut record.reasons, reason.clone());
    }
    record.violations.extend(setback.violations.iter().cloned());
    record
}

fn push_new(reasons: &mut Vec<String>, reason: String) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

/// Moltbot's search and the coded workflow's in one turn are two steps.
fn search_step(ruling: &Ruling) -> String {
    match ruling.record.source {
        Source::Moltbot => "search".to_owned(),
        Source::CodedWorkflow | Source::ClientChoice => "search/coded_workflow".to_owned(),
    }
}

fn vendors_of(calls: &[PlannedCall]) -> BTreeSet<VendorId> {
    let vendor = |call: &PlannedCall| match &call.call {
        ToolCall::SendVendorMessage(args) => Some(args.vendor_id.clone()),
        _ => None,
    };
    calls.iter().filter_map(vendor).collect()
}
