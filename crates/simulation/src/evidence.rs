//! What a run left behind: the product's own account, Meta's log, the gateway's log.

mod calls;

use std::collections::BTreeMap;

use meta_simulator::{Call, LogEntry, LogEvent, Outcome, Reply, SendAttempt};
use serde::Deserialize;
use serde_json::Value;
use voice_simulator::Session;

pub use calls::{CallLine, ConsentChange, ConsentLine, Dial};

use crate::{
    gateway::Exchange,
    hook::Told,
    operator::OperatorAct,
    outsider::ToolAnswer,
    people::{Cast, digits, ways::Way},
};

/// `concierge-admin requests list --json`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RequestList {
    /// One line per request.
    pub requests: Vec<RequestLine>,
}

/// One line of the list.
#[derive(Debug, Clone, Deserialize)]
pub struct RequestLine {
    /// The request's id.
    pub id: String,
    /// Its state.
    pub state: String,
    /// The category of the vendor directory, once known.
    #[serde(default)]
    pub category: Option<String>,
}

/// `concierge-admin requests show ID --json`: the parts that are read here.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RequestAccount {
    /// The request itself.
    pub request: RequestFacts,
    /// Each change of state, oldest first.
    #[serde(default)]
    pub states: Vec<StateChange>,
    /// Each message in or out.
    #[serde(default)]
    pub messages: Vec<MessageLine>,
    /// Vendors contacted together.
    #[serde(default)]
    pub batches: Vec<BatchLine>,
    /// Shortlists sent.
    #[serde(default)]
    pub shortlists: Vec<ShortlistLine>,
    /// What was decided.
    #[serde(default)]
    pub turns: Vec<TurnLine>,
    /// Who was asked whether we may call, and what they said.
    #[serde(default)]
    pub consents: Vec<ConsentLine>,
    /// Calls that were decided, dialled or not.
    #[serde(default)]
    pub calls: Vec<CallLine>,
    /// The audit chain.
    #[serde(default)]
    pub audit: Vec<AuditLine>,
    /// Whether the chain holds.
    #[serde(default)]
    pub audit_verified: bool,
}

/// The request itself.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RequestFacts {
    /// Its id.
    pub id: String,
    /// Its state.
    pub state: String,
    /// Whose it is.
    #[serde(default)]
    pub client: ClientFacts,
}

/// Whose request it is.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ClientFacts {
    /// Profile name.
    #[serde(default)]
    pub name: Option<String>,
    /// With `+`.
    #[serde(default)]
    pub phone: Option<String>,
}

/// A change of state.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct StateChange {
    /// RFC 3339.
    #[serde(default)]
    pub at: String,
    /// Nothing for the first.
    #[serde(default)]
    pub from: Option<String>,
    /// The new state.
    pub to: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A message.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct MessageLine {
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// RFC 3339.
    #[serde(default)]
    pub at: String,
    /// `in` or `out`.
    pub direction: String,
    /// `client` or `vendor`.
    pub party: String,
    /// Which vendor.
    #[serde(default)]
    pub vendor_id: Option<String>,
    /// The vendor's name.
    #[serde(default)]
    pub vendor_name: Option<String>,
    /// What was written.
    #[serde(default)]
    pub text: Option<String>,
    /// Delivery status of what we sent.
    #[serde(default)]
    pub status: Option<String>,
}

/// A batch.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct BatchLine {
    /// Counted from 1.
    pub ordinal: u32,
    /// Its vendors.
    #[serde(default)]
    pub vendors: Vec<BatchVendor>,
}

/// A vendor in a batch.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct BatchVendor {
    /// The operator's id.
    pub vendor_id: String,
}

/// A shortlist.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ShortlistLine {
    /// What was offered.
    #[serde(default)]
    pub items: Vec<ShortlistItem>,
}

/// An offer of a shortlist.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ShortlistItem {
    /// Whose offer.
    pub vendor_id: String,
}

