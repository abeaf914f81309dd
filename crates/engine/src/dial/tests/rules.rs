//! A call that lacks only one thing at the moment of dialling is refused by that rule, and Meta is not asked for it.

use std::time::Duration;

use calling_policy::{
    Attempt, AttemptEvent, Chat, Consent, ConsentEvent, ConsentKey, FailCode, Party, Rule, Scope, Terminated,
};
use marketplace::{Clock as _, Control, Language, RequestState};
use meta_client::{PermissionLookupError, PermissionState, calling::PermissionLimit};
use serde_json::json;
use store::{
    calls::{self, ConsentChange, HistoryEvent, NewAttempt},
    contacts::{self, Identity},
    flags::{self, Flag},
    messages::Direction,
    outbox::breaker::VolumeLimits,
    requests::{self, FactChanges},
    testing::on_both,
};

use super::{
    fixture::{self, number},
    world::{World, allowed, with_limits},
};
use crate::{
    dial::{Hold, INTENT_LASTS},
    intake::Intake,
};

/// As after an outage of all workers.
#[test]
fn what_was_decided_long_ago_is_not_dialled() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        world.advance(60 * 60);
        assert_eq!(world.step().await.refused, 1);
        assert_eq!(world.state(id).await, "refused trigger_not_met");
        assert_eq!((world.meta.wire().len(), world.fallbacks().await), (0, 0));
        world.settle().await;
        assert!(world.voice.done().contains(&format!("hang_up ses-{id}")), "{:?}", world.voice.done());
    });
}

/// A successor has a minute to take the lease over.
#[test]
fn what_waited_for_a_successor_is_dialled() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.decide(Party::Client).await;
        world.advance(INTENT_LASTS.as_secs() + 60);
        assert_eq!(world.step().await.placed, 1);
    });
}

/// Who is called in the test of a rule.
const fn callee_of(rule: Rule) -> Party {
    match rule {
        Rule::TriggerNotMet | Rule::VendorOptedOut | Rule::CallInProgress => Party::Vendor,
        _ => Party::Client,
    }
}

async fn consent_ends(world: &World<'_>, key: ConsentKey) {
    let people = world.people;
    world
        .guarded(move |tx, guard| {
            let id = if key == ConsentKey::Authorisation { people.authorisation } else { people.clients };
            let stored = calls::consent(tx, id)?;
            let next = stored.consent.apply(ConsentEvent::RequestEnded, tx.now, tx.now).next;
            let at = tx.now;
            let change = ConsentChange { event: HistoryEvent::RequestEnded, by: None, message: None, at };
            Ok(calls::save_consent(tx, guard, id, &next, &change)?)
        })
        .await;
}

async fn no(world: &World<'_>, key: ConsentKey) {
    let people = world.people;
    let id = if key == ConsentKey::Authorisation { people.authorisation } else { people.clients };
    world.guarded(move |tx, guard| Ok(fixture::answer_key(tx, guard, id, false, tx.now)?)).await;
}

/// The client's YES was to calls to vendors alone.
async fn narrow_scope(world: &World<'_>) {
    let id = world.people.authorisation;
    world
        .guarded(move |tx, guard| {
            let known = calls::consent(tx, id)?.consent;
            let key = (ConsentKey::Authorisation, Scope::CallVendor);
            let (by, prompt) = (known.contact(), known.prompt());
            let asked = Consent::requested(known.request(), by, prompt, key, known.requested_at());
            let yes = ConsentEvent::Answer { by, prompt, yes: true, meta_until: None };
            let next = asked.apply(yes, known.requested_at(), tx.now).next;
            let at = tx.now;
            let change = ConsentChange { event: HistoryEvent::Yes, by: Some(by), message: None, at };
            Ok(calls::save_consent(tx, guard, id, &next, &change)?)
        })
        .await;
}

/// An attempt before this one, of which `events` are known. It is over before the next is decided, and what happened
/// to it is written into it afterwards.
async fn earlier(world: &World<'_>) -> marketplace::CallAttemptId {
    let client = world.people.client;
    world
        .guarded(move |tx, guard| {
            let new = NewAttempt {
                contact: client,
                party: Party::Client,
                vendor: None,
                claim: calling_policy::Trigger::ClientAsked,
                author: marketplace::ActorKind::Orchestrator,
            };
            let id = calls::insert(tx, guard, &new)?;
            let known = calls::load(tx, id)?.attempt;
            // Given up before it was dialled: no call in vain, and no cooldown.
            let over = known.apply(AttemptEvent::Cancelled, tx.now, Chat::Open).next;
            calls::save(tx, guard, id, &over)?;
            requests::set_call_asked(tx, guard, tx.now + Duration::from_secs(1))?;
            Ok(id)
        })
        .await
}

