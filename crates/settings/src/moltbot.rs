//! The brain's gateway.

use std::time::Duration;

use secrecy::SecretString;

use crate::{
    reader::{Faulty, Parsed, Reader},
    shared::token,
    variables::{MOLTBOT_AGENT_ID, MOLTBOT_TIMEOUT_MS, MOLTBOT_TOKEN, MOLTBOT_TRANSPORT, MOLTBOT_URL},
    web::HttpUrl,
};

const MISSING: &str = "is missing; it is required when AI_CONCIERGE_ENABLED is true";

/// How Moltbot is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoltbotTransport {
    /// `POST /tools/invoke` with the tool `llm-task`.
    LlmTask,
}

/// Everything needed to ask Moltbot.
#[derive(Debug, Clone)]
pub struct Moltbot {
    /// `MOLTBOT_URL`.
    pub url: HttpUrl,
    /// `MOLTBOT_TOKEN`: the gateway's token, never one of ours.
    pub token: SecretString,
    /// `MOLTBOT_TRANSPORT`.
    pub transport: MoltbotTransport,
    /// `MOLTBOT_AGENT_ID`.
    pub agent_id: String,
    /// `MOLTBOT_TIMEOUT_MS`: one deadline for a whole call, 1 to 120 seconds.
    pub timeout: Duration,
}

impl Moltbot {
    /// `None` when Moltbot is not to be asked; what is set is checked all the same.
    pub(crate) fn read(reader: &mut Reader, enabled: bool) -> Result<Option<Self>, Faulty> {
        let url = reader.optional(&MOLTBOT_URL, HttpUrl::parse);
        let token = reader.optional(&MOLTBOT_TOKEN, token);
        let transport = reader.or_default(&MOLTBOT_TRANSPORT, parse_transport);
        let agent_id = reader.or_default(&MOLTBOT_AGENT_ID, parse_agent_id);
        let timeout = reader.or_default(&MOLTBOT_TIMEOUT_MS, parse_timeout);
        if !enabled {
            return Ok(None);
        }
        let url = url.and_then(|url| url.ok_or_else(|| reader.fault(&MOLTBOT_URL, MISSING)));
        let token = token.and_then(|token| token.ok_or_else(|| reader.fault(&MOLTBOT_TOKEN, MISSING)));
        Ok(Some(Self {
            url: url?,
            token: token?,
            transport: transport?,
            agent_id: agent_id?,
            timeout: timeout?,
        }))
    }
}

fn parse_transport(text: &str) -> Parsed<MoltbotTransport> {
    match text {
        "llm_task" => Ok(MoltbotTransport::LlmTask),
        "chat_completions" => {
            Err("asks for chat_completions, which is not available in this version".to_owned())
        }
        _ => Err("is not a known transport".to_owned()),
    }
}

fn parse_agent_id(text: &str) -> Parsed<String> {
    let valid = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if valid { Ok(text.to_owned()) } else { Err("is not an agent id".to_owned()) }
}

fn parse_timeout(text: &str) -> Parsed<Duration> {
    match text.parse::<u64>() {
        Ok(ms) if (1_000..=120_000).contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => Err("is not a number of milliseconds from 1000 to 120000".to_owned()),
    }
}
