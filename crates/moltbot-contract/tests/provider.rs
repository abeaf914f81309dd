//! The schema for providers: within what they take, and as wide as the contract.

// Helpers of tests, which the lints do not take for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::OnceLock;

use jsonschema::Validator;
use moltbot_contract::{
    DecisionKind, provider_schema, provider_schema_text, unwrap_provider_answer, validate, validate_shape,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Keywords that every provider with a strict mode takes.
const KEYWORDS: [&str; 8] =
    ["type", "description", "enum", "properties", "required", "additionalProperties", "items", "anyOf"];
/// Levels of objects and arrays, at most; the least that a provider ever promised.
const DEPTH_MAX: usize = 5;
/// Fields of all objects together, at most; the least that a provider ever promised.
const PROPERTIES_MAX: usize = 100;
/// Characters of all names and enum values together.
const NAMES_MAX: usize = 15_000;
/// Type lists and `anyOf`s together, at most.
const UNIONS_MAX: usize = 16;

fn provider() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| {
        let schema = serde_json::from_str(provider_schema_text()).unwrap();
        jsonschema::draft202012::meta::validate(&schema).unwrap();
        jsonschema::draft202012::new(&schema).unwrap()
    })
}

fn wrapped(decision: &str) -> String {
    format!("{{\"decision\":{decision}}}")
}

#[derive(Default)]
struct Lint {
    faults: Vec<String>,
    properties: usize,
    names: usize,
    unions: usize,
}

impl Lint {
    fn of(schema: &Value) -> Self {
        let mut lint = Self::default();
        if schema["type"] != "object" {
            lint.faults.push("the root is not an object".into());
        }
        lint.schema(schema, "", 0);
        for (what, count, most) in [
            ("fields", lint.properties, PROPERTIES_MAX),
            ("characters of names", lint.names, NAMES_MAX),
            ("unions", lint.unions, UNIONS_MAX),
        ] {
            if count > most {
                lint.faults.push(format!("{count} {what}"));
            }
        }
        lint
    }

    fn schema(&mut self, schema: &Value, at: &str, depth: usize) {
        let Some(object) = schema.as_object() else { return self.fault(at, "is no schema object") };
        for keyword in object.keys().filter(|keyword| !KEYWORDS.contains(&keyword.as_str())) {
            self.fault(at, &format!("uses {keyword}"));
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(two) => two.iter().map(|name| name.as_str().unwrap()).collect(),
            _ => Vec::new(),
        };
        self.unions += usize::from(types.len() > 1) + usize::from(object.contains_key("anyOf"));
        if types.is_empty() != object.contains_key("anyOf") {
            self.fault(at, "needs either a type or anyOf");
        }
        if types.len() > 1 && (types.len() != 2 || types[1] != "null") {
            self.fault(at, "mixes types beyond null");
        }
        let depth = depth + usize::from(types.contains(&"object") || types.contains(&"array"));
        if depth > DEPTH_MAX {
            self.fault(at, "is too deep");
        }
        if types.contains(&"object") {
            self.object(schema, at, depth);
        }
        if types.contains(&"array") {
            self.schema(&schema["items"], &format!("{at}/items"), depth);
        }
        for value in schema["enum"].as_array().into_iter().flatten() {
            self.names += value.as_str().unwrap_or("null").len();
        }
        for (index, variant) in schema["anyOf"].as_array().into_iter().flatten().enumerate() {
            self.schema(variant, &format!("{at}/anyOf/{index}"), depth);
        }
    }

    fn object(&mut self, schema: &Value, at: &str, depth: usize) {
        if schema["additionalProperties"] != false {
            self.fault(at, "is open");
        }
        let Some(fields) = schema["properties"].as_object() else {
            return self.fault(at, "has no properties");
        };
        let mut required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        required.sort_unstable();
        if !fields.keys().eq(required) {
            self.fault(at, "has fields that are not required");
        }
        for (name, field) in fields {
            self.properties += 1;
            self.names += name.len();
            self.schema(field, &format!("{at}/{name}"), depth);
        }
    }

    fn fault(&mut self, at: &str, problem: &str) {
        self.faults.push(format!("{at} {problem}"));
    }
}

