//! Exit codes, messages, the directory and the contract, on the built program.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use common::{HEADER, Place, run};
use serde_json::{Value, json};

const GOOD_ANSWER: &str = r#"{"type":"ask_client","question_text":"Front or rear?","why":"axle unknown","state_suggestion":"clarifying"}"#;

const PACK: &str = r#"{
  "contract_version": "1.0",
  "now": "2026-11-22T10:30:00Z",
  "request": {
    "id": "req_0193a5b2c3d470008000000000000001", "state": "new", "version": 1,
    "category": null, "need": null, "urgency": "normal", "language": "en", "prescription": false
  },
  "conversation": [
    { "message_id": "msg_0193a5b2c3d470008000000000000002", "at": "2026-11-22T10:29:30Z",
      "from": "client", "kind": "text", "text": "I need brake pads" }
  ],
  "ocr": [], "vendors_found": [], "vendors_contacted": [], "replies": [], "batches": [], "shortlist": null,
  "limits": { "batch_size_max": 5, "vendors_per_request_max": 15, "vendors_contacted": 0,
              "vendors_remaining": 15, "batch_open": false },
  "policies": { "ai_concierge_enabled": true, "ocr_enabled": false,
    "calling": { "enabled": false, "consent_status": null, "allowed_scopes": [], "cooldown_minutes": 10 } },
  "allowed_next_states": ["clarifying", "ocr_processing", "sourcing", "escalated", "closed", "error"]
}"#;

fn vendors() -> String {
    format!(
        "{HEADER}\n\
         v1,Jua Kali Spares,+254 722 000 001,auto_parts;tyres,-1.28,36.81,Africa/Nairobi,en;sw,yes,4.8\n\
         v2,Westlands Auto,+254722000002,auto_parts,,,Africa/Nairobi,sw,0,\n"
    )
}

#[test]
fn migrate_creates_and_then_changes_nothing() {
    let place = Place::new();
    let first = place.admin(&["migrate"]);
    assert_eq!((first.code, first.out.starts_with("applied 0")), (0, true), "{first:?}");
    let second = place.admin(&["migrate"]);
    assert_eq!((second.code, second.out.as_str()), (0, "the schema is up to date\n"));
}

