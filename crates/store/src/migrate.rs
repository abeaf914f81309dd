//! The schema's versions, embedded in the program.

use diesel::{
    PgConnection, QueryableByName, RunQueryDsl,
    backend::Backend,
    migration::MigrationSource,
    pg::Pg,
    sql_query,
    sql_types::{BigInt, Bool, Text},
    sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{Conn, StoreError};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgresql");

/// The bytes of "concierg": no other program on the server takes this advisory lock.
const ADVISORY_LOCK: i64 = 0x636f_6e63_6965_7267;

/// Brings the schema to this program's version, in one transaction; other processes that try wait for it.
/// Returns the versions that ran, oldest first.
///
/// # Errors
/// [`StoreError::SchemaVersion`] if the database is newer than this program.
pub(crate) fn migrate(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    // A current SQLite schema needs no lock: under load a process that only reads would wait for one in vain.
    if matches!(conn, Conn::Sqlite(_)) && check_either(conn).is_ok() {
        return Ok(Vec::new());
    }
    conn.begin()?;
    let ran = match conn {
        Conn::Sqlite(c) => run_pending::<_, Sqlite>(c, &SQLITE),
        Conn::Pg(c) => lock_for_migration(c).and_then(|()| run_pending::<_, Pg>(c, &POSTGRES)),
    };
    match &ran {
        Ok(_) => conn.commit()?,
        Err(_) => drop(conn.rollback()),
    }
    ran
}

/// Refuses a PostgreSQL database whose schema is not exactly this program's. Writes nothing.
pub(crate) fn check(conn: &mut PgConnection) -> Result<(), StoreError> {
    let needed = embedded::<Pg>(&POSTGRES)?;
    let found = applied(conn)?;
    if needed == found {
        return Ok(());
    }
    let odd_one = found.iter().find(|version| !needed.contains(version)).or(found.last());
    Err(wrong_version(odd_one, &needed))
}

/// Whether the schema is this program's, on either database. Writes nothing.
pub(crate) fn check_either(conn: &mut Conn) -> Result<(), StoreError> {
    let conn = match conn {
        Conn::Pg(c) => return check(c),
        Conn::Sqlite(c) => c,
    };
    let needed = embedded::<Sqlite>(&SQLITE)?;
    let rows: Vec<Version> =
        sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version").load(conn)?;
    let found: Vec<String> = rows.into_iter().map(|row| row.version).collect();
    if needed == found { Ok(()) } else { Err(wrong_version(found.last(), &needed)) }
}

fn run_pending<C, DB>(conn: &mut C, source: &EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    C: MigrationHarness<DB>,
    DB: Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let needed = embedded::<DB>(source)?;
    let found = conn.applied_migrations().map_err(failed)?;
    if let Some(unknown) = found.iter().map(ToString::to_string).find(|version| !needed.contains(version)) {
        return Err(wrong_version(Some(&unknown), &needed));
    }
    let pending: Vec<_> = conn.pending_migrations(BySelf(source)).map_err(failed)?;
    let ran = conn.run_migrations(&pending).map_err(failed)?;
    Ok(ran.iter().map(ToString::to_string).collect())
}

fn lock_for_migration(conn: &mut PgConnection) -> Result<(), StoreError> {
    // Building an index, or waiting for another process that does, may take longer than a request's statement.
    sql_query("SET LOCAL statement_timeout = 0").execute(conn)?;
    sql_query("SET LOCAL lock_timeout = 0").execute(conn)?;
    sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(ADVISORY_LOCK).execute(conn)?;
    Ok(())
}

/// This program's versions, ascending.
fn embedded<DB: Backend>(source: &EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let mut versions: Vec<String> = MigrationSource::<DB>::migrations(source)
        .map_err(failed)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    versions.sort();
    Ok(versions)
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    found: bool,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The versions that have run, ascending. Diesel's own look-up would create the table.
fn applied(conn: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let exists: Exists = sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS found")
        .get_result(conn)?;
    if !exists.found {
        return Ok(Vec::new());
    }
    let rows: Vec<Version> =
        sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version COLLATE \"C\"")
            .load(conn)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

/// [`MigrationSource`] is taken by value; the embedded ones are constants.
struct BySelf<'a>(&'a EmbeddedMigrations);

impl<DB: Backend> MigrationSource<DB> for BySelf<'_>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn diesel::migration::Migration<DB>>>> {
        self.0.migrations()
    }
}

fn wrong_version(found: Option<&String>, needed: &[String]) -> StoreError {
    StoreError::SchemaVersion {
        found: found.map_or_else(|| "empty".to_owned(), |version| format!("at version {version}")),
        needed: needed.last().map_or_else(|| "none".to_owned(), |version| format!("version {version}")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as a map_err function")]
fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Migration { reason: error.to_string() }
}
