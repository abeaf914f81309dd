//! The whole protocol of one vendor call, explored exhaustively: two people answering and changing their minds, Meta
//! placing calls and losing answers, webhooks in any order and twice, a takeover, a handoff, and time.
//!
//! The next state is computed by the production code: [`evaluate`] decides, [`Consent`], [`Permission`] and [`Attempt`]
//! take the events. What is written here is only the world around them: who may do what next, and what Meta knows.
//! Beside it stand the properties, in words of their own.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher as _},
    time::Duration,
};

use marketplace::{Control, RequestState, Timestamp};
use stateright::{Checker as _, Model, Property};

use super::keys::*;
use crate::*;

/// The moments of the model, in seconds after its beginning: at the second one the cooldown is over.
const MOMENTS: [u64; 2] = [0, 700];

/// What Meta knows of a call of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum AtMeta {
    Nothing,
    Placed,
    Ringing,
    Talking,
    Over,
}

/// A webhook on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Webhook {
    /// The client's button.
    ClientSays { yes: bool, at: Timestamp },
    /// The vendor's answer on Meta's card: key 2 and key 3 in one.
    VendorAnswers { yes: bool, at: Timestamp },
    /// The vendor's permission taken back in the profile.
    VendorRevokes { at: Timestamp },
    /// Something about a call.
    Call { attempt: usize, event: AttemptEvent, at: Timestamp },
}

/// One attempt: our row, what the worker read for it, what Meta knows, and what was true when it was dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Call {
    row: Attempt,
    epoch: i64,
    read: Option<PermissionRead>,
    at_meta: AtMeta,
    /// The dial is on the wire, its answer is not there yet.
    on_the_wire: bool,
    had_all_keys: bool,
    /// It was dialled although an earlier call was missed by then.
    after_a_miss: bool,
    fallbacks: u8,
    terminates: u8,
    /// Whether the bot was free to speak when the fallback first came due.
    open_when_due: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    moment: usize,
    authorisation: Consent,
    consent: Consent,
    permission: Permission,
    state: RequestState,
    control: Control,
    epoch: i64,
    calls: Vec<Call>,
    /// What Meta has sent and nobody has received: any of them may come next.
    network: Vec<Webhook>,
    /// What Meta holds about the vendor.
    permitted_at_meta: bool,
    client_answers: u8,
    vendor_answers: u8,
    takeovers: u8,
    repeats: u8,
    handoff_messages: u8,
    bot_messages_after_handoff: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Wait,
    ClientAnswers { yes: bool },
    VendorRevokes,
    Deliver { index: usize, again: bool },
    Decide,
    Read { attempt: usize },
    Dial { attempt: usize },
    MetaTakesIt { attempt: usize, answer_is_lost: bool },
    DialHasNoEffect { attempt: usize },
    TerminateArrives { attempt: usize },
    Rings { attempt: usize },
    PicksUp { attempt: usize },
    Declines { attempt: usize },
    Ends { attempt: usize },
    RingLimit { attempt: usize },
    GiveUp { attempt: usize },
    Cancel { attempt: usize },
    Takeover,
    Resume,
    Handoff,
}

/// What may happen at all. Everything at once is too much to look at exhaustively in a minute, so it is looked at from
/// three sides: people who act and change their minds, calls that go wrong, webhooks that come twice.
#[derive(Debug, Clone, Copy)]
struct Protocol {
    /// Attempts, at most.
    attempts: usize,
    /// Whether the client and the vendor may take their YES back, and a person may take over or hand off.
    people_act: bool,
    /// Whether answers to dials are lost, dials fail, people decline, and our own timers fire.
    calls_go_wrong: bool,
    /// Webhooks that come twice, at most.
    repeats: u8,
}

impl Call {
    const fn decided(at: Timestamp, epoch: i64) -> Self {
        Self {
            row: Attempt::intent(at),
            epoch,
            read: None,
            at_meta: AtMeta::Nothing,
            on_the_wire: false,
            had_all_keys: false,
            after_a_miss: false,
            fallbacks: 0,
            terminates: 0,
            open_when_due: None,
        }
    }
}

