//! `schema.rs` says what the migrations make, on both databases; and the migrations go back and forth.

use std::{collections::BTreeMap, fs, path::Path};

use diesel::{QueryableByName, RunQueryDsl as _, connection::SimpleConnection, sql_query, sql_types::Text};

use super::write;
use crate::{Backend, StoreError, Tx, on_conn, testing::on_both};

const SCHEMA: &str = include_str!("../schema.rs");

/// Every migration's `up.sql` and `down.sql`, in order.
fn migrations(backend: Backend) -> Vec<[String; 2]> {
    let folder = match backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgresql",
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(folder);
    let mut versions: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    versions.sort();
    let read = |version: &Path, file: &str| fs::read_to_string(version.join(file)).unwrap();
    versions.iter().map(|version| [read(version, "up.sql"), read(version, "down.sql")]).collect()
}

/// Table and column with type and nullability, as text: `outbox.reason Nullable<Text>`.
type Columns = BTreeMap<String, String>;

fn in_code() -> Columns {
    let mut columns = Columns::new();
    let mut table = "";
    for line in SCHEMA.lines().map(str::trim) {
        if let Some(named) = line.strip_suffix(") {") {
            table = named.split_once(" (").unwrap().0;
        } else if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            columns.insert(format!("{table}.{column}"), kind.to_owned());
        }
    }
    columns
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    nullable: String,
}

fn in_database(tx: &mut Tx<'_>) -> Result<Columns, StoreError> {
    let sql = match tx.conn.backend() {
        Backend::Sqlite => {
            "SELECT t.name || '.' || c.name AS name, c.type AS kind, \
             CASE c.\"notnull\" WHEN 1 THEN 'NO' ELSE 'YES' END AS nullable \
             FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' \
             AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'"
        }
        Backend::Postgres => {
            "SELECT table_name::text || '.' || column_name::text AS name, data_type::text AS kind, \
             is_nullable::text AS nullable FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_%'"
        }
    };
    let rows: Vec<Column> = on_conn!(&mut *tx.conn, |c| sql_query(sql).load(c))?;
    Ok(rows
        .into_iter()
        .map(|Column { name, kind, nullable }| {
            let kind = match kind.to_uppercase().as_str() {
                "TEXT" => "Text",
                "BIGINT" => "BigInt",
                "INTEGER" => "Integer",
                "BOOLEAN" => "Bool",
                "DOUBLE" | "DOUBLE PRECISION" => "Double",
                "BLOB" | "BYTEA" => "Binary",
                other => panic!("{name} is {other}"),
            };
            (name, if nullable == "YES" { format!("Nullable<{kind}>") } else { kind.to_owned() })
        })
        .collect())
}

#[test]
fn the_code_and_the_databases_agree_on_every_column() {
    let code = in_code();
    assert!(code.len() > 150, "{code:#?}");
    on_both(async |test| {
        let database = write(test, in_database).await;
        let differ: Vec<_> = code
            .iter()
            .filter(|(name, kind)| database.get(*name) != Some(kind))
            .chain(database.iter().filter(|(name, kind)| code.get(*name) != Some(kind)))
            .collect();
        assert!(differ.is_empty(), "{differ:#?}");
    });
}

#[test]
fn the_migrations_go_down_and_up_again() {
    on_both(async |test| {
        let before = write(test, in_database).await;
        let migrations = migrations(test.backend());
        let (up, down): (Vec<_>, Vec<_>) = migrations.into_iter().map(|[up, down]| (up, down)).unzip();
        let (up, down) = (up.concat(), down.into_iter().rev().collect::<String>());
        let between = write(test, move |tx| {
            on_conn!(&mut *tx.conn, |c| c.batch_execute(&down))?;
            in_database(tx)
        })
        .await;
        assert!(between.is_empty(), "{between:?}");
        let after = write(test, move |tx| {
            on_conn!(&mut *tx.conn, |c| c.batch_execute(&up))?;
            in_database(tx)
        })
        .await;
        assert_eq!(after, before);
        write(test, |tx| super::request(tx, "+254712345678")).await;
    });
}
