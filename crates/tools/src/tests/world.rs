//! A client with a request, vendors of one category, and short ways to call tools.

use std::time::Duration;

use audit::{AuditRecord, ChainId};
use calling_policy::{Consent, ConsentEvent, ConsentKey, PermissionEvent, PermissionRead, Scope};
use marketplace::{
    ActorKind, ConsentId, ContactId, Control, Language, MessageId, OutreachId, ReplyId, RequestId,
    RequestState, TurnId, VendorId,
};
use moltbot_contract::{Urgency, VendorFilters};
use serde_json::Value;
use store::{
    StoreError, Tx, audit_log,
    calls::{self, AskedBy, ConsentChange, HistoryEvent, NewConsent},
    contacts::{self, Identity},
    lanes::{self, EntryKind},
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox, requests, sourcing,
    testing::{self, TestStore},
    turns, vendors,
};
use tool_registry::{
    FactSource, Facts, Handoff, Plan, RecordVendorReplyArgs, RefusalCode, SendClientMessageArgs,
    SendVendorMessageArgs, ShortlistArgs, ShortlistArgsItem, Sourced, ToolCall, ToolResult,
    UpdateRequestStateArgs,
};

use crate::{Answer, Caller, Invocation, Outcome, PlanCommit, PlanOutcome, Policy, ToolError};

pub(super) const CATEGORY: &str = "brake pads";
pub(super) const CLIENT_PHONE: &str = "+254712345678";

/// One client with one request, on one database.
pub(super) struct World<'a> {
    pub(super) test: &'a TestStore,
    pub(super) request: RequestId,
    pub(super) client: ContactId,
    /// What the environment allows.
    pub(super) policy: Policy,
}

impl<'a> World<'a> {
    /// A new request and `count` vendors `v1`, `v2` … that accept inquiries.
    pub(super) async fn new(test: &'a TestStore, count: usize) -> Self {
        let (request, client) = test
            .db
            .write(move |tx| {
                let phone = Identity::Phone(CLIENT_PHONE.parse().unwrap());
                let client =
                    contacts::find_or_create(tx, &[phone], Some("Asha Mwangi"), Language::default())?;
                let guard = requests::create(tx, client.id, &"100".parse().unwrap(), Language::default())?;
                for number in 1..=count {
                    vendors::import(tx, &directory_row(number))?;
                }
                Ok::<_, StoreError>((guard.request().id, client.id))
            })
            .await
            .unwrap();
        Self { test, request, client, policy: Policy::default() }
    }

    /// In `sourcing` with an open batch of `size`.
    pub(super) async fn sourcing(test: &'a TestStore, count: usize, size: u8) -> Self {
        let world = Self::new(test, count).await;
        world.open_batch(size).await.unwrap();
        world
    }

    /// In `shortlisted`: `v1` and `v2` have it and stand on the list in this order.
    pub(super) async fn shortlisted(test: &'a TestStore) -> Self {
        let world = Self::sourcing(test, 3, 3).await;
        let mut items = Vec::new();
        for vendor in ["v1", "v2"] {
            world.ask(vendor).await.unwrap();
        }
        for vendor in ["v1", "v2"] {
            let message = world.vendor_says(vendor, "yes, 3500/=").await;
            items.push((vendor, world.recorded(vendor, message).await));
        }
        world.test.clock.advance(Duration::from_mins(1));
        world.show(&items).await.unwrap();
        world
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, ToolError> + Send + 'static,
    ) -> T {
        self.test.db.write(work).await.unwrap()
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.test.db.read(work).await.unwrap()
    }

    pub(super) async fn call_as(
        &self,
        caller: Caller,
        key: Option<&str>,
        call: impl Into<ToolCall>,
    ) -> Outcome {
        let key = key.map(str::to_owned);
        let invocation = Invocation { caller, key, caused_by: None, call: call.into() };
        let policy = self.policy;
        self.test.db.write(move |tx| crate::run(tx, policy, &invocation)).await.unwrap()
    }

