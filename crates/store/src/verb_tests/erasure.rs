//! The steps of an erasure, and what is left of them in the files.

use std::{fs, path::Path};

use diesel::prelude::*;
use marketplace::{Bsuid, ContactId, WaId};

use super::{imported, vendor, vendor_id, write};
use crate::{
    Backend, StoreError, Tx,
    contacts::{self, Identity},
    erasure::{self, Scrubbed},
    on_conn,
    schema::{contacts as people, data_keys},
    testing::on_both,
    vendors::{self, Imported},
};

fn wrapped(tx: &mut Tx<'_>, contact: ContactId) -> Result<Vec<u8>, StoreError> {
    let key = contacts::data_key(tx, contact)?.to_string();
    Ok(on_conn!(&mut *tx.conn, |c| data_keys::table.find(key).select(data_keys::wrapped).get_result(c))?)
}

fn is_in_files(database_url: &str, bytes: &[u8]) -> bool {
    let file = Path::new(database_url.trim_start_matches("sqlite://"));
    let files = fs::read_dir(file.parent().unwrap()).unwrap().flatten();
    files
        .map(|entry| fs::read(entry.path()).unwrap())
        .any(|content| content.windows(bytes.len()).any(|part| part == bytes))
}

#[test]
fn a_destroyed_key_lies_in_no_file() {
    on_both(async |test| {
        let (person, key) = write(test, |tx| {
            let contact = imported(tx, 1)?;
            Ok((erasure::person(tx, contact)?, wrapped(tx, contact)?))
        })
        .await;
        let on_sqlite = test.backend() == Backend::Sqlite;
        assert!(!on_sqlite || is_in_files(&test.options().database_url, &key));
        write(test, move |tx| {
            erasure::begin(tx, &person)?;
            erasure::destroy(tx, &person)
        })
        .await;
        assert_eq!(test.store.scrub_blocking().unwrap(), Scrubbed::Done);
        assert!(!on_sqlite || !is_in_files(&test.options().database_url, &key));
    });
}

#[test]
fn every_identity_is_suppressed_and_every_merged_contact_goes() {
    on_both(async |test| {
        write(test, |tx| {
            let contact = imported(tx, 1)?;
            let phone = Identity::Phone(vendor(1).phone);
            let wa_id: WaId = vendor(1).phone.as_str().trim_start_matches('+').parse().unwrap();
            let bsuid: Bsuid = "KE.9000".parse().unwrap();
            let known = [Identity::Bsuid(bsuid), Identity::WaId(wa_id), phone];
            let language = marketplace::Language::En;
            assert_eq!(contacts::find_or_create(tx, &known, None, language)?.id, contact);
            let merged = [Identity::Phone(vendor(2).phone)];
            let other = contacts::find_or_create(tx, &merged, Some("Same person"), language)?.id;
            on_conn!(&mut *tx.conn, |c| diesel::update(people::table.find(other.to_string()))
                .set(people::merged_into.eq(contact.to_string()))
                .execute(c))?;

            let person = erasure::person(tx, other)?;
            assert_eq!(person.contacts, [contact, other]);
            assert!(!person.key_destroyed && person.erased_at.is_none());
            // Both numbers with their WhatsApp ids, and the business-scoped id.
            assert_eq!(erasure::begin(tx, &person)?, 5);
            assert!(vendors::in_category(tx, "tyres", 10)?.is_empty());
            let hidden = contacts::load(tx, contact)?;
            assert!(hidden.name.is_none() && hidden.phone.is_none() && hidden.opted_out_at.is_some());
            assert!(erasure::person(tx, contact)?.erased_at.is_some());

            let destroyed = erasure::destroy(tx, &person)?;
            assert_eq!((destroyed.identities, destroyed.keys), (4, 2));
            assert!(erasure::person(tx, contact)?.key_destroyed);
            for identity in known.iter().chain(&merged) {
                assert!(contacts::is_suppressed(tx, identity)?);
                assert_eq!(contacts::find(tx, std::slice::from_ref(identity))?, None);
            }
            assert_eq!(vendors::import(tx, &vendor(2))?, Imported::Suppressed);
            let row = vendors::load(tx, &vendor_id(1))?;
            assert!(row.erased && row.opted_out && row.position.is_none() && row.rating.is_none());
            // Again: nothing is left to do.
            assert_eq!(erasure::destroy(tx, &person)?, erasure::Destroyed::default());
            Ok(())
        })
        .await;
    });
}

#[test]
fn another_persons_key_is_left_alone() {
    on_both(async |test| {
        write(test, |tx| {
            let number = [Identity::Phone(vendor(1).phone)];
            let language = marketplace::Language::En;
            let first = contacts::find_or_create(tx, &number, Some("First"), language)?.id;
            let first_bsuid = Identity::Bsuid("KE.1".parse().unwrap());
            contacts::find_or_create(tx, &[first_bsuid, number[0].clone()], None, language)?;
            // The number changed hands.
            let second = [Identity::Bsuid("KE.2".parse().unwrap()), number[0].clone()];
            let second = contacts::find_or_create(tx, &second, Some("Second"), language)?.id;
            assert_ne!(first, second);
            let person = erasure::person(tx, first)?;
            erasure::begin(tx, &person)?;
            assert_eq!(erasure::destroy(tx, &person)?.keys, 1);
            assert_eq!(contacts::load(tx, second)?.name.as_deref(), Some("Second"));
            Ok(())
        })
        .await;
    });
}
