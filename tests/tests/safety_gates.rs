//! `.agent/rules/20_safety_gates.md` and the code name the same numbers.

// Helpers of tests, which the lints do not take for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use engine::buckets::SendBuckets;
use marketplace::{ContactId, SeededIds};
use tool_registry::RefusalCode;

fn read(path: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A number with its unit, comparable whatever way it is written: 24 h is 86400 s.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Number {
    Flag(bool),
    Count(f64),
    Characters(usize),
    Bytes(usize),
    Time(Duration),
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(flag) = text.parse() {
            return Some(Self::Flag(flag));
        }
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        let whole = || number.parse::<u64>().ok();
        let bytes = |unit: u64| whole().and_then(|n| usize::try_from(n * unit).ok()).map(Self::Bytes);
        let time = |seconds: u64| whole().map(|n| Self::Time(Duration::from_secs(n * seconds)));
        match unit {
            "" => number.parse().ok().map(Self::Count),
            "characters" => number.parse().ok().map(Self::Characters),
            "KiB" => bytes(1024),
            "MiB" => bytes(1024 * 1024),
            "ms" => whole().map(|n| Self::Time(Duration::from_millis(n))),
            "s" => time(1),
            "min" => time(60),
            "h" => time(60 * 60),
            "days" => time(24 * 60 * 60),
            _ => None,
        }
    }
}

/// The default of a variable, as the operator finds it.
fn default_of(name: &str) -> &'static str {
    let variable = settings::VARIABLES.iter().find(|variable| variable.name == name).unwrap();
    variable.default.unwrap()
}

fn flag(name: &str) -> Number {
    Number::Flag(default_of(name).parse().unwrap())
}

/// The upper bound of `column … BETWEEN 1 AND n` in both schemas' table.
fn constraint(table: &str, column: &str) -> Number {
    let bounds = ["sqlite", "postgresql"].map(|database| {
        let sql = read(&format!("migrations/{database}/00000000000001_initial/up.sql"));
        let table = sql.split(&format!("CREATE TABLE {table} (")).nth(1).unwrap();
        let table = table.split("\n)").next().unwrap();
        let check = table.split(&format!("CHECK ({column} BETWEEN 1 AND ")).nth(1).unwrap();
        check.split(')').next().unwrap().parse::<f64>().unwrap()
    });
    assert!(bounds[0].to_bits() == bounds[1].to_bits(), "{table}.{column}: {bounds:?}");
    Number::Count(bounds[0])
}

/// How many messages go out at once, to as many people or to one.
fn burst(one_person: bool) -> Number {
    let ids = SeededIds::new(1);
    let somebody = ContactId::generate(&ids);
    let mut buckets = SendBuckets::new();
    // To one person the number's own bucket must not be what ends the burst: it gets time to fill.
    let pause_ms = if one_person { 50 } else { 0 };
    let taken = (0_u64..1_000).take_while(|n| {
        let to = if one_person { somebody } else { ContactId::generate(&ids) };
        buckets.try_take(to, n * pause_ms).is_ok()
    });
    Number::Count(f64::from(u32::try_from(taken.count()).unwrap()))
}

