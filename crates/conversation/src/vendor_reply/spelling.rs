//! What people type for the words that decide.

/// Short forms and the words that they stand for.
const SHORT: &[(&str, &[&str])] = &[
    ("have", &["hv", "hav", "haf", "hve", "havw"]),
    ("dont", &["dnt", "dnot", "dntt"]),
    ("available", &["avlbl", "avl", "avail", "avble", "avlb", "availbl", "aval", "avbl", "avlable"]),
    ("stock", &["stok", "stk", "stck", "stoc"]),
    ("yes", &["yh", "ys", "yas", "yess", "yees", "yus", "yea", "yeh", "yeap", "yey", "ues"]),
    ("not", &["nt", "nott"]),
    ("got", &["gt"]),
    ("will", &["wil", "wll"]),
    ("finished", &["finshd", "finishd"]),
    ("sold", &["soldd"]),
    ("cant", &["cnt"]),
    ("check", &["chek", "chk", "chck"]),
    ("nao", &["naum", "naun", "nn", "ñ"]),
    ("jai", &["g", "ge"]),
    ("ndio", &["ndyo", "ndyio", "ndo"]),
    ("sorry", &["sory", "sori", "srry"]),
];

/// Long words in which one slip of the finger is forgiven.
const LONG: &[&str] = &[
    "available",
    "unavailable",
    "finished",
    "discontinued",
    "disponible",
    "disponivel",
    "indisponible",
    "indisponivel",
    "agotado",
    "esgotado",
    "tenemos",
    "imeisha",
    "zimeisha",
    "inapatikana",
    "haipatikani",
    "tomorrow",
    "definitely",
    "currently",
    "unfortunately",
];

/// The word that was meant, or the word itself.
pub(super) fn corrected(word: &str) -> &str {
    let short = SHORT.iter().find(|(_, forms)| forms.contains(&word)).map(|(meant, _)| *meant);
    let long = || LONG.iter().find(|meant| one_slip(word, meant)).copied();
    short.or_else(long).unwrap_or(word)
}

/// One letter wrong, missing, too many, or two changed places; the first letter is right.
fn one_slip(word: &str, meant: &str) -> bool {
    if word.len() < 6 || word.len().abs_diff(meant.len()) > 1 || word == meant {
        return false;
    }
    let same = word.bytes().zip(meant.bytes()).take_while(|(a, b)| a == b).count();
    let tail = word.bytes().rev().zip(meant.bytes().rev()).take_while(|(a, b)| a == b).count();
    let longest = word.len().max(meant.len());
    let swapped = word.len() == meant.len()
        && same + tail + 2 == longest
        && word.bytes().skip(same).take(2).eq(meant
            .bytes()
            .skip(same)
            .take(2)
            .collect::<Vec<u8>>()
            .into_iter()
            .rev());
    same > 0 && (same + tail + 1 >= longest || swapped)
}
