//! Reads a vendor's answer: has it or not, at which price, when. By fixed rules, the same text always the same.
//!
//! A price is read only where the text leaves one reading: a range, several amounts, a bound ("from 3000"), a
//! question or an unclear currency give none. Telephone numbers, years, model numbers, times and quantities
//! are not prices, nor are fees beside the price, amounts for several pieces and money of another matter. What is
//! left open lowers the confidence; nothing is invented.
//!
//! Text becomes tokens (`lexer`), clauses that ask are masked (`questions`), amounts in words become numbers
//! (`number_words`). Then stock is read (`signals`), the price (`price`, a number's neighbours in `context` and
//! `price_signs`) and the time (`eta`). The words stand in tables beside them.

mod amount;
mod context;
mod currency;
mod eta;
mod lexer;
mod number_table;
mod number_words;
mod price;
mod price_signs;
mod price_words;
mod questions;
mod signal_words;
mod signals;
mod spelling;

use marketplace::{Currency, Language, Money};
use serde::{Deserialize, Serialize};

use price::Reading;
use questions::Questions;
use signals::Signals;

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
    /// The vendor's language. All languages are read whatever it is; it settles words that mean different
    /// things in two of them.
    pub language: Language,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParsedReply {
    /// Has it or not.
    pub availability: Availability,
    /// The one price that the text names.
    pub price: Option<Money>,
    /// When, short and in English: `today`, `tomorrow`, `in 2 hours`, `17:00`, `monday`.
    pub eta: Option<String>,
    /// How sure the reading is, 0 to 1. Under 0.6 it is ambiguous.
    pub confidence: f64,
}

/// Readings below this are ambiguous.
pub const AMBIGUOUS_BELOW: f64 = 0.6;

/// Only the beginning of a long text is read, in characters: WhatsApp's limit for a text message.
const TEXT_MAX: usize = 4096;

/// Reads a text.
pub fn parse(text: &str, hints: &ReplyHints) -> ParsedReply {
    let short: String = text.chars().take(TEXT_MAX).collect();
    let mut tokens = lexer::lex(&short);
    let questions = questions::mask(&mut tokens);
    let tokens = number_words::rewrite(&tokens);
    let (signals, plain) = signals::read(&tokens, hints.language);
    let reading = price::read(&tokens, &plain, hints.default_currency);
    let eta = eta::read(&tokens);
    judge(signals, reading, eta, questions)
}

/// What a pressed YES or NO button says: exact, no price.
pub fn parse_button(yes: bool) -> ParsedReply {
    let availability = if yes { Availability::InStock } else { Availability::OutOfStock };
    ParsedReply { availability, price: None, eta: None, confidence: 1.0 }
}

/// Weighs what was found.
fn judge(signals: Signals, reading: Reading, eta: Option<String>, questions: Questions) -> ParsedReply {
    use Availability::{InStock, OutOfStock, Unclear};
    let says_yes = signals.yes || signals.weak_yes;
    let names_amount = !matches!(reading, Reading::Nothing);
    let (availability, price, confidence) =
        if signals.hedge && signals.yes && signals.of_price && !names_amount {
            // "Yes, but the price depends."
            (InStock, None, 0.5)
        } else if signals.hedge || signals.partial {
            (Unclear, None, 0.4)
        } else if signals.later {
            match reading {
                // "Yes, 80,000, arrives tomorrow."
                Reading::Price { money, certainty } if signals.yes => {
                    (InStock, Some(money), certainty.min(0.65))
                }
                _ => (Unclear, None, 0.4),
            }
        } else if signals.no && (signals.yes || names_amount) {
            (Unclear, None, 0.3)
        } else if signals.no {
            (OutOfStock, None, 0.9)
        } else {
            match reading {
                Reading::Price { money, certainty } => {
                    let agreed = if says_yes { 0.05 } else { 0.0 };
                    (InStock, Some(money), certainty + agreed)
                }
                Reading::Ambiguous => (if says_yes { InStock } else { Unclear }, None, 0.45),
                Reading::Nothing if questions.help => (Unclear, None, 0.3),
                Reading::Nothing if signals.yes => (InStock, None, 0.75),
                Reading::Nothing if signals.weak_yes => (InStock, None, 0.5),
                Reading::Nothing if eta.is_some() => (Unclear, None, 0.4),
                Reading::Nothing => (Unclear, None, if questions.any { 0.3 } else { 0.1 }),
            }
        };
    let confidence = if questions.any || questions.tag { confidence.min(0.55) } else { confidence };
    // Two decimals: what is stored and shown is what was meant.
    ParsedReply { availability, price, eta, confidence: (confidence * 100.0).round() / 100.0 }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
mod corpus_tests;
