//! One connection type over both databases, and the macro that writes a query once for both.
//!
//! `#[derive(MultiConnection)]` would be shorter but refuses upserts, batch inserts and `SKIP LOCKED`; an
//! enum and [`on_conn!`](crate::on_conn) expand the same Diesel expression once per backend instead.

use diesel::{
    PgConnection, SqliteConnection,
    connection::{AnsiTransactionManager, TransactionManager, TransactionManagerStatus},
};

use crate::StoreError;

/// An open connection to SQLite or PostgreSQL. Queries are functions ("verbs") over `&mut Conn`.
pub enum Conn {
    /// SQLite: one machine.
    Sqlite(SqliteConnection),
    /// PostgreSQL: many machines.
    Pg(PgConnection),
}

/// Which database a store runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Expands one Diesel expression for both backends: `on_conn!(conn, |c| table.load(c))`.
///
/// `conn` is a `&mut Conn`; `c` is the backend's own connection inside the expression, so everything the two
/// backends share compiles: upserts, `returning`, batch inserts. Where they differ, match on [`Conn`] visibly.
#[macro_export]
macro_rules! on_conn {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::Conn::Sqlite($c) => $body,
            $crate::Conn::Pg($c) => $body,
        }
    };
}

impl Conn {
    /// Which database this is.
    pub const fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Pg(_) => Backend::Postgres,
        }
    }

    /// Begins a writing transaction: `BEGIN IMMEDIATE` on SQLite, where a deferred one can't be upgraded from
    /// reader to writer under load; `BEGIN` on PostgreSQL.
    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
            Self::Pg(c) => AnsiTransactionManager::begin_transaction(c)?,
        }
        Ok(())
    }

    /// Begins a transaction whose queries all see one state of the database.
    pub(crate) fn begin_snapshot(&mut self) -> Result<(), StoreError> {
        match self {
            // Read-only by the connection's `query_only`.
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN DEFERRED")?,
            Self::Pg(c) => {
                AnsiTransactionManager::begin_transaction_sql(
                    c,
                    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                )?;
            }
        }
        Ok(())
    }

    /// Opens a savepoint in the open transaction.
    ///
    /// # Errors
    /// [`StoreError::NoTransaction`] where Diesel would silently begin one (deferred, on SQLite).
    pub(crate) fn begin_savepoint(&mut self) -> Result<(), StoreError> {
        if self.depth() == Some(0) {
            return Err(StoreError::NoTransaction);
        }
        Ok(on_conn!(self, |c| AnsiTransactionManager::begin_transaction(c))?)
    }

    /// Commits the innermost open level: a savepoint, or the transaction itself.
    pub(crate) fn commit(&mut self) -> Result<(), diesel::result::Error> {
        on_conn!(self, |c| AnsiTransactionManager::commit_transaction(c))
    }

    /// Rolls the innermost open level back.
    pub(crate) fn rollback(&mut self) -> Result<(), diesel::result::Error> {
        on_conn!(self, |c| AnsiTransactionManager::rollback_transaction(c))
    }

    /// How many levels are open: 0 outside a transaction, 1 in one, more in savepoints. `None`: the
    /// connection is broken.
    pub(crate) fn depth(&mut self) -> Option<u32> {
        let status = on_conn!(self, |c| AnsiTransactionManager::transaction_manager_status_mut(c));
        match status {
            TransactionManagerStatus::Valid(status) => {
                Some(status.transaction_depth().map_or(0, std::num::NonZeroU32::get))
            }
            TransactionManagerStatus::InError => None,
        }
    }
}

/// Runs `work` in a savepoint of the transaction that is open on `conn`: its error undoes what it wrote and
/// nothing else. Savepoints nest.
///
/// # Errors
/// What `work` returns. [`StoreError::NoTransaction`] outside a transaction; [`StoreError::Database`] when the
/// database has given the whole transaction up (disk full, connection lost): the caller must give up too.
pub fn savepoint<T, E>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E>
where
    E: From<StoreError>,
{
    conn.begin_savepoint()?;
    match work(conn) {
        Ok(value) => {
            conn.commit().map_err(StoreError::from)?;
            Ok(value)
        }
        Err(error) => {
            conn.rollback().map_err(StoreError::from)?;
            Err(error)
        }
    }
}
