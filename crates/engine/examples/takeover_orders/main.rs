//! Plays random orders of a running outreach against the real store, router, turns and dispatcher: client and vendors
//! write, timers fire, Meta answers, refuses or is in doubt. Everything is driven one step of a future at a time, and at
//! one of these steps, drawn, a person takes the request over, or somebody says STOP. Then it checks what must hold:
//!
//! - no message of the bot whose `sending` commits after the takeover, until the request is given back;
//! - after STOP none to that person but the confirmation;
//! - nothing is lost: what the client wrote meanwhile is read after the resume, and nobody is left in silence.
//!
//! `cargo run --release -p engine --example takeover_orders -- --count 10000 [--seed 1] [--threads 2]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a check that stops where a promise breaks"
)]

mod office;
#[path = "../common/orders.rs"]
mod orders;
mod play;
#[path = "../common/random.rs"]
mod random;
mod stepper;

use std::process::ExitCode;

fn main() -> ExitCode {
    let orders = orders::Orders {
        name: "takeover_orders",
        count: 10_000,
        promise: "nothing of the bot's after a takeover or a STOP, nothing lost, nobody in silence",
        run: play::run,
    };
    orders.play()
}
