//! The parts a reader looks up: the way through the states, the vendors, the offers, the handoff.

use marketplace::Money;
use maud::{Markup, html};

use super::{
    super::{
        dossier::{Batch, BatchVendor, Dossier, Reply},
        words,
    },
    date_and_time, line, moment,
};

pub(super) fn states(dossier: &Dossier) -> Markup {
    html! {
        section aria-labelledby="states" {
            h2 #states { "The way it took" }
            ol.way {
                @for change in &dossier.states {
                    li { b { (line(&words::state(&change.to))) } time datetime=(change.at) { (date_and_time(change.at).1) } }
                }
            }
            table {
                thead { tr { th.when { "When" } th { "State" } th { "Why" } th { "By" } } }
                tbody { @for change in &dossier.states {
                    tr {
                        td.when { (moment(change.at)) }
                        td { (line(&words::state(&change.to))) }
                        td { (line(if change.from.is_none() { "The client wrote for the first time" } else { &change.reason })) }
                        td { (words::actor(&change.by)) }
                    }
                } }
            }
        }
    }
}

pub(super) fn vendors(dossier: &Dossier) -> Markup {
    html! {
        @if !dossier.batches.is_empty() {
            section aria-labelledby="vendors" {
                h2 #vendors { "Vendors asked" }
                p.note { "At most 5 vendors are asked at a time, and at most 15 for one request." }
                @for batch in &dossier.batches { (round(batch, dossier)) }
            }
        }
    }
}

fn round(batch: &Batch, dossier: &Dossier) -> Markup {
    html! {
        h3 { "Round " (batch.ordinal) ", " (words::batch(batch.status)) }
        p.note { "Opened " (moment(batch.opened_at)) ", answers wanted by " (moment(batch.deadline_at)) "." }
        table {
            thead { tr { th.n { "#" } th { "Vendor" } th { "Came of it" } th { "Answer" } th.amount { "Price" }
                th { "When" } th.n { "Sure" } th.when { "Answered" } } }
            tbody { @for vendor in &batch.vendors { (rows(vendor, dossier)) } }
        }
    }
}

/// A vendor has a row, and one more for each further answer.
fn rows(vendor: &BatchVendor, dossier: &Dossier) -> Markup {
    let replies: Vec<&Reply> =
        dossier.replies.iter().filter(|reply| reply.vendor_id == vendor.vendor_id).collect();
    let mut cells: Vec<Option<&Reply>> = replies.into_iter().map(Some).collect();
    if cells.is_empty() {
        cells.push(None);
    }
    html! {
        @for (n, reply) in cells.into_iter().enumerate() {
            tr {
                @if n == 0 { td.n { (vendor.slot) } td { (line(&vendor.name)) } td { (words::outreach(vendor.status)) } }
                @else { td {} td {} td {} }
                @match reply {
                    Some(reply) => {
                        td { (words::availability(reply.availability)) }
                        td.amount { (price(reply)) }
                        td { (reply.eta.as_deref().map_or_else(|| html! { "–" }, line)) }
                        td.n { (percent(reply.confidence)) }
                        td.when { (date_and_time(reply.at).1) }
                    },
                    None => { td { "–" } td.amount { "–" } td { "–" } td.n { "–" } td.when { "–" } },
                }
            }
        }
    }
}

fn price(reply: &Reply) -> String {
    let money =
        reply.price_minor.zip(reply.currency).and_then(|(minor, currency)| Money::new(minor, currency).ok());
    money.map_or_else(|| "–".to_owned(), |money| money.to_string())
}

/// How sure the reader of the answer was.
fn percent(confidence: f64) -> String {
    format!("{:.0} %", confidence * 100.0)
}

pub(super) fn shortlists(dossier: &Dossier) -> Markup {
    html! {
        @if !dossier.shortlists.is_empty() {
            section aria-labelledby="shortlists" {
                h2 #shortlists { "Offered to the client" }
                @for shortlist in &dossier.shortlists {
                    p.note { "Sent " (moment(shortlist.at)) ". Prices are those that were read in the vendors’ answers." }
                    table {
                        thead { tr { th.n { "#" } th { "Vendor" } th.amount { "Price" } th { "When" } } }
                        tbody { @for item in &shortlist.items {
                            @let reply = dossier.replies.iter().find(|reply| reply.reply_id == item.reply_id);
                            tr {
                                td.n { (item.position) }
                                td { (line(&vendor_name(dossier, &item.vendor_id))) }
                                td.amount { (reply.map_or_else(|| "–".to_owned(), price)) }
                                td { (reply.and_then(|reply| reply.eta.as_deref()).map_or_else(|| html! { "–" }, line)) }
                            }
                        } }
                    }
                }
            }
        }
    }
}

fn vendor_name(dossier: &Dossier, id: &marketplace::VendorId) -> String {
    let mut vendors = dossier.batches.iter().flat_map(|batch| &batch.vendors);
    let found = vendors.find(|vendor| vendor.vendor_id == *id);
    found.map_or_else(|| id.as_str().to_owned(), |vendor| vendor.name.clone())
}

pub(super) fn handoff(dossier: &Dossier) -> Markup {
    let Some(handoff) = &dossier.handoff else { return html! {} };
    let choice = dossier.messages.iter().find(|message| message.id == handoff.choice_message_id);
    html! {
        section aria-labelledby="handoff" {
            h2 #handoff { "Handed over" }
            p {
                "On " (moment(handoff.at)) " the client and " b { (line(&handoff.vendor_name)) }
                " were given each other’s contact"
                @if let Some(choice) = choice {
                    ", because the client had written " q dir="auto" { (line(&choice.text)) } " at "
                    (date_and_time(choice.at).1)
                }
                "."
            }
        }
    }
}
