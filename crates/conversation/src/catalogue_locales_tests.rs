use super::{
    tests::{Said, samples},
    *,
};
use crate::{ControlWord, control_words::recognise, language::detect};
use fluent_syntax::ast;
use std::collections::{BTreeMap, BTreeSet};
use strum::IntoEnumIterator as _;

/// What a message asks of its arguments.
#[derive(Debug, Default, PartialEq)]
struct Shape<'a> {
    variables: BTreeSet<&'a str>,
    /// Of the variables that choose between texts, what they choose between; plurals are each language's own.
    choices: BTreeSet<(&'a str, &'a str)>,
    plurals: BTreeSet<&'a str>,
}

/// What a translation does not have as English has it; nothing when all is well.
fn faults(english: &str, translation: &str) -> Vec<String> {
    let read = |source: &str| FluentResource::try_new(source.to_owned());
    let (english, translation) = match (read(english), read(translation)) {
        (Ok(english), Ok(translation)) => (english, translation),
        (english, translation) => {
            let errors =
                [english, translation].into_iter().filter_map(Result::err).flat_map(|(_, errors)| errors);
            return errors.map(|error| format!("not Fluent: {error}")).collect();
        }
    };
    let mut found = Vec::new();
    let (wanted, present) = (shapes(&english, &mut found), shapes(&translation, &mut found));
    for key in wanted.keys().filter(|key| !present.contains_key(*key)) {
        found.push(format!("{key} is missing"));
    }
    for (key, shape) in &present {
        let Some(wanted) = wanted.get(key) else {
            found.push(format!("{key} is not in English"));
            continue;
        };
        for variable in wanted.variables.symmetric_difference(&shape.variables) {
            found.push(format!("{key}: ${variable} is only in one of them"));
        }
        for (variable, choice) in wanted.choices.symmetric_difference(&shape.choices) {
            found.push(format!("{key}: ${variable} [{choice}] is only in one of them"));
        }
        for plural in &shape.plurals {
            if !["zero", "one", "two", "few", "many", "other"].contains(plural) {
                found.push(format!("{key}: [{plural}] is no plural category"));
            }
        }
    }
    found
}

fn shapes<'a>(resource: &'a FluentResource, found: &mut Vec<String>) -> BTreeMap<&'a str, Shape<'a>> {
    let mut all = BTreeMap::new();
    for entry in resource.entries() {
        match entry {
            ast::Entry::Message(ast::Message { id, value: Some(value), attributes, .. })
                if attributes.is_empty() =>
            {
                let mut shape = Shape::default();
                of_pattern(value, &mut shape);
                if all.insert(id.name, shape).is_some() {
                    found.push(format!("{} is there twice", id.name));
                }
            }
            ast::Entry::Comment(_) | ast::Entry::GroupComment(_) | ast::Entry::ResourceComment(_) => {}
            other => found.push(format!("not a plain message: {other:?}")),
        }
    }
    all
}

fn of_pattern<'a>(pattern: &'a ast::Pattern<&'a str>, shape: &mut Shape<'a>) {
    for element in &pattern.elements {
        match element {
            ast::PatternElement::TextElement { .. } => {}
            ast::PatternElement::Placeable { expression: ast::Expression::Inline(inline) } => {
                of_inline(inline, shape);
            }
            ast::PatternElement::Placeable { expression: ast::Expression::Select { selector, variants } } => {
                let variable = of_inline(selector, shape);
                for variant in variants {
                    let key = match variant.key {
                        ast::VariantKey::Identifier { name } => name,
                        ast::VariantKey::NumberLiteral { value } => value,
                    };
                    match variable {
                        "count" => drop(shape.plurals.insert(key)),
                        _ => drop(shape.choices.insert((variable, key))),
                    }
                    of_pattern(&variant.value, shape);
                }
            }
        }
    }
}

