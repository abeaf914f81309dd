//! The voice leg of calls.

use secrecy::SecretString;

use crate::{
    reader::{Faulty, Parsed, Reader},
    shared::token,
    variables::{VOICE_GATEWAY_TOKEN, VOICE_GATEWAY_URL},
    web::HttpUrl,
};

/// Everything needed to reach the media server.
#[derive(Debug, Clone)]
pub struct VoiceGateway {
    /// `VOICE_GATEWAY_URL`; encrypted unless it is on this machine.
    pub url: HttpUrl,
    /// `VOICE_GATEWAY_TOKEN`: what the gateway asks of us; `None` for a gateway that asks for nothing.
    pub token: Option<SecretString>,
}

impl VoiceGateway {
    /// `None` when no gateway is given and calling is off; what is set is checked all the same.
    pub(crate) fn read(reader: &mut Reader, required: bool) -> Result<Option<Self>, Faulty> {
        let url = reader.optional(&VOICE_GATEWAY_URL, parse_url);
        let token = reader.optional(&VOICE_GATEWAY_TOKEN, token);
        match url? {
            Some(url) => Ok(Some(Self { url, token: token? })),
            None if required => {
                Err(reader
                    .fault(&VOICE_GATEWAY_URL, "is missing; it is required when CALLING_ENABLED is true"))
            }
            None => token.map(|_| None),
        }
    }
}

/// With or without a token: what is sent there names the keys of a conversation.
fn parse_url(text: &str) -> Parsed<HttpUrl> {
    HttpUrl::parse_encrypted_or_loopback(text, "the token and the keys of calls")
}
