//! How long a search takes in a large directory: 100,000 vendors in 50 categories, and 50 inquiries to every vendor of the
//! category that is searched. On both databases, where there is a PostgreSQL.
//!
//! `cargo run --release -p tools --example vendor_search`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that stops where something is wrong"
)]

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use moltbot_contract::VendorFilters;
use store::testing::TestStore;
use tools::search::{Search, weigh};
use vendor_search::Place;

/// Searches of each kind.
const TIMES: usize = 50;

/// Rows that no verb makes so quickly. Nothing of them is opened: a search weighs what is not sealed.
const ROWS: [&str; 7] = [
    "INSERT INTO contacts (id, data_key_id, language, created_at, updated_at)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
     SELECT 'con_' || substr('00000000000000000000000000000000' || i, -32), 'key', 'en', 0, 0 FROM n",
    "INSERT INTO vendors (id, contact_id, latitude, longitude, timezone, languages, accepts_inquiries, rating, active,
         created_at, updated_at, hours)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
     SELECT 'v' || i, 'con_' || substr('00000000000000000000000000000000' || i, -32), -1.3 + (i % 997) * 0.001,
         36.8 + (i % 883) * 0.001, 'Africa/Nairobi', 'en', true, (i % 50) / 10.0, true, 0, 0,
         CASE WHEN i % 3 = 0 THEN 'mo-su 08:00-18:00' END FROM n",
    "INSERT INTO vendor_categories (category, vendor_id, rating, latitude, longitude)
     SELECT 'c' || (CAST(substr(id, 2) AS INTEGER) % 50), id, rating, latitude, longitude FROM vendors",
    "INSERT INTO requests (id, client_contact_id, phone_number_id, data_key_id, state, version, control, control_epoch,
         urgency, language, prescription, last_at, created_at, updated_at)
     WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
     SELECT 'r' || i, 'con_00000000000000000000000000000001', '1', 'key', 'closed', 1, 'bot', 0, 'normal', 'en', false,
         0, 0, 0 FROM n",
    "INSERT INTO batches (id, request_id, ordinal, size, offers_wanted, plan, status, opened_at, deadline_at)
     SELECT 'b' || id, id, 1, 5, 1, '', 'settled', 0, 0 FROM requests",
    "INSERT INTO outreaches (id, request_id, batch_id, vendor_id, contact_id, ordinal, slot, status, contacted_at)
     WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
     SELECT 'o' || i, 'r' || (i / 5), 'br' || (i / 5), 'v' || ((i % 2000) * 50 + 50),
         'con_' || substr('00000000000000000000000000000000' || ((i % 2000) * 50 + 50), -32), i % 5 + 1, i % 5 + 1,
         CASE WHEN i % 7 < 4 THEN 'replied' ELSE 'silent' END, 1789990000000 FROM n",
    "ANALYZE",
];

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    measure(&runtime, "SQLite", &TestStore::sqlite());
    match TestStore::postgres() {
        Some(store) => measure(&runtime, "PostgreSQL", &store),
        None => println!("PostgreSQL: there is none"),
    }
}

fn measure(runtime: &tokio::runtime::Runtime, name: &str, test: &TestStore) {
    runtime.block_on(async {
        let begun = Instant::now();
        for statement in ROWS {
            let postgres = test.backend() == store::Backend::Postgres;
            let sql: &'static str =
                if postgres { Box::leak(of_postgres(statement).into_boxed_str()) } else { statement };
            test.execute(sql).await;
        }
        println!("{name}: 100,000 vendors, 100,000 inquiries in {:.1} s", begun.elapsed().as_secs_f64());
        let near = Place::new(-0.9, 37.2);
        for (what, near, limit) in
            [("by rating", None, None), ("near", near, None), ("within 10 km", near, Some(10.0))]
        {
            let mut took: Vec<Duration> = Vec::with_capacity(TIMES);
            let mut found = 0;
            for _ in 0..TIMES {
                let begun = Instant::now();
                let weighed = test.db.read(move |tx| {
                    let filters =
                        VendorFilters { max_distance_km: limit, languages: Vec::new(), min_rating: None };
                    let search = Search {
                        category: "c0",
                        filters: &filters,
                        near,
                        client: None,
                        contacted: &BTreeSet::new(),
                        inquiries_per_day_max: 10,
                        now: tx.now,
                    };
                    weigh(tx, &search)
                });
                found = weighed.await.unwrap().len();
                took.push(begun.elapsed());
            }
            took.sort_unstable();
            let at =
                |share: usize| took.get(TIMES * share / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
            println!("  {what:<13} {found} weighed: median {:.1} ms, p95 {:.1} ms", at(50), at(95));
        }
    });
}

/// PostgreSQL's `substr` does not count from the end.
fn of_postgres(statement: &str) -> String {
    let padded = "substr('00000000000000000000000000000000' || ";
    statement.replace(padded, "right('00000000000000000000000000000000' || ").replace(", -32)", ", 32)")
}
