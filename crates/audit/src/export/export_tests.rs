//! Ten thousand ways to falsify an export, each held against both verifiers.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    thread::{self, JoinHandle},
};

use marketplace::{Actor, ActorKind, RequestId, SeededIds, Timestamp, TurnId};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{line::Line, *};
use crate::{CHECKPOINT_HEADS_MAX, Draft, Head, Outcome, canonical_json, commit};

/// One chain before it is hashed: each record with its salt and payload (`None`: erased).
#[derive(Debug, Clone)]
struct Chain {
    id: ChainId,
    records: Vec<(AuditRecord, Salt, Option<Value>)>,
}

/// What an export is made from. Whoever has all of it can make another that holds in itself.
#[derive(Debug, Clone)]
struct Model {
    header: Header,
    chains: Vec<Chain>,
    /// Earlier checkpoints: up to which record each chain went, and when.
    earlier: Vec<(BTreeMap<ChainId, u64>, i64)>,
    closed_at: i64,
}

const BEGAN: i64 = 1_790_000_000_000;

impl Model {
    fn new(seed: u64, payloads: bool) -> Self {
        let ids = SeededIds::new(seed);
        let mut names: Vec<ChainId> =
            (0..2).map(|_| ChainId::Request(RequestId::generate(&ids))).chain([ChainId::System]).collect();
        names.sort_unstable();
        let chains: Vec<Chain> = names
            .into_iter()
            .zip([3, 2, 2])
            .map(|(id, length)| Chain { id, records: (0..length).map(|n| entry(id, n, &ids)).collect() })
            .collect();
        let (first, last) = (chains[0].id, chains[2].id);
        let earlier = vec![
            (BTreeMap::from([(first, 2)]), BEGAN + 100),
            (BTreeMap::from([(first, 3), (last, 2)]), BEGAN + 200),
        ];
        Self { header: Header::new(Scope::All, payloads), chains, earlier, closed_at: BEGAN + 300 }
    }

    /// Hashes everything anew and writes it.
    fn export(&self) -> (Vec<u8>, Digest) {
        let mut writer = ExportWriter::new(&self.header);
        let mut heads: BTreeMap<ChainId, Vec<Head>> = BTreeMap::new();
        for chain in &self.chains {
            let mut head = Head::genesis(&chain.id);
            for (record, salt, payload) in &chain.records {
                let mut record = record.clone();
                (record.chain, record.seq, record.prev_hash) = (chain.id, head.seq + 1, head.hash);
                record.hash = record.computed_hash();
                head = record.head();
                heads.entry(chain.id).or_default().push(head);
                if self.header.scope.covers(&chain.id) {
                    writer.record(&record);
                    match payload {
                        _ if !self.header.payloads => {}
                        Some(value) => writer.open_payload(&record, salt, &canonical_json(value)),
                        None => writer.erased_payload(&record),
                    }
                }
            }
        }
        let content = writer.content();
        let mut last = CheckpointHead::genesis();
        let mut seen: BTreeMap<ChainId, Head> = BTreeMap::new();
        let wanted: Vec<(BTreeMap<ChainId, u64>, i64, Option<Digest>)> =
            self.earlier.iter().map(|(cuts, at)| (cuts.clone(), *at, None)).collect();
        let all = heads.iter().map(|(chain, heads)| (*chain, heads.len() as u64)).collect();
        for (cuts, at, content) in wanted.into_iter().chain([(all, self.closed_at, Some(content))]) {
            let of = |(chain, seq): (&ChainId, &u64)| {
                let heads = heads.get(chain)?;
                Some((*chain, heads[usize::try_from(*seq).unwrap().min(heads.len()) - 1]))
            };
            let moved: BTreeMap<ChainId, Head> =
                cuts.iter().filter_map(of).filter(|(chain, head)| seen.get(chain) != Some(head)).collect();
            seen.extend(&moved);
            let checkpoint = Checkpoint::link(&last, Timestamp::from_millis(at), moved, content);
            last = checkpoint.head();
            writer.checkpoint(&checkpoint);
        }
        writer.footer(&last);
        (writer.take(), last.hash)
    }
}

