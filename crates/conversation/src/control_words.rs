//! Words that steer: STOP, YES, "call me". Only a whole message is one, never a word inside a sentence.

use crate::text::{fold, words};

/// What a whole message asks for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[strum(serialize_all = "snake_case")]
pub enum ControlWord {
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// Agreement.
    Yes,
    /// Refusal.
    No,
    /// Wants to be called.
    CallMe,
    /// Ends the request.
    Cancel,
    /// Wants a person.
    Human,
}

/// Whole messages in English, Spanish, Portuguese, French, Swahili and Arabic, folded.
#[rustfmt::skip]
const TABLE: &[(ControlWord, &[&str])] = &[
    (ControlWord::Stop, &[
        "stop", "stop it", "stop this", "stop messages", "stop messaging", "stop messaging me", "stop sending messages", "stop texting me", "stop writing me", "stopall", "stop all", "unsubscribe", "opt out", "optout", "remove me", "dont message me", "do not message me",
        "dont contact me", "do not contact me", "no more messages", "leave me alone", "alto", "detener", "parar", "basta", "para", "baja", "dar de baja", "no mas mensajes", "no me escriban", "pare", "sair", "descadastrar", "nao quero mais mensagens",
        "arret", "arreter", "arretez", "desabonner", "desinscrire", "desabonnez moi", "plus de messages", "acha", "simama", "wacha", "sitaki ujumbe", "sitaki meseji", "acha kunitumia ujumbe", "توقف", "قف", "اوقف", "ايقاف", "الغاء الاشتراك", "لا تراسلني",
    ]),
    (ControlWord::Start, &[
        "start", "restart", "unstop", "subscribe", "resume", "opt in", "optin", "start messages", "empezar", "iniciar", "comenzar", "reanudar", "alta", "comecar", "retomar", "voltar", "demarrer", "commencer", "reprendre", "anza", "endelea", "ابدا", "بدء", "استئناف", "اشتراك",
    ]),
    (ControlWord::Yes, &[
        "yes", "y", "yeah", "yea", "yep", "yup", "yess", "yes yes", "yes i do", "yes i allow", "yes you can", "yes go ahead", "yes ok", "ok yes", "yes sure", "sure", "of course", "i agree", "agree", "i allow", "allow", "ok", "okay", "go ahead", "fine", "correct",
        "si", "claro", "claro que si", "por supuesto", "de acuerdo", "vale", "acepto", "sim", "claro que sim", "com certeza", "aceito", "pode", "oui", "ouais", "bien sur", "daccord", "jaccepte", "ndio", "ndiyo", "naam", "sawa", "nakubali", "haya",
        "نعم", "ايوه", "ايوا", "اي نعم", "اجل", "موافق", "طيب", "تمام", "اكيد",
    ]),
    (ControlWord::No, &[
        "no", "n", "nope", "nah", "no no", "no way", "not now", "no dont", "i do not allow", "i dont allow", "dont allow", "i refuse", "never", "rather not", "no chat only", "chat only", "no gracias", "para nada", "nao", "nao aceito", "non", "non merci", "je refuse", "hapana",
        "dont call", "dont call me", "do not call", "do not call me", "no calls", "no call", "no llame", "no llames", "no me llame", "no me llames", "no llamar", "sin llamadas", "nao ligue", "nao me ligue", "nao liga", "nao me liga", "sem ligacoes", "ne mappelez pas", "ne mappelle pas",
        "nappelez pas", "pas dappel", "pas dappels", "usipige simu", "usinipigie", "usinipigie simu", "sitaki simu", "لا تتصل", "لا تتصل بي", "لا تتصلوا بي", "بدون مكالمات", "لا مكالمات",
        "la", "sitaki", "siyo", "sikubali", "لا", "كلا", "لا اوافق", "مش موافق", "ارفض",
    ]),
    (ControlWord::CallMe, &[
        "call me", "call", "call me now", "can you call me", "could you call me", "you can call me", "give me a call", "i want a call", "i want you to call me", "ring me", "phone me", "just call me", "call me back", "llamame", "llameme", "me puedes llamar", "puedes llamarme",
        "quiero una llamada", "me liga", "me ligue", "ligue para mim", "liga para mim", "pode me ligar", "me chama no telefone", "appelez moi", "appelle moi", "pouvez vous mappeler", "tu peux mappeler", "nipigie", "nipigie simu", "piga simu", "naomba unipigie", "unipigie",
        "unaweza kunipigia", "اتصل بي", "اتصلوا بي", "كلمني", "ممكن تتصل بي", "اتصل علي",
    ]),
    (ControlWord::Cancel, &[
        "cancel", "cancel it", "cancel this", "cancel my request", "cancel request", "cancel the request", "cancel my order", "cancel order", "never mind", "nevermind", "forget it", "i dont need it anymore", "no longer needed", "not needed anymore", "i found it", "cancelar", "cancela",
        "cancelar pedido", "olvidalo", "ya no lo necesito", "cancelar o pedido", "esquece", "deixa pra la", "nao preciso mais", "annuler", "annulez", "annule", "laisse tomber", "laissez tomber", "ghairi", "futa", "sihitaji tena", "achana nayo", "الغاء", "الغ", "الغي", "الغي الطلب", "الغاء الطلب", "انسي", "لم اعد احتاجه",
    ]),
    (ControlWord::Human, &[
        "human", "agent", "a human", "a person", "real person", "person", "operator", "representative", "support", "customer care", "customer service", "talk to a human", "talk to a person", "talk to human", "talk to someone", "talk to an agent", "speak to a human", "speak to a person",
        "speak to someone", "speak to an agent", "speak with a person", "speak with a human", "can i talk to a person", "can i talk to a human", "can i speak to a person", "can i speak to a human", "i want a human", "i want to talk to a human", "i want to talk to a person", "i want to speak to a person",
        "humano", "agente", "persona", "una persona", "hablar con una persona", "hablar con un humano", "hablar con alguien", "hablar con un agente", "quiero hablar con una persona", "atendente", "pessoa", "uma pessoa", "falar com uma pessoa", "falar com um atendente", "falar com atendente", "falar com alguem", "quero falar com uma pessoa",
        "humain", "un humain", "conseiller", "une personne", "parler a quelquun", "parler a une personne", "parler a un conseiller", "parler a un humain", "je veux parler a quelquun", "mtu", "binadamu", "mhudumu", "ongea na mtu", "nataka kuongea na mtu", "niongee na mtu", "موظف", "انسان", "شخص حقيقي", "اريد التحدث مع شخص", "خدمه العملاء", "اكلم موظف",
    ]),
];