impl World {
    /// Both were asked, and their YES is on its way.
    fn begin() -> Self {
        let world = world();
        let asked =
            |who, prompt, key| Consent::requested(world.request, who, prompt, (key, Scope::CallVendor), NOW);
        Self {
            moment: 0,
            authorisation: asked(world.client, world.prompt, ConsentKey::Authorisation),
            consent: asked(world.vendor, world.vendor_prompt, ConsentKey::Callee),
            permission: Permission::default(),
            state: RequestState::Sourcing,
            control: Control::Bot,
            epoch: 0,
            calls: Vec::new(),
            network: vec![
                Webhook::ClientSays { yes: true, at: NOW },
                Webhook::VendorAnswers { yes: true, at: NOW },
            ],
            permitted_at_meta: true,
            client_answers: 1,
            vendor_answers: 1,
            takeovers: 0,
            repeats: 0,
            handoff_messages: 0,
            bot_messages_after_handoff: 0,
        }
    }

    fn now(&self) -> Timestamp {
        NOW + Duration::from_secs(MOMENTS[self.moment])
    }

    fn chat(&self) -> Chat {
        Chat::of(self.state, self.control)
    }

    fn facts(&self, stage: Stage) -> CallFacts {
        let mut facts = vendor_call();
        facts.request.state = self.state;
        facts.request.control = self.control;
        facts.request.control_epoch = self.epoch;
        facts.authorisation = Some(self.authorisation);
        callee_mut(&mut facts).consent = Some(self.consent);
        callee_mut(&mut facts).permission = self.permission;
        for (call, n) in self.calls.iter().zip(0..) {
            add(&mut facts, n, call.row);
        }
        facts.stage = stage;
        facts
    }

    /// A message of the bot's. The sender's own gate lets it out while the bot may speak.
    fn say(&mut self) {
        if self.state == RequestState::HandedOff {
            self.bot_messages_after_handoff += 1;
        }
    }

    fn apply(&mut self, attempt: usize, event: AttemptEvent, at: Timestamp) {
        let chat = self.chat();
        let step = self.calls[attempt].row.apply(event, at, chat);
        let call = &mut self.calls[attempt];
        call.row = step.next;
        if call.open_when_due.is_none() && step.next.end_reason().is_some_and(EndReason::needs_fallback) {
            call.open_when_due = Some(chat == Chat::Open);
        }
        for follow in step.follows {
            match follow {
                AttemptFollow::SendFallback => {
                    self.calls[attempt].fallbacks += 1;
                    self.say();
                }
                AttemptFollow::Terminate => self.calls[attempt].terminates += 1,
                AttemptFollow::ClearPermission
                | AttemptFollow::PauseCalling
                | AttemptFollow::TellOperator(_) => {}
            }
        }
    }

    /// Cancels what is not dialled, hangs up what is.
    fn stop_calls(&mut self) {
        for attempt in 0..self.calls.len() {
            let row = self.calls[attempt].row;
            if row.is_live() {
                let event =
                    if row.dialled_at().is_some() { AttemptEvent::HangUp } else { AttemptEvent::Cancelled };
                self.apply(attempt, event, self.now());
            }
        }
    }

    fn follow_consent(&mut self, follows: &[ConsentFollow]) {
        for follow in follows {
            match follow {
                ConsentFollow::ConfirmYes | ConsentFollow::ConfirmNo if self.chat() == Chat::Open => {
                    self.say();
                }
                ConsentFollow::ConfirmYes | ConsentFollow::ConfirmNo => {}
                ConsentFollow::StopCalls => self.stop_calls(),
            }
        }
    }

    fn vendor_event(&mut self, event: ConsentEvent, response: PermissionResponse, at: Timestamp) {
        let now = self.now();
        let step = self.consent.apply(event, at, now);
        self.consent = step.next;
        self.follow_consent(&step.follows);
        let reply =
            PermissionReply { response, is_permanent: Some(true), expires_at: None, automatic: false };
        let step = self.permission.apply(PermissionEvent::Reply(reply), at, now);
        self.permission = step.next;
        for follow in step.follows {
            match follow {
                PermissionFollow::StopCalls => self.stop_calls(),
                PermissionFollow::WithdrawConsents => {
                    let withdrawn = ConsentEvent::Withdrawn { by: world().vendor, how: Withdrawal::ByPerson };
                    let step = self.consent.apply(withdrawn, at, now);
                    self.consent = step.next;
                    self.follow_consent(&step.follows);
                }
            }
        }
    }

