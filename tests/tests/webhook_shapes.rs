//! Webhooks as the real world sends them, and worse: each is answered 200, kills nothing, and is stored or
//! dead-lettered with a reason.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use meta_simulator::sign;
use reqwest::StatusCode;
use serde_json::{Map, Value, json};
use simulation::process::Program;
use store::{
    StoreError, dead_letters, inbound,
    testing::{TestStore, on_both},
};
use support::product::{APP_SECRET, Api, PHONE_NUMBER_ID, VERIFY_TOKEN, count};

/// Every webhook of the fixtures, in the order of their names.
fn fixtures() -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/meta-webhooks");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        })
        .filter(|(_, body): &(String, Value)| body.get("object").is_some())
        .collect()
}

/// Where each value of a document is.
fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| walk(item, &format!("{at}/{n}"), found));
            }
            Value::Object(fields) => fields.iter().for_each(|(key, field)| {
                walk(field, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// What stands where something else was promised; the n-th of its kind, so that no two make one id.
fn strange_values(n: usize) -> [Value; 8] {
    [
        Value::Null,
        json!([]),
        json!({}),
        json!(-1 - i64::try_from(n).unwrap()),
        json!(1.5e300),
        json!(" ".repeat(n % 3)),
        json!(format!("a\u{0}b 👩🏽‍🔧 \u{202e}\u{feff} {n}")),
        json!(format!("{n}{}", "9".repeat(5_000))),
    ]
}

/// Numbers as strings and strings of digits as numbers, everywhere.
fn other_numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::String(text) => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
        Value::Array(items) => items.iter().map(other_numbers).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, field)| (key.clone(), other_numbers(field))).collect()
        }
        other => other.clone(),
    }
}

/// A field nobody knows in every object.
fn with_news(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(with_news).collect(),
        Value::Object(fields) => {
            let mut fields: Map<String, Value> =
                fields.iter().map(|(key, field)| (key.clone(), with_news(field))).collect();
            fields.insert("new_in_v99".to_owned(), json!({ "deep": [1, "two", null] }));
            Value::Object(fields)
        }
        other => other.clone(),
    }
}

/// Each fixture as it is, and changed at one place at a time; a spread of these, the same each time. Every body
/// has ids of its own: a repeated event would be recognised and not looked at.
fn mutations() -> Vec<(String, Vec<u8>)> {
    let mut places_changed = 0;
    let mut bodies: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: String, body: &Value| {
        let text = body.to_string();
        let text = ["wamid.", "wacid."]
            .iter()
            .fold(text, |text, kind| text.replace(kind, &format!("{kind}{}.", bodies.len())));
        bodies.push((name, text.into_bytes()));
    };
    for (nth, (name, body)) in fixtures().iter().enumerate() {
        add(name.clone(), body);
        add(format!("{name}: numbers the other way"), &other_numbers(body));
        add(format!("{name}: unknown fields"), &with_news(body));
        let places = pointers(body);
        for (at, place) in places.iter().enumerate().skip(nth % 3).step_by(3) {
            places_changed += 1;
            let strange = strange_values(places_changed);
            let mut changed = body.clone();
            *changed.pointer_mut(place).unwrap() = strange[(nth + at) % strange.len()].clone();
            add(format!("{name}: {place} is strange"), &changed);

            let (parent, key) = place.rsplit_once('/').unwrap_or(("", ""));
            let mut without = body.clone();
            if let Some(Value::Object(fields)) = without.pointer_mut(parent)
                && fields.remove(key).is_some()
            {
                add(format!("{name}: no {place}"), &without);
            }
        }
    }
    bodies
}

fn message(id: &str, from: &str, kind: &str, content: &Value) -> Value {
    let mut message = json!({ "id": id, "from": from, "timestamp": "1790002000", "type": kind });
    if let Some(fields) = content.as_object() {
        message.as_object_mut().unwrap().extend(fields.clone());
    }
    message
}

fn webhook(phone_number_id: &str, messages: &[Value]) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "200000000000001", "changes": [{
        "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550100001", "phone_number_id": phone_number_id },
            "contacts": [{ "profile": { "name": "Zoë 🧕🏿" }, "wa_id": "254700000101" }],
            "messages": messages,
        } }] }] })
}

