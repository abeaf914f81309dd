//! Driving a running simulator from a test or a scenario.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use super::shared::Shared;
use crate::{
    Error,
    core::{Core, Fault, LogEntry, Session, Step},
};

/// A running simulator. Clones drive the same one.
#[derive(Clone)]
pub struct Handle {
    running: Arc<Running>,
}

struct Running {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>, thread: JoinHandle<io::Result<()>>) -> Self {
        Self { running: Arc::new(Running { shared, thread: Mutex::new(Some(thread)) }) }
    }

    fn shared(&self) -> &Shared {
        &self.running.shared
    }

    /// Where the protocol is served, without a trailing slash: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.shared().base_url
    }

    /// The next `times` requests of this step go wrong like this, after those that were told before.
    pub fn fault(&self, step: Step, fault: Fault, times: usize) {
        self.shared().change(|core| core.fault(step, fault, times));
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.shared().change(Core::clear_faults);
    }

    /// Live sessions at once, at most; one more is 503.
    pub fn set_capacity(&self, sessions: usize) {
        self.shared().change(|core| core.set_capacity(sessions));
    }

    /// Forgets every session, as a media server does that starts anew.
    pub fn forget(&self) {
        self.shared().change(Core::forget);
    }

    /// Every session there was, in order of their beginning.
    pub fn sessions(&self) -> Vec<Session> {
        self.shared().core().sessions().to_vec()
    }

    /// The newest session of an attempt.
    pub fn session_of(&self, attempt: &str) -> Option<Session> {
        self.shared().core().session_of(attempt).cloned()
    }

    /// Sessions that are not over.
    pub fn live(&self) -> usize {
        self.shared().core().live()
    }

    /// Every request, in order.
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared().core().log().to_vec()
    }

    /// Waits until the newest session of an attempt is as it is wanted.
    pub async fn wait_for_session(
        &self,
        attempt: &str,
        timeout: Duration,
        fits: impl Fn(&Session) -> bool,
    ) -> Result<Session, Error> {
        self.wait_for(timeout, |core| core.session_of(attempt).filter(|session| fits(session)).cloned()).await
    }

    /// Waits until `look` finds something; it looks again after every request. Real time; no polling.
    pub async fn wait_for<T>(
        &self,
        timeout: Duration,
        look: impl Fn(&Core) -> Option<T>,
    ) -> Result<T, Error> {
        let mut changes = self.shared().changes();
        let found = tokio::time::timeout(timeout, async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = look(&self.shared().core()) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        });
        found.await.ok().flatten().ok_or(Error::TimedOut(timeout))
    }

    /// Stops the server and waits until it has.
    pub fn shutdown(&self) {
        self.shared().stop();
        let thread = self.running.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            match thread.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the simulator's server failed"),
                Err(_) => tracing::error!("the simulator's server panicked"),
            }
        }
    }
}
