//! `marketplace.send_vendor_message`: a first message joins the open batch; the limits hold for every caller.

use conversation::{ButtonId, Sentence, catalogue};
use marketplace::{Language, OutreachId, RequestState, Timestamp, look};
use moltbot_contract::BatchStatus;
use store::{
    StoreError, Tx, contacts,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload, TemplateUse},
    requests::RequestGuard,
    sourcing::{self, LimitReached},
    timers::{self, TimerKind},
    vendors,
};
use tool_registry::{MessageStatus, RefusalCode, SendVendorMessageArgs, SendVendorMessageResult};
use vendor_search::Openness;

use super::{Effect, client_message::one_line};
use crate::{Caller, Policy, ToolError, error::refuse, gates, mentions, search, staleness};

pub(super) fn run(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    caller: &Caller,
    args: &SendVendorMessageArgs,
) -> Result<Effect, ToolError> {
    let request = guard.request();
    gates::may_send(request, caller)?;
    let vendor = match vendors::load(tx, &args.vendor_id) {
        Ok(vendor) => vendor,
        Err(StoreError::NotFound) => {
            return refuse(RefusalCode::VendorUnknown, "the directory has no such vendor");
        }
        Err(error) => return Err(error.into()),
    };
    if vendor.contact == request.client {
        return refuse(
            RefusalCode::VendorUnknown,
            "the client is not asked as a vendor of their own request",
        );
    }
    let texts: Vec<&str> =
        std::iter::once(args.body.as_str()).chain(args.questions.iter().map(String::as_str)).collect();
    gates::no_client_datum(tx, request, &texts)?;
    gates::prescription_allows(tx, request, caller, &texts, true)?;

    let known = sourcing::outreaches_of(tx, request.id)?
        .into_iter()
        .find(|outreach| outreach.contact == vendor.contact || outreach.vendor == vendor.id);
    // A vendor whose number changed meanwhile is no second vendor: the conversation stays where it began.
    let to = known.as_ref().map_or(vendor.contact, |outreach| outreach.contact);
    let contact = gates::not_opted_out(tx, to, RefusalCode::VendorOptedOut)?;
    if vendor.opted_out && vendor.contact == to {
        return refuse(RefusalCode::VendorOptedOut, "this number is not to be contacted");
    }
    let (outreach_id, first, not_after, opens_at) = if let Some(outreach) = known {
        (outreach.id, false, guard.now(tx) + staleness::VENDOR_MESSAGE, None)
    } else {
        let joined = join_open_batch(tx, policy, guard, &vendor)?;
        (joined.outreach, true, joined.deadline_at, joined.opens_at)
    };
    let body = with_questions(&args.body, &args.questions);
    let mut also_sealed_by = mentions::sealed_by(tx, request, &[&body])?;
    also_sealed_by.push(request.data_key);
    let message_id = messages::insert(
        tx,
        &NewMessage {
            request: Some(request.id),
            contact: to,
            direction: Direction::Out,
            party: Party::Vendor,
            kind: MessageKind::Text,
            body: body.clone(),
            also_sealed_by: also_sealed_by.clone(),
            button_id: None,
            wamid: None,
            quoted_wamid: None,
            meta_at: guard.now(tx),
        },
    )?;
    let intent = outbox::enqueue(
        tx,
        guard,
        &NewSend {
            contact: to,
            message: message_id,
            purpose: if first { Purpose::VendorInquiry } else { Purpose::VendorMessage },
            author: caller.actor.kind,
            payload: SendPayload {
                template: Some(TemplateUse {
                    purpose: "vendor_inquiry".to_owned(),
                    parameters: vec![one_line(&body)],
                }),
                body,
                buttons: if first { answer_buttons(contact.language, outreach_id) } else { Vec::new() },
                reply_to: None,
            },
            also_sealed_by,
            not_after: Some(not_after),
        },
    )?;
    if let Some(opens_at) = opens_at {
        outbox::hold_until(tx, intent, opens_at)?;
    }
    let result = SendVendorMessageResult { message_id, outreach_id, status: MessageStatus::Queued };
    Ok(Effect::new(result).sealed_by(contact.data_key))
}

