//! Text made comparable: one case, no accents, one spelling of Arabic letters, ASCII digits.

/// Lower case without accents, tashkeel, joiners and direction marks; digits of other scripts become ASCII;
/// an apostrophe inside a word disappears (`don't` → `dont`). Punctuation and line breaks stay.
pub(crate) fn fold(text: &str) -> String {
    let plain: Vec<char> = text.chars().flat_map(char::to_lowercase).flat_map(fold_char).collect();
    let letter = |at: Option<usize>| at.and_then(|at| plain.get(at)).is_some_and(|c| c.is_alphabetic());
    plain
        .iter()
        .enumerate()
        .filter(|(at, c)| **c != '\'' || !(letter(at.checked_sub(1)) && letter(Some(at + 1))))
        .map(|(_, c)| *c)
        .collect()
}

/// The words of a text, folded: runs of letters and digits.
pub(crate) fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Where `phrase` (words separated by blanks) begins in `words`.
pub(crate) fn find_phrase<W: AsRef<str>>(words: &[W], phrase: &str) -> Option<usize> {
    let wanted: Vec<&str> = phrase.split(' ').collect();
    words
        .windows(wanted.len())
        .position(|window| window.iter().zip(&wanted).all(|(word, wanted)| word.as_ref() == *wanted))
}

/// Whether one of the phrases occurs as whole words.
pub(crate) fn has_any<W: AsRef<str>>(words: &[W], phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| find_phrase(words, phrase).is_some())
}

fn fold_char(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => (Some('a'), None),
        'æ' => (Some('a'), Some('e')),
        'ç' | 'ć' | 'č' => (Some('c'), None),
        'è'..='ë' | 'ē' | 'ė' | 'ę' => (Some('e'), None),
        'ì'..='ï' | 'ī' | 'į' | 'ı' => (Some('i'), None),
        'ñ' | 'ń' => (Some('n'), None),
        'ò'..='ö' | 'ø' | 'ō' => (Some('o'), None),
        'œ' => (Some('o'), Some('e')),
        'ß' => (Some('s'), Some('s')),
        'ù'..='ü' | 'ū' => (Some('u'), None),
        'ý' | 'ÿ' => (Some('y'), None),
        'أ' | 'إ' | 'آ' | 'ٱ' => (Some('ا'), None),
        'ى' => (Some('ي'), None),
        'ة' => (Some('ه'), None),
        '٠'..='٩' => (digit(c, '٠'), None),
        '۰'..='۹' => (digit(c, '۰'), None),
        '０'..='９' => (digit(c, '０'), None),
        '٫' => (Some('.'), None),
        '٬' | '،' => (Some(','), None),
        '؟' | '？' => (Some('?'), None),
        '؛' => (Some(';'), None),
        '’' | '‘' | 'ʼ' | '`' | '´' => (Some('\''), None),
        '\u{a0}' | '\u{2009}' | '\u{202f}' | '\t' => (Some(' '), None),
        '–' | '—' | '−' | '‐' | '‑' => (Some('-'), None),
        // Combining accents, tashkeel and tatweel, joiners, direction marks, variation selectors, skin tones.
        '\u{300}'..='\u{36f}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | 'ـ'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{1f3fb}'..='\u{1f3ff}' => (None, None),
        other => (Some(other), None),
    };
    first.into_iter().chain(second)
}

fn digit(c: char, zero: char) -> Option<char> {
    u32::from(c).checked_sub(u32::from(zero)).and_then(|value| char::from_digit(value, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_what_reads_the_same() {
        for (text, folded) in [
            ("DON’T Worry", "dont worry"),
            ("Mañana à l'hôtel", "manana a lhotel"),
            ("e\u{301}", "e"),
            ("٣٬٥٠٠", "3,500"),
            ("مُتَوَفِّر", "متوفر"),
            ("3'500", "3'500"),
            ("3\u{a0}500", "3 500"),
            ("👍🏾", "👍"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
        assert_eq!(words("Yes!! I'm in-stock, 5pm"), ["yes", "im", "in", "stock", "5pm"]);
        assert_eq!(find_phrase(&["a", "b", "c"], "b c"), Some(1));
        assert!(!has_any(&["abc"], &["b", "ab"]));
    }
}
