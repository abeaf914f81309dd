//! The few patterns of our ids: a literal, then one character class repeated. No regular expressions at run time.

/// `^literal[class]{min,max}$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    source: String,
    literal: String,
    class: Vec<(char, char)>,
    min: usize,
    max: usize,
}

impl Pattern {
    /// Reads a pattern of this one form; `None` for any other.
    pub(super) fn parse(source: &str) -> Option<Self> {
        let body = source.strip_prefix('^')?.strip_suffix('$')?;
        let (literal, rest) = body.split_once('[')?;
        let (class, rest) = rest.split_once(']')?;
        let count = rest.strip_prefix('{')?.strip_suffix('}')?;
        let (min, max) = count.split_once(',').unwrap_or((count, count));
        if !literal.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        Some(Self {
            source: source.to_owned(),
            literal: literal.to_owned(),
            class: parse_class(class)?,
            min: min.parse().ok()?,
            max: max.parse().ok()?,
        })
    }

    /// Whether the whole text has the form.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(self.literal.as_str()) else { return false };
        let in_class = |c: char| self.class.iter().any(|(from, to)| (*from..=*to).contains(&c));
        (self.min..=self.max).contains(&rest.chars().count()) && rest.chars().all(in_class)
    }

    /// As it stands in the schema.
    pub(super) fn source(&self) -> &str {
        &self.source
    }
}

/// Ranges and single characters; a hyphen stands for itself at the end only, and nothing is escaped.
fn parse_class(class: &str) -> Option<Vec<(char, char)>> {
    let mut ranges = Vec::new();
    let mut rest = class.chars().peekable();
    while let Some(from) = rest.next() {
        if matches!(from, '\\' | '^' | '[') {
            return None;
        }
        let mut ahead = rest.clone();
        let to = (ahead.next() == Some('-')).then(|| ahead.next()).flatten();
        if let Some(to) = to {
            ranges.push((from, to));
            rest = ahead;
        } else {
            ranges.push((from, from));
        }
    }
    (!ranges.is_empty()).then_some(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_patterns_are_read_and_matched() {
        for (pattern, good, bad) in [
            ("^[A-Z]{3}$", &["KES", "USD"][..], &["", "kes", "KESX", "KE", "KES\n", "KÉS"][..]),
            (
                "^[A-Za-z0-9._:-]{1,64}$",
                &["v-001", "a", "A.b_c:d-"],
                &["", "a b", "é", "a\n", "+", ",", "/", ";"],
            ),
            (
                "^rep_[0-9a-f]{32}$",
                &["rep_0123456789abcdef0123456789abcdef"],
                &[
                    "rep_",
                    "rep_0123456789abcdef0123456789abcdeF",
                    "req_0123456789abcdef0123456789abcdef",
                    "rep_0123456789abcdef0123456789abcdef\n",
                ],
            ),
        ] {
            let compiled = Pattern::parse(pattern).unwrap();
            assert_eq!(compiled.source(), pattern);
            for text in good {
                assert!(compiled.matches(text), "{pattern} {text:?}");
            }
            for text in bad {
                assert!(!compiled.matches(text), "{pattern} {text:?}");
            }
        }
    }

    #[test]
    fn other_patterns_are_not_guessed_at() {
        for pattern in
            ["", "abc", "^a+$", "^[a-z]+$", r"^\d{3}$", "^[^a]{1}$", "^a.b[c]{1}$", "^[a]{x}$", "^[]{1}$"]
        {
            assert_eq!(Pattern::parse(pattern), None, "{pattern}");
        }
    }
}
