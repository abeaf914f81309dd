//! Databases for tests, on both backends: a new one each time, gone afterwards.
//!
//! ```
//! use store::testing::on_both;
//!
//! on_both(async |test| {
//!     let flags = test.store.flags().await;
//!     assert!(flags.outbound);
//! });
//! ```
//!
//! SQLite is a file in a temporary folder. PostgreSQL is found in this order: `TEST_DATABASE_URL` (databases of
//! their own are created on that server and dropped), then the server's programs on this machine, from which
//! one throw-away cluster is started for all test processes together. Without either, the PostgreSQL half of
//! a test is skipped with a line on standard error; with `CI=true` it fails instead.
//!
//! A crate that uses this lists `store = { workspace = true, features = ["test-util"] }` among its
//! `dev-dependencies`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "for tests: a database that can't be made is a failed test"
)]

mod cluster;
mod postgres;

use std::{
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use marketplace::{E164, Language, ManualClock, SeededIds, Timestamp, VendorId};
use tempfile::TempDir;

use crate::{
    Backend, DataKeySource, Db, MasterKey, OpenOptions, Store, StoreError, on_conn, vendors::VendorRecord,
};

/// When the clock of a [`TestStore`] starts: 2026-09-21T14:13:20Z.
pub const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// A vendor of a directory: in Nairobi, reads English, takes inquiries; without place, rating and hours.
pub fn vendor_record(id: VendorId, phone: E164, category: &str) -> VendorRecord {
    VendorRecord {
        id,
        name: "Duka".to_owned(),
        phone,
        categories: vec![category.to_owned()],
        position: None,
        timezone: "Africa/Nairobi".to_owned(),
        languages: vec![Language::En],
        accepts_inquiries: true,
        hours: None,
        rating: None,
    }
}

/// A store on a database of its own. Dropping it drops the database.
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// The same store with `clock` and seeded ids.
    pub db: Db,
    /// Domain time and lease time: stands at [`START`] until a test moves it.
    pub clock: Arc<ManualClock>,
    options: OpenOptions,
    // Dropped last: the store's connections are closed by then.
    _database: Database,
}

enum Database {
    Sqlite(#[expect(dead_code, reason = "deletes the folder when dropped")] TempDir),
    Postgres(#[expect(dead_code, reason = "drops the database when dropped")] postgres::OwnDatabase),
}

impl TestStore {
    /// On a new SQLite file.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("concierge.db").display());
        Self::open(options(url), Database::Sqlite(folder))
    }

    /// On a new SQLite file in memory, where the machine has a file system there: for tests of many transactions, each of
    /// which is synced.
    pub fn sqlite_in_memory() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("concierge.db").display());
        Self::open(options(url), Database::Sqlite(folder))
    }

    /// On a new PostgreSQL database; `None` where there is no server to be had.
    ///
    /// # Panics
    /// Without a server when `CI=true`, or when the one that `TEST_DATABASE_URL` names can't be used.
    pub fn postgres() -> Option<Self> {
        let database = match postgres::OwnDatabase::create() {
            Ok(database) => database,
            Err(reason) => {
                let required = std::env::var("CI").as_deref() == Ok("true") || postgres::is_named();
                assert!(!required, "no PostgreSQL for the tests: {reason}");
                // Not `eprintln!`: the test harness would hide it.
                let _ = writeln!(std::io::stderr(), "SKIPPED on PostgreSQL: {reason}");
                return None;
            }
        };
        let options = options(database.url().to_owned());
        Some(Self::open(options, Database::Postgres(database)))
    }

    /// One more store on the same database, as another process would have.
    pub fn open_again(&self) -> Store {
        Store::open(&OpenOptions { ids: ids(), ..self.options.clone() }).expect("the database opens again")
    }

    /// How the store was opened.
    pub fn options(&self) -> &OpenOptions {
        &self.options
    }

    /// Where the PostgreSQL server keeps its files: for tests that look at them.
    ///
    /// # Panics
    /// On SQLite.
    pub async fn data_directory(&self) -> std::path::PathBuf {
        use diesel::{QueryableByName, RunQueryDsl as _, sql_query, sql_types::Text};
        #[derive(QueryableByName)]
        struct Setting {
            #[diesel(sql_type = Text)]
            data_directory: String,
        }
        let setting: Result<Setting, crate::StoreError> = self
            .store
            .read(|conn| match conn {
                crate::Conn::Pg(c) => {
                    sql_query("CHECKPOINT").execute(c)?;
                    Ok(sql_query("SHOW data_directory").get_result(c)?)
                }
                crate::Conn::Sqlite(_) => panic!("SQLite has a file, no directory"),
            })
            .await;
        setting.expect("a server that says where it is").data_directory.into()
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.store.backend()
    }

    /// Runs a statement that no verb runs: damage, an old release's rows.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn execute(&self, statement: &'static str) {
        use diesel::connection::SimpleConnection as _;
        let done: Result<(), StoreError> =
            self.store.write(move |conn| Ok(on_conn!(conn, |c| c.batch_execute(statement))?)).await;
        done.expect("the statement runs");
    }

    fn open(options: OpenOptions, database: Database) -> Self {
        let store =
            Store::open(&options).unwrap_or_else(|error| panic!("the test database does not open: {error}"));
        let clock = Arc::new(ManualClock::at_millis(START.as_millis()));
        let db = Db {
            store: store.clone(),
            ids: Arc::clone(&options.ids),
            clock: clock.clone(),
            lease_clock: clock.clone(),
        };
        Self { store, db, clock, options, _database: database }
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        self.store.close_blocking();
    }
}

/// Runs the same test on SQLite and on PostgreSQL, each on a new database and a single-threaded runtime.
///
/// # Panics
/// If the test does; a line on standard error says on which database.
#[expect(clippy::needless_pass_by_value, reason = "a test is written at the call")]
pub fn on_both(test: impl AsyncFn(&TestStore)) {
    run(&test, &TestStore::sqlite());
    if let Some(store) = TestStore::postgres() {
        run(&test, &store);
    }
}

fn run(test: &impl AsyncFn(&TestStore), store: &TestStore) {
    // Shown only if the test fails.
    eprintln!("on {:?}:", store.backend());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test(store));
}

fn options(url: String) -> OpenOptions {
    let key = MasterKey::parse(&"5e".repeat(32)).expect("64 digits");
    OpenOptions { connections_max: 4, ..OpenOptions::new(url, DataKeySource::Given(key), ids()) }
}

/// Seeded, and different for every store of a process: two stores on one database must not make one id twice.
fn ids() -> Arc<SeededIds> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Arc::new(SeededIds::new(NEXT.fetch_add(1, Ordering::Relaxed) << 32))
}

/// A key file's path, for tests of the programs.
pub fn key_file_of(database: &Path) -> std::path::PathBuf {
    crate::key_file::path_for(database)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_has_a_database_of_its_own() {
        on_both(async |one| {
            let other = match one.backend() {
                Backend::Sqlite => TestStore::sqlite(),
                Backend::Postgres => TestStore::postgres().unwrap(),
            };
            one.db
                .write(|tx| crate::flags::set(tx.conn, crate::flags::Flag::Ocr, false, tx.now))
                .await
                .unwrap();
            assert!(!one.store.flags().await.ocr);
            assert!(other.store.flags().await.ocr);
            let again = one.open_again();
            assert!(!again.flags().await.ocr);
            again.close().await;
        });
    }
}