fn entry(chain: ChainId, number: i64, ids: &SeededIds) -> (AuditRecord, Salt, Option<Value>) {
    let salt = Salt::generate(ids);
    let payload = json!({ "to": "clarifying", "text": "brake pads, é 😀", "number": number, "ratio": 0.25 });
    let at = Timestamp::from_millis(BEGAN + number);
    let draft =
        Draft::new(chain, at, Actor::orchestrator(), "state.changed", Outcome::Ok, commit(&salt, &payload));
    let draft = draft.unwrap().with_reasons(["client_wrote"]).unwrap();
    let draft = draft.caused_by(TurnId::generate(ids)).unwrap();
    // The second of each chain was about someone who is gone.
    (draft.link(&Head::genesis(&chain)), salt, (number != 1).then_some(payload))
}

/// Whether a file holds in itself, and as the export of this anchor.
fn verdict(file: &[u8], anchor: &Digest) -> (bool, bool) {
    match verify(file) {
        Ok(export) => (true, export.check_anchor(anchor).is_ok()),
        Err(_) => (false, false),
    }
}

fn verify(file: &[u8]) -> Result<VerifiedExport, ExportFault> {
    let mut verifier = ExportVerifier::default();
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        verifier.push(line)?;
    }
    verifier.finish()
}

/// Numbers that come out the same each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

/// What can be done to the bytes and lines of a file.
fn bytes_changed(file: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = file.to_vec();
    let at = dice.below(bytes.len());
    let mut lines: Vec<Vec<u8>> = file.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (one, two) = (dice.below(lines.len()), dice.below(lines.len()));
    match dice.below(13) {
        0 => bytes[at] = bytes[at].wrapping_add(1 + u8::try_from(dice.below(255)).unwrap()),
        1 => bytes[at] = b"0123456789abcdef{}[]\",: \n"[dice.below(25)],
        2 => drop(bytes.remove(at)),
        3 => bytes.insert(at, b"0 \n\"}a\xc3"[dice.below(7)]),
        4 => bytes.truncate(at),
        5 => bytes.extend_from_slice([b"\n".as_slice(), b" ", b"{}\n", b"\0", file][dice.below(5)]),
        6 => drop(bytes.splice(at..at, *b"\r")),
        7 => drop(lines.remove(one)),
        8 => lines.insert(one, lines[two].clone()),
        9 => lines.swap(one, two),
        10 => lines.truncate(one),
        11 => drop(lines.drain(one.min(two)..=one.max(two))),
        _ => lines[one] = lines[two].clone(),
    }
    let whole = lines.concat();
    if whole == file { bytes } else { whole }
}

/// A member of a line, changed; the line is canonical again, and its own hash may be made to fit.
fn member_changed(file: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = file.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let at = dice.below(lines.len());
    let mut whole: Value = serde_json::from_slice(&lines[at]).unwrap();
    change_a_leaf(&mut whole, dice);
    if dice.below(2) == 0 {
        for kind in ["record", "checkpoint"] {
            if let Some(members) = whole.get_mut(kind).and_then(Value::as_object_mut) {
                members.remove("hash");
                let hash = Digest::tagged(kind.as_bytes(), &canonical_json(&json!(members)));
                members.insert("hash".to_owned(), json!(hash));
            }
        }
    }
    lines[at] = [canonical_json(&whole), b"\n".to_vec()].concat();
    lines.concat()
}

fn change_a_leaf(value: &mut Value, dice: &mut Dice) {
    let odd =
        [json!(null), json!(true), json!(1.0), json!(-1), json!("x"), json!([]), json!({}), json!(1e300)];
    match value {
        Value::Object(members) if !members.is_empty() => {
            let name = members.keys().nth(dice.below(members.len())).unwrap().clone();
            match dice.below(12) {
                0 => drop(members.remove(&name)),
                1 => drop(members.insert("more".to_owned(), odd[dice.below(odd.len())].clone())),
                _ => change_a_leaf(&mut members[&name], dice),
            }
        }
        Value::Array(items) if !items.is_empty() && dice.below(3) > 0 => {
            let at = dice.below(items.len());
            change_a_leaf(&mut items[at], dice);
        }
        Value::Array(items) => items.push(json!("x")),
        Value::Number(number) if dice.below(3) > 0 => *value = json!(number.as_i64().unwrap_or(7) + 1),
        Value::String(text) if dice.below(3) > 0 && !text.is_empty() => {
            let last = text.pop().unwrap();
            text.push(if last == 'a' { 'b' } else { 'a' });
        }
        Value::Bool(flag) => *flag = !*flag,
        other => *other = odd[dice.below(odd.len())].clone(),
    }
}

