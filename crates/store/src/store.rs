//! The store: what a process opens once and clones freely.

use std::{
    error::Error,
    fs::OpenOptions as FileOptions,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use marketplace::IdSource;
use tokio::{
    sync::{Semaphore, TryAcquireError, oneshot},
    time::timeout,
};

use crate::{
    Backend, Conn, StoreError,
    erasure::{self, Scrubbed},
    intake::{Batcher, Gathering, IntakeReport, NewInboundEvent},
    key_file, migrate,
    pool::{PgTarget, Pool, SqliteRole, Target},
    transaction,
    vault::{MasterKey, Vault},
    writer::Writer,
};

/// How a store is opened.
#[derive(Clone)]
pub struct OpenOptions {
    /// `sqlite://path` or `postgres://…`.
    pub database_url: String,
    /// Where `DATA_KEY` comes from.
    pub data_key: DataKeySource,
    /// Keys, nonces and the ids of keys.
    pub ids: Arc<dyn IdSource>,
    /// What PostgreSQL shows for our connections.
    pub application_name: String,
    /// The most connections: readers on SQLite (the writer is one more), all on PostgreSQL (intake has one
    /// more).
    pub connections_max: u32,
    /// The most closures waiting, per queue; one more is [`StoreError::Busy`].
    pub queue_max: usize,
    /// The longest wait for a free connection.
    pub pool_wait: Duration,
    /// The longest wait for another process's write lock on SQLite.
    pub busy_timeout: Duration,
    /// The longest statement on PostgreSQL.
    pub statement_timeout: Duration,
    /// The longest wait for a row lock on PostgreSQL.
    pub lock_timeout: Duration,
}

/// Where the 32 bytes that wrap every data key come from.
#[derive(Debug, Clone)]
pub enum DataKeySource {
    /// From the environment.
    Given(MasterKey),
    /// From `<db>.key` beside a SQLite database; made with the database.
    FileBesideDatabase,
}

impl OpenOptions {
    /// The defaults for a database.
    pub fn new(database_url: impl Into<String>, data_key: DataKeySource, ids: Arc<dyn IdSource>) -> Self {
        Self {
            database_url: database_url.into(),
            data_key,
            ids,
            application_name: "concierge".to_owned(),
            connections_max: 8,
            queue_max: 1_024,
            pool_wait: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
        }
    }

    /// Brings a database to this program's schema version and returns the versions that ran. SQLite needs no
    /// such call: [`Store::open`] does it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let mut conn = match self.location()? {
            Location::Sqlite(path) => {
                self.master_key(Some(&path))?;
                create_file(&path)?;
                self.sqlite(&path, SqliteRole::Writer).open()?
            }
            Location::Postgres => self.pg().open()?,
        };
        migrate::migrate(&mut conn)
    }

    fn location(&self) -> Result<Location, StoreError> {
        let url = self.database_url.as_str();
        let bad = |reason: &str| StoreError::BadUrl { reason: reason.to_owned() };
        match url.split_once("://") {
            Some(("sqlite", "" | ":memory:")) => {
                Err(bad("name a file: sqlite://concierge.db (a database in memory has no second connection)"))
            }
            Some(("sqlite", path)) => {
                std::path::absolute(path).map(Location::Sqlite).map_err(|error| bad(&error.to_string()))
            }
            Some(("postgres" | "postgresql", _)) => Ok(Location::Postgres),
            _ => Err(bad("expected sqlite://path or postgres://user:password@host/database")),
        }
    }

    fn master_key(&self, sqlite: Option<&Path>) -> Result<MasterKey, StoreError> {
        match (&self.data_key, sqlite) {
            (DataKeySource::Given(key), _) => Ok(key.clone()),
            (DataKeySource::FileBesideDatabase, Some(path)) => {
                check_folder(path)?;
                key_file::load_or_create(path, &*self.ids)
            }
            (DataKeySource::FileBesideDatabase, None) => Err(StoreError::DataKey {
                reason:
                    "required with PostgreSQL; make one with `openssl rand -hex 32` and give every process \
                         the same"
                        .to_owned(),
            }),
        }
    }

    fn sqlite(&self, path: &Path, role: SqliteRole) -> Target {
        Target::Sqlite { path: path.to_owned(), role, busy_timeout: self.busy_timeout }
    }

    fn pg(&self) -> Target {
        Target::Pg(PgTarget {
            url: self.database_url.clone(),
            application_name: self.application_name.clone(),
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
        })
    }
}

enum Location {
    Sqlite(PathBuf),
    Postgres,
}

