//! What a Context Pack and the waiting entries say, read once for all rules. Pure.

use std::collections::BTreeSet;

use conversation::{ControlWord, control_words, document, language, need};
use marketplace::{RequestState, VendorId};
use moltbot_contract::{
    Availability, BatchStatus, BatchView, ContextPack, ConversationEntry, EntryKind, OutreachStatus,
    ReplyView, Speaker, Urgency,
};
use tool_registry::{FactSource, Facts, Sourced};

use crate::{ClientContent, Entry, TurnEvent, calling};

/// Below this a vendor's reply is ambiguous (mission C2) and is not offered to the client.
pub(crate) const CONFIDENCE_MIN: f64 = 0.6;

/// What the client sent in this turn, in order.
pub(crate) fn client_contents(entries: &[Entry]) -> impl DoubleEndedIterator<Item = &ClientContent> {
    entries.iter().filter_map(|entry| match &entry.event {
        TurnEvent::ClientMessage { content, .. } => Some(content),
        TurnEvent::VendorMessage { .. } | TurnEvent::Wake { .. } => None,
    })
}

/// What can be read of the client's messages of this turn: texts, and the ids of buttons.
pub(crate) fn readable(entries: &[Entry]) -> impl DoubleEndedIterator<Item = &str> {
    client_contents(entries).filter_map(|content| match content {
        ClientContent::Text(text) | ClientContent::CaptionedDocument(text) if !text.trim().is_empty() => {
            Some(text.as_str())
        }
        ClientContent::Button { id, .. } => Some(id.as_str()),
        ClientContent::Text(_)
        | ClientContent::CaptionedDocument(_)
        | ClientContent::Document
        | ClientContent::UnreadableMedia
        | ClientContent::Location
        | ClientContent::Other => None,
    })
}

/// Whether the client sent anything that calls for an answer. A reaction alone does not, except as the very first
/// message.
pub(crate) fn client_waits(pack: &ContextPack, entries: &[Entry]) -> bool {
    client_contents(entries)
        .any(|content| *content != ClientContent::Other || pack.request.state == RequestState::New)
}

/// Whether something woke the request, other than news of calls.
pub(crate) fn is_woken(entries: &[Entry]) -> bool {
    entries
        .iter()
        .any(|entry| matches!(&entry.event, TurnEvent::Wake { reason } if !calling::is_about_calls(reason)))
}

/// Whether the turn is about calls alone.
pub(crate) fn is_about_calls(entries: &[Entry]) -> bool {
    let is_news =
        |entry: &Entry| matches!(&entry.event, TurnEvent::Wake { reason } if calling::is_about_calls(reason));
    !entries.is_empty() && entries.iter().all(is_news)
}

/// Whether the client has this very text from us, and has said nothing since but YES or NO.
pub(crate) fn was_just_said(pack: &ContextPack, text: &str) -> bool {
    let is_word = |entry: &&ConversationEntry| {
        let answers =
            matches!(control_words::recognise(&entry.text), Some(ControlWord::Yes | ControlWord::No));
        entry.from == Speaker::Us || !(answers || entry.kind == EntryKind::Button)
    };
    pack.conversation
        .iter()
        .rev()
        .filter(|entry| entry.vendor_id.is_none() && entry.from != Speaker::Vendor)
        .filter(is_word)
        .take_while(|entry| entry.from == Speaker::Us)
        .any(|entry| entry.text.trim() == text.trim())
}

/// Whether all that the client wrote in this turn is a wish for a language. It has been confirmed already.
pub(crate) fn is_wish_for_language(entries: &[Entry]) -> bool {
    let mut texts = readable(entries).peekable();
    texts.peek().is_some() && texts.all(|text| language::asked_for(text).is_some())
}

