//! How often callers may call: a bucket for each token, one for everybody without, and those of the audit records
//! of refusals that anybody can cause. In real time.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::Clock as LimitClock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, keyed::HashMapStateStore},
};
use marketplace::{Clock, TokenId};

/// Calls of one token in a minute, unless the environment says otherwise.
pub const CALLS_PER_MINUTE: NonZeroU32 = at_least_one(600);
/// The most that the environment can allow.
pub const CALLS_PER_MINUTE_MAX: NonZeroU32 = at_least_one(100_000);
/// A token's calls that may come at once: what it gets back in ten seconds.
const BURST_PARTS: u32 = 6;
/// Calls without a valid token in a minute, for all of them together in one process; a third may come at once.
const STRANGERS_PER_MINUTE: NonZeroU32 = at_least_one(90);
const STRANGERS_BURST: NonZeroU32 = at_least_one(30);
/// Audit records of such refusals: so many at once, then one in this time. The rest are counted.
const RECORDS_BURST: NonZeroU32 = at_least_one(10);
const RECORD_EVERY: Duration = Duration::from_secs(10);

/// Whether one more may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may.
    Granted,
    /// Not before this long.
    Wait(Duration),
}

/// The injected clock, as `governor` wants one: it only goes forward. A machine's clock may be set back, and buckets
/// whose last call lies in the future would let nobody in until it has caught up.
#[derive(Clone)]
struct RealTime(Arc<Forward>);

struct Forward {
    clock: Arc<dyn Clock>,
    /// What the clock said last, and how far it has gone forward in all; milliseconds.
    seen: Mutex<(i64, u64)>,
}

impl RealTime {
    fn new(clock: &Arc<dyn Clock>) -> Self {
        let now = clock.now().as_millis();
        Self(Arc::new(Forward { clock: Arc::clone(clock), seen: Mutex::new((now, 0)) }))
    }
}

impl LimitClock for RealTime {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let now = self.0.clock.now().as_millis();
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, gone) = *seen;
        let gone = gone.saturating_add(u64::try_from(now.saturating_sub(last)).unwrap_or(0));
        *seen = (now, gone);
        Nanos::new(gone.saturating_mul(1_000_000))
    }
}

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, RealTime, NoOpMiddleware<Nanos>>;
type Shared = RateLimiter<NotKeyed, InMemoryState, RealTime, NoOpMiddleware<Nanos>>;

/// The buckets of callers.
pub(super) struct Limits {
    tokens: Keyed<TokenId>,
    strangers: Shared,
    clock: RealTime,
}

impl Limits {
    pub(super) fn new(calls_per_minute: NonZeroU32, clock: &Arc<dyn Clock>) -> Self {
        let clock = RealTime::new(clock);
        let burst = NonZeroU32::new(calls_per_minute.get() / BURST_PARTS).unwrap_or(NonZeroU32::MIN);
        let of_token = Quota::per_minute(calls_per_minute).allow_burst(burst);
        let of_strangers = Quota::per_minute(STRANGERS_PER_MINUTE).allow_burst(STRANGERS_BURST);
        Self {
            tokens: RateLimiter::new(of_token, HashMapStateStore::default(), clock.clone()),
            strangers: RateLimiter::new(of_strangers, InMemoryState::default(), clock.clone()),
            clock,
        }
    }

    /// One call of a token.
    pub(super) fn call(&self, token: TokenId) -> Admission {
        self.admission(self.tokens.check_key(&token))
    }

    /// One call without a valid token.
    pub(super) fn stranger(&self) -> Admission {
        self.admission(self.strangers.check())
    }

    fn admission(&self, checked: Result<(), NotUntil<Nanos>>) -> Admission {
        match checked {
            Ok(()) => Admission::Granted,
            Err(not_until) => Admission::Wait(not_until.wait_time_from(self.clock.now())),
        }
    }
}

/// Which refusals get an audit record of their own: by token, `None` for everybody without.
pub(super) struct RecordLimit(Keyed<Option<TokenId>>);

impl RecordLimit {
    pub(super) fn new(clock: &Arc<dyn Clock>) -> Self {
        // `with_period` is `None` for a period of zero alone.
        let quota = Quota::with_period(RECORD_EVERY).unwrap_or_else(|| Quota::per_minute(NonZeroU32::MIN));
        let quota = quota.allow_burst(RECORDS_BURST);
        Self(RateLimiter::new(quota, HashMapStateStore::default(), RealTime::new(clock)))
    }

    pub(super) fn admits(&self, of: Option<TokenId>) -> bool {
        self.0.check_key(&of).is_ok()
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}
