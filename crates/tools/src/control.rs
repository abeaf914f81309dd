//! Who has a request, bot or person: taking it over, giving it back, closing it. One way for the command line and for
//! operators' tools.
//!
//! A takeover commits under the request's row, and everything that the bot had under way ends with it: the turn loses
//! its lane, what is queued is cancelled, a call that was placed is ended by the dialler. While a person has the request
//! what vendors write is recorded, and what the client writes stays unread. Giving it back starts one turn over all of
//! it, on the conversation as it is by then.

use audit::Outcome as AuditOutcome;
use marketplace::{ActorKind, Control, RequestId, RequestState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    StoreError, Tx, calls, contacts,
    idempotency::{self, IdempotencyKey},
    lanes::{self, EntryKind},
    outbox::{self, Send, SendState},
    requests::{self, RequestGuard},
    sourcing,
    turns::{self, Settlement, TurnStatus},
};
use tool_registry::{RefusalCode, UpdateRequestStateArgs};

use crate::{
    AuditEntry, Caller, Refusal, ToolError, error::refuse, handlers, needs_person, outreach, record,
    record_system,
};

/// Why a person did it, in characters, at most.
pub const REASON_MAX: usize = 500;
/// The reason of the wake that a resume leaves in the mailbox.
pub const RESUMED: &str = "resumed";
/// Why the bot's messages are not sent after a takeover, as the dispatcher says it too.
pub const CONTROL_CHANGED: &str = "control_changed";

/// What a person does with a request.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// Takes it over: from this commit on the bot neither sends nor calls.
    Takeover,
    /// Gives it back to the bot.
    Resume,
    /// Ends it.
    Close,
}

impl Step {
    /// The name in idempotency records and in the audit.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Takeover => "request.takeover",
            Self::Resume => "request.resume",
            Self::Close => "request.close",
        }
    }
}

