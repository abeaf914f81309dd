//! What an operator sees and does on a database with a request in it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use std::sync::Arc;

use common::Place;
use marketplace::{
    ContactId, EventId, Language, MessageId, OutboxId, PhoneNumberId, RandomIds, RequestId, RequestState,
    SystemClock,
};
use serde_json::{Value, json};
use store::{
    Db, OpenOptions, StoreError, Tx,
    contacts::{self, Identity},
    dead_letters::{self, DeadLetterSource, NewDeadLetter},
    intake::NewInboundEvent,
    lanes,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload, SendState},
    requests,
    turns::{self, Settlement, TurnStatus},
};
use tokio::runtime::Runtime;
use tools::{AuditEntry, Caller, ToolError, record};

fn ids() -> Arc<RandomIds> {
    Arc::new(RandomIds::new(Arc::new(SystemClock)))
}

fn open(place: &Place) -> (Runtime, Db) {
    let options = OpenOptions::new(place.url(), place.key(), ids());
    let db = startup::open(&options, Arc::new(SystemClock)).unwrap();
    (tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(), db)
}

/// Runs verbs on the place's database, as the engine would.
fn with<T: Send + 'static>(
    place: &Place,
    work: impl FnMut(&mut Tx<'_>) -> Result<T, ToolError> + Send + 'static,
) -> T {
    let (runtime, db) = open(place);
    let value = runtime.block_on(db.write(work)).unwrap();
    db.store.close_blocking();
    value
}

fn message(
    request: RequestId,
    contact: ContactId,
    direction: Direction,
    body: &str,
    tx: &Tx<'_>,
) -> NewMessage {
    NewMessage {
        request: Some(request),
        contact,
        direction,
        party: Party::Client,
        kind: MessageKind::Text,
        body: body.to_owned(),
        also_sealed_by: Vec::new(),
        button_id: None,
        wamid: None,
        quoted_wamid: None,
        meta_at: tx.now,
    }
}

/// A request in `clarifying`: one message in, one decision, one send whose outcome is unknown.
fn request_with_an_unknown_send(place: &Place) -> (RequestId, OutboxId) {
    with(place, |tx| {
        let number: PhoneNumberId = "1001".parse().unwrap();
        let phone = Identity::Phone("+254700000101".parse().unwrap());
        let client = contacts::find_or_create(tx, &[phone], Some("Amina Wanjiru"), Language::En)?.id;
        let mut guard = requests::create(tx, client, &number, Language::En)?;
        let id = guard.request().id;
        record(tx, &guard, AuditEntry::new(Caller::system("router").actor, "request.opened", json!({})))?;
        let inbound = message(id, client, Direction::In, "I need brake pads", tx);
        messages::insert(tx, &inbound)?;
        let turn = turns::open_or_resume(tx, &guard)?;
        requests::set_state(tx, &mut guard, RequestState::Clarifying)?;
        let change = json!({ "from": "new", "to": "clarifying", "reason": "axle unknown" });
        record(tx, &guard, AuditEntry::new(Caller::orchestrator().actor, "state.changed", change))?;
        let outbound = message(id, client, Direction::Out, "Front or rear?", tx);
        let message = messages::insert(tx, &outbound)?;
        let send = queue(tx, &guard, client, message)?;
        let detail = json!({ "why": "axle unknown", "violations": [], "reasons": ["axle"] }).to_string();
        let settlement = Settlement {
            status: TurnStatus::Committed,
            source: "moltbot".to_owned(),
            verdict: "accepted".to_owned(),
            decision: "ask_client".to_owned(),
            detail,
            also_sealed_by: Vec::new(),
        };
        turns::settle(tx, &guard, turn.id, &settlement)?;
        Ok((id, send))
    })
}

fn queue(
    tx: &mut Tx<'_>,
    guard: &requests::RequestGuard,
    contact: ContactId,
    message: MessageId,
) -> Result<OutboxId, StoreError> {
    let payload = SendPayload {
        body: "Front or rear?".to_owned(),
        buttons: Vec::new(),
        template: None,
        reply_to: None,
    };
    let new = NewSend {
        contact,
        message,
        purpose: Purpose::ClientMessage,
        author: marketplace::ActorKind::Orchestrator,
        payload,
        also_sealed_by: Vec::new(),
        not_after: None,
    };
    let id = outbox::enqueue(tx, guard, &new)?;
    outbox::mark_sending(tx, id, 1)?;
    outbox::advance(tx, id, SendState::Unknown, None, None)?;
    Ok(id)
}

