//! The brain: its gateway, or a model server.

use std::time::Duration;

use secrecy::SecretString;

use crate::{
    reader::{Faulty, Parsed, Reader},
    shared::token,
    variables::{
        MOLTBOT_AGENT_ID, MOLTBOT_MODEL, MOLTBOT_TIMEOUT_MS, MOLTBOT_TOKEN, MOLTBOT_TRANSPORT, MOLTBOT_URL,
    },
    web::HttpUrl,
};

const MISSING: &str = "is missing; it is required when AI_CONCIERGE_ENABLED is true";

const MODEL_MISSING: &str = "is missing; it is required when MOLTBOT_TRANSPORT is chat_completions";

/// `MOLTBOT_TRANSPORT`: how Moltbot is asked, and what that way needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoltbotTransport {
    /// `llm_task`: a gateway's `POST /tools/invoke` with the tool `llm-task`.
    LlmTask {
        /// `MOLTBOT_AGENT_ID`.
        agent_id: String,
    },
    /// `chat_completions`: `POST /v1/chat/completions` of any OpenAI-compatible server.
    ChatCompletions {
        /// `MOLTBOT_MODEL`.
        model: String,
    },
}

/// What `MOLTBOT_TRANSPORT` says, before what it needs is looked at.
#[derive(Debug, Clone, Copy)]
enum TransportKind {
    LlmTask,
    ChatCompletions,
}

/// Everything needed to ask Moltbot.
#[derive(Debug, Clone)]
pub struct Moltbot {
    /// `MOLTBOT_URL`.
    pub url: HttpUrl,
    /// `MOLTBOT_TOKEN`: the gateway's or model server's token, never one of ours.
    pub token: SecretString,
    /// `MOLTBOT_TRANSPORT`.
    pub transport: MoltbotTransport,
    /// `MOLTBOT_TIMEOUT_MS`: one deadline for a whole call, 1 to 120 seconds.
    pub timeout: Duration,
}

impl Moltbot {
    /// `None` when Moltbot is not to be asked; what is set is checked all the same.
    pub(crate) fn read(reader: &mut Reader, enabled: bool) -> Result<Option<Self>, Faulty> {
        let url = reader.optional(&MOLTBOT_URL, HttpUrl::parse);
        let token = reader.optional(&MOLTBOT_TOKEN, token);
        let kind = reader.or_default(&MOLTBOT_TRANSPORT, parse_transport);
        let model = reader.optional(&MOLTBOT_MODEL, parse_model);
        let agent_id = reader.or_default(&MOLTBOT_AGENT_ID, parse_agent_id);
        let timeout = reader.or_default(&MOLTBOT_TIMEOUT_MS, parse_timeout);
        if !enabled {
            return Ok(None);
        }
        let url = url.and_then(|url| url.ok_or_else(|| reader.fault(&MOLTBOT_URL, MISSING)));
        let token = token.and_then(|token| token.ok_or_else(|| reader.fault(&MOLTBOT_TOKEN, MISSING)));
        let transport = match kind {
            Ok(TransportKind::LlmTask) => agent_id.map(|agent_id| MoltbotTransport::LlmTask { agent_id }),
            Ok(TransportKind::ChatCompletions) => model
                .and_then(|model| model.ok_or_else(|| reader.fault(&MOLTBOT_MODEL, MODEL_MISSING)))
                .map(|model| MoltbotTransport::ChatCompletions { model }),
            Err(faulty) => Err(faulty),
        };
        Ok(Some(Self { url: url?, token: token?, transport: transport?, timeout: timeout? }))
    }
}

fn parse_transport(text: &str) -> Parsed<TransportKind> {
    match text {
        "llm_task" => Ok(TransportKind::LlmTask),
        "chat_completions" => Ok(TransportKind::ChatCompletions),
        _ => Err("is not a known transport".to_owned()),
    }
}

/// Names differ between servers (`gpt-4o-mini`, `org/model`, `model:7b`); none of them has blanks.
fn parse_model(text: &str) -> Parsed<String> {
    let valid = text.len() <= 200 && text.bytes().all(|b| b.is_ascii_graphic());
    if valid { Ok(text.to_owned()) } else { Err("is not the name of a model".to_owned()) }
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
