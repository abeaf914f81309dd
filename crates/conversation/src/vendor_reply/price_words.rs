//! The words around a number that make it a price, or something else. All folded.

/// Words between the two ends of a range or of a choice.
#[rustfmt::skip]
pub(super) const RANGE_WORDS: &[&str] = &[
    "to", "or", "hadi", "mpaka", "till", "until", "ate", "a", "o", "ou", "au", "ama", "الي", "او", "bis",
    "upto", "al", "ile", "aur", "se", "vs", "versus", "لحد", "لغايه", "through", "thru",
];

/// Words between, when "between" stands before.
#[rustfmt::skip]
pub(super) const BETWEEN: &[&str] = &[
    "between", "entre", "kati", "بين", "من",
];

#[rustfmt::skip]
pub(super) const AND: &[&str] = &[
    "and", "y", "e", "et", "na", "ya", "و", "n",
];

/// Pieces of what is sold.
#[rustfmt::skip]
pub(super) const PIECES: &[&str] = &[
    "left", "pcs", "pc", "piece", "pieces", "pair", "pairs", "set", "sets", "unit", "units", "available",
    "remaining", "in", "of", "x", "packs", "pack", "packets", "boxes", "box", "bottles", "bottle", "bags",
    "bag", "tins", "cartons", "carton", "dozen", "dozens", "items", "types", "kinds", "colours", "colors",
    "options", "doors", "more", "others", "different", "new", "used", "copies", "sheets", "rolls", "people",
    "persons", "customers", "orders", "unidades", "piezas", "pecas", "disponibles", "disponiveis",
    "restantes", "modelos", "cores", "colores", "caixas", "cajas", "pares", "unites", "boites", "paires",
    "articles", "vipande", "pakiti", "watu", "قطع", "قطعه", "حبات", "حبه", "علب", "كرتون",
];

/// Directly after a number these say that it measures something.
#[rustfmt::skip]
pub(super) const MEASURES: &[&str] = &[
    "km", "kms", "mile", "miles", "mileage", "m", "cm", "mm", "inch", "inches", "ft", "feet", "kg", "kgs",
    "kilo", "kilos", "ton", "tons", "tonnes", "g", "gr", "gms", "grams", "mg", "mcg", "ml", "l", "lt",
    "ltr", "ltrs", "litre", "litres", "liter", "liters", "litros", "lita", "gb", "tb", "mb", "ram", "rom",
    "v", "volt", "volts", "w", "watt", "watts", "kw", "kva", "va", "amp", "amps", "ah", "mah", "hp", "cc",
    "rpm", "psi", "bar", "hz", "mp", "ohm", "ohms", "st", "nd", "rd", "th", "degrees", "percent", "por",
    "porciento", "asilimia", "lumens", "btu", "dpi", "grit", "puff", "puffs", "pages", "meters", "metres",
    "meter", "metre", "metros", "mita", "pulgadas", "polegadas", "pouces", "metro", "stars", "views",
    "seater", "way", "pin", "core", "tablets", "tabs", "tabletas", "capsules", "comprimidos", "pastillas",
    "tembe", "doses", "units", "متر", "كيلو", "لتر", "سم", "ملم", "مم", "جيجا", "واط", "فولت", "بوصه", "سي",
    "حصان",
];

