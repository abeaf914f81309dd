//! The silence detector: every message that comes in ends as answered, queued, handed to a person, or refused with a
//! reason. One with none of these is told to the people who operate, once.
//!
//! Only time in which workers looked counts: after an outage everybody has their five minutes again.

use std::time::Duration;

use audit::Outcome as AuditOutcome;
use marketplace::{EventId, RequestId, RequestState, Timestamp};
use serde_json::json;
use store::{
    Db, Tx,
    answers::{self, AnswerFacts, LOOK_AFTER, Looked, UNANSWERED},
    dead_letters::{self, DeadLetterSource, NewDeadLetter},
    lanes::EntryKind,
    outbox::SendState,
    requests::{self, Request},
};
use tools::{AuditEntry, Caller, ToolError, record};

/// How many messages one step looks at.
const PAGE: i64 = 200;
/// Between two steps lies less than this, in real time, or nobody was looking.
const LOOKING: Duration = Duration::from_mins(3);
/// When a message whose answer is under way is looked at again.
const AGAIN: Duration = Duration::from_mins(5);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The client was told something, or the vendor's words are recorded.
    Answered,
    /// The answer is under way: a message in the queue, vendors being asked, a turn that has its time left.
    Queued,
    /// A person has the request, or was told.
    WithPerson,
    /// Nothing is said to this person; the code says why.
    Refused(&'static str),
    /// Nothing became of it; the code says where it stopped.
    Silent(&'static str),
}

impl Outcome {
    const fn code(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Queued => "queued",
            Self::WithPerson => "with_person",
            Self::Refused(code) => code,
            Self::Silent(_) => UNANSWERED,
        }
    }

    /// Whether it stays so.
    const fn is_final(self) -> bool {
        matches!(self, Self::Answered | Self::Refused(_))
    }
}

/// What became of a message, by what is known of it. `looking_since` is from when on workers have looked.
pub fn judge(
    looked: &Looked,
    request: &Request,
    facts: &AnswerFacts,
    looking_since: Timestamp,
    now: Timestamp,
) -> Outcome {
    let Some(consumed_at) = looked.consumed_at else {
        if request.state == RequestState::Closed {
            return Outcome::Refused("request_closed");
        }
        if request.is_with_person() {
            return Outcome::WithPerson;
        }
        // A request that was given back has its time again.
        let since = looked.arrived_at.max(request.updated_at).max(looking_since);
        return within(since, now).unwrap_or(Outcome::Silent("not_read"));
    };
    if looked.kind == EntryKind::VendorMessage {
        return Outcome::Answered;
    }
    if facts.erased {
        return Outcome::Refused("erased");
    }
    let has = |wanted: fn(&SendState) -> bool| facts.sends.iter().any(wanted);
    if has(|state| state.is_accepted()) {
        return Outcome::Answered;
    }
    // An unknown send has its own list, for a person to decide.
    if has(|state| matches!(state, SendState::Queued | SendState::Sending | SendState::Unknown)) {
        return Outcome::Queued;
    }
    match request.state {
        RequestState::Closed => return Outcome::Refused("request_closed"),
        RequestState::HandedOff => return Outcome::Refused("request_handed_off"),
        _ if facts.opted_out => return Outcome::Refused("opted_out"),
        _ if request.is_with_person() => return Outcome::WithPerson,
        _ if facts.batch_open => return Outcome::Queued,
        _ => {}
    }
    let settled_at = facts.batch_settled_at.unwrap_or(consumed_at);
    let since = consumed_at.max(settled_at).max(request.updated_at).max(looking_since);
    let reason = if facts.sends.is_empty() { "nothing_said" } else { "not_delivered" };
    within(since, now).unwrap_or(Outcome::Silent(reason))
}

fn within(since: Timestamp, now: Timestamp) -> Option<Outcome> {
    (now.since(since) < LOOK_AFTER).then_some(Outcome::Queued)
}

/// Looks at messages whose time is over.
pub struct Detector {
    db: Db,
    /// From when on somebody has looked; domain time.
    looking_since: Timestamp,
    /// When a step was begun last; real time.
    looked_at: Timestamp,
}

impl Detector {
    /// Begins to look.
    pub fn new(db: Db) -> Self {
        let (looking_since, looked_at) = (db.clock.now(), db.lease_clock.now());
        Self { db, looking_since, looked_at }
    }

