//! The database as the settings name it.

use std::sync::Arc;

use marketplace::{RandomIds, SystemClock};
use settings::{AdminSettings, DataKeySource, DatabaseUrl, LogFormat};
use store::{Db, MasterKey, OpenOptions, Store, Tx};
use tokio::runtime::Runtime;

use crate::failure::Failure;

/// An open database, and what runs its work one after the other.
pub(crate) struct Database {
    runtime: Runtime,
    db: Db,
}

/// How the configured database is opened.
///
/// # Errors
/// Every fault of the configuration at once.
pub(crate) fn options() -> Result<OpenOptions, Failure> {
    let settings = AdminSettings::from_env()?;
    start_logging(&settings)?;
    let data_key = match &settings.data_key {
        DataKeySource::Given(key) => {
            store::DataKeySource::Given(MasterKey::parse(&hex::encode(key.expose()))?)
        }
        DataKeySource::File(_) => store::DataKeySource::FileBesideDatabase,
    };
    let url = match settings.database {
        DatabaseUrl::Sqlite { path } => format!("sqlite://{}", path.display()),
        DatabaseUrl::Postgres(url) => secrecy::ExposeSecret::expose_secret(&url).to_owned(),
    };
    let ids = Arc::new(RandomIds::new(Arc::new(SystemClock)));
    let mut options = OpenOptions::new(url, data_key, ids);
    "concierge-admin".clone_into(&mut options.application_name);
    options.connections_max = 2;
    Ok(options)
}

/// A command speaks for itself: without `RUST_LOG`, only warnings are logged beside it.
fn start_logging(settings: &AdminSettings) -> Result<(), Failure> {
    let format = match settings.logging.format {
        LogFormat::Json => telemetry::Format::Json,
        LogFormat::Pretty => telemetry::Format::Pretty,
    };
    let asked_for = std::env::var_os("RUST_LOG").is_some();
    telemetry::init(format, if asked_for { &settings.logging.filter } else { "warn" })?;
    Ok(())
}

impl Database {
    /// Opens the configured database: SQLite is created and migrated, PostgreSQL must have been migrated.
    pub(crate) fn open() -> Result<Self, Failure> {
        let options = options()?;
        let store = Store::open(&options)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::refused(format!("the runtime does not start: {error}")))?;
        let db =
            Db { store, ids: options.ids, clock: Arc::new(SystemClock), lease_clock: Arc::new(SystemClock) };
        Ok(Self { runtime, db })
    }

    /// Runs `work` on one consistent view of the database.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.runtime.block_on(self.db.read(work))
    }

    /// Runs `work` in one writing transaction; it may run more than once.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.runtime.block_on(self.db.write(work))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.db.store.close_blocking();
    }
}
