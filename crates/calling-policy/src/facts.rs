//! What an evaluation looks at: stored facts, read in one transaction.

use marketplace::{
    ActorKind, CallAttemptId, ContactId, Control, PhoneNumberId, RequestId, RequestState, Timestamp, VendorId,
};

use crate::{
    Attempt, Consent, Party, Permission, PermissionRead, QuietHours, Trigger, UrgencySource,
    limits::AMBIGUOUS_BELOW,
};

/// Everything [`crate::evaluate`] looks at. Nothing here has a default: what the caller did not read cannot be
/// forgotten.
#[derive(Debug, Clone, PartialEq)]
pub struct CallFacts {
    /// The switches, and what Meta allows the number at all.
    pub switches: Switches,
    /// The request.
    pub request: RequestFacts,
    /// Who wants the call. Under human control only [`ActorKind::Human`] may.
    pub caller: ActorKind,
    /// When it is asked: at the tool, or at the moment of dialling.
    pub stage: Stage,
    /// What the caller says justifies the call. A claim: it has to hold by the facts.
    pub claim: Trigger,
    /// Key 1: the newest consent of the client that authorises calls of this request.
    pub authorisation: Option<Consent>,
    /// Who is to be called.
    pub callee: Callee,
    /// Every attempt of this request, and every attempt to this callee of the last 8 days, in any order. The
    /// attempt that is being judged may be among them: [`Stage::Dial`] names it.
    pub attempts: Vec<PastAttempt>,
    /// When nobody is called.
    pub quiet_hours: QuietHours,
}

/// The switches of all calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// `CALLING_ENABLED`, and the row that can only switch it off.
    pub calling: bool,
    /// The kill switch of all sending; unreadable is off.
    pub outbound: bool,
    /// Until when the breaker towards Meta is open; `None` if it is closed.
    pub breaker_open_until: Option<Timestamp>,
    /// Until when Meta pauses calls from this number (account restriction, 138014); `None` if it does not.
    pub restricted_until: Option<Timestamp>,
}

/// The request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestFacts {
    /// Its id: a consent for another one is none.
    pub id: RequestId,
    /// Its state.
    pub state: RequestState,
    /// Who drives it.
    pub control: Control,
    /// Counts takeovers and resumes.
    pub control_epoch: i64,
    /// The client.
    pub client: ContactId,
    /// Whether the client said STOP.
    pub client_opted_out: bool,
    /// Whether a medical prescription is involved.
    pub prescription: bool,
    /// Who said that it is urgent; `None` if nobody did.
    pub urgency: Option<UrgencySource>,
    /// When the client last wrote, by Meta's clock.
    pub client_wrote_at: Option<Timestamp>,
    /// When the client last asked to be called ("call me"), by Meta's clock.
    pub client_asked_call_at: Option<Timestamp>,
    /// When Meta accepted our newest question to the client; `None` if there was none or its fate is not known.
    pub question_accepted_at: Option<Timestamp>,
    /// When the last shortlist was stored.
    pub shortlisted_at: Option<Timestamp>,
}

/// When it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// At the tool `start_call`, before the attempt is committed as `intent`. Meta's permission is judged by what is
    /// stored.
    Decide,
    /// In the transaction that writes `dialling`.
    Dial {
        /// The attempt itself, which is no other call.
        attempt: CallAttemptId,
        /// The request's control epoch when the intent was committed.
        epoch: i64,
        /// What Meta said just before. There is no dial without it.
        read: PermissionRead,
        /// Whether an event of the callee is stored but not routed yet.
        unrouted_event: bool,
    },
    /// While it is not over, see [`crate::must_stop`].
    Live {
        /// The attempt itself.
        attempt: CallAttemptId,
        /// The request's control epoch when the intent was committed.
        epoch: i64,
    },
}

/// Who is to be called.
#[derive(Debug, Clone, PartialEq)]
pub enum Callee {
    /// The client of the request.
    Client(CalleeFacts),
    /// A vendor of the request.
    Vendor(CalleeFacts, VendorFacts),
}

/// What counts for whoever is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalleeFacts {
    /// Our business number that would call. Meta's permission and limits are per number and person.
    pub phone_number_id: PhoneNumberId,
    /// Key 2: this person's newest consent for this request.
    pub consent: Option<Consent>,
    /// Key 3: what is stored of Meta's permission for that number and this person.
    pub permission: Permission,
    /// The IANA name of this person's time zone: a vendor's from the directory, a client's from
    /// [`crate::zone_of_phone`] or as answered. `None` or a name nobody knows: no call.
    pub zone: Option<String>,
}

/// What counts for a vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct VendorFacts {
    /// The vendor.
    pub id: VendorId,
    /// The person behind it.
    pub contact: ContactId,
    /// Whether the vendor said STOP.
    pub opted_out: bool,
    /// When Meta accepted our newest message to this vendor for this request; `None` if there was none or its fate
    /// is not known: a message in doubt starts no silence.
    pub message_accepted_at: Option<Timestamp>,
    /// The vendor's latest reply to this request.
    pub reply: Option<VendorReply>,
}

/// A vendor's reply as parsed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VendorReply {
    /// When the vendor wrote it, by Meta's clock.
    pub at: Timestamp,
    /// How sure the reading is.
    pub confidence: Confidence,
}

/// How sure a reading is, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(f64);

/// Not a number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a confidence is a number from 0 to 1")]
pub struct NotAConfidence;

impl Confidence {
    /// Checks the number.
    ///
    /// # Errors
    /// [`NotAConfidence`] outside of 0 to 1, and for NaN.
    pub fn new(value: f64) -> Result<Self, NotAConfidence> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(NotAConfidence) }
    }

    /// Whether a reading this sure leaves open what was meant: below 0.6, not at it.
    pub fn is_ambiguous(self) -> bool {
        self.0 < AMBIGUOUS_BELOW
    }
}

/// An attempt beside the one that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastAttempt {
    /// The attempt.
    pub id: CallAttemptId,
    /// Its request.
    pub request: RequestId,
    /// Who was called.
    pub callee: ContactId,
    /// What became of it.
    pub attempt: Attempt,
}

impl CallFacts {
    /// The role of whoever is called.
    pub const fn party(&self) -> Party {
        match self.callee {
            Callee::Client(_) => Party::Client,
            Callee::Vendor(..) => Party::Vendor,
        }
    }

    /// The person who is called.
    pub const fn callee_contact(&self) -> ContactId {
        match &self.callee {
            Callee::Client(_) => self.request.client,
            Callee::Vendor(_, vendor) => vendor.contact,
        }
    }

    pub(crate) const fn callee_facts(&self) -> &CalleeFacts {
        match &self.callee {
            Callee::Client(facts) | Callee::Vendor(facts, _) => facts,
        }
    }

    /// The other attempts: the one that is judged is no reason against itself.
    pub(crate) fn others(&self) -> impl Iterator<Item = &PastAttempt> {
        let own = match self.stage {
            Stage::Decide => None,
            Stage::Dial { attempt, .. } | Stage::Live { attempt, .. } => Some(attempt),
        };
        self.attempts.iter().filter(move |past| Some(past.id) != own)
    }

    /// The other attempts of this request.
    pub(crate) fn of_request(&self) -> impl Iterator<Item = &Attempt> {
        self.others().filter(|past| past.request == self.request.id).map(|past| &past.attempt)
    }

    /// The other attempts to this callee, of whatever request.
    pub(crate) fn to_callee(&self) -> impl Iterator<Item = &PastAttempt> {
        let callee = self.callee_contact();
        self.others().filter(move |past| past.callee == callee)
    }
}
