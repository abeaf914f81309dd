//! A person takes a request over, gives it back, closes it.

use std::time::Duration;

use marketplace::{Control, RequestState};
use moltbot_contract::Speaker;
use store::{
    dead_letters,
    lanes::{self, EntryKind},
    outbox::{Purpose, SendState},
    testing::on_both,
    turns::TurnStatus,
};
use tool_registry::{RefusalCode, ToolCall, ToolResult};

use super::world::{World, service};
use crate::{
    Caller, PlanCommit, ToolError,
    control::{Command, Steered, Step, steer},
};

fn command(world: &World<'_>, step: Step) -> Command {
    Command {
        caller: Caller::operator(),
        request: world.request,
        step,
        reason: Some("the client is upset".to_owned()),
        by: Some("Ann".to_owned()),
        key: None,
        caused_by: None,
    }
}

async fn run(world: &World<'_>, command: Command) -> Result<Steered, RefusalCode> {
    let done = world.write(move |tx| steer(tx, &command)).await;
    done.map(|(steered, _)| steered).map_err(|refusal| refusal.code)
}

async fn step(world: &World<'_>, step: Step) -> Result<Steered, RefusalCode> {
    run(world, command(world, step)).await
}

async fn due(world: &World<'_>) -> bool {
    world.test.clock.advance(lanes::COALESCE_MAX);
    world.read(lanes::any_due).await
}

async fn unread(world: &World<'_>) -> Vec<EntryKind> {
    let request = world.request;
    world.read(move |tx| lanes::pending(tx, request)).await.iter().map(|entry| entry.kind).collect()
}

#[test]
fn a_takeover_ends_what_the_bot_has_under_way() {
    on_both(async |test| {
        let world = World::sourcing(test, 3, 3).await;
        world.ask("v1").await.unwrap();
        world.call(world.to_client("I am asking shops.")).await.unwrap();
        let human = world.to_client("Ann here.");
        world.call_as(Caller::operator(), Some("h"), human).await.unwrap();
        let (lease, turn, entries) = world.begin_turn().await;
        let before = world.audit().await.len();

        let taken = step(&world, Step::Takeover).await.unwrap();
        assert!(taken.changed && taken.dropped_turn);
        assert_eq!((taken.cancelled_sends, taken.unread), (2, 1));
        assert_eq!((taken.state, taken.control), (RequestState::Sourcing, Control::Human));
        let states: Vec<_> = world.sends().await.into_iter().map(|send| (send.state, send.reason)).collect();
        let changed = Some("control_changed".to_owned());
        assert_eq!(
            states,
            [
                (SendState::Cancelled, changed.clone()),
                (SendState::Cancelled, changed),
                (SendState::Queued, None)
            ]
        );
        // The person sees it: it is no dead letter.
        assert!(world.read(|tx| dead_letters::waiting(tx, 10)).await.is_empty());
        let audit = world.audit_lines(before).await;
        assert_eq!(
            audit,
            [
                "turn.dropped ignored human_control",
                "send.cancelled refused control_changed",
                "send.cancelled refused control_changed",
                "request.takeover ok",
            ]
        );

        // The worker that was about to commit has lost its lane.
        let calls = vec![crate::PlanCall {
            step: "client".to_owned(),
            call: world.to_client("Which axle?").into(),
            leave_out: false,
        }];
        let commit = PlanCommit {
            lease,
            turn,
            consumed: entries.iter().map(|entry| entry.id).collect(),
            calls,
            calling: None,
            decisions: Vec::new(),
            settlement: store::turns::Settlement {
                status: TurnStatus::Committed,
                source: "coded_workflow".to_owned(),
                verdict: "not_asked".to_owned(),
                decision: "ask_client".to_owned(),
                detail: "{}".to_owned(),
                also_sealed_by: Vec::new(),
            },
            answer: None,
            may_be_superseded: true,
        };
        let lost = world.commit(&commit).await.unwrap_err();
        assert!(matches!(lost, ToolError::Store(store::StoreError::LeaseLost)), "{lost:?}");
        // Also when the request is back with the bot by then.
        step(&world, Step::Resume).await.unwrap();
        assert!(world.commit(&commit).await.is_err());
        assert_eq!(world.sends().await.len(), 3);
    });
}

