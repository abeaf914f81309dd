//! The worker's parts over one database, a Moltbot and a Meta of this program's own.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use engine::{
    dispatch::Dispatcher, intake::Intake, router::Router, templates::TemplateCatalogue, turn::TurnRunner,
};
use marketplace::{Clock as _, PhoneNumberId, RequestState};
use meta_client::{MarkReadError, MetaApi, MetaId, OutboundMessage, SendErrorClass, SendOutcome};
use moltbot_contract::ContextPack;
use orchestrator::{Brain, BrainUnavailable};
use serde_json::json;
use store::{
    StoreError,
    outbox::breaker::VolumeLimits,
    testing::{self, TestStore},
    vendors::{self, VendorRecord},
};
use tools::Policy;

use super::random::Random;

pub(crate) const NUMBER: &str = "300000000000001";
pub(crate) const POLICY: Policy = Policy { ai_concierge: true, ..Policy::OFF };
const LIMITS: VolumeLimits = VolumeLimits { per_hour: 1_000_000, per_vendor_per_day: 1_000_000 };
/// Vendors of one order.
pub(crate) const VENDORS: u64 = 4;

type Chance = Arc<Mutex<Random>>;

fn below(chance: &Chance, n: u64) -> u64 {
    chance.lock().unwrap().below(n)
}

/// Takes most messages; refuses some, and of some nobody knows.
struct Meta(Chance);

#[async_trait]
impl MetaApi for Meta {
    async fn send(&self, _: &PhoneNumberId, message: &OutboundMessage) -> SendOutcome {
        // The wire takes a moment: other things happen meanwhile.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        let detail = String::new();
        match below(&self.0, 24) {
            0 => SendOutcome::Unknown { why: "no answer".to_owned() },
            1 => SendOutcome::Retry { after: None, code: None, detail },
            2 => SendOutcome::Refused { class: SendErrorClass::Recipient, code: 131_026, detail },
            _ => {
                let wamid = format!("wamid.{}", message.intent_id());
                SendOutcome::Accepted { wamid: wamid.as_str().into(), wa_id: None, message_status: None }
            }
        }
    }

    async fn mark_read(&self, _: &PhoneNumberId, _: &MetaId) -> Result<(), MarkReadError> {
        Ok(())
    }
}

/// Asks the client first and leaves the rest to the coded workflow; sometimes it talks nonsense.
struct Moltbot(Chance);

#[async_trait]
impl Brain for Moltbot {
    async fn ask(&self, pack: &ContextPack) -> Result<Vec<u8>, BrainUnavailable> {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        match below(&self.0, 8) {
            0 => return Ok(b"I think we should ask.".to_vec()),
            1 => return Err(BrainUnavailable { code: "timeout" }),
            _ => {}
        }
        if matches!(pack.request.state, RequestState::New) {
            let ask = json!({
                "type": "ask_client", "question_text": "Front or rear axle, and where are you?",
                "why": "both decide", "state_suggestion": "clarifying",
            });
            return Ok(ask.to_string().into_bytes());
        }
        Err(BrainUnavailable { code: "no_answer" })
    }
}

/// The worker, and a way in for people.
pub(crate) struct Office {
    pub(crate) intake: Intake,
    pub(crate) router: Router,
    pub(crate) turns: TurnRunner,
    pub(crate) dispatcher: Dispatcher,
    written: Mutex<u32>,
    order: u64,
}

impl Office {
    pub(crate) async fn new(test: &TestStore, order: u64, chance: &Chance) -> Self {
        let db = test.db.clone();
        for at in 0..VENDORS {
            import(test, order, at, true).await;
        }
        let number: PhoneNumberId = NUMBER.parse().unwrap();
        let owner = format!("worker-{order}");
        let (meta, brain) = (Arc::new(Meta(Arc::clone(chance))), Arc::new(Moltbot(Arc::clone(chance))));
        Self {
            intake: Intake::new(db.clone()),
            router: Router::new(db.clone(), vec![number.clone()], POLICY, owner.clone()),
            turns: TurnRunner::new(db.clone(), brain, POLICY, owner.clone(), Duration::from_mins(1)),
            dispatcher: Dispatcher::new(
                db,
                meta,
                TemplateCatalogue::built_in(),
                POLICY,
                LIMITS,
                number,
                owner,
            ),
            written: Mutex::new(0),
            order,
        }
    }

    /// The next order has vendors of its own.
    pub(crate) async fn close(&self, test: &TestStore) {
        self.dispatcher.release().await.unwrap();
        self.router.release().await.unwrap();
        for at in 0..VENDORS {
            import(test, self.order, at, false).await;
        }
    }

    /// Somebody writes: as Meta's webhook brings it.
    pub(crate) async fn writes(&self, store: &TestStore, from: &str, text: &str) {
        let number = {
            let mut written = self.written.lock().unwrap();
            *written += 1;
            *written
        };
        let body = json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": "200000000000001", "changes": [{ "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "254700900100", "phone_number_id": NUMBER },
                "contacts": [{ "profile": { "name": "Asha" }, "wa_id": from, "user_id": format!("KE.{from}") }],
                "messages": [{
                    "from": from, "from_user_id": format!("KE.{from}"),
                    "id": format!("wamid.in.{}.{number}", self.order),
                    "timestamp": store.clock.now().as_seconds().to_string(),
                    "type": "text", "text": { "body": text },
                }],
            }}]}],
        });
        assert_eq!(self.intake.accept(body.to_string().as_bytes()).await.unwrap().dead, 0);
    }
}

pub(crate) fn client_phone(order: u64) -> String {
    format!("25470{:07}", order * 10)
}

pub(crate) fn vendor_phone(order: u64, at: u64) -> String {
    format!("25471{:07}", order * 10 + at)
}

async fn import(test: &TestStore, order: u64, at: u64, accepts: bool) {
    let record = VendorRecord {
        name: format!("Shop {order} {at}"),
        accepts_inquiries: accepts,
        ..testing::vendor_record(
            format!("v-{order}-{at}").parse().unwrap(),
            format!("+{}", vendor_phone(order, at)).parse().unwrap(),
            "spare_parts",
        )
    };
    let imported: Result<_, StoreError> = test.db.write(move |tx| vendors::import(tx, &record)).await;
    imported.unwrap();
}
