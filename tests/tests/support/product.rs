//! The product's programs on a database of the test's own, without Meta and without people.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use meta_simulator::sign;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use simulation::{
    http,
    process::{Environment, Program, Programs, ReservedPort, command, wait_until_ready},
};
use store::testing::TestStore;
use tempfile::TempDir;

pub const APP_SECRET: &str = "made-up-app-secret";
pub const VERIFY_TOKEN: &str = "made-up-verify-token";
/// The business number of the fixtures.
pub const PHONE_NUMBER_ID: &str = "300000000000001";

/// The key of every [`TestStore`].
pub fn data_key() -> String {
    "5e".repeat(32)
}

/// `concierge-api` on a database of its own.
pub struct Api {
    pub program: Program,
    pub url: String,
    pub http: Client,
    environment: Environment,
    folder: TempDir,
}

impl Api {
    /// Starts it and waits until it takes webhooks.
    pub async fn start(database: &TestStore) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = ReservedPort::for_program().unwrap();
        let address = port.address;
        let url = format!("http://{address}");
        let environment = Environment::from([
            ("DATABASE_URL", database.options().database_url.clone()),
            ("DATA_KEY", data_key()),
            ("BIND_ADDR", address.to_string()),
            ("META_APP_SECRET", APP_SECRET.to_owned()),
            ("META_VERIFY_TOKEN", VERIFY_TOKEN.to_owned()),
            // For a worker on the same database: nobody listens there, so nothing is ever sent.
            ("META_ACCESS_TOKEN", "made-up-token".to_owned()),
            ("META_PHONE_NUMBER_ID", PHONE_NUMBER_ID.to_owned()),
            ("META_API_BASE", "http://127.0.0.1:9".to_owned()),
        ]);
        let path = Programs::find().unwrap().path("concierge-api").unwrap();
        let mut program = Program::start("concierge-api", &path, environment.clone(), folder.path()).unwrap();
        let http = http::client().unwrap();
        wait_until_ready(&mut program, &http, &url, Duration::from_mins(1)).await.unwrap();
        Self { program, url, http, environment, folder }
    }

    /// What its programs are started with.
    pub fn environment(&self) -> Environment {
        self.environment.clone()
    }

    /// A worker on the same database.
    pub fn start_worker(&self) -> Program {
        let path = Programs::find().unwrap().path("concierge-worker").unwrap();
        Program::start("concierge-worker", &path, self.environment.clone(), self.folder.path()).unwrap()
    }

    /// A webhook with this signature, or without one.
    pub fn webhook(&self, body: Vec<u8>, signature: Option<&[u8]>) -> RequestBuilder {
        let request = self.http.post(format!("{}/webhooks/whatsapp", self.url)).body(body);
        match signature {
            Some(signature) => request.header("x-hub-signature-256", signature),
            None => request,
        }
    }

    /// Posts a webhook as Meta signs it.
    pub async fn post(&self, body: impl Into<Vec<u8>>) -> StatusCode {
        let body = body.into();
        let signature = sign(APP_SECRET, &body);
        self.webhook(body, Some(signature.as_bytes())).send().await.unwrap().status()
    }

    /// Runs `concierge-admin … --json` on the same database.
    pub async fn admin(&self, arguments: &[&str]) -> Value {
        let output = run("concierge-admin", &[arguments, &["--json"]].concat(), &self.environment).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Runs a program to its end with nothing but these variables, in an empty folder, for at most a minute.
pub async fn run(program: &str, arguments: &[&str], environment: &Environment) -> Output {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), program, arguments, environment).await
}

/// The same in a folder that stays.
pub async fn run_in(folder: &Path, program: &str, arguments: &[&str], environment: &Environment) -> Output {
    let path = Programs::find().unwrap().path(program).unwrap();
    let mut command = command(&path, environment);
    command.args(arguments).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    tokio::time::timeout(Duration::from_mins(1), command.output())
        .await
        .unwrap_or_else(|_| panic!("{program} {arguments:?} does not end"))
        .unwrap()
}

/// How often each value comes.
pub fn count<T: Ord>(values: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    values.into_iter().fold(BTreeMap::new(), |mut counts, value| {
        *counts.entry(value).or_default() += 1;
        counts
    })
}
