use std::collections::{BTreeMap, BTreeSet};

use audit::{ExportFault, ExportVerifier, FaultKind, Scope, VerifiedExport};
use marketplace::{DataKeyId, RequestId, SeededIds, Timestamp};
use serde_json::json;

use super::*;
use crate::{
    Backend, audit_checkpoints,
    audit_export::{ExportError, OpenExport},
    audit_log::{
        NewRecord,
        tests::{append_to, execute, record, triggers_off},
    },
    testing::{TestStore, on_both},
};

fn request(number: u64) -> ChainId {
    RequestId::generate(&SeededIds::new(number)).into()
}

/// Two requests, of one person each, and the system; the keys of the two.
async fn fill(test: &TestStore) -> [DataKeyId; 2] {
    let mut keys = Vec::new();
    for number in [1, 2] {
        let inner = test.store.clone();
        let key = test.store.write(move |conn| {
            let key = inner.vault().new_data_key(conn, Timestamp::from_millis(1))?.id();
            Ok::<_, StoreError>(key)
        });
        let key = key.await.unwrap();
        let about = |n: i64| NewRecord { sealed_by: vec![key], ..record("state.changed", json!({ "n": n })) };
        append_to(&test.store, request(number), (0..3).map(about).collect()).await.unwrap();
        keys.push(key);
    }
    append_to(&test.store, ChainId::System, vec![record("flag.changed", json!("é"))]).await.unwrap();
    keys.try_into().unwrap()
}

async fn checkpoint(test: &TestStore) -> Vec<audit::Checkpoint> {
    let made = test.db.write(|tx| {
        let seen = audit_checkpoints::series::<StoreError>(tx.conn, |_| Ok(()))?.unwrap();
        let last = audit_checkpoints::lock(tx)?;
        assert_eq!(last, seen.last());
        let heads = audit_checkpoints::changed(tx.conn, seen.latest())?;
        audit_checkpoints::write(tx, &last, heads, None)
    });
    made.await.unwrap()
}

async fn report(test: &TestStore, only: Option<ChainId>, anchor: Option<Digest>) -> AuditReport {
    let inner = test.store.clone();
    test.store.read(move |conn| verify(conn, inner.vault(), only, anchor, &mut |_| ())).await.unwrap()
}

async fn faults(test: &TestStore, anchor: Option<Digest>) -> Vec<String> {
    report(test, None, anchor).await.faults.iter().map(ToString::to_string).collect()
}

async fn tamper(test: &TestStore, sql: impl Into<String>) {
    execute(test, sql).await.unwrap();
}

/// The whole way of an export; the file.
async fn export(test: &TestStore, scope: Scope, payloads: bool) -> Result<Vec<u8>, ExportError> {
    let inner = test.store.clone();
    let begun = test.store.read(move |conn| {
        let mut file = Vec::new();
        let open = OpenExport::begin(conn, inner.vault(), scope, payloads, &mut file, &mut |_| ())?;
        Ok::<_, ExportError>((open, file))
    });
    let (open, mut file) = begun.await?;
    let closing = open.closing();
    let closing = test.db.write(move |tx| closing.store(tx)).await?;
    open.finish(&closing, &mut file)?;
    Ok(file)
}

fn read(file: &[u8]) -> Result<VerifiedExport, ExportFault> {
    let mut verifier = ExportVerifier::default();
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        verifier.push(line)?;
    }
    verifier.finish()
}

#[test]
fn an_untouched_audit_holds_and_is_counted() {
    on_both(async |test| {
        assert!(report(test, None, None).await.holds(), "an empty one");
        let [first, _] = fill(test).await;
        let anchor = checkpoint(test).await[0].hash;
        append_to(&test.store, request(1), vec![record("state.changed", json!(9))]).await.unwrap();
        let inner = test.store.clone();
        test.store.write(move |conn| inner.vault().destroy_data_key(conn, first)).await.unwrap();

        let whole = report(test, None, Some(anchor)).await;
        assert!(whole.holds(), "{whole:?}");
        assert_eq!((whole.chains, whole.records, whole.anchored), (3, 8, Some(1)));
        assert_eq!(whole.payloads, PayloadCounts { open: 5, erased: 3, altered: 0, missing: 0 });
        assert_eq!(whole.payloads.to_string(), "5 open, 3 erased");
        let one = report(test, Some(request(1)), Some(anchor)).await;
        assert!(one.holds(), "{one:?}");
        assert_eq!((one.chains, one.records, one.payloads.erased), (1, 4, 3));
        let none = report(test, Some(request(7)), None).await;
        assert!(none.holds() && none.records == 0);
    });
}

