//! What can go wrong between a caller and the database.

use std::{error::Error, path::PathBuf};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of the store. Messages name the setting to repair where there is one, and hold no personal data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A statement failed; its transaction (or savepoint) has no effect.
    #[error("the database refused a statement")]
    Database(#[source] DieselError),
    /// A row that had to exist is not there.
    #[error("no such row")]
    NotFound,
    /// A bounded queue is full or no connection came free in time. Nothing was done; try later.
    #[error("the store is at its limit, try later")]
    Busy,
    /// No connection came free within the pool's wait. Nothing was done; try later.
    #[error("no database connection came free in time: {reason}")]
    PoolTimeout {
        /// The pool's explanation, with the last failure to connect if there was one.
        reason: String,
    },
    /// COMMIT was sent and no answer came: the transaction may or may not have taken effect. Read again by key.
    #[error("the commit was not answered; it may or may not have taken effect")]
    CommitUnknown(#[source] DieselError),
    /// A closure panicked. Its transaction has no effect; the store goes on.
    #[error("a database closure panicked")]
    Panicked,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A savepoint was asked for outside a transaction: a defect in our code.
    #[error("a savepoint needs an open transaction")]
    NoTransaction,
    /// A stored value is not what our code writes: another version, a manual change, a damaged file.
    #[error("stored data is not readable: {what}")]
    Corrupt {
        /// The table and column, or the kind of value.
        what: &'static str,
    },
    /// A value can't be sealed: no key, too many keys, or too long.
    #[error("cannot seal: {reason}")]
    Sealing {
        /// What was wrong with the call.
        reason: &'static str,
    },
    /// The lease or fence that this work was done under went to another worker: none of it takes effect.
    #[error("another worker holds the lease now")]
    LeaseLost,
    /// The person this was to be sealed for was erased.
    #[error("the person was erased")]
    Erased,
    /// What was to be recorded can't stand in an audit chain: a defect in our code.
    #[error("the audit record is not acceptable")]
    Audit(#[from] audit::AuditError),
    /// `DATABASE_URL` is not a URL of a supported kind.
    #[error("DATABASE_URL: {reason}")]
    BadUrl {
        /// What is wrong with it; never the URL itself, which may hold a password.
        reason: String,
    },
    /// The database can't be opened or reached.
    #[error("DATABASE_URL: cannot open {target}: {reason}")]
    Unreachable {
        /// Host and database name, or the file.
        target: String,
        /// The driver's explanation.
        reason: String,
    },
    /// The database's schema is not the one that this program was built for.
    #[error(
        "the database schema is {found}, this program needs {needed}: run `concierge-admin migrate` \
         (or start the release that matches)"
    )]
    SchemaVersion {
        /// The newest migration that has run, or "empty".
        found: String,
        /// The newest migration of this program.
        needed: String,
    },
    /// A migration failed.
    #[error("a migration failed: {reason}")]
    Migration {
        /// The driver's explanation.
        reason: String,
    },
    /// `DATA_KEY` is missing, malformed, or not the key that the stored data was sealed with.
    #[error("DATA_KEY: {reason}")]
    DataKey {
        /// What to repair.
        reason: String,
    },
    /// The key file beside a SQLite database is missing or unusable.
    #[error("key file {}: {reason}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What to repair.
        reason: String,
    },
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            other => Self::Database(other),
        }
    }
}

impl StoreError {
    /// Whether a UNIQUE constraint (or primary key) refused the write.
    pub fn is_unique_violation(&self) -> bool {
        self.database_kind() == Some(Kind::Unique)
    }

    /// Whether a CHECK constraint refused the write.
    pub fn is_check_violation(&self) -> bool {
        self.database_kind() == Some(Kind::Check)
    }

    /// Whether nothing was done and trying later makes sense: 503, not a defect. A wait that was given up and a
    /// connection that broke before COMMIT count among it.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Busy | Self::PoolTimeout { .. } | Self::Closed | Self::Unreachable { .. } => true,
            Self::Database(error) => is_contention(error) || is_given_up(error),
            _ => false,
        }
    }

    fn database_kind(&self) -> Option<Kind> {
        match self {
            Self::Database(error) => Some(kind(error)),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unique,
    Check,
    Other,
}

fn kind(error: &DieselError) -> Kind {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Kind::Unique,
        DieselError::DatabaseError(DatabaseErrorKind::CheckViolation, _) => Kind::Check,
        _ => Kind::Other,
    }
}

