//! `concierge-admin contacts` as an operator uses it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use common::{HEADER, Place};

fn directory(id: &str, phone: &str) -> String {
    format!("{HEADER}\n{id},Jua Kali,{phone},auto_parts,-1.28,36.81,Africa/Nairobi,en;sw,yes,4.8\n")
}

#[test]
fn a_person_is_found_shown_and_erased_for_good() {
    Place::each(|place| {
        let file = place.file("vendors.csv", directory("v1", "+254722000001"));
        assert_eq!(place.admin(&["vendors", "import", &file]).code, 0);
        let found = place.json(&["contacts", "find", "--phone", "+254 (722) 000-001"]);
        assert_eq!((&found["status"], &found["name"]), (&"active".into(), &"Jua Kali".into()));
        assert_eq!((&found["vendor_id"], &found["phone"]), (&"v1".into(), &"+254722000001".into()));
        let contact = found["contact_id"].as_str().unwrap();

        let refused = place.admin(&["contacts", "erase", contact]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains("--yes") && refused.err.contains("--dry-run"), "{refused:?}");
        let dry = place.admin(&["contacts", "erase", "--vendor", "v1", "--dry-run"]);
        assert_eq!(dry.code, 0, "{dry:?}");
        assert!(dry.out.contains("would be erased (dry run: nothing was changed)"), "{dry:?}");
        assert_eq!(place.json(&["contacts", "show", contact])["status"], "active");

        let done = place.json(&["contacts", "erase", "--vendor", "v1", "--yes"]);
        assert_eq!((&done["contact_id"], &done["files_scrubbed"]), (&contact.into(), &true.into()), "{done}");
        assert_eq!(
            (&done["report"]["keys_destroyed"], &done["dry_run"]),
            (&1.into(), &false.into()),
            "{done}"
        );
        let shown = place.json(&["contacts", "show", contact]);
        assert_eq!(shown["status"], "erased");
        assert!(
            shown["name"].is_null() && shown["phone"].is_null() && !shown["erased_at"].is_null(),
            "{shown}"
        );
        let again = place.admin(&["contacts", "erase", contact, "--yes"]);
        assert_eq!(again.code, 0, "{again:?}");
        assert!(again.out.contains("was erased before; nothing was left to do"), "{again:?}");
        let gone = place.admin(&["contacts", "find", "--phone", "+254722000001"]);
        assert_eq!(gone.code, 1);
        assert!(gone.err.contains("is not contacted again"), "{gone:?}");

        let file = place.file("again.csv", directory("another", "+254 722 00 00 01"));
        let imported = place.admin(&["vendors", "import", &file]);
        assert!(imported.out.contains("suppressed   1"), "{imported:?}");
        let listed = place.json(&["vendors", "list"]).to_string();
        assert!(!listed.contains("Jua Kali") && !listed.contains("36.81"), "{listed}");
    });
}

#[test]
fn nobody_is_not_erased() {
    let place = Place::new();
    let nobody = "con_00000000000000000000000000000001";
    for arguments in [
        ["contacts", "show", nobody].as_slice(),
        &["contacts", "find", "--phone", "+254722000001"],
        &["contacts", "find", "--vendor", "v9"],
        &["contacts", "erase", nobody, "--yes"],
        &["contacts", "erase", "--phone", "+254722000001", "--dry-run"],
    ] {
        let said = place.admin(arguments);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{arguments:?}: {said:?}");
    }
    for arguments in [
        ["contacts", "erase"].as_slice(),
        &["contacts", "find"],
        &["contacts", "find", "--phone", "0722000001"],
        &["contacts", "erase", nobody, "--vendor", "v1"],
    ] {
        assert_eq!(place.admin(arguments).code, 2, "{arguments:?}");
    }
}
