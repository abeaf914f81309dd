//! What the operations share: headers, the problem's schema, the answers that are problems.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tool_registry::RefusalCode;
use tools::api::KEY_LENGTH_MAX;

use super::meanings::meaning;
use crate::Code;

/// Which problems an operation can answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// A tool with an effect.
    Effect,
    /// A step of an operator's.
    Operator,
    /// A tool that reads.
    Read,
    /// The list of tools.
    List,
    /// Anybody may read it.
    Public,
    /// Meta's verification request.
    Verification,
    /// Meta's webhooks.
    Webhook,
}

impl Answers {
    const ALL: [Self; 7] = [
        Self::Effect,
        Self::Operator,
        Self::Read,
        Self::List,
        Self::Public,
        Self::Verification,
        Self::Webhook,
    ];

    fn codes(self) -> Vec<Code> {
        use Code as C;
        let allowed = Code::MethodNotAllowed("");
        let of_tokens = [C::Unauthorized, C::RateLimited, C::Internal, C::Unavailable, allowed];
        let of_tools = [
            C::BadRequest,
            C::MalformedJson,
            C::ScopeMissing,
            C::UnknownTool,
            C::BodyTimeout,
            C::Erased,
            C::BodyTooLarge,
            C::UnsupportedMediaType,
            C::ArgumentsInvalid,
        ];
        let refusals = |of_keys: bool| {
            let all = RefusalCode::ALL.iter().copied();
            all.filter(move |code| of_keys || !is_of_keys(*code)).map(Code::Refused)
        };
        match self {
            Self::Effect => of_tokens
                .into_iter()
                .chain(of_tools)
                .chain([C::IdempotencyKeyInvalid])
                .chain(refusals(true))
                .collect(),
            Self::Operator => {
                let of_body = of_tools.into_iter().filter(|code| *code != C::UnknownTool);
                let refused = [
                    RefusalCode::RequestNotFound,
                    RefusalCode::RequestClosed,
                    RefusalCode::RequestHandedOff,
                    RefusalCode::PersonOnly,
                    RefusalCode::Duplicate,
                    RefusalCode::IdempotencyKeyRequired,
                    RefusalCode::IdempotencyKeyReused,
                    RefusalCode::InProgress,
                ];
                let refused = refused.into_iter().map(Code::Refused);
                of_tokens
                    .into_iter()
                    .chain(of_body)
                    .chain([C::IdempotencyKeyInvalid])
                    .chain(refused)
                    .collect()
            }
            Self::Read => of_tokens.into_iter().chain(of_tools).chain(refusals(false)).collect(),
            Self::List => of_tokens.to_vec(),
            Self::Public => vec![allowed, C::Internal],
            Self::Verification => vec![C::BadRequest, C::WrongVerifyToken, allowed, C::Internal],
            Self::Webhook => vec![
                C::BadRequest,
                C::InvalidSignature,
                allowed,
                C::BodyTimeout,
                C::BodyTooLarge,
                C::Internal,
                C::Unavailable,
            ],
        }
    }

    fn by_status(self) -> BTreeMap<u16, Vec<Code>> {
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in self.codes() {
            by_status.entry(code.status().as_u16()).or_default().push(code);
        }
        by_status
    }
}

const fn is_of_keys(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::IdempotencyKeyRequired | RefusalCode::IdempotencyKeyReused | RefusalCode::InProgress
    )
}

/// An operation's responses: `ok`, and the problems of its kind.
pub(super) fn answers(set: Answers, ok: Value) -> Value {
    let mut responses = Map::from_iter([("200".to_owned(), ok)]);
    for status in set.by_status().keys() {
        let reference = json!({ "$ref": format!("#/components/responses/{set:?}{status}") });
        responses.insert(status.to_string(), reference);
    }
    Value::Object(responses)
}

/// The components that [`answers`] refers to.
pub(super) fn responses() -> Value {
    let mut responses = Map::new();
    for set in Answers::ALL {
        for (status, codes) in set.by_status() {
            responses.insert(format!("{set:?}{status}"), problem_response(&codes));
        }
    }
    Value::Object(responses)
}

fn problem_response(codes: &[Code]) -> Value {
    let lines: Vec<_> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), meaning(*code))).collect();
    let mut headers = Map::from_iter([("X-Request-Id".to_owned(), header("RequestId"))]);
    for (name, component, applies) in [
        ("Allow", "Allow", codes.contains(&Code::MethodNotAllowed(""))),
        ("WWW-Authenticate", "WwwAuthenticate", codes.contains(&Code::Unauthorized)),
        ("Retry-After", "RetryAfter", codes.iter().any(|code| is_retried(*code))),
    ] {
        if applies {
            headers.insert(name.to_owned(), header(component));
        }
    }
    let examples: Map<String, Value> = codes
        .iter()
        .take(3)
        .map(|code| (code.as_str().to_owned(), json!({ "value": example(*code) })))
        .collect();
    json!({
        "description": lines.join("\n\n"),
        "headers": headers,
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "examples": examples,
        } },
    })
}

