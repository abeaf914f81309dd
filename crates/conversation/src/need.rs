//! What a first message is about: whether it names a need, of which kind, how urgent, on prescription or not.

use crate::{
    control_words,
    text::{find_phrase, has_any, words},
};

/// A kind of goods or service and the words that give it away.
#[derive(Debug, Clone, Copy)]
pub struct Category {
    /// Its name in the vendor directory, for example `spare_parts`.
    pub name: &'static str,
    /// Folded words and phrases.
    words: &'static [&'static str],
}

/// The categories that can be told from words. More words win; on a tie the earlier one.
#[rustfmt::skip]
pub const CATEGORIES: &[Category] = &[
    Category { name: "spare_parts", words: &[
        "brake", "brakes", "brake pads", "brake pad", "pads", "spare", "spares", "spare part", "spare parts", "car part", "car parts", "engine", "gearbox", "clutch", "alternator", "radiator", "shock absorber",
        "shock absorbers", "shocks", "headlight", "headlights", "bumper", "side mirror", "windscreen", "wiper", "wipers", "spark plug", "spark plugs", "oil filter", "air filter", "fuel pump", "water pump", "car battery", "tyre", "tyres",
        "tire", "tires", "rims", "exhaust", "corolla", "toyota", "nissan", "mazda", "subaru", "honda", "premio", "vitz", "probox", "hilux", "peugeot", "volkswagen", "motorbike", "boda",
        "vipuri", "breki", "gari", "frenos", "pastillas", "repuesto", "repuestos", "carro", "coche", "llanta", "llantas", "freio", "freios", "pastilha", "pastilhas", "pneu", "pneus", "pecas", "frein", "freins", "plaquettes",
        "piece auto", "pieces auto", "voiture", "فرامل", "قطع غيار", "سياره", "اطارات", "بطاريه سياره",
    ] },
    Category { name: "pharmacy", words: &[
        "medicine", "medicines", "medication", "drug", "drugs", "pharmacy", "chemist", "prescription", "tablet", "tablets", "capsules", "syrup", "paracetamol", "panadol", "ibuprofen", "amoxicillin", "antibiotic", "antibiotics", "insulin",
        "inhaler", "metformin", "vitamins", "ointment", "mg", "dawa", "duka la dawa", "medicina", "medicinas", "medicamento", "medicamentos", "remedio", "remedios", "farmacia", "pastilla", "receta", "medicament", "medicaments",
        "pharmacie", "ordonnance", "دواء", "ادويه", "صيدليه", "وصفه",
    ] },
    Category { name: "phones", words: &[
        "phone", "phones", "smartphone", "iphone", "samsung", "galaxy", "tecno", "infinix", "redmi", "xiaomi", "nokia", "oppo", "phone screen", "screen protector", "charger", "simu", "telefono", "celular", "movil", "telefone", "telephone",
        "هاتف", "جوال", "موبايل",
    ] },
    Category { name: "electronics", words: &[
        "tv", "television", "laptop", "computer", "pc", "monitor", "printer", "speaker", "speakers", "headphones", "earphones", "camera", "fridge", "refrigerator", "microwave", "washing machine", "router", "hdmi", "console", "playstation",
        "runinga", "kompyuta", "televisor", "computadora", "portatil", "nevera", "computador", "geladeira", "ordinateur", "televiseur", "frigo", "تلفاز", "حاسوب", "لابتوب", "ثلاجه",
    ] },
    Category { name: "groceries", words: &[
        "grocery", "groceries", "rice", "sugar", "flour", "unga", "milk", "bread", "eggs", "vegetables", "fruit", "fruits", "meat", "beef", "chicken", "fish", "cooking oil", "beans", "tomatoes", "onions", "potatoes", "water bottles",
        "mchele", "sukari", "maziwa", "mkate", "mayai", "nyama", "mboga", "arroz", "azucar", "leche", "huevos", "pan", "verduras", "acucar", "leite", "ovos", "riz", "sucre", "lait", "oeufs", "legumes", "ارز", "سكر", "حليب", "خبز", "خضار",
    ] },
    Category { name: "plumbing", words: &[
        "plumber", "plumbing", "pipe", "pipes", "leak", "leaking", "tap", "taps", "sink", "toilet", "blocked drain", "drain", "water heater", "shower", "fundi bomba", "bomba", "mabomba", "fontanero", "plomero", "tuberia", "fuga", "grifo",
        "encanador", "vazamento", "torneira", "plombier", "fuite", "robinet", "سباك", "تسريب",
    ] },
    Category { name: "electrical", words: &[
        "electrician", "wiring", "socket", "sockets", "light bulb", "bulb", "bulbs", "circuit breaker", "generator", "inverter", "solar", "power outage", "fundi umeme", "umeme", "electricista", "enchufe", "eletricista", "tomada",
        "electricien", "prise", "كهربائي", "كهرباء",
    ] },
    Category { name: "tailoring", words: &[
        "tailor", "tailoring", "dress", "suit", "sew", "sewing", "stitch", "alteration", "alterations", "hem", "uniform", "uniforms", "kitenge", "fabric", "fundi nguo", "cherehani", "nguo", "sastre", "costurera", "vestido", "traje",
        "alfaiate", "costureira", "couturier", "couturiere", "robe", "costume", "خياط", "فستان",
    ] },
    Category { name: "hardware", words: &[
        "cement", "paint", "nails", "timber", "roofing", "iron sheets", "mabati", "saruji", "rangi", "tiles", "sand", "ballast", "bricks", "drill", "hammer", "cemento", "pintura", "cimento", "tinta", "ciment", "peinture", "اسمنت", "دهان",
    ] },
    Category { name: "furniture", words: &[
        "sofa", "bed", "mattress", "table", "chair", "chairs", "wardrobe", "desk", "cupboard", "kiti", "meza", "kitanda", "godoro", "cama", "colchon", "mesa", "silla", "colchao", "cadeira", "lit", "matelas", "chaise", "سرير", "كرسي",
    ] },
];

