//! That a request needs a person is told to the people who operate, by the commit that makes it so.

use marketplace::{ActorKind, RequestState};
use store::{
    Tx,
    notifications::{self, NewNotification, NotificationKind},
    requests::RequestGuard,
};

use crate::{AuditEntry, Caller, ToolError};

/// Why a turn gave a request to a person, where its record says so; the first that it holds counts.
const REASONS: [&str; 4] = ["client_wants_person", "attempts_exhausted", "no_vendors_found", "plan_refused"];

/// Writes the notification of a state that only a person leads out of.
pub(crate) fn tell(tx: &mut Tx<'_>, guard: &RequestGuard, caller: &Caller) -> Result<(), ToolError> {
    let request = guard.request();
    let kind = match request.state {
        RequestState::Escalated => NotificationKind::RequestEscalated,
        RequestState::Error => NotificationKind::RequestError,
        _ => return Ok(()),
    };
    let reason = match caller.actor.kind {
        ActorKind::Human => "escalated_by_person",
        ActorKind::Service => "escalated_by_service",
        ActorKind::System => "turn_failed",
        _ => "workflow_decided",
    };
    let new = NewNotification {
        kind,
        // One of each time.
        reference: &format!("{}/{}", request.id, request.version),
        request: Some(request.id),
        state: Some(request.state),
        source: None,
        reason,
    };
    Ok(notifications::insert(tx, &new)?)
}

/// A turn knows better than its tool calls why it escalated.
pub(crate) fn explain(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    decisions: &[AuditEntry],
) -> Result<(), ToolError> {
    let Some(last) = decisions.last() else { return Ok(()) };
    let known = REASONS.into_iter().find(|known| last.reasons.iter().any(|reason| reason == known));
    let reason = match known {
        Some(known) => known,
        None if last.action == "decision.accepted" => "moltbot_decided",
        None => return Ok(()),
    };
    Ok(notifications::explain(tx, guard, NotificationKind::RequestEscalated, reason)?)
}
