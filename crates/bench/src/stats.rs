//! What a list of durations says: percentiles, median, rate.

use std::time::Duration;

/// Durations of one thing done many times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// `None` without samples.
    pub(crate) fn spread(&self) -> Option<Spread> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        Some(Spread { p50: percentile(&sorted, 50)?, p99: percentile(&sorted, 99)? })
    }
}

/// The middle and the slow end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spread {
    /// Half of the samples took no longer.
    pub(crate) p50: Duration,
    /// 99 of 100 took no longer.
    pub(crate) p99: Duration,
}

/// The nearest-rank percentile: the smallest sample that `percent` in a hundred do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// The middle of sorted numbers, the lower one of two; `None` without any.
pub(crate) fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// How often a second; 0 for no time at all.
pub(crate) fn per_second(count: usize, elapsed: Duration) -> f64 {
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 { float(count) / seconds } else { 0.0 }
}

/// Counts here are far below 2^32.
pub(crate) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(ms: impl IntoIterator<Item = u64>) -> Samples {
        Samples(ms.into_iter().map(Duration::from_millis).collect())
    }

    #[test]
    fn percentiles_are_samples_that_occurred_whatever_their_order() {
        let ms = Duration::from_millis;
        for (given, p50, p99) in [
            (samples([7]), 7, 7),
            (samples([9, 1]), 1, 9),
            (samples([3, 1, 2]), 2, 3),
            (samples((1..=100).rev()), 50, 99),
            (samples((1..=200).chain([9_000])), 101, 199),
        ] {
            assert_eq!(given.spread(), Some(Spread { p50: ms(p50), p99: ms(p99) }), "{given:?}");
        }
    }

    #[test]
    fn nothing_measured_has_no_spread_and_no_median() {
        assert_eq!((Samples::default().spread(), median(&[])), (None, None));
    }

    #[test]
    fn the_median_is_a_number_that_occurred() {
        for (sorted, middle) in [(&[4.0][..], 4.0), (&[1.0, 9.0], 1.0), (&[1.0, 2.0, 9.0], 2.0)] {
            assert_eq!(median(sorted), Some(middle), "{sorted:?}");
        }
    }

    #[test]
    fn merged_samples_count_together() {
        let mut all = samples([1, 2]);
        all.extend(samples([6]));
        assert_eq!((all.len(), all.spread().unwrap().p99), (3, Duration::from_millis(6)));
    }

    #[test]
    fn a_rate_is_a_count_by_seconds() {
        assert!((per_second(300, Duration::from_millis(1_500)) - 200.0).abs() < 1e-9);
        assert!(per_second(5, Duration::ZERO).abs() < 1e-9);
    }
}
