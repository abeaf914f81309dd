//! What the client is made with.

use std::{fmt, time::Duration};

use secrecy::SecretString;

use crate::breaker::BreakerConfig;

/// How Moltbot is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Through Moltbot's gateway: `POST /tools/invoke`, the tool `llm-task`.
    LlmTask {
        /// The gateway's agent that may use `llm-task` and nothing else.
        agent_id: String,
    },
    /// Without a gateway: `POST /v1/chat/completions` of any OpenAI-compatible server. No tools are ever offered.
    ChatCompletions {
        /// The model, by the name the server knows.
        model: String,
    },
}

/// Where Moltbot is and what limits hold.
#[derive(Clone)]
pub struct Config {
    /// The server's address, for example `http://127.0.0.1:18789`. With [`Transport::ChatCompletions`] it may end
    /// in `/v1` or be the whole endpoint, ending in `/chat/completions`.
    pub base_url: String,
    /// The server's bearer token. It gives full rights on a gateway, and none here.
    pub token: SecretString,
    /// How it is asked.
    pub transport: Transport,
    /// The deadline of a whole call: connecting, asking, and the last byte of the answer.
    pub timeout: Duration,
    /// Questions in flight, at most; 0 stops asking.
    pub permits: usize,
    /// How long [`crate::MoltbotClient::permit`] waits, at most.
    pub permit_wait: Duration,
    /// When to stop asking for a while.
    pub breaker: BreakerConfig,
}

impl Config {
    /// A gateway, with the limits of the design: 4 questions in flight, 2 s for a permit, the default breaker.
    pub fn new(
        base_url: impl Into<String>,
        token: SecretString,
        agent_id: impl Into<String>,
        timeout: Duration,
    ) -> Self {
        Self::with_transport(base_url, token, Transport::LlmTask { agent_id: agent_id.into() }, timeout)
    }

    /// As [`Self::new`], over any transport.
    pub fn with_transport(
        base_url: impl Into<String>,
        token: SecretString,
        transport: Transport,
        timeout: Duration,
    ) -> Self {
        Self {
            base_url: base_url.into(),
            token,
            transport,
            timeout,
            permits: 4,
            permit_wait: Duration::from_secs(2),
            breaker: BreakerConfig::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("base_url", &self.base_url)
            .field("transport", &self.transport)
            .field("timeout", &self.timeout)
            .field("permits", &self.permits)
            .field("permit_wait", &self.permit_wait)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}
