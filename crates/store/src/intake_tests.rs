use diesel::QueryDsl;
use marketplace::SeededIds;

use super::*;
use crate::{on_conn, testing::on_both};

fn event(ids: &SeededIds, key: u8) -> NewInboundEvent {
    NewInboundEvent {
        id: EventId::generate(ids),
        key_hash: [key; 32],
        phone_number_id: Some("106540352242922".to_owned()),
        sender_hash: Some(vec![9; 32]),
        subject_hash: vec![9; 32],
        kind: "message".to_owned(),
        payload: "{}".to_owned(),
        meta_at: Some(Timestamp::from_seconds(1_790_000_000)),
        received_at: Timestamp::from_millis(1_790_000_001_000),
        dead_reason: None,
    }
}

/// Key, status and reason.
type Stored = (Vec<u8>, String, Option<String>);

fn stored(conn: &mut Conn) -> Result<Vec<Stored>, StoreError> {
    use inbound_events::{dead_reason, key_hash, status};
    Ok(on_conn!(conn, |c| inbound_events::table
        .order(key_hash)
        .select((key_hash, status, dead_reason))
        .load(c))?)
}

#[test]
fn an_event_is_stored_once() {
    on_both(async |test| {
        let ids = SeededIds::new(1);
        let report = test.store.intake(vec![event(&ids, 2), event(&ids, 1), event(&ids, 2)]).await.unwrap();
        assert_eq!(report, IntakeReport { stored: 2, duplicates: 1, dead: 0 });
        let report = test.store.intake(vec![event(&ids, 1), event(&ids, 3)]).await.unwrap();
        assert_eq!(report, IntakeReport { stored: 1, duplicates: 1, dead: 0 });
        let keys: Vec<_> = test.store.read(stored).await.unwrap().into_iter().map(|row| row.0[0]).collect();
        assert_eq!(keys, [1, 2, 3]);
        assert_eq!(test.store.intake(Vec::new()).await.unwrap(), IntakeReport::default());
    });
}

#[test]
fn a_dead_event_is_stored_with_its_reason() {
    on_both(async |test| {
        let ids = SeededIds::new(1);
        let dead = NewInboundEvent { dead_reason: Some("unknown_kind".to_owned()), ..event(&ids, 1) };
        test.store.intake(vec![dead, event(&ids, 2)]).await.unwrap();
        let rows = test.store.read(stored).await.unwrap();
        assert_eq!(rows[0].1, "dead");
        assert_eq!(rows[0].2.as_deref(), Some("unknown_kind"));
        assert_eq!((rows[1].1.as_str(), &rows[1].2), ("pending", &None));
    });
}

#[test]
fn a_dead_event_has_one_dead_letter() {
    on_both(async |test| {
        let ids = SeededIds::new(1);
        let dead = NewInboundEvent { dead_reason: Some("no_sender".to_owned()), ..event(&ids, 1) };
        let again = NewInboundEvent { id: EventId::generate(&ids), ..dead.clone() };
        let report = test.store.intake(vec![dead.clone()]).await.unwrap();
        assert_eq!(report, IntakeReport { stored: 1, duplicates: 0, dead: 1 });
        let report = test.store.intake(vec![again]).await.unwrap();
        assert_eq!(report, IntakeReport { stored: 0, duplicates: 1, dead: 0 });
        let letters = test.db.read(|tx| crate::dead_letters::waiting(tx, 10)).await.unwrap();
        assert_eq!(letters.len(), 1);
        assert_eq!(
            (letters[0].reference.as_str(), letters[0].reason.as_str()),
            (&*dead.id.to_string(), "no_sender")
        );
    });
}

#[test]
fn a_payload_is_sealed_under_its_persons_key() {
    on_both(async |test| {
        let ids = SeededIds::new(1);
        let of =
            |key: u8, subject: u8| NewInboundEvent { subject_hash: vec![subject; 32], ..event(&ids, key) };
        // New people and known ones, two events of one person, in one hand-in and over two.
        test.store.intake(vec![of(1, 7), of(2, 8), of(3, 7)]).await.unwrap();
        test.store.intake(vec![of(4, 7), of(5, 9)]).await.unwrap();
        let waiting = test.db.read(|tx| crate::inbound::waiting(tx, 10)).await.unwrap();
        assert!(waiting.iter().all(|event| event.payload.as_deref() == Some("{}")));
        let people: BTreeSet<_> = waiting.iter().map(|event| event.data_key).collect();
        assert_eq!((waiting.len(), people.len()), (5, 3));
        // Erasing one of them erases that person's events and no others.
        let key = waiting[0].data_key;
        let store = test.store.clone();
        test.store.write(move |conn| store.vault().destroy_data_key(conn, key)).await.unwrap();
        let waiting = test.db.read(|tx| crate::inbound::waiting(tx, 10)).await.unwrap();
        assert!(waiting.iter().all(|event| event.payload.is_none() == (event.data_key == key)));
        // Who writes after that is a new person: nothing is sealed under a key that is gone.
        test.store.intake(vec![of(6, 7), of(7, 8), of(8, 9)]).await.unwrap();
        let waiting = test.db.read(|tx| crate::inbound::waiting(tx, 10)).await.unwrap();
        assert!(waiting.iter().rev().take(3).all(|event| event.payload.is_some()));
    });
}

#[test]
fn a_probe_stores_nothing_and_tells_a_closed_store() {
    on_both(async |test| {
        test.store.probe_intake().await.unwrap();
        test.store.check_schema().await.unwrap();
        assert_eq!(test.store.read(stored).await.unwrap(), []);
        test.store.close().await;
        assert!(matches!(test.store.probe_intake().await, Err(StoreError::Closed)));
    });
}

