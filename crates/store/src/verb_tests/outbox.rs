use std::time::Duration;

use marketplace::{ActorKind, ContactId, OutboxId, RequestId};

use super::{message, number, person, request, write};
use crate::{
    StoreError, Tx,
    outbox::{
        NewSend, Purpose, SendPayload, SendState, advance, cancel, enqueue, exists, expired, find_by_wamid,
        has_in_flight, load, mark_farewell, mark_sending, orphaned_sending, park_status, requeue, sendable,
        take_parked, unknown,
    },
    requests,
    testing::{TestStore, on_both},
};

pub(super) fn queue(tx: &mut Tx<'_>, request: RequestId, contact: ContactId) -> Result<OutboxId, StoreError> {
    let guard = requests::lock(tx, request)?;
    let message = message(tx, request, contact)?;
    let new = NewSend {
        contact,
        message,
        purpose: Purpose::ClientMessage,
        author: ActorKind::Orchestrator,
        payload: SendPayload {
            body: "Hello".to_owned(),
            buttons: Vec::new(),
            template: None,
            reply_to: None,
        },
        also_sealed_by: Vec::new(),
        not_after: None,
    };
    enqueue(tx, &guard, &new)
}

/// Two people with two messages each, queued a millisecond apart: a1, b1, a2, b2.
async fn four(test: &TestStore) -> [OutboxId; 4] {
    let (id, a, b) = write(test, |tx| {
        let (id, a) = request(tx, "+254712345678")?;
        Ok((id, a, person(tx, "+254700000001")?.id))
    })
    .await;
    let mut queued = Vec::new();
    for contact in [a, b, a, b] {
        queued.push(write(test, move |tx| queue(tx, id, contact)).await);
        test.clock.advance(Duration::from_millis(1));
    }
    queued.try_into().unwrap()
}

async fn ready(test: &TestStore) -> Vec<OutboxId> {
    write(test, |tx| Ok(sendable(tx, &number(), 10)?.into_iter().map(|(id, _)| id).collect())).await
}

async fn news(test: &TestStore, id: OutboxId, state: SendState) -> SendState {
    write(test, move |tx| advance(tx, id, state, None, None)).await
}

async fn on_the_wire(test: &TestStore, id: OutboxId, fence: i64) {
    write(test, move |tx| mark_sending(tx, id, fence)).await;
}

async fn put_back(test: &TestStore, id: OutboxId, seconds: u64) {
    write(test, move |tx| {
        let send = load(tx, id)?;
        requeue(tx, &send, tx.now + Duration::from_secs(seconds))
    })
    .await;
}

#[test]
fn one_message_at_a_time_to_a_person_in_order() {
    on_both(async |test| {
        let [a1, b1, a2, b2] = four(test).await;
        assert_eq!(ready(test).await, [a1, b1]);
        assert_eq!(write(test, |tx| sendable(tx, &number(), 1)).await.len(), 1);
        assert!(write(test, |tx| sendable(tx, &"200".parse().unwrap(), 9)).await.is_empty());
        on_the_wire(test, a1, 1).await;
        assert_eq!(ready(test).await, [b1], "a1 is in flight");
        assert_eq!(news(test, a1, SendState::Accepted).await, SendState::Accepted);
        assert_eq!(ready(test).await, [b1, a2]);
        write(test, move |tx| cancel(tx, b1, "opted_out")).await;
        assert_eq!(ready(test).await, [a2, b2]);
    });
}

#[test]
fn an_unknown_outcome_holds_the_next_for_a_while() {
    on_both(async |test| {
        let [a1, b1, a2, _] = four(test).await;
        on_the_wire(test, a1, 1).await;
        news(test, a1, SendState::Unknown).await;
        assert_eq!(ready(test).await, [b1]);
        test.clock.advance(Duration::from_millis(29_999));
        assert_eq!(ready(test).await, [b1]);
        test.clock.advance(Duration::from_millis(1));
        assert_eq!(ready(test).await, [b1, a2]);
        let doubtful = write(test, |tx| unknown(tx, 10)).await;
        assert_eq!(doubtful.iter().map(|send| send.id).collect::<Vec<_>>(), [a1]);
        let contact = doubtful[0].contact;
        assert!(write(test, move |tx| has_in_flight(tx, contact)).await);
        news(test, a1, SendState::Delivered).await;
        assert!(!write(test, move |tx| has_in_flight(tx, contact)).await);
    });
}

