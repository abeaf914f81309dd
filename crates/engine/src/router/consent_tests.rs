//! Words on calls as they come from Meta, through intake and router, on rows of both databases.

use std::{path::Path, sync::Mutex, time::Duration};

use conversation::ButtonId;
use marketplace::{
    Clock as _, ContactId, Language, MessageId, PhoneNumberId, RequestId, RequestState, Timestamp,
};
use serde_json::{Value, json};
use store::{
    StoreError, Tx,
    calls::{self, HistoryEvent},
    contacts::{self, Identity},
    lanes::{self, EntryKind},
    messages::{self, Direction, MessageKind, NewMessage, Party as Side},
    outbox::{self, NewSend, Purpose, SendPayload, SendState},
    requests, sourcing,
    testing::{self, START, TestStore, on_both},
    vendors,
};
use tool_registry::{Party, RequestCallConsentArgs, ToolCall};
use tools::{Caller, Invocation, Policy, ToolError};

use super::Router;
use crate::intake::Intake;

pub(super) const NUMBER: &str = "300000000000001";
/// Another number of ours.
pub(super) const SECOND: &str = "300000000000002";
/// Who answers in the fixtures, by number and by business-scoped id.
pub(super) const ANSWERS: &str = "254700000101";
pub(super) const BSUID: &str = "KE.90000000000000000101";
pub(super) const OTHER: &str = "254700000102";
const ON: Policy = Policy { ai_concierge: false, ocr: false, calling: true, ..Policy::OFF };

const GRANTED: &str = "granted";
const DENIED: &str = "denied";
const REQUESTED: &str = "requested";
const EXPIRED: &str = "expired";

pub(super) struct Desk<'a> {
    pub(super) test: &'a TestStore,
    intake: Intake,
    router: Router,
    pub(super) request: RequestId,
    pub(super) client: ContactId,
    pub(super) vendor: ContactId,
    written: Mutex<u32>,
}

fn phone(digits: &str) -> Identity {
    Identity::Phone(format!("+{digits}").parse().unwrap())
}

fn rows(
    tx: &mut Tx<'_>,
    client: &str,
    vendor: &str,
) -> Result<(RequestId, ContactId, ContactId), StoreError> {
    let known_by = |digits: &str| {
        let mut known = vec![phone(digits)];
        if digits == ANSWERS {
            known.push(Identity::Bsuid(BSUID.parse().unwrap()));
        }
        known
    };
    let record =
        testing::vendor_record("v-1".parse().unwrap(), format!("+{vendor}").parse().unwrap(), "tools");
    vendors::import(tx, &record)?;
    let vendor = contacts::find_or_create(tx, &known_by(vendor), None, Language::En)?.id;
    let client = contacts::find_or_create(tx, &known_by(client), None, Language::En)?.id;
    let number: PhoneNumberId = NUMBER.parse().unwrap();
    let mut guard = requests::create(tx, client, &number, Language::En)?;
    requests::set_state(tx, &mut guard, RequestState::Sourcing)?;
    let batch = sourcing::NewBatch {
        size: 1,
        offers_wanted: 1,
        deadline_at: tx.now + Duration::from_mins(10),
        plan: "{}".to_owned(),
        also_sealed_by: Vec::new(),
    };
    sourcing::open_batch(tx, &guard, &batch)?.unwrap();
    sourcing::add_outreach(tx, &guard, &record.id, vendor)?.unwrap();
    Ok((guard.request().id, client, vendor))
}

impl<'a> Desk<'a> {
    pub(super) async fn new(test: &'a TestStore, client: &'static str, vendor: &'static str) -> Self {
        let (request, client, vendor) = test.db.write(move |tx| rows(tx, client, vendor)).await.unwrap();
        let db = test.db.clone();
        let router = Router::new(
            db.clone(),
            vec![NUMBER.parse().unwrap(), SECOND.parse().unwrap()],
            ON,
            "test".to_owned(),
        );
        Self { test, intake: Intake::new(db), router, request, client, vendor, written: Mutex::new(0) }
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, ToolError> + Send + 'static,
    ) -> T {
        self.test.db.write(work).await.unwrap()
    }

