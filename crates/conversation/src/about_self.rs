//! What people say of themselves beside the need: "my name is …", "I live at …". It is nobody's business before the
//! handoff.

use crate::text::fold;

/// A passage in which somebody names themselves or their address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// A name, as it was written.
    Name(String),
    /// An address, as it was written.
    Place(String),
}

/// How people begin to say their name, folded, in the languages we ship.
const NAMES: [&str; 18] = [
    "my name is",
    "my names are",
    "i am called",
    "this is mr",
    "this is mrs",
    "me llamo",
    "mi nombre es",
    "meu nome e",
    "me chamo",
    "je mappelle",
    "mon nom est",
    "jina langu ni",
    "ninaitwa",
    "naitwa",
    "اسمي",
    "انا اسمي",
    "im called",
    "yours truly",
];
/// How people begin to say where they live. An area alone ("I am in Westlands") is no address.
const PLACES: [&str; 20] = [
    "my address is",
    "my home address is",
    "i live at",
    "i live on",
    "i live in",
    "my house is",
    "mi direccion es",
    "vivo en",
    "meu endereco e",
    "moro na",
    "moro no",
    "moro em",
    "mon adresse est",
    "jhabite au",
    "jhabite",
    "anwani yangu ni",
    "naishi",
    "عنواني",
    "اسكن في",
    "ساكن في",
];
/// Words of a name after its beginning, at most.
const NAME_WORDS: usize = 3;
/// Words of an address, at most.
const PLACE_WORDS: usize = 8;

/// The passages of a text in which its writer tells a name or an address.
pub fn passages(text: &str) -> Vec<Passage> {
    let words: Vec<&str> = text.split_whitespace().collect();
    found(&words)
        .into_iter()
        .filter_map(|found| {
            let value = words.get(found.value..found.end)?.join(" ");
            let value = value.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
            let passage = if found.is_name { Passage::Name } else { Passage::Place };
            (!value.is_empty()).then(|| passage(value))
        })
        .collect()
}

/// The text without these passages, on one line.
pub fn without_passages(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let found = found(&words);
    let told = |at: &usize| found.iter().any(|found| (found.start..found.end).contains(at));
    let kept: Vec<&str> =
        words.iter().enumerate().filter(|(at, _)| !told(at)).map(|(_, word)| *word).collect();
    kept.join(" ")
}

struct Found {
    is_name: bool,
    start: usize,
    value: usize,
    end: usize,
}

fn found(words: &[&str]) -> Vec<Found> {
    let folded: Vec<String> =
        words.iter().map(|word| fold(word).chars().filter(|c| c.is_alphanumeric()).collect()).collect();
    let begins = |at: usize, phrase: &str| {
        let length = phrase.split(' ').count();
        let matches = folded.get(at..at + length).is_some_and(|window| window.iter().eq(phrase.split(' ')));
        // What ends a sentence within the words is no such phrase.
        matches.then_some(at + length)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let name = NAMES.iter().find_map(|phrase| begins(at, phrase)).map(|value| (true, value, NAME_WORDS));
        let place =
            || PLACES.iter().find_map(|phrase| begins(at, phrase)).map(|value| (false, value, PLACE_WORDS));
        let Some((is_name, value, most)) = name.or_else(place) else {
            at += 1;
            continue;
        };
        let end = end_of(words, &folded, value, most, is_name);
        found.push(Found { is_name, start: at, value, end });
        at = end.max(at + 1);
    }
    found
}

/// Where the passage ends: at a mark, at a word that goes on with something else, or after so many words.
fn end_of(words: &[&str], folded: &[String], from: usize, most: usize, is_name: bool) -> usize {
    const GOES_ON: [&str; 22] = [
        "and",
        "i",
        "but",
        "from",
        "y",
        "pero",
        "necesito",
        "e",
        "mas",
        "preciso",
        "et",
        "mais",
        "je",
        "na",
        "lakini",
        "nataka",
        "nahitaji",
        "و",
        "اريد",
        "احتاج",
        "please",
        "need",
    ];
    for at in from..words.len().min(from + most) {
        if at > from && folded.get(at).is_some_and(|word| GOES_ON.contains(&word.as_str())) {
            return at;
        }
        // An address goes on behind a comma: "12 Riverside Drive, flat 4".
        let marks: &[char] = if is_name { &[',', '.', ';', '!', '?', '،'] } else { &['.', ';', '!', '?'] };
        if words.get(at).is_some_and(|word| word.ends_with(marks)) {
            return at + 1;
        }
    }
    words.len().min(from + most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_left_out() {
        for (text, left) in [
            ("My name is Asha Mwangi, I need brake pads", "I need brake pads"),
            ("I need tyres. I live at 12 Riverside Drive, flat 4. Thanks", "I need tyres. Thanks"),
            ("Me llamo Lucía y necesito una bomba de agua", "y necesito una bomba de agua"),
            ("Meu nome é João. Preciso de pneus", "Preciso de pneus"),
            ("Je m'appelle Awa, je cherche un frigo", "je cherche un frigo"),
            ("Naitwa Juma nataka simu", "nataka simu"),
            ("اسمي أمينة، أحتاج إطارات", "أحتاج إطارات"),
            ("brake pads for a 2014 Corolla", "brake pads for a 2014 Corolla"),
            ("I am in Westlands", "I am in Westlands"),
        ] {
            assert_eq!(without_passages(text), left, "{text}");
        }
        assert_eq!(
            passages("my name is Asha Mwangi and I live on 4 Ngong Road. ok"),
            [Passage::Name("Asha Mwangi".into()), Passage::Place("4 Ngong Road".into())]
        );
    }
}
