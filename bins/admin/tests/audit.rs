//! The audit as an operator verifies and exports it, and as a stranger reads the file with Python alone.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use std::{fs, io::Write as _, process::Command, sync::Arc};

use common::{Place, Said};
use marketplace::{Language, PhoneNumberId, RandomIds, RequestId, SystemClock};
use serde_json::{Value, json};
use store::{OpenOptions, contacts, contacts::Identity, requests};
use tools::{AuditEntry, Caller, ToolError, record, record_system};

/// A request with three records, one of the system; returns the request and destroys nothing.
fn fill(place: &Place) -> RequestId {
    change(place, |tx| {
        let number: PhoneNumberId = "1001".parse().unwrap();
        let phone = Identity::Phone("+254700000101".parse().unwrap());
        let client = contacts::find_or_create(tx, &[phone], Some("Amina Wanjiru"), Language::En)?.id;
        let guard = requests::create(tx, client, &number, Language::En)?;
        for said in ["I need brake pads", "front axle, Ngong Road", "yes"] {
            let entry =
                AuditEntry::new(Caller::orchestrator().actor, "state.changed", json!({ "said": said }));
            record(tx, &guard, entry)?;
        }
        record_system(tx, AuditEntry::new(Caller::system("router").actor, "flag.changed", json!({})))?;
        Ok(guard.request().id)
    })
}

fn change<T: Send + 'static>(
    place: &Place,
    work: impl FnMut(&mut store::Tx<'_>) -> Result<T, ToolError> + Send + 'static,
) -> T {
    let ids = Arc::new(RandomIds::new(Arc::new(SystemClock)));
    let options = OpenOptions::new(place.url(), place.key(), ids);
    let db = startup::open(&options, Arc::new(SystemClock)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let value = runtime.block_on(db.write(work)).unwrap();
    db.store.close_blocking();
    value
}

/// What `verify_export.py` says; `None`, loudly, where there is no Python. With `CI=true` that is a failure.
fn python(arguments: &[&str]) -> Option<Said> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit/verify_export.py");
    match Command::new("python3").arg(script).args(arguments).output() {
        Ok(output) => Some(output.into()),
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "no python3: {error}");
            let _ = writeln!(std::io::stderr(), "SKIPPED with Python: {error}");
            None
        }
    }
}

/// Both verifiers on a file: their exit codes, which must be the same, as must be what they count.
fn both(place: &Place, file: &str, anchor: Option<&str>) -> i32 {
    let anchor: Vec<&str> = anchor.into_iter().flat_map(|anchor| ["--anchor", anchor]).collect();
    let ours = place.admin(&[&["audit", "verify", "--file", file, "--json"], anchor.as_slice()].concat());
    if let Some(theirs) = python(&[&[file, "--json"], anchor.as_slice()].concat()) {
        assert_eq!(ours.code, theirs.code, "{ours:?} {theirs:?}");
        if ours.code < 2 {
            let [mut ours, mut theirs] =
                [&ours, &theirs].map(|said| serde_json::from_str::<Value>(&said.out).unwrap());
            // Each says it in its own words.
            for said in [&mut ours, &mut theirs] {
                let fault = said["fault"].take();
                said["fault"] = json!(fault.is_string());
            }
            assert_eq!(ours, theirs);
        }
    }
    ours.code
}

fn anchor_of(said: &str) -> String {
    said.lines().find_map(|line| line.strip_prefix("anchor: ")).unwrap().to_owned()
}

#[test]
fn an_export_is_verified_by_a_stranger() {
    Place::each(|place| {
        let request = fill(place);
        let file = place.path("audit.jsonl").display().to_string();
        let said = place.admin(&["audit", "export", "--out", &file]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
        assert!(said.out.starts_with("exported 4 records of 2 chains to "), "{said:?}");
        let anchor = anchor_of(&said.out);
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("brake") && !text.contains("254700000101"), "{text}");

        assert_eq!(both(place, &file, Some(&anchor)), 0);
        assert_eq!(both(place, &file, None), 0);
        assert_eq!(both(place, &file, Some(&"0".repeat(64))), 1);
        assert_eq!(both(place, &place.file("cut.jsonl", text.trim_end()), Some(&anchor)), 1);
        assert_eq!(
            both(place, &place.file("edited.jsonl", text.replacen("\"ok\"", "\"failed\"", 1)), None),
            1
        );
        assert_eq!(both(place, "/nowhere/audit.jsonl", None), 2);
        assert_eq!(both(place, &file, Some("5F0C")), 2);

        // The same anchor serves the database.
        let verified = place.json(&["audit", "verify", "--anchor", &anchor]);
        assert_eq!((&verified["holds"], &verified["anchored"]), (&json!(true), &json!(1)), "{verified}");
        // The export itself is on record.
        assert_eq!(verified["records"], 5);

        // One request, with what was said.
        let one = place.path("one.jsonl").display().to_string();
        let id = request.to_string();
        let export = ["audit", "export", "--request", &id, "--payloads", "--out", &one];
        let summary = place.json(&export);
        assert_eq!((&summary["records"], &summary["payloads_open"]), (&json!(3), &json!(3)), "{summary}");
        assert_eq!(both(place, &one, summary["anchor"].as_str()), 0);
        assert!(fs::read_to_string(&one).unwrap().contains("Ngong Road"));
        let again = place.admin(&export);
        assert_eq!((again.code, again.out.as_str()), (1, ""), "{again:?}");
        assert!(again.err.contains("an export overwrites nothing"), "{again:?}");
        let kept = place.admin(&["audit", "verify", "--file", &one, "--includes", &anchor]);
        assert_eq!(kept.code, 0, "{kept:?}");
        let kept = python(&[&one, "--includes", &anchor]);
        assert!(kept.is_none_or(|said| said.code == 0));
    });
}

