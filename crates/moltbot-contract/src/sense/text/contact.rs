//! Phone numbers, links and identifiers in free text.

use marketplace::{
    AuditId, BatchId, CallAttemptId, ConsentId, ContactId, DataKeyId, DeadLetterId, EventId, MediaId,
    MessageId, OcrJobId, OutboxId, OutreachId, ReplyId, RequestId, ShortlistId, TimerId, TurnId,
};

/// Digits from which a run without `+` counts as a number: shorter ones are prices, years and sizes.
const LOCAL_DIGITS_MIN: usize = 9;
/// Digits from which a run with `+` counts as a number.
const INTERNATIONAL_DIGITS_MIN: usize = 7;
/// Blanks, hyphens and brackets between two groups of one number, at most.
const GAP_MAX: usize = 2;

/// A run of digits, possibly in groups (`0712 345 678`, `(0)712-345-678`, `+254712345678`).
///
/// Dates and lists of years are no numbers. A part number of nine or more digits is taken for one.
pub(super) fn has_phone_number(text: &str) -> bool {
    let mut run = Run::default();
    for c in text.chars() {
        if is_digit(c) {
            run.digit(c);
        } else if c == '+' || c == '＋' {
            if run.is_phone() {
                return true;
            }
            run = Run { plus: true, ..Run::default() };
        } else if is_separator(c) && run.gap < GAP_MAX {
            run.separate();
        } else if !is_invisible(c) {
            if run.is_phone() {
                return true;
            }
            run = Run::default();
        }
    }
    run.is_phone()
}

#[derive(Default)]
struct Run {
    plus: bool,
    gap: usize,
    groups: Vec<(usize, u32)>,
}

impl Run {
    /// Groups are kept as (length, value); only values of short groups are ever looked at.
    fn digit(&mut self, c: char) {
        let value = c.to_digit(10).unwrap_or(0);
        if self.gap > 0 || self.groups.is_empty() {
            self.groups.push((0, 0));
        }
        self.gap = 0;
        if let Some((length, sum)) = self.groups.last_mut() {
            *length += 1;
            *sum = sum.wrapping_mul(10).wrapping_add(value);
        }
    }

    fn separate(&mut self) {
        self.gap += 1;
    }

    fn is_phone(&self) -> bool {
        let digits = |groups: &[(usize, u32)]| groups.iter().map(|(length, _)| length).sum::<usize>();
        if self.plus {
            return digits(&self.groups) >= INTERNATIONAL_DIGITS_MIN;
        }
        let is_year = |(length, value): &(usize, u32)| *length == 4 && (1900..2100).contains(value);
        let rest = match self.groups.as_slice() {
            [year, (2, _), (2, _), rest @ ..] if is_year(year) => rest,
            [(1 | 2, _), (1 | 2, _), year, rest @ ..] if is_year(year) => rest,
            all if all.iter().all(is_year) => &[],
            all => all,
        };
        digits(rest) >= LOCAL_DIGITS_MIN
    }
}

/// ASCII, Arabic-Indic, Persian and full-width digits: the ones people write numbers in.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' | '\u{ff10}'..='\u{ff19}')
}

fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{202f}' | '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2014}' | '\u{2212}'
    )
}

/// Characters that are not seen and therefore separate nothing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// Top-level domains that no sentence ends and begins with by accident.
const DOMAINS: [&str; 24] = [
    "com", "net", "org", "info", "biz", "io", "co", "app", "dev", "shop", "store", "site", "online", "xyz",
    "link", "ly", "gl", "gd", "ke", "ng", "tz", "ug", "za", "chat",
];
const LINK_PARTS: [&str; 7] = ["://", "www.", "wa.me", "t.me", "m.me", "mailto:", "tel:"];

