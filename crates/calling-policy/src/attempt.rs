//! One attempt to call: `intent → dialling → unknown | placed → ringing → answered → ended(reason)`.
//!
//! Webhooks come twice, late and in any order: RINGING before the HTTP answer, `terminate` before `connect`. An
//! [`Attempt`] therefore holds what is known to have happened, each thing with its earliest moment, and
//! [`Attempt::phase`] is derived from that. Knowledge only grows, so every order of the same events gives the same
//! phase, and what has ended stays ended. A late proof may correct *how* it ended (ACCEPTED after a `terminate` that
//! proves nothing); it never takes back a sentence that was said.
//!
//! The id of the call at Meta (`wacid`) is personal data and is not here; the store keeps the first one it learns.

use std::{fmt, str::FromStr};

use marketplace::{Control, RequestState, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Ignored, Noted, Rule, Transition, consent::earliest, words::words};

/// Meta's code for "accepted, no media signal": not even Meta knows whether people spoke.
pub const ACCEPTED_WITHOUT_MEDIA: u32 = 138_023;

/// What a failed call names as its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum FailCode {
    /// Meta's error code.
    Meta(u32),
    /// Nothing reached Meta: connection refused, no name, no token.
    NotSent,
    /// The media server gave no offer, or took no answer.
    VoiceGateway,
    /// Meta said FAILED and nothing else.
    Unstated,
}

impl fmt::Display for FailCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meta(code) => write!(f, "meta_{code}"),
            Self::NotSent => f.write_str("not_sent"),
            Self::VoiceGateway => f.write_str("voice_gateway"),
            Self::Unstated => f.write_str("unstated"),
        }
    }
}

/// The text names no cause of a failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a cause of a failed call")]
pub struct NotAFailCode;

impl FromStr for FailCode {
    type Err = NotAFailCode;
    fn from_str(text: &str) -> Result<Self, NotAFailCode> {
        match text {
            "not_sent" => Ok(Self::NotSent),
            "voice_gateway" => Ok(Self::VoiceGateway),
            "unstated" => Ok(Self::Unstated),
            _ => text
                .strip_prefix("meta_")
                .and_then(|code| code.parse().ok())
                .map(Self::Meta)
                .ok_or(NotAFailCode),
        }
    }
}

impl From<FailCode> for String {
    fn from(code: FailCode) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for FailCode {
    type Error = NotAFailCode;
    fn try_from(text: String) -> Result<Self, NotAFailCode> {
        text.parse()
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// Somebody picked up.
    Completed,
    /// The callee rejected it.
    Declined,
    /// Nobody picked up, as far as anybody can prove.
    NoAnswer,
    /// It broke.
    Failed(FailCode),
    /// We gave it up: a takeover, a STOP, a withdrawn consent.
    Cancelled,
    /// A rule failed at the moment of dialling.
    Refused(Rule),
}

impl EndReason {
    /// `completed`, `declined`, `no_answer`, `failed`, `cancelled` or `refused`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Declined => "declined",
            Self::NoAnswer => "no_answer",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
            Self::Refused(_) => "refused",
        }
    }

    /// Whether the client is told that the call did not go through.
    pub const fn needs_fallback(self) -> bool {
        matches!(self, Self::Declined | Self::NoAnswer | Self::Failed(_))
    }
}

/// Where an attempt stands, in the order of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Decided, not dialled.
    Intent,
    /// Being dialled: committed before the request to Meta.
    Dialling,
    /// Dialled, and nobody knows whether Meta took it. It may be ringing; it is never repeated.
    Unknown,
    /// Meta has it.
    Placed,
    /// The phone rings.
    Ringing,
    /// Picked up.
    Answered,
    /// Over, for good.
    Ended(EndReason),
}

impl Phase {
    /// The name as it stands in a row: `intent` … `ended`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Dialling => "dialling",
            Self::Unknown => "unknown",
            Self::Placed => "placed",
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Ended(_) => "ended",
        }
    }
}

