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
    ("Yes available, 3500 plus delivery", "KES", '+', "KES 3,500"),
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
    ("elfu 3", "KES", '+', "KES 3,000"),
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
    // As they come: several things in one message.
    ("We have brake pads for corolla 2014 at KES 4500, ready today", "KES", '+', "KES 4,500"),
    ("I can do 4k last price", "KES", '+', "KES 4,000"),
    ("Yes it's available. 5,500/= only", "KES", '+', "KES 5,500"),
    ("Yes I have it in stock for KSh 2,300", "KES", '+', "KES 2,300"),
    ("Good morning, yes available @3200", "KES", '+', "KES 3,200"),
    ("Toyota genuine 7500, available", "KES", '+', "KES 7,500"),
    ("Kindly call 0722 123 456 for price", "KES", '?', ""),
    ("Yes. Mpesa till 543210. Price 1500", "KES", '+', "KES 1,500"),
    ("sorry we are closed", "KES", '?', ""),
    ("We don't have that size but we have 17 inch", "KES", '?', ""),
    ("Front 4500, rear 3800", "KES", '?', ""),
    ("Yes 3500 per set", "KES", '+', "KES 3,500"),
    ("3500 for a set of 4", "KES", '+', "KES 3,500"),
    ("about 3500", "KES", '+', "KES 3,500"),
    ("I only have 1 left, 6000", "KES", '+', "KES 6,000"),
    ("yes, 2 available, 1500 each, total 3000", "KES", '+', ""),
    ("We close at 6pm", "KES", '?', ""),
    ("Yes we do have, which year?", "KES", '+', ""),
    ("Yes but send photo of the old one", "KES", '+', ""),
    ("Not at the moment, try next week", "KES", '0', ""),
    ("unfortunately no", "KES", '0', ""),
    ("Nope, out of stock till Friday", "KES", '0', ""),
    ("No stock currently, expecting on Monday", "KES", '0', ""),
    ("haipo", "KES", '0', ""),
    ("Ipo. 4500", "KES", '+', "KES 4,500"),
    ("bei 3500", "KES", '+', "KES 3,500"),
    ("nipe namba yako", "KES", '?', ""),
    ("kuna original 5000 na copy 2500", "KES", '+', ""),
    ("Yes 1.5k", "KES", '+', "KES 1,500"),
    ("25k", "UGX", '+', "UGX 25,000"),
    ("USD 45.00", "KES", '+', "USD 45"),
    ("4500KES", "-", '+', "KES 4,500"),
    ("the price is 3,500 shillings", "KES", '+', "KES 3,500"),
    ("Tengo 3 piezas a $250 c/u", "MXN", '+', "MXN 250"),
    ("Sí, hay. 1.250,50 €", "-", '+', "EUR 1,250.50"),
    ("Oui j'en ai, 12 500 F CFA", "XOF", '+', "XOF 12,500"),
    ("Désolé je n'en ai plus", "EUR", '0', ""),
    ("Não tenho no momento", "BRL", '0', ""),
    ("متوفر، السعر 250 جنيه", "EGP", '+', "EGP 250"),
    ("لا يوجد حاليا", "EGP", '0', ""),
    ("model 3500 available", "KES", '+', ""),
    ("We are on 3rd floor, room 301", "KES", '?', ""),
    ("Ok", "KES", '?', ""),
    ("thanks", "KES", '?', ""),
    ("yes, 45", "KES", '+', ""),
    ("18 months warranty, 12000", "KES", '+', "KES 12,000"),
    ("We are at Kirinyaga road shop 1200, yes available", "KES", '+', ""),
    ("yes. part 04465-02220 at 5200", "KES", '+', "KES 5,200"),
    ("Yes 100% original", "KES", '+', ""),
    ("no. we only have for 2016", "KES", '?', ""),
    ("can I get it to you by 4pm", "KES", '?', ""),
    ("Yes @ksh.3500", "KES", '+', "KES 3,500"),
    ("yes = 3500", "KES", '+', "KES 3,500"),
    ("KES 3,500 - 4,000 depending on brand", "KES", '?', ""),
    ("3500 fixed", "KES", '+', "KES 3,500"),
    ("Its 3500 my friend", "KES", '+', "KES 3,500"),
    ("price is 3500 but sold out", "KES", '?', ""),
    ("iPhone 12 at 45000", "KES", '+', "KES 45,000"),
    ("Samsung A54 128gb 38k", "KES", '+', "KES 38,000"),
    ("discount 500", "KES", '?', ""),
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

/// Digits that tempt: whatever is read of stock, no price may come out.
#[test]
fn tempting_digits_are_no_price() {
    for text in [
        "Yes for 2014-2018 Corolla",
        "we have the 1500cc one",
        "yes 1800 cc engine",
        "I have the 12V 70Ah",
        "Yes, mileage 85000",
        "part number 90915",
        "open 0800 - 1700",
        "We open at 8",
        "come at 1400hrs",
        "plot 3450 Mombasa road",
        "P.O. Box 4500",
        "box 4500 Nairobi",
        "Toyota 3000",
        "Mazda 626",
        "BMW 320",
        "Galaxy S20",
        "A4 paper 500 sheets",
        "1000 pieces minimum",
        "yes, 750ml",
        "size 42",
        "42",
        "#3500",
        "order 3500",
        "ref: 45000",
        "12-34-56",
        "1.2.3",
        "3,50,0",
        "10,00,0",
        "00 3500",
        "your budget of 3500 is low",
        "do you have 3500",
        "can you pay 3500?",
        "will you take it at 3500?",
        "3500?",
        "not 3500",
        "less than 3500",
        "over 3000",
        "at least 3000",
        "2500-ish",
        "3000 to 4000",
        "3k-4k",
        "3000/4000",
        "3000 ~ 3500",
        "$30 or $40",
        "KES 3000 / USD 25",
        "call 722123456",
        "Tel 020 1234567",
        "(020) 123 4567",
        "+1 (631) 555-1234",
        "ID 29384756",
        "0.0",
        "50% deposit",
        "deposit 1000",
        "delivery 300",
        "transport ni 200",
        "give me 10 minutes",
        "in 45 min",
        "2 hours 30 minutes",
        "since 1998",
        "the year is 2008",
        "iPhone 13",
        "iphone 14 pro 256",
        "100 metres from the stage",
        "24/7",
        "5 stars",
        "1st floor",
        "we are 20 years in business",
        "kes",
        "k",
        "=",
        "4500 or nearest offer 4000",
        "saa 4",
        "saa 10:30",
        "siku 14",
        "namba 4500",
        "miaka 10",
        "3500 5200",
        "5*1000",
        "3500x2",
        "R16 205",
        "10k resistor",
        "60k km",
        "bus 125",
        "route 102",
    ] {
        let read = parse(text, &hints("KES"));
        assert_eq!(read.price, None, "{text}");
    }
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
