use super::*;
use Language::{Ar, En, Es, Fr, Pt, Sw};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Messages that leave no doubt.
#[rustfmt::skip]
const CLEAR: &[(&str, Language)] = &[
    ("I need brake pads for a 2014 Corolla", En),
    ("Hello, do you have Panadol? How much is it?", En),
    ("good morning", En),
    ("Looking for a plumber near Westlands, the sink is leaking", En),
    ("Can you deliver this today before 5pm", En),
    ("We have it, KES 3500, available tomorrow", En),
    ("I need brake pads za Vitz", En),
    ("Hola, I need brake pads for my car", En),
    ("how much for the iPhone 12 with charger?", En),
    ("I dey find brake pads for my motor, how much e be?", En),
    ("hola", Es),
    ("¡Hola! ¿Qué tal?", Es),
    ("Buenos días", Es),
    ("Necesito pastillas de freno para un Toyota Corolla 2014, por favor", Es),
    ("Hola, busco un repuesto para mi carro", Es),
    ("cuanto cuesta el iphone 12 usado", Es),
    ("Sí, lo tenemos. Cuesta 3500 y está listo mañana", Es),
    ("¿Tienen amoxicilina? Tengo receta", Es),
    ("quiero un plomero hoy, hay una fuga en la cocina", Es),
    ("Buenas, estoy buscando llantas en Bogotá", Es),
    ("oi", Pt),
    ("Bom dia", Pt),
    ("Oi, tudo bem?", Pt),
    ("Preciso de pastilhas de freio para um Corolla 2014", Pt),
    ("Olá, você tem esse remédio? Quanto custa?", Pt),
    ("estou procurando uma geladeira nova em São Paulo", Pt),
    ("não tenho certeza, mas preciso hoje", Pt),
    ("Boa tarde, quero comprar um celular com carregador", Pt),
    ("Temos sim, custa 350 e fica pronto amanhã", Pt),
    ("bonjour", Fr),
    ("Bonsoir", Fr),
    ("Salut, ça va ?", Fr),
    ("Je cherche des plaquettes de frein pour une Toyota Corolla 2014", Fr),
    ("J'ai besoin d'un plombier aujourd'hui à Dakar", Fr),
    ("Bonjour, combien coûte cet iPhone avec le chargeur ?", Fr),
    ("vous avez du doliprane svp", Fr),
    ("Il y a une fuite dans la cuisine, c'est urgent", Fr),
    ("oui nous l'avons, 12000 FCFA, disponible demain", Fr),
    ("Habari yako", Sw),
    ("habari za asubuhi", Sw),
    ("mambo vipi", Sw),
    ("Nahitaji breki za Toyota Corolla 2014", Sw),
    ("Habari, nahitaji brake pads za Toyota", Sw),
    ("Naomba bei ya simu hii tafadhali", Sw),
    ("Niaje boss, niko na shida ya brakes za Vitz, uko na price gani?", Sw),
    ("Mnauza dawa ya Panadol? Ni bei gani?", Sw),
    ("ndiyo ipo, bei 3500, utapata kesho asubuhi", Sw),
    ("natafuta fundi wa umeme leo jioni huko Kilimani", Sw),
    ("Mko wapi? Nataka kununua mabati kumi", Sw),
    ("Hello, natafuta gari ndogo mpya", Sw),
    ("مرحبا", Ar),
    ("السلام عليكم", Ar),
    ("مرحباً، أحتاج إلى فرامل لسيارة تويوتا كورولا 2014", Ar),
    ("كم سعر هذا الهاتف؟", Ar),
    ("هل عندكم دواء بانادول", Ar),
    ("أحتاج brake pads لسيارة Toyota", Ar),
    ("عايز سباك النهارده ضروري", Ar),
    ("نعم متوفر السعر 3500", Ar),
    ("ابغى قطع غيار لسيارتي", Ar),
];

/// Messages that leave some: too short, mixed, of another language, or of no language.
#[rustfmt::skip]
const UNSURE: &[&str] = &[
    "", "?", "👍", "2", "2014", "KES 3500", "+254700000201",
    "hello", "hi", "ok", "yes", "no", "please", "thanks", "thank you", "ola", "si", "je", "نعم", "Panadol", "Toyota Corolla 2014", "brake pads", "brake pads toyota vitz 2012 front",
    "price please", "iPhone 12 128GB", "Nairobi", "São Paulo", "Westlands, Nairobi", "ASAP", "urgente", "no por favor",
    // Two languages at once, Sheng and the like.
    "Nataka brake pads please, how much?",
    "Niaje bro, I need brakes za Vitz asap, uko wapi?",
    "Hello, quiero saber if you have panadol",
    "Je voudrais know the price of this",
    "Hola, bonjour, hello, habari",
    "necesito preciso hola oi",
    "salam, 3andak brake pads?",
    "I need this today أحتاج هذا اليوم",
    "Sasa maze, I want a phone poa sana my guy",
    // What Spanish and Portuguese share.
    "para casa por favor", "de la casa", "como esta la casa de la familia",
    // Languages that are none of the six.
    "Guten Tag, ich brauche Bremsbeläge für meinen Toyota, was kostet das?",
    "Hallo, we hebben remblokken nodig voor een Toyota, wat kost het?",
    "Goeie more, ek soek 'n band vir my kar",
    "Buongiorno, ho bisogno di pastiglie dei freni per la mia auto, quanto costano?",
    "Bună ziua, am nevoie de plăcuțe de frână pentru mașină",
    "Bon dia, necessito pastilles de fre per al meu cotxe, quant costen?",
    "Saya butuh kampas rem untuk mobil saya, berapa harganya?",
    "Kailangan ko ng brake pads para sa aking Toyota, magkano po?",
    "Merhaba, arabam için fren balatası arıyorum",
    "Muraho, ndashaka amapine y'imodoka, ni angahe?",
    "Nneetaaga brake pads za mmotoka yange, ssente mmeka?",
    "Sannu, ina son birki na mota, nawa ne?",
    "Sawubona, ngidinga amabhuleki emoto yami, yimalini?",
    "Waxaan u baahanahay gaari cusub, fadlan",
    "Mbote, nazali koluka motuka ya sika",
    "Bonjou, mwen bezwen yon machin, konbyen sa koute?",
    "Мне нужны тормозные колодки",
    "ፍሬን እፈልጋለሁ",
    "我需要刹车片",
    "سلام، لنت ترمز برای تویوتا می‌خواهم",
    "مجھے بریک پیڈ چاہیے",
    "سلام لنت ترمز ميخواهم",
];

