//! Words that steer: STOP, YES, "call me". Only a whole message is one, never a word inside a sentence.

use marketplace::Language;

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

/// Whole messages in English, Spanish, Portuguese, French, Swahili and Arabic, folded. Words of STOP and START stand by the
/// language that has them alone: they are answered in it.
#[rustfmt::skip]
const TABLE: &[(ControlWord, Option<Language>, &[&str])] = &[
    (ControlWord::Stop, None, &[
        "stop", "stopall", "optout", "parar", "para", "pare", "stop promo", "stop promotion", "stop promos",
    ]),
    (ControlWord::Stop, Some(Language::En), &[
        "stop it", "stop this", "stop messages", "stop messaging", "stop messaging me", "stop sending messages", "stop texting me", "stop writing me", "stop all", "stop promotions", "stop offers", "stop marketing", "unsubscribe", "opt out", "remove me", "dont message me", "do not message me",
        "dont contact me", "do not contact me", "dont write to me", "no more messages", "leave me alone",
    ]),
    (ControlWord::Stop, Some(Language::Es), &[
        "alto", "detener", "basta", "baja", "dar de baja", "darme de baja", "no mas mensajes", "no me escriban", "no me escriba mas", "no quiero mas mensajes", "detener promociones", "cancelar suscripcion",
    ]),
    (ControlWord::Stop, Some(Language::Pt), &[
        "sair", "descadastrar", "cancelar inscricao", "nao quero mais mensagens", "chega de mensagens", "nao me mande mais mensagens", "parar promocoes", "interromper promocoes", "parar de receber",
    ]),
    (ControlWord::Stop, Some(Language::Fr), &[
        "arret", "arreter", "arretez", "arretez les messages", "desabonner", "desinscrire", "desabonnez moi", "me desabonner", "plus de messages", "ne mecrivez plus", "stop aux messages", "arreter les promotions", "arreter les promos", "stop aux promotions",
    ]),
    (ControlWord::Stop, Some(Language::Sw), &[
        "acha", "simama", "wacha", "komesha", "jiondoe", "nitoe", "sitaki ujumbe", "sitaki meseji", "sitaki ujumbe tena", "acha kunitumia ujumbe", "usinitumie ujumbe", "acha matangazo", "simamisha matangazo",
    ]),
    (ControlWord::Stop, Some(Language::Ar), &[
        "توقف", "توقفوا", "قف", "اوقف", "ايقاف", "الغاء الاشتراك", "لا تراسلني", "لا تراسلوني", "لا ترسل رسائل", "ايقاف الرسائل", "ايقاف العروض", "ايقاف العروض الترويجيه", "ايقاف الترويج",
    ]),
    (ControlWord::Start, None, &["start", "restart", "unstop", "iniciar", "retomar"]),
    (ControlWord::Start, Some(Language::En), &[
        "subscribe", "resume", "opt in", "optin", "start messages", "start again", "start promotions",
    ]),
    (ControlWord::Start, Some(Language::Es), &["empezar", "comenzar", "reanudar", "alta", "dar de alta", "suscribirme", "volver a empezar"]),
    (ControlWord::Start, Some(Language::Pt), &["comecar", "voltar", "inscrever", "quero receber mensagens"]),
    (ControlWord::Start, Some(Language::Fr), &["demarrer", "commencer", "recommencer", "reprendre", "mabonner", "reabonner"]),
    (ControlWord::Start, Some(Language::Sw), &["anza", "anza tena", "endelea", "jiunge", "nitumie ujumbe"]),
    (ControlWord::Start, Some(Language::Ar), &["ابدا", "بدء", "استئناف", "اشتراك", "ابدا من جديد", "تشغيل"]),
    (ControlWord::Yes, None, &[
        "yes", "y", "yeah", "yea", "yep", "yup", "yess", "yes yes", "yes i do", "yes i allow", "yes you can", "yes go ahead", "yes ok", "ok yes", "yes sure", "sure", "of course", "i agree", "agree", "i allow", "allow", "ok", "okay", "go ahead", "fine", "correct",
        "si", "claro", "claro que si", "por supuesto", "de acuerdo", "vale", "acepto", "sim", "claro que sim", "com certeza", "aceito", "pode", "oui", "ouais", "bien sur", "daccord", "jaccepte", "ndio", "ndiyo", "naam", "sawa", "nakubali", "haya",
        "نعم", "ايوه", "ايوا", "اي نعم", "اجل", "موافق", "طيب", "تمام", "اكيد",
    ]),
    (ControlWord::No, None, &[
        "no", "n", "nope", "nah", "no no", "no way", "not now", "no dont", "i do not allow", "i dont allow", "dont allow", "i refuse", "never", "rather not", "no chat only", "chat only", "no gracias", "para nada", "nao", "nao aceito", "non", "non merci", "je refuse", "hapana",
        "dont call", "dont call me", "do not call", "do not call me", "no calls", "no call", "no llame", "no llames", "no me llame", "no me llames", "no llamar", "sin llamadas", "nao ligue", "nao me ligue", "nao liga", "nao me liga", "sem ligacoes", "ne mappelez pas", "ne mappelle pas",
        "nappelez pas", "pas dappel", "pas dappels", "usipige simu", "usinipigie", "usinipigie simu", "sitaki simu", "لا تتصل", "لا تتصل بي", "لا تتصلوا بي", "بدون مكالمات", "لا مكالمات",
        "la", "sitaki", "siyo", "sikubali", "لا", "كلا", "لا اوافق", "مش موافق", "ارفض",
    ]),
    (ControlWord::CallMe, None, &[
        "call me", "call", "call me now", "can you call me", "could you call me", "you can call me", "give me a call", "i want a call", "i want you to call me", "ring me", "phone me", "just call me", "call me back", "llamame", "llameme", "me puedes llamar", "puedes llamarme",
        "quiero una llamada", "me liga", "me ligue", "ligue para mim", "liga para mim", "pode me ligar", "me chama no telefone", "appelez moi", "appelle moi", "pouvez vous mappeler", "tu peux mappeler", "nipigie", "nipigie simu", "piga simu", "naomba unipigie", "unipigie",
        "unaweza kunipigia", "اتصل بي", "اتصلوا بي", "كلمني", "ممكن تتصل بي", "اتصل علي",
    ]),
    (ControlWord::Cancel, None, &[
        "cancel", "cancel it", "cancel this", "cancel my request", "cancel request", "cancel the request", "cancel my order", "cancel order", "never mind", "nevermind", "forget it", "i dont need it anymore", "no longer needed", "not needed anymore", "i found it", "cancelar", "cancela",
        "cancelar pedido", "olvidalo", "ya no lo necesito", "cancelar o pedido", "esquece", "deixa pra la", "nao preciso mais", "annuler", "annulez", "annule", "laisse tomber", "laissez tomber", "ghairi", "futa", "sihitaji tena", "achana nayo", "الغاء", "الغ", "الغي", "الغي الطلب", "الغاء الطلب", "انسي", "لم اعد احتاجه",
    ]),
    (ControlWord::Human, None, &[
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
    let (found, _) = find_polite(&message)?;
    let asks = fold(text).contains('?');
    let may_ask = matches!(found, ControlWord::CallMe | ControlWord::Human | ControlWord::Stop);
    (!asks || may_ask).then_some(found)
}

/// The one language that has this STOP or START word; `None` for words that several share, like "stop" itself.
pub fn language_of(text: &str) -> Option<Language> {
    find_polite(&words(text)).and_then(|(_, language)| language)
}

fn find_polite(message: &[String]) -> Option<(ControlWord, Option<Language>)> {
    find(message).or_else(|| find(without_manners(message)))
}

fn find(message: &[String]) -> Option<(ControlWord, Option<Language>)> {
    let whole = message.join(" ");
    let row = TABLE.iter().find(|(_, _, phrases)| phrases.contains(&whole.as_str()));
    row.map(|(word, language, _)| (*word, *language))
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
        for (word, _, phrases) in TABLE {
            for phrase in *phrases {
                assert_eq!(words(phrase).join(" "), *phrase, "written as it is compared");
                assert_eq!(seen.insert(*phrase, *word).filter(|other| other != word), None, "{phrase}");
            }
        }
    }

    /// Each word as people write it, with the language that has it alone.
    #[test]
    fn every_language_has_words_to_stop_and_to_start() {
        use ControlWord::{Start, Stop};
        use Language::{Ar, En, Es, Fr, Pt, Sw};
        for (text, word, language) in [
            ("STOP", Stop, None),
            ("Stop promotions", Stop, Some(En)),
            ("Unsubscribe.", Stop, Some(En)),
            ("Don't contact me!", Stop, Some(En)),
            ("¡Basta!", Stop, Some(Es)),
            ("Dar de baja", Stop, Some(Es)),
            ("Detener promociones", Stop, Some(Es)),
            ("PARAR", Stop, None),
            ("SAIR", Stop, Some(Pt)),
            ("Não quero mais mensagens", Stop, Some(Pt)),
            ("Parar promoções", Stop, Some(Pt)),
            ("Arrêtez", Stop, Some(Fr)),
            ("Désabonnez-moi svp", Stop, Some(Fr)),
            ("Arrêter les promotions", Stop, Some(Fr)),
            ("ACHA", Stop, Some(Sw)),
            ("Sitaki ujumbe tafadhali", Stop, Some(Sw)),
            ("Acha matangazo", Stop, Some(Sw)),
            ("توقّف", Stop, Some(Ar)),
            ("إلغاء الاشتراك", Stop, Some(Ar)),
            ("إيقاف العروض الترويجية", Stop, Some(Ar)),
            ("START", Start, None),
            ("resume", Start, Some(En)),
            ("Reanudar", Start, Some(Es)),
            ("Voltar", Start, Some(Pt)),
            ("Começar", Start, Some(Pt)),
            ("Reprendre", Start, Some(Fr)),
            ("Anza tena", Start, Some(Sw)),
            ("ابدأ", Start, Some(Ar)),
            ("استئناف", Start, Some(Ar)),
        ] {
            assert_eq!((recognise(text), language_of(text)), (Some(word), language), "{text}");
        }
        for language in [En, Es, Pt, Fr, Sw, Ar] {
            for word in [Stop, Start] {
                assert!(TABLE.iter().any(|(is, of, _)| *is == word && *of == Some(language)), "{language}");
            }
        }
    }

    proptest! {
        #[test]
        fn case_and_punctuation_do_not_matter(at in 0..TABLE.len(), end in "[.! ]{0,3}") {
            let (word, _, phrases) = TABLE[at];
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