/// What people say before they say what they need.
#[rustfmt::skip]
const SMALL_TALK: &[&str] = &[
    "hi", "hii", "hey", "hello", "helo", "hallo", "good", "morning", "afternoon", "evening", "day", "night", "greetings", "how", "are", "you", "is", "it", "going", "there", "sir", "madam", "boss", "dear", "friend", "team", "please", "pls", "help", "me",
    "can", "could", "i", "need", "want", "a", "the", "with", "something", "some", "assistance", "to", "ask", "question", "have", "got", "for", "of", "looking", "am", "im", "would", "like", "do", "anyone", "anybody", "here", "thanks", "thank", "lot", "lots", "much", "so", "very", "great", "bye", "ok", "okay", "yes", "no", "test",
    "whats", "what", "up", "sup", "yo", "start", "get", "started", "info", "information", "this", "concierge", "your", "service", "services",
    "habari", "yako", "yenu", "za", "ya", "asubuhi", "mchana", "jioni", "leo", "mambo", "vipi", "sasa", "jambo", "hujambo", "hamjambo", "shikamoo", "salama", "poa", "niaje", "nahitaji", "naomba", "msaada", "nataka", "tafadhali", "kitu", "karibu", "ndio", "asante",
    "hola", "buenos", "buenas", "dias", "dia", "tardes", "noches", "que", "tal", "como", "estas", "esta", "necesito", "quiero", "ayuda", "favor", "por", "algo", "una", "un", "pregunta", "gracias", "busco", "si",
    "oi", "ola", "bom", "boa", "tarde", "noite", "tudo", "bem", "preciso", "quero", "de", "ajuda", "uma", "um", "obrigado", "obrigada", "alguma", "coisa",
    "bonjour", "bonsoir", "salut", "coucou", "ca", "va", "besoin", "jai", "je", "veux", "voudrais", "cherche", "aide", "aidez", "moi", "sil", "vous", "plait", "plaît", "svp", "merci", "quelque", "chose", "comment", "allez", "daide", "oui",
    "السلام", "عليكم", "ورحمه", "الله", "وبركاته", "مرحبا", "اهلا", "وسهلا", "صباح", "مساء", "الخير", "النور", "كيف", "حالك", "الحال", "اريد", "احتاج", "ممكن", "مساعده", "لو", "سمحت", "شيء", "من", "فضلك", "نعم", "شكرا", "هلا", "هاي",
];