/// Problems whose answer says when to try again.
const fn is_retried(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::RateLimited | Code::Refused(RefusalCode::InProgress))
}

fn example(code: Code) -> Value {
    let status = code.status();
    let mut problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": meaning(code),
        "code": code.as_str(),
        "request_id": "htp_0190a1b2c3d4e5f60718293a4b5c6d7e",
    });
    let more = match code {
        Code::ArgumentsInvalid => {
            Some(("violations", violation("/limit", "number_too_large", "expected at most 15")))
        }
        Code::MalformedJson => {
            Some(("violations", violation("/body", "duplicate_key", "expected each key once")))
        }
        Code::ScopeMissing => Some(("scope", json!("send"))),
        Code::Refused(refusal) => Some(("reasons", json!([refusal]))),
        _ => None,
    };
    if let (Some(problem), Some((member, value))) = (problem.as_object_mut(), more) {
        problem.insert(member.to_owned(), value);
    }
    problem
}

fn violation(pointer: &str, rule: &str, message: &str) -> Value {
    json!([{ "pointer": pointer, "rule": rule, "message": message }])
}

/// A header of `components/headers`.
pub(super) fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

pub(super) fn headers() -> Value {
    json!({
        "RequestId": {
            "description": "Names this request in the log and, as the cause, in the audit.",
            "required": true,
            "schema": { "type": "string", "pattern": "^htp_[0-9a-f]{32}$" },
        },
        "RetryAfter": {
            "description": "Seconds until another try has a chance.",
            "schema": { "type": "integer", "minimum": 1 },
        },
        "IdempotencyReplayed": {
            "description": "The answer was stored under this key earlier; nothing was done now.",
            "schema": { "type": "string", "enum": ["true"] },
        },
        "Allow": {
            "description": "The methods that this path takes.",
            "required": true,
            "schema": { "type": "string" },
        },
        "WwwAuthenticate": {
            "description": "How to authenticate.",
            "required": true,
            "schema": { "type": "string", "enum": ["Bearer"] },
        },
    })
}

pub(super) fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": true,
        "description":
            "The caller's name for this one effect, 1 to 255 visible ASCII characters. The same key with the same \
             arguments answers what was stored, with `Idempotency-Replayed: true`; with other arguments it is 422. A \
             refusal leaves the key free. It belongs to the token's name and the tool, and is kept until 30 days after \
             the request closes. What is stored of it is a keyed hash.",
        "schema": {
            "type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX,
            "pattern": format!("^[!-~]{{1,{KEY_LENGTH_MAX}}}$"),
        },
        "example": "crm-7f3a-1",
    })
}

pub(super) fn problem_schema() -> Value {
    json!({
        "description": "RFC 9457. Compare `code`: codes are added, never renamed.",
        "type": "object",
        "properties": {
            "type": { "const": "about:blank" },
            "title": { "description": "The status in words.", "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "description": "For whoever reads it.", "type": "string" },
            "code": { "type": "string", "pattern": "^[a-z][a-z0-9_]*$" },
            "request_id": {
                "description": "The same as `X-Request-Id`.", "type": "string", "pattern": "^htp_[0-9a-f]{32}$",
            },
            "violations": {
                "description": "Everything that is wrong with the body.",
                "type": "array", "minItems": 1, "items": { "$ref": "#/components/schemas/Violation" },
            },
            "reasons": {
                "description": "Of a refusal: every gate that said no, `code` first.",
                "type": "array", "minItems": 1, "items": { "type": "string", "pattern": "^[a-z][a-z0-9_]*$" },
            },
            "retry_at": {
                "description": "From when on the same call may succeed, where that is known.",
                "type": "string", "format": "date-time",
            },
            "scope": {
                "description": "The scope that the token lacks.",
                "enum": ["read", "write", "send", "call", "operate"],
            },
        },
        "required": ["type", "title", "status", "code", "request_id"],
        "additionalProperties": false,
    })
}

pub(super) fn violation_schema() -> Value {
    json!({
        "description": "One broken rule at one place.",
        "type": "object",
        "properties": {
            "pointer": { "description": "Where: a JSON Pointer; empty for the whole body.", "type": "string" },
            "rule": { "type": "string", "pattern": "^[a-z][a-z0-9_]*$" },
            "message": { "description": "What was expected.", "type": "string" },
        },
        "required": ["pointer", "rule", "message"],
        "additionalProperties": false,
    })
}
