//! The one way in for callers from outside, whatever they speak: [`Api::authenticate`], then [`Api::call`].
//!
//! Authenticate → authorise the scope → read the arguments against the schema → the one transaction ([`crate::run`]).
//! Every refusal on this way has its audit record with the id of the HTTP request that it answers: in the chain of
//! the request that the arguments name, if there is one, else in `system`.

mod failure;
mod journal;
mod limits;
mod principal;
mod steering;

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use marketplace::{Actor, HttpRequestId, RequestId, Timestamp, TokenId};
use serde_json::{Map, Value};
use store::{
    Db, StoreError,
    tokens::{self, Token, USE_NOTED_EVERY},
};
use strum::IntoEnumIterator as _;
use tool_registry::{ArgsRejection, RefusalCode, ToolCall, ToolName};

pub use moltbot_contract::{Violation, parse_object};

pub use self::{
    failure::Failure,
    limits::{CALLS_PER_MINUTE, CALLS_PER_MINUTE_MAX},
    principal::Principal,
    steering::Steering,
};
use self::{
    journal::{Journal, Refused},
    limits::{Admission, Limits},
};
use crate::{Answer, Invocation, Policy, Refusal, ToolError, control::Step, run};

/// An idempotency key's length, at most, in characters.
pub const KEY_LENGTH_MAX: usize = 255;
/// What an audit record calls a call that names none of the ten tools.
const NO_TOOL: &str = "api.call";
/// Who is recorded while nobody is authenticated.
const STRANGER: &str = "api";

/// The tools for callers from outside. A clone is the same, with the same limits.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    db: Db,
    policy: Policy,
    limits: Limits,
    journal: Journal,
    /// When the use of a token was last written down by this process.
    noted: Mutex<HashMap<TokenId, Timestamp>>,
}

/// One call as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The tool's full name.
    pub tool: &'a str,
    /// Its arguments: bytes that should be one JSON object.
    pub args: &'a [u8],
    /// The caller's idempotency key. What is stored is a keyed hash of it: a caller may put anything there.
    pub key: Option<&'a [u8]>,
    /// The HTTP request that carries the call.
    pub cause: HttpRequestId,
}

impl Api {
    /// Over a database, within what the environment allows; each token may call so often.
    pub fn new(db: Db, policy: Policy, calls_per_minute: NonZeroU32) -> Self {
        let limits = Limits::new(calls_per_minute, &db.lease_clock);
        let journal = Journal::new(db.clone());
        Self(Arc::new(Inner { db, policy, limits, journal, noted: Mutex::default() }))
    }

    /// Who shows this bearer token, if it is valid and has calls left.
    ///
    /// # Errors
    /// [`Failure::Unauthorized`] alike for none, an unknown, an expired and a revoked one;
    /// [`Failure::RateLimited`], [`Failure::Unavailable`], [`Failure::Internal`].
    pub async fn authenticate(
        &self,
        bearer: Option<&str>,
        cause: HttpRequestId,
    ) -> Result<Principal, Failure> {
        let token = match self.verify(bearer).await? {
            Ok(token) => token,
            Err(reason) => return Err(self.turn_away(reason, cause).await),
        };
        let (id, principal) = (token.id, Principal::of(&token));
        if let Admission::Wait(retry_after) = self.0.limits.call(id) {
            let failure = Failure::RateLimited { retry_after };
            let refused = Refused::new(principal.actor(), NO_TOOL, cause, &failure);
            return Err(self.0.journal.bounded(Some(id), refused, failure).await);
        }
        self.note_use(&token).await;
        Ok(principal)
    }

    /// Runs one call of one tool.
    ///
    /// # Errors
    /// Any [`Failure`] but [`Failure::Unauthorized`] and [`Failure::RateLimited`]. Nothing took effect but the audit
    /// record; after [`Failure::Unavailable`] and [`Failure::Internal`] the same key tells.
    pub async fn call(&self, principal: &Principal, request: Request<'_>) -> Result<Answer, Failure> {
        let name = ToolName::from_name(request.tool);
        let args = parse_object(request.args);
        let about = args.as_ref().ok().and_then(request_of);
        let read = match (name, args) {
            (None, _) => Err(Failure::UnknownTool),
            (Some(name), Ok(args)) => self.read(principal, name, args, request.key),
            (Some(name), Err(rejection)) => {
                Err(principal.may_call(name).err().unwrap_or(Failure::Malformed(rejection.violations)))
            }
        };
        match read {
            Ok((call, key)) => self.run(principal, call, key, request.cause).await,
            Err(failure) => {
                let action = name.map_or(NO_TOOL, ToolName::as_str);
                let refused = Refused::new(principal.actor(), action, request.cause, &failure).about(about);
                Err(self.0.journal.refused(refused, failure).await)
            }
        }
    }

    /// Records a call that was refused before it could be read, under a closed code: the transport's own limits.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] or [`Failure::Internal`] when it can't be recorded.
    pub async fn refused_unread(
        &self,
        principal: &Principal,
        tool: &str,
        code: &'static str,
        cause: HttpRequestId,
    ) -> Result<(), Failure> {
        let step = Step::iter().map(Step::action).find(|action| *action == tool);
        let action = ToolName::from_name(tool).map(ToolName::as_str).or(step).unwrap_or(NO_TOOL);
        self.0.journal.write(Refused::coded(principal.actor(), action, cause, code)).await
    }