/// What someone does who can recompute everything: chains, checkpoints, content, footer.
fn rewritten(model: &Model, dice: &mut Dice) -> Model {
    let mut model = model.clone();
    let which = dice.below(model.chains.len());
    let length = model.chains[which].records.len();
    let (at, other) = (dice.below(length), dice.below(length));
    let (chain, stranger) = (model.chains[which].id, SeededIds::new(dice.next() >> 33));
    let records = &mut model.chains[which].records;
    let (record, salt, payload) = &mut records[at];
    match dice.below(20) {
        0 => record.action.push('x'),
        1 => record.at = Timestamp::from_millis(record.at.as_millis() + 1),
        2 => record.outcome = Outcome::Refused,
        3 => record.reasons.push("x".to_owned()),
        4 => record.reasons.clear(),
        5 => record.actor.kind = ActorKind::Human,
        6 => record.caused_by = None,
        7 => {
            *payload = Some(json!({ "to": "closed" }));
            record.commitment = commit(salt, payload.as_ref().unwrap());
        }
        8 => *payload = if payload.is_some() { None } else { Some(json!("forged")) },
        9 => {
            *salt = Salt::generate(&stranger);
            record.commitment = commit(salt, payload.as_ref().unwrap_or(&Value::Null));
        }
        10 => drop(records.remove(at)),
        11 => records.insert(at, entry(chain, 9, &stranger)),
        12 => records.swap(at, other),
        13 => records.truncate(at.max(1)),
        14 => records.push(entry(chain, 8, &stranger)),
        15 => drop(model.chains.remove(which)),
        16 => model.header.payloads = !model.header.payloads,
        17 => model.header.scope = Scope::Chain(model.chains[which].id),
        18 => drop(model.earlier.remove(dice.below(2))),
        _ => model.closed_at += 1,
    }
    model
}

/// Chains rewritten, but what closes the file left as it was.
fn spliced(file: &[u8], forged: &[u8]) -> Vec<u8> {
    let is_end = |line: &&[u8]| line.starts_with(b"{\"checkpoint\"") || line.starts_with(b"{\"footer\"");
    let body = forged.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_end(line));
    let end = file.split_inclusive(|byte| *byte == b'\n').filter(is_end);
    body.chain(end).collect::<Vec<_>>().concat()
}

/// `verify_export.py`, asked about many files by one process.
struct Python {
    child: Child,
    input: ChildStdin,
    answers: JoinHandle<String>,
}

const DRIVER: &str = r#"
import importlib.util, io, sys
spec = importlib.util.spec_from_file_location("verify_export", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(module)
while True:
    head = sys.stdin.buffer.readline().split()
    if not head:
        break
    fault, export = module.verify(io.BytesIO(sys.stdin.buffer.read(int(head[0]))))
    anchored = export is not None and export.footer["hash"] == head[1].decode()
    print(int(fault is None), int(anchored))
"#;

impl Python {
    /// `None`, loudly, where there is none; with `CI=true` that is a failure.
    fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit/verify_export.py");
        let spawned = Command::new("python3")
            .args(["-c", DRIVER, script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "no python3: {error}");
                let _ = writeln!(std::io::stderr(), "SKIPPED with Python: {error}");
                return None;
            }
        };
        let (input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let answers = thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).unwrap();
            text
        });
        Some(Self { child, input, answers })
    }

    fn ask(&mut self, file: &[u8], anchor: &Digest) {
        self.input.write_all(format!("{} {anchor}\n", file.len()).as_bytes()).unwrap();
        self.input.write_all(file).unwrap();
    }

    fn verdicts(mut self) -> Vec<(bool, bool)> {
        drop(self.input);
        assert!(self.child.wait().unwrap().success());
        let said = self.answers.join().unwrap();
        said.lines().map(|line| (line.starts_with('1'), line.ends_with('1'))).collect()
    }
}

/// Files with the anchor they are held against: the verdicts of both verifiers, which must agree.
fn both(files: impl IntoIterator<Item = (String, Vec<u8>, Digest)>) -> Vec<(String, (bool, bool))> {
    let mut python = Python::start();
    let ours: Vec<_> = files
        .into_iter()
        .map(|(what, file, anchor)| {
            if let Some(python) = &mut python {
                python.ask(&file, &anchor);
            }
            (what, verdict(&file, &anchor))
        })
        .collect();
    if let Some(python) = python {
        let theirs = python.verdicts();
        assert_eq!(theirs.len(), ours.len());
        for ((what, ours), theirs) in ours.iter().zip(theirs) {
            assert_eq!(*ours, theirs, "Rust and Python disagree: {what}");
        }
    }
    ours
}

