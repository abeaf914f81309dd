//! The documents in `docs/` are those the types generate.

// Helpers of tests, which the lints do not take for tests.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, process::Command};

use tool_registry::documents;

fn assert_current(path: &str) {
    let document = documents().into_iter().find(|document| document.path == path).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == document.text, "{path} differs from the types; run `cargo xtask docs`");
}

#[test]
fn tool_registry_markdown_is_current() {
    assert_current("docs/tools/tool-registry.v1.md");
}

#[test]
fn tool_registry_json_is_current() {
    assert_current("docs/tools/tool-registry.v1.json");
}

#[test]
fn output_contract_is_current() {
    assert_current("docs/moltbot/output-contract.v1.json");
}

#[test]
fn provider_schema_is_current() {
    assert_current("docs/moltbot/output-contract.v1.provider.json");
}

#[test]
fn request_states_are_current() {
    assert_current("docs/request-states.md");
}

#[test]
fn check_names_each_file_that_drifted() {
    let root = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_generate-docs"))
            .args(args)
            .arg("--root")
            .arg(root.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run(&[]), (Some(0), String::new()));
    assert_eq!(run(&["--check"]), (Some(0), String::new()));
    fs::write(root.path().join("docs/request-states.md"), "by hand").unwrap();
    fs::remove_file(root.path().join("docs/tools/tool-registry.v1.json")).unwrap();
    let (code, stderr) = run(&["--check"]);
    assert_eq!(code, Some(1));
    assert_eq!(stderr.lines().count(), 2, "{stderr}");
    assert!(
        stderr.contains("docs/request-states.md: ") && stderr.contains("docs/tools/tool-registry.v1.json: ")
    );
    assert_eq!(run(&["--chekc"]).0, Some(1));
}
