//! The number words, folded.

/// What a word is in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// 1 to 9.
    Unit(u64),
    /// 10 to 19.
    Teen(u64),
    /// 20 to 90.
    Ten(u64),
    /// Several hundreds in one word, thousands too: `quinientos`, `الفين`.
    Hundreds(u64),
    /// Multiplies what stands before by a hundred.
    Hundred,
    /// Multiplies what stands before.
    Thousand(u64),
    /// Multiplies what stands behind: Swahili.
    Leading(u64),
    /// Up to three digits.
    Digits(u64),
}

/// Reads one word; Arabic "and" and "for" are written onto the word.
pub(super) fn lookup(word: &str) -> Option<Class> {
    let bare = word.strip_prefix('و').or_else(|| word.strip_prefix('ب')).unwrap_or(word);
    let find =
        |wanted: &str| TABLE.iter().find(|(_, words)| words.contains(&wanted)).map(|(class, _)| *class);
    find(word).or_else(|| find(bare))
}

#[rustfmt::skip]
const TABLE: &[(Class, &[&str])] = &[
    (Class::Unit(1), &["one", "moja", "uno", "un", "um", "une", "uma", "ek", "واحد"]),
    (Class::Unit(2), &["two", "mbili", "dos", "dois", "duas", "deux", "اثنين", "اتنين"]),
    (Class::Unit(3), &["three", "tatu", "tres", "trois", "teen", "ثلاثه", "تلاته", "ثلاث", "تلات", "تلت"]),
    (Class::Unit(4), &["four", "nne", "cuatro", "quatro", "quatre", "char", "اربعه", "اربع"]),
    (Class::Unit(5), &["five", "tano", "cinco", "cinq", "paanch", "panch", "خمسه", "خمس"]),
    (Class::Unit(6), &["six", "sita", "seis", "سته", "ست"]),
    (Class::Unit(7), &["seven", "saba", "siete", "sete", "sept", "saat", "سبعه", "سبع"]),
    (Class::Unit(8), &["eight", "nane", "ocho", "oito", "huit", "aath", "ثمانيه", "تمانيه", "ثمان", "تمن"]),
    (Class::Unit(9), &["nine", "tisa", "nueve", "nove", "neuf", "تسعه", "تسع"]),
    (Class::Teen(10), &["ten", "kumi", "diez", "dez", "dix", "das", "عشره", "عشر"]),
    (Class::Teen(11), &["eleven", "once", "onze"]),
    (Class::Teen(12), &["twelve", "doce", "doze", "douze"]),
    (Class::Teen(13), &["thirteen", "trece", "treze", "treize"]),
    (Class::Teen(14), &["fourteen", "catorce", "catorze", "quatorze"]),
    (Class::Teen(15), &["fifteen", "quince", "quinze"]),
    (Class::Teen(16), &["sixteen", "dieciseis", "dezesseis", "seize"]),
    (Class::Teen(17), &["seventeen", "diecisiete", "dezessete"]),
    (Class::Teen(18), &["eighteen", "dieciocho", "dezoito"]),
    (Class::Teen(19), &["nineteen", "diecinueve", "dezenove"]),
    (Class::Ten(20), &["twenty", "ishirini", "veinte", "vinte", "vingt", "vingts", "bees", "عشرين"]),
    (Class::Ten(30), &["thirty", "thelathini", "treinta", "trinta", "trente", "ثلاثين", "تلاتين"]),
    (Class::Ten(40), &["forty", "fourty", "arobaini", "cuarenta", "quarenta", "quarante", "اربعين"]),
    (Class::Ten(50), &["fifty", "hamsini", "cincuenta", "cinquenta", "cinquante", "pachas", "خمسين"]),
    (Class::Ten(60), &["sixty", "sitini", "sesenta", "sessenta", "soixante", "ستين"]),
    (Class::Ten(70), &["seventy", "sabini", "setenta", "سبعين"]),
    (Class::Ten(80), &["eighty", "themanini", "ochenta", "oitenta", "ثمانين", "تمانين"]),
    (Class::Ten(90), &["ninety", "tisini", "noventa", "تسعين"]),
    (Class::Hundreds(100), &["cien", "ciento", "cem", "cento", "ميه", "مايه", "مئه", "مائه"]),
    (Class::Hundreds(200), &["doscientos", "doscientas", "duzentos", "duzentas", "ميتين", "مئتين", "مائتين"]),
    (Class::Hundreds(300), &["trescientos", "trescientas", "trezentos", "ثلاثميه", "تلتميه", "ثلاثمائه", "ثلاثمئه"]),
    (Class::Hundreds(400), &["cuatrocientos", "cuatrocientas", "quatrocentos", "اربعميه", "ربعميه", "اربعمائه", "اربعمئه"]),
    (Class::Hundreds(500), &["quinientos", "quinientas", "quinhentos", "خمسميه", "خمسمايه", "خمسمائه", "خمسمئه"]),
    (Class::Hundreds(600), &["seiscientos", "seiscientas", "seiscentos", "ستميه", "ستمائه", "ستمئه"]),
    (Class::Hundreds(700), &["setecientos", "setecientas", "setecentos", "سبعميه", "سبعمائه", "سبعمئه"]),
    (Class::Hundreds(800), &["ochocientos", "ochocientas", "oitocentos", "ثمانميه", "تمنميه", "ثمانمائه", "ثمانمئه"]),
    (Class::Hundreds(900), &["novecientos", "novecientas", "novecentos", "تسعميه", "تسعمائه", "تسعمئه"]),
    (Class::Hundreds(2_000), &["الفين", "الفان"]),
    (Class::Hundred, &["hundred", "hundreds", "cent", "cents", "sau"]),
    (Class::Thousand(1_000), &["thousand", "thousands", "mil", "mille", "hazar", "hazaar", "الف", "الاف"]),
    (Class::Thousand(100_000), &["lakh", "lakhs", "lac"]),
    (Class::Thousand(1_000_000), &["million", "millon", "millones", "milhao", "milhoes", "مليون"]),
    (Class::Leading(100), &["mia", "soo"]),
    (Class::Leading(1_000), &["elfu", "alfu", "ngiri", "thao", "thousa"]),
    (Class::Leading(100_000), &["laki"]),
    (Class::Leading(1_000_000), &["milioni"]),
];
