//! The port over HTTP.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, HeaderValue},
    redirect,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{ID_HEADER, Notice, OperatorWebhook, SIGNATURE_HEADER, Undelivered, sign};

/// Whole time of one delivery, from connecting to the answer's head.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// A connection not made within this is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections are left before the other side closes them.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// Where notices go, and what they are signed with.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// An `https` address; `http` for a loopback address alone, which the caller has checked.
    pub url: String,
    /// The secret that both sides have.
    pub secret: SecretString,
    /// Whole time of one delivery; more than [`TIMEOUT`] is cut to it.
    pub timeout: Duration,
}

impl WebhookConfig {
    /// With the longest time limit there is.
    pub fn new(url: impl Into<String>, secret: SecretString) -> Self {
        Self { url: url.into(), secret, timeout: TIMEOUT }
    }
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The address is no `http` or `https` URL, or carries a user or a fragment.
    #[error("the webhook's address is not an http(s) URL without user and fragment")]
    Url,
    /// The HTTP library refused its configuration.
    #[error("the HTTP client cannot be made")]
    Http(#[source] reqwest::Error),
}

/// A webhook over HTTP. One per process: it keeps its connections.
pub struct HttpWebhook {
    http: Client,
    url: Url,
    secret: SecretString,
    timeout: Duration,
}

impl fmt::Debug for HttpWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path may be a secret of the receiver's.
        f.debug_struct("HttpWebhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl HttpWebhook {
    /// Checks the configuration and makes the client. Nothing is sent yet.
    ///
    /// Redirects are not followed, proxies of the environment are not used, and nothing is retried below this level.
    pub fn new(config: &WebhookConfig) -> Result<Self, BuildError> {
        let url: Url = config.url.parse().map_err(|_| BuildError::Url)?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none();
        if !is_plain {
            return Err(BuildError::Url);
        }
        // Another part of the process may have installed one already: any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let timeout = config.timeout.min(TIMEOUT);
        let mut http = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .pool_idle_timeout(POOL_IDLE)
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .user_agent(concat!("concierge/", env!("CARGO_PKG_VERSION")));
        if url.scheme() == "http" {
            // TLS is never used, and the machine's certificates need not exist.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(BuildError::Http)?;
        Ok(Self { http, url, secret: config.secret.clone(), timeout })
    }

    async fn post(&self, notice: &Notice, at: i64) -> Result<(), Undelivered> {
        let body = serde_json::to_vec(notice).map_err(|_| Undelivered::Broken)?;
        let signature = sign(self.secret.expose_secret().as_bytes(), at, &body);
        let request = self
            .http
            .post(self.url.clone())
            .timeout(self.timeout)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(SIGNATURE_HEADER, signature)
            .header(ID_HEADER, notice.id.to_string())
            .body(body);
        // The answer's body is not read: its head says all that counts.
        let response = request.send().await.map_err(|error| {
            if error.is_timeout() {
                Undelivered::Late
            } else if error.is_connect() || error.is_builder() {
                Undelivered::NoConnection
            } else {
                Undelivered::Broken
            }
        })?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(Undelivered::Status(status.as_u16())),
        }
    }
}

#[async_trait]
impl OperatorWebhook for HttpWebhook {
    async fn deliver(&self, notice: &Notice, at: i64) -> Result<(), Undelivered> {
        let result = self.post(notice, at).await;
        let outcome = result.map_or_else(Undelivered::code, |()| "delivered".to_owned());
        tracing::debug!(notification = %notice.id, outcome, "operator webhook");
        result
    }
}
