//! A scripted Meta, and rows written by the store's own verbs.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use marketplace::{
    ActorKind, Clock, ContactId, Language, OutboxId, PhoneNumberId, RequestId, RequestState, Timestamp,
};
use meta_client::{
    MarkReadError, MetaApi, MetaError, MetaId, OutboundMessage, SendErrorClass, SendOutcome,
    event::{DeliveryStatus, StatusUpdate},
    outbound::Content,
};
use moltbot_contract::OutreachStatus;
use store::{
    StoreError, Tx,
    contacts::{self, Identity},
    dead_letters, lanes,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, Send, SendPayload, SendState, TemplateUse, breaker::VolumeLimits},
    requests,
    sourcing::{self, NewBatch},
    testing::{self, TestStore},
    vendors,
};
use tokio::sync::Notify;
use tools::{Policy, ToolError};

use crate::{
    dispatch::{Dispatcher, StepReport},
    statuses::{StatusOutcome, apply_status},
    templates::TemplateCatalogue,
};

/// Limits that no test but the breaker's reaches.
pub(super) const GENEROUS: VolumeLimits = VolumeLimits { per_hour: 10_000, per_vendor_per_day: 1_000 };
/// Calling is on.
pub(super) const CALLING: Policy = Policy { ai_concierge: false, ocr: false, calling: true, ..Policy::OFF };
pub(super) const CLIENT: &str = "+254700000101";
pub(super) const VENDOR: &str = "+254700000202";

/// Answers as scripted, in order; without a script it accepts.
#[derive(Default)]
pub(super) struct Meta {
    answers: Mutex<VecDeque<Answer>>,
    sent: Mutex<Vec<OutboundMessage>>,
    pub(super) arrived: Notify,
    /// Set when a message arrives: from then on the store fails, see [`FailingClock`].
    store_breaks: Option<Arc<AtomicBool>>,
}

/// A clock that panics when told to: the store's transactions fail with it.
pub(super) struct FailingClock {
    pub(super) inner: Arc<dyn Clock>,
    pub(super) broken: Arc<AtomicBool>,
}

impl Clock for FailingClock {
    fn now(&self) -> Timestamp {
        assert!(!self.broken.load(Ordering::SeqCst), "the store is made to fail");
        self.inner.now()
    }
}

pub(super) enum Answer {
    Now(SendOutcome),
    Never,
}

#[async_trait]
impl MetaApi for Meta {
    async fn send(&self, _: &PhoneNumberId, message: &OutboundMessage) -> SendOutcome {
        self.sent.lock().unwrap().push(message.clone());
        self.arrived.notify_one();
        if let Some(broken) = &self.store_breaks {
            broken.store(true, Ordering::SeqCst);
        }
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            None => accepted(&wamid_of(message.intent_id())),
            Some(Answer::Now(outcome)) => outcome,
            Some(Answer::Never) => std::future::pending().await,
        }
    }

    async fn mark_read(&self, _: &PhoneNumberId, _: &MetaId) -> Result<(), MarkReadError> {
        Ok(())
    }
}

pub(super) fn wamid_of(intent: impl std::fmt::Display) -> String {
    format!("wamid.{intent}")
}

pub(super) fn accepted(wamid: &str) -> SendOutcome {
    SendOutcome::Accepted { wamid: wamid.into(), wa_id: None, message_status: None }
}

pub(super) fn refused(class: SendErrorClass, code: i64) -> SendOutcome {
    SendOutcome::Refused { class, code, detail: String::new() }
}

pub(super) fn retry(code: Option<i64>, after: Option<u64>) -> SendOutcome {
    SendOutcome::Retry { after: after.map(Duration::from_secs), code, detail: String::new() }
}

pub(super) fn unknown() -> SendOutcome {
    SendOutcome::Unknown { why: "no answer in time".to_owned() }
}

impl Meta {
    pub(super) fn breaking(broken: &Arc<AtomicBool>) -> Self {
        Self { store_breaks: Some(Arc::clone(broken)), ..Self::default() }
    }

    pub(super) fn will(&self, outcome: SendOutcome) {
        self.answers.lock().unwrap().push_back(Answer::Now(outcome));
    }

    pub(super) fn will_hang(&self) {
        self.answers.lock().unwrap().push_back(Answer::Never);
    }

