//! What comes of a wish to call, and that nothing of the plan depends on it.

use std::time::Duration;

use calling_policy::{
    ConsentKey::{Authorisation, Callee},
    ConsentStatus, Scope,
};
use marketplace::{Control, RequestState};
use moltbot_contract::{CallParty, CallTrigger, CallWish, CallingWish};
use serde_json::json;
use store::{
    calls,
    flags::{self, Flag},
    lanes::{self, EntryKind},
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::Purpose,
    requests,
    testing::{TestStore, on_both},
    turns::{Settlement, TurnStatus},
};
use tool_registry::ToolCall;

use super::world::{CATEGORY, World, plan as batch_plan};
use crate::{
    AuditEntry, Caller, PlanCall, PlanCommit, PlanOutcome, Policy,
    calling::{PlanCalling, Wish, consent_handler::prompt_of_words},
};

const ON: Policy = Policy { ai_concierge: true, ocr: false, calling: true, ..Policy::OFF };

fn moltbots(wish: CallWish, party: CallParty, trigger: Option<CallTrigger>) -> Wish {
    Wish::Moltbots(CallingWish { wish, party: Some(party), trigger })
}

fn start(trigger: CallTrigger) -> Wish {
    moltbots(CallWish::StartCall, trigger.party(), Some(trigger))
}

/// Commits a turn with these calls and this wish, and returns what the audit says of it from the decision on.
async fn turn(world: &World<'_>, calls: Vec<PlanCall>, wish: Wish) -> Vec<String> {
    let (outcome, lines) = turn_with(world, ON, calls, wish, None).await;
    assert_eq!(outcome, PlanOutcome::Done);
    lines
}

async fn turn_with(
    world: &World<'_>,
    policy: Policy,
    calls: Vec<PlanCall>,
    wish: Wish,
    answer: Option<String>,
) -> (PlanOutcome, Vec<String>) {
    world.mail(EntryKind::Wake, None).await;
    world.test.clock.advance(lanes::COALESCE_QUIET);
    let (lease, turn, entries) = world.claim_turn().await;
    let from = world.audit().await.len();
    let decision = AuditEntry::new(Caller::orchestrator().actor, "decision.coded_workflow", json!({}));
    let commit = PlanCommit {
        lease,
        turn,
        consumed: entries.iter().map(|entry| entry.id).collect(),
        calls,
        decisions: vec![decision.caused_by(turn)],
        settlement: Settlement {
            status: TurnStatus::Committed,
            source: "coded_workflow".to_owned(),
            verdict: "not_asked".to_owned(),
            decision: "none".to_owned(),
            detail: "{}".to_owned(),
            also_sealed_by: Vec::new(),
        },
        calling: Some(PlanCalling { step: "calling".to_owned(), wish }),
        answer,
        may_be_superseded: true,
    };
    let outcome = world.commit_under(policy, &commit).await.unwrap();
    let lines = world.audit_lines(from).await;
    // The answer may have been lost on the way: the same commit again does nothing.
    assert_eq!(world.commit_under(policy, &commit).await.unwrap(), outcome);
    assert_eq!(world.audit_lines(from).await, lines);
    (outcome, lines)
}

/// A client in a hurry; `v1`, `v2`, `v3` were written to and have been silent for three minutes.
async fn silent(test: &TestStore) -> World<'_> {
    let world = World::sourcing(test, 3, 3).await;
    world.is_urgent().await;
    for vendor in ["v1", "v2", "v3"] {
        world.ask(vendor).await.unwrap();
        test.clock.advance(Duration::from_secs(1));
    }
    world.meta_takes_all().await;
    test.clock.advance(Duration::from_mins(3));
    world
}

/// Who was asked whether we may call, in order, as `purpose to`.
async fn prompts(world: &World<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for send in world.sends().await {
        if !matches!(send.purpose, Purpose::ConsentPrompt | Purpose::PermissionCard) {
            continue;
        }
        let mut who = "client".to_owned();
        for vendor in ["v1", "v2", "v3"] {
            if world.vendor(vendor).await.contact == send.contact {
                who = vendor.to_owned();
            }
        }
        lines.push(format!("{} {who}", send.purpose));
    }
    lines
}

async fn attempts(world: &World<'_>) -> Vec<String> {
    let id = world.request;
    let all = world.read(move |tx| calls::of_request(tx, id)).await;
    let who = |attempt: &calls::CallAttempt| {
        attempt.vendor.as_ref().map_or("client".to_owned(), ToString::to_string)
    };
    all.iter().map(|attempt| format!("{} {}", who(attempt), attempt.claim)).collect()
}

