//! The switches and the breaker as an operator uses them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use std::sync::Arc;

use audit::ChainId;
use common::{HEADER, Place};
use marketplace::{RandomIds, SystemClock};
use serde_json::{Value, json};
use store::{
    Db, OpenOptions, StoreError, Tx,
    outbox::breaker::{self, Admission, VolumeLimits},
    vendors,
};

/// Runs verbs on the place's database, as a worker would.
fn with<T: Send + 'static>(
    place: &Place,
    work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    let ids = Arc::new(RandomIds::new(Arc::new(SystemClock)));
    let db: Db =
        startup::open(&OpenOptions::new(place.url(), place.key(), ids), Arc::new(SystemClock)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let value = runtime.block_on(db.write(work)).unwrap();
    db.store.close_blocking();
    value
}

/// The `system` chain as `actor action reasons`.
fn audit_lines(place: &Place) -> Vec<String> {
    let records = with(place, |tx| store::audit_log::chain_records(tx.conn, ChainId::System));
    let line = |record: audit::AuditRecord| {
        format!("{} {} {}", record.actor, record.action, record.reasons.join(","))
    };
    records.into_iter().map(line).filter(|line| !line.contains("vendors.imported")).collect()
}

#[test]
fn a_flag_is_switched_off_and_on_and_both_are_recorded() {
    Place::each(|place| {
        let untouched = place.admin(&["flags", "list"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(untouched.out, @r"
             FLAG          IN THE DATABASE  SINCE
             ai_concierge  on               –
             ocr           on               –
             calling       on               –
             outbound      on               –

            The environment of each process is the ceiling: what is on here is on where AI_CONCIERGE_ENABLED, OCR_ENABLED or
            CALLING_ENABLED says so too. Nothing in the environment limits outbound, the kill switch.
            ");
        }
        let said = place.admin(&["flags", "off", "outbound"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r"
            outbound is switched off, on every process
            nothing is lost: what is on the wire already arrives, the rest is held until `flags on outbound`
            ");
        }
        assert_eq!(said.code, 0);
        let listed = place.json(&["flags", "list"]);
        let on: Vec<(&Value, &Value)> =
            listed["flags"].as_array().unwrap().iter().map(|flag| (&flag["name"], &flag["on"])).collect();
        assert_eq!(
            on,
            [
                (&json!("ai_concierge"), &json!(true)),
                (&json!("ocr"), &json!(true)),
                (&json!("calling"), &json!(true)),
                (&json!("outbound"), &json!(false)),
            ]
        );
        assert!(listed["flags"][3]["since"].is_string() && listed["flags"][0]["since"].is_null());
        assert!(!with(place, |tx| store::flags::load(tx.conn)).outbound);

        let again = place.admin(&["flags", "off", "outbound"]);
        assert_eq!(
            (again.code, again.out.as_str()),
            (0, "outbound is off in the database already; nothing changed\n")
        );
        let said = place.admin(&["flags", "on", "outbound"]);
        assert!(said.out.starts_with("outbound may be on again, on every process\n"), "{said:?}");
        assert!(with(place, |tx| store::flags::load(tx.conn)).outbound);
        place.admin(&["flags", "off", "calling"]);
        assert!(!with(place, |tx| store::flags::load(tx.conn)).calling);
        assert_eq!(
            audit_lines(place),
            [
                "human:operator flag.switched_off outbound",
                "human:operator flag.switched_on outbound",
                "human:operator flag.switched_off calling",
            ],
            "what changed nothing is not recorded"
        );
    });
}

#[test]
fn a_flag_that_there_is_not_is_wrong_use() {
    let said = Place::new().admin(&["flags", "off", "everything"]);
    assert_eq!(said.code, 2);
    for name in ["ai_concierge", "ocr", "calling", "outbound"] {
        assert!(said.err.contains(name), "{said:?}");
    }
}

const LIMITS: VolumeLimits = VolumeLimits { per_hour: 4, per_vendor_per_day: 2 };

/// Sends to this vendor until its breaker opens.
fn open_vendors_breaker(place: &Place, vendor: &'static str) {
    let said = with(place, move |tx| {
        let contact = vendors::load(tx, &vendor.parse().unwrap())?.contact;
        let mut last = Admission::Held;
        for _ in 0..=LIMITS.per_vendor_per_day {
            last = breaker::admit(tx, Some(contact), LIMITS)?;
        }
        Ok(last)
    });
    assert!(matches!(said, Admission::Opened(_)), "{said:?}");
}

fn directory(place: &Place) {
    let rows = "v-1,Duka,+254700000201,tools,,,Africa/Nairobi,en,true,\nv-2,Soko,+254700000202,tools,,,Africa/Nairobi,en,true,";
    let file = place.file("vendors.csv", format!("{HEADER}\n{rows}\n"));
    let said = place.admin(&["vendors", "import", &file]);
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn a_person_resumes_what_the_breaker_holds() {
    Place::each(|place| {
        directory(place);
        let none = place.json(&["outbox", "breaker"]);
        assert_eq!(none["breakers"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&none["breakers"][0]["scope"], &none["breakers"][0]["open"]),
            (&json!("product"), &json!(false))
        );
        let said = place.admin(&["outbox", "resume"]);
        assert_eq!((said.code, said.out.as_str()), (0, "no breaker was open; nothing changed\n"));

        open_vendors_breaker(place, "v-1");
        open_vendors_breaker(place, "v-2");
        let opened = with(place, |tx| breaker::admit(tx, None, LIMITS));
        assert!(matches!(opened, Admission::Opened(_)), "{opened:?}");
        let shown = place.json(&["outbox", "breaker"]);
        let mut lines: Vec<_> = shown["breakers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                let vendor = line["vendor_id"].as_str().unwrap_or("-").to_owned();
                (vendor, line["open"].clone(), line["sent_then"].clone(), line["limit_then"].clone())
            })
            .collect();
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(
            lines,
            [
                ("-".to_owned(), json!(true), json!(4), json!(4)),
                ("v-1".to_owned(), json!(true), json!(2), json!(2)),
                ("v-2".to_owned(), json!(true), json!(2), json!(2)),
            ]
        );
        let table = place.admin(&["outbox", "breaker"]).out;
        assert!(table.contains("product") && table.contains("  open  "), "{table}");

        let said = place.admin(&["outbox", "resume", "--vendor", "v-1"]);
        assert!(said.code == 0 && said.out.starts_with("vendor v-1: closed, it was open since "), "{said:?}");
        let shown = place.json(&["outbox", "breaker", "--vendor", "v-1"]);
        let v1 =
            shown["breakers"].as_array().unwrap().iter().find(|line| line["vendor_id"] == "v-1").unwrap();
        assert_eq!((&v1["open"], &v1["sent_now"]), (&json!(false), &json!(0)));
        assert_eq!(with(place, breaker::open_breakers).len(), 2, "the others stay open");

        let said = place.admin(&["outbox", "resume"]);
        assert_eq!(said.code, 0);
        assert!(
            said.out.contains("everything: closed") && said.out.contains("vendor v-2: closed"),
            "{said:?}"
        );
        assert_eq!(with(place, breaker::open_breakers), []);
        assert_eq!(
            audit_lines(place),
            [
                "human:operator breaker.closed outbound_per_vendor_per_day",
                "human:operator breaker.closed outbound_per_vendor_per_day",
                "human:operator breaker.closed outbound_per_hour",
            ]
        );
        let said = place.admin(&["outbox", "resume", "--vendor", "nobody"]);
        assert!(said.code == 1 && said.err.contains("there is no vendor nobody"), "{said:?}");
    });
}