fn check_folder(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(folder) if !folder.is_dir() => Err(StoreError::Unreachable {
            target: path.display().to_string(),
            reason: format!("the directory {} does not exist: create it", folder.display()),
        }),
        _ => Ok(()),
    }
}

/// Creates the database file for its owner alone; SQLite gives its companions (`-wal`, `-shm`) the same mode.
fn create_file(path: &Path) -> Result<(), StoreError> {
    check_folder(path)?;
    let opened = FileOptions::new().append(true).create(true).mode(0o600).open(path);
    opened.map(drop).map_err(|error| StoreError::Unreachable {
        target: path.display().to_string(),
        reason: error.to_string(),
    })
}

/// The database, open. A clone is the same store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    vault: Arc<Vault>,
    ids: Arc<dyn IdSource>,
    pool: Pool,
    /// One permit for each closure that waits for, or has, a pooled connection.
    waiting: Arc<Semaphore>,
    /// One permit for each pooled connection: waiting costs no thread.
    connections: Arc<Semaphore>,
    pool_wait: Duration,
    /// Where a connection of its own leads, for upkeep outside transactions.
    upkeep: Target,
    writes: Writes,
}

enum Writes {
    Sqlite { writer: Writer, intake: Gathering },
    Pg(Batcher),
}

impl Store {
    /// Opens a database. SQLite is created and migrated; PostgreSQL must have this program's schema version.
    /// Blocks while it connects.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`], [`StoreError::Unreachable`], [`StoreError::SchemaVersion`],
    /// [`StoreError::DataKey`], [`StoreError::KeyFile`]: each says what to repair.
    pub fn open(options: &OpenOptions) -> Result<Self, StoreError> {
        match options.location()? {
            Location::Sqlite(path) => Self::open_sqlite(options, &path),
            Location::Postgres => Self::open_pg(options),
        }
    }

    fn open_sqlite(options: &OpenOptions, path: &Path) -> Result<Self, StoreError> {
        // The key comes first: see `key_file`.
        let vault = Arc::new(Vault::new(&options.master_key(Some(path))?, Arc::clone(&options.ids)));
        create_file(path)?;
        let target = options.sqlite(path, SqliteRole::Writer);
        let mut conn = target.open()?;
        migrate::migrate(&mut conn)?;
        vault.check(&mut conn)?;
        let writer = Writer::start(conn, target.clone(), options.queue_max)?;
        let readers =
            options.sqlite(path, SqliteRole::Reader).pool(options.connections_max, options.pool_wait);
        let intake = Gathering::new(Arc::clone(&vault), options.queue_max);
        Ok(Self::assemble(options, vault, readers, target, Writes::Sqlite { writer, intake }))
    }

    fn open_pg(options: &OpenOptions) -> Result<Self, StoreError> {
        let vault = Arc::new(Vault::new(&options.master_key(None)?, Arc::clone(&options.ids)));
        let target = options.pg();
        let mut conn = target.open()?;
        if let Conn::Pg(conn) = &mut conn {
            migrate::check(conn)?;
        }
        vault.check(&mut conn)?;
        drop(conn);
        let pool_of_one = target.clone().pool(1, options.pool_wait);
        let intake = Batcher::start(pool_of_one, Arc::clone(&vault), options.queue_max)?;
        let pool = target.clone().pool(options.connections_max, options.pool_wait);
        Ok(Self::assemble(options, vault, pool, target, Writes::Pg(intake)))
    }

