//! A request, vendors, tokens, and short ways to call tools over HTTP.

use std::num::NonZeroU32;

use actix_web::http::header::CONTENT_TYPE;
use marketplace::{ActorKind, Language, MessageId, RequestId, TokenId};
use secrecy::ExposeSecret as _;
use store::{
    StoreError, audit_log, contacts, messages, outbox, requests, sourcing, testing,
    tokens::{self, NewToken},
    vendors,
};
use tool_registry::ToolName;
use tools::Policy;

use super::*;

pub(super) const EVERY_SCOPE: [&str; 4] = ["read", "write", "send", "call"];

/// One request of one client, vendors `v1` to `v3`, and a state to call.
pub(super) struct ToolWorld<'a> {
    pub(super) test: &'a TestStore,
    pub(super) state: AppState,
    pub(super) request: RequestId,
    /// A service's token with every scope that it can have.
    pub(super) token: String,
}

impl<'a> ToolWorld<'a> {
    pub(super) async fn new(test: &'a TestStore) -> Self {
        let request = test
            .db
            .write(|tx| {
                let phone = contacts::Identity::Phone("+254712345678".parse().unwrap());
                let client =
                    contacts::find_or_create(tx, &[phone], Some("Asha Mwangi"), Language::default())?;
                let guard = requests::create(tx, client.id, &"100".parse().unwrap(), Language::default())?;
                for number in 1..=3 {
                    vendors::import(tx, &vendor(number))?;
                }
                Ok::<_, StoreError>(guard.request().id)
            })
            .await
            .unwrap();
        let often = NonZeroU32::new(100_000).unwrap();
        let state = state(&test.db).with_tools(Policy::default(), often);
        let mut world = Self { test, state, request, token: String::new() };
        world.token = world.token("shop", ActorKind::Service, &EVERY_SCOPE).await.1;
        world
    }

    pub(super) async fn token(&self, name: &str, kind: ActorKind, scopes: &[&str]) -> (TokenId, String) {
        let new = NewToken {
            name: name.to_owned(),
            actor_kind: kind,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            expires_at: None,
        };
        let made = self.test.db.write(move |tx| tokens::create(tx, &new)).await.unwrap();
        let (token, text) = made.unwrap();
        (token.id, text.expose_secret().to_owned())
    }

    /// Arguments that the tool takes, on the request as it is now.
    pub(super) async fn good(&self, tool: ToolName) -> Value {
        let mut args = match tool {
            ToolName::SearchVendors => json!({ "category": "brake pads", "limit": 5,
                "filters": { "languages": [], "max_distance_km": null, "min_rating": null } }),
            ToolName::GetRequestSnapshot => json!({}),
            ToolName::SendClientMessage => json!({ "body": "Front or rear?" }),
            ToolName::SendVendorMessage => json!({ "vendor_id": "v1", "body": "Do you have brake pads?" }),
            ToolName::RecordVendorReply => {
                json!({ "vendor_id": "v1", "inbound_message_id": self.vendor_says("yes, 3500/=").await })
            }
            ToolName::CreateOcrJob => json!({ "media_id": "med_0193a5b2c3d470008000000000000001" }),
            ToolName::GetOcrResult => json!({ "job_id": "ocr_0193a5b2c3d470008000000000000001" }),
            ToolName::RequestCallConsent => json!({ "party": "client", "scope": "either" }),
            ToolName::StartCall => json!({ "party": "v1", "trigger": "urgent_no_reply" }),
            ToolName::UpdateRequestState => {
                json!({ "to": "clarifying", "reason": "a test", "expected_version": self.version().await })
            }
        };
        args["request_id"] = self.request.to_string().into();
        args
    }

    pub(super) async fn version(&self) -> i64 {
        let id = self.request;
        self.test.db.read(move |tx| requests::load(tx, id)).await.unwrap().version
    }

