use marketplace::{ActorKind, Control, RequestState, TransitionError, transition};
use moltbot_contract::{BatchStatus, Urgency};
use store::{outbox::Purpose, sourcing, testing::on_both, timers};
use strum::IntoEnumIterator as _;
use tool_registry::{FactSource, Facts, RefusalCode, Sourced, UpdateRequestStateArgs};

use super::world::{World, service};
use crate::Caller;

/// Every step from every state, by the bot and by a person, ends as the one table says.
#[test]
fn the_table_of_transitions_is_enforced() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let mut key = 0;
        for (from, to) in RequestState::iter().flat_map(|from| RequestState::iter().map(move |to| (from, to)))
        {
            for (caller, kind) in
                [(Caller::orchestrator(), ActorKind::Orchestrator), (Caller::operator(), ActorKind::Human)]
            {
                world.put(from, Control::Bot).await;
                let rows = world.rows().await;
                key += 1;
                let outcome = world.call_as(caller, Some(&format!("k{key}")), world.step(to).await).await;
                let wanted = match transition(from, to, kind) {
                    _ if from == RequestState::Closed => Err(RefusalCode::RequestClosed),
                    _ if (from, to) == (RequestState::HandedOff, RequestState::HandedOff) => {
                        Err(RefusalCode::RequestHandedOff)
                    }
                    Err(TransitionError::NotAllowed { .. }) => Err(RefusalCode::TransitionNotAllowed),
                    Err(TransitionError::PersonOnly { .. }) => Err(RefusalCode::PersonOnly),
                    Ok(()) if to == RequestState::HandedOff => Err(RefusalCode::PickMissing),
                    Ok(()) if to == RequestState::Shortlisted && from != to => {
                        Err(RefusalCode::ShortlistInvalid)
                    }
                    Ok(()) => Ok(to),
                };
                let got = outcome.map(|_| ()).map_err(|refusal| refusal.code);
                assert_eq!(got, wanted.map(|_| ()), "{from} to {to} by {kind}");
                match wanted {
                    Ok(to) => assert_eq!(world.load().await.state, to),
                    Err(_) => assert_eq!(world.rows().await, rows),
                }
            }
        }
        world.audit().await;
    });
}

#[test]
fn a_step_moves_the_version_and_is_recorded_once() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let before = world.version().await;
        world.call(world.step(RequestState::Clarifying).await).await.unwrap();
        world.call(world.step(RequestState::Clarifying).await).await.unwrap();
        assert_eq!(world.version().await, before + 2);
        assert_eq!(
            world.audit_lines(0).await,
            [
                "state.changed ok",
                "marketplace.update_request_state ok",
                // Staying is no change of state.
                "marketplace.update_request_state ok",
            ]
        );
    });
}

#[test]
fn an_escalation_gives_control_to_a_person_and_back() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        world.call(world.to_client("A person will answer you.")).await.unwrap();
        world.call(world.step(RequestState::Escalated).await).await.unwrap();
        let request = world.load().await;
        assert_eq!((request.control, request.control_epoch), (Control::Human, 1));
        assert_eq!(world.sends().await[0].purpose, Purpose::Farewell);
        assert_eq!(world.call(world.to_client("Hi")).await, Err(RefusalCode::HumanControl));
        let back = world.step(RequestState::Sourcing).await;
        assert_eq!(world.call(back.clone()).await, Err(RefusalCode::PersonOnly));
        world.call_as(Caller::operator(), Some("k"), back).await.unwrap();
        let request = world.load().await;
        assert_eq!((request.control, request.control_epoch), (Control::Bot, 2));
    });
}

#[test]
fn under_a_persons_control_the_bot_changes_nothing() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        world.put(RequestState::Sourcing, Control::Human).await;
        let step = world.step(RequestState::Clarifying).await;
        assert_eq!(world.call(step.clone()).await, Err(RefusalCode::HumanControl));
        world.call_as(Caller::operator(), Some("k"), step).await.unwrap();
    });
}

#[test]
fn what_ends_a_batch() {
    for (to, settles) in [
        (RequestState::Clarifying, false),
        (RequestState::OcrProcessing, false),
        (RequestState::Escalated, true),
        (RequestState::Closed, true),
        (RequestState::Error, true),
    ] {
        on_both(async |test| {
            let world = World::sourcing(test, 1, 1).await;
            world.ask("v1").await.unwrap();
            world.call(world.step(to).await).await.unwrap();
            let request = world.request;
            let batch = world.read(move |tx| sourcing::batches_of(tx, request)).await.remove(0);
            assert_eq!(batch.status == BatchStatus::Settled, settles, "{to}");
            test.clock.advance(std::time::Duration::from_mins(30));
            let due = world.read(|tx| timers::due(tx, 10)).await;
            assert_eq!(due.is_empty(), settles, "{to}");
        });
    }
}

