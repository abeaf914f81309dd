//! The coded workflow: fixed rules that carry a request from first message to handoff without Moltbot.
//!
//! Pure. It speaks Moltbot's language ([`Decision`]), so that one executor carries out both, and every decision
//! it makes is one that [`moltbot_contract::validate`] accepts.

use conversation::{ControlWord, Sentence, control_words, document, need, text};
use marketplace::{BATCH_SIZE_MAX, Language, RequestState};
use moltbot_contract::{
    AskClient, CallingWish, ContextPack, Decision, Escalate, HandoffOffer, ReplyView, Shortlist,
    ShortlistItem, Speaker, StopConditions, Urgency, VendorFilters, VendorOutreachPlan, limits::CATEGORY_MAX,
    validate,
};
use strum::IntoEnumIterator as _;

use crate::{ClientContent, Entry, calling, next::Next, reading, vendor_brief};

/// Offers that suffice.
pub const OFFERS_WANTED: u8 = 3;
/// How long vendors have, in minutes.
pub const DEADLINE_MINUTES: u16 = 15;
/// How long vendors have when the client said that it is urgent, in minutes.
pub const DEADLINE_MINUTES_URGENT: u16 = 5;
/// Lines of a shortlist of ours, at most.
pub const SHORTLIST_MAX: usize = 5;
/// How often a client is asked what is needed before a person takes over.
pub const ASK_NEED_MAX: usize = 2;
/// The category of the directory when no other is known.
pub const CATEGORY_FALLBACK: &str = "general";

/// What to do next, by fixed rules alone.
pub fn decide(pack: &ContextPack, entries: &[Entry]) -> Next {
    if let Some(answer) = answer_to_media(pack, entries) {
        return Next::Decision(answer);
    }
    match reading::readable(entries).last().and_then(control_words::recognise) {
        Some(ControlWord::Cancel) => return Next::Close,
        Some(ControlWord::Human) => return Next::Decision(escalation(pack, "the client wants a person")),
        Some(ControlWord::CallMe) if calling::is_possible(pack) => {
            // The question whether we may call is the answer; what else was said goes its way.
            if calling::is_all_there_is(pack, entries) {
                return Next::Nothing;
            }
        }
        Some(ControlWord::CallMe) => {
            let sentence = text(pack.request.language, &Sentence::CallingUnavailable);
            return Next::Decision(ask(pack, sentence, "the client wants a call, and calls are not placed"));
        }
        Some(ControlWord::Stop | ControlWord::Start | ControlWord::Yes | ControlWord::No) | None => {}
    }
    if reading::rejects_reading(pack, entries) {
        return type_it(pack);
    }
    if reading::is_wish_for_language(entries) {
        return go_on_in_language(pack, entries);
    }
    match pack.request.state {
        RequestState::New => Next::Decision(first_question(pack, entries)),
        RequestState::Clarifying => clarifying(pack, entries),
        RequestState::OcrProcessing => after_reading(pack, entries),
        RequestState::Sourcing => sourcing(pack, entries),
        RequestState::Shortlisted => Next::Decision(pick_again(pack)),
        RequestState::HandedOff | RequestState::Escalated | RequestState::Closed | RequestState::Error => {
            Next::Nothing
        }
    }
}

/// What is left when the directory has no vendor to ask: the offers there are, or a person.
pub fn without_vendors(pack: &ContextPack) -> Next {
    let offers = reading::offers(pack);
    let reachable = pack.allowed_next_states.contains(&RequestState::Shortlisted);
    Next::Decision(match shortlist(pack, &offers) {
        Some(shortlist) if reachable => shortlist,
        _ => escalation_saying(pack, &Sentence::NoVendorsFound, "no vendor is left to ask, and none has it"),
    })
}

/// The categories of the directory that the need may belong to, likeliest first.
///
/// A category that we found vendors in counts when the client used its words; then comes our own table.
pub fn categories(pack: &ContextPack, entries: &[Entry]) -> Vec<String> {
    let texts = reading::client_texts(pack, entries);
    let told = reading::confirmed_need(pack).into_iter().chain(texts).collect::<Vec<_>>().join(" \n ");
    let words = words(&told);
    let mut named: Vec<&str> = pack
        .vendors_found
        .iter()
        .map(|vendor| vendor.category.as_str())
        .filter(|category| self::words(category).iter().all(|word| words.contains(word)))
        .collect();
    named.sort_by_key(|category| std::cmp::Reverse(category.len()));
    let known = pack.request.category.as_deref();
    let guess = need::guess_category(&told);
    let mut categories: Vec<String> = Vec::new();
    for category in known.into_iter().chain(named).chain(guess).chain([CATEGORY_FALLBACK]) {
        let usable = !category.trim().is_empty() && category.chars().count() <= CATEGORY_MAX;
        if usable && !categories.iter().any(|seen| seen == category) {
            categories.push(category.to_owned());
        }
    }
    categories
}

/// Hands the request to a person.
pub fn escalation(pack: &ContextPack, reason: &str) -> Decision {
    escalation_saying(pack, &Sentence::Escalated, reason)
}

