//! Where the people who operate are told that something waits for them.

use secrecy::SecretString;

use crate::{
    reader::{Faulty, Parsed, Reader},
    shared::secret,
    variables::{OPERATOR_WEBHOOK_SECRET, OPERATOR_WEBHOOK_URL},
    web::HttpUrl,
};

/// The shortest secret that is taken, in characters.
const SECRET_MIN: usize = 16;

/// Everything needed to tell them.
#[derive(Debug, Clone)]
pub struct OperatorWebhook {
    /// `OPERATOR_WEBHOOK_URL`; encrypted unless it is on this machine.
    pub url: HttpUrl,
    /// `OPERATOR_WEBHOOK_SECRET`: signs each request.
    pub secret: SecretString,
}

impl OperatorWebhook {
    /// `None` when neither is set; one without the other is a fault.
    pub(crate) fn read(reader: &mut Reader) -> Result<Option<Self>, Faulty> {
        let url = reader.optional(&OPERATOR_WEBHOOK_URL, parse_url);
        let secret = reader.optional(&OPERATOR_WEBHOOK_SECRET, parse_secret);
        match (url?, secret?) {
            (Some(url), Some(secret)) => Ok(Some(Self { url, secret })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(reader.fault(
                &OPERATOR_WEBHOOK_SECRET,
                "is missing; it is required when OPERATOR_WEBHOOK_URL is set",
            )),
            (None, Some(_)) => Err(reader.fault(
                &OPERATOR_WEBHOOK_URL,
                "is missing; it is required when OPERATOR_WEBHOOK_SECRET is set",
            )),
        }
    }
}

fn parse_url(text: &str) -> Parsed<HttpUrl> {
    HttpUrl::parse_encrypted_or_loopback(text, "which requests wait for a person")
}

fn parse_secret(text: &str) -> Parsed<SecretString> {
    if text.trim().chars().count() < SECRET_MIN {
        return Err(format!("has fewer than {SECRET_MIN} characters"));
    }
    secret(text)
}
