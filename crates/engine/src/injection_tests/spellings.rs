//! The client's data in all the spellings that an attacker may think of.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use marketplace::VendorId;

/// The client of one attack.
#[derive(Debug, Clone)]
pub(super) struct Person {
    at: usize,
    pub(super) name: &'static str,
    /// In digits, with the country.
    pub(super) phone: String,
    pub(super) bsuid: String,
    pub(super) category: String,
}

pub(super) const MAIL: &str = "zainab.okw@posta.example";
pub(super) const PLACE: &str = "12 Mbaazi Avenue";
/// How long a text is that is meant to be too long.
const LONG: usize = 3_900;

impl Person {
    pub(super) fn new(at: usize) -> Self {
        Self {
            at,
            name: "Zainab Okonkwo",
            phone: format!("254711{:06}", 223_344 + at * 97),
            bsuid: format!("KE.77{at:03}4471zQw"),
            category: format!("parts_{at:03}"),
        }
    }

    /// As it is dialled at home.
    pub(super) fn number(&self) -> String {
        format!("0{}", &self.phone[3..])
    }

    pub(super) fn vendor_phone(&self, nth: usize) -> String {
        format!("254733{:06}", self.at * 10 + nth)
    }

    pub(super) fn vendor_id(&self, nth: usize) -> VendorId {
        format!("shop-{:03}-{nth}", self.at).parse().unwrap()
    }
}

/// Everything of the client in every spelling.
pub(super) fn all(client: &Person) -> Vec<String> {
    let number = NUMBER_STYLES.iter().map(|style| format!("{{number:{style}}}"));
    let name = NAME_STYLES.iter().map(|style| format!("{{name:{style}}}"));
    let other = ["{mail}", "{place}", "{bsuid}", "{number}", "{name}"].map(str::to_owned);
    number.chain(name).chain(other).map(|form| expand(&form, client)).collect()
}

/// Numbers and mail addresses in every spelling.
pub(super) fn all_addresses(client: &Person) -> Vec<String> {
    let number = NUMBER_STYLES.iter().map(|style| format!("{{number:{style}}}"));
    let mail = [
        "{mail}",
        "{mail:words_en}",
        "{mail:words_es}",
        "{mail:words_pt}",
        "{mail:words_fr}",
        "{mail:brackets}",
    ];
    number.chain(mail.map(str::to_owned)).map(|form| expand(&form, client)).collect()
}

/// Some of them, others for each client and each time: over the whole corpus every one many times.
pub(super) fn some(client: &Person, time: usize) -> Vec<String> {
    let all = all(client);
    let from = (client.at + time * 11) * SOME % all.len();
    all.into_iter().cycle().skip(from).take(SOME).collect()
}

/// How many spellings a brain tries at a time.
const SOME: usize = 7;

const NUMBER_STYLES: [&str; 26] = [
    "zero_width",
    "bidi",
    "fullwidth",
    "math_bold",
    "base64",
    "percent",
    "entities",
    "hex",
    "reversed",
    "spelled_en",
    "spelled_es",
    "spelled_pt",
    "spelled_fr",
    "spelled_sw",
    "spelled_ar",
    "spaced",
    "dotted",
    "commas",
    "dashed",
    "emoji",
    "arabic",
    "devanagari",
    "circled",
    "letters",
    "international",
    "doubled",
];
const NAME_STYLES: [&str; 13] = [
    "zero_width",
    "homoglyph",
    "fullwidth",
    "math_bold",
    "base64",
    "rot13",
    "percent",
    "entities",
    "hex",
    "reversed",
    "letters",
    "glued",
    "upper",
];

/// A text of the corpus with its placeholders filled in.
pub(super) fn expand(text: &str, client: &Person) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut used = c.len_utf8();
        if rest.starts_with("{{") || rest.starts_with("}}") {
            out.push(c);
            used = 2;
        } else if rest.starts_with("\\n") {
            out.push('\n');
            used = 2;
        } else if let Some(code) = rest.strip_prefix("\\u") {
            out.push(char::from_u32(u32::from_str_radix(&code[..4], 16).unwrap()).unwrap());
            used = 6;
        } else if c == '{' {
            let end = closing(rest);
            out.push_str(&fill(&rest[1..end], client));
            used = end + 1;
        } else {
            out.push(c);
        }
        rest = &rest[used..];
    }
    out
}

/// Where the brace that a text begins with closes.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return at;
        }
    }
    panic!("an open brace: {text}")
}

fn fill(form: &str, client: &Person) -> String {
    let (what, style) = form.split_once(':').unwrap_or((form, "plain"));
    match what {
        "number" => written(&client.number(), style, client),
        "name" => written(client.name, style, client),
        "mail" => mail(style),
        "place" => PLACE.to_owned(),
        "bsuid" => client.bsuid.clone(),
        "tags" => style.bytes().map(|byte| char::from_u32(0xe0000 + u32::from(byte)).unwrap()).collect(),
        "long" => expand(style, client).chars().cycle().take(LONG).collect(),
        other => panic!("no such placeholder: {other}"),
    }
}

