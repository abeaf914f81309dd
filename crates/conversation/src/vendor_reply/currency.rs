//! How people write currencies. A word that several countries use needs the hint to settle it.

use marketplace::Currency;

/// What a word or symbol says about the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// This one.
    Exactly(Currency),
    /// It names a currency, but which one is open.
    Open,
}

/// Codes and words of one currency alone.
const EXACT: &[(&str, &[&str])] = &[
    ("KES", &["kes", "ksh", "kshs"]),
    ("UGX", &["ugx", "ush", "ushs"]),
    ("TZS", &["tzs", "tsh", "tshs"]),
    ("RWF", &["rwf", "frw"]),
    ("ETB", &["etb", "birr"]),
    ("NGN", &["ngn", "naira", "₦"]),
    ("GHS", &["ghs", "cedis", "cedi", "₵"]),
    ("ZAR", &["zar", "rand", "rands"]),
    ("ZMW", &["zmw", "kwacha"]),
    ("MZN", &["mzn", "meticais", "metical"]),
    ("AOA", &["aoa", "kwanza", "kwanzas"]),
    ("USD", &["usd", "us$"]),
    ("EUR", &["eur", "euro", "euros", "euritos", "€", "يورو"]),
    ("GBP", &["gbp", "£", "quid"]),
    ("INR", &["inr", "₹"]),
    ("BRL", &["brl", "r$", "reais"]),
    ("MXN", &["mxn"]),
    ("ARS", &["ars"]),
    ("CLP", &["clp"]),
    ("PEN", &["soles"]),
    ("AED", &["aed"]),
    ("SAR", &["sar"]),
    ("QAR", &["qar"]),
    ("EGP", &["egp"]),
    ("XOF", &["xof"]),
    ("XAF", &["xaf"]),
    ("PKR", &["pkr"]),
    ("CNY", &["cny", "rmb", "yuan"]),
    ("JPY", &["jpy", "yen"]),
    ("TRY", &["₺"]),
];

/// Words of several currencies: the hint says which, if it is one of these; the first, if one is named so
/// by far the most, stands without a hint.
const SHARED: &[(&[&str], Option<&str>, &[&str])] = &[
    (
        &["$"],
        Some("USD"),
        &["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "NAD", "ZWL", "MXN", "COP", "ARS", "CLP"],
    ),
    (
        &["dollar", "dollars", "dolares", "دولار"],
        Some("USD"),
        &["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "NAD", "ZWL"],
    ),
    (
        &["sh", "shs", "shilling", "shillings", "shiling", "shilings", "shilingi", "bob", "/=", "شلن"],
        None,
        &["KES", "UGX", "TZS", "SOS"],
    ),
    (&["/-"], None, &["KES", "UGX", "TZS", "SOS", "INR"]),
    (&["rs", "rupees", "rupee"], None, &["INR", "PKR", "LKR", "NPR", "MUR"]),
    (&["r"], None, &["ZAR"]),
    (&["peso", "pesos", "pesitos"], None, &["MXN", "ARS", "CLP", "COP", "UYU", "DOP", "PHP"]),
    (&["cfa", "fcfa", "francs", "franc", "f"], None, &["XOF", "XAF", "RWF", "BIF", "GNF", "DJF", "CDF"]),
    (&["dh", "dhs", "dirham", "dirhams", "درهم", "دراهم"], None, &["AED", "MAD"]),
    (&["ريال", "ريالات"], None, &["SAR", "QAR", "YER", "OMR"]),
    (&["جنيه", "جنيهات"], None, &["EGP", "SDG"]),
    (&["دينار", "دنانير"], None, &["KWD", "BHD", "JOD", "IQD", "LYD", "DZD", "TND"]),
    (&["pounds", "pound"], None, &["GBP", "EGP", "SDG", "SSP"]),
    (&["¥"], None, &["CNY", "JPY"]),
];

/// Words that name a currency only where it is the expected one: elsewhere they are something else.
const HINTED: &[(&str, &[&str])] = &[
    ("NGN", &["#", "n", "nair"]),
    ("GHS", &["ghc", "gh"]),
    ("DZD", &["da", "دج"]),
    ("TND", &["dt", "دت"]),
    ("MAD", &["دم"]),
    ("AOA", &["kz", "kzs"]),
    ("MZN", &["mt", "mts"]),
    ("EGP", &["ج", "جم", "le", "gneh", "geneh"]),
    ("SAR", &["رس", "sr", "riyal", "riyals"]),
    ("QAR", &["رق", "qr", "riyal", "riyals"]),
    ("AED", &["دا"]),
    ("KWD", &["دك", "kd"]),
    ("PEN", &["s", "sol"]),
    ("MXN", &["varos"]),
    ("BRL", &["conto", "contos", "pila", "pilas", "pau", "paus", "real"]),
    ("EUR", &["balles", "paves", "pavos"]),
    ("ETB", &["br"]),
    ("BOB", &["bs"]),
    ("GTQ", &["q"]),
    ("INR", &["rupaye", "rupay"]),
    ("USD", &["bucks", "buck", "dolar"]),
    ("ZAR", &["bucks"]),
    ("XOF", &["fr", "frs"]),
    ("XAF", &["fr", "frs"]),
];

/// Reads one word or symbol.
pub(super) fn named(text: &str, hint: Option<Currency>) -> Option<Named> {
    if let Some((code, _)) = EXACT.iter().find(|(_, words)| words.contains(&text)) {
        return code.parse().ok().map(Named::Exactly);
    }
    if let Some((_, usual, currencies)) = SHARED.iter().find(|(words, ..)| words.contains(&text)) {
        let hinted = hint.filter(|hint| currencies.contains(&hint.as_str()));
        let usual = usual.and_then(|code| code.parse().ok());
        return Some(hinted.or(usual).map_or(Named::Open, Named::Exactly));
    }
    let expected = hint
        .filter(|hint| HINTED.iter().any(|(code, words)| *code == hint.as_str() && words.contains(&text)));
    if expected.is_some() {
        return expected.map(Named::Exactly);
    }
    // Any other code is read when it is the expected one: `try`, `all` and `mad` are English words too.
    hint.filter(|hint| hint.as_str().eq_ignore_ascii_case(text)).map(Named::Exactly)
}
