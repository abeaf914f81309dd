//! The audit through the real `concierge-admin`, on a database with many records: verified, exported, and the file
//! verified by both verifiers. The floor is SHA-256 over the exported file.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use ::audit::{ChainId, Outcome as AuditOutcome};
use anyhow::{Context as _, ensure};
use marketplace::{Actor, Clock as _, DataKeyId, IdSource, RandomIds, RequestId, SystemClock, TurnId};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use simulation::process::Programs;
use store::{Store, StoreError, audit_log, audit_log::NewRecord};
use tokio::task::block_in_place;

use crate::{
    databases::{DATA_KEY, Target},
    report::{Aim, Measured, Outcome, Quantity, Row},
    stats::{Samples, float},
};

/// Records in one request's chain.
const CHAIN: usize = 20;
/// Chains that grow side by side, in one transaction each time.
const GROUP: usize = 50;
/// Of so many clients one was erased.
const ERASED_ONE_IN: usize = 50;
/// What is aimed at for the database's verification, in microseconds a record: a million in ten seconds.
const AIM_US: f64 = 10.0;

const LINES: [(&str, &str); 5] = [
    ("verify", "audit verify"),
    ("export", "audit export"),
    ("export-payloads", "audit export --payloads"),
    ("verify-file", "audit verify --file, with payloads"),
    ("verify-python", "verify_export.py, with payloads"),
];

/// The lines of a database that there is none of.
pub(crate) fn skipped(database: &'static str, key: &str, reason: &str) -> Vec<Row> {
    LINES.iter().map(|(id, what)| row(database, key, id, what, 0, skip(reason))).collect()
}

fn skip(reason: &str) -> Outcome {
    Outcome::Skipped { reason: reason.to_owned() }
}

fn row(database: &'static str, key: &str, id: &str, what: &str, records: usize, outcome: Outcome) -> Row {
    let records = if records > 0 { format!("; {records} records") } else { String::new() };
    Row { id: format!("audit.{key}.{id}"), database, what: format!("{what}{records}"), outcome }
}

/// Fills a database and measures each command once.
pub(crate) async fn measure(target: &Target, folder: &Path, records: usize) -> anyhow::Result<Vec<Row>> {
    let records = fill(target, records).await?;
    block_in_place(|| {
        let admin = Admin::find(target)?;
        let (bare, with_payloads) = (folder.join("bare.jsonl"), folder.join("payloads.jsonl"));
        let (bare_name, whole_name) = (bare.display().to_string(), with_payloads.display().to_string());
        let (verified, said) = admin.run(&["audit", "verify", "--json"])?;
        let counted = said.get("records").and_then(Value::as_u64);
        ensure!(counted == u64::try_from(records).ok(), "{counted:?} records were verified, not {records}");
        let (exported, _) = admin.run(&["audit", "export", "--out", &bare_name, "--json"])?;
        let export = ["audit", "export", "--payloads", "--out", &whole_name, "--json"];
        let (exported_whole, said) = admin.run(&export)?;
        let anchor = said.get("anchor").and_then(Value::as_str).context("no anchor")?.to_owned();
        let check = ["audit", "verify", "--file", &whole_name, "--anchor", &anchor, "--json"];
        let (checked, _) = admin.run(&check)?;
        let python = python(&with_payloads, &anchor)?;
        let (bare_floor, floor) = (hashed(&bare)?, hashed(&with_payloads)?);
        let measured = |time: Duration, floor: Duration, aim: Option<Aim>| {
            let mut sample = Samples::default();
            let micros = time / u32::try_from(records).unwrap_or(u32::MAX);
            sample.push(micros);
            let spread = sample.spread().context("no sample")?;
            let floor = Quantity::new(floor.as_secs_f64(), "s");
            let value = Quantity::new(time.as_secs_f64(), "s");
            anyhow::Ok(Outcome::Measured(
                Measured::new(value, spread, floor, "SHA-256 of the file").with_aim(aim),
            ))
        };
        let aim = Aim::AtMost(AIM_US * float(records) / 1e6);
        let outcomes = [
            measured(verified, floor, Some(aim))?,
            measured(exported, bare_floor, None)?,
            measured(exported_whole, floor, None)?,
            measured(checked, floor, None)?,
            match python {
                Some(time) => measured(time, floor, None)?,
                None => skip("no python3, or not in a checkout"),
            },
        ];
        let rows = LINES.iter().zip(outcomes);
        Ok(rows
            .map(|((id, what), outcome)| row(target.name, target.key, id, what, records, outcome))
            .collect())
    })
}