#[test]
fn it_is_within_what_providers_take() {
    let lint = Lint::of(&provider_schema());
    assert_eq!(lint.faults, [""; 0]);
    assert!(lint.properties > 30 && lint.names > 500 && lint.unions > 5, "the lint saw the schema");
}

/// The lint itself can fail.
#[test]
fn the_lint_finds_what_providers_refuse() {
    let closed = |fields: Value, required: Value| json!({ "type": "object", "properties": fields, "required": required, "additionalProperties": false });
    let text = || json!({ "type": "string" });
    assert_eq!(Lint::of(&closed(json!({ "a": text() }), json!(["a"]))).faults, [""; 0]);
    let deep = (0..6).fold(text(), |inner, _| closed(json!({ "a": inner }), json!(["a"])));
    for (schema, fault) in [
        (json!({ "anyOf": [] }), "the root is not an object"),
        (closed(json!({ "a": text() }), json!([])), " has fields that are not required"),
        (json!({ "type": "object", "properties": {}, "required": [] }), " is open"),
        (closed(json!({ "a": { "type": "string", "minLength": 1 } }), json!(["a"])), "/a uses minLength"),
        (closed(json!({ "a": { "$ref": "#" } }), json!(["a"])), "/a uses $ref"),
        (
            closed(json!({ "a": { "type": ["string", "integer"] } }), json!(["a"])),
            "/a mixes types beyond null",
        ),
        (closed(json!({ "a": { "type": "array" } }), json!(["a"])), "/a/items is no schema object"),
        (deep, "/a/a/a/a/a is too deep"),
        (
            closed(json!({ "a": { "type": "string", "enum": ["x".repeat(15_000)] } }), json!(["a"])),
            "15001 characters of names",
        ),
    ] {
        let faults = Lint::of(&schema).faults;
        assert!(faults.iter().any(|found| found == fault), "{fault} in {faults:?}");
    }
}

/// Providers write fields in the schema's order, so what tells the variants apart comes first.
#[test]
fn the_text_is_the_schema_with_type_first() {
    let text = provider_schema_text();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), provider_schema());
    let firsts: Vec<&str> = text
        .split("\"properties\": {\n")
        .skip(1)
        .filter_map(|rest| rest.trim_start().split('"').nth(1))
        .collect();
    assert_eq!(
        firsts.iter().filter(|first| **first == "type").count(),
        DecisionKind::ALL.len(),
        "{firsts:?}"
    );
    for kind in DecisionKind::ALL {
        let (before, _) = text.split_once(&format!("\"enum\": [\"{kind}\"]")).unwrap();
        assert!(before.trim_end().ends_with("\"type\": \"string\","), "{kind}");
    }
}

/// Good answers at the edges of the contract: every null, every bound.
fn good() -> Vec<Value> {
    let mut all: Vec<Value> = common::all().into();
    let mut change = |mut answer: Value, changes: &[(&str, Value)]| {
        for (pointer, value) in changes {
            *answer.pointer_mut(pointer).unwrap() = value.clone();
        }
        all.push(answer);
    };
    for length in [1, 1_024] {
        change(common::ask_client(), &[("/question_text", "é".repeat(length).into())]);
    }
    for state in
        ["new", "clarifying", "ocr_processing", "sourcing", "shortlisted", "handed_off", "closed", "error"]
    {
        change(common::escalate(), &[("/state_suggestion", state.into())]);
    }
    change(
        common::plan(),
        &[
            ("/vendor_filters/max_distance_km", Value::Null),
            ("/vendor_filters/min_rating", Value::Null),
            ("/vendor_filters/languages", json!([])),
            ("/vendor_questions", json!([])),
            ("/batch_size", json!(1)),
        ],
    );
    change(
        common::plan(),
        &[
            ("/vendor_filters/max_distance_km", json!(20_000)),
            ("/vendor_filters/min_rating", json!(0)),
            ("/vendor_filters/languages", json!(["en", "es", "pt", "fr", "sw", "ar"])),
            ("/stop_conditions", json!({ "offers_wanted": 15, "deadline_minutes": 1_440 })),
        ],
    );
    for (wish, party, trigger) in [
        ("request_consent", "client", Value::Null),
        ("start_call", "vendor", json!("urgent_no_reply")),
        ("start_call", "vendor", json!("ambiguous_reply")),
        ("start_call", "client", json!("client_asked")),
        ("start_call", "client", json!("rapid_clarification")),
    ] {
        let calling = json!({ "wish": wish, "party": party, "trigger": trigger });
        change(common::plan(), &[("/calling", calling)]);
    }
    let item = common::shortlist()["items"][0].clone();
    change(common::shortlist(), &[("/items", vec![item; 10].into()), ("/handoff/offer", false.into())]);
    change(common::shortlist(), &[("/items/0/price_minor", json!(9_007_199_254_740_991_i64))]);
    change(common::shortlist(), &[("/items/0/availability", "out_of_stock".into())]);
    all
}

