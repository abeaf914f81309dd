//! What a simulator is started with.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::core::{FaultPlan, Reachability};

/// The time people see, in milliseconds since 1970. May run faster than the wall clock.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// One of the business's own numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessNumber {
    /// Meta's id of the number, the one in the request path.
    pub phone_number_id: String,
    /// The number itself with `+`. Its country code is what a `to` without `+` gets in front.
    pub display_number: String,
}

/// An approved template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name, as in `template.name`.
    pub name: String,
    /// Its language code, as in `template.language.code`.
    pub language: String,
    /// Its text with `{{1}}`, `{{2}}`, … where parameters go.
    pub body: String,
    /// Titles of its quick-reply buttons.
    pub quick_replies: Vec<String>,
    /// Has a card that asks for permission to call.
    pub asks_to_call: bool,
}

impl Template {
    /// A template by its text. The highest `{{n}}` in it is the number of parameters a send must give.
    pub fn new(name: &str, language: &str, body: &str) -> Self {
        Self {
            name: name.to_owned(),
            language: language.to_owned(),
            body: body.to_owned(),
            quick_replies: Vec::new(),
            asks_to_call: false,
        }
    }

    /// A template of which only the number of parameters is known; its text is the parameters.
    pub fn with_parameters(name: &str, language: &str, count: usize) -> Self {
        let body: Vec<_> = (1..=count).map(|n| format!("{{{{{n}}}}}")).collect();
        Self::new(name, language, &body.join(" "))
    }

    /// Adds quick-reply buttons.
    #[must_use]
    pub fn quick_replies(mut self, titles: &[&str]) -> Self {
        self.quick_replies = titles.iter().map(|&title| title.to_owned()).collect();
        self
    }

    /// Adds a card that asks for permission to call.
    #[must_use]
    pub fn asking_to_call(mut self) -> Self {
        self.asks_to_call = true;
        self
    }

    /// How many body parameters a send must give.
    pub fn parameter_count(&self) -> usize {
        (1..=99).rev().find(|n| self.body.contains(&format!("{{{{{n}}}}}"))).unwrap_or(0)
    }

    /// The text as the person reads it.
    pub(crate) fn render(&self, parameters: &[String]) -> String {
        let numbered = parameters.iter().enumerate();
        numbered.fold(self.body.clone(), |text, (index, value)| {
            text.replace(&format!("{{{{{}}}}}", index + 1), value)
        })
    }
}

/// When statuses follow an accepted message, in real milliseconds after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusDelays {
    /// `sent`, or `failed` for a message that cannot be delivered.
    pub sent_ms: u64,
    /// `delivered`; the message is in the person's inbox from then on.
    pub delivered_ms: u64,
    /// `read`, for people who read. `None`: nobody reads.
    pub read_ms: Option<u64>,
}

impl Default for StatusDelays {
    fn default() -> Self {
        Self { sent_ms: 10, delivered_ms: 30, read_ms: Some(60) }
    }
}

/// How calling is set up. Times are milliseconds of the simulator's clock, from a call's placing on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calling {
    /// On for every business number; at Meta it is off at first. One number can be switched alone, see
    /// [`crate::Handle::set_calling`].
    pub enabled: bool,
    /// The `connect` webhook with the media answer. 0 lets it overtake a slow answer.
    pub connect_ms: i64,
    /// The phone rings.
    pub ring_ms: i64,
    /// A call nobody answers ends. Meta names no time.
    pub ring_limit_ms: i64,
    /// After a person's call WhatsApp gives a temporary permission to call back.
    pub callback_permission: bool,
}

impl Default for Calling {
    fn default() -> Self {
        Self {
            enabled: true,
            connect_ms: 1_000,
            ring_ms: 2_000,
            ring_limit_ms: 60_000,
            callback_permission: true,
        }
    }
}

/// How a webhook that did not answer 200 is sent again, in real milliseconds. Meta goes on for days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included. After that the webhook is given up and counted.
    pub attempts: u32,
    /// Wait before the second attempt; doubles each time.
    pub first_backoff_ms: u64,
    /// Longest wait.
    pub max_backoff_ms: u64,
    /// How long one attempt may take; Meta waits about 20 s.
    pub timeout_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 20, first_backoff_ms: 100, max_backoff_ms: 5_000, timeout_ms: 20_000 }
    }
}

/// What a simulator is started with. Fields may be changed after [`Config::new`].
#[derive(Clone)]
pub struct Config {
    /// Address to listen on. Default `127.0.0.1:0`: a free port.
    pub bind: String,
    /// The bearer token a send must carry.
    pub access_token: String,
    /// Signs webhooks.
    pub app_secret: String,
    /// Told to the webhook at verification.
    pub verify_token: String,
    /// The business's numbers; people write to the first unless told otherwise.
    pub numbers: Vec<BusinessNumber>,
    /// `entry[].id` of webhooks.
    pub waba_id: String,
    /// Where webhooks go. May be set later; until then attempts fail and are retried.
    pub webhook_url: Option<String>,
    /// The time people see.
    pub clock: Clock,
    /// What goes wrong. Default: nothing.
    pub faults: FaultPlan,
    /// Ids and fault decisions follow from it.
    pub seed: u64,
    /// When statuses come.
    pub status_delays: StatusDelays,
    /// How failed webhooks are repeated.
    pub retry: RetryPolicy,
    /// Approved templates.
    pub templates: Vec<Template>,
    /// How calling is set up.
    pub calling: Calling,
    /// What happens to messages to numbers nobody registered. Default: `failed` status 131026.
    pub unknown_recipient: Reachability,
    /// How long an answer is held at most when a fault holds it, in real milliseconds; then the connection is
    /// closed. Default 60 s.
    pub hold_answer_ms: u64,
}

impl Config {
    /// One business number, the system clock, no faults, no templates, seed 1.
    pub fn new(
        access_token: &str,
        app_secret: &str,
        verify_token: &str,
        phone_number_id: &str,
        display_number: &str,
    ) -> Self {
        Self {
            bind: "127.0.0.1:0".to_owned(),
            access_token: access_token.to_owned(),
            app_secret: app_secret.to_owned(),
            verify_token: verify_token.to_owned(),
            numbers: vec![BusinessNumber {
                phone_number_id: phone_number_id.to_owned(),
                display_number: display_number.to_owned(),
            }],
            waba_id: "200000000000001".to_owned(),
            webhook_url: None,
            clock: Arc::new(system_now),
            faults: FaultPlan::default(),
            seed: 1,
            status_delays: StatusDelays::default(),
            retry: RetryPolicy::default(),
            templates: Vec::new(),
            calling: Calling::default(),
            unknown_recipient: Reachability::FailsByStatus,
            hold_answer_ms: 60_000,
        }
    }
}

impl fmt::Debug for Config {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("bind", &self.bind)
            .field("numbers", &self.numbers)
            .field("webhook_url", &self.webhook_url)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

fn system_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_and_put_in() {
        let template = Template::new("t", "en", "Hello {{1}}, {{2}} for {{1}}");
        assert_eq!(template.parameter_count(), 2);
        assert_eq!(template.render(&["Asha".into(), "tea".into()]), "Hello Asha, tea for Asha");
        assert_eq!(Template::with_parameters("t", "en", 3).parameter_count(), 3);
        assert_eq!(Template::with_parameters("t", "en", 0).parameter_count(), 0);
    }
}
