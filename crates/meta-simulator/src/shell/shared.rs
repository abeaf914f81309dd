//! What the server's threads and the handles share.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use crate::{
    config::{Clock, RetryPolicy},
    core::{Answer, Core, LogEvent, Saying, Scheduled, SendRequest, WebhookPlan},
    error::Error,
};

/// More webhooks than this under way, and Meta says it is overloaded.
const MAX_PENDING: u64 = 100_000;

/// Work for the poster.
pub(super) enum Job {
    /// Wait, then let it happen.
    Later(Scheduled),
    /// Post a webhook.
    Post(WebhookPlan),
}

/// One simulator.
pub(super) struct Shared {
    core: Mutex<Core>,
    pub clock: Clock,
    pub base_url: String,
    pub verify_token: String,
    pub retry: RetryPolicy,
    pub hold_answer: Duration,
    webhook_url: Mutex<Option<String>>,
    /// Not bounded itself: `MAX_PENDING` bounds what is put in.
    jobs: mpsc::UnboundedSender<Job>,
    /// Counts changes, so that waiting needs no polling.
    changes: watch::Sender<u64>,
    stop: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(
        config: crate::Config,
        base_url: String,
        jobs: mpsc::UnboundedSender<Job>,
        stop: watch::Sender<bool>,
    ) -> Self {
        Self {
            core: Mutex::new(Core::new(&config)),
            clock: config.clock,
            base_url,
            verify_token: config.verify_token,
            retry: config.retry,
            hold_answer: Duration::from_millis(config.hold_answer_ms),
            webhook_url: Mutex::new(config.webhook_url),
            jobs,
            changes: watch::Sender::new(0),
            stop,
        }
    }

    /// The core. A thread that panicked while holding it left whole values behind, so go on.
    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    pub(super) fn webhook_url(&self) -> Option<String> {
        self.webhook_url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_webhook_url(&self, url: Option<String>) {
        *self.webhook_url.lock().unwrap_or_else(PoisonError::into_inner) = url;
    }

    /// Changes the core and wakes whoever waits.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Core) -> T) -> T {
        let mut core = self.core();
        let logged = core.log().len();
        let result = change(&mut core);
        for plan in core.take_ready() {
            core.counters_mut().pending += 1;
            self.enqueue(&mut core, Job::Post(plan));
        }
        for entry in core.log().iter().skip(logged) {
            match entry.event {
                LogEvent::Send(_) | LogEvent::Said(_) | LogEvent::Call(_) | LogEvent::Permission(_) => {
                    tracing::info!(target: "meta_simulator::chat", "{entry}");
                }
                LogEvent::ReadMark { .. } | LogEvent::Status(_) | LogEvent::CallEvent(_) => {
                    tracing::debug!(target: "meta_simulator::chat", "{entry}");
                }
            }
        }
        drop(core);
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

    /// A request of the business.
    pub(super) fn send(&self, request: &SendRequest<'_>) -> Answer {
        let now = self.now_ms();
        self.change(|core| {
            if core.counters().pending > MAX_PENDING {
                return core.overloaded();
            }
            let mut answer = core.send(request, now);
            core.counters_mut().pending += answer.scheduled.len() as u64;
            for scheduled in answer.scheduled.drain(..) {
                self.enqueue(core, Job::Later(scheduled));
            }
            answer
        })
    }

    /// A `POST …/calls` of the business.
    pub(super) fn call(&self, request: &SendRequest<'_>) -> Answer {
        let now = self.now_ms();
        self.change(|core| {
            if core.counters().pending > MAX_PENDING { core.overloaded() } else { core.call(request, now) }
        })
    }

    /// What is due happens.
    pub(super) fn advance(&self) {
        let now = self.now_ms();
        self.change(|core| core.advance_before(now));
    }

    /// A message of a person.
    pub(super) fn say(&self, saying: &Saying) -> Result<String, Error> {
        let now = self.now_ms();
        self.change(|core| {
            if core.counters().pending > MAX_PENDING {
                return Err(Error::Overloaded);
            }
            let (wamid, plan) = core.say(saying, now)?;
            core.counters_mut().pending += 1;
            self.enqueue(core, Job::Post(plan));
            Ok(wamid)
        })
    }

    fn enqueue(&self, core: &mut Core, job: Job) {
        // The poster is gone after shutdown; then nothing is under way.
        if self.jobs.send(job).is_err() {
            forget_one(core);
        }
    }

    /// A job is through.
    pub(super) fn finished(&self) {
        self.change(forget_one);
    }
}

/// One thing less is under way.
fn forget_one(core: &mut Core) {
    let pending = &mut core.counters_mut().pending;
    *pending = pending.saturating_sub(1);
}