words! {
    /// Whether anybody picked up.
    Pickup {
        /// Proven by ACCEPTED, or by a start time or duration on `terminate`.
        Yes,
        /// Not known and perhaps never: no outcome of the dial, or Meta's 138023.
        Unknown,
        /// Nothing says so.
        No,
    }
}

/// Meta's `terminate` webhook. COMPLETED alone does not mean that anybody picked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terminated {
    /// Whether it has a start time or a duration above zero: the proof of a pick-up.
    pub talked: bool,
    /// Whether its status is FAILED, in any spelling.
    pub failed: bool,
    /// The code of its error, where there is one.
    pub error: Option<u32>,
}

impl Terminated {
    fn joined(self, other: Self) -> Self {
        // 138023 is the doubt itself and outranks other codes; else the smaller one, whatever came first.
        let rank = |code: u32| (code != ACCEPTED_WITHOUT_MEDIA, code);
        let error = match (self.error, other.error) {
            (Some(a), Some(b)) => Some(if rank(a) <= rank(b) { a } else { b }),
            (a, b) => a.or(b),
        };
        Self { talked: self.talked || other.talked, failed: self.failed || other.failed, error }
    }
}

/// Something that happened to an attempt. What Meta sends is dated by Meta, the rest by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptEvent {
    /// Ours: all keys hold, the dial is committed.
    Dialling,
    /// Ours: a rule failed at the moment of dialling. It never was dialled.
    Refused(Rule),
    /// Ours: given up before dialling. Where the dial is out, use [`Self::HangUp`].
    Cancelled,
    /// Ours: the dial provably had no effect, Meta refused it, or nobody could have heard anything.
    DialFailed(FailCode),
    /// Ours: a timeout, a reset, a 5xx or a crash while dialling.
    DialUnknown,
    /// Ours: Meta's answer to the dial, with the call's id.
    Placed,
    /// Ours: it rang as long as we let it ring.
    RingLimit,
    /// Ours: the call must end now, answered or not.
    HangUp,
    /// Ours: Meta took our `terminate`, or said that the call is over already. How it went, its webhook says.
    HungUp,
    /// Ours: the timer of an unknown dial, or of a `terminate` that never came back.
    GivenUp,
    /// Meta: `connect`. Media can flow; nobody picked up.
    Connect,
    /// Meta: RINGING.
    Ringing,
    /// Meta: ACCEPTED.
    Accepted,
    /// Meta: REJECTED.
    Rejected,
    /// Meta: `terminate`.
    Terminated(Terminated),
}

impl AttemptEvent {
    /// Whether it comes from Meta about a call that exists there.
    pub const fn is_metas(self) -> bool {
        matches!(self, Self::Connect | Self::Ringing | Self::Accepted | Self::Rejected | Self::Terminated(_))
    }
}

words! {
    /// Whether the bot may still say something to the client about this request.
    Chat {
        /// It may.
        Open,
        /// Client and vendor have each other's contact.
        HandedOff,
        /// The request is closed.
        Closed,
        /// A person took over.
        TakenOver,
    }
}

impl Chat {
    /// By the request's row.
    pub const fn of(state: RequestState, control: Control) -> Self {
        match (state, control) {
            (RequestState::HandedOff, _) => Self::HandedOff,
            (RequestState::Closed, _) => Self::Closed,
            (_, Control::Human) => Self::TakenOver,
            (_, Control::Bot) => Self::Open,
        }
    }
}

/// What became of the sentence "Call didn't go through; continuing via chat."
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// There was no reason for it.
    #[default]
    NotDue,
    /// It was queued, once.
    Sent,
    /// It was due, but the bot was silent by then. It is not said later either.
    Suppressed(Chat),
}

