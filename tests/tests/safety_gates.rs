//! `.agent/rules/20_safety_gates.md` and the code name the same numbers.

// Helpers of tests, which the lints do not take for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use engine::buckets::SendBuckets;
use marketplace::{ContactId, SeededIds};
use moltbot_contract::limits;
use store::outbox::breaker;
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

fn number_of(name: &str) -> Number {
    Number::Count(default_of(name).parse().unwrap())
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

#[expect(clippy::too_many_lines, reason = "one line a number")]
fn numbers_in_code() -> BTreeMap<&'static str, Number> {
    use Number::{Bytes, Characters, Time};
    let count = |n: usize| Number::Count(f64::from(u32::try_from(n).unwrap()));
    let minutes = |n: u16| Time(Duration::from_secs(u64::from(n) * 60));
    let moltbot = moltbot_client::Config::new("http://127.0.0.1:1", "token".into(), "jsonfn", Duration::ZERO);
    let timeout_ms = default_of("MOLTBOT_TIMEOUT_MS").parse().unwrap();
    BTreeMap::from([
        ("settings::AI_CONCIERGE_ENABLED", flag("AI_CONCIERGE_ENABLED")),
        ("settings::OCR_ENABLED", flag("OCR_ENABLED")),
        ("settings::CALLING_ENABLED", flag("CALLING_ENABLED")),
        ("settings::MOLTBOT_TIMEOUT_MS", Time(Duration::from_millis(timeout_ms))),
        ("settings::OUTBOUND_PER_HOUR_MAX", number_of("OUTBOUND_PER_HOUR_MAX")),
        ("settings::OUTBOUND_PER_VENDOR_PER_DAY_MAX", number_of("OUTBOUND_PER_VENDOR_PER_DAY_MAX")),
        ("settings::VENDOR_INQUIRIES_PER_DAY_MAX", number_of("VENDOR_INQUIRIES_PER_DAY_MAX")),
        ("tools::search::INQUIRIES_COUNTED", Time(tools::search::INQUIRIES_COUNTED)),
        ("tools::search::WEIGHED_MAX", count(usize::try_from(tools::search::WEIGHED_MAX).unwrap())),
        ("store::sourcing::HISTORY_LASTS", Time(store::sourcing::HISTORY_LASTS)),
        ("store::sourcing::HISTORY_MAX", count(usize::try_from(store::sourcing::HISTORY_MAX).unwrap())),
        ("store::template_faults::TRIED_AGAIN_AFTER", Time(store::template_faults::TRIED_AGAIN_AFTER)),
        ("store::template_faults::WAITS_MAX", Time(store::template_faults::WAITS_MAX)),
        ("store::outbox::OWED_MAX", count(usize::try_from(store::outbox::OWED_MAX).unwrap())),
        ("store::outbox::breaker::PRODUCT_WINDOW", Time(breaker::PRODUCT_WINDOW)),
        ("store::outbox::breaker::PRODUCT_STRETCH", Time(breaker::PRODUCT_STRETCH)),
        ("store::outbox::breaker::VENDOR_WINDOW", Time(breaker::VENDOR_WINDOW)),
        ("store::outbox::breaker::VENDOR_STRETCH", Time(breaker::VENDOR_STRETCH)),
        ("store::retention::OUTBOUND_COUNTERS", Time(store::retention::OUTBOUND_COUNTERS)),
        ("tools::staleness::CLIENT_MESSAGE", Time(tools::staleness::CLIENT_MESSAGE)),
        ("tools::staleness::VENDOR_MESSAGE", Time(tools::staleness::VENDOR_MESSAGE)),
        ("tools::staleness::HANDOFF", Time(tools::staleness::HANDOFF)),
        ("tools::staleness::CONSENT_PROMPT", Time(tools::staleness::CONSENT_PROMPT)),
        ("tools::staleness::NOTICE", Time(tools::staleness::NOTICE)),
        ("tools::calling::attempts::RESTRICTION_LASTS", Time(tools::calling::attempts::RESTRICTION_LASTS)),
        ("engine::dial::INTENT_LASTS", Time(engine::dial::INTENT_LASTS)),
        ("engine::dial::TERMINATE_TRIES", count(usize::try_from(engine::dial::TERMINATE_TRIES).unwrap())),
        ("tools::calling::timers::NEWS_WAIT", Time(tools::calling::timers::NEWS_WAIT)),
        ("store::inbound::CALL_NEWS_LOOK", count(usize::try_from(store::inbound::CALL_NEWS_LOOK).unwrap())),
        ("tools::calling::silence::NOTICED_AGAIN_AFTER", Time(tools::calling::silence::NOTICED_AGAIN_AFTER)),
        ("migrations::batches.ordinal", constraint("batches", "ordinal")),
        ("migrations::batches.offers_wanted", constraint("batches", "offers_wanted")),
        ("migrations::shortlist_items.position", constraint("shortlist_items", "position")),
        ("meta_client::ROW_TITLE_MAX", Characters(meta_client::outbound::ROW_TITLE_MAX)),
        ("meta_client::ROW_DESCRIPTION_MAX", Characters(meta_client::outbound::ROW_DESCRIPTION_MAX)),
        ("meta_client::ROW_ID_MAX", Characters(meta_client::outbound::ROW_ID_MAX)),
        ("meta_client::BUTTON_ID_MAX", Characters(meta_client::outbound::BUTTON_ID_MAX)),
        ("meta_client::INTENT_ID_MAX", Characters(meta_client::outbound::INTENT_ID_MAX)),
        ("meta_client::ANSWER_BYTES_MAX", Bytes(meta_client::client::ANSWER_BYTES_MAX)),
        ("meta_client::TIMEOUT_DEFAULT", Time(meta_client::client::TIMEOUT_DEFAULT)),
        ("meta_client::EVENTS_MAX", count(meta_client::webhook::EVENTS_MAX)),
        ("conversation::TEXT_MAX", Characters(conversation::catalogue::TEXT_MAX)),
        ("conversation::TEXT_WITH_BUTTONS_MAX", Characters(conversation::catalogue::TEXT_WITH_BUTTONS_MAX)),
        ("conversation::BUTTON_TITLE_MAX", Characters(conversation::catalogue::BUTTON_TITLE_MAX)),
        ("tool_registry::BUTTONS_MAX", count(tool_registry::BUTTONS_MAX)),
        ("tool_registry::BUTTON_TITLE_MAX", Characters(tool_registry::BUTTON_TITLE_MAX)),
        ("tool_registry::BUTTON_ID_MAX", Characters(tool_registry::BUTTON_ID_MAX)),
        ("moltbot_contract::BODY_WITH_BUTTONS_MAX", Characters(limits::BODY_WITH_BUTTONS_MAX)),
        ("moltbot_contract::REASON_MAX", Characters(limits::REASON_MAX)),
        ("moltbot_contract::CATEGORY_MAX", Characters(limits::CATEGORY_MAX)),
        ("moltbot_contract::NEED_MAX", Characters(limits::NEED_MAX)),
        ("moltbot_contract::VENDOR_QUESTIONS_MAX", count(limits::VENDOR_QUESTIONS_MAX)),
        ("moltbot_contract::QUESTION_MAX", Characters(limits::QUESTION_MAX)),
        ("moltbot_contract::ETA_MAX", Characters(limits::ETA_MAX)),
        ("moltbot_contract::NOTE_MAX", Characters(limits::NOTE_MAX)),
        ("moltbot_contract::FILTER_LANGUAGES_MAX", count(limits::FILTER_LANGUAGES_MAX)),
        ("moltbot_contract::DISTANCE_KM_MAX", Number::Count(limits::DISTANCE_KM_MAX)),
        ("moltbot_contract::RATING_MAX", Number::Count(limits::RATING_MAX)),
        ("moltbot_contract::OFFERS_WANTED_MAX", count(limits::OFFERS_WANTED_MAX.into())),
        ("orchestrator::OFFERS_WANTED", count(orchestrator::workflow::OFFERS_WANTED.into())),
        ("orchestrator::DEADLINE_MINUTES", minutes(orchestrator::workflow::DEADLINE_MINUTES)),
        ("orchestrator::DEADLINE_MINUTES_URGENT", minutes(orchestrator::workflow::DEADLINE_MINUTES_URGENT)),
        ("orchestrator::SHORTLIST_MAX", count(orchestrator::workflow::SHORTLIST_MAX)),
        ("orchestrator::ASK_NEED_MAX", count(orchestrator::workflow::ASK_NEED_MAX)),
        ("engine::PEOPLE_MAX", count(engine::buckets::PEOPLE_MAX)),
        ("engine::number::OPERATOR_HOLD", Time(engine::number::OPERATOR_HOLD)),
        ("engine::intake::DETAIL_MAX", Bytes(engine::intake::DETAIL_MAX)),
        ("http_api::SHUTDOWN_MAX", Time(http_api::SHUTDOWN_MAX)),
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
        ("moltbot_client::breaker::BUSY_MAX", Time(moltbot_client::breaker::BUSY_MAX)),
        ("orchestrator::ASKS_MAX", Number::Count(f64::from(orchestrator::ASKS_MAX))),
        ("engine::turn::LAST_ATTEMPT", Number::Count(f64::from(engine::turn::LAST_ATTEMPT))),
        ("engine::turn::BEYOND_HOPE", Number::Count(f64::from(engine::turn::BEYOND_HOPE))),
        ("engine::turn::TURN_BUDGET_BEYOND_BRAIN", Time(engine::turn::TURN_BUDGET_BEYOND_BRAIN)),
        ("engine::turn::SUPERSEDED_MAX", Number::Count(f64::from(engine::turn::SUPERSEDED_MAX))),
        ("engine::turn::SUPERSEDE_WITHIN", Time(engine::turn::SUPERSEDE_WITHIN)),
        ("engine::turn::HEARTBEAT", Time(engine::turn::HEARTBEAT)),
        ("engine::number::LEASE", Time(engine::number::LEASE)),
        ("engine::dispatch::ATTEMPTS_MAX", Number::Count(f64::from(engine::dispatch::ATTEMPTS_MAX))),
        ("engine::dispatch::IN_FLIGHT_MAX", count(engine::dispatch::IN_FLIGHT_MAX)),
        ("engine::router::LEASE", Time(engine::router::LEASE)),
        ("engine::router::QUOTE_WAITS", Time(engine::router::QUOTE_WAITS)),
        ("engine::router::STALE_AFTER", Time(engine::router::STALE_AFTER)),
        ("store::answers::LOOK_AFTER", Time(store::answers::LOOK_AFTER)),
        ("engine::notify::GIVEN_UP_AFTER", Time(engine::notify::GIVEN_UP_AFTER)),
        ("tools::control::REASON_MAX", Characters(tools::control::REASON_MAX)),
        ("store::retention::NOTIFICATIONS", Time(store::retention::NOTIFICATIONS)),
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
        ("settings::API_CALLS_PER_MINUTE", number_of("API_CALLS_PER_MINUTE")),
        ("tools::api::KEY_LENGTH_MAX", Characters(tools::api::KEY_LENGTH_MAX)),
        ("store::tokens::LIVE_MAX", count(store::tokens::LIVE_MAX)),
        ("store::tokens::NAME_LENGTH_MAX", Characters(store::tokens::NAME_LENGTH_MAX)),
        ("store::tokens::USE_NOTED_EVERY", Time(store::tokens::USE_NOTED_EVERY)),
        ("store::SEAL_KEYS_MAX", count(store::SEAL_KEYS_MAX)),
        ("mcp::BODY_MAX", Bytes(mcp::BODY_MAX)),
        ("mcp::ANSWER_TIME_MAX", Time(mcp::ANSWER_TIME_MAX)),
        ("mcp::tools::KEY_LENGTH_MAX", Characters(mcp::tools::KEY_LENGTH_MAX)),
        ("engine::media::ATTEMPTS_MAX", Number::Count(f64::from(engine::media::ATTEMPTS_MAX))),
        ("tools::documents::DEADLINE", Time(tools::documents::DEADLINE)),
        ("meta_client::client::MEDIA_BYTES_MAX", Bytes(meta_client::client::MEDIA_BYTES_MAX)),
        ("meta_client::client::MEDIA_TIMEOUT", Time(meta_client::client::MEDIA_TIMEOUT)),
        ("store::documents::FETCHABLE_FOR", Time(store::documents::FETCHABLE_FOR)),
        ("store::documents::KEPT_FOR", Time(store::documents::KEPT_FOR)),
        ("store::documents::LEASE", Time(store::documents::LEASE)),
        ("conversation::document::LINES_MAX", count(conversation::document::LINES_MAX)),
        ("meta_client::SDP_BYTES_MAX", Bytes(meta_client::calling::SDP_BYTES_MAX)),
        ("meta_client::TEMPORARY_PERMISSION", Time(meta_client::event::TEMPORARY_PERMISSION)),
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

/// Crates whose public limits are gates. `calling-policy` is held to `60_calling_policy.md` by its own tests.
const GATED: [&str; 11] = [
    "conversation",
    "engine",
    "http-api",
    "marketplace",
    "mcp",
    "meta-client",
    "moltbot-contract",
    "orchestrator",
    "store",
    "tool-registry",
    "tools",
];
/// Public numbers that limit nothing anybody does: what a value may look like, how much is looked at or told at once.
const FORMS: [(&str, &str); 9] = [
    ("marketplace", "MINOR_MAX"),
    ("marketplace", "LENGTH_MAX"),
    ("store", "COUNT_MAX"),
    ("store", "TURNS_MAX"),
    ("store", "RECENT"),
    ("store", "ENDED_WITHIN"),
    ("store", "LIVING_WITHIN"),
    ("store", "FAULTS_NAMED_MAX"),
    ("store", "SEARCH_PAGE"),
];

/// Every source file below a folder that is not a test.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.starts_with("test") || name.ends_with("tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources_of(crates: &[&str]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for name in crates {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name).join("src"), &mut files);
        all.extend(files.into_iter().map(|file| (name.replace('-', "_"), fs::read_to_string(file).unwrap())));
    }
    all
}

/// `pub const NAME: <a number or a time>`.
fn public_number(line: &str) -> Option<&str> {
    let (name, rest) = line.trim_start().strip_prefix("pub const ")?.split_once(": ")?;
    let kind = rest.split(" = ").next()?;
    let kinds = ["Duration", "u8", "u16", "u32", "u64", "usize", "i32", "i64", "f64"];
    kinds.contains(&kind).then_some(name)
}

#[test]
fn every_public_limit_of_the_code_stands_in_the_document() {
    let written: BTreeSet<(String, String)> = table("Numbers")
        .iter()
        .filter_map(|row| {
            let path = row[1].trim_matches('`');
            Some((path.split_once("::")?.0.to_owned(), path.rsplit_once("::")?.1.to_owned()))
        })
        .collect();
    let mut found = 0;
    let mut missing = Vec::new();
    for (of, text) in sources_of(&GATED) {
        for name in text.lines().filter_map(public_number) {
            found += 1;
            let is_form = FORMS.contains(&(of.as_str(), name));
            if !is_form && !written.contains(&(of.clone(), name.to_owned())) {
                missing.push(format!("{of}::…::{name}"));
            }
        }
    }
    assert!(found > 60, "{found}");
    assert!(missing.is_empty(), "{DOCUMENT} does not name {missing:#?}");
}

#[test]
fn every_refusal_that_the_tools_make_has_its_rule() {
    let rules: BTreeSet<String> = table("Rules")
        .iter()
        .flat_map(|row| row[2].split(", ").map(|code| code.trim_matches('`').to_owned()).collect::<Vec<_>>())
        .collect();
    let texts = sources_of(&["tools"]);
    let made: Vec<&RefusalCode> = RefusalCode::ALL
        .iter()
        .filter(|code| {
            let used = format!("RefusalCode::{code:?}");
            let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
            texts.iter().any(|(_, text)| text.split(&used).skip(1).any(ends))
        })
        .collect();
    assert!(made.len() > 20, "{made:?}");
    let missing: Vec<&str> =
        made.iter().map(|code| code.code()).filter(|code| !rules.contains(*code)).collect();
    assert!(missing.is_empty(), "{DOCUMENT} has no rule for {missing:?}");
}

#[test]
fn the_dispatchers_reasons_are_those_of_the_document() {
    let code = read("crates/engine/src/dispatch/gates.rs");
    let reasons: BTreeSet<&str> = ["Never(\"", "Some(\"", "then_some(\"", "STALE: &str = \""]
        .iter()
        .flat_map(|before| code.split(before).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let rows = table("At the moment of sending");
    let written: BTreeSet<&str> = rows.iter().map(|row| row[1].trim_matches('`')).collect();
    assert_eq!(written, reasons);
}

#[test]
fn every_file_that_is_named_exists() {
    let text = read(DOCUMENT);
    let named: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| {
            ["crates/", "bins/", "migrations/", "tests/"].iter().any(|folder| name.starts_with(folder))
        })
        .collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).is_file(), "{name}");
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
