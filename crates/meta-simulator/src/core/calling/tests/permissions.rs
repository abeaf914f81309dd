//! Limits, each at its boundary, and what is said about permissions.

use super::*;

fn accept(core: &mut Core, card: &str, now: i64) {
    core.answer_permission(ASHA, PermissionAnswer::Accept, Some(card), None, now).unwrap();
}

/// Asks, and the card arrives; 138009 and the like come back.
fn try_ask(core: &mut Core, now: i64) -> u64 {
    // The window is not what is tested here.
    let said = Said::Text("hello".into());
    core.say(&Saying { phone: ASHA.into(), to_pnid: None, quoting: None, said }, now).unwrap();
    let answer = ask(core, ASHA, now);
    if answer.status == 200 {
        arrive(core, &answer, now);
    }
    code(&answer)
}

#[test]
fn a_call_needs_permission_and_the_refusal_is_a_401() {
    let mut core = core(FaultPlan::default());
    let answer = post(&mut core, &connect(ASHA, "call-1"), 0);
    assert_eq!((answer.status, code(&answer)), (401, 138_006));
    assert!(core.calls().is_empty() && core.take_ready().is_empty());
    assert_eq!(core.counters().connects_accepted, 0, "no phone rang");
    core.answer_permission(ASHA, PermissionAnswer::Accept, None, Some(OTHER_PNID), 0).unwrap();
    assert_eq!(dial(&mut core, ASHA, 0), 138_006, "allowed to another number");
}

#[test]
fn a_temporary_permission_runs_out_after_168_hours_without_a_word() {
    let mut core = core(FaultPlan::default());
    on_call(&mut core, ASHA, OnCall::Decline { after_ms: 2_000 });
    let card = ask(&mut core, ASHA, 0);
    let card = arrive(&mut core, &card, 0);
    accept(&mut core, &card, HOUR);
    core.take_ready();
    let end = HOUR + 168 * HOUR;
    for (now, expected, status) in [
        (HOUR, 0, "temporary"),
        (end - 1, 0, "temporary"),
        (end, 138_006, "no_permission"),
        (end + DAY, 138_006, "no_permission"),
    ] {
        let state = lookup(&mut core, ASHA, now);
        assert_eq!(state["permission"]["status"], status, "{now}");
        assert_eq!(state["actions"][1]["can_perform_action"], json!(expected == 0), "{now}");
        assert_eq!(dial(&mut core, ASHA, now), expected, "{now}");
        core.advance(now + MINUTE);
    }
    let replies = core.log().iter().filter(|entry| matches!(entry.event, LogEvent::Permission(_))).count();
    assert_eq!(replies, 1, "its end is silent");
}

#[test]
fn one_request_in_24_hours_and_two_in_7_days() {
    let mut core = core(FaultPlan::default());
    let steps = [
        (0, 0),
        (1, 138_009),
        (DAY - 1, 138_009),
        (DAY, 0),
        (2 * DAY, 138_009),
        (7 * DAY - 1, 138_009),
        (7 * DAY, 0),
        (8 * DAY - 1, 138_009),
        (8 * DAY, 0),
        (14 * DAY - 1, 138_009),
        (14 * DAY, 0),
    ];
    for (now, expected) in steps {
        assert_eq!(try_ask(&mut core, now), expected, "{now}");
    }
    assert_eq!(core.counters().permission_requests, 5, "a refused one does not count");
}

