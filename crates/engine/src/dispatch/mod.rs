//! Sending: intents of the outbox go on the wire, each at most once unless Meta proved that nothing happened.
//!
//! One intent takes three steps. A transaction checks every gate on the rows as they are now and commits
//! `sending`; then the wire is used; then a second transaction records what the answer proves. Between the two,
//! a crash leaves `sending`, which becomes `unknown` and is never sent again.

mod backoff;
mod claim;
mod gates;
mod outcome;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use marketplace::{ContactId, OutboxId, PhoneNumberId};
use meta_client::{MetaApi, SendErrorClass, SendOutcome, outbound::Content};
use store::{
    Db, StoreError, Tx,
    outbox::{self, SendState, breaker::VolumeLimits},
};
use tools::{Policy, ToolError};
use tracing::Instrument as _;

use crate::{
    buckets::SendBuckets,
    consequences,
    number::{self, Entered, InFlight, Leadership, OPERATOR_HOLD, Rest, Term, report_opened},
    templates::TemplateCatalogue,
};
use claim::{Claim, Claiming};
use outcome::Settled;

pub use backoff::ATTEMPTS_MAX;

/// How many intents one step puts on the wire at most.
pub const IN_FLIGHT_MAX: usize = 32;
/// How many intents whose time is over one step ends at most.
const EXPIRED_MAX: i64 = 32;
/// How many further steps try to record an answer; after that the intent becomes unknown.
const RECORD_TRIES: u32 = 20;

/// Sends what one business number has to send.
///
/// [`Dispatcher::step`] may run several times at once on one dispatcher and its clones, which share all state: a
/// slow answer then holds up nobody else.
#[derive(Clone)]
pub struct Dispatcher {
    db: Db,
    meta: Arc<dyn MetaApi>,
    templates: Arc<TemplateCatalogue>,
    policy: Policy,
    limits: VolumeLimits,
    number: PhoneNumberId,
    leadership: Leadership,
    in_flight: Arc<InFlight<OutboxId>>,
    buckets: Arc<Mutex<SendBuckets>>,
    rest: Arc<Rest<SendErrorClass>>,
    unrecorded: Arc<Mutex<Vec<Answered>>>,
}

/// Why a number sends nothing for a while.
pub type Hold = number::Hold<SendErrorClass>;

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepReport {
    /// Whether this process has the right to send from the number; if not, nothing else was done.
    pub leading: bool,
    /// Meta took it.
    pub accepted: usize,
    /// Proven to have had no effect; waits for its next attempt.
    pub retried: usize,
    /// It will not arrive.
    pub failed: usize,
    /// Nobody knows.
    pub unknown: usize,
    /// It was never sent.
    pub cancelled: usize,
    /// A gate said "not yet".
    pub held: usize,
    /// `sending` without a living sender: now unknown.
    pub orphaned: usize,
    /// The store failed on it; logged.
    pub errors: usize,
    /// Why the whole number sends nothing.
    pub hold: Option<Hold>,
}

impl StepReport {
    /// Whether the step moved anything: then another one is due at once.
    pub const fn did_work(&self) -> bool {
        self.accepted + self.retried + self.failed + self.unknown + self.cancelled > 0
    }

    /// How long the loop may wait before the next step, in real time.
    pub const fn pause(&self) -> Duration {
        match (self.leading, self.hold) {
            (false, _) => Duration::from_secs(2),
            (true, Some(Hold::Operator { .. })) => Duration::from_secs(5),
            (true, Some(Hold::OutboundOff | Hold::BreakerOpen | Hold::Throttled)) => {
                Duration::from_millis(500)
            }
            (true, None) if self.did_work() => Duration::ZERO,
            (true, None) => Duration::from_millis(200),
        }
    }
}

