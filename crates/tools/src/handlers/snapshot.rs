//! `marketplace.get_request_snapshot`: the Context Pack. No phone number, no provider's id.

use std::collections::{BTreeMap, BTreeSet};

use calling_policy::{Consent, ConsentStatus as Status, limits::COOLDOWN};
use marketplace::{
    BATCH_SIZE_MAX, ContactId, RequestState, Timestamp, VENDORS_PER_REQUEST_MAX, VendorId, allowed_next,
};
use moltbot_contract::{
    Availability, BatchStatus, BatchView, CONTRACT_VERSION, CallScope, CallingPolicyView, ConsentStatus,
    ContextPack, ConversationEntry, EntryKind, LimitsView, OcrText, PoliciesView, ReplyView, RequestView,
    ShortlistView, ShortlistedView, Speaker, VendorContacted, VendorFilters, VendorFound,
};
use store::{
    Tx, calls,
    contacts::{self, Contact},
    documents, messages,
    messages::{Direction, Message, MessageKind, Party},
    outbox,
    requests::RequestGuard,
    sourcing::{self, Batch, Outreach, Reply},
    vendors,
};

use super::{Effect, search_vendors};
use crate::{Policy, ToolError, calling::facts::authorisations, gates, numbers};

/// How many messages of the conversation a pack holds, the newest ones.
const CONVERSATION_MAX: i64 = 40;
/// How many vendors of the category a pack holds, the best ones.
const VENDORS_FOUND_MAX: usize = 15;
/// What Moltbot reads in place of a location that the client shared.
const LOCATION: &str = "(shared their location)";
/// How many pictures a pack tells of, the newest ones.
const DOCUMENTS_MAX: usize = 5;
/// How much of one, in code points: a page has less.
const OCR_TEXT_MAX: usize = 4_000;
/// How many categories are looked into while the request's own is not known.
const CATEGORIES_NAMED_MAX: usize = 3;
/// At most one call per this many minutes and request (mission C11): [`COOLDOWN`], as a pack tells it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a const cannot use `try_from`; the cooldown is minutes long"
)]
pub const CALL_COOLDOWN_MINUTES: u32 = (COOLDOWN.as_secs() / 60) as u32;

pub(super) fn run(tx: &mut Tx<'_>, policy: Policy, guard: &RequestGuard) -> Result<Effect, ToolError> {
    Ok(Effect::new(context_pack(tx, policy, guard)?))
}

/// Builds the Context Pack of a request from the rows as they are in this transaction.
pub fn context_pack(tx: &mut Tx<'_>, policy: Policy, guard: &RequestGuard) -> Result<ContextPack, ToolError> {
    let request = guard.request();
    let policy = gates::effective(tx, policy);
    let outreaches = sourcing::outreaches_of(tx, request.id)?;
    let batches = sourcing::batches_of(tx, request.id)?;
    let erased = vendors_that(tx, &outreaches, |vendor| vendor.erased_at.is_some())?;
    // Nobody is offered whom nobody may write to.
    let gone =
        vendors_that(tx, &outreaches, |vendor| vendor.opted_out_at.is_some() || vendor.erased_at.is_some())?;
    let mut replies = sourcing::replies_of(tx, request.id)?;
    replies.retain(|reply| !gone.values().any(|vendor| *vendor == reply.vendor));
    let vendor_of: BTreeMap<ContactId, VendorId> =
        outreaches.iter().map(|outreach| (outreach.contact, outreach.vendor.clone())).collect();
    let numbers = known_numbers(tx, request.client, &outreaches)?;
    let contacted = u8::try_from(outreaches.len()).unwrap_or(VENDORS_PER_REQUEST_MAX);
    let batch_open =
        batches.iter().any(|batch| batch.status == BatchStatus::Open && batch.deadline_at > guard.now(tx));
    Ok(ContextPack {
        contract_version: CONTRACT_VERSION.to_owned(),
        now: guard.now(tx),
        request: RequestView {
            id: request.id,
            state: request.state,
            version: request.version,
            category: request.category.clone(),
            need: request.need.as_deref().map(|need| numbers::hide(need, &numbers)),
            urgency: request.urgency,
            language: request.language,
            prescription: request.prescription,
        },
        conversation: conversation(tx, request.id, &vendor_of, &numbers, &erased)?,
        ocr: documents_read(tx, request.id, &numbers)?,
        vendors_found: vendors_found(tx, policy, guard)?,
        vendors_contacted: vendors_contacted(tx, &outreaches, &batches)?,
        batches: batches.iter().map(|batch| batch_view(batch, &outreaches, &replies)).collect(),
        replies: replies
            .into_iter()
            .map(|reply| reply_view(tx, reply, &numbers))
            .collect::<Result<_, _>>()?,
        shortlist: last_shortlist(tx, request.id)?,
        limits: LimitsView {
            batch_size_max: BATCH_SIZE_MAX,
            vendors_per_request_max: VENDORS_PER_REQUEST_MAX,
            vendors_contacted: contacted,
            vendors_remaining: VENDORS_PER_REQUEST_MAX.saturating_sub(contacted),
            batch_open,
        },
        policies: PoliciesView {
            ai_concierge_enabled: policy.ai_concierge,
            ocr_enabled: policy.ocr,
            calling: calling_policy_view(tx, policy, guard)?,
        },
        allowed_next_states: bot_next(request.state),
    })
}