#[test]
fn both_kinds_of_request_count_together_and_a_template_needs_no_window() {
    let mut core = core(FaultPlan::default());
    let late = 3 * DAY;
    assert_eq!(code(&ask(&mut core, ASHA, late)), 131_047);
    let answer = ask_by_template(&mut core, ASHA, late);
    let card = arrive(&mut core, &answer, late);
    let delivered = core.inbox(ASHA).last().unwrap();
    assert_eq!(
        (delivered.kind, delivered.text.as_str()),
        (MessageKind::CallPermissionRequest, "May we call you about order 7?")
    );
    assert_eq!(code(&ask_by_template(&mut core, ASHA, late + 1)), 138_009);
    assert_eq!(try_ask(&mut core, late + 1), 138_009);
    assert_eq!(code(&ask_by_template(&mut core, BARAKA, late + 1)), 0, "of each person");
    accept(&mut core, &card, late + HOUR);
    assert_eq!(dial(&mut core, ASHA, late + HOUR), 0);
}

#[test]
fn a_connected_call_resets_the_requests_and_a_missed_one_does_not() {
    for (habit, expected) in [
        (OnCall::Answer { after_ms: 5_000, talk_ms: 1_000 }, 0),
        (OnCall::LetRing, 138_009),
        (OnCall::Break { after_ms: 5_000, talk_ms: 0, code: 138_023 }, 138_009),
    ] {
        let mut core = core(FaultPlan::default());
        assert_eq!(try_ask(&mut core, 0), 0);
        core.answer_permission(ASHA, PermissionAnswer::Accept, None, None, 1).unwrap();
        on_call(&mut core, ASHA, habit);
        assert_eq!(dial(&mut core, ASHA, 2), 0);
        core.advance(HOUR);
        assert_eq!(try_ask(&mut core, HOUR), expected, "{habit:?}");
    }
}

#[test]
fn a_permission_for_good_needs_no_request_and_ends_by_a_word() {
    let mut core = core(FaultPlan::default());
    let card = ask(&mut core, ASHA, 0);
    let card = arrive(&mut core, &card, 0);
    core.answer_permission(ASHA, PermissionAnswer::AcceptForGood, Some(&card), None, 1).unwrap();
    let much_later = 400 * DAY;
    let answer = ask_by_template(&mut core, ASHA, much_later);
    assert_eq!((answer.status, code(&answer)), (400, 138_017));
    let state = lookup(&mut core, ASHA, much_later);
    assert_eq!(state["permission"], json!({"status": "permanent"}));
    assert_eq!(state["actions"][0]["can_perform_action"], json!(false));
    assert_eq!(dial(&mut core, ASHA, much_later), 0);
    core.advance(much_later + HOUR);
    core.answer_permission(ASHA, PermissionAnswer::Reject, None, None, much_later + HOUR).unwrap();
    assert_eq!(dial(&mut core, ASHA, much_later + HOUR), 138_006);
    assert_eq!(code(&ask_by_template(&mut core, ASHA, much_later + HOUR)), 0);
}

#[test]
fn a_hundred_connected_calls_in_24_hours() {
    let mut core = permitted(FaultPlan::default());
    on_call(&mut core, ASHA, OnCall::Answer { after_ms: 5_000, talk_ms: 1_000 });
    for n in 0..100 {
        assert_eq!(dial(&mut core, ASHA, n * MINUTE), 0, "{n}");
    }
    let now = 100 * MINUTE;
    let answer = post(&mut core, &connect(ASHA, "call-1"), now);
    assert_eq!((answer.status, code(&answer)), (400, 138_012));
    // The first was picked up at 5 s.
    let details = answer.body["error"]["error_data"]["details"].as_str().unwrap();
    assert!(details.contains(&(24 * 3_600 + 5).to_string()), "{details}");
    let start_call = lookup(&mut core, ASHA, now)["actions"][1].clone();
    assert_eq!(start_call["can_perform_action"], json!(false));
    assert_eq!(start_call["limits"][0]["current_usage"], json!(100));
    assert_eq!(start_call["limits"][0]["limit_expiration_time"], json!(24 * 3_600 + 5));
    assert_eq!(dial(&mut core, ASHA, DAY + 4_999), 138_012);
    assert_eq!(dial(&mut core, ASHA, DAY + 5_000), 0);
}

