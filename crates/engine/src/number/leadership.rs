//! The right to use a business number for one thing: to send from it, or to call from it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use marketplace::Timestamp;
use store::{Db, StoreError, Tx, leases};

/// How long the right lasts without a step; real time.
pub const LEASE: Duration = Duration::from_mins(1);
/// How often the lease is extended; between that, each claim checks in its transaction that it still holds.
const RENEWAL: Duration = Duration::from_secs(20);

/// The lease as this process last took or extended it. Clones share what they know.
#[derive(Clone)]
pub(crate) struct Leadership {
    db: Db,
    lease: String,
    owner: String,
    led: Arc<Mutex<Option<Led>>>,
}

/// In real time.
#[derive(Debug, Clone, Copy)]
struct Led {
    fence: i64,
    renew_at: Timestamp,
}

/// Under which right something is claimed.
#[derive(Clone)]
pub(crate) struct Term {
    lease: String,
    owner: String,
    /// Grows with each owner: what an earlier one left behind is told apart by it.
    pub(crate) fence: i64,
}

impl Leadership {
    /// `owner` names this process start.
    pub(crate) fn new(db: Db, lease: String, owner: String) -> Self {
        Self { db, lease, owner, led: Arc::default() }
    }

    /// Takes or extends the lease. The term we have; `None` while another process has it.
    pub(crate) async fn term(&self) -> Result<Option<Term>, StoreError> {
        let term = |fence| Term { lease: self.lease.clone(), owner: self.owner.clone(), fence };
        let now = self.db.lease_clock.now();
        let led = *self.led.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(led) = led.filter(|led| now < led.renew_at) {
            return Ok(Some(term(led.fence)));
        }
        let (lease, owner) = (self.lease.clone(), self.owner.clone());
        let fence = self.db.write(move |tx| leases::acquire(tx, &lease, &owner, LEASE)).await?;
        self.set(fence.map(|fence| Led { fence, renew_at: now + RENEWAL }));
        Ok(fence.map(term))
    }

    /// A transaction found that another process has it now.
    pub(crate) fn lost(&self) {
        self.set(None);
    }

    /// Gives it back, so that a successor need not wait for it to run out.
    pub(crate) async fn release(&self) -> Result<(), StoreError> {
        self.set(None);
        let (lease, owner) = (self.lease.clone(), self.owner.clone());
        self.db.write(move |tx| leases::release(tx, &lease, &owner)).await
    }

    fn set(&self, led: Option<Led>) {
        *self.led.lock().unwrap_or_else(PoisonError::into_inner) = led;
    }
}

impl Term {
    /// Whether it still holds in this transaction.
    pub(crate) fn is_held(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        leases::is_held(tx, &self.lease, &self.owner, self.fence)
    }
}
