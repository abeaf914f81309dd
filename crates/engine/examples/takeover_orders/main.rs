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
mod play;
mod stepper;

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

/// The number after an option, or its default.
fn option(arguments: &[String], name: &str, default: u64) -> Option<u64> {
    match arguments.iter().position(|argument| argument == name) {
        None => Some(default),
        Some(at) => arguments.get(at + 1)?.parse().ok(),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let options = || {
        let number = |name, default| option(&arguments, name, default);
        Some((number("--count", 10_000)?, number("--seed", 1)?, number("--threads", 2)?.max(1)))
    };
    let Some((count, seed, threads)) = options() else {
        eprintln!("usage: takeover_orders [--count N] [--seed N] [--threads N]");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let ends: BTreeMap<String, u64> = std::thread::scope(|scope| {
        let shares: Vec<_> = (0..threads)
            .map(|thread| {
                let share = count / threads + u64::from(thread < count % threads);
                scope.spawn(move || play::run(share, seed.wrapping_mul(1_000_003).wrapping_add(thread)))
            })
            .collect();
        let mut ends = BTreeMap::new();
        for share in shares {
            for (end, times) in share.join().expect("a promise broke; see above") {
                *ends.entry(end).or_insert(0) += times;
            }
        }
        ends
    });
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{count} orders, seed {seed}: nothing of the bot's after a takeover or a STOP, nothing lost, nobody in silence"
    );
    println!(
        "{seconds:.1} s, {:.0} orders a second",
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
    );
    for (end, times) in ends {
        println!("{times:>9}  {end}");
    }
    ExitCode::SUCCESS
}