async fn rewrite(world: &World<'_>, id: marketplace::CallAttemptId, events: Vec<(AttemptEvent, Duration)>) {
    world
        .guarded(move |tx, guard| {
            let mut attempt = Attempt::intent(tx.now - Duration::from_hours(1));
            for (event, ago) in &events {
                attempt = attempt.apply(*event, tx.now - *ago, Chat::Open).next;
            }
            Ok(calls::save(tx, guard, id, &attempt)?)
        })
        .await;
}

/// A call to the same vendor for somebody else's request that is not over.
async fn call_of_another(world: &World<'_>) {
    let vendor = world.people.vendor;
    world
        .write(move |tx| {
            let other = [Identity::Phone("+254700000909".parse().unwrap())];
            let other = contacts::find_or_create(tx, &other, None, Language::En)?;
            let guard = requests::create(tx, other.id, &number(), Language::En)?;
            let new = NewAttempt {
                contact: vendor,
                party: Party::Vendor,
                vendor: Some(fixture::vendor_id(1)),
                claim: calling_policy::Trigger::UrgentNoReply,
                author: marketplace::ActorKind::Orchestrator,
            };
            let id = calls::insert(tx, &guard, &new)?;
            let known = calls::load(tx, id)?.attempt;
            let dialled = known.apply(AttemptEvent::Dialling, tx.now, Chat::Open).next;
            let unknown = dialled.apply(AttemptEvent::DialUnknown, tx.now, Chat::Open).next;
            Ok(calls::save(tx, &guard, id, &unknown)?)
        })
        .await;
}

