//! From a ruling to a committed plan, and what is done when a plan is refused.

use std::collections::BTreeSet;

use marketplace::{RequestState, VendorId};
use moltbot_contract::{ContextPack, Decision, VendorFound, VendorOutreachPlan, Violation};
use tool_registry::{FactSource, Facts, RefusalCode, ToolCall, ToolName, ToolResult};

use crate::{
    Committed, DecisionRecord, Plan, PlannedCall, PortError, Refusal, Source, TurnEnd, Wish, calling, gate,
    handle_inbound_message::{Proposal, Snapshot, Turn, WrongResult, not_asked, push_new, reason_of},
    next::{Next, Ruling, why},
    plan::{self, Basis},
    workflow,
};

/// Why a proposal did not become a plan that took effect.
struct Setback {
    /// Codes for the record.
    reasons: Vec<String>,
    /// What is wrong with Moltbot's decision on the rows as they are now.
    violations: Vec<Violation>,
    /// The step that was refused, and its code.
    step: Option<(String, RefusalCode)>,
    /// The vendors that could not be written to.
    tried: BTreeSet<VendorId>,
    /// There is nobody to ask.
    no_vendors: bool,
}

/// A plan, or why there cannot be one.
type Drawn = Result<Vec<PlannedCall>, Setback>;

