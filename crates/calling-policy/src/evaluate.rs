//! The rules of a call, one function each, and the one function that asks them all.

use std::time::Duration;

use marketplace::{ActorKind, ContactId, Control, RequestState, Timestamp};

use crate::{
    Attempt, CallFacts, Callee, Consent, ConsentKey, ConsentStatus, EndReason, Failure, LocalTime,
    PastAttempt, Permission, PermissionEvent, PermissionState, Phase, Pickup, Rule, Scope, Stage, Support,
    Verdict,
    limits::{
        CONNECTED_CALLS_MAX, CONNECTED_CALLS_WINDOW, COOLDOWN, MISSES_THAT_REVOKE, PERMISSION_READ_FRESH,
    },
    local_time,
    trigger::support,
};

/// Whether this call may be made at `now`. Called twice with the same function and fresh facts: at the tool, and in
/// the transaction that writes `dialling`. A refusal lists every rule that fails, in the order of [`Rule::ALL`].
pub fn evaluate(facts: &CallFacts, now: Timestamp) -> Verdict {
    Verdict::from_failures(Rule::ALL.iter().filter_map(|rule| check(*rule, facts, now)))
}

/// One rule; `None` if it holds.
pub(crate) fn check(rule: Rule, facts: &CallFacts, now: Timestamp) -> Option<Failure> {
    let fails_if = |broken: bool| broken.then(|| Failure::of(rule));
    let fails_until = |until: Option<Timestamp>| {
        until.filter(|until| now < *until).map(|until| Failure::until(rule, until))
    };
    let request = &facts.request;
    match rule {
        Rule::CallingDisabled => fails_if(!facts.switches.calling),
        Rule::RequestClosed => fails_if(request.state == RequestState::Closed),
        Rule::RequestHandedOff => fails_if(request.state == RequestState::HandedOff),
        Rule::RequestInError => fails_if(request.state == RequestState::Error),
        Rule::ConsentRequired | Rule::ConsentExpired | Rule::ConsentScope => {
            fails_if(authorisation_fault(facts, now) == Some(rule))
        }
        Rule::CalleeConsentRequired | Rule::CalleeConsentExpired => {
            fails_if(callee_consent_fault(facts, now) == Some(rule))
        }
        Rule::PermissionMissing | Rule::PermissionExpired => {
            fails_if(permission_fault(facts, now) == Some(rule))
        }
        Rule::PermissionUnread => fails_if(read_is_stale(facts, now)),
        Rule::TriggerNotMet => match support(facts, facts.claim, now) {
            Support::Holds => None,
            Support::From(from) => Some(Failure::until(rule, from)),
            Support::No => Some(Failure::of(rule)),
        },
        Rule::CooldownActive => fails_until(cooldown_ends(facts)),
        Rule::QuietHours => match callees_time(facts, now) {
            LocalTime::QuietUntil(until) => Some(Failure::until(rule, until)),
            LocalTime::Day | LocalTime::Unknown => None,
        },
        Rule::TimezoneUnknown => fails_if(callees_time(facts, now) == LocalTime::Unknown),
        Rule::Prescription => fails_if(request.prescription),
        Rule::HumanControl => fails_if(facts.caller != ActorKind::Human && bot_must_be_silent(facts)),
        Rule::ClientOptedOut => fails_if(request.client_opted_out),
        Rule::VendorOptedOut => {
            fails_if(matches!(&facts.callee, Callee::Vendor(_, vendor) if vendor.opted_out))
        }
        Rule::RedialCap => {
            fails_if(facts.to_callee().any(|past| past.request == request.id && past.attempt.is_missed()))
        }
        Rule::CallInProgress => fails_if(
            facts.of_request().any(Attempt::may_be_alive)
                || facts.to_callee().any(|past| past.attempt.may_be_alive())
                || own_is_dialled(facts),
        ),
        Rule::ConnectedCallLimit => connected_limit(facts, now),
        Rule::CallingRestricted => fails_until(facts.switches.restricted_until),
        Rule::OutboundOff => fails_if(!facts.switches.outbound),
        Rule::BreakerOpen => fails_until(facts.switches.breaker_open_until),
        Rule::UnroutedEvent => fails_if(matches!(facts.stage, Stage::Dial { unrouted_event: true, .. })),
    }
}

