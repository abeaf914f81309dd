//! The settings as a whole: what people read when something is wrong, and one table per variable.

mod env_example;
mod variables;

use std::collections::BTreeMap;

use proptest::prelude::*;
use secrecy::ExposeSecret;

use crate::{
    AdminSettings, ApiSettings, ConfigError, DataKeySource, DatabaseUrl, LogFormat, Lookup, MoltbotTransport,
    NotUnicode, VARIABLES, WorkerSettings,
};

/// Variables given by a test.
#[derive(Clone, Default)]
struct Env(BTreeMap<&'static str, String>);

impl Env {
    /// The least the api needs.
    fn api() -> Self {
        Self::default().with("META_APP_SECRET", "app-secret-1").with("META_VERIFY_TOKEN", "verify-token-1")
    }

    /// The least the worker needs.
    fn worker() -> Self {
        Self::default()
            .with("META_ACCESS_TOKEN", "EAAaccess-token-1")
            .with("META_PHONE_NUMBER_ID", "106540352242922")
    }

    fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.0.insert(variable, value.to_owned());
        self
    }

    fn without(mut self, variable: &str) -> Self {
        self.0.remove(variable);
        self
    }
}

impl Lookup for Env {
    fn get(&self, variable: &str) -> Result<Option<String>, NotUnicode> {
        match self.0.get(variable) {
            Some(value) if value == "<not utf-8>" => Err(NotUnicode),
            value => Ok(value.cloned()),
        }
    }
}

fn names(error: &ConfigError) -> Vec<&'static str> {
    error.faults().iter().map(|fault| fault.variable).collect()
}

#[test]
fn the_api_starts_with_two_secrets() {
    let settings = ApiSettings::read(&Env::api()).unwrap();
    assert_eq!(format!("{:?}", settings.database), "SQLite at concierge.db");
    assert!(matches!(&settings.data_key, DataKeySource::File(path) if path.ends_with("concierge.db.key")));
    assert_eq!(settings.bind_addr.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.webhook.app_secret.expose_secret(), "app-secret-1");
    assert!(settings.webhook.app_secret_previous.is_none());
    assert_eq!(settings.flags, crate::Flags::default());
    assert_eq!((settings.logging.filter.as_str(), settings.logging.format), ("info", LogFormat::Pretty));
    assert!(settings.templates_file.is_none() && settings.simulation_clock.is_none());
}

#[test]
fn the_worker_starts_with_a_token_and_a_number() {
    let settings = WorkerSettings::read(&Env::worker()).unwrap();
    assert_eq!(settings.meta.graph.base.as_str(), "https://graph.facebook.com");
    assert_eq!(settings.meta.graph.version, "v25.0");
    assert_eq!(settings.meta.media_hosts, ["lookaside.fbsbx.com"]);
    assert_eq!(settings.meta.phone_number_ids.len(), 1);
    assert!(settings.moltbot.is_none() && settings.voice_gateway.is_none());
}

#[test]
fn admin_needs_nothing() {
    assert!(AdminSettings::read(&Env::default()).is_ok());
}

#[test]
fn postgresql_needs_a_data_key_everywhere() {
    let url = "postgres://u:p@db/concierge";
    let faults = [
        ApiSettings::read(&Env::api().with("DATABASE_URL", url)).err(),
        WorkerSettings::read(&Env::worker().with("DATABASE_URL", url)).err(),
        AdminSettings::read(&Env::default().with("DATABASE_URL", url)).err(),
    ];
    for error in faults {
        assert_eq!(names(&error.unwrap()), ["DATA_KEY"]);
    }
    let given = Env::default().with("DATABASE_URL", url).with("DATA_KEY", &"0f".repeat(32));
    let settings = AdminSettings::read(&given).unwrap();
    assert!(matches!(settings.database, DatabaseUrl::Postgres(text) if text.expose_secret() == url));
    assert!(matches!(settings.data_key, DataKeySource::Given(key) if key.expose() == &[0x0f; 32]));
}

