//! The words around a number that make it a price, or something else. All folded.

/// Words between the two ends of a range or of a choice.
#[rustfmt::skip]
pub(super) const RANGE_WORDS: &[&str] = &[
    "to", "or", "hadi", "mpaka", "till", "until", "ate", "a", "o", "ou", "au", "ama", "الي", "او", "bis",
    "upto",
];

/// Words between, when "between" stands before.
#[rustfmt::skip]
pub(super) const BETWEEN: &[&str] = &[
    "between", "entre", "kati", "بين",
];

#[rustfmt::skip]
pub(super) const AND: &[&str] = &[
    "and", "y", "e", "et", "na", "ya", "و",
];

/// Directly after a number these say that it counts or measures something.
#[rustfmt::skip]
pub(super) const UNITS: &[&str] = &[
    // Pieces.
    "left", "pcs", "pc", "piece", "pieces", "pair", "pairs", "set", "sets", "unit", "units", "available",
    "remaining", "in", "of", "x", "packs", "pack", "boxes", "box", "bottles", "bottle", "bags", "bag",
    "tins", "cartons", "dozen", "items", "types", "kinds", "colours", "colors", "options", "doors", "more",
    "others", "different", "new", "used", "copies", "unidades", "piezas", "pecas", "pieces", "disponibles",
    "disponiveis", "restantes", "vipande", "قطع", "قطعه", "حبات", "حبه",
    // Measures.
    "km", "kms", "mile", "miles", "mileage", "m", "cm", "mm", "inch", "inches", "ft", "feet", "kg", "kgs",
    "g", "gr", "gms", "grams", "mg", "mcg", "ml", "l", "lt", "ltr", "ltrs", "litre", "litres", "liter",
    "liters", "gb", "tb", "mb", "ram", "v", "volt", "volts", "w", "watt", "watts", "kw", "amp", "amps",
    "ah", "mah", "hp", "cc", "rpm", "psi", "hz", "mp", "ohm", "ohms", "st", "nd", "rd", "th", "degrees",
    "percent", "tablets", "tabs", "capsules", "stars", "views", "seater", "way", "pin", "core",
    // Time.
    "am", "pm", "a.m", "p.m", "h", "hr", "hrs", "hour", "hours", "min", "mins", "minute", "minutes",
    "minutos", "sec", "day", "days", "week", "weeks", "wk", "wks", "month", "months", "year", "years",
    "yr", "yrs", "oclock", "hora", "horas", "heure", "heures", "dia", "dias", "jour", "jours", "semana",
    "semanas", "semaine", "semaines", "mes", "meses", "mois", "ano", "anos", "ans", "annees", "ساعه",
    "ساعات", "دقيقه", "دقائق", "يوم", "ايام", "اسبوع", "اسابيع", "شهر", "سنه",
    // Kinds.
    "model", "models", "modelo", "modele", "series", "version", "edition", "gen", "generation", "off",
    "discount", "موديل",
];

/// These of them may also follow a price: `KES 3500 in stock`, while `KES 5 km` is none.
#[rustfmt::skip]
pub(super) const UNITS_OF_STOCK: &[&str] = &[
    "in", "of", "available", "new", "used", "left", "pair", "set", "piece", "different",
];

/// Directly before a number these say that it names, counts or dates something.
#[rustfmt::skip]
pub(super) const NAMING: &[&str] = &[
    "namba", "number", "no", "num", "nr", "model", "modelo", "modele", "size", "part", "ref", "year",
    "ano", "annee", "saa", "siku", "masaa", "dakika", "wiki", "miezi", "vipande", "type", "version",
    "series", "room", "shop", "stall", "order", "code", "page", "item", "option", "grade", "class",
    "street", "road", "floor", "block", "plot", "line", "route", "highway", "gate", "in", "since", "month",
    "day", "x", "sku", "id", "serial", "till", "paybill", "account", "acc", "pin", "talla", "taille",
    "tamanho", "tipo", "call", "tel", "phone", "mpesa", "whatsapp", "llama", "ligue", "appelez", "رقم",
    "موديل", "سنه", "step", "mia", "usiku",
];

/// Directly before a number these say that it is a price.
#[rustfmt::skip]
pub(super) const PRICE_BEFORE: &[&str] = &[
    "price", "prices", "cost", "costs", "costing", "for", "at", "bei", "only", "just", "goes", "going",
    "sell", "selling", "charge", "charges", "precio", "cuesta", "vale", "valor", "preco", "custa", "por",
    "prix", "coute", "a", "kwa", "ni", "is", "its", "pay", "quote", "pesa", "total", "السعر", "سعر",
    "سعره", "بسعر", "بـ", "sasa", "it", "das", "son", "sao", "pour", "solo", "shilingi",
];

