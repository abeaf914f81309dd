//! Calls: attempts that were decided are dialled, each at most once, and what is not over is looked after.
//!
//! A dial takes four steps. Meta is asked for the permission and the voice gateway for media, neither of which rings
//! anywhere. A transaction asks for every key again on the rows as they are now and commits `dialling`; then Meta is
//! asked for the call, once; then a second transaction records what the answer proves. Between the two, a crash
//! leaves `dialling`, which becomes `unknown` and is never dialled again.

mod backoff;
mod chores;
mod claim;
mod outcome;
mod permission;
mod report;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use calling_policy::{AttemptEvent, FailCode, Rule};
use futures_util::{StreamExt as _, stream};
use marketplace::{CallAttemptId, PhoneNumberId, Timestamp};
use meta_client::{CallErrorClass, CallingApi, DialOutcome, MetaId, OutboundCall, SdpOffer};
use store::{Db, StoreError, calls, outbox::breaker::VolumeLimits};
use tools::Policy;
use tracing::Instrument as _;
use voice_gateway::{Offer, VoiceError, VoiceGateway};

use crate::number::{self, Entered, InFlight, Leadership, OPERATOR_HOLD, Rest, Term, report_opened};
use claim::{Claim, Claiming};
use outcome::Settled;

pub use backoff::{INTENT_LASTS, TERMINATE_TRIES};
pub use report::{DialError, StepReport};

/// How many calls one process places at once for one number.
pub const IN_FLIGHT_MAX: usize = 8;
/// How many attempts of one kind one step looks at.
const PAGE: i64 = 256;
/// How many further steps try to record an answer; after that the attempt becomes unknown.
const RECORD_TRIES: u32 = 20;

/// Dials what one business number has to dial, and ends what must not go on.
///
/// [`Dialler::step`], [`Dialler::tend`] and [`Dialler::dial`] may run several times at once on one dialler and its
/// clones, which share all state: a slow answer then holds up nobody else.
#[derive(Clone)]
pub struct Dialler {
    db: Db,
    meta: Arc<dyn CallingApi>,
    /// `None`: nothing is dialled, and what goes on is ended as it must.
    voice: Option<Arc<dyn VoiceGateway>>,
    policy: Policy,
    limits: VolumeLimits,
    number: PhoneNumberId,
    leadership: Leadership,
    in_flight: Arc<InFlight<(Chore, CallAttemptId)>>,
    rest: Arc<Rest<CallErrorClass>>,
    memory: Arc<Mutex<Memory>>,
}

/// What a process knows beside the rows. Losing it costs a few tries more and nothing else.
#[derive(Default)]
struct Memory {
    unrecorded: Vec<Answered>,
    /// Tries at the voice gateway, and not before when the next.
    tries: BTreeMap<(Chore, CallAttemptId), (u32, Timestamp)>,
    /// Meta's ids of calls that this process placed: an erasure leaves none in the rows, and the call must end.
    wacids: BTreeMap<CallAttemptId, MetaId>,
    /// Calls that are being ended at Meta.
    ending: BTreeSet<CallAttemptId>,
}

/// Why a number dials nothing for a while.
pub type Hold = number::Hold<CallErrorClass>;

impl Hold {
    /// The rule by which an intent is refused that has waited too long for it.
    const fn rule(self) -> Rule {
        match self {
            Self::OutboundOff | Self::BreakerOpen => Rule::OutboundOff,
            Self::Throttled | Self::Operator { .. } => Rule::BreakerOpen,
        }
    }
}

/// What is done for an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Chore {
    Dial,
    Supervise,
    Terminate,
    Voice,
}

/// A dial with its answer, in our hands until it is recorded: the answer is all that is known of it.
struct Answered {
    entered: Entered<(Chore, CallAttemptId)>,
    answer: Arc<DialOutcome>,
    tries: u32,
}

/// What became of one intent in a step.
enum Done {
    Held,
    Refused,
    Passed,
    Settled(Settled, Arc<DialOutcome>),
}

/// What there is to do for calls that were decided before.
#[derive(Default)]
struct Work {
    orphaned: Vec<CallAttemptId>,
    live: Vec<CallAttemptId>,
    to_terminate: Vec<CallAttemptId>,
    with_voice: Vec<CallAttemptId>,
}

