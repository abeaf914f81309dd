//! The simulator without I/O: what Meta knows, and what it decides. Time comes in as milliseconds, what is to
//! happen later goes out as [`Scheduled`], what is to be posted as [`WebhookPlan`].

mod calling;
mod envelope;
mod faults;
mod graph_error;
mod log;
mod oddities;
mod outgoing;
mod people;
mod plan;
mod saying;
mod sending;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

pub use calling::{
    Call, CallAction, CallAttempt, CallDirection, CallEnd, CallLog, CallVerdict, OnCall, OnCard,
    PermissionAnswer, PermissionLog,
};
pub use faults::{
    CallFault, FaultPlan, MediaFault, Oddity, Rule, SendFault, Target, WebhookFault, WebhookKind, Which,
};
pub use log::{AnswerFate, Counters, LogEntry, LogEvent, Outcome, Reply, SendAttempt, StatusLog};
pub use people::{Button, Delivered, MessageKind, Person, Reachability, Said, Saying};
pub use plan::WebhookPlan;

use crate::{
    Error,
    config::{BusinessNumber, Config, StatusDelays, Template},
    phone, wire,
};
use envelope::{Business, StatusReport};
use faults::{Faults, Subject};
use graph_error::GraphError;
use people::Known;

/// A `POST /{version}/{phone-number-id}/messages` as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct SendRequest<'a> {
    /// The business number in the path.
    pub pnid: &'a str,
    /// The `Authorization` header, empty if there is none.
    pub authorization: &'a str,
    /// The raw body.
    pub body: &'a [u8],
}

/// What to answer, how, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
    /// Whether the client gets to hear it.
    pub fate: AnswerFate,
    /// What happens later.
    pub scheduled: Vec<Scheduled>,
    /// Real milliseconds before the client hears it.
    pub after_ms: u64,
}

/// Something that happens later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// Real milliseconds from now.
    pub after_ms: u64,
    /// What.
    pub event: Event,
}

/// Something that happens to a message of the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The message.
    pub wamid: String,
    /// What happens to it.
    pub kind: EventKind,
}

/// What happens to a message of the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Left Meta.
    Sent,
    /// Arrived in the person's phone.
    Delivered,
    /// Was read.
    Read,
    /// Will never arrive.
    Failed {
        /// Meta's error code.
        code: u32,
    },
}

impl EventKind {
    fn status(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed { .. } => "failed",
        }
    }
}

/// A message of either side.
#[derive(Debug, Clone)]
struct Message {
    pnid: String,
    digits: String,
    /// Of the business; people's messages are only quoted and marked read.
    outbound: bool,
    kind: MessageKind,
    text: String,
    buttons: Vec<Button>,
    template_name: Option<String>,
    intent_id: Option<String>,
    context: Option<String>,
}

/// A picture somebody sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Media {
    pub bytes: Vec<u8>,
    pub mime_type: String,
    pub sha256: String,
    pub pnid: String,
    pub fault: Option<MediaFault>,
    /// How often its bytes were asked for.
    pub fetches: u32,
}

