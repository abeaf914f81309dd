//! Meta's permission for one person and one business number: key 3.
//!
//! Two sources: the webhook `call_permission_reply`, and `GET call_permissions`. Neither is in order, so a
//! [`Permission`] keeps the newest yes and the newest no; the newer one rules, and of the same second the no. That it
//! ran out has no webhook at all: [`Permission::state`] goes by the time.

use marketplace::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Ignored, Noted, Transition,
    limits::{CLOCK_SKEW, PERMISSION_LASTS, PERMISSION_MARGIN},
    words::words,
};

/// Until when Meta lets us call. Of two the smaller is the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Until this moment, by Meta's word.
    Until(Timestamp),
    /// Until the person ends it.
    Permanent,
}

words! {
    /// A person's answer as the webhook gives it.
    PermissionResponse {
        /// `accept`.
        Accept,
        /// `reject`.
        Reject,
        /// A word that we do not know. It grants nothing.
        Other,
    }

    /// Who took a permission back, or never gave it.
    RefusedBy {
        /// The person.
        Person,
        /// Meta, after calls in a row that were not answered.
        Meta,
        /// Not said: `GET call_permissions` has no reasons.
        Unstated,
    }
}

/// The webhook `call_permission_reply`, whatever its shape: every field may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PermissionReply {
    /// `response`.
    pub response: PermissionResponse,
    /// `is_permanent`; missing in some shapes, and then it is not.
    pub is_permanent: Option<bool>,
    /// `expiration_timestamp`. Trusted where it is there, however far away.
    pub expires_at: Option<Timestamp>,
    /// Whether `response_source` is `automatic`.
    pub automatic: bool,
}

impl PermissionReply {
    /// How long an accept of `at` lasts. An expiry outranks "permanent"; with neither it is temporary.
    pub fn term(&self, at: Timestamp) -> Term {
        match (self.expires_at, self.is_permanent) {
            (Some(until), _) => Term::Until(until),
            (None, Some(true)) => Term::Permanent,
            (None, _) => Term::Until(at + PERMISSION_LASTS),
        }
    }
}

/// One limit of `actions[start_call].limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallLimit {
    /// `max_allowed`: answered calls in the window.
    pub max_allowed: u32,
    /// `current_usage`.
    pub current_usage: u32,
    /// `limit_expiration_time`; only there when the limit is used up.
    pub until: Option<Timestamp>,
}

/// What `GET call_permissions` said. The status is text at Meta, in two vocabularies; only whether it says
/// `permanent` is used, and never to decide whether a call may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PermissionRead {
    /// When it was read, by our clock: before the request was sent.
    pub at: Timestamp,
    /// `actions[start_call].can_perform_action`; `false` where the action is missing.
    pub can_start_call: bool,
    /// Whether `permission.status` is `permanent`, compared without case.
    pub says_permanent: bool,
    /// `permission.expiration_time` or `permission.expiration`.
    pub expires_at: Option<Timestamp>,
    /// The 24-hour limit of `actions[start_call]`, where there is one.
    pub call_limit: Option<CallLimit>,
}

impl PermissionRead {
    /// Whether calls are refused because so many were answered, not for want of a permission.
    pub fn is_used_up(&self) -> bool {
        self.call_limit.is_some_and(|limit| limit.current_usage >= limit.max_allowed)
    }

    fn term(&self) -> Term {
        match self.expires_at {
            Some(until) => Term::Until(until),
            None if self.says_permanent => Term::Permanent,
            None => Term::Until(self.at + PERMISSION_LASTS),
        }
    }
}

/// News about a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PermissionEvent {
    /// The webhook.
    Reply(PermissionReply),
    /// `GET call_permissions`. Dated by [`PermissionRead::at`].
    Read(PermissionRead),
    /// A dial was refused with 138006, no approved permission.
    NotApproved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Allowed {
    at: Timestamp,
    term: Term,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Refused {
    at: Timestamp,
    by: RefusedBy,
}

/// What is known of one person's permission for one business number. The default: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permission {
    allowed: Option<Allowed>,
    /// The newest no that the person or Meta itself said. What we found out about it since does not outweigh it.
    said_no: Option<Refused>,
    /// When Meta last told us that there is none.
    found_none: Option<Timestamp>,
}

/// Where a permission stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PermissionState {
    /// Nobody ever said anything.
    Unknown,
    /// Given until then. [`PERMISSION_MARGIN`] before it is [`Self::Expired`].
    Temporary {
        /// Meta's expiry.
        until: Timestamp,
    },
    /// Given for good.
    Permanent,
    /// Given, and over or about to be.
    Expired {
        /// Meta's expiry.
        until: Timestamp,
    },
    /// Refused or taken back.
    Refused {
        /// By whom.
        by: RefusedBy,
        /// When.
        at: Timestamp,
    },
}

/// What has to be done after news about a permission, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PermissionFollow {
    /// The person's key 2 is gone too: apply [`crate::ConsentEvent::Withdrawn`] to their consents.
    WithdrawConsents,
    /// Calls to the person must not go on: cancel what is not dialled, hang up what is.
    StopCalls,
}