/// Directly after a number these say that it tells a time, a kind, or something else.
#[rustfmt::skip]
pub(super) const UNITS: &[&str] = &[
    "am", "pm", "h", "hr", "hrs", "hour", "hours", "min", "mins", "minute", "minutes", "minutos", "sec",
    "secs", "seconds", "day", "days", "week", "weeks", "wk", "wks", "month", "months", "year", "years",
    "yr", "yrs", "oclock", "hora", "horas", "heure", "heures", "dia", "dias", "jour", "jours", "semana",
    "semanas", "semaine", "semaines", "mes", "meses", "mois", "ano", "anos", "ans", "annees", "noon",
    "times", "nights", "saa", "ساعه", "ساعات", "دقيقه", "دقايق", "يوم", "ايام", "اسبوع", "اسابيع", "شهر",
    "شهور", "سنه", "سنوات", "january", "february", "march", "april", "may", "june", "july", "august",
    "september", "october", "november", "december", "jan", "feb", "apr", "jun", "jul", "aug", "sept", "oct",
    "nov", "dec", "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
    "octubre", "noviembre", "diciembre", "janeiro", "fevereiro", "maio", "junho", "julho", "setembro",
    "outubro", "novembro", "dezembro", "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet",
    "aout", "septembre", "octobre", "novembre", "decembre", "model", "models", "modelo", "modele", "series",
    "version", "edition", "gen", "generation", "موديل", "street", "road", "avenue", "rd", "ave", "by",
    "cents", "branches", "shops", "followers", "likes",
];

/// These of them may also follow a price: `KES 3500 in stock`, while `KES 5 km` is none.
#[rustfmt::skip]
pub(super) const UNITS_OF_STOCK: &[&str] = &[
    "in", "of", "available", "new", "used", "left", "pair", "set", "piece", "different",
];

/// Directly before a number these say that it names, counts or dates something.
#[rustfmt::skip]
pub(super) const NAMING: &[&str] = &[
    "namba", "number", "no", "num", "nr", "model", "modelo", "modele", "size", "part", "ref", "year", "ano",
    "annee", "saa", "siku", "masaa", "dakika", "wiki", "miezi", "vipande", "type", "version", "series",
    "room", "shop", "stall", "order", "code", "page", "item", "option", "grade", "class", "street", "road",
    "floor", "block", "plot", "line", "route", "highway", "gate", "in", "since", "month", "day", "x", "sku",
    "id", "serial", "till", "paybill", "account", "acc", "pin", "talla", "taille", "tamanho", "tipo",
    "call", "tel", "phone", "mpesa", "whatsapp", "llama", "ligue", "appelez", "رقم", "موديل", "سنه", "step",
    "mia", "usiku", "chassis", "engine", "frame", "reg", "plate", "invoice", "batch", "lot", "bin", "box",
    "apartment", "house", "km", "mile", "rue", "calle", "rua", "avenida", "numero", "nro", "codigo", "lote",
    "cep", "otp", "pass", "flight", "bus", "matatu", "exit", "level", "chapter", "verse", "psalm", "iphone",
    "nokia", "samsung", "galaxy", "peugeot", "bmw", "mazda", "toyota", "tecno", "infinix", "redmi", "hp",
    "dell", "form", "kra", "license", "licence", "passport", "lamina", "age", "aged", "talle", "bitola",
    "aro", "rin", "pointure", "grandeur", "moto", "placa", "postal", "زنقه", "شارع", "مقاس", "قياس", "كود",
    "طريق", "صفحه", "telefono", "telefone", "cel", "cell", "mobile", "simu", "nambari", "buy", "goods",
    "mileage", "capacity", "power", "odometer", "weight", "length", "width", "height", "volume", "distance",
    "population", "range", "speed", "watts", "wattage", "postcode", "zip", "extension", "ext",
    "kilometraje", "quilometragem", "kilometrage", "cilindrada", "cylindree", "nota", "promo", "sr",
];

