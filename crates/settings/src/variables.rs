//! The variables themselves: names, defaults and hints, in the order of the documentation.

/// One environment variable of the operational surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it stands for when it is not set, if it has a fixed default.
    pub default: Option<&'static str>,
    /// What to write.
    pub hint: &'static str,
}

macro_rules! variables {
    ($($ident:ident = $default:expr, $hint:literal;)*) => {
        $(pub(crate) const $ident: Variable =
            Variable { name: stringify!($ident), default: $default, hint: $hint };)*

        /// Every variable that any of the three programmes reads.
        pub const VARIABLES: &[Variable] = &[$($ident),*];
    };
}

variables! {
    DATABASE_URL = Some("sqlite://concierge.db"),
        "sqlite://path/to/file.db, or postgres://user:password@host/database";
    DATA_KEY = None,
        "32 random bytes in base64 or hex, for example from `openssl rand -base64 32`; losing it loses the data";
    BIND_ADDR = Some("127.0.0.1:8080"), "an IP address and a port, for example 127.0.0.1:8080 or [::]:8080";
    API_CALLS_PER_MINUTE = Some("600"), "a number from 1 to 100000";
    META_APP_SECRET = None, "the app secret, from the app's basic settings in Meta's dashboard";
    META_APP_SECRET_PREVIOUS = None, "the former app secret, while it is being rotated; otherwise leave it out";
    META_VERIFY_TOKEN = None, "the verify token you entered for the webhook in Meta's dashboard";
    META_ACCESS_TOKEN = None, "a system user's access token with whatsapp_business_messaging";
    META_PHONE_NUMBER_ID = None,
        "the phone number id (not the number) as Meta shows it; several are separated by commas";
    META_API_BASE = Some("https://graph.facebook.com"),
        "an https:// address without user and query; http:// only to a loopback address";
    META_API_VERSION = Some("v25.0"), "a Graph API version, for example v25.0";
    META_MEDIA_HOSTS = Some("lookaside.fbsbx.com"),
        "host names separated by commas, without scheme, port, path or wildcard";
    TEMPLATES_FILE = None, "the path of the template catalogue";
    OUTBOUND_PER_HOUR_MAX = Some("10000"), "a number of messages from 1 to 1000000";
    OUTBOUND_PER_VENDOR_PER_DAY_MAX = Some("50"), "a number of messages from 1 to 1000000";
    VENDOR_INQUIRIES_PER_DAY_MAX = Some("10"), "a number of inquiries from 1 to 1000";
    MOLTBOT_URL = None,
        "the address of the gateway, for example http://127.0.0.1:18789, or of the model server";
    MOLTBOT_TOKEN = None,
        "the gateway's own token (OPENCLAW_GATEWAY_TOKEN on its side), or the model server's key";
    MOLTBOT_TRANSPORT = Some("llm_task"),
        "llm_task for a Moltbot gateway, chat_completions for any OpenAI-compatible server";
    MOLTBOT_MODEL = None, "the model by the server's name for it: 1 to 200 visible ASCII characters";
    MOLTBOT_AGENT_ID = Some("jsonfn"), "an agent of the gateway: 1 to 64 letters, digits, `_` or `-`";
    MOLTBOT_TIMEOUT_MS = Some("30000"), "milliseconds from 1000 to 120000";
    AI_CONCIERGE_ENABLED = Some("false"), "true or false (or 1 or 0)";
    OCR_ENABLED = Some("false"), "true or false (or 1 or 0)";
    OCR_LANGUAGES = Some("eng"),
        "languages as Tesseract names them, the likeliest first: eng, spa, por, fra, swa, ara, separated by commas";
    TESSERACT_PATH = Some("tesseract"), "the program, by a path or by a name to look for in PATH";
    CALLING_ENABLED = Some("false"), "true or false (or 1 or 0)";
    VOICE_GATEWAY_URL = None,
        "the voice gateway's https:// address without user and query; http:// only to a loopback address";
    VOICE_GATEWAY_TOKEN = None, "the bearer token that the voice gateway asks for; otherwise leave it out";
    OPERATOR_WEBHOOK_URL = None,
        "an https:// address without user and query that takes notifications; http:// only to a loopback address";
    OPERATOR_WEBHOOK_SECRET = None,
        "at least 16 characters that the receiver has too, for example from `openssl rand -base64 32`";
    RUST_LOG = Some("info"), "a level or a tracing filter, for example info or info,engine=debug";
    LOG_FORMAT = Some("pretty"), "json or pretty";
    SIMULATION_CLOCK = None,
        "for simulations alone: <start in ms since 1970>x<speed 1-1000>, with META_API_BASE on a loopback address";
}