fn numbers_in_code() -> BTreeMap<&'static str, Number> {
    use Number::{Bytes, Characters, Time};
    let count = |n: usize| Number::Count(f64::from(u32::try_from(n).unwrap()));
    let moltbot = moltbot_client::Config::new("http://127.0.0.1:1", "token".into(), "jsonfn", Duration::ZERO);
    let timeout_ms = default_of("MOLTBOT_TIMEOUT_MS").parse().unwrap();
    BTreeMap::from([
        ("settings::AI_CONCIERGE_ENABLED", flag("AI_CONCIERGE_ENABLED")),
        ("settings::OCR_ENABLED", flag("OCR_ENABLED")),
        ("settings::CALLING_ENABLED", flag("CALLING_ENABLED")),
        ("settings::MOLTBOT_TIMEOUT_MS", Time(Duration::from_millis(timeout_ms))),
        ("marketplace::BATCH_SIZE_MAX", count(marketplace::BATCH_SIZE_MAX.into())),
        ("marketplace::VENDORS_PER_REQUEST_MAX", count(marketplace::VENDORS_PER_REQUEST_MAX.into())),
        ("migrations::outreaches.slot", constraint("outreaches", "slot")),
        ("migrations::batches.size", constraint("batches", "size")),
        ("migrations::outreaches.ordinal", constraint("outreaches", "ordinal")),
        ("tool_registry::SEARCH_LIMIT_MAX", count(tool_registry::SEARCH_LIMIT_MAX.into())),
        ("conversation::AMBIGUOUS_BELOW", Number::Count(conversation::vendor_reply::AMBIGUOUS_BELOW)),
        (
            "tools::CALL_COOLDOWN_MINUTES",
            Time(Duration::from_secs(u64::from(tools::CALL_COOLDOWN_MINUTES) * 60)),
        ),
        ("tools::HANDOFF_CLOSES_AFTER", Time(tools::HANDOFF_CLOSES_AFTER)),
        ("meta_client::TEXT_MAX", Characters(meta_client::outbound::TEXT_MAX)),
        ("meta_client::BUTTON_BODY_MAX", Characters(meta_client::outbound::BUTTON_BODY_MAX)),
        ("meta_client::BUTTONS_MAX", count(meta_client::outbound::BUTTONS_MAX)),
        ("meta_client::BUTTON_TITLE_MAX", Characters(meta_client::outbound::BUTTON_TITLE_MAX)),
        ("meta_client::LIST_ROWS_MAX", count(meta_client::outbound::LIST_ROWS_MAX)),
        ("moltbot_contract::BODY_MAX", Characters(moltbot_contract::limits::BODY_MAX)),
        ("moltbot_contract::ANSWER_BYTES_MAX", Bytes(moltbot_contract::limits::ANSWER_BYTES_MAX)),
        ("moltbot_contract::DEPTH_MAX", count(moltbot_contract::limits::DEPTH_MAX)),
        ("moltbot_contract::ITEMS_MAX", count(moltbot_contract::limits::ITEMS_MAX)),
        (
            "moltbot_contract::DEADLINE_MINUTES_MAX",
            Time(Duration::from_secs(u64::from(moltbot_contract::limits::DEADLINE_MINUTES_MAX) * 60)),
        ),
        ("moltbot_client::permits", count(moltbot.permits)),
        ("moltbot_client::permit_wait", Time(moltbot.permit_wait)),
        ("moltbot_client::breaker.failures", Number::Count(f64::from(moltbot.breaker.failures))),
        ("moltbot_client::breaker.open_for", Time(moltbot.breaker.open_for)),
        ("orchestrator::ASKS_MAX", Number::Count(f64::from(orchestrator::ASKS_MAX))),
        ("engine::turn::LAST_ATTEMPT", Number::Count(f64::from(engine::turn::LAST_ATTEMPT))),
        ("engine::turn::BEYOND_HOPE", Number::Count(f64::from(engine::turn::BEYOND_HOPE))),
        ("engine::turn::TURN_BUDGET_BEYOND_BRAIN", Time(engine::turn::TURN_BUDGET_BEYOND_BRAIN)),
        ("engine::turn::SUPERSEDED_MAX", Number::Count(f64::from(engine::turn::SUPERSEDED_MAX))),
        ("engine::turn::SUPERSEDE_WITHIN", Time(engine::turn::SUPERSEDE_WITHIN)),
        ("engine::turn::HEARTBEAT", Time(engine::turn::HEARTBEAT)),
        ("engine::dispatch::LEASE", Time(engine::dispatch::LEASE)),
        ("engine::dispatch::ATTEMPTS_MAX", Number::Count(f64::from(engine::dispatch::ATTEMPTS_MAX))),
        ("engine::dispatch::IN_FLIGHT_MAX", count(engine::dispatch::IN_FLIGHT_MAX)),
        ("engine::router::LEASE", Time(engine::router::LEASE)),
        ("engine::router::QUOTE_WAITS", Time(engine::router::QUOTE_WAITS)),
        ("engine::router::STALE_AFTER", Time(engine::router::STALE_AFTER)),
        ("engine::sweep::OVERDUE", Time(engine::sweep::OVERDUE)),
        ("engine::timers::INTAKE_SILENT_AFTER", Time(engine::timers::INTAKE_SILENT_AFTER)),
        ("engine::buckets::number", burst(false)),
        ("engine::buckets::person", burst(true)),
        ("store::contacts::WINDOW", Time(store::contacts::WINDOW)),
        ("store::lanes::COALESCE_QUIET", Time(store::lanes::COALESCE_QUIET)),
        ("store::lanes::COALESCE_MAX", Time(store::lanes::COALESCE_MAX)),
        ("store::lanes::LEASE", Time(store::lanes::LEASE)),
        ("store::outbox::UNKNOWN_HOLDS_NEXT", Time(store::outbox::UNKNOWN_HOLDS_NEXT)),
        ("store::retention::RAW_EVENTS", Time(store::retention::RAW_EVENTS)),
        ("store::retention::PACKS", Time(store::retention::PACKS)),
        ("store::retention::IDEMPOTENCY_KEYS", Time(store::retention::IDEMPOTENCY_KEYS)),
        ("http_api::BODY_MAX", Bytes(http_api::BODY_MAX)),
    ])
}