/// A step of a person's.
#[derive(Debug, Clone)]
pub struct Command {
    /// Who; refused unless they operate.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// What.
    pub step: Step,
    /// Why, and who says so: kept in the audit, sealed; at most [`REASON_MAX`] characters each.
    pub reason: Option<String>,
    /// The person behind a shared name.
    pub by: Option<String>,
    /// The caller's idempotency key, if there is one.
    pub key: Option<String>,
    /// The HTTP request behind it.
    pub caused_by: Option<String>,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steered {
    /// The request.
    pub request_id: RequestId,
    /// What was done.
    pub step: Step,
    /// Whether anything changed; false when it was so already.
    pub changed: bool,
    /// The state before.
    pub from: RequestState,
    /// The state now.
    pub state: RequestState,
    /// Who has it now.
    pub control: Control,
    /// Its version now.
    pub version: i64,
    /// Messages of the bot that were taken out of the queue.
    pub cancelled_sends: usize,
    /// Whether a turn was under way; it has no effect any more.
    pub dropped_turn: bool,
    /// Calls of this request that are not over: the dialler ends those of the bot.
    pub calls_under_way: usize,
    /// Messages that no turn has read.
    pub unread: usize,
}

/// Runs a step in the caller's transaction. A refusal is recorded and is an answer.
///
/// # Errors
/// [`ToolError`] other than a refusal: the transaction must be rolled back.
pub fn steer(tx: &mut Tx<'_>, command: &Command) -> Result<Result<(Steered, bool), Refusal>, ToolError> {
    let mut guard = match requests::lock(tx, command.request) {
        Ok(guard) => guard,
        Err(StoreError::NotFound) => {
            let refusal = Refusal::new(RefusalCode::RequestNotFound, "there is no such request");
            let entry = entry(command, json!({ "request_id": command.request }));
            record_system(tx, entry.with_outcome(AuditOutcome::Refused, refusal.codes()))?;
            return Ok(Err(refusal));
        }
        Err(error) => return Err(error.into()),
    };
    let attempt = ToolError::refusal(tx.savepoint(|tx| attempt(tx, &mut guard, command)))?;
    if let Err(refusal) = &attempt {
        // The savepoint may have changed the guard's view before it was rolled back.
        let guard = requests::lock(tx, command.request)?;
        let refused = entry(command, json!({ "detail": refusal.detail }));
        record(tx, &guard, refused.with_outcome(AuditOutcome::Refused, refusal.codes()))?;
    }
    Ok(attempt)
}

/// The result, and whether it was stored earlier under the same key.
fn attempt(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    command: &Command,
) -> Result<(Steered, bool), ToolError> {
    let key = command.key.clone().map(|key| IdempotencyKey {
        caller: command.caller.name.clone(),
        tool: command.step.action(),
        key,
    });
    let body = json!({ "request_id": command.request, "reason": command.reason });
    let body_hash = tx.vault.lookup_hash("arguments", audit::canonical_json(&body)).to_vec();
    if let Some(key) = &key
        && let Some(stored) = finished(tx, key, &body_hash)?
    {
        record(tx, guard, entry(command, json!({})).with_outcome(AuditOutcome::Replayed, []))?;
        return Ok((stored, true));
    }
    if !command.caller.may_operate() {
        return refuse(RefusalCode::PersonOnly, "only a person who operates may do that");
    }
    let from = guard.request().state;
    let taken = match command.step {
        Step::Takeover => take(tx, guard, command)?,
        Step::Resume => resume(tx, guard, &command.caller)?,
        Step::Close => close(tx, guard, command)?,
    };
    let steered = tell(tx, guard, command.step, from, &taken)?;
    let payload = json!({
        "reason": command.reason, "by": command.by, "from": from, "to": steered.state,
        "cancelled_sends": steered.cancelled_sends, "dropped_turn": steered.dropped_turn,
    });
    let outcome = if steered.changed { AuditOutcome::Ok } else { AuditOutcome::Ignored };
    let reasons = (!steered.changed).then(|| "unchanged".to_owned());
    record(tx, guard, entry(command, payload).with_outcome(outcome, reasons))?;
    if let Some(key) = &key {
        let keys = [guard.request().data_key];
        let stored = serde_json::to_string(&steered)?;
        idempotency::insert(tx, key, &body_hash, command.request, &keys, &stored)?;
    }
    Ok((steered, false))
}

fn finished(tx: &mut Tx<'_>, key: &IdempotencyKey, body_hash: &[u8]) -> Result<Option<Steered>, ToolError> {
    if !idempotency::try_lock(tx, key)? {
        return refuse(RefusalCode::InProgress, "the same call is being worked right now; try again");
    }
    let Some(done) = idempotency::find(tx, key)? else { return Ok(None) };
    if done.body_hash != body_hash {
        return refuse(
            RefusalCode::IdempotencyKeyReused,
            "this idempotency key was used with another request or reason; use a new key",
        );
    }
    let Some(stored) = done.response else {
        return refuse(RefusalCode::Duplicate, "this was done; its answer was erased with the client");
    };
    Ok(Some(serde_json::from_str(&stored)?))
}

/// What ended with a change of control.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) changed: bool,
    pub(crate) cancelled_sends: usize,
    pub(crate) dropped_turn: bool,
}

fn tell(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    step: Step,
    from: RequestState,
    taken: &Taken,
) -> Result<Steered, ToolError> {
    let request = guard.request();
    let unread = lanes::pending(tx, request.id)?.iter().filter(|entry| entry.message.is_some()).count();
    let live = calls::of_request(tx, request.id)?.iter().filter(|call| call.attempt.is_live()).count();
    Ok(Steered {
        request_id: request.id,
        step,
        changed: taken.changed,
        from,
        state: request.state,
        control: request.control,
        version: request.version,
        cancelled_sends: taken.cancelled_sends,
        dropped_turn: taken.dropped_turn,
        calls_under_way: live,
        unread,
    })
}