fn dead_letter(
    place: &Place,
    source: DeadLetterSource,
    reference: String,
    request: Option<RequestId>,
) -> String {
    with(place, move |tx| {
        let new =
            NewDeadLetter { source, reference: &reference, request, reason: "turn_failed", detail: None };
        dead_letters::insert(tx, &new)?;
        let letter = dead_letters::waiting(tx, 10)?.into_iter().find(|letter| letter.reference == reference);
        Ok(letter.unwrap().id.to_string())
    })
}

#[test]
fn a_request_is_listed_and_its_story_told() {
    Place::each(|place| {
        let (id, _) = request_with_an_unknown_send(place);
        let listed = place.json(&["requests", "list"]);
        assert_eq!(listed["requests"][0]["id"], id.to_string());
        assert_eq!(listed["requests"][0]["state"], "clarifying");
        assert_eq!(place.json(&["requests", "list", "--state", "closed"])["requests"], json!([]));

        let shown = place.json(&["requests", "show", &id.to_string()]);
        let mut fields: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "audit",
                "audit_verified",
                "batches",
                "calls",
                "consents",
                "messages",
                "replies",
                "request",
                "shortlists",
                "states",
                "turns"
            ]
        );
        assert_eq!(shown["request"]["client"]["phone"], "+254700000101");
        let states: Vec<[&Value; 3]> = shown["states"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| [&s["from"], &s["to"], &s["reason"]])
            .collect();
        assert_eq!(
            states,
            [
                [&Value::Null, &json!("new"), &json!("request.opened")],
                [&json!("new"), &json!("clarifying"), &json!("axle unknown")],
            ]
        );
        let messages = shown["messages"].as_array().unwrap();
        assert_eq!((&messages[0]["direction"], &messages[0]["status"]), (&json!("in"), &json!("received")));
        assert_eq!(
            (&messages[1]["status"], &messages[1]["purpose"]),
            (&json!("unknown"), &json!("client_message"))
        );
        let turn = &shown["turns"][0];
        assert_eq!((&turn["why"], &turn["decision"]), (&json!("axle unknown"), &json!("ask_client")));
        assert_eq!(shown["audit_verified"], true);
        assert_eq!(shown["audit"][1]["payload"]["to"], "clarifying");

        let story = place.admin(&["requests", "show", &id.to_string()]).out;
        for part in
            ["Amina Wanjiru → us", "◆ ask_client (moltbot; answer accepted)", "us → Amina Wanjiru  [unknown]"]
        {
            assert!(story.contains(part), "{part}: {story}");
        }
        assert!(story.ends_with("Audit: 2 records, verified.\n"), "{story}");
    });
}

/// The text of a message lies in an ordinary table; that it is the one received is what its record says.
#[test]
fn a_message_that_is_not_the_recorded_one_is_not_vouched_for() {
    for (received, verified) in [("I need brake pads", true), ("I need a gearbox", false)] {
        Place::each(|place| {
            let (id, _) = request_with_an_unknown_send(place);
            let request = id.to_string();
            let show: [&str; 3] = ["requests", "show", &request];
            let message = place.json(&show)["messages"][0]["id"].as_str().unwrap().to_owned();
            let said = json!({ "message_id": message, "party": "client", "text": received, "button": null });
            with(place, move |tx| {
                let guard = requests::lock(tx, id)?;
                let router = Caller::system("router").actor;
                record(tx, &guard, AuditEntry::new(router, "message.received", said.clone()))
            });
            let shown = place.json(&show);
            assert_eq!(shown["audit_verified"], verified);
            let fault = format!("message {message} is not what the audit says was received");
            assert_eq!(shown.get("audit_fault"), (!verified).then_some(&json!(fault)));
        });
    }
}

