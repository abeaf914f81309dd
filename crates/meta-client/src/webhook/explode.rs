//! A body of many events into bodies of one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    BodyError, EVENTS_MAX,
    located::{ITEM_KEYS, carries_items, is_foreign},
};
use crate::json;

/// Parts of a value that say where its events belong and are repeated beside each of them.
const CONTEXT_KEYS: [&str; 2] = ["messaging_product", "metadata"];

/// Bodies of one event each, at least one. What has another form than expected stays as it is, in a body of its own.
pub(super) fn explode(mut root: Map<String, Value>) -> Result<Vec<Value>, BodyError> {
    let mut bodies = Bodies { object: root.get("object").and_then(json::bounded_copy), bodies: Vec::new() };
    let entries = if is_foreign(&json!({"object": root.get("object")})) {
        Vec::new()
    } else {
        take_list(&mut root, "entry")
    };
    if entries.is_empty() {
        return Ok(vec![Value::Object(root)]);
    }
    for entry in entries {
        bodies.add_entry(entry)?;
    }
    Ok(bodies.bodies)
}

struct Bodies {
    object: Option<Value>,
    bodies: Vec<Value>,
}

impl Bodies {
    fn add_entry(&mut self, entry: Value) -> Result<(), BodyError> {
        let Value::Object(mut entry) = entry else { return self.push(entry) };
        let changes = take_list(&mut entry, "changes");
        if changes.is_empty() {
            return self.push(Value::Object(entry));
        }
        let context = bounded_object(&entry);
        for change in changes {
            self.add_change(&context, change)?;
        }
        Ok(())
    }

    fn add_change(&mut self, entry: &Map<String, Value>, change: Value) -> Result<(), BodyError> {
        let Value::Object(mut change) = change else { return self.push_change(entry, change) };
        let field = change.get("field").and_then(json::plain_text);
        let Some(Value::Object(value)) = change.get_mut("value") else {
            return self.push_change(entry, Value::Object(change));
        };
        if !carries_items(field.as_deref()) {
            return self.push_change(entry, Value::Object(change));
        }
        let value = std::mem::take(value);
        for value in explode_value(value) {
            let mut change = bounded_object(&change);
            if let Some(field) = &field {
                change.insert("field".to_owned(), Value::String(field.clone()));
            }
            change.insert("value".to_owned(), Value::Object(value));
            self.push_change(entry, Value::Object(change))?;
        }
        Ok(())
    }

    fn push_change(&mut self, entry: &Map<String, Value>, change: Value) -> Result<(), BodyError> {
        let mut entry = entry.clone();
        entry.insert("changes".to_owned(), Value::Array(vec![change]));
        self.push(Value::Object(entry))
    }

    fn push(&mut self, entry: Value) -> Result<(), BodyError> {
        if self.bodies.len() >= EVENTS_MAX {
            return Err(BodyError::TooManyEvents);
        }
        let mut body = Map::new();
        if let Some(object) = &self.object {
            body.insert("object".to_owned(), object.clone());
        }
        body.insert("entry".to_owned(), Value::Array(vec![entry]));
        self.bodies.push(Value::Object(body));
        Ok(())
    }
}

/// One value for each event in it. Parts that nobody knows ride with the first, so that nothing is lost and nothing
/// is multiplied.
fn explode_value(mut value: Map<String, Value>) -> Vec<Map<String, Value>> {
    let items: Vec<(&str, Value)> = ITEM_KEYS
        .into_iter()
        .flat_map(|key| take_list(&mut value, key).into_iter().map(move |item| (key, item)))
        .collect();
    if items.is_empty() {
        return vec![value];
    }
    let mut context = Map::new();
    for key in CONTEXT_KEYS {
        if let Some(part) = value.get(key).and_then(json::bounded_copy) {
            context.insert(key.to_owned(), part);
        }
    }
    let contacts = Contacts::new(take_list(&mut value, "contacts"));
    let errors = take_list(&mut value, "errors");
    let calls = items.iter().filter(|(key, _)| *key == "calls").count();
    let errors_of_calls: Option<Value> = items
        .iter()
        .any(|(key, item)| *key == "calls" && bears_errors(item, calls))
        .then(|| json::bounded_copy(&Value::Array(errors.clone())))
        .flatten()
        .filter(|_| !errors.is_empty());

    let mut values = Vec::with_capacity(items.len() + 1);
    for (key, item) in items {
        let mut one = if values.is_empty() { std::mem::take(&mut value) } else { context.clone() };
        let named = contacts.of(&item);
        if !named.is_empty() {
            one.insert("contacts".to_owned(), Value::Array(named));
        }
        if let (Some(errors), "calls", true) = (&errors_of_calls, key, bears_errors(&item, calls)) {
            one.insert("errors".to_owned(), errors.clone());
        }
        one.insert(key.to_owned(), Value::Array(vec![item]));
        values.push(one);
    }
    if errors_of_calls.is_none() && !errors.is_empty() {
        let mut one = context;
        one.insert("errors".to_owned(), Value::Array(errors));
        values.push(one);
    }
    values
}

/// Errors stand beside the calls and name none: they belong to the only call there is, else to those that failed.
fn bears_errors(call: &Value, calls: usize) -> bool {
    let failed =
        || json::text_or_first(call, "status").is_some_and(|status| status.eq_ignore_ascii_case("failed"));
    calls == 1 || failed()
}

/// The entries of a value's `contacts`, found by the number or id they name.
struct Contacts {
    entries: Vec<Value>,
    by_name: BTreeMap<String, usize>,
}

impl Contacts {
    fn new(entries: Vec<Value>) -> Self {
        let mut by_name = BTreeMap::new();
        for (at, entry) in entries.iter().enumerate() {
            for name in ["wa_id", "user_id"].into_iter().filter_map(|key| json::text(entry, key)) {
                by_name.entry(name).or_insert(at);
            }
        }
        Self { entries, by_name }
    }

    /// Those who share a number or an id with the event, in their order.
    fn of(&self, item: &Value) -> Vec<Value> {
        const PERSON_KEYS: [&str; 6] =
            ["from", "from_user_id", "to", "to_user_id", "recipient_id", "recipient_user_id"];
        let found: BTreeSet<usize> = PERSON_KEYS
            .into_iter()
            .filter_map(|key| json::text(item, key))
            .filter_map(|name| self.by_name.get(name.trim_start_matches('+')).copied())
            .collect();
        found.into_iter().filter_map(|at| self.entries.get(at)).filter_map(json::bounded_copy).collect()
    }
}

/// Takes a list out of an object; a single object stands for a list of one. Anything else stays where it is.
fn take_list(of: &mut Map<String, Value>, key: &str) -> Vec<Value> {
    match of.get_mut(key) {
        Some(Value::Array(list)) if !list.is_empty() => {
            let list = std::mem::take(list);
            of.remove(key);
            list
        }
        Some(Value::Object(_)) => of.remove(key).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn bounded_object(of: &Map<String, Value>) -> Map<String, Value> {
    of.iter().filter_map(|(key, part)| Some((key.clone(), json::bounded_copy(part)?))).take(16).collect()
}
