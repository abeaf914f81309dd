mod faults;
mod people;
mod permissions;

use serde_json::{Value, json};

use super::{super::*, *};

const PNID: &str = "300000000000001";
const OTHER_PNID: &str = "300000000000002";
const ASHA: &str = "+254700000101";
const BARAKA: &str = "+254700000102";
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\n";

/// Asha and Baraka, who have written at 0.
fn core(faults: FaultPlan) -> Core {
    let mut config = Config::new("token", "secret", "verify", PNID, "+254711000001");
    let second =
        BusinessNumber { phone_number_id: OTHER_PNID.into(), display_number: "+254711000002".into() };
    config.numbers.push(second);
    config.faults = faults;
    config
        .templates
        .push(Template::new("may_we_call", "en", "May we call you about {{1}}?").asking_to_call());
    let mut core = Core::new(&config);
    for (phone, name) in [(ASHA, "Asha"), (BARAKA, "Baraka")] {
        core.person(phone, name);
        let said = Said::Text("hello".into());
        core.say(&Saying { phone: phone.into(), to_pnid: None, quoting: None, said }, 0).unwrap();
    }
    core
}

/// The same, and both allow calls for good.
fn permitted(faults: FaultPlan) -> Core {
    let mut core = core(faults);
    for phone in [ASHA, BARAKA] {
        for pnid in [PNID, OTHER_PNID] {
            core.answer_permission(phone, PermissionAnswer::AcceptForGood, None, Some(pnid), 0).unwrap();
        }
    }
    core.take_ready();
    core
}

fn on_call(core: &mut Core, phone: &str, habit: OnCall) {
    core.person_mut(phone).unwrap().on_call = habit;
}

fn post_to(core: &mut Core, pnid: &str, body: &Value, now: i64) -> Answer {
    let body = body.to_string();
    core.call(&SendRequest { pnid, authorization: "Bearer token", body: body.as_bytes() }, now)
}

fn post(core: &mut Core, body: &Value, now: i64) -> Answer {
    post_to(core, PNID, body, now)
}

fn connect(to: &str, intent: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": to, "action": "connect",
        "session": {"sdp_type": "offer", "sdp": OFFER}, "biz_opaque_callback_data": intent})
}

fn act(action: &str, wacid: &str) -> Value {
    json!({"messaging_product": "whatsapp", "action": action, "call_id": wacid})
}

fn dial(core: &mut Core, to: &str, now: i64) -> u64 {
    code(&post(core, &connect(to, "call-1"), now))
}

fn send(core: &mut Core, body: &Value, now: i64) -> Answer {
    let body = body.to_string();
    core.send(&SendRequest { pnid: PNID, authorization: "Bearer token", body: body.as_bytes() }, now)
}

fn ask(core: &mut Core, to: &str, now: i64) -> Answer {
    let body = json!({"messaging_product": "whatsapp", "to": to, "type": "interactive",
        "interactive": {"type": "call_permission_request", "action": {"name": "call_permission_request"},
            "body": {"text": "May we call you?"}}, "biz_opaque_callback_data": "ask-1"});
    send(core, &body, now)
}

fn ask_by_template(core: &mut Core, to: &str, now: i64) -> Answer {
    let body = json!({"messaging_product": "whatsapp", "to": to, "type": "template",
        "template": {"name": "may_we_call", "language": {"code": "en"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "order 7"}]}]}});
    send(core, &body, now)
}

/// The card arrives at once; its id.
fn arrive(core: &mut Core, answer: &Answer, now: i64) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    for later in &answer.scheduled {
        core.happen(&later.event, now);
    }
    answer.body["messages"][0]["id"].as_str().unwrap().to_owned()
}

fn code(answer: &Answer) -> u64 {
    answer.body.pointer("/error/code").map_or(0, |code| code.as_u64().unwrap())
}

fn wacid(answer: &Answer) -> String {
    answer.body.pointer("/calls/0/id").unwrap().as_str().unwrap().to_owned()
}

fn value(plan: &WebhookPlan) -> Value {
    let body: Value = serde_json::from_slice(&plan.body).unwrap();
    body["entry"][0]["changes"][0]["value"].clone()
}

