//! The queries that run all the time read an index and never a growing table as a whole.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use diesel::{
    Connection as _, QueryableByName, RunQueryDsl as _,
    connection::{InstrumentationEvent, SimpleConnection},
    sql_query,
    sql_types::Text,
};
use marketplace::{CallAttemptId, ConsentId, ContactId, EventId, MessageId};

use super::{number, request, vendor_id, write};
use crate::{
    StoreError, Tx, answers, calls, contacts, documents, inbound, lanes, messages, notifications,
    observation, on_conn, outbox, requests, sourcing,
    testing::on_both,
    timers,
    vendors::{self, Nearest},
};

type Verb = fn(&mut Tx<'_>, marketplace::RequestId, ContactId) -> Result<(), StoreError>;

/// Each of these holds the calls that are not over and nothing else.
const LIVE_CALLS: &str = "call_attempts_live|call_attempts_one_live";

/// A verb, and the indexes its queries use in the order they run.
const VERBS: [(&str, Verb, &[&str]); 65] = [
    ("lanes::any_due", |tx, _, _| lanes::any_due(tx).map(drop), &["lanes_due"]),
    ("lanes::claim", |tx, _, _| lanes::claim(tx, "w").map(drop), &["lanes_due"]),
    ("documents::any_due", |tx, _, _| documents::any_due(tx).map(drop), &["ocr_jobs_pending"]),
    ("documents::jobs_of", |tx, id, _| documents::jobs_of(tx, id).map(drop), &["ocr_jobs_request"]),
    ("documents::expiring", |tx, _, _| documents::expiring(tx, 10).map(drop), &["media_expiring"]),
    ("lanes::pending", |tx, id, _| lanes::pending(tx, id).map(drop), &["mailbox_pending"]),
    ("answers::to_look_at", |tx, _, _| answers::to_look_at(tx, 10).map(drop), &["mailbox_looked_at"]),
    (
        "answers::facts",
        |tx, id, _| {
            let guard = requests::lock(tx, id)?;
            let looked = answers::Looked {
                id: EventId::generate(tx.ids),
                request: id,
                kind: lanes::EntryKind::ClientMessage,
                arrived_at: tx.now,
                consumed_at: None,
                turn: None,
                outcome: None,
            };
            answers::facts(tx, &guard, &looked).map(drop)
        },
        &[
            "requests_pkey|sqlite_autoindex_requests",
            "contacts_pkey|sqlite_autoindex_contacts",
            "outbox_request|outbox_in_flight",
            "batches_request_id_ordinal_key|batches_one_open|sqlite_autoindex_batches",
            "batches_request_id_ordinal_key|batches_one_open|sqlite_autoindex_batches",
            "dead_letters_request",
        ],
    ),
    (
        "answers::unplaced",
        |tx, _, _| answers::unplaced(tx, tx.now, 10).map(drop),
        &["inbound_events_waiting"],
    ),
    (
        "answers::was_told",
        |tx, _, _| answers::was_told(tx, EventId::generate(tx.ids)).map(drop),
        &["dead_letters_silence"],
    ),
    (
        "answers::placed_by_now",
        |tx, _, _| answers::placed_by_now(tx, 10).map(drop),
        &["dead_letters_silence|dead_letters_open|dead_letters_waiting"],
    ),
    ("notifications::due", |tx, _, _| notifications::due(tx, 10).map(drop), &["notifications_due"]),
    (
        "observation::unanswered",
        |tx, _, _| observation::unanswered(tx).map(drop),
        &["mailbox_unanswered", "inbound_events_waiting"],
    ),
    (
        "observation::notifications_pending",
        |tx, _, _| observation::notifications_pending(tx).map(drop),
        &["notifications_pending|notifications_due"],
    ),
    (
        "observation::notification_age",
        |tx, _, _| observation::notification_age(tx).map(drop),
        &["notifications_pending"],
    ),
    (
        "observation::notifications_failed",
        |tx, _, _| observation::notifications_failed(tx).map(drop),
        &["notifications_failed"],
    ),
    ("outbox::sendable", |tx, _, _| outbox::sendable(tx, &number(), 10).map(drop), &["outbox_due"]),
    ("outbox::expired", |tx, _, _| outbox::expired(tx, &number(), 10).map(drop), &["outbox_expiring"]),
    (
        "outbox::breaker::held_by",
        |tx, _, of| outbox::breaker::held_by(tx, of).map(drop),
        &["outbound_breakers"],
    ),
    (
        "outbox::breaker::sent",
        |tx, _, of| outbox::breaker::sent(tx, outbox::breaker::Scope::Vendor(of)).map(drop),
        &["outbound_counters"],
    ),
    ("outbox::has_in_flight", |tx, _, of| outbox::has_in_flight(tx, of).map(drop), &["outbox_in_flight"]),
    ("outbox::unknown", |tx, _, _| outbox::unknown(tx, 10).map(drop), &["outbox_doubtful"]),
    (
        "inbound::call_news_waits",
        |tx, _, _| inbound::call_news_waits(tx, &number()).map(drop),
        &["inbound_events_waiting"],
    ),
    ("inbound::waiting", |tx, _, _| inbound::waiting(tx, 10).map(drop), &["inbound_events_waiting"]),
    (
        "outbox::orphaned_sending",
        |tx, _, _| outbox::orphaned_sending(tx, &number(), 1).map(drop),
        &["outbox_doubtful"],
    ),
    (
        "contacts::has_unrouted_event",
        |tx, _, of| contacts::has_unrouted_event(tx, of).map(drop),
        &["identities_contact", "contacts", "inbound_events_sender_waiting"],
    ),
    ("timers::due", |tx, _, _| timers::due(tx, 10).map(drop), &["timers_due"]),
    (
        "observation::events_waiting",
        |tx, _, _| observation::events_waiting(tx).map(drop),
        &["inbound_events_waiting"],
    ),
    (
        "observation::webhook_lag",
        |tx, _, _| observation::webhook_lag(tx).map(drop),
        &["inbound_events_waiting"],
    ),
    ("observation::lanes_due", |tx, _, _| observation::lanes_due(tx).map(drop), &["lanes_due"]),
    ("observation::lane_age", |tx, _, _| observation::lane_age(tx).map(drop), &["lanes_due"]),
    (
        "observation::outbox_waiting",
        |tx, _, _| observation::outbox_waiting(tx).map(drop),
        // Whichever of the queue's indexes: each holds what is queued and nothing else.
        &["outbox_due|outbox_expiring", "outbox_doubtful"],
    ),
    ("observation::outbox_ended", |tx, _, _| observation::outbox_ended(tx).map(drop), &["outbox_ended"]),
    ("observation::unknown_age", |tx, _, _| observation::unknown_age(tx).map(drop), &["outbox_doubtful"]),
    ("observation::settled_turns", |tx, _, _| observation::settled_turns(tx).map(drop), &["turns_settled"]),
    ("observation::refusals", |tx, _, _| observation::refusals(tx).map(drop), &["audit_records_refused"]),
    ("observation::open_requests", |tx, _, _| observation::open_requests(tx).map(drop), &["requests_open"]),
    ("observation::calls", |tx, _, _| observation::calls(tx).map(drop), &[LIVE_CALLS]),
    ("observation::call_age", |tx, _, _| observation::call_age(tx).map(drop), &["call_attempts_out"]),
    ("observation::calls_ended", |tx, _, _| observation::calls_ended(tx).map(drop), &["call_attempts_ended"]),
    ("observation::consents", |tx, _, _| observation::consents(tx).map(drop), &["consents_open"]),
    ("calls::due", |tx, _, _| calls::due(tx, &number(), 10).map(drop), &["call_attempts_live"]),
    ("calls::live", |tx, _, _| calls::live(tx, &number(), 10).map(drop), &["call_attempts_live"]),
    (
        "calls::orphaned_dialling",
        |tx, _, _| calls::orphaned_dialling(tx, &number(), 1, 10).map(drop),
        &["call_attempts_live"],
    ),
    (
        "calls::to_terminate",
        |tx, _, _| calls::to_terminate(tx, &number(), 10).map(drop),
        &["call_attempts_to_terminate"],
    ),
    (
        "calls::with_voice",
        |tx, _, _| calls::with_voice(tx, &number(), 10).map(drop),
        &["call_attempts_voice"],
    ),
    ("calls::of_request", |tx, id, _| calls::of_request(tx, id).map(drop), &["call_attempts_request"]),
    (
        "calls::past",
        |tx, id, of| calls::past(tx, id, of, tx.now).map(drop),
        &["call_attempts_request", "call_attempts_contact"],
    ),
    (
        "calls::find_by_wacid",
        |tx, _, _| calls::find_by_wacid(tx, "wacid.1").map(drop),
        &["call_attempts_wacid_hash_key|sqlite_autoindex_call_attempts"],
    ),
    (
        "calls::take_waiting",
        |tx, _, _| calls::take_waiting(tx, &number(), "wacid.1", CallAttemptId::generate(tx.ids)).map(drop),
        &["call_events_waiting"],
    ),
    (
        "calls::events_of",
        |tx, _, _| calls::events_of(tx, CallAttemptId::generate(tx.ids)).map(drop),
        &["call_events_attempt"],
    ),
    (
        "calls::consents_of_request",
        |tx, id, _| calls::consents_of_request(tx, id).map(drop),
        &["consents_request"],
    ),
    (
        "calls::consents_of_prompt",
        |tx, _, _| calls::consents_of_prompt(tx, MessageId::generate(tx.ids)).map(drop),
        &["consents_prompt_message_id_key|sqlite_autoindex_consents"],
    ),
    (
        "calls::consents_of_contact",
        |tx, _, of| calls::consents_of_contact(tx, of).map(drop),
        &["consents_contact"],
    ),
    (
        "calls::history_of",
        |tx, _, _| calls::history_of(tx, ConsentId::generate(tx.ids)).map(drop),
        &["consent_history_pkey|PRIMARY KEY"],
    ),
    (
        "calls::permission",
        |tx, _, of| calls::permission(tx, of, &number()).map(drop),
        &["call_permissions_pkey|sqlite_autoindex_call_permissions"],
    ),
    (
        "calls::cards_sent",
        |tx, _, of| calls::cards_sent(tx, of, &number(), tx.now).map(drop),
        &["outbox_cards"],
    ),
    ("calls::sent_to", |tx, id, of| calls::sent_to(tx, id, of, 10).map(drop), &["outbox_request"]),
    ("calls::client_wrote_at", |tx, id, _| calls::client_wrote_at(tx, id).map(drop), &["messages_request"]),
    (
        "vendors::listed by rating",
        |tx, _, _| vendors::listed(tx, "tyres", Nearest::Rating, 10).map(drop),
        &["vendor_categories_rated"],
    ),
    (
        "vendors::listed by place",
        |tx, _, _| {
            let near = Nearest::Place { latitude: -1.3, longitude: 36.8, between: (-1.5, -1.1) };
            vendors::listed(tx, "tyres", near, 10).map(drop)
        },
        &["vendor_categories_near"],
    ),
    (
        "sourcing::records",
        |tx, _, _| sourcing::records(tx, &[vendor_id(1), vendor_id(2)], tx.now).map(drop),
        &["outreaches_vendor"],
    ),
    (
        "sourcing::asked_since",
        |tx, _, of| sourcing::asked_since(tx, of, tx.now).map(drop),
        &["outreaches_contact"],
    ),
    ("outbox::owed_to", |tx, _, of| outbox::owed_to(tx, of, &number()).map(drop), &["outbox_owed"]),
    ("messages::latest", |tx, id, _| messages::latest(tx, id, 40).map(drop), &["messages_request"]),
];

#[test]
fn growing_tables_are_read_by_their_indexes() {
    on_both(async |test| {
        let (id, client) = write(test, |tx| request(tx, "+254712345678")).await;
        write(test, move |tx| super::outbox::queue(tx, id, client).map(drop)).await;
        for (name, verb, wanted) in VERBS {
            write(test, move |tx| {
                let queries = queries_of(tx, |tx| verb(tx, id, client))?;
                assert_eq!(queries.len(), wanted.len(), "{name}: {queries:#?}");
                for (query, index) in queries.iter().zip(wanted) {
                    let plan =
                        explain(tx, query).unwrap_or_else(|error| panic!("{name}: {query}: {error:?}"));
                    let by_index = index.split('|').any(|index| plan.contains(index));
                    let scans = plan.contains("Seq Scan") || plan.lines().any(is_full_scan);
                    assert!(by_index && !scans, "{name}: {query}\n{plan}");
                }
                Ok(())
            })
            .await;
        }
    });
}

/// SQLite says SCAN for a whole table too when it walks an index: a partial one is as short as its queue.
fn is_full_scan(line: &str) -> bool {
    line.starts_with("SCAN")
        && line != "SCAN CONSTANT ROW"
        // The bounded rows of `observation::tally` and `sourcing::records`, which are judged by their own line.
        && line != "SCAN counted"
        && line != "SCAN newest"
        && !line.contains("USING INDEX")
        && !line.contains("USING COVERING INDEX")
}

/// The SELECTs that `work` runs, with their values in place.
fn queries_of(
    tx: &mut Tx<'_>,
    work: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>,
) -> Result<Vec<String>, StoreError> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    on_conn!(&mut *tx.conn, |c| c.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            log.lock().unwrap().push(query.to_string());
        }
    }));
    let done = work(tx);
    on_conn!(&mut *tx.conn, |c| c.set_instrumentation(|_: InstrumentationEvent<'_>| {}));
    done?;
    let seen = seen.lock().unwrap();
    // Keys are looked up by their primary key, time by no table at all.
    let counts = |query: &&String| {
        query.starts_with("SELECT") && query.contains(" FROM ") && !query.contains("data_keys")
    };
    Ok(seen
        .iter()
        .filter(counts)
        .map(|query| filled_in(query))
        .filter(|query| !query.contains("clock_timestamp"))
        .collect())
}

fn explain(tx: &mut Tx<'_>, query: &str) -> Result<String, StoreError> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text, column_name = "detail")]
        sqlite: String,
    }
    #[derive(QueryableByName)]
    struct PgLine {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        pg: String,
    }
    let lines: Vec<String> = match &mut *tx.conn {
        crate::Conn::Sqlite(c) => sql_query(format!("EXPLAIN QUERY PLAN {query}"))
            .load::<Line>(c)?
            .into_iter()
            .map(|line| line.sqlite)
            .collect(),
        crate::Conn::Pg(c) => {
            // An empty table is read whole in any case: the question is whether the index fits the query.
            c.batch_execute("SET LOCAL enable_seqscan = off")?;
            sql_query(format!("EXPLAIN {query}")).load::<PgLine>(c)?.into_iter().map(|line| line.pg).collect()
        }
    };
    Ok(lines.join("\n"))
}