/// What has to be done after an event, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptFollow {
    /// Queue the fallback sentence to the client. Comes at most once in an attempt's life.
    SendFallback,
    /// Send `terminate` for the call at Meta, until it is taken; then apply [`AttemptEvent::HungUp`]. "Already over"
    /// is success. Comes at most once in an attempt's life.
    Terminate,
    /// Meta knows of no permission: apply [`crate::PermissionEvent::NotApproved`].
    ClearPermission,
    /// Meta pauses calls from this number: set the restriction, stop all calls and permission requests.
    PauseCalling,
    /// Something about the account has to be put right by an operator.
    TellOperator(u32),
}

/// What is known of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    created_at: Timestamp,
    dialling_at: Option<Timestamp>,
    dial_unknown_at: Option<Timestamp>,
    dial_failed: Option<(Timestamp, FailCode)>,
    placed_at: Option<Timestamp>,
    ringing_at: Option<Timestamp>,
    accepted_at: Option<Timestamp>,
    rejected_at: Option<Timestamp>,
    terminated: Option<(Timestamp, Terminated)>,
    refused: Option<(Timestamp, Rule)>,
    cancelled_at: Option<Timestamp>,
    ring_limit_at: Option<Timestamp>,
    hang_up_at: Option<Timestamp>,
    hung_up_at: Option<Timestamp>,
    given_up_at: Option<Timestamp>,
    terminate_asked: bool,
    fallback: Fallback,
}

impl Attempt {
    /// A decision to call, committed at `at`. Phase `intent`.
    pub const fn intent(at: Timestamp) -> Self {
        Self {
            created_at: at,
            dialling_at: None,
            dial_unknown_at: None,
            dial_failed: None,
            placed_at: None,
            ringing_at: None,
            accepted_at: None,
            rejected_at: None,
            terminated: None,
            refused: None,
            cancelled_at: None,
            ring_limit_at: None,
            hang_up_at: None,
            hung_up_at: None,
            given_up_at: None,
            terminate_asked: false,
            fallback: Fallback::NotDue,
        }
    }

    /// When it was decided.
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it was dialled; `None` if it never was. The cooldown runs from here.
    pub const fn dialled_at(&self) -> Option<Timestamp> {
        self.dialling_at
    }

    /// When it was picked up, as far as ACCEPTED or `terminate` tell; `None` unless [`Self::pickup`] is yes.
    pub fn connected_at(&self) -> Option<Timestamp> {
        let by_terminate = self.terminated.map(|(at, _)| at);
        (self.pickup() == Pickup::Yes).then(|| self.accepted_at.or(by_terminate)).flatten()
    }

    /// Whether [`AttemptFollow::Terminate`] came.
    pub const fn terminate_is_asked(&self) -> bool {
        self.terminate_asked
    }

    /// What became of the fallback sentence.
    pub const fn fallback(&self) -> Fallback {
        self.fallback
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        if let Some(reason) = self.end_reason() {
            Phase::Ended(reason)
        } else if self.accepted_at.is_some() {
            Phase::Answered
        } else if self.ringing_at.is_some() {
            Phase::Ringing
        } else if self.placed_at.is_some() {
            Phase::Placed
        } else if self.dial_unknown_at.is_some() {
            Phase::Unknown
        } else if self.dialling_at.is_some() {
            Phase::Dialling
        } else {
            Phase::Intent
        }
    }

    /// Whether the dial's outcome was unknown at some time, whatever settled it since.
    pub const fn was_in_doubt(&self) -> bool {
        self.dial_unknown_at.is_some()
    }

    /// Whether it is not over: somebody may be ringing or talking, or is about to be.
    pub fn is_live(&self) -> bool {
        !self.is_over()
    }

    /// Whether no other call may be made: it is live, or it is over for us and Meta has not confirmed that it is over
    /// there. A dial in doubt that was given up cannot be named at Meta and is taken to have rung out.
    pub fn may_be_alive(&self) -> bool {
        let unconfirmed = self.placed_at.is_some() && !self.is_over_at_meta() && self.hung_up_at.is_none();
        self.is_live() || unconfirmed
    }

