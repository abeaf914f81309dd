//! Whether anything has to be decided at all, and what fixed rules decide before Moltbot is asked. Pure.

use conversation::{ControlWord, Pick, PickItem, control_words, pick};
use marketplace::{MessageId, RequestState};
use moltbot_contract::ContextPack;

use crate::{
    ClientContent, Entry, Source, TurnEvent, calling,
    next::{Next, Ruling, why},
    reading, workflow,
};

/// Pictures of one turn that are read, at most: the first ones.
pub(crate) const DOCUMENTS_MAX: usize = 5;

/// What fixed rules say of a turn; `None`: it has to be decided.
pub(crate) fn rule(pack: &ContextPack, entries: &[Entry]) -> Option<Ruling> {
    silent(pack)
        .or_else(|| client_word(pack, entries))
        .or_else(|| client_wants_call(pack, entries))
        .or_else(|| client_choice(pack, entries))
        .or_else(|| documents(pack, entries))
        .or_else(|| nothing_to_decide(pack, entries))
}

/// In these states the bot says nothing.
pub(crate) fn silent(pack: &ContextPack) -> Option<Ruling> {
    let (why, reason) = match pack.request.state {
        RequestState::HandedOff => ("client and vendor have each other's contact", "request_handed_off"),
        RequestState::Closed => ("the request is closed", "request_closed"),
        RequestState::Escalated => ("a person owns the request", "human_control"),
        RequestState::Error => ("the request stopped; a person decides", "request_in_error"),
        RequestState::New
        | RequestState::Clarifying
        | RequestState::OcrProcessing
        | RequestState::Sourcing
        | RequestState::Shortlisted => return None,
    };
    Some(Ruling::nothing(why, reason))
}

/// The client ends the request or wants a person: nobody has to think about that.
fn client_word(pack: &ContextPack, entries: &[Entry]) -> Option<Ruling> {
    let words: Vec<Option<ControlWord>> = reading::readable(entries).map(control_words::recognise).collect();
    if words.contains(&Some(ControlWord::Human)) {
        let next = Next::Decision(workflow::escalation(pack, "the client wants a person"));
        return Some(by_rule(next, "client_wants_person"));
    }
    // What follows a "cancel" may take it back.
    (words.last() == Some(&Some(ControlWord::Cancel))).then(|| by_rule(Next::Close, "client_cancelled"))
}

/// "Call me" alone says nothing of the need: the question whether we may is the answer, see [`calling::wish`].
fn client_wants_call(pack: &ContextPack, entries: &[Entry]) -> Option<Ruling> {
    (calling::is_possible(pack) && calling::is_all_there_is(pack, entries))
        .then(|| Ruling::nothing("the client wants a call", "client_asked_call"))
}

/// Pictures and documents are read first, whatever else was said: the turn goes on once they are. Without OCR, and for
/// other media, words beside them are all there is.
fn documents(pack: &ContextPack, entries: &[Entry]) -> Option<Ruling> {
    let documents: Vec<_> = entries.iter().filter_map(document).take(DOCUMENTS_MAX).collect();
    if pack.policies.ocr_enabled && !documents.is_empty() {
        return Some(by_rule(Next::ReadDocuments(documents), "document_received"));
    }
    let answer = workflow::answer_to_media(pack, entries)?;
    Some(by_rule(
        Next::Decision(answer),
        if documents.is_empty() { "media_unreadable" } else { "ocr_disabled" },
    ))
}

fn document(entry: &Entry) -> Option<MessageId> {
    match &entry.event {
        TurnEvent::ClientMessage {
            message,
            content: ClientContent::Document | ClientContent::CaptionedDocument(_),
        } => Some(*message),
        _ => None,
    }
}

/// The client's pick of a line of the last shortlist. Irreversible, so only what is exact counts.
fn client_choice(pack: &ContextPack, entries: &[Entry]) -> Option<Ruling> {
    if pack.request.state != RequestState::Shortlisted {
        return None;
    }
    let items = pick_items(pack);
    let mut choice = Pick::None;
    for text in reading::readable(entries) {
        choice = match (choice, pick::recognise(text, &items)) {
            (Pick::Chosen(_) | Pick::Ambiguous, Pick::None) if takes_back(text) => Pick::Ambiguous,
            (earlier, Pick::None) => earlier,
            (Pick::Chosen(one), Pick::Chosen(other)) if one != other => Pick::Ambiguous,
            (Pick::Ambiguous, _) => Pick::Ambiguous,
            (_, latest) => latest,
        };
    }
    match choice {
        Pick::Chosen(index) => {
            let vendor = items.into_iter().nth(index)?.vendor_id;
            let why = format!("the client picked {vendor}");
            Some(Ruling::by_rule(Next::HandOff(vendor), Source::ClientChoice, why, "client_pick"))
        }
        Pick::Ambiguous => Some(by_rule(Next::Decision(workflow::pick_again(pack)), "pick_unclear")),
        Pick::None => None,
    }
}

/// The lines of the last shortlist as the client saw them.
fn pick_items(pack: &ContextPack) -> Vec<PickItem> {
    let lines = pack.shortlist.iter().flat_map(|shortlist| &shortlist.items);
    lines
        .filter_map(|item| {
            let position = u8::try_from(item.position).ok()?;
            let vendor_name = reading::vendor_name(pack, &item.vendor_id).to_owned();
            Some(PickItem { position, vendor_id: item.vendor_id.clone(), vendor_name })
        })
        .collect()
}

fn takes_back(text: &str) -> bool {
    matches!(control_words::recognise(text), Some(ControlWord::No | ControlWord::Cancel))
}

/// Turns that only vendors or timers started, while there is nothing to judge yet or any more.
fn nothing_to_decide(pack: &ContextPack, entries: &[Entry]) -> Option<Ruling> {
    if reading::client_waits(pack, entries) {
        return None;
    }
    if let Some(batch) = reading::running_batch(pack) {
        let (offers, wanted) = (reading::offers(pack).len(), batch.offers_wanted);
        let why =
            format!("batch {} runs: {offers} of {wanted} offers, its deadline has not passed", batch.ordinal);
        return Some(Ruling::nothing(why, "batch_open"));
    }
    let woken = reading::is_woken(entries);
    match pack.request.state {
        RequestState::Sourcing => None,
        RequestState::OcrProcessing if woken => None,
        // What is said about calls is no answer that anybody waits for.
        RequestState::New | RequestState::Clarifying
            if reading::is_unanswered(pack) && !reading::is_about_calls(entries) =>
        {
            None
        }
        RequestState::Shortlisted => {
            Some(Ruling::nothing("the client has the shortlist; what came later is kept", "late_reply"))
        }
        _ => Some(Ruling::nothing("we wait for the client", "waiting_for_client")),
    }
}

fn by_rule(next: Next, reason: &str) -> Ruling {
    let why = why(&next);
    Ruling::by_rule(next, Source::CodedWorkflow, why, reason)
}
