use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use marketplace::RequestState;
use moltbot_contract::{Availability, RuleId, VendorFound};
use serde_json::json;
use tool_registry::{FactSource, RefusalCode, SearchVendorsResult, ToolCall};

use super::*;
use crate::{
    BrainUnavailable, ClientContent, Committed, Entry, OnRefusal, Plan, Wish,
    fixture::{self, PackExt as _, client, found, input, says, vendor, vendor_writes, wake},
    ports::{MockBrain, MockPlanCommitter},
};

/// What the world answers, and what it was asked.
struct World {
    /// Snapshots in turn; the last one is repeated.
    packs: VecDeque<ContextPack>,
    found: Vec<VendorFound>,
    /// What Moltbot answers; `None`: it must not be asked.
    brain: Option<Result<Vec<u8>, BrainUnavailable>>,
    /// How commits end; after these, `Done`.
    commits: VecDeque<Committed>,
    /// Steps whose call is refused at once.
    refused: Vec<&'static str>,
    /// The one category that the directory has vendors in; `None`: in every one.
    category: Option<&'static str>,
}

#[derive(Default)]
struct Seen {
    order: Vec<String>,
    plans: Vec<Plan>,
    journals: Vec<Journal>,
    recorded: Vec<ToolCall>,
}

impl World {
    fn of(pack: &ContextPack) -> Self {
        Self {
            packs: VecDeque::from([pack.clone()]),
            found: found(1..=7),
            brain: None,
            commits: VecDeque::new(),
            refused: Vec::new(),
            category: None,
        }
    }

    fn answers(mut self, answer: &serde_json::Value) -> Self {
        self.brain = Some(Ok(answer.to_string().into_bytes()));
        self
    }

    fn then(mut self, pack: &ContextPack) -> Self {
        self.packs.push_back(pack.clone());
        self
    }

    fn refuses(mut self, step: &str, code: RefusalCode) -> Self {
        self.commits.push_back(Committed::Refused { step: step.to_owned(), refusal: refusal(code) });
        self
    }

    async fn run(self, input: TurnInput) -> (TurnEnd, Seen) {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut brain = MockBrain::new();
        match self.brain.clone() {
            None => brain.expect_ask().never(),
            Some(answer) => {
                let seen = Arc::clone(&seen);
                brain.expect_ask().times(1).returning(move |_| {
                    seen.lock().unwrap().order.push("ask".to_owned());
                    answer.clone()
                })
            }
        };
        let tools = tools(self, &seen);
        let end = handle_inbound_message(&brain, &tools, input).await.unwrap();
        drop(tools);
        drop(brain);
        (end, Arc::into_inner(seen).unwrap().into_inner().unwrap())
    }
}

fn tools(world: World, seen: &Arc<Mutex<Seen>>) -> MockPlanCommitter {
    let World { mut packs, found, mut commits, refused, category, .. } = world;
    let mut tools = MockPlanCommitter::new();
    let log = Arc::clone(seen);
    tools.expect_call().returning(move |step, call| {
        log.lock().unwrap().order.push(step.to_owned());
        log.lock().unwrap().recorded.push(call.clone());
        if refused.contains(&step) {
            return Ok(Err(refusal(RefusalCode::RequestNotFound)));
        }
        Ok(match call {
            ToolCall::GetRequestSnapshot(_) => {
                let pack = if packs.len() > 1 { packs.pop_front() } else { packs.front().cloned() };
                Ok(ToolResult::GetRequestSnapshot(pack.unwrap()))
            }
            ToolCall::SearchVendors(args) if category.is_some_and(|known| known != args.category) => {
                Ok(SearchVendorsResult { vendors: Vec::new() }.into())
            }
            ToolCall::SearchVendors(_) => Ok(SearchVendorsResult { vendors: found.clone() }.into()),
            ToolCall::UpdateRequestState(args) => Ok(tool_registry::UpdateRequestStateResult {
                from: RequestState::Clarifying,
                to: args.to,
                version: args.expected_version + 1,
            }
            .into()),
            _ => Err(refusal(RefusalCode::MessageNotOfVendor)),
        })
    });
    let log = Arc::clone(seen);
    tools.expect_journal_asked().returning(move |_| {
        log.lock().unwrap().order.push("journal_asked".to_owned());
        Ok(())
    });
    let log = Arc::clone(seen);
    tools.expect_journal_answer().returning(move |journal| {
        let mut log = log.lock().unwrap();
        log.order.push("journal_answer".to_owned());
        log.journals.push(journal.clone());
        Ok(())
    });
    let log = Arc::clone(seen);
    tools.expect_commit().returning(move |plan| {
        let mut log = log.lock().unwrap();
        log.order.push("commit".to_owned());
        log.plans.push(plan);
        Ok(commits.pop_front().unwrap_or(Committed::Done))
    });
    tools
}

