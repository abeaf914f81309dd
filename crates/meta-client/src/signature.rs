//! Is a webhook from Meta? `X-Hub-Signature-256`, and the verification request that comes before any webhook.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Why a webhook is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is missing.
    #[error("the signature header is missing")]
    Missing,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    #[error("the signature header is not `sha256=` and 64 hexadecimal digits")]
    Malformed,
    /// No secret of ours made this signature over these bytes.
    #[error("the signature does not fit the body")]
    Mismatch,
    /// A secret is configured blank. An empty key would let anybody sign.
    #[error("a webhook secret is blank")]
    BlankSecret,
    /// The verification request is not Meta's, or its token is not ours.
    #[error("the verification request does not carry our token")]
    WrongToken,
}

/// The app secrets that sign webhooks: the current one, and during a rotation the one before it.
#[derive(Debug, Clone)]
pub struct WebhookSecrets {
    current: SecretString,
    previous: Option<SecretString>,
}

impl WebhookSecrets {
    /// Takes the secrets; a blank one is [`SignatureError::BlankSecret`], also as the previous one.
    pub fn new(current: SecretString, previous: Option<SecretString>) -> Result<Self, SignatureError> {
        let blank = |secret: &SecretString| secret.expose_secret().trim().is_empty();
        if blank(&current) || previous.as_ref().is_some_and(blank) {
            return Err(SignatureError::BlankSecret);
        }
        Ok(Self { current, previous })
    }

    /// Checks `X-Hub-Signature-256` over the body's bytes as they came: the same JSON written otherwise has another
    /// signature. Hexadecimal digits are taken in either case. Both secrets are always tried, so that the time
    /// taken does not tell which one fits.
    pub fn verify(&self, header: Option<&[u8]>, body: &[u8]) -> Result<(), SignatureError> {
        let signature = parse_header(header.ok_or(SignatureError::Missing)?)?;
        let fits = [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .fold(Choice::from(0), |fits, secret| fits | signed_by(secret, body, &signature));
        if bool::from(fits) { Ok(()) } else { Err(SignatureError::Mismatch) }
    }
}

fn parse_header(header: &[u8]) -> Result<[u8; 32], SignatureError> {
    let digits = header.strip_prefix(b"sha256=").ok_or(SignatureError::Malformed)?;
    let mut signature = [0; 32];
    hex::decode_to_slice(digits, &mut signature).map_err(|_| SignatureError::Malformed)?;
    Ok(signature)
}

fn signed_by(secret: &SecretString, body: &[u8], signature: &[u8; 32]) -> Choice {
    // A key of any length is a key to HMAC; were it not, nothing would fit.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return Choice::from(0);
    };
    mac.update(body);
    mac.finalize().into_bytes().as_slice().ct_eq(signature)
}

