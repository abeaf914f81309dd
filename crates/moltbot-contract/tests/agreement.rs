//! Shape: on every document that passes the bytes layer, our verdict is that of a JSON Schema validator on the
//! published document.

// Helpers of tests, which the lints do not take for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::OnceLock;

use jsonschema::Validator;
use moltbot_contract::{Layer, output_contract_text, parse_object, validate_shape};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn reference() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| {
        let published: Value = serde_json::from_str(&output_contract_text()).unwrap();
        jsonschema::draft202012::meta::validate(&published).unwrap();
        jsonschema::draft202012::new(&published).unwrap()
    })
}

/// Both verdicts, which must be one.
fn agreed(text: &str) -> bool {
    let expected = reference().is_valid(&serde_json::from_str(text).unwrap());
    match validate_shape(text.as_bytes()) {
        Ok(decision) => {
            assert!(expected, "accepted, but the schema rejects {text}");
            let again = serde_json::to_string(&decision).unwrap();
            assert_eq!(
                validate_shape(again.as_bytes()).as_ref(),
                Ok(&decision),
                "does not survive being written"
            );
        }
        Err(rejection) => {
            assert!(!expected, "the schema accepts {text}, but: {rejection}");
            assert!(!rejection.violations.is_empty());
            assert_eq!(rejection.layer(), Layer::Shape, "{rejection}");
        }
    }
    expected
}

#[test]
fn the_good_answers_are_good() {
    for answer in common::all() {
        assert!(agreed(&answer.to_string()), "{answer}");
    }
}

/// Every value of a document in turn replaced by every odd value; every key dropped, renamed and added.
#[test]
fn one_change_at_every_place() {
    let (mut accepted, mut rejected) = (0, 0);
    for answer in common::all() {
        for pointer in pointers(&answer) {
            for odd in odd_values() {
                let mut changed = answer.clone();
                *changed.pointer_mut(&pointer).unwrap() = odd;
                if !changed.is_object() {
                    continue;
                }
                if agreed(&changed.to_string()) { accepted += 1 } else { rejected += 1 }
            }
            for change in [drop_key, rename_key, add_key, grow] {
                let mut changed = answer.clone();
                change(changed.pointer_mut(&pointer).unwrap());
                if agreed(&changed.to_string()) { accepted += 1 } else { rejected += 1 }
            }
        }
    }
    assert!(accepted > 200 && rejected > 2_000, "{accepted} accepted, {rejected} rejected");
}

/// Numbers as they are written, which a `Value` would not keep.
#[test]
fn numbers_are_judged_by_value() {
    let plan = common::plan().to_string();
    for (number, ok) in [
        ("5", true),
        ("5.0", true),
        ("5e0", true),
        ("0.5e1", true),
        ("50e-1", true),
        ("1.0000000000000000000", true),
        ("5.5", false),
        ("6", false),
        ("0", false),
        ("-0", false),
        ("-0.0", false),
        ("-1", false),
        ("1e3", false),
        ("1e300", false),
        ("18446744073709551615", false),
        ("18446744073709551616", false),
        ("1e-400", false),
        ("5.000000000000001", false),
    ] {
        assert_eq!(
            agreed(&plan.replace("\"batch_size\":5", &format!("\"batch_size\":{number}"))),
            ok,
            "{number}"
        );
    }
    let shortlist = common::shortlist().to_string();
    for (number, ok) in [
        ("0", true),
        ("-0.0", true),
        ("9007199254740991", true),
        ("9007199254740991.0", true),
        ("9.007199254740991e15", true),
        ("9007199254740992", false),
        ("9007199254740993", false),
        ("1e16", false),
        ("0.1", false),
        ("-1", false),
    ] {
        let text = shortlist.replace("\"price_minor\":350000", &format!("\"price_minor\":{number}"));
        assert_eq!(agreed(&text), ok, "{number}");
    }
    for (number, ok) in [("5", true), ("5.0", true), ("-0.0", true), ("5.0000000001", false), ("1e-7", true)]
    {
        let text = plan.replace("\"min_rating\":3", &format!("\"min_rating\":{number}"));
        assert_eq!(agreed(&text), ok, "{number}");
    }
}

