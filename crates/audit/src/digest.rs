//! 32 bytes of SHA-256 or HMAC-SHA-256, written as hexadecimal.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use crate::AuditError;

/// A hash or a commitment. In JSON and text: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, as a database column holds them.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 over a domain tag and a body, so that a record never hashes like a checkpoint.
    pub(crate) fn tagged(tag: &[u8], body: &[u8]) -> Self {
        let mut hash = TaggedHash::new(tag);
        hash.update(body);
        hash.finish()
    }

    /// Appends the hexadecimal form without allocating.
    pub(crate) fn write_hex(&self, out: &mut Vec<u8>) {
        let mut text = [0_u8; 64];
        if hex::encode_to_slice(self.0, &mut text).is_ok() {
            out.extend_from_slice(&text);
        }
    }
}

/// The same as [`Digest::tagged`] for a body that comes in pieces.
#[derive(Debug, Clone)]
pub(crate) struct TaggedHash(Sha256);

impl TaggedHash {
    pub(crate) fn new(tag: &[u8]) -> Self {
        Self(Sha256::new().chain_update(b"concierge.audit.v1.").chain_update(tag).chain_update(b"\n"))
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for Digest {
    type Error = AuditError;
    fn try_from(bytes: &[u8]) -> Result<Self, AuditError> {
        bytes.try_into().map(Self).map_err(|_| AuditError::NotADigest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = AuditError;
    fn from_str(text: &str) -> Result<Self, AuditError> {
        // `hex` also reads capitals; one digest has one spelling here.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(AuditError::NotADigest);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| AuditError::NotADigest)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_digest_has_one_spelling() {
        let digest = Digest::tagged(b"record", b"{}");
        let text = digest.to_string();
        assert_eq!(text.parse(), Ok(digest));
        let mut written = Vec::new();
        digest.write_hex(&mut written);
        assert_eq!(written, text.as_bytes());
        for bad in [text.to_uppercase(), format!("{text}0"), String::new(), "zz".repeat(32)] {
            assert_eq!(bad.parse::<Digest>(), Err(AuditError::NotADigest), "{bad}");
        }
        assert_eq!(Digest::try_from(&[0_u8; 31][..]), Err(AuditError::NotADigest));
    }
}
