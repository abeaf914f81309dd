//! What each variable takes and refuses.

use super::{Env, names};
use crate::{ApiSettings, DataKey, VARIABLES, WorkerSettings};

/// Everything switched on, so that no variable is beside the point.
fn full(env: Env) -> Env {
    env.with("DATA_KEY", &"ab".repeat(32))
        .with("META_API_BASE", "http://127.0.0.1:9100")
        .with("AI_CONCIERGE_ENABLED", "true")
        .with("CALLING_ENABLED", "true")
        .with("MOLTBOT_URL", "http://127.0.0.1:18789")
        .with("MOLTBOT_TOKEN", "moltbot-token-1")
        .with("VOICE_GATEWAY_URL", "https://voice.example")
        .with("OPERATOR_WEBHOOK_URL", "https://operators.example/hook")
        .with("OPERATOR_WEBHOOK_SECRET", "operators-secret-1")
}

/// The faults of both programmes when one variable has one value.
fn faults(variable: &'static str, value: &str) -> Vec<&'static str> {
    let mut faults = Vec::new();
    if let Err(error) = ApiSettings::read(&full(Env::api()).with(variable, value)) {
        faults.extend(names(&error));
    }
    if let Err(error) = WorkerSettings::read(&full(Env::worker()).with(variable, value)) {
        faults.extend(names(&error));
    }
    faults.dedup();
    faults
}

#[test]
fn every_variable_is_refused_when_blank_or_not_text() {
    for variable in VARIABLES {
        for blank in ["", " ", "\n\t", "<not utf-8>"] {
            assert_eq!(faults(variable.name, blank), [variable.name], "{blank:?}");
        }
    }
}

#[test]
fn values_that_are_taken() {
    let key_base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for (variable, values) in [
        (
            "DATABASE_URL",
            &[
                "sqlite://concierge.db",
                "sqlite:///var/lib/concierge.db",
                "sqlite://../a b.db",
                "postgres://db/c",
                "postgresql://u:p@h1:5432,h2:5432/c?target_session_attrs=read-write",
                "postgres:///c?host=/run/pg",
                " sqlite://x.db\n",
            ][..],
        ),
        ("DATA_KEY", &[key_base64, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", &"aB".repeat(32)]),
        ("BIND_ADDR", &["0.0.0.0:80", "[::1]:8080", "127.0.0.1:0"]),
        ("API_CALLS_PER_MINUTE", &["1", "600", "100000"]),
        ("META_API_BASE", &["http://localhost:1", "http://127.0.0.1:1/v/"]),
        ("META_API_VERSION", &["v9.0", "v25.0", "v100.0"]),
        ("META_PHONE_NUMBER_ID", &["1", "106540352242922 , 106540352242923"]),
        ("META_MEDIA_HOSTS", &["127.0.0.1", "lookaside.fbsbx.com,LOOKASIDE.example"]),
        ("OUTBOUND_PER_HOUR_MAX", &["1", "10000", "1000000"]),
        ("OUTBOUND_PER_VENDOR_PER_DAY_MAX", &["1", "50", "1000000"]),
        ("VENDOR_INQUIRIES_PER_DAY_MAX", &["1", "10", "1000"]),
        ("MOLTBOT_URL", &["https://brain.example/base", "http://10.0.0.1:18789"]),
        ("MOLTBOT_TRANSPORT", &["llm_task"]),
        ("MOLTBOT_MODEL", &["gpt-4o-mini", "org/Model-1.5:7b@latest", &"m".repeat(200)]),
        ("MOLTBOT_AGENT_ID", &["jsonfn", "a", "A_b-9"]),
        ("MOLTBOT_TIMEOUT_MS", &["1000", "30000", "120000"]),
        ("OCR_ENABLED", &["true", "false", "1", "0", " true "]),
        ("OCR_LANGUAGES", &["eng", "swa,eng", " eng , ara "]),
        ("TESSERACT_PATH", &["tesseract", "/opt/bin/tesseract"]),
        ("LOG_FORMAT", &["json", "pretty"]),
        ("RUST_LOG", &["info", "warn,engine=debug"]),
        ("SIMULATION_CLOCK", &["0x1", "1790000000000x1000"]),
        ("TEMPLATES_FILE", &["templates.json"]),
        ("VOICE_GATEWAY_URL", &["https://10.0.0.1/base/", "http://127.0.0.1:9300", "http://[::1]:9300"]),
        ("VOICE_GATEWAY_TOKEN", &["t", "A-z_0.9~+/="]),
        (
            "OPERATOR_WEBHOOK_URL",
            &["https://10.0.0.1/hook/1", "http://127.0.0.1:9400", "http://localhost:1/x"],
        ),
        ("OPERATOR_WEBHOOK_SECRET", &["0123456789abcdef", "any words, even several"]),
    ] {
        for value in values {
            assert_eq!(faults(variable, value), [""; 0], "{variable}={value}");
        }
    }
}

#[test]
fn values_that_are_refused() {
    for (variable, values) in [
        (
            "DATABASE_URL",
            &[
                "concierge.db",
                "sqlite:concierge.db",
                "sqlite://",
                "sqlite:///",
                "sqlite://dir/",
                "sqlite://:memory:",
                "sqlite://a.db?mode=ro",
                "postgres://",
                "postgres://a b/c",
                "mysql://h/c",
                "POSTGRES://h/c",
            ][..],
        ),
        ("DATA_KEY", &["secret", &"ab".repeat(31), &"zz".repeat(32), "AAECAwQFBgcICQoLDA0ODw=="]),
        ("API_CALLS_PER_MINUTE", &["0", "100001", "-1", "6e2", "many"]),
        ("BIND_ADDR", &["8080", "localhost:8080", "127.0.0.1", "127.0.0.1:70000", ":8080"]),
        (
            "META_API_BASE",
            &["graph.facebook.com", "http://graph.facebook.com", "ftp://localhost", "https://u@h"],
        ),
        ("META_API_VERSION", &["25.0", "v25", "v25.1", "v.0", "v025.0", "v1000.0", "v25.0/", "V25.0"]),
        ("META_ACCESS_TOKEN", &["two words", "naïve", "line\nbreak"]),
        (
            "META_PHONE_NUMBER_ID",
            &[",", "1,", "1,,2", "abc", "+1", "1,1", "123456789012345678901234567890123"],
        ),
        ("META_MEDIA_HOSTS", &["*", "https://x.com", "x.com/a", "x.com:443", "x.com,X.com", "a b"]),
        ("OUTBOUND_PER_HOUR_MAX", &["0", "1000001", "-1", "many", "1e4"]),
        ("OUTBOUND_PER_VENDOR_PER_DAY_MAX", &["0", "1000001", "-1", "many"]),
        ("VENDOR_INQUIRIES_PER_DAY_MAX", &["0", "1001", "-1", "many", "1.5"]),
        ("MOLTBOT_URL", &["127.0.0.1:18789", "ws://h", "http://t@h", "http://h?a=1"]),
        ("MOLTBOT_TOKEN", &["two words"]),
        ("MOLTBOT_TRANSPORT", &["chat", "LLM_TASK", "llm-task", "chat-completions", "gateway"]),
        ("MOLTBOT_MODEL", &["two words", "modèle", "a\nb", &"m".repeat(201)]),
        ("MOLTBOT_AGENT_ID", &["agent:brain", "a/b", "a b", &"a".repeat(65)]),
        ("MOLTBOT_TIMEOUT_MS", &["999", "120001", "-1", "30s", "1e4", "30000.0", "99999999999999999999999"]),
        ("AI_CONCIERGE_ENABLED", &["yes", "on", "True", "2"]),
        ("OCR_ENABLED", &["no"]),
        ("OCR_LANGUAGES", &["en", "eng,eng", "eng+swa", "eng,", "osd", "ENG"]),
        ("CALLING_ENABLED", &["off"]),
        ("VOICE_GATEWAY_URL", &["voice.example", "wss://voice.example", "http://10.0.0.1", "https://u:p@h"]),
        ("VOICE_GATEWAY_TOKEN", &["two words", "naïve"]),
        (
            "OPERATOR_WEBHOOK_URL",
            &["operators.example", "http://10.0.0.1/hook", "https://h/?key=1", "ftp://h"],
        ),
        ("OPERATOR_WEBHOOK_SECRET", &["short", "0123456789abcde"]),
        ("LOG_FORMAT", &["JSON", "text"]),
        ("SIMULATION_CLOCK", &["60", "x60", "0x0", "0x1001", "nowx60"]),
    ] {
        for value in values {
            assert_eq!(faults(variable, value), [variable], "{variable}={value}");
        }
    }
}

#[test]
fn a_data_key_reads_the_same_from_every_spelling() {
    let bytes: [u8; 32] = std::array::from_fn(|i| u8::try_from(i * 8 + 7).unwrap());
    let hex = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    for text in [
        hex.as_str(),
        &hex.to_uppercase(),
        "Bw8XHycvNz9HT1dfZ293f4ePl5+nr7e/x8/X3+fv9/8=",
        "Bw8XHycvNz9HT1dfZ293f4ePl5-nr7e_x8_X3-fv9_8",
    ] {
        assert_eq!(DataKey::decode(text).map(|key| *key.expose()), Some(bytes), "{text}");
    }
}

#[test]
fn the_operators_webhook_has_an_address_and_a_secret_or_neither() {
    let of = |env: Env| WorkerSettings::read(&env).map(|settings| settings.operator_webhook.is_some());
    assert!(!of(Env::worker()).unwrap());
    let url = Env::worker().with("OPERATOR_WEBHOOK_URL", "https://operators.example/hook");
    assert_eq!(names(&of(url.clone()).unwrap_err()), ["OPERATOR_WEBHOOK_SECRET"]);
    assert!(of(url.with("OPERATOR_WEBHOOK_SECRET", "operators-secret-1")).unwrap());
    let secret = Env::worker().with("OPERATOR_WEBHOOK_SECRET", "operators-secret-1");
    assert_eq!(names(&of(secret).unwrap_err()), ["OPERATOR_WEBHOOK_URL"]);
}

#[test]
fn only_what_is_missing_is_reported() {
    let error = ApiSettings::read(&Env::api().without("META_VERIFY_TOKEN")).unwrap_err();
    assert_eq!(names(&error), ["META_VERIFY_TOKEN"]);
    let error = WorkerSettings::read(&Env::worker().without("META_ACCESS_TOKEN")).unwrap_err();
    assert_eq!(names(&error), ["META_ACCESS_TOKEN"]);
}
