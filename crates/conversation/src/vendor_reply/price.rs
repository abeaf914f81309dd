//! Finds the one price in a reply, or none.

use marketplace::{Currency, Money};

use super::{
    currency::{Named, named},
    lexer::{Kind, Token},
    price_words::{
        AND, BETWEEN, BOUNDS_AFTER, BOUNDS_BEFORE, FEES, HARMLESS, NAMING, OWNING, PRICE_AFTER, PRICE_BEFORE,
        PRICE_NOUNS, RANGE_WORDS, ROUGHLY, UNITS, UNITS_OF_STOCK,
    },
};

/// What the amounts of a text come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// No amount.
    Nothing,
    /// A range, several amounts, a bound, or an unclear currency.
    Ambiguous,
    /// One price.
    Price {
        /// The amount.
        money: Money,
        /// How sure, 0 to 0.9.
        certainty: f64,
    },
}

/// What one number of the text is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    /// A quantity, year, model, time or something unknown.
    Other,
    /// An amount that cannot be the single price.
    Vague,
    /// A fee beside the price.
    Fee,
    /// A price.
    Price { money: Money, certainty: f64, approximate: bool },
}

/// Reads the price of a whole reply.
pub(super) fn read(tokens: &[Token], hint: Option<Currency>) -> Reading {
    let mut found: Vec<(Money, f64, bool)> = Vec::new();
    let mut vague = false;
    let ranges = in_ranges(tokens, hint);
    for (at, token) in tokens.iter().enumerate() {
        let Some(digits) = token.number() else { continue };
        match Context::new(tokens, at, hint).role(digits) {
            Role::Other => {}
            Role::Fee if !ranges.contains(&at) => {}
            Role::Price { money, certainty, approximate } if !ranges.contains(&at) => {
                found.push((money, certainty, approximate));
            }
            Role::Vague | Role::Fee | Role::Price { .. } => vague = true,
        }
    }
    let Some((money, ..)) = found.first().copied() else {
        return if vague { Reading::Ambiguous } else { Reading::Nothing };
    };
    if vague || found.iter().any(|(other, ..)| *other != money) {
        return Reading::Ambiguous;
    }
    let approximate = found.iter().any(|(_, _, approximate)| *approximate);
    let certainty = found.iter().map(|(_, certainty, _)| *certainty).fold(0.0, f64::max);
    Reading::Price { money, certainty: if approximate { 0.5 } else { certainty } }
}

/// The numbers that are ends of a range or choice: `30-35`, `30k to 35k`, `between 30 and 35`.
fn in_ranges(tokens: &[Token], hint: Option<Currency>) -> Vec<usize> {
    let numbers: Vec<usize> =
        tokens.iter().enumerate().filter(|(_, token)| token.number().is_some()).map(|(at, _)| at).collect();
    let mut ends = Vec::new();
    for pair in numbers.windows(2) {
        let &[from, to] = pair else { continue };
        let between = tokens.get(from + 1..to).unwrap_or_default();
        let introduced = tokens
            .get(from.saturating_sub(3)..from)
            .unwrap_or_default()
            .iter()
            .any(|token| token.word().is_some_and(|word| BETWEEN.contains(&word)));
        let connects = |token: &Token| match &token.kind {
            Kind::Mark(mark) => matches!(mark, '-' | '~'),
            Kind::Word(word) => {
                RANGE_WORDS.contains(&word.as_str()) || (introduced && AND.contains(&word.as_str()))
            }
            _ => false,
        };
        let passes = |token: &Token| {
            connects(token)
                || match &token.kind {
                    Kind::Mark(mark) => {
                        matches!(mark, '/' | '=' | '.')
                            || named(mark.encode_utf8(&mut [0; 4]), hint).is_some()
                    }
                    Kind::Word(word) => multiplier(word).is_some() || named(word, hint).is_some(),
                    _ => false,
                }
        };
        if between.iter().any(connects) && between.iter().all(passes) {
            ends.extend([from, to]);
        }
    }
    ends
}

fn multiplier(word: &str) -> Option<i64> {
    match word {
        "k" | "thousand" | "grand" | "mil" | "elfu" | "الف" | "mille" => Some(1_000),
        "m" | "million" | "milioni" | "millones" | "milhoes" | "millions" | "مليون" => Some(1_000_000),
        _ => None,
    }
}

/// A number with what stands around it.
struct Context<'a> {
    tokens: &'a [Token],
    hint: Option<Currency>,
    at: usize,
    /// After the number, its multiplier and its shilling mark.
    after: usize,
    /// Before the number and its currency.
    before: Option<usize>,
    times: i64,
    currency: Option<Named>,
    marked_thousand: bool,
}

