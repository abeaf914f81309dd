//! What the end-to-end tests share: turns on the machine, databases, stories.

// Each test file uses its part; helpers of tests are not what the lints take for tests.
#![allow(dead_code, unreachable_pub)]

pub mod product;

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use simulation::{
    checks::{self, Check},
    evidence::Evidence,
    play::{Options, play},
    progress::Progress,
    scenarios::{self, Scenario},
};
use store::testing::TestStore;

/// Tests with processes of their own that run at the same moment, over all test programs of a checkout: with
/// more, a small machine measures its own load. nextest's test groups say the same and make the wait short.
const TURNS: usize = 2;

/// A turn with the machine, over when dropped or when the process ends.
#[derive(Debug)]
#[must_use]
pub struct Turn(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

/// Waits for a turn.
pub fn turn() -> Turn {
    let slot = |n: usize| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("end-to-end-{n}.lock"));
        File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    for n in 0..TURNS {
        let file = slot(n);
        match file.try_lock() {
            Ok(()) => return Turn(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => panic!("cannot lock: {error}"),
        }
    }
    let file = slot(std::process::id() as usize % TURNS);
    file.lock().unwrap();
    Turn(file)
}

/// Where a story is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A file in the run's folder.
    Sqlite,
    /// A database of its own on the tests' PostgreSQL server.
    Postgres,
}

/// The story of this name.
pub fn story(name: &str) -> Scenario {
    *scenarios::find(name).unwrap_or_else(|| panic!("there is no scenario {name}"))
}

/// Plays a story and checks every rule of it; what it left behind, or `None` where there is no PostgreSQL.
///
/// # Panics
/// If a rule does not hold, with every rule that does not.
pub fn play_through(scenario: &Scenario, on: On, seed: u64, requests: usize) -> Option<Evidence> {
    let server = match on {
        On::Sqlite => None,
        On::Postgres => Some(TestStore::postgres()?),
    };
    let _turn = turn();
    let options = Options {
        database_url: server.as_ref().map(|server| server.options().database_url.clone()),
        seed,
        requests: Some(requests),
        keep: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut progress = Progress::new(scenario.name);
    let played = runtime
        .block_on(play(scenario, &options, &mut progress))
        .unwrap_or_else(|error| panic!("{} could not be played: {error:#}", scenario.name));
    let broken: Vec<Check> =
        checks::all(&played.evidence, scenario).into_iter().filter(|check| !check.ok).collect();
    assert!(
        broken.is_empty(),
        "{} on {on:?} with seed {seed}: {broken:#?}\n{}",
        scenario.name,
        played.log_tails.unwrap_or_default()
    );
    Some(played.evidence)
}
