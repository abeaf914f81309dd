//! Finds the one price in a reply, or none.

use marketplace::{Currency, Money};

use super::{
    amount::{amount, multiplier},
    context::Context,
    currency::{Named, named},
    lexer::{Kind, Token},
    price_words::{AND, BETWEEN, RANGE_WORDS, ROUGHLY},
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
    /// "Not 3500".
    Denied(Money),
    /// Looks like an amount, but nothing around it says so.
    Unexplained,
    /// A price.
    Price { money: Money, certainty: f64, approximate: bool },
}

/// Reads the price of a whole reply. `plain` tells the tokens that are known to say nothing about a price.
pub(super) fn read(tokens: &[Token], plain: &[bool], hint: Option<Currency>) -> Reading {
    let mut found: Vec<(Money, f64, bool, &str)> = Vec::new();
    let (mut vague, mut fee, mut unexplained, mut denied) = (false, false, Vec::new(), Vec::new());
    let ranges = in_ranges(tokens, hint);
    for (at, token) in tokens.iter().enumerate() {
        let Some(digits) = token.number() else { continue };
        match Context::new(tokens, plain, at, hint).role(digits) {
            Role::Other => {}
            Role::Unexplained => unexplained.push(digits),
            Role::Fee if !ranges.contains(&at) => fee = true,
            Role::Denied(money) if !ranges.contains(&at) => denied.push(money),
            Role::Price { money, certainty, approximate } if !ranges.contains(&at) => {
                found.push((money, certainty, approximate, digits));
            }
            Role::Vague | Role::Fee | Role::Denied(_) | Role::Price { .. } => vague = true,
        }
    }
    // "Genuine 12000, aftermarket 6500": the second may be a price too.
    let first = found.first().map(|(_, _, _, digits)| *digits);
    vague |= first.is_some_and(|first| unexplained.iter().any(|digits| *digits != first));
    let Some((money, ..)) = found.first().copied() else {
        let amounts = vague || fee || !denied.is_empty();
        return if amounts { Reading::Ambiguous } else { Reading::Nothing };
    };
    if vague || found.iter().any(|(other, ..)| *other != money) || denied.contains(&money) {
        return Reading::Ambiguous;
    }
    let approximate = found.iter().any(|(_, _, approximate, _)| *approximate);
    let certainty = found.iter().map(|(_, certainty, ..)| *certainty).fold(0.0, f64::max);
    Reading::Price { money, certainty: if approximate { 0.5 } else { certainty } }
}

/// The numbers that are ends of a range or choice: `30-35`, `30k to 35k`, `between 30 and 35`.
fn in_ranges(tokens: &[Token], hint: Option<Currency>) -> Vec<usize> {
    let numbers: Vec<usize> =
        tokens.iter().enumerate().filter(|(_, token)| token.number().is_some()).map(|(at, _)| at).collect();
    let digits_of = |at: usize| tokens.get(at).and_then(Token::number).map_or(0, str::len);
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
                    Kind::Word(word) => multiplier(word, hint).is_some() || named(word, hint).is_some(),
                    _ => false,
                }
        };
        // "quedan 2 a 3500": two of them, at 3500.
        // "De 400 por 350": was and is.
        let reduced = matches!(between, [por] if por.word() == Some("por"))
            && from.checked_sub(1).and_then(|at| tokens.get(at)).and_then(Token::word) == Some("de");
        let counted =
            matches!(between, [at] if at.word() == Some("a")) && digits_of(from) <= 2 && digits_of(to) > 2;
        if reduced || (!counted && between.iter().any(connects) && between.iter().all(passes)) {
            ends.extend([from, to]);
        }
    }
    ends
}

impl Context<'_> {
    /// What this number is.
    fn role(&self, digits: &str) -> Role {
        if digits.is_empty() || self.is_reduction() {
            return Role::Vague;
        }
        if self.is_no_amount(digits) {
            return Role::Other;
        }
        if self.is_fee() {
            return Role::Fee;
        }
        let denied = self.word_before() == Some("not");
        let amount_like =
            self.currency.is_some() || self.marked_thousand || self.is_price_word_near() || digits.len() > 2;
        if self.is_bound(digits.len()) && !denied {
            let open = amount_like || self.word_before() == Some("from");
            return if open { Role::Vague } else { Role::Other };
        }
        // `10k resistor`: the thousand may belong to what follows. `3500k` is no price of anything.
        let thousandfold =
            self.marked_thousand && digits.len() > 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let bare_thousand =
            self.marked_thousand && self.currency.is_none() && !self.after_is_harmless(digits);
        if thousandfold || bare_thousand || self.is_bundle() {
            return Role::Vague;
        }
        let Some(certainty) = self.certainty(digits) else {
            let round = digits.len() > 2 && digits.ends_with('0');
            return if round { Role::Unexplained } else { Role::Other };
        };
        let currency = match (self.currency, self.hint) {
            (Some(Named::Exactly(currency)), _) | (None, Some(currency)) => currency,
            (Some(Named::Open), _) | (None, None) => return Role::Vague,
        };
        match amount(digits, self.times, currency) {
            Some(money) if denied => Role::Denied(money),
            Some(money) => {
                let approximate = self.word_before().is_some_and(|word| ROUGHLY.contains(&word))
                    || self.token(self.before).and_then(Token::mark) == Some('~');
                Role::Price { money, certainty, approximate }
            }
            None => Role::Vague,
        }
    }
}
