//! People who change their number or id, who are known twice, who are client and vendor, who write to two numbers of ours.

use std::time::Duration;

use conversation::{ButtonId, Sentence, catalogue};
use marketplace::{ContactId, Language, RequestId, RequestState};
use serde_json::{Value, json};
use store::{
    Tx,
    contacts::{self, Contact, Identity},
    erasure, identities,
    lanes::{self, EntryKind},
    messages, outbox, requests, sourcing,
    testing::{self, on_both},
    vendors,
};
use tool_registry::Party;

use super::consent_tests::{ANSWERS, BSUID, Desk, NUMBER, OTHER, SECOND};

/// The number and the id of the fixtures' notices.
const NEW: &str = "254700000202";
const NEW_BSUID: &str = "KE.90000000000000000202";
const BY_NUMBER: &str = "msg_09_system_user_changed_number.json";
const BY_ID: &str = "msg_10_system_user_changed_user_id.json";

fn known(tx: &mut Tx<'_>, as_who: &str) -> Result<Option<ContactId>, store::StoreError> {
    let identity = if as_who.starts_with("KE.") {
        Identity::Bsuid(as_who.parse().unwrap())
    } else {
        Identity::WaId(as_who.parse().unwrap())
    };
    contacts::find(tx, &[identity])
}

async fn find(desk: &Desk<'_>, as_who: &'static str) -> Option<ContactId> {
    desk.write(move |tx| Ok(known(tx, as_who)?)).await
}

async fn contact(desk: &Desk<'_>, id: ContactId) -> Contact {
    desk.write(move |tx| Ok(contacts::load(tx, id)?)).await
}

async fn state(desk: &Desk<'_>, id: RequestId) -> RequestState {
    desk.write(move |tx| Ok(requests::load(tx, id)?.state)).await
}

async fn open_of(desk: &Desk<'_>, client: ContactId) -> Option<RequestId> {
    desk.write(move |tx| Ok(requests::open_of_client(tx, client)?)).await
}

fn text(words: &str) -> Value {
    json!({ "type": "text", "text": { "body": words } })
}

/// The client allows calls, by button.
async fn allow(desk: &Desk<'_>) {
    let prompt = desk.ask(Party::Client, "either").await;
    desk.presses(ANSWERS, prompt, true).await;
    assert!(desk.statuses().await.iter().all(|status| status == "granted"));
}

#[test]
fn a_new_number_keeps_the_person_and_voids_what_they_allowed() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        allow(&desk).await;
        desk.fixture(BY_NUMBER).await;
        assert_eq!(find(&desk, NEW).await, Some(desk.client));
        assert_eq!(contact(&desk, desk.client).await.phone.unwrap().as_str(), "+254700000202");
        assert_eq!(open_of(&desk, desk.client).await, Some(desk.request));
        assert!(
            desk.statuses().await.iter().all(|status| status == "expired"),
            "{:?}",
            desk.statuses().await
        );
        assert!(!desk.window_is_open(desk.client).await, "nobody wrote from the new number yet");
        let told = desk.audit(audit::ChainId::System).await;
        assert_eq!(told.last().unwrap(), "contact.identity_changed");
        let told = desk.audit(audit::ChainId::Request(desk.request)).await;
        assert!(told.contains(&"consent.withdrawn identity_changed".to_owned()), "{told:?}");
        // The conversation goes on from the new number.
        desk.writes(NEW, "Here I am").await;
        assert!(desk.window_is_open(desk.client).await);
        assert_eq!(desk.mailbox().await.last().unwrap().0, EntryKind::ClientMessage);
        // Who has the old number now is somebody else, under another key.
        desk.writes(ANSWERS, "I need a plumber in Kilimani").await;
        let stranger = find(&desk, ANSWERS).await.unwrap();
        assert_ne!(stranger, desk.client);
        let keys = [contact(&desk, stranger).await.data_key, contact(&desk, desk.client).await.data_key];
        assert_ne!(keys[0], keys[1]);
    });
}

