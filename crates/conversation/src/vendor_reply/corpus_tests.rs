//! The corpus: replies as people write them, with what a careful reader takes from them.
//!
//! `corpus.tsv` holds an id, the part, the language, the hinted currency, the text (`\n` is a line break), the
//! availability, the price in minor units, the time and a note; `-` is none. The rules were written with the
//! part `tune` in view. Of the part `held_out`, every third reply, only the totals were looked at.

use super::*;
use std::fmt::Write as _;
use strum::IntoEnumIterator as _;

const CORPUS: &str = include_str!("corpus.tsv");

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::EnumString, strum::Display)]
#[strum(serialize_all = "snake_case")]
enum Part {
    Tune,
    HeldOut,
    Unseen,
    Last,
}

struct Labelled {
    id: &'static str,
    part: Part,
    group: &'static str,
    hints: ReplyHints,
    text: String,
    availability: Availability,
    price: Option<Money>,
    eta: Option<&'static str>,
}

fn corpus() -> Vec<Labelled> {
    CORPUS.lines().skip(1).map(labelled).collect()
}

fn labelled(line: &'static str) -> Labelled {
    let columns: Vec<&str> = line.split('\t').collect();
    let &[id, part, group, currency, text, availability, price, eta, _note] = columns.as_slice() else {
        panic!("nine columns: {line}")
    };
    let language = Language::iter().find(|language| language.to_string() == group).unwrap_or_default();
    Labelled {
        id,
        part: part.parse().unwrap(),
        group,
        hints: ReplyHints { default_currency: Some(currency.parse().unwrap()), language },
        text: text.replace("\\n", "\n"),
        availability: availability.parse().unwrap(),
        price: (price != "-").then(|| {
            let (currency, minor) = price.split_once(' ').unwrap();
            Money::new(minor.parse().unwrap(), currency.parse().unwrap()).unwrap()
        }),
        eta: (eta != "-").then_some(eta),
    }
}

/// What went right and wrong in one group.
#[derive(Default, Clone, Copy)]
struct Score {
    replies: usize,
    /// Availability read right.
    right: usize,
    priced: usize,
    exact: usize,
    /// A price where there is none, or another one.
    invented: usize,
    timed: usize,
    on_time: usize,
    /// Labelled clear and read right: how many of them are sure.
    clear: usize,
    sure: usize,
}

impl Score {
    fn count(&mut self, label: &Labelled, read: &ParsedReply) {
        let right = read.availability == label.availability;
        self.replies += 1;
        self.right += usize::from(right);
        self.priced += usize::from(label.price.is_some());
        self.exact += usize::from(label.price.is_some() && read.price == label.price);
        self.invented += usize::from(read.price.is_some() && read.price != label.price);
        self.timed += usize::from(label.eta.is_some());
        self.on_time += usize::from(label.eta.is_some() && read.eta.as_deref() == label.eta);
        let clear = right && read.price == label.price && label.availability != Availability::Unclear;
        self.clear += usize::from(clear);
        self.sure += usize::from(clear && read.confidence >= AMBIGUOUS_BELOW);
    }

    fn row(&self, name: &str) -> String {
        let of = |part: usize, whole: usize| {
            let percent = (part * 1_000).checked_div(whole).unwrap_or(1_000);
            format!("{part:>4}/{whole:<4}{:>4}.{}%", percent / 10, percent % 10)
        };
        format!(
            "{name:<16}{}  {}  {:>8}  {}  {}",
            of(self.right, self.replies),
            of(self.exact, self.priced),
            self.invented,
            of(self.on_time, self.timed),
            of(self.sure, self.clear),
        )
    }
}

fn fits(label: &Labelled, read: &ParsedReply) -> bool {
    read.availability == label.availability
        && read.price == label.price
        && (label.eta.is_none() || read.eta.as_deref() == label.eta)
        && (label.availability != Availability::Unclear || read.confidence < AMBIGUOUS_BELOW)
}

#[test]
fn the_corpus_is_read_right() {
    let corpus = corpus();
    let mut table = format!(
        "{:<16}{:<15}  {:<15}  {:>8}  {:<15}  {:<15}\n",
        "part", "availability", "price exact", "invented", "time found", "clear and sure"
    );
    let mut wrong = String::new();
    let mut totals = Vec::new();
    for part in Part::iter() {
        let mut total = Score::default();
        for group in ["en", "sw", "es", "pt", "fr", "ar", "mixed"] {
            let mut score = Score::default();
            for label in corpus.iter().filter(|label| label.part == part && label.group == group) {
                let read = parse(&label.text, &label.hints);
                score.count(label, &read);
                total.count(label, &read);
                if (part != Part::Last || std::env::var("SHOW").is_ok()) && !fits(label, &read) {
                    let _ = writeln!(wrong, "{} {:?}: {read:?}", label.id, label.text);
                }
            }
            let _ = writeln!(table, "{}", score.row(&format!("{part} {group}")));
        }
        let _ = writeln!(table, "{}", total.row(&part.to_string()));
        totals.push(total);
    }
    println!("{table}\n{wrong}\n");
    for total in totals {
        assert!(total.right * 100 >= total.replies * 95, "availability\n{table}");
        assert!(total.exact * 100 >= total.priced * 95, "prices\n{table}");
        assert_eq!(total.invented, 0, "invented prices\n{table}");
    }
}

#[test]
fn what_is_labelled_unclear_is_ambiguous() {
    for label in corpus().iter().filter(|label| label.availability == Availability::Unclear) {
        let read = parse(&label.text, &label.hints);
        assert!(
            read.confidence < AMBIGUOUS_BELOW || read.availability != Availability::Unclear,
            "{}",
            label.id
        );
    }
}

#[test]
fn the_corpus_is_whole() {
    let corpus = corpus();
    assert!(corpus.len() >= 350);
    let ids: std::collections::HashSet<&str> = corpus.iter().map(|label| label.id).collect();
    assert_eq!(ids.len(), corpus.len());
    for (language, least) in
        [("en", 100), ("sw", 50), ("es", 50), ("pt", 50), ("fr", 50), ("ar", 50), ("mixed", 20)]
    {
        assert!(corpus.iter().filter(|label| label.group == language).count() >= least, "{language}");
    }
    let apart = corpus.iter().filter(|label| label.part != Part::Tune).count();
    assert!(apart * 3 >= corpus.len(), "{apart}");
}

#[test]
fn probe() {
    let Ok(path) = std::env::var("PROBE") else { return };
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let (currency, text) = line.split_once('|').unwrap();
        let language = currency.get(4..).and_then(|code| code.parse().ok()).unwrap_or_default();
        let read = parse(
            &text.replace("\\n", "\n"),
            &ReplyHints { default_currency: currency.get(..3).unwrap().parse().ok(), language },
        );
        println!(
            "PROBE {text}  =>  {} {} {} {}",
            read.availability,
            read.price.map(|m| m.to_string()).unwrap_or("-".into()),
            read.eta.unwrap_or("-".into()),
            read.confidence
        );
    }
}
