//! From digits to money: multipliers, separators, minor units.

use marketplace::{Currency, Money};

/// Currencies whose unit is small, so that people count in millions: there `1.5m` is no length.
const COUNTED_IN_MILLIONS: &[&str] = &[
    "UGX", "TZS", "NGN", "RWF", "BIF", "COP", "CLP", "ARS", "PYG", "XOF", "XAF", "GNF", "CDF", "AOA", "IDR",
];

/// Whether `m` behind a number means a million.
pub(super) fn counts_in_millions(currency: Option<Currency>) -> bool {
    currency.is_some_and(|currency| COUNTED_IN_MILLIONS.contains(&currency.as_str()))
}

/// What a word behind a number multiplies it by.
pub(super) fn multiplier(word: &str, hint: Option<Currency>) -> Option<i64> {
    let lucas = || hint.is_some_and(|hint| matches!(hint.as_str(), "COP" | "CLP" | "ARS"));
    match word {
        // In Peru a luca is one sol.
        "luca" | "lucas" => lucas().then_some(1_000),
        "k" | "thousand" | "grand" | "mil" | "elfu" | "الف" | "الاف" | "mille" | "hazar" => {
            Some(1_000)
        }
        "lakh" | "lakhs" | "lac" | "lacs" | "laki" => Some(100_000),
        "m" | "million" | "milioni" | "millon" | "millones" | "milhao" | "milhoes" | "millions" | "مليون" => {
            Some(1_000_000)
        }
        "crore" | "crores" => Some(10_000_000),
        _ => None,
    }
}

/// The amount in minor units; `None` when the separators leave it open or do not fit the currency.
pub(super) fn amount(digits: &str, times: i64, currency: Currency) -> Option<Money> {
    let (whole, fraction) = split_decimals(digits, currency, times != 1)?;
    let whole: i64 = whole.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()?;
    let exponent = currency.exponent();
    let scale = 10_i64.checked_pow(exponent)?;
    let mut minor = whole.checked_mul(times)?.checked_mul(scale)?;
    if !fraction.is_empty() {
        let part: i64 = fraction.parse().ok()?;
        let divisor = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let scaled = part.checked_mul(times)?.checked_mul(scale)?;
        if scaled % divisor != 0 {
            return None;
        }
        minor = minor.checked_add(scaled / divisor)?;
    }
    if minor == 0 {
        return None;
    }
    Money::new(minor, currency).ok()
}

/// Splits `3.500,00`, `3,500`, `30.50`, `3 500` into the whole part and the decimals.
fn split_decimals(digits: &str, currency: Currency, multiplied: bool) -> Option<(&str, &str)> {
    let last = digits.rfind(['.', ',']);
    let Some(at) = last else { return well_grouped(digits).then_some((digits, "")) };
    let (whole, rest) = digits.split_at_checked(at)?;
    let separator = rest.chars().next()?;
    let tail = rest.get(1..)?;
    let repeats = whole.contains(separator);
    if tail.len() == 3 && (repeats || !multiplied) {
        // In a currency of three decimals `3.500` reads both ways.
        let open = currency.exponent() == 3 && !repeats;
        return (!open && well_grouped(digits)).then_some((digits, ""));
    }
    let decimal = !repeats
        && (tail.len() == 2
            || (tail.len() == 1 && (separator == '.' || multiplied))
            || (multiplied && tail.len() <= 2))
        && well_grouped(whole);
    decimal.then_some((whole, tail))
}

/// One kind of separator, groups of three (or the Indian two before a last three), no leading zero group.
fn well_grouped(digits: &str) -> bool {
    let Some(separator) = digits.chars().find(|c| !c.is_ascii_digit()) else { return !digits.is_empty() };
    let groups: Vec<&str> = digits.split(separator).collect();
    let all_digits =
        groups.iter().all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(([first, middle @ ..], last)) = groups.split_last().map(|(last, rest)| (rest, last)) else {
        return false;
    };
    let thousands = first.len() <= 3 && middle.iter().all(|group| group.len() == 3);
    let lakhs = separator == ',' && first.len() <= 2 && middle.iter().all(|group| group.len() == 2);
    all_digits && last.len() == 3 && !first.starts_with('0') && (thousands || lakhs)
}
