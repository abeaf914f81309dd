//! What the people who operate are told, as one signed request to an address of theirs.
//!
//! [`Notice`] is the document, `docs/operations/notifications.md` describes it. [`sign`] is how it is signed.
//! [`OperatorWebhook`] is the port, [`HttpWebhook`] does it over HTTP. Nothing here retries: whoever calls decides.
//!
//! A notice holds ids and closed codes, no name, number, text or link.

mod http;
mod notice;
mod signature;
#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub use http::{BuildError, HttpWebhook, TIMEOUT, WebhookConfig};
pub use notice::{Notice, VERSION};
pub use signature::{SIGNATURE_HEADER, sign};

/// Names the notification in a header, the same at every attempt: a receiver drops what it has seen.
pub const ID_HEADER: &str = "concierge-notification-id";

/// Where notices go.
#[async_trait]
pub trait OperatorWebhook: Send + Sync {
    /// Delivers one notice, once. `at` is the time that is signed, seconds since 1970.
    ///
    /// # Errors
    /// [`Undelivered`] when no answer of the 2xx kind came: the receiver may have it all the same.
    async fn deliver(&self, notice: &Notice, at: i64) -> Result<(), Undelivered>;
}

/// Why a notice is not known to have arrived. Carries no word of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// Nothing was sent: refused, name not found, TLS not agreed.
    #[error("no connection")]
    NoConnection,
    /// No answer within the time limit.
    #[error("no answer in time")]
    Late,
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// Another answer than 2xx; redirects are not followed.
    #[error("the answer was {0}")]
    Status(u16),
}

impl Undelivered {
    /// A closed code: for rows, logs and dead letters.
    pub fn code(self) -> String {
        match self {
            Self::NoConnection => "no_connection".to_owned(),
            Self::Late => "timeout".to_owned(),
            Self::Broken => "broken".to_owned(),
            Self::Status(status) => format!("http_{status}"),
        }
    }
}