    /// Looks once; how many messages nothing became of, that nobody was told of before. True while there is more.
    ///
    /// # Errors
    /// [`ToolError`] when the store fails. What was written down stands.
    pub async fn step(&mut self) -> Result<Found, ToolError> {
        let (now, real) = (self.db.clock.now(), self.db.lease_clock.now());
        if real.since(self.looked_at) > LOOKING {
            self.looking_since = now;
        }
        self.looked_at = real;
        let mut silent = self.unplaced().await?;
        let due = self.db.read(|tx| answers::to_look_at(tx, PAGE)).await?;
        let more = i64::try_from(due.len()).is_ok_and(|found| found >= PAGE);
        let mut by_request: Vec<(RequestId, Vec<EventId>)> = Vec::new();
        for looked in due {
            match by_request.iter_mut().find(|(request, _)| *request == looked.request) {
                Some((_, entries)) => entries.push(looked.id),
                None => by_request.push((looked.request, vec![looked.id])),
            }
        }
        let since = self.looking_since;
        for (request, entries) in by_request {
            silent += self.db.write(move |tx| look(tx, request, &entries, since)).await?;
        }
        if silent > 0 {
            tracing::error!(silent, "messages that nothing became of: concierge-admin dead-letters list");
        }
        Ok(Found { silent, more })
    }

    /// Messages that no router has placed, and those of earlier steps that one has placed since.
    async fn unplaced(&self) -> Result<usize, ToolError> {
        let now = self.db.clock.now();
        if now.since(self.looking_since) < LOOK_AFTER {
            return Ok(0);
        }
        let waiting = self.db.read(move |tx| answers::unplaced(tx, now - LOOK_AFTER, PAGE)).await?;
        let placed = self.db.read(|tx| answers::placed_by_now(tx, PAGE)).await?;
        if waiting.is_empty() && placed.is_empty() {
            return Ok(0);
        }
        self.db
            .write(move |tx| {
                for id in &placed {
                    let id = id.to_string();
                    dead_letters::resolve_about(tx, DeadLetterSource::Silence, &id, "placed")?;
                }
                let mut silent = 0;
                for id in &waiting {
                    if answers::was_told(tx, *id)? {
                        continue;
                    }
                    silent += 1;
                    tell(tx, *id, None, "not_placed")?;
                }
                Ok(silent)
            })
            .await
    }
}

/// What one step found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Messages that nothing became of, told now for the first time.
    pub silent: usize,
    /// There is more to look at.
    pub more: bool,
}

fn look(
    tx: &mut Tx<'_>,
    request: RequestId,
    entries: &[EventId],
    looking_since: Timestamp,
) -> Result<usize, ToolError> {
    let guard = requests::lock(tx, request)?;
    let mut silent = 0;
    for id in entries {
        let Some(looked) = answers::load(tx, &guard, *id)? else { continue };
        let facts = answers::facts(tx, &guard, &looked)?;
        let now = guard.now(tx);
        let outcome = judge(&looked, guard.request(), &facts, looking_since, now);
        let was_silent = looked.outcome.as_deref() == Some(UNANSWERED);
        if let Outcome::Silent(reason) = outcome {
            let is_over = was_silent && answers::was_dealt_with(tx, *id)?;
            if is_over {
                // A person has dealt with it.
                answers::note(tx, &guard, *id, Outcome::WithPerson.code(), None)?;
                continue;
            }
            if !was_silent {
                silent += 1;
                // What failed in a turn or a send was told as that.
                if !facts.is_told {
                    tell(tx, *id, Some(request), reason)?;
                }
                let entry = AuditEntry::new(Caller::system("sweep").actor, "message.unanswered", json!({}))
                    .with_outcome(AuditOutcome::Failed, [reason.to_owned()])
                    .caused_by(id);
                record(tx, &guard, entry)?;
            }
        } else if was_silent {
            dead_letters::resolve_about(tx, DeadLetterSource::Silence, &id.to_string(), outcome.code())?;
        }
        let again = (!outcome.is_final()).then(|| now + AGAIN);
        answers::note(tx, &guard, *id, outcome.code(), again)?;
    }
    Ok(silent)
}

fn tell(tx: &mut Tx<'_>, about: EventId, request: Option<RequestId>, reason: &str) -> Result<(), ToolError> {
    let reference = about.to_string();
    let letter = NewDeadLetter {
        source: DeadLetterSource::Silence,
        reference: &reference,
        request,
        reason,
        detail: None,
    };
    Ok(dead_letters::insert(tx, &letter)?)
}

#[cfg(test)]
#[path = "unanswered_tests.rs"]
mod tests;