/// Shapes seen in the wild that are no small change of a fixture.
fn others() -> Vec<(String, Vec<u8>)> {
    let text =
        |id: &str, body: &str| message(id, "254700000101", "text", &json!({ "text": { "body": body } }));
    let mut bodies: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, body: Vec<u8>| bodies.push((name.to_owned(), body));
    let to_us = |messages: &[Value]| webhook(PHONE_NUMBER_ID, messages).to_string().into_bytes();

    let thousand: Vec<Value> = (0..1_000).map(|n| text(&format!("wamid.K{n}"), &format!("{n}"))).collect();
    add("1000 updates in one post", to_us(&thousand));
    for kind in [
        "image",
        "audio",
        "video",
        "document",
        "sticker",
        "location",
        "contacts",
        "order",
        "system",
        "reaction",
        "button",
        "interactive",
        "ephemeral",
        "unsupported",
        "unknown",
        "request_welcome",
        "hologram",
    ] {
        add(
            &format!("type {kind}, nothing in it"),
            to_us(&[message(&format!("wamid.E{kind}"), "254700000101", kind, &json!({}))]),
        );
        add(
            &format!("type {kind}, a string in it"),
            to_us(&[message(&format!("wamid.S{kind}"), "254700000101", kind, &json!({ kind: "x" }))]),
        );
    }
    for (n, content) in
        ["a\u{0}b", "👨‍👩‍👧‍👦🇰🇪", "\u{200f}مرحبا", "e\u{301}\u{301}\u{301}", "\u{fffd}\u{ffff}", " "]
            .iter()
            .enumerate()
    {
        add(&format!("text {n}"), to_us(&[text(&format!("wamid.T{n}"), content)]));
    }
    add("a lone surrogate", br#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"300000000000001"},"messages":[{"id":"wamid.L","from":"254700000101","timestamp":"1790002000","type":"text","text":{"body":"\ud83d"}}]}}]}]}"#.to_vec());
    add("a long text", to_us(&[text("wamid.long", &"long ".repeat(13_000))]));
    add("another's number", webhook("999999999999999", &[text("wamid.F", "hello")]).to_string().into_bytes());
    add("another product", json!({ "object": "instagram", "entry": [] }).to_string().into_bytes());
    add(
        "an unknown field",
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1",
        "changes": [{ "field": "flows", "value": { "event": "ENDPOINT_AVAILABILITY" } }] }] })
        .to_string()
        .into_bytes(),
    );
    add("no entries", json!({ "object": "whatsapp_business_account" }).to_string().into_bytes());
    for (name, body) in [
        ("nothing", &b""[..]),
        ("no JSON", b"hello"),
        ("half a JSON", br#"{"object":"whatsapp_busi"#),
        ("an array", b"[]"),
        ("null", b"null"),
        ("a form", b"object=whatsapp_business_account&entry=1"),
        ("no UTF-8", b"{\"object\":\"\xff\xfe\"}"),
        ("two objects", br#"{"object":"a"}{"object":"b"}"#),
        ("a key twice", br#"{"object":"a","object":"whatsapp_business_account","entry":[]}"#),
    ] {
        add(name, body.to_vec());
    }
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    add("deep", deep(120).into_bytes());
    add("too deep for an event", format!("{{\"deep\":{}}}", deep(125)).into_bytes());
    add("too deep for anybody", deep(100_000).into_bytes());
    bodies
}

#[test]
fn each_is_answered_200_and_stored_or_dead_lettered() {
    let _turn = support::turn();
    on_both(async |database| {
        let mut api = Api::start(database).await;
        let mut bodies: Vec<(String, Vec<u8>)> = mutations().into_iter().chain(others()).collect();
        // Different changes can leave the same behind.
        let mut seen = BTreeSet::new();
        bodies.retain(|(_, body)| seen.insert(body.clone()));
        assert!(bodies.len() > 600, "{}", bodies.len());
        let mut repeated = 0;
        for (name, body) in &bodies {
            let before = traces(database).await;
            assert_eq!(api.post(body.clone()).await, StatusCode::OK, "{name}");
            api.program.check_alive().unwrap();
            let after = traces(database).await;
            let left_a_trace = after.0 > before.0 || after.1 > before.1;
            // What is left without an id may say the same as another body.
            let text = String::from_utf8_lossy(body);
            let may_repeat = !text.contains("wamid.") && !text.contains("wacid.");
            assert!(left_a_trace || may_repeat, "{name} left no trace");
            repeated += usize::from(!left_a_trace);
        }
        assert!(repeated < bodies.len() / 10, "{repeated} of {} said nothing new", bodies.len());
        the_content_is_kept(database).await;
        // Again, many at the same time: nothing of it is new.
        let before = traces(database).await;
        let answers: Vec<StatusCode> = stream::iter(&bodies)
            .map(|(_, body)| api.post(body.clone()))
            .buffer_unordered(16)
            .collect()
            .await;
        assert!(answers.iter().all(|status| *status == StatusCode::OK), "{:?}", count(answers));
        assert_eq!(traces(database).await, before);

        // The worker places what was stored; nothing of it stops the router.
        let mut worker = api.start_worker();
        until_all_is_placed(database, &mut worker).await;
        api.program.check_alive().unwrap();
        let listed = api.admin(&["dead-letters", "list", "--limit", "5000"]).await;
        let letters = listed["dead_letters"].as_array().unwrap();
        let reasons = count(letters.iter().map(|letter| letter["reason"].as_str().unwrap().to_owned()));
        for expected in [
            "not_json",
            "not_an_object",
            "too_deep",
            "foreign_object",
            "shape",
            "no_id",
            "no_sender",
            "no_phone_number_id",
        ] {
            assert!(reasons.contains_key(expected), "{expected}: {reasons:?}");
        }
        assert!(reasons.keys().all(|reason| !reason.is_empty()));
        assert!(worker.stop(Duration::from_secs(50)).await);
        assert!(api.program.stop(Duration::from_secs(50)).await);
    });
}

/// How many events wait, and how many dead letters there are.
async fn traces(database: &TestStore) -> (i64, usize) {
    let counted = database.db.read(|tx| {
        let (events, _) = inbound::backlog(tx)?;
        Ok::<_, StoreError>((events, dead_letters::waiting(tx, 100_000)?.len()))
    });
    counted.await.unwrap()
}

async fn the_content_is_kept(database: &TestStore) {
    let stored = database.db.read(|tx| inbound::waiting(tx, 100_000)).await.unwrap();
    assert!(stored.iter().all(|event| event.payload.is_some()));
    let payloads: BTreeSet<&str> = stored.iter().filter_map(|event| event.payload.as_deref()).collect();
    assert!(payloads.iter().any(|payload| payload.contains("a\\u0000b")), "U+0000 is kept");
    for n in [0, 499, 999] {
        assert!(payloads.iter().any(|payload| payload.contains(&format!("\"wamid.K{n}\""))), "update {n}");
    }
}

async fn until_all_is_placed(database: &TestStore, worker: &mut Program) {
    let begun = Instant::now();
    loop {
        worker.check_alive().unwrap();
        let (waiting, _) = database.db.read(inbound::backlog).await.unwrap();
        if waiting == 0 {
            return;
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "{waiting} events wait\n{}", worker.log_tail());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn a_wrong_signature_is_401_and_leaves_nothing() {
    let _turn = support::turn();
    on_both(async |database| {
        let api = Api::start(database).await;
        let body =
            webhook(PHONE_NUMBER_ID, &[message("wamid.1", "254700000101", "text", &json!({}))]).to_string();
        let right = sign(APP_SECRET, body.as_bytes());
        let elsewhere = sign("another-secret", body.as_bytes());
        let wrong: [&[u8]; 9] = [
            b"",
            b"sha256=",
            b"sha256=zz",
            "sha256=éé".as_bytes(),
            b"\xff\xfe\xfd",
            elsewhere.as_bytes(),
            right.trim_start_matches("sha256=").as_bytes(),
            &right.as_bytes()[..right.len() - 1],
            &[right.as_bytes(), b"0"].concat(),
        ];
        for signature in wrong {
            let answer = api.webhook(body.clone().into_bytes(), Some(signature)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{}", String::from_utf8_lossy(signature));
        }
        let without = api.webhook(body.clone().into_bytes(), None).send().await.unwrap();
        assert_eq!(without.status(), StatusCode::UNAUTHORIZED);
        let changed =
            api.webhook(format!("{body} ").into_bytes(), Some(right.as_bytes())).send().await.unwrap();
        assert_eq!(changed.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(traces(database).await, (0, 0));
        assert_eq!(api.post(body).await, StatusCode::OK);
        assert_eq!(traces(database).await, (1, 0));
    });
}

#[test]
fn three_mebibytes_are_taken_and_more_than_four_are_not() {
    let _turn = support::turn();
    on_both(async |database| {
        let api = Api::start(database).await;
        let large = |bytes: usize| {
            let text = json!({ "text": { "body": "x".repeat(60_000) } });
            let mut messages: Vec<Value> = (0..bytes / 61_000)
                .map(|n| message(&format!("wamid.{bytes}.{n}"), "254700000101", "text", &text))
                .collect();
            messages.push(json!({ "id": "padding" }));
            let body = webhook(PHONE_NUMBER_ID, &messages).to_string();
            let missing = bytes.checked_sub(body.len()).unwrap();
            body.replacen("padding", &"p".repeat(missing + "padding".len()), 1)
        };
        let three = large(3 * 1024 * 1024);
        assert_eq!(three.len(), 3 * 1024 * 1024);
        assert_eq!(api.post(three).await, StatusCode::OK);
        let (stored, _) = traces(database).await;
        assert!(stored > 40, "{stored}");
        for body in [large(4 * 1024 * 1024 + 1), large(6 * 1024 * 1024)] {
            assert_eq!(api.post(body).await, StatusCode::PAYLOAD_TOO_LARGE);
        }
        assert_eq!(traces(database).await.0, stored);
    });
}

#[test]
fn verification_answers_the_challenge_for_the_right_token_alone() {
    let database = TestStore::sqlite();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let api = Api::start(&database).await;
        let ask = async |mode: &str, token: &str| {
            let query = [("hub.mode", mode), ("hub.verify_token", token), ("hub.challenge", "1158201444")];
            let url =
                reqwest::Url::parse_with_params(&format!("{}/webhooks/whatsapp", api.url), query).unwrap();
            let answer = api.http.get(url).send().await.unwrap();
            (answer.status(), answer.text().await.unwrap())
        };
        assert_eq!(ask("subscribe", VERIFY_TOKEN).await, (StatusCode::OK, "1158201444".to_owned()));
        for (mode, token) in [("subscribe", "wrong"), ("subscribe", ""), ("unsubscribe", VERIFY_TOKEN)] {
            let (status, body) = ask(mode, token).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{mode} {token}");
            assert!(!body.contains("1158201444"), "{body}");
        }
    });
}