#[test]
fn whoever_takes_the_triggers_away_is_found() {
    let chain = request(1);
    for (sql, faults_expected) in [
        (
            format!("UPDATE audit_records SET outcome = 'failed' WHERE chain = '{chain}' AND seq = 2"),
            vec![format!("chain {chain}: record 2 was changed: its hash does not fit its content")],
        ),
        (
            format!("UPDATE audit_records SET outcome = 'nonsense' WHERE chain = '{chain}' AND seq = 3"),
            vec![
                format!("record 3 of \"{chain}\" is not readable"),
                format!("chain {chain}: the chain ends at 2, but record 3 was anchored: its tail was cut"),
                format!("checkpoint 1 names record 3 of {chain}, which is gone or was rewritten"),
            ],
        ),
        (
            format!("DELETE FROM audit_records WHERE chain = '{chain}' AND seq = 2"),
            vec![
                format!("there is a payload 2 of \"{chain}\", but no such record"),
                format!("chain {chain}: records 2 to 2 are missing"),
            ],
        ),
        (
            format!("DELETE FROM audit_payloads WHERE chain = '{chain}' AND seq = 2"),
            vec![format!("the payload of record 2 of {chain} is missing")],
        ),
        (
            format!("UPDATE audit_payloads SET payload = salt WHERE chain = '{chain}' AND seq = 2"),
            vec![format!("the payload of record 2 of {chain} was changed")],
        ),
        (
            // One's payload with its salt in another's place: opens, but is not what was committed to.
            "UPDATE audit_payloads SET
                 payload = (SELECT payload FROM audit_payloads WHERE chain = 'system' AND seq = 1),
                 salt = (SELECT salt FROM audit_payloads WHERE chain = 'system' AND seq = 1) WHERE seq = 3"
                .to_owned(),
            vec![
                format!("the payload of record 3 of {chain} was changed"),
                format!("the payload of record 3 of {} was changed", request(2)),
            ],
        ),
        (
            "DELETE FROM audit_heads WHERE chain = 'system'".to_owned(),
            vec!["chain \"system\" has no valid head".to_owned()],
        ),
        (
            format!("UPDATE audit_heads SET seq = 2 WHERE chain = '{chain}'"),
            vec![format!(
                "chain {chain}: record 2 is not the one that was anchored: the chain was rewritten"
            )],
        ),
        (
            format!(
                "DELETE FROM audit_records WHERE chain = '{chain}'; DELETE FROM audit_heads WHERE chain = '{chain}';
                 DELETE FROM audit_payloads WHERE chain = '{chain}'"
            ),
            vec![format!("checkpoint 1 names record 3 of {chain}, which is gone or was rewritten")],
        ),
        (
            "INSERT INTO audit_records SELECT 'other', seq, at, actor_kind, actor_name, action, outcome, reasons,
                 caused_by, commitment, prev_hash, hash FROM audit_records WHERE chain = 'system'"
                .to_owned(),
            vec!["record 1 of \"other\" is not readable".to_owned()],
        ),
        (
            "UPDATE audit_checkpoints SET at = at + 1".to_owned(),
            vec!["checkpoint 1 was changed: its hash does not fit its content".to_owned()],
        ),
        (
            "UPDATE audit_checkpoints SET heads = '{ }'".to_owned(),
            vec!["checkpoint 1 is not readable".to_owned()],
        ),
    ] {
        on_both(async |test| {
            fill(test).await;
            checkpoint(test).await;
            triggers_off(test).await;
            assert!(report(test, None, None).await.holds());
            tamper(test, &*sql).await;
            let found: BTreeSet<String> = faults(test, None).await.into_iter().collect();
            assert_eq!(found, faults_expected.iter().cloned().collect(), "{sql}");
            let refused = export(test, Scope::All, true).await;
            assert!(matches!(refused, Err(ExportError::Unsound(_))), "{sql}");
        });
    }
}

