//! Canonical JSON: byte for byte what Python's `json.dumps(value, sort_keys=True, separators=(",", ":"))` writes.

use std::io::Write as _;

use serde_json::{Number, Value};

/// The canonical bytes of any JSON value: sorted members, no white space, ASCII only.
///
/// Numbers with a fraction or exponent are written as Python's `repr` writes them (shortest digits that read
/// back, exponent below 1e-4 and from 1e16).
pub fn canonical_json(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => write_separated(out, *b"[]", items, write_value),
        Value::Object(members) => {
            // The map may keep insertion order, depending on what else is in the build.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| name.as_str());
            write_separated(out, *b"{}", sorted, |out, (name, value)| {
                write_text(out, name);
                out.push(b':');
                write_value(out, value);
            });
        }
    }
}

/// Items between brackets, with commas.
pub(crate) fn write_separated<T>(
    out: &mut Vec<u8>,
    [open, close]: [u8; 2],
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(close);
}

/// A JSON string in printable ASCII.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|c| write_char(out, c));
    }
    out.push(b'"');
}

fn write_char(out: &mut Vec<u8>, c: char) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        ' '..='~' => write_fmt(out, format_args!("{c}")),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write_fmt(out, format_args!("\\u{unit:04x}"));
            }
        }
    }
}

/// A decimal integer.
pub(crate) fn write_integer(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    write_fmt(out, format_args!("{value}"));
}

fn write_number(out: &mut Vec<u8>, number: &Number) {
    match number.as_f64() {
        Some(float) if number.is_f64() => write_float(out, float),
        _ => write_integer(out, number),
    }
}

fn write_float(out: &mut Vec<u8>, value: f64) {
    // Rust's `{:e}` gives the shortest digits that read back, as Python's repr does; only the layout differs.
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(-4..=15) => {
            let plain = format!("{value}");
            write_fmt(out, format_args!("{plain}{}", if plain.contains('.') { "" } else { ".0" }));
        }
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            write_fmt(out, format_args!("{digits}e{sign}{:02}", exponent.unsigned_abs()));
        }
        Err(_) => out.extend_from_slice(b"null"),
    }
}

fn write_fmt(out: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    // Writing into memory cannot fail.
    let _ = out.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The right-hand sides were written by Python 3's `json.dumps(…, sort_keys=True, separators=(",", ":"))`.
    #[test]
    fn agrees_with_python() {
        for (value, python) in [
            (json!({"b": 1, "a": [true, null, "x"]}), r#"{"a":[true,null,"x"],"b":1}"#),
            (
                json!({"é": "ü", "z": "😀", "Z": "\u{7f}"}),
                r#"{"Z":"\u007f","z":"\ud83d\ude00","\u00e9":"\u00fc"}"#,
            ),
            (json!("\"\\\n\r\t\u{8}\u{c}\u{0}/"), r#""\"\\\n\r\t\b\f\u0000/""#),
            (
                json!([0.1, 1.0, -0.0, 1e16, 1e15, 1.5e-5, 0.0001, 123_456.789, 1e300, 1.25e-7]),
                "[0.1,1.0,-0.0,1e+16,1000000000000000.0,1.5e-05,0.0001,123456.789,1e+300,1.25e-07]",
            ),
            (json!([u64::MAX, i64::MIN, 0]), "[18446744073709551615,-9223372036854775808,0]"),
        ] {
            assert_eq!(String::from_utf8(canonical_json(&value)).unwrap(), python);
        }
    }

    proptest! {
        #[test]
        fn reads_back_to_the_same_value(text: String, key: String, number: i64, float in prop::num::f64::NORMAL) {
            let value = json!({ key: [text, number, float] });
            let bytes = canonical_json(&value);
            prop_assert!(bytes.is_ascii());
            prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
        }

        #[test]
        fn different_texts_differ(left in r#"[\\"\nu0{}\[\],:é]{0,6}"#, right in r#"[\\"\nu0{}\[\],:é]{0,6}"#) {
            prop_assert_eq!(left == right, canonical_json(&json!([left])) == canonical_json(&json!([right])));
        }
    }
}
