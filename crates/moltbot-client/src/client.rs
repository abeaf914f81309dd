//! The client itself.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use moltbot_contract::ContextPack;
use reqwest::{
    Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    breaker::{Breaker, BreakerState, Outcome, Pass},
    config::{Config, Transport},
    error::{BuildError, MoltbotError},
};

/// A gateway refuses larger request bodies (2 MB, `OpenClaw` 2026.9.6), and no model reads as much.
pub(crate) const QUESTION_BODY_MAX: usize = 2_000_000;

/// Longest response body that is read. A gateway's envelope holds the answer twice, once as escaped and indented
/// text, a completion once as escaped text, and an acceptable answer has 64 KiB.
pub(crate) const ANSWER_BODY_MAX: usize = 1024 * 1024;

/// Asks Moltbot. One per process: clones share permits and breaker.
#[derive(Debug, Clone)]
pub struct MoltbotClient {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    endpoint: Url,
    authorization: HeaderValue,
    transport: Transport,
    schema: &'static RawValue,
    timeout: Duration,
    permit_wait: Duration,
    permits: Arc<Semaphore>,
    breaker: Mutex<Breaker>,
    clock: fn() -> Instant,
}

/// Leave to have one question in flight; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    _slot: OwnedSemaphorePermit,
}

/// What Moltbot said.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The decision exactly as received: not yet validated, duplicate keys included. Over a gateway the value of
    /// `result.details.json`; from a model server the message's text without a Markdown fence around it and
    /// without the field `decision` that the provider's schema puts around it.
    pub bytes: Vec<u8>,
}

/// Says how long it is, never what it says.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({} bytes)", self.bytes.len())
    }
}

impl MoltbotClient {
    /// Makes a client; nothing is sent yet.
    pub fn new(config: Config) -> Result<Self, BuildError> {
        Self::with_clock(config, Instant::now)
    }

    pub(crate) fn with_clock(config: Config, clock: fn() -> Instant) -> Result<Self, BuildError> {
        let endpoint = config.transport.endpoint(&config.base_url)?;
        if !matches!(endpoint.scheme(), "http" | "https") || !endpoint.has_host() {
            return Err(BuildError::BaseUrl);
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", config.token.expose_secret()))
            .map_err(|_| BuildError::Token)?;
        authorization.set_sensitive(true);
        Ok(Self {
            shared: Arc::new(Shared {
                http: http_client(&endpoint)?,
                endpoint,
                authorization,
                schema: config.transport.schema()?,
                transport: config.transport,
                timeout: config.timeout,
                permit_wait: config.permit_wait,
                permits: Arc::new(Semaphore::new(config.permits.min(Semaphore::MAX_PERMITS))),
                breaker: Mutex::new(Breaker::new(config.breaker)),
                clock,
            }),
        })
    }

    /// Waits for leave to ask, at most `permit_wait`. Taken before a lane is claimed, so that a waiting
    /// question never holds one. `None`: go on without Moltbot.
    pub async fn permit(&self) -> Option<Permit> {
        let slot = Arc::clone(&self.shared.permits).acquire_owned();
        let slot = tokio::time::timeout(self.shared.permit_wait, slot).await.ok()?.ok()?;
        Some(Permit { _slot: slot })
    }

    /// Asks once and waits for the answer, at most the configured deadline.
    ///
    /// Every failure of the call counts for the circuit breaker. An answer that the contract rejects does
    /// not, nor does one that the model declined or did not finish: it arrived, so the other side works.
    /// Dropping the future drops the connection, which makes a gateway abort the model call.
    pub async fn ask(&self, _permit: &Permit, pack: &ContextPack) -> Result<Answer, MoltbotError> {
        let question = self.question(pack)?;
        let pass = self.shared.pass()?;
        let call = tokio::time::timeout(self.shared.timeout, self.exchange(question)).await;
        let result = call.unwrap_or(Err(MoltbotError::Deadline { after: self.shared.timeout }));
        pass.settle(result.as_ref().map_or_else(MoltbotError::outcome, |_| Outcome::Success));
        match &result {
            Ok(answer) => tracing::debug!(bytes = answer.bytes.len(), "Moltbot answered"),
            Err(error) => tracing::warn!(code = error.code(), %error, "Moltbot gave no answer"),
        }
        result
    }

    /// Where the circuit breaker stands, for metrics and readiness.
    pub fn breaker_state(&self) -> BreakerState {
        self.shared.breaker().state()
    }

    fn question(&self, pack: &ContextPack) -> Result<Vec<u8>, MoltbotError> {
        let Shared { transport, schema, timeout, .. } = &*self.shared;
        let body = transport.question(pack, schema, *timeout).map_err(MoltbotError::Question)?;
        if body.len() > QUESTION_BODY_MAX {
            return Err(MoltbotError::QuestionTooLarge { bytes: body.len() });
        }
        Ok(body)
    }

    async fn exchange(&self, question: Vec<u8>) -> Result<Answer, MoltbotError> {
        let Shared { http, endpoint, authorization, transport, .. } = &*self.shared;
        let response = http
            .post(endpoint.clone())
            .header(AUTHORIZATION, authorization.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(question)
            .send()
            .await
            .map_err(broken)?;
        if response.status() != StatusCode::OK {
            return Err(transport.failure(response.status(), response.headers()));
        }
        let body = read_bounded(response).await?;
        Ok(Answer { bytes: transport.answer(&body)? })
    }
}

impl Shared {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // The breaker is whole between any two statements, so a panic elsewhere leaves nothing torn.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self) -> Result<PassGuard<'_>, MoltbotError> {
        match self.breaker().pass((self.clock)()) {
            Ok(pass) => Ok(PassGuard { shared: self, pass: Some(pass) }),
            Err(refused) => Err(MoltbotError::BreakerOpen { retry_in: refused.retry_in }),
        }
    }
}

/// Settles its pass in any case: a future dropped half-way must not leave the breaker half-open.
struct PassGuard<'a> {
    shared: &'a Shared,
    pass: Option<Pass>,
}

impl PassGuard<'_> {
    fn settle(mut self, outcome: Outcome) {
        self.give_back(outcome);
    }

    fn give_back(&mut self, outcome: Outcome) {
        let Some(pass) = self.pass.take() else { return };
        let mut breaker = self.shared.breaker();
        let before = breaker.state();
        breaker.settle(pass, outcome, (self.shared.clock)());
        let after = breaker.state();
        drop(breaker);
        if before != after {
            tracing::warn!(?before, ?after, "Moltbot's circuit breaker changed");
        }
    }
}

impl Drop for PassGuard<'_> {
    fn drop(&mut self) {
        self.give_back(Outcome::Abandoned);
    }
}

/// No retries, no redirects (the token would travel), no proxy (it would see token and pack).
fn http_client(endpoint: &Url) -> Result<reqwest::Client, BuildError> {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    if endpoint.scheme() == "http" {
        // TLS is never used, and the machine's certificates need not exist.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(BuildError::Http)
}

async fn read_bounded(mut response: Response) -> Result<Vec<u8>, MoltbotError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > ANSWER_BODY_MAX {
            return Err(MoltbotError::AnswerTooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken(error: reqwest::Error) -> MoltbotError {
    if error.is_connect() { MoltbotError::Unreachable(error) } else { MoltbotError::ConnectionLost(error) }
}
