//! What operators' tools do beside the ten tools: take a request over, give it back, close it.

use marketplace::{HttpRequestId, RequestId};
use moltbot_contract::{RuleId, Violation};
use serde_json::{Map, Value};
use store::StoreError;
use tool_registry::{RefusalCode, Scope};

use super::{Api, Failure, Principal, journal::Refused, parse_object};
use crate::{
    Refusal, ToolError,
    control::{Command, REASON_MAX, Steered, Step, steer},
};

/// One step as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Steering<'a> {
    /// The request's id.
    pub request: &'a str,
    /// What is to be done.
    pub step: Step,
    /// Nothing, or bytes that should be one JSON object with `reason` at most.
    pub body: &'a [u8],
    /// The caller's idempotency key.
    pub key: Option<&'a [u8]>,
    /// The HTTP request that carries it.
    pub cause: HttpRequestId,
}

impl Api {
    /// Takes a request over, gives it back or closes it, for a person with the scope `operate`; and whether the answer
    /// had been stored under the key.
    ///
    /// # Errors
    /// As [`Api::call`] has them. Nothing took effect but the audit record.
    pub async fn steer(
        &self,
        principal: &Principal,
        asked: Steering<'_>,
    ) -> Result<(Steered, bool), Failure> {
        let about = asked.request.parse().ok();
        match self.read_steering(principal, asked, about) {
            Ok(command) => self.run_steering(principal, command).await,
            Err(failure) => {
                let action = asked.step.action();
                let refused = Refused::new(principal.actor(), action, asked.cause, &failure).about(about);
                Err(self.0.journal.refused(refused, failure).await)
            }
        }
    }

    /// Scope, body, key: what is decided without the database.
    fn read_steering(
        &self,
        principal: &Principal,
        asked: Steering<'_>,
        request: Option<RequestId>,
    ) -> Result<Command, Failure> {
        if !principal.has(Scope::Operate) {
            return Err(Failure::ScopeMissing(Scope::Operate));
        }
        let reason = read_reason(asked.body)?;
        let refuse = |code, detail: &str| Failure::Refused(Refusal::new(code, detail));
        let Some(key) = asked.key else {
            return Err(refuse(RefusalCode::IdempotencyKeyRequired, "a step needs an idempotency key"));
        };
        let key = Some(self.stored_key(key)?);
        let request =
            request.ok_or_else(|| refuse(RefusalCode::RequestNotFound, "there is no such request"))?;
        Ok(Command {
            caller: principal.caller(),
            request,
            step: asked.step,
            reason,
            by: None,
            key,
            caused_by: Some(asked.cause.to_string()),
        })
    }

    async fn run_steering(
        &self,
        principal: &Principal,
        command: Command,
    ) -> Result<(Steered, bool), Failure> {
        let attempt = async || {
            let command = command.clone();
            self.0.db.write(move |tx| steer(tx, &command)).await
        };
        let mut result = attempt().await;
        if matches!(result, Err(ToolError::Store(StoreError::CommitUnknown(_)))) {
            // If it took effect, its key knows the answer.
            result = attempt().await;
        }
        match result {
            Ok(Ok(steered)) => Ok(steered),
            // Recorded in the transaction that refused.
            Ok(Err(refusal)) => Err(Failure::Refused(refusal)),
            Err(error) => {
                let failure = Failure::of(&error);
                if matches!(failure, Failure::Unavailable) {
                    return Err(failure);
                }
                let Some(cause) = command.caused_by.as_deref().and_then(|cause| cause.parse().ok()) else {
                    return Err(failure);
                };
                let refused = Refused::new(principal.actor(), command.step.action(), cause, &failure);
                Err(self.0.journal.refused(refused.about(Some(command.request)), failure).await)
            }
        }
    }
}

/// No body is no reason.
fn read_reason(body: &[u8]) -> Result<Option<String>, Failure> {
    if body.is_empty() {
        return Ok(None);
    }
    let fields = parse_object(body).map_err(|rejection| Failure::Malformed(rejection.violations))?;
    reason_of(&fields).map_err(|violation| Failure::Invalid(vec![violation]))
}

fn reason_of(fields: &Map<String, Value>) -> Result<Option<String>, Violation> {
    if let Some(other) = fields.keys().find(|name| *name != "reason") {
        let message = "expected nothing but `reason`";
        return Err(Violation::new(
            format!("/{}", other.replace('~', "~0").replace('/', "~1")),
            RuleId::UnknownField,
            message,
        ));
    }
    match fields.get("reason") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(reason)) if reason.contains('\0') => {
            Err(Violation::new("/reason", RuleId::ControlCharacter, "expected no U+0000"))
        }
        Some(Value::String(reason)) if reason.chars().count() <= REASON_MAX => Ok(Some(reason.clone())),
        Some(Value::String(_)) => Err(Violation::new(
            "/reason",
            RuleId::TextTooLong,
            format!("expected at most {REASON_MAX} characters"),
        )),
        Some(_) => Err(Violation::new("/reason", RuleId::WrongType, "expected a text")),
    }
}
