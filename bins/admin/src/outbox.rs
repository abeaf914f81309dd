//! `concierge-admin outbox`: sends, those whose outcome nobody knows and a person's word on them; the breaker beside it.

use std::io::Write;

use audit::Outcome;
use clap::Subcommand;
use marketplace::{Bsuid, E164, OutboxId, RequestId, Timestamp, VendorId, mask};
use serde::Serialize;
use serde_json::json;
use store::{
    StoreError, Tx, contacts,
    outbox::{self, Purpose, Send, SendState},
    requests,
};
use tools::{AuditEntry, Caller, outreach};

use crate::{
    breaker,
    database::Database,
    failure::Failure,
    journal,
    listing::{Listing, or_dash, second},
    sends,
};

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "the help shows variables as a shell writes them")]
pub(crate) enum OutboxCommand {
    /// List messages that were to be sent, the newest first: where each stands, since when, and why
    #[command(after_help = "\
Examples:
  concierge-admin outbox list
  concierge-admin outbox list --state queued
  concierge-admin outbox list --request req_0190a1b2c3d4e5f60718293a4b5c6d7e --json")]
    List {
        /// Only those of this request
        #[arg(long, value_name = "ID")]
        request: Option<RequestId>,
        /// Only those in this state: queued, sending, unknown, accepted, sent, delivered, read, played, failed or
        /// cancelled
        #[arg(long, value_name = "STATE")]
        state: Option<SendState>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one send: when Meta sent and delivered it and when it was read, or what Meta refused it for and what to do
    #[command(after_help = "\
Examples:
  concierge-admin outbox show int_0190a1b2c3d4e5f60718293a4b5c6d7e
  concierge-admin outbox show int_0190a1b2c3d4e5f60718293a4b5c6d7e --json")]
    Show {
        /// The send, as `outbox list` shows it
        id: OutboxId,
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// List the sends whose outcome is unknown, oldest first
    ///
    /// A send is unknown when it went on the wire and no answer came back: a timeout, a reset, a crash. It is never
    /// sent again. A status of Meta's settles most of them; the others wait here for a person.
    #[command(
        after_help = "Examples:\n  concierge-admin outbox unknown\n  concierge-admin outbox unknown --json"
    )]
    Unknown {
        #[command(flatten)]
        listing: Listing,
    },
    /// Say what became of an unknown send, after asking the recipient or looking at Meta's side
    ///
    /// Nothing is sent by either choice. Both are recorded in the audit as yours.
    #[command(after_help = "\
Examples:
  concierge-admin outbox resolve int_0190a1b2c3d4e5f60718293a4b5c6d7e --delivered
  concierge-admin outbox resolve int_0190a1b2c3d4e5f60718293a4b5c6d7e --not-delivered")]
    Resolve {
        /// The send, as `outbox unknown` shows it
        id: OutboxId,
        /// The recipient has it: it counts as accepted from now on
        #[arg(long, required_unless_present = "not_delivered", conflicts_with = "not_delivered")]
        delivered: bool,
        /// The recipient does not have it: it counts as failed for good. It is not sent again; if the message is
        /// still wanted, a new one is written, by the workflow or by a person
        #[arg(long)]
        not_delivered: bool,
    },
    /// Show the breaker for outbound volume: how much went out lately, and what is held
    ///
    /// More messages in an hour than OUTBOUND_PER_HOUR_MAX, or more to one vendor in 24 hours than
    /// OUTBOUND_PER_VENDOR_PER_DAY_MAX (both from the workers' environment), open it. What it holds stays queued, and
    /// it stays open until `outbox resume`.
    #[command(after_help = "\
Examples:
  concierge-admin outbox breaker
  concierge-admin outbox breaker --vendor shop-17 --json")]
    Breaker {
        /// Count what went out to this vendor too
        #[arg(long, value_name = "ID")]
        vendor: Option<VendorId>,
        /// Print one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Close the breaker: what it holds goes out, and counting starts anew
    ///
    /// Look first why so much was sent (`outbox breaker`, `requests list`). Held sends that are stale by now are
    /// cancelled instead. Recorded in the audit as yours.
    #[command(after_help = "\
Examples:
  concierge-admin outbox resume
  concierge-admin outbox resume --vendor shop-17")]
    Resume {
        /// Close this vendor's breaker alone
        #[arg(long, value_name = "ID")]
        vendor: Option<VendorId>,
    },
}

impl OutboxCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::List { request, state, listing } => sends::list(request, state, listing, out),
            Self::Show { id, json } => sends::show(id, json, out),
            Self::Unknown { listing } => unknown(listing, out),
            Self::Breaker { vendor, json } => breaker::show(vendor, json, out),
            Self::Resume { vendor } => breaker::resume(vendor, out),
            Self::Resolve { id, delivered, .. } => {
                let answer = if delivered { Answer::Delivered } else { Answer::NotDelivered };
                Database::open()?.write(move |tx| resolve(tx, id, answer))?;
                let state = answer.state();
                Ok(writeln!(out, "{id} is {state} now; nothing was sent")?)
            }
        }
    }
}

