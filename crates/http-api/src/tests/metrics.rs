//! What Prometheus reads, judged by a parser of its own: names, types, labels, values.

use std::collections::{BTreeMap, BTreeSet};

use marketplace::{ActorKind, RequestId};
use store::{
    contacts::{self, Identity},
    flags::{self, Flag},
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload, SendState},
    requests,
    testing::on_both,
};

use super::*;

/// A scrape: the type of each family, and each sample by its name and labels as they stand.
struct Scrape {
    types: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

impl Scrape {
    /// Reads the text format strictly: HELP, then TYPE, then the family's samples, no name twice.
    fn read(text: &str) -> Self {
        let (mut types, mut samples) = (BTreeMap::new(), BTreeMap::new());
        let (mut helped, mut family) = (String::new(), String::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap();
                assert!(name.starts_with("concierge_") && words.ends_with('.'), "{line}");
                name.clone_into(&mut helped);
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, helped, "HELP comes before TYPE");
                assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
                name.clone_into(&mut family);
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let name = series.split('{').next().unwrap();
                let plain = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
                assert!(name == family || plain == Some(&family), "{line} stands under {family}");
                assert!(
                    samples.insert(series.to_owned(), value.parse().unwrap()).is_none(),
                    "{series} twice"
                );
            }
        }
        Self { types, samples }
    }

    fn value(&self, series: &str) -> f64 {
        *self.samples.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.samples))
    }
}

async fn scrape(state: &AppState) -> Scrape {
    let answer = get(state, "/metrics").await;
    assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4"));
    Scrape::read(&answer.body)
}

pub(super) async fn request_with_an_unknown_send(test: &TestStore) -> RequestId {
    test.db
        .write(|tx| {
            let phone = Identity::Phone("+254700000101".parse().unwrap());
            let client =
                contacts::find_or_create(tx, &[phone], Some("Amina Wanjiru"), "en".parse().unwrap())?.id;
            let number = "300000000000001".parse().unwrap();
            let guard = requests::create(tx, client, &number, "en".parse().unwrap())?;
            let id = guard.request().id;
            let message = messages::insert(
                tx,
                &NewMessage {
                    request: Some(id),
                    contact: client,
                    direction: Direction::Out,
                    party: Party::Client,
                    kind: MessageKind::Text,
                    body: "Front or rear?".to_owned(),
                    also_sealed_by: Vec::new(),
                    button_id: None,
                    wamid: None,
                    quoted_wamid: None,
                    meta_at: tx.now,
                },
            )?;
            let payload = SendPayload {
                body: "Front or rear?".to_owned(),
                buttons: Vec::new(),
                template: None,
                reply_to: None,
            };
            let send = outbox::enqueue(
                tx,
                &guard,
                &NewSend {
                    contact: client,
                    message,
                    purpose: Purpose::ClientMessage,
                    author: ActorKind::Orchestrator,
                    payload,
                    also_sealed_by: Vec::new(),
                    not_after: None,
                },
            )?;
            outbox::mark_sending(tx, send, 1)?;
            outbox::advance(tx, send, SendState::Unknown, None, None)?;
            Ok::<_, store::StoreError>(id)
        })
        .await
        .unwrap()
}

/// Every family that a database with nothing in it tells; the others appear with what they count.
const ALWAYS: [&str; 33] = [
    "concierge_breakers_open",
    "concierge_build_info",
    "concierge_call_age_seconds",
    "concierge_calls",
    "concierge_calls_ended_last_hour",
    "concierge_consents_open",
    "concierge_database_info",
    "concierge_database_up",
    "concierge_dead_letters",
    "concierge_decisions",
    "concierge_events_waiting",
    "concierge_flag_on",
    "concierge_http_answer_duration_seconds",
    "concierge_http_answers_total",
    "concierge_lane_age_seconds",
    "concierge_lanes_due",
    "concierge_notification_age_seconds",
    "concierge_notifications_failed",
    "concierge_notifications_pending",
    "concierge_numbers_paused",
    "concierge_observation_seconds",
    "concierge_outbox",
    "concierge_processes",
    "concierge_requests",
    "concierge_sends_ended_last_hour",
    "concierge_sent_last_hour",
    "concierge_turns",
    "concierge_unanswered_messages",
    "concierge_unknown_send_age_seconds",
    "concierge_unknown_sends",
    "concierge_webhook_events_total",
    "concierge_webhook_lag_seconds",
    "concierge_webhook_signature_refusals_total",
];

