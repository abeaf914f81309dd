//! How long the dialler waits for what passes by itself, and how often it tries again.

use std::time::Duration;

/// An intent is held at most until it is this old; then it is refused, for the reason for it may be gone.
pub const INTENT_LASTS: Duration = Duration::from_mins(2);
/// How soon an intent that is held is looked at again.
pub(super) const HOLD: Duration = Duration::from_secs(1);
/// How often the voice gateway is asked for an offer at most.
pub(super) const OFFER_TRIES: u32 = 3;
/// How often Meta's media answer is handed to the voice gateway at most: Meta waits 20 s for media.
pub(super) const ANSWER_TRIES: u32 = 8;
/// How often the voice gateway is told to hang up at most; after that it gives the session up by itself.
pub(super) const HANG_UP_TRIES: u32 = 12;
/// How often `terminate` is sent at most, over some ten minutes.
pub const TERMINATE_TRIES: i32 = 24;
/// The longest pause between two tries that nobody answered.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// The pause after Meta refused a `terminate`: another one hardly helps.
const REFUSED_PAUSE: Duration = Duration::from_mins(1);

/// The pause after try number `tries` (1, 2 …) was not confirmed.
pub(super) fn unconfirmed(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.saturating_sub(1).min(6)).min(PAUSE_MAX)
}

/// The pause after `terminate` number `tries` (1, 2 …).
pub(super) fn terminate(tries: i32, refused: bool) -> Duration {
    if refused { REFUSED_PAUSE } else { unconfirmed(u32::try_from(tries).unwrap_or(0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound() {
        let seconds = [0, 1, 2, 3, 4, 5, 6, 7, 50, u32::MAX].map(|tries| unconfirmed(tries).as_secs());
        assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 30, 30, 30, 30]);
        assert_eq!([-1, 1, 3].map(|tries| terminate(tries, false).as_secs()), [1, 1, 4]);
        assert_eq!(terminate(1, true).as_secs(), 60);
    }

    #[test]
    fn meta_waits_long_enough_for_every_try_to_hand_media_over() {
        let pauses: Duration = (1..4).map(unconfirmed).sum();
        assert!(pauses < Duration::from_secs(20), "several tries fall into Meta's 20 seconds");
    }
}
