//! Tokens as an operator makes them, lists them and takes them back.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use std::sync::Arc;

use audit::ChainId;
use common::Place;
use marketplace::{RandomIds, SystemClock};
use store::{OpenOptions, StoreError, audit_log};

const CREATE: [&str; 6] = ["tokens", "create", "--name", "crm", "--actor", "service"];

#[test]
fn a_token_is_shown_once_and_rotated() {
    Place::each(|place| {
        let first = place.admin(&[&CREATE[..], &["--scope", "send,read"]].concat());
        assert_eq!(first.code, 0, "{first:?}");
        let text = first.out.trim_end();
        assert!(
            text.starts_with("cct_") && text.len() == 80,
            "standard output is the token alone: {first:?}"
        );
        assert!(first.err.contains("service:crm") && first.err.contains("read,send"), "{first:?}");
        assert!(!first.err.contains(text));

        let second = place.json(&[&CREATE[..], &["--scope", "read", "--expires-in-days", "90"]].concat());
        assert!(second["token_text"].as_str().unwrap().starts_with("cct_"));
        assert!(second["expires_at"].is_string());

        let third = place.admin(&[&CREATE[..], &["--scope", "read"]].concat());
        assert_eq!((third.code, third.out.as_str()), (1, ""));
        assert!(third.err.contains("revoke one of them first"), "{third:?}");

        let listed = place.json(&["tokens", "list"]);
        let states: Vec<_> = listed["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["state"].as_str().unwrap())
            .collect();
        assert_eq!(states, ["live", "live"]);
        let secret = &text[37..];
        assert!(!listed.to_string().contains(secret));
        assert!(!place.admin(&["tokens", "list"]).out.contains(secret));

        let id = format!("tok_{}", &text[4..36]);
        let revoked = place.admin(&["tokens", "revoke", &id]);
        assert_eq!((revoked.code, revoked.out.as_str()), (0, format!("{id} is revoked\n").as_str()));
        let again = place.admin(&["tokens", "revoke", &id]);
        assert_eq!(again.code, 1);
        assert!(again.err.contains("revoked already"), "{again:?}");
        assert_eq!(place.admin(&[&CREATE[..], &["--scope", "read"]].concat()).code, 0);
        let all = place.admin(&["tokens", "revoke", "--name", "crm"]);
        assert_eq!((all.code, all.out.lines().count()), (0, 2), "{all:?}");
        assert_eq!(place.admin(&["tokens", "revoke", "--name", "nobody"]).code, 1);
    });
}

#[test]
fn what_is_not_made_says_what_to_do() {
    Place::each(|place| {
        let create = |name: &str, actor: &str, scope: &str| {
            place.admin(&["tokens", "create", "--name", name, "--actor", actor, "--scope", scope])
        };
        assert_eq!(create("crm", "service", "read").code, 0);
        for (name, actor, scope, said) in [
            ("Asha", "human", "read", "--name: expected 1 to 64 of"),
            ("254700000101", "service", "read", "--name: expected 1 to 64 of"),
            ("operator", "human", "read", "choose another"),
            ("bot", "service", "read,operate", "it goes with --actor human"),
            ("crm", "human", "read", "has been a service before"),
        ] {
            let refused = create(name, actor, scope);
            assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{name}");
            assert!(refused.err.contains(said), "{refused:?}");
        }
        for (actor, scope) in [("robot", "read"), ("service", "everything"), ("service", "")] {
            assert_eq!(create("x", actor, scope).code, 2, "{actor} {scope}");
        }
    });
}

#[test]
fn making_and_taking_back_is_audited() {
    Place::each(|place| {
        place.admin(&["tokens", "create", "--name", "ops-2", "--actor", "human", "--scope", "operate"]);
        place.admin(&["tokens", "revoke", "--name", "ops-2"]);
        let ids = Arc::new(RandomIds::new(Arc::new(SystemClock)));
        let store = store::Store::open(&OpenOptions::new(place.url(), place.key(), ids)).unwrap();
        let records = store
            .read_blocking(|conn| -> Result<_, StoreError> {
                audit_log::verify(conn, ChainId::System, None)?.unwrap();
                audit_log::chain_records(conn, ChainId::System)
            })
            .unwrap();
        let lines: Vec<_> = records
            .iter()
            .map(|record| format!("{} {} {}", record.actor, record.action, record.reasons.join(",")))
            .collect();
        assert_eq!(
            lines,
            [
                "human:operator token.created human:ops-2,scope:operate",
                "human:operator token.revoked human:ops-2,scope:operate",
            ]
        );
        assert!(records.iter().all(|record| record.caused_by.as_ref().unwrap().starts_with("tok_")));
        store.close_blocking();
    });
}