/// Whoever rewrites everything, checkpoints included, is found by who kept an anchor, and by nobody else.
#[test]
fn a_rewritten_audit_shows_against_an_anchor_only() {
    on_both(async |test| {
        fill(test).await;
        let anchor = checkpoint(test).await[0].hash;
        triggers_off(test).await;
        // The last record of a request goes, and everything that speaks of it.
        let chain = request(1);
        tamper(test, format!("DELETE FROM audit_payloads WHERE chain = '{chain}' AND seq = 3")).await;
        tamper(test, format!("DELETE FROM audit_records WHERE chain = '{chain}' AND seq = 3")).await;
        tamper(
            test,
            format!(
                "UPDATE audit_heads SET seq = 2,
                     hash = (SELECT hash FROM audit_records WHERE chain = '{chain}' AND seq = 2)
                 WHERE chain = '{chain}'"
            ),
        )
        .await;
        tamper(test, "DELETE FROM audit_checkpoints").await;
        checkpoint(test).await;
        assert!(report(test, None, None).await.holds());
        let unknown = format!(
            "no checkpoint has the hash {anchor}: the audit was rewritten or cut since it was anchored"
        );
        assert_eq!(faults(test, Some(anchor)).await, [unknown]);
    });
}

#[test]
fn faults_are_bounded_and_counted() {
    on_both(async |test| {
        let records = (0..150).map(|n| record("state.changed", json!(n))).collect();
        append_to(&test.store, ChainId::System, records).await.unwrap();
        triggers_off(test).await;
        tamper(test, "DELETE FROM audit_payloads").await;
        let report = report(test, None, None).await;
        assert_eq!((report.faults.len(), report.faults_total), (FAULTS_NAMED_MAX, 150));
        assert_eq!(report.payloads.missing, 150);
    });
}

/// Without its triggers SQLite stores a key that sorts behind every number and reads as 0.
#[test]
fn a_key_that_goes_back_ends_the_pass() {
    on_both(async |test| {
        if test.backend() != Backend::Sqlite {
            return;
        }
        let records = (0..2).map(|n| record("state.changed", json!(n))).collect();
        append_to(&test.store, ChainId::System, records).await.unwrap();
        triggers_off(test).await;
        let rest =
            "at, actor_kind, actor_name, action, outcome, reasons, caused_by, commitment, prev_hash, hash";
        tamper(
            test,
            format!(
                "INSERT INTO audit_records (chain, seq, {rest})
                 SELECT chain, 'x', {rest} FROM audit_records WHERE seq = 1"
            ),
        )
        .await;
        let found = faults(test, None).await;
        assert!(found.iter().any(|fault| fault == "record 0 of \"system\" is not readable"), "{found:?}");
    });
}

/// More than one page, and chains that lie across the border.
#[test]
fn pages_lose_nothing() {
    on_both(async |test| {
        for number in 1..=3 {
            let records = (0..PAGE + 3).map(|n| record("state.changed", json!(n))).collect();
            append_to(&test.store, request(number), records).await.unwrap();
        }
        assert_eq!(PAGE, 7);
        let report = report(test, None, None).await;
        assert!(report.holds(), "{report:?}");
        assert_eq!((report.chains, report.records, report.payloads.open), (3, 30, 30));
    });
}