    fn is_over(&self) -> bool {
        self.is_over_at_meta()
            || self.given_up_at.is_some()
            || self.cancelled_at.is_some()
            || self.refused.is_some()
            || self.dial_failed.is_some()
    }

    fn is_over_at_meta(&self) -> bool {
        self.terminated.is_some() || self.rejected_at.is_some()
    }

    /// How it ended; `None` while it is live.
    pub fn end_reason(&self) -> Option<EndReason> {
        self.is_over().then(|| self.reason())
    }

    /// The strongest proof decides; what came first does not.
    fn reason(&self) -> EndReason {
        let end = self.terminated.map(|(_, end)| end);
        let failed = end.filter(|end| end.failed || end.error.is_some());
        if end.is_some_and(|end| end.talked) {
            return EndReason::Completed;
        }
        if end.and_then(|end| end.error) == Some(ACCEPTED_WITHOUT_MEDIA) {
            return EndReason::Failed(FailCode::Meta(ACCEPTED_WITHOUT_MEDIA));
        }
        if self.rejected_at.is_some() && self.accepted_at.is_none() {
            return EndReason::Declined;
        }
        if let Some(end) = failed {
            return EndReason::Failed(end.error.map_or(FailCode::Unstated, FailCode::Meta));
        }
        if self.accepted_at.is_some() {
            return EndReason::Completed;
        }
        if let Some((_, code)) = self.dial_failed {
            return EndReason::Failed(code);
        }
        if let Some((_, rule)) = self.refused {
            return EndReason::Refused(rule);
        }
        if self.cancelled_at.is_some() || self.hang_up_at.is_some() {
            return EndReason::Cancelled;
        }
        EndReason::NoAnswer
    }

    /// Whether anybody picked up.
    pub fn pickup(&self) -> Pickup {
        let end = self.terminated.map(|(_, end)| end);
        if end.is_some_and(|end| end.talked) {
            Pickup::Yes
        } else if end.and_then(|end| end.error) == Some(ACCEPTED_WITHOUT_MEDIA) {
            Pickup::Unknown
        } else if self.accepted_at.is_some() {
            Pickup::Yes
        } else if self.dial_unknown_at.is_some() && self.placed_at.is_none() && self.dial_failed.is_none() {
            Pickup::Unknown
        } else {
            Pickup::No
        }
    }

    /// Whether it is over and may have rung in vain: such a callee is not called again for this request, and Meta
    /// counts it towards taking the permission back. A call that broke before it rang is none.
    pub fn is_missed(&self) -> bool {
        let may_have_rung = match self.end_reason() {
            None | Some(EndReason::Completed) => false,
            Some(
                EndReason::Declined
                | EndReason::NoAnswer
                | EndReason::Failed(FailCode::Meta(ACCEPTED_WITHOUT_MEDIA)),
            ) => true,
            Some(EndReason::Failed(_)) => self.ringing_at.is_some(),
            Some(EndReason::Cancelled | EndReason::Refused(_)) => {
                self.placed_at.is_some() || self.pickup() == Pickup::Unknown
            }
        };
        may_have_rung && self.pickup() != Pickup::Yes
    }

    /// Whether a call that a person asked for has been made as far as it can be made: it is live, was answered, or
    /// may have rung.
    pub fn has_served(&self) -> bool {
        self.is_live() || self.pickup() == Pickup::Yes || self.is_missed()
    }

