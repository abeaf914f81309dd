//! Who is called and how they are named, and people who call.

use super::*;

#[test]
fn who_cannot_be_called_has_no_permission_to_show() {
    let mut core = permitted(FaultPlan::default());
    on_call(&mut core, ASHA, OnCall::CannotBeCalled);
    let answer = post(&mut core, &connect(ASHA, "call-1"), 0);
    assert_eq!((answer.status, code(&answer)), (400, 138_001));
    assert_eq!(lookup(&mut core, ASHA, 0)["permission"]["status"], "no_permission");
    assert_eq!(lookup(&mut core, "+254700000999", 0)["permission"]["status"], "no_permission", "a stranger");
    assert!(core.calls().is_empty());
}

#[test]
fn calls_are_refused_for_their_form() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = connect(ASHA, "call-1");
        change(&mut body);
        body
    };
    let cases = [
        ("product", with(&|body| body["messaging_product"] = json!("x"))),
        ("no action", with(&|body| body["action"] = json!(null))),
        ("another action", with(&|body| body["action"] = json!("call_permissions"))),
        ("an answer", with(&|body| body["session"]["sdp_type"] = json!("answer"))),
        ("no description", with(&|body| body["session"] = json!({"sdp_type": "offer"}))),
        ("json in json", with(&|body| body["session"]["sdp"] = json!("{\"sdp\":\"v=0\"}"))),
        (
            "the legacy field",
            with(&|body| {
                body["connection"] = json!({"webrtc": {"sdp": body["session"]["sdp"]}});
                body["session"] = json!(null);
            }),
        ),
        ("long opaque data", connect(ASHA, &"i".repeat(513))),
        ("nobody", with(&|body| body["to"] = json!(null))),
    ];
    let mut core = permitted(FaultPlan::default());
    for (name, body) in cases {
        let answer = post(&mut core, &body, 0);
        assert_eq!(answer.status, 400, "{name}");
        assert!([100, 131_009].contains(&code(&answer)), "{name}: {}", answer.body);
    }
    assert!(core.calls().is_empty());
    let body = connect(ASHA, "call-1").to_string();
    for (authorization, pnid, status, expected) in
        [("Bearer wrong", PNID, 401, 190), ("Bearer token", "1", 400, 100)]
    {
        let request = SendRequest { pnid, authorization, body: body.as_bytes() };
        let answer = core.call(&request, 0);
        assert_eq!((answer.status, code(&answer)), (status, expected));
        let answer = core.call_permissions(pnid, authorization, &[], 0);
        assert_eq!((answer.status, code(&answer)), (status, expected));
    }
    assert_eq!(code(&core.call_permissions(PNID, "Bearer token", &[], 0)), 100, "about nobody");
    assert_eq!(dial(&mut core, ASHA, 0), 0);
}

#[test]
fn without_plus_somebody_else_is_called() {
    let mut config = Config::new("token", "secret", "verify", PNID, "+15550100001");
    config.seed = 3;
    let mut core = Core::new(&config);
    core.person(ASHA, "Asha");
    core.answer_permission(ASHA, PermissionAnswer::AcceptForGood, None, None, 0).unwrap();
    assert_eq!(dial(&mut core, "254700000101", 0), 138_006, "nobody by that number allowed it");
    let wrong =
        core.log().iter().any(|entry| matches!(&entry.event, LogEvent::Call(call) if call.wrong_number));
    assert!(wrong);
}