#[test]
fn moltbot_needs_address_and_token_when_it_is_on() {
    let on = Env::worker().with("AI_CONCIERGE_ENABLED", "true");
    assert_eq!(names(&WorkerSettings::read(&on).unwrap_err()), ["MOLTBOT_URL", "MOLTBOT_TOKEN"]);
    let on = on.with("MOLTBOT_URL", "http://moltbot:18789/").with("MOLTBOT_TOKEN", "t0k3n");
    let moltbot = WorkerSettings::read(&on).unwrap().moltbot.unwrap();
    assert_eq!(moltbot.url.as_str(), "http://moltbot:18789");
    assert_eq!(moltbot.timeout.as_millis(), 30_000);
    assert_eq!(moltbot.transport, MoltbotTransport::LlmTask { agent_id: "jsonfn".into() });

    let off = on.with("AI_CONCIERGE_ENABLED", "false");
    assert!(WorkerSettings::read(&off).unwrap().moltbot.is_none(), "set but not to be used");
    let off = off.with("MOLTBOT_TIMEOUT_MS", "soon");
    assert_eq!(
        names(&WorkerSettings::read(&off).unwrap_err()),
        ["MOLTBOT_TIMEOUT_MS"],
        "checked all the same"
    );
}

#[test]
fn calling_needs_a_voice_gateway() {
    let on = Env::worker().with("CALLING_ENABLED", "1");
    assert_eq!(names(&WorkerSettings::read(&on).unwrap_err()), ["VOICE_GATEWAY_URL"]);
    let given = on.with("VOICE_GATEWAY_URL", "https://voice.example/");
    let gateway = WorkerSettings::read(&given).unwrap().voice_gateway.unwrap();
    assert_eq!((gateway.url.as_str(), gateway.token.is_none()), ("https://voice.example", true));
    let given = given.with("VOICE_GATEWAY_TOKEN", "voice-token-1");
    let gateway = WorkerSettings::read(&given).unwrap().voice_gateway.unwrap();
    assert_eq!(gateway.token.unwrap().expose_secret(), "voice-token-1");
    let alone = Env::worker().with("VOICE_GATEWAY_TOKEN", "voice-token-1");
    assert!(WorkerSettings::read(&alone).unwrap().voice_gateway.is_none(), "no gateway to send it to");
    assert_eq!(
        names(&WorkerSettings::read(&alone.with("VOICE_GATEWAY_TOKEN", "two words")).unwrap_err()),
        ["VOICE_GATEWAY_TOKEN"],
        "checked all the same"
    );
    assert!(ApiSettings::read(&Env::api().with("CALLING_ENABLED", "1")).is_ok(), "the worker dials");
}

#[test]
fn a_faster_clock_never_reaches_real_people() {
    let clock = "1790000000000x60";
    for (base, accepted) in [
        (None, false),
        (Some("https://graph.facebook.com"), false),
        (Some("https://localhost.example.com"), false),
        (Some("http://127.0.0.1:9100"), true),
        (Some("http://localhost:9100"), true),
    ] {
        let given = |env: Env| {
            let env = env.with("SIMULATION_CLOCK", clock);
            base.map_or(env.clone(), |base| env.with("META_API_BASE", base))
        };
        assert_eq!(ApiSettings::read(&given(Env::api())).is_ok(), accepted, "{base:?}");
        assert_eq!(WorkerSettings::read(&given(Env::worker())).is_ok(), accepted, "{base:?}");
    }
    let loopback = Env::api().with("SIMULATION_CLOCK", clock).with("META_API_BASE", "http://[::1]:1");
    assert_eq!(ApiSettings::read(&loopback).unwrap().simulation_clock.unwrap().speed(), 60);
}

