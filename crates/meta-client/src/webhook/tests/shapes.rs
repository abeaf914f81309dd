//! Shapes that Meta never promised and one day sends.

use std::collections::BTreeSet;

use super::*;
use crate::event::MessageContent;

/// Kind and fault of each event.
type Outline = Vec<(EventKind, Option<Fault>)>;

fn outline(body: &Value) -> Outline {
    events(body).iter().map(|event| (event.kind, event.fault)).collect()
}

fn text_message(id: &str) -> Value {
    json!({"from": "254700000101", "id": id, "timestamp": "1790002000", "type": "text", "text": {"body": id}})
}

#[test]
fn odd_shapes_are_faults_and_leave_their_neighbours_alone() {
    use EventKind::{Message, Status, Unknown};
    let fault = |fault| (Unknown, Some(fault));
    let good = (Message, None);
    let ok = text_message("wamid.1");
    let cases: Vec<(&str, Value, Outline)> = vec![
        ("empty object", json!({}), vec![fault(Fault::Shape)]),
        ("entry null", json!({"entry": null}), vec![fault(Fault::Shape)]),
        ("entry a number", json!({"entry": 5}), vec![fault(Fault::Shape)]),
        ("entry empty", json!({"entry": []}), vec![fault(Fault::Empty)]),
        ("entry of odds", json!({"entry": [1, null]}), vec![fault(Fault::Shape), fault(Fault::Shape)]),
        ("changes null", json!({"entry": [{"id": "2", "changes": null}]}), vec![fault(Fault::Shape)]),
        ("changes empty", json!({"entry": [{"id": "2", "changes": []}]}), vec![fault(Fault::Empty)]),
        ("change a text", json!({"entry": [{"changes": ["x"]}]}), vec![fault(Fault::Shape)]),
        ("value null", change("messages", &json!(null)), vec![fault(Fault::Shape)]),
        ("value empty", change("messages", &json!({})), vec![fault(Fault::Empty)]),
        (
            "no field",
            json!({"entry": [{"changes": [{"value": {"messages": []}}]}]}),
            vec![fault(Fault::Empty)],
        ),
        ("another product", json!({"object": "page", "entry": [{}]}), vec![fault(Fault::ForeignObject)]),
        ("messages a number", messages(&json!(5)), vec![fault(Fault::Shape)]),
        ("messages hold a number", messages(&json!([5, ok])), vec![fault(Fault::Shape), good]),
        ("messages an object", messages(&ok), vec![good]),
        (
            "a boolean as id",
            messages(&json!([{"from": "254700000101", "id": true}])),
            vec![(Message, Some(Fault::NoId))],
        ),
        ("a number as id and sender", messages(&json!([{"from": 254_700_000_101_i64, "id": 5}])), vec![good]),
        (
            "nobody wrote",
            messages(&json!([{"id": "wamid.2"}, ok])),
            vec![(Message, Some(Fault::NoSender)), good],
        ),
        (
            "an unreadable sender",
            messages(&json!([{"id": "wamid.2", "from": "x"}])),
            vec![(Message, Some(Fault::NoSender))],
        ),
        (
            "no business number",
            change("messages", &json!({"messages": [ok]})),
            vec![(Message, Some(Fault::NoPhoneNumberId))],
        ),
        (
            "an odd list beside a good one",
            change(
                "messages",
                &json!({"metadata": {"phone_number_id": 3}, "messages": 5, "statuses": [{"id": "wamid.3"}]}),
            ),
            vec![(Status, None)],
        ),
    ];
    for (name, body, expected) in cases {
        assert_eq!(outline(&body), expected, "{name}");
    }
}