/// Checks Meta's verification request (`hub.mode`, `hub.verify_token`, `hub.challenge`) and returns the challenge to
/// echo as `text/plain`. Tokens are compared by digest, so neither content nor length shows in the time taken.
pub fn verify_challenge<'a>(
    mode: &str,
    token: &str,
    challenge: &'a str,
    expected: &SecretString,
) -> Result<&'a str, SignatureError> {
    if expected.expose_secret().trim().is_empty() {
        return Err(SignatureError::BlankSecret);
    }
    let same = Sha256::digest(token).ct_eq(&Sha256::digest(expected.expose_secret()));
    if mode == "subscribe" && bool::from(same) { Ok(challenge) } else { Err(SignatureError::WrongToken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(current: &str, previous: Option<&str>) -> WebhookSecrets {
        WebhookSecrets::new(current.into(), previous.map(SecretString::from)).unwrap()
    }

    struct Vector {
        name: String,
        secret: String,
        body: Vec<u8>,
        header: String,
    }

    fn vectors() -> Vec<Vector> {
        let text = include_str!("../../../tests/fixtures/meta-webhooks/signature-vectors.json");
        let file: serde_json::Value = serde_json::from_str(text).unwrap();
        file["vectors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vector| Vector {
                name: vector["name"].as_str().unwrap().to_owned(),
                secret: vector["secret"].as_str().unwrap().to_owned(),
                body: hex::decode(vector["body_hex"].as_str().unwrap()).unwrap(),
                header: vector["header"].as_str().unwrap().to_owned(),
            })
            .collect()
    }

    #[test]
    fn positive_vectors_verify() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 5);
        for vector in &vectors {
            let result = secrets(&vector.secret, None).verify(Some(vector.header.as_bytes()), &vector.body);
            assert_eq!(result, Ok(()), "{}", vector.name);
        }
        let (wire, rewritten) = (&vectors[1], &vectors[2]);
        assert_eq!(
            secrets(&wire.secret, None).verify(Some(wire.header.as_bytes()), &rewritten.body),
            Err(SignatureError::Mismatch),
            "the same JSON in other bytes"
        );
    }

    #[test]
    fn negative_vectors_are_refused() {
        let vector = &vectors()[0];
        let digits = vector.header.strip_prefix("sha256=").unwrap();
        let flipped = format!("sha256={}4", digits.strip_suffix('3').unwrap());
        let cases: &[(&str, Option<&[u8]>, SignatureError)] = &[
            ("missing", None, SignatureError::Missing),
            ("no prefix", Some(digits.as_bytes()), SignatureError::Malformed),
            ("sha1", Some(b"sha1=5bdcc146bf60754e6a042426089575c75a003f08"), SignatureError::Malformed),
            ("empty", Some(b""), SignatureError::Malformed),
            ("one nibble", Some(flipped.as_bytes()), SignatureError::Mismatch),
            ("63 digits", Some(&vector.header.as_bytes()[..70]), SignatureError::Malformed),
            ("65 digits", Some(&[vector.header.as_bytes(), b"0"].concat()), SignatureError::Malformed),
            ("non-ASCII", Some("sha256=é\u{1F600}".as_bytes()), SignatureError::Malformed),
            ("not UTF-8", Some(&[&b"sha256="[..], &[0xff; 64]].concat()), SignatureError::Malformed),
        ];
        for (name, header, expected) in cases {
            assert_eq!(secrets(&vector.secret, None).verify(*header, &vector.body), Err(*expected), "{name}");
        }
        let upper = format!("sha256={}", digits.to_uppercase());
        assert_eq!(
            secrets(&vector.secret, None).verify(Some(upper.as_bytes()), &vector.body),
            Ok(()),
            "upper-case digits are the same signature"
        );
    }

    #[test]
    fn the_old_secret_counts_while_rotating_only() {
        let vector = &vectors()[0];
        let verify = |secrets: WebhookSecrets| secrets.verify(Some(vector.header.as_bytes()), &vector.body);
        assert_eq!(verify(secrets("new", Some(&vector.secret))), Ok(()));
        assert_eq!(verify(secrets(&vector.secret, Some("old"))), Ok(()));
        assert_eq!(verify(secrets("new", None)), Err(SignatureError::Mismatch));
        assert_eq!(verify(secrets("new", Some("old"))), Err(SignatureError::Mismatch));
    }

    #[test]
    fn blank_secrets_are_refused_and_secrets_are_not_printed() {
        for (current, previous) in [("", None), (" \t", None), ("good", Some("")), ("", Some("good"))] {
            let result = WebhookSecrets::new(current.into(), previous.map(SecretString::from));
            assert_eq!(result.unwrap_err(), SignatureError::BlankSecret, "{current:?} {previous:?}");
        }
        assert!(!format!("{:?}", secrets("made-up-secret", None)).contains("made-up"));
    }

    #[test]
    fn the_challenge_is_echoed_for_our_token_only() {
        let ours = SecretString::from("tóken");
        assert_eq!(verify_challenge("subscribe", "tóken", "1158201444", &ours), Ok("1158201444"));
        for (mode, token) in
            [("subscribe", "token"), ("subscribe", ""), ("unsubscribe", "tóken"), ("subscribe", "tóken ")]
        {
            let result = verify_challenge(mode, token, "1", &ours);
            assert_eq!(result, Err(SignatureError::WrongToken), "{mode} {token}");
        }
        assert_eq!(verify_challenge("subscribe", "", "1", &"".into()), Err(SignatureError::BlankSecret));
    }
}