    /// What came over the wire, as (recipient's last two digits, kind, text).
    pub(super) fn wire(&self) -> Vec<String> {
        let line = |message: &OutboundMessage| match message.content() {
            Content::Text { body } => format!("text {body}"),
            Content::Buttons { body, buttons } => format!("buttons{} {body}", buttons.len()),
            Content::Template { name, body_params, .. }
            | Content::CallPermissionTemplate { name, body_params, .. } => {
                format!("{name} {}", body_params.join("|"))
            }
            Content::List { .. } => "list".to_owned(),
            Content::CallPermissionRequest { body } => format!("call permission request {body}"),
        };
        self.sent.lock().unwrap().iter().map(line).collect()
    }

    pub(super) fn sent(&self) -> Vec<OutboundMessage> {
        self.sent.lock().unwrap().clone()
    }
}

/// A request in `sourcing`, a client with an open window, a vendor without one.
pub(super) struct World<'a> {
    pub(super) store: &'a TestStore,
    pub(super) meta: Arc<Meta>,
    pub(super) request: RequestId,
    pub(super) client: ContactId,
    pub(super) vendor: ContactId,
    pub(super) dispatcher: Dispatcher,
}

pub(super) fn number() -> PhoneNumberId {
    "10001".parse().unwrap()
}

impl<'a> World<'a> {
    pub(super) async fn new(store: &'a TestStore) -> Self {
        let (request, client, vendor) = store.db.write(people).await.unwrap();
        let meta = Arc::new(Meta::default());
        let dispatcher = dispatcher(store, &meta, GENEROUS, "first");
        Self { store, meta, request, client, vendor, dispatcher }
    }

    /// The same process started again: a new owner.
    pub(super) fn restart(&mut self) {
        self.dispatcher = dispatcher(self.store, &self.meta, GENEROUS, "second");
    }

    /// The same process with another template catalogue.
    pub(super) fn use_templates(&mut self, templates: TemplateCatalogue) {
        let meta: Arc<dyn MetaApi> = self.meta.clone();
        let (db, owner) = (self.store.db.clone(), "first".to_owned());
        self.dispatcher = Dispatcher::new(db, meta, templates, CALLING, GENEROUS, number(), owner);
    }

    /// The same process with other limits of its volume.
    pub(super) fn limit(&mut self, limits: VolumeLimits) {
        self.dispatcher = dispatcher(self.store, &self.meta, limits, "first");
    }

    /// The `system` chain as `action reasons`.
    pub(super) async fn system_audit(&self) -> Vec<String> {
        self.chain(audit::ChainId::System).await
    }

    pub(super) async fn step(&self) -> StepReport {
        let report = self.dispatcher.step().await.unwrap();
        assert_eq!(report.errors, 0);
        report
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.store.clock.advance(Duration::from_secs(seconds));
    }

