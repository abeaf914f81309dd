//! Who allowed calls, and what became of them.

use calling_policy::ConsentStatus;
use marketplace::Timestamp;
use maud::{Markup, html};

use super::{
    super::{
        calls::{Call, Consent},
        dossier::{Dossier, Facts},
        words,
    },
    account::party,
    date_and_time, line, moment,
};

pub(super) fn section(dossier: &Dossier) -> Markup {
    html! {
        @if !dossier.consents.is_empty() || !dossier.calls.is_empty() {
            section aria-labelledby="calls" {
                h2 #calls { "Calls" }
                p.note {
                    "For a call the client must have allowed calls for this request, and whoever is called must have \
                     allowed it too. Where each consent stands is as of the making of this page."
                }
                @if !dossier.consents.is_empty() { (consents(dossier)) }
                @if !dossier.calls.is_empty() { (calls(dossier)) }
            }
        }
    }
}

fn consents(dossier: &Dossier) -> Markup {
    html! {
        h3 { "Consents" }
        table {
            thead { tr { th { "Of" } th { "Allows" } th { "Stands" } th.when { "Asked" } th.when { "Answered" }
                th.when { "Until" } } }
            tbody { @for consent in &dossier.consents { (consent_row(consent, &dossier.request)) } }
        }
    }
}

fn consent_row(consent: &Consent, request: &Facts) -> Markup {
    let counts = consent.status != ConsentStatus::Denied;
    html! {
        tr {
            td { (party(consent.party, consent.vendor_name.as_deref(), request)) }
            td { (words::allows(consent)) }
            td { (words::consent(consent.status)) }
            td.when { (moment(consent.requested_at)) }
            td.when { (consent.answered_at.map_or_else(|| "–".to_owned(), moment)) }
            td.when { @if counts { (moment(consent.expires_at)) } @else { "–" } }
        }
    }
}

fn calls(dossier: &Dossier) -> Markup {
    html! {
        h3 { "Calls" }
        table {
            thead { tr { th { "To" } th { "Why" } th { "Came of it" } th.when { "Dialled" } th.when { "Picked up" }
                th.when { "Over" } } }
            tbody { @for call in &dossier.calls { (call_row(call, &dossier.request)) } }
        }
    }
}

fn call_row(call: &Call, request: &Facts) -> Markup {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "–".to_owned(), |at| date_and_time(at).1);
    html! {
        tr {
            td { (party(call.party, call.vendor_name.as_deref(), request)) }
            td { (words::trigger(call.trigger)) }
            td {
                (words::call(call))
                @if let Some(code) = &call.end_code {
                    " " span.code { (line(code)) }
                    @if let Some(summary) = words::refusal(code) { " " (summary) }
                }
                @if let Some(pickup) = words::pickup(call) { ", " (pickup) }
                @if let Some(told) = words::fallback(call) { div.detail { (told) } }
            }
            td.when { (call.dialled_at.map_or_else(|| "–".to_owned(), moment)) }
            td.when { (time(call.connected_at)) }
            td.when { (time(call.ended_at)) }
        }
    }
}
