//! Everything that happened, in order.

use std::fmt;

use serde::Serialize;

use super::{
    calling::{CallAttempt, CallLog, PermissionLog},
    people::{Button, MessageKind},
};

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// Position, counted from 0.
    pub seq: u64,
    /// Milliseconds of the simulator's clock.
    pub at_ms: i64,
    /// What happened.
    #[serde(flatten)]
    pub event: LogEvent,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LogEvent {
    /// The business tried to send: every HTTP request, also refused ones and repetitions.
    Send(SendAttempt),
    /// The business marked a message read, perhaps with a typing sign.
    ReadMark {
        /// The business number.
        pnid: String,
        /// The person's message.
        wamid: String,
        /// Shown as typing.
        typing: bool,
    },
    /// A person sent something.
    Said(Reply),
    /// A status was reported.
    Status(StatusLog),
    /// The business asked something about calls: every HTTP request, also refused ones and repetitions.
    Call(CallAttempt),
    /// Something that happened to a call was reported.
    CallEvent(CallLog),
    /// A permission to call was given or taken back.
    Permission(PermissionLog),
}

/// One `POST …/messages` that tried to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendAttempt {
    /// The business number.
    pub pnid: String,
    /// `to` as written, empty if it was missing.
    pub to: String,
    /// Digits of who it reached or would have reached; empty if `to` was unreadable.
    pub digits: String,
    /// `to` had no `+`: the country code was put in front, and it went to somebody else.
    pub wrong_number: bool,
    /// What it is; `None` if the body was refused before that was clear.
    pub kind: Option<MessageKind>,
    /// What the person reads.
    pub text: String,
    /// What the person can tap.
    pub buttons: Vec<Button>,
    /// The template's name.
    pub template_name: Option<String>,
    /// The message it quotes.
    pub context: Option<String>,
    /// `biz_opaque_callback_data`.
    pub intent_id: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// What the client got to hear.
    pub answered: AnswerFate,
}

/// What came of a send at Meta, whatever the client heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Taken.
    Accepted {
        /// The message's id.
        wamid: String,
    },
    /// Not taken.
    Refused {
        /// Meta's error code.
        code: u32,
        /// Its explanation.
        details: String,
    },
}

/// What the client gets to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFate {
    /// The answer.
    Given,
    /// HTTP 500, whatever came of it.
    ServerError,
    /// Nothing until it gives up.
    Held,
    /// The connection closes.
    Closed,
}

impl AnswerFate {
    /// What to say of it at the end of a line.
    pub(super) const fn remark(self) -> &'static str {
        match self {
            Self::Given => "",
            Self::ServerError => "; answered 500",
            Self::Held => "; answer held",
            Self::Closed => "; connection closed",
        }
    }
}

/// Something a person sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// The business number.
    pub pnid: String,
    /// Digits of the person's number.
    pub digits: String,
    /// The person's name.
    pub name: String,
    /// The message's id.
    pub wamid: String,
    /// What it is.
    pub kind: MessageKind,
    /// Text, caption or title of the button.
    pub text: String,
    /// Id of the tapped button.
    pub button_id: Option<String>,
    /// The message it quotes.
    pub quoting: Option<String>,
}

/// A status reported by webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusLog {
    /// The message.
    pub wamid: String,
    /// Digits of the recipient.
    pub digits: String,
    /// `sent`, `delivered`, `read`, `failed`.
    pub status: String,
    /// `biz_opaque_callback_data`.
    pub intent_id: Option<String>,
    /// Meta's error code of a failure.
    pub code: Option<u32>,
}

/// Totals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// `POST …/messages` that tried to send, read marks not counted.
    pub send_attempts: u64,
    /// Those that were accepted.
    pub sends_accepted: u64,
    /// Sends that went to a wrong number for want of a `+`.
    pub wrong_number_sends: u64,
    /// Requests for permission to call that were accepted; sends like others.
    pub permission_requests: u64,
    /// `GET …/call_permissions`.
    pub permission_lookups: u64,
    /// `POST …/calls` that tried to place a call.
    pub connect_attempts: u64,
    /// Those that were taken: so many calls were placed.
    pub connects_accepted: u64,
    /// Questions of the host that must not be asked, with the token or without.
    pub foreign_fetches: u64,
    /// What people sent.
    pub said: u64,
    /// Webhook requests made, copies and retries counted.
    pub webhook_posts: u64,
    /// Webhook requests answered with something else than 200, or not at all.
    pub webhook_failures: u64,
    /// First attempts lost by a fault.
    pub webhook_drops: u64,
    /// Webhooks lost for good by a fault.
    pub webhooks_lost: u64,
    /// Webhooks given up after the last attempt.
    pub webhooks_given_up: u64,
    /// Webhooks, statuses and moments of calls still to come.
    pub pending: u64,
}

impl fmt::Display for LogEntry {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.event {
            LogEvent::Send(send) => write!(f, "{send}"),
            LogEvent::ReadMark { wamid, typing, .. } => {
                write!(f, "business read {wamid}{}", if *typing { " and is typing" } else { "" })
            }
            LogEvent::Said(said) => {
                let Reply { digits, name, kind, text, .. } = said;
                write!(f, "+{digits} ({name}) -> {}{text:?}", mark(Some(*kind)))
            }
            LogEvent::Status(report) => {
                write!(f, "+{} {} {}", report.digits, report.status, report.wamid)?;
                report.code.map_or(Ok(()), |code| write!(f, " ({code})"))
            }
            LogEvent::Call(attempt) => write!(f, "{attempt}"),
            LogEvent::CallEvent(report) => write!(f, "{report}"),
            LogEvent::Permission(change) => write!(f, "{change}"),
        }
    }
}

impl fmt::Display for SendAttempt {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = self
            .template_name
            .as_ref()
            .map_or_else(|| mark(self.kind).to_owned(), |name| format!("[template {name}] "));
        write!(f, "business -> +{} {mark}{:?}", self.digits, self.text)?;
        for button in &self.buttons {
            write!(f, " [{}]", button.title)?;
        }
        if self.wrong_number {
            write!(f, "; wrong number: `to` was {:?}, without +", self.to)?;
        }
        if let Outcome::Refused { code, details } = &self.outcome {
            write!(f, "; refused, {code}: {details}")?;
        }
        f.write_str(self.answered.remark())
    }
}

fn mark(kind: Option<MessageKind>) -> &'static str {
    match kind {
        None | Some(MessageKind::Text | MessageKind::Template) => "",
        Some(MessageKind::Buttons) => "[buttons] ",
        Some(MessageKind::List) => "[list] ",
        Some(MessageKind::CallPermissionRequest) => "[call permission request] ",
        Some(MessageKind::Image) => "[image] ",
        Some(MessageKind::Other) => "[other] ",
    }
}
