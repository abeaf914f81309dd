//! `start_call`: each rule alone refuses, one key makes one attempt, a revocation that commits first wins.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use calling_policy::{
    Attempt, AttemptEvent, Chat, ConsentEvent, ConsentKey, Party as Role, Permission, PermissionEvent,
    PermissionResponse, Rule, Terminated, Trigger, limits::CONNECTED_CALLS_MAX,
};
use marketplace::{ActorKind, ContactId, Control, Language, RequestId, RequestState};
use moltbot_contract::{CallScope, CallTrigger};
use store::{
    StoreError, Tx,
    calls::{self, ConsentChange, HistoryEvent, NewAttempt},
    contacts::{self, Identity},
    flags,
    requests::{self, FactChanges, RequestGuard},
    testing::on_both,
    vendors,
};
use tool_registry::{Party, RefusalCode, ToolCall, ToolResult};

use super::{Calling, ON, reply, v1};
use crate::{Caller, Invocation, Outcome, Policy, ToolError, tests::world::directory_row};

/// Rules that the decision cannot reach: they need what is known at the dial only.
const AT_THE_DIAL: [Rule; 3] = [Rule::PermissionUnread, Rule::BreakerOpen, Rule::UnroutedEvent];

/// The people and rows of a world in which everything is allowed.
#[derive(Clone, Copy)]
struct Ready {
    request: RequestId,
    client: ContactId,
    vendor: ContactId,
}

fn end_consent(tx: &mut Tx<'_>, guard: &RequestGuard, of: ContactId, key: ConsentKey, how: &str) {
    let now = guard.now(tx);
    for stored in calls::consents_of_request(tx, guard.request().id).unwrap() {
        let consent = stored.consent;
        if consent.contact() == of && consent.key() == key {
            let event = match how {
                "denied" => {
                    ConsentEvent::Answer { by: of, prompt: consent.prompt(), yes: false, meta_until: None }
                }
                _ => ConsentEvent::RequestEnded,
            };
            let next = consent.apply(event, now, now).next;
            let change = ConsentChange { event: HistoryEvent::No, by: Some(of), message: None, at: now };
            calls::save_consent(tx, guard, stored.id, &next, &change).unwrap();
        }
    }
}

/// An attempt that goes through `events`, one a second, from `ago` on.
fn attempt(tx: &mut Tx<'_>, guard: &RequestGuard, to: ContactId, ago: Duration, events: &[AttemptEvent]) {
    let new = NewAttempt {
        contact: to,
        party: Role::Client,
        vendor: None,
        claim: Trigger::ClientAsked,
        author: ActorKind::Orchestrator,
    };
    let id = calls::insert(tx, guard, &new).unwrap();
    let mut at = tx.now - ago;
    let mut machine = Attempt::intent(at);
    for event in events {
        at = at + Duration::from_secs(1);
        machine = machine.apply(*event, at, Chat::Closed).next;
    }
    calls::save(tx, guard, id, &machine).unwrap();
}

const ANSWERED: [AttemptEvent; 3] = [
    AttemptEvent::Dialling,
    AttemptEvent::Accepted,
    AttemptEvent::Terminated(Terminated { talked: true, failed: false, error: None }),
];
const MISSED: [AttemptEvent; 3] = [
    AttemptEvent::Dialling,
    AttemptEvent::Ringing,
    AttemptEvent::Terminated(Terminated { talked: false, failed: false, error: None }),
];