#[test]
fn an_unknown_send_is_resolved_once_and_recorded() {
    for (flag, state, action, reason) in [
        ("--delivered", "accepted", "send.accepted", "resolved_by_operator"),
        ("--not-delivered", "failed", "send.failed", "resolved_not_delivered"),
    ] {
        Place::each(|place| {
            let (request, send) = request_with_an_unknown_send(place);
            let unknown = place.json(&["outbox", "unknown"]);
            let row = &unknown["unknown"][0];
            assert_eq!((&row["id"], &row["recipient"]), (&json!(send.to_string()), &json!("+25…01")));
            assert_eq!(
                (&row["request_id"], &row["text"]),
                (&json!(request.to_string()), &json!("Front or rear?"))
            );

            let said = place.admin(&["outbox", "resolve", &send.to_string(), flag]);
            assert_eq!((said.code, said.out), (0, format!("{send} is {state} now; nothing was sent\n")));
            assert_eq!(place.json(&["outbox", "unknown"])["unknown"], json!([]));
            let shown = place.json(&["requests", "show", &request.to_string()]);
            let message = &shown["messages"][1];
            assert_eq!((&message["status"], &message["status_reason"]), (&json!(state), &json!(reason)));
            let last = shown["audit"].as_array().unwrap().last().unwrap();
            assert_eq!((&last["actor"], &last["action"]), (&json!("human:operator"), &json!(action)));
            assert_eq!((&last["reasons"], &last["caused_by"]), (&json!([reason]), &json!(send.to_string())));
            assert_eq!(shown["audit_verified"], true);
            let story = place.admin(&["requests", "show", &request.to_string()]).out;
            assert!(story.contains(&format!("{reason}, by human:operator")), "{story}");

            let again = place.admin(&["outbox", "resolve", &send.to_string(), flag]);
            assert_eq!(again.code, 1);
            assert!(again.err.contains(&format!("{send} is {state}, not unknown")), "{again:?}");
        });
    }
    let nobodys = "int_0190a1b2c3d4e5f60718293a4b5c6d7e";
    let said = Place::new().admin(&["outbox", "resolve", nobodys, "--delivered"]);
    assert!(said.code == 1 && said.err.contains(&format!("there is no send {nobodys}")), "{said:?}");
}

#[test]
fn a_turn_is_tried_again_once() {
    Place::each(|place| {
        let (request, _) = request_with_an_unknown_send(place);
        let letter = dead_letter(place, DeadLetterSource::Turn, request.to_string(), Some(request));
        let listed = place.json(&["dead-letters", "list"]);
        assert_eq!(
            (&listed["dead_letters"][0]["id"], &listed["dead_letters"][0]["source"]),
            (&json!(letter), &json!("turn"))
        );

        let said = place.admin(&["dead-letters", "retry", &letter]);
        assert_eq!((said.code, said.out), (0, format!("{letter}: the request's lane is due again\n")));
        assert_eq!(place.json(&["dead-letters", "list"])["dead_letters"], json!([]));
        let waiting = with(place, move |tx| Ok(lanes::pending(tx, request)?));
        let reasons: Vec<_> = waiting.iter().map(|entry| entry.reason.as_deref()).collect();
        assert_eq!(reasons, [Some("dead_letter_retry")]);
        let shown = place.json(&["requests", "show", &request.to_string()]);
        let last = shown["audit"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["actor"], &last["action"]),
            (&json!("human:operator"), &json!("dead_letter.retried"))
        );

        let again = place.admin(&["dead-letters", "retry", &letter]);
        assert!(again.code == 1 && again.err.contains("was dealt with already (retried, "), "{again:?}");
        let waiting = with(place, move |tx| Ok(lanes::pending(tx, request)?));
        assert_eq!(waiting.len(), 1, "a refused retry wakes nobody");
    });
}

#[test]
fn what_cannot_be_retried_says_why_and_stays() {
    Place::each(|place| {
        let (request, send) = request_with_an_unknown_send(place);
        for (source, reference, request, why) in [
            (DeadLetterSource::Dispatch, send.to_string(), Some(request), "a send is never repeated"),
            (DeadLetterSource::Intake, "sha256:00".to_owned(), None, "names no stored event"),
            (
                DeadLetterSource::Router,
                "evt_0190a1b2c3d4e5f60718293a4b5c6d7e".to_owned(),
                None,
                "is not a dead event",
            ),
            (DeadLetterSource::Turn, "gone".to_owned(), None, "names no request"),
        ] {
            let letter = dead_letter(place, source, reference, request);
            let said = place.admin(&["dead-letters", "retry", &letter]);
            assert!(said.code == 1 && said.err.contains(why), "{why}: {said:?}");
        }
        assert_eq!(place.json(&["dead-letters", "list"])["dead_letters"].as_array().unwrap().len(), 4);
    });
}