impl Permission {
    fn ruling(&self) -> Result<Allowed, Option<Refused>> {
        let is_newer =
            |at: Timestamp| self.allowed.is_none_or(|allowed| allowed.at.as_seconds() <= at.as_seconds());
        let said = self.said_no.filter(|no| is_newer(no.at));
        let found = self.found_none.filter(|at| is_newer(*at));
        match (said, found, self.allowed) {
            (Some(no), _, _) => Err(Some(no)),
            (None, Some(at), _) => Err(Some(Refused { at, by: RefusedBy::Unstated })),
            (None, None, Some(allowed)) => Ok(allowed),
            (None, None, None) => Err(None),
        }
    }

    /// Where it stands at `now`.
    pub fn state(&self, now: Timestamp) -> PermissionState {
        match self.ruling() {
            Err(None) => PermissionState::Unknown,
            Err(Some(Refused { at, by })) => PermissionState::Refused { by, at },
            Ok(Allowed { term: Term::Permanent, .. }) => PermissionState::Permanent,
            Ok(Allowed { term: Term::Until(until), .. }) if now + PERMISSION_MARGIN < until => {
                PermissionState::Temporary { until }
            }
            Ok(Allowed { term: Term::Until(until), .. }) => PermissionState::Expired { until },
        }
    }

    /// Whether it lets us call at `now`.
    pub fn allows(&self, now: Timestamp) -> bool {
        matches!(self.state(now), PermissionState::Temporary { .. } | PermissionState::Permanent)
    }

    /// When the word that rules was given; `None` if there is none.
    pub fn since(&self) -> Option<Timestamp> {
        match self.ruling() {
            Ok(allowed) => Some(allowed.at),
            Err(refused) => refused.map(|refused| refused.at),
        }
    }

    /// Applies news of `at`, by Meta's clock where Meta dates it; a read is dated by itself. `now` is our time and
    /// decides what moved.
    pub fn apply(
        &self,
        event: PermissionEvent,
        at: Timestamp,
        now: Timestamp,
    ) -> Transition<Self, PermissionFollow> {
        let mut next = *self;
        match event {
            PermissionEvent::Reply(reply) => match reply.response {
                PermissionResponse::Accept => next.allow(Allowed { at, term: reply.term(at) }),
                PermissionResponse::Reject if reply.automatic => {
                    next.refuse(Refused { at, by: RefusedBy::Meta });
                }
                PermissionResponse::Reject => next.refuse(Refused { at, by: RefusedBy::Person }),
                PermissionResponse::Other => return Transition::ignored(*self, Ignored::Unclear),
            },
            // Dated by our clock, which may be ahead of the one that dates what people say.
            PermissionEvent::Read(read) if read.can_start_call => {
                next.allow(Allowed { at: read.at - CLOCK_SKEW, term: read.term() });
            }
            // Too many answered calls say nothing about the permission.
            PermissionEvent::Read(read) if read.is_used_up() => {
                return Transition::ignored(*self, Ignored::Unclear);
            }
            PermissionEvent::Read(read) => next.found_none = next.found_none.max(Some(read.at)),
            PermissionEvent::NotApproved => next.found_none = next.found_none.max(Some(at)),
        }
        self.step(next, event, now)
    }

    fn step(&self, next: Self, event: PermissionEvent, now: Timestamp) -> Transition<Self, PermissionFollow> {
        if next == *self {
            return Transition::ignored(next, Ignored::Known);
        }
        let mut follows = Vec::new();
        let is_refused = next.ruling().is_err();
        // Only a person's or Meta's own no withdraws consents, also one that a newer yes to Meta has overtaken; what we
        // read or were answered only stops calls.
        if matches!(event, PermissionEvent::Reply(reply) if reply.response == PermissionResponse::Reject) {
            follows.push(PermissionFollow::WithdrawConsents);
        }
        if is_refused && self.allows(now) {
            follows.push(PermissionFollow::StopCalls);
        }
        let moved = self.state(now) != next.state(now);
        Transition { next, noted: if moved { Noted::Moved } else { Noted::Learned }, follows }
    }

    fn allow(&mut self, new: Allowed) {
        self.allowed = Some(match self.allowed {
            Some(known) if known.at.as_seconds() > new.at.as_seconds() => known,
            Some(known) if known.at.as_seconds() == new.at.as_seconds() => {
                Allowed { at: known.at.min(new.at), term: known.term.min(new.term) }
            }
            _ => new,
        });
    }

    /// Of the same second the one whose author is named first in [`RefusedBy`].
    fn refuse(&mut self, new: Refused) {
        self.said_no = Some(match self.said_no {
            Some(known) if known.at.as_seconds() > new.at.as_seconds() => known,
            Some(known) if known.at.as_seconds() == new.at.as_seconds() => {
                Refused { at: known.at.min(new.at), by: known.by.min(new.by) }
            }
            _ => new,
        });
    }
}
