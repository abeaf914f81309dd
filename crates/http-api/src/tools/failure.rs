//! What a failure of a call is in HTTP.

use tools::api::Failure;

use crate::{Code, Problem};

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let detail = failure.to_string();
        match failure {
            Failure::Unauthorized => Self::new(Code::Unauthorized),
            Failure::RateLimited { retry_after } => {
                Self::new(Code::RateLimited).with_detail(detail).with_retry_after(retry_after)
            }
            Failure::UnknownTool => Self::new(Code::UnknownTool).with_detail(detail),
            Failure::ScopeMissing(scope) => {
                Self::new(Code::ScopeMissing).with_detail(detail).with_scope(scope)
            }
            Failure::Malformed(violations) => {
                Self::new(Code::MalformedJson).with_detail(detail).with_violations(violations)
            }
            Failure::Invalid(violations) => {
                Self::new(Code::ArgumentsInvalid).with_detail(detail).with_violations(violations)
            }
            Failure::KeyInvalid => Self::new(Code::IdempotencyKeyInvalid).with_detail(detail),
            Failure::Refused(refusal) => Self::refused(refusal),
            Failure::Erased => Self::new(Code::Erased).with_detail(detail),
            Failure::Unavailable => Self::new(Code::Unavailable),
            Failure::Internal => Self::new(Code::Internal),
        }
    }
}