    /// Asks for consent; Meta takes the prompt as `wamid.REQ0001`. Its message.
    pub(super) async fn ask(&self, party: Party, scope: &str) -> MessageId {
        let args = RequestCallConsentArgs {
            request_id: self.request,
            party,
            scope: serde_json::from_value(json!(scope)).unwrap(),
        };
        let invocation = Invocation {
            caller: Caller::orchestrator(),
            key: Some("k".to_owned()),
            caused_by: None,
            call: ToolCall::RequestCallConsent(args),
        };
        let request = self.request;
        self.write(move |tx| {
            tools::run(tx, ON, &invocation)?.unwrap();
            let send = outbox::of_request(tx, request)?.pop().unwrap();
            outbox::mark_sending(tx, send.id, 1)?;
            outbox::advance(tx, send.id, SendState::Accepted, None, Some("wamid.REQ0001"))?;
            Ok(send.message)
        })
        .await
    }

    async fn accept(&self, body: &[u8]) {
        let report = self.intake.accept(body).await.unwrap();
        assert_eq!(report.dead, 0);
        assert_eq!(self.router.step().await.unwrap().failed, 0);
    }

    /// A fixture of the folder, at its time.
    pub(super) async fn fixture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/meta-webhooks");
        let body = std::fs::read(folder.join(name)).unwrap();
        self.accept(&body).await;
    }

    /// A message of somebody, now.
    pub(super) async fn says(&self, from: &str, message: Value) {
        self.says_to(NUMBER, from, message).await;
    }

    pub(super) async fn says_to(&self, to: &str, from: &str, mut message: Value) {
        self.test.clock.advance(Duration::from_secs(1));
        let number = {
            let mut written = self.written.lock().unwrap();
            *written += 1;
            *written
        };
        let by_bsuid = from.starts_with("KE.");
        message["id"] = json!(format!("wamid.in{number}"));
        message["timestamp"] = json!(self.test.clock.now().as_seconds().to_string());
        message[if by_bsuid { "from_user_id" } else { "from" }] = json!(from);
        let sender = if by_bsuid { json!({ "user_id": from }) } else { json!({ "wa_id": from }) };
        let body = json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": "200000000000001", "changes": [{ "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "15550100001", "phone_number_id": to },
                "contacts": [sender],
                "messages": [message],
            }}]}],
        });
        self.accept(body.to_string().as_bytes()).await;
    }

    pub(super) async fn presses(&self, from: &str, prompt: MessageId, yes: bool) {
        let id = ButtonId::Consent { prompt, yes }.to_string();
        let reply = json!({ "id": id, "title": if yes { "YES" } else { "NO" } });
        let interactive = json!({ "type": "button_reply", "button_reply": reply });
        self.says(from, json!({ "type": "interactive", "interactive": interactive })).await;
    }

    pub(super) async fn writes(&self, from: &str, text: &str) {
        self.says(from, json!({ "type": "text", "text": { "body": text } })).await;
    }

    pub(super) async fn quotes(&self, from: &str, text: &str, wamid: &str) {
        let message =
            json!({ "type": "text", "text": { "body": text }, "context": { "id": wamid, "from": "1" } });
        self.says(from, message).await;
    }

    /// The statuses of the request's consents, the oldest first.
    pub(super) async fn statuses(&self) -> Vec<String> {
        let request = self.request;
        self.write(move |tx| {
            let now = tx.now;
            let consents = calls::consents_of_request(tx, request)?;
            Ok(consents.iter().map(|stored| stored.consent.status(now).to_string()).collect())
        })
        .await
    }

    /// The permission of a person, as its audit word.
    async fn permission(&self, of: ContactId) -> String {
        let number: PhoneNumberId = NUMBER.parse().unwrap();
        self.write(move |tx| {
            let state = calls::permission(tx, of, &number)?.state(tx.now);
            Ok(format!("{state:?}"))
        })
        .await
    }

    pub(super) async fn mailbox(&self) -> Vec<(EntryKind, Option<String>)> {
        let request = self.request;
        let entries = self.write(move |tx| Ok(lanes::pending(tx, request)?)).await;
        entries.into_iter().map(|entry| (entry.kind, entry.reason)).collect()
    }

    async fn messages_in(&self) -> Vec<(MessageKind, Side)> {
        let request = self.request;
        let all = self.write(move |tx| Ok(messages::latest(tx, request, 50)?)).await;
        let inbound = all.into_iter().filter(|message| message.direction == Direction::In);
        inbound.map(|message| (message.kind, message.party)).collect()
    }

    pub(super) async fn bodies_to(&self, to: ContactId) -> Vec<String> {
        let request = self.request;
        let sends = self.write(move |tx| Ok(outbox::of_request(tx, request)?)).await;
        let of = sends.into_iter().filter(|send| send.contact == to);
        of.map(|send| send.payload.unwrap().body).collect()
    }

    pub(super) async fn window_is_open(&self, of: ContactId) -> bool {
        let number: PhoneNumberId = NUMBER.parse().unwrap();
        self.write(move |tx| Ok(contacts::window_is_open(tx, of, &number)?)).await
    }

    pub(super) async fn audit(&self, chain: audit::ChainId) -> Vec<String> {
        let records: Result<_, StoreError> =
            self.test.store.read(move |conn| store::audit_log::chain_records(conn, chain)).await;
        let line = |record: audit::AuditRecord| {
            [vec![record.action.clone()], record.reasons.clone()].concat().join(" ")
        };
        records.unwrap().into_iter().map(line).collect()
    }

    async fn of_request(&self) -> Vec<String> {
        self.audit(audit::ChainId::Request(self.request)).await
    }
}

