//! What becomes of pictures beside the tools: the end of a reading, and the end of what was read.

use std::time::Duration;

use audit::Outcome;
use conversation::document;
use marketplace::{Control, OcrJobId, RequestState};
use serde_json::json;
use store::{
    Tx,
    documents::{self, JobEnd, JobStatus},
    lanes::{self, EntryKind},
    requests::{self, FactChanges, RequestGuard},
    timers::{self, DueTimer, TimerKind},
};

use crate::{AuditEntry, Caller, ToolError, record};

/// How long a client waits for a picture to be read before we ask them to type it. Longer than every attempt takes that
/// may still succeed.
pub const DEADLINE: Duration = Duration::from_mins(3);
/// The reason of a wake that says that nothing is being read any more.
pub const WAKE_READ: &str = "ocr_ended";

/// Ends a job with what came of it, under `fence` where a worker brings it: the row, the mark of a prescription, the
/// record, and a wake for the lane once nothing of the request is being read any more. False when the job had ended
/// before, or somebody else works it.
pub fn ended(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    job: OcrJobId,
    fence: Option<i64>,
    how: &JobEnd,
) -> Result<bool, ToolError> {
    if !documents::end(tx, guard, job, fence, how)? {
        return Ok(false);
    }
    timers::settle(tx, guard.request().id, TimerKind::OcrDeadline, &job.to_string())?;
    let actor = Caller::system("reader").actor;
    let entry = match how {
        JobEnd::Read { text, confidence } => {
            if document::is_prescription(text) {
                mark_prescription(tx, guard)?;
            }
            AuditEntry::new(actor, "ocr.read", json!({ "confidence": confidence }))
        }
        JobEnd::Failed(code) => AuditEntry::new(actor, "ocr.failed", json!({}))
            .with_outcome(Outcome::Failed, [(*code).to_owned()]),
    };
    record(tx, guard, entry.caused_by(job))?;
    wake_when_all_is_read(tx, guard)?;
    Ok(true)
}

/// The client has waited long enough: what is not read by now counts as unreadable.
pub fn deadline_passed(tx: &mut Tx<'_>, guard: &mut RequestGuard, timer: &DueTimer) -> Result<(), ToolError> {
    if let Ok(job) = timer.reference.parse() {
        ended(tx, guard, job, None, &JobEnd::Failed("deadline_passed"))?;
    }
    Ok(())
}

/// Destroys the documents of a request whose time is over; else looks again when it may be. True when they are gone.
pub fn expire(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<bool, ToolError> {
    let Some(until) = documents::lasts_until(tx, guard)? else { return Ok(false) };
    if until > tx.now {
        documents::look_again(tx, guard, until)?;
        return Ok(false);
    }
    for job in documents::jobs_of(tx, guard.request().id)? {
        timers::settle(tx, guard.request().id, TimerKind::OcrDeadline, &job.id.to_string())?;
    }
    let gone = documents::destroy(tx, guard)?;
    let entry =
        AuditEntry::new(Caller::system("retention").actor, "documents.expired", json!({ "count": gone }));
    record(tx, guard, entry)?;
    Ok(true)
}

/// Sticky, and whoever is asked about calls or called by now is let alone from this commit on.
fn mark_prescription(tx: &mut Tx<'_>, guard: &mut RequestGuard) -> Result<(), ToolError> {
    if guard.request().prescription {
        return Ok(());
    }
    let changes = FactChanges { prescription: Some(true), ..FactChanges::default() };
    requests::set_facts(tx, guard, &changes)?;
    requests::touch(tx, guard)?;
    let marked = AuditEntry::new(Caller::system("reader").actor, "prescription.marked", json!({}));
    record(tx, guard, marked)
}

fn wake_when_all_is_read(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<(), ToolError> {
    let request = guard.request();
    let is_over = matches!(request.state, RequestState::HandedOff | RequestState::Closed);
    let pending = documents::jobs_of(tx, request.id)?.iter().any(|job| job.status == JobStatus::Pending);
    if pending || is_over || request.control != Control::Bot {
        return Ok(());
    }
    let now = guard.now(tx);
    Ok(lanes::append(tx, guard, EntryKind::Wake, None, Some(WAKE_READ), now)?)
}
