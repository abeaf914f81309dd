//! What goes wrong on the way: lost answers, and webhooks late, twice, never, and oddly shaped.

use super::*;

#[test]
fn a_lost_answer_hides_a_call_that_rings() {
    let whole = ["connect", "RINGING", "ACCEPTED", "terminate COMPLETED 30"];
    let cases = [
        (SendFault::HoldAnswer, 200, AnswerFate::Held, true),
        (SendFault::CloseConnection, 200, AnswerFate::Closed, true),
        (SendFault::ServerErrorAfterAccepting, 500, AnswerFate::ServerError, true),
        (SendFault::SlowAnswer { ms: 250 }, 200, AnswerFate::Given, true),
        (SendFault::ServerErrorBeforeAccepting, 500, AnswerFate::ServerError, false),
        (SendFault::Refuse { code: 138_002 }, 429, AnswerFate::Given, false),
        (SendFault::Refuse { code: 138_004 }, 500, AnswerFate::Given, false),
        (SendFault::Refuse { code: 138_006 }, 401, AnswerFate::Given, false),
    ];
    for (fault, status, fate, placed) in cases {
        let mut core =
            permitted(FaultPlan::default().call(CallAction::Connect, Target::all().first(1), fault));
        let answer = post(&mut core, &connect(ASHA, "call-1"), 0);
        assert_eq!((answer.status, answer.fate), (status, fate), "{fault:?}");
        assert_eq!(answer.after_ms, if fault == (SendFault::SlowAnswer { ms: 250 }) { 250 } else { 0 });
        let plans = core.advance(HOUR);
        let expected: &[&str] = if placed { &whole } else { &[] };
        assert_eq!(lines(&plans), expected, "{fault:?}");
        for plan in &plans {
            let value = value(plan);
            let echoed = value.pointer("/calls/0").or_else(|| value.pointer("/statuses/0")).unwrap();
            assert_eq!(echoed["biz_opaque_callback_data"], "call-1", "{fault:?}");
        }
        let LogEvent::Call(attempt) =
            &core.log().iter().rfind(|e| matches!(e.event, LogEvent::Call(_))).unwrap().event
        else {
            unreachable!()
        };
        assert_eq!((attempt.outcome == CallVerdict::Taken, attempt.answered), (placed, fate), "{fault:?}");
        assert_eq!(
            (core.counters().connects_accepted, core.calls().len()),
            (u64::from(placed), usize::from(placed))
        );
        assert_eq!(dial(&mut core, ASHA, HOUR), 0, "{fault:?}: the first alone");
        assert_eq!(core.connects_per_intent()["call-1"], 2);
    }
}

#[test]
fn a_call_may_fail_after_it_was_placed() {
    let fault = SendFault::FailLater { code: 138_020 };
    let mut core = permitted(FaultPlan::default().call(CallAction::Connect, Target::all(), fault));
    assert_eq!(dial(&mut core, ASHA, 0), 0);
    assert_eq!(lines(&core.advance(HOUR)), ["terminate FAILED 138020"]);
    assert_eq!(core.calls()[0].end, Some(CallEnd::Failed { code: 138_020 }));
}

#[test]
fn faults_strike_the_action_they_name_and_count_it_alone() {
    let plan = FaultPlan::default()
        .call(CallAction::Terminate, Target::all().first(1), SendFault::ServerErrorBeforeAccepting)
        .call(CallAction::Lookup, Target::all().nth(2), SendFault::Refuse { code: 613 });
    let mut core = permitted(plan);
    let id = wacid(&post(&mut core, &connect(ASHA, "call-1"), 0));
    let query = [("user_wa_id".to_owned(), "254700000101".to_owned())];
    let statuses: Vec<u16> =
        (0..3).map(|_| core.call_permissions(PNID, "Bearer token", &query, 0).status).collect();
    assert_eq!(statuses, [200, 429, 200]);
    let ended: Vec<u16> = (0..3).map(|_| post(&mut core, &act("terminate", &id), 3_000).status).collect();
    assert_eq!(ended, [500, 200, 400], "lost, done, over already");
    assert_eq!(core.calls()[0].ended_ms, Some(3_000));
    assert_eq!(core.counters().permission_lookups, 3);
}

