//! Splitting and reading, over the fixtures, over odd shapes, and over fixtures broken at random.

mod calling;
mod fixtures;
mod fuzz;
mod shapes;

use std::{fs, path::PathBuf};

use serde_json::json;

use super::*;
use crate::event::{self, Event};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/meta-webhooks"))
}

fn manifest() -> Vec<String> {
    let text = fs::read_to_string(folder().join("MANIFEST.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    cases.iter().map(|case| case["file"].as_str().unwrap().to_owned()).collect()
}

fn fixture(file: &str) -> Vec<u8> {
    fs::read(folder().join(file)).unwrap()
}

fn events(body: &Value) -> Vec<SplitEvent> {
    split(body.to_string().as_bytes()).unwrap()
}

/// A webhook of one change.
fn change(field: &str, value: &Value) -> Value {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": [{"field": field, "value": value}]}]})
}

/// A `messages` webhook around messages.
fn messages(messages: &Value) -> Value {
    change("messages", &json!({"metadata": {"phone_number_id": "3"}, "messages": messages}))
}