#[test]
fn both_notices_of_one_change_lead_to_one_person_in_either_order() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        desk.fixture(BY_NUMBER).await;
        desk.fixture(BY_ID).await;
        let person = contact(&desk, desk.client).await;
        assert_eq!(person.phone.unwrap().as_str(), "+254700000202");
        assert_eq!(person.bsuid.unwrap().as_str(), NEW_BSUID);
        for as_who in [NEW, NEW_BSUID] {
            assert_eq!(find(&desk, as_who).await, Some(desk.client), "{as_who}");
        }
        for as_who in [ANSWERS, BSUID] {
            assert_eq!(find(&desk, as_who).await, None, "{as_who}");
        }
    });
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        desk.fixture(BY_ID).await;
        assert_eq!(contact(&desk, desk.client).await.phone, None, "the number may have changed with the id");
        desk.fixture(BY_NUMBER).await;
        for as_who in [NEW, NEW_BSUID] {
            assert_eq!(find(&desk, as_who).await, Some(desk.client), "{as_who}");
        }
        // Said again it changes nothing.
        desk.fixture(BY_NUMBER).await;
        assert_eq!(contact(&desk, desk.client).await.phone.unwrap().as_str(), "+254700000202");
    });
}

#[test]
fn a_client_known_only_by_id_who_gets_another_one_keeps_the_request() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, "254700000103").await;
        desk.writes(BSUID, "I need brake pads for a 2014 Corolla").await;
        let client = find(&desk, BSUID).await.unwrap();
        let request = open_of(&desk, client).await.unwrap();
        desk.fixture(BY_ID).await;
        desk.writes(NEW_BSUID, "Are they there?").await;
        assert_eq!(find(&desk, NEW_BSUID).await, Some(client));
        assert_eq!(open_of(&desk, client).await, Some(request));
        let waits = desk.write(move |tx| Ok(lanes::pending(tx, request)?)).await;
        assert_eq!(waits.len(), 2);
        let person = contact(&desk, client).await;
        assert_eq!((person.phone, person.bsuid.unwrap().as_str()), (None, NEW_BSUID));
    });
}

#[test]
fn who_wrote_from_the_new_number_first_is_one_person_with_one_request() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        allow(&desk).await;
        desk.writes(NEW, "I also need tyres for a Corolla").await;
        let other = find(&desk, NEW).await.unwrap();
        let ends = open_of(&desk, other).await.unwrap();
        desk.fixture(BY_NUMBER).await;
        assert_eq!(find(&desk, NEW).await, Some(desk.client));
        let into = desk.write(move |tx| Ok(identities::merged_into(tx, other)?)).await;
        assert_eq!(into, Some(desk.client));
        // The request with vendors goes on, and reads what was written in the other one.
        assert_eq!(
            (state(&desk, desk.request).await, state(&desk, ends).await),
            (RequestState::Sourcing, RequestState::Closed)
        );
        let waits = desk.mailbox().await;
        assert_eq!(waits.iter().filter(|(kind, _)| *kind == EntryKind::ClientMessage).count(), 1);
        let request = desk.request;
        let said = desk.write(move |tx| Ok(messages::latest(tx, request, 9)?)).await;
        assert!(
            said.iter().any(|message| message.body.as_deref() == Some("I also need tyres for a Corolla"))
        );
        assert!(desk.window_is_open(desk.client).await, "the window is the new number's");
        assert!(desk.statuses().await.iter().all(|status| status == "expired"));
        assert!(
            desk.audit(audit::ChainId::Request(ends))
                .await
                .contains(&"state.changed client_merged".to_owned())
        );
    });
}

#[test]
fn a_stop_of_either_is_a_stop_of_both() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        desk.writes(NEW, "STOP").await;
        desk.fixture(BY_NUMBER).await;
        assert!(contact(&desk, desk.client).await.opted_out_at.is_some());
        assert_eq!(state(&desk, desk.request).await, RequestState::Closed);
    });
}

