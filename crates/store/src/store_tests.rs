use std::sync::atomic::{AtomicU32, Ordering};

use diesel::{
    QueryableByName, RunQueryDsl,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use marketplace::SeededIds;

use super::*;
use crate::{
    on_conn, savepoint,
    testing::{TestStore, key_file_of, on_both},
};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

fn insert(conn: &mut Conn, n: i64) -> Result<(), StoreError> {
    let insert = sql_query(format!("INSERT INTO numbers (n) VALUES ({n})"));
    on_conn!(conn, |c| insert.execute(c))?;
    Ok(())
}

fn numbers(conn: &mut Conn) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<Number> = on_conn!(conn, |c| sql_query("SELECT n FROM numbers ORDER BY n").load(c))?;
    Ok(rows.into_iter().map(|row| row.n).collect())
}

async fn with_numbers(store: &Store) {
    let created: Result<(), StoreError> = store
        .write(|conn| {
            // The deferred constraint fails at COMMIT, not at the statement.
            let sql = "CREATE TABLE numbers (n BIGINT PRIMARY KEY,
                           parent BIGINT REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)";
            Ok(on_conn!(conn, |c| c.batch_execute(sql))?)
        })
        .await;
    created.unwrap();
}

/// Spawned, so that all are queued together.
fn spawn_insert(store: &Store, n: i64) -> tokio::task::JoinHandle<Result<(), StoreError>> {
    let store = store.clone();
    tokio::spawn(async move { store.write(move |conn| insert(conn, n)).await })
}

#[test]
fn concurrent_writes_are_all_answered_and_one_failure_harms_no_other() {
    on_both(async |test| {
        with_numbers(&test.store).await;
        let mut writes = Vec::new();
        for n in 0..200 {
            // Every tenth is a duplicate of the one before.
            writes.push((n, spawn_insert(&test.store, if n % 10 == 9 { n - 1 } else { n })));
        }
        for (n, write) in writes {
            let outcome = write.await.unwrap();
            // Which of two equal ones wins is open.
            if n % 10 < 8 {
                outcome.unwrap();
            } else if let Err(error) = outcome {
                assert!(error.is_unique_violation(), "{error:?}");
            }
        }
        let stored = test.store.read(numbers).await.unwrap();
        assert_eq!(stored, (0..200).filter(|n| n % 10 != 9).collect::<Vec<_>>());
    });
}

#[test]
fn a_panic_undoes_its_own_writes_alone_and_the_store_goes_on() {
    on_both(async |test| {
        with_numbers(&test.store).await;
        let panicking = test.store.write(|conn| -> Result<(), StoreError> {
            insert(conn, 1)?;
            savepoint(conn, |conn| -> Result<(), StoreError> {
                insert(conn, 2)?;
                panic!("a defect in a closure")
            })
        });
        let neighbours = [spawn_insert(&test.store, 3), spawn_insert(&test.store, 4)];
        assert!(matches!(panicking.await, Err(StoreError::Panicked)));
        for neighbour in neighbours {
            neighbour.await.unwrap().unwrap();
        }
        assert_eq!(test.store.read(numbers).await.unwrap(), [3, 4]);
        let reading = test.store.read(|_| -> Result<(), StoreError> { panic!("a defect in a closure") });
        assert!(matches!(reading.await, Err(StoreError::Panicked)));
        assert_eq!(test.store.read(numbers).await.unwrap(), [3, 4]);
    });
}

#[test]
fn a_failure_at_commit_is_its_own_closures_alone() {
    on_both(async |test| {
        with_numbers(&test.store).await;
        let store = test.store.clone();
        let orphan = tokio::spawn(async move {
            store
                .write(|conn| -> Result<(), StoreError> {
                    let sql = "INSERT INTO numbers (n, parent) VALUES (1, 99)";
                    on_conn!(conn, |c| sql_query(sql).execute(c))?;
                    Ok(())
                })
                .await
        });
        let neighbours = [spawn_insert(&test.store, 2), spawn_insert(&test.store, 3)];
        assert!(matches!(orphan.await.unwrap(), Err(StoreError::Database(_))));
        for neighbour in neighbours {
            neighbour.await.unwrap().unwrap();
        }
        assert_eq!(test.store.read(numbers).await.unwrap(), [2, 3]);
    });
}