/// A webhook in a word or two.
fn line(plan: &WebhookPlan) -> String {
    let value = value(plan);
    if let Some(reply) = value.pointer("/messages/0/interactive/call_permission_reply") {
        return format!(
            "{} {}",
            reply["response_source"].as_str().unwrap(),
            reply["response"].as_str().unwrap()
        );
    }
    if let Some(status) = value.pointer("/statuses/0/status") {
        return status.as_str().map_or_else(|| status.to_string(), str::to_owned);
    }
    let call = &value["calls"][0];
    let mut line = call["event"].as_str().unwrap().to_owned();
    for part in ["status", "duration"] {
        if let Some(part) = call.get(part) {
            line = format!("{line} {}", part.as_str().map_or_else(|| part.to_string(), str::to_owned));
        }
    }
    value.pointer("/errors/0/code").map_or_else(|| line.clone(), |code| format!("{line} {code}"))
}

fn lines(plans: &[WebhookPlan]) -> Vec<String> {
    plans.iter().map(line).collect()
}

fn lookup(core: &mut Core, phone: &str, now: i64) -> Value {
    let query = [("user_wa_id".to_owned(), crate::phone::digits(phone))];
    core.call_permissions(PNID, "Bearer token", &query, now).body
}

#[test]
fn an_answered_call_from_beginning_to_end() {
    let mut core = permitted(FaultPlan::default());
    let answer = post(&mut core, &connect(ASHA, "call-1"), MINUTE);
    assert_eq!(answer.status, 200);
    let id = wacid(&answer);
    assert_eq!(answer.body, json!({"messaging_product": "whatsapp", "calls": [{"id": id}]}));
    assert!(id.starts_with("wacid.") && answer.scheduled.is_empty());
    let steps = [
        (999, vec![]),
        (1_000, vec!["connect"]),
        (1_999, vec![]),
        (2_000, vec!["RINGING"]),
        (4_999, vec![]),
        (5_000, vec!["ACCEPTED"]),
        (34_999, vec![]),
        (35_000, vec!["terminate COMPLETED 30"]),
        (HOUR, vec![]),
    ];
    let mut webhooks = Vec::new();
    for (after_ms, expected) in steps {
        let plans = core.advance(MINUTE + after_ms);
        assert_eq!(lines(&plans), expected, "{after_ms}");
        webhooks.extend(plans);
    }
    assert_eq!(core.next_due_ms(), None);
    let call = &core.calls()[0];
    let times = (call.placed_ms, call.rang_ms, call.answered_ms, call.ended_ms);
    assert_eq!(times, (60_000, Some(62_000), Some(65_000), Some(95_000)));
    assert_eq!((call.end, call.declined), (Some(CallEnd::Completed), false));
    for plan in &webhooks {
        assert_eq!(plan.signature, crate::sign("secret", &plan.body));
        let body: Value = serde_json::from_slice(&plan.body).unwrap();
        assert_eq!(body["entry"][0]["changes"][0]["field"], "calls");
    }
    insta::assert_json_snapshot!(value(&webhooks[3]), @r#"
    {
      "calls": [
        {
          "biz_opaque_callback_data": "call-1",
          "direction": "BUSINESS_INITIATED",
          "duration": 30,
          "end_time": "95",
          "event": "terminate",
          "from": "254711000001",
          "id": "wacid.HBgMMjU0NzAwMDAwMTAxFQIAFBgURjc1RDgwNkJBRjUwNDIyMDcwRUQA",
          "start_time": "65",
          "status": "COMPLETED",
          "timestamp": "95",
          "to": "254700000101",
          "to_user_id": "KE.07936282082899516613"
        }
      ],
      "contacts": [
        {
          "profile": {
            "name": "Asha"
          },
          "user_id": "KE.07936282082899516613",
          "wa_id": "254700000101"
        }
      ],
      "messaging_product": "whatsapp",
      "metadata": {
        "display_phone_number": "254711000001",
        "phone_number_id": "300000000000001"
      }
    }
    "#);
    insta::assert_json_snapshot!(value(&webhooks[1])["statuses"][0], @r#"
    {
      "biz_opaque_callback_data": "call-1",
      "id": "wacid.HBgMMjU0NzAwMDAwMTAxFQIAFBgURjc1RDgwNkJBRjUwNDIyMDcwRUQA",
      "recipient_id": "254700000101",
      "recipient_user_id": "KE.07936282082899516613",
      "status": "RINGING",
      "timestamp": "62",
      "type": "call"
    }
    "#);
    let session = &value(&webhooks[0])["calls"][0]["session"];
    assert_eq!(session["sdp_type"], "answer");
    let sdp = session["sdp"].as_str().unwrap();
    assert!(sdp.ends_with("\r\n") && sdp.contains("\r\na=setup:active\r\n"), "{sdp}");
    assert!(sdp.lines().count() == sdp.matches("\r\n").count(), "every line ends as the standard asks");
}

#[test]
fn people_do_as_they_are_told() {
    let whole = ["connect", "RINGING"];
    let cases: Vec<(OnCall, Vec<&str>, i64)> = vec![
        (
            OnCall::Decline { after_ms: 4_000 },
            [&whole[..], &["REJECTED", "terminate COMPLETED"]].concat(),
            4_000,
        ),
        (OnCall::LetRing, [&whole[..], &["terminate COMPLETED"]].concat(), 60_000),
        (OnCall::SwitchedOff, vec!["connect", "terminate COMPLETED"], 60_000),
        (
            OnCall::Answer { after_ms: 0, talk_ms: 0 },
            [&whole[..], &["ACCEPTED", "terminate COMPLETED 0"]].concat(),
            2_000,
        ),
        (
            OnCall::Answer { after_ms: 60_000, talk_ms: 9_000 },
            [&whole[..], &["ACCEPTED", "terminate COMPLETED 9"]].concat(),
            69_000,
        ),
        (
            OnCall::Answer { after_ms: 60_001, talk_ms: 9_000 },
            [&whole[..], &["terminate COMPLETED"]].concat(),
            60_000,
        ),
        (
            OnCall::Break { after_ms: 5_000, talk_ms: 7_000, code: 138_021 },
            [&whole[..], &["ACCEPTED", "terminate FAILED 7 138021"]].concat(),
            12_000,
        ),
        (
            OnCall::Break { after_ms: 5_000, talk_ms: 0, code: 138_023 },
            [&whole[..], &["ACCEPTED", "terminate FAILED 138023"]].concat(),
            5_000,
        ),
    ];
    for (habit, expected, ended_ms) in cases {
        let mut core = permitted(FaultPlan::default());
        on_call(&mut core, ASHA, habit);
        assert_eq!(dial(&mut core, ASHA, 0), 0);
        assert_eq!(lines(&core.advance(HOUR)), expected, "{habit:?}");
        assert_eq!(core.calls()[0].ended_ms, Some(ended_ms), "{habit:?}");
    }
}

#[test]
fn a_call_goes_as_it_was_scripted_when_it_was_placed() {
    let mut core = permitted(FaultPlan::default());
    on_call(&mut core, ASHA, OnCall::Answer { after_ms: 5_000, talk_ms: 7_000 });
    assert_eq!(dial(&mut core, ASHA, 0), 0);
    on_call(&mut core, ASHA, OnCall::Break { after_ms: 5_000, talk_ms: 0, code: 138_023 });
    assert_eq!(lines(&core.advance(HOUR)).last().unwrap(), "terminate COMPLETED 7");
}

#[test]
fn one_call_at_a_time_between_a_number_and_a_person() {
    let mut core = permitted(FaultPlan::default());
    on_call(&mut core, ASHA, OnCall::Answer { after_ms: 5_000, talk_ms: 30_000 });
    assert_eq!(dial(&mut core, ASHA, 0), 0);
    assert_eq!(dial(&mut core, ASHA, 1), 138_003);
    assert_eq!(dial(&mut core, BARAKA, 1), 0, "somebody else");
    assert_eq!(code(&post_to(&mut core, OTHER_PNID, &connect(ASHA, "call-1"), 1)), 0, "from another number");
    assert_eq!(dial(&mut core, ASHA, 34_999), 138_003, "still talking");
    assert_eq!(
        dial(&mut core, ASHA, 35_000),
        0,
        "over by now, though nothing looked at the clock in between"
    );
    assert_eq!(core.counters().connect_attempts, 6);
    assert_eq!(core.counters().connects_accepted, 4);
    assert_eq!(core.connects_per_intent()["call-1"], 6);
}

#[test]
fn the_business_ends_a_call() {
    for (at, expected) in
        [(500, "terminate COMPLETED"), (3_000, "terminate COMPLETED"), (12_400, "terminate COMPLETED 7")]
    {
        let mut core = permitted(FaultPlan::default());
        let id = wacid(&post(&mut core, &connect(ASHA, "call-1"), 0));
        core.advance(at);
        let ended = post(&mut core, &act("terminate", &id), at);
        assert_eq!(ended.body, json!({"messaging_product": "whatsapp", "success": true}));
        assert_eq!(lines(&core.take_ready()), [expected], "{at}");
        assert!(core.advance(HOUR).is_empty(), "nothing follows an end");
        let again = post(&mut core, &act("terminate", &id), HOUR);
        assert_eq!((again.status, code(&again)), (400, 100));
        let details = again.body["error"]["error_data"]["details"].as_str().unwrap();
        assert!(details.contains("already"), "{details}");
    }
    let mut core = permitted(FaultPlan::default());
    let id = wacid(&post(&mut core, &connect(ASHA, "call-1"), 0));
    assert_eq!(code(&post(&mut core, &act("terminate", "wacid.X"), 1)), 100);
    assert_eq!(
        code(&post_to(&mut core, OTHER_PNID, &act("terminate", &id), 1)),
        100,
        "another number's call"
    );
    for action in ["accept", "reject", "pre_accept"] {
        assert_ne!(code(&post(&mut core, &act(action, &id), 1)), 0, "{action} is for calls that come in");
    }
    core.hang_up(&id, 20 * SECOND).unwrap();
    assert!(core.hang_up(&id, 20 * SECOND).is_err());
    assert_eq!(core.calls()[0].ended_ms, Some(20 * SECOND));
}

#[test]
fn recordings_and_events_nobody_knows() {
    let mut core = permitted(FaultPlan::default());
    let id = wacid(&post(&mut core, &connect(ASHA, "call-1"), 0));
    core.advance(HOUR);
    core.report_call_event(&id, "call_recording_available", HOUR).unwrap();
    core.report_call_event(&id, "call_reticulated", HOUR).unwrap();
    let plans = core.take_ready();
    assert_eq!(lines(&plans), ["call_recording_available", "call_reticulated"]);
    let call = &value(&plans[0])["calls"][0];
    assert!(call["call_recording"]["audio"]["id"].is_string() && call.get("direction").is_none(), "{call}");
    assert!(core.report_call_event("wacid.X", "connect", HOUR).is_err());
}

#[test]
fn the_log_of_calls_reads_well_and_keeps_no_media_description() {
    let plan = FaultPlan::default().call(CallAction::Connect, Target::all().nth(2), SendFault::HoldAnswer);
    let mut core = core(plan);
    dial(&mut core, ASHA, 0);
    let card = ask(&mut core, ASHA, 0);
    let card = arrive(&mut core, &card, 0);
    core.answer_permission(ASHA, PermissionAnswer::Accept, Some(&card), None, SECOND).unwrap();
    on_call(&mut core, ASHA, OnCall::LetRing);
    let id = wacid(&post(&mut core, &connect(ASHA, "call-1"), 2 * SECOND));
    core.advance(4 * SECOND);
    post(&mut core, &act("terminate", &id), 10 * SECOND);
    let lines: Vec<_> = core
        .log()
        .iter()
        .filter(|entry| !matches!(entry.event, LogEvent::Said(_) | LogEvent::Status(_)))
        .map(|entry| entry.to_string().replace(&id, "wacid.1"))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    business -> +254700000101 connect; refused, 138006: No approved call permission from the recipient
    business -> +254700000101 [call permission request] "May we call you?"
    +254700000101 accepts calls until 604801000
    business -> +254700000101 connect; answer held
    +254700000101 call connect wacid.1
    +254700000101 call RINGING wacid.1
    business -> +254700000101 terminate wacid.1
    +254700000101 call terminate wacid.1
    "#);
    let written = serde_json::to_string(core.log()).unwrap();
    assert!(!written.contains("v=0") && !written.contains("ice-pwd"));
}