#[test]
fn who_may_state_which_fact() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let state = async |caller: Caller, key: &str, facts: Facts| {
            let args =
                UpdateRequestStateArgs { facts: Some(facts), ..world.step(RequestState::Clarifying).await };
            world.call_as(caller, Some(key), args).await.unwrap();
            let request = world.load().await;
            (request.urgency, request.prescription)
        };
        let urgent =
            |source| Facts { urgency: Some(Sourced::new(Urgency::Urgent, source)), ..Facts::default() };
        let marked = |marked| Facts {
            prescription: Some(Sourced::new(marked, FactSource::Moltbot)),
            ..Facts::default()
        };
        let bot = Caller::orchestrator;
        assert_eq!(state(bot(), "1", urgent(FactSource::Moltbot)).await, (Urgency::Normal, false));
        assert_eq!(state(bot(), "2", urgent(FactSource::Client)).await, (Urgency::Urgent, false));
        assert_eq!(state(bot(), "3", marked(true)).await, (Urgency::Urgent, true));
        assert_eq!(state(bot(), "4", marked(false)).await, (Urgency::Urgent, true), "the mark stays");
        assert_eq!(state(service(), "5", marked(false)).await, (Urgency::Urgent, true), "the mark stays");
        assert_eq!(state(Caller::operator(), "6", marked(false)).await, (Urgency::Urgent, false));
    });
}

/// Escalated and failed requests are led on by people, and of those only by whom an operator trusts with it.
#[test]
fn a_person_without_the_scope_operate_makes_no_persons_step() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let person = Caller::token(ActorKind::Human, "ops", false);
        let operator = Caller::token(ActorKind::Human, "lead", true);
        // Whatever a token says of itself: a service is no person.
        let service = Caller::token(ActorKind::Service, "shop", true);
        for from in [RequestState::Escalated, RequestState::Error] {
            for (number, (caller, goes)) in
                [(&person, false), (&service, false), (&operator, true)].into_iter().enumerate()
            {
                world.put(from, Control::Human).await;
                let step = world.step(RequestState::Clarifying).await;
                let outcome = world.call_as(caller.clone(), Some(&format!("{from}{number}")), step).await;
                let refusal = outcome.err().map(|refusal| refusal.code);
                assert_eq!(refusal, (!goes).then_some(RefusalCode::PersonOnly), "{caller:?}");
            }
        }
        // Facts about an escalated request are theirs too, and control stays where it is.
        world.put(RequestState::Escalated, Control::Human).await;
        let stay = world.step(RequestState::Escalated).await;
        let refused = world.call_as(person, Some("stay"), stay).await;
        assert_eq!(refused.unwrap_err().code, RefusalCode::PersonOnly);
        assert_eq!(world.load().await.control, Control::Human);
    });
}

#[test]
fn a_tokens_word_on_facts() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let person = || Caller::token(ActorKind::Human, "ops", false);
        let state = async |caller: Caller, key: &str, facts: Facts| {
            let step =
                UpdateRequestStateArgs { facts: Some(facts), ..world.step(RequestState::Clarifying).await };
            world.call_as(caller, Some(key), step).await.unwrap();
            let request = world.load().await;
            (request.urgency, request.prescription)
        };
        let urgent = || Facts {
            urgency: Some(Sourced::new(Urgency::Urgent, FactSource::Operator)),
            ..Facts::default()
        };
        let marked =
            |mark| Facts { prescription: Some(Sourced::new(mark, FactSource::Operator)), ..Facts::default() };
        // A service does not speak for an operator; a person does.
        assert_eq!(state(service(), "1", urgent()).await, (Urgency::Normal, false));
        assert_eq!(state(person(), "2", urgent()).await, (Urgency::Urgent, false));
        // Anybody marks a prescription; only who operates takes the mark back.
        assert_eq!(state(service(), "3", marked(true)).await, (Urgency::Urgent, true));
        assert_eq!(state(person(), "4", marked(false)).await, (Urgency::Urgent, true));
        let operator = Caller::token(ActorKind::Human, "lead", true);
        assert_eq!(state(operator, "5", marked(false)).await, (Urgency::Urgent, false));
    });
}