impl Turn<'_> {
    /// Draws up the plan and commits it. On a setback the coded workflow decides on a fresh reading, once, and
    /// once more when its only trouble is that there is nobody to ask; after that a person gets the request.
    pub(crate) async fn carry_out(
        &self,
        snapshot: Snapshot,
        proposal: Proposal,
    ) -> Result<TurnEnd, PortError> {
        let by_moltbot = proposal.ruling.record.source == Source::Moltbot;
        let record = proposal.ruling.record.clone();
        let first = match self.attempt(&snapshot, proposal, &BTreeSet::new()).await? {
            Ok(end) => return Ok(end),
            Err(setback) => setback,
        };
        let mut record = after(record, &first);
        let Ok(fresh) = self.snapshot("snapshot/again").await? else {
            return self.take_note("the request cannot be read any more", record.reasons).await;
        };
        let mut ruling = if first.no_vendors && !by_moltbot {
            Ruling::coded(workflow::without_vendors(&fresh.pack), record.clone())
        } else {
            self.coded_ruling(&fresh, &first, record.clone())
        };
        loop {
            let setback = match self.attempt(&fresh, Proposal::by_rule(ruling), &first.tried).await? {
                Ok(end) => return Ok(end),
                Err(setback) => setback,
            };
            record = after(record, &setback);
            // Without vendors there is no outreach, so this comes once.
            if !setback.no_vendors {
                return self.hand_to_person(&fresh, "every plan was refused", record).await;
            }
            ruling = Ruling::coded(workflow::without_vendors(&fresh.pack), record.clone());
        }
    }

    /// What the coded workflow makes of a setback.
    fn coded_ruling(&self, fresh: &Snapshot, setback: &Setback, record: DecisionRecord) -> Ruling {
        let (pack, entries) = (&fresh.pack, &self.input.entries);
        if let Some(silent) = gate::silent(pack) {
            let (next, reasons) = (silent.next, record.reasons);
            return Ruling { next, record: DecisionRecord { reasons, ..silent.record } };
        }
        let mut next = workflow::decide(pack, entries);
        let personal = matches!(setback.step, Some((_, RefusalCode::ClientDatum)));
        if personal && let Next::Decision(Decision::VendorOutreachPlan(outreach)) = &mut next {
            // The client's words say who they are: vendors hear of the kind of thing alone.
            outreach.normalized_need = outreach.category.replace('_', " ");
        }
        Ruling::coded(next, record)
    }

    /// One plan, drawn up and committed.
    async fn attempt(
        &self,
        snapshot: &Snapshot,
        proposal: Proposal,
        tried: &BTreeSet<VendorId>,
    ) -> Result<Result<TurnEnd, Setback>, PortError> {
        let Proposal { mut ruling, answer } = proposal;
        let calls = match self.draw_up(snapshot, &mut ruling, tried).await? {
            Ok(calls) => calls,
            Err(setback) => return Ok(Err(setback)),
        };
        let vendors = vendors_of(&calls);
        let wish = calling::wish(&ruling, &snapshot.pack, &self.input.entries);
        let source = ruling.record.source;
        let kind = ruling.record.kind;
        Ok(match self.commit(calls, wish, ruling.record, answer).await? {
            Committed::Done => Ok(TurnEnd::Committed { kind, source }),
            Committed::Superseded => Ok(TurnEnd::Superseded),
            Committed::Dropped => Ok(TurnEnd::Dropped),
            Committed::Refused { step, refusal } => Err(Setback {
                reasons: vec!["plan_refused".to_owned(), reason_of(&refusal)],
                violations: Vec::new(),
                tried: if is_about_vendors(&step, refusal.code) { vendors } else { BTreeSet::new() },
                step: Some((step, refusal.code)),
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

    /// The calls; for an outreach after the search it needs. A search writes nothing, so it comes before. Where
    /// another category than the ruling's has the vendors, the ruling follows.
    async fn draw_up(
        &self,
        snapshot: &Snapshot,
        ruling: &mut Ruling,
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
                        ruling.next = Next::Decision(Decision::VendorOutreachPlan(outreach));
                        ruling.record.why = why(&ruling.next);
                        let basis = Basis { pack, learned, author, vendors: &vendors };
                        return Ok(Ok(plan::calls(&ruling.next, &basis)));
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
    pub(crate) async fn hand_to_person(
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
        // No facts: they could be what was refused.
        let basis =
            Basis { pack, learned: &Facts::default(), author: FactSource::CodedWorkflow, vendors: &[] };
        let mut ruling = Ruling::coded(next, record);
        let aloud = plan::calls(&ruling.next, &basis);
        for calls in [aloud, plan::silent_escalation(reason, &basis)] {
            let (kind, source) = (ruling.record.kind, ruling.record.source);
            match self.commit(calls, None, ruling.record.clone(), None).await? {
                Committed::Done => return Ok(TurnEnd::Committed { kind, source }),
                Committed::Superseded => return Ok(TurnEnd::Superseded),
                Committed::Dropped => return Ok(TurnEnd::Dropped),
                Committed::Refused { refusal, .. } => {
                    push_new(&mut ruling.record.reasons, reason_of(&refusal));
                }
                Committed::NoLongerValid { .. } => {}
            }
        }
        self.take_note(reason, ruling.record.reasons).await
    }

    /// Only takes note of the entries.
    pub(crate) async fn take_note(&self, why: &str, reasons: Vec<String>) -> Result<TurnEnd, PortError> {
        let record = DecisionRecord { why: why.to_owned(), ..not_asked(reasons) };
        let (kind, source) = (record.kind, record.source);
        Ok(match self.commit(Vec::new(), None, record, None).await? {
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
        calling: Option<Wish>,
        decision: DecisionRecord,
        answer: Option<String>,
    ) -> Result<Committed, PortError> {
        let consumed = self.input.entries.iter().map(|entry| entry.id).collect();
        self.tools.commit(Plan { calls, calling, decision, consumed, answer }).await
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

/// Moltbot's search and the coded workflow's in one turn are two steps.
fn search_step(ruling: &Ruling) -> String {
    match ruling.record.source {
        Source::Moltbot => "search".to_owned(),
        Source::CodedWorkflow | Source::ClientChoice => "search/coded_workflow".to_owned(),
    }
}

/// Whether other vendors may take what these refused.
fn is_about_vendors(step: &str, code: RefusalCode) -> bool {
    step.starts_with(plan::STEP_VENDOR) && code != RefusalCode::ClientDatum
}

fn vendors_of(calls: &[PlannedCall]) -> BTreeSet<VendorId> {
    let vendor = |call: &PlannedCall| match &call.call {
        ToolCall::SendVendorMessage(args) => Some(args.vendor_id.clone()),
        _ => None,
    };
    calls.iter().filter_map(vendor).collect()
}
