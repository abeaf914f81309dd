//! Meta's errors, and what each code proves about a send.

use std::{ops::RangeInclusive, time::Duration};

use serde_json::Value;

use crate::json;

/// An error as Meta writes it, in an answer or in a webhook. Every part may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetaError {
    /// What to branch on; never branch on title, subcode or HTTP status.
    pub code: Option<i64>,
    /// Kept for people; Meta says it is gone and still sends it.
    pub subcode: Option<i64>,
    /// A short heading.
    pub title: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// The reason in Meta's words: what an operator should see.
    pub details: Option<String>,
}

impl MetaError {
    /// Reads one error; `None` when there is nothing of one in it.
    pub fn read(value: &Value) -> Option<Self> {
        let details = match value.get("error_data") {
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            Some(data) => json::text(data, "details"),
            None => None,
        };
        let error = Self {
            code: json::integer(value, "code"),
            subcode: json::integer(value, "error_subcode"),
            title: json::text(value, "title").or_else(|| json::text(value, "error_user_title")),
            message: json::text(value, "message"),
            details: details.or_else(|| json::text(value, "error_user_msg")),
        };
        (error != Self::default()).then_some(error)
    }

    pub(crate) fn read_all(values: &[Value]) -> Vec<Self> {
        values.iter().filter_map(Self::read).collect()
    }

    /// What kind of refusal it is, on a `failed` status; [`SendErrorClass::Unknown`] when the code says no class.
    pub fn class(&self) -> SendErrorClass {
        match self.code.and_then(reading) {
            Some(Reading::Refused(class)) => class,
            Some(Reading::Throttled(_) | Reading::Doubt) | None => SendErrorClass::Unknown,
        }
    }

    /// The most telling words Meta gave, for an operator.
    pub fn reason(&self) -> &str {
        [&self.details, &self.message, &self.title].into_iter().flatten().next().map_or("", String::as_str)
    }
}

/// Why Meta refused a send: what to do about it differs by class, never the fact that it is not sent again as is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendErrorClass {
    /// Token or rights: stop the number, tell the operator.
    Token,
    /// Policy, lock, country or money: stop the number, tell the operator.
    Policy,
    /// Our request was wrong.
    BadRequest,
    /// The template is missing, paused or disabled: another template.
    Template,
    /// This person cannot be reached so.
    Recipient,
    /// Outside the 24-hour window: a template.
    Window,
    /// Meta holds back marketing to this person: much later, or never.
    Marketing,
    /// The person opted out: never.
    OptOut,
    /// The file: fix it.
    Media,
    /// The number's registration: operator.
    Registration,
    /// A code that is in no table: show it.
    Unknown,
}

impl SendErrorClass {
    /// The class in one word, as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Policy => "policy",
            Self::BadRequest => "bad_request",
            Self::Template => "template",
            Self::Recipient => "recipient",
            Self::Window => "window",
            Self::Marketing => "marketing",
            Self::OptOut => "opt_out",
            Self::Media => "media",
            Self::Registration => "registration",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether a refusal is about the template as it stands at Meta, whoever gets it: the number of its parameters, not
/// approved in that language, against Meta's policy, paused, disabled, its flow blocked, or sent too fast. Another
/// language of it may do; the rest of the codes about templates speak of one text.
pub const fn refuses_template(code: i64) -> bool {
    matches!(code, 132_000 | 132_001 | 132_007 | 132_015 | 132_016 | 132_068 | 132_069)
}

/// What an error code proves about the send it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Refused before any effect: send it again, not before the given time has passed.
    Throttled(Duration),
    /// Refused: it was not sent and will not be.
    Refused(SendErrorClass),
    /// Nothing is proven: it may have been sent.
    Doubt,
}

use SendErrorClass as C;

const fn wait(seconds: u64) -> Reading {
    Reading::Throttled(Duration::from_secs(seconds))
}

const fn no(class: SendErrorClass) -> Reading {
    Reading::Refused(class)
}