#[rustfmt::skip]
const URGENT: &[&str] = &[
    "urgent", "urgently", "urgency", "asap", "emergency", "immediately", "right now", "right away", "as soon as possible", "quickly", "quick", "hurry", "haraka", "dharura", "sasa hivi", "upesi", "urgente", "urgentemente", "rapido", "cuanto antes",
    "lo antes posible", "ya mismo", "emergencia", "o mais rapido", "emergencia", "rapidamente", "tout de suite", "vite", "au plus vite", "urgence", "des que possible", "عاجل", "مستعجل", "بسرعه", "ضروري", "حالا", "فورا", "طارئ",
];
const NOT_URGENT: &[&str] = &[
    "not urgent",
    "isnt urgent",
    "no urgent",
    "no hurry",
    "no rush",
    "not in a hurry",
    "no es urgente",
    "nao e urgente",
    "sin prisa",
    "sem pressa",
    "pas urgent",
    "si haraka",
    "sio haraka",
    "hakuna haraka",
    "غير مستعجل",
    "مش مستعجل",
    "غير عاجل",
];

#[rustfmt::skip]
const PRESCRIPTION: &[&str] = &[
    "prescription", "prescriptions", "prescribed", "prescribe", "doctors note", "dr note", "rx", "cheti cha daktari", "cheti cha dawa", "daktari ameandika", "nimeandikiwa", "receta", "receta medica", "recetado", "receita", "receita medica", "receitado",
    "receitou", "ordonnance", "prescrit", "prescription medicale", "وصفه", "وصفه طبيه", "روشته",
];
const NOT_PRESCRIPTION: &[&str] = &[
    "without prescription",
    "no prescription",
    "without a prescription",
    "sin receta",
    "sem receita",
    "sans ordonnance",
    "بدون وصفه",
];

/// Words that open a message and say nothing.
const OPENINGS: [&str; 17] = [
    "hi",
    "hii",
    "hey",
    "hello",
    "helo",
    "hallo",
    "habari",
    "mambo",
    "jambo",
    "shikamoo",
    "hola",
    "ola",
    "olá",
    "bonjour",
    "bonsoir",
    "salut",
    "مرحبا",
];

/// The text without the greeting it opens with: "Hi, I need brake pads" says "I need brake pads".
pub fn without_greeting(text: &str) -> &str {
    let is_filler = |c: char| c.is_whitespace() || matches!(c, ',' | '.' | '!' | '،');
    let text = text.trim_start_matches(is_filler);
    let word = text.split(is_filler).next().unwrap_or_default();
    if OPENINGS.contains(&word.to_lowercase().as_str()) {
        text.strip_prefix(word).unwrap_or(text).trim_start_matches(is_filler)
    } else {
        text
    }
}

/// Whether the text carries a need at all, not a mere greeting, "I need help", or a word that steers ("call me").
pub fn is_stated(text: &str) -> bool {
    let words = words(text);
    control_words::recognise(text).is_none()
        && words.iter().any(|word| {
            word.chars().any(char::is_alphabetic)
                && word.chars().count() > 1
                && !SMALL_TALK.contains(&word.as_str())
        })
}