#[test]
fn ten_thousand_falsifications_are_found_by_both_verifiers() {
    const COUNT: usize = 10_000;
    let models: Vec<Model> = (1..=4).map(|seed| Model::new(seed, seed % 2 == 0)).collect();
    let originals: Vec<_> = models.iter().map(Model::export).collect();
    let untouched = originals.iter().map(|(file, anchor)| ("untouched".to_owned(), file.clone(), *anchor));
    assert!(both(untouched).iter().all(|(_, verdict)| *verdict == (true, true)));

    let mut dice = Dice(42);
    let mut found = 0;
    let mut whole_in_themselves = 0;
    let files = std::iter::from_fn(|| {
        let at = dice.below(models.len());
        let (model, (file, anchor)) = (&models[at], &originals[at]);
        Some(match dice.below(4) {
            0 => ("bytes", bytes_changed(file, &mut dice), *anchor, file),
            1 => ("member", member_changed(file, &mut dice), *anchor, file),
            2 => ("rewritten", rewritten(model, &mut dice).export().0, *anchor, file),
            _ => {
                let forged = rewritten(model, &mut dice).export().0;
                ("spliced", spliced(file, &forged), *anchor, file)
            }
        })
    });
    // What came out as it was is no falsification.
    let files = files.filter(|(_, forged, _, file)| forged != *file);
    let files = files.take(COUNT).enumerate().map(|(n, (how, forged, anchor, _))| {
        (format!("{n} {how}: {}", String::from_utf8_lossy(&forged)), forged, anchor)
    });
    for (what, (holds, anchored)) in both(files) {
        assert!(!anchored, "not found: {what}");
        whole_in_themselves += usize::from(holds);
        found += 1;
    }
    assert_eq!(found, COUNT);
    // Those that only the anchor tells from the original.
    assert!((1_000..4_000).contains(&whole_in_themselves), "{whole_in_themselves}");
}

/// Spellings that JSON readers of different languages take differently.
#[test]
fn both_verifiers_read_the_same_json() {
    let model = Model::new(2, true);
    let with = |value: &str| {
        let salt = model.chains[0].records[0].1;
        let mut record = model.chains[0].records[0].0.clone();
        record.commitment = crate::commit_canonical(&salt, value.as_bytes());
        let mut writer = ExportWriter::new(&model.header);
        record.hash = record.computed_hash();
        writer.record(&record);
        writer.open_payload(&record, &salt, value.as_bytes());
        let content = writer.content();
        let heads = BTreeMap::from([(record.chain, record.head())]);
        let closing =
            Checkpoint::link(&CheckpointHead::genesis(), Timestamp::from_millis(BEGAN), heads, Some(content));
        writer.checkpoint(&closing);
        writer.footer(&closing.head());
        (value.to_owned(), writer.take(), closing.hash)
    };
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let good = [
        "null",
        "0",
        "-1",
        "18446744073709551615",
        "-9223372036854775808",
        "0.1",
        "1e+16",
        "1.5e-05",
        "-0.0",
        "\"\\u00e9\\ud83d\\ude00\"",
        "{\"a\":{\"b\":[1,{}]}}",
        &nested(125),
    ];
    let bad = [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-0",
        "01",
        "1.0e5",
        "100000.00",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "\"\\ud83d\"",
        "\"\\ude00\\ud83d\"",
        "\"\u{e9}\"",
        "\"\\u00E9\"",
        "\"\\/\"",
        "\"\u{7f}\"",
        "{\"b\":1,\"a\":1}",
        "{\"a\":1,\"a\":1}",
        "{\"a\": 1}",
        "[1,]",
        "'a'",
        "true ",
        "",
        &nested(126),
        &nested(5_000),
    ];
    let files = good.iter().chain(&bad).map(|value| with(value));
    for (at, (value, verdict)) in both(files).into_iter().enumerate() {
        assert_eq!(verdict, (at < good.len(), at < good.len()), "{value}");
    }
}