/// Meta's state and decisions. Grows with every message: it is made for a run, not for years.
pub struct Core {
    access_token: String,
    app_secret: String,
    waba_id: String,
    numbers: Vec<BusinessNumber>,
    templates: Vec<Template>,
    delays: StatusDelays,
    unknown_recipient: Reachability,
    seed: u64,
    faults: Faults,
    people: BTreeMap<String, Known>,
    messages: HashMap<String, Message>,
    media: HashMap<String, Media>,
    /// How many ids and attempts each person has had, by purpose.
    ordinals: BTreeMap<(String, &'static str), u64>,
    intents: BTreeMap<String, u64>,
    calling: calling::State,
    log: Vec<LogEntry>,
    counters: Counters,
}

impl Core {
    /// A world without people and messages.
    pub fn new(config: &Config) -> Self {
        Self {
            access_token: config.access_token.clone(),
            app_secret: config.app_secret.clone(),
            waba_id: config.waba_id.clone(),
            numbers: config.numbers.clone(),
            templates: config.templates.clone(),
            delays: config.status_delays,
            unknown_recipient: config.unknown_recipient,
            seed: config.seed,
            faults: Faults::new(config.faults.clone(), config.seed),
            people: BTreeMap::new(),
            messages: HashMap::new(),
            media: HashMap::new(),
            ordinals: BTreeMap::new(),
            intents: BTreeMap::new(),
            calling: calling::State::new(config.calling),
            log: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// Registers a person, or gives a known one another name.
    pub fn person(&mut self, phone: &str, name: &str) -> Person {
        let digits = phone::digits(phone);
        let seed = self.seed;
        let known = self.people.entry(digits.clone()).or_insert_with(|| Known {
            person: Person {
                bsuid: bsuid(&digits, seed),
                digits,
                name: String::new(),
                reachability: Reachability::Reachable,
                reads: true,
                hides_number: false,
                on_call: OnCall::default(),
                on_card: OnCard::default(),
            },
            inbox: Vec::new(),
            last_wrote_ms: BTreeMap::new(),
        });
        name.clone_into(&mut known.person.name);
        known.person.clone()
    }

    /// A registered person, to be changed. The number must stay as it is.
    pub fn person_mut(&mut self, phone: &str) -> Option<&mut Person> {
        self.people.get_mut(&phone::digits(phone)).map(|known| &mut known.person)
    }

    /// Everyone registered, by number.
    pub fn people(&self) -> Vec<Person> {
        self.people.values().map(|known| known.person.clone()).collect()
    }

    /// What a person received, in order of arrival. Empty for unknown people.
    pub fn inbox(&self, phone: &str) -> &[Delivered] {
        self.people.get(&phone::digits(phone)).map(|known| known.inbox.as_slice()).unwrap_or_default()
    }

    /// Everything that happened, in order.
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }

    /// Totals. What is still to come includes what calls have before them.
    pub fn counters(&self) -> Counters {
        let pending = self.counters.pending + self.timers();
        Counters { pending, ..self.counters.clone() }
    }

    /// How many sends carried each `biz_opaque_callback_data`, accepted or not.
    pub fn sends_per_intent(&self) -> &BTreeMap<String, u64> {
        &self.intents
    }

    /// Replaces the faults; their counters begin anew.
    pub fn set_faults(&mut self, plan: FaultPlan) {
        self.faults = Faults::new(plan, self.seed);
    }

    /// Adds an approved template, or replaces the one of this name and language.
    pub fn register_template(&mut self, template: Template) {
        self.templates.retain(|known| (&known.name, &known.language) != (&template.name, &template.language));
        self.templates.push(template);
    }

    pub(crate) fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    pub(crate) fn media(&self, id: &str) -> Option<&Media> {
        self.media.get(id)
    }

    /// A picture whose bytes are asked for.
    pub(crate) fn fetch(&mut self, id: &str) -> Option<Media> {
        let media = self.media.get_mut(id)?;
        media.fetches += 1;
        Some(media.clone())
    }

    /// Whether an `Authorization` header carries the token.
    pub(crate) fn authorized(&self, authorization: &str) -> bool {
        authorization.strip_prefix("Bearer ").is_some_and(|token| token == self.access_token)
    }

    /// Lets something happen to a message: it arrives, it is reported.
    pub fn happen(&mut self, event: &Event, now_ms: i64) -> Option<WebhookPlan> {
        self.advance_before(now_ms);
        let message = self.messages.get(&event.wamid)?.clone();
        let known = self.people.get_mut(&message.digits);
        if let Some(known) = known {
            match event.kind {
                EventKind::Delivered => known.inbox.push(delivered(&event.wamid, &message, now_ms)),
                EventKind::Read if !known.person.reads => return None,
                _ => {}
            }
        }
        if event.kind == EventKind::Delivered && message.kind == MessageKind::CallPermissionRequest {
            self.card_delivered(&event.wamid, &message, now_ms);
        }
        let code = match event.kind {
            EventKind::Failed { code } => Some(code),
            _ => None,
        };
        let status = event.kind.status();
        let person = self.people.get(&message.digits).map(|known| &known.person);
        let hidden = person.is_some_and(|person| person.hides_number);
        let report = StatusReport {
            wamid: &event.wamid,
            status,
            recipient_id: (!hidden).then_some(message.digits.as_str()),
            bsuid: person.map(|person| person.bsuid.as_str()),
            intent_id: message.intent_id.as_deref(),
            template: message.template_name.is_some(),
            code,
        };
        let body = self.business(&message.pnid).ok()?.status(now_ms, &report);
        self.record(
            now_ms,
            LogEvent::Status(StatusLog {
                wamid: event.wamid.clone(),
                digits: message.digits.clone(),
                status: status.to_owned(),
                intent_id: message.intent_id,
                code,
            }),
        );
        Some(self.plan(WebhookKind::Status, &message.digits, &event.wamid, status, &body))
    }

    /// One of the business's numbers; the first unless told otherwise.
    fn number(&self, pnid: Option<&str>) -> Result<BusinessNumber, Error> {
        match pnid {
            None => self.numbers.first().cloned().ok_or(Error::NoBusinessNumber),
            Some(pnid) => {
                let number = self.numbers.iter().find(|number| number.phone_number_id == pnid);
                number.cloned().ok_or_else(|| Error::UnknownBusinessNumber(pnid.to_owned()))
            }
        }
    }

    /// What webhooks say about a number of the business.
    fn business(&self, pnid: &str) -> Result<Business<'_>, Error> {
        let number = self.numbers.iter().find(|number| number.phone_number_id == pnid);
        let number = number.ok_or_else(|| Error::UnknownBusinessNumber(pnid.to_owned()))?;
        Ok(Business { waba_id: &self.waba_id, number })
    }

    fn record(&mut self, at_ms: i64, event: LogEvent) {
        self.log.push(LogEntry { seq: self.log.len() as u64, at_ms, event });
    }

    /// The next number of a person for a purpose, from 0.
    fn ordinal(&mut self, digits: &str, purpose: &'static str) -> u64 {
        let next = self.ordinals.entry((digits.to_owned(), purpose)).or_insert(0);
        let ordinal = *next;
        *next += 1;
        ordinal
    }
}

fn delivered(wamid: &str, message: &Message, now_ms: i64) -> Delivered {
    Delivered {
        wamid: wamid.to_owned(),
        at_ms: now_ms,
        from_pnid: message.pnid.clone(),
        kind: message.kind,
        text: message.text.clone(),
        buttons: message.buttons.clone(),
        template_name: message.template_name.clone(),
        intent_id: message.intent_id.clone(),
        context: message.context.clone(),
    }
}

/// A business-scoped user id: a country, a dot, digits which are not the number's.
fn bsuid(digits: &str, seed: u64) -> String {
    let country = match phone::country_code(digits) {
        "1" => "US",
        "33" => "FR",
        "34" => "ES",
        "44" => "GB",
        "55" => "BR",
        "91" => "IN",
        "254" => "KE",
        "255" => "TZ",
        "256" => "UG",
        _ => "ZZ",
    };
    format!("{country}.{:020}", wire::draw(&[b"bsuid", &seed.to_be_bytes(), digits.as_bytes()]))
}

#[cfg(test)]
mod tests;
