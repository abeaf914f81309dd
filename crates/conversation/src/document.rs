//! What was read from a client's picture: whether it is a prescription, and which of its lines say what is needed.

use crate::{
    need,
    text::{fold, has_any, words},
};

/// Lines that a client is asked to confirm, at most.
pub const LINES_MAX: usize = 5;
/// The longest of them, in code points; what a line of a list in the catalogue holds.
const LINE_MAX: usize = 90;

/// Strengths of drugs. Millilitres and grams stand on groceries, too.
const STRENGTHS: [&str; 6] = ["mg", "mcg", "ug", "iu", "ui", "µg"];

/// Forms of drugs that nothing else comes in, folded.
#[rustfmt::skip]
const FORMS: &[&str] = &[
    "capsule", "capsules", "suppository", "suppositories", "capsula", "capsulas", "comprimido", "comprimidos", "supositorio", "supositorios", "gelule", "gelules", "comprime", "comprimes", "suppositoire", "suppositoires",
    "vidonge", "kidonge", "اقراص", "قرص", "كبسوله", "كبسولات", "تحاميل",
];

/// How a drug is to be taken, folded. A line that says so is cut before it: it is nobody's business to pass on.
#[rustfmt::skip]
const DIRECTIONS: &[&str] = &[
    "sig", "take", "tds", "qid", "prn", "nocte", "once daily", "twice daily", "thrice daily", "times daily", "times a day", "times per day", "once a day", "twice a day", "a day", "per day", "every day", "daily", "hourly", "before meals", "after meals", "after food", "before food", "at night", "in the morning",
    "tome", "tomar", "al dia", "por dia", "cada dia", "antes de comer", "despues de comer", "por la noche", "ao dia", "de manha", "a noite", "apos as refeicoes", "antes das refeicoes", "de 8 em 8 horas", "de 12 em 12 horas", "prendre", "par jour", "fois par", "avant les repas", "apres les repas", "le matin", "le soir", "au coucher",
    "meza", "kwa siku", "kila siku", "mara mbili", "mara tatu", "baada ya kula", "kabla ya kula", "asubuhi na jioni", "مرات", "مرتين", "يوميا", "في اليوم", "كل يوم", "بعد الاكل", "قبل الاكل", "قبل النوم",
];

/// What stands on receipts beside the goods, folded.
#[rustfmt::skip]
const BOILERPLATE: &[&str] = &[
    "total", "subtotal", "sub total", "amount", "vat", "tax", "cash", "change", "card", "visa", "mastercard", "mpesa", "m pesa", "balance", "paid", "tel", "telephone", "phone", "mobile", "fax", "email", "pin", "receipt", "invoice", "date", "time", "till", "cashier", "served", "thank", "thanks", "welcome", "branch", "customer",
    "jumla", "kodi", "taslimu", "chenji", "simu", "risiti", "tarehe", "saa", "asante", "karibu", "importe", "iva", "efectivo", "cambio", "telefono", "recibo", "factura", "fecha", "hora", "gracias", "troco", "dinheiro", "telefone", "fatura", "data", "obrigado", "obrigada", "montant", "tva", "especes", "monnaie", "rendu", "recu", "facture", "merci", "caisse",
    "المجموع", "الاجمالي", "ضريبه", "نقدا", "الباقي", "هاتف", "فاتوره", "ايصال", "التاريخ", "شكرا",
];

/// Whether what was read is a medical prescription or names medicine. When in doubt it is: that only makes us more
/// careful.
pub fn is_prescription(text: &str) -> bool {
    let words = words(text);
    let tablets = has_any(&words, &["tablet", "tablets", "tabs"])
        && need::guess_category(text).is_some_and(|category| category == "pharmacy");
    need::mentions_prescription(text)
        || has_any(&words, FORMS)
        || words.iter().any(|word| is_strength(word))
        || tablets
        || says_how_to_take(&words)
}

