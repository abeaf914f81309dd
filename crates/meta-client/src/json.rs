//! Lenient reading of JSON: a wrong shape is an absence, never an error that costs the rest of the batch.

use std::slice;

use marketplace::Timestamp;
use serde_json::{Map, Value};

/// Above this, a number of seconds would lie past the year 5000: it is milliseconds.
const SECONDS_MAX: i64 = 100_000_000_000;

/// The text under `key`: a text that is not empty, or a number as it is written. A boolean is no text.
pub(crate) fn text(of: &Value, key: &str) -> Option<String> {
    plain_text(of.get(key)?)
}

/// As [`text`], but a list stands for its first readable element (Meta's sample of a call's `status`).
pub(crate) fn text_or_first(of: &Value, key: &str) -> Option<String> {
    match of.get(key)? {
        Value::Array(list) => list.iter().find_map(plain_text),
        other => plain_text(other),
    }
}

/// A text that is not empty, or a number as it is written.
pub(crate) fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The whole number under `key`, written as a number or as text.
pub(crate) fn integer(of: &Value, key: &str) -> Option<i64> {
    match of.get(key)? {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// `68.0` is 68; 1.5 is no whole number.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0).then(|| format!("{number:.0}").parse().ok()).flatten()
}

/// The finite number under `key`, written as a number or as text.
pub(crate) fn decimal(of: &Value, key: &str) -> Option<f64> {
    let number = match of.get(key)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }?;
    number.is_finite().then_some(number)
}

/// The boolean under `key`, written as a boolean or as text.
pub(crate) fn boolean(of: &Value, key: &str) -> Option<bool> {
    match of.get(key)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The moment under `key`: seconds since the epoch as Meta writes them, or milliseconds when it cannot be seconds.
pub(crate) fn moment(of: &Value, key: &str) -> Option<Timestamp> {
    match integer(of, key)? {
        number if number <= 0 => None,
        number if number <= SECONDS_MAX => Some(Timestamp::from_seconds(number)),
        number => Some(Timestamp::from_millis(number)),
    }
}

/// The elements under `key`: a list's, or a single object standing for a list of one. Anything else is empty.
pub(crate) fn items<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    match of.get(key) {
        Some(Value::Array(list)) => list,
        Some(object @ Value::Object(_)) => slice::from_ref(object),
        _ => &[],
    }
}

/// The first element of [`items`].
pub(crate) fn first<'a>(of: &'a Value, key: &str) -> Option<&'a Value> {
    items(of, key).first()
}

/// A copy of bounded size, for context that is repeated beside each event of a batch: without the bound a small
/// body could be multiplied by its number of events.
pub(crate) fn bounded_copy(value: &Value) -> Option<Value> {
    copy_to_depth(value, 3)
}

fn copy_to_depth(value: &Value, depth: u8) -> Option<Value> {
    const ENTRIES_MAX: usize = 16;
    const TEXT_MAX: usize = 1024;
    match value {
        Value::String(text) if text.len() > TEXT_MAX => None,
        Value::Array(list) => {
            let depth = depth.checked_sub(1)?;
            Some(list.iter().take(ENTRIES_MAX).filter_map(|item| copy_to_depth(item, depth)).collect())
        }
        Value::Object(map) => {
            let depth = depth.checked_sub(1)?;
            let copied: Map<String, Value> = map
                .iter()
                .take(ENTRIES_MAX)
                .filter(|(key, _)| key.len() <= TEXT_MAX)
                .filter_map(|(key, item)| Some((key.clone(), copy_to_depth(item, depth)?)))
                .collect();
            Some(Value::Object(copied))
        }
        scalar => Some(scalar.clone()),
    }
}

/// How many lists and objects are inside one another; 0 for a scalar. The parser's own limit keeps this shallow.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_texts_stand_for_each_other() {
        let value = json!({"a": 5, "b": "5", "c": true, "d": "", "e": "x", "f": 1.5, "g": null, "h": [7, 8],
            "i": 68.0, "j": 1e300});
        let row = |key| (text(&value, key), integer(&value, key));
        assert_eq!(row("a"), (Some("5".into()), Some(5)));
        assert_eq!(row("b"), (Some("5".into()), Some(5)));
        assert_eq!(row("c"), (None, None), "a boolean is no id");
        assert_eq!(row("d"), (None, None), "an empty text is an absence");
        assert_eq!(row("e"), (Some("x".into()), None));
        assert_eq!(row("f"), (Some("1.5".into()), None));
        assert_eq!(row("g"), (None, None));
        assert_eq!(integer(&value, "i"), Some(68));
        assert_eq!(integer(&value, "j"), None);
        assert_eq!(text_or_first(&value, "h"), Some("7".into()));
        assert_eq!(boolean(&json!({"x": "TRUE"}), "x"), Some(true));
        assert_eq!(decimal(&json!({"x": "-1.25"}), "x"), Some(-1.25));
        assert_eq!(decimal(&json!({"x": "inf"}), "x"), None);
    }

    #[test]
    fn moments_are_seconds_unless_they_cannot_be() {
        let value = json!({"s": "1790002000", "ms": 1_790_002_000_000_i64, "zero": 0, "far": i64::MAX});
        let expected = Timestamp::from_seconds(1_790_002_000);
        assert_eq!(moment(&value, "s"), Some(expected));
        assert_eq!(moment(&value, "ms"), Some(expected));
        assert_eq!(moment(&value, "zero"), None);
        assert!(moment(&value, "far").is_some());
    }

    #[test]
    fn a_bounded_copy_keeps_what_is_small() {
        let small = json!({"id": "1", "profile": {"name": "Asha"}});
        assert_eq!(bounded_copy(&small), Some(small));
        let big = json!({"long": "x".repeat(2000), "list": vec![1; 100], "deep": {"a": {"b": {"c": 1}}}});
        let copy = bounded_copy(&big).unwrap();
        assert_eq!(copy.get("long"), None);
        assert_eq!(items(&copy, "list").len(), 16);
        assert_eq!(copy.get("deep"), Some(&json!({"a": {}})));
    }
}
