//! `audit export`: a file for a stranger.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use audit::{Checkpoint, Footer, Scope};
use serde_json::json;
use store::{
    Tx,
    audit_export::{Closing, ExportError, OpenExport},
};
use tools::{AuditEntry, Caller, record_system};

use super::{Progress, TRIES, grouped};
use crate::{database::Database, failure::Failure, private};

const OVERTAKEN: &str =
    "another checkpoint was written during the export, so nothing closes it: run it again";

pub(super) fn run(
    scope: Scope,
    payloads: bool,
    file: Option<&Path>,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let Some(path) = file else {
        let database = Database::open()?;
        let footer = attempt(&database, scope, payloads, out).map_err(|error| failure(error, None))?;
        let footer = footer.ok_or_else(|| Failure::refused(OVERTAKEN))?;
        return Ok(summary(&footer, None, as_json, &mut io::stderr())?);
    };
    if path.exists() {
        return Err(Failure::refused(format!("{} exists: an export overwrites nothing", path.display())));
    }
    let database = Database::open()?;
    for _ in 0..TRIES {
        if let Some(footer) = to_file(&database, scope, payloads, path)? {
            return Ok(summary(&footer, Some(path), as_json, out)?);
        }
    }
    Err(Failure::refused(OVERTAKEN))
}

/// Under another name until it is whole. `None`: overtaken.
fn to_file(
    database: &Database,
    scope: Scope,
    payloads: bool,
    path: &Path,
) -> Result<Option<Footer>, Failure> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let cannot = |error: io::Error| Failure::refused(format!("cannot write {}: {error}", path.display()));
    // It may hold personal data: for its owner alone.
    let mut to = BufWriter::with_capacity(256 * 1024, private::create(&partial).map_err(cannot)?);
    let done = attempt(database, scope, payloads, &mut to).map_err(|error| failure(error, Some(path)));
    let whole = match done {
        Ok(Some(footer)) => {
            let stored = to.into_inner().map_err(|error| cannot(error.into_error()));
            let stored = stored.and_then(|file| file.sync_all().map_err(cannot));
            stored.and_then(|()| fs::rename(&partial, path).map_err(cannot)).map(|()| Some(footer))
        }
        other => other,
    };
    if !matches!(whole, Ok(Some(_))) {
        // What is left of it is of no use.
        let _ = fs::remove_file(&partial);
    }
    whole
}

/// `None`: overtaken by another checkpoint.
fn attempt(
    database: &Database,
    scope: Scope,
    payloads: bool,
    out: &mut dyn Write,
) -> Result<Option<Footer>, ExportFailure> {
    let mut progress = Progress::new();
    let open = database.snapshot(|conn, vault| {
        OpenExport::begin(conn, vault, scope, payloads, out, &mut |records| progress.tell(records))
    })?;
    let closing = open.closing();
    let closed =
        database.write(move |tx| close(tx, &closing, scope, payloads)).map_err(ExportFailure::Other)?;
    let Some(closing) = closed else { return Ok(None) };
    Ok(Some(open.finish(&closing, out).map_err(ExportError::from)?))
}

fn close(
    tx: &mut Tx<'_>,
    closing: &Closing,
    scope: Scope,
    payloads: bool,
) -> Result<Option<Vec<Checkpoint>>, Failure> {
    let made = match closing.store(tx) {
        Ok(made) => made,
        Err(ExportError::Overtaken) => return Ok(None),
        Err(ExportError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(Failure::refused(error.to_string())),
    };
    let last = made.last().map(Checkpoint::head);
    let said = json!({
        "scope": scope,
        "payloads": payloads,
        "checkpoint": last.map(|last| last.number),
        "anchor": last.map(|last| last.hash),
    });
    record_system(tx, AuditEntry::new(Caller::operator().actor, "audit.exported", said))?;
    Ok(Some(made))
}

enum ExportFailure {
    Export(ExportError),
    Other(Failure),
}

impl From<ExportError> for ExportFailure {
    fn from(error: ExportError) -> Self {
        Self::Export(error)
    }
}

impl From<store::StoreError> for ExportFailure {
    fn from(error: store::StoreError) -> Self {
        Self::Export(error.into())
    }
}

fn failure(failure: ExportFailure, file: Option<&Path>) -> Failure {
    let error = match failure {
        ExportFailure::Export(error) => error,
        ExportFailure::Other(failure) => return failure,
    };
    match (error, file) {
        (ExportError::Store(error), _) => error.into(),
        (ExportError::Output(error), None) => error.into(),
        (ExportError::Output(error), Some(path)) => {
            Failure::refused(format!("cannot write {}: {error}", path.display()))
        }
        (error @ ExportError::Unsound(_), _) => Failure::refused(format!(
            "{error}; what does not hold is not exported, `concierge-admin audit verify` names every fault"
        )),
        (error, _) => Failure::refused(error.to_string()),
    }
}

fn summary(footer: &Footer, path: Option<&Path>, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    let Footer { chains, checkpoint, hash, payloads_erased, payloads_open, records } = footer;
    if as_json {
        let said = json!({
            "file": path.map(|path| path.display().to_string()),
            "anchor": hash,
            "checkpoint": checkpoint,
            "chains": chains,
            "records": records,
            "payloads_open": payloads_open,
            "payloads_erased": payloads_erased,
        });
        return writeln!(out, "{said}");
    }
    let to = path.map(|path| format!(" to {}", path.display())).unwrap_or_default();
    let (records, chains) = (grouped(*records), grouped(*chains));
    writeln!(out, "exported {records} records of {chains} chains{to}, closed by checkpoint {checkpoint}")?;
    writeln!(out, "anchor: {hash}")?;
    writeln!(out, "Keep the anchor where whoever can write to this database cannot.")
}
