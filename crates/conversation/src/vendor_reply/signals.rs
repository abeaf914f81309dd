//! The words that say yes, no, perhaps and later.

use marketplace::Language;

use super::lexer::Token;

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
}

#[derive(Clone, Copy)]
enum Says {
    Yes,
    WeakYes,
    No,
    Hedge,
    Later,
    Nothing,
}

/// Phrases in the order in which they are taken out of the text: what contains another comes first.
#[rustfmt::skip]
const PHRASES: &[(Says, &[&str])] = &[
    // A "no" that refuses nothing.
    (Says::WeakYes, &[
        "no problem", "no problems", "no prob", "no worries", "no wahala", "no issue", "no issues",
        "no stress", "dont worry", "not a problem", "hakuna shida", "hamna shida", "hakuna matata",
        "hakuna tatizo", "hakuna noma", "bila shaka", "no hay problema", "ningun problema", "sin problema",
        "sin problemas", "sem problema", "sem problemas", "nao ha problema", "pas de probleme",
        "pas de souci", "pas de soucis", "aucun probleme", "لا مشكله", "ما في مشكله", "مافي مشكله",
        "لا باس",
    ]),
    (Says::Nothing, &[
        "no doubt", "no need", "no delivery", "no discount", "no discounts", "no minimum", "no less",
        "no later", "no extra", "no warranty", "no charge", "no hurry", "no rush", "no momento",
        "no local", "not far", "not expensive", "not bad", "not only", "not negotiable", "non negotiable",
        "no negotiation", "no bargaining", "no refund", "no refunds",
    ]),
    (Says::Yes, &[
        "no estoque", "not sold out", "still have", "still available", "why not",
    ]),
    (Says::Later, &[
        "back in stock", "will have", "shall have", "will get", "can get", "can order", "can source",
        "on order", "on the way", "arriving", "arrives", "coming", "expecting", "restock", "restocking",
        "will be available", "will arrive", "not yet", "bado", "itafika", "zitafika", "nitapata",
        "tutapata", "llega", "llegara", "llegan", "vai chegar", "chega", "va arriver", "arrive demain",
        "nous aurons", "سيصل", "يوصل",
    ]),
    (Says::Hedge, &[
        "let me check", "let me confirm", "i check", "checking", "will check", "ill check", "check and",
        "will confirm", "ill confirm", "confirm first", "maybe", "perhaps", "probably", "possibly",
        "not sure", "depends", "depending", "hold on", "one moment", "wait", "i think", "might", "if you",
        "give me a minute", "labda", "ngoja", "subiri", "nitaangalia", "naangalia", "nicheki",
        "wacha niangalie", "sijui", "quizas", "tal vez", "depende", "dejame ver", "un momento", "creo que",
        "talvez", "vou ver", "deixa ver", "um momento", "acho que", "peut etre", "je verifie",
        "je vais voir", "ca depend", "un instant", "ربما", "يمكن", "لحظه", "ممكن", "اتاكد", "اشوف",
    ]),
    (Says::No, &[
        "out of stock", "out of", "sold out", "no stock", "no more", "no longer", "no have",
        "not in stock", "not available", "not avail", "not there", "not have", "not got", "not selling",
        "not stock", "not sell", "unavailable", "un available", "dont have", "do not have", "dont got",
        "havent got", "have not", "havent", "have none", "have no", "dont sell", "dont stock", "dont keep",
        "do not stock", "do not sell", "do not keep", "dont deal", "we dont", "i dont", "doesnt",
        "isnt available", "isnt there", "arent available", "is over", "is out", "are out", "am out",
        "all out", "ran out", "run out", "stock out", "out stock", "finished", "is done", "sold",
        "discontinued", "not at the moment", "not now", "not today", "not for now", "none left",
        "nothing left", "none", "nothing", "all gone", "is gone", "zero stock", "0 stock", "nil",
        "cannot get", "cant get", "cant find", "cannot find", "cannot", "cant", "unable", "never",
        "hatuna", "sina", "hakuna", "hamna", "haipo", "hazipo", "haiko", "haziko", "hayupo", "imeisha",
        "zimeisha", "imekwisha", "zimekwisha", "imeuzwa", "hatuuzi", "siuzi", "hatunayo", "sinayo",
        "haipatikani", "hazipatikani", "no hay", "no tengo", "no tenemos", "no disponible",
        "no disponibles", "no queda", "no quedan", "no nos queda", "no me queda", "agotado", "agotada",
        "agotados", "agotadas", "sin stock", "sin existencias", "se acabo", "se acabaron", "se termino",
        "ya no", "no lo tengo", "no la tengo", "no los tengo", "no las tengo", "no lo tenemos",
        "no las tenemos", "no los tenemos", "no la tenemos", "no vendo", "no vendemos", "no manejo",
        "no manejamos", "nao tenho", "nao temos", "nao tem", "nao ha", "nao disponivel", "indisponivel",
        "esgotado", "esgotada", "esgotados", "esgotou", "sem estoque", "sem stock", "em falta", "acabou",
        "acabaram", "nao vendemos", "nao vendo", "nao trabalhamos", "pas en stock", "plus en stock",
        "rupture de stock", "en rupture", "rupture", "indisponible", "pas disponible", "plus disponible",
        "pas de stock", "plus de stock", "navons pas", "navons plus", "nai pas", "nai plus", "na pas",
        "na plus", "nen ai pas", "nen ai plus", "nen avons pas", "nen avons plus", "on a pas", "jai pas",
        "y en a plus", "y en a pas", "en a plus", "epuise", "epuisee", "epuises", "ny en a", "غير متوفر",
        "غير متاح", "غير موجود", "مش موجود", "مو موجود", "مش متوفر", "مو متوفر", "ليس متوفر", "ليس متوفرا",
        "ليس لدينا", "ليس عندنا", "ليس عندي", "ما عندي", "ما عندنا", "معنديش", "معندناش", "ماعندي",
        "ماعندنا", "لا يوجد", "مافي", "ما في", "نفذ", "نفد", "نفذت", "نفدت", "نفدت الكميه", "خلص", "خلصت",
        "انتهي", "انتهت", "لا املك",
    ]),
    (Says::Yes, &[
        "yes", "yeah", "yea", "yep", "yup", "yap", "yess", "yees", "affirmative", "definitely",
        "absolutely", "certainly", "of course", "in stock", "available", "avail", "availabe", "have it",
        "have them", "have this", "have that", "we have", "i have", "got it", "got them", "i got",
        "we got", "ready stock", "there is", "there are", "instock", "have", "stocked", "we do", "i do",
        "we stock", "we sell", "ndio", "ndiyo", "ndyo", "naam", "eeh", "eee", "ninayo", "tunayo", "ninazo",
        "tunazo", "tuko nayo", "tuko nazo", "niko nayo", "niko nazo", "iko", "ziko", "ipo", "zipo", "yapo",
        "kuna", "nina", "tuna", "inapatikana", "zinapatikana", "nayo", "nazo", "si tengo", "si tenemos",
        "si hay", "claro", "por supuesto", "tengo", "tenemos", "hay", "disponible", "disponibles",
        "en stock", "lo tengo", "contamos con", "en existencia", "sim", "tenho", "temos", "tem sim", "tem",
        "disponivel", "disponiveis", "em estoque", "em stock", "ha sim", "com certeza", "claro que sim",
        "oui", "ouais", "nous avons", "on a", "jai", "jen ai", "il y en a", "nous en avons", "bien sur",
        "dispo", "dispos", "avons", "نعم", "ايوه", "ايوا", "اي نعم", "اجل", "متوفر", "متوفره", "موجود",
        "موجوده", "متاح", "متاحه", "عندي", "عندنا", "لدينا", "لدي", "يوجد", "اكيد", "طبعا",
    ]),
    (Says::WeakYes, &[
        "sure", "ya", "ok", "okay", "okey", "sawa", "ready", "left", "remaining", "can supply",
        "can deliver", "welcome", "karibu", "vale", "dale", "bueno", "beleza", "daccord", "تمام", "حاضر",
        "اوكي", "come", "correct", "right",
    ]),
    (Says::No, &[
        "no", "nope", "nah", "nop", "non", "nao", "hapana", "لا", "لأ", "negative", "sorry",
        "unfortunately", "desole", "samahani", "pole", "lo siento", "للاسف", "asante no",
    ]),
];