    fn deliver(&mut self, webhook: Webhook) {
        let world = world();
        match webhook {
            Webhook::ClientSays { yes, at } => {
                let event = answer(world.client, world.prompt, yes);
                let step = self.authorisation.apply(event, at, self.now());
                self.authorisation = step.next;
                self.follow_consent(&step.follows);
            }
            Webhook::VendorAnswers { yes, at } => {
                let response = if yes { PermissionResponse::Accept } else { PermissionResponse::Reject };
                self.vendor_event(answer(world.vendor, world.vendor_prompt, yes), response, at);
            }
            Webhook::VendorRevokes { at } => {
                let event = ConsentEvent::Withdrawn { by: world.vendor, how: Withdrawal::ByPerson };
                self.vendor_event(event, PermissionResponse::Reject, at);
            }
            Webhook::Call { attempt, event, at } => self.apply(attempt, event, at),
        }
    }

    fn dial(&mut self, attempt: usize) {
        let Some(read) = self.calls[attempt].read else { return };
        let id = attempt_id(u64::try_from(attempt).unwrap());
        let stage =
            Stage::Dial { attempt: id, epoch: self.calls[attempt].epoch, read, unrouted_event: false };
        let now = self.now();
        match evaluate(&self.facts(stage), now) {
            Verdict::Allowed => {
                // The keys, looked at without `evaluate`.
                let keys = self.authorisation.status(now) == ConsentStatus::Granted
                    && self.consent.status(now) == ConsentStatus::Granted
                    && read.can_start_call
                    && !self.vendor_refused_since(read.at)
                    && self.state == RequestState::Sourcing
                    && self.control == Control::Bot
                    && self.calls[attempt].epoch == self.epoch;
                let (earlier, _) = self.calls.split_at(attempt);
                self.calls[attempt].after_a_miss = earlier.iter().any(|call| call.row.is_missed());
                self.calls[attempt].had_all_keys = keys;
                self.calls[attempt].on_the_wire = true;
                self.apply(attempt, AttemptEvent::Dialling, now);
            }
            Verdict::Refused { failures } if failures.may_be_held() => self.calls[attempt].read = None,
            Verdict::Refused { failures } => {
                self.apply(attempt, AttemptEvent::Refused(failures.first().rule), now);
            }
        }
    }

    fn vendor_refused_since(&self, at: Timestamp) -> bool {
        matches!(self.permission.state(self.now()), PermissionState::Refused { at: no, .. } if no >= at)
    }

    /// Any may be delivered next, so the order in here is only one spelling of the same state.
    fn send(&mut self, webhook: Webhook) {
        self.network.push(webhook);
        self.network.sort_by_cached_key(|webhook| {
            let mut hasher = DefaultHasher::new();
            webhook.hash(&mut hasher);
            hasher.finish()
        });
    }

    fn post(&mut self, attempt: usize, event: AttemptEvent) {
        let at = self.now();
        self.send(Webhook::Call { attempt, event, at });
    }

