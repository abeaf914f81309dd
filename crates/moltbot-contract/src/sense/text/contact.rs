//! Phone numbers, links and identifiers in free text, which comes as [`look::seen`] leaves it.

use marketplace::{
    AuditId, BatchId, CallAttemptId, ConsentId, ContactId, DataKeyId, DeadLetterId, EventId, MediaId,
    MessageId, OcrJobId, OutboxId, OutreachId, ReplyId, RequestId, ShortlistId, TimerId, TurnId, look,
};

/// Digits from which a run without `+` counts as a number: shorter ones are prices, years and sizes.
const LOCAL_DIGITS_MIN: usize = 9;
/// Digits from which a run with `+` counts as a number.
const INTERNATIONAL_DIGITS_MIN: usize = 7;
/// Spelled-out digits in a row that are a number: nobody spells out a price digit by digit.
const SPELLED_DIGITS_MIN: usize = 7;
/// Blanks, hyphens and brackets between two groups of one number, at most.
const GAP_MAX: usize = 2;

/// A run of digits, possibly in groups (`0712 345 678`, `(0)712-345-678`, `+254712345678`).
///
/// Dates and lists of years are no numbers. A part number of nine or more digits is taken for one, and so are digits
/// that are spelled out.
pub(super) fn has_phone_number(seen: &str) -> bool {
    let digits = look::with_digits(seen);
    digits.spelled_in_a_row >= SPELLED_DIGITS_MIN || has_number(seen) || has_number(&digits.text)
}

fn has_number(text: &str) -> bool {
    let mut run = Run::default();
    for c in text.chars() {
        if c.is_ascii_digit() {
            run.digit(c);
        } else if c == '+' {
            if run.is_phone() {
                return true;
            }
            run = Run { plus: true, ..Run::default() };
        } else if is_separator(c) && run.gap < GAP_MAX {
            run.separate();
        } else {
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

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')
}

/// Top-level domains that no sentence ends and begins with by accident.
const DOMAINS: [&str; 48] = [
    "com", "net", "org", "info", "biz", "io", "co", "app", "dev", "shop", "store", "site", "online", "xyz",
    "link", "ly", "gl", "gd", "ke", "ng", "tz", "ug", "za", "chat", "ru", "cn", "br", "mx", "uk", "eu", "rw",
    "gh", "eg", "sa", "ae", "tk", "top", "club", "click", "page", "zip", "website", "pф", "example", "test",
    "invalid", "موقع", "شبكه",
];
/// What makes a text a link wherever it stands.
const LINK_PARTS: [&str; 6] = ["://", "www.", "wa.me", "t.me/", "m.me/", "xn--"];
/// Schemes that telephones act on. They begin a word and something follows at once.
const SCHEMES: [&str; 21] = [
    "mailto",
    "tel",
    "sms",
    "smsto",
    "mms",
    "whatsapp",
    "javascript",
    "data",
    "intent",
    "geo",
    "maps",
    "market",
    "file",
    "tg",
    "signal",
    "skype",
    "viber",
    "callto",
    "facetime",
    "bitcoin",
    "upi",
];
/// How people write the dot and the `@` of an address in words or brackets.
const DOTS: [&str; 7] = ["dot", "punto", "ponto", "point", "nukta", "doti", "نقطه"];
const ATS: [&str; 6] = ["at", "arroba", "arobase", "arobas", "kwenye", "ات"];

/// A link, a bare domain or a mail address, written out ("duka dot com") or not.
pub(super) fn has_link(seen: &str) -> bool {
    is_linked(seen) || is_linked(&with_marks(seen))
}

fn is_linked(text: &str) -> bool {
    if LINK_PARTS.iter().any(|part| text.contains(part)) {
        return true;
    }
    let word = |c: char| c.is_alphanumeric();
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let after_word = before.is_some_and(word);
        let after = rest.as_str();
        if after_word && c == '@' && after.chars().next().is_some_and(word) {
            return true;
        }
        if after_word && c == '.' && (begins_with_domain(after) || begins_with_path(after)) {
            return true;
        }
        before = Some(c);
    }
    text.split_whitespace().any(has_scheme)
}

/// `com`, `co/`, and not `comfortable`.
fn begins_with_domain(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    text.get(..end).is_some_and(|label| DOMAINS.contains(&label))
}

/// `pads.rocks/offer`: letters after the dot, then a slash and more.
fn begins_with_path(text: &str) -> bool {
    let Some((label, path)) = text.split_once('/') else { return false };
    label.chars().count() >= 2
        && label.chars().all(char::is_alphabetic)
        && path.chars().next().is_some_and(char::is_alphanumeric)
}

/// `tel:1`, and not `hotel: 1` or `data: none`.
fn has_scheme(word: &str) -> bool {
    let Some((scheme, rest)) = word.split_once(':') else { return false };
    let scheme = scheme.trim_start_matches(|c: char| !c.is_alphanumeric());
    SCHEMES.contains(&scheme)
        && rest.chars().next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '+' | '?'))
}

