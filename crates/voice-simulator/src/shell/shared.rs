//! What the server's threads and the handles share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{
    config::{Clock, Config},
    core::Core,
};

/// One simulator.
pub(super) struct Shared {
    core: Mutex<Core>,
    clock: Clock,
    pub base_url: String,
    /// Counts changes, so that waiting needs no polling.
    changes: watch::Sender<u64>,
    stop: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(config: Config, base_url: String) -> Self {
        Self {
            core: Mutex::new(Core::new(&config)),
            clock: config.clock,
            base_url,
            changes: watch::Sender::new(0),
            stop: watch::Sender::new(false),
        }
    }

    /// The core as it is at this moment. A thread that panicked while holding it left whole values behind, so go on.
    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.expire(self.now_ms());
        core
    }

    pub(super) fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    /// Changes the core and wakes whoever waits.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Core) -> T) -> T {
        let result = change(&mut self.core());
        self.changes.send_modify(|count| *count += 1);
        result
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
        self.changes.send_modify(|count| *count += 1);
    }
}
