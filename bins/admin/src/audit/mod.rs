//! `concierge-admin audit`: does it hold, a file of it for a stranger, and anchors to keep elsewhere.

mod checkpoint;
mod export;
mod verify;

use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

use audit::{ChainId, Digest, Scope};
use clap::Subcommand;
use marketplace::RequestId;
use store::audit_checkpoints::SeriesFault;

use crate::failure::Failure;

/// How often someone is overtaken by another checkpoint before it is given up.
const TRIES: u32 = 3;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Hold every record, head, checkpoint and payload against each other; or an exported file against itself
    ///
    /// Of the database: every chain from its first record to its stored head, the series of checkpoints and every record
    /// they name, every payload against its record's commitment. Payloads of erased people are counted as erased. Of a
    /// file: the same, without a database and without its configuration. Only an anchor that was kept elsewhere shows that
    /// a tail was cut or rewritten by someone who can rewrite everything. docs/audit.md says what a verdict proves.
    /// Exit code 1 if something does not hold.
    #[command(after_help = "\
Examples:
  concierge-admin audit verify
  concierge-admin audit verify --anchor 5f0c…
  concierge-admin audit verify --request req_0190a1b2c3d4e5f60718293a4b5c6d7e
  concierge-admin audit verify --file audit.jsonl --anchor 5f0c…")]
    Verify {
        /// A checkpoint's hash that was kept elsewhere. Of the database: that checkpoint must be in the series. Of a
        /// file: it must be the one that closes the file
        #[arg(long, value_name = "HASH")]
        anchor: Option<Digest>,
        /// Only this request's chain
        #[arg(long, value_name = "ID", conflicts_with = "file")]
        request: Option<RequestId>,
        /// An exported file instead of the database; `-` reads standard input
        #[arg(long, value_name = "EXPORT")]
        file: Option<PathBuf>,
        /// A checkpoint's hash that was kept from before the export: it must be in the file's series
        #[arg(long, value_name = "HASH", requires = "file")]
        includes: Option<Digest>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write the audit as a file that a stranger can verify, and print its anchor
    ///
    /// One canonical JSON object a line, closed by a new checkpoint; its hash is the anchor, for the file and for the
    /// database. Without --payloads the file holds random ids, closed codes and hashes, and nothing personal. What does
    /// not hold is not exported. The export is recorded in the audit.
    #[command(after_help = "\
Examples:
  concierge-admin audit export --out audit.jsonl
  concierge-admin audit export --request req_0190… --payloads --out one.jsonl
  concierge-admin audit export | gzip > audit.jsonl.gz")]
    Export {
        /// Where to; must not exist yet [default: standard output, with the anchor on standard error]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Only this request's chain
        #[arg(long, value_name = "ID")]
        request: Option<RequestId>,
        /// With what was said and done, as far as it was not erased: PERSONAL DATA
        #[arg(long)]
        payloads: bool,
        /// Print the summary as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write a checkpoint over everything that changed since the last one, to be kept elsewhere
    ///
    /// One JSON line. Whoever keeps it, or its hash alone, can show later that nothing up to it was rewritten or cut:
    /// `audit verify --anchor`. Says so if nothing has changed.
    #[command(after_help = "\
Examples:
  concierge-admin audit checkpoint
  concierge-admin audit checkpoint --out checkpoints.jsonl
  concierge-admin audit checkpoint | ssh backup@elsewhere 'cat >> checkpoints.jsonl'")]
    Checkpoint {
        /// Append the line to this file [default: standard output, with the hash on standard error]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

impl AuditCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Verify { anchor, file: Some(file), includes, json, .. } => {
                verify::file(&file, anchor, includes, json, out)
            }
            Self::Verify { anchor, request, json, .. } => {
                verify::database(request.map(ChainId::from), anchor, json, out)
            }
            Self::Export { out: file, request, payloads, json } => {
                let scope = request.map_or(Scope::All, |request| Scope::Chain(request.into()));
                export::run(scope, payloads, file.as_deref(), json, out)
            }
            Self::Checkpoint { out: file } => checkpoint::run(file.as_deref(), out),
        }
    }
}

/// A word on standard error every two seconds.
struct Progress(Instant);

impl Progress {
    const EVERY: Duration = Duration::from_secs(2);

    fn new() -> Self {
        Self(Instant::now())
    }

    fn tell(&mut self, records: u64) {
        if self.0.elapsed() >= Self::EVERY {
            self.0 = Instant::now();
            eprintln!("… {} records", grouped(records));
        }
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn broken_series(fault: SeriesFault) -> Failure {
    Failure::refused(format!(
        "the series of checkpoints does not hold: {fault}; `concierge-admin audit verify` says more"
    ))
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn long_numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