/// The text with `dot`, `(dot)`, `at`, `[at]` as the marks they stand for. A word is one only where what follows can end
/// an address: a domain.
fn with_marks(text: &str) -> String {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut marked = String::with_capacity(text.len());
    for (at, word) in words.iter().enumerate() {
        let this = bare(word);
        let next = words.get(at + 1).map(|next| bare(next)).unwrap_or_default();
        let bracketed = word.starts_with(['[', '(', '{', '<']);
        let is_dot = DOTS.contains(&this.as_str()) && (bracketed || begins_with_domain(&next));
        let is_at = ATS.contains(&this.as_str())
            && (bracketed || words.get(at + 2).is_some_and(|dot| DOTS.contains(&bare(dot).as_str())));
        match (is_dot, is_at) {
            (true, _) => marked.push('.'),
            (_, true) => marked.push('@'),
            _ => {
                if !marked.ends_with(['.', '@']) || !marks_before(&words, at, bare) {
                    marked.push(' ');
                }
                marked.push_str(word);
            }
        }
    }
    // Inside a word: `duka[dot]com`.
    for (written, mark) in [
        ("[dot]", "."),
        ("(dot)", "."),
        ("{dot}", "."),
        ("[.]", "."),
        ("(.)", "."),
        ("[at]", "@"),
        ("(at)", "@"),
        ("{at}", "@"),
    ] {
        marked = marked.replace(written, mark);
    }
    marked
}

/// Whether the word before was one that became a mark.
fn marks_before(words: &[&str], at: usize, bare: impl Fn(&str) -> String) -> bool {
    let before = at.checked_sub(1).and_then(|at| words.get(at)).map(|word| bare(word)).unwrap_or_default();
    DOTS.contains(&before.as_str()) || ATS.contains(&before.as_str())
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

/// A message or call id of Meta's, or an id of ours.
pub(super) fn has_identifier(seen: &str) -> bool {
    let lower = seen;
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
            "०७१२३४५६७८",
            "0 7 1 2 3 4 5 6 7 8",
            "0,7,1,2,3,4,5,6,7,8",
            "O712 345 678",
            "zero seven one two three four five",
            "llama al cero siete uno dos tres cuatro cinco",
            "1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣9️⃣",
        ] {
            assert!(has_phone_number(&look::seen(text)), "{text}");
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
            "three offers, the best one at 3500",
            "1.5l, 2.0l and 2.5l",
            "one or two, five at most",
        ] {
            assert!(!has_phone_number(&look::seen(text)), "{text}");
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
            "duka dot com",
            "asha at gmail dot com",
            "asha [at] posta (dot) org",
            "asha arroba correo punto com",
            "duka[dot]com",
            "ｗｗｗ．ｄｕｋａ",
            "wа.mе/1",
            "pads.rocks/offer",
            "javascript:alert",
            "intent://pay",
            "xn--e1afmkfd",
            "duka。com",
        ] {
            assert!(has_link(&look::seen(text)), "{text}");
        }
        for text in [
            "e.g. front pads",
            "yes.no",
            "at 10.30",
            "done.comfortable",
            "@home",
            "price @ 500",
            "a. com",
            "hotel: 2 rooms",
            "data: none",
            "at the point of sale",
            "the dot is red",
            "front/rear",
            "sales point",
        ] {
            assert!(!has_link(&look::seen(text)), "{text}");
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
