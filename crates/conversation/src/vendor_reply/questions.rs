//! The clauses that ask: their words say nothing about stock or price.

use super::lexer::{Kind, Token};

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Questions {
    /// A clause asks something; its words say nothing about stock or price.
    pub(super) any: bool,
    /// Offers help: the "yes" before it is a greeting.
    pub(super) help: bool,
    /// A statement ends in "ok?".
    pub(super) tag: bool,
}

/// Words that make a clause a question at its beginning, with or without a question mark.
#[rustfmt::skip]
const ASKING_FIRST: &[&str] = &[
    "which", "what", "whats", "how", "where", "when", "who", "why", "whose", "is", "are", "do", "does",
    "did", "can", "could", "would", "will", "shall", "should", "may", "you", "u", "cual", "cuales",
    "cuantos", "cuantas", "cuanto", "donde", "quien", "que", "qual", "quais", "quantos", "quantas", "onde",
    "quem", "quel", "quelle", "quels", "quelles", "combien", "je", "unataka", "ungependa", "unahitaji",
    "utahitaji", "quieres", "quiere", "necesitas", "necesita", "busca", "buscas", "quer", "queres",
    "precisa", "precisas", "procura", "voce", "vous", "tu", "هل", "كم", "كام", "اي", "ايش", "وش", "شو",
    "شنو", "ماذا", "وين", "فين", "اين", "عايز", "عاوز", "تبي", "تبغي", "تريد", "بدك", "بغيتي", "شحال",
    "aap", "kitna", "kitne", "kaunsa", "konsa", "kya", "bedha", "uko", "upo", "umetoka",
];

/// Of these only when the clause's second word is one of [`ASKED`]: "do you have", "is it", not "will bring".
#[rustfmt::skip]
const NEEDS_SUBJECT: &[&str] = &[
    "is", "are", "do", "does", "did", "can", "could", "would", "will", "shall", "should", "may", "you", "u",
    "je", "اي", "how", "when", "que", "voce", "vous", "tu", "who", "where", "why",
];

/// What is asked about.
#[rustfmt::skip]
const ASKED: &[&str] = &[
    "you", "u", "i", "we", "it", "they", "he", "she", "this", "that", "the", "your", "client", "customer",
    "many", "much", "unataka", "ni", "una", "unahitaji", "do", "are", "is", "about", "old", "big", "want",
    "wan", "need", "looking", "mean", "asking", "ano", "anio", "modelo", "marca", "talla", "tamano",
    "medida", "color", "carro", "auto", "coche", "moto", "motor", "tipo", "cantidad", "numero", "cor",
    "tamanho", "medida", "quantidade", "quer", "precisa", "voulez", "cherchez", "veux", "cherches",
    "modele", "did", "can", "موديل", "نوع", "سنه", "مقاس", "لون",
];

/// Words that make a clause a question wherever they stand.
#[rustfmt::skip]
const ASKING_ANYWHERE: &[&str] = &[
    "gani", "ngapi", "wapi", "quelle", "quel", "quels", "quelles", "cual", "cuales", "qual", "quais",
    "combien", "كام", "ايش", "شنو", "كم", "kaunsa", "konsa", "kitna", "kitne",
];

/// Words that make a clause a question behind its first word: "for which car", "de que ano", "موديل ايه".
#[rustfmt::skip]
const ASKING_SECOND: &[&str] = &[
    "which", "what", "whose", "que", "ايه", "اي", "اش", "شو",
];

/// Before these second words they say something: "claro que si", "ya que".
#[rustfmt::skip]
const SAYING_FIRST: &[&str] = &[
    "claro", "ya", "fijese", "seguro", "es", "creo", "espero", "acho", "mas", "lo", "la", "that", "the",
    "thats", "know", "نعم", "ده", "هو", "por", "tem", "hay", "tengo", "solo", "más", "ni", "si", "tiene",
    "digo", "parece", "one", "ones", "and", "see", "all", "exactly", "supuesto", "obvio", "pues", "otro",
];

/// "3500, ok?" is an offer.
#[rustfmt::skip]
const TAGS: &[&str] = &[
    "ok", "okay", "sawa", "fine", "right", "deal", "vale", "good", "eh",
];

const HELP: &[&str] =
    &["help", "assist", "ayudar", "servir", "ayudarle", "ajudar", "aider", "nikusaidie", "اساعدك", "مساعدتك"];

/// Takes the words out of clauses that ask.
pub(super) fn mask(tokens: &mut [Token]) -> Questions {
    let mut questions = Questions::default();
    for clause in tokens.split_inclusive_mut(|token| {
        matches!(token.kind, Kind::Mark('?' | '!' | ';' | '\n' | '.' | ',' | '❓' | '⁉'))
    }) {
        let marked = clause.last().is_some_and(|token| matches!(token.kind, Kind::Mark('?' | '❓' | '⁉')));
        let (asks, tag, help) = {
            let words: Vec<&str> = clause.iter().filter_map(Token::word).collect();
            // "3200 is the last price" does not ask.
            let opens = clause.iter().find(|token| token.mark().is_none());
            let first = opens.and_then(Token::word).unwrap_or_default();
            let asks_first = ASKING_FIRST.contains(&first)
                && (!NEEDS_SUBJECT.contains(&first)
                    || words.get(1).is_some_and(|second| ASKED.contains(second)));
            // "is 3500 okay"
            let amount_asked = matches!(first, "is" | "are")
                && clause
                    .iter()
                    .filter(|token| token.mark().is_none())
                    .nth(1)
                    .is_some_and(|token| token.number().is_some());
            let asks_second = words.get(1).is_some_and(|second| ASKING_SECOND.contains(second))
                && !SAYING_FIRST.contains(&first);
            let asks = asks_first
                || amount_asked
                || asks_second
                || words.iter().any(|word| ASKING_ANYWHERE.contains(word));
            let tag = marked && !asks && words.last().is_some_and(|last| TAGS.contains(last));
            let help = words.iter().any(|word| HELP.contains(word));
            (asks || (marked && !tag), tag, asks && help)
        };
        questions.tag |= tag;
        questions.help |= help;
        if asks {
            questions.any = true;
            for token in clause.iter_mut() {
                token.kind = Kind::Masked;
            }
        }
    }
    questions
}
