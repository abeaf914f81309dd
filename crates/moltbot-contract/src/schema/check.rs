//! A value against a compiled schema: every violation, with its JSON Pointer.

use std::{borrow::Cow, cmp::Ordering, fmt::Write as _};

use serde_json::{Map, Number, Value};

use super::compile::{AnyOf, CompiledSchema, Node, Texts, Types};
use crate::rejection::{RuleId, Violation};

impl CompiledSchema {
    /// Every violation in document order (an object's keys sorted); empty when the value conforms.
    pub fn check(&self, value: &Value) -> Vec<Violation> {
        let mut found = Found::default();
        check(&self.root, value, Place::Root, &mut found);
        found.0
    }
}

/// Where the check stands: a chain on the stack, written out only for a violation.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn pointer(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Root => {}
            Self::Key(parent, key) => {
                parent.write(out);
                out.push('/');
                out.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Self::Index(parent, index) => {
                parent.write(out);
                let _ = write!(out, "/{index}");
            }
        }
    }
}

#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, place: Place<'_>, rule: RuleId, message: impl Into<Cow<'static, str>>) {
        self.0.push(Violation::new(place.pointer(), rule, message));
    }
}

fn check(node: &Node, value: &Value, place: Place<'_>, found: &mut Found) {
    if let Some(types) = node.types
        && !types.meets(types_of(value))
    {
        found.add(place, RuleId::WrongType, format!("expected {}", types.describe()));
        return;
    }
    if let Some(texts) = &node.one_of_texts {
        check_enum(texts, value, place, found);
    }
    match value {
        Value::String(text) => check_text(node, text, place, found),
        Value::Number(number) => check_number(node, number, place, found),
        Value::Array(items) => check_items(node, items, place, found),
        Value::Object(object) => check_object(node, object, place, found),
        Value::Null | Value::Bool(_) => {}
    }
    match &node.any_of {
        None => {}
        Some(AnyOf::ByTag { tag, variants }) => check_tagged(tag, variants, value, place, found),
        Some(AnyOf::Tried(variants)) => check_alternatives(variants, value, place, found),
    }
}

/// An integer is a number too, and 5.0 is an integer.
fn types_of(value: &Value) -> Types {
    match value {
        Value::Null => Types::NULL,
        Value::Bool(_) => Types::BOOLEAN,
        Value::String(_) => Types::STRING,
        Value::Array(_) => Types::ARRAY,
        Value::Object(_) => Types::OBJECT,
        Value::Number(number) => {
            let integral = !number.is_f64() || number.as_f64().is_some_and(|float| float.fract() == 0.0);
            if integral { Types::INTEGER.and_number() } else { Types::NUMBER }
        }
    }
}

fn check_enum(texts: &Texts, value: &Value, place: Place<'_>, found: &mut Found) {
    let listed = match value {
        Value::String(text) => texts.texts.iter().any(|one| one == text),
        Value::Null => texts.null,
        _ => false,
    };
    if !listed {
        let null = if texts.null { " or null" } else { "" };
        found.add(place, RuleId::NotInEnum, format!("expected one of: {}{null}", texts.texts.join(", ")));
    }
}

fn check_text(node: &Node, text: &str, place: Place<'_>, found: &mut Found) {
    // A text has at most as many code points as bytes: most texts need no counting.
    let at_least_one = usize::from(!text.is_empty());
    if node.min_length > at_least_one && text.chars().count() < node.min_length
        || node.min_length == 1 && text.is_empty()
    {
        found.add(place, RuleId::TextTooShort, format!("expected at least {} characters", node.min_length));
    }
    if let Some(max) = node.max_length
        && text.len() > max
        && text.chars().count() > max
    {
        found.add(place, RuleId::TextTooLong, format!("expected at most {max} characters"));
    }
    if let Some(pattern) = &node.pattern
        && !pattern.matches(text)
    {
        found.add(place, RuleId::PatternMismatch, format!("expected the form {}", pattern.source()));
    }
}

fn check_number(node: &Node, number: &Number, place: Place<'_>, found: &mut Found) {
    if let Some(minimum) = &node.minimum
        && compare(number, minimum) == Ordering::Less
    {
        found.add(place, RuleId::NumberTooSmall, format!("expected at least {}", plain(minimum)));
    }
    if let Some(maximum) = &node.maximum
        && compare(number, maximum) == Ordering::Greater
    {
        found.add(place, RuleId::NumberTooLarge, format!("expected at most {}", plain(maximum)));
    }
}

/// Integers are compared as integers, all else as floating point. Neither is ever NaN in JSON.
fn compare(a: &Number, b: &Number) -> Ordering {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// `5` for a bound the schema writes as 5.0.
fn plain(bound: &Number) -> String {
    bound.as_f64().map_or_else(|| bound.to_string(), |float| format!("{float}"))
}

fn check_items(node: &Node, items: &[Value], place: Place<'_>, found: &mut Found) {
    if items.len() < node.min_items {
        found.add(place, RuleId::TooFewItems, format!("expected at least {} items", node.min_items));
    }
    if let Some(max) = node.max_items
        && items.len() > max
    {
        found.add(place, RuleId::TooManyItems, format!("expected at most {max} items"));
    }
    if let Some(each) = &node.items {
        for (index, item) in items.iter().enumerate() {
            check(each, item, Place::Index(&place, index), found);
        }
    }
}

fn check_object(node: &Node, object: &Map<String, Value>, place: Place<'_>, found: &mut Found) {
    for name in &node.required {
        if !object.contains_key(name) {
            found.add(Place::Key(&place, name), RuleId::MissingField, "expected this field to be there");
        }
    }
    for (key, value) in object {
        match node.property(key) {
            Some(schema) => check(schema, value, Place::Key(&place, key), found),
            None if node.closed => {
                found.add(Place::Key(&place, key), RuleId::UnknownField, "expected no such field");
            }
            None => {}
        }
    }
}

/// Exactly one variant can match a tag, so its violations are the ones that help.
fn check_tagged(tag: &str, variants: &[(String, Node)], value: &Value, place: Place<'_>, found: &mut Found) {
    let Some(object) = value.as_object() else {
        found.add(place, RuleId::WrongType, "expected an object");
        return;
    };
    let wanted = object.get(tag).and_then(Value::as_str);
    if let Some((_, variant)) = variants.iter().find(|(name, _)| Some(name.as_str()) == wanted) {
        check(variant, value, place, found);
    } else {
        let known: Vec<_> = variants.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!("expected one of: {}", known.join(", "));
        found.add(Place::Key(&place, tag), RuleId::UnknownType, message);
    }
}

/// With one alternative of the value's type its violations are reported, else only that none matched.
fn check_alternatives(variants: &[Node], value: &Value, place: Place<'_>, found: &mut Found) {
    let mut of_this_type = Vec::new();
    for variant in variants {
        let mut attempt = Found::default();
        check(variant, value, place, &mut attempt);
        if attempt.0.is_empty() {
            return;
        }
        if variant.types.is_none_or(|types| types.meets(types_of(value))) {
            of_this_type.push(attempt);
        }
    }
    match of_this_type.len() {
        1 => found.0.extend(of_this_type.into_iter().flat_map(|attempt| attempt.0)),
        _ => found.add(place, RuleId::NoAlternative, "expected one of the schema's alternatives"),
    }
}
