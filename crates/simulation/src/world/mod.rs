//! The surroundings of a run: a folder, a database, the product's programs with their environment.

mod admin;
mod database;

use std::{fs::File, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use anyhow::Context as _;
use tempfile::TempDir;

pub use admin::Admin;
pub use database::Database;

use crate::{
    clock::SimulationClock,
    http,
    people::Cast,
    process::{Environment, Program, Programs, ReservedPort, wait_until_ready},
    random::Random,
    templates,
};

/// The business number of every run.
pub const PHONE_NUMBER_ID: &str = "300000000000001";
/// The second one, where the business has two.
pub const SECOND_NUMBER_ID: &str = "300000000000002";
/// The second one as people see it.
pub const SECOND_PHONE: &str = "+254700900200";
/// The same number as people see it.
pub const BUSINESS_PHONE: &str = "+254700900100";

/// A debug build that migrates a new database on a busy machine is ready well within this.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// A graceful stop may finish a turn, whose budget is 45 s.
const STOPS_WITHIN: Duration = Duration::from_secs(50);

/// Our crates tell everything they ever tell: none of it may be personal, see `checks::privacy`.
const LOGGED: &str = "info,concierge_api=trace,concierge_worker=trace,http_api=trace,startup=trace,store=trace,\
    tools=trace,engine=trace,orchestrator=trace,meta_client=trace,moltbot_client=trace,\
    voice_gateway=trace";

/// The secrets that both sides of a run share.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// `META_APP_SECRET`.
    pub app_secret: String,
    /// `META_VERIFY_TOKEN`.
    pub verify_token: String,
    /// `META_ACCESS_TOKEN`.
    pub access_token: String,
    /// `VOICE_GATEWAY_TOKEN`.
    pub voice_token: String,
    /// `OPERATOR_WEBHOOK_SECRET`.
    pub operators: String,
}

impl Secrets {
    /// Made from the seed; they open nothing outside the run.
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random::new(seed, "secrets");
        let mut secret = |name: &str| format!("{name}-{:016x}{:016x}", random.next_u64(), random.next_u64());
        Self {
            app_secret: secret("app"),
            verify_token: secret("verify"),
            access_token: secret("access"),
            voice_token: secret("voice"),
            operators: secret("operators"),
        }
    }
}

/// Where the services of others are, and how the product is set up.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// Whether the business has a second number.
    pub two_numbers: bool,
    /// Meta's Graph API.
    pub meta_url: &'a str,
    /// Moltbot's gateway.
    pub moltbot_url: &'a str,
    /// Its token.
    pub moltbot_token: &'a str,
    /// The model, where Moltbot is a model server without a gateway.
    pub moltbot_model: Option<&'a str>,
    /// How long Moltbot may take, real milliseconds.
    pub moltbot_timeout_ms: u32,
    /// Shared with Meta.
    pub secrets: &'a Secrets,
    /// The operators' webhook and its secret.
    pub operators: Option<(&'a str, &'a str)>,
    /// Vendors of each category that are imported at first.
    pub known_vendors: Option<usize>,
    /// The media server that calls need; `None`: calling stays off, as it is delivered.
    pub voice: Option<&'a Voice>,
    /// Whether pictures are read.
    pub ocr: bool,
    /// The time.
    pub clock: SimulationClock,
    /// How many workers share the database.
    pub workers: usize,
    /// What api and worker log, as `RUST_LOG`; `None`: as this program's environment says.
    pub log: Option<&'a str>,
    /// What is set otherwise than as the product is delivered.
    pub setup: Setup,
}

/// What an operator may set otherwise.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// `VENDOR_INQUIRIES_PER_DAY_MAX`.
    pub inquiries_per_day_max: Option<u32>,
    /// The languages of the template catalogue beside English.
    pub templates_in: &'static [&'static str],
}

/// A media server and the token it asks for.
#[derive(Debug, Clone)]
pub struct Voice {
    /// Its address.
    pub url: String,
    /// Its token.
    pub token: String,
}

impl Voice {
    /// Of a media server that runs.
    pub fn of(voice: &voice_simulator::Handle, secrets: &Secrets) -> Self {
        Self { url: voice.base_url().to_owned(), token: secrets.voice_token.clone() }
    }
}

