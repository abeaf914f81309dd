use std::collections::HashSet;

use marketplace::SeededIds;
use proptest::{prelude::*, sample::Index};

use super::*;
use crate::testing::{TestStore, on_both};

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn vault(key: u8) -> Vault {
    Vault::new(&MasterKey::from_box(Box::new([key; 32])), Arc::new(SeededIds::new(u64::from(key))))
}

/// Runs `test` in a transaction of a SQLite store, with a vault of its own.
fn in_transaction(
    test: impl Fn(&mut Conn, &Vault) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    thread_local! {
        static STORE: TestStore = TestStore::sqlite();
    }
    STORE.with(|store| {
        let mut conn = crate::pool::Target::Sqlite {
            path: store.options().database_url.trim_start_matches("sqlite://").into(),
            role: crate::pool::SqliteRole::Writer,
            busy_timeout: Duration::from_secs(1),
        }
        .open()
        .unwrap();
        conn.begin().unwrap();
        let tested = test(&mut conn, &vault(7));
        conn.rollback().unwrap();
        tested
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_sealed_opens_and_is_erased_with_any_of_its_keys(
        plain: Vec<u8>, people in 1..=SEAL_KEYS_MAX, erased: Index,
    ) {
        in_transaction(|conn, vault| {
            let keys: Vec<DataKey> = (0..people).map(|_| vault.new_data_key(conn, NOW).unwrap()).collect();
            let in_order: Vec<&DataKey> = keys.iter().collect();
            let reversed: Vec<&DataKey> = keys.iter().rev().collect();
            let sealed = vault.seal(&reversed, &plain).unwrap();
            prop_assert_eq!(Vault::key_ids(&sealed).unwrap(), in_order.iter().map(|key| key.id()).collect::<Vec<_>>());
            prop_assert_eq!(vault.open(conn, &sealed).unwrap(), Opened::Plain(plain.clone()));
            vault.forget_all();
            prop_assert_eq!(vault.open(conn, &sealed).unwrap(), Opened::Plain(plain.clone()));

            prop_assert!(vault.destroy_data_key(conn, erased.get(&keys).id()).unwrap());
            prop_assert_eq!(vault.open(conn, &sealed).unwrap(), Opened::Erased);
            Ok(())
        })?;
    }

    #[test]
    fn a_changed_byte_never_opens(plain: Vec<u8>, at: Index, flip in 1_u8..) {
        in_transaction(|conn, vault| {
            let key = vault.new_data_key(conn, NOW).unwrap();
            let mut sealed = vault.seal(&[&key], &plain).unwrap();
            *at.get_mut(&mut sealed) ^= flip;
            // A changed key id names no row: that looks like an erasure and is not the plaintext either.
            let opened = vault.open(conn, &sealed);
            prop_assert!(matches!(opened, Err(StoreError::Corrupt { .. }) | Ok(Opened::Erased)), "{:?}", opened);
            Ok(())
        })?;
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        in_transaction(|conn, vault| {
            let opened = vault.open(conn, &bytes);
            prop_assert!(matches!(opened, Err(StoreError::Corrupt { .. }) | Ok(Opened::Erased)), "{:?}", opened);
            Ok(())
        })?;
    }
}

#[test]
fn a_subject_has_one_key_for_ever() {
    on_both(async |test| {
        let store = &test.store;
        let subject = store.vault().lookup_hash("subject", "+254700000101");
        let find = |store: &crate::Store| {
            let inner = store.clone();
            let store = store.clone();
            async move {
                store
                    .write(move |conn| inner.vault().data_key_for_subject(conn, &subject, NOW))
                    .await
                    .map(|key| key.id())
                    .unwrap()
            }
        };
        let first = find(store).await;
        assert_eq!(find(store).await, first);
        let other = test.open_again();
        assert_eq!(find(&other).await, first);
        other.close().await;
    });
}

#[test]
fn a_key_of_a_rolled_back_transaction_is_not_used() {
    on_both(async |test| {
        let store = test.store.clone();
        let subject = store.vault().lookup_hash("subject", "x");
        let undone: Result<(), StoreError> = test
            .store
            .write(move |conn| {
                store.vault().data_key_for_subject(conn, &subject, NOW)?;
                Err(StoreError::NotFound)
            })
            .await;
        assert!(undone.is_err());
        let store = test.store.clone();
        let found = test
            .store
            .write(move |conn| {
                let key = store.vault().data_key_for_subject(conn, &subject, NOW)?;
                let sealed = store.vault().seal(&[&key], b"x")?;
                store.vault().forget_all();
                store.vault().open(conn, &sealed)
            })
            .await;
        assert_eq!(found.unwrap(), Opened::Plain(b"x".to_vec()));
    });
}

#[test]
fn an_erasure_by_another_process_is_seen_once_the_key_is_forgotten() {
    on_both(async |test| {
        let here = test.store.clone();
        let (id, sealed) = test
            .store
            .write(move |conn| {
                let key = here.vault().new_data_key(conn, NOW)?;
                Ok::<_, StoreError>((key.id(), here.vault().seal(&[&key], b"x")?))
            })
            .await
            .unwrap();
        let there = test.open_again();
        let vault = there.clone();
        assert!(there.write(move |conn| vault.vault().destroy_data_key(conn, id)).await.unwrap());
        there.close().await;
        let here = test.store.clone();
        let opened = test.store.read(move |conn| here.vault().open(conn, &sealed)).await;
        assert_eq!(opened.unwrap(), Opened::Erased);
    });
}

#[test]
fn another_master_key_opens_nothing() {
    in_transaction(|conn, vault_7| {
        let key = vault_7.new_data_key(conn, NOW).unwrap();
        let sealed = vault_7.seal(&[&key], b"secret").unwrap();
        let vault_8 = vault(8);
        assert!(matches!(vault_8.open(conn, &sealed), Err(StoreError::Corrupt { .. })));
        assert!(matches!(vault_8.check(conn), Err(StoreError::DataKey { .. })));
        assert!(vault_7.check(conn).is_ok());
        Ok(())
    })
    .unwrap();
}

#[test]
fn equal_texts_are_sealed_differently_and_hold_no_plaintext() {
    in_transaction(|conn, vault| {
        let key = vault.new_data_key(conn, NOW).unwrap();
        let sealed: HashSet<_> =
            (0..100).map(|_| vault.seal_text(&[&key], "+254700000101").unwrap()).collect();
        assert_eq!(sealed.len(), 100);
        assert!(sealed.iter().all(|blob| !blob.windows(4).any(|part| part == b"2547")));
        Ok(())
    })
    .unwrap();
}

#[test]
fn lookup_hashes_depend_on_key_kind_and_value() {
    let hashes: HashSet<_> = [
        vault(1).lookup_hash("phone", "123"),
        vault(2).lookup_hash("phone", "123"),
        vault(1).lookup_hash("bsuid", "123"),
        vault(1).lookup_hash("phone", "124"),
        vault(1).lookup_hash("phone1", "23"),
    ]
    .into();
    assert_eq!(hashes.len(), 5);
    assert_eq!(vault(1).lookup_hash("phone", "123"), vault(1).lookup_hash("phone", "123"));
}

/// `hmac.new(hmac.new(bytes([1]*32), b"concierge/lookup/1", "sha256").digest(),
/// (5).to_bytes(8, "big") + b"phone" + b"123", "sha256").hexdigest()`: stored rows depend on it.
#[test]
fn lookup_hashes_agree_with_python() {
    assert_eq!(
        hex::encode(vault(1).lookup_hash("phone", "123")),
        "5921f0bdcc43afdcb4e84b1e0685ed9a2832960ddf789d23b73d7bf186c6743e"
    );
}

#[test]
fn a_value_needs_a_key_and_not_too_many() {
    in_transaction(|conn, vault| {
        assert!(matches!(vault.seal(&[], b"x"), Err(StoreError::Sealing { .. })));
        let keys: Vec<_> = (0..=SEAL_KEYS_MAX).map(|_| vault.new_data_key(conn, NOW).unwrap()).collect();
        let keys: Vec<_> = keys.iter().collect();
        assert!(matches!(vault.seal(&keys, b"x"), Err(StoreError::Sealing { .. })));
        let twice = vault.seal(&[keys[0], keys[0]], b"x").unwrap();
        assert_eq!(Vault::key_ids(&twice).unwrap(), [keys[0].id()]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_master_key_is_64_digits() {
    assert!(MasterKey::parse(&format!("{}\n", "0aF".repeat(21) + "0")).is_ok());
    for bad in ["", "0a", &"0".repeat(63), &"g".repeat(64), &"0".repeat(66)] {
        let error = MasterKey::parse(bad).unwrap_err().to_string();
        assert!(
            error.contains("openssl rand -hex 32") && (bad.is_empty() || !error.contains(bad)),
            "{error}"
        );
    }
    assert_eq!(format!("{:?}", MasterKey::parse(&"0".repeat(64)).unwrap()), "MasterKey(..)");
}