/// Why a step gave up. What it had put on the wire is in the rows.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The store failed.
    #[error("the dispatcher's store failed")]
    Store(#[from] StoreError),
    /// A record of what happened could not be written.
    #[error("the dispatcher could not record what happened")]
    Record(#[from] ToolError),
}

/// An intent with its answer, in our hands until it is recorded: the answer is all that is known of it.
struct Answered {
    entered: Entered<OutboxId>,
    answer: Arc<SendOutcome>,
    /// Meta's code of the language, of what went out as a template.
    template: Option<Arc<str>>,
    tries: u32,
}

/// What became of one intent in a step.
enum Done {
    Held,
    Cancelled,
    /// Another task or another process was faster.
    Passed,
    Settled(Settled),
}

impl Dispatcher {
    /// A dispatcher of `number`. `owner` names this process start: a new start must have a new name, for what an
    /// old one left on the wire becomes unknown. With calling off in `policy` nobody is asked whether we may call.
    pub fn new(
        db: Db,
        meta: Arc<dyn MetaApi>,
        templates: impl Into<Arc<TemplateCatalogue>>,
        policy: Policy,
        limits: VolumeLimits,
        number: PhoneNumberId,
        owner: String,
    ) -> Self {
        let leadership = Leadership::new(db.clone(), format!("dispatch:{}", number.as_str()), owner);
        Self {
            db,
            meta,
            templates: templates.into(),
            policy,
            limits,
            number,
            leadership,
            in_flight: Arc::default(),
            buckets: Arc::default(),
            rest: Arc::default(),
            unrecorded: Arc::default(),
        }
    }

    /// The number it sends from.
    pub const fn number(&self) -> &PhoneNumberId {
        &self.number
    }

    /// Takes or extends the lease, settles what a dead sender left, and sends what may be sent now: at most one
    /// intent a person and [`IN_FLIGHT_MAX`] in all, side by side.
    pub async fn step(&self) -> Result<StepReport, DispatchError> {
        let mut report = StepReport::default();
        self.record_answers(&mut report).await;
        let Some(term) = self.leadership.term().await? else { return Ok(report) };
        report.leading = true;
        report.orphaned = self.settle_orphans(term.fence).await?;
        self.expire(&mut report).await?;
        report.hold = self.rest.hold(&self.db).await;
        if report.hold.is_some() {
            return Ok(report);
        }
        let due = self.due().await?;
        let mut sends = stream::iter(due.into_iter().map(|(id, to)| self.one(id, to, &term)))
            .buffer_unordered(IN_FLIGHT_MAX);
        while let Some(done) = sends.next().await {
            match done {
                Ok(Done::Held) => report.held += 1,
                Ok(Done::Cancelled) => report.cancelled += 1,
                Ok(Done::Passed) => {}
                Ok(Done::Settled(settled)) => self.note(settled, &mut report),
                Err(error) => {
                    tracing::error!(%error, "an intent could not be worked");
                    report.errors += 1;
                }
            }
        }
        Ok(report)
    }

    /// Gives the lease back, so that a successor need not wait for it to run out.
    pub async fn release(&self) -> Result<(), DispatchError> {
        Ok(self.leadership.release().await?)
    }

    /// Whatever is `sending` and not in the hands of a task of this process has no living sender under our lease.
    async fn settle_orphans(&self, fence: i64) -> Result<usize, DispatchError> {
        let number = self.number.clone();
        let suspects =
            self.db.read(move |tx| outbox::orphaned_sending(tx, &number, fence.saturating_add(1))).await?;
        let mut orphaned = 0;
        for id in suspects.into_iter().filter(|id| !self.in_flight.contains(*id)) {
            let in_flight = Arc::clone(&self.in_flight);
            let settled = self.db.write(move |tx| orphan(tx, &in_flight, id)).instrument(span(id)).await?;
            orphaned += usize::from(settled);
        }
        Ok(orphaned)
    }

    /// Ends what has waited too long: a person learns of it although everything is held. An inquiry whose batch waits
    /// with it is left alone.
    async fn expire(&self, report: &mut StepReport) -> Result<(), DispatchError> {
        let number = self.number.clone();
        let late = self.db.read(move |tx| outbox::expired(tx, &number, EXPIRED_MAX)).await?;
        for id in late {
            match self.db.write(move |tx| claim::expire(tx, id)).await {
                Ok(ended) => report.cancelled += usize::from(ended),
                Err(error) => {
                    tracing::error!(%error, "an intent whose time is over could not be ended");
                    report.errors += 1;
                }
            }
        }
        Ok(())
    }

    /// After an operator's hold, one intent at a time tries whether Meta takes anything again.
    async fn due(&self) -> Result<Vec<(OutboxId, ContactId)>, StoreError> {
        let limit = if self.rest.is_untried() { 1 } else { IN_FLIGHT_MAX };
        let (number, limit) = (self.number.clone(), limit.saturating_sub(self.in_flight.count()));
        self.db.read(move |tx| outbox::sendable(tx, &number, limit)).await
    }

    async fn one(&self, id: OutboxId, to: ContactId, term: &Term) -> Result<Done, DispatchError> {
        let Some(entered) = self.in_flight.enter(id) else { return Ok(Done::Passed) };
        let claiming = Claiming {
            term: term.clone(),
            bucket: self.take_token(to),
            policy: self.policy,
            limits: self.limits,
            templates: Arc::clone(&self.templates),
        };
        let had_token = claiming.bucket.is_ok();
        let claim = self.db.write(move |tx| claim::claim(tx, &claiming, id)).instrument(span(id)).await;
        let message = match claim {
            Ok(Claim::Send(message)) => message,
            other => {
                if had_token {
                    self.give_token_back(to);
                }
                return Ok(match other? {
                    Claim::Held => Done::Held,
                    Claim::Opened(open) => {
                        report_opened(&open);
                        Done::Held
                    }
                    Claim::Cancelled => Done::Cancelled,
                    Claim::LeaseLost => {
                        self.leadership.lost();
                        Done::Passed
                    }
                    Claim::Send(_) | Claim::Passed => Done::Passed,
                });
            }
        };
        let answer = Arc::new(self.meta.send(&self.number, &message).await);
        let template = template_language(message.content());
        self.record(Answered { entered, answer, template, tries: 0 }).await.map(Done::Settled)
    }

    async fn record(&self, answered: Answered) -> Result<Settled, DispatchError> {
        let (id, answer, template) =
            (answered.entered.work(), Arc::clone(&answered.answer), answered.template.clone());
        let settle = self.db.write(move |tx| outcome::settle(tx, id, &answer, template.as_deref()));
        let recorded = settle.instrument(span(id)).await;
        if recorded.is_err() && answered.tries < RECORD_TRIES {
            let again = Answered { tries: answered.tries + 1, ..answered };
            self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner).push(again);
        }
        Ok(recorded?)
    }

    /// Tries once more to record the answers that the store did not take; they count as in flight until then.
    async fn record_answers(&self, report: &mut StepReport) {
        let waiting = std::mem::take(&mut *self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner));
        for answered in waiting {
            match self.record(answered).await {
                Ok(settled) => self.note(settled, report),
                Err(error) => {
                    tracing::error!(%error, "an answer of Meta's could not be recorded");
                    report.errors += 1;
                }
            }
        }
    }

    fn note(&self, settled: Settled, report: &mut StepReport) {
        match settled {
            Settled::Accepted => {
                report.accepted += 1;
                self.rest.meta_took_one(self.db.lease_clock.now());
            }
            Settled::Retried => report.retried += 1,
            Settled::Failed => report.failed += 1,
            Settled::Unknown => report.unknown += 1,
            Settled::Throttled(after) => {
                report.retried += 1;
                self.rest_for(Hold::Throttled, after, report);
            }
            Settled::NumberRefused { class, code } => {
                report.retried += 1;
                tracing::error!(
                    phone_number_id = self.number.as_str(),
                    class = class.as_str(),
                    code,
                    "Meta refuses this number: check the access token, its rights and the business account"
                );
                self.rest_for(Hold::Operator { class, code }, OPERATOR_HOLD, report);
            }
        }
    }

    fn rest_for(&self, hold: Hold, how_long: Duration, report: &mut StepReport) {
        let until = self.db.lease_clock.now() + how_long;
        if self.rest.begin(hold, until) {
            report.hold = Some(hold);
        }
    }

    fn take_token(&self, to: ContactId) -> Result<(), Duration> {
        let now = u64::try_from(self.db.lease_clock.now().as_millis()).unwrap_or(0);
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).try_take(to, now)
    }

    fn give_token_back(&self, to: ContactId) {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).give_back(to);
    }
}

fn template_language(content: &Content) -> Option<Arc<str>> {
    match content {
        Content::Template { language, .. } | Content::CallPermissionTemplate { language, .. } => {
            Some(language.as_str().into())
        }
        _ => None,
    }
}

/// What a transaction logs of one intent carries its id, and its request's once that is read. A span each: what is
/// recorded twice is printed twice.
fn span(id: OutboxId) -> tracing::Span {
    tracing::info_span!("dispatch", intent = %id, request = tracing::field::Empty)
}

fn orphan(tx: &mut Tx<'_>, in_flight: &InFlight<OutboxId>, id: OutboxId) -> Result<bool, ToolError> {
    let (guard, send) = consequences::take(tx, id)?;
    // A task enters before its row says `sending` and leaves after the row says what came of it.
    if send.state != SendState::Sending || in_flight.contains(id) {
        return Ok(false);
    }
    outcome::doubt(tx, guard.as_ref(), &send, "dispatcher_lost")?;
    Ok(true)
}
