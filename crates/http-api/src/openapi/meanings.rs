//! What each problem means, and what a caller does about it.

use tool_registry::RefusalCode;

use crate::Code;

/// What it means, in one sentence.
pub(super) const fn meaning(code: Code) -> &'static str {
    match code {
        Code::BadRequest => "The request is not what this path reads, or its body broke off.",
        Code::NotFound => "There is nothing at this path.",
        Code::MethodNotAllowed(_) => "The path does not take this method; `Allow` names those it takes.",
        Code::BodyTimeout => "The body did not arrive within 15 seconds.",
        Code::BodyTooLarge => {
            "The body is over the limit: 64 KiB for a tool and for MCP, 4 MiB for a webhook."
        }
        Code::Internal => "A defect of ours. The log has the cause under the request's id.",
        Code::Unavailable => "Nothing was done, or its outcome is known to the same call under the same key.",
        Code::InvalidSignature => "The webhook's signature is missing, malformed or not by our secret.",
        Code::WrongVerifyToken => "The verification request does not carry our token.",
        Code::Unauthorized => "No valid token was shown: none, an unknown, an expired or a revoked one.",
        Code::RateLimited => "This token has called too often, or too many calls came without a valid one.",
        Code::ScopeMissing => "The token lacks the scope that `scope` names.",
        Code::UnknownTool => "There is no tool of this name.",
        Code::UnsupportedMediaType => "The body is not `application/json` by its `Content-Type`.",
        Code::NotAcceptable => "`Accept` does not name both `application/json` and `text/event-stream`.",
        Code::OriginRefused => "The request carries an `Origin`: it comes from a page in a browser.",
        Code::MalformedJson => {
            "The body is not one JSON object, strictly read; `violations` says where and why."
        }
        Code::ArgumentsInvalid => {
            "The arguments do not match the tool's schema; `violations` lists every fault."
        }
        Code::IdempotencyKeyInvalid => "`Idempotency-Key` is not one of 1 to 255 visible ASCII characters.",
        Code::Erased => "The person whom the request, or the stored answer, speaks of was erased.",
        Code::Refused(refusal) => refusal.summary(),
    }
}

/// What a caller does about it.
pub(super) const fn advice(code: Code) -> &'static str {
    match code {
        Code::BadRequest | Code::NotFound | Code::MethodNotAllowed(_) => "Correct the request.",
        Code::BodyTimeout => "Send it again.",
        Code::BodyTooLarge => "Send less; do not repeat it.",
        Code::Internal => "Report the request's id. A repetition under the same key does no harm.",
        Code::Unavailable => "Repeat it under the same key after `Retry-After`.",
        Code::InvalidSignature => "Compare the app secret with Meta's dashboard.",
        Code::WrongVerifyToken => "Compare the verify token with Meta's dashboard.",
        Code::Unauthorized => {
            "Show another token; `concierge-admin tokens list` says what became of the old one."
        }
        Code::RateLimited => "Wait for `Retry-After`.",
        Code::ScopeMissing => "Use a token with this scope.",
        Code::UnknownTool => "Read the names with `GET /v1/tools`.",
        Code::UnsupportedMediaType => "Send `Content-Type: application/json`.",
        Code::NotAcceptable => "Send `Accept: application/json, text/event-stream`.",
        Code::OriginRefused => "Call from a program.",
        Code::MalformedJson | Code::ArgumentsInvalid => {
            "Correct what `violations` names; the key stays free."
        }
        Code::IdempotencyKeyInvalid => "Send one key of the right form.",
        Code::Erased => "Forget it; there is nothing left to ask for.",
        Code::Refused(refusal) => advice_on_refusal(refusal),
    }
}

const fn advice_on_refusal(refusal: RefusalCode) -> &'static str {
    use RefusalCode as R;
    match refusal {
        R::RequestNotFound | R::VendorUnknown | R::MessageNotFound | R::MediaNotFound | R::OcrJobNotFound => {
            "Check the id."
        }
        R::RequestClosed | R::RequestHandedOff => "Do no more for this request.",
        R::RequestInError => {
            "Have a person decide: a human token with the scope `operate`, or the command line."
        }
        R::HumanControl => "Leave it to the person, or act with a human token.",
        R::TransitionNotAllowed => "Read the snapshot: `allowed_next_states` names the steps there are.",
        R::PersonOnly => "Use a human token with the scope `operate`.",
        R::StaleVersion => "Read the snapshot again and decide anew.",
        R::PickMissing => "Wait until the client has chosen.",
        R::ShortlistInvalid => "Cite stored replies that say the vendor has it.",
        R::BatchLimit => "Wait until the open batch has settled.",
        R::VendorLimit => "Work with the vendors asked so far, or escalate.",
        R::PlanMissing => "Open a batch first: `update_request_state` with a plan.",
        R::VendorOptedOut | R::VendorNotAccepting | R::VendorTired => "Ask another vendor.",
        R::VendorClosed => "Ask a vendor that is open, or this one in a batch of its own.",
        R::NotContacted => "Name a vendor that this request has contacted.",
        R::ClientOptedOut => "Send nothing; the client can write START.",
        R::OutsideWindow => "Wait until the person writes.",
        R::NoAddress => "Send nothing: there is no number to send to.",
        R::OutboundOff => "Wait until an operator switches sending on.",
        R::ClientDatum => "Leave the client's name and number out.",
        R::PrescriptionRestricted => "Leave diagnosis and dosage out, and what the client has not confirmed.",
        R::MessageNotOfVendor => "Name the vendor who wrote the message.",
        R::OcrDisabled => "Ask the client to type it.",
        R::CallingDisabled | R::QuietHours | R::TriggerNotMet => "Go on in chat.",
        R::ConsentRequired => "Ask for consent first: `request_call_consent`.",
        R::ConsentPending => "Wait for the answer; a denial stands.",
        R::CooldownActive => "Wait until `retry_at`.",
        R::Duplicate => "Take it as done.",
        R::IdempotencyKeyRequired => "Send an `Idempotency-Key`; derive it from what causes the effect.",
        R::IdempotencyKeyReused => "Use a new key for a new effect.",
        R::InProgress => "Repeat it under the same key after `Retry-After`.",
        _ => "Read the snapshot and decide anew.",
    }
}
