//! A scripted Meta, a scripted voice gateway, and the rows of [`super::fixture`].

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use calling_policy::{EndReason, Party};
use marketplace::{CallAttemptId, Clock, PhoneNumberId, Timestamp};
use meta_client::{
    CallErrorClass, CallingApi, DialOutcome, MetaId, OutboundCall, PermissionLookupError, PermissionState,
    Recipient, TerminateError,
};
use serde_json::{Value, json};
use store::{
    StoreError, Tx,
    calls::{self, CallAttempt},
    outbox::{self, breaker::VolumeLimits},
    requests::{self, RequestGuard},
    testing::TestStore,
};
use tokio::sync::Notify;
use tools::{Caller, ToolError};
use voice_gateway::{Offer, Outage, Refusal, VoiceError, VoiceGateway, VoiceSessionId};

use super::fixture::{self, CALLING, People, SILENT, number};
use crate::{
    dial::{Dialler, StepReport},
    intake::Intake,
    router::Router,
    timers,
};

pub(super) const GENEROUS: VolumeLimits = VolumeLimits { per_hour: 10_000, per_vendor_per_day: 1_000 };
pub(super) const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\na=ice-pwd:ourpassword\r\n";
pub(super) const ANSWER: &str = "v=0\r\na=setup:active\r\na=ice-pwd:theirpassword\r\n";

/// Answers as scripted, in order; without a script it permits and places.
#[derive(Default)]
pub(super) struct Meta {
    pub(super) permissions: Mutex<VecDeque<Result<PermissionState, PermissionLookupError>>>,
    pub(super) answers: Mutex<VecDeque<Option<DialOutcome>>>,
    pub(super) ends: Mutex<VecDeque<Result<(), TerminateError>>>,
    /// What came over the wire: `connect <id>`, `terminate <wacid>`.
    pub(super) wire: Mutex<Vec<String>>,
    pub(super) reads: Mutex<usize>,
    pub(super) arrived: Notify,
    /// Set when a call arrives: from then on the store fails, see [`FailingClock`].
    pub(super) store_breaks: Option<Arc<AtomicBool>>,
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

pub(super) fn allowed() -> PermissionState {
    PermissionState {
        can_call: true,
        can_request: true,
        status: Some("temporary".to_owned()),
        expires_at: None,
        call_limits: Vec::new(),
        request_limits: Vec::new(),
    }
}

pub(super) fn wacid_of(id: impl std::fmt::Display) -> String {
    format!("wacid.{id}")
}

pub(super) fn refused(class: CallErrorClass, code: i64) -> DialOutcome {
    DialOutcome::Refused { class, code, retry_at: None, detail: "+254700000101 may not".to_owned() }
}

#[async_trait]
impl CallingApi for Meta {
    async fn connect(&self, _: &PhoneNumberId, call: &OutboundCall) -> DialOutcome {
        assert_eq!(call.offer().as_str(), OFFER);
        let id = call.intent_id().to_owned();
        self.wire.lock().unwrap().push(format!("connect {id}"));
        self.arrived.notify_one();
        if let Some(broken) = &self.store_breaks {
            broken.store(true, Ordering::SeqCst);
        }
        let scripted = self.answers.lock().unwrap().pop_front();
        match scripted {
            None => DialOutcome::Placed { wacid: wacid_of(id).into() },
            Some(Some(outcome)) => outcome,
            Some(None) => std::future::pending().await,
        }
    }

    async fn terminate(&self, _: &PhoneNumberId, wacid: &MetaId) -> Result<(), TerminateError> {
        self.wire.lock().unwrap().push(format!("terminate {}", wacid.as_str()));
        self.ends.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    async fn call_permissions(
        &self,
        _: &PhoneNumberId,
        _: &Recipient,
    ) -> Result<PermissionState, PermissionLookupError> {
        *self.reads.lock().unwrap() += 1;
        let scripted = self.permissions.lock().unwrap().pop_front();
        scripted.unwrap_or_else(|| Ok(allowed()))
    }
}

impl Meta {
    pub(super) fn will(&self, outcome: DialOutcome) {
        self.answers.lock().unwrap().push_back(Some(outcome));
    }

    pub(super) fn will_hang(&self) {
        self.answers.lock().unwrap().push_back(None);
    }

    pub(super) fn permits(&self, answer: Result<PermissionState, PermissionLookupError>) {
        self.permissions.lock().unwrap().push_back(answer);
    }

    pub(super) fn ends_with(&self, answer: Result<(), TerminateError>) {
        self.ends.lock().unwrap().push_back(answer);
    }

    pub(super) fn wire(&self) -> Vec<String> {
        self.wire.lock().unwrap().clone()
    }

