//! One verdict on each document: a JSON Schema validator on the published contract, `concierge-admin contract check`
//! and the library.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use jsonschema::Validator;
use moltbot_contract::{parse_object, validate_shape};
use serde_json::{Value, json};
use simulation::{process::Environment, random::Random};
use support::product::run;

const DOCUMENTS: usize = 4_000;
/// Files in one call of the program.
const FILES: usize = 2_000;

/// One good answer of each kind.
fn good() -> [Value; 4] {
    [
        json!({ "type": "ask_client", "question_text": "Front or rear axle?", "why": "not known yet",
            "state_suggestion": "clarifying" }),
        json!({ "type": "vendor_outreach_plan", "category": "auto_parts", "normalized_need": "front brake pads",
            "vendor_filters": { "max_distance_km": 12.5, "languages": ["en", "sw"], "min_rating": 3 },
            "batch_size": 5, "vendor_questions": ["Original or aftermarket?"],
            "stop_conditions": { "offers_wanted": 2, "deadline_minutes": 30 },
            "calling": { "wish": "none", "party": null, "trigger": null } }),
        json!({ "type": "shortlist", "summary_text": "Two shops answered.", "items": [
            { "vendor_id": "v-001", "reply_id": "rep_0193a5b2c3d47000800000000000000a",
              "availability": "in_stock", "price_minor": 350_000, "currency": "KES", "eta": "today", "note": null },
            { "vendor_id": "v-002", "reply_id": "rep_0193a5b2c3d47000800000000000000b",
              "availability": "unclear", "price_minor": null, "currency": null, "eta": null, "note": null } ],
            "handoff": { "offer": true } }),
        json!({ "type": "escalate", "reason": "the client is upset",
            "safe_client_message": "A colleague will write to you.", "state_suggestion": "escalated" }),
    ]
}

/// Whether it is one more good answer or one with a change, what is drawn decides. Texts are changed as texts too,
/// so that the byte layer has something to do.
fn documents(seed: u64) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed, "documents");
    let mut made: Vec<Vec<u8>> = good().iter().map(|answer| answer.to_string().into_bytes()).collect();
    while made.len() < DOCUMENTS {
        let mut document = random.pick(&good()).unwrap().clone();
        for _ in 0..random.between(0, 2) {
            change(&mut document, &mut random);
        }
        let text = document.to_string();
        made.push(if random.between(0, 9) == 0 { spoil(&text, &mut random) } else { text.into_bytes() });
    }
    made
}

fn change(document: &mut Value, random: &mut Random) {
    let mut places = Vec::new();
    walk(document, String::new(), &mut places);
    let place = random.pick(&places).unwrap();
    let target = document.pointer_mut(place).unwrap();
    match (random.between(0, 4), target) {
        (0, Value::Object(fields)) => {
            let key = random.pick(&fields.keys().cloned().collect::<Vec<_>>()).cloned().unwrap_or_default();
            fields.remove(&key);
        }
        (1, Value::Object(fields)) => {
            fields.insert("type ".to_owned(), json!(1));
        }
        (2, Value::Array(items)) => {
            let again = items.first().cloned().unwrap_or(Value::Null);
            items.extend(vec![again; usize::try_from(random.between(1, 11)).unwrap()]);
        }
        (3, Value::String(text)) => {
            let long = [1, 12, 20, 40, 64, 200, 400, 1_000, 1_024, 4_096];
            *text = random.pick(&["é", "🛞", "a"]).unwrap().repeat(*random.pick(&long).unwrap());
        }
        (_, target) => *target = random.pick(&strange()).unwrap().clone(),
    }
}

fn strange() -> Vec<Value> {
    let mut values =
        vec![Value::Null, json!(true), json!(""), json!([]), json!({}), json!(5.0), json!(5.5), json!(-0.0)];
    values.extend([0, 1, 5, 6, 15, 16, 1_440, 1_441, 20_000, -1].map(|number| json!(number)));
    values.extend([json!(u64::MAX), json!(1e300), json!(9_007_199_254_740_993_u64)]);
    values.extend(
        ["sourcing", "none", "request_consent", "vendor", "KES", "kes", "in_stock", "en", "xx"]
            .map(|s| json!(s)),
    );
    values
}

