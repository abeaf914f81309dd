//! What speaks for a number being the price, and what against.

use super::{
    context::Context,
    currency::Named,
    lexer::{Kind, Token},
    number_words::small,
    price_words::{
        BOTH, BOUNDS_AFTER, BOUNDS_BEFORE, DOZENS, ELSEWHERE, FEES, FOR, FORMER, HARMLESS, INCLUDED, LINKS,
        MEASURES, MEETING, NAMING, OWNING, PIECES, PRICE_AFTER, PRICE_BEFORE, PRICE_NOUNS, PRODUCTS,
        REDUCING, ROUGHLY, UNITS, UNITS_OF_STOCK,
    },
};

impl<'a> Context<'a> {
    /// "10% off", "500 off", "less 500", "discount of 500".
    pub(super) fn is_reduction(&self) -> bool {
        let percent = self.token(Some(self.after)).and_then(Token::mark) == Some('%');
        let behind = self.tokens.get(self.after + usize::from(percent)..).unwrap_or_default();
        let after =
            behind.iter().map_while(Token::word).take(2).any(|word| matches!(word, "off" | "discount"));
        let before = self.clause_before().take(2).any(|word| REDUCING.contains(&word));
        // "3500 no discount"
        let apart = self.clause_before().take(2).chain(self.words_after().take(2)).any(|word| word == "no");
        (after
            || before
            || (percent && behind.first().and_then(Token::word).is_some_and(|word| REDUCING.contains(&word))))
            && !apart
    }

    /// "From 3000", "3000 and above", "3000+": not the price itself. A fee behind `+` or "plus" is another matter.
    pub(super) fn is_bound(&self, digits_len: usize) -> bool {
        let mut before = self.clause_before();
        let (first, second, third) = (before.next(), before.next(), before.next());
        let beyond = matches!(self.token(Some(self.after)).and_then(Token::mark), Some('+'))
            || self.word_after().is_some_and(|word| BOUNDS_AFTER.contains(&word));
        let fee_behind = self
            .tokens
            .get(self.after + 1..)
            .unwrap_or_default()
            .iter()
            .take(4)
            .any(|token| token.word().is_some_and(|word| FEES.contains(&word) || TAXES.contains(&word)));
        first.is_some_and(|word| BOUNDS_BEFORE.contains(&word))
            || matches!((first, second), (Some("to"), Some("up")) | (Some("of"), Some("instead")))
            || matches!((first, second, third), (Some("be"), Some("to"), Some("used")))
            || [second, third].into_iter().flatten().any(|word| FORMER.contains(&word))
            || self.word_after().is_some_and(|word| FORMER.contains(&word))
            || matches!(first, Some("or" | "ou" | "ama" | "او"))
            || (matches!(first, Some("for" | "at")) && second == Some("not"))
            || (first.is_some_and(|word| LINKS.contains(&word))
                && second.is_some_and(|word| BOUNDS_BEFORE.contains(&word) && word != "offer"))
            || self.words_after().take(3).take_while(|word| *word != "no").any(|word| LEAST.contains(&word))
            || self.token(self.before).and_then(Token::mark) == Some('+')
            || first.is_some_and(|word| split_amount(word) && digits_len == 3)
            || (beyond && !fee_behind)
            || self.words_after().take(3).any(|word| matches!(word, "upwards" | "onwards"))
            || self.words_after().take(2).eq(["or", "more"])
            || (self.token(Some(self.after)).and_then(Token::mark) == Some('-')
                && self.token(Some(self.after + 1)).and_then(Token::word) == Some("ish"))
    }

    /// "2 for 5000", "5000 for 2", "both 5000": an amount for several.
    pub(super) fn is_bundle(&self) -> bool {
        let back = |steps: usize| self.token(self.before.and_then(|at| at.checked_sub(steps)));
        let count = |token: Option<&Token>| match token.map(|token| &token.kind) {
            Some(Kind::Word(word)) => {
                small(word).is_some_and(|count| count > 1) || BOTH.contains(&word.as_str())
            }
            Some(Kind::Number(digits)) => digits.len() <= 2 && digits != "1",
            _ => false,
        };
        let known = |token: Option<&Token>| {
            token.is_none_or(|token| match token.word() {
                Some("of" | "ya" | "de") => false,
                Some(word) => {
                    ARTICLES.contains(&word)
                        || HARMLESS.contains(&word)
                        || PRODUCTS.contains(&word)
                        || OWNING.contains(&word)
                        || FOR.contains(&word)
                }
                None => true,
            })
        };
        let is = |token: Option<&Token>, words: &[&str]| {
            token.and_then(Token::word).is_some_and(|word| words.contains(&word))
        };
        let counted_before = if is(back(0), FOR) {
            (count(back(1)) && known(back(2))) || (is(back(1), PIECES) && count(back(2)) && known(back(3)))
        } else {
            is(back(0), BOTH)
        };
        let ahead = |steps: usize| self.token(Some(self.after + steps));
        let article = usize::from(is(ahead(1), ARTICLES));
        let counted_after =
            is(ahead(0), FOR) && count(ahead(1 + article)) && !is(ahead(2 + article), MEASURES);
        // "2pcs = 3500", "2 pcs total 3500"
        let equals = self.token(self.before).and_then(Token::mark) == Some('=')
            && (count(back(1)) || (is(back(1), PIECES) && count(back(2))));
        let earlier = self.tokens.get(..self.at).unwrap_or_default();
        let summed = self.clause_before().take(2).any(|word| word == "total")
            && earlier.iter().enumerate().any(|(at, token)| count(Some(token)) && !self.is_fee_at(at));
        // "1200 a dozen", "the dozen at 600"
        let dozens =
            self.clause_before().take(4).chain(self.words_after().take(3)).any(|word| DOZENS.contains(&word));
        let each = is(ahead(0), &["each", "cada", "c", "c/u", "apiece", "kila", "per"]);
        ((counted_before || counted_after || equals || summed) && !each) || dozens
    }

