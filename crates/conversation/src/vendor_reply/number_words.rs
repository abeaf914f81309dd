//! Amounts in words: "two thousand five hundred", "elfu tatu na mia tano", "tres mil", "elfu 3".
//!
//! A run of number words becomes one number. A run that reads two ways ("two three thousand") becomes an empty
//! number: an amount, but nobody knows which.

use super::{
    currency,
    lexer::{Kind, Token},
    number_table::{Class, lookup},
    price_words::RANGE_WORDS,
};

/// Words between the parts of a number.
const JOINING: &[&str] = &["and", "na", "y", "e", "et", "و"];

/// The value of a word under a hundred, for quantities and spans.
pub(super) fn small(word: &str) -> Option<u64> {
    match lookup(word)? {
        Class::Unit(value) | Class::Teen(value) | Class::Ten(value) => Some(value),
        _ => None,
    }
}

/// Replaces every run of number words that makes an amount of at least a hundred.
pub(super) fn rewrite(tokens: &[Token]) -> Vec<Token> {
    let mut written: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let run = Run::read(tokens, at);
        if run.is_amount(tokens, at) {
            let followed = tokens.get(at + run.length).is_some_and(|token| token.number().is_some());
            end_of_range(&mut written);
            written.extend(digits(run.value.filter(|_| !followed), token.spaced));
            at += run.length;
            at += start_of_range(tokens, at, &mut written);
        } else {
            written.push(token.clone());
            at += 1;
        }
    }
    written
}

/// Round thousands as with a `k`, which nobody writes behind a year or a model.
fn digits(value: Option<u64>, spaced: bool) -> Vec<Token> {
    let number = |digits: String| Token { kind: Kind::Number(digits), spaced };
    match value {
        None => vec![number(String::new())],
        Some(value) if (1_000..1_000_000).contains(&value) && value % 100 == 0 => {
            let (thousands, tenths) = (value / 1_000, value % 1_000 / 100);
            let digits = if tenths == 0 { thousands.to_string() } else { format!("{thousands}.{tenths}") };
            vec![number(digits), Token { kind: Kind::Word("k".to_owned()), spaced: false }]
        }
        Some(value) => vec![number(value.to_string())],
    }
}

/// "three or four thousand": the three is the beginning of a range.
fn end_of_range(written: &mut [Token]) {
    if let [.., first, between] = written
        && between.word().is_some_and(|word| RANGE_WORDS.contains(&word))
        && let Some(value) = first.word().and_then(small)
    {
        first.kind = Kind::Number(value.to_string());
    }
}

/// "elfu tatu hadi nne": the four is the end of a range. How many tokens were written.
fn start_of_range(tokens: &[Token], at: usize, written: &mut Vec<Token>) -> usize {
    let between = tokens.get(at).filter(|token| token.word().is_some_and(|word| RANGE_WORDS.contains(&word)));
    let end = tokens.get(at + 1).filter(|_| !Run::read(tokens, at + 1).is_amount(tokens, at + 1));
    let (Some(between), Some(end)) = (between, end) else { return 0 };
    let Some(value) = end.word().and_then(small) else { return 0 };
    written.push(between.clone());
    written.push(Token { kind: Kind::Number(value.to_string()), spaced: end.spaced });
    2
}

/// A run of number words.
#[derive(Debug, Default)]
struct Run {
    /// In tokens.
    length: usize,
    /// How many of them are numbers, not joining words.
    parts: usize,
    /// Has a hundred or a thousand.
    large: bool,
    /// `None` when it reads two ways.
    value: Option<u64>,
}

/// One word of a run, digits included.
fn class(tokens: &[Token], at: usize) -> Option<Class> {
    match &tokens.get(at)?.kind {
        Kind::Word(word) => lookup(word),
        Kind::Number(digits) if digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().map(Class::Digits)
        }
        _ => None,
    }
}

/// Where the next word of the run stands: directly, or behind a joining word or a hyphen.
fn next_part(tokens: &[Token], at: usize) -> Option<(usize, Class)> {
    if let Some(found) = class(tokens, at) {
        return Some((at, found));
    }
    let joins = tokens.get(at).is_some_and(|token| {
        token.word().is_some_and(|word| JOINING.contains(&word)) || token.mark() == Some('-')
    });
    let found = class(tokens, at + 1).filter(|found| joins && !matches!(found, Class::Digits(_)));
    found.map(|found| (at + 1, found))
}

/// "na nusu", "y medio", "and a half": half of the scale before; how many tokens it takes.
fn half_behind(tokens: &[Token], at: usize) -> Option<usize> {
    const HALVES: &[&str] = &["nusu", "medio", "media", "meio", "meia", "demi", "demie", "half", "نص", "نصف"];
    let word = |at: usize| tokens.get(at).and_then(Token::word);
    let is_half = |at: usize| word(at).is_some_and(|word| HALVES.contains(&word));
    if word(at).is_some_and(|word| matches!(word, "unusu" | "ونص" | "ونصف")) {
        return Some(1);
    }
    let joins = word(at).is_some_and(|word| JOINING.contains(&word));
    match (joins, is_half(at + 1), word(at + 1) == Some("a") && is_half(at + 2)) {
        (true, true, _) => Some(2),
        (true, _, true) => Some(3),
        _ => None,
    }
}

impl Run {
    /// Adds half of a scale of at least a hundred where one stands behind the run.
    fn take_half(&mut self, tokens: &[Token], at: usize, scale: u64) {
        if (100..u64::MAX).contains(&scale)
            && let Some(length) = half_behind(tokens, at)
        {
            self.length += length;
            self.value = self.value.map(|value| value + scale / 2);
        }
    }

