//! The words that say yes, no, perhaps and later.

use std::{cmp::Reverse, sync::LazyLock};

use marketplace::Language;

use super::{
    lexer::{Kind, Token},
    price_words::PRICE_NOUNS,
    signal_words::{APOLOGIES, CONTRASTS, LIMITS, NEGATORS, PHRASES, QUALITIES, REFUSALS, Says, VARIANTS},
    spelling,
};

/// What the words of a reply say about stock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a reply may say several of these at once")]
pub(super) struct Signals {
    /// Says that it is there.
    pub(super) yes: bool,
    /// Agrees, without saying to what.
    pub(super) weak_yes: bool,
    /// Says that it is not there.
    pub(super) no: bool,
    /// Does not know yet, or only if.
    pub(super) hedge: bool,
    /// Not now, but expected.
    pub(super) later: bool,
    /// Speaks of the price.
    pub(super) of_price: bool,
    /// Only some of it, or another kind.
    pub(super) partial: bool,
}

/// A negation up to this many words before a word that says yes turns it round.
const NEGATION_REACH: usize = 3;

/// What was found, and where.
#[derive(Debug, Default)]
struct Found {
    yes: Vec<usize>,
    no: Vec<usize>,
    hedge: Vec<usize>,
    signals: Signals,
}

/// Reads the signals of the unmasked words. Also tells which tokens were part of a phrase.
pub(super) fn read(tokens: &[Token], language: Language) -> (Signals, Vec<bool>) {
    let mut words: Vec<&str> = tokens
        .iter()
        .map(|token| token.word().map(spelling::corrected).or(token.number()).unwrap_or_default())
        .collect();
    drop_numbering(tokens, &mut words);
    let whole = words.clone();
    let alone = words.iter().filter(|word| !word.is_empty()).count() == 1;
    let mut found = Found::default();
    first_word(&mut words, language, alone, &mut found);
    for (says, phrase) in LONGEST_FIRST.iter() {
        while let Some(at) = take(&mut words, phrase) {
            match says {
                Says::Yes if is_negated(&whole, at, language) => found.no.push(at),
                Says::Yes => found.yes.push(at),
                Says::No => found.no.push(at),
                Says::WeakYes => found.signals.weak_yes = true,
                Says::Hedge => found.hedge.push(at),
                Says::Later => found.signals.later = true,
                Says::Nothing => {}
            }
        }
    }
    refusals(&mut words, &mut found);
    let apology = APOLOGIES.iter().filter(|phrase| take(&mut words, phrase).is_some()).count() > 0;
    let plain =
        tokens.iter().zip(&words).map(|(token, word)| token.word().is_some() && word.is_empty()).collect();
    let mut signals = found.weigh(&whole);
    signals.partial = is_partial(&whole);
    signals.of_price = whole.iter().any(|word| PRICE_NOUNS.contains(word));
    emoji(tokens, &mut signals);
    // "Sorry, we only sell phones."
    if apology
        && signals.partial
        && whole.windows(2).any(|pair| matches!(pair, ["only", "sell" | "deal" | "do"]))
    {
        (signals.partial, signals.weak_yes, signals.no) = (false, false, true);
    }
    // "Sorry boss" declines; "sorry we are closed" says something else.
    let names_number = tokens.iter().any(|token| token.number().is_some());
    let few_words_left = !names_number && words.iter().filter(|word| !word.is_empty()).count() <= 2;
    if apology && few_words_left && !signals.yes && !signals.weak_yes && !signals.hedge && !signals.later {
        signals.no = true;
    }
    // "Sold out, will have tomorrow": not there now; the time stands beside it.
    if signals.no && signals.later && !signals.yes {
        signals.later = false;
    }
    (signals, plain)
}

/// "Never out of stock" before "out of stock"; among phrases of one length the groups' order counts.
static LONGEST_FIRST: LazyLock<Vec<(Says, &str)>> = LazyLock::new(|| {
    let mut all: Vec<(Says, &str)> =
        PHRASES.iter().flat_map(|(says, phrases)| phrases.iter().map(|phrase| (*says, *phrase))).collect();
    all.sort_by_key(|(_, phrase)| Reverse(phrase.split(' ').count()));
    all
});

impl Found {
    /// "Yes I know it but we don't have": behind a contrast stands the answer. The other way round ("no, but I
    /// have a copy") something else is offered.
    fn weigh(mut self, words: &[&str]) -> Signals {
        let contrast = words.iter().rposition(|word| CONTRASTS.contains(word));
        let refused = contrast.is_some_and(|contrast| {
            // "Yes, but not today" does not say that there is none.
            let none =
                |at: usize| !matches!(words.get(at..at + 2), Some(["not", "today" | "now" | "at" | "for"]));
            self.yes.iter().all(|at| *at < contrast) && self.no.iter().any(|at| *at > contrast && none(*at))
        });
        // "None at the moment, maybe next week": the hedge is about another day.
        let settled = self.yes.is_empty()
            && self.no.iter().any(|no| self.hedge.iter().all(|hedge| no < hedge && !is_bare(words, *no)));
        self.signals.hedge = !self.hedge.is_empty() && !settled;
        self.signals.yes = !self.yes.is_empty() && !refused;
        self.signals.weak_yes &= !refused;
        self.signals.no = !self.no.is_empty();
        self.signals
    }
}

/// "No, let me check": the bare no does not settle it.
fn is_bare(words: &[&str], at: usize) -> bool {
    words.get(at).is_some_and(|word| REFUSALS.contains(word))
        && words.get(at + 1).is_none_or(|word| word.is_empty())
}