#[test]
fn clear_messages_are_told() {
    for (text, language) in CLEAR {
        assert_eq!(detect(text), Some(*language), "{text}");
    }
}

#[test]
fn unsure_messages_are_not() {
    for text in UNSURE {
        assert_eq!(detect(text), None, "{text}");
    }
}

#[test]
fn a_wish_names_one_language() {
    #[rustfmt::skip]
    let wishes = [
        ("english please", En), ("English", En), ("in English, please!", En), ("Can we speak English?", En), ("Do you speak English", En), ("inglés por favor", En), ("em inglês, por favor", En), ("en anglais svp", En), ("kiingereza tafadhali", En), ("الإنجليزية من فضلك", En), ("I prefer English", En), ("sorry, English only please", En),
        ("en español por favor", Es), ("Español", Es), ("spanish pls", Es), ("hablo español", Es), ("¿Hablas castellano?", Es), ("em espanhol", Es), ("espagnol", Es), ("بالإسبانية", Es),
        ("português", Pt), ("em português por favor", Pt), ("Portuguese please", Pt), ("Você pode falar português?", Pt), ("portugais svp", Pt), ("kireno", Pt), ("بالبرتغالية", Pt),
        ("français", Fr), ("Je préfère l'anglais", En), ("Francais svp", Fr), ("En français s'il vous plaît", Fr), ("parlez-vous français ?", Fr), ("french", Fr), ("francés por favor", Fr), ("kwa kifaransa", Fr), ("بالفرنسية لو سمحت", Fr),
        ("kiswahili", Sw), ("Kiswahili tafadhali", Sw), ("Swahili please", Sw), ("naomba tuongee kiswahili", Sw), ("kwa lugha ya Kiswahili", Sw), ("suajili", Sw), ("السواحيلية", Sw),
        ("بالعربية", Ar), ("عربي", Ar), ("العربية من فضلك", Ar), ("ممكن نتكلم بالعربي؟", Ar), ("arabic please", Ar), ("en árabe por favor", Ar), ("arabe svp", Ar), ("kiarabu", Ar), ("باللغة العربية", Ar),
    ];
    for (text, language) in wishes {
        assert_eq!(asked_for(text), Some(language), "{text}");
    }
}

#[test]
fn a_language_in_a_sentence_is_no_wish() {
    for text in [
        "",
        "please",
        "in",
        "I don't speak English",
        "no english",
        "not English please",
        "no hablo inglés",
        "je ne parle pas français",
        "sijui kiingereza",
        "لا أتكلم العربية",
        "english or swahili",
        "from spanish to english",
        "español, inglés",
        "I am looking for an English dictionary",
        "french press",
        "English teacher in Nairobi",
        "a Portuguese restaurant",
        "arabic keyboard for my laptop",
        "french fries and a burger please",
        "can you please please please please please please please speak english",
        "sw",
        "en",
    ] {
        assert_eq!(asked_for(text), None, "{text}");
    }
}

#[test]
fn the_lists_are_folded_and_no_word_is_of_two_languages() {
    let mut seen: BTreeMap<&str, Language> = BTreeMap::new();
    for (language, list) in OWN.iter().chain(NAMES) {
        for word in *list {
            assert_eq!(words_of(word), [*word], "written as it is compared");
            assert_eq!(seen.insert(word, *language), None, "{word} stands twice");
        }
    }
    for (languages, list) in SHARED {
        for word in *list {
            assert_eq!(words_of(word), [*word], "written as it is compared");
            // It would be counted twice for a language that it is an own word of.
            assert!(!seen.get(word).is_some_and(|own| languages.contains(own)), "{word}");
        }
    }
    for word in ARABIC_OWN.iter().chain(WISH) {
        assert_eq!(words_of(word), [*word], "written as it is compared");
    }
    for (_, phrases) in GREETINGS {
        for phrase in *phrases {
            assert_eq!(words_of(phrase).join(" "), *phrase, "written as it is compared");
        }
    }
}

/// What steers or names a language never changes it by the way.
#[test]
fn control_words_and_wishes_are_too_short_to_tell() {
    for text in ["stop", "sí", "sim", "oui", "ndiyo", "نعم", "english please", "kiswahili", "no gracias"]
    {
        assert_eq!(detect(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,300}") {
        let _ = (detect(&text), asked_for(&text));
    }

    #[test]
    fn case_and_punctuation_do_not_matter(at in 0..CLEAR.len(), end in "[.! ]{0,3}") {
        let (text, language) = CLEAR[at];
        prop_assert_eq!(detect(&format!(" {}{end}", text.to_uppercase())), Some(language));
    }
}
