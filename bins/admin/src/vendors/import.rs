//! `concierge-admin vendors import`: check the whole file, then write it in short transactions.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read, Write},
    path::Path,
};

use marketplace::VendorId;
use serde_json::json;
use store::{
    StoreError, Tx,
    vendors::{self, Imported, VendorRecord},
};
use tools::{AuditEntry, Caller, ToolError, record_system};

use crate::{database::Database, failure::Failure};

use super::directory;

/// The largest file, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Rows of one transaction: SQLite has one writer, and webhooks must not wait for a directory.
const ROWS_PER_TRANSACTION: usize = 500;
/// Phones of other vendors that are named one by one.
const TAKEN_SHOWN_MAX: usize = 20;

/// Imports a directory.
pub(super) fn run(file: &Path, dry_run: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let text = read_bounded(file)?;
    let records = directory::read(&text).map_err(|faults| refuse(file, &faults))?;
    drop(text);
    let total = records.len();
    let database = Database::open()?;
    let mut counts = Counts::default();
    let transactions = total.div_ceil(ROWS_PER_TRANSACTION);
    for (number, rows) in (1..).zip(records.chunks(ROWS_PER_TRANSACTION)) {
        let done = import(&database, rows.to_vec(), Part { number, of: transactions, dry_run });
        counts.add(done.map_err(|failure| interrupted(failure, dry_run, counts.rows(), total))?);
        progress(counts.rows(), total);
    }
    tell(&counts, dry_run, out)
}

/// Which of an import's transactions.
#[derive(Debug, Clone, Copy)]
struct Part {
    number: usize,
    of: usize,
    dry_run: bool,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Counts {
    created: usize,
    updated: usize,
    suppressed: usize,
    phone_taken: Vec<VendorId>,
}

impl Counts {
    fn rows(&self) -> usize {
        self.created + self.updated + self.suppressed + self.phone_taken.len()
    }

    fn note(&mut self, id: &VendorId, imported: Imported) {
        match imported {
            Imported::Created => self.created += 1,
            Imported::Updated => self.updated += 1,
            Imported::Suppressed => self.suppressed += 1,
            Imported::PhoneTaken => self.phone_taken.push(id.clone()),
        }
    }

    fn add(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.suppressed += other.suppressed;
        self.phone_taken.extend(other.phone_taken);
    }
}

/// Ends a transaction without its effect, and says what the effect would have been.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("a dry run")]
    DryRun(Counts),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tool(#[from] ToolError),
}

fn import(database: &Database, rows: Vec<VendorRecord>, part: Part) -> Result<Counts, Failure> {
    database.write(move |tx| {
        // The savepoint undoes a dry run; the transaction around it has nothing to commit.
        match tx.savepoint(|tx| import_rows(tx, &rows, part)) {
            Ok(counts) | Err(Ended::DryRun(counts)) => Ok(counts),
            Err(Ended::Store(error)) => Err(error.into()),
            Err(Ended::Tool(error)) => Err(error.into()),
        }
    })
}

fn import_rows(tx: &mut Tx<'_>, rows: &[VendorRecord], part: Part) -> Result<Counts, Ended> {
    let mut counts = Counts::default();
    for row in rows {
        let imported = vendors::import(tx, row)?;
        counts.note(&row.id, imported);
    }
    if part.dry_run {
        return Err(Ended::DryRun(counts));
    }
    let payload = json!({
        "part": part.number,
        "of": part.of,
        "created": counts.created,
        "updated": counts.updated,
        "suppressed": counts.suppressed,
        "phone_taken": counts.phone_taken.len(),
    });
    record_system(tx, AuditEntry::new(Caller::operator().actor, "vendors.imported", payload))?;
    Ok(counts)
}

fn tell(counts: &Counts, dry_run: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let would = if dry_run { " (dry run: nothing was changed)" } else { "" };
    writeln!(out, "{} vendors read{would}", counts.rows())?;
    writeln!(out, "  created      {}", counts.created)?;
    writeln!(out, "  updated      {}", counts.updated)?;
    writeln!(out, "  suppressed   {}  erased people, not contacted again", counts.suppressed)?;
    writeln!(
        out,
        "  phone taken  {}  the number is another vendor's; left as they were",
        counts.phone_taken.len()
    )?;
    for id in counts.phone_taken.iter().take(TAKEN_SHOWN_MAX) {
        writeln!(out, "    {id}")?;
    }
    if counts.phone_taken.len() > TAKEN_SHOWN_MAX {
        writeln!(out, "    … and {} more", counts.phone_taken.len() - TAKEN_SHOWN_MAX)?;
    }
    Ok(())
}

/// On a terminal only, and only when there is something to wait for.
fn progress(done: usize, total: usize) {
    let mut to = io::stderr();
    if total > ROWS_PER_TRANSACTION && to.is_terminal() {
        let end = if done == total { "\n" } else { "" };
        let _ = write!(to, "\r{done} of {total} vendors{end}");
    }
}

fn refuse(file: &Path, faults: &[directory::Fault]) -> Failure {
    let problems = if faults.len() == 1 { "problem" } else { "problems" };
    let head = format!("{}: {} {problems}, nothing was imported", file.display(), faults.len());
    let lines = faults.iter().map(|fault| format!("\n  {fault}"));
    Failure::Refused(std::iter::once(head).chain(lines).collect())
}

/// A failure on the way says how far it got: importing again finishes the work.
fn interrupted(failure: Failure, dry_run: bool, done: usize, total: usize) -> Failure {
    if dry_run || done == 0 {
        return failure;
    }
    let mut said = Vec::new();
    failure.report(&mut said);
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Failure::Refused(format!(
        "{done} of {total} vendors were imported, then it stopped; import the file again: {said}"
    ))
}

fn read_bounded(file: &Path) -> Result<Vec<u8>, Failure> {
    let name = file.display();
    let cannot = |error: io::Error| Failure::refused(format!("cannot read {name}: {error}"));
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(cannot)?)
    };
    let mut text = Vec::new();
    source.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(cannot)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Failure::refused(format!("{name} is larger than {FILE_BYTES_MAX} bytes; split it")));
    }
    Ok(text)
}
