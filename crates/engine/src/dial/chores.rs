//! What calls that are not over, or have just ended, ask for.

use futures_util::{StreamExt as _, stream};
use marketplace::CallAttemptId;
use store::calls::{self, CallAttempt};
use tracing::Instrument as _;
use voice_gateway::{VoiceError, VoiceGateway, VoiceSessionId};

use super::{
    Chore, DialError, Dialler, IN_FLIGHT_MAX, StepReport, backoff, claim, outcome, outcome::Ended, span,
};

impl Dialler {
    /// Whatever is `dialling` and not in the hands of a task of this process has no living dialler under our lease.
    pub(super) async fn settle_orphans(&self, suspects: &[CallAttemptId], report: &mut StepReport) {
        for id in suspects.iter().copied() {
            let in_flight = self.in_flight.clone();
            if in_flight.contains((Chore::Dial, id)) {
                continue;
            }
            let settled = self
                .db
                // A task enters before its row says `dialling` and leaves after the row says what came of it.
                .write(move |tx| {
                    if in_flight.contains((Chore::Dial, id)) { Ok(false) } else { outcome::orphan(tx, id) }
                })
                .instrument(span("orphan", id))
                .await;
            match settled {
                Ok(settled) => report.orphaned += usize::from(settled),
                Err(error) => count_error(report, &error.into()),
            }
        }
    }

    /// Judges every call that is not over.
    pub(super) async fn supervise(&self, live: &[CallAttemptId], report: &mut StepReport) {
        for id in live.iter().copied() {
            let Some(_entered) = self.in_flight.enter((Chore::Supervise, id)) else { continue };
            let policy = self.policy;
            let judged = self
                .db
                .write(move |tx| claim::supervise(tx, policy, id))
                .instrument(span("supervise", id))
                .await;
            match judged {
                Ok(None) => {}
                Ok(Some(rule)) => {
                    tracing::info!(attempt = %id, rule = rule.code(), "a call must not go on");
                    report.stopped += 1;
                }
                Err(error) => count_error(report, &error.into()),
            }
        }
    }

    /// Ends at Meta what has to end there. Ending a call that is over is a success, so this may be repeated freely.
    pub(super) async fn terminate(&self, due: &[CallAttemptId], report: &mut StepReport) {
        let done = self
            .side_by_side(Chore::Terminate, due, &mut report.errors, |id| {
                self.terminate_one(id).instrument(span("terminate", id))
            })
            .await;
        report.hung_up += done;
    }

    async fn terminate_one(&self, id: CallAttemptId) -> Result<bool, DialError> {
        let known = self.known(id).await?;
        let wacid = known.wacid.as_deref().map(Into::into).or_else(|| self.memory().wacids.get(&id).cloned());
        let Some(wacid) = wacid.filter(|_| known.attempt.may_be_alive()) else {
            if known.attempt.may_be_alive() {
                tracing::error!(
                    "a call cannot be ended at Meta: its person was erased, and its id with them"
                );
            }
            self.db.write(move |tx| outcome::nothing_to_end(tx, id)).await?;
            self.memory().ending.remove(&id);
            return Ok(false);
        };
        self.memory().ending.insert(id);
        let answer = self.meta.terminate(&self.number, &wacid).await;
        let ended = self.db.write(move |tx| outcome::terminated(tx, id, &answer)).await?;
        if ended != Ended::NotYet {
            self.memory().ending.remove(&id);
        }
        Ok(ended == Ended::Over)
    }

    /// Hands the voice gateway Meta's answers, and ends its sessions of calls that are over.
    pub(super) async fn serve_voice(&self, waiting: &[CallAttemptId], report: &mut StepReport) {
        let done = self
            .side_by_side(Chore::Voice, waiting, &mut report.errors, |id| {
                self.serve_one(id).instrument(span("voice", id))
            })
            .await;
        report.voiced += done;
    }

