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

/// On both databases, with as many conversations as make the story whole.
fn on_both(name: &str, requests: usize) {
    for (on, seed) in [(On::Sqlite, 11), (On::Postgres, 12)] {
        let Some(evidence) = play_through(&story(name), on, seed, requests) else { continue };
        assert_eq!(evidence.requests.len(), requests);
    }
}

#[test]
fn a_silent_vendor_is_called() {
    on_both("call-vendor-urgent", 5);
}

#[test]
fn a_client_who_asks_is_called() {
    on_both("call-client-asked", 3);
}

#[test]
fn nobody_is_called_without_consent() {
    on_both("call-without-consent", 2);
}

#[test]
fn a_no_to_calls_is_kept() {
    on_both("consent-denied", 2);
}

/// A day passes in a minute and a half, whatever the database: one run.
#[test]
fn a_late_yes_grants_nothing() {
    assert!(play_through(&story("consent-expired"), On::Sqlite, 11, 3).is_some());
}

#[test]
fn a_call_in_vain_goes_on_in_chat() {
    on_both("call-fails-fallback", 4);
}

#[test]
fn a_revocation_before_the_dial_wins() {
    on_both("revoked-while-dialling", 3);
}

#[test]
fn call_webhooks_come_in_any_order() {
    on_both("events-out-of-order", 3);
}
