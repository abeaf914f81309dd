//! The client against servers that do as they are told, over real HTTP.

mod outcomes;
mod reference;
mod secrecy;
mod server;

use std::time::Duration;

use marketplace::CallAttemptId;

use crate::{HttpVoiceGateway, VoiceGatewayConfig, VoiceSessionId};

const TOKEN: &str = "voice-token-1";
/// A line that must never be seen outside a body.
const SECRET_LINE: &str = "a=ice-pwd:SDP-SECRET-0123456789abcdef";

fn attempt() -> CallAttemptId {
    "cal_019aa7a52c0070008000000000000001".parse().unwrap()
}

fn session() -> VoiceSessionId {
    "vse_1".parse().unwrap()
}

fn sdp() -> String {
    format!("v=0\r\no=- 1 2 IN IP4 192.0.2.20\r\n{SECRET_LINE}\r\n")
}

/// A client that is patient for `timeout_ms`.
fn client_for(base: &str, timeout_ms: u64) -> HttpVoiceGateway {
    let timeout = Duration::from_millis(timeout_ms);
    HttpVoiceGateway::new(&VoiceGatewayConfig {
        timeout,
        ..VoiceGatewayConfig::new(base, Some(TOKEN.into()))
    })
    .unwrap()
}

fn client(base: &str) -> HttpVoiceGateway {
    client_for(base, 5_000)
}
