//! Third layer: does the decision make sense for this request, now?

mod calling;
mod shortlist;
mod text;

use marketplace::{ActorKind, BATCH_SIZE_MAX, RequestState, VENDORS_PER_REQUEST_MAX, transition};

use crate::{
    decision::{Decision, Escalate, VendorOutreachPlan},
    pack::ContextPack,
    rejection::{RuleId, Violation},
};

/// Every rule of sense the decision breaks.
pub(crate) fn check(decision: &Decision, pack: &ContextPack) -> Vec<Violation> {
    let mut found = Vec::new();
    match decision {
        Decision::AskClient(ask) => suggested_state(ask.state_suggestion, pack, &mut found),
        Decision::VendorOutreachPlan(plan) => {
            next_state(RequestState::Sourcing, "/type", pack, &mut found);
            batch(plan, pack, &mut found);
            calling::check(plan.calling, pack, &mut found);
            text::check_reading(plan, pack, &mut found);
        }
        Decision::Shortlist(shortlist) => {
            next_state(RequestState::Shortlisted, "/type", pack, &mut found);
            shortlist::check(shortlist, pack, &mut found);
        }
        Decision::Escalate(escalate) => escalation(escalate, pack, &mut found),
    }
    text::check(decision, pack, &mut found);
    found
}

/// A suggestion may keep the state or take an arrow of the table that needs nothing but a decision.
fn suggested_state(to: RequestState, pack: &ContextPack, found: &mut Vec<Violation>) {
    let earned = matches!(to, RequestState::HandedOff | RequestState::Shortlisted);
    if earned && to != pack.request.state {
        found.push(Violation::new(
            "/state_suggestion",
            RuleId::StateNotBySuggestion,
            format!("expected another state: {to} follows the client's pick or a shortlist alone"),
        ));
        return;
    }
    next_state(to, "/state_suggestion", pack, found);
}

fn next_state(to: RequestState, pointer: &str, pack: &ContextPack, found: &mut Vec<Violation>) {
    if let Err(error) = transition(pack.request.state, to, ActorKind::Orchestrator) {
        found.push(Violation::new(
            pointer,
            RuleId::StateNotReachable,
            format!("expected a state in reach: {error}"),
        ));
    }
}

/// A person can be called for from every state but the two in which the concierge is silent.
fn escalation(escalate: &Escalate, pack: &ContextPack, found: &mut Vec<Violation>) {
    let silent = matches!(pack.request.state, RequestState::HandedOff | RequestState::Closed);
    if escalate.state_suggestion != RequestState::Escalated || silent {
        suggested_state(escalate.state_suggestion, pack, found);
    }
}

fn batch(plan: &VendorOutreachPlan, pack: &ContextPack, found: &mut Vec<Violation>) {
    let limits = &pack.limits;
    if limits.batch_open {
        found.push(Violation::new("/type", RuleId::BatchOpen, "expected no plan while a batch is open"));
    }
    let batch_max = limits.batch_size_max.min(BATCH_SIZE_MAX);
    if plan.batch_size > batch_max {
        let message = format!("expected at most {batch_max} vendors");
        found.push(Violation::new("/batch_size", RuleId::BatchLimit, message));
    }
    // The lists and the counter of a pack agree; of two numbers the stricter one holds.
    let listed = u8::try_from(pack.vendors_contacted.len()).unwrap_or(u8::MAX);
    let total_max = limits.vendors_per_request_max.min(VENDORS_PER_REQUEST_MAX);
    let remaining = total_max.saturating_sub(limits.vendors_contacted.max(listed));
    if plan.batch_size > remaining {
        let message = format!("expected at most {remaining}: {total_max} vendors in a request");
        found.push(Violation::new("/batch_size", RuleId::VendorLimit, message));
    }
}