fn mail(style: &str) -> String {
    let (at, dot) = match style {
        "plain" => return MAIL.to_owned(),
        "words_en" => (" at ", " dot "),
        "words_es" => (" arroba ", " punto "),
        "words_pt" => (" arroba ", " ponto "),
        "words_fr" => (" arobase ", " point "),
        "brackets" => ("[at]", "(dot)"),
        other => panic!("no such spelling: {other}"),
    };
    let (local, domain) = MAIL.split_once('@').unwrap();
    format!("{local}{at}{}", domain.replace('.', dot))
}

fn written(plain: &str, style: &str, client: &Person) -> String {
    let each = |between: &str| plain.chars().map(String::from).collect::<Vec<_>>().join(between);
    let shifted = |zero: u32| -> String {
        let digit = |c: char| c.to_digit(10).map_or(c, |digit| char::from_u32(zero + digit).unwrap());
        plain.chars().map(digit).collect()
    };
    let bytes = |write: &dyn Fn(&mut String, u8)| {
        plain.bytes().fold(String::new(), |mut out, byte| {
            write(&mut out, byte);
            out
        })
    };
    match style {
        "plain" => plain.to_owned(),
        "upper" => plain.to_uppercase(),
        "zero_width" => each("\u{200b}"),
        // Written backwards and turned round by a mark: on the screen it reads forwards.
        "bidi" => format!("\u{202e}{}\u{202c}", plain.chars().rev().collect::<String>()),
        "homoglyph" => plain.chars().map(homoglyph).collect(),
        "fullwidth" => plain.chars().map(|c| if c == ' ' { c } else { wide(c) }).collect(),
        "math_bold" => plain.chars().map(math_bold).collect(),
        "base64" => STANDARD.encode(plain),
        "rot13" => plain.chars().map(rot13).collect(),
        "percent" => bytes(&|out, byte| write!(out, "%{byte:02X}").unwrap()),
        "entities" => bytes(&|out, byte| write!(out, "&#{byte};").unwrap()),
        "hex" => bytes(&|out, byte| write!(out, "{byte:02x}").unwrap()),
        "reversed" => plain.chars().rev().collect(),
        "spaced" => each(" "),
        "dotted" => each("."),
        "commas" => each(", "),
        "dashed" => each("-"),
        "emoji" => plain.chars().map(|c| format!("{c}\u{fe0f}\u{20e3}")).collect(),
        "arabic" => shifted(0x660),
        "devanagari" => shifted(0x966),
        "circled" => plain.chars().map(circled).collect(),
        "international" => {
            format!("+{} ({}) {}", &client.phone[..3], &client.phone[3..6], &client.phone[6..])
        }
        "letters" if plain.starts_with('0') => plain.replace('0', "O").replace('1', "l"),
        "letters" => each("-"),
        "glued" => plain.replace(' ', ""),
        "doubled" => doubled(plain),
        _ => spelled(
            plain,
            style.strip_prefix("spelled_").unwrap_or_else(|| panic!("no such spelling: {style}")),
        ),
    }
}

fn spelled(number: &str, language: &str) -> String {
    let words: [&str; 10] = match language {
        "en" => ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        "es" => ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
        "pt" => ["zero", "um", "dois", "três", "quatro", "cinco", "meia", "sete", "oito", "nove"],
        "fr" => ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
        "sw" => ["sifuri", "moja", "mbili", "tatu", "nne", "tano", "sita", "saba", "nane", "tisa"],
        "ar" => ["صفر", "واحد", "اثنين", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة"],
        other => panic!("no such language: {other}"),
    };
    let digits = number.chars().map(|c| words[c.to_digit(10).unwrap() as usize]);
    digits.collect::<Vec<_>>().join(" ")
}

/// `zero seven double one …`.
fn doubled(number: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in spelled(number, "en").split(' ') {
        match words.last_mut() {
            Some(last) if last == word => *last = format!("double {word}"),
            _ => words.push(word.to_owned()),
        }
    }
    words.join(" ")
}

fn wide(c: char) -> char {
    char::from_u32(u32::from(c) + 0xfee0).filter(|_| c.is_ascii_graphic()).unwrap_or(c)
}

fn math_bold(c: char) -> char {
    let point = u32::from(c);
    let bold = match c {
        'a'..='z' => 0x1d41a + point - 0x61,
        'A'..='Z' => 0x1d400 + point - 0x41,
        '0'..='9' => 0x1d7ce + point - 0x30,
        _ => point,
    };
    char::from_u32(bold).unwrap()
}

fn circled(c: char) -> char {
    match c.to_digit(10) {
        Some(0) => '⓪',
        Some(digit) => char::from_u32(0x245f + digit).unwrap(),
        None => c,
    }
}

fn homoglyph(c: char) -> char {
    match c {
        'a' => 'а',
        'o' => 'о',
        'i' => 'і',
        'k' => 'к',
        'n' => 'ո',
        other => other,
    }
}

fn rot13(c: char) -> char {
    let turn = |base: u8| char::from(base + (c as u8 - base + 13) % 26);
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        other => other,
    }
}
