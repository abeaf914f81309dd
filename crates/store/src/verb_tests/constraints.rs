//! The limits are constraints of the tables: they hold whoever writes.

use diesel::{connection::SimpleConnection, prelude::*};
use marketplace::{Control, Language, RequestState};
use moltbot_contract::OutreachStatus;

use super::{imported, number, request, vendor_id, write};
use crate::{
    StoreError, Tx, on_conn, requests,
    requests::FactChanges,
    sourcing::{self, LimitReached, NewBatch},
    testing::{TestStore, on_both},
};

fn batch(size: u8) -> NewBatch {
    NewBatch {
        size,
        offers_wanted: 2,
        deadline_at: crate::testing::START,
        plan: "{}".to_owned(),
        also_sealed_by: Vec::new(),
    }
}

/// Runs SQL in a savepoint and says whether the database took it.
fn sql(tx: &mut Tx<'_>, text: &str) -> Result<(), StoreError> {
    tx.savepoint(|tx| Ok(on_conn!(&mut *tx.conn, |c| c.batch_execute(text))?))
}

#[test]
fn a_client_has_one_open_request() {
    on_both(async |test| {
        let (id, client) = write(test, |tx| request(tx, "+254712345678")).await;
        let second = async || {
            test.db
                .write(move |tx| {
                    Ok::<_, StoreError>(
                        requests::create(tx, client, &number(), Language::default())?.request().id,
                    )
                })
                .await
        };
        assert!(second().await.unwrap_err().is_unique_violation());
        for over in [RequestState::HandedOff, RequestState::Closed] {
            let open = write(test, move |tx| requests::open_of_client(tx, client)).await.unwrap();
            write(test, move |tx| {
                let mut guard = requests::lock(tx, open)?;
                requests::set_state(tx, &mut guard, over)
            })
            .await;
            assert_eq!(write(test, move |tx| requests::open_of_client(tx, client)).await, None);
            second().await.unwrap();
        }
        assert_eq!(write(test, move |tx| requests::handed_off_of_client(tx, client)).await, Some(id));
    });
}

#[test]
fn versions_and_epochs_move_with_what_they_count() {
    on_both(async |test| {
        let (id, _) = write(test, |tx| request(tx, "+254712345678")).await;
        write(test, move |tx| {
            let mut guard = requests::lock(tx, id)?;
            let need = FactChanges { need: Some("pads".to_owned()), ..FactChanges::default() };
            requests::set_facts(tx, &mut guard, &need)?;
            requests::set_state(tx, &mut guard, RequestState::Clarifying)?;
            requests::set_control(tx, &mut guard, Control::Human)?;
            requests::set_control(tx, &mut guard, Control::Human)?;
            let stored = requests::load(tx, id)?;
            for seen in [guard.request(), &stored] {
                assert_eq!((seen.version, seen.control_epoch), (2, 1));
                assert_eq!(seen.need.as_deref(), Some("pads"));
                assert_eq!(seen.state, RequestState::Clarifying);
            }
            Ok(())
        })
        .await;
        // Domain time of a request never runs backwards.
        test.clock.set(marketplace::Timestamp::from_millis(0));
        let now = write(test, move |tx| Ok(requests::lock(tx, id)?.now(tx))).await;
        assert_eq!(now, crate::testing::START);
    });
}

