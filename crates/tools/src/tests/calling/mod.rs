//! Consents and the decision to call, on rows of both databases.

mod answers;
mod asks;
mod ends;
mod start;

use std::{ops::Deref, time::Duration};

use calling_policy::{ConsentKey, ConsentStatus, PermissionReply, PermissionResponse};
use marketplace::{Clock as _, ContactId, MessageId, PhoneNumberId, Timestamp, VendorId};
use moltbot_contract::{CallScope, CallTrigger, Urgency};
use store::{
    calls::{self, HistoryEvent, StoredConsent},
    contacts, lanes,
    messages::{self, Direction, MessageKind, NewMessage, Party as Side},
    outbox::{self, Purpose, SendState},
    requests::{self, FactChanges},
    testing::TestStore,
};
use tool_registry::{Party, RefusalCode, RequestCallConsentArgs, StartCallArgs, ToolResult};

use super::world::World;
use crate::{
    Policy,
    calling::consent_handler::{self, Said, Word},
};

/// A request in `sourcing` with two vendors that were asked, and calling switched on.
pub(super) struct Calling<'a>(World<'a>);

impl<'a> Deref for Calling<'a> {
    type Target = World<'a>;
    fn deref(&self) -> &World<'a> {
        &self.0
    }
}

pub(super) const ON: Policy = Policy { ai_concierge: false, ocr: false, calling: true, ..Policy::OFF };

impl<'a> Calling<'a> {
    pub(super) async fn new(test: &'a TestStore) -> Self {
        let mut world = World::sourcing(test, 2, 2).await;
        world.policy = ON;
        world.client_says("brake pads, urgent please").await;
        let id = world.request;
        world
            .write(move |tx| {
                let mut guard = requests::lock(tx, id)?;
                let urgent = FactChanges { urgency: Some(Urgency::Urgent), ..FactChanges::default() };
                Ok(requests::set_facts(tx, &mut guard, &urgent)?)
            })
            .await;
        for vendor in ["v1", "v2"] {
            world.ask(vendor).await.unwrap();
        }
        let calling = Self(world);
        calling.deliver().await;
        calling
    }

    /// Everything is allowed: the client and `v1` said yes, Meta lets us call both, and `v1` has been silent for long
    /// enough; the client asked to be called.
    pub(super) async fn ready(test: &'a TestStore, scope: CallScope) -> Self {
        let calling = Self::new(test).await;
        calling.asks_for_call().await;
        calling.ask_consent(Party::Client, scope).await.unwrap();
        calling.deliver().await;
        calling.presses(calling.client, calling.prompt(calling.client).await, true).await;
        calling.deliver().await;
        calling.accepts(calling.client, None).await;
        let vendor = calling.vendor("v1").await.contact;
        calling.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
        calling.deliver().await;
        calling.accepts(vendor, Some(calling.prompt(vendor).await)).await;
        calling.deliver().await;
        calling.test.clock.advance(calling_policy::limits::SILENCE);
        calling
    }

    pub(super) fn now(&self) -> Timestamp {
        self.test.clock.now()
    }

    pub(super) fn advance(&self, how_long: Duration) {
        self.test.clock.advance(how_long);
    }

    /// Meta takes everything that waits, in the next second.
    pub(super) async fn deliver(&self) {
        self.advance(Duration::from_secs(1));
        for send in self.sends().await {
            if send.state == SendState::Queued {
                self.write(move |tx| {
                    outbox::mark_sending(tx, send.id, 1)?;
                    let wamid = format!("wamid.{}", send.id);
                    Ok(outbox::advance(tx, send.id, SendState::Accepted, None, Some(&wamid))?)
                })
                .await;
            }
        }
        self.advance(Duration::from_secs(1));
    }

    pub(super) async fn asks_for_call(&self) {
        let id = self.request;
        self.write(move |tx| {
            let mut guard = requests::lock(tx, id)?;
            let now = tx.now;
            Ok(requests::set_call_asked(tx, &mut guard, now)?)
        })
        .await;
    }

    pub(super) async fn ask_consent(
        &self,
        party: Party,
        scope: CallScope,
    ) -> Result<ToolResult, RefusalCode> {
        self.call(RequestCallConsentArgs { request_id: self.request, party, scope }).await
    }

    pub(super) fn start(&self, party: Party, trigger: CallTrigger) -> StartCallArgs {
        StartCallArgs { request_id: self.request, party, trigger }
    }

    /// The newest prompt or card to a person.
    pub(super) async fn prompt(&self, to: ContactId) -> MessageId {
        let asked =
            |send: &&outbox::Send| matches!(send.purpose, Purpose::ConsentPrompt | Purpose::PermissionCard);
        let sends = self.sends().await;
        sends.iter().rev().filter(asked).find(|send| send.contact == to).unwrap().message
    }

