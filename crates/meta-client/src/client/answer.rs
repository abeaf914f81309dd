//! What came back from a request, and what it proves.

use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::{ANSWER_BYTES_MAX, SendOutcome};
use crate::{
    error::{self, MetaError, Reading, SendErrorClass},
    identity::MetaId,
    json,
};

/// What is kept of an answer that is not Meta's JSON.
const EXCERPT_CHARS_MAX: usize = 200;

/// Why there is no answer.
pub(super) enum Failure {
    /// No byte of the request left: it had no effect.
    BeforeEffect(String),
    /// It may have had its effect.
    Doubt(String),
}

impl Failure {
    /// Only a connection that was never made proves that nothing was sent: refused, name not found, TLS not agreed.
    pub(super) fn of(error: reqwest::Error) -> Self {
        let before = error.is_connect() || error.is_builder();
        let timeout = error.is_timeout();
        let chain = causes(&error.without_url());
        match (before, timeout) {
            (true, _) => Self::BeforeEffect(format!("no connection: {chain}")),
            (false, true) => Self::Doubt("no answer in time".to_owned()),
            (false, false) => Self::Doubt(format!("the connection broke: {chain}")),
        }
    }

    /// The same once an answer has begun: whatever breaks now, the request was sent.
    fn after_effect(error: reqwest::Error) -> Self {
        match Self::of(error) {
            Self::BeforeEffect(why) | Self::Doubt(why) => Self::Doubt(why),
        }
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// What came back.
pub(super) struct Answer {
    status: StatusCode,
    json: Option<Value>,
    bytes: Vec<u8>,
}

impl Answer {
    /// Reads the answer to its end, at most [`ANSWER_BYTES_MAX`].
    pub(super) async fn read(mut response: Response) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Failure::after_effect)? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failure::Doubt(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Self { status: response.status(), json: serde_json::from_slice(&bytes).ok(), bytes })
    }

    /// A message id in a success is acceptance; else Meta's code decides. Without a code nothing is proven, whatever
    /// the HTTP status: proxies answer too.
    pub(super) fn outcome(&self) -> SendOutcome {
        if let Some(accepted) = self.accepted() {
            return accepted;
        }
        let doubt = || SendOutcome::Unknown { why: self.reason() };
        let Some(code) = self.error().and_then(|error| error.code) else { return doubt() };
        match error::reading(code) {
            Some(Reading::Throttled(after)) => {
                SendOutcome::Retry { after: Some(after), code: Some(code), detail: self.reason() }
            }
            Some(Reading::Refused(class)) => SendOutcome::Refused { class, code, detail: self.reason() },
            None if self.is_client_error() => {
                SendOutcome::Refused { class: SendErrorClass::Unknown, code, detail: self.reason() }
            }
            Some(Reading::Doubt) | None => doubt(),
        }
    }

    fn accepted(&self) -> Option<SendOutcome> {
        let answer = self.success()?;
        let message = json::first(answer, "messages")?;
        Some(SendOutcome::Accepted {
            wamid: json::text(message, "id").map(MetaId::from)?,
            wa_id: json::first(answer, "contacts")
                .and_then(|contact| json::text(contact, "wa_id"))
                .and_then(|text| text.trim_start_matches('+').parse().ok()),
            message_status: json::text(message, "message_status"),
        })
    }

    /// The JSON of a success.
    pub(super) fn success(&self) -> Option<&Value> {
        self.json.as_ref().filter(|_| self.status.is_success())
    }

    pub(super) fn is_client_error(&self) -> bool {
        self.status.is_client_error()
    }

    pub(super) fn confirms(&self) -> bool {
        self.success().and_then(|answer| json::boolean(answer, "success")) == Some(true)
    }

    pub(super) fn error(&self) -> Option<MetaError> {
        self.json.as_ref()?.get("error").and_then(MetaError::read)
    }

    /// HTTP status, code and Meta's words, or an excerpt of what came instead.
    pub(super) fn reason(&self) -> String {
        let status = self.status.as_u16();
        match self.error() {
            Some(error) => format!("{}: {}", self.numbers(), error.reason()),
            None => format!("HTTP {status} without an answer of Meta's form: {}", self.excerpt()),
        }
    }

    /// As [`Self::reason`] without any word of the other side, which quotes what nobody may see.
    pub(super) fn reason_withheld(&self) -> String {
        format!("{}: the words quote the media description and are withheld", self.numbers())
    }

    fn numbers(&self) -> String {
        let code = self.error().and_then(|error| error.code);
        let code = code.map_or_else(|| "no code".to_owned(), |code| format!("code {code}"));
        format!("HTTP {}, {code}", self.status.as_u16())
    }

    /// The start of a foreign answer. An answer of Meta's form may hold personal data and is not quoted.
    fn excerpt(&self) -> String {
        if self.json.is_some() {
            return format!("{} bytes of JSON", self.bytes.len());
        }
        if self.bytes.is_empty() {
            return "empty".to_owned();
        }
        String::from_utf8_lossy(&self.bytes)
            .chars()
            .filter(|c| !c.is_control())
            .take(EXCERPT_CHARS_MAX)
            .collect()
    }
}
