use std::collections::BTreeMap;

use diesel::{QueryableByName, connection::SimpleConnection, sql_query, sql_types::Text};
use marketplace::{RequestId, SeededIds};
use serde_json::json;

use super::*;
use crate::{
    Store, audit_checkpoints, audit_inspect,
    testing::{TestStore, on_both},
};

pub(crate) fn record(action: &str, payload: Value) -> NewRecord {
    NewRecord {
        at: Timestamp::from_millis(1_790_000_000_000),
        actor: Actor::system("router"),
        action: action.to_owned(),
        outcome: Outcome::Ok,
        reasons: vec!["first_message".to_owned(), "new_client".to_owned()],
        caused_by: Some(format!("evt_{}", "0".repeat(32))),
        payload,
        sealed_by: Vec::new(),
    }
}

pub(crate) async fn append_to(
    store: &Store,
    chain: ChainId,
    records: Vec<NewRecord>,
) -> Result<Head, StoreError> {
    let inner = store.clone();
    store.write(move |conn| append(conn, inner.vault(), chain, &records)).await
}

async fn verdict(store: &Store, chain: ChainId, anchor: Option<Head>) -> Result<Head, ChainFault> {
    store.read(move |conn| verify(conn, chain, anchor)).await.unwrap()
}

async fn whole(store: &Store, chain: ChainId) -> Vec<(AuditRecord, Payload)> {
    let inner = store.clone();
    store.read(move |conn| chain_with_payloads(conn, inner.vault(), chain)).await.unwrap()
}

#[test]
fn appended_records_read_back_and_verify() {
    on_both(async |test| {
        let chain = ChainId::Request(RequestId::generate(&SeededIds::new(1)));
        append_to(&test.store, chain, vec![record("request.opened", Value::Null)]).await.unwrap();
        let more =
            vec![record("state.changed", json!({"to": "clarifying"})), record("message.received", json!(1))];
        let head = append_to(&test.store, chain, more).await.unwrap();
        assert_eq!(head.seq, 3);
        assert_eq!(verdict(&test.store, chain, None).await, Ok(head));

        let read = whole(&test.store, chain).await;
        let actions: Vec<_> = read.iter().map(|(record, _)| record.action.as_str()).collect();
        assert_eq!(actions, ["request.opened", "state.changed", "message.received"]);
        assert_eq!(read[1].1, Payload::Open(json!({"to": "clarifying"})));
        assert_eq!(read[0].0.reasons, ["first_message", "new_client"]);

        append_to(&test.store, ChainId::System, vec![record("flag.changed", Value::Null)]).await.unwrap();
        let chains = test.store.read(chains).await.unwrap();
        assert_eq!(
            chains.iter().map(|(chain, head)| (*chain, head.seq)).collect::<Vec<_>>(),
            [(chain, 3), (ChainId::System, 1)]
        );
        assert!(append_to(&test.store, chain, Vec::new()).await.is_ok_and(|same| same == head));
    });
}

#[test]
fn concurrent_appends_make_one_chain() {
    on_both(async |test| {
        let appends: Vec<_> = (0..20)
            .map(|n| {
                let store = test.store.clone();
                let record = record("marketplace.search_vendors", json!(n));
                tokio::spawn(async move { append_to(&store, ChainId::System, vec![record]).await })
            })
            .collect();
        for append in appends {
            append.await.unwrap().unwrap();
        }
        assert_eq!(verdict(&test.store, ChainId::System, None).await.map(|head| head.seq), Ok(20));
    });
}

#[test]
fn an_erased_person_leaves_the_chain_whole() {
    on_both(async |test| {
        let chain = ChainId::System;
        let inner = test.store.clone();
        let key = test.store.write(move |conn| {
            let key = inner.vault().new_data_key(conn, Timestamp::from_millis(1))?;
            let about = NewRecord { sealed_by: vec![key.id()], ..record("consent.changed", json!("yes")) };
            append(conn, inner.vault(), chain, &[about, record("state.changed", json!("kept"))])?;
            Ok::<_, StoreError>(key.id())
        });
        let key = key.await.unwrap();
        let inner = test.store.clone();
        test.store.write(move |conn| inner.vault().destroy_data_key(conn, key)).await.unwrap();
        let payloads: Vec<_> =
            whole(&test.store, chain).await.into_iter().map(|(_, payload)| payload).collect();
        assert_eq!(payloads, [Payload::Erased, Payload::Open(json!("kept"))]);
        assert!(verdict(&test.store, chain, None).await.is_ok());

        let inner = test.store.clone();
        let late = NewRecord { sealed_by: vec![key], ..record("consent.changed", json!("no")) };
        let refused =
            test.store.write(move |conn| append(conn, inner.vault(), chain, std::slice::from_ref(&late)));
        assert!(matches!(refused.await, Err(StoreError::Erased)));
    });
}

