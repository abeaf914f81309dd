//! Meta's calling codes, and what to do about each.

use std::ops::RangeInclusive;

use marketplace::Timestamp;

use crate::error::{self, Reading, SendErrorClass};

/// Why Meta refuses a call, a question about permission or a permission request, or why a call broke: what to do
/// about it differs by class.
///
/// HTTP statuses mislead: a missing permission is 401 and says nothing about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallErrorClass {
    /// 138006: no permission, or no longer. Forget the stored one; perhaps ask.
    PermissionMissing,
    /// 138009: asked too often, once in 24 h or twice in 7 days. Wait; ask nothing to find out.
    PermissionLimit,
    /// 138017: the person allowed calls for good. Read the permission again; asking is not needed.
    PermissionPermanent,
    /// 138011: Meta's pages do not say what it means; they advise an ordinary message first. Do not ask again by
    /// yourself.
    ConversationMissing,
    /// 138012: 100 connected calls to this person in 24 h. Wait until the time in Meta's words.
    ConnectedLimit,
    /// 138003: a call with this person is on. Do not dial; it may be one whose answer was lost.
    Busy,
    /// 138002: too many calls at once on this number. Later.
    Concurrency,
    /// 138005: 10,000 calls placed in 24 h. The next day.
    DailyLimit,
    /// 613 and Meta's general throttles: slow down. Nothing happened.
    Throttled,
    /// 138000: calling is switched off on this number. Tell the operator; this is not a token fault.
    CallingDisabled,
    /// 138014: Meta paused calling for its quality. No calls and no permission requests until it ends.
    Restricted,
    /// 138013: no outbound calls from this number's country. Final: switch the feature off.
    Country,
    /// 138001 and unreachable recipients: this person cannot be called. Use messages.
    NotCallable,
    /// 138015, 138018, 131044, 131055 and locks of the account: something about the account or the app is missing.
    /// Tell the operator.
    Prerequisite,
    /// 138007, 138019 to 138022: setting up or carrying the media failed, and the call is over.
    Media,
    /// 138023: accepted, but no media came: nobody knows whether people spoke. Not answered, and not declined.
    AnsweredInDoubt,
    /// 138004 and server trouble: nothing is proven.
    Doubt,
    /// Token or rights: stop the number, tell the operator.
    Token,
    /// Our request was wrong: no second try.
    BadRequest,
    /// A code that is in no table: show it.
    Unknown,
}

impl CallErrorClass {
    /// The class in one word, as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PermissionMissing => "permission_missing",
            Self::PermissionLimit => "permission_limit",
            Self::PermissionPermanent => "permission_permanent",
            Self::ConversationMissing => "conversation_missing",
            Self::ConnectedLimit => "connected_limit",
            Self::Busy => "busy",
            Self::Concurrency => "concurrency",
            Self::DailyLimit => "daily_limit",
            Self::Throttled => "throttled",
            Self::CallingDisabled => "calling_disabled",
            Self::Restricted => "restricted",
            Self::Country => "country",
            Self::NotCallable => "not_callable",
            Self::Prerequisite => "prerequisite",
            Self::Media => "media",
            Self::AnsweredInDoubt => "answered_in_doubt",
            Self::Doubt => "doubt",
            Self::Token => "token",
            Self::BadRequest => "bad_request",
            Self::Unknown => "unknown",
        }
    }

    /// A person who runs the business must act: no call to anybody will go through before.
    pub const fn needs_operator(self) -> bool {
        matches!(
            self,
            Self::CallingDisabled | Self::Restricted | Self::Country | Self::Prerequisite | Self::Token
        )
    }
}

use CallErrorClass as C;

/// Codes of calling, from Meta's page of June 2026. First match counts; 138008, 138010 and 138016 are documented
/// nowhere. Codes that are not here have the meaning they have for messages.
const TABLE: &[(RangeInclusive<i64>, CallErrorClass)] = &[
    (613..=613, C::Throttled),
    (131_044..=131_044, C::Prerequisite),
    (131_055..=131_055, C::Prerequisite),
    (138_000..=138_000, C::CallingDisabled),
    (138_001..=138_001, C::NotCallable),
    (138_002..=138_002, C::Concurrency),
    (138_003..=138_003, C::Busy),
    (138_004..=138_004, C::Doubt),
    (138_005..=138_005, C::DailyLimit),
    (138_006..=138_006, C::PermissionMissing),
    (138_007..=138_007, C::Media),
    (138_009..=138_009, C::PermissionLimit),
    (138_011..=138_011, C::ConversationMissing),
    (138_012..=138_012, C::ConnectedLimit),
    (138_013..=138_013, C::Country),
    (138_014..=138_014, C::Restricted),
    (138_015..=138_015, C::Prerequisite),
    (138_017..=138_017, C::PermissionPermanent),
    (138_018..=138_018, C::Prerequisite),
    (138_019..=138_022, C::Media),
    (138_023..=138_023, C::AnsweredInDoubt),
];

