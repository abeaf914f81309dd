//! `concierge-admin` as an operator runs it, on a database of its own.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use store::{DataKeySource, testing::TestStore};
use tempfile::TempDir;

/// The CSV header.
pub const HEADER: &str =
    "vendor_id,name,phone,categories,latitude,longitude,timezone,languages,accepts_inquiries,rating";

/// A folder for files, and a database of its own.
pub struct Place {
    folder: TempDir,
    server: Option<TestStore>,
}

impl Place {
    /// With a SQLite database that does not exist yet.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// Runs a test on SQLite, and on PostgreSQL where there is a server to be had.
    pub fn each(test: impl Fn(&Self)) {
        test(&Self::new());
        if let Some(server) = TestStore::postgres() {
            test(&Self { server: Some(server), ..Self::new() });
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn url(&self) -> String {
        match &self.server {
            Some(server) => server.options().database_url.clone(),
            None => format!("sqlite://{}", self.path("concierge.db").display()),
        }
    }

    pub fn key(&self) -> DataKeySource {
        match &self.server {
            Some(server) => server.options().data_key.clone(),
            None => DataKeySource::FileBesideDatabase,
        }
    }

    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    /// Runs a command on this database.
    pub fn admin(&self, arguments: &[&str]) -> Said {
        self.admin_reading(arguments, "")
    }

    /// Runs a command on this database with something on its standard input.
    pub fn admin_reading(&self, arguments: &[&str], input: &str) -> Said {
        let (url, key) = (self.url(), "5e".repeat(32));
        let mut environment = vec![("DATABASE_URL", url.as_str())];
        environment.extend(self.server.is_some().then_some(("DATA_KEY", key.as_str())));
        run(arguments, &environment, input)
    }

    /// Runs a listing with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let said = self.admin(&[arguments, &["--json"]].concat());
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        serde_json::from_str(&said.out).unwrap()
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs a command with these variables alone.
pub fn run(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_concierge-admin"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}