fn take(tx: &mut Tx<'_>, guard: &mut RequestGuard, command: &Command) -> Result<Taken, ToolError> {
    match guard.request().state {
        RequestState::Closed => {
            refuse(RefusalCode::RequestClosed, "the request is closed: nothing is left to take over")
        }
        RequestState::HandedOff => refuse(
            RefusalCode::RequestHandedOff,
            "client and vendor have each other's contact, and the bot is silent: nothing is left to take over",
        ),
        _ => to_person(tx, guard, &command.caller),
    }
}

/// Gives a request to a person: whatever the bot has under way ends with this commit.
pub(crate) fn to_person(
    tx: &mut Tx<'_>,
    guard: &mut RequestGuard,
    caller: &Caller,
) -> Result<Taken, ToolError> {
    let changed = guard.request().control != Control::Human;
    requests::set_control(tx, guard, Control::Human)?;
    let ended = end_bots_work(tx, guard, caller, CONTROL_CHANGED)?;
    lanes::refresh(tx, guard)?;
    Ok(Taken { changed, ..ended })
}

/// Whoever works the lane cannot commit any more, the turn's entries are unread again, and what is queued is cancelled.
fn end_bots_work(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    caller: &Caller,
    reason: &'static str,
) -> Result<Taken, ToolError> {
    lanes::revoke(tx, guard)?;
    let dropped_turn = drop_turn(tx, guard, caller)?;
    let cancelled_sends = cancel_queued(tx, guard, caller, reason)?;
    Ok(Taken { changed: true, cancelled_sends, dropped_turn })
}

fn drop_turn(tx: &mut Tx<'_>, guard: &RequestGuard, caller: &Caller) -> Result<bool, ToolError> {
    let Some(turn) = turns::unsettled_id(tx, guard.request().id)? else { return Ok(false) };
    let end = Settlement {
        status: TurnStatus::Dropped,
        source: "coded_workflow".to_owned(),
        verdict: "not_asked".to_owned(),
        decision: "none".to_owned(),
        detail: json!({ "why": "a person took the request over or closed it" }).to_string(),
        also_sealed_by: Vec::new(),
    };
    turns::settle(tx, guard, turn, &end)?;
    let dropped = AuditEntry::new(caller.actor.clone(), "turn.dropped", json!({}))
        .with_outcome(AuditOutcome::Ignored, [RefusalCode::HumanControl.code().to_owned()])
        .caused_by(turn);
    record(tx, guard, dropped)?;
    Ok(true)
}

/// Takes what the bot has queued for this request out of the queue. The dispatcher would do the same at each of them;
/// so nobody waits for it, and the person is told how many there were.
fn cancel_queued(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    caller: &Caller,
    reason: &'static str,
) -> Result<usize, ToolError> {
    let of_bot = |send: &Send| send.state == SendState::Queued && send.author != ActorKind::Human;
    let mut queued: Vec<Send> =
        outbox::of_request(tx, guard.request().id)?.into_iter().filter(of_bot).collect();
    // People's rows in order.
    queued.sort_by_key(|send| (send.contact, send.id));
    for send in &queued {
        contacts::lock(tx, send.contact)?;
    }
    let mut cancelled = 0;
    for known in queued {
        let send = outbox::lock(tx, known.id)?;
        if send.state != SendState::Queued {
            continue;
        }
        outbox::cancel(tx, send.id, reason)?;
        let payload =
            json!({ "message_id": send.message, "purpose": send.purpose, "attempts": send.attempts });
        let entry = AuditEntry::new(caller.actor.clone(), "send.cancelled", payload)
            .with_outcome(AuditOutcome::Refused, [reason.to_owned()])
            .caused_by(send.id);
        record(tx, guard, entry)?;
        outreach::not_delivered(tx, Some(guard), &send, reason)?;
        cancelled += 1;
    }
    Ok(cancelled)
}

