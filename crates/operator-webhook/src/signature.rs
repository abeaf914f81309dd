//! HMAC-SHA-256 over the time and the raw body.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// `t=<seconds since 1970>,v1=<64 hexadecimal digits>`.
pub const SIGNATURE_HEADER: &str = "concierge-signature";

/// The header's value for a body that is sent at `at`: HMAC-SHA-256 under the secret's bytes over the decimal seconds, a
/// full stop and the raw body.
pub fn sign(secret: &[u8], at: i64, body: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}
