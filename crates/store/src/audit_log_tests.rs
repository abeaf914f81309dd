use diesel::connection::SimpleConnection;
use marketplace::{RequestId, SeededIds};
use serde_json::json;

use super::*;
use crate::{Store, testing::on_both};

fn record(action: &str, payload: Value) -> NewRecord {
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

async fn append_to(store: &Store, chain: ChainId, records: Vec<NewRecord>) -> Result<Head, StoreError> {
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

#[test]
fn the_database_itself_refuses_changes() {
    on_both(async |test| {
        append_to(&test.store, ChainId::System, vec![record("state.changed", json!(1))]).await.unwrap();
        let mut refused = vec!["UPDATE audit_records SET outcome = 'failed'", "DELETE FROM audit_records"];
        if test.backend() == crate::Backend::Postgres {
            refused.push("TRUNCATE audit_records");
        }
        for sql in refused {
            let tried: Result<(), StoreError> =
                test.store.write(move |conn| Ok(on_conn!(conn, |c| c.batch_execute(sql))?)).await;
            assert!(tried.is_err(), "{sql}");
        }
        assert!(verdict(&test.store, ChainId::System, None).await.is_ok());
    });
}

/// Someone with the file or superuser rights can take the triggers away; the chain tells.
#[test]
fn tampering_is_found() {
    on_both(async |test| {
        let records = (0..3).map(|n| record("state.changed", json!(n))).collect();
        let head = append_to(&test.store, ChainId::System, records).await.unwrap();
        let triggers_off: Result<(), StoreError> = test
            .store
            .write(|conn| {
                Ok(match conn {
                    Conn::Sqlite(c) => c.batch_execute(
                        "DROP TRIGGER audit_records_no_update; DROP TRIGGER audit_records_no_delete",
                    ),
                    Conn::Pg(c) => c.batch_execute("ALTER TABLE audit_records DISABLE TRIGGER ALL"),
                }?)
            })
            .await;
        triggers_off.unwrap();
        let tamper = async |sql: &'static str| {
            let done: Result<(), StoreError> =
                test.store.write(move |conn| Ok(on_conn!(conn, |c| c.batch_execute(sql))?)).await;
            done.unwrap();
        };
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