#[test]
fn a_person_closes_any_dead_letter_once() {
    Place::each(|place| {
        let (request, send) = request_with_an_unknown_send(place);
        for (source, reference, request) in [
            (DeadLetterSource::Dispatch, send.to_string(), Some(request)),
            (DeadLetterSource::Intake, "sha256:00".to_owned(), None),
        ] {
            let letter = dead_letter(place, source, reference, request);
            let said = place.admin(&["dead-letters", "resolve", &letter]);
            let done = format!("{letter}: dealt with; nothing was sent or retried\n");
            assert_eq!((said.code, said.out), (0, done));
            for verb in ["resolve", "retry"] {
                let again = place.admin(&["dead-letters", verb, &letter]);
                assert_eq!(again.code, 1, "{again:?}");
            }
            let again = place.admin(&["dead-letters", "resolve", &letter]);
            assert!(again.err.contains("was dealt with already (resolved_by_operator, "), "{again:?}");
        }
        assert_eq!(place.json(&["dead-letters", "list"])["dead_letters"], json!([]));
        let shown = place.json(&["requests", "show", &request.to_string()]);
        let last = shown["audit"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["actor"], &last["action"]),
            (&json!("human:operator"), &json!("dead_letter.resolved"))
        );
        let system = with(place, |tx| Ok(store::audit_log::chain_records(tx.conn, audit::ChainId::System)?));
        assert_eq!(system.last().unwrap().action, "dead_letter.resolved");
        let nobodys = "dlq_0190a1b2c3d4e5f60718293a4b5c6d7e";
        let said = place.admin(&["dead-letters", "resolve", nobodys]);
        assert!(
            said.code == 1 && said.err.contains(&format!("there is no dead letter {nobodys}")),
            "{said:?}"
        );
    });
}

#[test]
fn a_closed_request_takes_no_turn() {
    Place::each(|place| {
        let (request, _) = request_with_an_unknown_send(place);
        with(place, move |tx| {
            let mut guard = requests::lock(tx, request)?;
            Ok(requests::set_state(tx, &mut guard, RequestState::Closed)?)
        });
        let letter = dead_letter(place, DeadLetterSource::Turn, request.to_string(), Some(request));
        let said = place.admin(&["dead-letters", "retry", &letter]);
        assert!(said.code == 1 && said.err.contains("is closed: no turn follows"), "{said:?}");
    });
}

#[test]
fn a_dead_event_waits_to_be_placed_again() {
    Place::each(|place| {
        let event = EventId::generate(&*ids());
        let new = NewInboundEvent {
            id: event,
            key_hash: [7; 32],
            phone_number_id: Some("9999".to_owned()),
            sender_hash: None,
            subject_hash: vec![8; 32],
            kind: "message".to_owned(),
            payload: "{}".to_owned(),
            meta_at: None,
            received_at: marketplace::Timestamp::from_millis(1_790_000_000_000),
            dead_reason: Some("another_number".to_owned()),
        };
        let (runtime, db) = open(place);
        assert_eq!(runtime.block_on(db.store.intake(vec![new])).unwrap().dead, 1);
        db.store.close_blocking();

        let listed = place.json(&["dead-letters", "list"]);
        let letter = &listed["dead_letters"][0];
        assert_eq!((&letter["source"], &letter["reason"]), (&json!("intake"), &json!("another_number")));
        let said = place.admin(&["dead-letters", "retry", letter["id"].as_str().unwrap()]);
        assert!(said.code == 0 && said.out.ends_with("the event waits to be placed again\n"), "{said:?}");
        let waiting = with(place, |tx| Ok(store::inbound::waiting(tx, 10)?));
        assert_eq!(waiting.iter().map(|waiting| waiting.id).collect::<Vec<_>>(), [event]);
        let system = with(place, |tx| Ok(store::audit_log::chain_records(tx.conn, audit::ChainId::System)?));
        assert_eq!(system.last().unwrap().action, "dead_letter.retried");
    });
}

