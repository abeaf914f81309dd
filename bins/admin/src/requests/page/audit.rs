//! Whether the account can be trusted, and how a reader finds out without trusting us.

use maud::{Markup, html};

use super::{
    super::{dossier::Dossier, words},
    line, moment,
};

pub(super) fn section(dossier: &Dossier) -> Markup {
    let last = dossier.audit.last().map_or("–", |record| record.hash.as_str());
    html! {
        section aria-labelledby="audit" {
            h2 #audit { "Can this be trusted?" }
            p {
                "The records below were written in the moment of what they record, in a chain: each carries the hash \
                 of the one before it, so that a record cannot be edited, removed, added or moved without breaking \
                 every hash after it. What was said and done lies beside the chain, which holds a commitment to it; \
                 when a person is erased it goes, and the chain stays whole."
            }
            dl.facts {
                div.wide { dt { "Verdict" } dd {
                    @match &dossier.audit_fault {
                        None => { "The chain holds, and what is left beside it is what it commits to." },
                        Some(fault) => { span.bad { "It does not hold: " (line(fault)) } },
                    }
                } }
                div.wide { dt { "Held against it" } dd {
                    "Received messages, text and button: " (dossier.compared.messages)
                    ". Vendors’ answers, availability, price and time: " (dossier.compared.replies) "."
                } }
                div { dt { "Records" } dd.number { (dossier.audit.len()) } }
                div.wide { dt { "Hash of the last record" } dd.code { (last) } }
            }
            p {
                "Everything else above is shown as the database holds it and was not compared with the records: names, \
                 the need, decisions and their reasons, what was sent, rounds of vendors, offers, and messages that \
                 have no such record or one that was erased."
            }
            h3 { "How to check it" }
            p {
                "Someone who can rewrite the whole database can rewrite the chain too. So compare the hash of the last \
                 record with one that was kept elsewhere: a checkpoint that the operator gave away earlier, or an \
                 earlier copy of this page. The chain itself needs no program of ours: save the lines under “The \
                 records as they are hashed” as records.txt and run this; it must print the hash of the last record."
            }
            pre.program { (program(&dossier.request.id.to_string())) }
            h3 { "Records" }
            table.records {
                thead { tr { th.n { "#" } th.when { "When" } th { "Who did what" } th { "Ended" } th { "Hash" } } }
                tbody { @for record in &dossier.audit {
                    tr {
                        td.n { (record.seq) }
                        td.when { (moment(record.at)) }
                        td { (words::actor(&record.actor)) ": " (words::action(&record.action)) }
                        td {
                            (words::outcome(record.outcome))
                            @for code in &record.reasons { " " span.code { (line(code)) } }
                        }
                        td.hash { (record.hash) }
                    }
                } }
            }
            details {
                summary { "The records as they are hashed" }
                pre.canonical { @for record in &dossier.audit { (record.canonical) "\n" } }
            }
        }
    }
}

/// Verifies the lines with Python's standard library; the rules are those of the crate `audit`.
fn program(chain: &str) -> String {
    format!(
        "import hashlib\n\
         digest = lambda tag, text: hashlib.sha256((\"concierge.audit.v1.%s\\n%s\" % (tag, text)).encode()).hexdigest()\n\
         last = digest(\"genesis\", \"{chain}\")\n\
         for number, record in enumerate(open(\"records.txt\").read().split(), 1):\n    \
             assert '\"prev_hash\":\"%s\"' % last in record and '\"seq\":%d}}' % number in record, number\n    \
             last = digest(\"record\", record)\n\
         print(last)\n"
    )
}