#[test]
fn a_message_that_backs_off_is_not_overtaken() {
    on_both(async |test| {
        let [a1, b1, ..] = four(test).await;
        on_the_wire(test, a1, 1).await;
        put_back(test, a1, 4).await;
        assert_eq!(ready(test).await, [b1]);
        test.clock.advance(Duration::from_secs(4));
        assert_eq!(ready(test).await, [b1, a1], "b1 has waited longer");
        assert_eq!(write(test, move |tx| load(tx, a1)).await.attempts, 1);
    });
}

/// A thousand more like this one, each a millisecond later: of the same person, or of a thousand people.
async fn thousandfold(test: &TestStore, id: OutboxId, people: bool) {
    use diesel::connection::SimpleConnection;
    const NUMBERS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)";
    // An id of ours keeps its form: its last nine digits are others.
    let other = |column: &str| format!("substr({column}, 1, 27) || CAST(100000000 + i AS TEXT)");
    let contact = if people { other("o.contact_id") } else { "o.contact_id".to_owned() };
    let crowd = format!(
        "INSERT INTO contacts (id, data_key_id, language, created_at, updated_at) {NUMBERS} \
         SELECT {}, c.data_key_id, c.language, c.created_at, c.updated_at FROM n, contacts c \
         JOIN outbox o ON o.contact_id = c.id WHERE o.id = '{id}';",
        other("c.id")
    );
    let sends = format!(
        "INSERT INTO outbox (id, request_id, contact_id, message_id, phone_number_id, purpose, author, \
         control_epoch, payload, state, attempts, not_before, created_at) {NUMBERS} \
         SELECT {}, o.request_id, {contact}, o.message_id, o.phone_number_id, o.purpose, o.author, \
         o.control_epoch, o.payload, o.state, o.attempts, o.not_before, o.created_at + i \
         FROM n, outbox o WHERE o.id = '{id}';",
        other("o.id")
    );
    let sql = if people { crowd + &sends } else { sends };
    write(test, move |tx| Ok(crate::on_conn!(&mut *tx.conn, |c| c.batch_execute(&sql))?)).await;
}

/// What waits, a thousand messages to one person and one to each of a thousand, stands before nobody.
#[test]
fn what_is_held_stands_before_nobody() {
    on_both(async |test| {
        let (id, held, crowd) = write(test, |tx| {
            let (id, held) = request(tx, "+254712345678")?;
            Ok((id, held, person(tx, "+254700000002")?.id))
        })
        .await;
        let first = write(test, move |tx| queue(tx, id, held)).await;
        thousandfold(test, first, false).await;
        put_back(test, first, 60).await;
        let of_crowd = write(test, move |tx| queue(tx, id, crowd)).await;
        put_back(test, of_crowd, 60).await;
        thousandfold(test, of_crowd, true).await;
        assert_eq!(ready(test).await, []);
        test.clock.advance(Duration::from_millis(1));
        let free = write(test, move |tx| {
            let to = person(tx, "+254700000001")?.id;
            queue(tx, id, to)
        })
        .await;
        assert_eq!(ready(test).await, [free]);
        // What joins a queue that waits does not overtake it.
        write(test, move |tx| queue(tx, id, held).map(drop)).await;
        assert_eq!(ready(test).await, [free]);
        test.clock.advance(Duration::from_mins(1));
        let due = write(test, |tx| sendable(tx, &number(), 2_000)).await;
        assert_eq!(due.len(), 1 + 1 + 1_001);
        assert_eq!(due.iter().filter(|(_, to)| *to == held).map(|(id, _)| *id).collect::<Vec<_>>(), [first]);
    });
}

#[test]
fn what_is_worthless_is_found_whatever_holds_it() {
    on_both(async |test| {
        let [a1, b1, ..] = four(test).await;
        let late = |id: OutboxId| {
            write(test, move |tx| {
                use diesel::prelude::*;
                let at = tx.now.as_millis() - 1;
                let row = crate::schema::outbox::table.find(id.to_string());
                crate::on_conn!(&mut *tx.conn, |c| diesel::update(row)
                    .set(crate::schema::outbox::not_after.eq(at))
                    .execute(c))?;
                Ok(())
            })
        };
        late(a1).await;
        late(b1).await;
        put_back(test, b1, 600).await;
        let found = || write(test, |tx| expired(tx, &number(), 10));
        assert_eq!(found().await, [a1, b1]);
        on_the_wire(test, a1, 1).await;
        assert_eq!(found().await, [b1], "what is on the wire is not queued");
        assert_eq!(write(test, |tx| expired(tx, &"200".parse().unwrap(), 10)).await, []);
    });
}