impl<'a> Context<'a> {
    fn new(tokens: &'a [Token], at: usize, hint: Option<Currency>) -> Self {
        let mut context = Self {
            tokens,
            hint,
            at,
            after: at + 1,
            before: at.checked_sub(1),
            times: 1,
            currency: None,
            marked_thousand: false,
        };
        context.take_multiplier();
        context.take_currency_after();
        context.take_currency_before();
        context
    }

    fn token(&self, at: Option<usize>) -> Option<&'a Token> {
        at.and_then(|at| self.tokens.get(at))
    }

    fn word_before(&self) -> Option<&'a str> {
        self.token(self.before).and_then(Token::word)
    }

    fn word_after(&self) -> Option<&'a str> {
        self.token(Some(self.after)).and_then(Token::word)
    }

    fn take_multiplier(&mut self) {
        let Some(word) = self.word_after() else { return };
        let Some(times) = multiplier(word) else { return };
        // `3m` may be metres: only `million` or a currency says otherwise, see `take_currency_before`.
        if word == "m" && !self.has_currency_before() {
            return;
        }
        self.times = times;
        self.marked_thousand = true;
        self.after += 1;
    }

    fn has_currency_before(&self) -> bool {
        match self.token(self.before).map(|token| &token.kind) {
            Some(Kind::Word(word)) => named(word, self.hint).is_some(),
            Some(Kind::Mark(mark)) => named(mark.encode_utf8(&mut [0; 4]), self.hint).is_some(),
            _ => false,
        }
    }

    fn take_currency_after(&mut self) {
        let next = self.token(Some(self.after));
        let second = self.token(Some(self.after + 1));
        match (next.map(|token| &token.kind), second.map(|token| &token.kind)) {
            (Some(Kind::Mark('/')), Some(Kind::Mark(mark @ ('=' | '-')))) => {
                let written = if *mark == '=' { "/=" } else { "/-" };
                self.currency = named(written, self.hint);
                self.after += 2;
            }
            (Some(Kind::Mark('=')), _) => {
                self.currency = named("/=", self.hint);
                self.after += 1;
            }
            (Some(Kind::Word(word)), _) => {
                if let Some(currency) = named(word, self.hint) {
                    self.currency = Some(currency);
                    self.after += 1;
                }
            }
            (Some(Kind::Mark(mark)), _) => {
                if let Some(currency) = named(mark.encode_utf8(&mut [0; 4]), self.hint) {
                    self.currency = Some(currency);
                    self.after += 1;
                }
            }
            _ => {}
        }
    }

    fn take_currency_before(&mut self) {
        let mut at = self.before;
        if matches!(self.token(at).and_then(Token::mark), Some('.' | ':'))
            && self
                .token(at.and_then(|at| at.checked_sub(1)))
                .and_then(Token::word)
                .is_some_and(|word| named(word, self.hint).is_some())
        {
            at = at.and_then(|at| at.checked_sub(1));
        }
        let found = match self.token(at).map(|token| &token.kind) {
            Some(Kind::Word(word)) => named(word, self.hint),
            Some(Kind::Mark('$')) => {
                let prefix = at.and_then(|at| at.checked_sub(1));
                let letters =
                    self.token(prefix).and_then(Token::word).filter(|word| matches!(*word, "us" | "r"));
                if letters.is_some() {
                    at = prefix;
                }
                named(&format!("{}$", letters.unwrap_or_default()), self.hint)
            }
            Some(Kind::Mark(mark)) => named(mark.encode_utf8(&mut [0; 4]), self.hint),
            _ => None,
        };
        if found.is_some() {
            self.before = at.and_then(|at| at.checked_sub(1));
            // Two different currencies around one number leave it open.
            self.currency = match (self.currency, found) {
                (Some(after), Some(before)) if after != before => Some(Named::Open),
                (after, before) => before.or(after),
            };
        }
    }

    /// What this number is.
    fn role(&self, digits: &str) -> Role {
        if self.is_no_amount(digits) {
            return Role::Other;
        }
        if self.is_fee() {
            return Role::Fee;
        }
        let before = self.word_before();
        let preceding = self.token(self.before.and_then(|at| at.checked_sub(1))).and_then(Token::word);
        let amount_like =
            self.currency.is_some() || self.marked_thousand || self.is_price_word_near() || digits.len() > 2;
        let bound = before.is_some_and(|word| BOUNDS_BEFORE.contains(&word))
            || (before == Some("to") && preceding == Some("up"))
            || self.word_after().is_some_and(|word| BOUNDS_AFTER.contains(&word))
            || (self.token(Some(self.after)).and_then(Token::mark) == Some('-')
                && self.token(Some(self.after + 1)).and_then(Token::word) == Some("ish"))
            || self.token(Some(self.after)).and_then(Token::mark) == Some('+');
        if bound && before != Some("from") && !amount_like {
            return Role::Other;
        }
        if bound {
            return Role::Vague;
        }
        // `10k resistor`: the thousand may belong to what follows.
        if self.marked_thousand && self.currency.is_none() && !self.after_is_harmless(digits) {
            return Role::Vague;
        }
        let Some(certainty) = self.certainty(digits) else { return Role::Other };
        let currency = match (self.currency, self.hint) {
            (Some(Named::Exactly(currency)), _) | (None, Some(currency)) => currency,
            (Some(Named::Open), _) | (None, None) => return Role::Vague,
        };
        match amount(digits, self.times, currency) {
            Some(money) => {
                let approximate = before.is_some_and(|word| ROUGHLY.contains(&word))
                    || self.token(self.before).and_then(Token::mark) == Some('~');
                Role::Price { money, certainty, approximate }
            }
            None => Role::Vague,
        }
    }

    /// Digits that are not an amount whatever stands around them.
    fn is_no_amount(&self, digits: &str) -> bool {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = digits.starts_with('0') && !digits.starts_with("0.");
        let long = plain
            && (digits.len() >= 9
                || (digits.len() >= 7 && self.currency.is_none() && !digits.ends_with("00")));
        let blanks = digits.matches(' ').count();
        let next = self.token(Some(self.after));
        let percent = next.and_then(Token::mark) == Some('%');
        let marked = self.currency.is_some() || self.marked_thousand;
        let attached = next.is_some_and(|token| {
            !token.spaced && token.word().is_some_and(|word| !PRICE_AFTER.contains(&word))
        });
        let unit = self
            .word_after()
            .is_some_and(|word| UNITS.contains(&word) && !(marked && UNITS_OF_STOCK.contains(&word)));
        let glued_before = self.token(self.at.checked_sub(1)).is_some_and(|token| {
            !self.spaced_at(self.at)
                && matches!(token.kind, Kind::Mark('#' | '/' | '.' | '_' | '*' | '@' | '\'' | '"'))
                && token.mark() != Some('@')
                && self.currency.is_none()
        });
        let named_thing = !marked && self.naming_word_before().is_some_and(|word| NAMING.contains(&word));
        let grouped_quantity =
            blanks > 0 && !marked && self.word_before().is_some_and(|word| OWNING.contains(&word));
        leading_zero
            || long
            || (blanks > 1 && !marked)
            || percent
            || attached
            || unit
            || glued_before
            || named_thing
            || grouped_quantity
    }

    /// The word before, also across the mark in `no. 3500`, `ref: 3500`, `part #3500`.
    fn naming_word_before(&self) -> Option<&'a str> {
        match self.token(self.before).and_then(Token::mark) {
            Some('.' | ':' | '#') => {
                self.token(self.before.and_then(|at| at.checked_sub(1))).and_then(Token::word)
            }
            _ => self.word_before(),
        }
    }

    fn spaced_at(&self, at: usize) -> bool {
        self.token(Some(at)).is_some_and(|token| token.spaced)
    }

    /// `delivery 200`, `200 delivery`, `delivery is 200`, `200 for delivery`.
    fn is_fee(&self) -> bool {
        let fee =
            |token: Option<&Token>| token.and_then(Token::word).is_some_and(|word| FEES.contains(&word));
        let back = |steps: usize| self.token(self.before.and_then(|at| at.checked_sub(steps)));
        let forth = |steps: usize| self.token(Some(self.after + steps));
        let is = |token: Option<&Token>, words: &[&str]| {
            token.and_then(Token::word).is_some_and(|word| words.contains(&word))
        };
        fee(back(0))
            || fee(forth(0))
            || (fee(back(1))
                && (is(back(0), &["is", "at", "for", "ni", "costs", "of"])
                    || matches!(back(0).and_then(Token::mark), Some(':' | '@'))))
            || (fee(forth(1)) && is(forth(0), &["for", "as", "de", "ya"]))
    }

    fn is_price_word_near(&self) -> bool {
        self.word_before().is_some_and(|word| PRICE_NOUNS.contains(&word))
            || self.word_after().is_some_and(|word| PRICE_AFTER.contains(&word))
            || self.token(self.before).and_then(Token::mark) == Some('@')
    }

    /// How sure it is that this is a price at all.
    fn certainty(&self, digits: &str) -> Option<f64> {
        if matches!(self.currency, Some(Named::Exactly(_))) {
            return Some(0.9);
        }
        if self.currency.is_some() || self.marked_thousand {
            return Some(0.8);
        }
        let value: u64 = digits.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
        if self.is_price_word_near() {
            return (value >= 10).then_some(0.8);
        }
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let like_a_year = plain && (1_980..=2_039).contains(&value) && value != 2_000;
        if value < 100 || like_a_year {
            return None;
        }
        let before = self.word_before();
        if before.is_some_and(|word| PRICE_BEFORE.contains(&word) || ROUGHLY.contains(&word)) {
            return self.after_is_harmless(digits).then_some(0.75);
        }
        let harmless_before = self.token(self.before).is_none_or(|token| match &token.kind {
            Kind::Word(word) => HARMLESS.contains(&word.as_str()),
            Kind::Number(other) => other == digits,
            Kind::Mark(mark) => !matches!(mark, '#' | '*'),
            _ => false,
        });
        (harmless_before && self.after_is_harmless(digits)).then_some(0.65)
    }

    fn after_is_harmless(&self, digits: &str) -> bool {
        self.token(Some(self.after)).is_none_or(|token| match &token.kind {
            Kind::Word(word) => {
                let word = word.as_str();
                HARMLESS.contains(&word)
                    || PRICE_AFTER.contains(&word)
                    || matches!(
                        word,
                        "for" | "if" | "is" | "or" | "to" | "a" | "por" | "pour" | "kwa" | "para"
                    )
            }
            Kind::Mark(mark) => *mark != '*',
            // The same amount again.
            Kind::Number(other) => other == digits,
            _ => false,
        })
    }
}