/// Takes a phrase out of the words: where it began.
fn take(words: &mut [&str], phrase: &str) -> Option<usize> {
    // Most phrases end here, without an allocation.
    phrase.split(' ').next().filter(|first| words.contains(first))?;
    let at = crate::text::find_phrase(words, phrase)?;
    words.iter_mut().skip(at).take(phrase.split(' ').count()).for_each(|word| *word = "");
    Some(at)
}

/// The bare no. Beside a clear yes it belongs to the word behind it: "yes, no receipt".
fn refusals(words: &mut [&str], found: &mut Found) {
    for phrase in REFUSALS {
        while let Some(at) = take(words, phrase) {
            let belongs = !found.yes.is_empty()
                && words.get(at + 1).is_some_and(|next| !next.is_empty() && !CONTRASTS.contains(next));
            if !belongs {
                found.no.push(at);
            }
        }
    }
}

const HAVING: &[&str] = &[
    "have",
    "got",
    "stock",
    "sell",
    "tengo",
    "tenemos",
    "hay",
    "quedan",
    "tenho",
    "temos",
    "tem",
    "jai",
    "reste",
    "nina",
    "tuna",
    "عندي",
    "عندنا",
    "باقي",
];

/// "Only the rear ones", "we only have black": a part of what was asked, or another kind.
fn is_partial(words: &[&str]) -> bool {
    let copy = words.windows(2).any(|pair| {
        matches!(pair, ["not", "original" | "genuine" | "oem"] | ["not" | "no", "the" | "es", "original"])
    });
    copy || is_limited(words)
}

fn is_limited(words: &[&str]) -> bool {
    words.iter().enumerate().filter(|(_, word)| LIMITS.contains(word)).any(|(at, limit)| {
        let behind: Vec<&str> =
            words.iter().skip(at + 1).take(3).copied().take_while(|word| !word.is_empty()).collect();
        let having = behind.first().is_some_and(|word| HAVING.contains(word));
        let open = |word: &&str| !QUALITIES.contains(word) && !word.chars().any(|c| c.is_ascii_digit());
        let rest: Vec<&str> = behind
            .iter()
            .skip(usize::from(having))
            .filter(|word| {
                !matches!(
                    **word,
                    "a" | "the" | "in" | "la" | "el" | "las" | "los" | "o" | "as" | "os" | "le" | "les"
                )
            })
            .copied()
            .collect();
        let only = !matches!(*limit, "just" | "que" | "tu");
        let variant = rest.iter().take(2).any(|word| VARIANTS.contains(word));
        let before =
            at.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|word| VARIANTS.contains(word));
        let counted = rest.iter().any(|word| word.chars().any(|c| c.is_ascii_digit()));
        !counted && (variant || before || (only && having && !rest.is_empty() && rest.iter().all(open)))
    })
}

/// Words that mean yes or no only at the beginning, or alone, or in one language.
fn first_word(words: &mut [&str], language: Language, alone: bool, found: &mut Found) {
    let Some(at) = words.iter().position(|word| !word.is_empty()) else { return };
    let ends_clause = words.get(at + 1).is_none_or(|word| word.is_empty());
    let Some(first) = words.get_mut(at) else { return };
    match *first {
        // Spanish yes; Swahili "not", French "if".
        "si" if !matches!(language, Language::Sw | Language::Fr) || alone => found.yes.push(at),
        // Swahili no; an article elsewhere.
        "la" if alone || language == Language::Sw => found.no.push(at),
        // English yeah; Swahili "of", Spanish "already".
        "ya" if alone || (language == Language::En && ends_clause) => found.signals.weak_yes = true,
        "y" if alone => found.signals.weak_yes = true,
        "n" if alone => found.no.push(at),
        _ => return,
    }
    *first = "";
}

/// The "no" of "part no. 43512" refuses nothing.
fn drop_numbering(tokens: &[Token], words: &mut [&str]) {
    for (at, word) in words.iter_mut().enumerate() {
        let dotted = tokens.get(at + 1).and_then(Token::mark) == Some('.');
        let follows = tokens
            .get(at + if dotted { 2 } else { 1 })
            .is_some_and(|token| token.number().is_some() || token.kind == Kind::OtherDigits);
        if *word == "no" && follows {
            *word = "";
        }
    }
}

fn is_negated(words: &[&str], at: usize, language: Language) -> bool {
    let negates = |word: &str| NEGATORS.contains(&word) && (word != "si" || language == Language::Sw);
    // A mark ends the reach: "not sure, available".
    let clause =
        words.iter().take(at).rev().take_while(|word| !word.is_empty() && !CONTRASTS.contains(*word));
    let mut reach = clause.take(NEGATION_REACH).enumerate();
    // A bare "no" only directly before: "no available", not "no my friend we have".
    reach.any(|(back, word)| negates(word) && (*word != "no" || back == 0))
}

fn emoji(tokens: &[Token], signals: &mut Signals) {
    for mark in tokens.iter().filter_map(Token::mark) {
        match mark {
            '👍' | '👌' | '✅' | '☑' | '✔' | '💯' | '🆗' | '🫡' | '🤝' | '🟢' => {
                signals.weak_yes = true;
            }
            '👎' | '❌' | '✖' | '❎' | '🚫' | '🙅' | '⛔' | '🔴' => signals.no = true,
            _ => {}
        }
    }
}
