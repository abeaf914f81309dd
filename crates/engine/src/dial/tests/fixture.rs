//! A request in which everybody said yes: the client may be called, and its vendor, who has been silent.
//!
//! The example `call_orders` plays on the same rows.

use std::time::Duration;

use calling_policy::{
    Consent, ConsentEvent, ConsentKey, Party as Callee, PermissionEvent, PermissionReply, PermissionResponse,
    Scope,
};
use marketplace::{
    ActorKind, CallAttemptId, ConsentId, ContactId, Language, MessageId, PhoneNumberId, RequestId,
    RequestState, Timestamp, VendorId,
};
use moltbot_contract::{CallTrigger, Urgency};
use store::{
    StoreError, Tx,
    calls::{self, AskedBy, ConsentChange, HistoryEvent, NewConsent},
    contacts::{self, Identity},
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload, SendState},
    requests::{self, FactChanges, RequestGuard},
    sourcing::{self, NewBatch},
    testing, vendors,
};
use tool_registry::{StartCallArgs, ToolCall, ToolResult};
use tools::{Caller, Invocation, Policy, ToolError};

/// The client of the first cast.
pub(crate) const CLIENT: &str = "+254700000101";
/// How long after [`people`] the vendor has been silent for long enough.
pub(crate) const SILENT: Duration = Duration::from_secs(200);

/// Calling is on.
pub(crate) const CALLING: Policy = Policy { ai_concierge: false, ocr: false, calling: true, ..Policy::OFF };

/// Who is in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct People {
    /// Which cast: 1 in the tests.
    pub(crate) cast: u32,
    pub(crate) request: RequestId,
    pub(crate) client: ContactId,
    pub(crate) vendor: ContactId,
    /// Key 1, and key 2 of client and vendor.
    pub(crate) authorisation: ConsentId,
    pub(crate) clients: ConsentId,
    pub(crate) vendors: ConsentId,
}

pub(crate) fn number() -> PhoneNumberId {
    "10001".parse().unwrap()
}

/// The vendor of a cast.
pub(crate) fn vendor_id(cast: u32) -> VendorId {
    format!("v-{cast}").parse().unwrap()
}

/// Everybody said yes just now; the client says it is urgent and asks to be called.
pub(crate) fn people(tx: &mut Tx<'_>) -> Result<People, ToolError> {
    people_known_by(tx, &[Identity::Phone(CLIENT.parse().unwrap())], 1)
}

pub(crate) fn people_known_by(tx: &mut Tx<'_>, client: &[Identity], cast: u32) -> Result<People, ToolError> {
    let client = contacts::find_or_create(tx, client, Some("Asha"), Language::En)?;
    contacts::open_window(tx, client.id, &number(), tx.now)?;
    let record =
        testing::vendor_record(vendor_id(cast), format!("+25471{cast:07}").parse().unwrap(), "tools");
    vendors::import(tx, &record)?;
    let vendor = vendors::load(tx, &record.id)?.contact;
    let mut guard = requests::create(tx, client.id, &number(), Language::En)?;
    requests::set_state(tx, &mut guard, RequestState::Sourcing)?;
    let urgent = FactChanges { urgency: Some(Urgency::Urgent), ..FactChanges::default() };
    requests::set_facts(tx, &mut guard, &urgent)?;
    let now = tx.now;
    message(tx, &guard, client.id, Direction::In, "It is urgent, call me")?;
    requests::set_call_asked(tx, &mut guard, now)?;
    let batch = NewBatch {
        size: 1,
        offers_wanted: 1,
        deadline_at: now + Duration::from_hours(1),
        plan: "{}".to_owned(),
        also_sealed_by: Vec::new(),
    };
    sourcing::open_batch(tx, &guard, &batch)?.unwrap();
    sourcing::add_outreach(tx, &guard, &vendor_id(cast), vendor)?.unwrap();
    let asked = message(tx, &guard, vendor, Direction::Out, "Do you have a ladder?")?;
    let send = NewSend {
        contact: vendor,
        message: asked,
        purpose: Purpose::VendorInquiry,
        author: ActorKind::Orchestrator,
        payload: SendPayload {
            body: "Do you have a ladder?".to_owned(),
            buttons: Vec::new(),
            template: None,
            reply_to: None,
        },
        also_sealed_by: Vec::new(),
        not_after: None,
    };
    let inquiry = outbox::enqueue(tx, &guard, &send)?;
    outbox::advance(tx, inquiry, SendState::Accepted, None, None)?;
    let prompt = message(tx, &guard, client.id, Direction::Out, "May we call?")?;
    let authorisation =
        consent(tx, &guard, client.id, prompt, (ConsentKey::Authorisation, Scope::Either), Callee::Client)?;
    let clients =
        consent(tx, &guard, client.id, prompt, (ConsentKey::Callee, Scope::CallClient), Callee::Client)?;
    let prompt = message(tx, &guard, vendor, Direction::Out, "May we call you?")?;
    let vendors =
        consent(tx, &guard, vendor, prompt, (ConsentKey::Callee, Scope::CallVendor), Callee::Vendor)?;
    for person in [client.id, vendor] {
        answer_id(tx, &guard, person, true, now)?;
        permit(tx, person, PermissionResponse::Accept, now)?;
    }
    let request = guard.request().id;
    Ok(People { cast, request, client: client.id, vendor, authorisation, clients, vendors })
}

