//! Calls and consents: the product's account of them, and what Meta saw.

use meta_simulator::{CallAction, CallAttempt, CallVerdict, LogEvent};
use serde::Deserialize;

use super::{Evidence, RequestAccount};

/// A consent, as the product keeps it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ConsentLine {
    /// Its id.
    pub id: String,
    /// Who was asked: `client` or `vendor`.
    pub party: String,
    /// The vendor's name, where one was asked.
    #[serde(default)]
    pub vendor_name: Option<String>,
    /// `buttons` or `card`.
    #[serde(default)]
    pub asked_by: String,
    /// `authorisation` (the request may be helped by a call) or `callee` (this person may be called).
    #[serde(default)]
    pub key: String,
    /// `requested`, `granted`, `denied` or `expired`.
    pub status: String,
    /// Until when it stands, RFC 3339.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// What became of it, oldest first.
    #[serde(default)]
    pub history: Vec<ConsentChange>,
}

/// A change of a consent.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ConsentChange {
    /// When we learned of it, RFC 3339.
    #[serde(rename = "recorded_at")]
    pub at: String,
    /// What happened: `requested`, `yes`, `no`, …
    #[serde(default)]
    pub event: String,
    /// The status from then on.
    pub status: String,
}

/// A call, as the product keeps it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct CallLine {
    /// The intent's id, which Meta gets to see.
    pub id: String,
    /// Who is called: `client` or `vendor`.
    pub party: String,
    /// Which vendor.
    #[serde(default)]
    pub vendor_id: Option<String>,
    /// Its name.
    #[serde(default)]
    pub vendor_name: Option<String>,
    /// `intent`, `dialling`, `unknown`, `placed`, `ringing`, `answered` or `ended`.
    pub phase: String,
    /// How it ended: `completed`, `declined`, `no_answer`, `failed`, `cancelled` or `refused`.
    #[serde(default)]
    pub end_reason: Option<String>,
    /// The cause of a failure, or the rule that refused it.
    #[serde(default)]
    pub end_code: Option<String>,
    /// What justified it.
    #[serde(default)]
    pub trigger: String,
    /// When it was decided, RFC 3339.
    #[serde(default)]
    pub created_at: Option<String>,
    /// When it was dialled, RFC 3339.
    #[serde(default)]
    pub dialled_at: Option<String>,
    /// When it ended, RFC 3339.
    #[serde(default)]
    pub ended_at: Option<String>,
}

impl CallLine {
    /// How it ended, empty while it lives.
    pub fn end(&self) -> &str {
        self.end_reason.as_deref().unwrap_or_default()
    }

    /// Whether it was tried and came to nothing: what the client is told of.
    pub fn came_to_nothing(&self) -> bool {
        matches!(self.end(), "declined" | "no_answer" | "failed")
    }
}

/// A request to place a call that reached Meta.
#[derive(Debug, Clone, Copy)]
pub struct Dial<'a> {
    /// When, simulated milliseconds since the epoch.
    pub at_ms: i64,
    /// Its place in Meta's log.
    pub seq: u64,
    /// What was asked.
    pub attempt: &'a CallAttempt,
}

impl Dial<'_> {
    /// The intent it carries.
    pub fn intent(&self) -> &str {
        self.attempt.intent_id.as_deref().unwrap_or_default()
    }

    /// Whether Meta placed the call.
    pub fn was_taken(&self) -> bool {
        self.attempt.outcome == CallVerdict::Taken
    }
}

impl Evidence {
    /// Every request to place a call, taken or not.
    pub fn dials(&self) -> impl Iterator<Item = Dial<'_>> {
        self.meta.iter().filter_map(|entry| match &entry.event {
            LogEvent::Call(attempt) if attempt.action == CallAction::Connect => {
                Some(Dial { at_ms: entry.at_ms, seq: entry.seq, attempt })
            }
            _ => None,
        })
    }

    /// The call that Meta placed for this intent.
    pub fn call_at_meta(&self, intent: &str) -> Option<&meta_simulator::Call> {
        self.calls.iter().find(|call| call.intent_id.as_deref() == Some(intent))
    }

    /// The request that this intent belongs to.
    pub fn request_of_call(&self, intent: &str) -> Option<&RequestAccount> {
        self.requests.iter().find(|request| request.call(intent).is_some())
    }
}
