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
    "not", "dont", "isnt", "than", "or", "except", "but", "if", "maybe", "which", "what", "how", "why", "when", "where", "who", "much", "does", "can", "could", "about", "cheaper", "more", "other", "another", "none", "neither", "both", "all", "and", "pas", "nao", "ou", "pero", "mas", "mais",
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
    Mentions::read(&message, items).verdict(items)
}

/// What the words of a message point at.
#[derive(Debug, Default)]
struct Mentions {
    /// Indices of vendors named in full.
    named: Vec<usize>,
    /// Words that occur in vendors' names.
    name_words: Vec<String>,
    /// Numbers and ordinals.
    positions: Vec<u8>,
    /// "one" in "the second one": a number only when no other stands beside it.
    pronoun: Option<u8>,
    /// Words that take back or compare.
    undecided: bool,
    /// Words that mean something else.
    other: bool,
}

impl Mentions {
    fn read(message: &[String], items: &[PickItem]) -> Self {
        let mut mentions = Self::default();
        let names: Vec<Vec<String>> = items.iter().map(|item| words(&item.vendor_name)).collect();
        let mut message = message.to_vec();
        mentions.take_full_names(&mut message, &names);
        for word in message.iter().filter(|word| !word.is_empty()) {
            let around = AROUND.contains(&word.as_str());
            if let Some(position) = position(word, items) {
                if around {
                    mentions.pronoun = Some(position);
                } else {
                    mentions.positions.push(position);
                }
            } else if UNDECIDED.contains(&word.as_str()) {
                mentions.undecided = true;
            } else if around {
            } else if word.chars().count() >= 3 && names.iter().any(|name| name.contains(word)) {
                mentions.name_words.push(word.clone());
            } else {
                mentions.other = true;
            }
        }
        let bare = message.len() <= 2 && mentions.named.is_empty() && mentions.name_words.is_empty();
        if mentions.positions.is_empty() && bare {
            mentions.positions.extend(mentions.pronoun);
        }
        mentions
    }

    /// Takes full names out of the message, longest first: "Kamau Spares" also contains the name "Kamau". A
    /// name of digits alone is left to be read as a number.
    fn take_full_names(&mut self, message: &mut [String], names: &[Vec<String>]) {
        let mut order: Vec<(usize, &Vec<String>)> = names.iter().enumerate().collect();
        order.sort_by_key(|(_, name)| std::cmp::Reverse(name.len()));
        let untouched = message.to_vec();
        let mut taken = vec![false; message.len()];
        for (index, name) in order {
            if is_a_number(name) || name.is_empty() {
                continue;
            }
            let phrase = name.join(" ");
            let Some(at) = find_phrase(&untouched, &phrase) else { continue };
            let inside = taken.iter().skip(at).take(name.len()).any(|taken| *taken);
            let twin = self.named.iter().any(|other| names.get(*other) == Some(name));
            if inside && !twin {
                continue;
            }
            self.named.push(index);
            taken.iter_mut().skip(at).take(name.len()).for_each(|taken| *taken = true);
            message.iter_mut().skip(at).take(name.len()).for_each(String::clear);
        }
    }

    fn verdict(&self, items: &[PickItem]) -> Pick {
        if self.other {
            return Pick::None;
        }
        let by_words = |index: &usize| {
            items.get(*index).is_some_and(|item| {
                let name = words(&item.vendor_name);
                self.name_words.iter().all(|word| name.contains(word))
            })
        };
        let mut chosen: Vec<usize> = self.named.clone();
        let names_somebody = !self.named.is_empty() || !self.name_words.is_empty();
        if self.named.is_empty() && !self.name_words.is_empty() {
            chosen = (0..items.len()).filter(by_words).collect();
        }
        for position in &self.positions {
            match items.iter().position(|item| item.position == *position) {
                Some(index) => chosen.push(index),
                None => return Pick::Ambiguous,
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        match chosen.as_slice() {
            [] if names_somebody => Pick::Ambiguous,
            [] => Pick::None,
            [index] if !self.undecided => Pick::Chosen(*index),
            _ => Pick::Ambiguous,
        }
    }
}

/// Whether a name has no word that could tell it from a number.
fn is_a_number(name: &[String]) -> bool {
    name.iter().all(|word| word.parse::<u64>().is_ok())
}

fn position(word: &str, items: &[PickItem]) -> Option<u8> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        // What is too large for a position is no item of the list.
        return Some(word.parse().unwrap_or(u8::MAX));
    }
    if LAST.contains(&word) {
        return items.iter().map(|item| item.position).max();
    }
    ORDINALS.iter().find(|(words, _)| words.contains(&word)).map(|(_, position)| *position)
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