    fn assemble(
        options: &OpenOptions,
        vault: Arc<Vault>,
        pool: Pool,
        upkeep: Target,
        writes: Writes,
    ) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)));
        Self(Arc::new(Inner {
            vault,
            ids: Arc::clone(&options.ids),
            pool,
            waiting: semaphore(options.queue_max),
            connections: semaphore(usize::try_from(options.connections_max).unwrap_or(usize::MAX)),
            pool_wait: options.pool_wait,
            upkeep,
            writes,
        }))
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        match self.0.writes {
            Writes::Sqlite { .. } => Backend::Sqlite,
            Writes::Pg(_) => Backend::Postgres,
        }
    }

    /// What seals and opens personal data.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The source of ids that the store was opened with.
    pub fn ids(&self) -> &Arc<dyn IdSource> {
        &self.0.ids
    }

    /// Queues events for intake; the answer comes after their COMMIT.
    pub(crate) fn submit_intake(
        &self,
        events: Vec<NewInboundEvent>,
    ) -> Result<oneshot::Receiver<Result<IntakeReport, StoreError>>, StoreError> {
        match &self.0.writes {
            Writes::Sqlite { writer, intake } => intake.submit(writer, events),
            Writes::Pg(batcher) => batcher.submit(events),
        }
    }

    /// Runs `work` in one writing transaction and returns after its COMMIT.
    ///
    /// `work` may run more than once: when its transaction is known to have rolled back (40001, 40P01,
    /// `SQLITE_BUSY`, a group commit that failed) it runs again from the start. It must therefore have no
    /// effect but on `conn`, and draw ids and times before, not inside, if they must not change. An error it
    /// returns undoes its writes. For a retry to be recognised, `E` keeps the store's error in its
    /// [`source`](Error::source) chain.
    ///
    /// Dropping the future does not stop the transaction: put no timeout or `select!` around it.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::Busy`] (queue full: nothing was done), [`StoreError::PoolTimeout`],
    /// [`StoreError::Panicked`], [`StoreError::Closed`], and [`StoreError::CommitUnknown`]: read again by key.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Error + Send + 'static,
        F: FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        match &self.0.writes {
            Writes::Sqlite { writer, .. } => answer(writer.submit(work)?.await),
            Writes::Pg(_) => self.on_pool(move |pool| transaction::write(pool, work)).await,
        }
    }

    /// Runs `work` on one snapshot of the database, which it can't write to.
    ///
    /// # Errors
    /// As [`Self::write`], without `CommitUnknown`.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        self.on_pool(move |pool| transaction::read(pool, work)).await
    }

    /// [`Self::write`] for a thread without a runtime (the admin command, tests).
    pub fn write_blocking<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Error + Send + 'static,
        F: FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        match &self.0.writes {
            Writes::Sqlite { writer, .. } => answer(writer.submit(work)?.blocking_recv()),
            Writes::Pg(_) => transaction::write(&self.0.pool, work),
        }
    }

    /// [`Self::read`] for a thread without a runtime.
    pub fn read_blocking<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: FnOnce(&mut Conn) -> Result<T, E>,
    {
        transaction::read(&self.0.pool, work)
    }

    /// Whether this database can be read and has this program's schema: what a readiness check asks.
    ///
    /// # Errors
    /// [`StoreError::SchemaVersion`], or why it can't be reached.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        self.read(migrate::check_either).await
    }

    /// Refuses new writes, works off what is queued and returns when it is committed. For the end of a
    /// process; every clone is closed.
    pub async fn close(&self) {
        let store = self.clone();
        let closed = tokio::task::spawn_blocking(move || store.close_blocking()).await;
        if closed.is_err() {
            tracing::error!("closing the store panicked");
        }
    }

    /// [`Self::close`] for a thread without a runtime.
    pub fn close_blocking(&self) {
        self.0.waiting.close();
        match &self.0.writes {
            Writes::Sqlite { writer, .. } => writer.close(),
            Writes::Pg(batcher) => batcher.close(),
        }
    }

    /// Overwrites or gives back what the database's own files still hold of deleted rows, as far as it can: on SQLite
    /// the write-ahead log is copied into the file and emptied; on PostgreSQL the tables of keys and people are
    /// vacuumed. Blocks: some seconds on SQLite, on PostgreSQL as long as a vacuum of those tables takes.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], or the database's. What was deleted stays deleted.
    pub fn scrub_blocking(&self) -> Result<Scrubbed, StoreError> {
        erasure::scrub(&mut self.0.upkeep.open()?)
    }

    /// Runs `work` on the blocking pool; the number of closures there is bounded.
    async fn on_pool<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Pool) -> Result<T, E> + Send + 'static,
    {
        let waiting = Arc::clone(&self.0.waiting).try_acquire_owned().map_err(|error| match error {
            TryAcquireError::NoPermits => StoreError::Busy,
            TryAcquireError::Closed => StoreError::Closed,
        })?;
        // Nothing has begun: this wait, unlike one around the whole call, may end early.
        let connection = timeout(self.0.pool_wait, Arc::clone(&self.0.connections).acquire_owned())
            .await
            .map_err(|_| StoreError::PoolTimeout { reason: "all connections are in use".to_owned() })?;
        let connection = connection.map_err(|_| StoreError::Closed)?;
        let pool = self.0.pool.clone();
        let ran = tokio::task::spawn_blocking(move || {
            let _permits = (waiting, connection);
            work(&pool)
        });
        ran.await.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }
}

fn answer<T, E: From<StoreError>>(answer: Result<Result<T, E>, oneshot::error::RecvError>) -> Result<T, E> {
    answer.unwrap_or_else(|_| Err(StoreError::Closed.into()))
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
