//! Timers are rows; firing one settles what it waited for and puts "look again" into the mailbox.

use std::time::Duration;

use audit::Outcome;
use marketplace::RequestState;
use moltbot_contract::BatchStatus;
use serde_json::json;
use store::{
    Db, Tx, inbound,
    lanes::{self, EntryKind},
    outbox::{self, breaker},
    requests,
    sourcing::{self, Batch},
    timers::{self, DueTimer, TimerKind},
};
use tool_registry::{ToolCall, UpdateRequestStateArgs};
use tools::{AuditEntry, Caller, Invocation, Policy, ToolError, record};
use tracing::Instrument as _;

/// How many timers one step fires.
const PAGE: i64 = 64;
/// Intake that has not been heard of for this long is not healthy; real time.
pub const INTAKE_SILENT_AFTER: Duration = Duration::from_secs(30);
/// A reply deadline that fell into an outage of intake, or into a time in which nothing may be sent, is moved by this
/// much: late replies still have a way in, and held inquiries a way out.
const OUTAGE_GRACE: Duration = Duration::from_mins(1);

/// A timer that failed is tried again after this: it must not stand before the others for ever.
const FAILED_WAIT: Duration = Duration::from_secs(10);

/// Fires what is due; returns how many timers were settled or moved. One that fails is logged, tried again later and
/// stops no other.
///
/// # Errors
/// [`ToolError`] when what is due cannot be read.
pub async fn step(db: &Db, policy: Policy) -> Result<usize, ToolError> {
    let due = db.read(|tx| timers::due(tx, PAGE)).await?;
    let mut fired = 0;
    for timer in due {
        let span =
            tracing::info_span!("timer", timer = %timer.id, kind = %timer.kind, request = %timer.request);
        fired += usize::from(fire_one(db, policy, timer).instrument(span).await);
    }
    Ok(fired)
}

async fn fire_one(db: &Db, policy: Policy, timer: DueTimer) -> bool {
    let failed = timer.clone();
    let Err(error) = db.write(move |tx| fire(tx, policy, &timer)).await else { return true };
    tracing::error!(%error, "a timer failed; it is tried again");
    if let Err(error) = db.write(move |tx| postpone(tx, &failed)).await {
        tracing::error!(%error, "a timer that failed could not be moved; it is tried again at once");
    }
    false
}

fn postpone(tx: &mut Tx<'_>, timer: &DueTimer) -> Result<(), ToolError> {
    let guard = requests::lock(tx, timer.request)?;
    if !timers::still_due(tx, timer)? {
        return Ok(());
    }
    let later = tx.now + FAILED_WAIT;
    Ok(timers::set(tx, &guard, timer.kind, &timer.reference, later)?)
}

fn fire(tx: &mut Tx<'_>, policy: Policy, timer: &DueTimer) -> Result<(), ToolError> {
    let mut guard = requests::lock(tx, timer.request)?;
    if !timers::still_due(tx, timer)? {
        return Ok(());
    }
    match timer.kind {
        TimerKind::BatchDeadline => {
            if waits_for_sending(tx, &guard, timer)? {
                return Ok(());
            }
            if intake_is_silent(tx)? {
                let later = tx.now + OUTAGE_GRACE;
                return Ok(timers::set(tx, &guard, timer.kind, &timer.reference, later)?);
            }
            batch_deadline(tx, &guard, timer)?;
        }
        TimerKind::CloseAfterHandoff => close_after_handoff(tx, policy, &guard, timer)?,
        TimerKind::RingLimit | TimerKind::CallTooLong | TimerKind::CallGivenUp => {
            if tools::calling::timers::fire(tx, &guard, timer)? {
                return Ok(());
            }
        }
        TimerKind::ConsentExpires => {
            if !tools::calling::consent_ends::expire(tx, &guard, timer)? {
                return Ok(());
            }
        }
        TimerKind::OcrDeadline => tools::documents::deadline_passed(tx, &mut guard, timer)?,
        TimerKind::Silence => {
            if tools::calling::silence::fire(tx, policy, &guard, timer)? {
                return Ok(());
            }
        }
    }
    Ok(timers::settle(tx, timer.request, timer.kind, &timer.reference)?)
}

/// Without webhooks no vendor can be heard: a deadline counts only time in which they could.
fn intake_is_silent(tx: &mut Tx<'_>) -> Result<bool, ToolError> {
    Ok(inbound::since_last_beat(tx, "api")?.is_some_and(|since| since > INTAKE_SILENT_AFTER))
}

/// A vendor whose inquiry is held was not asked yet: while nothing may be sent, or no template of it, the deadline moves, and with it the
/// time of the inquiries that its batch has in the queue. True when it moved.
///
/// A switch or breaker that can't be read ends the transaction: the deadline does not pass then either.
fn waits_for_sending(
    tx: &mut Tx<'_>,
    guard: &requests::RequestGuard,
    timer: &DueTimer,
) -> Result<bool, ToolError> {
    if open_batch(tx, timer)?.is_none() {
        return Ok(false);
    }
    let awaited = sourcing::awaited_contacts(tx, timer.request)?;
    if !breaker::all_is_held(tx)? && outbox::inquiries_without_template(tx, guard, &awaited)? == 0 {
        return Ok(false);
    }
    let later = guard.now(tx) + OUTAGE_GRACE;
    if outbox::postpone_inquiries(tx, guard, &awaited, later)? == 0 {
        return Ok(false);
    }
    sourcing::postpone_open_batch(tx, guard, later)?;
    timers::set(tx, guard, timer.kind, &timer.reference, later)?;
    Ok(true)
}

/// The batch that a deadline is about, while it is open.
fn open_batch(tx: &mut Tx<'_>, timer: &DueTimer) -> Result<Option<Batch>, ToolError> {
    Ok(sourcing::batches_of(tx, timer.request)?
        .into_iter()
        .find(|batch| batch.status == BatchStatus::Open && batch.id.to_string() == timer.reference))
}

fn batch_deadline(
    tx: &mut Tx<'_>,
    guard: &requests::RequestGuard,
    timer: &DueTimer,
) -> Result<(), ToolError> {
    let Some(batch) = open_batch(tx, timer)? else { return Ok(()) };
    sourcing::settle_open_batch(tx, guard)?;
    let payload = json!({ "batch": batch.ordinal, "deadline_at": batch.deadline_at });
    let entry = AuditEntry::new(Caller::system("timers").actor, "batch.settled", payload)
        .with_outcome(Outcome::Ok, ["deadline_passed".to_owned()])
        .caused_by(timer.id);
    record(tx, guard, entry)?;
    lanes::append(tx, guard, EntryKind::Wake, None, Some("batch_deadline"), timer.due_at)?;
    Ok(())
}

fn close_after_handoff(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &requests::RequestGuard,
    timer: &DueTimer,
) -> Result<(), ToolError> {
    if guard.request().state != RequestState::HandedOff {
        return Ok(());
    }
    let close = Invocation {
        caller: Caller::system("timers"),
        key: Some(timer.id.to_string()),
        caused_by: Some(timer.id.to_string()),
        call: ToolCall::UpdateRequestState(UpdateRequestStateArgs {
            request_id: timer.request,
            to: RequestState::Closed,
            reason: "24 hours after the handoff".to_owned(),
            expected_version: guard.request().version,
            facts: None,
            plan: None,
            shortlist: None,
            handoff: None,
        }),
    };
    // A refusal is recorded; the timer is settled all the same, a person closes what could not be closed.
    let _ = tools::run(tx, policy, &close)?;
    Ok(())
}
