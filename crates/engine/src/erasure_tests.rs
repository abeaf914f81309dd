//! A person is erased at every moment of a running conversation: nothing fails for ever, nothing reaches them any
//! more, the others are served, and nothing of theirs is left, in whatever form.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use calling_policy::{AttemptEvent, Consent, ConsentKey, Party, Scope, Trigger};
use marketplace::{Clock as _, ContactId, E164, VendorId};
use meta_client::{MarkReadError, MetaApi, MetaId, OutboundMessage, Recipient, SendOutcome};
use moltbot_contract::ContextPack;
use orchestrator::{Brain, BrainUnavailable};
use serde_json::json;
use store::{
    Backend, Db, StoreError, Tx,
    audit_log::{self, Payload},
    calls::{self, AskedBy, NewAttempt, NewCallEvent, NewConsent},
    contacts::{self, Identity},
    erasure, messages, requests,
    testing::{self, TestStore},
    turns,
    vendors::{self, Imported, VendorRecord},
};
use tools::{Caller, Policy, ToolError, calling::attempts};

use crate::{
    brain::NoBrain,
    dispatch::Dispatcher,
    intake::Intake,
    router::Router,
    templates::TemplateCatalogue,
    timers,
    turn::{TurnRunner, TurnStep},
};

const NUMBER: &str = "300000000000001";
/// Stands in every name, text, Meta id and user id of the test, and nowhere else.
const MARKER: &str = "zqmark";
/// The same for numbers.
const DIGITS: &str = "7913572";
const CLIENT: &str = "254791357299";

fn vendor_phone(at: usize) -> String {
    format!("2547913572{at:02}")
}

fn vendor_id(at: usize) -> VendorId {
    format!("v-{at}").parse().unwrap()
}

fn record(at: usize) -> VendorRecord {
    VendorRecord {
        name: format!("Zqmarkshop{at} Spares"),
        position: Some((-1.25, 36.75)),
        rating: Some(4.5),
        ..testing::vendor_record(
            vendor_id(at),
            format!("+{}", vendor_phone(at)).parse().unwrap(),
            "spare_parts",
        )
    }
}

/// Takes everything; remembers to whom.
#[derive(Default)]
struct Meta(Mutex<Vec<String>>);

#[async_trait]
impl MetaApi for Meta {
    async fn send(&self, _: &marketplace::PhoneNumberId, message: &OutboundMessage) -> SendOutcome {
        let to = match message.to() {
            Recipient::Phone(phone) => phone.as_str().trim_start_matches('+').to_owned(),
            Recipient::Bsuid(bsuid) => bsuid.as_str().to_owned(),
        };
        self.0.lock().unwrap().push(to);
        let wamid = format!("wamid.{MARKER}.{}", message.intent_id());
        SendOutcome::Accepted { wamid: wamid.as_str().into(), wa_id: None, message_status: None }
    }

    async fn mark_read(&self, _: &marketplace::PhoneNumberId, _: &MetaId) -> Result<(), MarkReadError> {
        Ok(())
    }
}

/// What happens in the conversation, one thing after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Client(&'static str),
    Vendor(usize, &'static str),
    Route,
    Turn,
    Dispatch,
}

const STORY: [Step; 20] = [
    Step::Client("I need brake pads for a 2014 Corolla, zqmarkclientfirst"),
    Step::Route,
    Step::Turn,
    Step::Dispatch,
    Step::Client("front axle, 1.8 petrol, Westlands, zqmarkclientsecond"),
    Step::Route,
    Step::Turn,
    Step::Dispatch,
    Step::Vendor(0, "yes we have, 4500 zqmarkvendor0"),
    Step::Route,
    Step::Vendor(1, "yes available, 3800 zqmarkvendor1"),
    Step::Vendor(2, "yes available, 5000 zqmarkvendor2"),
    Step::Route,
    Step::Turn,
    Step::Dispatch,
    Step::Client("1"),
    Step::Route,
    Step::Turn,
    Step::Dispatch,
    Step::Dispatch,
];

/// The worker's parts over one database.
struct Office<'a> {
    test: &'a TestStore,
    meta: Arc<Meta>,
    intake: Intake,
    router: Router,
    turns: TurnRunner,
    dispatcher: Dispatcher,
    written: Mutex<u32>,
}

