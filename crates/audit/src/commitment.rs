//! Commitments: proof of what a payload was, without holding it.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use marketplace::IdSource;
use serde_json::Value;
use sha2::Sha256;

use crate::{Digest, canonical::canonical_json};

/// 32 random bytes, one for each record, kept beside its payload and deleted with it. A bare hash of a phone
/// number or of "yes" could be guessed; under a deleted salt it cannot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// A new salt.
    pub fn generate(ids: &dyn IdSource) -> Self {
        let mut bytes = [0; 32];
        ids.fill_random(&mut bytes);
        Self(bytes)
    }

    /// A stored salt.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored beside the payload.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// HMAC-SHA-256 of the payload's canonical form under the salt. A record without a payload commits to `null`.
pub fn commit(salt: &Salt, payload: &Value) -> Digest {
    commit_canonical(salt, &canonical_json(payload))
}

/// The same for a payload that is at hand in its canonical form ([`canonical_json`]).
pub fn commit_canonical(salt: &Salt, canonical: &[u8]) -> Digest {
    Digest::from_bytes(mac(salt, canonical).finalize().into_bytes().into())
}

/// Whether a payload is the one a record commits to.
pub fn verify_payload(salt: &Salt, payload: &Value, commitment: &Digest) -> bool {
    verify_canonical(salt, &canonical_json(payload), commitment)
}

/// Whether these bytes are the canonical form of the payload that a record commits to. Any other spelling of the
/// same JSON is not.
pub fn verify_canonical(salt: &Salt, bytes: &[u8], commitment: &Digest) -> bool {
    mac(salt, bytes).verify_slice(commitment.as_bytes()).is_ok()
}

fn mac(salt: &Salt, canonical: &[u8]) -> Hmac<Sha256> {
    // HMAC fills a short key up to the block with zeros; doing it here keeps the constructor infallible.
    let mut key = [0; 64];
    key.iter_mut().zip(salt.0).for_each(|(to, from)| *to = from);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(canonical);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_commitment_fits_its_payload_alone() {
        let salt = Salt::from_bytes([7; 32]);
        let commitment = commit(&salt, &json!({"to": "clarifying", "version": 3}));
        assert!(verify_payload(&salt, &json!({"version": 3, "to": "clarifying"}), &commitment));
        assert!(!verify_payload(&salt, &json!({"version": 4, "to": "clarifying"}), &commitment));
        assert!(!verify_payload(
            &Salt::from_bytes([8; 32]),
            &json!({"version": 3, "to": "clarifying"}),
            &commitment
        ));
    }

    #[test]
    fn only_the_canonical_bytes_pass_without_parsing() {
        let (salt, payload) = (Salt::from_bytes([7; 32]), json!({"b": 1, "a": "é"}));
        let commitment = commit(&salt, &payload);
        assert!(verify_canonical(&salt, &canonical_json(&payload), &commitment));
        assert_eq!(commit_canonical(&salt, br#"{"a":"\u00e9","b":1}"#), commitment);
        for other in [r#"{"b":1,"a":"\u00e9"}"#, r#"{"a":"é","b":1}"#, r#"{"a": "\u00e9","b":1}"#] {
            assert!(!verify_canonical(&salt, other.as_bytes(), &commitment), "{other}");
        }
    }

    /// `hmac.new(bytes([7]*32), b'{"a":"\\u00e9","b":[1,0.5]}', "sha256").hexdigest()`
    #[test]
    fn agrees_with_python() {
        let commitment = commit(&Salt::from_bytes([7; 32]), &json!({"b": [1, 0.5], "a": "é"}));
        assert_eq!(
            commitment.to_string(),
            "686a37a8c1632d82e5accd98181054ac89a1232d081b2780c94f9091d71fc200"
        );
    }
}
