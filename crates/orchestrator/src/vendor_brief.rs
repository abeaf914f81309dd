//! The need in one line that vendors may read: what the client asked for, and nothing about the client. Pure.

use conversation::{about_self, control_words, need};
use marketplace::look;
use moltbot_contract::ContextPack;

use crate::{Entry, reading};

/// The longest line, in code points; below the contract's 400 and what the catalogue quotes whole.
const LINE_MAX: usize = 280;
/// So many digits in a run of digits, blanks and hyphens could be a telephone number.
const PHONE_DIGITS_MIN: usize = 7;

/// What the client wants, from the client's own words. `None` when no word of it says anything.
///
/// What the client confirmed of a picture comes first. Of a prescription it is all: no more than the lines the client
/// confirmed, or else the latest that the client typed for vendors.
pub(crate) fn line(pack: &ContextPack, entries: &[Entry]) -> Option<String> {
    let confirmed = reading::confirmed_need(pack).map(without_contacts).filter(|need| !need.is_empty());
    if let (Some(need), true) = (&confirmed, pack.request.prescription) {
        return Some(shortened(need));
    }
    let mut told: Vec<String> = confirmed.into_iter().collect();
    for text in reading::client_texts(pack, entries).into_iter().filter(|text| says_something(text)) {
        let text = without_contacts(need::without_greeting(&about_self::without_passages(text)));
        if text.chars().any(char::is_alphanumeric) && !told.contains(&text) {
            told.push(text);
        }
    }
    let (first, later) = told.split_first()?;
    if pack.request.prescription {
        return Some(shortened(later.last().unwrap_or(first)));
    }
    // The first words name the thing; of what followed, the newest matters most.
    let mut length = first.chars().count();
    let mut kept: Vec<&str> = Vec::new();
    for text in later.iter().rev() {
        length += text.chars().count() + 2;
        if length > LINE_MAX {
            break;
        }
        kept.push(text);
    }
    let mut parts = vec![first.as_str()];
    parts.extend(kept.into_iter().rev());
    Some(shortened(&parts.join("; ")))
}

/// The same line without a word that holds a digit: for texts in which a number could be a dosage.
pub(crate) fn without_numbers(line: &str) -> String {
    let words = line.split(' ').filter(|word| !word.chars().any(char::is_numeric));
    words.collect::<Vec<_>>().join(" ")
}

/// A text without what could be a telephone number, a link or a mail address, on one line, and without what nobody
/// sees. Numbers in other digits and digits in words count too.
pub(crate) fn without_contacts(text: &str) -> String {
    let text = look::printable(text);
    let mut kept: Vec<&str> = Vec::new();
    let mut number: Vec<(&str, usize)> = Vec::new();
    for word in text.split_whitespace() {
        let seen = look::seen(word);
        if is_link(&seen) {
            continue;
        }
        if let Some(digits) = part_of_number(&seen) {
            number.push((word, digits));
        } else {
            keep_unless_phone(&mut number, &mut kept);
            if digits(&seen) < PHONE_DIGITS_MIN {
                kept.push(word);
            }
        }
    }
    keep_unless_phone(&mut number, &mut kept);
    kept.join(" ")
}

fn says_something(text: &str) -> bool {
    control_words::recognise(text).is_none() && (need::is_stated(text) || text.chars().any(char::is_numeric))
}

fn keep_unless_phone<'a>(number: &mut Vec<(&'a str, usize)>, kept: &mut Vec<&'a str>) {
    if number.iter().map(|(_, digits)| digits).sum::<usize>() < PHONE_DIGITS_MIN {
        kept.extend(number.iter().map(|(word, _)| *word));
    }
    number.clear();
}

/// How many digits a word as it is seen adds to a telephone number; `None`: it is no part of one.
fn part_of_number(seen: &str) -> Option<usize> {
    let is_mark = |c: char| matches!(c, '+' | '-' | '(' | ')' | '.' | '/' | ',');
    if seen.chars().all(|c| c.is_ascii_digit() || is_mark(c)) {
        return Some(digits(seen));
    }
    let read = look::with_digits(seen).text;
    let spelled = read.chars().all(|c| c.is_ascii_digit() || is_mark(c) || matches!(c, ';' | ':'));
    (spelled || matches!(read.as_str(), "double" | "triple" | "doble")).then(|| digits(&read))
}