/// Manners around a control word; they change nothing.
const POLITE: &[&str] = &[
    "please",
    "pls",
    "plz",
    "kindly",
    "thanks",
    "thank",
    "you",
    "thx",
    "sorry",
    "hi",
    "hello",
    "hey",
    "now",
    "favor",
    "por",
    "gracias",
    "obrigado",
    "obrigada",
    "merci",
    "svp",
    "sil",
    "vous",
    "plait",
    "te",
    "tafadhali",
    "asante",
    "sana",
    "samahani",
    "naomba",
    "شكرا",
    "من",
    "فضلك",
    "لو",
    "سمحت",
    "sir",
    "madam",
    "boss",
    "desole",
    "perdon",
    "desculpe",
];

/// The longest message that can be one, in words.
const WORDS_MAX: usize = 12;

/// The control word that a message is as a whole, whatever its case, accents, punctuation and politeness.
/// A question ("yes?") is none, except a request to be called, to reach a person, or to stop: stopping is the
/// safe reading.
pub fn recognise(text: &str) -> Option<ControlWord> {
    let message = words(text);
    if message.is_empty() {
        return emoji(text);
    }
    if message.len() > WORDS_MAX {
        return None;
    }
    let found = find(&message).or_else(|| find(without_manners(&message)))?;
    let asks = fold(text).contains('?');
    let may_ask = matches!(found, ControlWord::CallMe | ControlWord::Human | ControlWord::Stop);
    (!asks || may_ask).then_some(found)
}

fn find(message: &[String]) -> Option<ControlWord> {
    let whole = message.join(" ");
    TABLE.iter().find(|(_, phrases)| phrases.contains(&whole.as_str())).map(|(word, _)| *word)
}

