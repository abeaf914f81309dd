//! Time as a value, and the clocks that give it.

use std::{
    fmt,
    ops::{Add, Sub},
    str::FromStr,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment: milliseconds since 1970-01-01T00:00:00Z. In JSON it is RFC 3339 text in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time: {0}")]
pub struct TimestampError(String);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// From whole seconds since the epoch, as Meta writes them; saturates.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self(moment.as_millisecond()))
            .map_err(|error| TimestampError(error.to_string()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// Where the time comes from. Injected: nothing decides by the wall clock directly.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that tests set and advance.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at `ms` milliseconds since the epoch.
    pub const fn at_millis(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The machine's clock run faster from a common origin, so that a simulation on real processes can let
/// an hour of silence pass in seconds. Written `<origin in ms since the epoch>x<speed>`.
///
/// Every process of one simulation gets the same text and therefore agrees on the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaledClock {
    origin: Timestamp,
    speed: u32,
}

impl ScaledClock {
    /// `speed` seconds pass here for each real second since `origin`.
    pub const fn new(origin: Timestamp, speed: u32) -> Self {
        Self { origin, speed }
    }

    /// How many times faster than real time; at least 1.
    pub const fn speed(self) -> u32 {
        self.speed
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let real = SystemClock.now().since(self.origin);
        self.origin + real.saturating_mul(self.speed)
    }
}

impl fmt::Display for ScaledClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.origin.as_millis(), self.speed)
    }
}

impl FromStr for ScaledClock {
    type Err = TimestampError;
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let bad = || TimestampError(format!("expected <ms since the epoch>x<speed 1-1000>, got {text}"));
        let (origin, speed) = text.split_once('x').ok_or_else(bad)?;
        let origin = origin.parse().map_err(|_| bad())?;
        let speed = speed.parse().ok().filter(|speed| (1..=1_000).contains(speed)).ok_or_else(bad)?;
        Ok(Self { origin: Timestamp::from_millis(origin), speed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_back_from_its_text() {
        let at = Timestamp::from_millis(1_790_000_000_123);
        assert_eq!(at.to_string(), "2026-09-21T14:13:20.123Z");
        assert_eq!(at.to_string().parse(), Ok(at));
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Timestamp::from_millis(0).since(end), Duration::ZERO);
    }

    #[test]
    fn a_scaled_clock_agrees_with_its_text() {
        let clock = ScaledClock::new(Timestamp::from_millis(1_790_000_000_000), 60);
        assert_eq!(clock.to_string().parse(), Ok(clock));
        for bad in ["", "1", "1x0", "1x1001", "x5", "ax5"] {
            assert!(bad.parse::<ScaledClock>().is_err(), "{bad}");
        }
    }
}
