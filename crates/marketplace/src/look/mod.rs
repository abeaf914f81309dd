//! Text as a reader sees it, so that what must not stand in a text is found however it is written.
//!
//! [`seen`] is for looking things up and is never sent: lower case, compatibility forms resolved, accents and
//! everything invisible gone, letters of other alphabets that look like Latin ones made Latin, digits of every script
//! made ASCII. [`with_digits`] also reads numbers that are spelled out, [`hidden_readings`] what a text says once it is
//! decoded. [`printable`] is what may leave the house: the same text without what nobody sees.
//!
//! None of this stops somebody who agrees on a code beforehand. It stops what people and models do.

mod encodings;
mod spelled;

pub use encodings::{hidden_readings, is_encoded};
pub use spelled::{Digits, with_digits};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// The text as it may be sent: no control characters but line breaks, no invisible characters and no marks that turn
/// the direction of a text. Joiners and direction marks that Arabic and emoji need stay. A tab becomes a blank.
pub fn printable(text: &str) -> String {
    let one = |c: char| match c {
        '\n' => Some('\n'),
        '\t' | '\u{2028}' | '\u{2029}' | '\u{85}' => Some(' '),
        c if c.is_control() || (is_hidden(c) && !is_needed(c)) => None,
        c => Some(c),
    };
    text.chars().filter_map(one).collect()
}

/// Whether a text holds what [`printable`] takes out of it, tabs and carriage returns aside.
pub fn hides_something(text: &str) -> bool {
    text.chars().any(|c| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || matches!(c, '\u{2028}' | '\u{2029}')
            || (is_hidden(c) && !is_needed(c))
    })
}

/// Whether a word mixes Latin letters with letters that only look like them, or is written in letters that exist to be
/// dressed up (`𝗯𝗼𝗹𝗱`, `ｆｕｌｌ`, `ⓒⓘⓡⓒⓛⓔⓓ`). Nobody writes so by accident.
pub fn disguises_letters(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && !is_hidden(c)).any(|word| {
        let latin = word.chars().any(|c| c.is_ascii_alphabetic() || ('\u{c0}'..='\u{24f}').contains(&c));
        let alike = word.chars().any(|c| like_latin(c).is_some());
        (latin && alike) || word.chars().any(is_dressed_up)
    })
}

/// The text as a reader sees it. For look-ups alone.
pub fn seen(text: &str) -> String {
    if text.is_ascii() {
        return text
            .chars()
            .map(plain_blank)
            .filter(|c| !c.is_control() || *c == '\n')
            .collect::<String>()
            .to_ascii_lowercase();
    }
    let shown = text.chars().filter(|c| !is_hidden(*c)).map(plain_blank);
    let plain = shown.nfkd().filter(|c| !is_combining_mark(*c) && (!c.is_control() || *c == '\n'));
    plain.flat_map(char::to_lowercase).map(one_letter).filter(|c| *c != TATWEEL).collect()
}

/// Stretches an Arabic word and says nothing.
const TATWEEL: char = '\u{640}';

fn plain_blank(c: char) -> char {
    if c.is_whitespace() && c != '\n' { ' ' } else { c }
}

fn one_letter(c: char) -> char {
    match c {
        'ى' | 'ی' => 'ي',
        'ة' => 'ه',
        'ک' => 'ك',
        '。' | '｡' | '․' | '·' => '.',
        '‐'..='―' | '−' => '-',
        c => digit(c).or_else(|| like_latin(c)).unwrap_or(c),
    }
}

/// Nothing is seen of it: format and filler characters, direction marks, tags, variation selectors.
const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{70f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Of the hidden ones: joiners, the marks of direction that only weigh on punctuation, emoji's selectors.
const fn is_needed(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{61c}' | '\u{fe0e}' | '\u{fe0f}')
}

/// Letters that are for show: mathematical, full width, circled, squared.
const fn is_dressed_up(c: char) -> bool {
    matches!(c, '\u{1d400}'..='\u{1d7ff}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}'
        | '\u{249c}'..='\u{24e9}' | '\u{1f110}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}')
}

/// The ASCII digit of a decimal digit of any script, or of one in a circle.
pub fn digit(c: char) -> Option<char> {
    if c.is_ascii_digit() {
        return Some(c);
    }
    let point = u32::from(c);
    let of = |zero: &u32| point.checked_sub(*zero).filter(|value| *value < 10);
    let value = match point {
        0x80.. => ZEROS.iter().find_map(of).or_else(|| circled(point))?,
        _ => return None,
    };
    char::from_digit(value, 10)
}

/// `❶`, `➀`, `➊`, `⓵`, `🄁`: what compatibility forms leave alone.
fn circled(point: u32) -> Option<u32> {
    match point {
        0x2776..=0x277e => Some(point - 0x2775),
        0x2780..=0x2788 => Some(point - 0x277f),
        0x278a..=0x2792 => Some(point - 0x2789),
        0x24f5..=0x24fd => Some(point - 0x24f4),
        0x24ff | 0x1f10b | 0x1f10c => Some(0),
        _ => None,
    }
}

/// The zeros of the decimal digits of all scripts (Unicode 16, category Nd); nine follow each.
const ZEROS: [u32; 66] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce,
    0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950,
];