#[test]
fn four_misses_in_a_row_take_the_permission_back() {
    let mut core = permitted(FaultPlan::default());
    let mut now = 0;
    let mut call = |core: &mut Core, habit: OnCall| {
        on_call(core, ASHA, habit);
        now += HOUR;
        assert_eq!(dial(core, ASHA, now), 0, "{habit:?}");
        lines(&core.advance(now + 2 * MINUTE))
    };
    let miss = |core: &mut Core, call: &mut dyn FnMut(&mut Core, OnCall) -> Vec<String>, habit| {
        assert_eq!(call(core, habit).last().unwrap(), "terminate COMPLETED", "{habit:?}");
    };
    for habit in [OnCall::LetRing, OnCall::Decline { after_ms: 3_000 }, OnCall::SwitchedOff] {
        miss(&mut core, &mut call, habit);
    }
    call(&mut core, OnCall::Answer { after_ms: 5_000, talk_ms: 1_000 });
    for habit in [OnCall::LetRing, OnCall::LetRing, OnCall::LetRing] {
        miss(&mut core, &mut call, habit);
    }
    call(&mut core, OnCall::Break { after_ms: 5_000, talk_ms: 0, code: 138_023 });
    let webhooks = call(&mut core, OnCall::Decline { after_ms: 3_000 });
    assert_eq!(
        webhooks[2..],
        ["REJECTED", "terminate COMPLETED", "automatic reject"],
        "the fourth since the answer"
    );
    assert_eq!(dial(&mut core, ASHA, 40 * HOUR), 138_006);
    assert_eq!(dial(&mut core, BARAKA, 40 * HOUR), 0, "nobody else's");
    core.answer_permission(ASHA, PermissionAnswer::Accept, None, None, 40 * HOUR).unwrap();
    on_call(&mut core, ASHA, OnCall::LetRing);
    assert_eq!(dial(&mut core, ASHA, 41 * HOUR), 0);
    core.advance(42 * HOUR);
    assert_eq!(dial(&mut core, ASHA, 42 * HOUR), 0, "counted anew");
}

#[test]
fn a_call_that_we_give_up_is_a_miss() {
    let mut core = permitted(FaultPlan::default());
    for n in 1..=4 {
        let id = wacid(&post(&mut core, &connect(ASHA, "call-1"), n * HOUR));
        assert_eq!(code(&post(&mut core, &act("terminate", &id), n * HOUR + 1_500)), 0);
    }
    assert_eq!(lines(&core.take_ready()).last().unwrap(), "automatic reject");
}

#[test]
fn nothing_works_where_calling_is_switched_off() {
    let mut core = permitted(FaultPlan::default());
    core.answer_permission(ASHA, PermissionAnswer::Reject, None, None, 0).unwrap();
    core.set_calling(Some(PNID), false);
    let answer = post(&mut core, &connect(BARAKA, "call-1"), 0);
    assert_eq!((answer.status, code(&answer)), (401, 138_000));
    assert_eq!(code(&ask(&mut core, ASHA, 0)), 138_000);
    let query = [("user_wa_id".to_owned(), "254700000101".to_owned())];
    let looked_up = core.call_permissions(PNID, "Bearer token", &query, 0);
    assert_eq!((looked_up.status, code(&looked_up)), (401, 138_000));
    assert_eq!(
        code(&post_to(&mut core, OTHER_PNID, &connect(BARAKA, "call-1"), 0)),
        0,
        "the other number is on"
    );
    core.set_calling(None, true);
    assert_eq!(dial(&mut core, BARAKA, 0), 0);
}

