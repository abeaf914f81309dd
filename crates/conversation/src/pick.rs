//! The client's choice from a shortlist: a button, a number or a name, and nothing that is only nearly one.

use marketplace::VendorId;

use crate::{
    button::ButtonId,
    control_words::{self, ControlWord},
    text::{find_phrase, fold, words},
};

/// One line of the shortlist as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickItem {
    /// The number in front of the line, from 1.
    pub position: u8,
    /// The vendor.
    pub vendor_id: VendorId,
    /// The name shown.
    pub vendor_name: String,
}

/// Whether a message chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// It chooses the item at this index of the slice.
    Chosen(usize),
    /// It seems to choose, but not exactly one item: ask again.
    Ambiguous,
    /// It is about something else, or a question.
    None,
}

/// Words around a choice that change nothing.
#[rustfmt::skip]
const AROUND: &[&str] = &[
    "i", "ill", "id", "will", "would", "want", "take", "choose", "pick", "like", "prefer", "go", "with", "for", "the", "number", "no", "nr", "num", "option", "offer", "one", "vendor", "shop", "please", "pls", "thanks", "thank", "you", "yes", "ok",
    "okay", "let", "lets", "me", "my", "choice", "is", "its", "it", "from", "give", "select", "this", "that", "sure", "great", "good", "hi", "hello", "to", "buy", "get", "send", "contact",
    "el", "la", "lo", "numero", "opcion", "quiero", "elijo", "prefiero", "por", "favor", "gracias", "si", "con", "o", "a", "opcao", "quero", "escolho", "prefiro", "obrigado", "obrigada", "sim", "fico",
    "le", "je", "prends", "veux", "choisis", "prefere", "loption", "option", "lenumero", "merci", "svp", "oui", "ya", "namba", "nataka", "nachagua", "nachukua", "tafadhali", "asante", "ndio", "ndiyo", "sawa", "wa", "cha", "na",
    "اريد", "رقم", "الخيار", "اختار", "نعم", "شكرا", "من", "فضلك",
];

/// Words that take back or compare: then it is not a choice.
#[rustfmt::skip]
const UNDECIDED: &[&str] = &[
    "not", "dont", "isnt", "than", "or", "except", "but", "if", "maybe", "which", "what", "how", "why", "when", "where", "who", "does", "can", "could", "about", "cheaper", "more", "other", "another", "none", "neither", "both", "all", "and", "pas", "nao", "ou", "pero", "mas", "mais",
    "cual", "cuanto", "qual", "quanto", "quel", "combien", "gani", "ngapi", "ama", "au", "si wa", "لا", "او", "كم", "هل", "اي", "ليس",
];

#[rustfmt::skip]
const ORDINALS: &[(&[&str], u8)] = &[
    (&["first", "1st", "primero", "primera", "primeiro", "primeira", "premier", "premiere", "kwanza", "الاول", "الاولي", "one", "uno", "un", "une", "um", "uma", "moja", "واحد"], 1),
    (&["second", "2nd", "segundo", "segunda", "deuxieme", "pili", "الثاني", "الثانيه", "two", "dos", "dois", "duas", "deux", "mbili", "اثنان", "اثنين"], 2),
    (&["third", "3rd", "tercero", "tercera", "terceiro", "terceira", "troisieme", "tatu", "الثالث", "الثالثه", "three", "tres", "trois", "ثلاثه"], 3),
    (&["fourth", "4th", "cuarto", "cuarta", "quarto", "quarta", "quatrieme", "nne", "الرابع", "four", "cuatro", "quatro", "quatre", "اربعه"], 4),
    (&["fifth", "5th", "quinto", "quinta", "cinquieme", "tano", "الخامس", "five", "cinco", "cinq", "خمسه"], 5),
];
const LAST: &[&str] = &["last", "ultimo", "ultima", "dernier", "derniere", "mwisho", "الاخير"];

/// Reads a text or a button id as a choice among `items`.
pub fn recognise(text_or_button: &str, items: &[PickItem]) -> Pick {
    if let Ok(ButtonId::Pick(vendor)) = text_or_button.parse::<ButtonId>() {
        return items.iter().position(|item| item.vendor_id == vendor).map_or(Pick::None, Pick::Chosen);
    }
    if fold(text_or_button).contains('?') {
        return Pick::None;
    }
    let message = words(text_or_button);
    if items.len() == 1 && control_words::recognise(text_or_button) == Some(ControlWord::Yes) {
        return Pick::Chosen(0);
    }
    let named = by_name(&message, items);
    let numbered = by_number(&message, items);
    match (named, numbered) {
        (Pick::Chosen(name), Pick::Chosen(number)) if name != number => Pick::Ambiguous,
        (Pick::None, other) | (other, _) => other,
    }
}

/// A number, an ordinal or "the last one", and nothing else that means something.
fn by_number(message: &[String], items: &[PickItem]) -> Pick {
    let mut positions: Vec<u8> = Vec::new();
    // "the second one": a word for 1 counts only when no other number stands beside it.
    let mut pronouns: Vec<u8> = Vec::new();
    let mut other = false;
    let mut undecided = false;
    for word in message {
        let word = word.as_str();
        if let Some(position) = position(word, items) {
            let list = if AROUND.contains(&word) { &mut pronouns } else { &mut positions };
            list.push(position);
        } else if UNDECIDED.contains(&word) {
            undecided = true;
        } else if !AROUND.contains(&word) {
            other = true;
        }
    }
    if positions.is_empty() && message.len() <= 2 {
        positions = pronouns;
    }
    positions.dedup();
    match positions.as_slice() {
        [] => Pick::None,
        // "The second is too far" or "2 of them": about something else.
        _ if other => Pick::None,
        [position] if !undecided => {
            items.iter().position(|item| item.position == *position).map_or(Pick::Ambiguous, Pick::Chosen)
        }
        _ => Pick::Ambiguous,
    }
}

