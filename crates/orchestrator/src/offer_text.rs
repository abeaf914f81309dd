//! The shortlist as the client reads it: every line from the stored reply, never from a model's numbers. Pure.

use std::collections::BTreeSet;

use conversation::{ButtonId, Sentence, text};
use marketplace::{Money, VendorId, look};
use moltbot_contract::{
    ContextPack, ReplyView, Shortlist, ShortlistItem,
    limits::{BODY_MAX, BODY_WITH_BUTTONS_MAX},
};
use tool_registry::{BUTTON_TITLE_MAX, BUTTONS_MAX, Button};

use crate::{reading, vendor_brief};

/// A vendor's name in a line, in code points.
const NAME_MAX: usize = 60;
/// What a vendor said of the time, in code points.
const ETA_MAX: usize = 80;

/// Body and buttons of a shortlist.
pub(crate) fn compose(shortlist: &Shortlist, pack: &ContextPack) -> (String, Vec<Button>) {
    let language = pack.request.language;
    let lines = |with_notes: bool| {
        let numbered = (1_u8..).zip(&shortlist.items);
        numbered.filter_map(|(position, item)| line(position, item, pack, with_notes)).collect::<Vec<_>>()
    };
    let footer = shortlist.handoff.offer.then(|| text(language, &Sentence::ShortlistFooter));
    let body = |summary: &str, lines: &[String]| {
        let parts = [Some(summary.trim().to_owned()), Some(lines.join("\n")), footer.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    };
    let header = text(language, &Sentence::ShortlistHeader { count: shortlist.items.len() });
    // A number that nobody named could be a price: the sentence gives way to our own.
    let summary = if is_supported(shortlist, pack) { &shortlist.summary_text } else { &header };
    // What gives way when it gets too long: remarks first, then the summary. The offers stay whole.
    let full = body(summary, &lines(true));
    let plain = body(summary, &lines(false));
    let bodies = [full, plain, body(&header, &lines(false))];
    let fitting = bodies.into_iter().find(|body| length(body) <= BODY_MAX).unwrap_or(header);
    let buttons = if shortlist.handoff.offer { buttons(shortlist, pack) } else { Vec::new() };
    if length(&fitting) <= BODY_WITH_BUTTONS_MAX { (fitting, buttons) } else { (fitting, Vec::new()) }
}

/// Whether every number of the summary is one that the offers or the client's own words hold, or counts the offers.
fn is_supported(shortlist: &Shortlist, pack: &ContextPack) -> bool {
    let mut known: BTreeSet<String> = (0..=shortlist.items.len()).map(|count| count.to_string()).collect();
    for reply in shortlist.items.iter().filter_map(|item| pack.reply(item.reply()?)) {
        known.extend(price(reply).iter().flat_map(|price| numbers(&price.to_string())));
        known.extend(reply.eta.iter().flat_map(|eta| numbers(eta)));
    }
    let told = reading::client_texts(pack, &[]).into_iter().chain(pack.request.need.as_deref());
    known.extend(told.flat_map(numbers));
    numbers(&shortlist.summary_text).is_subset(&known)
}

/// The numbers of a text, without thousands' marks and empty decimals.
fn numbers(text: &str) -> BTreeSet<String> {
    let seen = look::seen(text);
    let runs = seen.split(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','));
    let plain = |run: &str| {
        let run = run.trim_matches(['.', ',']);
        let whole = run.strip_suffix(".00").or_else(|| run.strip_suffix(",00")).unwrap_or(run);
        whole.chars().filter(char::is_ascii_digit).collect::<String>()
    };
    runs.map(plain).filter(|run| !run.is_empty()).collect()
}

fn line(position: u8, item: &ShortlistItem, pack: &ContextPack, with_note: bool) -> Option<String> {
    let reply = pack.reply(item.reply()?)?;
    let name = short(reading::vendor_name(pack, &reply.vendor_id), NAME_MAX);
    // Vendors write freely; their number comes with the handoff and not before.
    let eta = reply.eta.as_deref().map(vendor_brief::without_contacts).filter(|eta| !eta.is_empty());
    let eta = eta.map(|eta| short(&eta, ETA_MAX));
    let line = text(
        pack.request.language,
        &Sentence::ShortlistLine {
            position,
            vendor: &name,
            price: price(reply),
            eta: eta.as_deref(),
            distance_km: distance(pack, &reply.vendor_id),
        },
    );
    // A remark with a number in it could be a price that no vendor named.
    let note = item.note.as_deref().filter(|note| with_note && !note.chars().any(char::is_numeric));
    Some(match note {
        Some(note) => format!("{line}\n   {}", note.split_whitespace().collect::<Vec<_>>().join(" ")),
        None => line,
    })
}

/// One button a line, if each line can have one.
fn buttons(shortlist: &Shortlist, pack: &ContextPack) -> Vec<Button> {
    if shortlist.items.len() > BUTTONS_MAX {
        return Vec::new();
    }
    let buttons: Option<Vec<Button>> = (1_u8..)
        .zip(&shortlist.items)
        .map(|(position, item)| {
            let vendor = item.vendor()?;
            let title = Sentence::ButtonPick { position, vendor: reading::vendor_name(pack, &vendor) };
            let title = text(pack.request.language, &title);
            let fits = (1..=BUTTON_TITLE_MAX).contains(&length(&title));
            fits.then(|| Button { id: ButtonId::Pick(vendor).to_string(), title })
        })
        .collect();
    buttons.unwrap_or_default()
}

fn price(reply: &ReplyView) -> Option<Money> {
    Money::new(reply.price_minor?, reply.currency?).ok()
}

fn distance(pack: &ContextPack, vendor: &VendorId) -> Option<f64> {
    pack.vendors_found.iter().find(|found| found.vendor_id == *vendor)?.distance_km
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn short(text: &str, limit: usize) -> String {
    if length(text) <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}
