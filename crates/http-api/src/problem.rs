//! Errors as answers: `application/problem+json` (RFC 9457), written in this one place.

use std::borrow::Cow;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ALLOW, RETRY_AFTER},
    },
};
use serde::Serialize;

/// How long a caller waits before it tries again, in seconds.
const RETRY_AFTER_S: u32 = 5;

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
}

impl Code {
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
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::InvalidSignature => StatusCode::UNAUTHORIZED,
            Self::WrongVerifyToken => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
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
}

impl Problem {
    /// A problem without more to say.
    pub const fn new(code: Code) -> Self {
        Self { code, detail: None }
    }

    /// With a sentence for whoever reads the answer.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
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
            Code::Unavailable => drop(response.insert_header((RETRY_AFTER, RETRY_AFTER_S))),
            _ => {}
        }
        let wire = Wire {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: self.detail.as_deref(),
            code: self.code.as_str(),
            request_id,
        };
        response.json(wire)
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