#[test]
fn an_export_verifies_and_its_anchor_is_known_to_the_database() {
    on_both(async |test| {
        let [first, _] = fill(test).await;
        let kept = checkpoint(test).await[0].hash;
        let inner = test.store.clone();
        test.store.write(move |conn| inner.vault().destroy_data_key(conn, first)).await.unwrap();
        append_to(&test.store, request(2), vec![record("state.changed", json!("later"))]).await.unwrap();

        let file = export(test, Scope::All, true).await.unwrap();
        let read_all = read(&file).unwrap();
        let footer = read_all.footer;
        assert_eq!(
            (footer.chains, footer.records, footer.payloads_open, footer.payloads_erased),
            (3, 8, 5, 3)
        );
        assert_eq!(footer.checkpoint, 2);
        assert!(read_all.check_includes(&kept).is_ok());
        assert_eq!(report(test, None, Some(footer.hash)).await.anchored, Some(2));

        // Without payloads nothing that was said is in the file.
        let bare = export(test, Scope::All, false).await.unwrap();
        assert_eq!(read(&bare).unwrap().footer.records, 8);
        let text = String::from_utf8(bare).unwrap();
        assert!(!text.contains("later") && !text.contains("payload\":{"), "{text}");

        let one = read(&export(test, Scope::Chain(request(2)), true).await.unwrap()).unwrap();
        assert_eq!((one.footer.chains, one.footer.records, one.footer.checkpoint), (1, 4, 4));
        let none = export(test, Scope::Chain(request(9)), false).await;
        assert!(matches!(none, Err(ExportError::NoSuchChain(_))));
        let whole = report(test, None, Some(footer.hash)).await;
        assert!(whole.holds() && whole.last_checkpoint.number == 4, "{whole:?}");
    });
}

#[test]
fn what_is_appended_during_an_export_is_in_the_next() {
    on_both(async |test| {
        fill(test).await;
        let inner = test.store.clone();
        let begun = test.store.read(move |conn| {
            let mut file = Vec::new();
            let open = OpenExport::begin(conn, inner.vault(), Scope::All, false, &mut file, &mut |_| ())?;
            Ok::<_, ExportError>((open, file))
        });
        let (open, mut file) = begun.await.unwrap();
        append_to(&test.store, request(1), vec![record("state.changed", json!(9))]).await.unwrap();
        let closing = open.closing();
        let closing = test.db.write(move |tx| closing.store(tx)).await.unwrap();

        // Two that began on the same snapshot cannot both take the next number.
        let overtaken = open.closing();
        let overtaken = test.db.write(move |tx| overtaken.store(tx)).await;
        assert!(matches!(overtaken, Err(ExportError::Overtaken)));

        open.finish(&closing, &mut file).unwrap();
        assert_eq!(read(&file).unwrap().footer.records, 7);
        assert!(report(test, None, Some(closing[0].hash)).await.holds());
        let next = checkpoint(test).await;
        assert_eq!(next[0].heads.keys().collect::<Vec<_>>(), [&request(1)]);
    });
}

#[test]
fn two_checkpoints_at_once_take_two_numbers() {
    on_both(async |test| {
        fill(test).await;
        let both = (0..2).map(|_| {
            let db = crate::Db { store: test.open_again(), ..test.db.clone() };
            tokio::spawn(async move {
                let made = db.write(|tx| {
                    let last = audit_checkpoints::lock(tx)?;
                    audit_checkpoints::write(tx, &last, BTreeMap::new(), None)
                });
                let number = made.await.map(|made| made[0].number);
                db.store.close().await;
                number
            })
        });
        let mut numbers = Vec::new();
        for one in both.collect::<Vec<_>>() {
            numbers.push(one.await.unwrap().unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2]);
        assert!(report(test, None, None).await.holds());
        if test.backend() == Backend::Sqlite {
            return;
        }
        // And one that read the last number before it was its turn would be refused by the key.
        let twice = execute(
            test,
            "INSERT INTO audit_checkpoints SELECT number, at, heads, content, prev_hash, hash
             FROM audit_checkpoints WHERE number = 1",
        );
        assert!(twice.await.is_err_and(|error| error.is_unique_violation()));
    });
}

#[test]
fn a_cut_export_does_not_verify() {
    on_both(async |test| {
        fill(test).await;
        let file = export(test, Scope::All, true).await.unwrap();
        let cut = &file[..file.len() - 1];
        assert_eq!(read(cut).unwrap_err().kind, FaultKind::NotCanonical);
    });
}
