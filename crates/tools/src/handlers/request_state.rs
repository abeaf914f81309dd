//! `marketplace.update_request_state`: the state, the facts, the plan, the shortlist, the handoff.

use std::time::Duration;

use marketplace::{ActorKind, Control, RequestState, TransitionError, transition};
use moltbot_contract::{Availability, BatchStatus, Urgency};
use serde_json::json;
use store::{
    Tx, outbox,
    requests::{self, FactChanges, RequestGuard},
    sourcing::{self, LimitReached, NewBatch},
    timers::{self, TimerKind},
    vendors,
};
use tool_registry::{
    FactSource, Facts, Plan, RefusalCode, ShortlistArgs, Sourced, UpdateRequestStateArgs,
    UpdateRequestStateResult,
};

use super::{Effect, handoff};
use crate::{
    AuditEntry, Caller, ToolError,
    calling::{consent_ends, silence},
    control,
    error::refuse,
    mentions, needs_person, record,
};

pub(crate) fn run(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    caller: &Caller,
    args: &UpdateRequestStateArgs,
) -> Result<Effect, ToolError> {
    let from = guard.request().state;
    check(guard, caller, args)?;
    if let Some(facts) = &args.facts {
        let mut changes = changes(facts, caller);
        let texts: Vec<&str> =
            [&changes.category, &changes.need].into_iter().flatten().map(String::as_str).collect();
        changes.also_sealed_by = mentions::sealed_by(tx, guard.request(), &texts)?;
        let was = guard.request().urgency;
        requests::set_facts(tx, guard, &changes)?;
        if was != Urgency::Urgent && guard.request().urgency == Urgency::Urgent {
            silence::became_urgent(tx, guard)?;
        }
    }
    if args.to != RequestState::Sourcing || args.plan.is_some() {
        settle_batch_that_is_over(tx, guard, args.to)?;
    }
    if let Some(shortlist) = &args.shortlist {
        store_shortlist(tx, guard, shortlist)?;
    }
    if args.to == RequestState::HandedOff {
        handoff::hand_off(tx, guard, caller, args.handoff.as_ref())?;
    }
    if from != args.to && matches!(args.to, RequestState::HandedOff | RequestState::Closed) {
        consent_ends::request_ended(tx, guard, caller)?;
    }
    requests::set_state(tx, guard, args.to)?;
    if let Some(plan) = &args.plan {
        open_batch(tx, guard, plan)?;
    }
    if matches!(args.to, RequestState::Escalated | RequestState::Closed) {
        outbox::mark_farewell(tx, guard)?;
    }
    hand_over(tx, guard, caller, from)?;
    if from != args.to {
        needs_person::tell(tx, guard, caller)?;
    }
    if from != args.to {
        let payload = json!({ "from": from, "to": args.to, "reason": args.reason });
        record(tx, guard, AuditEntry::new(caller.actor.clone(), "state.changed", payload))?;
    }
    let version = guard.request().version;
    Ok(Effect::new(UpdateRequestStateResult { from, to: args.to, version }))
}

/// Who has the request after the step: a person what is escalated, and the bot what a person leads out of there.
fn hand_over(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    caller: &Caller,
    from: RequestState,
) -> Result<(), ToolError> {
    let to = guard.request().state;
    if to == RequestState::Escalated && caller.actor.kind == ActorKind::Orchestrator {
        // The turn that escalates still has to commit.
        requests::set_control(tx, guard, Control::Human)?;
    } else if to == RequestState::Escalated && from != to {
        control::to_person(tx, guard, caller)?;
    } else if from.needs_person() && to != from && caller.may_operate() {
        if to.is_open() && !to.needs_person() {
            control::to_bot(tx, guard)?;
        } else if from == RequestState::Escalated {
            requests::set_control(tx, guard, Control::Bot)?;
        }
    }
    Ok(())
}

fn check(guard: &RequestGuard, caller: &Caller, args: &UpdateRequestStateArgs) -> Result<(), ToolError> {
    let request = guard.request();
    if request.state == RequestState::Closed {
        return refuse(RefusalCode::RequestClosed, "the request is closed");
    }
    if request.state == RequestState::HandedOff && args.to == RequestState::HandedOff {
        return refuse(RefusalCode::RequestHandedOff, "the request is handed off: it can only be closed");
    }
    if args.expected_version != request.version {
        return refuse(
            RefusalCode::StaleVersion,
            format!("decided on version {}, the request is at {}", args.expected_version, request.version),
        );
    }
    // A person whose token does not operate is no person here.
    let by = match caller.actor.kind {
        ActorKind::Human if !caller.may_operate() => ActorKind::Service,
        kind => kind,
    };
    match transition(request.state, args.to, by) {
        Ok(()) => {}
        Err(error @ TransitionError::NotAllowed { .. }) => {
            return refuse(RefusalCode::TransitionNotAllowed, error.to_string());
        }
        Err(error @ TransitionError::PersonOnly { .. }) => {
            return refuse(RefusalCode::PersonOnly, error.to_string());
        }
    }
    if request.control == Control::Human && !caller.is_human() {
        return refuse(RefusalCode::HumanControl, "a person has taken the request over");
    }
    if args.plan.is_some() && args.to != RequestState::Sourcing {
        return refuse(RefusalCode::TransitionNotAllowed, "a plan goes with state sourcing");
    }
    if args.handoff.is_some() && args.to != RequestState::HandedOff {
        return refuse(RefusalCode::TransitionNotAllowed, "a handoff goes with state handed_off");
    }
    if args.shortlist.is_some() && args.to != RequestState::Shortlisted {
        return refuse(RefusalCode::TransitionNotAllowed, "a shortlist goes with state shortlisted");
    }
    if args.to == RequestState::Shortlisted
        && request.state != RequestState::Shortlisted
        && args.shortlist.is_none()
    {
        return refuse(RefusalCode::ShortlistInvalid, "state shortlisted needs the shortlist that was sent");
    }
    Ok(())
}