/// The variable that stands here, if it is one.
fn of_inline<'a>(inline: &'a ast::InlineExpression<&'a str>, shape: &mut Shape<'a>) -> &'a str {
    match inline {
        ast::InlineExpression::VariableReference { id } => {
            shape.variables.insert(id.name);
            id.name
        }
        ast::InlineExpression::StringLiteral { .. } => "",
        // Functions and references are not used: a variable of that name does not exist, so the test fails.
        _ => {
            shape.variables.insert("an expression other than a variable");
            ""
        }
    }
}

fn translations() -> impl Iterator<Item = Language> {
    Language::iter().filter(|language| *language != Language::En)
}

/// Names and numbers, so that every word of a sample is the catalogue's own.
pub(super) fn list() -> Vec<String> {
    vec!["Toyota Corolla 2014".to_owned(), "Infinix Hot 40".to_owned()]
}

fn in_names(list: &[String]) -> Said<'_> {
    Said { need: "Toyota Corolla 2014", question: "Bosch?", eta: "17:00", list }
}

/// The samples, and every count that reads differently somewhere.
pub(super) fn all_samples(list: &[String]) -> Vec<Sentence<'_>> {
    let counted = [1, 2, 3, 11, 100];
    let mut all = samples(&in_names(list));
    all.retain(|sentence| {
        !matches!(sentence, Sentence::ShortlistHeader { .. } | Sentence::PickUnclear { .. })
    });
    all.extend(counted.map(|count| Sentence::ShortlistHeader { count }));
    all.extend(counted.map(|count| Sentence::PickUnclear { count }));
    all
}

#[test]
fn every_language_has_what_english_has() {
    for language in translations() {
        assert_eq!(faults(source(Language::En), source(language)), Vec::<String>::new(), "{language}");
    }
}

#[test]
fn the_checker_sees_what_is_missing() {
    const ENGLISH: &str = "a = You have { $count ->\n    [one] one\n   *[other] { $count }\n}\n\
                           b = { $has_price ->\n    [yes] { $price }\n   *[no] none\n}\n\
                           c = Hello\n";
    let fine = "a = Tiene { $count ->\n    [one] una\n    [many] { $count } de\n   *[other] { $count }\n}\n\
                b = { $has_price ->\n    [yes] { $price }\n   *[no] nada\n}\n\
                c = Hola\n";
    assert_eq!(faults(ENGLISH, fine), Vec::<String>::new());
    for (good, bad, fault) in [
        ("c = Hola\n", "", "c is missing"),
        ("c = Hola\n", "c = Hola\nd = Más\n", "d is not in English"),
        ("c = Hola\n", "c = Hola\nc = Buenas\n", "c is there twice"),
        ("c = Hola\n", "c = Hola { $name }\n", "c: $name is only in one of them"),
        ("c = Hola\n", "c = Hola { a }\n", "c: $an expression other than a variable is only in one of them"),
        ("{ $price }", "precio", "b: $price is only in one of them"),
        ("[yes]", "[sí]", "not Fluent"),
        ("[yes]", "[si]", "b: $has_price [si] is only in one of them"),
        ("[many]", "[mnay]", "a: [mnay] is no plural category"),
        ("c = Hola\n", "c = Hola { $\n", "not Fluent"),
        ("c = Hola\n", "c =\n    .title = Hola\n", "not a plain message"),
    ] {
        let broken = fine.replacen(good, bad, 1);
        assert_ne!(broken, fine);
        let found = faults(ENGLISH, &broken);
        assert!(found.iter().any(|found| found.starts_with(fault)), "{fault}: {found:?}");
    }
}

#[test]
fn every_sentence_is_written_in_every_language() {
    let list = list();
    for language in Language::iter() {
        for sentence in all_samples(&list) {
            let kind = SentenceKind::from(&sentence);
            let written = format_message(bundle(language), kind.into(), &arguments(language, &sentence));
            let written = written.unwrap_or_else(|| panic!("{language} {kind:?} cannot be written"));
            assert!(
                !written.trim().is_empty() && !written.contains(['{', '}']),
                "{language} {kind:?}: {written}"
            );
            // Only a vendor's name may be cut.
            if kind != SentenceKind::ButtonPick {
                assert!(written.chars().count() <= kind.length_max(), "{language} {kind:?}: {written}");
                assert_eq!(text(language, &sentence), written);
            }
            // No mark that a telephone may show as a box.
            assert!(
                !written.contains(['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{202b}', '\u{202e}'])
            );
        }
    }
}