/// What was read from the client's pictures, the oldest first; one without text says nothing.
fn documents_read(
    tx: &mut Tx<'_>,
    request: marketplace::RequestId,
    numbers: &[String],
) -> Result<Vec<OcrText>, ToolError> {
    let mut read: Vec<OcrText> = documents::jobs_of(tx, request)?
        .into_iter()
        .filter_map(|job| Some((job.id, job.text?, job.confidence?)))
        .filter(|(_, text, _)| !text.trim().is_empty())
        .map(|(job_id, text, confidence)| OcrText {
            job_id,
            text: numbers::hide(&conversation::catalogue::shorten(&text, OCR_TEXT_MAX), numbers),
            confidence,
        })
        .collect();
    let more = read.len().saturating_sub(DOCUMENTS_MAX);
    read.drain(..more);
    Ok(read)
}

/// What calling policy allows. The client's consent is what counts here: whether a vendor agrees is asked of the
/// vendor, and Moltbot sees nobody's numbers, permissions or times of day.
fn calling_policy_view(
    tx: &mut Tx<'_>,
    effective: Policy,
    guard: &RequestGuard,
) -> Result<CallingPolicyView, ToolError> {
    let now = guard.now(tx);
    let paused = calls::restricted_until(tx, &guard.request().phone_number_id)?;
    let given = authorisations(tx, guard)?;
    let granted = |consent: &Consent| consent.status(now) == Status::Granted;
    let (vendor, mut client) = (given.vendor.filter(granted), given.client.filter(granted));
    // The client is called with a YES of theirs to that, too: a scope that leads to no call is none.
    if !given.callee.is_some_and(|callee| granted(&callee)) {
        client = None;
    }
    let allowed_scopes = match (vendor, client) {
        (Some(vendor), Some(client)) if vendor == client => vec![CallScope::Either],
        (vendor, client) => {
            let vendor = vendor.map(|_| CallScope::CallVendor);
            vendor.into_iter().chain(client.map(|_| CallScope::CallClient)).collect()
        }
    };
    let status =
        if allowed_scopes.is_empty() { asked_status(&given.all, now) } else { Some(Status::Granted) };
    Ok(CallingPolicyView {
        enabled: effective.calling && paused.is_none_or(|until| until <= now),
        consent_status: status.map(|status| match status {
            Status::Requested => ConsentStatus::Requested,
            Status::Granted => ConsentStatus::Granted,
            Status::Denied => ConsentStatus::Denied,
            Status::Expired => ConsentStatus::Expired,
        }),
        allowed_scopes,
        cooldown_minutes: CALL_COOLDOWN_MINUTES,
    })
}

/// Where the asking stands while nothing is granted: an open prompt, else the newest word.
fn asked_status(authorisations: &[Consent], now: Timestamp) -> Option<Status> {
    let open = authorisations.iter().find(|consent| consent.status(now) == Status::Requested);
    let newest = || {
        authorisations.iter().max_by_key(|consent| {
            (consent.answered_at().unwrap_or_else(|| consent.requested_at()), consent.requested_at())
        })
    };
    // A grant that another word outweighs is none.
    open.or_else(newest).map(|consent| consent.status(now)).filter(|status| *status != Status::Granted)
}