/// The category a text most likely belongs to; `None` when no word of [`CATEGORIES`] occurs (the fallback is
/// the caller's).
pub fn guess_category(text: &str) -> Option<&'static str> {
    let words = words(text);
    // A phrase counts as much as it has words: "water heater" is more telling than "water".
    let weight = |category: &Category| -> usize {
        category
            .words
            .iter()
            .filter(|phrase| find_phrase(&words, phrase).is_some())
            .map(|phrase| phrase.split(' ').count())
            .sum()
    };
    let mut best: Option<(usize, &'static str)> = None;
    for category in CATEGORIES {
        let weight = weight(category);
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, category.name));
        }
    }
    best.map(|(_, name)| name)
}

/// Whether the text says that it is urgent.
pub fn is_urgent(text: &str) -> bool {
    let words = words(text);
    has_any(&words, URGENT) && !has_any(&words, NOT_URGENT)
}

/// Whether the text speaks of a medical prescription. When in doubt it does: that only makes us more careful.
pub fn mentions_prescription(text: &str) -> bool {
    let words = words(text);
    has_any(&words, PRESCRIPTION) && !has_any(&words, NOT_PRESCRIPTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_dropped_from_a_need() {
        for (text, rest) in [
            ("Hi, I need brake pads", "I need brake pads"),
            ("Hello!  cement?", "cement?"),
            ("HABARI nataka sukari", "nataka sukari"),
            ("High chairs for a café", "High chairs for a café"),
            ("hi", ""),
            ("", ""),
        ] {
            assert_eq!(without_greeting(text), rest);
        }
    }

    #[test]
    fn a_greeting_is_no_need() {
        for greeting in [
            "",
            "hi",
            "Hello!",
            "Habari yako",
            "Hi, I need help please",
            "hola buenos días",
            "Bonjour",
            "السلام عليكم",
            "👋",
            "?",
            "Oi, tudo bem?",
            "how are you",
            "12",
            "S'il vous plaît",
            "Mambo vipi",
            "Call me",
            "Nipigie simu tafadhali",
            "STOP",
            "yes",
        ] {
            assert!(!is_stated(greeting), "{greeting}");
        }
        for need in [
            "I need brake pads for a 2014 Corolla",
            "Hi, do you have Panadol?",
            "plumber",
            "nahitaji unga",
            "necesito pastillas de freno",
            "je cherche un plombier",
            "احتاج دواء",
            "iphone 12 screen",
            "TV",
        ] {
            assert!(is_stated(need), "{need}");
        }
    }

    #[test]
    fn categories_come_from_the_words() {
        for (text, category) in [
            ("I need brake pads for a 2014 Corolla", Some("spare_parts")),
            ("Amoxicillin 500mg tablets", Some("pharmacy")),
            ("my kitchen sink is leaking", Some("plumbing")),
            ("need an electrician for wiring", Some("electrical")),
            ("iPhone 12 screen", Some("phones")),
            ("a 43 inch TV", Some("electronics")),
            ("2kg sugar and rice", Some("groceries")),
            ("a tailor for a suit", Some("tailoring")),
            ("natafuta vipuri vya gari", Some("spare_parts")),
            ("busco repuestos de frenos", Some("spare_parts")),
            ("je cherche un plombier", Some("plumbing")),
            ("احتاج دواء", Some("pharmacy")),
            ("car battery", Some("spare_parts")),
            ("a wedding cake", None),
            ("", None),
        ] {
            assert_eq!(guess_category(text), category, "{text}");
        }
    }

    #[test]
    fn urgency_and_prescriptions_are_noticed() {
        for text in
            ["URGENT please", "need it asap", "haraka tafadhali", "es urgente", "c'est urgent", "عاجل جدا"]
        {
            assert!(is_urgent(text), "{text}");
        }
        for text in ["not urgent", "no rush", "pas urgent", "tomorrow is fine", "insurgent"] {
            assert!(!is_urgent(text), "{text}");
        }
        for text in [
            "I have a prescription",
            "tengo receta médica",
            "mon ordonnance",
            "the doctor prescribed it",
            "وصفة طبية",
        ] {
            assert!(mentions_prescription(text), "{text}");
        }
        for text in ["Panadol without prescription", "brake pads", "description"] {
            assert!(!mentions_prescription(text), "{text}");
        }
    }
}
