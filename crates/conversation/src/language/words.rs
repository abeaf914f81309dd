//! The words that tell a language, folded as [`crate::text::fold`] does.

use Language::{Ar, En, Es, Fr, Pt, Sw};
use marketplace::Language;

/// Whole messages that greet in one language. "Hello" is said in all of them.
#[rustfmt::skip]
pub(super) const GREETINGS: &[(Language, &[&str])] = &[
    (En, &["good morning", "good afternoon", "good evening", "hello good morning", "hi good morning", "hello there", "hi there", "how are you", "hello how are you", "hi how are you"]),
    (Es, &["hola", "hola hola", "buenos dias", "buenas tardes", "buenas noches", "muy buenas", "hola buenos dias", "hola buenas", "hola buenas tardes", "hola buenas noches", "hola que tal", "hola como esta", "hola como estas"]),
    (Pt, &["oi", "oi oi", "oi tudo bem", "ola tudo bem", "bom dia", "boa tarde", "boa noite", "oi bom dia", "ola bom dia", "oi boa tarde", "ola boa tarde", "oi boa noite", "ola boa noite", "tudo bem"]),
    (Fr, &["bonjour", "bonsoir", "coucou", "salut", "bonjour monsieur", "bonjour madame", "bonjour a tous", "bonjour comment allez vous", "salut ca va", "bonjour ca va"]),
    (Sw, &["habari", "habari yako", "habari zenu", "habari za asubuhi", "habari za mchana", "habari za jioni", "habari za leo", "hujambo", "hamjambo", "shikamoo", "mambo", "mambo vipi", "niaje", "vipi", "habari ndugu", "habari ya asubuhi", "habari ya leo"]),
    (Ar, &["مرحبا", "السلام عليكم", "السلام عليكم ورحمه الله", "السلام عليكم ورحمه الله وبركاته", "صباح الخير", "مساء الخير", "اهلا", "اهلا وسهلا", "مرحبا كيف الحال", "كيف الحال", "كيف حالك"]),
];

/// Words of one language alone, as far as the six go. English words that speakers of the others use too ("hello",
/// "please", "thanks", "price", "boss") and things for sale ("brake pads") are not here.
#[rustfmt::skip]
pub(super) const OWN: &[(Language, &[&str])] = &[
    (En, &[
        "the", "and", "i", "im", "ive", "you", "your", "youre", "my", "we", "our", "they", "them", "their", "he", "she", "his", "her", "it", "its", "this", "that", "these", "those", "there", "here", "what", "whats", "which", "who", "where", "when", "how", "much", "many",
        "need", "want", "looking", "have", "has", "had", "does", "did", "doesnt", "cant", "can", "could", "would", "should", "are", "with", "without", "of", "at", "by", "from", "for", "about", "any", "some", "if", "because", "before", "after", "today", "tomorrow",
        "tonight", "morning", "evening", "afternoon", "get", "give", "send", "tell", "know", "find", "buy", "available", "still", "only", "also", "very", "good", "new", "near",
    ]),
    (Es, &[
        "hola", "necesito", "necesitamos", "quiero", "quisiera", "queremos", "estoy", "tengo", "tiene", "tienen", "tienes", "hay", "puede", "pueden", "puedo", "usted", "ustedes", "el", "los", "las", "del", "y", "con", "mi", "mis", "muy", "donde", "cuando",
        "cuanto", "cuantos", "cuanta", "cuesta", "cuestan", "gracias", "buenos", "buenas", "hoy", "manana", "ahora", "ayuda", "pregunta", "respuesta", "precio", "nuevo", "nueva", "tambien", "pero", "alguien", "ciudad", "hacer", "llamada",
        "escriba", "ellos", "nosotros", "repuesto", "repuestos", "pastillas", "frenos", "coche", "llantas", "telefono", "hasta",
    ]),
    (Pt, &[
        "oi", "voce", "voces", "vc", "vcs", "nao", "preciso", "precisa", "precisamos", "quero", "gostaria", "procuro", "procurando", "estou", "estamos", "tenho", "tem", "temos", "sao", "obrigado", "obrigada", "bom", "boa", "tudo", "bem", "noite", "uma", "com", "em", "ao", "aos", "pela",
        "minha", "seu", "sua", "muito", "onde", "custa", "custam", "hoje", "amanha", "agora", "ajuda", "preco", "novo", "nova", "alguem", "isso", "cidade", "perto", "pode", "podem", "posso", "fazer", "ligacao", "mensagem", "pra", "depois",
        "peca", "pecas", "freio", "freios", "pneu", "pneus", "quais", "qual",
    ]),
    (Fr, &[
        "bonjour", "bonsoir", "je", "jai", "vous", "nous", "il", "elle", "ils", "une", "des", "du", "au", "aux", "et", "est", "cest", "sont", "avez", "avons", "avec", "pour", "dans", "chez", "pas", "nest", "mon", "ma", "votre", "vos", "notre", "besoin", "cherche", "cherchons", "voudrais", "veux", "faut",
        "combien", "quel", "quelle", "quels", "quand", "merci", "svp", "plait", "aujourdhui", "demain", "maintenant", "bonne", "nouveau", "neuf", "aussi", "parce", "quelquun", "acheter", "ville", "pres", "ce", "cette", "ces", "qui", "puis", "peux", "pouvez", "etes", "appel", "demande", "voiture", "freins", "plaquettes", "salut",
    ]),
    (Sw, &[
        "habari", "hujambo", "mambo", "vipi", "niaje", "shikamoo", "jamani", "nahitaji", "ninahitaji", "unahitaji", "tunahitaji", "nataka", "ninataka", "tunataka", "unataka", "ningependa", "ungependa", "natafuta", "ninatafuta", "anatafuta", "tunatafuta", "naomba", "tafadhali", "asante", "sana", "samahani", "niko", "uko", "iko", "yupo", "ipo", "zipo", "kuna", "hakuna",
        "mnayo", "mna", "unayo", "unauza", "mnauza", "unaweza", "naweza", "ninaweza", "mnaweza", "nipate", "nitapata", "kupata", "nipe", "nitumie", "bei", "gani", "ngapi", "nini", "lini", "wapi", "yangu", "yako", "yake", "langu", "lako", "wangu", "gari", "simu", "dawa", "duka", "vipuri", "breki",
        "leo", "kesho", "sasa", "asubuhi", "jioni", "haraka", "lakini", "kama", "tena", "bado", "kwa", "kutoka", "kwenye", "katika", "hii", "hiyo", "hizi", "huyu", "mimi", "wewe", "sisi", "wao", "mtu", "muuzaji", "wauzaji", "mteja", "ujumbe", "ombi", "jibu", "nzuri", "mpya", "shida", "msaada", "ndio", "ndiyo", "hapana", "sawa", "hapa",
    ]),
];