#[test]
fn cards_can_be_answered_until_they_lapse() {
    let mut core = core(FaultPlan::default());
    let first = ask(&mut core, ASHA, 0);
    let first = arrive(&mut core, &first, 0);
    let answer = |core: &mut Core, card: &str, answer, now| {
        core.answer_permission(ASHA, answer, Some(card), None, now).is_ok()
    };
    assert!(!answer(&mut core, "wamid.X", PermissionAnswer::Accept, 0), "no such card");
    assert!(
        core.answer_permission(BARAKA, PermissionAnswer::Accept, Some(&first), None, 0).is_err(),
        "not theirs"
    );
    assert!(answer(&mut core, &first, PermissionAnswer::Accept, HOUR));
    assert!(answer(&mut core, &first, PermissionAnswer::Reject, 2 * HOUR), "changes their mind");
    assert_eq!(dial(&mut core, ASHA, 2 * HOUR), 138_006);
    assert!(answer(&mut core, &first, PermissionAnswer::Accept, DAY));
    let second = ask_by_template(&mut core, ASHA, DAY);
    let second = arrive(&mut core, &second, DAY);
    assert!(
        answer(&mut core, &first, PermissionAnswer::Reject, 2 * DAY),
        "the newer one is not answered yet"
    );
    assert!(answer(&mut core, &second, PermissionAnswer::Accept, 2 * DAY));
    assert!(!answer(&mut core, &first, PermissionAnswer::Reject, 2 * DAY), "lapsed by the newer one");
    assert!(answer(&mut core, &second, PermissionAnswer::Accept, 9 * DAY - 1), "7 days after the answer");
    assert!(!answer(&mut core, &second, PermissionAnswer::Accept, 16 * DAY - 1));

    let third = ask_by_template(&mut core, BARAKA, 0);
    let third = arrive(&mut core, &third, 0);
    let by_baraka = |core: &mut Core, now| {
        core.answer_permission(BARAKA, PermissionAnswer::Accept, Some(&third), None, now).is_ok()
    };
    assert!(!by_baraka(&mut core, 7 * DAY), "7 days after delivery without an answer");
    assert!(by_baraka(&mut core, 7 * DAY - 1));
}

#[test]
fn people_answer_cards_as_they_are_told() {
    for (habit, expected) in [
        (OnCard::Ignore, vec![]),
        (OnCard::Accept { after_ms: 3_000, for_good: false }, vec!["user_action accept"]),
        (OnCard::Accept { after_ms: 3_000, for_good: true }, vec!["user_action accept"]),
        (OnCard::Decline { after_ms: 3_000 }, vec!["user_action reject"]),
    ] {
        let mut core = core(FaultPlan::default());
        core.person_mut(ASHA).unwrap().on_card = habit;
        let card = ask(&mut core, ASHA, 0);
        arrive(&mut core, &card, 500);
        assert!(core.advance(3_499).is_empty(), "{habit:?}");
        assert_eq!(lines(&core.advance(3_500)), expected, "{habit:?}");
    }
}

