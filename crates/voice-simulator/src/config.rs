//! What a simulator is started with.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The time by which sessions are given up, in milliseconds since 1970. May run faster than the wall clock.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What a simulator is started with. Fields may be changed after [`Config::default`].
#[derive(Clone)]
pub struct Config {
    /// Address to listen on. Default `127.0.0.1:0`: a free port.
    pub bind: String,
    /// The bearer token that every request must carry; `None`: none is asked for.
    pub token: Option<String>,
    /// Session ids and passwords follow from it and the attempt.
    pub seed: u64,
    /// Live sessions at once, at most; one more is 503.
    pub capacity: usize,
    /// A session without an answer is given up after this, in milliseconds of the clock.
    pub unanswered_limit_ms: i64,
    /// The clock.
    pub clock: Clock,
}

impl Config {
    /// The default, asking for this token.
    pub fn with_token(token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::default() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:0".to_owned(),
            token: None,
            seed: 1,
            capacity: 1_000,
            unanswered_limit_ms: 120_000,
            clock: Arc::new(system_now),
        }
    }
}

impl fmt::Debug for Config {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("bind", &self.bind)
            .field("seed", &self.seed)
            .field("capacity", &self.capacity)
            .field("unanswered_limit_ms", &self.unanswered_limit_ms)
            .finish_non_exhaustive()
    }
}

fn system_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