#[test]
fn a_swallowed_error_is_not_reported_as_committed() {
    on_both(async |test| {
        with_numbers(&test.store).await;
        let outcome = test
            .store
            .write(|conn| -> Result<(), StoreError> {
                insert(conn, 1)?;
                let _ = insert(conn, 1);
                Ok(())
            })
            .await;
        let stored = test.store.read(numbers).await.unwrap();
        // SQLite undoes the statement alone, PostgreSQL the transaction: what counts is that the answer is true.
        assert_eq!(outcome.is_ok(), stored == [1], "{outcome:?} {stored:?}");
    });
}

#[test]
fn savepoints_nest() {
    on_both(async |test| {
        with_numbers(&test.store).await;
        let outcome: Result<(), StoreError> = test
            .store
            .write(|conn| {
                insert(conn, 1)?;
                let inner: Result<(), StoreError> = savepoint(conn, |conn| {
                    insert(conn, 2)?;
                    savepoint(conn, |conn| insert(conn, 3))?;
                    insert(conn, 1)
                });
                assert!(inner.unwrap_err().is_unique_violation());
                savepoint(conn, |conn| {
                    insert(conn, 4)?;
                    let innermost: Result<(), StoreError> = savepoint(conn, |conn| {
                        insert(conn, 5)?;
                        Err(StoreError::NotFound)
                    });
                    assert!(matches!(innermost, Err(StoreError::NotFound)));
                    insert(conn, 6)
                })
            })
            .await;
        outcome.unwrap();
        assert_eq!(test.store.read(numbers).await.unwrap(), [1, 4, 6]);
    });
}

#[test]
fn a_reader_cannot_write() {
    on_both(async |test| {
        with_numbers(&test.store).await;
        let refused = test.store.read(|conn| insert(conn, 1)).await;
        assert!(matches!(refused, Err(StoreError::Database(_))), "{refused:?}");
        assert!(test.store.read(numbers).await.unwrap().is_empty());
    });
}

#[test]
fn a_read_sees_one_state() {
    on_both(async |test| {
        with_numbers(&test.store).await;
        let writer = test.store.clone();
        let seen = tokio::task::spawn_blocking({
            let store = test.store.clone();
            move || {
                store.read_blocking(|conn| {
                    let before = numbers(conn)?;
                    writer.write_blocking(|conn| insert(conn, 1))?;
                    Ok::<_, StoreError>((before, numbers(conn)?))
                })
            }
        });
        assert_eq!(seen.await.unwrap().unwrap(), (vec![], vec![]));
        assert_eq!(test.store.read(numbers).await.unwrap(), [1]);
    });
}

#[test]
fn contention_is_retried_and_bounded() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    #[derive(Debug, thiserror::Error)]
    #[error("a caller's own error")]
    struct Own(#[from] StoreError);

    let Some(test) = TestStore::postgres() else { return };
    let contended = |fails: u32| {
        RUNS.store(0, Ordering::SeqCst);
        test.store.write_blocking(move |conn| -> Result<u32, Own> {
            let run = RUNS.fetch_add(1, Ordering::SeqCst) + 1;
            if run <= fails {
                // What the server says for 40001, here on demand.
                let sql = "DO $$ BEGIN RAISE EXCEPTION 'contended' USING ERRCODE = '40001'; END $$";
                on_conn!(conn, |c| sql_query(sql).execute(c)).map_err(StoreError::from)?;
            }
            Ok(run)
        })
    };
    assert_eq!(contended(2).unwrap(), 3);
    assert!(contended(u32::MAX).is_err());
    assert_eq!(RUNS.load(Ordering::SeqCst), 5);
}

#[test]
fn a_lost_connection_fails_one_write_and_is_replaced() {
    let Some(test) = TestStore::postgres() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        with_numbers(&test.store).await;
        let lost = test.store.write(|conn| -> Result<(), StoreError> {
            insert(conn, 1)?;
            let end = sql_query("SELECT pg_terminate_backend(pg_backend_pid())");
            on_conn!(conn, |c| end.execute(c))?;
            Ok(())
        });
        assert!(matches!(lost.await, Err(StoreError::Database(_))));
        for n in 2..10 {
            spawn_insert(&test.store, n).await.unwrap().unwrap();
        }
        assert_eq!(test.store.read(numbers).await.unwrap(), (2..10).collect::<Vec<_>>());
    });
}