    /// Scope, schema, key: what is decided without the database.
    fn read(
        &self,
        principal: &Principal,
        name: ToolName,
        args: Map<String, Value>,
        key: Option<&[u8]>,
    ) -> Result<(ToolCall, Option<String>), Failure> {
        principal.may_call(name)?;
        let call = ToolCall::parse(name.as_str(), &Value::Object(args)).map_err(|error| match error {
            ArgsRejection::UnknownTool => Failure::UnknownTool,
            ArgsRejection::Invalid(violations) => Failure::Invalid(violations),
        })?;
        if name.spec().is_some_and(|spec| !spec.effect.needs_key()) {
            // Reads ignore it.
            return Ok((call, None));
        }
        let Some(key) = key else {
            return Err(Failure::Refused(Refusal::new(
                RefusalCode::IdempotencyKeyRequired,
                "a tool with an effect needs an idempotency key",
            )));
        };
        Ok((call, Some(self.stored_key(key)?)))
    }

    fn stored_key(&self, key: &[u8]) -> Result<String, Failure> {
        let fits = (1..=KEY_LENGTH_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
        if !fits {
            return Err(Failure::KeyInvalid);
        }
        Ok(hex::encode(self.0.db.store.vault().lookup_hash("idempotency_key", key)))
    }

    async fn run(
        &self,
        principal: &Principal,
        call: ToolCall,
        key: Option<String>,
        cause: HttpRequestId,
    ) -> Result<Answer, Failure> {
        let (action, about) = (call.name().as_str(), call.request_id());
        let caller = principal.caller();
        let invocation = Invocation { caller, key, caused_by: Some(cause.to_string()), call };
        let mut result = self.attempt(invocation.clone()).await;
        if matches!(result, Err(ToolError::Store(StoreError::CommitUnknown(_)))) {
            // If it took effect, its key knows the answer; a read is as good twice.
            result = self.attempt(invocation).await;
        }
        match result {
            Ok(Ok(answer)) => Ok(answer),
            // Recorded in the transaction that refused.
            Ok(Err(refusal)) => Err(Failure::Refused(refusal)),
            Err(error) => {
                let failure = Failure::of(&error);
                if matches!(failure, Failure::Unavailable) {
                    return Err(failure);
                }
                let refused = Refused::new(principal.actor(), action, cause, &failure).about(Some(about));
                Err(self.0.journal.refused(refused, failure).await)
            }
        }
    }

    async fn attempt(&self, invocation: Invocation) -> Result<crate::Outcome, ToolError> {
        let policy = self.0.policy;
        self.0.db.write(move |tx| run(tx, policy, &invocation)).await
    }

    async fn verify(&self, bearer: Option<&str>) -> Result<Result<Token, &'static str>, Failure> {
        let Some(bearer) = bearer.map(str::to_owned) else { return Ok(Err("token_missing")) };
        // What has not the form of a token is no reason to ask the database.
        if !tokens::is_well_formed(&bearer) {
            return Ok(Err("token_malformed"));
        }
        let verified: Result<_, StoreError> = self.0.db.read(move |tx| tokens::verify(tx, &bearer)).await;
        let verified = verified.map_err(|error| Failure::of(&error.into()))?;
        Ok(verified.map_err(<&'static str>::from))
    }

    /// Somebody without a valid token. They share one small bucket; over it the answer is another, and says no more.
    async fn turn_away(&self, reason: &'static str, cause: HttpRequestId) -> Failure {
        let failure = match self.0.limits.stranger() {
            Admission::Granted => Failure::Unauthorized,
            Admission::Wait(retry_after) => Failure::RateLimited { retry_after },
        };
        let refused = Refused::new(Actor::system(STRANGER), NO_TOOL, cause, &failure).because(reason);
        self.0.journal.bounded(None, refused, failure).await
    }

    /// Writes down that a token was used, once a minute. Failing at that fails no call.
    async fn note_use(&self, token: &Token) {
        let (id, now) = (token.id, self.0.db.clock.now());
        let recent = |at: &Timestamp| now.since(*at) < USE_NOTED_EVERY;
        if token.last_used_at.as_ref().is_some_and(recent) {
            return;
        }
        {
            let mut noted = self.0.noted.lock().unwrap_or_else(PoisonError::into_inner);
            if noted.get(&id).is_some_and(recent) {
                return;
            }
            noted.insert(id, now);
        }
        let written: Result<(), StoreError> = self.0.db.write(move |tx| tokens::note_use(tx, id)).await;
        if let Err(error) = written {
            tracing::warn!(error = &error as &dyn std::error::Error, "a token's use was not written down");
        }
    }
}

/// The request that the arguments name, whatever else is wrong with them.
fn request_of(args: &Map<String, Value>) -> Option<RequestId> {
    args.get("request_id")?.as_str()?.parse().ok()
}
