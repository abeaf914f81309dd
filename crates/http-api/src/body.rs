//! Reading a request's body within bounds: of size, of time, and of all bodies together.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest,
    http::header::CONTENT_LENGTH,
    web::{Bytes, Payload},
};
use futures_util::StreamExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{Code, Problem};

/// The largest webhook body that is taken, in bytes. Meta promises at most 3 MiB.
pub const BODY_MAX: usize = 4 * 1024 * 1024;
/// How much of a larger one is read and thrown away, so that its sender gets to read the answer.
const DRAIN_MAX: usize = 16 * 1024 * 1024;
/// The longest that a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(15);
/// What all bodies together may hold in memory, in bytes; before their signature is known anybody may send them.
const BUDGET: usize = 64 * 1024 * 1024;

/// What all bodies together may hold in memory.
#[derive(Clone)]
pub struct BodyBudget(Arc<Semaphore>);

impl BodyBudget {
    /// `bytes` for all together.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.0.available_permits()
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        u32::try_from(bytes)
            .ok()
            .and_then(|bytes| Arc::clone(&self.0).try_acquire_many_owned(bytes).ok())
            .ok_or_else(|| Problem::new(Code::Unavailable).with_detail("too many bodies at once"))
    }
}

impl Default for BodyBudget {
    fn default() -> Self {
        Self::new(BUDGET)
    }
}

/// A body, and its share of the budget until it is dropped.
pub(crate) struct Body {
    bytes: Vec<u8>,
    share: OwnedSemaphorePermit,
}

impl Body {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn add(&mut self, chunk: &Bytes, budget: &BodyBudget) -> Result<(), Problem> {
        self.share.merge(budget.take(chunk.len())?);
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

/// Reads the whole body, of at most `max` bytes.
///
/// # Errors
/// [`Code::BodyTooLarge`], [`Code::BodyTimeout`], [`Code::Unavailable`] when the budget is used up,
/// [`Code::BadRequest`] when the body does not arrive as it was announced.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: Payload,
    budget: &BodyBudget,
    max: usize,
) -> Result<Body, Problem> {
    let body = Body { bytes: Vec::new(), share: budget.take(0)? };
    timeout(BODY_TIME_MAX, collect(declared_length(request), payload, body, budget, max))
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::BodyTimeout)))
}

/// Reads on after a body was found too large or the budget too small, up to a limit: a sender whose connection is
/// closed under its hands never sees why.
async fn collect(
    declared: Option<usize>,
    mut payload: Payload,
    mut body: Body,
    budget: &BodyBudget,
    max: usize,
) -> Result<Body, Problem> {
    let too_large =
        || Problem::new(Code::BodyTooLarge).with_detail(format!("a body has at most {max} bytes here"));
    let mut refused = declared.filter(|length| *length > max).map(|_| too_large());
    if declared.is_some_and(|length| length > DRAIN_MAX) {
        return Err(too_large());
    }
    let mut length = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::BadRequest).with_detail("the body broke off"))?;
        length = length.saturating_add(chunk.len());
        if length > DRAIN_MAX {
            break;
        }
        if refused.is_none() {
            refused = if length > max { Some(too_large()) } else { body.add(&chunk, budget).err() };
            if refused.is_some() {
                // What it held is of use to others now.
                body = Body { bytes: Vec::new(), share: budget.take(0)? };
            }
        }
    }
    refused.map_or(Ok(body), Err)
}

fn declared_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