fn duka() -> Party {
    Party::Vendor("v-1".parse().unwrap())
}

/// Every documented shape of Meta's answer to our card, to a vendor: what becomes of key 2 and of key 3.
#[test]
fn every_shape_of_metas_answer() {
    let until = |millis| format!("Temporary {{ until: {:?} }}", Timestamp::from_millis(millis));
    let week = 1_790_604_900_000;
    for (name, consent, permission, opens_window) in [
        ("perm_01_accept_temporary_string_exp", GRANTED, until(week), true),
        ("perm_02_accept_temporary_integer_exp", GRANTED, until(week), true),
        ("perm_03_accept_permanent", GRANTED, "Permanent".to_owned(), true),
        ("perm_04_reject_user", DENIED, "Refused { by: Person".to_owned(), true),
        ("perm_05_accept_automatic_callback", REQUESTED, until(week), false),
        ("perm_06_reject_automatic_revoked", DENIED, "Refused { by: Meta".to_owned(), false),
        ("perm_07_accept_profile_no_context", REQUESTED, "Permanent".to_owned(), true),
        ("perm_08_bsuid_only", GRANTED, until(week), true),
        ("perm_09_unknown_response", REQUESTED, "Unknown".to_owned(), true),
        ("perm_10_accept_no_expiry_no_is_permanent", GRANTED, until(week), true),
        ("perm_11_reject_user_no_context", DENIED, "Refused { by: Person".to_owned(), true),
        ("perm_12_late_older_accept_after_reject", GRANTED, until(week), true),
        ("perm_13_expiry_not_168h", GRANTED, until(1_791_382_500_000), true),
    ] {
        on_both(async |test| {
            let desk = Desk::new(test, OTHER, ANSWERS).await;
            desk.ask(duka(), "call_vendor").await;
            test.clock.advance(Duration::from_secs(101));
            desk.fixture(&format!("{name}.json")).await;
            assert_eq!(desk.statuses().await, [consent], "{name}");
            let is = desk.permission(desk.vendor).await;
            assert!(is.starts_with(&permission), "{name}: {is}");
            assert_eq!(desk.window_is_open(desk.vendor).await, opens_window, "{name}");
            let lane = desk.mailbox().await;
            assert!(lane.iter().all(|(kind, _)| *kind == EntryKind::Wake), "{name}: {lane:?}");
            assert_eq!(lane.len(), usize::from(consent != REQUESTED), "{name}: {lane:?}");
            let told = desk.of_request().await.len() + desk.audit(audit::ChainId::System).await.len();
            assert!(told >= 3, "{name} is on record");
            // The same webhook again is the same event.
            desk.fixture(&format!("{name}.json")).await;
            let again = desk.of_request().await.len() + desk.audit(audit::ChainId::System).await.len();
            assert_eq!(again, told, "{name}");
        });
    }
}

#[test]
fn a_late_older_accept_undoes_no_reject() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, ANSWERS).await;
        desk.ask(duka(), "call_vendor").await;
        test.clock.advance(Duration::from_secs(101));
        desk.fixture("perm_04_reject_user.json").await;
        desk.fixture("perm_12_late_older_accept_after_reject.json").await;
        assert_eq!(desk.statuses().await, [DENIED]);
        assert!(desk.permission(desk.vendor).await.starts_with("Refused"));
    });
}

/// A reject of one card takes key 2 of every request of that person, and key 1 of none.
#[test]
fn a_reject_withdraws_in_every_request_of_the_person() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        let prompt = desk.ask(Party::Client, "either").await;
        desk.presses(ANSWERS, prompt, true).await;
        assert_eq!(desk.statuses().await, [GRANTED, GRANTED]);
        test.clock.set(START + Duration::from_secs(101));
        desk.fixture("perm_11_reject_user_no_context.json").await;
        assert_eq!(desk.statuses().await, [GRANTED, DENIED]);
        let told = desk.of_request().await;
        assert_eq!(told.last().unwrap(), "consent.withdrawn by_person");
    });
}