/// Words of two or three of the six languages: they support an own word, they never decide.
#[rustfmt::skip]
pub(super) const SHARED: &[(&[Language], &[&str])] = &[
    (&[Es, Pt, Fr], &["de", "que", "la", "a"]),
    (&[Es, Pt], &["para", "por", "favor", "como", "esta", "este", "estas", "dia", "dias", "dos", "tarde", "no", "se", "me", "casa", "comprar", "aqui", "entre", "modelo", "desde", "responda", "saber", "vale", "algo", "usado", "porque", "carro", "cerca", "busco", "buscamos", "buscando", "pedido", "celular", "remedio", "queria", "vendedor"]),
    (&[Es, Fr], &["un", "le", "les", "en", "mes", "sur"]),
    (&[Es, Sw], &["una", "ya"]),
    (&[Pt], &["um", "o", "os", "as", "da", "das", "na", "mais", "eu", "quem", "num", "mas", "pelo", "do", "e", "seus", "suas", "meu"]),
    (&[Fr], &["tu", "mais", "ne", "se", "me", "on", "ou", "tout", "par"]),
    (&[Sw], &["za", "wa", "ni", "na", "la", "cha", "vya", "je", "tu", "si"]),
];

/// Letters and signs that only one of the six writes.
pub(super) const MARKS: &[(Language, &[char])] =
    &[(Es, &['¿', '¡', 'ñ', 'Ñ']), (Pt, &['ã', 'õ', 'Ã', 'Õ']), (Fr, &['œ', 'Œ', '«'])];

/// Words of Arabic that its neighbours in script do not have.
#[rustfmt::skip]
pub(super) const ARABIC_OWN: &[&str] = &[
    "مرحبا", "اهلا", "شكرا", "عليكم", "اريد", "احتاج", "ابحث", "عن", "هل", "في", "علي", "الي", "هذا", "هذه", "ما", "ماذا", "كيف", "متي", "اين", "لدي", "لديكم", "عندي", "عندك", "عندكم", "كم", "سعر", "ممكن", "لو", "سمحت", "فضلك", "ايضا", "اليوم", "غدا", "الان", "انا", "انت", "نحن", "هو", "هي", "ابغي", "ابغا", "بغيت", "عايز", "عاوز", "بدي", "محتاج", "وين", "فين", "بكم", "بكام", "شو", "ايش",
];

