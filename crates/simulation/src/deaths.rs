//! When a worker is killed.

use std::time::{Duration, Instant};

use crate::random::Random;

/// How long after an event a death may come: a turn or a send takes less.
const AT_WORK_MS: u64 = 60;
/// How long after a start a death may come, the moments before its first database access included.
const AT_START_MS: u64 = 1_500;

/// When the worker dies: a drawn number of events after the last death, and a drawn moment later. Counted in
/// events, since after a death nothing may happen until a lease has run out. Every second death strikes the
/// new start itself, while it waits for that lease.
#[derive(Debug)]
pub(crate) struct Deaths {
    random: Random,
    left: u32,
    struck: u32,
    after_events: usize,
    at: Option<Instant>,
}

impl Deaths {
    /// So many deaths, drawn from the seed.
    pub(crate) fn new(deaths: u32, seed: u64) -> Self {
        let mut random = Random::new(seed, "deaths");
        let after_events = Self::next(&mut random);
        Self { random, left: deaths, struck: 0, after_events, at: None }
    }

    fn next(random: &mut Random) -> usize {
        usize::try_from(random.between(1, 9)).unwrap_or(1)
    }

    /// How often it struck so far.
    pub(crate) const fn struck(&self) -> u32 {
        self.struck
    }

    /// Whether the worker is to be killed now, given how many events there were so far.
    pub(crate) fn due(&mut self, events: usize) -> bool {
        if self.left == 0 || events < self.after_events {
            return false;
        }
        let latest = if self.struck.is_multiple_of(2) { AT_WORK_MS } else { AT_START_MS };
        let random = &mut self.random;
        let at =
            *self.at.get_or_insert_with(|| Instant::now() + Duration::from_millis(random.between(0, latest)));
        if Instant::now() < at {
            return false;
        }
        self.at = None;
        self.left -= 1;
        self.struck += 1;
        let further = if self.struck.is_multiple_of(2) { Self::next(&mut self.random) } else { 0 };
        self.after_events = events + further;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deaths_follow_events_and_are_limited() {
        let mut deaths = Deaths::new(3, 7);
        assert!(!deaths.due(0), "nothing has happened yet");
        let mut events = 0;
        let started = Instant::now();
        while deaths.left > 0 && started.elapsed() < Duration::from_secs(30) {
            events += 1;
            deaths.due(events);
        }
        assert_eq!(deaths.struck, 3);
        assert!(!deaths.due(usize::MAX));
        let first = |seed| Deaths::new(1, seed).after_events;
        assert!((0..20).any(|seed| first(seed) != first(seed + 1)));
    }
}
