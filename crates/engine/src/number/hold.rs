//! Why nothing goes out from a number for a while: a person switched it off, a breaker is open, or Meta said so.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use marketplace::Timestamp;
use store::{
    Db, StoreError, Tx, flags,
    outbox::breaker::{self, OpenBreaker, Scope},
};

/// How long a number rests after Meta refused its token, its rights or the business itself; real time.
pub const OPERATOR_HOLD: Duration = Duration::from_mins(5);

/// Why a number sends, or calls, nothing for a while. `C` is the class of Meta's refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold<C> {
    /// The `outbound` switch is off, or can't be read.
    OutboundOff,
    /// The breaker for outbound volume is open: a person must act.
    BreakerOpen,
    /// Meta asked to slow down.
    Throttled,
    /// Meta refuses the token, the rights, the number or the business: a person must act.
    Operator {
        /// What kind of refusal.
        class: C,
        /// Meta's code.
        code: i64,
    },
}

/// A number's rest after what Meta said, in real time. It stays until Meta takes something again.
pub(crate) struct Rest<C>(Mutex<Option<(Hold<C>, Timestamp)>>);

impl<C> Default for Rest<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C: Copy> Rest<C> {
    /// Why nothing goes out now: the rest, else the switch or the breaker, as this process reads them.
    pub(crate) async fn hold(&self, db: &Db) -> Option<Hold<C>> {
        let now = db.lease_clock.now();
        let rest = *self.inner();
        if let Some((hold, _)) = rest.filter(|(_, until)| now < *until) {
            return Some(hold);
        }
        let look = |tx: &mut Tx<'_>| {
            let breaker = breaker::open_breaker(tx, Scope::Product)?;
            Ok::<_, StoreError>((flags::load(tx.conn)?.outbound, breaker.is_some()))
        };
        match db.read(look).await {
            Ok((true, false)) => None,
            Ok((true, true)) => Some(Hold::BreakerOpen),
            Ok((false, _)) => Some(Hold::OutboundOff),
            Err(error) => {
                tracing::error!(%error, "the switch and the breaker can't be read: nothing goes out");
                Some(Hold::OutboundOff)
            }
        }
    }

    /// For how long it still rests at `now`.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        let rest = *self.inner();
        rest.filter(|(_, until)| now < *until).map(|(_, until)| until.since(now))
    }

    /// Whether Meta has taken nothing since it made us rest.
    pub(crate) fn is_untried(&self) -> bool {
        self.inner().is_some()
    }

    /// Rests until then, or as long as it does already; says whether that is longer than before.
    pub(crate) fn begin(&self, hold: Hold<C>, until: Timestamp) -> bool {
        let mut rest = self.inner();
        let longer = rest.is_none_or(|(_, known)| known < until);
        if longer {
            *rest = Some((hold, until));
        }
        longer
    }

    /// Meta took something. While it throttles others that proves nothing about the number's rate.
    pub(crate) fn meta_took_one(&self, now: Timestamp) {
        self.inner().take_if(|(hold, until)| !matches!(hold, Hold::Throttled) || *until <= now);
    }

    fn inner(&self) -> MutexGuard<'_, Option<(Hold<C>, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Said once, by the process whose message or call was one too many.
pub(crate) fn report_opened(open: &OpenBreaker) {
    let contact = match open.scope {
        Scope::Product => None,
        Scope::Vendor(contact) => Some(contact.to_string()),
    };
    tracing::error!(
        breaker = open.scope.code(),
        contact,
        sent = open.sent,
        limit = open.limit,
        "the breaker for outbound volume opened: what it holds stays queued until a person runs \
         `concierge-admin outbox resume`"
    );
}