/// A vendor that joined the open batch.
struct Joined {
    outreach: OutreachId,
    /// The batch's deadline.
    deadline_at: Timestamp,
    /// When the vendor opens, if it is closed now: it hears of the inquiry then.
    opens_at: Option<Timestamp>,
}

fn join_open_batch(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    vendor: &vendors::Vendor,
) -> Result<Joined, ToolError> {
    if guard.request().state != RequestState::Sourcing {
        return refuse(RefusalCode::PlanMissing, "vendors are asked in state sourcing, after a plan");
    }
    if !vendor.accepts_inquiries {
        return refuse(RefusalCode::VendorNotAccepting, "this vendor does not accept inquiries");
    }
    not_tired(tx, policy, guard, vendor)?;
    let open = sourcing::batches_of(tx, guard.request().id)?
        .into_iter()
        .find(|batch| batch.status == BatchStatus::Open);
    let (deadline_at, opens_at) = match &open {
        Some(batch) => deadline_for(tx, guard, vendor, batch)?,
        None => (guard.now(tx), None),
    };
    match (sourcing::add_outreach(tx, guard, &vendor.id, vendor.contact)?, open) {
        (Ok(outreach), Some(_)) => Ok(Joined { outreach, deadline_at, opens_at }),
        (Ok(_) | Err(LimitReached::Batch), None) => {
            refuse(RefusalCode::PlanMissing, "no batch is open: a plan opens the next one")
        }
        (Err(LimitReached::Batch), Some(_)) => refuse(
            RefusalCode::BatchLimit,
            "the open batch is full; the next one opens when every vendor has answered or its deadline passes",
        ),
        (Err(LimitReached::Vendors), _) => {
            refuse(RefusalCode::VendorLimit, "fifteen vendors were contacted for this request")
        }
    }
}

/// A vendor gets so many first messages in 24 hours and no more, whoever asks. Its row is taken first: two requests
/// that ask at the same time count each other.
fn not_tired(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    vendor: &vendors::Vendor,
) -> Result<(), ToolError> {
    contacts::lock(tx, vendor.contact)?;
    let since = guard.now(tx) - search::INQUIRIES_COUNTED;
    if sourcing::asked_since(tx, vendor.contact, since)? < policy.vendor_inquiries_per_day_max {
        return Ok(());
    }
    refuse(RefusalCode::VendorTired, "this vendor had its first messages of the day; ask another one")
}

/// The deadline of the batch that a vendor is about to join, and when that vendor opens. The first of a batch sets it:
/// where nobody is open, the batch waits for the morning with the time it was given. A shop that opens after the
/// deadline would be asked in vain.
fn deadline_for(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    vendor: &vendors::Vendor,
    batch: &sourcing::Batch,
) -> Result<(Timestamp, Option<Timestamp>), ToolError> {
    let opening = search::opening(vendor.hours.as_deref(), &vendor.timezone, guard.now(tx));
    let Openness::ClosedUntil(opens_at) = opening else { return Ok((batch.deadline_at, None)) };
    if opens_at < batch.deadline_at {
        return Ok((batch.deadline_at, Some(opens_at)));
    }
    let request = guard.request().id;
    if sourcing::outreaches_of(tx, request)?.iter().any(|outreach| outreach.batch == batch.id) {
        return refuse(RefusalCode::VendorClosed, "this vendor opens after the open batch is over");
    }
    let deadline_at = opens_at + batch.deadline_at.since(batch.opened_at);
    sourcing::postpone_open_batch(tx, guard, deadline_at)?;
    timers::set(tx, guard, TimerKind::BatchDeadline, &batch.id.to_string(), deadline_at)?;
    Ok((deadline_at, Some(opens_at)))
}

/// The message as it is sent: nothing in it that its reader does not see.
fn with_questions(body: &str, questions: &[String]) -> String {
    let missing = questions.iter().filter(|question| !body.contains(question.as_str()));
    let text = missing.fold(body.to_owned(), |text, question| format!("{text}\n• {question}"));
    look::printable(&text)
}

fn answer_buttons(language: Language, outreach: OutreachId) -> Vec<(String, String)> {
    let button = |yes: bool, title: &Sentence<'_>| {
        (ButtonId::Reply { outreach, yes }.to_string(), catalogue::text(language, title))
    };
    vec![button(true, &Sentence::ButtonInStock), button(false, &Sentence::ButtonOutOfStock)]
}