    fn actions_of_call(&self, attempt: usize, go_wrong: bool, actions: &mut Vec<Action>) {
        let call = &self.calls[attempt];
        let phase = call.row.phase();
        if phase == Phase::Intent {
            actions.push(match call.read {
                None => Action::Read { attempt },
                Some(_) => Action::Dial { attempt },
            });
            // An intent that is held for too long is given up.
            if self.moment + 1 == MOMENTS.len() {
                actions.push(Action::Cancel { attempt });
            }
        }
        if call.on_the_wire && call.at_meta == AtMeta::Nothing {
            actions.push(Action::MetaTakesIt { attempt, answer_is_lost: false });
            if go_wrong {
                actions.push(Action::MetaTakesIt { attempt, answer_is_lost: true });
                actions.push(Action::DialHasNoEffect { attempt });
            }
        }
        if call.terminates == 1 && call.at_meta != AtMeta::Over {
            actions.push(Action::TerminateArrives { attempt });
        }
        match call.at_meta {
            AtMeta::Placed => actions.push(Action::Rings { attempt }),
            AtMeta::Ringing => {
                actions.extend([Action::PicksUp { attempt }, Action::Ends { attempt }]);
                if go_wrong {
                    actions.push(Action::Declines { attempt });
                }
            }
            AtMeta::Talking => actions.push(Action::Ends { attempt }),
            AtMeta::Nothing | AtMeta::Over => {}
        }
        if call.row.is_live() && self.moment > 0 && go_wrong {
            if matches!(phase, Phase::Placed | Phase::Ringing | Phase::Unknown) && call.terminates == 0 {
                actions.push(Action::RingLimit { attempt });
            }
            if matches!(phase, Phase::Unknown | Phase::Placed | Phase::Ringing | Phase::Answered) {
                actions.push(Action::GiveUp { attempt });
            }
        }
    }
}

