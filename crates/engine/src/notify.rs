//! Tells the people who operate: takes notifications from their outbox, at least once each.
//!
//! A transaction takes one for an attempt before the wire, a second one records what came of it. A crash in between lets
//! it be tried again a minute later, under the same id.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use marketplace::IdSource;
use operator_webhook::{Notice, OperatorWebhook, Undelivered, VERSION};
use store::{
    Db, Tx,
    dead_letters::{self, DeadLetterSource, NewDeadLetter},
    notifications::{self, Notification, NotificationStatus},
};
use tools::ToolError;

/// How many are on the wire at once, and in one step.
const AT_ONCE: usize = 4;
/// An attempt whose worker died is made again after this; longer than any attempt takes.
const ATTEMPT: Duration = Duration::from_mins(1);
/// The pause after the first attempt; it doubles …
const PAUSE_MIN: Duration = Duration::from_secs(2);
/// … up to this.
const PAUSE_MAX: Duration = Duration::from_mins(15);
/// What is not delivered so long after it happened is given up.
pub const GIVEN_UP_AFTER: Duration = Duration::from_hours(24);

/// Delivers notifications.
#[derive(Clone)]
pub struct Notifier {
    db: Db,
    /// `None`: there is nowhere to send them.
    webhook: Option<Arc<dyn OperatorWebhook>>,
}

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotifyReport {
    /// The webhook took them.
    pub delivered: usize,
    /// They are tried again.
    pub put_off: usize,
    /// Given up.
    pub failed: usize,
    /// There was nowhere to send them.
    pub unsent: usize,
}

impl NotifyReport {
    /// Whether anything was due.
    pub const fn did_work(&self) -> bool {
        self.delivered + self.put_off + self.failed + self.unsent > 0
    }
}

enum Attempt {
    Delivered,
    PutOff,
    Failed,
    /// Another worker was faster.
    Passed,
}

impl Notifier {
    /// Without a webhook, what is written is marked as unsent: nobody is flooded when one is set later.
    pub const fn new(db: Db, webhook: Option<Arc<dyn OperatorWebhook>>) -> Self {
        Self { db, webhook }
    }

    /// Delivers what is due.
    ///
    /// # Errors
    /// [`ToolError`] when the store fails; what was delivered may be delivered again.
    pub async fn step(&self) -> Result<NotifyReport, ToolError> {
        let limit = i64::try_from(AT_ONCE).unwrap_or(1);
        let due = self.db.read(move |tx| notifications::due(tx, limit)).await?;
        let mut report = NotifyReport::default();
        let Some(webhook) = &self.webhook else {
            report.unsent = due.len();
            if !due.is_empty() {
                self.db.write(move |tx| set_aside(tx, &due)).await?;
            }
            return Ok(report);
        };
        let mut attempts =
            stream::iter(due.into_iter().map(|notification| self.deliver(webhook, notification)))
                .buffer_unordered(AT_ONCE);
        while let Some(attempt) = attempts.next().await {
            match attempt? {
                Attempt::Delivered => report.delivered += 1,
                Attempt::PutOff => report.put_off += 1,
                Attempt::Failed => report.failed += 1,
                Attempt::Passed => {}
            }
        }
        Ok(report)
    }

    async fn deliver(
        &self,
        webhook: &Arc<dyn OperatorWebhook>,
        notification: Notification,
    ) -> Result<Attempt, ToolError> {
        let id = notification.id;
        let taken: Result<_, ToolError> =
            self.db.write(move |tx| Ok(notifications::claim(tx, id, tx.now + ATTEMPT)?)).await;
        if !taken? {
            return Ok(Attempt::Passed);
        }
        let answer = webhook.deliver(&notice(&notification), self.db.clock.now().as_seconds()).await;
        self.db.write(move |tx| record(tx, &notification, answer)).await
    }
}

fn notice(notification: &Notification) -> Notice {
    Notice {
        version: VERSION,
        id: notification.id,
        r#type: notification.kind.to_string(),
        at: notification.created_at,
        request_id: notification.request,
        state: notification.state,
        reason: notification.reason.clone(),
        dead_letter_id: notification.dead_letter,
        source: notification.source.map(|source| source.to_string()),
    }
}

fn set_aside(tx: &mut Tx<'_>, due: &[Notification]) -> Result<(), ToolError> {
    for notification in due {
        notifications::settle(tx, notification.id, NotificationStatus::Unsent, None)?;
    }
    Ok(())
}

fn record(
    tx: &mut Tx<'_>,
    notification: &Notification,
    answer: Result<(), Undelivered>,
) -> Result<Attempt, ToolError> {
    let Err(failure) = answer else {
        notifications::settle(tx, notification.id, NotificationStatus::Delivered, None)?;
        return Ok(Attempt::Delivered);
    };
    let code = failure.code();
    let next = tx.now + pause(notification.attempts, tx.ids);
    if next <= notification.created_at + GIVEN_UP_AFTER {
        notifications::put_off(tx, notification.id, next, &code)?;
        tracing::warn!(notification = %notification.id, code, "the operator webhook did not take a notification");
        return Ok(Attempt::PutOff);
    }
    notifications::settle(tx, notification.id, NotificationStatus::Failed, Some(&code))?;
    let reference = notification.id.to_string();
    let letter = NewDeadLetter {
        source: DeadLetterSource::Notify,
        reference: &reference,
        request: notification.request,
        reason: &code,
        detail: None,
    };
    dead_letters::insert(tx, &letter)?;
    tracing::error!(notification = %notification.id, code, "a notification was given up");
    Ok(Attempt::Failed)
}

/// The pause after `before` attempts and one more: half of it is certain, the other half is drawn.
fn pause(before: i32, ids: &dyn IdSource) -> Duration {
    let doublings = u32::try_from(before).unwrap_or(0).min(16);
    let whole = PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
    // The last 32 bits of an id are random whatever its version.
    let drawn = u64::try_from(ids.next_uuid().as_u128() & 0xFFFF_FFFF).unwrap_or(0);
    let half = u64::try_from(whole.as_millis() / 2).unwrap_or(0);
    Duration::from_millis(half + half * drawn / 0xFFFF_FFFF)
}

/// When the next attempt is made at the latest after so many failed; for the document's numbers.
#[cfg(test)]
fn bounds(before: i32) -> (Duration, Duration) {
    let whole = PAUSE_MIN.saturating_mul(1 << u32::try_from(before).unwrap_or(0).min(16)).min(PAUSE_MAX);
    (whole / 2, whole)
}

#[cfg(test)]
#[path = "notify_tests.rs"]
mod tests;