    /// "Deposit of 50": the number of another matter, two words behind it at most.
    fn is_fee_at(&self, at: usize) -> bool {
        let before = self.tokens.get(at.saturating_sub(2)..at).unwrap_or_default();
        before.iter().filter_map(Token::word).any(|word| FEES.contains(&word))
    }

    /// One of several numbers in a row that have the digits of a telephone together: `55 1234 5678`.
    fn is_in_phone(&self) -> bool {
        let digits = |at: Option<usize>| {
            self.token(at)
                .and_then(Token::number)
                .map(|digits| digits.bytes().filter(u8::is_ascii_digit).count())
        };
        let back = (1..6).map_while(|steps| digits(self.at.checked_sub(steps)));
        let ahead = (1..6).map_while(|steps| digits(Some(self.at + steps)));
        let others: Vec<usize> = back.chain(ahead).collect();
        !others.is_empty()
            && others.iter().sum::<usize>() + digits(Some(self.at)).unwrap_or(0) >= PHONE_DIGITS_MIN
    }

    /// Digits that are not an amount whatever stands around them.
    pub(super) fn is_no_amount(&self, digits: &str) -> bool {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = digits.starts_with('0') && !digits.starts_with("0.");
        let long = plain
            && (digits.len() >= 9
                || (self.currency.is_none()
                    && (digits.len() >= 8
                        || (digits.len() == 7 && !digits.ends_with("000"))
                        || (digits.len() == 6 && !digits.ends_with("00")))));
        let blanks = digits.matches(' ').count();
        let next = self.token(Some(self.after));
        let percent = next.and_then(Token::mark) == Some('%');
        let marked = self.currency.is_some() || self.marked_thousand;
        let attached = next.is_some_and(|token| {
            !token.spaced && token.word().is_some_and(|word| !PRICE_AFTER.contains(&word))
        });
        let measured = |word: &str| {
            (UNITS.contains(&word) || MEASURES.contains(&word) || PIECES.contains(&word))
                && !(marked && UNITS_OF_STOCK.contains(&word))
        };
        // "4000 new 3500" compares prices.
        let compared = digits.len() > 2 && matches!(self.word_after(), Some("new" | "used"));
        let priced =
            self.is_price_word_near() && self.word_after().is_some_and(|word| UNITS_OF_STOCK.contains(&word));
        // `KCA 250K` is a number plate.
        let plate = digits.len() == 3
            && self.token(self.at.checked_sub(1)).and_then(Token::word).is_some_and(is_plate)
            && self.token(Some(self.at + 1)).is_some_and(|token| {
                !token.spaced && token.word().is_some_and(|word| word.chars().count() == 1)
            });
        // `90915-YZZD4`
        let hyphened = next.is_some_and(|token| token.mark() == Some('-') && !token.spaced)
            && self.token(Some(self.after + 1)).is_some_and(|token| token.word().is_some() && !token.spaced);
        let unit = self.word_after().is_some_and(measured) && !compared && !priced;
        let glued_before = self.token(self.at.checked_sub(1)).is_some_and(|token| {
            !self.spaced_at(self.at)
                && (matches!(token.kind, Kind::Mark('#' | '/' | '_' | '*'))
                    || (matches!(token.kind, Kind::Mark('\'' | '"')) && !token.spaced && self.at > 1)
                    || (token.mark() == Some('.') && !self.ends_sentence()))
                && self.currency.is_none()
        });
        let mut words = self.clause_before();
        // "The item is 1500" names its price, "item 5" the item.
        let linked = words.next().is_some_and(|word| LINKS.contains(&word))
            && words.next().is_some_and(|word| NAMING.contains(&word) && !matches!(word, "item" | "part"));
        let named_thing =
            !marked && (linked || self.naming_word_before().is_some_and(|word| NAMING.contains(&word)));
        let ordinal =
            digits.len() < 3 && self.token(self.at.checked_sub(1)).and_then(Token::mark) == Some('#');
        let owned = !marked && self.word_before().is_some_and(|word| OWNING.contains(&word));
        let clock = !marked
            && digits.parse::<u32>().is_ok_and(|time| time < 2_400)
            && matches!(self.word_before(), Some("at" | "by" | "till" | "until" | "from" | "a" | "saa"))
            && self.clause_before().skip(1).take(4).any(|word| MEETING.contains(&word));
        let pay_me =
            self.clause_before().any(|word| word == "pay") && self.clause_before().any(|word| word == "me");
        let elsewhere = pay_me || self.clause_before().any(|word| ELSEWHERE.contains(&word));
        leading_zero
            || long
            || (!marked && self.is_in_phone())
            || (blanks > 1 && !marked)
            || percent
            || attached
            || hyphened
            || plate
            || unit
            || glued_before
            || named_thing
            || ordinal
            || owned
            || clock
            || elsewhere
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

    /// "Available.3500": the dot ends a sentence.
    fn ends_sentence(&self) -> bool {
        let word = self.token(self.before.and_then(|at| at.checked_sub(1))).and_then(Token::word);
        let dots =
            self.token(self.before.and_then(|at| at.checked_sub(1))).and_then(Token::mark) == Some('.');
        dots || word.is_some_and(|word| word.len() > 2 && word.chars().all(char::is_alphabetic))
    }

    /// `delivery 200`, `200 delivery`, `delivery within town is 200`, `200 for delivery`.
    pub(super) fn is_fee(&self) -> bool {
        let included = |word: &str| INCLUDED.contains(&word);
        let window: Vec<&str> = self.clause_before().take(5).collect();
        let before = window.iter().any(|word| FEES.contains(word));
        if before {
            return !window.iter().any(|word| included(word));
        }
        let mut after = self.tokens.get(self.after..).unwrap_or_default().iter();
        let fee_behind = match after.next().and_then(Token::word) {
            Some("for" | "as" | "de" | "ya" | "of" | "za" | "for the") => {
                after.next().and_then(Token::word).is_some_and(|word| FEES.contains(&word))
            }
            Some(word) => FEES.contains(&word),
            None => false,
        };
        // `4500 delivery 300`: the fee has its own number. `4500 delivery included` is the price.
        let end = self.tokens.len().min(self.after + 5);
        let own_number = (self.after + 1..end)
            .find(|at| self.tokens.get(*at).is_some_and(|token| token.number().is_some()))
            .is_some_and(|at| self.value(at) < self.value(self.at));
        let all_in = after.next().and_then(Token::word).is_some_and(|word| included(word) || word == "is");
        fee_behind && !own_number && !all_in
    }

    pub(super) fn is_price_word_near(&self) -> bool {
        self.word_before().is_some_and(|word| PRICE_NOUNS.contains(&word))
            || self.word_after().is_some_and(|word| PRICE_AFTER.contains(&word))
            || self.token(self.before).and_then(Token::mark) == Some('@')
            || (matches!(self.token(self.before).and_then(Token::mark), Some(':' | '=' | '-'))
                && self.clause_before().next().is_some_and(|word| PRICE_NOUNS.contains(&word)))
            // "bei ya mwisho 6000", "6000 bei ya mwisho"
            || self.clause_before().take(4).any(|word| PRICE_NOUNS.contains(&word))
            || self.words_after().take(3).any(|word| PRICE_NOUNS.contains(&word) && word != "ب")
    }

    /// How sure it is that this is a price at all.
    pub(super) fn certainty(&self, digits: &str) -> Option<f64> {
        if matches!(self.currency, Some(Named::Exactly(_))) {
            return Some(0.9);
        }
        if self.currency.is_some() || self.marked_thousand {
            return Some(0.8);
        }
        let value: u64 = digits.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
        if self.is_price_word_near() {
            let least =
                if self.word_before().is_some_and(|word| PRICE_NOUNS.contains(&word)) { 10 } else { 20 };
            let named = self.word_before().is_some_and(|word| PRICE_NOUNS.contains(&word));
            let counts = self.word_after().is_some_and(|word| PRODUCTS.contains(&word));
            let clear = (named && !counts) || self.after_is_harmless(digits);
            return (value >= least && clear).then_some(0.8);
        }
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let like_a_year = plain && (1_980..=2_039).contains(&value) && value != 2_000;
        // `3.5` and `42.5` are sizes; `35.50` is money.
        let like_a_size = digits.rsplit_once('.').is_some_and(|(_, tail)| tail.len() == 1);
        // `10.30` is a time, `35.50` an amount.
        let cents = digits.rsplit_once(['.', ',']).filter(|(_, tail)| tail.len() == 2);
        let small_cents = cents.is_some_and(|(whole, tail)| {
            let tail: u64 = tail.parse().unwrap_or(0);
            whole.parse::<u64>().is_ok_and(|whole| whole < 25 && tail < 60)
        });
        let with_cents = cents.is_some_and(|(whole, _)| whole.len() > 1) && !small_cents;
        let harmless_after = with_cents || self.after_is_harmless(digits);
        if (value < 100 && !with_cents) || small_cents || like_a_year || like_a_size || !harmless_after {
            return None;
        }
        let before = self.word_before();
        // "C'est" without its apostrophe.
        if before == Some("est") && self.clause_before().nth(1) == Some("c") {
            return Some(0.75);
        }
        if before.is_some_and(|word| PRICE_BEFORE.contains(&word) || ROUGHLY.contains(&word) || word == "not")
        {
            return Some(0.75);
        }
        let harmless_before = self.plain_at(self.before)
            || self.follows_model(digits)
            || self.token(self.before).is_none_or(|token| match &token.kind {
                Kind::Word(word) if matches!(word.as_str(), "with" | "con" | "com" | "avec" | "مع") => {
                    false
                }
                Kind::Word(word) => HARMLESS.contains(&word.as_str()) || PRODUCTS.contains(&word.as_str()),
                Kind::Number(other) => other == digits,
                Kind::Mark(mark) => !matches!(mark, '#' | '*'),
                _ => false,
            });
        harmless_before.then_some(0.65)
    }

    /// "A14 28,500", "128gb 23000", "iPhone 13 45000": a round amount behind a code or a measured thing.
    fn follows_model(&self, digits: &str) -> bool {
        let round = digits.len() > 3 && (digits.ends_with("00") || digits.ends_with("50"));
        let code =
            |word: &str| word.chars().any(char::is_alphabetic) && word.chars().any(|c| c.is_ascii_digit());
        let back = |steps: usize| self.token(self.before.and_then(|at| at.checked_sub(steps)));
        let model = match back(0).map(|token| &token.kind) {
            Some(Kind::Word(word)) => {
                code(word)
                    || (MEASURES.contains(&word.as_str())
                        && back(1).is_some_and(|token| token.number().is_some()))
            }
            Some(Kind::Number(digits)) => {
                digits.len() <= 2 && back(1).is_some_and(|token| token.word().is_some())
            }
            Some(Kind::OtherDigits) => true,
            _ => false,
        };
        let ends = self
            .token(Some(self.after))
            .is_none_or(|token| token.mark().is_some_and(|mark| mark != '*' && mark != '-' && mark != '+'));
        round && model && ends
    }

    pub(super) fn after_is_harmless(&self, digits: &str) -> bool {
        self.token(Some(self.after)).is_none_or(|token| match &token.kind {
            Kind::Word(word) => {
                let word = word.as_str();
                HARMLESS.contains(&word)
                    || PRICE_AFTER.contains(&word)
                    || BOUNDS_AFTER.contains(&word)
                    || FEES.contains(&word)
                    || FOR.contains(&word)
                    || PRICE_NOUNS.contains(&word)
                    || self.plain_at(Some(self.after))
                    || matches!(word, "if" | "or" | "to" | "not" | "a" | "at" | "para")
                    || (word == "is" && self.words_after().skip(1).take(3).any(final_word))
            }
            Kind::Mark(mark) => *mark != '*',
            // The same amount again.
            Kind::Number(other) => other == digits,
            _ => false,
        })
    }
}

/// "3500 is my last": what the number is said to be.
fn final_word(word: &str) -> bool {
    PRICE_NOUNS.contains(&word)
        || PRICE_AFTER.contains(&word)
        || matches!(word, "best" | "okay" | "my" | "our")
}

/// Digits of the shortest telephone numbers that are written in groups.
const PHONE_DIGITS_MIN: usize = 9;

const ARTICLES: &[&str] = &["the", "las", "los", "les", "os", "as"];

const LEAST: &[&str] = &["minimum", "maximum", "max", "least", "less"];

const TAXES: &[&str] = &["vat", "tax", "taxes", "gst", "iva", "tva", "igv"];

/// The letters of a Kenyan number plate.
fn is_plate(word: &str) -> bool {
    matches!(word.as_bytes(), [b'k', b'a'..=b'e', b'a'..=b'z']) && word != "kes"
}

/// `R45 500` in place of `R45,500`: the rest of the amount stands alone.
fn split_amount(word: &str) -> bool {
    let digits = word.trim_start_matches(|c: char| c.is_alphabetic());
    word.len() > digits.len()
        && word.len() - digits.len() < 4
        && (1..=3).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}
