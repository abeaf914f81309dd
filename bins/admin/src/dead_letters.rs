//! `concierge-admin dead-letters`: what could not be worked, another try, and an end.

use std::io::Write;

use clap::Subcommand;
use marketplace::{Control, DeadLetterId, EventId, NotificationId, RequestId, RequestState, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::{
    Tx,
    dead_letters::{self, DeadLetter, DeadLetterSource},
    evidence::{self, DeadLetterRecord},
    inbound,
    lanes::{self, EntryKind},
    notifications,
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
/// How one is marked that a person dealt with.
const RESOLVED: &str = "resolved_by_operator";
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
    /// escalated stays with its person. Sends are never retried: tell the people yourself, then `dead-letters resolve`.
    #[command(
        after_help = "Example:\n  concierge-admin dead-letters retry dlq_0190a1b2c3d4e5f60718293a4b5c6d7e"
    )]
    Retry {
        /// The dead letter, as `dead-letters list` shows it
        id: DeadLetterId,
    },
    /// Say that you dealt with it: it is off the list, and nothing else happens
    ///
    /// For a message that did not arrive, once the person knows; for anything that needs no second try. Nothing is sent
    /// and nothing is retried. Recorded in the audit as yours.
    #[command(
        after_help = "Example:\n  concierge-admin dead-letters resolve dlq_0190a1b2c3d4e5f60718293a4b5c6d7e"
    )]
    Resolve {
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
            Self::Resolve { id } => {
                Database::open()?.write(move |tx| resolve(tx, id))?;
                Ok(writeln!(out, "{id}: dealt with; nothing was sent or retried")?)
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
    let (letter, guard) = take(tx, id)?;
    let done = match letter.source {
        DeadLetterSource::Intake | DeadLetterSource::Router => revive_event(tx, &letter)?,
        DeadLetterSource::Turn => wake_lane(tx, guard.as_ref())?,
        DeadLetterSource::Notify => revive_notification(tx, &letter)?,
        DeadLetterSource::Silence => match guard.as_ref() {
            Some(_) => wake_lane(tx, guard.as_ref())?,
            None => {
                return Err(Failure::refused(
                    "the message is not placed yet, and the router tries it again by itself: its log says what is in \
                     the way; `concierge-admin dead-letters resolve` takes this off the list",
                ));
            }
        },
        DeadLetterSource::Dispatch => {
            return Err(Failure::refused(
                "a send is never repeated: if the message is still wanted, a new one is written, and \
                 `concierge-admin dead-letters resolve` closes this; \
                 sends with an unknown outcome are under `concierge-admin outbox unknown`",
            ));
        }
    };
    mark(tx, guard.as_ref(), id, &letter, (RETRIED, "dead_letter.retried"))?;
    Ok(done)
}

/// Marks the dead letter, whatever its source, and does nothing else.
fn resolve(tx: &mut Tx<'_>, id: DeadLetterId) -> Result<(), Failure> {
    let (letter, guard) = take(tx, id)?;
    mark(tx, guard.as_ref(), id, &letter, (RESOLVED, "dead_letter.resolved"))
}

/// The dead letter, and its request's row before everything else.
fn take(tx: &mut Tx<'_>, id: DeadLetterId) -> Result<(DeadLetterRecord, Option<RequestGuard>), Failure> {
    let Some(letter) = evidence::dead_letter(tx, id)? else {
        return Err(Failure::refused(format!(
            "there is no dead letter {id}; `concierge-admin dead-letters list` shows them"
        )));
    };
    let guard = letter.request.map(|request| requests::lock(tx, request)).transpose()?;
    Ok((letter, guard))
}

/// Marks it as dealt with and records that. A second time is refused, and undoes what was done before in `tx`.
fn mark(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    id: DeadLetterId,
    letter: &DeadLetterRecord,
    (resolution, action): (&str, &str),
) -> Result<(), Failure> {
    if !dead_letters::resolve(tx, id, resolution)? {
        let how = letter.resolved.as_ref().map(|(at, how)| format!(" ({how}, {})", second(*at)));
        return Err(Failure::refused(format!("{id} was dealt with already{}", how.unwrap_or_default())));
    }
    let payload = json!({ "source": letter.source.to_string(), "reference": letter.reference });
    let entry = AuditEntry::new(Caller::operator().actor, action, payload).caused_by(id);
    journal::append(tx, guard, entry)
}

fn revive_notification(tx: &mut Tx<'_>, letter: &DeadLetterRecord) -> Result<&'static str, Failure> {
    let Ok(id) = letter.reference.parse::<NotificationId>() else {
        return Err(Failure::refused("it names no notification"));
    };
    if notifications::revive(tx, id)? {
        Ok("the notification is sent again")
    } else {
        Err(Failure::refused(format!("{id} was delivered meanwhile, or its time of keeping is over")))
    }
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