#[test]
fn replies_come_in_every_shape_of_metas_table() {
    let mut core = core(FaultPlan::default());
    let at = 1_790_000_100 * SECOND;
    let card = ask_by_template(&mut core, ASHA, at);
    let card = arrive(&mut core, &card, at);
    let mut shapes = Vec::new();
    let mut shape = |core: &mut Core, name: &str| {
        let plan = core.take_ready().pop().unwrap();
        let message = &value(&plan)["messages"][0];
        let reply = message.pointer("/interactive/call_permission_reply").unwrap();
        let context = message
            .pointer("/context/id")
            .map_or("none", |id| if id.as_str().unwrap().starts_with("wacid.") { "wacid" } else { "wamid" });
        assert_eq!((plan.kind, &message["type"]), (WebhookKind::Permission, &json!("interactive")));
        shapes.push(format!("{name}: {reply} context {context}"));
    };
    for (name, answer, with_card) in [
        ("temporary", PermissionAnswer::Accept, true),
        ("permanent", PermissionAnswer::AcceptForGood, true),
        ("declined", PermissionAnswer::Reject, true),
        ("permanent in the profile", PermissionAnswer::AcceptForGood, false),
        ("withdrawn in the profile", PermissionAnswer::Reject, false),
    ] {
        core.answer_permission(ASHA, answer, with_card.then_some(card.as_str()), None, at).unwrap();
        shape(&mut core, name);
    }
    core.call_business(ASHA, None, at).unwrap();
    core.advance_before(at + MINUTE);
    shape(&mut core, "after their call");
    on_call(&mut core, ASHA, OnCall::LetRing);
    for n in 1..=4 {
        assert_eq!(dial(&mut core, ASHA, at + n * HOUR), 0);
    }
    core.advance_before(at + 5 * HOUR);
    shape(&mut core, "after four misses");
    insta::assert_snapshot!(shapes.join("\n"), @r#"
    temporary: {"expiration_timestamp":"1790604900","is_permanent":false,"response":"accept","response_source":"user_action"} context wamid
    permanent: {"is_permanent":true,"response":"accept","response_source":"user_action"} context wamid
    declined: {"response":"reject","response_source":"user_action"} context wamid
    permanent in the profile: {"is_permanent":true,"response":"accept","response_source":"user_action"} context none
    withdrawn in the profile: {"response":"reject","response_source":"user_action"} context none
    after their call: {"expiration_timestamp":"1790604960","is_permanent":false,"response":"accept","response_source":"automatic"} context wacid
    after four misses: {"response":"reject","response_source":"automatic"} context none
    "#);
}

/// Every key that a sample of Meta's has, ours has; more is allowed.
#[test]
fn webhooks_have_the_parts_of_metas_samples() {
    fn paths(value: &Value, at: &str, into: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (key, field) in fields {
                    into.push(format!("{at}/{key}"));
                    paths(field, &format!("{at}/{key}"), into);
                }
            }
            Value::Array(list) => list.iter().take(1).for_each(|item| paths(item, at, into)),
            _ => {}
        }
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/meta-webhooks");
    let sample = |file: &str| -> Value {
        let text = std::fs::read_to_string(format!("{folder}/{file}.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["entry"][0]["changes"][0]["value"].clone()
    };
    let call = |habit: OnCall| {
        let mut core = permitted(FaultPlan::default());
        on_call(&mut core, ASHA, habit);
        dial(&mut core, ASHA, 0);
        core.advance(HOUR)
    };
    let answered = call(OnCall::default());
    let declined = call(OnCall::Decline { after_ms: 3_000 });
    let broken = call(OnCall::Break { after_ms: 3_000, talk_ms: 0, code: 138_021 });
    let mut core = core(FaultPlan::default());
    let card = ask(&mut core, ASHA, 0);
    let card = arrive(&mut core, &card, 0);
    accept(&mut core, &card, 1);
    core.answer_permission(ASHA, PermissionAnswer::Reject, None, None, 2).unwrap();
    let replies = core.take_ready();
    let cases = [
        ("call_01_bic_connect_answer_active", &answered[0]),
        ("call_03_status_ringing", &answered[1]),
        ("call_04_status_accepted", &answered[2]),
        ("call_06_terminate_completed_answered", &answered[3]),
        ("call_05_status_rejected", &declined[2]),
        ("call_07_terminate_completed_unanswered", &declined[3]),
        ("call_08_terminate_failed_with_error", &broken[3]),
        ("perm_01_accept_temporary_string_exp", &replies[0]),
        ("perm_11_reject_user_no_context", &replies[1]),
    ];
    for (file, plan) in cases {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        paths(&sample(file), "", &mut theirs);
        paths(&value(plan), "", &mut ours);
        let missing: Vec<_> = theirs.iter().filter(|path| !ours.contains(path)).collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
        let times = ["/calls/start_time", "/calls/duration", "/messages/context"];
        let invented: Vec<_> = times
            .iter()
            .filter(|path| ours.iter().any(|our| our == *path) && !theirs.iter().any(|their| their == *path))
            .collect();
        assert!(invented.is_empty(), "{file}: {invented:?}");
    }
}