impl<'a> Office<'a> {
    async fn new(test: &'a TestStore, brain: Arc<dyn Brain>, policy: Policy) -> Self {
        let db = test.db.clone();
        let imported: Result<(), StoreError> =
            db.write(|tx| (0..3).try_for_each(|at| vendors::import(tx, &record(at)).map(drop))).await;
        imported.unwrap();
        let meta = Arc::new(Meta::default());
        let number: marketplace::PhoneNumberId = NUMBER.parse().unwrap();
        let as_api: Arc<dyn MetaApi> = meta.clone();
        Self {
            test,
            intake: Intake::new(db.clone()),
            router: Router::new(db.clone(), vec![number.clone()], policy, "test".to_owned()),
            turns: TurnRunner::new(db.clone(), brain, policy, "test".to_owned(), Duration::from_secs(5)),
            dispatcher: Dispatcher::new(
                db,
                as_api,
                TemplateCatalogue::built_in(),
                policy,
                store::outbox::breaker::VolumeLimits { per_hour: 10_000, per_vendor_per_day: 1_000 },
                number,
                "test".to_owned(),
            ),
            meta,
            written: Mutex::new(0),
        }
    }

    async fn writes(&self, from: &str, text: &str) {
        self.test.clock.advance(Duration::from_secs(1));
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
                "contacts": [{
                    "profile": { "name": "Zqmarka Clientele" }, "wa_id": from, "user_id": format!("KE.{MARKER}{from}")
                }],
                "messages": [{
                    "from": from, "from_user_id": format!("KE.{MARKER}{from}"),
                    "id": format!("wamid.{MARKER}.in{number}"),
                    "timestamp": self.test.clock.now().as_seconds().to_string(),
                    "type": "text", "text": { "body": text },
                }],
            }}]}],
        });
        let report = self.intake.accept(body.to_string().as_bytes()).await.unwrap();
        assert_eq!(report.dead, 0);
    }

    async fn play(&self, step: Step) {
        match step {
            Step::Client(text) => self.writes(CLIENT, text).await,
            Step::Vendor(at, text) => self.writes(&vendor_phone(at), text).await,
            Step::Route => assert_eq!(self.router.step().await.unwrap().failed, 0),
            Step::Turn => {
                self.test.clock.advance(Duration::from_secs(10));
                self.turn_until_idle().await;
            }
            Step::Dispatch => {
                let report = self.dispatcher.step().await.unwrap();
                assert_eq!(report.errors, 0);
            }
        }
    }

    async fn turn_until_idle(&self) {
        for _ in 0..20 {
            match self.turns.step().await.unwrap() {
                TurnStep::Idle => return,
                TurnStep::Failed => panic!("a turn failed"),
                TurnStep::Worked(_) | TurnStep::Empty => {}
            }
        }
        panic!("turns without end");
    }

    /// Until nothing moves any more, deadlines included.
    async fn drain(&self) {
        for _ in 0..4 {
            self.test.clock.advance(Duration::from_mins(20));
            timers::step(&self.test.db, Policy::default()).await.unwrap();
            for step in [Step::Route, Step::Turn, Step::Dispatch, Step::Dispatch, Step::Dispatch] {
                self.play(step).await;
            }
        }
        let overdue: Result<_, StoreError> = self.test.db.read(store::lanes::any_due).await;
        assert!(!overdue.unwrap(), "a lane is stuck");
    }

    fn sent_to(&self, phone: &str) -> usize {
        self.meta.0.lock().unwrap().iter().filter(|to| to.as_str() == phone).count()
    }

    async fn contact(&self, phone: &str) -> Option<ContactId> {
        let identity = Identity::Phone(format!("+{phone}").parse::<E164>().unwrap());
        let found: Result<_, StoreError> =
            self.test.db.read(move |tx| contacts::find(tx, std::slice::from_ref(&identity))).await;
        found.unwrap()
    }

    /// Everything that can be read of every request, chains and journal included; chains are verified on the way.
    async fn readable(&self) -> String {
        let read: Result<String, StoreError> = self
            .test
            .db
            .read(|tx| {
                let mut all = Vec::new();
                for request in requests::list(tx, None, 100)? {
                    all.push(format!("{request:?}\n"));
                    for message in messages::latest(tx, request.id, 1_000)? {
                        all.push(format!("{message:?}\n"));
                    }
                    all.push(format!("{:?}\n", store::outbox::of_request(tx, request.id)?));
                    all.push(format!("{:?}\n", calls::consents_of_request(tx, request.id)?));
                    for call in calls::of_request(tx, request.id)? {
                        all.push(format!("{call:?} {:?}\n", calls::events_of(tx, call.id)?));
                    }
                    all.push(format!("{:?}\n", turns::of_request(tx, request.id)?));
                }
                for (chain, _) in audit_log::chains(tx.conn)? {
                    audit_log::verify(tx.conn, chain, None)?.unwrap();
                    for (record, payload) in audit_log::chain_with_payloads(tx.conn, tx.vault, chain)? {
                        assert_ne!(payload, Payload::Altered, "{record:?}");
                        all.push(format!("{record:?} {payload:?}\n"));
                    }
                }
                for vendor in vendors::list(tx, None, 100)? {
                    all.push(format!("{vendor:?}\n"));
                }
                Ok(all.concat())
            })
            .await;
        read.unwrap().to_lowercase()
    }
}

