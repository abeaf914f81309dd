//! Opening connections, and the bounded pools that keep them.

use std::{path::PathBuf, thread, time::Duration};

use diesel::{
    Connection, ConnectionError, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    r2d2::{self, ManageConnection, R2D2Connection},
    sql_query,
    sql_types::Text,
};

use crate::{Conn, StoreError, on_conn};

/// Where connections lead, and what is set on each before anybody uses it.
#[derive(Clone)]
pub(crate) enum Target {
    Sqlite { path: PathBuf, role: SqliteRole, busy_timeout: Duration },
    Pg(PgTarget),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqliteRole {
    Writer,
    Reader,
}

#[derive(Clone)]
pub(crate) struct PgTarget {
    pub(crate) url: String,
    pub(crate) application_name: String,
    pub(crate) statement_timeout: Duration,
    pub(crate) lock_timeout: Duration,
}

pub(crate) type Pool = r2d2::Pool<Target>;

impl Target {
    /// Host and database, or the file: what may stand in a message.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Sqlite { path, .. } => path.display().to_string(),
            Self::Pg(target) => describe_pg(&target.url),
        }
    }

    /// Opens one connection, with the reason if that fails.
    pub(crate) fn open(&self) -> Result<Conn, StoreError> {
        self.connect()
            .map_err(|error| StoreError::Unreachable { target: self.describe(), reason: error.to_string() })
    }

    /// A pool of at most `size` connections that makes a caller wait at most `wait` for one.
    pub(crate) fn pool(self, size: u32, wait: Duration) -> Pool {
        let test_on_check_out = matches!(self, Self::Pg(_));
        r2d2::Pool::builder()
            .max_size(size.max(1))
            .min_idle(Some(0))
            .connection_timeout(wait)
            .test_on_check_out(test_on_check_out)
            .build_unchecked(self)
    }
}

impl ManageConnection for Target {
    type Connection = Conn;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Conn, r2d2::Error> {
        match self {
            Self::Sqlite { path, role, busy_timeout } => {
                let path = path.to_str().ok_or_else(|| {
                    ConnectionError::InvalidConnectionUrl("the path is not valid UTF-8".to_owned())
                })?;
                let mut conn = SqliteConnection::establish(path)?;
                set_up_sqlite(&mut conn, *role, *busy_timeout)?;
                Ok(Conn::Sqlite(conn))
            }
            Self::Pg(target) => {
                let mut conn = PgConnection::establish(&with_liveness(&target.url))?;
                set_up_pg(&mut conn, target)?;
                Ok(Conn::Pg(conn))
            }
        }
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), r2d2::Error> {
        on_conn!(conn, |c| c.ping()).map_err(r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        // A transaction left open (a panic, a lost connection) goes with its connection.
        thread::panicking() || conn.depth() != Some(0) || on_conn!(conn, |c| c.is_broken())
    }
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

fn set_up_sqlite(
    conn: &mut SqliteConnection,
    role: SqliteRole,
    busy_timeout: Duration,
) -> Result<(), diesel::result::Error> {
    // First: every later statement may meet another process's lock.
    conn.batch_execute(&format!("PRAGMA busy_timeout = {}", busy_timeout.as_millis()))?;
    if role == SqliteRole::Reader {
        return conn.batch_execute("PRAGMA query_only = ON");
    }
    enter_wal(conn)?;
    // In memory: what savepoints set aside would go to a temporary file, page by page.
    conn.batch_execute(
        "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY",
    )
}

/// Switches the file to write-ahead logging. SQLite does not always wait for `busy_timeout` here, so two
/// processes that create the same database at once are given a second to agree.
fn enter_wal(conn: &mut SqliteConnection) -> Result<(), diesel::result::Error> {
    const TRIES: u32 = 50;
    let mut tries = 0;
    loop {
        match sql_query("PRAGMA journal_mode = WAL").get_result::<JournalMode>(conn) {
            Ok(mode) if mode.journal_mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(diesel::result::Error::QueryBuilderError(
                    format!(
                        "the file system does not support write-ahead logging (mode {})",
                        mode.journal_mode
                    )
                    .into(),
                ));
            }
            Err(error) if tries >= TRIES => return Err(error),
            Err(_) => {
                tries += 1;
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

fn set_up_pg(conn: &mut PgConnection, target: &PgTarget) -> Result<(), diesel::result::Error> {
    // `set_config` takes the name as a value: nothing is spliced into SQL.
    sql_query("SELECT set_config('application_name', $1, false)")
        .bind::<Text, _>(&target.application_name)
        .execute(conn)?;
    conn.batch_execute(&format!(
        "SET statement_timeout = {statement};
         SET lock_timeout = {lock};
         SET idle_in_transaction_session_timeout = {idle};
         SET default_transaction_isolation = 'read committed';
         SET client_min_messages = warning;
         SET timezone = 'UTC'",
        statement = target.statement_timeout.as_millis(),
        lock = target.lock_timeout.as_millis(),
        idle = target.statement_timeout.as_millis().saturating_mul(4),
    ))
}

/// Adds what makes a dead server noticed (libpq waits for ever by default) where the URL doesn't say.
fn with_liveness(url: &str) -> String {
    const PARAMETERS: [(&str, &str); 5] = [
        ("connect_timeout", "5"),
        ("tcp_user_timeout", "15000"),
        ("keepalives_idle", "10"),
        ("keepalives_interval", "5"),
        ("keepalives_count", "3"),
    ];
    let mut url = url.to_owned();
    for (name, value) in PARAMETERS {
        if !url.contains(&format!("{name}=")) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.extend([name, "=", value]);
        }
    }
    url
}

/// The URL without user, password and parameters.
fn describe_pg(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    format!("PostgreSQL at {rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_described_url_holds_no_password() {
        for (url, described) in [
            (
                "postgres://bot:s3cret@db.internal:5432/concierge?sslmode=require",
                "PostgreSQL at db.internal:5432/concierge",
            ),
            ("postgres:///concierge?host=/run/pg&password=s3cret", "PostgreSQL at /concierge"),
            ("postgres://bot:a@b@db/concierge", "PostgreSQL at db/concierge"),
        ] {
            assert_eq!(describe_pg(url), described);
        }
    }

    #[test]
    fn liveness_parameters_do_not_override_the_url() {
        let url = with_liveness("postgres://db/concierge?connect_timeout=30");
        assert_eq!(url.matches("connect_timeout").count(), 1);
        assert!(url.contains("connect_timeout=30") && url.contains("&tcp_user_timeout=15000"), "{url}");
        assert!(with_liveness("postgres://db/concierge").contains("concierge?connect_timeout=5&"));
    }
}
