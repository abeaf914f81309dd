//! `cargo xtask docs`.

use std::process::ExitCode;

use crate::cargo::{self, Profile};

/// What is done.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if a document differs from what the code says
    #[arg(long)]
    check: bool,
}

/// The programs that write documents.
const GENERATORS: [&str; 2] = ["generate-docs", "generate-api-docs"];

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    cargo::build(Profile::Dev, &cargo::PROGRAMS)?;
    let options: Vec<String> = arguments.check.then(|| "--check".to_owned()).into_iter().collect();
    let mut ended = ExitCode::SUCCESS;
    for program in GENERATORS {
        let code = cargo::run_program(Profile::Dev, program, &options)?;
        // Every document that drifted is named, not the first generator's alone.
        if code != ExitCode::SUCCESS {
            ended = code;
        }
    }
    Ok(ended)
}
