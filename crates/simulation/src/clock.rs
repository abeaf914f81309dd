//! The time of a simulation: the machine's clock run faster from one origin, the same in every process.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Written `<origin in ms since the epoch>x<speed>`, as `SIMULATION_CLOCK` wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulationClock {
    origin_ms: i64,
    speed: u32,
}

impl SimulationClock {
    /// A clock that starts now and runs `speed` times faster than real time.
    pub fn starting_now(speed: u32) -> Self {
        Self { origin_ms: real_now_ms(), speed: speed.max(1) }
    }

    /// Simulated milliseconds since the epoch.
    pub fn now_ms(self) -> i64 {
        let real = real_now_ms().saturating_sub(self.origin_ms).max(0);
        self.origin_ms.saturating_add(real.saturating_mul(i64::from(self.speed)))
    }

    /// Where simulated and real time were the same.
    pub const fn origin_ms(self) -> i64 {
        self.origin_ms
    }

    /// How many times faster than real time.
    pub const fn speed(self) -> u32 {
        self.speed
    }

    /// How long simulated seconds take on the wall clock.
    pub fn real(self, simulated: Duration) -> Duration {
        simulated / self.speed
    }
}

impl fmt::Display for SimulationClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.origin_ms, self.speed)
    }
}

fn real_now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulated_time_runs_ahead_and_is_written_as_the_product_reads_it() {
        let clock = SimulationClock { origin_ms: 1_790_000_000_000, speed: 60 };
        assert_eq!(clock.to_string(), "1790000000000x60");
        assert_eq!(clock.real(Duration::from_mins(2)), Duration::from_secs(2));
        assert_eq!(SimulationClock::starting_now(0).speed(), 1);
    }
}
