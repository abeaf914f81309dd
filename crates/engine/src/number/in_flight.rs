//! What the tasks of this process are working on.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The work that a task of this process has in its hands.
#[derive(Debug)]
pub(crate) struct InFlight<K>(Mutex<BTreeSet<K>>);

impl<K> Default for InFlight<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord + Copy> InFlight<K> {
    /// Enters a piece of work until the returned value is dropped; `None` when a task has it already.
    pub(crate) fn enter(self: &Arc<Self>, work: K) -> Option<Entered<K>> {
        let entered = self.set().insert(work);
        entered.then(|| Entered { of: Arc::clone(self), work })
    }

    /// Whether a task has it.
    pub(crate) fn contains(&self, work: K) -> bool {
        self.set().contains(&work)
    }

    /// How much there is.
    pub(crate) fn count(&self) -> usize {
        self.set().len()
    }

    fn set(&self) -> MutexGuard<'_, BTreeSet<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A piece of work in a task's hands, until dropped.
pub(crate) struct Entered<K: Ord + Copy> {
    of: Arc<InFlight<K>>,
    work: K,
}

impl<K: Ord + Copy> Entered<K> {
    /// What is worked on.
    pub(crate) const fn work(&self) -> K {
        self.work
    }
}

impl<K: Ord + Copy> Drop for Entered<K> {
    fn drop(&mut self) {
        self.of.set().remove(&self.work);
    }
}