/// Lengths count code points: one emoji is one, however many bytes or UTF-16 units it has.
#[test]
fn lengths_are_code_points() {
    for unit in ["x", "é", "🛞", "\u{0}"] {
        for (length, ok) in [(0, false), (1, true), (1_023, true), (1_024, true), (1_025, false)] {
            let mut answer = common::ask_client();
            answer["question_text"] = unit.repeat(length).into();
            assert_eq!(agreed(&answer.to_string()), ok, "{length} of {unit:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_number_of_changes(
        which in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8, any::<prop::sample::Index>(), json_value()), 0..4),
    ) {
        let mut answer = common::all()[which].clone();
        for (place, kind, odd, arbitrary) in changes {
            let pointers = pointers(&answer);
            let target = answer.pointer_mut(place.get(&pointers).as_str()).unwrap();
            match kind {
                0 => drop_key(target),
                1 => rename_key(target),
                2 => add_key(target),
                3 => grow(target),
                4 => *target = arbitrary,
                _ => *target = odd.get(&odd_values()).clone(),
            }
        }
        let text = answer.to_string();
        prop_assume!(parse_object(text.as_bytes()).is_ok());
        agreed(&text);
    }

    #[test]
    fn any_object(value in json_value()) {
        let text = json!({ "type": "ask_client", "why": value }).to_string();
        prop_assume!(parse_object(text.as_bytes()).is_ok());
        agreed(&text);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text: String) {
        let _ = validate_shape(&bytes);
        let _ = validate_shape(text.as_bytes());
        let _ = moltbot_contract::validate(text.as_bytes(), &common::pack());
    }

    #[test]
    fn no_text_in_a_good_answer_panics(text in ".{1,200}") {
        let mut answer = common::ask_client();
        answer["question_text"] = text.into();
        let _ = moltbot_contract::validate(answer.to_string().as_bytes(), &common::pack());
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-10..2_000_i64).prop_map(Value::from),
        (-10..2_000_i32).prop_map(|n| Value::from(f64::from(n))),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        prop::sample::select(vec!["in_stock", "none", "en", "vendor", "sourcing", "escalate"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_/~]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn odd_values() -> Vec<Value> {
    let mut values = vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1),
        json!(5),
        json!(5.0),
        json!(5.5),
        json!(6),
        json!(15),
        json!(16),
        json!(1e3),
        json!(1_440),
        json!(1_441),
        json!(20_000),
        json!(20_000.5),
        json!(u64::MAX),
        json!(1e300),
        json!(-0.0),
        json!(""),
        json!("x"),
        json!("KES"),
        json!("kes\n"),
        json!("null"),
        json!("\u{0}"),
        json!([]),
        json!({}),
        json!([null]),
        json!(["en"]),
        json!([["en"]]),
        json!({ "type": "ask_client" }),
        json!({ "offer": true }),
        json!({ "offer": 1 }),
        json!({ "wish": "none", "party": null, "trigger": null }),
    ];
    for length in [64, 65, 80, 81, 200, 201, 400, 401, 1_000, 1_001, 1_024, 1_025, 4_096, 4_097] {
        values.push("é".repeat(length).into());
    }
    values.extend([5, 6, 7, 10, 11].map(|count| json!(vec!["en"; count])));
    values.extend([10, 11].map(|count| Value::from(vec![common::shortlist()["items"][1].clone(); count])));
    values.extend(common::all());
    values
}

fn pointers(value: &Value) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut inner = |key: String, value: &Value| {
        out.extend(pointers(value).into_iter().map(|rest| format!("/{key}{rest}")));
    };
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                inner(key.replace('~', "~0").replace('/', "~1"), value);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| inner(index.to_string(), item));
        }
        _ => {}
    }
    out
}

fn drop_key(value: &mut Value) {
    if let Some(object) = value.as_object_mut()
        && let Some(key) = object.keys().next_back().cloned()
    {
        object.remove(&key);
    }
}

fn rename_key(value: &mut Value) {
    if let Some(object) = value.as_object_mut()
        && let Some(key) = object.keys().next().cloned()
        && let Some(inner) = object.remove(&key)
    {
        object.insert(key.to_uppercase(), inner);
    }
}

fn add_key(value: &mut Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert("zz/~".into(), json!(1));
    }
}

fn grow(value: &mut Value) {
    match value {
        Value::Array(items) => items.extend(items.clone().into_iter().cycle().take(6).collect::<Vec<_>>()),
        Value::String(text) => text.push_str(&text.repeat(50)),
        Value::Number(number) => *value = json!(number.as_f64().unwrap() + 0.0),
        Value::Object(object) => {
            object.insert("type".into(), json!("escalate"));
        }
        Value::Null | Value::Bool(_) => *value = json!(0),
    }
}