/// The longest that others can write in it, and still the sentence ends as it should.
#[test]
fn the_longest_inquiry_is_whole_in_every_language() {
    let (need, lines) = ("n".repeat(ARGUMENT_MAX), vec!["q".repeat(ARGUMENT_MAX); LIST_MAX]);
    for language in Language::iter() {
        let sentence = Sentence::VendorInquiry { need: &need, questions: &lines };
        let whole = write(bundle(language), "vendor-inquiry", &arguments(language, &sentence));
        assert_eq!(text(language, &sentence), whole, "{language}: {} code points", whole.chars().count());
    }
}

#[test]
fn what_a_file_lacks_is_said_in_english() {
    let bundle = load(Language::Es, "ask-area = ¿Dónde?\nask-when = ¿{ $cuando }?\n");
    let none = FluentArgs::new();
    assert_eq!(write(&bundle, "ask-area", &none), "¿Dónde?");
    assert_eq!(write(&bundle, "ask-when", &none), "When do you need it?", "a variable is missing");
    assert_eq!(write(&bundle, "consent-denied", &none), "Understood. We'll continue by chat.");
}

/// Words that a translation shares with English, `é` and `e` being one: names, loans, chance.
#[rustfmt::skip]
const ALIKE: &[(Language, &[&str])] = &[
    (Language::Es, &["a", "chat", "km", "no", "ok", "whatsapp"]),
    (Language::Pt, &["a", "as", "chat", "do", "for", "km", "no", "ok", "so", "whatsapp"]),
    (Language::Fr, &[
        "a", "chat", "chose", "contact", "continue", "documents", "dont", "image", "km", "me", "message", "messages", "moment",
        "ok", "part", "patience", "place", "question", "type", "whatsapp",
    ]),
    (Language::Sw, &["km", "ok", "whatsapp"]),
    (Language::Ar, &["ok"]),
];

#[test]
fn no_english_is_left() {
    let list = list();
    let names: BTreeSet<String> = samples(&in_names(&list))
        .iter()
        .flat_map(|sentence| match sentence {
            Sentence::ShortlistLine { vendor, .. } => crate::text::words(&format!("{vendor} KES")),
            Sentence::ButtonPick { .. } => crate::text::words(&text(Language::En, sentence)),
            Sentence::HandoffToVendor { client: Some(client), .. } => crate::text::words(client),
            Sentence::VendorFollowUp { need, question } => crate::text::words(&format!("{need} {question}")),
            Sentence::VendorInquiry { questions, .. } => crate::text::words(&questions.join(" ")),
            _ => Vec::new(),
        })
        .collect();
    let words_of = |language| -> BTreeSet<String> {
        let all = all_samples(&list);
        all.iter().flat_map(|sentence| crate::text::words(&text(language, sentence))).collect()
    };
    let english = words_of(Language::En);
    let alike = |language| -> Vec<String> {
        let shared = words_of(language).intersection(&english).cloned().collect::<Vec<_>>();
        let is_word = |word: &String| !names.contains(word) && word.chars().any(char::is_alphabetic);
        shared.into_iter().filter(is_word).collect()
    };
    let found: Vec<(Language, Vec<String>)> =
        translations().map(|language| (language, alike(language))).collect();
    let known =
        ALIKE.iter().map(|(language, words)| (*language, words.iter().map(ToString::to_string).collect()));
    assert_eq!(found, known.collect::<Vec<_>>());
}

#[test]
fn every_sentence_reads_as_its_language() {
    let list = list();
    for language in Language::iter() {
        let mut whole = String::new();
        for sentence in all_samples(&list) {
            let written = text(language, &sentence);
            assert!([None, Some(language)].contains(&detect(&written)), "{language}: {written}");
            whole = whole + "\n" + &written;
        }
        assert_eq!(detect(&whole), Some(language));
    }
}