/// Everything `vendor` needs to be called.
async fn may_be_called(world: &World<'_>, vendor: &str) {
    let contact = world.vendor(vendor).await.contact;
    world.consent(contact, (Callee, Scope::CallVendor), Some(true)).await;
    world.permitted(contact).await;
}

#[test]
fn the_keys_are_asked_for_one_at_a_time_and_each_once() {
    on_both(async |test| {
        let world = silent(test).await;
        let wish = || start(CallTrigger::UrgentNoReply);
        let lines = turn(&world, Vec::new(), wish()).await;
        assert!(lines.contains(&"marketplace.request_call_consent ok".to_owned()), "{lines:?}");
        assert_eq!(prompts(&world).await, ["consent_prompt client"]);
        // The client has not answered: nobody is asked again, the vendor not yet.
        let lines = turn(&world, Vec::new(), wish()).await;
        assert_eq!(lines.last().unwrap(), "marketplace.request_call_consent refused consent_pending");
        assert_eq!(prompts(&world).await, ["consent_prompt client"]);

        answer_all(&world, true).await;
        turn(&world, Vec::new(), wish()).await;
        assert_eq!(prompts(&world).await, ["consent_prompt client", "permission_card v1"]);
        // Somebody else is asked only once v1 has had as long as for any other message.
        turn(&world, Vec::new(), wish()).await;
        assert_eq!(prompts(&world).await.len(), 2);
        test.clock.advance(Duration::from_mins(3));
        turn(&world, Vec::new(), wish()).await;
        assert_eq!(prompts(&world).await.last().unwrap(), "permission_card v2");
        assert!(attempts(&world).await.is_empty());

        answer_all(&world, true).await;
        for vendor in ["v1", "v2"] {
            world.permitted(world.vendor(vendor).await.contact).await;
        }
        let lines = turn(&world, Vec::new(), wish()).await;
        assert_eq!(lines.last().unwrap(), "marketplace.start_call ok");
        assert_eq!(attempts(&world).await, ["v1 urgent_no_reply"]);
        // One call at a time: the wish is refused, recorded, and asks nobody.
        let lines = turn(&world, Vec::new(), wish()).await;
        assert_eq!(lines.last().unwrap(), "marketplace.start_call refused call_in_progress");
        assert_eq!(attempts(&world).await.len(), 1);
        assert_eq!(prompts(&world).await.len(), 3);
    });
}

/// Every open prompt of the request is answered, a second later.
async fn answer_all(world: &World<'_>, yes: bool) {
    use calling_policy::ConsentEvent;
    use store::calls::{ConsentChange, HistoryEvent};
    world.test.clock.advance(Duration::from_secs(1));
    let id = world.request;
    world
        .write(move |tx| {
            let guard = requests::lock(tx, id)?;
            for stored in calls::consents_of_request(tx, id)? {
                let known = stored.consent;
                if known.status(tx.now) != ConsentStatus::Requested {
                    continue;
                }
                let (by, prompt) = (known.contact(), known.prompt());
                let event = ConsentEvent::Answer { by, prompt, yes, meta_until: None };
                let next = known.apply(event, tx.now, tx.now).next;
                let event = if yes { HistoryEvent::Yes } else { HistoryEvent::No };
                let change = ConsentChange { event, by: Some(by), message: None, at: tx.now };
                calls::save_consent(tx, &guard, stored.id, &next, &change)?;
            }
            Ok(())
        })
        .await;
}

#[test]
fn the_first_contacted_vendor_that_the_facts_speak_for_is_called() {
    on_both(async |test| {
        let world = silent(test).await;
        world.consent(world.client, (Authorisation, Scope::CallVendor), Some(true)).await;
        for vendor in ["v1", "v2", "v3"] {
            may_be_called(&world, vendor).await;
        }
        // v1 answers clearly, v2 does not: silence speaks for v3, v2's words for v2.
        let clear = world.vendor_says("v1", "yes, 3500/=").await;
        world.recorded("v1", clear).await;
        let vague = world.vendor_says("v2", "hmm maybe tomorrow").await;
        world.recorded("v2", vague).await;
        turn(&world, Vec::new(), start(CallTrigger::UrgentNoReply)).await;
        assert_eq!(attempts(&world).await, ["v3 urgent_no_reply"]);
    });
    on_both(async |test| {
        let world = silent(test).await;
        world.consent(world.client, (Authorisation, Scope::CallVendor), Some(true)).await;
        let vague = world.vendor_says("v2", "hmm maybe tomorrow").await;
        world.recorded("v2", vague).await;
        may_be_called(&world, "v2").await;
        turn(&world, Vec::new(), start(CallTrigger::AmbiguousReply)).await;
        assert_eq!(attempts(&world).await, ["v2 ambiguous_reply"]);
    });
    // v1 said no to calls: the next vendor is asked.
    on_both(async |test| {
        let world = silent(test).await;
        world.consent(world.client, (Authorisation, Scope::CallVendor), Some(true)).await;
        let first = world.vendor("v1").await.contact;
        world.consent(first, (Callee, Scope::CallVendor), Some(false)).await;
        let ask = moltbots(CallWish::RequestConsent, CallParty::Vendor, None);
        turn(&world, Vec::new(), ask).await;
        assert_eq!(prompts(&world).await, ["permission_card v2"]);
    });
}

