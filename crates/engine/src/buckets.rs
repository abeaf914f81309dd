//! How fast one business number may send, and how fast to one person.
//!
//! Pure: the caller brings a monotonic time in milliseconds. Each bucket is one number, the time at which it is
//! full again (the "generic cell rate algorithm"): a bucket that is full holds nothing worth keeping, so idle
//! people are forgotten without changing any answer.

use std::{collections::BTreeMap, time::Duration};

use marketplace::ContactId;

/// Meta lets a number send 80 messages a second by default (error 130429 above it).
const NUMBER: Rate = Rate { micros_per_token: 12_500, burst: 32 };
/// Meta lets a number send one message in 6 seconds to one person, 45 at once at most (error 131056 above it).
const PAIR: Rate = Rate { micros_per_token: 6_000_000, burst: 45 };
/// The most people remembered. The number's own rate keeps fewer than 80 × 270 of them busy.
pub const PEOPLE_MAX: usize = 32_768;
/// How long a send waits when too many people are remembered.
const FULL_WAIT: Duration = Duration::from_secs(1);

/// How a bucket fills.
#[derive(Debug, Clone, Copy)]
struct Rate {
    micros_per_token: u64,
    burst: u64,
}

/// When the bucket is full again, in microseconds of the caller's clock.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    full_at: u64,
}

impl Bucket {
    /// How long until there is a token; `None` when there is one now.
    fn wait(self, rate: Rate, now: u64) -> Option<Duration> {
        let after = self.full_at.max(now).saturating_add(rate.micros_per_token);
        let room = now.saturating_add(rate.micros_per_token.saturating_mul(rate.burst));
        (after > room).then(|| Duration::from_micros(after - room))
    }

    fn take(&mut self, rate: Rate, now: u64) {
        self.full_at = self.full_at.max(now).saturating_add(rate.micros_per_token);
    }

    const fn give_back(&mut self, rate: Rate) {
        self.full_at = self.full_at.saturating_sub(rate.micros_per_token);
    }

    const fn is_full(self, now: u64) -> bool {
        self.full_at <= now
    }
}

/// The buckets of one business number.
#[derive(Debug, Default)]
pub struct SendBuckets {
    number: Bucket,
    people: BTreeMap<ContactId, Bucket>,
}

impl SendBuckets {
    /// Full buckets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one message's worth from the number's bucket and from the person's, or from neither.
    ///
    /// # Errors
    /// How long to wait before there is one.
    pub fn try_take(&mut self, to: ContactId, now_ms: u64) -> Result<(), Duration> {
        let now = now_ms.saturating_mul(1_000);
        let person = self.people.get(&to).copied().unwrap_or_default();
        let wait = self.number.wait(NUMBER, now).max(person.wait(PAIR, now));
        if let Some(wait) = wait {
            return Err(wait);
        }
        if self.people.len() >= PEOPLE_MAX && !self.people.contains_key(&to) {
            self.people.retain(|_, bucket| !bucket.is_full(now));
            if self.people.len() >= PEOPLE_MAX {
                return Err(FULL_WAIT);
            }
        }
        self.number.take(NUMBER, now);
        self.people.entry(to).or_default().take(PAIR, now);
        Ok(())
    }

    /// Puts back what was taken for a message that did not go on the wire.
    pub fn give_back(&mut self, to: ContactId) {
        self.number.give_back(NUMBER);
        if let Some(person) = self.people.get_mut(&to) {
            person.give_back(PAIR);
        }
    }

    /// How many people are remembered.
    pub fn people(&self) -> usize {
        self.people.len()
    }
}

#[cfg(test)]
mod tests {
    use marketplace::SeededIds;
    use proptest::prelude::*;

    use super::*;

    fn people(count: usize) -> Vec<ContactId> {
        let ids = SeededIds::new(7);
        (0..count).map(|_| ContactId::generate(&ids)).collect()
    }

    #[test]
    fn a_person_gets_a_burst_then_one_in_six_seconds() {
        let (mut buckets, to) = (SendBuckets::new(), people(1)[0]);
        let mut now = 1_000;
        for _ in 0..45 {
            now += 13;
            assert_eq!(buckets.try_take(to, now), Ok(()));
        }
        let wait = buckets.try_take(to, now).unwrap_err();
        assert!(wait > Duration::from_secs(5) && wait <= Duration::from_secs(6), "{wait:?}");
        assert!(buckets.try_take(to, now + 5_000).is_err());
        assert_eq!(buckets.try_take(to, now + 6_000), Ok(()));
        assert!(buckets.try_take(to, now + 6_000).is_err());
    }

    #[test]
    fn the_number_sends_eighty_a_second() {
        let (mut buckets, all) = (SendBuckets::new(), people(400));
        let mut sent = 0;
        for (at, to) in all.iter().enumerate() {
            sent += usize::from(buckets.try_take(*to, at as u64 * 5).is_ok());
        }
        assert!((32 + 155..=32 + 165).contains(&sent), "{sent} in two seconds");
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let (mut buckets, to) = (SendBuckets::new(), people(1)[0]);
        for _ in 0..100 {
            assert_eq!(buckets.try_take(to, 0), Ok(()));
            buckets.give_back(to);
        }
    }

    #[test]
    fn idle_people_are_forgotten_when_there_are_too_many() {
        let (mut buckets, all) = (SendBuckets::new(), people(PEOPLE_MAX + 1));
        for (at, to) in all.iter().enumerate() {
            assert_eq!(buckets.try_take(*to, at as u64 * 13), Ok(()));
        }
        assert!(buckets.people() < 1_000, "{}", buckets.people());
    }

    proptest! {
        /// In any stretch of time no more goes out than the burst and what the stretch fills in.
        #[test]
        fn no_stretch_exceeds_its_rate(steps in prop::collection::vec((0_u64..400, 0_usize..3), 1..400)) {
            let (mut buckets, all) = (SendBuckets::new(), people(3));
            let mut now = 0;
            let mut taken: Vec<(u64, usize)> = Vec::new();
            for (pause, who) in steps {
                now += pause;
                if buckets.try_take(all[who], now).is_ok() {
                    taken.push((now, who));
                }
            }
            for (first, (from, _)) in taken.iter().enumerate() {
                for (last, (to, _)) in taken.iter().enumerate().skip(first) {
                    let stretch = (to - from) * 1_000;
                    prop_assert!((last - first + 1) as u64 <= 32 + stretch / 12_500);
                    for person in 0..3 {
                        let theirs = taken[first..=last].iter().filter(|(_, who)| *who == person).count();
                        prop_assert!(theirs as u64 <= 45 + stretch / 6_000_000);
                    }
                }
            }
        }

        /// After the wait that a refusal names, there is a token; a millisecond earlier there is none.
        #[test]
        fn the_wait_is_exact(takes in 0_usize..60, at in 0_u64..10_000) {
            let (mut buckets, to) = (SendBuckets::new(), people(1)[0]);
            let mut now = at;
            for _ in 0..takes {
                now += 13;
                let _ = buckets.try_take(to, now);
            }
            if let Err(wait) = buckets.try_take(to, now) {
                let wait = u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap();
                prop_assert!(buckets.try_take(to, now + wait - 1).is_err());
                prop_assert_eq!(buckets.try_take(to, now + wait), Ok(()));
            }
        }
    }
}
