//! How a person is known: phone number, WhatsApp id, business-scoped user id. Each is optional at Meta.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a text is not an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// Not `+` and 7 to 15 digits that do not start with 0.
    #[error("a phone number is `+` and 7 to 15 digits, country code first, for example +254700000101")]
    NotE164,
    /// Not 7 to 15 digits.
    #[error("a WhatsApp id is 7 to 15 digits")]
    NotAWaId,
    /// Not a country, a dot and up to 128 letters, digits or dots.
    #[error("a business-scoped user id is two letters, a dot and up to 128 letters and digits")]
    NotABsuid,
    /// Not 1 to 32 digits.
    #[error("a phone number id is 1 to 32 digits, as Meta shows it beside the business number")]
    NotAPhoneNumberId,
}

macro_rules! identity_text {
    ($($(#[$doc:meta])* $name:ident, $error:ident, $check:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text itself. Personal data: never log it, see [`mask`].
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ContactError;
            fn from_str(text: &str) -> Result<Self, ContactError> {
                if $check(text) { Ok(Self(text.to_owned())) } else { Err(ContactError::$error) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = ContactError;
            fn try_from(text: String) -> Result<Self, ContactError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&mask(&self.0))
            }
        }
    )*};
}

identity_text! {
    /// A phone number in E.164: `+`, country code, number. The only form ever sent as `to`.
    E164, NotE164, is_e164;
    /// Meta's `wa_id`: mostly the digits of the number, not always (Brazil, Mexico).
    WaId, NotAWaId, is_digits_7_to_15;
    /// Business-scoped user id: one per user and business portfolio, changes with the number.
    Bsuid, NotABsuid, is_bsuid;
    /// Meta's id of one of our business numbers.
    PhoneNumberId, NotAPhoneNumberId, is_phone_number_id;
}

impl E164 {
    /// Reads a number as people write it in a directory: blanks, hyphens, dots and brackets are dropped,
    /// the leading `+` is required.
    pub fn parse_written(text: &str) -> Result<Self, ContactError> {
        text.chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')'))
            .collect::<String>()
            .parse()
    }
}

impl WaId {
    /// The number a `wa_id` most likely stands for. Keep both: Meta may alter prefixes.
    pub fn likely_phone(&self) -> Option<E164> {
        format!("+{}", self.0).parse().ok()
    }
}

/// The kinds of identity a contact can be found by.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum IdentityKind {
    /// A number in E.164.
    Phone,
    /// Meta's `wa_id`.
    WaId,
    /// Business-scoped user id.
    Bsuid,
}

/// A personal identifier made safe for a log: at most its first three and last two characters.
pub fn mask(text: &str) -> String {
    let count = text.chars().count();
    if count < 8 {
        return "…".to_owned();
    }
    let head: String = text.chars().take(3).collect();
    let tail: String = text.chars().skip(count - 2).collect();
    format!("{head}…{tail}")
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| is_digits_7_to_15(digits) && !digits.starts_with('0'))
}

fn is_digits_7_to_15(text: &str) -> bool {
    (7..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_bsuid(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else { return false };
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=132).contains(&rest.len())
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
}

fn is_phone_number_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e164_takes_plus_and_digits_only() {
        for good in ["+254700000101", "+16315551234", "+4915123456789"] {
            assert!(good.parse::<E164>().is_ok(), "{good}");
        }
        for bad in ["254700000101", "+0123456789", "+123456", "+1234567890123456", "+25470000010a", "+", ""] {
            assert_eq!(bad.parse::<E164>(), Err(ContactError::NotE164), "{bad}");
        }
        assert_eq!(E164::parse_written("+1 (631) 555-1234").unwrap().as_str(), "+16315551234");
    }

    #[test]
    fn bsuids_keep_their_parent_form() {
        for good in ["KE.90000000000000000101", "KE.ENT.9000"] {
            assert!(good.parse::<Bsuid>().is_ok(), "{good}");
        }
        for bad in ["KE", "KE.", "ke.1", "KEN.1", "254700000101"] {
            assert!(bad.parse::<Bsuid>().is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_output_hides_the_number() {
        let phone: E164 = "+254700000101".parse().unwrap();
        assert_eq!(format!("{phone:?}"), "+25…01");
        assert_eq!(mask("short"), "…");
    }
}