impl Dialler {
    /// A dialler of `number`. `owner` names this process start: a new start must have a new name, for what an old
    /// one was dialling becomes unknown. Without a voice gateway, or with calling off in `policy`, nothing is dialled.
    pub fn new(
        db: Db,
        meta: Arc<dyn CallingApi>,
        voice: Option<Arc<dyn VoiceGateway>>,
        policy: Policy,
        limits: VolumeLimits,
        number: PhoneNumberId,
        owner: String,
    ) -> Self {
        let leadership = Leadership::new(db.clone(), format!("dial:{}", number.as_str()), owner);
        let (in_flight, rest, memory) = (Arc::default(), Arc::default(), Arc::default());
        Self { db, meta, voice, policy, limits, number, leadership, in_flight, rest, memory }
    }

    /// The number it calls from.
    pub const fn number(&self) -> &PhoneNumberId {
        &self.number
    }

    /// [`Self::tend`], then [`Self::dial`].
    pub async fn step(&self) -> Result<StepReport, DialError> {
        let mut report = self.tend().await?;
        if report.leading {
            self.dial_into(&mut report).await?;
        }
        Ok(report)
    }

    /// Takes or extends the lease and looks after the calls that are not over: settles what a dead dialler left, ends
    /// what must not go on, and hands the voice gateway what it lacks.
    pub async fn tend(&self) -> Result<StepReport, DialError> {
        let mut report = StepReport::default();
        self.record_answers(&mut report).await;
        let Some(term) = self.leadership.term().await? else { return Ok(report) };
        report.leading = true;
        let work = self.work(term.fence).await?;
        self.forget(&work);
        self.settle_orphans(&work.orphaned, &mut report).await;
        self.supervise(&work.live, &mut report).await;
        // Meta waits 20 s for media; a `terminate` may wait as long for its answer.
        self.serve_voice(&work.with_voice, &mut report).await;
        self.terminate(&work.to_terminate, &mut report).await;
        Ok(report)
    }

    /// Takes or extends the lease and dials what may be dialled now, at most [`IN_FLIGHT_MAX`] side by side.
    pub async fn dial(&self) -> Result<StepReport, DialError> {
        let mut report = StepReport::default();
        self.dial_into(&mut report).await?;
        Ok(report)
    }