/// What to do about `code`, wherever it came: in an answer, in a call's end, in a permission request's status.
pub fn call_error_class(code: i64) -> CallErrorClass {
    let of_calls = TABLE.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, class)| *class);
    of_calls.unwrap_or_else(|| match error::reading(code) {
        Some(Reading::Throttled(_)) => C::Throttled,
        Some(Reading::Doubt) => C::Doubt,
        Some(Reading::Refused(SendErrorClass::Token)) => C::Token,
        Some(Reading::Refused(SendErrorClass::Policy | SendErrorClass::Registration)) => C::Prerequisite,
        Some(Reading::Refused(SendErrorClass::BadRequest)) => C::BadRequest,
        Some(Reading::Refused(SendErrorClass::Recipient)) => C::NotCallable,
        Some(Reading::Refused(_)) | None => C::Unknown,
    })
}

/// Seconds since the epoch from 2020 to 2096: other numbers of ten digits are no times.
const SECONDS: RangeInclusive<i64> = 1_577_836_800..=4_000_000_000;

/// The moment that Meta's words name: RFC 3339 text, or seconds since the epoch. Meta's page says that the details of
/// 138012 hold the time of the next allowed call and does not show how it is written.
pub fn time_in(details: &str) -> Option<Timestamp> {
    details.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"' | '\'')).find_map(
        |word| {
            let word = word.trim_end_matches('.');
            let seconds = word.parse().ok().filter(|seconds| SECONDS.contains(seconds));
            seconds.map(Timestamp::from_seconds).or_else(|| word.parse().ok())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_of_the_reference_has_its_class() {
        let table: &[(&[i64], C)] = &[
            (&[138_006], C::PermissionMissing),
            (&[138_009], C::PermissionLimit),
            (&[138_017], C::PermissionPermanent),
            (&[138_011], C::ConversationMissing),
            (&[138_012], C::ConnectedLimit),
            (&[138_003], C::Busy),
            (&[138_002], C::Concurrency),
            (&[138_005], C::DailyLimit),
            (&[613, 4, 80_007, 130_429, 131_056], C::Throttled),
            (&[138_000], C::CallingDisabled),
            (&[138_014], C::Restricted),
            (&[138_013], C::Country),
            (&[138_001, 131_026, 131_030, 131_062], C::NotCallable),
            (&[138_015, 138_018, 131_044, 131_055, 131_031, 131_042, 133_010], C::Prerequisite),
            (&[138_007, 138_019, 138_020, 138_021, 138_022], C::Media),
            (&[138_023], C::AnsweredInDoubt),
            (&[138_004, 1, 2, 131_000, 131_016, 131_057], C::Doubt),
            (&[0, 3, 10, 190, 200, 131_005], C::Token),
            (&[33, 100, 131_008, 131_009], C::BadRequest),
            (&[-1, 138_008, 138_010, 138_016, 138_024, 999_999, 131_047], C::Unknown),
        ];
        for (codes, class) in table {
            for code in *codes {
                assert_eq!(call_error_class(*code), *class, "{code}");
            }
        }
    }

    #[test]
    fn no_code_is_in_the_table_twice() {
        for (at, (codes, _)) in TABLE.iter().enumerate() {
            for (other, _) in &TABLE[at + 1..] {
                assert!(codes.end() < other.start() || other.end() < codes.start(), "{codes:?} {other:?}");
            }
        }
    }

    #[test]
    fn the_word_that_is_stored_is_the_word_that_is_shown() {
        let classes = TABLE.iter().map(|(_, class)| *class).chain([C::Token, C::BadRequest, C::Unknown]);
        for class in classes {
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
    }

    #[test]
    fn the_time_in_metas_words_is_found_however_it_is_written() {
        let expected = Some(Timestamp::from_seconds(1_790_086_500));
        for details in [
            "Next call allowed at 1790086500.",
            "limit resets (1790086500)",
            "You can call again at 2026-09-22T14:15:00Z.",
            "next: 2026-09-22T14:15:00+00:00, then more",
            "next: 2026-09-22T17:15:00+0300",
        ] {
            assert_eq!(time_in(details), expected, "{details}");
        }
        for details in ["", "100 calls in 24 hours", "call +254700000101", "2348031234567", "on 2026-09-22"] {
            assert_eq!(time_in(details), None, "{details}");
        }
    }
}
