//! The command line of the programs that play random orders: how many, from which seed, on how many threads.

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

/// What a program plays.
pub(crate) struct Orders {
    /// Its name.
    pub(crate) name: &'static str,
    /// How many, when nobody says.
    pub(crate) count: u64,
    /// What held when it comes to its end.
    pub(crate) promise: &'static str,
    /// Plays so many from a seed and says how they ended, how often each way. Panics when a promise breaks.
    pub(crate) run: fn(u64, u64) -> BTreeMap<String, u64>,
}

impl Orders {
    /// Plays what the command line asks for.
    pub(crate) fn play(&self) -> ExitCode {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let Some((count, seed, threads)) = self.options(&arguments) else {
            eprintln!("usage: {} [--count N] [--seed N] [--threads N]", self.name);
            return ExitCode::from(2);
        };
        let began = Instant::now();
        let ends = self.share_out(count, seed, threads);
        let seconds = began.elapsed().as_secs_f64();
        println!("{count} orders, seed {seed}: {}", self.promise);
        println!(
            "{seconds:.1} s, {:.0} orders a second",
            f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
        );
        for (end, times) in ends {
            println!("{times:>9}  {end}");
        }
        ExitCode::SUCCESS
    }

    /// Count, seed and threads; `None` for anything that is no option with its number.
    fn options(&self, arguments: &[String]) -> Option<(u64, u64, u64)> {
        let (mut count, mut seed, mut threads) = (self.count, 1, 2);
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let number = rest.next()?.parse().ok()?;
            match name.as_str() {
                "--count" => count = number,
                "--seed" => seed = number,
                "--threads" => threads = number,
                _ => return None,
            }
        }
        Some((count, seed, threads.max(1)))
    }

    fn share_out(&self, count: u64, seed: u64, threads: u64) -> BTreeMap<String, u64> {
        std::thread::scope(|scope| {
            let shares: Vec<_> = (0..threads)
                .map(|thread| {
                    let share = count / threads + u64::from(thread < count % threads);
                    scope.spawn(move || (self.run)(share, seed.wrapping_mul(1_000_003).wrapping_add(thread)))
                })
                .collect();
            let mut ends = BTreeMap::new();
            for share in shares {
                for (end, times) in share.join().expect("a promise broke; see above") {
                    *ends.entry(end).or_insert(0) += times;
                }
            }
            ends
        })
    }
}