/// The states a decision of the bot may lead to: a handoff needs the client's own choice, and a person moves
/// `escalated` and `error` on.
fn bot_next(state: RequestState) -> Vec<RequestState> {
    if state.needs_person() {
        return Vec::new();
    }
    allowed_next(state).iter().copied().filter(|next| *next != RequestState::HandedOff).collect()
}

/// What the directory holds for the category, once there is one.
fn vendors_found(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
) -> Result<Vec<VendorFound>, ToolError> {
    let any = VendorFilters { max_distance_km: None, languages: Vec::new(), min_rating: None };
    if let Some(category) = guard.request().category.clone() {
        return search_vendors::find(tx, policy, guard, &category, &any, VENDORS_FOUND_MAX);
    }
    let mut found = Vec::new();
    for category in categories_named(tx, guard)? {
        found.extend(search_vendors::find(tx, policy, guard, &category, &any, VENDORS_FOUND_MAX)?);
    }
    found.truncate(VENDORS_FOUND_MAX);
    Ok(found)
}

/// While the category is not known: those of the directory whose every word stands in the client's own messages.
fn categories_named(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Vec<String>, ToolError> {
    let words = |text: &str| -> BTreeSet<String> {
        let split = text.split(|c: char| !c.is_alphanumeric());
        split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let said: BTreeSet<String> = messages::latest(tx, guard.request().id, CONVERSATION_MAX)?
        .into_iter()
        .filter(|message| message.direction == Direction::In && message.party == Party::Client)
        .filter(|message| message.kind != MessageKind::Location)
        .flat_map(|message| words(message.body.as_deref().unwrap_or_default()))
        .collect();
    let known = vendors::categories(tx)?.into_iter().map(|(category, _)| category);
    let is_named = |category: &String| {
        let named = words(category);
        !named.is_empty() && named.is_subset(&said)
    };
    Ok(known.filter(is_named).take(CATEGORIES_NAMED_MAX).collect())
}

/// The numbers that people may have written and that our own handoff messages hold: Moltbot sees none.
fn known_numbers(
    tx: &mut Tx<'_>,
    client: ContactId,
    outreaches: &[Outreach],
) -> Result<Vec<String>, ToolError> {
    let people = std::iter::once(client).chain(outreaches.iter().map(|outreach| outreach.contact));
    people
        .filter_map(|person| match contacts::load(tx, person) {
            Ok(contact) => contact.phone.map(|phone| Ok(numbers::tail(&phone))),
            Err(error) => Some(Err(error.into())),
        })
        .collect()
}

/// The vendors of a request that are so. Of the erased, what they wrote and what was written to them is left out; that
/// they were contacted is not.
fn vendors_that(
    tx: &mut Tx<'_>,
    outreaches: &[Outreach],
    are_so: impl Fn(&Contact) -> bool,
) -> Result<BTreeMap<ContactId, VendorId>, ToolError> {
    let mut found = BTreeMap::new();
    for outreach in outreaches {
        if are_so(&contacts::load(tx, outreach.contact)?) {
            found.insert(outreach.contact, outreach.vendor.clone());
        }
    }
    Ok(found)
}

fn conversation(
    tx: &mut Tx<'_>,
    request: marketplace::RequestId,
    vendor_of: &BTreeMap<ContactId, VendorId>,
    numbers: &[String],
    erased: &BTreeMap<ContactId, VendorId>,
) -> Result<Vec<ConversationEntry>, ToolError> {
    let mut latest = messages::latest(tx, request, CONVERSATION_MAX)?;
    // What never arrived was not said: a takeover cancels what was queued, and Meta may refuse it.
    let unsaid = outbox::never_arrived(tx, request)?;
    latest.retain(|message| {
        message.body.is_some() && !erased.contains_key(&message.contact) && !unsaid.contains(&message.id)
    });
    Ok(latest.into_iter().map(|message| conversation_entry(message, vendor_of, numbers)).collect())
}

fn conversation_entry(
    message: Message,
    vendor_of: &BTreeMap<ContactId, VendorId>,
    numbers: &[String],
) -> ConversationEntry {
    let from = match (message.direction, message.party) {
        (Direction::Out, _) => Speaker::Us,
        (Direction::In, Party::Client) => Speaker::Client,
        (Direction::In, Party::Vendor) => Speaker::Vendor,
    };
    let vendor_id = match message.party {
        Party::Vendor => vendor_of.get(&message.contact).cloned(),
        Party::Client => None,
    };
    ConversationEntry {
        message_id: message.id,
        at: message.meta_at,
        from,
        vendor_id,
        kind: match message.kind {
            MessageKind::Text => EntryKind::Text,
            MessageKind::Button | MessageKind::Consent => EntryKind::Button,
            MessageKind::Document | MessageKind::Media => EntryKind::Media,
            MessageKind::Location | MessageKind::Other => EntryKind::Other,
        },
        text: match message.kind {
            // Where exactly is ours to know: whatever Moltbot reads could come to stand before a vendor.
            MessageKind::Location => LOCATION.to_owned(),
            _ => numbers::hide(&message.body.unwrap_or_default(), numbers),
        },
    }
}

fn vendors_contacted(
    tx: &mut Tx<'_>,
    outreaches: &[Outreach],
    batches: &[Batch],
) -> Result<Vec<VendorContacted>, ToolError> {
    outreaches
        .iter()
        .map(|outreach| {
            let name = contacts::load(tx, outreach.contact)?.name;
            let batch = batches.iter().find(|batch| batch.id == outreach.batch);
            Ok(VendorContacted {
                vendor_id: outreach.vendor.clone(),
                name: name.unwrap_or_else(|| outreach.vendor.to_string()),
                batch: batch.map_or(0, |batch| u32::from(batch.ordinal)),
                status: outreach.status,
                contacted_at: outreach.contacted_at,
            })
        })
        .collect()
}

fn batch_view(batch: &Batch, outreaches: &[Outreach], replies: &[Reply]) -> BatchView {
    let vendors: Vec<&VendorId> = outreaches
        .iter()
        .filter(|outreach| outreach.batch == batch.id)
        .map(|outreach| &outreach.vendor)
        .collect();
    BatchView {
        ordinal: u32::from(batch.ordinal),
        size: batch.size,
        offers_wanted: batch.offers_wanted,
        deadline_at: batch.deadline_at,
        status: batch.status,
        offers: u32::try_from(vendors.iter().filter(|vendor| has_offer(vendor, replies)).count())
            .unwrap_or(u32::MAX),
    }
}

/// Whether the vendor's latest clear answer says that they have it.
pub(super) fn has_offer(vendor: &VendorId, replies: &[Reply]) -> bool {
    replies
        .iter()
        .rev()
        .find(|reply| reply.vendor == *vendor && reply.availability != Availability::Unclear)
        .is_some_and(|reply| {
            reply.availability == Availability::InStock
                && reply.confidence >= conversation::vendor_reply::AMBIGUOUS_BELOW
        })
}

fn reply_view(tx: &mut Tx<'_>, reply: Reply, numbers: &[String]) -> Result<ReplyView, ToolError> {
    let text = messages::load(tx, reply.message)?.body.unwrap_or_default();
    Ok(ReplyView {
        reply_id: reply.id,
        vendor_id: reply.vendor,
        message_id: reply.message,
        availability: reply.availability,
        price_minor: reply.price.map(marketplace::Money::minor),
        currency: reply.price.map(marketplace::Money::currency),
        eta: reply.eta,
        confidence: reply.confidence,
        text: numbers::hide(&text, numbers),
    })
}

fn last_shortlist(
    tx: &mut Tx<'_>,
    request: marketplace::RequestId,
) -> Result<Option<ShortlistView>, ToolError> {
    let last = sourcing::shortlists_of(tx, request)?.pop();
    Ok(last.map(|shortlist| ShortlistView {
        sent_at: shortlist.created_at,
        items: shortlist
            .items
            .into_iter()
            .zip(1_u32..)
            .map(|((vendor_id, reply_id), position)| ShortlistedView { position, vendor_id, reply_id })
            .collect(),
    }))
}
