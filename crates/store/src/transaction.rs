//! Transactions on pooled connections: writes on PostgreSQL, retried while they are known to have rolled back
//! and never when in doubt; reads on both databases.

use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

use diesel::{
    connection::SimpleConnection,
    r2d2::PooledConnection,
    result::{DatabaseErrorKind, Error as DieselError},
};

use crate::{
    Conn, StoreError,
    error::{caused_by_contention, is_contention},
    on_conn,
    pool::{Pool, Target},
};

/// How often one transaction is tried.
const TRIES: u32 = 5;
/// The pause before the second try; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// A connection from the pool, or why none came within the pool's wait.
pub(crate) fn take(pool: &Pool) -> Result<PooledConnection<Target>, StoreError> {
    pool.get().map_err(|error| StoreError::PoolTimeout { reason: error.to_string() })
}

/// Runs `work` in one READ COMMITTED transaction. Blocks; call it on a thread that may.
pub(crate) fn write<T, E>(pool: &Pool, mut work: impl FnMut(&mut Conn) -> Result<T, E>) -> Result<T, E>
where
    E: From<StoreError> + Error + 'static,
{
    let mut pause = FIRST_PAUSE;
    let mut tries = 1;
    loop {
        let error = match attempt(pool, &mut work) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if tries >= TRIES || !caused_by_contention(&error) {
            return Err(error);
        }
        tries += 1;
        thread::sleep(pause);
        pause = pause.saturating_mul(2);
    }
}

fn attempt<T, E>(pool: &Pool, work: &mut impl FnMut(&mut Conn) -> Result<T, E>) -> Result<T, E>
where
    E: From<StoreError>,
{
    let mut conn = take(pool)?;
    conn.begin()?;
    match catch_unwind(AssertUnwindSafe(|| work(&mut conn))) {
        Ok(Ok(value)) => {
            check_before_commit(&mut conn)?;
            conn.commit().map_err(fate_of_commit)?;
            Ok(value)
        }
        Ok(Err(error)) => {
            // If this fails the connection is broken and closed, which rolls back too.
            let _ = conn.rollback();
            Err(error)
        }
        // The connection comes back to the pool with its transaction open and is closed there.
        Err(_) => Err(StoreError::Panicked.into()),
    }
}

/// PostgreSQL answers COMMIT of a failed transaction with success and rolls back: a closure that swallowed a
/// statement's error would be told that it had committed. This statement fails then, and has deferred
/// constraints checked while their failure is still known to roll back.
fn check_before_commit(conn: &mut Conn) -> Result<(), StoreError> {
    let checked = on_conn!(conn, |c| c.batch_execute("SET CONSTRAINTS ALL IMMEDIATE"));
    if checked.is_err() {
        let _ = conn.rollback();
    }
    Ok(checked?)
}

/// An error that the server itself answered to COMMIT means that it rolled back. Anything else is a doubt.
fn fate_of_commit(error: DieselError) -> StoreError {
    let answered = match &error {
        DieselError::DatabaseError(kind, _) => matches!(
            kind,
            DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::ExclusionViolation
                | DatabaseErrorKind::ReadOnlyTransaction
        ),
        _ => false,
    };
    if answered || is_contention(&error) {
        StoreError::Database(error)
    } else {
        StoreError::CommitUnknown(error)
    }
}

/// Runs `work` on one snapshot that it can't write to. Both backends.
pub(crate) fn read<T, E>(pool: &Pool, work: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E>
where
    E: From<StoreError>,
{
    let mut conn = take(pool)?;
    conn.begin_snapshot()?;
    let result = catch_unwind(AssertUnwindSafe(|| work(&mut conn)));
    let _ = conn.rollback();
    result.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: DatabaseErrorKind, message: &str) -> DieselError {
        DieselError::DatabaseError(kind, Box::new(message.to_owned()))
    }

    #[test]
    fn a_commit_is_in_doubt_unless_the_server_said_no() {
        use DatabaseErrorKind as K;
        for (kind, message, known) in [
            (K::SerializationFailure, "could not serialize access", true),
            (K::UniqueViolation, "duplicate key", true),
            (K::ForeignKeyViolation, "violates foreign key constraint", true),
            (K::Unknown, "deadlock detected", true),
            (K::ClosedConnection, "server closed the connection unexpectedly", false),
            (K::UnableToSendCommand, "could not send data to server", false),
            (K::Unknown, "terminating connection due to administrator command", false),
        ] {
            let fate = fate_of_commit(error(kind, message));
            assert_eq!(matches!(fate, StoreError::Database(_)), known, "{message}: {fate:?}");
        }
        let broken = DieselError::RollbackErrorOnCommit {
            rollback_error: Box::new(error(K::ClosedConnection, "no connection")),
            commit_error: Box::new(error(K::ClosedConnection, "no connection")),
        };
        assert!(matches!(fate_of_commit(broken), StoreError::CommitUnknown(_)));
    }
}
