//! `audit checkpoint`: an anchor to keep elsewhere.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use audit::{ChainId, Checkpoint, CheckpointHead, Head};
use serde_json::json;
use store::{StoreError, Tx, audit_checkpoints};
use tools::{AuditEntry, Caller, record_system};

use super::{TRIES, broken_series};
use crate::{database::Database, failure::Failure};

/// What became of it.
enum Done {
    Made(Vec<Checkpoint>),
    NothingChanged(CheckpointHead),
    /// Another one was written between the look and the step.
    Overtaken,
}

pub(super) fn run(file: Option<&Path>, out: &mut dyn Write) -> Result<(), Failure> {
    // Before anything is stored: a checkpoint that cannot be kept is of little use.
    let file = file.map(open).transpose()?;
    let database = Database::open()?;
    for _ in 0..TRIES {
        match attempt(&database)? {
            Done::Made(made) => return keep(&made, file, out),
            Done::NothingChanged(last) => return nothing_changed(last, file.is_some(), out),
            Done::Overtaken => {}
        }
    }
    Err(Failure::refused("others write checkpoints all the time: try again"))
}

fn open(path: &Path) -> Result<(File, String), Failure> {
    let name = path.display().to_string();
    let opened = OpenOptions::new().append(true).create(true).open(path);
    let file = opened.map_err(|error| Failure::refused(format!("cannot write {name}: {error}")))?;
    Ok((file, name))
}

fn attempt(database: &Database) -> Result<Done, Failure> {
    let seen = database.snapshot(|conn, _| audit_checkpoints::series::<StoreError>(conn, |_| Ok(())))?;
    let seen = seen.map_err(|(_, fault)| broken_series(fault))?;
    database.write(move |tx| take(tx, seen.last(), seen.latest()))
}

fn take(tx: &mut Tx<'_>, last: CheckpointHead, latest: &BTreeMap<ChainId, Head>) -> Result<Done, Failure> {
    if audit_checkpoints::lock(tx)? != last {
        return Ok(Done::Overtaken);
    }
    if audit_checkpoints::changed(tx.conn, latest)?.is_empty() {
        return Ok(Done::NothingChanged(last));
    }
    // The record first: the checkpoint covers it, and the next one is not made on account of it.
    let said = json!({ "checkpoint": last.number.saturating_add(1) });
    record_system(tx, AuditEntry::new(Caller::operator().actor, "audit.checkpointed", said))?;
    let heads = audit_checkpoints::changed(tx.conn, latest)?;
    Ok(Done::Made(audit_checkpoints::write(tx, &last, heads, None)?))
}

fn keep(made: &[Checkpoint], file: Option<(File, String)>, out: &mut dyn Write) -> Result<(), Failure> {
    let lines: Vec<u8> = made.iter().flat_map(Checkpoint::line).collect();
    let chains: usize = made.iter().map(|made| made.heads.len()).sum();
    let Some(last) = made.last() else { return Ok(()) };
    let said = format!("checkpoint {} over {chains} chains\nanchor: {}\n", last.number, last.hash);
    if let Some((mut file, name)) = file {
        file.write_all(&lines).and_then(|()| file.sync_all()).map_err(|error| {
            Failure::refused(format!(
                "{said}cannot write {name}: {error}; the checkpoint is stored, and the next export holds it"
            ))
        })?;
        out.write_all(said.as_bytes())?;
    } else {
        out.write_all(&lines)?;
        out.flush()?;
        io::stderr().write_all(said.as_bytes())?;
    }
    Ok(())
}

fn nothing_changed(last: CheckpointHead, to_file: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let said = if last.number == 0 {
        "nothing has been recorded yet: there is nothing to checkpoint\n".to_owned()
    } else {
        format!("nothing has changed since checkpoint {}\nanchor: {}\n", last.number, last.hash)
    };
    if to_file {
        out.write_all(said.as_bytes())?;
    } else {
        io::stderr().write_all(said.as_bytes())?;
    }
    Ok(())
}
