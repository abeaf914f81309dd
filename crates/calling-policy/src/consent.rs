//! Consent: what one person answered to one prompt of ours, and until when it counts.
//!
//! `requested → granted | denied | expired`, `granted → expired | denied` (withdrawn), `denied → granted` only by a
//! newer answer of the same person to the same prompt. Answers come late, twice and in any order, so a [`Consent`]
//! holds not a status but what is known: the first answer, the newest YES, the newest NO, the request's end. Each
//! of these is a minimum or a maximum over what arrived, whatever the order, and the status is derived from them
//! and the time. A NO wins over a YES of the same second.
//!
//! Keep every event that was not ignored as a row of history; the newest state is what is evaluated.

use marketplace::{ContactId, MessageId, RequestId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Ignored, Noted, Party, Scope, Transition,
    limits::{CONSENT_LASTS, PROMPT_LASTS},
    words::words,
};

words! {
    /// Which of the four keys a consent is.
    ConsentKey {
        /// Key 1: the client allows a call for this request.
        Authorisation,
        /// Key 2: the person to be called allows it.
        Callee,
    }

    /// Where a consent stands.
    ConsentStatus {
        /// Asked, unanswered.
        Requested,
        /// Given.
        Granted,
        /// Refused or withdrawn.
        Denied,
        /// Over, by time or with the request.
        Expired,
    }

    /// Who said NO without being asked by this prompt.
    Withdrawal {
        /// The person, in the profile or on another prompt.
        ByPerson,
        /// Meta, after calls that were not answered.
        ByMeta,
    }
}

/// A vendor cannot consent to calls to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a vendor can only consent to calls to itself: scope call_vendor, not {0}")]
pub struct NotTheirs(pub Scope);

/// The consents that a prompt to `asked` opens, one record each, all with the prompt's message id.
///
/// The client's YES to calls to itself is key 1 and key 2; to calls to vendors key 1 alone, because it does not
/// speak for a vendor. A vendor's YES is key 2.
///
/// # Errors
/// [`NotTheirs`] where a vendor is asked for anything but calls to itself.
pub fn keys_of_prompt(asked: Party, scope: Scope) -> Result<&'static [(ConsentKey, Scope)], NotTheirs> {
    use ConsentKey::{Authorisation, Callee};
    use Scope::{CallClient, CallVendor, Either};
    match (asked, scope) {
        (Party::Client, CallVendor) => Ok(&[(Authorisation, CallVendor)]),
        (Party::Client, CallClient) => Ok(&[(Authorisation, CallClient), (Callee, CallClient)]),
        (Party::Client, Either) => Ok(&[(Authorisation, Either), (Callee, CallClient)]),
        (Party::Vendor, CallVendor) => Ok(&[(Callee, CallVendor)]),
        (Party::Vendor, CallClient | Either) => Err(NotTheirs(scope)),
    }
}

/// The newest YES.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Yes {
    at: Timestamp,
    /// Meta's expiry, if the answer came on Meta's card and is not for good.
    meta_until: Option<Timestamp>,
}

impl Yes {
    /// The newer one; of the same second the stricter of both.
    fn newer(self, other: Self) -> Self {
        match self.at.as_seconds().cmp(&other.at.as_seconds()) {
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Equal => {
                Self { at: self.at.min(other.at), meta_until: earliest(self.meta_until, other.meta_until) }
            }
        }
    }
}

/// One key of one person for one request, as asked by one prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Consent {
    request: RequestId,
    contact: ContactId,
    prompt: MessageId,
    key: ConsentKey,
    scope: Scope,
    requested_at: Timestamp,
    first_answer_at: Option<Timestamp>,
    yes: Option<Yes>,
    no_at: Option<Timestamp>,
    request_ended_at: Option<Timestamp>,
}

/// Something that was said about a consent, or happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentEvent {
    /// The person answered one of our prompts: a button, Meta's card, or words that the router took for it.
    Answer {
        /// Who answered.
        by: ContactId,
        /// Which prompt.
        prompt: MessageId,
        /// YES or NO.
        yes: bool,
        /// Meta's expiry; `None` on buttons, words, a NO, and where Meta's permission is for good.
        meta_until: Option<Timestamp>,
    },
    /// Meta's permission was given without our asking: in the profile, or after a call of theirs. Moves no consent.
    GivenElsewhere {
        /// Who.
        by: ContactId,
    },
    /// A NO that answers none of our prompts.
    Withdrawn {
        /// Whose permission it was.
        by: ContactId,
        /// Who took it back.
        how: Withdrawal,
    },
    /// The request was closed or handed off.
    RequestEnded,
}

/// What has to be done after an event, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentFollow {
    /// Say in chat that the YES was understood.
    ConfirmYes,
    /// Say in chat that the NO was understood.
    ConfirmNo,
    /// Calls that rest on this consent must not go on: cancel what is not dialled, hang up what is.
    StopCalls,
}

impl Consent {
    /// A prompt that goes out at `at`. Status `requested`.
    pub const fn requested(
        request: RequestId,
        contact: ContactId,
        prompt: MessageId,
        (key, scope): (ConsentKey, Scope),
        at: Timestamp,
    ) -> Self {
        Self {
            request,
            contact,
            prompt,
            key,
            scope,
            requested_at: at,
            first_answer_at: None,
            yes: None,
            no_at: None,
            request_ended_at: None,
        }
    }

    /// The request it is for. It is for no other.
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// Who was asked.
    pub const fn contact(&self) -> ContactId {
        self.contact
    }