/// The product, running.
#[derive(Debug)]
pub struct World {
    api: Program,
    workers: Vec<Program>,
    admin: Admin,
    api_url: String,
    // Fields drop in this order: programs, then their database, then the folder.
    database: Database,
    folder: TempDir,
}

impl World {
    /// Makes a database (on the server of `database_url` if given), imports the vendors and starts everything.
    pub async fn start(
        around: &Surroundings<'_>,
        cast: &Cast,
        seed: u64,
        database_url: Option<&str>,
    ) -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        let folder = tempfile::Builder::new().prefix("concierge-simulation-").tempdir()?;
        let database = match database_url {
            Some(url) => Database::create(url)?,
            None => Database::sqlite(folder.path()),
        };
        let mut common = common_environment(&database, seed);
        let languages = around.setup.templates_in;
        if around.voice.is_some() || !languages.is_empty() {
            let catalogue = templates::write_catalogue(folder.path(), languages)?;
            common.insert("TEMPLATES_FILE", catalogue.display().to_string());
        }
        let admin = Admin { program: programs.path("concierge-admin")?, environment: common.clone() };
        admin.run(&["migrate"]).await?;
        let vendors = folder.path().join("vendors.csv");
        cast.write_vendors(&vendors, around.known_vendors)?;
        admin.run(&["vendors", "import", &vendors.display().to_string()]).await?;
        if around.known_vendors.is_some() {
            let all_vendors = folder.path().join("all-vendors.csv");
            cast.write_vendors(&all_vendors, None)?;
        }

        let port = ReservedPort::for_program()?;
        let address = port.address;
        let api_url = format!("http://{address}");
        let mut environment = process_environment(&common, around);
        environment.insert("BIND_ADDR", address.to_string());
        let mut api =
            Program::start("concierge-api", &programs.path("concierge-api")?, environment, folder.path())?;
        wait_until_ready(&mut api, &http::client()?, &api_url, READY_WITHIN).await?;

        let worker = programs.path("concierge-worker")?;
        let workers = (1..=around.workers)
            .map(|n| {
                let environment = process_environment(&common, around);
                Program::start(&format!("concierge-worker-{n}"), &worker, environment, folder.path())
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { api, workers, admin, api_url, database, folder })
    }

    /// Imports the vendors that were not known at first.
    pub async fn import_late_vendors(&self) -> anyhow::Result<()> {
        let vendors = self.folder.path().join("all-vendors.csv").display().to_string();
        self.admin.run(&["vendors", "import", &vendors]).await.map(drop)
    }

    /// Where the tools are served.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Where Meta posts its webhooks.
    pub fn webhook_url(&self) -> String {
        format!("{}/webhooks/whatsapp", self.api_url)
    }

    /// Where logs lie, the imported vendors, and an SQLite database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The operator's program, for the same database.
    pub const fn admin(&self) -> &Admin {
        &self.admin
    }

    /// An error if one of the programs ended by itself.
    pub fn check_alive(&mut self) -> anyhow::Result<()> {
        self.api.check_alive()?;
        self.workers.iter_mut().try_for_each(Program::check_alive)
    }

    /// `kill -9` of one worker and a new start.
    pub async fn kill_worker(&mut self, n: usize) -> anyhow::Result<()> {
        let count = self.workers.len().max(1);
        let worker = self.workers.get_mut(n % count).context("there is no worker")?;
        worker.kill_and_restart().await
    }

    /// The ends of all logs, for a report of what went wrong.
    pub fn log_tails(&self) -> String {
        let programs = std::iter::once(&self.api).chain(&self.workers);
        programs.map(Program::log_tail).collect::<Vec<_>>().join("\n")
    }

    /// Everything that the programs wrote so far, by their names.
    pub fn logs(&self) -> Vec<(String, String)> {
        let programs = std::iter::once(&self.api).chain(&self.workers);
        programs.map(|program| (program.name().to_owned(), program.log())).collect()
    }