/// Takes one thing away from a world in which everything is allowed.
fn lack(tx: &mut Tx<'_>, ready: Ready, rule: Rule, policy: &mut Policy) {
    let mut guard = requests::lock(tx, ready.request).unwrap();
    let number = guard.request().phone_number_id.clone();
    match rule {
        Rule::CallingDisabled => *policy = Policy::default(),
        Rule::RequestClosed => requests::set_state(tx, &mut guard, RequestState::Closed).unwrap(),
        Rule::RequestHandedOff => requests::set_state(tx, &mut guard, RequestState::HandedOff).unwrap(),
        Rule::RequestInError => requests::set_state(tx, &mut guard, RequestState::Error).unwrap(),
        Rule::ConsentRequired => {
            end_consent(tx, &guard, ready.client, ConsentKey::Authorisation, "denied");
        }
        Rule::ConsentExpired => end_consent(tx, &guard, ready.client, ConsentKey::Authorisation, "over"),
        Rule::CalleeConsentRequired => end_consent(tx, &guard, ready.vendor, ConsentKey::Callee, "denied"),
        Rule::CalleeConsentExpired => end_consent(tx, &guard, ready.vendor, ConsentKey::Callee, "over"),
        Rule::PermissionMissing => {
            calls::save_permission(tx, ready.vendor, &number, &Permission::default()).unwrap();
        }
        Rule::PermissionExpired => {
            let mut accept = reply(PermissionResponse::Accept);
            accept.expires_at = Some(tx.now + Duration::from_secs(30));
            let event = PermissionEvent::Reply(accept);
            let over = Permission::default().apply(event, tx.now, tx.now).next;
            calls::save_permission(tx, ready.vendor, &number, &over).unwrap();
        }
        Rule::TriggerNotMet => {
            let normal =
                FactChanges { urgency: Some(moltbot_contract::Urgency::Normal), ..FactChanges::default() };
            requests::set_facts(tx, &mut guard, &normal).unwrap();
        }
        Rule::CooldownActive => attempt(tx, &guard, ready.client, Duration::from_mins(5), &ANSWERED),
        Rule::QuietHours => tx.now = tx.now + Duration::from_hours(8),
        Rule::TimezoneUnknown => {
            let mut row = directory_row(1);
            row.timezone = "Etc/UTC".to_owned();
            vendors::import(tx, &row).unwrap();
        }
        Rule::Prescription => {
            let marked = FactChanges { prescription: Some(true), ..FactChanges::default() };
            requests::set_facts(tx, &mut guard, &marked).unwrap();
        }
        Rule::HumanControl => requests::set_control(tx, &mut guard, Control::Human).unwrap(),
        Rule::ClientOptedOut => contacts::set_opt_out(tx, ready.client, Some(tx.now)).unwrap(),
        Rule::VendorOptedOut => contacts::set_opt_out(tx, ready.vendor, Some(tx.now)).unwrap(),
        Rule::RedialCap => attempt(tx, &guard, ready.vendor, Duration::from_mins(20), &MISSED),
        Rule::CallInProgress => attempt(tx, &guard, ready.client, Duration::ZERO, &[]),
        Rule::ConnectedCallLimit => {
            let identity = [Identity::Phone("+254700999999".parse().unwrap())];
            let other = contacts::find_or_create(tx, &identity, None, Language::En).unwrap();
            let of_other = requests::create(tx, other.id, &number, Language::En).unwrap();
            for _ in 0..CONNECTED_CALLS_MAX {
                attempt(tx, &of_other, ready.vendor, Duration::from_hours(2), &ANSWERED);
            }
        }
        Rule::CallingRestricted => {
            let until = tx.now + Duration::from_hours(1);
            calls::restrict(tx, &number, until, "meta_138014").unwrap();
        }
        Rule::OutboundOff => flags::set(tx.conn, flags::Flag::Outbound, false, tx.now).unwrap(),
        // A consent of another scope is made by another prompt.
        Rule::ConsentScope | Rule::PermissionUnread | Rule::BreakerOpen | Rule::UnroutedEvent => {}
    }
}

/// Runs a call after `change`, in a transaction that is undone.
async fn tried(
    world: &Calling<'_>,
    call: ToolCall,
    change: impl Fn(&mut Tx<'_>, &mut Policy) + Send + 'static,
) -> Outcome {
    let seen = Arc::new(Mutex::new(None));
    let into = Arc::clone(&seen);
    let undone: Result<(), ToolError> = world
        .test
        .db
        .write(move |tx| {
            let mut policy = ON;
            change(tx, &mut policy);
            let invocation = Invocation {
                caller: Caller::orchestrator(),
                key: Some("tried".to_owned()),
                caused_by: None,
                call: call.clone(),
            };
            *into.lock().unwrap() = Some(crate::run(tx, policy, &invocation)?);
            Err(StoreError::NotFound.into())
        })
        .await;
    assert!(undone.is_err());
    seen.lock().unwrap().take().unwrap()
}

fn reasons(outcome: Outcome) -> Vec<&'static str> {
    match outcome {
        Ok(_) => Vec::new(),
        Err(refusal) => {
            assert_eq!(Some(&refusal.code), refusal.reasons.first());
            refusal.reasons.iter().map(|code| code.code()).collect()
        }
    }
}