/// Asks for a line of the shortlist again; the state stays.
pub fn pick_again(pack: &ContextPack) -> Decision {
    let count = pack.shortlist.as_ref().map_or(1, |shortlist| shortlist.items.len().max(1));
    ask(
        pack,
        text(pack.request.language, &Sentence::PickUnclear { count }),
        "the client has not clearly picked an offer",
    )
}

/// The answer to pictures, documents, voice messages and the like with nothing readable beside them.
pub(crate) fn answer_to_media(pack: &ContextPack, entries: &[Entry]) -> Option<Decision> {
    if reading::readable(entries).next().is_some() {
        return None;
    }
    let got = |kind: &ClientContent| reading::client_contents(entries).any(|content| content == kind);
    let language = pack.request.language;
    if got(&ClientContent::Document) {
        let why = "the client sent a picture or document, and it cannot be read";
        return Some(ask(pack, text(language, &Sentence::MediaPleaseType), why));
    }
    got(&ClientContent::UnreadableMedia).then(|| {
        ask(
            pack,
            text(language, &Sentence::MediaUnreadable),
            "the client sent a kind of message that cannot be read",
        )
    })
}

fn first_question(pack: &ContextPack, entries: &[Entry]) -> Decision {
    if reading::is_need_stated(pack, entries) {
        ask_details(pack, entries)
    } else {
        ask(
            pack,
            text(pack.request.language, &Sentence::AskNeed),
            "the client has not said yet what is needed",
        )
    }
}

fn ask_details(pack: &ContextPack, entries: &[Entry]) -> Decision {
    let categories = categories(pack, entries);
    let told = reading::client_texts(pack, entries).join(" \n ");
    // Our questions are written for the categories of our own table.
    let category = need::guess_category(&told)
        .or_else(|| categories.first().map(String::as_str))
        .unwrap_or(CATEGORY_FALLBACK);
    ask(pack, text(pack.request.language, &Sentence::AskDetails { category }), "vendors need the details")
}

/// The client wants another language and has read that they get it: what they are being asked is asked in it again.
/// Where they wait for us there is nothing to add.
fn go_on_in_language(pack: &ContextPack, entries: &[Entry]) -> Next {
    match pack.request.state {
        RequestState::New | RequestState::Clarifying if pack.batches.is_empty() => {
            Next::Decision(first_question(pack, entries))
        }
        RequestState::Shortlisted => Next::Decision(pick_again(pack)),
        _ => Next::Nothing,
    }
}

fn clarifying(pack: &ContextPack, entries: &[Entry]) -> Next {
    let stated = reading::is_need_stated(pack, entries);
    if !stated {
        return Next::Decision(if times_asked_need(pack) < ASK_NEED_MAX {
            ask(
                pack,
                text(pack.request.language, &Sentence::AskNeed),
                "the client has not said yet what is needed",
            )
        } else {
            escalation(pack, "the client was asked twice and has not said what is needed")
        });
    }
    if pack.limits.batch_open {
        return Next::Decision(still_waiting(pack, RequestState::Sourcing));
    }
    outreach(pack, entries).map_or_else(|| without_vendors(pack), Next::Decision)
}

/// After a picture was read, or could not be. What it says is passed on to nobody before the client has confirmed it.
fn after_reading(pack: &ContextPack, entries: &[Entry]) -> Next {
    if !pack.batches.is_empty() {
        return match sourcing(pack, entries) {
            // The picture is answered, and vendors go on being asked.
            Next::Nothing => Next::Decision(still_waiting(pack, RequestState::Sourcing)),
            next => next,
        };
    }
    if reading::readable(entries).next().is_some() {
        return clarifying(pack, entries);
    }
    let lines = reading::lines_read(pack);
    if !lines.is_empty() {
        let sentence = text(pack.request.language, &Sentence::DocumentConfirm { lines: &lines });
        let why = "the client confirms what the picture says";
        return Next::Decision(ask_in(RequestState::Clarifying, pack, sentence, why));
    }
    // What was typed beside it is enough without it.
    if reading::is_need_stated(pack, entries) { clarifying(pack, entries) } else { type_it(pack) }
}

/// What a picture says has to be typed.
fn type_it(pack: &ContextPack) -> Next {
    let sentence = text(pack.request.language, &Sentence::DocumentUnreadable);
    let why = "the picture could not be read, or was read wrongly";
    Next::Decision(ask_in(RequestState::Clarifying, pack, sentence, why))
}

fn sourcing(pack: &ContextPack, entries: &[Entry]) -> Next {
    let client_waits = reading::client_waits(pack, entries);
    let wait = || {
        if client_waits { Next::Decision(still_waiting(pack, pack.request.state)) } else { Next::Nothing }
    };
    if reading::running_batch(pack).is_some() {
        return wait();
    }
    let offers = reading::offers(pack);
    let wanted = reading::last_batch(pack).map_or(OFFERS_WANTED, |batch| batch.offers_wanted);
    let enough = offers.len() >= usize::from(wanted);
    if enough && let Some(shortlist) = shortlist(pack, &offers) {
        return Next::Decision(shortlist);
    }
    if let Some(plan) = outreach(pack, entries) {
        return Next::Decision(plan);
    }
    // Replies too unclear to be offers can end a batch early; the others may still answer.
    let may_answer = reading::last_batch(pack).is_some_and(|batch| pack.now < batch.deadline_at);
    if offers.is_empty() && pack.limits.batch_open && may_answer {
        return wait();
    }
    without_vendors(pack)
}