#[test]
fn the_tables_refuse_what_the_limits_forbid() {
    on_both(async |test| {
        let (id, _) = write(test, |tx| request(tx, "+254712345678")).await;
        write(test, move |tx| {
            let guard = requests::lock(tx, id)?;
            for number in 1..=3 {
                imported(tx, number)?;
            }
            let batch_id = sourcing::open_batch(tx, &guard, &batch(5))?.unwrap();
            let contact = imported(tx, 1)?;
            sourcing::add_outreach(tx, &guard, &vendor_id(1), contact)?.unwrap();
            let other = imported(tx, 2)?;
            let row = |name: &str, contact: &str, ordinal: u32, slot: u32| {
                format!(
                    "INSERT INTO outreaches (id, request_id, batch_id, vendor_id, contact_id, ordinal, slot, \
                     status, contacted_at) VALUES ('{name}', '{id}', '{batch_id}', 'v2', '{contact}', {ordinal}, \
                     {slot}, 'waiting', 0)"
                )
            };
            let (contact, other) = (contact.to_string(), other.to_string());
            for (refused, unique) in [
                (row("a", &contact, 2, 2), true),
                (row("b", &other, 1, 2), true),
                (row("c", &other, 2, 1), true),
                (row("d", &other, 16, 2), false),
                (row("e", &other, 2, 6), false),
                (row("f", &other, 0, 2), false),
            ] {
                let error = sql(tx, &refused).unwrap_err();
                assert_eq!(error.is_unique_violation(), unique, "{refused}: {error:?}");
                assert_eq!(error.is_check_violation(), !unique, "{refused}: {error:?}");
            }
            sql(tx, &row("g", &other, 2, 2))?;
            let second = format!(
                "INSERT INTO batches (id, request_id, ordinal, size, offers_wanted, plan, status, opened_at, \
                 deadline_at) SELECT 'x', request_id, 2, 5, 2, plan, 'open', 0, 0 FROM batches WHERE id = '{batch_id}'"
            );
            assert!(sql(tx, &second).unwrap_err().is_unique_violation(), "one batch is open");
            for (column, value) in [("size", 6), ("size", 0), ("offers_wanted", 16), ("ordinal", 16)] {
                let error = sql(tx, &format!("UPDATE batches SET {column} = {value}")).unwrap_err();
                assert!(error.is_check_violation(), "{column} = {value}: {error:?}");
            }
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_size_beyond_the_limit_is_refused_and_not_trimmed() {
    on_both(async |test| {
        let (id, _) = write(test, |tx| request(tx, "+254712345678")).await;
        for size in [0, 6] {
            let refused = test
                .db
                .write(move |tx| {
                    let guard = requests::lock(tx, id)?;
                    sourcing::open_batch(tx, &guard, &batch(size))
                })
                .await;
            assert!(refused.unwrap_err().is_check_violation());
        }
    });
}

#[test]
fn a_settled_batch_leaves_silent_vendors_and_lets_the_next_open() {
    on_both(async |test| {
        settles(test).await;
    });
}

async fn settles(test: &TestStore) {
    let (id, _) = write(test, |tx| request(tx, "+254712345678")).await;
    write(test, move |tx| {
        let guard = requests::lock(tx, id)?;
        assert_eq!(sourcing::settle_open_batch(tx, &guard)?, None);
        let first = sourcing::open_batch(tx, &guard, &batch(2))?.unwrap();
        assert_eq!(sourcing::open_batch(tx, &guard, &batch(2))?, Err(LimitReached::Batch));
        let mut asked = Vec::new();
        for number in 1..=2 {
            let contact = imported(tx, number)?;
            asked.push(sourcing::add_outreach(tx, &guard, &vendor_id(number), contact)?.unwrap());
        }
        let third = imported(tx, 3)?;
        assert_eq!(sourcing::add_outreach(tx, &guard, &vendor_id(3), third)?, Err(LimitReached::Batch));
        sourcing::set_outreach_status(tx, &guard, asked[0], OutreachStatus::Replied)?;
        assert_eq!(sourcing::settle_open_batch(tx, &guard)?, Some(first));
        let statuses: Vec<_> =
            sourcing::outreaches_of(tx, id)?.into_iter().map(|outreach| outreach.status).collect();
        assert_eq!(statuses, [OutreachStatus::Replied, OutreachStatus::Silent]);
        sourcing::open_batch(tx, &guard, &batch(2))?.unwrap();
        let ordinals: Vec<_> = sourcing::batches_of(tx, id)?.iter().map(|batch| batch.ordinal).collect();
        assert_eq!(ordinals, [1, 2]);
        Ok(())
    })
    .await;
}

#[test]
fn one_handoff_and_one_unsettled_turn_a_request() {
    on_both(async |test| {
        let (id, client) = write(test, |tx| request(tx, "+254712345678")).await;
        write(test, move |tx| {
            let guard = requests::lock(tx, id)?;
            let choice = super::message(tx, id, client)?;
            sourcing::insert_handoff(tx, &guard, &vendor_id(1), choice)?;
            let again = tx.savepoint(|tx| sourcing::insert_handoff(tx, &guard, &vendor_id(1), choice));
            assert!(again.unwrap_err().is_unique_violation());
            let turn = crate::turns::open_or_resume(tx, &guard)?;
            assert_eq!(crate::turns::open_or_resume(tx, &guard)?.id, turn.id);
            let rows: i64 = on_conn!(&mut *tx.conn, |c| crate::schema::turns::table.count().get_result(c))?;
            assert_eq!(rows, 1);
            Ok(())
        })
        .await;
    });
}