#[test]
fn what_the_client_writes_waits_for_the_resume() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 2).await;
        step(&world, Step::Takeover).await.unwrap();
        assert!(!due(&world).await);
        let message = world.client_says("are you there?").await;
        world.mail(EntryKind::ClientMessage, Some(message)).await;
        assert!(!due(&world).await, "no lane is due for the client's words");
        let message = world.client_says("hello?").await;
        world.mail(EntryKind::ClientMessage, Some(message)).await;

        let resumed = step(&world, Step::Resume).await.unwrap();
        assert_eq!(
            (resumed.state, resumed.control, resumed.unread),
            (RequestState::Sourcing, Control::Bot, 2)
        );
        assert!(world.read(lanes::any_due).await, "at once");
        assert_eq!(
            unread(&world).await,
            [EntryKind::ClientMessage, EntryKind::ClientMessage, EntryKind::Wake]
        );
    });
}

#[test]
fn vendors_are_heard_while_a_person_has_the_request() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 2).await;
        world.ask("v1").await.unwrap();
        world.meta_takes_all().await;
        step(&world, Step::Takeover).await.unwrap();
        let message = world.vendor_says("v1", "yes, 3500/=").await;
        world.mail(EntryKind::VendorMessage, Some(message)).await;
        assert!(due(&world).await, "a turn takes note of it");
        world.recorded("v1", message).await;
    });
}

#[test]
fn where_a_resumed_request_goes_on() {
    use RequestState::{Clarifying, Error, Escalated, New, OcrProcessing, Sourcing};
    for (from, goes_on) in [
        (New, Clarifying),
        (Clarifying, Clarifying),
        (OcrProcessing, Clarifying),
        (Escalated, Clarifying),
        (Error, Clarifying),
    ] {
        on_both(async |test| {
            let world = World::new(test, 0).await;
            world.put(from, Control::Human).await;
            assert_eq!(step(&world, Step::Resume).await.unwrap().state, goes_on, "{from}");
            let request = world.load().await;
            assert_eq!((request.state, request.control), (goes_on, Control::Bot));
            assert_eq!(unread(&world).await, [EntryKind::Wake], "{from}: looked at once, and once only");
        });
    }
    for from in [Clarifying, Sourcing, Escalated] {
        on_both(async |test| {
            let world = World::sourcing(test, 1, 1).await;
            world.put(from, Control::Human).await;
            assert_eq!(step(&world, Step::Resume).await.unwrap().state, Sourcing, "{from}");
        });
    }
}

/// Only in `shortlisted` can a client pick.
#[test]
fn a_list_that_the_client_has_stands() {
    for told in [true, false] {
        on_both(async |test| {
            let world = World::shortlisted(test).await;
            // The list and its message are written by one commit.
            world.call(world.to_client("1. Duka")).await.unwrap();
            if told {
                world.meta_takes_all().await;
            }
            step(&world, Step::Takeover).await.unwrap();
            let goes_on = if told { RequestState::Shortlisted } else { RequestState::Sourcing };
            assert_eq!(step(&world, Step::Resume).await.unwrap().state, goes_on);
        });
    }
}

#[test]
fn what_is_over_is_not_taken_over_and_twice_is_once() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        assert!(!step(&world, Step::Resume).await.unwrap().changed);
        assert!(step(&world, Step::Takeover).await.unwrap().changed);
        let epoch = world.load().await.control_epoch;
        assert!(!step(&world, Step::Takeover).await.unwrap().changed);
        assert_eq!(world.load().await.control_epoch, epoch);
        assert!(step(&world, Step::Close).await.unwrap().changed);
        assert!(!step(&world, Step::Close).await.unwrap().changed);
        for refused in [Step::Takeover, Step::Resume] {
            assert_eq!(step(&world, refused).await, Err(RefusalCode::RequestClosed));
        }
        world.put(RequestState::HandedOff, Control::Bot).await;
        for refused in [Step::Takeover, Step::Resume] {
            assert_eq!(step(&world, refused).await, Err(RefusalCode::RequestHandedOff));
        }
        assert_eq!(step(&world, Step::Close).await.unwrap().state, RequestState::Closed);
        let last = world.audit_lines(0).await;
        assert!(last.contains(&"request.takeover refused request_handed_off".to_owned()), "{last:?}");
        assert!(last.contains(&"request.takeover ignored unchanged".to_owned()), "{last:?}");
    });
}

