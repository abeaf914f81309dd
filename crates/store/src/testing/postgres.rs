//! A PostgreSQL database for one test.

use std::sync::{
    LazyLock,
    atomic::{AtomicU32, Ordering},
};

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Bool, Text},
};

use super::cluster::Cluster;
use crate::{Conn, migrate};

/// The server that this process's tests use.
enum Server {
    /// `TEST_DATABASE_URL`: somebody's server; what we make there we drop.
    Theirs(String),
    /// Our throw-away cluster.
    Ours(Cluster),
}

static SERVER: LazyLock<Result<Server, String>> = LazyLock::new(|| match named() {
    Some(url) => Ok(Server::Theirs(url)),
    None => Cluster::join().map(Server::Ours),
});

/// Whether `TEST_DATABASE_URL` names a server: not being able to use it is a failure then.
pub(super) fn is_named() -> bool {
    named().is_some()
}

fn named() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// A database that is dropped with this value.
pub(super) struct OwnDatabase {
    name: String,
    admin_url: String,
    url: String,
}

impl OwnDatabase {
    pub(super) fn create() -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = SERVER.as_ref().map_err(Clone::clone)?;
        let name = format!("concierge_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let admin_url = server.url("postgres");
        let mut admin = connect(&admin_url)?;
        let from = match server {
            Server::Ours(_) => format!(" TEMPLATE {}", template(&mut admin, server)?),
            Server::Theirs(_) => String::new(),
        };
        run(&mut admin, &format!("CREATE DATABASE {name}{from}"))?;
        let database = Self { url: server.url(&name), name, admin_url };
        if matches!(server, Server::Theirs(_)) {
            migrate_at(&database.url)?;
        }
        Ok(database)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let dropped = connect(&self.admin_url).and_then(|mut admin| {
            run(&mut admin, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
        });
        if let Err(error) = dropped {
            eprintln!("the test database {} was not dropped: {error}", self.name);
        }
    }
}

impl Server {
    fn url(&self, database: &str) -> String {
        match self {
            Self::Ours(cluster) => cluster.url(database),
            Self::Theirs(url) => with_database(url, database),
        }
    }
}

/// The same server, another database: the path of the URL is replaced. The maintenance database of somebody's
/// server is the one that the URL names.
fn with_database(url: &str, database: &str) -> String {
    if database == "postgres" {
        return url.to_owned();
    }
    let (base, parameters) = url.split_once('?').map_or((url, None), |(base, rest)| (base, Some(rest)));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base.get(authority..).and_then(|rest| rest.find('/')).map_or(base.len(), |at| authority + at);
    let server = base.get(..end).unwrap_or(base);
    match parameters {
        Some(parameters) => format!("{server}/{database}?{parameters}"),
        None => format!("{server}/{database}"),
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

/// The name of a migrated database to copy. Made once per state of the migrations; copying is much faster than
/// migrating. The advisory lock keeps other test processes out meanwhile.
fn template(admin: &mut PgConnection, server: &Server) -> Result<String, String> {
    const LOCK: i64 = 0x7465_6d70;
    let name = format!("concierge_template_{}", migrations_hash()?);
    sql_query("SELECT pg_advisory_lock($1)").bind::<BigInt, _>(LOCK).execute(admin).map_err(text)?;
    let made = template_locked(admin, server, &name);
    sql_query("SELECT pg_advisory_unlock($1)").bind::<BigInt, _>(LOCK).execute(admin).map_err(text)?;
    made.map(|()| name)
}

fn template_locked(admin: &mut PgConnection, server: &Server, name: &str) -> Result<(), String> {
    let exists: Found = sql_query("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS found")
        .bind::<Text, _>(name)
        .get_result(admin)
        .map_err(text)?;
    if exists.found {
        return Ok(());
    }
    // Renamed when it is complete: a process killed on the way leaves no half template.
    let building = format!("{name}_building");
    run(admin, &format!("DROP DATABASE IF EXISTS {building} WITH (FORCE)"))?;
    run(admin, &format!("CREATE DATABASE {building}"))?;
    migrate_at(&server.url(&building))?;
    run(admin, &format!("ALTER DATABASE {building} RENAME TO {name}"))
}

fn migrations_hash() -> Result<String, String> {
    use sha2::{Digest, Sha256};
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgresql");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map_err(text)?
        .map(|entry| entry.map(|entry| entry.path().join("up.sql")))
        .collect::<Result<_, _>>()
        .map_err(text)?;
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(std::fs::read(file).map_err(text)?);
    }
    Ok(hex::encode(hash.finalize()).chars().take(12).collect())
}

fn migrate_at(url: &str) -> Result<(), String> {
    let mut conn = Conn::Pg(connect(url)?);
    migrate::migrate(&mut conn).map(drop).map_err(|error| format!("migrating: {error}"))
}

fn connect(url: &str) -> Result<PgConnection, String> {
    PgConnection::establish(url).map_err(text)
}

fn run(conn: &mut PgConnection, sql: &str) -> Result<(), String> {
    conn.batch_execute(sql).map_err(text)
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        for (url, replaced) in [
            ("postgres://u:p@h:1/a?sslmode=disable", "postgres://u:p@h:1/t?sslmode=disable"),
            ("postgres://h", "postgres://h/t"),
            ("postgres:///a?host=/run/pg", "postgres:///t?host=/run/pg"),
        ] {
            assert_eq!(with_database(url, "t"), replaced);
        }
    }
}
