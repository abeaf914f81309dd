use serde_json::json;

use super::*;
use crate::{escape_like_meta, sign};

const PNID: &str = "300000000000001";
const ASHA: &str = "+254700000101";
const HOUR: i64 = 3_600_000;

fn core(faults: FaultPlan) -> Core {
    let mut config = Config::new("token", "secret", "verify", PNID, "+15550100001");
    config.faults = faults;
    config.templates.push(Template::new("inquiry", "en", "Do you have {{1}}?").quick_replies(&["Yes", "No"]));
    let mut core = Core::new(&config);
    core.person(ASHA, "Asha");
    core
}

fn say(core: &mut Core, phone: &str, text: &str, now: i64) -> (String, WebhookPlan) {
    let said = Said::Text(text.to_owned());
    core.say(&Saying { phone: phone.into(), to_pnid: None, quoting: None, said }, now).unwrap()
}

fn post(core: &mut Core, body: &Value, now: i64) -> Answer {
    let body = body.to_string();
    core.send(&SendRequest { pnid: PNID, authorization: "Bearer token", body: body.as_bytes() }, now)
}

fn text_to(to: &str, intent: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": to, "text": {"body": "hi"}, "biz_opaque_callback_data": intent})
}

fn template_to(to: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": to, "type": "template",
        "template": {"name": "inquiry", "language": {"code": "en"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "tea"}]}]}})
}

/// Error code, or 0 for an accepted message.
fn code(answer: &Answer) -> u64 {
    answer.body.pointer("/error/code").map_or(0, |code| code.as_u64().unwrap())
}

fn wamid(answer: &Answer) -> String {
    answer.body["messages"][0]["id"].as_str().unwrap().to_owned()
}

fn webhook_value(plan: &WebhookPlan) -> Value {
    let body: Value = serde_json::from_slice(&plan.body).unwrap();
    body["entry"][0]["changes"][0]["value"].clone()
}

/// Everything scheduled happens, in order.
fn play(core: &mut Core, answer: &Answer, now: i64) -> Vec<WebhookPlan> {
    answer.scheduled.iter().filter_map(|later| core.happen(&later.event, now)).collect()
}