fn resume(tx: &mut Tx<'_>, guard: &mut RequestGuard, caller: &Caller) -> Result<Taken, ToolError> {
    let request = guard.request();
    match request.state {
        RequestState::Closed => return refuse(RefusalCode::RequestClosed, "the request is closed"),
        RequestState::HandedOff => {
            return refuse(RefusalCode::RequestHandedOff, "the request is handed off: it can only be closed");
        }
        _ if !request.is_with_person() => return Ok(Taken::default()),
        _ => {}
    }
    let to = resumed_state(tx, guard)?;
    if to != guard.request().state {
        let args = step_to(guard, to, "a person gave the request back");
        handlers::request_state::run(tx, guard, caller, &args)?;
    }
    // A step out of `escalated` has done it already.
    if guard.request().is_with_person() {
        to_bot(tx, guard)?;
    }
    Ok(Taken { changed: true, ..Taken::default() })
}

/// Where a request goes on. A shortlist that the client has before them stands: only in `shortlisted` can they pick.
fn resumed_state(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<RequestState, ToolError> {
    let (state, id) = (guard.request().state, guard.request().id);
    if state == RequestState::Error {
        // The table knows one way on.
        return Ok(RequestState::Clarifying);
    }
    if state == RequestState::Shortlisted && shortlist_was_told(tx, guard)? {
        return Ok(state);
    }
    let asked = !sourcing::batches_of(tx, id)?.is_empty();
    Ok(if asked { RequestState::Sourcing } else { RequestState::Clarifying })
}

/// Whether the message with the last shortlist went out, as far as anybody knows.
fn shortlist_was_told(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<bool, ToolError> {
    let request = guard.request();
    let Some(list) = sourcing::shortlists_of(tx, request.id)?.pop() else { return Ok(false) };
    let sends = outbox::of_request(tx, request.id)?;
    // Both were written by one commit.
    Ok(sends.iter().any(|send| {
        send.contact == request.client && send.created_at == list.created_at && !send.state.is_final()
    }))
}

/// Gives a request to the bot: one turn reads everything that nobody has read, and looks again in any case, for a batch
/// may have come to its end meanwhile.
pub(crate) fn to_bot(tx: &mut Tx<'_>, guard: &mut RequestGuard) -> Result<(), ToolError> {
    requests::set_control(tx, guard, Control::Bot)?;
    let now = guard.now(tx);
    Ok(lanes::append(tx, guard, EntryKind::Wake, None, Some(RESUMED), now)?)
}

/// Stops a request that cannot be worked: it is `error` and a person's, who is told.
pub fn stop_by_fault(tx: &mut Tx<'_>, guard: &mut RequestGuard, caller: &Caller) -> Result<(), ToolError> {
    let from = guard.request().state;
    if !from.is_open() || from.needs_person() {
        return Ok(());
    }
    requests::set_state(tx, guard, RequestState::Error)?;
    let payload = json!({ "from": from, "to": RequestState::Error, "reason": "its turns fail" });
    record(tx, guard, AuditEntry::new(caller.actor.clone(), "state.changed", payload))?;
    to_person(tx, guard, caller)?;
    needs_person::tell(tx, guard, caller)
}

fn close(tx: &mut Tx<'_>, guard: &mut RequestGuard, command: &Command) -> Result<Taken, ToolError> {
    if guard.request().state == RequestState::Closed {
        return Ok(Taken::default());
    }
    // As after a takeover: what the bot has under way comes to nothing. A person's last words go out.
    let dropped = end_bots_work(tx, guard, &command.caller, RefusalCode::RequestClosed.code())?;
    outbox::let_last_words_out(tx, guard)?;
    let args = step_to(guard, RequestState::Closed, "a person closed the request");
    handlers::request_state::run(tx, guard, &command.caller, &args)?;
    Ok(dropped)
}

fn step_to(guard: &RequestGuard, to: RequestState, reason: &str) -> UpdateRequestStateArgs {
    UpdateRequestStateArgs {
        request_id: guard.request().id,
        to,
        reason: reason.to_owned(),
        expected_version: guard.request().version,
        facts: None,
        plan: None,
        shortlist: None,
        handoff: None,
    }
}

fn entry(command: &Command, payload: serde_json::Value) -> AuditEntry {
    let mut entry = AuditEntry::new(command.caller.actor.clone(), command.step.action(), payload);
    entry.caused_by.clone_from(&command.caused_by);
    entry
}