    pub(super) fn count(&self, what: &str) -> usize {
        self.wire().iter().filter(|line| line.starts_with(what)).count()
    }
}

/// A media server that does as scripted, else what it is asked.
#[derive(Default)]
pub(super) struct Voice {
    pub(super) faults: Mutex<VecDeque<VoiceError>>,
    /// What it did: `offer`, `answer <session> <description>`, `hang_up <session>`.
    done: Mutex<Vec<String>>,
}

pub(super) fn away() -> VoiceError {
    VoiceError::Unavailable(Outage::Late)
}

pub(super) fn gone() -> VoiceError {
    VoiceError::Refused(Refusal::SessionGone { status: 410 })
}

impl Voice {
    pub(super) fn fails_with(&self, fault: VoiceError) {
        self.faults.lock().unwrap().push_back(fault);
    }

    pub(super) fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }

    fn act(&self, what: String) -> Result<(), VoiceError> {
        if let Some(fault) = self.faults.lock().unwrap().pop_front() {
            return Err(fault);
        }
        self.done.lock().unwrap().push(what);
        Ok(())
    }
}

#[async_trait]
impl VoiceGateway for Voice {
    async fn offer(&self, attempt: CallAttemptId) -> Result<Offer, VoiceError> {
        self.act("offer".to_owned())?;
        let session = format!("ses-{attempt}").parse().unwrap();
        Ok(Offer { session, sdp: OFFER.to_owned() })
    }

    async fn answer(&self, session: &VoiceSessionId, sdp: &str) -> Result<(), VoiceError> {
        self.act(format!("answer {session} {}", sdp.len()))
    }

    async fn hang_up(&self, session: &VoiceSessionId) -> Result<(), VoiceError> {
        self.act(format!("hang_up {session}"))
    }
}

pub(super) struct World<'a> {
    pub(super) store: &'a TestStore,
    pub(super) meta: Arc<Meta>,
    pub(super) voice: Arc<Voice>,
    pub(super) people: People,
    pub(super) dialler: Dialler,
}

impl<'a> World<'a> {
    pub(super) async fn new(store: &'a TestStore) -> Self {
        let people = store.db.write(fixture::people).await.unwrap();
        Self::with(store, people)
    }

    pub(super) fn with(store: &'a TestStore, people: People) -> Self {
        store.clock.advance(SILENT);
        let (meta, voice) = (Arc::new(Meta::default()), Arc::new(Voice::default()));
        let dialler = dialler(store, &meta, &voice, "first");
        Self { store, meta, voice, people, dialler }
    }

    /// The same process started again: a new owner.
    pub(super) fn restart(&mut self) {
        self.dialler = dialler(self.store, &self.meta, &self.voice, "second");
    }

    pub(super) async fn step(&self) -> StepReport {
        let report = self.dialler.step().await.unwrap();
        assert_eq!(report.errors, 0);
        report
    }

    /// Steps until there is nothing to do at this moment.
    pub(super) async fn settle(&self) {
        for _ in 0..20 {
            if !self.step().await.did_work() {
                return;
            }
        }
        panic!("the dialler never rests");
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.store.clock.advance(Duration::from_secs(seconds));
    }

    /// Fires what is due, then lets the dialler work.
    pub(super) async fn pass(&self, seconds: u64) {
        self.advance(seconds);
        timers::step(&self.store.db, CALLING).await.unwrap();
        self.settle().await;
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, ToolError> + Send + 'static,
    ) -> T {
        self.store.db.write(work).await.unwrap()
    }