    /// Does a chore for each attempt, at most [`IN_FLIGHT_MAX`] at a time: one slow answer holds up nobody else.
    /// Returns for how many it was done.
    async fn side_by_side<Doing>(
        &self,
        chore: Chore,
        ids: &[CallAttemptId],
        errors: &mut usize,
        start: impl Fn(CallAttemptId) -> Doing,
    ) -> usize
    where
        Doing: Future<Output = Result<bool, DialError>>,
    {
        let start = &start;
        let mut chores = stream::iter(ids.iter().copied().map(|id| async move {
            match self.in_flight.enter((chore, id)) {
                Some(_entered) => start(id).await,
                None => Ok(false),
            }
        }))
        .buffer_unordered(IN_FLIGHT_MAX);
        let mut done = 0;
        while let Some(outcome) = chores.next().await {
            match outcome {
                Ok(was_done) => done += usize::from(was_done),
                Err(error) => {
                    log_error(&error);
                    *errors += 1;
                }
            }
        }
        done
    }

    async fn serve_one(&self, id: CallAttemptId) -> Result<bool, DialError> {
        let now = self.db.clock.now();
        let waits = self.memory().tries.get(&(Chore::Voice, id)).is_some_and(|(_, from)| now < *from);
        if waits {
            return Ok(false);
        }
        let known = self.known(id).await?;
        let session = known.voice_session.as_deref().and_then(|text| text.parse::<VoiceSessionId>().ok());
        match (&self.voice, session, &known.sdp_answer) {
            (Some(voice), Some(session), _) if !known.attempt.is_live() => {
                self.hang_up(&**voice, &session, id).await
            }
            (Some(voice), Some(session), Some(sdp)) => self.answer(&**voice, &session, sdp, id).await,
            // Without a gateway nobody can hear anything; it gives its sessions up by itself.
            (_, _, Some(_)) if known.attempt.is_live() => {
                self.db.write(move |tx| outcome::no_media(tx, id)).await?;
                Ok(true)
            }
            _ if known.attempt.is_live() => Ok(false),
            _ => self.forget_session(id).await,
        }
    }

    async fn answer(
        &self,
        voice: &dyn VoiceGateway,
        session: &VoiceSessionId,
        sdp: &str,
        id: CallAttemptId,
    ) -> Result<bool, DialError> {
        let Err(error) = voice.answer(session, sdp).await else {
            self.db.write(move |tx| outcome::answer_is_handed_over(tx, id)).await?;
            self.memory().tries.remove(&(Chore::Voice, id));
            return Ok(true);
        };
        if self.may_retry(&error, id, backoff::ANSWER_TRIES) {
            return Ok(false);
        }
        self.memory().tries.remove(&(Chore::Voice, id));
        self.db.write(move |tx| outcome::no_media(tx, id)).await?;
        Ok(true)
    }

    async fn hang_up(
        &self,
        voice: &dyn VoiceGateway,
        session: &VoiceSessionId,
        id: CallAttemptId,
    ) -> Result<bool, DialError> {
        match voice.hang_up(session).await {
            Err(error) if self.may_retry(&error, id, backoff::HANG_UP_TRIES) => Ok(false),
            _ => self.forget_session(id).await,
        }
    }

    /// Whether what the gateway did not do is tried again; counts the try.
    fn may_retry(&self, error: &VoiceError, id: CallAttemptId, max: u32) -> bool {
        let tries = self.try_again(Chore::Voice, id);
        tracing::warn!(code = error.code(), tries, "the voice gateway did not do what it was asked");
        error.may_pass() && tries < max
    }

    async fn forget_session(&self, id: CallAttemptId) -> Result<bool, DialError> {
        self.db.write(move |tx| outcome::forget_session(tx, id)).await?;
        Ok(true)
    }

    async fn known(&self, id: CallAttemptId) -> Result<CallAttempt, DialError> {
        Ok(self.db.read(move |tx| calls::load(tx, id)).await?)
    }
}

fn count_error(report: &mut StepReport, error: &DialError) {
    log_error(error);
    report.errors += 1;
}

fn log_error(error: &DialError) {
    tracing::error!(%error, "a call could not be looked after");
}