fn digits(seen: &str) -> usize {
    seen.chars().filter(char::is_ascii_digit).count()
}

/// A link, a domain or a mail address, as it is seen: an `@`, a scheme, or a dot between letters.
fn is_link(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    let dotted = letters.windows(3).any(
        |three| matches!(three, [before, '.', after] if before.is_alphanumeric() && after.is_alphabetic()),
    );
    dotted || word.contains('@') || word.contains("://") || word.starts_with("www")
}

/// Cut at a word within [`LINE_MAX`].
fn shortened(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(' ') {
        let room = LINE_MAX.saturating_sub(line.chars().count() + usize::from(!line.is_empty()));
        if word.chars().count() > room {
            if line.is_empty() {
                line.extend(word.chars().take(LINE_MAX));
            }
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, PackExt as _};
    use proptest::prelude::*;

    #[test]
    fn contacts_are_left_out() {
        for (text, left) in [
            ("Front ones, it is the 1.8 petrol", "Front ones, it is the 1.8 petrol"),
            ("call me on +254 700 000 101 please", "call me on please"),
            ("0712-345-678 is mine", "is mine"),
            ("mail a.b@c.org or see https://x.y/z", "mail or see"),
            ("165 R13, both for the back", "165 R13, both for the back"),
            ("www.shop.example\nsize 34", "size 34"),
            ("tel:0700000101", ""),
            ("tyres, ring zero seven double one two three four five six", "tyres, ring"),
            ("tyres ٠٧١٢ ٣٤٥ ٦٧٨", "tyres"),
            ("O712 345 678 is mine", "is mine"),
            ("see wа\u{200b}．me/123 now\u{202e}", "see now"),
            ("two tyres and one rim, 165 R13", "two tyres and one rim, 165 R13"),
        ] {
            assert_eq!(without_contacts(text), left, "{text}");
        }
    }

    #[test]
    fn the_line_joins_what_the_client_said() {
        let mut pack = fixture::pack();
        pack.say("Hi!").say("I need brake pads for a 2014 Corolla").say("ok").say("Front ones, 1.8 petrol");
        assert_eq!(
            line(&pack, &[]).as_deref(),
            Some("I need brake pads for a 2014 Corolla; Front ones, 1.8 petrol")
        );
        pack.request.prescription = true;
        assert_eq!(line(&pack, &[]).as_deref(), Some("Front ones, 1.8 petrol"));
        assert_eq!(line(&fixture::pack(), &[]), None);
    }

    #[test]
    fn who_and_where_the_client_is_stays_here() {
        let mut pack = fixture::pack();
        pack.say("My name is Asha Mwangi. I need brake pads for a 2014 Corolla")
            .say("I live at 12 Riverside Drive, flat 4. Front ones");
        let mut location = pack.conversation[0].clone();
        location.kind = moltbot_contract::EntryKind::Other;
        location.text = "Home, 12 Riverside Drive".to_owned();
        pack.conversation.push(location);
        assert_eq!(line(&pack, &[]).as_deref(), Some("I need brake pads for a 2014 Corolla; Front ones"));
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_or_holds_a_number(texts in proptest::collection::vec("\\PC{0,200}", 0..6)) {
            let mut pack = fixture::pack();
            for text in &texts {
                pack.say(text);
            }
            if let Some(line) = line(&pack, &[]) {
                prop_assert!(line.chars().count() <= LINE_MAX);
                prop_assert!(!line.contains('@') && !line.contains('\n'));
            }
        }

        #[test]
        fn phone_numbers_never_get_through(number in "\\+?[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3,6}") {
            let left = without_contacts(&format!("brake pads {number} now"));
            prop_assert_eq!(left, "brake pads now");
        }
    }
}