#[test]
fn faults_say_where_and_what() {
    let model = Model::new(2, true);
    let (file, anchor) = model.export();
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let said = |lines: &[&[u8]]| verify(&lines.concat()).unwrap_err().to_string();
    let without = |at: usize| {
        let mut lines = lines.clone();
        lines.remove(at);
        said(&lines)
    };
    let first = model.chains[0].id;
    assert_eq!(
        said(&[]),
        "line 1: the file ends without its footer: it was cut, or the export did not finish"
    );
    assert_eq!(said(&lines[1..]), "line 1: a record line may not stand here");
    assert_eq!(without(1), "line 2: a payload line may not stand here");
    assert_eq!(without(2), format!("line 3: record 1 of {first} has no payload line"));
    assert_eq!(
        without(lines.len() - 2),
        "line 18: the closing checkpoint is not about the lines of this file"
    );
    assert_eq!(
        said(&lines[..lines.len() - 1]),
        format!(
            "line {}: the file ends without its footer: it was cut, or the export did not finish",
            lines.len()
        )
    );
    let export = verify(&file).unwrap();
    assert_eq!((export.footer.records, export.footer.payloads_erased, export.footer.chains), (7, 3, 3));
    assert_eq!((export.footer.hash, export.footer.checkpoint), (anchor, 3));
    let other = Digest::from_bytes([1; 32]);
    assert_eq!(
        export.check_anchor(&other).unwrap_err().to_string(),
        "line 19: the anchor is not the hash of the closing checkpoint: this is not the export that was anchored"
    );
    assert_eq!(export.check_includes(&other).unwrap_err().kind, FaultKind::NotIncluded);
}

/// A checkpoint kept from before the export tells a rewritten past from a chain that has grown.
#[test]
fn a_kept_checkpoint_is_in_the_series_or_the_past_was_rewritten() {
    let model = Model::new(1, false);
    let export = verify(&model.export().0).unwrap();
    let first: Line =
        Line::read(model.export().0.split_inclusive(|byte| *byte == b'\n').nth(8).unwrap()).unwrap();
    let Line::Checkpoint(Checkpoint { hash: kept, .. }) = first else { panic!("no checkpoint") };
    assert!(export.check_includes(&kept).is_ok() && export.check_anchor(&kept).is_err());
    let mut grown = model.clone();
    let more = entry(grown.chains[1].id, 7, &SeededIds::new(9));
    grown.chains[1].records.push(more);
    assert!(verify(&grown.export().0).unwrap().check_includes(&kept).is_ok());
    let mut forged = model.clone();
    forged.chains[0].records[0].0.outcome = Outcome::Failed;
    assert!(verify(&forged.export().0).unwrap().check_includes(&kept).is_err());
}

#[test]
fn many_heads_become_several_checkpoints() {
    let ids = SeededIds::new(3);
    let heads: BTreeMap<ChainId, Head> = (0..=CHECKPOINT_HEADS_MAX)
        .map(|_| ChainId::Request(RequestId::generate(&ids)))
        .map(|chain| (chain, Head { seq: 1, ..Head::genesis(&chain) }))
        .collect();
    let content = Some(Digest::from_bytes([3; 32]));
    let at = Timestamp::from_millis(BEGAN);
    let made = Checkpoint::link_all(&CheckpointHead::genesis(), at, heads.clone(), content);
    let sizes: Vec<_> = made.iter().map(|made| (made.number, made.heads.len(), made.content)).collect();
    assert_eq!(sizes, [(1, CHECKPOINT_HEADS_MAX, None), (2, 1, content)]);
    assert_eq!(crate::verify_checkpoints(&made), Ok(heads));
    assert!(made[0].line().len() < 2_000_000);
    let empty = Checkpoint::link_all(&made[1].head(), at, BTreeMap::new(), content);
    assert_eq!((empty.len(), empty[0].content), (1, content));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever was recorded: the export holds, and it is the only spelling that does.
    #[test]
    fn any_payload_goes_out_and_verifies(values in prop::collection::vec(any_json(), 1..6), at: i64) {
        let mut model = Model::new(5, true);
        for ((record, salt, payload), value) in model.chains[0].records.iter_mut().zip(&values) {
            record.commitment = commit(salt, value);
            record.at = Timestamp::from_millis(at);
            *payload = Some(value.clone());
        }
        let (file, anchor) = model.export();
        prop_assert_eq!(verdict(&file, &anchor), (true, true));
        for line in file.split_inclusive(|byte| *byte == b'\n') {
            let value: Value = serde_json::from_slice(line).unwrap();
            prop_assert_eq!(&[canonical_json(&value), b"\n".to_vec()].concat(), line);
        }
    }
}
