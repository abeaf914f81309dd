use super::*;
use crate::{Checkpoint, CheckpointFault, CheckpointHead, Draft, Outcome, Salt, commit, verify_checkpoints};
use marketplace::{Actor, IdSource as _, SeededIds, Timestamp, TurnId};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

fn chain_id(seed: u64) -> ChainId {
    ChainId::Request(RequestId::generate(&SeededIds::new(seed)))
}

fn draft(chain: ChainId, number: i64, ids: &SeededIds) -> Draft {
    let commitment = commit(&Salt::generate(ids), &json!({ "number": number }));
    let at = Timestamp::from_millis(1_790_000_000_000 + number);
    let draft =
        Draft::new(chain, at, Actor::orchestrator(), "state.changed", Outcome::Ok, commitment).unwrap();
    draft.with_reasons(["client_wrote"]).unwrap().caused_by(TurnId::generate(ids)).unwrap()
}

fn chain(chain: ChainId, length: usize) -> Vec<AuditRecord> {
    let ids = SeededIds::new(7);
    let mut head = Head::genesis(&chain);
    (0..length)
        .map(|number| {
            let record = draft(chain, i64::try_from(number).unwrap(), &ids).link(&head);
            head = record.head();
            record
        })
        .collect()
}

/// What someone with the whole database could do: write a chain anew from a record on.
fn rewritten(records: &[AuditRecord], from: usize, reason: &str) -> Vec<AuditRecord> {
    let mut records = records.to_vec();
    records[from].reasons = vec![reason.to_owned()];
    for at in from..records.len() {
        let prev = if at == 0 { Head::genesis(&records[0].chain) } else { records[at - 1].head() };
        records[at].prev_hash = prev.hash;
        records[at].hash = records[at].computed_hash();
    }
    records
}

/// Every field of a record, changed one at a time.
fn edits(record: &AuditRecord) -> Vec<(&'static str, AuditRecord)> {
    let edit = |change: &dyn Fn(&mut AuditRecord)| {
        let mut edited = record.clone();
        change(&mut edited);
        edited
    };
    let other = Digest::from_bytes([9; 32]);
    vec![
        ("chain", edit(&|r| r.chain = chain_id(99))),
        ("seq", edit(&|r| r.seq += 1)),
        ("seq down", edit(&|r| r.seq -= 1)),
        ("at", edit(&|r| r.at = Timestamp::from_millis(r.at.as_millis() + 1))),
        ("actor kind", edit(&|r| r.actor.kind = marketplace::ActorKind::Human)),
        ("actor name", edit(&|r| r.actor.name.push('x'))),
        ("action", edit(&|r| r.action.push('x'))),
        ("outcome", edit(&|r| r.outcome = Outcome::Refused)),
        ("reason", edit(&|r| r.reasons[0].push('x'))),
        ("reason added", edit(&|r| r.reasons.push("x".to_owned()))),
        ("reason removed", edit(&|r| r.reasons.clear())),
        ("reason split", edit(&|r| r.reasons = vec!["client_wrote\",\"x".to_owned()])),
        ("commitment", edit(&|r| r.commitment = other)),
        ("cause", edit(&|r| r.caused_by = None)),
        ("cause text", edit(&|r| r.caused_by = Some("null".to_owned()))),
        ("prev_hash", edit(&|r| r.prev_hash = other)),
        ("hash", edit(&|r| r.hash = other)),
    ]
}

#[test]
fn faults_say_what_and_where() {
    let id = chain_id(1);
    let records = chain(id, 5);
    let verify = |records: &[AuditRecord], anchor: Option<Head>| verify_chain(id, records, anchor.as_ref());
    let head = records[4].head();
    assert_eq!(verify(&records, None), Ok(head));
    assert_eq!(verify(&records, Some(records[2].head())), Ok(head));
    assert_eq!(verify(&[], None), Ok(Head::genesis(&id)));

    let without = |at: usize| {
        records.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, r)| r.clone()).collect::<Vec<_>>()
    };
    assert_eq!(verify(&without(2), None), Err(ChainFault::Gap { expected: 3, found: 4 }));
    assert_eq!(verify(&without(0), None), Err(ChainFault::Gap { expected: 1, found: 2 }));
    let mut twice = records.clone();
    twice.insert(2, records[1].clone());
    assert_eq!(verify(&twice, None), Err(ChainFault::Reordered { expected: 3, found: 2 }));
    let mut edited = records.clone();
    edited[3].outcome = Outcome::Refused;
    assert_eq!(verify(&edited, None), Err(ChainFault::HashMismatch { seq: 4 }));
    edited[3].hash = edited[3].computed_hash();
    assert_eq!(verify(&edited, None), Err(ChainFault::PrevMismatch { seq: 5 }));
    let stranger = chain(chain_id(2), 1);
    assert_eq!(verify(&stranger, None), Err(ChainFault::WrongChain { seq: 1, found: chain_id(2) }));
    assert_eq!(verify(&records[..3], None), Ok(records[2].head()), "a cut tail shows against an anchor only");
    assert_eq!(verify(&records[..3], Some(head)), Err(ChainFault::TailCut { last: 3, anchored: 5 }));
    let forged = rewritten(&records, 2, "forged");
    assert!(verify(&forged, None).is_ok(), "a rewritten tail shows against an anchor only");
    assert_eq!(verify(&forged, Some(head)), Err(ChainFault::AnchorMismatch { seq: 5 }));
    assert_eq!(ChainFault::Gap { expected: 3, found: 5 }.to_string(), "records 3 to 4 are missing");
}

