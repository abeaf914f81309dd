//! Plays random orders of everything that can happen around a call against the real store, the real dialler and the real
//! policy, with a Meta that may answer, refuse, lose an answer or hang: answers to prompts, revocations, takeovers,
//! STOP, webhooks in any order, twice and late, crashes, timers. After every event it checks what must never be:
//!
//! - a call placed without all keys: by the policy, asked again on the rows, and by this program's own bookkeeping;
//! - an attempt dialled twice; two attempts of a request that are not over;
//! - the fallback sentence twice for an attempt, or said while the bot must be silent.
//!
//! `cargo run --release -p engine --example call_orders -- --count 50000 [--seed 1] [--threads 2]`

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a check that stops where a promise breaks")]

#[path = "../../src/dial/tests/fixture.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod fixture;
mod meta;
mod model;
#[path = "../common/orders.rs"]
mod orders;
mod play;
#[path = "../common/random.rs"]
mod random;

use std::process::ExitCode;

fn main() -> ExitCode {
    let orders = orders::Orders {
        name: "call_orders",
        count: 50_000,
        promise: "no call without keys, none twice, one at a time, fallback as promised",
        run: play::Play::run,
    };
    orders.play()
}
