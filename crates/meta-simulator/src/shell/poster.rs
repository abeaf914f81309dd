//! Posts webhooks: in order per person at first, then each on its own until it gets its 200.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{
    sync::{Mutex, Semaphore, mpsc},
    time::sleep,
};

use super::shared::{Job, Shared};
use crate::core::WebhookPlan;

/// How many requests may be under way at once.
const MAX_CONCURRENT_POSTS: usize = 64;

struct Poster {
    shared: Arc<Shared>,
    client: reqwest::Client,
    slots: Semaphore,
    /// One turn at a time per person.
    turns: RefCell<HashMap<String, Rc<Mutex<()>>>>,
}

/// Works until the simulator stops.
pub(super) async fn run(shared: Arc<Shared>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let timeout = Duration::from_millis(shared.retry.timeout_ms);
    let client = match client(timeout) {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "no HTTP client: no webhook will be posted");
            return;
        }
    };
    let slots = Semaphore::new(MAX_CONCURRENT_POSTS);
    let poster = Rc::new(Poster { shared, client, slots, turns: RefCell::default() });
    while let Some(job) = jobs.recv().await {
        let poster = Rc::clone(&poster);
        actix_web::rt::spawn(async move {
            poster.work(job).await;
            poster.shared.finished();
        });
    }
}

/// A client without proxies and redirects, as a webhook sender has.
pub(super) fn client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(5))
        .build()
}

impl Poster {
    async fn work(&self, job: Job) {
        let plan = match job {
            Job::Post(plan) => Some(plan),
            Job::Later(scheduled) => {
                sleep(Duration::from_millis(scheduled.after_ms)).await;
                let now = self.shared.now_ms();
                self.shared.change(|core| core.happen(&scheduled.event, now))
            }
        };
        if let Some(plan) = plan {
            if plan.after_ms > 0 {
                sleep(Duration::from_millis(plan.after_ms)).await;
            }
            self.deliver(&plan).await;
        }
    }

    async fn deliver(&self, plan: &WebhookPlan) {
        if plan.lost {
            self.shared.change(|core| core.counters_mut().webhooks_lost += 1);
            return;
        }
        let turn = Rc::clone(self.turns.borrow_mut().entry(plan.digits.clone()).or_default());
        let first_attempts = if plan.concurrent { 1 + plan.copies } else { 1 };
        let arrived: Vec<bool> = {
            let _in_order = turn.lock().await;
            let attempt = |copy| async move {
                if copy == 0 && plan.drop_first_attempt {
                    self.shared.change(|core| core.counters_mut().webhook_drops += 1);
                    return false;
                }
                self.post(plan).await
            };
            join_all((0..first_attempts).map(attempt)).await
        };
        let missing = arrived.into_iter().filter(|&arrived| !arrived);
        join_all(missing.map(|_| self.retry(plan))).await;
        if !plan.concurrent {
            for _ in 0..plan.copies {
                if !self.post(plan).await {
                    self.retry(plan).await;
                }
            }
        }
    }

    /// Second and later attempts.
    async fn retry(&self, plan: &WebhookPlan) {
        let policy = self.shared.retry;
        let mut backoff_ms = policy.first_backoff_ms;
        for _ in 1..policy.attempts {
            sleep(Duration::from_millis(backoff_ms)).await;
            if self.post(plan).await {
                return;
            }
            backoff_ms = backoff_ms.saturating_mul(2).min(policy.max_backoff_ms);
        }
        tracing::warn!(wamid = plan.wamid, "webhook given up");
        self.shared.change(|core| core.counters_mut().webhooks_given_up += 1);
    }

    /// One request. True on 200, the only answer Meta takes for a yes.
    async fn post(&self, plan: &WebhookPlan) -> bool {
        let Ok(_slot) = self.slots.acquire().await else { return false };
        let Some(url) = self.shared.webhook_url() else {
            tracing::debug!("no webhook address is set");
            self.shared.change(|core| core.counters_mut().webhook_failures += 1);
            return false;
        };
        self.shared.change(|core| core.counters_mut().webhook_posts += 1);
        let request = self
            .client
            .post(url)
            .header("Content-Type", "application/json")
            .header("User-Agent", "facebookexternalua")
            .header("X-Hub-Signature-256", &plan.signature)
            .body(plan.body.clone());
        let ok = match request.send().await {
            Ok(answer) if answer.status() == reqwest::StatusCode::OK => true,
            Ok(answer) => {
                tracing::debug!(status = answer.status().as_u16(), "webhook not taken");
                false
            }
            Err(error) => {
                tracing::debug!(%error, "webhook not reached");
                false
            }
        };
        if !ok {
            self.shared.change(|core| core.counters_mut().webhook_failures += 1);
        }
        ok
    }
}
