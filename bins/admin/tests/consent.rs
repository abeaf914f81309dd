//! Who allowed calls, as an operator sees it: on its own and in the request's story.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use std::sync::Arc;

use calling_policy::{
    AttemptEvent, Chat, Consent, ConsentEvent, ConsentKey, Party, PermissionEvent, PermissionReply,
    PermissionResponse, Scope, Trigger,
};
use common::Place;
use marketplace::{ActorKind, ContactId, Language, MessageId, RandomIds, RequestId, SystemClock};
use serde_json::{Value, json};
use store::{
    OpenOptions, StoreError, Tx,
    calls::{self, AskedBy, ConsentChange, HistoryEvent, NewAttempt, NewCallEvent, NewConsent},
    contacts::{self, Identity},
    messages::{self, Direction, MessageKind, NewMessage},
    requests::{self, RequestGuard},
    vendors,
};

fn with<T: Send + 'static>(
    place: &Place,
    work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    let ids = Arc::new(RandomIds::new(Arc::new(SystemClock)));
    let options = OpenOptions::new(place.url(), place.key(), ids);
    let db = startup::open(&options, Arc::new(SystemClock)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let value = runtime.block_on(db.write(work)).unwrap();
    db.store.close_blocking();
    value
}

fn prompt(
    tx: &mut Tx<'_>,
    request: RequestId,
    contact: ContactId,
    party: Party,
) -> Result<MessageId, StoreError> {
    let new = NewMessage {
        request: Some(request),
        contact,
        direction: Direction::Out,
        party: if party == Party::Client { messages::Party::Client } else { messages::Party::Vendor },
        kind: MessageKind::Text,
        body: "May I call?".to_owned(),
        also_sealed_by: Vec::new(),
        button_id: None,
        wamid: None,
        quoted_wamid: None,
        meta_at: tx.now,
    };
    messages::insert(tx, &new)
}

/// Asks somebody, and takes their YES.
fn says_yes(tx: &mut Tx<'_>, guard: &RequestGuard, of: ContactId, party: Party) -> Result<(), StoreError> {
    let request = guard.request().id;
    let prompt = prompt(tx, request, of, party)?;
    let (key, scope) = match party {
        Party::Client => (ConsentKey::Authorisation, Scope::Either),
        Party::Vendor => (ConsentKey::Callee, Scope::CallVendor),
    };
    let asked = Consent::requested(request, of, prompt, (key, scope), tx.now);
    let new = NewConsent {
        consent: asked,
        party,
        asked_by: AskedBy::Buttons,
        wording: "consent-prompt.v1".to_owned(),
        language: Language::En,
    };
    let id = calls::insert_consent(tx, guard, &new)?;
    let yes = ConsentEvent::Answer { by: of, prompt, yes: true, meta_until: None };
    let granted = asked.apply(yes, tx.now, tx.now).next;
    let change = ConsentChange { event: HistoryEvent::Yes, by: Some(of), message: Some(prompt), at: tx.now };
    calls::save_consent(tx, guard, id, &granted, &change)
}

/// A client and a vendor who said yes, Meta's permission of the vendor, and a call that rang in vain.
fn request_with_a_call(place: &Place) -> RequestId {
    let file = place.file(
        "vendors.csv",
        format!(
            "{}\nv1,Jua Kali Spares,+254722000001,spare_parts,,,Africa/Nairobi,en,true,4.5\n",
            common::HEADER
        ),
    );
    assert_eq!(place.admin(&["vendors", "import", &file]).code, 0);
    with(place, |tx| {
        let phone = Identity::Phone("+254700000101".parse().unwrap());
        let client = contacts::find_or_create(tx, &[phone], Some("Amina Wanjiru"), Language::En)?.id;
        let guard = requests::create(tx, client, &"1001".parse().unwrap(), Language::En)?;
        let vendor = vendors::load(tx, &"v1".parse().unwrap())?.contact;
        says_yes(tx, &guard, client, Party::Client)?;
        says_yes(tx, &guard, vendor, Party::Vendor)?;
        let number = guard.request().phone_number_id.clone();
        let accept = PermissionReply {
            response: PermissionResponse::Accept,
            is_permanent: None,
            expires_at: None,
            automatic: false,
        };
        let known = calls::permission(tx, vendor, &number)?;
        let given = known.apply(PermissionEvent::Reply(accept), tx.now, tx.now).next;
        calls::save_permission(tx, vendor, &number, &given)?;
        let new = NewAttempt {
            contact: vendor,
            party: Party::Vendor,
            vendor: Some("v1".parse().unwrap()),
            claim: Trigger::UrgentNoReply,
            author: ActorKind::Orchestrator,
        };
        let call = calls::insert(tx, &guard, &new)?;
        let mut attempt = calls::load(tx, call)?.attempt;
        for event in [AttemptEvent::Dialling, AttemptEvent::Placed, AttemptEvent::Rejected] {
            attempt = attempt.apply(event, tx.now, Chat::Open).next;
            calls::save(tx, &guard, call, &attempt)?;
        }
        let event = NewCallEvent {
            attempt: Some(call),
            number: &"10001".parse().unwrap(),
            contact: Some(vendor),
            data_key: contacts::data_key(tx, vendor)?,
            wacid: "wacid.A",
            kind: "status",
            payload: r#"{"status":"REJECTED","recipient_id":"254722000001"}"#,
            at: tx.now,
        };
        calls::keep_event(tx, &event)?;
        Ok(guard.request().id)
    })
}