/// Directly before a number these say that it is a price.
#[rustfmt::skip]
pub(super) const PRICE_BEFORE: &[&str] = &[
    "price", "prices", "cost", "costs", "costing", "for", "at", "bei", "only", "just", "goes", "going",
    "sell", "selling", "charge", "charges", "precio", "cuesta", "vale", "valor", "preco", "custa", "por",
    "prix", "coute", "a", "kwa", "ni", "is", "its", "pay", "quote", "pesa", "total", "الاجمالي", "المجموع", "اجمالي", "السعر", "سعر", "سعره",
    "بسعر", "بـ", "sasa", "it", "das", "son", "sao", "pour", "solo", "shilingi", "ko", "itakuwa", "inauzwa",
    "zinauzwa", "unapata", "utapata", "nauza", "tunauza", "tunauzia", "nakuuzia", "nitakupa", "nitakuachia",
    "nikuachie", "inaenda", "zinaenda", "iko", "sale", "salen", "saldria", "sai", "saem", "fica", "ficam",
    "esta", "estan", "ta", "fait", "font", "revient", "vaut", "cest", "sont", "dejo", "dejamos", "doy",
    "damos", "venda", "vendo", "vendemos", "vends", "vendons", "faco", "fazemos", "laisse", "fais",
    "faisons", "avec", "en", "so", "gives", "gave", "quoted", "amount", "rate", "last", "best", "will",
    "would", "be", "ours", "ب", "بس", "سعرها", "سعرو", "تمنها", "ثمنه", "ثمنها", "الثمن", "التمن", "بكام",
    "تكلفه", "تكلفتها", "يكلف", "ليك", "لك", "ليكم", "يطلع", "تطلع", "يصير", "charging", "asking", "thats",
    "theyre", "are", "each", "cada", "kila", "chacun", "chacune", "ukilipa", "hizo", "hiyo", "hii", "dem",
];

/// These alone among them are price words by meaning; the others need a round or larger number.
#[rustfmt::skip]
pub(super) const PRICE_NOUNS: &[&str] = &[
    "price", "cost", "costs", "costing", "bei", "precio", "cuesta", "valor", "preco", "custa", "prix",
    "coute", "السعر", "سعر", "سعره", "بسعر", "selling", "goes", "charge", "quote", "ب", "سعرها", "سعرو",
    "ثمنه", "ثمنها", "الثمن", "التمن", "rate", "amount", "precios", "precos", "valeur", "tarif", "costo",
    "custo", "cout", "gharama", "inauzwa", "zinauzwa", "bhav", "daam", "kimat", "sale", "saem", "custam",
    "cuestan", "coutent", "pesa", "والسعر", "وسعره", "وسعرها", "والثمن", "وثمنه", "pric", "prize", "prc",
    "beyi", "الاجمالي", "المجموع",
];

/// Directly after a number these say that it is a price.
#[rustfmt::skip]
pub(super) const PRICE_AFTER: &[&str] = &[
    "fixed", "each", "per", "only", "apiece", "pekee", "tu", "kila", "cada", "chacun", "chaque", "last",
    "final", "negotiable", "cash", "nett", "net", "فقط", "neg", "nego", "ono", "negotiatiable", "slightly",
    "genje", "sharp", "flat", "straight", "kwa", "kwako", "pesa", "unit", "lunite", "lapiece", "unidad",
    "unidade", "unite", "nonnegotiable", "firm", "fijo", "fixo", "fixe", "ferme", "negociable",
    "negociavel", "negociables", "avista", "efectivo", "contado", "dernier", "iva", "vat", "incl", "excl",
    "inclusive", "par", "por", "la", "للحبه", "للواحد", "للقطعه", "الحبه", "بس", "نهايي", "كاش", "صافي",
    "mwisho", "rahisi", "kipande", "pix", "dinheiro", "especes", "cu", "mwishowe", "c/u", "fix",
    "fixx",
];

