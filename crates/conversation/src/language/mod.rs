//! Which of our languages a message is in, and which one somebody asks for.
//!
//! Detection is by words that only one of the six languages has. It rather says nothing than something wrong: short
//! texts, mixed texts and other languages are `None`, and whoever asks keeps the language they had.

mod words;

use std::collections::BTreeSet;

use marketplace::Language;
use strum::IntoEnumIterator as _;

use crate::text::words as words_of;
use words::{ARABIC_OWN, GREETINGS, MARKS, NAMES, NOT_ARABIC, OWN, SHARED, WISH};

/// So many words of a message are read; what follows them would not change the answer.
const WORDS_READ: usize = 200;
/// A message of fewer words is too short to tell, unless it is a greeting.
const WORDS_MIN: usize = 3;
/// A wish for a language is no longer than this, in words.
const WISH_WORDS_MAX: usize = 10;

/// What speaks for a language in a message, in different words.
#[derive(Debug, Clone, Copy, Default)]
struct Evidence {
    /// Words of this language alone.
    own: usize,
    /// Words that it shares with one or two others of the six.
    shared: usize,
}

impl Evidence {
    /// Two own words, or one among enough shared ones; and a fifth of all words at least.
    const fn is_enough(self, words: usize) -> bool {
        let wanted = if self.own == 1 { 5 } else { 4 };
        self.own >= 1 && self.own * 2 + self.shared >= wanted && (self.own + self.shared) * 5 >= words
    }
}

/// The language of a message, if its words leave no doubt. Swahili with an English word in it is Swahili; half and
/// half is `None`. Telling Spanish from Portuguese takes words that only one of them has.
pub fn detect(text: &str) -> Option<Language> {
    let written: Vec<String> = words_of(text).into_iter().take(WORDS_READ).collect();
    let whole = written.join(" ");
    if let Some((language, _)) = GREETINGS.iter().find(|(_, phrases)| phrases.contains(&whole.as_str())) {
        return Some(*language);
    }
    let different: BTreeSet<&str> =
        written.iter().map(String::as_str).filter(|word| word.chars().any(char::is_alphabetic)).collect();
    let (arabic, latin): (BTreeSet<&str>, BTreeSet<&str>) =
        different.iter().partition(|word| word.chars().any(is_arabic_letter));
    if arabic.is_empty() { by_words(&latin, text) } else { by_script(&arabic, &latin, text) }
}

/// Arabic script is also that of Persian, Urdu and others: it takes a word or an article of Arabic. Latin words
/// inside are names of things, unless they are a language of their own.
fn by_script(arabic: &BTreeSet<&str>, latin: &BTreeSet<&str>, text: &str) -> Option<Language> {
    let is_arabic = arabic.iter().any(|word| ARABIC_OWN.contains(word) || has_article(word));
    let is_another = text.contains(NOT_ARABIC);
    let other_words = Language::iter().any(|language| evidence(language, latin, text).own >= 2);
    let enough = arabic.len() >= 2 && arabic.len() * 2 >= latin.len();
    (enough && is_arabic && !is_another && !other_words).then_some(Language::Ar)
}

fn by_words(latin: &BTreeSet<&str>, text: &str) -> Option<Language> {
    if latin.len() < WORDS_MIN {
        return None;
    }
    let found = Language::iter().map(|language| (language, evidence(language, latin, text)));
    let mut found: Vec<(Language, Evidence)> = found.collect();
    found.sort_by_key(|(_, evidence)| std::cmp::Reverse(evidence.own));
    let [(language, best), (_, second), ..] = found.as_slice() else { return None };
    (best.is_enough(latin.len()) && second.own * 3 < best.own).then_some(*language)
}

fn evidence(language: Language, words: &BTreeSet<&str>, text: &str) -> Evidence {
    let own = OWN.iter().filter(|(of, _)| *of == language).flat_map(|(_, list)| *list);
    let shared = SHARED.iter().filter(|(of, _)| of.contains(&language)).flat_map(|(_, list)| *list);
    // Letters and signs of one language count as one word of it.
    let marks = MARKS.iter().filter(|(of, marks)| *of == language && text.contains(*marks)).count();
    Evidence {
        own: own.filter(|word| words.contains(**word)).count() + marks,
        shared: shared.filter(|word| words.contains(**word)).count(),
    }
}

/// `السيارة`, `والسيارة`, `بالسيارة`, `للسيارة`.
fn has_article(word: &str) -> bool {
    word.chars().count() >= 5
        && ["ال", "وال", "بال", "لل", "فال", "كال"].iter().any(|article| word.starts_with(article))
}

fn is_arabic_letter(c: char) -> bool {
    ('\u{600}'..='\u{6ff}').contains(&c) && c.is_alphabetic()
}

/// The language that a whole message asks for, said in any of the six: "english please", "en español por favor",
/// "kiswahili", "بالعربية". A language inside a sentence about something else, two languages or a "no" are none.
pub fn asked_for(text: &str) -> Option<Language> {
    let message = words_of(text);
    if message.len() > WISH_WORDS_MAX {
        return None;
    }
    let named =
        |word: &String| NAMES.iter().find(|(_, names)| names.contains(&word.as_str())).map(|(of, _)| *of);
    let languages: BTreeSet<Language> = message.iter().filter_map(named).collect();
    let others_wish = message.iter().all(|word| named(word).is_some() || WISH.contains(&word.as_str()));
    let mut languages = languages.into_iter();
    match (languages.next(), languages.next()) {
        (Some(language), None) if others_wish => Some(language),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