#[test]
fn bodies_that_are_no_object_are_refused() {
    for body in ["", "x", "{", "[]", "null", "5", "\"x\"", "{\"a\": \"\\u00\"}"] {
        assert!(split(body.as_bytes()).is_err(), "{body}");
    }
    let deep = format!("{{\"entry\": {}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(matches!(split(deep.as_bytes()), Err(BodyError::NotJson(_))));
    assert_eq!(split(b"[1]"), Err(BodyError::NotAnObject));
}

#[test]
fn a_deep_body_is_refused_or_its_events_can_be_read_again() {
    let outcome = |levels: usize| {
        let deep = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let message = format!("{{\"from\":\"254700000101\",\"id\":\"wamid.1\",\"deep\":{deep}}}");
        // Objects in the place of lists: each event's own body is three levels deeper than this one.
        let value = format!("{{\"metadata\":{{\"phone_number_id\":\"3\"}},\"messages\":{message}}}");
        let body = format!("{{\"entry\":{{\"changes\":{{\"field\":\"messages\",\"value\":{value}}}}}}}");
        split(body.as_bytes()).map(|events| {
            let again: Value = serde_json::from_str(&events[0].raw.to_string()).unwrap();
            assert!(again == events[0].raw && events[0].fault.is_none(), "{levels}");
        })
    };
    assert_eq!(outcome(119), Ok(()));
    assert_eq!(outcome(120), Err(BodyError::TooDeep));
    assert!(matches!(outcome(123), Err(BodyError::NotJson(_))));
}

#[test]
fn a_thousand_updates_are_a_thousand_events_and_ten_thousand_are_too_many() {
    let many = |count: usize| {
        let list: Vec<Value> = (0..count).map(|n| text_message(&format!("wamid.{n}"))).collect();
        split(messages(&json!(list)).to_string().as_bytes())
    };
    let events = many(1_000).unwrap();
    let keys: BTreeSet<&EventKey> = events.iter().map(|event| &event.key).collect();
    assert_eq!((events.len(), keys.len()), (1_000, 1_000));
    assert_eq!(many(EVENTS_MAX).unwrap().len(), EVENTS_MAX);
    assert_eq!(many(EVENTS_MAX + 1), Err(BodyError::TooManyEvents));
}

#[test]
fn an_event_has_one_key_in_whatever_batch_it_comes() {
    let alone = events(&messages(&json!([text_message("wamid.1")])));
    let batch = events(&messages(&json!([text_message("wamid.0"), text_message("wamid.1")])));
    assert_eq!(alone[0].key, batch[1].key);
    assert_ne!(batch[0].key, batch[1].key);
    assert!(alone[0].key.as_str().starts_with("message:"), "{}", alone[0].key);
    assert_eq!(alone[0].key.as_str().len(), "message:".len() + 64);

    let other_number = change(
        "messages",
        &json!({"metadata": {"phone_number_id": "4"}, "messages": [text_message("wamid.1")]}),
    );
    assert_ne!(events(&other_number)[0].key, alone[0].key);

    let status = |status: &str, at: &str| {
        let list = json!([{"id": "wamid.1", "status": status, "timestamp": at}]);
        let body = change("messages", &json!({"metadata": {"phone_number_id": "3"}, "statuses": list}));
        events(&body).remove(0).key
    };
    assert_eq!(status("sent", "1790002000"), status("SENT", "1790002009"));
    assert_ne!(status("sent", "1790002000"), status("read", "1790002000"));

    let warning = |time: u64| {
        let value = json!({"event": "ACCOUNT_VIOLATION"});
        let body = json!({"entry": [{"id": "2", "time": time, "changes": [{"field": "account_update", "value": value}]}]});
        events(&body).remove(0).key
    };
    assert_eq!(warning(1_790_000_000), warning(1_790_000_000));
    assert_ne!(warning(1_790_000_000), warning(1_790_086_400), "a second warning is news");
}

#[test]
fn an_event_carries_its_own_contact_and_nobody_elses() {
    let body = change(
        "messages",
        &json!({
            "metadata": {"phone_number_id": "3"},
            "contacts": [
                {"profile": {"name": "Asha"}, "wa_id": "254700000101", "user_id": "KE.101"},
                {"profile": {"name": "Brian"}, "wa_id": "254700000202"},
            ],
            "messages": [
                {"id": "wamid.1", "from": "254700000202", "type": "text", "text": {"body": "b"}},
                {"id": "wamid.2", "from_user_id": "KE.101", "type": "text", "text": {"body": "a"}},
                {"id": "wamid.3", "type": "text", "text": {"body": "nobody"}},
            ],
        }),
    );
    let events = events(&body);
    let names: Vec<Option<String>> = events
        .iter()
        .map(|event| match event::parse(&event.raw) {
            Event::Message(message) => message.profile_name,
            _ => None,
        })
        .collect();
    assert_eq!(names, [Some("Brian".to_owned()), Some("Asha".to_owned()), None]);
    assert!(!events[0].raw.to_string().contains("Asha"));
    let asha = events[1].user.as_ref().unwrap();
    assert_eq!(asha.wa_id.as_ref().unwrap().as_str(), "254700000101", "the contact adds the number");
    assert_eq!(asha.key(), "KE.101");
    assert_eq!(events[2].fault, Some(Fault::NoSender), "a contact alone in the list is no sender");
}

#[test]
fn a_business_scoped_id_may_stand_in_the_place_of_the_number() {
    let event = events(&messages(&json!([{"id": "wamid.1", "from": "KE.101"}]))).remove(0);
    assert_eq!(event.user.unwrap().key(), "KE.101");
}

#[test]
fn unknown_parts_are_kept_and_not_multiplied() {
    let list: Vec<Value> = (0..500).map(|n| text_message(&format!("wamid.{n}"))).collect();
    let body = change(
        "messages",
        &json!({
            "metadata": {"phone_number_id": "3", "big": "m".repeat(100_000)},
            "messages": list, "novelty": {"text": "n".repeat(100_000)}, "errors": [{"code": 1}],
        }),
    );
    let events = events(&body);
    assert_eq!(events.len(), 501);
    assert_eq!(events.last().unwrap().kind, EventKind::Errors);
    assert!(events[0].raw.to_string().contains("nnnn"), "what nobody knows rides with the first");
    let total: usize = events.iter().map(|event| event.raw.to_string().len()).sum();
    assert!(total < 3 * body.to_string().len(), "{total}");
}

#[test]
fn every_kind_of_content_is_read() {
    let cases = [
        (json!({"type": "TEXT", "text": {"body": "hi"}}), "text"),
        (json!({"text": {"body": "no type"}}), "text"),
        (json!({"type": "text", "text": {"body": ""}}), "unknown"),
        (json!({"type": "text", "text": 5}), "unknown"),
        (json!({"type": "button", "button": {"payload": "p", "text": "Yes"}}), "template_button"),
        (json!({"type": "button", "button": {"text": "Yes"}}), "template_button"),
        (json!({"type": "interactive", "interactive": {"button_reply": {"id": "a"}}}), "button_reply"),
        (
            json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "a"}}}),
            "list_reply",
        ),
        (json!({"interactive": {"call_permission_reply": {"response": "accept"}}}), "call_permission_reply"),
        (json!({"type": "interactive", "interactive": {"type": "nfm_reply"}}), "unknown"),
        (json!({"type": "image", "image": {"id": 7, "mime_type": "image/jpeg"}}), "media"),
        (json!({"type": "voice", "voice": {"id": "7"}}), "media"),
        (json!({"type": "image", "image": {}}), "unknown"),
        (json!({"type": "location", "location": {"latitude": "-1.3", "longitude": 36.8}}), "location"),
        (json!({"type": "location", "location": {"latitude": 91, "longitude": 0}}), "unknown"),
        (json!({"type": "contacts", "contacts": [{"phones": [{"phone": "+254"}]}, 5]}), "contacts"),
        (json!({"type": "reaction", "reaction": {"message_id": "wamid.OUT1"}}), "reaction"),
        (json!({"type": "order", "order": {}}), "order"),
        (json!({"type": "system", "system": {"type": "new"}}), "system"),
        (json!({"type": "unsupported", "errors": [{"code": 131_051}]}), "unsupported"),
        (json!({"type": "edit"}), "unknown"),
        (json!({"type": ["text"]}), "unknown"),
    ];
    for (mut part, expected) in cases {
        let name = part.to_string();
        let fields = part.as_object_mut().unwrap();
        fields.insert("from".to_owned(), json!("254700000101"));
        fields.insert("id".to_owned(), json!("wamid.1"));
        let event = events(&messages(&json!([part]))).remove(0);
        match event::parse(&event.raw) {
            Event::Message(message) => assert_eq!(message.content.kind(), expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn texts_that_no_string_can_hold_do_not_cost_the_batch() {
    let body = messages(&json!([text_message("CUT"), text_message("wamid.2")])).to_string();
    let body = body.replace("\"body\":\"CUT\"", "\"body\":\"cut \\ud83d\"");
    let events = split(body.as_bytes()).unwrap();
    assert_eq!(events.len(), 2);
    match event::parse(&events[0].raw) {
        Event::Message(message) => {
            assert!(message.content == MessageContent::Text { body: "cut \u{fffd}".to_owned() });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_printed_holds_nothing_private() {
    let body = change(
        "messages",
        &json!({
            "metadata": {"phone_number_id": "3"},
            "contacts": [{"profile": {"name": "Asha"}, "wa_id": "254700000101"}],
            "messages": [text_message("wamid.HBgMMjU0NzAwMDAwMTAx")],
        }),
    );
    let event = events(&body).remove(0);
    let printed = format!("{event:?} {:?}", event::parse(&event.raw));
    for private in ["Asha", "254700000101", "HBgMMjU0", "body"] {
        assert!(!printed.contains(private), "{private} in {printed}");
    }
}