#[test]
fn the_records_of_one_chain_do_not_fit_another() {
    let other = chain_id(2);
    let mut moved = chain(chain_id(1), 2);
    for record in &mut moved {
        record.chain = other;
    }
    moved[0].hash = moved[0].computed_hash();
    assert_eq!(verify_chain(other, &moved, None), Err(ChainFault::PrevMismatch { seq: 1 }));
}

#[test]
fn drafts_take_codes_only() {
    let ids = SeededIds::new(1);
    let commitment = commit(&Salt::generate(&ids), &json!(null));
    let make = |name: &str, action: &str| {
        let actor = Actor::new(marketplace::ActorKind::Service, name);
        Draft::new(ChainId::System, Timestamp::from_millis(0), actor, action, Outcome::Ok, commitment)
    };
    assert!(make("billing", "message.received").is_ok());
    assert_eq!(make("Amina", "message.received").unwrap_err(), AuditError::NotACode { field: "actor" });
    assert_eq!(make("x", "254700000101").unwrap_err(), AuditError::NotACode { field: "action" });
    let draft = make("x", "y").unwrap();
    assert_eq!(
        draft.clone().with_reasons(["has spaces"]).unwrap_err(),
        AuditError::NotACode { field: "reason" }
    );
    assert_eq!(draft.caused_by("wamid.X").unwrap_err(), AuditError::NotACause);
}

