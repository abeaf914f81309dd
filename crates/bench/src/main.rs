//! `concierge-bench`: what the product costs, each number beside its floor from the same run.
//!
//! `cargo xtask bench` builds and starts it. What the lines mean stands in `docs/benchmarks.md`. It asserts no
//! time and fails only when something could not be measured.

mod audit;
mod contract;
mod databases;
mod effort;
mod floor;
mod intake;
mod load;
mod machine;
mod report;
mod stats;
mod table;
mod turns;
mod wal;
mod webhook;

use std::{path::Path, process::ExitCode, time::Instant};

use anyhow::{Context as _, bail};
use clap::Parser;
use tokio::task::block_in_place;

use databases::{Server, Target};
use effort::Effort;
use report::{Report, Row};

/// Measures webhook intake, turns, contract validation and the audit, each beside its floor
///
/// Takes under two minutes. SQLite and PostgreSQL both commit with fsync; the files lie in the folder for temporary
/// files (TMPDIR), so that folder's device is what is measured.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", max_term_width = 100)]
struct Arguments {
    /// Print one JSON object on stdout instead of the table (which then goes to stderr)
    #[arg(long)]
    json: bool,
    /// Measure for a few seconds only
    #[arg(long)]
    quick: bool,
    /// A PostgreSQL server on which the role may create databases; by default one is started from the server
    /// programs on this machine
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Measure the audit alone, with so many records on SQLite and at most 100000 on PostgreSQL; filling the
    /// databases takes longer than measuring
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    audit: Option<u32>,
}

/// The most records on PostgreSQL, where each is stored with several round trips.
const AUDIT_ON_POSTGRES_MAX: usize = 100_000;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("concierge-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let json = arguments.json;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = measure(arguments) => report,
            () = startup::stop_signal() => bail!("stopped"),
        }
    })?;
    let table = table::render(&report);
    if json {
        eprint!("{table}");
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{table}");
    }
    Ok(())
}

async fn measure(arguments: Arguments) -> anyhow::Result<Report> {
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    let progress = Progress(Instant::now());
    let folder =
        tempfile::Builder::new().prefix("concierge-bench-").tempdir().context("no temporary folder")?;
    let folder = folder.path();

    progress.say("preparing the databases");
    let server = block_in_place(|| Server::find(arguments.database_url));
    if let Some(records) = arguments.audit {
        let mut described = Vec::new();
        let records = usize::try_from(records)?;
        let rows = measure_audit(&server, folder, records, &mut described, &progress).await?;
        let machine = block_in_place(|| machine::describe(folder, described))?;
        return Ok(Report { machine, quick: false, rows });
    }
    progress.say("validating");
    let validation = block_in_place(|| contract::measure(&effort))?;
    progress.say("counting the commits of a turn");
    let commits = turns::count_commits(&subfolder(folder, "count")?).await?;

    let mut rows = Vec::new();
    let mut described = Vec::new();
    let mut turn_rows = Vec::new();
    for sqlite in [true, false] {
        // A new database for each part: one part's rows are no weight on the other.
        let new = |part: &str| -> anyhow::Result<Result<Target, String>> {
            if sqlite { Ok(Ok(Target::sqlite(&subfolder(folder, part)?)?)) } else { server.database() }
        };
        match (new("intake")?, new("turns")?) {
            (Ok(for_intake), Ok(for_turns)) => {
                described.push(for_intake.describe()?);
                progress.say(&format!("{}: webhook intake", for_intake.name));
                rows.extend(intake::measure(&for_intake, folder, &effort).await?);
                progress.say(&format!("{}: turns", for_turns.name));
                turn_rows.extend(turns::measure(&for_turns, commits, &effort).await?);
            }
            (Err(reason), _) | (_, Err(reason)) => {
                progress.say(&format!("PostgreSQL is SKIPPED: {reason}"));
                described.push(format!("PostgreSQL: SKIPPED, {reason}"));
                rows.extend(intake::skipped("PostgreSQL", "postgresql", &reason));
                turn_rows.extend(turns::skipped("PostgreSQL", "postgresql", &reason));
            }
        }
    }
    rows.extend(turn_rows);
    rows.extend::<Vec<Row>>(validation);
    rows.extend(measure_audit(&server, folder, effort.audit_records, &mut Vec::new(), &progress).await?);
    progress.say("done");
    let machine = block_in_place(|| machine::describe(folder, described))?;
    Ok(Report { machine, quick: arguments.quick, rows })
}

async fn measure_audit(
    server: &Server,
    folder: &Path,
    records: usize,
    described: &mut Vec<String>,
    progress: &Progress,
) -> anyhow::Result<Vec<Row>> {
    let sqlite = Target::sqlite(&subfolder(folder, "audit")?)?;
    let mut rows = Vec::new();
    for target in [Ok(sqlite), server.database()?] {
        match target {
            Ok(target) => {
                let most = if target.is_postgres() { AUDIT_ON_POSTGRES_MAX } else { records };
                progress.say(&format!("{}: audit of {} records", target.name, records.min(most)));
                described.push(target.describe()?);
                let files = subfolder(folder, &format!("audit-{}", target.key))?;
                rows.extend(audit::measure(&target, &files, records.min(most)).await?);
            }
            Err(reason) => {
                described.push(format!("PostgreSQL: SKIPPED, {reason}"));
                rows.extend(audit::skipped("PostgreSQL", "postgresql", &reason));
            }
        }
    }
    Ok(rows)
}

fn subfolder(folder: &Path, name: &str) -> anyhow::Result<std::path::PathBuf> {
    let path = folder.join(name);
    std::fs::create_dir(&path)?;
    Ok(path)
}

/// What is being done, on standard error.
struct Progress(Instant);

impl Progress {
    fn say(&self, what: &str) {
        eprintln!("[{:5.1} s] {what}", self.0.elapsed().as_secs_f64());
    }
}
