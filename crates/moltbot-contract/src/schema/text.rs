//! A schema as text in a fixed order that people and models read well: `type` before `properties`, and
//! properties in the order of `required`, which is the order of the Rust fields.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const KEYWORDS: [&str; 22] = [
    "$schema",
    "$id",
    "title",
    "description",
    "type",
    "enum",
    "const",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "anyOf",
    "$ref",
    "$defs",
];

/// The text, indented by two blanks, with a line break at the end.
pub fn pretty(schema: &Value) -> String {
    pretty_ordered(schema, &[])
}

/// As [`pretty`], for a document around schemas: `first` are keys written before all others, in this order.
pub fn pretty_ordered(document: &Value, first: &[&str]) -> String {
    let mut writer = Writer { out: String::new(), first };
    writer.value(document, 0, &[]);
    writer.out.push('\n');
    writer.out
}

struct Writer<'a> {
    out: String,
    first: &'a [&'a str],
}

impl Writer<'_> {
    /// `order`: the keys that come first if the value maps property names to schemas.
    fn value(&mut self, value: &Value, indent: usize, order: &[&str]) {
        match value {
            Value::Object(object) if !object.is_empty() => self.object(object, indent, order),
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                self.out.push_str("[\n");
                for (index, item) in items.iter().enumerate() {
                    self.line(index, indent + 1);
                    self.value(item, indent + 1, &[]);
                }
                self.end(indent, ']');
            }
            Value::Array(items) => {
                let texts: Vec<_> = items.iter().map(ToString::to_string).collect();
                let _ = write!(self.out, "[{}]", texts.join(", "));
            }
            other => {
                let _ = write!(self.out, "{other}");
            }
        }
    }

    fn object(&mut self, object: &Map<String, Value>, indent: usize, order: &[&str]) {
        let required: Vec<&str> = object
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let place = |key: &str| {
            let lists = [order, self.first, &KEYWORDS];
            let lists = if order.is_empty() {
                lists.get(1..).unwrap_or_default()
            } else {
                lists.get(..1).unwrap_or_default()
            };
            let listed = lists.iter().enumerate().find_map(|(list, keys)| {
                keys.iter().position(|known| *known == key).map(|position| (list, position))
            });
            listed.unwrap_or((usize::MAX, 0))
        };
        let mut keys: Vec<&String> = object.keys().collect();
        keys.sort_by_key(|key| (place(key), key.as_str().to_owned()));

        self.out.push_str("{\n");
        for (index, key) in keys.into_iter().enumerate() {
            let Some(value) = object.get(key) else { continue };
            self.line(index, indent + 1);
            let _ = write!(self.out, "{}: ", Value::from(key.as_str()));
            // A map from names to schemas must not be sorted as if the names were keywords.
            let inner: &[&str] = match key.as_str() {
                "properties" if required.is_empty() => &[""],
                "properties" => &required,
                "$defs" => &DEFS,
                _ => &[],
            };
            self.value(value, indent + 1, inner);
        }
        self.end(indent, '}');
    }

    fn line(&mut self, index: usize, indent: usize) {
        self.out.push_str(if index == 0 { "" } else { ",\n" });
        self.out.push_str(&"  ".repeat(indent));
    }

    fn end(&mut self, indent: usize, bracket: char) {
        self.out.push('\n');
        self.out.push_str(&"  ".repeat(indent));
        self.out.push(bracket);
    }
}

/// The order of the contract's variants.
const DEFS: [&str; 4] = [
    crate::DecisionKind::ALL[0].as_str(),
    crate::DecisionKind::ALL[1].as_str(),
    crate::DecisionKind::ALL[2].as_str(),
    crate::DecisionKind::ALL[3].as_str(),
];