#[test]
fn each_rule_alone_refuses_a_call() {
    on_both(async |test| {
        let world = Calling::ready(test, CallScope::Either).await;
        let vendor = world.vendor_contact().await;
        let ready = Ready { request: world.request, client: world.client, vendor };
        let call: ToolCall = world.start(v1(), CallTrigger::UrgentNoReply).into();
        assert_eq!(reasons(tried(&world, call.clone(), |_, _| {}).await), [""; 0]);
        let mut covered = BTreeSet::from(AT_THE_DIAL);
        for rule in Rule::ALL.iter().copied().filter(|rule| !AT_THE_DIAL.contains(rule)) {
            if rule == Rule::ConsentScope {
                continue;
            }
            let refused = tried(&world, call.clone(), move |tx, policy| lack(tx, ready, rule, policy)).await;
            assert_eq!(reasons(refused), [rule.code()], "{rule:?}");
            covered.insert(rule);
        }
        covered.insert(Rule::ConsentScope);
        assert_eq!(covered.len(), Rule::ALL.len());
        assert!(world.read(move |tx| calls::of_request(tx, ready.request)).await.is_empty());
    });
    on_both(async |test| {
        let world = Calling::ready(test, CallScope::CallClient).await;
        let to_vendor: ToolCall = world.start(v1(), CallTrigger::UrgentNoReply).into();
        assert_eq!(reasons(tried(&world, to_vendor, |_, _| {}).await), ["consent_scope"]);
        let to_client: ToolCall = world.start(Party::Client, CallTrigger::ClientAsked).into();
        assert_eq!(reasons(tried(&world, to_client, |_, _| {}).await), [""; 0]);
    });
}

#[test]
fn a_refusal_names_every_rule_and_when_to_try_again() {
    on_both(async |test| {
        let world = Calling::ready(test, CallScope::Either).await;
        let vendor = world.vendor_contact().await;
        let ready = Ready { request: world.request, client: world.client, vendor };
        let call: ToolCall = world.start(v1(), CallTrigger::UrgentNoReply).into();
        let refused = tried(&world, call.clone(), move |tx, policy| {
            lack(tx, ready, Rule::CallingRestricted, policy);
            lack(tx, ready, Rule::CooldownActive, policy);
        })
        .await
        .unwrap_err();
        assert_eq!(refused.code.code(), "cooldown_active");
        assert_eq!(reasons(Err(refused.clone())), ["cooldown_active", "calling_restricted"]);
        assert_eq!(refused.retry_at, Some(world.now() + Duration::from_hours(1)));
        let refused = tried(&world, call, move |tx, policy| {
            lack(tx, ready, Rule::CooldownActive, policy);
            lack(tx, ready, Rule::Prescription, policy);
        })
        .await
        .unwrap_err();
        assert_eq!(refused.retry_at, None, "a prescription does not pass");
    });
}

#[test]
fn start_call_refused_without_consent() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        world.advance(Duration::from_mins(5));
        let call: ToolCall = world.start(v1(), CallTrigger::UrgentNoReply).into();
        let refused = world.call_as(Caller::orchestrator(), Some("k"), call).await;
        assert_eq!(reasons(refused), ["consent_required", "callee_consent_required", "permission_missing"]);
        assert_eq!(
            world.audit_lines(0).await.last().unwrap(),
            "marketplace.start_call refused consent_required,callee_consent_required,permission_missing"
        );
        let id = world.request;
        assert!(world.read(move |tx| calls::of_request(tx, id)).await.is_empty());
    });
}

/// A prompt that nobody answered, a no, and a consent that is over are no consent either.
#[test]
fn only_a_granted_consent_allows_a_call() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        world.asks_for_call().await;
        let call = || -> ToolCall { world.start(Party::Client, CallTrigger::ClientAsked).into() };
        let first = async || reasons(tried(&world, call(), |_, _| {}).await).first().copied();
        world.ask_consent(Party::Client, CallScope::CallClient).await.unwrap();
        world.deliver().await;
        let prompt = world.prompt(world.client).await;
        assert_eq!(first().await, Some("consent_required"));
        world.presses(world.client, prompt, true).await;
        assert_eq!(first().await, Some("permission_missing"));
        world.accepts(world.client, None).await;
        assert_eq!(first().await, None);
        world.advance(Duration::from_secs(1));
        world.presses(world.client, prompt, false).await;
        assert_eq!(first().await, Some("consent_required"));
    });
}

#[test]
fn start_call_refused_when_handed_off() {
    on_both(async |test| {
        let world = Calling::ready(test, CallScope::Either).await;
        world.put(RequestState::HandedOff, Control::Bot).await;
        for (party, trigger) in
            [(v1(), CallTrigger::UrgentNoReply), (Party::Client, CallTrigger::ClientAsked)]
        {
            for (n, caller) in [Caller::orchestrator(), Caller::operator()].into_iter().enumerate() {
                let key = format!("{party}{n}");
                let refused = world.call_as(caller, Some(&key), world.start(party.clone(), trigger)).await;
                assert_eq!(reasons(refused), ["request_handed_off"]);
            }
        }
        let id = world.request;
        assert!(world.read(move |tx| calls::of_request(tx, id)).await.is_empty());
    });
}

