//! The stories of calls on PostgreSQL, with as many conversations as make them whole. On SQLite `cargo xtask simulate`
//! plays them. They wait more than they work, so two of them share the machine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod support;

use support::{On, play_through, story};

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
