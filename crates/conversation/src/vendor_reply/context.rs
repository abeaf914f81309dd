//! A number of a reply with what stands around it: its multiplier, its currency, its neighbours.

use marketplace::Currency;

use super::{
    amount::{counts_in_millions, multiplier},
    currency::{Named, named},
    lexer::{Kind, Token},
};

/// A number with what stands around it.
pub(super) struct Context<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) plain: &'a [bool],
    pub(super) hint: Option<Currency>,
    pub(super) at: usize,
    /// After the number, its multiplier and its shilling mark.
    pub(super) after: usize,
    /// Before the number and its currency.
    pub(super) before: Option<usize>,
    pub(super) times: i64,
    pub(super) currency: Option<Named>,
    pub(super) marked_thousand: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(tokens: &'a [Token], plain: &'a [bool], at: usize, hint: Option<Currency>) -> Self {
        let mut context = Self {
            tokens,
            plain,
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

    pub(super) fn token(&self, at: Option<usize>) -> Option<&'a Token> {
        at.and_then(|at| self.tokens.get(at))
    }

    pub(super) fn word_before(&self) -> Option<&'a str> {
        self.token(self.before).and_then(Token::word)
    }

    pub(super) fn word_after(&self) -> Option<&'a str> {
        self.token(Some(self.after)).and_then(Token::word)
    }

    fn take_multiplier(&mut self) {
        let Some(word) = self.word_after() else { return };
        let Some(times) = multiplier(word, self.hint) else { return };
        // `3m` may be metres: a currency says otherwise, or prices that are counted in millions.
        if word == "m" && !self.has_currency_before() && !counts_in_millions(self.hint) {
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
        if matches!(self.token(at).and_then(Token::mark), Some('.' | ':' | '/'))
            && self
                .token(at.and_then(|at| at.checked_sub(1)))
                .and_then(Token::word)
                .is_some_and(|word| named(word, self.hint).is_some())
        {
            at = at.and_then(|at| at.checked_sub(1));
        }
        let found = match self.token(at).map(|token| &token.kind) {
            // `F 350` is a model.
            Some(Kind::Word(word)) if word != "f" => named(word, self.hint),
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

    /// The words before the number in its clause, the nearest first; a number ends them.
    pub(super) fn clause_before(&self) -> impl Iterator<Item = &'a str> {
        let end = self.before.map_or(0, |at| at + 1);
        self.tokens
            .get(..end)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|token| {
                token.word().is_some() || matches!(token.mark(), Some(':' | '@' | '-' | '\'' | '"'))
            })
            .filter_map(Token::word)
    }

    pub(super) fn words_after(&self) -> impl Iterator<Item = &'a str> {
        self.tokens.get(self.after..).unwrap_or_default().iter().map_while(Token::word)
    }

    pub(super) fn plain_at(&self, at: Option<usize>) -> bool {
        at.is_none_or(|at| self.plain.get(at).copied().unwrap_or_default())
    }

    pub(super) fn spaced_at(&self, at: usize) -> bool {
        self.token(Some(at)).is_some_and(|token| token.spaced)
    }

    /// Roughly what a number is worth: its whole part with its multiplier.
    pub(super) fn value(&self, at: usize) -> u64 {
        let digits = self.token(Some(at)).and_then(Token::number).unwrap_or_default();
        let word = self.token(Some(at + 1)).and_then(Token::word);
        let times = word.and_then(|word| multiplier(word, self.hint)).and_then(|times| times.try_into().ok());
        let groups =
            digits.split(['.', ',']).enumerate().take_while(|(at, group)| *at == 0 || group.len() == 3);
        let whole: String =
            groups.flat_map(|(_, group)| group.chars().filter(char::is_ascii_digit)).collect();
        whole.parse::<u64>().unwrap_or(0).saturating_mul(times.unwrap_or(1))
    }
}
