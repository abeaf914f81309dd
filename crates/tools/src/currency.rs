//! The currency a vendor means when they write a bare number: the one of their phone's country.

use marketplace::{Currency, E164};

/// Calling codes of the countries we expect vendors in, with their currency. A longer code comes first.
const BY_CALLING_CODE: [(&str, &str); 36] = [
    ("+250", "RWF"),
    ("+251", "ETB"),
    ("+254", "KES"),
    ("+255", "TZS"),
    ("+256", "UGX"),
    ("+257", "BIF"),
    ("+258", "MZN"),
    ("+260", "ZMW"),
    ("+233", "GHS"),
    ("+234", "NGN"),
    ("+237", "XAF"),
    ("+221", "XOF"),
    ("+225", "XOF"),
    ("+212", "MAD"),
    ("+216", "TND"),
    ("+351", "EUR"),
    ("+353", "EUR"),
    ("+962", "JOD"),
    ("+966", "SAR"),
    ("+971", "AED"),
    ("+20", "EGP"),
    ("+27", "ZAR"),
    ("+31", "EUR"),
    ("+32", "EUR"),
    ("+33", "EUR"),
    ("+34", "EUR"),
    ("+39", "EUR"),
    ("+44", "GBP"),
    ("+49", "EUR"),
    ("+51", "PEN"),
    ("+52", "MXN"),
    ("+54", "ARS"),
    ("+55", "BRL"),
    ("+57", "COP"),
    ("+91", "INR"),
    ("+1", "USD"),
];

/// The local currency of a number, where we know it. A price without a known currency stays unread.
pub(crate) fn of_phone(phone: &E164) -> Option<Currency> {
    BY_CALLING_CODE
        .iter()
        .find(|(code, _)| phone.as_str().starts_with(code))
        .and_then(|(_, currency)| currency.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_its_currency() {
        for (phone, currency) in
            [("+254700000101", "KES"), ("+16315551234", "USD"), ("+2348012345678", "NGN")]
        {
            assert_eq!(of_phone(&phone.parse().unwrap()).unwrap().as_str(), currency);
        }
        assert_eq!(of_phone(&"+8612345678901".parse().unwrap()), None);
    }

    #[test]
    fn every_row_is_a_currency() {
        assert!(BY_CALLING_CODE.iter().all(|(_, currency)| currency.parse::<Currency>().is_ok()));
    }
}
