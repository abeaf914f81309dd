//! A circuit breaker as a pure state machine: time comes in as an argument.
//!
//! ```text
//!     failures in a row reach the limit, or Busy          the wait is over, one probe goes out
//!   Closed ────────────────────────────────────► Open ────────────────────────────────────────► HalfOpen
//!     ▲                                            ▲                                                │
//!     │                                            └───────────── the probe failed ────────────────┤
//!     └────────────────────────────────────────────────────────── the probe succeeded ─────────────┘
//! ```

use std::time::{Duration, Instant};

/// The longest that the other side can keep the breaker open with one answer.
pub const BUSY_MAX: Duration = Duration::from_mins(5);

/// When it opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Failures in a row that open it; 0 counts as 1.
    pub failures: u32,
    /// Time from opening to the next probe.
    pub open_for: Duration,
}

impl Default for BreakerConfig {
    /// Five failures, thirty seconds.
    fn default() -> Self {
        Self { failures: 5, open_for: Duration::from_secs(30) }
    }
}

/// Where the breaker stands, for metrics and readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are refused.
    Open,
    /// One call, the probe, is under way; others are refused.
    HalfOpen,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The other side answered, whatever the answer is worth.
    Success,
    /// It did not.
    Failure,
    /// It said that it takes no more calls for this long: opens the breaker at once, for as long as it said.
    Busy {
        /// How long; more than [`BUSY_MAX`] counts as that.
        wait: Duration,
    },
    /// The caller gave up before it was known. Proves nothing: a probe given up leaves room for another.
    Abandoned,
}

/// Leave to make one call; to be given back with its [`Outcome`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a pass that is not settled blocks a half-open breaker"]
pub struct Pass {
    generation: u64,
}

/// The breaker is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Time until a probe may go out; zero while one is under way.
    pub retry_in: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    /// Until the wait has passed since then.
    Open {
        since: Instant,
        wait: Duration,
    },
    HalfOpen,
}

/// The machine.
#[derive(Debug)]
pub struct Breaker {
    config: BreakerConfig,
    state: State,
    /// Counts changes of state, so that a call begun before the last change has no say in it.
    generation: u64,
}

impl Breaker {
    /// A closed breaker.
    pub const fn new(config: BreakerConfig) -> Self {
        Self { config, state: State::Closed { failures: 0 }, generation: 0 }
    }

