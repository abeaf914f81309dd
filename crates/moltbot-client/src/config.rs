//! What the client is made with.

use std::{fmt, time::Duration};

use secrecy::SecretString;

use crate::breaker::BreakerConfig;

/// Where the gateway is and what limits hold.
#[derive(Clone)]
pub struct Config {
    /// The gateway's address without a slash at the end, for example `http://127.0.0.1:18789`.
    pub base_url: String,
    /// The gateway's bearer token. It gives full rights there, and none here.
    pub token: SecretString,
    /// The gateway's agent that may use `llm-task` and nothing else.
    pub agent_id: String,
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
    /// With the limits of the design: 4 questions in flight, 2 s for a permit, the default breaker.
    pub fn new(
        base_url: impl Into<String>,
        token: SecretString,
        agent_id: impl Into<String>,
        timeout: Duration,
    ) -> Self {
        Self {
            base_url: base_url.into(),
            token,
            agent_id: agent_id.into(),
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
            .field("agent_id", &self.agent_id)
            .field("timeout", &self.timeout)
            .field("permits", &self.permits)
            .field("permit_wait", &self.permit_wait)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}
