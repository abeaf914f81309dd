//! Bytes as Meta writes them: escaping, signatures, message ids.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The JSON text of a value with every non-ASCII character as lower-case `\uXXXX` (surrogate pairs above the
/// basic plane) and `/` as `\/`, as Meta's webhooks arrive.
pub fn escape_like_meta(value: &serde_json::Value) -> String {
    let plain = value.to_string();
    let mut escaped = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '/' => escaped.push_str("\\/"),
            c if c.is_ascii() => escaped.push(c),
            c => {
                escaped.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
    escaped
}

/// The `X-Hub-Signature-256` header: `sha256=` and the hexadecimal HMAC-SHA256 of the raw body.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length, so `new_from_slice` has no failing case.
    let code = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes())
        .map(|mac| hex::encode(mac.chain_update(body).finalize().into_bytes()))
        .unwrap_or_default();
    format!("sha256={code}")
}

/// Which way a message goes, as seen by the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
}

/// A message id in Meta's form: `wamid.` and base64 of bytes which contain the user's digits.
/// The n-th message of a person has the same id in every run with the same seed.
pub(crate) fn wamid(direction: Direction, digits: &str, seed: u64, ordinal: u64) -> String {
    let (mark, length) = match direction {
        Direction::Outbound => (0x11, 18),
        Direction::Inbound => (0x12, 20),
    };
    format!("wamid.{}", meta_id(mark, length, digits, seed, ordinal))
}

/// A call id in Meta's form. The n-th call with a person has the same id in every run with the same seed.
pub(crate) fn wacid(digits: &str, seed: u64, ordinal: u64) -> String {
    format!("wacid.{}", meta_id(0x14, 20, digits, seed, ordinal))
}

fn meta_id(mark: u8, length: usize, digits: &str, seed: u64, ordinal: u64) -> String {
    let hash = hash(&[&seed.to_be_bytes(), &[mark], digits.as_bytes(), &ordinal.to_be_bytes()]);
    let token: String = hex::encode_upper(hash).chars().take(length).collect();
    let digits_length = u8::try_from(digits.len()).unwrap_or(u8::MAX);
    let mut bytes = vec![0x1c, 0x18, digits_length];
    bytes.extend_from_slice(digits.as_bytes());
    bytes.extend_from_slice(&[0x15, 0x02, 0x00, mark, 0x18, u8::try_from(length).unwrap_or(u8::MAX)]);
    bytes.extend_from_slice(token.as_bytes());
    bytes.push(0);
    STANDARD.encode(bytes)
}

/// SHA-256 over parts, each preceded by its length.
pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().into()
}

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A number drawn from the parts: the same parts give the same number.
pub(crate) fn draw(parts: &[&[u8]]) -> u64 {
    hash(parts).iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn escapes_like_meta_and_means_the_same() {
        let value = json!({"text": "äöå/😀 \"q\" \n\u{0}", "n": 1});
        let escaped = escape_like_meta(&value);
        assert!(escaped.is_ascii());
        assert!(escaped.contains(r"\u00e4\u00f6\u00e5\/\ud83d\ude00"), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }

    #[test]
    fn signature_of_rfc_4231_case_2() {
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn ids_carry_the_number_and_differ() {
        let first = wamid(Direction::Outbound, "254700000101", 7, 0);
        assert!(first.starts_with("wamid.HBgM"), "{first}");
        let bytes = STANDARD.decode(first.trim_start_matches("wamid.")).unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("254700000101"));
        assert_eq!(first, wamid(Direction::Outbound, "254700000101", 7, 0));
        assert_ne!(first, wamid(Direction::Outbound, "254700000101", 7, 1));
        assert_ne!(first, wamid(Direction::Outbound, "254700000101", 8, 0));
        assert_ne!(first, wamid(Direction::Inbound, "254700000101", 7, 0));
    }
}