/// Whether the database gave this transaction up to let another through, and it is known to have no effect:
/// 40001, 40P01, `SQLITE_BUSY`.
///
/// Diesel gives no SQLSTATE for the last two; their texts are fixed in SQLite and, for an English server, in
/// PostgreSQL. In another language a deadlock is an error to the caller instead of a retry.
pub(crate) fn is_contention(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        DieselError::DatabaseError(_, information) => {
            let message = information.message();
            message == "deadlock detected" || message == "database is locked"
        }
        DieselError::RollbackErrorOnCommit { commit_error, .. } => is_contention(commit_error),
        _ => false,
    }
}

/// How the databases' messages start when they give a statement up: it took or waited too long, the server goes
/// away, the disk is full.
const GIVEN_UP: [&str; 5] = [
    "canceling statement due to",
    "terminating connection",
    "the database system is",
    "database or disk is full",
    "could not extend file",
];

/// Whether a statement was given up before COMMIT was sent, and not because of what it says. PostgreSQL's
/// texts are fixed for an English server; in another language this is a defect's answer instead of "try later".
fn is_given_up(error: &DieselError) -> bool {
    match error {
        DieselError::BrokenTransactionManager
        | DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        ) => true,
        DieselError::DatabaseError(_, information) => {
            let message = information.message();
            GIVEN_UP.iter().any(|start| message.starts_with(start))
        }
        _ => false,
    }
}

/// [`is_contention`] for a caller's error that holds the database's somewhere in its source chain.
pub(crate) fn caused_by_contention(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<DieselError>() {
            return is_contention(error);
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Own {
        #[error(transparent)]
        Transparent(StoreError),
        #[error("own words")]
        Wrapped(#[source] StoreError),
    }

    fn contention() -> StoreError {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(String::new())).into()
    }

    #[test]
    fn contention_is_seen_through_a_callers_error() {
        assert!(caused_by_contention(&contention()));
        assert!(caused_by_contention(&Own::Transparent(contention())));
        assert!(caused_by_contention(&Own::Wrapped(contention())));
        assert!(!caused_by_contention(&Own::Wrapped(StoreError::NotFound)));
        assert!(!caused_by_contention(&StoreError::Busy));
    }

    #[test]
    fn what_was_given_up_is_tried_later_and_a_refused_statement_is_not() {
        use DatabaseErrorKind as K;
        for (kind, message, later) in [
            (K::Unknown, "canceling statement due to lock timeout", true),
            (K::Unknown, "canceling statement due to statement timeout", true),
            (K::Unknown, "deadlock detected", true),
            (K::Unknown, "terminating connection due to administrator command", true),
            (K::Unknown, "the database system is shutting down", true),
            (K::ClosedConnection, "server closed the connection unexpectedly", true),
            (K::UniqueViolation, "duplicate key value violates unique constraint", false),
            (K::Unknown, "database or disk is full", true),
            (K::Unknown, "could not extend file \"base/5/16402\": No space left on device", true),
            (K::Unknown, "relation \"requests\" does not exist", false),
        ] {
            let error: StoreError = DieselError::DatabaseError(kind, Box::new(message.to_owned())).into();
            assert_eq!(error.is_unavailable(), later, "{message}");
        }
        // In doubt is not "nothing was done".
        assert!(!StoreError::CommitUnknown(DieselError::BrokenTransactionManager).is_unavailable());
    }

    #[test]
    fn only_what_has_rolled_back_is_contention() {
        for (message, expected) in [
            ("deadlock detected", true),
            ("database is locked", true),
            ("canceling statement due to lock timeout", false),
            ("server closed the connection unexpectedly", false),
        ] {
            let error = DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned()));
            assert_eq!(is_contention(&error), expected, "{message}");
        }
    }
}