/// The Latin letter that a Cyrillic, Greek, Armenian or Cherokee one is taken for.
const fn like_latin(c: char) -> Option<char> {
    Some(match c {
        'а' | 'А' | 'α' | 'Α' => 'a',
        'в' | 'В' | 'Β' | 'ь' | 'β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' | 'Ꭰ' => 'd',
        'е' | 'Е' | 'ё' | 'Ё' | 'Ε' | 'ε' => 'e',
        'ғ' => 'f',
        'ɡ' | 'ց' => 'g',
        'һ' | 'Н' | 'н' | 'Η' | 'հ' => 'h',
        'і' | 'І' | 'ї' | 'Ι' | 'ι' | 'Ӏ' | 'ӏ' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'ⅼ' => 'l',
        'м' | 'М' | 'Μ' => 'm',
        'п' | 'η' | 'Ν' | 'ո' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'σ' | 'օ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ԛ' | 'զ' => 'q',
        'г' | 'Ꭱ' => 'r',
        'ѕ' | 'Ѕ' | 'ꜱ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'υ' | 'ս' => 'u',
        'ѵ' | 'ν' => 'v',
        'ԝ' | 'ω' | 'ա' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'γ' | 'Υ' => 'y',
        'Ζ' | 'ᴢ' => 'z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_looks_the_same_reads_the_same() {
        for (text, read) in [
            ("Asha Mwangi", "asha mwangi"),
            ("Аsһа Мwаngі", "asha mwangi"),
            ("A\u{200b}s\u{2060}h\u{ad}a", "asha"),
            ("𝗔𝘀𝗵𝗮 ⓜⓦ", "asha mw"),
            ("Ａｓｈａ", "asha"),
            ("Ásha\u{301}", "asha"),
            ("a\u{202e}hsa", "ahsa"),
            ("٠٧١٢ ०७ ０７ ⓪ ❶ ➁ 1️⃣", "0712 07 07 0 1 2 1"),
            ("أَمِينَة", "امينه"),
            ("a\u{a0}b\tc\u{1b}[31m\nd", "a b c[31m\nd"),
            ("ｅｘａｍｐｌｅ．ｃｏｍ 例。com", "example.com 例.com"),
        ] {
            assert_eq!(seen(text), read, "{text}");
        }
    }

    #[test]
    fn what_nobody_sees_is_not_sent() {
        for (text, sent) in [
            ("brake\u{200b} pads\u{202e}\u{2066}", "brake pads"),
            ("a\u{1b}[31mred\u{0}", "a[31mred"),
            ("tags \u{e0069}\u{e0067}", "tags "),
            ("line\nline\tend", "line\nline end"),
            ("👩‍🔧 ❤️ می‌خواهم", "👩‍🔧 ❤️ می‌خواهم"),
        ] {
            assert_eq!(printable(text), sent, "{text:?}");
            assert!(!hides_something(&printable(text)));
        }
        assert!(hides_something("a\u{202e}b") && !hides_something("a\tb\r\nc"));
    }

    #[test]
    fn disguised_words_are_seen() {
        for text in ["wа.me", "раypal", "𝗮𝗯", "ｗｗｗ", "Αmina"] {
            assert!(disguises_letters(text), "{text}");
        }
        for text in ["متوفر بسعر 3500", "тормозные колодки", "5 µg", "pièces détachées", "Ω", "👍 ok"]
        {
            assert!(!disguises_letters(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_twice_changes_nothing(text in "\\PC{0,60}") {
            prop_assert_eq!(printable(&printable(&text)), printable(&text));
            prop_assert_eq!(seen(&printable(&text)), seen(&text));
        }
    }
}
