//! Repairs of texts that JSON allows to be written and no Rust string can hold.

/// Replaces bytes that are not UTF-8 and escapes of half a surrogate pair by U+FFFD. Everything else stays as it is;
/// text that was no JSON before is none after.
pub(super) fn text_faults(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut repaired = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, escape)) = rest.split_once('\\') {
        repaired.push_str(before);
        repaired.push('\\');
        rest = match surrogate(escape) {
            Some((half, after)) if is_high(half) => match after.strip_prefix('\\').and_then(surrogate) {
                Some((other, after_both)) if !is_high(other) => {
                    repaired.push_str(escape.strip_suffix(after_both).unwrap_or_default());
                    after_both
                }
                _ => {
                    repaired.push_str("ufffd");
                    after
                }
            },
            Some((_, after)) => {
                repaired.push_str("ufffd");
                after
            }
            // Any other escape: its next character is no backslash of its own.
            None => {
                let mut chars = escape.chars();
                repaired.extend(chars.next());
                chars.as_str()
            }
        };
    }
    repaired.push_str(rest);
    repaired
}

/// The half of a surrogate pair whose escape, without its backslash, begins `text`; and what follows it.
fn surrogate(text: &str) -> Option<(u16, &str)> {
    let (digits, after) = text.strip_prefix('u')?.split_at_checked(4)?;
    let half = u16::from_str_radix(digits, 16).ok()?;
    (0xd800..=0xdfff).contains(&half).then_some((half, after))
}

fn is_high(half: u16) -> bool {
    half < 0xdc00
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn halves_of_pairs_become_replacement_characters() {
        let cases = [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ud83d x""#, "\u{fffd} x"),
            (r#""\ude00""#, "\u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\\ud83d""#, "\\ud83d"),
            (r#""\u0041\u00e9\"""#, "Aé\""),
        ];
        for (json, expected) in cases {
            let value: Value = serde_json::from_str(&text_faults(json.as_bytes())).unwrap();
            assert_eq!(value, expected, "{json}");
        }
        let value: Value = serde_json::from_str(&text_faults(b"\"a\xffb\"")).unwrap();
        assert_eq!(value, "a\u{fffd}b");
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for text in ["", "{", "\"\\", "\"\\u", "\"\\ud8", "\"\\ud83d\\", "\\ué000"] {
            assert!(serde_json::from_str::<Value>(&text_faults(text.as_bytes())).is_err(), "{text}");
        }
    }
}
