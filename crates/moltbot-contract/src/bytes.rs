//! First layer: one JSON object (RFC 8259), read strictly. No repair, no guessing.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{
    limits::{ANSWER_BYTES_MAX, DEPTH_MAX},
    rejection::{Rejection, RuleId, Violation},
};

/// Integers beyond this are not safe in a JSON number: 2^53.
const SAFE_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Reads one JSON object of at most 64 KiB and depth 16: UTF-8 without byte order mark, no duplicate keys, no lone
/// surrogates, nothing before or after it.
///
/// A number with an integral value reads as an integer: 5.0 is 5.
///
/// # Errors
/// [`Rejection`] with rules of the bytes layer. Text that is not JSON is reported where reading stopped.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, Rejection> {
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(whole(
            RuleId::TooLarge,
            format!("expected at most {ANSWER_BYTES_MAX} bytes, got {}", bytes.len()),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        whole(RuleId::NotUtf8, format!("expected UTF-8, byte {} is not", error.valid_up_to()))
    })?;
    if text.starts_with('\u{feff}') {
        return Err(whole(RuleId::NotUtf8, "expected no byte order mark".into()));
    }

    let found = RefCell::new(Vec::new());
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Strict { place: Place::Root, depth: 1, found: &found }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    let mut violations = found.into_inner();
    match read {
        Ok(Value::Object(object)) => Rejection::unless_empty(violations).map(|()| object),
        Ok(_) => {
            violations.push(Violation::new("", RuleId::NotAnObject, "expected a JSON object"));
            Err(Rejection { violations })
        }
        Err(error) => {
            violations.push(not_json(&error));
            Err(Rejection { violations })
        }
    }
}

fn whole(rule: RuleId, message: String) -> Rejection {
    Rejection { violations: vec![Violation::new("", rule, message)] }
}

/// The reader's own words for a syntax error hold positions and no text of the answer.
fn not_json(error: &serde_json::Error) -> Violation {
    let message = error.to_string();
    if message.starts_with("recursion limit") {
        return Violation::new("", RuleId::TooDeep, format!("expected at most {DEPTH_MAX} levels"));
    }
    Violation::new("", RuleId::NotJson, format!("expected one JSON object and nothing else: {message}"))
}

#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, key) => {
                format!("{}/{}", parent.pointer(), key.replace('~', "~0").replace('/', "~1"))
            }
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

/// Reads a value and notes what the rules forbid, so that all of it is reported at once.
#[derive(Clone, Copy)]
struct Strict<'a> {
    place: Place<'a>,
    depth: usize,
    found: &'a RefCell<Vec<Violation>>,
}

impl Strict<'_> {
    fn note(&self, place: Place<'_>, rule: RuleId, message: String) {
        self.found.borrow_mut().push(Violation::new(place.pointer(), rule, message));
    }

    fn inside<'b>(&'b self, place: Place<'b>) -> Strict<'b> {
        Strict { place, depth: self.depth + 1, found: self.found }
    }

    fn too_deep(&self) -> bool {
        let too_deep = self.depth > DEPTH_MAX;
        if too_deep {
            self.note(self.place, RuleId::TooDeep, format!("expected at most {DEPTH_MAX} levels"));
        }
        too_deep
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(integral(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        if self.too_deep() {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        }
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(self.inside(Place::Index(&self.place, out.len())))? {
            out.push(item);
        }
        Ok(out.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        if self.too_deep() {
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        }
        let mut out = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let place = Place::Key(&self.place, &key);
            if out.contains_key(&key) {
                self.note(place, RuleId::DuplicateKey, "expected each key once".into());
            }
            let value = entries.next_value_seed(self.inside(place))?;
            out.insert(key, value);
        }
        Ok(out.into())
    }
}

/// The JSON number of a finite floating-point value: an integer where it is one and a JSON number holds it safely.
pub fn integral(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= SAFE_INTEGER {
        // Exact within ±2^53.
        #[allow(clippy::cast_possible_truncation)]
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &[u8]) -> Vec<(String, &'static str)> {
        match parse_object(text) {
            Ok(_) => Vec::new(),
            Err(rejection) => rejection.violations.into_iter().map(|v| (v.pointer, v.rule.code())).collect(),
        }
    }

    #[test]
    fn one_object_and_nothing_else() {
        for good in ["{}", " {\"a\":[1,2.5,null,true,\"\\u0000\\ud83d\\ude00\"]} \n", "{\"a\":{\"a\":1}}"] {
            assert_eq!(rules(good.as_bytes()), [], "{good}");
        }
        for (bad, rule) in [
            ("", "not_json"),
            ("Sure! {\"a\":1}", "not_json"),
            ("{\"a\":1} Hope this helps", "not_json"),
            ("```json\n{}\n```", "not_json"),
            ("{}{}", "not_json"),
            ("{\"a\":1,}", "not_json"),
            ("{'a':1}", "not_json"),
            ("{\"a\":01}", "not_json"),
            ("{\"a\":NaN}", "not_json"),
            ("{\"a\":1e400}", "not_json"),
            ("{\"a\":\"\\ud800\"}", "not_json"),
            ("{\"\\udc00\":1}", "not_json"),
            ("{\"a\":\"\\ud800\\ud800\"}", "not_json"),
            ("{\"a\":\"tab\there\"}", "not_json"),
            ("[]", "not_an_object"),
            ("\"{}\"", "not_an_object"),
            ("null", "not_an_object"),
            ("\u{feff}{}", "not_utf8"),
        ] {
            assert_eq!(rules(bad.as_bytes()), [(String::new(), rule)], "{bad}");
        }
        assert_eq!(rules(b"{\"a\":\"\xff\"}"), [(String::new(), "not_utf8")]);
        assert_eq!(rules(b"{\"a\":\"\xed\xa0\x80\"}"), [(String::new(), "not_utf8")]);
    }

    #[test]
    fn every_duplicate_key_is_reported_where_it_is() {
        let text = br#"{"a":1,"b":[{"x/y":1,"x/y":2}],"a":2,"\u0061":3}"#;
        assert_eq!(
            rules(text),
            [
                ("/b/0/x~1y".into(), "duplicate_key"),
                ("/a".into(), "duplicate_key"),
                ("/a".into(), "duplicate_key")
            ]
        );
    }

    #[test]
    fn size_and_depth_are_bounded_exactly() {
        let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert_eq!(rules(nested(16).as_bytes()), []);
        let pointer = format!("/a{}", "/0".repeat(15));
        assert_eq!(rules(nested(17).as_bytes()), [(pointer.clone(), "too_deep")]);
        assert_eq!(rules(nested(100).as_bytes()), [(pointer, "too_deep")]);
        assert!(rules(nested(30_000).as_bytes()).iter().any(|(_, rule)| *rule == "too_deep"));

        let sized = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
        assert_eq!(rules(sized(65_536).as_bytes()), []);
        assert_eq!(rules(sized(65_537).as_bytes()), [(String::new(), "too_large")]);
    }

    #[test]
    fn integral_numbers_read_as_integers() {
        for (text, value) in [
            ("5.0", Value::from(5)),
            ("5e0", 5.into()),
            ("-0", 0.into()),
            ("-0.0", 0.into()),
            ("1e-400", 0.into()),
            ("9007199254740991.0", 9_007_199_254_740_991_i64.into()),
            ("18446744073709551615", u64::MAX.into()),
            ("5.5", 5.5.into()),
        ] {
            let object = parse_object(format!("{{\"a\":{text}}}").as_bytes()).unwrap();
            assert_eq!(object["a"], value, "{text}");
        }
    }
}
