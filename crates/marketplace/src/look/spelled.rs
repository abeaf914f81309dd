//! Digits that are spelled out: "zero seven double one", in the languages we ship.

/// A text whose spelled-out digits are digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits {
    /// The text; digits that stood one by one, as words or not, are joined.
    pub text: String,
    /// The most digits in a row that at least one word stood for, words between single digits included.
    pub spelled_in_a_row: usize,
}

/// Reads the spelled-out digits of a text that [`super::seen`] has prepared: words of one digit, "double" and "triple",
/// tens with their units, and single digits between them. `0712 O45 l7I` counts too: letters that look like digits among
/// digits.
pub fn with_digits(seen: &str) -> Digits {
    let pieces = pieces(seen);
    let mut text = String::with_capacity(seen.len());
    let (mut row, mut words, mut longest) = (0_usize, 0_usize, 0_usize);
    let mut at = 0;
    while let Some((gap, word)) = pieces.get(at) {
        let read = read(&pieces, at);
        let joins = read.is_some() && row > 0 && gap.chars().count() <= GAP_MAX;
        if !joins {
            text.push_str(gap);
            (row, words) = (0, 0);
        }
        if let Some(read) = read {
            row += read.digits.len();
            words += usize::from(read.spelled);
            text.push_str(&read.digits);
            at += read.pieces;
            if words > 0 {
                longest = longest.max(row);
            }
        } else {
            text.push_str(&without_lookalikes(word));
            at += 1;
        }
    }
    Digits { text, spelled_in_a_row: longest }
}

/// Blanks and marks between two spelled digits of one number, at most.
const GAP_MAX: usize = 4;

struct Read {
    digits: String,
    pieces: usize,
    spelled: bool,
}

/// Each run of letters and digits with what stands before it; the last run may be empty.
fn pieces(text: &str) -> Vec<(&str, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
        let (gap, after) = rest.split_at(start);
        let end = after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len());
        let (word, left) = after.split_at(end);
        pieces.push((gap, word));
        rest = left;
    }
    pieces
}

fn read(pieces: &[(&str, &str)], at: usize) -> Option<Read> {
    let word = |ahead: usize| pieces.get(at + ahead).map(|(_, word)| *word);
    let this = word(0)?;
    let times = match this {
        "double" | "doble" | "duplo" | "dobro" => 2,
        "triple" | "triplo" | "treble" => 3,
        _ => 0,
    };
    if times > 0 {
        let digit = word(1).and_then(one_digit)?;
        return Some(Read { digits: digit.repeat(times), pieces: 2, spelled: true });
    }
    if let Some(ten) = ten(this) {
        let connected = usize::from(word(1).is_some_and(|word| matches!(word, "y" | "e" | "et" | "na")));
        return Some(match word(1 + connected).and_then(unit) {
            Some(unit) => Read { digits: format!("{ten}{unit}"), pieces: 2 + connected, spelled: true },
            None => Read { digits: format!("{ten}0"), pieces: 1, spelled: true },
        });
    }
    let spelled = unit(this).is_some();
    Some(Read { digits: one_digit(this)?, pieces: 1, spelled })
}

/// A digit, written as one or as a word.
fn one_digit(word: &str) -> Option<String> {
    let single = word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_digit());
    if single { Some(word.to_owned()) } else { unit(word).map(|digit| digit.to_string()) }
}

/// What a word of one digit stands for; Arabic "and" may be written onto it.
fn unit(word: &str) -> Option<u8> {
    let find = |word: &str| UNITS.iter().position(|words| words.contains(&word));
    let at = find(word).or_else(|| find(word.strip_prefix('و')?))?;
    u8::try_from(at).ok()
}

fn ten(word: &str) -> Option<usize> {
    TENS.iter().position(|words| words.contains(&word)).map(|at| at + 2)
}