#[test]
fn a_vendor_with_a_new_number_still_answers_the_request() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, ANSWERS).await;
        desk.fixture(BY_NUMBER).await;
        desk.writes(NEW, "yes 3500").await;
        assert_eq!(find(&desk, NEW).await, Some(desk.vendor));
        assert_eq!(desk.mailbox().await, [(EntryKind::VendorMessage, None)]);
    });
}

#[test]
fn two_vendors_of_the_directory_are_not_made_one() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, ANSWERS).await;
        desk.write(|tx| {
            let record = vendors::VendorRecord {
                name: "Kamau".to_owned(),
                ..testing::vendor_record("v-2".parse().unwrap(), format!("+{NEW}").parse().unwrap(), "tools")
            };
            vendors::import(tx, &record)?;
            contacts::find_or_create(
                tx,
                &[Identity::Phone(record.phone), Identity::WaId(NEW.parse().unwrap())],
                None,
                Language::En,
            )?;
            Ok(())
        })
        .await;
        desk.fixture(BY_NUMBER).await;
        assert_ne!(find(&desk, NEW).await, Some(desk.vendor));
        let letters = desk.write(|tx| Ok(store::dead_letters::waiting(tx, 9)?)).await;
        assert_eq!(letters[0].reason, "two_vendors_one_person");
    });
}

#[test]
fn an_erased_person_leaves_nothing_of_an_earlier_number() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        desk.writes(ANSWERS, "hello").await;
        desk.fixture(BY_NUMBER).await;
        desk.writes(NEW, "hello again").await;
        tools::erasure::erase(&test.db, desk.client).await.unwrap();
        let client = desk.client;
        let gone = desk
            .write(move |tx| {
                let old = [Identity::WaId(ANSWERS.parse().unwrap()), Identity::Bsuid(BSUID.parse().unwrap())];
                Ok((erasure::person(tx, client)?.key_destroyed, identities::known_by(tx, &old)?))
            })
            .await;
        assert_eq!(gone, (true, None));
    });
}

#[test]
fn another_id_on_the_same_number_inherits_no_consent() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        allow(&desk).await;
        let mut message = text("I need a plumber in Kilimani");
        message["from_user_id"] = json!("KE.90000000000000000999");
        desk.says(ANSWERS, message).await;
        let stranger = find(&desk, "KE.90000000000000000999").await.unwrap();
        assert_ne!(stranger, desk.client);
        let consents = desk.write(move |tx| Ok(store::calls::consents_of_contact(tx, stranger)?.len())).await;
        assert_eq!(consents, 0);
        assert_ne!(open_of(&desk, stranger).await, Some(desk.request));
    });
}

#[test]
fn another_number_of_the_same_id_is_where_messages_go_from_then_on() {
    on_both(async |test| {
        let desk = Desk::new(test, OTHER, "254700000103").await;
        let mut message = text("I need brake pads for a 2014 Corolla");
        message["from_user_id"] = json!(BSUID);
        desk.says(ANSWERS, message).await;
        let client = find(&desk, BSUID).await.unwrap();
        let mut message = text("They are for the front");
        message["from_user_id"] = json!(BSUID);
        desk.says(NEW, message).await;
        assert_eq!(find(&desk, NEW).await, Some(client));
        assert_eq!(contact(&desk, client).await.phone.unwrap().as_str(), "+254700000202");
        assert_eq!(find(&desk, ANSWERS).await, None);
        assert_eq!(contact(&desk, client).await.bsuid.unwrap().as_str(), BSUID);
    });
}

