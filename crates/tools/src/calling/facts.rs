//! What the calling policy looks at, read in one transaction.

use std::time::Duration;

use calling_policy::{
    AskBy, AskFacts, CallFacts, Callee, CalleeFacts, Confidence, Consent, ConsentKey, ConsentStatus,
    PastAttempt, QuietHours, RequestFacts, Scope, Stage, Switches, Trigger, UrgencySource, VendorFacts,
    VendorReply, limits::PERMISSION_REQUEST_WEEK, zone_of_phone,
};
use conversation::need;
use marketplace::{ActorKind, ContactId, VendorId};
use moltbot_contract::Urgency;
use store::{
    StoreError, Tx,
    calls::{self, CallAttempt},
    contacts::{self, Contact},
    flags,
    messages::{self, Direction, Message, MessageKind},
    outbox::{
        Purpose,
        breaker::{self, Scope as BreakerScope},
    },
    requests::{Request, RequestGuard},
    sourcing, vendors,
};
use tool_registry::{Party, RefusalCode};

use crate::{Policy, ToolError, error::refuse, gates};

/// How far back the conversation is looked at for the client's urgency, our newest question and a vendor's last word.
pub(crate) const LOOK_BACK: i64 = 40;
/// How far back calls to a person count: the longest window of a rule and a margin.
const ATTEMPTS_COUNT_FOR: Duration = Duration::from_hours(8 * 24);

/// Who wants to call whom, why, and at which stage.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// Who is called.
    pub callee: &'a Party,
    /// What is said to justify it.
    pub claim: Trigger,
    /// Who decided.
    pub author: ActorKind,
    /// At the tool, at the dial, or while it goes on.
    pub stage: Stage,
}

/// The facts of a call that somebody wants.
///
/// # Errors
/// A refusal when there is no such vendor, or it was not contacted for this request.
pub fn call_facts(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    asked: Asked<'_>,
) -> Result<CallFacts, ToolError> {
    let request = guard.request();
    let client = contacts::load(tx, request.client)?;
    let latest = messages::latest(tx, request.id, LOOK_BACK)?;
    let consents = consents_of(tx, guard)?;
    let (callee, contact) = match asked.callee {
        Party::Client => (Callee::Client(callee_facts(tx, guard, &client, &consents, None)?), client.id),
        Party::Vendor(vendor) => {
            let (contact, zone) = contacted_vendor(tx, request, vendor)?;
            let facts = callee_facts(tx, guard, &contact, &consents, Some(zone))?;
            let id = contact.id;
            (Callee::Vendor(facts, vendor_facts(tx, guard, vendor, &contact, &latest)?), id)
        }
    };
    Ok(CallFacts {
        switches: switches(tx, policy, guard)?,
        request: request_facts(tx, guard, &client, &latest)?,
        caller: asked.author,
        stage: asked.stage,
        claim: asked.claim,
        authorisation: ruling(&consents, ConsentKey::Authorisation, client.id, party_of(asked.callee)),
        callee,
        attempts: attempts_of(tx, guard, contact)?,
        quiet_hours: QuietHours::DEFAULT,
    })
}

/// The facts of an attempt that was decided, at the dial or while it goes on.
///
/// # Errors
/// As [`call_facts`].
pub fn facts_of_attempt(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    attempt: &CallAttempt,
    stage: Stage,
) -> Result<CallFacts, ToolError> {
    let callee = attempt.vendor.clone().map_or(Party::Client, Party::Vendor);
    let asked = Asked { callee: &callee, claim: attempt.claim, author: attempt.author, stage };
    call_facts(tx, policy, guard, asked)
}