    pub(super) async fn write<T: std::marker::Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, ToolError> + std::marker::Send + 'static,
    ) -> T {
        self.store.db.write(work).await.unwrap()
    }

    pub(super) async fn queue(&self, to: ContactId, purpose: Purpose, body: &str) -> OutboxId {
        self.queue_with(to, purpose, body, |_| {}).await
    }

    pub(super) async fn queue_with(
        &self,
        to: ContactId,
        purpose: Purpose,
        body: &str,
        change: impl Fn(&mut NewSend),
    ) -> OutboxId {
        let mut new = NewSend {
            contact: to,
            message: marketplace::MessageId::generate(&*self.store.db.ids),
            purpose,
            author: ActorKind::Orchestrator,
            payload: SendPayload {
                body: body.to_owned(),
                buttons: Vec::new(),
                template: Some(TemplateUse {
                    purpose: if to == self.client { "client_update" } else { "vendor_inquiry" }.to_owned(),
                    parameters: vec![body.to_owned()],
                }),
                reply_to: None,
            },
            also_sealed_by: Vec::new(),
            not_after: None,
        };
        change(&mut new);
        let (request, party) = (self.request, if to == self.client { Party::Client } else { Party::Vendor });
        self.write(move |tx| {
            let guard = requests::lock(tx, request)?;
            let message = NewMessage {
                request: Some(request),
                contact: to,
                direction: Direction::Out,
                party,
                kind: MessageKind::Text,
                body: new.payload.body.clone(),
                also_sealed_by: Vec::new(),
                button_id: None,
                wamid: None,
                quoted_wamid: None,
                meta_at: tx.now,
            };
            let message = messages::insert(tx, &message)?;
            Ok(outbox::enqueue(tx, &guard, &NewSend { message, ..new.clone() })?)
        })
        .await
    }

    pub(super) async fn to_client(&self, body: &str) -> OutboxId {
        self.queue(self.client, Purpose::ClientMessage, body).await
    }

    /// Opens a batch for one vendor and queues the inquiry.
    pub(super) async fn inquiry(&self, body: &str) -> OutboxId {
        let (request, vendor) = (self.request, self.vendor);
        self.write(move |tx| {
            let guard = requests::lock(tx, request)?;
            let batch = NewBatch {
                size: 1,
                offers_wanted: 1,
                deadline_at: tx.now + Duration::from_mins(10),
                plan: "{}".to_owned(),
                also_sealed_by: Vec::new(),
            };
            sourcing::open_batch(tx, &guard, &batch)?.unwrap();
            sourcing::add_outreach(tx, &guard, &"v-1".parse().unwrap(), vendor)?.unwrap();
            Ok(())
        })
        .await;
        self.queue(vendor, Purpose::VendorInquiry, body).await
    }

    pub(super) async fn load(&self, id: OutboxId) -> Send {
        self.store.db.read(move |tx| outbox::load(tx, id)).await.unwrap()
    }

    pub(super) async fn state(&self, id: OutboxId) -> (SendState, Option<String>) {
        let send = self.load(id).await;
        (send.state, send.reason)
    }

    pub(super) async fn outreach(&self) -> OutreachStatus {
        let request = self.request;
        let all = self.store.db.read(move |tx| sourcing::outreaches_of(tx, request)).await.unwrap();
        all[0].status
    }

    /// The reasons of the wakes that wait in the request's mailbox.
    pub(super) async fn wakes(&self) -> Vec<String> {
        let request = self.request;
        let entries = self.store.db.read(move |tx| lanes::pending(tx, request)).await.unwrap();
        entries.into_iter().filter_map(|entry| entry.reason).collect()
    }

    pub(super) async fn dead_letters(&self) -> Vec<String> {
        let all: Result<_, StoreError> = self.store.db.read(|tx| dead_letters::waiting(tx, 10)).await;
        all.unwrap().into_iter().map(|letter| letter.reason).collect()
    }

    /// The request's audit as `action reasons`.
    pub(super) async fn audit(&self) -> Vec<String> {
        self.chain(audit::ChainId::Request(self.request)).await
    }

    async fn chain(&self, chain: audit::ChainId) -> Vec<String> {
        let records: Result<_, StoreError> =
            self.store.store.read(move |conn| store::audit_log::chain_records(conn, chain)).await;
        let line = |record: audit::AuditRecord| {
            [vec![record.action.clone()], record.reasons.clone()].concat().join(" ")
        };
        records.unwrap().into_iter().map(line).collect()
    }

    pub(super) async fn set_state(&self, to: RequestState) {
        let request = self.request;
        self.write(move |tx| {
            let mut guard = requests::lock(tx, request)?;
            Ok(requests::set_state(tx, &mut guard, to)?)
        })
        .await;
    }

    /// A status with an intent id, or with a Meta id alone.
    pub(super) async fn status(
        &self,
        status: DeliveryStatus,
        wamid: &str,
        intent: Option<OutboxId>,
        code: Option<i64>,
    ) -> StatusOutcome {
        let error = code.map(|code| MetaError { code: Some(code), ..MetaError::default() });
        let update = StatusUpdate {
            wamid: wamid.into(),
            status,
            at: Some(self.store.clock.now()),
            recipient: None,
            intent_id: intent.map(|id| id.to_string()),
            errors: error.into_iter().collect(),
            conversation: None,
            pricing: None,
        };
        self.write(move |tx| apply_status(tx, &update)).await
    }
}

fn dispatcher(store: &TestStore, meta: &Arc<Meta>, limits: VolumeLimits, owner: &str) -> Dispatcher {
    let meta: Arc<dyn MetaApi> = meta.clone();
    let templates = TemplateCatalogue::built_in();
    Dispatcher::new(store.db.clone(), meta, templates, CALLING, limits, number(), owner.to_owned())
}

fn people(tx: &mut Tx<'_>) -> Result<(RequestId, ContactId, ContactId), StoreError> {
    let identity = [Identity::Phone(CLIENT.parse().unwrap())];
    let client = contacts::find_or_create(tx, &identity, Some("Asha"), Language::En)?;
    contacts::open_window(tx, client.id, &number(), tx.now)?;
    let record = testing::vendor_record("v-1".parse().unwrap(), VENDOR.parse().unwrap(), "tools");
    vendors::import(tx, &record)?;
    let vendor = vendors::load(tx, &record.id)?.contact;
    let mut guard = requests::create(tx, client.id, &number(), Language::En)?;
    requests::set_state(tx, &mut guard, RequestState::Sourcing)?;
    Ok((guard.request().id, client.id, vendor))
}