/// Key 1: the client's own consent, for this request, of this scope.
fn authorisation_fault(facts: &CallFacts, now: Timestamp) -> Option<Rule> {
    let consent = facts
        .authorisation
        .as_ref()
        .filter(|consent| is_for(consent, facts, ConsentKey::Authorisation, facts.request.client));
    let fault = consent_fault(consent, now, Rule::ConsentRequired, Rule::ConsentExpired);
    fault.or_else(|| {
        consent.filter(|consent| !consent.scope().covers(facts.party())).map(|_| Rule::ConsentScope)
    })
}

/// Key 2: the callee's own consent. One of another scope is a consent to something else.
fn callee_consent_fault(facts: &CallFacts, now: Timestamp) -> Option<Rule> {
    let covers = |scope: Scope| scope.covers(facts.party());
    let consent = facts.callee_facts().consent.as_ref().filter(|consent| {
        is_for(consent, facts, ConsentKey::Callee, facts.callee_contact()) && covers(consent.scope())
    });
    consent_fault(consent, now, Rule::CalleeConsentRequired, Rule::CalleeConsentExpired)
}

fn is_for(consent: &Consent, facts: &CallFacts, key: ConsentKey, contact: ContactId) -> bool {
    consent.key() == key && consent.contact() == contact && consent.request() == facts.request.id
}

/// A prompt that ran out unanswered is no consent that is over: there never was one.
fn consent_fault(consent: Option<&Consent>, now: Timestamp, required: Rule, expired: Rule) -> Option<Rule> {
    match consent.map(|consent| (consent.status(now), consent.answered_at())) {
        Some((ConsentStatus::Granted, _)) => None,
        Some((ConsentStatus::Expired, Some(_))) => Some(expired),
        None | Some(_) => Some(required),
    }
}

/// Key 3. At the moment of dialling what Meta just said joins what is stored: a no that was stored meanwhile is as
/// new or newer, and wins; a no that was read decides, whatever is stored.
fn permission_fault(facts: &CallFacts, now: Timestamp) -> Option<Rule> {
    let stored = facts.callee_facts().permission;
    let Stage::Dial { read, .. } = &facts.stage else { return stored_permission_fault(facts, stored, now) };
    // Used up by answered calls: that rule speaks for itself, and the permission behind it is as stored.
    if !read.can_start_call && !read.is_used_up() {
        return Some(Rule::PermissionMissing);
    }
    let joined = stored.apply(PermissionEvent::Read(*read), read.at, now).next;
    stored_permission_fault(facts, joined, now)
}

fn stored_permission_fault(facts: &CallFacts, permission: Permission, now: Timestamp) -> Option<Rule> {
    match permission.state(now) {
        PermissionState::Unknown | PermissionState::Refused { .. } => Some(Rule::PermissionMissing),
        PermissionState::Expired { .. } => Some(Rule::PermissionExpired),
        PermissionState::Temporary { .. } | PermissionState::Permanent => {
            let revoked = misses_in_a_row(facts, permission.since()) >= MISSES_THAT_REVOKE;
            revoked.then_some(Rule::PermissionMissing)
        }
    }
}

/// What Meta said is a moment's truth: at exactly [`PERMISSION_READ_FRESH`] it still counts.
fn read_is_stale(facts: &CallFacts, now: Timestamp) -> bool {
    matches!(&facts.stage, Stage::Dial { read, .. } if now.since(read.at) > PERMISSION_READ_FRESH)
}