    fn read(tokens: &[Token], start: usize) -> Self {
        match class(tokens, start) {
            Some(Class::Leading(_)) => Self::leading(tokens, start),
            Some(_) => Self::trailing(tokens, start),
            None => Self::default(),
        }
    }

    /// English and most others: the thousand stands behind what it multiplies.
    fn trailing(tokens: &[Token], start: usize) -> Self {
        let mut run = Self { value: Some(0), ..Self::default() };
        let (mut total, mut group, mut open) = (0_u64, 0_u64, false);
        let mut scale = u64::MAX;
        let (mut at, mut previous) = (start, None);
        while let Some((found_at, found)) = next_part(tokens, at) {
            match found {
                Class::Leading(_) => break,
                Class::Thousand(times) if times >= scale => {
                    // "three thousand four thousand": two numbers, and the second has begun already.
                    run.value = None;
                }
                Class::Thousand(times) => {
                    total += group.max(1) * times;
                    (group, scale, run.large) = (0, times, true);
                }
                Class::Hundred => {
                    // "fifty cents" are no five thousand; "thirty five hundred" are many.
                    let cents = tokens.get(found_at).and_then(Token::word) != Some("hundred");
                    open |= group > 99 || (group > 9 && cents);
                    (group, run.large) = (group.max(1) * 100, true);
                }
                Class::Hundreds(value) => {
                    open |= group % 1_000 != 0;
                    (group, run.large) = (group + value, true);
                }
                Class::Digits(value) => {
                    // Digits only where they multiply, or three of them behind a thousand.
                    let multiplies =
                        group == 0 && matches!(class(tokens, found_at + 1), Some(Class::Thousand(_)));
                    let completes =
                        matches!(previous, Some(Class::Thousand(1_000))) && (100..1_000).contains(&value);
                    if !multiplies && !completes {
                        break;
                    }
                    group += value;
                }
                Class::Unit(value) | Class::Teen(value) | Class::Ten(value) => {
                    let joined =
                        tokens.get(found_at).and_then(Token::word).is_some_and(|word| word.starts_with('و'));
                    open |= previous.is_some_and(|previous| !follows(previous, found, joined));
                    // quatre-vingt
                    group = if matches!((previous, found), (Some(Class::Unit(4)), Class::Ten(20))) {
                        group - 4 + 80
                    } else {
                        group + value
                    };
                }
            }
            (at, previous) = (found_at + 1, Some(found));
            run.parts += 1;
        }
        run.length = at - start;
        run.value = run.value.filter(|_| !open).map(|_| total + group);
        if group == 0 {
            run.take_half(tokens, at, scale);
        }
        run
    }

    /// Swahili: the thousand stands before what it multiplies, with words or digits.
    fn leading(tokens: &[Token], start: usize) -> Self {
        let mut run = Self { large: true, value: Some(0), ..Self::default() };
        let (mut total, mut scale, mut at) = (0_u64, u64::MAX, start);
        while let Some((found_at, found)) = next_part(tokens, at) {
            let (value, length) = match found {
                Class::Leading(times) if times < scale => {
                    scale = times;
                    let (count, length) = count_behind(tokens, found_at + 1, times);
                    (count * times, length + 1)
                }
                Class::Ten(value) | Class::Unit(value) | Class::Teen(value) if value < scale => (value, 1),
                Class::Leading(_) => {
                    run.value = None;
                    (0, 1)
                }
                _ => break,
            };
            total += value;
            at = found_at + length;
            run.parts += length;
        }
        run.length = at - start;
        run.value = run.value.map(|_| total);
        run.take_half(tokens, at, scale);
        run
    }

    /// Whether the run is an amount and no turn of phrase ("mil gracias", "thanks a million").
    fn is_amount(&self, tokens: &[Token], start: usize) -> bool {
        let token = |at: Option<usize>| at.and_then(|at| tokens.get(at));
        let (before, behind) = (token(start.checked_sub(1)), token(Some(start + self.length)));
        let names_currency = |token: Option<&Token>| {
            token.and_then(Token::word).is_some_and(|word| currency::named(word, None).is_some())
        };
        let stands_alone = before.is_none_or(|token| token.number().is_none());
        let known = self.value.is_none_or(|value| value >= 100);
        self.large
            && known
            && stands_alone
            && (self.parts > 1 || names_currency(before) || names_currency(behind))
    }
}

/// "twenty five", "hundred five": which part may follow which.
fn follows(previous: Class, next: Class, joined: bool) -> bool {
    match (previous, next) {
        (Class::Hundred | Class::Hundreds(_) | Class::Thousand(_), _)
        | (Class::Ten(_), Class::Unit(_))
        // soixante-dix, quatre-vingt-dix, quatre-vingt
        | (Class::Ten(60 | 20), Class::Teen(_))
        | (Class::Unit(4), Class::Ten(20)) => true,
        // خمسة وعشرين
        (Class::Unit(_), Class::Ten(_)) => joined,
        _ => false,
    }
}

/// What a leading scale counts: one unit behind a hundred; a number under a hundred, or hundreds, behind more.
fn count_behind(tokens: &[Token], at: usize, times: u64) -> (u64, usize) {
    match class(tokens, at) {
        Some(Class::Digits(value) | Class::Unit(value)) => (value, 1),
        Some(Class::Ten(tens) | Class::Teen(tens)) if times > 100 || tens == 10 => {
            match next_part(tokens, at + 1) {
                Some((unit_at, Class::Unit(unit))) => (tens + unit, unit_at + 1 - at),
                _ => (tens, 1),
            }
        }
        Some(Class::Leading(100)) if times == 1_000 => {
            let (count, length) = count_behind(tokens, at + 1, 100);
            (count * 100, length + 1)
        }
        _ => (1, 0),
    }
}
