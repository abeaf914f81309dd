//! The calling tools. Calling is off by default and this release cannot be switched on: both refuse.

use marketplace::RequestState;
use store::{Tx, requests::RequestGuard};
use tool_registry::RefusalCode;

use super::Effect;
use crate::{Policy, ToolError, error::refuse};

pub(super) fn request_consent(
    _tx: &mut Tx<'_>,
    _policy: Policy,
    guard: &RequestGuard,
) -> Result<Effect, ToolError> {
    refuse_calls(guard)
}

/// The mission's order: the flag, the state, consent.
pub(super) fn start(_tx: &mut Tx<'_>, _policy: Policy, guard: &RequestGuard) -> Result<Effect, ToolError> {
    refuse_calls(guard)
}

fn refuse_calls(guard: &RequestGuard) -> Result<Effect, ToolError> {
    let state = guard.request().state;
    let over = matches!(state, RequestState::HandedOff | RequestState::Closed | RequestState::Error);
    let detail = if over {
        format!("calling is switched off, and the request is {state}")
    } else {
        "calling is switched off; go on in chat".to_owned()
    };
    refuse(RefusalCode::CallingDisabled, detail)
}