/// Letters of Persian, Urdu, Kurdish and Pashto that Arabic does not have.
pub(super) const NOT_ARABIC: &[char] = &[
    'پ', 'چ', 'ژ', 'گ', 'ک', 'ی', 'ہ', 'ھ', 'ے', 'ٹ', 'ڈ', 'ڑ', 'ں', 'ۀ', 'ێ', 'ۆ', 'ڵ', 'ښ', 'ځ', 'څ', 'ې',
];

/// What the six languages are called in the six languages.
#[rustfmt::skip]
pub(super) const NAMES: &[(Language, &[&str])] = &[
    (En, &["english", "ingles", "anglais", "langlais", "kiingereza", "kizungu", "انجليزي", "انجليزيه", "الانجليزيه", "بالانجليزيه", "بالانجليزي", "الانجليزي", "انكليزي", "الانكليزيه", "بالانكليزيه"]),
    (Es, &["spanish", "espanol", "castellano", "espanhol", "espagnol", "lespagnol", "kihispania", "اسباني", "الاسبانيه", "بالاسبانيه", "بالاسباني"]),
    (Pt, &["portuguese", "portugues", "portugais", "kireno", "برتغالي", "البرتغاليه", "بالبرتغاليه", "بالبرتغالي"]),
    (Fr, &["french", "francais", "frances", "kifaransa", "فرنسي", "الفرنسيه", "بالفرنسيه", "بالفرنسي"]),
    (Sw, &["swahili", "kiswahili", "suajili", "suaili", "سواحيلي", "السواحيليه", "السواحليه", "بالسواحيليه", "بالسواحليه"]),
    (Ar, &["arabic", "arabe", "larabe", "kiarabu", "عربي", "العربيه", "بالعربيه", "بالعربي", "عربيه"]),
];

/// Words around the name of a language that leave it a wish. No "no" and no "not" among them.
#[rustfmt::skip]
pub(super) const WISH: &[&str] = &[
    "please", "pls", "plz", "kindly", "hi", "hello", "hey", "sorry", "ok", "okay", "yes", "thanks", "thank", "you", "in", "to", "can", "could", "we", "i", "me", "us", "do", "speak", "talk", "write", "chat", "use", "switch", "change", "language", "lets", "let", "prefer", "want", "would", "like", "only", "continue", "reply", "answer", "is", "better", "fine", "the", "my", "understand", "with", "it",
    "por", "favor", "en", "el", "hola", "puede", "puedes", "podemos", "hablar", "hablo", "habla", "hablas", "hablamos", "hablame", "hableme", "escribir", "escribame", "escriba", "prefiero", "quiero", "gracias", "idioma", "cambiar", "cambie", "a", "solo", "si", "responda", "mejor", "perdon", "disculpe", "al",
    "em", "oi", "ola", "voce", "pode", "falar", "falo", "fala", "falamos", "escrever", "escreva", "prefiro", "quero", "obrigado", "obrigada", "mudar", "mude", "para", "o", "lingua", "eu", "sim", "so", "desculpe", "melhor",
    "bonjour", "salut", "svp", "sil", "vous", "te", "plait", "parler", "parle", "parlez", "parlons", "ecrire", "ecrivez", "repondez", "je", "prefere", "voudrais", "veux", "merci", "langue", "passer", "passez", "oui", "peut", "on", "peux", "tu", "le", "seulement", "desole", "pouvez", "pouvons", "nous", "moi",
    "tafadhali", "kwa", "habari", "naomba", "nataka", "napenda", "tuongee", "ongea", "naongea", "ninaongea", "zungumza", "tuzungumze", "nazungumza", "tumia", "badilisha", "lugha", "ya", "asante", "ndiyo", "ndio", "tu", "mimi", "unaweza", "kuongea", "kuzungumza", "andika", "samahani", "jibu", "sawa",
    "من", "فضلك", "لو", "سمحت", "ممكن", "اريد", "افضل", "تكلم", "نتكلم", "اتكلم", "التحدث", "نتحدث", "تحدث", "اتحدث", "اكتب", "اللغه", "باللغه", "شكرا", "مرحبا", "نعم", "فقط", "الي", "غير", "الرد", "هل", "يمكن",
];
