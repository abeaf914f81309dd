//! A short run of the orders that `examples/takeover_orders` plays by the thousand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected has failed"
)]

#[path = "../examples/takeover_orders/office.rs"]
mod office;
#[path = "../examples/takeover_orders/play.rs"]
mod play;
#[path = "../examples/common/random.rs"]
mod random;
#[path = "../examples/takeover_orders/stepper.rs"]
mod stepper;

#[test]
fn nothing_of_the_bots_after_a_takeover_or_a_stop() {
    let ends = play::run(40, 7);
    // Each of these moments was struck: a run that never gets there proves nothing.
    for struck in ["turn", "dispatcher"] {
        let times: u64 = ends
            .iter()
            .filter(|(end, _)| end.starts_with("takeover") && end.ends_with(struck))
            .map(|(_, times)| times)
            .sum();
        assert!(times > 0, "{struck}: {ends:#?}");
    }
    assert!(ends.keys().any(|end| end.starts_with("takeover, resumed")), "{ends:#?}");
}