/// Asked for two requests, a vendor answers without a quote: the message is kept with neither, and is no silence.
#[test]
fn an_answer_that_is_kept_with_no_request_is_no_silence() {
    on_both(async |test| {
        let world = silent(test).await;
        world.consent(world.client, (Authorisation, Scope::CallVendor), Some(true)).await;
        let contact = world.vendor("v1").await.contact;
        world
            .write(move |tx| {
                let new = NewMessage {
                    request: None,
                    contact,
                    direction: Direction::In,
                    party: Party::Vendor,
                    kind: MessageKind::Text,
                    body: "yes, 3500".to_owned(),
                    also_sealed_by: Vec::new(),
                    button_id: None,
                    wamid: Some("wamid.UNPLACED".to_owned()),
                    quoted_wamid: None,
                    meta_at: tx.now,
                };
                Ok(messages::insert(tx, &new)?)
            })
            .await;
        turn(&world, Vec::new(), start(CallTrigger::UrgentNoReply)).await;
        assert_eq!(prompts(&world).await, ["permission_card v2"]);
        let ambiguous = turn(&world, Vec::new(), start(CallTrigger::AmbiguousReply)).await;
        assert_eq!(ambiguous.last().unwrap(), "call.not_wished refused trigger_not_met");
    });
}

#[test]
fn nobody_is_asked_where_no_reason_holds() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 1).await;
        world.ask("v1").await.unwrap();
        world.meta_takes_all().await;
        world.consent(world.client, (Authorisation, Scope::Either), Some(true)).await;
        for wish in [
            start(CallTrigger::UrgentNoReply),
            start(CallTrigger::AmbiguousReply),
            moltbots(CallWish::RequestConsent, CallParty::Vendor, None),
        ] {
            let lines = turn(&world, Vec::new(), wish).await;
            assert_eq!(lines.last().unwrap(), "call.not_wished refused trigger_not_met");
        }
        let lines = turn(&world, Vec::new(), start(CallTrigger::RapidClarification)).await;
        assert_eq!(
            lines.last().unwrap().split(' ').take(2).collect::<Vec<_>>(),
            ["marketplace.start_call", "refused"]
        );
        let all = [CallTrigger::ClientAsked, CallTrigger::UrgentNoReply, CallTrigger::RapidClarification];
        let lines = turn(&world, Vec::new(), Wish::Supported(all.to_vec())).await;
        assert_eq!(lines, ["decision.coded_workflow ok"], "a rule that finds no reason says nothing");
        assert!(prompts(&world).await.is_empty() && attempts(&world).await.is_empty());
    });
}

#[test]
fn a_refused_wish_leaves_the_plan_standing() {
    for (policy, reason) in [(Policy::default(), "calling_disabled"), (ON, "prescription")] {
        on_both(async |test| {
            let world = World::new(test, 2).await;
            if reason == "prescription" {
                let id = world.request;
                world
                    .write(move |tx| {
                        let mut guard = requests::lock(tx, id)?;
                        let facts = requests::FactChanges { prescription: Some(true), ..Default::default() };
                        Ok(requests::set_facts(tx, &mut guard, &facts)?)
                    })
                    .await;
            }
            let step = tool_registry::UpdateRequestStateArgs {
                plan: Some(batch_plan(2)),
                ..world.step(RequestState::Sourcing).await
            };
            let required = |step: &str, call: ToolCall| PlanCall {
                step: step.to_owned(),
                call,
                leave_out: step.starts_with("vendor"),
            };
            let calls = vec![
                required("state", step.into()),
                required("vendor/v1", world.to_vendor("v1", "Brake pads?").into()),
                required("client", world.to_client("I am asking shops.").into()),
            ];
            let wish = moltbots(CallWish::RequestConsent, CallParty::Client, None);
            let (outcome, lines) = turn_with(&world, policy, calls, wish, None).await;
            assert_eq!(outcome, PlanOutcome::Done);
            let last = lines.last().unwrap();
            assert!(last.starts_with("marketplace.request_call_consent refused"), "{last}");
            assert!(last.contains(reason), "{last}");
            assert_eq!(world.sends().await.len(), 2, "the vendor and the client are written to");
            assert_eq!(world.load().await.state, RequestState::Sourcing);
        });
    }
}

