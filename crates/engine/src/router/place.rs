//! Which request a message belongs to. A quote or a button decides first; two candidates and no quote: ask,
//! never guess. A vendor's message belongs to the *client's* request: vendors own no lane.

use conversation::{ButtonId, need};
use marketplace::{DataKeyId, MessageId, PhoneNumberId, RequestId, Timestamp};
use serde_json::json;
use store::{
    Tx,
    contacts::Contact,
    lanes::{self, EntryKind},
    messages::{self, Party},
    outbox,
    requests::{self, Request, RequestGuard},
    sourcing, vendors,
};
use tools::{AuditEntry, Caller, ToolError, record, tells_of_client};

use super::message::Reading;

/// How many lines a "which request?" question lists.
const NEEDS_MAX: usize = 5;

/// Where a message belongs.
pub(super) enum Place {
    /// In the mailbox of this request.
    Mailbox {
        /// The request, its row taken.
        guard: Box<RequestGuard>,
        /// The writer's side.
        party: Party,
    },
    /// With this request, which is over: kept, not worked.
    Store {
        /// The request.
        request: RequestId,
        /// The writer's side.
        party: Party,
    },
    /// Several requests are possible.
    Ask {
        /// What they need, a line each.
        needs: Vec<String>,
        /// The keys of the people whose needs they are.
        clients: Vec<DataKeyId>,
    },
    /// It quotes a message that we may be about to learn of.
    Wait,
}

pub(super) fn find(
    tx: &mut Tx<'_>,
    contact: &Contact,
    number: &PhoneNumberId,
    reading: &Reading,
    quoted: Option<&str>,
    may_wait: bool,
) -> Result<Place, ToolError> {
    match named(tx, contact, reading, quoted)? {
        Named::Request(request, party) => return with_request(tx, contact, number, request, party, reading),
        Named::UnknownQuote if may_wait && outbox::has_in_flight(tx, contact.id)? => return Ok(Place::Wait),
        Named::UnknownQuote | Named::Nothing => {}
    }
    let as_client = requests::open_of_client(tx, contact.id)?;
    let asked = sourcing::live_outreaches_to(tx, contact.id)?;
    match (as_client, asked.as_slice()) {
        (None, [only]) => with_request(tx, contact, number, only.request, Party::Vendor, reading),
        (Some(request), []) => with_request(tx, contact, number, request, Party::Client, reading),
        (None, []) => new_or_late(tx, contact, number, reading),
        (own, several) => {
            let requests = several.iter().map(|outreach| outreach.request).chain(own);
            let (mut needs, mut clients) = (Vec::new(), Vec::new());
            for request in requests.take(NEEDS_MAX) {
                let request = requests::load(tx, request)?;
                if let Some(need) = &request.need {
                    // A service may have stored a need that names the client.
                    let telling = request.client != contact.id && tells_of_client(tx, &request, need)?;
                    let need = if telling { kind_of_thing(&request) } else { need.clone() };
                    // An erasure that is about to commit: its client's need is not told any more.
                    if tx.all_exist(&[request.data_key])? {
                        needs.push(need);
                        clients.push(request.data_key);
                    }
                }
            }
            Ok(Place::Ask { needs, clients })
        }
    }
}

/// What a request is about, where its need says too much.
fn kind_of_thing(request: &Request) -> String {
    request.category.as_deref().unwrap_or("…").replace('_', " ")
}

/// Puts a message into its request's mailbox. The record holds what was written, so that the chain commits to it.
pub(super) fn append(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    party: Party,
    message: MessageId,
    meta_at: Timestamp,
    contact: &Contact,
    reading: &Reading,
) -> Result<(), ToolError> {
    let kind = match party {
        Party::Client => EntryKind::ClientMessage,
        Party::Vendor => EntryKind::VendorMessage,
    };
    lanes::append(tx, guard, kind, Some(message), None, meta_at)?;
    let payload = json!({
        "message_id": message,
        "party": party.to_string(),
        "text": reading.body,
        "button": reading.button_id,
    });
    let entry = AuditEntry::new(Caller::system("router").actor, "message.received", payload)
        .caused_by(message)
        .sealed_by([contact.data_key]);
    record(tx, guard, entry)
}

/// What a message says itself of where it belongs.
enum Named {
    Request(RequestId, Party),
    UnknownQuote,
    Nothing,
}

fn named(
    tx: &mut Tx<'_>,
    contact: &Contact,
    reading: &Reading,
    quoted: Option<&str>,
) -> Result<Named, ToolError> {
    let button = reading.button_id.as_deref().and_then(|id| id.parse::<ButtonId>().ok());
    if let Some(ButtonId::Reply { outreach, .. }) = button
        && let Some(outreach) = sourcing::outreach_by_id(tx, outreach)?
        && outreach.contact == contact.id
    {
        return Ok(Named::Request(outreach.request, Party::Vendor));
    }
    let Some(quoted) = quoted else { return Ok(Named::Nothing) };
    let Some((message, request)) = messages::sent_with_wamid(tx, quoted)? else {
        return Ok(Named::UnknownQuote);
    };
    let sent = messages::load(tx, message)?;
    match request {
        Some(request) if sent.contact == contact.id => Ok(Named::Request(request, sent.party)),
        _ => Ok(Named::Nothing),
    }
}

fn with_request(
    tx: &mut Tx<'_>,
    contact: &Contact,
    number: &PhoneNumberId,
    request: RequestId,
    party: Party,
    reading: &Reading,
) -> Result<Place, ToolError> {
    let guard = requests::lock(tx, request)?;
    match (guard.request().state.is_open(), party) {
        (true, _) => Ok(Place::Mailbox { guard: Box::new(guard), party }),
        (false, Party::Vendor) => Ok(Place::Store { request, party }),
        (false, Party::Client) => new_or_late(tx, contact, number, reading),
    }
}

/// No request is open: a new need opens one; a "thank you" after the handoff, or a late word of a vendor, is kept
/// with what it speaks of.
fn new_or_late(
    tx: &mut Tx<'_>,
    contact: &Contact,
    number: &PhoneNumberId,
    reading: &Reading,
) -> Result<Place, ToolError> {
    if let Some(open) = requests::open_of_client(tx, contact.id)? {
        let guard = requests::lock(tx, open)?;
        return Ok(Place::Mailbox { guard: Box::new(guard), party: Party::Client });
    }
    let states_need = need::is_stated(&reading.body);
    if let Some(request) = requests::handed_off_of_client(tx, contact.id)?
        && !states_need
    {
        return Ok(Place::Store { request, party: Party::Client });
    }
    if vendors::find_by_contact(tx, contact.id)?.is_some()
        && let Some(last) = sourcing::latest_outreach_to(tx, contact.id)?
    {
        return Ok(Place::Store { request: last.request, party: Party::Vendor });
    }
    let guard = requests::create(tx, contact.id, number, contact.language)?;
    let opened = AuditEntry::new(Caller::system("router").actor, "request.opened", json!({}));
    record(tx, &guard, opened)?;
    Ok(Place::Mailbox { guard: Box::new(guard), party: Party::Client })
}