/// A turn.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct TurnLine {
    /// RFC 3339.
    #[serde(default)]
    pub at: String,
    /// `moltbot`, `coded_workflow` or `client_choice`.
    pub source: String,
    /// `committed`, `superseded`, `dropped` or `failed`.
    #[serde(default)]
    pub status: String,
    /// `accepted`, `rejected`, `unavailable` or `not_asked`.
    pub verdict: String,
    /// What was decided, or `none`.
    #[serde(default)]
    pub decision: Option<String>,
    /// Why.
    #[serde(default)]
    pub why: Option<String>,
    /// Closed codes: the rules a rejected answer broke, or why there was no answer.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// What was wrong with a rejected answer.
    #[serde(default)]
    pub violations: Vec<Violation>,
}

/// One fault of a rejected answer.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Violation {
    /// Where.
    #[serde(default)]
    pub pointer: String,
    /// Which rule.
    pub rule: String,
    /// In words.
    #[serde(default)]
    pub message: String,
}

/// An audit record.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct AuditLine {
    /// What was done.
    pub action: String,
    /// What came of it.
    #[serde(default)]
    pub outcome: Option<String>,
    /// Closed codes that say why.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// Everything that checks and transcript look at.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Who took part.
    pub cast: Cast,
    /// The product's account of each request, by client.
    pub requests: Vec<RequestAccount>,
    /// Meta's log.
    pub meta: Vec<LogEntry>,
    /// The gateway's log.
    pub gateway: Vec<Exchange>,
    /// Calls that the gateway had to refuse.
    pub gateway_faults: Vec<String>,
    /// What the tools answered to a service that called them.
    pub tool_answers: Vec<ToolAnswer>,
    /// What a person who operates did.
    pub operator: Vec<OperatorAct>,
    /// What came in at the operators' webhook.
    pub told: Vec<Told>,
    /// Calls as Meta knows them.
    pub calls: Vec<Call>,
    /// How many `connect` requests Meta got for each intent.
    pub connects: BTreeMap<String, u64>,
    /// The media server's sessions; `None` where there was no media server.
    pub voice: Option<Vec<Session>>,
    /// Sends whose outcome stayed unknown.
    pub outbox_unknown: Vec<Value>,
    /// Whether a send may stay unknown because it never left: after a crash, a person decides about it.
    pub may_stay_unknown: bool,
    /// How often a worker was killed.
    pub kills: u32,
    /// What the product could not process.
    pub dead_letters: Vec<Value>,
    /// What each program wrote to its log, by the program's name.
    pub logs: Vec<(String, String)>,
    /// Webhook posts that were answered with something else than 200.
    pub webhook_failures: u64,
    /// Webhook posts.
    pub webhook_posts: u64,
    /// Questions of a host that must not see the token.
    pub foreign_fetches: u64,
    /// Programs that did not stop when asked.
    pub stuck: Vec<String>,
    /// Whether everything came to its end in time; else what was still open.
    pub unfinished: Option<String>,
}

/// A message that reached Meta.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// When, simulated milliseconds since the epoch.
    pub at_ms: i64,
    /// What.
    pub attempt: &'a SendAttempt,
}

impl Evidence {
    /// Every message that was handed to Meta, taken or not.
    pub fn attempts(&self) -> impl Iterator<Item = &SendAttempt> {
        self.meta.iter().filter_map(|entry| match &entry.event {
            LogEvent::Send(attempt) => Some(attempt),
            _ => None,
        })
    }