/// A link, a bare domain or a mail address, in lower-case text.
pub(super) fn has_link(lower: &str) -> bool {
    if LINK_PARTS.iter().any(|part| lower.contains(part)) {
        return true;
    }
    let word = |c: char| c.is_alphanumeric();
    let mut before = None;
    let mut rest = lower.chars();
    while let Some(c) = rest.next() {
        let after_word = before.is_some_and(word);
        if after_word && c == '@' && rest.clone().next().is_some_and(word) {
            return true;
        }
        if after_word && c == '.' {
            let after = rest.as_str();
            let is_domain = |domain: &str| {
                after.strip_prefix(domain).is_some_and(|end| !end.chars().next().is_some_and(word))
            };
            if DOMAINS.iter().any(|domain| is_domain(domain)) {
                return true;
            }
        }
        before = Some(c);
    }
    false
}

/// The prefixes of our ids.
const PREFIXES: [&str; 18] = [
    RequestId::PREFIX,
    ContactId::PREFIX,
    DataKeyId::PREFIX,
    EventId::PREFIX,
    MessageId::PREFIX,
    BatchId::PREFIX,
    OutreachId::PREFIX,
    ReplyId::PREFIX,
    ShortlistId::PREFIX,
    TurnId::PREFIX,
    OutboxId::PREFIX,
    TimerId::PREFIX,
    DeadLetterId::PREFIX,
    MediaId::PREFIX,
    OcrJobId::PREFIX,
    ConsentId::PREFIX,
    CallAttemptId::PREFIX,
    AuditId::PREFIX,
];

/// Hexadecimal digits after a prefix and an underscore that make it an id and not a word.
const ID_DIGITS_MIN: usize = 8;

/// A message or call id of Meta's, or an id of ours, in lower-case text.
pub(super) fn has_identifier(lower: &str) -> bool {
    lower.contains("wamid.")
        || lower.contains("wacid.")
        || lower.match_indices('_').any(|(at, _)| {
            let (before, after) = lower.split_at(at);
            PREFIXES.iter().any(|prefix| before.ends_with(prefix))
                && after.chars().skip(1).take_while(char::is_ascii_hexdigit).count() >= ID_DIGITS_MIN
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_every_usual_spelling() {
        for text in [
            "call +254712345678",
            "+254 712 345 678",
            "0712 345 678",
            "0712345678 please",
            "(0712) 345-678",
            "0712.345.678",
            "06 12 34 56 78",
            "0712\u{200b}345\u{200b}678",
            "٠٧١٢٣٤٥٦٧٨",
            "０７１２３４５６７８",
            "before 2014 or 2015, ring 0712345678",
            "+1 555 0100",
        ] {
            assert!(has_phone_number(text), "{text}");
        }
        for text in [
            "",
            "KES 3,500 or 4,250",
            "Corolla 2014 1.8",
            "between 3500 - 4500",
            "2026-11-22 10:30",
            "22/11/2026",
            "2012 2013 2014 2015",
            "sizes 36, 37, 38, 39, 40, 41",
            "12500000 shillings",
            "+5 days",
        ] {
            assert!(!has_phone_number(text), "{text}");
        }
    }

    #[test]
    fn links_domains_and_mail_addresses_are_found() {
        for text in [
            "https://x.y",
            "see www.pads",
            "wa.me/254",
            "pads.co.ke",
            "bit.ly/x",
            "a@b",
            "shop.com!",
            "tel:1",
        ] {
            assert!(has_link(text), "{text}");
        }
        for text in
            ["e.g. front pads", "yes.no", "at 10.30", "done.comfortable", "@home", "price @ 500", "a. com"]
        {
            assert!(!has_link(text), "{text}");
        }
    }

    #[test]
    fn identifiers_are_found() {
        for text in
            ["wamid.hbgl", "wacid.x", "see msg_0193a5b2c3d4e5f6", "(req_00000000000000000000000000000001)"]
        {
            assert!(has_identifier(text), "{text}");
        }
        for text in ["part_no", "key_holder", "msg_", "out_of_stock", "bat_cave"] {
            assert!(!has_identifier(text), "{text}");
        }
    }
}