    /// A call of the orchestrator under a new key.
    pub(super) async fn call(&self, call: impl Into<ToolCall>) -> Result<ToolResult, RefusalCode> {
        let key = TurnId::generate(&*self.test.db.ids).to_string();
        let outcome = self.call_as(Caller::orchestrator(), Some(&key), call).await;
        outcome.map(|answer| answer.result).map_err(|refusal| refusal.code)
    }

    pub(super) async fn load(&self) -> requests::Request {
        let id = self.request;
        self.read(move |tx| requests::load(tx, id)).await
    }

    pub(super) async fn version(&self) -> i64 {
        self.load().await.version
    }

    /// The arguments of a step to `to` on the present version.
    pub(super) async fn step(&self, to: RequestState) -> UpdateRequestStateArgs {
        UpdateRequestStateArgs {
            request_id: self.request,
            to,
            reason: "a test".to_owned(),
            expected_version: self.version().await,
            facts: None,
            plan: None,
            shortlist: None,
            handoff: None,
        }
    }

    pub(super) async fn open_batch(&self, size: u8) -> Result<ToolResult, RefusalCode> {
        let plan = Some(plan(size));
        self.call(UpdateRequestStateArgs { plan, ..self.step(RequestState::Sourcing).await }).await
    }

    pub(super) fn to_vendor(&self, vendor: &str, body: &str) -> SendVendorMessageArgs {
        SendVendorMessageArgs {
            request_id: self.request,
            vendor_id: vendor.parse().unwrap(),
            body: body.to_owned(),
            questions: Vec::new(),
        }
    }

    pub(super) fn to_client(&self, body: &str) -> SendClientMessageArgs {
        SendClientMessageArgs {
            request_id: self.request,
            body: body.to_owned(),
            buttons: Vec::new(),
            reply_to: None,
        }
    }

    pub(super) async fn ask(&self, vendor: &str) -> Result<ToolResult, RefusalCode> {
        self.call(self.to_vendor(vendor, "Do you have brake pads?")).await
    }

    pub(super) async fn vendor(&self, vendor: &str) -> vendors::Vendor {
        let id: VendorId = vendor.parse().unwrap();
        self.read(move |tx| vendors::load(tx, &id)).await
    }

    pub(super) async fn outreach(&self, vendor: &str) -> sourcing::Outreach {
        let (request, vendor): (_, VendorId) = (self.request, vendor.parse().unwrap());
        let all = self.read(move |tx| sourcing::outreaches_of(tx, request)).await;
        all.into_iter().find(|outreach| outreach.vendor == vendor).unwrap()
    }

    /// Stores an inbound message, as routing does.
    pub(super) async fn says(
        &self,
        contact: ContactId,
        party: Party,
        text: &str,
        button: Option<String>,
    ) -> MessageId {
        let (request, text) = (self.request, text.to_owned());
        self.write(move |tx| {
            Ok(messages::insert(
                tx,
                &NewMessage {
                    request: Some(request),
                    contact,
                    direction: Direction::In,
                    party,
                    kind: if button.is_some() { MessageKind::Button } else { MessageKind::Text },
                    body: text.clone(),
                    also_sealed_by: Vec::new(),
                    button_id: button.clone(),
                    wamid: Some(format!("wamid.{}", MessageId::generate(tx.ids))),
                    quoted_wamid: None,
                    meta_at: tx.now,
                },
            )?)
        })
        .await
    }

    pub(super) async fn client_says(&self, text: &str) -> MessageId {
        self.says(self.client, Party::Client, text, None).await
    }

    pub(super) async fn vendor_says(&self, vendor: &str, text: &str) -> MessageId {
        let contact = self.vendor(vendor).await.contact;
        self.says(contact, Party::Vendor, text, None).await
    }

    pub(super) async fn button(&self, vendor: &str, yes: bool) -> MessageId {
        let outreach: OutreachId = self.outreach(vendor).await.id;
        let id = conversation::ButtonId::Reply { outreach, yes }.to_string();
        let contact = self.vendor(vendor).await.contact;
        self.says(contact, Party::Vendor, "", Some(id)).await
    }

