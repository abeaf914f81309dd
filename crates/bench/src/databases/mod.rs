//! The databases that are measured: a new SQLite file, and a new database on a PostgreSQL server.

mod cluster;

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, sql_query, sql_types::Text};
use marketplace::{RandomIds, SystemClock};
use simulation::world::Database as OwnDatabase;
use store::{DataKeySource, MasterKey, OpenOptions};

use cluster::Cluster;

/// Seals what the bench stores; nobody keeps it.
pub(crate) const DATA_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A server that can be asked for databases, or why there is none.
pub(crate) enum Server {
    /// The one of `--database-url`.
    Named(String),
    /// Our own, with the settings that PostgreSQL comes with; gone with this value.
    Own(Cluster),
    /// None, and why.
    Missing(String),
}

impl Server {
    /// The named one, else one of our own from the server programs on this machine.
    pub(crate) fn find(named: Option<String>) -> Self {
        match named {
            Some(url) => Self::Named(url),
            None => Cluster::start().map_or_else(|error| Self::Missing(format!("{error:#}")), Self::Own),
        }
    }

    /// A new database on it, migrated; the reason if there is no server.
    pub(crate) fn database(&self) -> anyhow::Result<Result<Target, String>> {
        let url = match self {
            Self::Named(url) => url.clone(),
            Self::Own(cluster) => cluster.url(),
            Self::Missing(reason) => return Ok(Err(reason.clone())),
        };
        let database = OwnDatabase::create(&url)?;
        let target = Target { name: "PostgreSQL", key: "postgresql", database };
        target.options()?.migrate().context("cannot migrate the new database")?;
        Ok(Ok(target))
    }
}

/// One database to measure. Dropped, it is gone.
pub(crate) struct Target {
    /// For people.
    pub(crate) name: &'static str,
    /// For the ids of rows.
    pub(crate) key: &'static str,
    database: OwnDatabase,
}

impl Target {
    /// A new SQLite file in a folder of its own.
    pub(crate) fn sqlite(folder: &Path) -> anyhow::Result<Self> {
        let target = Self { name: "SQLite", key: "sqlite", database: OwnDatabase::sqlite(folder) };
        target.options()?.migrate().context("cannot create the SQLite file")?;
        Ok(target)
    }

    /// For `DATABASE_URL`.
    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.database.is_postgres()
    }

    /// The SQLite file.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.url().strip_prefix("sqlite://").map(Path::new)
    }

    /// As the programs open it.
    pub(crate) fn options(&self) -> anyhow::Result<OpenOptions> {
        let key = MasterKey::parse(DATA_KEY)?;
        let ids = Arc::new(RandomIds::new(Arc::new(SystemClock)));
        Ok(OpenOptions::new(self.url(), DataKeySource::Given(key), ids))
    }

    /// The database and the settings that decide what a commit costs, read from it.
    pub(crate) fn describe(&self) -> anyhow::Result<String> {
        if !self.is_postgres() {
            return Ok("SQLite: write-ahead log, synchronous=FULL (an fsync for each commit)".to_owned());
        }
        let mut conn = PgConnection::establish(self.url())?;
        let found: Settings = sql_query(
            "SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, \
             current_setting('synchronous_commit') AS synchronous_commit",
        )
        .get_result(&mut conn)?;
        let warning = if found.fsync == "on" && found.synchronous_commit != "off" {
            ""
        } else {
            ": NOT DURABLE, the numbers below are no production numbers"
        };
        Ok(format!(
            "PostgreSQL {}: fsync={}, synchronous_commit={}{warning}",
            found.version, found.fsync, found.synchronous_commit
        ))
    }
}

#[derive(QueryableByName)]
struct Settings {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    fsync: String,
    #[diesel(sql_type = Text)]
    synchronous_commit: String,
}