/// The words between the manners at both ends.
fn without_manners(message: &[String]) -> &[String] {
    let polite = |word: &String| POLITE.contains(&word.as_str());
    let from = message.iter().position(|word| !polite(word)).unwrap_or(message.len());
    let to = message.iter().rposition(|word| !polite(word)).map_or(from, |last| last + 1);
    message.get(from..to).unwrap_or_default()
}

fn emoji(text: &str) -> Option<ControlWord> {
    match fold(text).trim() {
        "👍" | "👌" | "✅" | "✔" => Some(ControlWord::Yes),
        "👎" | "❌" => Some(ControlWord::No),
        "🛑" => Some(ControlWord::Stop),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_messages_steer() {
        use ControlWord::{CallMe, Cancel, Human, No, Start, Stop, Yes};
        for (text, word) in [
            ("STOP", Stop),
            ("stop.", Stop),
            ("Stop please", Stop),
            ("please stop!!", Stop),
            ("Unsubscribe", Stop),
            ("¡Alto!", Stop),
            ("Arrêtez", Stop),
            ("sair", Stop),
            ("acha", Stop),
            ("توقف", Stop),
            ("🛑", Stop),
            ("stop messaging me, thanks", Stop),
            ("START", Start),
            ("anza", Start),
            ("ابدأ", Start),
            ("Démarrer", Start),
            ("yes", Yes),
            ("YES!", Yes),
            ("Yes please", Yes),
            ("sí", Yes),
            ("sim", Yes),
            ("oui merci", Yes),
            ("ndiyo", Yes),
            ("نعم", Yes),
            ("👍🏾", Yes),
            ("no", No),
            ("No thanks", No),
            ("não", No),
            ("non merci", No),
            ("hapana asante", No),
            ("لا شكرا", No),
            ("👎", No),
            ("Don't call me", No),
            ("no calls please", No),
            ("No me llames, gracias", No),
            ("não me ligue", No),
            ("Ne m'appelez pas", No),
            ("usinipigie", No),
            ("لا تتصل بي", No),
            ("Call me", CallMe),
            ("can you call me?", CallMe),
            ("please call me", CallMe),
            ("Llámame", CallMe),
            ("appelez-moi svp", CallMe),
            ("nipigie", CallMe),
            ("اتصل بي", CallMe),
            ("cancel", Cancel),
            ("Never mind", Cancel),
            ("annuler", Cancel),
            ("ghairi", Cancel),
            ("cancelar por favor", Cancel),
            ("إلغاء", Cancel),
            ("human", Human),
            ("Can I talk to a person?", Human),
            ("hablar con una persona", Human),
            ("atendente", Human),
            ("parler à quelqu'un", Human),
            ("موظف", Human),
        ] {
            assert_eq!(recognise(text), Some(word), "{text}");
        }
    }

    #[test]
    fn a_word_inside_a_sentence_does_not() {
        for text in [
            "stop it please I want brake pads",
            "",
            "?",
            "Yes I need brake pads",
            "no brake pads for 2014?",
            "bus stop near me",
            "start with the price",
            "can you call the vendor",
            "call me Amina",
            "yes?",
            "is it ok?",
            "please",
            "thank you",
            "I want to cancel my old phone contract and get a new phone",
            "humana",
            "hi",
            "who is the agent for Toyota",
            "👋",
            "2",
        ] {
            assert_eq!(recognise(text), None, "{text}");
        }
    }

    #[test]
    fn no_message_means_two_things() {
        let mut seen = std::collections::HashMap::new();
        for (word, phrases) in TABLE {
            for phrase in *phrases {
                assert_eq!(words(phrase).join(" "), *phrase, "written as it is compared");
                assert_eq!(seen.insert(*phrase, *word).filter(|other| other != word), None, "{phrase}");
            }
        }
    }

    proptest! {
        #[test]
        fn case_and_punctuation_do_not_matter(at in 0..TABLE.len(), end in "[.! ]{0,3}") {
            let (word, phrases) = TABLE[at];
            for phrase in phrases {
                prop_assert_eq!(recognise(&format!(" {}{end}", phrase.to_uppercase())), Some(word));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = recognise(&text);
        }
    }
}