const fn ended(talked: bool) -> AttemptEvent {
    AttemptEvent::Terminated(Terminated { talked, failed: false, error: None })
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let mut world = World::begin();
        if !self.people_act {
            for webhook in std::mem::take(&mut world.network) {
                world.deliver(webhook);
            }
        }
        vec![world]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.moment + 1 < MOMENTS.len() {
            actions.push(Action::Wait);
        }
        if self.people_act && world.client_answers == 1 {
            actions.push(Action::ClientAnswers { yes: false });
        }
        if self.people_act && world.vendor_answers == 1 {
            actions.push(Action::VendorRevokes);
        }
        for index in 0..world.network.len() {
            actions.push(Action::Deliver { index, again: false });
            if world.repeats < self.repeats {
                actions.push(Action::Deliver { index, again: true });
            }
        }
        if world.calls.len() < self.attempts {
            actions.push(Action::Decide);
        }
        for attempt in 0..world.calls.len() {
            world.actions_of_call(attempt, self.calls_go_wrong, actions);
        }
        if !self.people_act {
            return;
        }
        match (world.control, world.takeovers) {
            (Control::Bot, 0) if world.state == RequestState::Sourcing => actions.push(Action::Takeover),
            (Control::Human, _) => actions.push(Action::Resume),
            _ => {}
        }
        if world.state == RequestState::Sourcing && world.control == Control::Bot && !world.calls.is_empty() {
            actions.push(Action::Handoff);
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut next = last.clone();
        let now = next.now();
        match action {
            Action::Wait => next.moment += 1,
            Action::ClientAnswers { yes } => {
                next.client_answers += 1;
                next.send(Webhook::ClientSays { yes, at: now });
            }
            Action::VendorRevokes => {
                next.vendor_answers += 1;
                next.permitted_at_meta = false;
                next.send(Webhook::VendorRevokes { at: now });
            }
            Action::Deliver { index, again } => {
                let webhook = if again {
                    next.repeats += 1;
                    next.network[index]
                } else {
                    next.network.remove(index)
                };
                next.deliver(webhook);
            }
            Action::Decide => {
                if !evaluate(&next.facts(Stage::Decide), now).is_allowed() {
                    return None;
                }
                next.calls.push(Call::decided(now, next.epoch));
            }
            Action::Read { attempt } => {
                let can_start_call = next.permitted_at_meta;
                next.calls[attempt].read = Some(PermissionRead {
                    can_start_call,
                    says_permanent: true,
                    expires_at: None,
                    ..read_yes(now)
                });
            }
            Action::Dial { attempt } => next.dial(attempt),
            Action::MetaTakesIt { attempt, answer_is_lost } => {
                next.calls[attempt].on_the_wire = false;
                next.calls[attempt].at_meta = AtMeta::Placed;
                let event = if answer_is_lost { AttemptEvent::DialUnknown } else { AttemptEvent::Placed };
                next.apply(attempt, event, now);
            }
            Action::DialHasNoEffect { attempt } => {
                next.calls[attempt].on_the_wire = false;
                next.apply(attempt, AttemptEvent::DialFailed(FailCode::NotSent), now);
            }
            Action::TerminateArrives { attempt } => {
                let talked = next.calls[attempt].at_meta == AtMeta::Talking;
                next.calls[attempt].at_meta = AtMeta::Over;
                next.post(attempt, ended(talked));
                next.apply(attempt, AttemptEvent::HungUp, now);
            }
            Action::Rings { attempt } => {
                next.calls[attempt].at_meta = AtMeta::Ringing;
                next.post(attempt, AttemptEvent::Ringing);
            }
            Action::PicksUp { attempt } => {
                next.calls[attempt].at_meta = AtMeta::Talking;
                next.post(attempt, AttemptEvent::Accepted);
            }
            Action::Declines { attempt } => {
                next.calls[attempt].at_meta = AtMeta::Over;
                next.post(attempt, AttemptEvent::Rejected);
            }
            Action::Ends { attempt } => {
                let talked = next.calls[attempt].at_meta == AtMeta::Talking;
                next.calls[attempt].at_meta = AtMeta::Over;
                next.post(attempt, ended(talked));
            }
            Action::RingLimit { attempt } => next.apply(attempt, AttemptEvent::RingLimit, now),
            Action::GiveUp { attempt } => next.apply(attempt, AttemptEvent::GivenUp, now),
            Action::Cancel { attempt } => next.apply(attempt, AttemptEvent::Cancelled, now),
            Action::Takeover => {
                next.takeovers += 1;
                next.control = Control::Human;
                next.epoch += 1;
            }
            Action::Resume => {
                next.control = Control::Bot;
                next.epoch += 1;
            }
            Action::Handoff => {
                next.state = RequestState::HandedOff;
                next.handoff_messages = 2;
                next.stop_calls();
            }
        }
        // What changes nothing is no step.
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no dial without the four keys", |_, world: &World| {
                world.calls.iter().all(|call| call.row.dialled_at().is_none() || call.had_all_keys)
            }),
            Property::always("at most one live call of a request, here and at Meta", |_, world: &World| {
                let here = world.calls.iter().filter(|call| call.row.is_live()).count();
                let there = world.calls.iter().filter(|call| {
                    matches!(call.at_meta, AtMeta::Placed | AtMeta::Ringing | AtMeta::Talking)
                        || call.on_the_wire
                });
                here <= 1 && there.count() <= 1
            }),
            Property::always(
                "a failed attempt is followed by the fallback, once, if the bot may speak",
                |_, world: &World| {
                    world.calls.iter().all(|call| {
                        let is_owed = call.row.end_reason().is_some_and(EndReason::needs_fallback);
                        call.fallbacks == u8::from(call.open_when_due == Some(true))
                            && (!is_owed || call.row.fallback() != Fallback::NotDue)
                    })
                },
            ),
            Property::always(
                "the bot says nothing after the two messages of a handoff",
                |_, world: &World| world.bot_messages_after_handoff == 0,
            ),
            Property::always("a call is terminated at most once", |_, world: &World| {
                world.calls.iter().all(|call| call.terminates <= 1)
            }),
            Property::always("an unanswered vendor is not dialled again", |_, world: &World| {
                world.calls.iter().all(|call| !call.after_a_miss)
            }),
            Property::eventually("every attempt ends", |_, world: &World| {
                world.calls.iter().all(|call| !call.row.is_live())
            }),
            Property::sometimes("a call is answered", |_, world: &World| {
                world.calls.iter().any(|call| call.row.end_reason() == Some(EndReason::Completed))
            }),
            Property::sometimes("a call is declined", |_, world: &World| {
                world.calls.iter().any(|call| call.row.end_reason() == Some(EndReason::Declined))
            }),
            Property::sometimes("a rule refuses as late as at the dial", |_, world: &World| {
                world.calls.iter().any(|call| matches!(call.row.end_reason(), Some(EndReason::Refused(_))))
            }),
            Property::sometimes(
                "a revocation that commits first wins over a yes that was read",
                |_, world: &World| {
                    world.calls.iter().any(|call| {
                        call.read.is_some_and(|read| read.can_start_call)
                            && !call.row.is_live()
                            && call.row.dialled_at().is_none()
                    }) && world.consent.status(world.now()) == ConsentStatus::Denied
                },
            ),
            Property::sometimes(
                "a dial after a resume is refused for the takeover before it",
                |_, world: &World| {
                    world.control == Control::Bot
                        && world
                            .calls
                            .iter()
                            .any(|call| call.row.end_reason() == Some(EndReason::Refused(Rule::HumanControl)))
                },
            ),
            Property::sometimes("an unknown dial is settled by a late webhook", |_, world: &World| {
                world.calls.iter().any(|call| {
                    call.row.was_in_doubt() && call.row.end_reason() == Some(EndReason::Completed)
                })
            }),
            Property::sometimes(
                "an unknown dial is given up, and hung up when it turns out to ring",
                |_, world: &World| {
                    world.calls.iter().any(|call| {
                        call.row.was_in_doubt() && call.terminates == 1 && call.at_meta == AtMeta::Ringing
                    })
                },
            ),
            Property::sometimes("a proof comes after the fallback", |_, world: &World| {
                world
                    .calls
                    .iter()
                    .any(|call| call.fallbacks == 1 && call.row.end_reason() == Some(EndReason::Completed))
            }),
            Property::sometimes("a takeover silences the fallback", |_, world: &World| {
                world.calls.iter().any(|call| call.row.fallback() == Fallback::Suppressed(Chat::TakenOver))
            }),
            Property::sometimes("a second dial after the cooldown", |_, world: &World| {
                world.calls.iter().filter(|call| call.row.dialled_at().is_some()).count() == 2
            }),
            Property::sometimes("a withdrawn consent hangs up a ringing call", |_, world: &World| {
                world.calls.iter().any(|call| {
                    call.row.end_reason() == Some(EndReason::Cancelled) && call.row.dialled_at().is_some()
                }) && world.state == RequestState::Sourcing
            }),
        ]
    }
}

