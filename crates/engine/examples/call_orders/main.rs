//! Plays random orders of everything that can happen around a call against the real store, the real dialler and the real
//! policy, with a Meta that may answer, refuse, lose an answer or hang: answers to prompts, revocations, takeovers,
//! STOP, webhooks in any order, twice and late, crashes, timers. After every event it checks what must never be:
//!
//! - a call placed without all keys: by the policy, asked again on the rows, and by this program's own bookkeeping;
//! - an attempt dialled twice; two attempts of a request that are not over;
//! - the fallback sentence twice for an attempt, or said while the bot must be silent.
//!
//! `cargo run --release -p engine --example call_orders -- --count 50000 [--seed 1] [--threads 2]`
//!
//! `TMPDIR` on a file system in memory (`/dev/shm`) makes it several times faster: every transaction is synced.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a check that stops where a promise breaks")]

#[path = "../../src/dial/tests/fixture.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod fixture;
mod meta;
mod model;
mod play;

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use play::Play;

/// A small generator: the runs must repeat themselves, nothing more.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

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
        Some((number("--count", 50_000)?, number("--seed", 1)?, number("--threads", 2)?.max(1)))
    };
    let Some((count, seed, threads)) = options() else {
        eprintln!("usage: call_orders [--count N] [--seed N] [--threads N]");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let ends: BTreeMap<String, u64> = std::thread::scope(|scope| {
        let shares: Vec<_> = (0..threads)
            .map(|thread| {
                let share = count / threads + u64::from(thread < count % threads);
                scope.spawn(move || Play::run(share, seed.wrapping_mul(1_000_003).wrapping_add(thread)))
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
        "{count} orders, seed {seed}: no call without keys, none twice, one at a time, fallback as promised"
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
