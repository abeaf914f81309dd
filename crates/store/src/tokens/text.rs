//! A token as text: `cct_<32 hex of its id>_<43 characters of its secret>`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use marketplace::{IdSource, TokenId};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What a token's text starts with: a leaked one is found by it.
const PREFIX: &str = "cct_";
const ID_LENGTH: usize = 32;
/// 32 bytes in base64 without padding.
const SECRET_LENGTH: usize = 43;

/// A token's text, taken apart.
pub(super) struct Parts {
    pub(super) id: TokenId,
    secret: SecretString,
}

impl Parts {
    /// A new id and a new secret, and both as the text that its bearer shows.
    pub(super) fn generate(ids: &dyn IdSource) -> (Self, SecretString) {
        let id = TokenId::generate(ids);
        let mut bytes = [0; 32];
        ids.fill_random(&mut bytes);
        let secret = URL_SAFE_NO_PAD.encode(bytes);
        let text = format!("{PREFIX}{}_{secret}", id.uuid().simple());
        (Self { id, secret: secret.into() }, text.into())
    }

    /// `None` for what does not have a token's form.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_at_checked(ID_LENGTH)?;
        let secret = secret.strip_prefix('_')?;
        let id = format!("{}_{id}", TokenId::PREFIX).parse().ok()?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let fits = secret.len() == SECRET_LENGTH && secret.bytes().all(allowed);
        fits.then(|| Self { id, secret: secret.into() })
    }

    pub(super) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// What is kept of a secret.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Compares in a time that does not depend on the bytes; a hash that is not kept is like none.
pub(super) fn matches(kept: &[u8], shown: &[u8; 32]) -> bool {
    let found = kept.len() == shown.len();
    let kept: [u8; 32] = kept.try_into().unwrap_or_default();
    bool::from(kept.ct_eq(shown)) & found
}

#[cfg(test)]
mod tests {
    use marketplace::SeededIds;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_reads_back() {
        let (parts, text) = Parts::generate(&SeededIds::new(4));
        let text = text.expose_secret();
        assert_eq!(text.len(), 80);
        let again = Parts::of(text).unwrap();
        assert_eq!((again.id, again.secret()), (parts.id, parts.secret()));
        assert!(matches(&hash(parts.secret()), &hash(again.secret())));
    }

    #[test]
    fn what_has_another_form_is_none() {
        let (_, text) = Parts::generate(&SeededIds::new(4));
        let text = text.expose_secret();
        let hex = text.get(4..36).unwrap();
        let short = text.get(..79).unwrap();
        for bad in [
            String::new(),
            "cct_".to_owned(),
            short.to_owned(),
            format!("{text}x"),
            text.replacen("cct", "CCT", 1),
            text.replacen(hex, &hex.to_uppercase(), 1),
            text.replacen(hex, "é1234567890123456789012345678901", 1),
            format!("{short}!"),
            format!(" {text}"),
        ] {
            assert!(Parts::of(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_missing_hash_matches_nothing() {
        assert!(!matches(&[], &[0; 32]));
        assert!(!matches(&[0; 31], &[0; 32]));
        assert!(matches(&[7; 32], &[7; 32]));
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = Parts::of(&text);
            let _ = Parts::of(&format!("cct_{text}"));
        }
    }
}