#[test]
fn a_caller_waits_for_a_connection_only_so_long() {
    let test = TestStore::sqlite();
    let options =
        OpenOptions { connections_max: 1, pool_wait: Duration::from_millis(20), ..test.options().clone() };
    let store = Store::open(&options).unwrap();
    let (go, may_go) = std::sync::mpsc::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let holding = store.clone();
        let first = tokio::spawn(async move {
            holding.read(move |_| may_go.recv().map_err(|_| StoreError::Closed)).await
        });
        tokio::task::yield_now().await;
        let late = store.read(|_| Ok::<_, StoreError>(())).await;
        assert!(matches!(late, Err(StoreError::PoolTimeout { .. })), "{late:?}");
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        store.read(|_| Ok::<_, StoreError>(())).await.unwrap();
        store.close().await;
    });
}

#[test]
fn a_full_queue_is_busy_at_once() {
    let test = TestStore::sqlite();
    let store = Store::open(&OpenOptions { queue_max: 2, ..test.options().clone() }).unwrap();
    let (started, has_started) = std::sync::mpsc::channel();
    let (go, may_go) = std::sync::mpsc::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let blocking = store.clone();
        let first = tokio::spawn(async move {
            blocking
                .write(move |_| -> Result<(), StoreError> {
                    started.send(()).unwrap();
                    may_go.recv().unwrap();
                    Ok(())
                })
                .await
        });
        tokio::task::yield_now().await;
        has_started.recv().unwrap();
        let queued: Vec<_> = (0..2)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.write(|_| Ok::<_, StoreError>(())).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let refused = store.write(|_| Ok::<_, StoreError>(())).await;
        assert!(matches!(&refused, Err(error @ StoreError::Busy) if error.is_unavailable()), "{refused:?}");
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        for queued in queued {
            queued.await.unwrap().unwrap();
        }
        store.close().await;
    });
}

#[test]
fn closing_works_off_the_queue_and_refuses_more() {
    on_both(async |test| {
        with_numbers(&test.store).await;
        let writes: Vec<_> = (0..50).map(|n| spawn_insert(&test.store, n)).collect();
        tokio::task::yield_now().await;
        test.store.close().await;
        let answered = {
            let mut answered = Vec::new();
            for (n, write) in (0..).zip(writes) {
                if write.await.unwrap().is_ok() {
                    answered.push(n);
                }
            }
            answered
        };
        assert!(matches!(test.store.write(|_| Ok::<_, StoreError>(())).await, Err(StoreError::Closed)));
        let again = test.open_again();
        assert_eq!(again.read(numbers).await.unwrap(), answered);
        again.close().await;
    });
}

#[test]
fn sqlite_opens_and_reads_while_another_process_writes() {
    let test = TestStore::sqlite();
    let path = test.options().database_url.strip_prefix("sqlite://").unwrap().to_owned();
    let mut writer = <diesel::SqliteConnection as diesel::Connection>::establish(&path).unwrap();
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    let patient = OpenOptions { busy_timeout: Duration::from_millis(50), ..test.options().clone() };
    let other = Store::open(&patient).expect("a current schema needs no lock");
    let keys: i64 = other
        .read_blocking(|conn| {
            let count = sql_query("SELECT count(*) AS n FROM data_keys");
            Ok::<_, StoreError>(on_conn!(conn, |c| count.get_result::<Number>(c))?.n)
        })
        .unwrap();
    assert!(keys >= 0);
    writer.batch_execute("ROLLBACK").unwrap();
    other.close_blocking();
}

#[test]
fn sqlite_is_set_up_for_durability_and_erasure() {
    let test = TestStore::sqlite();
    let settings = test.store.write_blocking(|conn| {
        let sql = "SELECT journal_mode || ' ' || synchronous || ' ' || foreign_keys || ' ' || secure_delete
                       || ' ' || timeout AS word
                   FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys, pragma_secure_delete,
                        pragma_busy_timeout";
        let row: Word = on_conn!(conn, |c| sql_query(sql).get_result(c))?;
        Ok::<_, StoreError>(row.word)
    });
    // 2 is FULL.
    assert_eq!(settings.unwrap(), "wal 2 1 1 5000");
}

#[test]
fn postgres_connections_are_bounded() {
    let Some(test) = TestStore::postgres() else { return };
    let settings = test.store.read_blocking(|conn| {
        let sql = "SELECT concat_ws(' ', current_setting('application_name'), current_setting('statement_timeout'),
                          current_setting('lock_timeout'), current_setting('default_transaction_isolation')) AS word";
        let row: Word = on_conn!(conn, |c| sql_query(sql).get_result(c))?;
        Ok::<_, StoreError>(row.word)
    });
    assert_eq!(settings.unwrap(), "concierge 10s 5s read committed");
}

