//! Whether a person may be asked: by our prompt for consent, or by Meta's permission card.

use marketplace::{ActorKind, Control, RequestState, Timestamp};

use crate::{
    AskRule, Consent, ConsentKey, ConsentStatus, Failure, Party, Permission, PermissionState, RefusedBy,
    RequestFacts, Scope, Switches, Verdict,
    consent::keys_of_prompt,
    evaluate::free_again,
    limits::{
        PERMISSION_REQUEST_DAY, PERMISSION_REQUEST_WEEK, PERMISSION_REQUESTS_A_DAY,
        PERMISSION_REQUESTS_A_WEEK,
    },
};

/// Everything [`evaluate_ask`] looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct AskFacts {
    /// The switches, and what Meta allows the number at all.
    pub switches: Switches,
    /// The request.
    pub request: RequestFacts,
    /// Who wants to ask.
    pub caller: ActorKind,
    /// Who is asked.
    pub asked: Party,
    /// What for.
    pub scope: Scope,
    /// Whether the vendor who is asked said STOP; `false` if the client is asked.
    pub vendor_opted_out: bool,
    /// The consents of this person for this request, in any order; for a vendor those of key 2.
    pub consents: Vec<Consent>,
    /// Meta's permission of this person for our number, as stored.
    pub permission: Permission,
    /// What goes out.
    pub by: AskBy,
}

/// How a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskBy {
    /// Our own message with YES and NO.
    Buttons,
    /// Meta's card, which Meta counts.
    Card {
        /// The cards to this person from this number in the last 7 days, whatever request they were for.
        sent: Vec<CardSent>,
        /// When a call with this person was last picked up, in either direction: it resets Meta's count.
        connected_at: Option<Timestamp>,
    },
}

/// A card that was sent, or perhaps was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardSent {
    /// When it went on the wire.
    pub at: Timestamp,
    /// Whether nobody knows if it arrived.
    pub unknown: bool,
}

/// Whether this person may be asked at `now`. A refusal lists every rule that fails, in the order of
/// [`AskRule::ALL`]. Quiet hours are no rule: a message may wait until somebody looks.
pub fn evaluate_ask(facts: &AskFacts, now: Timestamp) -> Verdict<AskRule> {
    Verdict::from_failures(AskRule::ALL.iter().filter_map(|rule| check(*rule, facts, now)))
}

fn check(rule: AskRule, facts: &AskFacts, now: Timestamp) -> Option<Failure<AskRule>> {
    let fails_if = |broken: bool| broken.then(|| Failure::of(rule));
    let fails_until = |until: Option<Timestamp>| {
        until.filter(|until| now < *until).map(|until| Failure::until(rule, until))
    };
    let request = &facts.request;
    match rule {
        AskRule::CallingDisabled => fails_if(!facts.switches.calling),
        AskRule::RequestClosed => fails_if(request.state == RequestState::Closed),
        AskRule::RequestHandedOff => fails_if(request.state == RequestState::HandedOff),
        AskRule::RequestInError => fails_if(request.state == RequestState::Error),
        AskRule::ConsentPending => fails_until(
            statuses(facts, now)
                .filter(|(_, status)| *status == ConsentStatus::Requested)
                .map(|(consent, _)| consent.expires_at())
                .max(),
        ),
        AskRule::ConsentDenied => fails_if(denied_at(facts, now).is_some_and(|at| !asked_anew(facts, at))),
        AskRule::ConsentInForce => fails_if(in_force(facts, now)),
        AskRule::ConsentScope => fails_if(keys_of_prompt(facts.asked, facts.scope).is_err()),
        AskRule::Prescription => fails_if(request.prescription),
        AskRule::HumanControl => {
            fails_if(request.control == Control::Human && facts.caller != ActorKind::Human)
        }
        AskRule::ClientOptedOut => fails_if(request.client_opted_out),
        AskRule::VendorOptedOut => fails_if(facts.vendor_opted_out),
        AskRule::PermissionRequestUnknown => fails_if(matches!(
            &facts.by,
            AskBy::Card { sent, .. } if sent.iter().any(|card| card.unknown)
        )),
        AskRule::PermissionRequestLimit => match &facts.by {
            AskBy::Buttons => None,
            AskBy::Card { sent, connected_at } => fails_until(card_free_again(sent, *connected_at, now)),
        },
        AskRule::CallingRestricted => fails_until(facts.switches.restricted_until),
    }
}

fn statuses(facts: &AskFacts, now: Timestamp) -> impl Iterator<Item = (&Consent, ConsentStatus)> {
    let of_request = facts.consents.iter().filter(|consent| consent.request() == facts.request.id);
    of_request.map(move |consent| (consent, consent.status(now)))
}

/// The newest no of this person: to a prompt for this request, or, where calls to this very person are asked for, by
/// hand to Meta.
fn denied_at(facts: &AskFacts, now: Timestamp) -> Option<Timestamp> {
    let by_prompt = statuses(facts, now)
        .filter(|(_, status)| *status == ConsentStatus::Denied)
        .filter_map(|(consent, _)| consent.answered_at())
        .max();
    let keys = keys_of_prompt(facts.asked, facts.scope).unwrap_or_default();
    let by_meta = match facts.permission.state(now) {
        PermissionState::Refused { by: RefusedBy::Person, at }
            if keys.iter().any(|(key, _)| *key == ConsentKey::Callee) =>
        {
            Some(at)
        }
        _ => None,
    };
    by_prompt.max(by_meta)
}

/// Only the client can undo its own no, by asking to be called after it.
fn asked_anew(facts: &AskFacts, denied_at: Timestamp) -> bool {
    let asked_at = facts.request.client_asked_call_at.filter(|_| facts.asked == Party::Client);
    asked_at.is_some_and(|asked| asked.as_seconds() > denied_at.as_seconds())
}

/// Everything that this prompt would open is granted already. Meta's card also has Meta's permission to bring.
fn in_force(facts: &AskFacts, now: Timestamp) -> bool {
    let Ok(keys) = keys_of_prompt(facts.asked, facts.scope) else { return false };
    let granted = keys.iter().all(|(key, scope)| {
        statuses(facts, now).any(|(consent, status)| {
            status == ConsentStatus::Granted
                && consent.key() == *key
                && (consent.scope() == Scope::Either || consent.scope() == *scope)
        })
    });
    match facts.by {
        AskBy::Buttons => granted,
        AskBy::Card { .. } => granted && facts.permission.allows(now),
    }
}

fn card_free_again(sent: &[CardSent], connected_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let counted =
        || sent.iter().map(|card| card.at).filter(|at| connected_at.is_none_or(|reset| *at > reset));
    let day = free_again(counted(), PERMISSION_REQUEST_DAY, PERMISSION_REQUESTS_A_DAY, now);
    let week = free_again(counted(), PERMISSION_REQUEST_WEEK, PERMISSION_REQUESTS_A_WEEK, now);
    day.max(week)
}