    /// Gives the lease back, so that a successor need not wait for it to run out.
    pub async fn release(&self) -> Result<(), DialError> {
        Ok(self.leadership.release().await?)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn work(&self, fence: i64) -> Result<Work, StoreError> {
        let number = self.number.clone();
        self.db
            .read(move |tx| {
                Ok(Work {
                    orphaned: calls::orphaned_dialling(tx, &number, fence.saturating_add(1), PAGE)?,
                    live: calls::live(tx, &number, PAGE)?,
                    to_terminate: calls::to_terminate(tx, &number, PAGE)?,
                    with_voice: calls::with_voice(tx, &number, PAGE)?,
                })
            })
            .await
    }

    /// Forgets what was remembered of calls that are over.
    fn forget(&self, work: &Work) {
        let known: BTreeSet<CallAttemptId> =
            [&work.live, &work.to_terminate, &work.with_voice].into_iter().flatten().copied().collect();
        let mut memory = self.memory();
        let Memory { wacids, tries, ending, .. } = &mut *memory;
        // A call that waits for its next `terminate` is in none of the lists.
        wacids.retain(|id, _| known.contains(id) || ending.contains(id));
        tries.retain(|(_, id), _| known.contains(id));
    }

    async fn dial_into(&self, report: &mut StepReport) -> Result<(), DialError> {
        let Some(term) = self.leadership.term().await? else { return Ok(()) };
        report.leading = true;
        let number = self.number.clone();
        let limit = i64::try_from(IN_FLIGHT_MAX).unwrap_or(i64::MAX);
        let due = self.db.read(move |tx| calls::due(tx, &number, limit)).await?;
        if due.is_empty() {
            return Ok(());
        }
        report.hold = self.rest.hold(&self.db).await;
        let hold = report.hold;
        let mut dials =
            stream::iter(due.into_iter().map(|id| self.one(id, &term, hold).instrument(span("dial", id))))
                .buffer_unordered(IN_FLIGHT_MAX);
        while let Some(done) = dials.next().await {
            match done {
                Ok(Done::Held) => report.held += 1,
                Ok(Done::Refused) => report.refused += 1,
                Ok(Done::Passed) => {}
                Ok(Done::Settled(settled, answer)) => self.note(settled, &answer, report),
                Err(error) => {
                    tracing::error!(%error, "a call could not be worked");
                    report.errors += 1;
                }
            }
        }
        Ok(())
    }

    async fn one(&self, id: CallAttemptId, term: &Term, hold: Option<Hold>) -> Result<Done, DialError> {
        let Some(entered) = self.in_flight.enter((Chore::Dial, id)) else { return Ok(Done::Passed) };
        let Some(voice) = self.voice.as_ref().filter(|_| self.policy.calling) else {
            return self.give_up(id, AttemptEvent::Refused(Rule::CallingDisabled)).await;
        };
        if let Some(hold) = hold {
            return self.wait(id, AttemptEvent::Refused(hold.rule()), backoff::HOLD).await;
        }
        let Some(to) = self.recipient(id).await? else {
            return self.give_up(id, AttemptEvent::Refused(Rule::PermissionMissing)).await;
        };
        let read = match self.read_permission(&to).await {
            Ok(read) => read,
            Err(error) => return self.permission_unread(id, &error).await,
        };
        // Where Meta says no there is nothing to prepare; the transaction says by which rule.
        let offer = if read.can_start_call {
            match self.offer(voice, id).await? {
                Ok(offer) => Some(offer),
                Err(done) => return Ok(done),
            }
        } else {
            None
        };
        let session = offer.as_ref().map(|(session, _)| session.clone());
        let claiming = Claiming {
            term: term.clone(),
            policy: self.policy,
            limits: self.limits,
            read,
            session,
            rests_for: self.rest.left(self.db.lease_clock.now()),
        };
        let claim = self.db.write(move |tx| claim::claim(tx, &claiming, id)).await?;
        let (Claim::Dial(to), Some((_, sdp))) = (&claim, offer) else { return Ok(self.not_dialled(&claim)) };
        let answer = Arc::new(match OutboundCall::new(to.clone(), id.to_string(), sdp) {
            Ok(call) => self.meta.connect(&self.number, &call).await,
            // Its own id is short enough; nothing was sent.
            Err(fault) => DialOutcome::NoEffect { after: None, code: None, detail: fault.to_string() },
        });
        let settled = self.record(Answered { entered, answer: Arc::clone(&answer), tries: 0 }).await?;
        Ok(Done::Settled(settled, answer))
    }

    fn not_dialled(&self, claim: &Claim) -> Done {
        match claim {
            Claim::Held => Done::Held,
            Claim::Opened(open) => {
                report_opened(open);
                Done::Held
            }
            Claim::Refused(rule) => {
                tracing::info!(rule = rule.code(), "a call is not placed");
                Done::Refused
            }
            Claim::LeaseLost => {
                self.leadership.lost();
                Done::Passed
            }
            Claim::Dial(_) | Claim::Passed => Done::Passed,
        }
    }

    async fn give_up(&self, id: CallAttemptId, event: AttemptEvent) -> Result<Done, DialError> {
        let claim = self.db.write(move |tx| claim::give_up(tx, id, event)).await?;
        Ok(self.not_dialled(&claim))
    }

    /// Looks at it again after `pause`, or ends it by `otherwise` when it has waited long enough.
    async fn wait(
        &self,
        id: CallAttemptId,
        otherwise: AttemptEvent,
        pause: Duration,
    ) -> Result<Done, DialError> {
        let claim = self.db.write(move |tx| claim::hold(tx, id, otherwise, pause)).await?;
        Ok(self.not_dialled(&claim))
    }

    /// The media to dial with; `Err` says what became of the intent without it.
    async fn offer(
        &self,
        voice: &Arc<dyn VoiceGateway>,
        id: CallAttemptId,
    ) -> Result<Result<(voice_gateway::VoiceSessionId, SdpOffer), Done>, DialError> {
        let failed = AttemptEvent::DialFailed(FailCode::VoiceGateway);
        let error = match voice.offer(id).await {
            Ok(Offer { session, sdp }) => match SdpOffer::new(sdp) {
                Ok(sdp) => return Ok(Ok((session, sdp))),
                Err(_) => None,
            },
            Err(error) => Some(error),
        };
        let code = error.as_ref().map_or("description_unusable", VoiceError::code);
        let may_pass = error.is_some_and(|error| error.may_pass());
        let tries = self.try_again(Chore::Dial, id);
        tracing::warn!(code, tries, "the voice gateway made no offer");
        Ok(Err(if may_pass && tries < backoff::OFFER_TRIES {
            self.wait(id, failed, backoff::HOLD).await?
        } else {
            self.give_up(id, failed).await?;
            Done::Settled(Settled::Failed, Arc::new(NOT_SENT))
        }))
    }

    /// Counts a try at the voice gateway that failed, and says which one it was.
    fn try_again(&self, chore: Chore, id: CallAttemptId) -> u32 {
        let now = self.db.clock.now();
        let mut memory = self.memory();
        let (tries, not_before) = memory.tries.entry((chore, id)).or_insert((0, now));
        *tries = tries.saturating_add(1);
        *not_before = now + backoff::unconfirmed(*tries);
        *tries
    }

    async fn record(&self, answered: Answered) -> Result<Settled, DialError> {
        let ((_, id), answer) = (answered.entered.work(), Arc::clone(&answered.answer));
        if let DialOutcome::Placed { wacid } = &*answer {
            self.memory().wacids.insert(id, wacid.clone());
        }
        let recorded = self.db.write(move |tx| outcome::settle(tx, id, &answer)).await;
        if recorded.is_err() && answered.tries < RECORD_TRIES {
            let again = Answered { tries: answered.tries + 1, ..answered };
            self.memory().unrecorded.push(again);
        }
        Ok(recorded?)
    }

    /// Tries once more to record the answers that the store did not take; they count as in flight until then.
    async fn record_answers(&self, report: &mut StepReport) {
        let waiting = std::mem::take(&mut self.memory().unrecorded);
        for answered in waiting {
            let ((_, id), answer) = (answered.entered.work(), Arc::clone(&answered.answer));
            match self.record(answered).instrument(span("dial", id)).await {
                Ok(settled) => self.note(settled, &answer, report),
                Err(error) => {
                    tracing::error!(%error, "an answer of Meta's to a dial could not be recorded");
                    report.errors += 1;
                }
            }
        }
    }

    fn note(&self, settled: Settled, answer: &DialOutcome, report: &mut StepReport) {
        match settled {
            Settled::Placed => {
                report.placed += 1;
                self.rest.meta_took_one(self.db.lease_clock.now());
            }
            Settled::Failed => report.failed += 1,
            Settled::Unknown => report.unknown += 1,
        }
        match answer {
            DialOutcome::Refused { class, code, .. } if outcome::is_of_the_number(*class) => {
                self.rest_for(Hold::Operator { class: *class, code: *code }, OPERATOR_HOLD);
            }
            DialOutcome::NoEffect { after: Some(after), .. } => self.rest_for(Hold::Throttled, *after),
            _ => {}
        }
    }

    fn rest_for(&self, hold: Hold, how_long: Duration) {
        if let Hold::Operator { class, code } = hold {
            tracing::error!(
                phone_number_id = self.number.as_str(),
                class = class.as_str(),
                code,
                "Meta refuses calls from this number: check calling, the access token and the business account"
            );
        }
        self.rest.begin(hold, self.db.lease_clock.now() + how_long);
    }
}

/// What stands for an answer of Meta's where Meta was not asked.
const NOT_SENT: DialOutcome = DialOutcome::NoEffect { after: None, code: None, detail: String::new() };

/// What one transaction or request logs carries the attempt's id, and its request's once that is read.
fn span(chore: &'static str, id: CallAttemptId) -> tracing::Span {
    tracing::info_span!("call", chore, attempt = %id, request = tracing::field::Empty)
}