async fn client_writes(world: &World<'_>) {
    let message = json!({"id": "wamid.new", "from": "254700000101", "timestamp": "1790000300",
        "type": "text", "text": {"body": "wait"}});
    let value = json!({"messaging_product": "whatsapp", "messages": [message],
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": number().as_str()}});
    let entry = json!([{"id": "1", "changes": [{"field": "messages", "value": value}]}]);
    let body = json!({"object": "whatsapp_business_account", "entry": entry}).to_string();
    Intake::new(world.store.db.clone()).accept(body.as_bytes()).await.unwrap();
}

async fn switch(world: &World<'_>, flag: Flag, on: bool) {
    world.write(move |tx| Ok(flags::set(tx.conn, flag, on, tx.now)?)).await;
}

async fn set_state(world: &World<'_>, to: RequestState) {
    world.guarded(move |tx, guard| Ok(requests::set_state(tx, guard, to)?)).await;
}

fn no_permission() -> PermissionState {
    PermissionState { can_call: false, status: Some("no_permission".to_owned()), ..allowed() }
}

/// Breaks one rule after the decision; some pass by themselves and hold the dial.
async fn break_rule(world: &World<'_>, rule: Rule, earlier: Option<marketplace::CallAttemptId>) {
    let people = world.people;
    let minutes = Duration::from_mins;
    match rule {
        Rule::CallingDisabled => switch(world, Flag::Calling, false).await,
        Rule::RequestClosed => set_state(world, RequestState::Closed).await,
        Rule::RequestHandedOff => set_state(world, RequestState::HandedOff).await,
        Rule::RequestInError => set_state(world, RequestState::Error).await,
        Rule::ConsentRequired => no(world, ConsentKey::Authorisation).await,
        Rule::ConsentExpired => consent_ends(world, ConsentKey::Authorisation).await,
        Rule::ConsentScope => narrow_scope(world).await,
        Rule::CalleeConsentRequired => no(world, ConsentKey::Callee).await,
        Rule::CalleeConsentExpired => consent_ends(world, ConsentKey::Callee).await,
        Rule::PermissionMissing => world.meta.permits(Ok(no_permission())),
        Rule::PermissionExpired => {
            let expires_at = Some(world.store.clock.now() + Duration::from_secs(30));
            world.meta.permits(Ok(PermissionState { expires_at, ..allowed() }));
        }
        Rule::PermissionUnread => {
            for _ in 0..200 {
                let detail = "503".to_owned();
                world.meta.permits(Err(PermissionLookupError::Unavailable { after: None, detail }));
            }
        }
        Rule::TriggerNotMet => {
            world
                .guarded(move |tx, guard| {
                    fixture::message(tx, guard, people.vendor, Direction::In, "yes I have")?;
                    Ok(())
                })
                .await;
        }
        Rule::CooldownActive => {
            let events = vec![
                (AttemptEvent::Dialling, minutes(9)),
                (AttemptEvent::DialFailed(FailCode::NotSent), minutes(9)),
            ];
            rewrite(world, earlier.unwrap(), events).await;
        }
        Rule::RedialCap => {
            let silent = Terminated { talked: false, failed: false, error: None };
            let events = vec![
                (AttemptEvent::Dialling, minutes(20)),
                (AttemptEvent::Ringing, minutes(20)),
                (AttemptEvent::Terminated(silent), minutes(19)),
            ];
            rewrite(world, earlier.unwrap(), events).await;
        }
        Rule::QuietHours => world.advance(5 * 60 * 60),
        Rule::TimezoneUnknown => world.store.execute("UPDATE contacts SET timezone = 'Etc/Nowhere'").await,
        Rule::Prescription => {
            world
                .guarded(|tx, guard| {
                    let marked = FactChanges { prescription: Some(true), ..FactChanges::default() };
                    Ok(requests::set_facts(tx, guard, &marked)?)
                })
                .await;
        }
        Rule::HumanControl => {
            world.guarded(|tx, guard| Ok(requests::set_control(tx, guard, Control::Human)?)).await;
        }
        Rule::ClientOptedOut => {
            world.write(move |tx| Ok(contacts::set_opt_out(tx, people.client, Some(tx.now))?)).await;
        }
        Rule::VendorOptedOut => {
            world.write(move |tx| Ok(contacts::set_opt_out(tx, people.vendor, Some(tx.now))?)).await;
        }
        Rule::CallInProgress => call_of_another(world).await,
        Rule::ConnectedCallLimit => {
            let used_up = PermissionLimit {
                period: Some("PT24H".to_owned()),
                max_allowed: Some(100),
                current_usage: Some(100),
                ends_at: None,
            };
            let room = PermissionLimit { current_usage: Some(3), ..used_up.clone() };
            let call_limits = vec![room, used_up];
            world.meta.permits(Ok(PermissionState { can_call: false, call_limits, ..allowed() }));
        }
        Rule::CallingRestricted => {
            world
                .write(|tx| {
                    Ok(calls::restrict(tx, &number(), tx.now + Duration::from_mins(5), "meta_138014")?)
                })
                .await;
        }
        Rule::OutboundOff => switch(world, Flag::Outbound, false).await,
        Rule::BreakerOpen => world.dialler.rest_for(Hold::Throttled, Duration::from_hours(1)),
        Rule::UnroutedEvent => client_writes(world).await,
    }
}

#[test]
fn each_rule_alone_refuses_the_dial() {
    for rule in Rule::ALL {
        on_both(async |store| {
            let world = World::new(store).await;
            let past = matches!(rule, Rule::CooldownActive | Rule::RedialCap);
            let past = if past { Some(earlier(&world).await) } else { None };
            let id = world.decide(callee_of(*rule)).await;
            break_rule(&world, *rule, past).await;
            let mut report = world.dialler.dial().await.unwrap();
            assert_eq!(report.errors, 0, "{rule}");
            if rule.holds() {
                assert_eq!((report.held, report.refused), (1, 0), "{rule}");
                assert_eq!(world.state(id).await, "intent", "{rule}");
                // At once again it is not even looked at.
                assert_eq!(world.dialler.dial().await.unwrap().held, 0, "{rule}");
                world.store.clock.advance(INTENT_LASTS);
                report = world.dialler.dial().await.unwrap();
            }
            assert_eq!((report.held, report.refused), (0, 1), "{rule}");
            assert_eq!(world.state(id).await, format!("refused {}", rule.code()));
            // A client who asked to be called reads that there is no call, which is a record of its own.
            let mut lines = world.audit().await;
            lines.retain(|line| line != "call.unavailable");
            assert_eq!(lines.last().unwrap(), &format!("call.refused {}", rule.code()));
            world.settle().await;
            assert_eq!(world.meta.count("connect"), 0, "{rule}");
            assert_eq!(world.fallbacks().await, 0, "{rule}: nothing was tried, nothing is said");
            // Media that was prepared is given back.
            let done = world.voice.done();
            let count = |what: &str| done.iter().filter(|line| line.starts_with(what)).count();
            assert!(count("offer") == 0 || count("hang_up") == 1, "{rule}: {done:?}");
        });
    }
}

#[test]
fn nothing_broken_is_dialled_once() {
    for callee in [Party::Client, Party::Vendor] {
        on_both(async |store| {
            let world = World::new(store).await;
            let id = world.placed(callee).await;
            world.settle().await;
            assert_eq!(world.meta.wire(), [format!("connect {id}")]);
            assert_eq!(world.state(id).await, "placed");
            assert_eq!(
                world.audit().await.iter().filter(|line| !line.contains("permission")).collect::<Vec<_>>(),
                ["call.dialling", "call.placed"]
            );
        });
    }
}

#[test]
fn what_passes_by_itself_holds_the_dial_and_lets_it_go() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        switch(&world, Flag::Outbound, false).await;
        let report = world.step().await;
        assert_eq!((report.held, report.hold), (1, Some(Hold::OutboundOff)));
        assert_eq!(*world.meta.reads.lock().unwrap(), 0, "nobody is asked while nothing may be sent");
        switch(&world, Flag::Outbound, true).await;
        world.advance(1);
        assert_eq!(world.step().await.placed, 1);
        assert_eq!(world.meta.wire(), [format!("connect {id}")]);
    });
}