/// The facts of a question whether we may call. `card`: Meta's card is what goes out.
///
/// # Errors
/// A refusal when there is no such vendor, or it was not contacted for this request.
pub fn ask_facts(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    asked: &Party,
    scope: Scope,
    author: ActorKind,
    card: bool,
) -> Result<(AskFacts, Contact), ToolError> {
    let request = guard.request();
    let client = contacts::load(tx, request.client)?;
    let latest = messages::latest(tx, request.id, LOOK_BACK)?;
    let contact = match asked {
        Party::Client => client.clone(),
        Party::Vendor(vendor) => contacted_vendor(tx, request, vendor)?.0,
    };
    let by = if card {
        let since = guard.now(tx) - PERMISSION_REQUEST_WEEK;
        let calls_of_request = attempts_of(tx, guard, contact.id)?;
        let to_person = calls_of_request.iter().filter(|past| past.callee == contact.id);
        AskBy::Card {
            connected_at: to_person.filter_map(|past| past.attempt.connected_at()).max(),
            sent: calls::cards_sent(tx, contact.id, &request.phone_number_id, since)?,
        }
    } else {
        AskBy::Buttons
    };
    let consents = consents_of(tx, guard)?.into_iter().filter(|consent| consent.contact() == contact.id);
    let facts = AskFacts {
        switches: switches(tx, policy, guard)?,
        request: request_facts(tx, guard, &client, &latest)?,
        caller: author,
        asked: party_of(asked),
        scope,
        vendor_opted_out: party_of(asked) == calling_policy::Party::Vendor && is_out(&contact),
        consents: consents.collect(),
        permission: calls::permission(tx, contact.id, &request.phone_number_id)?,
        by,
    };
    Ok((facts, contact))
}

/// The party by role.
pub(crate) const fn party_of(party: &Party) -> calling_policy::Party {
    match party {
        Party::Client => calling_policy::Party::Client,
        Party::Vendor(_) => calling_policy::Party::Vendor,
    }
}

fn switches(tx: &mut Tx<'_>, policy: Policy, guard: &RequestGuard) -> Result<Switches, ToolError> {
    let outbound = flags::load(tx.conn).unwrap_or(flags::Flags::OFF).outbound;
    Ok(Switches {
        calling: gates::effective(tx, policy).calling,
        // The breaker for outbound volume stays open until a person closes it: nothing leaves, calls neither.
        outbound: outbound && breaker::open_breaker(tx, BreakerScope::Product)?.is_none(),
        // The dialler rests by itself while Meta cannot be reached, and adds it here.
        breaker_open_until: None,
        restricted_until: calls::restricted_until(tx, &guard.request().phone_number_id)?,
    })
}

fn request_facts(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    client: &Contact,
    latest: &[Message],
) -> Result<RequestFacts, ToolError> {
    let request = guard.request();
    Ok(RequestFacts {
        id: request.id,
        state: request.state,
        control: request.control,
        control_epoch: request.control_epoch,
        client: client.id,
        client_opted_out: is_out(client),
        prescription: request.prescription,
        urgency: urgency(request, latest),
        client_wrote_at: calls::client_wrote_at(tx, request.id)?,
        client_asked_call_at: request.call_asked_at,
        question_accepted_at: question_accepted_at(tx, request)?,
        shortlisted_at: sourcing::shortlists_of(tx, request.id)?.pop().map(|list| list.created_at),
    })
}

/// The mark on the request may be anybody's claim: that the client said so, only the client's own messages prove.
fn urgency(request: &Request, latest: &[Message]) -> Option<UrgencySource> {
    if request.urgency != Urgency::Urgent {
        return None;
    }
    let said = latest.iter().any(|message| {
        message.direction == Direction::In
            && message.party == messages::Party::Client
            && message.body.as_deref().is_some_and(need::is_urgent)
    });
    Some(if said { UrgencySource::ClientWords } else { UrgencySource::Concluded })
}

