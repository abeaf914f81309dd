//! A request's story as one page: everything in it, nothing fetched, nothing that runs. For a customer, an auditor or
//! a court, who know none of our words.
//!
//! Templates are compiled (maud), so every text of others is escaped; [`text`] makes visible what escaping leaves
//! invisible. Sections stand in the order in which a reader asks: what was wanted, what happened, who was asked,
//! what was offered, and whether this account can be trusted.

mod account;
mod audit;
mod calls;
mod sections;
mod text;

use marketplace::{Control, Timestamp};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::dossier::{Dossier, ERASED, Facts};
use super::words;
use crate::listing::second;
use text::{line, words as told};

const STYLE: &str = include_str!("style.css");
/// Even a browser that finds something to fetch or to run in here must not.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
pub(super) fn render(dossier: &Dossier) -> String {
    let request = &dossier.request;
    let need = request.need.as_deref().map_or_else(|| "A request".to_owned(), text::plain);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="robots" content="noindex";
                title { "Record of " (request.id) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.eyebrow { "Record of a request" }
                    h1 dir="auto" { (need) }
                    p.id { (request.id) }
                    (verdict(dossier))
                    (facts(request))
                }
                main {
                    (sections::states(dossier))
                    (account::section(dossier))
                    (sections::vendors(dossier))
                    (calls::section(dossier))
                    (sections::shortlists(dossier))
                    (sections::handoff(dossier))
                    (audit::section(dossier))
                }
                footer {
                    p {
                        "Made on " (moment(dossier.read_at)) " by concierge-admin " (env!("CARGO_PKG_VERSION"))
                        ". Holds personal data: names, numbers and what people wrote."
                    }
                }
            }
        }
    }
    .into_string()
}

/// Whether the account can be trusted, before it is read.
fn verdict(dossier: &Dossier) -> Markup {
    let records = dossier.audit.len();
    match &dossier.audit_fault {
        None => html! {
            p.verdict.holds { b { "The audit chain holds." } " " (records) " records, each tied to the one before. "
                a href="#audit" { "How to check it" } }
        },
        Some(fault) => html! {
            p.verdict.broken role="alert" { b { "The audit does not hold." } " " (line(fault)) ". What follows \
                may have been altered. " a href="#audit" { "Details" } }
        },
    }
}

fn facts(request: &Facts) -> Markup {
    let person = |text: Option<&str>| text.map_or_else(|| html! { (ERASED) }, line);
    let driver = match request.control {
        Control::Bot => "by the concierge",
        Control::Human => "by a person",
    };
    html! {
        dl.facts {
            div { dt { "Client" } dd { (person(request.client.name.as_deref())) } }
            div { dt { "Number" } dd.number { (person(request.client.phone.as_deref())) } }
            div { dt { "State" } dd { (words::state(&request.state.to_string())) ", driven " (driver) } }
            div { dt { "Kind" } dd {
                (request.category.as_deref().map_or_else(|| html! { "–" }, |category| line(&words::state(category))))
                @if request.prescription { ", prescription" }
                @if request.urgency != moltbot_contract::Urgency::Normal { ", urgent" }
            } }
            div { dt { "Opened" } dd.number { (moment(request.created_at)) } }
            div { dt { "Last change" } dd.number { (moment(request.updated_at)) } }
        }
        p.note { "All times are UTC." }
    }
}

/// `2026-09-21 14:13:20`, which the page says once is UTC.
fn moment(at: Timestamp) -> String {
    second(at).trim_end_matches('Z').to_owned()
}

/// `2026-09-21` and `14:13:20`.
fn date_and_time(at: Timestamp) -> (String, String) {
    let moment = moment(at);
    let (date, time) = moment.split_once(' ').unwrap_or((&moment, ""));
    (date.to_owned(), time.to_owned())
}

/// Text of several lines, each as it was written.
fn block(text: &str) -> Markup {
    html! { div.text dir="auto" { (told(text)) } }
}

#[cfg(test)]
#[path = "../page_tests.rs"]
mod tests;