#[test]
fn an_export_to_standard_output_is_the_file_alone() {
    Place::each(|place| {
        fill(place);
        let said = place.admin(&["audit", "export", "--payloads"]);
        assert_eq!(said.code, 0, "{said:?}");
        let anchor = anchor_of(&said.err);
        let check = ["audit", "verify", "--file", "-", "--anchor", &anchor];
        let read = place.admin_reading(&check, &said.out);
        assert_eq!(read.code, 0, "{read:?}");
        assert!(
            read.out.starts_with("the file holds\n") && read.out.contains("4 open, 0 erased"),
            "{read:?}"
        );
        let none = place.admin(&["audit", "export", "--request", "req_0190a1b2c3d4e5f60718293a4b5c6d7e"]);
        assert_eq!((none.code, none.out.as_str()), (1, ""), "{none:?}");
    });
}

#[test]
fn a_checkpoint_is_kept_elsewhere_and_known_here() {
    Place::each(|place| {
        let kept = place.path("checkpoints.jsonl").display().to_string();
        let early = place.admin(&["audit", "checkpoint", "--out", &kept]);
        assert_eq!(early.out, "nothing has been recorded yet: there is nothing to checkpoint\n", "{early:?}");
        fill(place);
        let first = place.admin(&["audit", "checkpoint", "--out", &kept]);
        assert!(first.code == 0 && first.out.starts_with("checkpoint 1 over 2 chains\n"), "{first:?}");
        let none = place.admin(&["audit", "checkpoint", "--out", &kept]);
        assert!(
            none.code == 0 && none.out.starts_with("nothing has changed since checkpoint 1\n"),
            "{none:?}"
        );
        assert_eq!(anchor_of(&none.out), anchor_of(&first.out));
        change(place, |tx| {
            let entry = AuditEntry::new(Caller::system("router").actor, "flag.changed", json!({}));
            record_system(tx, entry)
        });
        let second = place.admin(&["audit", "checkpoint"]);
        assert!(second.code == 0 && second.err.starts_with("checkpoint 2 over 1 chains\n"), "{second:?}");
        let line: Value = serde_json::from_str(&second.out).unwrap();
        assert_eq!(line["checkpoint"]["hash"], anchor_of(&second.err));
        assert_eq!(fs::read_to_string(&kept).unwrap().lines().count(), 1);
        for (said, number) in [(&first.out, 1), (&second.err, 2)] {
            let verified = place.json(&["audit", "verify", "--anchor", &anchor_of(said)]);
            assert_eq!(verified["anchored"], number, "{verified}");
        }
        let unknown = place.admin(&["audit", "verify", "--anchor", &"0".repeat(64)]);
        assert!(unknown.code == 1 && unknown.out.contains("anchor:      NOT FOUND"), "{unknown:?}");
    });
}

#[test]
fn after_an_erasure_the_audit_holds_and_says_how_much_is_erased() {
    Place::each(|place| {
        let request = fill(place);
        change(place, move |tx| {
            let key = requests::load(tx, request)?.data_key;
            tx.vault.destroy_data_key(tx.conn, key)?;
            Ok(())
        });
        let said = place.admin(&["audit", "verify"]);
        assert_eq!(said.code, 0, "{said:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.out, @r"
            the audit holds
            records:     4 in 2 chains
            payloads:    1 open, 3 erased
            checkpoints: none yet
            anchor:      none given; who can rewrite the whole database can make one that holds as well
            ");
        }
        let file = place.path("audit.jsonl").display().to_string();
        let summary = place.json(&["audit", "export", "--payloads", "--out", &file]);
        assert_eq!((&summary["payloads_open"], &summary["payloads_erased"]), (&json!(1), &json!(3)));
        assert_eq!(both(place, &file, summary["anchor"].as_str()), 0);
        assert!(!fs::read_to_string(&file).unwrap().contains("brake"));
    });
}