    /// Keeps the folder with logs, database and the key to it; what to tell whoever asked for it.
    pub fn keep_folder(&mut self) -> anyhow::Result<String> {
        self.folder.disable_cleanup(true);
        let folder = self.folder.path().display();
        if self.database.is_postgres() {
            return Ok(format!("logs in {folder}; the PostgreSQL database goes with the run"));
        }
        let key = self.folder.path().join("data-key");
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&key)?;
        file.write_all(self.admin.environment.get("DATA_KEY").map_or("", String::as_str).as_bytes())?;
        Ok(format!(
            "logs and database in {folder}\n  \
             DATABASE_URL={} DATA_KEY=$(cat {}) {} requests list",
            self.database.url(),
            key.display(),
            self.admin.program.display()
        ))
    }

    /// Stops everything gracefully; the names of programs that did not stop by themselves with status 0.
    pub async fn stop(self) -> Vec<String> {
        let Self { api, workers, database, folder, .. } = self;
        let mut stopping = vec![("concierge-api".to_owned(), api)];
        stopping.extend(
            workers
                .into_iter()
                .enumerate()
                .map(|(n, worker)| (format!("concierge-worker-{}", n + 1), worker)),
        );
        let stops = stopping.into_iter().map(|(name, program)| async move {
            if program.stop(STOPS_WITHIN).await { None } else { Some(name) }
        });
        let stuck = futures_util::future::join_all(stops).await.into_iter().flatten().collect();
        // The database may take its own thread and a moment; the folder goes last.
        drop(database);
        drop(folder);
        stuck
    }
}

fn common_environment(database: &Database, seed: u64) -> Environment {
    let mut random = Random::new(seed, "data key");
    let key: [[u8; 8]; 4] = std::array::from_fn(|_| random.next_u64().to_be_bytes());
    Environment::from([
        ("DATABASE_URL", database.url().to_owned()),
        ("DATA_KEY", hex::encode(key.as_flattened())),
        ("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| LOGGED.to_owned())),
        ("LOG_FORMAT", "pretty".to_owned()),
    ])
}

fn numbers_of(around: &Surroundings<'_>) -> String {
    if around.two_numbers {
        format!("{PHONE_NUMBER_ID},{SECOND_NUMBER_ID}")
    } else {
        PHONE_NUMBER_ID.to_owned()
    }
}

fn process_environment(common: &Environment, around: &Surroundings<'_>) -> Environment {
    let mut environment = common.clone();
    environment.extend([
        ("META_APP_SECRET", around.secrets.app_secret.clone()),
        ("META_VERIFY_TOKEN", around.secrets.verify_token.clone()),
        ("META_ACCESS_TOKEN", around.secrets.access_token.clone()),
        ("META_PHONE_NUMBER_ID", numbers_of(around)),
        ("META_API_BASE", around.meta_url.to_owned()),
        ("MOLTBOT_URL", around.moltbot_url.to_owned()),
        ("MOLTBOT_TOKEN", around.moltbot_token.to_owned()),
        ("MOLTBOT_TIMEOUT_MS", around.moltbot_timeout_ms.to_string()),
        ("AI_CONCIERGE_ENABLED", "true".to_owned()),
        ("SIMULATION_CLOCK", around.clock.to_string()),
    ]);
    if let Some((url, secret)) = around.operators {
        environment.extend([
            ("OPERATOR_WEBHOOK_URL", url.to_owned()),
            ("OPERATOR_WEBHOOK_SECRET", secret.to_owned()),
        ]);
    }
    if let Some(model) = around.moltbot_model {
        environment.extend([
            ("MOLTBOT_TRANSPORT", "chat_completions".to_owned()),
            ("MOLTBOT_MODEL", model.to_owned()),
        ]);
    }
    if let Some(voice) = around.voice {
        environment.extend([
            ("CALLING_ENABLED", "true".to_owned()),
            ("VOICE_GATEWAY_URL", voice.url.clone()),
            ("VOICE_GATEWAY_TOKEN", voice.token.clone()),
        ]);
    }
    let inquiries = around.setup.inquiries_per_day_max;
    environment.extend(inquiries.map(|most| ("VENDOR_INQUIRIES_PER_DAY_MAX", most.to_string())));
    if around.ocr {
        environment.insert("OCR_ENABLED", "true".to_owned());
    }
    environment.extend(around.log.map(|log| ("RUST_LOG", log.to_owned())));
    environment
}
