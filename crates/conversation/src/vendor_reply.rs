//! Reads a vendor's answer: has it or not, at which price, when. By fixed rules, the same text always the same.

use marketplace::{Currency, Language, Money};
use serde::{Deserialize, Serialize};

/// Whether the vendor has what was asked for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Availability {
    /// Yes.
    InStock,
    /// No.
    OutOfStock,
    /// The answer does not say, or says both.
    Unclear,
}

/// What is known about the vendor before reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplyHints {
    /// The currency of an amount that names none. Without it such an amount is not a price.
    pub default_currency: Option<Currency>,
    /// The vendor's language; all languages are read whatever it is.
    pub language: Language,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParsedReply {
    /// Has it or not.
    pub availability: Availability,
    /// The one price that the text names. A range, several amounts or an unclear currency give none.
    pub price: Option<Money>,
    /// When, short and in English: `today`, `tomorrow`, `in 2 hours`, `17:00`, `monday`.
    pub eta: Option<String>,
    /// How sure the reading is, 0 to 1. Under 0.6 it is ambiguous.
    pub confidence: f64,
}

/// Reads a text.
pub fn parse(text: &str, hints: &ReplyHints) -> ParsedReply {
    let _ = (text, hints);
    ParsedReply { availability: Availability::Unclear, price: None, eta: None, confidence: 0.0 }
}

/// What a pressed YES or NO button says: exact, no price.
pub fn parse_button(yes: bool) -> ParsedReply {
    let availability = if yes { Availability::InStock } else { Availability::OutOfStock };
    ParsedReply { availability, price: None, eta: None, confidence: 1.0 }
}