/// A negation up to this many words before a word that says yes turns it round.
const NEGATORS: &[&str] = &[
    "not", "isnt", "arent", "dont", "doesnt", "didnt", "wont", "never", "without", "hardly", "ne", "pas",
    "nao", "sin", "sem", "غير", "مش", "مو", "ليس", "ما", "si",
];
const NEGATION_REACH: usize = 3;

/// Apologies alone are a no; beside a yes they are manners.
const APOLOGIES: &[&str] = &["sorry", "unfortunately", "desole", "samahani", "pole", "lo siento", "للاسف"];

/// Reads the signals of the unmasked words.
pub(super) fn read(tokens: &[Token], language: Language) -> Signals {
    let mut words: Vec<&str> =
        tokens.iter().map(|token| token.word().or(token.number()).unwrap_or_default()).collect();
    drop_numbering(tokens, &mut words);
    let mut signals = Signals::default();
    let mut apology = false;
    let alone = words.iter().filter(|word| !word.is_empty()).count() == 1;
    first_word(&mut words, language, alone, &mut signals);
    for (says, phrases) in PHRASES {
        for phrase in *phrases {
            while let Some(at) = crate::text::find_phrase(&words, phrase) {
                let length = phrase.split(' ').count();
                let negated = matches!(says, Says::Yes) && is_negated(&words, at, language);
                words.iter_mut().skip(at).take(length).for_each(|word| *word = "");
                match says {
                    Says::Yes if negated => signals.no = true,
                    Says::Yes => signals.yes = true,
                    Says::WeakYes => signals.weak_yes = true,
                    Says::No if APOLOGIES.contains(phrase) => apology = true,
                    Says::No => signals.no = true,
                    Says::Hedge => signals.hedge = true,
                    Says::Later => signals.later = true,
                    Says::Nothing => {}
                }
            }
        }
    }
    emoji(tokens, &mut signals);
    // "Sorry boss" declines; "sorry we are closed" says something else.
    let few_words_left = words.iter().filter(|word| !word.is_empty()).count() <= 2;
    if apology && few_words_left && !signals.yes && !signals.weak_yes && !signals.hedge && !signals.later {
        signals.no = true;
    }
    // "Sold out, will have tomorrow": not there now; the time stands beside it.
    if signals.no && signals.later && !signals.yes {
        signals.later = false;
    }
    signals
}

