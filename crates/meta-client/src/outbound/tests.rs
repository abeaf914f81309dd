use super::*;

fn phone() -> Recipient {
    Recipient::Phone("+254700000101".parse().unwrap())
}

fn sent(to: Recipient, reply_to: Option<&str>, content: Content) -> String {
    let message = OutboundMessage::new(to, "intent-0100", reply_to.map(MetaId::from), content).unwrap();
    message.to_json().to_string()
}

fn text(body: impl Into<String>) -> Content {
    Content::Text { body: body.into() }
}

fn buttons(body: &str, buttons: &[(&str, &str)]) -> Content {
    let button = |(id, title): &(&str, &str)| Button { id: (*id).to_owned(), title: (*title).to_owned() };
    Content::Buttons { body: body.to_owned(), buttons: buttons.iter().map(button).collect() }
}

fn list(button: &str, rows: usize) -> Content {
    let row = |n| ListRow { id: format!("pick:{n}"), title: format!("Shop {n}"), description: None };
    Content::List {
        body: "Choose".to_owned(),
        button: button.to_owned(),
        rows: (1..=rows).map(row).collect(),
    }
}

fn template(params: &[&str], payloads: &[&str]) -> Content {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Content::Template {
        name: "vendor_inquiry".to_owned(),
        language: "en".to_owned(),
        body_params: owned(params),
        quick_reply_payloads: owned(payloads),
    }
}