async fn erase(db: &Db, contact: ContactId) -> tools::erasure::Report {
    let report = tools::erasure::erase(db, contact).await.unwrap();
    assert!(!report.erased_before);
    assert!(tools::erasure::erase(db, contact).await.unwrap().erased_before);
    let person: Result<_, StoreError> = db.read(move |tx| erasure::person(tx, contact)).await;
    assert!(person.unwrap().key_destroyed);
    report
}

/// Plays the story, erases somebody after `at` of its steps, plays on without what they would have written.
async fn erased_after(
    test: &TestStore,
    at: usize,
    phone: &str,
    silent: impl Fn(Step) -> bool,
) -> Option<String> {
    let office = Office::new(test, Arc::new(NoBrain), Policy::default()).await;
    for step in &STORY[..at] {
        office.play(*step).await;
    }
    let contact = office.contact(phone).await?;
    let before = office.readable().await;
    erase(&test.db, contact).await;
    let sent = office.sent_to(phone);
    for step in STORY[at..].iter().filter(|step| !silent(**step)) {
        office.play(*step).await;
    }
    office.drain().await;
    assert_eq!(office.sent_to(phone), sent, "written to after their erasure at step {at}");
    assert!(office.contact(phone).await.is_none());
    let after = office.readable().await;
    assert!(before.len() > 100 && after.len() > 100);
    Some(after)
}

#[expect(clippy::needless_pass_by_value, reason = "a test is written at the call")]
fn each_database(test: impl AsyncFn(&TestStore, usize)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for at in 0..=STORY.len() {
        eprintln!("SQLite, after {at} steps");
        runtime.block_on(test(&TestStore::sqlite(), at));
    }
    // A database of its own each time is slow there: the moments between what is written, decided and sent.
    for at in [2, 6, 7, 11, 14, 17, 20] {
        let Some(store) = TestStore::postgres() else { return };
        eprintln!("PostgreSQL, after {at} steps");
        runtime.block_on(test(&store, at));
    }
}

#[test]
fn a_client_is_erased_at_every_step() {
    each_database(async |test, at| {
        let is_clients = |step| matches!(step, Step::Client(_));
        let Some(after) = erased_after(test, at, CLIENT, is_clients).await else {
            assert!(at < 2, "known since the first message was routed");
            return;
        };
        for theirs in ["zqmarkclient", "zqmarka", CLIENT] {
            assert!(!after.contains(theirs), "{theirs} is readable after step {at}: {after}");
        }
        assert!(after.contains("state: closed"), "{after}");
    });
}

#[test]
fn a_vendor_is_erased_at_every_step() {
    each_database(async |test, at| {
        let phone = vendor_phone(1);
        let is_theirs = |step| matches!(step, Step::Vendor(1, _));
        let after = erased_after(test, at, &phone, is_theirs).await.unwrap();
        for theirs in ["zqmarkvendor1", "zqmarkshop1", phone.as_str()] {
            assert!(!after.contains(theirs), "{theirs} is readable after step {at}: {after}");
        }
        let ended = ["handedoff", "closed", "shortlisted"];
        assert!(ended.iter().any(|state| after.contains(&format!("state: {state}"))), "step {at}: {after}");
        // Another id, another spelling: it is the same number.
        let again: Result<_, StoreError> = test
            .db
            .write(|tx| {
                let phone = E164::parse_written("+254 (791) 357-201").unwrap();
                vendors::import(tx, &VendorRecord { id: "v-new".parse().unwrap(), phone, ..record(1) })
            })
            .await;
        assert_eq!(again.unwrap(), Imported::Suppressed);
    });
}

