use futures_util::future::join_all;
use store::testing::on_both;

use super::*;

#[test]
fn a_repeated_webhook_is_stored_once() {
    on_both(async |test| {
        let state = state(&test.db);
        let body = webhook("wamid.1", "254700000101", "hi");
        for _ in 0..50 {
            assert_eq!(post_signed(&state, &body).await.status.as_u16(), 200);
        }
        assert_eq!(waiting(test).await.len(), 1);
        let another = webhook("wamid.2", "254700000101", "hi");
        let answers = join_all((0..50).map(|_| post_signed(&state, &another))).await;
        assert!(answers.iter().all(|answer| answer.status.as_u16() == 200));
        assert_eq!(waiting(test).await.len(), 2);
    });
}

#[test]
fn two_processes_store_a_webhook_once() {
    on_both(async |test| {
        let other = test.open_again();
        let other_db = Db { store: other.clone(), ids: other.ids().clone(), ..test.db.clone() };
        let states = [state(&test.db), state(&other_db)];
        // New senders each time: both make the same person's key at once.
        for n in 0..20 {
            let body = webhook(&format!("wamid.{n}"), &format!("2547000001{n:02}"), "hi");
            let answers = join_all((0..8).map(|k| post_signed(&states[k % 2], &body))).await;
            assert!(answers.iter().all(|answer| answer.status.as_u16() == 200), "{answers:?}");
            assert_eq!(waiting(test).await.len(), n + 1);
        }
        other.close().await;
    });
}

#[test]
fn texts_with_nul_are_kept_as_they_came() {
    on_both(async |test| {
        let state = state(&test.db);
        let body = webhook("wamid.\u{0}", "254700000101", "before\u{0}after");
        assert_eq!(post_signed(&state, &body).await.status.as_u16(), 200);
        let events = waiting(test).await;
        assert!(events[0].payload.as_deref().unwrap().contains("before\\u0000after"));
    });
}