/// Around a bare number these leave it a price.
#[rustfmt::skip]
pub(super) const HARMLESS: &[&str] = &[
    "yes", "yeah", "yep", "yap", "ya", "sure", "available", "have", "it", "we", "i", "ok", "okay", "stock",
    "boss", "bro", "sir", "madam", "mum", "dear", "sister", "brother", "customer", "my", "friend", "please",
    "thanks", "thank", "you", "asante", "karibu", "gracias", "obrigado", "obrigada", "merci", "شكرا",
    "hello", "hi", "habari", "ready", "now", "today", "tomorrow", "leo", "kesho", "hoy", "manana", "hoje",
    "amanha", "demain", "and", "with", "but", "got", "them", "the", "this", "that", "one", "here",
    "original", "genuine", "oem", "copy", "new", "quality", "good", "problem", "shida", "worries", "tuko",
    "nayo", "niko", "iko", "ipo", "ninayo", "tunayo", "ndio", "ndiyo", "nazo", "zipo", "ziko", "si", "sim",
    "oui", "tengo", "tenemos", "hay", "disponible", "disponivel", "temos", "tenho", "tem", "estoque",
    "avons", "dispo", "نعم", "ايوه", "متوفر", "موجود", "عندي", "عندنا", "اليوم", "غدا", "بكره", "can", "do",
    "give", "take", "come", "collect", "pick", "delivered", "delivery", "including", "included",
    "inclusive", "fitting", "labour", "installation", "warranty", "guarantee", "last", "final", "best",
    "set", "pair", "front", "rear", "full", "from", "mkuu", "kaka", "dada", "y", "e", "et", "na", "con",
    "com", "avec", "en", "out", "oo", "o", "oh", "ooh", "sebbo", "nyabo", "ssebo", "bhai", "bhaiya", "ji",
    "sirji", "haan", "oga", "chief", "baba", "mama", "mzee", "buda", "msee", "bana", "bwana", "ndugu",
    "rafiki", "mteja", "aunty", "auntie", "uncle", "bossman", "mkubwa", "kiongozi", "joven", "amigo",
    "amiga", "senor", "senora", "caserita", "caserito", "jefe", "patron", "patrao", "chefe", "moco",
    "querido", "querida", "cara", "mano", "irmao", "chef", "grand", "frere", "soeur", "monsieur", "madame",
    "khouya", "sahbi", "يا", "اخي", "حبيبي", "استاذ", "معلم", "باشا", "والله", "تمام", "اوكي", "طيب",
    "alright", "fine", "cool", "great", "perfect", "afternoon", "morning", "evening", "day", "free",
    "shipping", "shop", "store", "price", "prices", "anytime", "call", "whatsapp", "location", "located",
    "our", "your", "mine", "made", "japan", "germany", "brand", "branded", "condition", "ex", "there",
    "all", "complete", "kit", "without", "plus", "excluding", "excl", "box", "receipt", "also", "then",
    "kindly", "pls", "plz", "thx", "tu", "pia", "pamoja", "bila", "poa", "sawa", "kabisa", "kweli", "hii",
    "hiyo", "ile", "moja", "kila", "mpya", "nzuri", "karibuni", "dukani", "duka", "leta", "njoo", "nunua",
    "tunazo", "ninazo", "claro", "sin", "nuevo", "nueva", "originales", "incluido", "incluye", "instalado",
    "todo", "buen", "buena", "precio", "pieza", "par", "juego", "entrega", "recoger", "gratis", "sem",
    "novo", "nova", "incluso", "instalada", "peca", "jogo", "retirada", "gratuita", "frete", "la", "le",
    "les", "un", "une", "neuf", "neuve", "garantie", "compris", "incluse", "gratuite", "livraison", "sans",
    "pour", "chez", "nous", "je", "vous", "aussi", "actuellement", "مع", "بدون", "شامل", "جديد", "اصلي",
    "القطعه", "الحبه", "مستعمل", "ضمان", "الواحد", "للواحد", "عندك", "اه", "ايه", "فيه", "كاين", "كاينه",
    "متاح", "موجوده", "متوفره", "حاليا", "w/o", "w/", "w", "uk", "usa", "dubai", "europe", "korea", "china",
    "local", "thai", "japanese", "german", "chinese", "korean", "offer", "pay", "hapo", "buddy", "man",
    "ma", "maam", "oya", "abeg", "vat", "tax", "ukikuja", "tukutane", "naweza", "unaweza", "kwa", "sana",
    "mazee", "brathe", "manze", "ukitaka", "bas", "tuu", "jaldi", "sirf", "dost", "yaar", "nena", "pana",
    "mae", "parce", "vecino", "reina", "linda", "meu", "minha", "amor", "flor", "campeao", "parceiro",
    "svp", "stp", "tonton", "papa", "maman", "mon", "el", "los", "ka", "ki", "ke", "me", "mein", "lagega",
    "pra", "hoga", "hai", "only", "ttc", "ht", "egyptian", "مصري", "سعودي", "علي", "ja", "exclusive", "excludes",
    "includes", "payable", "total", "mpesa", "paybill", "till", "p", "nonnegotiable",
];