    /// With the request's row taken.
    pub(super) async fn guarded<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>, &mut RequestGuard) -> Result<T, ToolError> + Send + 'static,
    ) -> T {
        let request = self.people.request;
        self.write(move |tx| {
            let mut guard = requests::lock(tx, request)?;
            work(tx, &mut guard)
        })
        .await
    }

    pub(super) async fn decide(&self, callee: Party) -> CallAttemptId {
        self.decide_as(callee, Caller::orchestrator()).await
    }

    pub(super) async fn decide_as(&self, callee: Party, by: Caller) -> CallAttemptId {
        let people = self.people;
        let decided = self.write(move |tx| fixture::decide(tx, people, callee, &by)).await;
        decided.expect("the fixture allows it")
    }

    /// Decided and dialled: Meta has it.
    pub(super) async fn placed(&self, callee: Party) -> CallAttemptId {
        let id = self.decide(callee).await;
        assert_eq!(self.step().await.placed, 1);
        id
    }

    pub(super) async fn load(&self, id: CallAttemptId) -> CallAttempt {
        self.store.db.read(move |tx| calls::load(tx, id)).await.unwrap()
    }

    /// `phase` or `ended reason code`.
    pub(super) async fn state(&self, id: CallAttemptId) -> String {
        let attempt = self.load(id).await.attempt;
        match attempt.end_reason() {
            None => attempt.phase().code().to_owned(),
            Some(EndReason::Failed(code)) => format!("failed {code}"),
            Some(EndReason::Refused(rule)) => format!("refused {}", rule.code()),
            Some(reason) => reason.code().to_owned(),
        }
    }

    /// The fallbacks that were queued to the client.
    pub(super) async fn fallbacks(&self) -> usize {
        let request = self.people.request;
        let sends = self.store.db.read(move |tx| outbox::of_request(tx, request)).await.unwrap();
        let is_fallback = |send: &&outbox::Send| {
            send.payload.as_ref().is_some_and(|payload| payload.body.contains("continuing via chat"))
        };
        sends.iter().filter(is_fallback).count()
    }

    /// What the request's audit says of calls, as `action reasons`.
    pub(super) async fn audit(&self) -> Vec<String> {
        let chain = audit::ChainId::Request(self.people.request);
        let records: Result<_, StoreError> =
            self.store.store.read(move |conn| store::audit_log::chain_records(conn, chain)).await;
        let line = |record: audit::AuditRecord| {
            [vec![record.action.clone()], record.reasons.clone()].concat().join(" ")
        };
        records.unwrap().into_iter().map(line).filter(|line| line.starts_with("call.")).collect()
    }

    /// One item of `calls` or `statuses`, as Meta sends it, taken in and placed.
    pub(super) async fn webhook(&self, list: &str, item: Value, errors: Value) {
        self.take_in(list, item, errors).await;
        self.route().await;
    }

    /// Taken in, and not placed: no router is there.
    async fn take_in(&self, list: &str, item: Value, errors: Value) {
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550783881", "phone_number_id": number().as_str()},
            list: [item], "errors": errors,
        });
        let changes = json!([{"field": "calls", "value": value}]);
        let entry = json!([{"id": "102290129340398", "changes": changes}]);
        let body = json!({"object": "whatsapp_business_account", "entry": entry}).to_string();
        let accepted = Intake::new(self.store.db.clone()).accept(body.as_bytes()).await.unwrap();
        assert_eq!(accepted.dead, 0, "{body}");
    }

    pub(super) async fn route(&self) {
        let router =
            Router::new(self.store.db.clone(), vec![number()], tools::Policy::default(), "router".to_owned());
        assert_eq!(router.step().await.unwrap().failed, 0);
    }

    fn seconds(&self) -> String {
        self.store.clock.now().as_seconds().to_string()
    }

    /// RINGING, ACCEPTED or REJECTED, with our id.
    pub(super) async fn status(&self, id: CallAttemptId, status: &str) {
        self.store_status(id, status).await;
        self.route().await;
    }

    /// … while no router is there.
    pub(super) async fn store_status(&self, id: CallAttemptId, status: &str) {
        let item = json!({"id": wacid_of(id), "type": "call", "status": status, "timestamp": self.seconds(),
            "recipient_id": "254700000101", "biz_opaque_callback_data": id.to_string()});
        self.take_in("statuses", item, json!([])).await;
    }

    /// `connect` as in Meta's sample: without our id, from and to the wrong way round.
    pub(super) async fn connect(&self, id: CallAttemptId) {
        let item = json!({"id": wacid_of(id), "event": "connect", "timestamp": self.seconds(),
            "direction": "BUSINESS_INITIATED", "from": "254700000101", "to": "15550783881",
            "session": {"sdp_type": "answer", "sdp": ANSWER}});
        self.webhook("calls", item, json!([])).await;
    }

    /// `terminate` with what `more` adds.
    pub(super) async fn terminate(&self, id: CallAttemptId, more: Value, errors: Value) {
        self.store_terminate(id, more, errors).await;
        self.route().await;
    }

    /// … while no router is there.
    pub(super) async fn store_terminate(&self, id: CallAttemptId, more: Value, errors: Value) {
        let mut item = json!({"id": wacid_of(id), "event": "terminate", "timestamp": self.seconds(),
            "direction": "BUSINESS_INITIATED", "to": "254700000101", "status": "COMPLETED",
            "biz_opaque_callback_data": id.to_string()});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.take_in("calls", item, errors).await;
    }

    pub(super) async fn completed(&self, id: CallAttemptId) {
        let times = json!({"start_time": self.seconds(), "end_time": self.seconds(), "duration": 20});
        self.terminate(id, times, json!([])).await;
    }
}

pub(super) fn dialler(store: &TestStore, meta: &Arc<Meta>, voice: &Arc<Voice>, owner: &str) -> Dialler {
    with_limits(store, meta, voice, owner, GENEROUS)
}

pub(super) fn with_limits(
    store: &TestStore,
    meta: &Arc<Meta>,
    voice: &Arc<Voice>,
    owner: &str,
    limits: VolumeLimits,
) -> Dialler {
    let voice: Arc<dyn VoiceGateway> = voice.clone();
    let (db, meta) = (store.db.clone(), meta.clone());
    Dialler::new(db, meta, Some(voice), CALLING, limits, number(), owner.to_owned())
}