/// The digest was computed from the JSON line by the program in the crate's documentation.
#[test]
fn an_exported_line_verifies_elsewhere() {
    let record = &chain(ChainId::System, 1)[0];
    let line = serde_json::to_string(record).unwrap();
    assert_eq!(serde_json::from_str::<AuditRecord>(&line).unwrap(), *record);
    // The canonical form is the line without its hash, members sorted.
    let mut value: serde_json::Value = serde_json::from_str(&line).unwrap();
    value.as_object_mut().unwrap().remove("hash");
    assert_eq!(crate::canonical_json(&value), record.canonical());
    insta::assert_snapshot!(String::from_utf8(record.canonical()).unwrap(), @r#"{"action":"state.changed","actor":{"kind":"orchestrator","name":"turn"},"at":1790000000000,"caused_by":"trn_0000000000057975a5d60d778725d5b3","chain":"system","commitment":"816c50b87227d00cbcc1dfca288ee26764635352f5757bc358b00f51e98b4c79","outcome":"ok","prev_hash":"e1010b714839f67f22eb894a557a283a8eb0dff2f2a7f97fc8962de577b662ca","reasons":["client_wrote"],"seq":1}"#);
    insta::assert_snapshot!(record.hash, @"bc708e0aca762073e25788e655db0b97e9bdc041a01f7583889fc75c79b39e8d");
    assert!(serde_json::from_str::<AuditRecord>(&line.replace("\"seq\"", "\"x\":1,\"seq\"")).is_err());
}

#[test]
fn checkpoints_link_and_give_anchors() {
    let (one, two) = (chain(chain_id(1), 4), chain(chain_id(2), 2));
    let at = Timestamp::from_millis(1_790_000_000_000);
    let heads = |record: &AuditRecord| BTreeMap::from([(record.chain, record.head())]);
    let first = Checkpoint::link(&CheckpointHead::genesis(), at, heads(&one[1]), None);
    let mut both = heads(&one[3]);
    both.extend(heads(&two[1]));
    let second = Checkpoint::link(&first.head(), at, both.clone(), None);
    let all = [first.clone(), second.clone()];
    let anchors = verify_checkpoints(&all).unwrap();
    assert_eq!(anchors, both);
    assert_eq!(verify_chain(chain_id(1), &one, anchors.get(&chain_id(1))), Ok(one[3].head()));
    assert!(verify_chain(chain_id(1), &one[..2], anchors.get(&chain_id(1))).is_err());

    assert_eq!(verify_checkpoints(&all[1..]), Err(CheckpointFault::OutOfOrder { expected: 1, found: 2 }));
    let mut edited = second.clone();
    edited.heads.remove(&chain_id(2));
    assert_eq!(edited.verify(&first.head()), Err(CheckpointFault::HashMismatch { number: 2 }));
    let other = Checkpoint::link(&CheckpointHead::genesis(), at, heads(&two[0]), None);
    assert_eq!(second.verify(&other.head()), Err(CheckpointFault::PrevMismatch { number: 2 }));
    let back = Checkpoint::link(&second.head(), at, heads(&one[0]), None);
    let fault = CheckpointFault::WentBack { number: 3, chain: chain_id(1), seq: 1 };
    assert_eq!(verify_checkpoints([&first, &second, &back]), Err(fault));
    let line = serde_json::to_string(&second).unwrap();
    assert_eq!(serde_json::from_str::<Checkpoint>(&line).unwrap(), second);
    let mut value: serde_json::Value = serde_json::from_str(&line).unwrap();
    value.as_object_mut().unwrap().remove("hash");
    assert_eq!(crate::canonical_json(&value), second.canonical());
}

#[test]
fn salts_differ_and_stay_out_of_logs() {
    let ids = SeededIds::new(5);
    assert_ne!(Salt::generate(&ids).as_bytes(), Salt::generate(&ids).as_bytes());
    assert_eq!(format!("{:?}", Salt::generate(&ids)), "Salt(…)");
    let mut bytes = [0; 32];
    ids.fill_random(&mut bytes);
    assert_ne!(bytes, [0; 32]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_edit_is_found(length in 1_usize..12, at in 0_usize..12, anchored: bool) {
        let at = at % length;
        let records = chain(chain_id(1), length);
        let anchor = records[length - 1].head();
        let anchor = anchored.then_some(&anchor);
        for (field, edited) in edits(&records[at]) {
            let mut records = records.clone();
            records[at] = edited;
            prop_assert!(verify_chain(chain_id(1), &records, anchor).is_err(), "{field}");
        }
        prop_assert!(verify_chain(chain_id(1), &records, anchor).is_ok());
    }

    #[test]
    fn any_removal_insertion_or_swap_is_found(length in 2_usize..12, one in 0_usize..12, two in 0_usize..12) {
        let (one, two) = (one % length, two % length);
        let records = chain(chain_id(1), length);
        let anchor = records[length - 1].head();
        let verify = |records: &[AuditRecord]| verify_chain(chain_id(1), records, Some(&anchor));
        let mut removed = records.clone();
        removed.remove(one);
        prop_assert!(verify(&removed).is_err());
        let mut inserted = records.clone();
        inserted.insert(one, records[two].clone());
        prop_assert!(verify(&inserted).is_err());
        let mut swapped = records.clone();
        swapped.swap(one, two);
        prop_assert_eq!(verify(&swapped).is_err(), one != two);
        prop_assert!(verify(&records[..one]).is_err());
        prop_assert!(verify(&rewritten(&records, one, "forged")).is_err());
    }

    #[test]
    fn the_canonical_form_is_injective(left in tricky(), right in tricky()) {
        let base = chain(ChainId::System, 1).remove(0);
        let with = |(name, action, reasons, cause): &(String, String, Vec<String>, Option<String>)| {
            let mut record = base.clone();
            record.actor.name.clone_from(name);
            record.action.clone_from(action);
            record.reasons.clone_from(reasons);
            record.caused_by.clone_from(cause);
            record.canonical()
        };
        prop_assert_eq!(left == right, with(&left) == with(&right));
        // And it is canonical JSON of the same content.
        let value: serde_json::Value = serde_json::from_slice(&with(&left)).unwrap();
        prop_assert_eq!(crate::canonical_json(&value), with(&left));
    }
}

fn tricky() -> impl Strategy<Value = (String, String, Vec<String>, Option<String>)> {
    let text = || "[\\\\\"\\[\\],:{}a\u{0}\u{7f}é😀\n]{0,3}";
    (text(), text(), prop::collection::vec(text(), 0..3), prop::option::of(text()))
}