fn statuses(plans: &[WebhookPlan]) -> Vec<String> {
    plans
        .iter()
        .map(|plan| webhook_value(plan)["statuses"][0]["status"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_answer_is_metas() {
    let mut core = core(FaultPlan::default());
    say(&mut core, ASHA, "hello", 0);
    let answer = post(&mut core, &text_to("+254 700-000-101", "i1"), 1);
    assert_eq!(answer.status, 200);
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "contacts": [
        {
          "input": "+254 700-000-101",
          "wa_id": "254700000101"
        }
      ],
      "messages": [
        {
          "id": "wamid.HBgMMjU0NzAwMDAwMTAxFQIAERgSN0VCRjc4NjA0NkQxMTU1NDkxAA=="
        }
      ],
      "messaging_product": "whatsapp"
    }
    "#);
    let again = post(&mut core, &text_to(ASHA, "i1"), 1);
    assert_ne!(wamid(&again), wamid(&answer), "the same body twice is two messages");
    assert_eq!(core.sends_per_intent()["i1"], 2);
}

#[test]
fn errors_are_metas() {
    let mut core = core(FaultPlan::default());
    let body = text_to(ASHA, "i1").to_string();
    let cases = [
        ("Bearer wrong", PNID, 401, 190, Value::Null),
        ("token", PNID, 401, 190, Value::Null),
        ("Bearer token", "1", 400, 100, json!(33)),
    ];
    for (authorization, pnid, status, error_code, subcode) in cases {
        let answer = core.send(&SendRequest { pnid, authorization, body: body.as_bytes() }, 0);
        assert_eq!((answer.status, code(&answer)), (status, error_code));
        assert_eq!(answer.body["error"].get("error_subcode").cloned().unwrap_or_default(), subcode);
        assert!(answer.body["error"]["fbtrace_id"].is_string());
    }
    let no_json = core.send(&SendRequest { pnid: PNID, authorization: "Bearer token", body: b"{" }, 0);
    assert_eq!((no_json.status, code(&no_json)), (400, 100));
    let nobody = json!({"messaging_product": "whatsapp", "text": {"body": "x"}});
    assert_eq!(code(&post(&mut core, &nobody, 0)), 100);
    assert_eq!(code(&post(&mut core, &text_to("Asha", "i"), 0)), 131_009);
    let closed = post(&mut core, &text_to(ASHA, "i"), 0);
    assert_eq!(closed.status, 400);
    assert_eq!(closed.body["error"]["message"], "(#131047) Re-engagement message");
    assert_eq!(closed.body["error"]["error_data"]["messaging_product"], "whatsapp");
}

#[test]
fn the_window_is_open_for_24_hours_after_the_persons_last_message() {
    let mut core = core(FaultPlan::default());
    assert_eq!(code(&post(&mut core, &text_to(ASHA, "i"), 0)), 131_047, "never wrote");
    assert_eq!(code(&post(&mut core, &template_to(ASHA), 0)), 0, "a template is always allowed");
    say(&mut core, ASHA, "hello", 10 * HOUR);
    for (now, expected) in [(10 * HOUR, 0), (34 * HOUR - 1, 0), (34 * HOUR, 131_047), (90 * HOUR, 131_047)] {
        assert_eq!(code(&post(&mut core, &text_to(ASHA, "i"), now)), expected, "{now}");
    }
    say(&mut core, ASHA, "me again", 90 * HOUR);
    assert_eq!(code(&post(&mut core, &text_to(ASHA, "i"), 91 * HOUR)), 0, "refreshed");
    core.person("+254700000102", "Baraka");
    assert_eq!(code(&post(&mut core, &text_to("+254700000102", "i"), 91 * HOUR)), 131_047, "another person");
}

#[test]
fn without_plus_somebody_else_gets_it() {
    let mut core = core(FaultPlan::default());
    say(&mut core, ASHA, "hello", 0);
    let answer = post(&mut core, &template_to("254700000101"), 1);
    assert_eq!(answer.body["contacts"][0]["wa_id"], "1254700000101");
    let plans = play(&mut core, &answer, 2);
    assert_eq!(statuses(&plans), ["failed"], "nobody has that number");
    assert!(core.inbox(ASHA).is_empty());
    assert_eq!(core.counters().wrong_number_sends, 1);
    let wrong =
        core.log().iter().any(|entry| matches!(&entry.event, LogEvent::Send(send) if send.wrong_number));
    assert!(wrong);
}

#[test]
fn an_accepted_message_is_sent_delivered_and_read() {
    let mut core = core(FaultPlan::default());
    say(&mut core, ASHA, "hello", 0);
    let answer = post(&mut core, &text_to(ASHA, "i1"), 1_000);
    assert!(core.inbox(ASHA).is_empty(), "not before it is delivered");
    let plans = play(&mut core, &answer, 5_999);
    assert_eq!(statuses(&plans), ["sent", "delivered", "read"]);
    for plan in &plans {
        let status = &webhook_value(plan)["statuses"][0];
        assert_eq!(status["id"], json!(wamid(&answer)));
        assert_eq!(status["biz_opaque_callback_data"], "i1");
        assert_eq!(status["recipient_id"], "254700000101");
        assert_eq!(status["timestamp"], "5", "seconds, as a string");
    }
    let inbox = core.inbox(ASHA);
    assert_eq!(inbox.len(), 1);
    assert_eq!(
        (inbox[0].text.as_str(), inbox[0].intent_id.as_deref(), inbox[0].at_ms),
        ("hi", Some("i1"), 5_999)
    );
}

#[test]
fn who_cannot_be_reached() {
    let cases = [
        (Reachability::Reachable, 0, vec!["sent", "delivered", "read"]),
        (Reachability::FailsByStatus, 0, vec!["failed"]),
        (Reachability::FailsAtOnce, 131_026, vec![]),
    ];
    for (reachability, expected_code, expected_statuses) in cases {
        let mut core = core(FaultPlan::default());
        core.person_mut(ASHA).unwrap().reachability = reachability;
        let answer = post(&mut core, &template_to(ASHA), 0);
        assert_eq!(code(&answer), expected_code, "{reachability:?}");
        let plans = play(&mut core, &answer, 1);
        assert_eq!(statuses(&plans), expected_statuses, "{reachability:?}");
        if let [failed] = plans.as_slice() {
            assert_eq!(webhook_value(failed)["statuses"][0]["errors"][0]["code"], 131_026);
        }
    }
}

#[test]
fn who_does_not_read_sends_no_read_status() {
    let mut core = core(FaultPlan::default());
    core.person_mut(ASHA).unwrap().reads = false;
    let answer = post(&mut core, &template_to(ASHA), 0);
    let plans = play(&mut core, &answer, 1);
    assert_eq!(statuses(&plans), ["sent", "delivered"]);
}

#[test]
fn send_faults() {
    use SendFault::{
        CloseConnection, FailLater, HoldAnswer, Refuse, ServerErrorAfterAccepting, ServerErrorBeforeAccepting,
    };
    let whole = vec!["sent", "delivered", "read"];
    let cases = [
        (Refuse { code: 130_429 }, 400, 130_429, AnswerFate::Given, vec![]),
        (Refuse { code: 131_056 }, 400, 131_056, AnswerFate::Given, vec![]),
        (ServerErrorBeforeAccepting, 500, 131_000, AnswerFate::ServerError, vec![]),
        (ServerErrorAfterAccepting, 500, 131_000, AnswerFate::ServerError, whole.clone()),
        (HoldAnswer, 200, 0, AnswerFate::Held, whole.clone()),
        (CloseConnection, 200, 0, AnswerFate::Closed, whole.clone()),
        (FailLater { code: 131_049 }, 200, 0, AnswerFate::Given, vec!["failed"]),
    ];
    for (fault, status, error_code, fate, expected) in cases {
        let mut core = core(FaultPlan::default().send(Target::all().phone(ASHA).first(1), fault));
        say(&mut core, ASHA, "hello", 0);
        let answer = post(&mut core, &text_to(ASHA, "i1"), 1);
        assert_eq!((answer.status, code(&answer), answer.fate), (status, error_code, fate), "{fault:?}");
        let plans = play(&mut core, &answer, 2);
        assert_eq!(statuses(&plans), expected, "{fault:?}");
        let second = post(&mut core, &text_to(ASHA, "i2"), 3);
        assert_eq!((second.status, second.fate), (200, AnswerFate::Given), "{fault:?}: the first alone");
        let attempts = core.log().iter().filter(|entry| matches!(entry.event, LogEvent::Send(_))).count();
        assert_eq!(attempts, 2, "every attempt is in the log");
    }
}

#[test]
fn webhook_faults() {
    let plan = FaultPlan::default()
        .webhook(
            Target::all().kind(WebhookKind::Message),
            WebhookFault::Duplicate { copies: 2, concurrent: true },
        )
        .webhook(Target::all().nth(2), WebhookFault::DropFirstAttempt)
        .webhook(Target::all().nth(2), WebhookFault::Delay { ms: 70 });
    let mut core = core(plan);
    let (_, first) = say(&mut core, ASHA, "one", 0);
    assert_eq!(
        (first.copies, first.concurrent, first.drop_first_attempt, first.after_ms),
        (2, true, false, 0)
    );
    let answer = post(&mut core, &text_to(ASHA, "i"), 1);
    let sent = core.happen(&answer.scheduled[0].event, 2).unwrap();
    assert_eq!((sent.copies, sent.drop_first_attempt, sent.after_ms), (0, true, 70));
}

#[test]
fn reordering_is_drawn_from_the_seed() {
    let moments = || {
        let plan = FaultPlan::default().webhook(Target::all(), WebhookFault::Reorder { window_ms: 1_000 });
        let mut core = core(plan);
        (0..8).map(|n| say(&mut core, ASHA, "x", n).1.after_ms).collect::<Vec<_>>()
    };
    assert_eq!(moments(), moments());
    assert!(moments().iter().all(|&ms| ms < 1_000));
    assert!(!moments().is_sorted(), "{:?}", moments());
}

#[test]
fn a_body_with_accents_is_signed_as_it_is_sent() {
    let mut core = core(FaultPlan::default());
    let (_, plan) = say(&mut core, ASHA, "Farmacia Ñandú 24/7 😀", 0);
    assert_eq!(plan.signature, sign("secret", &plan.body));
    assert!(plan.body.is_ascii());
    let text = String::from_utf8(plan.body.clone()).unwrap();
    assert!(text.contains(r"Farmacia \u00d1and\u00fa 24\/7 \ud83d\ude00"), "{text}");
    let parsed: Value = serde_json::from_slice(&plan.body).unwrap();
    assert_ne!(
        sign("secret", parsed.to_string().as_bytes()),
        plan.signature,
        "re-serialised is not what was signed"
    );
    assert_eq!(escape_like_meta(&parsed).into_bytes(), plan.body);
}

#[test]
fn a_message_webhook() {
    let mut core = core(FaultPlan::default());
    let answer = post(&mut core, &template_to(ASHA), 0);
    let quoting = Some(wamid(&answer));
    let said = Said::Text("yes 45k".into());
    let saying = Saying { phone: ASHA.into(), to_pnid: None, quoting, said };
    let (_, plan) = core.say(&saying, 1_790_000_000_500).unwrap();
    let body: Value = serde_json::from_slice(&plan.body).unwrap();
    insta::assert_json_snapshot!(body, @r#"
    {
      "entry": [
        {
          "changes": [
            {
              "field": "messages",
              "value": {
                "contacts": [
                  {
                    "profile": {
                      "name": "Asha"
                    },
                    "user_id": "KE.07936282082899516613",
                    "wa_id": "254700000101"
                  }
                ],
                "messages": [
                  {
                    "context": {
                      "from": "15550100001",
                      "id": "wamid.HBgMMjU0NzAwMDAwMTAxFQIAERgSN0VCRjc4NjA0NkQxMTU1NDkxAA=="
                    },
                    "from": "254700000101",
                    "from_user_id": "KE.07936282082899516613",
                    "id": "wamid.HBgMMjU0NzAwMDAwMTAxFQIAEhgUQkYzQ0VBRUEwOTZGNEMxRTg1ODgA",
                    "text": {
                      "body": "yes 45k"
                    },
                    "timestamp": "1790000000",
                    "type": "text"
                  }
                ],
                "messaging_product": "whatsapp",
                "metadata": {
                  "display_phone_number": "15550100001",
                  "phone_number_id": "300000000000001"
                }
              }
            }
          ],
          "id": "200000000000001",
          "time": 1790000000
        }
      ],
      "object": "whatsapp_business_account"
    }
    "#);
}

#[test]
fn a_tap_answers_in_the_shape_of_what_was_tapped() {
    let button = || Said::Tap(Button { id: "reply:o1:yes".into(), title: "Yes".into() });
    let mut core = core(FaultPlan::default());
    say(&mut core, ASHA, "hello", 0);
    let buttons = json!({"messaging_product": "whatsapp", "to": ASHA, "type": "interactive", "interactive": {
        "type": "button", "body": {"text": "?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "reply:o1:yes", "title": "Yes"}}]}}});
    let list = json!({"messaging_product": "whatsapp", "to": ASHA, "type": "interactive", "interactive": {
        "type": "list", "body": {"text": "?"},
        "action": {"button": "Open", "sections": [{"rows": [{"id": "reply:o1:yes", "title": "Yes"}]}]}}});
    for (sent, pointer) in [
        (buttons, "/interactive/button_reply/id"),
        (list, "/interactive/list_reply/id"),
        (template_to(ASHA), "/button/payload"),
    ] {
        let answer = post(&mut core, &sent, 1);
        let saying =
            Saying { phone: ASHA.into(), to_pnid: None, quoting: Some(wamid(&answer)), said: button() };
        let (_, plan) = core.say(&saying, 2).unwrap();
        let message = &webhook_value(&plan)["messages"][0];
        assert_eq!(message.pointer(pointer), Some(&json!("reply:o1:yes")), "{message}");
        assert_eq!(message["context"]["id"], json!(wamid(&answer)));
    }
}

#[test]
fn hidden_numbers_are_left_out_and_reached_by_bsuid() {
    let mut core = core(FaultPlan::default());
    let bsuid = core.person_mut(ASHA).map(|person| {
        person.hides_number = true;
        person.bsuid.clone()
    });
    let (_, plan) = say(&mut core, ASHA, "hello", 0);
    let value = webhook_value(&plan);
    assert_eq!(value["messages"][0].get("from"), None);
    assert_eq!(value["contacts"][0].get("wa_id"), None);
    assert_eq!(value["contacts"][0]["user_id"], json!(bsuid));
    let body = json!({"messaging_product": "whatsapp", "recipient": bsuid, "text": {"body": "hi"}});
    let answer = post(&mut core, &body, 1);
    assert_eq!(answer.body["contacts"][0].get("wa_id"), None);
    let plans = play(&mut core, &answer, 2);
    assert_eq!(webhook_value(&plans[0])["statuses"][0].get("recipient_id"), None);
    assert_eq!(core.inbox(ASHA).len(), 1);
}

#[test]
fn read_marks_need_a_message_that_came_in() {
    let mut core = core(FaultPlan::default());
    let (inbound, _) = say(&mut core, ASHA, "hello", 0);
    let outbound = wamid(&post(&mut core, &text_to(ASHA, "i"), 1));
    for (id, expected) in [(inbound, 0), (outbound, 131_009), ("wamid.X".to_owned(), 131_009)] {
        let body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": id});
        assert_eq!(code(&post(&mut core, &body, 2)), expected, "{id}");
    }
    assert_eq!(core.counters().send_attempts, 1, "read marks are not sends");
}

#[test]
fn driving_mistakes_are_named() {
    let mut core = core(FaultPlan::default());
    let said = || Said::Text("x".into());
    let nobody = Saying { phone: "+1".into(), to_pnid: None, quoting: None, said: said() };
    let nothing = Saying { phone: ASHA.into(), to_pnid: None, quoting: Some("wamid.X".into()), said: said() };
    let nowhere = Saying { phone: ASHA.into(), to_pnid: Some("9".into()), quoting: None, said: said() };
    for saying in [nobody, nothing, nowhere] {
        assert!(core.say(&saying, 0).is_err(), "{saying:?}");
    }
    assert!(core.log().is_empty());
}

#[test]
fn the_log_reads_well() {
    let mut core = core(FaultPlan::default().send(Target::all().nth(2), SendFault::HoldAnswer));
    say(&mut core, ASHA, "hello", 0);
    post(&mut core, &text_to(ASHA, "i"), 1);
    post(&mut core, &template_to(ASHA), 1);
    post(&mut core, &text_to("254700000101", "i"), 1);
    let lines: Vec<_> = core.log().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    +254700000101 (Asha) -> "hello"
    business -> +254700000101 "hi"
    business -> +254700000101 [template inquiry] "Do you have tea?" [Yes] [No]; answer held
    business -> +1254700000101 "hi"; wrong number: `to` was "254700000101", without +; refused, 131047: Message failed to send because more than 24 hours have passed since the customer last replied to this number.
    "#);
}
