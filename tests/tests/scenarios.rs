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