#[test]
fn a_person_calls_under_their_own_control() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.guarded(|tx, guard| Ok(requests::set_control(tx, guard, Control::Human)?)).await;
        let id = world.decide_as(Party::Client, tools::Caller::operator()).await;
        assert_eq!(world.step().await.placed, 1);
        world.settle().await;
        assert_eq!(world.state(id).await, "placed");
    });
}

#[test]
fn a_takeover_between_decision_and_dial_stands_after_the_resume() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.decide(Party::Client).await;
        for control in [Control::Human, Control::Bot] {
            world.guarded(move |tx, guard| Ok(requests::set_control(tx, guard, control)?)).await;
        }
        assert_eq!(world.dialler.dial().await.unwrap().refused, 1);
        assert_eq!(world.state(id).await, "refused human_control");
        assert_eq!(world.meta.count("connect"), 0);
    });
}

#[test]
fn a_dial_counts_as_a_message_does() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let limits = VolumeLimits { per_hour: 0, per_vendor_per_day: 1_000 };
        world.dialler = with_limits(store, &world.meta, &world.voice, "first", limits);
        let id = world.decide(Party::Client).await;
        let report = world.step().await;
        assert_eq!((report.placed, report.held), (0, 1));
        world.advance(1);
        assert_eq!(world.step().await.hold, Some(Hold::BreakerOpen));
        store.clock.advance(INTENT_LASTS);
        assert_eq!(world.step().await.refused, 1);
        assert_eq!(world.state(id).await, "refused outbound_off");
        assert_eq!(world.meta.count("connect"), 0);
    });
}

#[test]
fn without_calling_or_a_gateway_nothing_is_dialled_and_what_goes_on_is_ended() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        let dead = world.dialler.clone();
        dead.release().await.unwrap();
        world.dialler = crate::dial::Dialler::new(
            store.db.clone(),
            world.meta.clone(),
            None,
            tools::Policy::default(),
            super::world::GENEROUS,
            number(),
            "off".to_owned(),
        );
        assert!(world.step().await.leading);
        assert_eq!(world.state(id).await, "placed", "a switch cuts nobody off");
        world.pass(45).await;
        assert_eq!(world.meta.count("terminate"), 1);
        world.terminate(id, json!({}), json!([])).await;
        world.settle().await;
        assert_eq!((world.state(id).await.as_str(), world.fallbacks().await), ("no_answer", 1));
        assert_eq!(world.load(id).await.voice_session, None);
        // What is decided all the same is not dialled.
        world.advance(601);
        let vendor = world.decide(Party::Vendor).await;
        assert_eq!(world.dialler.dial().await.unwrap().refused, 1);
        assert_eq!(world.state(vendor).await, "refused calling_disabled");
        assert_eq!(world.meta.count("connect"), 1);
    });
}