#[test]
fn concurrent_hand_ins_are_counted_each_for_itself() {
    on_both(async |test| {
        let ids = SeededIds::new(1);
        // Every key is handed in twice, in opposite orders: unsorted batches would deadlock.
        let hand_ins: Vec<Vec<_>> = (0..40)
            .map(|n| {
                let mut keys = [(n % 20) * 3, (n % 20) * 3 + 1, (n % 20) * 3 + 2];
                if n >= 20 {
                    keys.reverse();
                }
                keys.iter().map(|key| event(&ids, *key)).collect()
            })
            .collect();
        let tasks: Vec<_> = hand_ins
            .into_iter()
            .map(|events| {
                let store = test.store.clone();
                tokio::spawn(async move { store.intake(events).await })
            })
            .collect();
        let mut total = IntakeReport::default();
        for task in tasks {
            let report = task.await.unwrap().unwrap();
            assert_eq!(report.stored + report.duplicates, 3);
            total.stored += report.stored;
            total.duplicates += report.duplicates;
        }
        assert_eq!(total, IntakeReport { stored: 60, duplicates: 60, dead: 0 });
        assert_eq!(test.store.read(stored).await.unwrap().len(), 60);
    });
}

#[test]
fn a_hand_in_that_cannot_be_stored_harms_no_other() {
    on_both(async |test| {
        let ids = SeededIds::new(1);
        let first = event(&ids, 1);
        // Another key under an id that is taken: the primary key refuses it.
        let taken = NewInboundEvent { key_hash: [2; 32], ..first.clone() };
        test.store.intake(vec![first]).await.unwrap();
        let (bad, good) =
            tokio::join!(test.store.intake(vec![taken]), test.store.intake(vec![event(&ids, 3)]));
        assert!(bad.unwrap_err().is_unique_violation());
        assert_eq!(good.unwrap().stored, 1);
        assert_eq!(test.store.read(stored).await.unwrap().len(), 2);
    });
}

#[test]
fn one_hand_in_may_be_larger_than_a_statement() {
    on_both(async |test| {
        let ids = SeededIds::new(1);
        let events: Vec<_> = (0..u16::try_from(ROWS_MAX * 2 + 1).unwrap())
            .map(|n| {
                let mut key_hash = [0; 32];
                key_hash[..2].copy_from_slice(&n.to_be_bytes());
                NewInboundEvent { key_hash, ..event(&ids, 0) }
            })
            .collect();
        let many = events.len();
        assert_eq!(
            test.store.intake(events).await.unwrap(),
            IntakeReport { stored: many, duplicates: 0, dead: 0 }
        );
    });
}

#[test]
fn a_closed_store_takes_nothing_in() {
    on_both(async |test| {
        test.store.close().await;
        let refused = test.store.intake(vec![event(&SeededIds::new(1), 1)]).await;
        assert!(matches!(refused, Err(StoreError::Closed)));
    });
}

#[test]
fn one_that_is_refused_costs_those_gathered_with_it_nothing() {
    on_both(async |test| {
        let ids = SeededIds::new(1);
        let first = event(&ids, 0);
        test.store.intake(vec![first.clone()]).await.unwrap();
        // While this has SQLite's writer, hand-ins gather.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let busy = test.store.clone();
        let busy = tokio::spawn(async move {
            busy.write(move |_| {
                let _ = released.recv();
                Ok::<_, StoreError>(())
            })
            .await
        });
        let hand_ins = (1..=9).map(|key| match key {
            5 => vec![event(&ids, key), NewInboundEvent { id: first.id, ..event(&ids, 50) }],
            _ => vec![event(&ids, key)],
        });
        let tasks: Vec<_> = hand_ins
            .map(|events| {
                let store = test.store.clone();
                tokio::spawn(async move { store.intake(events).await })
            })
            .collect();
        tokio::task::yield_now().await;
        drop(release);
        busy.await.unwrap().unwrap();
        for (key, task) in (1..).zip(tasks) {
            match (key, task.await.unwrap()) {
                (5, Err(error)) => assert!(error.is_unique_violation(), "{error}"),
                (5, Ok(report)) => panic!("an id was taken twice: {report:?}"),
                (_, report) => assert_eq!(report.unwrap().stored, 1, "{key}"),
            }
        }
        let keys: Vec<_> = test.store.read(stored).await.unwrap().into_iter().map(|row| row.0[0]).collect();
        assert_eq!(keys, [0, 1, 2, 3, 4, 6, 7, 8, 9], "nothing of what was refused");
    });
}

#[test]
fn hand_ins_that_gather_are_bounded_and_a_dropped_one_is_stored() {
    let test = crate::testing::TestStore::sqlite();
    let store = Store::open(&crate::OpenOptions { queue_max: 3, ..test.options().clone() }).unwrap();
    let ids = SeededIds::new(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (started, has_started) = oneshot::channel::<()>();
        let (busy, mut started) = (store.clone(), Some(started));
        let busy = tokio::spawn(async move {
            busy.write(move |_| {
                drop(started.take());
                let _ = released.recv();
                Ok::<_, StoreError>(())
            })
            .await
        });
        let _ = has_started.await;
        let mut tasks: Vec<_> = (1..=3)
            .map(|key| {
                let (store, events) = (store.clone(), vec![event(&ids, key)]);
                tokio::spawn(async move { store.intake(events).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(matches!(store.intake(vec![event(&ids, 4)]).await, Err(StoreError::Busy)));
        tasks.remove(0).abort();
        drop(release);
        busy.await.unwrap().unwrap();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap().stored, 1);
        }
        let keys: Vec<_> = store.read(stored).await.unwrap().into_iter().map(|row| row.0[0]).collect();
        assert_eq!(keys, [1, 2, 3]);
        store.close().await;
    });
}