#[test]
fn a_scrape_tells_every_family_with_its_zeros() {
    on_both(async |test| {
        let state = state(&test.db);
        get(&state, "/healthz").await;
        let seen = scrape(&state).await;
        assert_eq!(seen.types.keys().map(String::as_str).collect::<Vec<_>>(), ALWAYS);
        for series in [
            "concierge_events_waiting{status=\"pending\"}",
            "concierge_outbox{state=\"unknown\"}",
            "concierge_decisions{source=\"moltbot\",verdict=\"rejected\"}",
            "concierge_requests{state=\"escalated\"}",
            "concierge_dead_letters{source=\"turn\"}",
            "concierge_turns{end=\"failed\"}",
            "concierge_sends_ended_last_hour{state=\"failed\"}",
            "concierge_processes{role=\"worker\"}",
            "concierge_calls{phase=\"ringing\"}",
            "concierge_calls_ended_last_hour{reason=\"refused\"}",
            "concierge_consents_open{status=\"granted\"}",
            "concierge_numbers_paused",
            "concierge_webhook_signature_refusals_total{reason=\"mismatch\"}",
        ] {
            assert!(seen.value(series).abs() < f64::EPSILON, "{series}");
        }
        let backend = if test.backend() == store::Backend::Sqlite { "sqlite" } else { "postgresql" };
        for series in [
            format!("concierge_database_up{{backend=\"{backend}\"}}"),
            "concierge_flag_on{flag=\"outbound\"}".to_owned(),
            "concierge_http_answers_total{method=\"GET\",route=\"/healthz\",status=\"200\"}".to_owned(),
            "concierge_http_answer_duration_seconds_count{method=\"GET\",route=\"/healthz\"}".to_owned(),
            "concierge_http_answer_duration_seconds_bucket{method=\"GET\",route=\"/healthz\",le=\"15\"}"
                .to_owned(),
        ] {
            assert!((seen.value(&series) - 1.0).abs() < f64::EPSILON, "{series}");
        }
    });
}

#[test]
fn what_happens_is_counted() {
    on_both(async |test| {
        let state = state(&test.db);
        let body = webhook("wamid.1", "254700000101", "hi");
        for _ in 0..3 {
            post_signed(&state, &body).await;
        }
        post_signed(&state, b"not json").await;
        post(&state, None, &body).await;
        post(&state, Some("sha256=short"), &body).await;
        post(&state, Some(&sign("another", &body)), &body).await;
        // Whatever a caller writes into method and path names no series.
        let odd = TestRequest::with_uri("/254700000101?name=Amina").method("BREW".parse().unwrap());
        call(&state, odd).await;
        request_with_an_unknown_send(test).await;
        test.db.write(|tx| flags::set(tx.conn, Flag::Outbound, false, tx.now)).await.unwrap();
        let paused = test.db.write(|tx| {
            let until = tx.now + std::time::Duration::from_hours(1);
            store::calls::restrict(tx, &"300000000000001".parse().unwrap(), until, "meta_138014")
        });
        paused.await.unwrap();
        let seen = scrape(&state).await;
        let expected = [
            ("concierge_numbers_paused", 1.0),
            ("concierge_webhook_events_total{result=\"stored\"}", 1.0),
            ("concierge_webhook_events_total{result=\"duplicate\"}", 2.0),
            ("concierge_webhook_events_total{result=\"dead\"}", 1.0),
            ("concierge_webhook_signature_refusals_total{reason=\"missing\"}", 1.0),
            ("concierge_webhook_signature_refusals_total{reason=\"malformed\"}", 1.0),
            ("concierge_webhook_signature_refusals_total{reason=\"mismatch\"}", 1.0),
            (
                "concierge_http_answers_total{method=\"POST\",route=\"/webhooks/whatsapp\",status=\"200\"}",
                4.0,
            ),
            (
                "concierge_http_answers_total{method=\"POST\",route=\"/webhooks/whatsapp\",status=\"401\"}",
                3.0,
            ),
            ("concierge_http_answers_total{method=\"other\",route=\"unmatched\",status=\"404\"}", 1.0),
            ("concierge_events_waiting{status=\"pending\"}", 1.0),
            ("concierge_dead_letters{source=\"intake\"}", 1.0),
            ("concierge_unknown_sends", 1.0),
            ("concierge_requests{state=\"new\"}", 1.0),
            ("concierge_flag_on{flag=\"outbound\"}", 0.0),
        ];
        for (series, value) in expected {
            assert!((seen.value(series) - value).abs() < f64::EPSILON, "{series}: {}", seen.value(series));
        }
        let text = get(&state, "/metrics").await.body;
        for personal in ["254700000101", "Amina", "Front", "wamid", "BREW", "req_", "int_"] {
            assert!(!text.contains(personal), "{personal}: {text}");
        }
    });
}

#[test]
fn many_scrapes_are_one_look() {
    on_both(async |test| {
        let state = state(&test.db);
        scrape(&state).await;
        request_with_an_unknown_send(test).await;
        let again = scrape(&state).await;
        assert!(
            again.value("concierge_unknown_sends").abs() < f64::EPSILON,
            "within a second it is the same look"
        );
    });
}

#[test]
fn without_a_database_the_process_tells_what_it_knows() {
    on_both(async |test| {
        let state = state(&test.db);
        post(&state, None, b"{}").await;
        test.store.close().await;
        let seen = scrape(&state).await;
        let told: BTreeSet<&str> = seen.types.keys().map(String::as_str).collect();
        let expected = [
            "concierge_build_info",
            "concierge_database_up",
            "concierge_http_answer_duration_seconds",
            "concierge_http_answers_total",
            "concierge_observation_seconds",
            "concierge_webhook_events_total",
            "concierge_webhook_signature_refusals_total",
        ];
        assert_eq!(told, BTreeSet::from(expected));
        let up = seen.samples.iter().find(|(series, _)| series.starts_with("concierge_database_up")).unwrap();
        assert!(up.1.abs() < f64::EPSILON);
    });
}
