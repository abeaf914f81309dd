//! Programs that cannot start say why in one message with everything that is wrong, and exit as documented.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use std::net::TcpListener;

use simulation::process::Environment;
use store::testing::TestStore;
use support::product::{data_key, run};

const PROGRAMS: [(&str, &[&str]); 3] =
    [("concierge-api", &[]), ("concierge-worker", &[]), ("concierge-admin", &["requests", "list"])];

/// What a program says when it cannot start.
struct Refusal {
    code: Option<i32>,
    said: String,
}

/// # Panics
/// If it starts, or speaks as a crash does.
async fn refusal(program: &str, arguments: &[&str], environment: &Environment) -> Refusal {
    let output = run(program, arguments, environment).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{program} did not fail: {said}");
    assert!(output.stdout.is_empty(), "{program}: standard output is for results");
    for crash in ["panicked", "stack backtrace", "RUST_BACKTRACE", ".rs:"] {
        assert!(!said.contains(crash), "{program}: {said}");
    }
    let named = said.lines().filter(|line| line.starts_with(&format!("{program}: "))).count();
    assert_eq!(named, 1, "one message: {said}");
    Refusal { code: output.status.code(), said }
}

/// Everything that the programs need, on SQLite in the working folder.
fn complete() -> Environment {
    Environment::from([
        ("META_APP_SECRET", "made-up-app-secret".to_owned()),
        ("META_VERIFY_TOKEN", "made-up-verify-token".to_owned()),
        ("META_ACCESS_TOKEN", "made-up-access-token".to_owned()),
        ("META_PHONE_NUMBER_ID", "300000000000001".to_owned()),
        ("META_API_BASE", "http://127.0.0.1:9".to_owned()),
        ("BIND_ADDR", "127.0.0.1:0".to_owned()),
        ("DATA_KEY", data_key()),
    ])
}

fn with(changes: &[(&'static str, &str)]) -> Environment {
    let mut environment = complete();
    environment.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
    environment
}

#[tokio::test]
async fn without_configuration_everything_missing_is_listed_at_once() {
    for (program, missing) in [
        ("concierge-api", &["META_APP_SECRET", "META_VERIFY_TOKEN"]),
        ("concierge-worker", &["META_ACCESS_TOKEN", "META_PHONE_NUMBER_ID"]),
    ] {
        let Refusal { code, said } = refusal(program, &[], &Environment::new()).await;
        assert_eq!(code, Some(2), "{said}");
        for variable in missing {
            assert!(said.contains(variable), "{program} does not name {variable}: {said}");
        }
    }
    let only_moltbot = with(&[("AI_CONCIERGE_ENABLED", "true")]);
    let Refusal { code, said } = refusal("concierge-worker", &[], &only_moltbot).await;
    assert_eq!(code, Some(2));
    assert!(said.contains("MOLTBOT_URL") && said.contains("MOLTBOT_TOKEN"), "{said}");
}

#[tokio::test]
async fn a_bad_database_url_is_refused_without_its_password() {
    for (program, arguments) in PROGRAMS {
        for (url, expected) in [
            ("mysql://bot:hush@db/x", 2),
            ("hush", 2),
            ("postgres://bot:hush@127.0.0.1:1/none", 1),
            ("sqlite:///nowhere/at/all/concierge.db", 1),
        ] {
            let Refusal { code, said } = refusal(program, arguments, &with(&[("DATABASE_URL", url)])).await;
            assert_eq!(code, Some(expected), "{program} {url}: {said}");
            assert!(said.contains("DATABASE_URL") && !said.contains("hush"), "{program} {url}: {said}");
        }
    }
}

#[tokio::test]
async fn blank_secrets_are_all_listed() {
    let blank = [
        ("META_APP_SECRET", "  "),
        ("META_VERIFY_TOKEN", ""),
        ("META_ACCESS_TOKEN", "\t"),
        ("DATA_KEY", " "),
    ];
    for (program, named) in [
        ("concierge-api", &["META_APP_SECRET", "META_VERIFY_TOKEN", "DATA_KEY"][..]),
        ("concierge-worker", &["META_ACCESS_TOKEN", "DATA_KEY"]),
    ] {
        let Refusal { code, said } = refusal(program, &[], &with(&blank)).await;
        assert_eq!(code, Some(2), "{said}");
        for variable in named {
            assert!(said.contains(variable), "{program} does not name {variable}: {said}");
        }
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let Refusal { code, said } = refusal("concierge-api", &[], &with(&[("BIND_ADDR", &address)])).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("BIND_ADDR") && said.contains(&address), "{said}");
}

#[tokio::test]
async fn a_postgresql_database_without_tables_names_the_way_out() {
    let Some(server) = TestStore::postgres() else { return };
    let url = &server.options().database_url;
    // The server's own database, where nothing was ever migrated.
    let (database, parameters) = url.split_once('?').unwrap_or((url, ""));
    let (host, _) = database.rsplit_once('/').unwrap();
    let empty = with(&[("DATABASE_URL", &format!("{host}/postgres?{parameters}"))]);
    for (program, arguments) in PROGRAMS {
        let Refusal { code, said } = refusal(program, arguments, &empty).await;
        assert_eq!(code, Some(1), "{program}: {said}");
        assert!(said.contains("concierge-admin migrate"), "{program}: {said}");
    }
}

#[tokio::test]
async fn wrong_use_is_2() {
    for (program, _) in PROGRAMS {
        let output = run(program, &["--no-such-option"], &complete()).await;
        assert_eq!(output.status.code(), Some(2), "{program}");
    }
}