#[test]
fn the_buttons_say_what_is_understood() {
    for language in Language::iter() {
        let buttons =
            [Sentence::ButtonYes, Sentence::ButtonNo, Sentence::ButtonInStock, Sentence::ButtonOutOfStock]
                .map(|button| text(language, &button));
        assert!(
            buttons.iter().all(|title| title.chars().count() <= BUTTON_TITLE_MAX && !title.contains('\n'))
        );
        let [yes, no, in_stock, out_of_stock] = buttons;
        assert_eq!(recognise(&yes), Some(ControlWord::Yes), "{language}: {yes}");
        assert_eq!(recognise(&no), Some(ControlWord::No), "{language}: {no}");
        assert_ne!(in_stock, out_of_stock, "WhatsApp refuses two buttons with one title");
    }
}

/// Who stopped our messages is told a word that starts them again.
#[test]
fn the_way_back_is_a_word_we_know() {
    for language in Language::iter() {
        let told = text(language, &Sentence::StopConfirmed);
        let words = told.split(|c: char| !c.is_alphabetic());
        let starts = words.filter(|word| recognise(word) == Some(ControlWord::Start)).count();
        assert_eq!(starts, 1, "{language}: {told}");
    }
}

/// Where a prescription is involved the contract refuses a question that speaks of doses, in any language.
#[test]
fn the_medicine_question_names_no_dose() {
    for language in Language::iter() {
        let asked = text(language, &Sentence::AskDetails { category: "pharmacy" }).to_lowercase();
        for word in ["dos", "posolog", "dozi", "جرعة"] {
            assert!(!asked.contains(word), "{language}: {asked}");
        }
    }
}

#[test]
fn numbers_are_written_as_each_language_does() {
    let price = Money::new(123_456_750, "KES".parse().unwrap()).ok();
    let written = |language| {
        let line = Sentence::ShortlistLine {
            position: 1,
            vendor: "Kamau",
            price,
            eta: None,
            distance_km: Some(12.345),
        };
        text(language, &line)
    };
    for (language, price, distance) in [
        (Language::En, "KES 1,234,567.50", "12.3"),
        (Language::Es, "KES 1,234,567.50", "12.3"),
        (Language::Pt, "KES 1.234.567,50", "12,3"),
        (Language::Fr, "KES 1\u{a0}234\u{a0}567,50", "12,3"),
        (Language::Sw, "KES 1,234,567.50", "12.3"),
        (Language::Ar, "KES 1,234,567.50", "12.3"),
    ] {
        let line = written(language);
        assert!(line.contains(price) && line.contains(distance), "{line}");
    }
}

#[test]
fn french_punctuation_stays_with_its_word() {
    let list = list();
    for sentence in all_samples(&list) {
        let written = text(Language::Fr, &sentence);
        for loose in [" !", " ?", " :", " ;", " »", "« "] {
            assert!(!written.contains(loose), "{written}");
        }
        // "Bosch?" is what a person wrote.
        let own = written.replace("Bosch?", "").replace("17:00", "");
        let chars: Vec<char> = own.chars().collect();
        for pair in chars.windows(2).filter(|pair| ['!', '?', ':', ';', '»'].contains(&pair[1])) {
            assert_eq!(pair[0], '\u{a0}', "{written}");
        }
    }
}

/// The first letter of a line decides its direction, and a plus before a number would move behind it.
#[test]
fn arabic_runs_from_right_to_left() {
    let list = list();
    let is_arabic = |c: char| ('\u{600}'..='\u{6ff}').contains(&c) || c == '\u{200f}';
    for sentence in all_samples(&list) {
        let written = text(Language::Ar, &sentence);
        if !matches!(sentence, Sentence::ButtonPick { .. }) {
            let first = written.chars().find(|c| c.is_alphabetic() || is_arabic(*c));
            assert!(first.is_some_and(is_arabic), "{written}");
        }
        assert_eq!(written.matches('+').count(), written.matches("\u{200e}+").count(), "{written}");
    }
    let phone = text(Language::Ar, &Sentence::HandoffToClient { vendor: "كمال", phone: "+254700000201" });
    assert!(phone.contains("+254700000201"), "{phone}");
}
