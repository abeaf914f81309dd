//! Labelled replies, and the laws that hold for any text.

use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

/// text, hinted currency (`-` for none), availability (`+` in stock, `0` out of stock, `?` unclear), price.
type Row = (&'static str, &'static str, char, &'static str);

#[rustfmt::skip]
const LABELLED: &[Row] = &[
    // English, as vendors write it.
    ("yes 45k", "KES", '+', "KES 45,000"),
    ("Yes, 3500", "KES", '+', "KES 3,500"),
    ("yes 3500", "-", '+', ""),
    ("yes", "KES", '+', ""),
    ("Yeah we have it", "KES", '+', ""),
    ("available", "KES", '+', ""),
    ("Available at 4,200", "KES", '+', "KES 4,200"),
    ("ksh 3,500", "-", '+', "KES 3,500"),
    ("KES 3500", "-", '+', "KES 3,500"),
    ("Kes3500 only", "-", '+', "KES 3,500"),
    ("3 500", "KES", '+', "KES 3,500"),
    ("3500", "KES", '+', "KES 3,500"),
    ("3500", "-", '?', ""),
    ("3500/=", "KES", '+', "KES 3,500"),
    ("3500/-", "UGX", '+', "UGX 3,500"),
    ("3500 bob", "KES", '+', "KES 3,500"),
    ("4.5k", "KES", '+', "KES 4,500"),
    ("Ksh. 12,500.50 each", "-", '+', "KES 12,500.50"),
    ("I have 2 left at 4500 each", "KES", '+', "KES 4,500"),
    ("we have 3 pairs, 2800 per pair", "KES", '+', "KES 2,800"),
    ("2 pcs in stock", "KES", '+', ""),
    ("in stock, price is 6000", "KES", '+', "KES 6,000"),
    ("Price: 6000", "KES", '+', "KES 6,000"),
    ("Brake pads 3500", "KES", '+', "KES 3,500"),
    ("Brake pads for 2014 Corolla available 4500/=", "KES", '+', "KES 4,500"),
    ("no problem, 3000", "KES", '+', "KES 3,000"),
    ("No worries boss 2500", "KES", '+', "KES 2,500"),
    ("sure 1800 final", "KES", '+', "KES 1,800"),
    ("yes @ 950", "KES", '+', "KES 950"),
    ("It goes for 7800", "KES", '+', "KES 7,800"),
    ("yes 2000", "KES", '+', "KES 2,000"),
    ("Yes available, 3500 plus delivery", "KES", '+', ""),
    ("Yes 3500, delivery 200", "KES", '+', "KES 3,500"),
    ("Yes 3500 and 200 for delivery", "KES", '+', "KES 3,500"),
    ("3500 including delivery", "KES", '+', "KES 3,500"),
    ("UGX 1.2m", "-", '+', "UGX 1,200,000"),
    ("120 dollars", "KES", '+', "USD 120"),
    ("$35", "-", '+', "USD 35"),
    ("35$", "-", '+', "USD 35"),
    ("US$ 35.50", "KES", '+', "USD 35.50"),
    ("R450", "ZAR", '+', "ZAR 450"),
    ("₦15,000", "-", '+', "NGN 15,000"),
    ("Rs 1,50,000", "INR", '+', "INR 150,000"),
    ("£20", "-", '+', "GBP 20"),
    ("We can deliver today, 5400", "KES", '+', "KES 5,400"),
    ("original 4500", "KES", '+', "KES 4,500"),
    ("yes yes 4500 4500", "KES", '+', "KES 4,500"),
    ("3500, ok?", "KES", '+', "KES 3,500"),
    ("👍", "KES", '+', ""),
    ("✅ 3500", "KES", '+', "KES 3,500"),
    ("👍🏾 4k", "KES", '+', "KES 4,000"),
    ("still available", "KES", '+', ""),
    ("We have it, call 0712345678", "KES", '+', ""),
    ("Yes we have. Size 16 inch", "KES", '+', ""),
    // Not there.
    ("out of stock", "KES", '0', ""),
    ("Out of stock.", "-", '0', ""),
    ("sorry no", "KES", '0', ""),
    ("no", "KES", '0', ""),
    ("No sorry", "KES", '0', ""),
    ("nope", "KES", '0', ""),
    ("Sold out", "KES", '0', ""),
    ("we don't have", "KES", '0', ""),
    ("We don’t have that one", "KES", '0', ""),
    ("not available", "KES", '0', ""),
    ("it's not available at the moment", "KES", '0', ""),
    ("Finished yesterday", "KES", '0', ""),
    ("we no longer stock those", "KES", '0', ""),
    ("isn't in stock", "KES", '0', ""),
    ("Sorry we ran out", "KES", '0', ""),
    ("none left", "KES", '0', ""),
    ("not currently in stock", "KES", '0', ""),
    ("❌", "KES", '0', ""),
    ("sold out, tomorrow", "KES", '0', ""),
    // Open or several amounts, bounds, questions: no price.
    ("$30-35", "-", '?', ""),
    ("$30 - $35", "-", '?', ""),
    ("30 to 35k", "KES", '?', ""),
    ("between 3000 and 3500", "KES", '?', ""),
    ("yes, 3000 or 3500", "KES", '+', ""),
    ("from 3000", "KES", '?', ""),
    ("starting at 3000, up to 6000", "KES", '?', ""),
    ("original 4500 copy 2000", "KES", '?', ""),
    ("yes was 4000 now 3500", "KES", '+', ""),
    ("3000+", "KES", '?', ""),
    ("not less than 5000", "KES", '?', ""),
    ("What is your budget, 3500?", "KES", '?', ""),
    ("Is your budget 3500 KES?", "KES", '?', ""),
    ("which model?", "KES", '?', ""),
    ("Do you have a photo", "KES", '?', ""),
    ("how many do you need", "KES", '?', ""),
    ("let me check", "KES", '?', ""),
    ("maybe 3500", "KES", '?', ""),
    ("tomorrow", "KES", '?', ""),
    ("call me", "KES", '?', ""),
    ("no, but I have a copy at 2000", "KES", '?', ""),
    ("hello", "KES", '?', ""),
    ("", "KES", '?', ""),
    ("will have it tomorrow", "KES", '?', ""),
    // Digits that are no price.
    ("0712345678", "KES", '?', ""),
    ("0712 345 678", "KES", '?', ""),
    ("+254 712 345 678", "KES", '?', ""),
    ("254712345678", "KES", '?', ""),
    ("Call me on 0712-345-678", "KES", '?', ""),
    ("2014 Corolla", "KES", '?', ""),
    ("Yes for 2014 model", "KES", '+', ""),
    ("yes, 2014", "KES", '+', ""),
    ("5pm", "KES", '?', ""),
    ("open until 17:30", "KES", '?', ""),
    ("yes in 30 minutes", "KES", '+', ""),
    ("yes, ready in 2-3 days", "KES", '+', ""),
    ("I have Nokia 3310", "KES", '+', ""),
    ("Peugeot 3008 in stock", "KES", '+', ""),
    ("yes, 500mg tablets", "KES", '+', ""),
    ("Have 10", "KES", '+', ""),
    ("yes 5000mAh battery", "KES", '+', ""),
    ("yes 205/55 R16", "KES", '+', ""),
    ("10% discount, available", "KES", '+', ""),
    ("yes, part no. 43512", "KES", '+', ""),
    ("Paybill 247247 yes available", "KES", '+', ""),
    ("yes, 12/05/2026", "KES", '+', ""),
    ("60k km used, yes available", "KES", '+', ""),
    ("available, Thika road 200 metres from shop 45", "KES", '+', ""),
    // Swahili.
    ("tuko nayo 3500/=", "KES", '+', "KES 3,500"),
    ("ndio ipo, bei ni 4000", "KES", '+', "KES 4,000"),
    ("Ninayo 2500 tu", "KES", '+', "KES 2,500"),
    ("elfu 3", "KES", '?', ""),
    ("hatuna", "KES", '0', ""),
    ("hakuna kwa sasa", "KES", '0', ""),
    ("Hapana, imeisha", "KES", '0', ""),
    ("samahani hatuna", "KES", '0', ""),
    ("hakuna shida, 3000", "KES", '+', "KES 3,000"),
    ("kesho", "KES", '?', ""),
    ("unataka ngapi", "KES", '?', ""),
    ("ngoja niangalie", "KES", '?', ""),
    ("nikupigie 0722000111", "KES", '?', ""),
    ("iko, shilingi 1,200", "KES", '+', "KES 1,200"),
    // Spanish.
    ("sí, 350 pesos", "MXN", '+', "MXN 350"),
    ("Sí tengo, cuesta $1,200", "MXN", '+', "MXN 1,200"),
    ("no hay", "MXN", '0', ""),
    ("No tenemos, lo siento", "MXN", '0', ""),
    ("agotado", "MXN", '0', ""),
    ("no hay problema, 800", "MXN", '+', "MXN 800"),
    ("3.500,00 €", "-", '+', "EUR 3,500"),
    ("disponible mañana", "EUR", '+', ""),
    ("¿Para qué año?", "MXN", '?', ""),
    ("entre 300 y 400", "MXN", '?', ""),
    // Portuguese.
    ("Sim, temos. R$ 89,90", "-", '+', "BRL 89.90"),
    ("tenho sim, 150 reais", "-", '+', "BRL 150"),
    ("não temos", "BRL", '0', ""),
    ("Infelizmente esgotado", "BRL", '0', ""),
    ("temos no estoque", "BRL", '+', ""),
    ("sem problema, 120", "BRL", '+', "BRL 120"),
    // French.
    ("oui, 25 000 FCFA", "XOF", '+', "XOF 25,000"),
    ("Oui disponible à 45 €", "-", '+', "EUR 45"),
    ("non désolé", "EUR", '0', ""),
    ("rupture de stock", "EUR", '0', ""),
    ("on n'a pas ça", "EUR", '0', ""),
    ("pas de problème, 15000", "XAF", '+', "XAF 15,000"),
    ("de 30 à 35 €", "-", '?', ""),
    // Arabic.
    ("نعم متوفر 150 درهم", "AED", '+', "AED 150"),
    ("السعر ٣٥٠٠", "EGP", '+', "EGP 3,500"),
    ("غير متوفر", "EGP", '0', ""),
    ("ما عندنا للاسف", "SAR", '0', ""),
    ("موجود بكرة", "SAR", '+', ""),
    ("لا", "SAR", '0', ""),
];

fn hints(currency: &str) -> ReplyHints {
    ReplyHints { default_currency: currency.parse().ok(), language: Language::En }
}

fn availability(label: char) -> Availability {
    match label {
        '+' => Availability::InStock,
        '0' => Availability::OutOfStock,
        _ => Availability::Unclear,
    }
}

#[test]
fn labelled_replies_are_read_right() {
    assert!(LABELLED.len() >= 120);
    let (mut right, mut invented, mut missed, mut table) = (0, Vec::new(), 0, String::new());
    for &(text, currency, label, price) in LABELLED {
        let read = parse(text, &hints(currency));
        let read_price = read.price.map(|money| money.to_string()).unwrap_or_default();
        if !read_price.is_empty() && read_price != price {
            invented.push((text, read_price.clone()));
        }
        if read_price.is_empty() && !price.is_empty() {
            missed += 1;
        }
        if read.availability == availability(label) && read_price == price {
            right += 1;
        } else {
            let _ = writeln!(
                table,
                "  {text:?}: wanted {label} {price:?}, read {} {read_price:?}",
                read.availability
            );
        }
        assert!((0.0..=1.0).contains(&read.confidence), "{text}");
        assert!(read.availability != Availability::Unclear || read.confidence < AMBIGUOUS_BELOW, "{text}");
    }
    let of = LABELLED.len();
    println!(
        "replies {of}, right {right}, prices invented {}, prices missed {missed}\n{table}",
        invented.len()
    );
    assert!(invented.is_empty(), "{invented:?}");
    assert!(right * 100 >= of * 95, "{right} of {of}\n{table}");
}

#[test]
fn times_are_short_and_in_english() {
    for (text, eta) in [
        ("tomorrow", "tomorrow"),
        ("Yes, ready in 2 hours", "in 2 hours"),
        ("30 mins", "in 30 minutes"),
        ("in an hour", "in 1 hour"),
        ("2-3 days", "in 2-3 days"),
        ("siku 3", "in 3 days"),
        ("kesho kutwa", "day after tomorrow"),
        ("5pm", "17:00"),
        ("tomorrow 10:30", "tomorrow 10:30"),
        ("mañana", "tomorrow"),
        ("amanhã", "tomorrow"),
        ("disponible demain", "tomorrow"),
        ("غدا", "tomorrow"),
        ("on Monday", "monday"),
        ("jumatatu", "monday"),
        ("right now", "now"),
        ("sold out, next week", "next week"),
        ("6 months warranty", ""),
        ("2 days ago", ""),
        ("yes 3500", ""),
        ("26:90", ""),
    ] {
        assert_eq!(parse(text, &hints("KES")).eta.unwrap_or_default(), eta, "{text}");
    }
}

#[test]
fn what_is_open_is_below_the_threshold() {
    for text in [
        "$30-35",
        "yes 3000 or 3500",
        "👍",
        "tomorrow",
        "about 3500",
        "yes was 4000 now 3500",
        "hm",
        "3500, ok?",
    ] {
        let read = parse(text, &hints("KES"));
        assert!(read.confidence < AMBIGUOUS_BELOW, "{text}: {}", read.confidence);
    }
    for text in ["yes 45k", "no", "out of stock", "yes", "3500/="] {
        let read = parse(text, &hints("KES"));
        assert!(read.confidence >= AMBIGUOUS_BELOW, "{text}: {}", read.confidence);
    }
    assert!(parse("yes 3500", &ReplyHints::default()).confidence < AMBIGUOUS_BELOW);
}

#[test]
fn the_wire_words_are_the_contracts() {
    assert_eq!(serde_json::to_string(&Availability::OutOfStock).unwrap(), r#""out_of_stock""#);
    assert_eq!(Availability::InStock.to_string(), "in_stock");
    assert_eq!("unclear".parse(), Ok(Availability::Unclear));
    assert_eq!(parse_button(true).availability, Availability::InStock);
    assert_eq!(parse_button(false).availability, Availability::OutOfStock);
}

/// The significant digits of a number: no separators, no zeros in front or behind.
fn significant(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// Whether the price's digits stand together in the text, apart from separators and the zeros of "k".
fn stands_in(text: &str, money: Money) -> bool {
    let digits: String = crate::text::fold(text).chars().filter(char::is_ascii_digit).collect();
    digits.contains(&significant(&money.minor().to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_panics_or_invents(text in "\\PC{0,60}") {
        let read = parse(&text, &hints("KES"));
        prop_assert!(read.price.is_none_or(|money| stands_in(&text, money)));
    }

    #[test]
    fn near_replies_do_not_invent(
        parts in prop::collection::vec(prop::sample::select(vec![
            "yes", "no", "not", "3500", "45", "k", " ", " ", "-", "/=", "$", "kes", ",", ".", "?", "0712345678", "2014",
            "each", "pm", "delivery", "from", "to", "٣٥٠", "\n", "€", "m", "+", "3.500,00", "siku", "or", ":", "30", "👍",
        ]), 0..12),
        currency in prop::sample::select(vec!["KES", "UGX", "KWD", "-"]),
    ) {
        let text = parts.concat();
        let read = parse(&text, &hints(currency));
        prop_assert!(read.price.is_none_or(|money| stands_in(&text, money)), "{text}: {read:?}");
        prop_assert!((0.0..=1.0).contains(&read.confidence));
    }

    #[test]
    fn a_telephone_number_is_never_a_price(digits in "[17][0-9]{8}", before in "(call|yes|kes|ok)? ?", plus in "(0|\\+254|254)") {
        let text = format!("{before}{plus}{digits}");
        prop_assert_eq!(parse(&text, &hints("KES")).price, None);
    }
}