#[test]
fn a_text_and_a_reply() {
    insta::assert_snapshot!(sent(phone(), None, text("Karibu 😀\nOrder 7")), @r#"{"biz_opaque_callback_data":"intent-0100","messaging_product":"whatsapp","recipient_type":"individual","text":{"body":"Karibu 😀\nOrder 7","preview_url":false},"to":"+254700000101","type":"text"}"#);
    let bsuid = Recipient::Bsuid("KE.90000000000000000101".parse().unwrap());
    insta::assert_snapshot!(sent(bsuid, Some("wamid.IN1"), text("Yes")), @r#"{"biz_opaque_callback_data":"intent-0100","context":{"message_id":"wamid.IN1"},"messaging_product":"whatsapp","recipient":"KE.90000000000000000101","recipient_type":"individual","text":{"body":"Yes","preview_url":false},"type":"text"}"#);
}

#[test]
fn buttons_and_a_list() {
    let content = buttons("Do you have it?", &[("reply:o1:yes", "Yes"), ("reply:o1:no", "No")]);
    insta::assert_snapshot!(sent(phone(), None, content), @r#"{"biz_opaque_callback_data":"intent-0100","interactive":{"action":{"buttons":[{"reply":{"id":"reply:o1:yes","title":"Yes"},"type":"reply"},{"reply":{"id":"reply:o1:no","title":"No"},"type":"reply"}]},"body":{"text":"Do you have it?"},"type":"button"},"messaging_product":"whatsapp","recipient_type":"individual","to":"+254700000101","type":"interactive"}"#);
    insta::assert_snapshot!(sent(phone(), None, list("Offers", 1)), @r#"{"biz_opaque_callback_data":"intent-0100","interactive":{"action":{"button":"Offers","sections":[{"rows":[{"id":"pick:1","title":"Shop 1"}]}]},"body":{"text":"Choose"},"type":"list"},"messaging_product":"whatsapp","recipient_type":"individual","to":"+254700000101","type":"interactive"}"#);
}

#[test]
fn templates() {
    let content = template(&["Asha", "2 bags\n\tof   cement"], &["reply:o1:yes", "reply:o1:no"]);
    insta::assert_snapshot!(sent(phone(), None, content), @r#"{"biz_opaque_callback_data":"intent-0100","messaging_product":"whatsapp","recipient_type":"individual","template":{"components":[{"parameters":[{"text":"Asha","type":"text"},{"text":"2 bags of cement","type":"text"}],"type":"body"},{"index":"0","parameters":[{"payload":"reply:o1:yes","type":"payload"}],"sub_type":"quick_reply","type":"button"},{"index":"1","parameters":[{"payload":"reply:o1:no","type":"payload"}],"sub_type":"quick_reply","type":"button"}],"language":{"code":"en"},"name":"vendor_inquiry"},"to":"+254700000101","type":"template"}"#);
    insta::assert_snapshot!(sent(phone(), None, template(&[], &[])), @r#"{"biz_opaque_callback_data":"intent-0100","messaging_product":"whatsapp","recipient_type":"individual","template":{"language":{"code":"en"},"name":"vendor_inquiry"},"to":"+254700000101","type":"template"}"#);
}

fn asking(body: &str) -> Content {
    Content::CallPermissionRequest { body: body.to_owned() }
}

fn asking_by_template(params: &[&str]) -> Content {
    let body_params = params.iter().map(|text| (*text).to_owned()).collect();
    Content::CallPermissionTemplate {
        name: "call_consent_v1".to_owned(),
        language: "en".to_owned(),
        body_params,
    }
}

#[test]
fn asking_for_permission_to_call() {
    insta::assert_snapshot!(sent(phone(), None, asking("May we call you about order 7?")), @r#"{"biz_opaque_callback_data":"intent-0100","interactive":{"action":{"name":"call_permission_request"},"body":{"text":"May we call you about order 7?"},"type":"call_permission_request"},"messaging_product":"whatsapp","recipient_type":"individual","to":"+254700000101","type":"interactive"}"#);
    insta::assert_snapshot!(sent(phone(), None, asking_by_template(&["Asha", "order\n7"])), @r#"{"biz_opaque_callback_data":"intent-0100","messaging_product":"whatsapp","recipient_type":"individual","template":{"components":[{"parameters":[{"text":"Asha","type":"text"},{"text":"order 7","type":"text"}],"type":"body"}],"language":{"code":"en"},"name":"call_consent_v1"},"to":"+254700000101","type":"template"}"#);
    insta::assert_snapshot!(sent(phone(), None, asking_by_template(&[])), @r#"{"biz_opaque_callback_data":"intent-0100","messaging_product":"whatsapp","recipient_type":"individual","template":{"language":{"code":"en"},"name":"call_consent_v1"},"to":"+254700000101","type":"template"}"#);
    for (content, asks, template) in [
        (asking("x"), true, false),
        (asking_by_template(&[]), true, true),
        (template(&[], &[]), false, true),
        (text("x"), false, false),
    ] {
        assert_eq!((content.asks_to_call(), content.is_template()), (asks, template), "{content:?}");
    }
}

#[test]
fn limits_are_counted_in_code_points() {
    let good = [
        text("é".repeat(TEXT_MAX)),
        buttons(
            &"😀".repeat(BUTTON_BODY_MAX),
            &[(&"i".repeat(256), &"ü".repeat(20)), ("b", "B"), ("c", "C")],
        ),
        list("Offers", 10),
        template(&[&"p".repeat(1024)], &[&"q".repeat(512)]),
        asking(&"é".repeat(BUTTON_BODY_MAX)),
        asking_by_template(&[&"p".repeat(1024)]),
    ];
    for content in good {
        assert_eq!(content.check(), Ok(()), "{content:?}");
    }
    let too_long = |part, count, max| MessageError::TooLong { part, count, max };
    let bad = [
        (text(""), MessageError::Empty { part: "the text" }),
        (text(" \n"), MessageError::Empty { part: "the text" }),
        (text("é".repeat(4097)), too_long("the text", 4097, 4096)),
        (buttons("x", &[]), MessageError::Count { part: "buttons", count: 0, max: 3 }),
        (
            buttons("x", &[("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")]),
            MessageError::Count { part: "buttons", count: 4, max: 3 },
        ),
        (buttons(&"x".repeat(1025), &[("a", "A")]), too_long("the text above the buttons", 1025, 1024)),
        (buttons("x", &[("a", &"ü".repeat(21))]), too_long("a button's label", 21, 20)),
        (buttons("x", &[(&"i".repeat(257), "A")]), too_long("a button's id", 257, 256)),
        (buttons("x", &[("a", "A"), ("a", "B")]), MessageError::Duplicate { part: "buttons' ids" }),
        (buttons("x", &[("a", "A"), ("b", "A")]), MessageError::Duplicate { part: "buttons' labels" }),
        (list("Offers", 11), MessageError::Count { part: "rows", count: 11, max: 10 }),
        (list("", 1), MessageError::Empty { part: "the list's label" }),
        (template(&[""], &[]), MessageError::Empty { part: "a template parameter" }),
        (template(&[&"p".repeat(1025)], &[]), too_long("a template parameter", 1025, 1024)),
        (template(&[], &[&"q".repeat(513)]), too_long("a quick reply's payload", 513, 512)),
        (asking(""), MessageError::Empty { part: "the text above the permission card" }),
        (asking(&"é".repeat(1025)), too_long("the text above the permission card", 1025, 1024)),
        (asking_by_template(&[&"p".repeat(1025)]), too_long("a template parameter", 1025, 1024)),
    ];
    for (content, expected) in bad {
        assert_eq!(content.check(), Err(expected), "{content:?}");
    }
    for intent_id in ["", &"i".repeat(513)] {
        assert!(OutboundMessage::new(phone(), intent_id, None, text("x")).is_err(), "{intent_id}");
    }
}

#[test]
fn content_is_stored_and_read_back_and_not_printed() {
    let all = [
        text("secret words"),
        buttons("x", &[("a", "A")]),
        list("Offers", 2),
        template(&["x"], &["y"]),
        asking("secret words"),
        asking_by_template(&["x"]),
    ];
    for content in all {
        let stored = serde_json::to_string(&content).unwrap();
        assert_eq!(serde_json::from_str::<Content>(&stored).unwrap(), content, "{stored}");
    }
    let message = OutboundMessage::new(phone(), "i", None, text("secret words")).unwrap();
    let debug = format!("{message:?}");
    assert!(!debug.contains("secret") && !debug.contains("254700000101"), "{debug}");
}
