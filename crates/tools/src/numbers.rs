//! Phone numbers inside texts, however they are written.

use marketplace::{E164, look};

/// A number is recognised by its last digits, so that `+254 712…`, `00254712…` and `0712…` are the same.
const TAIL: usize = 9;
/// A written `+` makes digits a phone number from this many on.
const INTERNATIONAL_MIN: usize = 8;
/// What stands in place of a number in what Moltbot reads.
const HIDDEN: &str = "[number]";
/// A written number without a `+` has at least so many digits.
const LOCAL_MIN: usize = 9;

/// The subscriber's part of a number: its last nine digits, or all of a shorter one.
pub(crate) fn tail(phone: &E164) -> String {
    let digits = digits(phone.as_str());
    digits.get(digits.len().saturating_sub(TAIL)..).unwrap_or_default().to_owned()
}

/// Whether the digits of a text, taken together, hold this subscriber's number.
pub(crate) fn shows(text: &str, tail: &str) -> bool {
    !tail.is_empty() && digits(text).contains(tail)
}

/// The last digits of every number that somebody wrote: with a `+`, or long enough to be one; spelled out, too.
pub(crate) fn written(text: &str) -> Vec<String> {
    let seen = look::with_digits(&look::seen(text)).text;
    let mut found = Vec::new();
    let mut rest = seen.as_str();
    while let Some((_, run, after)) = next_run(rest) {
        let digits = digits(run);
        let least = if run.starts_with('+') { INTERNATIONAL_MIN } else { LOCAL_MIN };
        if digits.len() >= least {
            found.extend(digits.get(digits.len().saturating_sub(TAIL)..).map(str::to_owned));
        }
        rest = after;
    }
    found
}

/// The text without these subscribers' numbers and without any number written with a `+`. Other digits stay:
/// prices and part numbers matter. What nobody sees is left out: it could only part a number or tell Moltbot something
/// that no reader reads.
pub(crate) fn hide(text: &str, tails: &[String]) -> String {
    let printable = look::printable(text);
    let text = printable.as_str();
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, run, after)) = next_run(rest) {
        shown.push_str(before);
        let international = run.starts_with('+') && digits(run).len() >= INTERNATIONAL_MIN;
        let known = tails.iter().any(|tail| shows(run, tail));
        shown.push_str(if international || known { HIDDEN } else { run });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Splits at the first run of digits that may be one number: separators within it do not end it.
fn next_run(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.char_indices().find(|(_, c)| look::digit(*c).is_some())?.0;
    let mut end = start;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < start) {
        if look::digit(c).is_some() {
            end = at + c.len_utf8();
        } else if !is_separator(c) {
            break;
        }
    }
    let plus = text.get(..start).unwrap_or_default().trim_end_matches(['(', ' ']);
    let start = if plus.ends_with('+') { plus.len() - 1 } else { start };
    Some((text.get(..start)?, text.get(start..end)?, text.get(end..)?))
}

const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{2011}' | '\u{2013}')
}

fn digits(text: &str) -> String {
    text.chars().filter_map(look::digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_seen_however_it_is_written() {
        let tail = tail(&"+254712345678".parse().unwrap());
        assert_eq!(tail, "712345678");
        for text in [
            "call +254712345678",
            "0712 345 678",
            "(07) 12-345-678",
            "00254.712.345.678",
            "٠٧١٢٣٤٥٦٧٨",
            "０７１２３４５６７８",
            "0712 345, then 678",
        ] {
            assert!(shows(text, &tail), "{text}");
        }
        for text in ["3500 KES", "part 04465-02220", "07123 4567", ""] {
            assert!(!shows(text, &tail), "{text}");
        }
    }

    #[test]
    fn numbers_are_hidden_and_prices_are_not() {
        let tails = [tail(&"+254712345678".parse().unwrap())];
        for (text, shown) in [
            ("Amina: +254 712 345 678, thanks", "Amina: [number], thanks"),
            ("0712345678", "[number]"),
            ("part 04465-02220 for 3500/=", "part 04465-02220 for 3500/="),
            ("mine is +1 (631) 555-1234.", "mine is [number]."),
            ("2 + 2", "2 + 2"),
            ("٠٧١٢٣٤٥٦٧٨ سعر ٣٥٠٠", "[number] سعر ٣٥٠٠"),
            ("no digits – at all", "no digits – at all"),
            ("07\u{200b}12345\u{2060}678", "[number]"),
            ("०७१२३४५६७८", "[number]"),
            ("ok\u{e0069}\u{e0067}", "ok"),
        ] {
            assert_eq!(hide(text, &tails), shown);
        }
    }
}
