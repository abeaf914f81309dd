//! Which request a message belongs to. A quote or a button decides first; two candidates and no quote: ask,
//! never guess. A vendor's message belongs to the *client's* request: vendors own no lane.

use std::time::Duration;

use conversation::{ButtonId, ReplyHints, need, vendor_reply};
use marketplace::{MessageId, PhoneNumberId, RequestId, Timestamp};
use serde_json::json;
use store::{
    StoreError, Tx,
    contacts::Contact,
    lanes::{self, EntryKind},
    messages::{self, Party},
    outbox,
    requests::{self, RequestGuard},
    sourcing, vendors,
};
use tools::{AuditEntry, Caller, ToolError, record};

use super::{
    message::Reading,
    which::{self, Candidate},
};

/// How many lines a "which request?" question lists.
const NEEDS_MAX: usize = 5;
/// How long a vendor may still answer a request that is over; real people answer the next morning.
const LATE_ANSWERS: Duration = Duration::from_hours(48);

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
    /// Several requests are possible: these, the likeliest first.
    Ask(Vec<Candidate>),
    /// It answers which one was meant: what waited for that belongs there.
    Answered {
        /// The request, its row taken.
        guard: Box<RequestGuard>,
        /// The writer's side.
        party: Party,
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
        Named::Which(request) => return chosen(tx, contact, request),
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
            // Their own request always has a line: four of others' beside it.
            let others = several.iter().map(|outreach| outreach.request).filter(|other| Some(*other) != own);
            let others = others.take(NEEDS_MAX - usize::from(own.is_some()));
            let mut candidates = Vec::new();
            for request in others.chain(own).collect::<Vec<_>>() {
                let request = requests::load(tx, request)?;
                // An erasure that is about to commit: its client's need is not told any more.
                if tx.all_exist(&[request.data_key])? {
                    candidates.push(Candidate::of(tx, contact, request)?);
                }
            }
            match which::answered(tx, contact, reading, &candidates)? {
                Some(request) => chosen(tx, contact, request),
                None => Ok(Place::Ask(candidates)),
            }
        }
    }
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
    /// It answers the question which request was meant.
    Which(RequestId),
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
    if let Some(ButtonId::Which(request)) = button
        && is_part_of(tx, contact, request)?
    {
        return Ok(Named::Which(request));
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

/// Whether the person is the client of the request, or a vendor in it: a button's id may name anything.
fn is_part_of(tx: &mut Tx<'_>, contact: &Contact, request: RequestId) -> Result<bool, ToolError> {
    let client = match requests::load(tx, request) {
        Ok(request) => request.client,
        Err(StoreError::NotFound) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let outreaches = sourcing::outreaches_of(tx, request)?;
    Ok(client == contact.id || outreaches.iter().any(|outreach| outreach.contact == contact.id))
}

/// The person said which request they meant.
fn chosen(tx: &mut Tx<'_>, contact: &Contact, request: RequestId) -> Result<Place, ToolError> {
    let guard = requests::lock(tx, request)?;
    let party = if guard.request().client == contact.id { Party::Client } else { Party::Vendor };
    Ok(if guard.request().state.is_open() {
        Place::Answered { guard: Box::new(guard), party }
    } else {
        Place::Store { request, party }
    })
}

/// Answers the client from the number that they write to.
pub(super) fn move_to(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    number: &PhoneNumberId,
) -> Result<(), ToolError> {
    let payload = json!({ "from": guard.request().phone_number_id.as_str(), "to": number.as_str() });
    requests::set_number(tx, guard, number)?;
    record(tx, guard, AuditEntry::new(Caller::system("router").actor, "request.number_changed", payload))
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

/// Whether a vendor whose request is over still answers it: soon after it was asked, with anything that reads as an
/// answer or states no need of their own. Later a vendor who writes wants something, as everybody does.
fn is_late_answer(tx: &Tx<'_>, contact: &Contact, reading: &Reading, asked_at: Timestamp) -> bool {
    let hints = ReplyHints { default_currency: None, language: contact.language };
    let parsed = vendor_reply::parse(&reading.body, &hints);
    let answers = parsed.price.is_some() || parsed.confidence >= vendor_reply::AMBIGUOUS_BELOW;
    let is_button = reading.button_id.is_some();
    tx.now.since(asked_at) < LATE_ANSWERS && (is_button || answers || !need::is_stated(&reading.body))
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
        && is_late_answer(tx, contact, reading, last.contacted_at)
    {
        return Ok(Place::Store { request: last.request, party: Party::Vendor });
    }
    let guard = requests::create(tx, contact.id, number, contact.language)?;
    let opened = AuditEntry::new(Caller::system("router").actor, "request.opened", json!({}));
    record(tx, &guard, opened)?;
    Ok(Place::Mailbox { guard: Box::new(guard), party: Party::Client })
}