#[test]
fn duplicate_start_call_prevented() {
    on_both(async |test| {
        let world = Calling::ready(test, CallScope::Either).await;
        let call: ToolCall = world.start(v1(), CallTrigger::UrgentNoReply).into();
        let asked: Vec<_> = (0..50)
            .map(|_| {
                let invocation = Invocation {
                    caller: Caller::orchestrator(),
                    key: Some("one".to_owned()),
                    caused_by: None,
                    call: call.clone(),
                };
                let db = world.test.db.clone();
                tokio::spawn(async move { db.write(move |tx| crate::run(tx, ON, &invocation)).await })
            })
            .collect();
        let (mut fresh, mut ids) = (0, BTreeSet::new());
        for answer in asked {
            match answer.await.unwrap().unwrap() {
                Ok(answer) => {
                    fresh += usize::from(!answer.replayed);
                    let ToolResult::StartCall(result) = answer.result else { panic!() };
                    ids.insert(result.call_attempt_id);
                }
                // The first one has committed and holds its key a moment longer (PostgreSQL).
                Err(refusal) => assert_eq!(refusal.code, RefusalCode::InProgress),
            }
        }
        assert_eq!((fresh, ids.len()), (1, 1));
        let id = world.request;
        assert_eq!(world.read(move |tx| calls::of_request(tx, id)).await.len(), 1);
        // Another key is another call: the first one is not over.
        let again = world.call_as(Caller::orchestrator(), Some("two"), call).await;
        assert_eq!(reasons(again), ["call_in_progress"]);
        world.audit().await;
    });
}

/// Two processes at once: whatever commits first is seen by the other one.
#[test]
fn a_revocation_and_a_call_at_the_same_moment() {
    on_both(async |test| {
        let world = Calling::ready(test, CallScope::Either).await;
        let vendor = world.vendor_contact().await;
        let card = world.prompt(vendor).await;
        let (db, id) = (world.test.db.clone(), world.request);
        let invocation = Invocation {
            caller: Caller::orchestrator(),
            key: Some("race".to_owned()),
            caused_by: None,
            call: world.start(v1(), CallTrigger::UrgentNoReply).into(),
        };
        let call = tokio::spawn(async move { db.write(move |tx| crate::run(tx, ON, &invocation)).await });
        world.rejects(vendor, Some(card)).await;
        let outcome = call.await.unwrap().unwrap();
        let attempts = world.read(move |tx| calls::of_request(tx, id)).await;
        // Whoever came first, the revocation stands, and a call that was decided before it must stop.
        match outcome {
            Ok(_) => {
                let [attempt] = attempts.as_slice() else { panic!("{attempts:?}") };
                let known = attempt.clone();
                let stop = world
                    .write(move |tx| {
                        let guard = requests::lock(tx, id)?;
                        let stage =
                            calling_policy::Stage::Live { attempt: known.id, epoch: known.control_epoch };
                        let facts = crate::calling::facts::facts_of_attempt(tx, ON, &guard, &known, stage)?;
                        Ok(calling_policy::must_stop(&facts, guard.now(tx)))
                    })
                    .await;
                assert_eq!(stop, Some(Rule::CalleeConsentRequired));
            }
            Err(refusal) => {
                assert!(attempts.is_empty());
                assert_eq!(refusal.code.code(), "callee_consent_required");
            }
        }
        let again: ToolCall = world.start(v1(), CallTrigger::UrgentNoReply).into();
        let refused = reasons(tried(&world, again, |_, _| {}).await);
        assert!(refused.starts_with(&["callee_consent_required", "permission_missing"]), "{refused:?}");
    });
}

/// What a vendor says about calls is no reply to the inquiry, and our thanks for it no new message.
#[test]
fn a_yes_is_no_answer_to_the_inquiry() {
    on_both(async |test| {
        let world = Calling::ready(test, CallScope::Either).await;
        let call: ToolCall = world.start(v1(), CallTrigger::UrgentNoReply).into();
        let vendor = world.vendor_contact().await;
        world.presses(vendor, world.prompt(vendor).await, true).await;
        world.deliver().await;
        assert!(tried(&world, call.clone(), |_, _| {}).await.is_ok());
        world.vendor_says("v1", "let me look").await;
        assert_eq!(reasons(tried(&world, call, |_, _| {}).await), ["trigger_not_met"]);
    });
}
