//! A line on stderr that says how far a run is.

use std::{
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// Where the line is not rewritten in place, a new one comes this often.
const EVERY: Duration = Duration::from_secs(5);

/// Progress of one run.
#[derive(Debug)]
pub struct Progress {
    label: String,
    started: Instant,
    in_place: bool,
    last: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// For the run of this name.
    pub fn new(label: &str) -> Self {
        let in_place = std::io::stderr().is_terminal();
        Self { label: label.to_owned(), started: Instant::now(), in_place, last: None, shown: false }
    }

    /// For one of several runs at the same moment: whole lines, so that none rewrites another's.
    pub fn of_many(label: &str) -> Self {
        Self { in_place: false, ..Self::new(label) }
    }

    /// Says what is being done, or how much is done.
    pub fn show(&mut self, doing: &str) {
        let pause = if self.in_place { Duration::from_millis(100) } else { EVERY };
        if self.last.is_some_and(|last| last.elapsed() < pause) {
            return;
        }
        self.last = Some(Instant::now());
        let line = format!("{}: {doing} · {} s", self.label, self.started.elapsed().as_secs());
        let mut err = std::io::stderr().lock();
        // Progress is a courtesy: a closed stderr must not end the run.
        let _ = if self.in_place { write!(err, "\r\x1b[2K{line}") } else { writeln!(err, "{line}") };
        let _ = err.flush();
        self.shown = true;
    }

    /// Removes the line, so that what follows begins on a clean one.
    pub fn clear(&mut self) {
        if self.in_place && self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
    }
}