/// A second request in which the vendor is asked, and the needs of both.
async fn second_request(desk: &Desk<'_>) -> RequestId {
    let (first, vendor) = (desk.request, desk.vendor);
    desk.write(move |tx| {
        let known = [Identity::Phone("+254700000109".parse().unwrap())];
        let client = contacts::find_or_create(tx, &known, None, Language::En)?.id;
        let mut guard = requests::create(tx, client, &NUMBER.parse().unwrap(), Language::En)?;
        requests::set_state(tx, &mut guard, RequestState::Sourcing)?;
        let batch = sourcing::NewBatch {
            size: 1,
            offers_wanted: 1,
            deadline_at: tx.now + Duration::from_mins(10),
            plan: "{}".to_owned(),
            also_sealed_by: Vec::new(),
        };
        sourcing::open_batch(tx, &guard, &batch)?.unwrap();
        sourcing::add_outreach(tx, &guard, &"v-1".parse().unwrap(), vendor)?.unwrap();
        let need = |need: &str| requests::FactChanges { need: Some(need.to_owned()), ..Default::default() };
        requests::set_facts(tx, &mut guard, &need("a fridge for a kiosk"))?;
        let mut own = requests::lock(tx, first)?;
        requests::set_facts(tx, &mut own, &need("brake pads for a Corolla"))?;
        Ok(guard.request().id)
    })
    .await
}

async fn waiting_in(desk: &Desk<'_>, request: RequestId) -> Vec<EntryKind> {
    let waits = desk.write(move |tx| Ok(lanes::pending(tx, request)?)).await;
    waits.into_iter().map(|entry| entry.kind).collect()
}

/// The last notice to a person: its text and its buttons' ids.
async fn question_to(desk: &Desk<'_>, who: ContactId) -> (String, Vec<String>) {
    desk.write(move |tx| {
        let since = tx.now - Duration::from_hours(1);
        let id = outbox::last_notice(tx, who, since)?.unwrap();
        let payload = outbox::load(tx, id)?.payload.unwrap();
        Ok((payload.body, payload.buttons.into_iter().map(|(id, _)| id).collect()))
    })
    .await
}

#[test]
fn the_answer_to_which_one_places_what_was_said() {
    for by in ["number", "name", "button"] {
        on_both(async |test| {
            let desk = Desk::new(test, ANSWERS, OTHER).await;
            let second = second_request(&desk).await;
            desk.writes(OTHER, "yes we have it").await;
            let (body, buttons) = question_to(&desk, desk.vendor).await;
            let at = body.find("brake pads").unwrap() < body.find("a fridge").unwrap();
            assert_eq!(buttons.len(), 2);
            assert!(
                waiting_in(&desk, second).await.is_empty()
                    && waiting_in(&desk, desk.request).await.is_empty()
            );
            match by {
                "number" => desk.writes(OTHER, if at { "1" } else { "2" }).await,
                "name" => desk.writes(OTHER, "the brake pads").await,
                _ => {
                    let id = ButtonId::Which(desk.request).to_string();
                    let reply =
                        json!({ "type": "button_reply", "button_reply": { "id": id, "title": "1. brake" } });
                    desk.says(OTHER, json!({ "type": "interactive", "interactive": reply })).await;
                }
            }
            assert_eq!(waiting_in(&desk, desk.request).await, [EntryKind::VendorMessage], "{by}");
            assert!(waiting_in(&desk, second).await.is_empty(), "{by}");
            let request = desk.request;
            let said = desk.write(move |tx| Ok(messages::latest(tx, request, 9)?)).await;
            assert!(said.iter().any(|message| message.body.as_deref() == Some("yes we have it")), "{by}");
        });
    }
}

