//! Reads a vendor's answer: has it or not, at which price, when. By fixed rules, the same text always the same.
//!
//! A price is read only where the text leaves one reading: a range, several amounts, a bound ("from 3000"), a
//! question or an unclear currency give none. Telephone numbers, years, model numbers, times and quantities
//! are not prices. What is left open lowers the confidence; nothing is invented.

mod currency;
mod eta;
mod lexer;
mod price;
mod price_words;
mod signals;

use marketplace::{Currency, Language, Money};
use serde::{Deserialize, Serialize};

use lexer::{Kind, Token};
use price::Reading;
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
    let questions = mask_questions(&mut tokens);
    let signals = signals::read(&tokens, hints.language);
    let reading = price::read(&tokens, hints.default_currency);
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
    let (availability, price, confidence) = if signals.hedge || signals.later {
        (Unclear, None, 0.4)
    } else if signals.no && (says_yes || names_amount) {
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

#[derive(Debug, Clone, Copy, Default)]
struct Questions {
    /// A clause asks something; its words say nothing about stock or price.
    any: bool,
    /// A statement ends in "ok?".
    tag: bool,
}

/// Words that make a clause a question at its beginning, with or without a question mark.
const ASKING_FIRST: &[&str] = &[
    "which",
    "what",
    "whats",
    "how",
    "where",
    "when",
    "who",
    "why",
    "is",
    "are",
    "do",
    "does",
    "did",
    "can",
    "could",
    "would",
    "will",
    "shall",
    "should",
    "cual",
    "cuantos",
    "cuantas",
    "cuanto",
    "donde",
    "qual",
    "quantos",
    "quantas",
    "onde",
    "quel",
    "quelle",
    "quels",
    "combien",
    "je",
    "unataka",
    "ungependa",
    "quieres",
    "quiere",
    "necesitas",
    "هل",
    "كم",
    "اي",
    "ماذا",
    "وين",
    "اين",
];

/// Of these only when the clause's second word is one of [`ASKED`]: "do you have", "is it", not "will bring".
const NEEDS_SUBJECT: &[&str] = &[
    "is", "are", "do", "does", "did", "can", "could", "would", "will", "shall", "should", "je", "اي", "how",
    "when",
];
const ASKED: &[&str] = &[
    "you",
    "u",
    "i",
    "we",
    "it",
    "they",
    "he",
    "she",
    "this",
    "that",
    "the",
    "your",
    "client",
    "customer",
    "many",
    "much",
    "unataka",
    "ni",
    "una",
    "unahitaji",
    "do",
    "are",
    "is",
    "about",
    "old",
    "big",
    "موديل",
    "نوع",
    "سنه",
];

/// Words that make a clause a question wherever they stand.
const ASKING_ANYWHERE: &[&str] = &["gani", "ngapi"];

/// "3500, ok?" is an offer.
const TAGS: &[&str] = &["ok", "okay", "sawa", "fine", "right", "deal", "vale", "good", "eh"];

/// Takes the words out of clauses that ask.
fn mask_questions(tokens: &mut [Token]) -> Questions {
    let mut questions = Questions::default();
    for clause in tokens
        .split_inclusive_mut(|token| matches!(token.kind, Kind::Mark('?' | '!' | ';' | '\n' | '.' | ',')))
    {
        let marked = clause.last().is_some_and(|token| token.kind == Kind::Mark('?'));
        let (asks, tag) = {
            let words: Vec<&str> = clause.iter().filter_map(Token::word).collect();
            let first = words.first().copied().unwrap_or_default();
            let asks_first = ASKING_FIRST.contains(&first)
                && (!NEEDS_SUBJECT.contains(&first)
                    || words.get(1).is_some_and(|second| ASKED.contains(second)));
            let asks = asks_first || words.iter().any(|word| ASKING_ANYWHERE.contains(word));
            let tag = marked && !asks && words.last().is_some_and(|last| TAGS.contains(last));
            (asks || (marked && !tag), tag)
        };
        questions.tag |= tag;
        if asks {
            questions.any = true;
            for token in clause.iter_mut() {
                token.kind = Kind::Masked;
            }
        }
    }
    questions
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
mod corpus_tests;