#[test]
fn what_the_api_says_without_configuration() {
    insta::assert_snapshot!(ApiSettings::read(&Env::default()).unwrap_err(), @r#"
    the configuration has 2 problems:

      META_APP_SECRET is missing
          expected: the app secret, from the app's basic settings in Meta's dashboard

      META_VERIFY_TOKEN is missing
          expected: the verify token you entered for the webhook in Meta's dashboard
    "#);
}

#[test]
fn what_the_api_says_when_everything_is_wrong() {
    let env = Env::default()
        .with("DATABASE_URL", "mysql://root:hunter2@db/concierge")
        .with("DATA_KEY", "c2hvcnQ=")
        .with("BIND_ADDR", "localhost:8080")
        .with("META_APP_SECRET", "  ")
        .with("META_APP_SECRET_PREVIOUS", "")
        .with("META_VERIFY_TOKEN", "<not utf-8>")
        .with("META_API_BASE", "http://graph.example")
        .with("AI_CONCIERGE_ENABLED", "yes")
        .with("OCR_ENABLED", "TRUE")
        .with("CALLING_ENABLED", "2")
        .with("LOG_FORMAT", "xml")
        .with("SIMULATION_CLOCK", "60");
    insta::assert_snapshot!(ApiSettings::read(&env).unwrap_err(), @r#"
    the configuration has 12 problems:

      DATABASE_URL starts neither with sqlite:// nor with postgres://
          expected: sqlite://path/to/file.db, or postgres://user:password@host/database

      DATA_KEY is not 32 bytes in base64 or hex
          expected: 32 random bytes in base64 or hex, for example from `openssl rand -base64 32`; losing it loses the data

      BIND_ADDR is not an address with a port
          expected: an IP address and a port, for example 127.0.0.1:8080 or [::]:8080

      META_APP_SECRET is set but blank; give it a value or remove it
          expected: the app secret, from the app's basic settings in Meta's dashboard

      META_APP_SECRET_PREVIOUS is set but blank; give it a value or remove it
          expected: the former app secret, while it is being rotated; otherwise leave it out

      META_VERIFY_TOKEN is not UTF-8 text
          expected: the verify token you entered for the webhook in Meta's dashboard

      META_API_BASE would send the access token unencrypted to another machine
          expected: an https:// address without user and query; http:// only to a loopback address

      AI_CONCIERGE_ENABLED is neither true nor false
          expected: true or false (or 1 or 0)

      OCR_ENABLED is neither true nor false
          expected: true or false (or 1 or 0)

      CALLING_ENABLED is neither true nor false
          expected: true or false (or 1 or 0)

      LOG_FORMAT is neither json nor pretty
          expected: json or pretty

      SIMULATION_CLOCK is not a start and a speed
          expected: for simulations alone: <start in ms since 1970>x<speed 1-1000>, with META_API_BASE on a loopback address
    "#);
}

#[test]
fn what_the_worker_says_when_everything_is_wrong() {
    let env = Env::default()
        .with("DATABASE_URL", "postgresql://concierge:hunter2@db/concierge")
        .with("META_ACCESS_TOKEN", "EAA token")
        .with("META_PHONE_NUMBER_ID", "+1 631 555 1234")
        .with("META_API_VERSION", "25")
        .with("META_MEDIA_HOSTS", "*.fbsbx.com")
        .with("AI_CONCIERGE_ENABLED", "true")
        .with("MOLTBOT_TOKEN", "\t")
        .with("MOLTBOT_TRANSPORT", "chat")
        .with("MOLTBOT_MODEL", "model one")
        .with("MOLTBOT_AGENT_ID", "agent:brain")
        .with("MOLTBOT_TIMEOUT_MS", "999")
        .with("CALLING_ENABLED", "true")
        .with("VOICE_GATEWAY_URL", "http://voice.example")
        .with("VOICE_GATEWAY_TOKEN", "voice token")
        .with("SIMULATION_CLOCK", "1790000000000x60");
    insta::assert_snapshot!(WorkerSettings::read(&env).unwrap_err(), @r#"
    the configuration has 14 problems:

      DATA_KEY is missing; it is required with PostgreSQL
          expected: 32 random bytes in base64 or hex, for example from `openssl rand -base64 32`; losing it loses the data

      META_ACCESS_TOKEN has characters that cannot stand in an HTTP header
          expected: a system user's access token with whatsapp_business_messaging

      META_PHONE_NUMBER_ID has an entry that is not 1 to 32 digits
          expected: the phone number id (not the number) as Meta shows it; several are separated by commas

      META_API_VERSION is not a Graph API version
          expected: a Graph API version, for example v25.0

      META_MEDIA_HOSTS has an entry that is not a host name
          expected: host names separated by commas, without scheme, port, path or wildcard

      MOLTBOT_URL is missing; it is required when AI_CONCIERGE_ENABLED is true
          expected: the address of the gateway, for example http://127.0.0.1:18789, or of the model server

      MOLTBOT_TOKEN is set but blank; give it a value or remove it
          expected: the gateway's own token (OPENCLAW_GATEWAY_TOKEN on its side), or the model server's key

      MOLTBOT_TRANSPORT is not a known transport
          expected: llm_task for a Moltbot gateway, chat_completions for any OpenAI-compatible server

      MOLTBOT_MODEL is not the name of a model
          expected: the model by the server's name for it: 1 to 200 visible ASCII characters

      MOLTBOT_AGENT_ID is not an agent id
          expected: an agent of the gateway: 1 to 64 letters, digits, `_` or `-`

      MOLTBOT_TIMEOUT_MS is not a number of milliseconds from 1000 to 120000
          expected: milliseconds from 1000 to 120000

      VOICE_GATEWAY_URL would send the token and the keys of calls unencrypted to another machine
          expected: the voice gateway's https:// address without user and query; http:// only to a loopback address

      VOICE_GATEWAY_TOKEN has characters that cannot stand in an HTTP header
          expected: the bearer token that the voice gateway asks for; otherwise leave it out

      SIMULATION_CLOCK is refused because META_API_BASE is not a loopback address
          expected: for simulations alone: <start in ms since 1970>x<speed 1-1000>, with META_API_BASE on a loopback address
    "#);
}

#[test]
fn chat_completions_needs_a_model() {
    let env = Env::worker()
        .with("AI_CONCIERGE_ENABLED", "true")
        .with("MOLTBOT_URL", "https://models.example/v1")
        .with("MOLTBOT_TOKEN", "model-key")
        .with("MOLTBOT_TRANSPORT", "chat_completions");
    insta::assert_snapshot!(WorkerSettings::read(&env).unwrap_err(), @r"
    the configuration has a problem:

      MOLTBOT_MODEL is missing; it is required when MOLTBOT_TRANSPORT is chat_completions
          expected: the model by the server's name for it: 1 to 200 visible ASCII characters
    ");
    let env = env.with("MOLTBOT_MODEL", "org/model-1:7b");
    let moltbot = WorkerSettings::read(&env).unwrap().moltbot.unwrap();
    assert_eq!(moltbot.transport, MoltbotTransport::ChatCompletions { model: "org/model-1:7b".into() });
    // Going back to the gateway takes one variable.
    let moltbot = WorkerSettings::read(&env.with("MOLTBOT_TRANSPORT", "llm_task")).unwrap().moltbot.unwrap();
    assert_eq!(moltbot.transport, MoltbotTransport::LlmTask { agent_id: "jsonfn".into() });
}

#[test]
fn nothing_of_it_is_needed_while_moltbot_is_off() {
    let env = Env::worker().with("MOLTBOT_TRANSPORT", "chat_completions");
    assert!(WorkerSettings::read(&env).unwrap().moltbot.is_none());
}

#[test]
fn debug_output_hides_every_secret() {
    let key = "5a".repeat(32);
    let shared =
        |env: Env| env.with("DATABASE_URL", "postgres://u:hunter2-db@db/concierge").with("DATA_KEY", &key);
    let api =
        ApiSettings::read(&shared(Env::api()).with("META_APP_SECRET_PREVIOUS", "app-secret-0")).unwrap();
    let worker = shared(Env::worker())
        .with("AI_CONCIERGE_ENABLED", "true")
        .with("MOLTBOT_URL", "http://127.0.0.1:18789")
        .with("MOLTBOT_TOKEN", "moltbot-token-1")
        .with("VOICE_GATEWAY_URL", "https://voice.example")
        .with("VOICE_GATEWAY_TOKEN", "voice-token-1");
    let worker = WorkerSettings::read(&worker).unwrap();
    let text = format!("{api:?}{worker:#?}");
    for secret in [
        "hunter2",
        "5a5a",
        "90, 90",
        "app-secret",
        "verify-token",
        "EAAaccess",
        "moltbot-token",
        "voice-token",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

proptest! {
    /// Whatever is set to whatever: no panic, and no error repeats a value.
    #[test]
    fn errors_never_repeat_a_value(values in prop::collection::vec(prop::option::of("[ -~]{0,3}Zq[0-9]{6}[^\\x00]{0,6}"), VARIABLES.len())) {
        let env = |name: &str| {
            let at = VARIABLES.iter().position(|variable| variable.name == name)?;
            values[at].clone()
        };
        let errors = [
            ApiSettings::read(&env).err(),
            WorkerSettings::read(&env).err(),
            AdminSettings::read(&env).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(!error.to_string().contains("Zq"), "{}", error);
            prop_assert!(!error.faults().is_empty());
        }
    }
}