/// What a caller may state: urgency is the client's word, or an operator's own, and only a person who operates takes
/// a prescription's mark back.
fn changes(facts: &Facts, caller: &Caller) -> FactChanges {
    let may_state = |fact: &&Sourced<Urgency>| match fact.source {
        FactSource::Client => true,
        _ if fact.value == Urgency::Normal => true,
        FactSource::Operator => caller.is_human(),
        FactSource::Ocr | FactSource::Moltbot | FactSource::CodedWorkflow => false,
    };
    let may_mark = |fact: &&Sourced<bool>| fact.value || caller.may_operate();
    FactChanges {
        category: facts.category.as_ref().map(|fact| fact.value.trim().to_lowercase()),
        need: facts.normalized_need.as_ref().map(|fact| fact.value.clone()),
        urgency: facts.urgency.as_ref().filter(may_state).map(|fact| fact.value),
        language: facts.language.as_ref().map(|fact| fact.value),
        prescription: facts.prescription.as_ref().filter(may_mark).map(|fact| fact.value),
        also_sealed_by: Vec::new(),
    }
}

/// A batch past its deadline, or one that a shortlist, a close or an escalation ends, is settled here.
fn settle_batch_that_is_over(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    to: RequestState,
) -> Result<(), ToolError> {
    let request = guard.request().id;
    let now = guard.now(tx);
    let open = sourcing::batches_of(tx, request)?.into_iter().find(|batch| batch.status == BatchStatus::Open);
    let Some(open) = open else { return Ok(()) };
    let ends = matches!(
        to,
        RequestState::Shortlisted | RequestState::Escalated | RequestState::Closed | RequestState::Error
    );
    if (ends || open.deadline_at <= now)
        && let Some(batch) = sourcing::settle_open_batch(tx, guard)?
    {
        timers::settle(tx, request, TimerKind::BatchDeadline, &batch.to_string())?;
    }
    Ok(())
}

fn open_batch(tx: &mut Tx<'_>, guard: &RequestGuard, plan: &Plan) -> Result<(), ToolError> {
    let deadline_at = guard.now(tx) + Duration::from_secs(u64::from(plan.deadline_minutes) * 60);
    let text = serde_json::to_string(plan)?;
    let new = NewBatch {
        size: plan.batch_size,
        offers_wanted: plan.offers_wanted,
        deadline_at,
        also_sealed_by: mentions::sealed_by(tx, guard.request(), &[&text])?,
        plan: text,
    };
    match sourcing::open_batch(tx, guard, &new)? {
        Ok(batch) => {
            timers::set(tx, guard, TimerKind::BatchDeadline, &batch.to_string(), deadline_at)?;
            Ok(())
        }
        Err(LimitReached::Batch) => refuse(
            RefusalCode::BatchLimit,
            "a batch is open; the next one opens when every vendor has answered or its deadline passes",
        ),
        Err(LimitReached::Vendors) => {
            refuse(RefusalCode::VendorLimit, "fifteen vendors were contacted for this request")
        }
    }
}

/// Each item cites a stored reply of that vendor, in this request, that says they have it or may have it.
fn store_shortlist(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    shortlist: &ShortlistArgs,
) -> Result<(), ToolError> {
    let replies = sourcing::replies_of(tx, guard.request().id)?;
    let supported = |item: &tool_registry::ShortlistArgsItem| {
        replies.iter().any(|reply| {
            reply.id == item.reply_id
                && reply.vendor == item.vendor_id
                && reply.availability != Availability::OutOfStock
        })
    };
    if !shortlist.items.iter().all(supported) {
        return refuse(
            RefusalCode::ShortlistInvalid,
            "an item cites no stored reply of its vendor, or one that says no",
        );
    }
    for item in &shortlist.items {
        if vendors::load(tx, &item.vendor_id)?.opted_out {
            return refuse(RefusalCode::ShortlistInvalid, "a vendor of the list was erased or said STOP");
        }
    }
    let mut vendors: Vec<_> = shortlist.items.iter().map(|item| &item.vendor_id).collect();
    vendors.sort();
    vendors.dedup();
    if vendors.len() != shortlist.items.len() || vendors.is_empty() {
        return refuse(RefusalCode::ShortlistInvalid, "a shortlist names each vendor once, and at least one");
    }
    let items: Vec<_> = shortlist.items.iter().map(|item| (item.vendor_id.clone(), item.reply_id)).collect();
    sourcing::insert_shortlist(tx, guard, &items)?;
    Ok(())
}
