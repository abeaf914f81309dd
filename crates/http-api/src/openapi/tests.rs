use std::{fs, path::Path};

use serde_json::Value;
use tool_registry::{RefusalCode, registry};

use super::{describe, documents, examples, text};
use crate::Code;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_documents_are_as_the_code_has_them() {
    for document in documents() {
        let found = fs::read_to_string(root().join(document.path)).unwrap_or_default();
        assert!(found == document.text, "{} differs: run `cargo xtask docs`", document.path);
    }
}

/// The OpenAPI Initiative's own schema of OpenAPI 3.1 documents, with the schemas inside held against JSON Schema.
#[test]
fn the_document_is_openapi_3_1() {
    let schema = include_str!("../../tests/fixtures/openapi-3.1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let document: Value = serde_json::from_str(text()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let faults: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
    }
    let mut broken = document;
    broken["paths"]["/healthz"]["get"]["responses"]["200"].as_object_mut().unwrap().remove("description");
    assert!(!validator.is_valid(&broken), "a validator that can't refuse proves nothing");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = describe::document();
    let mut found = 0;
    each_reference(&document, &mut |reference| {
        found += 1;
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    });
    assert!(found > 100, "{found}");
}

fn each_reference(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                see(reference);
            }
            object.values().for_each(|value| each_reference(value, see));
        }
        Value::Array(items) => items.iter().for_each(|value| each_reference(value, see)),
        _ => {}
    }
}

#[test]
fn examples_are_true() {
    for spec in registry() {
        let (args, result) = examples::of(spec.name);
        for (schema, example) in [(spec.args_schema(), args), (spec.result_schema(), result)] {
            let validator = jsonschema::draft202012::new(schema).unwrap();
            let faults: Vec<_> = validator.iter_errors(&example).map(|error| error.to_string()).collect();
            assert!(faults.is_empty(), "{}: {faults:?}", spec.name);
        }
    }
    let document = describe::document();
    let problem = &document["components"]["schemas"];
    // The problem's schema refers to its neighbour.
    let schema =
        serde_json::json!({ "$ref": "#/components/schemas/Problem", "components": { "schemas": problem } });
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let responses = document["components"]["responses"].as_object().unwrap();
    for (name, response) in responses {
        for (code, example) in
            response["content"]["application/problem+json"]["examples"].as_object().unwrap()
        {
            assert!(validator.is_valid(&example["value"]), "{name} {code}: {example}");
        }
    }
}

#[test]
fn every_tool_is_a_path_with_its_scope_and_key() {
    let document = describe::document();
    for spec in registry() {
        let operation = &document["paths"][format!("/v1/tools/{}", spec.name)]["post"];
        let scope: &str = spec.scope.into();
        assert_eq!(operation["security"][0]["token"][0], scope);
        assert_eq!(operation["parameters"].as_array().unwrap().len(), usize::from(spec.effect.needs_key()));
        for status in
            ["400", "401", "403", "404", "405", "408", "410", "413", "415", "422", "429", "500", "503"]
        {
            assert!(operation["responses"].get(status).is_some(), "{} {status}", spec.name);
        }
    }
}

#[test]
fn codes_are_told_apart_and_errors_md_has_them_all() {
    let all: Vec<Code> =
        Code::OWN.into_iter().chain(RefusalCode::ALL.iter().copied().map(Code::Refused)).collect();
    let mut names: Vec<_> = all.iter().map(|code| code.as_str()).collect();
    let text = super::errors::markdown();
    for code in &all {
        let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
        assert_eq!(text.matches(&row).count(), 1, "{row}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len());
}

/// The statuses people rely on, beside those that a code names by itself.
#[test]
fn refusals_have_the_status_of_their_kind() {
    use RefusalCode as R;
    for (status, codes) in [
        (
            404,
            vec![
                R::RequestNotFound,
                R::VendorUnknown,
                R::MessageNotFound,
                R::MediaNotFound,
                R::OcrJobNotFound,
            ],
        ),
        (403, vec![R::PersonOnly]),
        (400, vec![R::IdempotencyKeyRequired]),
        (422, vec![R::IdempotencyKeyReused, R::ClientDatum, R::PrescriptionRestricted, R::ShortlistInvalid]),
        (409, vec![R::RequestClosed, R::StaleVersion, R::BatchLimit, R::VendorLimit, R::CallingDisabled]),
        (409, vec![R::OcrDisabled, R::ConsentRequired, R::CooldownActive, R::HumanControl, R::InProgress]),
    ] {
        for code in codes {
            assert_eq!(Code::Refused(code).status().as_u16(), status, "{code}");
        }
    }
}
