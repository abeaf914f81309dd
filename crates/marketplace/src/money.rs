//! Money in minor units: no floating point ever touches an amount.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Why an amount or a currency was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three capital letters.
    #[error("a currency is three capital letters, for example KES")]
    NotACurrency,
    /// Negative or above 2^53 − 1 minor units.
    #[error("an amount is between 0 and 9007199254740991 minor units")]
    OutOfRange,
}

/// An ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many digits the minor unit has (ISO 4217); 2 for most.
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|byte| byte.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(MoneyError::NotACurrency),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }
}

/// An amount of one currency, in its minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// The largest amount, so that it survives a JSON number in any language.
    pub const MINOR_MAX: i64 = 9_007_199_254_740_991;

    /// An amount in minor units.
    pub fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if (0..=Self::MINOR_MAX).contains(&minor) {
            Ok(Self { minor, currency })
        } else {
            Err(MoneyError::OutOfRange)
        }
    }

    /// Minor units (cents, for most currencies).
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }
}

impl fmt::Display for Money {
    /// `KES 3,500` or `USD 12.50`: the decimals appear only when they are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.currency.exponent();
        let unit = 10_i64.pow(exponent);
        let (whole, rest) = (self.minor / unit, self.minor % unit);
        write!(f, "{} {}", self.currency, grouped(whole))?;
        if rest != 0 {
            let width = usize::try_from(exponent).unwrap_or(2);
            write!(f, ".{rest:0width$}")?;
        }
        Ok(())
    }
}

fn grouped(whole: i64) -> String {
    let digits = whole.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_for_people() {
        for (minor, currency, text) in [
            (350_000, "KES", "KES 3,500"),
            (1_250, "USD", "USD 12.50"),
            (45_000, "UGX", "UGX 45,000"),
            (5, "USD", "USD 0.05"),
            (123_456_789, "KES", "KES 1,234,567.89"),
        ] {
            let money = Money::new(minor, currency.parse().unwrap()).unwrap();
            assert_eq!(money.to_string(), text);
        }
    }

    #[test]
    fn amounts_out_of_range_are_refused() {
        let kes: Currency = "KES".parse().unwrap();
        assert_eq!(Money::new(-1, kes), Err(MoneyError::OutOfRange));
        assert_eq!(Money::new(Money::MINOR_MAX + 1, kes), Err(MoneyError::OutOfRange));
        assert_eq!("kes".parse::<Currency>(), Err(MoneyError::NotACurrency));
    }
}