fn refusal(code: RefusalCode) -> Refusal {
    Refusal { tool: "marketplace.test", code, detail: String::new() }
}

fn question() -> serde_json::Value {
    json!({
        "type": "ask_client", "question_text": "Front or rear?", "why": "the axle decides",
        "state_suggestion": "clarifying",
    })
}

fn outreach(batch_size: u8) -> serde_json::Value {
    json!({
        "type": "vendor_outreach_plan", "category": "spare_parts", "normalized_need": "Brake pads, Corolla 2014",
        "vendor_filters": { "max_distance_km": null, "languages": [], "min_rating": null },
        "batch_size": batch_size, "vendor_questions": ["Original or copy?"],
        "stop_conditions": { "offers_wanted": 3, "deadline_minutes": 20 },
        "calling": { "wish": "none", "party": null, "trigger": null },
    })
}

fn opening() -> ContextPack {
    let mut pack = fixture::pack();
    pack.say("I need brake pads for a 2014 Corolla");
    pack
}

fn steps(plan: &Plan) -> Vec<&str> {
    plan.calls.iter().map(|call| call.step.as_str()).collect()
}

fn sent_to_client(plan: &Plan) -> &str {
    plan.calls
        .iter()
        .find_map(|call| match &call.call {
            ToolCall::SendClientMessage(args) => Some(args.body.as_str()),
            _ => None,
        })
        .unwrap_or("")
}

fn moved_to(plan: &Plan) -> Option<RequestState> {
    plan.calls.iter().find_map(|call| match &call.call {
        ToolCall::UpdateRequestState(args) => Some(args.to),
        _ => None,
    })
}

fn committed(kind: &'static str, source: Source) -> TurnEnd {
    TurnEnd::Committed { kind, source }
}

#[tokio::test]
async fn the_order_of_a_turn_is_the_missions() {
    let entries = vec![vendor_writes(1), says("I need brake pads")];
    let reply = format!(
        "reply/{}",
        match &entries[0].event {
            TurnEvent::VendorMessage { message, .. } => message,
            _ => unreachable!(),
        }
    );
    let (end, seen) = World::of(&opening()).answers(&question()).run(input(entries.clone())).await;
    assert_eq!(end, committed("ask_client", Source::Moltbot));
    assert_eq!(seen.order, [&reply, "snapshot", "journal_asked", "ask", "journal_answer", "commit"]);
    let plan = &seen.plans[0];
    assert_eq!(steps(plan), ["client", "state"]);
    assert_eq!(sent_to_client(plan), "Front or rear?");
    assert_eq!(plan.answer.as_deref(), Some(question().to_string().as_str()));
    assert_eq!(plan.consumed, entries.iter().map(|entry| entry.id).collect::<Vec<_>>());
    assert_eq!(plan.decision.verdict, Verdict::Accepted);
    assert_eq!(plan.decision.why, "the axle decides");
}

