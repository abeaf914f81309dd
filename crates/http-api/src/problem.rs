//! Errors as answers: `application/problem+json` (RFC 9457), written in this one place.

use std::{borrow::Cow, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, ALLOW, WWW_AUTHENTICATE},
    },
};
use marketplace::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tool_registry::{RefusalCode, Scope};
use tools::{Refusal, api::Violation};

/// How long a caller waits before it tries again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// The same for a call whose like is being worked right now.
const RETRY_AFTER_IN_PROGRESS: Duration = Duration::from_secs(1);

/// Which problem it is; clients compare this. Codes are added, never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The request is not what the endpoint reads.
    BadRequest,
    /// The signature is missing, malformed or not by our secret.
    InvalidSignature,
    /// The verification request does not carry our token.
    WrongVerifyToken,
    /// There is nothing at this path.
    NotFound,
    /// The path does not take this method; these it takes.
    MethodNotAllowed(&'static str),
    /// The body did not arrive in time.
    BodyTimeout,
    /// The body is over the limit.
    BodyTooLarge,
    /// Nothing was done; try again later.
    Unavailable,
    /// A defect of ours.
    Internal,
    /// No valid token was shown.
    Unauthorized,
    /// Too many calls.
    RateLimited,
    /// The token does not have the tool's scope.
    ScopeMissing,
    /// There is no tool of this name.
    UnknownTool,
    /// The body is not JSON by its content type.
    UnsupportedMediaType,
    /// The caller does not take the kinds of answer there are.
    NotAcceptable,
    /// The request comes from a page in a browser.
    OriginRefused,
    /// The body is not one well-formed JSON object.
    MalformedJson,
    /// The arguments do not match the tool's schema.
    ArgumentsInvalid,
    /// The idempotency key is not 1 to 255 visible ASCII characters.
    IdempotencyKeyInvalid,
    /// Who this is about was erased.
    Erased,
    /// A gate of a tool said no.
    Refused(RefusalCode),
}

impl Code {
    /// Every code but refusals, grouped as in the documents.
    pub(crate) const OWN: [Self; 20] = [
        Self::BadRequest,
        Self::NotFound,
        Self::MethodNotAllowed(""),
        Self::BodyTimeout,
        Self::BodyTooLarge,
        Self::Internal,
        Self::Unavailable,
        Self::InvalidSignature,
        Self::WrongVerifyToken,
        Self::Unauthorized,
        Self::RateLimited,
        Self::ScopeMissing,
        Self::UnknownTool,
        Self::UnsupportedMediaType,
        Self::MalformedJson,
        Self::ArgumentsInvalid,
        Self::IdempotencyKeyInvalid,
        Self::Erased,
        Self::NotAcceptable,
        Self::OriginRefused,
    ];

    /// The code as clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::InvalidSignature => "invalid_signature",
            Self::WrongVerifyToken => "wrong_verify_token",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::BodyTimeout => "body_timeout",
            Self::BodyTooLarge => "body_too_large",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited => "rate_limited",
            Self::ScopeMissing => "scope_missing",
            Self::UnknownTool => "unknown_tool",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::NotAcceptable => "not_acceptable",
            Self::OriginRefused => "origin_refused",
            Self::MalformedJson => "malformed_json",
            Self::ArgumentsInvalid => "arguments_invalid",
            Self::IdempotencyKeyInvalid => "idempotency_key_invalid",
            Self::Erased => "erased",
            Self::Refused(refusal) => refusal.code(),
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest | Self::MalformedJson | Self::IdempotencyKeyInvalid => StatusCode::BAD_REQUEST,
            Self::InvalidSignature | Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::WrongVerifyToken | Self::ScopeMissing | Self::OriginRefused => StatusCode::FORBIDDEN,
            Self::NotFound | Self::UnknownTool => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::ArgumentsInvalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Erased => StatusCode::GONE,
            Self::Refused(refusal) => Self::status_of_refusal(refusal),
        }
    }

    /// Refusals by status. What the rows allow or forbid right now is a conflict, also when it is a limit or a switch.
    const fn status_of_refusal(refusal: RefusalCode) -> StatusCode {
        match refusal {
            RefusalCode::RequestNotFound
            | RefusalCode::VendorUnknown
            | RefusalCode::MessageNotFound
            | RefusalCode::MediaNotFound
            | RefusalCode::OcrJobNotFound => StatusCode::NOT_FOUND,
            RefusalCode::PersonOnly => StatusCode::FORBIDDEN,
            RefusalCode::IdempotencyKeyRequired => StatusCode::BAD_REQUEST,
            RefusalCode::IdempotencyKeyReused
            | RefusalCode::ClientDatum
            | RefusalCode::PrescriptionRestricted
            | RefusalCode::ShortlistInvalid
            | RefusalCode::MessageNotOfVendor => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        }
    }

    /// The code that comes nearest to an error of the framework's own.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::InvalidSignature,
            StatusCode::FORBIDDEN => Self::WrongVerifyToken,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::REQUEST_TIMEOUT => Self::BodyTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