/// "was 4000": amounts, but not the price.
#[rustfmt::skip]
pub(super) const BOUNDS_BEFORE: &[&str] = &[
    "from", "starting", "starts", "start", "upto", "than", "over", "under", "below", "above", "least",
    "most", "minimum", "maximum", "min", "max", "not", "was", "were", "before", "desde", "hasta", "partir",
    "kuanzia", "depuis", "jusqua", "menos", "mas", "moins", "plus", "beyond", "between", "entre", "instead",
    "originally", "previously", "budget", "offer", "من", "حتي", "either", "kati", "elfu", "mia", "laki",
    "mrp", "rrp", "msrp", "exceed", "exceeding", "antes", "avant", "antigamente", "zamani", "ilikuwa",
    "kabla", "era", "etait", "كان", "كانت", "قبل", "usually", "normally", "elsewhere", "minimo", "maximo",
    "mini", "maxi", "low", "des", "acima", "abaixo", "encima", "debajo", "zaidi", "chini", "اقل", "اكثر",
    "فوق", "تحت", "kutoka", "toka", "mpaka",
];

#[rustfmt::skip]
pub(super) const BOUNDS_AFTER: &[&str] = &[
    "upwards", "onwards", "above", "plus", "lakh", "lakhs", "crore", "something", "ish", "kitu", "mas",
    "mais", "zaidi", "onward", "kuendelea", "فاكثر", "وفوق", "odd",
];

#[rustfmt::skip]
pub(super) const ROUGHLY: &[&str] = &[
    "about", "around", "roughly", "approx", "approximately", "kama", "hivi", "like", "circa", "aprox",
    "environ", "cerca", "say", "حوالي", "almost", "nearly", "takriban", "kiasi", "unos", "unas", "uns",
    "umas", "karibu", "تقريبا", "bandu", "abt", "arnd", "vers",
];

#[rustfmt::skip]
pub(super) const FEES: &[&str] = &[
    "delivery", "transport", "shipping", "deposit", "envio", "frete", "entrega", "livraison", "usafiri",
    "fee", "fare", "courier", "توصيل", "التوصيل", "labour", "fitting", "installation", "deliver",
    "delivers", "delivering", "deliveries", "ship", "ships", "freight", "postage", "kuleta", "kutuma",
    "kufikisha", "sendy", "boda", "rider", "tunaleta", "tunafikisha", "despacho", "domicilio", "domicilios",
    "flete", "envios", "enviamos", "mensajeria", "instalacion", "enganche", "anticipo", "abono", "deposito",
    "sinal", "adiantamento", "instalacao", "montagem", "entregamos", "motoboy", "sedex", "acompte",
    "expedition", "montage", "livrons", "والتوصيل", "شحن", "الشحن", "والشحن", "نوصل", "توصيله", "تركيب",
    "التركيب", "عربون", "العربون", "مقدم", "downpayment", "upfront", "advance", "labor", "fundi",
    "packaging", "fixing", "mounting", "alignment", "balancing", "usafirishaji", "ufundi", "consultation",
    "port", "porte", "portes", "entregar", "llevar", "livrer", "deliverly", "delivary", "dilivery",
    "delivry", "booking", "registration", "entry", "transportation", "service", "charges", "safari",
    "nauli",
];

#[rustfmt::skip]
pub(super) const OWNING: &[&str] = &[
    "have", "got", "has", "nina", "tuna", "tengo", "tenemos", "tenho", "temos", "jai", "avons", "عندي",
    "عندنا", "need", "tunazo", "ninazo", "hold", "stock", "stocked", "remaining", "tem", "tiene", "tienen",
    "quedan", "restam", "reste", "معي", "في",
];

