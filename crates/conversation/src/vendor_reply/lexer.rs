//! Words, numbers and marks of a reply. Telephone numbers, times and dates are told apart here already.

use crate::text::fold;

/// One token and whether white space stands before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) spaced: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Letters, or a code of letters and digits such as `r16`.
    Word(String),
    /// Digits with the separators inside them, as written.
    Number(String),
    /// A clock time, `17:30`.
    Clock(String),
    /// A telephone number, date or fraction: digits that are no amount.
    OtherDigits,
    /// Any other character.
    Mark(char),
    /// Part of a question, not to be read.
    Masked,
}

impl Token {
    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<&str> {
        match &self.kind {
            Kind::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn mark(&self) -> Option<char> {
        match self.kind {
            Kind::Mark(mark) => Some(mark),
            _ => None,
        }
    }
}

/// Cuts a text into tokens.
pub(super) fn lex(text: &str) -> Vec<Token> {
    let folded = fold(text);
    // The frame of a keycap emoji: `3️⃣`.
    let mut rest: Vec<char> = folded.chars().filter(|c| *c != '\u{20e3}').collect();
    rest.reverse();
    let mut input = Input { rest };
    let mut tokens: Vec<Token> = Vec::new();
    let mut spaced = false;
    while let Some(c) = input.peek(0) {
        if c == ' ' || (c.is_whitespace() && c != '\n') {
            input.next();
            spaced = true;
            continue;
        }
        let begins = spaced || tokens.last().is_none_or(|token: &Token| token.mark() == Some('\n'));
        if input.emphasis(c, begins) {
            input.next();
            continue;
        }
        let kind = if let Some(kind) = input.telephone() {
            kind
        } else if c.is_ascii_digit() {
            input.number()
        } else if c.is_alphabetic() {
            input.word()
        } else {
            input.next();
            Kind::Mark(c)
        };
        tokens.push(Token { kind, spaced });
        spaced = false;
    }
    tokens
}

/// Letters that may stand directly before digits and still leave an amount: `kes3500`.
const BEFORE_DIGITS: &[&str] = &[
    "kes", "ksh", "kshs", "ugx", "ush", "tzs", "tsh", "usd", "eur", "gbp", "ngn", "zar", "rwf", "frw", "inr",
    "rs", "sh", "shs", "aed", "sar", "mad", "egp", "xof", "xaf", "fcfa", "cfa", "ghs", "brl", "mxn", "r",
    "us", "ب", "da", "dh", "dhs", "mt", "kz", "etb", "ugs", "zmw", "cop", "ars", "clp", "n", "بـ",
];

/// The characters that are still to be read, the next one last.
struct Input {
    rest: Vec<char>,
}

impl Input {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.len().checked_sub(ahead + 1).and_then(|at| self.rest.get(at)).copied()
    }

    fn next(&mut self) -> Option<char> {
        self.rest.pop()
    }

    fn is_digit(&self, ahead: usize) -> bool {
        self.peek(ahead).is_some_and(|c| c.is_ascii_digit())
    }

    fn skip(&mut self, count: usize) {
        self.rest.truncate(self.rest.len().saturating_sub(count));
    }

    /// `+` or 0 and at least seven digits, with blanks, hyphens, dots or brackets between groups.
    fn telephone(&mut self) -> Option<Kind> {
        let international = self.peek(0) == Some('+');
        let opening = usize::from(international || self.peek(0) == Some('('));
        let national = self.peek(opening) == Some('0') && self.is_digit(opening + 1);
        // `(254) 700`
        let area = self.peek(0) == Some('(')
            && (2..=4)
                .any(|ahead| (1..=ahead).all(|at| self.is_digit(at)) && self.peek(ahead + 1) == Some(')'));
        let begins = national || area || (international && self.is_digit(1));
        if !begins {
            return None;
        }
        let longest = if international { 15 } else { 12 };
        let (mut at, mut digits, mut end) = (opening, 0, opening);
        while let Some(c) = self.peek(at) {
            match c {
                '0'..='9' if digits < longest => digits += 1,
                ' ' | '-' | '.' | '(' | ')'
                    if self.is_digit(at + 1) || matches!(self.peek(at + 1), Some('(' | ' ')) => {}
                _ => break,
            }
            at += 1;
            if c.is_ascii_digit() {
                end = at;
            }
        }
        if digits < 7 {
            return None;
        }
        self.skip(end);
        Some(Kind::OtherDigits)
    }

    fn number(&mut self) -> Kind {
        let mut text = String::new();
        let mut group = 0_usize;
        let mut groups = 0_usize;
        loop {
            while let Some(digit) = self.peek(0).filter(char::is_ascii_digit) {
                text.push(digit);
                group += 1;
                self.next();
            }
            groups += 1;
            let separator = self.peek(0);
            match separator {
                Some(',' | '.' | '\'') if self.is_digit(1) => {}
                // `3 500`: a blank joins only a group of exactly three digits to one of at most three.
                Some(' ')
                    if (group == 3 || (groups == 1 && group < 3))
                        && (1..=3).all(|ahead| self.is_digit(ahead))
                        && !self.is_digit(4) => {}
                Some(':') if self.is_digit(1) && self.is_digit(2) && !self.is_digit(3) && groups == 1 => {
                    return self.clock(&text);
                }
                Some('/') if self.is_digit(1) => return self.other_digits(),
                _ => break,
            }
            text.extend(separator);
            self.next();
            group = 0;
        }
        Kind::Number(text)
    }

    fn clock(&mut self, hour: &str) -> Kind {
        self.next();
        let minute: String = [self.next(), self.next()].into_iter().flatten().collect();
        Kind::Clock(format!("{hour}:{minute}"))
    }

    /// `12/05/2026`, `3/4`, `205/55`.
    fn other_digits(&mut self) -> Kind {
        while self.is_digit(0) || (self.peek(0) == Some('/') && self.is_digit(1)) {
            self.next();
        }
        Kind::OtherDigits
    }

    /// The `*` and `_` around a word that is to stand out.
    fn emphasis(&self, c: char, begins: bool) -> bool {
        let ends = self.peek(1).is_none_or(|next| !next.is_alphanumeric());
        matches!(c, '*' | '_') && begins != ends
    }

    /// Letters; with the digits behind them unless they name a currency. `د.ك` is one word, `yesss` is `yes`.
    fn word(&mut self) -> Kind {
        let mut word = String::new();
        while let Some(c) = self.peek(0) {
            let joins_digits = c.is_numeric() && !self.amount_follows(&word);
            let abbreviates = c == '.'
                && word.chars().count() == 1
                && self.peek(1).is_some_and(char::is_alphabetic)
                && !self.peek(2).is_some_and(char::is_alphabetic);
            // `non-negotiable` refuses nothing.
            let compound = c == '-' && word == "non" && self.peek(1).is_some_and(char::is_alphabetic);
            if abbreviates || compound {
                self.next();
                continue;
            }
            // `n/a`, `c/u`, `w/o`.
            if c == '/'
                && word.chars().count() == 1
                && self.peek(1).is_some_and(char::is_alphabetic)
                && !self.peek(2).is_some_and(char::is_alphanumeric)
            {
                word.push(c);
                self.next();
                continue;
            }
            if !c.is_alphabetic() && !joins_digits {
                break;
            }
            word.push(c);
            self.next();
        }
        Kind::Word(shortened(word))
    }

    /// `kes3500`, `R450`; but `R16` is a rim and `N95` a mask.
    fn amount_follows(&self, word: &str) -> bool {
        let thousands =
            self.is_digit(0) && self.peek(1) == Some(' ') && (2..=4).all(|ahead| self.is_digit(ahead));
        let digits = self.rest.iter().rev().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
        let short = self.rest.iter().rev().skip_while(|c| c.is_ascii_digit()).take(2).collect::<Vec<_>>();
        let in_k = matches!(short.as_slice(), ['k'])
            || matches!(short.as_slice(), ['k', next] if !next.is_alphanumeric());
        let enough = word.len() > 1 || thousands || in_k || digits.filter(|c| c.is_ascii_digit()).count() > 2;
        BEFORE_DIGITS.contains(&word) && enough
    }
}

/// A letter that is held down counts once: `yesss`. Two of them may be spelling.
fn shortened(word: String) -> String {
    let letters: Vec<char> = word.chars().collect();
    let held =
        letters.windows(3).any(|three| matches!(three, [a, b, c] if a == b && b == c && a.is_alphabetic()));
    if !held {
        return word;
    }
    let mut short = letters;
    short.dedup();
    if short.len() > 1 { short.into_iter().collect() } else { word }
}
