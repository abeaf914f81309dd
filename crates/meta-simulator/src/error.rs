//! What can go wrong when driving the simulator. Meta's own errors are answers, not these.

use std::time::Duration;

/// Why a call on the simulator did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be bound, or the server thread not started.
    #[error("the simulator could not start: {0}")]
    Start(#[source] std::io::Error),
    /// No business number in the configuration.
    #[error("the simulator needs at least one business number")]
    NoBusinessNumber,
    /// Nobody registered under this number.
    #[error("no person with the number {0}: register one with `person` first")]
    UnknownPerson(String),
    /// A message to a business number that is not configured.
    #[error("no business number with the id {0}")]
    UnknownBusinessNumber(String),
    /// Quoting a message that never existed.
    #[error("no message with the id {0} to quote")]
    UnknownMessage(String),
    /// No such call, or it is over.
    #[error("no call with the id {0} that is on")]
    UnknownCall(String),
    /// A request for permission that is too old to be answered, or a newer one was answered.
    #[error("the request {0} can no longer be answered")]
    CardLapsed(String),
    /// The person is on a call with this number already.
    #[error("{0} is on a call with this number already")]
    Busy(String),
    /// The awaited thing did not happen in time.
    #[error("nothing came within {0:?}")]
    TimedOut(Duration),
    /// No webhook address is set.
    #[error("no webhook address is set")]
    NoWebhookUrl,
    /// The webhook did not answer Meta's verification as it must.
    #[error("the webhook did not pass verification: {0}")]
    Verification(String),
    /// Too many webhooks under way.
    #[error("too many webhooks are under way")]
    Overloaded,
}