/// Codes of `POST /messages`, from Meta's error page (2026-09). First match counts.
const TABLE: &[(RangeInclusive<i64>, Reading)] = &[
    // Throttles: of the app, of the account, of the number, of the pair (one message in 6 s).
    (4..=4, wait(60)),
    (80_007..=80_007, wait(60)),
    (130_429..=130_429, wait(1)),
    (131_056..=131_056, wait(6)),
    // Server trouble. Meta says "try again", but nothing says that the first try had no effect.
    (1..=2, Reading::Doubt),
    (131_000..=131_000, Reading::Doubt),
    (131_016..=131_016, Reading::Doubt),
    (131_057..=131_057, Reading::Doubt),
    (133_004..=133_004, Reading::Doubt),
    (0..=0, no(C::Token)),
    (3..=3, no(C::Token)),
    (10..=10, no(C::Token)),
    (190..=190, no(C::Token)),
    (200..=299, no(C::Token)),
    (131_005..=131_005, no(C::Token)),
    (368..=368, no(C::Policy)),
    (130_497..=130_497, no(C::Policy)),
    (131_031..=131_031, no(C::Policy)),
    (131_037..=131_037, no(C::Policy)),
    (131_042..=131_042, no(C::Policy)),
    (131_044..=131_045, no(C::Policy)),
    (33..=33, no(C::BadRequest)),
    (100..=100, no(C::BadRequest)),
    (131_008..=131_009, no(C::BadRequest)),
    (131_021..=131_021, no(C::BadRequest)),
    (131_051..=131_051, no(C::BadRequest)),
    (134_011..=134_011, no(C::BadRequest)),
    (135_000..=135_000, no(C::BadRequest)),
    // Template: parameters, missing, too long, policy, format, paused, disabled, flow, throttled.
    (132_000..=132_001, no(C::Template)),
    (132_005..=132_005, no(C::Template)),
    (132_007..=132_008, no(C::Template)),
    (132_012..=132_012, no(C::Template)),
    (132_015..=132_016, no(C::Template)),
    (132_068..=132_069, no(C::Template)),
    (130_403..=130_403, no(C::Recipient)),
    (131_026..=131_026, no(C::Recipient)),
    (131_030..=131_030, no(C::Recipient)),
    (131_062..=131_062, no(C::Recipient)),
    (137_000..=137_000, no(C::Recipient)),
    (131_047..=131_047, no(C::Window)),
    (130_472..=130_472, no(C::Marketing)),
    (131_048..=131_049, no(C::Marketing)),
    (131_063..=131_064, no(C::Marketing)),
    (131_050..=131_050, no(C::OptOut)),
    (131_052..=131_053, no(C::Media)),
    (133_000..=133_000, no(C::Registration)),
    (133_005..=133_006, no(C::Registration)),
    (133_008..=133_010, no(C::Registration)),
    (133_015..=133_016, no(C::Registration)),
];

/// What `code` proves; `None` for a code that is in no table.
pub fn reading(code: i64) -> Option<Reading> {
    TABLE.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, reading)| *reading)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_code_of_the_reference_has_its_class() {
        let table: &[(&[i64], Option<C>)] = &[
            (&[0, 3, 10, 190, 200, 250, 299, 131_005], Some(C::Token)),
            (&[368, 131_031, 130_497, 131_037, 131_042, 131_044, 131_045], Some(C::Policy)),
            (&[33, 100, 131_008, 131_009, 131_021, 131_051, 135_000, 134_011], Some(C::BadRequest)),
            (
                &[132_000, 132_001, 132_005, 132_007, 132_008, 132_012, 132_068, 132_015, 132_016, 132_069],
                Some(C::Template),
            ),
            (&[131_026, 131_030, 130_403, 131_062, 137_000], Some(C::Recipient)),
            (&[131_047], Some(C::Window)),
            (&[131_049, 131_048, 131_063, 131_064, 130_472], Some(C::Marketing)),
            (&[131_050], Some(C::OptOut)),
            (&[131_052, 131_053], Some(C::Media)),
            (
                &[133_000, 133_005, 133_006, 133_008, 133_009, 133_010, 133_015, 133_016],
                Some(C::Registration),
            ),
            (&[-1, 5, 199, 300, 131_001, 999_999], None),
        ];
        for (codes, class) in table {
            for code in *codes {
                assert_eq!(reading(*code), class.map(Reading::Refused), "{code}");
            }
        }
        for code in [1, 2, 131_000, 131_016, 131_057, 133_004] {
            assert_eq!(reading(code), Some(Reading::Doubt), "{code}");
        }
        for code in [4, 80_007, 130_429, 131_056] {
            assert!(matches!(reading(code), Some(Reading::Throttled(_))), "{code}");
        }
    }

    #[test]
    fn a_template_that_is_refused_is_told_from_a_text_that_is() {
        for code in [132_000, 132_001, 132_007, 132_015, 132_016, 132_068, 132_069] {
            assert!(refuses_template(code) && reading(code) == Some(Reading::Refused(C::Template)), "{code}");
        }
        for code in [132_005, 132_008, 132_012, 131_047, 100] {
            assert!(!refuses_template(code), "{code}");
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
    fn errors_are_read_in_every_shape_seen() {
        let cases = [
            (json!({"code": 131_047, "error_data": {"details": "24 hours"}}), Some(131_047), "24 hours"),
            (json!({"code": "131026", "title": "Undeliverable"}), Some(131_026), "Undeliverable"),
            (json!({"code": 1, "message": "m", "error_data": "plain"}), Some(1), "plain"),
            (json!({"message": "only words"}), None, "only words"),
        ];
        for (value, code, reason) in cases {
            let error = MetaError::read(&value).unwrap();
            assert_eq!((error.code, error.reason()), (code, reason), "{value}");
        }
        let class = |code: i64| MetaError::read(&json!({"code": code})).unwrap().class();
        assert_eq!((class(131_047), class(131_000), class(77)), (C::Window, C::Unknown, C::Unknown));
        for nothing in [json!({}), json!(null), json!([1]), json!("x"), json!({"code": true})] {
            assert_eq!(MetaError::read(&nothing), None, "{nothing}");
        }
    }
}
