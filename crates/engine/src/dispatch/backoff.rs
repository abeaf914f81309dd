//! When an intent that had no effect is tried again.

use std::time::Duration;

/// An intent is tried at most this often.
pub const ATTEMPTS_MAX: i32 = 20;
/// Longest pause after a throttle.
const THROTTLE_MAX: Duration = Duration::from_secs(256);
/// Longest pause after a connection that was not made.
const CONNECT_MAX: Duration = Duration::from_mins(1);

/// The pause after attempt number `attempt` (1, 2 …) was throttled: Meta asks for 4^x seconds, x = 0, 1, 2 …, and
/// at least what the code itself calls for.
pub(super) fn throttled(attempt: i32, hint: Option<Duration>) -> Duration {
    grown(4, attempt, THROTTLE_MAX).max(hint.unwrap_or_default())
}

/// The pause after attempt number `attempt` (1, 2 …) found no connection.
pub(super) fn unconnected(attempt: i32) -> Duration {
    grown(2, attempt, CONNECT_MAX)
}

fn grown(base: u64, attempt: i32, max: Duration) -> Duration {
    let exponent = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0);
    Duration::from_secs(base.saturating_pow(exponent)).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound() {
        let seconds = |of: &dyn Fn(i32) -> Duration| -> Vec<u64> {
            [0, 1, 2, 3, 4, 5, 6, 7, 20, i32::MAX].map(|attempt| of(attempt).as_secs()).to_vec()
        };
        assert_eq!(seconds(&|n| throttled(n, None)), [1, 1, 4, 16, 64, 256, 256, 256, 256, 256]);
        assert_eq!(seconds(&unconnected), [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(throttled(1, Some(Duration::from_mins(1))), Duration::from_mins(1));
    }
}