/// The next batch, or the first. `None` when none may be opened now.
fn outreach(pack: &ContextPack, entries: &[Entry]) -> Option<Decision> {
    let room = pack.limits.vendors_remaining.min(pack.limits.batch_size_max).min(BATCH_SIZE_MAX);
    if room == 0 || pack.limits.batch_open {
        return None;
    }
    let category = categories(pack, entries).into_iter().next()?;
    let urgent = pack.request.urgency == Urgency::Urgent;
    let plan = |normalized_need: String| {
        Decision::VendorOutreachPlan(VendorOutreachPlan {
            category: category.clone(),
            normalized_need,
            vendor_filters: VendorFilters::default(),
            batch_size: room,
            vendor_questions: Vec::new(),
            stop_conditions: StopConditions {
                offers_wanted: OFFERS_WANTED,
                deadline_minutes: if urgent { DEADLINE_MINUTES_URGENT } else { DEADLINE_MINUTES },
            },
            calling: CallingWish::default(),
        })
    };
    // The client's words may hold what must not reach vendors, for example a dosage on a prescription.
    let told = vendor_brief::line(pack, entries);
    let stored = pack.request.need.clone().filter(|_| pack.request.state == RequestState::Sourcing);
    // Of such a line the medicine is left, without how it is to be taken.
    let medicine =
        told.as_deref().filter(|_| pack.request.prescription).map(|line| document::lines(line, true));
    let medicine = medicine.map(|lines| lines.join("; ")).filter(|line| !line.is_empty());
    let lines = stored
        .into_iter()
        .chain(told.clone())
        .chain(medicine)
        .chain(told.map(|line| vendor_brief::without_numbers(&line)));
    let last_resort = [category.replace('_', " ")];
    lines.chain(last_resort).map(plan).find(|plan| is_valid(plan, pack))
}

/// The best offers. `None` when there is none, or when not one of them may be shown.
fn shortlist(pack: &ContextPack, offers: &[&ReplyView]) -> Option<Decision> {
    let items: Vec<ShortlistItem> = offers.iter().take(SHORTLIST_MAX).map(|reply| item(reply)).collect();
    let summary = text(pack.request.language, &Sentence::ShortlistHeader { count: items.len() });
    let decision = Decision::Shortlist(Shortlist {
        summary_text: summary,
        items,
        handoff: HandoffOffer { offer: true },
    });
    (!offers.is_empty() && is_valid(&decision, pack)).then_some(decision)
}

/// The time of delivery is left out: the line that the client reads is written from the stored reply.
fn item(reply: &ReplyView) -> ShortlistItem {
    ShortlistItem {
        vendor_id: reply.vendor_id.to_string(),
        reply_id: reply.reply_id.to_string(),
        availability: reply.availability,
        price_minor: reply.price_minor,
        currency: reply.currency.map(|currency| currency.to_string()),
        eta: None,
        note: None,
    }
}

fn still_waiting(pack: &ContextPack, state: RequestState) -> Decision {
    let sentence = text(pack.request.language, &Sentence::StillWaiting);
    ask_in(state, pack, sentence, "vendors are still being asked")
}

/// Asks without moving on; a new request is in clarification from then on.
fn ask(pack: &ContextPack, question: String, why: &str) -> Decision {
    let state = match pack.request.state {
        RequestState::New => RequestState::Clarifying,
        other => other,
    };
    ask_in(state, pack, question, why)
}

fn ask_in(state: RequestState, pack: &ContextPack, question_text: String, why: &str) -> Decision {
    let reachable = state == pack.request.state || pack.allowed_next_states.contains(&state);
    let state_suggestion = if reachable { state } else { pack.request.state };
    Decision::AskClient(AskClient { question_text, why: why.to_owned(), state_suggestion })
}

fn escalation_saying(pack: &ContextPack, sentence: &Sentence<'_>, reason: &str) -> Decision {
    Decision::Escalate(Escalate {
        reason: reason.to_owned(),
        safe_client_message: text(pack.request.language, sentence),
        state_suggestion: RequestState::Escalated,
    })
}

/// How often we asked what is needed, in whatever language.
fn times_asked_need(pack: &ContextPack) -> usize {
    let wordings: Vec<String> = Language::iter().map(|language| text(language, &Sentence::AskNeed)).collect();
    let ours = pack.conversation.iter().filter(|entry| entry.from == Speaker::Us);
    ours.filter(|entry| wordings.contains(&entry.text)).count()
}

fn is_valid(decision: &Decision, pack: &ContextPack) -> bool {
    serde_json::to_vec(decision).is_ok_and(|bytes| validate(&bytes, pack).is_ok())
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
#[path = "workflow_tests.rs"]
mod tests;