    /// Where it stands. An open breaker stays open until a call asks for the probe.
    pub const fn state(&self) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen => BreakerState::HalfOpen,
        }
    }

    /// Asks to make a call at `now`.
    pub fn pass(&mut self, now: Instant) -> Result<Pass, Refused> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { since, wait } => {
                let retry_in = wait.saturating_sub(now.saturating_duration_since(since));
                if !retry_in.is_zero() {
                    return Err(Refused { retry_in });
                }
                self.change(State::HalfOpen);
            }
            State::HalfOpen => return Err(Refused { retry_in: Duration::ZERO }),
        }
        Ok(Pass { generation: self.generation })
    }

    /// Takes a pass back at `now`.
    #[expect(clippy::needless_pass_by_value, reason = "a pass is settled once")]
    pub fn settle(&mut self, pass: Pass, outcome: Outcome, now: Instant) {
        if pass.generation != self.generation {
            return;
        }
        match (self.state, outcome) {
            (State::Open { .. }, _) | (State::Closed { .. }, Outcome::Abandoned) => {}
            (_, Outcome::Busy { wait }) => self.open(now, wait.min(BUSY_MAX)),
            (State::Closed { .. }, Outcome::Success) => self.state = State::Closed { failures: 0 },
            (State::Closed { failures }, Outcome::Failure) => {
                let failures = failures.saturating_add(1);
                if failures >= self.config.failures {
                    self.open(now, self.config.open_for);
                } else {
                    self.state = State::Closed { failures };
                }
            }
            (State::HalfOpen, Outcome::Success) => self.change(State::Closed { failures: 0 }),
            (State::HalfOpen, Outcome::Failure) => self.open(now, self.config.open_for),
            (State::HalfOpen, Outcome::Abandoned) => self.open(now, Duration::ZERO),
        }
    }

    fn open(&mut self, since: Instant, wait: Duration) {
        self.change(State::Open { since, wait });
    }

    fn change(&mut self, to: State) {
        self.state = to;
        self.generation = self.generation.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn fail(breaker: &mut Breaker, times: u32, now: Instant) {
        for _ in 0..times {
            let pass = breaker.pass(now).unwrap();
            breaker.settle(pass, Outcome::Failure, now);
        }
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_thirty_seconds() {
        let start = Instant::now();
        let mut breaker = Breaker::new(BreakerConfig::default());
        fail(&mut breaker, 4, start);
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&mut breaker, 1, start);
        assert_eq!(breaker.state(), BreakerState::Open);
        for (after, retry_in) in [(0, 30), (1, 29), (29, 1)] {
            assert_eq!(breaker.pass(start + SECOND * after), Err(Refused { retry_in: SECOND * retry_in }));
        }
        assert!(breaker.pass(start + SECOND * 30).is_ok());
    }

    #[test]
    fn a_success_between_failures_starts_the_count_again() {
        let now = Instant::now();
        let mut breaker = Breaker::new(BreakerConfig::default());
        fail(&mut breaker, 4, now);
        let pass = breaker.pass(now).unwrap();
        breaker.settle(pass, Outcome::Success, now);
        fail(&mut breaker, 4, now);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    /// What a probe's end does, and when the next call may go out.
    #[test]
    fn the_probe_decides() {
        for (outcome, state, next_in) in [
            (Outcome::Success, BreakerState::Closed, 0),
            (Outcome::Failure, BreakerState::Open, 30),
            (Outcome::Abandoned, BreakerState::Open, 0),
        ] {
            let start = Instant::now();
            let mut breaker = Breaker::new(BreakerConfig::default());
            fail(&mut breaker, 5, start);
            let probed = start + SECOND * 30;
            let probe = breaker.pass(probed).unwrap();
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            assert_eq!(
                breaker.pass(probed),
                Err(Refused { retry_in: Duration::ZERO }),
                "one probe at a time"
            );
            breaker.settle(probe, outcome, probed);
            assert_eq!(breaker.state(), state, "{outcome:?}");
            if next_in > 0 {
                assert!(breaker.pass(probed + SECOND * (next_in - 1)).is_err(), "{outcome:?}");
            }
            assert!(breaker.pass(probed + SECOND * next_in).is_ok(), "{outcome:?}");
        }
    }

    /// One answer is enough, from a closed breaker and from a probe, and what it asks for is bounded.
    #[test]
    fn busy_opens_it_at_once_for_as_long_as_was_said() {
        for (said, held) in [(1, 1), (45, 45), (300, 300), (u64::MAX, 300)] {
            let mut now = Instant::now();
            let mut breaker = Breaker::new(BreakerConfig::default());
            for _ in ["closed", "half open"] {
                let pass = breaker.pass(now).unwrap();
                breaker.settle(pass, Outcome::Busy { wait: Duration::from_secs(said) }, now);
                assert_eq!(breaker.state(), BreakerState::Open);
                assert_eq!(breaker.pass(now), Err(Refused { retry_in: SECOND * held }), "{said}");
                now += SECOND * held;
            }
            assert!(breaker.pass(now).is_ok(), "{said}");
        }
    }

    #[test]
    fn a_call_from_before_the_last_change_has_no_say() {
        let start = Instant::now();
        let mut breaker = Breaker::new(BreakerConfig::default());
        let slow_success = breaker.pass(start).unwrap();
        let slow_failure = breaker.pass(start).unwrap();
        fail(&mut breaker, 5, start);
        breaker.settle(slow_success, Outcome::Success, start);
        assert_eq!(breaker.state(), BreakerState::Open);
        let probe = breaker.pass(start + SECOND * 30).unwrap();
        breaker.settle(slow_failure, Outcome::Failure, start + SECOND * 30);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        breaker.settle(probe, Outcome::Success, start + SECOND * 30);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    proptest! {
        /// Whatever happens in whatever order: at most one probe is out; while open and early nothing
        /// passes; and once every pass is settled, a call always passes after `open_for`.
        #[test]
        fn it_never_floods_and_never_sticks(
            limit in 0_u32..6,
            steps in prop::collection::vec((0_u8..3, 0_u64..20, any::<prop::sample::Index>(), 0_u8..4), 0..200),
        ) {
            let config = BreakerConfig { failures: limit, open_for: SECOND * 10 };
            let mut breaker = Breaker::new(config);
            let mut now = Instant::now();
            let mut out: Vec<Pass> = Vec::new();
            for (action, wait, index, outcome) in steps {
                now += SECOND * u32::try_from(wait).unwrap();
                let before = breaker.state();
                if action > 0 {
                    let passed = breaker.pass(now);
                    prop_assert_eq!(passed.is_ok(), before != BreakerState::HalfOpen && (before == BreakerState::Closed || breaker.state() == BreakerState::HalfOpen));
                    if let Err(refused) = &passed {
                        prop_assert!(refused.retry_in <= config.open_for);
                    }
                    out.extend(passed);
                } else if !out.is_empty() {
                    let pass = out.swap_remove(index.index(out.len()));
                    let busy = Outcome::Busy { wait: SECOND * 7 };
                    let outcome = [Outcome::Success, Outcome::Failure, Outcome::Abandoned, busy][usize::from(outcome)];
                    breaker.settle(pass, outcome, now);
                }
            }
            for pass in out {
                breaker.settle(pass, Outcome::Abandoned, now);
            }
            prop_assert_ne!(breaker.state(), BreakerState::HalfOpen);
            prop_assert!(breaker.pass(now + config.open_for).is_ok());
        }
    }
}