#[test]
fn a_wish_that_stops_making_sense_takes_nothing_with_it() {
    on_both(async |test| {
        let world = World::new(test, 2).await;
        let answer = json!({
            "type": "vendor_outreach_plan",
            "category": CATEGORY,
            "normalized_need": "front brake pads",
            "vendor_filters": { "max_distance_km": null, "languages": [], "min_rating": null },
            "batch_size": 2,
            "vendor_questions": [],
            "stop_conditions": { "offers_wanted": 2, "deadline_minutes": 30 },
            "calling": { "wish": "request_consent", "party": "client", "trigger": null },
        });
        let calls = vec![PlanCall {
            step: "client".to_owned(),
            call: world.to_client("I am asking shops.").into(),
            leave_out: false,
        }];
        // Calling was on when Moltbot was asked.
        world.write(|tx| Ok(flags::set(tx.conn, Flag::Calling, false, tx.now)?)).await;
        let wish = moltbots(CallWish::RequestConsent, CallParty::Client, None);
        let (outcome, lines) = turn_with(&world, ON, calls, wish, Some(answer.to_string())).await;
        assert_eq!(outcome, PlanOutcome::Done);
        assert_eq!(lines.last().unwrap(), "call.not_wished refused calling_not_allowed");
        assert_eq!(world.sends().await.len(), 1);
    });
}

#[test]
fn a_client_who_asks_to_be_called_is_asked_then_called() {
    on_both(async |test| {
        let world = World::sourcing(test, 3, 3).await;
        world.call_me().await;
        turn(&world, Vec::new(), Wish::ClientAsks).await;
        assert_eq!(prompts(&world).await, ["consent_prompt client"]);
        // Twice "call me": the question is on its way.
        world.call_me().await;
        let lines = turn(&world, Vec::new(), Wish::ClientAsks).await;
        assert_eq!(lines.last().unwrap(), "marketplace.request_call_consent refused consent_pending");
        assert_eq!(world.sends().await.len(), 1);
        // Once it is before them they are reminded of it, once.
        world.meta_takes_all().await;
        test.clock.advance(Duration::from_secs(1));
        for _ in 0..2 {
            world.call_me().await;
            turn(&world, Vec::new(), Wish::ClientAsks).await;
        }
        assert_eq!(world.sends().await.len(), 2);
        let body = world.sends().await[1].payload.clone().unwrap().body;
        assert_eq!(body, "Please answer my question above with YES or NO.");
        world.meta_takes_all().await;
        let client = world.client;
        let answered = world
            .write(move |tx| {
                let number = "100".parse().unwrap();
                prompt_of_words(tx, client, &number, None, tx.now)
            })
            .await;
        assert_eq!(answered, Some(world.sends().await[0].message), "a bare YES is for what it reminds of");
        answer_all(&world, true).await;
        // Meta's permission is missing, and no card is out: it goes out, once.
        let goes_on = || Wish::Supported(vec![CallTrigger::ClientAsked]);
        let lines = turn(&world, Vec::new(), goes_on()).await;
        assert!(lines.contains(&"marketplace.start_call refused permission_missing".to_owned()), "{lines:?}");
        assert_eq!(lines.last().unwrap(), "permission.requested ok");
        let lines = turn(&world, Vec::new(), goes_on()).await;
        assert_eq!(lines.last().unwrap(), "marketplace.start_call refused permission_missing");
        assert_eq!(prompts(&world).await, ["consent_prompt client", "permission_card client"]);
        assert_eq!(world.sends().await.len(), 3);
        world.permitted(world.client).await;
        turn(&world, Vec::new(), goes_on()).await;
        assert_eq!(attempts(&world).await, ["client client_asked"]);
        // The call is under way: no second one, and no word.
        let lines = turn(&world, Vec::new(), goes_on()).await;
        assert_eq!(lines, ["decision.coded_workflow ok"]);
        assert_eq!(world.sends().await.len(), 3);
    });
}