#[test]
fn a_directory_is_imported_and_listed() {
    Place::each(|place| {
        let file = place.file("v.csv", vendors());
        let dry = place.admin(&["vendors", "import", &file, "--dry-run"]);
        assert!(
            dry.code == 0 && dry.out.contains("dry run") && dry.out.contains("created      2"),
            "{dry:?}"
        );
        assert_eq!(place.json(&["vendors", "list"])["vendors"], json!([]), "a dry run changes nothing");

        let import = place.admin(&["vendors", "import", &file]);
        assert!(import.code == 0 && import.out.contains("created      2"), "{import:?}");
        let taken = format!(
            "{HEADER}\nv1,Jua Kali,+254722000001,tyres,,,UTC,en,1,5\nv9,Thief,+254722000002,tyres,,,UTC,en,1,\n"
        );
        let again = place.admin_reading(&["vendors", "import", "-"], &taken);
        assert!(again.out.contains("updated      1") && again.out.contains("phone taken  1"), "{again:?}");
        assert!(again.out.contains("\n    v9\n"), "{again:?}");

        let listed = place.json(&["vendors", "list"]);
        let rows = listed["vendors"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((&rows[0]["name"], &rows[0]["categories"]), (&json!("Jua Kali"), &json!(["tyres"])));
        assert_eq!(rows[1]["phone"], "+25…02", "numbers are masked");
        let tyres = place.json(&["vendors", "list", "--category", "Tyres"]);
        assert_eq!(tyres["vendors"].as_array().unwrap().len(), 1);
        let one = place.json(&["vendors", "list", "--limit", "1"]);
        assert_eq!((one["vendors"].as_array().unwrap().len(), &one["more"]), (1, &json!(true)));
        assert!(place.admin(&["vendors", "list"]).out.contains("Westlands Auto"));
    });
}

#[test]
fn a_large_directory_takes_several_transactions() {
    let place = Place::new();
    let rows: Vec<String> =
        (0..1_203).map(|n| format!("v{n:05},Shop {n},+2547{n:08},a,,,UTC,en,1,")).collect();
    let file = place.file("v.csv", format!("{HEADER}\n{}\n", rows.join("\n")));
    let dry = place.admin(&["vendors", "import", &file, "--dry-run"]);
    assert!(dry.out.contains("created      1203"), "{dry:?}");
    let import = place.admin(&["vendors", "import", &file]);
    assert!(import.out.contains("created      1203"), "{import:?}");
    assert_eq!(place.json(&["vendors", "list"])["vendors"].as_array().unwrap().len(), 1_203);
}

#[test]
fn one_bad_row_keeps_the_whole_file_out() {
    let place = Place::new();
    let file = place.file("v.csv", format!("{}v3,Bad,0722,auto_parts,91,,EAT,en,1,\n", vendors()));
    let said = place.admin(&["vendors", "import", &file]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    for part in
        ["3 problems, nothing was imported", "line 4, column 3 (phone)", "line 4, column 5 (latitude)"]
    {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert_eq!(place.json(&["vendors", "list"])["vendors"], json!([]));
    let missing = place.admin(&["vendors", "import", "no-such.csv"]);
    assert_eq!((missing.code, missing.err.lines().count()), (1, 1), "{missing:?}");
}

#[test]
fn wrong_use_is_2_and_a_broken_world_is_1() {
    let place = Place::new();
    let folder = format!("sqlite://{}", place.path("missing/concierge.db").display());
    let sqlite: &[(&str, &str)] = &[("DATABASE_URL", &folder)];
    let id = "req_0190a1b2c3d4e5f60718293a4b5c6d7e";
    for (arguments, environment, code, said) in [
        (&[][..], &[][..], 2, "Usage:"),
        (&["requests", "list", "--no-such-flag"], &[], 2, "--no-such-flag"),
        (&["requests", "list", "--state", "lost"], &[], 2, "possible values: new, clarifying"),
        (&["requests", "list", "--limit", "0"], &[], 2, "0 is not in 1..=100000"),
        (&["requests", "show", "msg_1"], &[], 2, "expected an id starting with `req_`"),
        (&["outbox", "resolve", "int_0190a1b2c3d4e5f60718293a4b5c6d7e"], &[], 2, "--delivered"),
        (
            &["outbox", "resolve", "int_0190a1b2c3d4e5f60718293a4b5c6d7e", "--delivered", "--not-delivered"],
            &[],
            2,
            "cannot be used with",
        ),
        (&["requests", "list"], sqlite, 1, "does not exist: create it"),
        (&["migrate"], sqlite, 1, "does not exist: create it"),
        (&["requests", "list"], &[("DATABASE_URL", "mysql://x")], 2, "DATABASE_URL starts neither"),
        (&["migrate"], &[("DATABASE_URL", "postgres://localhost/x")], 2, "DATA_KEY is missing"),
        (&["migrate"], &[("DATABASE_URL", " "), ("LOG_FORMAT", "loud")], 2, "2 problems"),
        (&["migrate"], &[("DATABASE_URL", "sqlite://x.db"), ("RUST_LOG", "a=b=c")], 2, "RUST_LOG is not"),
    ] {
        let found = run(arguments, environment, "");
        assert_eq!(found.code, code, "{arguments:?}: {found:?}");
        assert!(found.err.contains(said) && found.out.is_empty(), "{arguments:?}: {found:?}");
        assert!(!found.err.contains("panicked") && !found.err.contains("RUST_BACKTRACE"), "{found:?}");
    }
    let unknown = place.admin(&["requests", "show", id]);
    assert_eq!((unknown.code, unknown.err.lines().count()), (1, 1), "{unknown:?}");
    assert!(unknown.err.contains(&format!("there is no request {id}")), "{unknown:?}");
}

#[test]
fn an_unreachable_server_is_1_and_its_password_is_not_told() {
    let key = "5e".repeat(32);
    let environment =
        [("DATABASE_URL", "postgres://concierge:hunter2@127.0.0.1:1/concierge"), ("DATA_KEY", key.as_str())];
    for command in [&["migrate"][..], &["requests", "list"]] {
        let said = run(command, &environment, "");
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.starts_with("concierge-admin: DATABASE_URL: cannot open"), "{said:?}");
        assert!(!said.err.contains("hunter2"), "{said:?}");
    }
}

#[test]
fn answers_are_checked_without_any_configuration() {
    let place = Place::new();
    let good = place.file("good.json", GOOD_ANSWER);
    let bad = place.file("bad.json", r#"{"type":"ask_client","question_text":5}"#);
    let accepted = run(&["contract", "check", &good], &[], "");
    assert_eq!((accepted.code, accepted.out), (0, format!("{good}: accepted\n")));

    // Malformed configuration is none of its business.
    let rejected = run(&["contract", "check", "--json", &good, &bad], &[("DATABASE_URL", "mysql://x")], "");
    assert_eq!((rejected.code, rejected.err.as_str()), (1, ""));
    let lines: Vec<Value> = rejected.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({ "file": good, "accepted": true, "violations": [] }));
    assert_eq!((&lines[1]["file"], &lines[1]["accepted"]), (&json!(bad), &json!(false)));
    let rules: Vec<&str> =
        lines[1]["violations"].as_array().unwrap().iter().map(|v| v["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"wrong_type") && rules.contains(&"missing_field"), "{rules:?}");

    let stdin = run(&["contract", "check", "-"], &[], &format!("Sure! {GOOD_ANSWER}"));
    assert!(stdin.code == 1 && stdin.out.contains("(not_json)"), "{stdin:?}");
}

#[test]
fn unreadable_and_endless_files_are_said_and_the_others_still_checked() {
    let place = Place::new();
    let good = place.file("good.json", GOOD_ANSWER);
    let huge = place.file("huge.json", vec![b' '; 5 * 1024 * 1024]);
    let said = run(&["contract", "check", "--json", "no-such.json", &huge, &good], &[], "");
    assert_eq!((said.code, said.out.lines().count()), (1, 3), "{said:?}");
    assert!(said.err.starts_with("concierge-admin: cannot read no-such.json: "), "{said:?}");
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1]["violations"][0]["rule"], "too_large");
    assert_eq!(lines[2]["accepted"], true);
    for context in ["no-such.json", &good] {
        let said = run(&["contract", "check", "--context", context, &good], &[], "");
        assert_eq!((said.code, said.err.lines().count()), (1, 1), "{said:?}");
    }
}

#[test]
fn thousands_of_files_are_checked_in_one_call() {
    let place = Place::new();
    let files: Vec<String> = (0..3_000).map(|n| place.file(&format!("{n}.json"), GOOD_ANSWER)).collect();
    let arguments: Vec<&str> =
        ["contract", "check", "--json"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let said = run(&arguments, &[], "");
    assert_eq!((said.code, said.out.lines().count()), (0, 3_000), "{}", said.err);
}

#[test]
fn with_a_context_pack_an_answer_must_make_sense() {
    let place = Place::new();
    let pack = place.file("pack.json", PACK);
    let good = place.file("good.json", GOOD_ANSWER);
    let accepted = run(&["contract", "check", "--context", &pack, &good], &[], "");
    assert_eq!(accepted.code, 0, "{accepted:?}");
    let senseless = place.file("bad.json", GOOD_ANSWER.replace("Front or rear?", "Ring +254 700 000 101"));
    assert_eq!(run(&["contract", "check", &senseless], &[], "").code, 0, "its shape is right");
    let rejected = run(&["contract", "check", "--context", &pack, &senseless], &[], "");
    assert!(rejected.code == 1 && rejected.out.contains("/question_text: "), "{rejected:?}");
    assert!(rejected.out.contains("(phone_number_in_text)"), "{rejected:?}");
}