/// The amount in minor units; `None` when the separators leave it open or do not fit the currency.
fn amount(digits: &str, times: i64, currency: Currency) -> Option<Money> {
    let (whole, fraction) = split_decimals(digits, currency, times != 1)?;
    let whole: i64 = whole.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()?;
    let exponent = currency.exponent();
    let scale = 10_i64.checked_pow(exponent)?;
    let mut minor = whole.checked_mul(times)?.checked_mul(scale)?;
    if !fraction.is_empty() {
        let part: i64 = fraction.parse().ok()?;
        let divisor = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let scaled = part.checked_mul(times)?.checked_mul(scale)?;
        if scaled % divisor != 0 {
            return None;
        }
        minor = minor.checked_add(scaled / divisor)?;
    }
    if minor == 0 {
        return None;
    }
    Money::new(minor, currency).ok()
}

/// Splits `3.500,00`, `3,500`, `30.50`, `3 500` into the whole part and the decimals.
fn split_decimals(digits: &str, currency: Currency, multiplied: bool) -> Option<(&str, &str)> {
    let last = digits.rfind(['.', ',']);
    let Some(at) = last else { return well_grouped(digits).then_some((digits, "")) };
    let (whole, rest) = digits.split_at_checked(at)?;
    let separator = rest.chars().next()?;
    let tail = rest.get(1..)?;
    let repeats = whole.contains(separator);
    if tail.len() == 3 && (repeats || !multiplied) {
        // In a currency of three decimals `3.500` reads both ways.
        let open = currency.exponent() == 3 && !repeats;
        return (!open && well_grouped(digits)).then_some((digits, ""));
    }
    let decimal = !repeats
        && (tail.len() == 2
            || (tail.len() == 1 && (separator == '.' || multiplied))
            || (multiplied && tail.len() <= 2))
        && well_grouped(whole);
    decimal.then_some((whole, tail))
}

/// One kind of separator, groups of three (or the Indian two before a last three), no leading zero group.
fn well_grouped(digits: &str) -> bool {
    let Some(separator) = digits.chars().find(|c| !c.is_ascii_digit()) else { return !digits.is_empty() };
    let groups: Vec<&str> = digits.split(separator).collect();
    let all_digits =
        groups.iter().all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(([first, middle @ ..], last)) = groups.split_last().map(|(last, rest)| (rest, last)) else {
        return false;
    };
    let thousands = first.len() <= 3 && middle.iter().all(|group| group.len() == 3);
    let lakhs = separator == ',' && first.len() <= 2 && middle.iter().all(|group| group.len() == 2);
    all_digits && last.len() == 3 && !first.starts_with('0') && (thousands || lakhs)
}