/// One send whose outcome is unknown.
#[derive(Debug, Serialize)]
struct UnknownSend {
    id: OutboxId,
    request_id: Option<RequestId>,
    recipient: String,
    purpose: Purpose,
    since: Timestamp,
    text: String,
}

fn unknown(listing: Listing, out: &mut dyn Write) -> Result<(), Failure> {
    let rows = Database::open()?.read(move |tx| {
        let sends = outbox::unknown(tx, listing.fetch())?;
        sends.into_iter().map(|send| describe(tx, send)).collect::<Result<Vec<_>, _>>()
    })?;
    listing.print(
        out,
        "unknown",
        rows,
        &["SEND", "SINCE", "RECIPIENT", "PURPOSE", "REQUEST", "TEXT"],
        |row| {
            vec![
                row.id.to_string(),
                second(row.since),
                row.recipient.clone(),
                row.purpose.to_string(),
                or_dash(row.request_id.map(|id| id.to_string()).as_deref()),
                row.text.clone(),
            ]
        },
    )
}

fn describe(tx: &mut Tx<'_>, send: Send) -> Result<UnknownSend, Failure> {
    let contact = contacts::load(tx, send.contact)?;
    let address = contact.phone.as_ref().map(E164::as_str);
    let address = address.or(contact.bsuid.as_ref().map(Bsuid::as_str));
    Ok(UnknownSend {
        id: send.id,
        request_id: send.request,
        recipient: address.map_or_else(|| "(erased)".to_owned(), mask),
        purpose: send.purpose,
        since: send.sending_at.unwrap_or(send.created_at),
        text: send.payload.map_or_else(|| "(erased)".to_owned(), |payload| payload.body),
    })
}

/// A person's word on a send.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Delivered,
    NotDelivered,
}

impl Answer {
    const fn state(self) -> SendState {
        match self {
            Self::Delivered => SendState::Accepted,
            Self::NotDelivered => SendState::Failed,
        }
    }

    /// Action, outcome and reason of the audit record; the reason stands beside the send too.
    const fn audit(self) -> (&'static str, Outcome, &'static str) {
        match self {
            Self::Delivered => ("send.accepted", Outcome::Ok, "resolved_by_operator"),
            Self::NotDelivered => ("send.failed", Outcome::Failed, "resolved_not_delivered"),
        }
    }
}

/// Settles an unknown send, under its request's row if it belongs to one.
fn resolve(tx: &mut Tx<'_>, id: OutboxId, answer: Answer) -> Result<(), Failure> {
    let missing = |error| match error {
        StoreError::NotFound => Failure::refused(format!(
            "there is no send {id}; `concierge-admin outbox unknown` shows the unknown ones"
        )),
        other => Failure::from(other),
    };
    let known = outbox::load(tx, id).map_err(missing)?;
    let guard = known.request.map(|request| requests::lock(tx, request)).transpose()?;
    contacts::lock(tx, known.contact)?;
    let send = outbox::lock(tx, id).map_err(missing)?;
    if send.state != SendState::Unknown {
        return Err(Failure::refused(format!(
            "{id} is {}, not unknown: there is nothing to resolve",
            send.state
        )));
    }
    let (action, outcome, reason) = answer.audit();
    outbox::advance(tx, id, answer.state(), Some(reason), None)?;
    if matches!(answer, Answer::NotDelivered) {
        outreach::not_delivered(tx, guard.as_ref(), &send, reason)?;
    }
    let payload = json!({ "message_id": send.message, "purpose": send.purpose });
    let entry = AuditEntry::new(Caller::operator().actor, action, payload)
        .with_outcome(outcome, [reason.to_owned()])
        .caused_by(id);
    journal::append(tx, guard.as_ref(), entry)
}