/// The lines that say what is needed, at most [`LINES_MAX`]. Of a prescription those that name a medicine, without how it
/// is to be taken; else what is left without totals, dates and thanks, and without prices.
pub fn lines(text: &str, prescription: bool) -> Vec<String> {
    let mut kept: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter_map(|line| if prescription { medicine(line) } else { Some(line.to_owned()) })
        .filter(|line| says_something(line))
        .collect();
    if !prescription {
        // On a receipt the goods have a price; a list has none.
        let priced = kept.iter().any(|line| line.split_whitespace().any(is_price));
        let is_good = |line: &String| !priced || line.chars().any(|c| c.is_ascii_digit());
        kept.retain(is_good);
        kept = kept.iter().map(|line| without_prices(line)).filter(|line| says_something(line)).collect();
    }
    let mut lines: Vec<String> = Vec::new();
    for line in kept {
        let line = crate::catalogue::shorten(&line, LINE_MAX);
        if lines.len() < LINES_MAX && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// Three letters, and nothing of what stands beside the goods.
fn says_something(line: &str) -> bool {
    line.chars().filter(|c| c.is_alphabetic()).count() >= 3 && !has_any(&words(line), BOILERPLATE)
}

/// The medicine of a line, up to where it says how to take it.
fn medicine(line: &str) -> Option<String> {
    let parts: Vec<&str> = line.split_whitespace().collect();
    let mut told: Vec<&str> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let rest = parts.get(at..).unwrap_or_default().join(" ");
        if begins_direction(&words(&rest)) {
            break;
        }
        // "Rx" and "1)" are no part of a name.
        let is_mark = told.is_empty() && (fold(part) == "rx" || !part.chars().any(char::is_alphabetic));
        if !is_mark {
            told.push(part);
        }
    }
    let told = told.join(" ");
    let told = told.trim_end_matches([',', '-', ':', ';', ' ', '–']);
    let words = words(told);
    let names = words.iter().any(|word| is_strength(word))
        || has_any(&words, FORMS)
        || has_any(&words, &["tablet", "tablets", "tabs", "syrup", "ml", "cream", "ointment", "drops"])
        || need::guess_category(told) == Some("pharmacy");
    (names && !need::mentions_prescription(told)).then(|| told.to_owned())
}

/// "500mg", "mg", "1000iu".
fn is_strength(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
    STRENGTHS.contains(&unit)
}

/// Only what says nothing else: shops open daily and at night, and food is taken away.
fn says_how_to_take(words: &[String]) -> bool {
    #[rustfmt::skip]
    const TELLING: &[&str] = &[
        "tds", "qid", "prn", "nocte", "once daily", "twice daily", "thrice daily", "times daily", "times a day", "times per day", "once a day", "twice a day", "before meals", "after meals", "veces al dia", "vez al dia", "vezes ao dia", "vez ao dia", "fois par jour", "avant les repas", "apres les repas", "mara mbili kwa siku",
        "mara tatu kwa siku", "baada ya kula", "kabla ya kula", "مرات يوميا", "مرات في اليوم", "مرتين يوميا", "بعد الاكل", "قبل الاكل",
    ];
    has_any(words, TELLING)
}

/// Whether the words begin with how a drug is to be taken: a direction, or a count and one ("1 tab twice daily", "3x").
fn begins_direction(words: &[String]) -> bool {
    const COUNTED: [&str; 11] =
        ["tab", "cap", "gelule", "comprim", "kidonge", "vidonge", "x", "times", "fois", "veces", "vezes"];
    const EVERY: [&str; 4] = ["every", "cada", "toutes les", "kila"];
    let starts = |words: &[String], phrase: &str| {
        let wanted: Vec<&str> = phrase.split(' ').collect();
        words.len() >= wanted.len() && words.iter().zip(&wanted).all(|(word, wanted)| word == wanted)
    };
    if DIRECTIONS.iter().chain(&EVERY).any(|phrase| starts(words, phrase)) {
        return true;
    }
    // "1 tab …" and "1x3" count what is taken at a time; "21 tablets" count the box.
    match words {
        [first, second, ..] => {
            let small = first.parse::<u32>().is_ok_and(|count| (1..=4).contains(&count));
            small && COUNTED.iter().any(|unit| second.starts_with(unit))
        }
        _ => false,
    }
}

/// "3,500.00", "450/=".
fn is_price(word: &str) -> bool {
    let bare = word.trim_end_matches("/=").trim_end_matches("/-");
    let marked = bare.len() < word.len();
    let digits = bare.chars().filter(char::is_ascii_digit).count();
    let plain = bare.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'));
    let cents = bare.rsplit_once('.').is_some_and(|(_, cents)| cents.len() == 2);
    digits > 0 && plain && (marked || cents)
}

fn without_prices(line: &str) -> String {
    line.split_whitespace().filter(|word| !is_price(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prescriptions_are_told_by_what_stands_on_them() {
        for text in [
            "Rx\nAmoxicillin",
            "Amoxicillin 500mg x 21",
            "Paracetamol 500 mg",
            "1 tab three times a day",
            "Ordonnance\nDr Diallo",
            "2 comprimidos",
            "gélules, 3 fois par jour",
            "vidonge vya malaria",
            "mara tatu kwa siku",
            "٥٠٠ مجم ثلاث مرات يوميا",
            "Metformin tablets",
        ] {
            assert!(is_prescription(text), "{text}");
        }
        for text in [
            "Milk 500ml 60.00",
            "JUMBO SPARES\nBrake pads Corolla 2014",
            "Samsung Galaxy tablet 10 inch",
            "We open daily, take away",
            "description",
            "Open at night",
            "",
        ] {
            assert!(!is_prescription(text), "{text}");
        }
    }

    #[test]
    fn a_receipt_is_its_goods() {
        let receipt = "JUMBO AUTO SPARES\nKirinyaga Road, Nairobi\nTel 0712 345 678\nBrake pads Corolla 2014 3,500.00\n\
            Oil filter x2 900.00\nTOTAL 4,400.00\nAsante, karibu tena";
        assert_eq!(lines(receipt, false), ["Brake pads Corolla 2014", "Oil filter x2"]);
        assert_eq!(lines("brake pads\noil filter\nspark plugs", false).len(), 3, "a list has no prices");
        assert_eq!(lines("~~ .. 12 34", false), Vec::<String>::new());
        let many: Vec<String> = (0..20).map(|n| format!("bolt number {n}")).collect();
        assert_eq!(lines(&many.join("\n"), false).len(), LINES_MAX);
        assert_eq!(lines("bolts\nbolts", false), ["bolts"]);
        assert!(lines(&"long ".repeat(100), false)[0].chars().count() <= LINE_MAX);
    }

    #[test]
    fn a_prescription_is_its_medicine_and_not_how_to_take_it() {
        let read = "Dr. A. Otieno, MBChB\nPatient: Amina Wanjiru, 34 yrs\nRx\n1) Amoxicillin 500mg caps - 1 tab three times a day\n\
            Paracetamol 500 mg x20, take after meals\nReview in 2 weeks";
        assert_eq!(lines(read, true), ["Amoxicillin 500mg caps", "Paracetamol 500 mg x20"]);
        for (line, medicine) in [
            ("Amoxicilina 500mg cada 8 horas", vec!["Amoxicilina 500mg"]),
            ("Amoxicilline 500 mg, 3 gélules, 3 fois par jour", vec!["Amoxicilline 500 mg"]),
            ("Diabetes mellitus", vec![]),
            ("Amina Wanjiru", vec![]),
            ("Take two tablets", vec![]),
        ] {
            assert_eq!(lines(line, true), medicine, "{line}");
        }
    }
}