/// Someone with the file or the table owner's rights can take the triggers away.
pub(crate) async fn triggers_off(test: &TestStore) {
    let off: Result<(), StoreError> = test
        .store
        .write(|conn| {
            match conn {
                Conn::Sqlite(c) => {
                    let names: Vec<Name> = sql_query(
                        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'",
                    )
                    .load(c)?;
                    assert_eq!(names.len(), 17);
                    for Name { name } in names {
                        c.batch_execute(&format!("DROP TRIGGER {name}"))?;
                    }
                }
                Conn::Pg(c) => {
                    for table in TABLES {
                        c.batch_execute(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL"))?;
                    }
                }
            }
            Ok(())
        })
        .await;
    off.unwrap();
}

pub(crate) async fn execute(test: &TestStore, sql: impl Into<String>) -> Result<(), StoreError> {
    let sql = sql.into();
    test.store.write(move |conn| Ok(on_conn!(conn, |c| c.batch_execute(&sql))?)).await
}

const TABLES: [&str; 4] = ["audit_records", "audit_payloads", "audit_checkpoints", "audit_heads"];

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[test]
fn the_database_itself_refuses_changes() {
    on_both(async |test| {
        append_to(&test.store, ChainId::System, vec![record("state.changed", json!(1))]).await.unwrap();
        let checkpoint = test.db.write(|tx| {
            let last = audit_checkpoints::lock(tx)?;
            let heads = audit_checkpoints::changed(tx.conn, &BTreeMap::new())?;
            audit_checkpoints::write(tx, &last, heads, None)
        });
        assert_eq!(checkpoint.await.unwrap().len(), 1);
        let mut refused: Vec<String> = [
            "UPDATE audit_records SET outcome = 'failed'",
            "UPDATE audit_payloads SET salt = payload",
            "UPDATE audit_checkpoints SET at = 0",
            "UPDATE audit_heads SET seq = 0",
            "UPDATE audit_heads SET hash = hash",
            "UPDATE audit_heads SET chain = 'other', seq = seq + 1",
            "INSERT INTO audit_records SELECT * FROM audit_records WHERE true
             ON CONFLICT (chain, seq) DO UPDATE SET outcome = 'failed'",
            "INSERT INTO audit_payloads SELECT * FROM audit_payloads WHERE true
             ON CONFLICT (chain, seq) DO UPDATE SET salt = excluded.payload",
            "INSERT INTO audit_checkpoints SELECT * FROM audit_checkpoints WHERE true
             ON CONFLICT (number) DO UPDATE SET at = 0",
            "INSERT INTO audit_heads SELECT * FROM audit_heads WHERE true
             ON CONFLICT (chain) DO UPDATE SET seq = 0",
        ]
        .map(str::to_owned)
        .to_vec();
        for table in TABLES {
            refused.push(format!("DELETE FROM {table}"));
            refused.push(format!("TRUNCATE {table}"));
            match test.backend() {
                crate::Backend::Sqlite => {
                    refused.push(format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"));
                    refused.push(format!("REPLACE INTO {table} SELECT * FROM {table}"));
                    refused.push(format!("UPDATE OR REPLACE {table} SET hash = hash"));
                    // Keys that are not of their column's type, next to those that are there.
                    let columns = match table {
                        "audit_records" => {
                            "seq, at, actor_kind, actor_name, action, outcome, reasons, caused_by, \
                                            commitment, prev_hash, hash"
                        }
                        "audit_payloads" => "seq, payload, salt",
                        "audit_heads" => "seq, hash",
                        _ => "at, heads, content, prev_hash, hash",
                    };
                    let keys: &[(&str, &str)] = match table {
                        "audit_checkpoints" => &[("number", "'x'"), ("number", "x'00'"), ("number", "1.5")],
                        _ => &[
                            ("chain", "CAST(chain AS BLOB)"),
                            ("seq", "'x'"),
                            ("seq", "x'00'"),
                            ("seq", "1.5"),
                        ],
                    };
                    for (key, value) in keys {
                        let all = if table == "audit_checkpoints" { "number" } else { "chain" };
                        let all = format!("{all}, {columns}");
                        let values: Vec<&str> = all
                            .split(", ")
                            .map(|column| if column == *key { *value } else { column })
                            .collect();
                        let values = values.join(", ");
                        refused.push(format!("INSERT INTO {table} ({all}) SELECT {values} FROM {table}"));
                    }
                    if table == "audit_heads" {
                        refused.push("UPDATE audit_heads SET seq = 'x'".to_owned());
                    }
                    // Without a rowid there is no second key to replace a row by.
                    refused.push(format!("SELECT rowid FROM {table}"));
                }
                crate::Backend::Postgres => {
                    refused.push(format!("TRUNCATE {table} CASCADE"));
                    refused
                        .push(format!("SET LOCAL session_replication_role = replica; DELETE FROM {table}"));
                    refused.push(format!("SET LOCAL session_replication_role = replica; TRUNCATE {table}"));
                    refused.push(format!(
                        "MERGE INTO {table} USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE"
                    ));
                }
            }
        }
        for sql in refused {
            assert!(execute(test, &*sql).await.is_err(), "{sql}");
        }
        let later = append_to(&test.store, ChainId::System, vec![record("state.changed", json!(2))]).await;
        assert_eq!(later.unwrap().seq, 2, "appending goes on");
        assert!(verdict(&test.store, ChainId::System, None).await.is_ok());
    });
}

/// What lies beside the chain is stored in the form that is committed to; a row of another spelling still opens.
#[test]
fn a_payload_of_the_first_release_opens() {
    on_both(async |test| {
        let payload = json!({"text": "é", "a": 1});
        append_to(&test.store, ChainId::System, vec![record("state.changed", payload.clone())])
            .await
            .unwrap();
        triggers_off(test).await;
        let inner = test.store.clone();
        let respelled: Result<(), StoreError> = test
            .store
            .write(move |conn| {
                let vault = inner.vault();
                let sealed: Vec<u8> = on_conn!(&mut *conn, |c| audit_payloads::table
                    .select(audit_payloads::payload)
                    .get_result(c))?;
                let Opened::Plain(stored) = vault.open(conn, &sealed)? else { panic!("erased") };
                assert_eq!(stored, br#"{"a":1,"text":"\u00e9"}"#);
                let ids = Vault::key_ids(&sealed)?;
                let key = vault.data_key(conn, ids[0])?.unwrap();
                let sealed = vault.seal(&[&key], r#"{"text": "é", "a": 1}"#.as_bytes())?;
                on_conn!(conn, |c| diesel::update(audit_payloads::table)
                    .set(audit_payloads::payload.eq(&sealed))
                    .execute(c))?;
                Ok(())
            })
            .await;
        respelled.unwrap();
        assert_eq!(whole(&test.store, ChainId::System).await[0].1, Payload::Open(payload));
        let inner = test.store.clone();
        let report = test
            .store
            .read(move |conn| audit_inspect::verify(conn, inner.vault(), None, None, &mut |_| ()))
            .await
            .unwrap();
        assert!(report.holds() && report.payloads.open == 1, "{report:?}");
    });
}

/// The chain tells.
#[test]
fn tampering_is_found() {
    on_both(async |test| {
        let records = (0..3).map(|n| record("state.changed", json!(n))).collect();
        let head = append_to(&test.store, ChainId::System, records).await.unwrap();
        triggers_off(test).await;
        let tamper = async |sql: &'static str| execute(test, sql).await.unwrap();
        tamper("UPDATE audit_records SET outcome = 'failed' WHERE seq = 2").await;
        assert_eq!(
            verdict(&test.store, ChainId::System, None).await,
            Err(ChainFault::HashMismatch { seq: 2 })
        );
        tamper("UPDATE audit_records SET outcome = 'ok' WHERE seq = 2").await;
        assert_eq!(verdict(&test.store, ChainId::System, None).await, Ok(head));

        tamper("DELETE FROM audit_records WHERE seq = 3").await;
        assert_eq!(
            verdict(&test.store, ChainId::System, None).await,
            Err(ChainFault::TailCut { last: 2, anchored: 3 })
        );
        // With the stored head set back as well, an outside anchor alone tells.
        tamper(
            "UPDATE audit_heads SET seq = 2,
                 hash = (SELECT hash FROM audit_records WHERE chain = 'system' AND seq = 2)",
        )
        .await;
        assert!(verdict(&test.store, ChainId::System, None).await.is_ok());
        assert_eq!(
            verdict(&test.store, ChainId::System, Some(head)).await,
            Err(ChainFault::TailCut { last: 2, anchored: 3 })
        );
    });
}

#[test]
fn personal_text_never_enters_the_chain() {
    on_both(async |test| {
        let named =
            NewRecord { reasons: vec!["Amina said yes".to_owned()], ..record("state.changed", Value::Null) };
        let refused = append_to(&test.store, ChainId::System, vec![named]).await;
        assert!(matches!(refused, Err(StoreError::Audit(_))));
        assert!(whole(&test.store, ChainId::System).await.is_empty());
    });
}