    /// Messages that Meta accepted, whatever the sender heard.
    pub fn sent(&self) -> impl Iterator<Item = Sent<'_>> {
        self.meta.iter().filter_map(|entry| match &entry.event {
            LogEvent::Send(attempt) if matches!(attempt.outcome, Outcome::Accepted { .. }) => {
                Some(Sent { at_ms: entry.at_ms, attempt })
            }
            _ => None,
        })
    }

    /// When a person first wrote, simulated milliseconds since the epoch; `phone` in digits.
    pub fn said_at_ms(&self, phone: &str) -> Option<i64> {
        self.meta.iter().find_map(|entry| match &entry.event {
            LogEvent::Said(reply) if reply.digits == phone => Some(entry.at_ms),
            _ => None,
        })
    }

    /// What people wrote, and what they answered on Meta's cards (`accept`, `reject`), in order; digits and text.
    pub fn said_or_answered(&self) -> impl Iterator<Item = (&str, &str)> {
        self.meta.iter().filter_map(|entry| match &entry.event {
            LogEvent::Said(reply) => Some((reply.digits.as_str(), reply.text.as_str())),
            LogEvent::Permission(change) => Some((change.digits.as_str(), change.response)),
            _ => None,
        })
    }

    /// Changes of the permission to call that answer no card, in order; digits and `accept` or `reject`.
    pub fn said_in_profile(&self) -> impl Iterator<Item = (&str, &str)> {
        self.meta.iter().filter_map(|entry| match &entry.event {
            LogEvent::Permission(change) if change.context.is_none() => {
                Some((change.digits.as_str(), change.response))
            }
            _ => None,
        })
    }

    /// What one person wrote, with the time, in simulated milliseconds since the epoch; `phone` in digits.
    pub fn said_by(&self, phone: &str) -> impl Iterator<Item = (i64, &str)> {
        self.meta.iter().filter_map(move |entry| match &entry.event {
            LogEvent::Said(reply) if reply.digits == phone => Some((entry.at_ms, reply.text.as_str())),
            _ => None,
        })
    }

    /// STOP, and what the same person wrote afterwards; digits and text.
    pub fn said_after_stop(&self) -> Vec<(&str, &str)> {
        let mut stopped = std::collections::BTreeSet::new();
        self.said()
            .filter(|reply| {
                if reply.text == "STOP" {
                    stopped.insert(reply.digits.as_str());
                }
                stopped.contains(reply.digits.as_str())
            })
            .map(|reply| (reply.digits.as_str(), reply.text.as_str()))
            .collect()
    }

    /// What people wrote.
    pub fn said(&self) -> impl Iterator<Item = &Reply> {
        self.meta.iter().filter_map(|entry| match &entry.event {
            LogEvent::Said(reply) => Some(reply),
            _ => None,
        })
    }
}

impl RequestAccount {
    /// The states in order, the first included.
    pub fn states(&self) -> Vec<&str> {
        let first = self.states.first().and_then(|change| change.from.as_deref());
        let to = self.states.iter().map(|change| change.to.as_str());
        first.into_iter().chain(to).fold(Vec::new(), |mut states, state| {
            if states.last() != Some(&state) {
                states.push(state);
            }
            states
        })
    }

    /// The request's call with this id.
    pub fn call(&self, id: &str) -> Option<&CallLine> {
        self.calls.iter().find(|call| call.id == id)
    }

    /// A message of ours that has not reached Meta yet.
    pub fn on_its_way(&self) -> Option<&MessageLine> {
        self.messages.iter().find(|message| {
            message.direction == "out" && matches!(message.status.as_deref(), Some("queued" | "sending"))
        })
    }

    /// The account with the number of a client whom the product knows by id and name alone.
    #[must_use]
    pub fn of_whom_it_is(mut self, cast: &Cast) -> Self {
        let hidden = cast.clients.iter().find(|client| {
            client.way == Way::HidesNumber && self.request.client.name.as_ref() == Some(&client.name)
        });
        if let (None, Some(client)) = (&self.request.client.phone, hidden) {
            self.request.client.phone = Some(client.phone.clone());
        }
        self
    }

    /// Whether this client's number is the request's.
    pub fn belongs_to(&self, phone: &str) -> bool {
        self.request.client.phone.as_deref().is_some_and(|own| digits(own) == digits(phone))
    }

    /// When the request was handed off, simulated milliseconds since the epoch.
    pub fn handed_off_ms(&self) -> Option<i64> {
        let change = self.states.iter().find(|change| change.to == "handed_off")?;
        millis(&change.at)
    }
}

/// Milliseconds since the epoch of an RFC 3339 moment.
pub fn millis(at: &str) -> Option<i64> {
    at.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}
