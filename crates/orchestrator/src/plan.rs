//! From what is to be carried out to the calls that carry it out. Pure: what was read (the pack, the vendors
//! found) comes in, calls come out, in the order in which they must take effect.

use std::collections::BTreeSet;

use conversation::{Sentence, need, text};
use marketplace::{BATCH_SIZE_MAX, MediaId, MessageId, RequestState, VendorId};
use moltbot_contract::{
    AskClient, ContextPack, Decision, Escalate, Shortlist, Speaker, VendorFound, VendorOutreachPlan,
    limits::BODY_WITH_BUTTONS_MAX,
};
use tool_registry::{
    Button, CreateOcrJobArgs, FactSource, Facts, Handoff, Plan as BatchPlan, SEARCH_LIMIT_MAX,
    SearchVendorsArgs, SendClientMessageArgs, SendVendorMessageArgs, ShortlistArgs, ShortlistArgsItem,
    Sourced, ToolCall, UpdateRequestStateArgs,
};

use crate::{
    OnRefusal, PlannedCall,
    next::{Next, why},
    offer_text,
};

/// The step of the message to the client.
pub const STEP_CLIENT: &str = "client";
/// The step that moves the request on.
pub const STEP_STATE: &str = "state";
/// What stands before the vendor's id in the steps that write to vendors.
pub const STEP_VENDOR: &str = "vendor/";
/// The step of a wish to call.
pub const STEP_CALLING: &str = "calling";
/// What stands before the message's id in the steps that have documents read.
pub const STEP_OCR: &str = "ocr/";

/// What a plan is made from, beside what is to be carried out.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// The request as it was read.
    pub pack: &'a ContextPack,
    /// What the client's own words add to the stored facts.
    pub learned: &'a Facts,
    /// Who decided, for the facts that a plan states.
    pub author: FactSource,
    /// The vendors to write to, see [`usable`]; read by an outreach plan alone.
    pub vendors: &'a [VendorFound],
}

/// The calls of a turn, in order. Empty exactly for [`Next::Nothing`].
pub fn calls(next: &Next, basis: &Basis<'_>) -> Vec<PlannedCall> {
    match next {
        Next::Decision(Decision::AskClient(ask)) => ask_client(ask, basis),
        Next::Decision(Decision::VendorOutreachPlan(plan)) => vendor_outreach(plan, &why(next), basis),
        Next::Decision(Decision::Shortlist(shortlist)) => show_shortlist(shortlist, &why(next), basis),
        Next::Decision(Decision::Escalate(escalate)) => hand_to_person(escalate, basis),
        Next::HandOff(vendor) => {
            let handoff = Some(Handoff { vendor_id: vendor.clone() });
            let update =
                UpdateRequestStateArgs { handoff, ..state(RequestState::HandedOff, &why(next), basis) };
            vec![required(STEP_STATE, update)]
        }
        Next::Close => vec![
            required(
                STEP_CLIENT,
                message(text(basis.pack.request.language, &Sentence::RequestClosed), basis),
            ),
            required(STEP_STATE, state(RequestState::Closed, &why(next), basis)),
        ],
        Next::ReadDocuments(documents) => read_documents(documents, &why(next), basis),
        Next::Nothing => Vec::new(),
    }
}

/// Hands the request to a person without a word to the client: when even the message is refused.
pub fn silent_escalation(reason: &str, basis: &Basis<'_>) -> Vec<PlannedCall> {
    vec![required(STEP_STATE, state(RequestState::Escalated, reason, basis))]
}

/// The search that an outreach plan needs before it is one.
pub fn search(plan: &VendorOutreachPlan, pack: &ContextPack) -> SearchVendorsArgs {
    SearchVendorsArgs {
        request_id: pack.request.id,
        category: plan.category.clone(),
        filters: plan.vendor_filters.clone(),
        limit: SEARCH_LIMIT_MAX,
    }
}

/// The vendors of a search that this batch writes to: they accept inquiries, were not contacted for this request
/// and are not in `tried`, and are open unless nobody is; best first, at most the plan's batch, the batch limit and what is left of the request's.
pub fn usable(
    found: &[VendorFound],
    plan: &VendorOutreachPlan,
    pack: &ContextPack,
    tried: &BTreeSet<VendorId>,
) -> Vec<VendorFound> {
    let room = plan.batch_size.min(BATCH_SIZE_MAX).min(pack.limits.vendors_remaining);
    let mut seen = tried.clone();
    let fits: Vec<&VendorFound> = found
        .iter()
        .filter(|vendor| vendor.accepts_inquiries && !vendor.contacted)
        .filter(|vendor| pack.contacted(vendor.vendor_id.as_str()).is_none())
        .filter(|vendor| seen.insert(vendor.vendor_id.clone()))
        .collect();
    let any_open = fits.iter().any(|vendor| vendor.opens_at.is_none());
    let asked = fits.into_iter().filter(|vendor| vendor.opens_at.is_none() || !any_open);
    asked.take(usize::from(room)).cloned().collect()
}

fn ask_client(ask: &AskClient, basis: &Basis<'_>) -> Vec<PlannedCall> {
    vec![
        required(STEP_CLIENT, message(ask.question_text.clone(), basis)),
        required(STEP_STATE, state(ask.state_suggestion, &ask.why, basis)),
    ]
}