/// What a page holds between two marks, as its reader copies it.
fn copied(page: &str, from: &str, to: &str) -> String {
    let (_, rest) = page.split_once(from).unwrap();
    let (text, _) = rest.split_once(to).unwrap();
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn a_page_is_written_for_its_owner_and_can_be_checked_without_us() {
    use std::os::unix::fs::PermissionsExt as _;
    Place::each(|place| {
        let (id, _) = request_with_an_unknown_send(place);
        let file = place.path("request.html");
        // A file that everybody could read, from before.
        std::fs::write(&file, "older").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let said = place.admin(&["requests", "show", &id.to_string(), "--html", file.to_str().unwrap()]);
        assert_eq!((said.code, said.out), (0, format!("{}\n", file.display())));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let page = std::fs::read_to_string(&file).unwrap();
        assert!(page.contains("Amina Wanjiru") && page.contains("nobody knows whether it was sent"));

        let printed = place.admin(&["requests", "show", &id.to_string(), "--html", "-"]).out;
        assert!(printed.starts_with("<!DOCTYPE html>") && printed.ends_with("</html>"));
        let both = place.admin(&["requests", "show", &id.to_string(), "--html", "-", "--json"]);
        assert_eq!(both.code, 2);
        let nowhere = place.admin(&["requests", "show", &id.to_string(), "--html", "/nowhere/at/all.html"]);
        assert!(nowhere.code == 1 && nowhere.err.contains("cannot write"), "{nowhere:?}");

        let shown = place.json(&["requests", "show", &id.to_string()]);
        let last = shown["audit"].as_array().unwrap().last().unwrap()["hash"].as_str().unwrap().to_owned();
        let program = copied(&page, "<pre class=\"program\">", "</pre>");
        let records = copied(&page, "<pre class=\"canonical\">", "</pre>");
        let check = |records: &str| {
            place.file("records.txt", records);
            std::process::Command::new("python3").args(["-c", &program]).current_dir(place.path("")).output()
        };
        let Ok(checked) = check(&records) else {
            eprintln!("SKIPPED: no python3 to check the page with");
            return;
        };
        assert_eq!(String::from_utf8_lossy(&checked.stdout).trim(), last, "{checked:?}");
        let edited = check(&records.replacen("\"outcome\":\"ok\"", "\"outcome\":\"failed\"", 1)).unwrap();
        assert!(!edited.status.success(), "{edited:?}");
    });
}

#[test]
fn a_person_takes_a_request_over_gives_it_back_and_closes_it() {
    Place::each(|place| {
        let (request, _) = request_with_an_unknown_send(place);
        let id = request.to_string();
        let taken = place.admin(&["requests", "takeover", &id, "--reason", "upset", "--by", "Ann"]);
        assert_eq!(taken.code, 0, "{taken:?}");
        assert!(taken.out.starts_with(&format!("{id}: yours now (clarifying)")), "{taken:?}");
        assert_eq!(place.json(&["requests", "list"])["requests"][0]["control"], "human");
        let again = place.json(&["requests", "takeover", &id]);
        assert_eq!((&again["changed"], &again["control"]), (&json!(false), &json!("human")));

        let resumed = place.json(&["requests", "resume", &id]);
        assert_eq!((&resumed["changed"], &resumed["state"]), (&json!(true), &json!("clarifying")));
        let wakes = with(place, move |tx| {
            Ok(lanes::pending(tx, request)?.into_iter().filter_map(|entry| entry.reason).collect::<Vec<_>>())
        });
        assert_eq!(wakes, ["resumed"]);

        assert_eq!(place.admin(&["requests", "close", &id]).code, 0);
        let refused = place.admin(&["requests", "takeover", &id]);
        assert_eq!((refused.code, refused.out.as_str()), (1, ""));
        assert!(refused.err.contains("request_closed"), "{refused:?}");
        let unknown = place.admin(&["requests", "resume", "req_0190a1b2c3d4e5f60718293a4b5c6d7e"]);
        assert!(unknown.code == 1 && unknown.err.contains("request_not_found"), "{unknown:?}");
        let blank = place.admin(&["requests", "takeover", &id, "--by", " "]);
        assert_eq!(blank.code, 2);
        let story = place.admin(&["requests", "show", &id]).out;
        assert!(story.contains("request.takeover") && story.contains("request.close"), "{story}");
        let verified = place.admin(&["audit", "verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
    });
}