/// While Moltbot thinks, a vendor of the pack is erased.
struct ErasesWhileAsked(Db, Mutex<bool>);

#[async_trait]
impl Brain for ErasesWhileAsked {
    async fn ask(&self, pack: &ContextPack) -> Result<Vec<u8>, BrainUnavailable> {
        let first = pack.replies.len() == 3 && !std::mem::replace(&mut *self.1.lock().unwrap(), true);
        if first {
            let vendor: Result<_, StoreError> = self.0.read(|tx| vendors::load(tx, &vendor_id(1))).await;
            erase(&self.0, vendor.unwrap().contact).await;
        }
        Err(BrainUnavailable { code: "timeout" })
    }
}

#[test]
fn a_turn_that_had_read_an_erased_vendor_reads_again() {
    store::testing::on_both(async |test| {
        let brain = Arc::new(ErasesWhileAsked(test.db.clone(), Mutex::new(false)));
        let policy = Policy { ai_concierge: true, ..Policy::default() };
        let office = Office::new(test, brain.clone(), policy).await;
        for step in STORY {
            office.play(step).await;
        }
        office.drain().await;
        assert!(*brain.1.lock().unwrap(), "the vendor was erased while Moltbot was asked");
        let after = office.readable().await;
        assert!(after.contains("superseded") && after.contains("vendor_erased"), "{after}");
        for theirs in ["zqmarkvendor1", "zqmarkshop1", &vendor_phone(1)] {
            assert!(!after.contains(theirs), "{theirs}: {after}");
        }
        assert!(after.contains("zqmarkshop0"), "the others are there: {after}");
    });
}

#[test]
fn a_person_who_writes_after_their_erasure_is_a_new_one_and_start_lifts_the_suppression() {
    store::testing::on_both(async |test| {
        let office = Office::new(test, Arc::new(NoBrain), Policy::default()).await;
        let phone = vendor_phone(1);
        let before = office.contact(&phone).await.unwrap();
        erase(&test.db, before).await;
        for step in [Step::Vendor(1, "I need tyres for my van"), Step::Route, Step::Turn, Step::Dispatch] {
            office.play(step).await;
        }
        let now = office.contact(&phone).await.unwrap();
        assert_ne!(now, before);
        assert_eq!(office.sent_to(&phone), 1, "they wrote first, and are answered");
        let import = async || {
            let done: Result<_, StoreError> = test
                .db
                .write(|tx| vendors::import(tx, &VendorRecord { id: "v-new".parse().unwrap(), ..record(1) }))
                .await;
            done.unwrap()
        };
        assert_eq!(import().await, Imported::Suppressed);
        for step in [Step::Vendor(1, "START"), Step::Route] {
            office.play(step).await;
        }
        assert_eq!(import().await, Imported::Created);
    });
}

#[test]
fn nothing_personal_lies_in_a_file_of_the_database() {
    store::testing::on_both(async |test| {
        let office = Office::new(test, Arc::new(NoBrain), Policy::default()).await;
        for step in STORY {
            office.play(step).await;
        }
        office.intake.accept(format!("no JSON at all, {MARKER} +{CLIENT}").as_bytes()).await.unwrap();
        office.drain().await;
        let readable = office.readable().await;
        assert!(readable.contains(MARKER) && readable.contains("handed_off"), "{readable}");
        let folder = folder_of(test).await;
        assert_clean(&folder);
        let client = office.contact(CLIENT).await.unwrap();
        let report = erase(&test.db, client).await;
        assert_eq!((report.unattributed_blanked, report.requests_closed), (1, 1), "{report:?}");
        test.store.scrub_blocking().unwrap();
        assert_clean(&folder);
    });
}

