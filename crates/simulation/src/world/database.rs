//! A database of the run's own: a file, or a fresh database on the server that was named.

use std::{path::Path, thread};

use anyhow::{Context as _, bail};
use reqwest::Url;
use tokio_postgres::NoTls;

/// The database of one run. Dropped, a PostgreSQL database is dropped from its server.
#[derive(Debug)]
pub struct Database {
    url: String,
    on_server: Option<OnServer>,
}

#[derive(Debug)]
struct OnServer {
    named: String,
    database: String,
}

impl Database {
    /// An SQLite file in the run's folder.
    pub fn sqlite(folder: &Path) -> Self {
        Self { url: format!("sqlite://{}", folder.join("concierge.db").display()), on_server: None }
    }

    /// A new database on the server of `named`, which must be a `postgres://` URL whose role may create
    /// databases. The database named in it is connected to and otherwise left alone.
    pub fn create(named: &str) -> anyhow::Result<Self> {
        let mut url = Url::parse(named).context("--database-url is no URL")?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            bail!("--database-url must begin with postgres://");
        }
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no randomness for a name: {error}"))?;
        let database = format!("concierge_simulation_{}", hex::encode(random));
        execute(named, &format!("CREATE DATABASE {database}"))
            .with_context(|| format!("cannot create a database on {}", without_password(&url)))?;
        url.set_path(&format!("/{database}"));
        Ok(Self { url: url.to_string(), on_server: Some(OnServer { named: named.to_owned(), database }) })
    }

    /// For `DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is on a PostgreSQL server.
    pub const fn is_postgres(&self) -> bool {
        self.on_server.is_some()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(server) = &self.on_server else { return };
        // FORCE ends connections of killed programs, which the server may not have noticed yet.
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", server.database);
        if let Err(error) = execute(&server.named, &statement) {
            anstream::eprintln!("the database {} stays on the server: {error:#}", server.database);
        }
    }
}

/// Runs one statement on a connection of its own, outside any runtime of the caller.
fn execute(url: &str, statement: &str) -> anyhow::Result<()> {
    thread::scope(|scope| {
        scope
            .spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async {
                    let mut config: tokio_postgres::Config = url.parse()?;
                    config.connect_timeout(std::time::Duration::from_secs(10));
                    let (client, connection) = config.connect(NoTls).await?;
                    let served = tokio::spawn(connection);
                    let done = client.batch_execute(statement).await;
                    drop(client);
                    let _closed = served.await;
                    done.map_err(explain)
                })
            })
            .join()
            .unwrap_or_else(|_| bail!("the database thread panicked"))
    })
}

/// The server's own sentence instead of the library's "db error".
fn explain(error: tokio_postgres::Error) -> anyhow::Error {
    match error.as_db_error() {
        Some(server) => anyhow::anyhow!("{}", server.message()),
        None => error.into(),
    }
}

fn without_password(url: &Url) -> String {
    let mut url = url.clone();
    let _set = url.set_password(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_a_postgres_url_is_refused_before_a_connection() {
        for bad in ["sqlite://x.db", "http://localhost/x", "postgres"] {
            let error = Database::create(bad).unwrap_err().to_string();
            assert!(error.contains("--database-url"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_named_without_the_password() {
        let error = format!("{:#}", Database::create("postgres://me:secret@127.0.0.1:1/x").unwrap_err());
        assert!(error.contains("127.0.0.1:1") && !error.contains("secret"), "{error}");
    }
}