    pub(super) async fn record(&self, vendor: &str, message: MessageId) -> Result<ToolResult, RefusalCode> {
        self.call(RecordVendorReplyArgs {
            request_id: self.request,
            vendor_id: vendor.parse().unwrap(),
            inbound_message_id: message,
        })
        .await
    }

    pub(super) async fn recorded(&self, vendor: &str, message: MessageId) -> ReplyId {
        match self.record(vendor, message).await {
            Ok(ToolResult::RecordVendorReply(result)) => result.reply_id,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn show(&self, items: &[(&str, ReplyId)]) -> Result<ToolResult, RefusalCode> {
        let shortlist = Some(shortlist(items));
        self.call(UpdateRequestStateArgs { shortlist, ..self.step(RequestState::Shortlisted).await }).await
    }

    pub(super) async fn hand_off(&self, vendor: &str) -> Result<ToolResult, RefusalCode> {
        let handoff = Some(Handoff { vendor_id: vendor.parse().unwrap() });
        self.call(UpdateRequestStateArgs { handoff, ..self.step(RequestState::HandedOff).await }).await
    }

    /// Puts the request somewhere without asking the tools.
    pub(super) async fn put(&self, state: RequestState, control: Control) {
        let id = self.request;
        self.write(move |tx| {
            let mut guard = requests::lock(tx, id)?;
            requests::set_state(tx, &mut guard, state)?;
            Ok(requests::set_control(tx, &mut guard, control)?)
        })
        .await;
    }

    pub(super) async fn opt_out(&self, contact: ContactId) {
        self.write(move |tx| Ok(contacts::set_opt_out(tx, contact, Some(tx.now))?)).await;
    }

    /// A further message of ours to a vendor, whatever the tools say.
    pub(super) async fn say_to_vendor(&self, contact: ContactId) {
        let id = self.request;
        self.write(move |tx| {
            let guard = requests::lock(tx, id)?;
            let new = NewMessage {
                request: Some(id),
                contact,
                direction: Direction::Out,
                party: Party::Vendor,
                kind: MessageKind::Text,
                body: "Another thing".to_owned(),
                also_sealed_by: Vec::new(),
                button_id: None,
                wamid: None,
                quoted_wamid: None,
                meta_at: tx.now,
            };
            let message = messages::insert(tx, &new)?;
            let send = outbox::NewSend {
                contact,
                message,
                purpose: outbox::Purpose::VendorMessage,
                author: ActorKind::Orchestrator,
                payload: outbox::SendPayload {
                    body: new.body.clone(),
                    buttons: Vec::new(),
                    template: None,
                    reply_to: None,
                },
                also_sealed_by: Vec::new(),
                not_after: None,
            };
            outbox::enqueue(tx, &guard, &send)?;
            Ok(())
        })
        .await;
    }

    pub(super) async fn sends(&self) -> Vec<outbox::Send> {
        let id = self.request;
        self.read(move |tx| outbox::of_request(tx, id)).await
    }

    /// Everything a tool can write about this request but the audit, as text to compare.
    pub(super) async fn rows(&self) -> String {
        let id = self.request;
        self.read(move |tx| {
            Ok(format!(
                "{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}",
                requests::load(tx, id)?,
                messages::latest(tx, id, 1000)?,
                outbox::of_request(tx, id)?,
                sourcing::batches_of(tx, id)?,
                sourcing::outreaches_of(tx, id)?,
                sourcing::replies_of(tx, id)?,
                sourcing::shortlists_of(tx, id)?,
                calls::consents_of_request(tx, id)?,
                calls::of_request(tx, id)?,
                lanes::pending(tx, id)?,
                turns::of_request(tx, id)?.iter().map(|turn| (turn.id, turn.status)).collect::<Vec<_>>(),
            ))
        })
        .await
    }

    /// The request's audit chain with payloads; verified on the way.
    pub(super) async fn audit(&self) -> Vec<(AuditRecord, audit_log::Payload)> {
        self.chain(ChainId::Request(self.request)).await
    }

    pub(super) async fn chain(&self, chain: ChainId) -> Vec<(AuditRecord, audit_log::Payload)> {
        self.read(move |tx| {
            audit_log::verify(tx.conn, chain, None)?.unwrap();
            let records = audit_log::chain_with_payloads(tx.conn, tx.vault, chain)?;
            let open = |payload: &audit_log::Payload| matches!(payload, audit_log::Payload::Open(_));
            assert!(records.iter().all(|(_, payload)| open(payload)), "{records:?}");
            Ok(records)
        })
        .await
    }

    /// The audit as lines `action outcome reasons`, from `from` on.
    pub(super) async fn audit_lines(&self, from: usize) -> Vec<String> {
        let records = self.audit().await;
        let line = |record: &AuditRecord| {
            format!("{} {} {}", record.action, record.outcome, record.reasons.join(",")).trim_end().to_owned()
        };
        records.iter().skip(from).map(|(record, _)| line(record)).collect()
    }

    /// Lets a mailbox entry come in and takes the lane with a turn that reads everything waiting.
    pub(super) async fn begin_turn(&self) -> (lanes::Lease, TurnId, Vec<lanes::Entry>) {
        let message = self.client_says("I need brake pads").await;
        self.mail(EntryKind::ClientMessage, Some(message)).await;
        self.test.clock.advance(lanes::COALESCE_QUIET);
        self.claim_turn().await
    }

    pub(super) async fn claim_turn(&self) -> (lanes::Lease, TurnId, Vec<lanes::Entry>) {
        let id = self.request;
        self.write(move |tx| {
            let lease = lanes::claim(tx, "worker")?.unwrap();
            assert_eq!(lease.request, id);
            let guard = requests::lock(tx, id)?;
            let turn = turns::open_or_resume(tx, &guard)?;
            let entries = lanes::pending(tx, id)?;
            let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
            lanes::assign(tx, &guard, turn.id, &ids)?;
            Ok((lease, turn.id, entries))
        })
        .await
    }

    pub(super) async fn mail(&self, kind: EntryKind, message: Option<MessageId>) {
        let id = self.request;
        self.write(move |tx| {
            let guard = requests::lock(tx, id)?;
            Ok(lanes::append(tx, &guard, kind, message, None, tx.now)?)
        })
        .await;
    }

    pub(super) async fn commit(&self, plan: &PlanCommit) -> Result<PlanOutcome, ToolError> {
        self.commit_under(Policy::default(), plan).await
    }

    pub(super) async fn commit_under(
        &self,
        policy: Policy,
        plan: &PlanCommit,
    ) -> Result<PlanOutcome, ToolError> {
        let plan = plan.clone();
        self.test.db.write(move |tx| crate::commit_plan(tx, policy, &plan)).await
    }

    /// Meta takes everything that is queued, now.
    pub(super) async fn meta_takes_all(&self) {
        let id = self.request;
        self.write(move |tx| {
            let guard = requests::lock(tx, id)?;
            for send in outbox::of_request(tx, id)? {
                if send.state == outbox::SendState::Queued {
                    outbox::advance(tx, send.id, outbox::SendState::Accepted, None, None)?;
                    crate::calling::silence::accepted(tx, &guard, &send)?;
                }
            }
            Ok(())
        })
        .await;
    }

    /// The client says that it is urgent, and the request knows.
    pub(super) async fn is_urgent(&self) {
        self.client_says("I need it urgently").await;
        let facts =
            Facts { urgency: Some(Sourced::new(Urgency::Urgent, FactSource::Client)), ..Facts::default() };
        let step = UpdateRequestStateArgs { facts: Some(facts), ..self.step(self.load().await.state).await };
        self.call(step).await.unwrap();
    }

    /// The client asks to be called.
    pub(super) async fn call_me(&self) -> MessageId {
        let (id, message) = (self.request, self.client_says("call me").await);
        self.write(move |tx| {
            let mut guard = requests::lock(tx, id)?;
            let at = tx.now;
            Ok(requests::set_call_asked(tx, &mut guard, at)?)
        })
        .await;
        message
    }

    /// A consent of this key as one prompt asks for it, answered a second later; `None`: not answered.
    pub(super) async fn consent(
        &self,
        contact: ContactId,
        key: (ConsentKey, Scope),
        answer: Option<bool>,
    ) -> ConsentId {
        let id = self.request;
        let consent = self
            .write(move |tx| {
                let guard = requests::lock(tx, id)?;
                let (party, side) = if contact == guard.request().client {
                    (calling_policy::Party::Client, Party::Client)
                } else {
                    (calling_policy::Party::Vendor, Party::Vendor)
                };
                let asks = NewMessage {
                    request: Some(id),
                    contact,
                    direction: Direction::Out,
                    party: side,
                    kind: MessageKind::Text,
                    body: "Do you allow a call?".to_owned(),
                    also_sealed_by: Vec::new(),
                    button_id: None,
                    wamid: None,
                    quoted_wamid: None,
                    meta_at: tx.now,
                };
                let prompt = messages::insert(tx, &asks)?;
                let consent = Consent::requested(id, contact, prompt, key, tx.now);
                let new = NewConsent {
                    consent,
                    party,
                    asked_by: AskedBy::Buttons,
                    wording: "consent-prompt.v1".to_owned(),
                    language: Language::default(),
                };
                Ok(calls::insert_consent(tx, &guard, &new)?)
            })
            .await;
        let Some(yes) = answer else { return consent };
        self.test.clock.advance(Duration::from_secs(1));
        self.write(move |tx| {
            let guard = requests::lock(tx, id)?;
            let known = calls::consent(tx, consent)?.consent;
            let event = ConsentEvent::Answer { by: contact, prompt: known.prompt(), yes, meta_until: None };
            let next = known.apply(event, tx.now, tx.now).next;
            let event = if yes { HistoryEvent::Yes } else { HistoryEvent::No };
            let change = ConsentChange { event, by: Some(contact), message: None, at: tx.now };
            Ok(calls::save_consent(tx, &guard, consent, &next, &change)?)
        })
        .await;
        consent
    }

    /// Meta lets us call this person.
    pub(super) async fn permitted(&self, contact: ContactId) {
        self.write(move |tx| {
            let number = "100".parse().unwrap();
            let read = PermissionEvent::Read(PermissionRead {
                at: tx.now,
                can_start_call: true,
                says_permanent: true,
                expires_at: None,
                call_limit: None,
            });
            let known = calls::permission(tx, contact, &number)?;
            let next = known.apply(read, tx.now, tx.now).next;
            Ok(calls::save_permission(tx, contact, &number, &next)?)
        })
        .await;
    }
}

pub(super) fn directory_row(number: usize) -> vendors::VendorRecord {
    vendors::VendorRecord {
        name: format!("Shop {number}"),
        ..testing::vendor_record(
            format!("v{number}").parse().unwrap(),
            format!("+2547000{number:05}").parse().unwrap(),
            CATEGORY,
        )
    }
}

pub(super) fn plan(batch_size: u8) -> Plan {
    Plan {
        category: CATEGORY.to_owned(),
        normalized_need: "front brake pads".to_owned(),
        filters: VendorFilters { max_distance_km: None, languages: Vec::new(), min_rating: None },
        batch_size,
        vendor_questions: Vec::new(),
        offers_wanted: 2,
        deadline_minutes: 30,
    }
}

pub(super) fn shortlist(items: &[(&str, ReplyId)]) -> ShortlistArgs {
    let item = |(vendor, reply): &(&str, ReplyId)| ShortlistArgsItem {
        vendor_id: vendor.parse().unwrap(),
        reply_id: *reply,
    };
    ShortlistArgs { items: items.iter().map(item).collect() }
}

pub(super) fn service() -> Caller {
    Caller::token(ActorKind::Service, "shop", false)
}

pub(super) fn code(outcome: Outcome) -> RefusalCode {
    outcome.map(|Answer { result, .. }| result).unwrap_err().code
}

pub(super) fn payload(record: &(AuditRecord, audit_log::Payload)) -> &Value {
    match &record.1 {
        audit_log::Payload::Open(value) => value,
        other => panic!("{other:?}"),
    }
}