fn position(word: &str, items: &[PickItem]) -> Option<u8> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    if LAST.contains(&word) {
        return items.iter().map(|item| item.position).max();
    }
    ORDINALS.iter().find(|(words, _)| words.contains(&word)).map(|(_, position)| *position)
}

/// A vendor's name, whole or by words that only one name has, and nothing else that means something.
fn by_name(message: &[String], items: &[PickItem]) -> Pick {
    let names: Vec<Vec<String>> = items.iter().map(|item| words(&item.vendor_name)).collect();
    let mut whole: Vec<usize> = names
        .iter()
        .enumerate()
        .filter(|(_, name)| !name.is_empty() && find_phrase(message, &name.join(" ")).is_some())
        .map(|(index, _)| index)
        .collect();
    // "Kamau Spares" also contains the name "Kamau": the longest that fits is meant.
    let longest = whole.iter().filter_map(|index| names.get(*index)).map(Vec::len).max().unwrap_or(0);
    whole.retain(|index| names.get(*index).is_some_and(|name| name.len() == longest));
    let telling: Vec<&String> = message.iter().filter(|word| !AROUND.contains(&word.as_str())).collect();
    let candidates: Vec<usize> = if whole.is_empty() {
        let fits = |name: &Vec<String>| telling.iter().all(|word| name.contains(word));
        let long_enough = telling.iter().any(|word| word.chars().count() >= 3);
        names
            .iter()
            .enumerate()
            .filter(|(_, name)| long_enough && fits(name))
            .map(|(index, _)| index)
            .collect()
    } else {
        whole
    };
    let in_names = |word: &String| {
        candidates.iter().filter_map(|index| names.get(*index)).any(|name| name.contains(word))
    };
    let rest: Vec<&&String> = telling
        .iter()
        .filter(|word| !in_names(word) && word.parse::<u8>().is_err() && position(word, items).is_none())
        .collect();
    match candidates.as_slice() {
        [] => Pick::None,
        _ if rest.iter().any(|word| !UNDECIDED.contains(&word.as_str())) => Pick::None,
        [index] if rest.is_empty() => Pick::Chosen(*index),
        _ => Pick::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn items() -> Vec<PickItem> {
        [
            ("v-10", "Kamau Spares"),
            ("v-20", "AutoParts Nairobi"),
            ("v-30", "Njeri Spares"),
            ("v-40", "Shop 24"),
        ]
        .iter()
        .zip(1..)
        .map(|((id, name), position)| PickItem {
            position,
            vendor_id: id.parse().unwrap(),
            vendor_name: (*name).to_owned(),
        })
        .collect()
    }

    #[test]
    fn choices_are_recognised() {
        for (text, index) in [
            ("pick:v-20", 1),
            ("2", 1),
            (" 2. ", 1),
            ("٢", 1),
            ("2️⃣", 1),
            ("number 2", 1),
            ("Number two", 1),
            ("no 3", 2),
            ("option 3 please", 2),
            ("the second one", 1),
            ("2nd", 1),
            ("first", 0),
            ("the first one", 0),
            ("one", 0),
            ("I'll take 1", 0),
            ("I want the third", 2),
            ("the last one", 3),
            ("Yes, 2", 1),
            ("Kamau Spares", 0),
            ("kamau", 0),
            ("I choose Njeri Spares please", 2),
            ("autoparts", 1),
            ("Shop 24", 3),
            ("el segundo", 1),
            ("la primera por favor", 0),
            ("o terceiro", 2),
            ("le deuxième", 1),
            ("je prends le 2", 1),
            ("ya pili", 1),
            ("namba 2", 1),
            ("رقم 2", 1),
            ("الثاني", 1),
            ("2 AutoParts", 1),
        ] {
            assert_eq!(recognise(text, &items()), Pick::Chosen(index), "{text}");
        }
    }

    #[test]
    fn what_is_nearly_a_choice_asks_again() {
        for text in [
            "1 or 2",
            "1 and 3",
            "9",
            "0",
            "spares",
            "1, 2",
            "not 2",
            "Kamau or Njeri",
            "2 Kamau Spares",
            "option 12",
        ] {
            assert_eq!(recognise(text, &items()), Pick::Ambiguous, "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_choice() {
        for text in [
            "",
            "1 or 2?",
            "how much is 2?",
            "2?",
            "Is Kamau Spares far?",
            "how much is 2",
            "the second is too expensive",
            "I need 2 of them",
            "yes",
            "ok thanks",
            "pick:v-99",
            "call me at 5pm",
            "2014 Corolla",
            "hello",
            "Kamau Spares is closed today",
            "+254700000101",
            "deliver to Nairobi tomorrow",
        ] {
            let pick = recognise(text, &items());
            assert!(!matches!(pick, Pick::Chosen(_)), "{text}: {pick:?}");
        }
        for text in ["", "2?", "how much is 2?", "yes", "hello", "pick:v-99", "the second is too expensive"] {
            assert_eq!(recognise(text, &items()), Pick::None, "{text}");
        }
    }

    #[test]
    fn yes_takes_the_only_offer() {
        let one = &items()[..1];
        assert_eq!(recognise("Yes please", one), Pick::Chosen(0));
        assert_eq!(recognise("1", one), Pick::Chosen(0));
        assert_eq!(recognise("yes?", one), Pick::None);
        assert_eq!(recognise("no", one), Pick::None);
        assert_eq!(recognise("yes", &[]), Pick::None);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_question_chooses(text in "\\PC{0,40}") {
            let _ = recognise(&text, &items());
            prop_assert_eq!(recognise(&format!("{text}?"), &items()), Pick::None);
        }
    }
}
