//! What reaches into a call that goes on, and what does not.

use super::keys::*;
use crate::*;

/// A vendor's call that is ringing, with every key in hand.
fn ringing() -> CallFacts {
    let mut facts = vendor_call();
    facts.stage = Stage::Live { attempt: world().attempt, epoch: facts.request.control_epoch };
    facts
}

#[test]
fn a_call_with_every_key_in_hand_goes_on() {
    assert_eq!(must_stop(&ringing(), NOW), None);
}

#[test]
fn exactly_the_rules_that_reach_into_a_call_end_it() {
    for rule in Rule::ALL {
        let mut facts = ringing();
        match rule {
            // What is stored of Meta's permission counts: nothing is read while a call goes on.
            Rule::PermissionMissing => callee_mut(&mut facts).permission = Permission::default(),
            Rule::PermissionExpired => callee_mut(&mut facts).permission = permission_until(NOW + secs(60)),
            Rule::PermissionUnread | Rule::ConnectedCallLimit | Rule::UnroutedEvent => {
                assert!(!rule.ends_a_call());
                continue;
            }
            _ => break_rule(*rule, &mut facts),
        }
        assert_eq!(must_stop(&facts, NOW), rule.ends_a_call().then_some(*rule), "{rule}");
    }
}

#[test]
fn of_several_the_first_in_the_order_of_the_rules_is_named() {
    let mut facts = ringing();
    break_rule(Rule::VendorOptedOut, &mut facts);
    break_rule(Rule::HumanControl, &mut facts);
    assert_eq!(must_stop(&facts, NOW), Some(Rule::HumanControl));
    break_rule(Rule::RequestClosed, &mut facts);
    assert_eq!(must_stop(&facts, NOW), Some(Rule::RequestClosed));
}

#[test]
fn a_takeover_and_resume_between_ends_the_bots_call_and_not_a_persons() {
    let mut facts = ringing();
    facts.request.control_epoch += 2;
    assert_eq!(must_stop(&facts, NOW), Some(Rule::HumanControl));
    facts.caller = marketplace::ActorKind::Human;
    assert_eq!(must_stop(&facts, NOW), None);
}

#[test]
fn the_call_itself_is_no_miss_that_takes_its_permission_back() {
    let mut facts = ringing();
    for n in 1..4 {
        add_elsewhere(&mut facts, n, missed(NOW - mins(60 * n)));
    }
    facts.attempts.push(PastAttempt {
        id: world().attempt,
        request: facts.request.id,
        callee: facts.callee_contact(),
        attempt: missed(NOW - mins(1)),
    });
    assert_eq!(must_stop(&facts, NOW), None);
}
