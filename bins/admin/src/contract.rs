//! `concierge-admin contract`: the output contract's validator on files. Needs no configuration and no database.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use moltbot_contract::{
    ContextPack, Rejection, RuleId, Violation, limits::ANSWER_BYTES_MAX, validate, validate_shape,
};
use serde::Serialize;

use crate::failure::Failure;

/// What is read of one answer: enough to say how much too large most are.
const ANSWER_READ_MAX: usize = 4 * 1024 * 1024;
/// The largest Context Pack.
const PACK_READ_MAX: usize = 16 * 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum ContractCommand {
    /// Check answers against the output contract
    ///
    /// Without --context: bytes and shape, as docs/moltbot/output-contract.v1.json says. With it: also sense, against
    /// what Moltbot was shown. Every violation of the first layer that fails is listed. Exit code 1 if one answer is
    /// rejected or unreadable. Needs no configuration and no database.
    #[command(after_help = "\
Examples:
  concierge-admin contract check answer.json
  concierge-admin contract check --context pack.json answer.json
  concierge-admin contract check --json answers/*.json
  echo '{\"type\":\"escalate\"}' | concierge-admin contract check -")]
    Check {
        /// The Context Pack that the answers answer, as JSON
        #[arg(long, value_name = "FILE")]
        context: Option<PathBuf>,
        /// Print one JSON object a line and file: {"file","accepted","violations":[{"pointer","rule","message"}]}
        #[arg(long)]
        json: bool,
        /// Answers; `-` reads standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

impl ContractCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Check { context, json, files } => {
                let pack = context.as_deref().map(read_pack).transpose()?;
                check(pack.as_ref(), json, &files, out)
            }
        }
    }
}

/// What became of one file.
#[derive(Debug, Serialize)]
struct Checked {
    file: String,
    accepted: bool,
    violations: Vec<Violation>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn check(
    pack: Option<&ContextPack>,
    json: bool,
    files: &[PathBuf],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut rejected = 0_usize;
    let mut unreadable = Vec::new();
    for file in files {
        let checked = check_file(pack, file);
        rejected += usize::from(!checked.accepted);
        if json {
            writeln!(out, "{}", serde_json::to_string(&checked)?)?;
        } else if checked.error.is_none() {
            tell(&checked, out)?;
        }
        unreadable.extend(checked.error.map(|error| format!("cannot read {}: {error}", checked.file)));
    }
    if !json && files.len() > 1 {
        writeln!(out, "{} accepted, {rejected} not", files.len() - rejected)?;
    }
    if !unreadable.is_empty() {
        return Err(Failure::refused(unreadable.join("\n")));
    }
    if rejected > 0 { Err(Failure::Shown) } else { Ok(()) }
}

fn check_file(pack: Option<&ContextPack>, file: &Path) -> Checked {
    let name = file.display().to_string();
    let bytes = match read_bounded(file, ANSWER_READ_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            let message =
                format!("expected at most {ANSWER_BYTES_MAX} bytes, got more than {ANSWER_READ_MAX}");
            let violations = vec![Violation::new("", RuleId::TooLarge, message)];
            return Checked { file: name, accepted: false, violations, error: None };
        }
        Err(error) => {
            return Checked {
                file: name,
                accepted: false,
                violations: Vec::new(),
                error: Some(error.to_string()),
            };
        }
    };
    let verdict = match pack {
        Some(pack) => validate(&bytes, pack),
        None => validate_shape(&bytes),
    };
    let violations = verdict.err().map_or_else(Vec::new, |Rejection { violations }| violations);
    Checked { file: name, accepted: violations.is_empty(), violations, error: None }
}

fn tell(checked: &Checked, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", checked.file, if checked.accepted { "accepted" } else { "rejected" })?;
    for violation in &checked.violations {
        writeln!(out, "  {violation}")?;
    }
    Ok(())
}

fn read_pack(file: &Path) -> Result<ContextPack, Failure> {
    let name = file.display();
    let bytes = read_bounded(file, PACK_READ_MAX)
        .map_err(|error| Failure::refused(format!("cannot read {name}: {error}")))?
        .ok_or_else(|| Failure::refused(format!("{name} is larger than {PACK_READ_MAX} bytes")))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::refused(format!("{name} is not a Context Pack: {error}")))
}

/// The whole file, or `None` if it has more than `max` bytes. `-` is standard input.
fn read_bounded(file: &Path, max: usize) -> io::Result<Option<Vec<u8>>> {
    let source: Box<dyn Read> =
        if file == Path::new("-") { Box::new(io::stdin().lock()) } else { Box::new(File::open(file)?) };
    let mut bytes = Vec::new();
    source.take(max as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= max).then_some(bytes))
}