/// Calls to the callee after `since` that were missed, back to the last that was answered. Meta's own webhook about
/// the revocation may be late or lost.
fn misses_in_a_row(facts: &CallFacts, since: Option<Timestamp>) -> usize {
    let mut calls: Vec<(Timestamp, &PastAttempt)> = facts
        .to_callee()
        .filter_map(|past| Some((past.attempt.dialled_at()?, past)))
        .filter(|(dialled, _)| since.is_none_or(|since| *dialled > since))
        .collect();
    calls.sort_unstable_by_key(|(dialled, past)| std::cmp::Reverse((*dialled, past.id)));
    let until_answered = calls.iter().take_while(|(_, past)| past.attempt.pickup() != Pickup::Yes);
    until_answered.filter(|(_, past)| past.attempt.is_missed()).count()
}

/// One call in ten minutes. A dial in doubt counts, it may be ringing; and one that failed before it was dialled, for
/// the client was told of it.
fn cooldown_ends(facts: &CallFacts) -> Option<Timestamp> {
    let begun = |attempt: &Attempt| {
        let failed = matches!(attempt.end_reason(), Some(EndReason::Failed(_)));
        attempt.dialled_at().or_else(|| failed.then(|| attempt.created_at()))
    };
    facts.of_request().filter_map(begun).max().map(|begun| begun + COOLDOWN)
}

fn callees_time(facts: &CallFacts, now: Timestamp) -> LocalTime {
    local_time(facts.callee_facts().zone.as_deref(), facts.quiet_hours, now)
}

/// A person has the request, or had it between the decision and the dial.
fn bot_must_be_silent(facts: &CallFacts) -> bool {
    let decided_in = match facts.stage {
        Stage::Decide => None,
        Stage::Dial { epoch, .. } | Stage::Live { epoch, .. } => Some(epoch),
    };
    let epoch_moved = decided_in.is_some_and(|epoch| epoch != facts.request.control_epoch);
    facts.request.control == Control::Human || epoch_moved
}

/// The attempt that is to be dialled was dialled already, or is over: it is never repeated.
fn own_is_dialled(facts: &CallFacts) -> bool {
    let Stage::Dial { attempt, .. } = &facts.stage else { return false };
    facts.attempts.iter().any(|past| past.id == *attempt && past.attempt.phase() != Phase::Intent)
}

/// Meta counts calls that were picked up, for one person, over 24 hours.
fn connected_limit(facts: &CallFacts, now: Timestamp) -> Option<Failure> {
    let read_limit = match &facts.stage {
        Stage::Dial { read, .. } => read.call_limit,
        Stage::Decide | Stage::Live { .. } => None,
    };
    if let Some(limit) = read_limit.filter(|limit| limit.current_usage >= limit.max_allowed) {
        return Some(Failure { rule: Rule::ConnectedCallLimit, retry_at: limit.until });
    }
    let max = read_limit.map_or(CONNECTED_CALLS_MAX, |limit| limit.max_allowed);
    let connected = facts.to_callee().filter_map(|past| past.attempt.connected_at());
    let retry_at = free_again(connected, CONNECTED_CALLS_WINDOW, usize::try_from(max).unwrap_or(0), now)?;
    Some(Failure::until(Rule::ConnectedCallLimit, retry_at))
}

/// When a sliding window has room again for one more; `None` if it has room at `now`. What happened exactly `window`
/// ago no longer counts. A window that allows nothing is full for its own length.
pub(crate) fn free_again(
    happened: impl Iterator<Item = Timestamp>,
    window: Duration,
    max: usize,
    now: Timestamp,
) -> Option<Timestamp> {
    let mut counted: Vec<Timestamp> = happened.filter(|at| now < *at + window).collect();
    if counted.len() < max {
        return None;
    }
    counted.sort_unstable();
    let leaving = counted.len() - max;
    Some(counted.get(leaving).map_or(now, |at| *at) + window)
}
