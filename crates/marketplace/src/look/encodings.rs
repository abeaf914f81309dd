//! Text inside text: percent escapes, character references, base64, hexadecimal, ROT13, backwards.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::seen;

/// Escapes that make a text an encoded one; fewer may be a percentage.
const ESCAPES_MIN: usize = 3;
/// A shorter word that mixes capitals and digits is a part number or a name.
const BASE64_MIN: usize = 12;
/// The shortest word that is tried as base64 when something is looked for in it.
const BASE64_TRIED_MIN: usize = 6;
/// The same for hexadecimal digits.
const HEX_MIN: usize = 16;

/// Whether a text holds passages that nobody reads as they stand: escapes, or words of base64 or hexadecimal.
pub fn is_encoded(text: &str) -> bool {
    escapes(text).1 >= ESCAPES_MIN
        || text.split(|c: char| !is_base64(c)).any(|word| looks_like_base64(word) || looks_like_hex(word))
}

/// What a text says when it is decoded in the ways that people use, prepared by [`seen`]; for look-ups alone. Without the
/// text itself.
pub fn hidden_readings(text: &str) -> Vec<String> {
    let mut readings = Vec::new();
    let (unescaped, count) = escapes(text);
    if count > 0 {
        readings.push(seen(&unescaped));
    }
    for word in text.split(|c: char| !is_base64(c)).filter(|word| word.len() >= BASE64_TRIED_MIN) {
        readings.extend(BASE64.decode(word.replace('-', "+").replace('_', "/")).ok().and_then(as_text));
        readings.extend(hex(word).and_then(as_text));
    }
    let plain = seen(text);
    readings.push(plain.chars().map(rot13).collect());
    readings.push(plain.chars().rev().collect());
    readings
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

const fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-')
}

fn as_text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().map(|text| seen(&text))
}

fn looks_like_base64(word: &str) -> bool {
    let class = |byte: u8| (byte.is_ascii_lowercase(), byte.is_ascii_uppercase(), byte.is_ascii_digit());
    let bare = word.trim_end_matches('=');
    let has_digit = bare.bytes().any(|byte| byte.is_ascii_digit());
    // Capitals, small letters and digits change places all the time; in `SamsungGalaxyA14` they do not.
    let changes =
        bare.as_bytes().windows(2).filter(|pair| matches!(pair, [a, b] if class(*a) != class(*b))).count();
    // Words that hyphens join are several.
    bare.len() >= BASE64_MIN
        && !bare.contains(['-', '_'])
        && ((has_digit && changes * 2 >= bare.len()) || bare.len() < word.len())
}

fn looks_like_hex(word: &str) -> bool {
    let has_letter = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    word.len() >= HEX_MIN && has_letter && hex(word).is_some()
}

fn hex(word: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = word.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().try_fold(0_u8, |byte, digit| Some(byte * 16 + u8::try_from(*digit).ok()?)))
        .collect()
}

const fn rot13(c: char) -> char {
    match c {
        'a'..='m' | 'A'..='M' => (c as u8 + 13) as char,
        'n'..='z' | 'N'..='Z' => (c as u8 - 13) as char,
        other => other,
    }
}

/// The text with its escapes resolved, and how many there were: `%41`, `&#65;`, `&#x41;`, `\u0041`, `\x41`.
fn escapes(text: &str) -> (String, usize) {
    let mut bytes = Vec::with_capacity(text.len());
    let mut count = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((decoded, length)) = escape(rest) {
            bytes.extend(decoded);
            count += 1;
            rest = rest.get(length..).unwrap_or_default();
        } else {
            bytes.extend(c.to_string().bytes());
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    (String::from_utf8_lossy(&bytes).into_owned(), count)
}

/// The escape that a text begins with: the bytes it stands for and its length.
fn escape(text: &str) -> Option<(Vec<u8>, usize)> {
    let hex_at = |from: usize, length: usize| -> Option<u32> {
        let digits = text.get(from..from + length)?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    };
    let utf8 = |point: u32| char::from_u32(point).map(|c| c.to_string().into_bytes());
    if text.starts_with('%') {
        return Some((vec![u8::try_from(hex_at(1, 2)?).ok()?], 3));
    }
    if text.starts_with("\\x") {
        return Some((utf8(hex_at(2, 2)?)?, 4));
    }
    if text.starts_with("\\u") {
        return Some((utf8(hex_at(2, 4)?)?, 6));
    }
    let reference = text.strip_prefix("&#")?;
    let end = reference.char_indices().take(9).find(|(_, c)| *c == ';')?.0;
    let number = reference.get(..end)?;
    let point = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    Some((utf8(point)?, end + 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_passages_are_seen_and_read() {
        for text in [
            "%30%37%31%32",
            "&#48;&#55;&#x31;",
            "\\u0030\\u0037\\u0031",
            "MDcxMiAzNDUgNjc4IGFzaGE=",
            "it is QXNoYSBNd2FuZ2kgMDcx now",
            "417368614d77616e6769",
            "d2EubWUvMjU0NzEyMzQ1Njc4",
        ] {
            assert!(is_encoded(text), "{text}");
        }
        for text in [
            "100% new, 20% off, 30% down",
            "part 04465-02220, GDB3425",
            "WhatsApp me",
            "front-left-lower-control-arm-2014",
            "SamsungGalaxyA14Screen",
            "AT&T; R&D",
            "internationalization",
            "C:\\users",
        ] {
            assert!(!is_encoded(text), "{text}");
        }
        for (text, said) in [
            ("%30%37%31%32", "0712"),
            ("&#48;&#x37;12", "0712"),
            ("MDcxMiAzNDU=", "0712 345"),
            ("MDcxMiAzNDU", "0712 345"),
            ("30373132333435", "0712345"),
            ("Nfun Zjnatv", "asha mwangi"),
            ("ignawM ahsA", "asha mwangi"),
        ] {
            assert!(hidden_readings(text).iter().any(|reading| reading == said), "{text}");
        }
    }
}