#[test]
fn only_a_person_who_operates_steers_and_a_key_remembers() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let rows = world.rows().await;
        for caller in
            [service(), Caller::orchestrator(), Caller::token(marketplace::ActorKind::Human, "h", false)]
        {
            let refused = run(&world, Command { caller, ..command(&world, Step::Takeover) }).await;
            assert_eq!(refused, Err(RefusalCode::PersonOnly));
        }
        assert_eq!(world.rows().await, rows);
        let keyed = |step| Command { key: Some("k".to_owned()), ..command(&world, step) };
        let first = run(&world, keyed(Step::Takeover)).await.unwrap();
        step(&world, Step::Resume).await.unwrap();
        // A repetition of a call whose answer was lost does not take over again.
        assert_eq!(run(&world, keyed(Step::Takeover)).await.unwrap(), first);
        assert_eq!(world.load().await.control, Control::Bot);
        let other = Command { reason: None, ..keyed(Step::Takeover) };
        assert_eq!(run(&world, other).await, Err(RefusalCode::IdempotencyKeyReused));
    });
}

#[test]
fn a_persons_words_are_ours_and_what_was_cancelled_was_not_said() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        world.call(world.to_client("Front or rear?")).await.unwrap();
        step(&world, Step::Takeover).await.unwrap();
        test.clock.advance(Duration::from_secs(5));
        let words = world.to_client("Ann here: do you need front pads?");
        world.call_as(Caller::operator(), Some("h"), words).await.unwrap();
        step(&world, Step::Resume).await.unwrap();
        let snapshot = tool_registry::GetRequestSnapshotArgs { request_id: world.request };
        let Ok(ToolResult::GetRequestSnapshot(pack)) = world.call(ToolCall::from(snapshot)).await else {
            panic!("no snapshot")
        };
        let said: Vec<_> = pack.conversation.iter().map(|entry| (entry.from, entry.text.as_str())).collect();
        assert_eq!(said, [(Speaker::Us, "Ann here: do you need front pads?")]);
        // Outside the window it has a template, as the bot's own messages have.
        let send = world.sends().await.pop().unwrap();
        assert_eq!((send.state, send.purpose), (SendState::Queued, Purpose::ClientMessage));
        assert_eq!(send.payload.unwrap().template.unwrap().purpose, "client_update");
    });
}

#[test]
fn a_persons_last_words_go_out_and_the_bots_do_not() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        world.call(world.to_client("Front or rear?")).await.unwrap();
        world.call_as(Caller::operator(), Some("h"), world.to_client("Goodbye!")).await.unwrap();
        let closed = step(&world, Step::Close).await.unwrap();
        assert_eq!((closed.state, closed.cancelled_sends), (RequestState::Closed, 1));
        let sends: Vec<_> = world.sends().await.into_iter().map(|send| (send.state, send.purpose)).collect();
        let expected =
            [(SendState::Cancelled, Purpose::ClientMessage), (SendState::Queued, Purpose::Farewell)];
        assert_eq!(sends, expected);
    });
}

#[test]
fn a_step_of_a_person_out_of_escalated_wakes_the_request() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        world.put(RequestState::Escalated, Control::Human).await;
        let message = world.client_says("so?").await;
        world.mail(EntryKind::ClientMessage, Some(message)).await;
        assert!(!due(&world).await);
        let args = world.step(RequestState::Clarifying).await;
        world.call_as(Caller::operator(), Some("k"), args).await.unwrap();
        assert!(world.read(lanes::any_due).await);
        assert_eq!(unread(&world).await, [EntryKind::ClientMessage, EntryKind::Wake]);
    });
}
