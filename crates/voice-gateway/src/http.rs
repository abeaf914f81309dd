//! The port over HTTP: `docs/calling/voice-gateway.md`.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use marketplace::CallAttemptId;
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::{
    error::{Misreading, Outage, Refusal, VoiceError},
    port::{Offer, SDP_BYTES_MAX, VoiceGateway},
    session::VoiceSessionId,
};

/// Longest answer that is read, in bytes: a description of which every byte is escaped, and the rest of the object.
pub const ANSWER_BYTES_MAX: usize = 6 * SDP_BYTES_MAX + 4 * 1024;
/// Whole time of one request, from connecting to the answer's last byte, at most. Meta waits 20 s for media.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(5);
/// A connection not made within this is given up.
pub(crate) const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(2);
/// Connections are left before the other side closes them.
const POOL_IDLE: Duration = Duration::from_secs(10);

/// Where the gateway is, and how we show who we are.
#[derive(Debug, Clone)]
pub struct VoiceGatewayConfig {
    /// The gateway's address, for example `https://voice.example/concierge`; `/v1/…` is appended.
    pub base_url: String,
    /// Sent as a bearer token with every request, to this address alone. `None`: the gateway asks for none.
    pub token: Option<SecretString>,
    /// Whole time of one request; more than [`TIMEOUT_MAX`] is cut to it.
    pub timeout: Duration,
}

