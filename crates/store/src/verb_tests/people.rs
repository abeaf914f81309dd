use std::time::Duration;

use diesel::prelude::*;
use marketplace::{Bsuid, Language, WaId};

use super::{imported, number, person, vendor, vendor_id, write};
use crate::{
    contacts::{self, Identity, WINDOW, candidates},
    on_conn,
    schema::suppressions,
    testing::on_both,
    vendors::{self, Imported},
};

fn sender(bsuid: Option<&str>, wa_id: Option<&str>) -> Vec<Identity> {
    let bsuid: Option<Bsuid> = bsuid.map(|text| text.parse().unwrap());
    let wa_id: Option<WaId> = wa_id.map(|text| text.parse().unwrap());
    candidates(bsuid.as_ref(), wa_id.as_ref())
}

#[test]
fn a_vendor_of_the_directory_is_found_by_what_meta_calls_them() {
    on_both(async |test| {
        write(test, |tx| {
            let contact = imported(tx, 1)?;
            let known_by = sender(Some("KE.1"), Some("254700000001"));
            let found = contacts::find_or_create(tx, &known_by, Some("Other name"), Language::default())?;
            assert_eq!(found.id, contact);
            assert_eq!(found.name.as_deref(), Some("Shop 1"), "a known name stays");
            assert_eq!(contacts::find(tx, &sender(Some("KE.1"), None))?, Some(contact));
            assert_eq!(contacts::find(tx, &sender(None, Some("254700000001")))?, Some(contact));
            assert_eq!(vendors::find_by_contact(tx, contact)?, Some(vendor_id(1)));
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_new_bsuid_on_a_known_number_inherits_nothing() {
    on_both(async |test| {
        write(test, |tx| {
            let before = sender(Some("KE.1"), Some("254712345678"));
            let before = contacts::find_or_create(tx, &before, Some("Asha"), Language::default())?;
            contacts::set_opt_out(tx, before.id, Some(tx.now))?;
            contacts::open_window(tx, before.id, &number(), tx.now)?;

            let known_by = sender(Some("KE.2"), Some("254712345678"));
            assert_eq!(contacts::find(tx, &known_by)?, None);
            let after = contacts::find_or_create(tx, &known_by, None, Language::default())?;
            assert_ne!(after.id, before.id);
            assert_ne!(after.data_key, before.data_key, "erasing one leaves the other");
            assert_eq!((after.name.as_deref(), after.opted_out_at), (None, None));
            assert_eq!(after.phone, before.phone, "that is where they are written to");
            assert!(!contacts::window_is_open(tx, after.id, &number())?);

            let again = contacts::find_or_create(tx, &known_by, None, Language::default())?;
            assert_eq!(again.id, after.id);
            let old = sender(Some("KE.1"), Some("254712345678"));
            assert_eq!(contacts::find(tx, &old)?, Some(before.id));
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_person_without_a_number_is_known_by_their_bsuid() {
    on_both(async |test| {
        write(test, |tx| {
            let known_by = sender(Some("KE.9"), None);
            let contact = contacts::find_or_create(tx, &known_by, Some("Asha"), Language::default())?;
            assert_eq!(contact.phone, None);
            assert_eq!(contact.bsuid.as_ref().unwrap().as_str(), "KE.9");
            assert_eq!(contacts::find(tx, &known_by)?, Some(contact.id));
            // Their number becomes known later: they are the same person.
            let later = sender(Some("KE.9"), Some("254712345678"));
            assert_eq!(contacts::find_or_create(tx, &later, None, Language::default())?.id, contact.id);
            assert_eq!(contacts::find(tx, &sender(None, Some("254712345678")))?, Some(contact.id));
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_window_opens_with_their_message_and_closes_after_a_day_or_by_meta() {
    on_both(async |test| {
        let id = write(test, |tx| {
            let id = person(tx, "+254712345678")?.id;
            assert!(!contacts::window_is_open(tx, id, &number())?);
            contacts::open_window(tx, id, &number(), tx.now)?;
            assert!(contacts::window_is_open(tx, id, &number())?);
            assert!(!contacts::window_is_open(tx, id, &"200".parse().unwrap())?, "of one number");
            // An older message that comes late moves nothing back.
            contacts::open_window(tx, id, &number(), tx.now - WINDOW)?;
            assert!(contacts::window_is_open(tx, id, &number())?);
            Ok(id)
        })
        .await;
        let open = async || write(test, move |tx| contacts::window_is_open(tx, id, &number())).await;
        test.clock.advance(Duration::from_millis(24 * 3_600_000 - 1));
        assert!(open().await);
        test.clock.advance(Duration::from_millis(1));
        assert!(!open().await);
        write(test, move |tx| contacts::open_window(tx, id, &number(), tx.now)).await;
        assert!(open().await);
        write(test, move |tx| contacts::close_window(tx, id, &number(), tx.now)).await;
        assert!(!open().await, "131047 outranks our clock");
        test.clock.advance(Duration::from_secs(1));
        write(test, move |tx| contacts::open_window(tx, id, &number(), tx.now)).await;
        assert!(open().await, "they wrote again");
    });
}

/// Each line: what is learned in this order, as seconds of Meta's clock, and whether free text may be sent then.
#[test]
fn late_and_old_news_of_a_window_decides_nothing() {
    enum News {
        Opened(i64),
        Closed(i64),
    }
    use News::{Closed, Opened};
    let table: [(&[News], bool); 9] = [
        (&[Opened(100), Closed(200)], false),
        (&[Opened(100), Closed(200), Opened(100)], false),
        (&[Opened(100), Closed(200), Opened(150)], false),
        (&[Opened(100), Closed(200), Opened(200)], false),
        (&[Opened(100), Closed(200), Opened(201)], true),
        // The refusal of what was sent before they wrote is reported after it.
        (&[Opened(100), Opened(201), Closed(200)], true),
        (&[Opened(100), Closed(200), Opened(201), Closed(150)], true),
        (&[Closed(200), Opened(150)], false),
        (&[Opened(100), Closed(200), Closed(150), Opened(180)], false),
    ];
    on_both(async |test| {
        test.clock.advance(Duration::from_secs(1_000));
        for (at, (news, _)) in table.iter().enumerate() {
            let news: Vec<(bool, i64)> = news
                .iter()
                .map(|news| match news {
                    Opened(at) => (true, *at),
                    Closed(at) => (false, *at),
                })
                .collect();
            let open = write(test, move |tx| {
                let id = person(tx, &format!("+2547123456{at:02}"))?.id;
                let begins = tx.now - Duration::from_secs(1_000);
                for (opens, seconds) in &news {
                    let at = begins + Duration::from_secs(u64::try_from(*seconds).unwrap());
                    if *opens {
                        contacts::open_window(tx, id, &number(), at)?;
                    } else {
                        contacts::close_window(tx, id, &number(), at)?;
                    }
                }
                contacts::window_is_open(tx, id, &number())
            })
            .await;
            assert_eq!(open, table[at].1, "line {at}");
        }
    });
}

#[test]
fn an_import_creates_updates_and_keeps_away_from_the_erased() {
    on_both(async |test| {
        write(test, |tx| {
            let mut row = vendor(1);
            assert_eq!(vendors::import(tx, &row)?, Imported::Created);
            row.name = "New name".to_owned();
            row.rating = None;
            row.categories = vec!["tyres".to_owned(), "rims".to_owned()];
            row.accepts_inquiries = false;
            assert_eq!(vendors::import(tx, &row)?, Imported::Updated);
            let stored = vendors::load(tx, &vendor_id(1))?;
            assert_eq!(stored.name, "New name");
            assert_eq!((stored.rating, stored.accepts_inquiries), (None, false));
            assert_eq!(stored.position, row.position);
            assert_eq!(vendors::categories_of(tx, &vendor_id(1))?, ["rims", "tyres"]);

            let taken = vendors::VendorRecord { id: vendor_id(2), ..vendor(1) };
            assert_eq!(vendors::import(tx, &taken)?, Imported::PhoneTaken);
            assert!(vendors::load(tx, &vendor_id(2)).is_err());
            assert_eq!(vendors::load(tx, &vendor_id(1))?.name, "New name");

            let hash = contacts::hash(tx, &Identity::Phone(vendor(3).phone)).to_vec();
            on_conn!(&mut *tx.conn, |c| diesel::insert_into(suppressions::table)
                .values((
                    suppressions::value_hash.eq(hash),
                    suppressions::reason.eq("erased"),
                    suppressions::created_at.eq(0_i64),
                ))
                .execute(c))?;
            assert_eq!(vendors::import(tx, &vendor(3))?, Imported::Suppressed);
            assert_eq!(contacts::find(tx, &sender(None, Some("254700000003")))?, None);

            vendors::import(tx, &vendor(4))?;
            assert_eq!(vendors::categories(tx)?, [("rims".to_owned(), 1), ("tyres".to_owned(), 2)]);
            let best_first: Vec<_> =
                vendors::in_category(tx, "tyres", 10)?.into_iter().map(|found| found.id).collect();
            assert_eq!(best_first, [vendor_id(4), vendor_id(1)]);
            assert_eq!(vendors::list(tx, Some(&vendor_id(1)), 10)?.len(), 1);
            Ok(())
        })
        .await;
    });
}