/// Between a number of pieces and the amount for them.
#[rustfmt::skip]
pub(super) const FOR: &[&str] = &[
    "for", "kwa", "por", "pour", "ب", "عن",
];

/// Twelve at once: the amount beside it is for all of them.
#[rustfmt::skip]
pub(super) const DOZENS: &[&str] = &[
    "dozen", "dozens", "doz", "docena", "docenas", "duzia", "duzias", "douzaine", "douzaines", "dazeni",
    "darzeni", "دسته", "الدسته", "دزينه", "الدزينه", "درزن",
];

/// Several at once.
#[rustfmt::skip]
pub(super) const BOTH: &[&str] = &[
    "both", "all", "together", "altogether", "ambos", "ambas", "todos", "zote", "vyote", "حبتين", "قطعتين",
    "كلهم", "الكل", "tous", "toutes", "everything",
];

/// With the fee inside: the number is the price again.
#[rustfmt::skip]
pub(super) const INCLUDED: &[&str] = &[
    "free", "including", "included", "inclusive", "incl", "with", "pamoja", "bure", "incluido", "incluye",
    "gratis", "incluso", "inclusa", "incluida", "con", "com", "avec", "compris", "comprise", "incluse",
    "gratuite", "gratuit", "gratuita", "شامل", "مجاني", "مجانا", "مع",
];

/// Money of another matter: what is sent, lent or owed.
#[rustfmt::skip]
pub(super) const ELSEWHERE: &[&str] = &[
    "send", "sent", "lend", "borrow", "owe", "owes", "owed", "paid", "refund", "refunded", "transfer",
    "transferred", "salary", "rent", "loan", "balance", "budget", "debt", "nitumie", "tuma", "nimetuma",
    "nikopeshe", "nilipe", "deni", "kodi", "mshahara", "nakudai", "unanidai", "mande", "mandame", "manda",
    "envia", "enviame", "prestame", "presta", "debes", "debe", "deposita", "depositame", "renta",
    "empresta", "devendo", "transfere", "aluguel", "envoie", "envoies", "envoyez", "prete", "loyer",
    "rembourse", "حول", "ابعت", "ارسل", "سلفني", "راتب", "ايجار", "دين", "bet", "won", "win", "score",
    "call", "text", "dial", "piga", "bought", "buying", "neighbour", "neighbor", "bring", "carry", "lete",
    "uje", "compre", "comprei", "achete", "accept", "said", "told", "اشتريت", "llama", "llame", "ligue",
    "appelez", "اتصل", "borrowed", "lent", "invoice", "topup", "recharge", "airtime", "recarga", "credito",
    "bundle", "bundles", "ticket", "fees", "tuition", "hospital", "exam", "marks", "scored", "received",
    "receive", "confirmed", "withdrawn", "withdraw", "deposited", "spent", "spend", "jackpot", "prize",
    "limit", "fined", "donated", "donate", "contribution", "contribute", "harambee", "chama", "earn",
    "earned", "wage", "wages", "gave", "recibido", "recibi", "recebi", "recu", "gane", "ganhei", "استلمت",
    "umetumiwa", "umepokea", "nimepokea", "nimelipa", "amelipa", "mchango", "order", "orders", "fare",
    "fuel", "consultation", "penalty", "overdraft", "owing", "collected", "change", "he", "she",
];

/// Beside a number these say that it is taken off.
#[rustfmt::skip]
pub(super) const REDUCING: &[&str] = &[
    "off", "discount", "discounted", "descuento", "desconto", "rabais", "remise", "reduction", "خصم",
    "punguzo", "less", "minus", "save", "menos", "moins", "reduce", "reduced", "abatimento", "rebaja",
];