#[test]
fn every_good_decision_can_be_said_in_it() {
    for answer in good() {
        validate_shape(answer.to_string().as_bytes()).unwrap();
        assert!(provider().is_valid(&json!({ "decision": answer })), "{answer}");
        assert!(!provider().is_valid(&answer), "the bare form is not what is asked for: {answer}");
    }
}

/// The provider's schema holds the shape alone; the validator refuses what it lets through.
#[test]
fn what_it_lets_through_is_still_validated() {
    for (mut answer, pointer, value) in [
        (common::ask_client(), "/question_text", json!("x".repeat(1_025))),
        (common::ask_client(), "/why", json!("")),
        (common::plan(), "/batch_size", json!(6)),
        (common::plan(), "/vendor_questions", json!(["?", "?", "?", "?", "?", "?"])),
        (common::shortlist(), "/items", json!([])),
        (common::shortlist(), "/items/0/price_minor", json!(-1)),
    ] {
        *answer.pointer_mut(pointer).unwrap() = value;
        assert!(provider().is_valid(&json!({ "decision": answer })), "{answer}");
        let text = wrapped(&answer.to_string());
        assert!(validate(unwrap_provider_answer(&text).as_bytes(), &common::pack()).is_err(), "{answer}");
    }
}

#[test]
fn it_refuses_what_has_another_shape() {
    for (mut answer, pointer, value) in [
        (common::ask_client(), "/type", json!("ask")),
        (common::ask_client(), "/state_suggestion", json!("done")),
        (common::plan(), "/calling/party", json!("courier")),
        (common::plan(), "/batch_size", json!("5")),
        (common::shortlist(), "/items/0/eta", json!(5)),
        (common::escalate(), "/reason", Value::Null),
    ] {
        *answer.pointer_mut(pointer).unwrap() = value;
        assert!(!provider().is_valid(&json!({ "decision": answer })), "{answer}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Wrapping and unwrapping is the identity, whatever is wrapped.
    #[test]
    fn wrapping_loses_nothing(text in ".{0,40}", number: f64, before in "[ \n\t]{0,3}", which in 0..4_usize) {
        let mut answer = common::all()[which].clone();
        answer["x"] = json!([text, number, { text.as_str(): null }]);
        for decision in [answer.to_string(), serde_json::to_string_pretty(&answer).unwrap(), json!(text).to_string()] {
            let plain = wrapped(&decision);
            prop_assert_eq!(unwrap_provider_answer(&plain), decision.as_str());
            let spaced = format!("{before}{{{before}\"decision\"{before}:{before}{decision}{before}}}{before}");
            prop_assert_eq!(unwrap_provider_answer(&spaced), decision.as_str());
        }
    }

    /// Both forms of an answer get the same verdict.
    #[test]
    fn wrapped_and_bare_are_judged_alike(which in 0..4_usize, text in ".{0,30}") {
        let mut answer = common::all()[which].clone();
        let field = ["why", "category", "summary_text", "reason"][which];
        answer[field] = text.into();
        let bare = answer.to_string();
        let pack = common::pack();
        prop_assert_eq!(
            validate(unwrap_provider_answer(&wrapped(&bare)).as_bytes(), &pack),
            validate(unwrap_provider_answer(&bare).as_bytes(), &pack)
        );
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = unwrap_provider_answer(&text);
    }
}
