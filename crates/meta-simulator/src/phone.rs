//! Phone numbers as Meta reads them in `to`.

/// The digits of a number however written.
pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Who a `to` reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addressee {
    /// Digits without `+`: the `wa_id`.
    pub digits: String,
    /// True when the `+` was missing and the business number's country code was put in front.
    pub prefixed: bool,
}

/// Reads `to`: `+`, digits, blanks, hyphens and brackets. Without a leading `+` the country code of the
/// business number goes in front, even if the text already began with one.
pub(crate) fn read_to(to: &str, business_number: &str) -> Option<Addressee> {
    let to = to.trim();
    if !to.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | ' ' | '.')) {
        return None;
    }
    let prefixed = !to.starts_with('+');
    let mut number = digits(to);
    if prefixed {
        number.insert_str(0, country_code(&digits(business_number)));
    }
    (7..=17).contains(&number.len()).then_some(Addressee { digits: number, prefixed })
}

/// The country calling code a number starts with (ITU-T E.164): one digit for zones 1 and 7, else two or three.
pub(crate) fn country_code(number: &str) -> &str {
    const TWO: [&str; 44] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
        "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
        "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ];
    let length = match number.get(..1) {
        Some("1" | "7") => 1,
        _ if number.get(..2).is_some_and(|two| TWO.contains(&two)) => 2,
        _ => 3,
    };
    number.get(..length).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn country_codes_are_one_to_three_digits() {
        for (number, code) in
            [("15550100001", "1"), ("254700000101", "254"), ("34600000000", "34"), ("7", "7"), ("", "")]
        {
            assert_eq!(country_code(number), code, "{number}");
        }
    }

    #[test]
    fn a_number_without_plus_gets_our_country_in_front() {
        let business = "+91 98 0000 0000";
        for (to, digits, prefixed) in [
            ("+1 (631) 555-1234", "16315551234", false),
            ("1 (631) 555-1234", "9116315551234", true),
            ("254700000101", "91254700000101", true),
        ] {
            assert_eq!(read_to(to, business), Some(Addressee { digits: digits.into(), prefixed }), "{to}");
        }
        for bad in ["", "+", "KE.900", "+254abc", "12"] {
            assert_eq!(read_to(bad, business), None, "{bad}");
        }
    }
}