/// What happens at a time of the day.
#[rustfmt::skip]
pub(super) const MEETING: &[&str] = &[
    "come", "open", "opens", "opening", "close", "closes", "closed", "meet", "arrive", "collect", "pick",
    "njoo", "tunafungua", "tunafunga", "abrimos", "cerramos", "fechamos", "abre", "ouvre", "ferme",
    "ouvrons", "fermons", "نفتح", "نقفل", "there", "appointment", "call", "me", "leave", "reach", "th",
    "back", "flight", "bus", "nitakuwa", "tukutane", "reunion", "cita", "rendez", "arrives", "lands",
    "wake", "start", "starts", "begins", "ends", "موعد",
];

/// Before "price": it is not the price any more, or somebody else's.
#[rustfmt::skip]
pub(super) const FORMER: &[&str] = &[
    "old", "previous", "former", "initial", "market", "usual", "normal", "regular", "retail", "before",
    "was", "antes", "anterior", "antigo", "antiguo", "normalmente", "avant", "ancien", "zamani", "awali",
    "قديم", "القديم", "قبل", "كان", "كانت", "سابق", "السابق", "shops", "others", "elsewhere", "competitors",
];

/// What is sold. Before a number these leave it a price; behind it they are what it counts.
#[rustfmt::skip]
pub(super) const PRODUCTS: &[&str] = &[
    "pads", "pad", "brake", "brakes", "filter", "oil", "battery", "tyre", "tyres", "disc", "discs",
    "screen", "medicine", "cable", "shoes", "shocks", "shock", "bearing", "bearings", "tire", "tires",
    "rim", "rims", "bulb", "bulbs", "headlight", "headlights", "taillight", "bumper", "mirror", "mirrors",
    "door", "bonnet", "radiator", "clutch", "alternator", "starter", "plugs", "plug", "belt", "pump",
    "engine", "gearbox", "sensor", "wiper", "wipers", "phone", "laptop", "charger", "cover", "case", "shoe",
    "dress", "shirt", "bag", "tablets", "syrup", "strip", "drug", "cement", "paint", "pipe", "tank", "bed",
    "sofa", "table", "chair", "fridge", "tv", "cooker", "gas", "maize", "flour", "rice", "sugar", "balatas",
    "pastillas", "filtro", "aceite", "llanta", "llantas", "bateria", "pastilha", "pastilhas", "oleo",
    "pneu", "pneus", "plaquettes", "filtre", "huile", "batterie", "taa", "tairi", "betri", "mafuta",
    "viatu", "simu", "dawa", "فحمات", "بطاريه", "زيت", "فلتر", "كفر", "شاشه", "جوال", "piece", "tienda",
    "loja", "magasin", "boutique", "parts", "spare", "spares", "engines", "kits", "bushes", "mounting",
    "mountings", "injector", "injectors", "gasket", "hose", "seat", "seats", "windscreen", "glass",
    "lights", "light", "lamp", "speaker", "headphones", "earphones", "keyboard", "mouse", "printer",
    "router", "camera", "watch", "jacket", "trouser", "trousers", "jeans", "sandals", "boots", "sneakers",
    "handbag", "perfume", "lotion", "soap", "bread", "milk", "eggs", "beans", "meat", "fish", "chicken",
    "timber", "tiles", "wire", "drill", "generator", "inverter", "panel", "solar", "mattress", "pillow",
    "curtain", "carpet", "cylinder", "stove", "kettle", "blender", "iron", "microwave", "washing",
    "machine", "books", "book", "uniform", "amortiguador", "amortiguadores", "bujias", "faro", "faros",
    "espejo", "pantalla", "celular", "zapatos", "medicina", "disco", "discos", "farol", "retrovisor",
    "tela", "sapato", "remedio", "amortecedor", "amortecedores", "velas", "pantalon", "chaussures",
    "telephone", "ecran", "phare", "amortisseur", "amortisseurs", "medicament", "تلفون", "ايفون", "حذاء",
    "دواء", "كاميرا", "طرمبه", "مرايه",
];

/// Between a word and the number that it is about: "mileage is 85000".
#[rustfmt::skip]
pub(super) const LINKS: &[&str] = &[
    "is", "are", "was", "ni", "of", "es", "e", "est", "de", "number", "no", "iko", "at", "a",
];
