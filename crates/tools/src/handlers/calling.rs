//! The calling tools.

use marketplace::RequestState;
use store::{Tx, requests::RequestGuard};
use tool_registry::{RefusalCode, StartCallArgs};

use super::Effect;
use crate::{Caller, Policy, ToolError, calling::start_call, error::refuse};

pub(super) fn request_consent(
    _tx: &mut Tx<'_>,
    _policy: Policy,
    guard: &RequestGuard,
) -> Result<Effect, ToolError> {
    let state = guard.request().state;
    let over = matches!(state, RequestState::HandedOff | RequestState::Closed | RequestState::Error);
    let detail = if over {
        format!("calling is switched off, and the request is {state}")
    } else {
        "calling is switched off; go on in chat".to_owned()
    };
    refuse(RefusalCode::CallingDisabled, detail)
}

pub(super) fn start(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    caller: &Caller,
    args: &StartCallArgs,
) -> Result<Effect, ToolError> {
    Ok(Effect::new(start_call::run(tx, policy, guard, caller, args)?))
}