#[test]
fn a_button_is_no_message_about_the_need() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, ANSWERS).await;
        let prompt = desk.ask(Party::Client, "either").await;
        desk.presses(OTHER, prompt, true).await;
        assert_eq!(desk.statuses().await, [GRANTED, GRANTED]);
        assert_eq!(desk.mailbox().await, [(EntryKind::Wake, Some("consent_granted".to_owned()))]);
        assert_eq!(desk.messages_in().await, [(MessageKind::Consent, Side::Client)]);
        assert!(desk.window_is_open(desk.client).await);
        let said = desk.bodies_to(desk.client).await;
        assert_eq!(said[1], "Thanks. I may place a call if needed.");
        assert_eq!(said.len(), 3, "prompt, thanks, Meta's card");
        assert_eq!(
            desk.of_request().await,
            [
                "consent.requested",
                "marketplace.request_call_consent",
                "consent.granted",
                "consent.granted",
                "consent.confirmed",
                "permission.requested",
            ]
        );
    });
}

/// Without the environment's leave a YES is recorded, and nobody is asked for Meta's permission.
#[test]
fn a_router_without_calling_queues_no_card() {
    on_both(async |test| {
        let mut desk = Desk::new(test, OTHER, ANSWERS).await;
        desk.router =
            Router::new(test.db.clone(), vec![NUMBER.parse().unwrap()], Policy::default(), "test".to_owned());
        let prompt = desk.ask(Party::Client, "either").await;
        desk.presses(OTHER, prompt, true).await;
        assert_eq!(desk.bodies_to(desk.client).await.len(), 2);
        assert_eq!(desk.of_request().await.last().unwrap(), "permission.requested calling_disabled");
    });
}

#[test]
fn yes_and_no_in_the_six_languages() {
    for (text, status) in [
        ("YES", GRANTED),
        ("Sí, claro", REQUESTED),
        ("sí", GRANTED),
        ("sim", GRANTED),
        ("Oui merci", GRANTED),
        ("ndiyo", GRANTED),
        ("نعم", GRANTED),
        ("👍", GRANTED),
        ("No thanks", DENIED),
        ("para nada", DENIED),
        ("não", DENIED),
        ("non merci", DENIED),
        ("hapana asante", DENIED),
        ("لا شكرا", DENIED),
        ("yes?", REQUESTED),
        ("Yes I need brake pads", REQUESTED),
    ] {
        on_both(async |test| {
            let desk = Desk::new(test, OTHER, ANSWERS).await;
            desk.ask(Party::Client, "call_vendor").await;
            desk.writes(OTHER, text).await;
            assert_eq!(desk.statuses().await, [status], "{text}");
            let as_usual = status == REQUESTED;
            let kind = if as_usual { EntryKind::ClientMessage } else { EntryKind::Wake };
            assert_eq!(desk.mailbox().await[0].0, kind, "{text}");
        });
    }
}

/// A bare YES after a newer message of ours answers that; a quote says which one is meant, in words and for a vendor
/// with several requests too.
#[test]
fn a_bare_yes_answers_the_newest_message_and_a_quote_its_own() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, ANSWERS).await;
        desk.ask(Party::Client, "call_vendor").await;
        let (request, client) = (desk.request, desk.client);
        test.clock.advance(Duration::from_secs(1));
        desk.write(move |tx| {
            let guard = requests::lock(tx, request)?;
            let body = "Front axle?".to_owned();
            let message = messages::insert(
                tx,
                &NewMessage {
                    request: Some(request),
                    contact: client,
                    direction: Direction::Out,
                    party: Side::Client,
                    kind: MessageKind::Text,
                    body: body.clone(),
                    also_sealed_by: Vec::new(),
                    button_id: None,
                    wamid: None,
                    quoted_wamid: None,
                    meta_at: tx.now,
                },
            )?;
            let send = NewSend {
                contact: client,
                message,
                purpose: Purpose::ClientMessage,
                author: marketplace::ActorKind::Orchestrator,
                payload: SendPayload { body, buttons: Vec::new(), template: None, reply_to: None },
                also_sealed_by: Vec::new(),
                not_after: None,
            };
            let id = outbox::enqueue(tx, &guard, &send)?;
            outbox::mark_sending(tx, id, 1)?;
            Ok(outbox::advance(tx, id, SendState::Accepted, None, Some("wamid.AXLE"))?)
        })
        .await;
        desk.writes(OTHER, "yes").await;
        assert_eq!(desk.statuses().await, [REQUESTED]);
        assert_eq!(desk.mailbox().await, [(EntryKind::ClientMessage, None)]);
        desk.quotes(OTHER, "yes", "wamid.AXLE").await;
        assert_eq!(desk.statuses().await, [REQUESTED]);
        desk.quotes(OTHER, "yes", "wamid.REQ0001").await;
        assert_eq!(desk.statuses().await, [GRANTED]);
        desk.quotes(OTHER, "no", "wamid.REQ0001").await;
        assert_eq!(desk.statuses().await, [DENIED]);
    });
}

