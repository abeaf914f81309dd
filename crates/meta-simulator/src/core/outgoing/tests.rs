use serde_json::json;

use super::*;

fn read_code(body: &Value) -> Result<Asked, u32> {
    let templates =
        [Template::new("vendor_inquiry", "en", "Do you have {{1}} near {{2}}?")
            .quick_replies(&["Yes", "No"])];
    read(body, &templates).map_err(|error| error.code)
}

/// A send with these fields beside the usual ones.
fn with(fields: &Value) -> Value {
    let mut body = json!({"messaging_product": "whatsapp", "to": "+254700000101"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn buttons(titles: &[&str]) -> Value {
    let buttons: Vec<_> = (0..)
        .zip(titles)
        .map(|(n, title)| json!({"type": "reply", "reply": {"id": format!("b{n}"), "title": title}}))
        .collect();
    json!({"type": "interactive", "interactive": {
        "type": "button", "body": {"text": "Pick"}, "action": {"buttons": buttons}}})
}

fn rows(count: usize) -> Value {
    let rows: Vec<_> =
        (0..count).map(|n| json!({"id": format!("r{n}"), "title": format!("Row {n}")})).collect();
    json!({"type": "interactive", "interactive": {
        "type": "list", "body": {"text": "Pick"}, "action": {"button": "Open", "sections": [{"rows": rows}]}}})
}

fn template(name: &str, language: &str, parameters: &[&str]) -> Value {
    let parameters: Vec<_> = parameters.iter().map(|text| json!({"type": "text", "text": text})).collect();
    json!({"type": "template", "template": {"name": name, "language": {"code": language},
        "components": [{"type": "body", "parameters": parameters}]}})
}

#[test]
fn limits() {
    let long = |n: usize| "é".repeat(n);
    let cases = [
        ("text", json!({"type": "text", "text": {"body": "hello"}}), None),
        ("no type is text", json!({"text": {"body": "hello"}}), None),
        ("longest text", json!({"text": {"body": long(4096)}}), None),
        ("text too long", json!({"text": {"body": long(4097)}}), Some(131_009)),
        ("empty text", json!({"text": {"body": ""}}), Some(131_008)),
        ("no text", json!({"type": "text"}), Some(131_008)),
        ("body not a string", json!({"text": {"body": 7}}), Some(131_009)),
        ("another product", json!({"messaging_product": "signal", "text": {"body": "x"}}), Some(100)),
        ("group", json!({"recipient_type": "group", "text": {"body": "x"}}), Some(131_009)),
        ("individual", json!({"recipient_type": "individual", "text": {"body": "x"}}), None),
        ("opaque data", json!({"biz_opaque_callback_data": long(512), "text": {"body": "x"}}), None),
        (
            "long opaque data",
            json!({"biz_opaque_callback_data": long(513), "text": {"body": "x"}}),
            Some(131_009),
        ),
        ("quote without id", json!({"context": {}, "text": {"body": "x"}}), Some(131_008)),
        ("one button", buttons(&["Yes"]), None),
        ("three buttons", buttons(&["Yes", "No", "Later"]), None),
        ("four buttons", buttons(&["1", "2", "3", "4"]), Some(131_009)),
        ("no buttons", buttons(&[]), Some(131_009)),
        ("equal titles", buttons(&["Yes", "Yes"]), Some(131_009)),
        ("longest title", buttons(&[&long(20)]), None),
        ("title too long", buttons(&[&long(21)]), Some(131_009)),
        ("ten rows", rows(10), None),
        ("eleven rows", rows(11), Some(131_009)),
        ("template", template("vendor_inquiry", "en", &["tea", "Nairobi"]), None),
        ("too few parameters", template("vendor_inquiry", "en", &["tea"]), Some(132_000)),
        ("too many parameters", template("vendor_inquiry", "en", &["1", "2", "3"]), Some(132_000)),
        ("another language", template("vendor_inquiry", "sw", &["tea", "Nairobi"]), Some(132_001)),
        ("unknown template", template("other", "en", &[]), Some(132_001)),
        ("unknown type", json!({"type": "hologram"}), Some(131_051)),
        ("read mark", json!({"status": "read", "message_id": "wamid.X"}), None),
        ("read mark without message", json!({"status": "read"}), Some(131_008)),
        ("seen mark", json!({"status": "seen", "message_id": "wamid.X"}), Some(131_009)),
        (
            "odd typing",
            json!({"status": "read", "message_id": "wamid.X", "typing_indicator": {"type": "audio"}}),
            Some(131_009),
        ),
    ];
    for (name, fields, expected) in cases {
        assert_eq!(read_code(&with(&fields)).err(), expected, "{name}");
    }
}

#[test]
fn a_template_is_read_as_the_person_reads_it() {
    let mut body = template("vendor_inquiry", "en", &["tea", "Nairobi"]);
    body["template"]["components"].as_array_mut().unwrap().push(json!({
        "type": "button", "sub_type": "quick_reply", "index": "1",
        "parameters": [{"type": "payload", "payload": "reply:o1:no"}]}));
    let Ok(Asked::Send(outgoing)) = read_code(&with(&body)) else { panic!("not a send") };
    assert_eq!(outgoing.text, "Do you have tea near Nairobi?");
    let buttons: Vec<_> = outgoing.buttons.iter().map(|b| (b.id.as_str(), b.title.as_str())).collect();
    assert_eq!(buttons, [("Yes", "Yes"), ("reply:o1:no", "No")]);
}

#[test]
fn typing_is_a_read_mark() {
    let body =
        with(&json!({"status": "read", "message_id": "wamid.X", "typing_indicator": {"type": "text"}}));
    assert_eq!(read_code(&body), Ok(Asked::ReadMark { wamid: "wamid.X".into(), typing: true }));
}