/// Letters that look like digits, among at least two digits.
fn without_lookalikes(word: &str) -> String {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let alike = |c: char| c.is_ascii_digit() || matches!(c, 'o' | 'i' | 'l');
    if digits < 2 || digits == word.len() || !word.chars().all(alike) {
        return word.to_owned();
    }
    let last = word.chars().count() - 1;
    let digit = |(at, c): (usize, char)| match c {
        'o' => '0',
        // "10l" are litres.
        'i' | 'l' if at < last => '1',
        c => c,
    };
    word.chars().enumerate().map(digit).collect()
}

/// 0 to 9, as [`super::seen`] leaves the words.
#[rustfmt::skip]
const UNITS: [&[&str]; 10] = [
    &["zero", "oh", "nought", "naught", "cero", "sifuri", "ziro", "صفر", "zeros"],
    &["one", "uno", "una", "un", "um", "uma", "une", "moja", "واحد", "واحده"],
    &["two", "dos", "dois", "duas", "deux", "mbili", "اثنان", "اثنين", "اتنين", "تنين"],
    &["three", "tres", "trois", "tatu", "ثلاثه", "ثلاث", "تلاته"],
    &["four", "cuatro", "quatro", "quatre", "nne", "اربعه", "اربع"],
    &["five", "cinco", "cinq", "tano", "خمسه", "خمس"],
    &["six", "seis", "meia", "sita", "سته", "ست"],
    &["seven", "siete", "sete", "sept", "saba", "سبعه", "سبع"],
    &["eight", "ocho", "oito", "huit", "nane", "ثمانيه", "تمانيه", "ثمان"],
    &["nine", "nueve", "nove", "neuf", "tisa", "تسعه", "تسع"],
];

/// 20 to 90.
#[rustfmt::skip]
const TENS: [&[&str]; 8] = [
    &["twenty", "veinte", "vinte", "vingt", "ishirini"],
    &["thirty", "treinta", "trinta", "trente", "thelathini"],
    &["forty", "cuarenta", "quarenta", "quarante", "arobaini"],
    &["fifty", "cincuenta", "cinquenta", "cinquante", "hamsini"],
    &["sixty", "sesenta", "sessenta", "soixante", "sitini"],
    &["seventy", "setenta", "septante", "sabini"],
    &["eighty", "ochenta", "oitenta", "huitante", "themanini"],
    &["ninety", "noventa", "nonante", "tisini"],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::seen;

    #[test]
    fn spelled_out_numbers_are_read() {
        for (text, digits) in [
            ("zero seven double one two, three four five six seven", "0711234567"),
            ("cero siete uno dos tres cuatro cinco seis siete ocho", "0712345678"),
            ("zero sete um dois três quatro cinco meia sete oito", "0712345678"),
            ("zéro sept un deux trois quatre cinq six sept huit", "0712345678"),
            ("sifuri saba moja mbili tatu nne tano sita saba nane", "0712345678"),
            ("صفر سبعة واحد اثنين ثلاثة أربعة خمسة ستة سبعة ثمانية", "0712345678"),
            ("zero 7 one 2 - three / 4 five 6 7 8", "0712345678"),
            ("zero seventy-one twenty three forty five sixty seven eight", "0712345678"),
            ("O7I2 34S", "0712 34s"),
            ("07l2 345 o78", "0712 345 078"),
            ("0,7,1,2", "0712"),
        ] {
            assert_eq!(with_digits(&seen(text)).text, digits, "{text}");
        }
        assert_eq!(with_digits("zero seven double one").spelled_in_a_row, 4);
        assert_eq!(with_digits("1 2 3 4 5 6 7 8 9").spelled_in_a_row, 0);
        assert_eq!(with_digits("three offers, one of 3500 and one of 4000").spelled_in_a_row, 1);
    }

    #[test]
    fn other_text_stays() {
        for text in ["brake pads for a 2014 corolla", "20l or 10l", "a - b", "", "3,500.50"] {
            assert_eq!(with_digits(text).text, text);
        }
    }
}