#[test]
fn somebody_elses_button_moves_nothing_and_is_no_message_of_the_request() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, ANSWERS).await;
        let prompt = desk.ask(Party::Client, "either").await;
        for yes in [true, false] {
            desk.presses(ANSWERS, prompt, yes).await;
        }
        assert_eq!(desk.statuses().await, [REQUESTED, REQUESTED]);
        assert!(desk.messages_in().await.is_empty());
        assert!(desk.mailbox().await.is_empty());
        let told = desk.of_request().await;
        assert_eq!(told.iter().filter(|line| *line == "consent.ignored other_person").count(), 4);
        // A prompt that never was: on record, and no request is opened for it.
        let nobody = MessageId::generate(&marketplace::SeededIds::new(9));
        desk.presses("254700000109", nobody, true).await;
        let of_system = desk.audit(audit::ChainId::System).await;
        assert_eq!(of_system.last().unwrap(), "consent.ignored no_such_prompt");
        let open = desk.write(|tx| Ok(requests::list(tx, None, 10)?)).await;
        assert_eq!(open.len(), 1);
    });
}

/// A person without a visible number is asked and answers like any other.
#[test]
fn a_person_known_by_a_business_scoped_id_alone() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, ANSWERS).await;
        let identity = Identity::Bsuid("KE.777".parse().unwrap());
        let (request, client) = desk
            .write(move |tx| {
                let known = std::slice::from_ref(&identity);
                let client = contacts::find_or_create(tx, known, None, Language::En)?.id;
                let guard = requests::create(tx, client, &NUMBER.parse().unwrap(), Language::En)?;
                Ok((guard.request().id, client))
            })
            .await;
        let desk = Desk { request, client, ..desk };
        let prompt = desk.ask(Party::Client, "either").await;
        desk.presses("KE.777", prompt, true).await;
        assert_eq!(desk.statuses().await, [GRANTED, GRANTED]);
        let stored = desk.write(move |tx| Ok(calls::consents_of_request(tx, request)?)).await;
        assert_eq!(stored[0].phone, None);
        assert_eq!(stored[0].bsuid.as_ref().map(marketplace::Bsuid::as_str), Some("KE.777"));
        let id = stored[0].id;
        let history = desk.write(move |tx| Ok(calls::history_of(tx, id)?)).await;
        assert_eq!((history[1].event, history[1].by), (HistoryEvent::Yes, Some(desk.client)));
    });
}

#[test]
fn after_stop_a_yes_changes_nothing() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, ANSWERS).await;
        let prompt = desk.ask(Party::Client, "either").await;
        desk.writes(OTHER, "STOP").await;
        desk.presses(OTHER, prompt, true).await;
        // The request closed with the STOP, and what it asked for; the answer to it comes too late for both.
        assert_eq!(desk.statuses().await, [EXPIRED, DENIED]);
        assert_eq!(desk.of_request().await.last().unwrap(), "consent.ignored opted_out");
    });
}

#[test]
fn call_me_is_remembered_and_goes_on_as_a_message() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, ANSWERS).await;
        desk.writes(ANSWERS, "call me").await;
        let asked = async || {
            desk.write({
                let id = desk.request;
                move |tx| Ok(requests::load(tx, id)?)
            })
            .await
        };
        assert_eq!(asked().await.call_asked_at, None, "a vendor's word is not the client's");
        desk.writes(OTHER, "Can you call me?").await;
        assert_eq!(asked().await.call_asked_at, Some(test.clock.now()));
        let kinds: Vec<_> = desk.mailbox().await.into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [EntryKind::VendorMessage, EntryKind::ClientMessage]);
        desk.writes(OTHER, "can you call the vendor").await;
        assert!(asked().await.call_asked_at.unwrap() < test.clock.now());
    });
}