#[test]
fn a_vendor_who_is_a_client_too_is_asked_and_a_button_of_anothers_request_is_nothing() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        let vendor = desk.vendor;
        let own = desk
            .write(move |tx| {
                let mut guard = requests::create(tx, vendor, &NUMBER.parse().unwrap(), Language::En)?;
                requests::set_state(tx, &mut guard, RequestState::Clarifying)?;
                let need = Some("rice for a wedding".to_owned());
                requests::set_facts(tx, &mut guard, &requests::FactChanges { need, ..Default::default() })?;
                Ok(guard.request().id)
            })
            .await;
        desk.writes(OTHER, "20 bags").await;
        let (body, buttons) = question_to(&desk, vendor).await;
        assert!(body.contains("rice for a wedding") && buttons.len() == 2, "{body}");
        desk.writes(OTHER, "rice").await;
        assert_eq!(waiting_in(&desk, own).await, [EntryKind::ClientMessage]);
        assert!(waiting_in(&desk, desk.request).await.is_empty());
        // Another person's request cannot be named.
        let id = ButtonId::Which(own).to_string();
        let reply = json!({ "type": "button_reply", "button_reply": { "id": id, "title": "1. rice" } });
        desk.says(ANSWERS, json!({ "type": "interactive", "interactive": reply })).await;
        assert_eq!(waiting_in(&desk, own).await, [EntryKind::ClientMessage]);
    });
}

#[test]
fn a_vendor_asked_long_ago_who_needs_something_is_a_client() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        let (request, vendor) = (desk.request, desk.vendor);
        desk.write(move |tx| {
            let mut guard = requests::lock(tx, request)?;
            Ok(requests::set_state(tx, &mut guard, RequestState::Closed)?)
        })
        .await;
        // Soon after, an answer is late, not a need.
        desk.writes(OTHER, "yes we have it, KES 3500").await;
        assert_eq!(open_of(&desk, vendor).await, None);
        desk.writes(OTHER, "I need a mattress for my guest house").await;
        let own = open_of(&desk, vendor).await.unwrap();
        assert_eq!(waiting_in(&desk, own).await, [EntryKind::ClientMessage]);
        desk.write(move |tx| {
            let mut guard = requests::lock(tx, own)?;
            Ok(requests::set_state(tx, &mut guard, RequestState::Closed)?)
        })
        .await;
        desk.test.clock.advance(Duration::from_hours(72));
        desk.writes(OTHER, "hello").await;
        assert!(open_of(&desk, vendor).await.is_some(), "nobody is left without an answer");
    });
}

#[test]
fn a_client_is_answered_from_the_number_they_write_to() {
    on_both(async |test| {
        let desk = Desk::new(test, ANSWERS, OTHER).await;
        let (request, client, vendor) = (desk.request, desk.client, desk.vendor);
        desk.writes(ANSWERS, "hello").await;
        desk.says_to(SECOND, ANSWERS, text("hello on this number")).await;
        assert_eq!(open_of(&desk, client).await, Some(request), "one conversation");
        let number = desk.write(move |tx| Ok(requests::load(tx, request)?.phone_number_id)).await;
        assert_eq!(number.as_str(), SECOND);
        let told = desk.audit(audit::ChainId::Request(request)).await;
        assert_eq!(told.last().unwrap(), "request.number_changed");
        // Each number has its own window.
        let open = |number: &'static str| {
            desk.write(move |tx| Ok(contacts::window_is_open(tx, client, &number.parse().unwrap())?))
        };
        assert!(open(NUMBER).await && open(SECOND).await);
        test.clock.advance(Duration::from_hours(23));
        desk.says_to(SECOND, ANSWERS, text("still there?")).await;
        test.clock.advance(Duration::from_hours(2));
        assert!(!open(NUMBER).await && open(SECOND).await);
        // STOP counts for both, and is confirmed where it was said.
        desk.says_to(SECOND, ANSWERS, text("STOP")).await;
        let confirmed = desk
            .write(move |tx| {
                let (id, _) = outbox::queued_to(tx, client)?.pop().unwrap();
                let send = outbox::load(tx, id)?;
                Ok((send.phone_number_id, send.payload.unwrap().body))
            })
            .await;
        assert_eq!(confirmed.0.as_str(), SECOND);
        assert_eq!(confirmed.1, catalogue::text(Language::En, &Sentence::StopConfirmed));
        let _ = vendor;
    });
}