/// When Meta accepted our newest question to the client; `None` while its fate is not known. What asks for consent
/// is no question about the need.
fn question_accepted_at(
    tx: &mut Tx<'_>,
    request: &Request,
) -> Result<Option<marketplace::Timestamp>, ToolError> {
    for sent in calls::sent_to(tx, request.id, request.client, LOOK_BACK)? {
        if sent.purpose == Purpose::ClientMessage {
            let body = messages::load(tx, sent.message)?.body.unwrap_or_default();
            if is_question(&body) {
                return Ok(sent.accepted_at);
            }
        }
    }
    Ok(None)
}

/// Whether a text asks something.
pub(crate) fn is_question(body: &str) -> bool {
    body.contains(['?', '؟'])
}

/// The client's authorisations of this request, and for each party the one that rules, if one was ever asked for.
pub(crate) fn authorisations(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Authorisations, ToolError> {
    let client = guard.request().client;
    let mut all = consents_of(tx, guard)?;
    let callee = ruling(&all, ConsentKey::Callee, client, calling_policy::Party::Client);
    all.retain(|consent| consent.key() == ConsentKey::Authorisation && consent.contact() == client);
    let rules = |party| {
        let rules = ruling(&all, ConsentKey::Authorisation, client, party);
        rules.filter(|consent| consent.scope().covers(party))
    };
    let (vendor, client) = (rules(calling_policy::Party::Vendor), rules(calling_policy::Party::Client));
    Ok(Authorisations { all, vendor, client, callee })
}

/// See [`authorisations`].
pub(crate) struct Authorisations {
    /// All of them.
    pub(crate) all: Vec<Consent>,
    /// The one that rules for calls to vendors.
    pub(crate) vendor: Option<Consent>,
    /// The one that rules for calls to the client.
    pub(crate) client: Option<Consent>,
    /// The client's word on being called themselves (key 2) that rules.
    pub(crate) callee: Option<Consent>,
}

/// Whether the client allows calls to this party now.
pub(crate) fn is_granted(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    party: calling_policy::Party,
) -> Result<bool, ToolError> {
    let given = authorisations(tx, guard)?;
    let rules = match party {
        calling_policy::Party::Vendor => given.vendor,
        calling_policy::Party::Client => given.client,
    };
    let now = guard.now(tx);
    Ok(rules.is_some_and(|consent| consent.status(now) == ConsentStatus::Granted))
}

fn contacted_vendor(
    tx: &mut Tx<'_>,
    request: &Request,
    vendor: &VendorId,
) -> Result<(Contact, String), ToolError> {
    let known = match vendors::load(tx, vendor) {
        Ok(known) => known,
        Err(StoreError::NotFound) => {
            return refuse(RefusalCode::VendorUnknown, "the directory has no such vendor");
        }
        Err(error) => return Err(error.into()),
    };
    let outreach =
        sourcing::outreaches_of(tx, request.id)?.into_iter().find(|outreach| outreach.vendor == *vendor);
    let Some(outreach) = outreach else {
        return refuse(RefusalCode::NotContacted, "this vendor was not contacted for this request");
    };
    Ok((contacts::load(tx, outreach.contact)?, known.timezone))
}

fn callee_facts(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    contact: &Contact,
    consents: &[Consent],
    vendors_zone: Option<String>,
) -> Result<CalleeFacts, ToolError> {
    let phone_number_id = guard.request().phone_number_id.clone();
    let party = match vendors_zone {
        Some(_) => calling_policy::Party::Vendor,
        None => calling_policy::Party::Client,
    };
    let clients_zone = || {
        let by_number = contact.phone.as_ref().and_then(zone_of_phone).map(str::to_owned);
        contact.timezone.clone().or(by_number)
    };
    Ok(CalleeFacts {
        consent: ruling(consents, ConsentKey::Callee, contact.id, party),
        permission: calls::permission(tx, contact.id, &phone_number_id)?,
        phone_number_id,
        zone: vendors_zone.or_else(clients_zone),
    })
}

fn vendor_facts(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    id: &VendorId,
    contact: &Contact,
    latest: &[Message],
) -> Result<VendorFacts, ToolError> {
    let request = guard.request().id;
    let newest = calls::sent_to(tx, request, contact.id, LOOK_BACK)?
        .into_iter()
        // What the code says by itself, the confirmation of a YES, asks nothing.
        .filter(|sent| sent.author != ActorKind::System)
        .find(|sent| matches!(sent.purpose, Purpose::VendorInquiry | Purpose::VendorMessage));
    let message_accepted_at = newest.and_then(|sent| sent.accepted_at);
    let mut reply = reply_of(tx, guard, id, contact, latest)?;
    // Asked for several requests, a vendor who quotes none answers any of them: not silent, and not ambiguous here.
    if let Some(accepted_at) = message_accepted_at
        && let Some(at) = messages::vendor_wrote_unplaced(tx, contact.id, accepted_at)?
        && reply.is_none_or(|reply| reply.at < at)
    {
        reply = Some(VendorReply { at, confidence: confidence_of(1.0)? });
    }
    Ok(VendorFacts {
        id: id.clone(),
        contact: contact.id,
        opted_out: is_out(contact),
        message_accepted_at,
        reply,
    })
}

/// The vendor's latest word; whether we may call is not what was asked. One that nobody has read yet is an answer all the same, and not an ambiguous one.
fn reply_of(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    vendor: &VendorId,
    contact: &Contact,
    latest: &[Message],
) -> Result<Option<VendorReply>, ToolError> {
    let written = latest
        .iter()
        .rev()
        .find(|message| {
            message.direction == Direction::In
                && message.contact == contact.id
                && message.kind != MessageKind::Consent
        })
        .map(|message| (message.id, message.meta_at));
    let read = sourcing::replies_of(tx, guard.request().id)?
        .into_iter()
        .rfind(|reply| reply.vendor == *vendor)
        .map(|reply| (reply.message, reply.confidence));
    let (at, confidence) = match (written, read) {
        (Some((message, at)), Some((of, confidence))) if message == of => (at, confidence),
        (Some((_, at)), _) => (at, 1.0),
        (None, Some((of, confidence))) => (messages::load(tx, of)?.meta_at, confidence),
        (None, None) => return Ok(None),
    };
    Ok(Some(VendorReply { at, confidence: confidence_of(confidence)? }))
}

fn confidence_of(stored: f64) -> Result<Confidence, ToolError> {
    Confidence::new(stored).map_err(|_| StoreError::Corrupt { what: "replies.confidence" }.into())
}

fn attempts_of(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    contact: ContactId,
) -> Result<Vec<PastAttempt>, ToolError> {
    let since = guard.now(tx) - ATTEMPTS_COUNT_FOR;
    Ok(calls::past(tx, guard.request().id, contact, since)?)
}

fn consents_of(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Vec<Consent>, ToolError> {
    let stored = calls::consents_of_request(tx, guard.request().id)?;
    Ok(stored.into_iter().map(|stored| stored.consent).collect())
}

/// The consent that rules: of those that cover such a call the one with the newest answer, else the newest; where
/// none covers it, the newest of any scope, so that the refusal can say so. A NO to a later prompt outweighs a YES
/// to an earlier one.
pub fn ruling(
    consents: &[Consent],
    key: ConsentKey,
    of: ContactId,
    party: calling_policy::Party,
) -> Option<Consent> {
    let of_person = || consents.iter().filter(move |consent| consent.key() == key && consent.contact() == of);
    let covering = || of_person().filter(move |consent| consent.scope().covers(party));
    let answered = covering().filter(|consent| consent.answered_at().is_some());
    answered
        .max_by_key(|consent| (consent.answered_at(), consent.requested_at()))
        .or_else(|| covering().max_by_key(|consent| consent.requested_at()))
        .or_else(|| of_person().max_by_key(|consent| (consent.answered_at(), consent.requested_at())))
        .copied()
}

fn is_out(contact: &Contact) -> bool {
    contact.opted_out_at.is_some() || contact.erased_at.is_some()
}
