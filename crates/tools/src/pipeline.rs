//! The one transaction of a tool call.

use audit::Outcome as AuditOutcome;
use serde_json::{Value, json};
use store::{
    StoreError, Tx,
    idempotency::{self, IdempotencyKey},
    requests::{self, RequestGuard},
};
use tool_registry::{RefusalCode, ToolCall, ToolResult};

use crate::{
    AuditEntry, Caller, Policy, Refusal, ToolError, error::refuse, gates, handlers, record, record_system,
};

/// One call of one tool.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Who calls.
    pub caller: Caller,
    /// The caller's idempotency key; required for tools with an effect, ignored for reads.
    pub key: Option<String>,
    /// The turn or HTTP request behind it, a random id.
    pub caused_by: Option<String>,
    /// The call.
    pub call: ToolCall,
}

/// A tool's result.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The result.
    pub result: ToolResult,
    /// Whether it was stored earlier under the same key.
    pub replayed: bool,
}

/// A refusal is an answer too: its audit record commits.
pub type Outcome = Result<Answer, Refusal>;

/// Runs one call in the caller's transaction: request row → idempotency → gates → effect → audit.
///
/// # Errors
/// [`ToolError`] other than a refusal: the transaction must be rolled back.
pub fn run(tx: &mut Tx<'_>, policy: Policy, invocation: &Invocation) -> Result<Outcome, ToolError> {
    let id = invocation.call.request_id();
    match requests::lock(tx, id) {
        Ok(mut guard) => run_under(tx, policy, &mut guard, invocation),
        Err(StoreError::NotFound) => {
            let refusal = Refusal::new(RefusalCode::RequestNotFound, "there is no such request");
            // Without the arguments: what they say of people could never be erased here.
            let record = entry(invocation, json!({ "request_id": id, "detail": refusal.detail }));
            record_system(tx, record.with_outcome(AuditOutcome::Refused, refusal.codes()))?;
            Ok(Err(refusal))
        }
        Err(error) => Err(error.into()),
    }
}

/// Runs one call under a request's row that is already taken.
pub(crate) fn run_under(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &mut RequestGuard,
    invocation: &Invocation,
) -> Result<Outcome, ToolError> {
    let (tool, request) = (invocation.call.name(), guard.request().id);
    let _span = tracing::info_span!("tool", %tool, %request, caller = %invocation.caller.actor).entered();
    let result = ToolError::refusal(tx.savepoint(|tx| attempt(tx, policy, guard, invocation)))?;
    if let Err(refusal) = &result {
        tracing::debug!(code = %refusal.code, "a tool refused");
        // The savepoint may have changed the guard's view before it was rolled back.
        *guard = requests::lock(tx, guard.request().id)?;
        record(tx, guard, refused(invocation, refusal))?;
    }
    Ok(result)
}

fn attempt(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &mut RequestGuard,
    invocation: &Invocation,
) -> Result<Answer, ToolError> {
    let call = &invocation.call;
    let key = idempotency_key(invocation)?;
    let body_hash = body_hash(tx, call)?;
    if let Some(key) = &key
        && let Some(answer) = finished(tx, key, &body_hash, call)?
    {
        let replayed = entry(invocation, json!({ "key": key.key })).with_outcome(AuditOutcome::Replayed, []);
        record(tx, guard, replayed)?;
        return Ok(answer);
    }
    if key.is_some() {
        gates::client_exists(tx, guard)?;
    }
    let effect = handlers::run(tx, policy, guard, invocation)?;
    let stored = serde_json::to_value(&effect.result)?;
    if let Some(key) = &key {
        let mut keys = vec![guard.request().data_key];
        keys.extend(&effect.also_sealed_by);
        idempotency::insert(tx, key, &body_hash, guard.request().id, &keys, &stored.to_string())?;
    }
    let done = entry(invocation, json!({ "arguments": call, "result": effect.recorded(stored) }))
        .sealed_by(effect.also_sealed_by);
    record(tx, guard, done)?;
    Ok(Answer { result: effect.result, replayed: false })
}

/// The idempotency key of a call with an effect; reads have none.
fn idempotency_key(invocation: &Invocation) -> Result<Option<IdempotencyKey>, ToolError> {
    let name = invocation.call.name();
    if is_read(&invocation.call) {
        return Ok(None);
    }
    let Some(key) = invocation.key.clone() else {
        return refuse(RefusalCode::IdempotencyKeyRequired, "a tool with an effect needs an idempotency key");
    };
    Ok(Some(IdempotencyKey { caller: invocation.caller.name.clone(), tool: name.as_str(), key }))
}

/// The stored answer of the same call, if it was done.
fn finished(
    tx: &mut Tx<'_>,
    key: &IdempotencyKey,
    body_hash: &[u8],
    call: &ToolCall,
) -> Result<Option<Answer>, ToolError> {
    if !idempotency::try_lock(tx, key)? {
        return refuse(RefusalCode::InProgress, "the same call is being worked right now; try again");
    }
    let Some(done) = idempotency::find(tx, key)? else { return Ok(None) };
    if done.body_hash != body_hash {
        return refuse(
            RefusalCode::IdempotencyKeyReused,
            "this idempotency key was used with other arguments; use a new key",
        );
    }
    let Some(stored) = done.response else {
        return refuse(
            RefusalCode::Duplicate,
            "this was done; its answer was erased with a person it spoke of, and it is not done again",
        );
    };
    let result = ToolResult::from_json(call.name(), serde_json::from_str(&stored)?)?;
    Ok(Some(Answer { result, replayed: true }))
}

/// Keyed hash of the arguments as canonical JSON: two spellings of one body are the same body. Keyed, for a bare hash
/// of a short text can be guessed, and this one outlives an erasure.
fn body_hash(tx: &Tx<'_>, call: &ToolCall) -> Result<Vec<u8>, ToolError> {
    let canonical = audit::canonical_json(&serde_json::to_value(call)?);
    Ok(tx.vault.lookup_hash("arguments", &canonical).to_vec())
}

fn refused(invocation: &Invocation, refusal: &Refusal) -> AuditEntry {
    entry(invocation, json!({ "arguments": invocation.call, "detail": refusal.detail }))
        .with_outcome(AuditOutcome::Refused, refusal.codes())
}

fn entry(invocation: &Invocation, payload: Value) -> AuditEntry {
    let action = invocation.call.name().as_str();
    let mut entry = AuditEntry::new(invocation.caller.actor.clone(), action, payload);
    entry.caused_by.clone_from(&invocation.caused_by);
    entry
}

fn is_read(call: &ToolCall) -> bool {
    matches!(call, ToolCall::SearchVendors(_) | ToolCall::GetRequestSnapshot(_) | ToolCall::GetOcrResult(_))
}