    /// The message that asked.
    pub const fn prompt(&self) -> MessageId {
        self.prompt
    }

    /// Which key it is.
    pub const fn key(&self) -> ConsentKey {
        self.key
    }

    /// What it covers.
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// When the prompt went out.
    pub const fn requested_at(&self) -> Timestamp {
        self.requested_at
    }

    /// The YES that counts, whether or not it is over; `None` where nobody answered in time or a NO is as new.
    fn ruling_yes(&self) -> Option<Yes> {
        let in_time = self.first_answer_at.is_some_and(|at| at < self.requested_at + PROMPT_LASTS);
        self.yes.filter(|yes| in_time && self.no_at.is_none_or(|no| no.as_seconds() < yes.at.as_seconds()))
    }

    /// Where it stands at `now`. It is over from exactly [`Self::expires_at`] on.
    pub fn status(&self, now: Timestamp) -> ConsentStatus {
        let open = if self.ruling_yes().is_some() {
            ConsentStatus::Granted
        } else if self.no_at.is_some() {
            return ConsentStatus::Denied;
        } else {
            ConsentStatus::Requested
        };
        if now < self.expires_at() { open } else { ConsentStatus::Expired }
    }

    /// Until when it counts: a prompt for 24 hours; a YES until the request's end, for 7 days, or until Meta's
    /// expiry, whichever is first. After a NO: the time of the prompt, for the record.
    pub fn expires_at(&self) -> Timestamp {
        let lasts = match self.ruling_yes() {
            Some(yes) => earliest(yes.meta_until, Some(yes.at + CONSENT_LASTS)),
            None => Some(self.requested_at + PROMPT_LASTS),
        };
        earliest(lasts, self.request_ended_at).unwrap_or(self.requested_at)
    }

    /// When the answer that counts was given; `None` while there is none.
    pub fn answered_at(&self) -> Option<Timestamp> {
        self.ruling_yes().map(|yes| yes.at).or(self.no_at)
    }

    /// Applies what happened at `at`, by Meta's clock where Meta dates it; `now` is ours and decides what moved.
    pub fn apply(
        &self,
        event: ConsentEvent,
        at: Timestamp,
        now: Timestamp,
    ) -> Transition<Self, ConsentFollow> {
        let mut next = *self;
        let mut asked = false;
        match event {
            ConsentEvent::Answer { by, .. }
            | ConsentEvent::GivenElsewhere { by }
            | ConsentEvent::Withdrawn { by, .. }
                if by != self.contact =>
            {
                return Transition::ignored(*self, Ignored::OtherPerson);
            }
            ConsentEvent::Answer { prompt, yes: true, .. } if prompt != self.prompt => {
                return Transition::ignored(*self, Ignored::NotOurPrompt);
            }
            ConsentEvent::GivenElsewhere { .. } => {
                return Transition::ignored(*self, Ignored::NotOurPrompt);
            }
            ConsentEvent::Answer { prompt, yes, meta_until, .. } if prompt == self.prompt => {
                asked = true;
                next.first_answer_at = earliest(self.first_answer_at, Some(at));
                if yes {
                    let new = Yes { at, meta_until };
                    next.yes = Some(self.yes.map_or(new, |known| known.newer(new)));
                } else {
                    next.no_at = self.no_at.max(Some(at));
                }
            }
            // A NO on another prompt, or from anywhere else.
            ConsentEvent::Answer { .. } | ConsentEvent::Withdrawn { .. } => {
                if self.key == ConsentKey::Authorisation {
                    return Transition::ignored(*self, Ignored::NotOurPrompt);
                }
                if at.as_seconds() < self.requested_at.as_seconds() {
                    return Transition::ignored(*self, Ignored::BeforeThePrompt);
                }
                next.no_at = self.no_at.max(Some(at));
            }
            ConsentEvent::RequestEnded => {
                next.request_ended_at = earliest(self.request_ended_at, Some(at));
            }
        }
        self.step(next, asked, now)
    }

    fn step(&self, next: Self, asked: bool, now: Timestamp) -> Transition<Self, ConsentFollow> {
        if next == *self {
            return Transition::ignored(next, Ignored::Known);
        }
        let (before, after) = (self.status(now), next.status(now));
        let mut follows = Vec::new();
        if before != after {
            match after {
                // Nothing but an answer grants.
                ConsentStatus::Granted => follows.push(ConsentFollow::ConfirmYes),
                ConsentStatus::Denied if asked => follows.push(ConsentFollow::ConfirmNo),
                _ => {}
            }
            if before == ConsentStatus::Granted {
                follows.push(ConsentFollow::StopCalls);
            }
        }
        let noted = if before == after { Noted::Learned } else { Noted::Moved };
        Transition { next, noted, follows }
    }
}

/// Applies one event to every consent of a person and gives each consent's transition, in the given order, and what
/// follows once: one prompt may have opened two consents, and people read one confirmation.
pub fn apply_to_all(
    consents: &[Consent],
    event: ConsentEvent,
    at: Timestamp,
    now: Timestamp,
) -> (Vec<Transition<Consent, ConsentFollow>>, Vec<ConsentFollow>) {
    let transitions: Vec<_> = consents.iter().map(|consent| consent.apply(event, at, now)).collect();
    let mut follows: Vec<_> = transitions.iter().flat_map(|step| step.follows.iter().copied()).collect();
    follows.sort_unstable();
    follows.dedup();
    (transitions, follows)
}

/// The earlier of two moments, of which either may be missing.
pub(crate) fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