#[test]
fn nothing_brings_a_message_back_that_was_on_the_wire() {
    on_both(async |test| {
        let [a1, ..] = four(test).await;
        on_the_wire(test, a1, 1).await;
        write(test, move |tx| cancel(tx, a1, "human_control")).await;
        assert_eq!(write(test, move |tx| load(tx, a1)).await.state, SendState::Sending);
        news(test, a1, SendState::Unknown).await;
        write(test, move |tx| {
            let send = load(tx, a1)?;
            requeue(tx, &send, tx.now)?;
            cancel(tx, a1, "closed")
        })
        .await;
        assert_eq!(write(test, move |tx| load(tx, a1)).await.state, SendState::Unknown);
    });
}

#[test]
fn statuses_move_forward_only() {
    on_both(async |test| {
        let [a1, b1, ..] = four(test).await;
        for (told, now) in [
            (SendState::Accepted, SendState::Accepted),
            (SendState::Delivered, SendState::Delivered),
            (SendState::Sent, SendState::Delivered),
            (SendState::Failed, SendState::Delivered),
            (SendState::Read, SendState::Read),
        ] {
            assert_eq!(news(test, a1, told).await, now);
            assert_eq!(write(test, move |tx| load(tx, a1)).await.state, now);
        }
        let failed = write(test, move |tx| advance(tx, b1, SendState::Failed, Some("131026"), None)).await;
        assert_eq!(failed, SendState::Failed);
        assert_eq!(news(test, b1, SendState::Delivered).await, SendState::Failed);
        assert_eq!(write(test, move |tx| load(tx, b1)).await.reason.as_deref(), Some("131026"));
    });
}

#[test]
fn a_status_that_comes_too_early_is_parked_and_joined() {
    on_both(async |test| {
        let [a1, b1, ..] = four(test).await;
        write(test, move |tx| {
            for (status, later) in [(SendState::Delivered, 2), (SendState::Sent, 1)] {
                park_status(tx, "wamid.A", status, Some(7), tx.now + Duration::from_secs(later))?;
            }
            assert_eq!(find_by_wamid(tx, "wamid.A")?, None);
            advance(tx, a1, SendState::Accepted, None, Some("wamid.A"))?;
            assert_eq!(find_by_wamid(tx, "wamid.A")?, Some(a1));
            assert!(take_parked(tx, "wamid.B")?.is_empty());
            let parked: Vec<_> = take_parked(tx, "wamid.A")?.into_iter().map(|(state, ..)| state).collect();
            assert_eq!(parked, [SendState::Sent, SendState::Delivered]);
            assert!(take_parked(tx, "wamid.A")?.is_empty());
            // The first id that is known stays.
            advance(tx, a1, SendState::Sent, None, Some("wamid.C"))?;
            assert_eq!(find_by_wamid(tx, "wamid.C")?, None);
            assert!(exists(tx, b1)?);
            Ok(())
        })
        .await;
    });
}

#[test]
fn what_an_older_dispatcher_left_on_the_wire_is_found() {
    on_both(async |test| {
        let [a1, b1, ..] = four(test).await;
        on_the_wire(test, a1, 1).await;
        on_the_wire(test, b1, 2).await;
        assert_eq!(write(test, |tx| orphaned_sending(tx, &number(), 1)).await, []);
        assert_eq!(write(test, |tx| orphaned_sending(tx, &number(), 2)).await, [a1]);
        assert_eq!(write(test, |tx| orphaned_sending(tx, &number(), 3)).await, [a1, b1]);
    });
}

#[test]
fn a_farewell_is_what_this_commit_queued_to_the_client() {
    on_both(async |test| {
        let [a1, ..] = four(test).await;
        let request = write(test, move |tx| load(tx, a1)).await.request.unwrap();
        let last = write(test, move |tx| {
            let client = requests::load(tx, request)?.client;
            let last = queue(tx, request, client)?;
            let guard = requests::lock(tx, request)?;
            mark_farewell(tx, &guard)?;
            Ok(last)
        })
        .await;
        assert_eq!(write(test, move |tx| load(tx, last)).await.purpose, Purpose::Farewell);
        assert_eq!(write(test, move |tx| load(tx, a1)).await.purpose, Purpose::ClientMessage);
    });
}