#[tokio::test]
async fn invalid_moltbot_output_falls_back() {
    let too_many = outreach(6).to_string();
    let invented = json!({
        "type": "shortlist", "summary_text": "Here:", "handoff": { "offer": true },
        "items": [{ "vendor_id": "v-99", "reply_id": "rep_00000000000000000000000000000000",
            "availability": "in_stock", "price_minor": null, "currency": null, "eta": null, "note": null }],
    });
    let huge = "x".repeat(2_000_000);
    let prose = format!("Sure! {}", question());
    for (answer, rule) in [
        (&b""[..], None),
        (b"garbage", Some(RuleId::NotJson)),
        (b"\xff\xfe", Some(RuleId::NotUtf8)),
        (prose.as_bytes(), Some(RuleId::NotJson)),
        (huge.as_bytes(), Some(RuleId::TooLarge)),
        (too_many.as_bytes(), None),
        (invented.to_string().as_bytes(), None),
        (br#"{"type":"send_message","text":"hi"}"#, None),
    ] {
        let mut world = World::of(&opening());
        world.brain = Some(Ok(answer.to_vec()));
        let (end, seen) = world.run(input(vec![says("I need brake pads")])).await;
        let shown = String::from_utf8_lossy(answer).chars().take(40).collect::<String>();
        assert_eq!(end, committed("ask_client", Source::CodedWorkflow), "{shown}");
        let [plan] = seen.plans.as_slice() else { panic!("one plan: {shown}") };
        assert_eq!(plan.decision.verdict, Verdict::Rejected, "{shown}");
        assert!(!plan.decision.violations.is_empty(), "{shown}");
        assert!(!plan.decision.reasons.is_empty(), "{shown}");
        if let Some(rule) = rule {
            assert_eq!(plan.decision.reasons, [rule.code()], "{shown}");
        }
        assert_eq!(plan.answer, None, "{shown}");
        assert!(sent_to_client(plan).starts_with("Which make, model and year"), "{shown}");
        let [journal] = seen.journals.as_slice() else { panic!("one journal: {shown}") };
        assert_eq!((journal.verdict, &journal.decision), (Verdict::Rejected, &None), "{shown}");
        assert!(journal.answer.as_ref().is_none_or(|answer| answer.len() <= ANSWER_BYTES_MAX), "{shown}");
    }
}

#[tokio::test]
async fn no_answer_falls_back_and_is_journaled() {
    let mut world = World::of(&opening());
    world.brain = Some(Err(BrainUnavailable { code: "timeout" }));
    let (end, seen) = world.run(input(vec![says("I need brake pads")])).await;
    assert_eq!(end, committed("ask_client", Source::CodedWorkflow));
    assert_eq!(seen.plans[0].decision.verdict, Verdict::Unavailable);
    assert_eq!(seen.plans[0].decision.reasons, ["timeout"]);
    assert_eq!(seen.journals[0].unavailable.as_deref(), Some("timeout"));
}

#[tokio::test]
async fn moltbot_is_not_asked_when_it_must_not_be() {
    let entries = || vec![says("I need brake pads")];
    // Switched off.
    let mut pack = opening();
    pack.policies.ai_concierge_enabled = false;
    let (_, seen) = World::of(&pack).run(input(entries())).await;
    assert_eq!(seen.plans[0].decision.verdict, Verdict::NotAsked);
    assert_eq!(seen.plans[0].decision.reasons, ["ai_concierge_disabled"]);
    assert!(seen.journals.is_empty());
    // Asked twice.
    let twice = TurnInput { asks: 2, ..input(entries()) };
    let (_, seen) = World::of(&opening()).run(twice).await;
    assert_eq!(seen.plans[0].decision.verdict, Verdict::Unavailable);
    assert_eq!(seen.plans[0].decision.reasons, ["asked_twice"]);
    // Answered in an earlier attempt.
    let decision = validate(question().to_string().as_bytes(), &opening()).unwrap();
    let journal = Journal {
        answer: Some(question().to_string()),
        verdict: Verdict::Accepted,
        violations: Vec::new(),
        unavailable: None,
        decision: Some(decision),
    };
    let resumed = TurnInput { journal: Some(journal), asks: 1, ..input(entries()) };
    let (end, seen) = World::of(&opening()).run(resumed).await;
    assert_eq!(end, committed("ask_client", Source::Moltbot));
    assert_eq!(seen.order, ["snapshot", "commit"]);
    // Asked once, no answer journaled: one more ask.
    let crashed = TurnInput { asks: 1, ..input(entries()) };
    let (end, _) = World::of(&opening()).answers(&question()).run(crashed).await;
    assert_eq!(end, committed("ask_client", Source::Moltbot));
}

#[tokio::test]
async fn turns_with_nothing_to_decide_only_take_note() {
    let mut running = fixture::pack();
    running.state(RequestState::Sourcing).batch(5).offer(1, 350_000);
    let mut shortlisted = fixture::pack();
    shortlisted.batch(2).offer(1, 350_000).offer(2, 400_000).settle().shortlisted();
    let mut answered = opening();
    answered.answer("Which car?").state(RequestState::Clarifying);
    let state = |state| {
        let mut pack = opening();
        pack.state(state);
        pack
    };
    for (pack, entries, reason) in [
        (running.clone(), vec![vendor_writes(1)], "batch_open"),
        (running, vec![wake()], "batch_open"),
        (shortlisted.clone(), vec![vendor_writes(2)], "late_reply"),
        (shortlisted, vec![wake()], "late_reply"),
        (answered, vec![wake()], "waiting_for_client"),
        (state(RequestState::HandedOff), vec![says("thanks")], "request_handed_off"),
        (state(RequestState::Escalated), vec![says("hello?")], "human_control"),
        (state(RequestState::Closed), vec![says("2")], "request_closed"),
        (state(RequestState::Error), vec![client(ClientContent::Document)], "request_in_error"),
    ] {
        let (end, seen) = World::of(&pack).run(input(entries)).await;
        assert_eq!(end, committed("none", Source::CodedWorkflow), "{reason}");
        assert!(seen.plans[0].calls.is_empty(), "{reason}");
        assert_eq!(seen.plans[0].decision.reasons, [reason]);
        assert_eq!(seen.plans[0].consumed.len(), 1, "{reason}");
    }
}

#[tokio::test]
async fn the_batch_is_judged_once_its_stop_conditions_are_met() {
    let batch = || {
        let mut pack = opening();
        pack.state(RequestState::Sourcing).batch(3).offer(1, 350_000);
        pack
    };
    let mut late = batch();
    late.now = late.batches[0].deadline_at;
    let mut all_answered = batch();
    all_answered.replies_with(2, None, Availability::OutOfStock).replies_with(
        3,
        None,
        Availability::OutOfStock,
    );
    let mut enough = batch();
    enough.batches[0].offers_wanted = 1;
    for pack in [late, all_answered, enough] {
        let mut world = World::of(&pack);
        world.brain = Some(Err(BrainUnavailable { code: "timeout" }));
        let (_, seen) = world.run(input(vec![wake()])).await;
        assert!(seen.order.contains(&"ask".to_owned()));
    }
}

#[tokio::test]
async fn an_outreach_searches_first_and_writes_to_those_who_can_be_asked() {
    let mut world = World::of(&opening()).answers(&outreach(3));
    world.found = found(1..=7);
    world.found[0].accepts_inquiries = false;
    world.found[2].contacted = true;
    world.found.insert(2, world.found[1].clone());
    let (end, seen) = world.run(input(vec![says("brake pads")])).await;
    assert_eq!(end, committed("vendor_outreach_plan", Source::Moltbot));
    assert_eq!(seen.order, ["snapshot", "journal_asked", "ask", "journal_answer", "search", "commit"]);
    assert_eq!(steps(&seen.plans[0]), ["state", "vendor/v-2", "vendor/v-4", "vendor/v-5", "client"]);
    let left_out = seen.plans[0].calls.iter().filter(|call| call.on_refusal == OnRefusal::LeaveOut);
    assert_eq!(left_out.count(), 3, "the vendors' messages and nothing else");
}

#[tokio::test]
async fn without_vendors_the_coded_workflow_tells_the_truth() {
    let mut world = World::of(&opening()).answers(&outreach(3));
    world.found.clear();
    let mut clarified = opening();
    clarified.state(RequestState::Clarifying);
    let (end, seen) = world.then(&clarified).run(input(vec![says("brake pads")])).await;
    assert_eq!(end, committed("escalate", Source::CodedWorkflow));
    let plan = seen.plans.last().unwrap();
    assert!(plan.decision.reasons.contains(&"no_vendors_found".to_owned()), "{:?}", plan.decision.reasons);
    assert!(sent_to_client(plan).starts_with("I'm sorry, no vendor could help"), "{}", sent_to_client(plan));
    assert_eq!(plan.decision.verdict, Verdict::Accepted, "Moltbot's answer itself was in order");
}

#[tokio::test]
async fn the_coded_workflow_tries_its_other_categories_before_it_gives_up() {
    let mut pack = opening();
    pack.state(RequestState::Clarifying).policies.ai_concierge_enabled = false;
    let mut world = World::of(&pack);
    world.found.clear();
    let (end, seen) = world.run(input(vec![says("front ones")])).await;
    assert_eq!(end, committed("escalate", Source::CodedWorkflow));
    let searched: Vec<&str> = seen
        .recorded
        .iter()
        .filter_map(|call| match call {
            ToolCall::SearchVendors(args) => Some(args.category.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(searched, ["spare_parts", "general"], "each once");
    assert_eq!(seen.plans.len(), 1);
    assert_eq!(seen.plans[0].decision.reasons, ["ai_concierge_disabled", "no_vendors_found"]);

    let mut world = World::of(&pack);
    world.category = Some("general");
    let (end, seen) = world.run(input(vec![says("front ones")])).await;
    assert_eq!(end, committed("vendor_outreach_plan", Source::CodedWorkflow));
    assert!(seen.plans[0].decision.why.ends_with("general"), "{}", seen.plans[0].decision.why);
}

#[tokio::test]
async fn a_refused_plan_goes_to_the_coded_workflow_and_then_to_a_person() {
    let entries = || input(vec![says("brake pads")]);
    let world = World::of(&opening()).answers(&question()).refuses("state", RefusalCode::StaleVersion);
    let (end, seen) = world.run(entries()).await;
    assert_eq!(end, committed("ask_client", Source::CodedWorkflow));
    assert_eq!(seen.plans.len(), 2);
    assert_eq!(seen.plans[1].decision.reasons, ["plan_refused", "stale_version"]);
    assert_eq!((&seen.plans[1].answer, seen.plans[1].decision.verdict), (&None, Verdict::Accepted));

    let world = World::of(&opening())
        .answers(&question())
        .refuses("client", RefusalCode::OutsideWindow)
        .refuses("client", RefusalCode::OutsideWindow)
        .refuses("client", RefusalCode::OutsideWindow);
    let (end, seen) = world.run(entries()).await;
    assert_eq!(end, committed("escalate", Source::CodedWorkflow));
    assert_eq!(steps(&seen.plans[2]), ["client", "state"]);
    assert_eq!(steps(&seen.plans[3]), ["state"], "a person gets it even if the client cannot be told");
    assert_eq!(moved_to(&seen.plans[3]), Some(RequestState::Escalated));

    let mut world = World::of(&opening()).answers(&question());
    for _ in 0..4 {
        world = world.refuses("state", RefusalCode::HumanControl);
    }
    let (end, seen) = world.run(entries()).await;
    assert_eq!(end, committed("none", Source::CodedWorkflow));
    assert!(seen.plans[4].calls.is_empty());
}

#[tokio::test]
async fn a_decision_that_no_longer_holds_is_not_carried_out() {
    let violation = moltbot_contract::Violation::new("/type", RuleId::BatchOpen, "a batch is open");
    let mut world = World::of(&opening()).answers(&outreach(5));
    world.commits.push_back(Committed::NoLongerValid { violations: vec![violation] });
    let (end, seen) = world.run(input(vec![says("brake pads")])).await;
    assert_eq!(end, committed("ask_client", Source::CodedWorkflow));
    assert_eq!(seen.plans[1].decision.reasons, ["no_longer_valid", "batch_open"]);
    assert_eq!(seen.plans[1].decision.violations.len(), 1);
}

#[tokio::test]
async fn vendors_that_refused_are_not_tried_again() {
    let mut pack = opening();
    pack.state(RequestState::Clarifying);
    let world = World::of(&pack).answers(&outreach(5)).refuses("vendor/v-5", RefusalCode::VendorOptedOut);
    let (_, seen) = world.run(input(vec![says("front ones")])).await;
    assert_eq!(steps(&seen.plans[1]), ["state", "vendor/v-6", "vendor/v-7", "client"]);
}

#[tokio::test]
async fn a_need_that_names_the_client_is_sent_without_it() {
    let mut pack = opening();
    pack.state(RequestState::Clarifying);
    let world = World::of(&pack).answers(&outreach(1)).refuses("vendor/v-1", RefusalCode::ClientDatum);
    let (_, seen) = world.run(input(vec![says("front ones, for Amina")])).await;
    let ToolCall::SendVendorMessage(message) = &seen.plans[1].calls[1].call else {
        panic!("a vendor is asked")
    };
    assert!(message.body.contains("spare parts") && !message.body.contains("Corolla"), "{}", message.body);
}

#[tokio::test]
async fn superseded_and_dropped_turns_end_there() {
    for (committed, end) in
        [(Committed::Superseded, TurnEnd::Superseded), (Committed::Dropped, TurnEnd::Dropped)]
    {
        let mut world = World::of(&opening()).answers(&question());
        world.commits.push_back(committed);
        let (ended, seen) = world.run(input(vec![says("brake pads")])).await;
        assert_eq!(ended, end);
        assert_eq!(seen.plans.len(), 1);
    }
}

#[tokio::test]
async fn the_last_attempt_hands_over_to_a_person() {
    let last = |entries| TurnInput { last_attempt: true, ..input(entries) };
    let (end, seen) = World::of(&opening()).run(last(vec![vendor_writes(1), says("hello?")])).await;
    assert_eq!(end, committed("escalate", Source::CodedWorkflow));
    assert_eq!(seen.order, ["snapshot", "commit"]);
    assert_eq!(seen.plans[0].decision.reasons, ["attempts_exhausted"]);
    assert_eq!(seen.plans[0].decision.verdict, Verdict::NotAsked);
    assert_eq!(moved_to(&seen.plans[0]), Some(RequestState::Escalated));
    assert_eq!(
        sent_to_client(&seen.plans[0]),
        "Thanks for your patience. A person will get back to you here."
    );

    let mut handed_off = opening();
    handed_off.state(RequestState::HandedOff);
    let (end, seen) = World::of(&handed_off).run(last(vec![says("hello?")])).await;
    assert_eq!(end, committed("none", Source::CodedWorkflow));
    assert_eq!(seen.plans[0].decision.reasons, ["attempts_exhausted"]);
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_noted() {
    let mut world = World::of(&opening());
    world.refused = vec!["snapshot"];
    let (end, seen) = world.run(input(vec![says("hi")])).await;
    assert_eq!(end, committed("none", Source::CodedWorkflow));
    assert_eq!(seen.plans[0].decision.reasons, ["request_not_found"]);
}

#[tokio::test]
async fn pictures_are_read_or_asked_to_be_typed() {
    let document = || input(vec![client(ClientContent::Document)]);
    let new = fixture::pack();
    let (_, seen) = World::of(&new).run(document()).await;
    assert!(sent_to_client(&seen.plans[0]).starts_with("I can't read pictures"));
    assert_eq!(moved_to(&seen.plans[0]), Some(RequestState::Clarifying));
    assert_eq!(seen.plans[0].decision.reasons, ["ocr_disabled"]);

    let mut sourcing = fixture::pack();
    sourcing.state(RequestState::Sourcing);
    let (_, seen) = World::of(&sourcing).run(input(vec![client(ClientContent::UnreadableMedia)])).await;
    assert!(sent_to_client(&seen.plans[0]).starts_with("I can't read this kind of message"));
    assert_eq!(moved_to(&seen.plans[0]), Some(RequestState::Sourcing));

    let mut reading = fixture::pack();
    reading.policies.ocr_enabled = true;
    let (end, seen) = World::of(&reading).run(document()).await;
    assert_eq!(end, committed("ocr", Source::CodedWorkflow));
    assert_eq!(sent_to_client(&seen.plans[0]), "Processing image…");
    assert_eq!(moved_to(&seen.plans[0]), Some(RequestState::OcrProcessing));
    assert!(matches!(seen.plans[0].calls[0].call, ToolCall::CreateOcrJob(_)));

    let step = seen.plans[0].calls[0].step.clone();
    let (end, seen) = World::of(&reading).refuses(&step, RefusalCode::OcrDisabled).run(document()).await;
    assert_eq!(end, committed("ask_client", Source::CodedWorkflow));
    assert!(sent_to_client(&seen.plans[1]).starts_with("I can't read pictures"));

    // What comes of reading it is judged when it is there.
    let mut read = reading.clone();
    read.state(RequestState::OcrProcessing).policies.ai_concierge_enabled = false;
    let (end, _) = World::of(&read).run(input(vec![wake()])).await;
    assert_eq!(end, committed("ask_client", Source::CodedWorkflow));

    // With words beside it, the words are what counts.
    let both = input(vec![client(ClientContent::Document), says("brake pads like these")]);
    let (end, _) = World::of(&opening()).answers(&question()).run(both).await;
    assert_eq!(end, committed("ask_client", Source::Moltbot));
}

fn offered() -> ContextPack {
    let mut pack = opening();
    pack.batch(3).offer(1, 350_000).offer(2, 400_000).offer(3, 420_000).settle().shortlisted();
    pack
}

#[tokio::test]
async fn the_clients_pick_leads_to_the_handoff_without_moltbot() {
    let button = || ClientContent::Button { id: "pick:v-2".to_owned(), title: "2. Vendor 2".to_owned() };
    for entries in [vec![says("2")], vec![client(button())], vec![says("hm"), says("the second one")]] {
        let (end, seen) = World::of(&offered()).run(input(entries)).await;
        assert_eq!(end, committed("handoff", Source::ClientChoice));
        let ToolCall::UpdateRequestState(update) = &seen.plans[0].calls[0].call else { panic!("one update") };
        assert_eq!(update.to, RequestState::HandedOff);
        assert_eq!(update.handoff.as_ref().map(|handoff| &handoff.vendor_id), Some(&vendor(2)));
        assert_eq!(seen.plans[0].calls.len(), 1);
    }
}

#[tokio::test]
async fn what_is_nearly_a_pick_is_asked_again() {
    for entries in
        [vec![says("1 or 3")], vec![says("1"), says("2")], vec![says("9")], vec![says("1"), says("no")]]
    {
        let shown = format!("{entries:?}");
        let (end, seen) = World::of(&offered()).run(input(entries)).await;
        assert_eq!(end, committed("ask_client", Source::CodedWorkflow), "{shown}");
        assert_eq!(seen.plans[0].decision.reasons, ["pick_unclear"]);
        assert!(sent_to_client(&seen.plans[0]).contains("1 to 3"), "{shown}");
        assert_eq!(moved_to(&seen.plans[0]), Some(RequestState::Shortlisted));
    }
    // A question is Moltbot's to answer.
    let answer = json!({ "type": "ask_client", "question_text": "Shall I ask them?", "why": "a question",
        "state_suggestion": "shortlisted" });
    let (end, _) =
        World::of(&offered()).answers(&answer).run(input(vec![says("is the first one original?")])).await;
    assert_eq!(end, committed("ask_client", Source::Moltbot));
    // No pick before there is a shortlist.
    let mut sourcing = offered();
    sourcing.state(RequestState::Sourcing);
    sourcing.policies.ai_concierge_enabled = false;
    let (end, _) = World::of(&sourcing).run(input(vec![says("2")])).await;
    assert_ne!(end, committed("handoff", Source::ClientChoice));
}

#[tokio::test]
async fn a_refused_handoff_asks_again() {
    let world = World::of(&offered()).refuses("state", RefusalCode::PickMissing);
    let (end, seen) = world.run(input(vec![says("2")])).await;
    assert_eq!(end, committed("ask_client", Source::CodedWorkflow));
    assert_eq!(seen.plans[1].decision.reasons, ["client_pick", "plan_refused", "pick_missing"]);
}

#[tokio::test]
async fn the_client_ends_it_or_gets_a_person_without_moltbot() {
    let (end, seen) = World::of(&opening()).run(input(vec![says("cancel please")])).await;
    assert_eq!(end, committed("closed", Source::CodedWorkflow));
    assert_eq!(steps(&seen.plans[0]), ["client", "state"]);
    assert_eq!(moved_to(&seen.plans[0]), Some(RequestState::Closed));
    let (end, _) =
        World::of(&opening()).run(input(vec![says("Can I talk to a person?"), says("hello")])).await;
    assert_eq!(end, committed("escalate", Source::CodedWorkflow));
}

#[tokio::test]
async fn answers_that_come_while_we_clarify_lead_back_to_sourcing() {
    let mut interrupted = opening();
    interrupted.state(RequestState::Clarifying).batch(2).offer(1, 350_000).offer(2, 300_000);
    let mut back = interrupted.clone();
    back.state(RequestState::Sourcing).request.version += 1;
    back.policies.ai_concierge_enabled = false;
    let (end, seen) = World::of(&interrupted).then(&back).run(input(vec![vendor_writes(2)])).await;
    assert_eq!(end, committed("shortlist", Source::CodedWorkflow));
    assert_eq!(seen.order[1..4], ["snapshot", "return_to_sourcing", "snapshot/sourcing"]);

    // Nobody has it, the client was asked what else would do, and a late "no" comes: that is no news.
    let mut asked = opening();
    asked.batch(2).replies_with(1, None, Availability::OutOfStock).settle();
    asked.answer("Would a copy do?").state(RequestState::Clarifying);
    let (end, seen) = World::of(&asked).run(input(vec![vendor_writes(2)])).await;
    assert_eq!(end, committed("none", Source::CodedWorkflow));
    assert_eq!(seen.plans[0].decision.reasons, ["waiting_for_client"]);
    assert_eq!(seen.order[1..], ["snapshot", "commit"]);
}

#[tokio::test]
async fn a_prescription_is_one_from_the_first_word_on() {
    let mut pack = fixture::pack();
    pack.say("I have a prescription for amoxicillin, urgent");
    let advice = json!({ "type": "ask_client", "question_text": "You have an infection; take 2 tablets twice a day.",
        "why": "advice", "state_suggestion": "clarifying" });
    let (end, seen) = World::of(&pack).answers(&advice).run(input(vec![says("urgent")])).await;
    assert_eq!(end, committed("ask_client", Source::CodedWorkflow));
    let Some(ToolCall::UpdateRequestState(update)) = seen.plans[0].calls.last().map(|call| &call.call) else {
        panic!("the state is stored")
    };
    let facts = update.facts.as_ref().unwrap();
    assert_eq!(
        facts.prescription.as_ref().map(|fact| (fact.value, fact.source)),
        Some((true, FactSource::Client))
    );
    assert!(facts.urgency.is_some());
}

#[tokio::test]
async fn a_failing_store_stops_the_turn() {
    let mut tools = MockPlanCommitter::new();
    tools.expect_call().times(1).returning(|_, _| Err(PortError("lease lost".into())));
    let brain = MockBrain::new();
    let entries: Vec<Entry> = vec![says("hi")];
    assert!(handle_inbound_message(&brain, &tools, input(entries)).await.is_err());
}

/// Vendors were asked, nobody has it, and the request waits for what comes next.
fn sourced() -> ContextPack {
    let mut pack = opening();
    pack.policies.calling.enabled = true;
    pack.answer("I am asking shops.").state(RequestState::Sourcing).batch(3).settle();
    pack
}

#[tokio::test]
async fn moltbots_wish_goes_with_the_plan_and_not_among_its_calls() {
    let mut answer = outreach(3);
    answer["calling"] = json!({ "wish": "request_consent", "party": "vendor", "trigger": null });
    let (end, seen) = World::of(&sourced()).answers(&answer).run(input(vec![wake()])).await;
    assert_eq!(end, committed("vendor_outreach_plan", Source::Moltbot));
    let plan = &seen.plans[0];
    let Some(Wish::Moltbots(wish)) = &plan.calling else { panic!("{:?}", plan.calling) };
    assert_eq!(wish.party, Some(moltbot_contract::CallParty::Vendor));
    let calls = |call: &ToolCall| matches!(call, ToolCall::RequestCallConsent(_) | ToolCall::StartCall(_));
    assert!(!plan.calls.iter().any(|planned| calls(&planned.call)), "{plan:?}");
    // The plan that takes its place is the coded workflow's: it wishes for nothing of Moltbot's.
    let world = World::of(&sourced()).answers(&answer).refuses("state", RefusalCode::StaleVersion);
    let (_, seen) = world.run(input(vec![wake()])).await;
    assert_eq!((seen.plans.len(), &seen.plans[1].calling), (2, &None));
}

#[tokio::test]
async fn a_wish_that_calling_does_not_allow_is_no_decision() {
    let mut pack = sourced();
    pack.policies.calling.enabled = false;
    let mut answer = outreach(3);
    answer["calling"] = json!({ "wish": "request_consent", "party": "client", "trigger": null });
    let (_, seen) = World::of(&pack).answers(&answer).run(input(vec![wake()])).await;
    assert_eq!(seen.plans[0].decision.verdict, Verdict::Rejected);
    assert_eq!(seen.plans[0].calling, None);
}

#[tokio::test]
async fn the_clients_call_me_is_honoured_without_asking_moltbot() {
    // Nothing else is to be told: an offer that came would be the answer's business too.
    let mut pack = sourced();
    pack.state(RequestState::Clarifying);
    let (end, seen) = World::of(&pack).run(input(vec![says("call me")])).await;
    assert_eq!(end, committed("none", Source::CodedWorkflow));
    let plan = &seen.plans[0];
    assert!(plan.calls.is_empty());
    assert_eq!(plan.calling, Some(Wish::ClientAsks));
    assert_eq!(plan.decision.reasons, ["client_asked_call"]);
}

#[tokio::test]
async fn news_of_calls_in_a_running_batch_are_for_fixed_rules() {
    let mut pack = opening();
    pack.policies.calling.enabled = true;
    pack.state(RequestState::Sourcing).batch(3);
    for (reason, wished) in
        [("silence", true), ("consent_granted", true), ("consent_denied", false), ("call_ended", false)]
    {
        let (end, seen) = World::of(&pack).run(input(vec![fixture::wake_for(reason)])).await;
        assert_eq!(end, committed("none", Source::CodedWorkflow), "{reason}");
        assert!(seen.plans[0].calls.is_empty(), "{reason}");
        assert_eq!(seen.plans[0].calling.is_some(), wished, "{reason}");
    }
}

#[tokio::test]
async fn after_news_of_calls_moltbot_asks_nothing_twice() {
    for reason in ["silence", "consent_granted", "consent_denied", "call_ended", "batch_deadline"] {
        let mut pack = sourced();
        pack.answer("Front or rear?");
        let mut ask = question();
        ask["state_suggestion"] = json!("sourcing");
        let (end, seen) = World::of(&pack).answers(&ask).run(input(vec![fixture::wake_for(reason)])).await;
        assert_eq!(end, committed("none", Source::Moltbot), "{reason}");
        let plan = &seen.plans[0];
        assert!(plan.calls.is_empty(), "{reason}");
        assert_eq!(plan.decision.reasons, ["said_already"]);
        assert_eq!(plan.decision.verdict, Verdict::Accepted);
        assert_eq!(plan.calling.is_some(), reason == "consent_granted", "what the client asked for goes on");
        // Another question is asked; and to a client who writes again, the same one.
        let mut other = ask.clone();
        other["question_text"] = json!("Which year?");
        let (_, seen) = World::of(&pack).answers(&other).run(input(vec![fixture::wake_for(reason)])).await;
        assert_eq!(sent_to_client(&seen.plans[0]), "Which year?", "{reason}");
        let (_, seen) = World::of(&pack).answers(&ask).run(input(vec![says("what?")])).await;
        assert_eq!(sent_to_client(&seen.plans[0]), "Front or rear?", "{reason}");
    }
}
