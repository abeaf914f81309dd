//! What single clients do that others don't: another language, a STOP, no number, two numbers.

use std::time::Duration;

/// What is particular about a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nothing.
    Ordinary,
    /// Writes in another language than English.
    Speaks(&'static Tongue),
    /// Writes this while vendors are being asked, and nothing after it.
    Stops(&'static str),
    /// Hides the number: Meta names this person by the business-scoped id alone.
    HidesNumber,
    /// Has another number after the first answer, and says so to Meta.
    Moves,
    /// Writes the first answer to another number of the business.
    WritesToSecond,
}

/// So long after the answer to the first question a client says STOP.
pub const STOPS_AFTER: Duration = Duration::from_secs(75);

/// A language, as a client who looks for brake pads speaks it, and as the product answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Tongue {
    /// The language's name.
    pub name: &'static str,
    /// What the client writes first.
    pub opening: &'static str,
    /// What the client answers.
    pub answer: &'static str,
    /// What our sentences say in this language and in no other: a question, news of vendors, offers, a contact.
    pub marks: &'static [&'static str],
}

/// Five languages beside English.
pub const TONGUES: [Tongue; 5] = [
    Tongue {
        name: "Spanish",
        opening: "Hola, necesito pastillas de freno para un Toyota Corolla 2014, por favor",
        answer: "Son para las ruedas delanteras, motor 1.8 de gasolina",
        marks: &[
            "qué repuesto necesita",
            "Ya estoy preguntando a los vendedores",
            "preguntando a más vendedores",
            "Sigo esperando respuestas",
            "Responda con el número de la oferta",
            "¡Excelente elección!",
        ],
    },
    Tongue {
        name: "Portuguese",
        opening: "Oi, preciso de pastilhas de freio para um Corolla 2014, você tem?",
        answer: "São para as rodas da frente, motor 1.8 a gasolina",
        marks: &[
            "de qual peça você precisa",
            "Já estou perguntando aos vendedores",
            "perguntando a mais vendedores",
            "Ainda estou esperando respostas",
            "Responda com o número da oferta",
            "Ótima escolha!",
        ],
    },
    Tongue {
        name: "French",
        opening: "Bonjour, je cherche des plaquettes de frein pour une Toyota Corolla 2014",
        answer: "C'est pour les roues avant, le moteur est un 1.8 essence",
        marks: &[
            "quelle pièce vous faut-il",
            "Je contacte les vendeurs",
            "je contacte donc d'autres vendeurs",
            "J'attends encore des réponses",
            "Répondez avec le numéro de l'offre",
            "Excellent choix",
        ],
    },
    Tongue {
        name: "Swahili",
        opening: "Habari, nahitaji breki za gari yangu Toyota Corolla 2014",
        answer: "Ni za magurudumu ya mbele, injini ni 1.8 ya petroli",
        marks: &[
            "unahitaji kipuri kipi",
            "Ninawauliza wauzaji sasa",
            "ninawauliza wauzaji wengine",
            "Bado ninasubiri majibu",
            "Jibu kwa namba ya ofa",
            "Chaguo zuri!",
        ],
    },
    Tongue {
        name: "Arabic",
        opening: "مرحباً، أحتاج إلى فرامل لسيارة تويوتا كورولا 2014",
        answer: "هي للعجلات الأمامية والمحرك 1.8 بنزين",
        marks: &[
            "وما هي القطعة المطلوبة",
            "أسأل البائعين الآن",
            "أسأل المزيد من البائعين",
            "ما زلت أنتظر الردود",
            "يرجى الرد برقم العرض",
            "اختيار ممتاز!",
        ],
    },
];

/// Words that say STOP: a client's and vendors'.
pub const STOPS: [&str; 4] = ["توقف", "STOP", "ACHA", "Désabonnez-moi"];

/// The ends of our confirmations: a word that starts messages again, in each language.
pub const CONFIRMATIONS: [&str; 6] =
    ["Send START", "Envíe INICIAR", "Envie VOLTAR", "Envoyez REPRENDRE", "Tuma ANZA", "«ابدأ»"];

/// Whether a text is a STOP of the stories.
pub fn is_stop(text: &str) -> bool {
    STOPS.contains(&text)
}

/// Whether a text confirms a STOP.
pub fn confirms_stop(text: &str) -> bool {
    CONFIRMATIONS.iter().any(|end| text.contains(end))
}
