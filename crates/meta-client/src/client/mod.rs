//! The HTTP client, and what its answers prove.

mod answer;
mod calling;
mod media;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use marketplace::{PhoneNumberId, WaId};
use reqwest::{Client, RequestBuilder, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use self::answer::{Answer, Failure};
pub use self::media::{MEDIA_BYTES_MAX, MEDIA_TIMEOUT, MediaApi, MediaError, MediaRef};
use crate::{error::SendErrorClass, identity::MetaId, outbound::OutboundMessage};

/// No answer of `/messages` is near this; more is not read.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Whole time of one request, from connecting to the answer's last byte.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(15);
/// A connection not made within this is given up: then nothing was sent, and the send may be repeated.
const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(5);
/// Connections are left before the other side closes them: a request written into a closing connection is a doubt.
const POOL_IDLE: Duration = Duration::from_secs(10);

/// Sending through Meta.
#[async_trait]
pub trait MetaApi: Send + Sync {
    /// Sends one message, once. Never fails: whatever happens is one of four outcomes.
    async fn send(&self, from: &PhoneNumberId, message: &OutboundMessage) -> SendOutcome;

    /// Marks a message, and all before it in its thread, as read. May be repeated freely.
    async fn mark_read(&self, from: &PhoneNumberId, wamid: &MetaId) -> Result<(), MarkReadError>;
}

/// What is known after a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// Meta took it; whether it arrives, statuses will say.
    Accepted {
        /// Meta's id of the message.
        wamid: MetaId,
        /// The person's `wa_id`, which may differ from the number sent to.
        wa_id: Option<WaId>,
        /// On templates under pacing: `accepted`, `held_for_quality_assessment`, `paused`.
        message_status: Option<String>,
    },
    /// Proven to have had no effect: send it again later.
    Retry {
        /// Not before this time has passed.
        after: Option<Duration>,
        /// Meta's code; `None` when no connection was made.
        code: Option<i64>,
        /// Why, for an operator.
        detail: String,
    },
    /// Refused: it was not sent and must not be sent again as it is.
    Refused {
        /// What kind of refusal.
        class: SendErrorClass,
        /// Meta's code.
        code: i64,
        /// Meta's own words, for an operator.
        detail: String,
    },
    /// Nothing is proven: it may have been sent. Never send it again.
    Unknown {
        /// Where the doubt comes from.
        why: String,
    },
}

/// The read mark was not set, or it is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the read mark was not confirmed: {0}")]
pub struct MarkReadError(pub String);

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base is no `http` or `https` URL, or it carries a password, a query or a fragment.
    #[error("the Graph base is not an http(s) URL without user, query and fragment: {0}")]
    BadBase(String),
    /// The version is not of the form `v25.0`.
    #[error("the Graph version is not of the form v25.0: {0}")]
    BadVersion(String),
    /// The token is blank or holds characters that no header can carry.
    #[error("the access token is blank or cannot be written into a header")]
    BadToken,
    /// The HTTP library refused its configuration.
    #[error("the HTTP client cannot be made: {0}")]
    Http(#[from] reqwest::Error),
}

/// Where Meta is, and how we show who we are.
#[derive(Debug, Clone)]
pub struct MetaConfig {
    /// Graph endpoint, for example `https://graph.facebook.com`. The token goes to this origin alone.
    pub base_url: String,
    /// Graph version, for example `v25.0`.
    pub version: String,
    /// System-user token.
    pub access_token: SecretString,
    /// Whole time of one request, see [`TIMEOUT_DEFAULT`].
    pub timeout: Duration,
}

/// Meta's Cloud API over HTTP.
pub struct MetaClient {
    http: Client,
    root: String,
    access_token: SecretString,
    timeout: Duration,
    media_hosts: Vec<String>,
    media_timeout: Duration,
}

impl fmt::Debug for MetaClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetaClient")
            .field("root", &self.root)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl MetaClient {
    /// Checks the configuration and makes the client. Nothing is sent yet.
    ///
    /// Redirects are not followed, proxies of the environment are not used, and nothing is retried below this
    /// level: each of these would send a message or the token where the caller does not know of it.
    pub fn new(config: MetaConfig) -> Result<Self, ClientError> {
        let base = check_base(&config.base_url)?;
        check_version(&config.version)?;
        check_token(&config.access_token)?;
        // Another part of the process may have installed one already: any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .pool_idle_timeout(POOL_IDLE)
            .connect_timeout(CONNECT_TIMEOUT_MAX.min(config.timeout / 2))
            .user_agent(concat!("concierge/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // TLS is never used, and the machine's certificates need not exist.
            http = http.tls_certs_only([]);
        }
        let http = http.build()?;
        let root = format!("{}/{}", base.as_str().trim_end_matches('/'), config.version);
        Ok(Self {
            http,
            root,
            access_token: config.access_token,
            timeout: config.timeout,
            media_hosts: Vec::new(),
            media_timeout: MEDIA_TIMEOUT,
        })
    }

    async fn post(&self, from: &PhoneNumberId, edge: &str, body: &Value) -> Result<Answer, Failure> {
        let url = format!("{}/{}/{edge}", self.root, from.as_str());
        self.exchange(self.http.post(url).json(body)).await
    }

    /// One request and its answer within the one deadline. Asked below the configured base alone.
    async fn exchange(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let response = request
            .bearer_auth(self.access_token.expose_secret())
            .timeout(self.timeout)
            .send()
            .await
            .map_err(Failure::of)?;
        Answer::read(response).await
    }
}

#[async_trait]
impl MetaApi for MetaClient {
    async fn send(&self, from: &PhoneNumberId, message: &OutboundMessage) -> SendOutcome {
        let outcome = match self.post(from, "messages", &message.to_json()).await {
            Ok(answer) => answer.outcome(),
            Err(Failure::BeforeEffect(detail)) => SendOutcome::Retry { after: None, code: None, detail },
            Err(Failure::Doubt(why)) => SendOutcome::Unknown { why },
        };
        tracing::debug!(
            phone_number_id = from.as_str(),
            intent_id = message.intent_id(),
            kind = message.content().kind(),
            outcome = outcome.as_str(),
            "send"
        );
        outcome
    }

    async fn mark_read(&self, from: &PhoneNumberId, wamid: &MetaId) -> Result<(), MarkReadError> {
        let body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": wamid});
        match self.post(from, "messages", &body).await {
            Ok(answer) if answer.confirms() => Ok(()),
            Ok(answer) => Err(MarkReadError(answer.reason())),
            Err(Failure::BeforeEffect(why) | Failure::Doubt(why)) => Err(MarkReadError(why)),
        }
    }
}

impl SendOutcome {
    /// The outcome in one word, for logs and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Retry { .. } => "retry",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
        }
    }
}

fn check_base(text: &str) -> Result<Url, ClientError> {
    let bad = || ClientError::BadBase(without_password(text));
    let url: Url = text.parse().map_err(|_| bad())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if plain { Ok(url) } else { Err(bad()) }
}

/// What is before an `@` is never printed.
fn without_password(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("…@{host}"))
}

fn check_version(text: &str) -> Result<(), ClientError> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .filter(|(major, minor)| digits(major) && digits(minor))
        .map(|_| ())
        .ok_or_else(|| ClientError::BadVersion(text.to_owned()))
}

fn check_token(token: &SecretString) -> Result<(), ClientError> {
    let token = token.expose_secret();
    let good = !token.trim().is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(()) } else { Err(ClientError::BadToken) }
}

#[cfg(test)]
mod tests;