/// No card is out, and none may go out: the client waits for nothing, and is told.
#[test]
fn a_client_whose_card_cannot_go_out_is_told() {
    on_both(async |test| {
        let world = World::sourcing(test, 3, 3).await;
        world.call_me().await;
        for key in [Authorisation, Callee] {
            world.consent(world.client, (key, Scope::CallClient), Some(true)).await;
        }
        turn(&world, Vec::new(), Wish::ClientAsks).await;
        assert_eq!(prompts(&world).await, ["permission_card client"]);
        // Meta does not take it.
        let (id, card) = (world.request, world.sends().await.remove(0));
        for _ in 0..2 {
            let card = card.clone();
            world
                .write(move |tx| {
                    let guard = requests::lock(tx, id)?;
                    crate::outreach::not_delivered(tx, Some(&guard), &card, "meta_131026")
                })
                .await;
        }
        let sends = world.sends().await;
        assert_eq!(sends.len(), 2, "told once");
        assert!(sends[1].payload.clone().unwrap().body.starts_with("I can't place calls"));
    });
}

/// A wish of Moltbot's that the client knows nothing of is refused in silence.
#[test]
fn of_a_call_that_moltbot_alone_wished_for_nothing_is_said() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 1).await;
        turn(&world, Vec::new(), start(CallTrigger::ClientAsked)).await;
        assert!(world.sends().await.is_empty());
    });
}

/// v1 let our question run out: somebody else is asked before v1 is asked again.
#[test]
fn who_left_our_question_unanswered_comes_last() {
    on_both(async |test| {
        let world = silent(test).await;
        let first = world.vendor("v1").await.contact;
        world.consent(first, (Callee, Scope::CallVendor), None).await;
        test.clock.advance(calling_policy::limits::PROMPT_LASTS);
        world.consent(world.client, (Authorisation, Scope::CallVendor), Some(true)).await;
        turn(&world, Vec::new(), start(CallTrigger::UrgentNoReply)).await;
        assert_eq!(prompts(&world).await, ["permission_card v2"]);
    });
}

#[test]
fn a_client_who_cannot_be_called_is_told_once() {
    on_both(async |test| {
        let world = World::sourcing(test, 3, 3).await;
        // 16:33 in Nairobi; six hours later it is night.
        test.clock.advance(Duration::from_hours(6));
        world.call_me().await;
        let lines = turn(&world, Vec::new(), Wish::ClientAsks).await;
        let refused = &lines[lines.len() - 2];
        assert!(refused.starts_with("marketplace.start_call refused consent_required"), "{refused}");
        assert!(refused.contains("quiet_hours"), "{refused}");
        assert_eq!(lines.last().unwrap(), "marketplace.send_client_message ok");
        assert!(prompts(&world).await.is_empty(), "a YES would lead to no call");
        turn(&world, Vec::new(), Wish::Supported(vec![CallTrigger::ClientAsked])).await;
        assert_eq!(world.sends().await.len(), 1, "said once");
        test.clock.advance(Duration::from_mins(1));
        world.call_me().await;
        turn(&world, Vec::new(), Wish::ClientAsks).await;
        assert_eq!(world.sends().await.len(), 2, "asked again, answered again");
    });
}

#[test]
fn what_is_possible_goes_before_what_is_not() {
    on_both(async |test| {
        let world = silent(test).await;
        world.call_me().await;
        // The client's own call has to wait for an answer; the vendor's has every key.
        world.consent(world.client, (Authorisation, Scope::CallVendor), Some(true)).await;
        world.consent(world.client, (Authorisation, Scope::CallClient), None).await;
        may_be_called(&world, "v1").await;
        let all = vec![CallTrigger::ClientAsked, CallTrigger::UrgentNoReply];
        turn(&world, Vec::new(), Wish::Supported(all)).await;
        assert_eq!(attempts(&world).await, ["v1 urgent_no_reply"]);
    });
}

#[test]
fn a_wish_for_a_request_that_was_taken_over_is_dropped_with_its_plan() {
    on_both(async |test| {
        let world = silent(test).await;
        world.put(RequestState::Sourcing, Control::Human).await;
        let wish = start(CallTrigger::UrgentNoReply);
        let (outcome, lines) = turn_with(&world, ON, Vec::new(), wish, None).await;
        assert_eq!(outcome, PlanOutcome::Dropped);
        assert_eq!(lines, ["turn.dropped ignored human_control"]);
        assert!(prompts(&world).await.is_empty());
    });
}