#[test]
fn hidden_numbers_are_called_by_business_scoped_id_and_never_named() {
    let mut core = permitted(FaultPlan::default());
    let bsuid = core.person_mut(ASHA).map(|person| {
        person.hides_number = true;
        person.bsuid.clone()
    });
    let mut body = connect(ASHA, "call-1");
    body.as_object_mut().unwrap().remove("to");
    body["recipient"] = json!(bsuid);
    assert_eq!(code(&post(&mut core, &body, 0)), 0);
    let plans = core.advance(HOUR);
    assert_eq!(plans.len(), 4);
    for plan in &plans {
        let text = value(plan).to_string();
        // The call's id holds the number in base64, as Meta's do.
        assert!(!text.contains("254700000101") && text.contains(bsuid.as_ref().unwrap()), "{text}");
    }
    core.answer_permission(ASHA, PermissionAnswer::Reject, None, None, HOUR).unwrap();
    let reply = value(&core.take_ready()[0]);
    assert_eq!(reply["messages"][0].get("from"), None);
    assert_eq!(reply["messages"][0]["from_user_id"], json!(bsuid));
    let query = [("recipient".to_owned(), bsuid.unwrap())];
    let state = core.call_permissions(PNID, "Bearer token", &query, HOUR).body;
    assert_eq!(state["permission"]["status"], "no_permission");
}

#[test]
fn a_person_calls() {
    let mut core = core(FaultPlan::default());
    let quiet = 2 * DAY;
    assert_eq!(code(&ask(&mut core, ASHA, quiet)), 131_047, "the window is closed");
    let id = core.call_business(ASHA, None, quiet).unwrap();
    let connect = value(&core.take_ready()[0]);
    assert_eq!(connect["calls"][0]["direction"], "USER_INITIATED");
    assert_eq!(connect["calls"][0]["session"]["sdp_type"], "offer");
    assert_eq!(
        (&connect["calls"][0]["from"], &connect["calls"][0]["to"]),
        (&json!("254700000101"), &json!("254711000001"))
    );
    assert_eq!(code(&ask(&mut core, ASHA, quiet + 1)), 0, "ringing opens the window");
    assert!(core.call_business(ASHA, None, quiet + 1).is_err(), "one at a time");

    let accept = |action: &str, sdp: &str| {
        let mut body = act(action, &id);
        body["session"] = json!({"sdp_type": "answer", "sdp": sdp});
        body
    };
    assert_eq!(code(&post(&mut core, &act("accept", &id), quiet + 2)), 100, "without a media description");
    assert_eq!(code(&post(&mut core, &accept("pre_accept", OFFER), quiet + 2)), 0);
    assert_eq!(core.calls()[0].answered_ms, None, "prepared, not picked up");
    assert_eq!(code(&post(&mut core, &accept("accept", "v=0\r\nanother"), quiet + 3)), 100);
    assert_eq!(code(&post(&mut core, &accept("accept", OFFER), quiet + 4_000)), 0);
    assert_eq!(core.calls()[0].answered_ms, Some(quiet + 4_000));
    assert_eq!(code(&ask(&mut core, ASHA, quiet + 5_000)), 0, "a connected call lets us ask anew");
    let plans = core.advance(quiet + DAY);
    assert_eq!(lines(&plans), ["terminate COMPLETED 30", "automatic accept"]);
    assert_eq!(value(&plans[1])["messages"][0]["context"]["id"], json!(id), "in answer to the call");
    assert_eq!(core.counters().connect_attempts, 0);
}

#[test]
fn a_persons_call_that_nobody_takes_ends_and_allows_a_call_back() {
    for (action, ended_ms) in [(None, 60_000), (Some("reject"), 3_000)] {
        let mut core = core(FaultPlan::default());
        let id = core.call_business(ASHA, None, 0).unwrap();
        if let Some(action) = action {
            assert_eq!(code(&post(&mut core, &act(action, &id), 3_000)), 0);
        }
        core.advance(HOUR);
        let call = &core.calls()[0];
        assert_eq!((call.ended_ms, call.answered_ms), (Some(ended_ms), None), "{action:?}");
        assert_eq!(dial(&mut core, ASHA, HOUR), 0, "{action:?}");
    }
    let mut core = core(FaultPlan::default());
    core.calling.config.callback_permission = false;
    core.call_business(ASHA, None, 0).unwrap();
    assert_eq!(lines(&core.advance(HOUR)), ["connect", "terminate COMPLETED"]);
    assert_eq!(dial(&mut core, ASHA, HOUR), 138_006);
}