/// Everything the client wrote so far, oldest first: the pack's conversation and what of this turn is not in it. A wish
/// for a language says nothing of the need.
pub(crate) fn client_texts<'a>(pack: &'a ContextPack, entries: &'a [Entry]) -> Vec<&'a str> {
    let known: BTreeSet<_> = pack.conversation.iter().map(|entry| entry.message_id).collect();
    let stored = pack
        .conversation
        .iter()
        // What stands beside a location is no word of theirs on the need, and no vendor reads it.
        .filter(|entry| {
            entry.from == Speaker::Client && !matches!(entry.kind, EntryKind::Button | EntryKind::Other)
        })
        .map(|entry| entry.text.as_str());
    let new = entries.iter().filter_map(|entry| match &entry.event {
        TurnEvent::ClientMessage {
            message,
            content: ClientContent::Text(text) | ClientContent::CaptionedDocument(text),
        } if !known.contains(message) => Some(text.as_str()),
        _ => None,
    });
    let says_something = |text: &&str| !text.trim().is_empty() && language::asked_for(text).is_none();
    stored.chain(new).filter(says_something).collect()
}

/// Whether the client has said what is needed. "Call me" and the like say nothing of it.
pub(crate) fn is_need_stated(pack: &ContextPack, entries: &[Entry]) -> bool {
    let texts = client_texts(pack, entries);
    confirmed_need(pack).is_some()
        || texts.iter().any(|text| need::is_stated(text) && control_words::recognise(text).is_none())
}

/// Below this what was read from a picture is not shown to be confirmed: the client types it.
pub(crate) const LEGIBLE_MIN: f64 = 0.3;
/// The longest need made of a picture, in code points; below the contract's 400.
const READ_NEED_MAX: usize = 280;