impl VoiceGatewayConfig {
    /// With the longest time limit there is.
    pub fn new(base_url: impl Into<String>, token: Option<SecretString>) -> Self {
        Self { base_url: base_url.into(), token, timeout: TIMEOUT_MAX }
    }
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The address is no `http` or `https` URL, or it carries a user, a query or a fragment.
    #[error("the voice gateway's address is not an http(s) URL without user, query and fragment")]
    BaseUrl,
    /// The token is blank or holds characters that no header can carry.
    #[error("the voice gateway's token is blank or cannot be written into a header")]
    Token,
    /// The HTTP library refused its configuration.
    #[error("the HTTP client cannot be made")]
    Http(#[source] reqwest::Error),
}

/// A gateway over HTTP. One per process: it keeps its connections.
pub struct HttpVoiceGateway {
    http: Client,
    root: String,
    authorization: Option<HeaderValue>,
    timeout: Duration,
}

impl fmt::Debug for HttpVoiceGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpVoiceGateway")
            .field("root", &self.root)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl HttpVoiceGateway {
    /// Checks the configuration and makes the client. Nothing is sent yet.
    ///
    /// Redirects are not followed, proxies of the environment are not used, and nothing is retried below this level:
    /// each of these would carry the token or a description where the caller does not know of it.
    pub fn new(config: &VoiceGatewayConfig) -> Result<Self, BuildError> {
        let base = check_base(&config.base_url)?;
        let authorization = config.token.as_ref().map(bearer).transpose()?;
        let timeout = config.timeout.min(TIMEOUT_MAX);
        // Another part of the process may have installed one already: any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .pool_idle_timeout(POOL_IDLE)
            .connect_timeout(CONNECT_TIMEOUT_MAX.min(timeout / 2))
            .user_agent(concat!("concierge/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // TLS is never used, and the machine's certificates need not exist.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(BuildError::Http)?;
        let root = format!("{}/v1", base.as_str().trim_end_matches('/'));
        Ok(Self { http, root, authorization, timeout })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/{path}", self.root)).timeout(self.timeout);
        match &self.authorization {
            Some(bearer) => request.header(AUTHORIZATION, bearer.clone()),
            None => request,
        }
    }

    async fn try_offer(&self, attempt: CallAttemptId) -> Result<Offer, VoiceError> {
        let response = send(self.request(Method::PUT, &format!("calls/{attempt}"))).await?;
        match response.status() {
            StatusCode::OK | StatusCode::CREATED => read_offer(&read_bounded(response).await?),
            // 404 is no word on this attempt: it was never here before. The address leads to no gateway.
            StatusCode::NOT_FOUND => Err(VoiceError::Refused(Refusal::Status { status: 404 })),
            status => Err(failure(status)),
        }
    }

    async fn try_answer(&self, session: &VoiceSessionId, sdp: &str) -> Result<(), VoiceError> {
        if sdp.trim().is_empty() || sdp.len() > SDP_BYTES_MAX {
            return Err(VoiceError::Refused(Refusal::Description));
        }
        let body = json!({"sdp_type": "answer", "sdp": sdp});
        let request = self.request(Method::PUT, &format!("sessions/{session}/answer")).json(&body);
        match send(request).await?.status() {
            StatusCode::NO_CONTENT => Ok(()),
            status => Err(failure(status)),
        }
    }

    async fn try_hang_up(&self, session: &VoiceSessionId) -> Result<(), VoiceError> {
        match send(self.request(Method::DELETE, &format!("sessions/{session}"))).await?.status() {
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
            status => Err(failure(status)),
        }
    }
}

#[async_trait]
impl VoiceGateway for HttpVoiceGateway {
    async fn offer(&self, attempt: CallAttemptId) -> Result<Offer, VoiceError> {
        let result = self.try_offer(attempt).await;
        let session = result.as_ref().ok().map(|offer| tracing::field::display(&offer.session));
        tracing::debug!(%attempt, session, outcome = outcome(&result), "voice offer");
        result
    }

    async fn answer(&self, session: &VoiceSessionId, sdp: &str) -> Result<(), VoiceError> {
        let result = self.try_answer(session, sdp).await;
        tracing::debug!(%session, outcome = outcome(&result), "voice answer");
        result
    }

    async fn hang_up(&self, session: &VoiceSessionId) -> Result<(), VoiceError> {
        let result = self.try_hang_up(session).await;
        tracing::debug!(%session, outcome = outcome(&result), "voice hang-up");
        result
    }
}

/// The outcome in one word, for logs.
fn outcome<T>(result: &Result<T, VoiceError>) -> &'static str {
    result.as_ref().map_or_else(VoiceError::code, |_| "done")
}

fn check_base(text: &str) -> Result<Url, BuildError> {
    let url: Url = text.parse().map_err(|_| BuildError::BaseUrl)?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if plain { Ok(url) } else { Err(BuildError::BaseUrl) }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, BuildError> {
    let token = token.expose_secret();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(BuildError::Token);
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| BuildError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

async fn send(request: RequestBuilder) -> Result<Response, VoiceError> {
    request.send().await.map_err(|error| {
        if error.is_connect() || error.is_builder() {
            VoiceError::Unavailable(Outage::NoConnection { why: causes(error) })
        } else {
            broken(error)
        }
    })
}

/// What a status means that is not the expected success. The body is not read: it may quote a description.
fn failure(status: StatusCode) -> VoiceError {
    let code = status.as_u16();
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            VoiceError::Unavailable(Outage::Status { status: code })
        }
        _ if status.is_server_error() => VoiceError::Unavailable(Outage::Status { status: code }),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            VoiceError::Refused(Refusal::Token { status: code })
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            VoiceError::Refused(Refusal::SessionGone { status: code })
        }
        _ if status.is_client_error() => VoiceError::Refused(Refusal::Status { status: code }),
        _ => VoiceError::Unreadable(Misreading::Status { status: code }),
    }
}

async fn read_bounded(mut response: Response) -> Result<Vec<u8>, VoiceError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(VoiceError::Unreadable(Misreading::TooLong));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The body of an offer. Fields that a later gateway adds are passed over.
#[derive(Deserialize)]
struct OfferBody {
    session: String,
    sdp_type: String,
    sdp: String,
}

fn read_offer(body: &[u8]) -> Result<Offer, VoiceError> {
    // serde's own words quote what it could not read.
    let body: OfferBody =
        serde_json::from_slice(body).map_err(|_| VoiceError::Unreadable(Misreading::Form))?;
    let session = body.session.parse().map_err(|_| VoiceError::Unreadable(Misreading::Session))?;
    if body.sdp_type != "offer" {
        return Err(VoiceError::Unreadable(Misreading::NotAnOffer));
    }
    let begins = body.sdp.starts_with("v=0\r\n") || body.sdp.starts_with("v=0\n");
    if !begins || body.sdp.len() > SDP_BYTES_MAX {
        return Err(VoiceError::Unreadable(Misreading::Description));
    }
    Ok(Offer { session, sdp: body.sdp })
}

fn broken(error: reqwest::Error) -> VoiceError {
    let outage = if error.is_timeout() { Outage::Late } else { Outage::Broken { why: causes(error) } };
    VoiceError::Unavailable(outage)
}

/// An error of our own side with what lies beneath it.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