#[test]
fn webhooks_of_calls_come_late_twice_or_never() {
    let plan = FaultPlan::default()
        .webhook(
            Target::all().kind(WebhookKind::CallConnect),
            WebhookFault::Postpone { clock_ms: 2 * MINUTE },
        )
        .webhook(
            Target::all().kind(WebhookKind::CallStatus).nth(1),
            WebhookFault::Duplicate { copies: 2, concurrent: true },
        )
        .webhook(Target::all().kind(WebhookKind::CallStatus).nth(2), WebhookFault::Lose)
        .webhook(Target::all().kind(WebhookKind::CallEnd), WebhookFault::Delay { ms: 30 });
    let mut core = permitted(plan);
    assert_eq!(dial(&mut core, ASHA, 0), 0);
    let plans = core.advance(2 * MINUTE);
    assert_eq!(lines(&plans), ["RINGING", "ACCEPTED", "terminate COMPLETED 30"]);
    let ways: Vec<_> = plans.iter().map(|plan| (plan.copies, plan.lost, plan.after_ms)).collect();
    assert_eq!(ways, [(2, false, 0), (0, true, 0), (0, false, 30)]);
    assert_eq!(core.counters().pending, 1, "the connect is still to come");
    let late = core.advance(2 * MINUTE + 1_000);
    assert_eq!(lines(&late), ["connect"], "after the end");
    assert_eq!(value(&late[0])["calls"][0]["timestamp"], "1", "with the time of when it happened");
    assert_eq!(core.counters().pending, 0);
}

#[test]
fn a_late_word_may_overtake_an_earlier_one() {
    let plan = FaultPlan::default().webhook(
        Target::all().kind(WebhookKind::Permission).nth(1),
        WebhookFault::Postpone { clock_ms: HOUR },
    );
    let mut core = core(plan);
    core.answer_permission(ASHA, PermissionAnswer::Accept, None, None, 1_000).unwrap();
    core.answer_permission(ASHA, PermissionAnswer::Reject, None, None, 2_000).unwrap();
    assert_eq!(lines(&core.take_ready()), ["user_action reject"]);
    assert_eq!(lines(&core.advance(2 * HOUR)), ["user_action accept"], "older than the no before it");
}

#[test]
fn odd_shapes_are_those_of_metas_samples() {
    let odd = |oddity: Oddity, kind: WebhookKind| {
        let plan = FaultPlan::default().webhook(Target::all().kind(kind), WebhookFault::Odd(oddity));
        let mut core = permitted(plan);
        assert_eq!(dial(&mut core, ASHA, 0), 0);
        core.answer_permission(ASHA, PermissionAnswer::Accept, None, None, 0).unwrap();
        let plan = core.advance(HOUR).into_iter().find(|plan| plan.kind == kind).unwrap();
        assert_eq!(plan.signature, crate::sign("secret", &plan.body), "signed as it is sent");
        value(&plan)
    };
    let end = WebhookKind::CallEnd;
    assert_eq!(odd(Oddity::MixedCaseStatus, end)["calls"][0]["status"], "Completed");
    assert_eq!(odd(Oddity::MixedCaseStatus, WebhookKind::CallStatus)["statuses"][0]["status"], "Ringing");
    assert_eq!(odd(Oddity::StatusArray, end)["calls"][0]["status"], json!(["COMPLETED"]));
    let swapped = odd(Oddity::SwapFromTo, WebhookKind::CallConnect);
    assert_eq!(
        (&swapped["calls"][0]["from"], &swapped["calls"][0]["to"]),
        (&json!("254700000101"), &json!("254711000001"))
    );
    let nobody = odd(Oddity::NoFromTo, WebhookKind::CallConnect);
    assert_eq!((nobody["calls"][0].get("from"), nobody["calls"][0].get("to")), (None, None));
    let numbers = odd(Oddity::NumericTimes, WebhookKind::Permission);
    let reply = &numbers["messages"][0]["interactive"]["call_permission_reply"];
    assert_eq!(
        (&reply["expiration_timestamp"], &numbers["messages"][0]["timestamp"]),
        (&json!(604_800), &json!(0))
    );
    assert_eq!(odd(Oddity::NumericTimes, end)["calls"][0]["start_time"], json!(5));
    assert_eq!(odd(Oddity::NoType, WebhookKind::Permission)["messages"][0].get("type"), None);
    let actpass = odd(Oddity::ActpassAnswer, WebhookKind::CallConnect);
    assert!(actpass["calls"][0]["session"]["sdp"].as_str().unwrap().contains("a=setup:actpass"));
}

#[test]
fn the_same_seed_gives_the_same_calls() {
    let play = || {
        let plan = FaultPlan::default().webhook(Target::all(), WebhookFault::Reorder { window_ms: 1_000 });
        let mut core = permitted(plan);
        dial(&mut core, ASHA, 0);
        dial(&mut core, BARAKA, 0);
        core.advance(HOUR)
    };
    assert_eq!(play(), play());
    let moments: Vec<_> = play().iter().map(|plan| plan.after_ms).collect();
    assert!(!moments.is_sorted(), "{moments:?}");
}
