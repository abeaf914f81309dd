//! Laws over fixtures broken at random.

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::event::MessageContent;

/// One way to break a JSON value at a place.
#[derive(Debug, Clone)]
enum Break {
    Delete,
    Replace(Value),
    /// Beside itself in a list, under another name in an object.
    Duplicate,
    /// Into a list of one.
    Wrap,
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("1790000100"),
        json!("\u{0}"),
        json!("KE.9000"),
        json!("+254700000101"),
        json!("x".repeat(5_000)),
        json!([]),
        json!([1, null, "x"]),
        json!([[[]]]),
        json!({}),
        json!({"id": true}),
        json!({"id": {"id": 1}, "from": []}),
    ])
}

fn a_break() -> impl Strategy<Value = Break> {
    prop_oneof![
        Just(Break::Delete),
        odd_value().prop_map(Break::Replace),
        Just(Break::Duplicate),
        Just(Break::Wrap)
    ]
}

/// JSON pointers of everything below `value`.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    let mut add = |key: &str, child: &Value| {
        let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        places(child, &place, into);
        into.push(place);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, child)| add(key, child)),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, child)| add(&n.to_string(), child)),
        _ => {}
    }
}

fn apply(body: &mut Value, at: Index, how: &Break) {
    let mut all = Vec::new();
    places(body, "", &mut all);
    if all.is_empty() {
        return;
    }
    let place = at.get(&all).clone();
    let (parent, key) = place.rsplit_once('/').unwrap();
    if let Break::Replace(value) = how {
        *body.pointer_mut(&place).unwrap() = value.clone();
        return;
    }
    let child = body.pointer(&place).unwrap().clone();
    match (body.pointer_mut(parent).unwrap(), how) {
        (Value::Object(map), Break::Delete) => {
            map.remove(key);
        }
        (Value::Array(list), Break::Delete) => {
            list.remove(key.parse().unwrap());
        }
        (Value::Object(map), Break::Duplicate) => {
            map.insert(format!("{key}_again"), child);
        }
        (Value::Array(list), Break::Duplicate) => list.push(child),
        (_, _) => *body.pointer_mut(&place).unwrap() = json!([child]),
    }
}

/// What a reducer may conclude from an event never contradicts itself, however broken the event is.
fn conclusions_hold(event: &Event) {
    match event {
        Event::Call(call) => {
            assert!(!(call.was_answered() && call.answer_in_doubt()), "{call:?}");
            assert_eq!(call.error_code().is_some(), call.errors.iter().any(|error| error.code.is_some()));
            assert!(!format!("{call:?}").contains("ice-pwd"));
        }
        Event::Message(message) => {
            let MessageContent::CallPermissionReply(reply) = &message.content else { return };
            let until = reply.lets_call_until(Timestamp::from_seconds(1_790_000_100));
            assert_eq!(reply.is_accepted(), until.is_some() || reply.is_for_good(), "{reply:?}");
            assert!(!(until.is_some() && reply.is_for_good()), "{reply:?}");
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    /// Whatever is broken: no panic, at least one event, and each event stands alone: split again, it is itself.
    #[test]
    fn broken_fixtures_still_split(
        file in any::<Index>(),
        breaks in prop::collection::vec((any::<Index>(), a_break()), 1..6),
    ) {
        let manifest = manifest();
        let mut body: Value = serde_json::from_slice(&fixture(file.get::<String>(&manifest))).unwrap();
        for (at, how) in &breaks {
            apply(&mut body, *at, how);
        }
        let events = events(&body);
        prop_assert!(!events.is_empty());
        for event in events {
            let typed = event::parse(&event.raw);
            conclusions_hold(&typed);
            if event.fault.is_none() && event.kind != EventKind::Unknown {
                prop_assert!(!matches!(typed, Event::Unknown(_)), "no fault, so it reads as its kind");
            }
            prop_assert_eq!(split(event.raw.to_string().as_bytes()).unwrap(), vec![event]);
        }
    }

    /// Bytes that are no webhook at all.
    #[test]
    fn any_bytes_split_or_are_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(events) = split(&body) {
            prop_assert!(!events.is_empty());
        }
    }

    /// A fixture cut or altered as text.
    #[test]
    fn altered_text_splits_or_is_refused(
        file in any::<Index>(),
        at in any::<Index>(),
        with in prop::sample::select(vec!["", "\"", "\\", "{", "}", "[", "]", ",", "\\u0000", "\\ud800", "1", "\u{0}"]),
    ) {
        let manifest = manifest();
        let mut body = fixture(file.get::<String>(&manifest));
        let at = at.index(body.len());
        body.splice(at..=at, with.bytes());
        if let Ok(events) = split(&body) {
            prop_assert!(!events.is_empty());
            for event in events {
                let _ = event::parse(&event.raw);
            }
        }
    }
}