#[test]
fn who_may_be_called_is_shown_with_every_word_of_it() {
    Place::each(|place| {
        let id = request_with_a_call(place).to_string();
        let shown = place.json(&["consent", "show", &id]);
        assert_eq!((&shown["request_id"], &shown["paused_until"]), (&json!(id), &Value::Null));
        let [client, vendor] = [&shown["people"][0], &shown["people"][1]];
        assert_eq!((&client["party"], &client["name"]), (&json!("client"), &json!("Amina Wanjiru")));
        assert_eq!(client["meta_permission"]["state"], "unknown");
        assert_eq!((&vendor["vendor_id"], &vendor["erased"]), (&json!("v1"), &json!(false)));
        assert_eq!(vendor["meta_permission"]["state"], "temporary");
        assert!(vendor["meta_permission"]["until"].is_string(), "{vendor}");
        let consent = &client["consents"][0];
        for (field, value) in [
            ("phone", "+25…01"),
            ("key", "authorisation"),
            ("scope", "either"),
            ("status", "granted"),
            ("asked_by", "buttons"),
            ("wording", "consent-prompt.v1"),
            ("language", "en"),
        ] {
            assert_eq!(consent[field], value, "{field}");
        }
        assert_eq!(consent["history"][1]["event"], "yes");
        assert_eq!(consent["history"][1]["by"], client["contact_id"]);
        assert!(!shown.to_string().contains("254700000101") && !shown.to_string().contains("254722000001"));

        let told = place.admin(&["consent", "show", &id]).out;
        for part in [
            "Client Amina Wanjiru",
            "Vendor Jua Kali Spares · v1",
            "Key       callee: this person allows to be called",
            "Meta's permission  given until ",
            "yes → granted by this person, msg_",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    });
}

#[test]
fn a_story_has_its_consents_and_calls() {
    Place::each(|place| {
        let id = request_with_a_call(place).to_string();
        let shown = place.json(&["requests", "show", &id]);
        let (consent, call) = (&shown["consents"][1], &shown["calls"][0]);
        assert_eq!((&consent["vendor_id"], &consent["status"]), (&json!("v1"), &json!("granted")));
        assert_eq!(consent["history"].as_array().unwrap().len(), 2);
        for (field, value) in [
            ("party", "vendor"),
            ("vendor_id", "v1"),
            ("trigger", "urgent_no_reply"),
            ("author", "orchestrator"),
            ("phase", "ended"),
            ("pickup", "no"),
            ("end_reason", "declined"),
            ("fallback", "sent"),
        ] {
            assert_eq!(call[field], value, "{field}");
        }
        assert!(call["end_code"].is_null() && call["connected_at"].is_null());
        assert!(call["dialled_at"].is_string() && call["ended_at"].is_string());
        assert_eq!(call["events"][0]["kind"], "status");
        assert_eq!(call["events"][0]["payload"]["status"], "REJECTED");
        let story = place.admin(&["requests", "show", &id]).out;
        assert!(story.contains("☎ call to Jua Kali Spares: urgent_no_reply"), "{story}");
        let page = place.admin(&["requests", "show", &id, "--html", "-"]).out;
        assert!(page.contains("said yes to calls") && page.contains("declined"), "{page}");
        assert!(!page.contains("254722000001") && !page.contains("wacid"), "no more than is needed");
    });
}

#[test]
fn an_erased_persons_consents_read_as_erased() {
    Place::each(|place| {
        let id = request_with_a_call(place).to_string();
        assert_eq!(place.admin(&["contacts", "erase", "--vendor", "v1", "--yes"]).code, 0);
        let shown = place.json(&["consent", "show", &id]);
        let vendor = &shown["people"][1];
        assert_eq!((&vendor["erased"], &vendor["name"]), (&json!(true), &Value::Null));
        let consent = &vendor["consents"][0];
        assert!(consent["phone"].is_null() && consent["bsuid"].is_null(), "{consent}");
        assert_eq!(consent["history"].as_array().unwrap().len(), 2, "that it was given stays");
        let told = place.admin(&["consent", "show", &id]).out;
        assert!(told.contains("Vendor (erased)") && told.contains("at (erased)"), "{told}");
        let story = place.json(&["requests", "show", &id]);
        assert!(story["calls"][0]["events"][0]["payload"].is_null(), "{story}");
        for text in [told, story.to_string(), place.admin(&["requests", "show", &id]).out] {
            assert!(!text.contains("Jua Kali") && !text.contains("254722000001"), "{text}");
        }
    });
}

#[test]
fn a_request_that_is_not_there_is_named() {
    let place = Place::new();
    let nobodys = "req_0190a1b2c3d4e5f60718293a4b5c6d7e";
    let said = place.admin(&["consent", "show", nobodys]);
    assert!(said.code == 1 && said.err.contains(&format!("there is no request {nobodys}")), "{said:?}");
    assert_eq!(place.admin(&["consent", "show", "req_1"]).code, 2);
}

#[test]
fn nobody_asked_is_no_fault() {
    let place = Place::new();
    let id = with(&place, |tx| {
        let phone = Identity::Phone("+254700000101".parse().unwrap());
        let client = contacts::find_or_create(tx, &[phone], None, Language::En)?.id;
        Ok(requests::create(tx, client, &"1001".parse().unwrap(), Language::En)?.request().id)
    });
    let said = place.admin(&["consent", "show", &id.to_string()]);
    assert!(said.code == 0 && said.out.ends_with("Nobody was asked for a consent to calls.\n"), "{said:?}");
    assert_eq!(place.json(&["consent", "show", &id.to_string()])["people"], json!([]));
}
