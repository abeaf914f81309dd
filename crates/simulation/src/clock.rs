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

    /// A clock that shows the next full `hour` (0 to 23) where the cast lives and runs `speed` times faster than real
    /// time, at least twice: its origin lies so far back that it has run ahead to that hour by now.
    pub fn starting_at_hour(hour: u8, speed: u32) -> Self {
        Self::showing(next_hour(real_now_ms(), hour), speed, real_now_ms())
    }

    /// A clock that shows `shown_ms` when the machine's shows `real_ms`.
    fn showing(shown_ms: i64, speed: u32, real_ms: i64) -> Self {
        let speed = speed.max(2);
        let ahead = shown_ms.saturating_sub(real_ms).max(0);
        let gains = i64::from(speed - 1);
        // Rounded up: a moment after the hour, never before it.
        Self { origin_ms: real_ms.saturating_sub(ahead.saturating_add(gains - 1) / gains), speed }
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

/// Africa/Nairobi, where every number and every shop of the cast is: no summer time.
const CAST_AHEAD_OF_UTC_MS: i64 = 3 * HOUR_MS;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The next moment after `now_ms` at which it is this hour where the cast lives.
fn next_hour(now_ms: i64, hour: u8) -> i64 {
    let local = now_ms.saturating_add(CAST_AHEAD_OF_UTC_MS);
    let wanted = i64::from(hour % 24) * HOUR_MS;
    let until = (wanted - local.rem_euclid(DAY_MS)).rem_euclid(DAY_MS);
    now_ms.saturating_add(until)
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

    #[test]
    fn a_day_begins_at_the_hour_that_is_asked_for_whatever_the_machine_says() {
        let morning = "2026-11-26T07:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        for real in [
            "2026-11-25T07:00:01Z",
            "2026-11-25T20:59:59Z",
            "2026-11-26T06:59:59.999Z",
            "2026-11-26T07:00:00Z",
        ] {
            let real_ms = real.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            assert_eq!(next_hour(real_ms, 10), morning, "{real}");
            for speed in [2, 20, 60, 1_000] {
                let clock = SimulationClock::showing(morning, speed, real_ms);
                let shown = clock.origin_ms + (real_ms - clock.origin_ms) * i64::from(speed);
                assert!((0..=i64::from(speed)).contains(&(shown - morning)), "{real} at {speed}: {shown}");
            }
        }
    }

    #[test]
    fn a_day_runs_on_from_its_hour() {
        let clock = SimulationClock::starting_at_hour(10, 20);
        let minutes = (clock.now_ms() + CAST_AHEAD_OF_UTC_MS).rem_euclid(DAY_MS) / 60_000;
        assert!((600..=640).contains(&minutes), "{minutes} minutes after midnight");
    }
}
