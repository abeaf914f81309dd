//! `concierge-admin dead-letters`: what could not be worked, and another try.

use std::io::Write;

use clap::Subcommand;
use marketplace::{Control, DeadLetterId, EventId, RequestId, RequestState, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::{
    Tx,
    dead_letters::{self, DeadLetter, DeadLetterSource},
    evidence::{self, DeadLetterRecord},
    inbound,
    lanes::{self, EntryKind},
    requests::{self, RequestGuard},
};
use tools::{AuditEntry, Caller};

use crate::{
    database::Database,
    failure::Failure,
    journal,
    listing::{Listing, or_dash, second},
};

/// How a retried dead letter is marked, and the reason of the wake that retries a turn.
const RETRIED: &str = "retried";
const WAKE_REASON: &str = "dead_letter_retry";

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List what could not be worked and nobody has dealt with, oldest first
    #[command(
        after_help = "Examples:\n  concierge-admin dead-letters list\n  concierge-admin dead-letters list --json"
    )]
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Let the workers try once more
    ///
    /// An event from intake or the router is placed again. For a turn, the request's lane is woken; a request that was
    /// escalated stays with its person. Sends are never retried: see `outbox`.
    #[command(
        after_help = "Example:\n  concierge-admin dead-letters retry dlq_0190a1b2c3d4e5f60718293a4b5c6d7e"
    )]
    Retry {
        /// The dead letter, as `dead-letters list` shows it
        id: DeadLetterId,
    },
}

impl DeadLettersCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::List { listing } => list(listing, out),
            Self::Retry { id } => {
                let done = Database::open()?.write(move |tx| retry(tx, id))?;
                Ok(writeln!(out, "{id}: {done}")?)
            }
        }
    }
}

/// One dead letter of the list.
#[derive(Debug, Serialize)]
struct Line {
    id: DeadLetterId,
    source: String,
    reference: String,
    request_id: Option<RequestId>,
    reason: String,
    detail: Option<String>,
    created_at: Timestamp,
}

impl From<DeadLetter> for Line {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            source: letter.source.to_string(),
            reference: letter.reference,
            request_id: letter.request,
            reason: letter.reason,
            detail: letter.detail,
            created_at: letter.created_at,
        }
    }
}

fn list(listing: Listing, out: &mut dyn Write) -> Result<(), Failure> {
    let letters = Database::open()?.read(move |tx| Ok(dead_letters::waiting(tx, listing.fetch())?))?;
    let lines: Vec<Line> = letters.into_iter().map(Line::from).collect();
    listing.print(
        out,
        "dead_letters",
        lines,
        &["DEAD LETTER", "SINCE", "SOURCE", "REASON", "REFERENCE", "DETAIL"],
        |line| {
            vec![
                line.id.to_string(),
                second(line.created_at),
                line.source.clone(),
                line.reason.clone(),
                line.reference.clone(),
                or_dash(line.detail.as_deref()),
            ]
        },
    )
}

/// Gives the work back to the workers, marks the dead letter, and says what was done.
fn retry(tx: &mut Tx<'_>, id: DeadLetterId) -> Result<&'static str, Failure> {
    let Some(letter) = evidence::dead_letter(tx, id)? else {
        return Err(Failure::refused(format!(
            "there is no dead letter {id}; `concierge-admin dead-letters list` shows them"
        )));
    };
    // The request's row before everything else.
    let guard = letter.request.map(|request| requests::lock(tx, request)).transpose()?;
    let done = match letter.source {
        DeadLetterSource::Intake | DeadLetterSource::Router => revive_event(tx, &letter)?,
        DeadLetterSource::Turn => wake_lane(tx, guard.as_ref())?,
        DeadLetterSource::Dispatch => {
            return Err(Failure::refused(
                "a send is never repeated: if the message is still wanted, a new one is written; \
                 sends with an unknown outcome are under `concierge-admin outbox unknown`",
            ));
        }
    };
    if !dead_letters::resolve(tx, id, RETRIED)? {
        let how = letter.resolved.map(|(at, how)| format!(" ({how}, {})", second(at))).unwrap_or_default();
        return Err(Failure::refused(format!("{id} was dealt with already{how}")));
    }
    let payload = json!({ "source": letter.source.to_string(), "reference": letter.reference });
    let entry = AuditEntry::new(Caller::operator().actor, "dead_letter.retried", payload).caused_by(id);
    journal::append(tx, guard.as_ref(), entry)?;
    Ok(done)
}

fn revive_event(tx: &mut Tx<'_>, letter: &DeadLetterRecord) -> Result<&'static str, Failure> {
    let Ok(event) = letter.reference.parse::<EventId>() else {
        return Err(Failure::refused("it names no stored event: there is nothing to place again"));
    };
    if inbound::revive(tx, event)? {
        Ok("the event waits to be placed again")
    } else {
        Err(Failure::refused(format!(
            "{event} is not a dead event: it was placed meanwhile, or its time of keeping is over"
        )))
    }
}

fn wake_lane(tx: &mut Tx<'_>, guard: Option<&RequestGuard>) -> Result<&'static str, Failure> {
    let Some(guard) = guard else {
        return Err(Failure::refused("it names no request: there is no lane to wake"));
    };
    let request = guard.request();
    if matches!(request.state, RequestState::Closed | RequestState::HandedOff) {
        return Err(Failure::refused(format!("{} is {}: no turn follows", request.id, request.state)));
    }
    let now = guard.now(tx);
    lanes::append(tx, guard, EntryKind::Wake, None, Some(WAKE_REASON), now)?;
    Ok(match request.control {
        Control::Bot => "the request's lane is due again",
        Control::Human => "the request's lane is due again; the request stays with its person",
    })
}