/// An answer that is an error. It never tells a caller the cause of a failure of ours: that is in the log, under
/// the same request id.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", code.as_str())]
pub struct Problem {
    code: Code,
    detail: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
    more: Option<Box<More>>,
}

/// What problems of tools say beside the rest.
#[derive(Debug, Clone, Default, Serialize)]
struct More {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Violation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<RefusalCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
}

/// As it goes over the wire. `type` is left to `about:blank`, for which the RFC has `title` name the status.
#[derive(Serialize)]
struct Wire<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(flatten)]
    more: Option<&'a More>,
}

impl Problem {
    /// A problem without more to say.
    pub const fn new(code: Code) -> Self {
        Self { code, detail: None, retry_after: None, more: None }
    }

    /// A gate of a tool said no.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        let mut problem = Self::new(Code::Refused(refusal.code)).with_detail(refusal.detail);
        let more = problem.more();
        more.reasons = refusal.reasons;
        more.retry_at = refusal.retry_at;
        problem
    }

    /// With a sentence for whoever reads the answer.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With the time after which the same request has a chance.
    #[must_use]
    pub(crate) const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// With everything that is wrong with the body.
    #[must_use]
    pub(crate) fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.more().violations = violations;
        self
    }

    /// With the scope that is missing.
    #[must_use]
    pub(crate) fn with_scope(mut self, scope: Scope) -> Self {
        self.more().scope = Some(scope);
        self
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    fn retry_after(&self) -> Option<Duration> {
        match self.code {
            Code::Unavailable => Some(RETRY_AFTER),
            Code::Refused(RefusalCode::InProgress) => Some(RETRY_AFTER_IN_PROGRESS),
            _ => self.retry_after,
        }
    }

    /// Which problem.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The problem that an error of a handler, an extractor or the framework stands for.
    pub(crate) fn of(error: &actix_web::Error) -> Self {
        let own = error.as_error::<Self>().cloned();
        own.unwrap_or_else(|| Self::new(Code::of_status(error.as_response_error().status_code())))
    }

    pub(crate) fn response(&self, request_id: Option<&str>) -> HttpResponse {
        let status = self.code.status();
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        match self.code {
            Code::MethodNotAllowed(allowed) => drop(response.insert_header((ALLOW, allowed))),
            Code::Unauthorized => drop(response.insert_header((WWW_AUTHENTICATE, "Bearer"))),
            _ => {}
        }
        if let Some(wait) = self.retry_after() {
            // Whole seconds, rounded up: earlier would be in vain.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.insert_header((header::RETRY_AFTER, seconds.max(1)));
        }
        response.json(self.wire(request_id))
    }

    /// What the answer's body holds, for answers that carry it inside something else.
    pub(crate) fn to_json(&self, request_id: &str) -> Value {
        serde_json::to_value(self.wire(Some(request_id))).unwrap_or_default()
    }

    fn wire<'a>(&'a self, request_id: Option<&'a str>) -> Wire<'a> {
        let status = self.code.status();
        Wire {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: self.detail.as_deref(),
            code: self.code.as_str(),
            request_id,
            more: self.more.as_deref(),
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response(None)
    }
}