/// At least so many records: as many as fill whole groups of chains. Returns how many there are.
async fn fill(target: &Target, records: usize) -> anyhow::Result<usize> {
    let store = block_in_place(|| Store::open(&target.options()?).map_err(anyhow::Error::from))?;
    let ids = Arc::new(RandomIds::new(Arc::new(SystemClock)));
    let groups = records.div_ceil(GROUP * CHAIN).max(1);
    for _ in 0..groups {
        let (inner, ids) = (store.clone(), Arc::clone(&ids));
        // Each half in a transaction of its own: chains grow side by side.
        let chains: Vec<ChainId> = (0..GROUP).map(|_| RequestId::generate(&*ids).into()).collect();
        let now = SystemClock.now();
        let keys = store.write(move |conn| {
            let key = |_| Ok::<_, StoreError>(inner.vault().new_data_key(conn, now)?.id());
            (0..GROUP).map(key).collect::<Result<Vec<DataKeyId>, _>>()
        });
        let keys = keys.await?;
        for half in 0..2 {
            let (inner, ids, chains, keys) = (store.clone(), Arc::clone(&ids), chains.clone(), keys.clone());
            let written = store.write(move |conn| {
                for (chain, key) in chains.iter().zip(&keys) {
                    let numbers = half * CHAIN / 2..(half + 1) * CHAIN / 2;
                    let records: Vec<NewRecord> = numbers.map(|n| record(n, *key, &*ids)).collect();
                    audit_log::append(conn, inner.vault(), *chain, &records)?;
                }
                Ok::<_, StoreError>(())
            });
            written.await?;
        }
        let (inner, erased) = (store.clone(), keys);
        let erased = store.write(move |conn| {
            for key in erased.iter().step_by(ERASED_ONE_IN) {
                inner.vault().destroy_data_key(conn, *key)?;
            }
            Ok::<_, StoreError>(())
        });
        erased.await?;
    }
    store.close().await;
    Ok(groups * GROUP * CHAIN)
}

/// Of the size and kind that a turn leaves.
fn record(number: usize, key: DataKeyId, ids: &dyn IdSource) -> NewRecord {
    let payload = json!({
        "message_id": format!("msg_{}", ids.next_uuid().simple()),
        "body": "Front or rear brake pads, and which engine does the Corolla have? We ask the shops at once.",
        "state": { "from": "new", "to": "clarifying", "version": number },
    });
    NewRecord {
        at: SystemClock.now(),
        actor: Actor::orchestrator(),
        action: "marketplace.send_client_message".to_owned(),
        outcome: AuditOutcome::Ok,
        reasons: vec!["moltbot".to_owned()],
        caused_by: Some(TurnId::generate(ids).to_string()),
        payload,
        sealed_by: vec![key],
    }
}

struct Admin<'a> {
    program: std::path::PathBuf,
    target: &'a Target,
}

impl<'a> Admin<'a> {
    fn find(target: &'a Target) -> anyhow::Result<Self> {
        Ok(Self { program: Programs::find()?.path("concierge-admin")?, target })
    }

    /// How long it took from start to end, and the JSON object that it said.
    fn run(&self, arguments: &[&str]) -> anyhow::Result<(Duration, Value)> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("DATABASE_URL", self.target.url()).env("DATA_KEY", DATA_KEY);
        let began = Instant::now();
        let output = command.stdin(Stdio::null()).output().context("cannot run concierge-admin")?;
        let time = began.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "concierge-admin {} failed: {said}", arguments.join(" "));
        Ok((time, serde_json::from_slice(&output.stdout)?))
    }
}

/// `None` where there is no Python, or no checkout with the script.
fn python(file: &Path, anchor: &str) -> anyhow::Result<Option<Duration>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit/verify_export.py");
    let began = Instant::now();
    let output = Command::new("python3").arg(script).arg(file).args(["--anchor", anchor]).output();
    let time = began.elapsed();
    let Ok(output) = output else { return Ok(None) };
    if !Path::new(script).is_file() {
        return Ok(None);
    }
    ensure!(output.status.success(), "verify_export.py: {}", String::from_utf8_lossy(&output.stdout));
    Ok(Some(time))
}

/// The second of two runs: the file is in memory by then.
fn hashed(file: &Path) -> anyhow::Result<Duration> {
    let mut time = Duration::ZERO;
    for _ in 0..2 {
        let began = Instant::now();
        let mut hash = Sha256::new();
        std::io::copy(&mut fs::File::open(file)?, &mut HashWriter(&mut hash))?;
        std::hint::black_box(hash.finalize());
        time = began.elapsed();
    }
    Ok(time)
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