    pub(super) async fn vendor_contact(&self) -> ContactId {
        self.vendor("v1").await.contact
    }

    /// A word, at a time; in one transaction as the router does it.
    pub(super) async fn says_at(&self, by: ContactId, word: Word, at: Timestamp) {
        let (number, request, client) = (number(), self.request, self.client);
        self.write(move |tx| {
            let mut guards = Vec::new();
            for id in consent_handler::concerned(tx, by, &word, None)? {
                guards.push(requests::lock(tx, id)?);
            }
            contacts::lock(tx, by)?;
            let contact = contacts::load(tx, by)?;
            let message = messages::insert(
                tx,
                &NewMessage {
                    request: Some(request),
                    contact: by,
                    direction: Direction::In,
                    party: if by == client { Side::Client } else { Side::Vendor },
                    kind: MessageKind::Consent,
                    body: String::new(),
                    also_sealed_by: Vec::new(),
                    button_id: None,
                    wamid: Some(format!("wamid.{}", MessageId::generate(tx.ids))),
                    quoted_wamid: None,
                    meta_at: at,
                },
            )?;
            let said = Said { by: &contact, number: &number, message, at, word };
            consent_handler::heard(tx, ON, &guards, &said)
        })
        .await;
    }

    pub(super) async fn presses(&self, by: ContactId, prompt: MessageId, yes: bool) {
        self.says_at(by, Word::Prompt { prompt, yes }, self.now()).await;
    }

    pub(super) async fn accepts(&self, by: ContactId, prompt: Option<MessageId>) {
        self.says_at(by, Word::Permission { prompt, reply: reply(PermissionResponse::Accept) }, self.now())
            .await;
    }

    pub(super) async fn rejects(&self, by: ContactId, prompt: Option<MessageId>) {
        self.says_at(by, Word::Permission { prompt, reply: reply(PermissionResponse::Reject) }, self.now())
            .await;
    }

    pub(super) async fn consents(&self) -> Vec<StoredConsent> {
        let id = self.request;
        self.read(move |tx| calls::consents_of_request(tx, id)).await
    }

    /// Each consent of the request as `party key status`, in the order of the prompts.
    pub(super) async fn statuses(&self) -> Vec<String> {
        let now = self.now();
        let line = |stored: &StoredConsent| {
            format!("{} {} {}", stored.party, stored.consent.key(), stored.consent.status(now))
        };
        self.consents().await.iter().map(line).collect()
    }

    pub(super) async fn status_of(&self, of: ContactId, key: ConsentKey) -> ConsentStatus {
        let now = self.now();
        let consents = self.consents().await;
        let found = |stored: &&StoredConsent| stored.consent.contact() == of && stored.consent.key() == key;
        consents.iter().rev().find(found).unwrap().consent.status(now)
    }

    /// What happened to the newest consent of a person, in order.
    pub(super) async fn history_of(&self, of: ContactId, key: ConsentKey) -> Vec<HistoryEvent> {
        let consents = self.consents().await;
        let found = |stored: &&StoredConsent| stored.consent.contact() == of && stored.consent.key() == key;
        let id = consents.iter().rev().find(found).unwrap().id;
        let history = self.read(move |tx| calls::history_of(tx, id)).await;
        history.into_iter().map(|line| line.event).collect()
    }

    /// The bodies of what was queued to a person since, with the purpose.
    pub(super) async fn queued(&self, to: ContactId, from: usize) -> Vec<(Purpose, String)> {
        let sends = self.sends().await;
        let of = sends.into_iter().skip(from).filter(|send| send.contact == to);
        of.map(|send| (send.purpose, send.payload.unwrap().body)).collect()
    }

    pub(super) async fn wakes(&self) -> Vec<String> {
        let id = self.request;
        let entries = self.read(move |tx| lanes::pending(tx, id)).await;
        entries.into_iter().filter_map(|entry| entry.reason).collect()
    }

    /// The audit since, without what the tools say themselves.
    pub(super) async fn told(&self, from: usize) -> Vec<String> {
        let lines = self.audit_lines(from).await;
        lines.into_iter().filter(|line| !line.starts_with("marketplace.")).collect()
    }
}

/// The number that the conversation runs on.
pub(super) fn number() -> PhoneNumberId {
    "100".parse().unwrap()
}

pub(super) fn v1() -> Party {
    Party::Vendor("v1".parse::<VendorId>().unwrap())
}

pub(super) const fn reply(response: PermissionResponse) -> PermissionReply {
    PermissionReply { response, is_permanent: None, expires_at: None, automatic: false }
}

pub(super) const YES_SAID: &str = "Thanks. I may place a call if needed.";
pub(super) const NO_SAID: &str = "Understood. We'll continue by chat.";