/// Words that mean yes or no only at the beginning, or alone, or in one language.
fn first_word(words: &mut [&str], language: Language, alone: bool, signals: &mut Signals) {
    let Some(first) = words.iter_mut().find(|word| !word.is_empty()) else { return };
    match *first {
        // Spanish yes; Swahili "not", French "if".
        "si" if !matches!(language, Language::Sw | Language::Fr) || alone => signals.yes = true,
        // Swahili no; an article elsewhere.
        "la" if alone || language == Language::Sw => signals.no = true,
        "y" | "k" if alone => signals.weak_yes = true,
        "n" if alone => signals.no = true,
        _ => return,
    }
    *first = "";
}

/// The "no" of "part no. 43512" refuses nothing.
fn drop_numbering(tokens: &[Token], words: &mut [&str]) {
    for (at, word) in words.iter_mut().enumerate() {
        let dotted = tokens.get(at + 1).and_then(Token::mark) == Some('.');
        let follows =
            tokens.get(at + if dotted { 2 } else { 1 }).is_some_and(|token| token.number().is_some());
        if *word == "no" && follows {
            *word = "";
        }
    }
}

fn is_negated(words: &[&str], at: usize, language: Language) -> bool {
    let negates = |word: &str| NEGATORS.contains(&word) && (word != "si" || language == Language::Sw);
    words.iter().take(at).rev().take(NEGATION_REACH).any(|word| negates(word))
}

fn emoji(tokens: &[Token], signals: &mut Signals) {
    for mark in tokens.iter().filter_map(Token::mark) {
        match mark {
            '👍' | '👌' | '✅' | '☑' | '✔' | '💯' | '🆗' | '🫡' => signals.weak_yes = true,
            '👎' | '❌' | '✖' | '❎' | '🚫' | '🙅' => signals.no = true,
            _ => {}
        }
    }
}