const DOCUMENT: &str = ".agent/rules/20_safety_gates.md";

/// The rows of the table under a heading, cells trimmed, without its head.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = read(DOCUMENT);
    let section = text.split(&format!("## {heading}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.skip(1).map(|row| row.split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn numbers_are_those_of_the_code() {
    let mut code = numbers_in_code();
    let mut faults = Vec::new();
    for row in table("Numbers") {
        let [gate, constant, value] = row.as_slice() else { panic!("not three cells: {row:?}") };
        let written = Number::parse(value);
        match code.remove(constant.trim_matches('`')) {
            None => faults.push(format!("{gate}: this test knows no {constant}, or it stands there twice")),
            Some(is) if written != Some(is) => {
                faults.push(format!("{gate}: {constant} is {is:?}, the document says {value}"));
            }
            Some(_) => {}
        }
    }
    faults.extend(code.keys().map(|constant| format!("the document does not name {constant}")));
    assert!(faults.is_empty(), "{DOCUMENT}:\n{}", faults.join("\n"));
}

#[test]
fn the_limits_of_the_mission_are_as_it_gives_them() {
    assert_eq!((marketplace::BATCH_SIZE_MAX, marketplace::VENDORS_PER_REQUEST_MAX), (5, 15));
    assert_eq!(flag("CALLING_ENABLED"), Number::Flag(false));
}

#[test]
fn every_rule_names_a_file_and_codes_that_exist() {
    let rows = table("Rules");
    assert!(rows.len() > 10);
    for row in rows {
        let [rule, _, codes] = row.as_slice() else { panic!("not three cells: {row:?}") };
        for code in codes.split(", ") {
            let code = code.trim_matches('`');
            assert!(RefusalCode::from_code(code).is_some(), "{rule}: there is no code {code}");
        }
    }
}

#[test]
fn numbers_are_read_with_their_units() {
    assert_eq!(Number::parse("24 h"), Number::parse("1440 min"));
    assert_eq!(Number::parse("9 days"), Some(Number::Time(Duration::from_hours(216))));
    assert_eq!(Number::parse("4 MiB"), Some(Number::Bytes(4_194_304)));
    assert_ne!(Number::parse("5"), Number::parse("6"));
    assert_ne!(Number::parse("5"), Number::parse("5 s"));
    assert_eq!(Number::parse("5 parsecs"), None);
}