    /// Into `sourcing` with an open batch that has asked `v1`.
    pub(super) async fn ask_a_vendor(&self) {
        let mut plan = self.good(ToolName::UpdateRequestState).await;
        plan["to"] = "sourcing".into();
        plan["plan"] = json!({
            "category": "brake pads", "normalized_need": "front brake pads", "batch_size": 2, "offers_wanted": 1,
            "filters": { "languages": [], "max_distance_km": null, "min_rating": null }, "deadline_minutes": 30,
        });
        assert_eq!(self.call(ToolName::UpdateRequestState, "plan", &plan).await.status.as_u16(), 200);
        let ask = self.good(ToolName::SendVendorMessage).await;
        assert_eq!(self.call(ToolName::SendVendorMessage, "ask", &ask).await.status.as_u16(), 200);
    }

    async fn vendor_says(&self, text: &str) -> MessageId {
        let (request, text) = (self.request, text.to_owned());
        let said: Result<_, StoreError> = self
            .test
            .db
            .write(move |tx| {
                let asked = sourcing::outreaches_of(tx, request)?.pop().ok_or(StoreError::NotFound)?;
                messages::insert(
                    tx,
                    &messages::NewMessage {
                        request: Some(request),
                        contact: asked.contact,
                        direction: messages::Direction::In,
                        party: messages::Party::Vendor,
                        kind: messages::MessageKind::Text,
                        body: text.clone(),
                        also_sealed_by: Vec::new(),
                        button_id: None,
                        wamid: Some(format!("wamid.{}", MessageId::generate(tx.ids))),
                        quoted_wamid: None,
                        meta_at: tx.now,
                    },
                )
            })
            .await;
        said.unwrap()
    }

    /// A call with everything right about it but what the caller changes.
    pub(super) fn request(&self, tool: ToolName, key: &str, body: &Value) -> TestRequest {
        request_as(&self.token, tool.as_str(), key, body.to_string().as_bytes())
    }

    pub(super) async fn call(&self, tool: ToolName, key: &str, body: &Value) -> Answer {
        call(&self.state, self.request(tool, key, body)).await
    }

    pub(super) async fn call_as(&self, token: &str, tool: ToolName, key: &str, body: &Value) -> Answer {
        let request = request_as(token, tool.as_str(), key, body.to_string().as_bytes());
        call(&self.state, request).await
    }

    pub(super) async fn sends(&self) -> usize {
        let id = self.request;
        self.test.db.read(move |tx| outbox::of_request(tx, id)).await.unwrap().len()
    }

    /// The records of the request's chain, or of `system`: `actor action outcome reasons`, with the cause.
    pub(super) async fn audit(&self, chain: audit::ChainId) -> Vec<(String, Option<String>)> {
        let records: Result<_, StoreError> = self
            .test
            .db
            .read(move |tx| {
                audit_log::verify(tx.conn, chain, None)?.unwrap();
                audit_log::chain_records(tx.conn, chain)
            })
            .await;
        let line = |record: audit::AuditRecord| {
            let reasons = record.reasons.join(",");
            let text = format!("{} {} {} {reasons}", record.actor, record.action, record.outcome);
            (text.trim_end().to_owned(), record.caused_by)
        };
        records.unwrap().into_iter().map(line).collect()
    }

    pub(super) async fn audit_of_request(&self) -> Vec<(String, Option<String>)> {
        self.audit(audit::ChainId::Request(self.request)).await
    }

    pub(super) async fn audit_of_system(&self) -> Vec<(String, Option<String>)> {
        self.audit(audit::ChainId::System).await
    }
}

/// A call of a tool, whoever shows whatever.
pub(super) fn request_as(token: &str, tool: &str, key: &str, body: &[u8]) -> TestRequest {
    TestRequest::post()
        .uri(&format!("/v1/tools/{tool}"))
        .insert_header(("Authorization", format!("Bearer {token}")))
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header(("Idempotency-Key", key.to_owned()))
        .set_payload(body.to_vec())
}

fn vendor(number: usize) -> vendors::VendorRecord {
    vendors::VendorRecord {
        name: format!("Shop {number}"),
        ..testing::vendor_record(
            format!("v{number}").parse().unwrap(),
            format!("+2547000{number:05}").parse().unwrap(),
            "brake pads",
        )
    }
}
