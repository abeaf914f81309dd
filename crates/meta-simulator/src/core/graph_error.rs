//! Meta's errors: codes, titles, HTTP statuses and JSON.

use serde_json::{Value, json};

/// An error answer of the Graph API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GraphError {
    pub code: u32,
    subcode: Option<u32>,
    kind: &'static str,
    message: String,
    pub details: Option<String>,
}

impl GraphError {
    /// A WhatsApp error with its title and an explanation in `error_data.details`.
    pub(super) fn new(code: u32, details: impl Into<String>) -> Self {
        let message = format!("(#{code}) {}", title(code));
        Self { code, subcode: None, kind: "OAuthException", message, details: Some(details.into()) }
    }

    /// 190: the bearer token is missing or wrong.
    pub(super) fn bad_token() -> Self {
        let message = "Invalid OAuth access token - Cannot parse access token".to_owned();
        Self { code: 190, subcode: None, kind: "OAuthException", message, details: None }
    }

    /// 100 with subcode 33: no such object, or not ours.
    pub(super) fn no_such_object(id: &str) -> Self {
        let message = format!(
            "Unsupported post request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation."
        );
        Self { code: 100, subcode: Some(33), kind: "GraphMethodException", message, details: None }
    }

    /// 2500: a path nobody serves.
    pub(super) fn unknown_path(method: &str, path: &str) -> Self {
        let message = format!("Unknown path components: {method} {path}");
        Self { code: 2500, subcode: None, kind: "OAuthException", message, details: None }
    }

    /// The HTTP status. Misleading at Meta: message throttles are 400 as well.
    pub(super) fn http_status(&self) -> u16 {
        http_status(self.code)
    }

    /// The answer's body.
    pub(super) fn body(&self, fbtrace_id: &str) -> Value {
        let mut error = json!({"message": self.message, "type": self.kind, "code": self.code});
        if let Some(fields) = error.as_object_mut() {
            if let Some(details) = &self.details {
                let data = json!({"messaging_product": "whatsapp", "details": details});
                fields.insert("error_data".to_owned(), data);
            }
            if let Some(subcode) = self.subcode {
                fields.insert("error_subcode".to_owned(), json!(subcode));
            }
            fields.insert("fbtrace_id".to_owned(), json!(fbtrace_id));
        }
        json!({"error": error})
    }
}

fn http_status(code: u32) -> u16 {
    match code {
        0 | 190 | 138_000 | 138_006 => 401,
        3 | 10 | 200..=299 | 130_403 | 131_005 => 403,
        613 | 138_002 | 138_005 => 429,
        1 | 131_000 | 138_004 | 138_007 => 500,
        2 | 131_016 | 131_057 | 133_004 => 503,
        2500 => 404,
        _ => 400,
    }
}

/// Meta's title of a code, as in its error table.
pub(super) fn title(code: u32) -> &'static str {
    match code {
        1 => "API Unknown",
        2 => "API Service",
        4 => "API Too Many Calls",
        10 => "Permission Denied",
        100 => "Invalid parameter",
        368 => "Temporarily blocked for policies violations",
        80_007 => "Rate limit issues",
        130_429 => "Rate limit hit",
        130_472 => "User's number is part of an experiment",
        130_497 => "Business account is restricted from messaging users in this country.",
        131_005 => "Access denied",
        131_008 => "Required parameter is missing",
        131_009 => "Parameter value is not valid",
        131_016 => "Service unavailable",
        131_021 => "Recipient cannot be sender",
        131_026 => "Message undeliverable",
        131_030 => "Recipient phone number not in allowed list",
        131_031 => "Account has been locked",
        131_042 => "Business eligibility payment issue",
        131_047 => "Re-engagement message",
        131_048 => "Spam Rate limit hit",
        131_049 => "Meta chose not to deliver",
        131_050 => "User has stopped marketing messages",
        131_051 => "Unsupported message type",
        131_056 => "(Business Account, Consumer Account) pair rate limit hit",
        131_057 => "Account in maintenance mode",
        132_000 => "Number of parameters does not match the expected number of params",
        132_001 => "Template name does not exist in the translation",
        132_012 => "Parameter format does not match format in the created template",
        132_015 => "Template is paused",
        132_016 => "Template is disabled",
        613 => "Calls to this API have exceeded the rate limit",
        138_000 => "Calling not enabled",
        138_001 => "Receiver uncallable",
        138_002 => "Concurrent calls limit",
        138_003 => "Duplicate call",
        138_004 => "Connection error",
        138_005 => "Call rate limit exceeded",
        138_006 => "No approved call permission from the recipient",
        138_007 => "Connection timeout error",
        138_009 => "Call permission request limit hit",
        138_012 => "Business initiated call limit hit",
        138_013 => "Business initiated calling not available",
        138_014 => "Calling paused for quality",
        138_015 => "Messaging limit too low for calling",
        138_017 => "Call permission already granted for good",
        138_018 => "Calling prerequisites not met",
        138_019 => "Call setup failed",
        138_020 => "Media relay failed",
        138_021 => "Media receive timeout",
        138_022 => "Media transmit timeout",
        138_023 => "Accepted without a media signal",
        _ => "Something went wrong",
    }
}

/// The explanation of errors a fault plan or a person brings about.
pub(super) fn usual_details(code: u32) -> &'static str {
    match code {
        130_429 => "Cloud API message throughput has been reached.",
        131_000 => "Message failed to send due to an unknown error.",
        131_026 => "Message Undeliverable.",
        131_047 => {
            "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
        }
        131_049 => "This message was not delivered to maintain healthy ecosystem engagement.",
        131_056 => {
            "Too many messages sent from this phone number to the same phone number in a short period of time."
        }
        _ => title(code),
    }
}
