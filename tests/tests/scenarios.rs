//! Many conversations at once on PostgreSQL with two workers. Every rule of the simulation is checked: order within
//! a conversation, nothing lost, no send twice, limits, audit.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use support::{On, play_through, story};

/// Conversations at the same moment.
const CLIENTS: usize = 20;

#[test]
fn twenty_conversations_with_two_workers() {
    let Some(evidence) = play_through(&story("happy-path"), On::Postgres, 7, CLIENTS) else { return };
    assert_eq!(evidence.requests.len(), CLIENTS);
    assert!(evidence.requests.iter().all(|request| request.request.state == "handed_off"));
}

#[test]
fn twenty_second_batches_with_two_workers() {
    let Some(evidence) = play_through(&story("two-batches"), On::Postgres, 8, CLIENTS) else { return };
    assert_eq!(evidence.requests.len(), CLIENTS);
    let vendors = |ordinal: u32| {
        let batches = evidence.requests.iter().flat_map(|request| &request.batches);
        batches.filter(move |batch| batch.ordinal == ordinal).map(|batch| batch.vendors.len())
    };
    assert!(vendors(2).count() >= CLIENTS / 2, "the second batch went out");
    assert!(vendors(1).chain(vendors(2)).all(|vendors| (1..=5).contains(&vendors)));
}

/// On PostgreSQL, with as many conversations as make the story whole. On SQLite `cargo xtask simulate` plays it.
fn on_postgres(name: &str, requests: usize) {
    let Some(evidence) = play_through(&story(name), On::Postgres, 12, requests) else { return };
    assert_eq!(evidence.requests.len(), requests);
}

#[test]
fn a_silent_vendor_is_called() {
    on_postgres("call-vendor-urgent", 5);
}

#[test]
fn a_client_who_asks_is_called() {
    on_postgres("call-client-asked", 3);
}

#[test]
fn nobody_is_called_without_consent() {
    on_postgres("call-without-consent", 2);
}

#[test]
fn a_no_to_calls_is_kept() {
    on_postgres("consent-denied", 2);
}

#[test]
fn a_call_in_vain_goes_on_in_chat() {
    on_postgres("call-fails-fallback", 4);
}

#[test]
fn a_revocation_before_the_dial_wins() {
    on_postgres("revoked-while-dialling", 3);
}

#[test]
fn call_webhooks_come_in_any_order() {
    on_postgres("events-out-of-order", 3);
}