fn options(url: &str, data_key: DataKeySource) -> OpenOptions {
    OpenOptions::new(url, data_key, Arc::new(SeededIds::new(1)))
}

fn open_error(options: &OpenOptions) -> String {
    Store::open(options).map(drop).unwrap_err().to_string()
}

#[test]
fn a_database_that_cannot_be_opened_says_what_to_repair() {
    let key = || DataKeySource::Given(MasterKey::parse(&"0".repeat(64)).unwrap());
    for (url, data_key, says) in [
        ("concierge.db", key(), "expected sqlite://path or postgres://"),
        ("mysql://host/db", key(), "expected sqlite://path or postgres://"),
        ("sqlite://", key(), "name a file"),
        ("sqlite://:memory:", key(), "name a file"),
        ("sqlite:///no/such/folder/c.db", key(), "the directory /no/such/folder does not exist"),
        ("sqlite:///no/such/folder/c.db", DataKeySource::FileBesideDatabase, "does not exist: create it"),
        ("postgres://u:s3cret@/c?host=/no/such/socket", key(), "No such file or directory"),
        (
            "postgres://u:s3cret@host/c",
            DataKeySource::FileBesideDatabase,
            "DATA_KEY: required with PostgreSQL",
        ),
    ] {
        let error = open_error(&options(url, data_key));
        assert!(error.contains(says) && !error.contains("s3cret"), "{url}: {error}");
    }
}

#[test]
fn a_sqlite_store_makes_its_files_for_their_owner_and_opens_again() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let options = options(&format!("sqlite://{}", path.display()), DataKeySource::FileBesideDatabase);
    let store = Store::open(&options).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().mode() & 0o077, 0, "{:?}", entry.path());
    }
    store.close_blocking();
    Store::open(&options).unwrap().close_blocking();

    std::fs::remove_file(key_file_of(&path)).unwrap();
    assert!(open_error(&options).contains("restore it from your backup"));
}

#[test]
fn a_database_sealed_under_another_key_is_refused() {
    on_both(async |test| {
        let store = test.store.clone();
        let made = test.store.write(move |conn| {
            store.vault().new_data_key(conn, marketplace::Timestamp::from_millis(1)).map(drop)
        });
        made.await.unwrap();
        let wrong = DataKeySource::Given(MasterKey::parse(&"1".repeat(64)).unwrap());
        let error = open_error(&OpenOptions { data_key: wrong, ..test.options().clone() });
        assert!(error.contains("not the key that the database was sealed with"), "{error}");
    });
}

#[test]
fn another_schema_version_is_refused() {
    on_both(async |test| {
        let newer: Result<(), StoreError> = test
            .store
            .write(|conn| {
                let sql = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')";
                Ok(on_conn!(conn, |c| c.batch_execute(sql))?)
            })
            .await;
        newer.unwrap();
        for error in [open_error(test.options()), test.options().migrate().unwrap_err().to_string()] {
            assert!(
                error.contains("at version 99999999999999") && error.contains("concierge-admin migrate"),
                "{error}"
            );
        }
    });
}

#[test]
fn migrating_twice_does_nothing_and_an_empty_postgres_is_refused() {
    on_both(async |test| assert!(test.options().migrate().unwrap().is_empty()));
    let Some(test) = TestStore::postgres() else { return };
    let emptied: Result<(), StoreError> = test.store.write_blocking(|conn| {
        Ok(on_conn!(conn, |c| c.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))?)
    });
    emptied.unwrap();
    assert!(open_error(test.options()).contains("the database schema is empty"));
    assert!(!test.options().migrate().unwrap().is_empty());
    Store::open(test.options()).unwrap().close_blocking();
}

#[test]
fn processes_that_create_one_database_together_agree() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("c.db").display());
    let opened: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|seed| {
                let options =
                    OpenOptions::new(&url, DataKeySource::FileBesideDatabase, Arc::new(SeededIds::new(seed)));
                scope.spawn(move || Store::open(&options).unwrap())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let hashes: std::collections::HashSet<_> =
        opened.iter().map(|store| store.vault().lookup_hash("phone", "1")).collect();
    assert_eq!(hashes.len(), 1, "all use one key");
    opened.iter().for_each(Store::close_blocking);
}