/// What a call leaves behind: a consent with number and user id, Meta's id of the call, its media answer, its events.
/// The dial is in doubt, so nothing but time ends it.
fn call_in_doubt(tx: &mut Tx<'_>, to: ContactId, party: Party, phone: &str) -> Result<(), ToolError> {
    let request = requests::list(tx, None, 1)?.remove(0);
    let guard = requests::lock(tx, request.id)?;
    let client = party == Party::Client;
    let new = messages::NewMessage {
        request: Some(request.id),
        contact: to,
        direction: messages::Direction::Out,
        party: if client { messages::Party::Client } else { messages::Party::Vendor },
        kind: messages::MessageKind::Text,
        body: "May I call?".to_owned(),
        also_sealed_by: Vec::new(),
        button_id: None,
        wamid: None,
        quoted_wamid: None,
        meta_at: tx.now,
    };
    let prompt = messages::insert(tx, &new)?;
    let (key, scope) = (ConsentKey::Callee, if client { Scope::CallClient } else { Scope::CallVendor });
    let consent = NewConsent {
        consent: Consent::requested(request.id, to, prompt, (key, scope), tx.now),
        party,
        asked_by: AskedBy::Card,
        wording: "consent-prompt.v1".to_owned(),
        language: marketplace::Language::En,
    };
    calls::insert_consent(tx, &guard, &consent)?;
    let attempt = NewAttempt {
        contact: to,
        party,
        vendor: (!client).then(|| vendor_id(1)),
        claim: if client { Trigger::ClientAsked } else { Trigger::UrgentNoReply },
        author: marketplace::ActorKind::Orchestrator,
    };
    let call = calls::insert(tx, &guard, &attempt)?;
    let mut known = calls::lock(tx, call)?;
    for event in [AttemptEvent::Dialling, AttemptEvent::DialUnknown] {
        attempts::apply(tx, &guard, &mut known, event, tx.now, &Caller::system("dialler"))?;
    }
    assert!(calls::learn_wacid(tx, call, &format!("wacid.{MARKER}call"))?);
    calls::set_sdp_answer(tx, call, Some(&format!("v=0 {MARKER}sdp")))?;
    for (at, attempt) in [Some(call), None].into_iter().enumerate() {
        let event = NewCallEvent {
            attempt,
            number: &NUMBER.parse().unwrap(),
            contact: Some(to),
            data_key: contacts::data_key(tx, to)?,
            wacid: &format!("wacid.{MARKER}call{at}"),
            kind: "status",
            payload: &json!({ "to": phone, "id": format!("{MARKER}event") }).to_string(),
            at: tx.now,
        };
        calls::keep_event(tx, &event)?;
    }
    Ok(())
}

#[test]
fn nothing_of_a_call_is_left_of_an_erased_person() {
    for (party, phone, name) in [
        (Party::Client, CLIENT.to_owned(), "zqmarkclientfirst"),
        (Party::Vendor, vendor_phone(1), "zqmarkshop1"),
    ] {
        store::testing::on_both(async |test| {
            let office = Office::new(test, Arc::new(NoBrain), Policy::default()).await;
            for step in &STORY[..11] {
                office.play(*step).await;
            }
            let person = office.contact(&phone).await.unwrap();
            let number = phone.clone();
            test.db.write(move |tx| call_in_doubt(tx, person, party, &number)).await.unwrap();
            let before = office.readable().await;
            let of_the_call = ["zqmarkcall", "zqmarksdp", "zqmarkevent"];
            for theirs in of_the_call.into_iter().chain([name, phone.as_str()]) {
                assert!(before.contains(theirs), "{theirs} is there for an operator: {before}");
            }
            let folder = folder_of(test).await;
            assert_clean(&folder);

            erase(&test.db, person).await;
            test.store.scrub_blocking().unwrap();
            let after = office.readable().await;
            for theirs in of_the_call.into_iter().chain([name, phone.as_str()]) {
                assert!(!after.contains(theirs), "{theirs}: {after}");
            }
            assert!(folder_of(test).await == folder && after.contains("key: callee"), "{after}");
            assert_clean(&folder);
            // A dial in doubt ends by the clock, whoever of it was erased.
            office.drain().await;
            let live: Result<_, StoreError> =
                test.db.read(|tx| calls::live(tx, &NUMBER.parse().unwrap(), 10)).await;
            assert_eq!(live.unwrap(), []);
        });
    }
}

/// Where the database's files are: SQLite's folder, or the server's whole data directory.
async fn folder_of(test: &TestStore) -> PathBuf {
    match test.backend() {
        Backend::Sqlite => {
            let file = test.options().database_url.trim_start_matches("sqlite://").to_owned();
            Path::new(&file).parent().unwrap().to_owned()
        }
        Backend::Postgres => test.data_directory().await,
    }
}

/// No byte of a marker or a number in any file below.
fn assert_clean(folder: &Path) {
    let mut read = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                read += bytes.len();
                let text = String::from_utf8_lossy(&bytes).to_lowercase();
                for personal in [MARKER, DIGITS] {
                    assert!(!text.contains(personal), "{personal} in {}", path.display());
                }
            }
        }
    }
    assert!(read > 4_096, "there was something to read");
}