/// These alone among them are price words by meaning; the others need a round or larger number.
#[rustfmt::skip]
pub(super) const PRICE_NOUNS: &[&str] = &[
    "price", "cost", "costs", "costing", "bei", "precio", "cuesta", "valor", "preco", "custa", "prix",
    "coute", "السعر", "سعر", "سعره", "بسعر", "selling", "goes", "charge", "quote",
];

/// Directly after a number these say that it is a price.
#[rustfmt::skip]
pub(super) const PRICE_AFTER: &[&str] = &[
    "fixed", "each", "per", "only", "apiece", "pekee", "tu", "kila", "cada", "chacun", "chaque", "last",
    "final", "negotiable", "cash", "nett", "net", "فقط",
];

/// Around a bare number these leave it a price.
#[rustfmt::skip]
pub(super) const HARMLESS: &[&str] = &[
    "yes", "yeah", "yep", "yap", "ya", "sure", "available", "have", "it", "we", "i", "ok", "okay", "stock",
    "boss", "bro", "sir", "madam", "mum", "dear", "sister", "brother", "customer", "my", "friend",
    "please", "thanks", "thank", "you", "asante", "karibu", "gracias", "obrigado", "obrigada", "merci",
    "شكرا", "hello", "hi", "habari", "ready", "now", "today", "tomorrow", "leo", "kesho", "hoy", "manana",
    "hoje", "amanha", "demain", "and", "with", "but", "got", "them", "the", "this", "that", "one", "here",
    "original", "genuine", "oem", "copy", "new", "quality", "good", "problem", "shida", "worries", "tuko",
    "nayo", "niko", "iko", "ipo", "ninayo", "tunayo", "ndio", "ndiyo", "nazo", "zipo", "ziko", "si", "sim",
    "oui", "tengo", "tenemos", "hay", "disponible", "disponivel", "temos", "tenho", "tem", "estoque",
    "avons", "dispo", "نعم", "ايوه", "متوفر", "موجود", "عندي", "عندنا", "اليوم", "غدا", "بكره", "can",
    "do", "give", "take", "come", "collect", "pick", "delivered", "delivery", "including", "included",
    "inclusive", "fitting", "labour", "installation", "warranty", "guarantee", "last", "final", "best",
    "pads", "pad", "brake", "brakes", "set", "pair", "filter", "oil", "battery", "tyre", "tyres", "disc",
    "discs", "screen", "medicine", "cable", "shoes", "front", "rear", "full", "from", "mkuu", "kaka",
    "dada", "y", "e", "et", "na", "con", "com", "avec", "en", "out",
];

/// "From 3000", "up to 3000", "was 4000": amounts, but not the price.
#[rustfmt::skip]
pub(super) const BOUNDS_BEFORE: &[&str] = &[
    "from", "starting", "starts", "start", "upto", "than", "over", "under", "below", "above", "least",
    "most", "minimum", "maximum", "min", "max", "not", "was", "were", "before", "desde", "hasta", "partir",
    "kuanzia", "depuis", "jusqua", "menos", "mas", "moins", "plus", "beyond", "between", "entre",
    "instead", "originally", "previously", "budget", "offer", "من", "حتي", "either", "kati", "elfu", "mia",
    "laki",
];

#[rustfmt::skip]
pub(super) const BOUNDS_AFTER: &[&str] = &[
    "upwards", "onwards", "above", "plus", "lakh", "lakhs", "crore", "something", "ish", "kitu",
];

#[rustfmt::skip]
pub(super) const ROUGHLY: &[&str] = &[
    "about", "around", "roughly", "approx", "approximately", "kama", "hivi", "like", "circa", "aprox",
    "environ", "cerca", "say", "حوالي", "almost", "nearly", "takriban",
];

#[rustfmt::skip]
pub(super) const FEES: &[&str] = &[
    "delivery", "transport", "shipping", "deposit", "envio", "frete", "entrega", "livraison", "usafiri",
    "fee", "fare", "courier", "توصيل", "التوصيل", "labour", "fitting", "installation",
];

#[rustfmt::skip]
pub(super) const OWNING: &[&str] = &[
    "have", "got", "has", "nina", "tuna", "tengo", "tenemos", "tenho", "temos", "jai", "avons", "عندي",
    "عندنا",
];