    /// Applies what happened at `at`. `chat` says whether the bot may still speak to the client now.
    pub fn apply(&self, event: AttemptEvent, at: Timestamp, chat: Chat) -> Transition<Self, AttemptFollow> {
        let mut next = *self;
        next.learn(event, at);
        if next == *self {
            return Transition::ignored(next, Ignored::Known);
        }
        let mut follows = Vec::new();
        if let AttemptEvent::DialFailed(FailCode::Meta(code)) = event {
            follows.extend(follow_of_code(code));
        }
        if let AttemptEvent::Terminated(Terminated { error: Some(code), .. }) = event {
            follows.extend(follow_of_code(code));
        }
        if next.must_terminate() {
            next.terminate_asked = true;
            follows.push(AttemptFollow::Terminate);
        }
        let (before, after) = (self.phase(), next.phase());
        if next.fallback == Fallback::NotDue && next.end_reason().is_some_and(EndReason::needs_fallback) {
            next.fallback = match chat {
                Chat::Open => Fallback::Sent,
                silent => Fallback::Suppressed(silent),
            };
            if next.fallback == Fallback::Sent {
                follows.push(AttemptFollow::SendFallback);
            }
        }
        let noted = match (before, after) {
            (before, after) if before == after => Noted::Learned,
            (Phase::Ended(_), _) => Noted::Corrected,
            _ => Noted::Moved,
        };
        Transition { next, noted, follows }
    }

    fn learn(&mut self, event: AttemptEvent, at: Timestamp) {
        let first = |known: Option<Timestamp>| earliest(known, Some(at));
        if event.is_metas() || event == AttemptEvent::Placed {
            self.placed_at = first(self.placed_at);
        }
        match event {
            AttemptEvent::Dialling => self.dialling_at = first(self.dialling_at),
            AttemptEvent::Refused(rule) => self.refused = Some(least(self.refused, (at, rule))),
            AttemptEvent::Cancelled => self.cancelled_at = first(self.cancelled_at),
            AttemptEvent::DialFailed(code) => self.dial_failed = Some(least(self.dial_failed, (at, code))),
            AttemptEvent::DialUnknown => self.dial_unknown_at = first(self.dial_unknown_at),
            AttemptEvent::Placed | AttemptEvent::Connect => {}
            AttemptEvent::RingLimit => self.ring_limit_at = first(self.ring_limit_at),
            AttemptEvent::HangUp => self.hang_up_at = first(self.hang_up_at),
            AttemptEvent::HungUp => self.hung_up_at = first(self.hung_up_at),
            AttemptEvent::GivenUp => self.given_up_at = first(self.given_up_at),
            AttemptEvent::Ringing => self.ringing_at = first(self.ringing_at),
            AttemptEvent::Accepted => self.accepted_at = first(self.accepted_at),
            AttemptEvent::Rejected => self.rejected_at = first(self.rejected_at),
            AttemptEvent::Terminated(end) => {
                self.terminated = Some(match self.terminated {
                    Some((known_at, known)) => (known_at.min(at), known.joined(end)),
                    None => (at, end),
                });
            }
        }
    }

    /// Whether a call may be alive at Meta that has no business to be, and that can be named there. A dial that was
    /// answered with an error is over for us, and its client reads the fallback: Meta may have placed it all the same.
    fn must_terminate(&self) -> bool {
        let unwanted = self.hang_up_at.is_some()
            || self.cancelled_at.is_some()
            || self.given_up_at.is_some()
            || self.dial_failed.is_some()
            || self.refused.is_some()
            || (self.ring_limit_at.is_some() && self.accepted_at.is_none());
        unwanted && self.placed_at.is_some() && !self.is_over_at_meta() && !self.terminate_asked
    }
}

/// Of two dated things the smaller, so that no order of arrival matters.
fn least<T: Ord>(known: Option<(Timestamp, T)>, new: (Timestamp, T)) -> (Timestamp, T) {
    match known {
        Some(known) => known.min(new),
        None => new,
    }
}

fn follow_of_code(code: u32) -> Option<AttemptFollow> {
    match code {
        138_006 => Some(AttemptFollow::ClearPermission),
        138_014 => Some(AttemptFollow::PauseCalling),
        // No payment method; the number is on SIP; calling not enabled; not in this country; limit under 2,000;
        // prerequisites.
        131_044 | 131_055 | 138_000 | 138_013 | 138_015 | 138_018 => Some(AttemptFollow::TellOperator(code)),
        _ => None,
    }
}
