//! A wish to call, within what calling policy can allow. Policy itself decides later, on stored facts.

use crate::{
    decision::{CallWish, CallingWish},
    pack::{ConsentStatus, ContextPack},
    rejection::{RuleId, Violation},
};

pub(super) fn check(calling: CallingWish, pack: &ContextPack, found: &mut Vec<Violation>) {
    fields(calling, found);
    if calling.wish != CallWish::None
        && let Some(expected) = refusal(calling, pack)
    {
        found.push(Violation::new("/calling/wish", RuleId::CallingNotAllowed, expected));
    }
}

/// `none` has neither party nor trigger, `request_consent` a party, `start_call` both.
fn fields(calling: CallingWish, found: &mut Vec<Violation>) {
    let mut broken = |pointer: &str, message: &'static str| {
        found.push(Violation::new(pointer, RuleId::CallingFields, message));
    };
    match (calling.wish, calling.party) {
        (CallWish::None, Some(_)) => broken("/calling/party", "expected null: no call is wished for"),
        (CallWish::RequestConsent | CallWish::StartCall, None) => {
            broken("/calling/party", "expected client or vendor");
        }
        _ => {}
    }
    match (calling.wish, calling.trigger) {
        (CallWish::StartCall, None) => broken("/calling/trigger", "expected what justifies the call"),
        (CallWish::None | CallWish::RequestConsent, Some(_)) => {
            broken("/calling/trigger", "expected null: no call is to start");
        }
        (CallWish::StartCall, Some(trigger))
            if calling.party.is_some_and(|party| party != trigger.party()) =>
        {
            broken("/calling/trigger", "expected a trigger for this party");
        }
        _ => {}
    }
}

/// What would have to be different for this wish to be possible.
fn refusal(calling: CallingWish, pack: &ContextPack) -> Option<&'static str> {
    let policy = &pack.policies.calling;
    if !policy.enabled {
        return Some("expected none: calling is off");
    }
    if pack.request.prescription {
        return Some("expected none: a prescription is involved");
    }
    let covered =
        calling.party.is_some_and(|party| policy.allowed_scopes.iter().any(|scope| scope.covers(party)));
    match (calling.wish, policy.consent_status) {
        (CallWish::RequestConsent, Some(ConsentStatus::Denied)) => Some("expected none: consent was denied"),
        (CallWish::RequestConsent, Some(ConsentStatus::Requested)) => {
            Some("expected none: consent was asked for")
        }
        (CallWish::StartCall, Some(ConsentStatus::Granted)) if covered => None,
        (CallWish::StartCall, _) => Some("expected no call without a granted consent that covers it"),
        _ => None,
    }
}
