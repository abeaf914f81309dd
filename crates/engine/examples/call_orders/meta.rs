//! A Meta that answers as it likes, and checks each call that reaches it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use calling_policy::{Stage, evaluate};
use marketplace::{CallAttemptId, PhoneNumberId};
use meta_client::{
    CallErrorClass, CallingApi, DialOutcome, MetaId, OutboundCall, PermissionLookupError, PermissionState,
    Recipient, TerminateError,
};
use store::{Db, StoreError, calls, requests};
use tokio::sync::Notify;
use tools::{ToolError, calling::facts::facts_of_attempt};
use voice_gateway::{Offer, Outage, VoiceError, VoiceGateway, VoiceSessionId};

use crate::{fixture::CALLING, model::Model, random::Random};

/// What Meta and the media server do; shared with the play.
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) random: Mutex<Random>,
    pub(crate) model: Mutex<Model>,
    /// How many takeovers there had been when each attempt was decided.
    pub(crate) decided: Mutex<BTreeMap<CallAttemptId, u32>>,
    pub(crate) dialled: Mutex<BTreeMap<CallAttemptId, u32>>,
    /// The next `connect` gets no answer.
    pub(crate) hangs: Mutex<bool>,
    pub(crate) arrived: Notify,
}

impl World {
    fn below(&self, n: u64) -> u64 {
        self.random.lock().unwrap().below(n)
    }

    /// Asks the policy on the rows as they are, and this program's own memory.
    async fn check(&self, id: CallAttemptId) {
        let judged: Result<_, ToolError> = self
            .db
            .write(move |tx| {
                let known = calls::load(tx, id)?;
                let guard = requests::lock(tx, known.request)?;
                let stage = Stage::Live { attempt: id, epoch: known.control_epoch };
                let facts = facts_of_attempt(tx, CALLING, &guard, &known, stage)?;
                Ok((evaluate(&facts, guard.now(tx)).rules(), known))
            })
            .await;
        let (rules, known) = judged.unwrap();
        assert!(rules.is_empty(), "{id} was placed although {rules:?}");
        let takeovers = self.decided.lock().unwrap().get(&id).copied().unwrap_or(u32::MAX);
        let model = *self.model.lock().unwrap();
        assert!(model.allows(known.party, takeovers), "{id} was placed although {model:?}");
        let mut dialled = self.dialled.lock().unwrap();
        let times = dialled.entry(id).or_insert(0);
        *times += 1;
        assert_eq!(*times, 1, "{id} was dialled twice");
    }
}

/// The ports, over the shared world.
pub(crate) struct Port(pub(crate) Arc<World>);

pub(crate) fn wacid_of(id: impl std::fmt::Display) -> String {
    format!("wacid.{id}")
}

#[async_trait]
impl CallingApi for Port {
    async fn connect(&self, _: &PhoneNumberId, call: &OutboundCall) -> DialOutcome {
        let id: CallAttemptId = call.intent_id().parse().unwrap();
        self.0.check(id).await;
        self.0.arrived.notify_one();
        let hangs = std::mem::take(&mut *self.0.hangs.lock().unwrap());
        if hangs {
            return std::future::pending().await;
        }
        let refused =
            |class, code| DialOutcome::Refused { class, code, retry_at: None, detail: String::new() };
        match self.0.below(12) {
            0 => refused(CallErrorClass::Busy, 138_003),
            1 => refused(CallErrorClass::PermissionMissing, 138_006),
            2 => DialOutcome::NoEffect { after: None, code: None, detail: String::new() },
            3..=5 => DialOutcome::Unknown { why: "no answer".to_owned() },
            _ => DialOutcome::Placed { wacid: wacid_of(id).into() },
        }
    }

    async fn terminate(&self, _: &PhoneNumberId, _: &MetaId) -> Result<(), TerminateError> {
        match self.0.below(4) {
            0 => Err(TerminateError::Unconfirmed("no answer".to_owned())),
            _ => Ok(()),
        }
    }

    async fn call_permissions(
        &self,
        _: &PhoneNumberId,
        to: &Recipient,
    ) -> Result<PermissionState, PermissionLookupError> {
        if self.0.below(20) == 0 {
            return Err(PermissionLookupError::Unavailable { after: None, detail: String::new() });
        }
        let model = *self.0.model.lock().unwrap();
        let is_client = matches!(to, Recipient::Phone(phone) if phone.as_str().starts_with("+25470"));
        // Meta knows what was answered on its card.
        let permits = if is_client { model.client_permits } else { model.vendor_permits };
        Ok(PermissionState {
            can_call: permits.allow() && self.0.below(30) != 0,
            can_request: true,
            status: Some("temporary".to_owned()),
            expires_at: None,
            call_limits: Vec::new(),
            request_limits: Vec::new(),
        })
    }
}

#[async_trait]
impl VoiceGateway for Port {
    async fn offer(&self, attempt: CallAttemptId) -> Result<Offer, VoiceError> {
        if self.0.below(30) == 0 {
            return Err(VoiceError::Unavailable(Outage::Late));
        }
        let session = format!("ses-{attempt}").parse().unwrap();
        Ok(Offer { session, sdp: "v=0\r\n".to_owned() })
    }

    async fn answer(&self, _: &VoiceSessionId, _: &str) -> Result<(), VoiceError> {
        if self.0.below(10) == 0 { Err(VoiceError::Unavailable(Outage::Late)) } else { Ok(()) }
    }

    async fn hang_up(&self, _: &VoiceSessionId) -> Result<(), VoiceError> {
        Ok(())
    }
}

/// Only so that the play need not name the type of an error.
pub(crate) type Stored<T> = Result<T, StoreError>;
