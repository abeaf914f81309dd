//! What the log keeps of calls. No media descriptions: they hold passwords.

use std::fmt;

use serde::Serialize;

use super::super::log::AnswerFate;

/// What the business asks of calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallAction {
    /// Place a call.
    Connect,
    /// End a call.
    Terminate,
    /// Prepare the media of a call that came in.
    PreAccept,
    /// Take a call that came in.
    Accept,
    /// Decline a call that came in.
    Reject,
    /// Read whether a person may be called.
    Lookup,
}

impl CallAction {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Terminate => "terminate",
            Self::PreAccept => "pre_accept",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Lookup => "call_permissions",
        }
    }
}

/// One request about calls that reached Meta, also a refused one or a repetition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallAttempt {
    /// The business number.
    pub pnid: String,
    /// What was asked.
    pub action: CallAction,
    /// Digits of the person; empty where they could not be told.
    pub digits: String,
    /// `to` had no `+`: the country code was put in front.
    pub wrong_number: bool,
    /// The call: the one placed, or the one named.
    pub wacid: Option<String>,
    /// `biz_opaque_callback_data`.
    pub intent_id: Option<String>,
    /// What came of it at Meta, whatever the client heard.
    pub outcome: CallVerdict,
    /// What the client got to hear.
    pub answered: AnswerFate,
}

/// What came of a request about calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallVerdict {
    /// Done.
    Taken,
    /// Not done.
    Refused {
        /// Meta's error code.
        code: u32,
        /// Its explanation.
        details: String,
    },
}

/// Something that happened to a call and was reported by webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallLog {
    /// The call.
    pub wacid: String,
    /// Digits of the person.
    pub digits: String,
    /// `connect`, `RINGING`, `ACCEPTED`, `REJECTED`, `terminate`, or any other event.
    pub what: String,
    /// `biz_opaque_callback_data`.
    pub intent_id: Option<String>,
    /// Meta's error code of a failure.
    pub code: Option<u32>,
}

/// A change of a permission to call, as reported by webhook. A permission that runs out reports nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PermissionLog {
    /// The business number.
    pub pnid: String,
    /// Digits of the person.
    pub digits: String,
    /// The message's id.
    pub wamid: String,
    /// `accept` or `reject`.
    pub response: &'static str,
    /// By WhatsApp, not by the person.
    pub automatic: bool,
    /// When it runs out, milliseconds of the simulator's clock; `None` for good, and on a no.
    pub until_ms: Option<i64>,
    /// The request or the call it answers.
    pub context: Option<String>,
}

impl fmt::Display for CallAttempt {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "business -> +{} {}", self.digits, self.action.as_str())?;
        if let (Some(wacid), false) = (&self.wacid, self.action == CallAction::Connect) {
            write!(f, " {wacid}")?;
        }
        if self.wrong_number {
            f.write_str("; wrong number: no +")?;
        }
        if let CallVerdict::Refused { code, details } = &self.outcome {
            write!(f, "; refused, {code}: {details}")?;
        }
        f.write_str(self.answered.remark())
    }
}

impl fmt::Display for CallLog {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{} call {} {}", self.digits, self.what, self.wacid)?;
        self.code.map_or(Ok(()), |code| write!(f, " ({code})"))
    }
}

impl fmt::Display for PermissionLog {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{} {}s calls", self.digits, self.response)?;
        match self.until_ms {
            Some(until_ms) => write!(f, " until {until_ms}")?,
            None if self.response == "accept" => f.write_str(" for good")?,
            None => {}
        }
        f.write_str(if self.automatic { " (automatic)" } else { "" })
    }
}