/// Explores everything within the bounds. Always- and eventually-properties hold; gives the sometimes-properties that were seen.
#[track_caller]
fn explore(protocol: Protocol, at_least: usize) -> BTreeSet<&'static str> {
    let checker = protocol.checker().threads(2).timeout(Duration::from_mins(5)).spawn_bfs().join();
    let states = checker.unique_state_count();
    println!("{protocol:?}: {states} states, at most {} steps deep", checker.max_depth());
    let (mut broken, mut seen) = (Vec::new(), BTreeSet::new());
    for (name, path) in checker.discoveries() {
        if checker.model().property(name).expectation.discovery_is_failure() {
            broken.push(format!("{name}: {:#?}", path.into_actions()));
        } else {
            seen.insert(name);
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(
        checker.is_done() && states > at_least,
        "{states} states: the bounds are too narrow to mean anything"
    );
    seen
}

#[test]
fn the_protocol_holds_while_people_act() {
    let seen = explore(Protocol { attempts: 1, people_act: true, calls_go_wrong: false, repeats: 0 }, 10_000);
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        [
            "a call is answered",
            "a dial after a resume is refused for the takeover before it",
            "a revocation that commits first wins over a yes that was read",
            "a rule refuses as late as at the dial",
            "a takeover silences the fallback",
            "a withdrawn consent hangs up a ringing call",
        ]
    );
}

#[test]
fn the_protocol_holds_while_calls_go_wrong() {
    let seen = explore(Protocol { attempts: 2, people_act: false, calls_go_wrong: true, repeats: 0 }, 10_000);
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        [
            "a call is answered",
            "a call is declined",
            "a proof comes after the fallback",
            "a second dial after the cooldown",
            "an unknown dial is given up, and hung up when it turns out to ring",
            "an unknown dial is settled by a late webhook",
        ]
    );
}

#[test]
fn the_protocol_holds_while_webhooks_come_twice() {
    let seen = explore(Protocol { attempts: 1, people_act: false, calls_go_wrong: true, repeats: 3 }, 1_000);
    assert!(seen.contains("a proof comes after the fallback") && seen.contains("a call is declined"));
}