fn walk(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| walk(item, format!("{at}/{n}"), places));
        }
        Value::Object(fields) => fields.iter().for_each(|(key, field)| {
            walk(field, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), places);
        }),
        _ => {}
    }
    places.push(at);
}

fn spoil(text: &str, random: &mut Random) -> Vec<u8> {
    match random.between(0, 7) {
        0 => format!("Sure! {text}").into_bytes(),
        1 => format!("{text}{text}").into_bytes(),
        2 => text.as_bytes()[..text.len() / 2].to_vec(),
        3 => text.replacen('{', "{\"type\":\"escalate\",", 1).into_bytes(),
        4 => text.replacen(": \"", ": \"\\ud800", 1).replacen(":\"", ":\"\\ud800", 1).into_bytes(),
        5 => [text.as_bytes(), b"\xff"].concat(),
        6 => format!("{text}{}", " ".repeat(70_000)).into_bytes(),
        _ => format!("[{text}]").into_bytes(),
    }
}

fn schema() -> Validator {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/moltbot/output-contract.v1.json");
    let published: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    jsonschema::draft202012::new(&published).unwrap()
}

/// What the program says of each file.
async fn checked(files: &[String]) -> BTreeMap<String, Value> {
    let mut verdicts = BTreeMap::new();
    for files in files.chunks(FILES) {
        let mut arguments = vec!["contract", "check", "--json"];
        arguments.extend(files.iter().map(String::as_str));
        let output = run("concierge-admin", &arguments, &Environment::new()).await;
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let verdict: Value = serde_json::from_str(line).unwrap();
            verdicts.insert(verdict["file"].as_str().unwrap().to_owned(), verdict);
        }
    }
    verdicts
}

#[tokio::test]
async fn schema_program_and_library_agree() {
    let schema = schema();
    let folder = tempfile::tempdir().unwrap();
    let documents: Vec<(String, Vec<u8>)> = documents(2_026)
        .into_iter()
        .enumerate()
        .map(|(n, document)| {
            let file = folder.path().join(format!("{n}.json"));
            fs::write(&file, &document).unwrap();
            (file.display().to_string(), document)
        })
        .collect();
    let files: Vec<String> = documents.iter().map(|(file, _)| file.clone()).collect();
    let verdicts = checked(&files).await;
    assert_eq!(verdicts.len(), documents.len(), "one line for each file");

    let (mut accepted, mut by_bytes, mut by_shape) = (0, 0, 0);
    let mut rules = BTreeSet::new();
    for (file, document) in &documents {
        let shown = String::from_utf8_lossy(document);
        let verdict = &verdicts[file];
        let library = validate_shape(document);
        assert_eq!(verdict["accepted"], library.is_ok(), "the program and the library on {shown}");
        let violations = verdict["violations"].as_array().unwrap();
        assert_eq!(verdict["accepted"] == true, violations.is_empty(), "{shown}");
        for violation in violations {
            let rule = violation["rule"].as_str().unwrap();
            assert!(
                !rule.is_empty() && violation["pointer"].is_string() && violation["message"] != "",
                "{violation}"
            );
            rules.insert(rule.to_owned());
        }
        if parse_object(document).is_err() {
            assert!(library.is_err(), "the byte layer rejects {shown}");
            by_bytes += 1;
            continue;
        }
        let value: Value = serde_json::from_slice(document).unwrap();
        assert_eq!(schema.is_valid(&value), library.is_ok(), "the schema and the library on {shown}");
        if library.is_ok() { accepted += 1 } else { by_shape += 1 }
    }
    assert!(accepted > 500 && by_bytes > 200 && by_shape > 1_000, "{accepted} {by_bytes} {by_shape}");
    assert!(rules.len() >= 10, "{rules:?}");
}
