//! The database as the settings name it.

use std::sync::Arc;

use marketplace::SystemClock;
use settings::{AdminSettings, Logging};
use store::{Conn, Db, OpenOptions, StoreError, Tx, Vault, erasure::Scrubbed};
use tokio::runtime::Runtime;

use crate::failure::Failure;

/// An open database, and what runs its work one after the other.
pub(crate) struct Database {
    runtime: Runtime,
    db: Db,
}

/// How the configured database is opened; logging is on from here.
///
/// # Errors
/// Every fault of the configuration at once.
pub(crate) fn options() -> Result<OpenOptions, Failure> {
    let settings = AdminSettings::from_env().map_err(startup::Failure::from)?;
    // A command speaks for itself: unless more is asked for, only warnings are logged beside it.
    let asked_for = std::env::var_os("RUST_LOG").is_some();
    let filter = if asked_for { settings.logging.filter } else { "warn".to_owned() };
    startup::start_logging(&Logging { filter, ..settings.logging })?;
    let mut options = startup::store_options("concierge-admin", &settings.database, &settings.data_key)?;
    options.connections_max = 2;
    Ok(options)
}

impl Database {
    /// Opens the configured database: SQLite is created and migrated, PostgreSQL must have been migrated.
    pub(crate) fn open() -> Result<Self, Failure> {
        let db = startup::open(&options()?, Arc::new(SystemClock))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::refused(format!("the runtime does not start: {error}")))?;
        Ok(Self { runtime, db })
    }

    /// Runs `work` on one consistent view of the database.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.runtime.block_on(self.db.read(work))
    }

    /// Runs `work` on one snapshot, on this thread: for what streams to where it may borrow.
    pub(crate) fn snapshot<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Conn, &Vault) -> Result<T, E>,
    ) -> Result<T, E> {
        self.db.store.read_blocking(|conn| work(conn, self.db.store.vault()))
    }

    /// Runs work that makes its own transactions.
    pub(crate) fn with<T>(&self, work: impl AsyncFnOnce(&Db) -> Result<T, Failure>) -> Result<T, Failure> {
        self.runtime.block_on(work(&self.db))
    }

    /// Tidies up what the database's files still hold of deleted rows.
    pub(crate) fn scrub(&self) -> Result<Scrubbed, StoreError> {
        self.db.store.scrub_blocking()
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
