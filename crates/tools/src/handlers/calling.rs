//! The calling tools.

use store::{Tx, requests::RequestGuard};
use tool_registry::{RequestCallConsentArgs, StartCallArgs};

use super::Effect;
use crate::{
    Caller, Policy, ToolError,
    calling::{request_consent, start_call},
};

pub(super) fn request_consent(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    caller: &Caller,
    args: &RequestCallConsentArgs,
) -> Result<Effect, ToolError> {
    let (result, vendor) = request_consent::run(tx, policy, guard, caller, args)?;
    let effect = Effect::new(result);
    Ok(match vendor {
        Some(key) => effect.sealed_by(key),
        None => effect,
    })
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