/// The lines read from the client's pictures that say what is needed, for the client to confirm. None of them is
/// passed on before that.
pub(crate) fn lines_read(pack: &ContextPack) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for read in pack.ocr.iter().filter(|read| read.confidence >= LEGIBLE_MIN) {
        for line in document::lines(&read.text, pack.request.prescription) {
            if lines.len() < document::LINES_MAX && !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

/// What our last words to the client were, if the client has answered them in this turn: with YES or NO as told, and
/// nothing else.
fn answered(pack: &ContextPack, entries: &[Entry], answer: ControlWord) -> Option<String> {
    let mut said = readable(entries);
    let is_answer = |text: &str| control_words::recognise(text) == Some(answer);
    if !is_answer(said.next()?) || said.any(|text| !is_answer(text)) {
        return None;
    }
    let between = pack.conversation.iter().rev().filter(|entry| entry.vendor_id.is_none());
    let ours = between
        .filter(|entry| entry.from != Speaker::Vendor)
        .skip_while(|entry| entry.from == Speaker::Client && is_answer(&entry.text))
        .take_while(|entry| entry.from == Speaker::Us);
    let told: Vec<&str> = ours.map(|entry| entry.text.as_str()).collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

/// The need that the client confirms in this turn: the lines of a picture that our question showed, answered with YES.
/// Before any vendor was asked; later a picture changes no need.
pub(crate) fn confirmed_now(pack: &ContextPack, entries: &[Entry]) -> Option<String> {
    if !pack.batches.is_empty() || pack.ocr.is_empty() {
        return None;
    }
    let told = answered(pack, entries, ControlWord::Yes)?;
    let shown: Vec<String> = lines_read(pack).into_iter().filter(|line| told.contains(line)).collect();
    (!shown.is_empty()).then(|| conversation::catalogue::shorten(&shown.join("; "), READ_NEED_MAX))
}

/// Whether the client says that what we read is wrong.
pub(crate) fn rejects_reading(pack: &ContextPack, entries: &[Entry]) -> bool {
    let told = answered(pack, entries, ControlWord::No);
    told.is_some_and(|told| lines_read(pack).iter().any(|line| told.contains(line)))
}

/// The need that the client confirmed, as long as no vendor was asked.
pub(crate) fn confirmed_need(pack: &ContextPack) -> Option<&str> {
    pack.request.need.as_deref().filter(|need| pack.batches.is_empty() && !need.trim().is_empty())
}

/// Whether the last word between the client and us is the client's.
pub(crate) fn is_unanswered(pack: &ContextPack) -> bool {
    pack.conversation
        .iter()
        .rev()
        .filter(|entry| entry.vendor_id.is_none() && entry.kind != EntryKind::Other)
        .find(|entry| entry.from != Speaker::Vendor)
        .is_some_and(|entry| entry.from == Speaker::Client)
}

/// The offers: of each contacted vendor the latest reply, if it has the thing in stock and reads clearly. Best
/// price first within a currency, unpriced last.
pub(crate) fn offers(pack: &ContextPack) -> Vec<&ReplyView> {
    let mut offers: Vec<&ReplyView> = pack
        .vendors_contacted
        .iter()
        .filter_map(|vendor| pack.replies.iter().rev().find(|reply| reply.vendor_id == vendor.vendor_id))
        .filter(|reply| reply.availability == Availability::InStock && reply.confidence >= CONFIDENCE_MIN)
        .filter(|reply| reply.price_minor.is_some() == reply.currency.is_some())
        .collect();
    // Prices of different currencies are not comparable: they stand in groups.
    offers.sort_by_key(|reply| (reply.price_minor.is_none(), reply.currency, reply.price_minor));
    offers
}

/// The batch that was opened last.
pub(crate) fn last_batch(pack: &ContextPack) -> Option<&BatchView> {
    pack.batches.iter().max_by_key(|batch| batch.ordinal)
}

/// The open batch, if it is too early to judge it: not enough offers, somebody may still answer, and the
/// deadline has not passed.
pub(crate) fn running_batch(pack: &ContextPack) -> Option<&BatchView> {
    let batch = last_batch(pack).filter(|batch| batch.status == BatchStatus::Open)?;
    let enough = usize::from(batch.offers_wanted) <= offers(pack).len()
        || u32::from(batch.offers_wanted) <= batch.offers;
    let waiting = pack
        .vendors_contacted
        .iter()
        .any(|vendor| vendor.batch == batch.ordinal && vendor.status == OutreachStatus::Waiting);
    (!enough && waiting && pack.now < batch.deadline_at).then_some(batch)
}

/// Whether the last batch has come to its end and the client has not heard what came of it.
pub(crate) fn has_untold_result(pack: &ContextPack) -> bool {
    let Some(batch) = last_batch(pack) else { return false };
    let asked_at = pack
        .vendors_contacted
        .iter()
        .filter(|vendor| vendor.batch == batch.ordinal)
        .map(|vendor| vendor.contacted_at)
        .min();
    let told = match (&pack.shortlist, asked_at) {
        (Some(shortlist), Some(asked_at)) => shortlist.sent_at >= asked_at,
        (Some(_), None) => true,
        (None, _) => false,
    };
    running_batch(pack).is_none() && !told
}

/// The vendor's name as the client reads it.
pub(crate) fn vendor_name<'a>(pack: &'a ContextPack, vendor: &'a VendorId) -> &'a str {
    pack.contacted(vendor.as_str())
        .map(|contacted| contacted.name.trim())
        .filter(|name| !name.is_empty())
        .unwrap_or(vendor.as_str())
}

/// What the client's own words say beside the need, where the stored facts do not have it yet. The pack is
/// brought up to date, so that this very turn is already held to it (a prescription above all).
pub(crate) fn learn(pack: &mut ContextPack, entries: &[Entry]) -> Facts {
    let texts = client_texts(pack, entries);
    let urgent = texts.iter().any(|text| need::is_urgent(text));
    let prescription = texts.iter().any(|text| need::mentions_prescription(text));
    let mut facts = Facts::default();
    if urgent && pack.request.urgency == Urgency::Normal {
        pack.request.urgency = Urgency::Urgent;
        facts.urgency = Some(Sourced::new(Urgency::Urgent, FactSource::Client));
    }
    if prescription && !pack.request.prescription {
        pack.request.prescription = true;
        facts.prescription = Some(Sourced::new(true, FactSource::Client));
    }
    if let Some(need) = confirmed_now(pack, entries) {
        pack.request.need = Some(need.clone());
        facts.normalized_need = Some(Sourced::new(need, FactSource::Ocr));
    }
    facts
}