/// Diesel shows `… WHERE a = $1 -- binds: ["x"]`: the values go where their marks are.
fn filled_in(shown: &str) -> String {
    let (sql, binds) = shown.split_once(" -- binds: ").unwrap();
    let values = split_values(binds.trim().strip_prefix('[').unwrap().strip_suffix(']').unwrap());
    let mut out = String::new();
    let (mut next, mut chars) = (values.iter(), sql.chars().peekable());
    while let Some(c) = chars.next() {
        let numbered = c == '$' && chars.peek().is_some_and(char::is_ascii_digit);
        if c == '?' || numbered {
            while numbered && chars.peek().is_some_and(char::is_ascii_digit) {
                chars.next();
            }
            let _ = write!(out, "{}", literal(next.next().unwrap(), numbered));
        } else {
            out.push(c);
        }
    }
    out
}

/// A value as SQL. Hashes become any bytes: no plan depends on which.
fn literal(value: &str, postgres: bool) -> String {
    let value = value.strip_prefix("Some(").and_then(|value| value.strip_suffix(')')).unwrap_or(value);
    match value.strip_prefix('[') {
        None => value.replace('"', "'"),
        Some(list) if list.starts_with('"') => format!("ARRAY{}", value.replace('"', "'")),
        Some(_) if !postgres => "x'00'".to_owned(),
        Some(list) if list.starts_with(|c: char| c.is_ascii_digit()) => "'\\x00'::bytea".to_owned(),
        Some(_) => "ARRAY['\\x00'::bytea]".to_owned(),
    }
}

/// Splits at the commas outside brackets and quotes.
fn split_values(list: &str) -> Vec<String> {
    let (mut values, mut value, mut depth, mut quoted) = (Vec::new(), String::new(), 0, false);
    for c in list.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                values.push(value.trim().to_owned());
                value.clear();
                continue;
            }
            _ => {}
        }
        value.push(c);
    }
    if !value.trim().is_empty() {
        values.push(value.trim().to_owned());
    }
    values
}
