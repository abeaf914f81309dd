//! Webhooks ready to be posted.

use std::borrow::Cow;

use serde_json::Value;

use super::{Core, WebhookFault, WebhookKind, faults::Subject, oddities};
use crate::wire;

/// A webhook to post, with what goes wrong on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookPlan {
    /// What it is about.
    pub kind: WebhookKind,
    /// Whom it is about; one person's webhooks are first posted in order.
    pub digits: String,
    /// The message it is about.
    pub wamid: String,
    /// The raw bytes, escaped as Meta does.
    pub body: Vec<u8>,
    /// `X-Hub-Signature-256` over these bytes.
    pub signature: String,
    /// Real milliseconds to wait before the first attempt.
    pub after_ms: u64,
    /// How many copies beside the first.
    pub copies: u32,
    /// Copies go at the same time.
    pub concurrent: bool,
    /// The first attempt never arrives.
    pub drop_first_attempt: bool,
    /// No attempt ever arrives.
    pub lost: bool,
    /// Milliseconds of the simulator's clock that it is held back before it is posted at all.
    pub postponed_ms: i64,
}

impl Core {
    /// Signs a body and decides what goes wrong with it.
    pub(super) fn plan(
        &mut self,
        kind: WebhookKind,
        digits: &str,
        wamid: &str,
        what: &str,
        body: &Value,
    ) -> WebhookPlan {
        let mut plan = WebhookPlan {
            kind,
            digits: digits.to_owned(),
            wamid: wamid.to_owned(),
            signature: String::new(),
            body: Vec::new(),
            after_ms: 0,
            copies: 0,
            concurrent: false,
            drop_first_attempt: false,
            lost: false,
            postponed_ms: 0,
        };
        let mut body = Cow::Borrowed(body);
        let key = format!("{wamid}/{what}");
        for fault in self.faults.of_webhook(&Subject { digits, kind: Some(kind), key: &key }) {
            match fault {
                WebhookFault::Duplicate { copies, concurrent } => {
                    plan.copies = plan.copies.saturating_add(copies);
                    plan.concurrent |= concurrent;
                }
                WebhookFault::Delay { ms } => plan.after_ms = plan.after_ms.saturating_add(ms),
                WebhookFault::Reorder { window_ms } => {
                    let moment = self.faults.moment(&key, window_ms);
                    plan.after_ms = plan.after_ms.saturating_add(moment);
                }
                WebhookFault::DropFirstAttempt => plan.drop_first_attempt = true,
                WebhookFault::Lose => plan.lost = true,
                WebhookFault::Postpone { clock_ms } => {
                    plan.postponed_ms = plan.postponed_ms.saturating_add(clock_ms);
                }
                WebhookFault::Odd(oddity) => oddities::apply(oddity, body.to_mut()),
            }
        }
        plan.body = wire::escape_like_meta(&body).into_bytes();
        plan.signature = wire::sign(&self.app_secret, &plan.body);
        plan
    }
}