pub(crate) fn message(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    contact: ContactId,
    direction: Direction,
    body: &str,
) -> Result<MessageId, StoreError> {
    let party = if contact == guard.request().client { Party::Client } else { Party::Vendor };
    let new = NewMessage {
        request: Some(guard.request().id),
        contact,
        direction,
        party,
        kind: MessageKind::Text,
        body: body.to_owned(),
        also_sealed_by: Vec::new(),
        button_id: None,
        wamid: None,
        quoted_wamid: None,
        meta_at: tx.now,
    };
    messages::insert(tx, &new)
}

fn consent(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    contact: ContactId,
    prompt: MessageId,
    key: (ConsentKey, Scope),
    party: Callee,
) -> Result<ConsentId, StoreError> {
    let consent = Consent::requested(guard.request().id, contact, prompt, key, tx.now);
    let new = NewConsent {
        consent,
        party,
        asked_by: AskedBy::Buttons,
        wording: "consent-prompt.v1".to_owned(),
        language: Language::En,
    };
    calls::insert_consent(tx, guard, &new)
}

/// A person answers their prompt: every key it asked for.
pub(crate) fn answer_id(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    by: ContactId,
    yes: bool,
    at: Timestamp,
) -> Result<(), StoreError> {
    for stored in calls::consents_of_request(tx, guard.request().id)? {
        if stored.consent.contact() == by {
            answer_key(tx, guard, stored.id, yes, at)?;
        }
    }
    Ok(())
}

/// A person answers for one key alone.
pub(crate) fn answer_key(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    id: ConsentId,
    yes: bool,
    at: Timestamp,
) -> Result<(), StoreError> {
    let stored = calls::consent(tx, id)?;
    let by = stored.consent.contact();
    let event = ConsentEvent::Answer { by, prompt: stored.consent.prompt(), yes, meta_until: None };
    let next = stored.consent.apply(event, at, guard.now(tx)).next;
    let event = if yes { HistoryEvent::Yes } else { HistoryEvent::No };
    calls::save_consent(tx, guard, id, &next, &ConsentChange { event, by: Some(by), message: None, at })
}

/// A person answers Meta's card.
pub(crate) fn permit(
    tx: &mut Tx<'_>,
    person: ContactId,
    response: PermissionResponse,
    at: Timestamp,
) -> Result<(), StoreError> {
    contacts::lock(tx, person)?;
    let reply = PermissionReply { response, is_permanent: None, expires_at: None, automatic: false };
    let known = calls::permission(tx, person, &number())?;
    let next = known.apply(PermissionEvent::Reply(reply), at, tx.now).next;
    calls::save_permission(tx, person, &number(), &next)
}

/// The tool decides to call.
pub(crate) fn decide(
    tx: &mut Tx<'_>,
    people: People,
    callee: Callee,
    by: &Caller,
) -> Result<Option<CallAttemptId>, ToolError> {
    let (party, trigger) = match callee {
        Callee::Client => (tool_registry::Party::Client, CallTrigger::ClientAsked),
        Callee::Vendor => (tool_registry::Party::Vendor(vendor_id(people.cast)), CallTrigger::UrgentNoReply),
    };
    let call = StartCallArgs { request_id: people.request, party, trigger };
    let key = Some(MessageId::generate(tx.ids).to_string());
    let call = Invocation { caller: by.clone(), key, caused_by: None, call: ToolCall::StartCall(call) };
    Ok(match tools::run(tx, CALLING, &call)? {
        Ok(answer) => match answer.result {
            ToolResult::StartCall(result) => Some(result.call_attempt_id),
            _ => None,
        },
        Err(_) => None,
    })
}