/// The state first: it opens the batch that the vendors' messages join. If every vendor's message is refused,
/// nothing of the plan takes effect: the client must not be told that vendors are asked.
fn vendor_outreach(plan: &VendorOutreachPlan, reason: &str, basis: &Basis<'_>) -> Vec<PlannedCall> {
    let request = &basis.pack.request;
    let mut update = state(RequestState::Sourcing, reason, basis);
    let facts = update.facts.get_or_insert_default();
    facts.category = Some(Sourced::new(plan.category.clone(), basis.author));
    facts.normalized_need = Some(Sourced::new(plan.normalized_need.clone(), basis.author));
    let speaks_of_one =
        [&plan.category, &plan.normalized_need].into_iter().any(|text| need::mentions_prescription(text));
    if speaks_of_one && !request.prescription {
        facts.prescription = Some(Sourced::new(true, basis.author));
    }
    update.plan = Some(BatchPlan {
        category: plan.category.clone(),
        normalized_need: plan.normalized_need.clone(),
        filters: plan.vendor_filters.clone(),
        batch_size: plan.batch_size,
        vendor_questions: plan.vendor_questions.clone(),
        offers_wanted: plan.stop_conditions.offers_wanted,
        deadline_minutes: plan.stop_conditions.deadline_minutes,
    });
    // Each vendor reads it in their own language; what the client and the plan say stays as it is.
    let body = |language| {
        let inquiry =
            |questions| text(language, &Sentence::VendorInquiry { need: &plan.normalized_need, questions });
        inquiry(&fitting(&plan.vendor_questions, &inquiry(&[])))
    };
    let to_vendor = |vendor: &VendorFound| PlannedCall {
        step: format!("{STEP_VENDOR}{}", vendor.vendor_id),
        call: ToolCall::from(SendVendorMessageArgs {
            request_id: request.id,
            vendor_id: vendor.vendor_id.clone(),
            body: body(vendor.language),
            questions: Vec::new(),
        }),
        on_refusal: OnRefusal::LeaveOut,
    };
    let all_closed =
        !basis.vendors.is_empty() && basis.vendors.iter().all(|vendor| vendor.opens_at.is_some());
    let told = match (all_closed, basis.pack.batches.is_empty()) {
        (true, _) => Sentence::AskingWhenOpen,
        (false, true) => Sentence::AskingVendors,
        (false, false) => Sentence::AskingMoreVendors,
    };
    let told = text(request.language, &told);
    let mut calls = vec![required(STEP_STATE, update)];
    calls.extend(basis.vendors.iter().map(to_vendor));
    // Told once: the third batch is no news to the client.
    let already_told =
        basis.pack.conversation.iter().any(|entry| entry.from == Speaker::Us && entry.text == told);
    if !already_told {
        calls.push(required(STEP_CLIENT, message(told, basis)));
    }
    calls
}

/// The first questions that a text above buttons has room for, each on a line of its own.
fn fitting(questions: &[String], body: &str) -> Vec<String> {
    let mut length = body.chars().count();
    let mut fits = |question: &&String| {
        length += question.chars().count() + "\n• ".chars().count();
        length <= BODY_WITH_BUTTONS_MAX
    };
    questions.iter().take_while(|question| fits(question)).cloned().collect()
}

fn show_shortlist(shortlist: &Shortlist, reason: &str, basis: &Basis<'_>) -> Vec<PlannedCall> {
    let (body, buttons) = offer_text::compose(shortlist, basis.pack);
    let items = shortlist
        .items
        .iter()
        .filter_map(|item| Some(ShortlistArgsItem { vendor_id: item.vendor()?, reply_id: item.reply()? }));
    let mut update = state(RequestState::Shortlisted, reason, basis);
    update.shortlist = Some(ShortlistArgs { items: items.collect() });
    vec![
        required(STEP_CLIENT, SendClientMessageArgs { buttons, ..message(body, basis) }),
        required(STEP_STATE, update),
    ]
}

/// The message first: once a person owns the request, the bot sends nothing.
fn hand_to_person(escalate: &Escalate, basis: &Basis<'_>) -> Vec<PlannedCall> {
    vec![
        required(STEP_CLIENT, message(escalate.safe_client_message.clone(), basis)),
        required(STEP_STATE, state(RequestState::Escalated, &escalate.reason, basis)),
    ]
}

fn read_documents(documents: &[MessageId], reason: &str, basis: &Basis<'_>) -> Vec<PlannedCall> {
    let request = &basis.pack.request;
    let job = |document: &MessageId| {
        // A message holds one media: its row has the message's UUID.
        let media_id = MediaId::from_uuid(document.uuid());
        required(&format!("{STEP_OCR}{document}"), CreateOcrJobArgs { request_id: request.id, media_id })
    };
    let mut calls: Vec<PlannedCall> = documents.iter().map(job).collect();
    calls.push(required(STEP_CLIENT, message(text(request.language, &Sentence::ProcessingImage), basis)));
    calls.push(required(STEP_STATE, state(RequestState::OcrProcessing, reason, basis)));
    calls
}

fn required(step: &str, call: impl Into<ToolCall>) -> PlannedCall {
    PlannedCall { step: step.to_owned(), call: call.into(), on_refusal: OnRefusal::RollBack }
}

fn message(body: String, basis: &Basis<'_>) -> SendClientMessageArgs {
    SendClientMessageArgs {
        request_id: basis.pack.request.id,
        body,
        buttons: Vec::<Button>::new(),
        reply_to: None,
    }
}

fn state(to: RequestState, reason: &str, basis: &Basis<'_>) -> UpdateRequestStateArgs {
    UpdateRequestStateArgs {
        request_id: basis.pack.request.id,
        to,
        reason: reason.to_owned(),
        expected_version: basis.pack.request.version,
        facts: (*basis.learned != Facts::default()).then(|| basis.learned.clone()),
        plan: None,
        shortlist: None,
        handoff: None,
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
