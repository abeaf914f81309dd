//! The program as an operator meets it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::{
    Db, Store, StoreError, inbound,
    testing::{TestStore, on_both},
};
use tempfile::TempDir;

const SECRET: &str = "made-up-app-secret";

/// The program without any environment but `variables`, in a folder of its own.
fn program(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concierge-api"));
    command.env_clear().current_dir(folder).envs(variables.iter().copied());
    command
}

/// Runs it to its end.
fn run(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = program(folder.path(), variables).output().unwrap();
    assert!(stdout.is_empty(), "standard output belongs to results");
    let said = String::from_utf8(stderr).unwrap();
    assert!(!said.contains("panicked") && !said.contains("stack backtrace"), "{said}");
    (status.code(), said)
}

/// A running program, killed when dropped.
struct Running {
    child: Child,
    address: String,
    _folder: TempDir,
}

impl Running {
    fn start(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = program(
            folder.path(),
            &[
                &[
                    ("META_APP_SECRET", SECRET),
                    ("META_VERIFY_TOKEN", "token"),
                    ("BIND_ADDR", "127.0.0.1:0"),
                    ("LOG_FORMAT", "json"),
                ],
                variables,
            ]
            .concat(),
        )
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .find_map(|line| {
                let line = line.unwrap();
                let (_, rest) = line.split_once("listens on http://")?;
                Some(rest.split('"').next().unwrap().to_owned())
            })
            .expect("a line with the address");
        thread::spawn(move || lines.for_each(drop));
        Self { child, address, _folder: folder }
    }

    fn send(&self, request: &[u8]) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.write_all(request).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str) -> String {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
    }

    fn post(&self, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        self.send(
            format!(
                "POST /webhooks/whatsapp HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\
                 x-hub-signature-256: sha256={signature}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        )
    }

    fn signal(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < patience, "it does not stop");
            thread::yield_now();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn webhook(id: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{{
        "messaging_product":"whatsapp","metadata":{{"phone_number_id":"106540352242922"}},
        "messages":[{{"id":"{id}","from":"254700000101","timestamp":"1790000000","type":"text",
        "text":{{"body":"hi"}}}}]}}}}]}}]}}"#
    )
}

#[test]
fn without_configuration_everything_missing_is_listed() {
    let (code, said) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("META_APP_SECRET is missing") && said.contains("META_VERIFY_TOKEN is missing"),
        "{said}"
    );
}

#[test]
fn every_fault_is_listed_and_no_secret_shown() {
    let (code, said) = run(&[
        ("META_APP_SECRET", "  "),
        ("META_VERIFY_TOKEN", ""),
        ("DATABASE_URL", "mysql://bot:hush@db/x"),
        ("BIND_ADDR", "nowhere"),
        ("DATA_KEY", "hush"),
    ]);
    assert_eq!(code, Some(2));
    for variable in ["META_APP_SECRET", "META_VERIFY_TOKEN", "DATABASE_URL", "BIND_ADDR", "DATA_KEY"] {
        assert!(said.contains(variable), "{variable}: {said}");
    }
    assert!(!said.contains("hush"), "{said}");
}

#[test]
fn a_malformed_filter_is_a_fault_of_configuration() {
    let (code, said) =
        run(&[("META_APP_SECRET", SECRET), ("META_VERIFY_TOKEN", "t"), ("RUST_LOG", "info,x=loud")]);
    assert_eq!(code, Some(2));
    assert!(said.contains("RUST_LOG"), "{said}");
}

#[test]
fn a_database_out_of_reach_is_one_message() {
    let key = "5e".repeat(32);
    for url in ["postgres://nobody:hush@127.0.0.1:1/none", "sqlite:///nowhere/at/all.db"] {
        let (code, said) = run(&[
            ("META_APP_SECRET", SECRET),
            ("META_VERIFY_TOKEN", "t"),
            ("BIND_ADDR", "127.0.0.1:0"),
            ("DATA_KEY", &key),
            ("DATABASE_URL", url),
        ]);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("concierge-api: DATABASE_URL: cannot open") && !said.contains("hush"),
            "{said}"
        );
    }
}

#[test]
fn a_port_in_use_is_one_message_and_touches_no_database() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = program(
        folder.path(),
        &[("META_APP_SECRET", SECRET), ("META_VERIFY_TOKEN", "t"), ("BIND_ADDR", &address)],
    )
    .output()
    .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("BIND_ADDR: cannot listen on {address}")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn help_describes_the_environment() {
    let output = program(Path::new("."), &[]).arg("--help").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    for text in ["META_APP_SECRET", "DATABASE_URL [default: sqlite://concierge.db]", "Exit codes:"] {
        assert!(said.contains(text), "{said}");
    }
    assert!(!said.contains("META_ACCESS_TOKEN"), "the api does not send");
    assert_eq!(program(Path::new("."), &[]).arg("--version").output().unwrap().status.code(), Some(0));
    assert_eq!(program(Path::new("."), &[]).arg("--nope").output().unwrap().status.code(), Some(2));
}

#[test]
fn it_is_ready_and_stops_when_asked() {
    for signal in ["-TERM", "-INT"] {
        let mut api = Running::start(&[]);
        assert!(api.get("/readyz").starts_with("HTTP/1.1 200"));
        assert!(api.post(&webhook("wamid.1")).starts_with("HTTP/1.1 200"));
        assert_eq!(api.signal(signal), Some(0));
    }
}

#[test]
fn what_got_200_outlives_kill_9() {
    on_both(async |test| {
        let url = test.options().database_url.clone();
        let key = "5e".repeat(32);
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("DATA_KEY", &key),
            ("META_API_BASE", "http://127.0.0.1:1"),
            ("SIMULATION_CLOCK", "1790000000000x60"),
        ];
        let mut api = Running::start(&variables);
        thread::scope(|scope| {
            for c in 0..8 {
                let api = &api;
                scope.spawn(move || {
                    for n in 0..5 {
                        assert!(api.post(&webhook(&format!("wamid.{c}.{n}"))).starts_with("HTTP/1.1 200"));
                    }
                });
            }
        });
        api.signal("-KILL");
        let store: Store = test.open_again();
        let db = Db { store, ..test.db.clone() };
        let waiting = db.read(|tx| inbound::waiting(tx, 1_000)).await.unwrap();
        assert_eq!(waiting.len(), 40);
        assert!(
            waiting.iter().all(|event| event.payload.is_some() && event.received_at > store::testing::START)
        );
        let beat = db.write(|tx| Ok::<_, StoreError>(inbound::since_last_beat(tx, "api")?.is_some()));
        assert!(beat.await.unwrap(), "it says that it is alive");
        db.store.close().await;
    });
}

#[test]
fn a_database_of_another_version_is_refused() {
    let Some(test) = TestStore::postgres() else { return };
    let url = test.options().database_url.clone();
    let (database, parameters) = url.split_once('?').unwrap_or((&url, ""));
    let (server, _) = database.rsplit_once('/').unwrap();
    let key = "5e".repeat(32);
    // The server's own database, where nothing was ever migrated.
    let empty = format!("{server}/postgres?{parameters}");
    let (code, said) = run(&[
        ("META_APP_SECRET", SECRET),
        ("META_VERIFY_TOKEN", "t"),
        ("BIND_ADDR", "127.0.0.1:0"),
        ("DATA_KEY", &key),
        ("DATABASE_URL", &empty),
    ]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("concierge-admin migrate"), "{said}");
}
